"""A run as other programs see it: saetop's dumps, the model by transformers, the SAE by
SAELens."""

import json
import os
import pathlib
import subprocess

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore", category=UserWarning)  # how SAELens would load the model
from sae_lens import SAE
from safetensors.numpy import load_file
from scipy import sparse
from transformers import AutoModelForCausalLM, AutoTokenizer

CHUNK = 32  # rows of text at once


class Source:
    def __init__(self, saetop, run, scratch):
        self.saetop, self.run = os.path.abspath(saetop), pathlib.Path(run)
        self.scratch = pathlib.Path(scratch)
        self.config = json.loads((self.run / "config.json").read_text())
        details, report = self.scratch / "details.json", self.scratch / "eval.json"
        if not (details.exists() and report.exists()):
            self.call("eval", str(run), "--details", str(details), "--out", str(report), "--force")
        self.details, self.eval = json.loads(details.read_text()), json.loads(report.read_text())
        self.settings = self.details["evaluation"]
        self.open_model()
        self.sae = SAE.load_from_disk(str(self.run))
        self.sae.eval()
        self.scale = json.loads((self.run / "cfg.json").read_text())["metadata"]["saetop"]["scale"]
        with torch.no_grad():
            self.decoder = self.sae.W_dec.detach().double().numpy()
            self.encoder = self.sae.W_enc.detach().double().numpy().T
        self.text = {k: Text(self, self.details[k]) for k in ("in_distribution", "out_of_distribution") if k in self.details}

    def call(self, *args):
        done = subprocess.run([self.saetop, *args], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"saetop {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    # ---- the model ----

    def open_model(self):
        where = self.details["model"]
        for base in (pathlib.Path("."), pathlib.Path(__file__).resolve().parents[3]):
            if (base / where / "config.json").exists():
                where = str(base / where)
                break
        self.model_dir = where
        self.model = AutoModelForCausalLM.from_pretrained(where).eval().float()
        self.special = sorted(set(AutoTokenizer.from_pretrained(where).all_special_ids))
        hook = self.details["hook"].split(".")
        blocks = next(m for m in self.model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == self.model.config.num_hidden_layers)
        self.block, self.post = blocks[int(hook[1])], hook[2].endswith("post")

    def at_hook(self, ids, given=None, logits=False):
        """Activations at the hook [rows, T, D], and log-probabilities if wanted; with
        `given` these stand there instead."""
        got = []

        def change(module, args, out=None):
            value = out if self.post else args
            x = value[0] if isinstance(value, tuple) else value
            got.append(x if given is None else given)
            if given is None:
                return None
            return (given, *value[1:]) if isinstance(value, tuple) else given

        handle = self.block.register_forward_hook(change) if self.post else self.block.register_forward_pre_hook(change)
        with torch.no_grad():
            out = self.model(torch.as_tensor(np.asarray(ids)))
        handle.remove()
        return got[0], out.logits.log_softmax(-1) if logits else None

    def activations(self, ids):
        return np.concatenate([self.at_hook(ids[i : i + CHUNK])[0].numpy() for i in range(0, len(ids), CHUNK)])

    # ---- the SAE ----

    def codes(self, x):
        """Codes of raw x [n, D] in the raw unit, as SAELens gives them, [n, F] sparse."""
        parts = []
        for i in range(0, len(x), 4096):
            with torch.no_grad():
                parts.append(sparse.csr_matrix(self.sae.encode(torch.from_numpy(np.ascontiguousarray(x[i : i + 4096]))).numpy()))
        return sparse.vstack(parts).tocsr()

    def decoded(self, x):
        with torch.no_grad():
            return self.sae.decode(self.sae.encode(torch.from_numpy(np.ascontiguousarray(x)))).numpy()


class Text:
    """Held-out rows: ids, which positions count, activations, codes."""

    def __init__(self, s, d):
        self.ids = np.array(d["ids"])
        self.T = d["context"]
        self.counts = np.array(d["left_out"]) == 0
        self.x = s.activations(self.ids)
        self.flat = self.x.reshape(-1, self.x.shape[-1])
        self.codes = s.codes(self.flat)


def dumped_rows(s, name, corpus, rate, rows, seed):
    """saetop lm activations of held-out rows: its tensors."""
    out = s.scratch / f"{name}.safetensors"
    if not out.exists():
        s.call("lm", "activations", "--model", s.model_dir, "--corpus", corpus, "--split", "heldout", "--rows", str(rows),
               "--hook", s.details["hook"], "--context", str(s.config["settings"]["context"]), "--mask-rate", str(rate),
               "--seed", str(seed), "--out", str(out), "--force")  # fmt: skip
    return load_file(out)


def corpus_rows(s, corpus, rows):
    """saetop corpus rows: ids."""
    said = s.call("corpus", "rows", "--model", s.model_dir, "--corpus", corpus, "--split", "heldout", "--rows", str(rows),
                  "--context", str(s.config["settings"]["context"]), "--json")  # fmt: skip
    return np.array([json.loads(line)["ids"] for line in said.splitlines()])
