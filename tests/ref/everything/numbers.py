"""Draws, intervals and logistic regressions. The draws are those of core/acts/README.md,
and intervals need the same ones; the fits are scikit-learn's, or numpy's own where it has
none of that form."""

import warnings

import numpy as np
from scipy import sparse
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

U = np.uint64
G = U(0x9E3779B97F4A7C15)
ORDER, MASK, SAMPLE, BOOTSTRAP, PROBE = 2, 3, 7, 8, 11


def fin(z):
    z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
    return z ^ (z >> U(31))


def at(seed, stream, a, b):
    """Arrays a and b, broadcast."""
    with np.errstate(over="ignore"):
        h = fin(np.asarray(seed, U) + G)
        for n in (stream, a, b):
            h = fin(h + (np.asarray(n, U) + U(1)) * G)
    return h


def unit(seed, stream, a, b):
    return (at(seed, stream, a, b) >> U(11)).astype(np.float64) / 2.0**53


def below(draws, n):
    """Draws as numbers 0..n-1. The few that would be drawn again, n in 2^64, are none."""
    assert not (draws < U((2**64) % n)).any()
    return (draws % U(n)).astype(np.int64)


drawn = {}


def bootstrap(x, w, seed, reps):
    """95 % interval of sum x / sum w, units drawn with replacement; as far out as n ask for."""
    n = len(x)
    if n < 2:
        return np.nan, np.nan
    key = (n, seed, reps)
    if key not in drawn:
        drawn[key] = below(at(seed, BOOTSTRAP, np.arange(reps)[:, None], np.arange(n)[None, :]), n)
    i = drawn[key]
    with np.errstate(invalid="ignore", divide="ignore"):
        v = x[i].sum(1) / w[i].sum(1)
    tail = norm.cdf(-np.sqrt(n / (n - 1)) * student.ppf(0.975, n - 1))
    return tuple(np.quantile(v[~np.isnan(v)], [tail, 1 - tail]))


# ---- fits ----


def newton(x, y, weight, c):
    """The same minimum where scikit-learn takes minutes: Newton's steps, until the
    gradient, which is 0 at the minimum and nowhere else, is below 1e-9 of its scale."""
    n, d = x.shape
    weight = c * weight
    light = x if sparse.issparse(x) else x.astype(np.float32)
    w, scale = np.zeros(d + 1), weight.sum()

    def forces(w):
        z = x @ w[:-1] + w[-1]
        p = 0.5 + 0.5 * np.tanh(0.5 * z)
        r = weight * (p - y)
        return z, p, np.r_[x.T @ r + w[:-1], r.sum()]

    def objective(w, z):
        return (weight * np.logaddexp(0.0, np.where(y, -z, z))).sum() + 0.5 * (w[:-1] ** 2).sum()

    z, p, g = forces(w)
    f = objective(w, z)
    for _ in range(200):
        if abs(g).max() < 1e-9 * scale:
            return w[:-1], w[-1]
        h = weight * p * (1 - p)
        full = np.empty((d + 1, d + 1))
        if sparse.issparse(x):
            full[:-1, :-1] = (x.T @ x.multiply(h[:, None]).tocsr()).toarray()
        else:
            full[:-1, :-1] = light.T @ (light * h[:, None].astype(np.float32))
        full[:-1, :-1] += np.eye(d)
        full[-1, :-1] = full[:-1, -1] = x.T @ h
        full[-1, -1] = h.sum() + 1e-12 * scale
        step, t = np.linalg.solve(full, g), 1.0
        while True:
            z, p, gn = forces(w - t * step)
            fn = objective(w - t * step, z)
            if fn <= f - 1e-4 * t * (g @ step) or t < 1e-6:
                break
            t /= 2
        w, f, g = w - t * step, fn, gn
    raise SystemExit(f"a fit stopped with a gradient of {abs(g).max() / scale:.1e}")


def ridge(x, y, weight, c):
    """Minimum of |w|^2/2 + c sum weight log(1 + exp(-y z)): (w, b). By scikit-learn where
    inputs are few."""
    if x.shape[1] > 64:
        return newton(x, y, weight, c)
    fit = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-9, max_iter=20000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit.fit(x, y, sample_weight=weight)
    return fit.coef_[0], fit.intercept_[0]


def log1pexp(z):
    return np.logaddexp(0.0, z)


