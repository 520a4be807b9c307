/* SAEs of other tools: files in each layout, made from one set of numbers, must give
 * what a naive forward of those numbers gives; before and after folding. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "num/blas.h"
#include "sae/sae_tensors.h"
#include "tiny_formats.h"
#include "tiny_sae.h"

#include <math.h>

static char dir[128], path[512];

static int begin(void **state)
{
    (void)state;
    num_init();
    return 0;
}

static int make_dir(void **state)
{
    (void)state;
    tmp_make(dir, sizeof dir);
    return 0;
}

static int drop_dir(void **state)
{
    (void)state;
    tmp_drop(dir);
    return 0;
}

/* Checks that the SAE loaded from `where` reconstructs as `want` does: before folding,
 * and after it if saetop runs this kind. */
static void assert_loads(const char *where, const char *format,
                         const struct sae_tensors *want, bool runs)
{
    struct errinfo e;
    struct sae_tensors *got;
    struct sae *s = NULL;
    float x[N * D], ours[N * D];
    struct rng r = rng_begin(9, RNG_SAMPLE, 3);
    for (size_t i = 0; i < N * D; i++) {
        x[i] = (float)rng_normal(&r) * 2.0f + 0.5f;
    }
    assert_string_equal(foreign_format_of(where), format);
    assert_ok(foreign_tensors(where, &got, &e), &e);
    for (size_t b = 0; b < N; b++) {
        double theirs[D], read[D];
        forward(want, x + b * D, theirs);
        forward(got, x + b * D, read);
        for (size_t d = 0; d < D; d++) {
            if (!(fabs(theirs[d] - read[d]) <= 1e-6)) {
                fail_msg("row %zu: read %g, expected %g", b, read[d], theirs[d]);
            }
        }
    }
    sae_tensors_free(got);
    if (!runs) {
        return;
    }
    struct sae_codes c = {0};
    assert_ok(foreign_load(where, &s, NULL, &e), &e);
    assert_ok(sae_encode(s, x, N, NULL, &c, &e), &e);
    sae_decode(s, &c, ours);
    for (size_t b = 0; b < N; b++) {
        double theirs[D];
        forward(want, x + b * D, theirs);
        for (size_t d = 0; d < D; d++) {
            if (!(fabs(theirs[d] - (double)ours[b * D + d]) <= 1e-5)) {
                fail_msg("row %zu: reconstructed %g, expected %g", b,
                         (double)ours[b * D + d], theirs[d]);
            }
        }
    }
    sae_codes_deinit(&c);
    sae_free(s);
}

static void assert_refused(const char *where, const char *part)
{
    struct errinfo e;
    struct sae *s;
    const enum err rc = foreign_load(where, &s, NULL, &e);
    if (rc == OK || !strstr(e.msg, part) || !strstr(e.msg, dir)) {
        fail_msg("found %s \"%s\", expected \"%s\"", err_text(rc), e.msg, part);
    }
}

/* Matryoshka's prefixes are known; saved and loaded again they still are. */
static void assert_prefixes(const char *where, size_t n, const size_t *width)
{
    struct errinfo e;
    struct sae *s;
    struct foreign_meta m;
    char copy[128];
    tmp_make(copy, sizeof copy);
    for (int i = 0; i < 2; i++) {
        assert_ok(foreign_load(i == 0 ? where : copy, &s, &m, &e), &e);
        assert_string_equal(sae_arch_name(s->arch), n > 0 ? "matryoshka" : "batchtopk");
        assert_int_equal(m.groups, n);
        assert_memory_equal(m.width, width, n * sizeof *width);
        const struct sae_meta meta = foreign_sae_meta(&m);
        assert_ok(sae_save(s, &meta, copy, &e), &e);
        sae_free(s);
    }
    tmp_drop(copy);
}

static void write_text(const char *name, const char *text)
{
    struct errinfo e;
    assert_ok(file_write_text(tmp_path(path, dir, name), text, &e), &e);
}

/* ---- SAELens ---- */

