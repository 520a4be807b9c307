/* Matryoshka's lists, "groups\nweights", for as many latents as the first byte says:
 * refused in a line, or prefixes that rise to all latents. */
#include "sae/sae_hyper.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX];
    struct errinfo e = {0};
    struct sae_hyper h = {0};
    if (size < 1 || size > TEXT_MAX - 1) {
        return 0;
    }
    const size_t F = (size_t)1 + data[0] * (size_t)17;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    char *weights = strchr(text, '\n');
    if (weights) {
        *weights++ = '\0';
    }
    if (sae_groups_parse(text, weights ? weights : "", size % 2 == 0, F, &h, &e) !=
        OK) {
        require(e.msg[0] && !strchr(e.msg, '\n') && h.groups == 0);
        return 0;
    }
    require(h.groups >= 1 && h.groups <= SAE_GROUPS_MAX);
    for (size_t i = 0; i < h.groups; i++) {
        require(h.width[i] > (i > 0 ? h.width[i - 1] : 0));
        require(isfinite(h.weight[i]) && h.weight[i] >= 0);
    }
    require(h.width[h.groups - 1] == F);
    return 0;
}
