/* A comparison made by formula for tests of the interface: three conditions, measures
 * of five seeds or of one, settings, curves, latents of each kind. */
#ifndef SAETOP_TESTS_UNIT_UI_COMPARE_H
#define SAETOP_TESTS_UNIT_UI_COMPARE_H

#include "base/mem.h"
#include "session/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_PAIR_SEEDS = 5, SAMPLE_UNITS = 20 };

static inline double sample_noise(uint32_t i)
{
    uint32_t x = i * 2654435761u + 977u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (double)(x >> 8) / (double)(1u << 24) - 0.5;
}

/* Figures of one arm: explained variance apart, recall a little, absorption not. */
static inline void sample_report(struct report *r, size_t side, size_t seed, bool units)
{
    static const double of[2][8] = {
        {0.72, 0.910, 0.021, 0.81, 0.74, 0.78, 0.85, 0.922},
        {0.75, 0.912, 0.030, 0.78, 0.73, 0.75, 0.83, 0.922}};
    report_init(r, 0);
    r->reps = 0;
    for (size_t m = 0; m < 8; m++) {
        const double spread = m == 0 ? 0.002 : m == 1 ? 0.001 : 0.03;
        struct errinfo e;
        double x[SAMPLE_UNITS];
        for (size_t i = 0; i < SAMPLE_UNITS; i++) {
            x[i] = of[side][m] + spread * sample_noise((uint32_t)(m * 41 + seed * 7 +
                                                                  side * 3 + i * 101));
        }
        const char *path = verdict_measure(m)->path;
        const double one =
            of[side][m] + spread * sample_noise((uint32_t)(m * 13 + seed * 5 + side));
        if ((units && m != 1 ? report_ratio(r, SAMPLE_UNITS, NULL, x, NULL, "concepts",
                                            &e, "%s", path)
                             : report_value(r, one, &e, "%s", path)) != OK) {
            abort();
        }
    }
}

static inline void sample_measures(struct comparison *c, size_t seeds)
{
    struct report r[2][SAMPLE_PAIR_SEEDS];
    const struct report *of[2][SAMPLE_PAIR_SEEDS];
    struct errinfo e;
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < seeds; i++) {
            sample_report(&r[side][i], side, i, seeds == 1);
            of[side][i] = &r[side][i];
        }
    }
    if (compare_alone(of[0], of[1], seeds, 0, &c->measures, &e) != OK) {
        abort();
    }
    for (size_t i = 0; i < 2 * seeds; i++) {
        report_deinit(&r[i % 2][i / 2]);
    }
}

static inline void sample_difference(struct comparison *c, const char *key,
                                     const char *a, const char *b,
                                     enum difference_kind kind)
{
    struct difference *d = &c->difference[c->n_differences++];
    d->key = key;
    d->kind = kind;
    snprintf(d->value[0], sizeof d->value[0], "%s", a);
    snprintf(d->value[1], sizeof d->value[1], "%s", b);
}

static inline void sample_curve_of(struct compare_curve *c, size_t side, size_t n)
{
    c->x = mem_alloc(n, sizeof *c->x);
    c->y = mem_alloc(n, sizeof *c->y);
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        const double t = (double)(i + 1) / (double)n;
        c->x[i] = 900.0 * t;
        c->y[i] = (side ? 0.75 : 0.72) * (1.0 - exp(-4.0 * t));
    }
}

