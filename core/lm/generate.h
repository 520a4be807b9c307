/* Text from a language model. */
#ifndef SAETOP_LM_GENERATE_H
#define SAETOP_LM_GENERATE_H

#include "base/str.h"
#include "lm/lm.h"

struct generate_config {
    size_t max_tokens;
    double temperature; /* 0: the most likely token */
    size_t top_k;       /* draw among the top_k likeliest; 0: all */
    uint64_t seed;
};

/* Continue `prompt` (may be empty) until EOS or max_tokens; the text of the
 * continuation is appended to out. Special tokens other than EOS are never drawn.
 * Beyond the model's context the older half of the text is forgotten. Any thread.
 * ERR_NUMERIC when no logit is a number. O(max_tokens T D^2 L). */
enum err lm_generate(const struct lm *m, const char *prompt,
                     const struct generate_config *cfg, struct str *out,
                     struct errinfo *e) ERR_CHECKED;

#endif
