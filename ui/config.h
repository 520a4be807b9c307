/* The user's configuration of the explorer, a line a wish:
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
    const struct screen_table *screens; /* with keys, or the table that was given */
};

#define CONFIG_MAX ((size_t)1 << 20)
/* Read text[n]; `name` is its file's. The table must outlive it, and it may not be
 * moved. ERR_FORMAT for the first line that is wrong: file, line, what was found and
 * what was expected; of a key that clashes also what both would do. config_deinit in
 * any case. */
enum err config_parse(struct config *c, const char *text, size_t n, const char *name,
                      const struct screen_table *screens,
                      struct errinfo *e) ERR_CHECKED;
void config_deinit(struct config *c);

#endif
