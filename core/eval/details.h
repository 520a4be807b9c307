/* The numbers behind an evaluation's figures, so that other programs can compute the
 * figures again: `saetop eval --details`. One JSON object, written as the measures run
 * (base/json_out.h); README.md in this folder describes it. A measure whose inner state
 * is needed writes its own part (perturb.c, latent_stats.c, robust.c); parts that
 * several measures share are here. All for a report with details set. */
#ifndef SAETOP_EVAL_DETAILS_H
#define SAETOP_EVAL_DETAILS_H

#include "base/json_out.h"
#include "eval/absorption.h"
#include "eval/firmness.h"
#include "eval/probe_tokens.h"
#include "eval/sentence_text.h"
#include "eval/spread.h"
#include "eval/words.h"

/* Writes the concepts that evaluation measures, each with its tokens. */
void details_concepts(struct json_out *o, const struct concepts *c);
/* Writes rows of token ids, and the positions that no statistics count. */
void details_rows(struct json_out *o, const char *key, const struct acts_set *set);
/* Writes the occurrences of probed words out of distribution, as positions in those
 * rows. */
void details_tokens(struct json_out *o, const struct token_tasks *t);
/* Writes sentence tasks: ids, classes, parts. */
void details_sentences(struct json_out *o, const struct sentence_texts *s);
/* Writes every figure with the units that it is a ratio over. */
void details_figures(struct json_out *o, const struct report *r);

/* One form of absorption: the sample of words, the ground-truth probes, and for each
 * eligible concept its L1 weights, main latents and the decision on each held-out
 * occurrence. */
struct details_absorption {
    const char *key;
    const struct eval_set *set;
    const struct probe_bank *bank;
    const struct sae *sae;
    const struct concepts *concepts;
    const struct firmness *firm; /* NULL: not measured */
    const struct spread *spread; /* likewise */
    bool model_units;            /* codes as for SAEBench's form, see eval_job_init */
    bool activations; /* also of the sample: its rows are not those of the text */
    struct pool *pool;
    const atomic_bool *cancel;
};
/* Chooses the latents once more, for the weights: takes as long as one evaluate()
 * without the model. Errors of evaluate(). */
enum err details_absorption(struct json_out *o, const struct details_absorption *d,
                            struct errinfo *e) ERR_CHECKED;
/* Writes the result of each word, word [n]. */
void details_words(struct json_out *o, const char *key, const struct concepts *c,
                   const struct word_result *word, size_t n);

#endif
