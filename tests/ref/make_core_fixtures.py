"""What SAEBench's core evaluation says of an SAE, for tests/unit/test_saebench_parity.c.

Writes tests/fixtures/eval/core.safetensors: rows of token ids and activations, a TopK
SAE, and the figures that SAEBench's own functions compute from them, batch by batch. A
stand-in for the language model returns the activations. It was run with

    sae-bench 0.6.0, sae-lens 6.54.12, torch 2.13.0 (CPU)

    python tests/ref/make_core_fixtures.py
"""

import types

import torch

from common import version, write

import sae_bench.evals.core.main as core
from sae_lens import TopKSAE, TopKSAEConfig

ROWS, LENGTH, D, F, K = 40, 7, 12, 48, 5
BATCH = 16  # SAEBench's; the last one is of 8 rows
BOS, EOS = 0, 1
HOOK = "blocks.0.hook_resid_post"


def weights(g):
    normal = lambda *shape: torch.randn(*shape, generator=g)
    sae = TopKSAE(TopKSAEConfig(d_in=D, d_sae=F, k=K, device="cpu"))
    dec = normal(F, D)
    dec /= dec.norm(dim=1, keepdim=True)
    sae.W_dec.data = dec
    sae.W_enc.data = (dec + 0.2 * normal(F, D)).T.contiguous()
    sae.b_enc.data = 0.1 * normal(F) - 0.3
    sae.b_enc.data[:4] = -50.0  # latents that never fire
    sae.b_dec.data = 0.1 * normal(D)
    # What SAEBench's own loaders put there.
    for key, value in {"hook_name": HOOK, "hook_layer": 0, "hook_head_index": None,
                       "architecture_str": "topk"}.items():  # fmt: skip
        object.__setattr__(sae.cfg, key, value)
    return sae


class Store:
    """Rows one after the other, as SAEBench asks for them."""

    def __init__(self, ids):
        self.ids, self.batch, self.next = ids, None, 0

    def get_batch_tokens(self, n):
        self.batch = slice(self.next, self.next + n)
        self.next += n
        return self.ids[self.batch]


def main():
    g = torch.Generator().manual_seed(3)
    ids = torch.randint(2, 30, (ROWS, LENGTH), generator=g)
    ids[:, 0] = BOS
    ids[torch.rand(ROWS, LENGTH, generator=g) < 0.1] = EOS
    x = torch.randn(ROWS, LENGTH, D, generator=g) * 1.5 + 0.4
    x += torch.randn(ROWS, 1, D, generator=g)  # batches have means of their own
    sae = weights(g)
    store = Store(ids)
    model = types.SimpleNamespace(
        run_with_cache=lambda *_, **__: (None, {HOOK: x[store.batch]})
    )
    scalar, latents = core.get_sparsity_and_variance_metrics(
        sae, model, store, n_batches=-(-ROWS // BATCH), compute_l2_norms=True,
        compute_sparsity_metrics=True, compute_variance_metrics=True,
        compute_featurewise_density_statistics=True, eval_batch_size_prompts=BATCH,
        model_kwargs={}, ignore_tokens={BOS, EOS},
    )  # fmt: skip
    latents |= core.get_featurewise_weight_based_metrics(sae)
    scalar |= core.calculate_misc_metrics(latents)
    for key, value in scalar.items():
        print(f"{key}: {value:.6g}")
    write(
        "eval",
        "core",
        {
            "ids": ids.to(torch.int32),
            "special": (ids < 2).to(torch.int32),
            "x": x,
            "W_enc": sae.W_enc.data.T,
            "W_dec": sae.W_dec.data,
            "b_enc": sae.b_enc.data,
            "b_dec": sae.b_dec.data,
            **{f"figure.{key}": [value] for key, value in scalar.items()},
        },
        {
            "source": ", ".join(map(version, ("sae-bench", "sae-lens", "torch"))),
            "sizes": {"rows": ROWS, "length": LENGTH, "D": D, "F": F, "k": K,
                      "batch": BATCH},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
