/* Saves a run and its checkpoints, and resumes it. */
#include "base/file.h"
#include "base/mem.h"
#include "run/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- saving ---- */

/* Makes the directories that this run has not saved in yet; none if one cannot be
 * made. */
static enum err lock_all(struct engine *g, const char *dir, struct errinfo *e)
{
    const size_t had = g->locks.n;
    for (size_t a = 0; a < g->n_arms; a++) {
        char path[SETTING_TEXT_MAX];
        const struct arm_place *p = &g->arm[a].place;
        enum err rc = arm_place_dir(dir, p, path, sizeof path, e);
        if (rc == OK) {
            rc = dirlocks_have(&g->locks, path) ? dirlocks_keep(&g->locks, path, e)
                                                : dirlocks_make(&g->locks, dir, p, e);
        }
        if (rc != OK) {
            dirlocks_release(&g->locks, had);
            return rc;
        }
    }
    return OK;
}

/* Fills the names that the save of arm i records: its own, and in the first arm's save
 * also the places of all others. */
static void name_arm(const struct engine *g, size_t i, struct arm_names *out)
{
    struct arm_place others[RUN_ARMS_MAX];
    const struct engine_arm *a = &g->arm[i];
    const size_t n = i == 0 ? g->n_arms - 1 : 0;
    for (size_t k = 0; k < n; k++) {
        others[k] = g->arm[k + 1].place;
    }
    arm_places_print(others, n, out->others);
    memcpy(out->name, a->place.name, sizeof out->name);
    /* A single arm has no condition until it is forked. */
    snprintf(out->condition, sizeof out->condition, "%s",
             g->n_arms > 1 ? a->condition : "");
}

/* Writes arm i into dir, as its save or held. */
static enum err write_arm(struct engine *g, size_t i, const char *dir, bool hold,
                          struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    struct arm_names names;
    struct str json;
    const char *eval = NULL;
    str_init(&json, 1u << 24);
    name_arm(g, i, &names);
    a->arm->state.seconds = g->seconds;
    enum err rc = OK;
    const bool live_only = g->in->shards && a->report.n == 0; /* figures in its rows */
    if (a->evaluated && !live_only) {
        rc = !g->in->lm ? report_json(&a->report, &json, e)
                        : eval_result_json(&a->eval, g->in->concepts, &json, e);
        eval = json.p;
    }
    if (rc == OK) {
        rc = hold ? rundir_hold(dir, a->arm, &a->history, eval, &names, e)
                  : rundir_save(dir, a->arm, &a->history, eval, &names, e);
    }
    str_free(&json);
    return rc;
}

/* The save of one arm in progress. */
struct arm_save {
    char dir[SETTING_TEXT_MAX];
    const char *said; /* in the event, the same for all arms */
    struct run_event ev;
    bool told; /* the event belongs into the history */
    bool held; /* written, but not yet a save */
};

/* Begins a save. Its event is in the saved file, but in the run's history only if the
 * save succeeds. */
static enum err begin_save(struct engine *g, size_t i, struct arm_save *s, bool hold,
                           struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    s->ev = (struct run_event){.step = engine_step_count(g), .seconds = g->seconds};
    snprintf(s->ev.kind, sizeof s->ev.kind, "save");
    snprintf(s->ev.detail, sizeof s->ev.detail, "%s", s->said);
    if (s->told) {
        TRY(history_add_event(&a->history, &s->ev, e));
    }
    const enum err rc = write_arm(g, i, s->dir, hold, e);
    a->history.events -= rc != OK && s->told ? 1 : 0;
    s->held = rc == OK && hold;
    return rc;
}

static void end_save(struct engine *g, size_t i, const struct arm_save *s)
{
    struct engine_arm *a = &g->arm[i];
    dirlocks_saved(&g->locks, s->dir);
    memcpy(a->dir, s->dir, sizeof a->dir);
    if (s->told && g->watch.event) {
        g->watch.event(g->watch.user, i, &s->ev);
    }
}

/* Drops the arms that are held, as if they had not been started. */
static void drop_held(struct engine *g, struct arm_save *saves)
{
    for (size_t i = 0; i < g->n_arms; i++) {
        if (saves[i].held) {
            rundir_drop(saves[i].dir);
            g->arm[i].history.events -= saves[i].told ? 1 : 0;
            saves[i].held = false;
        }
    }
}

