/* The lower pane of Concepts: the latents of the concept under the cursor, the
 * differences of its measures, and what became of its words. */
#include "base/number.h"
#include "measure/wants.h"
#include "ui/rows.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WORD_W = 12,    /* a word, */
    COUNT_W = 5,    /* its occurrences, */
    FIRES_W = 7,    /* and of each arm how often a main latent fires, */
    VERDICT_W = 13, /* the verdict with the seeds that agree, */
    BY_W = 9,       /* and who absorbed it; */
    MORE_W = 6,     /* the first and last are so much broader from this width on: */
    BROAD = 100,
    FIT_W = 43 /* of a latent: number, F1, precision, recall, firmness */
};

/* ---- latents ---- */

static const char *label_of(const struct session_view *v, size_t arm, int32_t latent)
{
    return latent_labels_of(v->arm[session_view_shown(v, arm)].labels, latent);
}

/* Draw "#352", which opens that latent. Returns the columns used. */
static int put_latent(struct app *a, struct canvas *c, int x, int y, int w, size_t arm,
                      int32_t latent)
{
    const int used = canvas_textf(c, x, y, w, ROLE_KEY, 0, "%s#%d",
                                  concepts_silenced(a, arm, latent), latent);
    app_hit(a, (struct rect){x, y, used, 1}, HIT_ITS_LATENT,
            arm == 0 ? latent : -1 - latent);
    return used;
}

/* Why there are no latents to show; NULL: there are. */
static const char *no_latents(const struct concept_result *o)
{
    return !o || !o->eligible        ? "not measured"
           : !concepts_has_latent(o) ? "no latent tells it"
                                     : NULL;
}

static int put_figure(struct canvas *c, int x, int y, int w, const char *name, double f)
{
    return isfinite(f) ? canvas_textf(c, x, y, w, ROLE_TEXT, 0, " %s %s", name,
                                      NUMBER(NUMBER_PLAIN, 0, 2, f))
                       : 0;
}

/* How many words of the concept are absorbed in a condition, by most of its seeds. */
static size_t words_absorbed(const struct app *a, size_t arm)
{
    const struct concepts_state *s = concepts_own(a);
    size_t n = 0;
    for (size_t i = 0; i < s->n_words; i++) {
        const struct word_seeds *k = &s->word[i].seeds[arm];
        n += k->n > 0 && word_seeds_verdict(k) == WORD_ABSORBED;
    }
    return n;
}

/* "; absorbed by #411 10 % of its uses", as many as there is room for, only if a word
 * is absorbed. The rows below name the latent that absorbs most of each word; here each
 * word counts alike, rare ones too, so that other latents may come first. */
static int put_absorbers(struct app *a, struct canvas *c, int x, int y, int end,
                         size_t arm, const struct concept_result *o)
{
    static const char by[] = "; absorbed by", of[] = " of its uses";
    const int from = x;
    if (words_absorbed(a, arm) == 0) {
        return 0;
    }
    for (size_t i = 0; i < EVAL_ABSORBERS && o->absorber[i] >= 0; i++) {
        char number[32], taken[24], share[32];
        snprintf(number, sizeof number, "%s#%d",
                 concepts_silenced(a, arm, o->absorber[i]), o->absorber[i]);
        text_share(taken, sizeof taken, concept_result_taken(o, i));
        snprintf(share, sizeof share, " %s", taken);
        const int w = (i ? 1 : (int)sizeof by - 1) + 1 + canvas_text_width(number) +
                      canvas_text_width(share);
        if (x + w > end) {
            return x - from;
        }
        x += canvas_text(c, x, y, end - x, i ? "," : by, ROLE_TEXT, 0);
        x += 1 + put_latent(a, c, x + 1, y, end - x - 1, arm, o->absorber[i]);
        x += canvas_text(c, x, y, end - x, share, ROLE_TEXT, 0);
    }
    if (x > from && x + (int)sizeof of - 1 <= end) {
        x += canvas_text(c, x, y, end - x, of, ROLE_TEXT, 0);
    }
    return x - from;
}

/* "A #352 own F1 0.71 prec 0.90 rec 0.59; absorbed by #411 10 % of its uses pets,
 * then #41": for the first latent how well it tells the concept, by itself and on all
 * words (F1 in the table is over seeds, its latent chosen on other words). What may be
 * cut comes last. */
