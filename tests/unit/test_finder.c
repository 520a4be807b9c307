/* The finder: opens anywhere, looks through everything, ranks, goes there. */
#include "ui/finder.h"
#include "ui/screens/prompt.h"
#include "ui_bench.h"

static struct bench *open_bench(int w, int h, const char *typed)
{
    struct bench *b = bench_new(w, h, 2);
    press(b, KEY_CTRL('p'));
    assert_true(b->a.finder.open);
    type(b, typed);
    return b;
}

static const struct finder_item *item(const struct bench *b, size_t i)
{
    assert_true(i < b->a.finder.n);
    return &b->a.finder.item[i];
}

static void kind_first(const char *typed, const char *kind, const char *text)
{
    struct bench *b = open_bench(120, 36, typed);
    if (!b->a.finder.n || strcmp(item(b, 0)->kind, kind) != 0 ||
        !strstr(item(b, 0)->text, text)) {
        fail_msg("%s: found %zu, first %s %s, expected %s %s", typed, b->a.finder.n,
                 item(b, 0)->kind, item(b, 0)->text, kind, text);
    }
    for (size_t i = 1; i < b->a.finder.n; i++) {
        assert_true(item(b, i)->score < item(b, i - 1)->score);
    }
    assert_true(on_screen(b, item(b, 0)->text));
    bench_free(b);
}

static void test_what_comes_first(void **state)
{
    (void)state;
    kind_first("runs", "screen", "Runs");
    kind_first("#42", "latent", "#42 ");
    kind_first("42", "latent", "#42 ");
    kind_first("flute", "latent", "#");
    kind_first("after 'dog'", "latent", "after 'dog'");
    kind_first("number", "concept", "number");
    kind_first("mask.rate_end", "setting", "mask.rate_end");
    kind_first("what is L0", "topic", "what is L0?");
    kind_first("save-config", "command", ":save-config");
    kind_first("redo", "command", ":redo");
}

static bool lists(const struct bench *b, const char *kind, const char *text)
{
    for (size_t i = 0; i < b->a.finder.n; i++) {
        if (!strcmp(item(b, i)->kind, kind) && strstr(item(b, i)->text, text)) {
            return true;
        }
    }
    return false;
}

/* Other words for a thing, and a topic by its text; a command stands there once. */
static void test_by_sense(void **state)
{
    (void)state;
    struct bench *b = open_bench(120, 36, "learning rate");
    assert_true(lists(b, "command", ":tune"));
    bench_free(b);
    b = open_bench(120, 36, "absorb");
    assert_true(lists(b, "topic", "what is absorption?"));
    bench_free(b);
    b = open_bench(120, 36, "filter");
    for (size_t i = 0; i < b->a.finder.n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(strcmp(item(b, i)->kind, "command") != 0 ||
                        strcmp(item(b, j)->kind, "command") != 0 ||
                        strcmp(item(b, i)->command, item(b, j)->command) != 0);
        }
    }
    assert_true(lists(b, "command", ":filter"));
    bench_free(b);
}

/* Letters left out and mistyped, where little else answers: marked as such. */
static void test_loosely(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *kind, *text, *near;
    } cases[] = {{"silnce", "command", ":silence", "silence"},
                 {"scaner", "command", ":scatter", NULL}, /* two slips in six letters */
                 {"scattre", "command", ":scatter", "scatter"},
                 {"anmal", "concept", "animal", "animal"},
                 {"anmal", "latent", "animal", "animal"},
                 {"cocnepts", "screen", "Concepts", "Concepts"},
                 {"techer", "latent", "#", "teacher"},
                 /* In words about a thing, and in what a command takes. */
                 {"tempratur", "command", ":write", "temperature"},
                 {"laerning rate", "command", ":tune", "learning rate"},
                 {"mask.rtae", "setting", "mask.rate", "mask.rate"},
                 {"clutsered", "topic", "what is absorption?", "clustered"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *b = open_bench(120, 36, cases[i].typed);
        char near[80];
        assert_int_equal(lists(b, cases[i].kind, cases[i].text), cases[i].near != NULL);
        snprintf(near, sizeof near, "near '%s'", cases[i].near ? cases[i].near : "");
        assert_int_equal(on_screen(b, near), cases[i].near != NULL);
        bench_free(b);
    }
    kind_first("anmal", "concept", "animal");
    struct bench *whole = open_bench(120, 36, "temperature");
    assert_true(lists(whole, "command", ":write") && !item(whole, 0)->near[0]);
    bench_free(whole);
    /* What answers as typed leaves no room for it. */
    struct bench *b = open_bench(120, 36, "animal");
    for (size_t i = 0; i < b->a.finder.n; i++) {
        assert_string_equal(item(b, i)->near, "");
    }
    bench_free(b);
}

