/* Base64 of RFC 4648, section 4, with padding. Any thread. */
#ifndef SAETOP_BASE_BASE64_H
#define SAETOP_BASE_BASE64_H

#include "base/str.h"

/* Append n bytes as 4 letters for each 3 of them, or for the 1 or 2 left. */
void base64_add(struct str *out, const void *bytes, size_t n);

#endif
