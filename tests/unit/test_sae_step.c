/* The SAE step against a naive dense twin, finite differences and identities. [threads]
 */
#include "sae_twin.h"

/* Loss and gradient by the fast step in double. */
static double fast_grad(const struct problem *p, struct sae_params_f64 *g,
                        struct sae_loss *loss)
{
    struct errinfo e;
    struct sae_step_f64 *s;
    assert_ok(sae_step_new_f64(p->arch, p->D, p->F, &p->hyper, p->B, &s, &e), &e);
    s->path = p->path;
    assert_ok(sae_step_grad_f64(s, &p->w, p->x, &p->now, NULL, g, loss, &e), &e);
    sae_step_free_f64(s);
    return loss->loss;
}

static struct sae_params_f64 grads_make(const struct problem *p)
{
    return sae_params_at_f64(p->arch, p->D, p->F, numbers(p->count));
}

static void assert_close(const double *a, const double *b, size_t n, double tolerance)
{
    double scale = 1e-12;
    for (size_t i = 0; i < n; i++) {
        scale = fmax(scale, fmax(fabs(a[i]), fabs(b[i])));
    }
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(a[i] - b[i]) <= tolerance * scale)) {
            fail_msg("at %zu: %.12g and %.12g, of up to %g", i, a[i], b[i], scale);
        }
    }
}

static const char *const archs[] = {"topk", "batchtopk"};

/* ---- finite differences ---- */

/* The loss as a function of the parameters, with what AuxK holds constant. */
static double loss_at(const struct problem *p, const double *r, double spread)
{
    struct dense t = dense_make(p);
    dense_forward(p, &t);
    const double loss = dense_loss(p, &t, r, spread);
    dense_drop(&t);
    return loss;
}

static void check_differences(const char *arch, bool dead, uint64_t seed)
{
    struct problem p = problem_make(arch, 5, 17, 2, 6, dead, seed);
    struct sae_params_f64 g = grads_make(&p);
    struct sae_loss loss;
    struct dense t = dense_make(&p);
    double *r = numbers(p.B * p.D), *numeric = numbers(p.count);
    dense_forward(&p, &t);
    const double spread = residual(&p, &t, r);
    const double here = fast_grad(&p, &g, &loss);
    assert_true(fabs(here - dense_loss(&p, &t, r, spread)) < 1e-12 * here);
    for (size_t i = 0; i < p.count; i++) {
        const double h = 1e-6, was = p.arena[i];
        p.arena[i] = was + h;
        const double up = loss_at(&p, r, spread);
        p.arena[i] = was - h;
        const double down = loss_at(&p, r, spread);
        p.arena[i] = was;
        numeric[i] = (up - down) / (2 * h);
    }
    assert_close(g.arena, numeric, p.count, 1e-7);
    mem_free(r);
    mem_free(numeric);
    mem_free(g.arena);
    dense_drop(&t);
    problem_drop(&p);
}

static void finite_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            check_differences(archs[i], false, seed);
            check_differences(archs[i], true, seed);
        }
    }
}

/* ---- against the dense twin, over whole steps ---- */

static void check_twin(const char *arch, bool dead)
{
    struct problem fast = problem_make(arch, 9, 70, 5, 300, dead, 7);
    struct problem slow = problem_make(arch, 9, 70, 5, 300, dead, 7);
    struct sae_params_f64 gf = grads_make(&fast), gs = grads_make(&slow);
    struct sae_params_f64 m = grads_make(&fast), v = grads_make(&fast);
    double *ms = numbers(slow.count), *vs = numbers(slow.count);
    struct errinfo e;
    struct sae_step_f64 *s;
    assert_ok(sae_step_new_f64(fast.arch, fast.D, fast.F, &fast.hyper, fast.B, &s, &e),
              &e);
    for (int64_t step = 1; step <= 4; step++) {
        struct sae_loss loss;
        assert_ok(
            sae_step_grad_f64(s, &fast.w, fast.x, &fast.now, NULL, &gf, &loss, &e), &e);
        const double expected = dense_grad(&slow, &gs);
        assert_true(fabs(loss.loss - expected) < 1e-10 * expected);
        assert_close(gf.arena, gs.arena, fast.count, 1e-10);
        const double norm = sae_step_project_f64(s, &fast.w, &gf, NULL);
        const struct adam adam =
            adam_factors(0.01, 0.9, 0.999, 1e-8, 0, 1 / (norm + 1e-6), step);
        const double norm_slow = dense_update(&slow, &adam, &gs, ms, vs);
        assert_true(fabs(norm - norm_slow) < 1e-10 * norm);
        sae_step_adam_f64(s, &adam, &gf, &fast.w, &m, &v, NULL);
        assert_close(fast.arena, slow.arena, fast.count, 1e-8);
    }
    sae_step_free_f64(s);
    mem_free(gf.arena);
    mem_free(gs.arena);
    mem_free(m.arena);
    mem_free(v.arena);
    mem_free(ms);
    mem_free(vs);
    problem_drop(&fast);
    problem_drop(&slow);
}

