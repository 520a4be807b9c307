/* The whole evaluation of SAEs on one model, hook and text: every measure of the table
 * in suite.c. What depends only on model and text is made once, as a bench; any number
 * of SAEs is then measured on it, from any number of threads at once. A measure that
 * can't be made is listed as left out and the rest goes on. */
#ifndef SAETOP_EVAL_SUITE_H
#define SAETOP_EVAL_SUITE_H

#include "eval/probe_sheet.h"
#include "lm/lm.h"
#include "text/mask.h"

/* The measures, in the order of the report. */
enum suite_section {
    SUITE_LIVE, /* what training shows: evaluate() */
    SUITE_FIDELITY,
    SUITE_LATENTS,
    SUITE_ABSORPTION,
    SUITE_SAEBENCH,  /* absorption exactly as in SAEBench */
    SUITE_CONCEPTS,  /* sparse probing of words ... */
    SUITE_SENTENCES, /* ... and of texts */
    SUITE_TPP,
    SUITE_SCR,
    SUITE_ROBUSTNESS,
    SUITE_SECTIONS
};
#define SUITE_ALL ((1U << SUITE_SECTIONS) - 1U)

/* "live", "fidelity", "latents", "absorption", "absorption.saebench",
 * "probing.concepts", "probing.sentences", "tpp", "scr", "robustness". */
const char *suite_section_name(enum suite_section section);
/* Reads a list of names such as "fidelity,absorption,probing" as bits 1 << section: a
 * word means the section of that name and all whose names begin with it and a dot.
 * Sections that these need (absorption: live) are added. ERR_USAGE names the word and
 * what there is. */
enum err suite_sections_parse(const char *list, unsigned *sections,
                              struct errinfo *e) ERR_CHECKED;
/* Adds to the bits the sections that they need. */
unsigned suite_sections_needed(unsigned sections);

/* Called in the calling thread before each of the n things that a call makes or
 * measures: what it is, a section's name or "set", and how many are done. */
struct suite_watch {
    void (*begin)(void *user, const char *what, size_t done, size_t n);
    void *user;
};
void suite_tell(const struct suite_watch *w, const char *what, size_t done,
                size_t n); /* w may be NULL */

/* What a bench is made from. Borrowed as long as the bench lives, except `mask`,
 * `probes`, `watch` and the harvester's pool, which are needed only to make it. */
struct suite_source {
    const struct eval_set *set;
    const struct acts_set *ood; /* OOD rows; NULL: none */
    const struct concepts *concepts;
    const struct lm *lm;
    struct lm_hook hook;
    const struct mask_spec *mask; /* NULL: robustness is left out */
    const char *const *probes;    /* files of sentence tasks */
    size_t n_probes;
    struct probe_ks ks;
    size_t rows;                     /* of text for reconstruction and losses */
    uint64_t seed;                   /* for the masks of robustness */
    unsigned sections;               /* that the bench is for */
    const struct suite_watch *watch; /* NULL: none */
};

#define SUITE_TIMES_MAX 16
struct suite_times {
    size_t n;
    const char *section[SUITE_TIMES_MAX];
    double seconds[SUITE_TIMES_MAX];
};

/* The report's list that says what the first-letter task was asked with: "word" or
 * "in-context prompt" (letters.h). With the latter the word's own activation has
 * figures of its own below absorption.letter_own_word. */
#define SUITE_LETTER_INPUT "first_letter_input"

/* All that does not depend on the SAE: probes on raw activations, activations of the
 * sentence tasks, losses of the clean and the ablated model, masked text. Immutable
 * once made. */
struct suite_bench;
/* Makes a bench. h and pool are the caller's; times (of each section's share) may be
 * NULL. A part that can't be made (a file of probes) is not an error: each SAE's report
 * lists it. ERR_NOMEM, ERR_CANCELLED. */
enum err suite_bench_new(const struct suite_source *src, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct suite_times *times, struct suite_bench **out,
                         struct errinfo *e) ERR_CHECKED;
void suite_bench_free(struct suite_bench *b); /* NULL is fine */
/* Estimates the bytes of a bench for SAEs of width D with so many OOD rows of T tokens,
 * which it includes: activations of words asked by prompts and of masked rows. */
size_t suite_bench_bytes(size_t ood_rows, size_t D, size_t T);

/* One SAE to measure on a bench. */
struct suite_job {
    const struct sae *sae;
    struct harvester *h; /* this call's own, on `pool`, of the bench's model and hook */
    struct pool *pool;   /* this call's own; NULL: inline */
    unsigned sections;   /* of those that the bench is for */
    const atomic_bool *cancel;       /* may be NULL */
    const struct suite_watch *watch; /* NULL: none */
};
/* Runs the job's sections and those that they need; figures and lists go to r, whose
 * seed is used for the intervals. *result is that of evaluate() (release it), or has no
 * concept array if no section needed it. times may be NULL. Any number of threads may
 * call this on one bench at once, each with its own harvester, pool and report; the
 * results do not depend on these. Errors: ERR_NOMEM, ERR_CANCELLED, ERR_USAGE for an
 * SAE of another width, and those of evaluate(). */
enum err suite_run(const struct suite_bench *b, const struct suite_job *job,
                   struct report *r, struct eval_result *result,
                   struct suite_times *times, struct errinfo *e) ERR_CHECKED;
/* Makes eval.json: the report, and what only eval_result_tree has. */
enum err suite_tree(const struct report *r, const struct eval_result *result,
                    const struct concepts *c, cJSON **out,
                    struct errinfo *e) ERR_CHECKED;

#endif
