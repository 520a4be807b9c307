/* Labels of latents, which a person adds to a run; and a run's settings as a
 * configuration file. */
#include "base/file.h"
#include "base/json.h"
#include "base/newfile.h"
#include "session/session_priv.h"

#include <stdio.h>

/* ---- labels ---- */

static void publish_labels(struct session *s, size_t arm, struct latent_labels *fresh)
{
    pthread_mutex_lock(&s->mu);
    struct latent_labels *old = s->labels[arm];
    s->labels[arm] = fresh;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    latent_labels_unref(old);
}

enum err session_load_labels(struct session *s, size_t arm, const char *dir, size_t F,
                             struct errinfo *e)
{
    struct latent_labels *l = NULL;
    TRY(latent_labels_load(dir, F, &l, e));
    publish_labels(s, arm, l);
    return OK;
}

/* The directory of an arm; "": not saved yet. The trainer alone writes it, so it may be
 * read here without the lock. */
static const char *arm_dir(const struct session *s, size_t arm)
{
    return s->engine ? s->engine->arm[arm].dir : s->pub.arm[arm].dir;
}

/* Change one of the labels that a run has now: changes that others made there since
 * this session read them stay. *out: all of them. Before there is a file they are those
 * of this session. */
static enum err change_file(const struct session *s, const struct command *c,
                            const char *dir, size_t F, struct latent_labels **out,
                            struct errinfo *e)
{
    char path[SETTING_TEXT_MAX + 32];
    struct latent_labels *was = NULL, *l = NULL;
    TRY(path_join(path, sizeof path, dir, LATENT_LABEL_FILE, e));
    if (file_exists(path)) {
        TRY(latent_labels_load(dir, F, &was, e));
    } else if (s->labels[c->arm]) {
        was = latent_labels_ref(s->labels[c->arm]);
    }
    enum err rc = latent_labels_with(was, c->latent, c->text, &l, e);
    latent_labels_unref(was);
    TRY(rc);
    rc = latent_labels_save(l, dir, e);
    if (rc != OK) {
        latent_labels_unref(l);
        return rc;
    }
    *out = l;
    return OK;
}

/* The same with the run's lock. A run that trains is locked by this session, or by a
 * process that has no labels to write. */
static enum err change_locked(const struct session *s, const struct command *c,
                              const char *dir, size_t F, struct latent_labels **out,
                              struct errinfo *e)
{
    int lock = -1;
    if (!s->engine && rundir_is(dir)) {
        const enum err locked = rundir_lock(dir, &lock, e);
        if (locked != OK && locked != ERR_USAGE) {
            return locked;
        }
    }
    const enum err rc = change_file(s, c, dir, F, out, e);
    rundir_unlock(dir, lock);
    return rc;
}

enum err session_set_label(struct session *s, const struct command *c, size_t F,
                           struct errinfo *e)
{
    const size_t arm = c->arm;
    const char *dir = arm_dir(s, arm);
    struct latent_labels *l = NULL;
    TRY(dir[0] ? change_locked(s, c, dir, F, &l, e)
               : latent_labels_with(s->labels[arm], c->latent, c->text, &l, e));
    publish_labels(s, arm, l);
    const struct cond_view *of = session_cond_of(s, arm);
    session_say(s, false, "#%d of %c: %s%s", c->latent, of ? of->letter : '?',
                c->text[0] ? c->text : "no label",
                dir[0] ? "" : "   (written when the run is saved)");
    return OK;
}

enum err session_save_labels(struct session *s, struct errinfo *e)
{
    for (size_t a = 0; a < s->engine->n_arms; a++) {
        if (s->labels[a]) {
            TRY(latent_labels_save(s->labels[a], arm_dir(s, a), e));
        }
    }
    return OK;
}

/* ---- settings ---- */

/* The settings that were asked for, with what was changed since in their place. */
static struct settings present_settings(const struct session *s)
{
    struct settings set = s->engine ? s->in->asked : s->record[0].set;
    if (s->engine) {
        set.mask_rate = arm_rate_set(s->engine->arm[0].arm);
        set.steps = s->engine->steps;
    }
    return set;
}

enum err session_save_config(struct session *s, const char *path, struct errinfo *e)
{
    if (!path[0]) {
        return err_set(e, ERR_USAGE, "save-config: expected a file name");
    }
    TRY(newfile_check(path, "choose another name", e));
    const struct settings set = present_settings(s);
    struct str text;
    str_init(&text, 1u << 20);
    cJSON *tree = cJSON_CreateObject();
    enum err rc = tree && cJSON_AddStringToObject(
                              tree, "about", "settings of a run; `--config` reads them")
                      ? settings_add_json(&set, tree, e)
                      : err_set(e, ERR_NOMEM, "out of memory for the settings");
    if (rc == OK) {
        rc = json_print(tree, &text, e);
    }
    if (rc == OK) {
        rc = file_write_named_text(path, text.p, e);
    }
    cJSON_Delete(tree);
    str_free(&text);
    if (rc == OK) {
        session_say(s, false, "written: %s; saetop --config %s starts alike", path,
                    path);
    }
    return rc;
}
