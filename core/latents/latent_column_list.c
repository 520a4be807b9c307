/* The columns of a latent, each in one row. */
#include "latents/latent_columns.h"

#include <math.h>
#include <stdio.h>

static double id_of(const struct latent_source *s)
{
    return (double)s->latent;
}

static double fires_of(const struct latent_source *s)
{
    return (double)s->row->fires;
}

static double density_of(const struct latent_source *s)
{
    return s->row->density;
}

static double log_density_of(const struct latent_source *s)
{
    return s->row->density > 0 ? log10(s->row->density) : (double)-INFINITY;
}

static double max_of(const struct latent_source *s)
{
    return (double)s->row->max;
}

static double mean_of(const struct latent_source *s)
{
    return (double)s->row->mean;
}

static double absorption_of(const struct latent_source *s)
{
    return s->absorption;
}

static double cut_of(const struct latent_source *s)
{
    return (double)s->row->match_cut;
}

static double precision_of(const struct latent_source *s)
{
    return (double)s->row->precision;
}

static double recall_of(const struct latent_source *s)
{
    return (double)s->row->recall;
}

static double f1_of(const struct latent_source *s)
{
    return (double)s->row->f1;
}

static double is_marked(const struct latent_source *s)
{
    return s->marked;
}

static double is_dead(const struct latent_source *s)
{
    return s->row->fires == 0;
}

static double is_matched(const struct latent_source *s)
{
    return latent_is_matched(s->row);
}

static double is_labelled(const struct latent_source *s)
{
    return s->label[0] != '\0';
}

static void match_text(const struct latent_source *s, char *out, size_t cap)
{
    names_match(s->names, s->row, out, cap);
}

static void match_kind_text(const struct latent_source *s, char *out, size_t cap)
{
    snprintf(out, cap, "%s", names_match_kind(s->names, s->row));
}

static void kind_text(const struct latent_source *s, char *out, size_t cap)
{
    snprintf(out, cap, "%s", latent_kind_name(s->row->kind));
}

static void place_text(const struct latent_source *s, char *out, size_t cap)
{
    snprintf(out, cap, "%s", s->row->match ? names_place(s->row->place) : "");
}

static double kind_rank(const struct latent_source *s)
{
    return (double)s->row->kind;
}

/* Concepts of the user's file come before those in every text. */
static double match_rank(const struct latent_source *s)
{
    const struct latent_row *r = s->row;
    const bool known = r->match == MATCH_CONCEPT && r->match_id >= 0 &&
                       (size_t)r->match_id < s->names->n_concepts;
    const bool written =
        known && (s->names->concept_kind[r->match_id] == CONCEPT_LEAF ||
                  s->names->concept_kind[r->match_id] == CONCEPT_SUPER);
    return r->match == MATCH_NONE
               ? (double)NAN
               : (written && latent_is_matched(r) ? 2.0 : 0.0) + (double)r->f1;
}

static void tokens_text(const struct latent_source *s, char *out, size_t cap)
{
    names_top_tokens(s->names, s->row, out, cap);
}

static void label_text(const struct latent_source *s, char *out, size_t cap)
{
    snprintf(out, cap, "%s", s->label);
}

enum {
    FILES = IN_CSV | IN_JSON,
    EVERYWHERE = IN_TABLE | IN_CSV | IN_JSON | IN_TEXT,
    MEASURE = IN_FILTER | IN_SCATTER | DESCENDING,
};

