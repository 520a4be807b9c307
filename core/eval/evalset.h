/* The fixed held-out data on which SAEs of one model and hook are evaluated, made once
 * and shared by every evaluation of every arm: rows of text with their activations and
 * clean losses, a sample of concept words, and the ground-truth probes on raw
 * activations. */
#ifndef SAETOP_EVAL_EVALSET_H
#define SAETOP_EVAL_EVALSET_H

#include "acts/harvest.h"
#include "text/concepts.h"

#include <stdatomic.h>

struct probe_cache;

struct eval_config {
    size_t fidelity_rows; /* rows of text for EV and CE, of ID and OOD each: 16 */
    size_t ce_rows;       /* the first of these, for CE; 0: all of them */
    size_t concept_rows;  /* rows searched for concept words: 512 */
    size_t per_word;      /* occurrences kept of each word form: 16 */
    double test_share;    /* of the concept sample: 0.2, as in SAEBench */
    double min_probe_f1;  /* a concept counts if its raw probe's F1 is above: 0.6 */
    size_t min_positives; /* ... and it gets this many test tokens right: 20 */
    size_t word_least;    /* held-out occurrences a verdict on a word needs: 20 */
    size_t min_letters; /* letters that probes must tell in a prompt for it to be used:
                           20, as in SAEBench */
    bool evidence;      /* evaluate() keeps what thresholds act on (rule.h): no */
    size_t fit_passes;  /* most passes of a probe's fit; 0: those of logreg.h */
    uint64_t seed;
    /* Where fitted probes are kept; NULL: nowhere. Borrowed; used while the set and a
     * suite_bench of it are made, not after. */
    struct probe_cache *cache;
};
/* The numbers above, with seed 0. One evaluation of a 512-latent SAE on the bundled
 * model then takes 0.3 to 0.4 s on one core, half of it for the model behind the
 * spliced SAE. */
struct eval_config eval_defaults(void);

struct eval_set;

/* Builds everything. This is the longest step of a start, so `cancel` (may be NULL) is
 * polled and the model runs on the harvester's pool. Rows are the first of each
 * corpus's held-out split. ood NULL: no OOD figures. At most per_word occurrences of
 * each word form are kept (by a draw), with test_share of each form's set aside.
 * Immutable afterwards; any thread may read it. Errors: those of the corpora,
 * ERR_NUMERIC if the model's activations are not finite, ERR_CANCELLED. */
enum err eval_set_new(const struct eval_config *cfg, struct harvester *h,
                      struct corpus *id, struct corpus *ood,
                      const struct concepts *concepts, const struct tok *tok,
                      struct pool *pool, const atomic_bool *cancel,
                      struct eval_set **out, struct errinfo *e) ERR_CHECKED;
void eval_set_free(struct eval_set *s); /* NULL is fine */

/* From now on evaluations of the set keep what thresholds act on (rule.h). Call before
 * others have the set. */
void eval_set_keep_evidence(struct eval_set *s);

/* The clean in-distribution rows, for the browser and for normalisation; borrowed. */
const struct acts_set *eval_set_rows(const struct eval_set *s);
struct eval_config eval_set_config(const struct eval_set *s);
/* The size of the concept sample: occurrences to train probes on, and to test on. */
size_t eval_set_sample(const struct eval_set *s, size_t *n_test);
/* Estimates the bytes of a set, taking the sample for a third of the text. */
size_t eval_set_bytes(const struct eval_config *cfg, size_t D, size_t T);

#endif
