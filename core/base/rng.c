#include "base/rng.h"

#include <math.h>

#define GOLDEN                                                                         \
    0x9E3779B97F4A7C15u /* odd, 2^64 / golden ratio: splitmix64's increment */

/* splitmix64's finaliser (Stafford's variant 13): every input bit flips half the
 * output. */
static uint64_t finalise(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* One step of splitmix64, jumping to position n from state h. */
static uint64_t jump(uint64_t h, uint64_t n)
{
    return finalise(h + (n + 1) * GOLDEN);
}

uint64_t rng_at(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b)
{
    /* A finaliser between the parts: without it (seed 1, a 0) would be (seed 0, a 1).
     * The last is splitmix64 itself, with b as its position. */
    uint64_t h = finalise(seed + GOLDEN);
    h = jump(h, (uint64_t)stream);
    h = jump(h, a);
    return jump(h, b);
}

/* The upper 53 bits, all that a double's mantissa holds. */
static double unit_of(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double rng_unit_at(uint64_t seed, enum rng_stream stream, uint64_t a, uint64_t b)
{
    return unit_of(rng_at(seed, stream, a, b));
}

struct rng rng_begin(uint64_t seed, enum rng_stream stream, uint64_t key)
{
    return (struct rng){.seed = seed, .stream = stream, .key = key, .next = 0};
}

uint64_t rng_u64(struct rng *r)
{
    return rng_at(r->seed, r->stream, r->key, r->next++);
}

double rng_unit(struct rng *r)
{
    return unit_of(rng_u64(r));
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    /* The first 2^64 mod n values would make small results too frequent. */
    const uint64_t skip = (0 - n) % n;
    uint64_t v = rng_u64(r);
    while (v < skip) {
        v = rng_u64(r);
    }
    return v % n;
}

double rng_normal(struct rng *r)
{
    /* Box and Muller. Both draws are used up for one value, so that the state stays a
     * position; 1 - u is in (0,1], where log is finite. */
    const double two_pi = 6.283185307179586476925;
    const double u = rng_unit(r);
    const double v = rng_unit(r);
    return sqrt(-2.0 * log(1.0 - u)) * cos(two_pi * v);
}

uint64_t rng_permuted_at(uint64_t seed, uint64_t key, uint64_t n, uint64_t x)
{
    unsigned half = 1;
    while (half < 32 && (uint64_t)1 << (2 * half) < n) {
        half++;
    }
    const uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t l = x >> half;
        uint64_t r = x & mask;
        for (uint64_t round = 0; round < 4; round++) {
            const uint64_t f = rng_at(seed, RNG_SHUFFLE, key, round << 60 | r);
            const uint64_t t = l ^ (f & mask);
            l = r;
            r = t;
        }
        x = l << half | r;
    } while (x >= n);
    return x;
}

void rng_permute(struct rng *r, uint32_t *idx, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)rng_below(r, (uint64_t)i);
        const uint32_t t = idx[i - 1];
        idx[i - 1] = idx[j];
        idx[j] = t;
    }
}
