/* The index of firing tokens, and the kind of latent that follows from it. */
#include "latents/latent_table_priv.h"

#include <stdlib.h>

/* The greatest sum first; ties to the lower id. */
static int by_sum(const void *a, const void *b)
{
    const struct latent_token *x = a, *y = b;
    if (x->sum > y->sum || x->sum < y->sum) {
        return x->sum > y->sum ? -1 : 1;
    }
    return (x->token > y->token) - (x->token < y->token);
}

void latent_index_row(struct latent_tally *y, struct latent_row *row,
                      struct latent_token *out)
{
    const struct latent_counts *own = &y->at[PLACE_TOKEN];
    row->tokens = (uint32_t)own->n_seen;
    for (size_t i = 0; i < own->n_seen; i++) {
        const int32_t id = own->seen[i];
        const struct latent_firing *most = &y->firing[y->strongest[id]];
        y->found[i] = (struct latent_token){.token = id,
                                            .fires = own->count[id],
                                            .sum = (float)y->sum[id],
                                            .max = most->act,
                                            .at = most->at};
    }
    if (own->n_seen > 0) {
        qsort(y->found, own->n_seen, sizeof *y->found, by_sum);
    }
    for (size_t i = 0; i < own->n_seen && i < y->most_tokens; i++) {
        out[i] = y->found[i];
    }
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        row->top_token[i] = i < own->n_seen ? y->found[i].token : -1;
    }
}

/* Counts the firings at the few places of a row that have most, and clears the
 * counts. */
static size_t at_positions(struct latent_tally *y, size_t n)
{
    enum { KEEP = CUT_PLACES };
    size_t most[KEEP] = {0};
    for (size_t i = 0; i < n; i++) {
        y->place[y->firing[i].at % y->T]++;
    }
    for (size_t p = 0; p < y->T; p++) {
        size_t at = KEEP;
        while (at > 0 && y->place[p] > most[at - 1]) {
            if (at < KEEP) {
                most[at] = most[at - 1];
            }
            at--;
        }
        if (at < KEEP) {
            most[at] = y->place[p];
        }
        y->place[p] = 0;
    }
    size_t sum = 0;
    for (size_t i = 0; i < KEEP; i++) {
        sum += most[i];
    }
    return sum;
}

/* Finds the token at a place with most of the strong firings; ties to the lower id. */
static void top_token(const struct latent_counts *k, const uint32_t *total,
                      struct latent_kind_facts *f, enum match_place place)
{
    int32_t best = -1;
    for (size_t i = 0; i < k->n_seen; i++) {
        const int32_t id = k->seen[i];
        if (best < 0 || k->strong[id] > k->strong[best] ||
            (k->strong[id] == k->strong[best] && id < best)) {
            best = id;
        }
    }
    if (best >= 0) {
        f->top[place] = k->strong[best];
        f->top_fires[place] = k->count[best];
        f->top_total[place] = total[best];
    }
}

/* The most strong firings first; ties to the lower id. */
static int by_fires(const void *a, const void *b)
{
    const struct latent_token *x = a, *y = b;
    if (x->fires != y->fires) {
        return x->fires > y->fires ? -1 : 1;
    }
    return (x->token > y->token) - (x->token < y->token);
}

/* Finds the fewest tokens that have CUT_TOKENS of the strong firings. */
static void top_class(struct latent_tally *y, const uint32_t *total,
                      struct latent_kind_facts *f)
{
    const struct latent_counts *own = &y->at[PLACE_TOKEN];
    size_t n = 0, strong = 0;
    for (size_t i = 0; i < own->n_seen; i++) {
        const int32_t id = own->seen[i];
        if (own->strong[id] > 0) {
            y->found[n++] =
                (struct latent_token){.token = id, .fires = own->strong[id]};
        }
    }
    if (n > 0) {
        qsort(y->found, n, sizeof *y->found, by_fires);
    }
    for (size_t i = 0; i < n && (double)strong < CUT_TOKENS * (double)f->strong; i++) {
        strong += y->found[i].fires;
        f->class_fires += own->count[y->found[i].token];
        f->class_total += total[y->found[i].token];
    }
}

void latent_kind_row(struct latent_tally *y, const struct latent_totals *t,
                     size_t n_tokens, size_t n, struct latent_row *row)
{
    struct latent_kind_facts f = {.fires = n, .tokens = n_tokens};
    const float strong = n > 0 ? (float)CUT_STRONG * y->firing[0].act : 0.0f;
    f.at_positions = at_positions(y, n);
    while (f.strong < n && y->firing[f.strong].act >= strong) {
        f.strong++;
    }
    for (enum match_place p = 0; p < MATCH_PLACES; p++) {
        top_token(&y->at[p], t->at[p].token, &f, p);
    }
    top_class(y, t->at[PLACE_TOKEN].token, &f);
    row->kind = latent_kind_of(&f);
}
