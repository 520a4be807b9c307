/* One step: forward and backward over fixed blocks of rows in parallel, the sum of
 * their gradients in block order, global clip, AdamW. */
#include "base/mem.h"
#include "lm/lm_tensor.h"
#include "lm/pretrain_priv.h"
#include "num/kern.h"

#include <math.h>
#include <string.h>

/* Floats in a segment: small enough that a block of gradients stays in the cache. */
#define SEGMENT_FLOATS 32768

/* Matrices decay, biases and norms do not. */
static enum err make_segments(struct pretrainer *t, struct errinfo *e)
{
    const size_t tensors = lm_tensor_count(&t->model.cfg);
    size_t n = 0;
    for (size_t i = 0; i < tensors; i++) {
        const struct lm_tensor x = lm_tensor_at(&t->model.cfg, &t->model.w, i);
        n += (x.count + SEGMENT_FLOATS - 1) / SEGMENT_FLOATS;
    }
    TRY(mem_new(&t->segment, n, sizeof *t->segment, "optimizer", e));
    TRY(mem_new(&t->sumsq, n, sizeof *t->sumsq, "optimizer", e));
    for (size_t i = 0; i < tensors; i++) {
        const struct lm_tensor x = lm_tensor_at(&t->model.cfg, &t->model.w, i);
        const size_t at = (size_t)(x.p - t->model.w.arena);
        for (size_t done = 0; done < x.count; done += SEGMENT_FLOATS) {
            const size_t left = x.count - done;
            t->segment[t->segments++] = (struct pretrain_segment){
                .at = at + done,
                .count = left < SEGMENT_FLOATS ? left : SEGMENT_FLOATS,
                .decay = x.ndim == 2,
            };
        }
    }
    return OK;
}

enum err pretrain_step_init(struct pretrainer *t, struct errinfo *e)
{
    const struct lm_config *cfg = &t->model.cfg;
    const size_t blocks =
        (t->cfg.batch_rows + PRETRAIN_BLOCK_ROWS - 1) / PRETRAIN_BLOCK_ROWS;
    const size_t workers = pool_threads(t->pool);
    TRY(mem_new(&t->block, blocks, sizeof *t->block, "gradients", e));
    t->blocks = blocks;
    TRY(mem_new(&t->net, workers, sizeof *t->net, "networks", e));
    t->workers = workers;
    TRY(lm_net_weights_init_f32(&t->view, cfg, t->model.w.arena, e));
    for (size_t i = 0; i < blocks; i++) {
        TRY(lm_net_weights_init_f32(&t->block[i].grad, cfg, NULL, e));
    }
    for (size_t i = 0; i < workers; i++) {
        TRY(lm_net_new_f32(cfg, PRETRAIN_BLOCK_ROWS, cfg->n_ctx, &t->net[i], e));
    }
    TRY(mem_new(&t->m, t->model.w.count, sizeof *t->m, "moments", e));
    TRY(mem_new(&t->v, t->model.w.count, sizeof *t->v, "moments", e));
    return make_segments(t, e);
}

void pretrain_step_deinit(struct pretrainer *t)
{
    for (size_t i = 0; i < t->blocks; i++) {
        lm_net_weights_deinit_f32(&t->block[i].grad);
    }
    for (size_t i = 0; i < t->workers; i++) {
        lm_net_free_f32(t->net[i]);
    }
    lm_net_weights_deinit_f32(&t->view);
    mem_free(t->block);
    mem_free(t->net);
    mem_free(t->m);
    mem_free(t->v);
    mem_free(t->segment);
    mem_free(t->sumsq);
}

/* ---- the step ---- */

struct step {
    struct pretrainer *t;
    float scale;              /* 1 / targets */
    struct adam plain, decay; /* without and with weight decay */
};

