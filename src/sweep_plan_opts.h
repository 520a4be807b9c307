/* The plan of `saetop sweep`, from its command line, a plan file or the directory of a
 * sweep begun earlier. Owner thread. */
#ifndef SAETOP_SRC_SWEEP_PLAN_OPTS_H
#define SAETOP_SRC_SWEEP_PLAN_OPTS_H

#include "run_opts.h"
#include "sweep/plan.h"

/* Options of the grid, as typed; NULL: not given. */
struct sweep_plan_opts {
    const char *mask_rates, *archs, *seeds, *target_l0, *controls;
};

/* Make the plan: from `file` if there is one; else from the options and every setting
 * on the line that has several values; else, if the line has neither, from
 * dir/sweep.json. Settings on the line replace those of the file. `begun`: dir must
 * hold a sweep. Takes the lists out of `ro`. *tree is what sweep_plan_save writes. The
 * caller owns both (sweep_plan_free, cJSON_Delete). */
enum err sweep_plan_open(const struct sweep_plan_opts *g, struct run_opts *ro,
                         const char *file, const char *dir, bool begun,
                         struct sweep_plan **out, cJSON **tree,
                         struct errinfo *e) ERR_CHECKED;
/* Read the plan of dir/sweep.json, as it was saved; settings that an earlier version
 * did not save are those of `base`. The caller owns it (sweep_plan_free). */
enum err sweep_plan_saved(const char *dir, const struct settings *base,
                          struct sweep_plan **out, struct errinfo *e) ERR_CHECKED;
/* Write dir/sweep.json in full: every setting of the base, seeds and parts. */
enum err sweep_plan_save(const char *dir, const struct sweep_plan *p, cJSON *tree,
                         struct errinfo *e) ERR_CHECKED;

#endif
