/* The two compilations of kern_body.h; internal to core/num. */
#ifndef SAETOP_NUM_KERN_TABLES_H
#define SAETOP_NUM_KERN_TABLES_H

#include "num/kern.h"

extern const struct kern kern_table_portable;
#if defined(__x86_64__)
/* Its name is NULL in a build whose compiler had no AVX2. Run only after a CPU check.
 */
extern const struct kern kern_table_avx2;
#endif

#endif
