/* What edits do to text that nobody typed: losses on rows of it, and where what comes
 * next changes most. Owner thread of the struct ask. */
#ifndef SAETOP_ASK_ASK_HELDOUT_H
#define SAETOP_ASK_ASK_HELDOUT_H

#include "ask/ask.h"

#define ASK_MOVED 20

/* A place where what is expected changes. */
struct ask_moved {
    size_t row, pos;
    float kl;              /* of the next token, in nats */
    int32_t id;            /* the token there */
    int32_t before, after; /* the likeliest next ones */
    float logp_before, logp_after;
};
struct ask_heldout {
    size_t tokens;  /* predicted ones: all but the first of each row */
    size_t changed; /* after as many of them a latent was changed there or before */
    double nll, nll_after; /* mean, in nats */
    double kl;             /* mean */
    size_t n;
    struct ask_moved moved[ASK_MOVED]; /* [n] by KL, greatest first */
};

/* Of rows ids [rows, T] (acts_set has such), T at most the subject's context. AT and
 * FROM are positions of every row. ERR_USAGE, ERR_CANCELLED,
 * ERR_NUMERIC as ask_run; an ask_run a row. */
enum err ask_heldout(struct ask *a, const int32_t *ids, size_t rows, size_t T,
                     const struct ask_edit *edit, size_t n_edits,
                     struct ask_heldout *out, struct errinfo *e) ERR_CHECKED;

#endif
