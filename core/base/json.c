#include "base/json.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/lfs.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* cJSON leaves out what it has no memory for, and each call reports only its own
 * failure. Here failures are noted once, so that no tree is printed with a part
 * missing. */
static _Thread_local bool lost;

static void *take(size_t bytes)
{
    void *p = malloc(bytes);
    lost = lost || !p;
    return p;
}

__attribute__((constructor)) static void take_over(void)
{
    cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = free};
    cJSON_InitHooks(&hooks);
}

static bool was_lost(void)
{
    const bool was = lost;
    lost = false;
    return was;
}

/* ---- parsing ---- */

/* The name of a text in error lines, and the line of the file that it begins in. */
struct source {
    const char *name;
    size_t line;
};

/* Line and column (in code points) of text[at]; columns count from 1. */
static void place_of(const struct source *s, const char *text, size_t at, size_t *line,
                     size_t *column)
{
    *line = s->line;
    *column = 1;
    for (size_t i = 0; i < at;) {
        uint32_t cp;
        const size_t used = utf8_next(text + i, at - i, &cp);
        *column = cp == '\n' ? 1 : *column + 1;
        *line += cp == '\n' ? 1 : 0;
        i += used;
    }
}

/* A few bytes of text[n], safe to show. */
static const char *excerpt(const char *text, size_t n, char out[128])
{
    struct str s;
    str_init(&s, 127);
    utf8_escape(&s, text, utf8_clip(text, n, 24));
    snprintf(out, 128, "%s", s.p);
    str_free(&s);
    return out;
}

#define NUL_ESCAPE "\\u0000"

/* Finds the next NUL of text[len] from *at on, raw or escaped: *at is its place, *n how
 * many bytes spell it; false if there is none. */
static bool find_nul(const char *text, size_t len, size_t *at, size_t *n)
{
    for (size_t i = *at; i < len; i++) {
        if (text[i] == '\0') {
            *at = i;
            *n = 1;
            return true;
        }
        if (text[i] != '\\') {
            continue;
        }
        if (len - i >= 6 && memcmp(text + i, NUL_ESCAPE, 6) == 0) {
            *at = i;
            *n = 6;
            return true;
        }
        i++; /* what a backslash escapes begins no escape of its own */
    }
    return false;
}

/* A byte that UTF-8 has no use for and text[len] does not hold; '\0' if it has all. */
static char unused_byte(const char *text, size_t len)
{
    for (int b = 0xFF; b >= 0xF8; b--) {
        if (!memchr(text, b, len)) {
            return (char)b;
        }
    }
    return '\0';
}

/* Copies text[*len] with `stand_in` for every NUL; mem_free. */
static enum err replace_nuls(const char *text, size_t *len, char stand_in, char **out,
                             struct errinfo *e)
{
    char *copy = NULL;
    TRY(mem_new(&copy, *len, 1, "a line of JSON", e));
    size_t from = 0;
    size_t to = 0;
    size_t at = 0;
    size_t n = 0;
    while (find_nul(text, *len, &at, &n)) {
        memcpy(copy + to, text + from, at - from);
        to += at - from;
        copy[to++] = stand_in;
        at += n;
        from = at;
    }
    memcpy(copy + to, text + from, *len - from);
    *len = to + *len - from;
    *out = copy;
    return OK;
}

static enum err refuse_nul(const struct source *s, const char *text, size_t at,
                           struct errinfo *e)
{
    size_t line;
    size_t column;
    place_of(s, text, at, &line, &column);
    return err_set(
        e, ERR_FORMAT, "%s: line %zu, column %zu: found %s, expected text without NUL",
        s->name, line, column, text[at] == '\0' ? "a NUL byte" : "\"" NUL_ESCAPE "\"");
}

