/* [threads] The transformer against formulas written out again here, its gradients
 * against finite differences, and the properties that its users rely on. */
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "lm/lm.h"
#include "lm/lm_net.h"
#include "num/blas.h"
#define REAL_F64
#include "lm/lm_net.h"
#include "unit/check.h"

#include <math.h>

static struct lm_config tiny(void)
{
    return (struct lm_config){.family = lm_family_find("gpt2"),
                              .n_layer = 2,
                              .n_head = 2,
                              .d_model = 8,
                              .d_ff = 20,
                              .n_ctx = 6,
                              .vocab = 11,
                              .ln_eps = 1e-5f};
}

/* Longer than a block of attention rows, and several rows longer than one of the head.
 */
static struct lm_config longer(void)
{
    struct lm_config c = tiny();
    c.d_model = 12;
    c.n_head = 3;
    c.n_ctx = 80;
    c.vocab = 23;
    return c;
}

/* ---- a model and its text ---- */

struct setup {
    struct lm m;
    struct lm_net_weights_f64 wd, gd;
    struct lm_net_weights_f32 wf, gf;
    size_t B, T;
    int32_t *ids, *targets;
};

static void setup(struct setup *s, struct lm_config cfg, size_t B, size_t T)
{
    struct errinfo e;
    *s = (struct setup){.m = {.cfg = cfg}, .B = B, .T = T};
    assert_ok(lm_weights_init(&s->m.w, &cfg, &e), &e);
    struct rng r = rng_begin(11, RNG_INIT, 0);
    for (size_t i = 0; i < s->m.w.count; i++) {
        s->m.w.arena[i] = (float)(0.4 * rng_normal(&r));
    }
    for (size_t d = 0; d < cfg.d_model; d++) {
        s->m.w.lnf_w[d] += 1.0f;
        for (size_t l = 0; l < cfg.n_layer; l++) {
            s->m.w.block[l].ln1_w[d] += 1.0f;
            s->m.w.block[l].ln2_w[d] += 1.0f;
        }
    }
    assert_ok(lm_net_weights_init_f32(&s->wf, &cfg, s->m.w.arena, &e), &e);
    assert_ok(lm_net_weights_init_f32(&s->gf, &cfg, NULL, &e), &e);
    assert_ok(lm_net_weights_init_f64(&s->wd, &cfg, NULL, &e), &e);
    assert_ok(lm_net_weights_init_f64(&s->gd, &cfg, NULL, &e), &e);
    assert_int_equal(s->wd.count, s->m.w.count);
    for (size_t i = 0; i < s->wd.count; i++) {
        s->wd.arena[i] = (double)s->m.w.arena[i];
    }
    s->ids = mem_alloc(B * T, sizeof *s->ids);
    s->targets = mem_alloc(B * T, sizeof *s->targets);
    assert_true(s->ids != NULL && s->targets != NULL);
    for (size_t i = 0; i < B * T; i++) {
        s->ids[i] = (int32_t)rng_below(&r, cfg.vocab);
    }
    for (size_t i = 0; i < B * T; i++) { /* the next token; none at a row's end */
        s->targets[i] = i % T == T - 1 ? -1 : s->ids[i + 1];
    }
    s->targets[0] = -1; /* and a gap elsewhere */
}

static void teardown(struct setup *s)
{
    lm_net_weights_deinit_f32(&s->wf); /* its arena is the model's */
    lm_net_weights_deinit_f32(&s->gf);
    lm_net_weights_deinit_f64(&s->wd);
    lm_net_weights_deinit_f64(&s->gd);
    lm_weights_deinit(&s->m.w);
    mem_free(s->ids);
    mem_free(s->targets);
}

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) {
        fail_msg("found %.17g, expected %.17g within %g", got, want, tolerance);
    }
}

/* ---- the formulas, once more ---- */

