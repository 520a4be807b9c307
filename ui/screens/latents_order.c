/* The table of latents behind its screen: what its columns say, in which order its rows
 * are, and which are shown, found and marked. The order is made anew only when the
 * table, the filter or the sorting has changed. */
#include "base/mem.h"
#include "session/tellers.h"
#include "ui/screens/latents_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

static struct rect table_rect(const struct app *a)
{
    const bool wide = layout_kind(a->w, a->h) == LAYOUT_WIDE;
    return latents_layout(layout_frame(a->w, a->h).body, wide).table;
}

const char *latents_label(const struct app *a, const struct session_view *v, int32_t id)
{
    return latent_labels_of(v->arm[latents_of(a)->arm].labels, id);
}

static bool is_narrow(const struct app *a)
{
    return table_rect(a).w < 100;
}

bool latents_column_offered(const struct app *a, const struct session_view *v,
                            const struct latent_column *c)
{
    const bool labels = latent_labels_count(v->arm[latents_of(a)->arm].labels) > 0;
    const bool sorted = c == latent_column_at((size_t)latents_of(a)->sort);
    return (c->flags & IN_TABLE) && (sorted || !(c->flags & WHEN_SORTED)) &&
           (labels || !(c->flags & ONLY_LABELS));
}

bool latents_column_shown(const struct app *a, const struct session_view *v,
                          const struct latent_column *c)
{
    const bool sorted = c == latent_column_at((size_t)latents_of(a)->sort);
    return latents_column_offered(a, v, c) &&
           !((c->flags & (GIVES_WAY | ONLY_LABELS)) && is_narrow(a) && !sorted);
}

bool latents_labels_join(const struct app *a, const struct session_view *v,
                         const struct latent_column *c)
{
    const struct latent_column *sort = latent_column_at((size_t)latents_of(a)->sort);
    return c->type == COLUMN_TOKENS && is_narrow(a) && !(sort->flags & ONLY_LABELS) &&
           latent_labels_count(v->arm[latents_of(a)->arm].labels) > 0;
}

struct latent_source latents_source(const struct latents_state *l,
                                    const struct session_view *v,
                                    const struct latent_table *t, int32_t id)
{
    return (struct latent_source){
        .row = &t->row[id],
        .latent = id,
        .names = &v->names,
        .label = latent_labels_of(v->arm[l->arm].labels, id),
        .absorption = tellers_absorption(v->arm[l->arm].concepts, &t->row[id], id),
        .table = t,
        .marked = latents_is_marked(l, l->arm, id)};
}

/* ".97", "1.0" */
static void share_text(char *out, size_t cap, double v)
{
    if (v >= 0.995 || v < 0) {
        snprintf(out, cap, "%.1f", v);
    } else {
        char text[16];
        snprintf(text, sizeof text, "%.2f", v);
        snprintf(out, cap, "%s", text + 1);
    }
}

void latents_cell(const struct latent_column *c, const struct latent_source *s,
                  char *out, size_t cap)
{
    if (c->text) {
        c->text(s, out, cap);
        return;
    }
    if (!latent_column_has(c, s)) {
        snprintf(out, cap, "%s", c->absent ? c->absent : "-");
        return;
    }
    const double v = latent_column_number(c, s);
    switch (c->type) {
    case COLUMN_ID:
    case COLUMN_COUNT:
    case COLUMN_FLAG: snprintf(out, cap, "%.0f", v); break;
    case COLUMN_LOG: snprintf(out, cap, "%.2f", v); break;
    case COLUMN_SHARE: share_text(out, cap, v); break;
    case COLUMN_POWER:
    case COLUMN_ACT: plot_number(out, cap, v, 5); break;
    case COLUMN_TEXT:
    case COLUMN_TOKENS: break;
    }
}

double latents_number(const struct latent_column *c, const struct latent_source *s)
{
    return latent_column_has(c, s) ? latent_column_number(c, s) : (double)NAN;
}

/* ---- the order ---- */

