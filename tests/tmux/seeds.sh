# The default, at 80x24: five seeds of weights of each condition, a verdict at the planned
# step, the seeds' own curves, another seed's concepts; saved, opened again, gone on with.
. "$(dirname "$0")/lib.sh"
few="--width 128 --batch 512 --steps 60 --set eval.rows=2 --set eval.concept_rows=64 --set browse.rows=32"
start 80 24 -- "$SAETOP" $few
expect 'TRAIN|DONE' 120
expect 'A-B, 5 seeds' 60
expect 'seeds share text and model'
expect 'DONE' 300
expect 'established|small =|unclear' 120
gone 'so far'
keys V; expect 'thin lines: one per seed'
keys V; expect 'band: lowest to highest seed'
keys Tab Tab Tab z; expect '95 % interval +needs'
keys z; gone 'needs'
keys '#'; expect 'seed 2 of 5'
type_line ':seeds +1'; expect 'again adds 2 arms of [0-9.]+ MB; intervals 1.6 times as wide, 10 seeds'
type_line ':seeds +1'; expect '6 seeds .5 planned.' 120; expect 'DONE' 120
type_line ":save $work/kept"; expect 'saved' 60
[ -f "$work/kept/arms/twin.s5/sae_weights.safetensors" ] || fail "no tenth arm in $work/kept"
keys q; sleep 0.5
screen | grep -q 'discard' && keys d
expect 'shell\$ *$'
whole
type_line "clear; $SAETOP $work/kept"
expect 'BROWS' 60
expect 'A-B, 6 seeds .5 planned.'
type_line ":extend 64"; expect 'DONE' 120
keys q; expect 'discard'; keys d; expect 'shell\$ *$'
whole
echo passed
