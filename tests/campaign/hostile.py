#!/usr/bin/env python3
"""Hostile files: everything that saetop reads, spoiled in every way that mutate.py knows,
and given to the commands that read it. Each must end by itself, with 0 or with a line that
says what is wrong; nothing outside its own folder may change.

    python3 tests/campaign/hostile.py build/saetop [--cases N] [--minutes M] [--seed S]
"""
import gzip
import os
import shutil
import struct

import mutate
from lab import Lab, changes, snapshot

GRAMMAR = """{"format": "saetop-grammar", "version": 1,
 "categories": [{"name": "pet", "pos": "noun", "words": ["dog", "cat"]},
                {"name": "act", "pos": "verb", "words": ["run", "sleep"]}],
 "registers": [{"name": "r", "documents": [{"name": "d", "bind": {"p": "pet"},
                                            "plan": ["s", "t"]}]}],
 "templates": {"s": ["A {p} was there."], "t": ["The {p} saw a {x:pet}."]}}
"""
SWEEP = '{"set": {"steps": 2, "width": 64}, "grids": [{"mask_rates": [0, 0.3], "k": [4]}]}\n'
SCRIPT = ":wait idle\n2\n:sort name\n:filter /the/\n:shot out.txt\n"


READERS = ("top", "ask", "find", "doctor")  # commands that may change nothing at all


def npy(kind, shape, body):
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
    return b"\x93NUMPY\1\0" + struct.pack("<H", 118) + head.encode() + b"\n" + body


class Kind:
    """A folder with a file to spoil, and the commands that read it."""

    def __init__(self, folder, file, *commands):
        self.folder, self.file, self.commands = folder, file, commands


def kinds(lab):
    """The folders are made once; {d} in a command is a copy, {f} the file in it."""
    text = lab.path("text")
    os.mkdir(text)
    with open(lab.book, "rb") as f:
        book = f.read()[:20000]
    files = {
        "t.txt": book,
        "t.jsonl": b"".join(b'{"text": "the dog ran to %d"}\n' % i for i in range(50)),
        "ids.jsonl": b'{"input_ids": [1, 2, 3, 4, 5]}\n' * 50,
        "t.csv": b"text\n" + b'"the dog, it ran"\n' * 50,
        "t.jsonl.gz": gzip.compress(b'{"text": "the dog ran"}\n' * 50),
        "t.npy": npy("<u2", "(400,)", bytes(range(1, 101)) * 8),
        "t.bin": bytes(b for i in range(400) for b in (i % 100 + 1, 0)),
        "g.grammar.json": GRAMMAR.encode(),
        "concepts.csv": b"concept,parent,word\ndog,animal,dog\ncat,animal,cat\n",
        "probes.csv": b"task,text,label,split\n" + b"".join(
            b"t,the %s ran,%d,%s\n" % (w, y, s) for s in (b"train", b"test")
            for w, y in ((b"dog", 1), (b"hill", 0)) for _ in range(8)),
        "settings.json": b'{"steps": 3, "width": 64, "mask": {"rate": 0.3}}',
        "sweep.json": SWEEP.encode(),
        "script.txt": SCRIPT.encode(),
    }
    for name, data in files.items():
        with open(os.path.join(text, name), "wb") as f:
            f.write(data)
    stats = ("corpus", "stats", "--tokenizer", lab.model + "/tokenizer.json", "--corpus", "{f}")
    train = ("train", "--out", "{d}/out", *lab.small(2), "--corpus", "{f}")
    for name in ("t.txt", "t.jsonl", "ids.jsonl", "t.csv", "t.jsonl.gz", "t.npy", "t.bin"):
        yield Kind(text, name, stats, train)
    yield Kind(text, "g.grammar.json", ("corpus", "generate", "--n", "5", "--corpus", "{f}#r"),
               ("corpus", "stats", "--n", "20", "--corpus", "{f}#r"))
    yield Kind(text, "concepts.csv",
               ("train", "--out", "{d}/out", *lab.small(2), "--concepts", "{f}"))
    yield Kind(text, "probes.csv",
               ("eval", lab.good, "--only", "probing", "--out", "{d}/e.json", "--probes", "{f}"))
    yield Kind(text, "settings.json", ("train", "--print-config", "--config", "{f}"))
    yield Kind(text, "sweep.json", ("sweep", "--out", "{d}/out", "--plan", "{f}"))
    acts = lab.path("acts")
    os.mkdir(acts)
    lab.must("lm", "activations", "--model", lab.model, "--corpus", lab.book, "--rows", "40",
             "--hook", "blocks.1.hook_resid_post", "--mask-rate", "0.3", "--shard", "--out",
             acts + "/a.safetensors")
    with open(acts + "/b.npy", "wb") as f:
        f.write(npy("<f4", "(64, 16)", bytes(4 * 64 * 16)))
    with open(acts + "/b.tokens.npy", "wb") as f:
        f.write(npy("<i4", "(64,)", b"\1\0\0\0" * 64))
    for name in sorted(os.listdir(acts)) + ["b.masked.npy", "b.activations_masked.npy"]:
        yield Kind(acts, name, ("train", "--out", "{d}.out", "--activations", "{d}",
                                "--tokenizer", lab.model, *lab.small(2)[4:]))
    yield Kind(text, "script.txt",
               (lab.good, "--script", "{f}", "--headless", "--size", "80x24"))
    lm = ("lm", "eval", "--model", "{d}", "--rows", "2", "--corpus", lab.book)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        yield Kind(lab.model, name, lm, ("train", "--out", "{d}/out", *lab.small(2),
                                         "--model", "{d}"))
    models = os.path.join(os.path.dirname(__file__), "..", "fixtures", "models")
    for model, name in (("gemma3", "config.json"), ("gemma2", "model.safetensors"),
                        ("qwen3", "pytorch_model.bin"),
                        ("mistral", "model.safetensors.index.json")):  # fmt: skip
        yield Kind(os.path.join(models, model), name, lm)
    for name in ("llama3.gguf", "gemma2.gguf"):
        yield Kind(os.path.join(models, "..", "gguf"), name,
                   ("lm", "eval", "--model", "{f}", "--rows", "2", "--corpus", lab.book),
                   ("doctor", "{f}", lab.book), ("lm", "tokenize", "--model", "{f}", "--text", "a"))
    yield Kind(lab.model, "train_state.safetensors",
               ("lm", "train", "--resume", "--out", "{d}", "--corpus", lab.book, "--steps", "3",
                "--layers", "2", "--width", "16", "--heads", "2", "--vocab", "400", "--context",
                "32", "--batch", "2", "--set", "eval_rows=2"))
    presets = os.path.join(os.path.dirname(__file__), "..", "fuzz", "corpus", "presets")
    shutil.copy(os.path.join(presets, "good.json"), os.path.join(lab.good, "presets.json"))
    yield Kind(lab.good, "presets.json", ("ask", "{d}", "--text", "a", "--preset", "a"))
    resume = ("train", "--resume", "{d}", "--steps", "5")
    for name in sorted(os.listdir(lab.good)) + [".saved", ".saving", ".lock", "checkpoints",
                                                "labels.csv", "notes.md"]:
        yield Kind(lab.good, name, ("top", "{d}"), ("ask", "{d}", "the dog", "--ablate", "1"),
                   ("find", "{d}", "dog"), ("doctor", "{d}"),
                   ("eval", "{d}", "--only", "latents"), resume)
    formats = os.path.join(os.path.dirname(__file__), "..", "fixtures", "formats")
    for name in sorted(os.listdir(formats)):
        folder = os.path.join(formats, name)
        for file in sorted(set(os.listdir(folder)) - {"expected.safetensors"}):
            path = "{f}" if file.endswith((".pt", ".npz")) else "{d}"
            yield Kind(folder, file, ("import", path, "--out", "{d}.out"))


