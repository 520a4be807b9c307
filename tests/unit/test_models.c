/* [models] Two real models beside transformers (tests/ref/make_real_fixtures.py):
 * weights as they are dequantised, tokens, every hook, logits, losses, greedy
 * continuations. tests/models/fetch.py brings them; without them this is skipped. */
#include "base/gguf.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm.h"
#include "unit/check.h"

#include <math.h>

#define SKIPPED 77 /* as tests/CMakeLists.txt tells ctest */
#define KEPT    8  /* numbers of a hook, at two positions */

static const struct {
    const char *name, *file;
} models[] = {
    {"gemma3-270m", "gemma-3-270m-q4_k_m.gguf"},
    {"smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf"},
};
#define MODELS (sizeof models / sizeof *models)

static const char *place(char out[512], const char *file)
{
    const char *own = getenv("SAETOP_MODELS"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (own && own[0]) {
        (void)snprintf(out, 512, "%s/%s", own, file);
    } else if (cache && cache[0]) {
        (void)snprintf(out, 512, "%s/saetop/models/%s", cache, file);
    } else {
        (void)snprintf(out, 512, "%s/.cache/saetop/models/%s", home ? home : "", file);
    }
    return out;
}

static struct st_file *expected(size_t i)
{
    struct errinfo e;
    struct st_file *f = NULL;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/real/%s.safetensors",
                   getenv("SAETOP_FIXTURES"), models[i].name);
    assert_ok(st_open(path, &f, &e), &e);
    return f;
}

/* Integers [*n] of the fixture, of 4 bytes each. */
static const int32_t *ints(const struct st_file *f, const char *name, size_t *n)
{
    const struct st_tensor *t = st_find(f, name);
    assert_non_null(t);
    *n = t->bytes / sizeof(int32_t);
    return t->data;
}

/* Weights as the package gguf dequantises them, to the bit. */
static void test_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        struct errinfo e;
        struct gguf *g = NULL;
        char path[512];
        struct st_file *f = expected(i);
        const struct st_tensor *bits = st_find(f, "bits");
        assert_non_null(bits);
        assert_ok(gguf_open(place(path, models[i].file), &g, &e), &e);
        assert_int_equal(gguf_count(g), bits->bytes / 8);
        for (size_t k = 0; k < gguf_count(g); k++) {
            const struct gguf_tensor *t = gguf_at(g, k);
            float *row = mem_alloc(t->row, sizeof *row);
            uint64_t sum = 0, want, at = 1;
            assert_non_null(row);
            for (size_t r = 0; r < t->rows; r++) {
                assert_ok(gguf_rows(g, t, r, 1, row, &e), &e);
                for (size_t c = 0; c < t->row; c++, at += 2) {
                    uint32_t number;
                    memcpy(&number, row + c, sizeof number);
                    sum += number * at;
                }
            }
            memcpy(&want, (const char *)bits->data + 8 * k, sizeof want);
            if (sum != want) {
                fail_msg("%s: %s has other bits", path, t->name);
            }
            mem_free(row);
        }
        gguf_close(g);
        st_close(f);
    }
}

/* Off by no more than a share of the root of the mean square of what is expected. */
static void check_near(const char *model, const char *what, const float *got,
                       const float *want, size_t n)
{
    double square = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)got[i] - (double)want[i]);
        square += (double)want[i] * (double)want[i];
        worst = d > worst ? d : worst;
        assert_true(isfinite(d));
    }
    if (!(worst <= 2e-4 * sqrt(square / (double)n))) {
        fail_msg("%s: %s: off by %g, numbers of %g", model, what, worst,
                 sqrt(square / (double)n));
    }
}

static void check_hooks(const struct st_file *f, const struct lm *m, struct lm_ws *ws,
                        const int32_t *ids, size_t T, const char *name)
{
    for (size_t b = 0; b < m->cfg.n_layer; b++) {
        for (int s = 0; s < LM_SITES; s++) {
            const struct lm_hook h = {b, (enum lm_site)s};
            const size_t width = lm_hook_width(&m->cfg, h);
            char hook[64];
            float want[2 * KEPT], got[2 * KEPT];
            struct errinfo e;
            float *x = mem_alloc(T * width, sizeof *x);
            assert_non_null(x);
            lm_hook_name(h, hook);
            lm_forward_to(m, ws, ids, 1, T, h, x);
            memcpy(got, x + 5 * width, KEPT * sizeof *got);
            memcpy(got + KEPT, x + (T - 1) * width, KEPT * sizeof *got);
            assert_ok(st_read_f32(f, hook, (size_t[]){2, KEPT}, 2, want, &e), &e);
            check_near(name, hook, got, want, 2 * KEPT);
            mem_free(x);
        }
    }
}

