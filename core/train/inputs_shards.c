/* Inputs of a run on activations that were made elsewhere. */
#include "base/file.h"
#include "base/mem.h"
#include "train/inputs_priv.h"
#include "train/settings_shards.h"

#include <string.h>

/* Returns how many of the rows to train on to normalise by: at least one. */
static size_t norm_rows(const struct shards_facts *f)
{
    const size_t fit = NORM_VECTORS / f->T;
    const size_t most = fit < 1 ? 1 : fit < NORM_ROWS ? fit : NORM_ROWS;
    return f->train < most ? (size_t)f->train : most;
}

static enum err normalise(struct inputs *in, struct errinfo *e)
{
    const struct shards_facts *f = shards_facts(in->shards);
    const size_t T = f->T, D = f->D, rows = norm_rows(f);
    const uint64_t seed = (uint64_t)in->set.seed;
    int32_t *ids = NULL;
    uint8_t *masked = NULL;
    float *x = NULL;
    size_t n = 0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&ids, T, sizeof *ids, "token ids", e));
    TRY_OUT(rc, mem_new(&masked, T, 1, "masks", e));
    TRY_OUT(rc, mem_new(&x, rows * T, D * sizeof *x, "activations", e));
    for (size_t i = 0; i < rows; i++) {
        const uint64_t row = shards_row_at(in->shards, seed, i);
        TRY_OUT(rc, shards_tokens(in->shards, row, ids, masked, e));
        TRY_OUT(rc, shards_get(in->shards, SHARDS_CLEAN, row, x + n * D, e));
        for (size_t t = 0; t < T; t++) {
            n += ids[t] >= 0; /* what a row lacks is at its end */
        }
    }
    rc = inputs_normalise(in, x, n, e);
    rc = rc == ERR_NUMERIC ? err_prefix(e, rc, "%s", f->dir) : rc;
out:
    mem_free(ids);
    mem_free(masked);
    mem_free(x);
    return rc;
}

static void note_shards(struct inputs *in)
{
    const struct shards_facts *f = shards_facts(in->shards);
    const struct settings *s = &in->set;
    const double n = (double)f->vectors * (double)f->train / (double)f->rows;
    const double times = (double)s->steps * (double)s->batch / n;
    remarks_add(&in->remarks,
                "%s: %llu activations in %zu shard%s; the last %llu of %llu rows are "
                "held out, and without the model explained variance, L0 and dead "
                "latents are what is measured on them",
                f->dir, (unsigned long long)f->vectors, f->files, plural_s(f->files),
                (unsigned long long)(f->rows - f->train), (unsigned long long)f->rows);
    if (times >= MANY_TIMES) {
        remarks_add(&in->remarks,
                    "%s: few activations: %.0f to train on, read some %.0f times in "
                    "%lld steps of %lld",
                    f->dir, n, times, (long long)s->steps, (long long)s->batch);
    }
}

/* How many ids are shown as numbers where no tokenizer is named. */
#define BARE_IDS ((size_t)1 << 18)

/* Opens what gives token ids a meaning, as far as it is named. */
static enum err open_tokens(struct inputs *in, struct errinfo *e)
{
    const struct settings *s = &in->set;
    char path[4096];
    const bool ids = shards_has(in->shards, SHARDS_TOKENS);
    if (!s->tokenizer[0]) {
        return concepts_none(ids ? BARE_IDS : 0, &in->concepts, e);
    }
    if (!ids) {
        return err_set(e, ERR_USAGE,
                       "tokenizer: %s has no token ids (tokens), expected them with it",
                       shards_facts(in->shards)->dir);
    }
    TRY(settings_path(s, s->tokenizer, path, sizeof path, e));
    TRY(file_is_dir(path) ? tok_load_dir(path, &in->tok, e)
                          : tok_load(path, &in->tok, e));
    return concepts_built_in(in->tok, &in->concepts, e);
}

enum err inputs_open_shards(struct inputs *in, struct errinfo *e)
{
    TRY(settings_shards_open(&in->set, &in->shards, e));
    TRY(settings_blame(&in->set, setting_key.tokenizer, open_tokens(in, e), e));
    inputs_resolve(in, &in->set);
    TRY(inputs_check_arm(in, &in->set, e));
    TRY(pool_new((size_t)in->set.threads, &in->pool, e));
    TRY(acts_share_new(&in->share, e));
    in->mask_token = -1;
    TRY(normalise(in, e));
    note_shards(in);
    return OK;
}
