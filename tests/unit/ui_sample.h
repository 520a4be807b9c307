/* A session view made by formula for tests of the interface: two arms, curves, events,
 * a table of latents and one description, without a session behind it. */
#ifndef SAETOP_TESTS_UNIT_UI_SAMPLE_H
#define SAETOP_TESTS_UNIT_UI_SAMPLE_H

#include "base/mem.h"
#include "session/view.h"
#include "ui_compare.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_VOCAB = 64, SAMPLE_CONCEPTS = 8 };

static const char *const sample_token[SAMPLE_VOCAB] = {
    "<|bos|>",  "<|eos|>", "<|pad|>", "<|mask|>", " dog",         " cat",
    " horse",   " bird",   " fish",   " red",     " green",       " blue",
    " she",     " her",    " mother", " father",  " said",        " went",
    " was",     " the",    " a",      " and",     " to",          " of",
    ".",        ",",       "\n",      " apple",   " bread",       " cake",
    " hat",     " coat",   " shoe",   " happy",   " glad",        " sad",
    " Lily",    " Tom",    " big",    " small",   " three",       " seven",
    " house",   " lake",   " park",   " rain",    " snow",        " sun",
    " drum",    " flute",  " hammer", " saw",     " bus",         " boat",
    " teacher", " baker",  " hand",   " foot",    " caf\xc3\xa9", " \xe7\x8c\xab",
    "\x1b[31m", " x",      "zz",      " end"};
static const char *const sample_concept[SAMPLE_CONCEPTS] = {
    "animal", "colour", "food", "clothing", "feeling", "number", "family", "letter b"};
static const enum concept_kind sample_kind[SAMPLE_CONCEPTS] = {
    CONCEPT_SUPER, CONCEPT_LEAF, CONCEPT_SUPER, CONCEPT_LEAF,
    CONCEPT_LEAF,  CONCEPT_LEAF, CONCEPT_LEAF,  CONCEPT_LETTER};

/* The same for a run without a concepts file. */
static const char *const sample_built_in[SAMPLE_CONCEPTS] = {
    "letter a", "letter b", "letter c", "letter d", "capital", "digits", "-ing", "-s"};
static const enum concept_kind sample_built_in_kind[SAMPLE_CONCEPTS] = {
    CONCEPT_LETTER, CONCEPT_LETTER, CONCEPT_LETTER, CONCEPT_LETTER,
    CONCEPT_SHAPE,  CONCEPT_SHAPE,  CONCEPT_SUFFIX, CONCEPT_SUFFIX};

/* A fixed pseudo-random number in [0, 1). */
static inline double sample_u(uint32_t i)
{
    uint32_t x = i * 2654435761u + 12345u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (double)(x >> 8) / (double)(1u << 24);
}

static inline double sample_curve(int metric, double t, size_t arm, uint32_t i)
{
    const double b = arm ? 1 : 0;
    const double noise =
        sample_u(i * 7u + (uint32_t)metric * 131u + (uint32_t)arm) - 0.5;
    switch (metric) {
    case METRIC_LOSS: return 0.09 + 0.9 * exp(-9 * t) - 0.004 * b + 0.01 * noise;
    case METRIC_L0: return 4 + 20 * exp(-30 * t);
    case METRIC_EV: return (0.80 + 0.012 * b) * (1 - exp(-6 * t));
    case METRIC_EV_OOD: return (0.71 - 0.014 * b) * (1 - exp(-6 * t));
    case METRIC_CE_REC: return 0.9 * (1 - exp(-8 * t));
    case METRIC_CE_REC_OOD: return (0.8 - 0.05 * b) * (1 - exp(-8 * t));
    case METRIC_RECALL: return (0.66 - 0.06 * b) * (1 - exp(-5 * t));
    case METRIC_ABSORPTION: return 0.05 + 0.12 * t + 0.01 * b + 0.02 * noise;
    case METRIC_F1_BEST: return (0.85 - 0.1 * b) * (1 - exp(-7 * t));
    case METRIC_DEAD: return 0.3 * exp(-4 * t);
    case METRIC_GRAD: return 0.5 + 0.3 * exp(-9 * t) + 0.05 * noise;
    default: return (double)NAN;
    }
}

