/* Which latents of two SAEs of one width, read at one place of one text, correspond.
 *
 * The likeness of two latents is the mean of two cosines: of their decoder rows, and of
 * where they fire, |a and b| / sqrt(|a| |b|) in tokens. Each is between 0 and 1, except
 * for decoder rows that point away. Latents that fire on fewer than PAIRS_FIRES tokens
 * are not compared: with few firings, some agree by chance.
 *
 * Pairs are from the assignment with the greatest sum of likeness, each latent in at
 * most one pair (num/assign.h), and only those of PAIRS_ALIKE or more. With more than
 * PAIRS_OPTIMAL latents on a side, whose assignment would take minutes, pairs are
 * mutual nearest neighbours instead, and `optimal` is false.
 *
 * A latent is split into its parts in the other SAE if there are two or more: a part
 * fires mostly (PAIRS_INSIDE) where the whole does, on enough of the whole's tokens
 * (PAIRS_COVER), in a direction not unlike (PAIRS_PART_COSINE). If one latent equals
 * the whole (PAIRS_EQUAL both ways) there is no split. Fused is the same seen from the
 * other side. The cuts are conventions, stated where they are shown; for how they
 * compare with chance see tests/unit/test_latent_pairs.c. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_PAIRS_H
#define SAETOP_LATENTS_LATENT_PAIRS_H

#include "latents/latent_table.h"

#define PAIRS_FIRES       ((size_t)10)
#define PAIRS_ALIKE       0.5
#define PAIRS_INSIDE      0.5
#define PAIRS_COVER       0.2
#define PAIRS_EQUAL       0.75
#define PAIRS_PART_COSINE 0.3
#define PAIRS_OPTIMAL     ((size_t)4096)
#define PAIRS_PARTS       6 /* most parts named of one latent, those that cover most */

struct latent_pair {
    int32_t latent[2]; /* of the first SAE, of the second */
    float cosine, firing;
};
static inline double latent_pair_alike(const struct latent_pair *p)
{
    return ((double)p->cosine + (double)p->firing) / 2.0;
}

/* A latent of one SAE and its parts in the other. */
struct latent_split {
    int32_t whole;
    size_t n, named; /* parts, and how many of them are listed */
    int32_t part[PAIRS_PARTS];
    float cover[PAIRS_PARTS]; /* share of the whole's tokens on which it fires */
    float together;           /* the sum of all their shares, which may overlap */
};

/* What the pairing found for a latent. */
enum pair_fate {
    PAIR_RARE,   /* fires on fewer than PAIRS_FIRES tokens: not compared */
    PAIR_MADE,   /* in a pair */
    PAIR_SPLIT,  /* not in a pair, but a whole or a part */
    PAIR_DOUBLE, /* like a latent that is paired with another */
    PAIR_ONLY,   /* the other SAE has nothing like it */
    PAIR_FATES
};

/* One of the two SAEs. */
struct pairs_side {
    size_t F, compared;          /* latents, and those that fire often enough */
    uint8_t *fate;               /* [F] enum pair_fate */
    struct latent_pair *nearest; /* [F] the most alike in the other SAE, taken or not;
                                    latent -1 if not compared */
    int32_t *with;               /* [F] index of its pair; -1 */
    size_t count[PAIR_FATES];    /* latents of each fate */
    struct latent_split *split;  /* [n_split] latents with parts in the other SAE, most
                                    firings first */
    size_t n_split, split_cap;
    int32_t *only; /* [count[PAIR_ONLY]] most firings first */
};
struct latent_pairs {
    atomic_int refs;
    bool optimal;
    struct pairs_side side[2];
    struct latent_pair *pair; /* [n] most alike first */
    size_t n;
};

/* Pairs the latents. s [2]: frozen copies of one D; t [2]: their tables over the same
 * acts_set. If an SAE is so dense that its table ends early, the text ends there for
 * both. ERR_USAGE if the widths differ, ERR_CANCELLED, ERR_NOMEM. O(F0 F1 D + firings x
 * L0), the assignment O(F^3) at worst: a quarter of a second for 2,048 latents a side
 * that have partners. Memory of F0 F1 doubles if optimal. Deterministic. */
enum err latent_pairs_new(const struct sae *const s[2],
                          const struct latent_table *const t[2],
                          const atomic_bool *cancel, struct latent_pairs **out,
                          struct errinfo *e) ERR_CHECKED;
struct latent_pairs *latent_pairs_ref(struct latent_pairs *p);
void latent_pairs_unref(struct latent_pairs *p); /* NULL is fine */

/* Returns the pair that a latent of side 0 or 1 is in, or NULL. O(1). */
const struct latent_pair *latent_pairs_of(const struct latent_pairs *p, size_t side,
                                          int32_t latent);

#endif
