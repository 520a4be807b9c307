/* Related latents, in place of the latent's contexts: those with a similar direction,
 * those that fire where it does, those that absorb its concepts and those whose
 * concepts it absorbs, and the one that corresponds to it in the other condition. Enter
 * opens one of them. */
#include "base/number.h"
#include "ui/screens/detail_priv.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* ---- the list ---- */

struct near_list {
    const struct app *a;
    const struct session_view *v;
    struct near_row *row;
    size_t n;
};

static struct near_row *add(struct near_list *l, const char *head, int32_t latent,
                            int cond)
{
    if (l->n == NEAR_ROWS) {
        return NULL;
    }
    struct near_row *r = &l->row[l->n++];
    *r = (struct near_row){.head = head, .latent = latent, .cond = cond};
    return r;
}

static void add_described(struct near_list *l, const struct latent_detail *d)
{
    const int cond = latents_cond(l->a);
    for (size_t i = 0; i < d->n_neighbours; i++) {
        struct near_row *r = add(l, "nearest decoder rows", d->neighbour[i], cond);
        if (r) {
            snprintf(r->text, sizeof r->text, "cos %s",
                     NUMBER(NUMBER_PLAIN, 0, 2, (double)d->neighbour_cos[i]));
        }
    }
    for (size_t i = 0; i < d->n_together; i++) {
        struct near_row *r = add(l, "fire on the same tokens", d->together[i], cond);
        if (r) {
            snprintf(r->text, sizeof r->text, "%s  %ux",
                     NUMBER(NUMBER_PLAIN, 0, 2, (double)d->together_share[i]),
                     d->together_fires[i]);
        }
    }
}

static const char *concept_of(const struct session_view *v, int32_t concept)
{
    return concept >= 0 && (size_t) concept < v->names.n_concepts
               ? v->names.concept_name[concept]
               : "";
}

/* Add latents by absorption; `takes`: by concepts that this one absorbs, else by those
 * that others absorb from it. */
static void add_absorbed(struct near_list *l, int32_t latent, bool takes)
{
    const struct concept_table *t = l->v->arm[latents_arm(l->a)].concepts;
    for (size_t c = 0; t && c < t->n; c++) {
        const struct concept_result *row = &t->row[c];
        for (size_t k = 0; row->eligible && k < EVAL_ABSORBERS; k++) {
            const bool mine =
                takes ? row->absorber[k] == latent && row->n_main > 0
                      : row->absorber[k] >= 0 && concept_result_is_main(row, latent);
            struct near_row *r =
                !mine ? NULL
                      : add(l,
                            takes ? "it absorbs, of the concept's uses"
                                  : "absorbed by, of the concept's uses",
                            takes ? row->main_latent[0] : row->absorber[k],
                            latents_cond(l->a));
            if (r) {
                char taken[24];
                text_share(taken, sizeof taken, concept_result_taken(row, k));
                snprintf(r->text, sizeof r->text, "%s of %.40s", taken,
                         concept_of(l->v, row->concept));
            }
        }
    }
}

/* Whether the pairs are those of the two arms shown. */
static bool has_pairs(const struct session_view *v)
{
    return v->partners && v->partners_arm[0] == session_view_shown(v, 0) &&
           v->partners_arm[1] == session_view_shown(v, 1);
}

/* Returns the latent's pair; NULL: it has none, or there are no pairs yet. */
static const struct latent_pair *partner_of(const struct near_list *l, int32_t latent)
{
    const int cond = latents_cond(l->a);
    return has_pairs(l->v) && cond <= 1
               ? latent_pairs_of(l->v->partners, (size_t)cond, latent)
               : NULL;
}

/* Add the latent's partner if there are pairs, else a line on how to get them. */
static void add_partner(struct near_list *l, int32_t latent)
{
    const struct session_view *v = l->v;
    const int cond = latents_cond(l->a), other = cond == 0 ? 1 : 0;
    static const char head[] = "in the other condition";
    if (arms_of(v) < 2 || cond > 1) {
        return;
    }
    const struct latent_pair *p = partner_of(l, latent);
    struct near_row *r = add(l, head, p ? p->latent[other] : -1, other);
    if (r && p) {
        snprintf(r->text, sizeof r->text, "%c  cos %s, together %s",
                 v->cond[other].letter, NUMBER(NUMBER_PLAIN, 0, 2, (double)p->cosine),
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)p->firing));
    } else if (r) {
        app_words(l->a,
                  has_pairs(v) ? "none corresponds; " KEY_OF("partner") " says why"
                               : KEY_OF("partner") " pairs the latents",
                  r->text, sizeof r->text);
    }
}

