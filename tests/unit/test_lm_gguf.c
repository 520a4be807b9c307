/* Models in GGUF files: those that llama.cpp's converter made of the tiny models of
 * every family (tests/ref/make_gguf_models.py) are the same models, bit for bit; keys
 * that are missing, out of range or of what is not computed are refused by name. */
#include "base/mem.h"
#include "lm/lm.h"
#include "lm/lm_gguf.h"
#include "lm/lm_slot.h"
#include "lm/lm_store.h"
#include "unit/check.h"
#include "unit/gguf_bytes.h"

static const char *const names[] = {"gpt2",   "gpt_neox",   "gpt_neox_serial",
                                    "llama3", "qwen2",      "qwen3",
                                    "gemma2", "gemma3_text"};
#define NAMES (sizeof names / sizeof *names)

static const char *fixture(char out[512], const char *form, const char *name)
{
    const char *base = getenv("SAETOP_FIXTURES");
    const int n = strcmp(form, "gguf") == 0
                      ? snprintf(out, 512, "%s/gguf/%s.gguf", base, name)
                      : snprintf(out, 512, "%s/models/%s", base, name);
    assert_true(n > 0 && n < 512);
    return out;
}

static struct lm *load(const char *form, const char *name)
{
    struct errinfo e;
    struct lm *m = NULL;
    char path[512];
    assert_ok(lm_load(fixture(path, form, name), &m, &e), &e);
    lm_store_pack(m, false);
    assert_ok(lm_need(m, LM_WHOLE, &e), &e);
    return m;
}

/* A slot as floats, in the order of its rows; NULL where there is none. *own: to be
 * freed. */
static const float *floats_of(const struct lm_layer *l, enum lm_slot slot, float **own)
{
    const struct linear_map *w = &l->map[slot];
    *own = NULL;
    if (w->out == 0) {
        return l->at[slot];
    }
    *own = mem_alloc(w->in * w->out, sizeof **own);
    assert_non_null(*own);
    linear_read(w, 0, w->in_out ? w->in : w->out, *own);
    return *own;
}

