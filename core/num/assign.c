#include "num/assign.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Rows and columns count from 1; 0 stands for none. Costs are -gain. */
struct assign {
    size_t n, m;
    const double *gain;
    double *u, *v;       /* potentials of rows [n+1] and columns [m+1] */
    double *least;       /* [m+1] smallest reduced cost of a path to a column */
    size_t *row_of;      /* [m+1] row that a column is paired with */
    size_t *way;         /* [m+1] the column before it on that path */
    unsigned char *used; /* [m+1] */
};

/* Does one step of the shortest path from the row matched with column j; returns the
 * next column. */
static size_t step(struct assign *a, size_t j)
{
    const size_t i = a->row_of[j];
    double delta = (double)INFINITY;
    size_t next = 0;
    a->used[j] = 1;
    for (size_t k = 1; k <= a->m; k++) {
        if (a->used[k]) {
            continue;
        }
        const double cost = -a->gain[(i - 1) * a->m + k - 1] - a->u[i] - a->v[k];
        if (cost < a->least[k]) {
            a->least[k] = cost;
            a->way[k] = j;
        }
        if (a->least[k] < delta) {
            delta = a->least[k];
            next = k;
        }
    }
    for (size_t k = 0; k <= a->m; k++) {
        if (a->used[k]) {
            a->u[a->row_of[k]] += delta;
            a->v[k] -= delta;
        } else {
            a->least[k] -= delta;
        }
    }
    return next;
}

static void place(struct assign *a, size_t row)
{
    size_t j = 0;
    a->row_of[0] = row;
    for (size_t k = 0; k <= a->m; k++) {
        a->least[k] = (double)INFINITY;
        a->used[k] = 0;
    }
    do {
        j = step(a, j);
    } while (a->row_of[j] != 0);
    while (j != 0) {
        const size_t before = a->way[j];
        a->row_of[j] = a->row_of[before];
        j = before;
    }
}

enum err assign_best(size_t n, size_t m, const double *gain, int32_t *column,
                     struct errinfo *e)
{
    struct assign a = {.n = n, .m = m, .gain = gain};
    enum err rc = OK;
    if (n > m) {
        return err_set(e, ERR_USAGE, "assignment: %zu rows, more than %zu columns", n,
                       m);
    }
    TRY_OUT(rc, mem_new(&a.u, n + 1, sizeof *a.u, "assignment", e));
    TRY_OUT(rc, mem_new(&a.v, m + 1, sizeof *a.v, "assignment", e));
    TRY_OUT(rc, mem_new(&a.least, m + 1, sizeof *a.least, "assignment", e));
    TRY_OUT(rc, mem_new(&a.row_of, m + 1, sizeof *a.row_of, "assignment", e));
    TRY_OUT(rc, mem_new(&a.way, m + 1, sizeof *a.way, "assignment", e));
    TRY_OUT(rc, mem_new(&a.used, m + 1, sizeof *a.used, "assignment", e));
    for (size_t row = 1; row <= n; row++) {
        place(&a, row);
    }
    for (size_t k = 1; k <= m; k++) {
        if (a.row_of[k] != 0) {
            column[a.row_of[k] - 1] = (int32_t)k - 1;
        }
    }
out:
    mem_free(a.u);
    mem_free(a.v);
    mem_free(a.least);
    mem_free(a.row_of);
    mem_free(a.way);
    mem_free(a.used);
    return rc;
}
