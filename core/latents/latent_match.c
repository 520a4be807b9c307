/* Matches: the word or concept whose occurrences a latent fires on. */
#include "base/mem.h"
#include "latents/latent_table_priv.h"

#include <stdlib.h>
#include <string.h>

/* F1s this close count as equal. */
#define NEAR_TIE 0.02
/* A cut counts only if it leaves at least this many firings, and this share of all
 * firings of the latent. Without it one lucky firing at the top would be a perfect
 * match. */
#define MIN_FIRINGS 10
#define MIN_SHARE   0.1
#define MATCHED_F1  0.5f

/* The token at a place of a position; -1 if none there counts. */
static int32_t token_at(const struct acts_set *set, size_t position,
                        enum match_place place, size_t vocab)
{
    if (place == PLACE_PREVIOUS) {
        if (position % set->T == 0) {
            return -1;
        }
        position--;
    }
    const int32_t id = set->ids[position];
    return set->special[position] || id < 0 || (size_t)id >= vocab ? -1 : id;
}

static void count_token(struct latent_totals *t, const struct concepts *c,
                        enum match_place place, int32_t id)
{
    size_t n = 0;
    const int32_t *of = concepts_of(c, id, &n);
    t->at[place].token[id]++;
    for (size_t k = 0; k < n; k++) {
        t->at[place].concept[of[k]]++;
    }
}

enum err latent_totals_init(struct latent_totals *t, const struct acts_set *set,
                            size_t n_positions, const struct concepts *c,
                            struct errinfo *e)
{
    memset(t, 0, sizeof *t);
    t->vocab = c->vocab;
    t->n_concepts = c->n;
    for (enum match_place p = 0; p < MATCH_PLACES; p++) {
        TRY(mem_new(&t->at[p].token, t->vocab, sizeof *t->at[p].token, "token counts",
                    e));
        TRY(mem_new(&t->at[p].concept, t->n_concepts, sizeof *t->at[p].concept,
                    "concept counts", e));
        for (size_t i = 0; i < n_positions; i++) {
            const int32_t id = set->special[i] ? -1 : token_at(set, i, p, t->vocab);
            if (id >= 0) {
                count_token(t, c, p, id);
            }
        }
    }
    return OK;
}

void latent_totals_deinit(struct latent_totals *t)
{
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        mem_free(t->at[p].token);
        mem_free(t->at[p].concept);
    }
}

static enum err counts_init(struct latent_counts *k, const struct latent_totals *t,
                            struct errinfo *e)
{
    static const char what[] = "latent counts";
    const size_t V = t->vocab, C = t->n_concepts;
    TRY(mem_new(&k->count, V, sizeof *k->count, what, e));
    TRY(mem_new(&k->strong, V, sizeof *k->strong, what, e));
    TRY(mem_new(&k->seen, V, sizeof *k->seen, what, e));
    TRY(mem_new(&k->concept_count, C, sizeof *k->concept_count, what, e));
    TRY(mem_new(&k->concept_words, C, sizeof *k->concept_words, what, e));
    TRY(mem_new(&k->word_fit, V, sizeof *k->word_fit, what, e));
    return mem_new(&k->concept_fit, C, sizeof *k->concept_fit, what, e);
}

enum err latent_tally_init(struct latent_tally *y, const struct latent_totals *t,
                           size_t T, size_t max_firings, size_t most_tokens,
                           struct errinfo *e)
{
    static const char what[] = "latent counts";
    memset(y, 0, sizeof *y);
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        TRY(counts_init(&y->at[p], t, e));
    }
    y->T = T;
    y->most_tokens = most_tokens;
    TRY(mem_new(&y->sum, t->vocab, sizeof *y->sum, what, e));
    TRY(mem_new(&y->strongest, t->vocab, sizeof *y->strongest, what, e));
    TRY(mem_new(&y->found, t->vocab, sizeof *y->found, what, e));
    TRY(mem_new(&y->place, T, sizeof *y->place, what, e));
    return mem_new(&y->firing, max_firings, sizeof *y->firing, "firings", e);
}

