/* SAEs of other tools: SAELens, dictionary_learning, Gemma Scope, sparsify, OpenAI.
 * Weights are read whatever their container, orientation and element type, and folded
 * to saetop's own form; anything not understood is refused in a line that names file,
 * key, what was found and what is supported. Owner thread. */
#ifndef SAETOP_SAE_FOREIGN_H
#define SAETOP_SAE_FOREIGN_H

#include "base/str.h"
#include "sae/sae.h"

#define FOREIGN_TEXT_MAX 256

/* Where an SAE belongs, as far as its files say; "" and 0 for unknown. */
struct foreign_meta {
    char model[FOREIGN_TEXT_MAX], hook[FOREIGN_TEXT_MAX], dataset[FOREIGN_TEXT_MAX];
    size_t context;
    bool prepend_bos;
    bool says_bos, says_k; /* whether prepend_bos, and k, stand in the files */
    bool own;              /* saved by saetop */
    /* Matryoshka's prefixes: rising, the last is F; 0: not said. */
    size_t groups, width[SAE_GROUPS_MAX];
};

/* The same for sae_save; strings are m's. */
struct sae_meta foreign_sae_meta(const struct foreign_meta *m);

/* Name of the format of a file or directory, from its files alone; NULL if none. */
const char *foreign_format_of(const char *path);

/* Load an SAE of any known format; one that saetop saved comes back as it was. meta may
 * be NULL. */
enum err foreign_load(const char *path, struct sae **out, struct foreign_meta *meta,
                      struct errinfo *e) ERR_CHECKED;

/* The same for SAELens' two files if they are in different folders: in `dir`, a run in
 * which a save waits. */
enum err foreign_load_saelens(const char *dir, const char *cfg, const char *weights,
                              struct sae **out, struct foreign_meta *meta,
                              struct errinfo *e) ERR_CHECKED;

/* "NAME: how it is recognised; ..." for help. */
void foreign_list(struct str *out);

#endif
