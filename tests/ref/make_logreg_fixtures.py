"""scikit-learn's minima of small logistic regressions, for tests/unit/test_logreg_min.c.

Writes tests/fixtures/eval/logreg.safetensors: inputs, labels, and for each problem the
weights, the intercept and the objective (in units of core/num/logreg.h) where
scikit-learn ends with its tolerances as small as doubles allow. It was run with

    scikit-learn 1.9.1, numpy 2.4.6

    python tests/ref/make_logreg_fixtures.py
"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

from common import version, write

N, D = 300, 24
warnings.simplefilter("error")


def sparse_codes(rng):
    """Codes of few latents a row, none negative; one fires in most rows, and a rare
    class (8 %) has two of its own, which miss some of its rows."""
    x = np.where(rng.random((N, D)) < 0.12, rng.gamma(2.0, 0.7, (N, D)), 0.0)
    x[:, 0] = np.where(rng.random(N) < 0.8, 1.0 + 0.2 * rng.standard_normal(N), 0.0)
    y = (rng.random(N) < 0.08).astype(np.int32)
    for j in (3, 7):
        x[:, j] += y * (rng.random(N) < 0.7) * (1.0 + 0.3 * rng.standard_normal(N) ** 2)
    return x.astype(np.float32), y


def dense_acts(rng):
    """Inputs that depend on each other; columns 4 and 5 are nearly alike."""
    x = rng.standard_normal((N, D)) @ (np.eye(D) + 0.3 * rng.standard_normal((D, D)))
    x[:, 5] = x[:, 4] + 1e-2 * rng.standard_normal(N)
    y = (x[:, 1] - x[:, 4] + 2.0 * rng.standard_normal(N) > 1.5).astype(np.int32)
    return x.astype(np.float32), y


def minimum(x, y, l1, l2, balanced):
    """Weights, intercept and objective of
    mean_i s_i log(1 + e^-u_i) + l1 |w|_1 + l2/2 |w|^2."""
    x = x.astype(np.float64)
    weight = (len(y) - y.sum()) / y.sum() if balanced else 1.0
    common = {"class_weight": {0: 1.0, 1: weight}, "C": 1.0 / (len(y) * (l1 + l2)),
              "random_state": 0}  # fmt: skip
    if l1 > 0:
        fit = LogisticRegression(solver="saga", l1_ratio=l1 / (l1 + l2), tol=1e-13,
                                 max_iter=400000, **common)  # fmt: skip
    else:
        fit = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000,
                                 **common)  # fmt: skip
    fit.fit(x, y)
    w, b = fit.coef_[0], fit.intercept_[0]
    u = (2 * y - 1) * (x @ w + b)
    s = np.where(y == 1, weight, 1.0)
    f = (s * np.logaddexp(0, -u)).mean() + l1 * abs(w).sum() + l2 / 2 * w @ w
    return np.append(w, b), f


PROBLEMS = [  # inputs, l1, l2, balanced
    ("codes", 0.01, 1e-6, True),
    ("codes", 0.05, 1e-6, True),
    ("codes", 0.002, 1e-6, False),
    ("codes", 0.0, 1e-3, True),
    ("acts", 0.01, 1e-6, True),
    ("acts", 0.001, 0.0, False),
    ("acts", 0.0, 2.6e-3, True),
    ("acts", 0.0, 5e-3, False),
]


def few(x, y, k, balanced):
    fit = LogisticRegression(C=1.0, class_weight="balanced" if balanced else None,
                             solver="newton-cholesky", tol=1e-12)  # fmt: skip
    fit.fit(x[:, :k].astype(np.float64), y)
    return np.append(fit.coef_[0], np.append(np.zeros(D - k), fit.intercept_[0]))


def main():
    rng = np.random.default_rng(11)
    data = {"codes": sparse_codes(rng), "acts": dense_acts(rng)}
    out = {}
    for name, (x, y) in data.items():
        out[f"{name}.x"], out[f"{name}.y"] = x, y
        out[f"{name}.few"] = [few(x, y, k, b) for k in (1, 8) for b in (True, False)]
    found = [minimum(*data[name], *rest) for name, *rest in PROBLEMS]
    out["weights"] = [w for w, _ in found]
    out["objective"] = [f for _, f in found]
    for problem, (w, f) in zip(PROBLEMS, found):
        print(problem, f, (w[:-1] != 0).sum())
    write("eval", "logreg", out,
          {"source": f"{version('scikit-learn')}, {version('numpy')}"})  # fmt: skip


if __name__ == "__main__":
    main()
