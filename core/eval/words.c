#include "eval/words.h"

#include "base/mem.h"
#include "eval/evaluate_priv.h"
#include "eval/rule.h"

#include <math.h>
#include <stdlib.h>

const char *word_verdict_name(enum word_verdict v)
{
    static const char *const name[WORD_VERDICTS] = {[WORD_TOO_RARE] = "too rare",
                                                    [WORD_PROBE_WRONG] = "probe wrong",
                                                    [WORD_HELD] = "held",
                                                    [WORD_ABSORBED] = "absorbed",
                                                    [WORD_MISSED] = "missed"};
    return name[v];
}

double word_absorber_share(const struct word_result *w, size_t i)
{
    return w->absorbed > 0 ? (double)w->absorber[i].times / (double)w->absorbed : 0.0;
}

enum word_verdict word_verdict(const struct word_result *w, size_t least)
{
    if (w->occurrences < least || w->occurrences == 0) {
        return WORD_TOO_RARE;
    }
    if (2 * w->right < w->occurrences) {
        return WORD_PROBE_WRONG;
    }
    if (2 * w->held >= w->right) {
        return WORD_HELD;
    }
    return 2 * w->absorbed >= w->right - w->held ? WORD_ABSORBED : WORD_MISSED;
}

/* An occurrence of the concept at hand. */
struct occurrence {
    uint32_t form;
    uint32_t at; /* in the bank */
};

