/* Prompt: its keys. */
#include "base/number.h"
#include "ui/actions.h"
#include "ui/screens/prompt_priv.h"
#include "ui/steer.h"

#include <stdio.h>
#include <string.h>

/* ---- why not ---- */

static const char *may_change(const struct app *a, const struct session_view *v)
{
    const char *why = may_ask(a, v);
    return why ? why
           : !prompt_own(a)->row.n
               ? "there is no text yet: " KEY_ON("prompt", "open") " begins one"
           : !v->subject || !v->asker ? "the model is not ready yet"
                                      : NULL;
}

/* Why no latent can be named: latents are those of one arm's SAE, which may be on its
 * way. */
static const char *may_name_latent(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why ? why : !prompt_own(a)->subject ? "the model is not ready yet" : NULL;
}

static const char *may_mask(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why                          ? why
           : v->subject->mask_token < 0 ? "this model has no mask token"
           : prompt_is_special(a, prompt_own(a)->at)
               ? "a special token cannot be masked"
               : NULL;
}

static const char *may_edit(const struct app *a, const struct session_view *v)
{
    const char *why = may_name_latent(a, v);
    return why ? why : prompt_latent_here(a) < 0 ? prompt_no_latent(a) : NULL;
}

static const char *may_undo_edits(const struct app *a, const struct session_view *v)
{
    (void)v;
    return prompt_own(a)->row.edits.n ? NULL : "no latent is silenced or steered";
}

/* ---- the text ---- */

static void text(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        prompt_set_text(a, v, args);
        app_go(a, v, &screen_prompt);
        return;
    }
    prompt_own(a)->begun = true;
    prompt_begin_typing(a, v);
}

/* Enter: does what the pane in focus says. */
static void type_or_open(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    screen_prompt.enter(a, v);
}

static void example(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    size_t n = 0;
    int64_t want = 0;
    while (n < VIEW_EXAMPLES && v->example[n][0]) {
        n++;
    }
    if (!n) {
        app_say(a, false, "no texts of the run yet");
        return;
    }
    if (args[0] && !(arg_integer(args, &want) && want >= 1 && want <= (int64_t)n)) {
        app_say(a, true, "example: expected 1 to %zu", n);
        return;
    }
    s->example = args[0] ? (size_t)want - 1 : s->example % n;
    prompt_set_text(a, v, v->example[s->example]);
    app_say(a, false, "example %zu of %zu: a text of the run, held out of training",
            s->example + 1, n);
    s->example++;
    s->is_example = true;
}

#define INSERT_DOT "\xc2\xb7"

static void delete_token(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    if (prompt_is_put(&s->row, s->at)) {
        app_say(a, true, "the %s puts it there",
                s->row.chat ? "chat template" : "tokenizer");
    } else if (s->row.n > 1) {
        (void)prompt_splice(a, v, s->at, 1, NULL, 0);
    }
}

/* Turn dots into spaces: a space may be typed as it is drawn in the prompt, as a
 * dot. */
static void dots_to_spaces(const char *typed, char *out, size_t cap)
{
    size_t n = 0;
    for (const char *p = typed; *p && n + 1 < cap; n++) {
        const bool dot = !strncmp(p, INSERT_DOT, strlen(INSERT_DOT));
        out[n] = dot ? ' ' : *p;
        p += dot ? strlen(INSERT_DOT) : 1;
    }
    out[n] = '\0';
}

static void insert_text(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    struct tok_ids ids = {0};
    struct errinfo e = {0};
    const size_t end = s->row.n - s->row.tail;
    const size_t at = s->at < s->row.first ? s->row.first : s->at < end ? s->at : end;
    char typed[LINE_CAP];
    dots_to_spaces(args, typed, sizeof typed);
    if (!typed[0]) {
        return;
    }
    if (tok_encode(v->subject->lm->tok, typed, strlen(typed), &ids, &e) != OK) {
        app_say(a, true, "%s", e.msg);
    } else if (ids.n > 0) {
        (void)prompt_splice(a, v, at, 0, ids.p, ids.n);
    }
    tok_ids_free(&ids);
}

static const struct prompt_def insert_prompt = {
    .sign = "insert: ",
    .history = "insert",
    .help = "text that comes before the token under the cursor; \xc2\xb7 is a space",
    .accept = insert_text,
};

static void insert(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        insert_text(a, v, args);
    } else {
        app_open_prompt(a, &insert_prompt, INSERT_DOT, "");
    }
}

