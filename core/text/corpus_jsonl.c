/* JSON lines: an object per line, with a text or with token ids. */
#include "base/json.h"
#include "base/utf8.h"
#include "text/corpus_priv.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_SHOWN = 8, KEY_SHOWN = 40 }; /* of a line in an error, bytes of each */

/* Parses the object of a line, with `nul` for the NULs in its texts
 * (json_parse_nul). */
static enum err parse_line(const struct corpus_file *f, const char *text, size_t len,
                           size_t line, cJSON **out, char *nul, struct errinfo *e)
{
    if (len > CORPUS_MAX_LINE) {
        return err_set(e, ERR_LIMIT, "%s: line %zu: %zu bytes, expected at most %zu",
                       f->path, line, len, CORPUS_MAX_LINE);
    }
    TRY(json_parse_nul(text, len, f->path, line, out, nul, e));
    if (!cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        return err_set(e, ERR_FORMAT,
                       "%s: line %zu: expected an object with text or input_ids",
                       f->path, line);
    }
    return OK;
}

/* Reads the object of a document's line again. */
static enum err read_line(const struct corpus_file *f, size_t doc, cJSON **out,
                          char *nul, struct errinfo *e)
{
    const struct corpus_span *s = &f->span[doc];
    struct str text;
    str_init(&text, CORPUS_MAX_LINE);
    enum err rc = corpus_read_span(f, s, &text, e);
    if (rc == OK) {
        rc = parse_line(f, text.p, text.len, s->line, out, nul, e);
    }
    str_free(&text);
    return rc;
}

/* Returns the member that a line's document is in; NULL if it has neither. */
static const cJSON *line_body(const struct corpus_file *f, const cJSON *obj,
                              bool *has_ids)
{
    const char *key = f->key ? f->key : "text";
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(obj, key);
    const cJSON *ids =
        cJSON_GetObjectItemCaseSensitive(obj, f->key ? f->key : "input_ids");
    *has_ids = cJSON_IsArray(ids);
    return *has_ids ? ids : cJSON_IsString(text) ? text : NULL;
}

static enum err check_ids(struct corpus_file *f, const cJSON *ids, size_t line,
                          struct errinfo *e)
{
    size_t i = 0;
    for (const cJSON *v = ids->child; v; v = v->next, i++) {
        const double d = v->valuedouble;
        if (!cJSON_IsNumber(v) || !(d >= 0 && d < 2147483647.0) ||
            (double)(int32_t)d < d) {
            return err_set(e, ERR_FORMAT,
                           "%s: line %zu: input_ids[%zu]: expected a token id", f->path,
                           line, i);
        }
        if ((int32_t)d > f->max_id) {
            f->max_id = (int32_t)d;
            f->max_id_line = line;
        }
    }
    return OK;
}

/* Fails with what the line has instead: "expected text ...; found the keys id,
 * body". */
static enum err no_body(const struct corpus_file *f, const cJSON *obj, size_t line,
                        struct errinfo *e)
{
    struct str keys;
    size_t n = 0;
    str_init(&keys, 1 << 12);
    for (const cJSON *v = obj->child; v; v = v->next, n++) {
        char key[4 * KEY_SHOWN + 1];
        (void)snprintf(key, sizeof key, "%.*s", KEY_SHOWN, v->string);
        str_add(&keys, n == 0            ? ""
                       : n < KEYS_SHOWN  ? ", "
                       : n == KEYS_SHOWN ? ", ..."
                                         : "");
        if (n < KEYS_SHOWN) {
            utf8_escape(&keys, key, strlen(key));
        }
    }
    const enum err rc =
        err_set(e, ERR_FORMAT, "%s: line %zu: expected %.60s%s, found %s%s%s", f->path,
                line, f->key ? f->key : "text (a string) or input_ids (an array)",
                f->key ? " (a string, or an array of token ids)" : "",
                n > 0 ? "the keys " : "no keys", n > 0 ? keys.p : "",
                n > 0 ? "; name another key: FILE#KEY" : "");
    str_free(&keys);
    return rc;
}

/* Checks one line and counts it as a document unless it is empty. */
static enum err take_line(struct corpus_file *f, size_t off, size_t len, size_t line,
                          bool *first, struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(parse_line(f, (const char *)f->map + off, len, line, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(f, obj, &has_ids);
    enum err rc = OK;
    if (!body) {
        rc = no_body(f, obj, line, e);
        f->no_text = *first;
    } else if (!*first && has_ids != f->has_ids) {
        rc = err_set(e, ERR_FORMAT, "%s: line %zu: found %s, expected %s as before",
                     f->path, line, has_ids ? "input_ids" : "text",
                     has_ids ? "text" : "input_ids");
    } else if (has_ids) {
        rc = check_ids(f, body, line, e);
    }
    if (rc == OK) {
        *first = false;
        f->has_ids = has_ids;
        if (has_ids ? body->child != NULL : body->valuestring[0] != '\0') {
            rc = corpus_add_span(f, off, len, line, e);
        }
    }
    cJSON_Delete(obj);
    return rc;
}

static enum err jsonl_open(struct corpus_file *f, struct errinfo *e)
{
    size_t at = 0;
    bool first = true;
    TRY(corpus_open_text(f, &at, e));
    for (size_t line = 1; at < f->map_len; line++) {
        const uint8_t *nl = memchr(f->map + at, '\n', f->map_len - at);
        const size_t end = nl ? (size_t)(nl - f->map) : f->map_len;
        size_t from = at;
        size_t to = end;
        while (from < to && corpus_is_space(f->map[from])) {
            from++;
        }
        while (to > from && corpus_is_space(f->map[to - 1])) {
            to--;
        }
        if (to > from) {
            TRY(take_line(f, from, to - from, line, &first, e));
        }
        at = end + 1;
    }
    return OK;
}

static enum err jsonl_text(const struct corpus_file *f, size_t doc, struct str *out,
                           struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(read_line(f, doc, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(f, obj, &has_ids);
    if (body && !has_ids) {
        const size_t from = out->len;
        str_add(out, body->valuestring);
        for (size_t i = from; nul != '\0' && i < out->len; i++) {
            out->p[i] = out->p[i] == nul ? '\0' : out->p[i];
        }
    }
    cJSON_Delete(obj);
    return str_err(out, "a document", e);
}

static enum err jsonl_ids(const struct corpus_file *f, size_t doc, struct tok_ids *out,
                          struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(read_line(f, doc, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(f, obj, &has_ids);
    enum err rc = OK;
    for (const cJSON *v = has_ids ? body->child : NULL; v && rc == OK; v = v->next) {
        rc = tok_ids_add(out, (int32_t)v->valuedouble, e);
    }
    cJSON_Delete(obj);
    return rc;
}

const struct corpus_format corpus_jsonl = {".jsonl", "a key", jsonl_open, jsonl_text,
                                           jsonl_ids};
