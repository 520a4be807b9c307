/* Contributions of latents to a difference of logits (core/ask/ask_why.h). */
#include "ask/ask_why.h"
#include "ask_world.h"

#define TEXT "a dog and a cat"

static struct ask_why *asked_why(struct ask *a, const struct ask_question *q,
                                 const struct ask_why_opts *o)
{
    struct errinfo e;
    struct ask_why *w = NULL;
    assert_ok(ask_why(a, q, o, &w, &e), &e);
    return w;
}

/* Logits of two tokens, apart, behind position `at` of an answer that lists all. */
static double difference_in(const struct ask_next *next, size_t V, int32_t target,
                            int32_t against)
{
    double logp[2] = {NAN, NAN};
    for (size_t i = 0; i < V; i++) {
        logp[0] = next[i].id == target ? (double)next[i].logp : logp[0];
        logp[1] = next[i].id == against ? (double)next[i].logp : logp[1];
    }
    return logp[0] - logp[1];
}

/* All of it sums to the difference, which is the model's; what was ablated is what
 * ask_run gives without. */
static void check_why(struct ask *a, const struct ask_question *q, size_t pos,
                      int32_t against)
{
    const struct lm *m = ask_of(a)->lm;
    const struct ask_why_opts o = {
        .pos = pos, .target = -1, .against = against, .ablate = 5};
    struct ask_why *w = asked_why(a, q, &o);
    double sum = 0;
    char hook[64];
    lm_hook_name(ask_of(a)->hook, hook);
    for (size_t i = 0; i < w->n; i++) {
        sum += w->part[i].contribution;
        assert_true(i == 0 ||
                    fabs(w->part[i].contribution) <= fabs(w->part[i - 1].contribution));
        assert_true(w->part[i].pos < pos && w->part[i].pos > 0);
        assert_int_equal(isnan(w->part[i].ablated), i >= w->ablated);
    }
    assert_true(fabs(sum - w->sum) < 1e-9 * (1 + fabs(sum)));
    const double rise = w->difference - w->at_zero;
    if (!w->complete || fabs(sum - rise) > fmax(1e-3 * fabs(rise), 1e-4)) {
        fail_msg("%s %s: parts sum to %g, the difference rises by %g (%zu points)",
                 m->dir, hook, sum, rise, w->points);
    }
    assert_true(fabs(w->latents + w->error - w->sum) < 1e-9 * (1 + fabs(sum)));
    /* The difference is the model's. */
    struct ask_answer *r = ask_asked(a, q);
    const struct ask_next *next = (r->next_after ? r->next_after : r->next);
    next += (pos - 1) * r->top;
    if (against != ASK_MEAN && r->top == m->cfg.vocab) {
        assert_true(fabs(difference_in(next, r->top, w->target, w->against) -
                         w->difference) < 2e-4);
    }
    if (pos < q->n) {
        assert_int_equal(w->target, q->ids[pos]);
    } else {
        assert_int_equal(w->target, next[0].id);
    }
    ask_answer_unref(r);
    ask_why_unref(w);
}

static void test_completeness(void **state)
{
    (void)state;
    uint8_t masked[64] = {0};
    masked[4] = 1;
    static const struct ask_edit edit[] = {
        {.latent = 3, .how = ASK_ADD, .value = 1.5, .where = ASK_FROM, .pos = 2},
        {.latent = 5, .how = ASK_SCALE, .value = 0.5}};
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct lm *m = ask_model(ask_families[i]);
        for (enum lm_site site = 0; site < LM_SITES; site++) {
            if (!ask_has_site(m, site)) {
                continue;
            }
            struct ask_subject *s = ask_subject_at(m, (struct lm_hook){0, site},
                                                   (enum sae_norm)((i + site) % 3));
            struct ask *a = ask_begun(s);
            struct ask_row row = ask_text(s, TEXT);
            struct ask_question q = {
                .ids = row.ids.p, .n = row.ids.n, .top = ASK_TOP_MAX};
            check_why(a, &q, q.n, ASK_SECOND);
            q.masked = masked;
            q.edit = edit;
            q.n_edits = 2;
            check_why(a, &q, 8, ASK_MEAN);
            check_why(a, &q, 6, 17);
            ask_row_deinit(&row);
            ask_free(a);
            ask_subject_unref(s);
        }
        lm_free(m);
    }
}