/* The next word of a token's category; -1: it is in none. */
static int32_t next_of_category(const struct concept_table *t, const struct names *n,
                                int32_t token, size_t *category)
{
    for (size_t c = 0; t && c < t->n && c < n->n_concepts; c++) {
        const size_t from = t->word_start[c], to = t->word_start[c + 1];
        if (n->concept_kind[c] != CONCEPT_LEAF) {
            continue;
        }
        for (size_t i = from; i < to; i++) {
            if (t->word[i].token == token && to - from > 1) {
                *category = c;
                return t->word[i + 1 < to ? i + 1 : from].token;
            }
        }
    }
    return -1;
}

static void replace(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const struct concept_table *t = v->arm[latents_arm(a)].concepts;
    size_t category = 0;
    if (args[0]) {
        struct tok_ids ids = {0};
        struct errinfo e = {0};
        if (tok_encode(v->subject->lm->tok, args, strlen(args), &ids, &e) != OK) {
            app_say(a, true, "%s", e.msg);
        } else if (!prompt_is_put(&s->row, s->at) && ids.n > 0) {
            (void)prompt_splice(a, v, s->at, 1, ids.p, ids.n);
        }
        tok_ids_free(&ids);
        return;
    }
    const int32_t id = next_of_category(t, &v->names, s->row.ids[s->at], &category);
    if (id < 0) {
        app_say(a, false,
                t ? "not a word of a category; :replace TEXT takes any"
                  : "no categories yet: Concepts measures them; "
                    ":replace TEXT takes any");
    } else if (prompt_splice(a, v, s->at, 1, &id, 1)) {
        app_say(a, false, "another word of the category %.40s",
                v->names.concept_name[category]);
    }
}

static void mask_token(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    (void)v;
    if (prompt_keep(a)) {
        s->row.masked[s->at] ^= 1;
        prompt_edits_changed(a);
    }
}

/* ---- presets and chat ---- */

static void presets(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    prompt_presets_say(a, v);
}

static const char *may_chat(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why ? why : v->subject->chat ? NULL : v->subject->chat_why;
}

/* Make the text a user's turn in the model's chat template, or bare again. */
static void chat(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    if (!prompt_keep(a)) {
        return;
    }
    s->row.chat = !s->row.chat;
    prompt_read_box(a, v);
    if (s->row.chat) {
        app_say(a, false, "in the chat template %s; its own tokens are dim",
                v->subject->chat->name);
    } else {
        app_say(a, false, "the text alone, without a chat template");
    }
}

/* ---- why, and writing on ---- */

/* Ask why; of the same token again, close it. */
static void why(struct app *a, const struct session_view *v, const char *args)
{
    const struct prompt_state *s = prompt_own(a);
    const bool again = s->side == PROMPT_WHY && (s->why_text || s->why_at == s->at);
    if (args[0] && strcmp(args, "next") != 0 && strcmp(args, "here") != 0) {
        app_say(a, true, "why: expected next or here");
        return;
    }
    if (!args[0] && again) {
        prompt_side_back(a);
    } else {
        prompt_ask_why(a, v, args[0] == 'h');
    }
}

ACTION_WORDS(why_word, "next", "here")

/* Parse one word of "40 temperature=.8 top_p=.9 seed=1". */
static bool write_word(struct app *a, const char *word, struct ask_gen_opts *o)
{
    int64_t n = 0;
    double x = 0;
    const char *value = strchr(word, '=');
    const size_t len = value ? (size_t)(value - word) : 0;
    if (!value && arg_integer(word, &n) && n >= 1 && n <= PROMPT_WRITES) {
        o->max_tokens = (size_t)n;
    } else if (len == 11 && !memcmp(word, "temperature", len) &&
               number_real(value + 1, &x) && x >= 0 && x <= 10) {
        o->temperature = x;
    } else if (len == 5 && !memcmp(word, "top_p", len) && number_real(value + 1, &x) &&
               x >= 0 && x <= 1) {
        o->top_p = x;
    } else if (len == 4 && !memcmp(word, "seed", len) && arg_integer(value + 1, &n) &&
               n >= 0) {
        o->seed = (uint64_t)n;
    } else {
        app_say(a, true,
                "write: found %.40s, expected both, 1 to %d tokens, temperature=0..10, "
                "top_p=0..1 or seed=N",
                word, PROMPT_WRITES);
        return false;
    }
    return true;
}

