/* The gradient of logits with respect to what stands at a hook (core/lm/lm_back.h), for
 * every family and hook: against finite differences. */
#include "ask_world.h"
#include "lm/lm_back.h"
#include "lm/lm_store.h"

#define LEN 36 /* more than LM_ATT_ROWS */

struct way {
    struct lm *m;
    struct lm_hook hook;
    struct lm_back *b;
    struct lm_ws *ws;
    struct lm_aim aim;
    int32_t fed[LEN];
    float *weight, *x, *dx, *moved;
    size_t n; /* of x */
};

static void begin(struct way *y, struct lm *m, struct lm_hook hook, bool dense)
{
    struct errinfo e;
    const size_t V = m->cfg.vocab;
    struct rng r = rng_begin(7, RNG_SAMPLE, 0);
    *y = (struct way){.m = m, .hook = hook, .n = LEN * lm_hook_width(&m->cfg, hook)};
    for (size_t t = 0; t < LEN; t++) {
        y->fed[t] = (int32_t)rng_below(&r, V);
    }
    y->weight = ask_floats(V);
    for (size_t v = 0; v < V && dense; v++) {
        y->weight[v] = -1.0f / (float)V;
    }
    y->weight[5] += 1.0f;
    y->weight[V - 1] -= 0.5f;
    y->x = ask_floats(y->n);
    y->dx = ask_floats(y->n);
    y->moved = ask_floats(y->n);
    y->aim = (struct lm_aim){.fed = y->fed, .T = LEN, .weight = y->weight};
    assert_ok(lm_back_new(m, hook, LEN + 3, &y->b, &e), &e);
    assert_ok(lm_ws_new(m, LM_WHOLE, LEN, &y->ws, &e), &e);
    lm_forward_to(m, y->ws, y->fed, 1, LEN, hook, y->x);
}

static void end(struct way *y)
{
    lm_back_free(y->b);
    lm_ws_free(y->ws);
    mem_free(y->weight);
    mem_free(y->x);
    mem_free(y->dx);
    mem_free(y->moved);
}

/* The value at x + by * u, u of length 1. */
static double moved_by(struct way *y, const double *u, double by)
{
    for (size_t i = 0; i < y->n; i++) {
        y->moved[i] = (float)((double)y->x[i] + by * u[i]);
    }
    return lm_back_value(y->b, &y->aim, y->moved);
}

/* The value is the model's own: logits of what lm.h gives. */
static void check_value(struct way *y)
{
    const size_t D = y->m->cfg.d_model, V = y->m->cfg.vocab;
    float *resid = ask_floats(LEN * D), *logits = ask_floats(V);
    double sum = 0;
    lm_forward_to(y->m, y->ws, y->fed, 1, LEN, lm_behind(y->m->cfg.n_layer), resid);
    lm_logits(y->m, resid + (LEN - 1) * D, logits);
    for (size_t v = 0; v < V; v++) {
        sum += (double)y->weight[v] * (double)logits[v];
    }
    assert_true(fabs(lm_back_value(y->b, &y->aim, y->x) - sum) <
                1e-5 * (1 + fabs(sum)));
    mem_free(resid);
    mem_free(logits);
}

static double size_of(size_t n, const float *x)
{
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += (double)x[i] * (double)x[i];
    }
    return sqrt(square);
}

/* The slope along u, by central differences of steps that halve, a share of x's size at
 * first: where two of them agree best, since rounding takes over then. */
static double slope_along(struct way *y, const double *u)
{
    double h = 0.02 * size_of(y->n, y->x), before = NAN, slope = NAN, least = INFINITY;
    for (int k = 0; k < 9; k++, h /= 2) {
        const double s = (moved_by(y, u, h) - moved_by(y, u, -h)) / (2 * h);
        if (fabs(s - before) < least) {
            least = fabs(s - before);
            slope = s;
        }
        before = s;
    }
    return slope;
}

/* Along directions at a few positions each, and along one at all; and along the
 * gradient itself, which is its length. */
