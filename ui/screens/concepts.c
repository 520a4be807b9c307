/* Concepts: how well latents tell each concept, in both arms side by side, and what
 * became of its words. */
#include "base/number.h"
#include "ui/actions.h"
#include "ui/rows.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_W = 17,    /* with the cursor's mark */
    COLUMN_W = 7,   /* of the table */
    WORD_W = 14,    /* a word, */
    COUNT_W = 5,    /* its occurrences, */
    FIRES_W = 6,    /* and of each arm how often a main latent fires, */
    VERDICT_W = 12, /* the verdict */
    BY_W = 10       /* and who absorbed it */
};

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

struct concepts_layout concepts_layout(struct rect b, bool wide)
{
    struct concepts_layout l;
    const int list = layout_least(wide ? 16 : 11, b.h / 2);
    l.list = layout_box(b.x, b.y, b.w, list);
    l.words = layout_box(b.x, b.y + list, b.w, b.h - list);
    return l;
}

/* ---- cells ---- */

static void put_right(struct canvas *c, int x, int y, int w, const char *text,
                      enum role role, uint8_t attr)
{
    const int used = canvas_text_width(text);
    canvas_text(c, x + (used < w ? w - used : 0), y, w, text, role, attr);
}

static void cell_text(const struct concepts_state *s, const struct session_view *v,
                      const struct concept_column *col, enum concept_side side,
                      int32_t concept, char *out, size_t cap)
{
    const double x = concepts_value(s, v, col, side, concept);
    const struct concept_result *r =
        side == SIDE_DIFFERENCE ? NULL : concepts_result(v, (size_t)side, concept);
    if (!isfinite(x)) {
        const bool none = col->figure < 0 && r && r->eligible;
        snprintf(out, cap, none ? "none" : "-");
    } else if (col->figure < 0) { /* and how many others carry it */
        int len = snprintf(out, cap, "#%.0f", x);
        if (r->n_main > 1 && len > 0 && (size_t)len < cap) {
            snprintf(out + len, cap - (size_t)len, "+%zu", r->n_main - 1);
        }
    } else {
        snprintf(
            out, cap, "%s",
            NUMBER(side == SIDE_DIFFERENCE ? NUMBER_SIGNED : NUMBER_PLAIN, 0, 2, x));
    }
}

/* A column of the table with the side it is of. */
struct place {
    const struct concept_column *col;
    int at; /* of the column */
    enum concept_side side;
    int x; /* where its right-aligned cell begins */
};
enum { PLACES = 32 };

/* A difference has room for its mark. */
static int column_width(const struct concept_column *col, enum concept_side side)
{
    const bool broad = side == SIDE_DIFFERENCE || strlen(col->title) > 4;
    return broad ? COLUMN_W : COLUMN_W - 1;
}

/* What stands in the table, from the left; how many. */
static size_t places_of(const struct session_view *v, struct rect r, bool wide,
                        struct place out[PLACES])
{
    size_t n = 0;
    int x = r.x + NAME_W;
    for (int side = 0; side < (arms_of(v) > 1 ? CONCEPT_SIDES : 1); side++) {
        for (size_t i = 0; i < concept_columns_n && n < PLACES; i++) {
            const struct concept_column *col = &concept_columns[i];
            if (concepts_shows(col, (enum concept_side)side, wide)) {
                out[n++] = (struct place){col, (int)i, (enum concept_side)side, x};
                x += column_width(col, (enum concept_side)side);
            }
        }
    }
    return n;
}

/* Without the mark of a difference. */
static int cell_width(const struct place *p)
{
    return column_width(p->col, p->side) - (p->side == SIDE_DIFFERENCE ? 1 : 0);
}

/* ---- the table ---- */