/* Looks with their values, by a value alone too, and what a command takes is shown
 * where that is what answers. */
static void test_looks_and_arguments(void **state)
{
    (void)state;
    struct bench *b = open_bench(120, 36, "light");
    assert_string_equal(item(b, 0)->text, "theme light");
    assert_string_equal(item(b, 0)->command, "set theme light");
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.theme, THEME_LIGHT);
    bench_free(b);
    b = open_bench(120, 36, "appearance"); /* another word for it, as in help */
    assert_true(lists(b, "setting", "theme mono"));
    bench_free(b);
    b = open_bench(120, 36, "theem");
    assert_true(lists(b, "setting", "theme dark"));
    bench_free(b);
    static const char *const typed[] = {"temperature", "temprature"};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        b = open_bench(120, 36, typed[i]);
        assert_true(on_screen(b, "[both] [N] [temperature=X]"));
        bench_free(b);
    }
}

/* The latent that the evaluation names for a concept, right after the concept. */
static void test_by_concept(void **state)
{
    (void)state;
    struct bench *b = open_bench(120, 36, "feeling");
    assert_string_equal(item(b, 0)->kind, "concept");
    assert_string_equal(item(b, 1)->kind, "latent");
    assert_string_equal(item(b, 1)->command, "latent 36"); /* its main latent */
    assert_non_null(strstr(item(b, 1)->more, "tells feeling: F1 "));
    assert_null(strstr(item(b, 1)->more, "at step"));
    press(b, KEY_ESC_);
    const struct concept_table *c = b->v.arm[0].concepts;
    ((struct concept_table *)(uintptr_t)c)->step = 150; /* of an earlier evaluation */
    press(b, KEY_CTRL('p'));
    type(b, "feeling");
    assert_non_null(strstr(item(b, 1)->more, "(at step 150)"));
    press(b, KEY_ESC_);
    const struct concept_table *other = b->v.arm[1].concepts;
    b->v.arm[0].concepts = b->v.arm[1].concepts = NULL;
    press(b, KEY_CTRL('p'));
    type(b, "feeling");
    assert_non_null(strstr(item(b, 0)->more, "not evaluated yet"));
    assert_null(strstr(item(b, 1)->more, "tells"));
    b->v.arm[0].concepts = c;
    b->v.arm[1].concepts = other;
    bench_free(b);
}

/* Enter goes, and each thing is where it leads. */
static void test_it_goes(void **state)
{
    (void)state;
    struct bench *b = open_bench(120, 36, "#42\n");
    assert_false(b->a.finder.open);
    assert_ptr_equal(b->a.screen, &screen_detail);
    assert_int_equal(detail_of(&b->a)->latent, 42);
    press(b, KEY_CTRL('p'));
    type(b, "runs\n");
    assert_string_equal(b->a.screen->name, "runs");
    press(b, KEY_CTRL('p'));
    type(b, "number\n");
    assert_string_equal(b->a.screen->name, "concepts");
    assert_true(on_screen(b, "number"));
    press(b, KEY_CTRL('p'));
    type(b, "what is L0\n");
    assert_true(b->a.help.open);
    assert_true(on_screen(b, "what is L0?"));
    press(b, KEY_CTRL('p')); /* from help as well */
    assert_true(b->a.finder.open && !b->a.help.open);
    type(b, "width\n");
    assert_true(on_screen(b, "width is 512"));
    /* A command that takes an argument is gone on with; one that does not is run. */
    press(b, KEY_CTRL('p'));
    type(b, "tune\n");
    assert_non_null(b->a.prompt);
    assert_string_equal(b->a.line.text, "tune ");
    press(b, KEY_ESC_);
    press(b, KEY_CTRL('p'));
    type(b, "scatter\n");
    assert_ptr_equal(b->a.screen, &screen_latents);
    assert_true(latents_of(&b->a)->scatter);
    bench_free(b);
}

