#include "ui/latent_filter.h"

#include <stdio.h>

const char *latent_filter_word(size_t i)
{
    const int at = latent_column_nth(IN_FILTER, i);
    return at >= 0 ? latent_column_at((size_t)at)->name : NULL;
}

static int field(const char *text, size_t len, bool *flag)
{
    const int at = latent_column_find(text, len);
    const struct latent_column *c = at >= 0 ? latent_column_at((size_t)at) : NULL;
    *flag = c && c->type == COLUMN_FLAG;
    return c && (c->flags & IN_FILTER) ? at : -1;
}

static void words(char *out, size_t cap)
{
    latent_column_words(IN_FILTER, out, cap);
}

static double number(int column, const void *asked)
{
    return latent_column_number(latent_column_at((size_t)column), asked);
}

/* Whether the piece is in the match as its column shows it: "animal", "'dog'", "after
 * 'dog'". */
static bool match_holds(struct filter_piece *p, const struct names *names,
                        const struct latent_row *row)
{
    const size_t of = row->match == MATCH_WORD ? 0 : names->vocab;
    const size_t all = names->vocab + names->n_concepts;
    if (row->match == MATCH_NONE || row->match_id < 0 ||
        (size_t)row->match_id >= (of ? names->n_concepts : names->vocab)) {
        return false;
    }
    const size_t at = (size_t)row->place * all + of + (size_t)row->match_id;
    uint8_t *hit = filter_piece_memo(p, FILTER_BY_MATCH, MATCH_PLACES * all, at);
    if (hit && *hit) {
        return *hit == 2;
    }
    char text[160];
    names_match(names, row, text, sizeof text);
    const bool holds = filter_piece_text(p, text);
    if (hit) {
        *hit = holds ? 2 : 1;
    }
    return holds;
}

static bool text(struct filter_piece *p, const void *asked)
{
    const struct latent_source *source = asked;
    const struct names *names = source->names;
    const struct latent_row *row = source->row;
    if (source->label[0] && filter_piece_text(p, source->label)) {
        return true;
    }
    for (size_t i = 0; i < LATENT_TOP_TOKENS; i++) {
        if (filter_piece_token(p, names, row->top_token[i])) {
            return true;
        }
    }
    if (match_holds(p, names, row)) {
        return true;
    }
    if (!filter_piece_may_be_number(p)) {
        return false;
    }
    char own[24];
    snprintf(own, sizeof own, "#%d", source->latent);
    return filter_piece_text(p, own);
}

/* ---- one column ---- */

static bool is_text(int column)
{
    return latent_column_at((size_t)column)->text != NULL;
}

/* Look in all tokens that the latent fires on, as far as the index has them. */
static bool fires_on(struct filter_piece *p, const struct latent_source *s)
{
    size_t n = 0;
    const struct latent_token *t =
        s->table ? latent_tokens(s->table, s->latent, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (filter_piece_token(p, s->names, t[i].token)) {
            return true;
        }
    }
    for (size_t i = 0; !n && i < LATENT_TOP_TOKENS; i++) {
        if (filter_piece_token(p, s->names, s->row->top_token[i])) {
            return true;
        }
    }
    return false;
}

const struct latent_token *latent_filter_token(struct filter *f,
                                               const struct latent_source *s)
{
    size_t field = 0, columns = 0;
    const struct latent_column *c = latent_columns(&columns);
    while (field < columns && c[field].type != COLUMN_TOKENS) {
        field++;
    }
    const struct latent_token *best = NULL;
    struct filter_piece *p;
    size_t n = 0;
    const struct latent_token *t =
        s->table ? latent_tokens(s->table, s->latent, &n) : NULL;
    for (size_t k = 0; (p = filter_piece_of(f, (int)field, k)) != NULL; k++) {
        for (size_t i = 0; i < n; i++) {
            if ((!best || t[i].max > best->max) &&
                filter_piece_token(p, s->names, t[i].token)) {
                best = &t[i];
            }
        }
    }
    return best;
}

static bool has(struct filter_piece *p, int column, const void *asked)
{
    const struct latent_column *c = latent_column_at((size_t)column);
    char cell[160] = "";
    if (c->type == COLUMN_TOKENS) {
        return fires_on(p, asked);
    }
    if (!latent_column_has(c, asked)) {
        return false;
    }
    c->text(asked, cell, sizeof cell);
    return filter_piece_text(p, cell);
}

const struct filter_kind latent_filter = {field, words, number, text, is_text, has};

static bool tokens_text(struct filter_piece *p, const void *asked)
{
    return fires_on(p, asked);
}

const struct filter_kind latent_filter_tokens = {field,       words,   number,
                                                 tokens_text, is_text, has};