/* Seed n of a condition lies off the first by its own luck, in both conditions. */
static inline double sample_luck(int metric, size_t arm, size_t seed)
{
    const uint32_t u = (uint32_t)(seed * 17 + (size_t)metric * 3);
    return seed == 0 ? 0
                     : 0.03 * (sample_u(u) - 0.5) +
                           0.01 * (sample_u(u + 7000 + (uint32_t)arm) - 0.5);
}

static inline void sample_rows(struct session_view *v, size_t at, size_t arm,
                               size_t seed, int64_t step, int64_t steps)
{
    for (int64_t s = 0; s <= step; s += 10) {
        struct errinfo e;
        struct metric_row row = metric_row_empty();
        const double t = (double)s / (double)steps;
        const bool eval = s > 0 && s % 150 == 0;
        row.v[METRIC_STEP] = (double)s;
        row.v[METRIC_TOKENS] = (double)s * 1024;
        row.v[METRIC_SECONDS] = (double)s * 0.025;
        for (int m = METRIC_LOSS; m < METRIC_COUNT; m++) {
            const bool evaluated = m == METRIC_EV || m == METRIC_EV_OOD ||
                                   m == METRIC_CE_REC || m == METRIC_CE_REC_OOD ||
                                   m == METRIC_RECALL || m == METRIC_ABSORPTION ||
                                   m == METRIC_F1_BEST;
            if (!evaluated || eval) {
                row.v[m] =
                    sample_curve(m, t, arm, (uint32_t)s) + sample_luck(m, arm, seed);
            }
        }
        if (eval) {
            row.v[METRIC_ABS_LO] = row.v[METRIC_ABSORPTION] - 0.03;
            row.v[METRIC_ABS_HI] = row.v[METRIC_ABSORPTION] + 0.03;
        }
        if (session_view_add_row(v, at, &row, &e) != OK) {
            abort();
        }
    }
}

/* Index of each living latent: its five top tokens, and one more that is not among
 * them. */
enum { SAMPLE_INDEX = LATENT_TOP_TOKENS + 1 };
static inline int32_t sample_token_of(size_t i, size_t k)
{
    return (int32_t)(4 + (i * 5 + k * (1 + i % 3)) % (SAMPLE_VOCAB - 4));
}

static inline void sample_index(struct latent_table *t, size_t i, bool dead)
{
    struct latent_row *r = &t->row[i];
    t->token_start[i] = i * SAMPLE_INDEX;
    r->tokens = dead ? 0 : SAMPLE_INDEX;
    for (size_t k = 0; k < SAMPLE_INDEX; k++) {
        t->token[i * SAMPLE_INDEX + k] =
            (struct latent_token){.token = sample_token_of(i, k),
                                  .fires = (uint32_t)(40 - 6 * k),
                                  .sum = r->max * (float)(20 - 3 * (int)k),
                                  .max = r->max,
                                  .at = (uint32_t)(100 * i + k)};
    }
}

