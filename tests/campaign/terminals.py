#!/usr/bin/env python3
"""Terminals and signals: the explorer on a pseudo-terminal of every kind in terminfo and of
many sizes, fed with keys, half sequences, pastes and noise, sometimes not read from at all,
and ended by a key or a signal. It must end, and leave the terminal as it found it.

    python3 tests/campaign/terminals.py build/saetop [--cases N] [--minutes M] [--seed S]
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time

from lab import HANG, SANITIZER, Ended, Lab, head, wait

# What restores the screen before it ends, by a key or by saving, or dies of the signal.
SIGNALS = ["TERM", "HUP", "INT", "QUIT", "ABRT", "USR1", "USR2", "ALRM", "VTALRM", "PROF",
           "XCPU", "TRAP", "SYS", "IO", "PWR", "SEGV", "BUS", "FPE", "ILL"]
KEYS = ["1", "2", "3", "j", "k", "J", "\t", "\x1b[Z", "\x1b[A", "\x1bOB", "\x1b[5~", "\x1b[6~",
        "<", ">", "r", "/dog\r", "&density>0\r", "\x1b", "?", "=", ".", "H", "w", "L", "E", "M",
        "D", "\x1b[200~pasted\ntext q\x1b[201~", "\x1b[<0;5;5M", "\x1b[I", "\x1b[25~", "\x1b[97;5u",
        "\x1b]11;rgb:0/0/0\x07", "\x1bP1$r0m\x1b\\", "\x1b[?62;c", "\x1b[27;5;9~", "\x13", "\x11",
        "\xff\xfe", "\x0c", ":shot /dev/null/x\r", ":set glyphs ascii\r", "\x1b[1;2"]


def kinds_of_terminal():
    found = set()
    for folder in ("/usr/share/terminfo", "/lib/terminfo", "/etc/terminfo"):
        for _, _, files in os.walk(folder):
            found.update(files)
    return sorted(found)


def leaves_alternate(term):
    """What ends the alternate screen of a terminal, or nothing."""
    try:
        p = subprocess.run(["tput", "-T", term, "rmcup"], capture_output=True, check=False)
        return p.stdout.split(b"$<")[0]
    except OSError:
        return b""


class Session:
    """The program on a pseudo-terminal of its own."""

    def __init__(self, lab, term, size, argv):
        self.main, self.side = pty.openpty()
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.before = termios.tcgetattr(self.side)
        self.err = open(lab.path(f"err{id(self)}"), "w+b")
        self.seen = b""
        self.p = subprocess.Popen([lab.program, *argv], stdin=self.side, stdout=self.side,
                                  stderr=self.err, start_new_session=True, cwd=lab.dir,
                                  env={**os.environ, "TERM": term})
        self.ended = None
        self.waiter = threading.Thread(target=self.await_end)
        self.waiter.start()

    def await_end(self):
        self.ended = wait(self.p, HANG)

    def read_for(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.main], [], [], left)[0]:
                return
            self.seen += os.read(self.main, 65536)

    def type(self, text):
        os.write(self.main, text.encode("latin-1"))

    def end(self, unread):
        """Wait until it ends, reading or not; (status or None, peak memory)."""
        while self.waiter.is_alive() and not unread:
            self.read_for(.05)
        self.waiter.join()
        self.read_for(.05)
        return self.ended

    def close(self):
        os.close(self.main)
        os.close(self.side)
        self.err.close()


def main():
    lab = Lab(__doc__, cases=65)
    lab.make_world()
    terms = kinds_of_terminal()

    def one(case):
        number, term, size, typed, unread, end = case
        s = Session(lab, term, size, [lab.good])
        s.read_for(1.5)
        for text in typed:
            s.type(text)
            if not unread:
                s.read_for(.02)
        if unread:
            time.sleep(1)
        if end != "key":
            if s.waiter.is_alive():
                os.kill(s.p.pid, getattr(signal, "SIG" + end))
        else:
            s.read_for(.5)
            for text in ("\x1b", "\x1b", "Q", "d"):
                s.type(text)
                s.read_for(.3)
        status, peak = s.end(unread)
        ended = Ended((lab.good,), status, "", head(s.err), peak)
        fault = ended.fault() if status is None or SANITIZER.search(ended.err) else None
        if not fault and termios.tcgetattr(s.side) != s.before:
            fault = "terminal modes are not as they were"
        off = leaves_alternate(term)
        on = b"\x1b[?1049h" in s.seen
        if not fault and on and off and s.seen.rfind(off) < s.seen.rfind(b"\x1b[?1049h"):
            fault = "the alternate screen stays"
        lab.record(f"{number} {term} {size} ended by {end}{' unread' if unread else ''}", fault,
                   ended)
        s.close()

    def one_round(rng, n):
        cases = []
        for i in range(n):
            term = rng.choice(terms) if rng.random() < .6 else "xterm-256color"
            size = rng.choice([(24, 80), (36, 120), (1, 1), (5, 20), (200, 500)])
            typed = [rng.choice(KEYS) for _ in range(rng.randrange(1, 25))]
            end = rng.choice(["key", *SIGNALS])
            cases.append((i, term, size, typed, rng.random() < .2 and end != "key", end))
        lab.each(one, cases)

    lab.rounds(one_round)


main()
