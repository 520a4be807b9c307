/* What the files of core/ask share. */
#ifndef SAETOP_ASK_ASK_PRIV_H
#define SAETOP_ASK_ASK_PRIV_H

#include "ask/ask.h"

/* Positions whose logits are worked out together. */
#define ASK_HEAD_ROWS 32

/* Probabilities of each token as the next one, summed over positions. */
struct ask_shifts {
    double *before, *after; /* [V] */
};

struct ask {
    struct ask_subject *subject;
    const atomic_bool *cancel;
    size_t T, width; /* room for rows of T; numbers of a position at the hook */
    struct lm_ws *ws;
    int32_t *fed;              /* [T] the question's tokens with masks */
    uint8_t *special;          /* [T] outside the SAE */
    bool masks;                /* any is masked */
    float *x, *xe;             /* [T, width] at the hook; with edits */
    float *resid, *resid_e;    /* [T, D] behind the last block; after */
    float *logits[2];          /* [ASK_HEAD_ROWS, V] */
    float *prob;               /* [V] */
    struct ask_shifts *sum;    /* NULL: not asked for */
    struct sae_codes codes[2]; /* as the prompt stands; with masks */
};

/* Let it be of another subject. False where its room does not fit: another model or
 * width. */
bool ask_turn_to(struct ask *a, struct ask_subject *s);
/* Room for rows of T tokens. */
enum err ask_room(struct ask *a, size_t T, struct errinfo *e) ERR_CHECKED;
/* ERR_CANCELLED where it was asked for. */
enum err ask_poll(const struct ask *a, struct errinfo *e) ERR_CHECKED;

/* Check the question, then fill a->fed, a->special and a->masks. */
enum err ask_begin(struct ask *a, const struct ask_question *q,
                   struct errinfo *e) ERR_CHECKED;
/* The model on ids [n]: a->x, resid [n, D], and codes of a->x. */
enum err ask_pass(struct ask *a, const int32_t *ids, size_t n, float *resid,
                  struct sae_codes *codes, struct errinfo *e) ERR_CHECKED;
/* a->xe: a->x with the question's edits on these codes of it; how many rows differ. */
size_t ask_edit_x(struct ask *a, const struct ask_question *q,
                  const struct sae_codes *codes);
/* The model on a->fed [n] with x [n, width] at the hook: resid [n, D] out. */
void ask_pass_with(struct ask *a, const float *x, size_t n, float *resid);
/* A latent's activation in row t of codes. */
double ask_act(const struct sae_codes *codes, const struct sae *s, size_t t,
               int32_t latent);

/* ask_run of a question with masks or edits, and in sum, over the positions whose next
 * token is there, what was expected; after an error sum is of no use. */
enum err ask_run_summing(struct ask *a, const struct ask_question *q,
                         struct ask_shifts *sum, struct ask_answer **out,
                         struct errinfo *e) ERR_CHECKED;

/* What fires in a row, or is woken by edits. Zeroed before use; ask_fires_deinit. */
struct ask_fires {
    struct ask_fire *at; /* [n] by id */
    size_t n, cap;
    int32_t *id; /* on the way */
    size_t ids, ids_cap;
};
/* Row t of codes, at position pos of the text, which is not of a special token: each
 * latent whose activation is above 0 in `plain`, or other than 0 in `masked` (which may
 * be the same) after edits. In place of what was there. O(K log K + K n). */
enum err ask_fires_at(struct ask_fires *f, const struct sae *s,
                      const struct sae_codes *plain, const struct sae_codes *masked,
                      size_t t, const struct ask_edit *edit, size_t n, size_t pos,
                      struct errinfo *e) ERR_CHECKED;
void ask_fires_deinit(struct ask_fires *f);

/* log sum exp of logits [V] in *lse; ERR_NUMERIC where that is no number. */
enum err ask_lse(const struct lm *m, const float *logits, double *lse,
                 struct errinfo *e) ERR_CHECKED;
/* The k greatest of logits [V], likeliest first, ties to the lower id; `other` is NaN.
 */
void ask_likeliest(const float *logits, size_t V, double lse, size_t k,
                   struct ask_next *out);
/* Order of ask_fire: strongest first. */
int ask_by_act(const void *a, const void *b);

#endif