/* Saves the first arm. It names the others, so those without a save come before it. */
static enum err save_first(struct engine *g, struct arm_save *saves, struct errinfo *e)
{
    enum err rc = OK;
    for (size_t i = 1; rc == OK && i < g->n_arms; i++) {
        if (dirlocks_new(&g->locks, saves[i].dir)) {
            rc = begin_save(g, i, &saves[i], true, e);
        }
    }
    rc = rc == OK ? begin_save(g, 0, &saves[0], false, e) : rc;
    if (rc != OK) {
        drop_held(g, saves);
        return rc;
    }
    for (size_t i = 1; i < g->n_arms; i++) {
        if (saves[i].held) {
            dirlocks_saved(&g->locks, saves[i].dir); /* it counts from here on */
        }
    }
    end_save(g, 0, &saves[0]);
    return OK;
}

static enum err save_each(struct engine *g, struct arm_save *saves, struct errinfo *e)
{
    TRY(save_first(g, saves, e));
    for (size_t i = 1; i < g->n_arms; i++) {
        TRY(saves[i].held ? rundir_release(saves[i].dir, e)
                          : begin_save(g, i, &saves[i], false, e));
        end_save(g, i, &saves[i]);
    }
    return OK;
}

static enum err save_all(struct engine *g, const char *dir, bool told,
                         struct errinfo *e)
{
    struct arm_save *saves = NULL;
    char said[SETTING_TEXT_MAX + 24] = "";
    enum err rc = OK;
    TRY(lock_all(g, dir, e));
    TRY(mem_new(&saves, g->n_arms, sizeof *saves, "a save", e));
    for (size_t i = 0; rc == OK && i < g->n_arms; i++) {
        saves[i].told = told;
        saves[i].said = said;
        rc = arm_place_dir(dir, &g->arm[i].place, saves[i].dir, sizeof saves[i].dir, e);
    }
    if (g->n_arms > 1) {
        snprintf(said, sizeof said, "%zu arms in ", g->n_arms);
    }
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s", saves[0].dir);
    rc = rc == OK ? save_each(g, saves, e) : rc;
    for (size_t i = 0; rc == OK && i < g->n_arms; i++) { /* of no save a part */
        rc = concept_history_save(g->arm[i].over, g->in->concepts, saves[i].dir, e);
    }
    mem_free(saves);
    return rc;
}

enum err engine_save(struct engine *g, const char *dir, struct errinfo *e)
{
    char name[SETTING_TEXT_MAX]; /* dir may be g->dir itself */
    TRY(arm_place_dir(dir, &g->arm[0].place, name, sizeof name, e));
    TRY(save_all(g, name, true, e));
    memcpy(g->dir, name, sizeof name);
    return OK;
}

/* ---- checkpoints ---- */

/* Whether a save at this step is kept as checkpoints/step-N. */
static bool keeps_step(const struct settings *s, int64_t step)
{
    const int64_t kept = s->checkpoint_keep ? s->checkpoint_keep : s->checkpoint_every;
    return kept && step > 0 && step % kept == 0;
}

static enum err keep(struct engine *g, struct errinfo *e)
{
    char name[40];
    const int64_t step = engine_step_count(g);
    snprintf(name, sizeof name, "step-%lld", (long long)step);
    for (size_t i = 0; i < g->n_arms; i++) {
        struct engine_arm *a = &g->arm[i];
        /* An arm that is ahead is kept when the others get there. */
        if (keeps_step(&g->in->set, step) && arm_steps_done(a->arm) == step) {
            TRY(rundir_keep(a->dir, name, e));
        }
        if (a->is_best) {
            TRY(rundir_keep(a->dir, "best", e));
            a->is_best = false;
        }
    }
    return OK;
}

enum err engine_checkpoint(struct engine *g, struct errinfo *e)
{
    const struct settings *s = &g->in->set;
    if (!s->checkpoint_every || !g->dir[0]) {
        return OK;
    }
    bool due = engine_step_count(g) % s->checkpoint_every == 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        due = due || g->arm[a].is_best;
    }
    if (!due) {
        return OK;
    }
    TRY(save_all(g, g->dir, false, e));
    return keep(g, e);
}

/* Whether the evaluation in the last save of a reopened arm is its best. */
static bool saved_best(const struct engine *g, const struct engine_arm *a)
{
    const int m = metric_find(g->in->set.checkpoint_best);
    const struct history *h = &a->history;
    if (m < 0 || h->rows == 0) {
        return false;
    }
    const double *v = h->row[h->rows - 1].v, best = a->arm->state.best;
    return v[METRIC_STEP] == (double)arm_steps_done(a->arm) &&
           fabs(v[m] - best) <= 1e-8 * fabs(best); /* to the digits of metrics.csv */
}