static void dense_twin(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        check_twin(archs[i], false);
        check_twin(archs[i], true);
    }
}

/* ---- float and double ---- */

static float *floats(const double *x, size_t n)
{
    float *y = mem_alloc(n, sizeof *y);
    assert_non_null(y);
    for (size_t i = 0; i < n; i++) {
        y[i] = (float)x[i];
    }
    return y;
}

/* The float gradient of a problem on a pool of `threads` threads, from the last of
 * `calls` calls. */
static float *float_grad_after(const struct problem *p, size_t threads, int calls,
                               struct sae_loss *loss)
{
    struct errinfo e;
    struct sae_step_f32 *s;
    struct pool *pool = NULL;
    float *arena = floats(p->arena, p->count), *x = floats(p->x, p->B * p->D);
    float *grad = mem_alloc(p->count, sizeof *grad);
    struct sae_params_f32 w = sae_params_at_f32(p->arch, p->D, p->F, arena);
    struct sae_params_f32 g = sae_params_at_f32(p->arch, p->D, p->F, grad);
    assert_ok(pool_new(threads, &pool, &e), &e);
    assert_ok(sae_step_new_f32(p->arch, p->D, p->F, &p->hyper, p->B, &s, &e), &e);
    s->path = p->path;
    for (int i = 0; i < calls; i++) {
        assert_ok(sae_step_grad_f32(s, &w, x, &p->now, pool, &g, loss, &e), &e);
    }
    sae_step_free_f32(s);
    pool_free(pool);
    mem_free(arena);
    mem_free(x);
    return grad;
}

/* The second call starts from guesses. */
static float *float_grad(const struct problem *p, size_t threads, struct sae_loss *loss)
{
    return float_grad_after(p, threads, 2, loss);
}

static void float_and_double(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct problem p = problem_make(archs[i], 40, 130, 6, 700, true, 11);
        /* Both precisions have to start from the same numbers. */
        for (size_t j = 0; j < p.count; j++) {
            p.arena[j] = (double)(float)p.arena[j];
        }
        for (size_t j = 0; j < p.B * p.D; j++) {
            p.x[j] = (double)(float)p.x[j];
        }
        struct sae_params_f64 g = grads_make(&p);
        struct sae_loss exact, loss;
        fast_grad(&p, &g, &exact);
        float *grad = float_grad(&p, 1, &loss);
        double *wide = numbers(p.count);
        for (size_t j = 0; j < p.count; j++) {
            wide[j] = (double)grad[j];
        }
        assert_true(fabs(loss.loss - exact.loss) < 1e-5 * exact.loss);
        assert_true(fabs(loss.l0 - exact.l0) < 1e-9);
        assert_true(fabs(loss.explained_variance - exact.explained_variance) < 1e-5);
        assert_close(wide, g.arena, p.count, 1e-4);
        mem_free(wide);
        mem_free(grad);
        mem_free(g.arena);
        problem_drop(&p);
    }
}

