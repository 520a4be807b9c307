/* Prompt: which latents are listed, what they are called, and what is done to them. */
#include "base/mem.h"
#include "base/number.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool prompt_is_changed(const struct prompt_state *s)
{
    return s->answer && s->answer->next_after;
}

static void add(struct prompt_state *s, const struct prompt_entry *e)
{
    if (s->rows.count < PROMPT_LISTED) {
        s->entry[s->rows.count++] = *e;
    } else {
        s->more++;
    }
}

static void list_here(struct prompt_state *s, const struct ask_answer *r)
{
    for (size_t i = r->start[s->at]; i < r->start[s->at + 1]; i++) {
        const struct ask_fire *f = &r->fire[i];
        add(s, &(struct prompt_entry){.latent = f->latent,
                                      .act = f->act,
                                      .after = f->after,
                                      .at = (uint32_t)s->at,
                                      .fate = ask_fate_of(f->act, f->after)});
    }
}

static void list_whole(struct prompt_state *s, const struct ask_answer *r)
{
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *p = &r->peak[i];
        const bool silent = !(p->act > 0);
        add(s, &(struct prompt_entry){.latent = p->latent,
                                      .act = p->act,
                                      .after = p->after,
                                      .at = silent ? p->at_after : p->at,
                                      .fires = silent ? p->fires_after : p->fires,
                                      .fate = ask_fate_of(p->act, p->after)});
    }
}

/* Where the token under the cursor was in the prompt of before; SIZE_MAX: nowhere. */
static size_t place_before(const struct prompt_state *s, const struct ask_answer *r,
                           struct errinfo *e)
{
    int32_t *map = NULL;
    size_t at = SIZE_MAX;
    if (mem_new(&map, r->T + 1, sizeof *map, "a prompt", e) == OK) {
        ask_align(s->before, r, map);
        at = map[s->at] < 0 ? SIZE_MAX : (size_t)map[s->at];
    }
    mem_free(map);
    return at;
}

/* What masks and edits did here; without them what became of the token of before, or
 * where it is a new one of the whole prompt. */
static void list_changed(struct prompt_state *s, struct ask_answer *r)
{
    struct errinfo e = {0};
    struct ask_change *change = NULL;
    size_t n = 0;
    if (!r->next_after && !s->before) {
        return;
    }
    size_t b = s->at, now = s->at;
    if (!r->next_after) {
        b = place_before(s, r, &e);
        now = b == SIZE_MAX ? SIZE_MAX : now;
    }
    if (r->next_after) {
        for (size_t i = r->start[s->at]; i < r->start[s->at + 1]; i++) {
            const struct ask_fire *f = &r->fire[i];
            if (f->act < f->after || f->act > f->after) {
                add(s, &(struct prompt_entry){.latent = f->latent,
                                              .act = f->act,
                                              .after = f->after,
                                              .at = (uint32_t)s->at,
                                              .fate = ask_fate_of(f->act, f->after)});
            }
        }
    } else if (ask_changes(s->before, b, r, now, &change, &n, &e) == OK) {
        for (size_t i = 0; i < n; i++) {
            add(s, &(struct prompt_entry){.latent = change[i].latent,
                                          .act = change[i].before,
                                          .after = change[i].after,
                                          .at = (uint32_t)s->at,
                                          .fate = change[i].fate});
        }
    }
    mem_free(change);
}

static void list_written(struct prompt_state *s, const struct ask_written *w)
{
    for (size_t i = 0; i < w->n_fires; i++) {
        const struct ask_fire *f = &w->fire[i];
        add(s, &(struct prompt_entry){.latent = f->latent,
                                      .act = f->act,
                                      .after = f->after,
                                      .at = (uint32_t)w->pos,
                                      .fate = ask_fate_of(f->act, f->after)});
    }
}

void prompt_list_fill(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t was = prompt_latent_here(a);
    const size_t row = s->rows.cursor;
    struct ask_answer *r = s->answer;
    s->rows.count = s->more = 0;
    const struct ask_written *w = prompt_written_here(a);
    if (w) {
        list_written(s, w);
    } else if (r && s->at < r->T) {
        if (s->list == PROMPT_HERE) {
            list_here(s, r);
        } else if (s->list == PROMPT_WHOLE) {
            list_whole(s, r);
        } else {
            list_changed(s, r);
        }
    }
    /* The cursor stays on its latent, else on its row. */
    size_t to = row;
    for (size_t i = 0; i < s->rows.count; i++) {
        to = s->entry[i].latent == was ? i : to;
    }
    list_set(&s->rows, s->rows.count, s->rows.page);
    list_go(&s->rows, s->list == PROMPT_HERE ? row : to);
}

int32_t prompt_latent_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->rows.cursor < s->rows.count ? s->entry[s->rows.cursor].latent : -1;
}

int32_t prompt_heat_latent(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->heat >= 0 ? s->heat : prompt_latent_here(a);
}

void prompt_latent_name(const struct app *a, const struct session_view *v,
                        int32_t latent, char *out, size_t cap)
{
    const struct latent_table *t = v->subject ? v->subject->table : NULL;
    const char *label = latents_label(a, v, latent);
    out[0] = '\0';
    if (label[0]) {
        snprintf(out, cap, "%s", label);
    } else if (t && latent >= 0 && (size_t)latent < t->F) {
        if (latent_is_matched(&t->row[latent])) {
            names_match(&v->names, &t->row[latent], out, cap);
        }
        if (!out[0]) {
            names_top_tokens(&v->names, &t->row[latent], out, cap);
        }
    }
}

/* ---- edits ---- */

size_t prompt_edit_of(const struct prompt_state *s, int32_t latent)
{
    size_t i = 0;
    while (i < s->row.n_edits && s->row.edit[i].latent != latent) {
        i++;
    }
    return i;
}

double prompt_full(const struct prompt_state *s, int32_t latent)
{
    double most = s->subject ? ask_max_seen(s->subject, latent) : (double)NAN;
    if (!(most > 0) && s->answer) {
        for (size_t i = 0; i < s->answer->n_peaks; i++) {
            const struct ask_peak *p = &s->answer->peak[i];
            most = p->latent == latent && p->act > 0 ? (double)p->act : most;
        }
    }
    return most > 0 ? most : 1;
}

void prompt_edit_text(const struct ask_edit *e, char *out, size_t cap)
{
    char where[40] = "";
    if (e->where != ASK_ALL) {
        snprintf(where, sizeof where, e->where == ASK_AT ? " at %zu" : " from %zu",
                 e->pos);
    }
    switch (e->how) {
    case ASK_ZERO: snprintf(out, cap, "silenced%s", where); break;
    case ASK_ADD:
        snprintf(out, cap, "add %s%s", NUMBER(NUMBER_SIGNED, 0, 2, e->value), where);
        break;
    case ASK_SCALE:
        snprintf(out, cap, "times %s%s", NUMBER(NUMBER_PLAIN, 0, 2, e->value), where);
        break;
    case ASK_CLAMP:
        snprintf(out, cap, "clamped to %s%s", NUMBER(NUMBER_PLAIN, 0, 2, e->value),
                 where);
        break;
    }
}
