/* The summary that `saetop eval` prints first. */
#ifndef SAETOP_SRC_EVAL_SUMMARY_H
#define SAETOP_SRC_EVAL_SUMMARY_H

#include "base/str.h"
#include "eval/report.h"
#include "run/conditions.h"

/* Most lines of a summary, with those that the caller puts before it. */
#define EVAL_SUMMARY_LINES 16

/* Append a summary of one run: L0, dead latents and the primary measures of verdicts,
 * each with its interval, and the number of other figures in the report. At most
 * EVAL_SUMMARY_LINES - 2 lines. */
void eval_summary_one(const struct report *r, struct str *out);

/* Append a summary of two runs x and y and their paired differences x - y: the primary
 * measures with both values, the difference and its interval; the conclusions; and the
 * warnings of compare_warn. Measures that do not differ at all are counted, not listed.
 * At most EVAL_SUMMARY_LINES - 2 lines, plus what long warnings take. */
struct eval_pair {
    const struct settings *set[2];
    int64_t step[2];
    const struct condition_changes *changes[2]; /* [CHANGE_KINDS]; NULL: not known */
    const struct report *report[2];
    const struct report *difference;
};
void eval_summary_two(const struct eval_pair *p, struct str *out);

#endif