static void draw_latents_line(struct app *a, const struct session_view *v,
                              struct canvas *c, struct rect r, size_t arm)
{
    const struct concept_result *o = concepts_result(v, arm, concepts_own(a)->at);
    const char *none = no_latents(o);
    int x = r.x + 1;
    const int end = r.x + r.w;
    x += canvas_textf(c, x, r.y, end - x, arm_role(arm), ATTR_BOLD, "%c ",
                      v->cond[arm].letter);
    if (none) {
        canvas_text(c, x, r.y, end - x, none, ROLE_DIM, 0);
        return;
    }
    const char *label = label_of(v, arm, o->main_latent[0]);
    x += put_latent(a, c, x, r.y, end - x, arm, o->main_latent[0]);
    x += put_figure(c, x, r.y, end - x, "own F1", (double)o->fit[0].f1);
    x += put_figure(c, x, r.y, end - x, "prec", (double)o->fit[0].precision);
    x += put_figure(c, x, r.y, end - x, "rec", (double)o->fit[0].recall);
    x += put_absorbers(a, c, x, r.y, end, arm, o);
    if (x + 10 <= end) {
        x += put_figure(c, x, r.y, end - x, "firm", o->firmness);
    }
    if (label[0]) {
        x += canvas_textf(c, x, r.y, end - x, ROLE_VALUE, 0, " %s", label);
    }
    for (size_t i = 1; i < o->n_main && x + 14 <= end; i++) {
        x += canvas_text(c, x, r.y, end - x, i == 1 ? ", then " : " ", ROLE_TEXT, 0);
        x += put_latent(a, c, x, r.y, end - x, arm, o->main_latent[i]);
    }
}

/* Draw one latent per line, below a header. */
static void draw_latents_list(struct app *a, const struct session_view *v,
                              struct canvas *c, struct rect r, size_t arm)
{
    const struct concept_result *o = concepts_result(v, arm, concepts_own(a)->at);
    const char *none = no_latents(o);
    canvas_textf(c, r.x + 1, r.y, 3, arm_role(arm), ATTR_BOLD, "%c",
                 v->cond[arm].letter);
    if (none) {
        canvas_text(c, r.x + 3, r.y, r.w - 3, none, ROLE_DIM, 0);
        return;
    }
    canvas_textf(c, r.x + 3, r.y, r.w - 3, ROLE_TITLE, 0,
                 "latent  own F1 precision recall firmness label");
    for (int i = 0; i < (int)o->n_main && i + 1 < r.h; i++) {
        const int y = r.y + 1 + i;
        const struct firing_fit *f = &o->fit[i];
        put_latent(a, c, r.x + 3, y, 7, arm, o->main_latent[i]);
        canvas_textf(c, r.x + 11, y, r.w - 11, ROLE_TEXT, 0, "%s %s %s %s",
                     NUMBER(NUMBER_PLAIN, 6, 2, (double)f->f1),
                     NUMBER(NUMBER_PLAIN, 9, 2, (double)f->precision),
                     NUMBER(NUMBER_PLAIN, 6, 2, (double)f->recall),
                     NUMBER(NUMBER_PLAIN, 8, 2, i == 0 ? o->firmness : (double)NAN));
        canvas_text(c, r.x + 3 + FIT_W - 2, y, r.w - FIT_W - 1,
                    label_of(v, arm, o->main_latent[i]), ROLE_VALUE, 0);
    }
}

/* Draw the latents side by side if there is room for a line per latent, else a line per
 * condition. Returns the lines used. */
static int draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r, bool wide)
{
    const size_t arms = arms_of(v);
    int most = 0;
    for (size_t arm = 0; arm < arms; arm++) {
        const struct concept_result *o = concepts_result(v, arm, concepts_own(a)->at);
        const int n = o && o->eligible ? (int)o->n_main : 0;
        most = n > most ? n : most;
    }
    if (!wide) {
        for (size_t arm = 0; arm < arms && (int)arm < r.h; arm++) {
            draw_latents_line(a, v, c, (struct rect){r.x, r.y + (int)arm, r.w, 1}, arm);
        }
        return layout_least((int)arms, r.h);
    }
    const int h = layout_least(1 + layout_least(most, 4), r.h);
    const int w = r.w / (int)arms;
    for (size_t arm = 0; arm < arms; arm++) {
        draw_latents_list(a, v, c, (struct rect){r.x + (int)arm * w, r.y, w, h}, arm);
    }
    return h;
}

/* ---- differences ---- */

/* Rank of an effect: established ones come first. */
static int weight_of(const struct verdict_row *r)
{
    return !r || r->d.n == 0               ? 4
           : verdict_direction(r->verdict) ? 0
           : verdict_but_for_holm(r)       ? 1
           : r->verdict == VERDICT_SMALL   ? 2
                                           : 3;
}

/* "A-B F1 -0.12 [-0.20, -0.04] established lower; recall ...": as many as fit, the one
 * sorted by first, then those that say most. */
