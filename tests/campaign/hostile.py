#!/usr/bin/env python3
"""Hostile files: everything that saetop reads, spoiled in every way that mutate.py knows,
and given to the commands that read it. Each must end by itself, with 0 or with a line that
says what is wrong; nothing outside its own folder may change.

    python3 tests/campaign/hostile.py build/saetop [--cases N] [--minutes M] [--seed S]
                                     [--only TEXT]
"""
import gzip
import json
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
SWEEP = """{"about": "a", "settings": {"steps": 2, "width": 64}, "seeds": [1, 2],
 "parts": {"dose": {"about": "b", "k": [2, 4], "mask.rate": [0, 0.3]},
           "arms": {"arch": ["topk", "jumprelu"], "match_l0": 4, "mask.rate": [0, 0.3]}}}
"""
SCRIPT = ":wait idle\n2\n<Enter>\n:filter latent>3\n:size 100 30\n?\n<Esc>\n:export out.csv\n"
MASK = "<|mask|>"
CHAT = '{{ bos_token }}{% for m in messages %}{{ "[INST]" + m.content + "[/INST]" }}{% endfor %}'
HOOK = "blocks.1.hook_resid_post"
READERS = ("top", "ask", "find", "doctor")  # commands that may change nothing at all


class Kind:
    """A folder with a file to spoil, and the commands that read it. refused: as it stands
    it is read, and then refused for what it says."""

    def __init__(self, folder, file, *commands, refused=False):
        self.folder, self.file, self.commands = folder, file, commands
        self.refused = refused
        self.name = f"{os.path.basename(folder)}/{file}"

    def command(self, argv, folder):
        """A command on a copy of the folder."""
        file = os.path.join(folder, self.file)
        return [a.replace("{d}", folder).replace("{f}", file) for a in argv]


