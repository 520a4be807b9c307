/* Figures of a report held against numbers, and a file of sentence tasks for the words
 * of eval_bench.h. */
#ifndef SAETOP_TESTS_UNIT_EVAL_FIGURES_H
#define SAETOP_TESTS_UNIT_EVAL_FIGURES_H

#include "eval/report.h"
#include "unit/check.h"

#include <math.h>

/* Two tasks, one of which learns from one class and so cannot be probed. */
#define TASKS_CSV                                                                      \
    "task,text,label,split,spurious\n"                                                 \
    "pets, dog cat,1,train,0\npets, plum pear van,0,train,1\n"                         \
    "pets, cat,1,train,1\npets, van,0,train,0\n"                                       \
    "pets, cat runs,1,test,0\npets, pear,0,test,0\n"                                   \
    "pets, dog,1,ood,\npets, van plum,0,ood,\n"                                        \
    "flat, dog,1,train,0\nflat, cat,1,train,0\n"                                       \
    "flat, dog,1,test,0\nflat, van,0,test,0\n"

static inline void check_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) {
        fail_msg("found %.9g, expected %.9g +- %g", got, want, within);
    }
}

static inline double value(const struct report *r, const char *path)
{
    const struct figure *f = report_find(r, path);
    if (f == NULL) {
        fail_msg("no figure %s", path);
    }
    return f != NULL ? f->v.value : (double)NAN;
}

#endif