static int by_form(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;
    if (x->form != y->form) {
        return x->form < y->form ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

struct words {
    const struct eval_set *set;
    const struct absorption_outcome *outcome;
    struct absorber_tally tally;
    struct occurrence *occ; /* of one concept */
    struct word_result *word;
    size_t n;
    struct absorption_evidence *evidence; /* NULL: not kept */
};

/* Names the latents that absorbed it, and how much of the probe's projection they
 * supplied. */
static void name_absorbers(struct words *k, const struct occurrence *o, size_t n,
                           struct word_result *w)
{
    int32_t latent[EVAL_ABSORBERS];
    double share[EVAL_ABSORBERS];
    for (size_t i = 0; i < n; i++) {
        if (k->set->bank.right[o[i].at]) {
            absorbers_add(&k->tally, k->outcome[o[i].at].absorber, 1.0);
        }
    }
    (void)absorbers_take(&k->tally, latent, share);
    for (size_t a = 0; a < EVAL_ABSORBERS; a++) {
        struct word_absorber *to = &w->absorber[a];
        *to = (struct word_absorber){.latent = latent[a]};
        for (size_t i = 0; i < n && latent[a] >= 0; i++) {
            const struct absorption_outcome *of = &k->outcome[o[i].at];
            if (k->set->bank.right[o[i].at] && of->absorber == latent[a]) {
                to->times++;
                to->projection += (double)of->share;
            }
        }
        to->projection /= to->times > 0 ? (double)to->times : 1.0;
    }
}

/* Keeps the readings of the word added last. */
static void keep_readings(struct words *k, const struct occurrence *o, size_t n)
{
    struct absorption_evidence *v = k->evidence;
    size_t to = v->start[k->n - 1];
    for (size_t i = 0; i < n; i++) {
        const struct absorption_outcome *of = &k->outcome[o[i].at];
        if (k->set->bank.right[o[i].at]) {
            v->reading[to++] = (struct absorption_reading){.share = of->share,
                                                           .cosine = of->cosine,
                                                           .main = of->main,
                                                           .others = of->others,
                                                           .top = of->top,
                                                           .fires = of->fires};
        }
    }
    v->start[k->n] = to;
    v->n_words = k->n;
}

/* Adds the word of these occurrences. */
static void add_word(struct words *k, size_t c, const struct occurrence *o, size_t n)
{
    const struct probe_bank *b = &k->set->bank;
    struct word_result *w = &k->word[k->n++];
    *w = (struct word_result){.concept = (int32_t)c,
                              .token = k->set->sample.form_token[o[0].form],
                              .occurrences = n};
    for (size_t i = 0; i < n; i++) {
        const struct absorption_outcome *of = &k->outcome[o[i].at];
        w->fires += of->fires;
        if (b->right[o[i].at]) {
            w->right++;
            w->held += of->fires;
            w->absorbed += of->absorber >= 0;
            w->fraction += (double)of->fraction;
        }
    }
    w->fraction = w->right > 0 ? w->fraction / (double)w->right : (double)NAN;
    w->verdict = word_verdict(w, k->set->cfg.word_least);
    name_absorbers(k, o, n, w);
    if (k->evidence != NULL) {
        keep_readings(k, o, n);
    }
}

static void add_concept(struct words *k, size_t c)
{
    const struct probe_bank *b = &k->set->bank;
    const size_t first = b->occ_start[c], n = b->occ_start[c + 1] - first;
    for (size_t i = 0; i < n; i++) {
        k->occ[i] =
            (struct occurrence){b->held_form[b->occ[first + i]], (uint32_t)(first + i)};
    }
    if (n > 1) {
        qsort(k->occ, n, sizeof *k->occ, by_form);
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && k->occ[end].form == k->occ[i].form) {
            end++;
        }
        add_word(k, c, k->occ + i, end - i);
        i = end;
    }
}

static enum err evidence_new(const struct probe_bank *b, size_t words,
                             struct absorption_evidence **out, struct errinfo *e)
{
    static const char what[] = "what words rest on";
    struct absorption_evidence *v = NULL;
    size_t right = 0;
    enum err rc = OK;
    for (size_t u = 0; u < b->n_units; u++) {
        right += b->hits[b->concept_of[u]];
    }
    TRY(mem_new(&v, 1, sizeof *v, what, e));
    atomic_init(&v->refs, 1);
    TRY_OUT(rc, mem_new(&v->start, words + 1, sizeof *v->start, what, e));
    TRY_OUT(rc, mem_new(&v->reading, right, sizeof *v->reading, what, e));
    *out = v;
    return OK;
out:
    absorption_evidence_unref(v);
    return rc;
}

/* Makes room for all words that may come: the forms of every concept. */
static enum err words_init(struct words *k, size_t F, bool keeps, struct errinfo *e)
{
    const struct probe_bank *b = &k->set->bank;
    const struct concept_sample *s = &k->set->sample;
    size_t most = 0;
    for (size_t c = 0; c < b->C; c++) {
        const size_t n = b->occ_start[c + 1] - b->occ_start[c];
        most = n > most ? n : most;
    }
    const size_t all = s->n_forms > 0 ? s->form_start[s->n_forms] : 0;
    TRY(absorbers_init(&k->tally, F, e));
    TRY(mem_new(&k->occ, most, sizeof *k->occ, "words", e));
    TRY(mem_new(&k->word, all, sizeof *k->word, "words", e));
    return keeps ? evidence_new(b, all, &k->evidence, e) : OK;
}

enum err eval_words(const struct eval_set *set,
                    const struct absorption_outcome *outcome, size_t F,
                    struct word_result **out, size_t *n,
                    struct absorption_evidence **evidence, struct errinfo *e)
{
    const struct probe_bank *b = &set->bank;
    struct words k = {.set = set, .outcome = outcome};
    enum err rc = OK;
    TRY_OUT(rc, words_init(&k, F, evidence != NULL, e));
    for (size_t u = 0; u < b->n_units; u++) {
        add_concept(&k, (size_t)b->concept_of[u]);
    }
    *out = k.word;
    *n = k.n;
    k.word = NULL;
    if (evidence != NULL) {
        *evidence = k.evidence;
        k.evidence = NULL;
    }
out:
    absorption_evidence_unref(k.evidence);
    mem_free(k.occ);
    mem_free(k.word);
    absorbers_deinit(&k.tally);
    return rc;
}
