/* Random numbers that are functions of a counter, so that a state is a position and a
 * result depends on the seed alone, not on the order or number of threads. Any thread.
 * rng_at is the splitmix64 finaliser over the mixed key (Steele, Lea, Flood 2014). */
#ifndef SAETOP_BASE_RNG_H
#define SAETOP_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Named streams: two users of one seed never share draws. Append only: the numbers are
 * part of what a seed means. */
enum rng_stream {
    RNG_DOCUMENT = 1, /* grammar text */
    RNG_SHUFFLE = 2,  /* order of documents and activations */
    RNG_MASK = 3,     /* which positions are masked */
    RNG_MASK_ID = 4,  /* what replaces them */
    RNG_INIT = 5,     /* initial weights */
    RNG_HELDOUT = 6,  /* evaluation text */
    RNG_SAMPLE = 7,   /* generation, subsampling of statistics */
    RNG_BOOTSTRAP = 8,
    RNG_PRETRAIN_MASK = 9,
    RNG_RESAMPLE = 10,
    RNG_PROBE = 11,
    RNG_PREFIX = 12,  /* Matryoshka prefixes drawn each step */
    RNG_FEATURE = 13, /* directions and loadings of the synthetic source */
};

/* 64 uniform bits at (seed, stream, a, b). */
uint64_t rng_at(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b);
/* Uniform in [0,1) at that place; 53 bits. */
double rng_unit_at(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b);

/* A sequence of draws: rng_at with a running counter as b. */
struct rng {
    uint64_t seed;
    enum rng_stream stream;
    uint64_t key;
    uint64_t next;
};
struct rng rng_begin(uint64_t seed, enum rng_stream stream, uint64_t key);
uint64_t rng_u64(struct rng *r);
double rng_unit(struct rng *r);                /* [0,1) */
uint64_t rng_below(struct rng *r, uint64_t n); /* 0..n-1, unbiased; n >= 1 */
double rng_normal(struct rng *r);              /* mean 0, variance 1 */
/* A permutation of 0..n-1 chosen by seed and key, at place x below n: four Feistel
 * rounds on the next even number of bits, repeated until the value is below n (less
 * than four times on average). Draws from RNG_SHUFFLE; a key with its high bit set
 * keeps the draws apart from the shuffling of activations. */
uint64_t rng_permuted_at(uint64_t seed, uint64_t key, uint64_t n, uint64_t x);
/* Fisher-Yates over idx[n]. */
void rng_permute(struct rng *r, uint32_t *idx, size_t n);

#endif
