/* What edits do to text that nobody typed: the losses on rows held out of training, the
 * tokens whose loss rises most, and the next tokens whose probability changes most. One
 * row at a time, so that other questions need not wait. */
#ifndef SAETOP_ASK_ASK_HELDOUT_H
#define SAETOP_ASK_ASK_HELDOUT_H

#include "acts/harvest.h"
#include "ask/ask.h"
#include "num/paired.h"

/* ---- the text ---- */

/* Rows of tokens as training packs them (text/pack.h). Immutable, shared by reference
 * count; any thread. */
struct ask_rows {
    atomic_int refs;
    size_t rows, T;
    size_t last;   /* tokens of the last row that are in no earlier row, 1 to T */
    int32_t ids[]; /* [rows,T] */
};
/* Copies the rows of a set, at least one; its activations are not read. ERR_NOMEM. */
enum err ask_rows_new(const struct acts_set *set, struct ask_rows **out,
                      struct errinfo *e) ERR_CHECKED;
/* Reads the first `rows` rows of T tokens of the corpus's held-out text, or as many as
 * there are. Takes memory for all that are asked for. Errors of the corpus. */
enum err ask_rows_read(struct corpus *c, const struct tok *tok, size_t T, size_t rows,
                       struct ask_rows **out, struct errinfo *e) ERR_CHECKED;
struct ask_rows *ask_rows_ref(struct ask_rows *r);
void ask_rows_unref(struct ask_rows *r); /* NULL is fine */
/* Returns how many tokens of row i are read: those that fit the model's context, and of
 * the last row only those that are new. */
size_t ask_rows_len(const struct ask_rows *r, const struct ask_subject *s, size_t i);

/* ---- what is found ---- */

#define ASK_MOVED 20

/* A token of the text that has become less likely. */
struct ask_worse {
    size_t row, pos; /* the token's own */
    int32_t id;
    float logp, logp_after;
};
/* A token of the vocabulary as the next one: its mean probability over all positions
 * from which a token is predicted. */
struct ask_shift {
    int32_t id;
    double before, after;
};
struct ask_heldout {
    size_t rows;    /* measured: those with a predicted token */
    size_t tokens;  /* predicted: all but the first of each row */
    size_t changed; /* of them, those after a position at which a latent is changed */
    struct paired loss; /* over rows, each the mean of its tokens, in nats: after
                           against before with Student's 95 % interval */
    double kl;          /* KL(before || after) of the next token, mean in nats */
    size_t n_worse, n_shift;
    struct ask_worse worse[ASK_MOVED]; /* greatest rise of loss first, all above 0 */
    struct ask_shift shift[ASK_MOVED]; /* greatest change by size first, none of 0 */
};
/* What may be said of the loss: only an interval without 0 gives a verdict. */
enum ask_verdict {
    ASK_UNCHANGED,   /* no latent changed anywhere: the model's own bits */
    ASK_NO_INTERVAL, /* one row, or all alike: no verdict */
    ASK_OPEN,        /* the interval holds 0 */
    ASK_RISES,
    ASK_FALLS
};
enum ask_verdict ask_heldout_verdict(const struct ask_heldout *h);
/* "unchanged", "no interval", "not established", "rises", "falls" */
const char *ask_verdict_name(enum ask_verdict v);
/* Writes the effect as a sentence: "loss rises by 0.0213 nats (95 % 0.0102 to 0.0324,
 * 32 rows)". */
void ask_heldout_say(const struct ask_heldout *h, char *out, size_t cap);

/* ---- measuring ---- */

struct ask_heldout_pass;
/* Begins to measure the first `rows` rows of a text (at most all). Edits are copied,
 * references to s and text are taken; AT and FROM are positions in every row. ERR_USAGE
 * without rows or edits; ERR_NOMEM. *out: caller owns. Owner thread of a struct ask. */
enum err ask_heldout_begin(struct ask_subject *s, struct ask_rows *text, size_t rows,
                           const struct ask_edit *edit, size_t n_edits,
                           struct ask_heldout_pass **out,
                           struct errinfo *e) ERR_CHECKED;
void ask_heldout_end(struct ask_heldout_pass *p); /* NULL is fine */
/* Measures the next row with a, which has the pass's subject. After an error the same
 * row is still the next. Errors of ask_run, ERR_CANCELLED among them. Costs an
 * ask_run. */
enum err ask_heldout_row(struct ask_heldout_pass *p, struct ask *a,
                         struct errinfo *e) ERR_CHECKED;
size_t ask_heldout_done(const struct ask_heldout_pass *p); /* rows measured */
size_t ask_heldout_all(const struct ask_heldout_pass *p);
struct ask_subject *ask_heldout_of(const struct ask_heldout_pass *p); /* borrowed */
/* Sums up the rows so far. O(vocabulary). */
void ask_heldout_sum(const struct ask_heldout_pass *p, struct ask_heldout *out);

#endif
