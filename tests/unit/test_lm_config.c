/* config.json of published models (tests/fuzz/corpus/lm_config): read as transformers
 * 5.24.0 reads it, with as many weights as the model is known to have; and what is
 * refused, in a line. */
#include "base/mem.h"
#include "base/str.h"
#include "lm/lm_config.h"
#include "unit/check.h"

#include <math.h>

struct published {
    const char *file;
    size_t weights, heads, kv, dim, context, rotary;
    const char *local; /* of the first blocks: l or g; "": none is local */
    size_t window;
    double base, base_local;
    enum lm_act act;
    bool own_head, parallel;
};

// clang-format off
static const struct published models[] = {
    {"pythia-70m",       70426624,  8,  8,  64,   2048,  16, "",        0, 1e4, 0,  LM_GELU,      true,  true},
    {"tinystories-1m",    3745984, 16, 16,   4,   2048,   0, "glgl",  256, 0,   0,  LM_GELU_TANH, false, false},
    {"llama-2-7b",     6738415616, 32, 32, 128,   4096, 128, "",        0, 1e4, 0,  LM_SILU,      true,  false},
    {"llama-3.2-1b",   1235814400, 32,  8,  64, 131072,  64, "",        0, 5e5, 0,  LM_SILU,      false, false},
    {"smollm2-135m",    134515008,  9,  3,  64,   8192,  64, "",        0, 1e5, 0,  LM_SILU,      false, false},
    {"mistral-7b",     7241732096, 32,  8, 128,  32768, 128, "ll",   4096, 1e4, 1e4, LM_SILU,     true,  false},
    {"qwen2.5-0.5b",    494032768, 14,  2,  64,  32768,  64, "",        0, 1e6, 0,  LM_SILU,      false, false},
    {"qwen3-0.6b",      596049920, 16,  8, 128,  40960, 128, "",        0, 1e6, 0,  LM_SILU,      false, false},
    {"gemma-2-2b",     2614341888,  8,  4, 256,   8192, 256, "lglg", 4096, 1e4, 1e4, LM_GELU_TANH, false, false},
    {"gemma-3-270m",    268098176,  4,  1, 256,  32768, 256, "lllllgl", 512, 1e6, 1e4, LM_GELU_TANH, false, false},
    {"gemma-3-4b",     3880263168,  8,  4, 256, 131072, 256, "lllllgl", 1024, 1e6, 1e4, LM_GELU_TANH, false, false},
};
// clang-format on

static enum err parse(const char *text, struct lm_config *c, struct errinfo *e)
{
    return lm_config_parse(text, strlen(text), "config.json", c, e);
}

static void read_text(const char *name, char **text)
{
    struct errinfo e;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/lm_config/%s.json",
                   getenv("SAETOP_SOURCE"), name);
    assert_ok(file_read_text(path, 1u << 20, text, &e), &e);
}

static void load(const char *name, struct lm_config *c)
{
    struct errinfo e;
    char *text = NULL;
    read_text(name, &text);
    assert_ok(parse(text, c, &e), &e);
    mem_free(text);
}

static void same(double got, double want)
{
    assert_true(fabs(got - want) <= 1e-9 * fabs(want));
}

static void test_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const struct published *m = &models[i];
        struct errinfo e;
        struct lm_config c;
        size_t weights = 0;
        load(m->file, &c);
        assert_ok(lm_weight_count(&c, &weights, &e), &e);
        assert_int_equal(weights, m->weights);
        assert_int_equal(c.n_head, m->heads);
        assert_int_equal(lm_kv_heads(&c), m->kv);
        assert_int_equal(lm_head_dim(&c), m->dim);
        assert_int_equal(c.n_ctx, m->context);
        assert_int_equal(c.rotary, m->rotary);
        assert_int_equal(c.window, m->window);
        assert_int_equal(c.act, m->act);
        assert_int_equal(c.own_head, m->own_head);
        assert_int_equal(c.parallel, m->parallel);
        same(c.rope[0].base, m->base);
        for (size_t b = 0; m->local[b]; b++) {
            assert_int_equal(lm_is_local(&c, b), m->local[b] == 'l');
        }
        if (m->base_local > 0) {
            same(c.rope[1].base, m->base_local);
        }
    }
}

