/* Internals that the files of the inputs share; included only in
 * core/train/inputs*.c. */
#ifndef SAETOP_TRAIN_INPUTS_PRIV_H
#define SAETOP_TRAIN_INPUTS_PRIV_H

#include "train/inputs.h"

/* Rows of clean training text behind the normalisation and the start of b_dec: 64 rows
 * of 128 are 8,000 activations, enough for a median in 128 dimensions. Rows of files
 * may be long: where 64 have more vectors than NORM_VECTORS, fewer are read. */
#define NORM_ROWS    64
#define NORM_VECTORS 8192
/* A text that a run reads this often is learnt by heart. */
#define MANY_TIMES 10.0

/* Sets in->scale and in->b_dec from n clean activations x [n,D], which it scales in
 * place, and in->clean where asked for. ERR_NUMERIC where they are not finite. */
enum err inputs_normalise(struct inputs *in, float *x, size_t n,
                          struct errinfo *e) ERR_CHECKED;
/* Opens everything for source=activations. */
enum err inputs_open_shards(struct inputs *in, struct errinfo *e) ERR_CHECKED;

/* Fills in->remarks: the corpora's own remarks, whether the text is foreign to the
 * model, and whether there is little of it. `set`: clean rows of the training text.
 * Runs the model over them once. */
enum err inputs_note_texts(struct inputs *in, const struct acts_set *set,
                           struct errinfo *e) ERR_CHECKED;

#endif
