"""Sparse probing of words and texts, targeted probe perturbation, spurious correlation
removal."""

import numpy as np
from sklearn.metrics import roc_auc_score

from .numbers import Lasso, ridge
from .words import choose

SCORES = ("accuracy", "f1", "auc")


def score(z, y, balanced):
    """SAEBench's three, classes alike where balanced; NaN where a class is missing."""
    if not y.any() or y.all():
        return [np.nan] * 3
    yes = z > 0
    recall, miss = yes[y].mean(), yes[~y].mean()
    if balanced:
        accuracy, f1 = (recall + 1 - miss) / 2, 2 * recall / (recall + miss + 1)
    else:
        accuracy, f1 = (yes == y).mean(), 2 * (yes & y).sum() / (yes.sum() + y.sum())
    return [accuracy, f1, roc_auc_score(y, z)]


class Table:
    """Rows of a task: to learn from, to test on, out of distribution."""

    def __init__(self, raw, codes, train, test, balanced):
        self.raw, self.codes = raw.astype(np.float64), codes.tocsr()
        self.train, self.end, self.balanced = train, train + test, balanced
        mean = self.raw[:train].mean(0)
        self.centred = (self.raw - mean) / np.sqrt(((self.raw[:train] - mean) ** 2).mean())
        self.dense = codes.toarray()

    def rate(self, z, y):
        return score(z[self.train : self.end], y[self.train : self.end], self.balanced) + score(z[self.end :], y[self.end :], self.balanced)

    def sparse(self, x, y, ks):
        t = y[: self.train]
        gap = abs(x[: self.train][t].mean(0) - x[: self.train][~t].mean(0))
        order = np.argsort(-gap, kind="stable")
        weight = np.where(t, len(t) / (2 * t.sum()), len(t) / (2 * (~t).sum())) if self.balanced else np.ones(len(t))
        out = []
        for k in ks:
            coef, bias = ridge(x[: self.train, order[:k]], t, weight, 1.0)
            out.append(self.rate(x[:, order[:k]] @ coef + bias, y))
        return order, out

    def full(self, x, y):
        t = y[: self.train]
        weight = np.where(t, (~t).sum() / t.sum(), 1.0) if self.balanced else np.ones(len(t))
        coef, bias = ridge(x[: self.train], t, weight, 0.5 if self.balanced else 1.0)
        return self.rate(x @ coef + bias, y)

    def oracle(self, y):
        """AUC of raw probes from one half of the OOD rows on the other."""
        x, t, auc = self.raw[self.end :], y[self.end :], []
        if len(t) < 4:
            return np.nan
        for parity in (0, 1):
            a, b = np.arange(parity, len(t), 2), np.arange(1 - parity, len(t), 2)
            if t[a].all() or not t[a].any() or t[b].all() or not t[b].any():
                return np.nan
            fold = Table(np.vstack([x[a], x[b]]), self.codes[: len(t)], len(a), len(b), self.balanced)
            auc.append(fold.full(fold.centred, np.r_[t[a], t[b]])[2])
        return np.mean(auc)

    def task(self, y, ks):
        """Scores of each probe, the named latents and those of them that stay silent out
        of distribution."""
        order, latents = self.sparse(self.dense, y, ks)
        _, dims = self.sparse(self.raw, y, ks)
        out = {f"k{k}": v for k, v in zip(ks, latents)} | {f"raw_k{k}": v for k, v in zip(ks, dims)}
        out["sae"] = self.full(self.codes, y)
        out["raw"] = self.full(self.centred, y)
        named = [int(j) for j in order[:5]]
        lost = [j for j in named if len(self.dense) > self.end and self.dense[: self.end, j].any() and not self.dense[self.end :, j].any()]
        return {"scores": out, "oracle": self.oracle(y), "latents": named, "in_distribution_only": lost}


