# sweep --plan slurm: a script that bash reads and sbatch would take; run as Slurm runs it,
# task by task from another folder, with a sbatch that does as it is told.
# bash slurm.sh SAETOP FOLDER
set -u
saetop=$(realpath "$1")
folder=$2
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
mkdir "$folder/bin" "$folder/else where"
cd "$folder" || exit 1
small="--threads 1 --width 64 --batch 256 --set fill_rows=8 --set eval.rows=2"
small="$small --set eval.concept_rows=8"
grid="--seeds 2 --mask-rates 0,0.3 --steps 2 $small"

fault() {
    echo "$@"
    faults=1
}

out="a sweep's dir"
"$saetop" sweep --out "$out" $grid --plan slurm >job.sh 2>err </dev/null && [ ! -s err ] ||
    fault "--plan slurm: $(cat err)"
bash -n job.sh || fault "bash does not read it"
[ "$(head -1 job.sh)" = '#!/bin/bash' ] || fault "no #! line"
grep -q '^# a run takes about .* of memory .* on [0-9]* threads* here' job.sh ||
    fault "what a run takes is not said: $(head -5 job.sh)"
grep -qx '#SBATCH --array=0-3' job.sh || fault "expected an array of 4"
grep -q "^saetop=/" job.sh && grep -qF "dir='$PWD" job.sh || fault "paths are not absolute"

# What it submits itself, word by word.
cat >bin/sbatch <<'END'
#!/bin/bash
printf '%s\n' "$@" >>"$SUBMITTED"
for word; do
    case $word in --wrap=*) printf '%s\n' "${word#--wrap=}" >"$SUBMITTED.sh" ;; esac
done
declare -p saetop dir log >"$SUBMITTED.env"
END
chmod +x bin/sbatch
export SUBMITTED=$PWD/submitted
for task in 2 0 3 1; do
    (cd "else where" && PATH=$folder/bin:$PATH SLURM_ARRAY_JOB_ID=77 SLURM_CPUS_PER_TASK=1 \
        SLURM_ARRAY_TASK_ID=$task bash "$folder/job.sh") || fault "task $task: status $?"
done
[ "$(ls "$out/cells" | wc -l)" = 4 ] || fault "cells: $(ls "$out/cells")"
[ "$(grep -c '^--wrap' submitted)" = 1 ] ||
    fault "submitted: $(cat submitted)"
grep -qx -- '--dependency=afterany:77' submitted || fault "not after the array"
[ ! -e "$out/report.md" ] || fault "tables before the end"
(cd "else where" && . "$SUBMITTED.env" && export saetop dir log && sh "$SUBMITTED.sh") ||
    fault "collect: status $?"
[ "$(wc -l <"$out/results.csv")" = 5 ] && grep -q '^4 of 4 runs' "$out/slurm-77-collect.log" ||
    fault "collect: $(cat "$out/slurm-77-collect.log")"

# Nothing is left; of more runs only the new ones; another plan is refused.
"$saetop" sweep --out "$out" $grid --plan slurm >none 2>err </dev/null
[ $? = 2 ] && grep -q 'every run is done' err && [ ! -s none ] || fault "done: $(cat err none)"
"$saetop" sweep --out "$out" $grid --seeds 3 --plan slurm >more.sh 2>err </dev/null
grep -qx '#SBATCH --array=0-1' more.sh || fault "more seeds: $(cat err more.sh)"
cp "$out/sweep.json" before.json
"$saetop" sweep --out "$out" --seeds 2 --mask-rates 0,0.5 --steps 2 $small >none 2>err </dev/null
[ $? = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'holds another sweep, 4 of whose 6 runs' err &&
    cmp -s before.json "$out/sweep.json" || fault "another plan: $(cat err)"
"$saetop" sweep --out "$out" --steps 3 >none 2>err </dev/null
[ $? = 2 ] && grep -q 'holds another sweep, 6 of whose 6 runs' err || fault "steps: $(cat err)"
"$saetop" sweep --out "$out" --plan=torque >none 2>err </dev/null
[ $? = 2 ] && grep -q "found 'torque', expected nothing or slurm" err || fault "word: $(cat err)"
# What so many seeds can show is said before any is trained.
"$saetop" sweep --out power --seeds 3 --mask-rates 0,0.3 --steps 1 $small >said 2>err </dev/null
grep -q '^takes: about .* and [0-9.]* MB of memory .*; 6 runs in [0-9]* groups' said ||
    fault "cost: $(cat said)"
grep -q '^3 pairs of seeds establish .* from 2.48 times .* 6 pairs from 1.05 and' said ||
    fault "power: $(cat said)"
"$saetop" sweep --out power1 --seeds 1 --mask-rates 0,0.3 --steps 1 $small >said 2>err </dev/null
grep -q '^one seed establishes nothing' said || fault "one seed: $(cat said)"
exit $faults
