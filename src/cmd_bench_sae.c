/* saetop bench sae: what an optimizer step costs, phase by phase, beside the encoder
 * product alone. The parts of a case run in turn, again and again, and medians are
 * taken, so that ratios hold even if single times drift. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/pool.h"
#include "base/rng.h"
#include "cmd_bench.h"
#include "num/blas.h"
#include "num/topk.h"
#include "num/vec.h"
#include "sae/sae_train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)1 << 20)
#define BATCHES      4 /* used in turn: each is new to the selection's guesses */
#define WARM_UP      4 /* steps before the first that counts */
#define MIN_REPEATS  5
#define MAX_REPEATS  400

/* ---- cases ---- */

struct shape {
    const char *name;
    size_t B, D, F, k; /* as in sae/sae.h */
};

static const struct shape shapes[] = {
    {"S1", 1024, 128, 1024, 32},
    {"S2", 2048, 128, 2048, 32},
    {"S3", 2048, 512, 4096, 32},
    {"S4", 4096, 768, 16384, 32},
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

struct bench_case {
    const struct sae_arch *arch;
    struct shape shape;
    size_t threads;
    double seconds; /* to measure for */
    double density; /* share of active entries if no k sets it */
};

static enum err shape_parse(const char *text, struct shape *out, struct errinfo *e)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        if (strcmp(shapes[i].name, text) == 0) {
            *out = shapes[i];
            return OK;
        }
    }
    size_t v[4];
    const char *p = text;
    for (size_t i = 0; i < 4; i++) {
        char *end;
        const unsigned long long n = *p >= '0' && *p <= '9' ? strtoull(p, &end, 10) : 0;
        if (n < 1 || n > INT32_MAX || *end != (i < 3 ? ',' : '\0')) {
            return err_set(e, ERR_USAGE,
                           "--shape: found '%s', expected S1 to S4 or B,D,F,k, as "
                           "1024,128,1024,32",
                           text);
        }
        v[i] = (size_t)n;
        p = end + 1;
    }
    *out = (struct shape){text, v[0], v[1], v[2], v[3]};
    return OK;
}

/* ---- what is measured ---- */

/* Milliseconds, medians. */
struct figures {
    double step, encoder;
    double topk;       /* a TopK step of the same shape; the step itself if it is one */
    double one_thread; /* the same step on one thread; the step itself for one */
    double phase[SAE_PHASES]; /* of a step, summed over threads: a mean */
    size_t repeats;
};

/* An SAE in training. */
struct rig {
    struct sae *sae;
    struct sae_trainer *trainer;
};

struct workshop {
    const struct bench_case *c;
    struct pool *pool;
    struct rig own, topk; /* topk.sae NULL: own is one */
    float *x;             /* [BATCHES, B, D] */
    float *h;             /* [B, F] the bare product's */
    size_t batch;         /* whose turn it is */
};

static void rig_deinit(struct rig *r)
{
    sae_trainer_free(r->trainer);
    sae_free(r->sae);
}

#define DENSITY_ROWS ((size_t)64)

/* Set biases that leave a share of the pre-activations of x [>= DENSITY_ROWS, D]
 * positive, as training would in the long run. */
static enum err set_density(struct sae *sae, const float *x, double share,
                            struct errinfo *e)
{
    const size_t n = DENSITY_ROWS * sae->F;
    size_t above, keep = (size_t)(share * (double)n);
    float *h;
    TRY(mem_new(&h, n, sizeof *h, "pre-activations", e));
    gemm_f32(NO_TRANS, TRANS, DENSITY_ROWS, sae->F, sae->D, 1.0f, x, sae->D, sae->W_enc,
             sae->D, 0.0f, h, sae->F);
    size_t positive = 0;
    for (size_t i = 0; i < n; i++) {
        h[positive] = h[i];
        positive += h[i] > 0.0f;
    }
    if (keep > 0 && keep < positive) {
        const float cut = topk_cut_f32(positive, h, keep, &above);
        for (size_t j = 0; j < sae->F; j++) {
            sae->b_enc[j] = -cut;
        }
    }
    mem_free(h);
    return OK;
}

static enum err rig_init(struct rig *r, const struct sae_arch *arch,
                         const struct bench_case *c, const float *x, struct errinfo *e)
{
    const struct shape *s = &c->shape;
    /* So long that nothing counts as dead and the rate does not fall. */
    const struct sae_train_config cfg = sae_train_defaults_of(arch, 100000);
    TRY(sae_new(arch, s->D, s->F, (double)s->k, &r->sae, e));
    sae_init_weights(r->sae, 1);
    if ((sae_arch_has(arch) & SAE_HAS_K) == 0) {
        TRY(set_density(r->sae, x, c->density, e));
    }
    return sae_trainer_new(r->sae, &cfg, s->B, &r->trainer, e);
}

