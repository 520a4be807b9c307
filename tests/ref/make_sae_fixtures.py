"""Steps of the original SAE trainers, as fixtures for tests/unit/test_sae_parity.c.

Each case starts a trainer of dictionary_learning or SAELens from recorded weights, runs
ten of its own steps on ten batches and writes tests/fixtures/parity/CASE.safetensors.
Only their classes compute; this file sets weights, calls them and records. It was run
with

    torch 2.13.0 (CPU), dictionary-learning 0.1.0, sae-lens 6.54.12, numpy 2.4.6

    python tests/ref/make_sae_fixtures.py [CASE...]

What a file holds: see tests/ref/README.md. Every case is run in float32, which is what
is written, and once more in float64; a seed at which the two part (two activations so
close that rounding decides which is selected) is passed over.
"""

import sys

import torch

from common import version, without_nnsight, write
from draws import RESAMPLE, draw_rows
from sae_start import ADAM, B, D, DEAD, F, FEW, FREE, K, LR, STEPS, UNIT, WIDTHS, Start

without_nnsight()
from dictionary_learning.trainers.batch_top_k import BatchTopKTrainer
from dictionary_learning.trainers.gdm import GatedSAETrainer
from dictionary_learning.trainers.jumprelu import JumpReluTrainer
from dictionary_learning.trainers.matryoshka_batch_top_k import (
    MatryoshkaBatchTopKTrainer,
)
from dictionary_learning.trainers.p_anneal import PAnnealTrainer
from dictionary_learning.trainers.standard import (
    StandardTrainer,
    StandardTrainerAprilUpdate,
)
from dictionary_learning.trainers.top_k import TopKTrainer, geometric_median

# ---- dictionary_learning ----

DL_NAMES = {  # its parameters -> (ours, transposed)
    "encoder.weight": ("W_enc", False),
    "encoder.bias": ("b_enc", False),
    "decoder.weight": ("W_dec", True),
    "W_enc": ("W_enc", True),
    "W_dec": ("W_dec", False),
    "b_enc": ("b_enc", False),
    "b_dec": ("b_dec", False),
    "bias": ("b_dec", False),
    "decoder_bias": ("b_dec", False),
    "gate_bias": ("b_gate", False),
    "mag_bias": ("b_mag", False),
    "r_mag": ("r_mag", False),
    "threshold": ("threshold", False),
}


def dl_get(ae, what=lambda p: p):
    out = {}
    for name, p in ae.named_parameters():
        ours, transposed = DL_NAMES[name]
        value = what(p).detach().clone()
        out[ours] = value.T.contiguous() if transposed else value
    return out


def dl_put(ae, start):
    for name, p in ae.named_parameters():
        ours, transposed = DL_NAMES[name]
        value = start[ours].to(p.dtype)
        p.data = value.T.contiguous() if transposed else value.clone()