static void threads_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct problem p = problem_make(archs[i], 24, 90, 4, 1100, true, 13);
        /* Equal rows tie exactly, at the cut too. */
        for (size_t b = 100; b < 600; b++) {
            memcpy(p.x + b * p.D, p.x + (b % 7) * p.D, p.D * sizeof *p.x);
        }
        struct sae_loss one, many;
        float *a = float_grad(&p, 1, &one);
        for (size_t threads = 2; threads <= 4; threads++) {
            float *b = float_grad(&p, threads, &many);
            assert_memory_equal(a, b, p.count * sizeof *a);
            assert_memory_equal(&one, &many, sizeof one);
            mem_free(b);
        }
        mem_free(a);
        problem_drop(&p);
    }
}

/* Once a guess is there, wide rows' pre-activations are not stored, and those of few of
 * many latents sieved. Rows that the guess is too high for, rows with far more
 * entries above it than are listed, and equal rows come out as before. */
static void guesses_leave_the_bits(void **state)
{
    (void)state;
    const size_t D = 260, F = 700;
    const double ks[] = {4, 6};
    assert_true(sae_sieves(sae_arch_find("topk"), 4, D, F));
    assert_false(sae_sieves(sae_arch_find("topk"), 6, D, F));
    for (size_t i = 0; i < 8; i++) {
        struct problem p =
            problem_make(archs[i % 2], D, F, ks[i / 2 % 2], 504, i >= 4, 17);
        p.n_dead /= 3; /* few enough to be encoded by themselves */
        p.now.n_dead = p.n_dead;
        assert_in_range(p.n_dead, i >= 4 ? 1 : 0, sae_dead_room(F));
        for (size_t j = 0; j < p.F; j++) { /* half alike, all blind to the end of x */
            double *w = p.w.W_enc + j * D;
            for (size_t d = 0; d < D; d++) {
                w[d] = j < p.F / 2  ? 0.01 * w[d] + 0.5
                       : d < D - 20 ? w[d]
                                    : 1e-3 * w[d];
            }
        }
        for (size_t b = 0; b < p.B; b++) {
            double *x = p.x + b * D, mean = 0;
            for (size_t d = 0; d < D; d++) {
                x[d] *= b % 50 == 7 && d < D - 20 ? 0 : 1;
                mean += x[d] / (double)D;
            }
            for (size_t d = 0; d < D; d++) { /* orthogonal to the many, or along them */
                x[d] = b % 50 == 3 ? 1 + 0.01 * x[d] : x[d] - mean;
            }
        }
        memcpy(p.x + 400 * D, p.x, 20 * D * sizeof *p.x);
        struct sae_loss first, later;
        float *a = float_grad_after(&p, 1, 1, &first);
        for (size_t threads = 1; threads <= 2; threads++) {
            float *b = float_grad_after(&p, threads, 3, &later);
            assert_memory_equal(a, b, p.count * sizeof *a);
            assert_memory_equal(&first, &later, sizeof first);
            mem_free(b);
        }
        mem_free(a);
        problem_drop(&p);
    }
}

/* ---- identities ---- */

static void batch_of_one_is_topk(void **state)
{
    (void)state;
    struct problem p = problem_make("topk", 12, 60, 5, 1, false, 3);
    struct sae_params_f64 a = grads_make(&p), b = grads_make(&p);
    struct sae_loss la, lb;
    fast_grad(&p, &a, &la);
    p.arch = sae_arch_find("batchtopk");
    fast_grad(&p, &b, &lb);
    assert_memory_equal(&la, &lb, sizeof la);
    assert_memory_equal(a.arena, b.arena, p.count * sizeof *a.arena);
    mem_free(a.arena);
    mem_free(b.arena);
    problem_drop(&p);
}

/* Batch and row selection differ, and the batch takes k B in all. */
static void batch_budget(void **state)
{
    (void)state;
    struct problem p = problem_make("batchtopk", 12, 60, 5, 400, false, 3);
    struct sae_params_f64 g = grads_make(&p);
    struct sae_loss batch, row;
    fast_grad(&p, &g, &batch);
    assert_true(fabs(batch.l0 - 5) < 1e-12);
    static const double ks[] = {3.2, 4.9987, 0.3, 0.0013, 5.00126};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
        p.k = ks[i];
        problem_hyper(&p);
        fast_grad(&p, &g, &row);
        assert_true(fabs(row.l0 - round(400 * ks[i]) / 400) < 1e-12);
    }
    p.k = 5;
    problem_hyper(&p);
    p.arch = sae_arch_find("topk");
    fast_grad(&p, &g, &row);
    assert_true(batch.least > row.least);
    /* If no entry is positive none is selected. */
    p.arch = sae_arch_find("batchtopk");
    for (size_t j = 0; j < p.F; j++) {
        p.w.b_enc[j] = -1e3;
    }
    fast_grad(&p, &g, &batch);
    assert_true(batch.l0 == 0 && batch.least == 0);
    mem_free(g.arena);
    problem_drop(&p);
}