#define TRUE_FEATURES ((size_t)1024)
#define TRUE_ACTIVE   16

/* Make rows of mean norm sqrt(D): a few of many directions and a little noise, so that
 * rows differ in how their activations fall off, as those of a model do. */
static enum err make_rows(float *x, size_t rows, size_t D, struct errinfo *e)
{
    float *feature;
    TRY(mem_new(&feature, TRUE_FEATURES * D, sizeof *feature, "synthetic rows", e));
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (size_t i = 0; i < TRUE_FEATURES * D; i++) {
        feature[i] = (float)rng_normal(&r);
    }
    for (size_t b = 0; b < rows; b++) {
        float *row = x + b * D;
        for (size_t d = 0; d < D; d++) {
            row[d] = (float)(0.2 * rng_normal(&r));
        }
        for (size_t i = 0; i < TRUE_ACTIVE; i++) {
            const size_t j = (size_t)rng_below(&r, TRUE_FEATURES);
            const double size = -log(1.0 - rng_unit(&r)) / sqrt(2.0 * TRUE_ACTIVE);
            vec_axpy_f32(D, (float)size, feature + j * D, row);
        }
    }
    mem_free(feature);
    return OK;
}

static void workshop_deinit(struct workshop *w)
{
    rig_deinit(&w->own);
    rig_deinit(&w->topk);
    mem_free(w->x);
    mem_free(w->h);
    pool_free(w->pool);
}

/* Call workshop_deinit after an error too. */
static enum err workshop_init(struct workshop *w, const struct bench_case *c,
                              struct errinfo *e)
{
    const struct shape *s = &c->shape;
    const struct sae_arch *topk = sae_arch_find("topk");
    *w = (struct workshop){.c = c};
    const size_t rows = BATCHES * s->B;
    TRY(num_ready(e));
    TRY(pool_new(c->threads, &w->pool, e));
    TRY(mem_new(&w->x, (rows + DENSITY_ROWS) * s->D, sizeof *w->x, "synthetic rows",
                e));
    TRY(mem_new(&w->h, s->B * s->F, sizeof *w->h, "pre-activations", e));
    TRY(make_rows(w->x, rows + DENSITY_ROWS, s->D, e));
    TRY(rig_init(&w->own, c->arch, c, w->x, e));
    return c->arch != topk ? rig_init(&w->topk, topk, c, w->x, e) : OK;
}

/* ---- measuring ---- */

static const float *batch_of(const struct workshop *w)
{
    return w->x + w->batch % BATCHES * w->c->shape.B * w->c->shape.D;
}

/* The time; on one thread its CPU time, which other work on the machine disturbs
 * less. */
static int64_t now_ns(const struct workshop *w)
{
    return w->c->threads == 1 ? clock_thread_cpu_ns() : clock_ns();
}

static double ms_since(const struct workshop *w, int64_t begin)
{
    return 1e-6 * (double)(now_ns(w) - begin);
}

static enum err time_step(const struct workshop *w, const struct rig *r,
                          struct pool *pool, double *ms, struct errinfo *e)
{
    struct sae_step_info info;
    const int64_t begin = now_ns(w);
    TRY(sae_trainer_step(r->trainer, batch_of(w), pool, &info, e));
    *ms = ms_since(w, begin);
    return info.finite ? OK : err_set(e, ERR_NUMERIC, "a step's loss is not finite");
}

/* One thread's share of the bare product. */
static void product_slice(void *ctx, size_t slice, size_t worker)
{
    (void)worker;
    const struct workshop *w = ctx;
    const struct shape *s = &w->c->shape;
    const size_t rows = (s->B + w->c->threads - 1) / w->c->threads;
    const size_t row0 = slice * rows < s->B ? slice * rows : s->B;
    gemm_f32(NO_TRANS, TRANS, s->B - row0 < rows ? s->B - row0 : rows, s->F, s->D, 1.0f,
             batch_of(w) + row0 * s->D, s->D, w->own.sae->W_enc, s->D, 0.0f,
             w->h + row0 * s->F, s->F);
}

static double time_product(struct workshop *w)
{
    const int64_t begin = now_ns(w);
    pool_run(w->pool, w->c->threads, product_slice, w);
    return ms_since(w, begin);
}

enum { STEP, ENCODER, TOPK, ONE_THREAD, SERIES };

