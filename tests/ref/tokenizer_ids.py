"""Token ids by transformers' AutoTokenizer and by tokenizers, for the bundled model and
for one that `saetop lm train` has made here: fixtures/tok/. Also checks, without writing,
that both give the same ids, the model's number of entries and the text back, and that
AutoModelForCausalLM gives the losses of `saetop lm eval`.

    tests/ref/tokenizer_ids.py SAETOP      needs torch, transformers, tokenizers
"""
import json, math, os, pathlib, shutil, subprocess, sys, tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/fixtures/tok"
SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>", "<|mask|>"]
TEXTS = [
    "The dog ran to the lake.", " dolphins", "zoo zoos Zoo ZOO", " dolphin's dolphins'",
    "don't can't we'll I'M IT'S they've o'clock ''s 's", "a", " ", "", "  two  three   four    ",
    "line\nline\n\nline\r\n\r\r \n \n", "\ttab\t\ttabs \t mixed\u00a0\u2003\u3000wide \u200b zero",
    "\x00nul \x00\x01\x02\x1b[31m\x7f \x85 \u2028 \u2029 \x0b\x0c end",
    "naïve café Straße ÅNGSTRÖM e\u0301 n\u0303 ﬁ Ⅷ ² ½ ١٢٣ १२३ 1234567890 3.14 1,000",
    "日本語のテキスト、中文文本。 한국어 텍스트 ไทย עברית العربية ελληνικά кириллица",
    "😀😃 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 ☺️ a😀b 😀1", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 \U0001F9FF \uFFFD \uFEFFbom \uFFFE",
    "int main(void)\n{\n    return f(x[0]) != 0 && *p++ == '\\0'; /* done */\n}\n",
    "https://example.org/a?b=c&d=%20#e user@host $HOME ~/x ./a-b_c.d <b>&amp;</b>",
    "x" * 800, "ab" * 200 + "1" * 99 + "!" * 99, " " * 150 + "end" + "\n" * 99,
    "supercalifragilisticexpialidocious" * 8, "\u0378\ue000\U000e0001\U0010ffff",
    "'s 'S 'ſ 't're've'm'll'd'x", "_under_ a_b 1_000 ٠_٩", "mixed日本1a😀!? \n",
] + [f"a{s}b {s} {s}{s} {s[:-1]} {s.upper()}" for s in SPECIAL + ["<|endoftext|>", "</s>", "<s>"]]
CORPUS = """The dog ran to the lake, and the dogs' owner didn't mind: 12 ducks, 1,024 in all.

for (i = 0; i < 128; i++) { sum += a[i] * b[i]; }

Straße, naïve, 日本語のテキスト, привет 😀😀 and so on and so on.

It's late; they've gone to the zoo. They'll be back at 7:45.
"""


def tokenizers_of(where, entries):
    auto = AutoTokenizer.from_pretrained(where)
    bare = Tokenizer.from_file(f"{where}/tokenizer.json")
    bare.encode_special_tokens = True  # typed markers are text; no file can say so
    assert len(auto) == entries == bare.get_vocab_size(), (len(auto), entries)
    return auto, bare


def ids_of(where, entries):
    auto, bare = tokenizers_of(where, entries)
    found = []
    for text in TEXTS:
        ids = auto(text)["input_ids"]
        assert ids == bare.encode(text, add_special_tokens=False).ids, repr(text)
        assert auto.decode(ids) == text, repr(text)
        found.append({"text": text.encode().hex(), "ids": ids})
    assert [auto.bos_token_id, auto.eos_token_id, auto.pad_token_id, auto.mask_token_id] == [0, 1, 2, 3]
    return found


def check_losses(saetop, where, scratch):
    """One held-out document that fills a row: BOS, the document, EOS."""
    model = AutoModelForCausalLM.from_pretrained(where).eval()
    n = model.config.n_positions
    ids = [(7 * i * i + 3 * i) % (model.config.vocab_size - 4) + 4 for i in range(n - 2)]
    corpus = f"{scratch}/ids.jsonl"
    pathlib.Path(corpus).write_text(2 * (json.dumps({"input_ids": ids}) + "\n"))
    said = subprocess.run([saetop, "lm", "eval", "--model", where, "--corpus", corpus, "--rows", "1",
                           "--mask-rate", "0", "--json"], check=True, capture_output=True, text=True)
    row = torch.tensor([[0] + ids + [1]])
    with torch.no_grad():
        logits = model(row).logits[0, :-1]
    nll = torch.nn.functional.cross_entropy(logits, row[0, 1:]).item()
    ours = json.loads(said.stdout)["texts"][0]["nll_clean"]
    print(f"nats a token: {nll:.6f} by transformers, {ours:.6f} by saetop")
    assert math.isclose(ours, nll, abs_tol=1e-4)
    assert model.generation_config.eos_token_id == 1


def main():
    saetop = os.path.abspath(sys.argv[1])
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        text, model = f"{scratch}/t.txt", f"{scratch}/model"
        pathlib.Path(text).write_text(CORPUS)
        subprocess.run([saetop, "lm", "train", "--corpus", text, "--out", model, "--vocab", "400", "--steps", "3",
                        "--layers", "1", "--width", "16", "--heads", "2", "--context", "32"],
                       check=True, capture_output=True)
        shutil.copy(f"{model}/tokenizer.json", OUT / "trained.json")
        sample = str(ROOT / "samples/model")
        size = len(json.loads((OUT / "trained.json").read_text())["model"]["vocab"])
        ids = {"sample": ids_of(sample, 6144), "trained": ids_of(model, size)}
        for where in (sample, model):
            check_losses(saetop, where, scratch)
    lines = (f'"{k}": [\n' + ",\n".join(json.dumps(v) for v in vs) + "\n]" for k, vs in ids.items())
    (OUT / "ids.json").write_text("{" + ",\n".join(lines) + "}\n")


main()
