/* Settings of SAE architectures: which apply to which, what "auto" stands for, and the
 * trainer's configuration from them. */
#ifndef SAETOP_TRAIN_SETTINGS_ARCH_H
#define SAETOP_TRAIN_SETTINGS_ARCH_H

#include "sae/sae_train.h"
#include "train/settings.h"

/* The part of settings_resolve that depends on the architecture; nothing if s->arch
 * names none. */
void settings_resolve_arch(struct settings *s);

/* ERR_USAGE for an architecture that there is not, for a k that it cannot have, and for
 * a setting from the command line that does not apply to it (one from a file is
 * ignored, since a file may serve several). */
enum err settings_check_arch(const struct settings *s, struct errinfo *e) ERR_CHECKED;

/* Whether a setting means anything to an architecture. */
bool setting_applies(const char *arch, const char *key);

/* The trainer's configuration from resolved settings. ERR_USAGE for groups of latents
 * that do not fit the width. */
enum err settings_train_config(const struct settings *s, struct sae_train_config *out,
                               struct errinfo *e) ERR_CHECKED;

/* The setting that decides how many latents are active, in words: "k=4", "l1=3", "tanh
 * l0=3". out[cap]; "" for an unknown architecture. */
void settings_sparsity(const struct settings *s, char *out, size_t cap);

/* How activations are normalised, and whether by a factor measured on clean text. */
enum sae_norm settings_norm(const struct settings *s);
bool settings_scales(const struct settings *s);

#endif
