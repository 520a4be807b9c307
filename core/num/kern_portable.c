/* The kernels for any CPU. */
#include "num/kern_tables.h"

#define KERN_TABLE kern_table_portable
#define KERN_NAME  "portable"
#include "num/kern_body.h"
