/* An engine begun from settings, run, and compared, for tests. */
#ifndef SAETOP_TESTS_UNIT_RUN_ENGINE_H
#define SAETOP_TESTS_UNIT_RUN_ENGINE_H

#include "run/engine.h"
#include "unit/check.h"

static inline struct engine *start_engine(const struct settings *set)
{
    struct errinfo e;
    struct inputs *in = NULL;
    struct engine *g = NULL;
    assert_ok(inputs_new(set, NULL, &in, &e), &e);
    assert_ok(engine_new(in, &g, &e), &e);
    return g;
}

static inline void run_engine_to(struct engine *g, int64_t step)
{
    struct errinfo e;
    while (engine_step_count(g) < step) {
        assert_ok(engine_step(g, &e), &e);
    }
}

/* Every parameter, to the bit. */
static inline void assert_same_sae(const struct sae *a, const struct sae *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->arena, b->arena, a->count * sizeof *a->arena);
}

#endif
