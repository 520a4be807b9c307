/* The columns of a latent: one table of all facts about a latent that are a number or a
 * few words. The explorer's table with its sorting, filter, points and CSV, Detail, the
 * help, and `saetop top` as text and as JSON all read it; core/README.md says how to
 * add one. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_COLUMNS_H
#define SAETOP_LATENTS_LATENT_COLUMNS_H

#include "latents/latent_names.h"

/* How a cell is written, and what kind of axis it makes. */
enum latent_column_type {
    COLUMN_ID,    /* the latent's own number */
    COLUMN_COUNT, /* a whole number */
    COLUMN_POWER, /* a number over many decades */
    COLUMN_LOG,   /* log10 of such a number */
    COLUMN_ACT,   /* an activation, in the unit of the saved SAE; 0 or more */
    COLUMN_SHARE, /* from 0 to 1 */
    COLUMN_FLAG,  /* 0 or 1; a word of its own in a filter */
    COLUMN_TEXT,
    COLUMN_TOKENS, /* a text; in JSON the list of row->top_token */
};

/* Where a column is shown, and how. */
enum latent_column_flag {
    IN_TABLE = 1,       /* of Latents, sortable by it */
    IN_FILTER = 2,      /* a number to compare, or a flag */
    IN_SCATTER = 4,     /* on y */
    IN_DETAIL = 8,      /* a line of its own in Detail, named by `detail` */
    IN_CSV = 16,        /* as exported by the explorer */
    IN_JSON = 32,       /* of `saetop top` */
    IN_TEXT = 64,       /* of `saetop top` */
    ONLY_LABELS = 128,  /* table and text: only if latents have labels */
    GIVES_WAY = 256,    /* not in a narrow table, unless sorted by */
    DESCENDING = 512,   /* sorted with the largest first, unless reversed */
    AT_FIRST = 1024,    /* the table is sorted by it at first */
    AS_POINTS = 2048,   /* shown as points at first */
    WHEN_SORTED = 4096, /* not in the table unless sorted by */
    ONLY_SORTED = IN_TABLE | WHEN_SORTED,
};

/* When a row has nothing to say in a column. */
enum latent_column_needs { NEEDS_NOTHING, NEEDS_FIRING, NEEDS_MATCH };

/* The data a cell is read from. names: only for texts. label: "" for none. absorption:
 * of the concept that the row matches (session/tellers.h); NaN: none. */
struct latent_source {
    const struct latent_row *row;
    int32_t latent;
    const struct names *names;
    const char *label;
    double absorption;
    const struct latent_table *table; /* with the index of firing tokens; may be NULL */
    bool marked;
};

struct latent_column {
    const char *name;  /* its one name, as in CSV and JSON */
    const char *title; /* its heading; an alias if it differs from the name */
    const char *alias; /* a further alias, or NULL */
    enum latent_column_type type;
    unsigned flags;
    int width;      /* in the table; 0: all that is left; that column is last */
    int text_width; /* in `saetop top`; 0 as above */
    enum latent_column_needs needs;
    double (*number)(const struct latent_source *s); /* NULL: a text */
    void (*text)(const struct latent_source *s, char *out, size_t cap);
    double (*rank)(const struct latent_source *s); /* of texts; NULL: by letter */
    const char *absent; /* written if a row lacks the number; NULL: a dash */
    const char *detail; /* what Detail writes before it */
    const char *help;   /* one line */
    const char *more;   /* a help topic; NULL: the line says all */
};

/* The table, in column order. */
const struct latent_column *latent_columns(size_t *n);

/* Column i; NULL beyond the last. */
const struct latent_column *latent_column_at(size_t i);
/* Finds a column by name, title or alias, ignoring case; returns its place, or -1. */
int latent_column_find(const char *word, size_t len);
/* The place of the nth column with a flag; -1 beyond the last. With IN_TABLE and
 * IN_TEXT, those without a width come last. */
int latent_column_nth(enum latent_column_flag flag, size_t nth);
/* The word that a user types for a column: its title, or its name if the title cannot
 * be typed. */
const char *latent_column_word(const struct latent_column *c);
/* Writes the words of the columns with a flag, flags of the filter left out, separated
 * by spaces. */
void latent_column_words(enum latent_column_flag flag, char *out, size_t cap);

/* The number measured, 0 for a latent that never fires or matches nothing; NaN for a
 * text and if it was not measured. */
double latent_column_number(const struct latent_column *c,
                            const struct latent_source *s);
/* Whether its numbers are whole. */
bool latent_column_is_whole(const struct latent_column *c);
/* Whether the row has it: false if the latent lacks what the column needs, or the value
 * is not finite. */
bool latent_column_has(const struct latent_column *c, const struct latent_source *s);
/* Appends the text of a text column, escaped; nothing for a number. */
void latent_column_text(const struct latent_column *c, const struct latent_source *s,
                        struct str *out);

#endif
