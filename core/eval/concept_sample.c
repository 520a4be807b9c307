#include "base/mem.h"
#include "base/rng.h"
#include "eval/evalset_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An occurrence in the choosing. */
struct candidate {
    int32_t token;
    uint64_t draw; /* the order of preference within a token */
    size_t at;     /* in the acts_set */
};

static int by_draw(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->token != y->token) {
        return x->token < y->token ? -1 : 1;
    }
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* USE_REST: beyond the sample, but also held out. */
enum use { USE_NONE, USE_RANK, USE_TRAIN, USE_TEST, USE_REST };

/* Training occurrences of each form that latents are ranked on. */
#define RANK_PER_WORD 5

/* Decides for each position of the set: the first per_word draws of a token stay, and
 * test_share of them, spread evenly from a random start, are for testing. */
static void choose(const struct eval_config *cfg, struct candidate *c, size_t n,
                   uint8_t *use)
{
    qsort(c, n, sizeof *c, by_draw);
    size_t rank = 0;
    size_t trained = 0;
    for (size_t i = 0; i < n; i++) {
        const bool same = i > 0 && c[i].token == c[i - 1].token;
        rank = same ? rank + 1 : 0;
        trained = same ? trained : 0;
        if (rank >= cfg->per_word) {
            use[c[i].at] = USE_REST;
            continue;
        }
        const double start =
            rng_unit_at(cfg->seed, RNG_PROBE, 0, (uint64_t)(uint32_t)c[i].token);
        const double before = floor(start + (double)rank * cfg->test_share);
        const double after = floor(start + (double)(rank + 1) * cfg->test_share);
        if (after > before) {
            use[c[i].at] = USE_TEST;
        } else {
            use[c[i].at] = trained++ < RANK_PER_WORD ? USE_RANK : USE_TRAIN;
        }
    }
}

/* Decides the use of every position of the set, [set->n]. */
static enum err choose_all(const struct eval_config *cfg, const struct acts_set *set,
                           const struct concepts *c, uint8_t *use, struct errinfo *e)
{
    struct candidate *cand = NULL;
    size_t n = 0;
    TRY(mem_new(&cand, set->n, sizeof *cand, "concept sample", e));
    for (size_t i = 0; i < set->n; i++) {
        size_t concepts = 0;
        (void)concepts_probed(c, set->ids[i], &concepts);
        if (concepts > 0 && !set->special[i]) {
            cand[n++] = (struct candidate){
                set->ids[i], rng_at(cfg->seed, RNG_SAMPLE, 0, (uint64_t)i), i};
        }
    }
    if (n > 0) {
        choose(cfg, cand, n, use);
    }
    mem_free(cand);
    return OK;
}

/* Copies the chosen positions, training ones first, each use in the text's order. */
static enum err gather(struct concept_sample *s, const struct acts_set *set,
                       const struct concepts *c, const uint8_t *use, struct errinfo *e)
{
    size_t labels = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (use[i] != USE_NONE && use[i] != USE_REST) {
            size_t k = 0;
            (void)concepts_probed(c, set->ids[i], &k);
            labels += k;
            s->n++;
            s->n_rank += use[i] == USE_RANK;
            s->n_train += use[i] != USE_TEST;
        }
    }
    TRY(mem_new(&s->x, s->n, s->D * sizeof *s->x, "concept sample", e));
    TRY(mem_new(&s->token, s->n, sizeof *s->token, "concept sample", e));
    TRY(mem_new(&s->at, s->n, sizeof *s->at, "concept sample", e));
    TRY(mem_new(&s->label_start, s->n + 1, sizeof *s->label_start, "labels", e));
    TRY(mem_new(&s->label, labels, sizeof *s->label, "labels", e));
    size_t row = 0;
    size_t label = 0;
    for (uint8_t which = USE_RANK; which <= USE_TEST; which++) {
        for (size_t i = 0; i < set->n; i++) {
            if (use[i] != which) {
                continue;
            }
            size_t k = 0;
            const int32_t *of = concepts_probed(c, set->ids[i], &k);
            memcpy(s->label + label, of, k * sizeof *of);
            label += k;
            memcpy(s->x + row * s->D, set->x + i * s->D, s->D * sizeof *s->x);
            s->at[row] = (uint32_t)i;
            s->token[row++] = set->ids[i];
            s->label_start[row] = label;
        }
    }
    return OK;
}