static enum err parse(const struct source *s, const char *text, size_t len, cJSON **out,
                      struct errinfo *e)
{
    if (is_lfs_pointer(text, len)) {
        return lfs_refuse(s->name, e);
    }
    const char *end = text;
    lost = false; /* cJSON does not tell a fault of the text from memory that is out */
    cJSON *tree = len > 0 ? cJSON_ParseWithLengthOpts(text, len, &end, 0) : NULL;
    if (was_lost()) {
        cJSON_Delete(tree);
        return err_set(e, ERR_NOMEM, "%s: out of memory while reading it", s->name);
    }
    size_t at = end ? (size_t)(end - text) : 0;
    if (tree) {
        while (at < len && strchr(" \t\r\n", text[at]) && text[at] != '\0') {
            at++;
        }
        if (at == len) {
            *out = tree;
            return OK;
        }
    }
    size_t line;
    size_t column;
    place_of(s, text, at, &line, &column);
    char found[128];
    excerpt(text + at, len - at, found);
    const char *expected = tree ? "the end of the file" : "valid JSON";
    cJSON_Delete(tree);
    if (at >= len) {
        return err_set(e, ERR_FORMAT,
                       "%s: line %zu, column %zu: found the end, expected %s", s->name,
                       line, column, expected);
    }
    return err_set(e, ERR_FORMAT, "%s: line %zu, column %zu: found \"%s\", expected %s",
                   s->name, line, column, found, expected);
}

enum err json_parse(const char *text, size_t len, const char *name, cJSON **out,
                    struct errinfo *e)
{
    const struct source s = {name, 1};
    size_t at = 0;
    size_t n = 0;
    return find_nul(text, len, &at, &n) ? refuse_nul(&s, text, at, e)
                                        : parse(&s, text, len, out, e);
}

enum err json_parse_nul(const char *text, size_t len, const char *name, size_t line,
                        cJSON **out, char *nul, struct errinfo *e)
{
    const struct source s = {name, line};
    size_t at = 0;
    size_t n = 0;
    char *copy = NULL;
    char stand_in = '\0';
    if (find_nul(text, len, &at, &n)) {
        stand_in = unused_byte(text, len);
        if (stand_in == '\0') {
            return refuse_nul(&s, text, at, e);
        }
        TRY(replace_nuls(text, &len, stand_in, &copy, e));
    }
    const enum err rc = parse(&s, copy ? copy : text, len, out, e);
    mem_free(copy);
    if (rc == OK) {
        *nul = stand_in;
    }
    return rc;
}

enum err json_load(const char *path, size_t max_bytes, cJSON **out, struct errinfo *e)
{
    char *text;
    size_t len;
    TRY(file_read(path, max_bytes, &text, &len, e));
    const enum err rc = json_parse(text, len, path, out, e);
    mem_free(text);
    return rc;
}

/* ---- members ---- */

const char *json_found(const cJSON *v, char out[128])
{
    char part[128];
    if (!v) {
        return "nothing";
    }
    if (cJSON_IsString(v)) {
        const size_t n = strlen(v->valuestring);
        const char *more = n > 24 ? "..." : "";
        snprintf(out, 128, "\"%.120s%s\"", excerpt(v->valuestring, n, part), more);
        return out;
    }
    if (cJSON_IsNumber(v)) {
        snprintf(out, 128, "%.15g", v->valuedouble);
        return out;
    }
    return cJSON_IsNull(v)     ? "null"
           : cJSON_IsBool(v)   ? (cJSON_IsTrue(v) ? "true" : "false")
           : cJSON_IsArray(v)  ? "an array"
           : cJSON_IsObject(v) ? "an object"
                               : "something else";
}

static enum err wrong(struct json_at at, const char *key, const cJSON *v,
                      const char *expected, struct errinfo *e)
{
    char found[128];
    return err_set(e, ERR_FORMAT, "%s: %s%s%s: found %s, expected %s", at.file, at.path,
                   at.path[0] != '\0' ? "." : "", key, json_found(v, found), expected);
}

/* *out = the member, or NULL if it may be missing or null and is. */
static enum err member(struct json_at at, const cJSON *obj, const char *key,
                       bool required, const char *expected, const cJSON **out,
                       struct errinfo *e)
{
    if (!cJSON_IsObject(obj)) {
        char found[128];
        const char *where = at.path[0] != '\0' ? at.path : "top level";
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %s, expected an object with \"%s\"", at.file,
                       where, json_found(obj, found), key);
    }
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);
    if (!v || cJSON_IsNull(v)) {
        if (required) {
            return wrong(at, key, v, expected, e);
        }
        v = NULL;
    }
    *out = v;
    return OK;
}

