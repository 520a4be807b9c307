/* A tokenizer that knows given words and a language model with random weights, for
 * tests that need both and no files. */
#ifndef SAETOP_TESTS_UNIT_TINY_H
#define SAETOP_TESTS_UNIT_TINY_H

#include "base/mem.h"
#include "base/rng.h"
#include "lm/lm.h"
#include "text/bpe_train.h"
#include "unit/check.h"

struct tiny_text {
    const char *text;
    bool given;
};

static inline bool tiny_next(void *ctx, const char **text, size_t *len, enum err *rc,
                             struct errinfo *e)
{
    struct tiny_text *t = ctx;
    (void)rc;
    (void)e;
    if (t->given) {
        return false;
    }
    t->given = true;
    *text = t->text;
    *len = strlen(t->text);
    return true;
}

/* Each of forms[n] is one token. */
static inline struct tok *tiny_tok(const char *const *forms, size_t n)
{
    struct errinfo e;
    struct tok *t = NULL;
    struct tiny_text text = {.text = "a b"};
    const struct bpe_train_opts o = {.vocab = 400, .forms = forms, .n_forms = n};
    assert_ok(bpe_train(&o, tiny_next, &text, &t, &e), &e);
    return t;
}

/* Takes the tokenizer over. */
static inline struct lm *tiny_lm_of(struct tok *tok, size_t width, size_t context,
                                    size_t blocks)
{
    struct errinfo e;
    struct lm *m = mem_alloc(1, sizeof *m);
    assert_non_null(m);
    m->cfg = (struct lm_config){.family = lm_family_find("gpt2"),
                                .n_layer = blocks,
                                .n_head = 2,
                                .d_model = width,
                                .d_ff = 2 * width,
                                .n_ctx = context,
                                .vocab = tok_vocab(tok),
                                .ln_eps = 1e-5f};
    m->tok = tok;
    assert_ok(lm_weights_init(&m->w, &m->cfg, &e), &e);
    struct rng r = rng_begin(21, RNG_INIT, 0);
    for (size_t i = 0; i < m->w.count; i++) {
        m->w.arena[i] = (float)(0.3 * rng_normal(&r));
    }
    for (size_t d = 0; d < width; d++) {
        m->w.lnf_w[d] += 1.0f;
        for (size_t l = 0; l < m->cfg.n_layer; l++) {
            m->w.block[l].ln1_w[d] += 1.0f;
            m->w.block[l].ln2_w[d] += 1.0f;
        }
    }
    return m;
}

/* The same of 2 blocks. */
static inline struct lm *tiny_lm(struct tok *tok, size_t width, size_t context)
{
    return tiny_lm_of(tok, width, context, 2);
}

#endif
