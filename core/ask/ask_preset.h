/* Presets: named edits, kept in presets.json in the folder of the arm whose latents
 * they edit. A set of presets never changes once made and is shared by reference count:
 * a change makes another set. Any thread.
 *
 * A latent's number says nothing in another SAE. So for each latent a preset also holds
 * where its decoder row d pointed: ASK_PRESET_SIGNS sums of d's numbers, each with
 * random signs, d of length 1. Such sums of two directions have about the cosine of the
 * directions (Johnson and Lindenstrauss 1984), to within 1/sqrt(SIGNS) or so. A preset
 * is refused where that is below ASK_PRESET_COSINE: by another SAE, and by one whose
 * latent training has turned away. */
#ifndef SAETOP_ASK_ASK_PRESET_H
#define SAETOP_ASK_ASK_PRESET_H

#include "ask/ask_edit.h"

#include <stdatomic.h>

#define ASK_PRESET_FILE   "presets.json"
#define ASK_PRESET_NAME   32 /* bytes of a name */
#define ASK_PRESET_EDITS  64
#define ASK_PRESET_SIGNS  32
#define ASK_PRESET_COSINE 0.7
#define ASK_PRESETS_MAX   256 /* in a file */

struct ask_preset_edit {
    struct ask_edit edit;
    float sum[ASK_PRESET_SIGNS];
};
struct ask_preset {
    char name[ASK_PRESET_NAME + 1];
    int64_t step; /* of the SAE it was saved for */
    size_t n;
    struct ask_preset_edit *edit; /* [n] in the order they act */
};
struct ask_presets {
    atomic_int refs;
    size_t n;
    struct ask_preset at[]; /* [n] sorted by name */
};

/* Loads the presets of an arm's folder; an empty set if it has no such file. ERR_FORMAT
 * with the place in the file; ERR_LIMIT above 4 MB. */
enum err ask_presets_load(const char *dir, struct ask_presets **out,
                          struct errinfo *e) ERR_CHECKED;
enum err ask_presets_parse(const char *text, size_t len, const char *file,
                           struct ask_presets **out, struct errinfo *e) ERR_CHECKED;
/* Writes the presets to the folder, whole or not at all. An empty set (or NULL) writes
 * only over a file that is there already. */
enum err ask_presets_save(const struct ask_presets *p, const char *dir,
                          struct errinfo *e) ERR_CHECKED;

struct ask_presets *ask_presets_ref(struct ask_presets *p);
void ask_presets_unref(struct ask_presets *p); /* NULL is fine */
/* Returns the preset of that name, or NULL. p may be NULL: no presets. */
const struct ask_preset *ask_presets_find(const struct ask_presets *p,
                                          const char *name);
/* Makes a set like `old` (NULL: empty) in which edits [n] of latents of s have that
 * name, in place of any preset called so. A name is 1 to ASK_PRESET_NAME letters,
 * digits, '-', '_' and '.', and neither "save" nor "drop". ERR_USAGE for any other
 * name, no or too many edits, latents out of range, too many presets. */
enum err ask_presets_with(const struct ask_presets *old, const char *name,
                          const struct sae *s, int64_t step,
                          const struct ask_edit *edit, size_t n,
                          struct ask_presets **out, struct errinfo *e) ERR_CHECKED;
/* Makes a set without the preset of that name; ERR_USAGE if there is none. */
enum err ask_presets_without(const struct ask_presets *old, const char *name,
                             struct ask_presets **out, struct errinfo *e) ERR_CHECKED;

/* ERR_USAGE, naming preset and latent, if s does not have the latents that the preset
 * was saved for. */
enum err ask_preset_fits(const struct ask_preset *p, const struct sae *s,
                         struct errinfo *e) ERR_CHECKED;

#endif
