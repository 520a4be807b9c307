/* What a model and its SAE say to a prompt: tokens, the latents that fire on each, the
 * distribution of the next token, and all of it again with tokens masked and latents
 * silenced or steered. ask_gen.h continues the text, ask_why.h says which latents made
 * a token likely, ask_worker.h does all of it in a thread of its own.
 *
 *     TRY(ask_subject_new(&parts, &subject, e));      // model, SAE, hook
 *     TRY(ask_new(subject, cancel, &a, e));
 *     TRY(ask_read(subject, text, len, &row, e));     // tokens
 *     const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, ...};
 *     TRY(ask_run(a, &q, &answer, e));
 *
 * Activations are in the unit of the saved SAE, as in `top` (LATENT_UNIT).
 * Log-probabilities are natural. Positions count from 0, which is BOS if the model has
 * one. Special tokens (acts_is_special) are outside the SAE, as in training and
 * evaluation: no latent fires and no edit acts there. A masked token is not special:
 * the SAE reads what the model makes of the mask. */
#ifndef SAETOP_ASK_ASK_H
#define SAETOP_ASK_ASK_H

#include "ask/ask_edit.h"
#include "latents/latent_table.h"
#include "lm/lm.h"
#include "sae/sae.h"
#include "text/chat.h"

#include <stdatomic.h>

/* ---- the subject ---- */

struct ask_rows; /* ask_heldout.h */

/* A model and a frozen SAE at one of its hooks. Immutable, shared by reference count:
 * any number of threads may ask, each with a struct ask. */
struct ask_subject {
    atomic_int refs;
    const struct lm *lm;    /* borrowed: outlives the subject */
    struct sae *sae;        /* owned, or `of`'s */
    struct ask_subject *of; /* owned reference to whose SAE this is; NULL: its own */
    struct lm_hook hook;
    int32_t mask_token;             /* -1: none, so nothing can be masked */
    struct latent_table *table;     /* owned reference, maybe of part of the text; NULL:
                                       densities and greatest activations are unknown */
    const struct chat_family *chat; /* the model's template; NULL: chat_why */
    char chat_why[320];
    struct ask_rows *text; /* owned reference; NULL: no held-out text */
    size_t context;        /* the longest row: the model's, or ASK_ROW_MAX */
};
/* Longest row that can be asked about, whatever the model's context. */
#define ASK_ROW_MAX 4096

struct ask_parts {
    const struct lm *lm;
    struct sae *sae; /* frozen (sae_copy, arm_freeze, rundir_load): taken over, also on
                        error */
    struct lm_hook hook;
    int32_t mask_token;
    struct latent_table *table; /* of this very SAE, or NULL; a reference is taken */
    struct ask_rows *text;      /* likewise */
    const struct chat_family *chat; /* NULL: none known, or not looked for */
    const char *chat_why;           /* why there is none; NULL: not looked for */
};
/* Makes a subject. ERR_FORMAT if the SAE's width is not the hook's. */
enum err ask_subject_new(const struct ask_parts *parts, struct ask_subject **out,
                         struct errinfo *e) ERR_CHECKED;
/* Makes the same subject with another table, which a reference is taken of; the SAE is
 * shared. */
enum err ask_subject_described(struct ask_subject *s, struct latent_table *table,
                               struct ask_subject **out, struct errinfo *e) ERR_CHECKED;
struct ask_subject *ask_subject_ref(struct ask_subject *s);
void ask_subject_unref(struct ask_subject *s); /* NULL is fine */
/* The share of tokens that the latent fires on, and its greatest activation, on
 * held-out text as far as the table has read it; NaN if unknown. Any thread. */
double ask_density(const struct ask_subject *s, int32_t latent);
double ask_max_seen(const struct ask_subject *s, int32_t latent);

/* ---- tokens ---- */

