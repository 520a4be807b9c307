/* Inputs of a run: model, text, concepts, and what is derived from them once (hook,
 * mask token, normalisation, start of b_dec); instead, known features with
 * source=synthetic, activations made elsewhere with source=activations. Shared by all
 * arms of a run. Owner thread. */
#ifndef SAETOP_TRAIN_INPUTS_H
#define SAETOP_TRAIN_INPUTS_H

#include "acts/harvest.h"
#include "acts/source.h"
#include "base/remarks.h"
#include "text/concepts.h"
#include "train/arm_place.h"
#include "train/settings.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Masked differently, and not at all, at each hook. */
#define INPUTS_CACHES ((RUN_ARMS_MAX + 1) * (STREAM_KEPT_MAX + 1))

/* How well the model predicts the text: mean losses on its first rows, in nats. */
struct text_loss {
    size_t rows;            /* of `context` tokens; fewer for a larger model */
    double tokens_per_word; /* 0: the text is token ids */
    double guess;           /* of a uniform guess */
    double clean, masked;   /* masked at MASK_RATE_USUAL by the mask token; NaN: there
                               is none, or masks are drawn */
    size_t documents;       /* that these rows took */
    uint64_t tokens;
};

struct inputs {
    struct settings asked; /* as given, before "auto" was resolved */
    struct settings set;   /* resolved */
    struct synth *synth; /* of source=synthetic: then lm to h are NULL, but for pool */
    struct shards *shards; /* of source=activations: likewise, but for concepts */
    struct tok *tok;       /* of its token ids; NULL: nobody says */
    struct lm *lm;
    struct corpus *corpus, *ood; /* ood NULL: none */
    struct concepts *concepts;
    struct pool *pool;
    struct harvester *h;                     /* on `pool` */
    struct acts_cache *cache[INPUTS_CACHES]; /* one for each masking and hook */
    struct lm_hook kept[STREAM_KEPT_MAX];    /* of cache.hooks */
    size_t n_kept;
    size_t n_caches;
    struct acts_share *share; /* arms whose masks agree run the model once */
    struct lm_hook hook;
    struct mask_vocab *mask_vocab;
    int32_t mask_token; /* -1: no arm masks by a fixed token and none was named */
    float scale;        /* input normalisation, from the clean training text */
    float *b_dec;       /* [D] geometric median of normalised clean activations */
    float *clean;       /* [n_clean,D] raw ones for threshold.target_l0, or empty */
    size_t n_clean;
    uint64_t concepts_hash; /* of the file; 0: none */
    struct text_loss text;  /* of inputs_start; rows 0: not yet */
    struct remarks remarks; /* remarks on the texts */
};

/* How products of the model are taken on this CPU. */
enum linear_kind inputs_linear_kind(const struct settings *s);
/* The model that `s` names, its products taken as `s` says. *out: caller owns. */
enum err inputs_load_lm(const struct settings *s, struct lm **out,
                        struct errinfo *e) ERR_CHECKED;

/* Open and check everything named in `set` (copied, then resolved). Errors name the
 * file. ERR_USAGE when the settings do not fit together (k > width, hook beyond the
 * model). ERR_CANCELLED: `cancel`, which may be NULL, is polled while texts are opened.
 * inputs_open, inputs_read and inputs_start in one. */
enum err inputs_new(const struct settings *set, const atomic_bool *cancel,
                    struct inputs **out, struct errinfo *e) ERR_CHECKED;
void inputs_free(struct inputs *in); /* NULL is fine */

/* The same in steps, so that the cost of a run is known before the memory is taken and
 * the time spent. Of a source that is no model the first does it all. */
/* All but the weights: no harvester, scale 1, b_dec 0, no remarks. */
enum err inputs_open(const struct settings *set, const atomic_bool *cancel,
                     struct inputs **out, struct errinfo *e) ERR_CHECKED;
