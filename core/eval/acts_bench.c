#include "eval/acts_bench.h"

#include "base/mem.h"
#include "eval/latent_stats.h"
#include "eval/reconstruct.h"
#include "measure/wants.h"

struct acts_bench {
    struct acts_set *set;
    struct fidelity_rows rows;
    struct reconstruct_text text;
};

static enum err make(struct acts_bench *b, const struct shards *from, size_t rows,
                     struct pool *pool, const atomic_bool *cancel, struct errinfo *e)
{
    TRY(acts_set_of_shards(from, rows, &b->set, e));
    TRY(fidelity_rows_init(&b->rows, b->set, b->set->rows, 0, NULL, cancel, e));
    const struct reconstruct_job job = {.set = b->set, .rows = b->set->rows};
    return reconstruct_text_init(&b->text, &job, pool, cancel, e);
}

enum err acts_bench_new(const struct shards *from, size_t rows, struct pool *pool,
                        const atomic_bool *cancel, struct acts_bench **out,
                        struct errinfo *e)
{
    struct acts_bench *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "held-out activations", e));
    const enum err rc = make(b, from, rows, pool, cancel, e);
    if (rc != OK) {
        acts_bench_free(b);
        return rc;
    }
    *out = b;
    return OK;
}

void acts_bench_free(struct acts_bench *b)
{
    if (b) {
        reconstruct_text_deinit(&b->text);
        fidelity_rows_deinit(&b->rows);
        acts_set_free(b->set);
        mem_free(b);
    }
}

size_t acts_bench_bytes(size_t rows, size_t T, size_t D)
{
    return 2 * rows * T * D * sizeof(float);
}

enum err acts_bench_live(const struct acts_bench *b, const struct sae *s,
                         struct pool *pool, const atomic_bool *cancel,
                         struct fidelity *out, struct errinfo *e)
{
    uint8_t *fired = NULL;
    TRY(mem_new(&fired, s->F, 1, "latents that fire", e));
    const enum err rc =
        fidelity_measure(&b->rows, s, NULL, pool, cancel, fired, out, e);
    mem_free(fired);
    return rc;
}

enum err acts_bench_report(const struct acts_bench *b, const struct sae *s,
                           struct pool *pool, const atomic_bool *cancel,
                           struct report *r, struct errinfo *e)
{
    static const char *const wants_model[] = {
        "cross-entropy", "fidelity out of distribution", "absorption", "sparse probing",
        "robustness to masks"};
    TRY(reconstruct_measure(&b->text, s, "in_distribution", pool, cancel, r, e));
    TRY(latent_stats(b->set, s, pool, r, e));
    for (size_t i = 0; i < sizeof wants_model / sizeof wants_model[0]; i++) {
        TRY(report_left_out(r, e, wants_model[i],
                            "activations made elsewhere: it needs the model and its "
                            "text, %s",
                            want_gives(WANT_MODEL)));
    }
    return OK;
}
