#!/usr/bin/env bash
# Two real models from their files to runs that are explored: doctor, training with masks and
# its resume, evaluation, latents, the explorer. Small: what is measured here is that it works.
# tests/models/fetch.py brings the models; without them this is skipped (77).
# usage: run.sh SAETOP SAMPLES OUT
set -euo pipefail
export LC_ALL=C.UTF-8
saetop=$1 samples=$2 out=$3
models=${SAETOP_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/saetop/models}
. "$(dirname "$0")/../fresh_folder.sh"
fresh_folder "$saetop" "$out"
export XDG_STATE_HOME=$out/state

fail() { printf '%s\n' "$*" >&2; exit 1; }
found() { [ -f "$models/$1" ] || { echo "skipped: $models/$1 is not there: tests/models/fetch.py"; exit 77; }; }
found gemma-3-270m-q4_k_m.gguf
found SmolLM2-135M-Instruct.Q4_1.gguf

# Three of ten tokens are the mask token that doctor names, for the model and in the run; what
# the model makes of a row differs from the first of them on, and not before.
check_masks() { # MODEL CORPUS HOOK RUN
    local rate mask
    mask=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["model"]["mask"])' "$out/doctor")
    for rate in 0 0.3; do
        "$saetop" lm activations --model "$1" --corpus "$2" --rows 4 --context 48 --hook "$3" \
            --mask-rate $rate --mask-token "#$mask" --out "$out/acts$rate" --force > "$out/said" 2>&1 ||
            fail "activations of $1: $(cat "$out/said")"
    done
    python3 - "$out" "$3" "$mask" "$4" <<'P' || fail "masks of $1"
import csv, json, math, struct, sys
out, hook, mask, run = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

def read(path):
    raw = open(path, "rb").read()
    n = struct.unpack("<Q", raw[:8])[0]
    kinds = {"F32": "f", "I64": "q", "U8": "B"}
    return {name: (t["shape"], struct.unpack(f"<{math.prod(t['shape'])}{kinds[t['dtype']]}",
                   raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]]))
            for name, t in json.loads(raw[8:8 + n]).items() if name != "__metadata__"}

plain, masked = read(f"{out}/acts0"), read(f"{out}/acts0.3")
(rows, T, D), x = plain[hook]
y, ids, fed = masked[hook][1], masked["ids"][1], masked["input_ids"][1]
assert ids == plain["ids"][1] == plain["input_ids"][1]
where = [i for i in range(rows * T) if fed[i] != ids[i]]
assert where == [i for i in range(rows * T) if masked["masked"][1][i]]
assert all(fed[i] == mask for i in where) and 0.2 < len(where) / (rows * T) < 0.4, where
for r in range(rows):
    first = min(i for i in where if i // T == r)
    for i in range(r * T, (r + 1) * T):
        same = x[i * D:(i + 1) * D] == y[i * D:(i + 1) * D]
        assert same == (i < first), (r, i, first)
last = list(csv.DictReader(open(f"{run}/metrics.csv")))[-1]
assert 0.2 < float(last["masked_fraction"]) < 0.4 and float(last["mask_rate"]) == 0.3, last
P
}

check() { # MODEL HOOK WIDTH MASK
    local model=$models/$1 hook=$2 run=$out/$1.run began=$SECONDS
    local text=$samples/storybook.grammar.json#story
    local small=(--hook "$hook" --width 256 --arch topk --k 8 --batch 128 --steps 12
                 --set context=48 --set fill_rows=4 --set eval.rows=2 --set eval.ce_rows=1
                 --set eval.concept_rows=12 --set browse.rows=8)
    "$saetop" doctor "$model" "$text" "${small[@]}" --json > "$out/said" 2> "$out/complained" ||
        fail "doctor $1: $(cat "$out/complained")"
    grep -q "\"hook_width\":$3,.*\"mask\"\|\"mask\":.*\"hook_width\":$3," "$out/said" ||
        fail "doctor $1: $(cat "$out/said")"
    cp "$out/said" "$out/doctor"
    # A model that knows English: well below a blind guess, and masks do harm.
    python3 - "$out/said" <<'P' || fail "doctor $1: $(cat "$out/said")"
import json, sys
t = json.load(open(sys.argv[1]))["text"]
assert t["loss"] < 0.5 * t["loss_guess"] and t["loss_masked"] > t["loss"] + 0.5, t
assert 1 < t["tokens_per_word"] < 1.6, t
P
    "$saetop" train --model "$model" --corpus "$text" --out "$run" --mask-rate 0.3 "${small[@]}" \
        > "$out/said" 2>&1 || fail "train $1: $(cat "$out/said")"
    grep -qF "$4 stands for a masked token; with 30 % of the text masked" "$out/said" ||
        fail "train $1 says nothing of its mask token: $(cat "$out/said")"
    check_masks "$model" "$text" "$hook" "$run"
    "$saetop" train --resume "$run" --steps 16 > "$out/said" 2>&1 || fail "resume $1: $(cat "$out/said")"
    "$saetop" eval "$run" --only fidelity,latents --rows 2 --json > "$out/said" 2> "$out/complained" ||
        fail "eval $1: $(cat "$out/complained")"
    grep -q '"ce_recovered"' "$out/said" || fail "eval $1: no losses"
    "$saetop" top "$run" --latent 3 --json > "$out/said" 2> "$out/complained" ||
        fail "top $1: $(cat "$out/complained")"
    grep -q '"promotes"' "$out/said" || fail "top $1: no lens"
    printf '%s\n' 3 ':wait idle' 4 ':wait idle' 2 ':wait idle' q > "$out/script"
    "$saetop" "$run" --script "$out/script" --headless > "$out/said" 2>&1 ||
        fail "explore $1: $(cat "$out/said")"
    echo "$1: $((SECONDS - began)) s"
}
# The chat template in a file's own metadata: one is known, the other has none.
chat() { # MODEL PART
    "$saetop" ask "$out/$1.run" --text 'What is the capital of France?' --chat --generate 8 \
        > "$out/said" 2>&1 || true
    grep -qF -- "$2" "$out/said" || fail "chat $1: $(cat "$out/said")"
}
check gemma-3-270m-q4_k_m.gguf blocks.2.hook_resid_post 640 '<mask>'
check SmolLM2-135M-Instruct.Q4_1.gguf blocks.3.hook_mlp_out 576 'the model has no mask token: <|im_end|>'
chat gemma-3-270m-q4_k_m.gguf 'no chat template'
chat SmolLM2-135M-Instruct.Q4_1.gguf 'The capital of France is Paris.'
rm -rf "$out"
