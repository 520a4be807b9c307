/* The rule of absorption with thresholds of one's own: what each held-out occurrence
 * shows is kept, so that trying another threshold needs no activations. Any thread. */
#ifndef SAETOP_EVAL_RULE_H
#define SAETOP_EVAL_RULE_H

#include "eval/words.h"

/* SAEBench's thresholds, and ours for a verdict on a word. */
#define RULE_SHARE  0.4   /* of the probe's projection that absorbers must supply */
#define RULE_COSINE 0.025 /* of the absorber's direction and the probe's, at least */

/* Fixed, since they decide which numbers are kept or which latents are the main ones: a
 * latent fires from 1e-8 on; the fraction's absorbers are three, of cosine 0.1 or more;
 * a further main latent raises F1 by more than 0.03. */
struct absorption_rule {
    double share, cosine; /* 0..1 */
    size_t least;         /* occurrences that a verdict on a word needs, 1 or more */
};
struct absorption_rule absorption_rule_default(void);
bool absorption_rule_same(const struct absorption_rule *a,
                          const struct absorption_rule *b);
bool absorption_rule_is_default(const struct absorption_rule *r);
/* Reads "share=0.4 cosine=0.025 least=20", in any order, leaving what is not named as
 * it is in `out`; or "default". ERR_USAGE says what was expected. */
enum err absorption_rule_parse(const char *text, struct absorption_rule *out,
                               struct errinfo *e) ERR_CHECKED;

/* An occurrence that the raw probe gets right. Its numbers are shares of its
 * projection. */
struct absorption_reading {
    float share;  /* of the latent of greatest projection, */
    float cosine; /* and the cosine of its direction */
    float main;   /* of the main latents */
    float others; /* of the three greatest other latents of cosine 0.1 or more */
    int32_t top;  /* the latent of greatest projection, -1: none fires */
    bool fires;   /* a main latent */
};
/* The readings of one evaluation's words; shared by reference count, immutable. 24
 * bytes an occurrence: 1.1 MB an arm for the bundled sample. */
struct absorption_evidence {
    atomic_int refs;
    size_t n_words;
    size_t *start; /* [n_words+1] the readings of a word */
    struct absorption_reading *reading;
};
struct absorption_evidence *absorption_evidence_ref(struct absorption_evidence *v);
void absorption_evidence_unref(struct absorption_evidence *v); /* NULL is fine */

/* Applies the rule to the words of v and their concepts. Sets the words' absorbed,
 * fraction, verdict and absorbers, and the concepts' absorbed, full, fraction and
 * absorbers. word [v->n_words] ascending by concept, row [n]. With the default rule the
 * results are those of evaluate(), up to rounding to 1e-7. ERR_NOMEM. O(readings +
 * latents). */
enum err absorption_rule_apply(const struct absorption_rule *rule,
                               const struct absorption_evidence *v,
                               struct word_result *word, struct concept_result *row,
                               size_t n, struct errinfo *e) ERR_CHECKED;

#endif
