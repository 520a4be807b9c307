"""SAEs saved by the original tools, for the readers of foreign formats.

Writes tests/fixtures/formats/NAME/: the files as the tool itself writes them, and
expected.safetensors with a batch x, the original's activations `features` and its
`reconstruction`, both from the saved files loaded again by that tool. Metadata: tool,
made (how), arch, note. What is not installed is said and left out. It was run with

    torch 2.13.0 (CPU), sae-lens 6.54.12, dictionary-learning 0.1.0, eai-sparsify 1.3.3,
    numpy 2.4.6, and openai/sparse_autoencoder of 2024 (its model.py on PYTHONPATH)

    python tests/ref/make_format_fixtures.py [NAME...]
"""

import json
import os
import shutil
import sys

import numpy as np
import torch

from common import FIXTURES, version, without_nnsight, write

D, F, N, K = 8, 20, 12, 4
FOLDER = os.path.join(FIXTURES, "formats")
WANTED = sys.argv[1:]


def rows(seed=7):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(N, D, generator=g) * 2 + 0.5


def randomise(module, seed=11):
    """Weights that tell apart what could be confused: no ties, no transposes."""
    g = torch.Generator().manual_seed(seed)
    for name, p in sorted(module.named_parameters()):
        scale = 0.3 if p.ndim == 1 else 0.5
        p.data = torch.randn(p.shape, generator=g).to(p.dtype) * scale
        if "threshold" in name:
            p.data = p.data.abs() + 0.05


def unit_decoder(w):
    """Columns of nn.Linear's weight, or rows, whichever are the latents."""
    w.data /= w.norm(dim=1 if w.shape == (F, D) else 0, keepdim=True)


class Case:
    """One folder: made anew, then completed by done()."""

    def __init__(self, name):
        self.name = name
        self.dir = os.path.join(FOLDER, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)

    def path(self, file):
        return os.path.join(self.dir, file)

    def done(self, arch, tool, made, x, features, reconstruction, note=""):
        write(
            os.path.join("formats", self.name),
            "expected",
            {"x": x, "features": features, "reconstruction": reconstruction},
            {"arch": arch, "tool": tool, "made": made, "note": note},
        )


def wanted(name):
    return not WANTED or name in WANTED


# ---- dictionary_learning ----


def dictionary_learning():
    without_nnsight()
    from dictionary_learning import dictionary as d
    from dictionary_learning.trainers import batch_top_k as b
    from dictionary_learning.trainers import matryoshka_batch_top_k as m
    from dictionary_learning.trainers import top_k as t
    from dictionary_learning.trainers.gdm import GatedSAETrainer
    from dictionary_learning.trainers.jumprelu import JumpReluTrainer
    from dictionary_learning.trainers.standard import (
        StandardTrainer,
        StandardTrainerAprilUpdate,
    )

    common = dict(
        steps=100, activation_dim=D, dict_size=F, layer=3, lm_name="EleutherAI/pythia-70m",
        submodule_name="resid_post_layer_3", device="cpu", warmup_steps=10,
    )  # fmt: skip
    penalty = dict(sparsity_warmup_steps=10)
    kinds = (
        ("standard", "standard", StandardTrainer, d.AutoEncoder, penalty),
        ("standard_april", "standard", StandardTrainerAprilUpdate, d.AutoEncoder, penalty),
        ("topk", "topk", t.TopKTrainer, t.AutoEncoderTopK, {"k": K}),
        ("batchtopk", "batchtopk", b.BatchTopKTrainer, b.BatchTopKSAE, {"k": K}),
        ("matryoshka", "matryoshka", m.MatryoshkaBatchTopKTrainer,
         m.MatryoshkaBatchTopKSAE, {"k": K, "group_fractions": [0.25, 0.25, 0.5]}),
        ("jumprelu", "jumprelu", JumpReluTrainer, d.JumpReluAutoEncoder, penalty),
        ("gated", "gated", GatedSAETrainer, d.GatedAutoEncoder, penalty),
    )  # fmt: skip
    for short, arch, trainer_class, sae_class, extra in kinds:
        name = "dictionary_learning_" + short
        if not wanted(name):
            continue
        case = Case(name)
        trainer = trainer_class(**common, **extra)
        randomise(trainer.ae)
        if short != "standard_april":
            ae = trainer.ae
            unit_decoder(ae.W_dec if hasattr(ae, "W_dec") else ae.decoder.weight)
        if hasattr(trainer.ae, "k"):
            trainer.ae.threshold.fill_(0.9)
        # As its trainSAE does at the end of a run.
        buffer = {"d_submodule": D, "io": "out", "n_ctxs": 100, "ctx_len": 128,
                  "refresh_batch_size": 32, "out_batch_size": 16, "device": "cpu"}  # fmt: skip
        with open(case.path("config.json"), "w") as f:
            json.dump({"trainer": trainer.config, "buffer": buffer}, f, indent=4)
        state = {k: v.cpu() for k, v in trainer.ae.state_dict().items()}
        torch.save(state, case.path("ae.pt"))
        sae = sae_class.from_pretrained(case.path("ae.pt"))
        x = rows()
        with torch.no_grad():
            features = sae.encode(x)
            out = sae.decode(features)
        case.done(
            arch, version("dictionary-learning"),
            f"{trainer_class.__name__}'s config and state_dict, saved as trainSAE does",
            x, features, out,
            "from_pretrained normalises the decoder of AutoEncoder: features are folded"
            if short.startswith("standard") else "",
        )  # fmt: skip


