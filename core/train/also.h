/* Further arms of a run: the settings in which they differ from the first. Any thread.
 */
#ifndef SAETOP_TRAIN_ALSO_H
#define SAETOP_TRAIN_ALSO_H

#include "train/settings.h"

#include <stddef.h>

#define RUN_ARMS_MAX    64 /* arms of a run */
#define ARM_SUFFIX      32
#define RUN_ARMS_TEXT   (RUN_ARMS_MAX * ARM_SUFFIX) /* their suffixes in a row */
#define ARM_SUFFIX_TWIN "-twin"
/* An arm of a run: its settings as if it were trained alone, not resolved, and what
 * follows the run directory's name in its own. */
struct arm_plan {
    struct settings set;
    char suffix[ARM_SUFFIX]; /* "" of the first, "-twin", "-also1" */
};
/* The arms that settings ask for: the first, its twin, those of `also`. *out [n], the
 * caller's (mem_free). ERR_USAGE for what is wrong in `also`. */
enum err arm_plans_of(const struct settings *asked, struct arm_plan **out, size_t *n,
                      struct errinfo *e) ERR_CHECKED;
/* An array of n arms that all have `base`, named by their places: "", "-also1", ...
 * *out: the caller's (mem_free). */
enum err arm_plans_like(const struct settings *base, size_t n, struct arm_plan **out,
                        struct errinfo *e) ERR_CHECKED;
/* The suffix of further arm n, counted from 1: "-also1". */
void arm_suffix_also(size_t n, char out[ARM_SUFFIX]);
/* How many arms the settings ask for, and the suffix of arm i of them. */
size_t arm_plans_count(const struct settings *asked);
void arm_plans_suffix(const struct settings *asked, size_t i, char out[ARM_SUFFIX]);

/* What arm i is called in a line: "A" to "Z", "AA", "AB", ... */
#define ARM_LETTERS 4
const char *arm_letters(size_t i, char out[ARM_LETTERS]);

/* How many arms `also` describes: "k=8,mask-rate=0.3;k=16" is two. */
size_t also_count(const char *also);
/* Settings of number i of them: `base` (not resolved) with its pairs, each a setting's
 * key or flag. ERR_USAGE for a pair that is none, and for a setting that all arms share
 * (model, text, seed, batch, ...). */
enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;
/* The same for the twin: not masked, else as the first arm. */
enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
