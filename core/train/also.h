/* Further arms of a run: the settings in which they differ from the first. Any thread.
 */
#ifndef SAETOP_TRAIN_ALSO_H
#define SAETOP_TRAIN_ALSO_H

#include "train/arm_place.h"
#include "train/settings.h"

#include <stddef.h>

/* An arm of a run: its settings as if it were trained alone, not resolved; its name;
 * and its condition, which is the name of the first arm that differs from it in nothing
 * but the seed of weights, "first" of those like the first. */
struct arm_plan {
    struct settings set;
    char name[ARM_NAME_MAX]; /* "" of the first, "twin", "also1" */
    char condition[ARM_NAME_MAX];
};
/* The arms that settings ask for: the first, its twin, those of `also`, and with
 * seed.count the same once more for each further seed of weights, named "s2",
 * "twin.s2". *out [n], the caller's (mem_free). ERR_USAGE for what is wrong in `also`,
 * for two of one condition and seed among those that seed.count makes, and for more
 * than RUN_ARMS_MAX. */
enum err arm_plans_of(const struct settings *asked, struct arm_plan **out, size_t *n,
                      struct errinfo *e) ERR_CHECKED;
/* An arm like `of`, without arms of its own, whose seed of weights is `more` after
 * `of`'s and is in its name. ERR_USAGE for a name that is too long. */
enum err arm_plan_next_seed(const struct arm_plan *of, size_t more,
                            struct arm_plan *out, struct errinfo *e) ERR_CHECKED;
/* Whether they ask for one arm. */
bool arm_plans_single(const struct settings *asked);
/* The most seeds that a condition of these arms has: by seed.count, or listed in
 * `also`. Allocates the plan while it counts. */
size_t arm_plans_seeds(const struct settings *asked);
/* An array of n arms that all have `base`, named by their places: "", "also1", ... ,
 * and of no condition. *out: the caller's (mem_free). */
enum err arm_plans_like(const struct settings *base, size_t n, struct arm_plan **out,
                        struct errinfo *e) ERR_CHECKED;
/* The name of further arm n, counted from 1, where it was given none: "also1". */
void arm_name_also(size_t n, char out[ARM_NAME_MAX]);
/* Append what of an arm differs between two settings, with the value in `s`:
 * "k=8,mask.rate=0.3"; nothing where only seed.weights does. */
void arm_differs(const struct settings *first, const struct settings *s,
                 struct str *out);

/* Letters that stand for arm i in a line: "A" to "Z", "AA", "AB", ... */
#define ARM_LETTERS 4
const char *arm_letters(size_t i, char out[ARM_LETTERS]);

/* The random control as an arm of `also`: the first one's settings, on a decoder of
 * random directions that is not trained. */
#define ALSO_RANDOM "random:decoder=random"

/* How many arms `also` describes: "k=8,mask-rate=0.3;k=16" is two. */
size_t also_count(const char *also);
/* Settings of arm i of them: `base` (not resolved) with the arm's pairs, each with a
 * setting's key or flag. Text before a ':' that comes before any '=', ',' or ';' is the
 * arm's name: "few:k=2" (a value may hold a ':'). ERR_USAGE for a bad pair, a bad name
 * (arm_name_check), and for a setting that all arms share (model, text, seed, batch,
 * ...). */
enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;
/* One more condition of a run, "NAME:key=value,...": `base` with these pairs. ERR_USAGE
 * for a text of another form, and as above. */
enum err also_condition(const struct settings *base, const char *text,
                        struct arm_plan *out, struct errinfo *e) ERR_CHECKED;
/* The settings of an arm in training with these pairs, "lr=0.001,k=8", all of which may
 * be changed during training (setting_def.tunable). ERR_USAGE names those that may. Not
 * resolved, nor checked against one another. */
enum err tuned_settings(const struct settings *was, const char *pairs,
                        struct settings *out, struct errinfo *e) ERR_CHECKED;
/* The same for the twin: not masked, else as the first arm. */
enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