static void gradient_block(void *ctx, size_t index, size_t worker)
{
    struct step *s = ctx;
    struct pretrainer *t = s->t;
    struct pretrain_block *b = &t->block[index];
    struct lm_net_f32 *net = t->net[worker];
    const size_t T = t->model.cfg.n_ctx;
    const size_t first = index * PRETRAIN_BLOCK_ROWS;
    const size_t left = t->cfg.batch_rows - first;
    const size_t rows = left < PRETRAIN_BLOCK_ROWS ? left : PRETRAIN_BLOCK_ROWS;
    size_t count = 0;
    memset(b->grad.arena, 0, b->grad.count * sizeof *b->grad.arena);
    lm_net_loss_f32(net, &t->view, t->inputs + first * T, t->targets + first * T, rows,
                    T, &b->loss, &count);
    lm_net_backward_f32(net, &t->view, s->scale, &b->grad);
}

/* Adds the gradients of all blocks to the first block's, in block order. */
static void sum_segment(void *ctx, size_t index, size_t worker)
{
    (void)worker;
    const struct step *s = ctx;
    struct pretrainer *t = s->t;
    const struct pretrain_segment *g = &t->segment[index];
    const struct kern *k = kern_get();
    float *sum = t->block[0].grad.arena + g->at;
    for (size_t b = 1; b < t->blocks; b++) {
        k->axpy(g->count, 1.0f, t->block[b].grad.arena + g->at, sum);
    }
    t->sumsq[index] = k->sumsq(g->count, sum);
}

static void adam_segment(void *ctx, size_t index, size_t worker)
{
    (void)worker;
    const struct step *s = ctx;
    struct pretrainer *t = s->t;
    const struct pretrain_segment *g = &t->segment[index];
    kern_get()->adam(g->count, g->decay ? &s->decay : &s->plain,
                     t->block[0].grad.arena + g->at, t->model.w.arena + g->at,
                     t->m + g->at, t->v + g->at);
}

double pretrain_lr(const struct pretrain_config *cfg, int64_t step)
{
    if (step < cfg->warmup) {
        return cfg->lr * (double)(step + 1) / (double)cfg->warmup;
    }
    const double pi = 3.14159265358979323846;
    const int64_t span = cfg->steps - cfg->warmup;
    const double x = span > 0 ? (double)(step - cfg->warmup) / (double)span : 1.0;
    const double low = cfg->lr * cfg->lr_min_ratio;
    return low + (cfg->lr - low) * 0.5 * (1.0 + cos(pi * (x < 1.0 ? x : 1.0)));
}

enum err pretrain_step(struct pretrainer *t, size_t n_targets, double *loss, double *lr,
                       double *grad_norm, struct errinfo *e)
{
    const struct pretrain_config *c = &t->cfg;
    const double per_target = n_targets > 0 ? 1.0 / (double)n_targets : 0.0;
    struct step s = {.t = t, .scale = (float)per_target};
    pool_run(t->pool, t->blocks, gradient_block, &s);
    pool_run(t->pool, t->segments, sum_segment, &s);
    double sum = 0, sumsq = 0;
    for (size_t b = 0; b < t->blocks; b++) {
        sum += t->block[b].loss;
    }
    for (size_t i = 0; i < t->segments; i++) {
        sumsq += t->sumsq[i];
    }
    const double norm = sqrt(sumsq);
    if (!isfinite(sum) || !isfinite(norm)) {
        return err_set(e, ERR_NUMERIC,
                       "step %lld: loss %g, gradient norm %g: training diverged; try a "
                       "lower lr",
                       (long long)t->step, sum * per_target, norm);
    }
    *loss = sum * per_target;
    *grad_norm = norm;
    *lr = pretrain_lr(c, t->step);
    const double clip = c->clip > 0 && norm > c->clip ? c->clip / norm : 1.0;
    s.plain = adam_factors(*lr, c->beta1, c->beta2, c->eps, 0.0, clip, t->step + 1);
    s.decay = adam_factors(*lr, c->beta1, c->beta2, c->eps, c->weight_decay, clip,
                           t->step + 1);
    pool_run(t->pool, t->segments, adam_segment, &s);
    return OK;
}
