/* A tiny model of a family, made by the reference implementation, and a random SAE at
 * one of its hooks. */
#ifndef SAETOP_TESTS_UNIT_ASK_WORLD_H
#define SAETOP_TESTS_UNIT_ASK_WORLD_H

#include "ask/ask_heldout.h"
#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "text/mask.h"
#include "unit/check.h"

#include <math.h>

#define ASK_F 24 /* latents */

static const char *const ask_families[] = {
    "gpt2",    "gpt_neo", "gpt_neox", "gpt_neox_serial", "llama",       "llama3",
    "mistral", "qwen2",   "qwen3",    "gemma2",          "gemma3_text", "gemma3",
};
#define ASK_FAMILIES (sizeof ask_families / sizeof *ask_families)

static inline struct lm *ask_model(const char *name)
{
    struct errinfo e;
    struct lm *m = NULL;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/models/%s", getenv("SAETOP_FIXTURES"), name);
    assert_ok(lm_load(path, &m, &e), &e);
    return m;
}

/* A TopK of 4 with random weights and biases, others for each `seed`. */
static inline struct sae *ask_sae_of(size_t width, enum sae_norm norm, uint64_t seed)
{
    struct errinfo e;
    struct sae *s = NULL;
    struct rng r = rng_begin(seed + 2, RNG_INIT, 1);
    assert_ok(sae_new(sae_arch_find("topk"), width, ASK_F, 4, &s, &e), &e);
    sae_init_weights(s, seed);
    s->norm = norm;
    s->scale = norm == SAE_NORM_SCALE ? 1.7f : 1.0f;
    for (size_t j = 0; j < ASK_F; j++) {
        s->b_enc[j] = (float)(0.3 * rng_normal(&r));
    }
    for (size_t d = 0; d < width; d++) {
        s->b_dec[d] = (float)(0.1 * rng_normal(&r));
    }
    return s;
}

static inline struct sae *ask_sae(size_t width, enum sae_norm norm)
{
    return ask_sae_of(width, norm, 3);
}

static inline bool ask_has_site(const struct lm *m, enum lm_site site)
{
    return site != LM_RESID_MID || !m->cfg.parallel;
}

static inline struct ask_subject *ask_subject_of(const struct lm *m,
                                                 struct lm_hook hook, struct sae *sae)
{
    struct errinfo e;
    struct ask_subject *s = NULL;
    const struct ask_parts p = {
        .lm = m, .sae = sae, .hook = hook, .mask_token = tok_mask(m->tok)};
    assert_ok(ask_subject_new(&p, &s, &e), &e);
    return s;
}

static inline struct ask_subject *
ask_subject_at(const struct lm *m, struct lm_hook hook, enum sae_norm norm)
{
    return ask_subject_of(m, hook, ask_sae(lm_hook_width(&m->cfg, hook), norm));
}

/* Held-out text of random tokens in rows of T. */
static inline struct ask_rows *ask_random_rows(const struct lm *m, size_t rows,
                                               size_t T, size_t last)
{
    struct errinfo e;
    struct ask_rows *text = NULL;
    struct rng r = rng_begin(4, RNG_SAMPLE, 2);
    int32_t *ids = mem_alloc(rows * T, sizeof *ids);
    for (size_t i = 0; i < rows * T; i++) {
        ids[i] = i % T == 0 ? tok_bos(m->tok) : (int32_t)rng_below(&r, m->cfg.vocab);
    }
    const struct acts_set set = {.rows = rows, .T = T, .fresh = last, .ids = ids};
    assert_ok(ask_rows_new(&set, &text, &e), &e);
    mem_free(ids);
    return text;
}

static inline struct ask *ask_begun(struct ask_subject *s)
{
    struct errinfo e;
    struct ask *a = NULL;
    assert_ok(ask_new(s, NULL, &a, &e), &e);
    return a;
}

static inline struct ask_answer *ask_asked(struct ask *a, const struct ask_question *q)
{
    struct errinfo e;
    struct ask_answer *r = NULL;
    assert_ok(ask_run(a, q, &r, &e), &e);
    return r;
}

static inline struct ask_row ask_text(const struct ask_subject *s, const char *text)
{
    struct errinfo e;
    struct ask_row r = {0};
    assert_ok(ask_read(s, text, strlen(text), &r, &e), &e);
    return r;
}

static inline float *ask_floats(size_t n)
{
    float *p = mem_alloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

#endif
