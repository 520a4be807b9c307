#!/usr/bin/env python3
"""Peak memory of a model of Gemma 2 2B's shape, of random weights: harvest at a hook in
the middle, and all of it with losses. The peak is of all that is resident. Beside it
are the peaks of its two parts, looked at every 20 ms: what is the process's own
(RssAnon), and pages of files (RssFile), which are the mapped weights: clean, shared with
any other process that maps the file, and the kernel's to drop where memory is short.

    python3 tests/models/memory.py SAETOP [FOLDER]

Writes FOLDER/bf16 (safetensors, 5.2 GB) and FOLDER/q4_k.gguf (1.5 GB), unless they are
there; FOLDER: ~/.cache/saetop/random. Exit 1 where a peak is above its limit: 8 GB for
BF16, 4 GB for Q4_K. Needs nothing but Python.
"""

import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
import time

LAYERS, WIDTH, INNER, HEADS, KV, HEAD, VOCAB = 26, 2304, 9216, 8, 4, 256, 256000
CONTEXT, WINDOW = 8192, 4096
CHUNK = 1 << 24
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name in safetensors, in GGUF, [out, in]
BLOCK = [
    ("input_layernorm", "attn_norm", [WIDTH]),
    ("post_attention_layernorm", "post_attention_norm", [WIDTH]),
    ("pre_feedforward_layernorm", "ffn_norm", [WIDTH]),
    ("post_feedforward_layernorm", "post_ffw_norm", [WIDTH]),
    ("self_attn.q_proj", "attn_q", [HEADS * HEAD, WIDTH]),
    ("self_attn.k_proj", "attn_k", [KV * HEAD, WIDTH]),
    ("self_attn.v_proj", "attn_v", [KV * HEAD, WIDTH]),
    ("self_attn.o_proj", "attn_output", [WIDTH, HEADS * HEAD]),
    ("mlp.gate_proj", "ffn_gate", [INNER, WIDTH]),
    ("mlp.up_proj", "ffn_up", [INNER, WIDTH]),
    ("mlp.down_proj", "ffn_down", [WIDTH, INNER]),
]  # fmt: skip


def tensors(form):
    """(name, shape) of all: form 0 is safetensors, 1 GGUF."""
    ends = [("model.embed_tokens", "token_embd", [VOCAB, WIDTH]),
            ("model.norm", "output_norm", [WIDTH])]  # fmt: skip
    yield from ((e[form] + ".weight", e[2]) for e in ends)
    for i in range(LAYERS):
        before = ("model.layers.%d.", "blk.%d.")[form] % i
        yield from ((before + b[form] + ".weight", b[2]) for b in BLOCK)


def bf16(rng, n):
    """n numbers of either sign, of sizes 2^-7 to 2^-5."""
    high = bytes(0x3C | byte & 0x80 for byte in range(256))
    out = bytearray(2 * n)
    out[0::2] = rng.randbytes(n)
    out[1::2] = rng.randbytes(n).translate(high)
    return out


def q4_k(rng, n):
    """n numbers in blocks of 256: two scales, 12 bytes of scales, 128 of fours."""
    blocks = n // 256
    out = bytearray(rng.randbytes(144 * blocks))
    for i, byte in enumerate(struct.pack("<HH", 0x0540, 0x10EA)):
        out[i::144] = bytes([byte]) * blocks
    return out


def write(f, rng, shape, numbers):
    n = math.prod(shape)
    while n > 0:
        f.write(numbers(rng, min(n, CHUNK)))
        n -= min(n, CHUNK)


