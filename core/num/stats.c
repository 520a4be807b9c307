#include "num/stats.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- description ---- */

double stats_mean(size_t n, const double *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return n > 0 ? sum / (double)n : (double)NAN;
}

double stats_sd(size_t n, const double *x)
{
    if (n < 2) {
        return (double)NAN;
    }
    const double mean = stats_mean(n, x);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (x[i] - mean) * (x[i] - mean);
    }
    return sqrt(sum / (double)(n - 1));
}

/* Orders ascending, NaN last. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y)) {
        return (isnan(x) ? 1 : 0) - (isnan(y) ? 1 : 0);
    }
    return (x > y ? 1 : 0) - (x < y ? 1 : 0);
}

void stats_sort(size_t n, double *x)
{
    if (n > 1) {
        qsort(x, n, sizeof *x, compare);
    }
}

double stats_quantile_sorted(size_t n, const double *x, double q)
{
    if (n == 0 || isnan(q)) {
        return (double)NAN;
    }
    const double at = fmin(fmax(q, 0.0), 1.0) * (double)(n - 1);
    const size_t i = (size_t)at;
    const double part = at - (double)i;
    return part > 0.0 ? x[i] + part * (x[i + 1] - x[i]) : x[i];
}

/* ---- Student's t ---- */

/* Returns Gamma(a + 1/2) / Gamma(a) for a > 0: by its expansion for large a (DLMF
 * 5.11.13), reached in steps of one. Not by lgamma, which writes a global. */
static double gamma_ratio(double a)
{
    double factor = 1.0;
    for (; a < 20.0; a += 1.0) {
        factor *= a / (a + 0.5);
    }
    const double r = 1.0 / a;
    double s = -399.0 / 262144.0 + r * (869.0 / 4194304.0);
    s = -21.0 / 32768.0 + r * s;
    s = 5.0 / 1024.0 + r * s;
    s = 1.0 / 128.0 + r * s;
    s = -1.0 / 8.0 + r * s;
    return factor * sqrt(a) * (1.0 + r * s);
}

/* Evaluates the continued fraction of the incomplete beta function (DLMF 8.17.22), by
 * Lentz's method; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m <= 20000; m++) {
        const double k = (double)m;
        const double terms[2] = {
            k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0)),
        };
        double step = 1.0;
        for (int i = 0; i < 2; i++) {
            d = 1.0 + terms[i] * d;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = 1.0 + terms[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            step = c * d;
            f *= step;
        }
        if (fabs(step - 1.0) < 1e-15) {
            break;
        }
    }
    return f;
}

/* Returns P(T > t) for t >= 0: half of I_x(df/2, 1/2) at x = df / (df + t^2). */
static double t_tail(double t, double df)
{
    if (isinf(t)) {
        return 0.0;
    }
    const double a = 0.5 * df, u = t * t / df; /* x = 1 / (1 + u) */
    const double x = 1.0 / (1.0 + u), y = u / (1.0 + u);
    /* x^a y^(1/2) / B(a, 1/2) */
    const double front =
        exp(-a * log1p(u)) * sqrt(y) * gamma_ratio(a) / sqrt(acos(-1.0));
    if (x < (a + 1.0) / (a + 2.5)) {
        return 0.5 * front * beta_fraction(a, 0.5, x) / a;
    }
    return 0.5 * (1.0 - front * beta_fraction(0.5, a, y) / 0.5);
}

/* (1 + t^2/df)^(-(df + 1)/2) Gamma((df + 1)/2) / (sqrt(pi df) Gamma(df/2)) */
double stats_t_density(double t, double df)
{
    if (isnan(t) || !(df > 0.0)) {
        return (double)NAN;
    }
    return exp(-0.5 * (df + 1.0) * log1p(t * t / df)) * gamma_ratio(0.5 * df) /
           sqrt(acos(-1.0) * df);
}

double stats_t_cdf(double t, double df)
{
    if (isnan(t) || !(df > 0.0)) {
        return (double)NAN;
    }
    return t > 0.0 ? 1.0 - t_tail(t, df) : t_tail(-t, df);
}

