#include "ask/ask_heldout.h"

#include "ask/ask_priv.h"
#include "base/mem.h"
#include "base/number.h"
#include "text/pack.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the text ---- */

enum err ask_rows_new(const struct acts_set *set, struct ask_rows **out,
                      struct errinfo *e)
{
    const size_t bytes = set->rows * set->T * sizeof *set->ids;
    struct ask_rows *r = NULL;
    TRY(mem_new(&r, 1, sizeof *r + bytes, "held-out text", e));
    atomic_init(&r->refs, 1);
    r->rows = set->rows;
    r->T = set->T;
    r->last = set->fresh;
    memcpy(r->ids, set->ids, bytes);
    *out = r;
    return OK;
}

enum err ask_rows_read(struct corpus *c, const struct tok *tok, size_t T, size_t rows,
                       struct ask_rows **out, struct errinfo *e)
{
    struct ask_rows *r = NULL;
    struct pack *p = NULL;
    size_t ids = 0;
    if (!mem_mul(rows, T * sizeof *r->ids, &ids)) {
        return err_set(e, ERR_LIMIT, "%zu rows of text: too many", rows);
    }
    TRY(mem_new(&r, 1, sizeof *r + ids, "held-out text", e));
    atomic_init(&r->refs, 1);
    r->T = T;
    enum err rc = pack_new(c, CORPUS_HELDOUT, tok, T, &p, e);
    rc = rc == OK ? pack_rows_once(p, rows, r->ids, &r->rows, &r->last, e) : rc;
    pack_free(p);
    if (rc != OK) {
        mem_free(r);
        return rc;
    }
    *out = r;
    return OK;
}

struct ask_rows *ask_rows_ref(struct ask_rows *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void ask_rows_unref(struct ask_rows *r)
{
    if (r && atomic_fetch_sub(&r->refs, 1) == 1) {
        mem_free(r);
    }
}

size_t ask_rows_len(const struct ask_rows *r, const struct ask_subject *s, size_t i)
{
    const size_t n = i + 1 == r->rows ? r->last : r->T;
    return n < s->context ? n : s->context;
}

/* ---- a pass ---- */

struct ask_heldout_pass {
    struct ask_subject *subject;
    struct ask_rows *text;
    struct ask_edit *edit; /* [n_edits] */
    size_t n_edits;
    size_t rows, next;          /* to be read; the one that is read next */
    double *before, *after;     /* [rows] mean losses of those with predicted tokens */
    struct ask_shifts row, sum; /* of the row that is read, of those before it */
    struct ask_heldout h;       /* kl: a sum; loss and shift: not yet */
};

void ask_heldout_end(struct ask_heldout_pass *p)
{
    if (!p) {
        return;
    }
    ask_rows_unref(p->text);
    ask_subject_unref(p->subject);
    mem_free(p->edit);
    mem_free(p->before);
    mem_free(p->after);
    struct ask_shifts *const sums[] = {&p->row, &p->sum};
    for (size_t i = 0; i < 2; i++) {
        mem_free(sums[i]->before);
        mem_free(sums[i]->after);
    }
    mem_free(p);
}

static enum err fill(struct ask_heldout_pass *p, const struct ask_edit *edit,
                     struct errinfo *e)
{
    static const char what[] = "an effect";
    const size_t V = p->subject->lm->cfg.vocab;
    TRY(mem_new(&p->edit, p->n_edits, sizeof *p->edit, what, e));
    memcpy(p->edit, edit, p->n_edits * sizeof *edit);
    TRY(mem_new(&p->before, p->rows, sizeof *p->before, what, e));
    TRY(mem_new(&p->after, p->rows, sizeof *p->after, what, e));
    struct ask_shifts *const sums[] = {&p->row, &p->sum};
    for (size_t i = 0; i < 2; i++) {
        TRY(mem_new(&sums[i]->before, V, sizeof(double), what, e));
        TRY(mem_new(&sums[i]->after, V, sizeof(double), what, e));
    }
    return OK;
}

enum err ask_heldout_begin(struct ask_subject *s, struct ask_rows *text, size_t rows,
                           const struct ask_edit *edit, size_t n_edits,
                           struct ask_heldout_pass **out, struct errinfo *e)
{
    struct ask_heldout_pass *p = NULL;
    if (rows < 1) {
        return err_set(e, ERR_USAGE, "held-out rows: found 0, expected 1 to %zu",
                       text->rows);
    }
    if (n_edits < 1) {
        return err_set(e, ERR_USAGE, "no latent is silenced or steered");
    }
    TRY(mem_new(&p, 1, sizeof *p, "an effect", e));
    p->subject = ask_subject_ref(s);
    p->text = ask_rows_ref(text);
    p->rows = rows < text->rows ? rows : text->rows;
    p->n_edits = n_edits;
    const enum err rc = fill(p, edit, e);
    if (rc != OK) {
        ask_heldout_end(p);
        return rc;
    }
    *out = p;
    return OK;
}

size_t ask_heldout_done(const struct ask_heldout_pass *p)
{
    return p->next;
}

size_t ask_heldout_all(const struct ask_heldout_pass *p)
{
    return p->rows;
}

struct ask_subject *ask_heldout_of(const struct ask_heldout_pass *p)
{
    return p->subject;
}

/* ---- a row ---- */

/* Keeps x among the ASK_MOVED greatest of list [*n], greatest first, if it is above 0;
 * on a tie the one that came first. */
static void keep(void *list, size_t *n, const void *x, size_t size,
                 double (*value)(const void *x))
{
    char *at = list;
    size_t i = *n;
    while (i > 0 && value(x) > value(at + (i - 1) * size)) {
        i--;
    }
    if (i == ASK_MOVED || !(value(x) > 0)) {
        return;
    }
    *n += *n < ASK_MOVED;
    memmove(at + (i + 1) * size, at + i * size, (*n - 1 - i) * size);
    memcpy(at + i * size, x, size);
}

static double rise(const void *x)
{
    const struct ask_worse *w = x;
    return (double)w->logp - (double)w->logp_after;
}

static bool is_changed_at(const struct ask_answer *r, size_t t)
{
    bool changed = false;
    for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
        changed = changed || r->fire[i].act < r->fire[i].after ||
                  r->fire[i].act > r->fire[i].after;
    }
    return changed;
}

