/* The user's own keys: a copy of the keymap of a table of screens, changed entry by
 * entry, that stands in for the screens' lists (screen.h: own). Owner thread while it
 * is made, constant and any thread after that. */
#ifndef SAETOP_UI_OWN_KEYS_H
#define SAETOP_UI_OWN_KEYS_H

#include "ui/lineedit.h"
#include "ui/screen.h"

enum { OWN_KEYS_MAX = 256 };

struct own_keys {
    struct screen_table table; /* the screens, with these keys */
    struct key_list list[2 * SCREENS_MAX + 2];
    struct key_entry *entry; /* of all lists, with room for OWN_KEYS_MAX more in each */
    struct own_text {
        char preset[LINE_CAP], help[80];
    } * text; /* [n_texts] of the new entries */
    size_t n_texts;
};

/* Begin with the keys of a table, which must outlive *o; do not move *o afterwards.
 * ERR_NOMEM. own_keys_deinit may be called after an error, and on a zeroed one. */
enum err own_keys_init(struct own_keys *o, const struct screen_table *of,
                       struct errinfo *e) ERR_CHECKED;
void own_keys_deinit(struct own_keys *o);

/* Let a key (or KEY_THEN of two) run a command line at a place: the name of a screen,
 * "help" or "everywhere". ERR_USAGE: there is no such place or command, the key would
 * do nothing there, the key or the first of two does something else there already (both
 * are named). ERR_LIMIT. */
enum err own_keys_map(struct own_keys *o, const char *place, uint32_t key,
                      const char *command, struct errinfo *e) ERR_CHECKED;
/* Let a key do nothing at a place. ERR_USAGE: it does nothing there, or is `:`, which
 * leads to every command. */
enum err own_keys_unmap(struct own_keys *o, const char *place, uint32_t key,
                        struct errinfo *e) ERR_CHECKED;

#endif
