/* [threads] Measures of the evaluation one by one on a small model: what the SAE gives
 * back, masked context, sentence tasks; beside naive twins. */
#include "base/file.h"
#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/fidelity.h"
#include "eval/probe_set.h"
#include "eval/reconstruct.h"
#include "eval/robust.h"
#include "num/blas.h"
#include "unit/eval_bench.h"
#include "unit/eval_figures.h"

#include <math.h>
#include <string.h>

/* ---- reconstruction ---- */

static void measure(const struct eval_bench *b, const struct sae *s, struct pool *pool,
                    struct report *r)
{
    struct errinfo e;
    const struct reconstruct_job j = {.set = eval_set_rows(b->set),
                                      .rows = 12,
                                      .ce_rows = 5,
                                      .lm = b->m,
                                      .hook = {0, LM_RESID_POST}};
    struct reconstruct_text t;
    report_init(r, 3);
    assert_ok(reconstruct_text_init(&t, &j, pool, NULL, &e), &e);
    assert_ok(reconstruct_measure(&t, s, "id", pool, NULL, r, &e), &e);
    reconstruct_text_deinit(&t);
}

/* An SAE that gives back every activation changes nothing. */
static void test_identity(void **state)
{
    (void)state;
    struct eval_bench b;
    struct report r;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    measure(&b, s, NULL, &r);
    static const char *const one[] = {"fidelity.id.explained_variance",
                                      "fidelity.id.explained_variance_legacy",
                                      "fidelity.id.cosine",
                                      "fidelity.id.shrinkage",
                                      "fidelity.id.bias",
                                      "fidelity.id.ce_recovered",
                                      "fidelity.id.explained_variance_saebench",
                                      "fidelity.id.kl_score"};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        check_near(value(&r, one[i]), 1.0, 1e-3);
    }
    check_near(value(&r, "fidelity.id.mse"), 0.0, 1e-5);
    check_near(value(&r, "fidelity.id.kl_sae"), 0.0, 1e-5);
    check_near(value(&r, "fidelity.id.ce_increase"), 0.0, 1e-4);
    assert_true(value(&r, "fidelity.id.kl_zero") > 1e-3);
    /* The clean loss is the model's own, over the same rows. */
    const struct acts_set *a = eval_set_rows(b.set);
    float nll[5 * CONTEXT];
    double sum = 0, n = 0;
    struct errinfo e;
    assert_ok(harvest_nll(b.h, a->ids, 5, NULL, nll, &e), &e);
    for (size_t i = 0; i < 5 * CONTEXT; i++) {
        if (!isnan(nll[i])) {
            sum += (double)nll[i];
            n += 1;
        }
    }
    check_near(value(&r, "fidelity.id.ce_clean"), sum / n, 1e-5);
    report_deinit(&r);
    sae_free(s);
    eval_bench_deinit(&b);
}

