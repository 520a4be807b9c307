/* The file formats of corpora. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "text/corpus_priv.h"

#include <stdio.h>
#include <string.h>

static uint32_t span_hash(const void *bytes, size_t len)
{
    return (uint32_t)(hash_words(HASH_START, bytes, len) >> 32);
}

static enum err add_span(struct corpus *c, size_t off, size_t len, size_t line,
                         struct errinfo *e)
{
    if (c->n_docs >= CORPUS_MAX_DOCS) {
        return err_set(e, ERR_LIMIT, "%s: more than %zu documents", c->path,
                       CORPUS_MAX_DOCS);
    }
    TRY(mem_grow(&c->span, &c->span_cap, c->n_docs + 1, sizeof *c->span,
                 CORPUS_MAX_DOCS, e));
    c->span[c->n_docs++] =
        (struct corpus_span){off, (uint32_t)len, span_hash(c->map + off, len), line};
    return OK;
}

static bool is_space(uint8_t b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

/* ---- the file ---- */

/* The file in c->map, its hash, and where its text begins (after a byte order mark). */
static enum err map_file(struct corpus *c, size_t *start, struct errinfo *e)
{
    if (file_size(c->path) == 0) {
        return err_set(e, ERR_FORMAT, "%s: is empty, expected text", c->path);
    }
    TRY(infile_open(c->path, &c->file, e));
    TRY(infile_bytes(c->path, &c->bytes, e));
    c->map = c->bytes.p;
    c->map_len = c->bytes.len;
    c->hash = hash_bytes(HASH_START, c->map, c->map_len);
    if (c->map_len >= 2 && ((c->map[0] == 0xFF && c->map[1] == 0xFE) ||
                            (c->map[0] == 0xFE && c->map[1] == 0xFF))) {
        return err_set(e, ERR_FORMAT, "%s: found UTF-16, expected UTF-8", c->path);
    }
    corpus_scan(&c->seen, c->map, c->map_len, 0);
    *start = c->map_len >= 3 && memcmp(c->map, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    return OK;
}

/* Append the bytes of a document to out. They must be those that were checked when the
 * file was opened: text that is appended to it since then does no harm. */
static enum err read_span(const struct corpus *c, const struct corpus_span *s,
                          struct str *out, struct errinfo *e)
{
    char *at = str_extend(out, s->len);
    if (!at) {
        return str_err(out, "a document", e);
    }
    TRY(infile_get(c->file, s->off, at, s->len, e));
    if (span_hash(at, s->len) != s->hash) {
        return err_set(e, ERR_IO,
                       "%s: bytes %zu to %zu: changed since the file was opened",
                       c->path, s->off, s->off + s->len);
    }
    return OK;
}

/* ---- plain text ---- */

/* Whether no text of any encoding has that byte, but for colours of a terminal. */
static bool is_control(uint8_t b)
{
    return (b < 0x20 && !is_space(b) && b != 0x1B) || b == 0x7F;
}

/* A program, picture or archive by its control bytes: of what is compressed one in ten
 * is. Some may stand in a text, whose other bytes are UTF-8 then. */
static enum err refuse_binary(const struct corpus *c, struct errinfo *e)
{
    const size_t n = c->map_len < 4096 ? c->map_len : 4096;
    size_t zeros = 0, control = 0;
    for (size_t i = 0; i < n; i++) {
        zeros += c->map[i] == 0;
        control += is_control(c->map[i]);
    }
    const bool program = zeros >= 16 && (c->seen.bad > 0 || zeros >= n / 16);
    const bool packed = control >= 16 && control >= n / 50 && c->seen.bad > 0;
    if (!program && !packed) {
        return OK;
    }
    return err_set(
        e, ERR_FORMAT,
        "%s: found a binary file (%zu control bytes, %zu of them zero, in its "
        "first %zu), expected text",
        c->path, control, zeros, n);
}

/* Where to cut text[len] so that the piece is at most `want` bytes: after a line, else
 * after a word, else between characters. */
static size_t cut_at(const uint8_t *text, size_t len, size_t want)
{
    if (len <= want) {
        return len;
    }
    for (size_t i = want; i > want / 2; i--) {
        if (text[i - 1] == '\n') {
            return i;
        }
    }
    for (size_t i = want; i > want / 2; i--) {
        if (is_space(text[i - 1])) {
            return i;
        }
    }
    size_t i = want;
    while (i > 1 && want - i < 3 && (text[i] & 0xC0) == 0x80) {
        i--;
    }
    return i;
}

/* Add text[from, to) in pieces of at most `want` bytes, without white space around. */
static enum err add_pieces(struct corpus *c, size_t from, size_t to, size_t want,
                           struct errinfo *e)
{
    while (from < to) {
        const size_t n = cut_at(c->map + from, to - from, want);
        size_t end = from + n;
        while (end > from && is_space(c->map[end - 1])) {
            end--;
        }
        if (end > from) {
            TRY(add_span(c, from, end - from, 0, e));
        }
        from += n;
    }
    return OK;
}

/* Documents between blank lines of text[from, to). */
static enum err add_paragraphs(struct corpus *c, size_t from, size_t to,
                               struct errinfo *e)
{
    size_t at = from;
    size_t end_of_text = from; /* the end of its last line that is not blank */
    while (at < to) {
        const uint8_t *nl = memchr(c->map + at, '\n', to - at);
        const size_t end = nl ? (size_t)(nl - c->map) + 1 : to;
        size_t i = at;
        while (i < end && is_space(c->map[i])) {
            i++;
        }
        if (i < end) {
            end_of_text = end;
        } else {
            TRY(add_pieces(c, from, end_of_text, CORPUS_MAX_DOC, e));
            from = end_of_text = end;
        }
        at = end;
    }
    return add_pieces(c, from, end_of_text, CORPUS_MAX_DOC, e);
}

/* One document, without blank lines before it. */
static enum err add_whole(struct corpus *c, size_t from, size_t to, struct errinfo *e)
{
    for (size_t i = from; i < to && is_space(c->map[i]); i++) {
        from = c->map[i] == '\n' ? i + 1 : from;
    }
    return add_pieces(c, from, to, CORPUS_MAX_DOC, e);
}

/* ---- a text that is one document ---- */

static bool ends_line(const uint8_t *text, size_t i)
{
    return text[i] == '\n';
}

/* White space after a full stop and what closes with it. */
static bool ends_sentence(const uint8_t *text, size_t i)
{
    if (!is_space(text[i])) {
        return false;
    }
    while (i > 0 && text[i - 1] && strchr("\"')]*_", text[i - 1])) {
        i--;
    }
    return i > 0 && text[i - 1] && strchr(".!?", text[i - 1]);
}

static bool ends_word(const uint8_t *text, size_t i)
{
    return is_space(text[i]);
}

/* Where a short text is cut, the first that is within it. */
static const struct {
    const char *name;
    bool (*ends)(const uint8_t *text, size_t i); /* a unit, with byte i */
} UNITS[] = {{"line", ends_line}, {"sentence", ends_sentence}, {"word", ends_word}};
enum { N_UNITS = sizeof UNITS / sizeof UNITS[0] };

/* Add text[from, to) in pieces of whole units: as many as are within `want` bytes, at
 * least one. */
static enum err add_units(struct corpus *c, size_t from, size_t to, size_t want,
                          size_t unit, struct errinfo *e)
{
    size_t fits = from; /* the end of the last unit that is */
    for (size_t i = from; i < to; i++) {
        if (!UNITS[unit].ends(c->map, i) && i + 1 < to) {
            continue;
        }
        if (fits > from && i + 1 - from > want) {
            TRY(add_pieces(c, from, fits, CORPUS_MAX_DOC, e));
            from = fits;
        }
        fits = i + 1;
    }
    return add_pieces(c, from, to, CORPUS_MAX_DOC, e);
}

/* Training and held-out text are documents of their own, so the only one is cut. */
static enum err cut_only_document(struct corpus *c, struct errinfo *e)
{
    const struct corpus_span whole = c->span[0];
    const size_t from = whole.off, to = whole.off + whole.len;
    size_t want = whole.len / 20;
    want = want > CORPUS_PIECE ? CORPUS_PIECE : want < 1 ? 1 : want;
    for (size_t unit = 0; want < CORPUS_SMALL && unit < N_UNITS; unit++) {
        c->n_docs = 0;
        TRY(add_units(c, from, to, want, unit, e));
        if (c->n_docs > 1) {
            c->cut_at = UNITS[unit].name;
            return OK;
        }
    }
    c->n_docs = 0;
    c->piece = want;
    return add_pieces(c, from, to, want, e);
}

static enum err txt_open(struct corpus *c, struct errinfo *e)
{
    size_t at = 0;
    TRY(map_file(c, &at, e));
    TRY(refuse_binary(c, e));
    c->ends_split = true;
    while (at < c->map_len) {
        size_t mark = 0;
        const size_t end = at + corpus_next_end(c->map + at, c->map_len - at, &mark);
        TRY(c->seen.end_alone ? add_whole(c, at, end, e)
                              : add_paragraphs(c, at, end, e));
        at = end + mark;
    }
    return c->n_docs == 1 ? cut_only_document(c, e) : OK;
}

static enum err txt_text(const struct corpus *c, size_t doc, struct str *out,
                         struct errinfo *e)
{
    return read_span(c, &c->span[doc], out, e);
}

/* ---- CSV ---- */

static enum err csv_open(struct corpus *c, struct errinfo *e)
{
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    TRY(csv_load(c->path, &lim, &c->csv, e));
    TRY(csv_need_col(c->csv, c->path, "text", &c->csv_col, e));
    TRY(mem_new(&c->csv_row, c->csv->rows, sizeof *c->csv_row, "an index", e));
    for (size_t r = 0; r < c->csv->rows && r < CORPUS_MAX_DOCS; r++) {
        const char *text = csv_at(c->csv, r, c->csv_col);
        if (text[0]) {
            corpus_scan(&c->seen, (const uint8_t *)text, strlen(text), r + 2);
            c->csv_row[c->n_docs++] = (uint32_t)r;
        }
    }
    return file_hash(c->path, &c->hash, e);
}

static enum err csv_text(const struct corpus *c, size_t doc, struct str *out,
                         struct errinfo *e)
{
    str_add(out, csv_at(c->csv, c->csv_row[doc], c->csv_col));
    return str_err(out, "a document", e);
}

/* ---- JSON lines ---- */

/* The object of a line, with `nul` for the NULs in its texts (json_parse_nul). */
static enum err parse_line(const struct corpus *c, const char *text, size_t len,
                           size_t line, cJSON **out, char *nul, struct errinfo *e)
{
    if (len > CORPUS_MAX_LINE) {
        return err_set(e, ERR_LIMIT, "%s: line %zu: %zu bytes, expected at most %zu",
                       c->path, line, len, CORPUS_MAX_LINE);
    }
    TRY(json_parse_nul(text, len, c->path, line, out, nul, e));
    if (!cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        return err_set(e, ERR_FORMAT,
                       "%s: line %zu: expected an object with text or input_ids",
                       c->path, line);
    }
    return OK;
}

/* The object of a document's line, read again. */
static enum err read_line(const struct corpus *c, size_t doc, cJSON **out, char *nul,
                          struct errinfo *e)
{
    const struct corpus_span *s = &c->span[doc];
    struct str text;
    str_init(&text, CORPUS_MAX_LINE);
    enum err rc = read_span(c, s, &text, e);
    if (rc == OK) {
        rc = parse_line(c, text.p, text.len, s->line, out, nul, e);
    }
    str_free(&text);
    return rc;
}

/* Which member a line's document is in; NULL if it has neither. */
static const cJSON *line_body(const cJSON *obj, bool *has_ids)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(obj, "text");
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(obj, "input_ids");
    *has_ids = cJSON_IsArray(ids);
    return *has_ids ? ids : cJSON_IsString(text) ? text : NULL;
}

