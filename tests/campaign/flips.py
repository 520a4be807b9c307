#!/usr/bin/env python3
"""Flipped bits: one bit of a file that saetop reads is turned, and the file read. It must
end by itself, with 0 or with a line. A container with checksums (.pt, .npz) must be refused,
or give what it gave before: nothing damaged is imported silently.

    python3 tests/campaign/flips.py build/saetop [--cases N] [--minutes M] [--seed S]
"""
import os
import shutil

from lab import Lab

HERE = os.path.dirname(os.path.abspath(__file__))


def targets(lab):
    """(folder, file, command that reads it, whether a change must be noticed)."""
    top, resume = ("top", "{d}"), ("train", "--resume", "{d}", "--steps", "5")
    for name in sorted(os.listdir(lab.good)):
        yield lab.good, name, resume if name == "trainer_state.safetensors" else top, False
    lm = ("lm", "eval", "--model", "{d}", "--rows", "2", "--corpus", lab.book)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        yield lab.model, name, lm, False
    formats = os.path.join(HERE, "..", "fixtures", "formats")
    for name in sorted(os.listdir(formats)):
        folder = os.path.join(formats, name)
        for file in sorted(set(os.listdir(folder)) - {"expected.safetensors"}):
            checked = file.endswith((".pt", ".npz"))
            path = "{f}" if checked else "{d}"
            yield folder, file, ("import", path, "--out", "{d}.out"), checked


def weights(folder):
    try:
        with open(os.path.join(folder, "sae_weights.safetensors"), "rb") as f:
            return f.read()
    except OSError:
        return None


def main():
    lab = Lab(__doc__, cases=1000)
    lab.make_world()
    known = list(targets(lab))
    whole = {}
    for folder, file, command, checked in known:
        if checked:
            out = lab.path("whole")
            lab.must("import", os.path.join(folder, file), "--out", out)
            whole[folder] = weights(out)
            shutil.rmtree(out)

    def one(case):
        number, (source, file, command, checked), at, bit = case
        folder = lab.path(f"flip{number}")
        shutil.copytree(source, folder)
        path = os.path.join(folder, file)
        with open(path, "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1 << bit]))
        ended = lab.run(*[a.replace("{d}", folder).replace("{f}", path) for a in command])
        fault = ended.fault()
        out = folder + ".out"
        if not fault and checked and ended.status == 0 and weights(out) != whole[source]:
            fault = "imported with other weights, silently"
        lab.record(f"{os.path.basename(source)}/{file}, bit {bit} of byte {at}", fault, ended)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)

    def one_round(rng, n):
        cases = []
        for i in range(n):
            target = known[i % len(known)]
            size = os.path.getsize(os.path.join(target[0], target[1]))
            if size > 0:
                cases.append((i, target, rng.randrange(size), rng.randrange(8)))
        lab.each(one, cases)

    lab.rounds(one_round)


main()