#define SAME(field)                                                                    \
    if (a->field != b->field) {                                                        \
        fail_msg("%s: " #field " differs", name);                                      \
    }

static void check_rope(const char *name, const struct lm_rope *a,
                       const struct lm_rope *b)
{
    SAME(kind)
    SAME(base)
    SAME(factor)
    SAME(low)
    SAME(high)
    SAME(context)
}

static void check_config(const char *name, const struct lm_config *a,
                         const struct lm_config *b)
{
    assert_string_equal(a->family->name, b->family->name);
    SAME(n_layer)
    SAME(n_head)
    SAME(d_model)
    SAME(d_ff)
    SAME(n_ctx)
    SAME(vocab)
    SAME(n_kv)
    SAME(d_head)
    SAME(ln_eps)
    SAME(act)
    SAME(own_head)
    SAME(parallel)
    SAME(attn_scale)
    SAME(attn_cap)
    SAME(logit_cap)
    SAME(rotary)
    if (a->family->pattern == LM_ALTERNATE || a->family->pattern == LM_EVERY_NTH) {
        SAME(window)
    }
    for (size_t i = 0; i < a->n_layer; i++) {
        assert_int_equal(lm_is_local(a, i), lm_is_local(b, i));
    }
    for (size_t i = 0; a->rotary > 0 && i < (a->window > 0 ? 2 : 1); i++) {
        check_rope(name, &a->rope[i], &b->rope[i]);
    }
}

/* Weights of a slot; a map of GPT-2 lies the other way in a GGUF file. */
static void check_numbers(const struct lm *a, const struct lm *b, enum lm_slot slot,
                          const float *x, const float *y)
{
    size_t rows, cols;
    if (!lm_slot_size(&a->cfg, slot, &rows, &cols) || (!x && !y)) {
        return;
    }
    assert_non_null(x);
    /* where config.json says no biases, all are 0 in one that has them */
    const bool turned = a->cfg.family->in_out && cols > 1 && slot != LM_EMBED &&
                        slot != LM_POSITION && slot != LM_HEAD;
    for (size_t i = 0; i < rows * cols; i++) {
        const size_t j = turned ? i % cols * rows + i / cols : i;
        const float want = x[j], got = y ? y[i] : 0.0f;
        if (memcmp(&want, &got, sizeof got) != 0) {
            fail_msg("%s: slot %d, number %zu: found %a, expected %a", b->dir,
                     (int)slot, i, (double)got, (double)want);
        }
    }
}

static void check_slot(const struct lm *a, const struct lm *b, enum lm_slot slot,
                       const struct lm_layer *x, const struct lm_layer *y)
{
    float *own[2];
    const float *p = floats_of(x, slot, &own[0]), *q = floats_of(y, slot, &own[1]);
    check_numbers(a, b, slot, p, q);
    mem_free(own[0]);
    mem_free(own[1]);
}

static void test_same_models(void **state)
{
    (void)state;
    for (size_t k = 0; k < NAMES; k++) {
        struct lm *a = load("models", names[k]), *b = load("gguf", names[k]);
        check_config(names[k], &a->cfg, &b->cfg);
        const struct lm_layer ends_a = lm_ends_of(a), ends_b = lm_ends_of(b);
        for (enum lm_slot s = LM_EMBED; s < LM_BLOCK_SLOTS; s++) {
            check_slot(a, b, s, &ends_a, &ends_b);
        }
        for (size_t i = 0; i < a->cfg.n_layer; i++) {
            const struct lm_layer x = lm_layer_of(a, i), y = lm_layer_of(b, i);
            for (enum lm_slot s = LM_BLOCK_SLOTS; s < LM_SLOTS; s++) {
                check_slot(a, b, s, &x, &y);
            }
        }
        assert_int_not_equal(a->hash, b->hash);
        lm_free(a);
        lm_free(b);
    }
}

/* The same activations and the same tokens. */
static void test_same_runs(void **state)
{
    (void)state;
    static const char text[] = "A cat sat.\n";
    enum { T = 12 };
    for (size_t k = 0; k < NAMES; k++) {
        struct errinfo e;
        struct lm *m[2] = {load("models", names[k]), load("gguf", names[k])};
        struct tok_ids ids[2] = {{0}, {0}};
        float *out[2] = {NULL, NULL};
        for (size_t i = 0; i < 2; i++) {
            struct lm_ws *ws = NULL;
            assert_ok(tok_encode(m[i]->tok, text, strlen(text), &ids[i], &e), &e);
            assert_in_range(ids[i].n, 2, T);
            out[i] = mem_alloc(T * m[i]->cfg.d_model, sizeof(float));
            assert_non_null(out[i]);
            assert_ok(lm_ws_new(m[i], m[i]->cfg.n_layer, T, &ws, &e), &e);
            lm_forward_to(m[i], ws, ids[0].p, 1, ids[0].n, lm_behind(m[i]->cfg.n_layer),
                          out[i]);
            lm_ws_free(ws);
        }
        assert_int_equal(ids[0].n, ids[1].n);
        assert_memory_equal(ids[0].p, ids[1].p, ids[0].n * sizeof *ids[0].p);
        for (size_t i = 0; i < ids[0].n * m[0]->cfg.d_model; i++) {
            /* GPT-2's products are summed in another order */
            const float d = out[0][i] - out[1][i];
            assert_true(d < 1e-5f && d > -1e-5f);
        }
        for (size_t i = 0; i < 2; i++) {
            mem_free(out[i]);
            tok_ids_free(&ids[i]);
            lm_free(m[i]);
        }
    }
}

/* ---- keys ---- */

struct pair {
    const char *key;
    enum gguf_type type; /* U32, F32 or TEXT */
    double number;
    const char *text;
};

static void put_pair(struct bytes *b, const struct pair *p)
{
    const float f = (float)p->number;
    put_text(b, p->key);
    put_number(b, p->type, 4);
    switch (p->type) {
    case GGUF_TEXT: put_text(b, p->text); break;
    case GGUF_F32: put(b, &f, sizeof f); break;
    default: put_number(b, (uint64_t)p->number, 4); break;
    }
}

static const struct pair usual[] = {
    {"general.architecture", GGUF_TEXT, 0, "llama"},
    {"llama.block_count", GGUF_U32, 2, NULL},
    {"llama.embedding_length", GGUF_U32, 128, NULL},
    {"llama.feed_forward_length", GGUF_U32, 32, NULL},
    {"llama.context_length", GGUF_U32, 8192, NULL},
    {"llama.attention.head_count", GGUF_U32, 2, NULL},
    {"llama.attention.layer_norm_rms_epsilon", GGUF_F32, 1e-5, NULL},
    {"llama.rope.freq_base", GGUF_F32, 500000, NULL},
};
#define USUAL (sizeof usual / sizeof *usual)

/* The usual keys, one of them another or one more, or without the key of that name;
 * factors [32]: of rope, or NULL. */
static enum err config_with(const struct pair *other, const char *without,
                            const float *factors, struct lm_config *out,
                            struct errinfo *e)
{
    static struct bytes b;
    struct gguf *g = NULL;
    bool more = other != NULL;
    size_t n = USUAL;
    for (size_t i = 0; i < USUAL; i++) {
        more = more && strcmp(other->key, usual[i].key) != 0;
        n -= without && strcmp(without, usual[i].key) == 0;
    }
    b.n = 0;
    put(&b, "GGUF", 4);
    put_number(&b, 3, 4);
    put_number(&b, factors ? 2 : 1, 8);
    put_number(&b, n + more, 8);
    for (size_t i = 0; i < USUAL; i++) {
        if (!without || strcmp(without, usual[i].key) != 0) {
            put_pair(&b, other && strcmp(other->key, usual[i].key) == 0 ? other
                                                                        : &usual[i]);
        }
    }
    if (more) {
        put_pair(&b, other);
    }
    put_text(&b, "token_embd.weight");
    put_number(&b, 2, 4);
    put_number(&b, 4, 8);
    put_number(&b, 10, 8);
    put_number(&b, 0, 4);
    put_number(&b, 0, 8);
    if (factors) {
        put_text(&b, "rope_freqs.weight");
        put_number(&b, 1, 4);
        put_number(&b, 32, 8);
        put_number(&b, 0, 4);
        put_number(&b, 160, 8);
    }
    while (b.n % 32 != 0) {
        put_number(&b, 0, 1);
    }
    for (size_t i = 0; i < 40; i++) {
        put_number(&b, 0, 4);
    }
    if (factors) {
        put(&b, factors, 32 * sizeof *factors);
    }
    assert_ok(gguf_parse(b.p, b.n, "m.gguf", &g, e), e);
    const enum err rc = lm_gguf_config(g, out, e);
    gguf_close(g);
    return rc;
}

static void test_keys(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm_config c;
    static const struct {
        struct pair other;
        const char *part;
    } cases[] = {
        {{"general.architecture", GGUF_TEXT, 0, "mamba"},
         "general.architecture: found \"mamba\", expected one of those supported: gpt2, "
         "gptneox, llama, qwen2, qwen3, gemma2, gemma3"},
        {{"general.type", GGUF_TEXT, 0, "adapter"},
         "general.type: found an adapter, expected a whole model: merge it in with "
         "llama-export-lora"},
        {{"llama.block_count", GGUF_U32, 0, NULL},
         "found 0, expected an integer from 1"},
        {{"llama.block_count", GGUF_F32, 2, NULL}, "found a real number"},
        {{"llama.attention.head_count", GGUF_U32, 3, NULL}, "expected a divisor"},
        {{"llama.attention.head_count_kv", GGUF_U32, 3, NULL}, "expected a divisor"},
        {{"llama.attention.value_length", GGUF_U32, 32, NULL}, "as wide as keys"},
        {{"llama.rope.dimension_count", GGUF_U32, 63, NULL}, "expected an even number"},
        {{"llama.rope.dimension_count", GGUF_U32, 66, NULL}, "from 2 to 64"},
        {{"llama.rope.scaling.type", GGUF_TEXT, 0, "yarn"},
         "llama.rope.scaling.type: found \"yarn\", expected none or linear"},
        {{"llama.expert_count", GGUF_U32, 8, NULL}, "found 8 experts, expected none"},
        {{"llama.context_length", GGUF_U32, 4e9, NULL}, "found 4000000000"},
    };
    assert_ok(config_with(NULL, NULL, NULL, &c, &e), &e);
    assert_string_equal(c.family->name, "llama");
    assert_int_equal(c.vocab, 10);
    assert_int_equal(c.n_kv, 2);
    assert_int_equal(c.rotary, 64);
    assert_false(c.own_head);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_error(config_with(&cases[i].other, NULL, NULL, &c, &e), ERR_FORMAT, &e,
                    cases[i].part);
    }
    for (size_t i = 0; i < USUAL - 1; i++) { /* all but rope's base */
        check_error(config_with(NULL, usual[i].key, NULL, &c, &e), ERR_FORMAT, &e,
                    usual[i].key);
    }
    const struct pair linear = {"llama.rope.scaling.factor", GGUF_F32, 4, NULL};
    assert_ok(config_with(&linear, NULL, NULL, &c, &e), &e);
    assert_int_equal(c.rope[0].kind, LM_ROPE_LINEAR);
    assert_true(c.rope[0].factor == 4.0);
}

