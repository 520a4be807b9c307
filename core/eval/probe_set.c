#include "eval/probe_set.h"

#include "base/csvfile.h"
#include "base/mem.h"
#include "eval/evalset_priv.h"

#include <string.h>

#define CHUNK_ROWS  64
#define SETS_MAX    4096
#define FILE_LIMITS ((struct csv_limits){64u << 20, 1000000, 1u << 20})

/* ---- the file ---- */

/* The rows of one task, in the order that they come to have. */
struct task_rows {
    const char *name;
    size_t n, cap;
    size_t *row; /* of the table */
};

struct file {
    const char *path;
    struct csv_table *csv;
    size_t task, text, label, split;
    int spurious; /* -1: none */
};

static enum err open_file(const char *path, struct file *f, struct errinfo *e)
{
    const struct csv_limits limits = FILE_LIMITS;
    *f = (struct file){.path = path};
    TRY(csv_load(path, &limits, &f->csv, e));
    TRY(csv_need_col(f->csv, path, "task", &f->task, e));
    TRY(csv_need_col(f->csv, path, "text", &f->text, e));
    TRY(csv_need_col(f->csv, path, "label", &f->label, e));
    TRY(csv_need_col(f->csv, path, "split", &f->split, e));
    f->spurious = csv_col(f->csv, "spurious");
    return OK;
}

/* 0 train, 1 test, 2 ood. */
static enum err split_of(const struct file *f, size_t row, int *out, struct errinfo *e)
{
    static const char *const name[3] = {"train", "test", "ood"};
    const char *text = csv_at(f->csv, row, f->split);
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, name[i]) == 0) {
            *out = i;
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: row %zu: split is '%.40s', expected train, test or ood",
                   f->path, row + 2, text);
}

static enum err binary(const struct file *f, size_t row, size_t col, const char *what,
                       uint8_t *out, struct errinfo *e)
{
    const char *text = csv_at(f->csv, row, col);
    if ((text[0] != '0' && text[0] != '1') || text[1] != '\0') {
        return err_set(e, ERR_FORMAT, "%s: row %zu: %s is '%.40s', expected 0 or 1",
                       f->path, row + 2, what, text);
    }
    *out = text[0] == '1';
    return OK;
}

/* ---- activations ---- */

/* A chunk of texts, their tokens one text after the other. */
struct reader {
    const struct sae *sae;
    const struct lm *lm;
    size_t depth, T, D;
    struct pool *pool;
    struct lm_ws **ws; /* one a worker */
    int32_t *ids;      /* [CHUNK_ROWS*T] */
    size_t *at;        /* [CHUNK_ROWS+1] where each text begins */
    size_t texts;
    float *x; /* [CHUNK_ROWS*T, D] */
    struct sae_codes codes;
    struct tok_ids text;
    double *sum;  /* [F], zero between texts */
    size_t cap;   /* of the task's id ... */
    size_t cap_v; /* ... and of its val */
};

static enum err reader_init(struct reader *k, struct errinfo *e)
{
    const size_t workers = pool_threads(k->pool);
    k->D = k->lm->cfg.d_model;
    TRY(mem_new(&k->ids, CHUNK_ROWS, k->T * sizeof *k->ids, "texts", e));
    TRY(mem_new(&k->at, CHUNK_ROWS + 1, sizeof *k->at, "texts", e));
    TRY(mem_new(&k->x, CHUNK_ROWS * k->T, k->D * sizeof *k->x, "texts", e));
    TRY(mem_new(&k->sum, k->sae->F, sizeof *k->sum, "texts", e));
    TRY(mem_new(&k->ws, workers, sizeof *k->ws, "texts", e));
    for (size_t i = 0; i < workers; i++) {
        TRY(lm_ws_new(&k->lm->cfg, 1, k->T, &k->ws[i], e));
    }
    return OK;
}

static void reader_deinit(struct reader *k)
{
    for (size_t i = 0; k->ws != NULL && i < pool_threads(k->pool); i++) {
        lm_ws_free(k->ws[i]);
    }
    mem_free(k->ws);
    mem_free(k->ids);
    mem_free(k->at);
    mem_free(k->x);
    mem_free(k->sum);
    sae_codes_deinit(&k->codes);
    tok_ids_free(&k->text);
}

