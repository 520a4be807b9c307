/* [toy_family] A row more in the table of families, and nothing else, is a family: its
 * config.json and tensors are read by the row's names, hooks and logits are those of a
 * plain forward written out here, and a run trains on it. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "lm/lm_family.h"
#include "num/blas.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <math.h>

enum { L = 2, H = 4, D = 32, F = 40, CTX = 32, V = 264, T = 20, DH = D / H };
enum { TURN = DH / 2 }; /* TOY_SHARE of a head */

/* ---- a model of it ---- */

struct tensor {
    char name[64];
    size_t rows, cols; /* cols 0: a vector */
    float *p;
};
static struct tensor all[4 + 6 * L];
static size_t n_all;

static void add(const char *name, size_t rows, size_t cols, struct rng *r)
{
    struct tensor *t = &all[n_all++];
    assert_true(n_all <= sizeof all / sizeof *all);
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->rows = rows;
    t->cols = cols;
    const size_t n = rows * (cols ? cols : 1);
    t->p = mem_alloc(n, sizeof *t->p);
    assert_non_null(t->p);
    for (size_t i = 0; i < n; i++) {
        t->p[i] = (float)((cols ? 0.0 : 1.0) + 0.25 * rng_normal(r));
    }
}

static const float *get(const char *name, size_t block)
{
    char text[64];
    (void)snprintf(text, sizeof text, "toy.storey.%zu.%s.weight", block, name);
    for (size_t i = 0; i < n_all; i++) {
        if (strcmp(all[i].name, text) == 0 || strcmp(all[i].name, name) == 0) {
            return all[i].p;
        }
    }
    fail_msg("no %s", name);
    return NULL;
}

static void make_weights(void)
{
    static const struct {
        const char *name;
        size_t rows, cols;
    } of_block[] = {{"one", D, 0}, {"qkv", 3 * D, D}, {"back", D, D},
                    {"two", D, 0}, {"widen", F, D},   {"narrow", D, F}};
    struct rng r = rng_begin(5, RNG_INIT, 0);
    char name[64];
    n_all = 0;
    add("toy.words.weight", V, D, &r);
    for (size_t b = 0; b < L; b++) {
        for (size_t i = 0; i < sizeof of_block / sizeof *of_block; i++) {
            (void)snprintf(name, sizeof name, "toy.storey.%zu.%s.weight", b,
                           of_block[i].name);
            add(name, of_block[i].rows, of_block[i].cols, &r);
        }
    }
    add("toy.last.weight", D, 0, &r);
    add("toy_head.weight", V, D, &r);
    add("toy.storey.0.toy_mask", 3, 0, &r); /* which is no weight */
}

static void write_model(const char *dir)
{
    struct errinfo e;
    struct st_tensor list[sizeof all / sizeof *all];
    char path[512], command[1200];
    for (size_t i = 0; i < n_all; i++) {
        const size_t cols = all[i].cols ? all[i].cols : 1;
        list[i] = (struct st_tensor){.name = all[i].name,
                                     .dtype = ST_F32,
                                     .ndim = all[i].cols ? 2 : 1,
                                     .shape = {all[i].rows, all[i].cols},
                                     .data = all[i].p,
                                     .bytes = all[i].rows * cols * sizeof(float)};
    }
    assert_ok(
        st_write(tmp_path(path, dir, "model.safetensors"), list, n_all, NULL, 0, &e),
        &e);
    char config[400];
    (void)snprintf(
        config, sizeof config,
        "{\"model_type\": \"toy\", \"depth\": %d, \"crew\": %d, \"span\": %d, "
        "\"reach\": %d, \"view\": %d, \"vocab_size\": %d}\n",
        L, H, D, F, CTX, V);
    assert_ok(file_write_text(tmp_path(path, dir, "config.json"), config, &e), &e);
    (void)snprintf(command, sizeof command, "cp '%s/models/llama/tokenizer.json' '%s'",
                   getenv("SAETOP_FIXTURES"), dir);
    assert_int_equal(system(command), 0);
}

/* ---- its forward, as plainly as it can be written ---- */

static double resid[L + 1][T][D]; /* [0]: the embedding, scaled */
static double mlp_post[L][T][F], attn_out[L][T][D];

/* out [rows] = w [rows, n] x. */
static void times(const float *w, const double *x, size_t rows, size_t n, double *out)
{
    for (size_t i = 0; i < rows; i++) {
        out[i] = 0;
        for (size_t k = 0; k < n; k++) {
            out[i] += (double)w[i * n + k] * x[k];
        }
    }
}

static void rms(const float *w, const double *x, double *out)
{
    double square = 0;
    for (size_t d = 0; d < D; d++) {
        square += x[d] * x[d];
    }
    for (size_t d = 0; d < D; d++) {
        out[d] = x[d] / sqrt(square / D + 1e-5) * (double)w[d];
    }
}

