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

static bool concept_holds(struct filter_piece *p, const struct names *names,
                          const struct latent_row *row)
{
    const int32_t id = row->match_id;
    if (id < 0 || (size_t)id >= names->n_concepts) {
        return false;
    }
    uint8_t *hit =
        filter_piece_memo(p, FILTER_BY_CONCEPT, names->n_concepts, (size_t)id);
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
    if ((row->match == MATCH_WORD && filter_piece_token(p, names, row->match_id)) ||
        (row->match == MATCH_CONCEPT && concept_holds(p, names, row))) {
        return true;
    }
    if (!filter_piece_may_be_number(p)) {
        return false;
    }
    char own[24];
    snprintf(own, sizeof own, "#%d", source->latent);
    return filter_piece_text(p, own);
}

const struct filter_kind latent_filter = {field, words, number, text};
