"""Tiny random models of every family, and what transformers makes of a row of tokens.

Writes tests/fixtures/models/NAME/: config.json and weights as transformers saves them, a
byte-level tokenizer.json, and values.safetensors, read by tests/unit/test_lm_families.c:

  ids [T]; logits [T,V]; HOOK [T,width], every hook of every block, in TransformerLens'
  names (of what an MLP reads [4,width], the last positions); splice.HOOK [T-1]: losses
  when 0.5 x + 0.1 stands at a hook of block 1 in x's place.

    python tests/ref/make_model_fixtures.py [NAME...]
"""

import json
import os
import shutil
import sys

import torch
from common import FIXTURES, version
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

T, V, D, F = 36, 264, 32, 32

PLAIN = dict(vocab_size=V, hidden_size=D, intermediate_size=F, num_hidden_layers=3,
             num_attention_heads=4, max_position_embeddings=64, bos_token_id=0,
             eos_token_id=1, pad_token_id=2)  # fmt: skip
GROUPED = dict(PLAIN, num_key_value_heads=2)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=16)  # fmt: skip
GEMMA = dict(GROUPED, head_dim=12, query_pre_attn_scalar=20, sliding_window=8)
GEMMA3_ROPE = {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
               "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}  # fmt: skip

# name: model_type, settings of the configuration, how it is saved
MODELS = {
    "gpt2": ("gpt2", dict(vocab_size=V, n_embd=D, n_inner=40, n_layer=3, n_head=4, n_positions=64,
                          bos_token_id=0, eos_token_id=1), {}),
    "gpt_neo": ("gpt_neo", dict(vocab_size=V, hidden_size=D, intermediate_size=40, num_layers=3,
                                num_heads=4,
                                attention_types=[[["global", "local"], 1], [["local"], 1]],
                                window_size=8, max_position_embeddings=64,
                                bos_token_id=0, eos_token_id=1), {}),
    "gpt_neox": ("gpt_neox", dict(PLAIN, num_attention_heads=2), {}),
    "gpt_neox_serial": ("gpt_neox", dict(PLAIN, use_parallel_residual=False,
                                         attention_bias=False), {}),
    "llama": ("llama", dict(GROUPED), {}),
    "llama3": ("llama", dict(GROUPED, rope_parameters=LLAMA3, tie_word_embeddings=True,
                             attention_bias=True, mlp_bias=True), {"dtype": "bfloat16"}),
    "mistral": ("mistral", dict(GROUPED, sliding_window=8, head_dim=8),
                {"max_shard_size": "80KB"}),
    "qwen2": ("qwen2", dict(GROUPED, tie_word_embeddings=True), {}),
    "qwen3": ("qwen3", dict(GROUPED, head_dim=12), {"bin": True, "dtype": "float16"}),
    "gemma2": ("gemma2", dict(GEMMA, attn_logit_softcapping=2.0,
                              final_logit_softcapping=3.0), {}),
    "gemma3_text": ("gemma3_text", dict(GEMMA, num_hidden_layers=3,
                                        layer_types=["sliding_attention"] * 2
                                        + ["full_attention"],
                                        rope_parameters=GEMMA3_ROPE), {}),
    "gemma3": ("gemma3", dict(
        text_config=dict(GEMMA, num_hidden_layers=2,
                         layer_types=["sliding_attention", "full_attention"],
                         rope_parameters=GEMMA3_ROPE),
        vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                           num_attention_heads=1, image_size=8, patch_size=4),
        mm_tokens_per_image=4), {}),
}  # fmt: skip

# Where a family has what: a block, then modules within it.
PARTS = {
    "gpt2": ("transformer.h", "attn", "attn.c_proj", "ln_2", "mlp.c_proj", "mlp"),
    "gpt_neo": ("transformer.h", "attn", "attn.attention.out_proj", "ln_2", "mlp.c_proj",
                "mlp"),
    "gpt_neox": ("gpt_neox.layers", "attention", "attention.dense",
                 "post_attention_layernorm", "mlp.dense_4h_to_h", "mlp"),
    "llama": ("model.layers", "self_attn", "self_attn.o_proj",
              "post_attention_layernorm", "mlp.down_proj", "mlp"),
    "gemma": ("model.layers", "post_attention_layernorm", "self_attn.o_proj",
              "pre_feedforward_layernorm", "mlp.down_proj",
              "post_feedforward_layernorm"),
}  # fmt: skip


def parts_of(kind):
    if kind == "gemma3":
        return ("model.language_model.layers", *PARTS["gemma"][1:])
    if kind.startswith("gemma"):
        return PARTS["gemma"]
    return PARTS.get(kind, PARTS["llama"])


def sites(model, kind, block):
    """(hook's name, module, what of it: what it "reads", "gives", or has "within")."""
    blocks, attn, proj, norm2, out, mlp = parts_of(kind)
    b = model.get_submodule(f"{blocks}.{block}")
    at = f"blocks.{block}."
    parallel = getattr(model.config, "use_parallel_residual", False)
    mid = [] if parallel else [(at + "hook_resid_mid", b.get_submodule(norm2), "reads")]
    return [(at + "hook_resid_pre", b, "reads"),
            (at + "attn.hook_z", b.get_submodule(proj), "reads"),
            (at + "hook_attn_out", b.get_submodule(attn), "gives"),
            *mid,
            (at + "hook_mlp_in", b.get_submodule(norm2), "reads"),
            (at + "ln2.hook_normalized", b.get_submodule(norm2), "within"),
            (at + "mlp.hook_in", b.get_submodule(norm2), "gives"),
            (at + "mlp.hook_post", b.get_submodule(out), "reads"),
            (at + "hook_mlp_out", b.get_submodule(mlp), "gives"),
            (at + "hook_resid_post", b, "gives")]  # fmt: skip


