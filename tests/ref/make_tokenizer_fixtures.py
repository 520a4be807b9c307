"""Small tokenizers with the normalizer, pattern, added tokens and template of each family of
models, and the ids that `tokenizers` (Hugging Face) and `sentencepiece` give for a hard set of
texts: fixtures/tokenizers/. Trained here on a few lines; the same files every time.

    tests/ref/make_tokenizer_fixtures.py      needs tokenizers, sentencepiece
"""
import io, json, pathlib, random, unicodedata
import sentencepiece as spm
from tokenizers import Tokenizer, models, pre_tokenizers, trainers, decoders, normalizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/fixtures/tokenizers"
MARK = "\u2581"
CORPUS = """The dog ran to the lake, and the dogs' owner didn't mind: 12 ducks, 1,024 in all.
for (i = 0; i < 128; i++) { sum += a[i] * b[i]; }    return sum;
Straße, naïve café, 日本語のテキスト、中文文本。 привет мир 한국어 😀😀 and so on and so on.
It's late; they've gone to the zoo. They'll be back at 7:45. I'M sure WE'LL see.
the the the then there their these those  two spaces   three    four     five
<table><tr><td>1</td></tr></table> def f(x):\n\treturn x\n\n\n#include <stdio.h>
1234567890 3.14159 100 200 300 1000000 2024-11-05 0xFF
a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
""".splitlines(True)
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEXTS = [
    "", " ", "a", "The dog ran to the lake.", " dogs", "zoo zoos Zoo ZOO", "don't can't we'll I'M IT'S they've o'clock ''s 's",
    "  two  three   four    ", "line\nline\n\nline\r\n\r\r \n \n", "\ttab\t\ttabs \t mixed\u00a0\u2003\u3000wide \u200b zero",
    "\x01\x02\x1b[31m\x7f \x85 \u2028 \u2029 \x0b\x0c\x1c\x1d\x1e\x1f end", "nul \0\0 in it\0",
    "naïve café Straße ÅNGSTRÖM e\u0301 n\u0303 ﬁ Ⅷ ² ½ ١٢٣ १२३ 1234567890 3.14 1,000 12 123 1234 12345",
    "\u1e9b\u0323 \u212b \u2126 \uac00 \u1100\u1161\u11a8 a\u0315\u0300\u05ae\u0062 \u0344 \u0958 q\u0307\u0323 \u0f73\u0f71",
    "日本語のテキスト、中文文本。 한국어 텍스트 ไทย עברית العربية ελληνικά кириллица ἄνθρωπος ǅ ǈ ŉ İı ẞ ΑΣ",
    "😀😃 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 ☺️ a😀b 😀1 1️⃣", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 \U0001F9FF \uFFFD \uFEFFbom \uFFFE \u0378\ue000\U000e0001\U0010ffff",
    "int main(void)\n{\n    return f(x[0]) != 0 && *p++ == '\\0'; /* done */\n}\n", "def f(x):\n\tif x:\n\t\treturn [y for y in x]\n",
    "https://example.org/a?b=c&d=%20#e user@host $HOME ~/x ./a-b_c.d <b>&amp;</b>", "<table><tr><td>x</td></tr></table>\n\n\n\n# h",
    "x" * 800, "ab" * 300 + "1" * 99 + "!" * 99, " " * 150 + "end" + "\n" * 99, "\t" * 40 + "\r\n" * 20 + "é" * 200, "日" * 300,
    "supercalifragilisticexpialidocious" * 8, "'s 'S 'ſ 't're've'm'll'd'x 'Re 'LL", "_under_ a_b 1_000 ٠_٩ __init__", "mixed日本1a😀!? \n",
    f"{MARK} a{MARK}b {MARK}{MARK}{MARK}c  {MARK} ", "<0x0A> <0x41> <0xFF>", "  leading", "trailing  ", "a  b   c    d",
    "HelloWorld helloWORLD HTTPServer x2y CamelCaseWORDS", "\u180e a\u180eb \u1680c", ">  </ > </ >\u2581</",
    "Ω≈ç√∫˜µ≤≥÷ ‘quoted’ “double” — – … • ™ © ¿¡ §", "\u0300\u0301 lone marks \u0323\u0300" + "\u0301\u0316" * 40,
]
SPECIALS = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<bos>", "<eos>", "<pad>", "<mask>", "<|begin_of_text|>", "<|im_start|>", "<start_of_turn>"]
for s in SPECIALS:
    TEXTS.append(f"a{s}b {s} {s}{s} {s[:-1]} {s.upper()}\n{s}")