static void norm_ref(size_t D, double eps, const double *x, const double *w,
                     const double *b, double *y)
{
    double mean = 0, var = 0;
    for (size_t d = 0; d < D; d++) {
        mean += x[d] / (double)D;
    }
    for (size_t d = 0; d < D; d++) {
        var += (x[d] - mean) * (x[d] - mean) / (double)D;
    }
    for (size_t d = 0; d < D; d++) {
        y[d] = (x[d] - mean) / sqrt(var + eps) * w[d] + b[d];
    }
}

/* y[j] = b[j] + sum x[i] w[i, j] */
static void linear_ref(size_t in, size_t out, const double *x, const double *w,
                       const double *b, double *y)
{
    for (size_t j = 0; j < out; j++) {
        y[j] = b[j];
        for (size_t i = 0; i < in; i++) {
            y[j] += x[i] * w[i * out + j];
        }
    }
}

#define REF_T 80
#define REF_D 16
#define REF_V 32
#define REF_F 32

static void attention_ref(size_t D, size_t H, size_t T, double qkv[][3 * REF_D],
                          double ctx[][REF_D])
{
    const size_t dh = D / H;
    for (size_t t = 0; t < T; t++) {
        for (size_t h = 0; h < H; h++) {
            double p[REF_T], sum = 0;
            for (size_t s = 0; s <= t; s++) {
                double dot = 0;
                for (size_t i = 0; i < dh; i++) {
                    dot += qkv[t][h * dh + i] * qkv[s][D + h * dh + i];
                }
                p[s] = exp(dot / sqrt((double)dh));
                sum += p[s];
            }
            for (size_t i = 0; i < dh; i++) {
                ctx[t][h * dh + i] = 0;
                for (size_t s = 0; s <= t; s++) {
                    ctx[t][h * dh + i] += p[s] / sum * qkv[s][2 * D + h * dh + i];
                }
            }
        }
    }
}

/* One row: resid[depth][t] for each depth 0..L, nll[t] of the given targets (NaN for
 * -1), logits of the last position. */
static void forward_ref(const struct setup *s, const int32_t *ids,
                        const int32_t *targets, double resid[][REF_T][REF_D],
                        double *nll, double *last_logits)
{
    const struct lm_config *c = &s->m.cfg;
    const struct lm_net_weights_f64 *w = &s->wd;
    const size_t D = c->d_model, FF = c->d_ff, T = s->T;
    const double eps = (double)c->ln_eps;
    static double qkv[REF_T][3 * REF_D], ctx[REF_T][REF_D];
    double n[REF_D], f[REF_F], y[REF_D];
    for (size_t t = 0; t < T; t++) {
        for (size_t d = 0; d < D; d++) {
            resid[0][t][d] = w->wte[(size_t)ids[t] * D + d] + w->wpe[t * D + d];
        }
    }
    for (size_t l = 0; l < c->n_layer; l++) {
        const struct lm_net_block_f64 *b = &w->block[l];
        for (size_t t = 0; t < T; t++) {
            norm_ref(D, eps, resid[l][t], b->ln1_w, b->ln1_b, n);
            linear_ref(D, 3 * D, n, b->qkv_w, b->qkv_b, qkv[t]);
        }
        attention_ref(D, c->n_head, T, qkv, ctx);
        for (size_t t = 0; t < T; t++) {
            double *x = resid[l + 1][t];
            linear_ref(D, D, ctx[t], b->proj_w, b->proj_b, y);
            for (size_t d = 0; d < D; d++) {
                x[d] = resid[l][t][d] + y[d];
            }
            norm_ref(D, eps, x, b->ln2_w, b->ln2_b, n);
            linear_ref(D, FF, n, b->fc_w, b->fc_b, f);
            for (size_t i = 0; i < FF; i++) {
                const double u = f[i] + 0.044715 * f[i] * f[i] * f[i];
                f[i] = 0.5 * f[i] * (1 + tanh(sqrt(2 / acos(-1.0)) * u));
            }
            linear_ref(FF, D, f, b->out_w, b->out_b, y);
            for (size_t d = 0; d < D; d++) {
                x[d] += y[d];
            }
        }
    }
    for (size_t t = 0; t < T; t++) {
        double logits[REF_V], sum = 0;
        norm_ref(D, eps, resid[c->n_layer][t], w->lnf_w, w->lnf_b, n);
        for (size_t v = 0; v < c->vocab; v++) {
            logits[v] = 0;
            for (size_t d = 0; d < D; d++) {
                logits[v] += n[d] * w->wte[v * D + d];
            }
            sum += exp(logits[v]);
        }
        nll[t] = targets[t] < 0 ? (double)NAN : log(sum) - logits[targets[t]];
        if (t == T - 1) {
            memcpy(last_logits, logits, c->vocab * sizeof *logits);
        }
    }
}

