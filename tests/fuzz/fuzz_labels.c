/* labels.csv: refused in a line, or labels that can be written and read back. */
#include "base/utf8.h"
#include "latents/latent_labels.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

enum { WIDTH = 64 };

static void check(const struct latent_labels *l)
{
    size_t n = 0;
    for (int32_t id = -1; id <= WIDTH; id++) {
        const char *text = latent_labels_of(l, id);
        const size_t len = strlen(text);
        require(len <= LATENT_LABEL_MAX);
        for (size_t i = 0; i < len;) {
            uint32_t cp;
            i += utf8_next(text + i, len - i, &cp);
            require(cp != UTF8_INVALID && !utf8_is_unsafe(cp));
        }
        n += len ? 1 : 0;
    }
    require(n == latent_labels_count(l));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct latent_labels *l = NULL, *next = NULL;
    struct errinfo e = {0};
    if (latent_labels_parse((const char *)data, size, "input", WIDTH, &l, &e) != OK) {
        require(l == NULL && e.msg[0] && !strchr(e.msg, '\n'));
        return 0;
    }
    check(l);
    require(latent_labels_with(l, 5, "five", &next, &e) == OK);
    check(next);
    require(strcmp(latent_labels_of(next, 5), "five") == 0);
    latent_labels_unref(l);
    latent_labels_unref(next);
    return 0;
}
