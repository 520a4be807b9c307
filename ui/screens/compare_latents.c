/* The latents of Compare: in pairs, in one side alone, split and fused, and contexts of
 * two side by side. */
#include "base/csvfile.h"
#include "ui/context_flow.h"
#include "ui/export.h"
#include "ui/screens/compare_priv.h"
#include "ui/screens/latents.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- lists ---- */

size_t compare_latents_n(const struct comparison *c, int list)
{
    const struct latent_pairs *p = c->pairs;
    if (!p) {
        return 0;
    }
    return list == LIST_PAIRS         ? p->n
           : list == LIST_ONLY_FIRST  ? p->side[0].count[PAIR_ONLY]
           : list == LIST_ONLY_SECOND ? p->side[1].count[PAIR_ONLY]
           : list == LIST_SPLIT       ? p->side[0].n_split
                                      : p->side[1].n_split;
}

/* The side whose latents a list shows. */
static size_t side_of(int list)
{
    return list == LIST_ONLY_SECOND || list == LIST_FUSED ? 1 : 0;
}

void compare_latents_at(const struct comparison *c, int list, size_t i,
                        int32_t latent[2])
{
    const struct latent_pairs *p = c->pairs;
    const size_t side = side_of(list);
    if (list == LIST_PAIRS) {
        memcpy(latent, p->pair[i].latent, sizeof p->pair[i].latent);
    } else if (list == LIST_SPLIT || list == LIST_FUSED) {
        latent[side] = p->side[side].split[i].whole;
        latent[1 - side] = p->side[side].split[i].part[0];
    } else {
        latent[side] = p->side[side].only[i];
        latent[1 - side] = p->side[side].nearest[latent[side]].latent[1 - side];
    }
}

void compare_list_name(const struct comparison *c, int list, char *out, size_t cap)
{
    const char a = compare_letter(c, 0), b = compare_letter(c, 1);
    switch (list) {
    case LIST_PAIRS: snprintf(out, cap, "pairs"); break;
    case LIST_ONLY_FIRST: snprintf(out, cap, "only in %c", a); break;
    case LIST_ONLY_SECOND: snprintf(out, cap, "only in %c", b); break;
    case LIST_SPLIT: snprintf(out, cap, "of %c, split in %c", a, b); break;
    default: snprintf(out, cap, "of %c, fused in %c", a, b); break;
    }
}

/* What a latent of a side was called; "": nothing, or it is another run's. */
static const char *label_of(const struct session_view *v, const struct comparison *o,
                            size_t side, int32_t latent)
{
    const size_t choice = o->side[side].choice;
    const bool here = o->choice[choice].run == 0 && choice < conds_of(v);
    return here ? latent_labels_of(v->arm[o->side[side].arm].labels, latent) : "";
}

/* Draw "A#12 animal: dog, cat". */
static int put_latent(const struct session_view *v, struct canvas *c, int x, int y,
                      int w, const struct comparison *o, size_t side, int32_t latent,
                      enum role role)
{
    char name[160];
    if (latent < 0) {
        return 0;
    }
    names_latent(&v->names, label_of(v, o, side, latent),
                 &o->side[side].table->row[latent], name, sizeof name);
    return canvas_textf(c, x, y, w, role, 0, "%c#%d %s", compare_letter(o, side),
                        latent, name);
}

static void draw_pair(const struct session_view *v, struct canvas *c, struct rect r,
                      const struct latent_pair *p, bool cursor)
{
    const struct comparison *o = v->compare;
    const int w = (r.w - 2 - 18) / 2;
    for (size_t i = 0; i < 2; i++) {
        put_latent(v, c, r.x + 2 + (int)i * w, r.y, w - 1, o, i, p->latent[i],
                   cursor ? ROLE_SELECT : compare_role(o, i));
    }
    canvas_textf(c, r.x + r.w - 18, r.y, 18, cursor ? ROLE_SELECT : ROLE_TEXT, 0,
                 "cos %.2f fire %.2f", (double)p->cosine, (double)p->firing);
}