void latent_tally_deinit(struct latent_tally *y)
{
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        struct latent_counts *k = &y->at[p];
        mem_free(k->count);
        mem_free(k->strong);
        mem_free(k->seen);
        mem_free(k->concept_count);
        mem_free(k->concept_words);
        mem_free(k->word_fit);
        mem_free(k->concept_fit);
    }
    mem_free(y->sum);
    mem_free(y->strongest);
    mem_free(y->found);
    mem_free(y->place);
    mem_free(y->firing);
}

/* Strongest first; ties in the order of the text. */
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

/* Keeps the cut below the `fires` strongest firings, `hits` of which belong to the
 * description, if its F1 is better. */
static void improve(struct latent_fit *f, uint32_t hits, uint32_t total, size_t fires,
                    float cut)
{
    const double f1 = 2.0 * (double)hits / (double)(fires + total);
    if (f1 > f->f1) {
        *f = (struct latent_fit){hits, (uint32_t)fires, cut, f1};
    }
}

/* Counts one more firing; with it the `level` strongest are at least as strong as
 * `cut`. */
static void tally_token(struct latent_counts *k, const struct latent_totals *t,
                        enum match_place place, const struct concepts *c, int32_t id,
                        size_t level, float cut, bool enough)
{
    size_t n = 0;
    const int32_t *of = concepts_of(c, id, &n);
    const bool is_new = k->count[id]++ == 0;
    if (is_new) {
        k->seen[k->n_seen++] = id;
    }
    if (enough) {
        improve(&k->word_fit[id], k->count[id], t->at[place].token[id], level, cut);
    }
    for (size_t j = 0; j < n; j++) {
        k->concept_count[of[j]]++;
        k->concept_words[of[j]] += is_new;
        if (enough) {
            improve(&k->concept_fit[of[j]], k->concept_count[of[j]],
                    t->at[place].concept[of[j]], level, cut);
        }
    }
}

/* Lowers the cut over the sorted firings. A description's F1 can only rise where it
 * gains a hit, so that is where it is computed; firings of equal strength fall
 * together. */
static void tally(struct latent_tally *y, const struct latent_totals *t,
                  const struct acts_set *set, const struct concepts *c, size_t n)
{
    size_t level = 0; /* firings at least as strong as this one */
    const float strong = n > 0 ? (float)CUT_STRONG * y->firing[0].act : 0.0f;
    for (size_t i = 0; i < n; i++) {
        const float act = y->firing[i].act;
        while (level < n && y->firing[level].act >= act) {
            level++;
        }
        const bool enough =
            level >= MIN_FIRINGS && (double)level >= MIN_SHARE * (double)n;
        for (enum match_place p = 0; p < MATCH_PLACES; p++) {
            const int32_t id = token_at(set, y->firing[i].at, p, t->vocab);
            if (id >= 0) {
                tally_token(&y->at[p], t, p, c, id, level, act, enough);
            }
            if (id >= 0) {
                y->at[p].strong[id] += act >= strong;
            }
            if (id >= 0 && p == PLACE_TOKEN) {
                y->sum[id] += (double)act;
                y->strongest[id] =
                    y->at[p].count[id] == 1 ? (uint32_t)i : y->strongest[id];
            }
        }
    }
}

static void clear_counts(struct latent_counts *k, const struct concepts *c)
{
    for (size_t i = 0; i < k->n_seen; i++) {
        size_t n = 0;
        const int32_t *of = concepts_of(c, k->seen[i], &n);
        for (size_t j = 0; j < n; j++) {
            k->concept_count[of[j]] = 0;
            k->concept_words[of[j]] = 0;
            k->concept_fit[of[j]] = (struct latent_fit){0};
        }
        k->word_fit[k->seen[i]] = (struct latent_fit){0};
        k->count[k->seen[i]] = 0;
        k->strong[k->seen[i]] = 0;
    }
    k->n_seen = 0;
}