static void check_direction(struct way *y, const char *what, const double *u,
                            double length)
{
    const double slope = slope_along(y, u);
    double mine = 0;
    for (size_t i = 0; i < y->n; i++) {
        mine += u[i] * (double)y->dx[i];
    }
    if (!(fabs(slope - mine) < 1e-3 * length + 2e-5)) {
        char name[64];
        lm_hook_name(y->hook, name);
        fail_msg("%s %s, %s: %g, by differences %g (gradient of length %g)", y->m->dir,
                 name, what, mine, slope, length);
    }
}

static void check_gradient(struct way *y)
{
    struct rng r = rng_begin(9, RNG_SAMPLE, 1);
    const size_t width = y->n / LEN;
    double *u = mem_alloc(y->n, sizeof *u), length = 0;
    assert_non_null(u);
    (void)lm_back_value(y->b, &y->aim, y->x);
    lm_back_gradient(y->b, y->dx);
    length = size_of(y->n, y->dx);
    assert_true(isfinite(length) && length > 0);
    for (size_t i = 0; i < y->n; i++) {
        u[i] = (double)y->dx[i] / length;
    }
    check_direction(y, "along itself", u, length);
    for (size_t t = 0; t <= LEN; t += 12) {
        double square = 0;
        for (size_t i = 0; i < y->n; i++) {
            const bool in = t == LEN || i / width == t || i / width == t + 5;
            u[i] = in ? rng_normal(&r) : 0;
            square += u[i] * u[i];
        }
        for (size_t i = 0; i < y->n; i++) {
            u[i] /= sqrt(square);
        }
        check_direction(y, "at random", u, length);
    }
    mem_free(u);
}

static void test_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct lm *m = ask_model(ask_families[i]);
        for (size_t block = 0; block < m->cfg.n_layer; block++) {
            for (enum lm_site site = 0; site < LM_SITES; site++) {
                struct way y;
                if (!ask_has_site(m, site)) {
                    continue;
                }
                begin(&y, m, (struct lm_hook){block, site}, site % 2 == 0);
                check_value(&y);
                check_gradient(&y);
                end(&y);
            }
        }
        lm_free(m);
    }
}

/* Taking a gradient again gives the same bits, whatever was taken between. */
static void test_again(void **state)
{
    (void)state;
    struct way y;
    struct lm *m = ask_model("gemma3");
    begin(&y, m, (struct lm_hook){0, LM_RESID_MID}, true);
    const double first = lm_back_value(y.b, &y.aim, y.x);
    lm_back_gradient(y.b, y.dx);
    float *dx = ask_floats(y.n);
    const struct lm_aim shorter = {.fed = y.fed, .T = 3, .weight = y.weight};
    (void)lm_back_value(y.b, &shorter, y.x);
    lm_back_gradient(y.b, dx);
    const double again = lm_back_value(y.b, &y.aim, y.x);
    lm_back_gradient(y.b, dx);
    assert_memory_equal(&first, &again, sizeof first);
    assert_memory_equal(dx, y.dx, y.n * sizeof *dx);
    mem_free(dx);
    end(&y);
    lm_free(m);
}

/* How weights are held does not change it, nor which way they are rounded for bfloat16.
 */
static void test_packed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * ASK_FAMILIES; i++) {
        float *first = NULL;
        for (int packed = 0; packed < 2; packed++) {
            struct way y;
            struct lm *m = ask_model(ask_families[i / 2]);
            lm_set_kind(m, i % 2 ? LINEAR_BF16 : LINEAR_F32);
            lm_store_pack(m, packed);
            begin(&y, m, (struct lm_hook){0, LM_RESID_PRE}, true);
            (void)lm_back_value(y.b, &y.aim, y.x);
            lm_back_gradient(y.b, y.dx);
            if (!packed) {
                first = ask_floats(y.n);
                memcpy(first, y.dx, y.n * sizeof *first);
            } else {
                assert_memory_equal(first, y.dx, y.n * sizeof *first);
            }
            end(&y);
            lm_free(m);
        }
        mem_free(first);
    }
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
