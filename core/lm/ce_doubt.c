#include "lm/ce_doubt.h"

#include <math.h>
#include <stddef.h>

/* Nats that erasing must cost for a share of them to mean anything. */
#define SPAN_LEAST 0.01
/* How far outside 0 to 1 a share may lie because of few rows. */
#define SLACK_BELOW 0.05
#define SLACK_ABOVE 0.1

const struct ce_doubt *ce_doubt(double recovered, double clean, double zero)
{
    static const struct ce_doubt no_span = {
        "no skill", "nothing to recover",
        "the model predicts this text no better than with its activation erased, so "
        "there is nothing to recover: see that the text suits the model"};
    static const struct ce_doubt below = {
        "< erasing", "worse than erasing",
        "worse than erasing: this text is unlike what the SAE was trained on, or it "
        "has trained too little: see that model, hook and text are the SAE's own"};
    static const struct ce_doubt above = {
        "> the model", "better than the model",
        "better than the model without the SAE: the model itself does badly on this "
        "text: see that the text suits the model"};
    if (isfinite(clean) && isfinite(zero) && zero - clean < SPAN_LEAST) {
        return &no_span;
    }
    if (!isfinite(recovered)) {
        return NULL;
    }
    return recovered < -SLACK_BELOW      ? &below
           : recovered > 1 + SLACK_ABOVE ? &above
                                         : NULL;
}