static void draw_effects(const struct concepts_state *s, struct canvas *c,
                         struct rect r)
{
    int x = r.x + 1 + canvas_text(c, r.x + 1, r.y, r.w - 1, "A-B", ROLE_DIM, 0);
    const size_t first = s->side == SIDE_DIFFERENCE && s->sort >= 0 ? (size_t)s->sort
                                                                    : concept_columns_n;
    bool any = false;
    for (int weight = -1; weight < 4; weight++) {
        for (size_t i = 0; i < concept_columns_n; i++) {
            const struct concept_column *col = &concept_columns[i];
            const struct verdict_row *e = concepts_effect(s, col, s->at);
            char text[160];
            if (i == first ? weight >= 0 : weight_of(e) != weight) {
                continue;
            }
            concepts_effect_text(s, col, s->at, text, sizeof text);
            const int w = canvas_text_width(text);
            if (!text[0] || (any && x + 2 + w > r.x + r.w)) {
                continue;
            }
            x += canvas_text(c, x, r.y, 2, any ? "; " : " ", ROLE_DIM, 0);
            x += canvas_text(c, x, r.y, r.x + r.w - x, text, ROLE_TEXT, 0);
            any = true;
        }
    }
}

/* ---- words ---- */

static enum role verdict_role(enum word_verdict v)
{
    static const enum role role[WORD_VERDICTS] = {[WORD_TOO_RARE] = ROLE_DIM,
                                                  [WORD_PROBE_WRONG] = ROLE_DIM,
                                                  [WORD_HELD] = ROLE_GOOD,
                                                  [WORD_ABSORBED] = ROLE_BAD,
                                                  [WORD_MISSED] = ROLE_WARN};
    return role[v];
}

/* "absorbed 4/5": the verdict of most seeds, and their number. Verdicts that depend on
 * text and model alone are the same for all seeds. */
static void verdict_of(const struct word_seeds *k, char *out, size_t cap)
{
    const enum word_verdict v = word_seeds_verdict(k);
    const char *name = word_verdict_name(v);
    const bool of_text = v == WORD_TOO_RARE || v == WORD_PROBE_WRONG;
    if (k->n < 2 || (of_text && k->says[v] == k->n)) {
        snprintf(out, cap, "%s", name);
    } else {
        snprintf(out, cap, "%s %zu/%zu", name, k->says[v], k->n);
    }
}

/* Draw a word in one condition: how often a main latent fires (mean over seeds), the
 * verdict, and the absorbing latent of the seed shown with its share. */
static void draw_fate(const struct app *a, struct canvas *c, int x, int y,
                      const struct concept_word *w, size_t arm, int by_w, bool cursor)
{
    const struct word_seeds *k = &w->seeds[arm];
    const struct word_result *of = w->of[arm];
    const char *sign = "";
    char text[32], by[24] = "";
    if (k->n == 0) {
        rows_right(c, x, y, FIRES_W - 1, "-", ROLE_DIM, 0);
        return;
    }
    rows_right(c, x, y, FIRES_W - 1, NUMBER(NUMBER_PLAIN, 0, 2, k->fires),
               cursor ? ROLE_SELECT : ROLE_TEXT, 0);
    verdict_of(k, text, sizeof text);
    canvas_text(c, x + FIRES_W + 1, y, VERDICT_W - 1, text,
                cursor ? ROLE_SELECT : verdict_role(word_seeds_verdict(k)), 0);
    if (of && of->absorbed > 0 && of->absorber[0].latent >= 0) {
        int digits = 3;
        sign = concepts_silenced(a, arm, of->absorber[0].latent);
        do { /* all of it, if less exact */
            snprintf(by, sizeof by, "%s#%d %s", sign, of->absorber[0].latent,
                     NUMBER(NUMBER_PLAIN, 0, --digits, word_absorber_share(of, 0)));
        } while (digits > 0 && canvas_text_width(by) > by_w);
    }
    /* Of a word that is held, it absorbed the rest, or part of it. */
    const bool part = by[0] && word_seeds_verdict(k) == WORD_HELD;
    if (part) {
        snprintf(by, sizeof by, "(%s#%d)", sign, of->absorber[0].latent);
    }
    canvas_text(c, x + FIRES_W + VERDICT_W + 1, y, by_w, by,
                cursor ? ROLE_SELECT
                : part ? ROLE_DIM
                       : ROLE_KEY,
                0);
}

static int more(struct rect r)
{
    return r.w >= BROAD ? MORE_W : 0;
}

/* Where the columns of the conditions begin, and how wide each one is. */
static int fates_x(struct rect r)
{
    return r.x + WORD_W + more(r) + COUNT_W + 2;
}

static int fate_w(struct rect r)
{
    return FIRES_W + VERDICT_W + BY_W + more(r);
}

