#include "base/npy.h"

#include "base/mem.h"

#include <string.h>

#define MAX_HEADER ((size_t)64 << 10)

static const struct {
    const char *descr;
    enum elem elem;
} descrs[] = {
    {"<f4", ELEM_F32}, {"<f2", ELEM_F16}, {"<f8", ELEM_F64},  {"<i8", ELEM_I64},
    {"<i4", ELEM_I32}, {"<i2", ELEM_I16}, {"|i1", ELEM_I8},   {"<u4", ELEM_U32},
    {"<u2", ELEM_U16}, {"|u1", ELEM_U8},  {"|b1", ELEM_BOOL},
};

enum err npy_header_size(const uint8_t *data, size_t len, const char *name, size_t *out,
                         struct errinfo *e)
{
    static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    if (len < NPY_PREFIX || memcmp(data, magic, sizeof magic) != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: byte 0: expected \\x93NUMPY and at least %zu bytes", name,
                       NPY_PREFIX);
    }
    if (data[6] < 1 || data[6] > 3) {
        return err_set(e, ERR_FORMAT, "%s: byte 6: found npy version %u, expected 1-3",
                       name, data[6]);
    }
    size_t size = (size_t)data[8] | (size_t)data[9] << 8;
    size_t before = 10;
    if (data[6] > 1) {
        size |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
        before = 12;
    }
    if (size > MAX_HEADER) {
        return err_set(e, ERR_LIMIT,
                       "%s: byte 8: found a header of %zu bytes, expected at most %zu",
                       name, size, MAX_HEADER);
    }
    *out = before + size;
    return OK;
}

/* ---- the dictionary ---- */

struct scan {
    const uint8_t *p, *end, *begin;
    const char *name;
};

static enum err expected(const struct scan *s, const char *what, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: header byte %zu: expected %s", s->name,
                   (size_t)(s->p - s->begin), what);
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t')) {
        s->p++;
    }
}

/* Whether the next character is c; if so, skips it. */
static bool take(struct scan *s, char c)
{
    skip_space(s);
    if (s->p < s->end && *s->p == (uint8_t)c) {
        s->p++;
        return true;
    }
    return false;
}

static bool take_word(struct scan *s, const char *word)
{
    const size_t n = strlen(word);
    skip_space(s);
    if ((size_t)(s->end - s->p) >= n && memcmp(s->p, word, n) == 0) {
        s->p += n;
        return true;
    }
    return false;
}

/* Takes a quoted string without escapes into out[cap]. */
static enum err take_text(struct scan *s, char *out, size_t cap, struct errinfo *e)
{
    char quote = '\'';
    if (!take(s, quote)) {
        quote = '"';
        if (!take(s, quote)) {
            return expected(s, "a quoted string", e);
        }
    }
    size_t n = 0;
    while (s->p < s->end && *s->p != (uint8_t)quote && *s->p != '\\' && n + 1 < cap) {
        out[n++] = (char)*s->p++;
    }
    out[n] = '\0';
    return take(s, quote) ? OK : expected(s, "the end of a short string", e);
}

static enum err take_number(struct scan *s, size_t *out, struct errinfo *e)
{
    size_t v = 0;
    skip_space(s);
    const uint8_t *first = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
        const size_t digit = (size_t)(*s->p - '0');
        if (!mem_mul(v, 10, &v) || v > SIZE_MAX - digit) {
            return err_set(e, ERR_LIMIT, "%s: shape: a dimension of more than 64 bits",
                           s->name);
        }
        v += digit;
        s->p++;
    }
    if (s->p == first) {
        return expected(s, "a number", e);
    }
    (void)take(s, 'L'); /* Python 2's long */
    *out = v;
    return OK;
}

static enum err take_shape(struct scan *s, struct npy *h, struct errinfo *e)
{
    h->ndim = 0;
    if (!take(s, '(')) {
        return expected(s, "a shape in parentheses", e);
    }
    while (!take(s, ')')) {
        if (h->ndim == NPY_MAX_DIMS) {
            return err_set(e, ERR_LIMIT, "%s: shape: found more than %d dimensions",
                           s->name, NPY_MAX_DIMS);
        }
        TRY(take_number(s, &h->shape[h->ndim++], e));
        if (!take(s, ',')) {
            return take(s, ')') ? OK : expected(s, "',' or ')'", e);
        }
    }
    return OK;
}

static enum err take_descr(struct scan *s, struct npy *h, struct errinfo *e)
{
    char descr[32];
    TRY(take_text(s, descr, sizeof descr, e));
    for (size_t i = 0; i < sizeof descrs / sizeof descrs[0]; i++) {
        if (strcmp(descrs[i].descr, descr) == 0) {
            h->elem = descrs[i].elem;
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: descr: found \"%s\", expected little-endian numbers: <f4, <f2, "
                   "<f8, <i8, <i4, <i2, |i1, <u4, <u2, |u1 or |b1",
                   s->name, descr);
}

static enum err take_order(struct scan *s, struct npy *h, struct errinfo *e)
{
    h->fortran = take_word(s, "True");
    return h->fortran || take_word(s, "False") ? OK : expected(s, "True or False", e);
}

static enum err take_member(struct scan *s, struct npy *h, unsigned *seen,
                            struct errinfo *e)
{
    static const struct {
        const char *key;
        enum err (*take)(struct scan *s, struct npy *h, struct errinfo *e);
    } members[] = {
        {"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};
    char key[32];
    TRY(take_text(s, key, sizeof key, e));
    if (!take(s, ':')) {
        return expected(s, "':'", e);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(members[i].key, key) == 0) {
            if (*seen & 1u << i) {
                return err_set(e, ERR_FORMAT, "%s: %s: found twice", s->name, key);
            }
            *seen |= 1u << i;
            return members[i].take(s, h, e);
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: found key \"%s\", expected descr, fortran_order and shape",
                   s->name, key);
}

enum err npy_parse(const uint8_t *data, size_t len, const char *name, struct npy *out,
                   struct errinfo *e)
{
    struct npy h = {0};
    unsigned seen = 0;
    TRY(npy_header_size(data, len, name, &h.header, e));
    if (h.header > len) {
        return err_set(e, ERR_FORMAT, "%s: ends within its header of %zu bytes", name,
                       h.header);
    }
    const size_t before = data[6] > 1 ? 12 : 10;
    struct scan s = {data + before, data + h.header, data, name};
    if (!take(&s, '{')) {
        return expected(&s, "'{'", e);
    }
    while (!take(&s, '}')) {
        TRY(take_member(&s, &h, &seen, e));
        if (!take(&s, ',')) {
            if (!take(&s, '}')) {
                return expected(&s, "',' or '}'", e);
            }
            break;
        }
    }
    skip_space(&s);
    if (s.p != s.end || seen != 7) {
        return expected(&s, "descr, fortran_order and shape, and nothing after", e);
    }
    h.count = 1;
    size_t bytes = elem_size(h.elem);
    for (size_t i = 0; i < h.ndim; i++) {
        if (!mem_mul(h.count, h.shape[i], &h.count) ||
            !mem_mul(h.count, elem_size(h.elem), &bytes)) {
            return err_set(e, ERR_LIMIT,
                           "%s: shape: more elements than a machine can address", name);
        }
    }
    *out = h;
    return OK;
}
