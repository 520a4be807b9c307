/* What a screen shows, as CSV. UI thread. */
#ifndef SAETOP_UI_EXPORT_H
#define SAETOP_UI_EXPORT_H

#include "ui/app.h"

/* Write what the screen's export_text gives. Refuses a file that exists. */
enum err export_csv(const struct app *a, const struct session_view *v,
                    const struct screen_def *screen, const char *path,
                    struct errinfo *e) ERR_CHECKED;

/* Cells of a row, after a comma but for the first: a number, empty where it is not
 * finite; text of a file or model, made printable. */
void export_number(struct str *out, double v, bool first);
void export_integer(struct str *out, int64_t v, bool first);
void export_escaped(struct str *out, const char *text, bool first);

#endif
