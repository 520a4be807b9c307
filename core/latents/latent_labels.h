/* Labels that a person gave latents: labels.csv in a run directory, with the columns
 * `latent,label`. A set of labels never changes once made and is shared by reference
 * count: a change makes another set. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_LABELS_H
#define SAETOP_LATENTS_LATENT_LABELS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define LATENT_LABEL_MAX  96 /* bytes of a label */
#define LATENT_LABEL_FILE "labels.csv"

struct latent_labels;

/* Parses a file's bytes; `name` begins error lines. Each row is a latent of 0..F-1,
 * each at most once, and a label: UTF-8 of 1 to LATENT_LABEL_MAX bytes without control
 * or invisible characters. ERR_FORMAT names the row; the header is row 1. */
enum err latent_labels_parse(const char *data, size_t len, const char *name, size_t F,
                             struct latent_labels **out, struct errinfo *e) ERR_CHECKED;
/* Loads the labels of a run directory; an empty set if it has no such file. */
enum err latent_labels_load(const char *dir, size_t F, struct latent_labels **out,
                            struct errinfo *e) ERR_CHECKED;
/* Writes the labels to a run directory, whole or not at all. No labels (or NULL) are
 * written only over a file that is there already. */
enum err latent_labels_save(const struct latent_labels *l, const char *dir,
                            struct errinfo *e) ERR_CHECKED;

/* Makes a set like `old` (NULL: empty) except for one latent, which is called `text`,
 * or has no label for "". ERR_USAGE for a text that a file may not hold. O(labels). */
enum err latent_labels_with(const struct latent_labels *old, int32_t latent,
                            const char *text, struct latent_labels **out,
                            struct errinfo *e) ERR_CHECKED;
struct latent_labels *latent_labels_ref(struct latent_labels *l);
void latent_labels_unref(struct latent_labels *l); /* NULL is fine */

size_t latent_labels_count(const struct latent_labels *l); /* NULL: 0 */
/* The label of a latent, or "" for none; l may be NULL: no labels. O(log labels). */
const char *latent_labels_of(const struct latent_labels *l, int32_t latent);

#endif
