#include "ui/export.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/utf8.h"

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

enum err export_csv(const struct app *a, const struct session_view *v,
                    const struct screen_def *screen, const char *path,
                    struct errinfo *e)
{
    struct str out;
    TRY(newfile_check(path, "choose another name", e));
    str_init(&out, EXPORT_MAX);
    enum err rc = screen->export_text(a, v, &out, e);
    if (rc == OK) {
        rc = file_write_named_text(path, out.p, e);
    }
    str_free(&out);
    return rc;
}
