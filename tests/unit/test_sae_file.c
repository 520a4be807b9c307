/* SAELens' directory: round trip, folding, and inputs that must be refused by name. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "check.h"
#include "num/blas.h"
#include "sae/sae.h"

#include <math.h>

#define D 12
#define F 40
#define N 64

static struct sae *sae_make(const char *arch, double k, float scale)
{
    struct errinfo e;
    struct sae *s;
    assert_ok(sae_new(sae_arch_find(arch), D, F, k, &s, &e), &e);
    sae_init_weights(s, 1);
    struct rng r = rng_begin(2, RNG_SAMPLE, 0);
    for (size_t i = 0; i < D * F; i++) {
        s->W_enc[i] += (float)rng_normal(&r) * 0.1f;
    }
    for (size_t j = 0; j < F; j++) {
        s->b_enc[j] = (float)rng_normal(&r) * 0.3f;
    }
    for (size_t d = 0; d < D; d++) {
        s->b_dec[d] = (float)rng_normal(&r);
    }
    s->scale = scale;
    const bool batch = (sae_arch_has(s->arch) & SAE_HAS_THRESHOLD) != 0;
    s->threshold = batch ? 0.8 : 0.0;
    const size_t extra = s->count - (2 * D * F + F + D);
    for (size_t i = 0; i < extra; i++) {
        s->extra[i] = (float)fabs(rng_normal(&r)) * 0.4f;
    }
    if (strcmp(arch, "tied") == 0) {
        memcpy(s->W_dec, s->W_enc, sizeof(float) * D * F);
        s->is_free = true;
        sae_fold(s);
        memcpy(s->W_enc, s->W_dec, sizeof(float) * D * F);
    }
    return s;
}

static const struct sae_meta meta = {.model_name = "samples/model \"x\"",
                                     .hook_name = "blocks.1.hook_resid_post",
                                     .dataset = NULL,
                                     .context_size = 128,
                                     .step = 77,
                                     .prepend_bos = true,
                                     .says_bos = true};

static float *rows_make(void)
{
    struct rng r = rng_begin(3, RNG_SAMPLE, 1);
    float *x = mem_alloc(N * D, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < N * D; i++) {
        x[i] = (float)rng_normal(&r) * 3.0f;
    }
    return x;
}

static float *reconstruct(const struct sae *s, const float *x, struct sae_codes *c)
{
    struct errinfo e;
    float *xhat = mem_alloc(N * D, sizeof *xhat);
    assert_non_null(xhat);
    assert_ok(sae_encode(s, x, N, NULL, c, &e), &e);
    sae_decode(s, c, xhat);
    return xhat;
}

static void assert_close(const float *a, const float *b, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance)) {
            fail_msg("at %zu: %g and %g", i, (double)a[i], (double)b[i]);
        }
    }
}

#define ARCHES 8
static const char *const archs[ARCHES] = {"topk",     "batchtopk", "matryoshka",
                                          "standard", "gated",     "jumprelu",
                                          "p_anneal", "tied"};

static void round_trip(void **state)
{
    (void)state;
    float *x = rows_make();
    for (size_t i = 0; i < 4 * ARCHES; i++) {
        struct errinfo e;
        char dir[128], path[512];
        struct sae_codes ca = {0}, cb = {0};
        struct sae *b;
        tmp_make(dir, sizeof dir);
        const bool batch = sae_arch_by_batch(sae_arch_find(archs[i % ARCHES]));
        struct sae *a =
            sae_make(archs[i % ARCHES], batch ? 3.2 : 3, i < ARCHES ? 1.7f : 0.013f);
        a->apply_b_dec = i < 2 * ARCHES || i >= 3 * ARCHES;
        if (i >= 3 * ARCHES) {
            a->norm = i % 2 == 0 ? SAE_NORM_LAYER : SAE_NORM_CONSTANT;
            a->scale = 1.0f;
        }
        assert_ok(sae_save(a, &meta, dir, &e), &e);
        assert_true(file_exists(tmp_path(path, dir, "cfg.json")));
        assert_ok(sae_load(dir, &b, &e), &e);
        assert_ptr_equal(a->arch, b->arch);
        assert_memory_equal(&a->k, &b->k, sizeof a->k);
        assert_memory_equal(&a->scale, &b->scale, sizeof a->scale);
        assert_memory_equal(&a->threshold, &b->threshold, sizeof a->threshold);
        assert_int_equal(a->norm, b->norm);
        assert_int_equal(a->apply_b_dec, b->apply_b_dec);
        assert_memory_equal(a->W_enc, b->W_enc, D * F * sizeof(float));
        assert_memory_equal(a->W_dec, b->W_dec, D * F * sizeof(float));
        assert_close(a->b_enc, b->b_enc, F, 1e-6);
        assert_close(a->extra, b->extra, a->count - (2 * D * F + F + D), 1e-6);
        float *xa = reconstruct(a, x, &ca), *xb = reconstruct(b, x, &cb);
        assert_memory_equal(ca.id, cb.id, ca.start[N] * sizeof *ca.id);
        assert_close(ca.val, cb.val, ca.start[N], 1e-5);
        assert_close(xa, xb, N * D, 1e-5 / (double)a->scale);
        mem_free(xa);
        mem_free(xb);
        sae_codes_deinit(&ca);
        sae_codes_deinit(&cb);
        sae_free(a);
        sae_free(b);
        tmp_drop(dir);
    }
    mem_free(x);
}

/* The saved tensors, used as SAELens does, on raw activations. */
struct reading {
    float W_enc[D * F], W_dec[F * D], b_enc[F], b_dec[D], theta[F], r_mag[F], b_mag[F];
};

