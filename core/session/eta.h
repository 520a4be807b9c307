/* Estimates how much longer a run takes, from its pace since its arms last changed. Any
 * thread; each struct has one owner. */
#ifndef SAETOP_SESSION_ETA_H
#define SAETOP_SESSION_ETA_H

#include <stddef.h>

/* The least training to take a rate from: seconds. */
#define ETA_LEAST 2.0

/* Zeroed at the start. */
struct eta {
    size_t arms;          /* that the rate is for */
    double seconds, done; /* where it starts */
};
/* Returns the seconds that the `left` steps take; `done` steps took `seconds` of
 * training so far. Both count the steps of all arms together. NaN until there is a
 * rate: ETA_LEAST seconds with these arms. */
double eta_left(struct eta *e, size_t arms, double seconds, double done, double left);

#endif