def report(r, prefix, tasks, unit):
    oracle = np.array([t["oracle"] for t in tasks])
    put = lambda path, x: r.ratio(path, x[~np.isnan(x)], np.ones((~np.isnan(x)).sum()), unit)
    for probe in tasks[0]["scores"] if tasks else ():
        v = np.array([t["scores"][probe] for t in tasks])
        for i, name in enumerate(SCORES + tuple(n + "_ood" for n in SCORES)):
            put(f"{prefix}.{probe}.{name}", v[:, i])
        put(f"{prefix}.{probe}.gap", v[:, 2] - v[:, 5])
        put(f"{prefix}.{probe}.gap_to_oracle", oracle - v[:, 5])
    put(f"{prefix}.oracle.auc_ood", oracle)


def sparse_ks(s, family):
    return sorted(int(k[1:]) for k in s.eval["probing"][family] if k[0] == "k")


def word_probes(s, r, w):
    d = s.details["probing_concepts_sample"]
    ood, at = s.text.get("out_of_distribution"), np.array(d["out_of_distribution"], int)
    raw, codes, y = w.x, w.raw, w.y
    if ood is not None:
        parts = choose(ood, w.member, s.settings["seed"], 16, 1.0)
        r.same("details: words out of distribution", at, np.concatenate(parts))
        from scipy import sparse

        raw = np.vstack([raw, ood.flat[at]])
        codes = sparse.vstack([codes, ood.codes[at]]).tocsr()
        y = np.vstack([y, w.member[ood.ids.ravel()[at]]])
    train, test = y[: w.train].sum(0), y[w.train : w.n].sum(0)
    enough = (train >= 20) & (test >= 5) & (w.train - train >= 20) & (w.n - w.train - test >= 5)
    r.same("details: concepts that are probed", np.array(d["tasks"]), np.flatnonzero(enough))
    table, ks = Table(raw, codes, w.train, w.n - w.train, True), sparse_ks(s, "leaf")
    tasks = {k: table.task(y[:, k], ks) for k in np.flatnonzero(enough)}
    for kind in ("leaf", "super", "letter"):
        report(r, "probing." + kind, [t for k, t in tasks.items() if w.kinds[k] == kind], "concepts")
    r.put("probing_concepts", [{n: t[n] for n in ("latents", "in_distribution_only")} for t in tasks.values()])


# ---- texts ----


class Sentences:
    """A task's texts as means over their tokens, of activations and of codes."""

    def __init__(self, s, d):
        from scipy import sparse

        raw, codes = [], []
        for ids in d["ids"]:
            use = ~np.isin(ids, s.special)
            x = s.at_hook([ids])[0][0].numpy()[use]
            raw.append(x.astype(np.float64).mean(0))
            codes.append(sparse.csr_matrix(s.codes(x).mean(0)))
        self.name, self.train, self.test = d["task"], d["train"], d["test"]
        self.y = np.array(d["label"]) == 1
        self.spurious = np.array(d["spurious"]) == 1 if "spurious" in d else None
        self.raw, self.codes = np.array(raw), sparse.vstack(codes).tocsr()
        self.dense = self.codes.toarray()


def text_probes(s, r):
    if not s.details.get("sentences"):
        return
    sets = [Sentences(s, d) for d in s.details["sentences"]]
    ks = sparse_ks(s, "sentences")
    tasks = [Table(t.raw, t.codes, t.train, t.test, False).task(t.y, ks) for t in sets]
    report(r, "probing.sentences", tasks, "tasks")
    r.put("probing_tasks", [{n: t[n] for n in ("latents", "in_distribution_only")} for t in tasks])
    tpp(s, r, sets)
    scr(s, r, sets)


