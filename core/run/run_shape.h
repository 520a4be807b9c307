/* Describes the arms of a run by their settings, before the arms exist, and estimates
 * the memory that such a run takes. Owner thread. */
#ifndef SAETOP_RUN_RUN_SHAPE_H
#define SAETOP_RUN_RUN_SHAPE_H

#include "train/also.h"
#include "train/arm.h"

struct arm_shape {
    const struct settings *set; /* resolved; borrowed */
    const char *condition;      /* "" where it has none; borrowed */
    struct mask_schedule masks;
    const struct sae_arch *arch;
    size_t F;
    double k;
    struct sae_need need;
};
struct run_shape {
    const struct inputs *in; /* borrowed */
    struct settings *own;    /* [n] behind arm[].set; NULL: the arms exist */
    size_t n;
    struct arm_shape arm[RUN_ARMS_MAX];
};

/* Describes planned arms; `in` needs no weights (inputs_open). Release with
 * run_shape_deinit. Errors of the arms: inputs_check_arm, inputs_can_mask, more than
 * RUN_ARMS_MAX (ERR_USAGE), sizes out of range (ERR_LIMIT). */
enum err run_shape_of_plans(const struct inputs *in, const struct arm_plan *arms,
                            size_t n, struct run_shape *out,
                            struct errinfo *e) ERR_CHECKED;
void run_shape_deinit(struct run_shape *s);
/* Describes an existing arm; borrows its settings and the condition. */
struct arm_shape arm_shape_of(const struct arm *a, const char *condition);

/* Estimates the bytes of the whole process with all arms, evaluation and saving. The
 * peak of resident memory is within a factor of RUN_BYTES_WITHIN of it. */
#define RUN_BYTES_WITHIN 1.3
size_t run_bytes(const struct run_shape *s);
/* For several such runs that share a process and an evaluator (run/evaluator.h): return
 * the bytes of the process, and the most that each run adds, including its own model up
 * to the hook and one measurement at a time. */
size_t run_process_bytes(void);
size_t run_engine_bytes(const struct run_shape *s);
/* Returns what is taken besides the evaluation set while it is used: the larger of the
 * probes that it is made with, which are trained on a copy, and of an arm's evaluation
 * later. */
size_t run_measuring_bytes(const struct run_shape *s);
/* Returns the part that one more arm like this takes: weights, optimizer, its own place
 * in the text. */
size_t run_arm_bytes(const struct inputs *in, const struct arm_shape *a);
/* Returns how many ways of masking the arms have: passes of the model over the same
 * text. */
size_t run_maskings(const struct run_shape *s);

/* Returns the memory available to a run: what this process already holds, including
 * weights read (clock_own_bytes), plus what it may still take (room_bytes); SIZE_MAX:
 * not known. */
size_t run_room(size_t own, size_t room);
/* Checks that n arms that need `needed` bytes fit into `room`. ERR_LIMIT names both. */
enum err run_check_room(size_t n, size_t needed, size_t room,
                        struct errinfo *e) ERR_CHECKED;

#endif
