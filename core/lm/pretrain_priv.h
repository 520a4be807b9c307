/* What the files of pretraining share; not for others. A trainer is set up by
 * pretrain.c, reads its rows in pretrain_data.c, steps in pretrain_step.c, and is
 * stored and resumed in pretrain_state.c. */
#ifndef SAETOP_LM_PRETRAIN_PRIV_H
#define SAETOP_LM_PRETRAIN_PRIV_H

#include "lm/lm_net.h"
#include "lm/pretrain.h"
#include "text/pack.h"

/* Rows in one block of parallel work: fixed, so that sums do not depend on threads. */
#define PRETRAIN_BLOCK_ROWS 4
#define PRETRAIN_PATH       4096
#define PRETRAIN_MAX_TEXTS  64

/* A stretch of one tensor, the optimizer's unit of work. */
struct pretrain_segment {
    size_t at, count; /* in the arena */
    bool decay;
};

/* The gradient and loss of one block of rows. */
struct pretrain_block {
    struct lm_net_weights_f32 grad;
    double loss; /* sum over its targets */
};

struct pretrainer {
    struct pretrain_config cfg;
    const struct pretrain_text *texts; /* [n_texts], borrowed */
    size_t n_texts;
    struct tok *own_tok; /* trained here, or NULL */
    const char *out;
    struct pool *pool;

    struct lm model;                /* tok borrowed from the caller or own_tok */
    struct lm_net_weights_f32 view; /* of the model's weights */
    float *m, *v;                   /* [count] moments */

    /* rows */
    struct pack **pack; /* [n_texts] */
    /* [n_texts] where they stood after the last whole step, as a save records it */
    struct pack_pos *at;
    int32_t *inputs;  /* [batch_rows, T] with masks */
    int32_t *targets; /* [batch_rows, T], -1: none */

    /* the step */
    size_t blocks, workers;
    struct pretrain_block *block; /* [blocks] */
    struct lm_net_f32 **net;      /* [workers] */
    struct pretrain_segment *segment;
    size_t segments;
    double *sumsq; /* [segments] of the summed gradient */

    /* counters, kept in the state */
    int64_t step;
    int64_t tokens;
    double seconds;

    struct str log; /* losses.csv */
    double *nll;    /* [2 * n_texts] clean, masked */
};

/* pretrain.c */

struct lm_config pretrain_model(const struct pretrain_config *c, size_t vocab);
/* Draw the initial weights of m, whose arena exists. */
void pretrain_init_weights(struct lm *m, uint64_t seed);

/* pretrain_data.c */

/* Train a new tokenizer on the texts. *out: caller owns. */
enum err pretrain_tokenizer(const struct pretrain_config *cfg,
                            const struct pretrain_text *texts, size_t n_texts,
                            struct tok **out, struct errinfo *e) ERR_CHECKED;
/* Fill inputs and targets with the rows of the coming step; *n_targets: how many
 * targets. */
enum err pretrain_batch(struct pretrainer *t, size_t *n_targets,
                        struct errinfo *e) ERR_CHECKED;

/* pretrain_step.c */

/* Make networks, gradient arenas and segments for t->model; freed by
 * pretrain_step_deinit. */
enum err pretrain_step_init(struct pretrainer *t, struct errinfo *e) ERR_CHECKED;
void pretrain_step_deinit(struct pretrainer *t);
/* Take one step on the batch: gives the loss per target and the gradient norm before
 * the clip, and updates weights and moments. ERR_NUMERIC, with nothing updated, if a
 * figure is not finite. */
enum err pretrain_step(struct pretrainer *t, size_t n_targets, double *loss, double *lr,
                       double *grad_norm, struct errinfo *e) ERR_CHECKED;
double pretrain_lr(const struct pretrain_config *cfg, int64_t step);

/* pretrain_state.c */

/* Make t->out, with a train_state.safetensors that says nothing is saved yet. */
enum err pretrain_begin(const struct pretrainer *t, struct errinfo *e) ERR_CHECKED;
/* Write model, losses.csv and, last, train_state.safetensors into t->out. */
enum err pretrain_save(struct pretrainer *t, struct errinfo *e) ERR_CHECKED;
/* Continue from t->out: weights, moments, counters, cursors, and losses.csv up to
 * there. ERR_USAGE names the first setting that differs from the one recorded.
 * note[256] gets a line if the CPU kernels differ, else "". */
enum err pretrain_resume(struct pretrainer *t, char note[256],
                         struct errinfo *e) ERR_CHECKED;

#endif
