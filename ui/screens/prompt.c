/* Prompt: the user's own text. What fires on each token, what the model expects, and
 * what masks and silenced and steered latents do to both. */
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct prompt_state *prompt_own(const struct app *a)
{
    return app_state(a, &screen_prompt);
}

static void init(void *state)
{
    struct prompt_state *s = state;
    textbox_begin(&s->box, NULL); /* its history: in sync */
    s->typed_from = -1;
    s->want = SIZE_MAX;
    s->heat = s->choose = -1;
    s->how = (struct ask_gen_opts){.max_tokens = 40,
                                   .seed = GENERATE_SEED,
                                   .top = ASK_WRITTEN_TOP,
                                   .latents = ASK_WRITTEN_TOP};
}

static void deinit(void *state)
{
    prompt_free(state);
}

/* ---- where things are ---- */

struct panes {
    struct rect text, latents, next;
};

/* Lay out the panes: two texts are side by side at the right, if there is room; a why
 * has sentences below its list. */
static struct panes panes_of(const struct prompt_state *s, struct rect b, bool wide)
{
    struct panes p;
    const bool two = prompt_written_two(s), why = s->side == PROMPT_WHY;
    const int top = layout_least(wide ? b.h * 2 / 5 : why ? 6 : 9, b.h);
    const int next = 32, narrow = why ? b.w / 2 : next;
    const int least = s->side == PROMPT_NEXT ? next : 40;
    const int right =
        wide && two ? b.w * 3 / 5
                    : layout_least(wide ? least + (b.w - 120) / 4 : narrow, b.w / 2);
    p.text = layout_box(b.x, b.y, b.w, top);
    p.latents = layout_box(b.x, b.y + top, b.w - right, b.h - top);
    p.next = layout_box(b.x + b.w - right, b.y + top, right, b.h - top);
    return p;
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct panes p = panes_of(prompt_own(a), body, wide);
    prompt_text_draw(a, v, c, p.text);
    prompt_latents_draw(a, v, c, p.latents);
    prompt_side_draw(a, v, c, p.next);
}

/* The text stays in sight. */
static struct rect card(const struct app *a, struct rect body, bool wide)
{
    const struct panes p = panes_of(prompt_own(a), body, wide);
    return layout_box(body.x, p.latents.y, body.w, p.latents.h);
}

/* ---- events ---- */

/* Texts typed before, in an earlier run too. */
static struct line_history *history(struct app *a)
{
    return app_history(a, "prompt text");
}

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    prompt_own(a)->box.history = history(a);
    struct prompt_state *s = prompt_own(a);
    const bool was = s->in_sight;
    s->in_sight = shown && a->screen == &screen_prompt;
    prompt_presets_follow(a, v);
    if (s->in_sight && !was && s->side == PROMPT_NEXT) {
        prompt_freshen(a, v);
    }
    if (s->in_sight) { /* the finder asks the model nothing */
        prompt_ask(a, v);
        prompt_list_fill(a);
    }
}

static bool type(struct app *a, const struct session_view *v, uint32_t key)
{
    struct prompt_state *s = prompt_own(a);
    if (!s->typing) {
        return false;
    }
    switch (textbox_key(&s->box, key)) {
    case LINE_CANCEL:
        if (!s->is_example) { /* it stays the prompt */
            line_history_add(history(a), s->box.text);
        }
        prompt_end_typing(a);
        break;
    case LINE_ACCEPT: prompt_end_typing(a); break;
    case LINE_CHANGED:
        s->is_example = false;
        prompt_read_box(a, v);
        break;
    case LINE_IGNORED:
    case LINE_MOVED: break;
    }
    return true;
}

static const char *typing(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return !s->typing        ? NULL
           : s->box.replaces ? "typing replaces the example  Left or End edits it  "
                               "Enter or Esc: tokens"
                             : "Enter or Esc: tokens  Ctrl-O new line  Ctrl-X clears  "
                               "Up the texts before";
}

static bool paste(struct app *a, const struct session_view *v, const char *bytes,
                  size_t n, bool cut)
{
    struct prompt_state *s = prompt_own(a);
    bool whole = true;
    if (!s->typing) {
        prompt_begin_typing(a, v);
    }
    if (textbox_paste(&s->box, bytes, n, &whole) == LINE_CHANGED) {
        s->is_example = false;
        prompt_read_box(a, v);
    }
    if (!whole || cut) {
        app_say(a, true, "the end of what was pasted had no room");
    }
    return true;
}

