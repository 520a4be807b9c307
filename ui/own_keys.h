/* Keys of the user's own: the keymap of a table of screens, changed entry by entry, in
 * place of the screens' lists (screen.h: own). Owner thread while it is made, constant
 * and any thread after that. */
#ifndef SAETOP_UI_OWN_KEYS_H
#define SAETOP_UI_OWN_KEYS_H

#include "ui/lineedit.h"
#include "ui/screen.h"

enum { OWN_KEYS_MAX = 256 };

struct own_keys {
    struct screen_table table; /* the screens, with these keys */
    struct key_list list[2 * SCREENS_MAX + 2];
    struct key_entry *entry; /* of all lists, each with room for OWN_KEYS_MAX more */
    struct own_text {
        char preset[LINE_CAP], help[80];
    } * text; /* [n_texts] of entries that are new */
    size_t n_texts;
};

/* Begin with the keys of a table, which must outlive it. ERR_NOMEM; own_keys_deinit is
 * fine even then, and of a zeroed one. Do not move it afterwards. */
enum err own_keys_init(struct own_keys *o, const struct screen_table *of,
                       struct errinfo *e) ERR_CHECKED;
void own_keys_deinit(struct own_keys *o);

/* Let a key (or KEY_THEN of two) do a command line at a place: the name of a screen,
 * "help" or "everywhere". ERR_USAGE: no such place or command, a key that would do
 * nothing there, a key that does something else there already, two keys of which the
 * first does; it names both. ERR_LIMIT. */
enum err own_keys_map(struct own_keys *o, const char *place, uint32_t key,
                      const char *command, struct errinfo *e) ERR_CHECKED;
/* Take from a key at a place what it does. ERR_USAGE: nothing, or `:`, which leads to
 * every command. */
enum err own_keys_unmap(struct own_keys *o, const char *place, uint32_t key,
                        struct errinfo *e) ERR_CHECKED;

#endif
