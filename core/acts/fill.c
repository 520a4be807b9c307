#include "acts/fill_priv.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

struct acts_share {
    struct acts_fill *live;       /* those with references */
    struct acts_fill *spare;      /* the one released last: its memory is warm */
    float *kept[STREAM_KEPT_MAX]; /* of further hooks, until their caches have them */
    size_t kept_floats[STREAM_KEPT_MAX];
};

enum err acts_share_new(struct acts_share **out, struct errinfo *e)
{
    return mem_new(out, 1, sizeof **out, "a list of fills", e);
}

static void fill_free(struct acts_fill *f)
{
    if (f) {
        mem_free(f->clean);
        mem_free(f->fed);
        mem_free(f->is_masked);
        mem_free(f->x);
        mem_free(f);
    }
}

void acts_share_free(struct acts_share *share)
{
    if (share) {
        fill_free(share->spare);
        for (size_t i = 0; i < STREAM_KEPT_MAX; i++) {
            mem_free(share->kept[i]);
        }
        mem_free(share);
    }
}

enum err fill_kept(struct acts_share *share, size_t i, size_t floats, float **out,
                   struct errinfo *e)
{
    static const char what[] = "activations of further hooks";
    if (!share) {
        return mem_new(out, floats, sizeof **out, what, e);
    }
    if (!share->kept[i]) {
        TRY(mem_new(&share->kept[i], floats, sizeof **out, what, e));
        share->kept_floats[i] = floats;
    }
    assert(share->kept_floats[i] == floats); /* streams of a share keep the same */
    *out = share->kept[i];
    return OK;
}

static enum err fill_new(size_t n, size_t D, struct acts_fill **out, struct errinfo *e)
{
    static const char what[] = "a buffer of activations";
    struct acts_fill *f = NULL;
    TRY(mem_new(&f, 1, sizeof *f, what, e));
    f->n = n;
    f->D = D;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&f->clean, n, sizeof *f->clean, what, e));
    TRY_OUT(rc, mem_new(&f->fed, n, sizeof *f->fed, what, e));
    TRY_OUT(rc, mem_new(&f->is_masked, n, sizeof *f->is_masked, what, e));
    TRY_OUT(rc, mem_new(&f->x, n * D, sizeof *f->x, what, e));
    *out = f;
    return OK;
out:
    fill_free(f);
    return rc;
}

enum err fill_take(struct acts_share *share, size_t n, size_t D, struct acts_fill **out,
                   struct errinfo *e)
{
    struct acts_fill *f = share ? share->spare : NULL;
    if (f && f->n == n && f->D == D) {
        share->spare = NULL;
    } else {
        TRY(fill_new(n, D, &f, e));
    }
    f->number = 0;
    f->refs = 1;
    if (share) {
        f->next = share->live;
        share->live = f;
    }
    *out = f;
    return OK;
}

void fill_release(struct acts_share *share, struct acts_fill *f)
{
    assert(!f || f->refs > 0);
    if (!f || --f->refs > 0) {
        return;
    }
    if (!share) {
        fill_free(f);
        return;
    }
    struct acts_fill **at = &share->live;
    while (*at != f) {
        assert(*at); /* a fill with references is listed */
        at = &(*at)->next;
    }
    *at = f->next;
    fill_free(share->spare);
    share->spare = f;
}

struct acts_fill *fill_find(struct acts_share *share, size_t n, uint64_t number,
                            struct pack_pos start, double rate, bool mixed)
{
    struct acts_fill *f = share ? share->live : NULL;
    for (; f; f = f->next) {
        const bool same_place = f->n == n && f->number == number &&
                                f->start.doc == start.doc &&
                                f->start.offset == start.offset &&
                                f->start.row == start.row && f->mixed == mixed;
        if (same_place && memcmp(&f->rate, &rate, sizeof rate) == 0) {
            f->refs++;
            return f;
        }
    }
    return NULL;
}
