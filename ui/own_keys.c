#include "ui/own_keys.h"

#include "base/mem.h"
#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

/* ---- life ---- */

enum err own_keys_init(struct own_keys *o, const struct screen_table *of,
                       struct errinfo *e)
{
    const size_t parts = keymap_sections(of);
    size_t n = 0;
    memset(o, 0, sizeof *o);
    TRY(mem_new(&o->entry, keymap_count(of) + parts * OWN_KEYS_MAX, sizeof *o->entry,
                "keys", e));
    TRY(mem_new(&o->text, OWN_KEYS_MAX, sizeof *o->text, "keys", e));
    for (size_t i = 0; i < parts; i++) {
        const struct screen_def *owner = NULL;
        const struct key_list was = keymap_section(of, i, &owner);
        memcpy(o->entry + n, was.entry, was.n * sizeof *was.entry);
        o->list[i] = (struct key_list){o->entry + n, was.n};
        n += was.n + OWN_KEYS_MAX;
    }
    o->table = *of;
    o->table.own = o->list;
    return OK;
}

void own_keys_deinit(struct own_keys *o)
{
    mem_free(o->entry);
    mem_free(o->text);
    memset(o, 0, sizeof *o);
}

/* ---- places and keys ---- */

static enum err find_place(const struct own_keys *o, const char *name,
                           const struct screen_def **out, struct errinfo *e)
{
    const struct screen_table *t = &o->table;
    char names[200], hint[NEAREST_HINT];
    *out = !strcmp(name, t->everywhere->name) ? t->everywhere
           : !strcmp(name, t->help->name)     ? t->help
                                              : screen_find(t, name);
    if (*out) {
        return OK;
    }
    screen_names(t, "everywhere", names, sizeof names);
    return err_set(e, ERR_USAGE, "found '%.40s', expected help, %s%s", name, names,
                   nearest_hint(name, names, hint));
}

/* Whether a key of one place is also in force at the other. */
static bool overlap(const struct own_keys *o, const struct screen_def *a,
                    const struct screen_def *b)
{
    const struct screen_table *t = &o->table;
    const bool everywhere = a == t->everywhere || b == t->everywhere;
    return a == b || (everywhere && a != t->help && b != t->help);
}

/* ":smooth +" */
static void command_text(const struct key_entry *k, char *out, size_t cap)
{
    snprintf(out, cap, ":%s%s%s", k->action->command, k->preset[0] ? " " : "",
             k->preset);
}

/* What a key clashes with: the entry, its key and its place; NULL: nothing. In one
 * place no key may occur twice; where two places overlap, none may stand alone and also
 * begin two. */
static const struct key_entry *clash(const struct own_keys *o,
                                     const struct screen_def *place, uint32_t key,
                                     uint32_t *other, const struct screen_def **owner)
{
    const uint32_t first = KEY_FIRST_OF(key);
    for (size_t i = 0; i < keymap_count(&o->table); i++) {
        const struct key_entry *k = keymap_at(&o->table, i);
        *owner = keymap_owner(&o->table, i);
        for (size_t j = 0; j < KEYMAP_KEYS && k->key[j]; j++) {
            *other = k->key[j];
            const bool begins = *other == first || KEY_FIRST_OF(*other) == key;
            if ((*owner == place && *other == key) ||
                (begins && overlap(o, *owner, place))) {
                return k;
            }
        }
    }
    return NULL;
}

static enum err check_clash(const struct own_keys *o, const struct screen_def *place,
                            uint32_t key, const char *command, struct errinfo *e)
{
    uint32_t other = 0;
    const struct screen_def *owner = NULL;
    const struct key_entry *k = clash(o, place, key, &other, &owner);
    char text[160], names[48], name[48];
    if (!k) {
        return OK;
    }
    command_text(k, text, sizeof text);
    key_name(other, names, sizeof names);
    key_name(key, name, sizeof name);
    return err_set(e, ERR_USAGE,
                   "key %s of :%.60s: %s %s does %s already; unmap that first", name,
                   command, owner->name, names, text);
}

/* Keys that no terminal sends, and what arrives instead. */
static const struct {
    uint32_t key;
    const char *why;
} never[] = {{KEY_CTRL('c'), "the terminal makes a signal of it"},
             {KEY_CTRL('h'), "a terminal sends Backspace for it"},
             {KEY_CTRL('m'), "a terminal sends Enter for it"},
             {KEY_CTRL('z'), "the terminal makes a signal of it"}};

/* Why a key for that action would do nothing at a place; NULL: it would do it. */
static const char *why_nothing(const struct own_keys *o, const struct screen_def *at,
                               uint32_t key, const struct action *action)
{
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (KEY_LAST_OF(key) == never[i].key || KEY_FIRST_OF(key) == never[i].key) {
            return never[i].why;
        }
    }
    if (at != o->table.help) {
        return NULL;
    }
    return KEY_FIRST_OF(key)           ? "help takes no two keys in a row"
           : keymap_fixed_in_help(key) ? "help has it for itself"
           : !action->in_help          ? "the command does nothing while help is open"
                                       : NULL;
}

