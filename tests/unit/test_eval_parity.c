/* The evaluator beside SAEBench's own functions and scikit-learn's, from the fixture
 * that they wrote (tests/ref/make_eval_fixtures.py): which latents carry a concept,
 * absorption word by word, the fits of k-sparse probes. */
#include "base/mem.h"
#include "base/safetensors.h"
#include "check.h"
#include "eval/absorption.h"
#include "eval/probing.h"
#include "num/blas.h"
#include "num/vec.h"

#include <math.h>

/* The same sizes as in the script. */
enum { D = 24, F = 64, K = 6, P = 6, N_TRAIN = 960, N = 1440, MAX_K = 6, MAIN = 3 };

struct fixture {
    struct st_file *file;
    struct sae *sae;
    struct sae_codes codes; /* of all rows */
    float *x;               /* [N,D] */
    float *features;        /* [N,F] the codes, dense */
    const int32_t *label;   /* [N] */
};

/* ---- reading ---- */

static void *numbers(size_t n, size_t size)
{
    void *p = mem_alloc(n, size);
    assert_non_null(p);
    return p;
}

/* A tensor of any shape as floats; release with mem_free. */
static float *floats(const struct fixture *f, const char *name)
{
    struct errinfo e;
    const struct st_tensor *t = st_find(f->file, name);
    assert_non_null(t);
    float *out = numbers(t->bytes / sizeof *out, sizeof *out);
    assert_ok(st_read_f32(f->file, name, t->shape, t->ndim, out, &e), &e);
    return out;
}

/* Integers as they stand in the file. */
static const int32_t *ints(const struct fixture *f, const char *name, size_t n)
{
    const struct st_tensor *t = st_find(f->file, name);
    assert_non_null(t);
    assert_int_equal(t->dtype, ST_I32);
    assert_int_equal(t->bytes, n * sizeof(int32_t));
    return t->data;
}

static void fill(const struct fixture *f, const char *name, size_t n, float *to)
{
    float *from = floats(f, name);
    memcpy(to, from, n * sizeof *to);
    mem_free(from);
}

static struct fixture fixture_open(void)
{
    struct errinfo e;
    struct fixture f = {0};
    char folder[512], path[512];
    const char *root = getenv("SAETOP_FIXTURES");
    assert_non_null(root);
    (void)tmp_path(path, tmp_path(folder, root, "eval"), "saebench.safetensors");
    assert_ok(st_open(path, &f.file, &e), &e);
    assert_ok(sae_new(sae_arch_find("topk"), D, F, K, &f.sae, &e), &e);
    f.sae->scale = 1.0F;
    fill(&f, "W_enc", F * D, f.sae->W_enc);
    fill(&f, "W_dec", F * D, f.sae->W_dec);
    fill(&f, "b_enc", F, f.sae->b_enc);
    fill(&f, "b_dec", D, f.sae->b_dec);
    f.x = floats(&f, "x");
    f.label = ints(&f, "label", N);
    assert_ok(sae_encode(f.sae, f.x, N, NULL, &f.codes, &e), &e);
    f.features = numbers((size_t)N * F, sizeof *f.features);
    for (size_t i = 0; i < N; i++) {
        for (size_t a = f.codes.start[i]; a < f.codes.start[i + 1]; a++) {
            f.features[i * F + (size_t)f.codes.id[a]] = f.codes.val[a];
        }
    }
    return f;
}

static void fixture_close(struct fixture *f)
{
    sae_codes_deinit(&f->codes);
    sae_free(f->sae);
    mem_free(f->x);
    mem_free(f->features);
    st_close(f->file);
}

static void near(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) {
        fail_msg("%s: found %.6g, expected %.6g", what, got, want);
    }
}

/* ---- latents that carry a concept ---- */

/* The fixture's rows as a sample: a concept each. */
static struct concept_sample sample_of(const struct fixture *f)
{
    struct concept_sample s = {
        .n = N, .n_train = N_TRAIN, .n_rank = N_TRAIN, .D = D, .n_concepts = P};
    s.member_start = numbers(P + 1, sizeof *s.member_start);
    s.member = numbers(N, sizeof *s.member);
    for (size_t c = 0, at = 0; c < P; c++) {
        for (uint32_t i = 0; i < N; i++) {
            if (f->label[i] == (int32_t)c) {
                s.member[at++] = i;
            }
        }
        s.member_start[c + 1] = at;
    }
    return s;
}

