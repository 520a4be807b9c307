/* If another program cuts a mapped file short while it is in use (base/infile.h maps
 * what is too large to copy, lm/lm_source.h weights), the process ends with a line that
 * names the file and status 2, rather than by SIGBUS. If a screen is open, ui/signal.h
 * restores the terminal first. */
#ifndef SAETOP_SRC_BUS_ERROR_H
#define SAETOP_SRC_BUS_ERROR_H

/* Call once, early in main. */
void bus_error_init(void);

#endif
