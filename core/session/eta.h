/* How long a run takes on, from what it took since its arms were last others. Any
 * thread; one struct, one owner. */
#ifndef SAETOP_SESSION_ETA_H
#define SAETOP_SESSION_ETA_H

#include <stddef.h>

/* Training that a rate is taken of at least: seconds. */
#define ETA_LEAST 2.0

/* Zeroed at the start. */
struct eta {
    size_t arms;          /* that it is of */
    double seconds, done; /* when it began */
};
/* Seconds until the `left` steps, of all arms together, are done; `done` are, in
 * `seconds` of training. NaN until there is a rate: ETA_LEAST seconds with these arms.
 */
double eta_left(struct eta *e, size_t arms, double seconds, double done, double left);

#endif