static void write_on(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_gen_opts o = s->how;
    char line[LINE_CAP], *rest = NULL;
    bool both = false;
    snprintf(line, sizeof line, "%s", args);
    for (char *word = strtok_r(line, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (!strcmp(word, "both")) {
            both = true;
        } else if (!write_word(a, word, &o)) {
            return;
        }
    }
    s->how = o;
    if (both && prompt_other_arm(a, v) == latents_arm(a)) {
        app_say(a, true, "write both: there is one condition");
        return;
    }
    prompt_write(a, v, both);
    *app_focus(a, &screen_prompt) = PROMPT_NEXT_PANE;
}

static const char *may_effect(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why ? why : may_undo_edits(a, v);
}

static void effect(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    size_t rows = 0;
    if (effect_rows(a, args, &rows)) {
        effect_begin(a, v, s->row.edits.at, s->row.edits.n, rows);
        s->side = PROMPT_EFFECT;
    }
}

static const char *may_pin(const struct app *a, const struct session_view *v)
{
    const struct prompt_state *s = prompt_own(a);
    (void)v;
    return s->pinned || (s->answer && !s->changed) ? NULL : "nothing was answered yet";
}

static void pin(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    prompt_pin(a);
    s->tells = false;
    s->list = s->pinned                   ? PROMPT_CHANGED
              : s->list == PROMPT_CHANGED ? PROMPT_HERE
                                          : s->list;
    prompt_list_fill(a);
    (void)v;
    app_say(a, false, "%s",
            s->pinned ? "pinned: change the prompt and see it compared; " KEY_OF(
                            "pin") " lets it go"
                      : "no prompt is pinned any more");
}

static void pause_writing(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    if (!s->writing) {
        prompt_written_say(a, v);
        return;
    }
    s->paused = !s->paused;
    ask_worker_pause(v->asker, s->paused);
}

static const char *may_walk_other(const struct app *a, const struct session_view *v)
{
    const struct prompt_state *s = prompt_own(a);
    (void)v;
    return s->side == PROMPT_WRITTEN && s->texts > 1 ? NULL
                                                     : "no two texts are written";
}

static void walk_other(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    prompt_walk_other(a);
    *app_focus(a, &screen_prompt) = PROMPT_NEXT_PANE;
    prompt_list_fill(a);
}

ACTION_WORDS(write_words, "both", "temperature=", "top_p=", "seed=")

/* ---- what is shown ---- */

const char *const prompt_list_names[PROMPT_LISTS] = {
    [PROMPT_HERE] = "here", [PROMPT_WHOLE] = "prompt", [PROMPT_CHANGED] = "changed"};

static void list(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    int to = args[0] ? 0 : ((int)prompt_list_now(s) + 1) % PROMPT_LISTS;
    (void)v;
    while (args[0] && to < PROMPT_LISTS && strcmp(args, prompt_list_names[to]) != 0) {
        to++;
    }
    if (to == PROMPT_LISTS) {
        app_say(a, true, "list: expected here, prompt or changed");
        return;
    }
    s->list = (enum prompt_list)to;
    s->tells = false;
    prompt_list_fill(a);
}

static void heat(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    int32_t latent = -1;
    (void)v;
    if (!args[0] && s->heat >= 0 && s->heat == prompt_latent_here(a)) {
        s->heat = -1;
    } else if (prompt_latent_arg(a, args, &latent)) {
        s->heat = latent;
        app_say(
            a, false,
            "digits under the text stay with #%d; " KEY_OF("cancel") " lets them go",
            latent);
    }
}

static const char *const digit_names[PROMPT_DIGITS] = {
    [DIGITS_HEAT] = "heat", [DIGITS_SURPRISE] = "surprise", [DIGITS_KL] = "kl"};

static void digits(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    int to = args[0] ? 0 : ((int)s->digits + 1) % PROMPT_DIGITS;
    (void)v;
    while (args[0] && to < PROMPT_DIGITS && strcmp(args, digit_names[to]) != 0) {
        to++;
    }
    if (to == PROMPT_DIGITS) {
        app_say(a, true, "digits: expected heat, surprise or kl");
        return;
    }
    s->digits = (enum prompt_digits)to;
    if (s->digits == DIGITS_KL && !prompt_is_changed(s)) {
        app_say(a, false,
                "KL: how far masks and edits move what is expected next; "
                "nothing is masked or edited");
    }
}

static void dense(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)v;
    (void)args;
    s->dense_out = !s->dense_out;
    prompt_list_fill(a);
    app_say(a, false, "latents that fire on over %s %% of tokens are %s",
            NUMBER(NUMBER_PLAIN, 0, 0, 100 * PROMPT_DENSE),
            s->dense_out ? "left out" : "listed");
}

