/* [threads] Questions answered in a thread of its own (core/ask/ask_worker.h). */
#include "ask/ask_worker.h"
#include "ask_world.h"

#include <pthread.h>

#define TEXT "a dog and a cat"

/* Somebody who waits to be woken. */
struct bell {
    pthread_mutex_t mu;
    pthread_cond_t rung;
    size_t times;
};

static void ring(void *user)
{
    struct bell *b = user;
    pthread_mutex_lock(&b->mu);
    b->times++;
    pthread_cond_signal(&b->rung);
    pthread_mutex_unlock(&b->mu);
}

static void await(struct bell *b)
{
    pthread_mutex_lock(&b->mu);
    while (b->times == 0) {
        pthread_cond_wait(&b->rung, &b->mu);
    }
    b->times = 0;
    pthread_mutex_unlock(&b->mu);
}

struct desk {
    struct bell bell;
    struct lm *m;
    struct ask_subject *s[2];
    struct ask *ask[2];
    struct ask_row row;
    struct ask_worker *w;
};

static void open_desk(struct desk *d)
{
    struct errinfo e;
    *d = (struct desk){.m = ask_model("gpt2")};
    pthread_mutex_init(&d->bell.mu, NULL);
    pthread_cond_init(&d->bell.rung, NULL);
    d->s[0] = ask_subject_at(d->m, (struct lm_hook){1, LM_RESID_PRE}, SAE_NORM_SCALE);
    d->s[1] = ask_subject_at(d->m, (struct lm_hook){0, LM_MLP_POST}, SAE_NORM_LAYER);
    d->ask[0] = ask_begun(d->s[0]);
    d->ask[1] = ask_begun(d->s[1]);
    d->row = ask_text(d->s[0], TEXT);
    assert_ok(ask_worker_new(ring, &d->bell, &d->w, &e), &e);
}

static void close_desk(struct desk *d)
{
    ask_worker_free(d->w);
    ask_row_deinit(&d->row);
    for (size_t i = 0; i < 2; i++) {
        ask_free(d->ask[i]);
        ask_subject_unref(d->s[i]);
    }
    lm_free(d->m);
    pthread_cond_destroy(&d->bell.rung);
    pthread_mutex_destroy(&d->bell.mu);
}

static struct ask_question question(const struct desk *d)
{
    return (struct ask_question){.ids = d->row.ids.p, .n = d->row.ids.n, .top = 5};
}

static struct ask_state done_with(struct desk *d, size_t slot, enum ask_kind kind)
{
    for (;;) {
        const struct ask_state s = ask_worker_state(d->w, slot, kind);
        if (!s.busy) {
            return s;
        }
        await(&d->bell);
    }
}

static void same_answer(const struct ask_answer *x, const struct ask_answer *y)
{
    assert_int_equal(x->T, y->T);
    assert_int_equal(x->start[x->T], y->start[y->T]);
    assert_memory_equal(x->fire, y->fire, x->start[x->T] * sizeof *x->fire);
    for (size_t i = 0; i < x->T * x->top; i++) {
        assert_int_equal(x->next[i].id, y->next[i].id);
        assert_memory_equal(&x->next[i].logp, &y->next[i].logp, sizeof(float));
    }
}

/* Many questions of two subjects in two slots: the last of each is answered, as it is
 * without a worker. */
static void test_newest_counts(void **state)
{
    (void)state;
    struct errinfo e;
    struct desk d;
    open_desk(&d);
    uint64_t ticket[2] = {0, 0}, given = 0;
    struct ask_question q = question(&d);
    assert_null(ask_worker_answer(d.w, 1, NULL));
    for (size_t i = 0; i < 60; i++) {
        q.n = 2 + i % (d.row.ids.n - 2);
        assert_ok(ask_worker_ask(d.w, i % 2, d.s[i % 2], &q, &ticket[i % 2], &e), &e);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct ask_state s = done_with(&d, i, ASK_ANSWER);
        assert_int_equal(s.rc, OK);
        assert_true(s.done == ticket[i] && s.asked == ticket[i]);
        q.n = 2 + (58 + i) % (d.row.ids.n - 2);
        struct ask_answer *got = ask_worker_answer(d.w, i, &given);
        struct ask_answer *want = ask_asked(d.ask[i], &q);
        assert_non_null(got);
        assert_true(given == ticket[i]);
        same_answer(got, want);
        ask_answer_unref(got);
        ask_answer_unref(want);
    }
    /* An error is reported; the answer before it stays. */
    q.n = 0;
    assert_ok(ask_worker_ask(d.w, 0, d.s[0], &q, NULL, &e), &e);
    const struct ask_state s = done_with(&d, 0, ASK_ANSWER);
    assert_int_equal(s.rc, ERR_USAGE);
    assert_non_null(strstr(s.error, "0 tokens"));
    struct ask_answer *kept = ask_worker_answer(d.w, 0, &given);
    assert_true(kept && given == ticket[0]);
    ask_answer_unref(kept);
    close_desk(&d);
}

static size_t read_text(struct desk *d, size_t slot, int32_t *ids, size_t cap)
{
    struct ask_written t[8];
    size_t n = 0, got = 0;
    while (n < cap && (got = ask_worker_written(d->w, slot, n, t, 8)) > 0) {
        for (size_t i = 0; i < got && n < cap; i++) {
            assert_true(t[i].n_next == 3 && t[i].n_fires <= 2);
            ids[n++] = t[i].id;
        }
    }
    return n;
}

/* Two texts in lockstep while questions are asked and a why is put off: each is what it
 * is by itself. */
