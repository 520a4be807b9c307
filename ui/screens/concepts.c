/* Concepts: how well latents tell each concept, in both arms side by side, and what
 * became of its words. */
#include "ui/actions.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

struct concepts_state *concepts_own(const struct app *a)
{
    return app_state(a, &screen_concepts);
}

static void init(void *state)
{
    struct concepts_state *s = state;
    s->family = CONCEPT_SUPER;
    s->sort = -1;
    s->curve = 1;
    s->at = s->word_at = -1;
}

static void deinit(void *state)
{
    concepts_deinit(state);
}

struct concepts_layout concepts_layout(struct rect b, bool wide, size_t n)
{
    struct concepts_layout l;
    const int half = layout_least(wide ? 16 : 11, b.h / 2);
    /* If there is little room, the longer list gets more of it. */
    const int needs = (int)(n < 100 ? n : 100) + 2 + 2 + 1;
    const int more = layout_least(needs, b.h * 3 / 5);
    const int list = !wide && more > half ? more : half;
    l.list = layout_box(b.x, b.y, b.w, list);
    l.words = layout_box(b.x, b.y + list, b.w, b.h - list);
    return l;
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    concepts_order(a, v);
    const struct concepts_state *s = concepts_own(a);
    const struct concepts_layout l = concepts_layout(body, wide, s->n + s->hidden);
    concepts_draw_table(a, v, c, l.list);
    if (concepts_own(a)->curves) {
        concepts_draw_curves(a, v, c, l.words);
    } else if (concepts_own(a)->contexts) {
        concepts_draw_contexts(a, v, c, l.words);
    } else {
        concepts_draw_words(a, v, c, l.words, wide);
    }
}

/* ---- state ---- */

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    if (shown) {
        concepts_order(a, v);
        concepts_ask(a, v, CONCEPTS_SHOWN);
        concepts_sync_contexts(a, v);
    }
}

/* The list in the lower pane, if it shows one. */
static struct list_view *lower_list(struct concepts_state *s)
{
    return s->contexts ? &s->context : &s->words;
}

/* Scroll to the measures beside those shown. */
static void scroll(struct app *a, const struct session_view *v, bool right)
{
    struct concepts_state *s = concepts_own(a);
    const size_t last = concept_columns_n - 1 - concepts_fit(a, v);
    const size_t at = s->first < last ? s->first : last;
    s->first = right ? (at < last ? at + 1 : last) : at > 0 ? at - 1 : 0;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct concepts_state *s = concepts_own(a);
    const bool words = *app_focus(a, &screen_concepts) == CONCEPTS_WORDS;
    if (!strcmp(direction, "left") || !strcmp(direction, "right")) {
        scroll(a, v, direction[0] == 'r');
        return;
    }
    list_by_name(words ? lower_list(s) : &s->list, direction);
    if (words) {
        s->word_at = s->n_words ? s->word[s->words.cursor].token : -1;
    } else {
        s->at = s->n ? s->concept[s->list.cursor] : -1;
    }
    concepts_order(a, v);
}

static void open_latent(struct app *a, const struct session_view *v, size_t arm,
                        int32_t latent)
{
    char line[32];
    if (latents_cond(a) != (int)arm) {
        snprintf(line, sizeof line, "arm %c", 'A' + (int)arm);
        app_run(a, v, line);
    }
    snprintf(line, sizeof line, "latent %d", latent);
    app_run(a, v, line);
    if (a->screen != &screen_concepts) {
        app_come_back(a, &screen_concepts);
    }
}

const char *concepts_silenced(const struct app *a, size_t arm, int32_t latent)
{
    const bool shown = arm == (size_t)latents_cond(a);
    return shown && app_is_silenced(a, latent) ? SILENCED_SIGN : "";
}

int32_t concepts_latent_here(const struct app *a, const struct session_view *v,
                             size_t arm)
{
    const struct concepts_state *s = concepts_own(a);
    const struct concept_result *o = concepts_result(v, arm, s->at);
    if (*app_focus(a, &screen_concepts) == CONCEPTS_WORDS && s->n_words) {
        const struct word_result *w = s->word[s->words.cursor].of[arm];
        if (w && w->verdict == WORD_ABSORBED) {
            return w->absorber[0].latent;
        }
    }
    return o && concepts_has_latent(o) ? o->main_latent[0] : -1;
}

/* Enter: open a word's contexts, or in these the latent concerned; or a concept's
 * latent. */
static void enter(struct app *a, const struct session_view *v)
{
    const struct concepts_state *s = concepts_own(a);
    const size_t arm = (size_t)latents_cond(a);
    const int32_t latent = concepts_latent_here(a, v, arm);
    const bool words = *app_focus(a, &screen_concepts) == CONCEPTS_WORDS && !s->curves;
    if (words && !s->contexts && s->n_words) {
        concepts_open_contexts(a, v);
    } else if (latent < 0) {
        app_say(a, false, "%c has no latent for it", v->cond[arm].letter);
    } else {
        open_latent(a, v, arm, latent);
    }
}

