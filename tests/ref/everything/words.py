"""Absorption: which latents carry a concept, what was decided on each of its words, how
firm the choice is, and the held-out F1 of the best latent."""

import numpy as np

from .numbers import PROBE, SAMPLE, Lasso, at, ridge, unit, weighted_f1

FULL_COS, FRACTION_COS, SHARE, SILENT, F1_JUMP, MOST, SPREAD = 0.025, 0.1, 0.4, 1e-8, 0.03, 10, 0.95


class Words:
    """The sample of word occurrences with activations and codes."""

    def __init__(self, s, key="absorption"):
        d = s.details[key]
        text = s.text["in_distribution"]
        self.d, self.s = d, s
        self.names = [c["concept"] for c in s.details["concepts"]]
        self.kinds = np.array([c["kind"] for c in s.details["concepts"]])
        self.position, self.token = np.array(d["sample"]["position"]), np.array(d["sample"]["token"])
        self.train, self.rank, self.n = d["sample"]["train"], d["sample"]["rank"], len(self.token)
        self.x = text.flat[self.position].astype(np.float64)
        self.raw = text.codes[self.position].astype(np.float64)  # in the raw unit
        self.codes = (self.raw * s.scale).tocsr()  # in the SAE's own
        vocab = s.model.config.vocab_size
        self.member = np.zeros((vocab, len(self.names)), bool)
        for k, c in enumerate(s.details["concepts"]):
            self.member[c["tokens"], k] = True
        self.y = self.member[self.token]
        self.dense = self.codes.toarray()

    def test(self):
        return slice(self.train, self.n)


def choose(text, member, seed, per_word, share):
    """Positions of the sample by the rule: ranking ones, other training ones, test ones."""
    ids, counts = text.ids.ravel(), text.counts.ravel()
    where = np.flatnonzero(member[ids].any(1) & counts)
    draw = at(seed, SAMPLE, 0, where)
    order = np.lexsort((where, draw, ids[where]))
    where, token = where[order], ids[where[order]]
    first = np.r_[True, token[1:] != token[:-1]]
    rank = np.arange(len(token)) - np.maximum.accumulate(np.where(first, np.arange(len(token)), 0))
    start = unit(seed, PROBE, 0, token)
    test = np.floor(start + (rank + 1) * share) > np.floor(start + rank * share)
    keep = rank < per_word
    where, token, test, first = where[keep], token[keep], test[keep], first[keep]
    trained = np.cumsum(~test) - (~test)
    trained -= np.maximum.accumulate(np.where(first, trained, 0))
    part = np.where(test, 2, np.where(trained < 5, 0, 1))
    return [np.sort(where[part == p]) for p in range(3)]


def truth_probes(w):
    """Ground-truth probes by scikit-learn: direction, cut, F1, and which test rows each
    says yes to [test, concept]."""
    mean = w.x[: w.train].mean(0)
    z = w.x - mean
    scale = 1 / np.sqrt((z[: w.train] ** 2).mean())
    z *= scale
    direction, cut = np.zeros((len(w.names), z.shape[1])), np.full(len(w.names), np.nan)
    yes = np.zeros((w.n - w.train, len(w.names)), bool)
    for k in range(len(w.names)):
        y = w.y[: w.train, k]
        if not y.any() or y.all():
            continue
        weight = np.where(y, (len(y) - y.sum()) / y.sum(), 1.0)
        coef, bias = ridge(z[: w.train], y, weight, 1 / (len(y) * 2.6e-3))
        yes[:, k] = z[w.test()] @ coef + bias > 0
        norm = np.linalg.norm(coef)
        direction[k], cut[k] = coef / norm, -bias / norm / scale
    return mean, direction, cut, yes


def best_latents(weights):
    return np.argsort(-weights, kind="stable")[:MOST]


def few(w, x, y, latents, balanced):
    """Test F1 of scikit-learn's probe on a few latents; rows where all are silent are two
    rows with the weights of many."""
    v = x[: w.train, latents]
    fires = (v != 0).any(1)
    yt = y[: w.train]
    rows = np.vstack([v[fires], np.zeros((2, len(latents)))])
    label = np.r_[yt[fires], True, False]
    times = np.r_[np.ones(fires.sum()), (yt & ~fires).sum(), (~yt & ~fires).sum()]
    weight = times * np.where(label, len(yt) / (2 * yt.sum()), len(yt) / (2 * (~yt).sum()))
    keep = weight > 0
    coef, bias = ridge(rows[keep], label[keep], weight[keep], 1.0)
    return weighted_f1(x[w.test()][:, latents] @ coef + bias > 0, y[w.test()], balanced)