static void chosen_latents_are_saebenchs(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = fixture_open();
    struct concept_sample s = sample_of(&f);
    struct code_columns columns;
    struct absorption_ws ws;
    float *l1 = floats(&f, "ksparse.l1_weights");
    float *f1 = floats(&f, "ksparse.f1");
    const int32_t *split = ints(&f, "ksparse.split", P * MAX_K);
    assert_ok(code_columns_init(&columns, F, &f.codes, &e), &e);
    assert_ok(absorption_ws_init(&ws, N, F, &e), &e);
    for (size_t c = 0; c < P; c++) {
        struct concept_result r = {0};
        ksparse_select(FORM_SAEBENCH, &s, &columns, l1 + c * F, c, &ws, &r);
        near("F1 of the best latent", r.f1_best, (double)f1[c * MAX_K], 1e-3);
        for (size_t i = 0; i < MAX_K; i++) {
            assert_int_equal(r.main_latent[i], split[c * MAX_K + i]);
        }
    }
    absorption_ws_deinit(&ws);
    code_columns_deinit(&columns);
    mem_free(l1);
    mem_free(f1);
    mem_free(s.member_start);
    mem_free(s.member);
    fixture_close(&f);
}

/* ---- fits ---- */

static int by_weight(const void *a, const void *b)
{
    const float x = **(const float *const *)a, y = **(const float *const *)b;
    return (x < y) - (x > y);
}

/* Columns `latent` of the rows from..to, side by side. */
static void gather(const struct fixture *f, size_t from, size_t to,
                   const size_t *latent, size_t k, size_t c, float *x, uint8_t *y)
{
    for (size_t i = from; i < to; i++) {
        for (size_t a = 0; a < k; a++) {
            x[(i - from) * k + a] = f->features[i * F + latent[a]];
        }
        y[i - from] = f->label[i] == (int32_t)c;
    }
}

static double f1_of(size_t n, size_t k, const float *x, const uint8_t *y,
                    const double *w, double b)
{
    double true_pos = 0, called = 0, pos = 0;
    for (size_t i = 0; i < n; i++) {
        double z = b;
        for (size_t a = 0; a < k; a++) {
            z += w[a] * (double)x[i * k + a];
        }
        true_pos += z > 0 && y[i];
        called += z > 0;
        pos += y[i];
    }
    return 2 * true_pos / (called + pos);
}

/* Every k-sparse probe: coefficients at the minimum, SAEBench's F1 to a thousandth. */
static void fits_are_scikit_learns(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    float *l1 = floats(&f, "ksparse.l1_weights");
    float *coef = floats(&f, "ksparse.coef");
    float *intercept = floats(&f, "ksparse.intercept");
    float *f1 = floats(&f, "ksparse.f1");
    float *x = numbers((size_t)N * MAX_K, sizeof *x);
    uint8_t *y = numbers(N, sizeof *y);
    for (size_t c = 0; c < P; c++) {
        const float *order[F];
        size_t latent[MAX_K];
        for (size_t j = 0; j < F; j++) {
            order[j] = l1 + c * F + j;
        }
        qsort(order, F, sizeof *order, by_weight);
        for (size_t k = 1; k <= MAX_K; k++) {
            const size_t at = c * MAX_K + k - 1;
            double w[MAX_K] = {0}, b = 0;
            latent[k - 1] = (size_t)(order[k - 1] - (l1 + c * F));
            gather(&f, 0, N_TRAIN, latent, k, c, x, y);
            logreg_few(k, N_TRAIN, x, y, 0, 0, 1.0, w, &b);
            for (size_t a = 0; a < k; a++) {
                near("a coefficient", w[a], (double)coef[at * MAX_K + a], 1e-3);
            }
            near("an intercept", b, (double)intercept[at], 1e-3);
            gather(&f, N_TRAIN, N, latent, k, c, x, y);
            near("F1", f1_of(N - N_TRAIN, k, x, y, w, b), (double)f1[at], 1e-3);
        }
    }
    mem_free(l1);
    mem_free(coef);
    mem_free(intercept);
    mem_free(f1);
    mem_free(x);
    mem_free(y);
    fixture_close(&f);
}

/* ---- absorption ---- */

/* The inputs of absorption_decide for one concept's direction. */
struct direction {
    float unit[D], along[F], length[F];
};

static void direction_make(const struct fixture *f, const float *probe,
                           struct direction *d)
{
    const double norm = sqrt(vec_sumsq_f32(D, probe));
    for (size_t i = 0; i < D; i++) {
        d->unit[i] = (float)((double)probe[i] / norm);
    }
    for (size_t j = 0; j < F; j++) {
        const float *row = f->sae->W_dec + j * D;
        d->along[j] = vec_dot_f32(D, row, d->unit);
        d->length[j] = (float)sqrt(vec_sumsq_f32(D, row));
    }
}