static void test_details(void **state)
{
    (void)state;
    struct lm_config c;
    load("llama-3.2-1b", &c);
    assert_int_equal(c.rope[0].kind, LM_ROPE_LLAMA3);
    same(c.rope[0].factor, 32);
    same(c.rope[0].low, 1);
    same(c.rope[0].high, 4);
    same(c.rope[0].context, 8192);
    load("gemma-3-4b", &c); /* most of it by the family's defaults */
    assert_int_equal(c.rope[0].kind, LM_ROPE_LINEAR);
    same(c.rope[0].factor, 8);
    assert_int_equal(c.rope[1].kind, LM_ROPE_PLAIN);
    same((double)c.attn_scale, 1.0 / 16);
    assert_true(c.attn_cap <= 0 && c.logit_cap <= 0);
    load("gemma-2-2b", &c);
    same((double)c.attn_cap, 50);
    same((double)c.logit_cap, 30);
    load("tinystories-1m", &c);
    same((double)c.attn_scale, 1);
    load("qwen2.5-0.5b", &c);
    assert_true(c.qkv_bias && !c.proj_bias && !c.mlp_bias);
    load("pythia-70m", &c);
    assert_true(c.qkv_bias && c.proj_bias && c.mlp_bias);
}

/* A file with one part of it in another's place. */
static void check_changed(const char *name, const char *from, const char *to,
                          enum err code, const char *part)
{
    struct errinfo e = {0};
    struct lm_config c = {0};
    struct str s;
    char *text = NULL;
    read_text(name, &text);
    const char *at = strstr(text, from);
    assert_non_null(at);
    str_init(&s, 1u << 20);
    str_addn(&s, text, (size_t)(at - text));
    str_add(&s, to);
    str_add(&s, at + strlen(from));
    if (code == OK) {
        assert_ok(parse(s.p, &c, &e), &e);
    } else {
        check_error(parse(s.p, &c, &e), code, &e, part);
        assert_true(strncmp(e.msg, "config.json", 11) == 0);
        assert_int_equal(c.n_layer, 0);
    }
    str_free(&s);
    mem_free(text);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *from, *to, *part;
    } cases[] = {
        {"smollm2-135m", "\"llama\"", "\"mamba\"",
         "expected one of those supported: gpt2, gpt_neo, gpt_neox, llama, mistral, "
         "qwen2, qwen3, gemma2, gemma3_text, gemma3"},
        {"smollm2-135m", "\"num_key_value_heads\": 3", "\"num_key_value_heads\": 2",
         "num_key_value_heads: found 2, expected a divisor of num_attention_heads (9)"},
        {"smollm2-135m", "\"rope_scaling\": null",
         "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0}",
         "rope_scaling.rope_type: found \"yarn\", expected default, linear or llama3"},
        {"smollm2-135m", "\"silu\"", "\"mish\"", "hidden_act: found \"mish\""},
        {"smollm2-135m", "\"hidden_size\": 576", "\"hidden_size\": 577", "divisor"},
        {"llama-3.2-1b", "\"mlp_bias\": false",
         "\"quantization_config\": {\"quant_method\": \"gptq\"}",
         "quantization_config: found weights packed by \"gptq\""},
        {"llama-3.2-1b", "\"high_freq_factor\": 4.0", "\"high_freq_factor\": 1.0",
         "high_freq_factor: found 1, expected more than low_freq_factor (1)"},
        {"llama-3.2-1b", "\"head_dim\": 64", "\"head_dim\": 63", "even number"},
        {"pythia-70m", "\"rotary_pct\": 0.25", "\"rotary_pct\": 0.0", "even number"},
        {"gemma-3-270m", "\"use_bidirectional_attention\": false",
         "\"use_bidirectional_attention\": true", "use_bidirectional_attention"},
        {"gemma-3-270m", "\"num_hidden_layers\": 18", "\"num_hidden_layers\": 19",
         "layer_types: found 18 blocks, expected 19"},
        {"gemma-3-270m", "\"full_attention\"", "\"chunked_attention\"",
         "layer_types: found \"chunked_attention\" for block 5"},
        {"tinystories-1m", "\"num_layers\": 8", "\"num_layers\": 9",
         "attention_layers: found 8 blocks, expected 9"},
        {"gemma-3-4b", "\"num_hidden_layers\": 34", "\"num_hidden_layers\": -1",
         "text_config.num_hidden_layers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_changed(cases[i].file, cases[i].from, cases[i].to, ERR_FORMAT,
                      cases[i].part);
    }
    check_changed("smollm2-135m", "\"silu\"", "\"gelu\"", OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
