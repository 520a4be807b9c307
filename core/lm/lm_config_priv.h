/* Parts of reading config.json; not for others. */
#ifndef SAETOP_LM_LM_CONFIG_PRIV_H
#define SAETOP_LM_LM_CONFIG_PRIV_H

#include "base/json.h"
#include "lm/lm.h"

/* The object that holds the model's sizes, and where it stands. */
struct config_file {
    struct json_at at;
    const cJSON *obj;
};

/* Which blocks are local, and their window: layer_types as newer files have it, else
 * the family's pattern. Sizes are read before. */
enum err lm_config_layers(const struct config_file *f, struct lm_config *c,
                          struct errinfo *e) ERR_CHECKED;

/* How much of a head turns and how fast: rope_parameters of newer files (of all blocks,
 * or of full_attention and sliding_attention), else rope_theta, rope_scaling and the
 * families' own names. A kind of scaling that is not computed is ERR_FORMAT. */
enum err lm_config_rope(const struct config_file *f, struct lm_config *c,
                        struct errinfo *e) ERR_CHECKED;

#endif