/* The decision on one row. */
static struct absorption_outcome decide(const struct fixture *f,
                                        const struct direction *d, uint32_t row,
                                        const int32_t *main_latents)
{
    uint8_t is_main[F] = {0};
    const double p = (double)vec_dot_f32(D, f->x + (size_t)row * D, d->unit);
    const struct absorption_view v = {
        .codes = &f->codes, .along = d->along, .length = d->length, .scale = 1.0};
    for (size_t i = 0; i < MAIN && main_latents[i] >= 0; i++) {
        is_main[main_latents[i]] = 1;
    }
    return absorption_decide(&v, row, p, is_main);
}

static void decisions_are_saebenchs(void **state)
{
    (void)state;
    enum { SETS = 3 * P };
    struct fixture f = fixture_open();
    float *probes = floats(&f, "probe.weights");
    float *full = floats(&f, "absorption.full");
    float *fraction = floats(&f, "absorption.fraction");
    float *fires = floats(&f, "absorption.fires");
    const int32_t *concepts = ints(&f, "absorption.concept", SETS);
    const int32_t *mains = ints(&f, "absorption.main", SETS * MAIN);
    const int32_t *start = ints(&f, "absorption.start", SETS + 1);
    const int32_t *row = ints(&f, "absorption.row", (size_t)start[SETS]);
    for (size_t i = 0; i < SETS; i++) {
        struct direction d;
        direction_make(&f, probes + (size_t)concepts[i] * D, &d);
        for (int32_t a = start[i]; a < start[i + 1]; a++) {
            const struct absorption_outcome o =
                decide(&f, &d, (uint32_t)row[a], mains + i * MAIN);
            near("full absorption", o.absorber >= 0, (double)full[a], 0);
            near("the fraction", (double)o.fraction, (double)fraction[a], 1e-4);
            near("whether main latents fire", o.fires, (double)fires[a], 0);
        }
    }
    mem_free(probes);
    mem_free(full);
    mem_free(fraction);
    mem_free(fires);
    fixture_close(&f);
}

/* ---- sparse probing ---- */

enum { KS = 3, K_GREATEST = 5 };
static const size_t sparse_ks[KS] = {1, 2, K_GREATEST};

/* The best k of class y are the ids of `want`, in any order, -1 after the last. */
static void same_choice(const struct probe_table *t, const uint8_t *y,
                        enum probe_input in, size_t k, const int32_t *want,
                        int32_t *best)
{
    struct errinfo e;
    size_t n;
    assert_ok(probe_rank(t, y, in, k, best, &n, &e), &e);
    assert_int_equal(n, k);
    for (size_t i = 0; i < k; i++) {
        bool found = false;
        for (size_t a = 0; a < k; a++) {
            found = found || want[a] == best[i];
        }
        assert_true(found);
    }
}

static void probing_of(const struct fixture *f, enum probe_input in, const char *name)
{
    struct errinfo e;
    char key[64];
    float *score[3];
    static const char *const what[3] = {"accuracy", "f1", "auc"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "probing.%s.%s", name, what[i]);
        score[i] = floats(f, key);
    }
    (void)snprintf(key, sizeof key, "probing.%s.chosen", name);
    const int32_t *chosen = ints(f, key, P * KS * K_GREATEST);
    uint8_t *y = numbers(N, sizeof *y);
    const struct probe_table t = {.n_train = N_TRAIN,
                                  .n_test = N - N_TRAIN,
                                  .D = D,
                                  .F = F,
                                  .raw = f->x,
                                  .start = f->codes.start,
                                  .id = f->codes.id,
                                  .val = f->codes.val};
    for (size_t c = 0; c < P; c++) {
        for (size_t i = 0; i < N; i++) {
            y[i] = f->label[i] == (int32_t)c;
        }
        for (size_t i = 0; i < KS; i++) {
            const size_t at = c * KS + i;
            int32_t best[K_GREATEST];
            struct probe_scores s;
            same_choice(&t, y, in, sparse_ks[i], chosen + at * K_GREATEST, best);
            assert_ok(probe_columns(&t, y, in, best, sparse_ks[i], &s, &e), &e);
            near("accuracy", s.test.accuracy, (double)score[0][at], 1e-3);
            near("F1 of a sparse probe", s.test.f1, (double)score[1][at], 1e-3);
            near("AUC", s.test.auc, (double)score[2][at], 1e-3);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        mem_free(score[i]);
    }
    mem_free(y);
}

