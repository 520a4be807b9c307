"""saetop's counter-based random numbers (core/base/rng.c), to draw as it does."""

import torch

RESAMPLE = 10  # RNG_RESAMPLE of core/base/rng.h
GOLDEN, ALL = 0x9E3779B97F4A7C15, 2**64 - 1


def finalise(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & ALL
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & ALL
    return z ^ (z >> 31)


def unit_at(seed, stream, a, b):
    """The number in [0, 1) at a position."""
    h = finalise(seed + GOLDEN & ALL)
    for n in (stream, a, b):
        h = finalise(h + (n + 1) * GOLDEN & ALL)
    return (h >> 11) * 2.0**-53


def draw_rows(weights, n, seed, stream, a):
    """n rows without replacement, with chances in proportion to weights: those of the
    greatest log(u) / weight, greatest first."""
    u = [1 - unit_at(seed, stream, a, b) for b in range(len(weights))]
    keys = torch.tensor(u, dtype=torch.float64).log() / weights.double()
    return keys.topk(int(n)).indices