def make_bf16(folder):
    os.makedirs(folder + ".new", exist_ok=True)
    fixture = os.path.join(ROOT, "fixtures", "models", "gemma2")
    shutil.copy(os.path.join(fixture, "tokenizer.json"), folder + ".new")
    with open(os.path.join(fixture, "config.json")) as f:
        config = json.load(f)
    config |= {
        "num_hidden_layers": LAYERS, "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_attention_heads": HEADS, "num_key_value_heads": KV, "head_dim": HEAD,
        "vocab_size": VOCAB, "max_position_embeddings": CONTEXT,
        "sliding_window": WINDOW, "query_pre_attn_scalar": 256, "dtype": "bfloat16",
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
        "layer_types": ["sliding_attention", "full_attention"] * (LAYERS // 2),
    }  # fmt: skip
    with open(os.path.join(folder + ".new", "config.json"), "w") as f:
        json.dump(config, f, indent=2)
    header, at = {}, 0
    for name, shape in tensors(0):
        end = at + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = random.Random(1)
    with open(os.path.join(folder + ".new", "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, shape in tensors(0):
            write(f, rng, shape, bf16)
    os.rename(folder + ".new", folder)


def text(s):
    s = s.encode()
    return struct.pack("<Q", len(s)) + s


def key(name, value):
    """A key of a GGUF file: u32, f32 or text by the value's type, or a list."""
    if isinstance(value, list):
        code = 8 if isinstance(value[0], str) else 5
        items = b"".join(text(v) if code == 8 else struct.pack("<i", v) for v in value)
        return text(name) + struct.pack("<IIQ", 9, code, len(value)) + items
    if isinstance(value, str):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, float):
        return text(name) + struct.pack("<If", 6, value)
    return text(name) + struct.pack("<II", 4, value)


def byte_letters():
    """The letters that stand for bytes in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [b for b in range(256) if b not in plain]
    letter = {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(other)}
    return [letter[b] for b in range(256)]


def make_q4_k(path):
    special = ["<|bos|>", "<|eos|>", "<|pad|>", "<|mask|>"]
    keys = [
        key("general.architecture", "gemma2"),
        key("gemma2.context_length", CONTEXT),
        key("gemma2.embedding_length", WIDTH),
        key("gemma2.block_count", LAYERS),
        key("gemma2.feed_forward_length", INNER),
        key("gemma2.attention.head_count", HEADS),
        key("gemma2.attention.head_count_kv", KV),
        key("gemma2.attention.layer_norm_rms_epsilon", 1e-6),
        key("gemma2.attention.key_length", HEAD),
        key("gemma2.attention.value_length", HEAD),
        key("gemma2.attn_logit_softcapping", 50.0),
        key("gemma2.final_logit_softcapping", 30.0),
        key("gemma2.attention.sliding_window", WINDOW),
        key("tokenizer.ggml.model", "gpt2"),
        key("tokenizer.ggml.pre", "gpt-2"),
        key("tokenizer.ggml.tokens", special + byte_letters()),
        key("tokenizer.ggml.token_type", [3] * len(special) + [1] * 256),
        key("tokenizer.ggml.bos_token_id", 0),
        key("tokenizer.ggml.eos_token_id", 1),
        key("tokenizer.ggml.padding_token_id", 2),
    ]
    infos, at = [], 0
    for name, shape in tensors(1):
        kind = 0 if len(shape) == 1 else 12  # F32, Q4_K
        infos.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape),
                                              *reversed(shape), kind, at))  # fmt: skip
        n = math.prod(shape)
        at += n * 4 if kind == 0 else n // 256 * 144
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(infos), len(keys))
    head += b"".join(keys) + b"".join(infos)
    head += b"\0" * (-len(head) % 32)
    rng = random.Random(2)
    with open(path + ".new", "wb") as f:
        f.write(head)
        for _, shape in tensors(1):
            if len(shape) == 1:
                f.write(struct.pack("<f", 1.0) * shape[0])
            else:
                write(f, rng, shape, q4_k)
    os.rename(path + ".new", path)


def parts(pid):
    """Resident memory of a process in GB: its own, and of files."""
    found = [0.0, 0.0]
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                for i, name in enumerate(("RssAnon:", "RssFile:")):
                    if line.startswith(name):
                        found[i] = int(line.split()[1]) * 1024 / 1e9
    except OSError:
        pass
    return found


def run(saetop, model, args):
    """The answer and the peak memory in GB: all, its own, of files."""
    command = [saetop, "bench", "lm", "--model", model, "--set", "context=128",
               "--rows", "4", "--seconds", "0", "--json"] + args  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    own = files = 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid != 0:
            break
        now = parts(process.pid)
        own, files = max(own, now[0]), max(files, now[1])
        time.sleep(0.02)
    if status != 0:
        sys.exit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return json.loads(process.stdout.read()), usage.ru_maxrss * 1024 / 1e9, own, files


def main():
    saetop = sys.argv[1]
    usual = os.path.expanduser("~/.cache/saetop/random")
    folder = sys.argv[2] if len(sys.argv) > 2 else usual
    os.makedirs(folder, exist_ok=True)
    over = False
    for name, make, limit in (("bf16", make_bf16, 8), ("q4_k.gguf", make_q4_k, 4)):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            make(path)
        for where in (["--hook", "blocks.12.hook_resid_post"], ["--whole"]):
            answer, peak, own, files = run(saetop, path, where)
            over = over or peak > limit
            print(f"{name:10} {answer['to']:26} {answer['tokens_per_second']:7.1f} tokens/s"
                  f"  peak {peak:.2f} GB, limit {limit}; own {own:.2f}, files {files:.2f}",
                  flush=True)  # fmt: skip
    sys.exit(1 if over else 0)


main()
