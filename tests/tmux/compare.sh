# Compare: two conditions of a run in training, then two saved runs, in an 80x24 terminal.
. "$(dirname "$0")/lib.sh"
for seed in 1 2; do
    "$SAETOP" train $small --steps 60 --seed $seed --mask-rate 0.3 --set twin=unmasked \
        --out "$work/r$seed" > "$work/log" 2>&1 || fail "$(cat "$work/log")"
done
start 80 24 -- "$SAETOP" "$work/r1" "$work/r2"
expect '\[6 Compare\]' 60
expect 'verdict: A-C' 120
expect 'Not established: one seed; the interval is of the text'
keys Tab; expect 'explained variance'; expect 'A-C'
keys Tab; expect 'seed.weights'
keys f; expect 'optimal assignment'; keys f; expect 'only in A'
type_line ':list pairs'; expect 'optimal assignment'
keys Enter; expect 'contexts; Enter: the latent'
keys q; expect 'optimal assignment'
keys v; expect 'verdict: A-D' 120
type_line ':compare'; expect 'verdict: A-B' 120
type_line ":compare $work/none"; expect 'no run directory'
keys c; expect 'compare with: runs in'
type_line ":folder $work"; expect 'r2 '
type_line ':sort name'; keys g j; expect 'Enter compares'; keys Enter
expect 'C r2: mask p=0.30' 120
keys Q; expect 'shell\$ *$'
whole
echo passed
