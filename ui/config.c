#include "ui/config.h"

#include "ui/script.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 64 };

/* Take the next word of a line ("" at its end) and return the rest. A long word is cut;
 * no known word is that long. */
static const char *next_word(const char *line, char word[WORD])
{
    line += strspn(line, " \t");
    const size_t n = strcspn(line, " \t");
    snprintf(word, WORD, "%.*s", (int)(n < WORD ? n : WORD), line);
    line += n;
    return line + strspn(line, " \t");
}

/* Parse one key or two; a name, as the screens show it, is a key with or without
 * "<>". */
static enum err parse_keys(const char *text, uint32_t *out, struct errinfo *e)
{
    uint32_t key[3] = {0};
    size_t n = 0;
    *out = key_from_name(text);
    if (*out) {
        return OK;
    }
    for (size_t at = 0; text[at] && n < 3; n++) {
        TRY(script_key(text, &at, &key[n], e));
    }
    const bool one = n == 1, two = n == 2 && key[0] <= KEY_FIRST_MAX;
    if (!one && !two) {
        char names[KEY_ALL_NAMES];
        key_all_names(names);
        return err_set(e, ERR_FORMAT,
                       "found '%.40s', expected a key as x or Ctrl-E, or two of which "
                       "the first is a letter or <Ctrl-E>; by name: %s",
                       text, names);
    }
    *out = one ? key[0] : KEY_THEN(key[0], key[1]);
    return OK;
}

static enum err set_look(struct config *c, const char *rest, struct errinfo *e)
{
    char name[WORD], value[WORD], more[WORD];
    next_word(next_word(next_word(rest, name), value), more);
    if (more[0] || !look_set(&c->look, name, value)) {
        return err_set(
            e, ERR_FORMAT,
            "found 'set %.60s', expected set theme dark|light|contrast|mono, "
            "set glyphs braille|block|ascii or set mouse on|off",
            rest);
    }
    return OK;
}

static enum err map_key(struct config *c, const struct screen_table *screens, bool map,
                        const char *rest, struct errinfo *e)
{
    char place[WORD], keys[WORD];
    uint32_t key = 0;
    const char *command = next_word(next_word(rest, place), keys);
    if (!keys[0] || (command[0] != '\0') != map) {
        return err_set(e, ERR_FORMAT, "found '%s %.60s', expected %s",
                       map ? "map" : "unmap", rest,
                       map ? "map PLACE KEYS COMMAND" : "unmap PLACE KEYS");
    }
    TRY(parse_keys(keys, &key, e));
    if (!c->keys.entry) {
        TRY(own_keys_init(&c->keys, screens, e));
        c->screens = &c->keys.table;
    }
    return map ? own_keys_map(&c->keys, place, key, command, e)
               : own_keys_unmap(&c->keys, place, key, e);
}

static enum err parse_line(struct config *c, const struct screen_table *screens,
                           const char *line, struct errinfo *e)
{
    char word[WORD];
    const char *rest = next_word(line, word);
    if (!strcmp(word, "set")) {
        return set_look(c, rest, e);
    }
    if (!strcmp(word, "map") || !strcmp(word, "unmap")) {
        return map_key(c, screens, word[0] == 'm', rest, e);
    }
    return word[0] && word[0] != '#'
               ? err_set(e, ERR_FORMAT, "found '%.40s', expected set, map or unmap",
                         word)
               : OK;
}

enum err config_parse(struct config *c, const char *text, size_t n, const char *name,
                      const struct screen_table *screens, struct errinfo *e)
{
    struct script_reader r = {.text = text, .len = n};
    struct script_line line = {.kind = SCRIPT_KEYS};
    *c = (struct config){.look = {-1, -1, -1}, .screens = screens};
    while (line.kind != SCRIPT_END) {
        struct errinfo why = {0};
        enum err rc = script_next(&r, &line, &why);
        const bool says = line.kind == SCRIPT_KEYS || line.kind == SCRIPT_COMMAND;
        if (rc == OK && says) {
            rc = parse_line(c, screens, line.text, &why);
        } else if (rc == OK && line.kind != SCRIPT_END) {
            rc = err_set(&why, ERR_FORMAT,
                         "found a line of a script, expected set, map "
                         "or unmap");
        }
        if (rc != OK) {
            return err_set(e, rc, "%s:%zu: %s", name, line.number, why.msg);
        }
    }
    return OK;
}

void config_deinit(struct config *c)
{
    own_keys_deinit(&c->keys);
}
