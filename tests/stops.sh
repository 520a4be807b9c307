# Commands without a screen: each signal that asks to leave saves first, and the status
# names it; what the process was started with as ignored stays so.
# bash stops.sh SAETOP FOLDER
set -um
saetop=$1
folder=$2
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
cd "$folder" || exit 1
small="--threads 1 --width 64 --batch 64 --set fill_rows=8 --set eval.rows=2"
small="$small --set eval.concept_rows=8 --set log.every=1 --json"

fault() {
    echo "$@"
    cat out
    faults=1
}

# Wait until the run has made N rows.
await_rows() {
    for _ in $(seq 600); do
        [ "$(grep -c '"event":"row"' out)" -ge "$1" ] && return
        sleep 0.1
    done
    fault "no $1 rows"
}

for name in INT TERM HUP USR1 USR2 XCPU PWR; do
    : >out
    "$saetop" train --out "run$name" --steps 1000000 $small >out 2>&1 </dev/null &
    await_rows 1
    kill -$name $!
    wait $!
    status=$?
    [ $status = $((128 + $(kill -l $name))) ] || fault "SIG$name: status $status"
    grep -q '"event":"saved"' out && [ -s "run$name/trainer_state.safetensors" ] ||
        fault "SIG$name: not saved"
    rm -rf "run$name"
done

: >out
(
    trap '' USR1 INT
    exec "$saetop" train --out run --steps 1000000 $small >out 2>&1 </dev/null
) &
await_rows 1
kill -USR1 $!
kill -INT $!
await_rows $(($(grep -c '"event":"row"' out) + 5))
kill -TERM $!
wait $!
status=$?
[ $status = 143 ] || fault "ignored signals: status $status"
exit $faults