static inline struct latent_table *sample_table(size_t F, int64_t step)
{
    struct latent_table *t = mem_alloc(1, sizeof *t);
    t->row = mem_alloc(F, sizeof *t->row);
    t->token_start = mem_alloc(F, sizeof *t->token_start);
    t->token = mem_alloc(F * SAMPLE_INDEX, sizeof *t->token);
    t->positions = t->positions_all = 100000;
    atomic_init(&t->refs, 1);
    t->step = step;
    t->F = F;
    t->n_tokens = 100000;
    for (size_t i = 0; i < F; i++) {
        struct latent_row *r = &t->row[i];
        const uint32_t u = (uint32_t)i;
        r->match_id = -1;
        const bool dead = i % 17 == 16;
        t->dead += dead ? 1 : 0;
        r->fires = dead ? 0 : (size_t)(pow(10, -4.6 + 3.8 * sample_u(u)) * 100000) + 1;
        r->density = (double)r->fires / 100000;
        r->max = dead ? 0 : (float)(2 + 6 * sample_u(u + 999));
        r->mean = r->max * 0.4F;
        r->kind = dead           ? KIND_DEAD
                  : i % 41 == 12 ? KIND_POSITION
                  : i % 3 == 0   ? KIND_TOKEN
                  : i % 3 == 1   ? KIND_CLASS
                                 : KIND_CONTEXT;
        sample_index(t, i, dead);
        for (size_t k = 0; k < LATENT_TOP_TOKENS; k++) {
            r->top_token[k] = dead ? -1 : sample_token_of(i, k);
        }
        if (!dead && i % 3 != 2) {
            r->match = i % 3 ? MATCH_CONCEPT : MATCH_WORD;
            r->match_id = i % 3 ? (int32_t)(i % SAMPLE_CONCEPTS) : r->top_token[0];
            if (i % 9 == 1 && i / 9 < SAMPLE_CONCEPTS) { /* as sample_concepts has it */
                r->match_id = (int32_t)(i / 9);
            }
            r->place = i % 5 == 3 ? PLACE_PREVIOUS : PLACE_TOKEN;
            r->precision = (float)(0.3 + 0.7 * sample_u(u + 5000));
            r->match_cut = 0.4f * r->max;
            r->recall = (float)(0.2 + 0.8 * sample_u(u + 6000));
            r->f1 = 2 * r->precision * r->recall / (r->precision + r->recall);
            t->matched += r->f1 >= 0.5F ? 1 : 0;
        }
    }
    return t;
}

enum { SAMPLE_WORDS = 6 }; /* of a concept */

/* A word; in B another latent absorbs some of them, in A fewer. */
static inline struct word_result sample_word(size_t arm, size_t c, size_t i)
{
    const uint32_t u = (uint32_t)(c * 50 + i * 7);
    const size_t n = 12 + (size_t)(80 * sample_u(u));
    struct word_result w = {.concept = (int32_t)c,
                            .token = (int32_t)(4 + c * SAMPLE_WORDS + i),
                            .occurrences = n,
                            .right = i == 4 ? n / 3 : n - 1};
    const bool taken = i < (arm ? 2 : 1);
    w.held = w.right - (taken ? w.right - 1 : i == 3 ? w.right - 2 : 0);
    w.fires = w.held;
    w.absorbed = taken ? w.right - w.held : 0;
    for (size_t k = 0; k < EVAL_ABSORBERS; k++) {
        w.absorber[k].latent = -1;
    }
    if (taken) {
        w.absorber[0] =
            (struct word_absorber){(int32_t)(60 * arm + 7 * c + i), w.absorbed, 0.6};
    }
    w.verdict = word_verdict(&w, WORD_LEAST);
    return w;
}

/* Concept 5 is not measured in B. */
static inline struct concept_table *sample_concepts(size_t arm, int64_t step)
{
    struct errinfo e;
    struct concept_result row[SAMPLE_CONCEPTS] = {{0}};
    struct word_result word[SAMPLE_CONCEPTS * SAMPLE_WORDS];
    struct eval_result r = {
        .step = step, .n_concepts = SAMPLE_CONCEPTS, .concept = row, .word = word};
    for (size_t c = 0; c < SAMPLE_CONCEPTS; c++) {
        const uint32_t u = (uint32_t)(c * 10 + arm);
        row[c] = (struct concept_result){.concept = (int32_t)c,
                                         .eligible = c != 5 || arm == 0,
                                         .n_main = 1 + c % 3,
                                         .probe_f1 = 0.9,
                                         .full = 0.2 * sample_u(u),
                                         .fraction = 0.4 * sample_u(u),
                                         .recall = 0.7 + 0.3 * sample_u(u + 1),
                                         .f1_best = 0.5 + 0.5 * sample_u(u + 2),
                                         .f1_heldout = 0.4 + 0.5 * sample_u(u + 2),
                                         .spread = 1.0 + floor(6 * sample_u(u + 3)),
                                         .firmness = (double)NAN};
        for (size_t i = 0; i < EVAL_MAX_MAIN; i++) {
            row[c].main_latent[i] = i < row[c].n_main ? (int32_t)(9 * c + i) : -1;
            const float f1 = (float)row[c].f1_best / (float)(i + 1);
            row[c].fit[i] = (struct firing_fit){f1, 0.96F, 0.5F / (float)(i + 1)};
        }
        row[c].absorber[0] = (int32_t)(60 * arm + 7 * c);
        row[c].absorber_share[0] = 0.75;
        row[c].absorber[1] = row[c].absorber[2] = -1;
        for (size_t i = 0; row[c].eligible && i < SAMPLE_WORDS; i++) {
            word[r.n_words++] = sample_word(arm, c, i);
        }
    }
    struct concept_table *t = NULL;
    if (concept_table_new(&r, &t, &e) != OK) {
        abort();
    }
    return t;
}