static enum err check_ids(struct corpus *c, const cJSON *ids, size_t line,
                          struct errinfo *e)
{
    size_t i = 0;
    for (const cJSON *v = ids->child; v; v = v->next, i++) {
        const double d = v->valuedouble;
        if (!cJSON_IsNumber(v) || !(d >= 0 && d < 2147483647.0) ||
            (double)(int32_t)d < d) {
            return err_set(e, ERR_FORMAT,
                           "%s: line %zu: input_ids[%zu]: expected a token id", c->path,
                           line, i);
        }
        if ((int32_t)d > c->max_id) {
            c->max_id = (int32_t)d;
            c->max_id_line = line;
        }
    }
    return OK;
}

/* Check one line and count it as a document unless it is empty. */
static enum err take_line(struct corpus *c, size_t off, size_t len, size_t line,
                          bool *first, struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(parse_line(c, (const char *)c->map + off, len, line, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(obj, &has_ids);
    enum err rc = OK;
    if (!body) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: line %zu: expected text (a string) or input_ids (an array)",
                     c->path, line);
    } else if (!*first && has_ids != c->has_ids) {
        rc = err_set(e, ERR_FORMAT, "%s: line %zu: found %s, expected %s as before",
                     c->path, line, has_ids ? "input_ids" : "text",
                     has_ids ? "text" : "input_ids");
    } else if (has_ids) {
        rc = check_ids(c, body, line, e);
    }
    if (rc == OK) {
        *first = false;
        c->has_ids = has_ids;
        if (has_ids ? body->child != NULL : body->valuestring[0] != '\0') {
            rc = add_span(c, off, len, line, e);
        }
    }
    cJSON_Delete(obj);
    return rc;
}

