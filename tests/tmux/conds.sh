# At 80x24: a random control is weighed, then added; a condition is tuned, which u takes
# back; saved with all its arms, opened again.
. "$(dirname "$0")/lib.sh"
few="--seeds 2 --width 128 --batch 512 --steps 60 --set eval.rows=2 --set eval.concept_rows=64 --set browse.rows=32"
start 80 24 -- "$SAETOP" $few
expect 'DONE' 300
type_line ':condition control decoder=randm'; expect "found 'randm', expected auto.unit.free.random"
type_line ':condition control decoder=random'
expect 'the same line again adds control: 2 seeds'
type_line ':condition control decoder=random'
expect 'mask A 0.30  B off  C 0.30' 60; expect 'DONE' 300
expect 'within random' 60
type_line ':extend 1000'; expect 'TRAIN'
type_line ':tune B lr=0.001'; expect 'B: lr 0.002 -> 0.001, from step' 60
keys u; expect 'B: lr 0.001 -> 0.002, from step' 60
type_line ':tune width=9'; expect 'tune: width stays as it is while training goes on' 60
keys Space; expect 'PAUSE' 60
type_line ":save $work/kept"; expect 'saved' 120
[ -f "$work/kept/arms/control.s2/sae_weights.safetensors" ] || fail "no control in $work/kept"
keys q; sleep 0.5
screen | grep -q 'discard' && keys d
expect 'shell\$ *$'
whole
type_line "clear; $SAETOP $work/kept"
expect 'BROWS' 60
expect 'mask A 0.30  B off  C 0.30'
keys E; expect 'lr 0.001 -> 0.002'; keys Escape
gone 'newest first'; keys q; expect 'shell\$ *$'
whole
echo passed