static void read_vector(const struct st_file *f, const char *name, float *to)
{
    struct errinfo e;
    assert_ok(st_read_f32(f, name, (size_t[]){F}, 1, to, &e), &e);
}

/* Activation of latent j of SAELens' architecture `a` from pre-activations h [F]. */
static double saelens_act(const struct reading *r, const char *a, size_t k,
                          const double *h, size_t j)
{
    if (strcmp(a, "standard") == 0) {
        return fmax(h[j], 0);
    }
    if (strcmp(a, "jumprelu") == 0) {
        return h[j] > (double)r->theta[j] ? fmax(h[j], 0) : 0;
    }
    if (strcmp(a, "gated") == 0) {
        const double p = h[j] - (double)r->b_enc[j];
        const double mag = p * exp((double)r->r_mag[j]) + (double)r->b_mag[j];
        return h[j] > 0 ? fmax(mag, 0) : 0;
    }
    size_t before = 0;
    for (size_t i = 0; i < F; i++) {
        before += h[i] > h[j];
    }
    return before < k ? fmax(h[j], 0) : 0;
}

static void saelens_reading(const struct st_file *f, const char *a, size_t k,
                            const float *x, float *xhat)
{
    struct errinfo e;
    struct reading r = {0};
    assert_ok(st_read_f32(f, "W_enc", (size_t[]){D, F}, 2, r.W_enc, &e), &e);
    assert_ok(st_read_f32(f, "W_dec", (size_t[]){F, D}, 2, r.W_dec, &e), &e);
    assert_ok(st_read_f32(f, "b_dec", (size_t[]){D}, 1, r.b_dec, &e), &e);
    read_vector(f, strcmp(a, "gated") == 0 ? "b_gate" : "b_enc", r.b_enc);
    if (strcmp(a, "gated") == 0) {
        read_vector(f, "r_mag", r.r_mag);
        read_vector(f, "b_mag", r.b_mag);
    } else if (strcmp(a, "jumprelu") == 0) {
        read_vector(f, "threshold", r.theta);
    }
    for (size_t b = 0; b < N; b++) {
        double h[F], out[D];
        for (size_t j = 0; j < F; j++) {
            h[j] = (double)r.b_enc[j];
            for (size_t d = 0; d < D; d++) {
                h[j] += ((double)x[b * D + d] - (double)r.b_dec[d]) *
                        (double)r.W_enc[d * F + j];
            }
        }
        for (size_t d = 0; d < D; d++) {
            out[d] = (double)r.b_dec[d];
        }
        for (size_t j = 0; j < F; j++) {
            const double act = saelens_act(&r, a, k, h, j);
            for (size_t d = 0; d < D; d++) {
                out[d] += act * (double)r.W_dec[j * D + d];
            }
        }
        for (size_t d = 0; d < D; d++) {
            xhat[b * D + d] = (float)out[d];
        }
    }
}

