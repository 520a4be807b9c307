/* Runs that are stopped, saved and gone on with, for tests of what a resume finds. */
#ifndef SAETOP_TESTS_UNIT_RESUMED_H
#define SAETOP_TESTS_UNIT_RESUMED_H

#include "base/mem.h"
#include "num/blas.h"
#include "train/rundir_priv.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <sys/stat.h>
#include <unistd.h>

#define STEPS 24

/* Two arms, a schedule, a buffer that runs out several times. */
static inline struct settings run_settings(int threads)
{
    struct settings s = sample_settings(STEPS);
    s.twin = TWIN_UNMASKED;
    s.mask_schedule = MASK_LINEAR;
    s.mask_rate_end = 0.1;
    s.width = 48;
    s.fill_rows = 8;
    s.threads = threads;
    return s;
}

static inline struct engine *resume(const char *dir, const struct settings *given)
{
    struct errinfo e = {0};
    struct engine *g = NULL;
    assert_ok(engine_resume(dir, given, getenv("SAETOP_SAMPLES"), NULL, &g, &e), &e);
    return g;
}

static inline void tune_second(struct engine *g)
{
    struct errinfo e;
    assert_ok(engine_tune(g, g->arm[1].condition, "aux.coef=0.1,k=3", &e), &e);
}

static inline void tune(struct engine *g)
{
    struct errinfo e;
    assert_ok(engine_tune(g, g->arm[0].condition, "k=6,lr=0.0012345678901234567", &e),
              &e);
    if (g->n_arms > 1) {
        tune_second(g);
    }
}

/* Steps, and what a person does on the way. */
static inline void run_to(struct engine *g, int64_t step)
{
    struct errinfo e;
    while (engine_step_count(g) < step) {
        switch (engine_step_count(g)) {
        case 4: assert_ok(engine_set_mask(g, 0, 0.5, 11, &e), &e); break;
        case 6: tune(g); break;
        case 9: assert_ok(engine_set_mask(g, 1, 0.1, 0, &e), &e); break;
        case 14: assert_ok(engine_extend(g, STEPS + 6, &e), &e); break;
        default: break;
        }
        assert_ok(engine_step(g, &e), &e);
    }
}

static inline void assert_same_arms(const struct engine *a, const struct engine *b)
{
    assert_int_equal(a->n_arms, b->n_arms);
    for (size_t i = 0; i < a->n_arms; i++) {
        const struct sae *x = a->arm[i].arm->sae, *y = b->arm[i].arm->sae;
        assert_int_equal(x->count, y->count);
        assert_memory_equal(x->arena, y->arena, x->count * sizeof *x->arena);
        assert_memory_equal(&x->threshold, &y->threshold, sizeof x->threshold);
    }
}

/* Files of a run and of what stands beside it, for cleaning up. */
static inline void drop_run(const char *run)
{
    char command[1200];
    snprintf(command, sizeof command, "rm -rf '%s' '%s'-*", run, run);
    assert_int_equal(system(command), 0);
}

static inline int64_t step_of(const char *run)
{
    struct run_record r = {0};
    struct errinfo e;
    assert_ok(rundir_load(run, &r, &e), &e);
    const int64_t step = r.step;
    run_record_deinit(&r);
    return step;
}

#endif
