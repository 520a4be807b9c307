"""SAELens' side of make_sae_fixtures.py: its TrainingSAE classes under its SAETrainer.

Its decoder is free: rows start at different norms and are never renormalised.
"""

import torch
from sae_lens import (
    BatchTopKTrainingSAE,
    BatchTopKTrainingSAEConfig,
    GatedTrainingSAE,
    GatedTrainingSAEConfig,
    JumpReLUTrainingSAE,
    JumpReLUTrainingSAEConfig,
    MatryoshkaBatchTopKTrainingSAE,
    MatryoshkaBatchTopKTrainingSAEConfig,
    StandardTrainingSAE,
    StandardTrainingSAEConfig,
    TopKTrainingSAE,
    TopKTrainingSAEConfig,
)
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.saes.sae import TrainStepInput
from sae_lens.training.sae_trainer import SAETrainer

from sae_start import ADAM, B, D, DEAD, F, FEW, FREE, K, LR, STEPS, WIDTHS

WINDOW = 1000  # steps without firing after which a latent is dead


def get(sae, what=lambda p: p):
    out = {}
    for name, p in sae.named_parameters():
        value = what(p).detach().clone()
        out[name] = value.T.contiguous() if name == "W_enc" else value
    return out


class SAELens:
    package = "sae-lens"

    def __init__(self, cls, config, settings, dead=(), warm_up=0, decoder_norm=0.6, **kw):
        self.cls, self.config, self.kw = cls, config, kw
        self.settings = {**ADAM, **FREE, "clip": 1.0, **settings}
        self.dead, self.warm_up, self.decoder_norm = list(dead), warm_up, decoder_norm
        self.source = cls.__name__

    def make(self, start, dtype):
        name = str(dtype).split(".")[1]
        sae = self.cls(
            self.config(d_in=D, d_sae=F, dtype=name, device="cpu", **self.kw)
        )
        for key, p in sae.named_parameters():
            value = start[key].to(p.dtype)
            p.data = value.T.contiguous() if key == "W_enc" else value.clone()
        return sae

    def trainer(self, sae):
        config = SAETrainerConfig(
            total_training_samples=STEPS * B,
            train_batch_size_samples=B,
            lr=LR,
            lr_end=LR / 10,
            lr_warm_up_steps=3,
            lr_decay_steps=4,
            dead_feature_window=WINDOW,
            device="cpu",
            logger=LoggingConfig(log_to_wandb=False),
        )
        out = SAETrainer(cfg=config, sae=sae, data_provider=iter(()))
        out.n_forward_passes_since_fired[self.dead] = WINDOW + 1
        return out

    def run(self, start, dtype):
        x = start.x.to(dtype)
        w = {k: v.to(dtype) for k, v in vars(start).items()}
        sae = self.make(w, dtype)
        out = {"x": x, **get(sae)}
        trainer = self.trainer(sae)
        probe = self.make(w, dtype)
        probe.training_forward_pass(
            TrainStepInput(
                sae_in=x[0],
                coefficients=trainer.get_coefficients(),
                dead_neuron_mask=trainer.dead_neurons,
                n_training_steps=0,
                is_logging_step=False,
            )
        ).loss.backward()
        for k, v in get(probe, lambda p: p.grad).items():
            out["grad." + k] = v
        rows = {}
        for i in range(STEPS):
            self.row(trainer, x[i], rows)
        for k, v in get(sae).items():
            out["after." + k] = v
        out.update({k: torch.stack([torch.as_tensor(r) for r in v])
                    for k, v in rows.items()})  # fmt: skip
        return out

    def row(self, trainer, x, rows):
        def add(key, value):
            rows.setdefault(key, []).append(float(torch.as_tensor(value).detach()))

        add("lr", trainer.optimizer.param_groups[0]["lr"])
        for value in trainer.get_coefficients().values():
            add("coef", value)
        rows.setdefault("dead", []).append(trainer.dead_neurons.clone())
        step = trainer.step(x)
        trainer.n_training_steps += 1
        add("loss", step.loss)
        add("mse", (step.sae_out - step.sae_in).pow(2).sum(-1).mean())
        for theirs, ours in (
            ("auxiliary_reconstruction_loss", "aux"),
            ("l1_loss", "sparsity"),
            ("l0_loss", "sparsity"),
            ("pre_act_loss", "pre_act"),
        ):
            if theirs in step.losses:
                add(ours, step.losses[theirs])
        if hasattr(trainer.sae, "topk_threshold"):
            add("running_threshold", trainer.sae.topk_threshold)