/* SAELens' name for an architecture, and how many tensors it reads. */
static const char *theirs_of(const char *arch, size_t *tensors)
{
    const bool jump = strcmp(arch, "batchtopk") == 0 ||
                      strcmp(arch, "matryoshka") == 0 || strcmp(arch, "jumprelu") == 0;
    *tensors = jump ? 5 : strcmp(arch, "gated") == 0 ? 6 : 4;
    return jump                                                      ? "jumprelu"
           : strcmp(arch, "gated") == 0 || strcmp(arch, "topk") == 0 ? arch
                                                                     : "standard";
}

/* With decoder rows of unit norm, and of norms that have to be folded. */
static void folded_for_saelens(void **state)
{
    (void)state;
    float *x = rows_make(), *theirs = mem_alloc(N * D, sizeof *theirs);
    for (size_t i = 0; i < 2 * ARCHES; i++) {
        struct errinfo e;
        char dir[128], path[512];
        struct st_file *f;
        struct sae_codes c = {0};
        const char *arch = archs[i % ARCHES];
        size_t tensors;
        const char *a = theirs_of(arch, &tensors);
        tmp_make(dir, sizeof dir);
        struct sae *s = sae_make(arch, 3, 0.6f), *folded;
        for (size_t j = 0; i >= ARCHES && j < F * D; j++) {
            s->W_dec[j] *= 0.5f + 0.1f * (float)(j / D % 7);
        }
        s->is_free = i >= ARCHES;
        assert_ok(sae_save(s, &meta, dir, &e), &e);
        assert_ok(st_open(tmp_path(path, dir, "sae_weights.safetensors"), &f, &e), &e);
        assert_int_equal(st_count(f), tensors);
        saelens_reading(f, a, 3, x, theirs);
        assert_ok(sae_copy(s, &folded, &e), &e);
        assert_false(folded->is_free);
        float *ours = reconstruct(folded, x, &c);
        assert_close(ours, theirs, N * D, 4e-5);
        mem_free(ours);
        /* Where norms play no part in the selection, folding leaves the output. */
        if (strcmp(a, "standard") == 0 || strcmp(a, "gated") == 0 ||
            strcmp(arch, "jumprelu") == 0) {
            ours = reconstruct(s, x, &c);
            assert_close(ours, theirs, N * D, 4e-5);
            mem_free(ours);
        }
        sae_codes_deinit(&c);
        st_close(f);
        char *text;
        size_t len;
        assert_ok(file_read(tmp_path(path, dir, "cfg.json"), 1 << 20, &text, &len, &e),
                  &e);
        char expected[64];
        snprintf(expected, sizeof expected, "\"%s\"", a);
        assert_non_null(strstr(text, expected));
        assert_non_null(strstr(text, "\"hook_name\""));
        assert_non_null(strstr(text, "samples/model \\\"x\\\""));
        mem_free(text);
        sae_free(s);
        sae_free(folded);
        tmp_drop(dir);
    }
    mem_free(x);
    mem_free(theirs);
}

/* ---- directories made elsewhere ---- */

