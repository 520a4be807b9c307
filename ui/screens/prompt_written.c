/* Prompt, at the right: the texts with which the model continues the prompt. */
#include "base/mem.h"
#include "base/number.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool prompt_written_two(const struct prompt_state *s)
{
    return s->texts > 1 &&
           (s->side == PROMPT_WRITTEN || (s->side == PROMPT_WHY && s->why_text));
}

bool prompt_written_base(const struct prompt_state *s, size_t i)
{
    return s->texts > 1 && !s->two_arms && i == 0;
}

struct ask_question prompt_written_question(const struct prompt_state *s, size_t i,
                                            struct ask_subject **whom)
{
    struct ask_question q = prompt_question(&s->written_of, prompt_written_base(s, i));
    *whom = s->written_by[i];
    if (i > 0 && s->two_arms) { /* with its own edits, which stay while it is shown */
        q.edit = s->aside[s->second_arm].at;
        q.n_edits = s->aside[s->second_arm].n;
    }
    return q;
}

int32_t prompt_written_id(const struct prompt_state *s, size_t pos)
{
    const size_t n = s->written_of.n;
    return pos < n ? s->written_of.ids[pos]
           : s->written && pos - n < s->n_written[s->walked]
               ? s->written[s->walked][pos - n].id
               : -1;
}

void prompt_written_forget(struct prompt_state *s)
{
    s->texts = 0;
    prompt_row_deinit(&s->written_of);
    for (size_t i = 0; i < PROMPT_TEXTS; i++) {
        ask_subject_unref(s->written_by[i]);
        s->written_by[i] = NULL;
    }
}

/* Why the texts are not what would be written now; NULL: they are. */
static const char *why_old(const struct prompt_state *s)
{
    return !prompt_row_same_tokens(&s->written_of, &s->row)
               ? "of another prompt; " KEY_OF("write") " writes again"
           : !prompt_row_same(&s->written_of, &s->row)
               ? "written before this edit; " KEY_OF("write") " writes again"
           : s->written_step != s->subject_step
               ? "written as of an earlier step; " KEY_OF("write") " writes again"
               : NULL;
}

bool prompt_written_old(const struct prompt_state *s)
{
    return why_old(s) != NULL;
}

/* "base" and "edited", or the letters of two conditions. */
static void name_texts(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const int cond = latents_cond(a);
    for (size_t i = 0; i < PROMPT_TEXTS; i++) {
        const size_t edits = i ? s->aside[s->second_arm].n : s->row.edits.n;
        if (s->two_arms) {
            const bool apart = s->second_step != s->subject_step;
            char step[24];
            text_thousands(step, sizeof step, i ? s->second_step : s->subject_step);
            snprintf(s->text_name[i], sizeof s->text_name[i], "%c%s%s%s",
                     v->cond[i ? !cond : cond].letter, apart ? ", step " : "",
                     apart ? step : "", edits ? ", edited" : "");
        } else {
            snprintf(s->text_name[i], sizeof s->text_name[i], "%s",
                     prompt_written_base(s, i) ? PROMPT_BASE : PROMPT_EDITED);
        }
    }
}

static enum err begin_texts(struct prompt_state *s, const struct session_view *v,
                            struct errinfo *e)
{
    if (!s->written) {
        TRY(mem_new(&s->written, PROMPT_TEXTS, sizeof *s->written, "a text", e));
    }
    TRY(prompt_row_copy(&s->written_of, &s->row, e));
    ask_worker_cancel(v->asker, 1, ASK_TEXT);
    for (size_t i = 0; i < s->texts; i++) {
        struct ask_subject *whom = i > 0 && s->two_arms ? s->second : s->subject;
        s->written_by[i] = ask_subject_ref(whom);
        const struct ask_question q = prompt_written_question(s, i, &whom);
        TRY(ask_worker_write(v->asker, i, whom, &q, &s->how, &s->text_asked[i], e));
        s->n_written[i] = 0;
    }
    s->written_step = s->subject_step;
    return OK;
}

