#include "text/tok_norm.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_chars.h"
#include "text/tok_priv.h"
#include "text/tok_split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define MAX_STEPS 32
#define MAX_FIND  256 /* bytes of a text to replace */
/* No step makes a text longer than this. */
#define MAX_BYTES (2 * TOK_MAX_TEXT)

enum step_kind { STEP_UNICODE, STEP_LOWERCASE, STEP_STRIP, STEP_PREPEND, STEP_REPLACE };

struct step {
    enum step_kind kind;
    utf8proc_option_t form; /* STEP_UNICODE */
    bool left, right;       /* STEP_STRIP */
    char *text;             /* put before or in place */
    char *find;             /* STEP_REPLACE: a text, or NULL with a pattern */
    struct split *pattern;
};

struct norm {
    struct step step[MAX_STEPS];
    size_t n;
};

struct norm_state {
    struct split_state *split[MAX_STEPS];
    struct str now, next;
    utf8proc_int32_t *cp; /* a stretch of characters, decomposed */
    utf8proc_int32_t *sorted;
    size_t cp_cap, sorted_cap;
};

/* ---- Unicode's forms ---- */

/* Characters below these are already in the form, and none is changed by what follows
 * it except a combining mark, which is above. */
static unsigned char plain_below(utf8proc_option_t form)
{
    return form == (UTF8PROC_COMPOSE | UTF8PROC_STABLE) ? 0xCC : 0x80;
}

static enum err decompose(struct norm_state *st, const char *text, size_t len,
                          utf8proc_option_t form, size_t *n_out, struct errinfo *e)
{
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        i += utf8_next(text + i, len - i, &c);
        TRY(mem_grow(&st->cp, &st->cp_cap, n + 32, sizeof *st->cp, MAX_BYTES, e));
        const utf8proc_ssize_t made = utf8proc_decompose_char(
            (utf8proc_int32_t)c, st->cp + n, 32,
            form & UTF8PROC_COMPAT ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT
                                   : UTF8PROC_DECOMPOSE,
            NULL);
        if (made < 0 || made > 32) {
            return err_set(e, ERR_LIMIT, "a text to normalize: U+%04X: %s", (unsigned)c,
                           utf8proc_errmsg(made));
        }
        n += (size_t)made;
    }
    *n_out = n;
    return OK;
}

static unsigned class_of(utf8proc_int32_t c)
{
    return (unsigned)utf8proc_get_property(c)->combining_class & 0xFF;
}

/* Sorts marks by their classes, each class in the order of the text. A run of any
 * length costs O(n): a text of marks alone must not cost its square. */
static enum err sort_marks(struct norm_state *st, size_t from, size_t to,
                           struct errinfo *e)
{
    size_t start[257] = {0};
    TRY(mem_grow(&st->sorted, &st->sorted_cap, to - from, sizeof *st->sorted, MAX_BYTES,
                 e));
    for (size_t i = from; i < to; i++) {
        start[class_of(st->cp[i]) + 1]++;
    }
    for (size_t k = 1; k <= 256; k++) {
        start[k] += start[k - 1];
    }
    for (size_t i = from; i < to; i++) {
        st->sorted[start[class_of(st->cp[i])]++] = st->cp[i];
    }
    memcpy(st->cp + from, st->sorted, (to - from) * sizeof *st->cp);
    return OK;
}

static enum err order_marks(struct norm_state *st, size_t n, struct errinfo *e)
{
    for (size_t i = 0; i < n;) {
        size_t end = i;
        bool unsorted = false;
        while (end < n && class_of(st->cp[end]) > 0) {
            unsorted |= end > i && class_of(st->cp[end]) < class_of(st->cp[end - 1]);
            end++;
        }
        if (unsorted) {
            TRY(sort_marks(st, i, end, e));
        }
        i = end + 1;
    }
    return OK;
}

/* Characters, ascending, that got a combining class, a decomposition or a composition
 * after Unicode 9: plain characters to the reference, which normalizes by Unicode 9
 * (unicode-normalization-alignments 0.1.12), while utf8proc's tables are newer. Found
 * by asking the reference about each character that has one in Unicode 17; blocks added
 * since are listed whole. */
static const struct {
    uint32_t from, to;
} after_9[] = {
    {0x05C8, 0x05C9},   {0x07FD, 0x07FD},   {0x0897, 0x089F},   {0x08CA, 0x08D3},
    {0x09FE, 0x09FE},   {0x0C3C, 0x0C3C},   {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},
    {0x1715, 0x1715},   {0x1ABF, 0x1AF0},   {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},
    {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x107BA},
    {0x10D24, 0x10D27}, {0x10D69, 0x10D6D}, {0x10EAB, 0x10EAC}, {0x10ECB, 0x10ECF},
    {0x10EF0, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070},
    {0x1133B, 0x1133B}, {0x11380, 0x113FF}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
    {0x11A99, 0x11A99}, {0x11D42, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x16100, 0x1613F}, {0x16D40, 0x16D7F}, {0x16FF0, 0x16FF1}, {0x1D127, 0x1D128},
    {0x1D250, 0x1D252}, {0x1D25B, 0x1D25F}, {0x1D280, 0x1D281}, {0x1E08F, 0x1E08F},
    {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
    {0x1E5EE, 0x1E5EF}, {0x1E6E3, 0x1E6F5}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}};
