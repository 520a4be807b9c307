"""Ways to spoil a file: of any kind, of JSON, of CSV, of safetensors, of GGUF, of npy,
packed ones, and what is no file."""
import copy
import gzip
import json
import os
import socket
import struct

LFS = (b"version https://git-lfs.github.com/spec/v1\n"
       b"oid sha256:" + b"ab" * 32 + b"\nsize 12345\n")


def of_bytes(data, rng):
    """(name, bytes) for data of any kind."""
    yield "empty", b""
    yield "a NUL", b"\0"
    yield "only NULs", b"\0" * 65536
    yield "only 0xff", b"\xff" * 4096
    yield "only newlines", b"\n" * 100000
    yield "one long line", b"a" * (1 << 20)
    yield "open brackets", b"[" * 100000
    yield "open braces", b'{"a":' * 100000
    yield "quotes", b'"' * 99999
    yield "markup", b"<!DOCTYPE html><html><body>404</body></html>"
    yield "LFS pointer", LFS
    yield "gzip", b"\x1f\x8b\x08\0" + bytes(60)
    yield "noise", rng.randbytes(5000)
    yield "twice", data + data
    yield "byte order mark", b"\xef\xbb\xbf" + data
    yield "UTF-16", data.decode("latin-1").encode("utf-16")
    yield "CRLF", data.replace(b"\n", b"\r\n")
    yield "escape in front", b"\x1b]0;owned\x07\x1b[2J" + data
    for share in (.01, .1, .5, .9, .99):
        yield f"cut at {share}", data[:int(len(data) * share)]
    yield "cut by one", data[:-1]
    for i in range(6):
        at = rng.randrange(len(data) + 1)
        yield f"noise within {i}", data[:at] + rng.randbytes(16) + data[at + 16:]
        yield f"a NUL within {i}", data[:at] + b"\0" + data[at + 1:]


JSON_VALUES = [None, True, -1, 0, 1, 0.5, 1e308, 10 ** 30, "", "x" * 5000, "\0", "a\0b",
               "\x1b[2J\u202e", "../../outside/a.txt", "/dev/zero", [], {}, [[[[]]]], ["a"],
               {"a": 1}, "nan", "-1"]


def of_json(data, rng):
    """(name, bytes): each of some values in some places; keys removed, doubled, renamed."""
    try:
        whole = json.loads(data)
    except ValueError:
        return
    places = list(json_places(whole, ()))
    for _ in range(60):
        place = rng.choice(places)
        spoiled = copy.deepcopy(whole)
        parent, key = parent_of(spoiled, place)
        how = rng.randrange(len(JSON_VALUES) + 2)
        name = "/".join(map(str, place))[:60]
        if how < len(JSON_VALUES):
            parent[key] = JSON_VALUES[how]
            yield f"{name} is {str(JSON_VALUES[how])[:20]!r}", dumped(spoiled)
        elif how == len(JSON_VALUES):
            del parent[key]
            yield f"{name} removed", dumped(spoiled)
        elif isinstance(parent, dict):
            parent["\x1b" + str(key)] = parent.pop(key)
            yield f"{name} renamed", dumped(spoiled)


def dumped(value):
    return json.dumps(value).encode("utf-8", "surrogatepass")


def json_places(value, at):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield at + (key,)
        if isinstance(inner, (dict, list)) and len(at) < 5:
            yield from json_places(inner, at + (key,))


def parent_of(value, place):
    for key in place[:-1]:
        value = value[key]
    return value, place[-1]


def of_csv(data, rng):
    lines = data.splitlines(keepends=True) or [b"a,b\n"]
    yield "header only", lines[0]
    yield "no header", b"".join(lines[1:])
    yield "header twice", lines[0] * 2 + b"".join(lines[1:])
    yield "a quote left open", lines[0] + b'"' + b"".join(lines[1:])
    yield "10,000 columns", lines[0].rstrip() + b",x" * 10000 + b"\n" + b"".join(lines[1:])
    yield "one column", b"".join(line.split(b",")[0] + b"\n" for line in lines)
    yield "a long cell", lines[0] + b"y" * (1 << 20) + b",1\n"
    yield "numbers that are none", data.replace(b"0", b"nan").replace(b"1", b"inf")
    yield "large numbers", data.replace(b"1", b"99999999999999999999")
    yield "negative", data.replace(b",", b",-")
    yield "shuffled", lines[0] + b"".join(rng.sample(lines[1:], len(lines) - 1))
    yield "escapes", data.replace(b",", b",\x1b[31m")


