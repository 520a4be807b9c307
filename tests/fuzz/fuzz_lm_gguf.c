/* The settings and the tokenizer of a GGUF file of any bytes: refused in a line, or of
 * sizes that can be computed with, and it can be used (tok_use.h). */
#include "lm/lm_gguf.h"
#include "tok_use.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct lm_config *c)
{
    struct errinfo e = {0};
    size_t count = 0;
    if (lm_weight_count(c, &count, &e) != OK || count == 0 || !c->family ||
        c->n_head % lm_kv_heads(c) != 0 || c->rotary % 2 != 0 ||
        c->rotary > lm_head_dim(c) || !isfinite(c->attn_scale) || !(c->ln_eps > 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct gguf *g = NULL;
    struct lm_config c;
    struct tok *t = NULL;
    if (gguf_parse(data, size, "fuzz", &g, &e) != OK) {
        return 0;
    }
    if (lm_gguf_config(g, &c, &e) == OK) {
        check(&c);
    } else if (e.msg[0] == '\0') {
        abort();
    }
    if (lm_gguf_tok(g, &t, &e) == OK) {
        static const char text[] = "a b\xC3\xA9 <s>\xFF";
        tok_use(t, text, sizeof text - 1);
    } else if (t || e.msg[0] == '\0') {
        abort();
    }
    tok_free(t);
    gguf_close(g);
    return 0;
}