static bool cancel(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    const bool open = s->contexts && !s->curves;
    (void)v;
    s->contexts = s->contexts && !open;
    return open;
}

/* Handle a press of a mouse button; the wheel is not handled here. */
static void press(struct app *a, const struct session_view *v, const struct hit *hit)
{
    struct concepts_state *s = concepts_own(a);
    int *focus = app_focus(a, &screen_concepts);
    if (hit->kind == HIT_ROW) {
        *focus = CONCEPTS_LIST;
        list_click(&s->list, hit->a);
    } else if (hit->kind == HIT_WORD || hit->kind == HIT_WORD_CONTEXT) {
        *focus = CONCEPTS_WORDS;
        list_click(lower_list(s), hit->a);
    } else if (hit->kind == HIT_HEADER) {
        concepts_sort_by(a, v, hit->a);
    }
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct concepts_state *s = concepts_own(a);
    const bool up = ev->mouse == MOUSE_WHEEL_UP;
    if (up || ev->mouse == MOUSE_WHEEL_DOWN) {
        const bool words = hit->kind == HIT_WORD || hit->kind == HIT_WORD_CONTEXT ||
                           (hit->kind == HIT_PANE && hit->a == CONCEPTS_WORDS);
        list_wheel(words ? lower_list(s) : &s->list, up ? -3 : 3);
    } else if (ev->mouse != MOUSE_PRESS) {
        return;
    } else if (hit->kind == HIT_ITS_LATENT) {
        open_latent(a, v, hit->a < 0 ? 1U : 0U, hit->a < 0 ? -1 - hit->a : hit->a);
        return;
    } else {
        press(a, v, hit);
    }
    s->at = s->n ? s->concept[s->list.cursor] : -1;
    s->word_at = s->n_words ? s->word[s->words.cursor].token : -1;
    concepts_order(a, v);
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct concepts_state *s = concepts_own(a);
    const char *by = s->sort < 0 ? "name" : concept_columns[s->sort].title;
    const char *of = s->sort < 0 || arms_of(v) < 2 ? ""
                     : s->side == SIDE_A           ? " of A"
                     : s->side == SIDE_B           ? " of B"
                                                   : ", A-B";
    const char *whose = arms_of(v) < 2    ? ""
                        : latents_cond(a) ? KEY_OF("open") " opens B's  "
                                          : KEY_OF("open") " opens A's  ";
    size_t len = (size_t)snprintf(out, cap, "%ssort %s%s", whose, by, of);
    if (s->filter.text[0] && len < cap) {
        len +=
            (size_t)snprintf(out + len, cap - len, "  filter: %.120s", s->filter.text);
    }
    if (s->find[0] && len < cap) {
        snprintf(out + len, cap - len, "  /%.60s", s->find);
    }
}

/* The layout that undo restores. */
struct layout {
    int family, sort, curve;
    enum concept_side side;
    size_t first;
    bool reverse, curves;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    const struct concepts_state *s = concepts_own(a);
    struct layout *to = out;
    to->family = s->family;
    to->sort = s->sort;
    to->side = s->side;
    to->reverse = s->reverse;
    to->first = s->first;
    to->curve = s->curve;
    to->curves = s->curves;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct concepts_state *s = concepts_own(a);
    const struct layout *from = in;
    s->family = from->family;
    s->sort = from->sort;
    s->side = from->side;
    s->reverse = from->reverse;
    s->first = from->first;
    s->curve = from->curve;
    s->curves = from->curves;
    concepts_order(a, v);
}

/* ---- copy ---- */

/* Copy the word under the cursor, if it is in the list of words; else the concept. */
static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const struct concepts_state *s = concepts_own(a);
    const bool word = *app_focus(a, &screen_concepts) == CONCEPTS_WORDS &&
                      s->word_at >= 0 && !s->curves;
    if (!word && (s->at < 0 || (size_t)s->at >= v->names.n_concepts)) {
        return false;
    }
    snprintf(what, cap, word ? "word" : "concept");
    str_add(out,
            word ? names_token(&v->names, s->word_at) : v->names.concept_name[s->at]);
    return true;
}

const struct screen_def screen_concepts = {
    .name = "concepts",
    .title = "Concepts",
    .go = {{'2'},
           &action_screen,
           "concepts",
           NULL,
           "Concepts: latents and absorbed words",
           0},
    .up = &screen_train,
    .base = &screen_latents,
    .panes = CONCEPTS_PANES,
    .panes_wide = CONCEPTS_PANES,
    .keys = &concepts_keys,
    .hints = concepts_hints,
    .n_hints = CONCEPTS_HINTS,
    .played = "jjkff<>fjk",
    .state_size = sizeof(struct concepts_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .status = status,
    .move = move,
    .enter = enter,
    .cancel = cancel,
    .mouse = mouse,
    .find = &concepts_find_use,
    .filter = &concepts_filter,
    .layout = layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = concepts_may_browse,
    .export_name = concepts_export_name,
    .export_text = concepts_export_text,
};
