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

const struct ask_answer *prompt_compared(const struct prompt_state *s)
{
    return s->pinned ? s->pinned : prompt_is_changed(s) && !s->tells ? NULL : s->before;
}

enum prompt_list prompt_list_now(const struct prompt_state *s)
{
    return s->tells && s->before ? PROMPT_CHANGED : s->list;
}

/* A list that is being filled. */
struct listing {
    const struct prompt_state *of;
    const struct ask_subject *whose; /* whose latents they are */
    struct prompt_entry *entry;
    size_t n, cap, more; /* more: for which there was no room */
};

static bool lists(const struct prompt_state *s, const struct ask_subject *whose,
                  int32_t latent)
{
    return !(s->dense_out && whose && ask_density(whose, latent) > PROMPT_DENSE);
}

bool prompt_lists(const struct prompt_state *s, int32_t latent)
{
    return lists(s, s->subject, latent);
}

static void add(struct listing *to, const struct prompt_entry *e)
{
    if (!lists(to->of, to->whose, e->latent)) {
        return;
    }
    if (to->n < to->cap) {
        to->entry[to->n++] = *e;
    } else {
        to->more++;
    }
}

static void add_fire(struct listing *to, const struct ask_fire *f, size_t at)
{
    add(to, &(struct prompt_entry){.latent = f->latent,
                                   .act = f->act,
                                   .after = f->after,
                                   .at = (uint32_t)at,
                                   .fate = ask_fate_of(f->act, f->after)});
}

static void list_here(struct listing *to, const struct ask_answer *r, size_t at)
{
    for (size_t i = r->start[at]; i < r->start[at + 1]; i++) {
        add_fire(to, &r->fire[i], at);
    }
}

static void list_whole(struct listing *to, const struct ask_answer *r)
{
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *p = &r->peak[i];
        const bool silent = !(p->act > 0);
        add(to, &(struct prompt_entry){.latent = p->latent,
                                       .act = p->act,
                                       .after = p->after,
                                       .at = silent ? p->at_after : p->at,
                                       .fires = silent ? p->fires_after : p->fires,
                                       .fate = ask_fate_of(p->act, p->after)});
    }
}

/* List what masks and edits did at the cursor. */
static void list_edited(struct listing *to, const struct ask_answer *r, size_t at)
{
    for (size_t i = r->start[at]; i < r->start[at + 1]; i++) {
        if (r->fire[i].act < r->fire[i].after || r->fire[i].act > r->fire[i].after) {
            add_fire(to, &r->fire[i], at);
        }
    }
}

/* Where a token was in another prompt; SIZE_MAX: nowhere. */
static size_t place_in(const struct ask_answer *other, const struct ask_answer *r,
                       size_t at)
{
    struct errinfo e = {0};
    int32_t *ids = NULL;
    size_t place = SIZE_MAX;
    if (mem_new(&ids, r->T, sizeof *ids, "a prompt", &e) == OK) {
        for (size_t t = 0; t < r->T; t++) {
            ids[t] = r->token[t].id;
        }
        place = ask_ends_place(ask_ends_of(other, ids, r->T), other->T, r->T, at);
    }
    mem_free(ids);
    return place;
}

/* List the token's latents beside those it had in another prompt; for a new token,
 * those of the whole prompts. */
static void list_compared(struct listing *to, const struct ask_answer *other,
                          const struct ask_answer *r, size_t at, size_t place)
{
    struct errinfo e = {0};
    struct ask_change *change = NULL;
    size_t n = 0;
    if (ask_changes(other, place, r, place == SIZE_MAX ? SIZE_MAX : at, &change, &n,
                    &e) == OK) {
        for (size_t i = 0; i < n; i++) {
            add(to, &(struct prompt_entry){.latent = change[i].latent,
                                           .act = change[i].before,
                                           .after = change[i].after,
                                           .at = (uint32_t)at,
                                           .fate = change[i].fate});
        }
    }
    mem_free(change);
}

static void list_of(struct listing *to, enum prompt_list list)
{
    const struct prompt_state *s = to->of;
    const struct ask_answer *r = s->answer, *other = prompt_compared(s);
    if (!r || s->at >= r->T) {
        return;
    }
    switch (list) {
    case PROMPT_HERE: list_here(to, r, s->at); break;
    case PROMPT_WHOLE: list_whole(to, r); break;
    case PROMPT_CHANGED:
        if (other) {
            list_compared(to, other, r, s->at, place_in(other, r, s->at));
        } else {
            list_edited(to, r, s->at);
        }
        break;
    case PROMPT_LISTS: break;
    }
}

/* Whether changes are listed for the whole prompts. */
static bool is_of_whole(const struct prompt_state *s)
{
    const struct ask_answer *r = s->answer, *other = prompt_compared(s);
    return prompt_list_now(s) == PROMPT_CHANGED && r && other && s->at < r->T &&
           place_in(other, r, s->at) == SIZE_MAX;
}

