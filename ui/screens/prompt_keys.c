/* Prompt: its keys. */
#include "base/number.h"
#include "ui/actions.h"
#include "ui/screens/prompt_priv.h"
#include "ui/steer.h"

#include <stdio.h>
#include <string.h>

/* ---- why not ---- */

#define PROMPT_NO_LATENT                                                               \
    "no latent is listed here; " KEY_OF("move down") " " KEY_OF("move up") " choose one"

static const char *may_change(const struct app *a, const struct session_view *v)
{
    const char *why = may_ask(a, v);
    return why ? why
           : !prompt_own(a)->row.n
               ? "there is no text yet: " KEY_ON("prompt", "open") " begins one"
           : !v->subject || !v->asker ? "the model is not ready yet"
                                      : NULL;
}

/* Latents are those of one arm's SAE, which may be on its way. */
static const char *may_name_latent(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why ? why : !prompt_own(a)->subject ? "the model is not ready yet" : NULL;
}

static bool is_special(const struct app *a, size_t pos)
{
    const struct prompt_state *s = prompt_own(a);
    return s->subject && acts_is_special(s->subject->lm->tok, s->row.ids[pos]);
}

static const char *may_mask(const struct app *a, const struct session_view *v)
{
    const char *why = may_change(a, v);
    return why                                ? why
           : v->subject->mask_token < 0       ? "this model has no mask token"
           : is_special(a, prompt_own(a)->at) ? "a special token cannot be masked"
                                              : NULL;
}

static const char *may_edit(const struct app *a, const struct session_view *v)
{
    const char *why = may_name_latent(a, v);
    return why ? why : prompt_latent_here(a) < 0 ? PROMPT_NO_LATENT : NULL;
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
    prompt_begin_typing(a);
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
    app_say(a, false, "text %zu of %zu of the run, held out of training",
            s->example + 1, n);
    s->example++;
}

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

static void insert_text(struct app *a, const struct session_view *v, const char *typed)
{
    struct prompt_state *s = prompt_own(a);
    struct tok_ids ids = {0};
    struct errinfo e = {0};
    const size_t end = s->row.n - s->row.tail;
    const size_t at = s->at < s->row.first ? s->row.first : s->at < end ? s->at : end;
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
    .help = "text that comes before the token under the cursor; a space before a word",
    .accept = insert_text,
};

static void insert(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        insert_text(a, v, args);
    } else {
        app_open_prompt(a, &insert_prompt, " ", "");
    }
}

/* The word of its category that comes after a token's, -1: it is in none. */
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

/* ---- edits ---- */

static void remove_edit(struct prompt_edits *e, size_t i)
{
    e->n--;
    memmove(&e->at[i], &e->at[i + 1], (e->n - i) * sizeof e->at[0]);
}

/* Put an edit there, in place of the latent's own; undo brings back what was. */
static void set_edit(struct app *a, const struct ask_edit *e)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, e->latent);
    if (i == PROMPT_EDITS) {
        app_say(a, true,
                "at most %d latents are edited at a time; " KEY_OF(
                    "unsteer") " takes them back",
                PROMPT_EDITS);
        return;
    }
    if (prompt_keep(a)) {
        s->row.edits.at[i] = *e;
        s->row.edits.n += i == s->row.edits.n ? 1U : 0U;
        prompt_edits_changed(a);
    }
}

static void take_back(struct app *a, size_t i)
{
    if (prompt_keep(a)) {
        remove_edit(&prompt_own(a)->row.edits, i);
        prompt_edits_changed(a);
    }
}

/* Turn an edit of a kind on, or off where it stands. */
static void turn(struct app *a, int32_t latent, enum ask_how how, double value)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, latent);
    if (i < s->row.edits.n &&
        (s->row.edits.at[i].how == ASK_ZERO) == (how == ASK_ZERO)) {
        take_back(a, i);
    } else {
        set_edit(a, &(struct ask_edit){.latent = latent, .how = how, .value = value});
    }
}

