# The command line of saetop, end to end: what is refused, how, and before what; and that
# nothing of the user's or of a file's acts on the terminal.
# bash cmdline.sh SAETOP SAMPLES FOLDER
set -u
saetop=$1
samples=$2
folder=$3
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
cd "$folder" || exit 1
small="--threads 1 --width 64 --batch 256 --set fill_rows=8 --set eval.rows=2"
small="$small --set eval.concept_rows=8"

fault() {
    echo "$@"
    cat out err
    faults=1
}

run() {
    "$saetop" "$@" >out 2>err </dev/null
    status=$?
}

# PART COMMAND...: ends with 2 and one line that has PART in it, and makes no file.
refuse() {
    local part=$1 before
    shift
    before=$(ls | grep -vx -e out -e err)
    run "$@"
    [ $status = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$part" err &&
        [ ! -s out ] && [ "$before" = "$(ls | grep -vx -e out -e err)" ] ||
        fault "saetop $*: status $status, expected 2 and a line with: $part"
}

accept() {
    run "$@"
    [ $status = 0 ] && [ ! -s err ] || fault "saetop $*: status $status"
}

# ---- help, version, suggestions ----

for pair in help:-h version:--version "help train:train -h" "help lm eval:lm eval -h" \
    "lm help:lm -h" "lm help train:lm train -h"; do
    accept ${pair%%:*}
    mv out first
    accept ${pair#*:}
    cmp -s out first || fault "saetop ${pair%%:*} and ${pair#*:} differ"
done
refuse "did you mean train?" trian
refuse "did you mean help?" hlep
refuse "unknown command nope; expected explore, train, eval" nope
refuse "complete or version, or the directory of a run" nope
refuse "lm: unknown command nope; expected train, eval" lm nope
mkdir myrun partrun
touch myrun/config.json myrun/sae_weights.safetensors partrun/config.json partrun/metrics.csv
refuse "unknown command myrnu; did you mean the run myrun?" myrnu
refuse "partrun/sae_weights.safetensors: not found, expected the weights of this" partrun
refuse "partrun/sae_weights.safetensors: not found, expected the weights of this" top partrun
rm -r myrun partrun
refuse "saetop: unknown option --versoin; did you mean --version?" --versoin
refuse "saetop: unknown option -q; see saetop" -q
refuse "explore: unknown option --themee; did you mean --theme?" explore --themee dark
refuse "did you mean topk?" train --out x --arch topkk
refuse "did you mean random?" train --out x --set mask.kind=randm
refuse "did you mean dark?" --theme darc
refuse "did you mean heldout?" corpus rows --split heldot
accept -v
mv out first
accept --version
cmp -s out first || fault "saetop -v and --version differ"
refuse "lm: unknown command evl; did you mean eval?" lm evl
refuse "did you mean train?" help trian
refuse "did you mean --out?" train -o x
refuse "did you mean --out?" eval x --ot y
refuse "did you mean --help?" --hepl
refuse "--out: needs a value (DIR), found --steps" train --out --steps 5
refuse "saetop sweep --source synthetic --out DIR" eval --source synthetic --seeds 5
refuse "saetop sweep --source synthetic --out DIR" eval --mask-rates=0,0.3 --source synthetic
refuse "top: --steps: this is of training: saetop train, explore and sweep take it" top x --steps 5
refuse "export: --mask-rate: this is of training" export x --out y --mask-rate 0.5
refuse "top: --set lr: this is of training" top x --set lr=5
refuse "top: --also: this is of training" top x --also k=3
refuse "unknown option --stepz" top x --stepz 5
refuse "expected a name that ends in .txt, .csv or .jsonl" corpus generate --n 1 --out x.pdf
zeros=$(printf %0200d 0)
arms=$(for i in $(seq 40); do echo "--also k=$i,lr=0.001$zeros"; done)
refuse "40 arms take 8550 bytes of text, expected 8191 at most" train --out x $arms
refuse "same setting" train --out x --k 4 --set k=4

# ---- numbers ----

commands="explore train eval verdict concepts sweep top ask export import"
commands="$commands lm_train lm_eval lm_generate corpus_generate corpus_stats"
commands="$commands corpus_rows corpus_probes lm_activations bench_sae bench_ui bench_stream bench_eval bench_index"
values=(nan inf 0x10 1e999 5x "" " 5" 1e308G -1e300 1e300)

# Options of a command's -h whose value is a letter; those before and after "Settings".
numeric() {
    "$saetop" ${1/_/ } -h | awk -v part="$2" '
        /^Settings/ { part-- }
        part == 0 && /^  --[a-z0-9-]+ [NXPSTK](  |$)/ { print substr($1, 3) }'
}

for command in $commands; do
    for option in $(numeric $command 0); do
        for value in "${values[@]}"; do
            refuse "--$option: found '$value', expected" ${command/_/ } "--$option=$value"
        done
    done
done
for option in $(numeric train 1); do
    for value in "${values[@]}"; do
        refuse "found '$value', expected" train --out x "--$option=$value"
        key=${option//-/.}
        [ "$option" = seeds ] && key=seed.count
        grep -qF -- ": $key:" err || fault "--$option: not named"
    done
done
# The options and the settings that have one; all of the settings stand apart.
for command in train explore sweep; do
    accept $command -h
    [ "$(wc -l <out)" -lt 80 ] && grep -q 'saetop settings lists them' out &&
        ! grep -q 'mask.schedule_steps' out || fault "saetop $command -h: long"
done
accept settings
[ "$(grep -c '^  [a-z0-9_.]*=' out)" = "$("$saetop" train --print-config | grep -c .)" ] ||
    fault "saetop settings: not all of them"
[ "$(numeric train 1 | wc -l)" -gt 5 ] && [ "$(numeric lm_train 0 | wc -l)" -gt 5 ] ||
    fault "-h has no numbers"

# ---- files that are not there, or cannot be read as what they are ----

"$saetop" train --out run --steps 4 $small >/dev/null || exit 1
mkdir empty
printf ':wait idle\n:q\n' >script
"$saetop" corpus generate --n 200 >text.txt
head -c 300 /dev/zero >zeros
hook="--hook blocks.0.hook_resid_pre"
for file in nowhere empty zeros; do
    for option in model corpus ood concepts config; do
        if [ $option$file != corpuszeros ] && [ $option$file != oodzeros ]; then
            refuse $file train --out new --$option $file $small
            refuse $file eval run --only fidelity --$option $file
        fi
    done
    refuse $file eval run --only fidelity --probes $file
    refuse $file eval $file
    refuse $file eval run $file --only fidelity
    refuse $file top $file
    refuse $file export $file --out new
    refuse $file import $file --out new
    refuse $file train --resume $file
    refuse $file --resume $file --headless --script script
    refuse $file lm eval --model $file
    refuse $file lm generate --model $file
    refuse $file lm train --out new --corpus text.txt --tokenizer $file
    refuse $file lm tokenize --model $file --text a
    refuse $file lm tokenize --tokenizer $file --text a
    refuse $file lm activations --model $file --text a --out new $hook
    refuse $file lm activations --text-file $file --out new $hook
    refuse $file corpus rows --model $file
    refuse $file corpus stats --tokenizer $file
    refuse $file corpus concepts --corpus $file
    refuse $file corpus probes --corpus $file
    refuse $file sweep $file --out new
done
for file in nowhere empty; do
    refuse $file lm eval --corpus $file
    refuse $file lm tokenize --text-file $file
    refuse $file lm activations --corpus $file --out new $hook
    refuse $file corpus rows --corpus $file
    refuse $file lm train --out new --corpus $file
    refuse $file corpus generate --corpus $file
    refuse $file corpus stats --corpus $file
    refuse $file --headless --script $file
done

# ---- texts and hooks ----

refuse "N 0 to 3" lm activations --hook resid --text a --out new
refuse "blocks are 0 to 3" lm activations --hook blocks.4.hook_resid_pre --text a --out new
refuse "stands twice" lm activations $hook,blocks.0.hook_resid_pre --text a --out new
refuse "found no --hook" lm activations --text a --out new
refuse "found no --out" lm activations --text a $hook
refuse "--text: is empty" lm activations $hook --out new --text ""
refuse "standard input: is empty" lm activations $hook --out new --text-file -
refuse "text.txt: " lm activations $hook --out new --text-file text.txt
refuse "the model's context" lm activations $hook --out new --corpus text.txt --context 129
refuse "the held-out text ends" corpus rows --corpus text.txt --split heldout --from 1e5
refuse "expected train or heldout" corpus rows --split test
# A long way is spoken of.
timeout 20 "$saetop" corpus rows --from 1e9 --rows 1 >out 2>err
[ $? = 124 ] && [ ! -s out ] && grep -q 'found by reading up to it: about' err ||
    fault "corpus rows --from 1e9"
refuse "multiples of 128" corpus rows --order --rows 5
refuse "GB" lm activations $hook --out new --corpus text.txt --rows 65536 --logits
refuse "one token" lm activations $hook --out new --text a --mask-rate 0.1 --mask-token "a b"
refuse "are of --corpus" lm activations $hook --out new --text a --rows 2
refuse "begin with BOS already" lm activations $hook --out new --corpus text.txt --bos
for command in "lm tokenize" "lm activations $hook --out new"; do
    refuse "no text" $command
    refuse "found both" $command --text a --text-file text.txt
done
refuse "expected one" lm activations $hook --out new --text a --corpus text.txt
refuse "expected one" lm tokenize --text a --model run --tokenizer run

# ---- files that are there ----

echo kept >there
for line in "eval run --only fidelity" "corpus generate --n 1" "corpus concepts" \
    "lm activations $hook --text a"; do
    refuse "there exists already; --force writes over it" $line --out there
done
refuse "there exists already; --force" eval run --details there
for command in "ask MODEL text" "find MODEL dog" "eval MODEL" "explore MODEL" "export MODEL --out new"; do
    refuse "a model, expected a run or an SAE of one; for a model alone: saetop lm generate" \
        ${command/MODEL/"$samples/model"}
done
refuse "fixtures/gguf/gpt_neox.gguf: a model, expected a run" ask "$samples/../tests/fixtures/gguf/gpt_neox.gguf" text
refuse "not found, expected a run or an SAE" ask nowhere text
refuse "--prompt: found an empty text" find run --prompt ""
refuse "--details is of one run" eval run run --details new
refuse "exists already" corpus probes --out there
refuse "exists already" lm train --corpus text.txt --out there
refuse "sweep: one group of runs at a time needs about " sweep --out new --width 4000000 --seeds 1
refuse "lm train needs more memory than can be counted, " lm train --corpus text.txt --out new \
    --layers 100 --width 16384 --heads 1024 --context 65536 --batch 65536 --vocab 60000
refuse "lm train needs about " lm train --corpus text.txt --out new --layers 20 --width 8192 --heads 8
refuse "nowhere/x.json: can't write" eval run --out nowhere/x.json
refuse "found a directory" eval run --force --out empty
[ "$(cat there)" = kept ] || fault "there: written over"
accept corpus concepts --out there --force
accept corpus concepts
cmp -s out there || fault "--force: there is not what was asked for"

# A state that other kernels made, so that sums were in another order.
cp -r run other
accept train --resume other --steps 5
grep -q 'kernels' out && fault "other kernels, where they are the same"
LC_ALL=C sed -i 's/"kernels":"..../"kernels":"none/' other/trainer_state.safetensors
accept train --resume other --steps 6
grep -q '^other goes on, but not to the same bytes: its kernels were none' out &&
    grep -q 'resumed,"from other; its kernels were none' other/events.csv ||
    fault "other kernels are not said"
rm -r other

# ---- streams that are full or closed, a terminal that goes away ----

for line in --version "corpus generate --n 9" "top run" "train --out full --steps 2 $small"; do
    "$saetop" $line >/dev/full 2>err </dev/null
    status=$?
    [ $status = 1 ] && grep -q '^saetop: standard output: ' err ||
        fault "saetop $line >/dev/full: status $status"
done
"$saetop" train --out piped --steps 2 $small 2>err </dev/null | true
[ "${PIPESTATUS[0]}" = 0 ] && ! grep -q 'standard output' err || fault "a pipe nobody reads"
rm -f out # what it begins to write is waited for
(
    trap '' HUP # as nohup does
    exec "$saetop" train --out nohup --steps 1000000 $small >out 2>err </dev/null
) &
until [ -s out ]; do sleep 0.1; done
kill -HUP $!
sleep 1
kill -TERM $!
wait $!
status=$?
[ $status = 143 ] || fault "HUP under nohup: status $status"

# A place that takes nothing does not cost what was measured for it.
for line in "eval run --only latents" "eval run run --only latents"; do
    run $line --out /dev/full
    [ $status = 1 ] && grep -q 'No space left' err && [ -s out ] ||
        fault "saetop $line --out /dev/full: status $status"
done

# ---- what would act on a terminal ----

evil=$'e\x1b[31m\xe2\x80\xaev'
clean() {
    run "$@"
    ! LC_ALL=C grep -q $'\x1b\|\xe2\x80\xae' out err || fault "saetop $*: raw"
}
done_clean() {
    clean "$@"
    [ $status = 0 ] || fault "saetop $*: status $status"
}
cp -r run "$evil"
sed "s/animal/a$evil/g" "$samples/concepts.csv" >"$evil.csv"
cp text.txt "$evil.txt"
done_clean train --out "new$evil" --steps 2 $small --hook blocks.1.hook_resid_post
done_clean train --print-config --out new --corpus "$evil" --set "mask.token=$evil"
done_clean sweep --plan --out "sweep$evil" --k 4,8
done_clean sweep --plan slurm --out "sweep$evil" --k 4,8
done_clean sweep --out "grid$evil" --seeds 1 --mask-rates 0,0.3 --steps 2 $small
done_clean eval "$evil" --only fidelity,latents --rows 2
done_clean eval "$evil" run --only latents --rows 2
done_clean eval "$evil" --only latents --rows 2 --to saebench "bench$evil"
done_clean eval run --only absorption --rows 2 --concepts "$evil.csv" --cache none
done_clean top run --concepts "$evil.csv"
done_clean top run --latent 1 --corpus "$evil.txt"
done_clean top run --json --concepts "$evil.csv"
done_clean eval run --json --only absorption --rows 2 --concepts "$evil.csv" --cache none
done_clean export run --out "out$evil"
done_clean import "out$evil" --out "in$evil"
done_clean lm eval --corpus "$evil.txt" --rows 2
done_clean lm generate --max-tokens 2 "$evil"
done_clean lm train --corpus "$evil.txt" --out "lm$evil" --steps 2 --layers 1 --width 32 \
    --heads 2 --context 32 --vocab 300
grep -q '^takes: about .* and [0-9.]* MB of memory .* 2 steps, [0-9.k]* tokens/s; a tokenizer' err ||
    fault "lm train does not say what it takes"
done_clean lm tokenize --text "$evil"
done_clean lm activations $hook --text "$evil" --out "acts$evil"
done_clean corpus rows --corpus "$evil.txt"
done_clean corpus stats --corpus "$evil.txt"
done_clean corpus probes --out "probes$evil"
clean "$evil"
clean "x$evil"
clean train "--$evil=1"
clean train --out new --set "$evil=1"
clean train --out new --also "$evil"
clean train --out new --model "x$evil"
clean eval "x$evil"
clean eval run --only "$evil"
clean top run --interval "$evil" --latent 1
clean sweep --out new --archs "$evil"
clean sweep --out new --seeds "$evil"
clean lm train --corpus "x$evil" --out new
clean bench sae --arch "$evil"

# ---- lists of runs ----

mkdir folder && "$saetop" train --out "folder/one" --steps 4 $small --set twin=unmasked \
    >/dev/null || exit 1
cp -r folder/one folder/two
sed -i 's/"arch":.*/"arch": "\\u001b[31mx",/' folder/two/config.json
ln -s one folder/latest
run runs folder
! grep -q '.\{81\}' out || fault "runs in 80 columns"
run runs folder --all
grep -qE '^one +4/4 +topk +0\.3 0 +4 +2x1 ' out || fault "a row of runs"
grep -q 'folder/latest: a symbolic link' err && grep -q 'folder/two/config.json: settings.arch' err &&
    ! grep -q $'\x1b' out err && [ "$(wc -l <err)" -eq 2 ] || fault "remarks of runs"
accept runs folder --json
python3 -c 'import json, sys
d = json.load(open("out"))
r = {x["name"]: x for x in d["runs"]}
assert list(r["one"]) [:2] == ["name", "step"] and r["one"]["step"] == 4, r["one"]
assert [c["mask_rate"] for c in r["one"]["conditions"]] == [0.3, 0], r["one"]
assert r["two"]["step"] is None and "arch" in r["two"]["remark"], r["two"]' || fault "runs --json"
refuse "--sort: found 'date', expected one of: name, step" runs folder --sort date
refuse "no such folder" runs nowhere
XDG_STATE_HOME=$PWD/state run runs
grep -q 'state/saetop/runs: no runs; `c` in the explorer' err || fault "no runs yet"

# A run that the explorer saved is named by its name alone, where there is nothing here of
# that name; what is neither is looked for in both places.
mkdir -p state/saetop/runs && cp -R folder/one state/saetop/runs/20260101-040017
export XDG_STATE_HOME=$PWD/state
for command in "ask NAME dog" "top NAME --latent 3" "find NAME 3" "export NAME --out byname" "doctor NAME" \
    "eval NAME --only latents --rows 2" "eval run NAME --only latents --rows 2" "NAME --once train" \
    "explore NAME --once train" "ask NAME/arms/twin dog"; do
    run ${command/NAME/20260101-040017}
    ! grep -qE '20260101-040017.*(not found|no such|unknown)' err || fault "saetop $command, by a run's name"
    refuse "nowhere" ${command/NAME/nowhere}
done
refuse "or a run there" concepts nowhere
refuse "or a run there" verdict run nowhere
accept ask 20260101-040017 dog
grep -qF "$PWD/state/saetop/runs/20260101-040017" out || fault "the run that a name stands for"
refuse "expected a run or an SAE here, or a run there: $PWD/state/saetop/runs/nowhere" top nowhere
refuse "or a run there: $PWD/state/saetop/runs/nowhere" train --resume nowhere
mkdir 20260101-040017
refuse "20260101-040017: not recognised" ask 20260101-040017 dog
rmdir 20260101-040017
unset XDG_STATE_HOME

# ---- what was asked of an evaluation stands in its results ----

"$saetop" export run --out sae --to saelens >/dev/null || exit 1
run eval sae --centre --only fidelity --rows 2 --seed 3 --corpus text.txt --probe-k 1,3 --json
python3 -c 'import json
d = json.load(open("out"))
o = d["options"]
assert o["centre"] is True and o["only"] == "fidelity" and o["probe_k"] == "1,3", o
assert o["corpus"].endswith("/text.txt") and "probes" not in o and "model" not in o, o
assert d["rows"] == 2 and d["seeds"]["intervals"] == 3, d["seeds"]' || fault "options of eval"
run eval run run --only latents --rows 2 --split-cosine 0.6 --json
python3 -c 'import json
d = json.load(open("out"))
assert d["options"]["split_cosine"] == 0.6 and d["options"]["centre"] is False, d["options"]
assert d["rows"] == 2 and d["seeds"]["intervals"] == 0, d["seeds"]' || fault "options of two"

# ---- results that are there ----

accept eval run --only fidelity --rows 2 --to saebench bench
refuse "results.json exists already; --force" eval run --only fidelity --rows 2 \
    --to saebench bench
accept eval run --only fidelity --rows 2 --to saebench bench --force

# ---- a model's speed: what was not measured is not printed ----

accept bench lm --rows 1 --seconds 0 --threads 2 --json
grep -q '"one_thread":null,"threads":2,' out || fault "bench lm: one thread was not measured"
accept bench lm --rows 1 --seconds 0 --threads 2
! grep -q 'one thread' out || fault "bench lm: one thread was not measured"
accept bench lm --rows 1 --seconds 0 --threads 1 --json
grep -q '"one_thread":[0-9.]*,"threads":1,' out || fault "bench lm on one thread"

# ---- verdicts, on evaluations that are kept ----

# RUN VALUE: an eval.json of a whole evaluation at step 4, as far as verdicts read it.
keep() {
    printf '{"step": 4, "rows": 64, "seeds": {"intervals": 0}, "concepts":
        [{"concept": "bird", "kind": "leaf", "main_latents": []},
        {"concept": "a%s", "kind": "super", "f1_best_latent": %s, "spread": 2, "main_latents":
        [7, 3], "intervals": {"f1_best_latent": [0.125, 0.875]}, "best_latent_firmness": 0.5}],
        "words": [{"concept": "a%s", "word": " dog%s", "token": 5, "verdict": "absorbed",
        "occurrences": 24, "true_positives": 20, "main_latent_fires": 4, "absorbed": 16,
        "absorbers": [{"latent": 9, "share": 0.75}]}],
        "units": {"absorption.leaf.full": {"unit": "concepts", "id": [0, 2, 5], "sum": [0, %s, %s],
        "weight": [1, 1, 1]}}}' "${3-}" "$2" "${3-}" "${3-}" "$2" "$2" >"$1/eval.json"
}
for seed in 1 2 3; do
    "$saetop" train --out arms$seed --steps 4 $small --seed $seed --set twin=unmasked \
        >/dev/null || exit 1
done
refuse "all arms are of one condition" verdict arms1/arms/twin
refuse "arms1 and arms1: settings and seeds are the same" verdict arms1 arms1
refuse "--margin: found 'x=1', expected NAME=X" verdict arms1 --margin x=1
refuse "--planned: found 1, expected 2 or more" verdict arms1 --planned 1
keep arms1 0.30 && keep arms1/arms/twin 0.90
keep arms2 0.33 && keep arms2/arms/twin 0.93
keep arms3 0.30 && keep arms3/arms/twin 0.93
accept verdict arms1
grep -q 'absorption, semantic  *-0.400 .*  one seed$' out &&
    grep -q 'the intervals are of the text' out && [ "$(wc -l <out)" -le 15 ] ||
    fault "verdict of one seed"
refuse "--planned: found 4, expected at most the 3 seeds" verdict arms1 arms2 arms3 --planned 4
accept verdict arms1 arms2 arms3
# Differences -.4, -.4, -.42: mean -.40667, half of the interval 4.3027 * .011547 / sqrt 3
grep -q '^A  mask.rate=0.3  seed 1, 2, 3  arms1, ...$' out &&
    grep -q -e '-0.407 \[ -0.435,  -0.378\]  established: lower' out &&
    grep -q 'say --planned 3 next time: intervals are then$' out &&
    grep -q '^1.8 times as wide, and as' out &&
    ! grep -q '.\{81\}' out &&
    grep -q 'narrow as these from 5 seeds on' out &&
    [ "$(wc -l <out)" -le 15 ] || fault "verdict of three seeds"
accept verdict arms1 arms2 arms3 --margin absorption_semantic=0.5
grep -q 'absorption, semantic .*small =' out || fault "verdict --margin"
accept verdict arms1 arms2 arms3 --planned 3 --json
"$saetop" verdict arms1 arms2 arms3 --planned 3 --json | tr -d '\n' |
    grep -q '"name": "absorption_semantic", "condition": "A", "baseline": "B", "difference": -0.40.*"interval": \[-0.457[0-9]*, -0.356[0-9]*\], "interval_of": "seeds", "n": 3, "verdict": "established", "direction": "lower"' ||
    fault "verdict --json"
# A run says how many seeds it planned: three are three of two where one was added.
"$saetop" train --out plan --steps 4 $small --seeds 3 --set twin=unmasked >/dev/null || exit 1
keep plan 0.30 && keep plan/arms/s2 0.33 && keep plan/arms/s3 0.30
keep plan/arms/twin 0.90 && keep plan/arms/twin.s2 0.93 && keep plan/arms/twin.s3 0.93
accept verdict plan
grep -q '3 seeds, 95 % paired t intervals' out || fault "verdict of planned seeds"
sed -i 's/"seed.count":[[:space:]]*3,/"seed.count": 2,/' plan/config.json
accept verdict plan
grep -q '3 seeds, 2 of them planned: 95 % intervals for any number of seeds' out ||
    fault "verdict of a seed that was added"
accept concepts plan
tr -s '\n ' ' ' <out | grep -q 'of the seeds (for any number of them, as 2 were planned, cut' ||
    fault "concepts of a seed that was added"
accept verdict plan --planned 0
grep -q '3 seeds, 95 % paired t intervals' out || fault "verdict --planned 0"
run eval plan plan/arms/s2 --only fidelity --rows 2 # each names its seeds
grep -q '^A plan: .*, training seed 1$' out &&
    grep -q '^B plan/arms/s2: .*, training seed 1, of weights 2$' out || fault "seeds of eval"
# How far it is, in a file too: a line for what is to do, and one an arm.
mv arms2/arms/twin/eval.json kept
run verdict arms2
[ $status = 0 ] && grep -q "^saetop: 1 of 2 arms to be evaluated and kept, at step 4$" err &&
    grep -q '^saetop: about .* and .* of memory (.* are there), counted \(roughly\|by the last\)$' err &&
    grep -q '^saetop: evaluating arms2/arms/twin (1 of 1)$' err || fault "verdict's progress"
mv kept arms2/arms/twin/eval.json
# Beside a random control: what A has less of than B the control has as little of.
for seed in 1 2 3; do
    "$saetop" train --out ctl$seed --steps 4 $small --seed $seed --set twin=unmasked --random \
        >/dev/null || exit 1
    keep ctl$seed 0.3$seed
done
keep ctl1/arms/twin 0.90 && keep ctl2/arms/twin 0.93 && keep ctl3/arms/twin 0.93
keep ctl1/arms/random 0.33 && keep ctl2/arms/random 0.31 && keep ctl3/arms/random 0.32
accept verdict ctl1 ctl2 ctl3
grep -q 'absorption, semantic .*\]  lower, within random$' out &&
    grep -q 'Within random: A-C, where the second has a random decoder, is not$' out &&
    ! grep -q 'Within random: B\|.\{81\}' out || fault "verdict beside a random control"
"$saetop" verdict ctl1 ctl2 ctl3 --json | tr -d '\n' >out
grep -q '"name": "absorption_semantic", "condition": "A".*"within_random": true.*"name": "absorption_semantic", "condition": "C".*"within_random": null' out ||
    fault "verdict --json beside a random control"
refuse "decoder=random: arch tied" train --out no --random --arch tied
# Not at the end of its plan: nothing is too small yet.
"$saetop" train --out begun --steps 4 $small --set twin=unmasked >/dev/null || exit 1
cp -r begun begun2 && sed -i 's/"steps":[[:space:]]*4,/"steps": 400,/' begun2/config.json begun2/arms/twin/config.json
keep begun2 0.3 && keep begun2/arms/twin 0.3
accept verdict begun2
grep -q '^! so far: begun2 is at step 4 of 400' out || fault "verdict so far"
for seed in 1 2 3; do
    cp -r ctl$seed far$seed
    sed -i 's/"steps":[[:space:]]*4,/"steps": 400,/' far$seed/config.json far$seed/arms/*/config.json
done
accept verdict far1 far2 far3
grep -q 'absorption, semantic .*\]  within random$' out && ! grep -q 'A direction before it' out ||
    fault "verdict beside a random control so far"
for seed in 1 2 3; do
    cp -r ctl$seed gone$seed && rm -r gone$seed/arms/random
    sed -i 's/"steps":[[:space:]]*4,/"steps": 400,/' gone$seed/config.json gone$seed/arms/twin/config.json
done
accept verdict gone1 gone2 gone3
grep -q 'absorption, semantic .*\]  lower$' out && ! grep -q 'established: \|too small' out ||
    fault "verdict of seeds so far"
"$saetop" verdict gone1 gone2 gone3 --json | grep -q '"verdict": "so far", "direction": "lower"' ||
    fault "verdict --json so far"
# A run from standard input goes on from a file with the same text, by its hash, and from
# then on by itself.
"$saetop" train --out streamed --corpus - --steps 2 $small --set twin=unmasked <text.txt >out 2>err &&
    sed 's/the/a/' text.txt >othertext.txt || fault "train --corpus -"
refuse "othertext.txt has changed since: hash" train --resume streamed --corpus othertext.txt --steps 3
run train --resume streamed --corpus text.txt --steps 3
[ $status = 0 ] || fault "train --resume --corpus FILE of a run from standard input"
for arm in streamed streamed/arms/twin; do
    grep -q '"corpus":[[:space:]]*"/.*/text.txt"' $arm/config.json || fault "$arm: where its text lies now"
done
run train --resume streamed --steps 4
[ $status = 0 ] || fault "train --resume after that"
# Seeds of weights within one run are seeds as well.
"$saetop" train --out seeded --steps 4 $small --seeds 2 --set twin=unmasked >/dev/null || exit 1
keep seeded 0.30 && keep seeded/arms/s2 0.33
keep seeded/arms/twin 0.90 && keep seeded/arms/twin.s2 0.93
accept verdict seeded
grep -q '^A  mask.rate=0.3  seed 1, 1/2  seeded, ...$' out &&
    grep -q '^A-B, 2 seeds' out || fault "verdict of seeds of weights"
accept concepts arms1
grep -q '^a  *A       7   0.300 \[0.125, 0.875\]      -    2.0 ' out &&
    grep -q '^  *B       7   0.900 ' out && grep -q '^bird  *A  *-  *-' out &&
    [ "$(grep -n '^a ' out | cut -d: -f1)" -lt "$(grep -n '^bird' out | cut -d: -f1)" ] &&
    grep -q 'one seed establishes no difference' out || fault "concepts of one seed"
accept concepts arms1 arms2 arms3
grep -q 'A-B  *-0.610 \[-0.653, -0.567\] established: best F1 lower$' out || fault "concepts of three seeds"
grep -q 'latent best F1  *95 %   F1cv spread recall absorb   frac$' out &&
    grep -q '^best F1: of that latent, by a probe' out || fault "headings of concepts"
accept concepts arms1 --concept a
grep -q '^A  mask.rate=0.3  seed 1: latents 7 (best F1 0.300, firmness 0.50), 3; F1cv' out &&
    grep -q '^ dog  *24  4/20 absorbed by 9 (0.75)  *4/20 absorbed by 9 (0.75)' out ||
    fault "concepts --concept"
keep arms2 0.33 && sed -i 's/"absorbed", *$/"held",/; s/"verdict": "absorbed"/"verdict": "held"/' arms2/eval.json
accept concepts arms1 arms2 arms3 --concept a
grep -q 'A, 3 seeds; by: seed 1' out &&
    grep -q '^ dog  *24  0.17 absorbed 2/3, held 1/3, by 9 (0.75)  *0.17 absorbed 3/3, by 9' out ||
    fault "concepts --concept of three seeds"
accept concepts arms1 arms2 arms3 --concept a --json
tr -d '\n' <out | grep -q '"agreement": \[  {"word": " dog", "token": 5, "conditions": \[{"name": "A", "seeds": 3, "too_rare": 0, "probe_wrong": 0, "held": 1, "absorbed": 2, "missed": 0, "main_latent_fires": 0.16[67]*}, {"name": "B", "seeds": 3, ' ||
    fault "concepts --concept --json of three seeds"
keep arms2 0.33
accept concepts arms1 --concept a --json
grep -q '"word": " dog", "token": 5, "occurrences": 24, .*"verdict": "absorbed", "absorbed": 16, "absorber": 9, "share": 0.75}' out ||
    fault "concepts --concept --json"
accept concepts arms1 arms2 arms3 --json
grep -q '"figure": "f1_best_latent", "condition": "A", "baseline": "B", "difference": -0.6[01].*"n": 3, .*"verdict": "established", "direction": "lower"}' out ||
    fault "concepts --json"
refuse "--concept: found 'b', expected one of 2: bird, a" concepts arms1 --concept b
keep arms1 0.3 'e\u001b[31m\u202ev'
for line in "" --json "--concept a$evil" "--concept a$evil --json"; do
    done_clean concepts arms1 $line
done
printf '{"step": 4, "rows": 64, "seeds": {"intervals": 0}, "concepts": [3, {"concept": 4, "kind":
    "leaf", "main_latents": [-1e300, "x"], "f1_best_latent": "x", "intervals": [[[]]]}],
    "words": [4, {"concept": ""}], "units": {}}' >arms1/eval.json
