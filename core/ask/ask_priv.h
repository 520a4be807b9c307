/* What the files of core/ask share. */
#ifndef SAETOP_ASK_ASK_PRIV_H
#define SAETOP_ASK_ASK_PRIV_H

#include "ask/ask.h"

/* Positions whose logits are worked out together. */
#define ASK_HEAD_ROWS 32

struct ask {
    struct ask_subject *subject;
    const atomic_bool *cancel;
    size_t T, width; /* room for rows of T; numbers of a position at the hook */
    struct lm_ws *ws;
    int32_t *fed;           /* [T] what the model reads */
    uint8_t *special;       /* [T] outside the SAE */
    float *x, *xe;          /* [T, width] at the hook; with edits */
    float *resid, *resid_e; /* [T, D] behind the last block; with edits */
    float *logits[2];       /* [ASK_HEAD_ROWS, V] */
    float *prob;            /* [V] */
    struct sae_codes codes; /* of x */
};

/* Room for rows of T tokens. */
enum err ask_room(struct ask *a, size_t T, struct errinfo *e) ERR_CHECKED;
/* ERR_CANCELLED where it was asked for. */
enum err ask_poll(const struct ask *a, struct errinfo *e) ERR_CHECKED;

/* Check the question, then fill a->fed and a->special. */
enum err ask_begin(struct ask *a, const struct ask_question *q,
                   struct errinfo *e) ERR_CHECKED;
/* Codes of a->x [n]. */
enum err ask_encode(struct ask *a, size_t n, struct errinfo *e) ERR_CHECKED;
/* The model on a->fed [n]: a->x, a->resid, and codes of a->x. */
enum err ask_base_pass(struct ask *a, size_t n, struct errinfo *e) ERR_CHECKED;
/* a->xe from the question's edits; *changed rows differ from a->x. */
void ask_edit_x(struct ask *a, const struct ask_question *q, size_t *changed);
/* The model on a->fed [n] with x [n, width] at the hook: resid [n, D] out. */
void ask_pass_with(struct ask *a, const float *x, size_t n, float *resid);

/* log sum exp of logits [V] in *lse; ERR_NUMERIC where that is no number. */
enum err ask_lse(const struct ask *a, const float *logits, double *lse,
                 struct errinfo *e) ERR_CHECKED;
/* The k greatest of logits [V], likeliest first, ties to the lower id; `other` is NaN.
 */
void ask_likeliest(const float *logits, size_t V, double lse, size_t k,
                   struct ask_next *out);
/* Order of ask_fire: strongest first. */
int ask_by_act(const void *a, const void *b);

#endif
