#define REAL_F64
#include "num/product.c"
