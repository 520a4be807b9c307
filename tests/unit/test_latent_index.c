/* The index of firing tokens of an SAE of 65,536 latents, all of which fire wherever
 * there is text: the most that there can be. It stays within what the header says, can
 * be asked while it fills, and says how far it goes. */
#include "latents/latent_find.h"
#include "unit/latent_scene.h"

enum { LATENTS = 65536, ROWS = 16 };

static const char *const token[WORDS + 1] = {[1] = " dog", [2] = " cat"};

static void wide_init(struct scene *k)
{
    struct errinfo e;
    k->a = world_acts(ROWS);
    k->c = world_concepts();
    k->s = NULL;
    k->t = NULL;
    assert_ok(sae_new(sae_arch_find("standard"), D, LATENTS, 1, &k->s, &e), &e);
    memset(k->s->arena, 0, k->s->count * sizeof *k->s->arena);
    for (size_t j = 0; j < LATENTS; j++) {
        k->s->b_enc[j] = 0.5f + 1e-5f * (float)j;
    }
}

/* Latents that are found by a token that occurs in the text read so far. */
static size_t found_by(const struct latent_table *t, const char *text)
{
    const char *name[WORDS + 1];
    struct errinfo e;
    for (size_t i = 0; i <= WORDS; i++) {
        name[i] = token[i] ? token[i] : "";
    }
    const struct names names = {.vocab = WORDS + 1, .token = name};
    struct latent_found found[10];
    size_t n = 0, all = 0;
    const struct latent_scope in = {.table = t, .names = &names};
    assert_ok(latent_find(&in, text, 10, found, &n, &all, &e), &e);
    assert_int_equal(n, all < 10 ? all : 10);
    return all;
}

static void check_extent(const struct latent_table *t, const char *want)
{
    char extent[64];
    latent_table_extent(t, extent, sizeof extent);
    assert_string_equal(extent, want);
}

static void test_bounded_and_asked_meanwhile(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    struct latent_pass *p = NULL;
    wide_init(&k);
    for (size_t i = 0; i < k.a->n; i++) { /* one word, and the other from row 3 on */
        k.a->ids[i] = k.a->special[i] ? 0 : i < 3 * T ? 1 : 2;
    }
    assert_ok(latent_pass_new(k.s, k.a, k.c, 5, &p, &e), &e);
    assert_ok(latent_pass_read(p, 2, NULL, NULL, &e), &e);
    assert_false(latent_pass_is_done(p));
    assert_ok(latent_pass_table(p, NULL, NULL, &k.t, &e), &e);
    assert_int_equal(k.t->positions, 2 * T);
    check_extent(k.t, "12% of the text so far");
    assert_int_equal(found_by(k.t, "dog"), LATENTS);
    assert_int_equal(found_by(k.t, "cat"), 0);
    latent_table_unref(k.t);

    assert_ok(latent_pass_read(p, ROWS, NULL, NULL, &e), &e);
    assert_true(latent_pass_is_done(p));
    assert_ok(latent_pass_table(p, NULL, NULL, &k.t, &e), &e);
    /* As far as there are so many firings; the rest is left, and it says so. */
    assert_true(k.t->positions < k.a->n);
    check_extent(k.t, "of the first 48% of the text");
    assert_true(k.t->fire_start[LATENTS] >= LATENT_FIRINGS);
    assert_true(k.t->fire_start[LATENTS] < LATENT_FIRINGS + LATENTS);
    assert_int_equal(found_by(k.t, "cat"), LATENTS);
    latent_pass_free(p);
    scene_deinit(&k);
}

/* More words than the index keeps, so that it is as large as it can be. */
static void test_at_most(void **state)
{
    (void)state;
    struct errinfo e;
    struct scene k;
    struct latent_pass *p = NULL;
    wide_init(&k);
    for (size_t i = 0; i < k.a->n; i++) {
        k.a->ids[i] = k.a->special[i] ? 0 : 1 + (int32_t)(i % WORDS);
    }
    assert_ok(latent_pass_new(k.s, k.a, k.c, 5, &p, &e), &e);
    assert_ok(latent_pass_read(p, ROWS, NULL, NULL, &e), &e);
    assert_ok(latent_pass_table(p, NULL, NULL, &k.t, &e), &e);
    for (int32_t j = 0; j < LATENTS; j += 4096) {
        size_t n = 0;
        (void)latent_tokens(k.t, j, &n);
        assert_int_equal(n, LATENT_TOKENS);
        assert_true(k.t->row[j].tokens > LATENT_TOKENS);
    }
    assert_int_equal(latent_tokens_cut(k.t), LATENTS);
    const double fires = (double)k.t->fire_start[LATENTS];
    print_message("table %.0f MB, pass %.0f MB\n",
                  1e-6 * (double)latent_table_bytes(k.t),
                  1e-6 * (double)latent_pass_bytes(p));
    assert_true((double)latent_table_bytes(k.t) > 8.0 * fires + 1280.0 * LATENTS);
    assert_true(latent_table_bytes(k.t) <= 225000000u);
    assert_true((double)latent_pass_bytes(p) > 8.0 * fires);
    assert_true(latent_pass_bytes(p) <= 130000000u);
    latent_pass_free(p);
    scene_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded_and_asked_meanwhile),
        cmocka_unit_test(test_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
