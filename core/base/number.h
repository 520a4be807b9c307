/* Numbers as people write them. Any thread. */
#ifndef SAETOP_BASE_NUMBER_H
#define SAETOP_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A finite decimal number (not hexadecimal, no space) with an optional k, M or G after it, and nothing else: "0.3",
 * "20k". False leaves *out alone. */
bool number_real(const char *text, double *out);
/* A whole number, written as such or as 1e6, 20k, 20M: exact while a double holds it
 * (up to 9e15). */
bool number_whole(const char *text, int64_t *out);

#endif