static void draw_header(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r, const struct place *place, size_t n)
{
    const struct concepts_state *s = concepts_own(a);
    canvas_text(c, r.x + 2, r.y + 1, NAME_W - 2,
                s->sort < 0 ? "concept\xe2\x96\xb4" : "concept",
                s->sort < 0 ? ROLE_FOCUS : ROLE_TITLE, ATTR_BOLD);
    for (size_t i = 0; i < n; i++) {
        const struct place *p = &place[i];
        const bool on = s->sort == p->at && s->side == p->side;
        char title[32];
        snprintf(title, sizeof title, "%s%s", p->col->title,
                 !on          ? ""
                 : s->reverse ? "\xe2\x96\xb4"
                              : "\xe2\x96\xbe");
        put_right(c, p->x, r.y + 1, cell_width(p), title, on ? ROLE_FOCUS : ROLE_TITLE,
                  ATTR_BOLD);
        if (i > 0 && place[i - 1].side == p->side) {
            continue;
        }
        const int w = r.x + r.w - p->x;
        if (p->side == SIDE_DIFFERENCE) {
            canvas_text(c, p->x + 1, r.y, w, "A-B", ROLE_DIM, 0);
        } else {
            const struct cond_view *arm = &v->cond[p->side];
            const bool here = latents_cond(a) == (int)p->side;
            char seeds[40] = "";
            if (arm->n_seeds > 1) {
                snprintf(seeds, sizeof seeds, ", %zu seeds", arm->n_seeds);
            }
            canvas_textf(c, p->x + 1, r.y, w, arm_role(p->side), here ? ATTR_BOLD : 0,
                         "%c %s%s", arm->letter, arm->label, seeds);
        }
    }
}

static void draw_row(const struct app *a, const struct session_view *v,
                     struct canvas *c, struct rect r, const struct place *place,
                     size_t n, int32_t concept, bool cursor)
{
    const struct concepts_state *s = concepts_own(a);
    const char *name = v->names.concept_name[concept];
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    canvas_text(c, r.x + 2, r.y, NAME_W - 3, name, cursor ? ROLE_SELECT : ROLE_VALUE,
                0);
    rows_tint_found(c, r.x + 2, r.y, NAME_W - 3, name, s->find);
    for (size_t i = 0; i < n; i++) {
        const struct place *p = &place[i];
        char text[32];
        cell_text(s, v, p->col, p->side, concept, text, sizeof text);
        put_right(c, p->x, r.y, cell_width(p), text, role, 0);
        if (p->side == SIDE_DIFFERENCE) { /* either way alike */
            const char mark = concepts_mark(concepts_effect(s, p->col, concept));
            canvas_put(c, p->x + cell_width(p), r.y, (uint32_t)mark,
                       cursor ? ROLE_SELECT : ROLE_VALUE, ATTR_BOLD);
        }
    }
}

static void draw_none(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r)
{
    const char *why = concepts_may_browse(a, v);
    if (v->state == SESSION_LOADING) {
        return;
    }
    char text[120];
    if (why && v->concepts_busy) {
        snprintf(text, sizeof text, "measuring the concepts ...");
    } else if (why) {
        snprintf(text, sizeof text, "%s", why);
    } else if (concepts_own(a)->hidden > 0) {
        snprintf(text, sizeof text, "no concept passes the filter   (\\ clears it)");
    } else {
        snprintf(text, sizeof text, "no measured %s; f goes on to the next family",
                 concepts_family_name(concepts_own(a)->family));
    }
    canvas_text(c, r.x + 2, r.y + r.h / 2, r.w - 2, text, ROLE_DIM, 0);
}

/* Under the table, in as many lines as it takes: what is not in it, what its
 * differences are worth, where a run without a file gets more families from. */
enum { FOOT_LINES = 3 };
struct foot {
    char line[FOOT_LINES][160];
    size_t n;
};

/* On the last line if it fits there. */
static void foot_add(struct foot *f, int w, const char *text)
{
    char *last = f->n ? f->line[f->n - 1] : NULL;
    if (last && canvas_text_width(last) + canvas_text_width(text) + 2 <= w) {
        const size_t len = strlen(last);
        snprintf(last + len, sizeof f->line[0] - len, "; %s", text);
    } else if (f->n < FOOT_LINES) {
        snprintf(f->line[f->n++], sizeof f->line[0], "%s", text);
    }
}

