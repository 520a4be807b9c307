/* What a latent stands for: the word or concept whose occurrences it fires on. */
#include "base/mem.h"
#include "base/utf8.h"
#include "latents/latents_priv.h"

#include <stdlib.h>
#include <string.h>

/* F1 this close count as equal. */
#define NEAR_TIE 0.02
/* What a cut must leave to say anything of the latent: so many firings, and this share
 * of all its firings. Without it one lucky firing at the top would be a perfect match.
 */
#define MIN_FIRINGS 10
#define MIN_SHARE   0.1

enum err latent_totals_init(struct latent_totals *t, const struct acts_set *set,
                            size_t n_positions, const struct concepts *c,
                            struct errinfo *e)
{
    memset(t, 0, sizeof *t);
    t->vocab = c->vocab;
    t->n_concepts = c->n;
    TRY(mem_new(&t->token, t->vocab, sizeof *t->token, "token counts", e));
    TRY(mem_new(&t->concept, t->n_concepts, sizeof *t->concept, "concept counts", e));
    for (size_t i = 0; i < n_positions; i++) {
        const int32_t id = set->ids[i];
        if (set->special[i] || id < 0 || (size_t)id >= t->vocab) {
            continue;
        }
        size_t n = 0;
        const int32_t *of = concepts_of(c, id, &n);
        t->token[id]++;
        for (size_t k = 0; k < n; k++) {
            t->concept[of[k]]++;
        }
    }
    return OK;
}

void latent_totals_deinit(struct latent_totals *t)
{
    mem_free(t->token);
    mem_free(t->concept);
}

enum err latent_tally_init(struct latent_tally *y, const struct latent_totals *t,
                           size_t max_firings, struct errinfo *e)
{
    memset(y, 0, sizeof *y);
    TRY(mem_new(&y->count, t->vocab, sizeof *y->count, "latent counts", e));
    TRY(mem_new(&y->sum, t->vocab, sizeof *y->sum, "latent counts", e));
    TRY(mem_new(&y->seen, t->vocab, sizeof *y->seen, "latent counts", e));
    TRY(mem_new(&y->concept_count, t->n_concepts, sizeof *y->concept_count,
                "latent counts", e));
    TRY(mem_new(&y->firing, max_firings, sizeof *y->firing, "firings", e));
    TRY(mem_new(&y->word_fit, t->vocab, sizeof *y->word_fit, "latent fits", e));
    TRY(mem_new(&y->concept_fit, t->n_concepts, sizeof *y->concept_fit, "latent fits",
                e));
    return mem_new(&y->concept_words, t->n_concepts, sizeof *y->concept_words,
                   "latent counts", e);
}

void latent_tally_deinit(struct latent_tally *y)
{
    mem_free(y->count);
    mem_free(y->sum);
    mem_free(y->seen);
    mem_free(y->concept_count);
    mem_free(y->concept_words);
    mem_free(y->word_fit);
    mem_free(y->concept_fit);
    mem_free(y->firing);
}

/* Strongest first; equal ones in the order of the text. */
static int by_strength(const void *a, const void *b)
{
    const struct latent_firing *x = a, *y = b;
    if (x->act > y->act || x->act < y->act) {
        return x->act > y->act ? -1 : 1;
    }
    return x->at < y->at ? -1 : x->at > y->at;
}

static void sort_firings(struct latent_tally *y, size_t n, const uint32_t *at,
                         const float *act)
{
    for (size_t i = 0; i < n; i++) {
        y->firing[i] = (struct latent_firing){act[i], at[i]};
    }
    if (n > 0) {
        qsort(y->firing, n, sizeof *y->firing, by_strength);
    }
}

/* One more hit of a description among the `fires` strongest firings. */
static void improve(struct latent_fit *f, uint32_t hits, uint32_t total, size_t fires,
                    float cut)
{
    const double f1 = 2.0 * (double)hits / (double)(fires + total);
    if (f1 > f->f1) {
        *f = (struct latent_fit){hits, (uint32_t)fires, cut, f1};
    }
}

/* Lower the cut over the sorted firings. A description's F1 can only rise where it
 * gains a hit, so that is where it is looked at; firings of equal strength fall
 * together. */
static void tally(struct latent_tally *y, const struct latent_totals *t,
                  const struct acts_set *set, const struct concepts *c, size_t n)
{
    size_t level = 0; /* firings at least as strong as this one */
    y->n_seen = 0;
    for (size_t i = 0; i < n; i++) {
        const float act = y->firing[i].act;
        while (level < n && y->firing[level].act >= act) {
            level++;
        }
        const int32_t id = set->ids[y->firing[i].at];
        if (id < 0 || (size_t)id >= t->vocab) {
            continue;
        }
        size_t k = 0;
        const int32_t *of = concepts_of(c, id, &k);
        const bool is_new = y->count[id]++ == 0;
        if (is_new) {
            y->seen[y->n_seen++] = id;
        }
        y->sum[id] += (double)act;
        const bool enough =
            level >= MIN_FIRINGS && (double)level >= MIN_SHARE * (double)n;
        if (enough) {
            improve(&y->word_fit[id], y->count[id], t->token[id], level, act);
        }
        for (size_t j = 0; j < k; j++) {
            y->concept_count[of[j]]++;
            y->concept_words[of[j]] += is_new;
            if (enough) {
                improve(&y->concept_fit[of[j]], y->concept_count[of[j]],
                        t->concept[of[j]], level, act);
            }
        }
    }
}