static void add_row(struct ask_heldout_pass *p, const struct ask_answer *r)
{
    struct ask_heldout *h = &p->h;
    bool changed = false;
    double before = 0, after = 0;
    for (size_t t = 1; t < r->T; t++) {
        const struct ask_token *k = &r->token[t];
        const struct ask_worse w = {p->next, t, k->id, k->logp, k->logp_after};
        changed = changed || is_changed_at(r, t - 1);
        h->changed += changed;
        h->kl += (double)r->token[t - 1].kl;
        before -= (double)k->logp;
        after -= (double)k->logp_after;
        keep(h->worse, &h->n_worse, &w, sizeof w, rise);
    }
    for (size_t v = 0; v < p->subject->lm->cfg.vocab; v++) {
        p->sum.before[v] += p->row.before[v];
        p->sum.after[v] += p->row.after[v];
    }
    const size_t n = r->T - 1;
    p->before[h->rows] = before / (double)n;
    p->after[h->rows] = after / (double)n;
    h->tokens += n;
    h->rows++;
}

enum err ask_heldout_row(struct ask_heldout_pass *p, struct ask *a, struct errinfo *e)
{
    const size_t n = ask_rows_len(p->text, p->subject, p->next);
    const struct ask_question q = {.ids = p->text->ids + p->next * p->text->T,
                                   .n = n,
                                   .edit = p->edit,
                                   .n_edits = p->n_edits,
                                   .top = 1};
    struct ask_answer *r = NULL;
    if (n > 1) {
        TRY(ask_run_summing(a, &q, &p->row, &r, e));
        add_row(p, r);
        ask_answer_unref(r);
    }
    p->next++;
    return OK;
}

/* ---- the sum ---- */

static double change(const void *x)
{
    const struct ask_shift *s = x;
    return fabs(s->after - s->before);
}

void ask_heldout_sum(const struct ask_heldout_pass *p, struct ask_heldout *out)
{
    struct ask_heldout h = p->h;
    const double n = (double)(h.tokens ? h.tokens : 1);
    paired_of(h.rows, p->before, p->after, 0, .95, &h.loss);
    h.kl /= n;
    for (size_t v = 0; v < p->subject->lm->cfg.vocab; v++) {
        const struct ask_shift s = {(int32_t)v, p->sum.before[v] / n,
                                    p->sum.after[v] / n};
        keep(h.shift, &h.n_shift, &s, sizeof s, change);
    }
    *out = h;
}

/* ---- what may be said ---- */

enum ask_verdict ask_heldout_verdict(const struct ask_heldout *h)
{
    const struct stats_interval *by = &h->loss.by;
    if (h->rows > 0 && h->changed == 0) {
        return ASK_UNCHANGED;
    }
    if (!isfinite(by->low) || !isfinite(by->high)) {
        return ASK_NO_INTERVAL;
    }
    return by->low > 0 ? ASK_RISES : by->high < 0 ? ASK_FALLS : ASK_OPEN;
}

const char *ask_verdict_name(enum ask_verdict v)
{
    static const char *const names[] = {[ASK_UNCHANGED] = "unchanged",
                                        [ASK_NO_INTERVAL] = "no interval",
                                        [ASK_OPEN] = "not established",
                                        [ASK_RISES] = "rises",
                                        [ASK_FALLS] = "falls"};
    return names[v];
}

void ask_heldout_say(const struct ask_heldout *h, char *out, size_t cap)
{
    const struct stats_interval *by = &h->loss.by;
    char range[120];
    snprintf(range, sizeof range, "95 %% %s to %s, %zu rows",
             NUMBER(NUMBER_SIGNED, 0, 4, by->low),
             NUMBER(NUMBER_SIGNED, 0, 4, by->high), h->rows);
    switch (ask_heldout_verdict(h)) {
    case ASK_UNCHANGED:
        snprintf(out, cap, "no activation is changed on this text");
        break;
    case ASK_NO_INTERVAL:
        snprintf(out, cap, "loss %s nats on %zu row%s: no interval, so no verdict",
                 NUMBER(NUMBER_SIGNED, 0, 4, by->mean), h->rows, plural_s(h->rows));
        break;
    case ASK_OPEN:
        snprintf(out, cap, "not established: loss %s nats (%s)",
                 NUMBER(NUMBER_SIGNED, 0, 4, by->mean), range);
        break;
    case ASK_RISES:
    case ASK_FALLS:
        snprintf(out, cap, "loss %s by %s nats (%s)", by->mean > 0 ? "rises" : "falls",
                 NUMBER(NUMBER_PLAIN, 0, 4, fabs(by->mean)), range);
        break;
    }
}
