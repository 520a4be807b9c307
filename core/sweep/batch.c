/* Cells that share text and masks, trained in one engine and measured one by one. */
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sweep/run_priv.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define L0_TOLERANCE 0.05

/* ---- settings ---- */

enum err sweep_run_settings(const struct sweep_work *w, size_t cell,
                            struct settings *out, struct errinfo *e)
{
    char text[64];
    const struct sweep_cell *c = &w->plan->cell[cell];
    const struct sweep_found *f = &w->found[c->condition];
    TRY(sweep_cell_settings(w->plan, c, out, e));
    out->threads = (int64_t)w->threads;
    /* A run is only resumed from its last save, so other checkpoints are not needed. */
    TRY(settings_set(out, setting_key.checkpoint_best, "none", from_program("sweep"),
                     e));
    TRY(settings_set(out, setting_key.checkpoint_keep, "1000000000",
                     from_program("sweep"), e));
    if (!settings_given(out, setting_key.hook)) { /* as its tables have it */
        char hook[SETTING_TEXT_MAX];
        memcpy(hook, out->hook, sizeof hook);
        TRY(settings_set(out, setting_key.hook, hook, from_program("sweep"), e));
    }
    if (c->source == SOURCE_SYNTHETIC) { /* which an engine measures as it trains */
        snprintf(text, sizeof text, "%lld", (long long)out->steps);
        TRY(settings_set(out, setting_key.eval_every, text, from_program("sweep"), e));
    }
    if (f->known && f->key) {
        snprintf(text, sizeof text, "%.17g", f->value);
        return settings_set(out, f->key, text,
                            from_program("search for " SWEEP_MATCH_L0), e);
    }
    return OK;
}

static void print_value(const struct settings *s, const struct setting_def *d,
                        struct str *out)
{
    str_clear(out);
    settings_print(s, d, out);
}

/* ---- which cells share an engine ---- */

/* Hashes the settings that all arms of an engine must share: those of the run, and the
 * masks, so that they share the model's work. */
static enum err share_key(const struct sweep_plan *p, const struct sweep_cell *c,
                          uint64_t *out, struct errinfo *e)
{
    struct settings s;
    struct str text;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    uint64_t h = HASH_START;
    TRY(sweep_cell_settings(p, c, &s, e));
    str_init(&text, SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        print_value(&s, &t[i], &text);
        if (t[i].scope != SETTING_OF_ARM || strncmp(t[i].key, "mask.", 5) == 0) {
            h = hash_bytes(h, text.p, text.len + 1);
        }
    }
    str_free(&text);
    *out = h;
    return OK;
}

enum err sweep_make_batches(const struct sweep_plan *p, const bool *todo,
                            struct sweep_batch **out, size_t *n, struct errinfo *e)
{
    struct sweep_batch *b = NULL;
    uint64_t *key = NULL;
    enum err rc = OK;
    *n = 0;
    TRY_OUT(rc, mem_new(&b, p->n_cells, sizeof *b, "sweep", e));
    TRY_OUT(rc, mem_new(&key, p->n_cells, sizeof *key, "sweep", e));
    for (size_t i = 0; i < p->n_cells; i++) {
        uint64_t k = 0;
        size_t at = 0;
        if (todo && !todo[i]) {
            continue;
        }
        TRY_OUT(rc, share_key(p, &p->cell[i], &k, e));
        while (at < *n && (key[at] != k || b[at].n == SWEEP_BATCH_MAX)) {
            at++;
        }
        *n += at == *n ? 1 : 0;
        key[at] = k;
        b[at].cell[b[at].n++] = i;
    }
    *out = b;
    b = NULL;
out:
    mem_free(b);
    mem_free(key);
    return rc;
}