def kinds(lab):
    """The folders are made once; {d} in a command is a copy, {f} the file in it."""
    text = lab.path("text")
    os.mkdir(text)
    with open(lab.book, "rb") as f:
        book = f.read()[:20000]
    ids = struct.pack("<2000H", *(i % 300 for i in range(2000)))
    files = {
        "t.npy": mutate.npy("<u2", "(2000,)", ids),
        "t.bin": ids,
        "t.txt.gz": gzip.compress(book, mtime=0),
        "t.jsonl.gz": gzip.compress(b'{"text": "the dog ran"}\n' * 50, mtime=0),
        "t.npy.gz": gzip.compress(mutate.npy("<u2", "(500, 4)", ids), mtime=0),
        "t.txt": book,
        "t.jsonl": b"".join(b'{"text": "the dog ran to %d"}\n' % i for i in range(50)),
        "ids.jsonl": b'{"input_ids": [1, 2, 3, 4, 5]}\n' * 50,
        "t.csv": b"text\n" + b'"the dog, it ran"\n' * 50,
        "g.grammar.json": GRAMMAR.encode(),
        "concepts.csv": b"concept,parent,word\n" + b"".join(
            b"%s,thing,%s\n" % (w, w) for w in words_of(lab)),
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
    for name in ("t.txt", "t.jsonl", "t.csv", "t.txt.gz", "t.jsonl.gz"):
        yield Kind(text, name, stats, train)
    rows = ("corpus", "rows", "--model", lab.model, "--corpus", "{f}", "--context", "16")
    for name in ("ids.jsonl", "t.npy", "t.bin", "t.npy.gz"):
        yield Kind(text, name, rows, train)
    several = lab.path("several")
    os.mkdir(several)
    for name in ("t.txt", "t.jsonl", "t.csv", "t.txt.gz"):
        shutil.copy(os.path.join(text, name), several)
        yield Kind(several, name, tuple(a.replace("{f}", "{d}") for a in stats))
    yield Kind(text, "g.grammar.json", ("corpus", "generate", "--n", "5", "--corpus", "{f}#r"),
               ("corpus", "stats", "--n", "20", "--corpus", "{f}#r"))
    yield Kind(text, "concepts.csv",
               ("train", "--out", "{d}/out", *lab.small(2), "--concepts", "{f}"))
    yield Kind(text, "probes.csv",
               ("eval", lab.good, "--only", "probing", "--out", "{d}/e.json", "--probes", "{f}"))
    yield Kind(text, "settings.json", ("train", "--print-config", "--config", "{f}"))
    yield Kind(text, "sweep.json", ("sweep", "--out", "{d}/out", "--plan", "{f}"))
    swept = lab.path("swept")
    grid = ("--match-l0", "4", "--archs", "batchtopk", "--mask-rates", "0,0.3", "--seeds", "1",
            "--jobs", "1", *lab.small(2))  # fmt: skip
    lab.must("sweep", "--out", swept, *grid)
    for part in ("cells", "match"):
        name = sorted(os.listdir(os.path.join(swept, part)))[0]
        yield Kind(swept, f"{part}/{name}", ("sweep", "--out", "{d}", *grid),
                   ("sweep", "--out", "{d}", "--collect"))
    yield Kind(swept, "sweep.json", ("sweep", "--out", "{d}", "--collect"))
    yield Kind(text, "script.txt",
               (lab.good, "--script", "{f}", "--headless", "--size", "80x24"))
    lm = ("lm", "eval", "--model", "{d}", "--rows", "2", "--corpus", lab.book)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        yield Kind(lab.model, name, lm, ("train", "--out", "{d}/out", *lab.small(2),
                                         "--model", "{d}"))
    old = old_tokenizer(lab)
    tokenize = ("lm", "tokenize", "--model", "{d}", "--json", "--text", "Caf\u00e9 <mask> 12's")
    for name in ("vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json",
                 "special_tokens_map.json", "config.json"):  # fmt: skip
        yield Kind(old, name, tokenize, lm)
    sae = lab.path("sae")
    os.mkdir(sae)
    for name in ("cfg.json", "sae_weights.safetensors"):
        shutil.copy(os.path.join(lab.good, name), sae)
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        yield Kind(old, name, ("ask", sae, "--model", "{d}", "--hook", HOOK, "--chat", "Hello"))
    shards = lab.path("shards")
    os.mkdir(shards)
    lab.must("lm", "activations", "--shard", "--model", lab.model, "--hook", HOOK, "--corpus",
             lab.book, "--rows", "20", "--context", "16", "--mask-rate", "0.2", "--out",
             os.path.join(shards, "0.safetensors"))  # fmt: skip
    plain = lab.path("plain")
    os.mkdir(plain)
    rows = {"x.npy": mutate.npy("<f2", "(400, 16)", struct.pack("<e", 0.5) * 6400),
            "x.tokens.npy": mutate.npy("<i4", "(400,)", bytes(1600)),
            "activations.json": b'{"mask_rate": 0, "model": "m"}'}  # fmt: skip
    for name, data in rows.items():
        with open(os.path.join(plain, name), "wb") as f:
            f.write(data)
    for folder, name in ((shards, "0.safetensors"), *((plain, n) for n in rows),
                         (plain, "x.masked.npy"), (plain, "x.activations_masked.npy")):  # fmt: skip
        yield Kind(folder, name,
                   ("train", "--out", "{d}/out", "--activations", "{d}", "--width", "64",
                    "--batch", "64", "--steps", "2", "--threads", "1"))  # fmt: skip
    models = os.path.join(os.path.dirname(__file__), "..", "fixtures", "models")
    for model, name in (("gemma3", "config.json"), ("gemma2", "model.safetensors"),
                        ("qwen3", "pytorch_model.bin"),
                        ("mistral", "model.safetensors.index.json")):  # fmt: skip
        yield Kind(os.path.join(models, model), name, lm)
    yield Kind(os.path.join(models, "llama"), "adapter_config.json", lm)
    for name in ("llama3.gguf", "gemma2.gguf"):
        yield Kind(os.path.join(models, "..", "gguf"), name,
                   ("lm", "eval", "--model", "{f}", "--rows", "2", "--corpus", lab.book),
                   ("doctor", "{f}", lab.book), ("lm", "tokenize", "--model", "{f}", "--text", "a"))
    yield Kind(lab.model, "train_state.safetensors",
               ("lm", "train", "--resume", "--out", "{d}", "--corpus", lab.book, "--steps", "2",
                "--layers", "2", "--width", "16", "--heads", "2", "--vocab", "400", "--context",
                "32", "--batch", "2", "--set", "eval_rows=2"))
    presets = os.path.join(os.path.dirname(__file__), "..", "fuzz", "corpus", "presets")
    shutil.copy(os.path.join(presets, "good.json"), os.path.join(lab.good, "presets.json"))
    yield Kind(lab.good, "presets.json", ("ask", "{d}", "--text", "a", "--preset", "a"),
               refused=True)
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
            yield Kind(folder, file, ("import", path, "--out", "{d}.out"),
                       refused=name == "sparsify_wide_decoder")


def bpe_of(folder):
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as f:
        return json.load(f)["model"]


def words_of(lab):
    """Two words that are tokens of the lab's model."""
    words = (t[1:] for t in bpe_of(lab.model)["vocab"] if t[0] == "\u0120" and len(t) > 3)
    return [w.encode() for w in words if w.isascii() and w.isalpha()][:2]


def old_tokenizer(lab):
    """The lab's model with the files that tokenizers had before tokenizer.json."""
    folder = lab.path("old")
    shutil.copytree(lab.model, folder)
    model = bpe_of(folder)
    os.remove(os.path.join(folder, "tokenizer.json"))
    vocab = model["vocab"]
    last = max(vocab, key=vocab.get)  # made an added token
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    merges = [m for m in merges if m.replace(" ", "") != last]
    files = {
        "added_tokens.json": json.dumps({MASK: vocab[MASK], last: vocab.pop(last)}),
        "vocab.json": json.dumps(vocab),
        "merges.txt": "#version: 0.2\n" + "\n".join(merges) + "\n",
        "special_tokens_map.json": json.dumps({"mask_token": {"content": MASK}}),
        "tokenizer_config.json": json.dumps({
            "tokenizer_class": "GPT2Tokenizer", "eos_token": "<|eos|>",
            "chat_template": [{"name": "default", "template": CHAT}]}),
        "chat_template.jinja": CHAT,
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    return folder


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


def check_whole(lab, kinds):
    """A file that is refused before it is spoiled would test nothing."""
    def one(kind):
        folder = lab.path(f"whole{id(kind)}")
        shutil.copytree(kind.folder, folder)
        for command in kind.commands:
            ended = lab.run(*kind.command(command, folder), cwd=folder)
            if (ended.status != 0) != kind.refused:
                lab.record(f"{kind.name} as it stands", f"status {ended.status}", ended)
        shutil.rmtree(folder)
        shutil.rmtree(folder + ".out", ignore_errors=True)

    lab.each(one, kinds)


def unnamed(ended, folder, file):
    """Wrong input is named, or what stands in its place is: the folder, the file or that
    outside; a preset that fits no longer is known by its name."""
    if ended.status != 2:
        return None
    last = ended.err.splitlines()[-1]
    names = (os.path.basename(folder), os.path.basename(file), "outside", "preset ")
    return None if any(n in last for n in names) else "the message names no file"


def main():
    lab = Lab(__doc__, cases=800, add_options=lambda p: p.add_argument(
        "--only", default="", help="files with this in their folder's name or their own"))
    lab.make_world()
    known = [k for k in kinds(lab) if lab.args.only in k.name]
    check_whole(lab, known)

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
        label = f"{kind.name}: {name}"
        for command in kind.commands:
            before = snapshot(folder)
            ended = lab.run(*kind.command(command, folder), cwd=folder)
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