/* Returns the step of the checkpoint `name` of an arm: -1 where there is none,
 * INT64_MAX where it cannot be read. */
static int64_t kept_step(const struct engine_arm *a, const char *name)
{
    char dir[RUNDIR_PATH], part[64];
    struct run_state s = {0};
    int64_t step = INT64_MAX;
    snprintf(part, sizeof part, "checkpoints/%s", name);
    if (path_join(dir, sizeof dir, a->dir, part, NULL) != OK) {
        return INT64_MAX;
    }
    if (!rundir_is(dir)) {
        return -1;
    }
    if (runstate_open(dir, &s, NULL) == OK) {
        step = s.step;
        runstate_close(&s);
    }
    return step;
}

/* Where a process was killed between a save and keeping it as a checkpoint, keeps it
 * now, but not in place of a checkpoint that was trained further. */
static enum err keep_owed(struct engine *g, struct errinfo *e)
{
    char name[40];
    const bool is_checkpoint = arm_run_len(g->dir) < strlen(g->dir);
    if (!g->in->set.checkpoint_every || is_checkpoint) {
        return OK;
    }
    for (size_t i = 0; i < g->n_arms; i++) {
        const struct engine_arm *a = &g->arm[i];
        const int64_t step = arm_steps_done(a->arm);
        if (saved_best(g, a) && kept_step(a, "best") < step) {
            TRY(rundir_keep(a->dir, "best", e));
        }
        snprintf(name, sizeof name, "step-%lld", (long long)step);
        if (keeps_step(&g->in->set, step) && step == engine_step_count(g) &&
            kept_step(a, name) < 0) {
            TRY(rundir_keep(a->dir, name, e));
        }
    }
    return OK;
}

/* ---- going on ---- */

/* A run being reopened: the states of its arms, until the arms are made. */
struct reopened {
    struct reopened_arm {
        struct run_state state;
        struct arm_place place;
        char dir[SETTING_TEXT_MAX];
    } * arm; /* [RUN_ARMS_MAX] */
    size_t n;
    struct dirlocks locks;
};

static void close_states(struct reopened *r)
{
    for (size_t i = 0; i < r->n; i++) {
        runstate_close(&r->arm[i].state);
    }
    mem_free(r->arm);
    dirlocks_release(&r->locks, 0);
}

/* Checks the path of an arm other than the first. The user named the first, perhaps by
 * a link; the others are found from there, where a further link would let another run
 * be written to. Arms beside a run named by a link are accepted. */
static enum err expect_own(const char *dir, const struct arm_place *p,
                           struct errinfo *e)
{
    bool there = false;
    const bool links = p->beside && file_is_dir_own(dir, &there, NULL) != OK;
    return links ? OK : arm_place_check(dir, p, false, e);
}

static enum err open_state(struct reopened *r, const char *dir,
                           const struct arm_place *p, struct errinfo *e)
{
    struct reopened_arm *a = &r->arm[r->n];
    a->place = *p;
    TRY(arm_place_dir(dir, p, a->dir, sizeof a->dir, e));
    TRY(expect_own(r->arm[0].dir, p, e));
    TRY(dirlocks_open(&r->locks, a->dir, e));
    if (r->n > 0) {
        TRY(rundir_release(a->dir, e)); /* the first one names it */
    }
    if (!rundir_is(a->dir)) {
        return err_set(
            e, ERR_MISSING,
            "%s: nothing was saved in it that could go on; start anew, with --out",
            a->dir);
    }
    TRY(runstate_open(a->dir, &a->state, e));
    r->n++;
    return OK;
}

/* Whether dir is a checkpoint `best`. Each arm has its own best step, so these are not
 * resumed together. */
static bool is_best(const char *dir)
{
    return arm_run_len(dir) < strlen(dir) && strcmp(path_base(dir), "best") == 0;
}

static enum err open_states(struct reopened *r, const char *dir, struct errinfo *e)
{
    struct arm_place others[RUN_ARMS_MAX];
    const struct arm_place first = {.name = ""};
    size_t n = 0;
    TRY(mem_new(&r->arm, RUN_ARMS_MAX, sizeof *r->arm, "a run", e));
    TRY(open_state(r, dir, &first, e));
    if (is_best(r->arm[0].dir)) {
        return OK;
    }
    TRY(arm_places_read(r->arm[0].state.names.others, dir, others, &n, e));
    for (size_t i = 0; i < n; i++) {
        TRY(open_state(r, dir, &others[i], e));
    }
    return OK;
}

