#include "run/doctor.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/room.h"

#include <math.h>
#include <string.h>

/* Time that the model runs for, at least once over its rows, and at most so often. */
#define RATE_SECONDS 1.5
#define RATE_TIMES   8
/* Steps that are timed, after one that is not. */
#define STEPS 3
/* Rows of the text that are looked at; a large model reads fewer (inputs_look_rows). */
#define ROWS 64

struct rows {
    int32_t *ids; /* [n, context] */
    float *x;     /* [n * context, D] */
    size_t n, T, D;
    size_t look, rate; /* of them: whose losses are taken; that are run at a time */
    struct pack_counts read;
    struct harvest_also also[STREAM_KEPT_MAX]; /* cache.hooks: n_kept of the inputs */
};

static void rows_deinit(struct rows *r)
{
    for (size_t i = 0; i < STREAM_KEPT_MAX; i++) {
        mem_free(r->also[i].x);
    }
    mem_free(r->ids);
    mem_free(r->x);
}

/* Rows that keep all threads busy as a run's do: a group for each, of a large model
 * fewer, but no more than a run fills its buffer with. */
static size_t rate_rows(const struct inputs *in)
{
    const size_t fill = (size_t)in->set.fill_rows;
    const size_t each = inputs_look_rows(in, lm_group_rows((size_t)in->set.context));
    const size_t rows = each * pool_threads(in->pool);
    return rows < fill ? rows : fill;
}

static enum err read_rows(const struct inputs *in, struct rows *r, struct errinfo *e)
{
    struct pack *p = NULL;
    r->T = (size_t)in->set.context;
    r->D = inputs_width(in);
    r->look = inputs_look_rows(in, ROWS);
    r->rate = rate_rows(in);
    r->n = r->look > r->rate ? r->look : r->rate;
    TRY(mem_new(&r->ids, r->n * r->T, sizeof *r->ids, "token rows", e));
    TRY(mem_new(&r->x, r->n * r->T * r->D, sizeof *r->x, "activations", e));
    for (size_t i = 0; i < in->n_kept; i++) {
        const size_t width = lm_hook_width(&in->lm->cfg, in->kept[i]);
        r->also[i].hook = in->kept[i];
        TRY(mem_new(&r->also[i].x, r->rate * r->T, width * sizeof *r->also[i].x,
                    "activations", e));
    }
    TRY(pack_new(in->corpus, CORPUS_TRAIN, in->lm->tok, r->T, &p, e));
    const enum err rc = pack_rows(p, r->n, r->ids, e);
    r->read = pack_counted(p);
    pack_free(p);
    return rc;
}

static enum err measure_rate(struct doctor *d, struct inputs *in, struct rows *r,
                             struct errinfo *e)
{
    int64_t began;
    size_t times = 0;
    harvest_rows(in->h, r->ids, r->look, r->x); /* the first time weights are read */
    began = clock_ns();
    do {
        harvest_rows_also(in->h, r->ids, r->rate, r->x, r->also, in->n_kept);
        times++;
    } while (times < RATE_TIMES && clock_seconds_since(began) < RATE_SECONDS);
    d->rate_rows = r->rate;
    d->tokens_per_second =
        (double)(times * r->rate * r->T) / fmax(clock_seconds_since(began), 1e-9);
    for (size_t i = 0; i < r->n * r->T * r->D; i++) {
        if (!isfinite(r->x[i])) {
            return err_set(e, ERR_NUMERIC,
                           "%s on %s: the activations at %s are not "
                           "finite",
                           in->lm->dir, corpus_spec(in->corpus), in->set.hook);
        }
    }
    return OK;
}

/* One batch of an arm, of the rows over and over. */
static enum err time_arm(struct arm *a, const struct rows *r, float *batch,
                         double *seconds, struct errinfo *e)
{
    const size_t B = (size_t)a->set.batch, n = r->n * r->T;
    struct sae_step_info info;
    int64_t began = 0;
    for (size_t i = 0; i < B; i++) {
        for (size_t k = 0; k < r->D; k++) {
            batch[i * r->D + k] = a->in->scale * r->x[i % n * r->D + k];
        }
    }
    for (int i = 0; i <= STEPS; i++) {
        began = i == 1 ? clock_ns() : began;
        TRY(sae_trainer_step(a->trainer, batch, a->in->pool, &info, e));
    }
    *seconds += clock_seconds_since(began) / STEPS;
    return OK;
}

static enum err measure_steps(struct doctor *d, const struct rows *r, struct errinfo *e)
{
    struct engine *g = d->engine;
    float *batch = NULL;
    enum err rc = OK;
    TRY(mem_new(&batch, (size_t)g->in->set.batch * r->D, sizeof *batch, "a batch", e));
    for (size_t a = 0; rc == OK && a < g->n_arms; a++) {
        rc = time_arm(g->arm[a].arm, r, batch, &d->step_seconds, e);
    }
    mem_free(batch);
    return rc;
}

static enum err measure(struct doctor *d, const struct settings *set, struct rows *r,
                        struct errinfo *e)
{
    struct inputs *in = NULL;
    TRY(inputs_look(set, &in, e));
    in->asked.cache[0] = in->set.cache[0] = '\0'; /* nothing is written */
    enum err rc = read_rows(in, r, e);
    rc = rc == OK ? measure_rate(d, in, r, e) : rc;
    rc = rc == OK ? inputs_text_loss(in, r->ids, r->look, &r->read, true, &d->text, e)
                  : rc;
    rc = rc == OK ? inputs_note_loss(in, &d->text, e) : rc;
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    in->scale = acts_scale(r->x, r->n * r->T, r->D);
    d->hook_bytes = lm_need_bytes(in->lm, lm_hook_depth(in->hook));
    TRY(engine_new(in, &d->engine, e)); /* takes the inputs over */
    TRY(measure_steps(d, r, e));
    d->bytes = engine_bytes(d->engine);
    d->room = engine_room((size_t)clock_own_bytes(), room_bytes());
    d->seconds = (double)d->engine->steps *
                 ((double)(engine_maskings(d->engine) * (size_t)in->set.batch) /
                      d->tokens_per_second +
                  d->step_seconds);
    return OK;
}

enum err doctor_look(const struct settings *set, struct doctor *out, struct errinfo *e)
{
    struct doctor d = {0};
    struct rows r = {0};
    const enum err rc = measure(&d, set, &r, e);
    rows_deinit(&r);
    if (rc != OK) {
        doctor_deinit(&d);
        return rc;
    }
    *out = d;
    return OK;
}

void doctor_deinit(struct doctor *d)
{
    engine_free(d->engine);
    d->engine = NULL;
}