class Lasso:
    """1/n sum s log(1 + exp(-y z)) + l1 |w|_1 + l2/2 |w|^2 with a free bias, many classes at
    once: proximal gradient with Nesterov's steps, until the duality gap of each class is
    below `tol` of its objective. scikit-learn has no such fit (liblinear's penalises the
    bias; saga takes hours)."""

    def __init__(self, x, y, times, balanced, l1, l2):
        self.x, self.xt, self.y, self.l1, self.l2 = x, x.T.tocsr() if hasattr(x, "tocsr") else x.T, y, l1, l2
        n = times.sum()
        pos = times @ y
        s = np.ones_like(y)
        if balanced:
            s = np.where(y > 0, (n - pos) / np.maximum(pos, 1), 1.0)
        self.s = s * (times / n)[:, None]
        self.skip = (pos == 0) | (pos == n)

    def bound(self):
        """The largest curvature of each class, by power iteration."""
        d, c = self.x.shape[1], self.y.shape[1]
        v = np.random.default_rng(0).normal(size=(d + 1, c))
        for _ in range(60):
            v /= np.linalg.norm(v, axis=0)
            z = self.s * (self.x @ v[:-1] + v[-1])
            v = np.vstack([self.xt @ z, z.sum(0)])
        return 0.25 * np.linalg.norm(v, axis=0) * 1.05 + self.l2

    def forces(self, w, b):
        z = self.x @ w + b
        p = 1.0 / (1.0 + np.exp(-z))
        r = self.s * (p - self.y)
        return self.xt @ r, r.sum(0), z

    def objective(self, w, z):
        return (self.s * log1pexp(np.where(self.y > 0, -z, z))).sum(0) + self.l1 * abs(w).sum(0) + self.l2 / 2 * (w * w).sum(0)

    def best_bias(self, w, b):
        for _ in range(50):
            p = 1.0 / (1.0 + np.exp(-(self.x @ w + b)))
            g, h = (self.s * (p - self.y)).sum(0), (self.s * p * (1 - p)).sum(0)
            step = np.clip(g / np.maximum(h, 1e-12), -1, 1)
            b = b - step
            if abs(step).max() < 1e-13:
                break
        return b

    def gap(self, w, b):
        """Of each class, as a share of its objective; the bias is made best first."""
        b = self.best_bias(w, b)
        z = self.x @ w + b
        a = 1.0 / (1.0 + np.exp(np.where(self.y > 0, z, -z)))  # of the dual, feasible but for |v| > l1
        v = abs(self.xt @ (self.s * a * np.where(self.y > 0, 1.0, -1.0)))
        f, best = self.objective(w, z), np.full(w.shape[1], -np.inf)
        # Two points of the dual: made to meet |v| <= l1, or paying for it by the L2 term.
        for shrink in (np.minimum(1.0, self.l1 / np.maximum(v.max(0), 1e-300)), np.ones(w.shape[1])):
            t = a * shrink
            h = np.where(t > 0, t * np.log(np.maximum(t, 1e-300)), 0) + (1 - t) * np.log1p(-np.minimum(t, 1 - 1e-16))
            over = (np.maximum(v * shrink - self.l1 * (1 + 1e-15), 0) ** 2).sum(0)
            cost = over / (2 * self.l2) if self.l2 > 0 else np.where(over > 0, np.inf, 0)
            best = np.maximum(best, -(self.s * h).sum(0) - cost)
        return np.where(self.skip, 0.0, (f - best) / f), b

    def fit(self, w, tol=1e-6, most=20000):
        """From w on: weights, biases, gaps."""
        step = 1.0 / self.bound()
        b = self.best_bias(w, np.zeros(w.shape[1]))
        wy, by, t = w, b, np.ones(w.shape[1])
        for i in range(most):
            gw, gb, _ = self.forces(wy, by)
            u = wy - step * (gw + self.l2 * wy)
            wn = np.sign(u) * np.maximum(abs(u) - step * self.l1, 0)
            bn = by - step * gb
            back = ((wy - wn) * (wn - w)).sum(0) + (by - bn) * (bn - b) > 0  # restart such classes
            t = np.where(back, 1.0, t)
            tn = (1 + np.sqrt(1 + 4 * t * t)) / 2
            m = np.where(back, 0.0, (t - 1) / tn)
            wy, by = wn + m * (wn - w), bn + m * (bn - b)
            w, b, t = wn, bn, tn
            if i % 50 == 0:
                gap, best = self.gap(w, b)
                if gap.max() < tol:
                    return w, best, gap
        return w, *self.gap(w, b)[::-1]


# ---- scores ----


def weighted_f1(yes, y, balanced):
    """F1 of booleans, classes of equal weight where balanced; 0 without a hit."""
    pos, neg = y.sum(), (~y).sum()
    hit, miss = (yes & y).sum(), (yes & ~y).sum()
    if hit == 0 or pos == 0:
        return 0.0
    if not balanced:
        return 2 * hit / (hit + miss + pos)
    recall = hit / pos
    return 2 * recall / (recall + (miss / neg if neg else 0) + 1)
