/* SIGINT, SIGTERM and SIGHUP as a request to stop: long work polls stop_asked, saves
 * and ends with stop_status. A second signal of the kind ends the process at once. */
#ifndef SAETOP_SRC_STOP_H
#define SAETOP_SRC_STOP_H

#include <stdbool.h>

void stop_install(void); /* once, early in main; SIGPIPE is ignored from then on */
bool stop_asked(void);   /* any thread */
int stop_status(void);   /* 128 + the signal's number; 0 if none came */

#endif