class Linear:
    """L1 probe on mean activations, and each latent's effect on its decision."""

    def __init__(self, s, t, y, use=slice(None)):
        x, self.mean = t.raw[: t.train][use], t.raw[: t.train][use].mean(0)
        self.scale = 1 / np.sqrt(((x - self.mean) ** 2).mean())
        fit = Lasso((x - self.mean) * self.scale, y[: t.train][use][:, None].astype(float), np.ones(len(x)), False, 1e-3, 0.0)
        # The dual of no L2 at all: a point of it is bounded all the same.
        w, b, self.gap = fit.fit(np.zeros((x.shape[1], 1)), tol=1e-7, most=200000)
        self.w, self.b = w[:, 0] * self.scale, b[0]
        self.effect = s.decoder @ self.w

    def accuracy(self, t, y, gone=()):
        rows = slice(t.train, t.train + t.test)
        z = (t.raw[rows] - self.mean) @ self.w + self.b
        z = z - t.dense[rows][:, list(gone)] @ self.effect[list(gone)]
        return ((z > 0) == y[rows]).mean()


def ranked(t, y, effect, size):
    """SAEBench's: topk over all effects, as many as there are other than 0."""
    c = t.dense[: t.train]
    a, b = c[y[: t.train]].mean(0), c[~y[: t.train]].mean(0)
    # Means that are equal are so but for rounding: how many effects there are hangs on it.
    gap = np.where(abs(a - b) <= 1e-6 * np.maximum(a, b), 0, a - b)
    e = abs(gap * effect) if size else np.maximum(gap, 0) * effect
    return np.argsort(-e, kind="stable")[: (e != 0).sum()]


def tpp(s, r, sets):
    d = s.details.get("tpp")
    if d is None:
        return
    probes = [Linear(s, t, t.y) for t in sets]
    r.at_most("details: duality gap of TPP's probes", max(p.gap[0] for p in probes), 1e-6)
    before = np.array([p.accuracy(t, t.y) for p, t in zip(probes, sets)])
    r.same("details: TPP accuracy before", np.array([t["accuracy"] for t in d["tasks"]]), before)
    orders = [ranked(t, t.y, p.effect, False) for p, t in zip(probes, sets)]
    n = len(sets)
    for i, count in enumerate(d["counts"]):
        after = np.array([[probes[a].accuracy(sets[a], sets[a].y, o[:count]) for a in range(n)] for o in orders])
        r.same("details: TPP accuracy after", np.array(d["accuracy_after"][i]), after)
        drop = before - after
        own, others = np.diag(drop), (drop.sum(1) - np.diag(drop)) / (n - 1)
        for name, x in (("total", own - others), ("intended", own), ("unintended", others)):
            r.ratio(f"tpp.n{count}.{name}", x, np.ones(n), "tasks")


def scr(s, r, sets):
    d = s.details.get("scr")
    if not d:
        return
    by_name, total = {t.name: t for t in sets}, {}
    for given in d:
        t = by_name[given["task"]]
        want = (t.y, t.spurious)
        biased = Linear(s, t, t.y, t.y[: t.train] == t.spurious[: t.train])
        of = [Linear(s, t, y) for y in want]
        for asked, name in ((0, "dir1"), (1, "dir2")):
            before, top = biased.accuracy(t, want[asked]), of[asked].accuracy(t, want[asked])
            order = ranked(t, want[1 - asked], of[1 - asked].effect, True)
            after = np.array([biased.accuracy(t, want[asked], order[:c]) for c in given["counts"]])
            r.same("details: SCR accuracy", np.array([given[name]["accuracy_before"], given[name]["accuracy_of_unbiased"]]), np.array([before, top]))
            r.same("details: SCR accuracy after", np.array(given[name]["accuracy_after"])[: len(after)], after)
            total.setdefault(name, []).append((after - before) / (top - before) if top - before >= 0.001 else 0 * after)
        a, b = biased.accuracy(t, t.y), biased.accuracy(t, t.spurious)
        pick = "dir1" if a < b else "dir2"
        total.setdefault("", []).append(total[pick][-1] if a != b else np.full(len(after), np.nan))
    for i, c in enumerate(d[0]["counts"]):
        for name, v in total.items():
            x = np.array(v)[:, i]
            x = x[~np.isnan(x)]
            r.ratio(f"scr.{name + '.' if name else ''}n{c}", x, np.ones(len(x)), "tasks")