static void renew(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    prompt_own(a)->renew = true;
    app_say(a, false, "asking the SAE as of step %s", THOUSANDS(v->step));
}

/* ---- hints ---- */

static const char *type_hint(const struct app *a)
{
    const int pane = *app_focus(a, &screen_prompt);
    const bool why = pane == PROMPT_NEXT_PANE && prompt_own(a)->side == PROMPT_NEXT;
    return pane == PROMPT_TEXT_PANE ? NULL : why ? "why" : "open";
}

/* Hint at the examples until there is a text of the user's own, or something is done to
 * this one. */
static const char *example_hint(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const bool untouched = s->is_example && !prompt_is_changed(s);
    return untouched || !s->row.n ? NULL : "";
}

static const char *pause_hint(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return !s->writing ? "" : s->paused ? "go on" : NULL;
}

static const char *pin_hint(const struct app *a)
{
    return prompt_own(a)->pinned ? "unpin" : NULL;
}

static const char *mask_hint(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->at < s->row.n && s->row.masked[s->at] ? "unmask" : NULL;
}

/* The edit of the latent under the cursor; NULL: there is none. */
static const struct ask_edit *edit_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, prompt_latent_here(a));
    return i < s->row.edits.n ? &s->row.edits.at[i] : NULL;
}

static const char *silence_hint(const struct app *a)
{
    const struct ask_edit *e = edit_here(a);
    return e && e->how == ASK_ZERO ? "let speak" : NULL;
}

static const char *steer_hint(const struct app *a)
{
    const struct ask_edit *e = edit_here(a);
    return e && e->how != ASK_ZERO ? "unsteer" : NULL;
}

/* ---- the table of keys ---- */

ACTION_WORDS(digit_word, "heat", "surprise", "kl")
ACTION_WORDS(silence_word, ALL_MARKED)
ACTION_WORDS(list_word, "here", "prompt", "changed")

