"""SAEBench's ranking of latents for TPP and SCR, for tests/unit/test_perturb_parity.c.

Writes tests/fixtures/eval/perturb.safetensors: activations of texts of two classes, an
SAE, a probe, and what SAEBench's own functions make of them: the effect of every latent
and which ones it takes out for each number of them. SAELens encodes. It was run with

    sae-bench 0.6.0, sae-lens 6.54.12, torch 2.13.0 (CPU)

    python tests/ref/make_perturb_fixtures.py
"""

import types

import torch

from common import version, write

import sae_bench.evals.scr_and_tpp.main as original
from sae_lens import StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig

TEXTS, LENGTH, D, F, K = 48, 5, 12, 40, 6  # the first half of the texts is in the class
COUNTS = (2, 5, 10, 20, 40)


def weights(g, sae, bias):
    normal = lambda *shape: torch.randn(*shape, generator=g)
    dec = normal(F, D)
    dec /= dec.norm(dim=1, keepdim=True)
    sae.W_dec.data = dec
    sae.W_enc.data = (dec + 0.1 * normal(F, D)).T.contiguous()
    sae.b_enc.data = bias + 0.05 * normal(F)
    sae.b_dec.data = 0.05 * normal(D)
    return sae


def effects(sae, probe, x, scr):
    """SAEBench's, by its two names of classes."""
    half = TEXTS // 2
    names = ("male / female", "female_data_only") if scr else ("in", "out")
    acts = {names[0]: x[:half], names[1]: x[half:]}
    return original.get_effects_per_class_precomputed_acts(
        sae, probe, names[0], acts, scr, 16
    )


def case(name, sae, g, loud):
    """`loud`: texts of the class have larger activations."""
    x = torch.randn(TEXTS, LENGTH, D, generator=g)
    x[: TEXTS // 2] *= loud
    linear = torch.nn.Linear(D, 1)
    linear.weight.data = torch.randn(1, D, generator=g)
    probe = types.SimpleNamespace(net=linear)
    out = {
        "x": x,
        "probe": linear.weight,
        "W_enc": sae.W_enc.data.T,
        "W_dec": sae.W_dec.data,
        "b_enc": sae.b_enc.data,
        "b_dec": sae.b_dec.data,
    }
    for metric, scr in (("tpp", False), ("scr", True)):
        e = effects(sae, probe, x, scr)
        signs = [int((e > 0).sum()), int((e == 0).sum()), int((e < 0).sum())]
        out[f"{metric}.effect"] = e
        out[f"{metric}.taken"] = torch.stack(
            [original.select_top_n_features(e, n, metric) for n in COUNTS]
        ).to(torch.int32)
        taken = [int(t[e < 0].sum()) for t in out[f"{metric}.taken"].bool()]
        print(f"{name} {metric}: above, at, below 0: {signs}; below taken: {taken}")
    return {f"{name}.{key}": value for key, value in out.items()}


def main():
    torch.manual_seed(0)  # the order in which SAEBench puts the texts
    g = torch.Generator().manual_seed(1)
    topk = TopKSAE(TopKSAEConfig(d_in=D, d_sae=F, k=K, device="cpu"))
    relu = StandardSAE(StandardSAEConfig(d_in=D, d_sae=F, device="cpu"))
    write(
        "eval",
        "perturb",
        {
            **case("topk", weights(g, topk, -0.2), g, 1.0),
            **case("standard", weights(g, relu, 0.0), g, 3.0),
        },
        {
            "source": ", ".join(map(version, ("sae-bench", "sae-lens", "torch"))),
            "sizes": {"texts": TEXTS, "length": LENGTH, "D": D, "F": F, "k": K,
                      "counts": list(COUNTS)},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
