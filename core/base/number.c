#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No space, "inf", "nan" or hexadecimal number, all of which strtod takes. */
static bool is_decimal(const char *text)
{
    return text[strspn(text, "+-.0123456789eEkMG")] == '\0';
}

bool number_real(const char *text, double *out)
{
    static const struct {
        char letter;
        double scale;
    } suffixes[] = {{'k', 1e3}, {'M', 1e6}, {'G', 1e9}};
    char *end = NULL;
    errno = 0;
    double v = strtod(text, &end);
    if (end == text || errno == ERANGE || !is_decimal(text)) {
        return false;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (*end == suffixes[i].letter) {
            v *= suffixes[i].scale;
            end++;
            break;
        }
    }
    if (*end != '\0' || !isfinite(v)) {
        return false;
    }
    *out = v;
    return true;
}

bool number_whole(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno != ERANGE && is_decimal(text)) {
        *out = v;
        return true;
    }
    double real = 0;
    if (!number_real(text, &real) || fabs(real) > 9e15 || fabs(real - rint(real)) > 0) {
        return false;
    }
    *out = (int64_t)real;
    return true;
}

bool number_hash(const char *text, uint64_t *out)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 16 || strspn(text, digits) != 16) {
        return false;
    }
    *out = strtoull(text, NULL, 16);
    return true;
}

const char *number_show(char out[NUMBER_TEXT], enum number_style style, int width,
                        int decimals, double v)
{
    if (!isfinite(v)) {
        snprintf(out, NUMBER_TEXT, "%*s", width, "-");
    } else if (style == NUMBER_POWER || fabs(v) >= 1e15) {
        snprintf(out, NUMBER_TEXT, "%*.*e", width, decimals, v);
    } else if (style == NUMBER_SIGNED) {
        snprintf(out, NUMBER_TEXT, "%+*.*f", width, decimals, v);
    } else {
        snprintf(out, NUMBER_TEXT, "%*.*f", width, decimals, v);
    }
    return out;
}

const char *number_bytes(char out[NUMBER_TEXT], double v)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    while (v >= 999.5 && i < 4) {
        v /= 1000;
        i++;
    }
    (void)snprintf(out, NUMBER_TEXT, i > 0 && v < 9.95 ? "%.1f %s" : "%.0f %s", v,
                   unit[i]);
    return out;
}

const char *number_count(char out[NUMBER_TEXT], double n)
{
    if (n >= 1e6) {
        (void)snprintf(out, NUMBER_TEXT, "%.1fM", n / 1e6);
    } else if (n >= 1e3) {
        (void)snprintf(out, NUMBER_TEXT, "%.1fk", n / 1e3);
    } else {
        (void)snprintf(out, NUMBER_TEXT, "%.0f", n);
    }
    return out;
}

const char *number_percent(char out[NUMBER_TEXT], int decimals, double share)
{
    const double least = pow(10.0, -decimals), percent = 100.0 * share;
    const bool low = percent > 0.0 && percent < 0.5 * least;
    const bool high = percent < 100.0 && percent >= 100.0 - 0.5 * least;
    if (!low && !high) {
        return number_show(out, NUMBER_PLAIN, 0, decimals, percent);
    }
    (void)snprintf(out, NUMBER_TEXT, "%s%.*f", low ? "<" : ">", decimals,
                   low ? least : 100.0 - least);
    return out;
}

const char *number_thousands(char out[NUMBER_TEXT], int64_t n)
{
    char digits[24];
    char text[32];
    const uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)size);
    const size_t len = strlen(digits);
    size_t at = 0;
    if (n < 0) {
        text[at++] = '-';
    }
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
    snprintf(out, NUMBER_TEXT, "%s", text);
    return out;
}