static double loss_f64(struct setup *s, struct lm_net_f64 *n)
{
    double loss;
    size_t count;
    lm_net_loss_f64(n, &s->wd, s->ids, s->targets, s->B, s->T, &loss, &count);
    return loss;
}

/* ---- tests ---- */

static double resid_ref[3][REF_T][REF_D];

static void compare_with_formulas(struct lm_config cfg, size_t B, size_t T)
{
    struct setup s;
    struct errinfo e;
    setup(&s, cfg, B, T);
    double want = 0, nll[REF_T], logits[REF_V];
    size_t targets = 0;
    for (size_t b = 0; b < B; b++) {
        forward_ref(&s, s.ids + b * T, s.targets + b * T, resid_ref, nll, logits);
        for (size_t t = 0; t < T; t++) {
            want += s.targets[b * T + t] >= 0 ? nll[t] : 0;
            targets += s.targets[b * T + t] >= 0;
        }
    }
    struct lm_net_f64 *nd;
    struct lm_net_f32 *nf;
    double loss;
    size_t count;
    assert_ok(lm_net_new_f64(&cfg, B, T, &nd, &e), &e);
    assert_ok(lm_net_new_f32(&cfg, B, T, &nf, &e), &e);
    lm_net_loss_f64(nd, &s.wd, s.ids, s.targets, B, T, &loss, &count);
    assert_int_equal(count, targets);
    /* eps is a float in the configuration: 1e-5 to eight digits */
    assert_near(loss, want, 1e-9 * want);
    lm_net_loss_f32(nf, &s.wf, s.ids, s.targets, B, T, &loss, &count);
    assert_int_equal(count, targets);
    assert_near(loss, want, 1e-5 * want);
    lm_net_free_f64(nd);
    lm_net_free_f32(nf);
    teardown(&s);
}

static void test_formulas(void **state)
{
    (void)state;
    compare_with_formulas(tiny(), 2, 5);
    compare_with_formulas(tiny(), 1, 1);
    compare_with_formulas(longer(), 5, 70);
}

/* Each `stride`-th weight of every tensor. */
static void check_gradient(struct lm_config cfg, size_t B, size_t T, size_t stride)
{
    struct setup s;
    struct errinfo e;
    struct lm_net_f64 *n;
    setup(&s, cfg, B, T);
    assert_ok(lm_net_new_f64(&cfg, B, T, &n, &e), &e);
    (void)loss_f64(&s, n);
    lm_net_backward_f64(n, &s.wd, 1.0, &s.gd);
    double largest = 0;
    for (size_t i = 0; i < s.wd.count; i += stride) {
        const double h = 1e-5, at = s.wd.arena[i];
        s.wd.arena[i] = at + h;
        const double up = loss_f64(&s, n);
        s.wd.arena[i] = at - h;
        const double slope = (up - loss_f64(&s, n)) / (2 * h);
        s.wd.arena[i] = at;
        if (!(fabs(slope - s.gd.arena[i]) <= 1e-6 + 1e-6 * fabs(slope))) {
            fail_msg("weight %zu: slope %.12g, gradient %.12g", i, slope,
                     s.gd.arena[i]);
        }
        largest = fmax(largest, fabs(slope));
    }
    assert_true(largest > 0.1); /* it did measure something */
    lm_net_free_f64(n);
    teardown(&s);
}

