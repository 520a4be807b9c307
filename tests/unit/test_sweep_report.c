/* The report of a sweep and its lines for the terminal: layout, and what they say. */
#include "unit/sweep_world.h"

/* ---- the report ---- */

/* Code points of a line of n bytes, and the bars in it that are not escaped. */
static void line_columns(const char *line, size_t n, size_t *columns, size_t *bars)
{
    *columns = *bars = 0;
    for (size_t i = 0; i < n; i++) {
        *columns += ((unsigned char)line[i] & 0xC0u) != 0x80u ? 1 : 0;
        *bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    }
}

/* Tables are as wide in each of their lines; nothing but tables, and headings, is wider
 * than a terminal; no control character but line ends. */
static void check_layout(const char *text)
{
    size_t wide = 0, bars = 0;
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        size_t columns = 0, found = 0;
        line_columns(line, n, &columns, &found);
        for (size_t i = 0; i < n; i++) {
            assert_false(iscntrl((unsigned char)line[i]));
        }
        if (n == 0 || line[0] != '|') {
            wide = bars = 0;
            if (columns > 80 && line[0] != '#') {
                fail_msg("%zu columns: %.*s", columns, (int)n, line);
            }
        } else if (wide == 0) {
            wide = columns;
            bars = found;
        } else if (columns != wide || found != bars) {
            fail_msg("%zu columns, %zu bars, expected %zu, %zu: %.*s", columns, found,
                     wide, bars, (int)n, line);
        }
        line += n + (line[n] ? 1 : 0);
    }
}

static void test_markdown(void **state)
{
    (void)state;
    struct world w = mixed_world();
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has(text, "30 of 30 runs finished (15 arms; 0.3 hours");
    check_has(text, "Settings: model ");
    check_has(text, "the 6 masked arms of part dose (k 4, 8, 16; p 0.1, 0.3; 2 pairs");
    check_has(
        text,
        "**Of 11 measures on which the paper reports something, 10 came out "
        "as it reports, 1 the reverse, and 0 are not established; of 8 others, 8 are established.** ");
    check_has(text, "- **As the paper reports:** explained variance -0.0200 [-0.0200, "
                    "-0.0200];");
    check_has(text, "absorption, semantic -0.020 [-0.020, -0.020]");
    check_has(text, "- **The reverse of what the paper reports:** probing k=5, OOD gap "
                    "+0.020");
    check_has(text, "- **absorption, SAEBench's form**: not measured in 30 of 30 ");
    check_has_not(text, "To be read with care");
    /* part by part: dose, long, arch, text */
    check_has(text, "| explained variance | lower | **-0.0200** | **-0.0300** | "
                    "**-0.0300** | **-0.0300** |");
    check_has(text, "| L0, clean | | = | = | = | = |");
    check_has(text, "| absorption, SAEBench's form | lower | - | - | - | - |");
    check_has(text, "## Part long, \"so\" to say; \\| ");
    check_has(text, "## Part dose More and more. ");
    check_has(text, "a\\|b, \\*c\\* # d");
    check_has_not(text, "\n# d");
    /* 0.51 and 0.52, less a tenth of 0.3 where masked */
    check_has(text, "| topk k=8 p=0.3 | 0.5150 | 0.4850 | -0.0300 [-0.0300, -0.0300] | "
                    "2/0 | <0.001 | lower |");
    check_has(text, "| explained variance | 0.5150 | 0.4950 | -0.0200 [-0.0200, "
                    "-0.0200] | 2/0 | <0.001 | lower | 6/0/0 | lower |");
    char *again = text_of(&w, sweep_markdown);
    assert_string_equal(text, again);
    free(again);
    free(text);
    world_free(&w);
}

/* Missing cells are named, and are in no table. */
static void test_left_out(void **state)
{
    (void)state;
    struct world w = mixed_world();
    size_t searched = SWEEP_NONE;
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        const struct sweep_arm *a = &w.p->arm[c->arm];
        if (strcmp(a->label, "topk k=4 p=0.1") == 0) {
            w.r[i].done = c->seed == 1;
            w.r[i].v[SWEEP_EV] = 777; /* must not show */
        } else if (strcmp(a->label, "topk k=8 p=0") == 0) {
            w.r[i].done = false;
            w.r[i].v[SWEEP_EV] = 777;
        } else if (c->target_l0 > 0 && searched == SWEEP_NONE) {
            searched = i;
            w.r[i].on_target = false;
            w.r[i].v[SWEEP_L0_CLEAN] = 5.5;
        }
    }
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has_not(text, "777");
    check_has(text, "- **topk k=4 p=0.1**: not finished: seed 2 (1 of 2).");
    check_has(text, "- **topk k=8 p=0**: not finished: seed 1, 2 (2 of 2).");
    check_has(text, "- **topk k=8 p=0.3**: not compared, since its unmasked arm");
    check_has(text, "searched for clean L0 4, stands with 5.50 in seed 1.");
    check_has(text, "An arm with a run missing stands in no mean");
    check_has(text, "the 3 masked arms of part dose (k 4, 16; p 0.1, 0.3; 2 pairs");
    free(text);
    /* With nothing to compare all tables are made even so. */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        w.r[i].done = false;
    }
    text = text_of(&w, sweep_markdown);
    check_layout(text);
    check_has(text, "Nothing is compared here: no masked arm is finished together");
    free(text);
    text = text_of(&w, sweep_json);
    free(text);
    text = text_of(&w, sweep_summary);
    check_has(text, "0 of ");
    check_has(text, "Nothing is compared here");
    free(text);
    world_free(&w);
}