static struct foot foot_of(const struct app *a, const struct session_view *v, int w)
{
    const struct concepts_state *s = concepts_own(a);
    struct foot f = {.n = 0};
    char text[120];
    if (s->hidden > 0) {
        snprintf(text, sizeof text, "%zu hidden by the filter", s->hidden);
        foot_add(&f, w, text);
    }
    if (s->unmeasured > 0) {
        snprintf(text, sizeof text, "%zu not measured: probes do not tell them",
                 s->unmeasured);
        foot_add(&f, w, text);
    }
    const bool sorted = s->sort >= 0 && s->side == SIDE_DIFFERENCE;
    const size_t seeds = concepts_seeds(s);
    if (arms_of(v) > 1 && seeds < 2) {
        foot_add(&f, w,
                 sorted
                     ? "found by sorting, and of one pair: no verdict"
                     : "A-B of one pair is no finding: `saetop verdict` takes seeds");
    } else if (arms_of(v) > 1) {
        snprintf(text, sizeof text, "A-B%s of %zu seeds, Holm over %s: * established%s",
                 s->so_far ? " so far" : "", seeds, concepts_family_name(s->family),
                 s->so_far ? "" : ", = too small");
        foot_add(&f, w, text);
        if (sorted) {
            foot_add(&f, w, "found by sorting");
        }
    }
    if (!concepts_has_file(v)) {
        foot_add(
            &f, w,
            "from the vocabulary; yours: --concepts FILE.csv (concept,parent,word)");
    }
    return f;
}

static void draw_foot(const struct foot *f, struct canvas *c, struct rect r)
{
    for (size_t i = 0; i < f->n; i++) {
        canvas_text(c, r.x + 1, r.y + r.h - (int)(f->n - i), r.w - 1, f->line[i],
                    ROLE_DIM, 0);
    }
}

static void draw_list(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool wide)
{
    struct concepts_state *s = concepts_own(a);
    struct place place[PLACES];
    char value[64] = "";
    const struct concept_table *t = concepts_table(v, 0);
    if (t) {
        char step[32];
        text_thousands(step, sizeof step, t->step);
        snprintf(value, sizeof value, "%zu at step %s", s->n, step);
    }
    const struct rect in = canvas_box(c, r, concepts_family_name(s->family), value,
                                      *app_focus(a, &screen_concepts) == CONCEPTS_LIST);
    app_hit(a, r, HIT_PANE, CONCEPTS_LIST);
    const struct foot foot = foot_of(a, v, in.w - 2);
    s->list.page = in.h - 2 - (int)(foot.n ? foot.n : 1);
    list_set(&s->list, s->n, s->list.page);
    if (!s->n || in.h < 4) {
        draw_none(a, v, c, in);
        return;
    }
    const size_t n = places_of(v, in, wide, place);
    draw_header(a, v, c, in, place, n);
    for (size_t i = 0; i < list_visible(&s->list); i++) {
        const size_t at = s->list.top + i;
        const struct rect row = {in.x, in.y + 2 + (int)i, in.w, 1};
        draw_row(a, v, c, row, place, n, s->concept[at], at == s->list.cursor);
        app_hit(a, row, HIT_ROW, (int)i);
    }
    rows_bar(c, &s->list, in.x + in.w - 1, in.y + 2, s->list.page);
    draw_foot(&foot, c, in);
}

/* ---- the words ---- */

enum {
    HIT_LATENT = HIT_SCREEN, /* a: latent of A, or -1 - latent of B: opens it */
    HIT_WORD                 /* a: row of the words */
};

static int latent_hit(size_t arm, int32_t latent)
{
    return arm == 0 ? latent : -1 - latent;
}

/* "#352 label", which opens it; the columns used. */
static int put_latent(struct app *a, const struct session_view *v, struct canvas *c,
                      int x, int y, int w, size_t arm, int32_t latent)
{
    const char *label =
        latent_labels_of(v->arm[session_view_shown(v, arm)].labels, latent);
    const int used = canvas_textf(c, x, y, w, ROLE_KEY, 0, "#%d%s%s", latent,
                                  label[0] ? " " : "", label);
    app_hit(a, (struct rect){x, y, used, 1}, HIT_LATENT, latent_hit(arm, latent));
    return used;
}

