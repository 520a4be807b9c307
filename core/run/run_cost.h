/* Estimates the time and memory a run takes, before it begins; `saetop doctor`, `train`
 * and the explorer all show these figures. Owner thread. */
#ifndef SAETOP_RUN_RUN_COST_H
#define SAETOP_RUN_RUN_COST_H

#include "run/run_shape.h"

struct run_cost {
    size_t arms;
    int64_t steps;     /* planned, or left in a resumed run */
    double tokens;     /* that each arm trains on in these steps */
    size_t bytes;      /* of the whole process (run_bytes) */
    size_t room;       /* memory available to it (run_room) */
    size_t hook_bytes; /* of the model's weights up to the hook, including those outside
                          blocks; 0: there is no model */
    /* Set by run_cost_time: */
    bool timed;
    double text_tokens;       /* of the training text, estimated; NaN: it has no end */
    double tokens_per_word;   /* 0: the text is token ids */
    double tokens_per_second; /* of the model up to the hook, and to cache.hooks, on the
                                 run's threads */
    size_t rate_rows;         /* rows at a time in measuring it */
    double step_seconds;      /* of one step of all arms, without making activations;
                                 NaN: no memory to time one in */
    double seconds;           /* of all steps, without evaluation; NaN likewise */
};

/* Returns what is known without a measurement; takes no memory. steps: still to do. */
struct run_cost run_cost_of(const struct run_shape *s, int64_t steps);
/* Measures the rest: runs the model for about `seconds` on the first rows of the text,
 * and a few steps of one arm of each condition, made for this and freed. `in`: the
 * shape's own, of a model, its weights read (inputs_read); not changed. ERR_NUMERIC
 * where the activations are not finite; errors of the text and of arm_new. */
#define RUN_COST_BRIEF 0.2 /* before a run */
#define RUN_COST_LONG  1.5 /* when the cost is what was asked for */
enum err run_cost_time(struct inputs *in, const struct run_shape *s, double seconds,
                       struct run_cost *cost, struct errinfo *e) ERR_CHECKED;

/* A line of the cost in words: a label and a text, the most important line first. */
struct cost_line {
    char label[12]; /* "": the same as the line before */
    char text[500];
    bool gap;   /* says what is missing */
    bool warns; /* says that memory is short */
};
#define COST_LINES 10
/* Writes lines on time and memory, arms and steps, hook, text, its loss (once in->text
 * has one), and what is missing; returns how many. `in`: the inputs that the cost is
 * for. */
size_t run_cost_lines(const struct run_cost *c, const struct inputs *in,
                      struct cost_line out[COST_LINES]);
/* Writes the first of them: "about 2 min and 180 MB of memory (12 GB are there),
 * evaluation not counted". */
void run_cost_takes(const struct run_cost *c, char *out, size_t cap);
/* The same for any work: "about 2 min and 180 MB of memory (12 GB are there)". seconds
 * NaN, room SIZE_MAX: not known, and left out. */
void cost_takes(double seconds, size_t bytes, size_t room, char *out, size_t cap);

#endif
