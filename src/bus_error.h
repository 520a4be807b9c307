/* A mapped file that another program cuts short while it is read (base/infile.h maps
 * what is too large to copy) ends the process in a line that names it, with status 1,
 * in place of a death by SIGBUS. */
#ifndef SAETOP_SRC_BUS_ERROR_H
#define SAETOP_SRC_BUS_ERROR_H

/* Once, early in main. */
void bus_error_init(void);

#endif
