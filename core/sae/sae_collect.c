#include "sae/sae_collect.h"

#include "base/mem.h"
#include "num/topk.h"

#include <assert.h>
#include <string.h>

enum err R(sae_collect_init)(struct R(sae_collect) *c, size_t keep, size_t F,
                             struct errinfo *e)
{
    if (keep > SIZE_MAX / 4 - F) {
        return err_set(e, ERR_LIMIT, "%zu activations of a batch, too many", keep);
    }
    *c = (struct R(sae_collect)){.keep = keep, .F = F, .cap = 2 * keep + F};
    return OK;
}

static void candidates_deinit(struct R(sae_candidates) *h)
{
    mem_free(h->row);
    mem_free(h->id);
    mem_free(h->val);
}

void R(sae_collect_deinit)(struct R(sae_collect) *c)
{
    for (size_t i = 0; i < c->workers; i++) {
        candidates_deinit(&c->list[i]);
    }
    mem_free(c->list);
    mem_free(c->all);
    c->list = NULL;
    c->all = NULL;
    c->workers = 0;
}

static enum err candidates_init(struct R(sae_candidates) *h, size_t cap,
                                struct errinfo *e)
{
    static const char what[] = "candidates of a batch";
    enum err rc = mem_new(&h->row, cap, sizeof *h->row, what, e);
    if (rc == OK) {
        rc = mem_new(&h->id, cap, sizeof *h->id, what, e);
    }
    if (rc == OK) {
        rc = mem_new(&h->val, cap, sizeof *h->val, what, e);
    }
    return rc;
}

enum err R(sae_collect_workers)(struct R(sae_collect) *c, size_t workers,
                                struct errinfo *e)
{
    if (workers <= c->workers) {
        return OK;
    }
    size_t total;
    if (!mem_mul(workers, c->cap, &total)) {
        return err_set(e, ERR_LIMIT, "%zu candidates a worker, too many", c->cap);
    }
    struct R(sae_candidates) *list = NULL;
    real *all = NULL;
    enum err rc = mem_new(&list, workers, sizeof *list, "candidates of a batch", e);
    if (rc == OK) {
        rc = mem_new(&all, total, sizeof *all, "candidates of a batch", e);
    }
    for (size_t i = c->workers; rc == OK && i < workers; i++) {
        rc = candidates_init(&list[i], c->cap, e);
    }
    if (rc != OK) {
        for (size_t i = c->workers; list && i < workers; i++) {
            candidates_deinit(&list[i]);
        }
        mem_free(list);
        mem_free(all);
        return rc;
    }
    for (size_t i = 0; i < c->workers; i++) {
        list[i] = c->list[i];
    }
    mem_free(c->list);
    mem_free(c->all);
    c->list = list;
    c->all = all;
    c->workers = workers;
    return OK;
}

void R(sae_collect_begin)(struct R(sae_collect) *c)
{
    for (size_t i = 0; i < c->workers; i++) {
        c->list[i].n = 0;
        c->list[i].floor = c->guess;
    }
}

/* Drops entries that cannot be among the `keep` greatest of the batch, since `keep`
 * better ones are already there. Entries are in ascending order of row and id, so of
 * ties the later are dropped first, and a later entry that only equals the cut cannot
 * be among them either. */
static void compact(struct R(sae_candidates) *h, size_t keep)
{
    size_t above;
    const real cut = R(topk_cut)(h->n, h->val, keep, &above);
    size_t ties = keep - above, n = 0;
    for (size_t i = 0; i < h->n; i++) {
        const real v = h->val[i];
        const bool tie = !(v > cut) && v >= cut;
        if (v > cut || (tie && ties > 0)) {
            ties -= tie ? 1 : 0;
            h->row[n] = h->row[i];
            h->id[n] = h->id[i];
            h->val[n] = v;
            n++;
        }
    }
    h->n = n;
    h->floor = cut > h->floor ? cut : h->floor;
}

/* Returns the list for a row's entries, with room for all of the row. */
static struct R(sae_candidates) *candidates_with_room(struct R(sae_collect) *c,
                                                      size_t worker)
{
    struct R(sae_candidates) *h = &c->list[worker];
    if (h->n + c->F > c->cap) {
        compact(h, c->keep);
    }
    assert(h->n + c->F <= c->cap);
    return h;
}

static void add_row(struct R(sae_candidates) *h, size_t row, size_t n)
{
    assert(row <= INT32_MAX && (h->n == 0 || h->row[h->n - 1] < (int32_t)row));
    for (size_t i = 0; i < n; i++) {
        h->row[h->n + i] = (int32_t)row;
    }
    h->n += n;
}

void R(sae_collect_row)(struct R(sae_collect) *c, size_t worker, size_t row,
                        const real *x)
{
    struct R(sae_candidates) *h = candidates_with_room(c, worker);
    add_row(h, row, R(topk_above)(c->F, x, h->floor, h->id + h->n, h->val + h->n));
}

void R(sae_collect_list)(struct R(sae_collect) *c, size_t worker, size_t row, size_t n,
                         const int32_t *id, const real *val)
{
    struct R(sae_candidates) *h = candidates_with_room(c, worker);
    memcpy(h->id + h->n, id, n * sizeof *id);
    memcpy(h->val + h->n, val, n * sizeof *val);
    add_row(h, row, n);
}

bool R(sae_collect_enough)(struct R(sae_collect) *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->workers; i++) {
        n += c->list[i].n;
    }
    if (n >= c->keep || !(c->guess > 0)) {
        return true;
    }
    c->guess = 0;
    return false;
}

size_t R(sae_collect_cut)(struct R(sae_collect) *c, real *cut, size_t *ties)
{
    size_t n = 0;
    for (size_t i = 0; i < c->workers; i++) {
        memcpy(c->all + n, c->list[i].val, c->list[i].n * sizeof *c->all);
        n += c->list[i].n;
    }
    *cut = 0;
    *ties = 0;
    if (n <= c->keep) {
        c->guess = 0;
        return n; /* all that are positive */
    }
    size_t above;
    *cut = R(topk_cut)(n, c->all, c->keep, &above);
    *ties = c->keep - above;
    c->guess = *cut * (real)0.9; /* the next batch is much like this one */
    return c->keep;
}