/* Weights of a plain file, decoder rows of norm `norm` (row 1: twice, if uneven). */
static void write_weights(const char *dir, const struct sae *s, float norm, bool uneven,
                          bool threshold, float bad)
{
    struct errinfo e;
    char path[512];
    float W_enc[D * F], W_dec[F * D], theta[F];
    for (size_t j = 0; j < F; j++) {
        const float n = uneven && j == 1 ? 2 * norm : norm;
        theta[j] = 0.8f / n;
        for (size_t d = 0; d < D; d++) {
            W_enc[d * F + j] = s->W_enc[j * D + d] / n;
            W_dec[j * D + d] = s->W_dec[j * D + d] * n;
        }
    }
    float b_enc[F];
    for (size_t j = 0; j < F; j++) {
        b_enc[j] = s->b_enc[j] / (uneven && j == 1 ? 2 * norm : norm);
    }
    W_enc[5] += bad;
    const struct st_tensor t[] = {
        {"W_enc", ST_F32, 2, {D, F}, W_enc, sizeof W_enc},
        {"W_dec", ST_F32, 2, {F, D}, W_dec, sizeof W_dec},
        {"b_enc", ST_F32, 1, {F}, b_enc, sizeof b_enc},
        {"b_dec", ST_F32, 1, {D}, s->b_dec, D * sizeof(float)},
        {"threshold", ST_F32, 1, {F}, theta, sizeof theta},
    };
    assert_ok(st_write(tmp_path(path, dir, "sae_weights.safetensors"), t,
                       threshold ? 5 : 4, NULL, 0, &e),
              &e);
}

static void write_cfg(const char *dir, const char *text)
{
    struct errinfo e;
    char path[512];
    assert_ok(file_write_text(tmp_path(path, dir, "cfg.json"), text, &e), &e);
}

#define CFG_TOPK                                                                       \
    "{\"architecture\":\"topk\",\"d_in\":12,\"d_sae\":40,\"k\":3,"                     \
    "\"rescale_acts_by_decoder_norm\":"
#define CFG_JUMP "{\"architecture\":\"jumprelu\",\"d_in\":12,\"d_sae\":40"

static void norms_are_folded(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[128];
    struct sae_codes c = {0};
    float *x = rows_make();
    tmp_make(dir, sizeof dir);
    struct sae *s = sae_make("topk", 3, 1.0f), *got = NULL;
    float *expected = reconstruct(s, x, &c);
    /* Rescaled: any norms. Not rescaled: equal ones. */
    for (int rescale = 0; rescale < 2; rescale++) {
        write_weights(dir, s, 0.25f, rescale == 1, false, 0.0f);
        write_cfg(dir, rescale ? CFG_TOPK "true}" : CFG_TOPK "false}");
        assert_ok(sae_load(dir, &got, &e), &e);
        float *xhat = reconstruct(got, x, &c);
        assert_true(got->scale >= 1.0f && got->scale <= 1.0f);
        assert_close(xhat, expected, N * D, 1e-5);
        assert_close(got->W_dec, s->W_dec, D * F, 1e-6);
        mem_free(xhat);
        sae_free(got);
    }
    write_cfg(dir, CFG_TOPK "false}");
    write_weights(dir, s, 0.25f, true, false, 0.0f);
    check_error(sae_load(dir, &got, &e), ERR_FORMAT, &e, "norms");
    mem_free(expected);
    sae_free(s);

    s = sae_make("batchtopk", 3, 1.0f);
    expected = reconstruct(s, x, &c);
    write_weights(dir, s, 0.25f, true, true, 0.0f);
    write_cfg(dir, CFG_JUMP "}");
    assert_ok(sae_load(dir, &got, &e), &e);
    assert_string_equal(sae_arch_name(got->arch), "jumprelu");
    for (size_t j = 0; j < F; j++) {
        assert_true(fabsf(got->extra[j] - 0.8f) < 1e-6f);
    }
    float *xhat = reconstruct(got, x, &c);
    assert_close(xhat, expected, N * D, 1e-5);
    mem_free(xhat);
    mem_free(expected);
    sae_free(got);
    sae_free(s);
    sae_codes_deinit(&c);
    mem_free(x);
    tmp_drop(dir);
}

