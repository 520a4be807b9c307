#include "eval/latent_stats.h"

#include "base/mem.h"
#include "measure/measure.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

#define DECADES    7   /* of the density histogram: 1e-7 .. 1 */
#define PAIR_BLOCK 256 /* rows whose cosines are taken together */

/* ---- firing ---- */

struct firing {
    double tokens, prompts; /* prompts: rows */
    uint64_t *fires, *rows; /* [F] tokens and rows in which each fires */
    int64_t *last_row;      /* [F] the last of them */
};

static void count_firing(const struct acts_set *set, const struct sae_codes *codes,
                         struct firing *f)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->special[i]) {
            continue;
        }
        f->tokens += 1.0;
        const int64_t row = (int64_t)(i / set->T) + 1;
        for (size_t k = codes->start[i]; k < codes->start[i + 1]; k++) {
            const size_t j = (size_t)codes->id[k];
            f->fires[j]++;
            f->rows[j] += f->last_row[j] != row;
            f->last_row[j] = row;
        }
    }
}

/* The share of latents whose density is above or at most a limit. */
static double share(const struct firing *f, size_t F, double limit, bool above)
{
    size_t n = 0;
    for (size_t j = 0; j < F; j++) {
        const double density = (double)f->fires[j] / f->tokens;
        n += above ? density > limit : density <= limit;
    }
    return (double)n / (double)F;
}

/* ... and the share of all firing that is by latents above it. */
static double part_of_firing(const struct firing *f, size_t F, double limit)
{
    double all = 0.0, above = 0.0;
    for (size_t j = 0; j < F; j++) {
        const double density = (double)f->fires[j] / f->tokens;
        all += density;
        above += density > limit ? density : 0.0;
    }
    return all > 0.0 ? above / all : (double)NAN;
}

static enum err histogram(const struct firing *f, size_t F, struct report *r,
                          struct errinfo *e)
{
    double count[DECADES + 1] = {0};
    for (size_t j = 0; j < F; j++) {
        if (f->fires[j] == 0) {
            count[0] += 1.0;
            continue;
        }
        double decade = floor(log10((double)f->fires[j] / f->tokens)) + DECADES + 1.0;
        decade = decade < 1.0 ? 1.0 : decade > DECADES ? DECADES : decade;
        count[(size_t)decade] += 1.0;
    }
    return report_list(r, "log10_density", cJSON_CreateDoubleArray(count, DECADES + 1),
                       e);
}

static enum err firing_figures(const struct firing *f, size_t F, struct report *r,
                               struct errinfo *e)
{
    double log_density = 0.0, consistency = 0.0, living = 0.0;
    for (size_t j = 0; j < F; j++) {
        if (f->fires[j] > 0) {
            living += 1.0;
            log_density += log10((double)f->fires[j] / f->tokens);
            consistency += (double)f->fires[j] / (double)f->rows[j];
        }
    }
    const double none = (double)NAN;
    TRY(report_value(r, (double)F, e, "latents.width"));
    TRY(report_value(r, f->tokens, e, "latents.tokens"));
    TRY(report_value(r, share(f, F, 0.0, false), e, "%s",
                     measure_at(METRIC_DEAD_CLEAN)->path));
    TRY(report_value(r, share(f, F, 1e-6, false), e, "latents.below_1e-6"));
    TRY(report_value(r, share(f, F, 1e-5, false), e, "latents.below_1e-5"));
    TRY(report_value(r, share(f, F, 0.01, true), e, "latents.dense_1_percent"));
    TRY(report_value(r, share(f, F, 0.1, true), e, "latents.dense_10_percent"));
    TRY(report_value(r, part_of_firing(f, F, 0.01), e,
                     "latents.dense_1_percent_share"));
    TRY(report_value(r, part_of_firing(f, F, 0.1), e,
                     "latents.dense_10_percent_share"));
    TRY(report_value(r, living > 0.0 ? log_density / living : none, e,
                     "latents.mean_log10_density"));
    TRY(report_value(r, living > 0.0 ? consistency / living : none, e,
                     "latents.consistency"));
    return histogram(f, F, r, e);
}

static void put_details(const struct firing *f, size_t F, struct json_out *o)
{
    json_out_object(o, "latents"); /* [latent] */
    json_out_number(o, "tokens", f->tokens);
    json_out_array(o, "fires");
    for (size_t j = 0; j < F; j++) {
        json_out_number(o, NULL, (double)f->fires[j]);
    }
    json_out_end(o);
    json_out_array(o, "rows");
    for (size_t j = 0; j < F; j++) {
        json_out_number(o, NULL, (double)f->rows[j]);
    }
    json_out_end(o);
    json_out_end(o);
}

static enum err measure_firing(const struct acts_set *set, const struct sae *s,
                               struct pool *pool, struct report *r, struct errinfo *e)
{
    struct firing f = {0};
    struct sae_codes codes = {0};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&f.fires, s->F, sizeof *f.fires, "latents", e));
    TRY_OUT(rc, mem_new(&f.rows, s->F, sizeof *f.rows, "latents", e));
    TRY_OUT(rc, mem_new(&f.last_row, s->F, sizeof *f.last_row, "latents", e));
    TRY_OUT(rc, sae_encode(s, set->x, set->n, pool, &codes, e));
    count_firing(set, &codes, &f);
    TRY_OUT(rc, firing_figures(&f, s->F, r, e));
    if (r->details != NULL) {
        put_details(&f, s->F, r->details);
    }
