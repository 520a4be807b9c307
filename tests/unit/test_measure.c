/* The table of measures: places without gaps, names without doubles, and no name of a
 * measure in the sources but in the table. */
#include "base/file.h"
#include "measure/measure.h"
#include "unit/sources.h"

#include <stdlib.h>
#include <string.h>

static const struct measure *row(int m)
{
    return measure_at((enum metric)m);
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Names by which a measure is found are not another's. */
static void test_names(void **state)
{
    (void)state;
    for (int m = 0; m < MEASURE_COUNT; m++) {
        const struct measure *d = row(m);
        assert_non_null(d->label);
        assert_true(d->help || !d->result);
        assert_true((m < METRIC_COUNT) == (d->column != NULL));
        assert_true(!d->brief || strlen(d->brief) <= 10);
        for (int o = 0; o < m; o++) {
            assert_false(same(d->column, row(o)->column));
            assert_false(same(d->result, row(o)->result));
            assert_false(same(d->path, row(o)->path));
            assert_false(same(d->tag, row(o)->tag));
            /* of two with one label one is measured while training, one afterwards */
            assert_false(same(d->label, row(o)->label) && d->column && row(o)->column);
            assert_false(same(d->label, row(o)->label) && d->result && row(o)->result);
        }
    }
}

/* Places are 1, 2, ... (in results.csv 0, 1, ...), each once. */
static void check_places(const char *what, int (*at)(int place), size_t offset)
{
    for (int m = 0; m < MEASURE_COUNT; m++) {
        int place = 0;
        memcpy(&place, (const char *)row(m) + offset, sizeof place);
        if (place > 0 && at(place) != m) {
            fail_msg("%s: its place among the %s is %d, where there is %s",
                     row(m)->label, what, place,
                     at(place) < 0 ? "a gap before" : row(at(place))->label);
        }
        if (place > 1 && at(place - 1) < 0) {
            fail_msg("%s: place %d among the %s, and none before it", row(m)->label,
                     place, what);
        }
    }
}

static void test_places(void **state)
{
    (void)state;
    check_places("panes", measure_pane, offsetof(struct measure, pane));
    check_places("boxes", measure_box, offsetof(struct measure, box));
    check_places("words of a line", measure_line, offsetof(struct measure, line));
    for (size_t i = 0; i < MEASURES_SWEPT + MEASURES_SWEPT_TRUTH; i++) {
        assert_non_null(measure_swept(i));
        assert_non_null(measure_swept(i)->result);
        assert_non_null(measure_swept(i)->path);
    }
    assert_null(measure_swept(MEASURES_SWEPT + MEASURES_SWEPT_TRUTH));
    assert_string_equal(measure_leaf(METRIC_CE_REC), "ce_recovered");
    for (int m = 0; m < MEASURE_COUNT; m++) {
        assert_true((row(m)->low > 0) == (row(m)->high > 0));
        assert_true(row(m)->line == 0 || row(m)->tag);
    }
}

/* core/eval/README.md lists what stands in eval.json, a line a row. */
static void test_page(void **state)
{
    (void)state;
    char path[600], line[600];
    char *text = NULL;
    size_t len = 0;
    struct errinfo e;
    static const char *const better[] = {"lower", "", "higher"};
    snprintf(path, sizeof path, "%s/core/eval/README.md", getenv("SAETOP_SOURCE"));
    assert_ok(file_read(path, (size_t)1 << 20, &text, &len, &e), &e);
    for (int m = 0; m < MEASURE_COUNT; m++) {
        const struct measure *d = row(m);
        if (d->path) {
            snprintf(line, sizeof line, "\n| %s | `%s` | %s | %s | %s | %s |\n",
                     d->among ? d->among : d->label, d->path,
                     d->column ? d->column : "", d->result ? d->result : "", d->unit,
                     better[d->better + 1]);
            if (!strstr(text, line)) {
                fail_msg("core/eval/README.md: expected the line%s", line);
            }
        }
    }
    free(text);
}

/* ---- names in the sources ---- */

/* Where a name stands for something else, or belongs to somebody else. */
static const struct source_name other[] = {
    {"core/eval/suite.h", "absorption.saebench"},        /* the same */
    {"core/eval/saebench_out.c", "ce_recovered"},        /* a path in pieces */
    {"core/eval/saebench_out.c", "explained_variance"},  /* SAEBench's own */
    {"core/eval/suite.c", "absorption.saebench"},        /* a part of an evaluation */
    {"core/eval/suite.c", "absorption_saebench"},        /* a list of the details */
    {"core/train/setting_list.h", "explained_variance"}, /* a default, tested there */
};

static void check_file(const char *file, const char *text)
{
    if (strncmp(file, "core/measure/", 13) == 0) {
        return;
    }
    for (int m = 0; m < MEASURE_COUNT; m++) {
        const struct measure *d = row(m);
        const bool evaluated = (d->traits & MEASURE_EVALUATED) || m >= METRIC_COUNT;
        const char *const name[] = {d->column, d->result, d->path, d->label, d->among};
        for (size_t i = 0; evaluated && i < sizeof name / sizeof *name; i++) {
            char quoted[128];
            /* A single word could mean anything and is not checked. */
            if (!name[i] || !strpbrk(name[i], "_. -") ||
                sources_excused(other, sizeof other / sizeof *other, file, name[i])) {
                continue;
            }
            snprintf(quoted, sizeof quoted, "\"%s\"", name[i]);
            const char *at = strstr(text, quoted);
            if (at) {
                fail_msg("%s: found %s, expected it in core/measure/measure.h alone "
                         "(measure_at, measure_leaf)",
                         file, quoted);
            }
        }
    }
}

static void test_literals(void **state)
{
    (void)state;
    const size_t files = sources_each("core", check_file) +
                         sources_each("ui", check_file) +
                         sources_each("src", check_file);
    assert_true(files > 300); /* it has looked */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_literals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