const struct latent_table *latents_table(const struct app *a,
                                         const struct session_view *v)
{
    return v->arm[latents_of(a)->arm].table;
}

int latents_page(const struct app *a)
{
    const bool wide = layout_kind(a->w, a->h) == LAYOUT_WIDE;
    /* Header and rule above, rule and counts below; a box takes two more rows. */
    return table_rect(a).h - 4 - (wide ? 2 : 0);
}

bool latents_is_marked(const struct latents_state *l, size_t arm, int32_t id)
{
    return l->mark[arm] && id >= 0 && (size_t)id < l->n_mark[arm] && l->mark[arm][id];
}

/* ---- sorting ---- */

enum { SORT_TEXT = 48, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 6 };

struct sort_item {
    uint64_t key;
    int32_t id;
};

/* A number as bits that compare as it does; NaN after all others. */
static uint64_t sort_key(double v, bool descending)
{
    uint64_t bits;
    if (isnan(v)) {
        return UINT64_MAX;
    }
    v = v == 0 ? 0 : v; /* no negative zero */
    memcpy(&bits, &v, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
    return descending ? ~bits : bits;
}

/* Radix sort, digits from the last to the first; stable, so equal keys stay in order of
 * their ids. item and spare: [n]. The result is in item. */
static void radix_sort(struct sort_item *item, struct sort_item *spare, size_t n)
{
    for (int pass = 0; pass < PASSES; pass++) {
        size_t start[DIGITS + 1] = {0};
        const int shift = pass * DIGIT_BITS;
        for (size_t i = 0; i < n; i++) {
            start[(item[i].key >> shift & (DIGITS - 1)) + 1]++;
        }
        for (size_t d = 0; d < DIGITS; d++) {
            start[d + 1] += start[d];
        }
        for (size_t i = 0; i < n; i++) {
            spare[start[item[i].key >> shift & (DIGITS - 1)]++] = item[i];
        }
        struct sort_item *swap = item;
        item = spare;
        spare = swap;
    }
    _Static_assert(PASSES % 2 == 0 && PASSES * DIGIT_BITS >= 64, "ends where it began");
}

static int by_text(const void *x, const void *y)
{
    return strcmp(x, y);
}

/* Give each latent the rank of its text among all, equal for equal texts; NaN for
 * none. */
static bool rank_texts(const struct latents_state *l, const struct session_view *v,
                       const struct latent_table *t, const struct latent_column *c,
                       double *rank)
{
    enum { ITEM = SORT_TEXT + sizeof(int32_t) };
    char *text = mem_alloc(t->F, ITEM);
    if (!text) {
        return false;
    }
    for (size_t i = 0; i < t->F; i++) {
        const int32_t id = (int32_t)i;
        const struct latent_source source = latents_source(l, v, t, id);
        c->text(&source, text + i * ITEM, SORT_TEXT);
        memcpy(text + i * ITEM + SORT_TEXT, &id, sizeof id);
    }
    qsort(text, t->F, ITEM, by_text);
    double place = 0;
    for (size_t i = 0; i < t->F; i++) {
        int32_t id;
        const char *own = text + i * ITEM;
        memcpy(&id, own + SORT_TEXT, sizeof id);
        place += i && strcmp(own, own - ITEM) != 0 ? 1 : 0;
        rank[id] = own[0] ? place : (double)NAN;
    }
    mem_free(text);
    return true;
}

bool latents_descends(const struct latents_state *l)
{
    const bool natural = latent_column_at((size_t)l->sort)->flags & DESCENDING;
    return natural != l->reverse;
}

/* Sort all latents by the column; false if memory is out. */
static bool sort_all(struct latents_state *l, const struct session_view *v,
                     const struct latent_table *t)
{
    const struct latent_column *c = latent_column_at((size_t)l->sort);
    const bool texts = c->text && !c->rank;
    const bool down = latents_descends(l);
    double *rank = texts ? mem_alloc(t->F, sizeof *rank) : NULL;
    struct sort_item *item = mem_alloc(t->F, 2 * sizeof *item);
    const bool room = item && (!texts || (rank && rank_texts(l, v, t, c, rank))) &&
                      mem_grow(&l->sorted, &l->sorted_cap, t->F, sizeof *l->sorted,
                               SIZE_MAX / 8, NULL) == OK;
    for (size_t i = 0; room && i < t->F; i++) {
        const int32_t id = (int32_t)i;
        const struct latent_source source = latents_source(l, v, t, id);
        const double key = texts     ? rank[i]
                           : c->rank ? c->rank(&source)
                                     : latents_number(c, &source);
        item[i] = (struct sort_item){sort_key(key, down), id};
    }
    if (room) {
        radix_sort(item, item + t->F, t->F);
        for (size_t i = 0; i < t->F; i++) {
            l->sorted[i] = item[i].id;
        }
        l->sorted_by = l->sort;
        l->sorted_reverse = l->reverse;
        l->n_sorted = t->F;
    }
    mem_free(rank);
    mem_free(item);
    return room;
}

/* Keep the latents that the filter lets through, sorted; false if memory is out. */
static bool fill_order(struct latents_state *l, const struct session_view *v,
                       const struct latent_table *t)
{
    const struct latent_labels *labels = v->arm[l->arm].labels;
    const bool new_table =
        t != l->ordered || t->step != l->ordered_step ||
        v->arm[l->arm].concepts != l->ordered_concepts ||
        (latent_column_at((size_t)l->sort)->text && labels != l->ordered_labels);
    l->shown = 0;
    if ((new_table || l->sorted_by != l->sort || l->sorted_reverse != l->reverse ||
         l->n_sorted != t->F) &&
        !sort_all(l, v, t)) {
        l->n_sorted = 0;
        return false;
    }
    if (mem_grow(&l->order, &l->order_cap, t->F, sizeof *l->order, SIZE_MAX / 8,
                 NULL) != OK) {
        return false;
    }
    for (size_t i = 0; i < t->F; i++) {
        const int32_t id = l->sorted[i];
        const struct latent_source source = latents_source(l, v, t, id);
        if (filter_line_holds(&l->filter, &source)) {
            l->order[l->shown++] = id;
        }
    }
    return true;
}

static void count_densities(struct latents_state *l, const struct latent_table *t)
{
    memset(l->by_density, 0, sizeof l->by_density);
    l->ultra_low = 0;
    for (size_t i = 0; i < t->F; i++) {
        const struct latent_row *r = &t->row[i];
        if (r->fires && r->density > 0) {
            const double half = (log10(r->density) + 5) * 2; /* half decades from -5 */
            const int bin = half < 0               ? 0
                            : half >= DENSITY_BINS ? DENSITY_BINS - 1
                                                   : (int)half;
            l->by_density[bin]++;
            l->ultra_low += r->density < 1e-5 ? 1U : 0U;
        }
    }
}

/* How many latents fire on the filter's word, if it is one. */
static size_t count_firing(struct latents_state *l, const struct session_view *v,
                           const struct latent_table *t)
{
    const char *word = l->filter.text;
    char text[LINE_CAP + 8], why[FILTER_MESSAGE];
    size_t count = 0, at = 0;
    if (!word[0] || word[strcspn(word, " <>=!~&|()/#\"")]) {
        return 0;
    }
    snprintf(text, sizeof text, "tokens=%s", word);
    struct filter *f = filter_new(&latent_filter, text, &at, why, sizeof why);
    for (size_t id = 0; f && id < t->F; id++) {
        const struct latent_source source = latents_source(l, v, t, (int32_t)id);
        count += filter_holds(f, &source) ? 1U : 0U;
    }
    filter_free(f);
    return count;
}

bool latents_why_empty(const struct app *a, char *out, size_t cap)
{
    const struct latents_state *l = latents_of(a);
    if (l->shown || !l->fire_on) {
        return false;
    }
    char text[LINE_CAP];
    snprintf(text, sizeof text,
             "none has '%.30s' as label, match or top token; %zu fire%s on it: " KEY_OF(
                 "filter") " tokens=%.30s",
             l->filter.text, l->fire_on, l->fire_on == 1 ? "s" : "", l->filter.text);
    app_words(a, text, out, cap);
    return true;
}

void latents_order(struct app *a, const struct session_view *v)
{
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    const int page = latents_page(a);
    if (!t) {
        l->shown = 0;
        l->ordered = NULL;
    } else if (l->stale || t != l->ordered || t->step != l->ordered_step ||
               v->arm[l->arm].labels != l->ordered_labels ||
               v->arm[l->arm].concepts != l->ordered_concepts) {
        if (!fill_order(l, v, t)) {
            app_say(a, true, "out of memory for the table's order");
        }
        count_densities(l, t);
        l->ordered = t;
        l->ordered_step = t->step;
        l->ordered_labels = v->arm[l->arm].labels;
        l->ordered_concepts = v->arm[l->arm].concepts;
        l->stale = false;
        l->fire_on = l->shown ? 0 : count_firing(l, v, t);
        list_set(&l->list, l->shown, page);
        const bool follows = l->chosen || l->list.cursor > 0;
        for (size_t i = 0; follows && i < l->shown; i++) {
            if (l->order[i] == l->at) {
                list_go(&l->list, i);
                break;
            }
        }
    }
    list_set(&l->list, l->shown, page);
    if (l->shown) {
        l->at = l->order[l->list.cursor];
    }
}

bool latents_go(struct app *a, int32_t id)
{
    struct latents_state *l = latents_of(a);
    for (size_t i = 0; i < l->shown; i++) {
        if (l->order[i] == id) {
            list_go(&l->list, i);
            l->at = id;
            return true;
        }
    }
    return false;
}

int32_t latents_beside(const struct app *a, int32_t id, int by)
{
    const struct latents_state *l = latents_of(a);
    for (size_t i = 0; i < l->shown; i++) {
        if (l->order[i] != id) {
            continue;
        }
        const bool out = by < 0 ? i == 0 : i + 1 >= l->shown;
        return out ? -1 : l->order[by < 0 ? i - 1 : i + 1];
    }
    return l->shown ? l->order[0] : -1;
}

/* ---- filter, marks, find ---- */

static void free_finders(struct latents_state *l)
{
    for (size_t i = 0; i < LATENTS_FINDERS; i++) {
        filter_free(l->finder[i]);
        l->finder[i] = NULL;
    }
}

bool latents_set_filter(struct app *a, const struct session_view *v, const char *text)
{
    struct latents_state *l = latents_of(a);
    if (!filter_line_set(&l->filter, &latent_filter, text)) {
        return false;
    }
    l->stale = true;
    latents_order(a, v);
    return true;
}

/* If there is no table yet, say that the request waits for it. */
static void say_waiting(struct app *a, const struct session_view *v)
{
    if (!latents_table(a, v) &&
        (latents_of(a)->find[0] || latents_of(a)->filter.text[0])) {
        app_say(a, false, "no table of latents yet: %s",
                latents_of(a)->filter.text[0]
                    ? "the filter holds once it is there"
                    : KEY_OF("find-next +") " looks again once it is there");
    }
}

void latents_say_empty(struct app *a, const struct session_view *v)
{
    char why[LINE_CAP];
    say_waiting(a, v);
    if (latents_table(a, v) && latents_why_empty(a, why, sizeof why)) {
        app_say(a, false, "%s", why);
    }
}

void latents_mark(struct app *a, size_t arm, int32_t id, size_t F)
{
    struct latents_state *l = latents_of(a);
    if (id < 0 || (size_t)id >= F ||
        mem_grow(&l->mark[arm], &l->n_mark[arm], F, 1, SIZE_MAX / 8, NULL) != OK) {
        return;
    }
    uint8_t *mark = &l->mark[arm][id];
    *mark = !*mark;
    l->marked[arm] += *mark ? 1U : (size_t)-1;
    l->stale = l->stale || l->filter.compiled; /* which may ask for marks */
}

/* Where a text is looked for, in this order. */
static const struct filter_kind *const find_kind[LATENTS_FINDERS] = {
    &latent_filter, &latent_filter_tokens};

/* The nth finder of the text that is looked for; NULL: none or no memory. */
static struct filter *finder(struct latents_state *l, size_t nth)
{
    if (strcmp(l->finder_of, l->find) != 0) {
        free_finders(l);
        snprintf(l->finder_of, sizeof l->finder_of, "%s", l->find);
    }
    if (!l->finder[nth] && l->find[0]) {
        l->finder[nth] = filter_new_word(find_kind[nth], l->find);
    }
    return l->finder[nth];
}

/* Go to the next latent for which f holds (`here`: or the one at the cursor). Returns
 * for how many of those shown it holds. */
static size_t find_by(struct latents_state *l, const struct session_view *v,
                      const struct latent_table *t, struct filter *f, bool forward,
                      bool here)
{
    size_t count = 0, best = 0, best_away = SIZE_MAX;
    for (size_t i = 0; i < l->shown; i++) {
        const struct latent_source source = latents_source(l, v, t, l->order[i]);
        if (!filter_holds(f, &source)) {
            continue;
        }
        count++;
        /* Places from the cursor in the direction of the search, around the end. */
        size_t away =
            forward ? i + l->shown - l->list.cursor : l->list.cursor + l->shown - i;
        away %= l->shown;
        away = away || here ? away : l->shown;
        if (away < best_away) {
            best = i;
            best_away = away;
        }
    }
    if (count) {
        list_go(&l->list, best);
        l->at = l->order[best];
    }
    return count;
}

void latents_find(struct app *a, const struct session_view *v, bool forward, bool here)
{
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    if (!t || !finder(l, 0)) {
        say_waiting(a, v);
        return;
    }
    latents_order(a, v); /* it may be asked for from another screen */
    size_t count = 0, nth = 0;
    for (; nth < LATENTS_FINDERS && !count; nth++) {
        struct filter *f = finder(l, nth);
        count = f ? find_by(l, v, t, f, forward, here) : 0;
    }
    if (!count) {
        app_say(a, true,
                "not found: %.60s; " KEY_OF("go") " finds what is nearly so spelt",
                l->find);
    } else if (nth == 1) {
        app_say(a, false, "/%.60s  %zu found", l->find, count);
    } else {
        app_say(a, false,
                "/%.40s  not in labels, matches or top tokens; %zu fire on it", l->find,
                count);
    }
}

void latents_deinit(struct latents_state *l)
{
    filter_line_deinit(&l->filter);
    free_finders(l);
    mem_free(l->order);
    mem_free(l->sorted);
    for (size_t arm = 0; arm < VIEW_ARMS; arm++) {
        mem_free(l->mark[arm]);
    }
    memset(l, 0, sizeof *l);
}

/* ---- asking for a table ---- */

void latents_ask(struct app *a, const struct session_view *v, bool force)
{
    struct latents_state *l = latents_of(a);
    const bool open = v->names.vocab && v->n_conds > (size_t)l->cond &&
                      v->state != SESSION_LOADING && v->state != SESSION_ENDED;
    if (!open || (v->table_busy && !force)) {
        return;
    }
    const struct series *ev = &v->arm[l->arm].series[METRIC_EV];
    const int64_t evaluated = ev->n ? (int64_t)ev->x[ev->n - 1] : -1;
    const struct latent_table *t = latents_table(a, v);
    const bool old = !t || (t->step >= 0 && t->step < evaluated);
    if (!force && (!old || l->asked_eval[l->arm] == evaluated)) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_TABLE);
    if (c) {
        c->arm = l->arm;
        l->asked_eval[l->arm] = evaluated;
    }
}