// clang-format off
static const struct latent_column list[] = {
    {.name = "latent", .title = "latent", .type = COLUMN_ID,
     .flags = EVERYWHERE | IN_FILTER, .width = 6, .text_width = 6, .number = id_of,
     .help = "number of the latent"},
    {.name = "fires", .title = "fires", .type = COLUMN_COUNT,
     .flags = FILES | ONLY_SORTED | IN_FILTER | DESCENDING, .width = 7,
     .number = fires_of,
     .help = "number of tokens it fires on: its activation there is not 0"},
    {.name = "density", .title = "density", .type = COLUMN_POWER,
     .flags = FILES | ONLY_SORTED | IN_TEXT | IN_FILTER | DESCENDING, .width = 8,
     .text_width = 8, .number = density_of,
     .help = "share of the tokens that it fires on"},
    {.name = "logd", .title = "log\xcf\x81", .alias = "logr", .type = COLUMN_LOG,
     .flags = IN_TABLE | IN_FILTER | DESCENDING, .width = 6, .needs = NEEDS_FIRING,
     .number = log_density_of, .absent = "dead",
     .help = "log10 of the share of tokens it fires on; typed logd or logr",
     .more = "The density \xcf\x81 by its power of ten: -2 is one token in a hundred, -4 "
             "one in ten thousand. Above -1 a latent is dense, and seldom means one "
             "thing; a dead one fires on no token of this text."},
    {.name = "max", .title = "max", .type = COLUMN_ACT, .flags = EVERYWHERE | MEASURE,
     .width = 6, .text_width = 7, .needs = NEEDS_FIRING, .number = max_of,
     .help = "largest activation, in the unit of the saved SAE",
     .more = "Over the held-out text that is described here. What a steering strength "
             "or a cut is to be held against: a value above it was never seen."},
    {.name = "mean", .title = "mean", .type = COLUMN_ACT,
     .flags = EVERYWHERE | MEASURE | GIVES_WAY, .width = 6, .text_width = 7,
     .needs = NEEDS_FIRING, .number = mean_of,
     .help = "mean activation where it fires, in the unit of the saved SAE",
     .more = "Over the tokens that it fires on, not over all. Far below max: it fires "
             "weakly on much, and strongly on little."},
    {.name = "absorption", .title = "absorb", .type = COLUMN_SHARE,
     .flags = IN_TABLE | FILES | MEASURE | IN_DETAIL, .width = 7,
     .number = absorption_of, .detail = "absorption of its concept",
     .help = "absorption of the concept that it matches, if it is a main latent of that",
     .more = "The figure that Concepts has for that concept, but of this seed alone, as "
             "of the last evaluation: the mean over the concept's words of the share of "
             "uses on which its main latents are silent and another latent stands in. A "
             "dash: it matches a word, or a concept of which it is no main latent."},
    {.name = "kind", .title = "kind", .type = COLUMN_TEXT,
     .flags = EVERYWHERE | IN_FILTER, .width = 8, .text_width = 8, .text = kind_text,
     .rank = kind_rank,
     .help = "what sort of latent: token, class, after, context, position, dense, rare "
             "or dead",
     .more = latent_kind_topic},
    {.name = "match", .title = "match", .type = COLUMN_TEXT,
     .flags = EVERYWHERE | IN_FILTER | DESCENDING | AT_FIRST, .width = 15,
     .text_width = 22, .text = match_text, .rank = match_rank,
     .help = "what it matches best, by F1 of \"at or above a cut\"; after X: the token "
             "before is X; sorted: concepts of the file first, by F1"},
    {.name = "match_kind", .title = "match_kind", .type = COLUMN_TEXT,
     .flags = FILES | ONLY_SORTED | IN_TEXT | IN_FILTER, .width = 10,
     .text_width = 10, .needs = NEEDS_MATCH, .text = match_kind_text,
     .help = "of the match: word, leaf, super, letter, grammar, shape or suffix"},
    {.name = "place", .title = "place", .type = COLUMN_TEXT,
     .flags = FILES | ONLY_SORTED | IN_FILTER, .width = 9, .needs = NEEDS_MATCH, .text = place_text,
     .help = "where what it matches stands: at the token, or at the previous one"},
    {.name = "match_cut", .title = "cut", .type = COLUMN_ACT,
     .flags = FILES | ONLY_SORTED | IN_FILTER | DESCENDING, .width = 6,
     .needs = NEEDS_MATCH, .number = cut_of,
     .help = "the activation from which on it counts as a match: that of the best F1",
     .more = "Found on the same tokens that P, R and F1 are counted on, so these are a "
             "little better than on other text."},
    {.name = "precision", .title = "P", .type = COLUMN_SHARE,
     .flags = EVERYWHERE | MEASURE, .width = 4, .text_width = 4,
     .needs = NEEDS_MATCH, .number = precision_of,
     .help = "precision: of the tokens at or above the cut, those of the match",
     .more = "Low: it fires on much else. High with a low R: it answers to a part of "
             "what it is named after."},
    {.name = "recall", .title = "R", .type = COLUMN_SHARE,
     .flags = EVERYWHERE | MEASURE, .width = 4, .text_width = 4,
     .needs = NEEDS_MATCH, .number = recall_of,
     .help = "recall: of the match's tokens, those at or above the cut",
     .more = "Low: it is silent on many of the words it is named after, for instance "
             "since another latent has absorbed them."},
    {.name = "f1", .title = "F1", .type = COLUMN_SHARE,
     .flags = EVERYWHERE | MEASURE | AS_POINTS, .width = 4, .text_width = 4,
     .needs = NEEDS_MATCH, .number = f1_of,
     .help = "F1 of precision and recall: 2PR / (P + R)",
     .more = "1: it tells the match without an error. From .5 on a latent counts as "
             "matched, in the line below the table and in the filter."},
    {.name = "marked", .title = "marked", .type = COLUMN_FLAG, .flags = IN_CSV | IN_FILTER,
     .number = is_marked, .help = "you marked it: a * before its number"},
    {.name = "dead", .title = "dead", .type = COLUMN_FLAG, .flags = IN_FILTER,
     .number = is_dead, .help = "it fires on no token of this text"},
    {.name = "matched", .title = "matched", .type = COLUMN_FLAG, .flags = IN_FILTER,
     .number = is_matched, .help = "it fires, and its F1 is .5 or more"},
    {.name = "labelled", .title = "labelled", .type = COLUMN_FLAG, .flags = IN_FILTER,
     .number = is_labelled, .help = "it has a label"},
    {.name = "top_tokens", .title = "top tokens", .alias = "tokens",
     .type = COLUMN_TOKENS, .flags = EVERYWHERE | IN_DETAIL | IN_FILTER,
     .text = tokens_text, .detail = "top",
     .help = "the tokens with the largest sum of activations; tokens=dog asks all that "
             "it fires on, and shows the largest activation on it"},
    {.name = "label", .title = "label", .type = COLUMN_TEXT,
     .flags = EVERYWHERE | ONLY_LABELS | IN_FILTER, .width = 16, .text_width = 16,
     .text = label_text, .help = "what you called it"},
};
// clang-format on

const struct latent_column *latent_columns(size_t *n)
{
    *n = sizeof list / sizeof list[0];
    return list;
}
