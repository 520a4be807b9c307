#include "ui/plot_axis.h"

#include "ui/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The next smaller of 1, 2, 5 times a power of ten. */
static double smaller_step(double step)
{
    const double fold = round(step / pow(10.0, floor(log10(step) + 1e-9)));
    return fold == 5 ? step * 0.4 : step * 0.5;
}

/* The least of 1, 2, 5 times a power of ten that is at least v > 0. */
static double round_step(double v)
{
    const double power = pow(10.0, floor(log10(v)));
    const double folds[] = {1.0, 2.0, 5.0, 10.0};
    for (size_t i = 0; i < 4; i++) {
        if (folds[i] * power >= v * (1.0 - 1e-9)) {
            return folds[i] * power;
        }
    }
    return 10.0 * power;
}

/* Multiples of t->step in the range. */
static void fill_ticks(struct axis_ticks *t, double lo, double hi)
{
    const double first = ceil(lo / t->step - 1e-9);
    t->n = 0;
    for (int i = 0; i < AXIS_TICKS; i++) {
        const double at = (first + i) * t->step;
        if (at > hi + 1e-9 * t->step) {
            break;
        }
        t->at[t->n++] = at == 0 ? 0 : at; /* no minus zero */
    }
}

/* Keep every nth tick, so that about `want`, and at least two, remain. */
static void thin_ticks(struct axis_ticks *t, size_t want)
{
    const size_t n = t->n;
    const size_t stride = n > want ? (n + want - 1) / (want + 1) : 1;
    t->n = 0;
    for (size_t i = 0; i < n; i += stride) {
        t->at[t->n++] = t->at[i];
    }
}

static void linear_ticks(struct axis_ticks *t, double lo, double hi, int want)
{
    t->n = 0;
    t->step = round_step((hi - lo) / want);
    /* A range smaller than its own rounding has no room for ticks. */
    if (!(t->step > 0) || !isfinite(t->step) ||
        t->step < 1e-13 * fmax(fabs(lo), fabs(hi))) {
        return;
    }
    fill_ticks(t, lo, hi);
    /* A single tick gives no scale: take finer ones, thinned again. */
    const bool few = t->n < 2;
    for (int i = 0; i < 3 && t->n < 2; i++) {
        t->step = smaller_step(t->step);
        fill_ticks(t, lo, hi);
    }
    if (few) {
        thin_ticks(t, (size_t)want);
    }
}

/* Powers of ten times each of folds[], thinned to every `stride`th decade. */
static size_t log_ticks(struct axis_ticks *t, double lo, double hi, const double *folds,
                        size_t n_folds, int stride)
{
    size_t n = 0;
    const int first = (int)floor(log10(lo));
    const int last = (int)floor(log10(hi));
    for (int d = first; d <= last; d++) {
        if (d % stride != 0) {
            continue;
        }
        for (size_t i = 0; i < n_folds; i++) {
            const double at = folds[i] * pow(10.0, d);
            if (at < lo * (1 - 1e-9) || at > hi * (1 + 1e-9)) {
                continue;
            }
            if (n < AXIS_TICKS) {
                t->at[n] = at;
            }
            n++;
        }
    }
    return n;
}

void axis_ticks(struct axis_ticks *t, double lo, double hi, int want, bool log)
{
    t->n = 0;
    t->step = 0;
    if (!(hi > lo) || !isfinite(hi - lo)) {
        return;
    }
    if (want < 2) {
        want = 2;
    } else if (want > AXIS_TICKS) {
        want = AXIS_TICKS;
    }
    if (!log || !(lo > 0)) {
        linear_ticks(t, lo, hi, want);
        return;
    }
    static const double folds[] = {1, 2, 5};
    size_t n = log_ticks(t, lo, hi, folds, 3, 1);
    if (n < 2) {
        linear_ticks(t, lo, hi, want);
        return;
    }
    for (int stride = 1; n > (size_t)want && stride < 400; stride *= 2) {
        n = log_ticks(t, lo, hi, folds, 1, stride);
    }
    if (n < 2) { /* decades alone are too few here */
        n = log_ticks(t, lo, hi, folds, 3, 1);
        t->n = n < AXIS_TICKS ? n : AXIS_TICKS;
        thin_ticks(t, (size_t)want);
        return;
    }
    t->n = n < AXIS_TICKS ? n : AXIS_TICKS;
}

/* ---- numbers ---- */

static const struct {
    double unit;
    const char *suffix;
} units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};

/* Write "3.1e-4" with `digits` significant digits. */
static void spell_power(char *out, size_t cap, double v, int digits)
{
    char text[48];
    snprintf(text, sizeof text, "%.*e", digits > 1 ? digits - 1 : 0, v);
    char *exponent = strchr(text, 'e');
    if (!exponent) {
        snprintf(out, cap, "%s", text);
        return;
    }
    *exponent++ = '\0';
    const bool negative = *exponent == '-';
    exponent++;
    while (exponent[0] == '0' && exponent[1]) {
        exponent++;
    }
    snprintf(out, cap, "%.20se%s%.8s", text, negative ? "-" : "", exponent);
}