static void draw_only(const struct session_view *v, struct canvas *c, struct rect r,
                      size_t side, int32_t latent, bool cursor)
{
    const struct comparison *o = v->compare;
    const struct latent_pair *near = &o->pairs->side[side].nearest[latent];
    const int32_t other = near->latent[1 - side];
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    const int end = r.x + r.w, w = r.w / 3 > 26 ? r.w / 3 : 26;
    put_latent(v, c, r.x + 2, r.y, w, o, side, latent,
               cursor ? ROLE_SELECT : compare_role(o, side));
    int x = r.x + 2 + w + 2;
    if (other >= 0) {
        x += canvas_textf(c, x, r.y, end - x, role, 0,
                          "nearest %.2f: ", latent_pair_alike(near));
        put_latent(v, c, x, r.y, end - x, o, 1 - side, other, role);
    }
}

/* "A#12 animal: dog, c... 2 parts: B#3 'dog': do... 0.41 B#9 'cat': ca... 0.33", each
 * name cut so that two parts have room. */
static void draw_split(const struct session_view *v, struct canvas *c, struct rect r,
                       size_t side, const struct latent_split *s, bool cursor)
{
    const struct comparison *o = v->compare;
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    int x = r.x + 2;
    const int end = r.x + r.w, w = (r.w - 24) / 3;
    x += put_latent(v, c, x, r.y, w, o, side, s->whole,
                    cursor ? ROLE_SELECT : compare_role(o, side));
    x += canvas_textf(c, x, r.y, end - x, role, 0, " %zu parts:", s->n);
    for (size_t i = 0; i < s->named && x < end; i++) {
        x += 1 + put_latent(v, c, x + 1, r.y, layout_least(w, end - x - 1), o, 1 - side,
                            s->part[i],
                            cursor ? ROLE_SELECT : compare_role(o, 1 - side));
        x += canvas_textf(c, x, r.y, end - x, role, 0, " %.2f", (double)s->cover[i]);
    }
}

static void draw_row(const struct app *a, const struct session_view *v,
                     struct canvas *c, struct rect r, size_t at, bool cursor)
{
    const struct compare_state *s = compare_own(a);
    const struct latent_pairs *p = v->compare->pairs;
    const size_t side = side_of(s->list);
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    if (s->list == LIST_PAIRS) {
        draw_pair(v, c, r, &p->pair[at], cursor);
    } else if (s->list == LIST_SPLIT || s->list == LIST_FUSED) {
        draw_split(v, c, r, side, &p->side[side].split[at], cursor);
    } else {
        draw_only(v, c, r, side, p->side[side].only[at], cursor);
    }
}

/* "seed 1/2: ", "seeds 1/2 and 2: " where a side has several seeds; else "". */
static int seeds_said(const struct comparison *o, char *out, size_t cap)
{
    const struct comparison_side *x = &o->side[0], *y = &o->side[1];
    out[0] = '\0';
    if (o->choice[x->choice].seeds < 2 && o->choice[y->choice].seeds < 2) {
        return 0;
    }
    return strcmp(x->seed, y->seed) == 0
               ? snprintf(out, cap, "seed %s: ", x->seed)
               : snprintf(out, cap, "seeds %s and %s: ", x->seed, y->seed);
}

/* Write the seed that the latents are of, and the rule by which a list is made. */
static void rule_text(const struct comparison *o, int list, char *out, size_t cap)
{
    const int said = seeds_said(o, out, cap);
    out += said;
    cap -= (size_t)said;
    switch (list) {
    case LIST_PAIRS:
        snprintf(out, cap, "%s, mean of both cosines %.1f or more",
                 o->pairs->optimal ? "optimal assignment" : "mutual nearest neighbours",
                 PAIRS_ALIKE);
        break;
    case LIST_SPLIT:
    case LIST_FUSED:
        snprintf(out, cap,
                 "parts: %.0f %% of their tokens inside, %.0f %% of its covered, "
                 "cosine %.1f",
                 100.0 * PAIRS_INSIDE, 100.0 * PAIRS_COVER, PAIRS_PART_COSINE);
        break;
    default:
        snprintf(out, cap,
                 "nothing alike by %.1f; of %zu that fire on %zu tokens or more",
                 PAIRS_ALIKE, o->pairs->side[side_of(list)].compared, PAIRS_FIRES);
        break;
    }
}

/* "210 pairs; only in A 31, in B 28; split: 5 of A, 3 of B" */
static void counts_text(const struct comparison *o, char *out, size_t cap)
{
    size_t n[COMPARE_LISTS];
    for (int i = 0; i < COMPARE_LISTS; i++) {
        n[i] = compare_latents_n(o, i);
    }
    const char a = compare_letter(o, 0), b = compare_letter(o, 1);
    snprintf(out, cap,
             "%zu pair%s; only in %c %zu, in %c %zu; split: %zu of %c, %zu of %c", n[0],
             plural_s(n[0]), a, n[1], b, n[2], n[3], a, n[4], b);
}

