#!/usr/bin/env bash
# Activations made elsewhere: shards of the bundled model's, trained on without it, give an
# SAE as good as training on the model does, by the spread of seeds; a run that was stopped
# goes on to the same bytes; what does not fit is refused in one line.
# usage: activations.sh SAETOP SAMPLES OUT
set -euo pipefail
export LC_ALL=C.UTF-8
saetop=$1 samples=$2 out=$3
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$out"
mkdir "$out/shards"
out=$(cd "$out" && pwd)
export XDG_STATE_HOME=$out/state
model=$samples/model text=$samples/storybook.grammar.json#story

fail() { printf '%s\n' "$*" >&2; exit 1; }
small=(--width 128 --k 4 --batch 256 --steps 200 --seeds 3 --set twin=unmasked
       --set log.every=50 --threads 1)
refused() { # PATTERN ARGUMENTS
    local pattern=$1 rc=0
    shift
    "$saetop" "$@" > /dev/null 2> "$out/said" || rc=$?
    [ "$rc" = 2 ] || fail "$*: exit status $rc, expected 2"
    [ "$(wc -l < "$out/said")" = 1 ] || fail "$*: more than one line: $(cat "$out/said")"
    grep -qE -- "$pattern" "$out/said" || fail "$*: expected $pattern in: $(cat "$out/said")"
}
column() { # RUN NAME: of its last row
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
                          $at != "" { last = $at } END { print last }' "$1/metrics.csv"
}

for i in 0 1 2; do
    "$saetop" lm activations --model "$model" --corpus "$text" --shard --rows 200 \
        --hook blocks.1.hook_resid_post --from $((200 * i)) --mask-rate 0.2 --threads 1 \
        --out "$out/shards/$i.safetensors" > /dev/null
done

"$saetop" train --activations "$out/shards" --out "$out/files" "${small[@]}" > "$out/log"
grep -q 'without the model explained variance, L0 and dead latents' "$out/log" ||
    fail "train does not say what is measured: $(cat "$out/log")"
! grep -q 'nothing to recover' "$out/log" || fail "losses are spoken of where no model is"
"$saetop" train --model "$model" --corpus "$text" --ood "" --mask-rate 0.2 \
    --set eval.concept_rows=16 --out "$out/inside" "${small[@]}" > /dev/null

# Each condition's mean over seeds, held against the greater spread of the two.
for condition in '' twin; do
    for run in files inside; do
        for arm in "$out/$run" "$out/$run"/arms/*; do
            case ${arm##*/} in
                twin*) [ "$condition" = twin ] || continue ;;
                *) [ -z "$condition" ] || continue ;;
            esac
            printf '%s %s\n' "$run" "$(column "$arm" explained_variance)"
        done
    done > "$out/ev"
    awk -v of="${condition:-masked}" '
        { n[$1]++; s[$1] += $2; q[$1] += $2 * $2 }
        END {
            for (r in n) {
                if (n[r] != 3) { print of, r, n[r], "arms"; exit 1 }
                m[r] = s[r] / n[r]; v = (q[r] - n[r] * m[r] ^ 2) / (n[r] - 1)
                sd = v > sd * sd ? sqrt(v) : sd
            }
            d = m["files"] - m["inside"]
            printf "%s: files %.4f inside %.4f sd %.4f\n", of, m["files"], m["inside"], sd
            bar = 3 * sd > 0.02 ? 3 * sd : 0.02
            exit !(d < bar && d > -bar)
        }' "$out/ev" || fail "explained variance differs: $(cat "$out/ev")"
done

# Stopped and gone on with: the same bytes in both sides.
: > "$out/rows"
"$saetop" train --activations "$out/shards" --out "$out/short" "${small[@]}" \
    --set log.every=1 --json > "$out/rows" &
pid=$!
for _ in $(seq 2400); do
    [ "$(grep -c '"event":"row"' "$out/rows")" -ge 1 ] && break
    sleep 0.05
done
kill -TERM "$pid" # a shell's background jobs ignore SIGINT
rc=0
wait "$pid" || rc=$?
[ "$rc" = 143 ] || fail "stopped with status $rc, expected 143"
[ "$(tail -n 1 "$out/short/metrics.csv" | cut -d, -f1)" -lt 200 ] || fail "stopped at its end"
"$saetop" train --resume "$out/short" --quiet
for arm in . arms/twin; do
    cmp "$out/files/$arm/sae_weights.safetensors" "$out/short/$arm/sae_weights.safetensors" ||
        fail "$arm: other weights after a stop"
done

# Measured later: without the model, and with it.
"$saetop" eval "$out/files" --json > "$out/eval.json"
grep -q '"explained_variance"' "$out/eval.json" || fail "no explained variance"
grep -q 'it needs the model and its text, --model M --corpus C' "$out/eval.json" || fail "what is missing is not said"
! grep -q 'other activations' "$out/eval.json" || fail "its own activations are called others"
"$saetop" eval "$out/files" --model "$model" --corpus "$text" --only fidelity 2> /dev/null |
    grep -q ce_recovered || fail "no losses with the model"
for option in '--only fidelity' '--to saebench' '--probes none.csv' "--details $out/details.json"; do
    refused "^saetop: ${option%% *}: .*files is a run without a text" eval "$out/files" $option \
        $([ "$option" != '--to saebench' ] || echo "$out/saebench")
