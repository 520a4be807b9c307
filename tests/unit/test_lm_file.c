/* Model directories: round trip, sharded and prefixed files, configurations and weights
 * made to mislead. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "lm/lm.h"
#include "lm/lm_config.h"
#include "lm/lm_tensor.h"
#include "num/blas.h"
#include "text/bpe_train.h"
#include "unit/check.h"

#include <math.h>
#include <sys/stat.h>

static bool one_document(void *ctx, const char **text, size_t *len, enum err *rc,
                         struct errinfo *e)
{
    (void)rc;
    (void)e;
    int *left = ctx;
    *text = "the dog saw the cat and the cat saw the dog and the dog ran to the cat";
    *len = strlen(*text);
    return (*left)-- > 0;
}

static struct tok *make_tok(void)
{
    struct errinfo e;
    struct tok *t = NULL;
    int left = 3;
    const struct bpe_train_opts o = {.vocab = 270};
    assert_ok(bpe_train(&o, one_document, &left, &t, &e), &e);
    return t;
}

/* A small model with drawn weights. */
static struct lm *make_model(void)
{
    struct errinfo e;
    struct lm *m = mem_alloc(1, sizeof *m);
    assert_non_null(m);
    m->tok = make_tok();
    m->cfg = (struct lm_config){.family = lm_family_find("gpt2"),
                                .n_layer = 2,
                                .n_head = 2,
                                .d_model = 8,
                                .d_ff = 24,
                                .n_ctx = 6,
                                .vocab = tok_vocab(m->tok),
                                .ln_eps = 1e-5f};
    assert_ok(lm_weights_init(&m->w, &m->cfg, &e), &e);
    struct rng r = rng_begin(7, RNG_INIT, 0);
    for (size_t i = 0; i < m->w.count; i++) {
        m->w.arena[i] = (float)rng_normal(&r);
    }
    return m;
}

static void check_same(const struct lm *a, const struct lm *b)
{
    struct errinfo e;
    struct lm_weights w;
    assert_ok(lm_weights_read(b, &w, &e), &e);
    assert_int_equal(a->w.count, w.count);
    assert_memory_equal(a->w.arena, w.arena, w.count * sizeof(float));
    lm_weights_deinit(&w);
    assert_ptr_equal(a->cfg.family, b->cfg.family);
    assert_int_equal(a->cfg.n_head, b->cfg.n_head);
    assert_int_equal(a->cfg.d_ff, b->cfg.d_ff);
    assert_memory_equal(&a->cfg.ln_eps, &b->cfg.ln_eps, sizeof(float));
    assert_int_equal(tok_vocab(a->tok), tok_vocab(b->tok));
}

static void test_tensors_cover_the_arena(void **state)
{
    (void)state;
    struct lm *m = make_model();
    size_t sum = 0;
    for (size_t i = 0; i < lm_tensor_count(&m->cfg); i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, &m->w, i);
        assert_ptr_equal(t.p, m->w.arena + sum);
        sum += t.count;
    }
    assert_int_equal(sum, m->w.count);
    lm_free(m);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    assert_ok(lm_save(m, dir, &e), &e);
    struct lm *back = NULL;
    struct lm *again = NULL;
    assert_ok(lm_load(dir, &back, &e), &e);
    assert_ok(lm_load(dir, &again, &e), &e);
    check_same(m, back);
    assert_string_equal(back->dir, dir);
    assert_true(back->hash == again->hash);
    /* One weight changes the hash. */
    m->w.lnf_b[3] += 0.5f;
    assert_ok(lm_save(m, dir, &e), &e);
    lm_free(again);
    assert_ok(lm_load(dir, &again, &e), &e);
    assert_true(back->hash != again->hash);
    lm_free(again);
    lm_free(back);
    lm_free(m);
    tmp_drop(dir);
}

/* Write tensors first..last-1 of m under names with a prefix, as one file. */
static void write_part(const struct lm *m, const char *path, const char *prefix,
                       size_t first, size_t last)
{
    struct errinfo e;
    struct st_tensor list[64];
    char names[64][128];
    size_t n = 0;
    for (size_t i = first; i < last; i++, n++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, &m->w, i);
        (void)snprintf(names[n], sizeof names[n], "%s%s", prefix, t.name);
        list[n] = (struct st_tensor){.name = names[n],
                                     .dtype = ST_F32,
                                     .ndim = t.ndim,
                                     .shape = {t.shape[0], t.shape[1]},
                                     .data = t.p,
                                     .bytes = t.count * sizeof(float)};
    }
    assert_ok(st_write(path, list, n, NULL, 0, &e), &e);
}

