/* A shard of activations as `saetop train --activations` reads it (acts/shards.h). */
#ifndef SAETOP_SRC_LM_SHARD_H
#define SAETOP_SRC_LM_SHARD_H

#include "acts/capture.h"

/* What the model made of the same rows, each of one hook. */
struct lm_shard {
    const struct lm *m;
    struct lm_hook hook;
    const struct token_rows *rows; /* masked, where `masked` is not NULL */
    const struct capture *clean, *masked;
    double rate; /* at which they were masked */
};
/* Write it, without the activations at special tokens. Errors of st_write_named;
 * ERR_USAGE where nothing is left. */
enum err lm_shard_write(const char *path, const struct lm_shard *s,
                        struct errinfo *e) ERR_CHECKED;

#endif
