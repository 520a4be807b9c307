# Ctrl-Z gives the terminal back whole and stops the training; fg brings all back.
. "$(dirname "$0")/lib.sh"
start -- "$SAETOP" $small
expect 'step [1-9][0-9,]*/' 60
keys C-z
expect 'Stopped|shell\$ *$'
whole
type_line "clear; fg"
expect 'TRAIN' 60
keys q; expect 'discard'; keys d
expect 'shell\$ *$'
whole
# Ended while it is stopped: it is continued in the background, saves, and leaves the
# terminal to the shell.
for stop in C-z STOP; do
    type_line "clear; $SAETOP $small"
    expect 'step [1-9][0-9,]*/' 60
    if [ $stop = STOP ]; then kill -STOP "$(pid)"; else keys $stop; fi
    expect 'shell\$'
    type_line "kill %1"
    expect 'saved at step' 60
    for _ in $(seq 600); do # the next one is the only one of its name
        [ -z "$(pid)" ] && break
        sleep 0.1
    done
    whole
done
echo passed