static void clear(struct latent_tally *y, const struct concepts *c)
{
    const struct latent_counts *own = &y->at[PLACE_TOKEN];
    for (size_t i = 0; i < own->n_seen; i++) {
        y->sum[own->seen[i]] = 0.0;
    }
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        clear_counts(&y->at[p], c);
    }
}

/* A description: how many tokens it covers, and how well the latent tells them. */
struct candidate {
    enum match_kind kind;
    enum match_place place;
    int32_t id;
    uint32_t total;
    struct latent_fit fit;
};

/* Gives description i of a place: words that fired it, then concepts; false if there is
 * none to weigh. A concept known by one word only says no more than the word. */
static bool candidate_at(const struct latent_tally *y, const struct latent_totals *t,
                         enum match_place place, size_t i, struct candidate *d)
{
    const struct latent_counts *k = &y->at[place];
    if (i < k->n_seen) {
        const int32_t id = k->seen[i];
        *d = (struct candidate){MATCH_WORD, place, id, t->at[place].token[id],
                                k->word_fit[id]};
        return true;
    }
    const size_t c = i - k->n_seen;
    *d = (struct candidate){MATCH_CONCEPT, place, (int32_t)c, t->at[place].concept[c],
                            k -> concept_fit[c]};
    return k->concept_words[c] >= 2;
}

/* Order of equally good descriptions: first those of the token itself, then the more
 * general. */
static bool preferred(const struct candidate *a, const struct candidate *b)
{
    if (a->place != b->place) {
        return a->place < b->place;
    }
    if (a->total != b->total) {
        return a->total > b->total;
    }
    if (a->kind != b->kind) {
        return a->kind == MATCH_CONCEPT;
    }
    return a->id < b->id;
}

static double greatest_f1(const struct latent_tally *y, const struct latent_totals *t)
{
    struct candidate d;
    double top = 0.0;
    for (enum match_place p = 0; p < MATCH_PLACES; p++) {
        for (size_t i = 0; i < y->at[p].n_seen + t->n_concepts; i++) {
            if (candidate_at(y, t, p, i, &d) && d.fit.f1 > top) {
                top = d.fit.f1;
            }
        }
    }
    return top;
}

static void choose(const struct latent_tally *y, const struct latent_totals *t,
                   struct latent_row *row)
{
    struct candidate d;
    struct candidate best = {MATCH_NONE, PLACE_TOKEN, -1, 0, {0}};
    const double top = greatest_f1(y, t);
    for (enum match_place p = 0; p < MATCH_PLACES; p++) {
        for (size_t i = 0; i < y->at[p].n_seen + t->n_concepts; i++) {
            if (candidate_at(y, t, p, i, &d) && d.fit.hits > 0 &&
                d.fit.f1 >= top - NEAR_TIE &&
                (best.kind == MATCH_NONE || preferred(&d, &best))) {
                best = d;
            }
        }
    }
    row->match = best.kind;
    row->place = best.place;
    row->match_id = best.id;
    if (best.kind != MATCH_NONE) {
        row->precision = (float)((double)best.fit.hits / (double)best.fit.fires);
        row->recall = (float)((double)best.fit.hits / (double)best.total);
        row->f1 = (float)best.fit.f1;
        row->match_cut = best.fit.cut;
    }
}

void latent_match(struct latent_tally *y, const struct latent_totals *t,
                  const struct acts_set *set, const struct concepts *c, size_t n_tokens,
                  size_t n, const uint32_t *at, const float *act,
                  struct latent_row *row, struct latent_token *out)
{
    sort_firings(y, n, at, act);
    tally(y, t, set, c, n);
    choose(y, t, row);
    latent_index_row(y, row, out);
    latent_kind_row(y, t, n_tokens, n, row);
    clear(y, c);
}

bool latent_is_matched(const struct latent_row *r)
{
    return r->match != MATCH_NONE && r->f1 >= MATCHED_F1;
}
