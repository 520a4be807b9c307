/* The concepts that latents tell, as the evaluation kept with a run says: what
 * `saetop ask` calls latents without a label by. Owner thread. */
#ifndef SAETOP_SRC_ASK_NAMES_H
#define SAETOP_SRC_ASK_NAMES_H

#include "base/remarks.h"
#include "latents/latent_names.h"
#include "session/tellers.h"
#include "train/settings.h"

struct ask_names {
    struct names names;
    struct latent_teller *teller; /* [n] by latent */
    size_t n;
};

/* Reads them for the run at `path`, whose model has `tok` and whose SAE has F latents;
 * none if it keeps no evaluation, or is no run, or, with a remark, if what it keeps
 * cannot be read. Call ask_names_deinit after an error too. ERR_NOMEM. */
enum err ask_names_read(const char *path, const struct settings *s,
                        const struct tok *tok, size_t F, struct ask_names *out,
                        struct remarks *r, struct errinfo *e) ERR_CHECKED;
void ask_names_deinit(struct ask_names *n);

/* Lists the concepts that a latent tells, the best told first; returns how many. O(n).
 */
enum { ASK_NAMES_MOST = 3 };
size_t ask_names_concepts(const struct ask_names *n, int32_t latent,
                          const char *out[ASK_NAMES_MOST]);

#endif