static bool latent_arg(struct app *a, const char *args, int32_t *out)
{
    const size_t F = prompt_own(a)->subject->sae->F;
    int64_t n = 0;
    *out = prompt_latent_here(a);
    if (args[0] &&
        !(arg_integer(args + (args[0] == '#'), &n) && n >= 0 && n < (int64_t)F)) {
        app_say(a, true, "expected a latent, 0 to %zu", F - 1);
        return false;
    }
    *out = args[0] ? (int32_t)n : *out;
    if (*out < 0) {
        app_say(a, false, PROMPT_NO_LATENT);
    }
    return *out >= 0;
}

static void silence(struct app *a, const struct session_view *v, const char *args)
{
    int32_t latent = -1;
    (void)v;
    if (!strcmp(args, ALL_MARKED)) {
        prompt_silence_marked(a);
    } else if (latent_arg(a, args, &latent)) {
        turn(a, latent, ASK_ZERO, 0);
    }
}

void prompt_silence(struct app *a, int32_t latent)
{
    prompt_turn(a);
    const bool was = prompt_is_silenced(a, latent);
    turn(a, latent, ASK_ZERO, 0);
    const bool is = prompt_is_silenced(a, latent);
    if (is != was) { /* else why not was said */
        app_say(a, false, is ? "#%d is silenced in Prompt" : "#%d is not silenced",
                latent);
    }
}

/* Those of the arm that is shown, also before Prompt has turned to it. */
static const struct prompt_edits *edits_shown(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->row.arm == latents_arm(a) ? &s->row.edits : &s->aside[latents_arm(a)];
}

size_t prompt_silenced(const struct app *a, int32_t *out, size_t cap)
{
    const struct prompt_edits *e = edits_shown(a);
    size_t n = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (e->at[i].how == ASK_ZERO) {
            if (n < cap) {
                out[n] = e->at[i].latent;
            }
            n++;
        }
    }
    return n;
}

bool prompt_is_silenced(const struct app *a, int32_t latent)
{
    int32_t all[PROMPT_EDITS];
    const size_t n = prompt_silenced(a, all, PROMPT_EDITS);
    size_t i = 0;
    while (i < n && all[i] != latent) {
        i++;
    }
    return i < n;
}

/* The edits of other latents than these [n]. */
static void edits_but(const struct prompt_edits *e, const int32_t *latent, size_t n,
                      struct prompt_edits *out)
{
    out->n = 0;
    for (size_t i = 0; i < e->n; i++) {
        size_t k = 0;
        while (k < n && latent[k] != e->at[i].latent) {
            k++;
        }
        if (k == n) {
            out->at[out->n++] = e->at[i];
        }
    }
}

void prompt_silence_marked(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    int32_t marked[PROMPT_EDITS];
    struct prompt_edits then;
    const size_t n = latents_marked(a, marked, PROMPT_EDITS);
    const size_t fit = n < PROMPT_EDITS ? n : PROMPT_EDITS;
    bool silent = false; /* that is what they become */
    prompt_turn(a);
    edits_but(&s->row.edits, marked, fit, &then);
    for (size_t i = 0; i < fit; i++) {
        silent = silent || !prompt_is_silenced(a, marked[i]);
    }
    if (n == 0) {
        app_say(a, false,
                "no latent is marked; " KEY_ON("latents", "mark") " marks one");
        return;
    }
    if (n > fit || (silent && then.n + n > PROMPT_EDITS)) {
        app_say(a, true,
                "%zu latents are marked, %zu others are edited: at most %d can be at a "
                "time",
                n, then.n, PROMPT_EDITS);
        return;
    }
    for (size_t i = 0; silent && i < n; i++) {
        then.at[then.n++] = (struct ask_edit){.latent = marked[i], .how = ASK_ZERO};
    }
    if (prompt_keep(a)) {
        s->row.edits = then;
        prompt_edits_changed(a);
        app_say(a, false,
                silent ? "the marked latents are silenced in Prompt: %zu"
                       : "the marked latents are not silenced: %zu",
                n);
    }
}

