/* What a model and its SAE say to a prompt: tokens, the latents that fire on each, the
 * distribution of what comes next, and all of it again with tokens masked and latents
 * silenced or steered. ask_gen.h goes on writing, ask_why.h says which latents made a
 * token likely, ask_worker.h does all of it in a thread of its own.
 *
 *     TRY(ask_subject_new(&parts, &subject, e));      // model, SAE, hook
 *     TRY(ask_new(subject, cancel, &a, e));
 *     TRY(ask_read(subject, text, len, &row, e));     // tokens
 *     const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, ...};
 *     TRY(ask_run(a, &q, &answer, e));
 *
 * Activations are in the unit in which the saved SAE gives them, as `top` has them
 * (LATENT_UNIT). Log-probabilities are natural. Positions count from 0, which is BOS
 * where the model has one. Special tokens (acts_is_special) are outside the SAE, as in
 * training and evaluation: no latent fires there, and no edit acts there. A masked
 * token is not special: the SAE reads what the model makes of the mask. */
#ifndef SAETOP_ASK_ASK_H
#define SAETOP_ASK_ASK_H

#include "ask/ask_edit.h"
#include "latents/latent_table.h"
#include "lm/lm.h"
#include "sae/sae.h"
#include "text/chat.h"

#include <stdatomic.h>

/* ---- whom one asks ---- */

struct ask_rows; /* ask_heldout.h */

/* A model and a frozen SAE at one of its hooks. Immutable, shared by reference count:
 * any number of threads may ask, each with a struct ask. */
struct ask_subject {
    atomic_int refs;
    const struct lm *lm; /* borrowed: outlives the subject */
    struct sae *sae;     /* owned */
    struct lm_hook hook;
    int32_t mask_token;             /* -1: there is none, nothing can be masked */
    struct latent_table *table;     /* owned reference; NULL: densities and greatest
                                       activations are not known */
    const struct chat_family *chat; /* the model's template; NULL: chat_why */
    char chat_why[320];
    struct ask_rows *text; /* owned reference; NULL: no held-out text is known */
    size_t context;        /* the longest row: the model's, or ASK_ROW_MAX */
};
/* Longest row that is asked about, whatever the model's context. */
#define ASK_ROW_MAX 4096

struct ask_parts {
    const struct lm *lm;
    struct sae *sae; /* frozen (sae_copy, arm_freeze, rundir_load): taken over, also on
                        error */
    struct lm_hook hook;
    int32_t mask_token;
    struct latent_table *table; /* of this very SAE, or NULL; a reference is taken */
    struct ask_rows *text;      /* likewise */
    const struct chat_family
        *chat;            /* NULL: it has none that is known, or nobody looked */
    const char *chat_why; /* that; NULL: nobody looked */
};
/* ERR_FORMAT where the SAE's width is not the hook's. */
enum err ask_subject_new(const struct ask_parts *parts, struct ask_subject **out,
                         struct errinfo *e) ERR_CHECKED;
struct ask_subject *ask_subject_ref(struct ask_subject *s);
void ask_subject_unref(struct ask_subject *s); /* NULL is fine */
/* Share of tokens that the latent fires on, and its greatest activation, on held-out
 * text; NaN where that is not known. Any thread. */
double ask_density(const struct ask_subject *s, int32_t latent);
double ask_max_seen(const struct ask_subject *s, int32_t latent);

/* ---- tokens ---- */

/* A text as the model reads it. Zeroed before use; ask_row_deinit. */
struct ask_row {
    struct tok_ids ids;
    size_t first; /* position of the text's first token */
    size_t cut;   /* tokens of the text that did not fit: its end */
    size_t tail;  /* tokens behind the text: of a chat template */
};
/* BOS (as packed rows begin), whatever else the tokenizer puts in front, the text. Any
 * bytes are a text; special tokens typed in it are plain text. Any thread. What
 * tok_encode has. */
enum err ask_read(const struct ask_subject *s, const char *text, size_t len,
                  struct ask_row *out, struct errinfo *e) ERR_CHECKED;
/* The same as one turn of a user in a chat template: what that puts around the text is
 * the row's, and BOS is there only where the template has it. ERR_USAGE where the
 * template alone does not fit. */
enum err ask_read_chat(const struct ask_subject *s, const struct chat_family *chat,
                       const char *text, size_t len, struct ask_row *out,
                       struct errinfo *e) ERR_CHECKED;
void ask_row_deinit(struct ask_row *r);

/* ---- a question ---- */

#define ASK_TOP_MAX 100

/* A prompt as it stands, and what is done to it: masks and edits. "After" is with all
 * of that. */
struct ask_question {
    const int32_t *ids;    /* [n] true tokens, n >= 1, at most the subject's context */
    const uint8_t *masked; /* [n] 1: the model reads the mask token there; NULL: none */
    size_t n;
    const struct ask_edit *edit; /* [n_edits] in the order in which they act */
    size_t n_edits;
    size_t top;     /* tokens kept of each distribution: 1 to ASK_TOP_MAX */
    double densest; /* latents of a density above it are left out of what is listed
                       (where densities are known); 0: none are. Edits act on all. */
};