/* Write v with `digits` significant digits, in the form that suits its size. */
static void spell_number(char *out, size_t cap, double v, int digits)
{
    const double a = fabs(v);
    if (a >= 1e15 || a < 0.9995e-3) {
        spell_power(out, cap, v, digits < 2 ? digits : 2);
        return;
    }
    double scaled = v;
    const char *suffix = "";
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        /* Thousands are written out up to 9999; the next unit begins where rounding to
         * the digits shown would reach it. */
        const double from = i == 3 ? 9999.5 : units[i].unit * 0.9995;
        if (a >= from) {
            scaled = v / units[i].unit;
            suffix = units[i].suffix;
            break;
        }
    }
    const int before = (int)floor(log10(fabs(scaled))) + 1;
    int after = digits - before;
    if (after > 0 && fabs(scaled) >= pow(10.0, before) - 0.5 * pow(10.0, -after)) {
        after--; /* 9.9996 rounds to a number with one digit more before the point */
    }
    char text[48];
    int n = snprintf(text, sizeof text, "%.*f", after > 0 ? after : 0, scaled);
    if (floor(v) == v &&
        strchr(text, '.')) { /* all digits of a whole number are certain */
        while (text[n - 1] == '0') {
            text[--n] = '\0';
        }
        if (text[n - 1] == '.') {
            text[--n] = '\0';
        }
    }
    snprintf(out, cap, "%.40s%s", text, suffix);
}

void plot_number(char *out, size_t cap, double v, int width)
{
    char text[64];
    if (cap == 0) {
        return;
    }
    const size_t room = width > 0 ? (size_t)width : 0;
    if (!isfinite(v)) {
        snprintf(text, sizeof text, "%s", "-");
    } else if (fabs(v) < 1e4 && floor(v) == v) { /* whole; also keeps -0 out */
        snprintf(text, sizeof text, "%d", (int)v);
    } else {
        for (int digits = 4; digits >= 1; digits--) {
            spell_number(text, sizeof text, v, digits);
            if (strlen(text) > room && digits <= 2 && fabs(v) < 1) {
                char *zero = strstr(text, "0.");
                if (zero && zero <= text + 1) { /* "0.35" to ".35" */
                    memmove(zero, zero + 1, strlen(zero));
                }
            }
            if (strlen(text) <= room) {
                break;
            }
        }
    }
    if (strlen(text) > room) { /* never a number that lost significant digits */
        memset(text, '#', sizeof text);
        text[room < sizeof text - 1 ? room : sizeof text - 1] = '\0';
    }
    snprintf(out, cap, "%s", text);
}

/* How many significant digits tell v from its neighbours a step away; fewer if the last
 * are zeros. */
static int digits_above(double v, double step)
{
    const double top = floor(log10(fabs(v)) + 1e-9);
    int digits = (int)(top - floor(log10(step) + 1e-9)) + 1;
    digits = digits < 1 ? 1 : digits > 12 ? 12 : digits;
    while (digits > 1) {
        const double scaled = fabs(v) / pow(10.0, top - digits + 2);
        if (fabs(scaled - round(scaled)) > 1e-3) {
            break;
        }
        digits--;
    }
    return digits;
}

void axis_label(char *out, size_t cap, double v, double step, int width)
{
    char text[64];
    const size_t room = width > 0 ? (size_t)width : 0;
    if (!(step > 0) && v != 0) { /* a logarithmic tick is one digit */
        step = pow(10.0, floor(log10(fabs(v)) + 1e-9));
    }
    const double biggest = fmax(fabs(v), step);
    if (v == 0) {
        snprintf(text, sizeof text, "0");
    } else if (biggest >= 1e15 || (step < 0.9e-4 && fabs(v) < 0.9e-2)) {
        spell_power(text, sizeof text, v, digits_above(v, step));
    } else {
        double unit = 1;
        const char *suffix = "";
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (fabs(v) >= units[i].unit * 0.9999999) {
                unit = units[i].unit;
                suffix = units[i].suffix;
                break;
            }
        }
        /* Decimals that tell ticks apart: those of the step, but 2.5k rather than 2500.
         */
        const int decimals = (int)ceil(-log10(step / unit) - 1e-6);
        snprintf(text, sizeof text, "%.*f%s", decimals > 0 ? decimals : 0, v / unit,
                 suffix);
        if (strlen(text) > room && fabs(v) < 1) {
            char *zero = strstr(text, "0.");
            if (zero && zero <= text + 1) {
                memmove(zero, zero + 1, strlen(zero));
            }
        }
    }
    if (strlen(text) > room) {
        text[0] = '\0';
    }
    snprintf(out, cap, "%s", text);
}
