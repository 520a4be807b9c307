/* Parts of reading config.json; not for others. */
#ifndef SAETOP_LM_LM_CONFIG_PRIV_H
#define SAETOP_LM_LM_CONFIG_PRIV_H

#include "base/json.h"
#include "lm/lm.h"

/* The object that holds the model's sizes, and its place in the file. */
struct config_file {
    struct json_at at;
    const cJSON *obj;
};

/* Find which blocks are local, and their window: from layer_types, as in newer files,
 * else from the family's pattern. Read the sizes before. */
enum err lm_config_layers(const struct config_file *f, struct lm_config *c,
                          struct errinfo *e) ERR_CHECKED;

/* Find how much of a head turns and how fast: from rope_parameters in newer files (for
 * all blocks, or for full_attention and sliding_attention), else from rope_theta,
 * rope_scaling and the families' own names. ERR_FORMAT for a kind of scaling that is
 * not computed. */
enum err lm_config_rope(const struct config_file *f, struct lm_config *c,
                        struct errinfo *e) ERR_CHECKED;

#endif
