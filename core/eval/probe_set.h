/* Sentence tasks through an SAE: each text as the mean over its tokens of the
 * activation at the hook, and of its codes. */
#ifndef SAETOP_EVAL_PROBE_SET_H
#define SAETOP_EVAL_PROBE_SET_H

#include "eval/sentence_text.h"
#include "sae/sae.h"

/* One task, with the same rows as its texts; borrows all but the codes from those. */
struct sentence_task {
    const char *name;
    struct probe_table t; /* means over tokens of activations and of codes */
    size_t *start;
    int32_t *id;
    float *val;
    const uint8_t *y;        /* [n] */
    const uint8_t *spurious; /* [n], or NULL: the file has no such column */
};
struct sentence_sets {
    size_t n;
    struct sentence_task *task;
};

/* Encodes all texts; the means leave out special tokens and are taken after encoding.
 * Any thread. ERR_NOMEM, ERR_CANCELLED. */
enum err sentence_sets_init(struct sentence_sets *out, const struct sentence_texts *s,
                            const struct sae *sae, struct pool *pool,
                            const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;
void sentence_sets_deinit(struct sentence_sets *s);

/* Reports sparse probing of every task, below "probing.sentences"; units are tasks.
 * `base`: the texts' raw probes. */
enum err probe_sentences(const struct sentence_sets *s, const struct probe_sheet *base,
                         struct pool *pool, const atomic_bool *cancel, struct report *r,
                         struct errinfo *e) ERR_CHECKED;

#endif
