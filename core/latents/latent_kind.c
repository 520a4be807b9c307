#include "latents/latent_kind.h"

#include <stdbool.h>

#define WORDS_OF(x) #x
#define WORDS(cut)  WORDS_OF(cut)

/* clang-format off */
#define RULE_DEAD     "fires on no token of this text"
#define RULE_RARE     "on fewer than " WORDS(CUT_FIRES)
#define RULE_DENSE    "on " WORDS(CUT_DENSE) " of all tokens or more"
#define RULE_POSITION WORDS(CUT_PLACE_SHARE) " of its firings or more at " \
                      WORDS(CUT_PLACES) " places of the row"
#define RULE_TOKEN    WORDS(CUT_ONE_TOKEN) " of its strong firings (" WORDS(CUT_STRONG) " of its max or " \
                      "more) on one token, on " WORDS(CUT_OCCURRENCES) " of which it fires or more"
#define RULE_AFTER    "the same of the token before"
#define RULE_CLASS    "it fires on " WORDS(CUT_OCCURRENCES) " or more of the tokens that have " \
                      WORDS(CUT_TOKENS) " of the strong firings"
#define RULE_CONTEXT  "it fires on fewer of them: what stands around decides"

static const struct {
    const char *name, *rule;
} kinds[LATENT_KINDS] = {
    [KIND_DEAD]     = {"dead", RULE_DEAD},
    [KIND_RARE]     = {"rare", RULE_RARE},
    [KIND_DENSE]    = {"dense", RULE_DENSE},
    [KIND_POSITION] = {"position", RULE_POSITION},
    [KIND_TOKEN]    = {"token", RULE_TOKEN},
    [KIND_AFTER]    = {"after", RULE_AFTER},
    [KIND_CLASS]    = {"class", RULE_CLASS},
    [KIND_CONTEXT]  = {"context", RULE_CONTEXT},
};

const char latent_kind_topic[] =
    "The first that holds. dead: " RULE_DEAD ". rare: " RULE_RARE ". dense: " RULE_DENSE
    ". position: " RULE_POSITION ". token: " RULE_TOKEN ". after: " RULE_AFTER
    ". class: " RULE_CLASS ". context: " RULE_CONTEXT
    ". The cuts are conventions. & takes kind=token.";
/* clang-format on */

const char *latent_kind_name(enum latent_kind kind)
{
    return kinds[kind].name;
}

const char *latent_kind_rule(enum latent_kind kind)
{
    return kinds[kind].rule;
}

static bool reaches(size_t part, size_t whole, double share)
{
    return whole > 0 && (double)part >= share * (double)whole;
}

static bool is_fired_on(size_t fires, size_t occurrences)
{
    return reaches(fires, occurrences, CUT_OCCURRENCES);
}

/* Whether one token has the strong firings, and fires it. */
static bool is_one_token(const struct latent_kind_facts *f, int place)
{
    return reaches(f->top[place], f->strong, CUT_ONE_TOKEN) &&
           is_fired_on(f->top_fires[place], f->top_total[place]);
}

enum latent_kind latent_kind_of(const struct latent_kind_facts *f)
{
    if (f->fires < CUT_FIRES) {
        return f->fires ? KIND_RARE : KIND_DEAD;
    }
    if (reaches(f->fires, f->tokens, CUT_DENSE)) {
        return KIND_DENSE;
    }
    if (reaches(f->at_positions, f->fires, CUT_PLACE_SHARE)) {
        return KIND_POSITION;
    }
    if (is_one_token(f, 0) || is_one_token(f, 1)) {
        return is_one_token(f, 0) ? KIND_TOKEN : KIND_AFTER;
    }
    return is_fired_on(f->class_fires, f->class_total) ? KIND_CLASS : KIND_CONTEXT;
}