/* Time each of a case's series once. */
static enum err time_all(struct workshop *w, double ms[SERIES], struct errinfo *e)
{
    ms[ENCODER] = time_product(w);
    TRY(time_step(w, &w->own, w->pool, &ms[STEP], e));
    ms[TOPK] = ms[ONE_THREAD] = ms[STEP];
    if (w->topk.sae) {
        TRY(time_step(w, &w->topk, w->pool, &ms[TOPK], e));
    }
    w->batch++;
    if (w->c->threads > 1) {
        sae_trainer_time(w->own.trainer, NULL);
        TRY(time_step(w, &w->own, NULL, &ms[ONE_THREAD], e));
        w->batch++;
    }
    return OK;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return 0.5 * (v[(n - 1) / 2] + v[n / 2]);
}

static enum err measure(struct workshop *w, struct figures *f, struct errinfo *e)
{
    static double v[SERIES][MAX_REPEATS];
    double ms[SERIES];
    struct sae_times times = {{0}};
    for (size_t i = 0; i < WARM_UP; i++) {
        TRY(time_all(w, ms, e));
    }
    const int64_t begin = clock_ns();
    size_t n = 0;
    while (n < MIN_REPEATS ||
           (n < MAX_REPEATS && clock_seconds_since(begin) < w->c->seconds)) {
        sae_trainer_time(w->own.trainer, &times);
        TRY(time_all(w, ms, e));
        for (size_t i = 0; i < SERIES; i++) {
            v[i][n] = ms[i];
        }
        n++;
    }
    *f = (struct figures){
        .step = median(v[STEP], n),
        .encoder = median(v[ENCODER], n),
        .topk = median(v[TOPK], n),
        .one_thread = median(v[ONE_THREAD], n),
        .repeats = n,
    };
    for (size_t i = 0; i < SAE_PHASES; i++) {
        f->phase[i] = 1e-6 * (double)times.ns[i] / (double)n;
    }
    return OK;
}

/* ---- printing ---- */

static const char *const phase_names[SAE_PHASES] = {
    [SAE_ENCODE] = "encode",   [SAE_SELECT] = "select",       [SAE_DECODE] = "decode",
    [SAE_REGROUP] = "regroup", [SAE_GRADIENTS] = "gradients", [SAE_UPDATE] = "update",
};

static void print_json(const struct bench_case *c, const struct figures *f,
                       struct str *out)
{
    const struct shape *s = &c->shape;
    str_addf(out, "{\"arch\":\"%s\",\"shape\":\"%s\",\"rows\":%zu,\"width\":%zu,",
             sae_arch_name(c->arch), s->name, s->B, s->D);
    str_addf(out, "\"latents\":%zu,\"k\":%zu,\"threads\":%zu,", s->F, s->k, c->threads);
    str_addf(out, "\"step_ms\":%.4f,\"encoder_ms\":%.4f,", f->step, f->encoder);
    str_addf(out, "\"activations_per_second\":%.0f,", 1e3 * (double)s->B / f->step);
    str_addf(out, "\"step_over_encoder\":%.3f,", f->step / f->encoder);
    str_addf(out, "\"step_over_topk\":%.3f,", f->step / f->topk);
    str_addf(out, "\"speedup\":%.3f,\"phases_ms\":{", f->one_thread / f->step);
    for (size_t i = 0; i < SAE_PHASES; i++) {
        str_addf(out, "%s\"%s\":%.4f", i > 0 ? "," : "", phase_names[i], f->phase[i]);
    }
    str_addf(out,
             "},\"repeats\":%zu,\"kernels\":\"%s\",\"wide\":\"%s\",\"blas\":\"%s\"}\n",
             f->repeats, num_kern_name(), num_wide_name(), num_blas_core());
}

static void print_head(struct str *out)
{
    str_add(out, "Medians in ms; phases summed over threads. x enc: step / bare "
                 "encoder product;\nx TopK: step / TopK step; x one: one thread / "
                 "these threads.\n\n");
    str_addf(out, "%-12s %-6s %2s %9s %9s %9s %6s %6s %6s", "architecture", "shape",
             "th", "rows/s", "step", "product", "x enc", "x TopK", "x one");
    for (size_t i = 0; i < SAE_PHASES; i++) {
        str_addf(out, " %9s", phase_names[i]);
    }
    str_addc(out, '\n');
}

static void print_row(const struct bench_case *c, const struct figures *f,
                      struct str *out)
{
    const struct shape *s = &c->shape;
    str_addf(out, "%-12s %-6s %2zu %9.0f %9.3f %9.3f %6.2f %6.2f %6.2f",
             sae_arch_name(c->arch), s->name, c->threads, 1e3 * (double)s->B / f->step,
             f->step, f->encoder, f->step / f->encoder, f->step / f->topk,
             f->one_thread / f->step);
    for (size_t i = 0; i < SAE_PHASES; i++) {
        str_addf(out, " %9.3f", f->phase[i]);
    }
    str_addc(out, '\n');
}

