#include "train/run_open.h"

#include "lm/lm.h"
#include "sae/foreign.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN "the SAE's files"

enum err run_say_model(const char *path, struct errinfo *e)
{
    return err_set(
        e, ERR_USAGE,
        "%s: a model, expected a run or an SAE of one; for a model alone: "
        "saetop lm generate --model, saetop doctor, or saetop train --model, "
        "which makes a run",
        path);
}

bool run_is_openable(const char *path)
{
    return rundir_is(path) || foreign_format_of(path);
}

static enum err set_number(struct settings *s, const char *key, double v,
                           struct errinfo *e)
{
    char text[32];
    snprintf(text, sizeof text, "%.17g", v);
    return settings_set(s, key, text, from_program(ORIGIN), e);
}

/* Sets the widths of Matryoshka's prefixes: "64,256,1024". */
static enum err set_groups(struct settings *s, const struct sae *sae,
                           const struct foreign_meta *m, struct errinfo *e)
{
    char text[SETTING_TEXT_MAX];
    size_t at = 0;
    if ((sae_arch_has(sae->arch) & SAE_HAS_GROUPS) == 0 || m->groups == 0) {
        return OK;
    }
    for (size_t i = 0; i < m->groups && at < sizeof text - 32; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%zu", i ? "," : "",
                               m->width[i]);
    }
    return settings_set(s, setting_key.groups, text, from_program(ORIGIN), e);
}

/* Makes the settings as if the SAE had been trained here. */
static enum err fit_settings(struct settings *s, const struct settings *named,
                             const struct sae *sae, const struct foreign_meta *m,
                             struct errinfo *e)
{
    TRY(settings_set(s, setting_key.arch, sae_arch_name(sae->arch),
                     from_program(ORIGIN), e));
    TRY(set_number(s, setting_key.width, (double)sae->F, e));
    TRY(set_number(s, setting_key.k, sae->k, e));
    TRY(settings_set(s, setting_key.mask_rate, "0", from_program(ORIGIN), e));
    TRY(set_groups(s, sae, m, e));
    if (named && settings_given(named, setting_key.hook)) {
        return OK;
    }
    if (!m->hook[0]) {
        return err_set(e, ERR_USAGE,
                       "does not say where in a model it reads; name it with "
                       "--hook blocks.N.hook_resid_post or another");
    }
    return settings_set(s, setting_key.hook, m->hook, from_program(ORIGIN), e);
}

static enum err load_foreign(const char *path, bool centre, struct sae **out,
                             struct foreign_meta *meta, struct errinfo *e)
{
    const enum err rc = foreign_load(path, out, meta, e);
    if (rc != OK) {
        return !foreign_format_of(path) && lm_is_model(path) ? run_say_model(path, e)
                                                             : rc;
    }
    if (centre) {
        sae_centre(*out);
    }
    return OK;
}

static enum err open_foreign(const char *path, const struct settings *set,
                             const struct settings *named, struct run_record *out,
                             struct errinfo *e)
{
    struct run_record r = {.set = *set, .imported = true};
    TRY(load_foreign(path, set->centre, &r.sae, &r.from, e));
    const enum err rc = fit_settings(&r.set, named, r.sae, &r.from, e);
    if (rc != OK) {
        run_record_deinit(&r);
        return err_prefix(e, rc, "%s", path);
    }
    *out = r;
    return OK;
}

/* Names the model that made a run's activations, and a text for it: what needs a model
 * can then be measured. */
static enum err name_model(struct run_record *r, const struct settings *set,
                           const struct settings *named, struct errinfo *e)
{
    const char *const keys[] = {setting_key.model, setting_key.corpus, setting_key.ood,
                                setting_key.concepts, setting_key.hook};
    if (r->set.source != SOURCE_ACTIVATIONS || !named ||
        !settings_named(named, setting_key.model) ||
        !settings_named(named, setting_key.corpus)) {
        return OK;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct setting_def *d = setting_find(keys[i]);
        struct str value;
        if (strcmp(keys[i], setting_key.hook) == 0 && !settings_named(named, keys[i])) {
            continue; /* that of the files */
        }
        str_init(&value, SETTING_VALUE_MAX);
        settings_print(set, d, &value);
        const enum err rc = settings_set(&r->set, keys[i], value.len ? value.p : "",
                                         settings_origin(set, d), e);
        str_free(&value);
        TRY(rc);
    }
    return settings_set(&r->set, setting_key.source, "model", from_program("--model"),
                        e);
}

enum err run_open(const char *path, const struct settings *set,
                  const struct settings *named, struct run_record *out,
                  struct errinfo *e)
{
    TRY(rundir_whole(path, e));
    TRY(rundir_is(path) ? rundir_load(path, out, e)
                        : open_foreign(path, set, named, out, e));
    const enum err rc = name_model(out, set, named, e);
    if (rc != OK) {
        run_record_deinit(out);
        return rc;
    }
    /* A calibration that the run recorded was done before it was saved: only one that
     * is named now is still to be done. */
    out->target_l0 = named && settings_given(named, setting_key.calibrate_l0)
                         ? named->calibrate_l0
                         : 0;
    return OK;
}

enum err run_open_sae(const char *path, bool centre, struct sae **out,
                      struct foreign_meta *meta, struct errinfo *e)
{
    TRY(rundir_whole(path, e));
    return rundir_is(path) ? rundir_load_sae(path, out, meta, e)
                           : load_foreign(path, centre, out, meta, e);
}
