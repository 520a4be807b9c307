/* Activations that were made elsewhere, for models too large for this machine: a folder
 * of files ("shards"), each with a part of them, that a run is trained on in the place
 * of a model and its text. Never loaded whole.
 *
 * A shard is one .safetensors file with tensors of the names below, or .npy files of
 * one stem: STEM.activations.npy, STEM.activations_masked.npy, ... (STEM.npy:
 * activations), or activations.npy, tokens.npy, ... Shards are in the order of their
 * names. A link in the place of a file is refused. Activations are [n,D], or
 * [rows,T,D] where texts have rows, in F32, F16, BF16 or F64; the others have their
 * shape without D. Activations at special tokens are left out by who writes them.
 * What is said of all of them stands in each shard's __metadata__, or in the folder's
 * activations.json: mask_rate, the share of tokens that were masked (with
 * activations_masked), and, for people, model and hook.
 *
 * Vectors of a shard are taken in rows of T, its last one may be shorter. The last
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
    X(MASKED, "activations_masked", true) /* of the same places on masked text */      \
    X(TOKENS, "tokens", false)            /* ids of the text as it is */               \
    X(FLAGS, "masked", false)             /* 1: that token was masked, else 0 */
enum shards_part {
#define SHARDS_PART_ENUM(id, name, floats) SHARDS_##id,
    SHARDS_PART_LIST(SHARDS_PART_ENUM)
#undef SHARDS_PART_ENUM
        SHARDS_PARTS
};

/* Tokens of a row where neither the user nor the files say. */
#define SHARDS_ROW 128
/* The least file of a folder, which says what holds for all. */
#define SHARDS_ABOUT "activations.json"

struct shards;
/* Open and check all heads, not the numbers. T 0: the files' own rows, else SHARDS_ROW.
 * ERR_FORMAT for shards that do not agree or leave nothing to hold out, in a line with
 * the file, the tensor and what was found and expected. Errors of the containers. *out:
 * caller owns. Cost: each file is
 * opened once, for its head and the two ends of each of its parts (hash). */
enum err shards_open(const char *dir, size_t T, struct shards **out,
                     struct errinfo *e) ERR_CHECKED;
void shards_free(struct shards *s); /* NULL is fine */

#define SHARDS_TEXT 256 /* of model and hook, with its NUL */
struct shards_facts {
    const char *dir;
    size_t files; /* shards */
    size_t D, T;  /* width of a vector; vectors of a row */
    uint64_t vectors;
    uint64_t rows, train; /* all of them, shorter ones too; the first, to train on */
    double mask_rate;     /* 0 without activations_masked */
    char model[SHARDS_TEXT], hook[SHARDS_TEXT]; /* "" where nothing says */
    uint64_t hash; /* of names, shapes, types and the first and last bytes of every
                      part: whether these are the files that a run was trained on */
};
/* Borrowed. */
const struct shards_facts *shards_facts(const struct shards *s);
bool shards_has(const struct shards *s, enum shards_part part);

/* The row at a place of the endless reading order of a seed: each epoch has every row
 * that is trained on once, in an order of its own, as the documents of a corpus. */
uint64_t shards_row_at(const struct shards *s, uint64_t seed, uint64_t place);

/* A row's activations into x [T,D], what the row lacks as 0; `part` must be there and
 * of activations. ERR_FORMAT with the place of one that is not finite; ERR_IO where the
 * file is no longer the one that was opened. */
enum err shards_get(const struct shards *s, enum shards_part part, uint64_t row,
                    float *x, struct errinfo *e) ERR_CHECKED;
/* Its token ids [T], 0 where the files have none, and -1 behind the row's end; and
 * whether each was masked [T], 0 where nothing says. */
enum err shards_tokens(const struct shards *s, uint64_t row, int32_t *ids,
                       uint8_t *masked, struct errinfo *e) ERR_CHECKED;

#endif
