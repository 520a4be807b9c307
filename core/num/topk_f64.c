#define REAL_F64
#include "num/topk.c"
