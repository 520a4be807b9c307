#include "eval/sentence_text.h"

#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/probe_csv.h"

#include <string.h>

#define TASKS_MAX 65536
#define IDS_MAX   ((size_t)1 << 31)

static size_t rows_of(const struct sentence_text *t)
{
    return t->n_train + t->n_test + t->n_ood;
}

/* ---- activations ---- */

void sentence_reader_init(struct sentence_reader *k, const struct sentence_texts *s,
                          struct pool *pool)
{
    *k = (struct sentence_reader){.s = s, .pool = pool};
}

void sentence_reader_deinit(struct sentence_reader *k)
{
    for (size_t i = 0; k->ws != NULL && i < pool_threads(k->pool); i++) {
        lm_ws_free(k->ws[i]);
    }
    mem_free(k->ws);
    mem_free(k->own);
    *k = (struct sentence_reader){0};
}

static enum err workspaces(struct sentence_reader *k, struct errinfo *e)
{
    const size_t workers = pool_threads(k->pool);
    if (k->ws != NULL) {
        return OK;
    }
    TRY(mem_new(&k->own, SENTENCE_CHUNK * k->s->T, k->s->D * sizeof *k->own, "texts",
                e));
    TRY(mem_new(&k->ws, workers, sizeof *k->ws, "texts", e));
    for (size_t i = 0; i < workers; i++) {
        TRY(lm_ws_new(k->s->lm, lm_hook_depth(k->s->hook), k->s->T, &k->ws[i], e));
    }
    return OK;
}

static void run_text(void *ctx, size_t i, size_t worker)
{
    const struct sentence_reader *k = ctx;
    const struct sentence_text *t = k->t;
    const size_t begin = t->at[k->first + i], n = t->at[k->first + i + 1] - begin;
    if (n > 0) {
        lm_forward_to(k->s->lm, k->ws[worker], t->ids + begin, 1, n, k->s->hook,
                      k->x + (begin - t->at[k->first]) * k->s->D);
    }
}

/* Runs rows first..first+n-1 through the model, into x. */
static enum err run_rows(struct sentence_reader *k, const struct sentence_text *t,
                         size_t first, size_t n, float *x, struct errinfo *e)
{
    TRY(workspaces(k, e));
    k->t = t;
    k->first = first;
    k->x = x != NULL ? x : k->own;
    pool_run(k->pool, n, run_text, k);
    return OK;
}

enum err sentence_read(struct sentence_reader *k, const struct sentence_text *t,
                       size_t first, size_t n, const float **x, struct errinfo *e)
{
    if (t->x != NULL) {
        *x = t->x + t->at[first] * k->s->D;
        return OK;
    }
    TRY(run_rows(k, t, first, n, NULL, e));
    *x = k->x;
    return OK;
}

/* ---- reading a file ---- */

void sentence_texts_init(struct sentence_texts *s, const struct lm *lm,
                         struct lm_hook hook, size_t T)
{
    *s = (struct sentence_texts){
        .lm = lm, .hook = hook, .T = T, .D = lm_hook_width(&lm->cfg, hook)};
}

/* Makes the ids of all texts, BOS first, each cut at T. */
static enum err tokenise(const struct sentence_texts *s, const struct probe_csv *p,
                         const struct probe_rows *rows, struct sentence_text *t,
                         struct errinfo *e)
{
    const int32_t bos = tok_bos(s->lm->tok);
    struct tok_ids one = {0};
    size_t cap = 0, n = 0;
    enum err rc = OK;
    for (size_t i = 0; i < rows->n; i++) {
        const char *text = probe_csv_text(p, rows, i);
        one.n = 0;
        if (bos >= 0) {
            TRY_OUT(rc, tok_ids_add(&one, bos, e));
        }
        TRY_OUT(rc, tok_encode(s->lm->tok, text, strlen(text), &one, e));
        const size_t used = one.n < s->T ? one.n : s->T;
        TRY_OUT(rc, mem_grow(&t->ids, &cap, n + used + 1, sizeof *t->ids, IDS_MAX, e));
        memcpy(t->ids + n, one.p, used * sizeof *t->ids);
        n += used;
        t->at[i + 1] = n;
    }
out:
    tok_ids_free(&one);
    return rc;
}

