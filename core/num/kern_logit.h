/* The logistic loss of two classes in double, part of kern_body.h. */

#define LOGIT_ROWS                                                                     \
    512 /* a quarter of it: factors of at most 2 multiplied in a lane                  \
         */

struct logit_lanes {
    v4d product[2]; /* of 1 + e^-|z| */
    v4d above, pull[2];
};

INLINE double lanes_sum(v4d v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/* softplus(u) = max(u, 0) + log(1 + e^-|u|), u the logit away from the row's class. */
INLINE void logit_four(v4d s, v4d z, v4d *r, v4d *h, struct logit_lanes *sum)
{
    const v4l sign = (v4l)s & INT64_MIN;
    const v4l second = s < 0.0;
    const v4d size = (v4d)((v4l)s & INT64_MAX);
    const v4d u = (v4d)((v4l)z ^ sign);
    const v4d e = exp4((v4d)((v4l)u | INT64_MIN));
    const v4l up = u > 0.0;
    const v4d factor = 1.0 + e;
    const v4d q = 1.0 / factor;
    *r = s * (q * pick4(up, e, splat4(1.0)));
    *h = size * (e * q) * q;
    sum->product[0] *= pick4(second, factor, splat4(1.0));
    sum->product[1] *= pick4(second, splat4(1.0), factor);
    sum->above += size * (v4d)(up & (v4l)u);
    sum->pull[0] += (v4d)(~second & (v4l)*r);
    sum->pull[1] -= (v4d)(second & (v4l)*r);
}

INLINE void logit_whole(const double *s, const double *z, double *r, double *h,
                        struct logit_lanes *sum)
{
    v4d sv, zv, rv, hv;
    memcpy(&sv, s, sizeof sv);
    memcpy(&zv, z, sizeof zv);
    logit_four(sv, zv, &rv, &hv, sum);
    memcpy(r, &rv, sizeof rv);
    memcpy(h, &hv, sizeof hv);
}

/* Does the last n < 4 rows; missing ones have weight 0. */
INLINE void logit_part(size_t n, const double *s, const double *z, double *r, double *h,
                       struct logit_lanes *sum)
{
    double t[4][4] = {{0.0}, {-800.0, -800.0, -800.0, -800.0}};
    memcpy(t[0], s, n * sizeof **t);
    memcpy(t[1], z, n * sizeof **t);
    logit_whole(t[0], t[1], t[2], t[3], sum);
    memcpy(r, t[2], n * sizeof **t);
    memcpy(h, t[3], n * sizeof **t);
}

static void kern_logit(size_t n, const double weight[2], const double *s,
                       const double *z, double *r, double *h, struct logit_sums *out)
{
    double logs[2] = {0.0, 0.0};
    struct logit_lanes sum = {.above = splat4(0.0), .pull = {splat4(0.0), splat4(0.0)}};
    for (size_t first = 0; first < n; first += LOGIT_ROWS) {
        const size_t end = n - first < LOGIT_ROWS ? n : first + LOGIT_ROWS;
        size_t i = first;
        sum.product[0] = sum.product[1] = splat4(1.0);
        for (; i + 4 <= end; i += 4) {
            logit_whole(s + i, z + i, r + i, h + i, &sum);
        }
        if (i < end) {
            logit_part(end - i, s + i, z + i, r + i, h + i, &sum);
        }
        for (size_t c = 0; c < 2; c++) {
            const v4d p = sum.product[c];
            logs[c] += log((p[0] * p[2]) * (p[1] * p[3]));
        }
    }
    out->loss = weight[0] * logs[0] + weight[1] * logs[1] + lanes_sum(sum.above);
    out->pull[0] = lanes_sum(sum.pull[0]);
    out->pull[1] = lanes_sum(sum.pull[1]);
}