#define AFTER_9 (sizeof after_9 / sizeof *after_9)

static bool is_after_9(uint32_t c)
{
    size_t lo = 0, hi = AFTER_9;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (c > after_9[mid].to) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < AFTER_9 && c >= after_9[lo].from;
}

/* Normalizes a stretch of valid text without such characters. */
static enum err form_known(struct norm_state *st, const char *text, size_t len,
                           utf8proc_option_t form, struct errinfo *e)
{
    size_t n = 0;
    TRY(decompose(st, text, len, form, &n, e));
    TRY(order_marks(st, n, e));
    if (form & UTF8PROC_COMPOSE) {
        const utf8proc_ssize_t m = utf8proc_normalize_utf32(
            st->cp, (utf8proc_ssize_t)n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (m < 0) {
            return err_set(e, ERR_LIMIT, "a text to normalize: %s", utf8proc_errmsg(m));
        }
        n = (size_t)m;
    }
    for (size_t i = 0; i < n; i++) {
        char c[4];
        str_addn(&st->next, c, utf8_put((uint32_t)st->cp[i], c));
    }
    return OK;
}

/* Normalizes a stretch of valid text. */
static enum err form_stretch(struct norm_state *st, const char *text, size_t len,
                             utf8proc_option_t form, struct errinfo *e)
{
    size_t from = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        const size_t n = utf8_next(text + i, len - i, &c);
        if (is_after_9(c)) {
            TRY(form_known(st, text + from, i - from, form, e));
            str_addn(&st->next, text + i, n);
            from = i + n;
        }
        i += n;
    }
    return form_known(st, text + from, len - from, form, e);
}

/* Brings a text into the form. Stretches go from one plain character to the next: the
 * last plain one before others goes with them, since a mark may join it. */
static enum err to_form(struct norm_state *st, utf8proc_option_t form,
                        struct errinfo *e)
{
    const char *text = st->now.p;
    const size_t len = st->now.len;
    const unsigned char plain = plain_below(form);
    for (size_t i = 0; i < len;) {
        size_t end = i;
        while (end < len && (unsigned char)text[end] < plain) {
            end++;
        }
        if (end == len) {
            str_addn(&st->next, text + i, len - i);
            break;
        }
        size_t begin = end;
        while (begin > i && ((unsigned char)text[begin - 1] & 0xC0) == 0x80) {
            begin--;
        }
        begin -= begin > i;
        str_addn(&st->next, text + i, begin - i);
        uint32_t c = 0;
        size_t from = begin;
        for (i = begin; i < len;) {
            const size_t n = utf8_next(text + i, len - i, &c);
            if (c == UTF8_INVALID || (i > end && c < 0x80)) {
                break;
            }
            i += n;
        }
        if (i > from) {
            TRY(form_stretch(st, text + from, i - from, form, e));
        }
        while (i < len && (utf8_next(text + i, len - i, &c), c == UTF8_INVALID)) {
            str_addc(&st->next, text[i++]);
        }
    }
    return OK;
}

/* ---- the other steps ---- */

static void lowercase(struct norm_state *st)
{
    const char *text = st->now.p;
    for (size_t i = 0; i < st->now.len;) {
        uint32_t c = 0;
        const size_t n = utf8_next(text + i, st->now.len - i, &c);
        char small[4];
        if (c == UTF8_INVALID) {
            str_addn(&st->next, text + i, n);
        } else if (c == 0x130) { /* the one character that becomes two */
            str_add(&st->next, "i\xCC\x87");
        } else {
            str_addn(&st->next, small,
                     utf8_put((uint32_t)utf8proc_tolower((utf8proc_int32_t)c), small));
        }
        i += n;
    }
}

static void strip(struct norm_state *st, const struct step *s, bool *cut)
{
    const char *text = st->now.p;
    size_t len = st->now.len;
    const size_t left = s->left ? space_at_start(text, len) : 0;
    *cut = *cut || left > 0;
    len -= left;
    len -= s->right ? space_at_end(text + left, len) : 0;
    str_addn(&st->next, text + left, len);
}

/* Returns the first place of find[m] in text[len], NULL for none; O(len m), m is
 * small. */
