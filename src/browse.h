/* A run or another tool's SAE opened for looking at its latents: model, text, table.
 * Owner thread. */
#ifndef SAETOP_SRC_BROWSE_H
#define SAETOP_SRC_BROWSE_H

#include "ask/ask.h"
#include "latents/latent_labels.h"
#include "latents/latent_names.h"
#include "run_opts.h"
#include "train/inputs.h"
#include "train/rundir.h"

struct browse {
    struct run_record record;
    struct inputs *in;
    struct acts_set *set; /* held-out text */
    struct latent_table *table;
    struct names names; /* of tokens and concepts */
};

/* Read `path`, a run or another tool's SAE, with what was named on the line in place of
 * what the run recorded; the bundled sample where neither says. Nothing else is opened.
 */
enum err browse_record(const char *path, const struct run_opts *ro,
                       struct run_record *out, struct errinfo *e) ERR_CHECKED;

/* A run's SAE and its model alone: no text is read. */
struct browse_lm {
    struct run_record record;
    struct lm *lm;
    struct lm_hook hook;
    int32_t mask_token; /* -1: none */
};
/* browse_record, and the model opened and held against the SAE. After an error call
 * browse_lm_close too. */
enum err browse_lm_open(const char *path, const struct run_opts *ro,
                        struct browse_lm *b, struct errinfo *e) ERR_CHECKED;
void browse_lm_close(struct browse_lm *b);
/* Whom prompts are put to: takes the record's SAE over. */
enum err browse_lm_subject(struct browse_lm *b, struct ask_subject **out,
                           struct errinfo *e) ERR_CHECKED;

/* browse_record, and model and text opened and held against the SAE; no set and no
 * table. After an error call browse_close too. */
enum err browse_inputs(const char *path, const struct run_opts *ro, struct browse *b,
                       struct errinfo *e) ERR_CHECKED;

/* All of it. After an error call browse_close too. */
enum err browse_open(const char *path, const struct run_opts *ro, struct browse *b,
                     struct errinfo *e) ERR_CHECKED;
void browse_close(struct browse *b);
/* The same with the table of its latents. */
enum err browse_subject(struct browse *b, struct ask_subject **out,
                        struct errinfo *e) ERR_CHECKED;

/* What a run's F latents are called; NULL: `path` is another tool's SAE, which has no
 * labels. Caller owns a reference. */
enum err browse_labels(const char *path, size_t F, struct latent_labels **out,
                       struct errinfo *e) ERR_CHECKED;

#endif