def normalized(norm, x):
    """What a norm makes of x before its weights, and these: as TransformerLens' norms
    have it at hook_normalized."""
    if isinstance(norm, torch.nn.LayerNorm):
        y = torch.nn.functional.layer_norm(x, x.shape[-1:], eps=norm.eps)
        return y, norm.weight, norm.bias
    eps = norm.eps if hasattr(norm, "eps") else norm.variance_epsilon
    y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
    return y, norm.weight + (1 if "Gemma" in type(norm).__name__ else 0), 0


def watch(module, what, edit):
    """edit(x) is called with what passes; what it returns takes x's place."""

    def first(args, kwargs):
        if args:
            return args[0]
        return kwargs["hidden_states"]

    def before(mod, args, kwargs):
        x = edit(first(args, kwargs))
        if args:
            return (x, *args[1:]), kwargs
        return args, dict(kwargs, hidden_states=x)

    def after(mod, args, out):
        if isinstance(out, tuple):
            return (edit(out[0]), *out[1:])
        return edit(out)

    def within(mod, args, out):
        y, weight, bias = normalized(mod, args[0])
        assert torch.allclose(y * weight + bias, out, rtol=1e-5, atol=1e-5)
        changed = edit(y)
        return out if changed is y else changed * weight + bias

    if what == "within":
        return module.register_forward_hook(within)
    if what == "reads":
        return module.register_forward_pre_hook(before, with_kwargs=True)
    return module.register_forward_hook(after)


def change_mid(model, kind, change):
    """The stream between attention and MLP goes on past the norm that reads it, so what
    attention adds is changed until the sum is what is asked for."""
    at = {name.split(".hook_")[-1]: (m, what) for name, m, what in sites(model, kind, 1)}
    pre = {}

    def keep(x):
        pre["x"] = x
        return x

    return [watch(*at["resid_pre"], keep),
            watch(*at["attn_out"], lambda y: change(pre["x"] + y) - pre["x"])]  # fmt: skip


def draw(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        scale = 0.3 if p.ndim > 1 else 0.2
        noise = scale * torch.randn(p.shape, generator=g)
        p.data = (p.data if p.ndim == 1 else 0) + noise
    model.tie_weights()


def tokenizer_json():
    special = ["<|bos|>", "<|eos|>", "<|pad|>", "<|mask|>"]
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = iter(range(256, 512))
    letter = [chr(b) if b in kept else chr(next(other)) for b in range(256)]
    vocab = {t: i for i, t in enumerate(special + letter)}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True}  # fmt: skip
    added = [{"id": i, "content": t, "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False, "special": True}
             for i, t in enumerate(special)]  # fmt: skip
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": None, "pre_tokenizer": level, "post_processor": None,
            "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None,
                      "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": vocab,
                      "merges": []}}  # fmt: skip


def losses(logits, ids):
    return -torch.log_softmax(logits[:-1].double(), -1)[range(T - 1), ids[1:]].float()


def values(model, kind, ids):
    out = {"ids": ids.to(torch.int32)}
    blocks = model.config.get_text_config().num_hidden_layers
    hooks = []

    def keep(name):
        # What the MLP reads follows from the stream: of it the end will do.
        first = T - 4 if name.endswith(("mlp_in", "hook_normalized", "hook_in")) else 0

        def edit(x):
            out[name] = x.detach()[0, first:].float().contiguous().clone()
            return x

        return edit

    for b in range(blocks):
        for name, module, what in sites(model, kind, b):
            hooks.append(watch(module, what, keep(name)))
    logits = model(ids[None]).logits[0].float()
    out["logits"] = logits.contiguous().clone()
    for h in hooks:
        h.remove()
    change = lambda x: 0.5 * x + 0.1
    for name, module, what in sites(model, kind, 1):
        if name.endswith("hook_resid_mid"):
            hooks = change_mid(model, kind, change)
        else:
            hooks = [watch(module, what, change)]
        out["splice." + name] = losses(model(ids[None]).logits[0].float(), ids)
        for h in hooks:
            h.remove()
    return out


def make(name):
    kind, settings, how = MODELS[name]
    folder = os.path.join(FIXTURES, "models", name)
    shutil.rmtree(folder, ignore_errors=True)
    config = AutoConfig.for_model(kind, **settings)
    config._attn_implementation = "eager"
    auto = AutoModelForImageTextToText if kind == "gemma3" else AutoModelForCausalLM
    model = auto.from_config(config, attn_implementation="eager")
    draw(model, len(name))
    # What the file holds, in float.
    dtype = getattr(torch, how.get("dtype", "float32"))
    model = model.to(dtype)
    os.makedirs(folder)
    if how.get("bin"):
        model.config.save_pretrained(folder)
        torch.save(model.state_dict(), os.path.join(folder, "pytorch_model.bin"))
    else:
        model.save_pretrained(folder, max_shard_size=how.get("max_shard_size", "5GB"))
    # As it is read: the angles of positions are not rounded with the weights.
    model = auto.from_pretrained(folder, dtype=torch.float32,
                                 attn_implementation="eager").eval()  # fmt: skip
    g = torch.Generator().manual_seed(7)
    ids = torch.randint(4, V, (T,), generator=g)
    with torch.no_grad():
        save_file(values(model, kind, ids), os.path.join(folder, "values.safetensors"),
                  metadata={"made by": version("transformers") + ", " + version("torch")})  # fmt: skip
    with open(os.path.join(folder, "tokenizer.json"), "w") as f:
        json.dump(tokenizer_json(), f, ensure_ascii=False)
    generation = os.path.join(folder, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)


if __name__ == "__main__":
    for name in sys.argv[1:] or MODELS:
        make(name)