static const char *find_text(const char *text, size_t len, const char *find, size_t m)
{
    for (size_t i = 0; i + m <= len; i++) {
        const char *p = memchr(text + i, find[0], len - m + 1 - i);
        if (!p) {
            return NULL;
        }
        if (memcmp(p, find, m) == 0) {
            return p;
        }
        i = (size_t)(p - text);
    }
    return NULL;
}

static void replace_text(struct norm_state *st, const struct step *s)
{
    const char *text = st->now.p;
    const size_t len = st->now.len;
    const size_t n = strlen(s->find);
    size_t from = 0;
    while (from < len) {
        const char *hit = find_text(text + from, len - from, s->find, n);
        if (!hit) {
            break;
        }
        str_addn(&st->next, text + from, (size_t)(hit - text) - from);
        str_add(&st->next, s->text);
        from = (size_t)(hit - text) + n;
    }
    str_addn(&st->next, text + from, len - from);
}

struct replace {
    struct norm_state *st;
    const struct step *s;
};

static enum err put_part(void *ctx, const char *part, size_t len, bool is_hit,
                         struct errinfo *e)
{
    const struct replace *r = ctx;
    (void)e;
    if (is_hit) {
        str_add(&r->st->next, r->s->text);
    } else {
        str_addn(&r->st->next, part, len);
    }
    return OK;
}

static enum err do_step(const struct norm *n, struct norm_state *st, size_t i,
                        bool *cut, struct errinfo *e)
{
    const struct step *s = &n->step[i];
    switch (s->kind) {
    case STEP_UNICODE: return to_form(st, s->form, e);
    case STEP_LOWERCASE: lowercase(st); return OK;
    case STEP_STRIP: strip(st, s, cut); return OK;
    case STEP_PREPEND:
        str_add(&st->next, st->now.len > 0 ? s->text : "");
        str_addn(&st->next, st->now.p, st->now.len);
        return OK;
    case STEP_REPLACE:
        if (s->find) {
            replace_text(st, s);
            return OK;
        }
        return split_hits(s->pattern, st->split[i], st->now.p, st->now.len, put_part,
                          &(struct replace){st, s}, e);
    }
    return OK;
}

enum err norm_apply(const struct norm *n, struct norm_state *st, const char *text,
                    size_t len, const char **out, size_t *n_out, bool *cut,
                    struct errinfo *e)
{
    *cut = false;
    str_clear(&st->now);
    str_addn(&st->now, text, len);
    for (size_t i = 0; i < n->n && st->now.len > 0; i++) {
        str_clear(&st->next);
        TRY(do_step(n, st, i, cut, e));
        TRY(str_err(&st->next, "a text to normalize", e));
        const struct str made = st->next;
        st->next = st->now;
        st->now = made;
    }
    TRY(str_err(&st->now, "a text to normalize", e));
    *out = st->now.len > 0 ? st->now.p : "";
    *n_out = st->now.len;
    return OK;
}

/* ---- reading ---- */

static enum err read_text(struct json_at at, const cJSON *spec, const char *key,
                          struct step *s, struct errinfo *e)
{
    const char *text = "";
    TRY(json_str(at, spec, key, true, &text, e));
    if (strlen(text) > TOK_MAX_PIECE) {
        return err_set(e, ERR_LIMIT, "%s: %s.%s: %zu bytes, expected at most %zu",
                       at.file, at.path, key, strlen(text), TOK_MAX_PIECE);
    }
    s->text = mem_strdup(text);
    return s->text ? OK : err_set(e, ERR_NOMEM, "out of memory for a normalizer");
}

static enum err read_replace(struct json_at at, const cJSON *spec, struct step *s,
                             struct errinfo *e)
{
    struct tok_pattern p;
    s->kind = STEP_REPLACE;
    TRY(read_text(at, spec, "content", s, e));
    TRY(tok_json_pattern(at, spec, &p, e));
    if (p.literal && strlen(p.text) > MAX_FIND) {
        return err_set(e, ERR_LIMIT, "%s: %s.pattern: %zu bytes, expected at most %d",
                       at.file, at.path, strlen(p.text), MAX_FIND);
    }
    if (p.literal && *p.text) {
        s->find = mem_strdup(p.text);
        return s->find ? OK : err_set(e, ERR_NOMEM, "out of memory for a normalizer");
    }
    char place[256];
    (void)snprintf(place, sizeof place, "%.120s: %.100s.pattern", at.file, at.path);
    const struct split_opts opts = {.behavior = SPLIT_ISOLATED, .literal = p.literal};
    return split_new(p.text, &opts, place, &s->pattern, e);
}

static enum err read_strip(struct json_at at, const cJSON *spec, struct step *s,
                           struct errinfo *e)
{
    s->kind = STEP_STRIP;
    TRY(json_bool(at, spec, "strip_left", true, &s->left, e));
    return json_bool(at, spec, "strip_right", true, &s->right, e);
}

