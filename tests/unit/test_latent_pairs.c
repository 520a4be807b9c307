/* Latents of two SAEs in pairs: a planted permutation, latents split, fused and in one
 * alone, against chance, and beyond the size of an assignment. */
#include "base/mem.h"
#include "base/rng.h"
#include "latents/latent_pairs.h"
#include "num/blas.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 48, TOKENS = 4000, FEW = 40 };

/* ---- SAEs and tables by hand ---- */

static struct sae *blank(size_t D, size_t F)
{
    struct errinfo e;
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), D, F, 1, &s, &e), &e);
    memset(s->arena, 0, s->count * sizeof *s->arena);
    return s;
}

/* A random direction that depends on `what` alone. */
static void direction(struct sae *s, size_t latent, uint64_t what, float noise,
                      uint64_t seed)
{
    struct rng r = rng_begin(7, RNG_SAMPLE, what);
    struct rng n = rng_begin(seed, RNG_SAMPLE, what);
    for (size_t d = 0; d < s->D; d++) {
        s->W_dec[latent * s->D + d] =
            (float)rng_normal(&r) + noise * (float)rng_normal(&n);
    }
}

/* on[F, tokens]: where each latent fires. */
static struct latent_table *table_of(size_t F, size_t tokens, const uint8_t *on)
{
    struct latent_table *t = mem_alloc(1, sizeof *t);
    atomic_init(&t->refs, 1);
    t->F = F;
    t->n_tokens = tokens;
    t->row = mem_alloc(F, sizeof *t->row);
    t->fire_start = mem_alloc(F + 1, sizeof *t->fire_start);
    size_t n = 0;
    for (size_t i = 0; i < F * tokens; i++) {
        n += on[i];
    }
    t->fire_at = mem_alloc(n, sizeof *t->fire_at);
    t->fire_act = mem_alloc(n, sizeof *t->fire_act);
    n = 0;
    for (size_t j = 0; j < F; j++) {
        for (size_t p = 0; p < tokens; p++) {
            if (on[j * tokens + p]) {
                t->fire_at[n] = (uint32_t)p;
                t->fire_act[n++] = 1.0f;
                t->row[j].fires++;
            }
        }
        t->fire_start[j + 1] = n;
    }
    return t;
}

/* Feature `what` fires on a few tokens in a hundred, the same in both SAEs but for
 * `noise` of them. */
static void fire(uint8_t *on, size_t tokens, uint64_t what, double density,
                 double noise, uint64_t seed)
{
    struct rng r = rng_begin(11, RNG_SAMPLE, what);
    struct rng n = rng_begin(seed, RNG_SAMPLE, what);
    for (size_t p = 0; p < tokens; p++) {
        const bool fires = rng_unit(&r) < density;
        on[p] = fires != (rng_unit(&n) < noise * density);
    }
}

struct two {
    struct sae *s[2];
    struct latent_table *t[2];
    uint8_t *on[2];
    struct latent_pairs *p;
};

static void two_init(struct two *k, size_t F0, size_t F1)
{
    const size_t F[2] = {F0, F1};
    *k = (struct two){0};
    for (size_t i = 0; i < 2; i++) {
        k->s[i] = blank(WIDTH, F[i]);
        k->on[i] = mem_alloc(F[i], TOKENS);
    }
}

static uint8_t *fires(struct two *k, size_t side, size_t latent)
{
    return k->on[side] + latent * TOKENS;
}

static void two_pair(struct two *k)
{
    struct errinfo e;
    for (size_t i = 0; i < 2; i++) {
        k->t[i] = table_of(k->s[i]->F, TOKENS, k->on[i]);
    }
    const struct sae *const s[2] = {k->s[0], k->s[1]};
    const struct latent_table *const t[2] = {k->t[0], k->t[1]};
    assert_ok(latent_pairs_new(s, t, NULL, &k->p, &e), &e);
}

static void two_deinit(struct two *k)
{
    latent_pairs_unref(k->p);
    for (size_t i = 0; i < 2; i++) {
        latent_table_unref(k->t[i]);
        sae_free(k->s[i]);
        mem_free(k->on[i]);
    }
}

/* Feature `what` as a latent of a side. */
static void plant(struct two *k, size_t side, size_t latent, uint64_t what)
{
    direction(k->s[side], latent, what, 0.3f, 100 + side);
    fire(fires(k, side, latent), TOKENS, what, 0.03, 0.1, 200 + side);
}

/* ---- tests ---- */

/* 37 steps around 40 is a permutation without fixed points. */
static size_t moved(size_t j)
{
    return (j * 37 + 5) % FEW;
}

