#include "eval/concept_table.h"

#include "base/file.h"
#include "base/mem.h"
#include "measure/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

static enum err table_new(size_t n, size_t n_words, struct concept_table **out,
                          struct errinfo *e)
{
    static const char what[] = "concepts";
    struct concept_table *t = NULL;
    enum err rc = OK;
    TRY(mem_new(&t, 1, sizeof *t, what, e));
    atomic_init(&t->refs, 1);
    t->rule = absorption_rule_default();
    t->n = n;
    t->n_words = n_words;
    TRY_OUT(rc, mem_new(&t->row, n, sizeof *t->row, what, e));
    TRY_OUT(rc, mem_new(&t->word, n_words, sizeof *t->word, what, e));
    TRY_OUT(rc, mem_new(&t->word_start, n + 1, sizeof *t->word_start, what, e));
    *out = t;
    return OK;
out:
    concept_table_unref(t);
    return rc;
}

/* Finds where the words of each concept begin; they are in order. */
static void start_words(struct concept_table *t)
{
    for (size_t c = 0, w = 0; c < t->n; c++) {
        while (w < t->n_words && (size_t)t->word[w].concept == c) {
            w++;
        }
        t->word_start[c + 1] = w;
    }
}

enum err concept_table_new(const struct eval_result *r, struct concept_table **out,
                           struct errinfo *e)
{
    struct concept_table *t = NULL;
    TRY(table_new(r->n_concepts, r->n_words, &t, e));
    t->step = r->step;
    if (t->n > 0) {
        memcpy(t->row, r->concept, t->n * sizeof *t->row);
    }
    if (t->n_words > 0) {
        memcpy(t->word, r->word, t->n_words * sizeof *t->word);
    }
    start_words(t);
    t->evidence = r->evidence != NULL ? absorption_evidence_ref(r->evidence) : NULL;
    *out = t;
    return OK;
}

/* ---- from a file ---- */

/* Reads F1, precision and recall of each main latent; files may predate them. */
static enum err read_fits(struct json_at at, const cJSON *o, struct concept_result *r,
                          struct errinfo *e)
{
    const cJSON *list = NULL, *item = NULL;
    size_t n = 0;
    TRY(json_arr(at, o, "main_latent_fits", false, &list, e));
    cJSON_ArrayForEach(item, list)
    {
        double x[3] = {-1.0, -1.0, -1.0};
        for (int i = 0; i < 3 && cJSON_GetArraySize(item) == 3; i++) {
            const cJSON *v = cJSON_GetArrayItem(item, i);
            x[i] = cJSON_IsNumber(v) ? v->valuedouble : -1.0;
        }
        for (int i = 0; i < 3; i++) {
            if (n == r->n_main || !(x[i] >= 0.0) || !(x[i] <= 1.0)) {
                return err_set(e, ERR_FORMAT,
                               "%s: %s.main_latent_fits: expected three numbers from 0 "
                               "to 1 of each main latent",
                               at.file, at.path);
            }
        }
        r->fit[n++] = (struct firing_fit){(float)x[0], (float)x[1], (float)x[2]};
    }
    return OK;
}

static enum err read_latents(struct json_at at, const cJSON *o, size_t F,
                             struct concept_result *r, struct errinfo *e)
{
    const cJSON *list = NULL, *item = NULL;
    TRY(json_arr(at, o, "main_latents", true, &list, e));
    cJSON_ArrayForEach(item, list)
    {
        if (r->n_main == EVAL_MAX_MAIN || !cJSON_IsNumber(item) ||
            !(item->valuedouble >= 0.0) || !(item->valuedouble < (double)F)) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s.main_latents: expected at most %d latents below %zu",
                           at.file, at.path, EVAL_MAX_MAIN, F);
        }
        r->main_latent[r->n_main++] = (int32_t)item->valuedouble;
    }
    TRY(read_fits(at, o, r, e));
    size_t n = 0;
    TRY(json_arr(at, o, "absorbers", true, &list, e));
    cJSON_ArrayForEach(item, list)
    {
        int64_t latent = -1;
        if (n == EVAL_ABSORBERS) {
            break;
        }
        TRY(json_int(at, item, "latent", true, 0, (int64_t)F - 1, &latent, e));
        TRY(json_num(at, item, "share", true, 0.0, 1.0, &r->absorber_share[n], e));
        r->absorber[n++] = (int32_t)latent;
    }
    return OK;
}

