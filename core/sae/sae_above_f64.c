#define REAL_F64
#include "sae/sae_above.c"
