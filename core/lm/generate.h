/* Text from a language model. */
#ifndef SAETOP_LM_GENERATE_H
#define SAETOP_LM_GENERATE_H

#include "base/str.h"
#include "lm/lm.h"

/* What a text is drawn with unless a seed is asked for, wherever one is generated. */
#define GENERATE_SEED 1

struct generate_config {
    size_t max_tokens;
    double temperature; /* 0: the most likely token */
    size_t top_k;       /* draw among the top_k likeliest; 0: all */
    double top_p;       /* draw among the likeliest that together have this share of the
                           probability at the temperature (nucleus sampling, Holtzman et
                           al. 2019, arXiv:1904.09751); 0 or 1: all */
    uint64_t seed;
};

/* Append what a text's row begins with: BOS, or EOS if there is none, as in packed
 * rows, and whatever else the tokenizer puts in front of a text. */
enum err lm_begin_row(const struct lm *m, struct tok_ids *ids,
                      struct errinfo *e) ERR_CHECKED;

/* Continue `prompt` until EOS or max_tokens and append the text of the continuation to
 * out. The row begins as in lm_begin_row; with an empty prompt EOS follows, since a
 * document begins after one. Special tokens other than EOS are never drawn. Beyond the
 * model's context, or 8,192 tokens, the older half of the text is forgotten. Any
 * thread. ERR_NUMERIC if no logit is a number. O(max_tokens T D^2 L). */
enum err lm_generate(const struct lm *m, const char *prompt,
                     const struct generate_config *cfg, struct str *out,
                     struct errinfo *e) ERR_CHECKED;

/* The same one token at a time: run, look at the logits, draw, add. Owner thread. */
struct generator;
/* Make a generator. start: tokens to begin with, at least one; copied. `edit` [edits]
 * act in every pass (lm_pass), at places in the row as it is at that time: see
 * generator_dropped. Borrowed until generator_free. *out: caller owns. */
enum err generator_new(const struct lm *m, const struct tok_ids *start,
                       const struct generate_config *cfg, const struct lm_edit *edit,
                       size_t edits, struct generator **out,
                       struct errinfo *e) ERR_CHECKED;
void generator_free(struct generator *g); /* NULL is fine */
/* Run the tokens not run yet, at most a piece of the row at a time. True: done, and the
 * logits after the last one are there. */
bool generator_run(struct generator *g);
/* [V] after the last run. Borrowed. */
const float *generator_logits(const struct generator *g);
/* Draw the next token by the configuration, without adding it. ERR_NUMERIC. */
enum err generator_draw(struct generator *g, int32_t *id,
                        struct errinfo *e) ERR_CHECKED;
enum err generator_add(struct generator *g, int32_t id, struct errinfo *e) ERR_CHECKED;
/* Tokens forgotten so far. After the row's first generator_head tokens, which stay,
 * place i of the row is token i + dropped of the text. */
size_t generator_dropped(const struct generator *g);
size_t generator_head(const struct generator *g);

#endif
