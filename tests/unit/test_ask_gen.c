/* A text with its latents, token by token (core/ask/ask_gen.h). */
#include "ask/ask_gen.h"
#include "ask_world.h"
#include "lm/generate.h"

#define TEXT "a dog and a cat"

static struct ask_gen *begun(struct ask *a, const struct ask_question *q,
                             const struct ask_gen_opts *o)
{
    struct errinfo e;
    struct ask_gen *g = NULL;
    assert_ok(ask_gen_new(a, q, o, &g, &e), &e);
    return g;
}

static struct ask_step next(struct ask_gen *g)
{
    struct errinfo e;
    struct ask_step s;
    assert_ok(ask_gen_next(g, &s, &e), &e);
    return s;
}

/* Writes to the end; the text into out. */
static void write_all(struct ask *a, const struct ask_question *q,
                      const struct ask_gen_opts *o, struct str *out)
{
    const struct lm *m = ask_of(a)->lm;
    struct ask_gen *g = begun(a, q, o);
    struct ask_step s = {.id = 0};
    size_t n = 0;
    do {
        s = next(g);
        if (s.id >= 0 && s.id != tok_eos(m->tok)) {
            tok_piece(m->tok, s.id, out);
            assert_int_equal(s.pos, q->n + n++);
        }
    } while (!s.ended);
    assert_int_equal(next(g).id, -1);
    assert_int_equal(next(g).pos, q->n + n);
    ask_gen_free(g);
}

/* At temperature 0 it is lm_generate's, beyond the context as well; at another one with
 * the same seed too. */
static void test_as_generate(void **state)
{
    (void)state;
    static const double temperature[] = {0, 1.2};
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct errinfo e;
        struct lm *m = ask_model(ask_families[i]);
        struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_POST},
                                               (enum sae_norm)(i % 3));
        struct ask *a = ask_begun(s);
        struct ask_row row = ask_text(s, TEXT);
        const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 1};
        for (size_t k = 0; k < 2; k++) {
            const size_t tokens = 2 * m->cfg.n_ctx;
            const struct generate_config c = {.max_tokens = tokens,
                                              .temperature = temperature[k],
                                              .top_p = 0.9,
                                              .seed = 3};
            const struct ask_gen_opts o = {.max_tokens = tokens,
                                           .temperature = temperature[k],
                                           .top_p = 0.9,
                                           .seed = 3,
                                           .top = 4,
                                           .latents = 3};
            struct str want, got;
            str_init(&want, 1 << 16);
            str_init(&got, 1 << 16);
            assert_ok(lm_generate(m, TEXT, &c, &want, &e), &e);
            write_all(a, &q, &o, &got);
            assert_string_equal(got.len ? got.p : "", want.len ? want.p : "");
            str_free(&want);
            str_free(&got);
        }
        ask_row_deinit(&row);
        ask_free(a);
        ask_subject_unref(s);
        lm_free(m);
    }
}

/* Each token's latents and what it was drawn from are those of the whole text asked at
 * once, edits at work. */
static void check_steps(struct ask *a, const struct ask_question *q)
{
    const struct ask_gen_opts o = {.max_tokens = 12, .top = 5, .latents = ASK_TOP_MAX};
    struct ask_gen *g = begun(a, q, &o);
    int32_t ids[64];
    assert_true(q->n + 12 <= 64);
    memcpy(ids, q->ids, q->n * sizeof *ids);
    for (size_t n = q->n; n < q->n + 12; n++) {
        const struct ask_step s = next(g);
        struct ask_question all = *q;
        uint8_t masked[64] = {0};
        ids[n] = s.id;
        all.ids = ids;
        all.n = n + 1;
        memcpy(masked, q->masked, q->n);
        all.masked = masked;
        if (s.id == tok_eos(ask_of(a)->lm->tok)) {
            break;
        }
        struct ask_answer *r = ask_asked(a, &all);
        assert_int_equal(s.pos, n);
        assert_true(fabs((double)s.logp - (double)r->token[n].logp_after) < 1e-4);
        for (size_t i = 0; i < s.n_next; i++) {
            const struct ask_next *want = &r->next_after[(n - 1) * r->top + i];
            assert_true(fabs((double)s.next[i].logp - (double)want->logp) < 1e-4);
        }
        size_t listed = 0, given = 0;
        for (size_t i = r->start[n]; i < r->start[n + 1]; i++) {
            listed += r->fire[i].after < 0 || r->fire[i].after > 0;
        }
        for (size_t i = 0; i < s.n_fires; i++) {
            given += s.fire[i].after < 0 || s.fire[i].after > 0;
        }
        assert_int_equal(given, listed);
        for (size_t i = 0; i < s.n_fires; i++) {
            /* `act` of the answer is without edits and masks; the hook comes before. */
            const struct ask_fire f = ask_fire_at(r, n, s.fire[i].latent);
            assert_true(fabs((double)f.after - (double)s.fire[i].after) < 1e-4);
        }
        ask_answer_unref(r);
    }
    ask_gen_free(g);
}