/* A text as the model reads it. Zeroed before use; ask_row_deinit. */
struct ask_row {
    struct tok_ids ids;
    size_t first; /* position of the text's first token */
    size_t cut;   /* tokens of the text at its end that did not fit */
    size_t tail;  /* chat template's tokens after the text */
};
/* Reads a text: BOS (as packed rows begin), whatever else the tokenizer puts in front,
 * then the text. Any bytes are a text; special tokens typed in it are plain text. Any
 * thread. Errors of tok_encode. */
enum err ask_read(const struct ask_subject *s, const char *text, size_t len,
                  struct ask_row *out, struct errinfo *e) ERR_CHECKED;
/* Reads a text as one user turn in a chat template: what the template puts around it
 * belongs to the row, and BOS is there only if the template has it. ERR_USAGE if the
 * template alone does not fit. */
enum err ask_read_chat(const struct ask_subject *s, const struct chat_family *chat,
                       const char *text, size_t len, struct ask_row *out,
                       struct errinfo *e) ERR_CHECKED;
void ask_row_deinit(struct ask_row *r);

/* ---- a question ---- */

#define ASK_TOP_MAX 100

/* A prompt and what is done to it: masks and edits. "After" means with all of that. */
struct ask_question {
    const int32_t *ids;    /* [n] true tokens, n >= 1, at most the subject's context */
    const uint8_t *masked; /* [n] 1: the model reads the mask token there; NULL: none */
    size_t n;
    const struct ask_edit *edit; /* [n_edits] in the order they act */
    size_t n_edits;
    size_t top;     /* tokens kept from each distribution: 1 to ASK_TOP_MAX */
    double densest; /* latents of a greater density are not listed (where densities are
                       known); 0: all are. Edits act on all. */
};

/* ---- its answer ---- */

/* A latent at a position: in the prompt as it stands, and after. 0: silent; at least
 * one of the two is not. */
struct ask_fire {
    int32_t latent;
    float act, after;
};
/* A latent over the whole prompt. */
struct ask_peak {
    int32_t latent;
    uint32_t at, at_after;       /* where it is strongest, the first on a tie */
    uint32_t fires, fires_after; /* positions where it is above 0 */
    float act, after;            /* there; 0: fires nowhere */
};
/* A token that may come next. */
struct ask_next {
    int32_t id;
    float logp;
    float other; /* its log-probability in the other distribution: for `next` the one
                    after, for `next_after` the one before; NaN where nothing is done */
};
struct ask_token {
    int32_t id;           /* true */
    int32_t fed;          /* what the model reads with masks: id, or the mask token */
    bool masked, special; /* special: outside the SAE */
    int32_t rank, rank_after; /* of the true token in the distribution for this
                                 position, 1 the likeliest; 0 at the first position */
    float logp, logp_after;   /* of the true token, given those before it; NaN at the
                                 first */
    float kl;    /* KL(before || after) of the next token's distributions, in nats */
    float error; /* |x - xhat| / |x| at the hook, before; NaN where special */
    size_t active, active_after; /* latents above 0, dense ones too */
};
/* An edit's effect, over the positions where it acted. */
struct ask_acted {
    size_t positions;
    float least, most; /* activations that its latent got there; 0 where it acted
                          nowhere */
    /* At how many it got one that no text shows: below 0, and above ask_max_seen. */
    size_t below, above;
};

struct ask_answer {
    atomic_int refs;
    size_t T;
    struct ask_token *token; /* [T] */
    size_t *start;           /* [T+1]: where the fires of position t begin */
    struct ask_fire *fire;   /* fire[start[t]..start[t+1]-1], strongest before first,
                                then by after */
    struct ask_peak *peak;   /* [n_peaks] in the same order */
    size_t n_peaks;
    size_t left_out;       /* fires not listed since their latents are dense */
    size_t top;            /* K, at most the vocabulary */
    struct ask_next *next; /* [T, top], what follows position t, likeliest first */
    struct ask_next *next_after; /* the same after; NULL: no masks, no edits */
    struct ask_acted *acted;     /* [n_edits]; NULL without edits */
    size_t n_edits;
};

