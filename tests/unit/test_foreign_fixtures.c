/* SAEs saved by the original tools (tests/ref/make_format_fixtures.py) give the
 * reconstructions that the tools themselves gave, and come back from an export. */
#include "base/mem.h"
#include "check.h"
#include "num/blas.h"
#include "sae/sae_tensors.h"

#include <dirent.h>
#include <math.h>

struct fixture {
    char dir[512], path[512]; /* its folder, and what to open there */
    size_t N, D, F;
    float *x, *want; /* [N,D] */
    float *features; /* [N,F] as the tool has them */
};

static const char *root(void)
{
    const char *r = getenv("SAETOP_FIXTURES");
    return r ? r : "tests/fixtures";
}

static void fixture_open(const char *name, struct fixture *f)
{
    struct errinfo e;
    char all[512], path[512];
    struct tensorfile *t;
    tmp_path(all, root(), "formats");
    tmp_path(f->dir, all, name);
    tmp_path(f->path, f->dir, "autoencoder.pt"); /* OpenAI's are single files */
    if (!file_exists(f->path)) {
        snprintf(f->path, sizeof f->path, "%s", f->dir);
    }
    assert_ok(tensorfile_open(tmp_path(path, f->dir, "expected.safetensors"), &t, &e),
              &e);
    const struct tensor_info *x = tensorfile_find(t, "x");
    const struct tensor_info *features = tensorfile_find(t, "features");
    assert_non_null(x);
    assert_non_null(features);
    f->N = x->shape[0];
    f->D = x->shape[1];
    f->F = features->shape[1];
    f->x = mem_alloc(f->N * f->D, sizeof *f->x);
    f->want = mem_alloc(f->N * f->D, sizeof *f->want);
    f->features = mem_alloc(f->N * f->F, sizeof *f->features);
    assert_true(f->x && f->want && f->features);
    assert_ok(tensorfile_f32(t, "x", x->shape, 2, f->x, &e), &e);
    assert_ok(tensorfile_f32(t, "reconstruction", x->shape, 2, f->want, &e), &e);
    assert_ok(tensorfile_f32(t, "features", features->shape, 2, f->features, &e), &e);
    tensorfile_close(t);
}

static void fixture_close(struct fixture *f)
{
    mem_free(f->x);
    mem_free(f->want);
    mem_free(f->features);
}

/* The SAE reconstructs as the tool does, from the same latents. */
static void assert_same(const struct fixture *f, const struct sae *s, const char *what)
{
    struct errinfo e;
    struct sae_codes c = {0};
    float *xhat = mem_alloc(f->N * f->D, sizeof *xhat);
    assert_non_null(xhat);
    assert_int_equal(s->F, f->F);
    assert_ok(sae_encode(s, f->x, f->N, NULL, &c, &e), &e);
    sae_decode(s, &c, xhat);
    for (size_t i = 0; i < f->N * f->D; i++) {
        if (!(fabs((double)xhat[i] - (double)f->want[i]) <= 1e-5)) {
            fail_msg("%s, %s: row %zu: found %g, expected %g", f->dir, what, i / f->D,
                     (double)xhat[i], (double)f->want[i]);
        }
    }
    for (size_t b = 0; b < f->N; b++) {
        size_t at = c.start[b];
        for (size_t j = 0; j < f->F; j++) {
            const bool on = at < c.start[b + 1] && (size_t)c.id[at] == j;
            const bool theirs = f->features[b * f->F + j] > 0;
            if (on != theirs) {
                fail_msg("%s, %s: row %zu: latent %zu is %d, expected %d", f->dir, what,
                         b, j, on, theirs);
            }
            at += on;
        }
    }
    sae_codes_deinit(&c);
    mem_free(xhat);
}