enum err sweep_batches(const struct sweep_plan *p, const bool *todo, size_t *batch,
                       size_t *n, struct errinfo *e)
{
    struct sweep_batch *b = NULL;
    TRY(sweep_make_batches(p, todo, &b, n, e));
    for (size_t i = 0; i < p->n_cells; i++) {
        batch[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < *n; i++) {
        for (size_t j = 0; j < b[i].n; j++) {
            batch[b[i].cell[j]] = i;
        }
    }
    mem_free(b);
    return OK;
}

/* ---- training ---- */

static enum err open_new(struct sweep_work *w, const struct sweep_batch *b,
                         struct engine **out, struct errinfo *e)
{
    char dir[SETTING_TEXT_MAX];
    struct arm_plan *arms = NULL;
    enum err rc = OK;
    TRY(halfway_dir(w, b, dir, sizeof dir, e));
    TRY(arm_plans_like(&w->plan->base, b->n, &arms, e));
    for (size_t i = 0; i < b->n; i++) {
        TRY_OUT(rc, sweep_run_settings(w, b->cell[i], &arms[i].set, e));
    }
    const struct engine_setup s = {
        .set = &arms[0].set, .arms = arms, .n = b->n, .dir = dir, .cancel = &w->stop};
    TRY_OUT(rc, engine_open(&s, out, e));
out:
    mem_free(arms);
    return rc;
}

/* Opens an engine where it was stopped, else at the beginning; checkpoints, if the
 * settings ask for some, go where a stop would save. */
static enum err open_engine(struct sweep_work *w, const struct sweep_batch *b,
                            struct engine **out, struct errinfo *e)
{
    TRY(halfway_open(w, b, out, e));
    if (*out) {
        return OK;
    }
    return open_new(w, b, out, e);
}

enum err sweep_train(struct sweep_work *w, struct engine *g, struct errinfo *e)
{
    while (!engine_done(g)) {
        if (atomic_load(&w->stop)) {
            return err_set(e, ERR_CANCELLED, "stopped");
        }
        TRY(engine_step(g, e));
        atomic_fetch_add(&w->steps, (long long)g->n_arms);
    }
    return OK;
}

/* ---- what was found ---- */

/* Keeps the run of a cell as if it had been trained alone. */
static enum err keep_run(const struct sweep_work *w, size_t cell,
                         const struct engine_arm *a, struct errinfo *e)
{
    char name[SWEEP_NAME_MAX + 8], dir[SWEEP_PATH];
    bool there = false;
    int lock = -1;
    snprintf(name, sizeof name, "runs/%s", w->plan->cell[cell].name);
    TRY(path_join(dir, sizeof dir, w->o->dir, name, e));
    TRY(file_is_dir_own(dir, &there, e));
    if (there && rundir_is(dir)) {
        return OK; /* kept earlier, the same bytes */
    }
    TRY(rundir_create(dir, e));
    TRY(rundir_lock(dir, &lock, e));
    const enum err rc = rundir_save(dir, a->arm, &a->history, NULL, NULL, e);
    rundir_unlock(dir, lock);
    return rc;
}

/* Reports a finished cell to the file, the table and the watch. */
static enum err finish_cell(struct sweep_work *w, size_t cell, struct sweep_result *r,
                            const struct sweep_made *made, struct errinfo *e)
{
    const struct sweep_cell *c = &w->plan->cell[cell];
    const double l0 = r->v[sweep_set_of(c->source).l0];
    r->on_target =
        c->target_l0 <= 0 || fabs(l0 - c->target_l0) <= L0_TOLERANCE * c->target_l0;
    r->done = true;
    TRY(sweep_cell_save(w->o->dir, c, r, made, e));
    (void)pthread_mutex_lock(&w->lock);
    w->results[cell] = *r;
    w->made[cell] = *made;
    (void)pthread_mutex_unlock(&w->lock);
    atomic_fetch_add(&w->steps, SWEEP_MEASURE_STEPS);
    (void)pthread_mutex_lock(&w->telling);
    if (w->o->watch.done) {
        w->o->watch.done(w->o->watch.user, cell, r);
    }
    (void)pthread_mutex_unlock(&w->telling);
    return OK;
}

static enum err measure_arm(struct sweep_work *w, struct engine *g, size_t i,
                            size_t cell, const struct sweep_made *made,
                            double trained_seconds, struct errinfo *e)
{
    struct engine_arm *a = &g->arm[i];
    struct sweep_result r = {0};
    struct sae *sae = NULL;
    const struct sweep_found *f = &w->found[w->plan->cell[cell].condition];
    const struct stream_stats st = source_stats(a->arm->source);
    const int64_t begin = clock_ns();
    TRY(arm_freeze(a->arm, &sae, e));
    enum err rc = sweep_measure(w->benches, g->in, sae, &w->stop, &r, e);
    sae_free(sae);
    TRY(rc);
    r.sparsity = f->known && f->key ? f->value : (double)NAN;
    r.steps = (double)arm_steps_done(a->arm);
    r.vectors = (double)st.vectors_served;
    r.tokens_read = (double)st.tokens_read;
    r.seconds = trained_seconds / (double)g->n_arms + clock_seconds_since(begin);
    if (w->o->keep) {
        TRY(keep_run(w, cell, a, e));
    }
    return finish_cell(w, cell, &r, made, e);
}

static bool is_done(struct sweep_work *w, size_t cell)
{
    (void)pthread_mutex_lock(&w->lock);
    const bool done = w->results[cell].done;
    (void)pthread_mutex_unlock(&w->lock);
    return done;
}

/* Checks that the files are those used for the other cells and the searches. */
static enum err check_made(struct sweep_work *w, const struct sweep_batch *b,
                           const struct sweep_made *made, struct errinfo *e)
{
    (void)pthread_mutex_lock(&w->lock);
    const enum err rc =
        sweep_made_check(w->plan, w->results, w->made, b->cell[0], made, e);
    (void)pthread_mutex_unlock(&w->lock);
    TRY(rc);
    for (size_t i = 0; i < b->n; i++) {
        const struct sweep_found *f = &w->found[w->plan->cell[b->cell[i]].condition];
        if (f->searched &&
            (f->made.model != made->model || f->made.corpus != made->corpus)) {
            return err_set(e, ERR_USAGE,
                           "%s: the model or the corpus has changed since the search "
                           "for its L0; use another --out",
                           w->plan->cell[b->cell[i]].name);
        }
    }
    return OK;
}

void sweep_tell_warning(struct sweep_work *w, const char *text)
{
    (void)pthread_mutex_lock(&w->telling);
    if (w->o->watch.warned && strcmp(w->warned, text) != 0) {
        snprintf(w->warned, sizeof w->warned, "%s", text);
        w->o->watch.warned(w->o->watch.user, text);
    }
    (void)pthread_mutex_unlock(&w->telling);
}

void sweep_tell_failed(struct sweep_work *w, size_t cell, const char *why)
{
    (void)pthread_mutex_lock(&w->telling);
    if (w->o->watch.failed) {
        w->o->watch.failed(w->o->watch.user, cell, why);
    }
    (void)pthread_mutex_unlock(&w->telling);
}

/* A loss that is not finite ends an engine with all its arms: then trains the sound
 * ones separately. */
static enum err run_apart(struct sweep_work *w, const struct sweep_batch *b,
                          struct errinfo *e)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct sweep_batch one = {.cell = {b->cell[i]}, .n = 1};
        if (!is_done(w, b->cell[i])) {
            TRY(sweep_run_batch(w, &one, e));
        }
    }
    return OK;
}

