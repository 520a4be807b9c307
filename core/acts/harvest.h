/* From rows of tokens to activations at a hook. */
#ifndef SAETOP_ACTS_HARVEST_H
#define SAETOP_ACTS_HARVEST_H

#include "acts/shards.h"
#include "base/pool.h"
#include "lm/lm.h"
#include "text/corpus.h"
#include "text/mask.h"
#include "text/pack.h"

/* Runs the model over row blocks on a pool; one workspace a worker. Owner thread. */
struct harvester;
enum err harvester_new(const struct lm *m, struct lm_hook hook, size_t T,
                       struct pool *pool, struct harvester **out,
                       struct errinfo *e) ERR_CHECKED;
void harvester_free(struct harvester *h);
/* Bytes of a harvester with that many threads. */
size_t harvester_bytes(const struct lm_config *cfg, struct lm_hook hook, size_t T,
                       size_t threads);
size_t harvest_T(const struct harvester *h); /* tokens in a row */
size_t harvest_D(const struct harvester *h); /* width of an activation */
/* Writes the activations of ids [rows,T] at the hook to x [rows*T, D]. Any number of
 * rows. */
void harvest_rows(struct harvester *h, const int32_t *ids, size_t rows, float *x);
/* Does the same, and writes the activations at other hooks, each with the same bits as
 * if harvested alone: in the same pass where they are neutral (lm_hook_is_neutral),
 * else each in a pass of its own. The pass goes to the deepest hook: the blocks before
 * it must have been read (lm_need). */
struct harvest_also {
    struct lm_hook hook;
    float *x; /* [rows*T, width of the hook] out */
};
#define HARVEST_ALSO_MAX 16
void harvest_rows_also(struct harvester *h, const int32_t *ids, size_t rows, float *x,
                       const struct harvest_also *also, size_t n);
/* Writes the next-token losses [rows*T] (NaN at each row's last position) with x
 * [rows*T,D] at the hook; x NULL: what the model computes there. If the model comes
 * from files, the first call reads the blocks behind the hook: ERR_FORMAT,
 * ERR_NOMEM. */
enum err harvest_nll(struct harvester *h, const int32_t *ids, size_t rows,
                     const float *x, float *nll, struct errinfo *e) ERR_CHECKED;

/* Computes the mean loss in nats of the tokens of ids [rows,T], except each row's
 * first, while the model reads `fed` [rows,T]: ids itself (clean), or masked. Errors of
 * harvest_nll. */
enum err harvest_loss(struct harvester *h, const int32_t *fed, const int32_t *ids,
                      size_t rows, double *mean, struct errinfo *e) ERR_CHECKED;

/* The beginning of a row, with its activations at the hook, whose next token is asked
 * for. */
struct harvest_begun {
    const int32_t *ids; /* [T], at most harvest_T */
    const float *x;     /* [T,D] */
    size_t T;           /* 1 or more */
};
/* Writes the likeliest token after each of n such beginnings to out [n]. Errors and
 * cost per row as for harvest_nll, except that the head reads one position only. */
enum err harvest_next(struct harvester *h, const struct harvest_begun *row, size_t n,
                      struct lm_next *out, struct errinfo *e) ERR_CHECKED;

/* Whether activations at this token are left out: special tokens, and BOS, EOS and
 * padding even where the tokenizer does not mark them special. */
bool acts_is_special(const struct tok *tok, int32_t id);

/* A fixed set of clean rows with their activations, which evaluation and browsing read.
 * Immutable once all rows are harvested; acts_set_new harvests them all. */
struct acts_set {
    size_t rows, T, D, n; /* n = rows * T */
    size_t harvested;     /* rows, from the first on, that have their x */
    size_t fresh;     /* tokens of the last row that are in no earlier row, at most T */
    int32_t *ids;     /* [rows,T] */
    uint8_t *special; /* [n] acts_is_special, or text that an earlier place has too:
                             left out of all statistics */
    float *x;         /* [n,D], unscaled */
};
/* Packs and harvests `rows` rows of a corpus split; fewer of HELDOUT where it has no
 * more, so that no figure counts a text twice. */
enum err acts_set_new(struct harvester *h, struct corpus *c, enum corpus_split split,
                      const struct tok *tok, size_t rows, struct acts_set **out,
                      struct errinfo *e) ERR_CHECKED;
/* The same in two steps: acts_set_open packs the rows, without activations;
 * acts_set_harvest runs the model on up to `rows` more rows at each call and adds their
 * activations. Both in one thread, with the same h. */
enum err acts_set_open(struct harvester *h, struct corpus *c, enum corpus_split split,
                       const struct tok *tok, size_t rows, struct acts_set **out,
                       struct errinfo *e) ERR_CHECKED;
void acts_set_harvest(struct acts_set *s, struct harvester *h, size_t rows);
/* Takes the clean side of at most `rows` held-out rows, evenly spread, of activations
 * made elsewhere. Positions beyond a short row's end are marked special and have the id
 * 0, which all have if the files hold no tokens. */
enum err acts_set_of_shards(const struct shards *from, size_t rows,
                            struct acts_set **out, struct errinfo *e) ERR_CHECKED;
void acts_set_free(struct acts_set *s);

/* The factor that normalises inputs, from clean activations x [n,D]: sqrt(D) / mean
 * ||x||; 1 if all are 0. */
float acts_scale(const float *x, size_t n, size_t D);

#endif
