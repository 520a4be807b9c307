/* Configurations of other tools' SAEs: what absent keys mean, wrong kinds of values,
 * rows that are equal within their type's rounding. */
#include "base/half.h"
#include "base/safetensors.h"
#include "num/blas.h"
#include "sae/sae_tensors.h"
#include "tiny_formats.h"
#include "tiny_sae.h"

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

static void assert_refused(const char *part)
{
    struct errinfo e;
    struct sae *s;
    const enum err rc = foreign_load(dir, &s, NULL, &e);
    if (rc == OK || !strstr(e.msg, part) || !strstr(e.msg, dir)) {
        fail_msg("found %s \"%s\", expected \"%s\"", err_text(rc), e.msg, part);
    }
}

#define SIZES "\"d_in\":6,\"d_sae\":11,"
#define V6    ",\"metadata\":{\"sae_lens_version\":\"6.18.0\"}}"

/* An SAE of SAELens with t's numbers, the matrices stored in `type`. */
static void write_saelens(const struct sae_tensors *t, enum st_dtype type,
                          const char *cfg)
{
    struct errinfo e;
    static uint8_t bytes[2][F * D * 8];
    const size_t size = type == ST_F64 ? 8 : type == ST_F32 ? 4 : 2;
    const float *in[2] = {turned(t->W_enc), t->W_dec};
    for (size_t m = 0; m < 2; m++) {
        for (size_t i = 0; i < F * D; i++) {
            const double wide = (double)in[m][i];
            const uint16_t half = half_of_float(in[m][i]);
            uint32_t bits;
            memcpy(&bits, &in[m][i], sizeof bits);
            const uint16_t brain = (uint16_t)(bits >> 16);
            const void *from = type == ST_F64    ? (const void *)&wide
                               : type == ST_F32  ? (const void *)&in[m][i]
                               : type == ST_BF16 ? (const void *)&brain
                                                 : (const void *)&half;
            memcpy(bytes[m] + i * size, from, size);
        }
    }
    const struct st_tensor tensors[] = {
        {"W_enc", type, 2, {D, F}, bytes[0], F * D * size},
        {"W_dec", type, 2, {F, D}, bytes[1], F * D * size},
        {"b_enc", ST_F32, 1, {F}, t->b_enc, F * sizeof(float)},
        {"b_dec", ST_F32, 1, {D}, t->b_dec, D * sizeof(float)},
    };
    assert_ok(st_write(tmp_path(path, dir, "sae_weights.safetensors"), tensors, 4, NULL,
                       0, &e),
              &e);
    assert_ok(file_write_text(tmp_path(path, dir, "cfg.json"), cfg, &e), &e);
}

/* Meaning of absent keys, by the version of the file; see the table in
 * foreign_saelens.c. */
