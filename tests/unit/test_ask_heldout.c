/* [threads] What edits do to held-out text (core/ask/ask_heldout.h), and the same in a
 * thread of its own. */
#include "ask/ask_worker.h"
#include "ask_world.h"
#include "num/stats.h"

#include <math.h>
#include <sched.h>
#include <string.h>

enum { ROWS = 5, T = 20, LAST = 13 };

/* A model of a family, its SAE, and rows of random tokens of which the last is short.
 */
struct bench {
    struct lm *m;
    struct ask_subject *s;
    struct ask *a;
    struct ask_rows *text;
};

static bool same_bits(double a, double b)
{
    return !memcmp(&a, &b, sizeof a);
}

/* The same to the bit, padding aside. */
static void assert_same_shifts(const struct ask_heldout *a, const struct ask_heldout *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->tokens, b->tokens);
    assert_int_equal(a->loss.n, b->loss.n);
    assert_true(same_bits(a->loss.after, b->loss.after));
    assert_true(same_bits(a->loss.by.low, b->loss.by.low));
    assert_true(same_bits(a->loss.by.high, b->loss.by.high));
    assert_true(same_bits(a->kl, b->kl));
    assert_int_equal(a->n_shift, b->n_shift);
    for (size_t i = 0; i < a->n_shift; i++) {
        assert_int_equal(a->shift[i].id, b->shift[i].id);
        assert_true(same_bits(a->shift[i].before, b->shift[i].before));
        assert_true(same_bits(a->shift[i].after, b->shift[i].after));
    }
}

static void assert_same(const struct ask_heldout *a, const struct ask_heldout *b)
{
    assert_same_shifts(a, b);
    assert_int_equal(a->changed, b->changed);
    assert_int_equal(a->n_worse, b->n_worse);
    for (size_t i = 0; i < a->n_worse; i++) {
        assert_int_equal(a->worse[i].row, b->worse[i].row);
        assert_int_equal(a->worse[i].pos, b->worse[i].pos);
        assert_int_equal(a->worse[i].id, b->worse[i].id);
        assert_true(same_bits((double)a->worse[i].logp, (double)b->worse[i].logp));
        assert_true(
            same_bits((double)a->worse[i].logp_after, (double)b->worse[i].logp_after));
    }
}

static struct bench begin(void)
{
    struct errinfo e;
    struct bench b = {.m = ask_model("qwen3")};
    b.text = ask_random_rows(b.m, ROWS, T, LAST);
    struct ask_subject *bare =
        ask_subject_at(b.m, (struct lm_hook){0, LM_RESID_POST}, SAE_NORM_SCALE);
    const struct ask_parts p = {.lm = b.m,
                                .sae = ask_sae(bare->sae->D, SAE_NORM_SCALE),
                                .hook = bare->hook,
                                .mask_token = -1,
                                .text = b.text};
    ask_subject_unref(bare);
    assert_ok(ask_subject_new(&p, &b.s, &e), &e);
    b.a = ask_begun(b.s);
    return b;
}

static void end(struct bench *b)
{
    ask_free(b->a);
    ask_subject_unref(b->s);
    ask_rows_unref(b->text);
    lm_free(b->m);
}

static struct ask_heldout measured(struct bench *b, size_t rows,
                                   const struct ask_edit *edit)
{
    struct errinfo e;
    struct ask_heldout_pass *p = NULL;
    struct ask_heldout h;
    assert_ok(ask_heldout_begin(b->s, b->text, rows, edit, 1, &p, &e), &e);
    while (ask_heldout_done(p) < ask_heldout_all(p)) {
        assert_ok(ask_heldout_row(p, b->a, &e), &e);
    }
    ask_heldout_sum(p, &h);
    ask_heldout_end(p);
    return h;
}

/* What asking row by row gives, and the distributions themselves. */
struct sums {
    double before[ROWS], after[ROWS]; /* mean losses of rows */
    double kl, tokens;
    double p[2][264]; /* sums of probabilities as the next token */
    struct ask_worse worst;
};

/* What an edit that adds to a latent everywhere adds at the hook. */
struct adding {
    const struct bench *b;
    const int32_t *ids;
    const struct ask_edit *edit;
};