/* Numbers the word forms of the text, and finds which one each occurrence is. */
static enum err number_forms(struct concept_sample *s, const struct acts_set *set,
                             const struct concepts *c, const uint8_t *use,
                             uint32_t *form_of, struct errinfo *e)
{
    for (size_t i = 0; i < set->n; i++) {
        if (use[i] != USE_NONE) {
            form_of[set->ids[i]] = 1;
        }
    }
    for (size_t t = 0; t < c->vocab; t++) {
        s->n_forms += form_of[t];
    }
    TRY(mem_new(&s->form_token, s->n_forms, sizeof *s->form_token, "word forms", e));
    TRY(mem_new(&s->form, s->n, sizeof *s->form, "word forms", e));
    uint32_t form = 0;
    for (size_t t = 0; t < c->vocab; t++) {
        if (form_of[t] != 0) {
            s->form_token[form] = (int32_t)t;
            form_of[t] = form++;
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        s->form[i] = form_of[s->token[i]];
    }
    return OK;
}

static enum err label_forms(struct concept_sample *s, const struct concepts *c,
                            struct errinfo *e)
{
    const size_t all = c->token_start[c->vocab]; /* grammatical ones among them */
    TRY(mem_new(&s->form_start, s->n_forms + 1, sizeof *s->form_start, "labels", e));
    TRY(mem_new(&s->form_concept, all, sizeof *s->form_concept, "labels", e));
    for (size_t f = 0; f < s->n_forms; f++) {
        size_t k = 0;
        const int32_t *of = concepts_probed(c, s->form_token[f], &k);
        memcpy(s->form_concept + s->form_start[f], of, k * sizeof *of);
        s->form_start[f + 1] = s->form_start[f] + k;
    }
    return OK;
}

/* Holds out all occurrences of these forms except the training ones. */
static enum err hold_out(struct concept_sample *s, const struct acts_set *set,
                         const struct concepts *c, const uint8_t *use,
                         struct errinfo *e)
{
    uint32_t *form_of = NULL; /* by token */
    enum err rc = OK;
    size_t tests = 0;
    TRY_OUT(rc, mem_new(&form_of, c->vocab, sizeof *form_of, "word forms", e));
    TRY_OUT(rc, number_forms(s, set, c, use, form_of, e));
    TRY_OUT(rc, label_forms(s, c, e));
    for (size_t i = 0; i < set->n; i++) {
        s->n_held += use[i] == USE_TEST || use[i] == USE_REST;
    }
    TRY_OUT(rc, mem_new(&s->held_at, s->n_held, sizeof *s->held_at, "words", e));
    TRY_OUT(rc, mem_new(&s->held_form, s->n_held, sizeof *s->held_form, "words", e));
    TRY_OUT(rc, mem_new(&s->test_held, s->n - s->n_train, sizeof *s->test_held, "words",
                        e));
    for (size_t i = 0, to = 0; i < set->n; i++) {
        if (use[i] == USE_TEST) { /* in the text's order, as gather has them */
            s->test_held[tests++] = (uint32_t)to;
        }
        if (use[i] == USE_TEST || use[i] == USE_REST) {
            s->held_at[to] = (uint32_t)i;
            s->held_form[to++] = form_of[set->ids[i]];
        }
    }
out:
    mem_free(form_of);
    return rc;
}

/* Lists the occurrences of each concept, from the concepts of each occurrence. */
static enum err turn_round(struct concept_sample *s, struct errinfo *e)
{
    const size_t C = s->n_concepts;
    const size_t labels = s->label_start[s->n];
    TRY(mem_new(&s->member_start, C + 1, sizeof *s->member_start, "labels", e));
    TRY(mem_new(&s->member, labels, sizeof *s->member, "labels", e));
    size_t *start = s->member_start;
    for (size_t i = 0; i < labels; i++) {
        start[(size_t)s->label[i] + 1]++;
    }
    for (size_t c = 0; c < C; c++) {
        start[c + 1] += start[c];
    }
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = s->label_start[i]; j < s->label_start[i + 1]; j++) {
            s->member[start[s->label[j]]++] = (uint32_t)i;
        }
    }
    /* Each start has moved to its end, the next one's start: put them back. */
    memmove(start + 1, start, C * sizeof *start);
    start[0] = 0;
    return OK;
}