static void write_saelens(const struct sae_tensors *t, const char *cfg,
                          const float *topk_threshold, const float *factor)
{
    struct errinfo e;
    struct st_tensor tensors[8];
    size_t n = 0;
    const size_t mat = F * D * sizeof(float), row = F * sizeof(float);
    tensors[n++] =
        (struct st_tensor){"W_enc", ST_F32, 2, {D, F}, turned(t->W_enc), mat};
    tensors[n++] = (struct st_tensor){"W_dec", ST_F32, 2, {F, D}, t->W_dec, mat};
    tensors[n++] = (struct st_tensor){
        t->b_mag ? "b_gate" : "b_enc", ST_F32, 1, {F}, t->b_enc, row};
    tensors[n++] =
        (struct st_tensor){"b_dec", ST_F32, 1, {D}, t->b_dec, D * sizeof(float)};
    if (t->b_mag) {
        tensors[n++] = (struct st_tensor){"b_mag", ST_F32, 1, {F}, t->b_mag, row};
        tensors[n++] = (struct st_tensor){"r_mag", ST_F32, 1, {F}, t->r_mag, row};
    }
    if (topk_threshold) {
        tensors[n++] =
            (struct st_tensor){"topk_threshold", ST_F32, 0, {0}, topk_threshold, 4};
    } else if (t->threshold) {
        tensors[n++] =
            (struct st_tensor){"threshold", ST_F32, 1, {F}, t->threshold, row};
    }
    if (factor) {
        tensors[n++] =
            (struct st_tensor){"scaling_factor", ST_F32, 1, {F}, factor, row};
    }
    assert_ok(st_write(tmp_path(path, dir, "sae_weights.safetensors"), tensors, n, NULL,
                       0, &e),
              &e);
    write_text("cfg.json", cfg);
}

#define SIZES "\"d_in\":6,\"d_sae\":11,"
#define V6    ",\"metadata\":{\"sae_lens_version\":\"6.18.0\"}}"