/* Rows that are alike, as those of a text's first words: what equals the cut is taken
 * in the order of rows until the budget is spent, within and across compactions. */
static void ties_are_taken_in_order(void **state)
{
    (void)state;
    struct errinfo e;
    const size_t D = 12, F = 60, B = 400;
    struct problem p = problem_make("batchtopk", D, F, 5, B, false, 3);
    struct sae_params_f64 g = grads_make(&p);
    struct sae_step_f64 *s;
    struct sae_loss loss;
    for (size_t i = 0; i < B * D; i++) {
        p.x[i] = 1;
    }
    memset(p.w.W_enc, 0, F * D * sizeof *p.w.W_enc);
    memset(p.w.b_dec, 0, D * sizeof *p.w.b_dec);
    memset(p.w.b_enc, 0, F * sizeof *p.w.b_enc);
    for (size_t j = 0; j < F; j++) {
        p.w.W_enc[j * D] = (double)(j / 2 + 1); /* in pairs, the last ones greatest */
    }
    p.k = 3.2;
    problem_hyper(&p);
    assert_ok(sae_step_new_f64(p.arch, D, F, &p.hyper, B, &s, &e), &e);
    for (int again = 0; again < 2; again++) { /* with the last cut as a guess */
        assert_ok(sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &g, &loss, &e), &e);
        assert_true(fabs(loss.l0 - 3.2) < 1e-12);
        /* Two latents in every row; of the next two both in 240 rows. */
        assert_int_equal(s->fires[59], B);
        assert_int_equal(s->fires[58], B);
        assert_int_equal(s->fires[57], 240);
        assert_int_equal(s->fires[56], 240);
        assert_int_equal(s->main.n[0], 4);
        assert_int_equal(s->main.n[239], 4);
        assert_int_equal(s->main.n[240], 2);
    }
    /* Candidates that cannot be told apart do not pile up before greater ones come. */
    for (size_t i = 0; i < B * D; i++) {
        p.x[i] = i / D < 43 ? 1 : 2;
    }
    for (size_t j = 0; j < F; j++) {
        p.w.W_enc[j * D] = 1;
    }
    for (int again = 0; again < 2; again++) {
        assert_ok(sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &g, &loss, &e), &e);
        assert_true(fabs(loss.l0 - 3.2) < 1e-12);
        assert_int_equal(s->main.n[42], 0);
        assert_int_equal(s->main.n[43], 60);
        assert_int_equal(s->main.n[63], 60);
        assert_int_equal(s->main.n[64], 20);
        assert_int_equal(s->main.n[65], 0);
    }
    sae_step_free_f64(s);
    mem_free(g.arena);
    problem_drop(&p);
}

static void permutation_leaves_loss(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct problem p = problem_make(archs[i], 10, 48, 4, 200, false, 5);
        struct problem q = problem_make(archs[i], 10, 48, 4, 200, false, 5);
        struct sae_params_f64 gp = grads_make(&p), gq = grads_make(&q);
        uint32_t to[48];
        for (uint32_t j = 0; j < 48; j++) {
            to[j] = j;
        }
        struct rng r = rng_begin(9, RNG_SAMPLE, 1);
        rng_permute(&r, to, 48);
        for (size_t j = 0; j < 48; j++) {
            memcpy(q.w.W_enc + to[j] * 10, p.w.W_enc + j * 10, 10 * sizeof(double));
            memcpy(q.w.W_dec + to[j] * 10, p.w.W_dec + j * 10, 10 * sizeof(double));
            q.w.b_enc[to[j]] = p.w.b_enc[j];
        }
        struct sae_loss lp, lq;
        fast_grad(&p, &gp, &lp);
        fast_grad(&q, &gq, &lq);
        assert_true(fabs(lp.loss - lq.loss) < 1e-12 * lp.loss);
        for (size_t j = 0; j < 48; j++) {
            assert_close(gp.W_dec + j * 10, gq.W_dec + to[j] * 10, 10, 1e-9);
        }
        mem_free(gp.arena);
        mem_free(gq.arena);
        problem_drop(&p);
        problem_drop(&q);
    }
}

