/* Memory that is free. Any thread. */
#ifndef SAETOP_BASE_ROOM_H
#define SAETOP_BASE_ROOM_H

#include <stddef.h>

/* Bytes that this process may still take without pushing others out: what the kernel
 * calls available, or what is left of the cgroup's limit if that is less. SIZE_MAX if
 * neither can be read. */
size_t room_bytes(void);

#endif
