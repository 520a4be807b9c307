/* [threads] Activations kept for checks from outside: as the model's own passes. */
#include "acts/capture.h"
#include "acts/harvest.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/tiny.h"

#include <math.h>

#define D   16
#define LEN 12

static const char *const words[] = {" the", " dog", " fish"};

static struct lm *model;

static int setup(void **state)
{
    (void)state;
    num_init();
    model = tiny_lm(tiny_tok(words, 3), D, LEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lm_free(model);
    return 0;
}

/* A row of n tokens with masks. */
static struct token_rows *row_of(size_t n, double p)
{
    struct errinfo e;
    struct token_rows *r = NULL;
    int32_t ids[LEN + 1];
    assert_true(n <= LEN + 1);
    for (size_t i = 0; i < n; i++) {
        ids[i] = (int32_t)(4 + 7 * i % 100);
    }
    assert_ok(token_rows_of(ids, n, &r, &e), &e);
    assert_ok(token_rows_mask(r, model->tok, tok_mask(model->tok), p, 3, &e), &e);
    return r;
}

static const struct lm_hook hooks[] = {
    {0, LM_RESID_PRE}, {1, LM_RESID_PRE}, {0, LM_RESID_POST}, {1, LM_RESID_POST}};
#define N_HOOKS (sizeof hooks / sizeof *hooks)

static struct capture *capture(const struct token_rows *r, bool logits,
                               struct pool *pool)
{
    struct errinfo e;
    struct capture *c = NULL;
    assert_ok(capture_new(model, r, hooks, N_HOOKS, logits, pool, &c, &e), &e);
    return c;
}

static void check_hooks(const struct token_rows *r, const struct capture *c)
{
    struct errinfo e;
    struct lm_ws *ws = NULL;
    float x[LEN * D];
    assert_ok(lm_ws_new(model, LM_WHOLE, r->T, &ws, &e), &e);
    for (size_t h = 0; h < N_HOOKS; h++) {
        lm_forward_to(model, ws, r->fed, 1, r->T, hooks[h], x);
        assert_memory_equal(c->x[h], x, r->T * D * sizeof *x);
    }
    lm_ws_free(ws);
}

/* The loss of the true next token, by the logits that are beside it. */
static void check_losses(const struct token_rows *r, const struct capture *c)
{
    const size_t V = model->cfg.vocab;
    for (size_t t = 0; t + 1 < r->T; t++) {
        const float *l = c->logits + t * V;
        double sum = 0;
        for (size_t v = 0; v < V; v++) {
            sum += exp((double)l[v]);
        }
        const double nll = log(sum) - (double)l[r->ids[t + 1]];
        assert_true(fabs(nll - (double)c->nll[t]) < 1e-4);
    }
}

static void it_is_what_the_model_does(void **state)
{
    (void)state;
    static const double rates[] = {0.0, 0.5};
    for (size_t n = 1; n <= LEN; n++) {
        for (size_t i = 0; i < 2; i++) {
            struct token_rows *r = row_of(n, rates[i]);
            struct capture *c = capture(r, true, NULL);
            check_hooks(r, c);
            check_losses(r, c);
            capture_free(c);
            token_rows_free(r);
        }
    }
}

/* Each hook there is, of all blocks. */
static size_t all_hooks(const struct lm_config *cfg, struct lm_hook *out)
{
    size_t n = 0;
    for (size_t b = 0; b < cfg->n_layer; b++) {
        for (enum lm_site s = 0; s < LM_SITES; s++) {
            if (s != LM_RESID_MID || !cfg->parallel) {
                out[n++] = (struct lm_hook){b, s};
            }
        }
    }
    assert_true(n <= CAPTURE_HOOKS);
    return n;
}

static void same_numbers(const struct lm *m, struct lm_hook hook, const float *a,
                         const float *b, size_t n)
{
    char name[64];
    lm_hook_name(hook, name);
    if (memcmp(a, b, n * sizeof *a) != 0) {
        fail_msg("%s: %s among others is not what it is alone", m->dir, name);
    }
}

/* What all hooks give at once, and losses beside them, against one at a time, what
 * training reads there, and losses without any. */
static void check_alone(const struct lm *m)
{
    struct errinfo e;
    struct token_rows *r = row_of(LEN, 0);
    struct lm_hook all[CAPTURE_HOOKS];
    struct capture *c = NULL, *none = NULL;
    struct harvester *h = NULL;
    const size_t n = all_hooks(&m->cfg, all), V = m->cfg.vocab;
    assert_ok(capture_new(m, r, all, n, true, NULL, &c, &e), &e);
    assert_ok(capture_new(m, r, all, 0, true, NULL, &none, &e), &e);
    assert_memory_equal(c->nll, none->nll, (LEN - 1) * sizeof(float));
    assert_memory_equal(c->logits, none->logits, LEN * V * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        const size_t floats = LEN * lm_hook_width(&m->cfg, all[i]);
        struct capture *one = NULL;
        assert_ok(capture_new(m, r, &all[i], 1, false, NULL, &one, &e), &e);
        same_numbers(m, all[i], c->x[i], one->x[0], floats);
        assert_memory_equal(one->nll, none->nll, (LEN - 1) * sizeof(float));
        assert_ok(harvester_new(m, all[i], LEN, NULL, &h, &e), &e);
        harvest_rows(h, r->fed, 1, one->x[0]);
        same_numbers(m, all[i], c->x[i], one->x[0], floats);
        harvester_free(h);
        capture_free(one);
    }
    capture_free(none);
    capture_free(c);
    token_rows_free(r);
}

/* Also where who looks changes the last bits of what follows: hook_attn_out,
 * hook_mlp_out and ln2.hook_normalized. */
static void a_hook_among_others_is_as_alone(void **state)
{
    (void)state;
    static const char *const families[] = {"gpt2", "gpt_neox", "llama", "gemma3_text"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char path[512];
        struct errinfo e;
        struct lm *m = NULL;
        (void)snprintf(path, sizeof path, "%s/models/%s", getenv("SAETOP_FIXTURES"),
                       families[i]);
        assert_ok(lm_load(path, &m, &e), &e);
        assert_ok(lm_need(m, LM_WHOLE, &e), &e);
        check_alone(m);
        lm_free(m);
    }
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    struct token_rows *r = row_of(LEN, 0.3);
    struct capture *a = capture(r, true, NULL), *b = capture(r, true, pool);
    for (size_t h = 0; h < N_HOOKS; h++) {
        assert_memory_equal(a->x[h], b->x[h], LEN * D * sizeof(float));
    }
    assert_memory_equal(a->nll, b->nll, (LEN - 1) * sizeof(float));
    assert_memory_equal(a->logits, b->logits, LEN * model->cfg.vocab * sizeof(float));
    capture_free(a);
    capture_free(b);
    token_rows_free(r);
    pool_free(pool);
}

static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct capture *c = NULL;
    struct token_rows *r = row_of(LEN + 1, 0);
    check_error(capture_new(model, r, hooks, 1, false, NULL, &c, &e), ERR_USAGE, &e,
                "context of 12");
    r->n = (size_t)1 << 40; /* nothing is read before the size is looked at */
    check_error(capture_new(model, r, hooks, 1, true, NULL, &c, &e), ERR_LIMIT, &e,
                "fewer rows");
    token_rows_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_the_model_does),
        cmocka_unit_test(a_hook_among_others_is_as_alone),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(what_is_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
