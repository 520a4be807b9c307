# Standard input is Prompt's text, keys come from the terminal: in a run that is opened and
# in one that trains; the terminal is whole after quitting, Ctrl-Z and a signal. Without a
# terminal of its own, with too much text, with what is no text: a line each.
. "$(dirname "$0")/lib.sh"
run=$work/run
"$SAETOP" train --out "$run" $small --steps 60 > /dev/null || fail "no run"
start 120 36 -- "printf 'The dog saw a cat and' | $SAETOP $run"
expect '\[5 Prompt\]' 60; expect 'The·dog·saw·a·cat·and' 60; expect 'next after and' 60
keys h; expect 'next after cat'
keys Enter; expect 'prompt: typing'; keys C-x; keys -l 'A dog'; expect 'next after dog' 60
keys Up; expect 'next after and' 60 # piped text is in the history
keys Escape; expect 'The·dog·saw·a·cat·and'
# Stopped and continued, the pipe is long over.
keys C-z; expect 'Stopped|shell\$ *$'; whole
type_line 'clear; fg'; expect 'The·dog·saw·a·cat·and' 60
keys l; expect 'logp -'
keys Q; expect 'shell\$ *$'; whole
# The bundled sample in training; ended by a signal it saves.
type_line "clear; printf 'The dog' | $SAETOP $small"
expect 'The·dog' 60; expect 'next after dog' 60; expect 'as of step [0-9]'
keys 1; expect 'step [1-9][0-9,]*/' 60; keys 5; expect 'The·dog'
kill -TERM "$(pgrep -P "$(tmux_ display-message -p -t t '#{pane_pid}')" -f "^$SAETOP")"
expect 'saved at step' 60; whole
# The line break that echo puts at the end is no token.
type_line "clear; echo 'The dog' | $SAETOP $run"
expect 'The·dog' 60; expect '━ 2 tokens'; keys Q; expect 'shell\$ *$'
# What a box cannot hold is said, an empty text is none.
type_line "clear; printf 'The \\xff\\033[31mdog' | $SAETOP $run"
expect 'control characters and what is not UTF-8' 60; expect 'dog' 60
keys Q; expect 'shell\$ *$'
type_line "clear; yes dog | head -c 20000 | $SAETOP $run"
expect 'holds 16383 bytes' 60; keys Q; expect 'shell\$ *$'
type_line "clear; $SAETOP $run < /dev/null"
expect 'BROWSE' 60; expect '\[1 Train\]'; keys q; expect 'shell\$ *$'; whole
# A corpus there is no prompt; a pipe that does not end can be left.
"$SAETOP" corpus generate --n 3000 > "$work/text" || fail "no text"
type_line "clear; $SAETOP $small --corpus - < $work/text"
expect 'step [1-9][0-9,]*/' 120; expect '\[1 Train\]'; keys 5; expect 'next after' 60
keys Q; expect 'discard'; keys d; expect 'shell\$ *$'; whole
type_line "clear; sleep 1000 | $SAETOP $run"; sleep 0.5; keys C-c; expect 'shell\$ *$'; whole
# Refused in a line, with the terminal as it was.
type_line "clear; head -c 67108865 /dev/zero | $SAETOP $run; echo status \$?"
expect 'saetop: standard input: longer than 67108864 bytes' 60; expect '^status 2'
type_line "clear; echo dog | setsid -w $SAETOP $run; echo status \$?"
expect 'saetop: the explorer needs a terminal for its keys: standard input is none'
expect '^status 2'
echo ':wait idle' > "$work/script"
type_line "clear; echo dog | $SAETOP $run --script $work/script; echo status \$?"
expect 'standard input is not a terminal'; expect '^status 2'
whole
echo passed
