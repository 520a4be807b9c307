"""Paired intervals by scipy, for tests/unit/test_paired.c.

Prints the tables `reference_pairs`, `reference_fixed` and `reference_anytime` of that test.
The fixed interval and its p are scipy's own; the anytime one is Lai's (1976), written out
here from theorem 2.1 of arXiv:2310.03722: not in the form that paired.c computes, but as
the bound on the likelihood ratio, solved by bisection. Then it counts how often either
excludes the truth, with scipy's and numpy's numbers. It was run with

    scipy 1.17.1, numpy 2.4.6

    python tests/ref/paired.py
"""

import numpy as np
from scipy import optimize, stats

PAIRS = 8


def ratio(t, n):
    """The likelihood ratio L_n, up to sqrt(2 pi)."""
    return (1 + t * t / (n - 1)) ** (n / 2) / np.sqrt(n)


def error(c, first):
    """At most with what probability L is c or more at `first` or later: it is so at
    first itself, or begins below c, with a mean there that is an integral."""
    a = np.sqrt((first - 1) * ((c * np.sqrt(first)) ** (2 / first) - 1))
    t = np.linspace(-a, a, 20001)
    below = np.trapezoid(ratio(t, first) * stats.t.pdf(t, first - 1), t)
    return 2 * stats.t.sf(a, first - 1) + below / c


def half(n, first, level):
    c = optimize.brentq(lambda c: error(c, first) - (1 - level), 1 / np.sqrt(first) + 1e-12, 1e9, xtol=1e-13, rtol=1e-14)
    return optimize.brentq(lambda t: ratio(t, n) - c, 0, 1e3, xtol=1e-13)


def anytime_p(t, n, first):
    c = ratio(t, n)
    return min(1.0, error(c, first)) if c * np.sqrt(first) > 1 else 1.0


def table(name, shape, rows):
    print(f"static const double {name}{shape} = {{")
    for row in rows:
        print("    {" + ", ".join(f"{v:.15g}" for v in row) + "},")
    print("};")


def misses(first, draws=20000, most=20):
    x = np.random.default_rng(1).normal(size=(draws, most))
    n = np.arange(1, most + 1)
    mean = x.cumsum(1) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(np.maximum((x**2).cumsum(1) - n * mean**2, 0) / (n - 1))
        t = np.abs(mean) / sd * np.sqrt(n)
    h = np.array([half(k, first, 0.95) for k in n[first - 1 :]])
    q = stats.t.ppf(0.975, n[first - 1 :] - 1)
    t = t[:, first - 1 :]
    return (t > h).any(1).mean(), (t > q).any(1).mean(), (t[:, 0] > q[0]).mean()


def main():
    rng = np.random.default_rng(13)
    before = np.round(rng.uniform(0.2, 0.8) + rng.normal(0, 0.02, PAIRS), 6)
    after = np.round(before + 0.011 + rng.normal(0, 0.012, PAIRS), 6)
    table("reference_pairs", f"[2][{PAIRS}]", [before, after])
    d = after - before
    rows = []
    for n in range(2, PAIRS + 1):
        t = stats.ttest_rel(after[:n], before[:n])
        low, high = t.confidence_interval(0.95)
        rows.append((n, d[:n].mean(), low, high, t.pvalue))
    table("reference_fixed", "[][5]", rows)
    rows = []
    for first in (2, 3, 5):
        for n in range(first, PAIRS + 1):
            unit = d[:n].std(ddof=1) / np.sqrt(n)
            h = half(n, first, 0.95)
            rows.append((first, n, h, d[:n].mean() - h * unit, d[:n].mean() + h * unit, anytime_p(abs(d[:n].mean()) / unit, n, first)))
    for first, n in ((5, 20), (10, 10), (20, 100)):
        rows.append((first, n, half(n, first, 0.95), 0, 0, -1))
    table("reference_anytime", "[][6]", rows)
    for first in (2, 3, 5, 10):
        print(f"first {first}: of 20,000 the anytime one misses up to 20 pairs %.4f, the fixed one %.4f (at first alone %.4f)" % misses(first))


if __name__ == "__main__":
    main()