bool prompt_edit_refused(struct app *a, const struct ask_edit *e)
{
    const struct prompt_state *s = prompt_own(a);
    const size_t F = s->subject->sae->F;
    if (e->latent < 0 || (size_t)e->latent >= F) {
        app_say(a, true, "latent: found %d, expected 0 to %zu", e->latent, F - 1);
        return true;
    }
    if (e->where != ASK_ALL && e->pos >= s->row.n) {
        app_say(a, true, "position: found %zu, expected 0 to %zu", e->pos,
                s->row.n - 1);
        return true;
    }
    if (e->where == ASK_AT && is_special(a, e->pos)) {
        app_say(a, true,
                "position %zu holds a special token: the SAE does not read it, no "
                "latent can be changed there",
                e->pos);
        return true;
    }
    return false;
}

/* Without an argument the latent under the cursor, by half of its greatest activation;
 * or an edit as `saetop ask` takes it. */
static void steer(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_edit e = {0};
    struct errinfo err = {0};
    int32_t latent = -1;
    (void)v;
    if (!args[0]) {
        if (latent_arg(a, args, &latent)) {
            turn(a, latent, ASK_ADD, prompt_full(s, latent) / 2);
        }
    } else if (ask_edit_parse(args, &e, &err) != OK) {
        app_say(a, true, "%s", err.msg);
    } else if (prompt_edit_refused(a, &e)) {
        return;
    } else {
        set_edit(a, &e);
    }
}

static void strength(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_latent_here(a);
    const size_t i = prompt_edit_of(s, latent);
    struct ask_edit e = {.latent = latent, .how = ASK_ADD};
    double x = 0;
    (void)v;
    if (i < s->row.edits.n) {
        e = s->row.edits.at[i];
    }
    const double unit = e.how == ASK_SCALE ? 1 : prompt_full(s, latent);
    if (e.how == ASK_ZERO) {
        app_say(a, false,
                "it is silenced; " KEY_OF("silence") " takes that back, " KEY_OF(
                    "steer") " steers");
        return;
    }
    if (!strcmp(args, "+") || !strcmp(args, "-")) {
        e.value += (args[0] == '+' ? .1 : -.1) * unit;
    } else if (number_real(args, &x)) {
        e.value = x;
    } else {
        app_say(a, true, "strength: expected a number, + or -");
        return;
    }
    set_edit(a, &e);
}

/* Add, times, clamp, in turn; and where: throughout, from the cursor on, at it. */
static void how(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_latent_here(a);
    const size_t i = prompt_edit_of(s, latent);
    static const enum ask_how next[] = {[ASK_ADD] = ASK_SCALE,
                                        [ASK_SCALE] = ASK_CLAMP,
                                        [ASK_CLAMP] = ASK_ADD,
                                        [ASK_ZERO] = ASK_ADD};
    (void)v;
    (void)args;
    if (i >= s->row.edits.n) {
        app_say(a, false,
                "not steered: " KEY_OF("steer") " steers the latent under the cursor");
        return;
    }
    struct ask_edit e = s->row.edits.at[i];
    e.how = next[e.how];
    e.value =
        e.how == ASK_SCALE ? 2 : prompt_full(s, latent) / (e.how == ASK_ADD ? 2 : 1);
    set_edit(a, &e);
}

static void where(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    const size_t i = prompt_edit_of(s, prompt_latent_here(a));
    static const enum ask_where next[] = {
        [ASK_ALL] = ASK_FROM, [ASK_FROM] = ASK_AT, [ASK_AT] = ASK_ALL};
    (void)v;
    (void)args;
    if (i >= s->row.edits.n) {
        app_say(a, false,
                "neither silenced nor steered: " KEY_OF("silence") " or " KEY_OF(
                    "steer") " does");
        return;
    }
    struct ask_edit e = s->row.edits.at[i];
    e.where = next[e.where];
    e.pos = s->at;
    if (e.where == ASK_AT && is_special(a, s->at)) {
        e.where = ASK_ALL;
    }
    set_edit(a, &e);
}