def spoilings(kind, rng):
    """(name, function that spoils the file at a path)."""
    try:
        with open(os.path.join(kind.folder, kind.file), "rb") as f:
            data = f.read()
    except OSError:
        data = b""
    for name, spoiled in mutate.of_kind(kind.file, data, rng):
        def put(path, outside, spoiled=spoiled):
            with open(path, "wb") as f:
                f.write(spoiled)
        yield name, put
    yield from mutate.NO_FILES


def unnamed(ended, folder, file):
    """Wrong input is named, or what stands in its place is: the folder, the file or that
    outside; a preset that fits no longer is known by its name."""
    if ended.status != 2:
        return None
    last = ended.err.splitlines()[-1]
    names = (os.path.basename(folder), os.path.basename(file), "outside", "preset ")
    return None if any(n in last for n in names) else "the message names no file"


def main():
    lab = Lab(__doc__, cases=800)
    lab.make_world()
    known = list(kinds(lab))

    def one(case):
        number, kind, name, spoil = case
        folder = lab.path(f"case{number}")
        shutil.copytree(kind.folder, folder)
        file = os.path.join(folder, kind.file)
        if os.path.isdir(file):
            shutil.rmtree(file)
        elif os.path.lexists(file):
            os.remove(file)
        outside = folder + ".outside"
        precious = lab.make_outside(outside)
        spoil(file, outside)
        label = f"{os.path.basename(kind.folder)}/{kind.file}: {name}"
        for command in kind.commands:
            before = snapshot(folder)
            argv = [a.replace("{d}", folder).replace("{f}", file) for a in command]
            ended = lab.run(*argv, cwd=folder)
            fault = ended.fault() or unnamed(ended, folder, file) or changes(precious, outside)
            if command[0] in READERS:
                fault = fault or changes(before, folder)
            lab.record(f"{number} {label}", fault, ended)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder + ".out", ignore_errors=True)
        shutil.rmtree(outside)

    def one_round(rng, n):
        cases = [(kind, name, spoil) for kind in known for name, spoil in spoilings(kind, rng)]
        drawn = rng.sample(cases, min(n, len(cases)))
        lab.each(one, [(i, *case) for i, case in enumerate(drawn)])

    lab.rounds(one_round)


main()
