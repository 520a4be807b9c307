#include "acts/token_rows.h"

#include "base/mem.h"
#include "text/pack.h"

#include <stdbool.h>
#include <string.h>

static const char what[] = "rows of tokens";

static enum err rows_new(size_t rows, size_t T, struct token_rows **out,
                         struct errinfo *e)
{
    struct token_rows *r = NULL;
    enum err rc = OK;
    TRY(mem_new(&r, 1, sizeof *r, what, e));
    r->rows = rows;
    r->T = T;
    if (!mem_mul(rows, T, &r->n)) {
        rc = err_set(e, ERR_LIMIT, "%zu rows of %zu tokens: too many", rows, T);
        goto out;
    }
    TRY_OUT(rc, mem_new(&r->ids, r->n, sizeof *r->ids, what, e));
    TRY_OUT(rc, mem_new(&r->fed, r->n, sizeof *r->fed, what, e));
    TRY_OUT(rc, mem_new(&r->masked, r->n, sizeof *r->masked, what, e));
    r->fresh = T;
    *out = r;
    return OK;
out:
    token_rows_free(r);
    return rc;
}

void token_rows_free(struct token_rows *r)
{
    if (r) {
        mem_free(r->ids);
        mem_free(r->fed);
        mem_free(r->masked);
        mem_free(r);
    }
}

/* Reads the rows before `from` into the place of row `from`, which follows them. The
 * end of a held-out split shows in its row, or in the next, which has nothing new. */
static enum err read_rows(struct token_rows *r, struct pack *p, bool once,
                          uint64_t from, const struct token_rows_watch *watch,
                          struct errinfo *e)
{
    size_t got = 0, fresh = r->T;
    uint64_t i = 0;
    for (; got < r->rows && fresh == r->T; i++) {
        int32_t *row = r->ids + got * r->T;
        size_t one;
        if (once) {
            TRY(pack_rows_once(p, 1, row, &one, &fresh, e));
        } else {
            TRY(pack_rows(p, 1, row, e));
        }
        if (fresh == 0 && i > 0) {
            break;
        }
        if (i >= from) {
            got++;
        } else if (watch) {
            watch->passed(watch->user, i + 1, from);
        }
    }
    if (got == 0) {
        return err_set(e, ERR_USAGE, "row %llu: the held-out text ends with row %llu",
                       (unsigned long long)from, (unsigned long long)(i - 1));
    }
    r->rows = got;
    r->n = got * r->T;
    r->fresh = fresh > 0 ? fresh : r->T;
    return OK;
}

enum err token_rows_read(const struct corpus *c, enum corpus_split split,
                         const struct tok *tok, size_t T, uint64_t from, size_t rows,
                         const struct token_rows_watch *watch, struct token_rows **out,
                         struct errinfo *e)
{
    struct token_rows *r = NULL;
    struct pack *p = NULL;
    enum err rc;
    TRY(rows_new(rows, T, &r, e));
    TRY_OUT(rc, pack_new(c, split, tok, T, &p, e));
    TRY_OUT(rc, read_rows(r, p, split == CORPUS_HELDOUT, from, watch, e));
    memcpy(r->fed, r->ids, r->n * sizeof *r->ids);
    r->first = from;
    *out = r;
    r = NULL;
out:
    token_rows_free(r);
    pack_free(p);
    return rc;
}

enum err token_rows_of(const int32_t *ids, size_t n, struct token_rows **out,
                       struct errinfo *e)
{
    TRY(rows_new(1, n, out, e));
    memcpy((*out)->ids, ids, n * sizeof *ids);
    memcpy((*out)->fed, ids, n * sizeof *ids);
    return OK;
}

enum err token_rows_mask(struct token_rows *r, const struct tok *tok, int32_t token,
                         double p, uint64_t seed, struct errinfo *e)
{
    struct mask_vocab *vocab = NULL;
    TRY(mask_vocab_new(tok, NULL, &vocab, e));
    const struct mask_spec spec = {
        .kind = MASK_TOKEN, .token = token, .seed = seed, .vocab = vocab};
    (void)mask_apply(&spec, p, r->first, r->ids, r->rows, r->T, r->fed, r->masked);
    mask_vocab_free(vocab);
    return OK;
}
