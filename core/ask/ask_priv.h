/* What the files of core/ask share. */
#ifndef SAETOP_ASK_ASK_PRIV_H
#define SAETOP_ASK_ASK_PRIV_H

#include "ask/ask.h"

/* Positions whose logits are computed together. */
#define ASK_HEAD_ROWS 32

/* Probabilities of each token as the next one, summed over positions. */
struct ask_shifts {
    double *before, *after; /* [V] */
};

struct ask {
    struct ask_subject *subject;
    const atomic_bool *cancel;
    size_t T, width; /* room for rows of T; width at the hook */
    struct lm_ws *ws;
    int32_t *fed;              /* [T] the question's tokens with masks */
    uint8_t *special;          /* [T] outside the SAE */
    bool masks;                /* any token is masked */
    float *x, *xe;             /* [T, width] at the hook; with edits */
    float *resid, *resid_e;    /* [T, D] behind the last block; after */
    float *logits[2];          /* [ASK_HEAD_ROWS, V] */
    float *prob;               /* [V] */
    struct ask_shifts *sum;    /* NULL: not asked for */
    struct sae_codes codes[2]; /* as the prompt stands; with masks */
};

/* Turns to another subject. False if its room does not fit: another model or width. */
bool ask_turn_to(struct ask *a, struct ask_subject *s);
/* Makes room for rows of T tokens. */
enum err ask_room(struct ask *a, size_t T, struct errinfo *e) ERR_CHECKED;
/* ERR_CANCELLED if it was asked for. */
enum err ask_poll(const struct ask *a, struct errinfo *e) ERR_CHECKED;

/* Checks the question, then fills a->fed, a->special and a->masks. */
enum err ask_begin(struct ask *a, const struct ask_question *q,
                   struct errinfo *e) ERR_CHECKED;
/* Runs the model on ids [n]: writes a->x, resid [n, D] and the codes of a->x. */
enum err ask_pass(struct ask *a, const int32_t *ids, size_t n, float *resid,
                  struct sae_codes *codes, struct errinfo *e) ERR_CHECKED;
/* Writes a->xe: a->x with the question's edits, by its codes; returns how many rows
 * differ. */
size_t ask_edit_x(struct ask *a, const struct ask_question *q,
                  const struct sae_codes *codes);
/* Runs the model on a->fed [n] with x [n, width] at the hook: writes resid [n, D]. */
void ask_pass_with(struct ask *a, const float *x, size_t n, float *resid);
/* Returns a latent's activation in row t of codes. */
double ask_act(const struct sae_codes *codes, const struct sae *s, size_t t,
               int32_t latent);

/* ask_run of a question with masks or edits. Also writes to sum what was expected, over
 * the positions whose next token is there; after an error sum is of no use. */
enum err ask_run_summing(struct ask *a, const struct ask_question *q,
                         struct ask_shifts *sum, struct ask_answer **out,
                         struct errinfo *e) ERR_CHECKED;

/* The latents that fire in a row or are woken by edits. Zeroed before use;
 * ask_fires_deinit. */
struct ask_fires {
    struct ask_fire *at; /* [n] by id */
    size_t n, cap;
    int32_t *id; /* on the way */
    size_t ids, ids_cap;
};
/* Finds, in row t of codes, at position pos of the text (no special token), each latent
 * whose activation is above 0 in `plain`, or not 0 in `masked` (which may be the same)
 * after edits. Replaces what was there. O(K log K + K n). */
enum err ask_fires_at(struct ask_fires *f, const struct sae *s,
                      const struct sae_codes *plain, const struct sae_codes *masked,
                      size_t t, const struct ask_edit *edit, size_t n, size_t pos,
                      struct errinfo *e) ERR_CHECKED;
void ask_fires_deinit(struct ask_fires *f);

/* Writes log sum exp of logits [V] to *lse; ERR_NUMERIC if that is not finite. */
enum err ask_lse(const struct lm *m, const float *logits, double *lse,
                 struct errinfo *e) ERR_CHECKED;
/* Writes the k greatest of logits [V], likeliest first, ties to the lower id; `other`
 * is NaN. */
void ask_likeliest(const float *logits, size_t V, double lse, size_t k,
                   struct ask_next *out);
/* Orders ask_fire: strongest first. */
int ask_by_act(const void *a, const void *b);

#endif
