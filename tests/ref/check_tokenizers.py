"""Compares `saetop lm tokenize` with `tokenizers` on a large text (every character of Unicode in
three surroundings, files of this tree, random characters): each tokenizer of fixtures/tokenizers,
and SmolLM2's real one where a GGUF of it is given.

    tests/ref/check_tokenizers.py SAETOP [SMOLLM2.gguf]      needs tokenizers; for the GGUF gguf
"""
import json, os, pathlib, random, subprocess, sys, tempfile
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]


def large_text():
    rng = random.Random(3)
    every = (chr(c) for c in range(1, 0x30000) if not 0xD800 <= c < 0xE000)
    lines = [f"a{c}1 {c}{c} .{c}  \n" for c in every]
    tree = "".join(f.read_text() for f in sorted(ROOT.glob("core/text/*.c")) + sorted(ROOT.glob("*/README.md")))
    ranges = [(1, 0x250), (0x250, 0x2000), (0x2000, 0xD7FF), (0xE000, 0x1FFFF), (32, 33), (32, 33), (10, 11), (0x301, 0x302)]
    return tree + "".join(lines) + "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(100_000))


def smollm2(path):
    """Its tokenizer.json, from the arrays of a GGUF."""
    from gguf import GGUFReader
    fields = GGUFReader(path).fields
    tokens, types, merges = (fields[f"tokenizer.ggml.{k}"].contents() for k in ("tokens", "token_type", "merges"))
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
             "byte_fallback": False, "ignore_merges": False, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None, "decoder": byte_level, "model": model,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
            "added_tokens": [dict({"id": i, "content": t}, **flags) for i, (t, kind) in enumerate(zip(tokens, types)) if kind == 3]}


def compare(saetop, name, path, text, text_file):
    reference = Tokenizer.from_file(path)
    reference.encode_special_tokens = True
    want = reference.encode(text).ids
    said = subprocess.run([saetop, "lm", "tokenize", "--tokenizer", path, "--text-file", text_file, "--json"], check=True, capture_output=True)
    got = json.loads(said.stdout)["ids"]
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    same = got == want
    print(f"{name:12} {len(want)} ids, " + ("equal" if same else f"{len(got)} here, they part at {at}: {got[at:at + 6]}, expected {want[at:at + 6]}"))
    return same


def main():
    saetop = os.path.abspath(sys.argv[1])
    text = large_text()
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        text_file = f"{scratch}/text"
        pathlib.Path(text_file).write_bytes(text.encode())
        for path in sorted(ROOT.glob("tests/fixtures/tokenizers/*/tokenizer.json")):
            good &= compare(saetop, path.parent.name, str(path), text, text_file)
        if len(sys.argv) > 2:
            path = f"{scratch}/tokenizer.json"
            pathlib.Path(path).write_text(json.dumps(smollm2(sys.argv[2])))
            good &= compare(saetop, "SmolLM2", path, text, text_file)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
