/* Questions answered in a thread of its own, so that a screen never waits: the newest
 * one counts. Each slot is a prompt (two side by side are two slots) with at most one
 * question, one "why" and one text at a time; a newer one takes the place of the older,
 * which is cancelled. Questions come before whys, whys before texts, texts before
 * effects on held-out text. A text gives way between two tokens, an effect between two
 * rows and, to a question, within one: one types on meanwhile. Texts of several slots
 * go on in turn, a token each: in lockstep.
 *
 * Functions may be called from any thread, one at a time. None waits for the model. */
#ifndef SAETOP_ASK_ASK_WORKER_H
#define SAETOP_ASK_ASK_WORKER_H

#include "ask/ask_gen.h"
#include "ask/ask_heldout.h"
#include "ask/ask_why.h"

#define ASK_SLOTS       2
#define ASK_WRITTEN_TOP 8 /* tokens and latents kept of each token written */

/* wake(user) is called from the worker's thread, no lock held, whenever there is
 * something new to look at. *out: caller owns. ERR_NOMEM. */
struct ask_worker;
enum err ask_worker_new(void (*wake)(void *user), void *user, struct ask_worker **out,
                        struct errinfo *e) ERR_CHECKED;
/* Cancels what is under way and waits for the pass that runs. NULL is fine. */
void ask_worker_free(struct ask_worker *w);

/* Everything of the question is copied, a reference of s is taken. *ticket (may be
 * NULL) is that of its answer: tickets rise. ERR_NOMEM alone; what is wrong with a
 * question is said by its answer. */
enum err ask_worker_ask(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, uint64_t *ticket,
                        struct errinfo *e) ERR_CHECKED;
enum err ask_worker_why(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, const struct ask_why_opts *o,
                        uint64_t *ticket, struct errinfo *e) ERR_CHECKED;
enum err ask_worker_write(struct ask_worker *w, size_t slot, struct ask_subject *s,
                          const struct ask_question *q, const struct ask_gen_opts *o,
                          uint64_t *ticket, struct errinfo *e) ERR_CHECKED;
/* What edits do to the first `rows` rows of the subject's text; ERR_USAGE at once where
 * it has none. */
enum err ask_worker_heldout(struct ask_worker *w, size_t slot, struct ask_subject *s,
                            const struct ask_edit *edit, size_t n_edits, size_t rows,
                            uint64_t *ticket, struct errinfo *e) ERR_CHECKED;

enum ask_kind { ASK_ANSWER, ASK_WHY, ASK_TEXT, ASK_HELDOUT, ASK_KINDS };
/* Forget it, cancel it if it is under way; what it gave so far stays. */
void ask_worker_cancel(struct ask_worker *w, size_t slot, enum ask_kind kind);
/* Texts wait, all of them, or go on; `step` tokens of each are written even so. */
void ask_worker_pause(struct ask_worker *w, bool paused);
void ask_worker_step(struct ask_worker *w, size_t tokens);

/* Questions, whys, texts and effects that are waiting or under way; texts that wait
 * because they were told to are none. */
size_t ask_worker_outstanding(struct ask_worker *w);

/* What a slot has of a kind. */
struct ask_state {
    uint64_t asked; /* ticket of the newest one; 0: none */
    uint64_t done;  /* ticket of what ended last, well or with an error; of a text: that
                       has begun; 0: nothing yet */
    bool busy;      /* asked is waiting or under way (a text, an effect: not ended) */
    enum err rc;    /* of done */
    char error[512];
};
struct ask_state ask_worker_state(struct ask_worker *w, size_t slot,
                                  enum ask_kind kind);
/* The last answer that was one, a reference for the caller; NULL: none yet. It stays
 * when a newer question fails or is under way. *ticket (may be NULL): its own. */
struct ask_answer *ask_worker_answer(struct ask_worker *w, size_t slot,
                                     uint64_t *ticket);
struct ask_why *ask_worker_reason(struct ask_worker *w, size_t slot, uint64_t *ticket);

/* The last effect that was measured to its end, and its ticket; false: none yet. It
 * stays when a newer one fails, is cancelled or under way. */
bool ask_worker_effect(struct ask_worker *w, size_t slot, struct ask_heldout *out,
                       uint64_t *ticket);
/* Rows of the one that is under way: read, and all; 0 of 0 where none is. */
void ask_worker_progress(struct ask_worker *w, size_t slot, size_t *done, size_t *all);

/* A token written. */
struct ask_written {
    int32_t id; /* EOS where the text ended so */
    size_t pos;
    float logp;
    size_t n_next, n_fires;
    struct ask_next next[ASK_WRITTEN_TOP];
    struct ask_fire fire[ASK_WRITTEN_TOP];
};
/* Tokens from, from + 1, .. of the slot's text, at most cap; returns how many were put
 * into out. */
size_t ask_worker_written(struct ask_worker *w, size_t slot, size_t from,
                          struct ask_written *out, size_t cap);

#endif
