/* Settings of a synthetic source (source=synthetic, synthetic.*; acts/synthetic.h). */
#ifndef SAETOP_TRAIN_SETTINGS_SYNTH_H
#define SAETOP_TRAIN_SETTINGS_SYNTH_H

#include "acts/synthetic.h"
#include "train/settings.h"

struct synth_config settings_synth(const struct settings *s);

/* Returns whether a setting describes a synthetic source: source, synthetic.*. */
bool setting_is_synth(const struct setting_def *d);

/* Returns ERR_USAGE for a source that is no model, whose runs have no text either;
 * `what`: the run or command that needs them. */
enum err settings_need_text(const struct settings *s, const char *what,
                            struct errinfo *e) ERR_CHECKED;

/* Sets the settings that nobody named to those of the masking study's toy models: TopK,
 * k 3, one latent per feature, 500 steps of 512 rows, learning rate 0.002. */
enum err settings_synth_defaults(struct settings *s, struct errinfo *e) ERR_CHECKED;

#endif