static void round_trip(const struct fixture *f, const struct sae *s)
{
    struct errinfo e;
    char tmp[128];
    struct sae *back;
    const struct sae_meta meta = {.hook_name = "blocks.0.hook_resid_post"};
    tmp_make(tmp, sizeof tmp);
    assert_ok(sae_save(s, &meta, tmp, &e), &e);
    assert_ok(foreign_load(tmp, &back, NULL, &e), &e);
    assert_same(f, back, "saved by saetop and loaded");
    assert_ptr_equal(back->arch, s->arch);
    sae_free(back);
    /* Read like SAELens, without saetop's own notes. */
    struct sae_tensors *t;
    assert_ok(foreign_tensors(tmp, &t, &e), &e);
    assert_non_null(t->own.arch);
    t->own.arch = NULL;
    assert_ok(sae_tensors_to_sae(t, tmp, &back, &e), &e);
    assert_same(f, back, "saved by saetop and loaded as SAELens'");
    sae_tensors_free(t);
    sae_free(back);
    tmp_drop(tmp);
}

static void check_fixture(const char *name)
{
    struct errinfo e;
    struct fixture f;
    struct sae_tensors *t;
    struct sae *s;
    fixture_open(name, &f);
    assert_ok(foreign_tensors(f.path, &t, &e), &e);
    /* The tool was given rows as they are; that models of old SAEs centred them is
     * test_foreign's. */
    t->centre = false;
    const enum err rc = sae_tensors_to_sae(t, f.path, &s, &e);
    if (strcmp(name, "sparsify_wide_decoder") == 0) {
        check_error(rc, ERR_FORMAT, &e, "row norms"); /* see src/README.md */
    } else {
        assert_ok(rc, &e);
        assert_same(&f, s, "loaded");
        round_trip(&f, s);
        sae_free(s);
    }
    sae_tensors_free(t);
    fixture_close(&f);
}

static void all_fixtures(void **state)
{
    (void)state;
    char all[512];
    size_t n = 0;
    DIR *dir = opendir(tmp_path(all, root(), "formats"));
    assert_non_null(dir);
    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (d->d_name[0] != '.') {
            check_fixture(d->d_name);
            n++;
        }
    }
    closedir(dir);
    assert_true(n >= 20);
}

/* Which format each is taken for, and what its files say of where it belongs. */
static void origins(void **state)
{
    (void)state;
    static const struct {
        const char *name, *format, *arch, *hook, *model;
    } cases[] = {
        {"dictionary_learning_matryoshka", "dictionary_learning", "matryoshka",
         "blocks.3.hook_resid_post", "EleutherAI/pythia-70m"},
        {"dictionary_learning_batchtopk", "dictionary_learning", "batchtopk",
         "blocks.3.hook_resid_post", "EleutherAI/pythia-70m"},
        {"saelens_matryoshka", "saelens", "matryoshka", "blocks.6.hook_resid_pre",
         "gpt2-small"},
        {"saelens_batchtopk", "saelens", "batchtopk", "blocks.6.hook_resid_pre",
         "gpt2-small"},
        {"dictionary_learning_gated", "dictionary_learning", "gated",
         "blocks.3.hook_resid_post", "EleutherAI/pythia-70m"},
        {"saelens_old", "saelens", "standard", "blocks.6.hook_resid_pre", "gpt2-small"},
        {"saelens_jumprelu", "saelens", "jumprelu", "blocks.6.hook_resid_pre",
         "gpt2-small"},
        {"sparsify", "sparsify", "topk", "", ""},
        {"gemma_scope", "gemma-scope", "jumprelu", "", ""},
        {"openai_topk", "openai", "topk", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e;
        struct fixture f;
        struct foreign_meta m;
        struct sae *s;
        fixture_open(cases[i].name, &f);
        assert_string_equal(foreign_format_of(f.path), cases[i].format);
        assert_ok(foreign_load(f.path, &s, &m, &e), &e);
        assert_string_equal(sae_arch_name(s->arch), cases[i].arch);
        assert_string_equal(m.hook, cases[i].hook);
        assert_string_equal(m.model, cases[i].model);
        const size_t widths[] = {5, 10, 20};
        assert_int_equal(m.groups, strcmp(cases[i].arch, "matryoshka") == 0 ? 3 : 0);
        assert_memory_equal(m.width, widths, m.groups * sizeof *widths);
        assert_true(!sae_arch_by_batch(s->arch) || (s->k >= 4 && s->k <= 4));
        sae_free(s);
        fixture_close(&f);
    }
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_fixtures),
                                       cmocka_unit_test(origins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