static enum err read_concept(struct json_at at, const cJSON *o, size_t F,
                             struct concept_result *r, struct errinfo *e)
{
    int64_t right = 0;
    const struct {
        const char *key;
        double *to;
    } share[] = {{"probe_f1", &r->probe_f1},
                 {measure_leaf(METRIC_ABSORPTION), &r->full},
                 {measure_leaf(METRIC_ABS_FRACTION), &r->fraction},
                 {measure_leaf(METRIC_RECALL), &r->recall},
                 {measure_leaf(METRIC_F1_BEST), &r->f1_best},
                 {measure_leaf(METRIC_F1_HELDOUT), &r->f1_heldout},
                 {measure_leaf(METRIC_FIRMNESS), &r->firmness}};
    TRY(json_num(at, o, measure_leaf(METRIC_SPREAD), false, 1.0, EVAL_MAX_MAIN,
                 &r->spread, e));
    TRY(json_bool(at, o, "eligible", true, &r->eligible, e));
    TRY(json_int(at, o, measure_leaf(METRIC_TRUE_POS), true, 0, INT64_C(1) << 53,
                 &right, e));
    r->true_positives = (size_t)right;
    for (size_t i = 0; i < sizeof share / sizeof share[0]; i++) {
        TRY(json_num(at, o, share[i].key, false, 0.0, 1.0, share[i].to, e));
    }
    return read_latents(at, o, F, r, e);
}

/* ---- words ---- */

enum { WORD_FIELDS = 7, ABSORBER_FIELDS = 3 };
enum { WORD_NUMBERS = WORD_FIELDS + ABSORBER_FIELDS * EVAL_ABSORBERS };

static enum err wrong_word(struct json_at at, const char *what, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: %s.words: expected %s", at.file, at.path, what);
}

/* Reads numbers, of which only the fraction may be null. *n of them. */
static enum err read_numbers(struct json_at at, const cJSON *list,
                             double x[WORD_NUMBERS], size_t *n, struct errinfo *e)
{
    const cJSON *item = NULL;
    *n = 0;
    cJSON_ArrayForEach(item, list)
    {
        const bool null = cJSON_IsNull(item) && *n == WORD_FIELDS - 1;
        if (*n == WORD_NUMBERS ||
            (!null && (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)))) {
            return wrong_word(at, "lists of 7, 10, 13 or 16 numbers", e);
        }
        x[(*n)++] = null ? (double)NAN : item->valuedouble;
    }
    return cJSON_IsArray(list) && *n >= WORD_FIELDS &&
                   (*n - WORD_FIELDS) % ABSORBER_FIELDS == 0
               ? OK
               : wrong_word(at, "lists of 7, 10, 13 or 16 numbers", e);
}

static bool is_count(double v, double most)
{
    return v >= 0.0 && v <= most && v <= floor(v);
}

/* Whether the counts can be a word's, and the latents exist. */
static bool holds_together(const double x[WORD_NUMBERS], size_t n, size_t vocab,
                           size_t F)
{
    bool fine = is_count(x[0], (double)vocab - 1.0) && is_count(x[1], 9e15) &&
                is_count(x[2], x[1]) && is_count(x[3], x[1]) && is_count(x[4], x[3]) &&
                x[4] <= x[2] && is_count(x[5], x[3] - x[4]) &&
                !(x[6] < 0.0 || x[6] > 1.0);
    for (size_t i = WORD_FIELDS; i < n; i += ABSORBER_FIELDS) {
        fine = fine && is_count(x[i], (double)F - 1.0) && is_count(x[i + 1], x[5]);
    }
    return fine;
}

static enum err read_word(struct json_at at, const cJSON *list, size_t vocab, size_t F,
                          struct word_result *w, struct errinfo *e)
{
    double x[WORD_NUMBERS];
    size_t n = 0;
    TRY(read_numbers(at, list, x, &n, e));
    if (!holds_together(x, n, vocab, F)) {
        return wrong_word(at, "a token, counts that go together, latents of the SAE",
                          e);
    }
    w->token = (int32_t)x[0];
    w->occurrences = (size_t)x[1];
    w->fires = (size_t)x[2];
    w->right = (size_t)x[3];
    w->held = (size_t)x[4];
    w->absorbed = (size_t)x[5];
    w->fraction = x[6];
    for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
        const size_t from = WORD_FIELDS + i * ABSORBER_FIELDS;
        w->absorber[i] = from < n
                             ? (struct word_absorber){(int32_t)x[from],
                                                      (size_t)x[from + 1], x[from + 2]}
                             : (struct word_absorber){.latent = -1};
    }
    w->verdict = word_verdict(w, WORD_LEAST);
    return OK;
}

/* Reads the words of a concept, after those that the table has; there is room. */
static enum err read_words(struct json_at at, const cJSON *o, const struct concepts *c,
                           size_t F, int concept, struct concept_table *t,
                           struct errinfo *e)
{
    const cJSON *list = NULL, *item = NULL;
    TRY(json_arr(at, o, "words", false, &list, e));
    t->lacks_words = t->lacks_words && list == NULL;
    cJSON_ArrayForEach(item, list)
    {
        struct word_result *w = &t->word[t->n_words++];
        w->concept = (int32_t) concept;
        TRY(read_word(at, item, c->vocab, F, w, e));
    }
    return OK;
}

static int by_concept(const void *a, const void *b)
{
    const struct word_result *x = a, *y = b;
    return x->concept != y->concept
               ? (x->concept > y->concept) - (x->concept < y->concept)
               : (x->token > y->token) - (x->token < y->token);
}

