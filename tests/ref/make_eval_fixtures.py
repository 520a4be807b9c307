"""SAEBench's decisions on an SAE and activations made here, for
tests/unit/test_eval_parity.c.

Writes tests/fixtures/eval/saebench.safetensors: words of six concepts as activations, a
TopK SAE in which some latents of a word have taken over from those of its concept, and
what SAEBench's own functions make of them: the k-sparse probes and the latents they
choose, absorption word by word, sparse probing. SAELens encodes, scikit-learn fits. It
was run with

    sae-bench 0.6.0, sae-lens 6.54.12, scikit-learn 1.9.1, torch 2.13.0 (CPU)

    python tests/ref/make_eval_fixtures.py

SAEBench draws at random (order of batches, start of probes); what it drew is recorded in
its results, and the test begins from those.
"""

import os
import string

os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from common import version, write

import sae_bench.evals.absorption.k_sparse_probing as ksp
from sae_bench.evals.absorption.feature_absorption_calculator import (
    FeatureAbsorptionCalculator,
)
from sae_bench.evals.absorption.probing import train_multi_probe
from sae_bench.evals.sparse_probing.probe_training import (
    apply_topk_mask_reduce_dim,
    get_top_k_mean_diff_mask,
    train_sklearn_probe,
)
from sae_lens import TopKSAE, TopKSAEConfig

D, F, K, P = 24, 64, 6, 6
WORDS, TRAIN, TEST = 8, 960, 480  # words of a concept, rows
MAX_K = 6
SPARSE_KS = (1, 2, 5)
TO_THE_MINIMUM = {"max_iter": 1000, "tol": 1e-12, "solver": "newton-cholesky"}
MAIN = 3  # latents at most of a set of main ones below
LETTERS = string.ascii_lowercase[:P]


# ---- the world and the SAE ----


def unit(v):
    return v / v.norm(dim=-1, keepdim=True)


class Unsettled(Exception):
    """Of a seed: what it is about depends on more than the rule."""


class World:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.parent = unit(self.normal(P, D))
        self.child = unit(self.normal(P, WORDS, D))
        n = TRAIN + TEST
        self.label = torch.arange(n) % P
        word = torch.randint(WORDS, (n,), generator=self.g)
        size = 1 + 0.3 * self.normal(n, 2)
        self.x = (
            2 * size[:, :1] * self.parent[self.label]
            + 1.5 * size[:, 1:] * self.child[self.label, word]
            + 0.25 * self.normal(n, D)
            + 0.2
        )

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.g)

    def sae(self):
        """A latent a concept, one a word of it for four of the eight (three of them
        hold the concept's direction and silence its latent), the rest at random."""
        dec, enc = self.normal(F, D), None
        dec[:P] = self.parent + 0.1 * self.normal(P, D)
        at = P
        silence = torch.zeros(P, D)
        for p in range(P):
            for w in range(4):
                share = (0.9, 0.6, 0.3, 0.0)[w]
                dec[at] = self.child[p, w] + share * self.parent[p]
                silence[p] += share * self.child[p, w]
                at += 1
        dec = unit(dec)
        enc = dec + 0.05 * self.normal(F, D)
        enc[:P] -= 1.5 * silence
        sae = TopKSAE(TopKSAEConfig(d_in=D, d_sae=F, k=K, device="cpu"))
        sae.W_dec.data, sae.W_enc.data = dec, enc.T.contiguous()
        sae.b_enc.data = -0.2 + 0.05 * self.normal(F)
        sae.b_dec.data = 0.2 + 0.02 * self.normal(D)
        return sae


# ---- SAEBench ----


