/* Which latents TPP and SCR take out, beside SAEBench's own functions, from the fixture
 * that they wrote (tests/ref/make_perturb_fixtures.py). */
#include "base/mem.h"
#include "base/safetensors.h"
#include "check.h"
#include "eval/effect_rank.h"

#include <math.h>

/* The same sizes as in the script. */
enum { TEXTS = 48, LENGTH = 5, D = 12, F = 40, K = 6, COUNTS = 5 };
static const size_t counts[COUNTS] = {2, 5, 10, 20, 40};

struct fixture {
    struct st_file *file;
    struct sae *sae;
    struct sentence_task task; /* its codes are the means over the tokens of a text */
    uint8_t y[TEXTS];
    double effect_of[F]; /* probe . decoder row */
};

static const struct st_tensor *find(const struct fixture *f, const char *arch,
                                    const char *key)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.%s", arch, key);
    const struct st_tensor *t = st_find(f->file, name);
    assert_non_null(t);
    return t;
}

static void read_floats(const struct fixture *f, const char *arch, const char *key,
                        size_t n, float *to)
{
    const struct st_tensor *t = find(f, arch, key);
    struct errinfo e;
    char name[64];
    (void)snprintf(name, sizeof name, "%s.%s", arch, key);
    assert_int_equal(t->bytes, n * sizeof *to);
    assert_ok(st_read_f32(f->file, name, t->shape, t->ndim, to, &e), &e);
}

static void *numbers(size_t n, size_t size)
{
    void *p = mem_alloc(n, size);
    assert_non_null(p);
    return p;
}

/* The codes of each text's tokens to their means. */
static void mean_codes(struct fixture *f, const float *x)
{
    struct errinfo e;
    struct sae_codes codes = {0};
    struct sentence_task *t = &f->task;
    assert_ok(sae_encode(f->sae, x, (size_t)TEXTS * LENGTH, NULL, &codes, &e), &e);
    t->start = numbers(TEXTS + 1, sizeof *t->start);
    t->id = numbers(TEXTS * F, sizeof *t->id);
    t->val = numbers(TEXTS * F, sizeof *t->val);
    size_t at = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        double mean[F] = {0};
        for (size_t k = codes.start[i * LENGTH]; k < codes.start[(i + 1) * LENGTH];
             k++) {
            mean[codes.id[k]] += (double)codes.val[k] / LENGTH;
        }
        for (int32_t j = 0; j < F; j++) {
            if (mean[j] > 0.0) {
                t->id[at] = j;
                t->val[at++] = (float)mean[j];
            }
        }
        t->start[i + 1] = at;
        f->y[i] = i < TEXTS / 2;
    }
    t->t = (struct probe_table){.n_train = TEXTS, .D = D, .F = F};
    sae_codes_deinit(&codes);
}

static void fixture_open(struct fixture *f, const char *arch)
{
    struct errinfo e;
    char folder[512], path[512];
    float probe[D];
    float *x = numbers((size_t)TEXTS * LENGTH * D, sizeof *x);
    const char *root = getenv("SAETOP_FIXTURES");
    assert_non_null(root);
    *f = (struct fixture){0};
    (void)tmp_path(path, tmp_path(folder, root, "eval"), "perturb.safetensors");
    assert_ok(st_open(path, &f->file, &e), &e);
    assert_ok(sae_new(sae_arch_find(arch), D, F, K, &f->sae, &e), &e);
    f->sae->scale = 1.0F;
    read_floats(f, arch, "W_enc", F * D, f->sae->W_enc);
    read_floats(f, arch, "W_dec", F * D, f->sae->W_dec);
    read_floats(f, arch, "b_enc", F, f->sae->b_enc);
    read_floats(f, arch, "b_dec", D, f->sae->b_dec);
    read_floats(f, arch, "x", (size_t)TEXTS * LENGTH * D, x);
    read_floats(f, arch, "probe", D, probe);
    for (size_t j = 0; j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            f->effect_of[j] += (double)probe[d] * (double)f->sae->W_dec[j * D + d];
        }
    }
    mean_codes(f, x);
    mem_free(x);
}

