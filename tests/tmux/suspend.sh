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
echo passed
