#include "sweep/bench.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "eval/truth.h"
#include "run/evaluator.h"

#include <pthread.h>
#include <string.h>

#define BENCHES_MAX 64
#define ROWS_FACTOR 4 /* of eval.rows, which is sized for live use: 64 by default */

/* The sections of the suite that give the measures in the table of measure.h. */
#define SECTIONS                                                                       \
    (1u << SUITE_FIDELITY | 1u << SUITE_LATENTS | 1u << SUITE_ABSORPTION |             \
     1u << SUITE_SAEBENCH | 1u << SUITE_CONCEPTS | 1u << SUITE_ROBUSTNESS)

struct sweep_benches {
    char probes[4096];    /* folder of fitted raw probes */
    pthread_mutex_t lock; /* held while one is made: two would only be slower */
    struct {
        uint64_t key;
        struct evaluator *v;
    } at[BENCHES_MAX];
    size_t n;
};

enum err sweep_benches_new(const char *dir, struct sweep_benches **out,
                           struct errinfo *e)
{
    struct sweep_benches *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "sweep", e));
    const enum err rc = path_join(b->probes, sizeof b->probes, dir, "probes", e);
    if (rc != OK) {
        mem_free(b);
        return rc;
    }
    (void)pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return OK;
}

void sweep_benches_free(struct sweep_benches *b)
{
    if (!b) {
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        evaluator_free(b->at[i].v);
    }
    (void)pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

/* Hashes the settings that a bench is made from. */
uint64_t sweep_bench_key(const struct settings *s)
{
    const char *const text[] = {s->model,    s->corpus, s->ood,
                                s->concepts, s->hook,   s->mask_token};
    const int64_t number[] = {s->context, s->eval_rows, s->concept_rows};
    uint64_t h = hash_bytes(HASH_START, number, sizeof number);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        h = hash_bytes(h, text[i], strlen(text[i]) + 1);
    }
    return h;
}

static struct evaluator_opts options(const struct settings *set)
{
    struct evaluator_opts o = evaluator_defaults();
    o.sections = SECTIONS;
    o.rows = ROWS_FACTOR * (size_t)set->eval_rows;
    o.ks = (struct probe_ks){.k = {1, 5}, .n = 2};
    return o;
}

size_t sweep_bench_bytes(const struct inputs *in)
{
    const struct evaluator_opts o = options(&in->set);
    return in->lm ? evaluator_bytes(in, &o, pool_cpus()) : 0;
}

static enum err make(struct sweep_benches *b, const struct settings *set,
                     const atomic_bool *cancel, struct evaluator **out,
                     struct errinfo *e)
{
    struct evaluator_opts o = options(set);
    struct settings s = *set;
    o.cache = b->probes;
    s.threads = 0; /* the others wait for it */
    if (b->n == BENCHES_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d models, hooks and texts in a sweep",
                       BENCHES_MAX);
    }
    return evaluator_open(&s, &o, cancel, out, e);
}

static enum err find(struct sweep_benches *b, const struct settings *set,
                     const atomic_bool *cancel, struct evaluator **out,
                     struct errinfo *e)
{
    const uint64_t key = sweep_bench_key(set);
    enum err rc = OK;
    *out = NULL;
    (void)pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->n; i++) {
        *out = b->at[i].key == key ? b->at[i].v : *out;
    }
    if (!*out) {
        rc = make(b, set, cancel, out, e);
        if (rc == OK) {
            b->at[b->n].key = key;
            b->at[b->n++].v = *out;
        }
    }
    (void)pthread_mutex_unlock(&b->lock);
    return rc;
}

enum err sweep_measure_truth(const struct inputs *in, const struct sae *s,
                             struct sweep_result *out, struct errinfo *e)
{
    struct truth_set *set = NULL;
    struct report r;
    TRY(truth_set_new(in->synth, (size_t)in->set.synth_eval_rows, &set, e));
    report_init(&r, 0);
    r.reps = 0; /* a sweep's intervals are over seeds */
    const enum err rc = truth_measure(set, s, in->pool, &r, e);
    if (rc == OK) {
        sweep_result_from(out, &r);
    }
    report_deinit(&r);
    truth_set_free(set);
    return rc;
}

enum err sweep_measure(struct sweep_benches *b, const struct inputs *in,
                       const struct sae *s, const atomic_bool *cancel,
                       struct sweep_result *out, struct errinfo *e)
{
    struct evaluator *v = NULL;
    struct harvester *h = NULL;
    struct report r;
    struct eval_result result = {0};
    if (in->synth) {
        return sweep_measure_truth(in, s, out, e);
    }
    TRY(find(b, &in->asked, cancel, &v, e));
    TRY(evaluator_harvester(v, in->pool, &h, e));
    report_init(&r, 0);
    r.reps = 0; /* a sweep's intervals are over seeds */
    const struct suite_job job = {
        .sae = s, .h = h, .pool = in->pool, .sections = SECTIONS, .cancel = cancel};
    const enum err rc = evaluator_run(v, &job, &r, &result, NULL, e);
    if (rc == OK) {
        sweep_result_from(out, &r);
    }
    eval_result_deinit(&result);
    report_deinit(&r);
    harvester_free(h);
    return rc;
}
