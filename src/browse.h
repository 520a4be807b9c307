/* A run or another tool's SAE, opened to look at its latents: model, text, table. Owner
 * thread. */
#ifndef SAETOP_SRC_BROWSE_H
#define SAETOP_SRC_BROWSE_H

#include "ask/ask.h"
#include "eval/concept_table.h"
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
    struct names names;             /* names of tokens and concepts */
    struct concept_table *concepts; /* NULL: see browse_concepts */
};

/* Read `path`, a run or another tool's SAE. What the command line names replaces what
 * the run recorded; where neither says anything, the bundled sample is used. Nothing
 * else is opened. */
enum err browse_record(const char *path, const struct run_opts *ro,
                       struct run_record *out, struct errinfo *e) ERR_CHECKED;

/* A run's SAE and its model alone: no text is read. */
struct browse_lm {
    struct run_record record;
    struct lm *lm;
    struct lm_hook hook;
    int32_t mask_token; /* -1: none */
};
/* Do browse_record, then open the model and check it against the SAE. Call
 * browse_lm_close after an error too. */
enum err browse_lm_open(const char *path, const struct run_opts *ro,
                        struct browse_lm *b, struct errinfo *e) ERR_CHECKED;
void browse_lm_close(struct browse_lm *b);
/* Make the subject that prompts are put to; it takes over the record's SAE. */
enum err browse_lm_subject(struct browse_lm *b, struct ask_subject **out,
                           struct errinfo *e) ERR_CHECKED;

/* Do browse_record, then open model and text and check them against the SAE; set and
 * table are not made. Call browse_close after an error too. */
enum err browse_inputs(const char *path, const struct run_opts *ro, struct browse *b,
                       struct errinfo *e) ERR_CHECKED;

/* Open all of it. Call browse_close after an error too. */
enum err browse_open(const char *path, const struct run_opts *ro, struct browse *b,
                     struct errinfo *e) ERR_CHECKED;
void browse_close(struct browse *b);
/* Reads the concepts of the evaluation that a run keeps into an open b. NULL: it keeps
 * none, or one that cannot be read, as a line on stderr says. ERR_NOMEM. */
enum err browse_concepts(const char *path, struct browse *b,
                         struct errinfo *e) ERR_CHECKED;
/* The same as browse_lm_subject, with the table of its latents. */
enum err browse_subject(struct browse *b, struct ask_subject **out,
                        struct errinfo *e) ERR_CHECKED;

/* Read what a run's F latents are called; *out is NULL if `path` is another tool's SAE,
 * which has no labels. The caller owns a reference. */
enum err browse_labels(const char *path, size_t F, struct latent_labels **out,
                       struct errinfo *e) ERR_CHECKED;

#endif
