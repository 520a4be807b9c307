/* The signals of base/leave_signals.h as a request to stop: long work polls stop_asked
 * or passes stop_flag on, saves, and ends with stop_status. A second such signal ends
 * the process at once. Commands that do neither leave the signals alone. */
#ifndef SAETOP_SRC_STOP_H
#define SAETOP_SRC_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

/* Call once, early in main: a closed pipe and a file over the size limit become write
 * errors. */
void stop_init(void);
/* From here on the signals are requests, except those that are ignored (by nohup, or by
 * a shell that starts work in the background). */
void stop_install(void);
bool stop_asked(void);              /* any thread */
const atomic_bool *stop_flag(void); /* the same, for what takes a flag to poll */
int stop_status(void);              /* 128 + the signal's number; 0 if none came */

#endif
