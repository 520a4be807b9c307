"""Whether every number in a run's eval.json is what transformers, SAELens, scikit-learn
and numpy make of the same text, model and SAE.

    python3 tests/ref/check_everything.py SAETOP RUN [--dumps DIR] [--resamples N] [--all]

Trains nothing and leaves RUN as it is. It calls `saetop eval --details`, `lm activations`
and `corpus rows` (their files stay in DIR, if one is named, and are used again), computes
each measure anew, and prints a table of the greatest difference of each: relative where a
number is above 1. It exits with 1 where one is above 1e-3, and where eval.json has a
number that is neither checked nor listed below as EXEMPT. --resamples: how many of the
resamples behind `best_latent_firmness` have their choice made anew [2]; --all prints every
number.

SAEBench is not called: its measures read models from a hub and train for hours. Its
formulas are written out in everything/, from SAEBench 0.6.0; its own functions are held
against saetop's by make_eval_fixtures.py. From SAEBench's recipe of probes, which is no
minimum but a number of steps, what follows is checked, and the probes are taken as given.

requirements: torch==2.13.0 transformers==5.24.0 sae-lens==6.54.12 scikit-learn==1.9.1
requirements: scipy==1.17.1 numpy==2.4.6 safetensors==0.8.0
"""

import argparse
import json
import math
import pathlib
import re
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from everything import numbers, probing, sources, text, words

TOLERANCE = 1e-3

EXEMPT = [
    (r"(live\.)?seconds\.|part_seconds\.", "times"),
    (r"raw_probe_cache\.", "what a cache gave, no measure"),
    (r"options\.", "what was asked for"),
    (r"fits\.", "how many fits there were and how many fell short; duality gaps are checked instead"),
]


class Results:
    """What was computed, by the path of eval.json."""

    def __init__(self, s):
        self.s, self.value, self.extra, self.failed = s, {}, [], []

    def put(self, path, v):
        self.value |= flat(v, path)

    def ratio(self, path, x, w, unit):
        """sum x / sum w with its bootstrap interval and number of units."""
        x, w = np.asarray(x, float), np.asarray(w, float)
        self.put(path + ".value", x.sum() / w.sum() if w.sum() > 0 else math.nan)
        self.put(path + ".n", len(x))
        if path in self.s.eval.get("units", {}):
            id = next(f["id"] for f in self.s.details["figures"] if f["figure"] == path)
            self.put("units." + path, {"id": id, "sum": x, "weight": w})
        self.interval(path, numbers.bootstrap(x, w, self.s.settings["interval_seed"], self.s.settings["interval_draws"]))

    def interval(self, path, pair):
        self.put(path + ".interval", list(pair))

    def same(self, what, saetop, here):
        """A dump beside what it should be: the greatest difference is a line."""
        a, b = np.asarray(saetop, float).ravel(), np.asarray(here, float).ravel()
        gap = math.inf if a.shape != b.shape else float(np.max(np.where(np.isnan(a) & np.isnan(b), 0, abs(a - b) / np.maximum(1, abs(a))), initial=0))
        self.extra.append((what, gap if not math.isnan(gap) else math.inf, TOLERANCE))

    def at_most(self, what, v, limit):
        self.extra.append((what, float(v), limit))


def flat(v, path=""):
    """{path: number} of a tree; NaN for null."""
    if isinstance(v, dict):
        return {k: x for key, item in v.items() for k, x in flat(item, f"{path}.{key}" if path else key).items()}
    if isinstance(v, (list, tuple, np.ndarray)):
        return {k: x for i, item in enumerate(v) for k, x in flat(item, f"{path}[{i}]").items()}
    if isinstance(v, (bool, str)):
        return {}
    return {path: math.nan if v is None else float(v)}


def difference(a, b):
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    return abs(a - b) / max(1.0, abs(a))


def inputs(s, r):
    """The rows and activations that saetop reads are those of its other commands, and
    transformers'."""
    of = {"in_distribution": "corpus", "out_of_distribution": "ood"}
    for name, t in s.text.items():
        corpus, rows = s.config["settings"][of[name]], len(t.ids)
        r.same(f"corpus rows: {name}", sources.corpus_rows(s, corpus, rows), t.ids)
        dump = sources.dumped_rows(s, name, corpus, 0, rows, 1)
        r.same(f"lm activations: {name}", dump[s.details["hook"]], t.x)
    if "robustness" in s.details:
        ids = s.details["robustness"]["ids"]
        dump = sources.dumped_rows(s, "masked", s.config["settings"]["corpus"], 0.3, len(ids), s.settings["interval_seed"])
        r.same("lm activations: masked rows", dump["input_ids"], ids)