/* "A 2 latents: #352 #41; absorbed by #411 .60" */
static void draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r, size_t arm)
{
    const struct concept_result *o = concepts_result(v, arm, concepts_own(a)->at);
    int x = r.x + 1;
    const int end = r.x + r.w;
    x += canvas_textf(c, x, r.y, end - x, arm_role(arm), ATTR_BOLD, "%c ",
                      v->cond[arm].letter);
    if (!o || !o->eligible) {
        canvas_text(c, x, r.y, end - x, "not measured", ROLE_DIM, 0);
        return;
    }
    x += canvas_textf(c, x, r.y, end - x, ROLE_TEXT, 0, "%zu latent%s:", o->n_main,
                      plural_s(o->n_main));
    for (size_t i = 0; i < o->n_main && x < end; i++) {
        x += 1 + put_latent(a, v, c, x + 1, r.y, end - x - 1, arm, o->main_latent[i]);
    }
    for (size_t i = 0; i < EVAL_ABSORBERS && o->absorber[i] >= 0 && x < end; i++) {
        x += canvas_text(c, x, r.y, end - x, i ? "," : "; absorbed by", ROLE_TEXT, 0);
        x += 1 + put_latent(a, v, c, x + 1, r.y, end - x - 1, arm, o->absorber[i]);
        x += canvas_textf(c, x, r.y, end - x, ROLE_TEXT, 0, " %s",
                          NUMBER(NUMBER_PLAIN, 0, 2, o->absorber_share[i]));
    }
}

/* "A-B F1 -0.12 [-0.20, -0.04] established lower; recall ...": as many as there is room
 * for, that which is sorted by first. */
static void draw_effects(const struct concepts_state *s, struct canvas *c,
                         struct rect r)
{
    int x = r.x + 1 + canvas_text(c, r.x + 1, r.y, r.w - 1, "A-B", ROLE_DIM, 0);
    const size_t first =
        s->side == SIDE_DIFFERENCE && s->sort >= 0 ? (size_t)s->sort : 1;
    for (size_t i = 0; i < concept_columns_n; i++) {
        char text[120];
        const struct concept_column *col =
            &concept_columns[(first + i) % concept_columns_n];
        concepts_effect_text(s, col, s->at, text, sizeof text);
        const int w = canvas_text_width(text);
        if (!text[0] || col->wide || x + 2 + w > r.x + r.w) {
            continue;
        }
        x += canvas_text(c, x, r.y, 2, i ? "; " : " ", ROLE_DIM, 0);
        x += canvas_text(c, x, r.y, w, text, ROLE_TEXT, 0);
    }
}

static enum role verdict_role(enum word_verdict v)
{
    static const enum role role[WORD_VERDICTS] = {[WORD_TOO_RARE] = ROLE_DIM,
                                                  [WORD_PROBE_WRONG] = ROLE_DIM,
                                                  [WORD_HELD] = ROLE_GOOD,
                                                  [WORD_ABSORBED] = ROLE_BAD,
                                                  [WORD_MISSED] = ROLE_WARN};
    return role[v];
}

/* Of a word in one arm: how often a main latent fires, the verdict, and which latent
 * absorbs what share of those that are absorbed. */
static void draw_fate(struct canvas *c, int x, int y, const struct word_result *w,
                      bool cursor)
{
    char by[24] = "";
    if (!w) {
        put_right(c, x, y, FIRES_W - 1, "-", ROLE_DIM, 0);
        return;
    }
    const double fires = (double)w->fires / (double)w->occurrences;
    put_right(c, x, y, FIRES_W - 1, NUMBER(NUMBER_PLAIN, 0, 2, fires),
              cursor ? ROLE_SELECT : ROLE_TEXT, 0);
    canvas_text(c, x + FIRES_W, y, VERDICT_W, word_verdict_name(w->verdict),
                cursor ? ROLE_SELECT : verdict_role(w->verdict), 0);
    if (w->absorbed > 0 && w->absorber[0].latent >= 0) {
        snprintf(by, sizeof by, "#%d %s", w->absorber[0].latent,
                 NUMBER(NUMBER_PLAIN, 0, 2, word_absorber_share(w, 0)));
    }
    canvas_text(c, x + FIRES_W + VERDICT_W, y, BY_W, by,
                cursor ? ROLE_SELECT : ROLE_KEY, 0);
}