def random_texts(n):
    """Bits of all sorts put together; the seed is fixed."""
    rng = random.Random(7)
    bits = ["the", " dog", " ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "12", "345", "é", "e\u0301", "日本", "😀", "\u200d", ".", ",", "!?", "(", "_",
            MARK, "<", ">", "</", "\u00a0", "\u3000", "А", "ß", "İ", "\u0345", "한", "\u1161", "²", "x", "Zoo", " I", "\\", "\"", "\u0323", "[x]", "<unused1>", " wow ", "wow"]
    out = []
    for _ in range(n):
        out.append("".join(rng.choice(bits) for _ in range(rng.randrange(1, 24))))
    for _ in range(n // 2):
        cps = [rng.choice([rng.randrange(0x20, 0x250), rng.randrange(0x300, 0x3000), rng.randrange(0x3000, 0xD7FF), rng.randrange(0xE000, 0x20000)])
               for _ in range(12)]
        out.append("".join(chr(c) for c in cps if unicodedata.category(chr(c)) != "Cn"))
    return out


# Characters whose class, decomposition or composition is younger than the reference's Unicode 9.
TEXTS.append("a\u1ac0\u0301 e\u08d3\u0323\u0301 x\u0c3c\u0323 o\u1ac5\u0302\u0323 n\u1df7\u0303 \U00011935\U00011930\u0301 \u32ff \ua7f2e\u0301")
ALL = TEXTS + random_texts(60)
INVALID = [b"ok\xff\xfe!", b"\xe2\x80", b"a\xe2\x80b\xe2\x28\xa1", b"\xf0\x9f\x98 x\xf0\x9f\x98\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xc0\xaf \xf5\x80 \xf4\x90\x80\x80",
           b"e\xcc\x81\xcc \x80\x80z", b"\xc3", b" \xff word \xe6\x97"]


def added(content, special=True, **kw):
    return dict({"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}, **kw)


def train(pre, norm, size, alphabet, specials=()):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre
    if norm:
        t.normalizer = norm
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=list(specials), show_progress=False))
    return json.loads(t.to_str())


def template(front):
    return {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": front, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {front: {"id": front, "ids": [None], "tokens": [front]}}}


def byte_level(pre_json, norm_json=None, first=(), last=(), ignore=False, post=None, size=420):
    """A byte-level tokenizer: `first` are ids from 0, `last` come after the vocabulary."""
    pre = Tokenizer.from_str(json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": norm_json,
                                         "pre_tokenizer": pre_json, "post_processor": None, "decoder": None,
                                         "model": {"type": "BPE", "vocab": {}, "merges": []}}))
    j = train(pre.pre_tokenizer, pre.normalizer, size, sorted(pre_tokenizers.ByteLevel.alphabet()), [a["content"] for a in first])
    j["normalizer"], j["pre_tokenizer"], j["model"]["ignore_merges"] = norm_json, pre_json, ignore
    j["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    n = len(j["model"]["vocab"])
    j["added_tokens"] = [dict({"id": i}, **a) for i, a in enumerate(first)] + [dict({"id": n + i}, **a) for i, a in enumerate(last)]
    return finish(j, post)


def characters(norm_json, pre_json, decoder_json, specials, user=(), post=None, size=500, fallback=True, unk="<unk>", fuse=True):
    """A tokenizer of characters in the manner of SentencePiece, converted."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Replace(" ", MARK)
    t.pre_tokenizer = pre_tokenizers.Split(MARK, "merged_with_next")
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, initial_alphabet=[MARK, "\n", "\t"], limit_alphabet=110, show_progress=False))
    j = json.loads(t.to_str())
    merges = [tuple(m) for m in j["model"]["merges"]]
    pieces = [a["content"] for a in specials] + ([f"<0x{b:02X}>" for b in range(256)] if fallback else [])
    pieces += [u["content"] for u in user] + [p for p in j["model"]["vocab"] if p not in {u["content"] for u in user}]
    runs = [MARK * k for k in range(2, 9)]
    pieces += [r for r in runs if r not in pieces]
    merges = [(MARK * a, MARK * (k - a)) for k in (2, 4, 8, 3, 5, 6, 7) for a in range(1, k)] + [m for m in merges if set(m[0] + m[1]) != {MARK}]
    if fallback:
        pieces.append(">" + MARK + "</")  # Gemma 3 has this one
        merges += [("</", )] and []
        if "</" in pieces:
            pieces.append(">" + MARK)
            merges += [(">", MARK), (">" + MARK, "</")]
    vocab = {p: i for i, p in enumerate(pieces)}
    j = {"version": "1.0", "truncation": None, "padding": None,
         "added_tokens": [dict({"id": vocab[a["content"]]}, **a) for a in list(specials) + list(user)],
         "normalizer": norm_json, "pre_tokenizer": pre_json, "post_processor": None, "decoder": decoder_json,
         "model": {"type": "BPE", "dropout": None, "unk_token": unk, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                   "fuse_unk": fuse, "byte_fallback": fallback, "ignore_merges": False, "vocab": vocab,
                   "merges": [list(m) for m in merges if m[0] + m[1] in vocab and m[0] in vocab and m[1] in vocab]}}
    return finish(j, post)


def finish(j, post):
    ids = dict(j["model"]["vocab"], **{a["content"]: a["id"] for a in j["added_tokens"]})
    if post:
        for name, special in post["special_tokens"].items():
            special["ids"] = [ids[name]]
        j["post_processor"] = post
    return j


def split(pattern, behavior="Isolated", kind="Regex", invert=False):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def bytes_after(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts) + [{"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
NFC = {"type": "NFC"}
SPACES = [added(" " * k, False) for k in range(24, 1, -1)]
TO_MARK = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
FROM_MARK = {"type": "Replace", "pattern": {"String": MARK}, "content": " "}
SP_DECODER = {"type": "Sequence", "decoders": [FROM_MARK, {"type": "ByteFallback"}, {"type": "Fuse"}]}
LLAMA_DECODER = {"type": "Sequence", "decoders": SP_DECODER["decoders"] + [{"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
LLAMA_SPECIALS = [added("<unk>"), added("<s>"), added("</s>")]
GEMMA = [added("<pad>"), added("<eos>"), added("<bos>"), added("<unk>"), added("<mask>", False, normalized=False)]
GEMMA_USER = [added(u, False, normalized=False) for u in ["[multimodal]", "<unused0>", "<unused1>", "\n\n", "\n\n\n", "\n\n\n\n", MARK * 2, MARK * 3, "<table>", "</td>"]]

FAMILIES = {
    "gpt2": lambda: byte_level(BYTE_LEVEL, last=[added("<|endoftext|>")]),
    "gpt_neox": lambda: byte_level(BYTE_LEVEL, NFC, first=[added("<|endoftext|>"), added("<|padding|>")], last=SPACES),
    "llama2": lambda: characters({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": MARK}, TO_MARK]}, None, LLAMA_DECODER,
                                 LLAMA_SPECIALS, post=template("<s>")),
    "mistral": lambda: characters(None, {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "first", "split": False}, LLAMA_DECODER,
                                  LLAMA_SPECIALS, [added("wow", False, single_word=True), added("[x]", False, lstrip=True, rstrip=True)], post=template("<s>")),
    "llama3": lambda: byte_level(bytes_after(split(LLAMA3)), last=[added("<|begin_of_text|>"), added("<|end_of_text|>")], ignore=True,
                                 post=template("<|begin_of_text|>")),
    "smollm2": lambda: byte_level({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]},
                                  first=[added("<|endoftext|>"), added("<|im_start|>"), added("<|im_end|>")]),
    "qwen2": lambda: byte_level(bytes_after(split(QWEN2)), NFC, last=[added("<|endoftext|>"), added("<|im_start|>"), added("<|im_end|>")]),
    "qwen3": lambda: byte_level(bytes_after(split(QWEN2)), NFC,
                                last=[added("<|endoftext|>"), added("<|im_start|>"), added("<|im_end|>"), added("<think>", False, normalized=False)]),
    "gemma2": lambda: characters(TO_MARK, split(" ", "MergedWithPrevious", "String"), SP_DECODER, GEMMA, GEMMA_USER, post=template("<bos>")),
    "gemma3": lambda: characters(TO_MARK, split(" ", "MergedWithPrevious", "String"), SP_DECODER, GEMMA, GEMMA_USER + [added("</tr>", False, normalized=False)],
                                 post=template("<bos>"), size=460),
    "gpt4o": lambda: byte_level(bytes_after(split(GPT4O, "Removed", invert=True)), last=[added("<|endoftext|>")]),
    "deepseek": lambda: byte_level(bytes_after(split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK)), last=[added("<|endoftext|>")]),
    # Not of a family: what else the reader knows.
    "nfkc_lower": lambda: byte_level({"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                                     {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": True},
                                                                          {"type": "Replace", "pattern": {"Regex": r"[!?]+|(?=zoo)"}, "content": "."}]},
                                     last=[added("<|endoftext|>"), added("WOW", False), added("Zoo", False, lstrip=True)]),
    "words_unk": lambda: characters({"type": "NFD"}, {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "Punctuation", "behavior": "MergedWithNext"},
                                                                                             {"type": "Digits", "individual_digits": False}]},
                                    None, LLAMA_SPECIALS, [added("wow", False, rstrip=True)], fallback=False),
    "parts": lambda: characters({"type": "NFKD"}, {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, split(r"\w+", "Contiguous"), split("[aeiou]", "MergedWithPrevious"),
                                                                                          split(r"(?=[A-Z])"), split(r"\s*\d", "MergedWithNext", invert=True)]},
                                None, LLAMA_SPECIALS, fallback=False, fuse=False),
    "meta_always": lambda: characters(None, {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True},
                                      {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}, LLAMA_SPECIALS),
}


def write(path, obj):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(obj, ensure_ascii=True, separators=(",", ":")) if not isinstance(obj, str) else obj
    path.write_text(text + "\n")
    assert path.stat().st_size < 100_000, path


def lines(rows):
    return "[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]"


def ids_of(name, j):
    t = Tokenizer.from_str(json.dumps(j))
    t.encode_special_tokens = True  # typed markers are text; no file can say so
    assert all(t.token_to_id(a["content"]) == a["id"] for a in j["added_tokens"]), name
    plain = [t.encode(text, add_special_tokens=False).ids for text in ALL]
    whole = [t.encode(text).ids for text in TEXTS[:4]]
    broken = [] if "ByteLevel" in json.dumps(j["pre_tokenizer"]) else [
        t.encode(b.decode("utf-8", errors="replace"), add_special_tokens=False).ids for b in INVALID]
    return '{"plain": ' + lines(plain) + ',\n"whole": ' + lines(whole) + ',\n"broken": ' + lines(broken) + "}"


def sentencepiece_arrays(prefix):
    """What a GGUF file of kind "llama" holds, and SentencePiece's own ids."""
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter([l.strip("\n") for l in CORPUS] * 3), model_writer=model, vocab_size=560, model_type="bpe",
                                   byte_fallback=True, add_dummy_prefix=prefix, remove_extra_whitespaces=False, normalization_rule_name="identity",
                                   user_defined_symbols=["<table>", "\n\n", "wow"], unk_id=0, bos_id=1, eos_id=2, character_coverage=0.98,
                                   num_threads=1, minloglevel=2)
    sp = spm.SentencePieceProcessor(model_proto=model.getvalue())
    n = sp.get_piece_size()
    types = [2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 5 if sp.is_unused(i) else 1 for i in range(n)]
    tokens = [sp.id_to_piece(i) for i in range(n)]
    for user in ("<table>", "\n\n", "wow"):
        types[tokens.index(user)] = 4
    # A prefix is put before each stretch between user-defined tokens by llama.cpp, before the text alone by SentencePiece.
    texts = [t for t in ALL if "\0" not in t and not (prefix and any(u in t for u in ("<table>", "\n\n", "wow")))]
    return ('{"tokens": ' + json.dumps(tokens) + ',\n"scores": ' + json.dumps([sp.get_score(i) for i in range(n)]) + ',\n"types": ' + json.dumps(types)
            + ',\n"texts": ' + lines([t.encode().hex() for t in texts]) + ',\n"ids": ' + lines([sp.encode(t) for t in texts]) + "}")


def main():
    write(OUT / "texts.json", '{"plain": ' + lines([t.encode().hex() for t in ALL]) + ',\n"broken": ' + lines([b.hex() for b in INVALID]) + "}")
    for name, make in FAMILIES.items():
        j = make()
        write(OUT / name / "tokenizer.json", j)
        write(OUT / name / "ids.json", ids_of(name, j))
    for name, prefix in (("gguf_llama", True), ("gguf_gemma", False)):
        write(OUT / name / "arrays.json", sentencepiece_arrays(prefix))


main()