/* Whether the model is still asked about what stands. */
static bool waits(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->subject && s->row.n > 0 && !s->error[0] &&
           (s->due || s->shown != s->ticket);
}

/* ---- what `bench ui` types ---- */

/* Type the run's example texts in turn, cut to 64 tokens. */
static bool begin_to_type(struct app *a, const struct session_view *v, bool middle)
{
    enum { TOKENS = 64 };
    struct prompt_state *s = prompt_own(a);
    struct str text;
    if (!v->subject || !s->subject || !v->example[0][0]) {
        return false;
    }
    str_init(&text, TEXTBOX_CAP - 1);
    prompt_set_text(a, v, "");
    for (size_t i = 0; i < TOKENS && s->row.n < TOKENS; i++) {
        const char *example = v->example[i % VIEW_EXAMPLES];
        str_addf(&text, "%s%s", i && example[0] ? " " : "", example);
        prompt_set_text(a, v, text.p);
    }
    str_free(&text);
    if (s->row.n > TOKENS) {
        (void)prompt_splice(a, v, TOKENS, s->row.n - TOKENS, NULL, 0);
    }
    prompt_begin_typing(a, v);
    if (middle) {
        s->box.cursor = text_before(s->box.text, s->box.len / 2);
    }
    return true;
}

static const struct screen_typing types = {begin_to_type, " cat\x7f\x7f\x7f\x7f"};

/* Take the text to begin with, which Up recalls. */
static void take_text(struct app *a, const char *bytes, size_t n)
{
    struct prompt_state *s = prompt_own(a);
    bool whole = true;
    (void)textbox_paste(&s->box, bytes, n, &whole);
    line_history_add(history(a), s->box.text);
    s->begun = true;
    if (!whole) {
        app_say(a, true,
                "standard input: a prompt here holds %d bytes, the rest is cut",
                TEXTBOX_CAP - 1);
    } else if (s->box.len != n || memcmp(s->box.text, bytes, n) != 0) {
        app_say(
            a, true,
            "standard input: control characters and what is not UTF-8 are left out, "
            "a tab is a space");
    }
}

static bool cancel(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    (void)v;
    if (s->heat >= 0) {
        s->heat = -1;
        return true;
    }
    if (s->side == PROMPT_EFFECT && effect_cancel(a, v)) {
        return true;
    }
    if (s->side != PROMPT_NEXT) {
        if (s->side == PROMPT_WRITTEN) { /* writing had taken the focus there */
            *app_focus(a, &screen_prompt) = PROMPT_TEXT_PANE;
        }
        prompt_side_back(a);
    } else if (*app_focus(a, &screen_prompt) != PROMPT_TEXT_PANE) {
        *app_focus(a, &screen_prompt) = PROMPT_TEXT_PANE;
    } else if (s->sent) {
        return false;
    } else { /* what is typed after one Esc too many must not act as keys */
        app_say(a, false,
                KEY_OF("type") " types on in the text; " KEY_OF("back") " goes back "
                                                                        "to %s",
                app_up(a)->title);
    }
    return true;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct prompt_state *s = prompt_own(a);
    if (*app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE &&
        prompt_side_move(a, v, direction)) {
        prompt_list_fill(a);
        return;
    }
    struct list_view cells = {.count = s->row.n, .page = (int)s->row.n};
    list_go(&cells, s->at);
    const bool side = strstr(direction, "left") || strstr(direction, "right");
    const bool text = *app_focus(a, &screen_prompt) == PROMPT_TEXT_PANE;
    if (side) {
        const int64_t by = strncmp(direction, "far", 3) ? 1 : 10;
        list_move(&cells, strstr(direction, "left") ? -by : by);
    } else if (!strcmp(direction, "first") && text) {
        list_home(&cells);
    } else if (!strcmp(direction, "last") && text) {
        list_end(&cells);
    } else {
        (void)list_by_name(&s->rows, direction);
    }
    s->at = cells.cursor;
    prompt_list_fill(a);
}

