/* Inputs of a run: model, text, concepts, and what is derived from them once (hook,
 * mask token, normalisation, start of b_dec). In their place: known features with
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

/* Caches of each arm's masking and of clean text, at each hook. */
#define INPUTS_CACHES ((RUN_ARMS_MAX + 1) * (STREAM_KEPT_MAX + 1))

/* How well the model predicts the text: mean losses on its first rows, in nats. */
struct text_loss {
    size_t rows;            /* rows of `context` tokens; fewer for a larger model */
    double tokens_per_word; /* 0: the text is token ids */
    double guess;           /* loss of a uniform guess */
    double clean, masked;   /* masked at MASK_RATE_USUAL with the mask token; NaN: there
                               is none, or masks are drawn */
    size_t documents;       /* read for these rows */
    uint64_t tokens;
};

struct inputs {
    struct settings asked; /* as given, before "auto" was resolved */
    struct settings set;   /* resolved */
    struct synth *synth; /* for source=synthetic: then lm to h are NULL, except pool */
    struct shards *shards; /* for source=activations: likewise, and except concepts */
    struct tok *tok;       /* for its token ids; NULL: not known */
    struct lm *lm;
    struct corpus *corpus, *ood; /* ood NULL: none */
    struct concepts *concepts;
    struct pool *pool;
    struct harvester *h;                     /* on `pool` */
    struct acts_cache *cache[INPUTS_CACHES]; /* one per masking and hook */
    struct lm_hook kept[STREAM_KEPT_MAX];    /* of cache.hooks */
    size_t n_kept;
    size_t n_caches;
    struct acts_share *share; /* lets arms whose masks agree run the model once */
    struct lm_hook hook;
    struct mask_vocab *mask_vocab;
    int32_t mask_token; /* -1: no arm masks by a fixed token and none was named */
    float scale;        /* input normalisation, from the clean training text */
    float *b_dec;       /* [D] geometric median of normalised clean activations */
    float *clean;       /* [n_clean,D] not normalised, for threshold.target_l0; or
                           empty */
    size_t n_clean;
    uint64_t concepts_hash; /* of the file; 0: none */
    struct text_loss text;  /* set by inputs_start; rows 0: not yet */
    struct remarks remarks; /* on the texts */
};

/* Returns how products of the model are computed on this CPU. */
enum linear_kind inputs_linear_kind(const struct settings *s);
/* Loads the model that `s` names, its products computed as `s` says. *out: caller
 * owns. */
enum err inputs_load_lm(const struct settings *s, struct lm **out,
                        struct errinfo *e) ERR_CHECKED;

/* Opens and checks everything named in `set` (copied, then resolved): inputs_open,
 * inputs_read and inputs_start in one. Errors name the file. ERR_USAGE when the
 * settings do not fit together (k > width, hook beyond the model). ERR_CANCELLED:
 * `cancel`, which may be NULL, is polled while texts are opened. */
enum err inputs_new(const struct settings *set, const atomic_bool *cancel,
                    struct inputs **out, struct errinfo *e) ERR_CHECKED;
void inputs_free(struct inputs *in); /* NULL is fine */

/* The same in steps, so that the cost of a run is known before its memory is taken and
 * its time spent. For a source that is no model, the first step does it all. */
/* Opens all but the weights: no harvester, scale 1, b_dec 0, no remarks. */
enum err inputs_open(const struct settings *set, const atomic_bool *cancel,
                     struct inputs **out, struct errinfo *e) ERR_CHECKED;
/* Reads the weights up to the hook; from then on the model can run. */
enum err inputs_read(struct inputs *in, struct errinfo *e) ERR_CHECKED;
/* Runs the model for normalisation, b_dec and remarks. */
enum err inputs_start(struct inputs *in, struct errinfo *e) ERR_CHECKED;

/* Measures the losses on ids [rows, context], the first rows of the training text from
 * pack_rows; `read`: what that counted. `masks`: fills `masked` too. Runs the whole
 * model once or twice. */
enum err inputs_text_loss(struct inputs *in, const int32_t *ids, size_t rows,
                          const struct pack_counts *read, bool masks,
                          struct text_loss *out, struct errinfo *e) ERR_CHECKED;
/* Estimates the tokens of the whole training text from those of the documents read;
 * NaN: it has no end, or none was read. */
double inputs_text_tokens(const struct inputs *in, const struct text_loss *read);
/* Fills in->remarks from it: remarks on the texts themselves, whether the text is
 * foreign to the model, what masks do to it, and whether there is little text. */
enum err inputs_note_loss(struct inputs *in, const struct text_loss *l,
                          struct errinfo *e) ERR_CHECKED;
/* Returns how many of `rows` rows to give inputs_text_loss so that it takes seconds. */
size_t inputs_look_rows(const struct inputs *in, size_t rows);

/* Returns the rate at which masking is switched on where none was set: that of the
 * files, or MASK_RATE_USUAL. */
double inputs_usual_rate(const struct inputs *in);

/* Returns the tokenizer of the token ids: the model's, or the one that came with
 * shards; NULL where there is none. */
const struct tok *inputs_tok(const struct inputs *in);

/* Returns the width of the activations. */
size_t inputs_width(const struct inputs *in);
/* Hashes of the files behind the inputs; 0: none. For source=activations, `corpus` is
 * the hash of the shards. */
struct inputs_hashes {
    uint64_t model, corpus, ood, concepts;
};
struct inputs_hashes inputs_hashes(const struct inputs *in);
/* Returns what to append to the message that a recorded hash is not this text's: "",
 * except for a text made by a grammar. */
const char *inputs_text_doubt(const struct corpus *c);

/* Replaces every "auto" in the settings of an arm of these inputs. */
void inputs_resolve(const struct inputs *in, struct settings *s);
void inputs_unresolve(const struct inputs *in, struct settings *s); /* the opposite */
/* Checks that an arm's own settings (k, width, arch) fit together. ERR_USAGE. */
enum err inputs_check_arm(const struct inputs *in, const struct settings *s,
                          struct errinfo *e) ERR_CHECKED;

/* Checks a mask rate: ERR_USAGE when rate > 0 needs a mask token and there is none, or
 * when it is not the rate at which activations were made elsewhere. */
enum err inputs_can_mask(const struct inputs *in, double rate,
                         struct errinfo *e) ERR_CHECKED;

/* Makes the source of an arm with settings `s`. *out: caller owns. */
enum err inputs_source(struct inputs *in, const struct settings *s,
                       struct acts_source **out, struct errinfo *e) ERR_CHECKED;
/* Returns the stream of an arm with settings `s`, without its caches. */
struct stream_config inputs_stream_config(const struct inputs *in,
                                          const struct settings *s);
/* Puts the hooks of cache.hooks into in->kept, with the blocks before them.
 * ERR_USAGE. */
enum err inputs_kept(struct inputs *in, struct errinfo *e) ERR_CHECKED;
/* Puts the caches that such a stream reads from, and those it fills besides, into *out:
 * that of its masking, and with mix that of the clean text; NULL where none is asked
 * for. `in` owns them. Errors of acts_cache_open. */
enum err inputs_caches(struct inputs *in, const struct settings *s,
                       struct stream_config *out, struct errinfo *e) ERR_CHECKED;
/* Returns why writing to a cache stopped, or NULL. */
const char *inputs_cache_fault(const struct inputs *in);

/* Returns the token that replaces a masked one here: an arm's, else that of the
 * settings, else the tokenizer's own; -1: none is known. */
int32_t inputs_mask_token(const struct inputs *in);

#endif
