# Pause, masks by key and by command, a fork with its twin, save, open what was saved.
. "$(dirname "$0")/lib.sh"
start -- "$SAETOP" --single $small
expect 'step [1-9][0-9,]*/' 60
keys ' '; expect 'PAUSED'
keys m; expect 'no mask|mask off|p=0.00|p 0.30 -> 0.00'
keys m; expect '0\.30'
keys ']'; expect '0\.35'
type_line ':mask 0.2'; expect '0\.20'
keys b; expect 'twin B'
keys ' '; expect 'TRAIN'
type_line ":save $work/kept"; expect 'saved' 60
[ -f "$work/kept/sae_weights.safetensors" ] || fail "no weights in $work/kept"
[ -f "$work/kept/arms/twin/sae_weights.safetensors" ] || fail "no twin in it"
keys q; expect 'discard'; keys d; expect 'shell\$ *$'; whole
type_line "clear; $SAETOP $work/kept"
expect 'BROWS' 60
keys 3; expect 'density' 60
keys q; sleep 0.5; keys q; sleep 0.5
screen | grep -q 'discard' && keys d
expect 'shell\$ *$'
whole
echo passed