/* The history of evaluations, each 150 steps up to the table's. */
static inline struct concept_history *sample_history(size_t arm, int64_t step)
{
    struct concept_history *h = NULL;
    for (int64_t at = 150; at <= step; at += 150) {
        struct errinfo e;
        struct concept_history *next = NULL;
        struct concept_table *t = sample_concepts(arm, at);
        for (size_t c = 0; c < t->n; c++) {
            const double by = 1.0 - exp(-3.0 * (double)at / (double)step);
            t->row[c].f1_heldout *= by;
            t->row[c].recall *= by;
        }
        if (concept_history_with(h, t, &next, &e) != OK) {
            abort();
        }
        concept_table_unref(t);
        concept_history_unref(h);
        h = next;
    }
    return h;
}

/* Contexts of a word, taken in two thirds of them. */
static inline struct word_contexts *sample_word_contexts(const struct word_query *q)
{
    struct word_contexts *w = mem_alloc(1, sizeof *w);
    atomic_init(&w->refs, 1);
    w->of = *q;
    w->occurrences = w->n = 15;
    for (size_t i = 0; i < w->n; i++) {
        struct word_context *c = &w->context[i];
        const bool taken = q->other >= 0 && i < 10;
        c->at.row = 3 * i;
        c->at.pos = 20;
        c->main = taken ? 0.0F : 2.5F - 0.1F * (float)i;
        c->at.act = taken ? 4.0F - 0.3F * (float)i : 0.0F;
        w->taken += taken;
        w->main_fires += !taken;
        w->other_fires += taken;
        for (size_t k = 0; k < CONTEXT_TOKENS; k++) {
            const uint32_t u = (uint32_t)(i * 91 + k * 37 + (size_t)q->token);
            c->at.token[k] =
                (int32_t)(4 + (uint32_t)(sample_u(u) * (SAMPLE_VOCAB - 4)));
        }
        c->at.token[CONTEXT_TOKENS / 2] = q->token;
        c->at.heat[CONTEXT_TOKENS / 2] = c->at.act;
    }
    return w;
}

