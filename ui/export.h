/* Export of a screen's content to a file, in the form that the end of its name says. UI
 * thread. */
#ifndef SAETOP_UI_EXPORT_H
#define SAETOP_UI_EXPORT_H

#include "ui/app.h"
#include "ui/plot_svg.h"

/* The endings there are. */
#define EXPORT_FORMS ".csv, .json, .md, .svg, .ansi or .txt"
/* Whether a file's name has one of them. */
bool export_knows(const char *path);
/* What the screen shows: its cells, and its plots. */
struct export_picture {
    const struct canvas *c;
    const struct plot_svg *plots;
};
/* Write what the screen's export_text gives: as CSV; as a JSON array with an object for
 * each row, where a column holds numbers if all its cells are numbers, and an empty
 * cell is null; or as a Markdown table. Or write the picture shown: its text (.txt),
 * the text with colours (.ansi), or its plots (.svg). ERR_EXISTS for a file that
 * exists, ERR_USAGE for another form or for the plots of a screen without any,
 * ERR_LIMIT for a table too wide for Markdown. */
enum err export_file(const struct app *a, const struct session_view *v,
                     const struct screen_def *screen,
                     const struct export_picture *picture, const char *path,
                     struct errinfo *e) ERR_CHECKED;

/* Append a cell of a row, after a comma unless it is the first: a number, empty if it
 * is not finite; text of a file or model, made printable. */
void export_number(struct str *out, double v, bool first);
void export_integer(struct str *out, int64_t v, bool first);
void export_escaped(struct str *out, const char *text, bool first);

#endif