static void projection_and_unit_rows(void **state)
{
    (void)state;
    struct problem p = problem_make("topk", 16, 64, 4, 300, true, 21);
    struct sae_params_f64 g = grads_make(&p), m = grads_make(&p), v = grads_make(&p);
    struct sae_step_f64 *s;
    struct sae_loss loss;
    struct errinfo e;
    assert_ok(sae_step_new_f64(p.arch, p.D, p.F, &p.hyper, p.B, &s, &e), &e);
    assert_ok(sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &g, &loss, &e), &e);
    const double norm = sae_step_project_f64(s, &p.w, &g, NULL);
    double sum = 0;
    for (size_t i = 0; i < p.count; i++) {
        sum += g.arena[i] * g.arena[i];
    }
    assert_true(fabs(norm - sqrt(sum)) < 1e-12 * norm);
    for (size_t j = 0; j < p.F; j++) {
        double along = 0;
        for (size_t d = 0; d < p.D; d++) {
            along += g.W_dec[j * p.D + d] * p.w.W_dec[j * p.D + d];
        }
        assert_true(fabs(along) < 1e-12);
    }
    const struct adam adam = adam_factors(0.05, 0.9, 0.999, 1e-8, 0, 1 / norm, 1);
    sae_step_adam_f64(s, &adam, &g, &p.w, &m, &v, NULL);
    double moment = 0; /* m = (1 - beta1) g / norm */
    for (size_t i = 0; i < p.count; i++) {
        moment += m.arena[i] * m.arena[i];
    }
    assert_true(fabs(sqrt(moment) - 0.1) < 1e-12);
    for (size_t j = 0; j < p.F; j++) {
        double n = 0;
        for (size_t d = 0; d < p.D; d++) {
            n += p.w.W_dec[j * p.D + d] * p.w.W_dec[j * p.D + d];
        }
        assert_true(fabs(n - 1) < 1e-12);
    }
    sae_step_free_f64(s);
    mem_free(g.arena);
    mem_free(m.arena);
    mem_free(v.arena);
    problem_drop(&p);
}

static void auxk_leaves_the_living(void **state)
{
    (void)state;
    struct problem p = problem_make("topk", 8, 40, 3, 120, true, 31);
    struct sae_params_f64 with = grads_make(&p), without = grads_make(&p);
    struct sae_loss a, b;
    fast_grad(&p, &with, &a);
    p.now.aux_coef = 0;
    fast_grad(&p, &without, &b);
    assert_true(a.aux > 0 && b.aux == 0 && fabs(a.mse - b.mse) < 1e-15);
    size_t moved = 0;
    for (size_t j = 0; j < p.F; j++) {
        const bool is_dead = j % 3 == 0;
        const bool same =
            memcmp(with.W_enc + j * 8, without.W_enc + j * 8, 8 * sizeof(double)) ==
                0 &&
            memcmp(with.W_dec + j * 8, without.W_dec + j * 8, 8 * sizeof(double)) ==
                0 &&
            memcmp(with.b_enc + j, without.b_enc + j, sizeof(double)) == 0;
        assert_true(is_dead || same);
        moved += same ? 0 : 1;
    }
    assert_true(moved > 5);
    mem_free(with.arena);
    mem_free(without.arena);
    problem_drop(&p);
}