/* ---- the command ---- */

static enum err run_case(const struct bench_case *c, struct figures *f,
                         struct errinfo *e)
{
    struct workshop w;
    enum err rc = workshop_init(&w, c, e);
    if (rc == OK) {
        rc = measure(&w, f, e);
    }
    workshop_deinit(&w);
    return rc;
}

/* Measure and print one case at once: the next may take a while. */
static int show_case(const struct bench_case *c, bool json, bool head)
{
    struct figures f = {.repeats = 0};
    struct errinfo e = {0};
    struct str out;
    const enum err rc = run_case(c, &f, &e);
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    str_init(&out, OUTPUT_BYTES);
    if (json) {
        print_json(c, &f, &out);
    } else {
        if (head) {
            print_head(&out);
        }
        print_row(c, &f, &out);
    }
    return json ? cmd_print(&out) : cmd_print_text(&out);
}

/* Take the next name of "a, b, c"; false after the last. */
static bool next_name(const char **list, char *out, size_t size)
{
    const size_t n = strcspn(*list, ",");
    if (n == 0) {
        return false;
    }
    (void)snprintf(out, size, "%.*s", (int)n, *list);
    *list += n + strspn(*list + n, ", ");
    return true;
}

static enum err archs_take(const struct opt_list *asked, const struct sae_arch **out,
                           size_t *n, struct errinfo *e)
{
    const char *all = sae_arch_names();
    char name[64];
    for (*n = 0; asked->n == 0 && *n < OPT_LIST_MAX; (*n)++) {
        if (!next_name(&all, name, sizeof name)) {
            return OK;
        }
        out[*n] = sae_arch_find(name);
    }
    for (*n = 0; *n < asked->n; (*n)++) {
        out[*n] = sae_arch_find(asked->at[*n]);
        if (!out[*n]) {
            char hint[NEAREST_HINT];
            return err_set(e, ERR_USAGE, "--arch: found %s, expected one of %s%s",
                           asked->at[*n], sae_arch_names(),
                           nearest_hint(asked->at[*n], sae_arch_names(), hint));
        }
    }
    return OK;
}

static enum err shapes_take(const struct opt_list *asked, struct shape *out, size_t *n,
                            struct errinfo *e)
{
    *n = asked->n > 0 ? asked->n : N_SHAPES;
    for (size_t i = 0; i < *n; i++) {
        TRY(shape_parse(asked->n > 0 ? asked->at[i] : shapes[i].name, &out[i], e));
    }
    return OK;
}

int cmd_bench_sae(int argc, char **argv)
{
    bool json = false;
    int64_t threads = 1;
    double seconds = 3, density = 0.05;
    struct opt_list arch_names = {.n = 0}, shape_names = {.n = 0};
    const struct opt table[] = {
        {"arch", OPT_LIST, &arch_names, "NAME", "this architecture; repeatable; all", 0,
         0, NULL},
        {"shape", OPT_LIST, &shape_names, "SHAPE",
         "S1 to S4, or rows,width,latents,k; repeatable; S1 to S4", 0, 0, NULL},
        {"threads", OPT_INT, &threads, "N", "threads of a step", 1, 1024, NULL},
        {"seconds", OPT_REAL, &seconds, "S", "of measuring, a case", 0, 3600, NULL},
        {"density", OPT_REAL, &density, "X",
         "share of active entries where no k sets it, at the start", 0, 1, NULL},
        {"json", OPT_FLAG, &json, NULL, "a JSON object a case", 0, 0, NULL},
    };
    const struct opts o = {
        .name = "bench sae",
        .usage = "[OPTIONS]",
        .about = "Activations a second of an optimizer step on synthetic rows, its "
                 "phases, and its ratio to the encoder product alone, measured in "
                 "turn.",
        .table = table,
        .n = sizeof table / sizeof table[0],
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &parsed, &status)) {
        return status;
    }
    const struct sae_arch *arch[OPT_LIST_MAX];
    struct shape shape[OPT_LIST_MAX];
    size_t n_archs, n_shapes;
    enum err rc = archs_take(&arch_names, arch, &n_archs, &e);
    if (rc == OK) {
        rc = shapes_take(&shape_names, shape, &n_shapes, &e);
    }
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    for (size_t i = 0; status == 0 && i < n_shapes * n_archs; i++) {
        const struct bench_case c = {arch[i % n_archs], shape[i / n_archs],
                                     (size_t)threads, seconds, density};
        status = show_case(&c, json, i == 0);
    }
    return status;
}
