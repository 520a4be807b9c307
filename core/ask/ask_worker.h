/* Answers questions in a thread of its own, so that a screen never waits; the newest
 * question counts. Each slot is a prompt (two side by side are two slots) with at most
 * one question, one "why" and one text at a time; a newer one replaces the older, which
 * is cancelled. Questions come before whys, whys before texts, texts before effects on
 * held-out text. A text gives way between two tokens, an effect between two rows and,
 * to a question, within one, so that one can type on meanwhile. Texts of several slots
 * take turns, a token each: in lockstep.
 *
 * Functions may be called from any thread, one at a time. None waits for the model. */
#ifndef SAETOP_ASK_ASK_WORKER_H
#define SAETOP_ASK_ASK_WORKER_H

#include "ask/ask_gen.h"
#include "ask/ask_heldout.h"
#include "ask/ask_why.h"

#define ASK_SLOTS       2
#define ASK_WRITTEN_TOP 8 /* tokens and latents kept of each token written */

/* Makes a worker. wake(user) is called from its thread, with no lock held, whenever
 * there is something new to look at. *out: caller owns. ERR_NOMEM. */
struct ask_worker;
enum err ask_worker_new(void (*wake)(void *user), void *user, struct ask_worker **out,
                        struct errinfo *e) ERR_CHECKED;
/* Cancels what is under way and waits for the running pass. NULL is fine. */
void ask_worker_free(struct ask_worker *w);

/* These copy the whole question and take a reference to s. *ticket (may be NULL) is
 * that of the answer to come; tickets rise. Only ERR_NOMEM: what is wrong with a
 * question, its answer says. */
enum err ask_worker_ask(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, uint64_t *ticket,
                        struct errinfo *e) ERR_CHECKED;
enum err ask_worker_why(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, const struct ask_why_opts *o,
                        uint64_t *ticket, struct errinfo *e) ERR_CHECKED;
enum err ask_worker_write(struct ask_worker *w, size_t slot, struct ask_subject *s,
                          const struct ask_question *q, const struct ask_gen_opts *o,
                          uint64_t *ticket, struct errinfo *e) ERR_CHECKED;
/* Measures what edits do to the first `rows` rows of the subject's text; ERR_USAGE at
 * once if it has none. */
enum err ask_worker_heldout(struct ask_worker *w, size_t slot, struct ask_subject *s,
                            const struct ask_edit *edit, size_t n_edits, size_t rows,
                            uint64_t *ticket, struct errinfo *e) ERR_CHECKED;

enum ask_kind { ASK_ANSWER, ASK_WHY, ASK_TEXT, ASK_HELDOUT, ASK_KINDS };
/* Forgets a slot's question of a kind, and cancels it if it is under way; what it gave
 * so far stays. */
void ask_worker_cancel(struct ask_worker *w, size_t slot, enum ask_kind kind);
/* Pauses all texts, or lets them go on; `tokens` tokens of each are written even so. */
void ask_worker_pause(struct ask_worker *w, bool paused);
void ask_worker_step(struct ask_worker *w, size_t tokens);

/* Counts the questions, whys, texts and effects that wait or are under way, but not
 * paused texts. */
size_t ask_worker_outstanding(struct ask_worker *w);

/* The state of a slot's question of a kind. */
struct ask_state {
    uint64_t asked; /* ticket of the newest; 0: none */
    uint64_t done;  /* ticket of what ended last, well or with an error (for a text: of
                       what began last); 0: nothing yet */
    bool busy;   /* `asked` waits or is under way (a text, an effect: has not ended) */
    enum err rc; /* of `done` */
    char error[512];
};
struct ask_state ask_worker_state(struct ask_worker *w, size_t slot,
                                  enum ask_kind kind);
/* Returns the last good answer, a reference for the caller; NULL: none yet. It stays
 * while a newer question is under way or when that fails. *ticket (may be NULL): its
 * own. */
struct ask_answer *ask_worker_answer(struct ask_worker *w, size_t slot,
                                     uint64_t *ticket);
struct ask_why *ask_worker_reason(struct ask_worker *w, size_t slot, uint64_t *ticket);

/* Copies the last effect that was measured to its end, and its ticket; false: none yet.
 * It stays while a newer one is under way, and when that fails or is cancelled. */
bool ask_worker_effect(struct ask_worker *w, size_t slot, struct ask_heldout *out,
                       uint64_t *ticket);
/* The rows of the effect under way: read, and all; 0 of 0 if there is none. */
void ask_worker_progress(struct ask_worker *w, size_t slot, size_t *done, size_t *all);

/* A token written. */
struct ask_written {
    int32_t id; /* EOS if the text ended with it */
    size_t pos;
    float logp;
    size_t n_next, n_fires;
    struct ask_next next[ASK_WRITTEN_TOP];
    struct ask_fire fire[ASK_WRITTEN_TOP];
};
/* Copies tokens from, from + 1, .. of the slot's text to out, at most cap; returns how
 * many. */
size_t ask_worker_written(struct ask_worker *w, size_t slot, size_t from,
                          struct ask_written *out, size_t cap);

#endif