static void same(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

/* Where erasing the activations costs the model nothing, its share says nothing, here
 * and there; a row by itself may. */
static void test_nothing_to_lose(void **state)
{
    (void)state;
    const struct fidelity_sums row[] = {{.predicted = 4, .loss = {8, 9, 8.5}},
                                        {.predicted = 4, .loss = {8, 7, 7.5}}};
    double x[2], w[2];
    assert_true(isnan(fidelity_value(row, 2, FIDELITY_CE_RECOVERED)));
    fidelity_ratio(row, 2, FIDELITY_CE_RECOVERED, x, w);
    assert_true(isnan(x[0]) && isnan(x[1]));
    same(fidelity_value(row, 1, FIDELITY_CE_RECOVERED), 0.5);
    same(fidelity_value(row, 2, FIDELITY_CE_SAE), 2.0);
    assert_true(isnan(fidelity_value(row, 0, FIDELITY_CE_SAE)));
    assert_true(isnan(fidelity_value(row, 2, FIDELITY_EV)));
}

/* The figures during training and those of `saetop eval` are counted by the same code
 * (fidelity.h): the same rows give the same bits. Only losses differ by the rounding of
 * floats: there they are the model's own, here they come from whole distributions. */
static void test_live_agrees(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct report r;
    struct fidelity_rows rows;
    struct fidelity live;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    for (size_t i = 0; i < s->F * s->D; i++) {
        s->W_dec[i] *= 0.7f;
    }
    uint8_t *fired = mem_alloc(s->F, 1);
    measure(&b, s, NULL, &r);
    assert_ok(fidelity_rows_init(&rows, eval_set_rows(b.set), 12, 5, b.h, NULL, &e),
              &e);
    assert_ok(fidelity_measure(&rows, s, b.h, NULL, NULL, fired, &live, &e), &e);
    same(live.l0, value(&r, "fidelity.id.l0"));
    same(live.mse, value(&r, "fidelity.id.mse"));
    same(live.explained_variance, value(&r, "fidelity.id.explained_variance"));
    check_near(rows.ce_clean, value(&r, "fidelity.id.ce_clean"), 1e-6);
    check_near(rows.ce_zero, value(&r, "fidelity.id.ce_zero"), 1e-6);
    check_near(live.ce_sae, value(&r, "fidelity.id.ce_sae"), 1e-6);
    check_near(live.ce_recovered, value(&r, "fidelity.id.ce_recovered"), 1e-5);
    fidelity_rows_deinit(&rows);
    mem_free(fired);
    report_deinit(&r);
    sae_free(s);
    eval_bench_deinit(&b);
}

/* Half of every activation: all distances are known. */
static void test_half(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct report r, threads;
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    for (size_t i = 0; i < s->F * s->D; i++) {
        s->W_dec[i] *= 0.5f;
    }
    measure(&b, s, NULL, &r);
    check_near(value(&r, "fidelity.id.cosine"), 1.0, 1e-5);
    check_near(value(&r, "fidelity.id.shrinkage"), 0.5, 1e-5);
    check_near(value(&r, "fidelity.id.bias"), 0.5, 1e-5);
    const struct acts_set *a = eval_set_rows(b.set);
    double square = 0, n = 0, l1 = 0;
    for (size_t i = 0; i < 12 * CONTEXT; i++) {
        for (size_t d = 0; d < WIDTH && !a->special[i]; d++) {
            const double v = (double)a->x[i * WIDTH + d];
            square += v * v;
            l1 += fabs(v);
        }
        n += a->special[i] ? 0 : 1;
    }
    check_near(value(&r, "fidelity.id.mse"), 0.25 * square / n, 1e-4);
    check_near(value(&r, "fidelity.id.mse_per_dimension"), 0.25 * square / n / WIDTH,
               1e-5);
    check_near(value(&r, "fidelity.id.l1"), l1 / n, 1e-4);
    check_near(value(&r, "fidelity.id.explained_variance_saebench"),
               explained_variance_saebench(0.25 * square / n, square / n, WIDTH), 1e-4);
    measure(&b, s, pool, &threads);
    for (size_t i = 0; i < r.n; i++) { /* to the bit, for any number of threads */
        assert_memory_equal(&r.fig[i].v, &threads.fig[i].v, sizeof r.fig[i].v);
    }
    report_deinit(&r);
    report_deinit(&threads);
    sae_free(s);
    pool_free(pool);
    eval_bench_deinit(&b);
}

/* The divergence of the spliced model from the clean one, one position at a time. */
static void test_divergence(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct report r;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    memset(s->arena, 0, s->count * sizeof *s->arena); /* reconstructs nothing */
    measure(&b, s, NULL, &r);
    check_near(value(&r, "fidelity.id.kl_sae"), value(&r, "fidelity.id.kl_zero"), 1e-9);
    check_near(value(&r, "fidelity.id.ce_recovered"), 0.0, 1e-9);
    const struct acts_set *a = eval_set_rows(b.set);
    const size_t V = b.m->cfg.vocab;
    struct lm_ws *ws = NULL;
    float *lp = mem_alloc(CONTEXT * V, sizeof *lp), *lq = mem_alloc(CONTEXT * V, 4);
    assert_ok(lm_ws_new(b.m, LM_WHOLE, CONTEXT, &ws, &e), &e);
    double kl = 0;
    for (size_t row = 0; row < 5; row++) {
        float x[CONTEXT * WIDTH];
        memcpy(x, a->x + row * CONTEXT * WIDTH, sizeof x);
        lm_logp_from(b.m, ws, x, CONTEXT, lm_behind(1), a->ids + row * CONTEXT, lp);
        memcpy(x, a->x + row * CONTEXT * WIDTH, sizeof x);
        for (size_t t = 0; t < CONTEXT; t++) {
            if (!a->special[row * CONTEXT + t]) {
                memset(x + t * WIDTH, 0, WIDTH * sizeof *x);
            }
        }
        lm_logp_from(b.m, ws, x, CONTEXT, lm_behind(1), a->ids + row * CONTEXT, lq);
        for (size_t i = 0; i < (CONTEXT - 1) * V; i++) {
            kl += exp((double)lp[i]) * ((double)lp[i] - (double)lq[i]);
        }
    }
    check_near(value(&r, "fidelity.id.kl_zero"), kl / (5.0 * (CONTEXT - 1)), 1e-4);
    lm_ws_free(ws);
    mem_free(lp);
    mem_free(lq);
    report_deinit(&r);
    sae_free(s);
    eval_bench_deinit(&b);
}

/* ---- robustness ---- */

/* In front of the first block an activation knows nothing of other tokens. */
static void test_robust(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct mask_vocab *vocab = NULL;
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    assert_ok(mask_vocab_new(b.m->tok, NULL, &vocab, &e), &e);
    const struct mask_spec mask = {.kind = MASK_RANDOM, .vocab = vocab};
    double weighted[2];
    for (size_t depth = 0; depth < 2; depth++) {
        struct harvester *h = NULL;
        struct acts_set *a = NULL;
        struct report r;
        const struct lm_hook hook = lm_behind(depth);
        report_init(&r, 5);
        assert_ok(harvester_new(b.m, hook, CONTEXT, NULL, &h, &e), &e);
        assert_ok(acts_set_new(h, b.id, CORPUS_HELDOUT, b.m->tok, 20, &a, &e), &e);
        struct robust_text t;
        assert_ok(robust_text_init(&t, a, 20, &mask, 5, h, &e), &e);
        assert_ok(robust_measure(&t, s, NULL, &r, &e), &e);
        robust_text_deinit(&t);
        weighted[depth] = value(&r, "robustness.weighted");
        assert_true(report_find(&r, "robustness.mean")->n > 0);
        report_deinit(&r);
        acts_set_free(a);
        harvester_free(h);
    }
    check_near(weighted[0], 1.0, 1e-12);
    assert_true(weighted[1] < 1.0 && weighted[1] > 0.0);
    mask_vocab_free(vocab);
    sae_free(s);
    eval_bench_deinit(&b);
}

/* ---- sentences ---- */

static void test_sentences(void **state)
{
    (void)state;
    struct errinfo e;
    struct eval_bench b;
    struct sentence_texts texts;
    struct sentence_sets sets;
    char path[512];
    eval_bench_init(&b, NULL);
    struct sae *s = identity_sae();
    tmp_path(path, b.dir, "tasks.csv");
    assert_ok(file_write_text(path, TASKS_CSV, &e), &e);
    sentence_texts_init(&texts, b.m, lm_behind(1), CONTEXT);
    assert_ok(sentence_texts_add(&texts, path, NULL, &e), &e);
    assert_int_equal(texts.n, 2);
    assert_ok(sentence_sets_init(&sets, &texts, s, NULL, NULL, &e), &e);
    const struct sentence_task *t = &sets.task[0];
    assert_string_equal(t->name, "pets");
    assert_int_equal(t->t.n_train, 4);
    assert_int_equal(t->t.n_test, 2);
    assert_int_equal(t->t.n_ood, 2);
    /* Row 1: the mean over its tokens, BOS left out, of what the model makes of them;
     * and this SAE's codes are the activations' positive and negative parts. */
    struct tok_ids ids = {0};
    const int32_t bos = tok_bos(b.m->tok);
    if (bos >= 0) {
        assert_ok(tok_ids_add(&ids, bos, &e), &e);
    }
    assert_ok(tok_encode(b.m->tok, " plum pear van", 14, &ids, &e), &e);
    struct lm_ws *ws = NULL;
    float x[CONTEXT * WIDTH];
    double mean[WIDTH] = {0}, codes[2 * WIDTH] = {0}, n = 0;
    assert_ok(lm_ws_new(b.m, LM_WHOLE, CONTEXT, &ws, &e), &e);
    lm_forward_to(b.m, ws, ids.p, 1, ids.n, lm_behind(1), x);
    for (size_t i = 0; i < ids.n; i++) {
        if (acts_is_special(b.m->tok, ids.p[i])) {
            continue;
        }
        n += 1;
        for (size_t d = 0; d < WIDTH; d++) {
            const double v = (double)x[i * WIDTH + d];
            mean[d] += v;
            codes[v > 0 ? d : WIDTH + d] += fabs(v);
        }
    }
    for (size_t d = 0; d < WIDTH; d++) {
        check_near((double)t->t.raw[WIDTH + d], mean[d] / n, 1e-5);
    }
    for (size_t k = t->start[1]; k < t->start[2]; k++) {
        check_near((double)t->val[k], codes[t->id[k]] / n, 1e-4);
    }
    struct report r;
    report_init(&r, 1);
    assert_ok(sentence_texts_check(&texts, &r, &e), &e);
    assert_int_equal(texts.n, 1); /* "flat" learns from one class */
    assert_string_equal(r.gap[0].what, "flat");
    const struct probe_ks ks = {.n = 2, .k = {1, 2}};
    assert_ok(sentence_texts_probe(&texts, &ks, NULL, NULL, NULL, &e), &e);
    /* Where activations are not kept, the model makes the same ones anew. */
    struct sentence_sets again;
    float *kept = texts.task[0].x;
    texts.task[0].x = NULL;
    assert_ok(sentence_sets_init(&again, &texts, s, NULL, NULL, &e), &e);
    texts.task[0].x = kept;
    assert_int_equal(again.n, 1);
    assert_memory_equal(again.task[0].start, t->start, 9 * sizeof *t->start);
    assert_memory_equal(again.task[0].val, t->val, t->start[8] * sizeof *t->val);
    assert_ok(probe_sentences(&again, &texts.base, NULL, NULL, &r, &e), &e);
    sentence_sets_deinit(&again);
    assert_int_equal(report_find(&r, "probing.sentences.k1.accuracy")->n, 1);
    assert_true(isfinite(value(&r, "probing.sentences.raw.auc_ood")));
    report_deinit(&r);
    lm_ws_free(ws);
    tok_ids_free(&ids);
    sentence_sets_deinit(&sets);
    sentence_texts_deinit(&texts);
    sae_free(s);
    eval_bench_deinit(&b);
}

static void test_bad_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *says;
    } bad[] = {
        {"task,text,label\na,b,1\n", "split"},
        {"task,text,label,split\na,b,2,train\n", "row 2: label is '2'"},
        {"task,text,label,split\na,b,1,train\na,b,1,dev\n", "row 3: split is 'dev'"},
        {"task,text,label,split,spurious\na,b,1,train,\n", "row 2: spurious is ''"},
    };
    struct errinfo e;
    struct eval_bench b;
    struct sentence_texts texts;
    char path[512];
    eval_bench_init(&b, NULL);
    sentence_texts_init(&texts, b.m, lm_behind(1), CONTEXT);
    tmp_path(path, b.dir, "tasks.csv");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_ok(file_write_text(path, bad[i].csv, &e), &e);
        check_error(sentence_texts_add(&texts, path, NULL, &e), ERR_FORMAT, &e,
                    bad[i].says);
        assert_int_equal(texts.n, 0);
    }
    sentence_texts_deinit(&texts);
    eval_bench_deinit(&b);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),        cmocka_unit_test(test_live_agrees),
        cmocka_unit_test(test_nothing_to_lose), cmocka_unit_test(test_half),
        cmocka_unit_test(test_divergence),      cmocka_unit_test(test_robust),
        cmocka_unit_test(test_sentences),       cmocka_unit_test(test_bad_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
