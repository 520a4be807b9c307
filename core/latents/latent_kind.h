/* The kind of a latent, by a rule about where it fires: the first row of the table that
 * holds. The cuts are conventions of this program, shown beside the kinds; they help to
 * sort latents for browsing, and are not a measure. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_KIND_H
#define SAETOP_LATENTS_LATENT_KIND_H

#include <stddef.h>

enum latent_kind {
    KIND_DEAD,     /* never fires on this text */
    KIND_RARE,     /* fires on fewer than CUT_FIRES tokens: too few to say more */
    KIND_DENSE,    /* fires on a share of CUT_DENSE of all tokens or more */
    KIND_POSITION, /* half of its firings at a few places of the row */
    KIND_TOKEN,    /* one token has most strong firings, and mostly fires it */
    KIND_AFTER,    /* the same for the token before */
    KIND_CLASS,    /* the same for several tokens together */
    KIND_CONTEXT,  /* it is silent on most of these: the context decides */
    LATENT_KINDS
};

/* The cuts; literals, since the words of the rules are made from them. */
#define CUT_FIRES       10
#define CUT_DENSE       .1 /* of all tokens */
#define CUT_PLACES      4  /* at most this many places of the row ... */
#define CUT_PLACE_SHARE .5 /* ... have this share of the firings */
#define CUT_STRONG      .5 /* of the largest activation: a strong firing */
#define CUT_ONE_TOKEN   .8 /* share of the strong firings on one token */
#define CUT_TOKENS      .9 /* share of them on the class's tokens */
#define CUT_OCCURRENCES .5 /* share of the token's, or class's, on which it fires */

/* The word of the column and of the filter, "dead", "token", ...; and its rule. */
const char *latent_kind_name(enum latent_kind kind);
const char *latent_kind_rule(enum latent_kind kind);
/* All rules, for a help topic. */
extern const char latent_kind_topic[];

/* The counts that the rule reads. */
struct latent_kind_facts {
    size_t fires, tokens; /* tokens: in the text */
    size_t at_positions;  /* firings at the CUT_PLACES places with most of them */
    size_t strong;        /* firings of CUT_STRONG of the largest or more */
    /* For the token with most strong firings at each place (fired on, the one before):
     * how many those are, its firings of any strength, and its occurrences there. */
    size_t top[2], top_fires[2], top_total[2];
    /* The same for the fewest tokens with CUT_TOKENS of the strong firings. */
    size_t class_fires, class_total;
};
enum latent_kind latent_kind_of(const struct latent_kind_facts *f);

#endif