/* At 80 columns screens are described whole, also below latents; a command in whole
 * words, and all of it below where it has no room. */
static void test_descriptions(void **state)
{
    (void)state;
    struct bench *b = open_bench(80, 24, "flute");
    for (size_t i = 0; i < screen_table.n; i++) {
        const struct screen_def *s = screen_table.row[i];
        const char *about = strstr(keymap_go(&screen_table, i)->help, ": ");
        press(b, KEY_CTRL('u'));
        type(b, s->title);
        assert_true(on_screen(b, about + 2));
        assert_true(canvas_text_width(about + 2) <= 28); /* beside the longest names */
    }
    press(b, KEY_CTRL('u'));
    type(b, "write the settings");
    assert_string_equal(item(b, 0)->text, ":save-config");
    assert_true(on_screen(b, "write the settings for --config to read"));
    press(b, KEY_CTRL('u'));
    type(b, "toggle-mask");
    assert_true(
        on_screen(b, "masking off, or on again at the rate it had,\xe2\x80\xa6"));
    assert_true(on_screen(
        b,
        " masking off, or on again at the rate it had, from the next harvest of text"));
    bench_free(b);
}

/* The finder opens with the latest choices, each once. */
static void test_recent(void **state)
{
    (void)state;
    struct bench *b = open_bench(80, 24, "#42\n");
    press(b, KEY_CTRL('p'));
    assert_string_equal(item(b, 0)->command, "latent 42");
    assert_true(b->a.finder.n > 1);
    type(b, "#7\n");
    press(b, KEY_CTRL('p'));
    type(b, "#42\n");
    press(b, KEY_CTRL('p'));
    assert_string_equal(item(b, 0)->command, "latent 42");
    assert_string_equal(item(b, 1)->command, "latent 7");
    assert_string_equal(item(b, 2)->kind, "screen");
    press(b, KEY_DOWN_);
    press(b, KEY_ENTER_);
    assert_int_equal(detail_of(&b->a)->latent, 7);
    for (int i = 20; i < 20 + 2 * FINDER_RECENT; i++) {
        char text[16];
        snprintf(text, sizeof text, "#%d\n", i);
        press(b, KEY_CTRL('p'));
        type(b, text);
    }
    assert_int_equal(b->a.finder.n_recent, FINDER_RECENT);
    bench_free(b);
}

static void test_keys_and_mouse(void **state)
{
    (void)state;
    struct bench *b = open_bench(80, 24, "teacher");
    const size_t n = b->a.finder.n;
    assert_true(n > 12);
    press(b, KEY_DOWN_);
    press(b, KEY_CTRL('n'));
    assert_int_equal(b->a.finder.list.cursor, 2);
    press(b, KEY_CTRL('p'));
    assert_int_equal(b->a.finder.list.cursor, 1);
    press(b, KEY_PGDN);
    assert_true(b->a.finder.list.cursor > 5);
    press(b, 'x'); /* q, j, ?: all are text */
    assert_int_equal(b->a.finder.list.cursor, 0);
    type(b, "q?:j");
    assert_string_equal(b->a.finder.line.text, "teacherxq?:j");
    press(b, KEY_ENTER_);
    assert_true(b->a.finder.open); /* nothing answers */
    assert_true(on_screen(b, "nothing found"));
    press(b, KEY_ESC_);
    assert_false(b->a.finder.open);
    assert_ptr_equal(b->a.screen, &screen_train);
    press(b, KEY_CTRL('p'));
    app_update(&b->a, &b->v,
               &(struct event){.kind = EVENT_PASTE, .text = "fl\nute", .text_n = 6});
    assert_string_equal(b->a.finder.line.text, "fl ute");
    press(b, KEY_ESC_);
    press(b, KEY_CTRL('p'));
    type(b, "teacher");
    struct rect r = hit_of(b, HIT_FINDER_LINE, 2);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_int_equal(b->a.finder.list.cursor, 2);
    mouse(b, MOUSE_WHEEL_DOWN, r.x, r.y);
    assert_true(b->a.finder.list.top > 0);
    mouse(b, MOUSE_PRESS, 0, 0);
    assert_false(b->a.finder.open);
    press(b, KEY_CTRL('p'));
    press(b, KEY_F1_);
    assert_true(b->a.help.open && !b->a.finder.open);
    type(b, "?:go flute\n");
    assert_true(b->a.finder.open);
    assert_string_equal(b->a.finder.line.text, "flute");
    bench_free(b);
}

