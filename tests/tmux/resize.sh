# A storm of sizes, down to one cell, while training: it lives, and is whole at the end.
. "$(dirname "$0")/lib.sh"
start -- "$SAETOP" $small
expect 'step [1-9][0-9,]*/' 60
for size in 80x24 60x12 20x5 10x3 1x1 2x40 200x2 240x67 79x24 80x23 120x36; do
    tmux_ resize-window -t t -x "${size%x*}" -y "${size#*x}"
    sleep 0.15
    [ -n "$(pid)" ] || fail "gone at $size"
done
for _ in $(seq 20); do
    tmux_ resize-window -t t -x $((40 + RANDOM % 120)) -y $((5 + RANDOM % 50))
done
tmux_ resize-window -t t -x 120 -y 36
expect 'TRAIN' 60
keys q; expect 'discard'; keys d
expect 'shell\$ *$'
whole
echo passed
