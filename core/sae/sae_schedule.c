#include "sae/sae_schedule.h"

#include "base/rng.h"
#include "sae/sae_arch.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

double sae_lr_at(const struct sae_train_config *c, int64_t step)
{
    /* Where latents are resampled the warm-up begins anew (dictionary_learning). */
    const bool restarts = c->dead == SAE_DEAD_RESAMPLE && c->resample_every > 0;
    const int64_t since = restarts ? step % c->resample_every : step;
    double factor = 1.0;
    if (since < c->warmup) {
        const int64_t risen = since + (c->warmup_from_zero ? 0 : 1);
        factor = (double)risen / (double)c->warmup;
    }
    const double decay_at = c->decay_from * (double)c->steps;
    const double at = (double)step, end = (double)c->steps;
    if (c->lr_schedule == SAE_LR_COSINE && end > 0) {
        const double share = fmin(at / end, 1.0);
        factor *= 0.1 + 0.45 * (1.0 + cos(PI * share));
    }
    if (at >= decay_at && end > decay_at) {
        /* The last step of the run still moves; past the end nothing does. */
        factor *= fmax(0.0, (end - at) / (end - decay_at));
    }
    return c->lr * factor;
}

double sae_coef_at(const struct sae_train_config *c, int64_t step)
{
    return step < c->coef_warmup ? (double)step / (double)c->coef_warmup : 1.0;
}

void sae_schedule_init(struct sae_schedule *s, const struct sae_arch *arch,
                       const struct sae_train_config *c)
{
    *s = (struct sae_schedule){
        .density = 1.0,
        .p = (arch->has & SAE_HAS_ANNEAL) != 0 ? 1.0 : c->hyper.lp,
        .factor = 1.0,
    };
}

/* Whether v is a whole number from 0 to most. */
static bool is_count(double v, int64_t most)
{
    return v >= 0 && v <= (double)most && floor(v) >= v;
}

enum err sae_schedule_check(const struct sae_schedule *s,
                            const struct sae_train_config *c, struct errinfo *e)
{
    bool fine = s->density >= 0 && s->density <= 1 && s->p > 0 && isfinite(s->p) &&
                s->next_p >= 0 && isfinite(s->next_p) && s->factor >= 0 &&
                isfinite(s->factor) && is_count(s->updates, c->anneal_updates) &&
                is_count(s->queued, c->anneal_queue);
    for (size_t i = 0; i < SAE_ANNEAL_QUEUE; i++) {
        fine = fine && isfinite(s->queue[i][0]) && isfinite(s->queue[i][1]);
    }
    return fine
               ? OK
               : err_set(e, ERR_FORMAT,
                         "schedule: found density %g, exponents %g and %g, factor %g, "
                         "%g updates, %g steps queued, which no run can have",
                         s->density, s->p, s->next_p, s->factor, s->updates, s->queued);
}

/* ---- p-anneal, as dictionary_learning's PAnnealTrainer ---- */

/* Returns the exponent after i updates: evenly from 1 to p_end at the last and after
 * it. */
static double exponent(const struct sae_train_config *c, double i)
{
    const double last = (double)c->anneal_updates - 1;
    if (i > last) {
        return c->p_end;
    }
    return last > 0 ? 1.0 + (c->p_end - 1.0) * i / last : 1.0;
}

static double queue_mean(const struct sae_schedule *s, int which)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)s->queued; i++) {
        sum += s->queue[i][which];
    }
    return sum / s->queued;
}

static void remember(struct sae_schedule *s, int64_t length, double penalty,
                     double next_penalty)
{
    const size_t n = (size_t)s->queued;
    if ((int64_t)n == length) {
        memmove(s->queue, s->queue + 1, (n - 1) * sizeof s->queue[0]);
        s->queued -= 1;
    }
    s->queue[(size_t)s->queued][0] = penalty;
    s->queue[(size_t)s->queued][1] = next_penalty;
    s->queued += 1;
}

void sae_schedule_anneal(struct sae_schedule *s, const struct sae_train_config *c,
                         int64_t step, double penalty, double next_penalty)
{
    const double n = (double)c->anneal_updates;
    if (s->next_p > 0) {
        remember(s, c->anneal_queue, penalty, next_penalty);
    }
    const double from = c->anneal_from * (double)c->steps;
    const double to = c->anneal_to * (double)c->steps;
    const double due = n > 1 ? from + (to - from) * s->updates / (n - 1) : from;
    if (s->updates >= n || (double)step < floor(due)) {
        return;
    }
    if (s->next_p > 0 && queue_mean(s, 1) > 0) {
        s->factor *= queue_mean(s, 0) / queue_mean(s, 1);
    }
    s->p = exponent(c, s->updates);
    s->next_p = exponent(c, s->updates + 1);
    s->updates += 1;
}

/* ---- drawn prefixes ---- */

void sae_schedule_widths(const struct sae_hyper *h, uint64_t seed, int64_t step,
                         size_t *width)
{
    const size_t n = h->groups, F = h->width[n - 1], least = h->width[0];
    width[n - 1] = F;
    for (size_t i = 0; i + 1 < n; i++) {
        const double u = rng_unit_at(seed, RNG_PREFIX, (uint64_t)step, (uint64_t)i);
        const double w = (double)least * exp(u * log((double)F / (double)least));
        size_t at = i; /* kept rising, by insertion */
        while (at > 0 && width[at - 1] > (size_t)w) {
            width[at] = width[at - 1];
            at--;
        }
        width[at] = (size_t)w;
    }
    /* Equal ones move apart, upwards as far as the later ones leave room. */
    for (size_t i = 0; i + 1 < n; i++) {
        const size_t floor = i > 0 ? width[i - 1] + 1 : 1, ceiling = F - (n - 1 - i);
        width[i] = width[i] > floor ? width[i] : floor;
        width[i] = width[i] < ceiling ? width[i] : ceiling;
    }
}