static void turn(double *head, size_t position)
{
    for (size_t i = 0; i < TURN / 2; i++) {
        const double angle = (double)position * pow(TOY_BASE, -2.0 * (double)i / TURN);
        const double a = head[i], b = head[i + TURN / 2];
        head[i] = a * cos(angle) - b * sin(angle);
        head[i + TURN / 2] = b * cos(angle) + a * sin(angle);
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void naive_attention(size_t b)
{
    static double qkv[T][3 * D];
    for (size_t t = 0; t < T; t++) {
        double x[D], z[D] = {0};
        rms(get("one", b), resid[b][t], x);
        times(get("qkv", b), x, 3 * D, D, qkv[t]);
        for (size_t h = 0; h < H; h++) {
            turn(qkv[t] + h * DH, t);
            turn(qkv[t] + D + h * DH, t);
            double weight[T], sum = 0;
            for (size_t s = 0; s <= t; s++) {
                weight[s] = exp(dot(qkv[t] + h * DH, qkv[s] + D + h * DH, DH) /
                                sqrt((double)DH));
                sum += weight[s];
            }
            for (size_t s = 0; s <= t; s++) {
                for (size_t d = 0; d < DH; d++) {
                    z[h * DH + d] += weight[s] / sum * qkv[s][2 * D + h * DH + d];
                }
            }
        }
        times(get("back", b), z, D, D, attn_out[b][t]);
    }
}

static void naive_forward(const int32_t *ids)
{
    for (size_t t = 0; t < T; t++) {
        for (size_t d = 0; d < D; d++) {
            resid[0][t][d] = sqrt((double)D) *
                             (double)get("toy.words.weight", 0)[(size_t)ids[t] * D + d];
        }
    }
    for (size_t b = 0; b < L; b++) {
        naive_attention(b);
        for (size_t t = 0; t < T; t++) {
            double x[D], out[D];
            rms(get("two", b), resid[b][t], x);
            times(get("widen", b), x, F, D, mlp_post[b][t]);
            for (size_t i = 0; i < F; i++) {
                mlp_post[b][t][i] = fmax(mlp_post[b][t][i], 0);
            }
            times(get("narrow", b), mlp_post[b][t], D, F, out);
            for (size_t d = 0; d < D; d++) {
                resid[b + 1][t][d] = resid[b][t][d] + attn_out[b][t][d] + out[d];
            }
        }
    }
}

/* ---- beside the core ---- */

static void near(const char *what, const float *got, const double *want, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += want[i] * want[i];
    }
    assert_true(square > 0);
    for (size_t i = 0; i < n; i++) {
        if (!(fabs((double)got[i] - want[i]) <= 1e-4 * sqrt(square / (double)n))) {
            fail_msg("%s: number %zu: found %g, expected %g", what, i, (double)got[i],
                     want[i]);
        }
    }
}

static void check_hooks(const struct lm *m, const int32_t *ids)
{
    struct errinfo e;
    struct lm_ws *ws = NULL;
    float x[T * F];
    assert_ok(lm_ws_new(m, LM_WHOLE, T, &ws, &e), &e);
    for (size_t b = 0; b < L; b++) {
        lm_forward_to(m, ws, ids, 1, T, (struct lm_hook){b, LM_RESID_PRE}, x);
        near("resid_pre", x, resid[b][0], T * D);
        lm_forward_to(m, ws, ids, 1, T, (struct lm_hook){b, LM_ATTN_OUT}, x);
        near("attn_out", x, attn_out[b][0], T * D);
        lm_forward_to(m, ws, ids, 1, T, (struct lm_hook){b, LM_MLP_POST}, x);
        near("mlp_post", x, mlp_post[b][0], T * F);
        lm_forward_to(m, ws, ids, 1, T, (struct lm_hook){b, LM_RESID_POST}, x);
        near("resid_post", x, resid[b + 1][0], T * D);
    }
    float logits[V];
    double last[D], want[V];
    lm_logits(m, x + (T - 1) * D, logits);
    rms(get("toy.last.weight", 0), resid[L][T - 1], last);
    times(get("toy_head.weight", 0), last, V, D, want);
    near("logits", logits, want, V);
    lm_ws_free(ws);
}

static void a_row_is_a_family(void **state)
{
    (void)state;
    char dir[256];
    struct errinfo e;
    struct lm *m = NULL;
    int32_t ids[T];
    tmp_make(dir, sizeof dir);
    make_weights();
    write_model(dir);
    assert_ok(lm_load(dir, &m, &e), &e);
    assert_ok(lm_need(m, LM_WHOLE, &e), &e);
    assert_string_equal(m->cfg.family->name, "toy");
    assert_int_equal(m->cfg.rotary, TURN);
    for (size_t t = 0; t < T; t++) {
        ids[t] = (int32_t)(4 + 13 * t % (V - 4));
    }
    naive_forward(ids);
    check_hooks(m, ids);
    lm_free(m);

    /* Text, masks, hooks, losses and an SAE on it. */
    struct settings set = sample_settings(3);
    (void)snprintf(set.model, sizeof set.model, "%s", dir);
    (void)snprintf(set.hook, sizeof set.hook, "blocks.1.mlp.hook_post");
    (void)snprintf(set.cache, sizeof set.cache, "%s/cache", dir);
    set.mask_rate = 0.3;
    set.concepts[0] = '\0';
    struct engine *g = start_engine(&set);
    struct eval_set *eval = NULL;
    assert_ok(engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &eval, &e), &e);
    g->eval_set = eval;
    run_engine_to(g, set.steps);
    const struct history *h = &g->arm[0].history;
    assert_true(isfinite(h->row[h->rows - 1].v[METRIC_EV]));
    assert_true(isfinite(h->row[h->rows - 1].v[METRIC_LOSS]));
    engine_free(g);
    eval_set_free(eval);
    char command[400];
    (void)snprintf(command, sizeof command, "rm -r '%s/cache'", dir);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < n_all; i++) {
        mem_free(all[i].p);
    }
    tmp_drop(dir);
}

/* It is among the kinds that an unknown one is answered with. */
static void it_is_listed(void **state)
{
    (void)state;
    size_t n = 0;
    while (lm_family_at(n)) {
        n++;
    }
    assert_string_equal(lm_family_at(n - 1)->name, "toy");
    assert_ptr_equal(lm_family_find("toy"), lm_family_at(n - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_a_family),
        cmocka_unit_test(it_is_listed),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