accept concepts arms1 arms2
mv arms1/arms/twin elsewhere
refuse "all arms are of one condition" verdict arms1
mv elsewhere arms1/arms/twin
printf '{"step": 4, "rows": 64, "seeds": {"intervals": 0}, "concepts": [],
    "words": [], "units": {"absorption.leaf.full": 3}}' >arms1/eval.json
refuse "arms1/eval.json: " verdict arms1

# ---- what cannot be written is told before the work ----

refuse text.txt/model lm train --corpus nowhere --out text.txt/model
refuse text.txt/a/b lm train --corpus nowhere --out text.txt/a/b

# A sweep's folder comes with its plan or not at all: one without would begin another
# sweep when it is named alone.
(
    ulimit -f 0
    "$saetop" sweep --out nodisk --k 4,8 --seeds 1 $small
) 2>&1 </dev/null | grep -q "^saetop: .*sweep.json: can't write" ||
    fault "sweep on a full disk: no line"
[ -z "$(ls -d nodisk* 2>/dev/null)" ] || fault "sweep on a full disk: $(ls -d nodisk*)"
accept sweep --plan --out new/ --k 4,8 --seeds 1 $small --quiet
[ -s new/sweep.json ] || fault "sweep --plan: no plan"

# ---- a file that is cut short while it is read ----

