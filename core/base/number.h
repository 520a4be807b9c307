/* Numbers as people write them. Any thread. */
#ifndef SAETOP_BASE_NUMBER_H
#define SAETOP_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A finite decimal number (not hexadecimal, no space) with an optional k, M or G after
 * it, and nothing else: "0.3", "20k". False leaves *out alone. */
bool number_real(const char *text, double *out);
/* A whole number, written as such or as 1e6, 20k, 20M: exact as far as a double is (up
 * to 9e15). */
bool number_whole(const char *text, int64_t *out);
/* A hash as in files: 16 digits of 0123456789abcdef and nothing else. */
bool number_hash(const char *text, uint64_t *out);

/* A measure for people to read: `decimals` digits after the point, right-aligned in
 * `width` columns; a dash if it was not measured or is not finite. Returns out. NUMBER
 * brings room that lasts to the end of the block. */
enum { NUMBER_TEXT = 48 };
enum number_style { NUMBER_PLAIN, NUMBER_SIGNED, NUMBER_POWER };
const char *number_show(char out[NUMBER_TEXT], enum number_style style, int width,
                        int decimals, double v);
#define NUMBER(...) number_show((char[NUMBER_TEXT]){0}, __VA_ARGS__)
/* Bytes: "512 B", "1.6 GB", "24 MB". */
const char *number_bytes(char out[NUMBER_TEXT], double v);
#define NUMBER_BYTES(v) number_bytes((char[NUMBER_TEXT]){0}, v)
/* A count: "840", "12.3k", "1.2M". */
const char *number_count(char out[NUMBER_TEXT], double n);
#define NUMBER_COUNT(n) number_count((char[NUMBER_TEXT]){0}, n)

/* A share as a percentage without the sign: "37"; "<1" or ">99" (with one decimal
 * "<0.1", ">99.9") where it is neither 0 nor 1 but would be rounded to it. */
const char *number_percent(char out[NUMBER_TEXT], int decimals, double share);
#define NUMBER_PERCENT(...) number_percent((char[NUMBER_TEXT]){0}, __VA_ARGS__)

/* A whole number in groups of three digits, "12,400". Returns out; THOUSANDS brings
 * room as NUMBER does. */
const char *number_thousands(char out[NUMBER_TEXT], int64_t n);
#define THOUSANDS(n) number_thousands((char[NUMBER_TEXT]){0}, (n))

#endif
