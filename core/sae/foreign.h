/* Loads SAEs of other tools: SAELens, dictionary_learning, Gemma Scope, sparsify,
 * OpenAI. Weights are read in any container, orientation and element type, and folded
 * to saetop's own form; anything not understood is refused in a line that names file,
 * key, what was found and what is supported. Owner thread. */
#ifndef SAETOP_SAE_FOREIGN_H
#define SAETOP_SAE_FOREIGN_H

#include "base/str.h"
#include "sae/sae.h"

#define FOREIGN_TEXT_MAX 256

/* What an SAE's files say about where it belongs; "" and 0: unknown. */
struct foreign_meta {
    char model[FOREIGN_TEXT_MAX], hook[FOREIGN_TEXT_MAX], dataset[FOREIGN_TEXT_MAX];
    size_t context;
    bool prepend_bos;
    bool says_bos, says_k; /* whether the files have prepend_bos, and k */
    bool own;              /* saved by saetop */
    /* Matryoshka's prefixes: ascending, the last is F; groups 0: unknown. */
    size_t groups, width[SAE_GROUPS_MAX];
};

/* Converts it for sae_save; the strings stay m's. */
struct sae_meta foreign_sae_meta(const struct foreign_meta *m);

/* Returns the name of the format of a file or directory, judged by its files; NULL if
 * none. */
const char *foreign_format_of(const char *path);

/* Loads an SAE of any known format; one that saetop saved comes back as it was. meta
 * may be NULL. */
enum err foreign_load(const char *path, struct sae **out, struct foreign_meta *meta,
                      struct errinfo *e) ERR_CHECKED;

/* The same for SAELens' two files where they are in different folders; `dir`: a run
 * with a save still in .saved. */
enum err foreign_load_saelens(const char *dir, const char *cfg, const char *weights,
                              struct sae **out, struct foreign_meta *meta,
                              struct errinfo *e) ERR_CHECKED;

/* Appends "NAME: how it is recognised; ..." for help. */
void foreign_list(struct str *out);

#endif