# ---- SAELens ----

OLD_CFG = {  # the flat configuration that SAELens 3 wrote
    "d_in": D, "d_sae": F, "dtype": "torch.float32", "device": "cpu",
    "model_name": "gpt2-small", "hook_name": "blocks.6.hook_resid_pre", "hook_layer": 6,
    "hook_head_index": None, "activation_fn_str": "relu", "apply_b_dec_to_input": True,
    "finetuning_scaling_factor": False, "sae_lens_training_version": None,
    "prepend_bos": True, "dataset_path": "Skylion007/openwebtext", "context_size": 128,
    "dataset_trust_remote_code": True, "normalize_activations": "none",
}  # fmt: skip


def saelens_load(case, arch, made, note="", dtype=None):
    from sae_lens import SAE

    sae = SAE.load_from_disk(case.dir, dtype=dtype)
    x = rows()
    with torch.no_grad():
        features = sae.encode(x)
        out = sae.decode(features)
    case.done(arch, version("sae-lens"), made, x, features, out, note)


def saelens():
    import sae_lens as s
    from safetensors.torch import save_file

    meta = {"metadata": s.saes.sae.SAEMetadata(
        model_name="gpt2-small", hook_name="blocks.6.hook_resid_pre", context_size=128,
        prepend_bos=True, dataset_path="Skylion007/openwebtext")}  # fmt: skip
    size = {"d_in": D, "d_sae": F, "device": "cpu"}
    inference = (
        ("standard", "standard", s.StandardSAE, s.StandardSAEConfig, {}),
        ("standard_layer_norm", "standard", s.StandardSAE, s.StandardSAEConfig,
         {"normalize_activations": "layer_norm"}),
        ("standard_constant_norm", "standard", s.StandardSAE, s.StandardSAEConfig,
         {"normalize_activations": "constant_norm_rescale"}),
        ("standard_no_b_dec", "standard", s.StandardSAE, s.StandardSAEConfig,
         {"apply_b_dec_to_input": False}),
        ("gated", "gated", s.GatedSAE, s.GatedSAEConfig, {}),
        ("topk", "topk", s.TopKSAE, s.TopKSAEConfig, {"k": K}),
        ("topk_rescaled", "topk", s.TopKSAE, s.TopKSAEConfig,
         {"k": K, "rescale_acts_by_decoder_norm": True}),
        ("jumprelu", "jumprelu", s.JumpReLUSAE, s.JumpReLUSAEConfig, {}),
    )  # fmt: skip
    for short, arch, cls, config, extra in inference:
        name = "saelens_" + short
        if wanted(name):
            case = Case(name)
            sae = cls(config(**size, **extra, **meta))
            randomise(sae)
            if short == "topk":  # without rescaling only unit rows can be folded
                unit_decoder(sae.W_dec)
            sae.save_model(case.dir)
            saelens_load(case, arch, f"{cls.__name__}.save_model")
    if wanted("saelens_topk_bf16"):
        case = Case("saelens_topk_bf16")
        sae = s.TopKSAE(s.TopKSAEConfig(**size, k=K, dtype="bfloat16", **meta))
        randomise(sae)
        unit_decoder(sae.W_dec)
        sae.save_model(case.dir)
        saelens_load(case, "topk", "TopKSAE.save_model with dtype bfloat16",
                     "rows were made unit in bf16; the expectation is that of the saved "
                     "weights in float32", "float32")  # fmt: skip
    training = (
        ("batchtopk", s.BatchTopKTrainingSAE, s.BatchTopKTrainingSAEConfig, {}),
        ("matryoshka", s.MatryoshkaBatchTopKTrainingSAE,
         s.MatryoshkaBatchTopKTrainingSAEConfig, {"matryoshka_widths": [5, 10, 20]}),
        ("topk_trained", s.TopKTrainingSAE, s.TopKTrainingSAEConfig, {}),
    )  # fmt: skip
    for short, cls, config, extra in training:
        name = "saelens_" + short
        if wanted(name):
            case = Case(name)
            sae = cls(config(**size, k=K, **extra, **meta))
            randomise(sae)
            if hasattr(sae, "topk_threshold"):
                sae.topk_threshold.fill_(0.9)
            sae.save_inference_model(case.dir)
            saelens_load(case, short.split("_")[0], f"{cls.__name__}.save_inference_model",
                         "saved as a jumprelu of one threshold"
                         if hasattr(sae, "topk_threshold") else "")  # fmt: skip
    for short, extra in (("old", {}), ("old_topk", {"k": K})):
        name = "saelens_" + short
        if wanted(name):
            case = Case(name)
            cfg = dict(OLD_CFG)
            sae = s.StandardSAE(s.StandardSAEConfig(**size))
            randomise(sae)
            if extra:
                cfg.update(activation_fn_str="topk", activation_fn_kwargs={"k": K})
                unit_decoder(sae.W_dec)
            with open(case.path("cfg.json"), "w") as f:
                json.dump(cfg, f)
            save_file(sae.state_dict(), case.path("sae_weights.safetensors"))
            saelens_load(case, "topk" if extra else "standard",
                         "the flat configuration of SAELens 3, written by hand; weights "
                         "and expectation by SAELens")  # fmt: skip


