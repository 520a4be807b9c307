/* An SAE's directory: cfg.json up to the first byte 0, then sae_weights.safetensors. */
#include "base/file.h"
#include "sae/sae.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/saetop-fuzz-XXXXXX", cfg[64], weights[64];
    struct errinfo e;
    struct sae *s = NULL;
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const size_t n = end ? (size_t)(end - data) : size, skip = end ? 1 : 0;
    if (!mkdtemp(dir)) {
        return 0;
    }
    (void)snprintf(cfg, sizeof cfg, "%s/cfg.json", dir);
    (void)snprintf(weights, sizeof weights, "%s/sae_weights.safetensors", dir);
    const struct file_piece first = {data, n};
    const struct file_piece rest = {data + n + skip, size - n - skip};
    if (file_write(cfg, &first, 1, &e) == OK &&
        file_write(weights, &rest, 1, &e) == OK && sae_load(dir, &s, &e) == OK) {
        sae_free(s);
    }
    (void)unlink(cfg);
    (void)unlink(weights);
    (void)rmdir(dir);
    return 0;
}