static enum err check_does(const struct own_keys *o, const struct screen_def *at,
                           uint32_t key, const char *command,
                           const struct action *action, const char *preset,
                           struct errinfo *e)
{
    const char *why = why_nothing(o, at, key, action);
    char name[48], args[120];
    key_name(key, name, sizeof name);
    keymap_args(&o->table, action, args, sizeof args);
    if (why) {
        return err_set(e, ERR_USAGE, "key %s of :%.60s at %s would do nothing: %s",
                       name, command, at->name, why);
    }
    return preset[0] && !args[0]
               ? err_set(e, ERR_USAGE,
                         "found ':%.60s', expected :%s, which takes nothing", command,
                         action->command)
               : OK;
}

/* ---- changing ---- */

/* The entry at a place that does a command with that argument; NULL: none. */
static struct key_entry *entry_of(struct own_keys *o, const struct screen_def *place,
                                  const char *name, size_t n, const char *preset)
{
    for (size_t i = 0; i < keymap_count(&o->table); i++) {
        const struct key_entry *k = keymap_at(&o->table, i);
        if (keymap_owner(&o->table, i) == place && strlen(k->action->command) == n &&
            !memcmp(k->action->command, name, n) && !strcmp(k->preset, preset)) {
            return o->entry + (k - o->entry);
        }
    }
    return NULL;
}

/* Add an entry that no table has. */
static enum err new_entry(struct own_keys *o, const struct screen_def *place,
                          const struct key_entry *like, const char *preset,
                          struct key_entry **out, struct errinfo *e)
{
    const struct screen_def *owner = NULL;
    size_t part = keymap_sections(&o->table);
    do { /* of `everywhere` the last, after those that open a screen */
        (void)keymap_section(&o->table, --part, &owner);
    } while (owner != place);
    if (o->n_texts == OWN_KEYS_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d keys of your own", OWN_KEYS_MAX);
    }
    struct own_text *text = &o->text[o->n_texts++];
    snprintf(text->preset, sizeof text->preset, "%s", preset);
    /* What the table says is for an entry whose command has no argument. */
    const bool own = preset[0] || like->preset[0];
    snprintf(text->help, sizeof text->help, "a key of your own: :%s %.40s",
             like->action->command, preset);
    struct key_list *list = &o->list[part];
    *out = o->entry + (list->entry - o->entry) + list->n++;
    **out = (struct key_entry){.action = like->action,
                               .preset = text->preset,
                               .help = own ? text->help : like->help};
    return OK;
}

static enum err find_command(const struct own_keys *o, const struct screen_def *place,
                             const char *name, size_t n, const struct key_entry **out,
                             struct errinfo *e)
{
    char names[4096], word[60], hint[NEAREST_HINT];
    size_t len = 0;
    *out = keymap_find_command(&o->table, place, name, n);
    if (*out) {
        return OK;
    }
    for (size_t i = 0; i < keymap_count(&o->table) && len < sizeof names; i++) {
        len += (size_t)snprintf(names + len, sizeof names - len, "%s ",
                                keymap_at(&o->table, i)->action->command);
    }
    snprintf(word, sizeof word, "%.*s", (int)(n < 40 ? n : 40), name);
    return err_set(e, ERR_USAGE, "found '%s', expected a command of the explorer%s",
                   word, nearest_hint(word, names, hint));
}

enum err own_keys_map(struct own_keys *o, const char *place, uint32_t key,
                      const char *command, struct errinfo *e)
{
    const struct screen_def *at = NULL;
    const struct key_entry *like = NULL;
    command += strspn(command, ": ");
    const size_t n = strcspn(command, " ");
    const char *preset = command + n + strspn(command + n, " ");
    TRY(find_place(o, place, &at, e));
    TRY(find_command(o, at, command, n, &like, e));
    TRY(check_does(o, at, key, command, like->action, preset, e));
    TRY(check_clash(o, at, key, command, e));
    struct key_entry *k = entry_of(o, at, command, n, preset);
    if (!k) {
        TRY(new_entry(o, at, like, preset, &k, e));
    }
    for (size_t i = 0; i < KEYMAP_KEYS; i++) {
        if (!k->key[i]) {
            k->key[i] = key;
            return OK;
        }
    }
    return err_set(e, ERR_LIMIT, ":%.60s has %d keys already", command, KEYMAP_KEYS);
}

/* Remove key i of an entry; those after it move up. */
static void take_key(struct key_entry *k, size_t i)
{
    for (; i + 1 < KEYMAP_KEYS; i++) {
        k->key[i] = k->key[i + 1];
    }
    k->key[KEYMAP_KEYS - 1] = 0;
}

enum err own_keys_unmap(struct own_keys *o, const char *place, uint32_t key,
                        struct errinfo *e)
{
    const struct screen_def *at = NULL;
    char name[48];
    TRY(find_place(o, place, &at, e));
    key_name(key, name, sizeof name);
    if (key == ':') {
        return err_set(e, ERR_USAGE,
                       "key : opens the command line and cannot be moved");
    }
    for (size_t i = 0; i < keymap_count(&o->table); i++) {
        const struct key_entry *k = keymap_at(&o->table, i);
        for (size_t j = 0; j < KEYMAP_KEYS; j++) {
            if (keymap_owner(&o->table, i) == at && k->key[j] == key) {
                take_key(o->entry + (k - o->entry), j);
                return OK;
            }
        }
    }
    return err_set(e, ERR_USAGE, "key %s does nothing at %s", name, at->name);
}
