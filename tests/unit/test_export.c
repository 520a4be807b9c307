/* Exports of the explorer: they read back as CSV, in the order and with the filter
 * shown, and never replace a file. */
#include "base/csvfile.h"
#include "base/file.h"
#include "base/json.h"
#include "check.h"
#include "ui/export.h"
#include "ui/frame.h"
#include "ui/screens/latents_priv.h"
#include "ui_sample.h"

struct bench {
    struct app a;
    struct session_view v;
};

static struct bench *bench_new(const char *keys)
{
    struct bench *b = test_calloc(1, sizeof *b);
    sample_view(&b->v, 2, 900, 512);
    struct errinfo e;
    assert_ok(app_init(&b->a, &screen_table, 120, 36, GLYPH_BRAILLE, THEME_DARK, &e),
              &e);
    for (; *keys; keys++) {
        const uint32_t key =
            *keys == '\n' ? KEY_ENTER_ : (uint32_t)(unsigned char)*keys;
        app_update(&b->a, &b->v, &(struct event){.kind = EVENT_KEY, .key = key});
    }
    return b;
}

static void bench_free(struct bench *b)
{
    app_deinit(&b->a);
    session_view_deinit(&b->v);
    test_free(b);
}

static struct csv_table *exported(struct bench *b, const struct screen_def *screen)
{
    struct str out;
    struct errinfo e;
    struct csv_table *t = NULL;
    str_init(&out, (size_t)1 << 28);
    assert_ok(screen->export_text(&b->a, &b->v, &out, &e), &e);
    for (size_t i = 0; i < out.len; i++) {
        assert_true((unsigned char)out.p[i] >= 0x20 || out.p[i] == '\n');
    }
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    assert_ok(csv_parse_table(out.p, out.len, "export", &lim, &t, &e), &e);
    str_free(&out);
    return t;
}

static void test_table_as_shown(void **state)
{
    (void)state;
    struct bench *b = bench_new("3:sort max\n&max>5 & !dead\ng ");
    struct csv_table *t = exported(b, &screen_latents);
    assert_true(t->rows == latents_of(&b->a)->shown && t->rows > 10 && t->rows < 512);
    double before = 1e9;
    for (size_t i = 0; i < t->rows; i++) {
        const double max = atof(csv_at(t, i, (size_t)csv_col(t, "max")));
        assert_true(max > 5 && max <= before + 1e-6);
        before = max;
        /* A match at the token before says so in its name and in its place. */
        const char *match = csv_at(t, i, (size_t)csv_col(t, "match"));
        const char *place = csv_at(t, i, (size_t)csv_col(t, "place"));
        assert_string_equal(place, !match[0]                          ? ""
                                   : strncmp(match, "after ", 6) == 0 ? "previous"
                                                                      : "token");
        assert_int_equal(match[0] == '\0',
                         !csv_at(t, i, (size_t)csv_col(t, "match_kind"))[0]);
    }
    assert_string_equal(csv_at(t, 0, (size_t)csv_col(t, "marked")), "1");
    assert_string_equal(csv_at(t, 1, (size_t)csv_col(t, "marked")), "0");
    csv_free_table(t);
    bench_free(b);
}

static void test_contexts(void **state)
{
    (void)state;
    struct bench *b = bench_new(":latent 42\n");
    struct csv_table *t = exported(b, &screen_detail);
    assert_true(t->rows == 24);
    assert_string_equal(csv_at(t, 0, 0), "42");
    assert_string_equal(csv_at(t, 23, 1), "24");
    csv_free_table(t);
    bench_free(b);
}

static void test_curves(void **state)
{
    (void)state;
    struct bench *b = bench_new("");
    struct csv_table *t = exported(b, &screen_train);
    size_t absorption = 0;
    for (size_t i = 0; i < t->rows; i++) {
        if (!strcmp(csv_at(t, i, (size_t)csv_col(t, "measure")), "absorption")) {
            absorption++;
            assert_true(csv_at(t, i, (size_t)csv_col(t, "low"))[0] != '\0');
        }
    }
    assert_int_equal(absorption, 12); /* 6 evaluations of 2 arms */
    csv_free_table(t);
    bench_free(b);
}

