/* Activations made elsewhere, for models too large for this machine: a folder of files
 * ("shards"), each with a part of them, on which a run is trained instead of on a model
 * and its text. Never loaded whole.
 *
 * A shard is one .safetensors file with tensors of the names below, or a set of .npy
 * files with one stem: STEM.activations.npy, STEM.activations_masked.npy, ...
 * (STEM.npy: activations), or activations.npy, tokens.npy, ... Shards are in the order
 * of their names. A link in the place of a file is refused. Activations are [n,D], or
 * [rows,T,D] where texts have rows, in F32, F16, BF16 or F64; the other parts have the
 * same shape without D. Who writes the files leaves out activations at special tokens.
 * Facts about all of them stand in each shard's __metadata__, or in the folder's
 * activations.json: mask_rate, the share of tokens that were masked (with
 * activations_masked), and, for people, model and hook.
 *
 * The vectors of a shard are taken in rows of T; its last row may be shorter. The last
 * twentieth of all rows is held out: nothing is trained on it. Immutable once open; any
 * thread. */
#ifndef SAETOP_ACTS_SHARDS_H
#define SAETOP_ACTS_SHARDS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(id, name of the tensor, whether it is activations) */
#define SHARDS_PART_LIST(X)                                                            \
    X(CLEAN, "activations", true)         /* on the text as it is */                   \
    X(MASKED, "activations_masked", true) /* at the same places of masked text */      \
    X(TOKENS, "tokens", false)            /* ids of the text as it is */               \
    X(FLAGS, "masked", false)             /* 1: that token was masked, else 0 */
enum shards_part {
#define SHARDS_PART_ENUM(id, name, floats) SHARDS_##id,
    SHARDS_PART_LIST(SHARDS_PART_ENUM)
#undef SHARDS_PART_ENUM
        SHARDS_PARTS
};

/* Tokens in a row if neither the user nor the files say. */
#define SHARDS_ROW 128
/* The smallest file of a folder, with the facts about all shards. */
#define SHARDS_ABOUT "activations.json"

struct shards;
/* Opens a folder and checks all heads, not the numbers. T 0: rows of the files' own
 * length, else of SHARDS_ROW. ERR_FORMAT for shards that do not agree or leave nothing
 * to hold out, in a line with the file, the tensor and what was found and expected;
 * errors of the containers. *out: caller owns. Cost: each file is opened once, for its
 * head and both ends of each of its parts (hash). */
enum err shards_open(const char *dir, size_t T, struct shards **out,
                     struct errinfo *e) ERR_CHECKED;
void shards_free(struct shards *s); /* NULL is fine */

#define SHARDS_TEXT 256 /* of model and hook, with its NUL */
struct shards_facts {
    const char *dir;
    size_t files; /* shards */
    size_t D, T;  /* width of a vector; vectors of a row */
    uint64_t vectors;
    uint64_t rows, train; /* all, short ones too; the first ones, to train on */
    double mask_rate;     /* 0 without activations_masked */
    char model[SHARDS_TEXT], hook[SHARDS_TEXT]; /* "" if not said */
    uint64_t hash; /* of names, shapes, types and the first and last bytes of every
                      part: tells whether a run was trained on these files */
};
/* Borrowed. */
const struct shards_facts *shards_facts(const struct shards *s);
bool shards_has(const struct shards *s, enum shards_part part);

/* Returns the row at a place of a seed's endless reading order: each epoch has every
 * training row once, in an order of its own, as for the documents of a corpus. */
uint64_t shards_row_at(const struct shards *s, uint64_t seed, uint64_t place);

/* Writes a row's activations to x [T,D], 0 beyond the row's end; `part` must be there
 * and hold activations. ERR_FORMAT with the place of one that is not finite; ERR_IO if
 * the file is no longer the one that was opened. */
enum err shards_get(const struct shards *s, enum shards_part part, uint64_t row,
                    float *x, struct errinfo *e) ERR_CHECKED;
/* Writes the row's token ids [T], 0 where the files have none and -1 beyond the row's
 * end, and whether each was masked [T], 0 if the files do not say. */
enum err shards_tokens(const struct shards *s, uint64_t row, int32_t *ids,
                       uint8_t *masked, struct errinfo *e) ERR_CHECKED;

#endif