static void draw_word_header(const struct session_view *v, struct canvas *c, int x,
                             int y)
{
    canvas_text(c, x + 2, y, WORD_W, "word", ROLE_TITLE, ATTR_BOLD);
    put_right(c, x + WORD_W, y, COUNT_W, "n", ROLE_TITLE, ATTR_BOLD);
    x += WORD_W + COUNT_W + 2;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        canvas_textf(c, x, y, FIRES_W, arm_role(arm), ATTR_BOLD, "%c",
                     v->cond[arm].letter);
        canvas_text(c, x + 2, y, FIRES_W, "fires", ROLE_TITLE, ATTR_BOLD);
        canvas_text(c, x + FIRES_W + 1, y, VERDICT_W, " verdict", ROLE_TITLE,
                    ATTR_BOLD);
        canvas_text(c, x + FIRES_W + VERDICT_W + 1, y, BY_W, "by share", ROLE_TITLE,
                    ATTR_BOLD);
        x += FIRES_W + VERDICT_W + BY_W;
    }
}

static void draw_word(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r, const struct concept_word *w,
                      bool cursor)
{
    char text[80], count[24];
    const struct word_result *any = w->of[0] ? w->of[0] : w->of[1];
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    names_token_trimmed(&v->names, w->token, text, sizeof text);
    canvas_text(c, r.x + 2, r.y, WORD_W - 1, text, cursor ? ROLE_SELECT : ROLE_VALUE,
                0);
    rows_tint_found(c, r.x + 2, r.y, WORD_W - 1, text, concepts_own(a)->find);
    text_thousands(count, sizeof count, (int64_t)any->occurrences);
    put_right(c, r.x + WORD_W, r.y, COUNT_W, count, cursor ? ROLE_SELECT : ROLE_TEXT,
              0);
    int x = r.x + WORD_W + COUNT_W + 2;
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        draw_fate(c, x, r.y, w->of[arm], cursor);
        x += FIRES_W + VERDICT_W + BY_W;
    }
}

/* "A 2 absorbed, B 8 absorbed" */
static void word_counts(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    const struct concepts_state *s = concepts_own(a);
    size_t len = 0;
    out[0] = '\0';
    for (size_t arm = 0; s->n_words && arm < arms_of(v) && len < cap; arm++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_words; i++) {
            const struct word_result *w = s->word[i].of[arm];
            n += w && w->verdict == WORD_ABSORBED;
        }
        len += (size_t)snprintf(out + len, cap - len, "%s%c %zu",
                                arm ? ", " : "absorbed: ", v->cond[arm].letter, n);
    }
    if (s->n_words && len < cap) {
        snprintf(out + len, cap - len, " of %zu", s->n_words);
    }
}

static void draw_no_words(const struct app *a, const struct session_view *v,
                          struct canvas *c, struct rect r)
{
    const bool coming = v->concepts_busy || v->state == SESSION_BROWSING;
    if (concepts_result(v, 0, concepts_own(a)->at)) {
        canvas_text(c, r.x + 2, r.y + r.h / 2, r.w - 2,
                    coming ? "measuring its words ..." : "no words were measured",
                    ROLE_DIM, 0);
    }
}

static void draw_words(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r)
{
    struct concepts_state *s = concepts_own(a);
    char title[80] = "words", value[64];
    if (s->at >= 0) {
        const size_t arm = session_view_shown(v, 0);
        const size_t len = (size_t)snprintf(title, sizeof title, "words of %.40s",
                                            v->names.concept_name[s->at]);
        if (v->cond[0].n_seeds > 1 && len < sizeof title) {
            snprintf(title + len, sizeof title - len, ", seed %llu",
                     (unsigned long long)v->arm[arm].weights);
        }
    }
    word_counts(a, v, value, sizeof value);
    struct rect in = canvas_box(c, r, title, value,
                                *app_focus(a, &screen_concepts) == CONCEPTS_WORDS);
    app_hit(a, r, HIT_PANE, CONCEPTS_WORDS);
    if (s->at < 0) {
        return;
    }
    for (size_t arm = 0; arm < arms_of(v) && in.h > 0; arm++) {
        draw_latents(a, v, c, (struct rect){in.x, in.y++, in.w, 1}, arm);
        in.h--;
    }
    if (arms_of(v) > 1 && concepts_seeds(s) > 1 && in.h > 0) {
        draw_effects(s, c, (struct rect){in.x, in.y++, in.w, 1});
        in.h--;
    }
    if (!absorption_rule_is_default(&v->rule) && in.h > 0) {
        canvas_textf(c, in.x + 1, in.y++, in.w - 1, ROLE_WARN, 0,
                     "not SAEBench's rule: share %.3g, cosine %.3g, %zu occurrences; 0 "
                     "is",
                     v->rule.share, v->rule.cosine, v->rule.least);
        in.h--;
    }
    s->words.page = in.h - 1;
    list_set(&s->words, s->n_words, s->words.page);
    if (!s->n_words || in.h < 2) {
        draw_no_words(a, v, c, in);
        return;
    }
    draw_word_header(v, c, in.x, in.y);
    for (size_t i = 0; i < list_visible(&s->words); i++) {
        const size_t at = s->words.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        const bool cursor =
            at == s->words.cursor && *app_focus(a, &screen_concepts) == CONCEPTS_WORDS;
        draw_word(a, v, c, row, &s->word[at], cursor);
        app_hit(a, row, HIT_WORD, (int)i);
    }
    rows_bar(c, &s->words, in.x + in.w - 1, in.y + 1, s->words.page);
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct concepts_layout l = concepts_layout(body, wide);
    concepts_order(a, v);
    draw_list(a, v, c, l.list, wide);
    if (concepts_own(a)->curves) {
        concepts_draw_curves(a, v, c, l.words);
    } else {
        draw_words(a, v, c, l.words);
    }
}

