/* Any text as a filter: it compiles or says where it breaks, and what compiles answers
 * the same twice for any latent. */
#include "../unit/ui_sample.h"
#include "ui/latent_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct names names = {SAMPLE_VOCAB,   sample_token, SAMPLE_CONCEPTS,
                                       sample_concept, sample_kind,  NULL};
    char text[257];
    const size_t n = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, n);
    text[n] = '\0';
    size_t at = SIZE_MAX;
    char message[96] = "";
    struct filter *f = filter_new(&latent_filter, text, &at, message, sizeof message);
    if (!f) {
        if (at > strlen(text) || !message[0]) {
            abort();
        }
        return 0;
    }
    struct latent_table *t = sample_table(40, 1);
    for (size_t i = 0; i < t->F; i++) {
        const struct latent_source source = {.row = &t->row[i],
                                             .latent = (int32_t)i,
                                             .names = &names,
                                             .label = i % 3 ? "" : "a label",
                                             .marked = i % 2};
        const bool first = filter_holds(f, &source);
        if (filter_holds(f, &source) != first) {
            abort();
        }
    }
    filter_free(f);
    latent_table_unref(t);
    return 0;
}