/* ---- contexts ---- */

/* The contexts of a side; NULL: it has no latent, or they have not been read yet. */
static const struct latent_detail *
detail_of_side(const struct compare_state *s, const struct session_view *v, size_t side)
{
    const struct latent_detail *d = v->pair[side];
    return s->contexts && s->pair[side] >= 0 && d && d->latent == s->pair[side] ? d
                                                                                : NULL;
}

const struct latent_context *compare_context(const struct app *a,
                                             const struct session_view *v)
{
    const struct compare_state *s = compare_own(a);
    const struct latent_detail *d = detail_of_side(s, v, s->at_side);
    return d && s->context.cursor < d->n_contexts ? &d->context[s->context.cursor]
                                                  : NULL;
}

/* Set the list to the cursor's side; the other side scrolls with it. */
static void set_contexts(struct compare_state *s, const struct session_view *v,
                         int rows)
{
    const struct latent_detail *d = detail_of_side(s, v, s->at_side);
    list_set(&s->context, d ? d->n_contexts : 0, rows);
}

void compare_go_side(struct app *a, const struct session_view *v, size_t side)
{
    struct compare_state *s = compare_own(a);
    s->at_side = s->pair[side] >= 0 ? side : s->at_side;
    set_contexts(s, v, s->context.page);
}

static void draw_contexts_of(struct app *a, const struct session_view *v,
                             struct canvas *c, struct rect r, size_t side)
{
    const struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    const struct latent_detail *d = detail_of_side(s, v, side);
    put_latent(v, c, r.x, r.y, r.w - 1, o, side, s->pair[side], compare_role(o, side));
    if (s->pair[side] < 0) {
        canvas_text(c, r.x, r.y, r.w - 1, "nothing alike", ROLE_DIM, 0);
        return;
    }
    if (!d) {
        canvas_text(c, r.x, r.y + 1, r.w - 1,
                    v->pair_busy ? "reading its contexts ..." : "no contexts", ROLE_DIM,
                    0);
        return;
    }
    for (int y = 1; y < r.h; y++) {
        const size_t i = s->context.top + (size_t)y - 1;
        const struct rect row = {r.x, r.y + y, r.w - 1, 1};
        const struct rect text = {r.x + 2, row.y, row.w - 2, 1};
        struct context_flow flow;
        bool none[CONTEXT_TOKENS] = {false};
        if (i >= d->n_contexts) {
            break;
        }
        context_flow(&flow, &v->names, &d->context[i], d->context[0].act, text.w, false,
                     1);
        context_draw(c, text, &flow, &v->names, &d->context[i], d->context[0].act,
                     false, none);
        if (side == s->at_side && i == s->context.cursor) {
            canvas_put(c, row.x, row.y, 0x25B6, ROLE_FOCUS, ATTR_BOLD);
        }
        app_hit(a, row, HIT_COMPARE_ROW,
                COMPARE_LATENTS * COMPARE_HIT_PANE + (int)side * COMPARE_HIT_SIDE + y -
                    1);
    }
}

void compare_open_pair(struct app *a, const struct session_view *v)
{
    struct compare_state *s = compare_own(a);
    /* Perhaps the list has changed since it was drawn. */
    if (s->latents.cursor >= compare_latents_n(v->compare, s->list) || s->contexts) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_PAIR);
    if (c) {
        compare_latents_at(v->compare, s->list, s->latents.cursor, s->pair);
        memcpy(c->two, s->pair, sizeof c->two);
        s->contexts = true;
        s->at_side =
            s->pair[side_of(s->list)] >= 0 ? side_of(s->list) : 1 - side_of(s->list);
        list_home(&s->context);
    }
}

/* What is compared is of another seed of its condition than that which is shown. */
static void say_seed(struct app *a, const struct session_view *v,
                     const struct comparison_side *side)
{
    const struct cond_view *c = &v->cond[side->choice];
    size_t at = 0;
    while (at + 1 < c->n_seeds && c->arm[at] != side->arm) {
        at++;
    }
    app_say(a, false, "these are latents of seed %s: :seed %zu shows it", side->seed,
            at + 1);
}

