/* Pretraining a small GPT-2 from a corpus: AdamW, warm-up and cosine, global clip 1, a
 * share of inputs masked in part of the rows (targets stay), resumable to the bit. */
#ifndef SAETOP_LM_PRETRAIN_H
#define SAETOP_LM_PRETRAIN_H

#include "base/pool.h"
#include "lm/lm.h"
#include "lm/lm_eval.h"
#include "text/corpus.h"

struct pretrain_config {
    size_t n_layer, n_head, d_model, n_ctx; /* 4, 4, 128, 128 */
    size_t vocab;             /* target vocabulary of a new tokenizer: 6144 */
    size_t tokenizer_bytes;   /* text that a new tokenizer is trained on */
    const char *const *forms; /* [n_forms] texts that a new tokenizer must */
    size_t n_forms;           /* have as single tokens; NULL: none */
    size_t batch_rows;        /* 32 */
    int64_t steps;
    int64_t warmup; /* steps of linear rise, then half a cosine to lr * lr_min_ratio */
    double lr, lr_min_ratio, beta1, beta2, eps, clip;
    double weight_decay;  /* on matrices and embeddings; not on biases and norms */
    double mask_rows;     /* share of rows with masks: 0.5 */
    double mask_rate_max; /* rate of such a row is uniform in [0, this]: 0.5 */
    uint64_t seed;
    int64_t eval_every, save_every, log_every; /* steps; 0: only at the end */
    size_t eval_rows;                          /* held-out rows of each text; 0: none */
};
struct pretrain_config pretrain_defaults(void);
/* Checks that its numbers are in range and fit together. ERR_USAGE. */
enum err pretrain_check(const struct pretrain_config *c, struct errinfo *e) ERR_CHECKED;

/* One text and its weight in the mix, the share of rows drawn from it. */
struct pretrain_text {
    struct corpus *corpus;
    const char *name;
    double weight;
};

struct pretrain_progress {
    int64_t step, steps;
    double loss; /* of the step, nats per token */
    double lr, grad_norm;
    int64_t tokens; /* read since step 0, BOS included */
    double seconds; /* since step 0, without pauses between runs */
    double tokens_per_second, eta_seconds;
    bool evaluated;           /* the two below are fresh; [n_texts] */
    const double *nll_clean;  /* held-out, per text */
    const double *nll_masked; /* held-out at 30 % masking */
    bool saved;
    const char *note; /* a line for the user, usually NULL */
};
/* Return false to stop: the state is saved first. */
typedef bool pretrain_fn(void *user, const struct pretrain_progress *p);

/* Whether `out` is free for a new run: nothing is there, or an empty folder, or the
 * remains of a run that ended before its first save was complete. */
bool pretrain_may_begin(const char *out);

/* Train into directory `out`: model files, train_state.safetensors (weights, AdamW
 * moments, step, cursors) and losses.csv. `out` must be free, or with `resume` hold the
 * state of a run with the same settings and texts, which is continued and gives the
 * same bytes as a run that never stopped. eval_every, save_every, log_every and
 * eval_rows may differ. tok (borrowed) NULL: train one on the texts, or with `resume`
 * take the one in `out`. `progress` (may be NULL) is called after each step, and at
 * step 0. *interrupted (may be NULL) is set if `progress` asked for the stop. A loss or
 * gradient that is not finite ends the run with ERR_NUMERIC and leaves the last saved
 * state; if a text can no longer be read, the steps made are saved and its error is
 * returned. The result depends on cfg and the texts, not on the number of threads.
 * Owner thread; uses `pool`. */
enum err pretrain_run(const struct pretrain_config *cfg,
                      const struct pretrain_text *texts, size_t n_texts,
                      struct tok *tok, const char *out, bool resume, struct pool *pool,
                      pretrain_fn *progress, void *user, bool *interrupted,
                      struct errinfo *e) ERR_CHECKED;

/* ---- what it takes (pretrain_cost.c), where cfg->vocab is that of the tokenizer ----
 */

/* Bytes that such a run adds to the process, on `threads` threads; SIZE_MAX if too many
 * to count. */
size_t pretrain_bytes(const struct pretrain_config *cfg, size_t threads);
/* Measures *step_seconds, the time of a step, with a few steps of a model of this size
 * on `pool`, for about `seconds`; the model takes pretrain_bytes and is freed.
 * ERR_USAGE for a configuration that pretrain_run refuses; ERR_NUMERIC, ERR_NOMEM.
 * Owner thread. */
enum err pretrain_time(const struct pretrain_config *cfg, struct pool *pool,
                       double seconds, double *step_seconds,
                       struct errinfo *e) ERR_CHECKED;
/* The step of the last save in `out`, where a resumed run goes on; 0 if there is none
 * or it can't be read. Takes no memory. */
int64_t pretrain_saved_step(const char *out);

#endif