def k_sparse(sae, world, probe):
    """Its k-sparse probes, F1 by k and the latents that the jump rule chooses."""
    ksp.LETTERS = LETTERS  # fewer than 26 classes
    kept = {}
    original = ksp.train_sparse_multi_probe

    def recorded(*args, **kwargs):
        kept["probe"] = original(*args, **kwargs)
        return kept["probe"]

    ksp.train_sparse_multi_probe = recorded
    names = [f"w{i}" for i in range(TRAIN + TEST)]
    pairs = list(zip(names, world.label.tolist()))
    probes = ksp.train_k_sparse_probes(
        sae, pairs[:TRAIN], world.x[:TRAIN], ks=range(1, MAX_K + 1),
        precalc_sae_acts=True,
    )  # fmt: skip
    scores = ksp.eval_probe_and_sae_k_sparse_raw_scores(
        sae, probe, probes, pairs[TRAIN:], world.x[TRAIN:]
    )
    metadata = ksp.sae_k_sparse_metadata(sae, probe, probes, "sae", 0)
    metrics = ksp.build_metrics_df(scores, metadata, MAX_K)
    ksp.add_feature_splits_to_metrics_df(metrics, MAX_K)
    rows = [metrics[metrics["letter"] == c].iloc[0] for c in LETTERS]
    split = [list(r["split_feats"]) for r in rows]
    coef, bias, f1 = converged(sae, world, probes)
    out = {
        "ksparse.l1_weights": kept["probe"].weights,
        "ksparse.coef": coef,
        "ksparse.intercept": bias,
        "ksparse.f1": [
            [r[f"f1_sparse_sae_{k}"] for k in range(1, MAX_K + 1)] for r in rows
        ],
        "ksparse.split": padded(split, MAX_K),
        "probe_f1": [r["f1_probe"] for r in rows],
    }
    if np.abs(f1 - np.array(out["ksparse.f1"])).max() > 1e-6:
        raise Unsettled("a row that scikit-learn's tolerance decides")
    return out, split


def converged(sae, world, probes):
    """Coefficients of SAEBench's probes fitted on to the minimum, and their test F1: at
    scikit-learn's own tolerance, 1e-4 of the gradient, they are a few thousandths off."""
    with torch.no_grad():
        features = sae.encode(world.x).double().numpy()
    coef, bias = np.zeros((P, MAX_K, MAX_K)), np.zeros((P, MAX_K))
    f1 = np.zeros((P, MAX_K))
    for k in range(1, MAX_K + 1):
        for c in range(P):
            few = features[:, probes[k][c].feature_ids.numpy()]
            y = (world.label == c).int().numpy()
            fit = LogisticRegression(class_weight="balanced", **TO_THE_MINIMUM)
            fit.fit(few[:TRAIN], y[:TRAIN])
            coef[c, k - 1, :k] = fit.coef_[0]
            bias[c, k - 1] = fit.intercept_[0]
            f1[c, k - 1] = f1_score(y[TRAIN:], fit.predict(few[TRAIN:]))
    return coef, bias, f1


def padded(lists, n):
    out = np.full((len(lists), n), -1, np.int32)
    for i, row in enumerate(lists):
        out[i, : len(row)] = row
    return out


class Recorded:
    """In place of a language model: prompts name the row whose activation it has."""

    def __init__(self, x):
        self.x = x

    def to_tokens(self, _prompt):
        return [[0, 0]]

    def run_with_cache(self, prompts, names_filter):
        rows = [int(p.strip().removeprefix("w").removesuffix(":")) for p in prompts]
        return None, {names_filter[0]: self.x[rows][:, None].repeat(1, 2, 1)}


def absorption(sae, world, probe, main, rows, thresholds=1.0):
    """Of the words `rows`: decisions with these main latents."""
    calculator = FeatureAbsorptionCalculator(Recorded(world.x), icl_word_list=[])
    for name in ("full_absorption_probe_cos_sim_threshold",
                 "absorption_fraction_probe_cos_sim_threshold",
                 "probe_projection_proportion_threshold"):  # fmt: skip
        setattr(calculator, name, getattr(calculator, name) * thresholds)
    found = calculator.calculate_absorption(
        sae, [f"w{i}" for i in rows], probe, main, layer=0, show_progress=False
    ).word_results
    return {
        "full": [float(r.is_full_absorption) for r in found],
        "fraction": [float(r.absorption_fraction) for r in found],
        "projection": [r.probe_projection for r in found],
        "fires": [float(any(m.activation >= 1e-8 for m in r.main_feature_scores))
                  for r in found],
    }  # fmt: skip


def absorption_sets(world, split):
    """A concept and main latents each: those chosen, others, none of its own."""
    out = []
    for c in range(P):
        out.append((c, split[c][:MAIN]))
        out.append((c, [c, P + 4 * c + 3]))
        out.append((c, [(c + 1) % P]))
    return out


