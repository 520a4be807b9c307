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
/* Bytes of a harvester on that many threads. */
size_t harvester_bytes(const struct lm_config *cfg, struct lm_hook hook, size_t T,
                       size_t threads);
size_t harvest_T(const struct harvester *h); /* tokens of a row */
size_t harvest_D(const struct harvester *h); /* numbers of an activation */
/* Activations of ids [rows,T] at the hook into x [rows*T, D]. Any number of rows. */
void harvest_rows(struct harvester *h, const int32_t *ids, size_t rows, float *x);
/* The same, and the activations at other hooks, each to the bit as if harvested alone:
 * in the same pass where they are neutral (lm_hook_is_neutral), else in one of their
 * own. The pass goes to the deepest of them: lm_need of the blocks before that must
 * have been called. */
struct harvest_also {
    struct lm_hook hook;
    float *x; /* [rows*T, its width] out */
};
#define HARVEST_ALSO_MAX 16
void harvest_rows_also(struct harvester *h, const int32_t *ids, size_t rows, float *x,
                       const struct harvest_also *also, size_t n);
/* Next-token losses [rows*T] (NaN at each row's last position) when the hook has x
 * [rows*T,D]; x NULL: as the model makes it. The first call reads the blocks behind the
 * hook, if the model comes from files: ERR_FORMAT, ERR_NOMEM. */
enum err harvest_nll(struct harvester *h, const int32_t *ids, size_t rows,
                     const float *x, float *nll, struct errinfo *e) ERR_CHECKED;

/* Mean loss in nats of the tokens of ids [rows,T], rows' first ones aside, where the
 * model reads `fed` [rows,T] in their place: clean, ids itself; or masked. Errors of
 * harvest_nll. */
enum err harvest_loss(struct harvester *h, const int32_t *fed, const int32_t *ids,
                      size_t rows, double *mean, struct errinfo *e) ERR_CHECKED;

/* The beginning of a row, and what stands at the hook: what comes next is asked. */
struct harvest_begun {
    const int32_t *ids; /* [T], at most harvest_T */
    const float *x;     /* [T,D] */
    size_t T;           /* 1 or more */
};
/* The likeliest token behind each of n beginnings of rows, into out [n]. Errors and the
 * cost of a row those of harvest_nll, but for the head, which one position reads. */
enum err harvest_next(struct harvester *h, const struct harvest_begun *row, size_t n,
                      struct lm_next *out, struct errinfo *e) ERR_CHECKED;

/* Whether activations at this token are left out: special tokens, and BOS, EOS and
 * padding even where the tokenizer does not mark them special. */
bool acts_is_special(const struct tok *tok, int32_t id);

/* A fixed set of clean rows with their activations: what evaluation and browsing read.
 * Immutable once all rows are harvested, as acts_set_new does. */
struct acts_set {
    size_t rows, T, D, n; /* n = rows * T */
    size_t harvested;     /* rows from the first on whose x is there */
    size_t fresh; /* tokens of the last row that stand in no row before it, at most T */
    int32_t *ids; /* [rows,T] */
    uint8_t *special; /* [n] acts_is_special, or text that stands in an earlier
                         place too: left out of all statistics */
    float *x;         /* [n,D], unscaled */
};
/* `rows` packed rows of a corpus split; of HELDOUT fewer where it has no more: no
 * figure counts a text twice, as if it were evidence anew. */
enum err acts_set_new(struct harvester *h, struct corpus *c, enum corpus_split split,
                      const struct tok *tok, size_t rows, struct acts_set **out,
                      struct errinfo *e) ERR_CHECKED;
/* The same in two steps: open the rows without activations, then add the activations of
 * up to `rows` more rows at a time by running the model on each. Both steps in one
 * thread, with the same h. */
enum err acts_set_open(struct harvester *h, struct corpus *c, enum corpus_split split,
                       const struct tok *tok, size_t rows, struct acts_set **out,
                       struct errinfo *e) ERR_CHECKED;
void acts_set_harvest(struct acts_set *s, struct harvester *h, size_t rows);
/* The held-out rows of activations made elsewhere, their clean side: `rows` of them at
 * most, evenly spread. What a row lacks at its end is marked special, and has the id 0,
 * as all have where the files know no tokens. */
enum err acts_set_of_shards(const struct shards *from, size_t rows,
                            struct acts_set **out, struct errinfo *e) ERR_CHECKED;
void acts_set_free(struct acts_set *s);

/* Input normalisation from clean activations x [n,D]: sqrt(D) / mean ||x||; 1 where all
 * are 0. */
float acts_scale(const float *x, size_t n, size_t D);

#endif
