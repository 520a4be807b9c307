/* What a person adds to a run: labels of latents, presets of edits; and a run's
 * settings as a configuration file. */
#include "base/file.h"
#include "base/json.h"
#include "base/newfile.h"
#include "session/session_priv.h"

#include <stdio.h>
#include <string.h>

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

/* Returns the directory of an arm; "": not saved yet. Only the trainer writes it, so it
 * may be read here without the lock. */
static const char *arm_dir(const struct session *s, size_t arm)
{
    return s->engine ? s->engine->arm[arm].dir : s->pub.arm[arm].dir;
}

/* Changes one label on top of the file as it is now, so that changes by others since
 * this session read it stay. *out: all labels. Before there is a file they are this
 * session's. */
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

/* Takes the run's lock for a change of such a file; -1: none needed. A run in training
 * is locked by this session, or by a process that writes none of these files. */
static enum err lock_run(const struct session *s, const char *dir, int *lock,
                         struct errinfo *e)
{
    *lock = -1;
    if (s->engine || !rundir_is(dir)) {
        return OK;
    }
    const enum err locked = rundir_lock(dir, lock, e);
    return locked == ERR_USAGE ? OK : locked;
}

static enum err change_locked(const struct session *s, const struct command *c,
                              const char *dir, size_t F, struct latent_labels **out,
                              struct errinfo *e)
{
    int lock = -1;
    TRY(lock_run(s, dir, &lock, e));
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

/* ---- presets ---- */

static void publish_presets(struct session *s, size_t arm, struct ask_presets *fresh)
{
    pthread_mutex_lock(&s->mu);
    struct ask_presets *old = s->presets[arm];
    s->presets[arm] = fresh;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    ask_presets_unref(old);
}

/* Makes the set that results from a command. */
static enum err change_presets(const struct session *s, const struct command *c,
                               const struct sae *sae, const struct ask_presets *was,
                               struct ask_presets **out, struct errinfo *e)
{
    struct ask_edit edit[ASK_PRESET_EDITS];
    char line[sizeof c->text], *rest = NULL;
    size_t n = 0;
    const int64_t step =
        s->engine ? arm_steps_done(s->engine->arm[c->arm].arm) : s->record[c->arm].step;
    snprintf(line, sizeof line, "%s", c->text);
    const char *name = strtok_r(line, " ", &rest);
    for (char *word; name && (word = strtok_r(NULL, " ", &rest)) != NULL; n++) {
        if (n == ASK_PRESET_EDITS) {
            return err_set(e, ERR_USAGE, "preset: more than %d edits",
                           ASK_PRESET_EDITS);
        }
        TRY(ask_edit_parse(word, &edit[n], e));
    }
    return n > 0 ? ask_presets_with(was, name, sae, step, edit, n, out, e)
                 : ask_presets_without(was, name ? name : "", out, e);
}

/* Changes presets on top of what others have written there since. Before there is a
 * file they are this session's. */
static enum err change_presets_file(const struct session *s, const struct command *c,
                                    const struct sae *sae, const char *dir,
                                    struct ask_presets **out, struct errinfo *e)
{
    char path[SETTING_TEXT_MAX + 32];
    struct ask_presets *was = NULL, *p = NULL;
    TRY(path_join(path, sizeof path, dir, ASK_PRESET_FILE, e));
    if (file_exists(path)) {
        TRY(ask_presets_load(dir, &was, e));
    } else if (s->presets[c->arm]) {
        was = ask_presets_ref(s->presets[c->arm]);
    }
    enum err rc = change_presets(s, c, sae, was, &p, e);
    ask_presets_unref(was);
    rc = rc == OK ? ask_presets_save(p, dir, e) : rc;
    if (rc != OK) {
        ask_presets_unref(p);
        return rc;
    }
    *out = p;
    return OK;
}

enum err session_set_preset(struct session *s, const struct command *c,
                            const struct sae *sae, struct errinfo *e)
{
    const char *dir = arm_dir(s, c->arm);
    const size_t name = strcspn(c->text, " ");
    struct ask_presets *p = NULL;
    int lock = -1;
    if (dir[0]) {
        TRY(lock_run(s, dir, &lock, e));
        const enum err rc = change_presets_file(s, c, sae, dir, &p, e);
        rundir_unlock(dir, lock);
        TRY(rc);
    } else {
        TRY(change_presets(s, c, sae, s->presets[c->arm], &p, e));
    }
    publish_presets(s, c->arm, p);
    const struct cond_view *of = session_cond_of(s, c->arm);
    session_say(s, false, "preset %.*s of %c %s%s", (int)name, c->text,
                of ? of->letter : '?', c->text[name] ? "is kept" : "is dropped",
                dir[0] ? "" : "   (written when the run is saved)");
    return OK;
}

/* ---- both ---- */

enum err session_load_kept(struct session *s, size_t arm, const char *dir, size_t F,
                           struct errinfo *e)
{
    struct latent_labels *l = NULL;
    struct ask_presets *p = NULL;
    TRY(latent_labels_load(dir, F, &l, e));
    publish_labels(s, arm, l);
    TRY(ask_presets_load(dir, &p, e));
    publish_presets(s, arm, p);
    return OK;
}

enum err session_save_kept(struct session *s, struct errinfo *e)
{
    for (size_t a = 0; a < s->engine->n_arms; a++) {
        if (s->labels[a]) {
            TRY(latent_labels_save(s->labels[a], arm_dir(s, a), e));
        }
        if (s->presets[a]) {
            TRY(ask_presets_save(s->presets[a], arm_dir(s, a), e));
        }
    }
    return OK;
}

/* ---- settings ---- */

/* Returns the settings that were asked for, with later changes in their place. */
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