/* "an integer from 1 to 200", without limits that are the type's own. */
static const char *range_text(const char *what, double min, double max, bool has_min,
                              bool has_max, char out[96])
{
    if (has_min && has_max) {
        snprintf(out, 96, "%s from %.15g to %.15g", what, min, max);
    } else if (has_min) {
        snprintf(out, 96, "%s of %.15g or more", what, min);
    } else if (has_max) {
        snprintf(out, 96, "%s of %.15g or less", what, max);
    } else {
        snprintf(out, 96, "%s", what);
    }
    return out;
}

enum err json_int(struct json_at at, const cJSON *obj, const char *key, bool required,
                  int64_t min, int64_t max, int64_t *out, struct errinfo *e)
{
    char expected[96];
    range_text("an integer", (double)min, (double)max, min != INT64_MIN,
               max != INT64_MAX, expected);
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (!v) {
        return OK;
    }
    /* Beyond 2^53 neighbouring integers are the same double. */
    const double d = cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
    if (!(fabs(d) <= 0x1p53) || floor(d) < d) {
        return wrong(at, key, v, expected, e);
    }
    const int64_t i = (int64_t)d;
    if (i < min || i > max) {
        return wrong(at, key, v, expected, e);
    }
    *out = i;
    return OK;
}

enum err json_num(struct json_at at, const cJSON *obj, const char *key, bool required,
                  double min, double max, double *out, struct errinfo *e)
{
    char expected[96];
    range_text("a number", min, max, isfinite(min), isfinite(max), expected);
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (!v) {
        return OK;
    }
    const double d = cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
    if (!isfinite(d) || d < min || d > max) {
        return wrong(at, key, v, expected, e);
    }
    *out = d;
    return OK;
}

enum err json_bool(struct json_at at, const cJSON *obj, const char *key, bool required,
                   bool *out, struct errinfo *e)
{
    static const char expected[] = "true or false";
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (v && !cJSON_IsBool(v)) {
        return wrong(at, key, v, expected, e);
    }
    if (v) {
        *out = cJSON_IsTrue(v);
    }
    return OK;
}

enum err json_str(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const char **out, struct errinfo *e)
{
    static const char expected[] = "a string";
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (v && !cJSON_IsString(v)) {
        return wrong(at, key, v, expected, e);
    }
    if (v) {
        *out = v->valuestring;
    }
    return OK;
}

enum err json_obj(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const cJSON **out, struct errinfo *e)
{
    static const char expected[] = "an object";
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (v && !cJSON_IsObject(v)) {
        return wrong(at, key, v, expected, e);
    }
    if (v) {
        *out = v;
    }
    return OK;
}

enum err json_arr(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const cJSON **out, struct errinfo *e)
{
    static const char expected[] = "an array";
    const cJSON *v = NULL;
    TRY(member(at, obj, key, required, expected, &v, e));
    if (v && !cJSON_IsArray(v)) {
        return wrong(at, key, v, expected, e);
    }
    if (v) {
        *out = v;
    }
    return OK;
}

/* ---- writing ---- */

static void add_escaped(struct str *s, uint32_t cp)
{
    switch (cp) {
    case '"': str_add(s, "\\\""); return;
    case '\\': str_add(s, "\\\\"); return;
    case '\n': str_add(s, "\\n"); return;
    case '\t': str_add(s, "\\t"); return;
    default: break;
    }
    if (cp > 0xFFFF) { /* as a surrogate pair */
        const uint32_t v = cp - 0x10000;
        str_addf(s, "\\u%04x\\u%04x", (unsigned)(0xD800 + (v >> 10)),
                 (unsigned)(0xDC00 + (v & 0x3FF)));
    } else {
        str_addf(s, "\\u%04x", (unsigned)cp);
    }
}