static void test_never_over_a_file(void **state)
{
    (void)state;
    char dir[512], path[512];
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "out.csv");
    struct bench *b = bench_new("3");
    assert_ok(export_file(&b->a, &b->v, &screen_latents, NULL, path, &e), &e);
    check_error(export_file(&b->a, &b->v, &screen_latents, NULL, path, &e), ERR_EXISTS,
                &e, "out.csv");
    check_error(
        export_file(&b->a, &b->v, &screen_latents, NULL, "/nonexistent/x.csv", &e),
        ERR_MISSING, &e, "/nonexistent");
    bench_free(b);
    tmp_drop(dir);
}

static char *written(struct bench *b, const struct screen_def *screen, const char *dir,
                     const char *name)
{
    char path[512];
    struct errinfo e;
    struct canvas c;
    struct plot_svg plots;
    char *text = NULL;
    size_t len = 0;
    tmp_path(path, dir, name);
    plot_svg_init(&plots);
    assert_ok(canvas_init(&c, 120, 36, GLYPH_BRAILLE, &e), &e);
    c.plots = &plots;
    app_view(&b->a, &b->v, &c);
    const struct export_picture picture = {&c, &plots};
    assert_ok(export_file(&b->a, &b->v, screen, &picture, path, &e), &e);
    assert_ok(file_read(path, (size_t)1 << 24, &text, &len, &e), &e);
    plot_svg_deinit(&plots);
    canvas_deinit(&c);
    return text;
}

/* The form follows from the name: the same cells as JSON, numbers where a column has
 * nothing else, and as Markdown; the picture; others are refused. */
static void test_forms(void **state)
{
    (void)state;
    char dir[512];
    struct errinfo e;
    cJSON *root = NULL;
    tmp_make(dir, sizeof dir);
    struct bench *b = bench_new("3:sort max\n&max>5 & !dead\ng");
    struct csv_table *t = exported(b, &screen_latents);
    char *text = written(b, &screen_latents, dir, "x.json");
    assert_ok(json_parse(text, strlen(text), "x.json", &root, &e), &e);
    assert_int_equal(cJSON_GetArraySize(root), t->rows);
    for (size_t i = 0; i < t->rows; i++) {
        const cJSON *o = cJSON_GetArrayItem(root, (int)i);
        for (size_t c = 0; c < t->cols; c++) {
            const cJSON *cell = cJSON_GetObjectItemCaseSensitive(o, t->header[c]);
            const char *want = csv_at(t, i, c);
            assert_non_null(cell);
            if (!want[0]) {
                assert_true(cJSON_IsNull(cell));
            } else if (cJSON_IsNumber(cell)) {
                assert_true(fabs(cell->valuedouble - atof(want)) < 1e-9);
            } else {
                assert_string_equal(cJSON_GetStringValue(cell), want);
            }
        }
        assert_true(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(o, "max")));
        assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "top_tokens")));
    }
    cJSON_Delete(root);
    mem_free(text);
    text = written(b, &screen_latents, dir, "x.md");
    assert_true(text[0] == '|' && strstr(text, "| latent "));
    size_t lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++) {
        lines++;
    }
    assert_int_equal(lines, t->rows + 2);
    mem_free(text);
    text = written(b, &screen_latents, dir, "x.txt");
    assert_non_null(strstr(text, "[3 Latents]"));
    mem_free(text);
    static const char *const no[] = {"x.pdf", "x.png",    "x",    ".csv",
                                     "csv",   "x.csv.gz", "x.CSV"};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(export_knows(no[i]));
        check_error(export_file(&b->a, &b->v, &screen_latents, NULL, no[i], &e),
                    ERR_USAGE, &e, EXPORT_FORMS);
    }
    csv_free_table(t);
    bench_free(b);
    tmp_drop(dir);
}

/* Elements that are opened are closed, in their order; no letter of markup stands
 * outside of them; how many there are of a name. Enough of XML for what is written. */
