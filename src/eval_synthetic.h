/* saetop eval --source synthetic: an SAE trained in process on known features and held
 * against them. */
#ifndef SAETOP_SRC_EVAL_SYNTHETIC_H
#define SAETOP_SRC_EVAL_SYNTHETIC_H

#include "acts/synthetic.h"
#include "base/str.h"

#include <stdbool.h>

struct synthetic_args {
    struct synth_config source;
    const char *arch;
    int64_t width; /* 0: one latent a feature */
    int64_t k, steps, batch, rows, threads, seed;
    double lr, mask_rate;
    bool json;
    const char *out; /* file, or NULL */
};
struct synthetic_args synthetic_defaults(void);

/* Train at mask_rate, and if that is above 0 a twin at 0 as well (same weights to begin
 * with, same rows), measure each on clean rows, and append the report (with a twin:
 * both and the paired differences, masked less unmasked) as text or JSON. */
enum err eval_synthetic(const struct synthetic_args *a, struct str *out,
                        struct errinfo *e) ERR_CHECKED;

#endif
