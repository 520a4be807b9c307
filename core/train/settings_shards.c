#include "train/settings_shards.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A rate equal to six digits is the files' own. */
#define SAME_RATE 1e-6

enum err settings_shards_open(const struct settings *s, struct shards **out,
                              struct errinfo *e)
{
    char path[4096];
    if (!s->activations[0]) {
        return err_set(e, ERR_USAGE,
                       "source=activations: found no folder of them, expected "
                       "--activations DIR");
    }
    TRY(settings_path(s, s->activations, path, sizeof path, e));
    return shards_open(path, (size_t)s->context, out, e);
}

enum err settings_shards_rate(const struct shards *from, double rate, struct errinfo *e)
{
    const double theirs = shards_facts(from)->mask_rate;
    if (rate <= 0 || fabs(rate - theirs) < SAME_RATE) {
        return OK;
    }
    return theirs > 0
               ? err_set(
                     e, ERR_USAGE,
                     "mask rate: found %g, expected 0 or %g: the masked activations "
                     "of %s were made at that rate, which cannot be changed here",
                     rate, theirs, shards_facts(from)->dir)
               : err_set(e, ERR_USAGE,
                         "mask rate: found %g, expected 0: %s has no "
                         "activations_masked",
                         rate, shards_facts(from)->dir);
}

enum err settings_shards_check(const struct settings *s, const struct shards *from,
                               struct errinfo *e)
{
    TRY(settings_shards_rate(from, s->mask_rate, e));
    if (s->mask_schedule != MASK_CONSTANT) {
        return err_set(e, ERR_USAGE,
                       "mask.schedule: expected constant: activations made elsewhere "
                       "have one mask rate");
    }
    /* At rate 0 as well: an arm may be given the files' rate later. */
    if (s->mask_positions != POSITIONS_KEEP && !shards_has(from, SHARDS_FLAGS)) {
        return err_set(e, ERR_USAGE,
                       "mask.positions: expected keep: %s does not say which positions "
                       "are masked (masked)",
                       shards_facts(from)->dir);
    }
    return OK;
}

/* Refuses settings that would do nothing. */
static enum err check_named(const struct settings *s, struct errinfo *e)
{
    const char *const keys[] = {setting_key.model,      setting_key.corpus,
                                setting_key.ood,        setting_key.concepts,
                                setting_key.mask_token, setting_key.mask_kind,
                                setting_key.precision,  setting_key.cache};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (settings_named(s, keys[i])) {
            return err_set(e, ERR_USAGE,
                           "%s: a run on --activations has no model and no text, "
                           "expected one or the other",
                           keys[i]);
        }
    }
    if (settings_given(s, setting_key.source) && s->source != SOURCE_ACTIVATIONS) {
        return err_set(e, ERR_USAGE,
                       "found --activations and another source, expected one");
    }
    return OK;
}

static enum err set_unless_given(struct settings *s, const char *key, const char *text,
                                 struct errinfo *e)
{
    return settings_given(s, key)
               ? OK
               : settings_set(s, key, text, from_program("activations"), e);
}

enum err settings_shards_defaults(struct settings *s, struct errinfo *e)
{
    struct shards *from = NULL;
    char rate[32];
    TRY(check_named(s, e));
    TRY(set_unless_given(s, setting_key.source, "activations", e));
    TRY(settings_shards_open(s, &from, e));
    const char *hook = shards_facts(from)->hook;
    (void)snprintf(rate, sizeof rate, "%.17g", shards_facts(from)->mask_rate);
    enum err rc =
        set_unless_given(s, setting_key.hook, hook[0] ? hook : "activations", e);
    rc = rc == OK ? set_unless_given(s, setting_key.mask_rate, rate, e) : rc;
    shards_free(from);
    return rc;
}
