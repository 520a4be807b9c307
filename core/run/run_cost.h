/* What a run takes in time and memory, known before it begins: `saetop doctor`, `train`
 * and the explorer say it alike, from here. Owner thread. */
#ifndef SAETOP_RUN_RUN_COST_H
#define SAETOP_RUN_RUN_COST_H

#include "run/run_shape.h"

struct run_cost {
    size_t arms;
    int64_t steps;     /* planned, or left of a run that goes on */
    double tokens;     /* that each arm is trained on in them */
    size_t bytes;      /* of the whole process: run_bytes */
    size_t room;       /* that there is for it: run_room */
    size_t hook_bytes; /* of the model's weights up to the hook, with what is outside of
                          blocks; 0: there is no model */
    /* From run_cost_time on: */
    bool timed;
    double text_tokens;       /* of the training text, about; NaN: it has no end */
    double tokens_per_word;   /* 0: the text is token ids */
    double tokens_per_second; /* of the model up to the hook, and to cache.hooks, on the
                                 run's threads */
    size_t rate_rows;         /* by so many rows at a time */
    double step_seconds;      /* of one step of all arms, without their activations;
                                 NaN: there is no memory to time one in */
    double seconds;           /* of all steps, without evaluation; NaN likewise */
};

/* What is known without a measurement; takes no memory. steps: still to do. */
struct run_cost run_cost_of(const struct run_shape *s, int64_t steps);
/* The rest, by running the model for about `seconds` on the first rows of the text and
 * a few steps of one arm of each condition, which is made for it and freed. `in`: of a
 * model, the shape's own, its weights read (inputs_read); it stays as it is.
 * ERR_NUMERIC where the activations are not finite; errors of the text, of arm_new. */
#define RUN_COST_BRIEF 0.2 /* before a run */
#define RUN_COST_LONG  1.5 /* for itself */
enum err run_cost_time(struct inputs *in, const struct run_shape *s, double seconds,
                       struct run_cost *cost, struct errinfo *e) ERR_CHECKED;

/* The same in words: lines of a label and a text, what matters most first. */
struct cost_line {
    char label[12]; /* "" like the line before */
    char text[500];
    bool gap;   /* of what is missing */
    bool warns; /* of memory that is */
};
#define COST_LINES 10
/* Lines of time and memory, arms and steps, hook, text, its loss (once in->text has
 * one), what is missing. How many; `in`: that the cost is of. */
size_t run_cost_lines(const struct run_cost *c, const struct inputs *in,
                      struct cost_line out[COST_LINES]);
/* The first of them: "about 2 min and 180 MB of memory (12 GB are there), evaluation
 * not counted". */
void run_cost_takes(const struct run_cost *c, char *out, size_t cap);
/* The same of any work: "about 2 min and 180 MB of memory (12 GB are there)". seconds
 * NaN, room SIZE_MAX: not known, and not said. */
void cost_takes(double seconds, size_t bytes, size_t room, char *out, size_t cap);

#endif
