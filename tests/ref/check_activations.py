"""Whether `saetop lm activations` gives what transformers does: hidden states, logits and
losses of a text and of masked rows of a corpus, to 1e-4.

    tests/ref/check_activations.py SAETOP [MODEL]      needs torch, transformers, safetensors

hidden_states[N] of GPT-2 is the residual stream before block N; the last entry is behind
ln_f, so resid_post of the last block goes through it here.
"""
import json, os, pathlib, subprocess, sys, tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4
TEXT = "The dog ran to the lake.\n\n  It didn't <|mask|> stop:\tcafé 123 "
RATE = 0.3


def check(name, got, want, worst):
    gap = float((got - want).abs().max()) if got.numel() else 0.0
    assert got.shape == want.shape, (name, got.shape, want.shape)
    worst[name] = max(worst.get(name, 0.0), gap)


def compare(model, out, mask_id, worst):
    """Every tensor of a file; how many rows and masked positions."""
    t = load_file(out)
    fed, ids, masked = t["input_ids"], t["ids"], t["masked"].bool()
    assert torch.equal(fed, torch.where(masked, mask_id, ids))
    with torch.no_grad():
        o = model(fed, output_hidden_states=True)
    layers = model.config.n_layer
    for n in range(layers):
        check("resid_pre", t[f"blocks.{n}.hook_resid_pre"], o.hidden_states[n], worst)
        post = t[f"blocks.{n}.hook_resid_post"]
        if n + 1 == layers:
            with torch.no_grad():
                post = model.transformer.ln_f(post)
        check("resid_post", post, o.hidden_states[n + 1], worst)
    check("logits", t["logits"], o.logits, worst)
    logp = o.logits[:, :-1].log_softmax(-1)
    check("nll", t["nll"], -logp.gather(-1, ids[:, 1:, None])[..., 0], worst)
    return tuple(fed.shape), int(masked.sum())


def main():
    saetop = os.path.abspath(sys.argv[1])
    where = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "samples/model")
    model = AutoModelForCausalLM.from_pretrained(where).eval()
    tok = AutoTokenizer.from_pretrained(where)
    hooks = ",".join(f"blocks.{n}.hook_resid_{p}" for n in range(model.config.n_layer) for p in ("pre", "post"))
    masks = ["--mask-rate", str(RATE), "--seed", "7"]
    corpus = ["--corpus", str(ROOT / "samples/storybook.grammar.json"), "--rows", "5", "--from", "3"]
    worst = {}
    with tempfile.TemporaryDirectory() as scratch:
        text, out = f"{scratch}/text", f"{scratch}/a.safetensors"
        pathlib.Path(text).write_text(TEXT, newline="")
        said = subprocess.run([saetop, "lm", "tokenize", "--model", where, "--text-file", text, "--json"],
                              check=True, capture_output=True)
        ids = json.loads(said.stdout)["ids"]
        assert ids == tok(TEXT)["input_ids"]
        for args in (["--text", TEXT], ["--text-file", text, "--bos"], ["--text", "a"], ["--text", TEXT] + masks,
                     corpus, corpus + masks, corpus + masks + ["--split", "heldout"]):
            subprocess.run([saetop, "lm", "activations", "--model", where, "--hook", hooks, "--logits", "--force",
                            "--out", out] + args, check=True, capture_output=True)
            shape, masked = compare(model, out, tok.mask_token_id or 0, worst)
            print(f"{' '.join(args[:1] + args[2:])[:60]!r}: {shape}, {masked} masked")
            if args[1] == TEXT:
                assert load_file(out)["ids"][0].tolist() == ids
            with safe_open(out, "pt") as f:
                assert float(f.metadata()["mask_rate"]) == (RATE if masks[0] in args else 0)
    for name, gap in worst.items():
        print(f"{name}: greatest difference {gap:.2e}, allowed {TOLERANCE:.0e}")
    return int(max(worst.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