# ---- sparsify ----


def sparsify():
    os.environ["SPARSIFY_DISABLE_TRITON"] = "1"  # its decoder for the CPU
    from sparsify import SparseCoder, SparseCoderConfig

    for short, extra in (("", {}), ("_wide_decoder", {"normalize_decoder": False})):
        name = "sparsify" + short
        if not wanted(name):
            continue
        case = Case(name)
        sae = SparseCoder(D, SparseCoderConfig(num_latents=F, k=K, **extra))
        randomise(sae)
        if not extra:
            sae.set_decoder_norm_to_unit_norm()
        sae.save_to_disk(case.dir)
        sae = SparseCoder.load_from_disk(case.dir)
        x = rows()
        with torch.no_grad():
            top = sae.encode(x)
            features = torch.zeros(N, F)
            features.scatter_(1, top.top_indices, top.top_acts)
            out = sae.decode(top.top_acts, top.top_indices)
        case.done("topk", version("eai-sparsify"), "SparseCoder.save_to_disk", x,
                  features, out)  # fmt: skip


def sparsify_bf16():
    """As SparseCoder with dtype=torch.bfloat16 saves itself, without sparsify: rows
    divided by their norm plus eps in bf16, where eps is 0.8 %."""
    from safetensors.torch import save_file

    name = "sparsify_bf16"
    if not wanted(name):
        return
    case = Case(name)
    g = torch.Generator().manual_seed(3)
    w = {
        "encoder.weight": torch.randn(F, D, generator=g) * 0.5,
        "encoder.bias": torch.randn(F, generator=g) * 0.3,
        "W_dec": torch.randn(F, D, generator=g) * 0.5,
        "b_dec": torch.randn(D, generator=g) * 0.3,
    }
    w = {k: v.bfloat16() for k, v in w.items()}
    eps = torch.finfo(torch.bfloat16).eps
    w["W_dec"] /= w["W_dec"].norm(dim=1, keepdim=True) + eps
    save_file(w, case.path("sae.safetensors"))
    cfg = {"activation": "topk", "expansion_factor": 32, "normalize_decoder": True,
           "num_latents": F, "k": K, "multi_topk": False, "skip_connection": False,
           "transcode": False, "d_in": D}  # fmt: skip
    with open(case.path("cfg.json"), "w") as f:
        json.dump(cfg, f)
    w = {k: v.float() for k, v in w.items()}
    x = rows()
    h = torch.relu((x - w["b_dec"]) @ w["encoder.weight"].T + w["encoder.bias"])
    top = h.topk(K, dim=1)
    features = torch.zeros(N, F).scatter_(1, top.indices, top.values)
    case.done("topk", "torch " + torch.__version__, "by this script",
              x, features, features @ w["W_dec"] + w["b_dec"],
              "sparsify's layout and formulas; the expectation is that of the saved "
              "weights in float32")  # fmt: skip


