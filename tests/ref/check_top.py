"""Whether `saetop top RUN --json` gives the activations that SAELens gives: SAELens encodes
the model's own activations on the same held-out rows with RUN's files, and density, max
and mean of every latent are compared to 1e-4 (of the greatest, for activations).

    tests/ref/check_top.py SAETOP RUN       needs torch, sae-lens, safetensors
"""

import json, os, subprocess, sys, tempfile

import torch
from safetensors.torch import load_file

from common import version

from sae_lens import SAE

TOLERANCE = 1e-4
ROWS = 600  # at least as many as `top` reads
CHUNK = 50


def rows(saetop, settings, hook, folder):
    """Activations and ids, chunk by chunk."""
    out = os.path.join(folder, "rows.safetensors")
    for first in range(0, ROWS, CHUNK):
        subprocess.run(
            [saetop, "lm", "activations", "--model", settings["model"],
             "--corpus", settings["corpus"], "--split", "heldout", "--hook", hook,
             "--rows", str(CHUNK), "--from", str(first), "--out", out, "--force"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        t = load_file(out)
        yield from zip(t[hook], t["ids"])


def main():
    saetop, run = sys.argv[1:]
    lines = subprocess.run(
        [saetop, "top", run, "--json"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    latents, total = [json.loads(x) for x in lines[:-1]], json.loads(lines[-1])
    with open(os.path.join(run, "config.json")) as f:
        settings = json.load(f)["settings"]
    with open(os.path.join(settings["model"], "tokenizer.json")) as f:
        special = [t["id"] for t in json.load(f)["added_tokens"] if t["special"]]
    sae = SAE.load_from_disk(run)
    n, fires = 0, torch.zeros(sae.cfg.d_sae)
    most, whole = torch.zeros(sae.cfg.d_sae), torch.zeros(sae.cfg.d_sae)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for x, ids in rows(saetop, settings, settings["hook"], folder):
            if n >= total["tokens"]:
                break
            f = sae.encode(x[~torch.isin(ids, torch.tensor(special))])
            n += len(f)
            fires += (f > 0).sum(0)
            most = torch.maximum(most, f.max(0).values)
            whole += f.sum(0)
    assert n == total["tokens"], (n, total["tokens"])
    want = {"density": fires / n, "max": most, "mean": whole / fires.clamp(min=1)}
    print(f"{version('sae-lens')}: {len(latents)} latents, {n} tokens, "
          f"unit: {latents[0]['unit']}")  # fmt: skip
    worst = 0.0
    for key, values in want.items():
        got = torch.tensor([latent[key] for latent in latents])
        gap = float((got - values).abs().max() / values.max())
        worst = max(worst, gap)
        print(f"{key}: greatest difference {gap:.2e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