/* Vectors beyond the usual ones: their gradient is 0 unless an architecture sets it. */
static void extra_parameters(void **state)
{
    (void)state;
    struct sae_arch arch = *sae_arch_find("topk");
    arch.extra = 2;
    struct problem p = problem_make("topk", 6, 40, 3, 50, false, 41);
    size_t count;
    struct errinfo e;
    assert_ok(sae_param_count(&arch, 6, 40, &count, &e), &e);
    assert_int_equal(count, p.count + 80);
    double *w0 = numbers(count), *g0 = numbers(count), *m0 = numbers(count),
           *v0 = numbers(count);
    memcpy(w0, p.arena, p.count * sizeof *w0);
    for (size_t i = p.count; i < count; i++) {
        w0[i] = 0.25;
        g0[i] = NAN;
    }
    struct sae_params_f64 w = sae_params_at_f64(&arch, 6, 40, w0);
    struct sae_params_f64 g = sae_params_at_f64(&arch, 6, 40, g0);
    struct sae_params_f64 m = sae_params_at_f64(&arch, 6, 40, m0);
    struct sae_params_f64 v = sae_params_at_f64(&arch, 6, 40, v0);
    struct sae_step_f64 *s;
    struct sae_loss loss;
    assert_ok(sae_step_new_f64(&arch, 6, 40, &p.hyper, 50, &s, &e), &e);
    assert_ok(sae_step_grad_f64(s, &w, p.x, &p.now, NULL, &g, &loss, &e), &e);
    g.extra[41] = 0.5;
    const double with = sae_step_project_f64(s, &w, &g, NULL);
    g.extra[41] = 0;
    const double without = sae_step_project_f64(s, &w, &g, NULL);
    assert_true(fabs(with * with - without * without - 0.25) < 1e-9);
    g.extra[41] = 0.5;
    const struct adam adam = adam_factors(0.01, 0.9, 0.999, 1e-8, 0, 1, 1);
    sae_step_adam_f64(s, &adam, &g, &w, &m, &v, NULL);
    for (size_t i = 0; i < 80; i++) {
        assert_true(fabs(w.extra[i] - (i == 41 ? 0.24 : 0.25)) < 1e-6);
    }
    sae_step_free_f64(s);
    mem_free(w0);
    mem_free(g0);
    mem_free(m0);
    mem_free(v0);
    problem_drop(&p);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_step_f32 *s = NULL;
    const struct sae_arch *a = sae_arch_find("topk");
    struct sae_hyper h = {.k = 9};
    check_error(sae_step_new_f32(a, 4, 8, &h, 2, &s, &e), ERR_LIMIT, &e, "k is 9");
    h.k = 2.5;
    check_error(sae_step_new_f32(a, 4, 8, &h, 2, &s, &e), ERR_LIMIT, &e, "k is 2.5");
    h.k = 2;
    check_error(sae_step_new_f32(a, 0, 8, &h, 2, &s, &e), ERR_LIMIT, &e, "width 0");
    check_error(sae_step_new_f32(a, 4, (size_t)1 << 40, &h, 2, &s, &e), ERR_LIMIT, &e,
                "latents");
    check_error(sae_step_new_f32(a, (size_t)1 << 19, (size_t)1 << 20, &h, 2, &s, &e),
                ERR_LIMIT, &e, "parameters");
    h.groups = 2;
    check_error(sae_step_new_f32(a, 4, 8, &h, 2, &s, &e), ERR_LIMIT, &e, "groups 2");
    assert_null(s);
    assert_null(sae_arch_find("nothing"));
    assert_string_equal(sae_arch_names(),
                        "matryoshka, batchtopk, topk, standard, gated, "
                        "jumprelu, p_anneal, tied");
    assert_string_equal(sae_arch_name(a), "topk");
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finite_differences),
        cmocka_unit_test(dense_twin),
        cmocka_unit_test(float_and_double),
        cmocka_unit_test(threads_agree),
        cmocka_unit_test(guesses_leave_the_bits),
        cmocka_unit_test(batch_of_one_is_topk),
        cmocka_unit_test(batch_budget),
        cmocka_unit_test(ties_are_taken_in_order),
        cmocka_unit_test(permutation_leaves_loss),
        cmocka_unit_test(projection_and_unit_rows),
        cmocka_unit_test(auxk_leaves_the_living),
        cmocka_unit_test(extra_parameters),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