/* An average of arms that go opposite ways does not pass for no effect. */
static void test_both_ways(void **state)
{
    (void)state;
    struct world w = mixed_world();
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        const char *k = sweep_cell_value(c, "k");
        const double way = k && strcmp(k, "8") == 0 ? 2 : -1;
        w.r[i].v[SWEEP_ROBUSTNESS] =
            0.5 + way * c->mask_rate +
            1e-4 * rng_unit_at(c->seed, RNG_SAMPLE, c->arm, 99);
    }
    char *text = text_of(&w, sweep_markdown);
    check_has(text, "**dose:** Single arms by themselves: "
                    "robustness to masked context lower in 4 and higher in 2.");
    check_has(text, "| not established | 4/0/2 |");
    free(text);
    world_free(&w);
}

/* Unequal clean L0 is reported before anything else. */
static void test_confounded(void **state)
{
    (void)state;
    struct world w = mixed_world();
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        w.r[i].v[SWEEP_L0_CLEAN] = c->mask_rate > 0.2 ? 5.2 : 4.0;
    }
    char *text = text_of(&w, sweep_markdown);
    check_has(text, "**dose:** Clean L0 differs by more than 2 %, masked minus "
                    "unmasked: topk k=4 p=0.3 +1.20; topk k=8 p=0.3 +1.20; topk k=16 "
                    "p=0.3 +1.20 (3 of 6 arms). A difference of theirs may");
    check_has(text, "**arch:** Clean L0 differs by more than 2 %");
    /* A little stands in the table, with its interval, and is no warning. */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        w.r[i].v[SWEEP_L0_CLEAN] =
            4 + (c->mask_rate > 0 ? 0.03 + 0.01 * (double)c->seed : 0);
    }
    free(text);
    text = text_of(&w, sweep_markdown);
    check_has(text, "| +0.04 [-0.02, +0.11] |");
    check_has_not(text, "To be read with care");
    free(text);
    world_free(&w);
}

/* Set a measure: the unmasked arms .5, the i-th compared arm of part 0 that plus by[i],
 * seeds apart by `spread`, which cancels over the arms but for a little. */
static void set_by_arm(struct world *w, size_t m, const double *by, double spread)
{
    size_t n = 0;
    for (size_t i = 0; i < w->p->n_cells; i++) {
        w->r[i].v[m] = 0.5;
    }
    for (size_t i = 0; i < w->p->part[0].n_arms; i++) {
        const size_t arm = w->p->part[0].arm[i];
        if (w->p->arm[arm].baseline == SWEEP_NONE) {
            continue;
        }
        for (size_t j = 0; j < w->p->arm[arm].n_cells; j++) {
            const double way = j % 2 ? spread : -spread;
            const double little = n == 0 && j == 1 ? 1e-4 : 0;
            run_of(w, arm, j)->v[m] = 0.5 + by[n] + (n % 2 ? way : -way) + little;
        }
        n++;
    }
}

/* An arm that alone makes an average is named, with the average without it. */
static void test_outlier(void **state)
{
    (void)state;
    struct world w = mixed_world();
    const double by[] = {-0.01, -0.02, -0.01, -0.02, -3.0, -0.01};
    const double not_by[] = {-0.01, -0.02, -0.01, -0.02, -0.09, -0.01};
    set_by_arm(&w, SWEEP_EV_OOD, by, 0.001);
    char *text = text_of(&w, sweep_markdown);
    check_layout(text);
    /* (5 x -0.014 - 3) / 6 */
    check_has(text, "**dose:** explained variance OOD: the average -0.5117 [");
    check_has(text, "is mostly that of topk k=8 p=0.3, -3.0000 [");
    check_has(text, "; over the other 5 arms it is -0.0140 [");
    check_has(text, "| - without topk k=8 p=0.3 | 0.5000 | 0.4860 | -0.0140 [");
    check_has(text, "| explained variance OOD | | **-0.5117**† |");
    free(text);
    set_by_arm(&w, SWEEP_EV_OOD, not_by, 0.001);
    text = text_of(&w, sweep_markdown); /* 4.5 times as much is one of them */
    check_has_not(text, "- without");
    check_has_not(text, "**†");
    free(text);
    world_free(&w);
}

/* The report says so if an average is established but no single arm is. */
static void test_no_single_arm(void **state)
{
    (void)state;
    struct world w = mixed_world();
    const double by[] = {-0.02, -0.02, -0.02, -0.02, -0.02, -0.02};
    set_by_arm(&w, SWEEP_ABSORPTION, by, 0.01); /* opposite in every other arm */
    char *text = text_of(&w, sweep_markdown);
    check_has(text, "**dose:** Single arms by themselves: absorption, semantic "
                    "established in none.");
    free(text);
    world_free(&w);
}

static void test_summary(void **state)
{
    (void)state;
    struct world w = mixed_world();
    char *text = text_of(&w, sweep_summary);
    check_layout(text);
    check_has(text, "30 of 30 runs finished. **Of 11 measures on which the paper");
    check_has(text, "On average over the 6 masked arms of part dose");
    check_has(text, " probing k=5 +0.020 [+0.020, +0.020]");
    check_has_not(text, "SAEBench");
    free(text);
    world_free(&w);
    w = world_new("{'seeds': 1, 'parts': {'a': {'mask.rate': 0.3}}}");
    text = text_of(&w, sweep_summary);
    check_has(text, "1 of 1 runs finished.");
    free(text);
    text = text_of(&w, sweep_markdown);
    check_has(text, "Nothing is compared here");
    check_has(text, "no unmasked arm was planned");
    check_has(text, "#### explained variance | arm | mean ± sd |");
    check_layout(text);
    free(text);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown),  cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_confounded),
        cmocka_unit_test(test_outlier),   cmocka_unit_test(test_no_single_arm),
        cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
