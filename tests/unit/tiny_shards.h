/* Shards of activations for tests: written as a script elsewhere would. */
#ifndef SAETOP_TESTS_UNIT_TINY_SHARDS_H
#define SAETOP_TESTS_UNIT_TINY_SHARDS_H

#include "base/elem.h"
#include "base/half.h"
#include "base/safetensors.h"
#include "check.h"

#define TINY_D 3

/* Vector i of a side: all of its numbers say which it is. */
static inline float tiny_value(bool masked, size_t i, size_t d)
{
    return (float)(i * 4 + d) + (masked ? 0.5f : 0.0f);
}

/* What a shard of tiny_write lacks or has. */
struct tiny_shard {
    size_t n, first; /* vectors, and the number of the first */
    bool masked, tokens, flags;
    const char *rate;   /* NULL: not said */
    size_t T;           /* rows of the file itself; 0: none */
    enum st_dtype type; /* of activations */
};

static inline void tiny_floats(const struct tiny_shard *s, bool masked, uint8_t *out)
{
    for (size_t i = 0; i < s->n * TINY_D; i++) {
        const float v = tiny_value(masked, s->first + i / TINY_D, i % TINY_D);
        const uint16_t half = half_of_float(v);
        uint32_t bits;
        memcpy(&bits, &v, sizeof bits);
        const uint16_t top = (uint16_t)(bits >> 16);
        if (s->type == ST_F32) {
            memcpy(out + i * sizeof v, &v, sizeof v);
        } else {
            memcpy(out + i * 2, s->type == ST_F16 ? &half : &top, 2);
        }
    }
}

static inline void tiny_write(const char *dir, const char *name,
                              const struct tiny_shard *s)
{
    static uint8_t x[2][1 << 16], masked[4096];
    static int64_t ids[4096];
    struct st_tensor t[4];
    struct errinfo e;
    char path[512];
    size_t n = 0;
    const size_t one = s->type == ST_F32 ? 4 : 2;
    const size_t dims = s->T ? 2 : 1, rows = s->T ? s->n / s->T : s->n;
    for (int side = 0; side < (s->masked ? 2 : 1); side++) {
        tiny_floats(s, side == 1, x[side]);
        t[n] = (struct st_tensor){.name = side ? "activations_masked" : "activations",
                                  .dtype = s->type,
                                  .ndim = dims + 1,
                                  .shape = {rows, s->T ? s->T : TINY_D, TINY_D},
                                  .data = x[side],
                                  .bytes = s->n * TINY_D * one};
        n++;
    }
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (int64_t)(s->first + i + 100);
        masked[i] = (s->first + i) % 3 == 0;
    }
    if (s->tokens) {
        t[n++] = (struct st_tensor){.name = "tokens",
                                    .dtype = ST_I64,
                                    .ndim = dims,
                                    .shape = {rows, s->T},
                                    .data = ids,
                                    .bytes = s->n * sizeof *ids};
    }
    if (s->flags) {
        t[n++] = (struct st_tensor){.name = "masked",
                                    .dtype = ST_BOOL,
                                    .ndim = dims,
                                    .shape = {rows, s->T},
                                    .data = masked,
                                    .bytes = s->n};
    }
    const struct st_meta_entry meta = {"mask_rate", s->rate};
    assert_ok(st_write(tmp_path(path, dir, name), t, n, &meta, s->rate ? 1 : 0, &e),
              &e);
}

#endif