/* Without a table of latents one is asked for, and what comes is listed. */
static void test_before_the_table(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    struct latent_table *t = (struct latent_table *)(uintptr_t)b->v.arm[0].table;
    b->v.arm[0].table = NULL;
    press(b, KEY_CTRL('p'));
    one_command(b, COMMAND_TABLE); /* and not what Prompt asks, which is not shown */
    type(b, "flute");
    const size_t before = b->a.finder.n;
    b->v.arm[0].table = t;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_true(b->a.finder.n > before);
    assert_string_equal(item(b, 0)->kind, "latent");
    bench_free(b);
}

/* Labels are found, with gaps too. */
static void test_label(void **state)
{
    (void)state;
    struct errinfo e;
    struct latent_labels *l = NULL;
    struct bench *b = bench_new(80, 24, 1);
    assert_ok(latent_labels_with(NULL, 9, "house pets", &l, &e), &e);
    b->v.arm[0].labels = l;
    press(b, KEY_CTRL('p'));
    type(b, "hpet");
    assert_string_equal(item(b, 0)->text, "#9 house pets");
    /* It looks again where what it lists is another, not at each tick. */
    b->a.finder.item[0].score = 1234.5;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_true(item(b, 0)->score > 1234.0);
    struct latent_labels *more = NULL;
    assert_ok(latent_labels_with(l, 10, "house pets", &more, &e), &e);
    latent_labels_unref(l);
    b->v.arm[0].labels = more;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_true(item(b, 0)->score < 1234.0);
    assert_string_equal(item(b, 1)->text, "#10 house pets");
    bench_free(b);
}

/* A latent has the name that it has in Prompt and Detail, why it is there comes behind
 * that it is silenced. */
static void test_names_of_latents(void **state)
{
    (void)state;
    struct bench *b = open_bench(80, 24, "#42");
    const struct latent_row *row = &latents_table(&b->a, &b->v)->row[42];
    char name[100], text[120];
    names_latent(&b->v.names, "", row, name, sizeof name);
    snprintf(text, sizeof text, "#42 %.80s", name);
    assert_true(strchr(name, ','));
    assert_string_equal(item(b, 0)->text, text);
    bench_free(b);
    b = open_bench(80, 24, "flute");
    size_t on = 0;
    while (strncmp(item(b, on)->more, "on '", 4) != 0) {
        on++;
    }
    const int32_t latent = (int32_t)strtol(item(b, on)->command + 7, NULL, 10);
    press(b, KEY_ESC_);
    prompt_silence(&b->a, latent);
    press(b, KEY_CTRL('p'));
    type(b, "flute");
    assert_true(strncmp(item(b, on)->more, "silenced  on '", 14) == 0);
    assert_true(on_screen(b, " silenced  on '"));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_first),
        cmocka_unit_test(test_by_sense),
        cmocka_unit_test(test_loosely),
        cmocka_unit_test(test_looks_and_arguments),
        cmocka_unit_test(test_by_concept),
        cmocka_unit_test(test_it_goes),
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_recent),
        cmocka_unit_test(test_keys_and_mouse),
        cmocka_unit_test(test_before_the_table),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_names_of_latents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
