# Runs: what was saved is listed, called something, deleted and brought back; another run
# is opened in place of the one that trains, which is asked about; one that cannot be
# opened leaves one at the list; a run that another process trains is followed.
. "$(dirname "$0")/lib.sh"
runs=$XDG_STATE_HOME/saetop/runs
"$SAETOP" train --out "$runs/first" $small --steps 20 > /dev/null || fail "no first run"
mkdir -p "$runs/bad" && cp "$runs/first"/* "$runs/bad/" && : > "$runs/bad/cfg.json"
start 80 24 -- "$SAETOP" $small
expect 'step [1-9][0-9][0-9,]*/' 60
keys 9; expect '\[9 Runs\]'; expect 'first +20/20'
type_line ':find first'; expect '▶ *first'
keys '\;'; expect 'label:'; type_line 'the old one'; expect 'first is called: the old one'
keys d; expect 'd again moves'; keys d; expect 'deleted: .*u brings it back'; gone 'first +20/20'
[ -d "$runs/.trash/first" ] && [ ! -e "$runs/first" ] || fail "not in the trash"
keys u; expect 'back again: first'; expect 'first +20/20'
grep -qx 'the old one' "$runs/first/label.txt" || fail "no label in the run directory"
keys 5; expect '\[5 Prompt\]'; keys Enter; expect 'prompt: typing'
keys C-x; keys -l 'Zoe saw a dog'; keys Escape; expect 'Zoe·saw·a·dog' 60
keys 9; expect '▶ *first'
keys Enter; expect 'open another run'; expect 'save and open it'
keys Escape; gone 'open another run'
keys Enter; expect 'discard this run'; keys c
expect 'BROWSE' 60; expect '\[1 Train\]'; expect 'saved at step'
# What was typed in Prompt is there in the other run.
keys 5; expect '\[5 Prompt\]'; expect 'next after' 60; keys Enter; expect 'prompt: typing'
keys C-x; keys Up; expect 'Zoe saw a dog' 60; keys Escape; expect 'Zoe·saw·a·dog'
keys 9; expect 'open here|first +20/20'; type_line ':find bad'; keys Enter
expect 'FAILED' 60; expect '\[9 Runs\]'
# From there on to another: a run that a process trains.
"$SAETOP" train --out "$runs/live" $small --set checkpoint.every=20 > /dev/null 2>&1 &
trains=$!
expect 'live +[0-9]+/' 60; type_line ':find live'; expect '▶.*live'
keys Enter; expect 'BROWSE' 60
expect "process $trains has this run open|another process saved it" 60
step() { screen | sed -nE 's/.*│ step ([0-9,]+) .*/\1/p' | tr -d ,; }
was=$(step)
end=$((SECONDS + 60))
until [ "$(step)" -gt "$was" ]; do
    [ $SECONDS -lt $end ] || fail "not followed beyond step $was"
    sleep 0.5
done
keys 9; expect "open here|process $trains"; keys d d; expect 'open here|in use by process'
[ -d "$runs/live" ] || fail "deleted a run in training"
kill -TERM $trains; wait $trains
keys Q; expect 'shell\$ *$'
whole
echo passed