# ---- Gemma Scope ----


def gemma_scope():
    from sae_lens import JumpReLUSAE, JumpReLUSAEConfig

    for short, save in (("", np.savez), ("_compressed", np.savez_compressed)):
        name = "gemma_scope" + short
        if not wanted(name):
            continue
        case = Case(name)
        sae = JumpReLUSAE(
            JumpReLUSAEConfig(d_in=D, d_sae=F, device="cpu", apply_b_dec_to_input=False)
        )
        randomise(sae)
        unit_decoder(sae.W_dec)
        arrays = {k: v.detach().numpy() for k, v in sae.named_parameters()}
        save(case.path("params.npz"), **arrays)
        x = rows()
        with torch.no_grad():
            features = sae.encode(x)
            out = sae.decode(features)
        case.done("jumprelu", f"{version('numpy')}, {version('sae-lens')}",
                  f"numpy.{save.__name__} with Gemma Scope's keys; expectation by "
                  "SAELens' class for it (b_dec is not subtracted)",
                  x, features, out)  # fmt: skip


# ---- OpenAI's GPT-2 SAEs ----


def openai():
    from sparse_autoencoder.model import Autoencoder, TopK

    kinds = (
        ("openai_relu", "standard", torch.nn.ReLU(), False),
        ("openai_topk", "topk", TopK(K), True),
    )
    for name, arch, activation, normalize in kinds:
        if not wanted(name):
            continue
        case = Case(name)
        sae = Autoencoder(F, D, activation=activation, normalize=normalize)
        randomise(sae)
        unit_decoder(sae.decoder.weight)
        state = sae.state_dict()
        for doubled in ("activation.k", "activation.postact_fn"):
            state.pop(doubled, None)  # also in activation_state_dict; its loader stops
        torch.save(state, case.path("autoencoder.pt"))
        state = torch.load(case.path("autoencoder.pt"), weights_only=False)
        sae = Autoencoder.from_state_dict(state)
        x = rows()
        with torch.no_grad():
            features, info = sae.encode(x)
            out = sae.decode(features, info)
        case.done(arch, "openai/sparse_autoencoder", "torch.save of its state_dict", x,
                  features, out,
                  "inputs are layer-normed (std over N - 1, eps added to it)"
                  if normalize else "")  # fmt: skip


def main():
    for tool in (
        dictionary_learning, saelens, sparsify, sparsify_bf16, gemma_scope, openai,
    ):  # fmt: skip
        try:
            tool()
        except ImportError as e:
            print(f"{tool.__name__} left out: {e}")


if __name__ == "__main__":
    main()
