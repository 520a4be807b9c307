/* presets.json: refused in a line, or presets that an SAE is held against without harm.
 */
#include "ask/ask_preset.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(const struct ask_preset *p, const struct sae *s)
{
    struct errinfo e = {0};
    require(p->name[0] && strlen(p->name) <= ASK_PRESET_NAME);
    require(p->n >= 1 && p->n <= ASK_PRESET_EDITS && p->step >= 0);
    for (size_t i = 0; i < p->n; i++) {
        require(p->edit[i].edit.latent >= 0);
    }
    require(ask_preset_fits(p, s, &e) == OK || (e.code == ERR_USAGE && e.msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sae *s;
    struct errinfo e = {0};
    struct ask_presets *p = NULL;
    if (!s) {
        require(sae_new(sae_arch_find("topk"), 8, 16, 2, &s, &e) == OK);
        sae_init_weights(s, 1);
    }
    const enum err rc =
        ask_presets_parse((const char *)data, size, "presets.json", &p, &e);
    if (rc != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n') && !strchr(e.msg, '\033'));
        return 0;
    }
    for (size_t i = 0; i < p->n; i++) {
        check(&p->at[i], s);
        require(ask_presets_find(p, p->at[i].name) == &p->at[i]);
    }
    ask_presets_unref(p);
    return 0;
}
