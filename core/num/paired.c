#include "num/paired.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* ---- the anytime interval ---- */

static double error_of(double a, double df)
{
    return 2.0 * (stats_t_cdf(-a, df) + a * stats_t_density(a, df));
}

/* Returns the a with that error, which falls from 1 at a = 0 without end. */
static double boundary(size_t first, double alpha)
{
    const double df = (double)(first - 1);
    double low = 0.0, high = 1.0;
    while (error_of(high, df) > alpha) {
        low = high;
        high *= 2.0;
    }
    for (int i = 0; i < 200 && high - low > 1e-14 * high; i++) {
        const double mid = 0.5 * (low + high);
        if (error_of(mid, df) > alpha) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return 0.5 * (low + high);
}

static double anytime_half(size_t n, size_t first, double level)
{
    const double a = boundary(first, 1.0 - level), f = (double)first, m = (double)n;
    const double at = (log(m / f) + f * log1p(a * a / (f - 1.0))) / m;
    return sqrt((m - 1.0) * expm1(at));
}

/* Returns the least alpha whose interval at n does not contain 0. */
static double anytime_p(double t, size_t n, size_t first)
{
    const double f = (double)first, m = (double)n;
    const double at = (m * log1p(t * t / (m - 1.0)) - log(m / f)) / f;
    return at > 0.0 ? fmin(1.0, error_of(sqrt((f - 1.0) * expm1(at)), f - 1.0)) : 1.0;
}

/* ---- both ---- */

double paired_half(size_t n, size_t first, double level)
{
    if (n < 2 || n < first || first == 1) {
        return (double)NAN;
    }
    return first > 0 ? anytime_half(n, first, level)
                     : stats_t_quantile(0.5 + 0.5 * level, (double)(n - 1));
}

size_t paired_first(size_t n, size_t planned)
{
    return planned == 0 || n <= planned ? 0 : planned > 2 ? planned : 2;
}

double paired_widening(size_t n, size_t first, double level)
{
    return paired_half(n, first, level) / paired_half(n, 0, level);
}

size_t paired_regains(size_t first, double level)
{
    const double fixed = paired_half(first, 0, level) / sqrt((double)first);
    size_t n = first;
    while (paired_half(n, first, level) / sqrt((double)n) > fixed) {
        n++;
    }
    return n;
}

double paired_smallest(const struct paired *d, size_t first, double alpha)
{
    return d->sd > 0.0
               ? paired_half(d->n, first, 1.0 - alpha) * d->sd / sqrt((double)d->n)
               : (double)NAN;
}

/* Returns the size below which a difference of a and b is rounding. */
static double rounding(double a, double b)
{
    return 8.0 * DBL_EPSILON * fmax(fabs(a), fabs(b));
}

/* Sets lower, higher and sd; true if all differences are the same number. */
static bool describe(size_t n, const double *a, const double *b, struct paired *out)
{
    double low = (double)INFINITY, high = -(double)INFINITY, most = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = b[i] - a[i], slack = rounding(a[i], b[i]);
        out->lower += d < -slack ? 1 : 0;
        out->higher += d > slack ? 1 : 0;
        low = fmin(low, d);
        high = fmax(high, d);
        most = fmax(most, slack);
        squares += (d - out->by.mean) * (d - out->by.mean);
    }
    out->sd = n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN;
    return high - low <= 2.0 * most;
}

void paired_of(size_t n, const double *before, const double *after, size_t first,
               double level, struct paired *out)
{
    *out = (struct paired){.n = n,
                           .before = stats_mean(n, before),
                           .after = stats_mean(n, after),
                           .by = stats_paired_t(n, before, after, level),
                           .p = stats_paired_p(n, before, after)};
    const bool alike = describe(n, before, after, out);
    if (n < 2 || n < first) {
        out->by.low = out->by.high = out->p = (double)NAN;
    } else if (alike) {
        const bool none = out->lower + out->higher == 0;
        out->sd = 0.0;
        out->by.mean = none ? 0.0 : out->by.mean;
        out->by.low = out->by.high = (double)NAN;
        out->p = none ? 1.0 : exp2(1.0 - (double)(first > 0 ? first : n));
    } else if (first > 0) {
        const double unit = out->sd / sqrt((double)n);
        const double half = paired_half(n, first, level) * unit;
        out->by.low = out->by.mean - half;
        out->by.high = out->by.mean + half;
        out->p = anytime_p(out->by.mean / unit, n, first);
    }
}

bool paired_seed_is(struct paired_seed x, struct paired_seed y)
{
    return x.text == y.text && x.weights == y.weights;
}

static size_t count_of(size_t n, const size_t *of, size_t which)
{
    size_t r = 0;
    for (size_t i = 0; i < n; i++) {
        r += of[i] == which;
    }
    return r;
}

size_t paired_by_seed(size_t n, const size_t *of, const struct paired_seed *seed,
                      size_t a, size_t b, size_t *of_a, size_t *of_b)
{
    const bool single = count_of(n, of, a) == 1 && count_of(n, of, b) == 1;
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n && of[i] == a; k++) {
            if (of[k] == b && (single || paired_seed_is(seed[i], seed[k]))) {
                of_a[pairs] = i;
                of_b[pairs++] = k;
                break;
            }
        }
    }
    return pairs;
}