/* Read the weights up to the hook; from here on the model runs. */
enum err inputs_read(struct inputs *in, struct errinfo *e) ERR_CHECKED;
/* Run it for normalisation, b_dec and remarks. */
enum err inputs_start(struct inputs *in, struct errinfo *e) ERR_CHECKED;

/* ids [rows, context]: the first of the training text, as pack_rows gives them; `read`
 * is what it counted. `masks`: with `masked`. The whole model, once or twice. */
enum err inputs_text_loss(struct inputs *in, const int32_t *ids, size_t rows,
                          const struct pack_counts *read, bool masks,
                          struct text_loss *out, struct errinfo *e) ERR_CHECKED;
/* Tokens of all of the training text, from those of the documents read; NaN: it has no
 * end, or none was read. */
double inputs_text_tokens(const struct inputs *in, const struct text_loss *read);
/* Fill in->remarks from it: the remarks of the texts themselves, whether the text is
 * foreign to the model, what masks do to it, and whether there is little text. */
enum err inputs_note_loss(struct inputs *in, const struct text_loss *l,
                          struct errinfo *e) ERR_CHECKED;
/* How many of `rows` rows inputs_text_loss should be given, so that it takes
 * seconds. */
size_t inputs_look_rows(const struct inputs *in, size_t rows);

/* The mask rate that masking is switched on with where none was set: that of the
 * files, or MASK_RATE_USUAL. */
double inputs_usual_rate(const struct inputs *in);

/* What token ids are of: the model's tokenizer, or the one that came with shards; NULL
 * where there is none. */
const struct tok *inputs_tok(const struct inputs *in);

/* Width of the activations. */
size_t inputs_width(const struct inputs *in);
/* Hashes of the files behind them; 0: none. `corpus` is of shards where they are its
 * place. */
struct inputs_hashes {
    uint64_t model, corpus, ood, concepts;
};
struct inputs_hashes inputs_hashes(const struct inputs *in);
/* Words to append to the message that a recorded hash is not this text's. "" but for a
 * text made by a grammar. */
const char *inputs_text_doubt(const struct corpus *c);

/* Settings of an arm of these inputs: "auto" resolved. */
void inputs_resolve(const struct inputs *in, struct settings *s);
void inputs_unresolve(const struct inputs *in, struct settings *s); /* the opposite */
/* Whether an arm's own settings (k, width, arch) fit together. ERR_USAGE. */
enum err inputs_check_arm(const struct inputs *in, const struct settings *s,
                          struct errinfo *e) ERR_CHECKED;

/* ERR_USAGE when rate > 0 needs a mask token and there is none, or when it is not the
 * rate at which activations were made elsewhere. */
enum err inputs_can_mask(const struct inputs *in, double rate,
                         struct errinfo *e) ERR_CHECKED;

/* The source of an arm with settings `s`. *out: caller owns. */
enum err inputs_source(struct inputs *in, const struct settings *s,
                       struct acts_source **out, struct errinfo *e) ERR_CHECKED;
/* The stream of an arm with settings `s`, its caches left out. */
struct stream_config inputs_stream_config(const struct inputs *in,
                                          const struct settings *s);
/* The hooks of cache.hooks into in->kept, and the blocks before them. ERR_USAGE. */
enum err inputs_kept(struct inputs *in, struct errinfo *e) ERR_CHECKED;
/* The caches that such a stream reads from, and those that it fills besides, into *out:
 * that of its masking, and with mix that of the clean text; NULL where none is asked
 * for. Owned by `in`. Errors of
 * acts_cache_open. */
enum err inputs_caches(struct inputs *in, const struct settings *s,
                       struct stream_config *out, struct errinfo *e) ERR_CHECKED;
/* Why a cache stopped being written, or NULL. */
const char *inputs_cache_fault(const struct inputs *in);

/* The token that stands for a masked one here: of an arm, of the settings or else the
 * tokenizer's own; -1: none is known. */
int32_t inputs_mask_token(const struct inputs *in);

#endif
