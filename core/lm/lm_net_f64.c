#define REAL_F64
#include "lm/lm_net.c"
