/* Makes the further arms of a run from the settings in which they differ from the
 * first. Any thread. */
#ifndef SAETOP_TRAIN_ALSO_H
#define SAETOP_TRAIN_ALSO_H

#include "train/arm_place.h"
#include "train/settings.h"

#include <stddef.h>

/* An arm of a run: its settings as if it were trained alone, not resolved; its name;
 * and its condition: the name of the first arm that differs from it only in the seed of
 * weights, or "first" for arms like the first. */
struct arm_plan {
    struct settings set;
    char name[ARM_NAME_MAX]; /* "" for the first, "twin", "also1" */
    char condition[ARM_NAME_MAX];
};
/* Makes the arms that settings ask for: the first, its twin, those of `also`, and with
 * seed.count the same again for each further seed of weights, named "s2", "twin.s2".
 * *out [n]: caller owns (mem_free). ERR_USAGE for errors in `also`, for two arms of one
 * condition and seed among those that seed.count makes, and for more than
 * RUN_ARMS_MAX. */
enum err arm_plans_of(const struct settings *asked, struct arm_plan **out, size_t *n,
                      struct errinfo *e) ERR_CHECKED;
/* Makes an arm like `of`, without further arms of its own, whose seed of weights is
 * that of `of` plus `more` and is in its name. ERR_USAGE for a name that is too
 * long. */
enum err arm_plan_next_seed(const struct arm_plan *of, size_t more,
                            struct arm_plan *out, struct errinfo *e) ERR_CHECKED;
/* Returns whether the settings ask for one arm only. */
bool arm_plans_single(const struct settings *asked);
/* Returns the most seeds that a condition of these arms has, by seed.count or listed in
 * `also`. Allocates the plan while it counts. */
size_t arm_plans_seeds(const struct settings *asked);
/* Makes n arms with the settings `base`, named by their places, "", "also1", ...,
 * without conditions. *out: caller owns (mem_free). */
enum err arm_plans_like(const struct settings *base, size_t n, struct arm_plan **out,
                        struct errinfo *e) ERR_CHECKED;
/* Writes the name of an unnamed further arm n, from 1: "also1". */
void arm_name_also(size_t n, char out[ARM_NAME_MAX]);
/* Appends the settings of an arm that differ between the two, with the value in `s`:
 * "k=8,mask.rate=0.3"; nothing where only seed.weights differs. */
void arm_differs(const struct settings *first, const struct settings *s,
                 struct str *out);

/* Writes the letters for condition i in a line: "A" to "Z", "AA", "AB", ... */
#define CONDITION_LETTERS 4
const char *condition_letters(size_t i, char out[CONDITION_LETTERS]);

/* The random control as an arm of `also`: the first arm's settings, with a decoder of
 * random directions that is not trained. */
#define ALSO_RANDOM "random:decoder=random"

/* Returns how many arms `also` describes: two in "k=8,mask-rate=0.3;k=16". */
size_t also_count(const char *also);
/* Writes the settings of arm i of `also`: `base` (not resolved) with the arm's pairs,
 * each with a setting's key or flag. Text before a ':' that comes before any '=', ','
 * or ';' is the arm's name: "few:k=2" (a value may contain a ':'). ERR_USAGE for a bad
 * pair, a bad name (arm_name_check), or a setting that all arms share (model, text,
 * seed, batch, ...). */
enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;
/* Makes one more condition of a run from "NAME:key=value,...": `base` with these pairs.
 * ERR_USAGE for a text of another form, and as above. */
enum err also_condition(const struct settings *base, const char *text,
                        struct arm_plan *out, struct errinfo *e) ERR_CHECKED;
/* Writes the settings of an arm in training with these pairs, "lr=0.001,k=8", all of
 * which must be tunable (setting_def.tunable). ERR_USAGE names those that are. Neither
 * resolved nor checked against one another. */
enum err tuned_settings(const struct settings *was, const char *pairs,
                        struct settings *out, struct errinfo *e) ERR_CHECKED;
/* Writes the settings of the twin: not masked, otherwise as the first arm. */
enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