static void test_permutation(void **state)
{
    (void)state;
    struct two k;
    two_init(&k, FEW, FEW);
    for (size_t j = 0; j < FEW; j++) {
        plant(&k, 0, j, j);
        plant(&k, 1, moved(j), j);
    }
    two_pair(&k);
    assert_true(k.p->optimal);
    assert_int_equal(k.p->n, FEW);
    for (size_t j = 0; j < FEW; j++) {
        const struct latent_pair *p = latent_pairs_of(k.p, 0, (int32_t)j);
        assert_non_null(p);
        assert_int_equal(p->latent[1], moved(j));
        assert_ptr_equal(latent_pairs_of(k.p, 1, (int32_t)moved(j)), p);
        assert_true(p->cosine > 0.8f && p->firing > 0.8f);
        assert_int_equal(k.p->side[0].nearest[j].latent[1], moved(j));
        assert_int_equal(k.p->side[1].nearest[moved(j)].latent[0], j);
    }
    for (size_t i = 1; i < k.p->n; i++) {
        assert_true(latent_pair_alike(&k.p->pair[i - 1]) >=
                    latent_pair_alike(&k.p->pair[i]));
    }
    assert_int_equal(k.p->side[0].count[PAIR_MADE], FEW);
    assert_int_equal(k.p->side[0].n_split + k.p->side[1].n_split, 0);
    assert_null(latent_pairs_of(k.p, 0, -1));
    assert_null(latent_pairs_of(k.p, 0, FEW));
    two_deinit(&k);
}

/* The cosines are those of a plain loop. */
static void test_values(void **state)
{
    (void)state;
    struct two k;
    two_init(&k, 3, 2);
    plant(&k, 0, 0, 1);
    plant(&k, 0, 1, 2);
    plant(&k, 0, 2, 3);
    plant(&k, 1, 0, 3);
    plant(&k, 1, 1, 1);
    two_pair(&k);
    assert_int_equal(k.p->n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct latent_pair *p = &k.p->pair[i];
        const float *u = k.s[0]->W_dec + (size_t)p->latent[0] * WIDTH;
        const float *v = k.s[1]->W_dec + (size_t)p->latent[1] * WIDTH;
        double uv = 0, uu = 0, vv = 0, both = 0, a = 0, b = 0;
        for (size_t d = 0; d < WIDTH; d++) {
            uv += (double)u[d] * (double)v[d];
            uu += (double)u[d] * (double)u[d];
            vv += (double)v[d] * (double)v[d];
        }
        for (size_t t = 0; t < TOKENS; t++) {
            const bool x = fires(&k, 0, (size_t)p->latent[0])[t];
            const bool y = fires(&k, 1, (size_t)p->latent[1])[t];
            both += x && y;
            a += x;
            b += y;
        }
        assert_true(fabs((double)p->cosine - uv / sqrt(uu * vv)) < 1e-5);
        assert_true(fabs((double)p->firing - both / sqrt(a * b)) < 1e-6);
        const struct latent_pair *near = &k.p->side[0].nearest[p->latent[0]];
        assert_int_equal(near->latent[1], p->latent[1]);
        assert_true(fabsf(near->cosine - p->cosine) < 1e-5f);
        assert_true(fabsf(near->firing - p->firing) < 1e-6f);
    }
    assert_int_equal(k.p->side[0].fate[1], PAIR_ONLY);
    assert_int_equal(k.p->side[0].only[0], 1);
    two_deinit(&k);
}

/* Latent `whole` of a side fires where any of the parts of the other does, and points
 * between them. */
static void plant_split(struct two *k, size_t side, size_t whole, size_t first,
                        size_t n, uint64_t what)
{
    struct sae *w = k->s[side], *p = k->s[1 - side];
    for (size_t i = 0; i < n; i++) {
        direction(p, first + i, what + i, 0.0f, 1);
        struct rng r = rng_begin(11, RNG_SAMPLE, what);
        for (size_t t = 0; t < TOKENS; t++) {
            const double u = rng_unit(&r) / 0.06 * (double)n; /* of 6 in a hundred */
            const bool on = u >= (double)i && u < (double)i + 1.0;
            fires(k, 1 - side, first + i)[t] = on;
            fires(k, side, whole)[t] = fires(k, side, whole)[t] || on;
        }
        for (size_t d = 0; d < w->D; d++) {
            w->W_dec[whole * w->D + d] += p->W_dec[(first + i) * p->D + d];
        }
    }
}

