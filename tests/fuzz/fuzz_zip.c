/* A zip of any bytes is refused, or its members are read to their end or refused. */
#include "base/mem.h"
#include "base/zipfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct zipfile *z = NULL;
    if (zipfile_open(data, size, "fuzz", &z, &e) != OK) {
        return 0;
    }
    for (size_t i = 0; i < zipfile_count(z); i++) {
        const char *name;
        uint8_t *bytes;
        size_t len, claimed;
        if (zipfile_member(z, i, &name, &claimed, &e) != OK) {
            continue;
        }
        /* Whatever it claims, the file must be able to hold it. */
        if (claimed / 1100 > size + 1 || strlen(name) > size) {
            abort();
        }
        if (zipfile_read(z, i, (size_t)1 << 22, &bytes, &len, &e) == OK) {
            if (len != claimed) {
                abort();
            }
            mem_free(bytes);
        }
    }
    zipfile_close(z);
    return 0;
}
