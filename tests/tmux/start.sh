# Starts, trains, draws, and leaves by key with the terminal whole; at two sizes.
. "$(dirname "$0")/lib.sh"
for size in "120 36" "80 24"; do
    start $size -- "$SAETOP" $small
    expect 'loss' 30
    expect 'TRAIN' 60
    expect 'step [1-9][0-9,]*/' 60
    screen | grep -q 'mask' || fail "no masking on the Train screen"
    keys '?'; expect 'help'
    keys Escape; sleep 0.3
    keys q; expect 'discard'
    keys d; expect 'shell\$ *$'
    whole
    tmux_ kill-server; sleep 0.3
done
echo passed
