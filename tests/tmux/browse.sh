# Latents: the table comes, sorts, filters, finds; a latent opens with its contexts.
. "$(dirname "$0")/lib.sh"
start -- "$SAETOP" $small
expect 'step [1-9][0-9][0-9,]*/' 60
keys 3; expect 'top tokens' 60
expect ' shown|/ *128' 60
keys '>'; sleep 0.3
keys '&'; sleep 0.2; tmux_ send-keys -t t -l 'density>1e-4 & !dead'; keys Enter
expect 'density>1e-4'
keys Enter; expect 'contexts' 60
expect 'cos|neighbours' 60
keys L; expect 'lens \(direct\)'
keys '\;'; expect 'label:'; type_line 'house pets'; expect 'house pets'
keys J; sleep 0.5; keys i; sleep 0.5
keys Escape; expect 'F1 +label'
keys =; expect 'against density'; keys l; keys j; keys .; expect 'max against density'
keys u; expect 'F1 against density'; keys =; expect 'F1 +label'
type_line ":save-config $work/mine.json"; expect 'saetop --config'
keys 1; keys E; expect 'events, newest first'; keys Escape; gone 'events, newest first'
type_line ":save $work/run"; expect 'saved at step' 60
keys q; expect 'Last saved at step'; expect "saetop .*/run"; keys d
expect 'shell\$ *$'
whole
grep -q ',house pets$' "$work/run/labels.csv" || fail "no label in the run directory"
"$SAETOP" --config "$work/mine.json" --print-config | grep -q '^width  *128 ' || fail "config"
# From disk: the label is there, and nothing that trains is offered.
type_line "clear; $SAETOP $work/run"; expect 'BROWSE' 60
screen | grep -qE 'Space pause|m mask|c save' && fail "offers what a run from disk cannot do"
keys m; expect 'opened from disk'
keys 3; expect 'F1 +label' 60
keys '&'; sleep 0.2; tmux_ send-keys -t t -l 'labelled'; keys Enter; expect '1 / 1|1 of 128'
expect 'house pets'
keys Q; expect 'shell\$ *$'
whole
echo passed