static void clear_edits(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)v;
    (void)args;
    if (prompt_keep(a)) {
        s->row.edits.n = 0;
        prompt_edits_changed(a);
    }
}

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

/* The text as a turn of a user in the model's chat template, or bare again. */
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

static void why(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    prompt_ask_why(a, v);
}

/* One word of "40 temperature=.8 top_p=.9 seed=1". */
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

static const char *may_pause(const struct app *a, const struct session_view *v)
{
    return prompt_own(a)->writing && v->asker ? NULL : "nothing is being written";
}

static void pause_writing(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    (void)args;
    s->paused = !s->paused;
    ask_worker_pause(v->asker, s->paused);
}

ACTION_WORDS(write_words, "both", "temperature=", "top_p=", "seed=")

/* ---- what is shown ---- */

static const char *const lists[PROMPT_LISTS] = {
    [PROMPT_HERE] = "here", [PROMPT_WHOLE] = "prompt", [PROMPT_CHANGED] = "changed"};

static void list(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    int to = args[0] ? 0 : ((int)s->list + 1) % PROMPT_LISTS;
    (void)v;
    while (args[0] && to < PROMPT_LISTS && strcmp(args, lists[to]) != 0) {
        to++;
    }
    if (to == PROMPT_LISTS) {
        app_say(a, true, "list: expected here, prompt or changed");
        return;
    }
    s->list = (enum prompt_list)to;
    prompt_list_fill(a);
}