static enum err train_and_measure(struct sweep_work *w, struct engine *g,
                                  const struct sweep_batch *b, struct errinfo *e)
{
    struct sweep_made made;
    sweep_made_of(&made, g->in);
    TRY(check_made(w, b, &made, e));
    for (size_t i = 0; i < g->in->remarks.n; i++) {
        sweep_tell_warning(w, g->in->remarks.line[i]);
    }
    sweep_add_total(w, -(double)engine_step_count(g) * (double)g->n_arms);
    TRY(sweep_train(w, g, e));
    for (size_t i = 0; i < b->n; i++) {
        if (!is_done(w, b->cell[i])) {
            TRY(measure_arm(w, g, i, b->cell[i], &made, g->seconds, e));
        }
    }
    return OK;
}

/* Saves what was trained, whatever ended it. */
static enum err save_rest(struct sweep_work *w, const struct sweep_batch *b,
                          struct engine *g, enum err rc, struct errinfo *e)
{
    struct errinfo second = {0};
    if (engine_step_count(g) == 0) {
        return rc;
    }
    const enum err saved = halfway_save(w, b, g, &second);
    return saved != OK && rc == ERR_CANCELLED ? err_set(e, saved, "%s", second.msg)
                                              : rc;
}

enum err sweep_run_batch(struct sweep_work *w, const struct sweep_batch *b,
                         struct errinfo *e)
{
    struct engine *g = NULL;
    TRY(open_engine(w, b, &g, e));
    enum err rc = train_and_measure(w, g, b, e);
    if (rc == OK || rc == ERR_NUMERIC) {
        halfway_remove(w, b);
    } else {
        rc = save_rest(w, b, g, rc, e);
    }
    engine_free(g);
    if (rc == ERR_NUMERIC && b->n > 1) {
        return run_apart(w, b, e);
    }
    if (rc == ERR_NUMERIC) {
        sweep_tell_failed(w, b->cell[0], e ? e->msg : "");
        return OK;
    }
    return rc;
}