static size_t likeliest(const float *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

static void check_logits(const struct st_file *f, const struct lm *m, struct lm_ws *ws,
                         const int32_t *ids, size_t T, const char *name)
{
    const size_t V = m->cfg.vocab, D = m->cfg.d_model, step = V / 512;
    struct errinfo e;
    size_t n = 0, n_greedy = 0;
    float want[512], got[512];
    const int32_t *next = ints(f, "next", &n);
    const int32_t *greedy = ints(f, "greedy", &n_greedy);
    float *x = mem_alloc((T + n_greedy) * D, sizeof *x);
    float *logits = mem_alloc(V, sizeof *logits);
    int32_t *row = mem_alloc(T + n_greedy, sizeof *row);
    assert_true(x && logits && row);
    assert_int_equal(n, T);
    memcpy(row, ids, T * sizeof *row);
    lm_forward_to(m, ws, row, 1, T, lm_behind(m->cfg.n_layer), x);
    for (size_t t = 0; t < T; t++) {
        lm_logits(m, x + t * D, logits);
        assert_int_equal(likeliest(logits, V), next[t]);
    }
    for (size_t i = 0; i < 512; i++) {
        got[i] = logits[i * step];
    }
    assert_ok(st_read_f32(f, "logits", (size_t[]){512}, 1, want, &e), &e);
    check_near(name, "logits", got, want, 512);
    for (size_t i = 0; i < n_greedy; i++) {
        const size_t len = T + i;
        lm_forward_to(m, ws, row, 1, len, lm_behind(m->cfg.n_layer), x);
        lm_logits(m, x + (len - 1) * D, logits);
        row[len] = (int32_t)likeliest(logits, V);
        assert_int_equal(row[len], greedy[i]);
    }
    mem_free(row);
    mem_free(logits);
    mem_free(x);
}

static void check_loss(const struct st_file *f, const struct lm *m, struct lm_ws *ws,
                       const int32_t *ids, size_t T, const char *name)
{
    struct errinfo e;
    float *x = mem_alloc(T * m->cfg.d_model, sizeof *x);
    float *got = mem_alloc(2 * T, sizeof *got), *want = got + T;
    assert_true(x && got);
    lm_forward_to(m, ws, ids, 1, T, lm_behind(0), x);
    lm_nll_from(m, ws, x, 1, T, lm_behind(0), ids, ids, got);
    const size_t n = T - 1;
    assert_ok(st_read_f32(f, "loss", &n, 1, want, &e), &e);
    check_near(name, "loss", got, want, n);
    mem_free(got);
    mem_free(x);
}

static void test_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        struct errinfo e;
        struct lm *m = NULL;
        struct lm_ws *ws = NULL;
        struct tok_ids ids = {0};
        char path[512];
        size_t T = 0;
        struct st_file *f = expected(i);
        const int32_t *want = ints(f, "ids", &T);
        const char *text = st_meta(f, "text");
        assert_non_null(text);
        assert_ok(lm_load(place(path, models[i].file), &m, &e), &e);
        assert_ok(tok_encode_whole(m->tok, text, strlen(text), &ids, &e), &e);
        assert_int_equal(ids.n, T);
        assert_memory_equal(ids.p, want, T * sizeof *want);
        assert_ok(lm_need(m, LM_WHOLE, &e), &e);
        assert_ok(lm_ws_new(m, LM_WHOLE, T + 16, &ws, &e), &e);
        check_hooks(f, m, ws, ids.p, T, models[i].name);
        check_logits(f, m, ws, ids.p, T, models[i].name);
        check_loss(f, m, ws, ids.p, T, models[i].name);
        lm_ws_free(ws);
        tok_ids_free(&ids);
        lm_free(m);
        st_close(f);
    }
}

/* Unicode, emoji, code, runs of blanks, control characters, long words. */
static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        struct errinfo e;
        struct tok *tok = NULL;
        char path[512];
        size_t n = 0, n_ids = 0, total = 0;
        struct st_file *f = expected(i);
        const int32_t *end = ints(f, "hard_end", &n);
        const int32_t *ids_end = ints(f, "hard_ids_end", &n_ids);
        const int32_t *want = ints(f, "hard_ids", &total);
        const struct st_tensor *text = st_find(f, "hard");
        assert_non_null(text);
        assert_true(n == n_ids && n > 40 && (size_t)ids_end[n - 1] == total &&
                    (size_t)end[n - 1] == text->bytes);
        assert_ok(lm_load_tok(place(path, models[i].file), &tok, &e), &e);
        for (size_t t = 0; t < n; t++) {
            struct tok_ids ids = {0};
            const size_t at = t > 0 ? (size_t)end[t - 1] : 0;
            const size_t first = t > 0 ? (size_t)ids_end[t - 1] : 0;
            const char *p = (const char *)text->data + at;
            assert_ok(tok_encode_whole(tok, p, (size_t)end[t] - at, &ids, &e), &e);
            if (ids.n != (size_t)ids_end[t] - first ||
                memcmp(ids.p, want + first, ids.n * sizeof *want) != 0) {
                fail_msg("%s: other ids than the reference for: %.*s", models[i].name,
                         (int)((size_t)end[t] - at), p);
            }
            tok_ids_free(&ids);
        }
        tok_free(tok);
        st_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_runs),
    };
    for (size_t i = 0; i < MODELS; i++) {
        char path[512];
        if (!file_exists(place(path, models[i].file))) {
            printf("skipped: %s is not there; tests/models/fetch.py brings it\n", path);
            return SKIPPED;
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