/* Sorts the words; each must occur once. */
static enum err sort_words(const char *path, struct concept_table *t, struct errinfo *e)
{
    if (t->n_words > 1) {
        qsort(t->word, t->n_words, sizeof *t->word, by_concept);
    }
    for (size_t i = 1; i < t->n_words; i++) {
        if (by_concept(&t->word[i - 1], &t->word[i]) == 0) {
            return err_set(e, ERR_FORMAT,
                           "%s: concepts: a word twice, expected it once", path);
        }
    }
    start_words(t);
    return OK;
}

/* ---- the whole ---- */

/* Counts the words in all lists, which bounds those read. */
static size_t words_in(const cJSON *list)
{
    size_t n = 0;
    const cJSON *o = NULL;
    cJSON_ArrayForEach(o, list)
    {
        const cJSON *words = cJSON_GetObjectItemCaseSensitive(o, "words");
        n += cJSON_IsArray(words) ? (size_t)cJSON_GetArraySize(words) : 0;
    }
    return n;
}

static enum err read_list(struct json_at at, const cJSON *list,
                          const struct concepts *c, size_t F, struct concept_table *t,
                          struct errinfo *e)
{
    const cJSON *o = NULL;
    cJSON_ArrayForEach(o, list)
    {
        const char *name = "", *kind = "";
        TRY(json_str(at, o, "concept", true, &name, e));
        TRY(json_str(at, o, "kind", true, &kind, e));
        const int i = concepts_named(c, name, kind);
        if (i >= 0) {
            const struct json_at in = {at.file, c->def[i].name};
            t->row[i] = concept_result_none((int32_t)i);
            TRY(read_concept(in, o, F, &t->row[i], e));
            TRY(read_words(in, o, c, F, i, t, e));
        }
    }
    return sort_words(at.file, t, e);
}

enum err concept_table_read(const cJSON *root, const char *path,
                            const struct concepts *c, size_t F,
                            struct concept_table **out, struct errinfo *e)
{
    struct concept_table *t = NULL;
    const cJSON *list = NULL;
    const struct json_at at = {path, ""};
    enum err rc = OK;
    *out = NULL;
    TRY(json_arr(at, root, "concepts", false, &list, e));
    if (list == NULL) {
        return OK;
    }
    TRY(table_new(c->n_probed, words_in(list), &t, e));
    t->n_words = 0;
    t->lacks_words = true;
    for (size_t i = 0; i < t->n; i++) {
        t->row[i] = concept_result_none((int32_t)i);
    }
    TRY_OUT(rc, json_int(at, root, "step", false, 0, INT64_MAX, &t->step, e));
    TRY_OUT(rc, read_list((struct json_at){path, "concepts"}, list, c, F, t, e));
    *out = t;
    t = NULL;
out:
    concept_table_unref(t);
    return rc;
}

enum err concept_table_load(const char *path, const struct concepts *c, size_t F,
                            struct concept_table **out, struct errinfo *e)
{
    cJSON *root = NULL;
    *out = NULL;
    if (!file_exists(path)) {
        return OK;
    }
    TRY(json_load(path, FILE_MAX, &root, e));
    const enum err rc = concept_table_read(root, path, c, F, out, e);
    cJSON_Delete(root);
    return rc;
}

/* ---- another rule ---- */

enum err concept_table_judge(struct concept_table *t,
                             const struct absorption_rule *rule,
                             struct concept_table **out, struct errinfo *e)
{
    struct concept_table *plain = t->plain != NULL ? t->plain : t, *r = NULL;
    if (plain->evidence == NULL || absorption_rule_same(rule, &t->rule)) {
        *out = concept_table_ref(t);
        return OK;
    }
    if (absorption_rule_same(rule, &plain->rule)) {
        *out = concept_table_ref(plain);
        return OK;
    }
    TRY(table_new(plain->n, plain->n_words, &r, e));
    r->step = plain->step;
    r->rule = *rule;
    memcpy(r->row, plain->row, plain->n * sizeof *r->row);
    if (plain->n_words > 0) {
        memcpy(r->word, plain->word, plain->n_words * sizeof *r->word);
    }
    start_words(r);
    r->evidence = absorption_evidence_ref(plain->evidence);
    r->plain = concept_table_ref(plain);
    const enum err rc =
        absorption_rule_apply(rule, r->evidence, r->word, r->row, r->n, e);
    if (rc != OK) {
        concept_table_unref(r);
        return rc;
    }
    *out = r;
    return OK;
}

/* ---- sharing ---- */

struct concept_table *concept_table_ref(struct concept_table *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void concept_table_unref(struct concept_table *t)
{
    if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
        mem_free(t->row);
        mem_free(t->word);
        mem_free(t->word_start);
        absorption_evidence_unref(t->evidence);
        concept_table_unref(t->plain);
        mem_free(t);
    }
}