static size_t check_xml(const char *text, const char *name)
{
    char open[16][16];
    size_t depth = 0, found = 0;
    const char *p = strstr(text, "?>");
    assert_true(strncmp(text, "<?xml ", 6) == 0 && p);
    for (p += 2; *p;) {
        if (*p != '<') {
            assert_true(*p != '>' && *p != '"' &&
                        ((unsigned char)*p >= ' ' || *p == '\n'));
            assert_true(*p != '&' || !strncmp(p, "&lt;", 4) || !strncmp(p, "&gt;", 4) ||
                        !strncmp(p, "&amp;", 5) || !strncmp(p, "&quot;", 6));
            p++;
            continue;
        }
        const char *end = strchr(p, '>');
        assert_non_null(end);
        const size_t n = strspn(p + 1 + (p[1] == '/'), "abcdefghijklmnopqrstuvwxyzP");
        const char *at = p + 1 + (p[1] == '/');
        if (p[1] == '/') {
            depth--;
            assert_true(strlen(open[depth]) == n && !strncmp(open[depth], at, n));
        } else {
            found += strlen(name) == n && !strncmp(at, name, n);
            if (end[-1] != '/') {
                snprintf(open[depth++], sizeof open[0], "%.*s", (int)n, at);
                assert_true(depth < 16);
            }
        }
        size_t quotes = 0;
        for (const char *q = p; q < end; q++) {
            quotes += *q == '"' ? 1u : 0u;
        }
        assert_true(quotes % 2 == 0);
        p = end + 1;
    }
    assert_int_equal(depth, 0);
    return found;
}

/* The plots that are shown: Train's, those of points, one whose name is hostile. */
static void test_svg(void **state)
{
    (void)state;
    char dir[512];
    tmp_make(dir, sizeof dir);
    struct bench *b = bench_new("");
    snprintf(b->v.cond[0].label, sizeof b->v.cond[0].label, "a<b&\"c\">\x1b[31m");
    char *text = written(b, &screen_train, dir, "train.svg");
    assert_true(check_xml(text, "path") >= 8); /* two curves a pane at least */
    assert_non_null(strstr(text, "A a&lt;b&amp;&quot;c&quot;&gt;\\x1b[31m"));
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, ">absorption</text>"));
    assert_null(strstr(text, "nan"));
    mem_free(text);
    bench_free(b);
    b = bench_new("3=");
    text = written(b, &screen_latents, dir, "points.svg");
    assert_true(check_xml(text, "circle") > 100);
    mem_free(text);
    bench_free(b);
    b = bench_new("3");
    struct errinfo e;
    struct plot_svg none;
    const struct export_picture picture = {NULL, &none};
    plot_svg_init(&none);
    check_error(export_file(&b->a, &b->v, &screen_latents, &picture, "x.svg", &e),
                ERR_USAGE, &e, "this screen shows no plot");
    plot_svg_deinit(&none);
    bench_free(b);
    tmp_drop(dir);
}

/* A long curve stays small, and keeps its spike; gaps part it. */
static void test_svg_of_many(void **state)
{
    (void)state;
    enum { MANY = 500000 };
    double *x = test_calloc(2 * MANY, sizeof *x), *y = x + MANY;
    struct canvas c;
    struct plot_svg plots;
    struct str out;
    struct errinfo e;
    for (size_t i = 0; i < MANY; i++) {
        x[i] = (double)i;
        y[i] = i % 2 ? 1.0 : 2.0;
    }
    y[MANY / 3] = 50;
    y[MANY / 2] = (double)NAN;
    struct plot_spec spec = {.title = "many",
                             .y_min = (double)NAN,
                             .y_max = (double)NAN,
                             .cursor_x = (double)NAN,
                             .n_series = 1};
    spec.series[0] =
        (struct plot_series){.x = x, .y = y, .n = MANY, .role = ROLE_SERIES_A};
    plot_svg_init(&plots);
    assert_ok(canvas_init(&c, 80, 24, GLYPH_BRAILLE, &e), &e);
    c.plots = &plots;
    plot_draw(&c, (struct rect){0, 0, 80, 24}, &spec, NULL);
    str_init(&out, (size_t)1 << 26);
    assert_ok(plot_svg_file(&plots, &out, &e), &e);
    assert_int_equal(check_xml(out.p, "path"), 1);
    assert_true(out.len < 200000);
    const char *d = strstr(out.p, "d=\"M");
    assert_non_null(d);
    const char *gap = strchr(d + 4, 'M');
    assert_true(gap && gap < strchr(d + 4, '"')); /* two pieces */
    bool spike = false;                           /* a twentieth from the top */
    for (const char *p = d + 3; *p != '"'; p++) {
        double px, py;
        spike = spike || (sscanf(p, "L%lf %lf", &px, &py) == 2 && py < 60);
    }
    assert_true(spike);
    str_free(&out);
    plot_svg_deinit(&plots);
    canvas_deinit(&c);
    test_free(x);
}

