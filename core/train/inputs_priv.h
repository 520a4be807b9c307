/* Internals that the files of the inputs share; included in core/train/inputs*.c
 * only. */
#ifndef SAETOP_TRAIN_INPUTS_PRIV_H
#define SAETOP_TRAIN_INPUTS_PRIV_H

#include "train/inputs.h"

/* in->scale and in->b_dec from n clean activations x [n,D], which are scaled in place;
 * in->clean where it is asked for. ERR_NUMERIC where they are not finite. */
enum err inputs_normalise(struct inputs *in, float *x, size_t n,
                          struct errinfo *e) ERR_CHECKED;
/* Everything of source=activations. */
enum err inputs_open_shards(struct inputs *in, struct errinfo *e) ERR_CHECKED;

/* Fill in->remarks: what the corpora say of themselves, whether the text is foreign to
 * the model, and whether there is little of it. `set`: clean rows of the training text.
 * Runs the model over them once. */
enum err inputs_note_texts(struct inputs *in, const struct acts_set *set,
                           struct errinfo *e) ERR_CHECKED;

#endif