# Larger than what is copied, so that it is mapped. Stopped in the midst of reading it,
# if it is not too late for that; ends with a line that names it, not by a signal.
yes "The dog ran home and the bird sang." | head -c 90000000 >big.txt
cut=0
for _ in 1 2 3 4 5 6 7 8; do
    cp big.txt big
    mv big big.cut.txt
    "$saetop" corpus stats --corpus big.cut.txt >out 2>err </dev/null &
    until grep -q big.cut.txt /proc/$!/maps 2>/dev/null || ! kill -0 $! 2>/dev/null; do :; done
    kill -STOP $! 2>/dev/null
    truncate -s 4096 big.cut.txt
    kill -CONT $! 2>/dev/null
    wait $!
    status=$?
    [ $status -le 2 ] || fault "a file cut short: status $status"
    if [ $status != 0 ]; then
        [ "$(wc -l <err)" = 1 ] && grep -q "^saetop: .*big.cut.txt: .*cut short" err ||
            fault "a file cut short: no line"
        cut=1
        break
    fi
done
[ $cut = 1 ] || fault "a file cut short: always too late"
rm -f big.txt big.cut.txt

# The same of a model's file, which stays mapped for as long as the model is in use.
. "$(dirname "$0")/large_model.sh"
large_model "$samples/model" large
large="--model large --threads 2 --set context=64 --seconds 0 --whole"
accept bench lm $large --rows 1
"$saetop" bench lm $large --rows 100000 >out 2>err </dev/null &
# Two seconds of CPU time are more than reading it takes: it is measuring.
while kill -0 $! 2>/dev/null && [ "$(awk '{print $14}' /proc/$!/stat)" -lt 200 ]; do sleep 0.2; done
grep -q positions.safetensors /proc/$!/maps || fault "positions of a model are not mapped"
truncate -s 4096 large/positions.safetensors
wait $!
status=$?
[ $status = 2 ] && [ "$(wc -l <err)" = 1 ] &&
    grep -q "^saetop: .*large/positions.safetensors: cut short by another program" err ||
    fault "a model's file cut short: status $status"
refuse "positions.safetensors: file is cut short: has 4096 bytes" bench lm $large --rows 1
rm -rf large
exit $faults
