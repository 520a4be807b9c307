# saetop ask, end to end: what it refuses, and that its figures hold together.
# bash ask.sh SAETOP FOLDER
set -u
saetop=$1
folder=$2
presets=$(cd "$(dirname "$0")" && pwd)/fuzz/corpus/presets
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
cd "$folder" || exit 1
"$saetop" train --out run --steps 30 --threads 1 --width 64 --batch 256 --set fill_rows=8 \
    --set eval.rows=2 --set eval.concept_rows=8 >/dev/null || exit 1
printf 'latent,label\n3,"the third"\n' >run/labels.csv

fault() {
    echo "$@"
    cat out err
    faults=1
}
run() {
    "$saetop" "$@" >out 2>err </dev/null
    status=$?
}
refuse() { # PART LINE...
    local part=$1
    shift
    run "$@"
    [ $status = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$part" err && [ ! -s out ] ||
        fault "saetop $*: status $status, expected 2 and a line with: $part"
}
accept() {
    run "$@"
    [ $status = 0 ] && [ ! -s err ] || fault "saetop $*: status $status"
}

text='The dog ran to the'
refuse "found no text" ask run
refuse "found both" ask run --text a --text-file run/config.json
refuse "expected one prompt" ask run a --text b
refuse "and --text-file, expected one prompt" ask run - --text-file -
refuse "the query says it: saetop find RUN dog" find run --token dog
refuse "found an empty QUERY" find run ""
refuse "the query says it" find run --kind class
refuse "this is of training" find run --lr 3
refuse "0 is BOS" ask run --text "$text" --mask 6
refuse "0 is BOS" ask run --text "$text" --mask 1,x
refuse "never masked" ask run --text "$text" --mask 0
refuse "expected 0 to 63" ask run --text "$text" --ablate 64
refuse "expected LATENT or LATENT@POSITION" ask run --text "$text" --ablate x
refuse "expected LATENT=X" ask run --text "$text" --steer 3=x
refuse "special token" ask run --text "$text" --steer 3=1@0
refuse "--steer: latent 3: found position 77, expected 0 to 5" ask run --text "$text" --steer 3=1@77
refuse "--steer: latent 3: found position 6, expected 0 to 5" ask run --text "$text" --steer 3=zero@6-
refuse "--ablate: latent 3: found position 8, expected 0 to 7" ask run --text "$text" --ablate 3@8 --generate 2
accept ask run --text "$text" --ablate 3@7 --generate 2
refuse "1 to 5, or next" ask run --text "$text" --why 0
refuse "a text that is one token" ask run --text "$text" --why 1 --against qqqzq
refuse "a text that is one token" ask run --text "$text" --why 1 --against '#99999999'
refuse "against itself" ask run --text "$text" --why 1 --target '#5' --against '#5'
refuse "says what --why explains" ask run --text "$text" --target a
refuse "N=Mx alone, none of which is given" ask run --text "$text" --corpus x
refuse "none of which is given" ask run --heldout 4
refuse "is about a prompt" ask run --heldout 4 --ablate 1 --why next
refuse "is about a prompt" ask run --heldout 4 --ablate 1 --mask 2
refuse "is about a prompt" ask run --heldout 4 --ablate 1 --chat
refuse "expected 0 to 63" ask run --heldout 4 --ablate 64
refuse "no chat template" ask run --text "$text" --chat
refuse "the run has none" ask run --text "$text" --preset x
cp "$presets/good.json" run/presets.json
refuse "found 'x', expected a, b" ask run --text "$text" --preset x
refuse "latent 3 points elsewhere" ask run --text "$text" --preset a
cp "$presets/sums.json" run/presets.json
refuse "run/presets.json: presets[0].edits[0].sums" ask run --text "$text" --preset a
rm run/presets.json
refuse "expected 0 to 5" ask run --text "$text" --at 6
refuse "nowhere" ask nowhere --text "$text"

# Figures, as JSON.
accept ask run --text "$text" --json --top 7 && mv out plain
accept ask run --text "$text" --json --steer 3=0,5=scale:1 && mv out nothing
accept ask run --text "$text" --json --mask 2 --ablate 1,2@3 --steer 3=2@4- --top 7 \
    --why next --generate 12 && mv out all
accept ask run --text "$text" --json --why 2 --against mean --generate 12 && mv out why
# The model's products as the run took them, with --densest and without.
cp -r run bf16 && sed -i 's/\("lm.precision":[[:space:]]*\)"f32"/\1"bf16"/' bf16/config.json
accept ask bf16 --text "$text" --json && mv out rounded
accept ask bf16 --text "$text" --json --densest 1 && mv out tabled
accept ask run "$text" --json --top 7 && cmp -s plain out || fault "a word behind the run is another prompt"
hint() { # PART QUERY
    accept find run "$2"
    grep -q '^0 of 0 latents' out && grep -qF -- "$1" out || fault "find $2: no hint: $1"
}
hint 'not a filter such as kind=token; what answers: a token, a concept' kind=token
hint 'or a kind (dead, rare, ' qqqqzzzz
hint "command :write, near 'temperature': Prompt, " tempratur
hint 'command :write: Prompt, ' temperature
hint "setting mask.rate, near 'mask.rate': share" mask.rtae
accept find run mask.rate
[ "$(grep -c 'setting mask.rate: ' out)" = 1 ] || fault "find mask.rate: the setting once"

accept find run --prompt "$text" --json --most 5 && mv out found
# By concept, as the kept evaluation says, and with letters left out.
told() { # STEP [CONCEPT LATENT]
    cat >run/eval.json <<JSON
{"step": $1, "concepts": [{"concept": "${2:-animal}", "kind": "super", "eligible": true,
  "probe_f1": 0.9, "true_positives": 9, "full": 0.25, "fraction": 0, "main_latent_recall": 0.5,
  "f1_best_latent": 0.8, "f1_heldout": 0.7, "main_latents": [${3:-5}],
  "main_latent_fits": [[0.8, 0.9, 0.7]], "absorbers": []}], "words": []}
JSON
}
told 30
accept find run animal --most 1
grep -q "^ *5 " out && grep -q "by concept: 'animal' with F1 0.800, its best latent" out &&
    grep -q "concepts as evaluated at step 30$" out || fault "by concept"
accept ask run --text "$text" --steer 5=clamp:9
grep -q "5=clamp:9: .*  animal$" out && grep -q "came up: #5 .*animal" out || fault "ask by concept"
accept find run anmal --most 1 --json
grep -q '"by":"concept","how":"letters","near":"animal","by_concept":{"concept":"animal","f1":0.8' out ||
    fault "by concept, near"
# A latent's absorption is that of the concept it matches, if the evaluation is of this step.
accept top run --json
set -- $(sed -n 's/^{"latent":\([0-9]*\),.*"match":"\([a-z]*\)","match_kind":"super".*/\1 \2/p;T;q' out)
absorbed() { # WHAT LATENT
    accept find run "$2" --most 1 --json
    grep -q "{\"latent\":$2,.*\"absorption\":$1," out || fault "find $2: absorption is not $1"
    accept top run --latent "$2" --json
    grep -q "\"absorption\":$1[,}]" out || fault "top --latent $2: absorption is not $1"
}
told 30 "$2" "$1"
absorbed 0.25 "$1"
told 20 "$2" "$1"
absorbed null "$1"
told 20
accept find run animal --most 1
grep -q 'concepts as evaluated at step 20 of 30: ' out || fault "an older evaluation"
echo '{"concepts": 1' >run/eval.json
run find run animal --most 1
[ $status = 0 ] && grep -q 'run/eval.json' err || fault "an evaluation that cannot be read"
run ask run --text "$text"
[ $status = 0 ] && [ -s out ] && [ "$(wc -l <err)" = 1 ] && grep -q '^saetop: run/eval.json: ' err ||
    fault "ask with an evaluation that cannot be read"
rm run/eval.json
accept find run animal --most 1
grep -q 'no evaluation is kept' out || fault "no evaluation"
printf '%s' "$text" | "$saetop" ask run --text-file - --json --top 7 >piped || fault "-"
cmp -s plain piped || fault "standard input is another prompt"
printf '%s' "$text" | "$saetop" ask run - --json --top 7 >piped || fault "- behind the run"
echo "$text" | "$saetop" ask run - --json --top 7 | cmp - piped || fault "the line break of echo"
printf '%s\n\n' "$text" | "$saetop" ask run - --json --top 7 | cmp -s - piped && fault "two line breaks"
cmp -s plain piped || fault "- behind the run is another prompt"
# A latent that fires is named with its label.
accept ask run "$text"
fires=$(grep -o '#[0-9]*' out | head -n 1)
cp run/labels.csv labels && printf '%s,"named here"\n' "${fires#\#}" >>run/labels.csv
accept ask run "$text"
grep -q "^ .* $fires named here [0-9.]" out || fault "a label in the list of tokens"
mv labels run/labels.csv
accept lm generate --temperature 0 --max-tokens 12 --json "$text" && mv out generated
# One seed everywhere, unless another is named.
accept lm generate --temperature 1 --max-tokens 12 --json "$text" && mv out drawn
accept ask run --text "$text" --json --generate 12 --temperature 1 && mv out drawn_by_ask
"$saetop" lm activations --hook blocks.1.hook_resid_post --text "$text" --bos --out acts \
    >/dev/null || fault "lm activations"
python3 - <<'PY' || fault "figures"
import json, math, struct
plain, nothing, all_, why, gen, found = (
    json.load(open(f)) for f in ("plain", "nothing", "all", "why", "generated", "found"))
raw = open("acts", "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head = json.loads(raw[8:8 + n])
a, b = head["nll"]["data_offsets"]
nll = struct.unpack("<%df" % ((b - a) // 4), raw[8 + n + a:8 + n + b])

tokens = plain["tokens"]
assert len(tokens) == 6 == len(plain["latents"]), tokens
assert tokens[0]["special"] and tokens[0]["logp"] is None and plain["latents"][0] == []
assert "".join(t["token"] for t in tokens[1:]) == "The dog ran to the"
for t, l in zip(tokens[1:], nll):
    assert abs(t["logp"] + l) < 1e-5, (t, l)
assert len(plain["next"]) == 7 and plain["next_after"] is None and plain["kl"] is None
assert plain["contributions"] is None and plain["generated"] is None
for t, fires in zip(tokens, plain["latents"]):
    assert len(fires) == t["active"] and all(f["activation"] > 0 for f in fires)
    assert fires == sorted(fires, key=lambda f: -f["activation"])

logp = lambda name: [t["logp"] for t in json.load(open(name))["tokens"]][1:]
assert logp("rounded") == logp("tabled") != logp("plain"), (logp("rounded"), logp("tabled"))
assert max(abs(a - b) for a, b in zip(logp("rounded"), logp("plain"))) < 0.1
# What is found by a prompt is what is asked about it.
assert found["tokens"] == 6 and found["found"] == len(plain["strongest"])
for x, y in zip(found["latents"], plain["strongest"]):
    for a, b in (("latent", "latent"), ("activation", "activation"), ("position", "position"),
                 ("prompt_fires", "fires")):
        assert x[a] == y[b], (a, x, y)

# Strength 0 is the model to the bit.
assert nothing["kl"] == [0] * 6
for x, y in zip(nothing["next"], nothing["next_after"]):
    assert x == y and x["logp"] == x["logp_other"]
assert [x["logp"] for x in nothing["next"]][:7] == [x["logp"] for x in plain["next"]]

assert all_["next"][0]["logp"] == plain["next"][0]["logp"]
assert [k > 0 for k in all_["kl"]][1:] and all_["tokens"][2]["masked"]
assert all_["tokens"][2]["fed"] != all_["tokens"][2]["id"]
assert [e["edit"] for e in all_["edits"]] == ["1=zero", "2=zero@3", "3=add:2@4-"], all_["edits"]
for fires in all_["latents"]:
    assert all(f["after"] == 0 for f in fires if f["latent"] == 1)
for fires in all_["latents"][4:]:
    assert any(f["latent"] == 3 and f["after"] >= 2 for f in fires)
assert {s["latent"]: s["label"] for s in all_["strongest"]}[3] == "the third"

for d in (all_, why):
    w, parts = d["why"], d["contributions"]
    rise = w["logit_difference"] - w["at_zero"]
    total = sum(p["contribution"] for p in parts)
    assert w["complete"] and abs(total - w["logit_difference"]) <= max(1e-3 * abs(rise), 1e-4)
    assert parts[-1]["part"] == "zero" and parts[-1]["contribution"] == w["at_zero"]
    assert sum(p["ablated"] is not None for p in parts) == w["ablated"]
assert why["why"]["against"] == "mean" and why["why"]["target"]["token"] == " dog"
assert all(p["position"] == 1 for p in why["contributions"][:-1])

drawn, by_ask = (json.load(open(f)) for f in ("drawn", "drawn_by_ask"))
assert by_ask["generated"] == drawn["text"] != gen["text"], (by_ask["generated"], drawn)
assert why["generated"] == gen["text"] == all_["generated_before"], (why["generated"], gen)
assert len(why["generated_tokens"]) <= 12 and why["generated_before"] is None
assert "".join(t["token"] for t in all_["generated_tokens"]) == all_["generated"]
# As the prompt stands: the tokens of the text without edits, on which nothing acts.
before = all_["generated_before_tokens"]
assert why["generated_before_tokens"] is None and plain["generated_before_tokens"] is None
assert len(before) == len(why["generated_tokens"])
for x, y in zip(before, why["generated_tokens"]):
    assert x.keys() == y.keys() and all(x[k] == y[k] for k in x if k != "latents"), (x, y)
    assert x["latents"] == [f | {"after": f["activation"]} for f in y["latents"]], (x, y)
assert any(f["latent"] == 3 and f["after"] > f["activation"]
           for t in all_["generated_tokens"] for f in t["latents"])
PY

# For people: no line is longer than 80 columns, and nothing acts on the terminal.
accept ask run --text "$text" --mask 2 --ablate 1 --steer 3=2@4- --why next --generate 5
[ "$(sed '/^written/,$d' out | LC_ALL=C.UTF-8 awk 'length > 80' | wc -l)" = 0 ] &&
    grep -q 'the third' out && grep -q '^written after masks and edits$' out &&
    grep -qE '^  (agrees with|contradicts|unclear whether parts agree with) silencing: rank' out ||
    fault "the text"
printf 'a\033[31mb\xe2\x80\xae\xff\0c' >hostile
accept ask run --text-file hostile --why next --generate 5
! LC_ALL=C grep -q "$(printf '\033\|\342\200\256')" out || fault "raw bytes"
accept ask run --text "$(head -c 3000 /dev/zero | tr '\0' z)"
grep -q 'did not fit' out || fault "a long text"
accept ask run --text "" --why next --generate 3

# Held-out text: with a prompt and without, the same; nothing changes at strength 0.
accept ask run --heldout 6 --steer 3=5,5=2 --json && mv out effect
accept ask run --text "$text" --heldout 6 --steer 3=5,5=2 --json && mv out both
accept ask run --heldout 6 --steer 3=0 --json && mv out nothing
accept ask run --heldout 1 --steer 3=5 --json && mv out single
python3 - <<'PY' || fault "held-out text"
import json
effect, both, nothing, single = (json.load(open(f)) for f in
                                 ("effect", "both", "nothing", "single"))
h = effect["heldout"]
assert h == both["heldout"] and "tokens" in both and "tokens" not in effect
assert h["rows"] == 6 and h["tokens"] % 6 == 0 and 0 < h["changed"] <= h["tokens"], h
assert abs(h["loss_after"] - h["loss"] - h["difference"]) < 1e-9
assert h["low"] < h["difference"] < h["high"]
assert h["verdict"] == ("rises" if h["low"] > 0 else "falls" if h["high"] < 0
                        else "not established"), h
rise = [w["logp"] - w["logp_after"] for w in h["worse"]]
assert rise == sorted(rise, reverse=True) and rise[0] > 0 and h["worse"][0]["before"]
shift = [abs(n["probability_after"] - n["probability"]) for n in h["next"]]
assert shift == sorted(shift, reverse=True) and len(shift) == 20
n = nothing["heldout"]
assert n["verdict"] == "unchanged" and n["loss"] == n["loss_after"] and n["worse"] == []
s = single["heldout"]
assert s["verdict"] == "no interval" and s["low"] is None and s["difference"] is not None
PY
accept ask run --heldout 6 --steer 3=5,5=2
[ "$(LC_ALL=C.UTF-8 awk 'length > 80' out | wc -l)" = 0 ] && grep -q 'nats (95 %' out ||
    fault "the text of an effect"
accept ask run --text "$text" --densest 0.02 --steer 3=500
grep -q 'left out' out && grep -Eq "far beyond text: [0-9.]+ times text's most, [0-9.]+$" out || fault "--densest"

# Weakened: where it is silent, below 0; scaled, nowhere.
accept ask run --text "$text" --steer 3=-1000@3
grep -q 'beyond text: below 0 at 1 token$' out || fault "below 0 in the text"
accept ask run --text "$text" --json --steer 3=-1000,3=clamp:1e6@2 --densest 1 && mv out sides
python3 - <<'PY' || fault "which side of text is left"
import json
edits = json.load(open("sides"))["edits"]
assert [e["beyond"] for e in edits] == [True, True]
assert (edits[0]["beyond_below"], edits[0]["beyond_above"]) == (4, 1), edits
assert (edits[1]["beyond_below"], edits[1]["beyond_above"]) == (0, 1), edits
assert edits[0]["least"] < -900 and edits[0]["most"] == edits[1]["least"] == 1e6
PY
accept ask run --text "$text" --json --steer 3=scale:.5 --densest 1
grep -q '"beyond":true' out && fault "scaled"

# What is said of which SAE, of its error and of what edits do to other latents.
accept ask run --text "$text"
grep -q '^run: mask rate 0.30, seed 1, step 30$' out && grep -q ' rank error ' out || fault "what is asked"
accept ask run --text "$text" --ablate "$fires" && mv out one
accept ask run --text "$text" --steer "$fires=zero" && cmp -s one out || fault "#N as screens write it"
grep -q "^  [1-9][0-9]* fell silent: .*$fires" one && grep -q '^  [0-9]* came up' one || fault "fell silent"
accept train --out two --steps 2 --threads 1 --width 64 --batch 256 --set fill_rows=8 --set twin=unmasked \
    --mask-rate 0.3 --set eval.rows=2 --set eval.concept_rows=8
accept ask two --text "$text"
grep -q '^two: condition A, mask rate 0.30, seed 1, step 2$' out && grep -q 'RUN/arms/NAME: arms/twin$' out ||
    fault "which condition"
accept ask two/arms/twin --text "$text" --json
python3 - <<'PY' || fault "B is asked"
import json
run = json.load(open("out"))["run"]
assert run == {"path": "two/arms/twin", "step": 2, "seed": 1, "mask_rate": 0, "condition": None, "others": []}, run
PY

# Multiples of the largest activation on held-out text, which --json has in raw units.
accept ask run --text "$text" --json --steer "${fires#\#}=2x@3,${fires#\#}=clamp:.5x@4" && mv out multiple
python3 - <<'PY' || fault "multiples"
import json
edits = json.load(open("multiple"))["edits"]
for edit, how, times in zip(edits, ("add", "clamp"), (2, .5)):
    name, value = edit["edit"].split("@")[0].split("=")[1].split(":")
    assert name == how and edit["max_seen"] > 0
    assert abs(float(value) - times * edit["max_seen"]) < 1e-5 * edit["max_seen"], edit
assert not edits[1]["beyond"]
PY
accept ask run --text "$text" --steer "${fires#\#}=2x@3"
grep -q ' (2.0x): at 1 position' out || fault "a multiple in the text"
refuse "found 64, expected 0 to 63" ask run --text "$text" --steer 64=2x
refuse "expected LATENT=X" ask run --text "$text" --steer 3=scale:2x
refuse "nowhere.txt" ask run --text "$text" --steer 3=2x --corpus nowhere.txt
exit $faults