static void enter(struct app *a, const struct session_view *v)
{
    const int pane = *app_focus(a, &screen_prompt);
    const bool next = prompt_own(a)->side == PROMPT_NEXT;
    if (pane == PROMPT_NEXT_PANE && prompt_own(a)->side == PROMPT_EFFECT) {
        effect_open(a, v, &screen_prompt);
        return;
    }
    if (pane == PROMPT_LATENTS_PANE || (pane == PROMPT_NEXT_PANE && !next)) {
        char line[32];
        snprintf(line, sizeof line, "latent %d", prompt_latent_here(a));
        if (prompt_latent_here(a) >= 0) {
            app_run(a, v, line);
            app_come_back(a, &screen_prompt);
        } else if (prompt_lists_other(a)) {
            app_say(a, false, "%s", prompt_no_latent(a));
        }
        return;
    }
    if (pane == PROMPT_NEXT_PANE) {
        prompt_ask_why(a, v, false);
        return;
    }
    prompt_own(a)->begun = true;
    prompt_begin_typing(a, v);
}

static void slide(struct app *a, const struct hit *hit, int x)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_edit *e =
        (size_t)hit->a < s->row.edits.n ? &s->row.edits.at[hit->a] : NULL;
    if (!e || hit->r.w < 2) {
        return;
    }
    const double share = (double)(x - hit->r.x) / (hit->r.w - 1);
    const double unit = e->how == ASK_SCALE ? 1 : prompt_full(s, e->latent);
    e->value = ((share < 0 ? 0 : share > 1 ? 1 : share) * 3 - 1) * unit;
    prompt_edits_changed(a);
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct prompt_state *s = prompt_own(a);
    int *pane = app_focus(a, &screen_prompt);
    const bool press = ev->mouse == MOUSE_PRESS;
    if (hit->kind == HIT_CELL && press) {
        s->at = (size_t)hit->a < s->row.n ? (size_t)hit->a : s->at;
        *pane = PROMPT_TEXT_PANE;
    } else if (hit->kind == HIT_LATENT_ROW && press) {
        const bool here = *pane == PROMPT_LATENTS_PANE;
        const size_t was = s->rows.cursor;
        *pane = PROMPT_LATENTS_PANE;
        if (list_click(&s->rows, hit->a) && here && s->rows.cursor == was) {
            enter(a, v);
            return;
        }
    } else if (hit->kind == HIT_STRENGTH && press && prompt_keep(a)) {
        slide(a, hit, ev->x);
    } else if (hit->kind == HIT_STRENGTH && ev->mouse == MOUSE_RELEASE &&
               app_pressed_on(a, hit)) {
        slide(a, hit, ev->x);
    } else if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        const bool next = hit->kind == HIT_PANE && hit->a == PROMPT_NEXT_PANE;
        list_wheel(next ? &s->next : &s->rows, ev->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    }
    prompt_list_fill(a);
}

/* "A as of step 1,157, now 2,000: R renews": renewing goes on with the run. */
static size_t say_step(const struct app *a, const struct session_view *v, char *out,
                       size_t cap)
{
    const struct prompt_state *s = prompt_own(a);
    char step[32], now[32];
    text_thousands(step, sizeof step, s->subject_step);
    text_thousands(now, sizeof now, v->step);
    const bool behind = v->step > s->subject_step && v->state != SESSION_ENDED;
    return (size_t)snprintf(out, cap, "%c as of step %s%s%s%s%s",
                            v->cond[latents_cond(a)].letter, step,
                            s->subject_step == 0 ? ", untrained" : "",
                            behind ? ", now " : "", behind ? now : "",
                            !behind                 ? ""
                            : prompt_renewing(s, v) ? ", renewing ..."
                                                    : ": " KEY_OF("renew") " renews");
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_latent_here(a);
    char name[120];
    if (!s->subject) {
        snprintf(out, cap, "%s", v->no_model ? "no model here" : "no model yet");
        return;
    }
    size_t len = say_step(a, v, out, cap);
    if (latent >= 0 && len < cap) {
        const double density = ask_density(s->subject, latent);
        prompt_latent_name(a, v, false, latent, name, sizeof name);
        len += (size_t)snprintf(out + len, cap - len, "  #%d ", latent);
        if (isfinite(density) && len < cap) {
            char share[24];
            text_share(share, sizeof share, density);
            len += (size_t)snprintf(out + len, cap - len, "on %s of tokens  ", share);
        }
        if (len < cap) {
            snprintf(out + len, cap - len, "%s", name);
        }
    }
}

static bool status_warns(const struct app *a, const struct session_view *v)
{
    return prompt_lags(prompt_own(a), v);
}

/* ---- undo ---- */

/* What undo takes back here, besides changes of the prompt. */
struct layout {
    enum prompt_list list;
    bool dense_out;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    struct layout *to = out;
    to->list = prompt_own(a)->list;
    to->dense_out = prompt_own(a)->dense_out;
}