static enum err train_mean(struct concept_sample *s, struct errinfo *e)
{
    double *sum = NULL;
    TRY(mem_new(&s->mean, s->D, sizeof *s->mean, "concept sample", e));
    TRY(mem_new(&sum, s->D, sizeof *sum, "concept sample", e));
    for (size_t i = 0; i < s->n_train; i++) {
        for (size_t j = 0; j < s->D; j++) {
            sum[j] += (double)s->x[i * s->D + j];
        }
    }
    for (size_t j = 0; j < s->D && s->n_train > 0; j++) {
        s->mean[j] = (float)(sum[j] / (double)s->n_train);
    }
    mem_free(sum);
    return OK;
}

enum err concept_sample_init(struct concept_sample *s, const struct eval_config *cfg,
                             const struct acts_set *set, const struct concepts *c,
                             struct errinfo *e)
{
    uint8_t *use = NULL;
    enum err rc = OK;
    memset(s, 0, sizeof *s);
    s->D = set->D;
    s->n_concepts = c->n_probed;
    TRY_OUT(rc, mem_new(&use, set->n, sizeof *use, "concept sample", e));
    TRY_OUT(rc, choose_all(cfg, set, c, use, e));
    TRY_OUT(rc, gather(s, set, c, use, e));
    TRY_OUT(rc, hold_out(s, set, c, use, e));
    TRY_OUT(rc, turn_round(s, e));
    TRY_OUT(rc, train_mean(s, e));
out:
    mem_free(use);
    if (rc != OK) {
        concept_sample_deinit(s);
    }
    return rc;
}

void concept_sample_deinit(struct concept_sample *s)
{
    mem_free(s->x);
    mem_free(s->token);
    mem_free(s->at);
    mem_free(s->mean);
    mem_free(s->label_start);
    mem_free(s->label);
    mem_free(s->member_start);
    mem_free(s->member);
    mem_free(s->form_token);
    mem_free(s->form_start);
    mem_free(s->form_concept);
    mem_free(s->form);
    mem_free(s->held_at);
    mem_free(s->held_form);
    mem_free(s->test_held);
    memset(s, 0, sizeof *s);
}

enum err concept_sample_repeat(const struct concept_sample *s, const uint32_t *times,
                               struct concept_sample *out, size_t *first,
                               struct errinfo *e)
{
    struct concept_sample r = {.D = s->D, .n_concepts = s->n_concepts};
    size_t labels = 0, row = 0;
    enum err rc = OK;
    for (size_t i = 0; i < s->n; i++) {
        first[i] = r.n;
        r.n += times[i];
        r.n_rank += i < s->n_rank ? times[i] : 0;
        r.n_train += i < s->n_train ? times[i] : 0;
        labels += times[i] * (s->label_start[i + 1] - s->label_start[i]);
    }
    first[s->n] = r.n;
    TRY_OUT(rc, mem_new(&r.label_start, r.n + 1, sizeof *r.label_start, "labels", e));
    TRY_OUT(rc, mem_new(&r.label, labels, sizeof *r.label, "labels", e));
    labels = 0;
    for (size_t i = 0; i < s->n; i++) {
        const size_t k = s->label_start[i + 1] - s->label_start[i];
        for (uint32_t t = 0; t < times[i]; t++) {
            memcpy(r.label + labels, s->label + s->label_start[i], k * sizeof *r.label);
            labels += k;
            r.label_start[++row] = labels;
        }
    }
    TRY_OUT(rc, turn_round(&r, e));
    *out = r;
    return OK;
out:
    concept_sample_deinit(&r);
    return rc;
}

size_t concept_sample_train_of(const struct concept_sample *s, size_t c)
{
    size_t n = 0;
    for (size_t i = s->member_start[c]; i < s->member_start[c + 1]; i++) {
        n += s->member[i] < s->n_train;
    }
    return n;
}
