/* Memory that there is. Any thread. */
#ifndef SAETOP_BASE_ROOM_H
#define SAETOP_BASE_ROOM_H

#include <stddef.h>

/* Bytes that this process may still take without pushing others out: what the kernel
 * calls available, of the cgroup's limit what is left of it. SIZE_MAX where neither can
 * be read. */
size_t room_bytes(void);

#endif