static void test_gradient(void **state)
{
    (void)state;
    check_gradient(tiny(), 2, 5, 1);
    check_gradient(longer(), 4, 70, 37);
}

static void test_gradient_float(void **state)
{
    (void)state;
    struct lm_config cfg = longer();
    struct setup s;
    struct errinfo e;
    struct lm_net_f64 *nd;
    struct lm_net_f32 *nf;
    double loss;
    size_t count;
    setup(&s, cfg, 4, 70);
    assert_ok(lm_net_new_f64(&cfg, 4, 70, &nd, &e), &e);
    assert_ok(lm_net_new_f32(&cfg, 4, 70, &nf, &e), &e);
    (void)loss_f64(&s, nd);
    lm_net_backward_f64(nd, &s.wd, 0.25, &s.gd);
    /* Twice into the same gradient: it is added to. */
    for (int i = 0; i < 2; i++) {
        lm_net_loss_f32(nf, &s.wf, s.ids, s.targets, 4, 70, &loss, &count);
        lm_net_backward_f32(nf, &s.wf, 0.125f, &s.gf);
    }
    double size = 0, apart = 0;
    for (size_t i = 0; i < s.gd.count; i++) {
        const double d = (double)s.gf.arena[i] - s.gd.arena[i];
        size += s.gd.arena[i] * s.gd.arena[i];
        apart += d * d;
        assert_near(d, 0.0, 1e-3 * (1 + fabs(s.gd.arena[i])));
    }
    assert_true(sqrt(apart / size) < 1e-5);
    lm_net_free_f64(nd);
    lm_net_free_f32(nf);
    teardown(&s);
}

/* A larger net on fewer and shorter rows gives the same as one made to measure. */
static void test_spare_capacity(void **state)
{
    (void)state;
    struct lm_config cfg = longer();
    struct setup s;
    struct errinfo e;
    struct lm_net_f32 *large, *exact;
    struct lm_net_weights_f32 g;
    double loss[2];
    size_t count;
    setup(&s, cfg, 2, 33);
    assert_ok(lm_net_new_f32(&cfg, 4, 80, &large, &e), &e);
    assert_ok(lm_net_new_f32(&cfg, 2, 33, &exact, &e), &e);
    assert_ok(lm_net_weights_init_f32(&g, &cfg, NULL, &e), &e);
    lm_net_loss_f32(large, &s.wf, s.ids, s.targets, 2, 33, &loss[0], &count);
    lm_net_backward_f32(large, &s.wf, 1, &g);
    lm_net_loss_f32(exact, &s.wf, s.ids, s.targets, 2, 33, &loss[1], &count);
    lm_net_backward_f32(exact, &s.wf, 1, &s.gf);
    assert_memory_equal(&loss[0], &loss[1], sizeof *loss);
    assert_memory_equal(g.arena, s.gf.arena, g.count * sizeof *g.arena);
    lm_net_weights_deinit_f32(&g);
    lm_net_free_f32(large);
    lm_net_free_f32(exact);
    teardown(&s);
}