/* Takes the mean over the tokens of row i, whose activations are x. */
static void mean_row(const struct sentence_texts *s, struct sentence_text *t, size_t i,
                     const float *x)
{
    const size_t D = s->D, tokens = t->at[i + 1] - t->at[i];
    float *mean = t->raw + i * D;
    size_t n = 0;
    for (size_t k = 0; k < tokens; k++) {
        if (acts_is_special(s->lm->tok, t->ids[t->at[i] + k])) {
            continue;
        }
        n++;
        for (size_t d = 0; d < D; d++) {
            mean[d] += x[k * D + d];
        }
    }
    for (size_t d = 0; d < D && n > 0; d++) {
        mean[d] /= (float)n;
    }
}

/* Makes room for the activations of a task, if they are within what is kept. */
static enum err keep_room(struct sentence_texts *s, struct sentence_text *t,
                          struct errinfo *e)
{
    size_t bytes = 0;
    const size_t tokens = t->at[rows_of(t)];
    if (!mem_mul(tokens, s->D * sizeof *t->x, &bytes) ||
        bytes > SENTENCE_KEEP - s->kept) {
        return OK;
    }
    TRY(mem_new(&t->x, tokens, s->D * sizeof *t->x, "texts", e));
    s->kept += bytes;
    return OK;
}

static enum err run_task(struct sentence_texts *s, struct sentence_text *t,
                         struct pool *pool, struct errinfo *e)
{
    const size_t rows = rows_of(t), D = s->D;
    struct sentence_reader k;
    enum err rc = OK;
    sentence_reader_init(&k, s, pool);
    TRY_OUT(rc, keep_room(s, t, e));
    for (size_t first = 0; first < rows; first += SENTENCE_CHUNK) {
        const size_t left = rows - first;
        const size_t n = left < SENTENCE_CHUNK ? left : SENTENCE_CHUNK;
        float *x = t->x != NULL ? t->x + t->at[first] * D : NULL;
        TRY_OUT(rc, run_rows(&k, t, first, n, x, e));
        for (size_t i = first; i < first + n; i++) {
            mean_row(s, t, i, k.x + (t->at[i] - t->at[first]) * D);
        }
    }
out:
    sentence_reader_deinit(&k);
    return rc;
}

static enum err add_task(struct sentence_texts *s, const struct probe_csv *p,
                         struct probe_rows *rows, struct pool *pool, struct errinfo *e)
{
    struct sentence_text *t = &s->task[s->n++];
    *t = (struct sentence_text){.n_train = rows->n_train,
                                .n_test = rows->n_test,
                                .n_ood = rows->n_ood,
                                .y = rows->y,
                                .spurious = rows->spurious};
    rows->y = NULL; /* they have come here */
    rows->spurious = NULL;
    t->name = mem_strdup(rows->name);
    if (t->name == NULL) {
        return err_set(e, ERR_NOMEM, "probe sets: out of memory");
    }
    TRY(mem_new(&t->at, rows->n + 1, sizeof *t->at, "texts", e));
    TRY(mem_new(&t->raw, rows->n, s->D * sizeof *t->raw, "texts", e));
    TRY(tokenise(s, p, rows, t, e));
    return run_task(s, t, pool, e);
}

static void task_deinit(struct sentence_texts *s, struct sentence_text *t)
{
    if (t->x != NULL) {
        s->kept -= t->at[rows_of(t)] * s->D * sizeof *t->x;
    }
    mem_free(t->name);
    mem_free(t->at);
    mem_free(t->ids);
    mem_free(t->x);
    mem_free(t->raw);
    mem_free(t->y);
    mem_free(t->spurious);
}

/* Forgets all tasks from the first one on. */
static void drop_tasks(struct sentence_texts *s, size_t first)
{
    for (size_t i = first; i < s->n; i++) {
        task_deinit(s, &s->task[i]);
    }
    s->n = first;
}

