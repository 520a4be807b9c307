/* What a screen shows, as CSV. UI thread. */
#ifndef SAETOP_UI_EXPORT_H
#define SAETOP_UI_EXPORT_H

#include "ui/app.h"

/* Train: every measured value; Latents: the table as filtered and sorted; Detail: the
 * contexts; activations in the unit that latents/latents.h has them in. Refuses a file
 * that exists. */
enum err export_csv(const struct app *a, const struct session_view *v,
                    enum screen_id screen, const char *path,
                    struct errinfo *e) ERR_CHECKED;
/* The text that export_csv writes. */
enum err export_text(const struct app *a, const struct session_view *v,
                     enum screen_id screen, struct str *out,
                     struct errinfo *e) ERR_CHECKED;

#endif
