/* Memory that is free. Any thread. */
#ifndef SAETOP_BASE_ROOM_H
#define SAETOP_BASE_ROOM_H

#include <stddef.h>

/* Bytes that this process may still take without pushing others out: what the kernel
 * calls available, or what is left of the limit of its cgroup or of one around that, if
 * that is less. SIZE_MAX if neither can be read. */
size_t room_bytes(void);
/* Returns the bytes left below the memory limits of the cgroup `group` ("/a/b", or "")
 * and of those around it, as the files of version 2 in the folder `root` have them; the
 * least of them. SIZE_MAX if none has a limit. */
size_t room_in_groups(const char *root, const char *group);

#endif