/* Samples out of sight on both sides lead the line in and out at its own slope. */
static void test_svg_edges(void **state)
{
    (void)state;
    double x[] = {-1000, 15, 100}, y[] = {-500, 7.5, 50};
    struct canvas c;
    struct plot_svg plots;
    struct str out;
    struct errinfo e;
    struct plot_spec spec = {.title = "edges",
                             .x_min = 10,
                             .x_max = 20,
                             .y_min = 7,
                             .y_max = 8,
                             .cursor_x = (double)NAN,
                             .n_series = 1};
    spec.series[0] =
        (struct plot_series){.x = x, .y = y, .n = 3, .role = ROLE_SERIES_A};
    plot_svg_init(&plots);
    assert_ok(canvas_init(&c, 80, 24, GLYPH_BRAILLE, &e), &e);
    c.plots = &plots;
    plot_draw(&c, (struct rect){0, 0, 80, 24}, &spec, NULL);
    str_init(&out, (size_t)1 << 20);
    assert_ok(plot_svg_file(&plots, &out, &e), &e);
    double px, py, was_x = 0, was_y = 0, w, h, left, top;
    const char *clip = strstr(out.p, "<clipPath");
    assert_int_equal(sscanf(clip,
                            "<clipPath id=\"data\"><rect x=\"%lf\" y=\"%lf\" "
                            "width=\"%lf\" height=\"%lf\"",
                            &left, &top, &w, &h),
                     4);
    size_t n = 0;
    for (const char *p = strstr(out.p, "d=\"M") + 3; *p != '"'; p++) {
        if ((*p == 'M' || *p == 'L') && sscanf(p + 1, "%lf %lf", &px, &py) == 2) {
            if (n++) { /* y = x / 2: five heights in a width */
                const double slope = (was_y - py) / (px - was_x);
                assert_true(fabs(slope - 5 * h / w) < .01);
            }
            was_x = px;
            was_y = py;
            assert_true(fabs(px - left) < 3 * w && fabs(py - top) < 3 * h);
        }
    }
    assert_int_equal(n, 3);
    str_free(&out);
    plot_svg_deinit(&plots);
    canvas_deinit(&c);
}

/* With colours: without its sequences it is the text, and they are nothing but SGR. */
static void test_ansi(void **state)
{
    (void)state;
    char dir[512];
    tmp_make(dir, sizeof dir);
    struct bench *b = bench_new(":latent 42\n");
    char *plain = written(b, &screen_detail, dir, "x.txt");
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        char name[32];
        b->a.theme = (enum theme_id)theme;
        snprintf(name, sizeof name, "x%d.ansi", theme);
        char *text = written(b, &screen_detail, dir, name);
        size_t at = 0;
        assert_int_equal(strstr(text, ";48;5;") != NULL, theme != THEME_MONO);
        for (const char *p = text; *p; p++) {
            if (*p == '\x1b') {
                p += 1 + strspn(p + 1, "[0123456789;");
                assert_int_equal(*p, 'm');
            } else if (*p != plain[at] && *p == ' ') {
                continue; /* which text has none of at the end of a line */
            } else {
                assert_int_equal(*p, plain[at++]);
            }
        }
        assert_int_equal(plain[at], '\0');
        mem_free(text);
    }
    mem_free(plain);
    bench_free(b);
    tmp_drop(dir);
}

static void test_nothing_to_export(void **state)
{
    (void)state;
    struct bench *b = test_calloc(1, sizeof *b);
    struct str out;
    struct errinfo e;
    session_view_init(&b->v);
    assert_ok(app_init(&b->a, &screen_table, 80, 24, GLYPH_ASCII, THEME_DARK, &e), &e);
    str_init(&out, 1000);
    check_error(screen_latents.export_text(&b->a, &b->v, &out, &e), ERR_USAGE, &e,
                "table");
    check_error(screen_detail.export_text(&b->a, &b->v, &out, &e), ERR_USAGE, &e,
                "latent");
    str_free(&out);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_as_shown),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_never_over_a_file),
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_svg_of_many),
        cmocka_unit_test(test_svg_edges),
        cmocka_unit_test(test_ansi),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_nothing_to_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