def recorded(s, r):
    """What eval.json says of the run itself, beside the run's own files."""
    set_ = s.config["settings"]
    r.put("step", s.config["step"])
    r.put("k", set_["k"])
    r.put("rows", s.settings["rows"])
    r.put("mask_rate", s.config["mask_rate"])
    r.put("seeds", {"training": set_["seed"], "weights": set_["seed.weights"], "evaluation": s.settings["seed"], "intervals": s.settings["interval_seed"]})


def exempt(path):
    return next((why for pattern, why in EXEMPT if re.match(pattern, path)), None)


def measure(path):
    """The line of the table that a number belongs to."""
    path = re.sub(r"\[\d+\]", "[]", path)
    path = re.sub(r"\.(value|n|interval\[\])$", lambda m: "" if m[1] == "value" else " " + m[1], path)
    return re.sub(r"\.(raw_)?(k|n)\d+(?=\.| |$)", r".\1\2N", path)


def print_table(s, r, everything):
    said, worst, skipped, missing = flat(s.eval), {}, {}, []
    for path, a in said.items():
        why = exempt(path)
        if why:
            skipped[why] = skipped.get(why, 0) + 1
        elif path not in r.value:
            missing.append(path)
        else:
            line = (difference(a, r.value[path]), a, r.value[path], path)
            if everything:
                print(f"{path:<64} {a:>12.6g} {line[2]:>12.6g} {line[0]:>9.1e}")
            key = measure(path)
            count = worst.get(key, (0, None))[0] + 1
            worst[key] = count, max(line, worst[key][1], key=lambda x: x[0]) if key in worst else line
    print(f"{'measure':<50} {'numbers':>7} {'saetop':>12} {'recomputed':>12} {'difference':>10}")
    for key, (n, (gap, a, b, _)) in worst.items():
        print(f"{key:<50} {n:>7} {a:>12.6g} {b:>12.6g} {gap:>10.1e}{'  <--' if gap > TOLERANCE else ''}")
    lines = {}
    for what, gap, limit in r.extra:
        lines[what] = max(lines.get(what, (0, 0)), (gap, limit))
    print()
    for what, (gap, limit) in lines.items():
        print(f"{what:<50} {'':>7} {'':>12} {'':>12} {gap:>10.1e}{'  <--' if gap > limit else ''}")
    bad = [k for k, (_, line) in worst.items() if line[0] > TOLERANCE] + [k for k, (g, l) in lines.items() if g > l]
    checked = sum(n for n, _ in worst.values())
    print(f"\n{checked} numbers in {len(worst)} lines, {len(lines)} checks of dumps; above {TOLERANCE:g}: {', '.join(bad) or 'none'}")
    for why, n in skipped.items():
        print(f"exempt: {n} ({why})")
    gone = [p for p in r.value if p not in said]
    for title, paths in (("in eval.json and not checked", missing), ("computed and not in eval.json", gone)):
        if paths:
            kinds = sorted({measure(p) for p in paths})
            print(f"{title}: {len(paths)}: {', '.join(kinds[:40])}")
    return bool(bad or missing or gone)


def same_as_run(s):
    """Whether the run's own eval.json has these numbers (it may be older, or of fewer
    parts)."""
    path = s.run / "eval.json"
    if not path.exists():
        return
    said, now = flat(json.loads(path.read_text())), flat(s.eval)
    other = [p for p in now if not exempt(p) and (p not in said or difference(said[p], now[p]) > 1e-9)]
    if other:
        print(f"{path} is of another evaluation: {len(other)} of {len(now)} numbers differ; checked is the new one")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("saetop")
    p.add_argument("run")
    p.add_argument("--dumps")
    p.add_argument("--resamples", type=int, default=2)
    p.add_argument("--all", action="store_true")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        where = pathlib.Path(a.dumps or scratch)
        where.mkdir(parents=True, exist_ok=True)
        s = sources.Source(a.saetop, a.run, where)
        r = Results(s)
        recorded(s, r)
        inputs(s, r)
        text.fidelity(s, r)
        text.latents(s, r)
        text.robustness(s, r)
        w = words.absorption(s, r, a.resamples)
        words.saebench(s, r, w)
        probing.word_probes(s, r, w)
        probing.text_probes(s, r)
        same_as_run(s)
        return int(print_table(s, r, a.all))


if __name__ == "__main__":
    sys.exit(main())