static void fixture_close(struct fixture *f)
{
    mem_free(f->task.start);
    mem_free(f->task.id);
    mem_free(f->task.val);
    sae_free(f->sae);
    st_close(f->file);
}

/* Its first n latents beside SAEBench's: the same but for which ones of effect 0, an
 * order that torch.topk leaves open. */
static void same_taken(const struct effect_rank *rank, const float *effect, size_t n,
                       const int32_t *want)
{
    uint8_t gone[F];
    int zeros = 0;
    effect_rank_first(rank, n, gone);
    for (size_t j = 0; j < F; j++) {
        const int differ = (int)gone[j] - want[j];
        zeros += effect[j] == 0.0F ? differ : 0;
        if (effect[j] != 0.0F && differ != 0) {
            fail_msg("latent %zu of the first %zu: found %d, expected %d", j, n,
                     (int)gone[j], (int)want[j]);
        }
    }
    assert_int_equal(zeros, 0);
}

static void compare(const char *arch, const char *metric, enum effect_kind kind)
{
    struct errinfo e;
    struct fixture f;
    struct effect_rank rank;
    char key[32];
    float effect[F];
    fixture_open(&f, arch);
    (void)snprintf(key, sizeof key, "%s.effect", metric);
    read_floats(&f, arch, key, F, effect);
    (void)snprintf(key, sizeof key, "%s.taken", metric);
    const int32_t *taken = find(&f, arch, key)->data;
    assert_ok(effect_rank_init(&rank, &f.task, f.y, f.effect_of, kind, &e), &e);
    size_t nonzero = 0;
    for (size_t i = 0; i < F; i++) {
        const double want = (double)effect[rank.latent[i]];
        if (!(fabs(rank.effect[i] - want) <= 1e-5 * (1.0 + fabs(want)))) {
            fail_msg("latent %d: found %.7g, expected %.7g", (int)rank.latent[i],
                     rank.effect[i], want);
        }
        nonzero += effect[i] != 0.0F;
    }
    assert_int_equal(rank.nonzero, nonzero);
    for (size_t c = 0; c < COUNTS; c++) {
        same_taken(&rank, effect, counts[c], taken + c * F);
    }
    effect_rank_deinit(&rank);
    fixture_close(&f);
}

static void tpp_takes_what_saebench_takes(void **state)
{
    (void)state;
    compare("topk", "tpp", EFFECT_IN_CLASS);
    compare("standard", "tpp", EFFECT_IN_CLASS);
}

static void scr_takes_what_saebench_takes(void **state)
{
    (void)state;
    compare("topk", "scr", EFFECT_SIZE);
    compare("standard", "scr", EFFECT_SIZE);
}

/* Codes of two texts, one in the class: latents 0 to 2 have the effects -2, 0 and 1. */
static void zeros_before_negatives(void **state)
{
    (void)state;
    static size_t start[3] = {0, 2, 3};
    static int32_t id[3] = {0, 2, 1};
    static float val[3] = {1, 1, 1};
    static const uint8_t y[2] = {1, 0};
    static const double effect_of[3] = {-2.0, 1.0, 1.0};
    struct sentence_task t = {.start = start, .id = id, .val = val};
    struct effect_rank rank;
    struct errinfo e;
    uint8_t gone[3];
    t.t = (struct probe_table){.n_train = 2, .D = 1, .F = 3};
    assert_ok(effect_rank_init(&rank, &t, y, effect_of, EFFECT_IN_CLASS, &e), &e);
    assert_int_equal(rank.nonzero, 2);
    static const uint8_t want[3] = {0, 1, 1};
    effect_rank_first(&rank, 3, gone); /* no more than there are effects */
    assert_memory_equal(gone, want, 3);
    effect_rank_deinit(&rank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tpp_takes_what_saebench_takes),
        cmocka_unit_test(scr_takes_what_saebench_takes),
        cmocka_unit_test(zeros_before_negatives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
