"""JumpReLU in short runs: SAELens and saetop on the very same batches.

    python tests/ref/jumprelu_curves.py --saetop b/saetop --batches b/tests/ref_batches
        [--steps 500] [--seeds 3] [--variant NAME ...] [--work DIR]

For each seed saetop's batches of the bundled model (unmasked, scaled) are written down,
SAELens' JumpReLU is trained on them in that order and saetop by itself. Then each SAE
reads the same held-out rows: L0, explained variance, the share of latents that never
fire. Prints a curve a variant, means over the seeds, and the variance at equal L0 by
interpolation in log L0. One thread.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from sae_lens import SAE, JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.training.sae_trainer import SAETrainer

BATCH, WIDTH, HELD_OUT, HELD_OUT_SEED = 1024, 512, 40, 99
SAMPLE = {
    "model": "samples/model",
    "corpus": "samples/storybook.grammar.json#story",
    "hook": "blocks.1.hook_resid_post",
    "mask.rate": 0,
    "batch": BATCH,
    "width": WIDTH,
    "threads": 1,
}
AT = (3, 5, 10, 20)  # L0 at which variances are compared

# SAELens: its class defaults, and what its documentation recommends, each at its own
# rate and at ten times that, as saetop scales rates for runs of this length; last with
# saetop's settings for 500 steps.
STEP = {"jumprelu_sparsity_loss_mode": "step"}
TANH = {
    "jumprelu_sparsity_loss_mode": "tanh",
    "jumprelu_bandwidth": 2.0,
    "jumprelu_init_threshold": 0.1,
    "pre_act_loss_coefficient": 3e-6,
}
OURS = {
    **STEP,
    "jumprelu_bandwidth": 2.0,
    "jumprelu_init_threshold": 1.0,
    "decoder_init_norm": 1.0,
}
SL_VARIANTS = {  # rate, configuration, coefficients
    "SAELens step": (3e-4, STEP, (1,)),
    "SAELens step, lr 3e-3": (3e-3, STEP, (0.1, 1, 10)),
    "SAELens tanh": (3e-4, TANH, (3, 10)),
    "SAELens tanh, lr 3e-3": (3e-3, TANH, (0.1, 0.3, 1)),
    "SAELens, saetop's settings": (4e-3, OURS, (0.3, 1, 3)),
}
ST_VARIANTS = {
    "saetop": ({}, (0.3, 1, 3, 10)),
    "saetop tanh": ({"jumprelu.loss": "tanh"}, (0.1, 0.3, 1)),
}


def batches(tool, path, steps, seed):
    """Scaled batches [steps,B,D], and the scale."""
    pairs = [f"{k}={v}" for k, v in {**SAMPLE, "seed": seed}.items()]
    ran = subprocess.run([tool, path, str(steps), *pairs], check=True,
                         capture_output=True, text=True)  # fmt: skip
    D, scale = ran.stdout.split()
    x = np.memmap(path, np.float32, "r").reshape(steps, BATCH, int(D))
    return x, float(scale)


def saelens(x, seed, lr, loss, coef, steps):
    torch.manual_seed(seed)
    sae = JumpReLUTrainingSAE(
        JumpReLUTrainingSAEConfig(
            d_in=x.shape[2],
            d_sae=WIDTH,
            device="cpu",
            l0_coefficient=coef,
            l0_warm_up_steps=0 if loss is STEP else steps,
            **loss,
        )
    )
    config = SAETrainerConfig(
        total_training_samples=steps * BATCH,
        train_batch_size_samples=BATCH,
        lr=lr,
        lr_end=lr / 10,
        lr_warm_up_steps=steps // 30 if loss is OURS else 0,
        lr_decay_steps=steps // 5,
        dead_feature_window=steps // 10,
        logger=LoggingConfig(log_to_wandb=False),
    )
    trainer = SAETrainer(cfg=config, sae=sae, data_provider=iter(()))
    for i in range(steps):
        trainer.step(torch.from_numpy(np.array(x[i])))
        trainer.n_training_steps += 1
    return sae


def saetop(program, work, seed, settings, coef, steps):
    out = os.path.join(work, "run")
    own = {**SAMPLE, **settings, "seed": seed, "arch": "jumprelu", "steps": steps,
           "l0": coef, "twin": "none", "cache": os.path.join(work, "cache"),
           "eval.every": steps, "eval.rows": 4, "eval.concept_rows": 64}  # fmt: skip
    flags = [w for k, v in own.items() for w in ("--set", f"{k}={v}")]
    subprocess.run(["rm", "-rf", out], check=True)
    subprocess.run([program, "train", "--out", out, *flags], check=True,
                   capture_output=True)  # fmt: skip
    return SAE.load_from_disk(out)


@torch.no_grad()
def measure(sae, x):
    """L0, explained variance, share of latents that never fire, of rows x."""
    fired, active, error = torch.zeros(WIDTH, dtype=torch.bool), 0, 0.0
    for rows in x.split(4096):
        f = sae.encode(rows)
        active += int((f > 0).sum())
        fired |= (f > 0).any(dim=0)
        error += float((sae.decode(f) - rows).pow(2).sum())
    spread = float((x - x.mean(dim=0)).pow(2).sum())
    return active / len(x), 1 - error / spread, 1 - float(fired.float().mean())


def at_l0(curve, l0):
    """Variance and dead share at an L0, between the two points around it; or None."""
    points = sorted((math.log(max(p[0], 1e-3)), p[1], p[2]) for p in curve)
    want = math.log(l0)
    for a, b in zip(points, points[1:]):
        if a[0] <= want <= b[0]:
            t = (want - a[0]) / max(b[0] - a[0], 1e-9)
            return a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])
    return None


def show(name, coefs, runs):
    """runs[seed][coefficient] = measures."""
    print(name)
    for i, coef in enumerate(coefs):
        l0, ev, dead = np.mean([r[i] for r in runs], axis=0)
        print(f"  {coef:>5g}: L0 {l0:7.2f}  EV {ev:.3f}  dead {dead:.2f}")
    for l0 in AT:
        found = [at_l0(r, l0) for r in runs]
        if all(found):
            ev = [f[0] for f in found]
            print(f"  at L0 {l0:>2}: EV {np.mean(ev):.3f} (sd {np.std(ev, ddof=len(ev) > 1):.3f})"
                  f"  dead {np.mean([f[1] for f in found]):.2f}")  # fmt: skip


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--saetop", required=True)
    p.add_argument("--batches", required=True)
    p.add_argument("--steps", type=int, default=500)
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--variant", action="append")
    p.add_argument("--work")
    args = p.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of SAELens about how models are loaded
    wanted = args.variant or [*ST_VARIANTS, *SL_VARIANTS]
    runs = {name: [] for name in wanted}
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        path = os.path.join(work, "held-out")
        held_out, scale = batches(args.batches, path, HELD_OUT, HELD_OUT_SEED)
        raw = torch.from_numpy(np.array(held_out)).flatten(0, 1) / scale
        for seed in range(1, args.seeds + 1):
            x, scale = batches(args.batches, os.path.join(work, "x"), args.steps, seed)
            for name in wanted:
                if name in SL_VARIANTS:
                    lr, loss, coefs = SL_VARIANTS[name]
                    row = [measure(saelens(x, seed, lr, loss, c, args.steps), scale * raw)
                           for c in coefs]  # fmt: skip
                else:
                    settings, coefs = ST_VARIANTS[name]
                    row = [measure(saetop(args.saetop, work, seed, settings, c,
                                          args.steps), raw) for c in coefs]  # fmt: skip
                runs[name].append(row)
                print(f"seed {seed}, {name}", file=sys.stderr)
    for name in wanted:
        show(name, (SL_VARIANTS.get(name) or ST_VARIANTS[name])[-1], runs[name])


if __name__ == "__main__":
    main()
