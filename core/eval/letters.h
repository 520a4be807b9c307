/* The first-letter task as SAEBench 0.6 asks it: in a prompt that shows ten other words
 * with their letters, so that the activation at the word is that of a model about to
 * spell it. If the tokenizer does not allow that, or the model tells too few letters
 * that way, the word's own activation in running text is used instead (evaluate.h). */
#ifndef SAETOP_EVAL_LETTERS_H
#define SAETOP_EVAL_LETTERS_H

#include "eval/evalset_priv.h"
#include "lm/lm.h"

#define LETTER_EXAMPLES 10  /* before the word asked for */
#define LETTER_TAIL     5   /* tokens of " has the first letter:" */
#define LETTER_WORDS    120 /* at most of one letter, drawn */
#define LETTER_LEAST    5   /* test words that a letter's probe must get right */

/* The pieces of the prompt
 *     "\nWORD has the first letter: X" ten times, "\nWORD has the first letter:"
 * as tokens, after BOS if there is one. The word asked for is LETTER_TAIL + 1 tokens
 * from the end. */
struct letter_prompt {
    int32_t bos, newline; /* bos -1: none */
    int32_t tail[LETTER_TAIL];
    int32_t answer[26]; /* " A" .. " Z" */
    size_t length;      /* tokens of a prompt */
};
/* Finds whether a tokenizer allows it: a newline, each letter after a space, and each
 * word of the prompt must be one token, and a prompt must fit n_ctx. A tokenizer that
 * spells them in pieces, or has no token for them, belongs to a model that has not read
 * such text. ERR_NOMEM. */
enum err letter_prompt_init(struct letter_prompt *p, const struct tok *tok,
                            size_t n_ctx, bool *allowed, struct errinfo *e) ERR_CHECKED;

#define LETTER_WHY 160

/* Letters with the activations that prompts give; any thread may read it. */
struct letter_task {
    struct concepts *concepts; /* the letters alone */
    struct eval_set *set; /* its sample: words of the vocabulary, one prompt each */
    struct probe_bank saebench; /* probes by SAEBench's own recipe */
};
/* Makes the task from at most LETTER_WORDS vocabulary tokens a letter, each asked once,
 * with examples drawn from all such words; cfg gives seed, shares, cache and
 * min_letters. *out NULL: the task can't be asked, and why [LETTER_WHY] says so. The
 * model runs on a harvester of its own. Errors of eval_set_new. */
enum err letter_task_new(const struct eval_config *cfg, const struct lm *lm,
                         struct lm_hook hook, struct pool *pool,
                         const atomic_bool *cancel, struct letter_task **out, char *why,
                         struct errinfo *e) ERR_CHECKED;
void letter_task_free(struct letter_task *t); /* NULL is fine */

/* Writes the prompt of words [n][i] to ids [p->length]. */
void letter_prompt_fill(const struct letter_prompt *p, const struct tok *tok,
                        const int32_t *words, size_t n, size_t i, uint64_t seed,
                        int32_t *ids);

#endif
