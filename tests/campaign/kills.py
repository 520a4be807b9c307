#!/usr/bin/env python3
"""Kills: commands that write are killed (SIGKILL) at random moments. What they leave must
open or be refused in a line, the same command or its resume must then get through, a run
must end with the weights of one that was left alone, in its other arms and its checkpoints
too, and no half-written file may stay.

    python3 tests/campaign/kills.py build/saetop [--cases N] [--minutes M] [--seed S]
        [--only NAME]
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import time

from lab import Lab

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 40


def folders(out):
    """What a job writes: its folder, in which other arms are, too."""
    return [out] if os.path.exists(out) else []


def read(out, file):
    """The bytes of every `file` that a job wrote, by their place."""
    found = {}
    for folder in folders(out):
        for path in glob.glob(os.path.join(folder, "**", file), recursive=True):
            with open(path, "rb") as f:
                found[path[len(out):]] = f.read()
    return found


def remove(out):
    for folder in folders(out):
        shutil.rmtree(folder)


def jobs(lab):
    """(name, command that begins, command that goes on, file that must come out equal)."""
    every = ("--set", "checkpoint.every=2", "--set", "checkpoint.keep=8")
    train = ("train", "--out", "{o}", *lab.small(STEPS), *every)
    yield "train", train, ("train", "--resume", "{o}"), "sae_weights.safetensors"
    twin = (*train, "--set", "twin=unmasked", "--also", "k=8")
    yield "train, three arms", twin, ("train", "--resume", "{o}"), "sae_weights.safetensors"
    sweep = ("sweep", "--out", "{o}", "--mask-rates", "0,0.3", "--seeds", "2", *lab.small(6))
    yield "sweep", sweep, ("sweep", "--out", "{o}"), "results.csv"
    lm = ("lm", "train", "--corpus", lab.book, "--out", "{o}", "--steps", "20", "--layers", "2",
          "--width", "16", "--heads", "2", "--vocab", "400", "--context", "32", "--batch", "2",
          "--save-every", "2", "--set", "eval_rows=2")
    yield "lm train", lm, (*lm, "--resume"), "model.safetensors"
    sae = os.path.join(HERE, "..", "fixtures", "formats", "dictionary_learning_topk")
    bring = ("import", sae, "--out", "{o}")
    yield "import", bring, bring, "sae_weights.safetensors"
    out = ("export", lab.good, "--out", "{o}")
    yield "export", out, out, "sae_weights.safetensors"
    measure = ("eval", "{o}", "--only", "latents")
    yield "eval", measure, measure, "eval.json"


def fill(command, out):
    return [a.replace("{o}", out) for a in command]


def without_times(found):
    """results.csv less its columns of seconds and speeds."""
    lines = found["/results.csv"].decode().splitlines()
    names = lines[0].split(",")
    keep = [i for i, n in enumerate(names) if not re.search("second|time", n)]
    return [[line.split(",")[i] for i in keep] for line in lines if line.count(",")]


def main():
    lab = Lab(__doc__, cases=60, add_options=lambda p: p.add_argument(
        "--only", help="the job of this name alone"))
    lab.make_world()
    known = []
    for name, begin, go_on, file in jobs(lab):
        if lab.args.only not in (None, name):
            continue
        out = lab.path("alone")
        if name == "eval":
            shutil.copytree(lab.good, out)
        start = time.monotonic()
        lab.must(*fill(begin, out))
        known.append((name, begin, go_on, file, read(out, file), time.monotonic() - start))
        remove(out)

    def kill_after(argv, seconds):
        """Whether it was killed before its end."""
        p = subprocess.Popen([lab.program, *argv], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            p.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.wait()
            return True

    def go_on_with(out, begin, go_on):
        """Resume; where nothing was saved yet, begin again. The last that was run."""
        if os.path.exists(out):
            ended = lab.run(*fill(go_on, out))
            if ended.status == 0:
                return ended
        return lab.run(*fill(begin, out))

    def one(case):
        number, (name, begin, go_on, file, expected, seconds), share, again = case
        out = lab.path(f"kill{number}")
        if name == "eval":
            shutil.copytree(lab.good, out)
        kill_after(fill(begin, out), share * seconds)
        if again is not None and os.path.exists(out):
            kill_after(fill(go_on, out), again * seconds)
        if file == "sae_weights.safetensors" and os.path.exists(out):
            looked = lab.run("top", out)
            lab.record(f"{name} {number}, looked at", looked.fault(), looked)
        if begin is go_on and name in ("import", "export") and os.path.exists(out):
            lab.record(f"{name} {number}, killed at its end", compare(name, read(out, file), expected))
            remove(out)
            return
        ended = go_on_with(out, begin, go_on)
        fault = ended.fault(allowed=(0,))
        if not fault:
            fault = compare(name, read(out, file), expected) or leftovers(out)
        lab.record(f"{name} {number}, killed at {share:.3f} of its time", fault, ended)
        remove(out)

    def compare(name, got, expected):
        if name == "eval":
            return None
        if name == "sweep":
            got, expected = without_times(got), without_times(expected)
        return None if got == expected else "ends otherwise than one that was left alone"

    def leftovers(out):
        found = [f for folder in folders(out) for _, inside, files in os.walk(folder)
                 for f in inside + files
                 if ".tmp-" in f or f in (".saving", ".saved", ".held", ".lock")]
        found += glob.glob(out + ".tmp-*")
        return f"left behind: {', '.join(found)}" if found else None

    def one_round(rng, n):
        lab.each(one, [(i, known[i % len(known)], rng.random(),
                        rng.random() if rng.random() < .5 else None) for i in range(n)])

    lab.rounds(one_round)


main()