static void add_row(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    const struct adding *a = ctx;
    const float *d = a->b->s->sae->W_dec + (size_t)a->edit->latent * width;
    (void)row;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < width && !acts_is_special(a->b->m->tok, a->ids[at + i]);
             k++) {
            x[i * width + k] += (float)(a->edit->value * (double)d[k]);
        }
    }
}

/* Probabilities of what comes next in a row, by the model alone. */
static void add_probabilities(const struct bench *b, const struct ask_edit *edit,
                              const int32_t *ids, size_t n, double out[264])
{
    struct errinfo e;
    const size_t V = b->m->cfg.vocab, D = b->m->cfg.d_model;
    struct adding ctx = {b, ids, edit};
    const struct lm_edit add = {.hook = b->s->hook, .apply = add_row, .ctx = &ctx};
    const struct lm_pass p = {
        .ids = ids, .B = 1, .T = n, .edit = &add, .edits = edit ? 1 : 0};
    struct lm_ws *ws = NULL;
    float *resid = ask_floats(n * D), *logits = ask_floats(n * V);
    assert_ok(lm_ws_new(b->m, LM_WHOLE, n, &ws, &e), &e);
    lm_run(b->m, ws, &p, resid);
    lm_logits_rows(b->m, ws, resid, n, logits);
    for (size_t t = 0; t + 1 < n; t++) {
        double sum = 0;
        for (size_t v = 0; v < V; v++) {
            sum += exp((double)logits[t * V + v]);
        }
        for (size_t v = 0; v < V; v++) {
            out[v] += exp((double)logits[t * V + v]) / sum;
        }
    }
    lm_ws_free(ws);
    mem_free(resid);
    mem_free(logits);
}

static struct sums asked(struct bench *b, const struct ask_edit *edit)
{
    struct sums s = {.kl = 0};
    for (size_t i = 0; i < ROWS; i++) {
        const size_t n = i + 1 == ROWS ? LAST : T;
        const struct ask_question q = {
            .ids = b->text->ids + i * T, .n = n, .edit = edit, .n_edits = 1, .top = 1};
        struct ask_answer *r = ask_asked(b->a, &q);
        for (size_t t = 1; t < n; t++) {
            const struct ask_token *k = &r->token[t];
            const struct ask_worse w = {i, t, k->id, k->logp, k->logp_after};
            s.before[i] -= (double)k->logp / (double)(n - 1);
            s.after[i] -= (double)k->logp_after / (double)(n - 1);
            s.kl += (double)r->token[t - 1].kl;
            s.worst =
                w.logp - w.logp_after > s.worst.logp - s.worst.logp_after ? w : s.worst;
        }
        s.tokens += (double)(n - 1);
        add_probabilities(b, NULL, q.ids, n, s.p[0]);
        add_probabilities(b, edit, q.ids, n, s.p[1]);
        ask_answer_unref(r);
    }
    return s;
}

/* Loss with its interval over rows, the tokens that lose most and the next tokens that
 * change most are those of the rows, asked one by one. */
static void test_sums(void **state)
{
    (void)state;
    struct bench b = begin();
    const struct ask_edit edit = {.latent = 6, .how = ASK_ADD, .value = 1.5};
    const struct ask_heldout h = measured(&b, 99, &edit); /* there are ROWS */
    const struct sums s = asked(&b, &edit);
    const struct stats_interval by = stats_paired_t(ROWS, s.before, s.after, .95);
    assert_int_equal(h.rows, ROWS);
    assert_true((double)h.tokens == s.tokens);
    assert_true(fabs(h.loss.before - stats_mean(ROWS, s.before)) < 1e-12);
    assert_true(fabs(h.loss.by.mean - by.mean) < 1e-12 && fabs(by.mean) > 1e-4);
    assert_true(fabs(h.loss.by.low - by.low) < 1e-12);
    assert_true(fabs(h.loss.by.high - by.high) < 1e-12 && by.high > by.low);
    assert_true(fabs(h.kl - s.kl / s.tokens) < 1e-12 && h.kl > 0);
    assert_true(h.changed > 0 && h.changed <= h.tokens);
    assert_int_equal(h.worse[0].row, s.worst.row);
    assert_int_equal(h.worse[0].pos, s.worst.pos);
    assert_int_equal(h.worse[0].id, b.text->ids[s.worst.row * T + s.worst.pos]);
    for (size_t i = 1; i < h.n_worse; i++) {
        assert_true(h.worse[i].logp - h.worse[i].logp_after <=
                    h.worse[i - 1].logp - h.worse[i - 1].logp_after);
        assert_true(h.worse[i].logp > h.worse[i].logp_after);
    }
    double most = 0;
    for (size_t v = 0; v < 264; v++) {
        most = fmax(most, fabs(s.p[1][v] - s.p[0][v]) / s.tokens);
    }
    assert_int_equal(h.n_shift, ASK_MOVED);
    assert_true(fabs(fabs(h.shift[0].after - h.shift[0].before) - most) < 1e-6);
    assert_true(most > 1e-3);
    for (size_t i = 0; i < h.n_shift; i++) {
        const struct ask_shift *x = &h.shift[i];
        assert_true(fabs(x->before - s.p[0][x->id] / s.tokens) < 1e-6);
        assert_true(fabs(x->after - s.p[1][x->id] / s.tokens) < 1e-6);
        assert_true(i == 0 ||
                    fabs(x->after - x->before) <= fabs(x[-1].after - x[-1].before));
    }
    end(&b);
}