static void say_layout(const void *was, const void *is, char *out, size_t cap)
{
    const struct layout *x = was, *y = is;
    if (x->list != y->list) {
        snprintf(out, cap, "(the list: %s in place of %s)", prompt_list_names[y->list],
                 prompt_list_names[x->list]);
    } else {
        snprintf(out, cap, "(dense latents %s)", y->dense_out ? "left out" : "listed");
    }
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct prompt_state *s = prompt_own(a);
    const struct layout *from = in;
    (void)v;
    s->list = from->list;
    s->tells = false;
    s->dense_out = from->dense_out;
    prompt_list_fill(a);
}

/* ---- export ---- */

static const char *may_export(const struct app *a, const struct session_view *v)
{
    (void)v;
    return prompt_own(a)->answer ? NULL : "nothing was answered yet";
}

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    (void)a;
    (void)v;
    snprintf(out, cap, "prompt.csv");
}

static void export_fires(const struct prompt_state *s, const struct session_view *v,
                         size_t t, struct str *out)
{
    const struct ask_answer *r = s->answer;
    const struct ask_token *k = &r->token[t];
    for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
        if (!prompt_lists(s, r->fire[i].latent)) {
            continue;
        }
        export_integer(out, (int64_t)t, true);
        export_escaped(out, names_token(&v->names, k->id), false);
        export_integer(out, k->masked, false);
        export_number(out, (double)k->logp, false);
        export_integer(out, k->rank, false);
        export_number(out, (double)k->logp_after, false);
        export_integer(out, k->rank_after, false);
        export_number(out, (double)k->kl, false);
        export_integer(out, r->fire[i].latent, false);
        export_number(out, (double)r->fire[i].act, false);
        export_number(out, (double)r->fire[i].after, false);
        str_addc(out, '\n');
    }
}

static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    const struct ask_answer *r = prompt_own(a)->answer;
    if (!r) {
        return err_set(e, ERR_USAGE, "nothing was answered yet");
    }
    str_add(out, "position,token,masked,logp,rank,logp_after,rank_after,kl,latent,"
                 "activation,after\n");
    for (size_t t = 0; t < r->T; t++) {
        export_fires(prompt_own(a), v, t, out);
    }
    return str_err(out, "export", e);
}

/* ---- copy ---- */

/* The token under the cursor of the pane in focus; -1: there is none. */
static int32_t token_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_written *written = prompt_written_here(a);
    if (*app_focus(a, &screen_prompt) == PROMPT_TEXT_PANE) {
        return s->at < s->row.n ? s->row.ids[s->at] : -1;
    }
    return s->side == PROMPT_EFFECT ? effect_token_here(a)
           : written                ? written->id
                                    : prompt_next_here(a);
}

/* Copy what is under the cursor: the latent in a list of latents or in a why, else the
 * token. */
static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const int focus = *app_focus(a, &screen_prompt);
    const bool why = focus == PROMPT_NEXT_PANE && prompt_own(a)->side == PROMPT_WHY;
    const bool latent = focus == PROMPT_LATENTS_PANE || why;
    const struct ask_part *part = prompt_part_here(a);
    const int32_t id = !latent ? token_here(a)
                       : !why  ? prompt_latent_here(a)
                       : part  ? part->latent
                               : -1;
    snprintf(what, cap, latent ? "latent" : "token");
    if (latent) {
        str_addf(out, "%d", id);
    } else {
        str_add(out, names_token(&v->names, id));
    }
    return id >= 0;
}

const struct screen_def screen_prompt = {
    .name = "prompt",
    .title = "Prompt",
    .go = {{'5'},
           &action_screen,
           "prompt",
           NULL,
           "Prompt: what latents make of a text",
           0},
    .up = &screen_latents,
    .base = &screen_latents,
    .panes = PROMPT_PANES,
    .panes_wide = PROMPT_PANES,
    .keys = &prompt_keys,
    .played = "llhjkffm",
    .types = &types,
    .state_size = sizeof(struct prompt_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .card = card,
    .waits = waits,
    .status = status,
    .status_warns = status_warns,
    .type = type,
    .typing = typing,
    .paste = paste,
    .take_text = take_text,
    .move = move,
    .enter = enter,
    .cancel = cancel,
    .mouse = mouse,
    .found = prompt_found,
    .layout = layout,
    .say_layout = say_layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = may_export,
    .export_name = export_name,
    .export_text = export_text,
};