void json_add_string(struct str *s, const char *text, size_t len)
{
    str_addc(s, '"');
    size_t plain = 0; /* start of the bytes not yet appended */
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        const size_t used = utf8_next(text + i, len - i, &cp);
        /* More is escaped than JSON asks for: such lines are shown on terminals. */
        const bool special = cp == '"' || cp == '\\' || utf8_is_unsafe(cp);
        if (special || cp == UTF8_INVALID) {
            str_addn(s, text + plain, i - plain);
            plain = i + used;
            if (special) {
                add_escaped(s, cp);
            } else {
                str_add(s, "\xEF\xBF\xBD"); /* U+FFFD */
            }
        }
        i += used;
    }
    str_addn(s, text + plain, len - plain);
    str_addc(s, '"');
}

void json_add_number(struct str *s, double v)
{
    if (!isfinite(v)) {
        str_add(s, "null");
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        const double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0) {
            break;
        }
    }
    /* The program may run in a locale whose decimal point is another character, or more
     * than one byte of them. */
    bool in_point = false;
    for (const char *p = text; *p != '\0'; p++) {
        const bool digit = strchr("0123456789+-eE", *p) != NULL;
        if (digit) {
            str_addc(s, *p);
        } else if (!in_point) {
            str_addc(s, '.');
        }
        in_point = !digit;
    }
}

void json_add_member(struct str *s, const char *key, double v)
{
    str_addf(s, ",\"%s\":", key);
    json_add_number(s, v);
}

/* Adds cJSON's text, in which all but layout is in strings: escapes there what a
 * terminal would act on, as json_add_string does. */
static void add_printed(struct str *s, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        const size_t used = utf8_next(text + i, len - i, &cp);
        if (cp == UTF8_INVALID) {
            str_add(s, "\xEF\xBF\xBD"); /* U+FFFD */
        } else if (cp >= 0x7F && utf8_is_unsafe(cp)) {
            add_escaped(s, cp);
        } else {
            str_addn(s, text + i, used);
        }
        i += used;
    }
}

static uint64_t hash_string(uint64_t h, const char *s)
{
    return s ? hash_bytes(h, s, strlen(s) + 1) : h;
}

uint64_t json_hash(uint64_t h, const cJSON *v)
{
    const uint8_t kind = v ? (uint8_t)v->type : 0, end = 0;
    h = hash_bytes(h, &kind, 1);
    if (!v) {
        return h;
    }
    h = hash_string(h, v->string);
    h = hash_string(h, v->valuestring);
    if (cJSON_IsNumber(v)) {
        h = hash_bytes(h, &v->valuedouble, sizeof v->valuedouble);
    }
    for (const cJSON *at = v->child; at; at = at->next) {
        h = json_hash(h, at);
    }
    return hash_bytes(h, &end, 1);
}

enum err json_built(struct errinfo *e)
{
    return was_lost() ? err_set(e, ERR_NOMEM, "out of memory for JSON") : OK;
}

enum err json_print(const cJSON *tree, struct str *out, struct errinfo *e)
{
    char *text = cJSON_Print(tree); /* which without memory is noted too */
    const enum err rc = json_built(e);
    if (rc != OK) {
        cJSON_free(text);
        return rc;
    }
    if (!text) {
        return err_set(e, ERR_NOMEM, "out of memory for JSON text");
    }
    add_printed(out, text, strlen(text));
    str_addc(out, '\n');
    cJSON_free(text);
    return str_err(out, "JSON text", e);
}

void json_add_line(struct str *s, const cJSON *v)
{
    if (cJSON_IsString(v)) {
        json_add_string(s, v->valuestring, strlen(v->valuestring));
    } else if (cJSON_IsNumber(v)) {
        json_add_number(s, v->valuedouble);
    } else if (cJSON_IsObject(v) || cJSON_IsArray(v)) {
        str_addc(s, cJSON_IsObject(v) ? '{' : '[');
        for (const cJSON *item = v->child; item; item = item->next) {
            if (cJSON_IsObject(v)) {
                json_add_string(s, item->string, strlen(item->string));
                str_add(s, ": ");
            }
            json_add_line(s, item);
            str_add(s, item->next ? ", " : "");
        }
        str_addc(s, cJSON_IsObject(v) ? '}' : ']');
    } else {
        str_add(s, cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "null");
    }
}