/* Strength 0 changes nothing, to the bit; one row makes no verdict; a row of one token
 * predicts nothing. */
static void test_nothing(void **state)
{
    (void)state;
    struct errinfo e;
    struct bench b = begin();
    char text[200];
    const struct ask_edit none = {.latent = 6, .how = ASK_ADD, .value = 0};
    struct ask_heldout h = measured(&b, 3, &none);
    assert_int_equal(ask_heldout_verdict(&h), ASK_UNCHANGED);
    assert_true(h.changed == 0 && h.n_worse == 0 && h.n_shift == 0 && !(h.kl > 0));
    assert_memory_equal(&h.loss.before, &h.loss.after, sizeof(double));
    const struct ask_edit edit = {.latent = 6, .how = ASK_CLAMP, .value = 2};
    h = measured(&b, 1, &edit);
    assert_int_equal(ask_heldout_verdict(&h), ASK_NO_INTERVAL);
    ask_heldout_say(&h, text, sizeof text);
    assert_non_null(strstr(text, "on 1 row: no interval, so no verdict"));
    b.text->last = 1;
    h = measured(&b, ROWS, &edit);
    assert_int_equal(h.rows, ROWS - 1);
    b.s->context = 7; /* as of a model with a shorter context than the rows */
    h = measured(&b, 2, &edit);
    assert_int_equal(h.tokens, 2 * 6);
    struct ask_heldout_pass *p = NULL;
    check_error(ask_heldout_begin(b.s, b.text, 0, &edit, 1, &p, &e), ERR_USAGE, &e,
                "held-out rows");
    check_error(ask_heldout_begin(b.s, b.text, 1, &edit, 0, &p, &e), ERR_USAGE, &e,
                "silenced or steered");
    assert_null(p);
    end(&b);
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        enum ask_verdict is;
        const char *says;
    } cases[] = {
        {.1, .3, ASK_RISES, "loss rises by 0.2000 nats (95 % +0.1000 to +0.3000"},
        {-.3, -.1, ASK_FALLS, "loss falls by 0.2000 nats"},
        {-.1, .5, ASK_OPEN, "not established: loss +0.2000 nats"},
        {0, .4, ASK_OPEN, "not established"},
        {(double)NAN, (double)NAN, ASK_NO_INTERVAL, "no interval"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        const double mean = cases[i].is == ASK_FALLS ? -.2 : .2;
        const struct ask_heldout h = {
            .rows = 8,
            .changed = 5,
            .loss = {.by = {mean, cases[i].low, cases[i].high}}};
        assert_int_equal(ask_heldout_verdict(&h), cases[i].is);
        ask_heldout_say(&h, text, sizeof text);
        assert_non_null(strstr(text, cases[i].says));
    }
}

