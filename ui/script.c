#include "ui/script.h"

#include "base/number.h"
#include "base/utf8.h"
#include "ui/keymap.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MS_MAX   3600000
#define SIZE_MAX_SIDE 2000

enum { WORDS = 4, WORD_CAP = 24 };

/* Split a line into up to WORDS words; returns how many. A long word is cut; no known
 * word is that long. */
static size_t split(const char *line, char word[WORDS][WORD_CAP])
{
    size_t n = 0;
    for (const char *p = line + strspn(line, " "); *p && n < WORDS; n++) {
        const size_t len = strcspn(p, " ");
        snprintf(word[n], WORD_CAP, "%.*s", (int)(len < WORD_CAP ? len : WORD_CAP), p);
        p += len;
        p += strspn(p, " ");
    }
    return n;
}

static bool whole_in(const char *text, int64_t most, int64_t *out)
{
    int64_t n = 0;
    if (!number_whole(text, &n) || n < 0 || n > most) {
        return false;
    }
    *out = n;
    return true;
}

static enum err parse_wait(const char *line, char word[WORDS][WORD_CAP], size_t n,
                           struct script_line *out, struct errinfo *e)
{
    if (n == 2 && !strcmp(word[1], "idle")) {
        out->kind = SCRIPT_WAIT_IDLE;
    } else if (n == 2 && !strcmp(word[1], "done")) {
        out->kind = SCRIPT_WAIT_DONE;
    } else if (n == 3 && !strcmp(word[1], "step") &&
               whole_in(word[2], INT64_C(1) << 52, &out->n)) {
        out->kind = SCRIPT_WAIT_STEP;
    } else if (n == 3 && !strcmp(word[1], "ms") &&
               whole_in(word[2], WAIT_MS_MAX, &out->n)) {
        out->kind = SCRIPT_WAIT_MS;
    } else {
        return err_set(e, ERR_FORMAT,
                       "found '%.60s', expected :wait idle, :wait step N, :wait done "
                       "or :wait ms N (0 to %d)",
                       line, WAIT_MS_MAX);
    }
    return OK;
}

static enum err parse_size(const char *line, char word[WORDS][WORD_CAP], size_t n,
                           struct script_line *out, struct errinfo *e)
{
    int64_t w = 0, h = 0;
    if (n != 3 || !whole_in(word[1], SIZE_MAX_SIDE, &w) ||
        !whole_in(word[2], SIZE_MAX_SIDE, &h) || w < 1 || h < 1) {
        return err_set(e, ERR_FORMAT,
                       "found '%.60s', expected :size WIDTH HEIGHT (1 to %d)", line,
                       SIZE_MAX_SIDE);
    }
    out->kind = SCRIPT_SIZE;
    out->w = (int)w;
    out->h = (int)h;
    return OK;
}

/* Parse a line that begins with a colon. */
static enum err parse_command(struct script_line *out, struct errinfo *e)
{
    char word[WORDS][WORD_CAP] = {{0}};
    const size_t n = split(out->text + 1, word);
    if (!strcmp(word[0], "wait")) {
        return parse_wait(out->text, word, n, out, e);
    }
    if (!strcmp(word[0], "size")) {
        return parse_size(out->text, word, n, out, e);
    }
    out->kind = SCRIPT_COMMAND;
    memmove(out->text, out->text + 1, strlen(out->text));
    return OK;
}

/* Whether s[n] can be a line: text without control characters except tabs. */
static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        if (cp == UTF8_INVALID || (cp < ' ' && cp != '\t')) {
            return false;
        }
    }
    return true;
}

enum err script_next(struct script_reader *r, struct script_line *out,
                     struct errinfo *e)
{
    while (r->at < r->len) {
        const char *line = r->text + r->at;
        const char *end = memchr(line, '\n', r->len - r->at);
        size_t n = end ? (size_t)(end - line) : r->len - r->at;
        r->at += n + (end ? 1 : 0);
        out->number = ++r->number;
        n -= n && line[n - 1] == '\r' ? 1 : 0;
        if (!n || line[0] == '#') {
            continue;
        }
        if (n >= sizeof out->text) {
            return err_set(e, ERR_FORMAT, "found %zu bytes, expected %zu at most", n,
                           sizeof out->text - 1);
        }
        if (!is_text(line, n)) {
            return err_set(e, ERR_FORMAT,
                           "found bytes that are no UTF-8 text, or control characters");
        }
        memcpy(out->text, line, n);
        out->text[n] = '\0';
        if (line[0] == ':') {
            return parse_command(out, e);
        }
        out->kind = SCRIPT_KEYS;
        return OK;
    }
    out->kind = SCRIPT_END;
    return OK;
}

/* Bytes of what may be a name between < and >, at least two. */
static size_t name_length(const char *s)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-";
    const size_t n = strspn(s, letters);
    return n >= 2 && s[n] == '>' ? n : 0;
}

enum err script_key(const char *text, size_t *at, uint32_t *key, struct errinfo *e)
{
    const char *s = text + *at;
    if (!strncmp(s, "<<>", 3)) {
        *key = '<';
        *at += 3;
        return OK;
    }
    const size_t n = s[0] == '<' ? name_length(s + 1) : 0;
    if (!n) {
        *at += utf8_next(s, strlen(s), key);
        return OK;
    }
    char name[WORD_CAP];
    snprintf(name, sizeof name, "%.*s", (int)(n < WORD_CAP ? n : WORD_CAP), s + 1);
    const uint32_t named = key_from_name(name);
    if (!named) {
        char names[KEY_ALL_NAMES];
        key_all_names(names);
        return err_set(e, ERR_FORMAT,
                       "found <%s>, which is no key, expected %s; <<> types a <", name,
                       names);
    }
    *key = named;
    *at += n + 2;
    return OK;
}