/* Append the ids of one text to the chunk, BOS first, cut at T. */
static enum err tokenise(struct reader *k, const char *text, struct errinfo *e)
{
    const int32_t bos = tok_bos(k->lm->tok);
    size_t n = k->at[k->texts];
    const size_t end = n + k->T;
    k->text.n = 0;
    TRY(tok_encode(k->lm->tok, text, strlen(text), &k->text, e));
    if (bos >= 0) {
        k->ids[n++] = bos;
    }
    for (size_t j = 0; j < k->text.n && n < end; j++) {
        k->ids[n++] = k->text.p[j];
    }
    k->at[++k->texts] = n;
    return OK;
}

static void run_text(void *ctx, size_t i, size_t worker)
{
    const struct reader *k = ctx;
    const size_t first = k->at[i], n = k->at[i + 1] - first;
    if (n > 0) {
        lm_forward_to(k->lm, k->ws[worker], k->ids + first, 1, n, k->depth,
                      k->x + first * k->D);
    }
}

/* Means over the tokens of text i of the chunk into row `to` of the task. */
static enum err pool_tokens(struct reader *k, size_t i, struct sentence_task *t,
                            size_t to, struct errinfo *e)
{
    const size_t F = k->sae->F;
    size_t tokens = 0, n = t->start[to];
    for (size_t at = k->at[i]; at < k->at[i + 1]; at++) {
        if (acts_is_special(k->lm->tok, k->ids[at])) {
            continue;
        }
        tokens++;
        for (size_t d = 0; d < k->D; d++) {
            t->raw[to * k->D + d] += k->x[at * k->D + d];
        }
        for (size_t c = k->codes.start[at]; c < k->codes.start[at + 1]; c++) {
            k->sum[k->codes.id[c]] +=
                (double)k->codes.val[c] * sae_codes_unit(&k->codes, k->sae, at);
        }
    }
    for (size_t d = 0; d < k->D && tokens > 0; d++) {
        t->raw[to * k->D + d] /= (float)tokens;
    }
    for (size_t j = 0; j < F; j++) {
        if (k->sum[j] > 0.0) {
            TRY(mem_grow(&t->id, &k->cap, n + 1, sizeof *t->id, SIZE_MAX / 8, e));
            TRY(mem_grow(&t->val, &k->cap_v, n + 1, sizeof *t->val, SIZE_MAX / 8, e));
            t->id[n] = (int32_t)j;
            t->val[n++] = (float)(k->sum[j] / (double)tokens);
            k->sum[j] = 0.0;
        }
    }
    t->start[to + 1] = n;
    return OK;
}

static enum err read_texts(struct reader *k, const struct file *f,
                           const struct task_rows *rows, struct sentence_task *t,
                           struct errinfo *e)
{
    for (size_t first = 0; first < rows->n; first += CHUNK_ROWS) {
        const size_t left = rows->n - first;
        const size_t n = left < CHUNK_ROWS ? left : CHUNK_ROWS;
        k->texts = 0;
        for (size_t i = 0; i < n; i++) {
            TRY(tokenise(k, csv_at(f->csv, rows->row[first + i], f->text), e));
        }
        pool_run(k->pool, n, run_text, k);
        TRY(sae_encode(k->sae, k->x, k->at[n], k->pool, &k->codes, e));
        for (size_t i = 0; i < n; i++) {
            TRY(pool_tokens(k, i, t, first + i, e));
        }
    }
    return OK;
}

/* ---- tasks ---- */

