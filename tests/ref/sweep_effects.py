"""Paired t tests of a sweep's effects by scipy, for tests/unit/test_sweep_table.c.

Prints the tables `reference_values` and `reference_effects` of that test: values of some
measures over six seeds, unmasked and masked, and what scipy makes of the differences;
Holm's adjustment is written out here. It was run with

    scipy 1.17.1, numpy 2.4.6

    python tests/ref/sweep_effects.py
"""

import numpy as np
from scipy import stats

SEEDS, MEASURES = 6, 7
# Mean and spread of the differences: from plain to see to nothing at all.
EFFECT = [-0.0085, 0.008, 0.03, -0.014, 0.05, 0.019, 0.0]
SPREAD = [0.001, 0.004, 0.012, 0.031, 0.042, 0.01, 0.02]


def holm(p):
    order = np.argsort(p, kind="stable")
    out, floor = np.empty(len(p)), 0.0
    for rank, i in enumerate(order):
        floor = max(floor, min(1.0, (len(p) - rank) * p[i]))
        out[i] = floor
    return out


def main():
    rng = np.random.default_rng(4)
    before = np.round(rng.uniform(0.1, 0.9, (MEASURES, 1)) + rng.normal(0, 0.02, (MEASURES, SEEDS)), 6)
    after = np.round(before + np.array(EFFECT)[:, None] + np.array(SPREAD)[:, None] * rng.normal(size=(MEASURES, SEEDS)), 6)
    tests = [stats.ttest_rel(a, b) for a, b in zip(after, before)]
    p = np.array([t.pvalue for t in tests])
    print(f"static const double reference_values[{MEASURES}][2][{SEEDS}] = {{")
    for b, a in zip(before, after):
        print("    {{" + ", ".join(f"{v:.6f}" for v in b) + "},")
        print("     {" + ", ".join(f"{v:.6f}" for v in a) + "}},")
    print("};")
    print("/* difference, its interval, p, p by Holm */")
    print(f"static const double reference_effects[{MEASURES}][5] = {{")
    for b, a, t, q in zip(before, after, tests, holm(p)):
        low, high = t.confidence_interval(0.95)
        print("    {" + ", ".join(f"{v:.12g}" for v in (np.mean(a - b), low, high, t.pvalue, q)) + "},")
    print("};")


if __name__ == "__main__":
    main()
