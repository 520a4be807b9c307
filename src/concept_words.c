#include "concept_words.h"

#include "base/number.h"
#include "base/utf8.h"
#include "cmd.h"
#include "eval/words.h"
#include "measure/measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

/* Files may hold anything: to these functions a member of the wrong kind is missing. */
static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = member(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static double number_of(const cJSON *o, const char *key)
{
    const cJSON *v = member(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static double figure_of(const cJSON *concept, enum metric m)
{
    return number_of(concept, measure_leaf(m));
}

static bool is_named(const cJSON *o, const char *name, const char *kind)
{
    return strcmp(text_of(o, "concept"), name) == 0 &&
           (kind == NULL || strcmp(text_of(o, "kind"), kind) == 0);
}

const cJSON *concept_find(const cJSON *eval, const char *name, const char *kind)
{
    const cJSON *o = NULL;
    cJSON_ArrayForEach(o, member(eval, "concepts"))
    {
        if (is_named(o, name, kind)) {
            return o;
        }
    }
    return NULL;
}

int64_t concept_best_latent(const cJSON *concept)
{
    const cJSON *v = cJSON_GetArrayItem(member(concept, "main_latents"), 0);
    const bool fine =
        cJSON_IsNumber(v) && v->valuedouble >= 0.0 && v->valuedouble <= 2147483647.0;
    return fine ? (int64_t)v->valuedouble : -1;
}

/* How well main latent i tells the concept by firing; NaN in files from before that was
 * measured. */
enum fit { FIT_F1, FIT_PRECISION, FIT_RECALL };
static double fit_of(const cJSON *concept, int i, enum fit which)
{
    const cJSON *v = cJSON_GetArrayItem(
        cJSON_GetArrayItem(member(concept, "main_latent_fits"), i), (int)which);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* The word's entry in another arm, by its token. */
static const cJSON *same_word(const cJSON *eval, const char *concept, const cJSON *word)
{
    const double token = number_of(word, "token");
    const cJSON *o = NULL;
    cJSON_ArrayForEach(o, member(eval, "words"))
    {
        const double v = number_of(o, "token");
        if (is_named(o, concept, NULL) && v <= token && v >= token) {
            return o;
        }
    }
    return NULL;
}

static enum err unknown(const struct arm_evals *a, const char *name, struct errinfo *e)
{
    struct str some;
    const cJSON *o = NULL;
    size_t n = 0;
    str_init(&some, 4096);
    cJSON_ArrayForEach(o, member(a->arm[0].eval, "concepts"))
    {
        if (n++ < 12) {
            str_addf(&some, "%s%s", n > 1 ? ", " : "", text_of(o, "concept"));
        }
    }
    (void)err_set(e, ERR_USAGE, "--concept: found '%.60s', expected one of %zu: %s%s",
                  name, n, some.len > 0 ? some.p : "none", n > 12 ? ", ..." : "");
    str_free(&some);
    return ERR_USAGE;
}

/* ---- JSON ---- */

static void add_number(struct str *out, const char *key, double v)
{
    str_addf(out, ", \"%s\": ", key);
    json_add_number(out, v);
}

static void add_text(struct str *out, const char *key, const char *v)
{
    str_addf(out, "\"%s\": ", key);
    json_add_string(out, v, strlen(v));
}

static void add_word_json(const cJSON *w, struct str *out)
{
    const cJSON *by = cJSON_GetArrayItem(member(w, "absorbers"), 0);
    str_addc(out, '{');
    add_text(out, "word", text_of(w, "word"));
    add_number(out, "token", number_of(w, "token"));
    add_number(out, "occurrences", number_of(w, "occurrences"));
    add_number(out, measure_leaf(METRIC_TRUE_POS),
               number_of(w, measure_leaf(METRIC_TRUE_POS)));
    add_number(out, "main_latent_fires", number_of(w, "main_latent_fires"));
    str_add(out, ", ");
    add_text(out, "verdict", text_of(w, "verdict"));
    add_number(out, "absorbed", number_of(w, "absorbed"));
    add_number(out, "absorber", number_of(by, "latent"));
    add_number(out, "share", number_of(by, "share"));
    str_addc(out, '}');
}

/* Add a concept's latents: the main ones, best first, then those that absorb its
 * words. */
static void add_latents_json(const cJSON *concept, struct str *out)
{
    const cJSON *v = NULL;
    bool any = false;
    int i = 0;
    cJSON_ArrayForEach(v, member(concept, "main_latents"))
    {
        str_addf(out, "%s{\"latent\": ", any ? ", " : "");
        json_add_number(out, cJSON_IsNumber(v) ? v->valuedouble : (double)NAN);
        str_add(out, ", \"role\": \"main\"");
        add_number(out, "f1_firing", fit_of(concept, i, FIT_F1));
        add_number(out, "precision", fit_of(concept, i, FIT_PRECISION));
        add_number(out, "recall", fit_of(concept, i++, FIT_RECALL));
        if (!any) { /* with one arm these are known */
            add_number(out, "f1", figure_of(concept, METRIC_F1_BEST));
            add_number(out, "firmness", figure_of(concept, METRIC_FIRMNESS));
        }
        str_addc(out, '}');
        any = true;
    }
    cJSON_ArrayForEach(v, member(concept, "absorbers"))
    {
        str_addf(out, "%s{\"latent\": ", any ? ", " : "");
        json_add_number(out, number_of(v, "latent"));
        str_add(out, ", \"role\": \"absorber\"");
        add_number(out, "share", number_of(v, "share"));
        str_addc(out, '}');
        any = true;
    }
}

static void add_arm_json(const struct arm_evals *a, size_t i, const char *name,
                         struct str *out)
{
    static const enum metric figures[] = {METRIC_F1_HELDOUT, METRIC_SPREAD,
                                          METRIC_RECALL, METRIC_ABSORPTION,
                                          METRIC_ABS_FRACTION};
    const struct arm_eval *x = &a->arm[i];
    const cJSON *concept = concept_find(x->eval, name, NULL), *w = NULL;
    const struct condition *c = &a->conditions.at[a->conditions.of[i]];
    bool any = false;
    str_addf(out, "{\"name\": \"%c\", ", c->letter);
    add_text(out, "settings", c->settings);
    str_add(out, ", ");
    add_text(out, "run", x->dir);
    str_add(out, ", ");
    add_text(out, "seed", a->conditions.seed[i]);
    for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
        add_number(out, measure_leaf(figures[f]), figure_of(concept, figures[f]));
    }
    str_add(out, ", \"latents\": [");
    add_latents_json(concept, out);
    str_add(out, "],\n \"words\": [");
    cJSON_ArrayForEach(w, member(x->eval, "words"))
    {
        if (is_named(w, name, NULL)) {
            str_add(out, any ? ",\n  " : "\n  ");
            add_word_json(w, out);
            any = true;
        }
    }
    str_add(out, "]}");
}

/* ---- text ---- */

static void add_arm_text(const struct arm_evals *a, size_t i, const char *name,
                         struct str *out)
{
    const cJSON *concept = concept_find(a->arm[i].eval, name, NULL), *v = NULL;
    const struct condition *c = &a->conditions.at[a->conditions.of[i]];
    bool any = false;
    struct str text;
    str_init(&text, 1 << 16);
    str_addf(&text, "%c  %s  seed %s:", c->letter, c->settings, a->conditions.seed[i]);
    cJSON_ArrayForEach(v, member(concept, "main_latents"))
    {
        str_addf(&text, "%s %.0f", any ? "," : " latents",
                 cJSON_IsNumber(v) ? v->valuedouble : (double)NAN);
        if (!any) {
            str_addf(&text, " (best F1 %s",
                     NUMBER(NUMBER_PLAIN, 0, 3, figure_of(concept, METRIC_F1_BEST)));
            if (isfinite(fit_of(concept, 0, FIT_PRECISION))) {
                str_addf(&text, ", precision %s, recall %s",
                         NUMBER(NUMBER_PLAIN, 0, 3, fit_of(concept, 0, FIT_PRECISION)),
                         NUMBER(NUMBER_PLAIN, 0, 3, fit_of(concept, 0, FIT_RECALL)));
            }
            str_addf(&text, ", firmness %s)",
                     NUMBER(NUMBER_PLAIN, 0, 2, figure_of(concept, METRIC_FIRMNESS)));
        }
        any = true;
    }
    str_addf(&text, "%s; F1cv %s, spread %s, recall %s, absorb %s, frac %s",
             any ? "" : " no latents",
             NUMBER(NUMBER_PLAIN, 0, 3, figure_of(concept, METRIC_F1_HELDOUT)),
             NUMBER(NUMBER_PLAIN, 0, 0, figure_of(concept, METRIC_SPREAD)),
             NUMBER(NUMBER_PLAIN, 0, 3, figure_of(concept, METRIC_RECALL)),
             NUMBER(NUMBER_PLAIN, 0, 3, figure_of(concept, METRIC_ABSORPTION)),
             NUMBER(NUMBER_PLAIN, 0, 3, figure_of(concept, METRIC_ABS_FRACTION)));
    str_wrap(out, text.len > 0 ? text.p : "", 0, 3);
    str_free(&text);
}

/* Add "12/20 absorbed by 324 (1.00)": on how many of the occurrences that the probe
 * gets right a main latent fires, the verdict, the first absorber with its share of
 * what is absorbed. */
static void add_fate(const cJSON *w, struct str *out)
{
    const cJSON *by = cJSON_GetArrayItem(member(w, "absorbers"), 0);
    char text[96], verdict[24];
    int n = snprintf(verdict, sizeof verdict, "%s", text_of(w, "verdict"));
    for (int i = 0; verdict[i] != '\0'; i++) { /* it is from a file */
        verdict[i] = verdict[i] >= ' ' && verdict[i] <= '~' ? verdict[i] : '?';
    }
    n = snprintf(
        text, sizeof text, "%s/%s %s",
        NUMBER(NUMBER_PLAIN, 0, 0, number_of(w, "main_latent_fires")),
        NUMBER(NUMBER_PLAIN, 0, 0, number_of(w, measure_leaf(METRIC_TRUE_POS))),
        verdict);
    if (by != NULL && n > 0 && (size_t)n < sizeof text) {
        (void)snprintf(text + n, sizeof text - (size_t)n, " by %s (%s)",
                       NUMBER(NUMBER_PLAIN, 0, 0, number_of(by, "latent")),
                       NUMBER(NUMBER_PLAIN, 0, 2, number_of(by, "share")));
    }
    str_add(out, w != NULL ? text : "-");
}

/* ---- over the seeds of a condition ---- */

static size_t arms_in(const struct arm_evals *a, size_t k)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        n += a->conditions.of[i] == k;
    }
    return n;
}

/* Verdicts of a condition's seeds on a word. A seed that does not list the word has
 * none. */
struct agreement {
    size_t seeds, n; /* of the condition, and of them that list it */
    size_t says[WORD_VERDICTS];
    double fires;          /* share of occurrences on which a main latent fires, mean */
    const cJSON *absorber; /* of the first seed; NULL: none */
};

static struct agreement agreement_of(const struct arm_evals *a, size_t k,
                                     const char *name, const cJSON *word)
{
    struct agreement g = {.seeds = arms_in(a, k)};
    for (size_t i = 0; i < a->n; i++) {
        const cJSON *w =
            a->conditions.of[i] == k ? same_word(a->arm[i].eval, name, word) : NULL;
        const double fires =
            number_of(w, "main_latent_fires") / number_of(w, "occurrences");
        if (w == NULL) {
            continue;
        }
        if (i == a->conditions.at[k].arm) {
            g.absorber = cJSON_GetArrayItem(member(w, "absorbers"), 0);
        }
        g.n++;
        g.fires += (fires - g.fires) / (double)g.n;
        for (size_t v = 0; v < WORD_VERDICTS; v++) {
            const char *is = word_verdict_name((enum word_verdict)v);
            g.says[v] += strcmp(text_of(w, "verdict"), is) == 0;
        }
    }
    return g;
}

/* Add "0.05 absorbed 4/5, held 1/5, by 21 (1.00)": each verdict with the number of
 * seeds that give it, the most common first. */
static void add_fates(const struct agreement *g, struct str *out)
{
    struct str text;
    bool any = false;
    str_init(&text, 4096);
    str_add(&text, NUMBER(NUMBER_PLAIN, 4, 2, g->n > 0 ? g->fires : (double)NAN));
    for (size_t many = g->seeds; many > 0; many--) {
        for (size_t v = 0; v < WORD_VERDICTS; v++) {
            if (g->says[v] == many) {
                str_addf(&text, "%s%s %zu/%zu", any ? ", " : " ",
                         word_verdict_name((enum word_verdict)v), many, g->seeds);
                any = true;
            }
        }
    }
    if (g->absorber != NULL) {
        str_addf(&text, ", by %s (%s)",
                 NUMBER(NUMBER_PLAIN, 0, 0, number_of(g->absorber, "latent")),
                 NUMBER(NUMBER_PLAIN, 0, 2, number_of(g->absorber, "share")));
    }
    str_add(out, text.len > 0 ? text.p : "-");
    str_free(&text);
}

static void add_agreement_json(const struct arm_evals *a, const char *name,
                               const cJSON *word, struct str *out)
{
    static const char *const key[WORD_VERDICTS] = {[WORD_TOO_RARE] = "too_rare",
                                                   [WORD_PROBE_WRONG] = "probe_wrong",
                                                   [WORD_HELD] = "held",
                                                   [WORD_ABSORBED] = "absorbed",
                                                   [WORD_MISSED] = "missed"};
    str_addc(out, '{');
    add_text(out, "word", text_of(word, "word"));
    add_number(out, "token", number_of(word, "token"));
    str_add(out, ", \"conditions\": [");
    for (size_t k = 0; k < a->conditions.n; k++) {
        const struct agreement g = agreement_of(a, k, name, word);
        str_addf(out, "%s{\"name\": \"%c\", \"seeds\": %zu", k > 0 ? ", " : "",
                 a->conditions.at[k].letter, g.n);
        for (size_t v = 0; v < WORD_VERDICTS; v++) {
            str_addf(out, ", \"%s\": %zu", key[v], g.says[v]);
        }
        add_number(out, "main_latent_fires", g.n > 0 ? g.fires : (double)NAN);
        str_addc(out, '}');
    }
    str_add(out, "]}");
}

/* Add the words that the first arm lists, as the text output does. */
static void add_agreements_json(const struct arm_evals *a, const char *name,
                                struct str *out)
{
    const cJSON *w = NULL;
    bool any = false;
    str_add(out, "],\n\"agreement\": [");
    cJSON_ArrayForEach(w, member(a->arm[0].eval, "words"))
    {
        if (is_named(w, name, NULL)) {
            str_add(out, any ? ",\n  " : "\n  ");
            add_agreement_json(a, name, w, out);
            any = true;
        }
    }
}

/* Add what became of a word in a condition. */
static void add_cell(const struct arm_evals *a, size_t k, const char *name,
                     const cJSON *w, struct str *out)
{
    if (arms_in(a, k) > 1) {
        const struct agreement g = agreement_of(a, k, name, w);
        add_fates(&g, out);
    } else {
        add_fate(same_word(a->arm[a->conditions.at[k].arm].eval, name, w), out);
    }
}

static void add_title(const struct arm_evals *a, size_t k, struct str *out)
{
    const struct conditions *c = &a->conditions;
    const char *first = c->seed[c->at[k].arm];
    if (arms_in(a, k) > 1) {
        str_addf(out, "%c, %zu seeds; by: seed %s", c->at[k].letter, arms_in(a, k),
                 first);
    } else {
        str_addf(out, "%c, seed %s", c->at[k].letter, first);
    }
}

enum { WORD_W = 20, TIMES_W = 6, BESIDE_W = 32, BESIDE_SEEDS_W = 44 };

/* Add what is beside a word, column by column; with conditions below each other each
 * has its own line, with its letter. */
static void add_row(const struct arm_evals *a, bool below, const char *name,
                    const cJSON *w, struct str *out)
{
    struct str cell;
    str_init(&cell, 4096);
    for (size_t k = 0; k < a->conditions.n; k++) {
        str_clear(&cell);
        if (w != NULL) {
            add_cell(a, k, name, w, &cell);
        } else {
            add_title(a, k, &cell);
        }
        const char *text = cell.len > 0 ? cell.p : "";
        if (!below) {
            str_addf(out, "  %-*s", arms_in(a, k) > 1 ? BESIDE_SEEDS_W : BESIDE_W,
                     text);
            continue;
        }
        str_addf(out, "%*s  ", k > 0 ? WORD_W + TIMES_W : 0, "");
        if (w != NULL) {
            str_addf(out, "%c ", a->conditions.at[k].letter);
        }
        str_wrap(out, text, WORD_W + TIMES_W + 4, WORD_W + TIMES_W + 4);
    }
    if (!below) {
        str_addc(out, '\n');
    }
    str_free(&cell);
}

/* Add words as rows, with conditions as columns if these fit. */
static void add_words_text(const struct arm_evals *a, const char *name, struct str *out)
{
    const cJSON *w = NULL;
    size_t width = WORD_W + TIMES_W;
    bool seeds = false;
    for (size_t k = 0; k < a->conditions.n; k++) {
        width += arms_in(a, k) > 1 ? BESIDE_SEEDS_W + 2 : BESIDE_W + 2;
        seeds = seeds || arms_in(a, k) > 1;
    }
    const size_t columns = cmd_columns(STDOUT_FILENO);
    const bool below = columns > 0 && width > columns;
    str_addf(out, "\n%-*s %*s", WORD_W, "word", TIMES_W - 1, "times");
    add_row(a, below, name, NULL, out);
    cJSON_ArrayForEach(w, member(a->arm[0].eval, "words"))
    {
        struct str word;
        if (!is_named(w, name, NULL)) {
            continue;
        }
        str_init(&word, 4096);
        utf8_escape(&word, text_of(w, "word"), strlen(text_of(w, "word")));
        str_addf(out, "%-*.*s %s", WORD_W, WORD_W, word.len > 0 ? word.p : "",
                 NUMBER(NUMBER_PLAIN, TIMES_W - 1, 0, number_of(w, "occurrences")));
        str_free(&word);
        add_row(a, below, name, w, out);
    }
    str_addc(out, '\n');
    if (seeds) {
        str_wrap(out,
                 "The first number: on what share of its occurrences a main latent "
                 "fires, mean of the seeds. 4/5: so many of the condition's seeds say "
                 "so. Behind the absorber: its share of what that seed's absorb.",
                 0, 0);
    } else {
        str_wrap(out,
                 "Of the held-out occurrences that the raw probe gets right, a main "
                 "latent fires on the first number. Behind the absorber: its share of "
                 "those that are absorbed.",
                 0, 0);
    }
}

enum err concept_words(const struct arm_evals *a, const char *name, bool json,
                       struct str *out, struct errinfo *e)
{
    if (concept_find(a->arm[0].eval, name, NULL) == NULL) {
        return unknown(a, name, e);
    }
    if (json) {
        str_add(out, "{\"concept\": ");
        json_add_string(out, name, strlen(name));
        str_add(out, ", \"conditions\": [");
    }
    for (size_t i = 0; i < a->n; i++) {
        if (json) {
            str_add(out, i > 0 ? ",\n" : "\n");
            add_arm_json(a, i, name, out);
        } else {
            add_arm_text(a, i, name, out);
        }
    }
    if (json) {
        add_agreements_json(a, name, out);
        str_add(out, "\n]}\n");
    } else {
        add_words_text(a, name, out);
    }
    return OK;
}