out:
    sae_codes_deinit(&codes);
    mem_free(f.fires);
    mem_free(f.rows);
    mem_free(f.last_row);
    return rc;
}

/* ---- directions ---- */

enum err unit_rows(const float *w, size_t n, size_t D, float **out, struct errinfo *e)
{
    float *u = NULL;
    TRY(mem_new(&u, n, D * sizeof *u, "directions", e));
    for (size_t i = 0; i < n; i++) {
        double square = 0.0;
        for (size_t d = 0; d < D; d++) {
            square += (double)w[i * D + d] * (double)w[i * D + d];
        }
        const double f = square > 0.0 ? 1.0 / sqrt(square) : 0.0;
        for (size_t d = 0; d < D; d++) {
            u[i * D + d] = (float)((double)w[i * D + d] * f);
        }
    }
    *out = u;
    return OK;
}

static void scan_cosines(const float *c, size_t rows, size_t first, size_t m, bool skip,
                         bool sign, double *each, struct cosine_sums *sum)
{
    for (size_t i = 0; i < rows; i++) {
        double best = sign ? -1.0 : 0.0;
        for (size_t k = 0; k < m; k++) {
            const double v = (double)c[i * m + k];
            if (skip && k == first + i) {
                continue;
            }
            const double size = sign ? v : fabs(v);
            best = size > best ? size : best;
            sum->abs += fabs(v);
            sum->negative += v < 0.0 ? -v : 0.0;
        }
        sum->best += best;
        if (each != NULL) {
            each[first + i] = best;
        }
    }
}

enum err cosine_measure(const float *a, size_t n, const float *b, size_t m, size_t D,
                        bool skip, bool sign, double *each, struct cosine_sums *out,
                        struct errinfo *e)
{
    struct cosine_sums sum = {0.0, 0.0, 0.0};
    float *ua = NULL, *ub = NULL, *c = NULL;
    enum err rc = OK;
    TRY_OUT(rc, unit_rows(a, n, D, &ua, e));
    TRY_OUT(rc, unit_rows(b, m, D, &ub, e));
    TRY_OUT(rc, mem_new(&c, PAIR_BLOCK, m * sizeof *c, "cosines", e));
    for (size_t first = 0; first < n; first += PAIR_BLOCK) {
        const size_t rows = n - first < PAIR_BLOCK ? n - first : PAIR_BLOCK;
        gemm_f32(NO_TRANS, TRANS, rows, m, D, 1.0F, ua + first * D, D, ub, D, 0.0F, c,
                 m);
        scan_cosines(c, rows, first, m, skip, sign, each, &sum);
    }
    const double pairs = (double)n * (double)(skip ? m - 1 : m);
    *out = n > 0 && pairs > 0.0
               ? (struct cosine_sums){sum.best / (double)n, sum.abs / pairs,
                                      sum.negative / pairs}
               : (struct cosine_sums){NAN, NAN, NAN};
out:
    mem_free(ua);
    mem_free(ub);
    mem_free(c);
    return rc;
}

static enum err measure_directions(const struct sae *s, struct report *r,
                                   struct errinfo *e)
{
    const size_t n = s->F < LATENT_PAIRS ? s->F : LATENT_PAIRS;
    struct cosine_sums dec, enc;
    double norm = 0.0, both = 0.0;
    for (size_t j = 0; j < s->F; j++) {
        double ee = 0.0, dd = 0.0, ed = 0.0;
        for (size_t d = 0; d < s->D; d++) {
            const double a = (double)s->W_enc[j * s->D + d];
            const double b = (double)s->W_dec[j * s->D + d];
            ee += a * a;
            dd += b * b;
            ed += a * b;
        }
        norm += sqrt(ee);
        both += ee > 0.0 && dd > 0.0 ? ed / sqrt(ee * dd) : 0.0;
    }
    TRY(cosine_measure(s->W_dec, n, s->W_dec, s->F, s->D, true, true, NULL, &dec, e));
    TRY(cosine_measure(s->W_enc, n, s->W_enc, s->F, s->D, true, true, NULL, &enc, e));
    TRY(report_value(r, norm / (double)s->F, e, "latents.encoder_norm"));
    TRY(report_value(r, both / (double)s->F, e, "latents.encoder_decoder_cosine"));
    TRY(report_value(r, dec.best, e, "latents.max_decoder_cosine"));
    TRY(report_value(r, enc.best, e, "latents.max_encoder_cosine"));
    TRY(report_value(r, dec.abs, e, "latents.decoder_cosine_abs"));
    return report_value(r, dec.negative, e, "latents.decoder_cosine_negative");
}

enum err latent_stats(const struct acts_set *set, const struct sae *s,
                      struct pool *pool, struct report *r, struct errinfo *e)
{
    TRY(measure_firing(set, s, pool, r, e));
    return measure_directions(s, r, e);
}