static void write_texts(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    const bool edited = prompt_is_edited(&s->row);
    struct errinfo e = {0};
    prompt_why_is_over(a);
    prompt_written_forget(s);
    s->texts = edited || both ? 2 : 1;
    s->two_arms = both;
    name_texts(a, v);
    ask_worker_pause(v->asker, true); /* until both are there: neither is ahead */
    const enum err rc = begin_texts(s, v, &e);
    ask_worker_pause(v->asker, false);
    if (rc != OK) {
        prompt_written_forget(s);
        app_say(a, true, "%s", e.msg);
        return;
    }
    s->side = PROMPT_WRITTEN;
    s->writing = true;
    s->paused = s->follows = false;
    s->written_at = 0;
    s->walked = prompt_written_base(s, 0) ? 1 : 0;
}

void prompt_write_both(struct app *a, const struct session_view *v)
{
    write_texts(a, v, true);
}

void prompt_write(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    const bool here = s->second && s->second_arm == prompt_other_arm(a, v) &&
                      s->second_step == s->subject_step;
    if (!s->subject) {
        app_say(a, false, "the model is not ready yet");
    } else if (both && !here) {
        s->both = true; /* want_subjects comes back */
        app_say(a, false, "making ready %c", v->cond[!latents_cond(a)].letter);
    } else {
        write_texts(a, v, both);
    }
}

/* Whether a text came to its end by itself: no other special token is drawn. */
static bool has_ended(const struct session_view *v, const struct prompt_state *s,
                      size_t i)
{
    const size_t n = s->n_written[i];
    return n > 0 && names_is_special(&v->names, s->written[i][n - 1].id);
}

/* Append where a text ended, and why. */
static void add_end(const struct session_view *v, const struct prompt_state *s,
                    size_t i, struct str *out)
{
    const bool ended = has_ended(v, s, i);
    const size_t n = s->n_written[i] - (ended ? 1U : 0U);
    str_addf(out, "%s %zu token%s", ended ? "end of text after" : "stopped at", n,
             plural_s(n));
}

void prompt_written_say(struct app *a, const struct session_view *v)
{
    enum { TWICE = 2 };
    const struct prompt_state *s = prompt_own(a);
    const size_t n = s->texts ? s->n_written[s->walked] : 0;
    const size_t more = n * TWICE < PROMPT_WRITES ? n * TWICE : PROMPT_WRITES;
    if (!n) {
        app_say(a, false,
                "nothing is being written: " KEY_OF("write") " lets the model write");
    } else if (has_ended(v, s, s->walked)) {
        app_say(a, false,
                "the text came to its end: " KEY_OF("move left") " " KEY_OF(
                    "move right") " step through its tokens");
    } else {
        app_say(a, false,
                "all %zu tokens are written: " KEY_OF("move left") " " KEY_OF(
                    "move right") " step through them, :write %zu writes more",
                n, more);
    }
}

/* Write one token more of the texts that did not end by themselves. A generator has no
 * room beyond what it was asked for: the text is written anew, the same up to there as
 * it is drawn with the same seed, and stays shown meanwhile. */
static void write_one_more(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    enum err rc = OK;
    if (has_ended(v, s, s->walked) || s->n_written[s->walked] >= PROMPT_WRITES) {
        prompt_written_say(a, v);
        return;
    }
    ask_worker_pause(v->asker, true); /* until both are there: neither is ahead */
    for (size_t i = 0; i < s->texts && rc == OK; i++) {
        struct ask_subject *whom = NULL;
        struct ask_gen_opts o = s->how;
        const struct ask_question q = prompt_written_question(s, i, &whom);
        o.max_tokens = s->n_written[i] + 1;
        if (!has_ended(v, s, i) && o.max_tokens <= PROMPT_WRITES) {
            rc = ask_worker_write(v->asker, i, whom, &q, &o, &s->text_asked[i], &e);
        }
    }
    ask_worker_pause(v->asker, false);
    s->paused = false;
    s->writing = s->follows = rc == OK;
    if (rc != OK) {
        app_say(a, true, "%s", e.msg);
    }
}