static enum err read_prepend(struct json_at at, const cJSON *spec, struct step *s,
                             struct errinfo *e)
{
    s->kind = STEP_PREPEND;
    return read_text(at, spec, "prepend", s, e);
}

static enum err read_lowercase(struct json_at at, const cJSON *spec, struct step *s,
                               struct errinfo *e)
{
    (void)at, (void)spec, (void)e;
    s->kind = STEP_LOWERCASE;
    return OK;
}

#define NFC  (UTF8PROC_STABLE | UTF8PROC_COMPOSE)
#define NFD  (UTF8PROC_STABLE | UTF8PROC_DECOMPOSE)
#define NFKC (NFC | UTF8PROC_COMPAT)
#define NFKD (NFD | UTF8PROC_COMPAT)

static const struct {
    const char *type;
    utf8proc_option_t form; /* 0: by `read` */
    enum err (*read)(struct json_at at, const cJSON *spec, struct step *s,
                     struct errinfo *e);
} types[] = {
    {"NFC", NFC, NULL},
    {"NFD", NFD, NULL},
    {"NFKC", NFKC, NULL},
    {"NFKD", NFKD, NULL},
    {"Lowercase", 0, read_lowercase},
    {"Strip", 0, read_strip},
    {"Prepend", 0, read_prepend},
    {"Replace", 0, read_replace},
};

static enum err read_step(struct json_at at, const cJSON *spec, struct norm *n,
                          struct errinfo *e)
{
    const char *type = "";
    TRY(json_str(at, spec, "type", true, &type, e));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) != 0) {
            continue;
        }
        if (n->n == MAX_STEPS) {
            return err_set(e, ERR_LIMIT, "%s: normalizer: more than %d steps", at.file,
                           MAX_STEPS);
        }
        struct step *s = &n->step[n->n++];
        s->form = types[i].form;
        return types[i].read ? types[i].read(at, spec, s, e) : OK;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s.type: found \"%.60s\", expected NFC, NFD, NFKC, NFKD, "
                   "Lowercase, Strip, Prepend, Replace or a Sequence of them",
                   at.file, at.path, type);
}

static enum err read_steps(struct json_at at, const cJSON *spec, unsigned depth,
                           struct norm *n, struct errinfo *e)
{
    const char *type = "";
    TRY(json_str(at, spec, "type", true, &type, e));
    if (strcmp(type, "Sequence") != 0) {
        return read_step(at, spec, n, e);
    }
    const cJSON *list = NULL;
    TRY(json_arr(at, spec, "normalizers", true, &list, e));
    if (depth == 4) {
        return err_set(e, ERR_FORMAT, "%s: %s: Sequences too deep", at.file, at.path);
    }
    size_t i = 0;
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%.90s.normalizers[%zu]", at.path, i);
        TRY(read_steps((struct json_at){at.file, path}, item, depth + 1, n, e));
    }
    return OK;
}

enum err norm_new(const cJSON *root, const char *file, struct norm **out,
                  struct errinfo *e)
{
    const cJSON *spec = NULL;
    TRY(json_obj((struct json_at){file, ""}, root, "normalizer", false, &spec, e));
    if (!spec) {
        return OK;
    }
    struct norm *n = NULL;
    TRY(mem_new(&n, 1, sizeof *n, "a normalizer", e));
    const enum err rc = read_steps((struct json_at){file, "normalizer"}, spec, 0, n, e);
    if (rc != OK || n->n == 0) {
        norm_free(n);
        return rc;
    }
    *out = n;
    return OK;
}

void norm_free(struct norm *n)
{
    if (n) {
        for (size_t i = 0; i < n->n; i++) {
            mem_free(n->step[i].text);
            mem_free(n->step[i].find);
            split_free(n->step[i].pattern);
        }
        mem_free(n);
    }
}

enum err norm_state_new(const struct norm *n, struct norm_state **out,
                        struct errinfo *e)
{
    struct norm_state *st = NULL;
    TRY(mem_new(&st, 1, sizeof *st, "normalizing", e));
    str_init(&st->now, MAX_BYTES);
    str_init(&st->next, MAX_BYTES);
    for (size_t i = 0; i < n->n; i++) {
        if (n->step[i].pattern) {
            const enum err rc = split_state_new(n->step[i].pattern, &st->split[i], e);
            if (rc != OK) {
                norm_state_free(st);
                return rc;
            }
        }
    }
    *out = st;
    return OK;
}

void norm_state_free(struct norm_state *st)
{
    if (st) {
        for (size_t i = 0; i < MAX_STEPS; i++) {
            split_state_free(st->split[i]);
        }
        str_free(&st->now);
        str_free(&st->next);
        mem_free(st->cp);
        mem_free(st->sorted);
        mem_free(st);
    }
}