static inline struct latent_detail *sample_detail(const struct latent_table *t,
                                                  int32_t latent, int interval)
{
    struct latent_detail *d = mem_alloc(1, sizeof *d);
    atomic_init(&d->refs, 1);
    d->step = t->step;
    d->latent = latent;
    d->row = t->row[latent];
    d->interval = interval;
    d->hist_max = d->row.max;
    d->n_in_interval = d->row.fires;
    d->n_contexts = d->row.fires ? 24 : 0;
    for (size_t i = 0; i < d->n_contexts; i++) {
        struct latent_context *c = &d->context[i];
        c->row = 40 * i + 3;
        c->pos = 17 + i;
        c->act = d->row.max * (1 - 0.03F * (float)i);
        c->next = (struct latent_next){(int32_t)(6 + 5 * i % 50), 0.41F};
        c->next_without = (struct latent_next){
            i % 3 == 1 ? c->next.id : (int32_t)(9 + 7 * i % 50), 0.30F};
        for (size_t k = 0; k < CONTEXT_TOKENS; k++) {
            const uint32_t u = (uint32_t)(i * 97 + k * 31 + (size_t)latent);
            c->token[k] = (int32_t)(4 + (uint32_t)(sample_u(u) * (SAMPLE_VOCAB - 4)));
            c->heat[k] = sample_u(u + 3) > 0.85 ? c->act * (float)sample_u(u + 4) : 0;
        }
        c->token[CONTEXT_TOKENS / 2] = d->row.top_token[i % LATENT_TOP_TOKENS];
        c->heat[CONTEXT_TOKENS / 2] = c->act;
        for (size_t k = 0; i % 4 == 1 && k < 15; k++) {
            c->token[k] = -1;
        }
    }
    for (size_t i = 0; i < LATENT_HIST_BINS; i++) {
        d->hist[i] = (size_t)(4000 * exp(-0.45 * (double)i));
    }
    d->n_lens = LATENT_LENS;
    for (size_t i = 0; i < LATENT_LENS; i++) {
        for (size_t m = 0; m < LENS_MODES; m++) {
            struct latent_lens *l = &d->lens[m];
            l->top[i] = (int32_t)(4 + (i * 3 + m) % 50);
            l->bottom[i] = (int32_t)(14 + (i * 7 + m) % 50);
            l->top_logit[i] = (2.1F - 0.09F * (float)i) / (float)(m + 1);
            l->bottom_logit[i] = (-1.4F + 0.05F * (float)i) / (float)(m + 1);
        }
    }
    d->n_neighbours = LATENT_NEIGHBOURS;
    for (size_t i = 0; i < LATENT_NEIGHBOURS; i++) {
        d->neighbour[i] = (int32_t)((size_t)latent + 11 * (i + 1)) % (int32_t)t->F;
        d->neighbour_cos[i] = 0.41F - 0.03F * (float)i;
    }
    for (size_t i = 0; i < LATENT_INTERVALS; i++) {
        d->sample[i].n = d->n_contexts ? LATENT_SAMPLE : 0;
        d->sample[i].n_in_interval = d->n_contexts ? 7 * i + 3 : 0;
        for (size_t k = 0; k < d->sample[i].n; k++) {
            d->sample[i].context[k] = d->context[i + k];
        }
    }
    d->n_together = d->row.fires ? 6 : 0;
    for (size_t i = 0; i < d->n_together; i++) {
        d->together[i] = (int32_t)((size_t)latent + 7 * (i + 1)) % (int32_t)t->F;
        d->together_share[i] = 0.62F - 0.08F * (float)i;
        d->together_fires[i] = (uint32_t)(300 - 40 * i);
    }
    d->density_lo = d->row.density * 0.8;
    d->density_hi = d->row.density * 1.25;
    d->enc_dec_cos = 0.84F;
    d->delta_nll = 0.0312;
    d->delta_n = 118;
    d->robustness = 0.87;
    d->robust_n = 41;
    return d;
}

static inline void sample_fact(struct session_view *v, const char *name,
                               const char *value)
{
    struct fact *f = &v->fact[v->n_facts++];
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->value, sizeof f->value, "%s", value);
}

static inline void sample_event(struct session_view *v, int64_t step, char letter,
                                const char *kind, const char *text)
{
    struct errinfo e;
    struct event_view ev = {.step = step, .letter = letter};
    snprintf(ev.kind, sizeof ev.kind, "%s", kind);
    snprintf(ev.text, sizeof ev.text, "%s", text);
    if (session_view_add_event(v, &ev, &e) != OK) {
        abort();
    }
}

/* Shows a message as the session would. */
static inline void sample_say(struct session_view *v, bool bad, const char *text)
{
    snprintf(v->message, sizeof v->message, "%s", text);
    v->message_bad = bad;
    v->said++;
    snprintf(v->spoken[v->said % VIEW_SAID].text, sizeof v->spoken[0].text, "%s", text);
    v->spoken[v->said % VIEW_SAID].bad = bad;
}

/* A view of a run at `step` of 1,500 with one or two arms, a table of F latents (0:
 * none) and a description of latent 42 (if there is a table). */
