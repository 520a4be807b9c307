/* What a pretraining run takes, computed or measured before it begins. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "lm/pretrain_priv.h"

/* Steps that are timed, after one that is not. */
#define STEPS 4
/* Most floats that are counted: 4 EB. */
#define MOST 1e18

size_t pretrain_bytes(const struct pretrain_config *cfg, size_t threads)
{
    const struct lm_config c = pretrain_model(cfg, cfg->vocab);
    size_t count = 0;
    if (lm_weight_count(&c, &count, NULL) != OK) {
        return SIZE_MAX;
    }
    const size_t blocks =
        (cfg->batch_rows + PRETRAIN_BLOCK_ROWS - 1) / PRETRAIN_BLOCK_ROWS;
    /* A worker's network keeps, per position, the logits, and per block about 16 D and
     * the attention's T. */
    const size_t per_position =
        cfg->vocab + cfg->n_layer * (22 * cfg->d_model + 2 * cfg->n_head * cfg->n_ctx);
    const double net =
        (double)(PRETRAIN_BLOCK_ROWS * cfg->n_ctx) * (double)per_position;
    const double floats = (double)(3 + blocks) * (double)count + (double)threads * net;
    return floats < MOST ? sizeof(float) * (size_t)floats : SIZE_MAX;
}

/* Draws a batch of any tokens: which they are makes no difference to the time. */
static enum err draw_batch(struct pretrainer *t, struct errinfo *e)
{
    const size_t n = t->cfg.batch_rows * t->cfg.n_ctx;
    struct rng r = rng_begin(t->cfg.seed, RNG_PRETRAIN_MASK, 0);
    TRY(mem_new(&t->inputs, n, sizeof *t->inputs, "rows", e));
    TRY(mem_new(&t->targets, n, sizeof *t->targets, "rows", e));
    for (size_t i = 0; i < n; i++) {
        t->inputs[i] = (int32_t)rng_below(&r, t->cfg.vocab);
        t->targets[i] = (int32_t)rng_below(&r, t->cfg.vocab);
    }
    return OK;
}

static enum err time_steps(struct pretrainer *t, double most, double *seconds,
                           struct errinfo *e)
{
    const size_t targets = t->cfg.batch_rows * t->cfg.n_ctx;
    double loss = 0, lr = 0, norm = 0;
    int64_t began = clock_ns();
    int done = 0;
    for (int i = 0; i <= STEPS && (i < 2 || clock_seconds_since(began) < most); i++) {
        began = i == 1 ? clock_ns() : began;
        TRY(pretrain_step(t, targets, &loss, &lr, &norm, e));
        done = i;
    }
    *seconds = clock_seconds_since(began) / done;
    return OK;
}

enum err pretrain_time(const struct pretrain_config *cfg, struct pool *pool,
                       double seconds, double *step_seconds, struct errinfo *e)
{
    struct pretrainer t = {.cfg = *cfg, .pool = pool};
    enum err rc = OK;
    TRY(pretrain_check(cfg, e));
    t.model.cfg = pretrain_model(cfg, cfg->vocab);
    TRY_OUT(rc, lm_weights_init(&t.model.w, &t.model.cfg, e));
    pretrain_init_weights(&t.model, cfg->seed);
    TRY_OUT(rc, pretrain_step_init(&t, e));
    TRY_OUT(rc, draw_batch(&t, e));
    rc = time_steps(&t, seconds, step_seconds, e);
out:
    pretrain_step_deinit(&t);
    mem_free(t.inputs);
    mem_free(t.targets);
    lm_weights_deinit(&t.model.w);
    return rc;
}