def main_latents(w, x, y, weights, main_form):
    """The best ones as long as F1 jumps, and the F1 of the first."""
    order, last, n, first = best_latents(weights), -100.0, 0, np.nan
    for i in range(1, len(order) + 1):
        if main_form and i > 1 and not weights[order[i - 1]] > 0:
            break
        f1 = few(w, x, y, order[:i], main_form)
        first = f1 if i == 1 else first
        if not f1 > last + F1_JUMP:
            break
        last, n = f1, i
    return order[:n], first


def first_latents(w, y, weights):
    """F1 of probes on the first 1, 2, .. latents of a weight above 0."""
    order = best_latents(weights)
    n = max((weights[order] > 0).sum(), 1)
    return [few(w, w.dense, y, order[:k], True) for k in range(1, n + 1)]


def firing(w, k, latent):
    """F1, precision and recall of "it fires" on test rows, the classes weighted alike."""
    fires, y = w.dense[w.test()][:, latent] > 0, w.y[w.test(), k]
    hit, wrong = fires[y].mean(), fires[~y].mean()
    return [2 * hit / (hit + wrong + 1), hit / (hit + wrong) if hit > 0 else 0.0, hit]


class Outcome:
    """The rule on occurrences whose codes are `codes` and whose projection is p."""

    def __init__(self, s, codes, p, direction, main):
        along = s.decoder @ direction
        cosine = along / np.linalg.norm(s.decoder, axis=1)
        act = codes.toarray()
        share = act * along
        is_main = np.zeros(len(along), bool)
        is_main[main] = True
        self.fires = (act[:, is_main] >= SILENT).any(1)
        main_sum = share[:, is_main].sum(1)
        other = np.where(~is_main & (cosine >= FRACTION_COS) & (share > 0), share, 0)
        others = np.sort(other, 1)[:, -3:].sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            counts = (p > 0) & (main_sum < p) & (others / p >= SHARE)
            absorbed = np.minimum(others, p - main_sum)
            part = np.where(main_sum <= 0, 1.0, absorbed / (absorbed + main_sum))
            top = np.where(act > 0, share, -np.inf).argmax(1)
            pick = np.arange(len(top)), top
            self.share = np.where((p > 0) & (act[pick] > 0), share[pick] / p, 0.0)
        self.fraction = np.where(counts, part, 0.0)
        full = ~self.fires & (self.share >= SHARE) & (cosine[top] >= FULL_COS)
        self.by = np.where(full, top, -1)


class Held:
    """The held-out occurrences of a concept, what its probe says, and the verdicts."""

    def __init__(self, w, where, k, mean, direction, cut, main, alike):
        text = w.s.text["in_distribution"]
        self.at = where[w.member[text.ids.ravel()[where], k]]
        self.token = text.ids.ravel()[self.at]
        self.p = (text.flat[self.at].astype(np.float64) - mean) @ direction
        self.right = self.p > cut
        self.o = Outcome(w.s, text.codes[self.at], self.p, direction, main)
        weight = self.right.astype(float)
        if alike:  # all words of the concept
            _, back = np.unique(self.token, return_inverse=True)
            weight /= np.maximum(np.bincount(back, weight), 1)[back]
        self.weight = weight

    def rate(self, x):
        return (self.weight * x).sum() / self.weight.sum() if self.weight.any() else np.nan