static enum err fill_task(struct reader *k, const struct file *f,
                          const struct task_rows *rows, struct sentence_task *t,
                          struct errinfo *e)
{
    const size_t n = rows->n;
    t->name = mem_strdup(rows->name);
    if (t->name == NULL) {
        return err_set(e, ERR_NOMEM, "probe sets: out of memory");
    }
    TRY(mem_new(&t->raw, n, k->D * sizeof *t->raw, "texts", e));
    TRY(mem_new(&t->start, n + 1, sizeof *t->start, "texts", e));
    TRY(mem_new(&t->y, n, sizeof *t->y, "labels", e));
    if (f->spurious >= 0) {
        TRY(mem_new(&t->spurious, n, sizeof *t->spurious, "labels", e));
    }
    k->cap = 0;
    k->cap_v = 0;
    TRY(read_texts(k, f, rows, t, e));
    t->t.D = k->D;
    t->t.F = k->sae->F;
    t->t.raw = t->raw;
    t->t.start = t->start;
    t->t.id = t->id;
    t->t.val = t->val;
    for (size_t i = 0; i < n; i++) {
        int split = 0;
        TRY(split_of(f, rows->row[i], &split, e));
        TRY(binary(f, rows->row[i], f->label, "label", &t->y[i], e));
        /* Empty out of distribution: nothing is asked of it there. */
        if (f->spurious >= 0 && !(split == 2 && csv_at(f->csv, rows->row[i],
                                                       (size_t)f->spurious)[0] == 0)) {
            TRY(binary(f, rows->row[i], (size_t)f->spurious, "spurious",
                       &t->spurious[i], e));
        }
        t->t.n_train += split == 0;
        t->t.n_test += split == 1;
        t->t.n_ood += split == 2;
    }
    return OK;
}

static enum err add_to_task(struct task_rows *tasks, size_t *n, const char *name,
                            size_t row, const char *path, struct errinfo *e)
{
    size_t at = 0;
    while (at < *n && strcmp(tasks[at].name, name) != 0) {
        at++;
    }
    if (at == SETS_MAX) {
        return err_set(e, ERR_LIMIT, "%s: more than %d tasks", path, SETS_MAX);
    }
    if (at == *n) {
        tasks[(*n)++] = (struct task_rows){.name = name};
    }
    struct task_rows *t = &tasks[at];
    TRY(mem_grow(&t->row, &t->cap, t->n + 1, sizeof *t->row, 1000000, e));
    t->row[t->n++] = row;
    return OK;
}

/* Rows by task, training ones first. */
static enum err group_rows(const struct file *f, struct task_rows *tasks, size_t *n,
                           struct errinfo *e)
{
    for (int part = 0; part < 3; part++) {
        for (size_t i = 0; i < f->csv->rows; i++) {
            int split = 0;
            TRY(split_of(f, i, &split, e));
            if (split == part) {
                TRY(add_to_task(tasks, n, csv_at(f->csv, i, f->task), i, f->path, e));
            }
        }
    }
    return OK;
}

static enum err add_tasks(struct sentence_sets *out, const struct file *f,
                          struct reader *k, const struct task_rows *rows, size_t n,
                          struct errinfo *e)
{
    size_t cap = out->n;
    for (size_t i = 0; i < n; i++) {
        TRY(mem_grow(&out->task, &cap, out->n + 1, sizeof *out->task, SETS_MAX, e));
        struct sentence_task *t = &out->task[out->n++];
        *t = (struct sentence_task){0};
        TRY(fill_task(k, f, &rows[i], t, e));
    }
    return OK;
}

static void task_deinit(struct sentence_task *t)
{
    mem_free(t->name);
    mem_free(t->raw);
    mem_free(t->start);
    mem_free(t->id);
    mem_free(t->val);
    mem_free(t->y);
    mem_free(t->spurious);
}

/* Forget all tasks from the first one on. */
static void drop_tasks(struct sentence_sets *s, size_t first)
{
    for (size_t i = first; i < s->n; i++) {
        task_deinit(&s->task[i]);
    }
    s->n = first;
}

enum err sentence_sets_add(struct sentence_sets *out, const char *path,
                           const struct sae *sae, const struct lm *lm, size_t depth,
                           size_t T, struct pool *pool, struct errinfo *e)
{
    struct file f = {0};
    struct reader k = {.sae = sae, .lm = lm, .depth = depth, .T = T, .pool = pool};
    struct task_rows *rows = NULL;
    const size_t before = out->n;
    size_t n = 0;
    enum err rc = OK;
    TRY_OUT(rc, open_file(path, &f, e));
    TRY_OUT(rc, mem_new(&rows, SETS_MAX, sizeof *rows, "tasks", e));
    TRY_OUT(rc, group_rows(&f, rows, &n, e));
    TRY_OUT(rc, reader_init(&k, e));
    rc = add_tasks(out, &f, &k, rows, n, e);
    if (rc != OK) {
        drop_tasks(out, before);
    }
out:
    for (size_t i = 0; rows != NULL && i < n; i++) {
        mem_free(rows[i].row);
    }
    mem_free(rows);
    reader_deinit(&k);
    csv_free_table(f.csv);
    return rc;
}