class DictionaryLearning:
    """A trainer class with its arguments; `starts_at_median`: its first update sets
    b_dec to the geometric median of the batch, so the start is that."""

    package = "dictionary-learning"

    def __init__(self, cls, settings, dead=(), starts_at_median=False, **kwargs):
        self.cls, self.settings, self.dead = cls, settings, list(dead)
        self.starts_at_median, self.kwargs = starts_at_median, kwargs
        self.source = cls.__name__

    def make(self, start):
        trainer = self.cls(
            steps=STEPS,
            activation_dim=D,
            dict_size=F,
            layer=0,
            lm_name="none",
            lr=LR,
            device="cpu",
            **self.kwargs,
        )
        dl_put(trainer.ae, start)
        if self.dead:
            trainer.num_tokens_since_fired[self.dead] = trainer.dead_feature_threshold
        return trainer

    def run(self, start, dtype):
        x = start.x.to(dtype)
        w = {k: v for k, v in vars(start).items() if k != "x"}
        w = {k: v.to(dtype) for k, v in w.items()}
        if self.starts_at_median:
            w["b_dec"] = geometric_median(x[0])
        real, probe, grad = self.make(w), self.make(w), self.make(w)
        out = {"x": x, **dl_get(real.ae)}
        grad.loss(x[0], step=0).backward()
        for k, v in dl_get(grad.ae, lambda p: p.grad).items():
            out["grad." + k] = v
        rows = {}
        for i in range(STEPS):
            self.row(real, probe, i, x[i], rows)
            self.update(real, i, x[i], out)
            if hasattr(real, "num_tokens_since_fired") and self.settings.get("aux_k"):
                dead = real.num_tokens_since_fired >= real.dead_feature_threshold
                rows.setdefault("dead", []).append(dead)
            if "k" in self.settings:
                rows.setdefault("running_threshold", []).append(
                    torch.as_tensor(float(real.ae.threshold))
                )
        for k, v in dl_get(real.ae).items():
            out["after." + k] = v
        out.update({k: torch.stack([torch.as_tensor(r) for r in v])
                    for k, v in rows.items()})  # fmt: skip
        return out

    def update(self, trainer, i, x, out):
        trainer.update(i, x)

    def row(self, real, probe, i, x, rows):
        """What a step used and found. The probe has the same history as the trainer,
        so that asking it changes nothing."""
        probe.ae.load_state_dict(real.ae.state_dict())

        def add(key, value):
            rows.setdefault(key, []).append(float(torch.as_tensor(value).detach()))

        add("lr", real.optimizer.param_groups[0]["lr"])
        if hasattr(probe, "sparsity_warmup_fn"):
            scale = probe.sparsity_warmup_fn(i)
            weight = next(
                getattr(probe, n)
                for n in ("l1_penalty", "sparsity_coefficient", "sparsity_coeff")
                if hasattr(probe, n)
            )
            add("coef", weight * scale)
        if hasattr(probe, "sparsity_queue"):
            add("p", probe.p)
            add("next_p", probe.p if probe.next_p is None else probe.next_p)
        log = probe.loss(x, step=i, logging=True)
        if isinstance(log[3], dict) and "lp_loss" in log[3]:
            x_hat, losses = log[1], log[3]
            mse = (x - x_hat).pow(2).sum(-1).mean()
            add("loss", mse + losses["scaled_lp_loss"])
            add("mse", mse)
            add("sparsity", losses["scaled_lp_loss"])
            return
        x_hat, losses = log[1], log.losses
        add("loss", losses["loss"])
        add("mse", (x - x_hat).pow(2).sum(-1).mean())
        if "auxk_loss" in losses:
            add("aux", losses["auxk_loss"])
        if "aux_loss" in losses:
            add("aux", losses["aux_loss"])
        if "sparsity_loss" in losses:
            add("sparsity", rows["coef"][-1] * losses["sparsity_loss"])
        elif "coef" in rows:
            add("sparsity", losses["loss"] - losses["l2_loss"])


class Resampling(DictionaryLearning):
    """StandardTrainer with dead latents, its draw made by the numbers that saetop draws
    by; what it draws from, and all the rest of a resampling, is its own."""

    def __init__(self, *args, silent, every, **kwargs):
        super().__init__(*args, resample_steps=every, **kwargs)
        self.silent = list(silent)
        self.settings["resample_every"] = every

    def make(self, start):
        bias = start["b_enc"].clone()
        bias[self.silent] = -50
        return super().make({**start, "b_enc": bias})

    def update(self, trainer, i, x, out):
        original = torch.multinomial

        def multinomial(weights, num_samples, replacement):
            assert not replacement
            rows = draw_rows(weights, num_samples, 0, RESAMPLE, i)
            dead = trainer.steps_since_active > trainer.resample_steps / 2
            row = torch.full((F,), -1.0, dtype=torch.float32)
            row[dead.nonzero()[:num_samples, 0]] = rows.float()
            out[f"row.{i}"] = row
            return rows

        torch.multinomial = multinomial
        try:
            trainer.update(i, x)
        finally:
            torch.multinomial = original
        if f"row.{i}" in out:
            state = trainer.optimizer.state
            for prefix, what in (
                ("weights", lambda p: p),
                ("adam_m", lambda p: state[p]["exp_avg"]),
                ("adam_v", lambda p: state[p]["exp_avg_sq"]),
            ):
                for k, v in dl_get(trainer.ae, what).items():
                    out[f"{prefix}.{i}.{k}"] = v


