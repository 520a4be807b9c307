/* A config.json of any bytes is refused, or within limits, and comes back from its own
 * printed form. */
#include "lm/lm_config.h"
#include "lm/lm_tensor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensors(const struct lm_config *cfg)
{
    struct errinfo e;
    size_t expected = 0;
    size_t sum = 0;
    if (lm_weight_count(cfg, &expected, &e) != OK) {
        abort();
    }
    for (size_t i = 0; i < lm_tensor_count(cfg); i++) {
        const struct lm_tensor t = lm_tensor_at(cfg, NULL, i);
        sum += t.count;
        if (t.p || t.count == 0 || !memchr(t.name, '\0', sizeof t.name)) {
            abort();
        }
    }
    if (sum != expected) {
        abort();
    }
}

static bool same(const struct lm_config *a, const struct lm_config *b)
{
    return a->family == b->family && a->n_layer == b->n_layer &&
           a->n_head == b->n_head && a->d_model == b->d_model && a->d_ff == b->d_ff &&
           a->n_ctx == b->n_ctx && a->vocab == b->vocab &&
           memcmp(&a->ln_eps, &b->ln_eps, sizeof a->ln_eps) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct lm_config cfg;
    const char *text = (const char *)data;
    if (lm_config_parse(text, size, "fuzz", &cfg, &e) != OK) {
        if (e.code == OK || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    if (!lm_config_is_plain(&cfg)) {
        size_t count = 0;
        if (lm_weight_count(&cfg, &count, &e) != OK || count == 0) {
            abort();
        }
        return 0;
    }
    check_tensors(&cfg);
    struct str s;
    struct lm_config back;
    str_init(&s, LM_CONFIG_BYTES);
    lm_config_print(&cfg, NULL, &s);
    if (str_err(&s, "config", &e) != OK ||
        lm_config_parse(s.p, s.len, "printed", &back, &e) != OK || !same(&cfg, &back)) {
        abort();
    }
    str_free(&s);
    return 0;
}