void sentence_sets_deinit(struct sentence_sets *s)
{
    drop_tasks(s, 0);
    mem_free(s->task);
    *s = (struct sentence_sets){0};
}

static bool one_class(const uint8_t *y, size_t n)
{
    size_t pos = 0;
    for (size_t i = 0; i < n; i++) {
        pos += y[i];
    }
    return pos == 0 || pos == n;
}

enum err sentence_sets_check(struct sentence_sets *s, struct report *r,
                             struct errinfo *e)
{
    size_t kept = 0;
    enum err rc = OK;
    for (size_t i = 0; i < s->n; i++) {
        struct sentence_task t = s->task[i];
        const bool train = one_class(t.y, t.t.n_train);
        if (!train && !one_class(t.y + t.t.n_train, t.t.n_test)) {
            s->task[kept++] = t;
            continue;
        }
        const enum err said =
            report_left_out(r, rc == OK ? e : NULL, t.name,
                            "its %s texts have one class only, expected both",
                            train ? "train" : "test");
        rc = rc == OK ? said : rc;
        task_deinit(&t);
    }
    s->n = kept;
    return rc;
}

/* ---- sparse probing ---- */

static enum err sentence_task_probes(const struct sentence_task *t, size_t at,
                                     struct probe_sheet *sheet, struct pool *pool,
                                     const atomic_bool *cancel, struct errinfo *e)
{
    const size_t n = probe_rows(&t->t);
    size_t *start = NULL;
    int32_t *unit = NULL;
    enum err rc = OK;
    TRY_OUT(rc, probe_sheet_sparse(sheet, at, &t->t, t->y, e));
    TRY_OUT(rc, mem_new(&start, n + 1, sizeof *start, "labels", e));
    TRY_OUT(rc, mem_new(&unit, n, sizeof *unit, "labels", e));
    for (size_t i = 0; i < n; i++) {
        start[i + 1] = start[i] + t->y[i];
    }
    TRY_OUT(rc, probe_full(&t->t, 1, start, unit, PROBE_LATENTS, pool, cancel,
                           &sheet->sae[at], e));
    TRY_OUT(rc, probe_full(&t->t, 1, start, unit, PROBE_RAW, pool, cancel,
                           &sheet->raw[at], e));
    TRY_OUT(rc,
            probe_oracle(&t->t, 1, start, unit, pool, cancel, &sheet->oracle[at], e));
out:
    mem_free(start);
    mem_free(unit);
    return rc;
}

enum err probe_sentences(const struct sentence_sets *s, const struct probe_ks *ks,
                         struct pool *pool, const atomic_bool *cancel, struct report *r,
                         struct errinfo *e)
{
    struct probe_sheet sheet = {0};
    cJSON *list = cJSON_CreateArray();
    enum err rc = OK;
    TRY_OUT(rc, probe_sheet_init(&sheet, ks, s->n, e));
    for (size_t i = 0; i < s->n; i++) {
        sheet.id[i] = (int32_t)i;
        TRY_OUT(rc, eval_poll(cancel, e));
        TRY_OUT(rc, sentence_task_probes(&s->task[i], i, &sheet, pool, cancel, e));
        cJSON *o = probe_sheet_named(&sheet, i);
        (void)cJSON_AddStringToObject(o, "task", s->task[i].name);
        (void)cJSON_AddItemToArray(list, o);
    }
    TRY_OUT(rc, probe_sheet_report(&sheet, NULL, "tasks", "probing.sentences", r, e));
    cJSON *const given = list;
    list = NULL;
    TRY_OUT(rc, report_list(r, "probing_tasks", given, e));
out:
    cJSON_Delete(list);
    probe_sheet_deinit(&sheet);
    return rc;
}