/* h = x W + b: the same as subtracting b_dec with b_dec W added to b_enc. */
static void b_dec_not_subtracted(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[128];
    float *x = rows_make();
    struct sae_codes c = {0};
    tmp_make(dir, sizeof dir);
    struct sae *s = sae_make("topk", 3, 1.0f), *got;
    write_weights(dir, s, 1.0f, false, false, 0.0f);
    write_cfg(dir, CFG_TOPK "false,\"apply_b_dec_to_input\":false}");
    assert_ok(sae_load(dir, &got, &e), &e);
    assert_false(got->apply_b_dec);
    for (size_t j = 0; j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            s->b_enc[j] += s->b_dec[d] * s->W_enc[j * D + d];
        }
    }
    float *expected = reconstruct(s, x, &c), *xhat = reconstruct(got, x, &c);
    assert_close(xhat, expected, N * D, 1e-4);
    mem_free(expected);
    mem_free(xhat);
    mem_free(x);
    sae_codes_deinit(&c);
    sae_free(got);
    sae_free(s);
    tmp_drop(dir);
}

static void hostile_configurations(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        enum err code;
    } cases[] = {
        {"", "cfg.json", ERR_FORMAT},
        {"[]", "cfg.json", ERR_FORMAT},
        {"{\"architecture\":\"topk\"", "cfg.json", ERR_FORMAT},
        {"{}", "d_in", ERR_FORMAT},
        {"{\"architecture\":7}", "architecture", ERR_FORMAT},
        {"{\"architecture\":\"gate\"}", "gate", ERR_FORMAT},
        {"{\"architecture\":\"batchtopk\"}", "d_in", ERR_FORMAT},
        {"{\"architecture\":\"batchtopk\",\"d_in\":12,\"d_sae\":40,\"k\":0}",
         "k: found 0", ERR_FORMAT},
        {"{\"architecture\":\"gated\"}", "d_in", ERR_FORMAT},
        {"{\"architecture\":\"gated\",\"d_in\":12,\"d_sae\":40}", "b_gate", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":12}", "d_sae", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":-1,\"d_sae\":4,\"k\":1}", "d_in",
         ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":1e300,\"d_sae\":4,\"k\":1}", "d_in",
         ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":1000000,\"d_sae\":60000000,\"k\":1}",
         "d_in: found 1000000, expected 12", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":12,\"d_sae\":40,\"k\":41}", "k",
         ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":12,\"d_sae\":40}", "k", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":12,\"d_sae\":40,\"k\":2.5}", "k",
         ERR_FORMAT},
        {CFG_TOPK "0,\"normalize_activations\":\"none\"}", "rescale", ERR_FORMAT},
        {CFG_TOPK "true,\"normalize_activations\":\"expected_average_only_in\"}",
         "expected_average_only_in", ERR_FORMAT},
        {CFG_TOPK "true,\"reshape_activations\":\"hook_z\"}", "hook_z", ERR_FORMAT},
        {CFG_TOPK "true,\"metadata\":[]}", "metadata", ERR_FORMAT},
        {CFG_TOPK "true,\"metadata\":{\"saetop\":{\"architecture\":\"topk\",\"k\":3,"
                  "\"scale\":0,\"threshold\":0}}}",
         "scale", ERR_FORMAT},
        {CFG_TOPK
         "true,\"metadata\":{\"saetop\":{\"architecture\":\"batchtopk\",\"k\":3,"
         "\"scale\":1,\"threshold\":0}}}",
         "architecture", ERR_FORMAT},
        {CFG_JUMP ",\"metadata\":{\"saetop\":{\"architecture\":\"batchtopk\",\"k\":300,"
                  "\"scale\":1,\"threshold\":0}}}",
         "saetop.k", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":13,\"d_sae\":40,\"k\":3}",
         "d_in: found 13, expected 12", ERR_FORMAT},
        {"{\"architecture\":\"topk\",\"d_in\":12,\"d_sae\":1000000,\"k\":3}",
         "d_sae: found 1000000, expected 40", ERR_FORMAT},
        {CFG_JUMP "}", "threshold", ERR_FORMAT},
    };
    char dir[128];
    struct errinfo e;
    struct sae *got = NULL;
    tmp_make(dir, sizeof dir);
    check_error(sae_load(dir, &got, &e), ERR_MISSING, &e, "cfg.json");
    write_cfg(dir, CFG_TOPK "true}");
    check_error(sae_load(dir, &got, &e), ERR_MISSING, &e, "sae_weights.safetensors");
    struct sae *s = sae_make("topk", 3, 1.0f);
    write_weights(dir, s, 1.0f, false, false, 0.0f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_cfg(dir, cases[i].text);
        const enum err rc = sae_load(dir, &got, &e);
        if (rc != cases[i].code || !strstr(e.msg, cases[i].expected)) {
            fail_msg("case %zu: %s \"%s\"", i, err_text(rc), rc == OK ? "" : e.msg);
        }
        assert_true(rc != OK && strstr(e.msg, dir) != NULL);
    }
    assert_null(got);
    sae_free(s);
    tmp_drop(dir);
}

