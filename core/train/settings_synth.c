#include "train/settings_synth.h"

#include <stdio.h>
#include <string.h>

struct synth_config settings_synth(const struct settings *s)
{
    return (struct synth_config){
        .D = (size_t)s->synth_d,
        .parents = (size_t)s->synth_parents,
        .children = (size_t)s->synth_children,
        .others = (size_t)s->synth_others,
        .parent_rate = s->synth_parent_rate,
        .other_rate = s->synth_other_rate,
        .child_share = s->synth_child_share,
        .zipf = s->synth_zipf,
        .magnitude = s->synth_magnitude,
        .spread = s->synth_spread,
        .correlation = s->synth_correlation,
        .factors = (size_t)s->synth_factors,
        .loadings = (enum synth_loadings)s->synth_loadings,
        .correlated = (enum synth_correlated)s->synth_correlated,
        .context_share = s->synth_context,
        .context_rate = s->synth_context_rate,
        .context = (enum synth_context)s->synth_context_of,
        .sequence = (size_t)s->synth_sequence,
        .content = s->synth_content,
        .carry = s->synth_carry,
        .masked = (enum synth_masked)s->synth_masked,
        .keep_parent = s->synth_keep_parent,
        .mask_feature = s->synth_mask_feature,
        .seed = (uint64_t)s->seed,
    };
}

bool setting_is_synth(const struct setting_def *d)
{
    return strcmp(d->key, setting_key.source) == 0 ||
           strncmp(d->key, "synthetic.", 10) == 0;
}

enum err settings_need_text(const struct settings *s, const char *what,
                            struct errinfo *e)
{
    if (s->source == SOURCE_MODEL) {
        return OK;
    }
    return s->source == SOURCE_SYNTHETIC
               ? err_set(e, ERR_USAGE,
                         "%s: source=synthetic has no model and no text to look at; "
                         "saetop eval measures such a run",
                         what)
               : err_set(e, ERR_USAGE,
                         "%s: activations made elsewhere have no model and no text to "
                         "look at: name them, --model DIR --corpus FILE",
                         what);
}

enum err settings_synth_defaults(struct settings *s, struct errinfo *e)
{
    const struct synth_config c = settings_synth(s);
    char width[32];
    const struct {
        const char *key, *value;
    } all[] = {{setting_key.hook, "synthetic"},
               {setting_key.arch, "topk"},
               {setting_key.k, "3"},
               {setting_key.steps, "500"},
               {setting_key.batch, "512"},
               {setting_key.lr, "0.002"},
               {setting_key.width, width}};
    snprintf(width, sizeof width, "%zu", synth_count(&c));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!settings_given(s, all[i].key)) {
            TRY(settings_set(s, all[i].key, all[i].value,
                             from_program("synthetic source"), e));
        }
    }
    return OK;
}
