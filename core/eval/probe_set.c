#include "eval/probe_set.h"

#include "base/mem.h"
#include "eval/evalset_priv.h"

/* ---- codes ---- */

/* Runs a chunk of texts through the SAE. */
struct encoder {
    const struct sentence_texts *s;
    const struct sae *sae;
    struct pool *pool;
    struct sentence_reader reader;
    struct sae_codes codes;
    double *sum;  /* [F], zero between texts */
    size_t cap;   /* of the task's id ... */
    size_t cap_v; /* ... and of its val */
};

/* Writes the mean codes over the tokens of row i of the task; its codes begin at
 * `at`. */
static enum err mean_codes(struct encoder *k, const struct sentence_text *text,
                           size_t i, size_t at, struct sentence_task *t,
                           struct errinfo *e)
{
    size_t tokens = 0, n = t->start[i];
    for (size_t w = text->at[i]; w < text->at[i + 1]; w++, at++) {
        if (acts_is_special(k->s->lm->tok, text->ids[w])) {
            continue;
        }
        tokens++;
        for (size_t c = k->codes.start[at]; c < k->codes.start[at + 1]; c++) {
            k->sum[k->codes.id[c]] +=
                (double)k->codes.val[c] * sae_codes_unit(&k->codes, k->sae, at);
        }
    }
    for (size_t j = 0; j < k->sae->F; j++) {
        if (k->sum[j] > 0.0) {
            TRY(mem_grow(&t->id, &k->cap, n + 1, sizeof *t->id, SIZE_MAX / 8, e));
            TRY(mem_grow(&t->val, &k->cap_v, n + 1, sizeof *t->val, SIZE_MAX / 8, e));
            t->id[n] = (int32_t)j;
            t->val[n++] = (float)(k->sum[j] / (double)tokens);
            k->sum[j] = 0.0;
        }
    }
    t->start[i + 1] = n;
    return OK;
}

static enum err encode_task(struct encoder *k, const struct sentence_text *text,
                            struct sentence_task *t, struct errinfo *e)
{
    struct probe_table table = sentence_table(k->s, text);
    const size_t rows = probe_rows(&table);
    *t = (struct sentence_task){
        .name = text->name, .y = text->y, .spurious = text->spurious};
    k->cap = 0;
    k->cap_v = 0;
    TRY(mem_new(&t->start, rows + 1, sizeof *t->start, "texts", e));
    for (size_t first = 0; first < rows; first += SENTENCE_CHUNK) {
        const size_t left = rows - first;
        const size_t n = left < SENTENCE_CHUNK ? left : SENTENCE_CHUNK;
        const size_t begin = text->at[first];
        const float *x = NULL;
        TRY(sentence_read(&k->reader, text, first, n, &x, e));
        TRY(sae_encode(k->sae, x, text->at[first + n] - begin, k->pool, &k->codes, e));
        for (size_t i = first; i < first + n; i++) {
            TRY(mean_codes(k, text, i, text->at[i] - begin, t, e));
        }
    }
    table.F = k->sae->F;
    table.start = t->start;
    table.id = t->id;
    table.val = t->val;
    t->t = table;
    return OK;
}

enum err sentence_sets_init(struct sentence_sets *out, const struct sentence_texts *s,
                            const struct sae *sae, struct pool *pool,
                            const atomic_bool *cancel, struct errinfo *e)
{
    struct encoder k = {.s = s, .sae = sae, .pool = pool};
    enum err rc = OK;
    *out = (struct sentence_sets){0};
    sentence_reader_init(&k.reader, s, pool);
    TRY_OUT(rc, mem_new(&k.sum, sae->F, sizeof *k.sum, "texts", e));
    TRY_OUT(rc, mem_new(&out->task, s->n, sizeof *out->task, "texts", e));
    for (size_t i = 0; i < s->n; i++) {
        TRY_OUT(rc, eval_poll(cancel, e));
        out->n = i + 1;
        TRY_OUT(rc, encode_task(&k, &s->task[i], &out->task[i], e));
    }
out:
    sentence_reader_deinit(&k.reader);
    sae_codes_deinit(&k.codes);
    mem_free(k.sum);
    if (rc != OK) {
        sentence_sets_deinit(out);
    }
    return rc;
}

void sentence_sets_deinit(struct sentence_sets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        mem_free(s->task[i].start);
        mem_free(s->task[i].id);
        mem_free(s->task[i].val);
    }
    mem_free(s->task);
    *s = (struct sentence_sets){0};
}

/* ---- sparse probing ---- */

static enum err probe_task(const struct sentence_task *t, size_t at,
                           struct probe_sheet *sheet, struct pool *pool,
                           const atomic_bool *cancel, struct errinfo *e)
{
    struct probe_labels labels;
    struct probe_table table = t->t;
    table.tally = &sheet->tally;
    TRY(probe_sheet_latents(sheet, at, &table, t->y, e));
    TRY(probe_labels_init(&labels, t->y, probe_rows(&t->t), e));
    const enum err rc = probe_full(&table, 1, labels.start, labels.unit, PROBE_LATENTS,
                                   pool, cancel, &sheet->sae[at], e);
    probe_labels_deinit(&labels);
    return rc;
}

enum err probe_sentences(const struct sentence_sets *s, const struct probe_sheet *base,
                         struct pool *pool, const atomic_bool *cancel, struct report *r,
                         struct errinfo *e)
{
    struct probe_sheet sheet = {0};
    cJSON *list = cJSON_CreateArray();
    enum err rc = OK;
    TRY_OUT(rc, probe_sheet_init(&sheet, &base->ks, s->n, e));
    probe_sheet_share(&sheet, base);
    for (size_t i = 0; i < s->n; i++) {
        TRY_OUT(rc, eval_poll(cancel, e));
        TRY_OUT(rc, probe_task(&s->task[i], i, &sheet, pool, cancel, e));
        cJSON *o = probe_sheet_named(&sheet, i);
        (void)cJSON_AddStringToObject(o, "task", s->task[i].name);
        (void)cJSON_AddItemToArray(list, o);
    }
    TRY_OUT(rc, probe_sheet_report(&sheet, NULL, "tasks", "probing.sentences", r, e));
    TRY_OUT(rc, probe_sheet_fits(&sheet, base, "probing of sentences", r, e));
    cJSON *const given = list;
    list = NULL;
    TRY_OUT(rc, report_list(r, "probing_tasks", given, e));
out:
    cJSON_Delete(list);
    probe_sheet_deinit(&sheet);
    return rc;
}