static void hostile_weights(void **state)
{
    (void)state;
    char dir[128], path[512];
    struct errinfo e;
    struct sae *got = NULL, *s = sae_make("batchtopk", 3, 1.0f);
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "sae_weights.safetensors");
    write_cfg(dir, CFG_JUMP "}");
    write_weights(dir, s, 1.0f, false, true, NAN);
    check_error(sae_load(dir, &got, &e), ERR_FORMAT, &e,
                "W_enc: found nan at [0, 5], expected finite numbers");
    write_weights(dir, s, 1.0f, false, true, 0.0f);
    char *bytes;
    size_t len;
    assert_ok(file_read(path, 1 << 20, &bytes, &len, &e), &e);
    /* Cut anywhere, it is refused and named. */
    for (size_t cut = 0; cut < len; cut += 97) {
        const struct file_piece part = {bytes, cut};
        assert_ok(file_write(path, &part, 1, &e), &e);
        const enum err rc = sae_load(dir, &got, &e);
        assert_true(rc == ERR_FORMAT || rc == ERR_IO || rc == ERR_LIMIT);
        assert_non_null(strstr(e.msg, "sae_weights.safetensors"));
    }
    /* A batch threshold that differs by latent; a negative one. */
    char *at = bytes + len - 4;
    const float other = 3.0f;
    memcpy(at, &other, sizeof other);
    const struct file_piece part = {bytes, len};
    write_cfg(dir, CFG_JUMP ",\"metadata\":{\"saetop\":{\"architecture\":"
                            "\"batchtopk\",\"k\":3,\"scale\":1,\"threshold\":0}}}");
    assert_ok(file_write(path, &part, 1, &e), &e);
    check_error(sae_load(dir, &got, &e), ERR_FORMAT, &e, "threshold");
    const float negative = -3.0f;
    memcpy(at, &negative, sizeof negative);
    write_cfg(dir, CFG_JUMP ",\"metadata\":{\"saetop\":{\"architecture\":"
                            "\"jumprelu\",\"k\":3,\"scale\":1,\"threshold\":0}}}");
    assert_ok(file_write(path, &part, 1, &e), &e);
    check_error(sae_load(dir, &got, &e), ERR_FORMAT, &e, "0 or more");
    assert_null(got);
    /* From another tool it means 0, since no activation is negative. */
    write_cfg(dir, CFG_JUMP "}");
    assert_ok(sae_load(dir, &got, &e), &e);
    assert_true(got->extra[F - 1] <= 0.0f && got->extra[F - 1] >= 0.0f);
    sae_free(got);
    mem_free(bytes);
    sae_free(s);
    tmp_drop(dir);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(folded_for_saelens),
        cmocka_unit_test(norms_are_folded),
        cmocka_unit_test(b_dec_not_subtracted),
        cmocka_unit_test(hostile_configurations),
        cmocka_unit_test(hostile_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