static void test_without_prefix(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512], path[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    struct lm *back = NULL;
    assert_ok(lm_save(m, dir, &e), &e);
    write_part(m, tmp_path(path, dir, "model.safetensors"), "", 0,
               lm_tensor_count(&m->cfg));
    assert_ok(lm_load(dir, &back, &e), &e);
    check_same(m, back);
    lm_free(back);
    lm_free(m);
    tmp_drop(dir);
}

/* An index that sends the first five tensors to one file, the others to a second. */
static void write_index(const struct lm *m, const char *path, const char *second)
{
    struct errinfo e;
    struct str s;
    str_init(&s, 1u << 20);
    str_add(&s, "{\"metadata\": {}, \"weight_map\": {");
    for (size_t i = 0; i < lm_tensor_count(&m->cfg); i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, NULL, i);
        str_addf(&s, "%s\"transformer.%s\": \"%s\"", i ? ", " : "", t.name,
                 i < 5 ? "a.safetensors" : second);
    }
    str_add(&s, "}}");
    assert_ok(file_write_text(path, s.p, &e), &e);
    str_free(&s);
}

static void test_sharded(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512], path[512], index[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    struct lm *back = NULL;
    assert_ok(lm_save(m, dir, &e), &e);
    assert_int_equal(remove(tmp_path(path, dir, "model.safetensors")), 0);
    write_part(m, tmp_path(path, dir, "a.safetensors"), "transformer.", 0, 5);
    write_part(m, tmp_path(path, dir, "b.safetensors"), "transformer.", 5,
               lm_tensor_count(&m->cfg));
    (void)tmp_path(index, dir, "model.safetensors.index.json");
    write_index(m, index, "b.safetensors");
    assert_ok(lm_load(dir, &back, &e), &e);
    check_same(m, back);
    /* Of what size the model is: of all its files. */
    struct stat a, b;
    assert_int_equal(stat(path, &b), 0);
    assert_int_equal(stat(tmp_path(path, dir, "a.safetensors"), &a), 0);
    assert_int_equal(lm_file_bytes(back), a.st_size + b.st_size);
    assert_int_equal(lm_file_bytes(m), 0);
    lm_free(back);
    back = NULL;
    /* A file outside the directory, a missing one, one that lacks the tensor. */
    write_index(m, index, "../b.safetensors");
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e, "plain file name");
    write_index(m, index, "c.safetensors");
    check_error(lm_load(dir, &back, &e), ERR_MISSING, &e, "c.safetensors");
    write_index(m, index, "a.safetensors");
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e, "no tensor");
    assert_null(back);
    lm_free(m);
    tmp_drop(dir);
}

static void test_missing_parts(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512], path[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    struct lm *back = NULL;
    check_error(lm_load(tmp_path(path, dir, "none"), &back, &e), ERR_MISSING, &e,
                "none");
    check_error(lm_load(dir, &back, &e), ERR_MISSING, &e, "config.json");
    static const char *const files[] = {"config.json", "model.safetensors",
                                        "tokenizer.json"};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(lm_save(m, dir, &e), &e);
        assert_int_equal(remove(tmp_path(path, dir, files[i])), 0);
        check_error(lm_load(dir, &back, &e), ERR_MISSING, &e, files[i]);
    }
    assert_null(back);
    lm_free(m);
    tmp_drop(dir);
}

/* Configurations that do not fit the tensors of the file. */
static void test_wrong_shapes(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512], path[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    struct lm *back = NULL;
    const size_t n = lm_tensor_count(&m->cfg);
    assert_ok(lm_save(m, dir, &e), &e);
    (void)tmp_path(path, dir, "model.safetensors");

    m->cfg.n_layer = 1; /* one block is not in the file */
    write_part(m, path, "transformer.", 0, n - 12);
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e,
                "no tensor transformer.h.1.ln_1.weight");
    m->cfg.n_layer = 2;
    m->cfg.d_ff = 20;
    write_part(m, path, "", 0, n);
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e,
                "tensor h.0.mlp.c_fc.weight: found shape [8, 20], expected [8, 24]");
    m->cfg.d_ff = 24;
    assert_null(back);
    /* Fewer rows than the tokenizer has ids: a text that holds such an id is
     * refused. */
    struct tok_ids ids = {0};
    m->cfg.vocab = 261;
    assert_ok(lm_save(m, dir, &e), &e);
    assert_ok(lm_load(dir, &back, &e), &e);
    assert_ok(tok_encode(back->tok, "x", 1, &ids, &e), &e);
    check_error(tok_encode(back->tok, "the dog saw", 11, &ids, &e), ERR_FORMAT, &e,
                "expected less than vocab_size 261");
    assert_int_equal(ids.n, 1);
    tok_ids_free(&ids);
    lm_free(back);
    m->cfg.vocab = 1; /* not even the marks of a row */
    assert_ok(lm_save(m, dir, &e), &e);
    back = NULL;
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e, "vocab_size");
    assert_null(back);
    m->cfg.vocab = tok_vocab(m->tok);
    lm_free(m);
    tmp_drop(dir);
}

