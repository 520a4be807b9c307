/* The user's configuration of the explorer, one setting a line:
 *   # ...                         a remark; empty lines are skipped
 *   set theme|glyphs|mouse VALUE  as `:set`
 *   map PLACE KEYS COMMAND        a key, or two in a row, does a command
 *   unmap PLACE KEYS              ... does nothing there
 * PLACE is a screen, "help" or "everywhere"; KEYS are written as in scripts: x, Yp,
 * <Ctrl-E>, <<> for <. Any thread. */
#ifndef SAETOP_UI_CONFIG_H
#define SAETOP_UI_CONFIG_H

#include "ui/look.h"
#include "ui/own_keys.h"

struct config {
    struct look look;
    struct own_keys keys;
    const struct screen_table *screens; /* with `keys`, or as it was given */
};

#define CONFIG_MAX ((size_t)1 << 20)
/* Parse text[n]; `name` is that of its file. The table must outlive *c, which may not
 * be moved. ERR_FORMAT for the first line that is wrong: file, line, what was found and
 * what was expected; for a key that clashes also what both would do. Call config_deinit
 * in any case. */
enum err config_parse(struct config *c, const char *text, size_t n, const char *name,
                      const struct screen_table *screens,
                      struct errinfo *e) ERR_CHECKED;
void config_deinit(struct config *c);

#endif
