/* Values of a GGUF file's keys. */
#include "base/gguf_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KIND_INT, KIND_REAL, KIND_BOOL, KIND_TEXT, KIND_ARRAY };

static const struct {
    const char *name;
    int kind;
    bool sign;
} types[GGUF_TYPES] = {
    [GGUF_U8] = {"an integer", KIND_INT, false},
    [GGUF_I8] = {"an integer", KIND_INT, true},
    [GGUF_U16] = {"an integer", KIND_INT, false},
    [GGUF_I16] = {"an integer", KIND_INT, true},
    [GGUF_U32] = {"an integer", KIND_INT, false},
    [GGUF_I32] = {"an integer", KIND_INT, true},
    [GGUF_F32] = {"a real number", KIND_REAL, true},
    [GGUF_BOOL] = {"true or false", KIND_BOOL, false},
    [GGUF_TEXT] = {"a text", KIND_TEXT, false},
    [GGUF_ARRAY] = {"an array", KIND_ARRAY, false},
    [GGUF_U64] = {"an integer", KIND_INT, false},
    [GGUF_I64] = {"an integer", KIND_INT, true},
    [GGUF_F64] = {"a real number", KIND_REAL, true},
};

/* ---- numbers at a place ---- */

static int64_t int_at(enum gguf_type t, const uint8_t *p)
{
    const size_t bytes = gguf_item_bytes(t);
    const uint64_t v = gguf_load(p, bytes);
    const uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    if (t == GGUF_BOOL) {
        return v != 0;
    }
    if (types[t].sign && (v & sign)) {
        /* Two's complement without a shift of a negative number. */
        return -(int64_t)((sign - 1) - (v & (sign - 1))) - 1;
    }
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static double real_at(enum gguf_type t, const uint8_t *p)
{
    const uint64_t bits = gguf_load(p, gguf_item_bytes(t));
    if (t == GGUF_F64) {
        double d;
        memcpy(&d, &bits, sizeof d);
        return d;
    }
    const uint32_t few = (uint32_t)bits;
    float f;
    memcpy(&f, &few, sizeof f);
    return (double)f;
}

/* ---- keys ---- */

static const uint8_t *value_of(const struct gguf *g, const struct gguf_entry *k)
{
    return g->shard[0].meta + k->value;
}

/* "nothing", "an array", "a text": what a key holds. */
static const char *found_text(const struct gguf_entry *k)
{
    return k ? types[k->key.type].name : "nothing";
}

/* Finds the entry of a key of the given kind; *out is NULL if it may be missing and
 * is. */
static enum err entry_of(const struct gguf *g, const char *key, bool required, int kind,
                         const char *expected, const struct gguf_entry **out,
                         struct errinfo *e)
{
    const struct gguf_entry *k = gguf_entry(g, key);
    if (k ? types[k->key.type].kind != kind : required) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s", gguf_name(g),
                       key, found_text(k), expected);
    }
    *out = k;
    return OK;
}

enum err gguf_int(const struct gguf *g, const char *key, bool required, int64_t min,
                  int64_t max, int64_t *out, struct errinfo *e)
{
    const struct gguf_entry *k = NULL;
    TRY(entry_of(g, key, required, KIND_INT, "an integer", &k, e));
    if (!k) {
        return OK;
    }
    const int64_t v = int_at(k->key.type, value_of(g, k));
    const bool huge =
        k->key.type == GGUF_U64 && gguf_load(value_of(g, k), 8) > INT64_MAX;
    if (v < min || v > max || huge) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %s%" PRId64 ", expected an integer from %" PRId64
                       " to %" PRId64,
                       gguf_name(g), key, huge ? "more than " : "", v, min, max);
    }
    *out = v;
    return OK;
}

enum err gguf_real(const struct gguf *g, const char *key, bool required, double min,
                   double max, double *out, struct errinfo *e)
{
    const struct gguf_entry *k = NULL;
    TRY(entry_of(g, key, required, KIND_REAL, "a real number", &k, e));
    if (!k) {
        return OK;
    }
    const double v = real_at(k->key.type, value_of(g, k));
    if (!isfinite(v) || v < min || v > max) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %g, expected a number from %g to %g",
                       gguf_name(g), key, v, min, max);
    }
    *out = v;
    return OK;
}

enum err gguf_bool(const struct gguf *g, const char *key, bool required, bool *out,
                   struct errinfo *e)
{
    const struct gguf_entry *k = NULL;
    TRY(entry_of(g, key, required, KIND_BOOL, "true or false", &k, e));
    if (k) {
        *out = int_at(GGUF_BOOL, value_of(g, k)) != 0;
    }
    return OK;
}

enum err gguf_text(const struct gguf *g, const char *key, bool required,
                   const char **out, struct errinfo *e)
{
    const struct gguf_entry *k = NULL;
    TRY(entry_of(g, key, required, KIND_TEXT, "a text", &k, e));
    if (!k) {
        return OK;
    }
    const char *text = (const char *)value_of(g, k);
    if (memchr(text, '\0', k->bytes)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found a NUL in it, expected text without", gguf_name(g),
                       key);
    }
    *out = text;
    return OK;
}

/* ---- arrays ---- */

enum err gguf_array(const struct gguf *g, const char *key, bool required,
                    enum gguf_type kind, struct gguf_array *out, struct errinfo *e)
{
    const struct gguf_entry *k = NULL;
    char expected[64];
    snprintf(expected, sizeof expected, "an array, each item %s", types[kind].name);
    TRY(entry_of(g, key, required, KIND_ARRAY, expected, &k, e));
    if (!k) {
        return OK;
    }
    if (types[k->key.item].kind != types[kind].kind) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found an array, each item %s, expected %s",
                       gguf_name(g), key, types[k->key.item].name, types[kind].name);
    }
    *out = (struct gguf_array){k->key.item, k->key.count, value_of(g, k)};
    return OK;
}

const char *gguf_array_next(struct gguf_array *a, size_t *len)
{
    if (a->count == 0) {
        return NULL;
    }
    const char *text = (const char *)(a->p + 8);
    *len = (size_t)gguf_load(a->p, 8);
    a->p += 8 + *len;
    a->count--;
    return text;
}

int64_t gguf_array_int(const struct gguf_array *a, size_t i)
{
    return int_at(a->item, a->p + i * gguf_item_bytes(a->item));
}

double gguf_array_real(const struct gguf_array *a, size_t i)
{
    return real_at(a->item, a->p + i * gguf_item_bytes(a->item));
}
