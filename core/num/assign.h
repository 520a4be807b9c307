/* Optimal assignment. */
#ifndef SAETOP_NUM_ASSIGN_H
#define SAETOP_NUM_ASSIGN_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Pairs each of n rows with a column of its own, of m >= n, so that the sum of gain [n,
 * m] over the pairs is greatest; writes column [n]. Kuhn's algorithm with potentials,
 * O(n^2 m). ERR_USAGE for n > m, ERR_NOMEM. Any thread. */
enum err assign_best(size_t n, size_t m, const double *gain, int32_t *column,
                     struct errinfo *e) ERR_CHECKED;

#endif
