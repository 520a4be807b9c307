/* Export of a screen's content to a file, whose form follows from the end of its name.
 * UI thread. */
#ifndef SAETOP_UI_EXPORT_H
#define SAETOP_UI_EXPORT_H

#include "ui/app.h"
#include "ui/plot_svg.h"

/* The ends that there are. */
#define EXPORT_FORMS ".csv, .json, .md, .svg, .ansi or .txt"
/* Whether a name has one of them. */
bool export_knows(const char *path);
/* What the screen shows: its cells, and its plots. */
struct export_picture {
    const struct canvas *c;
    const struct plot_svg *plots;
};
/* Write what the screen's export_text gives: as CSV; as a JSON array of an object a
 * row, in which a column is of numbers if all its cells are, and an empty cell null; as
 * a Markdown table. Of the picture that is shown: as .txt its text, as .ansi that with
 * colours, as .svg its plots. ERR_EXISTS for a file that
 * exists, ERR_USAGE for another form and for the plots of a screen without one,
 * ERR_LIMIT for a table too wide for Markdown. */
enum err export_file(const struct app *a, const struct session_view *v,
                     const struct screen_def *screen,
                     const struct export_picture *picture, const char *path,
                     struct errinfo *e) ERR_CHECKED;

/* Cells of a row, after a comma but for the first: a number, empty where it is not
 * finite; text of a file or model, made printable. */
void export_number(struct str *out, double v, bool first);
void export_integer(struct str *out, int64_t v, bool first);
void export_escaped(struct str *out, const char *text, bool first);

#endif
