/* Export of a screen's content to a file, whose form follows from the end of its name.
 * UI thread. */
#ifndef SAETOP_UI_EXPORT_H
#define SAETOP_UI_EXPORT_H

#include "ui/app.h"

/* ".csv, .json, .md or .txt": the ends that there are. */
#define EXPORT_FORMS ".csv, .json, .md or .txt"
/* Whether a name has one of them. */
bool export_knows(const char *path);
/* Write what the screen's export_text gives: as CSV; as a JSON array of an object a
 * row, in which a column is of numbers if all its cells are, and an empty cell null; as
 * a Markdown table. As .txt: c, the picture that is shown. ERR_EXISTS for a file that
 * exists, ERR_USAGE for another form, ERR_LIMIT for a table too wide for Markdown. */
enum err export_file(const struct app *a, const struct session_view *v,
                     const struct screen_def *screen, const struct canvas *c,
                     const char *path, struct errinfo *e) ERR_CHECKED;

/* Cells of a row, after a comma but for the first: a number, empty where it is not
 * finite; text of a file or model, made printable. */
void export_number(struct str *out, double v, bool first);
void export_integer(struct str *out, int64_t v, bool first);
void export_escaped(struct str *out, const char *text, bool first);

#endif
