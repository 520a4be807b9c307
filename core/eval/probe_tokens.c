#include "eval/probe_tokens.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* The sample and the OOD sample in one table. */
struct token_table {
    struct probe_table t;
    float *raw;
    size_t *label_start;
    int32_t *label;
    struct sae_codes codes;
};

static void token_table_deinit(struct token_table *k)
{
    mem_free(k->raw);
    mem_free(k->label_start);
    mem_free(k->label);
    sae_codes_deinit(&k->codes);
}

static void copy_sample(struct token_table *k, const struct concept_sample *s,
                        size_t *row, size_t *label)
{
    for (size_t i = 0; i < s->n; i++) {
        memcpy(k->raw + *row * s->D, s->x + i * s->D, s->D * sizeof *k->raw);
        for (size_t j = s->label_start[i]; j < s->label_start[i + 1]; j++) {
            k->label[(*label)++] = s->label[j];
        }
        k->label_start[++*row] = *label;
    }
}

static enum err token_table_init(struct token_table *k, const struct concept_sample *id,
                                 const struct concept_sample *ood,
                                 const struct sae *sae, struct pool *pool,
                                 struct errinfo *e)
{
    const size_t n = id->n + ood->n;
    const size_t labels =
        id->label_start[id->n] + (ood->n ? ood->label_start[ood->n] : 0);
    size_t row = 0, label = 0;
    TRY(mem_new(&k->raw, n, id->D * sizeof *k->raw, "probe inputs", e));
    TRY(mem_new(&k->label_start, n + 1, sizeof *k->label_start, "labels", e));
    TRY(mem_new(&k->label, labels, sizeof *k->label, "labels", e));
    copy_sample(k, id, &row, &label);
    copy_sample(k, ood, &row, &label);
    TRY(sae_encode(sae, k->raw, n, pool, &k->codes, e));
    sae_codes_raw(&k->codes, sae);
    k->t = (struct probe_table){.n_train = id->n_train,
                                .n_test = id->n - id->n_train,
                                .n_ood = ood->n,
                                .D = id->D,
                                .F = sae->F,
                                .raw = k->raw,
                                .start = k->codes.start,
                                .id = k->codes.id,
                                .val = k->codes.val,
                                .balanced = true};
    return OK;
}

/* ---- tasks, one a concept, dealt out to the pool ---- */

struct task_job {
    const struct token_table *k;
    const int32_t *concept_of; /* [n] */
    struct probe_sheet *sheet;
    const atomic_bool *cancel;
    enum err *rc; /* [n] */
};

static void mark(const struct token_table *k, int32_t c, uint8_t *y)
{
    for (size_t i = 0; i < probe_rows(&k->t); i++) {
        for (size_t j = k->label_start[i]; j < k->label_start[i + 1]; j++) {
            y[i] |= k->label[j] == c;
        }
    }
}

static void run_task(void *ctx, size_t at, size_t worker)
{
    const struct task_job *j = ctx;
    uint8_t *y = NULL;
    (void)worker;
    if (j->cancel != NULL && atomic_load(j->cancel)) {
        return;
    }
    j->rc[at] = mem_new(&y, probe_rows(&j->k->t), sizeof *y, "labels", NULL);
    if (j->rc[at] == OK) {
        mark(j->k, j->concept_of[at], y);
        j->rc[at] = probe_sheet_sparse(j->sheet, at, &j->k->t, y, NULL);
    }
    mem_free(y);
}

static enum err sparse_tasks(const struct token_table *k, const int32_t *concept_of,
                             struct probe_sheet *sheet, struct pool *pool,
                             const atomic_bool *cancel, struct errinfo *e)
{
    struct task_job j = {
        .k = k, .concept_of = concept_of, .sheet = sheet, .cancel = cancel};
    enum err rc = OK;
    TRY(mem_new(&j.rc, sheet->n, sizeof *j.rc, "probes", e));
    pool_run(pool, sheet->n, run_task, &j);
    for (size_t i = 0; i < sheet->n && rc == OK; i++) {
        rc = j.rc[i] == OK ? OK : err_set(e, j.rc[i], "probes: %s", err_text(j.rc[i]));
    }
    mem_free(j.rc);
    return rc == OK ? eval_poll(cancel, e) : rc;
}

/* Labels in terms of tasks: concept_of turned round, others dropped. */
static void relabel(struct token_table *k, const int32_t *task_of)
{
    size_t to = 0, from = 0;
    for (size_t i = 0; i < probe_rows(&k->t); i++) {
        const size_t end = k->label_start[i + 1];
        for (; from < end; from++) {
            if (task_of[k->label[from]] >= 0) {
                k->label[to++] = task_of[k->label[from]];
            }
        }
        k->label_start[i + 1] = to;
    }
}