# Of the prefixes' groups: one dead latent, none, more than AuxK takes.
UNEVEN = [3, 21, 22, 25, 26, 28, 31, 33, 36, 39]
TOPK = {"k": K, "aux_coef": 1.0, "aux_k": D // 2, "aux_form": "scaled"}
JUMP = {"bandwidth": 0.5, "jump_on_f": False}


def saelens_cases():
    note = (
        "Free decoder with rescale_acts_by_decoder_norm: selections are of h n and "
        "decoding divides by n. AuxK is the plain squared error times min(dead / (D/2), "
        "1) (aux_form scaled), of the greatest pre-activations whatever their sign; "
        "dictionary_learning normalises it, takes ReLU'd values, and keeps a unit "
        "decoder. aux is with its weight and scale. Latents are dead before the step."
    )
    for name, cls, config, extra in (
        ("topk", TopKTrainingSAE, TopKTrainingSAEConfig, {}),
        ("batchtopk", BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, {}),
        (
            "matryoshka",
            MatryoshkaBatchTopKTrainingSAE,
            MatryoshkaBatchTopKTrainingSAEConfig,
            {"matryoshka_widths": list(WIDTHS)},
        ),
    ):
        settings = dict(TOPK)
        if extra:
            settings.update(width=WIDTHS, weight=[1.0] * len(WIDTHS))
        for suffix, dead in (("", ()), ("_aux", DEAD), ("_aux_few", FEW)):
            if suffix == "_aux_few" and name != "topk":
                continue
            yield f"{name}_sl{suffix}", name, SAELens(
                cls, config, settings, dead=dead, k=K, **extra
            ), note
    yield "matryoshka_sl_aux_groups", "matryoshka", SAELens(
        MatryoshkaBatchTopKTrainingSAE,
        MatryoshkaBatchTopKTrainingSAEConfig,
        {**TOPK, "width": WIDTHS, "weight": [1.0] * len(WIDTHS), "aux_by_group": True},
        dead=UNEVEN,
        k=K,
        matryoshka_widths=list(WIDTHS),
        use_matryoshka_aux_loss=True,
    ), (
        "use_matryoshka_aux_loss (matryoshka.aux groups): dead latents of each group "
        "learn the error of their own prefix, at most D/2 of them a row. " + note
    )
    yield "standard_sl", "standard", SAELens(
        StandardTrainingSAE,
        StandardTrainingSAEConfig,
        {"lp": 1, "lp_root": True},
        l1_coefficient=0.15,
    ), "Free decoder, penalty times its norms, clip 1: dictionary_learning's April form."
    yield "standard_sl_l2", "standard", SAELens(
        StandardTrainingSAE,
        StandardTrainingSAEConfig,
        {"lp": 2, "lp_root": True},
        l1_coefficient=0.3,
        lp_norm=2.0,
        l1_warm_up_steps=4,
    ), "lp_norm 2 with its root; dictionary_learning has L1 alone."
    yield "gated_sl", "gated", SAELens(
        GatedTrainingSAE,
        GatedTrainingSAEConfig,
        {"attached": True},
        l1_coefficient=0.1,
    ), (
        "The gate's own reconstruction trains the decoder (attached true), penalty "
        "times norms; dictionary_learning: detached, unit decoder, no clip, beta1 0."
    )
    yield "jumprelu_sl_step", "jumprelu", SAELens(
        JumpReLUTrainingSAE,
        JumpReLUTrainingSAEConfig,
        {**JUMP, "jump_loss": "step"},
        jumprelu_bandwidth=0.5,
        l0_coefficient=0.1,
    ), "coef sum H(z - theta); b_dec subtracted, thresholds kept >= 0 before a step."
    yield "jumprelu_sl_tanh", "jumprelu", SAELens(
        JumpReLUTrainingSAE,
        JumpReLUTrainingSAEConfig,
        {**JUMP, "jump_loss": "tanh", "tanh_scale": 4.0, "pre_act": 0.01},
        dead=DEAD,
        jumprelu_bandwidth=0.5,
        l0_coefficient=0.1,
        jumprelu_sparsity_loss_mode="tanh",
        pre_act_loss_coefficient=0.01,
    ), "coef sum tanh(4 f n), pre_act ReLU(theta - z) n over dead latents in the loss."
    for suffix, mode, extra, theirs in (
        ("step", "step", {}, {}),
        ("quadratic", "quadratic_rows", {"target_l0": 6.0}, {"target_l0": 6.0}),
        ("tanh", "tanh", {"tanh_scale": 4.0}, {}),
    ):
        yield f"jumprelu_sl_ste_{suffix}", "jumprelu", SAELens(
            JumpReLUTrainingSAE,
            JumpReLUTrainingSAEConfig,
            {**JUMP, "jump_loss": mode, "ste_to_input": True, **extra},
            jumprelu_bandwidth=0.5,
            l0_coefficient=0.02 if suffix == "quadratic" else 0.1,
            jumprelu_sparsity_loss_mode=suffix,
            jumprelu_ste_to_input=True,
            **theirs,
        ), "jumprelu_ste_to_input: z gets the negated gradient of theta as well."
    yield "jumprelu_sl_quadratic", "jumprelu", SAELens(
        JumpReLUTrainingSAE,
        JumpReLUTrainingSAEConfig,
        {**JUMP, "jump_loss": "quadratic_rows", "target_l0": 6.0},
        jumprelu_bandwidth=0.5,
        l0_coefficient=0.02,
        jumprelu_sparsity_loss_mode="quadratic",
        target_l0=6.0,
    ), (
        "coef times the mean over rows of 2/target (L0 - target)^2 of each row; "
        "dictionary_learning: (L0/target - 1)^2 of the batch's mean L0, on f."
    )
