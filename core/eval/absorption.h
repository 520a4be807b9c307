/* Absorption: a general latent is silent where a specific one fires in its place. For
 * each concept: which latents carry it (by an L1 probe on the codes and k-sparse probes
 * with the F1 jump rule); and, on each occurrence that the ground-truth probe gets
 * right, whether they fire and, if not, what supplies the concept's direction instead.
 * Rules and thresholds are those of SAEBench 0.6 (feature_absorption_calculator.py). */
#ifndef SAETOP_EVAL_ABSORPTION_H
#define SAETOP_EVAL_ABSORPTION_H

#include "eval/evalset_priv.h"
#include "eval/evaluate.h"
#include "sae/sae.h"

/* The sample's codes by latent. */
struct code_columns {
    size_t F;
    size_t *start; /* [F+1] */
    uint32_t *row; /* ascending within a latent */
    float *val;
};
enum err code_columns_init(struct code_columns *k, size_t F, const struct sae_codes *c,
                           struct errinfo *e) ERR_CHECKED;
void code_columns_deinit(struct code_columns *k);

/* Fits weights [n_units, F] of the L1 probes of the bank's units on the training codes;
 * in the main form certified minima (logreg.h), begun at `start` if that is not NULL.
 */
enum err ksparse_weights(const struct probe_bank *b, const struct concept_sample *s,
                         const struct sae_codes *codes, size_t F, uint64_t seed,
                         const struct logreg *start, struct pool *pool,
                         const atomic_bool *cancel, struct logreg *out,
                         struct errinfo *e) ERR_CHECKED;

/* Scratch of one worker for what follows. */
struct absorption_ws {
    int32_t *slot;              /* [n] where an occurrence is in x, -1: nowhere */
    uint32_t *rows;             /* [n] */
    float *x;                   /* [n, EVAL_MAX_MAIN] */
    uint8_t *y;                 /* [n] */
    uint8_t *member;            /* [n] occurrences of the concept at hand */
    uint8_t *is_main;           /* [F] */
    struct logreg_tally *tally; /* of the fits; NULL: not counted */
};
enum err absorption_ws_init(struct absorption_ws *ws, size_t n, size_t F,
                            struct errinfo *e) ERR_CHECKED;
void absorption_ws_deinit(struct absorption_ws *ws);

/* Chooses the main latents of concept c from its L1 weights w [F]: the k = 1, 2, ...
 * best ones as long as F1 on the test occurrences jumps by more than 0.03. Fills
 * main_latent, n_main and f1_best of r. */
void ksparse_select(enum absorption_form form, const struct concept_sample *s,
                    const struct code_columns *k, const float *w, size_t c,
                    struct absorption_ws *ws, struct concept_result *r);

/* In the main form: writes to best the latents of greatest L1 weight w [F] for concept
 * c, those above 0 and always the first; f1[i] is the test F1 of a probe on the first i
 * + 1 of them. Returns how many there are. */
size_t ksparse_f1(const struct concept_sample *s, const struct code_columns *k,
                  const float *w, size_t c, struct absorption_ws *ws,
                  int32_t best[EVAL_MAX_MAIN], double f1[EVAL_MAX_MAIN]);

/* In the main form: writes to r's fit how well the firing of each main latent of
 * concept c tells the concept. O(their firings). */
void ksparse_fits(const struct concept_sample *s, const struct code_columns *k,
                  size_t c, struct absorption_ws *ws, struct concept_result *r);

/* What decisions on one concept read. */
struct absorption_view {
    const struct sae_codes *codes;
    const float *along;  /* [F] W_dec row . probe direction */
    const float *length; /* [F] |W_dec row| */
    double scale; /* the SAE's input scale: codes are in its unit, unless each row has a
                     unit of its own (undo) */
};

/* Outcome of the rule for one occurrence. p: its activation along the probe's
 * direction. */
struct absorption_outcome {
    bool fires;       /* a main latent */
    int32_t absorber; /* the latent that fully absorbs it, -1: none */
    float share; /* of p that the latent of greatest projection supplies; 0 if p is not
                    above 0 or none fires */
    float fraction; /* absorption fraction */
    /* The readings that share and fraction are made from (rule.h): */
    int32_t top;                /* the latent of greatest projection, -1: none */
    float cosine, main, others; /* 0 if p is not above 0 */
};
/* The outcome for row `row` of the codes; is_main [F] marks the main latents. */
struct absorption_outcome absorption_decide(const struct absorption_view *v, size_t row,
                                            double p, const uint8_t *is_main);

#endif