def of_safetensors(data, rng):
    if len(data) < 16:
        return
    n = struct.unpack("<Q", data[:8])[0]
    head, body = data[8:8 + n], data[8 + n:]
    for size in (0, 1, n - 1, n + 1, len(data), 1 << 32, (1 << 63) - 1, (1 << 64) - 1):
        yield f"header of {size} bytes", struct.pack("<Q", size) + head + body
    for name, spoiled in of_json(head, rng):
        yield f"header: {name}", struct.pack("<Q", len(spoiled)) + spoiled + body
    for what, value in (("nan", struct.pack("<f", float("nan"))), ("inf", b"\0\0\x80\x7f")):
        yield f"a {what} first", data[:8 + n] + value + body[4:]
        yield f"all {what}", data[:8 + n] + value * (len(body) // 4)


GGUF_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
NUMBERS = [0, 1, 2, 9, 31, 127, 255, 65535, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
           1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


def gguf_fields(data):
    """(what, place, bytes) of each count, length, type, value, dimension and offset."""
    at = 24
    yield from (("version", 4, 4), ("tensors", 8, 8), ("keys", 16, 8))
    tensors, keys = struct.unpack_from("<QQ", data, 8)

    def number(size):
        nonlocal at
        at += size
        return int.from_bytes(data[at - size:at], "little")

    def text():
        nonlocal at
        n = number(8)
        at += n
        return data[at - n:at].decode("utf-8", "replace")

    for _ in range(keys):
        place = at
        name = text()
        yield f"{name}: length", place, 8
        yield f"{name}: type", at, 4
        kind = number(4)
        count = 1
        if kind == 9:
            yield f"{name}: items", at, 4
            kind = number(4)
            yield f"{name}: count", at, 8
            count = number(8)
        for i in range(count):
            size = 8 if kind == 8 else GGUF_BYTES[kind]
            if i < 2 or i == count - 1:
                yield f"{name}[{i}]", at, size
            text() if kind == 8 else number(size)
    for _ in range(tensors):
        place = at
        name = text()
        yield f"{name}: length", place, 8
        yield f"{name}: dimensions", at, 4
        for d in range(number(4)):
            yield f"{name}: dimension {d}", at, 8
            number(8)
        yield f"{name}: type", at, 4
        number(4)
        yield f"{name}: offset", at, 8
        number(8)


def of_gguf(data, rng):
    """(name, bytes): each of some numbers in some fields of the header."""
    fields = list(gguf_fields(data))
    for _ in range(80):
        what, at, size = rng.choice(fields)
        value = rng.choice(NUMBERS) & ((1 << 8 * size) - 1)
        yield (f"{what} is {value}",
               data[:at] + value.to_bytes(size, "little") + data[at + size:])


def of_npy(data, rng):
    if not data:
        return
    n = struct.unpack("<H", data[8:10])[0]
    head, body = data[10:10 + n].decode(), data[10 + n:]
    for old, new in (("(", "(-"), ("(", "(99999999999,"), ("(", "(18446744073709551615, "),
                     (",", ", 18446744073709551616,"), ("<", ">"), ("<", "|O"), ("False", "True"),
                     ("<u2", "<f8"), ("<f4", "<f8"), ("{", ""), ("}", ""), ("shape", "shap"),
                     ("(", "()("), ("'", '"')):
        spoiled = head.replace(old, new, 1).encode()
        yield (f"header: {old} is {new}",
               data[:8] + struct.pack("<H", len(spoiled)) + spoiled + body)
    for size in (0, 1, n - 1, n + 1, 65535):
        yield f"header of {size} bytes", data[:8] + struct.pack("<H", size) + data[10:]


def of_gzip(data, rng):
    inside = gzip.decompress(data)
    yield "zeros, 256 MB of them", gzip.compress(bytes(1 << 28), 1)
    yield "packed twice", gzip.compress(data)
    yield "another behind it", data + gzip.compress(inside)
    yield "noise behind it", data + rng.randbytes(100)
    yield "a wrong sum", data[:-8] + b"\0\0\0\0" + data[-4:]
    yield "a wrong length", data[:-4] + b"\0\0\0\0"
    for name, spoiled in of_bytes(inside, rng):
        yield f"inside: {name}", gzip.compress(spoiled)


# (name, what puts it at a path): what stands where a file should. `outside` is a folder
# whose contents nobody may change.
def make_socket(path):
    s = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    s.bind(os.path.relpath(path, here) if len(path) > 100 else path)
    s.close()


NO_FILES = [
    ("a folder", lambda path, outside: os.mkdir(path)),
    ("a FIFO", lambda path, outside: os.mkfifo(path)),
    ("a socket", lambda path, outside: make_socket(path)),
    ("a link to itself", lambda path, outside: os.symlink(path, path)),
    ("a link to nothing", lambda path, outside: os.symlink(outside + "/none", path)),
    ("a link to a file outside", lambda path, outside: os.symlink(outside + "/a.txt", path)),
    ("a link to a folder outside", lambda path, outside: os.symlink(outside, path)),
    ("nothing", lambda path, outside: None),
]


def of_kind(path, data, rng):
    """All that fits what the file's name says it is."""
    yield from of_bytes(data, rng)
    if path.endswith(".json"):
        yield from of_json(data, rng)
    if path.endswith(".csv"):
        yield from of_csv(data, rng)
    if path.endswith(".safetensors"):
        yield from of_safetensors(data, rng)
    if path.endswith(".gguf"):
        yield from of_gguf(data, rng)
    if path.endswith(".npy"):
        yield from of_npy(data, rng)
    if path.endswith(".gz"):
        yield from of_gzip(data, rng)
