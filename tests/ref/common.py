"""What the generators of fixtures share: versions, one thread, safetensors with notes."""

import importlib.metadata
import json
import os
import sys
import types

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(ROOT, "tests", "fixtures")


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


def without_nnsight():
    """dictionary_learning's activation buffer imports nnsight; its trainers do not use
    it. A stand-in keeps several gigabytes of packages out of the environment."""
    try:
        import nnsight  # noqa: F401
    except ImportError:
        stand_in = types.ModuleType("nnsight")
        stand_in.LanguageModel = object
        sys.modules["nnsight"] = stand_in


def array(t):
    """Contiguous float32 (or the integer type it has) of a tensor or list."""
    a = t.detach().cpu().numpy() if isinstance(t, torch.Tensor) else np.asarray(t)
    if a.dtype.kind in "fb":
        a = a.astype(np.float32)
    return np.ascontiguousarray(a)


def unchanged(path, arrays, text):
    """The order of metadata in a file is random: leave a file of the same content."""
    if not os.path.exists(path):
        return False
    with safe_open(path, "np") as f:
        return (
            f.metadata() == text
            and set(f.keys()) == set(arrays)
            and all(np.array_equal(f.get_tensor(k), v) for k, v in arrays.items())
        )


def write(folder, name, tensors, metadata):
    """folder/name.safetensors below tests/fixtures; metadata values that are not
    strings are written as JSON."""
    path = os.path.join(FIXTURES, folder)
    os.makedirs(path, exist_ok=True)
    text = {
        k: v if isinstance(v, str) else json.dumps(v, sort_keys=True)
        for k, v in metadata.items()
    }
    path = os.path.join(path, name + ".safetensors")
    arrays = {k: array(v) for k, v in tensors.items()}
    if unchanged(path, arrays, text):
        return
    save_file(arrays, path, metadata=text)
    print(f"{os.path.relpath(path, ROOT)}: {os.path.getsize(path)} bytes")