/* Whether a text that came on standard input is now named as a file, or the other way
 * round: its hash tells later whether it is the same text. */
static bool is_text_moved(const char *key, const char *was, const char *is)
{
    const bool text = !strcmp(key, setting_key.corpus) || !strcmp(key, setting_key.ood);
    return text && is[0] && (!strcmp(was, "-") || !strcmp(is, "-"));
}

/* Applies the settings that the user gave for resuming. One that shapes the run must
 * equal the run's own: else ERR_USAGE. */
static enum err apply_given(struct settings *set, const struct settings *given,
                            const char *dir, struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str was, is;
    str_init(&was, SETTING_VALUE_MAX);
    str_init(&is, SETTING_VALUE_MAX);
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < n; i++) {
        const char *key = t[i].key;
        if (!settings_given(given, key) || strcmp(key, setting_key.steps) == 0) {
            continue;
        }
        str_clear(&was);
        str_clear(&is);
        settings_print(set, &t[i], &was);
        settings_print(given, &t[i], &is);
        const bool rounds =
            !strcmp(key, setting_key.cache) && set->cache_dtype == CACHE_FP16;
        const bool free =
            t[i].scope == SETTING_OF_FREE && !(rounds && !was.len != !is.len);
        if (free || (was.len && is.len && is_text_moved(key, was.p, is.p))) {
            rc = settings_set(set, key, is.p, settings_origin(given, &t[i]), e);
        } else if (strcmp(was.p, is.p) != 0) {
            rc = err_set(e, ERR_USAGE,
                         "%s: %s is '%s' in this run and cannot be '%s' in a resume",
                         dir, key, was.p, is.p);
        }
    }
    str_free(&was);
    str_free(&is);
    return rc;
}

/* Makes the arms' own settings name the texts that the run's do now. Standard input has
 * no tail to hold back, and a file in its place goes on without one. */
static enum err move_texts(struct reopened *r, struct settings *set, struct errinfo *e)
{
    const char *was = r->arm[0].state.set.corpus;
    if (strcmp(was, set->corpus) == 0 &&
        strcmp(r->arm[0].state.set.ood, set->ood) == 0) {
        return OK;
    }
    if (strcmp(was, "-") == 0 && strcmp(set->ood, OOD_TAIL) == 0) {
        TRY(settings_set(set, setting_key.ood, "", from_program("standard input"), e));
    }
    const char *const key[] = {setting_key.corpus, setting_key.ood};
    const char *const text[] = {set->corpus, set->ood};
    for (size_t i = 0; i < 2 * r->n; i++) {
        const struct setting_def *d = setting_find(key[i % 2]);
        TRY(settings_set(&r->arm[i / 2].state.set, d->key, text[i % 2],
                         settings_origin(set, d), e));
    }
    return OK;
}

static enum err check_steps(const struct settings *set, const struct settings *given,
                            const char *dir, struct errinfo *e)
{
    if (given && settings_given(given, setting_key.steps) &&
        given->steps < set->steps) {
        return err_set(e, ERR_USAGE,
                       "%s: found --steps %lld, expected the %lld planned or more", dir,
                       (long long)given->steps, (long long)set->steps);
    }
    return OK;
}

/* Reads an arm's concepts: those of its last evaluation are in its save, the file of
 * earlier ones may be older. */
static enum err read_concepts(const struct engine *g, struct engine_arm *a,
                              struct errinfo *e)
{
    char path[SETTING_TEXT_MAX + 16];
    struct concept_history *h = NULL;
    struct concept_table *t = NULL;
    TRY(concept_history_load(a->dir, g->in->concepts, arm_steps_done(a->arm), &a->over,
                             e));
    TRY(path_join(path, sizeof path, a->dir, "eval.json", e));
    TRY(concept_table_load(path, g->in->concepts, a->arm->sae->F, &t, e));
    const enum err rc = t ? concept_history_with(a->over, t, &h, e) : OK;
    concept_table_unref(t);
    if (rc == OK && h) {
        concept_history_unref(a->over);
        a->over = h;
    }
    return rc;
}

/* Reopens the concepts. If they cannot be read the run goes on without them, with a
 * warning. */
