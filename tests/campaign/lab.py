"""What the campaigns share: a scratch folder with a tiny model, text and run; the program
run under watch; the rules that no ending may break; the report at the end.

A campaign draws its cases from a seed, so that what it finds can be had again. It needs
Python 3 and nothing else.
"""
import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time

# A hang is what runs on long after any case is done; nothing is said about speed.
HANG = 300
# Far above what the tiny inputs need, sanitizers aside.
MEMORY = 3 << 30
# Control bytes but newline and tab, and characters that turn text around.
DISTURBING = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
SANITIZER = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:")


class Ended:
    """How one command ended. status is negative for a signal, None for a hang."""

    def __init__(self, argv, status, out, err, peak):
        self.argv, self.status, self.out, self.err, self.peak = argv, status, out, err, peak

    def fault(self, allowed=(0, 1, 2)):
        """What is wrong with the way it ended, or None."""
        if self.status is None:
            return "hangs"
        if SANITIZER.search(self.err):
            return "sanitizer report"
        if self.status < 0:
            return "died of " + signal.Signals(-self.status).name
        if self.status not in allowed:
            return f"status {self.status}"
        if self.status != 0 and not self.err.strip():
            return f"status {self.status} without a word"
        if self.status == 2 and not self.err.splitlines()[-1].startswith("saetop: "):
            return "the last line is no message"
        if DISTURBING.search(self.err):
            return "control characters on standard error"
        if self.peak > MEMORY:
            return f"{self.peak >> 20} MB of memory"
        return None


class Lab:
    def __init__(self, about, cases, add_options=lambda parser: None):
        p = argparse.ArgumentParser(description=about)
        p.add_argument("program", help="the saetop to try")
        p.add_argument("--cases", type=int, default=cases, help="how many [%(default)s]")
        p.add_argument("--minutes", type=float, help="go on with new seeds for so long")
        p.add_argument("--seed", type=int, default=1, help="of the first round [1]")
        p.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once")
        add_options(p)
        self.args = p.parse_args()
        self.program = os.path.abspath(self.args.program)
        self.dir = tempfile.mkdtemp(prefix="saetop-campaign-")
        self.lock = threading.Lock()
        self.done, self.faults, self.endings = 0, [], {}
        os.environ.update(XDG_STATE_HOME=self.path("state"), HOME=self.dir, LC_ALL="C.UTF-8")
        for name in ("NO_COLOR", "DISPLAY"):
            os.environ.pop(name, None)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def run(self, *argv, stdin=None, env=None, cwd=None):
        """Run the program on argv; output is cut at a megabyte."""
        with tempfile.TemporaryFile(dir=self.dir) as out, \
                tempfile.TemporaryFile(dir=self.dir) as err:
            p = subprocess.Popen([self.program, *argv], stdin=stdin or subprocess.DEVNULL,
                                 stdout=out, stderr=err, cwd=cwd or self.dir,
                                 env={**os.environ, **(env or {})}, start_new_session=True)
            status, peak = wait(p, HANG)
            return Ended(argv, status, head(out), head(err), peak)

    def must(self, *argv):
        ended = self.run(*argv)
        if ended.status != 0:
            sys.exit(f"the lab is not ready: saetop {' '.join(argv)}: {ended.err}")

    def make_world(self):
        """book.txt, a model of two blocks, a run on them: small enough for thousands."""
        self.book, self.model, self.good = (self.path(n) for n in ("book.txt", "model", "run"))
        self.must("corpus", "generate", "--n", "200", "--out", self.book)
        self.must("lm", "train", "--corpus", self.book, "--out", self.model, "--steps", "2",
                  "--layers", "2", "--width", "16", "--heads", "2", "--vocab", "400",
                  "--context", "32", "--batch", "2", "--set", "eval_rows=2")
        self.must("train", "--out", self.good, *self.small())

    def small(self, steps=4):
        """Options of a run on the tiny model."""
        return ["--model", self.model, "--corpus", self.book, "--steps", str(steps),
                "--width", "64", "--batch", "64", "--threads", "1", "--set", "eval.rows=2",
                "--set", "eval.concept_rows=16", "--set", "browse.rows=4"]

    def record(self, name, fault, ended=None):
        with self.lock:
            self.done += 1
            if fault:
                line = f"{name}: {fault}"
                if ended:
                    line += f"\n    saetop {' '.join(ended.argv)}\n    {ended.err[-300:].strip()}"
                self.faults.append(line)
                print("FAULT", line, flush=True)
            if ended and ended.status is not None:
                self.endings[ended.status] = self.endings.get(ended.status, 0) + 1

    def make_outside(self, folder):
        """A folder of a user's own files, which no command may touch; what it holds."""
        os.mkdir(folder)
        for name in ("a.txt", "id_rsa", "bashrc"):
            with open(os.path.join(folder, name), "w") as f:
                f.write(f"{name}: nobody but its owner writes here\n")
        return snapshot(folder)

    def rounds(self, one_round):
        """Call one_round(rng, n) once, or until the minutes are over; report; exit."""
        start, seed = time.monotonic(), self.args.seed
        try:
            while True:
                one_round(random.Random(seed), self.args.cases)
                seed += 1
                if time.monotonic() - start >= 60 * (self.args.minutes or 0):
                    break
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        endings = ", ".join(f"{n} ended with {s}" for s, n in sorted(self.endings.items()))
        print(f"{self.done} cases from seed {self.args.seed}"
              f"{' to ' + str(seed - 1) if seed - 1 > self.args.seed else ''}: "
              f"{len(self.faults)} faults{'; ' + endings if endings else ''}")
        sys.exit(1 if self.faults else 0)

    def each(self, work, items):
        """work(item) for each of items, on args.jobs threads."""
        todo = iter(items)

        def loop():
            while True:
                with self.lock:
                    item = next(todo, None)
                if item is None:
                    return
                work(item)

        threads = [threading.Thread(target=loop) for _ in range(self.args.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


def wait(p, seconds):
    """(status or None for a hang, peak memory in bytes) of a child that is awaited here."""
    timer = threading.Timer(seconds, p.send_signal, (signal.SIGKILL,))
    timer.daemon = True
    start = time.monotonic()
    timer.start()
    _, status, usage = os.wait4(p.pid, 0)
    timer.cancel()
    p.returncode = os.waitstatus_to_exitcode(status)
    hung = p.returncode == -signal.SIGKILL and time.monotonic() - start >= seconds
    return (None if hung else p.returncode), usage.ru_maxrss * 1024


def head(f):
    f.seek(0)
    return f.read(1 << 20).decode("utf-8", "replace")


def changes(before, folder):
    """What differs from a snapshot, or None."""
    now = snapshot(folder)
    if now == before:
        return None
    return "changed: " + ", ".join(
        sorted(k for k in {**now, **before} if now.get(k) != before.get(k)))


def snapshot(folder):
    """Kind, mode and contents of all that lies under a folder."""
    seen = {}
    for root, dirs, files in os.walk(folder):
        for name in dirs + files:
            path = os.path.join(root, name)
            s = os.lstat(path)
            data = b""
            if stat.S_ISREG(s.st_mode):
                with open(path, "rb") as f:
                    data = f.read()
            elif stat.S_ISLNK(s.st_mode):
                data = os.readlink(path).encode()
            seen[os.path.relpath(path, folder)] = (s.st_mode, hashlib.sha256(data).hexdigest())
    return seen