void prompt_written_take(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    bool busy = false;
    for (size_t i = 0; s->written && i < s->texts; i++) {
        const struct ask_state state = ask_worker_state(v->asker, i, ASK_TEXT);
        const size_t n = s->n_written[i];
        busy = busy || state.busy;
        if (state.done != s->text_asked[i]) {
            continue; /* the worker has another text */
        }
        s->n_written[i] +=
            ask_worker_written(v->asker, i, n, s->written[i] + n, PROMPT_WRITES - n);
        if (state.rc != OK && s->text_failed[i] != state.done) {
            s->text_failed[i] = state.done;
            app_say(a, true, "%s", state.error);
        }
    }
    s->writing = busy;
    if (s->follows && s->written_at + 1 < s->n_written[s->walked]) {
        s->written_at++;
        s->follows = false;
    }
}

const struct ask_written *prompt_written_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const bool texts =
        s->side == PROMPT_WRITTEN || (s->side == PROMPT_WHY && s->why_text);
    const bool shown = texts && prompt_side_focused(a) && s->written && s->texts > 0;
    return shown && s->written_at < s->n_written[s->walked]
               ? &s->written[s->walked][s->written_at]
               : NULL;
}

void prompt_walk_other(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->walked = s->texts > 1 ? 1 - s->walked : 0;
    const size_t n = s->n_written[s->walked];
    s->written_at = n && s->written_at >= n ? n - 1 : s->written_at;
}

/* ---- rows of texts ---- */

/* Two texts break their rows at the same tokens, so that these are side by side. */

static size_t longest(const struct prompt_state *s)
{
    const bool second = s->texts > 1 && s->n_written[1] > s->n_written[0];
    return s->n_written[second ? 1 : 0];
}

/* A token as shown in a row: without its space at the beginning of one. */
static const char *token_text(const struct session_view *v,
                              const struct prompt_state *s, size_t text, size_t i,
                              bool begins)
{
    const char *name = names_token(&v->names, s->written[text][i].id);
    return name + (begins && name[0] == ' ' ? 1 : 0);
}

/* The token after the row that begins with `from`, which takes as many tokens of each
 * text as fit w columns, up to a place where all begin a word if there is one. */
static size_t row_end(const struct session_view *v, const struct prompt_state *s,
                      size_t from, int w)
{
    int used[PROMPT_TEXTS] = {0};
    size_t word = from, end = from;
    for (; end < longest(s); end++) {
        bool fits = true, begins = true;
        for (size_t k = 0; k < s->texts; k++) {
            if (end < s->n_written[k]) {
                const char *text = token_text(v, s, k, end, end == from);
                used[k] += canvas_text_width(text);
                fits = fits && used[k] <= w;
                begins = begins && text[0] == ' ';
            }
        }
        word = begins ? end : word;
        if (!fits && end > from) {
            return word > from ? word : end;
        }
    }
    return end;
}

/* The row that a token is in, or the last. */
static int row_of(const struct session_view *v, const struct prompt_state *s,
                  size_t token, int w)
{
    int row = 0;
    size_t end = row_end(v, s, 0, w);
    while (end <= token && end < longest(s)) {
        end = row_end(v, s, end, w);
        row++;
    }
    return row;
}

/* Whether the other text has another token in that place. */
static bool differs(const struct prompt_state *s, size_t text, size_t i)
{
    return s->texts < 2 || i >= s->n_written[1 - text] ||
           s->written[0][i].id != s->written[1][i].id;
}

static void draw_token(const struct app *a, struct canvas *c, struct rect r,
                       const char *token, size_t text, size_t i)
{
    const struct prompt_state *s = prompt_own(a);
    const bool at = prompt_side_focused(a) && i == s->written_at;
    const bool cursor = at && text == s->walked, other = differs(s, text, i);
    canvas_text(c, r.x, r.y, r.w, token,
                cursor  ? ROLE_SELECT
                : other ? ROLE_VALUE
                        : ROLE_DIM,
                (uint8_t)(cursor ? ATTR_REVERSE
                          : at   ? ATTR_UNDERLINE
                                 : (other && s->texts > 1 ? ATTR_BOLD : 0)));
}