static void saelens_absent_keys(void **state)
{
    (void)state;
#define HOOK "\"hook_name\":\"blocks.1.hook_resid_post\""
#define NEW(model, more)                                                               \
    "{" SIZES "\"architecture\":\"standard\",\"metadata\":{"                           \
    "\"sae_lens_version\":\"6.54.12\",\"model_name\":\"" model "\"," HOOK more "}}"
#define KWARGS(text) ",\"model_from_pretrained_kwargs\":" text
#define OLD(more)    "{" SIZES HOOK ",\"model_name\":\"gpt2\"" more "}"
#define TRAINED(v)   ",\"sae_lens_training_version\":\"" v "\""
    static const struct {
        const char *cfg;
        bool centred, says_bos;
    } cases[] = {
        /* Version 6: from_pretrained_no_processing, unless told. */
        {NEW("gpt2", ""), false, false},
        {NEW("gpt2", KWARGS("{}")), false, false},
        {NEW("gpt2", KWARGS("null")), false, false},
        {NEW("gpt2", KWARGS("{\"dtype\":\"bfloat16\"}")), false, false},
        {NEW("gpt2", KWARGS("{\"center_writing_weights\":false}")), false, false},
        {NEW("gpt2", KWARGS("{\"center_writing_weights\":true}")), true, false},
        {NEW("gpt2", ",\"prepend_bos\":false"), false, true},
        {NEW("gpt2", ",\"model_class_name\":\"AutoModelForCausalLM\"" KWARGS(
                         "{\"center_writing_weights\":true}")),
         false, false},
        {NEW("gemma-2b", KWARGS("{\"center_writing_weights\":true}")), false, false},
        /* Before 3.19.3: from_pretrained, which centres. */
        {OLD(""), true, true},
        {OLD(TRAINED("3.19.2")), true, true},
        {OLD(TRAINED("2.1.3")), true, true},
        {OLD(TRAINED("3.19.2") KWARGS("{\"center_writing_weights\":false}")), false,
         true},
        {OLD(TRAINED("3.19.3")), false, true},
        {OLD(TRAINED("3.20.0") KWARGS("{}")), false, true},
        {OLD(TRAINED("4.0.0") KWARGS("{\"center_writing_weights\":true}")), true, true},
        {OLD(TRAINED("5.11.0")), false, true},
        {OLD(",\"sae_lens_version\":\"4.1.0\""), false, true},
        /* The key came with the change. */
        {OLD(KWARGS("{}")), false, true},
        {OLD(KWARGS("{\"dtype\":\"float16\"}")), false, true},
        /* Without a version it counts as old, but no old one has metadata. */
        {OLD(",\"metadata\":{}"), false, true},
    };
    struct sae_tensors *t = numbers(TENSORS_RELU, false), *got = NULL;
    struct errinfo e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_saelens(t, ST_F32, cases[i].cfg);
        assert_ok(foreign_tensors(dir, &got, &e), &e);
        if (got->centre != cases[i].centred ||
            got->meta.says_bos != cases[i].says_bos || !got->apply_b_dec) {
            fail_msg("%s: found centre %d, says_bos %d", cases[i].cfg, got->centre,
                     got->meta.says_bos);
        }
        sae_tensors_free(got);
    }
    sae_tensors_free(t);
    /* k of version 6 is 100, which these eleven cannot have; of a batch it may be. */
    t = numbers(TENSORS_TOPK, true);
    write_saelens(t, ST_F32, "{" SIZES "\"architecture\":\"topk\"" V6);
    assert_refused("cfg.json: k: found none, which means 100, expected at most 11");
    write_saelens(t, ST_F32, "{" SIZES "\"activation_fn\":\"topk\"}");
    assert_refused("cfg.json: k: found nothing");
    /* activation_fn is not read in version 6, whose architecture must be there. */
    write_saelens(t, ST_F32,
                  "{" SIZES "\"architecture\":\"standard\",\"activation_fn\":"
                  "\"topk\"" V6);
    assert_ok(foreign_tensors(dir, &got, &e), &e);
    assert_string_equal(got->kind, "standard");
    sae_tensors_free(got);
    write_saelens(t, ST_F32, "{\"d_in\":6,\"d_sae\":11" V6);
    assert_refused("cfg.json: architecture: found nothing");
    sae_tensors_free(t);
}

/* Every key of every configuration, with every wrong kind of value, and sizes out of
 * range: refused in a line with file and key. */
struct key_case {
    const char *key, *in; /* the object that it is in, "" at the top */
    char kind; /* what it may be: of json_kinds; i: an integer that is a size; -: only
                * certain texts or objects */
    bool null; /* may be null as well */
};

static const struct {
    char kind;
    const char *text;
} json_kinds[] = {{'s', "\"text\""},  {'n', "3.5"},       {'b', "true"},
                  {'o', "{\"x\":1}"}, {'a', "[1,\"x\"]"}, {'0', "null"}};

static const char *const bad_sizes[] = {"0",    "-1",   "1e300", "2.5",
                                        "1e18", "-0.5", "1e-300"};

static void assert_check(const struct foreign_format *f, const char *text,
                         const char *key, bool good)
{
    struct errinfo e = {0};
    cJSON *root = NULL;
    assert_ok(json_parse(text, strlen(text), "cfg.json", &root, &e), &e);
    const enum err rc = f->check(root, "cfg.json", &e);
    cJSON_Delete(root);
    if (good ? rc != OK
             : rc == OK || !strstr(e.msg, "cfg.json: ") || !strstr(e.msg, key)) {
        fail_msg("%s: found %s \"%s\"", text, err_text(rc), e.msg);
    }
}

