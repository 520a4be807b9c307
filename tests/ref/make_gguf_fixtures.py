"""GGUF files by the Python package `gguf`, for tests/unit/test_base_gguf.c.

Writes into tests/fixtures/gguf/:
  blocks.gguf          a tensor of each type that saetop reads, of random bits; keys of
                       every type
  blocks.safetensors   the same tensors by the package's own dequantisation
With --check FILE DUMP it compares instead: every tensor of the GGUF FILE, dequantised by
the package, with the floats in DUMP, one tensor after another, bit for bit. With --ggml
LIBRARY (libggml-base.so of llama.cpp) the C functions of ggml are held to the package's
as well. It was run with

    gguf 0.19.0, numpy 2.4.6

    python tests/ref/make_gguf_fixtures.py
"""

import argparse
import ctypes
import importlib.metadata
import os
import sys

import gguf
import numpy as np
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(os.path.dirname(HERE), "fixtures", "gguf")
ROWS, ROW = 2, 512  # two blocks of 256 a row

# Where the halves of a block stand: they must be finite, whatever the other bits are.
HALVES = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
# Scales that matter: both signs, zeros, the smallest, a subnormal, the largest.
SPECIAL = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00]


def halves(rng, n):
    bits = rng.integers(0, 1 << 16, n, dtype=np.uint16)
    bits = np.where((bits & 0x7C00) == 0x7C00, bits & 0x83FF, bits)
    bits[: len(SPECIAL)] = SPECIAL[:n]
    return bits.astype(np.uint16)


def blocks(rng, name):
    """Raw bytes [ROWS, bytes of a row] of a type."""
    elements, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    n = ROWS * ROW // elements
    if name == "F32":
        x = rng.standard_normal(n).astype(np.float32)
        x[:4] = [0.0, -0.0, np.float32(1e-45), -np.finfo(np.float32).max]
        raw = x.view(np.uint8)
    elif name == "F16":
        raw = halves(rng, n).view(np.uint8)
    elif name == "BF16":
        bits = rng.integers(0, 1 << 16, n, dtype=np.uint16)
        bits = np.where((bits & 0x7F80) == 0x7F80, bits & 0x80FF, bits)
        raw = bits.astype(np.uint16).view(np.uint8)
    else:
        raw = rng.integers(0, 256, (n, size), dtype=np.uint8)
        for at in HALVES[name]:
            raw[:, at : at + 2] = halves(rng, n).view(np.uint8).reshape(n, 2)
    return raw.reshape(ROWS, -1)


def by_ggml(path, name, raw):
    """The rows by ggml's C function for the type."""
    lib = ctypes.CDLL(path)
    out = np.empty(ROWS * ROW, dtype=np.float32)
    raw = np.ascontiguousarray(raw)
    f = getattr(lib, f"dequantize_row_{name.replace('Q', 'q')}")
    f(raw.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p),
      ctypes.c_int64(out.size))
    return out.reshape(ROWS, ROW)


def write(args):
    rng = np.random.default_rng(1)
    os.makedirs(OUT, exist_ok=True)
    w = gguf.GGUFWriter(os.path.join(OUT, "blocks.gguf"), "llama")
    w.add_uint8("v.u8", 200)
    w.add_int8("v.i8", -100)
    w.add_uint16("v.u16", 60000)
    w.add_int16("v.i16", -30000)
    w.add_uint32("v.u32", 4000000000)
    w.add_int32("v.i32", -2000000000)
    w.add_uint64("v.u64", 1 << 63)
    w.add_int64("v.i64", -(1 << 62))
    w.add_float32("v.f32", 0.1)
    w.add_float64("v.f64", 0.1)
    w.add_bool("v.true", True)
    w.add_bool("v.false", False)
    w.add_string("v.text", "é\n")
    w.add_array("a.text", ["a", "", "▁the", "ab"])
    w.add_array("a.i32", [3, -1, 1])
    w.add_array("a.f32", [0.5, -1000.0])
    w.add_array("a.bool", [True, False])
    expected = {}
    for t in ["F32", "F16", "BF16", *HALVES]:
        q = gguf.GGMLQuantizationType[t]
        raw = blocks(rng, t)
        with np.errstate(all="ignore"):
            expected[t] = gguf.dequantize(raw, q).reshape(ROWS, ROW).astype(np.float32)
        assert np.isfinite(expected[t]).all(), t
        if args.ggml and t in HALVES:
            same = by_ggml(args.ggml, t, raw).view(np.uint32) == expected[t].view(np.uint32)
            print(f"{t}: {int((~same).sum())} of {same.size} differ from ggml's C")
            assert same.all()
        w.add_tensor(t, raw, raw_dtype=q)
    w.add_tensor("vector", np.arange(5, dtype=np.float32))
    expected["vector"] = np.arange(5, dtype=np.float32)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    out = os.path.join(OUT, "blocks.safetensors")
    save_file(expected, out, metadata={"gguf": importlib.metadata.version("gguf")})
    os.chmod(out, 0o644)


def check(path, dump):
    x = np.memmap(dump, dtype=np.uint32)
    at = wrong = 0
    tensors = gguf.GGUFReader(path).tensors
    for t in tensors:
        y = gguf.dequantize(t.data, t.tensor_type).reshape(-1).view(np.uint32)
        bad = int((x[at : at + len(y)] != y).sum())
        if bad:
            print(f"{t.name} ({t.tensor_type.name}): {bad} of {len(y)} differ")
        wrong += bad
        at += len(y)
    print(f"{path}: {len(tensors)} tensors, {at} weights, {wrong} differ")
    return 0 if wrong == 0 and at == len(x) else 1


p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
p.add_argument("--check", nargs=2, metavar=("FILE", "DUMP"))
p.add_argument("--ggml", metavar="LIBRARY")
a = p.parse_args()
sys.exit(check(*a.check) if a.check else write(a))
