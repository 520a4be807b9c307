#include "ui/export.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/mem.h"
#include "base/newfile.h"
#include "base/utf8.h"
#include "ui/picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPORT_MAX ((size_t)1 << 30)

void export_number(struct str *out, double v, bool first)
{
    char text[40] = "";
    if (isfinite(v)) {
        snprintf(text, sizeof text, "%.9g", v);
    }
    csv_add(out, text, first);
}

void export_integer(struct str *out, int64_t v, bool first)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    csv_add(out, text, first);
}

void export_escaped(struct str *out, const char *text, bool first)
{
    struct str safe;
    str_init(&safe, (size_t)1 << 20);
    utf8_escape(&safe, text, strlen(text));
    csv_add(out, safe.len ? safe.p : "", first);
    str_free(&safe);
}

/* ---- forms ---- */

/* Whether a cell may be a number in JSON. */
static bool is_number(const char *text)
{
    const char *p = text + (text[0] == '-');
    const size_t whole = strspn(p, "0123456789");
    if (whole == 0 || (p[0] == '0' && whole > 1)) {
        return false;
    }
    p += whole;
    if (p[0] == '.') {
        const size_t part = strspn(p + 1, "0123456789");
        p += part ? part + 1 : 0;
    }
    if (p[0] == 'e' || p[0] == 'E') {
        const char *digits = p + 1 + (p[1] == '-' || p[1] == '+');
        const size_t n = strspn(digits, "0123456789");
        p = n ? digits + n : p;
    }
    return p[0] == '\0';
}

static bool is_numeric(const struct csv_table *t, size_t col)
{
    bool is = true;
    for (size_t i = 0; is && i < t->rows; i++) {
        const char *cell = csv_at(t, i, col);
        is = !cell[0] || is_number(cell);
    }
    return is;
}

static enum err as_json(const struct csv_table *t, struct str *out, struct errinfo *e)
{
    bool *numeric = NULL;
    TRY(mem_new(&numeric, t->cols, sizeof *numeric, "an export", e));
    for (size_t c = 0; c < t->cols; c++) {
        numeric[c] = is_numeric(t, c);
    }
    str_add(out, "[");
    for (size_t i = 0; i < t->rows; i++) {
        str_add(out, i ? ",\n{" : "\n{");
        for (size_t c = 0; c < t->cols; c++) {
            const char *cell = csv_at(t, i, c);
            str_add(out, c ? "," : "");
            json_add_string(out, t->header[c], strlen(t->header[c]));
            str_addc(out, ':');
            if (!cell[0]) {
                str_add(out, "null");
            } else if (numeric[c]) {
                str_add(out, cell);
            } else {
                json_add_string(out, cell, strlen(cell));
            }
        }
        str_addc(out, '}');
    }
    str_add(out, "\n]\n");
    mem_free(numeric);
    return OK;
}

static enum err as_markdown(const struct csv_table *t, struct str *out,
                            struct errinfo *e)
{
    struct md_table m;
    char align[MD_COLS_MAX + 1] = "";
    if (t->cols > MD_COLS_MAX) {
        return err_set(e, ERR_LIMIT, "export: %zu columns, expected at most %d",
                       t->cols, MD_COLS_MAX);
    }
    for (size_t c = 0; c < t->cols; c++) {
        align[c] = is_numeric(t, c) ? 'r' : 'l';
    }
    md_table_init(&m, align);
    for (size_t c = 0; c < t->cols; c++) {
        md_cell_text(&m, t->header[c]);
    }
    for (size_t i = 0; i < t->rows * t->cols; i++) {
        md_cell_text(&m, csv_at(t, i / t->cols, i % t->cols));
    }
    return md_table_end(&m, out, e);
}

typedef enum err form_fn(const struct csv_table *t, struct str *out, struct errinfo *e);

/* What a form is made of: the screen's table, or its picture. */
enum made_of { OF_TABLE, OF_TEXT, OF_COLOURS, OF_PLOTS };

static const struct {
    const char *end;
    enum made_of of;
    form_fn *write; /* for a table; NULL: as it is */
} forms[] = {{".csv", OF_TABLE, NULL},       {".json", OF_TABLE, as_json},
             {".md", OF_TABLE, as_markdown}, {".svg", OF_PLOTS, NULL},
             {".ansi", OF_COLOURS, NULL},    {".txt", OF_TEXT, NULL}};
enum { FORMS = sizeof forms / sizeof forms[0] };

static size_t form_of(const char *path)
{
    const size_t n = strlen(path);
    size_t i = 0;
    while (i < FORMS && (n <= strlen(forms[i].end) ||
                         strcmp(path + n - strlen(forms[i].end), forms[i].end) != 0)) {
        i++;
    }
    return i;
}

bool export_knows(const char *path)
{
    return form_of(path) < FORMS;
}

static enum err table_text(const struct app *a, const struct session_view *v,
                           const struct screen_def *screen, form_fn *write,
                           struct str *out, struct errinfo *e)
{
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    struct csv_table *t = NULL;
    struct str csv;
    enum err rc = OK;
    if (!write) {
        return screen->export_text(a, v, out, e);
    }
    str_init(&csv, EXPORT_MAX);
    TRY_OUT(rc, screen->export_text(a, v, &csv, e));
    TRY_OUT(rc, csv_parse_table(csv.p, csv.len, "export", &lim, &t, e));
    rc = write(t, out, e);
out:
    csv_free_table(t);
    str_free(&csv);
    return rc;
}

static enum err picture_text(const struct canvas *c, struct str *out, struct errinfo *e)
{
    char *text = NULL;
    TRY(canvas_dump(c, false, &text, e));
    str_add(out, text);
    mem_free(text);
    return OK;
}

static enum err form_text(const struct app *a, const struct session_view *v,
                          const struct screen_def *screen,
                          const struct export_picture *picture, size_t form,
                          struct str *out, struct errinfo *e)
{
    switch (forms[form].of) {
    case OF_TABLE: return table_text(a, v, screen, forms[form].write, out, e);
    case OF_TEXT: return picture_text(picture->c, out, e);
    case OF_COLOURS: picture_ansi(picture->c, a->theme, out); break;
    case OF_PLOTS: return plot_svg_file(picture->plots, out, e);
    }
    return OK;
}

enum err export_file(const struct app *a, const struct session_view *v,
                     const struct screen_def *screen,
                     const struct export_picture *picture, const char *path,
                     struct errinfo *e)
{
    struct str out;
    const size_t form = form_of(path);
    if (form == FORMS) {
        return err_set(e, ERR_USAGE,
                       "export: found '%.60s', expected NAME" EXPORT_FORMS, path);
    }
    TRY(newfile_check(path, "choose another name", e));
    str_init(&out, EXPORT_MAX);
    enum err rc = form_text(a, v, screen, picture, form, &out, e);
    if (rc == OK) {
        rc = str_err(&out, path, e);
    }
    if (rc == OK) {
        rc = file_write_named_text(path, out.p, e);
    }
    str_free(&out);
    return rc;
}
