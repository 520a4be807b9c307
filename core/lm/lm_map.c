#include "lm/lm_map.h"

#include "num/blas.h"

#include <assert.h>
#include <string.h>

void lm_map_rows(const struct linear_map *w, size_t first, size_t n, float *rows)
{
    assert(n <= LM_MAP_ROWS && first + n <= linear_rows(w));
    linear_read(w, first, n, rows);
    linear_round(w->kind, n * linear_cols(w), rows, rows);
}

/* All of a row's long side is there at once; the other side is cut. */
void lm_map_back(const struct linear_map *w, size_t n, const float *dy, float *dx,
                 float *rows)
{
    const size_t count = linear_rows(w), length = linear_cols(w);
    memset(dx, 0, n * w->in * sizeof *dx);
    for (size_t i = 0; i < count; i += LM_MAP_ROWS) {
        const size_t some = count - i < LM_MAP_ROWS ? count - i : LM_MAP_ROWS;
        lm_map_rows(w, i, some, rows);
        if (w->in_out) { /* dx's columns are rows */
            gemm_f32(NO_TRANS, TRANS, n, some, length, 1.0f, dy, length, rows, length,
                     1.0f, dx + i, count);
        } else { /* dy's are */
            gemm_f32(NO_TRANS, NO_TRANS, n, length, some, 1.0f, dy + i, count, rows,
                     length, 1.0f, dx, length);
        }
    }
}