def all_absorption(sae, world, probe, split):
    out = {"full": [], "fraction": [], "projection": [], "fires": []}
    with torch.no_grad():
        logits = probe(world.x)
    sets, rows, start = absorption_sets(world, split), [], [0]
    for c, main in sets:
        hits = [i for i in range(TRAIN, TRAIN + TEST)
                if world.label[i] == c and logits[i, c] > 0]  # fmt: skip
        direction = probe.weights[c].detach()
        found = absorption(sae, world, direction, main, hits)
        for off in (1 - 1e-4, 1 + 1e-4):  # no decision may hang on rounding
            again = absorption(sae, world, direction, main, hits, off)
            if again["full"] != found["full"] or again["fraction"] != found["fraction"]:
                raise Unsettled("a decision that rounding decides")
        for key in out:
            out[key] += found[key]
        rows += hits
        start.append(len(rows))
    full, fraction = np.array(out["full"]), np.array(out["fraction"])
    print(f"{len(full)} words: full {full.mean():.3f}, fraction {fraction.mean():.3f}, "
          f"between 0 and 1 {((fraction > 0) & (fraction < 1)).mean():.3f}, main latents "
          f"fire {np.mean(out['fires']):.3f}")  # fmt: skip
    return {
        "absorption.concept": np.array([c for c, _ in sets], np.int32),
        "absorption.main": padded([m for _, m in sets], MAIN),
        "absorption.start": np.array(start, np.int32),
        "absorption.row": np.array(rows, np.int32),
        **{"absorption." + k: v for k, v in out.items()},
    }


def probe_k(inputs, y, k):
    mask = get_top_k_mean_diff_mask(inputs[:TRAIN], y[:TRAIN], k)
    few = apply_topk_mask_reduce_dim(inputs, mask)
    probe, accuracy = train_sklearn_probe(
        few[:TRAIN], y[:TRAIN], few[TRAIN:], y[TRAIN:]
    )
    said = probe.decision_function(few[TRAIN:].numpy())
    truth = y[TRAIN:].numpy()
    exact = LogisticRegression(**TO_THE_MINIMUM)
    exact.fit(few[:TRAIN].double().numpy(), y[:TRAIN].numpy())
    if (exact.predict(few[TRAIN:].double().numpy()) != (said > 0)).any():
        raise Unsettled("a row that scikit-learn's tolerance decides")
    return {
        "chosen": sorted((~mask).nonzero().flatten().tolist()),
        "accuracy": accuracy,
        "f1": f1_score(truth, said > 0),
        "auc": roc_auc_score(truth, said),
    }


def sparse_probing(features, x, label):
    """Each concept against the rest: latents and raw dimensions."""
    out = {}
    for name, inputs in (("latents", features), ("raw", x)):
        found = [[probe_k(inputs, (label == c).int(), k) for k in SPARSE_KS]
                 for c in range(P)]  # fmt: skip
        out[f"probing.{name}.chosen"] = np.stack(
            [padded([f["chosen"] for f in row], max(SPARSE_KS)) for row in found]
        )
        for key in ("accuracy", "f1", "auc"):
            out[f"probing.{name}.{key}"] = [[f[key] for f in row] for row in found]
    return out


# ---- ----


def make(seed):
    torch.manual_seed(seed)
    world = World(seed)
    sae = world.sae()
    probe = train_multi_probe(
        world.x[:TRAIN],
        torch.nn.functional.one_hot(world.label[:TRAIN]),
        num_epochs=50, batch_size=64, weight_decay=1e-4, show_progress=False,
        device=torch.device("cpu"),
    )  # fmt: skip
    with torch.no_grad():
        features = sae.encode(world.x)
    probed = sparse_probing(features, world.x, world.label)
    sparse, split = k_sparse(sae, world, probe)
    print("latents chosen:", split)
    write(
        "eval",
        "saebench",
        {
            "W_enc": sae.W_enc.data.T,
            "W_dec": sae.W_dec.data,
            "b_enc": sae.b_enc.data,
            "b_dec": sae.b_dec.data,
            "x": world.x,
            "label": world.label.to(torch.int32),
            "probe.weights": probe.weights,
            "probe.biases": probe.biases,
            **sparse,
            **all_absorption(sae, world, probe, split),
            **probed,
        },
        {
            "source": ", ".join(map(version, ("sae-bench", "sae-lens", "scikit-learn"))),
            "sizes": {"D": D, "F": F, "k": K, "concepts": P, "train": TRAIN,
                      "test": TEST, "max_k": MAX_K, "sparse_ks": list(SPARSE_KS)},
        },
    )  # fmt: skip


def main():
    for seed in range(100):
        try:
            make(seed)
            return
        except Unsettled as e:
            print(f"seed {seed}: {e}")


if __name__ == "__main__":
    main()