static void saelens_kinds(void **state)
{
    (void)state;
    struct sae_tensors *t = numbers(TENSORS_RELU, false);
    write_saelens(t, "{" SIZES "\"architecture\":\"standard\"" V6, NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    t->apply_b_dec = false;
    write_saelens(
        t, "{" SIZES "\"architecture\":\"standard\",\"apply_b_dec_to_input\":false" V6,
        NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);

    t = numbers(TENSORS_TOPK, false);
    t->rescale = true;
    write_saelens(t,
                  "{" SIZES "\"architecture\":\"topk\",\"k\":4,"
                  "\"rescale_acts_by_decoder_norm\":true" V6,
                  NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    t->rescale = false;
    write_saelens(t, "{" SIZES "\"architecture\":\"topk\",\"k\":4" V6, NULL, NULL);
    assert_loads(dir, "saelens", t, false);
    assert_refused(dir, "row norms");
    sae_tensors_free(t);

    t = numbers(TENSORS_JUMP, true);
    write_saelens(t, "{" SIZES "\"architecture\":\"jumprelu\"" V6, NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    same_threshold(t, 0.4f);
    write_saelens(t, "{" SIZES "\"architecture\":\"jumprelu\"" V6, NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);

    t = numbers(TENSORS_GATED, false);
    write_saelens(t, "{" SIZES "\"architecture\":\"gated\"" V6, NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);
}

/* A training checkpoint: one threshold, for activations times decoder norms. */
static void saelens_checkpoint(void **state)
{
    (void)state;
    const float theta = 0.7f;
    struct sae_tensors *t = numbers(TENSORS_JUMP, false);
    for (size_t j = 0; j < F; j++) {
        double norm2 = 0;
        for (size_t d = 0; d < D; d++) {
            norm2 += (double)t->W_dec[j * D + d] * (double)t->W_dec[j * D + d];
        }
        t->threshold[j] = (float)((double)theta / sqrt(norm2));
    }
    write_saelens(t, "{" SIZES "\"architecture\":\"matryoshka_batchtopk\",\"k\":2.5" V6,
                  &theta, NULL);
    assert_loads(dir, "saelens", t, true);
    struct errinfo e;
    struct sae *got = NULL;
    struct foreign_meta m;
    assert_ok(foreign_load(dir, &got, &m, &e), &e);
    assert_true(fabs(got->k - 2.5) < 1e-12);
    sae_free(got);
    /* Prefixes: the last may be missing; more than saetop can have are left out. */
#define NESTED(widths)                                                                 \
    "{" SIZES "\"architecture\":\"matryoshka_batchtopk\",\"k\":2,"                     \
    "\"matryoshka_widths\":" widths V6
    write_saelens(t, NESTED("[2,5]"), &theta, NULL);
    assert_prefixes(dir, 3, (const size_t[]){2, 5, 11});
    write_saelens(t, NESTED("[1,11]"), &theta, NULL);
    assert_prefixes(dir, 2, (const size_t[]){1, 11});
    write_saelens(t, NESTED("[]"), &theta, NULL);
    assert_prefixes(dir, 0, NULL);
    write_saelens(t,
                  NESTED("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,"
                         "24,25,26,27,28,29,30,31,32,33]"),
                  &theta, NULL);
    assert_prefixes(dir, 0, NULL);
    static const char *const wrong[] = {NESTED("[5,2]"), NESTED("[2.5]"),
                                        NESTED("[\"2\"]"), NESTED("[2,12]"),
                                        NESTED("[-1]")};
    for (size_t i = 0; i < 5; i++) {
        write_saelens(t, wrong[i], &theta, NULL);
        assert_refused(dir, "cfg.json: matryoshka_widths: found the width");
    }
    /* With a normalisation that is not folded in yet. */
    t->scale = 1.75;
    write_saelens(t,
                  "{" SIZES "\"architecture\":\"batchtopk\",\"k\":2,"
                  "\"normalize_activations\":\"expected_average_only_in\"" V6,
                  &theta, NULL);
    assert_refused(dir, "without activation_scaler.json");
    write_text("activation_scaler.json", "{\"scaling_factor\":1.75}");
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);
}

static void saelens_norms(void **state)
{
    (void)state;
    struct sae_tensors *t = numbers(TENSORS_RELU, true);
    t->norm = SAE_NORM_LAYER;
    write_saelens(t,
                  "{" SIZES "\"architecture\":\"standard\","
                  "\"normalize_activations\":\"layer_norm\"" V6,
                  NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    t->norm = SAE_NORM_CONSTANT;
    write_saelens(t,
                  "{" SIZES "\"architecture\":\"standard\","
                  "\"normalize_activations\":\"constant_norm_rescale\"" V6,
                  NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);
}

/* The flat configuration of before version 6. */
static void saelens_flat(void **state)
{
    (void)state;
    struct errinfo e;
    struct foreign_meta m;
    struct sae *s;
    struct sae_tensors *t = numbers(TENSORS_RELU, false);
    float ones[F], factor[F];
    for (size_t j = 0; j < F; j++) {
        ones[j] = 1;
        factor[j] = 0.5f + 0.1f * (float)j;
    }
    /* Like gpt2-small-res-jb: TransformerLens centred the activations. */
    t->centre = true;
    write_saelens(t,
                  "{" SIZES "\"hook_point\":\"blocks.8.hook_resid_pre\","
                  "\"model_name\":\"gpt2-small\",\"context_size\":128,"
                  "\"normalize_activations\":false,\"activation_fn_str\":\"relu\"}",
                  NULL, ones);
    assert_loads(dir, "saelens", t, true);
    assert_ok(foreign_load(dir, &s, &m, &e), &e);
    assert_string_equal(m.model, "gpt2-small");
    assert_string_equal(m.hook, "blocks.8.hook_resid_pre");
    assert_int_equal(m.context, 128);
    assert_true(m.prepend_bos);
    sae_free(s);
    /* So it did with what is written to the stream, and with its copy for the MLP; not
     * with what is within an attention or an MLP. */
    static const struct {
        const char *hook;
        bool centred;
    } cases[] = {{"hook_attn_out", true}, {"hook_mlp_out", true},
                 {"hook_mlp_in", true},   {"mlp.hook_post", false},
                 {"mlp.hook_in", false},  {"ln2.hook_normalized", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char cfg[400];
        snprintf(cfg, sizeof cfg,
                 "{" SIZES "\"hook_point\":\"blocks.8.%s\",\"model_name\":"
                 "\"gpt2-small\",\"context_size\":128,\"activation_fn_str\":\"relu\"}",
                 cases[i].hook);
        t->centre = cases[i].centred;
        write_saelens(t, cfg, NULL, ones);
        assert_loads(dir, "saelens", t, true);
    }
    t->centre = false;
    write_saelens(
        t,
        "{" SIZES "\"hook_name\":\"blocks.8.hook_resid_pre\","
        "\"sae_lens_version\":\"4.1.0\",\"normalize_activations\":null,"
        "\"model_from_pretrained_kwargs\":{\"center_writing_weights\":false}}",
        NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    write_saelens(t, "{" SIZES "\"activation_fn\":\"relu\"}", NULL, factor);
    assert_refused(dir, "scaling_factor: found 0.5");
    for (size_t j = 0; j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            t->W_dec[j * D + d] *= factor[j];
        }
    }
    struct sae_tensors *plain = numbers(TENSORS_RELU, false);
    write_saelens(plain,
                  "{" SIZES "\"finetuning_scaling_factor\":true,"
                  "\"activation_fn\":\"relu\"}",
                  NULL, factor);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(plain);
    sae_tensors_free(t);

    t = numbers(TENSORS_TOPK, true);
    write_saelens(t,
                  "{" SIZES "\"activation_fn_str\":\"topk\","
                  "\"activation_fn_kwargs\":{\"k\":4}}",
                  NULL, NULL);
    assert_loads(dir, "saelens", t, true);
    sae_tensors_free(t);
}

static void saelens_refused(void **state)
{
    (void)state;
    static const struct {
        const char *cfg, *part;
    } cases[] = {
        {"{" SIZES "\"architecture\":\"transcoder\"" V6, "found \"transcoder\""},
        {"{" SIZES "\"activation_fn\":\"tanh-relu\"}", "activation_fn: found \"tanh-"},
        {"{" SIZES "\"architecture\":\"topk\",\"k\":12" V6, "k: found 12"},
        {"{" SIZES
         "\"architecture\":\"standard\",\"reshape_activations\":\"hook_z\"" V6,
         "reshape_activations: found \"hook_z\""},
        {"{" SIZES "\"architecture\":\"standard\","
         "\"normalize_activations\":\"covariance_whitening\"" V6,
         "normalize_activations: found \"covariance_whitening\""},
        {"{\"d_in\":6,\"d_sae\":12}", "d_sae: found 12, expected 11"},
        {"{\"d_in\":6,\"d_sae\":1152921504606846976}", "d_sae"},
        {"{\"d_in\":7,\"d_sae\":11}", "d_in: found 7, expected 6"},
        {"[]", "expected an object"},
    };
    struct sae_tensors *t = numbers(TENSORS_TOPK, true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_saelens(t, cases[i].cfg, NULL, NULL);
        assert_refused(dir, cases[i].part);
    }
    sae_tensors_free(t);
}

/* ---- sparsify ---- */

static void sparsify(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae_tensors *t = numbers(TENSORS_TOPK, true);
    const size_t mat = F * D * sizeof(float);
    struct st_tensor tensors[5] = {
        {"encoder.weight", ST_F32, 2, {F, D}, t->W_enc, mat},
        {"encoder.bias", ST_F32, 1, {F}, t->b_enc, F * sizeof(float)},
        {"W_dec", ST_F32, 2, {F, D}, t->W_dec, mat},
        {"b_dec", ST_F32, 1, {D}, t->b_dec, D * sizeof(float)},
        {"W_skip", ST_F32, 2, {D, D}, t->W_dec, D * D * sizeof(float)},
    };
    tmp_path(path, dir, "sae.safetensors");
    assert_ok(st_write(path, tensors, 4, NULL, 0, &e), &e);
    write_text("cfg.json", "{\"activation\":\"topk\",\"expansion_factor\":32,"
                           "\"num_latents\":11,\"k\":4,\"d_in\":6,"
                           "\"skip_connection\":false,\"transcode\":false}");
    assert_loads(dir, "sparsify", t, true);
    /* Turned by a converter. */
    tensors[2].shape[0] = D;
    tensors[2].shape[1] = F;
    tensors[2].data = turned(t->W_dec);
    assert_ok(st_write(tmp_path(path, dir, "sae.safetensors"), tensors, 4, NULL, 0, &e),
              &e);
    assert_loads(dir, "sparsify", t, true);
    assert_ok(st_write(tmp_path(path, dir, "sae.safetensors"), tensors, 5, NULL, 0, &e),
              &e);
    assert_refused(dir, "W_skip: found a tensor that is not understood");
    static const struct {
        const char *cfg, *part;
    } cases[] = {
        {"{\"k\":4,\"d_in\":6,\"activation\":\"groupmax\"}",
         "activation: found \"group"},
        {"{\"k\":4,\"d_in\":6,\"skip_connection\":true}",
         "skip_connection: found true"},
        {"{\"k\":4,\"d_in\":6,\"transcode\":true}", "transcode: found true"},
        {"{\"d_in\":6}", "k: found 32, expected at most 11"},
        {"{\"k\":4,\"d_in\":6,\"gram_lookup\":true}", "gram_lookup: found true"},
    };
    assert_ok(st_write(tmp_path(path, dir, "sae.safetensors"), tensors, 4, NULL, 0, &e),
              &e);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_text("cfg.json", cases[i].cfg);
        assert_refused(dir, cases[i].part);
    }
    sae_tensors_free(t);
}

/* ---- dictionary_learning ---- */

/* The tensors of nn.Linear's layout. */
static size_t linear(const struct sae_tensors *t, struct torch_item *out,
                     const char *b_enc, const char *b_dec)
{
    out[0] = (struct torch_item){.name = "encoder.weight",
                                 .data = t->W_enc,
                                 .rows = F,
                                 .cols = D,
                                 .turned = true};
    out[1] = (struct torch_item){
        .name = "decoder.weight", .data = turned(t->W_dec), .rows = D, .cols = F};
    out[2] = (struct torch_item){.name = b_enc, .data = t->b_enc, .rows = F};
    out[3] = (struct torch_item){.name = b_dec, .data = t->b_dec, .rows = D};
    return 4;
}

static void write_dict(const char *class, int k, const struct torch_item *items,
                       size_t n)
{
    char cfg[400];
    snprintf(
        cfg, sizeof cfg,
        "{\"trainer\":{\"dict_class\":\"%s\",\"activation_dim\":6,\"dict_size\":11,"
        "\"k\":%d,\"layer\":4,\"lm_name\":\"EleutherAI/pythia-70m\","
        "\"submodule_name\":\"resid_post_layer_4\"},\"buffer\":{\"ctx_len\":128}}",
        class, k);
    write_text("config.json", cfg);
    torch_make(tmp_path(path, dir, "ae.pt"), items, n);
}

static void dictlearn_linear(void **state)
{
    (void)state;
    struct errinfo e;
    struct foreign_meta m;
    struct sae *s;
    struct torch_item items[8];
    struct sae_tensors *t = numbers(TENSORS_RELU, false);
    size_t n = linear(t, items, "encoder.bias", "bias");
    write_dict("AutoEncoder", 1, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    assert_loads(tmp_path(path, dir, "ae.pt"), "dictionary_learning", t, true);
    assert_ok(foreign_load(dir, &s, &m, &e), &e);
    assert_string_equal(m.hook, "blocks.4.hook_resid_post");
    assert_string_equal(m.model, "EleutherAI/pythia-70m");
    assert_int_equal(m.context, 128);
    sae_free(s);
    t->apply_b_dec = false;
    n = linear(t, items, "encoder.bias", "decoder.bias");
    write_dict("AutoEncoderNew", 1, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    assert_int_equal(remove(tmp_path(path, dir, "config.json")), 0);
    assert_loads(dir, "dictionary_learning", t, true);
    sae_tensors_free(t);

    t = numbers(TENSORS_GATED, false);
    n = linear(t, items, "gate_bias", "decoder_bias");
    items[n++] = (struct torch_item){.name = "mag_bias", .data = t->b_mag, .rows = F};
    items[n++] = (struct torch_item){.name = "r_mag", .data = t->r_mag, .rows = F};
    write_dict("GatedAutoEncoder", 1, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    sae_tensors_free(t);

    t = numbers(TENSORS_TOPK, true);
    const float theta = 0.45f;
    n = linear(t, items, "encoder.bias", "b_dec");
    items[n++] = (struct torch_item){.name = "k", .value = 4};
    items[n++] = (struct torch_item){.name = "threshold", .data = &theta};
    write_dict("AutoEncoderTopK", 4, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    write_dict("AutoEncoderTopK", 5, items, n);
    assert_refused(dir, "trainer.k: found 5, expected 4");
    assert_int_equal(remove(tmp_path(path, dir, "config.json")), 0);
    assert_refused(dir, "could be AutoEncoderTopK or BatchTopKSAE");
    sae_tensors_free(t);

    t = numbers(TENSORS_JUMP, true);
    same_threshold(t, theta);
    n = linear(t, items, "encoder.bias", "b_dec");
    items[n++] = (struct torch_item){.name = "k", .value = 4};
    items[n++] = (struct torch_item){.name = "threshold", .data = &theta};
    write_dict("BatchTopKSAE", 4, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    /* -1: never measured; then all that is positive is active. */
    const float never = -1;
    items[n - 1].data = &never;
    same_threshold(t, never);
    write_dict("BatchTopKSAE", 4, items, n);
    assert_loads(dir, "dictionary_learning", t, true);
    sae_tensors_free(t);
}

static void dictlearn_matrices(void **state)
{
    (void)state;
    const float theta = 0.45f;
    struct sae_tensors *t = numbers(TENSORS_JUMP, true);
    struct torch_item items[8] = {
        {.name = "W_enc", .data = turned(t->W_enc), .rows = D, .cols = F},
        {.name = "W_dec", .data = t->W_dec, .rows = F, .cols = D, .turned = true},
        {.name = "b_enc", .data = t->b_enc, .rows = F},
        {.name = "b_dec", .data = t->b_dec, .rows = D},
        {.name = "threshold", .data = t->threshold, .rows = F},
    };
    t->apply_b_dec = false;
    write_dict("JumpReluAutoEncoder", 1, items, 5);
    assert_loads(dir, "dictionary_learning", t, true);
    t->apply_b_dec = true;
    same_threshold(t, theta);
    items[4] = (struct torch_item){.name = "threshold", .data = &theta};
    items[5] = (struct torch_item){.name = "k", .value = 4};
    items[6] = (struct torch_item){
        .name = "group_sizes", .ints = (const int64_t[]){2, 3, 6}, .rows = 3};
    write_dict("MatryoshkaBatchTopKSAE", 4, items, 7);
    assert_loads(dir, "dictionary_learning", t, true);
    assert_prefixes(dir, 3, (const size_t[]){2, 5, 11});
    /* The file alone says it too. */
    assert_int_equal(remove(tmp_path(path, dir, "config.json")), 0);
    assert_prefixes(dir, 3, (const size_t[]){2, 5, 11});
    const int64_t few[] = {2, 3, 5}, none[] = {0, 5, 6}, more[] = {INT64_MAX, 1, 11};
    const int64_t *const wrong[] = {few, none, more};
    for (size_t i = 0; i < 3; i++) {
        items[6].ints = wrong[i];
        write_dict("MatryoshkaBatchTopKSAE", 4, items, 7);
        assert_refused(dir,
                       "group_sizes: expected positive sizes that add up to the 11");
    }
    items[6] = (struct torch_item){.name = "group_sizes", .data = t->b_enc, .rows = 3};
    write_dict("MatryoshkaBatchTopKSAE", 4, items, 7);
    assert_refused(dir, "group_sizes: expected a vector of integers");
    items[6].ints = (const int64_t[]){2, 3, 6};
    write_dict("CrossCoder", 4, items, 7);
    assert_refused(dir, "trainer.dict_class: found \"CrossCoder\"");
    write_dict("AutoEncoder", 4, items, 7);
    assert_refused(dir, "not understood");
    items[4] =
        (struct torch_item){.name = "threshold", .data = t->threshold, .rows = 4};
    write_dict("MatryoshkaBatchTopKSAE", 4, items, 7);
    assert_refused(dir, "threshold: found shape [4], expected [11]");
    t->W_dec[3] = NAN;
    items[4] = (struct torch_item){.name = "threshold", .data = &theta};
    write_dict("MatryoshkaBatchTopKSAE", 4, items, 7);
    assert_refused(dir, "W_dec: found nan at [0, 3]");
    sae_tensors_free(t);
}

/* ---- Gemma Scope ---- */

static void write_npz(const struct sae_tensors *t, const char *name, bool lower)
{
    static struct blob b[5];
    const size_t mat = F * D * sizeof(float), row = F * sizeof(float);
    npy_make(&b[0], "<f4", false, "(6, 11)", turned(t->W_enc), mat);
    npy_make(&b[1], "<f4", true, "(11, 6)", turned(t->W_dec), mat);
    npy_make(&b[2], "<f4", false, "(11,)", t->b_enc, row);
    npy_make(&b[3], "<f4", false, "(6,)", t->b_dec, D * sizeof(float));
    npy_make(&b[4], "<f4", false, "(11,)", t->threshold, row);
    const struct zip_item items[] = {
        {lower ? "w_enc.npy" : "W_enc.npy", b[0].p, b[0].n},
        {lower ? "w_dec.npy" : "W_dec.npy", b[1].p, b[1].n},
        {"b_enc.npy", b[2].p, b[2].n},
        {"b_dec.npy", b[3].p, b[3].n},
        {"threshold.npy", b[4].p, b[4].n}};
    zip_make(tmp_path(path, dir, name), items, 5, !lower);
}

static void gemma_scope(void **state)
{
    (void)state;
    struct sae_tensors *t = numbers(TENSORS_JUMP, true);
    t->apply_b_dec = false;
    write_npz(t, "params.npz", false);
    assert_loads(dir, "gemma-scope", t, true);
    same_threshold(t, 0.35f);
    write_npz(t, "other.npz", true);
    assert_loads(path, "gemma-scope", t, true);
    sae_tensors_free(t);
}

/* Folders say where an SAE belongs; tensors look the same everywhere. */
static void gemma_scope_folders(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *hook, *model; /* hook NULL: refused */
    } cases[] = {
        {"layer_20/width_16k/average_l0_71", "blocks.20.hook_resid_post", ""},
        {"gemma-scope-2b-pt-res/layer_0/width_16k/average_l0_105",
         "blocks.0.hook_resid_post", "gemma-2-2b"},
        {"models--google--gemma-scope-9b-it-res/snapshots/0a1b/layer_31/width_131k/"
         "average_l0_63",
         "blocks.31.hook_resid_post", "gemma-2-9b-it"},
        {"gemma-scope-9b-pt-att/layer_3/width_16k/average_l0_40",
         "blocks.3.attn.hook_z", "gemma-2-9b"},
        {"gemma-scope-27b-pt-mlp/layer_7/width_16k/average_l0_9",
         "blocks.7.hook_mlp_out", "gemma-2-27b"},
        {"gemma-scope-2-4b-it/resid_post/layer_12_width_16k_l0_medium",
         "blocks.12.hook_resid_post", "gemma-3-4b-it"},
        {"gemma-scope-2-1b-pt/mlp_out/layer_5_width_16k_l0_big",
         "blocks.5.hook_mlp_out", "gemma-3-1b-pt"},
        {"gemma-scope-2b-pt-transcoders/layer_4/width_16k/average_l0_5", NULL, ""},
        {"layer_/width_16k", "", ""},
        {"layer_4th/x", "", ""},
        {"x", "", ""},
    };
    struct sae_tensors *t = numbers(TENSORS_JUMP, true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e;
        struct sae *s;
        struct foreign_meta m;
        char folder[512], file[600];
        assert_ok(file_mkdirs(tmp_path(folder, dir, cases[i].folder), &e), &e);
        snprintf(file, sizeof file, "%s/params.npz", cases[i].folder);
        write_npz(t, file, false);
        if (cases[i].hook) {
            assert_ok(foreign_load(folder, &s, &m, &e), &e);
            assert_string_equal(m.hook, cases[i].hook);
            assert_string_equal(m.model, cases[i].model);
            sae_free(s);
        } else {
            assert_refused(folder, "transcoder");
        }
        assert_int_equal(remove(path), 0);
        while (strlen(folder) > strlen(dir)) {
            assert_int_equal(remove(folder), 0);
            *strrchr(folder, '/') = '\0';
        }
    }
    sae_tensors_free(t);
}

/* ---- OpenAI ---- */

static void openai(void **state)
{
    (void)state;
    struct torch_item items[8];
    struct sae_tensors *t = numbers(TENSORS_RELU, false);
    size_t n = linear(t, items, "latent_bias", "pre_bias");
    items[n++] = (struct torch_item){.name = "activation", .text = "ReLU"};
    items[n++] =
        (struct torch_item){.name = "stats_last_nonzero", .data = t->b_enc, .rows = F};
    torch_make(tmp_path(path, dir, "6.pt"), items, n);
    assert_loads(path, "openai", t, true);
    items[4].text = "Identity";
    torch_make(path, items, n);
    assert_refused(path, "activation: found \"Identity\"");
    items[4].text = "TopK";
    torch_make(path, items, n);
    assert_refused(path, "no tensor activation.k");
    /* A flat name is what the nested dictionary becomes. */
    items[n++] = (struct torch_item){.name = "activation_state_dict.k", .value = 4};
    torch_make(path, items, n);
    sae_tensors_free(t);
    t = numbers(TENSORS_TOPK, true);
    t->norm = SAE_NORM_LAYER;
    (void)linear(t, items, "latent_bias", "pre_bias");
    items[5].data = t->b_enc;
    torch_make(path, items, n);
    assert_loads(path, "openai", t, true);
    sae_tensors_free(t);
}

static void none(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s;
    assert_null(foreign_format_of(dir));
    check_error(foreign_load(dir, &s, NULL, &e), ERR_FORMAT, &e,
                "expected a run or an SAE of one of: saelens, sparsify, openai, "
                "dictionary_learning, gemma-scope");
    check_error(foreign_load("/nowhere", &s, NULL, &e), ERR_MISSING, &e, "not found");
    struct str list;
    str_init(&list, 4096);
    foreign_list(&list);
    assert_non_null(strstr(list.p, "gemma-scope"));
    str_free(&list);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(saelens_kinds),    TEST(saelens_checkpoint),
        TEST(saelens_norms),    TEST(saelens_flat),
        TEST(saelens_refused),  TEST(sparsify),
        TEST(dictlearn_linear), TEST(dictlearn_matrices),
        TEST(gemma_scope),      TEST(gemma_scope_folders),
        TEST(openai),           TEST(none)};
    return cmocka_run_group_tests(tests, begin, NULL);
}