static enum err jsonl_open(struct corpus *c, struct errinfo *e)
{
    size_t at = 0;
    bool first = true;
    TRY(map_file(c, &at, e));
    for (size_t line = 1; at < c->map_len; line++) {
        const uint8_t *nl = memchr(c->map + at, '\n', c->map_len - at);
        const size_t end = nl ? (size_t)(nl - c->map) : c->map_len;
        size_t from = at;
        size_t to = end;
        while (from < to && is_space(c->map[from])) {
            from++;
        }
        while (to > from && is_space(c->map[to - 1])) {
            to--;
        }
        if (to > from) {
            TRY(take_line(c, from, to - from, line, &first, e));
        }
        at = end + 1;
    }
    return OK;
}

static enum err jsonl_text(const struct corpus *c, size_t doc, struct str *out,
                           struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(read_line(c, doc, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(obj, &has_ids);
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

enum err corpus_line_ids(const struct corpus *c, size_t doc, struct tok_ids *out,
                         struct errinfo *e)
{
    cJSON *obj = NULL;
    char nul = '\0';
    TRY(read_line(c, doc, &obj, &nul, e));
    bool has_ids = false;
    const cJSON *body = line_body(obj, &has_ids);
    enum err rc = OK;
    for (const cJSON *v = has_ids ? body->child : NULL; v && rc == OK; v = v->next) {
        rc = tok_ids_add(out, (int32_t)v->valuedouble, e);
    }
    cJSON_Delete(obj);
    return rc;
}

/* ---- story grammars ---- */

static enum err grammar_open(struct corpus *c, struct errinfo *e)
{
    TRY(file_hash(c->path, &c->hash_whole, e));
    TRY(grammar_load(c->path, &c->grammar, e));
    c->hash = grammar_hash(c->grammar);
    if (!c->reg_name) {
        return OK;
    }
    const int reg = grammar_register_find(c->grammar, c->reg_name);
    if (reg < 0) {
        struct str names;
        str_init(&names, 300);
        for (size_t i = 0; i < grammar_register_count(c->grammar); i++) {
            str_addf(&names, "%s%s", i ? ", " : "",
                     grammar_register_name(c->grammar, i));
        }
        const enum err rc =
            err_set(e, ERR_USAGE, "%s: no register \"%.60s\"; it has %s", c->path,
                    c->reg_name, names.p);
        str_free(&names);
        return rc;
    }
    c->reg = (size_t)reg;
    return OK;
}

/* ---- the table ---- */

static const struct corpus_format formats[] = {
    {".txt", txt_open, txt_text},       {".text", txt_open, txt_text},
    {".md", txt_open, txt_text},        {".csv", csv_open, csv_text},
    {".jsonl", jsonl_open, jsonl_text}, {".grammar.json", grammar_open, NULL},
    {"", txt_open, txt_text},
};

const struct corpus_format *corpus_format_find(const char *path, struct str *names)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const char *suffix = formats[i].suffix;
        if (*suffix ? path_has_suffix(path, suffix) : !strchr(path_base(path), '.')) {
            return &formats[i];
        }
        str_addf(names, "%s%s", i ? ", " : "", *suffix ? suffix : "no ending");
    }
    return NULL;
}
