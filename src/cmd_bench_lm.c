/* saetop bench lm: tokens a second of a model alone, up to a hook, or all of it with
 * the losses. Rows are random tokens: what they say makes no difference. */
#include "acts/harvest.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd_bench.h"
#include "num/blas.h"
#include "num/stats.h"
#include "run_opts.h"
#include "train/inputs.h"

#include <math.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)1 << 20)
#define MIN_REPEATS  3
#define MAX_REPEATS  1000

struct lm_bench {
    int64_t rows;
    double seconds;
    bool whole, json;
};

/* The benchmark of one model: harvesters on all threads and on one, and the rows that
 * they run on. */
struct course {
    struct lm *m;
    struct lm_hook hook;
    size_t T, rows, threads;
    bool whole;
    struct pool *pool;
    struct harvester *all, *one; /* one is NULL if `all` has one thread */
    int32_t *ids;                /* [rows, T] */
    float *x;                    /* [rows*T, D], or nll */
};

struct speed {
    double all, one; /* seconds for the rows: medians; one NaN: not measured */
    size_t repeats;
};

static void course_deinit(struct course *c)
{
    harvester_free(c->all);
    harvester_free(c->one);
    pool_free(c->pool);
    mem_free(c->ids);
    mem_free(c->x);
    lm_free(c->m);
}

/* Call course_deinit after an error too. */
static enum err course_init(struct course *c, struct settings *set,
                            const struct lm_bench *b, struct errinfo *e)
{
    TRY(num_ready(e));
    TRY(inputs_load_lm(set, &c->m, e));
    TRY(lm_hook_parse(set->hook, &c->m->cfg, &c->hook, e));
    settings_resolve(set, c->m->cfg.n_ctx, lm_hook_width(&c->m->cfg, c->hook));
    c->T = (size_t)set->context;
    c->rows = (size_t)b->rows;
    c->whole = b->whole;
    c->threads = pool_count(set->threads);
    TRY(pool_new(c->threads, &c->pool, e));
    TRY(harvester_new(c->m, c->hook, c->T, c->pool, &c->all, e));
    if (c->threads > 1 && b->seconds > 0) {
        TRY(harvester_new(c->m, c->hook, c->T, NULL, &c->one, e));
    }
    const size_t D = c->whole ? 1 : harvest_D(c->all);
    TRY(mem_new(&c->ids, c->rows, c->T * sizeof *c->ids, "rows of tokens", e));
    TRY(mem_new(&c->x, c->rows * c->T, D * sizeof *c->x, "activations", e));
    struct rng r = rng_begin((uint64_t)set->seed, RNG_SAMPLE, 0);
    for (size_t i = 0; i < c->rows * c->T; i++) {
        c->ids[i] = (int32_t)rng_below(&r, c->m->cfg.vocab);
    }
    return OK;
}

/* Measure the seconds that the rows take once: on one thread in CPU time, which other
 * work on the machine disturbs less. */
static enum err run_once(const struct course *c, struct harvester *h, double *seconds,
                         struct errinfo *e)
{
    const bool alone = c->threads == 1;
    const int64_t begin = alone ? clock_thread_cpu_ns() : clock_ns();
    if (c->whole) {
        TRY(harvest_nll(h, c->ids, c->rows, NULL, c->x, e));
    } else {
        harvest_rows(h, c->ids, c->rows, c->x);
    }
    *seconds = 1e-9 * (double)((alone ? clock_thread_cpu_ns() : clock_ns()) - begin);
    return OK;
}

static double median(double *v, size_t n)
{
    stats_sort(n, v);
    return stats_quantile_sorted(n, v, 0.5);
}

/* Measure all threads and one in turn, after a first round that does not count; or
 * once. */
static enum err measure(const struct course *c, double seconds, struct speed *s,
                        struct errinfo *e)
{
    static double all[MAX_REPEATS], one[MAX_REPEATS];
    const size_t least = seconds > 0 ? MIN_REPEATS : 1;
    size_t n = 0;
    if (seconds > 0) {
        TRY(run_once(c, c->all, &all[0], e));
    }
    const int64_t begin = clock_ns();
    while (n < least || (n < MAX_REPEATS && clock_seconds_since(begin) < seconds)) {
        TRY(run_once(c, c->all, &all[n], e));
        if (c->one) {
            TRY(run_once(c, c->one, &one[n], e));
        }
        n++;
    }
    s->all = median(all, n);
    s->one = c->threads == 1 ? s->all : c->one ? median(one, n) : (double)NAN;
    s->repeats = n;
    return OK;
}

static void print(const struct course *c, const struct speed *s, bool json,
                  struct str *out)
{
    const double tokens = (double)(c->rows * c->T);
    const size_t blocks = c->whole ? LM_WHOLE : lm_hook_depth(c->hook);
    const double mb = 1e-6 * (double)lm_need_bytes(c->m, blocks);
    char hook[64] = "the whole model with losses";
    if (!c->whole) {
        lm_hook_name(c->hook, hook);
    }
    if (!json) {
        str_addf(out, "%s, products %s: %.0f tokens/s", hook, linear_name(c->m->kind),
                 tokens / s->all);
        if (isfinite(s->one)) {
            str_addf(out, ", %.2f times one thread's", s->one / s->all);
        }
        str_addf(out,
                 "; threads %zu, rows %zu of %zu tokens, weights %.0f MB, repeats "
                 "%zu\n",
                 c->threads, c->rows, c->T, mb, s->repeats);
        return;
    }
    str_add(out, "{\"to\":");
    json_add_string(out, c->whole ? "losses" : hook,
                    strlen(c->whole ? "losses" : hook));
    str_addf(out, ",\"products\":\"%s\",\"tokens_per_second\":%.1f,\"one_thread\":",
             linear_name(c->m->kind), tokens / s->all);
    json_add_number(out, round(10 * tokens / s->one) / 10);
    str_addf(out,
             ",\"threads\":%zu,\"rows\":%zu,\"context\":%zu,\"weights_mb\":%.1f,"
             "\"repeats\":%zu}\n",
             c->threads, c->rows, c->T, mb, s->repeats);
}

int cmd_bench_lm(int argc, char **argv)
{
    struct lm_bench b = {.rows = 32, .seconds = 10};
    const struct opt own[] = {
        {"rows", OPT_INT, &b.rows, "N", "rows, each of the setting context tokens", 1,
         100000, NULL},
        {"seconds", OPT_REAL, &b.seconds, "S",
         "to measure for; 0: once, on all threads alone", 0, 3600, NULL},
        {"whole", OPT_FLAG, &b.whole, NULL,
         "run all blocks and the losses, not up to --hook", 0, 0, NULL},
        {"json", OPT_FLAG, &b.json, NULL, "one JSON object", 0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench lm",
        .usage = "[OPTIONS]",
        .about = "Tokens a second of the model alone up to a hook, on all threads and "
                 "on one in turn: medians. Of --threads 1 CPU time is counted.",
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct settings set;
    struct course c = {.m = NULL};
    struct speed s = {.repeats = 0};
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    enum err rc = run_opts_settings(&ro, &set, &e);
    rc = rc == OK ? course_init(&c, &set, &b, &e) : rc;
    rc = rc == OK ? measure(&c, b.seconds, &s, &e) : rc;
    str_init(&out, OUTPUT_BYTES);
    if (rc == OK) {
        print(&c, &s, b.json, &out);
    }
    course_deinit(&c);
    return cmd_end(rc, &e, &out, b.json);
}