/* ---- its answer ---- */

/* A latent at a position: as the prompt stands, and after. 0 where it is silent; one of
 * the two is not. */
struct ask_fire {
    int32_t latent;
    float act, after;
};
/* A latent over the whole prompt. */
struct ask_peak {
    int32_t latent;
    uint32_t at, at_after;       /* where it is strongest, the first of several */
    uint32_t fires, fires_after; /* positions where it is above 0 */
    float act, after;            /* there; 0: nowhere */
};
/* A token that may come next. */
struct ask_next {
    int32_t id;
    float logp;
    float other; /* its log-probability in the other distribution: of `next` that after,
                    of `next_after` that before; NaN where nothing is done */
};
struct ask_token {
    int32_t id;               /* true */
    int32_t fed;              /* what the model reads after: id, or the mask token */
    bool masked, special;     /* special: outside the SAE */
    int32_t rank, rank_after; /* of the true token in what was expected here, 1 the
                                 likeliest; 0 at the first position */
    float logp, logp_after;   /* of the true token, given those before; NaN at the first
                               */
    float kl; /* of what is expected next, from the distribution before to that after,
                 in nats */
    float error; /* |x - xhat| / |x| at the hook, before; NaN where special */
    size_t active, active_after; /* latents above 0, dense ones counted */
};
/* Where an edit acted: over those positions. */
struct ask_acted {
    size_t positions;
    float most; /* of the activations that its latent came to have there, the greatest
                   by size; 0 where it acted nowhere */
    bool
        beyond; /* one of them is below 0 or above ask_max_seen: outside what text shows
                 */
};

struct ask_answer {
    atomic_int refs;
    size_t T;
    struct ask_token *token; /* [T] */
    size_t *start;           /* [T+1]: fires of position t are */
    struct ask_fire *fire;   /* fire[start[t]..start[t+1]-1], strongest before first,
                                then by after */
    struct ask_peak *peak;   /* [n_peaks] in the same order */
    size_t n_peaks;
    size_t left_out;       /* fires that are not listed, their latents being dense */
    size_t top;            /* K, at most the vocabulary */
    struct ask_next *next; /* [T, top], likeliest first: after position t */
    struct ask_next
        *next_after;         /* the same after; NULL: nothing is done to the prompt */
    struct ask_acted *acted; /* [n_edits]; NULL without edits */
    size_t n_edits;
};

/* ---- asking ---- */

/* Workspaces of one who asks; they grow with the longest row. Owner thread. `cancel`
 * (may be NULL) is looked at between passes and between pieces of the head; it may be
 * set by any thread. Holds a reference to s. */
struct ask;
enum err ask_new(struct ask_subject *s, const atomic_bool *cancel, struct ask **out,
                 struct errinfo *e) ERR_CHECKED;
void ask_free(struct ask *a); /* NULL is fine */
const struct ask_subject *ask_of(const struct ask *a);

/* One pass of the model, with masks one more, and with edits that change anything one
 * more: what they add at the hook is the difference of activations times decoder rows
 * (ask_edit.h), so that the SAE's error stays as it is. Edits that change nothing,
 * strength 0 among them, give the model to the bit. The first question reads all of the
 * model's weights. ERR_USAGE for positions, ids or latents out of range, masks where
 * there is no mask token or at a special token, an edit at a special token, strengths
 * beyond what floats hold (ask_edit_check); ERR_CANCELLED; ERR_NUMERIC where the
 * model's numbers are not finite. *out: caller owns a reference. O(T D (D + V)). */
enum err ask_run(struct ask *a, const struct ask_question *q, struct ask_answer **out,
                 struct errinfo *e) ERR_CHECKED;
struct ask_answer *ask_answer_ref(struct ask_answer *r);
void ask_answer_unref(struct ask_answer *r); /* NULL is fine */

/* A latent at a position of an answer; zeros where it is silent or not listed. O(fires
 * there). */
struct ask_fire ask_fire_at(const struct ask_answer *r, size_t pos, int32_t latent);

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
/* From a position of one answer to one of another, of prompts that differ by more than
 * masks and edits (a token deleted, another word): what each is after. With both
 * SIZE_MAX of the whole prompts, by their greatest activations. Sorted by the size of
 * the difference, greatest first. *out [*count]: caller owns, mem_free. Latents that
 * are not listed take no part. */
enum err ask_changes(const struct ask_answer *before, size_t b,
                     const struct ask_answer *now, size_t n, struct ask_change **out,
                     size_t *count, struct errinfo *e) ERR_CHECKED;
/* How many tokens a prompt and another, ids [n], both begin with, and of what is left
 * both end with: those stand in both. */
struct ask_ends {
    size_t front, back;
};
struct ask_ends ask_ends_of(const struct ask_answer *before, const int32_t *ids,
                            size_t n);
/* Where token `at` of the n was in the prompt of T tokens: SIZE_MAX for one between the
 * ends, which need not have been there. */
size_t ask_ends_place(struct ask_ends x, size_t T, size_t n, size_t at);

#endif
