/* Presets (core/ask/ask_preset.h): sets that change by copies, files that come back or
 * are refused in a line, and SAEs whose latents they are not of. */
#include "ask/ask_preset.h"
#include "ask_world.h"
#include "base/file.h"

#include <string.h>
#include <unistd.h>

static const struct ask_edit edits[] = {
    {.latent = 3, .how = ASK_ZERO},
    {.latent = 5, .how = ASK_ADD, .value = 1.25, .where = ASK_FROM, .pos = 2},
    {.latent = 3, .how = ASK_SCALE, .value = -.1, .where = ASK_AT, .pos = 7},
};
enum { N = sizeof edits / sizeof *edits, WIDTH = 24 };

static struct ask_presets *with(struct ask_presets *old, const char *name,
                                const struct sae *s, size_t n)
{
    struct errinfo e;
    struct ask_presets *p = NULL;
    assert_ok(ask_presets_with(old, name, s, 700, edits, n, &p, &e), &e);
    ask_presets_unref(old);
    return p;
}

static void same(const struct ask_preset *x, const struct ask_preset *y)
{
    assert_string_equal(x->name, y->name);
    assert_true(x->step == y->step);
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++) {
        const struct ask_edit *a = &x->edit[i].edit, *b = &y->edit[i].edit;
        assert_true(a->latent == b->latent && a->how == b->how && a->where == b->where);
        assert_true(a->pos == b->pos && fabs(a->value - b->value) < 1e-8);
        for (size_t k = 0; k < ASK_PRESET_SIGNS; k++) {
            assert_true(fabsf(x->edit[i].sum[k] - y->edit[i].sum[k]) < 1e-4F);
        }
    }
}

static void test_sets_and_files(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512];
    struct sae *s = ask_sae(WIDTH, SAE_NORM_SCALE);
    struct ask_presets *read = NULL, *less = NULL;
    tmp_make(dir, sizeof dir);
    /* No file: no presets; none make no file. */
    assert_ok(ask_presets_load(dir, &read, &e), &e);
    assert_int_equal(read->n, 0);
    assert_null(ask_presets_find(read, "loud"));
    assert_ok(ask_presets_save(read, dir, &e), &e);
    assert_false(file_exists(tmp_path(path, dir, ASK_PRESET_FILE)));
    struct ask_presets *p = with(read, "loud", s, N);
    p = with(p, "calm", s, 1);
    p = with(p, "zest.2", s, 2);
    struct ask_presets *before = ask_presets_ref(p);
    p = with(p, "loud", s, 2);
    assert_int_equal(ask_presets_find(before, "loud")->n, N);
    assert_int_equal(ask_presets_find(p, "loud")->n, 2);
    ask_presets_unref(p);
    assert_int_equal(before->n, 3);
    assert_string_equal(before->at[0].name, "calm");
    assert_ok(ask_presets_save(before, dir, &e), &e);
    assert_ok(ask_presets_load(dir, &read, &e), &e);
    assert_int_equal(read->n, 3);
    for (size_t i = 0; i < 3; i++) {
        same(&read->at[i], &before->at[i]);
        assert_ok(ask_preset_fits(&read->at[i], s, &e), &e);
    }
    assert_ok(ask_presets_without(read, "calm", &less, &e), &e);
    assert_int_equal(less->n, 2);
    assert_null(ask_presets_find(less, "calm"));
    struct ask_presets *none = NULL;
    check_error(ask_presets_without(less, "calm", &none, &e), ERR_USAGE, &e,
                "none is called 'calm'");
    check_error(ask_presets_without(NULL, "x", &none, &e), ERR_USAGE, &e, "'x'");
    ask_presets_unref(before);
    ask_presets_unref(read);
    ask_presets_unref(less);
    sae_free(s);
    tmp_drop(dir);
}

static void test_what_none_is(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = ask_sae(WIDTH, SAE_NORM_SCALE);
    struct ask_presets *p = NULL;
    static const char *const bad[] = {
        "",     "save",      "drop",
        "a b",  "a\033[31m", "\xff",
        "a\"b", "a,b",       "123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_error(ask_presets_with(NULL, bad[i], s, 1, edits, 1, &p, &e), ERR_USAGE,
                    &e, "1 to 32 letters");
    }
    check_error(ask_presets_with(NULL, "a", s, 1, edits, 0, &p, &e), ERR_USAGE, &e,
                "found 0");
    const struct ask_edit far = {.latent = ASK_F, .how = ASK_ZERO};
    check_error(ask_presets_with(NULL, "a", s, 1, &far, 1, &p, &e), ERR_USAGE, &e,
                "expected 0 to 23");
    assert_null(p);
    sae_free(s);
}

/* Latents that are not those of before: another SAE, too few of them, one that has
 * turned; one that has turned a little still is. */
