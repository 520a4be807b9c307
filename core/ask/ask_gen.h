/* A text that the model continues token by token, with the latents of each token and
 * with edits at work; two generators give two texts in lockstep. Owner thread. */
#ifndef SAETOP_ASK_ASK_GEN_H
#define SAETOP_ASK_ASK_GEN_H

#include "ask/ask.h"
#include "lm/generate.h"

struct ask_gen_opts {
    size_t max_tokens;  /* 1 or more */
    double temperature; /* 0: always the likeliest token */
    double top_p;   /* draw among the likeliest tokens that together have this share of
                       the probability at the temperature; 0 or 1: among all */
    size_t top_k;   /* draw among the top_k likeliest; 0: all */
    uint64_t seed;  /* GENERATE_SEED unless one is asked for */
    size_t top;     /* probabilities kept at each step: 1 to ASK_TOP_MAX */
    size_t latents; /* strongest latents kept for each token: 0 to ASK_TOP_MAX */
};

/* One more token. Arrays are the generator's, valid until the next step. */
struct ask_step {
    int32_t id; /* the token drawn; -1: none, the text has ended */
    size_t pos; /* its position, counted from the prompt's start */
    bool ended; /* it is EOS, or max_tokens are written */
    float logp; /* of the token, at temperature 1 and with the edits */
    size_t n_next;
    const struct ask_next *next; /* what it was drawn from, likeliest first; `other` is
                                    NaN */
    size_t n_fires;
    const struct ask_fire *fire; /* its own latents, strongest first; none for EOS. act:
                                    before edits, after: with them */
};

struct ask_gen;
/* Makes a generator. The question's tokens are the prompt; its edits act on it and on
 * what follows, with AT and FROM counted from the prompt's start. Of a text that gets
 * too long the older half is forgotten, as in lm_generate. Special tokens other than
 * EOS are never drawn. At temperature 0 and without masks and edits it writes what
 * lm_generate writes. The question's arrays are copied. Errors of ask_run. */
enum err ask_gen_new(struct ask *a, const struct ask_question *q,
                     const struct ask_gen_opts *o, struct ask_gen **out,
                     struct errinfo *e) ERR_CHECKED;
void ask_gen_free(struct ask_gen *g); /* NULL is fine */
/* Draws a token and runs the model on it. After `ended` id is -1. ERR_CANCELLED,
 * ERR_NUMERIC, and with edits the errors of ask_edit_check. Costs one token's pass; the
 * first time the prompt's too. */
enum err ask_gen_next(struct ask_gen *g, struct ask_step *out,
                      struct errinfo *e) ERR_CHECKED;

#endif
