#include "ask/ask_heldout.h"

#include <string.h>

/* Keep it if it is among the greatest; of equal ones the earlier. */
static void keep(struct ask_heldout *h, const struct ask_moved *m)
{
    size_t at = h->n < ASK_MOVED ? h->n : ASK_MOVED - 1;
    if (h->n == ASK_MOVED && !(m->kl > h->moved[at].kl)) {
        return;
    }
    while (at > 0 && m->kl > h->moved[at - 1].kl) {
        h->moved[at] = h->moved[at - 1];
        at--;
    }
    h->moved[at] = *m;
    h->n += h->n < ASK_MOVED;
}

/* A row's tokens; sums that become means at the end. */
static void add_row(const struct ask_answer *r, size_t row, struct ask_heldout *h)
{
    bool changed = false;
    for (size_t t = 0; t + 1 < r->T; t++) {
        const struct ask_token *k = &r->token[t], *next = &r->token[t + 1];
        const struct ask_next *before = &r->next[t * r->top];
        const struct ask_next *after =
            r->next_after ? &r->next_after[t * r->top] : before;
        for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
            changed = changed || r->fire[i].act < r->fire[i].after ||
                      r->fire[i].act > r->fire[i].after;
        }
        h->tokens++;
        h->changed += changed;
        h->nll -= (double)next->logp;
        h->nll_after -= (double)next->logp_after;
        h->kl += (double)k->kl;
        if (k->kl > 0) {
            const struct ask_moved m = {.row = row,
                                        .pos = t,
                                        .kl = k->kl,
                                        .id = k->id,
                                        .before = before->id,
                                        .after = after->id,
                                        .logp_before = before->logp,
                                        .logp_after = after->logp};
            keep(h, &m);
        }
    }
}

enum err ask_heldout(struct ask *a, const int32_t *ids, size_t rows, size_t T,
                     const struct ask_edit *edit, size_t n_edits,
                     struct ask_heldout *out, struct errinfo *e)
{
    struct ask_heldout h = {0};
    for (size_t i = 0; i < rows; i++) {
        const struct ask_question q = {
            .ids = ids + i * T, .n = T, .edit = edit, .n_edits = n_edits, .top = 1};
        struct ask_answer *r = NULL;
        TRY(ask_run(a, &q, &r, e));
        add_row(r, i, &h);
        ask_answer_unref(r);
    }
    if (h.tokens > 0) {
        h.nll /= (double)h.tokens;
        h.nll_after /= (double)h.tokens;
        h.kl /= (double)h.tokens;
    }
    *out = h;
    return OK;
}
