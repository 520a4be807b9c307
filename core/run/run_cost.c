#include "run/run_cost.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/room.h"
#include "text/pack.h"

#include <math.h>
#include <string.h>

/* Most rounds over the rows. */
#define RATE_TIMES 8
/* Steps to time, after one that is not timed. */
#define STEPS 3
/* Rows of the text to look at; a large model reads fewer (inputs_look_rows). */
#define ROWS 64

struct run_cost run_cost_of(const struct run_shape *s, int64_t steps)
{
    const struct inputs *in = s->in;
    return (struct run_cost){
        .arms = s->n,
        .steps = steps,
        .tokens = (double)steps * (double)in->set.batch,
        .bytes = run_bytes(s),
        .room = run_room((size_t)clock_own_bytes(), room_bytes()),
        .hook_bytes = in->lm ? lm_need_bytes(in->lm, lm_hook_depth(in->hook)) : 0,
        .text_tokens = (double)NAN,
        .tokens_per_second = (double)NAN,
        .step_seconds = (double)NAN,
        .seconds = (double)NAN};
}

/* ---- the model ---- */

struct rows {
    int32_t *ids; /* [n, context] */
    float *x;     /* [n * context, D] */
    size_t n, T, D;
    size_t look, rate; /* how many are run first; how many at a time */
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

/* Returns how many rows keep all threads busy as in a run: a group for each thread, of
 * a large model fewer, but no more than fill a run's buffer. */
static size_t rate_rows(const struct inputs *in)
{
    const size_t fill = (size_t)in->set.fill_rows;
    const size_t each = inputs_look_rows(in, lm_group_rows((size_t)in->set.context));
    const size_t rows = each * pool_threads(in->pool);
    return rows < fill ? rows : fill;
}

static enum err read_rows(const struct inputs *in, struct rows *r, struct run_cost *c,
                          struct errinfo *e)
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
    const struct pack_counts read = pack_counted(p);
    const struct text_loss of = {.documents = read.docs, .tokens = read.tokens};
    c->text_tokens = inputs_text_tokens(in, &of);
    c->tokens_per_word = pack_tokens_per_word(&read);
    pack_free(p);
    return rc;
}

static enum err check_finite(const struct inputs *in, const struct rows *r,
                             struct errinfo *e)
{
    const size_t first = r->look > r->rate ? r->look : r->rate;
    for (size_t i = 0; i < first * r->T * r->D; i++) {
        if (!isfinite(r->x[i])) {
            return err_set(e, ERR_NUMERIC,
                           "%s on %s: the activations at %s are not finite",
                           in->lm->dir, corpus_spec(in->corpus), in->set.hook);
        }
    }
    return OK;
}

static enum err time_model(struct inputs *in, struct rows *r, double seconds,
                           struct run_cost *c, struct errinfo *e)
{
    size_t times = 0;
    harvest_rows(in->h, r->ids, r->look, r->x); /* the first time weights are read */
    const int64_t began = clock_ns();
    do {
        harvest_rows_also(in->h, r->ids, r->rate, r->x, r->also, in->n_kept);
        times++;
    } while (times < RATE_TIMES && clock_seconds_since(began) < seconds);
    c->rate_rows = r->rate;
    c->tokens_per_second =
        (double)(times * r->rate * r->T) / fmax(clock_seconds_since(began), 1e-9);
    return check_finite(in, r, e);
}

/* ---- the arms ---- */

/* Times steps of an arm on one batch, made of the rows over and over; stops when they
 * have taken long enough. */
static enum err time_steps(struct arm *a, const struct rows *r, float *batch,
                           double most, double *seconds, struct errinfo *e)
{
    const size_t B = (size_t)a->set.batch, n = r->n * r->T;
    const float scale = acts_scale(r->x, n, r->D);
    struct sae_step_info info;
    int64_t began = clock_ns();
    int done = 0;
    for (size_t i = 0; i < B; i++) {
        for (size_t k = 0; k < r->D; k++) {
            batch[i * r->D + k] = scale * r->x[i % n * r->D + k];
        }
    }
    for (int i = 0; i <= STEPS && (i < 2 || clock_seconds_since(began) < most); i++) {
        began = i == 1 ? clock_ns() : began;
        TRY(sae_trainer_step(a->trainer, batch, a->in->pool, &info, e));
        done = i;
    }
    *seconds = clock_seconds_since(began) / done;
    return OK;
}

/* Returns the first arm of the condition of arm `a`, or `a` where it has none. */
static size_t first_like(const struct run_shape *s, size_t a)
{
    size_t b = 0;
    while (b < a && (!s->arm[a].condition[0] ||
                     strcmp(s->arm[b].condition, s->arm[a].condition) != 0)) {
        b++;
    }
    return b;
}

/* Times an arm; NaN in *seconds: it does not fit into memory. */
static enum err time_arm(struct inputs *in, const struct arm_shape *shape,
                         const struct rows *r, double most, double *seconds,
                         struct errinfo *e)
{
    struct arm *a = NULL;
    float *batch = NULL;
    *seconds = (double)NAN;
    if (shape->need.bytes > room_bytes()) {
        return OK;
    }
    TRY(mem_new(&batch, (size_t)shape->set->batch * r->D, sizeof *batch, "a batch", e));
    enum err rc = arm_new_bare(in, shape->set, &a, e);
    rc = rc == OK ? time_steps(a, r, batch, most, seconds, e) : rc;
    arm_free(a);
    mem_free(batch);
    return rc;
}

static enum err time_arms(struct inputs *in, const struct run_shape *s,
                          const struct rows *r, double most, struct run_cost *c,
                          struct errinfo *e)
{
    double each[RUN_ARMS_MAX];
    c->step_seconds = 0;
    for (size_t a = 0; a < s->n; a++) {
        const size_t like = first_like(s, a);
        if (like < a) {
            each[a] = each[like];
        } else {
            TRY(time_arm(in, &s->arm[a], r, most, &each[a], e));
        }
        c->step_seconds += each[a];
    }
    return OK;
}

enum err run_cost_time(struct inputs *in, const struct run_shape *s, double seconds,
                       struct run_cost *c, struct errinfo *e)
{
    struct rows r = {0};
    enum err rc = OK;
    TRY_OUT(rc, read_rows(in, &r, c, e));
    TRY_OUT(rc, time_model(in, &r, seconds, c, e));
    TRY_OUT(rc, time_arms(in, s, &r, seconds, c, e));
    c->timed = true;
    c->seconds = (double)c->steps * ((double)(run_maskings(s) * (size_t)in->set.batch) /
                                         c->tokens_per_second +
                                     c->step_seconds);
out:
    rows_deinit(&r);
    return rc;
}