static void test_run(void **state)
{
    (void)state;
    const struct lm_config cfg = longer();
    const size_t B = 3, T = 70, D = cfg.d_model, N = B * T;
    struct setup s;
    struct errinfo e;
    struct lm_ws *ws;
    setup(&s, cfg, B, T);
    assert_ok(lm_ws_new(&s.m, LM_WHOLE, T, &ws, &e), &e);
    float *x = mem_alloc(N * D, sizeof *x), *nll = mem_alloc(N, sizeof *nll);
    float *full = mem_alloc(N, sizeof *full);
    double want[REF_T], logits_ref[REF_V];
    assert_true(x != NULL && nll != NULL && full != NULL);
    for (size_t depth = 0; depth <= cfg.n_layer; depth++) {
        lm_forward_to(&s.m, ws, s.ids, B, T, lm_behind(depth), x);
        for (size_t b = 0; b < B; b++) {
            forward_ref(&s, s.ids + b * T, s.targets + b * T, resid_ref, want,
                        logits_ref);
            for (size_t i = 0; i < T * D; i++) {
                assert_near((double)x[b * T * D + i], resid_ref[depth][i / D][i % D],
                            2e-5);
            }
            if (depth == cfg.n_layer) {
                float logits[REF_V];
                lm_logits(&s.m, x + ((b + 1) * T - 1) * D, logits);
                for (size_t v = 0; v < cfg.vocab; v++) {
                    assert_near((double)logits[v], logits_ref[v], 5e-5);
                }
            }
        }
        /* From each depth on, the same to the bit as from the start. */
        lm_nll_from(&s.m, ws, x, B, T, lm_behind(depth), s.ids, s.ids, nll);
        for (size_t b = 0; b < B; b++) {
            forward_ref(&s, s.ids + b * T, s.targets + b * T, resid_ref, want,
                        logits_ref);
            for (size_t t = b == 0 ? 1 : 0; t + 1 < T; t++) {
                assert_near((double)nll[b * T + t], want[t], 1e-4);
            }
            assert_true(isnan(nll[b * T + T - 1]));
        }
        if (depth == 0) {
            memcpy(full, nll, N * sizeof *nll);
        }
        assert_memory_equal(full, nll, N * sizeof *nll);
    }
    mem_free(x);
    mem_free(nll);
    mem_free(full);
    lm_ws_free(ws);
    teardown(&s);
}

/* Rows alone or together, and tokens that come later: the same to the bit. */
static void test_independence(void **state)
{
    (void)state;
    const struct lm_config cfg = longer();
    const size_t B = 3, T = 70, D = cfg.d_model, N = B * T;
    struct setup s;
    struct errinfo e;
    struct lm_ws *ws;
    setup(&s, cfg, B, T);
    assert_ok(lm_ws_new(&s.m, LM_WHOLE, T, &ws, &e), &e);
    float *x = mem_alloc(N * D, sizeof *x), *y = mem_alloc(N * D, sizeof *y);
    assert_true(x != NULL && y != NULL);
    lm_forward_to(&s.m, ws, s.ids, B, T, lm_behind(2), x);
    for (size_t b = B; b-- > 0;) {
        lm_forward_to(&s.m, ws, s.ids + b * T, 1, T, lm_behind(2), y + b * T * D);
    }
    assert_memory_equal(x, y, N * D * sizeof *x);
    for (size_t t = 0; t < T; t++) {
        int32_t *id = &s.ids[t];
        const int32_t was = *id;
        *id = (was + 1) % (int32_t)cfg.vocab;
        lm_forward_to(&s.m, ws, s.ids, 1, T, lm_behind(2), y);
        assert_memory_equal(x, y, t * D * sizeof *x);
        assert_memory_not_equal(x + t * D, y + t * D, D * sizeof *x);
        *id = was;
    }
    mem_free(x);
    mem_free(y);
    lm_ws_free(ws);
    teardown(&s);
}

struct parallel {
    const struct setup *s;
    struct lm_ws *ws[3]; /* by worker */
    struct lm_net_f32 *net[3];
    struct lm_net_weights_f32 *grad; /* by block */
    float *x;
};

static void one_row(void *ctx, size_t block, size_t worker)
{
    const struct parallel *p = ctx;
    const struct setup *s = p->s;
    const int32_t *ids = s->ids + block * s->T;
    double loss;
    size_t count;
    lm_forward_to(&s->m, p->ws[worker], ids, 1, s->T, lm_behind(2),
                  p->x + block * s->T * s->m.cfg.d_model);
    lm_net_loss_f32(p->net[worker], &s->wf, ids, s->targets + block * s->T, 1, s->T,
                    &loss, &count);
    lm_net_backward_f32(p->net[worker], &s->wf, 1, &p->grad[block]);
}

/* Rows as blocks of a pool, a workspace and a net for each worker: one thread or three.
 */
