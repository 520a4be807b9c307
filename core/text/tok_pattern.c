#include "text/tok_pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* \s in the tokenizers' regular expressions is Unicode's White_Space; PCRE2's \s also
 * has U+180E, so the class is spelled out. */
#define SPACES                                                                         \
    "\\t-\\r\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"       \
    "\\x{202f}\\x{205f}\\x{3000}"
/* \w is Unicode's word character; PCRE2's is a letter, a number or "_". */
#define WORDS "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"

/* Classes of one letter: their content inside brackets, and whether upper case is the
 * opposite. */
static const struct {
    char letter;
    const char *members;
} classes[] = {{'s', SPACES}, {'w', WORDS}, {'d', "\\p{Nd}"}, {'h', "0-9A-Fa-f"}};

struct walk {
    const char *p; /* what is left */
    const char *start, *place;
    struct str *out;
    bool in_class;
};

static enum err refuse(const struct walk *w, const char *what, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT,
                   "%s: character %zu of the pattern: %s is not supported", w->place,
                   (size_t)(w->p - w->start), what);
}

/* Whether it is the name of a script: anything but general categories and properties,
 * which mean the same to both. Short names of scripts mean Script_Extensions to
 * PCRE2. */
static bool is_script(const char *name, size_t n)
{
    static const char *const same[] = {"Any", "Alphabetic", "Lowercase", "Uppercase",
                                       "White_Space"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (strlen(same[i]) == n && memcmp(same[i], name, n) == 0) {
            return false;
        }
    }
    return n > 2;
}

/* Translates \p{...} or \P{...} at w->p. */
static void property(struct walk *w)
{
    const char *end = strchr(w->p, '}');
    if (w->p[2] != '{' || !end) {
        str_addn(w->out, w->p, 2);
        w->p += 2;
        return;
    }
    const char *name = w->p + 3;
    str_addn(w->out, w->p, 3);
    if (*name == '^') {
        str_addc(w->out, *name++);
    }
    str_addf(w->out, "%s%.*s}", is_script(name, (size_t)(end - name)) ? "sc:" : "",
             (int)(end - name), name);
    w->p = end + 1;
}

/* Translates an escape, w->p at its backslash. */
static enum err escape(struct walk *w, struct errinfo *e)
{
    const char c = w->p[1];
    if (c == 'p' || c == 'P') {
        property(w);
        return OK;
    }
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const bool opposite = c == classes[i].letter - 'a' + 'A';
        if (c != classes[i].letter && !opposite) {
            continue;
        }
        if (w->in_class && opposite && c != 'S' && c != 'D') {
            return refuse(w, "the opposite of a class within brackets", e);
        }
        if (w->in_class && opposite) {
            break; /* PCRE2's, but for U+180E the same */
        }
        str_addf(w->out, w->in_class ? "%s%s" : "[%s%s]", opposite ? "^" : "",
                 classes[i].members);
        w->p += 2;
        return OK;
    }
    str_addn(w->out, w->p, c ? 2 : 1);
    w->p += c ? 2 : 1;
    return OK;
}

static enum err in_class(struct walk *w, struct errinfo *e)
{
    if (w->p[0] == '[' && w->p[1] == ':' && strstr(w->p, ":]")) {
        const char *end = strstr(w->p, ":]") + 2;
        str_addn(w->out, w->p, (size_t)(end - w->p));
        w->p = end;
        return OK;
    }
    if (w->p[0] == '[') {
        return refuse(w, "a set within a set", e);
    }
    if (w->p[0] == '&' && w->p[1] == '&') {
        return refuse(w, "&& within a set", e);
    }
    w->in_class = w->p[0] != ']';
    str_addc(w->out, *w->p++);
    return OK;
}

static void begin_class(struct walk *w)
{
    w->in_class = true;
    str_addc(w->out, *w->p++);
    if (*w->p == '^') {
        str_addc(w->out, *w->p++);
    }
    if (*w->p == ']') { /* first in a set it stands for itself */
        str_addc(w->out, *w->p++);
    }
}

/* Returns the end of {n}, {n,}, {,m} or {n,m} at p, or NULL if it is none. */
static const char *interval_end(const char *p)
{
    const size_t n = strspn(p + 1, "0123456789,");
    return n > 0 && p[1 + n] == '}' ? p + 2 + n : NULL;
}

static enum err outside(struct walk *w, struct errinfo *e)
{
    const char *end = w->p[0] == '{' ? interval_end(w->p) : NULL;
    if (end &&
        (*end == '+' || (*end == '?' && !memchr(w->p, ',', (size_t)(end - w->p))))) {
        return refuse(w, "an interval followed by + or ?", e);
    }
    if (w->p[0] == '(' && w->p[1] == '?' &&
        (strchr("msx-", w->p[2]) ? w->p[2] != '\0'
                                 : w->p[2] == 'i' && w->p[3] != ':')) {
        return refuse(w, "an option but (?i:...)", e);
    }
    if (w->p[0] == '[') {
        begin_class(w);
        return OK;
    }
    str_addc(w->out, *w->p++);
    return OK;
}

enum err pattern_translate(const char *pattern, const char *place, struct str *out,
                           struct errinfo *e)
{
    struct walk w = {.p = pattern, .start = pattern, .place = place, .out = out};
    while (*w.p) {
        if (*w.p == '\\') {
            TRY(escape(&w, e));
        } else if (w.in_class) {
            TRY(in_class(&w, e));
        } else {
            TRY(outside(&w, e));
        }
    }
    return str_err(out, place, e);
}

void pattern_quote(const char *text, struct str *out)
{
    for (const char *p = text; *p; p++) {
        if (strchr("\\^$.[]|()?*+{}-#&~ ", *p)) {
            str_addc(out, '\\');
        }
        str_addc(out, *p);
    }
}
