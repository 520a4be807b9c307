#include "eval/probe_tokens.h"

#include "base/mem.h"
#include "measure/wants.h"

#include <stdio.h>
#include <string.h>

static size_t rows_of(const struct token_tasks *t)
{
    return t->n_train + t->n_test + t->n_ood;
}

/* ---- the rows ---- */

static void copy_sample(struct token_tasks *t, const struct concept_sample *s,
                        size_t *row, size_t *label)
{
    for (size_t i = 0; i < s->n; i++) {
        memcpy(t->raw + *row * s->D, s->x + i * s->D, s->D * sizeof *t->raw);
        t->at[*row] = s->at[i];
        for (size_t j = s->label_start[i]; j < s->label_start[i + 1]; j++) {
            t->concept[(*label)++] = s->label[j];
        }
        t->concept_start[++*row] = *label;
    }
}

/* Copies the sample and the OOD sample together. */
static enum err copy_rows(struct token_tasks *t, const struct concept_sample *id,
                          const struct concept_sample *ood, struct errinfo *e)
{
    const size_t n = id->n + ood->n;
    const size_t labels =
        id->label_start[id->n] + (ood->n ? ood->label_start[ood->n] : 0);
    size_t row = 0, label = 0;
    t->n_train = id->n_train;
    t->n_test = id->n - id->n_train;
    t->n_ood = ood->n;
    t->D = id->D;
    t->n_concepts = id->n_concepts;
    TRY(mem_new(&t->raw, n, id->D * sizeof *t->raw, "probe inputs", e));
    TRY(mem_new(&t->at, n, sizeof *t->at, "probe inputs", e));
    TRY(mem_new(&t->concept_start, n + 1, sizeof *t->concept_start, "labels", e));
    TRY(mem_new(&t->concept, labels, sizeof *t->concept, "labels", e));
    TRY(mem_new(&t->task_start, n + 1, sizeof *t->task_start, "labels", e));
    TRY(mem_new(&t->task, labels, sizeof *t->task, "labels", e));
    copy_sample(t, id, &row, &label);
    copy_sample(t, ood, &row, &label);
    return OK;
}

/* Makes labels in terms of tasks, leaving out other concepts. */
static void label_tasks(struct token_tasks *t, const int32_t *task_of)
{
    size_t to = 0;
    for (size_t i = 0; i < rows_of(t); i++) {
        for (size_t j = t->concept_start[i]; j < t->concept_start[i + 1]; j++) {
            if (task_of[t->concept[j]] >= 0) {
                t->task[to++] = task_of[t->concept[j]];
            }
        }
        t->task_start[i + 1] = to;
    }
}

/* Chooses the concepts with enough words. concept_of and task_of [n_concepts]. */
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

/* ---- sparse probes, one task after the other, dealt out to the pool ---- */

typedef enum err sparse_fn(struct probe_sheet *s, size_t at,
                           const struct probe_table *t, const uint8_t *y,
                           struct errinfo *e);

struct task_job {
    const struct token_tasks *k;
    const struct probe_table *t;
    struct probe_sheet *sheet;
    sparse_fn *run;
    const atomic_bool *cancel;
    enum err *rc; /* [n] */
};

