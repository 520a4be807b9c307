/* Settings of SAE architectures: which apply to which, what "auto" means, and the
 * trainer's configuration made from them. */
#ifndef SAETOP_TRAIN_SETTINGS_ARCH_H
#define SAETOP_TRAIN_SETTINGS_ARCH_H

#include "sae/sae_train.h"
#include "train/settings.h"

/* Does the part of settings_resolve that depends on the architecture; nothing if
 * s->arch names none. */
void settings_resolve_arch(struct settings *s);

/* Returns ERR_USAGE for an unknown architecture, a k that it cannot have, or a setting
 * from the command line that does not apply to it (one from a file is ignored, since a
 * file may serve several). */
enum err settings_check_arch(const struct settings *s, struct errinfo *e) ERR_CHECKED;

/* Returns whether a setting applies to an architecture. */
bool setting_applies(const char *arch, const char *key);

/* Makes the trainer's configuration from resolved settings. ERR_USAGE for groups of
 * latents that do not fit the width. */
enum err settings_train_config(const struct settings *s, struct sae_train_config *out,
                               struct errinfo *e) ERR_CHECKED;

/* Writes the setting that decides how many latents are active: "k=4", "l1=3", "tanh
 * l0=3". out[cap]; "" for an unknown architecture. */
void settings_sparsity(const struct settings *s, char *out, size_t cap);

/* Return how activations are normalised, and whether by a factor measured on clean
 * text. */
enum sae_norm settings_norm(const struct settings *s);
bool settings_scales(const struct settings *s);

#endif