/* Draw text `text` in r, from row `skip` (of w columns) on. */
static void draw_text(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r, size_t text, int skip)
{
    const struct prompt_state *s = prompt_own(a);
    int row = 0;
    for (size_t i = 0; i < longest(s) && row < skip + r.h; row++) {
        const size_t from = i, end = row_end(v, s, i, r.w);
        int x = 0;
        for (; i < end && i < s->n_written[text] && row >= skip; i++) {
            const char *token = token_text(v, s, text, i, i == from);
            draw_token(a, c, (struct rect){r.x + x, r.y + row - skip, r.w - x, 1},
                       token, text, i);
            x += canvas_text_width(token);
        }
        i = end;
    }
}

/* Append a setting with as many decimals as it has, 1 to 4: "0.8", "0.95". */
static void add_setting(struct str *out, const char *name, double x)
{
    int decimals = 1;
    double by = 10;
    while (decimals < 4 && fabs(x * by - round(x * by)) > 1e-6) {
        decimals++;
        by *= 10;
    }
    str_addf(out, "%s%s %s", out->len ? ", " : "", name,
             NUMBER(NUMBER_PLAIN, 0, decimals, x));
}

/* Append how texts are sampled, besides the temperature: all of it, or what was asked
 * for. */
static void add_how(struct str *out, const struct ask_gen_opts *o, bool all)
{
    const bool cuts = o->top_p > 0 && o->top_p < 1;
    if (all || cuts) {
        add_setting(out, "top-p", cuts ? o->top_p : 1);
    }
    if (all || o->seed != GENERATE_SEED) {
        str_addf(out, "%sseed %llu", out->len ? ", " : "", (unsigned long long)o->seed);
    }
}

/* Draw the box of the texts, with how they are sampled in its title, or what does not
 * fit there in a row of its own; left out if nothing was asked for. Returns what is
 * left inside. */
static struct rect texts_box(struct app *a, struct canvas *c, struct rect r)
{
    enum { VALUE = 9 }; /* columns for " paused " */
    const struct prompt_state *s = prompt_own(a);
    struct str title, all, asked;
    str_init(&title, 160);
    str_init(&all, 160);
    str_init(&asked, 160);
    add_setting(&all, "written, temperature", s->how.temperature);
    add_setting(&title, "written, temperature", s->how.temperature);
    add_how(&all, &s->how, true);
    add_how(&asked, &s->how, false);
    const bool fits = all.len + 6 + VALUE <= (size_t)r.w;
    struct rect in = canvas_box(c, r, fits ? all.p : title.p,
                                s->paused    ? "paused"
                                : s->writing ? "..."
                                             : "",
                                prompt_side_focused(a));
    if (!fits && asked.len && in.h > 1) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, asked.p, ROLE_DIM, 0);
        in.y++;
        in.h--;
    }
    str_free(&title);
    str_free(&all);
    str_free(&asked);
    return in;
}

/* Draw that the texts are old, if they are. Returns the rows used. */
static int draw_old(struct app *a, struct canvas *c, struct rect r)
{
    const char *old = prompt_own(a)->texts ? why_old(prompt_own(a)) : NULL;
    char words[120];
    if (!old) {
        return 0;
    }
    app_words(a, old, words, sizeof words);
    return layout_least(rows_wrapped(c, r, words, strlen(words), ROLE_WARN, 0), r.h);
}

/* Append where each text ended; once if it is the same of all. */
static void add_ends(const struct session_view *v, const struct prompt_state *s,
                     struct str *out)
{
    const bool apart = s->texts > 1 && (s->n_written[0] != s->n_written[1] ||
                                        has_ended(v, s, 0) != has_ended(v, s, 1));
    for (size_t i = 0; i < (apart ? s->texts : 1); i++) {
        str_addf(out, "%s%s%s", i ? ", " : "", apart ? s->text_name[i] : "",
                 apart ? " " : "");
        add_end(v, s, i, out);
    }
}

/* Draw at the bottom where the texts ended, and if there is room how to write otherwise
 * and to close them. Returns the rows used. */
