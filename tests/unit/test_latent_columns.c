/* [wrap latent_columns] [commands] The table of columns: a toy column, which only this
 * test has, stands in every place that the table feeds. */
#include "src/top_json.h"
#include "src/top_text.h"
#include "ui/export.h"
#include "ui_bench.h"

#include <strings.h>

/* ---- a column more ---- */

static double toy_of(const struct latent_source *s)
{
    return s->latent % 7 + 0.25;
}

static const struct latent_column toy = {
    .name = "toy_value",
    .title = "Toy",
    .alias = "plaything",
    .type = COLUMN_ACT,
    .flags = IN_TABLE | IN_FILTER | IN_SCATTER | IN_DETAIL | IN_CSV | IN_JSON |
             IN_TEXT | DESCENDING,
    .width = 6,
    .text_width = 8,
    .number = toy_of,
    .detail = "toy of it",
    .help = "what a toy is worth",
    .more = "Nothing but this test has it.",
};

const struct latent_column *__real_latent_columns(size_t *n);
const struct latent_column *__wrap_latent_columns(size_t *n);

static bool with_toy;
const struct latent_column *__wrap_latent_columns(size_t *n)
{
    static struct latent_column list[64];
    const struct latent_column *real = __real_latent_columns(n);
    assert_true(*n < 64);
    memcpy(list, real, *n * sizeof *real);
    list[*n] = toy;
    *n += with_toy;
    return list;
}

static struct bench *toy_bench(void)
{
    with_toy = true;
    return bench_new(120, 36, 1);
}

static double shown_toy(const struct bench *b, size_t i)
{
    const struct latent_source s = {.latent = latents_of(&b->a)->order[i]};
    return toy_of(&s);
}

/* ---- on the screen ---- */

static void test_table_and_sort(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    press(b, '3');
    assert_true(on_screen(b, "Toy"));
    type(b, ":sort toy\n");
    assert_true(on_screen(b, "sort Toy"));
    assert_true(on_screen(b, "6.25"));
    assert_true(shown_toy(b, 0) > 6 && shown_toy(b, 511) < 1);
    press(b, 'r');
    assert_true(shown_toy(b, 0) < 1 && shown_toy(b, 511) > 6);
    /* Tab offers the new column, < and > reach it, and the error for an unknown one
     * lists it. */
    type(b, ":sort To\t");
    assert_string_equal(b->a.line.text, "sort Toy");
    press(b, KEY_ESC_);
    const int by = latents_of(&b->a)->sort;
    type(b, "><");
    assert_int_equal(latents_of(&b->a)->sort, by);
    type(b, ":sort x\n");
    assert_true(on_screen(b, "no column x: latent fires density logd "));
    assert_non_null(strstr(b->a.message, " Toy "));
    bench_free(b);
}

/* Each column of the CSV can be sorted by, and is shown then; < and > go over those
 * that always stand there. */
static void test_sort_by_any(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, '3');
    for (size_t i = 0; latent_column_nth(IN_CSV, i) >= 0; i++) {
        const int at = latent_column_nth(IN_CSV, i);
        const struct latent_column *c = latent_column_at((size_t)at);
        char line[64];
        if (c->type == COLUMN_FLAG) {
            continue;
        }
        snprintf(line, sizeof line, ":sort %s\n", c->name);
        type(b, line);
        if (latents_of(&b->a)->sort != at) {
            fail_msg("%s: %s", c->name, b->a.message);
        }
        assert_true((c->flags & ONLY_LABELS) || on_screen(b, c->title));
    }
    type(b, ":sort density\n");
    const struct latent_row *row = b->v.arm[0].table->row;
    const int32_t *order = latents_of(&b->a)->order;
    assert_true(row[order[0]].density >= row[order[1]].density &&
                row[order[0]].density > row[order[400]].density);
    const struct latent_column *density =
        latent_column_at((size_t)latent_column_find("density", 7));
    assert_true(latents_column_shown(&b->a, &b->v, density));
    press(b, '>');
    assert_false(latent_column_at((size_t)latents_of(&b->a)->sort)->flags &
                 WHEN_SORTED);
    assert_false(latents_column_shown(&b->a, &b->v, density));
    bench_free(b);
}

