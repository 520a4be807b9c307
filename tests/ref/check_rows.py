"""Whether rows, masks and orders follow from core/acts/README.md: recomputes what `saetop
corpus rows` prints, for corpora of token ids, and what `saetop lm activations` masks.

    tests/ref/check_rows.py SAETOP      needs safetensors for the latter, numpy
"""
import json, os, pathlib, subprocess, sys, tempfile

M = 2**64
G = 0x9E3779B97F4A7C15
BOS, EOS, SPECIAL, T, FILL = 0, 1, range(4), 24, 8  # the bundled tokenizer's


def fin(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % M
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % M
    return z ^ (z >> 31)


def jump(h, n):
    return fin((h + (n + 1) * G) % M)


def at(seed, stream, a, b):
    return jump(jump(jump(fin((seed + G) % M), stream), a), b)


def unit(seed, stream, a, b):
    return (at(seed, stream, a, b) >> 11) / 2**53


def permute(s, key, m, x):
    h = 1
    while 4**h < m:
        h += 1
    while True:
        l, r = x >> h, x & (2**h - 1)
        for k in range(4):
            l, r = r, l ^ (at(s, 2, key, k * 2**60 + r) & (2**h - 1))
        x = (l << h) + r
        if x < m:
            return x


def splits(docs):
    n = len(docs)
    held = [i for i in range(n) if unit(0, 6, i, 0) < 0.05] if n >= 40 else [n - 1]
    held = held or [n - 1]
    return {"train": [docs[i] for i in range(n) if i not in held], "heldout": [docs[i] for i in held]}


def stream(docs, seed, heldout):
    q = 0
    while True:
        key = 2**63 + 2 * (q // len(docs)) + heldout
        doc = docs[permute(0 if heldout else seed, key, len(docs), q % len(docs))]
        yield from doc + [EOS] if doc else []
        q += 1


def rows(docs, seed, heldout, n):
    ids = stream(docs, seed, heldout)
    return [[BOS] + [next(ids) for _ in range(T - 1)] for _ in range(n)]


def masks(row, r, seed, p):
    return [int(row[t] not in SPECIAL and unit(seed, 3, r, t) < p) for t in range(T)]


def order(fill, f, seed):
    places = [i * T + t for i, row in enumerate(fill) for t in range(T) if row[t] not in SPECIAL]
    draw = 0
    for i in range(len(places), 1, -1):
        while True:
            v, draw = at(seed, 2, f, draw), draw + 1
            if v >= M % i:
                break
        places[i - 1], places[v % i] = places[v % i], places[i - 1]
    return places


def run(saetop, *args):
    said = subprocess.run([saetop, *args], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]


def check_corpus(saetop, path, docs, seed, p):
    flags = ["--corpus", path, "--context", str(T), "--seed", str(seed), "--mask-rate", str(p)]
    parts = splits(docs)
    want = rows(parts["train"], seed, False, 6 * FILL)
    said = run(saetop, "corpus", "rows", *flags, "--json", "--order", "--fill-rows", str(FILL), "--rows", str(6 * FILL))
    lines = [s for s in said if "row" in s]
    assert [s["row"] for s in lines] == list(range(6 * FILL))
    assert [s["ids"] for s in lines] == want
    assert [s["masked"] for s in lines] == [masks(w, r, seed, p) for r, w in enumerate(want)]
    fills = [s for s in said if "fill" in s]
    assert [s["fill"] for s in fills] == list(range(1, 7))
    for i, s in enumerate(fills):
        assert s["order"] == order(want[i * FILL : (i + 1) * FILL], i + 1, seed)
    said = run(saetop, "corpus", "rows", *flags, "--json", "--split", "heldout", "--rows", "1000")
    total = sum(len(d) + 1 for d in parts["heldout"] if d)
    want = rows(parts["heldout"], seed, True, -(-total // (T - 1)))
    assert [s["ids"] for s in said] == want
    assert [s["masked"] for s in said] == [masks(w, r, seed, p) for r, w in enumerate(want)]
    assert said[-1]["fresh"] == T - (len(want) * (T - 1) - total)
    check_activations(saetop, flags, rows(parts["train"], seed, False, 9)[4:], seed, p)
    return 6 * FILL + len(want)


def check_activations(saetop, flags, want, seed, p):
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as scratch:
        out = f"{scratch}/a.safetensors"
        subprocess.run([saetop, "lm", "activations", *flags, "--from", "4", "--rows", "5", "--out", out,
                        "--hook", "blocks.0.hook_resid_pre"], check=True, capture_output=True)  # fmt: skip
        t = load_file(out)
    assert t["ids"].tolist() == want
    assert t["masked"].tolist() == [masks(w, 4 + r, seed, p) for r, w in enumerate(want)]


def main():
    saetop = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        for n in (2, 17, 41, 150):
            docs = [[4 + (i * 131 + k * 17) % 6000 for k in range(1 + i * 7 % 40)] for i in range(n)]
            path = f"{scratch}/{n}.jsonl"
            pathlib.Path(path).write_text("".join(json.dumps({"input_ids": d}) + "\n" for d in docs))
            for seed, p in ((1, 0.3), (9007199254740991, 0.75)):
                print(f"{n} documents, seed {seed}: {check_corpus(saetop, path, docs, seed, p)} rows agree")


if __name__ == "__main__":
    main()