double stats_t_quantile(double p, double df)
{
    if (!(p >= 0.0 && p <= 1.0) || !(df > 0.0)) {
        return (double)NAN;
    }
    const double q = p < 0.5 ? p : 1.0 - p; /* the tail that is wanted */
    const double sign = p < 0.5 ? -1.0 : 1.0;
    if (q <= 0.0) {
        return sign * (double)INFINITY;
    }
    double low = 0.0, high = 1.0;
    while (t_tail(high, df) > q) {
        low = high;
        high *= 2.0;
    }
    /* Newton's steps, halving where one would leave the bracket. */
    double t = 0.5 * (low + high), step = t;
    for (int i = 0; i < 200 && fabs(step) > 1e-14 * t; i++) {
        const double over = t_tail(t, df) - q;
        low = over > 0.0 ? t : low;
        high = over > 0.0 ? high : t;
        const double next = t + over / stats_t_density(t, df);
        step = (next > low && next < high ? next : 0.5 * (low + high)) - t;
        t += step;
    }
    return q < 0.5 ? sign * t : 0.0;
}

/* Returns the interval of a mean from its standard deviation. */
static struct stats_interval interval(size_t n, double mean, double sd, double level)
{
    struct stats_interval r = {mean, (double)NAN, (double)NAN};
    if (n >= 2) {
        const double t = stats_t_quantile(0.5 + 0.5 * level, (double)(n - 1));
        r.low = mean - t * sd / sqrt((double)n);
        r.high = mean + t * sd / sqrt((double)n);
    }
    return r;
}

struct stats_interval stats_t_interval(size_t n, const double *x, double level)
{
    return interval(n, stats_mean(n, x), stats_sd(n, x), level);
}

/* Computes mean and standard deviation of b - a, without an array of differences. */
static void differences(size_t n, const double *a, const double *b, double *mean,
                        double *sd)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += b[i] - a[i];
    }
    *mean = n > 0 ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++) {
        const double d = b[i] - a[i] - *mean;
        squares += d * d;
    }
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN;
}

struct stats_interval stats_paired_t(size_t n, const double *a, const double *b,
                                     double level)
{
    double mean, sd;
    differences(n, a, b, &mean, &sd);
    return interval(n, mean, sd, level);
}

double stats_paired_p(size_t n, const double *a, const double *b)
{
    double mean, sd;
    differences(n, a, b, &mean, &sd);
    if (n < 2 || isnan(mean) || isnan(sd)) {
        return (double)NAN;
    }
    if (sd <= 0.0) { /* all differences alike */
        return fabs(mean) > 0.0 ? 0.0 : 1.0;
    }
    return 2.0 * t_tail(fabs(mean) / (sd / sqrt((double)n)), (double)(n - 1));
}

/* ---- bootstrap ---- */

struct cluster {
    double sum, weight;
};

/* Sums by cluster; drops those without a member. *used: how many remain. */
static enum err gather(size_t n, const double *x, const double *weight,
                       const int32_t *cluster, size_t n_clusters, struct cluster *c,
                       bool *seen, size_t *used, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        if (cluster[i] < 0 || (size_t)cluster[i] >= n_clusters) {
            return err_set(e, ERR_USAGE, "cluster %ld of value %zu, expected 0 to %zu",
                           (long)cluster[i], i, n_clusters - 1);
        }
        c[cluster[i]].sum += x[i];
        c[cluster[i]].weight += weight != NULL ? weight[i] : 1.0;
        seen[cluster[i]] = true;
    }
    *used = 0;
    for (size_t i = 0; i < n_clusters; i++) {
        if (seen[i]) {
            c[(*used)++] = c[i];
        }
    }
    return OK;
}

static double ratio(double sum, double weight)
{
    return weight > 0.0 ? sum / weight : (double)NAN;
}

/* Returns the share of draws left out at each end, for n >= 2 clusters. */
static double expanded_tail(size_t n, double level)
{
    const double df = (double)(n - 1);
    const double t = stats_t_quantile(0.5 + 0.5 * level, df);
    return 0.5 * erfc(t * sqrt((double)n / df) / sqrt(2.0));
}

/* Makes the interval from `reps` draws, each of as many clusters as there are. */
static void resample(const struct cluster *c, size_t used, size_t reps, double level,
                     uint64_t seed, double *draws, struct stats_interval *out)
{
    size_t good = 0;
    for (size_t r = 0; r < reps; r++) {
        struct rng rng = rng_begin(seed, RNG_BOOTSTRAP, r);
        struct cluster all = {0.0, 0.0};
        for (size_t i = 0; i < used; i++) {
            const struct cluster *one = &c[rng_below(&rng, used)];
            all.sum += one->sum;
            all.weight += one->weight;
        }
        draws[r] = ratio(all.sum, all.weight);
        good += isnan(draws[r]) ? 0 : 1;
    }
    stats_sort(reps, draws); /* NaN last: a draw without weight says nothing */
    const double tail = expanded_tail(used, level);
    out->low = stats_quantile_sorted(good, draws, tail);
    out->high = stats_quantile_sorted(good, draws, 1.0 - tail);
}

