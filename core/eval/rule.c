#include "eval/rule.h"

#include "base/mem.h"
#include "base/number.h"
#include "eval/evaluate_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct absorption_rule absorption_rule_default(void)
{
    return (struct absorption_rule){RULE_SHARE, RULE_COSINE, WORD_LEAST};
}

bool absorption_rule_same(const struct absorption_rule *a,
                          const struct absorption_rule *b)
{
    return !(a->share < b->share) && !(a->share > b->share) &&
           !(a->cosine < b->cosine) && !(a->cosine > b->cosine) && a->least == b->least;
}

bool absorption_rule_is_default(const struct absorption_rule *r)
{
    const struct absorption_rule usual = absorption_rule_default();
    return absorption_rule_same(r, &usual);
}

/* Takes one "name=value" into r; false if it is not one. */
static bool take(const char *word, struct absorption_rule *r)
{
    double v = 0.0;
    const char *eq = strchr(word, '=');
    if (eq == NULL || !number_real(eq + 1, &v)) {
        return false;
    }
    const size_t len = (size_t)(eq - word);
    const bool share = v >= 0.0 && v <= 1.0;
    if (len == 5 && memcmp(word, "share", len) == 0 && share) {
        r->share = v;
        return true;
    }
    if (len == 6 && memcmp(word, "cosine", len) == 0 && share) {
        r->cosine = v;
        return true;
    }
    const bool count = v >= 1.0 && v <= 1e6 && v <= floor(v);
    if (len == 5 && memcmp(word, "least", len) == 0 && count) {
        r->least = (size_t)v;
        return true;
    }
    return false;
}

enum err absorption_rule_parse(const char *text, struct absorption_rule *out,
                               struct errinfo *e)
{
    struct absorption_rule r = *out;
    while (*text != '\0') {
        char word[64];
        const size_t len = strcspn(text, " ");
        (void)snprintf(word, sizeof word, "%.*s", len < 63 ? (int)len : 63, text);
        if (strcmp(word, "default") == 0) {
            r = absorption_rule_default();
        } else if (len > 0 && !take(word, &r)) {
            return err_set(e, ERR_USAGE,
                           "rule: found '%.40s', expected share=0..1, cosine=0..1, "
                           "least=1.. or default",
                           word);
        }
        text += len;
        text += strspn(text, " ");
    }
    *out = r;
    return OK;
}

/* ---- evidence ---- */

struct absorption_evidence *absorption_evidence_ref(struct absorption_evidence *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void absorption_evidence_unref(struct absorption_evidence *v)
{
    if (v != NULL &&
        atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) == 1) {
        mem_free(v->start);
        mem_free(v->reading);
        mem_free(v);
    }
}

/* ---- the rule ---- */

static bool is_absorbed(const struct absorption_rule *rule,
                        const struct absorption_reading *g)
{
    return !g->fires && g->top >= 0 && (double)g->share >= rule->share &&
           (double)g->cosine >= rule->cosine;
}

static double fraction(const struct absorption_rule *rule,
                       const struct absorption_reading *g)
{
    const double main = (double)g->main, others = (double)g->others;
    if (main >= 1.0 || others < rule->share || !(others > 0.0)) {
        return 0.0;
    }
    const double missing = 1.0 - main;
    const double absorbed = others < missing ? others : missing;
    return main <= 0.0 ? 1.0 : absorbed / (absorbed + main);
}

static void apply_to_word(const struct absorption_rule *rule,
                          const struct absorption_reading *g, size_t n,
                          struct absorber_tally *tally, struct word_result *w)
{
    int32_t latent[EVAL_ABSORBERS];
    double share[EVAL_ABSORBERS];
    double sum = 0.0;
    w->absorbed = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fraction(rule, &g[i]);
        if (is_absorbed(rule, &g[i])) {
            w->absorbed++;
            absorbers_add(tally, g[i].top, 1.0);
        }
    }
    w->fraction = n > 0 ? sum / (double)n : (double)NAN;
    (void)absorbers_take(tally, latent, share);
    for (size_t a = 0; a < EVAL_ABSORBERS; a++) {
        struct word_absorber *to = &w->absorber[a];
        *to = (struct word_absorber){.latent = latent[a]};
        for (size_t i = 0; i < n && latent[a] >= 0; i++) {
            if (is_absorbed(rule, &g[i]) && g[i].top == latent[a]) {
                to->times++;
                to->projection += (double)g[i].share;
            }
        }
        to->projection /= to->times > 0 ? (double)to->times : 1.0;
    }
    w->verdict = word_verdict(w, rule->least);
}

/* Applies the rule to the words of one concept, all counting alike. */
static void apply_to_concept(const struct absorption_rule *rule,
                             const struct absorption_evidence *v, size_t first,
                             size_t end, const struct word_result *word,
                             struct absorber_tally *tally, struct concept_result *r)
{
    double words = 0.0, full = 0.0, part = 0.0;
    r->absorbed = 0;
    for (size_t w = first; w < end; w++) {
        const double right = (double)word[w].right;
        if (word[w].right == 0) {
            continue;
        }
        words += 1.0;
        full += (double)word[w].absorbed / right;
        part += word[w].fraction;
        r->absorbed += word[w].absorbed;
        for (size_t i = v->start[w]; i < v->start[w + 1]; i++) {
            if (is_absorbed(rule, &v->reading[i])) {
                absorbers_add(tally, v->reading[i].top, 1.0 / right);
            }
        }
    }
    r->full = words > 0.0 ? full / words : (double)NAN;
    r->fraction = words > 0.0 ? part / words : (double)NAN;
    (void)absorbers_take(tally, r->absorber, r->absorber_share);
}

static size_t latents_in(const struct absorption_evidence *v)
{
    int32_t most = 0;
    for (size_t i = 0; i < v->start[v->n_words]; i++) {
        most = v->reading[i].top > most ? v->reading[i].top : most;
    }
    return (size_t)most + 1;
}

enum err absorption_rule_apply(const struct absorption_rule *rule,
                               const struct absorption_evidence *v,
                               struct word_result *word, struct concept_result *row,
                               size_t n, struct errinfo *e)
{
    struct absorber_tally tally = {0};
    TRY(absorbers_init(&tally, latents_in(v), e));
    for (size_t w = 0; w < v->n_words; w++) {
        apply_to_word(rule, v->reading + v->start[w], v->start[w + 1] - v->start[w],
                      &tally, &word[w]);
    }
    for (size_t w = 0; w < v->n_words;) {
        size_t end = w + 1;
        while (end < v->n_words && word[end].concept == word[w].concept) {
            end++;
        }
        if ((size_t)word[w].concept < n) {
            apply_to_concept(rule, v, w, end, word, &tally, &row[word[w].concept]);
        }
        w = end;
    }
    absorbers_deinit(&tally);
    return OK;
}