/* A row that is cancelled is read again, and nothing of it counts twice. */
static void test_cancelled(void **state)
{
    (void)state;
    struct errinfo e;
    struct bench b = begin();
    const struct ask_edit edit = {.latent = 6, .how = ASK_SCALE, .value = 3};
    const struct ask_heldout want = measured(&b, 3, &edit);
    atomic_bool stop = false;
    struct ask *a = NULL;
    struct ask_heldout_pass *p = NULL;
    struct ask_heldout got;
    assert_ok(ask_new(b.s, &stop, &a, &e), &e);
    assert_ok(ask_heldout_begin(b.s, b.text, 3, &edit, 1, &p, &e), &e);
    while (ask_heldout_done(p) < 3) {
        const size_t at = ask_heldout_done(p);
        atomic_store(&stop, true);
        assert_int_equal(ask_heldout_row(p, a, &e), ERR_CANCELLED);
        assert_int_equal(ask_heldout_done(p), at);
        atomic_store(&stop, false);
        assert_ok(ask_heldout_row(p, a, &e), &e);
    }
    ask_heldout_sum(p, &got);
    assert_same_shifts(&got, &want);
    ask_heldout_end(p);
    ask_free(a);
    end(&b);
}

/* ---- in a thread of its own ---- */

static struct ask_state wait_for(struct ask_worker *w, size_t slot)
{
    struct ask_state s = ask_worker_state(w, slot, ASK_HELDOUT);
    while (s.busy) {
        sched_yield();
        s = ask_worker_state(w, slot, ASK_HELDOUT);
    }
    return s;
}

/* Of two effects with questions between: each is what it is by itself. The last one
 * that was whole stays when another is cancelled or refused. */
static void test_worker(void **state)
{
    (void)state;
    struct errinfo e;
    struct bench b = begin();
    struct ask_worker *w = NULL;
    const struct ask_edit edit[] = {{.latent = 6, .how = ASK_SCALE, .value = 3},
                                    {.latent = 2, .how = ASK_CLAMP, .value = 1}};
    const struct ask_question q = {.ids = b.text->ids, .n = T, .top = 2};
    struct ask_heldout got, want;
    uint64_t ticket[2], given = 0;
    size_t done, all;
    assert_ok(ask_worker_new(NULL, NULL, &w, &e), &e);
    assert_false(ask_worker_effect(w, 0, &got, &given));
    for (size_t i = 0; i < 2; i++) {
        assert_ok(ask_worker_heldout(w, i, b.s, &edit[i], 1, ROWS, &ticket[i], &e), &e);
    }
    for (size_t i = 0; i < 30; i++) {
        assert_ok(ask_worker_ask(w, i % ASK_SLOTS, b.s, &q, NULL, &e), &e);
        ask_worker_progress(w, 0, &done, &all);
        assert_true(done <= all && all <= ROWS);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct ask_state s = wait_for(w, i);
        assert_true(s.rc == OK && s.done == ticket[i]);
        assert_true(ask_worker_effect(w, i, &got, &given) && given == ticket[i]);
        want = measured(&b, ROWS, &edit[i]);
        assert_same(&got, &want);
    }
    /* Ended before it was cancelled, or not. */
    assert_ok(ask_worker_heldout(w, 1, b.s, &edit[1], 1, ROWS, &ticket[0], &e), &e);
    ask_worker_cancel(w, 1, ASK_HELDOUT);
    assert_false(ask_worker_state(w, 1, ASK_HELDOUT).busy);
    assert_true(ask_worker_effect(w, 1, &got, &given));
    assert_true(given == ticket[1] || given == ticket[0]);
    assert_same(&got, &want);
    const uint64_t last = given;
    const struct ask_edit bad = {.latent = ASK_F, .how = ASK_ZERO};
    assert_ok(ask_worker_heldout(w, 1, b.s, &bad, 1, ROWS, NULL, &e), &e);
    const struct ask_state s = wait_for(w, 1);
    assert_int_equal(s.rc, ERR_USAGE);
    assert_non_null(strstr(s.error, "found 24"));
    assert_true(ask_worker_effect(w, 1, &got, &given) && given == last);
    /* Closing with one under way; a subject without text. */
    assert_ok(ask_worker_heldout(w, 0, b.s, &edit[0], 1, ROWS, NULL, &e), &e);
    ask_worker_free(w);
    struct ask_rows *text = b.s->text;
    b.s->text = NULL;
    check_error(ask_worker_heldout(NULL, 0, b.s, &edit[0], 1, 1, NULL, &e), ERR_USAGE,
                &e, "no held-out text");
    b.s->text = text;
    end(&b);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),     cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