enum prompt_list prompt_second_list(const struct prompt_state *s)
{
    return prompt_list_now(s) == PROMPT_HERE ? PROMPT_WHOLE : PROMPT_HERE;
}

static int32_t listed(const struct prompt_state *s)
{
    return s->rows.cursor < s->rows.count ? s->entry[s->rows.cursor].latent : -1;
}

void prompt_list_fill(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    const int32_t was = listed(s);
    const size_t row = s->rows.cursor;
    const struct ask_written *w = prompt_written_here(a);
    struct listing to = {.of = s,
                         .whose = prompt_lists_other(a) ? s->second : s->subject,
                         .entry = s->entry,
                         .cap = PROMPT_LISTED};
    struct listing second = {
        .of = s, .whose = s->subject, .entry = s->beside, .cap = PROMPT_BESIDE};
    for (size_t i = 0; w && i < w->n_fires; i++) {
        add_fire(&to, &w->fire[i], w->pos);
    }
    if (!w) {
        list_of(&to, prompt_list_now(s));
    }
    s->whole = !w && is_of_whole(s);
    list_of(&second, prompt_second_list(s));
    s->rows.count = to.n;
    s->more = to.more;
    s->n_beside = second.n;
    /* The cursor stays on its latent, else on its row. */
    size_t cursor = row;
    for (size_t i = 0; i < s->rows.count; i++) {
        cursor = s->entry[i].latent == was ? i : cursor;
    }
    cursor = prompt_list_now(s) == PROMPT_HERE ? row : cursor;
    if (s->choose >= 0 && s->answer && !s->changed) {
        for (size_t i = 0; i < s->rows.count; i++) {
            cursor = s->entry[i].latent == s->choose ? i : cursor;
        }
        s->choose = -1;
    }
    list_set(&s->rows, s->rows.count, s->rows.page);
    list_go(&s->rows, cursor);
}

bool prompt_lists_other(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->two_arms && s->walked == 1 && prompt_written_here(a);
}

int32_t prompt_latent_here(const struct app *a)
{
    const struct ask_part *part = prompt_part_here(a);
    return prompt_lists_other(a) ? -1 : part ? part->latent : listed(prompt_own(a));
}

const char *prompt_no_latent(const struct app *a)
{
    return prompt_lists_other(a)
               ? "these are latents of the other condition: " KEY_OF("arm") " shows it"
               : "no latent is listed here; " KEY_OF("move down") " " KEY_OF(
                     "move up") " choose one";
}

int32_t prompt_heat_latent(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    return s->heat >= 0 ? s->heat : prompt_latent_here(a);
}

void prompt_token_quoted(const struct session_view *v, int32_t id, char *out,
                         size_t cap)
{
    char token[64];
    names_token_dotted(&v->names, id, token, sizeof token);
    snprintf(out, cap, "'%s'", token);
}

void prompt_latent_name(const struct app *a, const struct session_view *v, bool other,
                        int32_t latent, char *out, size_t cap)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_subject *whose = other ? s->second : s->subject;
    const size_t arm = other ? s->second_arm : latents_arm(a);
    const struct latent_table *t = whose ? whose->table : NULL;
    const char *label = latent_labels_of(v->arm[arm].labels, latent);
    snprintf(out, cap, "%s", label); /* known without its description */
    if (t && latent >= 0 && (size_t)latent < t->F) {
        names_latent(&v->names, label, &t->row[latent], out, cap);
    }
}

/* ---- edits ---- */

size_t prompt_edit_of(const struct prompt_state *s, int32_t latent)
{
    size_t i = 0;
    while (i < s->row.edits.n && s->row.edits.at[i].latent != latent) {
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

bool prompt_knows_max(const struct prompt_state *s)
{
    return s->subject && s->subject->table;
}

void prompt_edit_text(const struct ask_edit *e, double largest, char *out, size_t cap)
{
    char times[ASK_EDIT_TIMES], where[128] = "";
    size_t len = 0;
    if (ask_edit_as_times(e, largest, times)[0]) {
        len = (size_t)snprintf(where, sizeof where, " (%s)", times);
    }
    if (e->where != ASK_ALL) {
        snprintf(where + len, sizeof where - len,
                 e->where == ASK_AT ? " at %zu" : " from %zu", e->pos);
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

size_t prompt_edit_add(const struct ask_edit *e, bool first, char *out, size_t cap,
                       size_t len)
{
    char edit[64];
    prompt_edit_text(e, (double)NAN, edit, sizeof edit);
    return len >= cap ? len
                      : len + (size_t)snprintf(out + len, cap - len, "%s#%d %s",
                                               first ? "" : ", ", e->latent, edit);
}

void prompt_edits_say(const struct ask_edit *e, size_t n, size_t named, char *out,
                      size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && i < named; i++) {
        len = prompt_edit_add(&e[i], i == 0, out, cap, len);
    }
    if (n > named && len < cap) {
        snprintf(out + len, cap - len, " and %zu more", n - named);
    }
}