/* ---- asking ---- */

/* The workspace of one asker; it grows with the longest row. Owner thread. `cancel`
 * (may be NULL) is read between passes and between pieces of the head; any thread may
 * set it. Holds a reference to s. */
struct ask;
enum err ask_new(struct ask_subject *s, const atomic_bool *cancel, struct ask **out,
                 struct errinfo *e) ERR_CHECKED;
void ask_free(struct ask *a); /* NULL is fine */
const struct ask_subject *ask_of(const struct ask *a);

/* Answers a question: one pass of the model, one more with masks, and one more with
 * edits that change anything. Edits add to the hook the difference of activations times
 * decoder rows (ask_edit.h), so the SAE's error stays as it is. Edits that change
 * nothing, strength 0 among them, give the same bits as the model alone. The first
 * question reads all of the model's weights. ERR_USAGE for positions, ids or latents
 * out of range, for masks without a mask token or at a special token, for an edit at a
 * special token, and for strengths beyond what floats hold (ask_edit_check);
 * ERR_CANCELLED; ERR_NUMERIC if the model's numbers are not finite. *out: caller owns a
 * reference. O(T D (D + V)). */
enum err ask_run(struct ask *a, const struct ask_question *q, struct ask_answer **out,
                 struct errinfo *e) ERR_CHECKED;
struct ask_answer *ask_answer_ref(struct ask_answer *r);
void ask_answer_unref(struct ask_answer *r); /* NULL is fine */

/* Returns a latent at a position of an answer; zeros if it is silent or not listed.
 * O(fires there). */
struct ask_fire ask_fire_at(const struct ask_answer *r, size_t pos, int32_t latent);

/* ---- beyond text ---- */

/* What ask_acted_say says that an edit takes its latent to. */
enum ask_reach {
    ASK_WITHIN, /* what text shows */
    ASK_BEYOND,
    ASK_FAR, /* at least ASK_FAR_TIMES the greatest activation seen */
};
#define ASK_FAR_TIMES 5
enum { ASK_ACTED_SAY = 120 };
/* Says how an edit leaves what text shows of its latent, whose greatest activation
 * there is `seen`: "2.3 times text's most, 10.40, below 0 at 6 tokens"; "" if it does
 * not. Any thread. */
enum ask_reach ask_acted_say(const struct ask_acted *x, double seen,
                             char out[ASK_ACTED_SAY]);

/* ---- changes ---- */

/* What became of a latent. */
enum ask_fate { ASK_SILENCED, ASK_STAYED, ASK_CAME_UP };
const char *ask_fate_name(enum ask_fate f); /* "fell silent", "stayed", "came up" */
enum ask_fate ask_fate_of(float before, float after);

struct ask_change {
    int32_t latent;
    enum ask_fate fate;
    float before, after;
};
/* Compares a position of one answer with a position of another, where the prompts
 * differ by more than masks and edits (a token deleted, another word); each side counts
 * as it is after. With both SIZE_MAX compares the whole prompts, by their greatest
 * activations. Sorted by the size of the difference, greatest first. *out [*count]:
 * caller owns, mem_free. Latents that are not listed are left out. */
enum err ask_changes(const struct ask_answer *before, size_t b,
                     const struct ask_answer *now, size_t n, struct ask_change **out,
                     size_t *count, struct errinfo *e) ERR_CHECKED;
/* How many tokens a prompt and another, ids [n], share at their beginnings, and how
 * many of the rest at their ends. */
struct ask_ends {
    size_t front, back;
};
struct ask_ends ask_ends_of(const struct ask_answer *before, const int32_t *ids,
                            size_t n);
/* Returns where token `at` of the n was in the prompt of T tokens; SIZE_MAX for one
 * between the shared ends, which may not have been there. */
size_t ask_ends_place(struct ask_ends x, size_t T, size_t n, size_t at);

#endif