/* ---- state ---- */

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    if (shown) {
        concepts_order(a, v);
        concepts_ask(a, v, false);
    }
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct concepts_state *s = concepts_own(a);
    const bool words = *app_focus(a, &screen_concepts) == CONCEPTS_WORDS;
    list_by_name(words ? &s->words : &s->list, direction);
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

static void enter(struct app *a, const struct session_view *v)
{
    const size_t arm = (size_t)latents_cond(a);
    const int32_t latent = concepts_latent_here(a, v, arm);
    if (latent < 0) {
        app_say(a, false, "%c has no latent for it", v->cond[arm].letter);
    } else {
        open_latent(a, v, arm, latent);
    }
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct concepts_state *s = concepts_own(a);
    int *focus = app_focus(a, &screen_concepts);
    const bool up = ev->mouse == MOUSE_WHEEL_UP;
    if (up || ev->mouse == MOUSE_WHEEL_DOWN) {
        const bool words = hit->kind == HIT_WORD ||
                           (hit->kind == HIT_PANE && hit->a == CONCEPTS_WORDS);
        list_wheel(words ? &s->words : &s->list, up ? -3 : 3);
    } else if (ev->mouse != MOUSE_PRESS) {
        return;
    } else if (hit->kind == HIT_LATENT) {
        open_latent(a, v, hit->a < 0 ? 1U : 0U, hit->a < 0 ? -1 - hit->a : hit->a);
        return;
    } else if (hit->kind == HIT_ROW) {
        *focus = CONCEPTS_LIST;
        list_click(&s->list, hit->a);
    } else if (hit->kind == HIT_WORD) {
        *focus = CONCEPTS_WORDS;
        list_click(&s->words, hit->a);
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
                        : latents_cond(a) ? "Enter opens B's  "
                                          : "Enter opens A's  ";
    size_t len = (size_t)snprintf(out, cap, "%ssort %s%s", whose, by, of);
    if (s->filter.text[0] && len < cap) {
        len +=
            (size_t)snprintf(out + len, cap - len, "  filter: %.120s", s->filter.text);
    }
    if (s->find[0] && len < cap) {
        snprintf(out + len, cap - len, "  /%.60s", s->find);
    }
}

/* What undo takes back of it. */
struct layout {
    int family, sort, curve;
    enum concept_side side;
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
    s->curve = from->curve;
    s->curves = from->curves;
    concepts_order(a, v);
}

const struct screen_def screen_concepts = {
    .name = "concepts",
    .title = "Concepts",
    .go = {{'2'},
           &action_screen,
           "concepts",
           NULL,
           "Concepts: which latents tell them, and what became of their words",
           0},
    .up = &screen_train,
    .base = &screen_latents,
    .panes = CONCEPTS_PANES,
    .panes_wide = CONCEPTS_PANES,
    .keys = &concepts_keys,
    .played = "jjkff<>fjk",
    .state_size = sizeof(struct concepts_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .status = status,
    .move = move,
    .enter = enter,
    .mouse = mouse,
    .filter = &concepts_filter,
    .layout = layout,
    .set_layout = set_layout,
    .may_export = concepts_may_browse,
    .export_name = concepts_export_name,
    .export_text = concepts_export_text,
};