/* The factors in a GGUF file of Llama 3.2 1B by llama.cpp's formula, in float: those of
 * a head of 64, base 500,000, scaled by 32. */
static const float factors_llama3[32] = {
    1,  1,  1,  1,  1,           1,           1,           1,  1,  1,  1,
    1,  1,  1,  1,  1.65132928f, 3.29226279f, 9.66673088f, 32, 32, 32, 32,
    32, 32, 32, 32, 32,          32,          32,          32, 32, 32,
};

static void test_factors(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm_config c;
    float f[32];
    memcpy(f, factors_llama3, sizeof f);
    assert_ok(config_with(NULL, NULL, f, &c, &e), &e);
    assert_int_equal(c.rope[0].kind, LM_ROPE_LLAMA3);
    assert_true(c.rope[0].factor == 32.0);
    assert_true(c.rope[0].low == 1.0 && c.rope[0].high == 4.0);
    assert_true(c.rope[0].context == 8192.0);
    f[16] *= 1.01f;
    check_error(config_with(NULL, NULL, f, &c, &e), ERR_FORMAT, &e,
                "rope_freqs.weight: found factors that differ by 0.01 from those");
    for (size_t i = 0; i < 32; i++) {
        f[i] = 1.0f;
    }
    assert_ok(config_with(NULL, NULL, f, &c, &e), &e);
    assert_int_equal(c.rope[0].kind, LM_ROPE_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_models),
        cmocka_unit_test(test_same_runs),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