NO_MOMENTUM = {"beta1": 0.0, "beta2": 0.999, "eps": 1e-8}
DL_TOPK = {**ADAM, **UNIT, "clip": 1.0, "k": K, "aux_coef": 1 / 32, "aux_k": D // 2,
           "aux_form": "normalised"}  # fmt: skip
GROUPS = [0.2, 0.3, 0.5]


def dl_cases():
    schedule = {"warmup_steps": 3, "decay_start": 6}
    topk = {"k": K, "starts_at_median": True, **schedule}
    l1 = {"sparsity_warmup_steps": None, "warmup_steps": 2, "decay_start": 7}
    warm = {**l1, "sparsity_warmup_steps": 4}  # the first gradient has no penalty
    note = (
        "SAELens: AuxK has no normalisation (aux_form scaled), the decoder is free and "
        "selections carry its norms; the decoder here is kept at unit norm. A latent is "
        "counted dead with the present batch included, in SAELens before it."
    )
    thresholds = (
        " The running threshold starts at the first value (here: at step 2), SAELens' at "
        "0; saetop's is a plain mean at first."
    )
    early = {"threshold_start_step": 1, "threshold_beta": 0.9}
    yield "topk_dl", "topk", DictionaryLearning(TopKTrainer, DL_TOPK, **topk), note
    yield "topk_dl_aux", "topk", DictionaryLearning(
        TopKTrainer, DL_TOPK, dead=DEAD, **topk
    ), note
    yield "topk_dl_aux_few", "topk", DictionaryLearning(
        TopKTrainer, DL_TOPK, dead=FEW, **topk
    ), note
    yield "batchtopk_dl", "batchtopk", DictionaryLearning(
        BatchTopKTrainer, DL_TOPK, **topk, **early
    ), note + thresholds
    yield "batchtopk_dl_aux", "batchtopk", DictionaryLearning(
        BatchTopKTrainer, DL_TOPK, dead=DEAD, **topk, **early
    ), note + thresholds
    g = len(GROUPS)
    nested = {**DL_TOPK, "width": WIDTHS, "weight": [1 / g**2] * g}
    note = (
        "The loss is the mean over prefixes of 1/G times each error, 1/G^2 of the sum "
        "that SAELens takes: weights 1 there. " + note
    )
    for name, dead in (("matryoshka_dl", ()), ("matryoshka_dl_aux", DEAD)):
        yield name, "matryoshka", DictionaryLearning(
            MatryoshkaBatchTopKTrainer,
            nested,
            dead=dead,
            group_fractions=GROUPS,
            **topk,
        ), note + thresholds
    l1_settings = {"lp": 1, "lp_root": False}
    yield "standard_dl", "standard", DictionaryLearning(
        StandardTrainer, {**ADAM, **UNIT, **l1_settings, "clip": 0}, l1_penalty=0.08, **l1
    ), "Unit decoder, no clipping. SAELens: decoder free, penalty times its norms, clip 1."
    yield "standard_dl_resample", "standard", Resampling(
        StandardTrainer,
        {**ADAM, **UNIT, **l1_settings, "clip": 0},
        silent=range(5, 32),
        every=4,
        l1_penalty=0.08,
        sparsity_warmup_steps=None,
        warmup_steps=2,
    ), (
        "Dead latents, at first more than the batch has rows, are resampled after steps "
        "4 and 8 (resample.form input): the encoder row is 0.2 of the living ones' mean "
        "norm times the input, neither less b_dec nor normalised. SAELens has none."
    )
    yield "standard_april_dl", "standard", DictionaryLearning(
        StandardTrainerAprilUpdate,
        {**ADAM, **FREE, **l1_settings, "clip": 1.0},
        l1_penalty=0.08,
        **warm,
    ), "Decoder free: the same loss as SAELens' standard."
    yield "gated_dl", "gated", DictionaryLearning(
        GatedSAETrainer,
        {**NO_MOMENTUM, **UNIT, "clip": 0, "attached": False},
        l1_penalty=0.06,
        **l1,
    ), (
        "The gate's own reconstruction does not train the decoder (attached false), "
        "penalty without norms, no clipping, beta1 0; SAELens: attached, penalty times "
        "norms, free decoder, clip 1, beta1 0.9."
    )
    yield "jumprelu_dl", "jumprelu", DictionaryLearning(
        JumpReluTrainer,
        {**NO_MOMENTUM, "decoder": "unit", "keep_b_dec": True, "clip": 1.0,
         "jump_loss": "quadratic", "jump_on_f": True, "bandwidth": 0.5,
         "target_l0": 6.0},
        bandwidth=0.5, sparsity_penalty=0.5, target_l0=6.0, **l1,
    ), (
        "coef (L0/target - 1)^2 of the batch's mean L0, the step function sees f (a "
        "silent latent counts as 0, so it moves thresholds below half a bandwidth), "
        "b_dec is not subtracted; SAELens' quadratic loss is 2/target (L0 - target)^2 "
        "of each row, on z, and b_dec is subtracted."
    )  # fmt: skip
    for name, function in (("p_anneal_dl", "Lp"), ("p_anneal_dl_power", "Lp^p")):
        yield name, "p_anneal", DictionaryLearning(
            PAnnealTrainer,
            {**ADAM, **UNIT, "clip": 0, "lp_root": function == "Lp", "anneal_start": 3,
             "anneal_end": 9, "p_start": 1.0, "p_end": 0.2, "updates": 4,
             "queue": 3, "initial_coef": 0.05},
            sparsity_function=function, initial_sparsity_penalty=0.05, anneal_start=3,
            anneal_end=9, p_start=1, p_end=0.2, n_sparsity_updates=4,
            sparsity_queue_length=3, **l1,
        ), (
            "SAELens has none. p and coef (with its warm-up) are what each step used; an "
            "update acts from the step after it."
        )  # fmt: skip


