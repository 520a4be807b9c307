/* A mapped file that another program cuts short while it is in use (base/infile.h maps
 * what is too large to copy, lm/lm_source.h weights) ends the process in a line that
 * names it, with status 2, in place of a death by SIGBUS. Where a screen is open,
 * ui/signal.h puts the terminal back first. */
#ifndef SAETOP_SRC_BUS_ERROR_H
#define SAETOP_SRC_BUS_ERROR_H

/* Once, early in main. */
void bus_error_init(void);

#endif
