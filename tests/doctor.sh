#!/usr/bin/env bash
# saetop doctor: a model that is supported, with and without a mask token, a text, an SAE that
# fits and one that does not, and what is not supported: exit status 2 and the known kinds.
# usage: doctor.sh SAETOP FIXTURES SAMPLES OUT
set -euo pipefail
export LC_ALL=C.UTF-8
saetop=$1 models=$2/models formats=$2/formats samples=$3 out=$4
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$out"
out=$(cd "$out" && pwd)
export XDG_STATE_HOME=$out/state

fail() { printf '%s\n' "$*" >&2; exit 1; }
small=(--width 32 --k 4 --batch 64 --steps 4 --threads 1 --set fill_rows=8
       --set context=32 --set eval.rows=4 --set eval.concept_rows=8)
seq -f 'The dog ran to lake number %g.' 300 > "$out/text.txt"
cp -r "$models/qwen3" "$out/plain" # without a mask token
chmod -R u+w "$out/plain"
sed -i 's/<|mask|>/<|reserved_0|>/g' "$out"/plain/*.json
says() { grep -qE -- "$1" "$out/said" || fail "expected $1 in: $(cat "$out/said")"; }
doctor() { "$saetop" doctor "$@" > "$out/said" 2> "$out/complained" || fail "doctor $*: $(cat "$out/complained")"; }

# A model and a text that are named by options are in the command at the end, too.
doctor --model "$out/plain" --corpus "$out/text.txt" "${small[@]}"
says "^saetop --model $out/plain --corpus $out/text.txt "
# What a model is; lines of 80 columns at most; a command at the end that the shell takes.
doctor "$out/plain" "$out/text.txt" "${small[@]}"
says '^model +plain: qwen3, a Hugging Face directory of [0-9.]+ kB'
says '^text +text.txt: [0-9]+ documents to train on, about [0-9.k]+ tokens; [0-9.]+ tokens'
says '^loss +[0-9.]+ nats a token, with 30 % masked [0-9.]+ \(a blind guess: [0-9.]+\)'
says '^hook +blocks.1.hook_resid_post, width 32: [0-9.kM]+ tokens/s on 1 thread;'
says '^takes +about .* and [0-9]+ MB of memory'
says '^missing +'
narrow() {
    awk 'length($0) > 80 && !/^saetop /{ print; bad = 1 } END { exit bad }' "$out/said" ||
        fail "lines of more than 80 columns"
}
narrow
# The masks' token is chosen and said: here, and before training.
says 'mask: .*reserved_0.*#3, a reserved'
says 'the model has no mask token: '
next=$(tail -n 1 "$out/said")
[ "${next#saetop --model }" != "$next" ] || fail "no command at the end: $next"
eval "set -- $next"
shift
"$saetop" train "$@" --out "$out/run" > "$out/said" 2>&1 || fail "train: $(cat "$out/said")"
grep -q '^takes: about .* of memory' "$out/said" && grep -q '^hook: blocks.1.hook_resid_post, width 32: ' "$out/said" ||
    fail "train does not say what it takes: $(cat "$out/said")"
grep -q ',estimate,.*about .* of memory' "$out/run/events.csv" || fail "no estimate among the events"
grep -q 'has no mask token: .* stands for a masked token; with 30 % of the text masked' "$out/said" ||
    fail "train does not say which mask token: $(cat "$out/said")"
grep -q '"mask.token":[[:space:]]*"[^"]' "$out/run/config.json" || fail "the mask token is not recorded"
# A model with a mask token of its own, which has learnt from masked text, is told nothing.
doctor "$samples/model" "$out/text.txt" "${small[@]}"
! grep -q 'stands for a masked token' "$out/said" || fail "remark on the bundled mask token"

# Its run fits, where runs are kept and by name; another model's does not.
mkdir -p "$XDG_STATE_HOME/saetop"
mkdir "$XDG_STATE_HOME/saetop/runs"
mv "$out/run" "$XDG_STATE_HOME/saetop/runs/mine"
doctor "$out/plain" "$out/text.txt" "${small[@]}"
says '^SAEs +mine: fits; run, matryoshka, 32 latents at blocks.1.hook_resid_post'
says '1 of 1 fits,'
doctor "$models/llama" "$out/text.txt" "${small[@]}"
says '0 of 1 fit,'
doctor "$out/plain" "$out/text.txt" "$XDG_STATE_HOME/saetop/runs/mine"
says 'fits; run, matryoshka, 32 latents at blocks.1'
says '^SAE +/'
[ "$(tail -n 1 "$out/said")" = "saetop $XDG_STATE_HOME/saetop/runs/mine" ] || fail "$(tail -n 1 "$out/said")"
# A run alone brings its model and its text.
doctor "$XDG_STATE_HOME/saetop/runs/mine"
says '^model +plain: qwen3'
says '^text +text.txt: [0-9]+ documents'
says '^SAE +/'; says 'fits; run'
doctor "$models/llama" "$out/text.txt" "$XDG_STATE_HOME/saetop/runs/mine" --json
grep -q '"sae":{"path":.*"fits":false}' "$out/said" || fail "another model's run fits: $(cat "$out/said")"
grep -q '"why":"trained on another model' "$out/said" || fail "$(cat "$out/said")"
"$saetop" lm train --corpus "$out/text.txt" --out "$out/flat" --steps 1 --layers 1 --width 32 \
    --heads 2 --context 32 --vocab 300 --threads 1 > "$out/said" 2>&1 || fail "lm train: $(cat "$out/said")"
doctor "$out/flat" "$out/text.txt" "${small[@]}"
tr -s ' \n' ' ' < "$out/said" | grep -q ', 1 block of width 32, ' || fail "one block: $(cat "$out/said")"
# SAEs of other tools, a folder of them: by width.
doctor "$out/plain" "$out/text.txt" "$formats" "${small[@]}" --json
grep -q '"saes":\[{"path":"[^"]*/dictionary_learning_batchtopk"' "$out/said" || fail "no SAEs: $(cat "$out/said")"
grep -q '"why":"it reads [0-9]* dimensions, the model has 32 there"' "$out/said" || fail "$(cat "$out/said")"