static void test_threads(void **state)
{
    (void)state;
    enum { B = 8, T = 70 };
    const struct lm_config cfg = longer();
    const size_t floats = B * T * cfg.d_model;
    struct setup s;
    struct errinfo e;
    struct pool *pool;
    struct parallel p = {.s = &s};
    struct lm_net_weights_f32 grad[2][B];
    float *x[2];
    setup(&s, cfg, B, T);
    assert_ok(pool_new(3, &pool, &e), &e);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(lm_ws_new(&s.m, LM_WHOLE, T, &p.ws[i], &e), &e);
        assert_ok(lm_net_new_f32(&cfg, 1, T, &p.net[i], &e), &e);
    }
    for (size_t k = 0; k < 2; k++) {
        for (size_t b = 0; b < B; b++) {
            assert_ok(lm_net_weights_init_f32(&grad[k][b], &cfg, NULL, &e), &e);
        }
        p.grad = grad[k];
        p.x = x[k] = mem_alloc(floats, sizeof **x);
        assert_non_null(p.x);
        pool_run(k == 0 ? NULL : pool, B, one_row, &p);
    }
    assert_memory_equal(x[0], x[1], floats * sizeof **x);
    for (size_t b = 0; b < B; b++) {
        assert_memory_equal(grad[0][b].arena, grad[1][b].arena,
                            grad[0][b].count * sizeof(float));
        lm_net_weights_deinit_f32(&grad[0][b]);
        lm_net_weights_deinit_f32(&grad[1][b]);
    }
    for (size_t i = 0; i < 3; i++) {
        lm_ws_free(p.ws[i]);
        lm_net_free_f32(p.net[i]);
    }
    mem_free(x[0]);
    mem_free(x[1]);
    pool_free(pool);
    teardown(&s);
}

/* A width beyond the piece that the head takes at a time. */
static void test_lens(void **state)
{
    (void)state;
    struct lm_config cfg = tiny();
    cfg.d_model = 600;
    struct errinfo e;
    struct setup s;
    setup(&s, cfg, 1, 1);
    float d[600], x[600], logits[11], lens[11];
    double n[600], dd[600], mean = 0;
    for (size_t i = 0; i < 600; i++) {
        d[i] = sinf((float)i) + 0.3f;
        x[i] = 3.0f * d[i] - 1.0f;
        dd[i] = (double)d[i];
        mean += dd[i] / 600;
    }
    assert_ok(lm_lens(&s.m, lm_behind(1), d, lens, &e), &e);
    lm_logits(&s.m, x, logits);
    double xd[600];
    for (size_t i = 0; i < 600; i++) {
        xd[i] = (double)x[i];
    }
    norm_ref(600, (double)cfg.ln_eps, xd, s.wd.lnf_w, s.wd.lnf_b, n);
    for (size_t v = 0; v < cfg.vocab; v++) {
        double want_lens = 0, want = 0;
        for (size_t i = 0; i < 600; i++) {
            want_lens += (dd[i] - mean) * s.wd.lnf_w[i] * s.wd.wte[v * 600 + i];
            want += n[i] * s.wd.wte[v * 600 + i];
        }
        assert_near((double)lens[v], want_lens, 1e-4);
        assert_near((double)logits[v], want, 1e-4);
    }
    teardown(&s);
}