static inline void sample_view_seeds(struct session_view *v, size_t arms, size_t seeds,
                                     int64_t step, size_t F)
{
    session_view_init(v);
    v->state = SESSION_TRAINING;
    v->step = step;
    v->steps = v->planned = 1500;
    v->seconds = (double)step * 0.025;
    v->tokens_per_second = 41234;
    v->eta_seconds = (double)(1500 - step) * 0.025;
    v->eval_next_step = (double)(step / 150 * 150 + 150);
    v->rss_bytes = INT64_C(222) << 20;
    v->arm_bytes = 1.5e6;
    v->threads = 2;
    v->n_conds = arms;
    v->n_arms = arms * seeds;
    v->names = (struct names){SAMPLE_VOCAB,   sample_token, SAMPLE_CONCEPTS,
                              sample_concept, sample_kind,  NULL};
    sample_fact(v, "model", "tiny");
    sample_fact(v, "ood", "reports");
    sample_fact(v, "arch", "topk");
    sample_fact(v, "k", "4");
    sample_fact(v, "sparsity", "k=4");
    sample_fact(v, "width", "512");
    sample_fact(v, "seed", "1");
    sample_fact(v, "mask.kind", "token");
    sample_fact(v, "mask.positions", "keep");
    sample_fact(v, "mask.token", "<|mask|> (id 3)");
    for (size_t k = 0; k < arms; k++) {
        struct arm_view *a = &v->arm[k];
        struct cond_view *cond = &v->cond[k];
        cond->rate_set = cond->rate_in_use = k ? 0 : 0.3;
        cond->k = 4;
        cond->has_k = true;
        cond->rate_when_on = 0.3;
        cond->unmasked = k > 0;
        cond->applies_from = k ? 0 : 412;
        snprintf(cond->label, sizeof cond->label, k ? "no mask" : "mask p=0.30");
        cond->n_seeds = seeds;
        for (size_t i = 0; i < seeds; i++) {
            cond->arm[i] = i * arms + k;
            v->arm[i * arms + k].cond = k;
            v->arm[i * arms + k].weights = 1 + i;
        }
        for (size_t i = 0; i < seeds; i++) {
            sample_rows(v, cond->arm[i], k, i, step, 1500);
        }
        sample_event(v, 0, (char)('A' + (int)k), "start",
                     k ? "topk k=4 width=512 p=0.00" : "topk k=4 width=512 p=0.30");
        if (F) {
            a->table = sample_table(F, step / 150 * 150);
            a->concepts = sample_concepts(k, step / 150 * 150);
            a->over = sample_history(k, step / 150 * 150);
        }
    }
    sample_event(v, 410, 'A', "mask", "p 0.20 -> 0.30 from step 412");
    for (size_t k = 0; k < arms; k++) {
        sample_event(v, 500, (char)('A' + (int)k), "lr", "0.001");
    }
    sample_event(v, 600, 'A', "note", "the loss \x1b[31mbumps\x1b[0m here");
    if (F > 42) {
        v->detail = sample_detail(v->arm[0].table, 42, INTERVAL_TOP);
    }
    if (F > 42 && arms > 1) {
        v->compare = sample_comparison(
            (struct latent_table *)(uintptr_t)v->arm[0].table,
            (struct latent_table *)(uintptr_t)v->arm[1].table, SAMPLE_PAIR_SEEDS);
    }
    v->version = 1;
}

/* The same with one seed. */
static inline void sample_view(struct session_view *v, size_t arms, int64_t step,
                               size_t F)
{
    sample_view_seeds(v, arms, 1, step, F);
}