size_t near_rows(const struct app *a, const struct session_view *v,
                 struct near_row out[NEAR_ROWS])
{
    struct near_list l = {.a = a, .v = v, .row = out};
    const struct latent_detail *d = detail_shown(a, v);
    if (d) {
        const bool paired = partner_of(&l, d->latent) != NULL;
        if (paired) {
            add_partner(&l, d->latent);
        }
        add_absorbed(&l, d->latent, false);
        add_absorbed(&l, d->latent, true);
        add_described(&l, d);
        if (!paired) { /* a line without a latent comes last */
            add_partner(&l, d->latent);
        }
    }
    return l.n;
}

/* ---- drawing ---- */

/* Write a row's name: the label a person gave, else the table's. */
static void name_of(const struct session_view *v, const struct near_row *r, char *out,
                    size_t cap)
{
    const size_t arm = session_view_shown(v, (size_t)r->cond);
    const struct latent_table *t = v->arm[arm].table;
    const char *label = latent_labels_of(v->arm[arm].labels, r->latent);
    snprintf(out, cap, "%s", label); /* a label is known without the description */
    if (t && r->latent >= 0 && (size_t)r->latent < t->F) {
        names_latent(&v->names, label, &t->row[r->latent], out, cap);
    }
}

static void draw_row(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r, const struct near_row *row, size_t i)
{
    const bool on = i == detail_of(a)->near_at;
    const int text_w = r.w < 60 ? 18 : 30;
    const int name_x = r.x + 9 + text_w;
    char number[24] = "", name[200];
    if (row->latent >= 0) {
        snprintf(number, sizeof number, "#%d", row->latent);
    }
    name_of(v, row, name, sizeof name);
    canvas_put(c, r.x, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
    canvas_text(c, r.x + 2, r.y, 6, number, ROLE_KEY, 0);
    canvas_text(c, r.x + 8, r.y, row->latent < 0 ? r.w - 8 : text_w, row->text,
                ROLE_TEXT, 0);
    canvas_text(c, name_x, r.y, r.x + r.w - name_x, name, ROLE_VALUE, 0);
    if (on) {
        canvas_tint(c, r, ROLE_SELECT, ATTR_BOLD);
    }
    app_hit(a, r, HIT_NEAR, (int)i);
}

static bool has_head(const struct near_row *row, size_t i)
{
    return i == 0 || strcmp(row[i].head, row[i - 1].head) != 0;
}

/* Lines that the rows up to row i take, with the heads above them. */
static int lines_to(const struct near_row *row, size_t i)
{
    int n = 0;
    for (size_t k = 0; k <= i; k++) {
        n += has_head(row, k) ? 2 : 1;
    }
    return n;
}

void near_view(struct app *a, const struct session_view *v, struct canvas *c,
               struct rect r)
{
    struct near_row row[NEAR_ROWS];
    struct detail_state *own = detail_of(a);
    const size_t n = near_rows(a, v, row);
    char value[48] = "";
    if (n > 0) {
        own->near_at = own->near_at < n ? own->near_at : n - 1;
        snprintf(value, sizeof value, "%zu/%zu", own->near_at + 1, n);
    }
    const struct rect in = canvas_box(c, r, "what it goes with", value, true);
    app_hit(a, r, HIT_PANE, 0);
    if (n == 0) {
        canvas_text(c, in.x + 2, in.y + in.h / 2, in.w - 3,
                    v->detail_busy ? "describing it ..." : "nothing is known yet",
                    ROLE_DIM, 0);
        return;
    }
    const int over = lines_to(row, own->near_at) - in.h;
    int y = in.y - (over > 0 ? over : 0);
    const struct rect old = canvas_clip(c, in);
    for (size_t i = 0; i < n && y < in.y + in.h; i++) {
        if (has_head(row, i)) {
            canvas_text(c, in.x + 1, y++, in.w - 2, row[i].head, ROLE_TITLE, ATTR_BOLD);
        }
        if (y >= in.y) {
            draw_row(a, v, c, (struct rect){in.x + 1, y, in.w - 2, 1}, &row[i], i);
        }
        y++;
    }
    canvas_unclip(c, old);
}

/* ---- keys ---- */

void near_move(struct app *a, const struct session_view *v, const char *direction)
{
    struct near_row row[NEAR_ROWS];
    struct list_view list = {.count = near_rows(a, v, row), .page = 8};
    list_go(&list, detail_of(a)->near_at);
    if (list_by_name(&list, direction)) {
        detail_of(a)->near_at = list.cursor;
    }
}

void near_open(struct app *a, const struct session_view *v, size_t i)
{
    struct near_row row[NEAR_ROWS];
    char line[32];
    if (i >= near_rows(a, v, row)) {
        return;
    }
    if (row[i].latent < 0) { /* the line that says how to get one */
        app_run(a, v, "partner");
        return;
    }
    const int cond = latents_cond(a);
    if (row[i].cond != cond) {
        snprintf(line, sizeof line, "arm %c", 'A' + row[i].cond);
        app_run(a, v, line);
    }
    snprintf(line, sizeof line, "latent %d", row[i].latent);
    app_run(a, v, line);
    detail_of(a)->near_at = 0;
}