/* The concepts with enough words; of the others how many. task_of [n_concepts]. */
static size_t choose_tasks(const struct concept_sample *s, int32_t *concept_of,
                           int32_t *task_of)
{
    size_t n = 0;
    for (size_t c = 0; c < s->n_concepts; c++) {
        const size_t all = s->member_start[c + 1] - s->member_start[c];
        const size_t train = concept_sample_train_of(s, c);
        const size_t test = all - train;
        const bool enough = train >= TOKEN_TASK_TRAIN && test >= TOKEN_TASK_TEST &&
                            s->n_train - train >= TOKEN_TASK_TRAIN &&
                            s->n - s->n_train - test >= TOKEN_TASK_TEST;
        task_of[c] = enough ? (int32_t)n : -1;
        if (enough) {
            concept_of[n++] = (int32_t)c;
        }
    }
    return n;
}

static enum err dense_tasks(const struct token_table *k, struct probe_sheet *sheet,
                            struct pool *pool, const atomic_bool *cancel,
                            struct errinfo *e)
{
    const size_t n = sheet->n;
    TRY(probe_full(&k->t, n, k->label_start, k->label, PROBE_LATENTS, pool, cancel,
                   sheet->sae, e));
    TRY(probe_full(&k->t, n, k->label_start, k->label, PROBE_RAW, pool, cancel,
                   sheet->raw, e));
    return probe_oracle(&k->t, n, k->label_start, k->label, pool, cancel, sheet->oracle,
                        e);
}

static enum err families(const struct probe_sheet *sheet, const struct concepts *c,
                         struct report *r, struct errinfo *e)
{
    static const char *const prefix[] = {[CONCEPT_LEAF] = "probing.leaf",
                                         [CONCEPT_SUPER] = "probing.super",
                                         [CONCEPT_LETTER] = "probing.letter"};
    bool *use = NULL;
    cJSON *list = cJSON_CreateArray();
    enum err rc = mem_new(&use, sheet->n, sizeof *use, "probes", e);
    for (size_t kind = CONCEPT_LEAF; kind <= CONCEPT_LETTER && rc == OK; kind++) {
        for (size_t i = 0; i < sheet->n; i++) {
            use[i] = c->def[sheet->id[i]].kind == kind;
        }
        rc = probe_sheet_report(sheet, use, "concepts", prefix[kind], r, e);
    }
    mem_free(use);
    for (size_t i = 0; i < sheet->n && list != NULL; i++) {
        cJSON *o = probe_sheet_named(sheet, i);
        (void)cJSON_AddStringToObject(o, "concept", c->def[sheet->id[i]].name);
        (void)cJSON_AddItemToArray(list, o);
    }
    if (rc != OK) {
        cJSON_Delete(list);
        return rc;
    }
    return report_list(r, "probing_concepts", list, e);
}

static enum err run_tokens(struct token_table *k, const struct concept_sample *s,
                           const struct concepts *c, const struct probe_ks *ks,
                           struct pool *pool, const atomic_bool *cancel,
                           struct report *r, struct errinfo *e)
{
    struct probe_sheet sheet = {0};
    int32_t *concept_of = NULL, *task_of = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&concept_of, c->n, sizeof *concept_of, "concepts", e));
    TRY_OUT(rc, mem_new(&task_of, c->n, sizeof *task_of, "concepts", e));
    const size_t n = choose_tasks(s, concept_of, task_of);
    if (n < s->n_concepts) {
        TRY_OUT(rc, report_left_out(r, e, "probing of concepts",
                                    "%zu of %zu have fewer than %d words to learn from "
                                    "or %d to test on",
                                    s->n_concepts - n, s->n_concepts, TOKEN_TASK_TRAIN,
                                    TOKEN_TASK_TEST));
    }
    TRY_OUT(rc, probe_sheet_init(&sheet, ks, n, e));
    memcpy(sheet.id, concept_of, n * sizeof *sheet.id);
    TRY_OUT(rc, sparse_tasks(k, concept_of, &sheet, pool, cancel, e));
    relabel(k, task_of);
    TRY_OUT(rc, dense_tasks(k, &sheet, pool, cancel, e));
    TRY_OUT(rc, families(&sheet, c, r, e));
out:
    probe_sheet_deinit(&sheet);
    mem_free(concept_of);
    mem_free(task_of);
    return rc;
}

enum err probe_tokens(const struct eval_set *set, const struct acts_set *ood,
                      const struct concepts *c, const struct sae *sae,
                      const struct probe_ks *ks, struct pool *pool,
                      const atomic_bool *cancel, struct report *r, struct errinfo *e)
{
    struct concept_sample other = {.D = set->sample.D};
    struct token_table k = {0};
    struct eval_config cfg = set->cfg;
    enum err rc = OK;
    cfg.test_share = 1.0;
    if (set->sample.n_train == 0 || set->sample.n_train == set->sample.n) {
        return report_left_out(r, e, "probing of concepts",
                               "no concept words in the evaluation text");
    }
    if (ood != NULL) {
        TRY_OUT(rc, concept_sample_init(&other, &cfg, ood, c, e));
    }
    TRY_OUT(rc, token_table_init(&k, &set->sample, &other, sae, pool, e));
    TRY_OUT(rc, run_tokens(&k, &set->sample, c, ks, pool, cancel, r, e));
out:
    token_table_deinit(&k);
    concept_sample_deinit(&other);
    return rc;
}