/* `base` with a member of the object `in` added, which then comes last. */
static void with_member(const char *base, const char *in, const char *key,
                        const char *value, char *out, size_t cap)
{
    struct errinfo e;
    cJSON *root = NULL, *v = NULL;
    assert_ok(json_parse(base, strlen(base), "base", &root, &e), &e);
    assert_ok(json_parse(value, strlen(value), "value", &v, &e), &e);
    char copy[128];
    snprintf(copy, sizeof copy, "%s", in);
    cJSON *at = root;
    for (char *p = strtok(copy, "."); p; p = strtok(NULL, ".")) {
        cJSON *next = cJSON_GetObjectItemCaseSensitive(at, p);
        at = next ? next : cJSON_AddObjectToObject(at, p);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(at, key);
    cJSON_AddItemToObject(at, key, v);
    char *text = cJSON_PrintUnformatted(root);
    snprintf(out, cap, "%s", text);
    cJSON_free(text);
    cJSON_Delete(root);
}

static void check_keys(const char *format, const char *base,
                       const struct key_case *cases, size_t n)
{
    const struct foreign_format *const *all = NULL, *f = NULL;
    char text[2048];
    for (size_t i = foreign_all(&all); i > 0; i--) {
        f = strcmp(all[i - 1]->name, format) == 0 ? all[i - 1] : f;
    }
    assert_non_null(f);
    assert_check(f, base, "", true);
    for (size_t i = 0; i < n; i++) {
        const struct key_case *c = &cases[i];
        for (size_t k = 0; k < sizeof json_kinds / sizeof json_kinds[0]; k++) {
            const char kind = json_kinds[k].kind;
            if (kind == c->kind || (kind == '0' && c->null)) {
                continue;
            }
            with_member(base, c->in, c->key, json_kinds[k].text, text, sizeof text);
            assert_check(f, text, c->key, false);
        }
        for (size_t k = 0; c->kind == 'i' && k < sizeof bad_sizes / sizeof *bad_sizes;
             k++) {
            with_member(base, c->in, c->key, bad_sizes[k], text, sizeof text);
            assert_check(f, text, c->key, false);
        }
    }
}

static void wrong_kinds(void **state)
{
    (void)state;
#define KEYS(format, base, ...)                                                        \
    check_keys(format, base, (const struct key_case[]){__VA_ARGS__},                   \
               sizeof((const struct key_case[]){__VA_ARGS__}) /                        \
                   sizeof(struct key_case))
    KEYS("saelens", "{" SIZES "\"architecture\":\"topk\",\"k\":4" V6,
         {"d_in", "", 'i', false}, {"d_sae", "", 'i', false}, {"k", "", 'i', false},
         {"architecture", "", '-', false}, {"metadata", "", 'o', true},
         {"apply_b_dec_to_input", "", 'b', true},
         {"rescale_acts_by_decoder_norm", "", 'b', true},
         {"finetuning_scaling_factor", "", 'b', true},
         {"normalize_activations", "", '-', true},
         {"reshape_activations", "", '-', true}, {"activation_fn", "", '-', true},
         {"sae_lens_version", "metadata", '-', true},
         {"model_name", "metadata", 's', true}, {"hook_name", "metadata", 's', true},
         {"dataset_path", "metadata", 's', true},
         {"model_class_name", "metadata", 's', true},
         {"hook_head_index", "metadata", '-', true},
         {"prepend_bos", "metadata", 'b', true},
         {"model_from_pretrained_kwargs", "metadata", 'o', true},
         {"center_writing_weights", "metadata.model_from_pretrained_kwargs", 'b', true},
         {"saetop", "metadata", '-', true});
    KEYS("saelens", "{" SIZES "\"architecture\":\"matryoshka_batchtopk\"" V6,
         {"matryoshka_widths", "", '-', true});
    KEYS("saelens",
         "{" SIZES "\"architecture\":\"jumprelu\",\"metadata\":{\"sae_lens_version\":"
         "\"6.18.0\",\"training_architecture\":\"batchtopk\"}}",
         {"training_architecture", "metadata", 's', true},
         {"training_architecture_details", "metadata", 'o', true},
         {"matryoshka_widths", "metadata.training_architecture_details", '-', true});
    KEYS("saelens",
         "{" SIZES "\"activation_fn_str\":\"topk\",\"activation_fn_kwargs\":{\"k\":4}}",
         {"activation_fn_str", "", '-', true}, {"activation_fn_kwargs", "", 'o', true},
         {"k", "activation_fn_kwargs", 'i', false}, {"hook_point", "", 's', true},
         {"model_name", "", 's', true}, {"prepend_bos", "", 'b', true},
         {"normalize_activations", "", 'b', true},
         {"sae_lens_training_version", "", 's', true});
    KEYS("sparsify", "{\"k\":4,\"d_in\":6,\"num_latents\":11}", {"k", "", 'i', true},
         {"d_in", "", 'i', false}, {"expansion_factor", "", 'i', true},
         {"activation", "", '-', true}, {"transcode", "", '-', true},
         {"skip_connection", "", '-', true}, {"signed", "", '-', true},
         {"embed_skip", "", '-', true}, {"gram_lookup", "", '-', true});
    KEYS("dictionary_learning",
         "{\"trainer\":{\"dict_class\":\"AutoEncoderTopK\",\"k\":4}}",
         {"trainer", "", '-', false}, {"dict_class", "trainer", '-', false},
         {"k", "trainer", 'i', true}, {"activation_dim", "trainer", 'i', true},
         {"dict_size", "trainer", 'i', true}, {"lm_name", "trainer", 's', true},
         {"submodule_name", "trainer", 's', true}, {"buffer", "", 'o', true},
         {"ctx_len", "buffer", 'i', true});
}

/* Tensors without elements name file and tensor. */
static void no_elements(void **state)
{
    (void)state;
    struct errinfo e;
    const struct st_tensor tensors[] = {
        {"encoder.weight", ST_F32, 2, {0, 6}, NULL, 0},
        {"encoder.bias", ST_F32, 1, {0}, NULL, 0},
        {"W_dec", ST_F32, 2, {0, 6}, NULL, 0},
        {"b_dec", ST_F32, 1, {6}, (const float[6]){0}, 6 * sizeof(float)},
    };
    assert_ok(st_write(tmp_path(path, dir, "sae.safetensors"), tensors, 4, NULL, 0, &e),
              &e);
    assert_ok(
        file_write_text(tmp_path(path, dir, "cfg.json"), "{\"k\":4,\"d_in\":6}", &e),
        &e);
    assert_refused("sae.safetensors: encoder.weight: an SAE of 0 latents, expected 1");
}

/* Rows of a type count as equal within its rounding: a TopK of rows that were made
 * equal and then rounded opens, one of rows that were not does not. */
static void norms_by_type(void **state)
{
    (void)state;
    static const struct {
        enum st_dtype type;
        double off; /* of one row's norm */
        bool good;
    } cases[] = {
        {ST_BF16, 0.0, true},   {ST_BF16, 0.008, true}, {ST_BF16, 0.04, false},
        {ST_BF16, -0.1, false}, {ST_F16, 0.0, true},    {ST_F16, 0.002, true},
        {ST_F16, 0.008, false}, {ST_F32, 0.001, true},  {ST_F32, 0.004, false},
        {ST_F64, 0.001, true},  {ST_F64, 0.004, false},
    };
    assert_true(elem_norm_spread(ELEM_BF16, 128) > 0.02);
    assert_true(elem_norm_spread(ELEM_BF16, 4096) < 0.03);
    assert_true(elem_norm_spread(ELEM_F16, 128) < 0.004);
    assert_true(elem_norm_spread(ELEM_F32, 4096) < 0.001);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sae_tensors *t = numbers(TENSORS_TOPK, true);
        for (size_t d = 0; d < D; d++) {
            t->W_dec[d] *= (float)(1 + cases[i].off);
        }
        write_saelens(t, cases[i].type,
                      "{" SIZES "\"architecture\":\"topk\",\"k\":4" V6);
        if (cases[i].good) {
            struct errinfo e;
            struct sae *s = NULL;
            assert_ok(foreign_load(dir, &s, NULL, &e), &e);
            sae_free(s);
        } else {
            assert_refused("row norms");
        }
        sae_tensors_free(t);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(saelens_absent_keys), TEST(wrong_kinds),
                                       TEST(no_elements), TEST(norms_by_type)};
    return cmocka_run_group_tests(tests, begin, NULL);
}