# A concepts file from the vocabulary, which a run takes.
"$saetop" concepts --suggest --model "$samples/model" --out "$out/concepts.csv" || fail "concepts --suggest"
grep -q '^capital,,' "$out/concepts.csv" || fail "no capitals: $(head -n 3 "$out/concepts.csv")"
grep -q '^English (function words),function words,the' "$out/concepts.csv" || fail "no English"
# Of a text, the languages whose words occur in it.
"$saetop" concepts --suggest --corpus "$out/text.txt" > "$out/said" 2> "$out/complained" || fail "--suggest --corpus"
! grep -q 'English' "$out/said" || fail "English of a text that has none of its words"
grep -q 'fewer than 15 in the text: English [0-9] of 75' "$out/complained" || fail "$(cat "$out/complained")"
doctor "$samples/model" "$out/text.txt" --concepts "$out/concepts.csv" "${small[@]}"
! grep -q 'concepts of meaning' "$out/said" || fail "concepts are missing: $(cat "$out/said")"

# JSON is whole.
doctor "$out/plain" "$out/text.txt" "${small[@]}" --json
if command -v python3 > "$out/x"; then
    python3 - "$out/said" <<'P' || fail "JSON: $(cat "$out/said")"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["supported"] and d["model"]["family"] == "qwen3" and d["run"]["hook_width"] == 32
assert d["model"]["own_mask"] is None and d["model"]["mask"] >= 0 and d["model"]["mask_token"]
assert d["text"]["loss_masked"] > 0 and d["run"]["seconds"] > 0 and d["run"]["bytes"] > 1e7
assert d["next"].startswith("saetop --model ") and d["missing"]
P
fi

# What is not supported: exit 2, a line, the kinds that are known; in JSON as well.
refuse() { # PART COMMAND...
    local part=$1 status=0
    shift
    "$@" > "$out/said" 2> "$out/complained" || status=$?
    [ $status = 2 ] || fail "$*: status $status, expected 2: $(cat "$out/complained")"
    [ "$(wc -l < "$out/complained")" = 1 ] || fail "$*: not one line"
    grep -qF -- "$part" "$out/complained" || fail "$*: $(cat "$out/complained"), expected $part"
}
cp -r "$models/llama" "$out/m"
chmod -R u+w "$out/m"
sed -i 's/"model_type": "llama"/"model_type": "mamba"/' "$out/m/config.json"
refuse "expected one of those supported: gpt2, gpt_neo, gpt_neox, llama" "$saetop" doctor "$out/m" "$out/text.txt"
refuse "supported" "$saetop" doctor "$out/m" "$out/text.txt" --json
grep -q '^{"supported":false,"why":".*mamba' "$out/said" || fail "$(cat "$out/said")"
refuse "checkpoint.best" "$saetop" doctor "$out/m" "$out/text.txt" --set checkpoint.best=luck --json
grep -q '^{"supported":null,"why":".*checkpoint.best' "$out/said" ||
    fail "a setting's fault is called the model's: $(cat "$out/said")"
printf 'GGUF' > "$out/cut.gguf"
refuse "cut.gguf" "$saetop" doctor "$out/cut.gguf"
refuse "not found" "$saetop" doctor "$out/nothing-here"
refuse "a text is given as doctor --corpus $out/text.txt" "$saetop" doctor "$out/text.txt"
# What else goes wrong says nothing of the model.
refuse "not found" "$saetop" doctor "$out/nothing-here" --json
grep -q '^{"supported":null,"why":".*nothing-here' "$out/said" || fail "$(cat "$out/said")"
refuse "no such file" "$saetop" doctor "$models/llama" "$out/no-text.txt" --json
grep -q '^{"supported":null,' "$out/said" || fail "$(cat "$out/said")"
refuse "no run, SAE or folder" "$saetop" doctor "$models/llama" "$out/text.txt" "$out/text.txt"
refuse "found '$models/llama' beside --model" "$saetop" doctor "$models/llama" --model "$models/llama"
refuse "blocks are 0 to 2" "$saetop" doctor "$models/llama" "$out/text.txt" --hook blocks.99.hook_resid_post
refuse "is of --suggest" "$saetop" concepts --out "$out/c" "$out/run"
refuse "is of --suggest" "$saetop" concepts --corpus "$out/text.txt" "$out/run"
refuse "no run" "$saetop" concepts --suggest "$out/run"
refuse "no model to look at" "$saetop" doctor --source synthetic
rm -rf "$out"
