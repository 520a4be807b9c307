#include "top_text.h"

#include "base/number.h"
#include "session/tellers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct latent_source top_source(const struct browse *t,
                                const struct latent_labels *labels, size_t j)
{
    const struct latent_row *row = &t->table->row[j];
    const bool now = t->concepts && t->concepts->step == t->record.step;
    return (struct latent_source){
        .row = row,
        .latent = (int32_t)j,
        .names = &t->names,
        .table = t->table,
        .absorption = tellers_absorption(now ? t->concepts : NULL, row, (int32_t)j),
        .label = latent_labels_of(labels, (int32_t)j)};
}

/* The nth column of the line; NULL beyond the last. */
static const struct latent_column *column(const struct latent_labels *labels,
                                          size_t nth)
{
    for (size_t i = 0;; i++) {
        const int at = latent_column_nth(IN_TEXT, i);
        const struct latent_column *c = at < 0 ? NULL : latent_column_at((size_t)at);
        const bool none = c && (c->flags & ONLY_LABELS) && !latent_labels_count(labels);
        if (!c || (!none && nth-- == 0)) {
            return c;
        }
    }
}

/* Add a cell: text at the left of its column, numbers at the right; two spaces between
 * columns. */
static void add_cell(const struct latent_column *c, const char *text, bool first,
                     struct str *out)
{
    str_addf(out, c->text ? "%s%-*s" : "%s%*s", first ? "" : "  ", c->text_width, text);
}

void top_text_heading(const struct latent_labels *labels, struct str *out)
{
    const struct latent_column *c = NULL;
    for (size_t i = 0; (c = column(labels, i)) != NULL; i++) {
        add_cell(c, c->title, i == 0, out);
    }
    str_addc(out, '\n');
}

static const char *number_text(const struct latent_column *c,
                               const struct latent_source *s, char out[NUMBER_TEXT])
{
    const double v = latent_column_has(c, s) ? latent_column_number(c, s) : (double)NAN;
    switch (c->type) {
    case COLUMN_POWER: return number_show(out, NUMBER_POWER, 0, 2, v);
    case COLUMN_ACT: return number_show(out, NUMBER_PLAIN, 0, 3, v);
    case COLUMN_LOG:
    case COLUMN_SHARE: return number_show(out, NUMBER_PLAIN, 0, 2, v);
    case COLUMN_ID:
    case COLUMN_COUNT:
    case COLUMN_FLAG: return number_show(out, NUMBER_PLAIN, 0, 0, v);
    case COLUMN_TEXT:
    case COLUMN_TOKENS: break;
    }
    return "";
}

void top_text_row(const struct browse *t, const struct latent_labels *labels, size_t j,
                  struct str *out)
{
    const struct latent_source s = top_source(t, labels, j);
    const struct latent_column *c = NULL;
    for (size_t i = 0; (c = column(labels, i)) != NULL; i++) {
        char number[NUMBER_TEXT];
        struct str text;
        str_init(&text, 4096);
        latent_column_text(c, &s, &text);
        add_cell(c,
                 !c->text   ? number_text(c, &s, number)
                 : text.len ? text.p
                            : "",
                 i == 0, out);
        str_free(&text);
    }
    str_addc(out, '\n');
}

void top_text_extent(const struct latent_table *t, struct str *out)
{
    char extent[64];
    latent_table_extent(t, extent, sizeof extent);
    if (extent[0]) {
        str_addf(out, ", %s: %u million firings are kept", extent,
                 LATENT_FIRINGS / 1000000u);
    }
}
