/* SAELens' layout, shared by its writer (sae_save.c) and its reader
 * (foreign_saelens.c). Internal to core/sae. */
#ifndef SAETOP_SAE_SAELENS_H
#define SAETOP_SAE_SAELENS_H

#include "sae/sae_tensors.h"

#include <stddef.h>

#define SAELENS_CFG     "cfg.json"
#define SAELENS_WEIGHTS "sae_weights.safetensors"
#define SAELENS_CFG_MAX ((size_t)4 << 20)

/* The member of `metadata` in which saetop notes what the layout has no place for:
 * architecture, k, scale, threshold, step. */
#define SAELENS_OWN "saetop"

/* Members of `metadata` on the training that inference does not need: what a jumprelu
 * was trained as, and an object with k and matryoshka_widths. */
#define SAELENS_TRAINED "training_architecture"
#define SAELENS_DETAILS "training_architecture_details"

/* Values of normalize_activations by enum sae_norm. */
#define SAELENS_NORMS 3
extern const char *const saelens_norms[SAELENS_NORMS];

/* Reads the two files, wherever they are; `dir` is where the third, the scaler, would
 * be. */
enum err saelens_load(const char *dir, const char *cfg_path, const char *weights,
                      struct sae_tensors **out, struct errinfo *e) ERR_CHECKED;

#endif
