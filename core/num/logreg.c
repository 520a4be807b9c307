#include "num/logreg.h"

#include "base/mem.h"
#include "num/logreg_priv.h"

#include <string.h>

struct logreg_opts logreg_defaults(void)
{
    return (struct logreg_opts){
        .balanced = true, .tol = LOGREG_TOL, .max_passes = 2000};
}

static enum err check(const struct logreg_x *x, const struct logreg_opts *o,
                      struct errinfo *e)
{
    if (!(o->l1 >= 0.0) || !(o->l2 >= 0.0) || !(o->l1 + o->l2 > 0.0)) {
        return err_set(e, ERR_USAGE,
                       "logistic regression: found l1 %g and l2 %g, expected one of "
                       "them above 0",
                       o->l1, o->l2);
    }
    if (x->dense != NULL && o->start != NULL) {
        return err_set(e, ERR_USAGE,
                       "logistic regression: found a start with dense inputs, expected "
                       "compressed ones");
    }
    return OK;
}

void logreg_count(struct logreg_tally *t, const struct logreg *m)
{
    if (t != NULL) {
        atomic_fetch_add(&t->fits, m->fitted);
        atomic_fetch_add(&t->short_of, m->short_of);
    }
}

void logreg_count_few(struct logreg_tally *t, double gap)
{
    if (t != NULL) {
        atomic_fetch_add(&t->fits, 1);
        atomic_fetch_add(&t->short_of, gap <= LOGREG_TOL ? 0 : 1);
    }
}

/* Counts units that were fitted, and those that ended short of their minimum. */
static void sum_up(const struct logreg_standing *s, const struct logreg_opts *o,
                   struct logreg *m)
{
    for (size_t c = 0; c < m->C; c++) {
        m->passes = s[c].passes > m->passes ? s[c].passes : m->passes;
        m->fitted += s[c].fitted;
        m->short_of += s[c].fitted && !(s[c].gap <= o->tol);
        m->gap = s[c].gap > m->gap ? s[c].gap : m->gap;
    }
}

/* Whether a unit is short of tol. Steps that look only at the objective end at its
 * rounding, which may leave the slope by the bias too great for the proof: Newton's
 * steps continue from there. */
static bool any_short(const struct logreg_standing *s, size_t C, double tol)
{
    for (size_t c = 0; c < C; c++) {
        if (s[c].fitted && !(s[c].gap <= tol)) {
            return true;
        }
    }
    return false;
}

enum err logreg_fit(const struct logreg_x *x, const struct logreg_y *y,
                    const struct logreg_opts *opts, struct pool *pool,
                    struct logreg *out, struct errinfo *e)
{
    struct logreg m = {0};
    struct logreg_standing *standing = NULL;
    enum err rc = OK;
    TRY(check(x, opts, e));
    TRY_OUT(rc, logreg_init(&m, y->C, x->d, e));
    TRY_OUT(rc, mem_new(&standing, y->C, sizeof *standing, "logistic regression", e));
    const bool by_rows = x->dense != NULL && !(opts->l1 > 0.0);
    if (by_rows) {
        TRY_OUT(rc, logreg_fit_rows(x, y, opts, pool, standing, &m, e));
    }
    if (!by_rows || any_short(standing, y->C, opts->tol)) {
        struct logreg_opts o = *opts;
        o.start = by_rows ? &m : opts->start;
        TRY_OUT(rc, logreg_fit_columns(x, y, &o, pool, standing, &m, e));
    }
    if (opts->cancel != NULL && atomic_load(opts->cancel)) {
        rc = err_set(e, ERR_CANCELLED, "logistic regression: cancelled");
        goto out;
    }
    sum_up(standing, opts, &m);
    *out = m;
    memset(&m, 0, sizeof m);
out:
    mem_free(standing);
    logreg_deinit(&m);
    return rc;
}