done
refused 'source is activations and model, expected the same in both' eval "$out/files" "$out/inside"

# Arms are compared by what activations alone give; what takes the model is named. A second
# look evaluates nothing.
"$saetop" verdict "$out/files" > "$out/verdict" 2> "$out/said" || fail "verdict: $(cat "$out/said")"
grep -q '5 of 6 arms to be evaluated' "$out/said" || fail "what eval kept does not serve: $(cat "$out/said")"
for row in 'explained variance' 'L0, clean' 'dead latents' 'cosine' 'length given back'; do
    grep -qE "^  $row +[-+][0-9.]+" "$out/verdict" || fail "verdict has no $row: $(cat "$out/verdict")"
done
! grep -qE '^  (CE recovered|probing)' "$out/verdict" || fail "rows of nothing: $(cat "$out/verdict")"
tr '\n' ' ' < "$out/verdict" | tr -s ' ' |
    grep -q 'not measured without the model and its text: CE recovered; absorption, semantic;' ||
    fail "verdict does not say what takes the model: $(cat "$out/verdict")"
tr '\n' ' ' < "$out/verdict" | tr -s ' ' | grep -q 'saetop eval RUN --model M --corpus C measures them' ||
    fail "verdict does not say what to give: $(cat "$out/verdict")"
"$saetop" verdict "$out/files" --json > "$out/verdict" 2> "$out/said"
[ ! -s "$out/said" ] || fail "evaluated again: $(cat "$out/said")"
value() { # DIRECTORY: explained variance in its eval.json
    tr -d '\n' < "$1/eval.json" |
        sed -E 's/.*"explained_variance":[[:space:]]*\{[[:space:]]*"value":[[:space:]]*([-0-9.e]+).*/\1/'
}
for seed in '' .s2 .s3; do
    masked=$out/files${seed:+/arms/${seed#.}}
    printf '%s %s\n' "$(value "$masked")" "$(value "$out/files/arms/twin$seed")"
done | awk '{ sum += $1 - $2 } END { printf "%.9f\n", sum / NR }' > "$out/x"
tr -d '\n' < "$out/verdict" |
    sed -E 's/.*"explained_variance", [^}]*"difference": ([-0-9.e]+).*/\1/' |
    awk '{ printf "%.9f\n", $1 }' | cmp - "$out/x" || fail "not the mean difference of its arms"
"$saetop" eval "$out/files" "$out/files/arms/twin" > "$out/said"
grep -q '^first less second' "$out/said" || fail "eval of two: $(cat "$out/said")"
refused 'expected the same' verdict "$out/files" "$out/inside"
refused 'have no text with words of concepts' concepts "$out/files"
"$saetop" train --activations "$out/shards" --set context=64 --out "$out/narrow" --width 128 --k 4 \
    --batch 256 --steps 20 --threads 1 > /dev/null
refused 'context is 128 and 64' verdict "$out/files" "$out/narrow"

# In the explorer latents have words where the tokenizer is named, else numbers; what takes
# the model says so.
once() { # SCREEN ARGUMENTS
    "$saetop" explore --activations "$out/shards" --width 64 --k 4 --batch 128 --steps 60 --threads 1 \
        --size 100x30 --once-step 60 --once "$@" > "$out/frame" || fail "--once $*"
}
once latents --tokenizer "$model"
grep -qE "'[a-z]+' .* [a-z]+, [a-z]+" "$out/frame" || fail "no words: $(cat "$out/frame")"
once latents
grep -qE "'#[0-9]+' .* #[0-9]+, #[0-9]+" "$out/frame" || fail "no ids: $(cat "$out/frame")"
for screen in concepts prompt compare; do
    once "$screen"
    grep -q 'no model here: concepts, prompts and comparing' "$out/frame" || fail "$screen: $(cat "$out/frame")"
done

train=(train --activations "$out/shards" --out "$out/none")
refused 'found 0.3, expected 0 or 0.2: the masked activations of' "${train[@]}" --mask-rate 0.3
refused 'model: a run on --activations has no model' "${train[@]}" --model "$model"
refused 'mask.schedule: expected constant' "${train[@]}" --set mask.schedule=linear
refused 'train has --seeds' sweep --set activations="$out/shards" --out "$out/none"
refused 'no .safetensors or .npy' train --activations "$out/files/arms" --out "$out/none"
head -c 100000 "$out/shards/1.safetensors" > "$out/cut" && mv "$out/cut" "$out/shards/1.safetensors"
refused 'shards/1.safetensors: file is cut short' "${train[@]}"
rm "$out/shards/1.safetensors"
refused 'shards has changed since' train --resume "$out/short" --steps 300
"$saetop" eval "$out/files" --json > "$out/eval.json" 2> "$out/said"
"$saetop" verdict "$out/files" --json > "$out/verdict" 2> "$out/x"
grep -q '5 of 6 arms to be evaluated' "$out/x" || fail "evaluations of other files serve: $(cat "$out/x")"
for said in "$out/eval.json" "$out/said" "$out/verdict"; do
    grep -q "trained on other activations than $out/shards holds now" "$said" ||
        fail "eval on other activations: $(cat "$said")"
done
[ ! -e "$out/none" ] || fail "a refused run was made"