/* The density's head has a letter that ASCII has not: all ways to write it do. */
static void test_names_of_density(void **state)
{
    (void)state;
    static const char *const name[] = {"logd", "logr", "log\xcf\x81", "LOGR"};
    struct bench *b = bench_new(120, 36, 1);
    press(b, '3');
    type(b, ":filter logd>-2\n");
    const size_t n = latents_of(&b->a)->shown;
    assert_true(n > 0 && n < 512);
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "sort latent");
        app_run(&b->a, &b->v, line);
        snprintf(line, sizeof line, "sort %s", name[i]);
        app_run(&b->a, &b->v, line);
        assert_string_equal(latent_column_at((size_t)latents_of(&b->a)->sort)->name,
                            "logd");
        app_run(&b->a, &b->v, "clear-filter");
        snprintf(line, sizeof line, "filter %s>-2", name[i]);
        app_run(&b->a, &b->v, line);
        assert_int_equal(latents_of(&b->a)->shown, n);
        snprintf(line, sizeof line, "help %s", name[i]);
        app_run(&b->a, &b->v, line);
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "log10 of the share of tokens"));
        press(b, KEY_ESC_);
        press(b, KEY_ESC_);
        app_run(&b->a, &b->v, "screen latents");
    }
    bench_free(b);
}

static void test_filter(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    press(b, '3');
    static const char *const names[] = {"toy", "TOY_VALUE", "plaything"};
    for (size_t i = 0; i < 3; i++) {
        char line[64];
        snprintf(line, sizeof line, "&%s>6\n", names[i]);
        type(b, line);
        assert_int_equal(latents_of(&b->a)->shown, 73); /* of 512, those that leave 6 */
        press(b, '\\');
    }
    type(b, "&toy_\t");
    assert_string_equal(b->a.line.text, "toy_value");
    press(b, KEY_ESC_);
    type(b, "&x>1\n");
    assert_true(on_screen(b, "unknown field: latent fires density logd max"));
    assert_non_null(strstr(latents_of(&b->a)->filter.error, " label Toy"));
    bench_free(b);
    static const int width[] = {80, 120};
    for (size_t i = 0; i < 2; i++) { /* all of them, in as many rows as it takes */
        b = bench_new(width[i], width[i] == 80 ? 24 : 36, 2);
        type(b, "3&densty>1");
        assert_true(on_screen(b, "unknown field: latent fires density logd max"));
        assert_true(on_screen(b, "top_tokens"));
        assert_true(on_screen(b, "(column 1)"));
        bench_free(b);
    }
}

static void test_scatter(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    type(b, "3:scatter toy\n");
    assert_true(on_screen(b, "Toy against density"));
    type(b, ":scatter x\n");
    assert_true(on_screen(b, "no measure x: max ") && on_screen(b, " Toy or off"));
    type(b, ":scatter To\t");
    assert_string_equal(b->a.line.text, "scatter Toy");
    bench_free(b);
}

static void test_help_and_detail(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    type(b, ":help plaything\n");
    assert_false(on_screen(b, "what a toy is worth"));
    type(b, "?:help toy\n");
    assert_true(on_screen(b, "what a toy is worth"));
    assert_true(on_screen(b, "the column Toy"));
    assert_true(on_screen(b, "Nothing but this test has it."));
    type(b, "j\n"); /* from the head to the column: sorts by it */
    assert_ptr_equal(b->a.screen, &screen_latents);
    assert_true(on_screen(b, "sort Toy"));
    type(b, ":latent 42\n");
    assert_true(on_screen(b, "toy of it 0.25"));
    bench_free(b);
}

/* ---- in files ---- */

static void test_csv(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    struct str out;
    struct errinfo e;
    type(b, "3:sort latent\n");
    str_init(&out, 1u << 24);
    assert_ok(screen_latents.export_text(&b->a, &b->v, &out, &e), &e);
    assert_non_null(strstr(out.p, ",top_tokens,label,toy_value\n"));
    const char *row = strstr(out.p, "\n3,");
    assert_non_null(row);
    assert_memory_equal(strchr(row + 1, '\n') - 5, ",3.25", 5);
    str_free(&out);
    bench_free(b);
}

