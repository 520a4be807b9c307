# Keys and looks of one's own, the window of second keys after a pause, and the clipboard:
# tmux takes OSC 52 as its buffer. Exports of each form; the card's chart.
. "$(dirname "$0")/lib.sh"
run=$work/run
"$SAETOP" train --out "$run" $small --steps 60 > /dev/null || fail "no run"
mkdir -p "$work/.config/saetop"
config=$work/.config/saetop/config
printf 'unmap train s\nmap train F smooth +\nmap train s events\nmap everywhere s redraw\nmap train F axis\n' > "$config"
"$SAETOP" "$run" > "$work/out" 2>&1 && fail "a clash was taken"
grep -qxF "saetop: $config:5: key F of :axis: train F does :smooth + already; unmap that first" \
    "$work/out" || fail "said: $(cat "$work/out")"
printf '# mine\nset theme light\nunmap everywhere ?\nunmap train s\nmap train F smooth +\nmap latents Zr reverse\n' > "$config"
"$SAETOP" keys | grep -qxF '| `r` `Z r` | `:reverse` | reverse the order |' || fail "no Z r in the table"
built=$("$SAETOP" keys --built-in) || fail "no keys --built-in"
grep -qxF '| `r` | `:reverse` | reverse the order |' <<< "$built" || fail "no r in the built-in table"
start 80 24 -- "$SAETOP" "$run"
tmux_ set-option -s set-clipboard on
expect 'BROWSE' 60; expect 'F smooth'; expect 'F1 help'
keys '?'; expect '\? does nothing   \(F1 lists the keys\)'
# Light: its ground on every row, to the right edge.
tmux_ capture-pane -e -N -p -t t | head -24 > "$work/screen"
[ "$(grep -c '48;5;231' "$work/screen")" -ge 20 ] || fail "the ground is not painted"
keys 3; expect '\[3 Latents\]'; expect 'of 128 shown' 60
keys Z; expect 'Z …'; expect 'Z, then' 5; expect 'reverse the order'
keys Escape; gone 'Z, then'; expect '\[3 Latents\]'
type_line ':sort latent'; keys g Y Y; expect 'copied latent: [0-9]+'
tmux_ show-buffer | grep -qxE '[0-9]+' || fail "buffer: $(tmux_ show-buffer)"
keys Y r; expect "copied run's directory"
[ "$(tmux_ show-buffer)" = "$run" ] || fail "buffer: $(tmux_ show-buffer)"
keys Y s; expect 'copied screen'
tmux_ show-buffer | grep -qF '[3 Latents]' || fail "no screen in the buffer"
type_line ":export $work/l.ansi"; expect 'written: '
grep -q "$(printf '\033')" "$work/l.ansi" || fail "no colours in l.ansi"
type_line ":export $work/l.svg"; expect 'shows no plot'
type_line ":export x.png"; expect 'expected NAME.csv, .json, .md, .svg, .ansi or .txt'
keys 1; expect '\[1 Train\]'
type_line ":export $work/t.svg"; expect 'written: '
python3 - "$work/t.svg" << 'PY' || fail "t.svg is no XML with plots"
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
ns = '{http://www.w3.org/2000/svg}'
assert root.tag == ns + 'svg' and len(list(root.iter(ns + 'path'))) >= 3
PY
tmux_ resize-window -t t -x 60 -y 20
expect 'screens need 80x24'; expect '─ loss'
tmux_ resize-window -t t -x 80 -y 24
gone 'screens need'
keys Q; expect 'shell\$ *$'
whole
echo passed
