/* A GGUF file of any bytes is refused in a line, or every key and every row of it can
 * be asked for. */
#include "base/gguf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct gguf *g, struct gguf_key k)
{
    static const enum gguf_type kinds[] = {GGUF_TEXT, GGUF_I64, GGUF_F64, GGUF_BOOL};
    struct errinfo e = {0};
    int64_t i = 0;
    double d = 0.0;
    bool b = false;
    const char *text = NULL;
    (void)!gguf_int(g, k.name, true, INT64_MIN, INT64_MAX, &i, &e);
    (void)!gguf_real(g, k.name, true, -1e300, 1e300, &d, &e);
    (void)!gguf_bool(g, k.name, true, &b, &e);
    if (gguf_text(g, k.name, true, &text, &e) == OK && k.type != GGUF_TEXT) {
        abort();
    }
    for (size_t t = 0; t < sizeof kinds / sizeof *kinds; t++) {
        struct gguf_array a = {0};
        if (gguf_array(g, k.name, true, kinds[t], &a, &e) != OK) {
            continue;
        }
        if (a.count != k.count) {
            abort();
        }
        size_t all = 0, len = 0, n = a.count;
        for (size_t j = 0; j < n; j++) {
            if (kinds[t] == GGUF_TEXT) {
                const char *p = gguf_array_next(&a, &len);
                for (size_t c = 0; c < len; c++) {
                    all += p[c] != 0;
                }
            } else if (kinds[t] == GGUF_F64) {
                all += gguf_array_real(&a, j) > 0.0;
            } else {
                all += gguf_array_int(&a, j) > 0;
            }
        }
        if (all == SIZE_MAX) {
            abort();
        }
    }
}

/* Reading rows in the file's own type: refused if reading them as floats was, else the
 * same numbers. */
static void read_bytes(const struct gguf *g, const struct gguf_tensor *t, enum err rows,
                       const float *want)
{
    struct errinfo e = {0};
    const size_t blocks = t->rows * (t->row / ggml_block_elements(t->type));
    uint8_t *raw = mem_alloc(t->rows, t->row_bytes);
    float *back = mem_alloc(t->rows * t->row, sizeof *back);
    if (raw && back) {
        const enum err rc = gguf_bytes(g, t, raw, &e);
        if (rc != rows) {
            abort();
        }
        if (rc == OK) {
            ggml_to_f32(t->type, raw, blocks, back);
            if (memcmp(back, want, t->rows * t->row * sizeof *back) != 0) {
                abort();
            }
        }
    }
    mem_free(raw);
    mem_free(back);
}

static void read_rows(const struct gguf *g, const struct gguf_tensor *t, size_t size)
{
    struct errinfo e = {0};
    if (t->rows * t->row_bytes > size || gguf_find(g, t->name) != t) {
        abort();
    }
    if (!ggml_type_readable(t->type)) {
        return;
    }
    float *out = mem_alloc(t->rows * t->row, sizeof *out);
    if (out) {
        const enum err rc = gguf_rows(g, t, 0, t->rows, out, &e);
        if (rc != OK && rc != ERR_FORMAT) {
            abort();
        }
        read_bytes(g, t, rc, out);
        mem_free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct gguf *g = NULL;
    if (gguf_parse(data, size, "fuzz", &g, &e) != OK) {
        if (g || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < gguf_key_count(g) && i < 100; i++) {
        ask(g, gguf_key_at(g, i));
    }
    for (size_t i = 0; i < gguf_count(g) && i < 100; i++) {
        read_rows(g, gguf_at(g, i), size);
    }
    gguf_close(g);
    return 0;
}