void compare_open_latent(struct app *a, const struct session_view *v)
{
    const struct compare_state *s = compare_own(a);
    const size_t choice = v->compare->side[s->at_side].choice;
    const char letter[2] = {compare_letter(v->compare, s->at_side), '\0'};
    char line[32];
    if (v->compare->choice[choice].run != 0 || choice >= conds_of(v)) {
        app_say(a, false,
                "%s is of another run: open that in " KEY_OF("screen runs") " Runs",
                letter);
        return;
    }
    if (session_view_shown(v, choice) != v->compare->side[s->at_side].arm) {
        say_seed(a, v, &v->compare->side[s->at_side]);
        return;
    }
    if (latents_cond(a) != (int)choice) {
        action_latents_arm.run(a, v, letter);
    }
    snprintf(line, sizeof line, "latent %d", s->pair[s->at_side]);
    app_run(a, v, line);
    if (a->screen != &screen_compare) {
        app_come_back(a, &screen_compare);
    }
}

/* ---- drawing ---- */

static void draw_list(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect in)
{
    struct compare_state *s = compare_own(a);
    char rule[240];
    list_set(&s->latents, compare_latents_n(v->compare, s->list), in.h - 1);
    rule_text(v->compare, s->list, rule, sizeof rule);
    canvas_text(c, in.x + 2, in.y, in.w - 2, rule, ROLE_DIM, 0);
    if (!s->latents.count) {
        app_text(a, c, in.x + 2, in.y + 1, in.w - 2,
                 "none; " KEY_OF("list") ": the next list", ROLE_DIM);
    }
    for (size_t i = 0; i < list_visible(&s->latents); i++) {
        const size_t at = s->latents.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        draw_row(a, v, c, row, at,
                 at == s->latents.cursor &&
                     *app_focus(a, &screen_compare) == COMPARE_LATENTS);
        app_hit(a, row, HIT_COMPARE_ROW, COMPARE_LATENTS * COMPARE_HIT_PANE + (int)i);
    }
}

void compare_draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r)
{
    struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    char title[64] = "latents", name[40], value[96] = "";
    if (o && o->pairs) {
        compare_list_name(o, s->list, name, sizeof name);
        snprintf(title, sizeof title, "%s", name);
        counts_text(o, value, sizeof value);
    }
    set_contexts(s, v, r.h - 3);
    if (s->context.count > 0) {
        snprintf(value, sizeof value, "%zu/%zu", s->context.cursor + 1,
                 s->context.count);
    }
    const struct rect in = canvas_box(
        c, r, title, value, *app_focus(a, &screen_compare) == COMPARE_LATENTS);
    app_hit(a, r, HIT_PANE, COMPARE_LATENTS);
    if (!o || in.h < 2) {
        return;
    }
    if (!o->pairs) {
        canvas_text(c, in.x + 2, in.y, in.w - 2, o->unpaired, ROLE_WARN, 0);
    } else if (s->contexts) {
        const int w = in.w / 2;
        for (size_t i = 0; i < 2; i++) {
            const struct rect half = {in.x + 1 + (int)i * w, in.y, w, in.h};
            draw_contexts_of(a, v, c, half, i);
        }
    } else {
        draw_list(a, v, c, in);
    }
}

/* ---- export ---- */

void compare_export_latents(const struct app *a, const struct session_view *v,
                            struct str *out)
{
    const struct comparison *o = v->compare;
    const int list = compare_own(a)->list;
    str_add(out, "first,second,decoder_cosine,firing_cosine\n");
    for (size_t i = 0; i < compare_latents_n(o, list); i++) {
        int32_t latent[2];
        const size_t side = side_of(list);
        compare_latents_at(o, list, i, latent);
        const struct latent_pair *p = list == LIST_PAIRS ? &o->pairs->pair[i] : NULL;
        if (list == LIST_ONLY_FIRST || list == LIST_ONLY_SECOND) {
            p = &o->pairs->side[side].nearest[latent[side]];
        }
        const size_t parts = p ? 1 : o->pairs->side[side].split[i].named;
        for (size_t k = 0; k < parts; k++) {
            if (!p) {
                latent[1 - side] = o->pairs->side[side].split[i].part[k];
            }
            export_integer(out, latent[0], true);
            export_integer(out, latent[1], false);
            export_number(out, p ? (double)p->cosine : (double)NAN, false);
            export_number(out, p ? (double)p->firing : (double)NAN, false);
            str_addc(out, '\n');
        }
    }
}
