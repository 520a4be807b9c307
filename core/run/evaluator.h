/* The whole evaluation (eval/suite.h), opened from settings: model, text, concepts,
 * evaluation set and sentence tasks, made once for all SAEs of one model, hook and
 * text.
 *
 *     struct evaluator_opts o = evaluator_defaults();
 *     o.sections = ...; // SUITE_ALL, or what is wanted
 *     TRY(evaluator_open(&settings, &o, cancel, &v, e));
 *     // in each of several threads, with a pool and a harvester of its own:
 *     TRY(evaluator_harvester(v, pool, &h, e));
 *     report_init(&report, seed);
 *     const struct suite_job job = {.sae = sae, .h = h, .pool = pool, .sections = ...};
 *     TRY(evaluator_run(v, &job, &report, &result, &times, e));
 */
#ifndef SAETOP_RUN_EVALUATOR_H
#define SAETOP_RUN_EVALUATOR_H

#include "eval/suite.h"
#include "train/inputs.h"

struct evaluator_opts {
    const char *const *probes; /* sentence tasks: CSV files or folders of them */
    size_t n_probes;           /* 0: the bundled ones if the model is the bundled one */
    bool concepts_named;       /* the user named the concepts of the settings */
    struct probe_ks ks;        /* inputs of the sparse probes */
    size_t rows;               /* rows of text for reconstruction and losses */
    uint64_t seed;             /* of the masks for robustness */
    unsigned sections;         /* SUITE_ALL, or what jobs will ask for */
    const struct sae *sae;     /* the first SAE to come, NULL: not known yet; if its
                                  width is not the model's, it is refused before
                                  anything else */
    const char *sae_name;      /* for that message */
    const char *cache;         /* folder that keeps fitted raw probes; NULL: none */
    const struct suite_watch *watch; /* told of the making; NULL: nobody */
};
/* k = 1, 2, 5; 64 rows; seed 0; all sections; no cache. */
struct evaluator_opts evaluator_defaults(void);

struct evaluator;
/* Opens everything that the settings name, with settings.threads threads. Evaluation is
 * always on clean text, cross-entropies on all rows, whatever the settings say.
 * Unusable concepts that a run recorded do not end it: they are listed as left out, and
 * the built-in letters stay. Errors of inputs_new, of probes and concepts that were
 * named, ERR_CANCELLED. Takes tens of seconds of one core on the bundled sample. */
enum err evaluator_open(const struct settings *set, const struct evaluator_opts *o,
                        const atomic_bool *cancel, struct evaluator **out,
                        struct errinfo *e) ERR_CHECKED;
/* The same on open inputs, which are borrowed; their pool and harvester are used while
 * it is made. */
enum err evaluator_new(const struct inputs *in, const struct evaluator_opts *o,
                       const atomic_bool *cancel, struct evaluator **out,
                       struct errinfo *e) ERR_CHECKED;
void evaluator_free(struct evaluator *v); /* NULL is fine */
/* Estimates the bytes that an evaluator for the settings of `in` holds on so many
 * threads, without what a job on it takes. `in` is of a model and needs no weights
 * (inputs_open). */
size_t evaluator_bytes(const struct inputs *in, const struct evaluator_opts *o,
                       size_t threads);

/* Returns the inputs; owner thread, except for what is const in them (settings, model,
 * concepts, hook). Their pool and harvester may serve one job at a time. */
const struct inputs *evaluator_inputs(const struct evaluator *v);
const struct eval_set *evaluator_set(const struct evaluator *v);
/* Returns the seconds spent on making each section's part, the evaluation set first
 * ("set"). */
const struct suite_times *evaluator_times(const struct evaluator *v);
/* Return how many raw probes were taken from the cache and written to it, and why it
 * could not be written to, or NULL. */
void evaluator_cached(const struct evaluator *v, size_t *got, size_t *put);
const char *evaluator_cache_fault(const struct evaluator *v);
/* Makes a harvester for jobs on `pool`; release with harvester_free. Any thread. */
enum err evaluator_harvester(const struct evaluator *v, struct pool *pool,
                             struct harvester **out, struct errinfo *e) ERR_CHECKED;

/* Runs suite_run. What the inputs lack (concepts, words that are single tokens) is
 * listed in the report first. Any number of threads at once, as suite_run says. */
enum err evaluator_run(const struct evaluator *v, const struct suite_job *job,
                       struct report *r, struct eval_result *result,
                       struct suite_times *times, struct errinfo *e) ERR_CHECKED;

#endif
