/* struct eval_set; internal to core/eval and its tests. */
#ifndef SAETOP_EVAL_EVALSET_PRIV_H
#define SAETOP_EVAL_EVALSET_PRIV_H

#include "eval/evalset.h"
#include "eval/fidelity.h"
#include "num/logreg.h"

/* Occurrences of concept words with their activations: training ones first. */
struct concept_sample {
    size_t n, n_train, D;
    size_t n_rank;  /* the first training ones, a few of each word form: enough to rank
                       latents on, at half the cost */
    float *x;       /* [n, D], as the model made them */
    int32_t *token; /* [n] */
    uint32_t *at;   /* [n] positions in the set that it was drawn from */
    float *mean;    /* [D] mean of the training ones */
    size_t *label_start; /* [n+1] concepts of occurrence i, ascending */
    int32_t *label;
    size_t n_concepts;
    size_t *member_start; /* [n_concepts+1] the inverse: occurrences of a concept, */
    uint32_t *member;     /* ascending */
    /* The word forms, and all occurrences that no probe is trained on: those to test on
     * and those beyond per_word, as positions in the rows of text, ascending. */
    size_t n_forms, n_held;
    int32_t *form_token; /* [n_forms] ascending */
    size_t *form_start;  /* [n_forms+1] concepts of a form, ascending */
    int32_t *form_concept;
    uint32_t *form;      /* [n] the form of each occurrence of the sample */
    uint32_t *held_at;   /* [n_held] */
    uint32_t *held_form; /* [n_held] */
    uint32_t *test_held; /* [n - n_train] where those to test on are among them */
};
enum err concept_sample_init(struct concept_sample *s, const struct eval_config *cfg,
                             const struct acts_set *set, const struct concepts *c,
                             struct errinfo *e) ERR_CHECKED;
void concept_sample_deinit(struct concept_sample *s);
/* Makes a sample of the rows of s, each repeated as often as times [s->n] says, without
 * activations, tokens, positions and forms. Row i of s begins at first[i] [s->n+1] of
 * it. */
enum err concept_sample_repeat(const struct concept_sample *s, const uint32_t *times,
                               struct concept_sample *out, size_t *first,
                               struct errinfo *e) ERR_CHECKED;
/* Counts the occurrences of concept c for training; the rest are for testing. */
size_t concept_sample_train_of(const struct concept_sample *s, size_t c);

/* The two forms of the absorption measure. */
enum absorption_form {
    FORM_MAIN,     /* activations centred, F1 with both classes of weight 1 */
    FORM_SAEBENCH, /* as SAEBench computes it */
};

/* F1 of a test; in the main form both classes are weighted to equal size. */
double form_f1(enum absorption_form form, double true_pos, double false_pos, double pos,
               double neg);

/* Ground-truth probes on raw activations, one for each concept 0..C-1, and what they
 * say about the held-out occurrences. They alone decide which concepts are eligible. */
struct probe_bank {
    enum absorption_form form;
    size_t C, D;
    size_t fit_passes; /* as in eval_config */
    float *dir;        /* [C, D] of unit length; zero if there is no probe */
    float *cut;        /* [C] a probe says yes if the projection on dir is above it */
    double *f1;        /* [C] on the sample's test occurrences */
    size_t *tested;    /* [C] test occurrences of the concept that it gets right */
    /* The rows that absorption is decided on: all held-out occurrences; in SAEBench's
     * form, the sample's test part. */
    size_t n_held;
    uint32_t *held_at;   /* [n_held] positions in the rows of text, ascending */
    uint32_t *held_form; /* [n_held] of the sample's forms */
    /* ... and those of each concept among them. */
    size_t *occ_start; /* [C+1] */
    uint32_t *occ;     /* indices into held_at, ascending */
    float *projection; /* activation along dir, in the model's units */
    uint8_t *right;    /* whether the probe says yes: a true positive */
    size_t *hits;      /* [C] true positives */
    double *weight; /* of a true positive in the rates: 1 / its word's number of them,
                       so that all words count alike; in SAEBench's form 1 */
    size_t fitted, short_of; /* in the main form: probes, and those not at their
                                certified minimum */
    /* The eligible concepts, as units 0..n_units-1, and the sample's labels in terms of
     * these. */
    size_t n_units;
    int32_t *concept_of; /* [n_units] */
    size_t *label_start; /* [n+1] */
    int32_t *label;
};
/* Makes the bank. A concept is eligible if its probe's F1 is above cfg->min_probe_f1
 * and it gets at least min_positives, and at least one, of the test occurrences right.
 * `set`: what s was drawn from. */
enum err probe_bank_init(struct probe_bank *b, enum absorption_form form, size_t C,
                         const struct concept_sample *s, const struct acts_set *set,
                         const struct eval_config *cfg, size_t min_positives,
                         struct pool *pool, const atomic_bool *cancel,
                         struct errinfo *e) ERR_CHECKED;
void probe_bank_deinit(struct probe_bank *b);

struct eval_set {
    struct eval_config cfg;
    struct acts_set *id, *ood; /* ood may be NULL */
    struct fidelity_rows fid_id, fid_ood;
    struct concept_sample sample;
    struct probe_bank bank;  /* of the main form */
    size_t n_leaf;           /* concepts 0..n_leaf-1 */
    size_t n_common;         /* 0..n_common-1: all but shapes, suffixes, languages */
    enum concept_kind *kind; /* [sample.n_concepts] */
};

/* eval_set_new on activations already made. Takes over id and ood, also on failure; h
 * NULL: no cross-entropies. */
enum err eval_set_build(const struct eval_config *cfg, struct acts_set *id,
                        struct acts_set *ood, const struct concepts *concepts,
                        struct harvester *h, struct pool *pool,
                        const atomic_bool *cancel, struct eval_set **out,
                        struct errinfo *e) ERR_CHECKED;

/* ERR_CANCELLED if *cancel (may be NULL) is set. */
enum err eval_poll(const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;

#endif