static void mark(const struct token_tasks *k, int32_t c, uint8_t *y)
{
    for (size_t i = 0; i < rows_of(k); i++) {
        for (size_t j = k->concept_start[i]; j < k->concept_start[i + 1]; j++) {
            y[i] |= k->concept[j] == c;
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
    j->rc[at] = mem_new(&y, rows_of(j->k), sizeof *y, "labels", NULL);
    if (j->rc[at] == OK) {
        mark(j->k, j->sheet->id[at], y);
        j->rc[at] = j->run(j->sheet, at, j->t, y, NULL);
    }
    mem_free(y);
}

static enum err sparse_tasks(const struct token_tasks *k, const struct probe_table *t,
                             sparse_fn *fn, struct probe_sheet *sheet,
                             struct pool *pool, const atomic_bool *cancel,
                             struct errinfo *e)
{
    struct task_job j = {.k = k, .t = t, .sheet = sheet, .run = fn, .cancel = cancel};
    enum err rc = OK;
    TRY(mem_new(&j.rc, sheet->n, sizeof *j.rc, "probes", e));
    pool_run(pool, sheet->n, run_task, &j);
    for (size_t i = 0; i < sheet->n && rc == OK; i++) {
        rc = j.rc[i] == OK ? OK : err_set(e, j.rc[i], "probes: %s", err_text(j.rc[i]));
    }
    mem_free(j.rc);
    return rc == OK ? eval_poll(cancel, e) : rc;
}

/* ---- what every SAE shares ---- */

static struct probe_table raw_table(const struct token_tasks *k)
{
    return (struct probe_table){.n_train = k->n_train,
                                .n_test = k->n_test,
                                .n_ood = k->n_ood,
                                .D = k->D,
                                .raw = k->raw,
                                .balanced = true};
}

static enum err raw_probes(struct token_tasks *k, struct probe_cache *cache,
                           struct pool *pool, const atomic_bool *cancel,
                           struct errinfo *e)
{
    struct probe_table t = raw_table(k);
    struct probe_sheet *b = &k->base;
    t.tally = &b->tally;
    const struct probe_key key = probe_sheet_key(b, cache, &t, k->task_start, k->task);
    if (probe_sheet_get(b, 0, b->n, cache, &key)) {
        return OK;
    }
    TRY(sparse_tasks(k, &t, probe_sheet_raw, b, pool, cancel, e));
    TRY(probe_full(&t, b->n, k->task_start, k->task, PROBE_RAW, pool, cancel, b->raw,
                   e));
    TRY(probe_oracle(&t, b->n, k->task_start, k->task, pool, cancel, b->oracle, e));
    probe_sheet_put(b, 0, b->n, cache, &key);
    return OK;
}

static enum err fill_tasks(struct token_tasks *k, const struct concept_sample *id,
                           const struct concept_sample *ood, const struct probe_ks *ks,
                           struct probe_cache *cache, struct pool *pool,
                           const atomic_bool *cancel, struct errinfo *e)
{
    int32_t *concept_of = NULL, *task_of = NULL;
    enum err rc = OK;
    TRY_OUT(rc, copy_rows(k, id, ood, e));
    TRY_OUT(rc, mem_new(&concept_of, id->n_concepts, sizeof *concept_of, "tasks", e));
    TRY_OUT(rc, mem_new(&task_of, id->n_concepts, sizeof *task_of, "tasks", e));
    const size_t n = choose_tasks(id, concept_of, task_of);
    TRY_OUT(rc, probe_sheet_init(&k->base, ks, n, e));
    memcpy(k->base.id, concept_of, n * sizeof *concept_of);
    label_tasks(k, task_of);
    TRY_OUT(rc, raw_probes(k, cache, pool, cancel, e));
out:
    mem_free(concept_of);
    mem_free(task_of);
    return rc;
}

enum err token_tasks_init(struct token_tasks *t, const struct eval_set *set,
                          const struct acts_set *ood, const struct concepts *c,
                          const struct probe_ks *ks, struct pool *pool,
                          const atomic_bool *cancel, struct errinfo *e)
{
    struct concept_sample other = {.D = set->sample.D};
    struct eval_config cfg = set->cfg;
    enum err rc = OK;
    *t = (struct token_tasks){0};
    cfg.test_share = 1.0;
    if (set->sample.n_train == 0 || set->sample.n_train == set->sample.n) {
        return OK;
    }
    if (ood != NULL) {
        TRY_OUT(rc, concept_sample_init(&other, &cfg, ood, c, e));
    }
    TRY_OUT(rc, fill_tasks(t, &set->sample, &other, ks, cfg.cache, pool, cancel, e));
out:
    concept_sample_deinit(&other);
    if (rc != OK) {
        token_tasks_deinit(t);
    }
    return rc;
}

void token_tasks_deinit(struct token_tasks *t)
{
    mem_free(t->raw);
    mem_free(t->at);
    mem_free(t->concept_start);
    mem_free(t->concept);
    mem_free(t->task_start);
    mem_free(t->task);
    probe_sheet_deinit(&t->base);
    *t = (struct token_tasks){0};
}

/* ---- one SAE ---- */

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

static enum err probe_codes(const struct token_tasks *k, const struct sae_codes *codes,
                            struct probe_sheet *sheet, size_t F, struct pool *pool,
                            const atomic_bool *cancel, struct errinfo *e)
{
    struct probe_table t = raw_table(k);
    t.F = F;
    t.start = codes->start;
    t.id = codes->id;
    t.val = codes->val;
    t.tally = &sheet->tally;
    TRY(sparse_tasks(k, &t, probe_sheet_latents, sheet, pool, cancel, e));
    return probe_full(&t, sheet->n, k->task_start, k->task, PROBE_LATENTS, pool, cancel,
                      sheet->sae, e);
}

enum err probe_tokens(const struct token_tasks *t, const struct concepts *c,
                      const struct sae *sae, struct pool *pool,
                      const atomic_bool *cancel, struct report *r, struct errinfo *e)
{
    struct probe_sheet sheet = {0};
    struct sae_codes codes = {0};
    enum err rc = OK;
    if (rows_of(t) == 0) {
        return report_left_out(r, e, "probing of concepts", "%s",
                               want_says(WANT_WORDS));
    }
    if (t->base.n < t->n_concepts) {
        TRY(report_left_out(r, e, "probing of concepts",
                            "%zu of %zu have fewer than %d words to learn from "
                            "or %d to test on",
                            t->n_concepts - t->base.n, t->n_concepts, TOKEN_TASK_TRAIN,
                            TOKEN_TASK_TEST));
    }
    TRY_OUT(rc, probe_sheet_init(&sheet, &t->base.ks, t->base.n, e));
    probe_sheet_share(&sheet, &t->base);
    TRY_OUT(rc, sae_encode(sae, t->raw, rows_of(t), pool, &codes, e));
    sae_codes_raw(&codes, sae);
    TRY_OUT(rc, probe_codes(t, &codes, &sheet, sae->F, pool, cancel, e));
    TRY_OUT(rc, families(&sheet, c, r, e));
    TRY_OUT(rc, probe_sheet_fits(&sheet, &t->base, "probing of concepts", r, e));
out:
    sae_codes_deinit(&codes);
    probe_sheet_deinit(&sheet);
    return rc;
}