static void draw_word_header(const struct session_view *v, struct canvas *c,
                             struct rect r)
{
    const int y = r.y;
    int x = fates_x(r);
    canvas_text(c, r.x + 2, y, WORD_W, "word", ROLE_TITLE, ATTR_BOLD);
    rows_right(c, x - COUNT_W - 2, y, COUNT_W, "n", ROLE_TITLE, ATTR_BOLD);
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        const size_t seeds = v->cond[arm].n_seeds;
        char by[40], verdict[40] = "verdict";
        snprintf(by, sizeof by, "%s", more(r) ? "by share" : "by");
        if (seeds > 1) {
            snprintf(by, sizeof by, "%sseed %llu", more(r) ? "by, of " : "",
                     (unsigned long long)v->arm[session_view_shown(v, arm)].weights);
            snprintf(verdict, sizeof verdict, "%zu seeds", seeds);
        }
        canvas_textf(c, x, y, 1, arm_role(arm), ATTR_BOLD, "%c", v->cond[arm].letter);
        canvas_text(c, x + 2, y, FIRES_W - 2, "fires", ROLE_TITLE, ATTR_BOLD);
        canvas_text(c, x + FIRES_W + 1, y, VERDICT_W - 2, verdict, ROLE_TITLE,
                    ATTR_BOLD);
        canvas_text(c, x + FIRES_W + VERDICT_W + 1, y, BY_W + more(r) - 1, by,
                    ROLE_TITLE, ATTR_BOLD);
        x += fate_w(r);
    }
}

static void draw_word(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r, const struct concept_word *w,
                      bool cursor)
{
    char text[80], count[24];
    const int name_w = WORD_W + more(r) - 1;
    int x = fates_x(r);
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    names_token_trimmed(&v->names, w->token, text, sizeof text);
    canvas_text(c, r.x + 2, r.y, name_w, text, cursor ? ROLE_SELECT : ROLE_VALUE, 0);
    rows_tint_found(c, r.x + 2, r.y, name_w, text, concepts_own(a)->find);
    text_thousands(count, sizeof count, (int64_t)w->occurrences);
    rows_right(c, x - COUNT_W - 2, r.y, COUNT_W, count,
               cursor ? ROLE_SELECT : ROLE_TEXT, 0);
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        draw_fate(a, c, x, r.y, w, arm, BY_W + more(r) - 1, cursor);
        x += fate_w(r);
    }
}

/* "mostly absorbed: A 2, B 8 of 60 words", in up to `room` columns. */
static void word_counts(const struct app *a, const struct session_view *v, int room,
                        char *out, size_t cap)
{
    const struct concepts_state *s = concepts_own(a);
    static const char whole[] = "mostly absorbed: ";
    const bool short_of_room =
        room < (int)sizeof whole + 26; /* "A 123, B 123 of 123 words" */
    size_t len = 0;
    out[0] = '\0';
    for (size_t arm = 0; s->n_words && arm < arms_of(v) && len < cap; arm++) {
        len += (size_t)snprintf(out + len, cap - len, "%s%c %zu",
                                arm             ? ", "
                                : short_of_room ? "absorbed: "
                                                : whole,
                                v->cond[arm].letter, words_absorbed(a, arm));
    }
    if (s->n_words && len < cap) {
        snprintf(out + len, cap - len, " of %zu words", s->n_words);
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

static void draw_word_list(struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect in)
{
    struct concepts_state *s = concepts_own(a);
    s->words.page = in.h - 1;
    list_set(&s->words, s->n_words, s->words.page);
    if (!s->n_words || in.h < 2) {
        draw_no_words(a, v, c, in);
        return;
    }
    draw_word_header(v, c, (struct rect){in.x, in.y, in.w, 1});
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

/* "words of clothing; latents of seed 1, # next" */
static void title_text(const struct app *a, const struct session_view *v, char *out,
                       size_t cap)
{
    const struct concepts_state *s = concepts_own(a);
    size_t len =
        (size_t)snprintf(out, cap, "words of %.40s", v->names.concept_name[s->at]);
    if (v->cond[0].n_seeds > 1 && len < cap) {
        snprintf(out + len, cap - len, "; latents of seed %llu",
                 (unsigned long long)v->arm[session_view_shown(v, 0)].weights);
    }
}

void concepts_draw_words(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r, bool wide)
{
    struct concepts_state *s = concepts_own(a);
    char title[120] = "words", value[64];
    if (s->at >= 0) {
        title_text(a, v, title, sizeof title);
    }
    word_counts(a, v, r.w - 9 - canvas_text_width(title), value, sizeof value);
    struct rect in = canvas_box(c, r, title, value,
                                *app_focus(a, &screen_concepts) == CONCEPTS_WORDS);
    app_hit(a, r, HIT_PANE, CONCEPTS_WORDS);
    if (s->at < 0) {
        if (!concepts_may_browse(a, v) && !s->hidden) {
            rows_centred(c, rect_inset(in, 2, 0), want_says(WANT_TOLD), ROLE_DIM);
        }
        return;
    }
    const int used = draw_latents(a, v, c, in, wide);
    in.y += used;
    in.h -= used;
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
    draw_word_list(a, v, c, in);
}