enum err sentence_texts_add(struct sentence_texts *s, const char *path,
                            struct pool *pool, struct errinfo *e)
{
    struct probe_csv p = {0};
    const size_t before = s->n;
    size_t cap = s->n;
    enum err rc = OK;
    TRY(probe_csv_load(path, &p, e));
    for (size_t i = 0; i < p.n && rc == OK; i++) {
        rc = mem_grow(&s->task, &cap, s->n + 1, sizeof *s->task, TASKS_MAX, e);
        if (rc == OK) {
            rc = add_task(s, &p, &p.task[i], pool, e);
        }
    }
    if (rc != OK) {
        drop_tasks(s, before);
    }
    probe_csv_deinit(&p);
    return rc;
}

void sentence_texts_deinit(struct sentence_texts *s)
{
    drop_tasks(s, 0);
    mem_free(s->task);
    probe_sheet_deinit(&s->base);
    *s = (struct sentence_texts){0};
}

static bool one_class(const uint8_t *y, size_t n)
{
    size_t pos = 0;
    for (size_t i = 0; i < n; i++) {
        pos += y[i];
    }
    return pos == 0 || pos == n;
}

enum err sentence_texts_check(struct sentence_texts *s, struct report *r,
                              struct errinfo *e)
{
    size_t kept = 0;
    enum err rc = OK;
    for (size_t i = 0; i < s->n; i++) {
        struct sentence_text t = s->task[i];
        const bool train = one_class(t.y, t.n_train);
        if (!train && !one_class(t.y + t.n_train, t.n_test)) {
            s->task[kept++] = t;
            continue;
        }
        const enum err said =
            report_left_out(r, rc == OK ? e : NULL, t.name,
                            "its %s texts have one class only, expected both",
                            train ? "train" : "test");
        rc = rc == OK ? said : rc;
        task_deinit(s, &t);
    }
    s->n = kept;
    return rc;
}

/* ---- raw probes ---- */

struct probe_table sentence_table(const struct sentence_texts *s,
                                  const struct sentence_text *t)
{
    return (struct probe_table){.n_train = t->n_train,
                                .n_test = t->n_test,
                                .n_ood = t->n_ood,
                                .D = s->D,
                                .raw = t->raw};
}

static enum err fit_task(struct sentence_texts *s, size_t at,
                         const struct probe_table *t, const struct probe_labels *l,
                         struct pool *pool, const atomic_bool *cancel,
                         struct errinfo *e)
{
    struct probe_sheet *b = &s->base;
    TRY(probe_sheet_raw(b, at, t, s->task[at].y, e));
    TRY(probe_full(t, 1, l->start, l->unit, PROBE_RAW, pool, cancel, &b->raw[at], e));
    return probe_oracle(t, 1, l->start, l->unit, pool, cancel, &b->oracle[at], e);
}

static enum err probe_task(struct sentence_texts *s, size_t at,
                           struct probe_cache *cache, struct pool *pool,
                           const atomic_bool *cancel, struct errinfo *e)
{
    const struct sentence_text *text = &s->task[at];
    struct probe_table t = sentence_table(s, text);
    struct probe_sheet *b = &s->base;
    struct probe_labels labels;
    t.tally = &b->tally;
    TRY(probe_labels_init(&labels, text->y, probe_rows(&t), e));
    const struct probe_key key =
        probe_sheet_key(b, cache, &t, labels.start, labels.unit);
    enum err rc = OK;
    if (!probe_sheet_get(b, at, 1, cache, &key)) {
        rc = fit_task(s, at, &t, &labels, pool, cancel, e);
        if (rc == OK) {
            probe_sheet_put(b, at, 1, cache, &key);
        }
    }
    probe_labels_deinit(&labels);
    return rc;
}

enum err sentence_texts_probe(struct sentence_texts *s, const struct probe_ks *ks,
                              struct probe_cache *cache, struct pool *pool,
                              const atomic_bool *cancel, struct errinfo *e)
{
    TRY(probe_sheet_init(&s->base, ks, s->n, e));
    for (size_t i = 0; i < s->n; i++) {
        s->base.id[i] = (int32_t)i;
        TRY(eval_poll(cancel, e));
        TRY(probe_task(s, i, cache, pool, cancel, e));
    }
    return OK;
}