/* Concepts of the seeds after the first: they differ from its by a little chance. */
static inline void sample_seed_concepts(struct session_view *v)
{
    for (size_t i = v->n_conds; i < v->n_arms; i++) {
        struct arm_view *arm = &v->arm[i];
        const size_t k = arm->cond;
        struct concept_table *t = sample_concepts(k, v->arm[k].concepts->step);
        for (size_t c = 0; c < t->n; c++) {
            const double by = 0.04 * (sample_u((uint32_t)(100 * i + 7 * c)) - 0.5);
            t->row[c].f1_heldout += by;
            t->row[c].f1_best += by;
            t->row[c].recall -= 0.5 * by;
            t->row[c].full *= 1.0 + 5.0 * by;
            t->row[c].fraction *= 1.0 + 4.0 * by;
            t->row[c].spread += by > 0.005 ? 1.0 : 0.0;
        }
        /* Some seeds judge some words otherwise. */
        for (size_t w = 0; w < t->n_words; w++) {
            struct word_result *of = &t->word[w];
            if (of->verdict == WORD_ABSORBED &&
                sample_u((uint32_t)(31 * i + w)) < 0.3) {
                of->held = of->fires = of->right;
                of->absorbed = 0;
                of->absorber[0] = (struct word_absorber){.latent = -1};
                of->verdict = word_verdict(of, WORD_LEAST);
            }
        }
        arm->concepts = t;
    }
}

/* Condition k becomes the random control of A. */
static inline void sample_control(struct session_view *v, size_t k)
{
    struct cond_view *c = &v->cond[k];
    c->random = true;
    c->beyond_masks = 1;
    c->unmasked = false;
    c->rate_set = c->rate_in_use = 0.3;
    snprintf(c->label, sizeof c->label, "random p=0.30");
}

/* The view of a run that was given no concepts. */
static inline void sample_no_file(struct session_view *v)
{
    v->names.concept_name = sample_built_in;
    v->names.concept_kind = sample_built_in_kind;
}

static inline void sample_cost(struct session_view *v, bool warns, const char *label,
                               const char *text)
{
    struct cost_line *l = &v->cost[v->n_cost++];
    snprintf(l->label, sizeof l->label, "%s", label);
    snprintf(l->text, sizeof l->text, "%s", text);
    l->warns = warns;
}

/* Before the first step: of a large model that is still loading, and is short of memory
 * (its time is not known yet), or else of one that reads its first text. */
static inline void sample_start(struct session_view *v, bool loading)
{
    session_view_deinit(v);
    session_view_init(v);
    v->state = loading ? SESSION_LOADING : SESSION_TRAINING;
    v->n_conds = loading ? 0 : 2;
    v->steps = v->planned = 2000;
    snprintf(v->loading, sizeof v->loading, "reading the model's weights");
    sample_cost(v, false, "takes",
                loading ? "about 7.4 GB of memory (8.1 GB are there)"
                        : "about 1 h 12 min and 1.3 GB of memory (24 GB are there), "
                          "evaluation not counted");
    if (loading) {
        sample_cost(v, true, "memory",
                    "it may run short: the peak can be 1.3 times that; a smaller "
                    "--width, fewer arms or --set fill_rows= take less");
    }
    sample_cost(v, false, "run",
                "matryoshka k=16, 4096 latents (6.4 times the width; published ones "
                "have 8 to 32), 10 arms; 2000 steps of 1024: 2.0M tokens (published: "
                "50M and more), the text 1.7 times");
    sample_cost(v, false, "hook",
                loading ? "blocks.8.hook_resid_post, width 640: weights up to it take "
                          "540 MB"
                        : "blocks.8.hook_resid_post, width 640: 1.2k tokens/s on 2 "
                          "threads; weights up to it take 540 MB");
    sample_cost(v, false, "text",
                "letters.txt: 3120 documents to train on, about 1.2M tokens; 1.32 "
                "tokens a word");
    if (!loading) {
        sample_cost(v, false, "loss",
                    "3.41 nats a token, with 30 % masked 5.90 (a blind guess: 12.5)");
    }
    sample_cost(v, false, "missing",
                "text of another kind: --ood FILE; without, nothing says how latents "
                "do outside of letters.txt");
    sample_cost(
        v, false, "",
        "concepts of meaning: --concepts FILE.csv (saetop concepts --suggest "
        "--model begins one); without, letters, word shapes, suffixes and languages stand "
        "for them");
}

#endif