enum err stats_bootstrap(size_t n, const double *x, const double *weight,
                         const int32_t *cluster, size_t n_clusters, size_t reps,
                         double level, uint64_t seed, struct stats_interval *out,
                         struct errinfo *e)
{
    struct cluster *c = NULL;
    bool *seen = NULL;
    double *draws = NULL;
    size_t used = 0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&c, n_clusters, sizeof *c, "clusters", e));
    TRY_OUT(rc, mem_new(&seen, n_clusters, sizeof *seen, "clusters", e));
    TRY_OUT(rc, mem_new(&draws, reps, sizeof *draws, "bootstrap", e));
    TRY_OUT(rc, gather(n, x, weight, cluster, n_clusters, c, seen, &used, e));
    struct cluster all = {0.0, 0.0};
    for (size_t i = 0; i < used; i++) {
        all.sum += c[i].sum;
        all.weight += c[i].weight;
    }
    struct stats_interval r = {ratio(all.sum, all.weight), (double)NAN, (double)NAN};
    if (used >= 2) {
        resample(c, used, reps, level, seed, draws, &r);
    }
    *out = r;
out:
    mem_free(c);
    mem_free(seen);
    mem_free(draws);
    return rc;
}

/* ---- ranks ---- */

static double rank_among(size_t n, const double *x, size_t i)
{
    double below = 0, equal = 0;
    for (size_t k = 0; k < n; k++) {
        below += x[k] < x[i];
        equal += !(x[k] < x[i]) && !(x[k] > x[i]);
    }
    return below + (equal + 1.0) / 2.0;
}

double stats_spearman(size_t n, const double *x, const double *y)
{
    const double mean = ((double)n + 1.0) / 2.0;
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = rank_among(n, x, i) - mean, b = rank_among(n, y, i) - mean;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    return n >= 3 && xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

struct stats_interval stats_spearman_interval(size_t n, double r)
{
    if (n < 4 || isnan(r)) {
        return (struct stats_interval){r, (double)NAN, (double)NAN};
    }
    const double count = (double)n;
    const double most =
        1 - 6 / (count * (count * count - 1)); /* steps are twice that */
    const double z = atanh(fmin(fmax(r, -most), most));
    const double half = 1.959963984540054 * sqrt((1 + r * r / 2) / (count - 3));
    return (struct stats_interval){r, fmin(r, tanh(z - half)), fmax(r, tanh(z + half))};
}

/* ---- many tests ---- */

struct ranked {
    double p; /* first: compared as a double */
    size_t at;
};

enum err stats_holm(size_t n, const double *p, double *adjusted, struct errinfo *e)
{
    struct ranked *r = NULL;
    size_t m = 0;
    TRY(mem_new(&r, n, sizeof *r, "p values", e));
    for (size_t i = 0; i < n; i++) {
        r[i] = (struct ranked){p[i], i};
        m += isnan(p[i]) ? 0 : 1;
    }
    if (n > 1) {
        qsort(r, n, sizeof *r, compare);
    }
    double floor = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (i < m) {
            floor = fmax(floor, fmin(1.0, (double)(m - i) * r[i].p));
        }
        adjusted[r[i].at] = i < m ? floor : (double)NAN;
    }
    mem_free(r);
    return OK;
}

/* ---- ranks ---- */

enum err stats_auc(size_t n, const double *x, const uint8_t *y, double *out,
                   struct errinfo *e)
{
    struct ranked *r = NULL;
    double pos = 0.0, rank_sum = 0.0;
    TRY(mem_new(&r, n, sizeof *r, "ranks", e));
    for (size_t i = 0; i < n; i++) {
        r[i] = (struct ranked){x[i], i};
        pos += y[i] ? 1.0 : 0.0;
    }
    if (n > 1) {
        qsort(r, n, sizeof *r, compare);
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && !(r[end].p > r[i].p)) {
            end++;
        }
        const double rank = 0.5 * (double)(i + 1 + end); /* the mean of i+1..end */
        for (; i < end; i++) {
            rank_sum += y[r[i].at] ? rank : 0.0;
        }
    }
    const double neg = (double)n - pos;
    *out = pos > 0.0 && neg > 0.0 ? (rank_sum - 0.5 * pos * (pos + 1.0)) / (pos * neg)
                                  : (double)NAN;
    mem_free(r);
    return OK;
}