static void test_all_at_once(void **state)
{
    (void)state;
    struct errinfo e;
    struct desk d;
    open_desk(&d);
    struct ask_question q = question(&d);
    const struct ask_gen_opts o = {
        .max_tokens = 30, .temperature = 1, .seed = 4, .top = 3, .latents = 2};
    const struct ask_why_opts why = {
        .pos = q.n, .target = -1, .against = ASK_SECOND, .ablate = 4};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(ask_worker_write(d.w, i, d.s[i], &q, &o, NULL, &e), &e);
        assert_ok(ask_worker_why(d.w, i, d.s[i], &q, &why, NULL, &e), &e);
    }
    for (size_t i = 0; i < 40; i++) {
        assert_ok(ask_worker_ask(d.w, i % 2, d.s[i % 2], &q, NULL, &e), &e);
        (void)ask_worker_state(d.w, 0, ASK_TEXT);
    }
    for (size_t i = 0; i < 2; i++) {
        int32_t ids[40];
        assert_int_equal(done_with(&d, i, ASK_TEXT).rc, OK);
        assert_int_equal(done_with(&d, i, ASK_WHY).rc, OK);
        const size_t n = read_text(&d, i, ids, 40);
        struct ask_gen *g = NULL;
        assert_ok(ask_gen_new(d.ask[i], &q, &o, &g, &e), &e);
        for (size_t k = 0; k < n; k++) {
            struct ask_step step;
            assert_ok(ask_gen_next(g, &step, &e), &e);
            assert_int_equal(step.id, ids[k]);
            assert_int_equal(step.ended, k + 1 == n);
        }
        ask_gen_free(g);
        struct ask_why *got = ask_worker_reason(d.w, i, NULL), *want = NULL;
        assert_ok(ask_why(d.ask[i], &q, &why, &want, &e), &e);
        assert_non_null(got);
        assert_int_equal(got->n, want->n);
        assert_memory_equal(&got->sum, &want->sum, sizeof got->sum);
        ask_why_unref(got);
        ask_why_unref(want);
    }
    close_desk(&d);
}

static void test_pause(void **state)
{
    (void)state;
    struct errinfo e;
    struct desk d;
    open_desk(&d);
    const struct ask_question q = question(&d);
    const struct ask_gen_opts o = {
        .max_tokens = 20, .temperature = 1, .seed = 8, .top = 3, .latents = 2};
    int32_t ids[40];
    ask_worker_pause(d.w, true);
    assert_ok(ask_worker_write(d.w, 1, d.s[0], &q, &o, NULL, &e), &e);
    while (ask_worker_state(d.w, 1, ASK_TEXT).done == 0) {
        await(&d.bell);
    }
    ask_worker_step(d.w, 3);
    while (read_text(&d, 1, ids, 40) < 3) {
        await(&d.bell);
    }
    /* Others are answered while it waits. */
    assert_ok(ask_worker_ask(d.w, 0, d.s[0], &q, NULL, &e), &e);
    assert_int_equal(done_with(&d, 0, ASK_ANSWER).rc, OK);
    assert_int_equal(read_text(&d, 1, ids, 40), 3);
    assert_true(ask_worker_state(d.w, 1, ASK_TEXT).busy);
    ask_worker_pause(d.w, false);
    (void)done_with(&d, 1, ASK_TEXT);
    assert_true(read_text(&d, 1, ids, 40) > 3);
    /* A new one takes its place; cancelled, what it wrote stays. */
    ask_worker_pause(d.w, true);
    assert_ok(ask_worker_write(d.w, 1, d.s[0], &q, &o, NULL, &e), &e);
    ask_worker_cancel(d.w, 1, ASK_TEXT);
    assert_false(ask_worker_state(d.w, 1, ASK_TEXT).busy);
    /* Closing while much is asked. */
    ask_worker_pause(d.w, false);
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        assert_ok(ask_worker_write(d.w, i, d.s[i % 2], &q, &o, NULL, &e), &e);
        assert_ok(ask_worker_ask(d.w, i, d.s[i % 2], &q, NULL, &e), &e);
    }
    close_desk(&d);
}

/* A text that cannot begin: what was written before is not taken for it, and the text
 * before it does not go on. */
static void test_text_that_fails(void **state)
{
    (void)state;
    struct errinfo e;
    struct desk d;
    open_desk(&d);
    struct ask_question q = question(&d);
    const struct ask_gen_opts o = {
        .max_tokens = 400, .temperature = 1, .seed = 8, .top = 3, .latents = 2};
    const struct ask_edit wrong = {.latent = ASK_F, .how = ASK_ZERO};
    int32_t ids[40];
    uint64_t ticket = 0;
    assert_ok(ask_worker_write(d.w, 1, d.s[0], &q, &o, NULL, &e), &e);
    while (read_text(&d, 1, ids, 40) < 3) {
        await(&d.bell);
    }
    q.edit = &wrong;
    q.n_edits = 1;
    assert_ok(ask_worker_write(d.w, 1, d.s[0], &q, &o, &ticket, &e), &e);
    const struct ask_state s = done_with(&d, 1, ASK_TEXT);
    assert_int_equal(s.rc, ERR_USAGE);
    assert_true(s.done == ticket);
    assert_int_equal(read_text(&d, 1, ids, 40), 0);
    assert_int_equal(ask_worker_outstanding(d.w), 0);
    /* And the slot writes again. */
    q.n_edits = 0;
    assert_ok(ask_worker_write(d.w, 1, d.s[0], &q, &o, NULL, &e), &e);
    while (read_text(&d, 1, ids, 40) < 3) {
        await(&d.bell);
    }
    close_desk(&d);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_counts),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_text_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
