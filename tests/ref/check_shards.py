#!/usr/bin/env python3
"""The Python of src/activations.md, run as it stands on the bundled model: what it writes
is what saetop makes of the same tokens, and saetop trains on it.
usage: check_shards.py SAETOP OUT"""
import json
import pathlib
import re
import subprocess
import sys

import torch
from safetensors.torch import load_file, safe_open

root = pathlib.Path(__file__).resolve().parents[2]
saetop, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
out.mkdir(parents=True)
model = root / "samples/model"

page = (root / "src/activations.md").read_text()
code = re.search(r"```python\n(.*?)```", page, re.S).group(1)
lines = len(code.splitlines())
code = code.replace('"google/gemma-2-2b", 12', f'"{model}", 1').replace("bfloat16", "float32")
subprocess.run([saetop, "corpus", "generate", "--n", "600", "--out", out / "text.txt"], check=True)
(out / "make.py").write_text(code)
subprocess.run([sys.executable, "make.py"], cwd=out, check=True)

shards = sorted((out / "shards").iterdir())
first = load_file(shards[0])
with safe_open(shards[0], "pt") as f:
    said = f.metadata()
assert said["mask_rate"] == "0.2" and said["hook"] == "blocks.1.hook_resid_post", said
rate = first["masked"].float().mean().item()
assert 0.15 < rate < 0.25, rate
assert (first["activations"] - first["activations_masked"]).abs().max() > 0.1

# The first row's tokens, written as text that has these very tokens again.
from transformers import AutoTokenizer

tok = AutoTokenizer.from_pretrained(model)
ids = first["tokens"][:100].tolist()
(out / "row.txt").write_text(tok.decode(ids))
subprocess.run([saetop, "lm", "activations", "--hook", said["hook"], "--text-file", out / "row.txt",
                "--bos", "--out", out / "row.safetensors"], check=True)
row = load_file(out / "row.safetensors")
mine = row["blocks.1.hook_resid_post"][0]
same = [i for i, t in enumerate(row["input_ids"][0].tolist()[1:]) if i < len(ids) and t == ids[i]]
n = next((i for i, s in enumerate(same) if i != s), len(same))  # as far as the text is the same
assert n > 50, n
worst = (mine[1:n + 1] - first["activations"][:n]).abs().max().item()
print(f"{lines} lines, {len(shards)} shards, {n} vectors compared, greatest difference {worst:.2e}")
assert worst < 1e-4

subprocess.run([saetop, "train", "--activations", out / "shards", "--width", "64", "--k", "4",
                "--steps", "60", "--batch", "128", "--out", out / "run", "--quiet"], check=True)
got = json.loads(subprocess.run([saetop, "eval", out / "run", "--json"], check=True,
                                capture_output=True).stdout)
ev = got["fidelity"]["in_distribution"]["explained_variance"]["value"]
print(f"explained variance {ev:.3f}")
assert ev > 0.1
