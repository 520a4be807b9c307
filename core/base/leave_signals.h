/* The signals that ask to save and leave: a person's, the end of a session, and the
 * warnings that batch systems and power supplies give before the end. The one list of
 * them, for commands with a screen and without. X(NAME) for SIGNAME; of several, the
 * first in this order gives the exit status. */
#ifndef SAETOP_BASE_LEAVE_SIGNALS_H
#define SAETOP_BASE_LEAVE_SIGNALS_H

#include <signal.h>

#ifdef SIGPWR
#define LEAVE_SIGPWR(X) X(PWR)
#else
#define LEAVE_SIGPWR(X)
#endif

#define LEAVE_SIGNALS(X) X(INT) X(TERM) X(HUP) X(USR1) X(USR2) X(XCPU) LEAVE_SIGPWR(X)

#endif