static void test_hook(void **state)
{
    (void)state;
    const struct lm_config cfg = tiny();
    struct lm_hook h;
    struct errinfo e;
    char name[64];
    assert_ok(lm_hook_parse("blocks.1.hook_resid_pre", &cfg, &h, &e), &e);
    assert_true(h.block == 1 && h.site == LM_RESID_PRE && lm_hook_depth(h) == 1);
    lm_hook_name(h, name);
    assert_string_equal(name, "blocks.1.hook_resid_pre");
    assert_ok(lm_hook_parse("blocks.1.hook_resid_post", &cfg, &h, &e), &e);
    assert_true(h.block == 1 && h.site == LM_RESID_POST && lm_hook_depth(h) == 2);
    lm_hook_name(h, name);
    assert_string_equal(name, "blocks.1.hook_resid_post");
    static const char *const wrong[] = {
        "",
        "blocks.",
        "blocks..hook_resid_pre",
        "blocks.x.hook_resid_pre",
        "blocks.-1.hook_resid_pre",
        "blocks.01.hook_resid_pre",
        "blocks.1.hook_resid_mean",
        "blocks.1.hook_resid_post ",
        "blocks.99999999999999999999.hook_resid_pre",
        "h.1.hook_resid_pre",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_error(lm_hook_parse(wrong[i], &cfg, &h, &e), ERR_USAGE, &e,
                    "expected blocks.N.hook_resid_pre");
    }
    static const char *const inner[] = {
        "blocks.1.attn.hook_z",    "blocks.0.hook_attn_out",
        "blocks.0.hook_resid_mid", "blocks.0.mlp.hook_post",
        "blocks.1.hook_mlp_out",   "blocks.1.ln2.hook_normalized",
        "blocks.0.mlp.hook_in",    "blocks.1.hook_mlp_in",
    };
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        assert_ok(lm_hook_parse(inner[i], &cfg, &h, &e), &e);
        lm_hook_name(h, name);
        assert_string_equal(name, inner[i]);
        assert_int_equal(lm_hook_width(&cfg, h), i == 3 ? cfg.d_ff : cfg.d_model);
        assert_int_equal(lm_hook_depth(h), h.block + 1);
    }
    struct lm_config parallel = cfg;
    parallel.parallel = true;
    check_error(lm_hook_parse(inner[2], &parallel, &h, &e), ERR_USAGE, &e,
                "nothing between them");
    check_error(lm_hook_parse("blocks.2.hook_resid_pre", &cfg, &h, &e), ERR_USAGE, &e,
                "blocks are 0 to 1");
}

static void test_limits(void **state)
{
    (void)state;
    struct lm_config cfg = tiny();
    struct errinfo e;
    struct lm_ws *ws = NULL;
    struct lm_net_f32 *n = NULL;
    size_t count = 0;
    assert_ok(lm_weight_count(&cfg, &count, &e), &e);
    assert_int_equal(
        count, 11 * 8 + 6 * 8 + 2 * 8 +
                   2 * (4 * 8 + 8 * 24 + 24 + 8 * 8 + 8 + 8 * 20 + 20 + 20 * 8 + 8));
    const struct lm m = {.cfg = cfg};
    check_error(lm_ws_new(&m, LM_WHOLE, 7, &ws, &e), ERR_LIMIT, &e, "expected 1 to 6");
    check_error(lm_net_new_f32(&cfg, 1, 0, &n, &e), ERR_LIMIT, &e, "expected 1 to 6");
    check_error(lm_net_new_f32(&cfg, SIZE_MAX / 3, 6, &n, &e), ERR_LIMIT, &e,
                "rows of 6 positions");
    assert_true(ws == NULL && n == NULL);
    cfg.n_head = 3;
    check_error(lm_weight_count(&cfg, &count, &e), ERR_FORMAT, &e,
                "multiple of 3 heads");
    cfg = tiny();
    cfg.vocab = 0;
    check_error(lm_weight_count(&cfg, &count, &e), ERR_LIMIT, &e, "vocab_size is 0");
    static const size_t huge[][4] = {
        /* layers, width, inner width, vocabulary */
        {2147483647, 8, 32, 11},  {2, 2147483646, 32, 11}, {2, 8, 2147483647, 11},
        {2, 65536, 16777216, 11}, {2, 64, 32, 2147483647}, {65536, 512, 2048, 11},
    };
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
        cfg = tiny();
        cfg.n_layer = huge[i][0];
        cfg.d_model = huge[i][1];
        cfg.d_ff = huge[i][2];
        cfg.vocab = huge[i][3];
        check_error(lm_weight_count(&cfg, &count, &e), ERR_LIMIT, &e, "");
    }
    assert_null(lm_family_find("gpt3"));
    lm_ws_free(NULL);
    lm_net_free_f32(NULL);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_gradient_float),
        cmocka_unit_test(test_spare_capacity),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_independence),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_lens),
        cmocka_unit_test(test_hook),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
