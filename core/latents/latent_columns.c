#include "latents/latent_columns.h"

#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL_TEXT = 400 };

const struct latent_column *latent_column_at(size_t i)
{
    size_t n = 0;
    const struct latent_column *c = latent_columns(&n);
    return i < n ? &c[i] : NULL;
}

static bool same_word(const char *name, const char *word, size_t len)
{
    size_t i = 0;
    while (name && i < len && name[i] &&
           tolower((unsigned char)name[i]) == tolower((unsigned char)word[i])) {
        i++;
    }
    return name && i == len && !name[i];
}

int latent_column_find(const char *word, size_t len)
{
    const struct latent_column *c = NULL;
    for (size_t i = 0; (c = latent_column_at(i)) != NULL; i++) {
        if (same_word(c->name, word, len) || same_word(c->title, word, len) ||
            same_word(c->alias, word, len)) {
            return (int)i;
        }
    }
    return -1;
}

/* Whether it takes what others leave, and so comes after them. */
static bool is_last(const struct latent_column *c, enum latent_column_flag flag)
{
    return (flag == IN_TABLE && !c->width) || (flag == IN_TEXT && !c->text_width);
}

int latent_column_nth(enum latent_column_flag flag, size_t nth)
{
    size_t n = 0;
    const struct latent_column *c = latent_columns(&n);
    for (size_t i = 0; i < 2 * n; i++) {
        const struct latent_column *at = &c[i % n];
        const bool in = (at->flags & flag) && is_last(at, flag) == (i >= n);
        if (in && nth-- == 0) {
            return (int)(i % n);
        }
    }
    return -1;
}

const char *latent_column_word(const struct latent_column *c)
{
    for (const char *p = c->title; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '_') {
            return c->name;
        }
    }
    return c->title;
}

void latent_column_words(enum latent_column_flag flag, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; latent_column_nth(flag, i) >= 0; i++) {
        const struct latent_column *c =
            latent_column_at((size_t)latent_column_nth(flag, i));
        if (c->type != COLUMN_FLAG && len < cap) {
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len ? " " : "",
                                    latent_column_word(c));
        }
    }
}

double latent_column_number(const struct latent_column *c,
                            const struct latent_source *s)
{
    return c->number ? c->number(s) : (double)NAN;
}

bool latent_column_is_whole(const struct latent_column *c)
{
    return c->type == COLUMN_ID || c->type == COLUMN_COUNT || c->type == COLUMN_FLAG;
}

bool latent_column_has(const struct latent_column *c, const struct latent_source *s)
{
    return (c->needs != NEEDS_FIRING || s->row->fires > 0) &&
           (c->needs != NEEDS_MATCH || s->row->match != MATCH_NONE) &&
           (!c->number || isfinite(c->number(s)));
}

void latent_column_text(const struct latent_column *c, const struct latent_source *s,
                        struct str *out)
{
    char text[CELL_TEXT] = "";
    if (c->text) {
        c->text(s, text, sizeof text);
        utf8_escape(out, text, strlen(text));
    }
}
