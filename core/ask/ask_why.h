/* Which latents made a token likely: the contribution of each latent at each position,
 * and of the SAE's error, to the difference of two logits. Computed by integrated
 * gradients (Sundararajan, Taly, Yan 2017, arXiv:1703.01365) from zero latents through
 * the rest of the model, with latents and error as the inputs as in Marks et al. 2024
 * (arXiv:2403.19647, sparse feature circuits).
 *
 * At the hook, at every position that holds no special token,
 *     x(s) = b_dec + s (sum_i a_i d_i + error),    s from 0 to 1, x(1) = x,
 * with normalisation undone. A latent's contribution is the integral over s of the
 * gradient of the difference along a_i d_i; the error's is that along the error. So
 *     at_zero + sum of all contributions = difference,
 * where at_zero is the difference at x(0). The integrals are Gauss-Legendre with 8
 * points on intervals that are halved until each sums to the rise of the difference
 * over it. Owner thread of the struct ask. */
#ifndef SAETOP_ASK_ASK_WHY_H
#define SAETOP_ASK_ASK_WHY_H

#include "ask/ask.h"

#define ASK_MEAN   (-2) /* against the mean of all logits */
#define ASK_SECOND (-1) /* against the likeliest other token */
#define ASK_ABLATES                                                                    \
    20u /* parts that are really ablated wherever a why is shown: with                 \
           half of them chance alone often hides the agreement */

struct ask_why_opts {
    size_t pos;       /* the token at this position is explained: what the model expects
                         after pos - 1; 1 to n; n: the one that comes next */
    int32_t target;   /* the token; -1: the prompt's own, or for n the likeliest */
    int32_t against;  /* a token, ASK_SECOND or ASK_MEAN */
    size_t ablate;    /* how many of the greatest are really ablated too; 0: none */
    double tolerance; /* of the sum, as a share of the difference to be explained; 0:
                         1e-3 */
};
struct ask_part {
    int32_t latent; /* -1: the SAE's error */
    uint32_t pos;
    float act;           /* its activation there; for the error its length over x's */
    double contribution; /* in logits */
    double ablated; /* fall of the difference when this alone is taken away; NaN: not
                       tried */
};
struct ask_why {
    atomic_int refs;
    size_t pos;
    int32_t target, against; /* against: a token, or ASK_MEAN */
    double difference;       /* of the logits, as it is */
    double at_zero;          /* at zero latents and no error */
    double sum;              /* of all contributions */
    double latents, error;   /* its two parts */
    double remainder;        /* difference - at_zero - sum */
    size_t points;           /* at which gradients were taken */
    bool complete;           /* |remainder| is within the tolerance */
    struct ask_part *part;   /* [n] greatest by size first */
    size_t n;
    size_t ablated;  /* how many of the first were really ablated */
    double spearman; /* of contribution and ablation over these; NaN below 3 */
};
/* Explains a token. The question's masks and edits act: what is explained is what the
 * model says with them, and `act` is the activation after. Costs about 8 passes forward
 * and backward through the rest of the model, more where it bends, and one forward for
 * each ablation. ERR_USAGE for what is out of range; ERR_CANCELLED; ERR_NUMERIC. *out:
 * caller owns a reference. */
enum err ask_why(struct ask *a, const struct ask_question *q,
                 const struct ask_why_opts *o, struct ask_why **out,
                 struct errinfo *e) ERR_CHECKED;
/* Whether contributions and ablations agree in order. Only an interval without 0 gives
 * a verdict. */
enum ask_agreement { ASK_UNKNOWN, ASK_DOUBTED, ASK_AGREES, ASK_CONTRADICTS };
enum ask_agreement ask_why_agreement(const struct ask_why *w);
/* Writes that as a sentence: "agrees with silencing: rank correlation 0.93 (95 % 0.58
 * to 0.99, 8 greatest)". */
void ask_why_say(const struct ask_why *w, char *out, size_t cap);
struct ask_why *ask_why_ref(struct ask_why *w);
void ask_why_unref(struct ask_why *w); /* NULL is fine */

#endif
