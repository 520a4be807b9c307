/* The first lines of what `saetop eval` prints. */
#ifndef SAETOP_SRC_EVAL_SUMMARY_H
#define SAETOP_SRC_EVAL_SUMMARY_H

#include "base/str.h"
#include "eval/report.h"
#include "train/settings.h"

/* Lines of a summary at most, with those that the caller puts before it. */
#define EVAL_SUMMARY_LINES 16

/* Summary of one run: L0, dead latents and the primary measures of verdicts, each with
 * its interval, and the number of other figures in the report. At most
 * EVAL_SUMMARY_LINES - 2 lines. */
void eval_summary_one(const struct report *r, struct str *out);

/* Summary of two runs x and y and the paired differences x - y: the primary measures
 * with both values, the difference and its interval, the conclusions, and warnings:
 * settings that differ beyond the masking, unequal L0. Measures that do not differ at
 * all are counted and not listed. At most EVAL_SUMMARY_LINES - 2 lines, but for what a
 * warning of many settings takes. */
struct eval_pair {
    const struct settings *set[2];
    const char *tuned[2]; /* on the way, conditions_tuned; NULL: not known */
    const struct report *report[2];
    const struct report *difference;
};
void eval_summary_two(const struct eval_pair *p, struct str *out);

#endif