static void test_steps(void **state)
{
    (void)state;
    static const struct ask_edit edit[] = {
        {.latent = 3, .how = ASK_ADD, .value = 1.5, .where = ASK_FROM, .pos = 6},
        {.latent = 5, .how = ASK_SCALE, .value = 2},
        {.latent = 7, .how = ASK_CLAMP, .value = 2, .where = ASK_AT, .pos = 18}};
    uint8_t masked[64] = {0};
    masked[2] = 1;
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct lm *m = ask_model(ask_families[i]);
        for (enum lm_site site = 0; site < LM_SITES; site++) {
            if (!ask_has_site(m, site)) {
                continue;
            }
            struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, site},
                                                   (enum sae_norm)((i + site) % 3));
            struct ask *a = ask_begun(s);
            struct ask_row row = ask_text(s, TEXT);
            const struct ask_question q = {.ids = row.ids.p,
                                           .n = row.ids.n,
                                           .masked = masked,
                                           .edit = edit,
                                           .n_edits = 3,
                                           .top = 5};
            check_steps(a, &q);
            ask_row_deinit(&row);
            ask_free(a);
            ask_subject_unref(s);
        }
        lm_free(m);
    }
}

/* An edit at a position acts there, and not at another one, when older text has been
 * forgotten. */
static void test_beyond_context(void **state)
{
    (void)state;
    struct lm *m = ask_model("gpt2");
    struct ask_subject *s =
        ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, SAE_NORM_SCALE);
    struct ask *a = ask_begun(s);
    struct ask_row row = ask_text(s, TEXT);
    const size_t at = m->cfg.n_ctx + 5;
    const struct ask_edit edit = {
        .latent = 4, .how = ASK_CLAMP, .value = 9, .where = ASK_AT, .pos = at};
    struct ask_question q = {
        .ids = row.ids.p, .n = row.ids.n, .edit = &edit, .n_edits = 1, .top = 1};
    const struct ask_gen_opts o = {
        .max_tokens = m->cfg.n_ctx, .temperature = 1, .top = 3, .latents = 100};
    struct ask_gen *g = begun(a, &q, &o);
    q.n_edits = 0;
    struct ask_gen *plain = begun(a, &q, &o);
    for (;;) {
        const struct ask_step x = next(g), y = next(plain);
        if (x.id < 0 || x.ended || y.ended) {
            break;
        }
        if (x.pos <= at) { /* the edit shows in what follows */
            assert_int_equal(x.id, y.id);
            assert_memory_equal(&x.logp, &y.logp, sizeof x.logp);
        } else {
            assert_true(x.logp < y.logp || x.logp > y.logp);
            break;
        }
    }
    assert_true(next(g).pos > at);
    ask_gen_free(g);
    ask_gen_free(plain);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

static void test_top_p(void **state)
{
    (void)state;
    struct lm *m = ask_model("llama");
    struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
    struct ask *a = ask_begun(s);
    struct ask_row row = ask_text(s, TEXT);
    const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 1};
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct ask_gen_opts o = {.max_tokens = 4,
                                       .temperature = 1,
                                       .top_p = 0.3,
                                       .seed = seed,
                                       .top = ASK_TOP_MAX};
        struct ask_gen *g = begun(a, &q, &o);
        for (;;) {
            const struct ask_step x = next(g);
            double before = 0;
            size_t i = 0;
            if (x.id < 0) {
                break;
            }
            /* Special tokens are never drawn, so the share of the others is less. */
            for (; i < x.n_next && x.next[i].id != x.id; i++) {
                const bool may = !tok_is_special(m->tok, x.next[i].id);
                before += may ? exp((double)x.next[i].logp) : 0;
            }
            assert_true(i < x.n_next && before < 0.3);
            if (x.ended) {
                break;
            }
        }
        ask_gen_free(g);
    }
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
    const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 1};
    struct ask_gen_opts o = {.max_tokens = 0, .top = 1};
    struct ask_gen *g = NULL;
    check_error(ask_gen_new(a, &q, &o, &g, &e), ERR_USAGE, &e, "found 0");
    o = (struct ask_gen_opts){.max_tokens = 3, .top = 0};
    check_error(ask_gen_new(a, &q, &o, &g, &e), ERR_USAGE, &e, "kept of a token");
    o = (struct ask_gen_opts){.max_tokens = 3, .top = 1, .temperature = -1};
    check_error(ask_gen_new(a, &q, &o, &g, &e), ERR_USAGE, &e, "temperature -1");
    o = (struct ask_gen_opts){.max_tokens = 3, .top = 1};
    g = begun(a, &q, &o);
    struct ask_step x;
    assert_true(next(g).id >= 0);
    atomic_store(&stop, true);
    assert_int_equal(ask_gen_next(g, &x, &e), ERR_CANCELLED);
    ask_gen_free(g);
    atomic_store(&stop, false);
    const struct ask_edit much = {.latent = 1, .how = ASK_CLAMP, .value = 1e30};
    const struct ask_question edited = {
        .ids = row.ids.p, .n = row.ids.n, .top = 1, .edit = &much, .n_edits = 1};
    g = begun(a, &edited, &o);
    check_error(ask_gen_next(g, &x, &e), ERR_USAGE, &e, "within 1e+15");
    ask_gen_free(g);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_generate),    cmocka_unit_test(test_steps),
        cmocka_unit_test(test_beyond_context), cmocka_unit_test(test_top_p),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