static void test_split_and_fused(void **state)
{
    (void)state;
    struct two k;
    two_init(&k, 12, 12);
    for (size_t j = 0; j < 6; j++) {
        plant(&k, 0, j, j);
        plant(&k, 1, j, j);
    }
    plant_split(&k, 0, 6, 6, 3, 1000); /* #6 into #6, #7, #8 of the second */
    plant_split(&k, 1, 9, 7, 2, 2000); /* #7 and #8 fused in #9 of it */
    plant(&k, 0, 9, 3000);             /* in the first alone */
    plant(&k, 1, 10, 4000);            /* in the second alone */
    two_pair(&k);
    const struct pairs_side *x = &k.p->side[0], *y = &k.p->side[1];
    assert_int_equal(x->n_split, 1);
    assert_int_equal(x->split[0].whole, 6);
    assert_int_equal(x->split[0].n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(x->split[0].part[i], 6, 8);
        assert_true(fabs((double)x->split[0].cover[i] - 1.0 / 3) < 0.08);
    }
    assert_true(fabs((double)x->split[0].together - 1.0) < 1e-5);
    assert_int_equal(y->n_split, 1);
    assert_int_equal(y->split[0].whole, 9);
    assert_int_equal(y->split[0].n, 2);
    assert_int_equal(x->count[PAIR_ONLY], 1);
    assert_int_equal(x->only[0], 9);
    assert_int_equal(y->count[PAIR_ONLY], 1);
    assert_int_equal(y->only[0], 10);
    assert_int_equal(x->fate[11], PAIR_RARE); /* it never fires */
    assert_int_equal(x->count[PAIR_RARE], 2);
    for (size_t j = 0; j < 6; j++) {
        assert_int_equal(latent_pairs_of(k.p, 0, (int32_t)j)->latent[1], j);
    }
    size_t all = 0;
    for (size_t f = 0; f < PAIR_FATES; f++) {
        all += x->count[f];
    }
    assert_int_equal(all, x->F);
    two_deinit(&k);
}

/* An equal beside a smaller part of it is no split: the word that it also fires on. */
static void test_equal_is_no_split(void **state)
{
    (void)state;
    struct two k;
    two_init(&k, 1, 2);
    plant(&k, 0, 0, 1);
    plant(&k, 1, 0, 1);
    direction(k.s[1], 1, 1, 0.0f, 1);
    for (size_t t = 0; t < TOKENS; t++) {
        fires(&k, 1, 1)[t] = fires(&k, 0, 0)[t] && t % 3 == 0;
    }
    two_pair(&k);
    assert_int_equal(k.p->side[0].n_split, 0);
    assert_int_equal(k.p->pair[0].latent[1], 0);
    assert_int_equal(k.p->side[1].fate[1], PAIR_DOUBLE);
    two_deinit(&k);
}

/* Two SAEs with nothing in common: an assignment pairs every latent, and not one of the
 * pairs comes near the cut, nor does chance split a latent. */
static void test_chance(void **state)
{
    (void)state;
    struct two k;
    two_init(&k, 200, 200);
    for (size_t j = 0; j < 200; j++) {
        plant(&k, 0, j, j);
        plant(&k, 1, j, 5000 + j);
    }
    two_pair(&k);
    assert_int_equal(k.p->n, 0);
    assert_int_equal(k.p->side[0].n_split + k.p->side[1].n_split, 0);
    assert_int_equal(k.p->side[0].count[PAIR_ONLY], 200);
    for (size_t j = 0; j < 200; j++) {
        assert_true(latent_pair_alike(&k.p->side[0].nearest[j]) < PAIRS_ALIKE - 0.1);
    }
    two_deinit(&k);
}

/* More latents on the first side than on the second, and beyond an assignment. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t F[2];
        bool optimal;
    } at[] = {{{50, 20}, true}, {{20, 50}, true}, {{30, PAIRS_OPTIMAL + 1}, false}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct two k;
        const size_t both = at[i].F[0] < at[i].F[1] ? at[i].F[0] : at[i].F[1];
        two_init(&k, at[i].F[0], at[i].F[1]);
        for (size_t side = 0; side < 2; side++) {
            for (size_t j = 0; j < at[i].F[side]; j++) {
                plant(&k, side, at[i].F[side] - 1 - j, j);
            }
        }
        two_pair(&k);
        assert_int_equal(k.p->optimal, at[i].optimal);
        assert_int_equal(k.p->n, both);
        for (size_t j = 0; j < both; j++) {
            const struct latent_pair *p =
                latent_pairs_of(k.p, 0, (int32_t)(at[i].F[0] - 1 - j));
            assert_non_null(p);
            assert_int_equal(p->latent[1], at[i].F[1] - 1 - j);
        }
        two_deinit(&k);
    }
}

static void test_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s[2] = {blank(4, 3), blank(5, 3)};
    uint8_t on[3 * 8] = {0};
    struct latent_table *t = table_of(3, 8, on);
    struct latent_pairs *p = NULL;
    const struct sae *const pair[2] = {s[0], s[1]}, *const same[2] = {s[0], s[0]};
    const struct latent_table *const table[2] = {t, t};
    assert_int_equal(latent_pairs_new(pair, table, NULL, &p, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "4 and 5 dimensions"));
    assert_ok(latent_pairs_new(same, table, NULL, &p, &e), &e); /* nothing fires */
    assert_int_equal(p->n, 0);
    assert_int_equal(p->side[0].count[PAIR_RARE], 3);
    latent_pairs_unref(p);
    latent_table_unref(t);
    sae_free(s[0]);
    sae_free(s[1]);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_split_and_fused),
        cmocka_unit_test(test_equal_is_no_split),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