static void heat(struct app *a, const struct session_view *v, const char *args)
{
    struct prompt_state *s = prompt_own(a);
    int32_t latent = -1;
    (void)v;
    if (!args[0] && s->heat >= 0 && s->heat == prompt_latent_here(a)) {
        s->heat = -1;
    } else if (latent_arg(a, args, &latent)) {
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
    (void)v;
    prompt_own(a)->renew = true;
}

/* ---- the table of keys ---- */

ACTION_WORDS(digit_word, "heat", "surprise", "kl")
ACTION_WORDS(silence_word, ALL_MARKED)
ACTION_WORDS(list_word, "here", "prompt", "changed")

/* clang-format off */
#define ACTION static const struct action
ACTION action_text = {.command = "ask", .args = "[TEXT]", .run = text, .reach = REACH_NAMED, .may = may_ask};
ACTION action_example = {.command = "example", .args = "[N]", .run = example, .may = may_ask};
ACTION action_chat = {.command = "chat", .args = "", .run = chat, .may = may_chat};
ACTION action_preset = {.command = "preset", .args = "NAME|save NAME|drop NAME", .run = prompt_preset, .may = may_change, .word = prompt_preset_word};
ACTION action_presets = {.command = "presets", .args = "", .run = presets, .reach = REACH_ALL};
ACTION action_mask_token = {.command = "mask-here", .args = "", .run = mask_token, .may = may_mask};
ACTION action_delete = {.command = "delete-token", .args = "", .run = delete_token, .may = may_change};
ACTION action_insert = {.command = "insert", .args = "TEXT", .run = insert, .may = may_change};
ACTION action_replace = {.command = "replace", .args = "[TEXT]", .run = replace, .may = may_change};
ACTION action_silence = {.command = "silence", .args = "[N|marked]", .run = silence, .reach = REACH_NAMED, .may = may_name_latent, .word = silence_word};
ACTION action_steer = {.command = "steer", .args = "[N=X[@POS]]", .run = steer, .may = may_name_latent};
ACTION action_strength = {.command = "strength", .args = "X|+|-", .run = strength, .may = may_edit};
ACTION action_how = {.command = "steer-how", .args = "", .run = how, .may = may_edit};
ACTION action_where = {.command = "steer-where", .args = "", .run = where, .may = may_edit};
ACTION action_clear_edits = {.command = "unsteer", .args = "", .run = clear_edits, .may = may_undo_edits, .hides = true};
ACTION action_why = {.command = "why", .args = "", .run = why, .may = may_change};
ACTION action_effect = {.command = "effect", .args = "[ROWS]", .run = effect, .may = may_effect, .hides = true};
ACTION action_write = {.command = "write", .args = "[both] [N] [temperature=X] [top_p=X] [seed=N]", .run = write_on, .may = may_change, .word = write_words};
ACTION action_pause_writing = {.command = "pause-writing", .args = "", .run = pause_writing, .may = may_pause, .hides = true};
ACTION action_pin = {.command = "pin", .args = "", .run = pin, .may = may_pin};
ACTION action_list = {.command = "list", .args = "[here|prompt|changed]", .run = list, .word = list_word};
ACTION action_digits = {.command = "hold", .args = "[N]", .run = heat, .may = may_name_latent};
ACTION action_what_digits = {.command = "digits", .args = "[heat|surprise|kl]", .run = digits, .word = digit_word};
ACTION action_dense = {.command = "dense", .args = "", .run = dense};
ACTION action_renew = {.command = "renew", .args = "", .run = renew, .may = may_ask};
#undef ACTION

/* In the order in which help shows them. */
static const struct key_entry keys[] = {
    {{'m'}, &action_mask_token, "", "mask", "mask the token under the cursor, or show it again", 1},
    {{'a'}, &action_silence, "", "silence", "silence the latent under the cursor, or let it speak again", 2},
    {{'t'}, &action_steer, "", "steer", "steer the latent under the cursor: add half of its greatest activation; or take that back", 3},
    {{'+', '='}, &action_strength, "+", "strength", "stronger by a tenth of its greatest activation", 4},
    {{'-'}, &action_strength, "-", NULL, "weaker by a tenth, down to below 0", 0},
    {{'T'}, &action_how, "", NULL, "steer by adding, by a factor, or clamp", 0},
    {{'@'}, &action_where, "", NULL, "where: throughout, from the cursor on, or at it alone", 0},
    {{'A'}, &action_clear_edits, "", "take back", "take back all that is silenced or steered", 5},
    {{'E'}, &action_effect, "", "effect", "what is silenced or steered does to held-out text: loss with its interval, tokens, next tokens", 4},
    {{'w'}, &action_write, "", "write", "let the model write on; with masks and edits a second text goes on without them", 7},
    {{' '}, &action_pause_writing, "", "pause", "pause writing (" KEY_OF("move right") ": a token more), or go on", 1},
    {{'W'}, &action_why, "", "why", "which latents made the chosen token likely: contributions, and what silencing really does", 7},
    {{'f'}, &action_list, "", "list", "latents of the token, of the whole prompt, or what changed", 6},
    {{'|'}, &action_pin, "", "pin", "pin the prompt: what changes is compared with it, until it is let go", 9},
    {{'D'}, &action_what_digits, "", NULL, "digits under the text: of the latent, of each token's surprise, of KL by masks and edits", 0},
    {{'H'}, &action_digits, "", NULL, "keep the digits under the text at this latent", 0},
    {{'x', KEY_DEL}, &action_delete, "", "delete", "delete the token under the cursor", 8},
    {{'i'}, &action_insert, "", "insert", "insert text before the cursor", 9},
    {{'r'}, &action_replace, "", "replace", "another word of the same category in its place", 7},
    {{'P'}, &action_example, "", "example", "the next text of the run, held out of training", 10},
    {{'d'}, &action_dense, "", NULL, "leave out latents that fire on over a tenth of all tokens", 0},
    {{'R'}, &action_renew, "", NULL, "ask the SAE as of this step", 0},
    {{'v'}, &action_latents_arm, "", "arm A/B", "the same text, in condition A or B", 11},
    {{0}, &action_chat, "", NULL, "the text as a user's turn in the chat template of an instruct model, or alone again", 0},
    {{0}, &action_preset, "", NULL, "silence and steer as was saved under a name; save keeps what stands, with the run", 0},
    {{0}, &action_presets, "", NULL, "the names that were saved, and what each does", 0},
    {{0}, &action_text, "", NULL, "ask about a text; Enter in the text does, too", 0},
};
/* clang-format on */

const struct key_list prompt_keys = {keys, sizeof keys / sizeof keys[0]};