def heldout_f1(w):
    text, s = w.s.text["in_distribution"], w.s
    ids, counts = text.ids.ravel(), text.counts.ravel()
    where = np.flatnonzero(w.member[ids].any(1) & counts)
    token = ids[where]
    forms = np.unique(token)
    concept = w.member[forms].argmax(1)
    order = np.lexsort((forms, at(s.settings["seed"], SAMPLE, 1, forms), concept))
    half = np.zeros(w.member.shape[0], int)
    half[forms[order]] = np.arange(len(forms)) % 2
    fires = (text.codes[where] > 0).tocsr()
    side, out = half[token], np.full(len(w.names), np.nan)
    per = [np.asarray(fires[side == h].sum(0))[0].astype(float) for h in (0, 1)]
    for k in range(len(w.names)):
        y = w.member[token, k]
        f1, ok = [], True
        for h in (0, 1):
            here = y & (side == h)
            pos, neg = here.sum(), ((side == h) & ~y).sum()
            ok &= pos > 0
            hit = np.asarray(fires[here].sum(0))[0].astype(float)
            recall, miss = hit / max(pos, 1), (per[h] - hit) / max(neg, 1)
            f1.append(np.where(hit > 0, 2 * recall / (recall + miss + 1), 0.0))
        if ok:
            out[k] = 0.5 * (f1[1][f1[0].argmax()] + f1[0][f1[1].argmax()])
    return out


def chosen_again(w, r, eligible, start, resample, dumped):
    """One resample of word forms with its choice made anew; the dump's is held to it."""
    forms = np.unique(w.token)
    n = len(forms)
    from .numbers import BOOTSTRAP, below

    times = np.bincount(below(at(w.s.settings["seed"], BOOTSTRAP, 1 + resample, np.arange(n)), n), minlength=n)
    times = times[np.searchsorted(forms, w.token)].astype(float)
    use = np.flatnonzero(times[: w.rank] > 0)
    fit = Lasso(w.codes[use], w.y[use][:, eligible].astype(float), times[use], True, 0.01, 1e-6)
    weights, _, gap = fit.fit(start, tol=1e-6)
    best = np.array([best_latents(weights[:, i])[0] for i in range(len(eligible))])
    same = best == np.array(dumped)[eligible]
    # A hair between two latents decides by rounding: their weights say so.
    hair = np.array([abs(np.sort(weights[:, i])[-1] - weights[dumped[c], i]) for i, c in enumerate(eligible)])
    r.same(f"resample {resample}: best latents", hair[~same] if (~same).any() else np.zeros(1), np.zeros(max((~same).sum(), 1)))
    r.at_most(f"resample {resample}: duality gap", gap.max(), 1e-5)


def absorption(s, r, resamples):
    w = Words(s)
    seed, d = s.settings["seed"], w.d
    parts = choose(s.text["in_distribution"], w.member, seed, 16, 0.2)
    r.same("details: sample of words", w.position, np.concatenate(parts))
    mean, direction, cut, yes = truth_probes(w)
    r.same("details: probe directions", np.array([c["probe_direction"] for c in d["concepts"]]), direction)
    r.same("details: probe cut-offs", np.array([np.nan if c["probe_cut"] is None else c["probe_cut"] for c in d["concepts"]]), cut)
    test_y = w.y[w.test()]
    f1 = np.array([weighted_f1(yes[:, k], test_y[:, k], True) for k in range(len(w.names))])
    hits = (yes & test_y).sum(0)
    eligible = np.flatnonzero((f1 > s.settings["min_probe_f1"]) & (hits >= max(s.settings["min_positives"], 1)))
    r.same("details: eligible concepts", np.flatnonzero([c["eligible"] for c in d["concepts"]]), eligible)
    start = np.zeros((w.dense.shape[1], len(eligible)))
    for i, k in enumerate(eligible):
        given = d["concepts"][k]["l1_weights"]
        start[given["latent"], i] = given["weight"]
    # What was given is a minimum, whoever found it: its duality gap says so.
    fit = Lasso(w.codes[: w.rank], w.y[: w.rank][:, eligible].astype(float), np.ones(w.rank), True, 0.01, 1e-6)
    gap, _ = fit.gap(start, np.zeros(len(eligible)))
    r.at_most("details: duality gap of L1 weights", gap.max(), 1e-5)
    held = heldout_f1(w)
    text = s.text["in_distribution"]
    where = np.setdiff1d(np.flatnonzero(w.member[text.ids.ravel()].any(1) & text.counts.ravel()), w.position[: w.train])
    firm = np.array(d["resamples"]["best_latent"])
    found = {}
    for i, k in enumerate(eligible):
        main, best_f1 = main_latents(w, w.dense, w.y[:, k], start[:, i], True)
        h = Held(w, where, k, mean, direction[k], cut[k], main, True)
        given = d["concepts"][k]["occurrences"]
        r.same("details: held-out occurrences", given["position"], h.at)
        for name, x in (("projection", h.p), ("right", h.right), ("main_fires", h.o.fires), ("absorber", h.o.by),
                        ("fraction", h.o.fraction), ("weight", h.weight)):  # fmt: skip
            r.same(f"details: {name} of occurrences", given[name], x)
        # A share of a projection near 0 may be any number: what it is a share of counts.
        r.same("details: share of occurrences", np.multiply(given["share"], given["projection"]), h.o.share * h.p)
        found[k] = {"main": main, "f1": best_f1, "held": h, "full": h.rate(h.o.by >= 0), "fraction": h.rate(h.o.fraction),
                    "recall": h.rate(h.o.fires), "heldout": held[k], "firmness": (firm[:, k] == main[0]).mean()}  # fmt: skip
        first = first_latents(w, w.y[:, k], start[:, i])
        r.same("details: F1 of first latents", d["concepts"][k]["f1_of_first_latents"], first)
        found[k]["spread"] = np.argmax(np.array(first) >= SPREAD * first[-1]) + 1
    for i in range(min(resamples, len(firm))):
        chosen_again(w, r, eligible, start, i, d["resamples"]["best_latent"][i])
    r.put("resamples.count", len(firm))
    all_hits = np.array([held_hits(w, where, k, mean, direction[k], cut[k]) for k in range(len(w.names))])
    verdicts = words_of(w, found)
    r.same("details: words", [[v[n] for n in COUNTS] for v in s.details["words"]], [[v[n] for n in COUNTS] for v in verdicts])
    families(s, r, w, found, verdicts)
    concepts(r, w, found, f1, all_hits, verdicts)
    words(r, verdicts)
    return w