static void reopen_concepts(struct engine *g, struct engine_arm *a)
{
    struct errinfo e = {0};
    if (g->in->concepts && read_concepts(g, a, &e) != OK && !g->warning[0]) {
        snprintf(g->warning, sizeof g->warning, "%.290s", e.msg);
    }
}

static enum err reopen_arm(struct engine *g, const struct reopened *r, size_t i,
                           struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    TRY(runstate_check_inputs(&r->arm[i].state, r->arm[i].dir, g->in, e));
    TRY(runstate_arm(&r->arm[i].state, r->arm[i].dir, g->in, &a->arm, e));
    g->n_arms++;
    TRY(history_load(r->arm[i].dir, &a->history, e));
    history_cut(&a->history, r->arm[i].state.step);
    a->place = r->arm[i].place;
    const char *condition = r->arm[i].state.names.condition;
    snprintf(a->condition, sizeof a->condition, "%s",
             condition[0] ? condition : arm_name_shown(a->place.name));
    memcpy(a->dir, r->arm[i].dir, sizeof a->dir);
    reopen_concepts(g, a);
    g->seconds = fmax(g->seconds, a->arm->state.seconds);
    return OK;
}

/* Warns of what a person should know about the first arm; `other`: the kernels it was
 * trained with, or NULL. */
static void warn_reopened(struct engine *g, const struct reopened *r, const char *other)
{
    const char *dir = r->arm[0].dir;
    if (other) {
        snprintf(g->warning, sizeof g->warning,
                 "%.190s goes on, but not to the same bytes: %s", dir, other);
    } else if (is_best(dir) && r->arm[0].state.names.others[0]) {
        snprintf(g->warning, sizeof g->warning,
                 "%.200s: goes on alone; the other arms have best steps of their own",
                 dir);
    }
}

/* Reopens arms and clocks. */
static enum err reopen(struct engine *g, struct reopened *r,
                       const struct settings *given, struct errinfo *e)
{
    g->in->scale = r->arm[0].state.scale; /* from the kernels that it started with */
    g->steps = r->arm[0].state.set.steps;
    for (size_t i = 0; i < r->n; i++) {
        TRY(reopen_arm(g, r, i, e));
    }
    char kernels[RUNSTATE_KERNELS];
    const char *other =
        runstate_other_kernels(&r->arm[0].state, kernels, sizeof kernels);
    warn_reopened(g, r, other);
    g->row_seconds = g->seconds;
    g->pace.at = engine_step_count(g);
    memcpy(g->dir, r->arm[0].dir, sizeof g->dir);
    g->locks = r->locks;
    r->locks = (struct dirlocks){0};
    if (given && settings_given(given, setting_key.steps) && given->steps > g->steps) {
        TRY(engine_extend(g, given->steps, e));
    }
    TRY(keep_owed(g, e));
    return engine_event(g, ENGINE_ALL_ARMS, e, "resumed", "from %s%s%s", g->dir,
                        other ? "; " : "", other ? other : "");
}

static enum err resume(struct reopened *r, const char *dir,
                       const struct settings *given, const char *samples_dir,
                       struct inputs *in, struct engine **out, struct errinfo *e)
{
    struct inputs *own = NULL;
    struct engine *g = NULL;
    TRY(open_states(r, dir, e));
    struct settings set = r->arm[0].state.set;
    snprintf(set.samples_dir, sizeof set.samples_dir, "%s", samples_dir);
    if (given) {
        TRY(apply_given(&set, given, dir, e));
        TRY(move_texts(r, &set, e));
        TRY(check_steps(&set, given, dir, e));
    }
    if (!in) {
        TRY(inputs_new(&set, NULL, &own, e));
    }
    enum err rc = mem_new(&g, 1, sizeof *g, "engine", e);
    if (rc == OK) {
        g->in = in ? in : own;
        rc = reopen(g, r, given, e);
    }
    if (rc != OK && g) {
        g->in = NULL; /* the caller's stays the caller's */
        engine_free(g);
    }
    if (rc != OK) {
        inputs_free(own);
        return rc;
    }
    *out = g;
    return OK;
}

enum err engine_resume(const char *dir, const struct settings *given,
                       const char *samples_dir, struct inputs *in, struct engine **out,
                       struct errinfo *e)
{
    struct reopened r = {0};
    const enum err rc = resume(&r, dir, given, samples_dir, in, out, e);
    close_states(&r);
    return rc;
}
