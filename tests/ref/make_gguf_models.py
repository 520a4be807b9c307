"""The tiny models of tests/fixtures/models/ as GGUF files, by llama.cpp's converter.

Writes tests/fixtures/gguf/NAME.gguf in the models' own type of floats, read by
tests/unit/test_lm_gguf.c. LLAMA is a checkout of llama.cpp, or the folder
vendor/llama.cpp in the source package of llama-cpp-python 0.3.36, with which it was run.
The converter knows tokenizers by a list of published ones: the models' own, bytes and
nothing more, is written in its place. Keys that it has no use for, because published
models have one value there, are added where these models have another:
attention.scale, the pattern of local blocks, the context of Llama 3's scaling.

    python tests/ref/make_gguf_models.py LLAMA [NAME...]
"""

import json
import math
import os
import pathlib
import sys

LLAMA = sys.argv[1]
sys.path[:0] = [LLAMA, os.path.join(LLAMA, "gguf-py")]

import gguf  # noqa: E402
from conversion import ModelBase, ModelType, get_model_architecture, get_model_class  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
F = gguf.LlamaFileType
NAMES = {"gpt2": F.ALL_F32, "gpt_neox": F.ALL_F32, "gpt_neox_serial": F.ALL_F32,
         "llama3": F.MOSTLY_BF16, "qwen2": F.ALL_F32, "qwen3": F.MOSTLY_F16,
         "gemma2": F.ALL_F32, "gemma3_text": F.ALL_F32}  # fmt: skip


def vocabulary(self):
    with open(self.dir_model / "tokenizer.json", encoding="utf-8") as f:
        tree = json.load(f)
    ids = dict(tree["model"]["vocab"])
    kind = {t: gguf.TokenType.NORMAL for t in ids}
    for t in tree["added_tokens"]:
        ids[t["content"]] = t["id"]
        kind[t["content"]] = gguf.TokenType.CONTROL
    tokens = sorted(ids, key=ids.get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in tree["model"]["merges"]]
    w = self.gguf_writer
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([kind[t] for t in tokens])
    w.add_token_merges(merges)
    for key, add in (("bos_token_id", w.add_bos_token_id), ("eos_token_id", w.add_eos_token_id),
                     ("pad_token_id", w.add_pad_token_id)):  # fmt: skip
        if self.hparams.get(key) is not None:
            add(self.hparams[key])


def more_keys(w, arch, config):
    scalar = config.get("query_pre_attn_scalar")
    if scalar is not None:
        w.add_attention_scale(1.0 / math.sqrt(scalar))
    if arch == "gemma3":
        local = [t == "sliding_attention" for t in config["layer_types"]]
        w.add_sliding_window_pattern(local)
    if arch == "gpt2":  # the converter takes four times the width for granted
        w.kv_data[0]["gpt2.feed_forward_length"].value = config["n_inner"]
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type") == "llama3":
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def hparams(path, is_mistral_format, load=ModelBase.load_hparams):
    """config.json, which a model saved as pytorch_model.bin leaves without a class."""
    config = load(path, is_mistral_format)
    config["architectures"] = config.get("architectures") or ["Qwen3ForCausalLM"]
    return config


ModelBase.load_hparams = staticmethod(hparams)


def convert(name, kind):
    model = HERE / "models" / name
    out = HERE / "gguf" / f"{name}.gguf"
    config = ModelBase.load_hparams(model, False)
    cls = get_model_class(get_model_architecture(config, ModelType.TEXT))
    cls.set_vocab = vocabulary
    it = cls(model, kind, out, eager=True, hparams=config)
    it.dir_model = model
    # Names of before transformers 5.
    it.hparams.setdefault("n_ctx", it.hparams.get("n_positions"))
    rope = it.hparams.get("rope_parameters") or {}
    it.hparams.setdefault("rotary_pct", rope.get("partial_rotary_factor"))
    more = it.set_gguf_parameters

    def parameters():
        more()
        more_keys(it.gguf_writer, gguf.MODEL_ARCH_NAMES[it.model_arch], it.hparams)

    it.set_gguf_parameters = parameters
    it.write()
    print(out.name, out.stat().st_size)


for n in sys.argv[2:] or NAMES:
    convert(n, NAMES[n])
