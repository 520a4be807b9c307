"""Whether a run directory of saetop loads in SAELens and gives the same there.

    python tests/ref/check_saelens.py RUN [SAETOP.safetensors]

Loads RUN with SAELens' SAE.load_from_disk. With SAETOP.safetensors, tensors x [n,D] and
reconstruction [n,D] (and maybe features [n,F]) as saetop computes them, it compares
SAELens' reconstruction and features of x to 1e-5 of their greatest value and exits 1 if
they differ. Without it, it prints what was loaded and the reconstruction of normal noise. Written
against sae-lens 6.54.12.
"""

import sys

import torch

from common import version

from sae_lens import SAE
from safetensors.torch import load_file

TOLERANCE = 1e-5


def worst(got, want):
    return float((got - want).abs().max() / want.abs().max())


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    sae = SAE.load_from_disk(sys.argv[1])
    print(f"{version('sae-lens')}: {sae.cfg.architecture()}, d_in {sae.cfg.d_in}, "
          f"d_sae {sae.cfg.d_sae}, normalize_activations "
          f"{sae.cfg.normalize_activations}")  # fmt: skip
    if len(sys.argv) == 2:
        x = torch.randn(64, sae.cfg.d_in, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            f = sae.encode(x)
            out = sae.decode(f)
        share = float((x - out).pow(2).sum() / x.pow(2).sum())
        print(f"on noise: L0 {float((f > 0).sum(1).float().mean()):.3f}, error / input {share:.4f}")
        return 0
    ours = load_file(sys.argv[2])
    with torch.no_grad():
        f = sae.encode(ours["x"])
        out = sae.decode(f)
    gaps = {"reconstruction": worst(out, ours["reconstruction"])}
    if "features" in ours:
        gaps["features"] = worst(f, ours["features"])
    for name, gap in gaps.items():
        print(f"{name}: greatest difference {gap:.2e}, allowed {TOLERANCE:.0e}")
    return int(max(gaps.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