/* `ablated` equals the effect of an edit that removes the latent at its position. */
static void test_ablated(void **state)
{
    (void)state;
    struct lm *m = ask_model("llama");
    struct ask_subject *s =
        ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, SAE_NORM_LAYER);
    struct ask *a = ask_begun(s);
    struct ask_row row = ask_text(s, TEXT);
    struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 3};
    const struct ask_why_opts o = {
        .pos = q.n, .target = -1, .against = ASK_SECOND, .ablate = 40};
    struct ask_why *w = asked_why(a, &q, &o);
    size_t seen = 0;
    for (size_t i = 0; i < w->ablated; i++) {
        const struct ask_part *p = &w->part[i];
        const struct ask_edit zero = {
            .latent = p->latent, .how = ASK_ZERO, .where = ASK_AT, .pos = p->pos};
        if (p->latent < 0) {
            continue;
        }
        /* The same question with the edit: its own difference. */
        struct ask_question without = q;
        without.edit = &zero;
        without.n_edits = 1;
        const struct ask_why_opts same = {
            .pos = q.n, .target = w->target, .against = w->against, .tolerance = 1e9};
        struct ask_why *less = asked_why(a, &without, &same);
        assert_true(fabs(w->difference - less->difference - p->ablated) < 2e-5);
        assert_int_equal(less->points, 8);
        ask_why_unref(less);
        seen++;
    }
    assert_true(seen > 10);
    assert_true(w->spearman > 0.3 && w->spearman <= 1);
    ask_why_unref(w);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

/* Behind the last block nothing of an earlier position acts. */
static void test_last_block(void **state)
{
    (void)state;
    struct lm *m = ask_model("gpt2");
    const struct lm_hook last = {m->cfg.n_layer - 1, LM_RESID_POST};
    struct ask_subject *s = ask_subject_at(m, last, SAE_NORM_SCALE);
    struct ask *a = ask_begun(s);
    struct ask_row row = ask_text(s, TEXT);
    const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 3};
    const struct ask_why_opts o = {
        .pos = q.n, .target = -1, .against = ASK_SECOND, .ablate = 10};
    struct ask_why *w = asked_why(a, &q, &o);
    for (size_t i = 0; i < w->n; i++) {
        assert_true(w->part[i].pos == q.n - 1 || !(fabs(w->part[i].contribution) > 0));
    }
    ask_why_unref(w);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

static void test_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm *m = ask_model("gpt2");
    struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
    atomic_bool stop = false;
    struct ask *a = NULL;
    assert_ok(ask_new(s, &stop, &a, &e), &e);
    struct ask_row row = ask_text(s, TEXT);
    const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 3};
    struct ask_why *w = NULL;
    struct ask_why_opts o = {.pos = 0, .target = -1, .against = ASK_SECOND};
    check_error(ask_why(a, &q, &o, &w, &e), ERR_USAGE, &e, "found position 0");
    o.pos = q.n + 1;
    check_error(ask_why(a, &q, &o, &w, &e), ERR_USAGE, &e, "expected 1 to");
    o.pos = 2;
    o.target = (int32_t)m->cfg.vocab;
    check_error(ask_why(a, &q, &o, &w, &e), ERR_USAGE, &e, "why: tokens");
    o.target = o.against = 7;
    check_error(ask_why(a, &q, &o, &w, &e), ERR_USAGE, &e, "against itself");
    o.against = ASK_SECOND;
    o.target = -1;
    const struct ask_edit much = {.latent = 1, .how = ASK_CLAMP, .value = 1e30};
    const struct ask_question edited = {
        .ids = row.ids.p, .n = row.ids.n, .top = 3, .edit = &much, .n_edits = 1};
    check_error(ask_why(a, &edited, &o, &w, &e), ERR_USAGE, &e, "within 1e+15");
    atomic_store(&stop, true);
    assert_int_equal(ask_why(a, &q, &o, &w, &e), ERR_CANCELLED);
    assert_null(w);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completeness),
        cmocka_unit_test(test_ablated),
        cmocka_unit_test(test_last_block),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
