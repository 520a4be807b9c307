#include "ui/pane.h"

#include "ui/text.h"

#include <stdio.h>
#include <string.h>

int pane_metric(size_t i)
{
    return measure_pane((int)i + 1);
}

static unsigned traits_of(int metric)
{
    return measure_at((enum metric)metric)->traits;
}

bool pane_is_noisy(int metric)
{
    return traits_of(metric) & MEASURE_NOISY;
}

static const char *fact_of(const struct session_view *v, const char *name)
{
    for (size_t i = 0; i < v->n_facts; i++) {
        if (!strcmp(v->fact[i].name, name)) {
            return v->fact[i].value;
        }
    }
    return NULL;
}

/* Name of the OOD text, or of the text used in its place. */
static const char *taken_on_ood(const struct session_view *v)
{
    const char *ood = fact_of(v, "ood");
    return ood && strcmp(ood, SESSION_TAIL) == 0 ? "on the held-back tail, unmasked"
                                                 : "on OOD text, unmasked";
}

const char *pane_taken_on(const struct session_view *v, int metric)
{
    const unsigned traits = traits_of(metric);
    if (traits & MEASURE_EVALUATED) {
        return traits & MEASURE_OOD ? taken_on_ood(v) : "on held-out text, unmasked";
    }
    if (!(traits & MEASURE_ON_BATCH) || v->state == SESSION_LOADING) {
        return "";
    }
    const bool a = v->cond[0].rate_in_use > 0;
    const bool b = v->n_conds > 1 && v->cond[1].rate_in_use > 0;
    /* Switched off, but the text in use is from before. */
    const bool still =
        (a && v->cond[0].rate_set <= 0) || (b && v->cond[1].rate_set <= 0);
    if (v->n_conds < 2 || a == b) {
        return !a      ? "on unmasked batches"
               : still ? "still on masked batches"
                       : "on masked batches";
    }
    /* Batches of one kind say nothing about the other. */
    if (a) {
        return still ? "A still masked: not comparable"
                     : "A masked, B not: not comparable";
    }
    return still ? "B still masked: not comparable" : "B masked, A not: not comparable";
}

/* Whether a measure needs the model: what activations alone give has come with the
 * first evaluation. */
static bool takes_model(const struct session_view *v, unsigned traits)
{
    return (traits & (MEASURE_OOD | MEASURE_CONCEPTS)) ||
           ((traits & MEASURE_EVALUATED) && v->cond[0].series[METRIC_EV].n);
}

enum want pane_wants(const struct session_view *v, int metric)
{
    const unsigned traits = traits_of(metric);
    const char *ood = fact_of(v, "ood");
    const bool over = v->state == SESSION_BROWSING || v->state == SESSION_ENDED;
    if (v->no_model && takes_model(v, traits)) {
        return WANT_MODEL;
    }
    if ((traits & MEASURE_OOD) && ood && !ood[0]) {
        return WANT_OOD;
    }
    if ((traits & MEASURE_CONCEPTS) && !v->names.n_concepts) {
        return WANT_CONCEPTS;
    }
    if ((traits & MEASURE_CONCEPTS) && v->cond[0].series[METRIC_EV].n) {
        return WANT_TOLD;
    }
    return !over ? WANT_COUNT : (traits & MEASURE_EVALUATED) ? WANT_EVAL : WANT_STEPS;
}

void pane_why_empty(const struct session_view *v, int metric, char *out, size_t cap)
{
    const unsigned traits = traits_of(metric);
    const enum want want = pane_wants(v, metric);
    char step[32];
    if (v->state == SESSION_LOADING) {
        out[0] = '\0'; /* a window says what is loading */
    } else if (want < WANT_COUNT) {
        snprintf(out, cap, "%s", want_says(want));
    } else if (v->state == SESSION_FAILED) {
        snprintf(out, cap, "the run stopped before this was measured");
    } else if ((traits & MEASURE_EVALUATED) && v->evaluating) {
        snprintf(out, cap, "the first evaluation is running");
    } else if ((traits & MEASURE_EVALUATED) && v->eval_next_step > 0) {
        text_thousands(step, sizeof step, (int64_t)v->eval_next_step);
        snprintf(out, cap, "first evaluation at step %s", step);
    } else if ((traits & MEASURE_EVALUATED) && !v->eval_ready) {
        snprintf(out, cap, "preparing the held-out text");
    } else if (traits & MEASURE_EVALUATED) {
        snprintf(out, cap, "the first evaluation comes soon");
    } else if (v->step > 0 && v->cond[0].series[METRIC_LOSS].n) {
        snprintf(out, cap, "not measured for this kind of SAE");
    } else {
        snprintf(out, cap, "first values after a few steps");
    }
}
