#define REAL_F64
#include "lm/lm_block.c"