/* Latents 0..F-1 of both sides: most in pairs, some alone, one split, one fused. */
static inline struct latent_pairs *sample_pairs(size_t F)
{
    struct latent_pairs *p = mem_alloc(1, sizeof *p);
    atomic_init(&p->refs, 1);
    p->optimal = true;
    p->pair = mem_alloc(F, sizeof *p->pair);
    for (size_t side = 0; side < 2; side++) {
        struct pairs_side *x = &p->side[side];
        x->F = F;
        x->compared = F - F / 10;
        x->fate = mem_alloc(F, sizeof *x->fate);
        x->with = mem_alloc(F, sizeof *x->with);
        x->nearest = mem_alloc(F, sizeof *x->nearest);
        x->only = mem_alloc(F, sizeof *x->only);
        x->split = mem_alloc(1, sizeof *x->split);
        x->split[x->n_split++] = (struct latent_split){.whole = (int32_t)(7 + side),
                                                       .n = 3,
                                                       .named = 3,
                                                       .part = {11, 12, 13},
                                                       .cover = {0.41f, 0.33f, 0.2f},
                                                       .together = 0.94f};
        for (size_t j = 0; j < F; j++) {
            x->with[j] = -1;
            x->nearest[j].latent[side] = (int32_t)j;
            x->nearest[j].latent[1 - side] = (int32_t)((j * 5 + 3) % F);
            x->nearest[j].cosine = 0.3f;
            x->nearest[j].firing = 0.2f;
            if (j % 6 == 5) {
                x->fate[j] = PAIR_ONLY;
                x->only[x->count[PAIR_ONLY]++] = (int32_t)j;
            }
        }
    }
    for (size_t j = 0; j < F; j++) {
        if (j % 6 != 5 && j % 10 != 9) {
            struct latent_pair *q = &p->pair[p->n];
            q->latent[0] = (int32_t)j;
            q->latent[1] = (int32_t)j; /* F may be any */
            q->cosine = 0.98f - 0.4f * (float)j / (float)F;
            q->firing = 0.95f - 0.4f * (float)j / (float)F;
            p->side[0].with[j] = p->side[1].with[j] = (int32_t)p->n++;
        }
    }
    return p;
}

static inline void sample_sentences(struct comparison *c, const char *control)
{
    struct str s;
    struct errinfo e;
    str_init(&s, (size_t)1 << 14);
    compare_say(&c->measures, "A (mask p=0.30)", "B (no mask)", control, &s);
    if (str_err(&s, "sample", &e) != OK) {
        abort();
    }
    mem_free(c->said);
    c->said = str_take(&s);
    str_free(&s);
}

static inline struct comparison *sample_comparison(struct latent_table *a,
                                                   struct latent_table *b, size_t seeds)
{
    static const char *const name[] = {"mask p=0.30", "no mask", "other: no mask"};
    struct comparison *c = mem_alloc(1, sizeof *c);
    struct latent_table *const table[2] = {a, b};
    atomic_init(&c->refs, 1);
    c->source = seeds > 1 ? COMPARE_FROM_RUN : COMPARE_FROM_KEPT;
    for (size_t i = 0; i < RUN_ARMS_MAX; i++) {
        c->measured[i] = 900;
    }
    c->rows = 16;
    c->n_choices = sizeof name / sizeof *name;
    for (size_t i = 0; i < c->n_choices; i++) {
        c->choice[i].letter = (char)('A' + (int)i);
        c->choice[i].seeds = seeds;
        snprintf(c->choice[i].name, sizeof c->choice[i].name, "%s", name[i]);
    }
    c->choice[2].run = 1;
    for (size_t i = 0; i < 2; i++) {
        c->side[i].choice = c->side[i].arm = i;
        snprintf(c->side[i].seed, sizeof c->side[i].seed, "1");
        c->side[i].step = 900;
        c->side[i].F = table[i]->F;
        c->side[i].table = latent_table_ref(table[i]);
        sample_curve_of(&c->side[i].curve[METRIC_EV], i, 9);
    }
    sample_measures(c, seeds);
    sample_difference(c, "mask.rate", "0.3", "0", DIFFERENCE_MASKING);
    sample_difference(c, "k", "4", "8", DIFFERENCE_OTHER);
    sample_difference(c, "seed.weights", "1", "2", DIFFERENCE_SEED);
    c->pairs = sample_pairs(table[0]->F < table[1]->F ? table[0]->F : table[1]->F);
    c->control = c->n_choices;
    sample_sentences(c, NULL);
    const struct compare_facts f = {.letter = {'A', 'B'},
                                    .difference = c->difference,
                                    .n = c->n_differences,
                                    .l0 = {4.0, 8.0},
                                    .step = {900, 900}};
    compare_warn(&f, &c->remarks);
    return c;
}

/* C is the random control of A, which two measures do not tell from it. */
static inline void sample_within(struct comparison *c)
{
    c->control = 2;
    c->choice[2].run = 0;
    snprintf(c->choice[2].name, sizeof c->choice[2].name, "random p=0.30");
    c->measures.within_random[VERDICT_OF_ABSORPTION] = true;
    c->measures.within_random[VERDICT_OF_F1_HELDOUT] = true;
    sample_sentences(c, "C (random p=0.30)");
}

#endif