static void sparse_probes_are_saebenchs(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    probing_of(&f, PROBE_LATENTS, "latents");
    probing_of(&f, PROBE_RAW, "raw");
    fixture_close(&f);
}

/* ---- ranks of latents at the minimum ---- */

/* The L1 problem of concept c by coordinates, each by its largest curvature, over and
 * over in double: slow, and as near to the minimum as doubles come. w [F+1], the bias
 * last; returns the size of the last round's moves. */
static double naive_minimum(const struct fixture *f, int32_t c, double *w)
{
    double z[N_TRAIN] = {0}, curve[F + 1] = {0}, pos = 0.0, moved = 0.0;
    for (size_t i = 0; i < N_TRAIN; i++) {
        pos += f->label[i] == c;
    }
    const double weight = (N_TRAIN - pos) / pos;
    for (size_t i = 0; i < N_TRAIN; i++) {
        const double s = (f->label[i] == c ? weight : 1.0) / N_TRAIN;
        for (size_t j = 0; j <= F; j++) {
            const double x = j < F ? (double)f->features[i * F + j] : 1.0;
            curve[j] += 0.25 * s * x * x;
        }
    }
    for (int round = 0; round < 3000; round++) {
        moved = 0.0;
        for (size_t j = 0; j <= F; j++) {
            const double l1 = j < F ? 0.01 : 0.0, l2 = j < F ? 1e-6 : 0.0;
            const double a = curve[j] + l2;
            double g = l2 * w[j];
            for (size_t i = 0; i < N_TRAIN && a > 0.0; i++) {
                const double x = j < F ? (double)f->features[i * F + j] : 1.0;
                const bool y = f->label[i] == c;
                if (x > 0.0) {
                    const double p = 1.0 / (1.0 + exp(-z[i]));
                    g += x * (y ? weight * (p - 1.0) : p) / N_TRAIN;
                }
            }
            if (!(a > 0.0)) {
                continue;
            }
            const double to = w[j] - g / a;
            const double by_l1 = fmin(fabs(to), l1 / a);
            const double at = to > 0.0 ? to - by_l1 : to + by_l1;
            const double by = at - w[j];
            for (size_t i = 0; i < N_TRAIN && fabs(by) > 0.0; i++) {
                z[i] += by * (j < F ? (double)f->features[i * F + j] : 1.0);
            }
            moved = fmax(moved, fabs(by));
            w[j] = at;
        }
        if (moved < 1e-12) {
            break;
        }
    }
    return moved;
}

/* The place of each latent by weight, greatest first, ties to the lower. */
static void places(const double *w, size_t *place)
{
    for (size_t j = 0; j < F; j++) {
        place[j] = 0;
        for (size_t k = 0; k < F; k++) {
            place[j] += w[k] > w[j] || (k < j && !(w[k] < w[j]));
        }
    }
}

static void latents_rank_as_at_the_minimum(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = fixture_open();
    struct concept_sample s = sample_of(&f);
    size_t *start = numbers(N + 1, sizeof *start);
    int32_t *label = numbers(N, sizeof *label);
    for (size_t i = 0; i < N; i++) {
        start[i + 1] = i + 1;
        label[i] = f.label[i];
    }
    const struct probe_bank bank = {
        .form = FORM_MAIN, .n_units = P, .label_start = start, .label = label};
    struct logreg m;
    assert_ok(ksparse_weights(&bank, &s, &f.codes, F, 0, NULL, NULL, NULL, &m, &e), &e);
    assert_int_equal(m.fitted, P);
    assert_int_equal(m.short_of, 0);
    for (int32_t c = 0; c < 3; c++) {
        double want[F + 1] = {0}, got[F];
        size_t want_at[F], got_at[F];
        assert_true(naive_minimum(&f, c, want) < 1e-9);
        for (size_t j = 0; j < F; j++) {
            got[j] = (double)m.w[(size_t)c * F + j];
            near("a weight", got[j], want[j], 1e-4);
        }
        places(want, want_at);
        places(got, got_at);
        for (size_t j = 0; j < F; j++) {
            if (want[j] > 0.0) {
                assert_int_equal(got_at[j], want_at[j]);
            }
        }
    }
    logreg_deinit(&m);
    mem_free(start);
    mem_free(label);
    mem_free(s.member_start);
    mem_free(s.member);
    fixture_close(&f);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latents_rank_as_at_the_minimum),
        cmocka_unit_test(chosen_latents_are_saebenchs),
        cmocka_unit_test(fits_are_scikit_learns),
        cmocka_unit_test(decisions_are_saebenchs),
        cmocka_unit_test(sparse_probes_are_saebenchs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
