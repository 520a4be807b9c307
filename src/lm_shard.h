/* Writes a shard of activations for `saetop train --activations` (acts/shards.h). */
#ifndef SAETOP_SRC_LM_SHARD_H
#define SAETOP_SRC_LM_SHARD_H

#include "acts/capture.h"

/* What the model computed from the same rows, at one hook. */
struct lm_shard {
    const struct lm *m;
    struct lm_hook hook;
    const struct token_rows *rows; /* with masks if `masked` is not NULL */
    const struct capture *clean, *masked;
    double rate; /* at which the rows were masked */
};
/* Write a shard, without the activations at special tokens. Errors of st_write_named;
 * ERR_USAGE if nothing is left. */
enum err lm_shard_write(const char *path, const struct lm_shard *s,
                        struct errinfo *e) ERR_CHECKED;

#endif
