/* A world without a model: activations made of known directions, the concepts in it,
 * and SAEs built by hand for it. */
#ifndef SAETOP_TESTS_UNIT_WORLD_H
#define SAETOP_TESTS_UNIT_WORLD_H

#include "acts/harvest.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sae/sae.h"
#include "text/concepts.h"
#include "unit/check.h"

#include <math.h>

/* ---- a world without a model
 * --------------------------------------------------------- */

/* Four categories; a token's activation is its category's direction, its word's
 * direction and an offset that all share. */
enum {
    CATEGORIES = 4,
    WORDS = 70, /* 40 of category 0, 10 of each other */
    D = CATEGORIES + WORDS,
    T = 33,
};

/* Category of word 0..WORDS-1. */
static inline int32_t category_of(int32_t word)
{
    return word < 40 ? 0 : 1 + (word - 40) / 10;
}

/* Token 0 begins rows; token 1 + w is word w. Leaves 0..3, a super over 0 and 1, as a
 * letter the words of even number, and a grammatical class without words. */
static inline struct concepts *world_concepts(void)
{
    struct concepts *c = mem_alloc(1, sizeof *c);
    c->n = 7;
    c->n_probed = 6;
    c->def = mem_alloc(c->n, sizeof *c->def);
    c->vocab = WORDS + 1;
    c->token_start = mem_alloc(c->vocab + 1, sizeof *c->token_start);
    c->token_concept = mem_alloc(4 * c->vocab, sizeof *c->token_concept);
    static const enum concept_kind kind[7] = {
        CONCEPT_LEAF,  CONCEPT_LEAF,   CONCEPT_LEAF,   CONCEPT_LEAF,
        CONCEPT_SUPER, CONCEPT_LETTER, CONCEPT_GRAMMAR};
    static const char *const name[7] = {"zero", "one",      "two",  "three",
                                        "over", "letter e", "class"};
    for (size_t i = 0; i < 7; i++) {
        c->def[i].name = mem_strdup(name[i]);
        c->def[i].kind = kind[i];
        c->def[i].parent = i < 2 ? 4 : -1;
    }
    size_t n = 0;
    for (int32_t w = 0; w < WORDS; w++) {
        c->token_start[w + 1] = n;
        c->token_concept[n++] = category_of(w);
        if (category_of(w) < 2) {
            c->token_concept[n++] = 4;
        }
        if (w % 2 == 0) {
            c->token_concept[n++] = 5;
        }
    }
    c->token_start[WORDS + 1] = n;
    return c;
}

/* Rows of T: token 0, special, then words by chance. */
static inline struct acts_set *world_acts(size_t rows)
{
    const size_t N = rows * T;
    struct rng r = rng_begin(4, RNG_SAMPLE, 0);
    struct acts_set *a = mem_alloc(1, sizeof *a);
    a->rows = rows;
    a->T = T;
    a->D = D;
    a->n = N;
    a->ids = mem_alloc(N, sizeof *a->ids);
    a->special = mem_alloc(N, sizeof *a->special);
    a->x = mem_alloc(N * D, sizeof *a->x);
    for (size_t i = 0; i < N; i++) {
        float *x = a->x + i * D;
        for (size_t j = 0; j < D; j++) {
            x[j] = 0.25f;
        }
        if (i % T == 0) {
            a->special[i] = 1;
            x[0] = 1000.0f; /* must not count anywhere */
            continue;
        }
        const int32_t word = (int32_t)rng_below(&r, WORDS);
        a->ids[i] = 1 + word;
        x[category_of(word)] += (float)(2.5 + rng_unit(&r));
        x[CATEGORIES + word] += (float)(1.5 + rng_unit(&r));
    }
    return a;
}

/* One latent a direction. The words 0..absorbed-1 silence the latent of category 0 and
 * their own latents carry its direction as well. */
static inline struct sae *world_sae(int32_t absorbed)
{
    struct errinfo e;
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), D, D, 2, &s, &e), &e);
    s->scale = 0.5f;
    memset(s->arena, 0, s->count * sizeof *s->arena);
    for (size_t j = 0; j < D; j++) {
        s->b_dec[j] = 0.25f * s->scale;
        s->W_enc[j * D + j] = 1.0f;
        s->W_dec[j * D + j] = 1.0f;
    }
    for (size_t w = 0; w < (size_t)absorbed; w++) {
        const size_t j = CATEGORIES + w;
        s->W_enc[j] = -20.0f; /* category 0's latent reads the word */
        s->W_enc[j * D + j] = sqrtf(13.0f) / 2.0f;
        s->W_dec[j * D + j] = 2.0f / sqrtf(13.0f);
        s->W_dec[j * D] = 3.0f / sqrtf(13.0f);
    }
    return s;
}

#endif