/* clang-format off */
#define ACTION static const struct action
ACTION action_text = {.command = "ask", .args = "[TEXT]", .run = text, .reach = REACH_NAMED, .may = may_ask};
ACTION action_type = {.command = "type", .args = "", .run = type_or_open, .hint = type_hint};
ACTION action_example = {.command = "example", .args = "[N]", .run = example, .hint = example_hint, .may = may_ask};
ACTION action_chat = {.command = "chat", .args = "", .run = chat, .may = may_chat};
ACTION action_preset = {.command = "preset", .args = "NAME|save NAME|drop NAME", .run = prompt_preset, .may = may_change, .word = prompt_preset_word};
ACTION action_presets = {.command = "presets", .args = "", .run = presets, .reach = REACH_ALL};
ACTION action_mask_token = {.command = "mask-here", .args = "", .run = mask_token, .hint = mask_hint, .may = may_mask};
ACTION action_delete = {.command = "delete-token", .args = "", .run = delete_token, .may = may_change};
ACTION action_insert = {.command = "insert", .args = "TEXT", .run = insert, .may = may_change};
ACTION action_replace = {.command = "replace", .args = "[TEXT]", .run = replace, .may = may_change};
ACTION action_silence = {.command = "silence", .args = "[N|marked]", .run = prompt_edit_silence, .hint = silence_hint, .reach = REACH_NAMED, .may = may_name_latent, .word = silence_word};
ACTION action_steer = {.command = "steer", .args = "[N=X[@POS]]", .run = prompt_edit_steer, .hint = steer_hint, .may = may_name_latent};
ACTION action_strength = {.command = "strength", .args = "X|+|-", .run = prompt_edit_strength, .may = may_edit};
ACTION action_how = {.command = "steer-how", .args = "", .run = prompt_edit_how, .may = may_edit};
ACTION action_where = {.command = "steer-where", .args = "", .run = prompt_edit_where, .may = may_edit};
ACTION action_clear_edits = {.command = "unsteer", .args = "", .run = prompt_edit_clear, .may = may_undo_edits, .hides = true};
ACTION action_why = {.command = "why", .args = "[next|here]", .run = why, .may = may_change, .word = why_word};
ACTION action_effect = {.command = "effect", .args = "[ROWS]", .run = effect, .may = may_effect, .hides = true};
ACTION action_write = {.command = "write", .args = "[both] [N] [temperature=X] [top_p=X] [seed=N]", .run = write_on, .may = may_change, .word = write_words};
ACTION action_pause_writing = {.command = "pause-writing", .args = "", .run = pause_writing, .hint = pause_hint, .may = may_change};
ACTION action_walk_other = {.command = "other-text", .args = "", .run = walk_other, .may = may_walk_other, .hides = true};
ACTION action_pin = {.command = "pin", .args = "", .run = pin, .hint = pin_hint, .may = may_pin};
ACTION action_list = {.command = "list", .args = "[here|prompt|changed]", .run = list, .word = list_word};
ACTION action_digits = {.command = "hold", .args = "[N]", .run = heat, .may = may_name_latent};
ACTION action_what_digits = {.command = "digits", .args = "[heat|surprise|kl]", .run = digits, .word = digit_word};
ACTION action_dense = {.command = "dense", .args = "", .run = dense};
ACTION action_renew = {.command = "renew", .args = "", .run = renew, .may = may_ask};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{KEY_ENTER_}, &action_type, "", "type", "type in the text; in a list open the latent, or explain the token", 1},
    {{'m'}, &action_mask_token, "", "mask", "mask the token under the cursor, or show it again", 1},
    {{'a'}, &action_silence, "", "silence", "silence the latent under the cursor, or let it speak again", 2},
    {{'t'}, &action_steer, "", "steer", "steer the latent under the cursor: add half of its greatest activation (N=0.5x); or take that back", 3},
    {{'+', '='}, &action_strength, "+", "strength", "stronger by a tenth of its greatest activation", 4},
    {{'-'}, &action_strength, "-", NULL, "weaker by a tenth, down to below 0", 0},
    {{'T'}, &action_how, "", NULL, "steer by adding, by a factor, or clamp", 0},
    {{'@'}, &action_where, "", NULL, "where: throughout, from the cursor on, or at it alone", 0},
    {{'A'}, &action_clear_edits, "", "take back", "take back all that is silenced or steered", 5},
    {{'E'}, &action_effect, "", "effect", "what is silenced or steered does to held-out text: loss with its interval, tokens, next tokens", 4},
    {{'w'}, &action_write, "", "write", "let the model write on; with masks or edits two texts: base, without them, and edited", 7},
    {{' '}, &action_pause_writing, "", "pause", "pause writing (" KEY_OF("move right") ": a token more), or go on", 1},
    {{'o'}, &action_walk_other, "", "other text", "of two texts that are written walk the other", 2},
    {{'W'}, &action_why, "", "why", "which latents made the chosen next token likely; again closes it; :why here: this token", 7},
    {{'f'}, &action_list, "", "list", "latents of the token, of the whole prompt, or what changed", 6},
    {{'|'}, &action_pin, "", "pin", "pin the prompt: type another, a second, to compare the two prompts side by side; again: unpin", 9},
    {{'D'}, &action_what_digits, "", NULL, "digits under the text: of the latent, of each token's surprise, of KL by masks and edits", 0},
    {{'H'}, &action_digits, "", NULL, "keep the digits under the text at this latent", 0},
    {{'x', KEY_DEL}, &action_delete, "", "delete", "delete the token under the cursor", 8},
    {{'i'}, &action_insert, "", "insert", "insert text before the cursor", 9},
    {{'r'}, &action_replace, "", "replace", "another word of the same category in its place", 7},
    {{'P'}, &action_example, "", "example", "the next text of the run, held out of training", 6},
    {{'d'}, &action_dense, "", NULL, "leave out latents that fire on over a tenth of all tokens", 0},
    {{'R'}, &action_renew, "", NULL, "ask the SAE as of this step; a new text does so itself if it lags by over 5 % of the steps", 0},
    {{'v'}, &action_latents_arm, "", "arm A/B", "the same text, in condition A or B", 11},
    {{0}, &action_chat, "", NULL, "the text as a user's turn in the chat template of an instruct model, or alone again", 0},
    {{0}, &action_preset, "", NULL, "silence and steer as was saved under a name; save keeps what stands, with the run", 0},
    {{0}, &action_presets, "", NULL, "the names that were saved, and what each does", 0},
    {{0}, &action_text, "", NULL, "ask about a text; Enter in the text does, too", 0},
};
/* clang-format on */

const struct key_list prompt_keys = {keys, sizeof keys / sizeof keys[0]};