def held_hits(w, where, k, mean, direction, cut):
    text = w.s.text["in_distribution"]
    at = where[w.member[text.ids.ravel()[where], k]]
    return int(((text.flat[at].astype(np.float64) - mean) @ direction > cut).sum())


COUNTS = ("token", "occurrences", "main_latent_fires", "right", "right_main_latent_fires", "absorbed")
VERDICTS = ("probe_wrong", "held", "absorbed", "missed")


def words_of(w, found):
    """What became of each word: counts, and the first verdict that holds."""
    out = []
    for k, q in sorted(found.items()):
        h = q["held"]
        for t in np.unique(h.token):
            use = h.token == t
            right, fires, by = h.right[use], h.o.fires[use], h.o.by[use]
            n, m, held = use.sum(), right.sum(), (right & fires).sum()
            absorbed = right & (by >= 0)
            v = ("too_rare" if n < w.s.settings["word_least"] else "probe_wrong" if 2 * m < n else "held" if 2 * held >= m
                 else "absorbed" if 2 * absorbed.sum() >= m - held else "missed")  # fmt: skip
            names = absorbers(by[absorbed], np.ones(absorbed.sum()))
            for a in names:
                a["times"] = int((absorbed & (by == a["latent"])).sum())
                a["projection"] = h.o.share[use][absorbed & (by == a["latent"])].mean()
            fraction = h.o.fraction[use][right].mean() if m else np.nan
            out.append(dict(zip(COUNTS, (t, n, fires.sum(), m, held, absorbed.sum())))
                       | {"concept": k, "kind": w.kinds[k], "verdict": v, "fraction": fraction, "absorbers": names})  # fmt: skip
    return out


FIGURES = [("full", "full"), ("fraction", "fraction"), ("main_latent_recall", "recall"), ("f1_best_latent", "f1"),
           ("f1_heldout", "heldout"), ("best_latent_firmness", "firmness"), ("spread", "spread")]  # fmt: skip


