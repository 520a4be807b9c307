# saetop under limits of address space: whatever it does, it ends, by itself, with status
# 0, or with a status and one line. bash limits.sh SAETOP FOLDER
set -u
saetop=$1
folder=$2
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
cd "$folder" || exit 1
small="--threads 2 --width 64 --batch 256 --set fill_rows=8 --set eval.rows=2"
small="$small --set eval.concept_rows=8"
"$saetop" train --out run --steps 4 $small >/dev/null || exit 1
printf ':wait step 2\n2\n:wait idle\n:q\n' >script
"$saetop" --headless --script script --steps 4 $small >out 2>err || { cat err; exit 1; }

# MB, then the command. A line of the dynamic linker's (status 127) does as well.
try() {
    local limit=$1
    shift
    (
        ulimit -c 0
        ulimit -v $((limit * 1000))
        exec "$saetop" "$@"
    ) >out 2>err </dev/null
    local status=$?
    local lines
    lines=$(wc -l <err)
    if [ "$status" != 0 ] && { [ "$status" -ge 128 ] || [ "$lines" != 1 ]; }; then
        echo "$limit MB: saetop $*: status $status, $lines lines"
        cat err
        faults=1
    fi
}

for limit in 50 100 150 220 300 400 700 1500; do
    try $limit --version
    try $limit -h
    try $limit top run
    try $limit eval run --only fidelity --rows 2
    try $limit train --out "train$limit" --steps 4 $small
    try $limit lm eval --rows 4
    try $limit lm generate --max-tokens 4
    try $limit sweep --out "sweep$limit" --seeds 1 --mask-rates 0,0.3 --steps 4 $small
    try $limit --headless --script script --steps 4 $small
done
exit $faults
