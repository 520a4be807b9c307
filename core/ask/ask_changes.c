/* Two answers beside each other, and an edit beside what text shows. */
#include "ask/ask.h"
#include "base/mem.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum ask_reach ask_acted_say(const struct ask_acted *x, double seen,
                             char out[ASK_ACTED_SAY])
{
    const double times = seen > 0 ? (double)x->most / seen : 0;
    int len = 0;
    out[0] = '\0';
    if (x->above > 0 && !(seen > 0)) {
        len = snprintf(out, ASK_ACTED_SAY, "no text makes it fire");
    } else if (x->above > 0 && times < 1.05) {
        len = snprintf(out, ASK_ACTED_SAY, "above text's most, %s",
                       NUMBER(NUMBER_PLAIN, 0, 2, seen));
    } else if (x->above > 0) {
        len = snprintf(out, ASK_ACTED_SAY, "%s times text's most, %s",
                       NUMBER(NUMBER_PLAIN, 0, 1, times),
                       NUMBER(NUMBER_PLAIN, 0, 2, seen));
    }
    if (x->below > 0) {
        (void)snprintf(out + len, ASK_ACTED_SAY - (size_t)len,
                       "%sbelow 0 at %zu token%s", len ? ", " : "", x->below,
                       plural_s(x->below));
    }
    return !(x->above + x->below)                   ? ASK_WITHIN
           : x->above > 0 && times >= ASK_FAR_TIMES ? ASK_FAR
                                                    : ASK_BEYOND;
}

const char *ask_fate_name(enum ask_fate f)
{
    static const char *const names[] = {[ASK_SILENCED] = "fell silent",
                                        [ASK_STAYED] = "stayed",
                                        [ASK_CAME_UP] = "came up"};
    return names[f];
}

/* A latent's activation on one of two sides. */
struct entry {
    int32_t latent;
    float act[2];
};

static int by_latent(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->latent > y->latent) - (x->latent < y->latent);
}

static int by_size(const void *a, const void *b)
{
    const struct ask_change *x = a, *y = b;
    const double dx = fabs((double)x->after - (double)x->before);
    const double dy = fabs((double)y->after - (double)y->before);
    if (dx > dy || dx < dy) {
        return dx > dy ? -1 : 1;
    }
    return (x->latent > y->latent) - (x->latent < y->latent);
}

static size_t count_at(const struct ask_answer *r, size_t pos)
{
    return pos == SIZE_MAX ? r->n_peaks : r->start[pos + 1] - r->start[pos];
}

/* What fires at a position, or over the whole prompt, on side k. */
static size_t gather(const struct ask_answer *r, size_t pos, size_t k,
                     struct entry *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count_at(r, pos); i++) {
        const bool peak = pos == SIZE_MAX;
        const struct ask_fire *f = peak ? NULL : &r->fire[r->start[pos] + i];
        const float act = peak ? r->peak[i].after : f->after;
        if (act > 0) {
            out[n] = (struct entry){.latent = peak ? r->peak[i].latent : f->latent};
            out[n++].act[k] = act;
        }
    }
    return n;
}

enum ask_fate ask_fate_of(float before, float after)
{
    return after <= 0 ? ASK_SILENCED : before <= 0 ? ASK_CAME_UP : ASK_STAYED;
}

static struct ask_change change_of(const struct entry *x)
{
    return (struct ask_change){x->latent, ask_fate_of(x->act[0], x->act[1]), x->act[0],
                               x->act[1]};
}

enum err ask_changes(const struct ask_answer *before, size_t b,
                     const struct ask_answer *now, size_t n, struct ask_change **out,
                     size_t *count, struct errinfo *e)
{
    const size_t most = count_at(before, b) + count_at(now, n);
    struct entry *all = NULL;
    struct ask_change *list = NULL;
    size_t found = 0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&all, most, sizeof *all, "changes of latents", e));
    TRY_OUT(rc, mem_new(&list, most, sizeof *list, "changes of latents", e));
    size_t entries = gather(before, b, 0, all);
    entries += gather(now, n, 1, all + entries);
    if (entries > 0) {
        qsort(all, entries, sizeof *all, by_latent);
    }
    for (size_t i = 0; i < entries; i++) {
        struct entry x = all[i];
        if (i + 1 < entries && all[i + 1].latent == x.latent) {
            i++; /* once a side, in any order */
            x.act[0] += all[i].act[0];
            x.act[1] += all[i].act[1];
        }
        list[found++] = change_of(&x);
    }
    if (found > 0) {
        qsort(list, found, sizeof *list, by_size);
    }
    *out = list;
    *count = found;
    list = NULL;
out:
    mem_free(list);
    mem_free(all);
    return rc;
}

struct ask_ends ask_ends_of(const struct ask_answer *before, const int32_t *ids,
                            size_t n)
{
    const size_t T = before->T, least = T < n ? T : n;
    struct ask_ends x = {0, 0};
    while (x.front < least && before->token[x.front].id == ids[x.front]) {
        x.front++;
    }
    while (x.back < least - x.front &&
           before->token[T - 1 - x.back].id == ids[n - 1 - x.back]) {
        x.back++;
    }
    return x;
}

size_t ask_ends_place(struct ask_ends x, size_t T, size_t n, size_t at)
{
    return at < x.front ? at : at + x.back >= n ? at + T - n : SIZE_MAX;
}