static void clear(struct latent_tally *y, const struct concepts *c)
{
    for (size_t i = 0; i < y->n_seen; i++) {
        size_t k = 0;
        const int32_t *of = concepts_of(c, y->seen[i], &k);
        for (size_t j = 0; j < k; j++) {
            y->concept_count[of[j]] = 0;
            y->concept_words[of[j]] = 0;
            y->concept_fit[of[j]] = (struct latent_fit){0};
        }
        y->word_fit[y->seen[i]] = (struct latent_fit){0};
        y->count[y->seen[i]] = 0;
        y->sum[y->seen[i]] = 0.0;
    }
    y->n_seen = 0;
}

/* A description: how many tokens it covers, and how well the latent tells them. */
struct candidate {
    enum match_kind kind;
    int32_t id;
    uint32_t total;
    struct latent_fit fit;
};

/* Description i: words that fired it, then concepts; false where there is none to
 * weigh. A concept known by one word only says no more than the word. */
static bool candidate_at(const struct latent_tally *y, const struct latent_totals *t,
                         size_t i, struct candidate *d)
{
    if (i < y->n_seen) {
        const int32_t id = y->seen[i];
        *d = (struct candidate){MATCH_WORD, id, t->token[id], y->word_fit[id]};
        return true;
    }
    const size_t c = i - y->n_seen;
    *d = (struct candidate){MATCH_CONCEPT, (int32_t)c, t->concept[c],
                            y -> concept_fit[c]};
    return y->concept_words[c] >= 2;
}

static bool more_general(const struct candidate *a, const struct candidate *b)
{
    if (a->total != b->total) {
        return a->total > b->total;
    }
    if (a->kind != b->kind) {
        return a->kind == MATCH_CONCEPT;
    }
    return a->id < b->id;
}

static void choose(const struct latent_tally *y, const struct latent_totals *t,
                   struct latent_row *row)
{
    const size_t n = y->n_seen + t->n_concepts;
    struct candidate d;
    struct candidate best = {MATCH_NONE, -1, 0, {0}};
    double top = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (candidate_at(y, t, i, &d) && d.fit.f1 > top) {
            top = d.fit.f1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (candidate_at(y, t, i, &d) && d.fit.hits > 0 && d.fit.f1 >= top - NEAR_TIE &&
            (best.kind == MATCH_NONE || more_general(&d, &best))) {
            best = d;
        }
    }
    row->match = best.kind;
    row->match_id = best.id;
    if (best.kind != MATCH_NONE) {
        row->precision = (float)((double)best.fit.hits / (double)best.fit.fires);
        row->recall = (float)((double)best.fit.hits / (double)best.total);
        row->f1 = (float)best.fit.f1;
        row->match_cut = best.fit.cut;
    }
}

/* The tokens of greatest summed activation, ties to the lower id. */
static void top_tokens(const struct latent_tally *y, int32_t out[LATENT_TOP_TOKENS])
{
    size_t n = 0;
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        out[i] = -1;
    }
    for (size_t i = 0; i < y->n_seen; i++) {
        const int32_t id = y->seen[i];
        size_t at = n < LATENT_TOP_TOKENS ? n : LATENT_TOP_TOKENS;
        while (at > 0 && (y->sum[id] > y->sum[out[at - 1]] ||
                          (y->sum[id] >= y->sum[out[at - 1]] && id < out[at - 1]))) {
            if (at < LATENT_TOP_TOKENS) {
                out[at] = out[at - 1];
            }
            at--;
        }
        if (at < LATENT_TOP_TOKENS) {
            out[at] = id;
            n += n < LATENT_TOP_TOKENS;
        }
    }
}

void latent_match(struct latent_tally *y, const struct latent_totals *t,
                  const struct acts_set *set, const struct concepts *c, size_t n,
                  const uint32_t *at, const float *act, struct latent_row *row)
{
    sort_firings(y, n, at, act);
    tally(y, t, set, c, n);
    choose(y, t, row);
    top_tokens(y, row->top_token);
    clear(y, c);
}

void latent_match_name(const struct latent_row *r, const struct concepts *c,
                       const struct tok *tok, char *out, size_t cap)
{
    struct str s;
    if (cap == 0) {
        return;
    }
    str_init(&s, 4096);
    if (r->match == MATCH_CONCEPT && c != NULL && (size_t)r->match_id < c->n) {
        const char *name = c->def[r->match_id].name;
        utf8_escape(&s, name, strlen(name));
    } else if (r->match == MATCH_WORD) {
        size_t len = 0;
        const char *p = tok_piece_view(tok, r->match_id, &len);
        const size_t skip = p != NULL && len > 1 && p[0] == ' ' ? 1 : 0;
        str_addc(&s, '\'');
        if (p != NULL) {
            utf8_escape(&s, p + skip, len - skip);
        }
        str_addc(&s, '\'');
    }
    const size_t len = utf8_clip(s.p, s.len, cap - 1);
    if (len > 0) {
        memcpy(out, s.p, len);
    }
    out[len] = '\0';
    str_free(&s);
}
