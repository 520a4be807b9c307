# Shared by the terminal tests: a private tmux server, a short run of the explorer in it,
# and waits that look at the screen. Each script gets the program as $1.
set -u
SAETOP=$1
name=$(basename "$0" .sh)
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state HOME=$work TERM=xterm-256color
unset NO_COLOR TMUX COLORTERM XDG_CONFIG_HOME
tmux_() { tmux -L "saetop-$name-$$" -f /dev/null "$@"; }

# A run that trains for long enough for any script and evaluates on little.
small="--seeds 1 --width 128 --batch 512 --steps 1000000 --set eval.rows=2 --set eval.concept_rows=64 --set browse.rows=32"

finish() {
    tmux_ kill-server 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAILED: $*"
    echo "--- screen"
    screen
    exit 1
}

# start [WIDTH HEIGHT] -- COMMAND...: a shell in a session of that size, then the command.
start() {
    local w=120 h=36
    if [ "$1" != -- ]; then w=$1 h=$2; shift 2; fi
    shift
    tmux_ new-session -d -s t -x "$w" -y "$h" "env PS1='shell$ ' bash --norc --noprofile -i"
    tmux_ set-option -g remain-on-exit on > /dev/null
    until screen | grep -q 'shell\$'; do sleep 0.1; done
    type_line "$*"
}

screen() { tmux_ capture-pane -p -t t 2>/dev/null; }
keys() { tmux_ send-keys -t t "$@"; }
type_line() { tmux_ send-keys -t t -l "$1"; tmux_ send-keys -t t Enter; }

# expect PATTERN [SECONDS]: wait until the screen shows it.
expect() {
    local end=$((SECONDS + ${2:-60}))
    until screen | grep -qE -- "$1"; do
        [ $SECONDS -lt $end ] || fail "did not see '$1'"
        sleep 0.1
    done
}

# gone PATTERN: wait until the screen does not show it any more.
gone() {
    local end=$((SECONDS + 60))
    while screen | grep -qE -- "$1"; do
        [ $SECONDS -lt $end ] || fail "still shows '$1'"
        sleep 0.1
    done
}

# The program in this session: its shell's child. Other tests may run the same program.
pid() { pgrep -P "$(tmux_ display-message -p -t t '#{pane_pid}')" -f "^$SAETOP" | head -1; }

# The terminal after the program: no alternate screen, no mouse, a cursor, echo and lines.
whole() {
    local end=$((SECONDS + 60)) state
    while state=$(tmux_ display-message -p -t t \
            '#{alternate_on}#{mouse_any_flag}#{cursor_flag}'); [ "$state" != 001 ]; do
        [ $SECONDS -lt $end ] || fail "terminal not whole: alternate, mouse, cursor are $state"
        sleep 0.1
    done
    type_line "stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(echo|icanon|isig|icrnl)' | tr '\\n' ' '; echo stty-end"
    expect 'stty-end$'
    for flag in echo icanon isig icrnl; do
        screen | grep -qE -- "-$flag( |$)" && fail "stty left -$flag"
    done
    return 0
}
