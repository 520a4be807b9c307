"""What transformers makes of two real models in GGUF files, for tests/unit/test_models.c.

Writes tests/fixtures/real/NAME.safetensors of the models that tests/models/fetch.py
brings to FOLDER; no weights:

  ids [T]: of TEXT, by AutoTokenizer on the same file; greedy [8]: what follows
  HOOK [2,8]: every hook of every block, the first 8 numbers at positions 5 and T - 1
  next [T]: the likeliest token after each; loss [T-1]; logits [512]: of every
    V/512-th token at the last position
  hard [bytes], hard_end [texts]: the hard texts of make_tokenizer_fixtures.py one after
    the other, and where each ends; hard_ids, hard_ids_end: their ids, as text stays text.
    Gemma's are AutoTokenizer's on the file. SmolLM2's are those of a tokenizer.json made
    of the file's arrays, since what AutoTokenizer makes of them splits no digits. Left
    out are a literal U+2581 and more than 31 blanks: of these AutoTokenizer, llama.cpp
    and SentencePiece say different things (saetop has llama.cpp's ids for the blanks)
  bits [tensors]: of every tensor of the file, in its order, dequantised by the package
    gguf: the sum of (2 i + 1) times the bits of number i, modulo 2^64

It was run with transformers 5.24.0, torch 2.13.0, gguf 0.19.0.

    python tests/ref/make_real_fixtures.py FOLDER [NAME...]
"""

import json
import os
import sys

import gguf
import numpy as np
import torch
from check_tokenizers import smollm2
from common import FIXTURES, version
from make_model_fixtures import sites, watch
from make_tokenizer_fixtures import TEXTS
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXT = "The old lighthouse keeper, who hadn't slept in 3 days, wrote: \"Paris is the capital of"
MODELS = {
    "gemma3-270m": ("gemma-3-270m-q4_k_m.gguf", "gemma3_text"),
    "smollm2-135m": ("SmolLM2-135M-Instruct.Q4_1.gguf", "llama"),
}


def bits_of(path):
    sums = []
    for t in gguf.GGUFReader(path).tensors:
        x = gguf.dequantize(t.data, t.tensor_type).reshape(-1).view(np.uint32)
        at = np.arange(1, 2 * len(x), 2, dtype=np.uint64)
        sums.append((x.astype(np.uint64) * at).sum(dtype=np.uint64))
    return torch.from_numpy(np.array(sums, dtype=np.uint64).view(np.int64))


def values(model, kind, ids):
    out = {"ids": torch.tensor(ids, dtype=torch.int32)}
    hooks = []

    def keep(name):
        def edit(x):
            out[name] = x.detach()[0][[5, len(ids) - 1], :8].float().contiguous().clone()
            return x

        return edit

    for b in range(model.config.num_hidden_layers):
        for name, module, what in sites(model, kind, b):
            hooks.append(watch(module, what, keep(name)))
    row = torch.tensor([ids])
    logits = model(row).logits[0].float()
    for h in hooks:
        h.remove()
    out["next"] = logits.argmax(-1).to(torch.int32)
    p = torch.log_softmax(logits[:-1].double(), -1)
    out["loss"] = -p[range(len(ids) - 1), ids[1:]].float()
    step = logits.shape[1] // 512
    out["logits"] = logits[-1, : 512 * step : step].contiguous().clone()
    for _ in range(8):
        more = model(row).logits[0, -1].argmax()
        row = torch.cat([row, more[None, None]], 1)
    out["greedy"] = row[0, len(ids) :].to(torch.int32)
    return out


def hard(tok, kind, path):
    ref = tok._tokenizer
    if kind == "llama":
        ref = Tokenizer.from_str(json.dumps(smollm2(path)))
    ref.encode_special_tokens = True
    front = [tok.bos_token_id] if kind == "gemma3_text" else []
    texts = [t for t in TEXTS if t and "\u2581" not in t and " " * 32 not in t]
    data = [t.encode() for t in texts]
    ids = [front + ref.encode(t, add_special_tokens=False).ids for t in texts]
    ends = lambda parts: torch.tensor(np.cumsum([len(p) for p in parts]), dtype=torch.int32)
    return {"hard": torch.frombuffer(bytearray(b"".join(data)), dtype=torch.uint8),
            "hard_end": ends(data), "hard_ids_end": ends(ids),
            "hard_ids": torch.tensor(sum(ids, []), dtype=torch.int32)}  # fmt: skip


def make(name, folder):
    file, kind = MODELS[name]
    how = dict(gguf_file=file)
    tok = AutoTokenizer.from_pretrained(folder, **how)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", **how).eval()  # fmt: skip
    out = values(model, kind, tok(TEXT)["input_ids"])
    out["bits"] = bits_of(os.path.join(folder, file))
    out.update(hard(tok, kind, os.path.join(folder, file)))
    os.makedirs(os.path.join(FIXTURES, "real"), exist_ok=True)
    path = os.path.join(FIXTURES, "real", f"{name}.safetensors")
    save_file(out, path, metadata={"text": TEXT, "made by": version("transformers")})
    print(path, os.path.getsize(path), out["ids"].tolist(), tok.decode(out["greedy"]))


with torch.no_grad():
    for n in sys.argv[2:] or MODELS:
        make(n, sys.argv[1])