# ---- running and writing ----


def far(a, b):
    """Greatest difference of two results, each tensor in the unit of its greatest."""
    worst = 0.0
    for k in b:
        scale = float(b[k].double().abs().max())
        if scale > 0:
            worst = max(worst, float((a[k].double() - b[k].double()).abs().max()) / scale)
    return worst


def run_case(name, arch, original, note):
    quiet = getattr(original, "dead", [])
    norm = 1.0 if original.settings["decoder"] == "unit" else getattr(
        original, "decoder_norm", 0.6
    )  # fmt: skip
    for seed in range(100):
        start = Start(1000 * seed + sum(map(ord, name)), quiet, norm)
        out = original.run(start, torch.float32)
        torch.set_default_dtype(torch.float64)
        exact = original.run(start, torch.float64)
        torch.set_default_dtype(torch.float32)
        if all(torch.isfinite(v.float()).all() for v in out.values()):
            gap = far(out, exact)
            if gap < 2e-5:
                break
    else:
        raise SystemExit(f"{name}: no seed at which float32 and float64 agree")
    print(f"{name}: seed {seed}, float32 off float64 by {gap:.1e}")
    sizes = {"D": D, "F": F, "B": B, "steps": STEPS}
    write(
        "parity",
        name,
        out,
        {
            "arch": arch,
            "source": f"{version(original.package)}, {original.source}",
            "torch": torch.__version__,
            "settings": {**sizes, **original.settings},
            "note": note,
        },
    )


def cases():
    yield from dl_cases()
    try:
        from saelens_cases import saelens_cases
    except ImportError as e:
        print(f"SAELens left out: {e}")
        return
    yield from saelens_cases()


def main():
    wanted = sys.argv[1:]
    for case in cases():
        if not wanted or case[0] in wanted:
            run_case(*case)


if __name__ == "__main__":
    main()