static void test_other_saes(void **state)
{
    (void)state;
    struct errinfo e;
    struct sae *s = ask_sae(WIDTH, SAE_NORM_SCALE), *few = NULL;
    struct ask_presets *p = with(NULL, "a", s, 2);
    const struct ask_preset *a = ask_presets_find(p, "a");
    struct rng r = rng_begin(9, RNG_INIT, 3);
    float *row = s->W_dec + 5 * (size_t)WIDTH;
    for (size_t d = 0; d < WIDTH; d++) {
        row[d] = 3 * row[d] + (float)(.2 * rng_normal(&r) / sqrt(WIDTH));
    }
    assert_ok(ask_preset_fits(a, s, &e), &e);
    for (size_t d = 0; d < WIDTH; d++) {
        row[d] = (float)rng_normal(&r);
    }
    check_error(ask_preset_fits(a, s, &e), ERR_USAGE, &e,
                "preset a: latent 5 points elsewhere than where it was saved, at step "
                "700");
    sae_init_weights(s, 77);
    check_error(ask_preset_fits(a, s, &e), ERR_USAGE, &e, "another SAE");
    assert_ok(sae_new(sae_arch_find("topk"), WIDTH, 4, 2, &few, &e), &e);
    sae_init_weights(few, 3);
    check_error(ask_preset_fits(a, few, &e), ERR_USAGE, &e, "this SAE has 4");
    sae_free(few);
    sae_free(s);
    ask_presets_unref(p);
}

/* Of two random directions such sums are not taken for one; in any number of
 * dimensions. */
static void test_chance(void **state)
{
    (void)state;
    struct errinfo e;
    static const size_t widths[] = {16, 64, 512};
    for (size_t w = 0; w < 3; w++) {
        size_t taken = 0;
        struct sae *x = NULL, *y = NULL;
        assert_ok(sae_new(sae_arch_find("topk"), widths[w], 200, 4, &x, &e), &e);
        assert_ok(sae_new(sae_arch_find("topk"), widths[w], 200, 4, &y, &e), &e);
        sae_init_weights(x, 1);
        sae_init_weights(y, 2);
        for (int32_t j = 0; j < 200; j++) {
            struct ask_presets *p = NULL;
            const struct ask_edit edit = {.latent = j, .how = ASK_ZERO};
            assert_ok(ask_presets_with(NULL, "a", x, 1, &edit, 1, &p, &e), &e);
            assert_ok(ask_preset_fits(&p->at[0], x, &e), &e);
            taken += ask_preset_fits(&p->at[0], y, &e) == OK;
            ask_presets_unref(p);
        }
        assert_true(taken <= 2);
        sae_free(x);
        sae_free(y);
    }
}

#define SUMS     "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]"
#define EDIT     "{\"edit\":\"3=zero\",\"sums\":" SUMS "}"
#define ONE(n)   "{\"name\":\"" n "\",\"step\":3,\"edits\":[" EDIT "]}"
#define FILE_(x) "{\"presets\":[" x "]}"

static void test_files_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "p.json"},
        {"[]", "expected an object"},
        {"{}", "presets: found nothing"},
        {FILE_("3"), "presets[0]: found 3"},
        {FILE_("{\"step\":3,\"edits\":[" EDIT "]}"), "presets[0].name"},
        {FILE_("{\"name\":\"a\",\"step\":-1,\"edits\":[" EDIT "]}"), "presets[0].step"},
        {FILE_("{\"name\":\"a\",\"step\":1,\"edits\":[]}"), "edits: found 0"},
        {FILE_("{\"name\":\"a\",\"step\":1,\"edits\":[7]}"), "edits[0]: found 7"},
        {FILE_("{\"name\":\"a\",\"step\":1,\"edits\":[" EDIT
               ",{\"edit\":\"x\",\"sums\":" SUMS "}]}"),
         "edits[1]: edit 'x'"},
        {FILE_(
             "{\"name\":\"a\",\"step\":1,\"edits\":[{\"edit\":\"1=2\",\"sums\":[1]}]}"),
         "edits[0].sums: expected 32 numbers"},
        {FILE_(ONE("a\\u001b[31m")), "presets[0].name: found 'a?"},
        {FILE_(ONE("b") "," ONE("a")), "found 'a' behind 'b'"},
        {FILE_(ONE("a") "," ONE("a")), "found 'a' behind 'a'"},
        {FILE_(ONE("save")), "not save or drop"},
    };
    struct errinfo e;
    struct ask_presets *p = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_error(
            ask_presets_parse(bad[i].text, strlen(bad[i].text), "p.json", &p, &e),
            ERR_FORMAT, &e, bad[i].part);
        assert_null(p);
        assert_non_null(strstr(e.msg, "p.json"));
    }
    static const char good[] = FILE_(ONE("a") "," ONE("b"));
    assert_ok(ask_presets_parse(good, strlen(good), "p.json", &p, &e), &e);
    assert_int_equal(p->n, 2);
    ask_presets_unref(p);
}

/* A link in a run's folder leads anywhere. */
static void test_links(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512], other[512];
    struct sae *s = ask_sae(WIDTH, SAE_NORM_SCALE);
    struct ask_presets *p = with(NULL, "a", s, 1), *read = NULL;
    tmp_make(dir, sizeof dir);
    assert_ok(file_write_text(tmp_path(other, dir, "other"), FILE_(""), &e), &e);
    assert_int_equal(symlink(other, tmp_path(path, dir, ASK_PRESET_FILE)), 0);
    check_error(ask_presets_load(dir, &read, &e), ERR_FORMAT, &e, "symbolic link");
    check_error(ask_presets_save(p, dir, &e), ERR_FORMAT, &e, "symbolic link");
    assert_null(read);
    ask_presets_unref(p);
    sae_free(s);
    assert_int_equal(unlink(path), 0);
    tmp_drop(dir);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_and_files), cmocka_unit_test(test_what_none_is),
        cmocka_unit_test(test_other_saes),     cmocka_unit_test(test_chance),
        cmocka_unit_test(test_files_refused),  cmocka_unit_test(test_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