def families(s, r, w, found, verdicts):
    for kind in ("leaf", "super", "letter"):
        of = [k for k in found if w.kinds[k] == kind]
        use = np.isin(np.arange(len(w.names)), of)
        for name, key in FIGURES:
            path = f"absorption.{kind}.{name}"
            x = np.array([found[k][key] for k in of])
            keep = ~np.isnan(x)
            r.ratio(path, x[keep], np.ones(keep.sum()), "concepts")
        r.ratio(f"absorption.{kind}.main_latents", np.array([len(found[k]["main"]) for k in of], float), np.ones(len(of)), "concepts")
        r.put(f"absorption.{kind}.true_positives", sum(found[k]["held"].right.sum() for k in of))
        v = [q["verdict"] for q in verdicts if q["kind"] == kind]
        r.put(f"absorption.{kind}.words_too_rare", v.count("too_rare"))
        told = np.array([x for x in v if x != "too_rare"])
        for name in VERDICTS:
            r.ratio(f"absorption.{kind}.words_{name}", (told == name).astype(float), np.ones(len(told)), "words")


def absorbers(by, weight):
    """The three latents that absorb most, with their shares; ties to the lower number."""
    latent, back = np.unique(by, return_inverse=True)
    n = np.bincount(back, weight, minlength=len(latent)).round(9)  # ties are ties
    order = np.lexsort((latent, -n))[:3]
    return [{"latent": int(latent[i]), "share": n[i] / n.sum()} for i in order]


def bounds(x):
    """Between the quantiles of the resamples that have a value, if two have."""
    x = x[~np.isnan(x)]
    return np.quantile(x, [0.025, 0.975]) if len(x) > 1 else [np.nan, np.nan]


def row_of(v):
    """A word as a concept lists it: counts, the fraction, what absorbed it."""
    by = [a[n] for a in v["absorbers"] for n in ("latent", "times", "projection")]
    return [v[n] for n in COUNTS] + [v["fraction"]] + by


def concepts(r, w, found, f1, hits, verdicts):
    out = []
    for k in range(len(w.names)):
        o = {"words": [row_of(v) for v in verdicts if v["concept"] == k], "probe_f1": f1[k], "true_positives": hits[k], "main_latents": [], "main_latent_fits": [], "absorbers": []}
        o |= {name: np.nan for name, _ in FIGURES}
        o["intervals"] = {name: bounds(np.array(v, float)[:, k]) for name, v in w.d["resamples"].items() if name != "best_latent"}
        if k in found:
            q, h = found[k], found[k]["held"]
            use = h.right & (h.o.by >= 0)
            o |= {name: q[key] for name, key in FIGURES}
            o |= {"main_latent_fits": [firing(w, k, j) for j in q["main"]]}
            o |= {"main_latents": [int(j) for j in q["main"]], "absorbers": absorbers(h.o.by[use], h.weight[use])}
        out.append(o)
    r.put("concepts", out)


def words(r, verdicts):
    out = []
    for v in verdicts:
        if v["kind"] != "letter" or v["absorbed"]:
            out.append({"token": v["token"], "occurrences": v["occurrences"], "true_positives": v["right"],
                        "main_latent_fires": v["right_main_latent_fires"], "absorbed": v["absorbed"],
                        "absorbers": [{n: a[n] for n in ("latent", "share", "projection")} for a in v["absorbers"]]})  # fmt: skip
    r.put("words", out)


def saebench(s, r, w):
    """From the probes that SAEBench's recipe gave, which stops at a step and not at a
    minimum: all that follows from them."""
    d = s.details["absorption_saebench"]
    test_y, rates, right = w.y[w.test()], [], True
    dense = w.raw.toarray()
    for k, c in enumerate(d["concepts"]):
        if c["probe_cut"] is None:
            continue
        direction = np.array(c["probe_direction"])
        yes = w.x[w.test()] @ direction > c["probe_cut"]
        f1, hit = weighted_f1(yes, test_y[:, k], False), yes & test_y[:, k]
        r.same("details: F1 of SAEBench's probes", f1, c["probe_f1"])
        counts = f1 > s.settings["min_probe_f1"] and hit.any()
        right &= counts == c["eligible"]
        if not counts:
            continue
        weights = np.zeros(dense.shape[1])
        weights[c["l1_weights"]["latent"]] = c["l1_weights"]["weight"]
        main, _ = main_latents(w, dense, w.y[:, k], weights, False)
        h = Held(w, np.sort(w.position[w.test()]), k, 0.0, direction, c["probe_cut"], main, False)
        rates.append(h.rate(h.o.by >= 0))
    r.same("details: eligible for SAEBench", right, True)
    r.put("absorption.saebench", np.mean(rates))
    r.put("absorption.saebench_eligible_concepts", len(rates))