/* A weight that is NaN is refused when the model is opened, with file, tensor and
 * place. */
static void test_not_finite(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[512];
    tmp_make(dir, sizeof dir);
    struct lm *m = make_model();
    struct lm *back = NULL;
    m->w.block[1].fc_w[2 * m->cfg.d_ff + 3] = NAN;
    assert_ok(lm_save(m, dir, &e), &e);
    check_error(lm_load(dir, &back, &e), ERR_FORMAT, &e,
                "model.safetensors: transformer.h.1.mlp.c_fc.weight: found nan at "
                "[2, 3], expected finite numbers");
    assert_null(back);
    lm_free(m);
    tmp_drop(dir);
}

static void check_config(const char *json, enum err code, const char *part)
{
    struct errinfo e = {0};
    struct lm_config cfg = {0};
    check_error(lm_config_parse(json, strlen(json), "config.json", &cfg, &e), code, &e,
                part);
    assert_true(strncmp(e.msg, "config.json", 11) == 0);
    assert_int_equal(cfg.n_layer, 0);
}

#define GPT2(n_layer, n_embd, n_head, n_positions, vocab)                              \
    "{\"model_type\": \"gpt2\", \"n_layer\": " n_layer ", \"n_embd\": " n_embd         \
    ", \"n_head\": " n_head ", \"n_positions\": " n_positions                          \
    ", \"vocab_size\": " vocab "}"

static void test_hostile_config(void **state)
{
    (void)state;
    check_config("", ERR_FORMAT, "config.json");
    check_config("[1]", ERR_FORMAT, "model_type");
    check_config("{\"model_type\": \"mamba\"}", ERR_FORMAT, "supported: gpt2, gpt_neo");
    check_config("{\"model_type\": 3}", ERR_FORMAT, "model_type");
    check_config("{\"model_type\": \"gpt2\"}", ERR_FORMAT, "n_layer");
    check_config(GPT2("1000000000", "768", "12", "1024", "50257"), ERR_FORMAT,
                 "n_layer");
    check_config(GPT2("-1", "768", "12", "1024", "50257"), ERR_FORMAT, "n_layer");
    check_config(GPT2("1e300", "768", "12", "1024", "50257"), ERR_FORMAT, "n_layer");
    check_config(GPT2("12", "768", "0", "1024", "50257"), ERR_FORMAT, "n_head");
    check_config(GPT2("12", "768", "7", "1024", "50257"), ERR_FORMAT, "divisor");
    check_config(GPT2("12", "1.5", "1", "1024", "50257"), ERR_FORMAT, "n_embd");
    check_config(GPT2("12", "768", "12", "0", "50257"), ERR_FORMAT, "n_positions");
    check_config(GPT2("12", "768", "12", "1024", "99999999999"), ERR_FORMAT, "vocab");
    /* Each within its limit, but 2^40 weights together. */
    check_config(GPT2("1000", "65536", "64", "1048576", "16777216"), ERR_LIMIT,
                 "weights");
    check_config(GPT2("2", "8", "2", "6", "11, \"activation_function\": \"tanh\""),
                 ERR_FORMAT, "gelu_new");
    check_config(GPT2("2", "8", "2", "6", "11, \"scale_attn_weights\": false"),
                 ERR_FORMAT, "scale_attn_weights");
}

static void test_config_of_gpt2_small(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm_config cfg;
    const char *json = GPT2("12", "768", "12", "1024", "50257");
    assert_ok(lm_config_parse(json, strlen(json), "config.json", &cfg, &e), &e);
    size_t count = 0;
    assert_ok(lm_weight_count(&cfg, &count, &e), &e);
    assert_int_equal(count, 124439808); /* GPT-2 small's published size */
    assert_int_equal(cfg.d_ff, 3072);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors_cover_the_arena),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_without_prefix),
        cmocka_unit_test(test_sharded),
        cmocka_unit_test(test_missing_parts),
        cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_hostile_config),
        cmocka_unit_test(test_config_of_gpt2_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
