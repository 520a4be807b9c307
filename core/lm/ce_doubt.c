#include "lm/ce_doubt.h"

#include <math.h>
#include <stddef.h>

/* Nats that erasing must cost for a share of them to mean anything. */
#define SPAN_LEAST 0.01
/* How far beyond 0 and 1 a share may lie by chance, with few rows of text. The texts
 * below name the bound, or 1.0955 would seem to be no better than the model. */
#define LEAST    (-0.05)
#define GREATEST 1.1

const struct ce_doubt *ce_doubt(double recovered, double clean, double zero)
{
    static const struct ce_doubt no_span = {
        "no skill", "nothing to recover",
        "the model predicts this text no better than with its activation erased, so "
        "there is nothing to recover: see that the text suits the model"};
    static const struct ce_doubt below = {
        "< erasing", "worse than erasing, by over .05",
        "worse than erasing, by over .05: this text is unlike what the SAE was trained on, or it "
        "has trained too little: see that model, hook and text are the SAE's own"};
    static const struct ce_doubt above = {
        "> the model", "over 1.1, better than the model",
        "over 1.1, better than the model without the SAE: the model itself does badly on this "
        "text: see that the text suits the model"};
    if (isfinite(clean) && isfinite(zero) && zero - clean < SPAN_LEAST) {
        return &no_span;
    }
    if (!isfinite(recovered)) {
        return NULL;
    }
    return recovered < LEAST ? &below : recovered > GREATEST ? &above : NULL;
}