static int draw_ends(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r)
{
    const struct prompt_state *s = prompt_own(a);
    const int most = s->texts > 1 ? r.h / 5 : r.h / 3;
    struct str ends;
    char words[320], own[320];
    if (s->writing || !s->texts || !s->written || !longest(s)) {
        return 0;
    }
    str_init(&ends, 160);
    add_ends(v, s, &ends);
    const char *end = ends.p ? ends.p : "";
    snprintf(words, sizeof words,
             "%s; :write N temperature=0.8 varies, " KEY_OF("cancel") " closes", end);
    app_words(a, words, own, sizeof own);
    int rows =
        rows_wrapped(NULL, (struct rect){.w = r.w}, own, strlen(own), ROLE_DIM, 0);
    if (rows > most) {
        snprintf(own, sizeof own, "%s", end);
        rows =
            rows_wrapped(NULL, (struct rect){.w = r.w}, own, strlen(own), ROLE_DIM, 0);
    }
    rows = rows <= most ? rows : 0;
    (void)rows_wrapped(c, (struct rect){r.x, r.y + r.h - rows, r.w, rows}, own,
                       strlen(own), ROLE_DIM, 0);
    str_free(&ends);
    return rows;
}

/* Draw a text with its name. */
static void draw_named(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r, size_t i)
{
    const struct prompt_state *s = prompt_own(a);
    if (s->texts > 1) {
        const bool on = prompt_side_focused(a) && i == s->walked;
        canvas_put(c, r.x, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
        canvas_text(c, r.x + 2, r.y, r.w - 2, s->text_name[i],
                    on ? ROLE_VALUE : ROLE_DIM, 0);
        r.y++;
        r.h--;
    }
    /* Until the cursor moves, the end of the text is in sight. */
    const size_t at = prompt_side_focused(a) ? s->written_at : longest(s);
    const int row = row_of(v, s, at, r.w);
    draw_text(a, v, c, r, i, row < r.h ? 0 : row - r.h + 1);
}

void prompt_written_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r)
{
    enum { SIDE_BY_SIDE = 56, GAP = 2 };
    const struct prompt_state *s = prompt_own(a);
    const struct rect box = texts_box(a, c, r);
    const int used = draw_old(a, c, (struct rect){box.x + 1, box.y, box.w - 2, box.h});
    struct rect in = {box.x + 1, box.y + used, box.w - 2, box.h - used};
    in.h -= draw_ends(a, v, c, in);
    const bool columns = s->texts > 1 && in.w >= SIDE_BY_SIDE;
    const int w = columns ? (in.w - GAP) / 2 : in.w;
    const int h = columns || s->texts < 2 ? in.h : in.h / 2;
    for (size_t i = 0; s->written && i < s->texts && h > 0; i++) {
        const int k = (int)i;
        draw_named(a, v, c,
                   columns ? (struct rect){in.x + k * (w + GAP), in.y, w, h}
                           : (struct rect){in.x, in.y + k * h, w, h},
                   i);
    }
}

bool prompt_written_move(struct app *a, const struct session_view *v,
                         const char *direction)
{
    struct prompt_state *s = prompt_own(a);
    const bool side = strstr(direction, "left") || strstr(direction, "right");
    struct list_view text = {.count = s->n_written[s->walked], .page = PROMPT_WRITES};
    list_go(&text, s->written_at);
    if (side) {
        const bool left = strstr(direction, "left") != NULL;
        const int64_t by = strncmp(direction, "far", 3) ? 1 : 10;
        if (!left && s->paused && s->writing && v->asker &&
            s->written_at + 1 >= text.count) {
            ask_worker_step(v->asker, 1);
            s->written_at = text.count; /* where it will be */
            return true;
        }
        s->follows = false;
        if (!left && !s->writing && v->asker && text.count > 0 &&
            s->written_at + 1 >= text.count) {
            write_one_more(a, v);
            return true;
        }
        list_move(&text, left ? -by : by);
        s->written_at = text.cursor;
        return true;
    }
    if (!strcmp(direction, "first") || !strcmp(direction, "last")) {
        (void)list_by_name(&text, direction);
        s->written_at = text.cursor;
        return true;
    }
    return false; /* up and down choose a latent of the token */
}