static void test_top(void **state)
{
    (void)state;
    struct bench *b = toy_bench();
    struct latent_row row = b->v.arm[0].table->row[0];
    struct latent_table t = {.F = 1, .row = &row};
    const struct browse browse = {.table = &t, .names = b->v.names};
    struct latent_labels *labels = NULL;
    struct errinfo e;
    struct str out;
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        row.top_token[i] = -1;
    }
    str_init(&out, 1u << 20);
    top_json_row(&browse, NULL, 0, &out);
    assert_non_null(strstr(out.p, ",\"toy_value\":0.25,"));
    assert_non_null(strstr(out.p, "\"fires\":"));
    assert_non_null(strstr(out.p, ",\"label\":\"\","));
    str_clear(&out);
    top_text_heading(NULL, &out);
    assert_non_null(strstr(out.p, "     Toy  top tokens"));
    assert_null(strstr(out.p, "label"));
    top_text_row(&browse, NULL, 0, &out);
    assert_non_null(strstr(out.p, "   0.250  "));
    /* Labels have a column where there are some. */
    assert_ok(latent_labels_with(NULL, 0, "house pets", &labels, &e), &e);
    str_clear(&out);
    top_text_heading(labels, &out);
    top_text_row(&browse, labels, 0, &out);
    assert_non_null(strstr(out.p, "label     "));
    assert_non_null(strstr(out.p, "house pets"));
    latent_labels_unref(labels);
    str_free(&out);
    bench_free(b);
}

/* ---- the table itself ---- */

static bool has_word(const struct latent_column *c, const char *word)
{
    return !strcasecmp(c->name, word) || !strcasecmp(c->title, word) ||
           (c->alias && !strcasecmp(c->alias, word));
}

/* A word means one column; each can be read, sorted by and explained. */
static void test_rows(void **state)
{
    (void)state;
    const struct latent_column *c = NULL, *other = NULL;
    with_toy = false;
    for (size_t i = 0; (c = latent_column_at(i)) != NULL; i++) {
        assert_true(!c->number != !c->text);
        assert_true(c->help && c->help[0]);
        assert_true(!(c->flags & IN_DETAIL) == !c->detail);
        assert_true(!(c->flags & IN_SCATTER) || c->number);
        assert_int_equal(latent_column_find(c->name, strlen(c->name)), (int)i);
        assert_int_equal(latent_column_find(c->title, strlen(c->title)), (int)i);
        const char *word = latent_column_word(c);
        assert_int_equal(latent_column_find(word, strlen(word)), (int)i);
        for (size_t k = 0; (other = latent_column_at(k)) != NULL; k++) {
            assert_true(k == i ||
                        (!has_word(other, c->name) && !has_word(other, c->title) &&
                         (!c->alias || !has_word(other, c->alias))));
        }
    }
    /* One column takes the rest of a line, and one is the first to sort by. */
    int last = -1;
    for (size_t i = 0; latent_column_nth(IN_TABLE, i) >= 0; i++) {
        assert_true(last < 0 || latent_column_at((size_t)last)->width > 0);
        last = latent_column_nth(IN_TABLE, i);
    }
    assert_int_equal(latent_column_at((size_t)last)->width, 0);
    assert_true(latent_column_nth(AT_FIRST, 0) >= 0);
    assert_int_equal(latent_column_nth(AT_FIRST, 1), -1);
    assert_int_equal(latent_column_find("toy", 3), -1);
    assert_int_equal(latent_column_find("", 0), -1);
}

/* A name that was in a file, on the screen or in a filter still means the same. */
static void test_old_names(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"absorb", "absorption"},
                                          {"p", "precision"},
                                          {"P", "precision"},
                                          {"r", "recall"},
                                          {"F1", "f1"},
                                          {"log\xcf\x81", "logd"},
                                          {"tokens", "top_tokens"},
                                          {"top tokens", "top_tokens"}};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const int at = latent_column_find(same[i][0], strlen(same[i][0]));
        assert_true(at >= 0);
        assert_string_equal(latent_column_at((size_t)at)->name, same[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_sort),
        cmocka_unit_test(test_sort_by_any),
        cmocka_unit_test(test_names_of_density),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_scatter),
        cmocka_unit_test(test_help_and_detail),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_old_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
