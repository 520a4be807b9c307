# What commands print fits a terminal of 80 columns, and an evaluation says how far it is.
. "$(dirname "$0")/lib.sh"
export SAETOP
# fits WORDS: what came since, as printed, is at most so wide once these words are there.
fits() {
    expect "$1" 300
    expect 'shell\$ *$'
    tmux_ capture-pane -p -J -S - -t t | sed 's/ *$//' | awk 'length > 80' > "$work/wide"
    [ -s "$work/wide" ] && fail "wider than 80: $(head -3 "$work/wide")"
    type_line clear
    gone "$1"
    tmux_ clear-history -t t
}
"$SAETOP" train --steps 60 --width 64 --mask-rate 0.3 --set twin=unmasked --out "$work/run" \
    --set eval.rows=2 --set eval.concept_rows=512 > "$work/log" 2>&1 || fail "$(cat "$work/log")"
start 80 24 -- "cd $work && clear"
type_line '$SAETOP verdict run'
expect 'preparing: [a-z.]+, 1 of' 120
expect 'measuring: [a-z.]+, [1-9]' 300
fits 'one seed: the intervals are of the text'
rm "$work/run/arms/twin/eval.json"
tmux_ pipe-pane -t t "cat > $work/drawn"
type_line '$SAETOP verdict run --json > verdict.json; echo status $?'
fits 'status 0' # says beforehand what it takes, and draws no bar beside an object
tmux_ pipe-pane -t t
grep -q '1 of 2 arms to be evaluated' "$work/drawn" || fail "what it takes is not said"
grep -qE 'measuring:|evaluating' "$work/drawn" && fail "a bar with --json"
type_line '$SAETOP concepts run'
fits 'Intervals are of the words'
type_line '$SAETOP concepts run --concept animal'
expect 'Behind the absorber'
screen | grep -qE '^ {26}  B ' || fail "conditions are not below each other"
fits 'Behind the absorber'
type_line '$SAETOP eval run --only fidelity,latents,robustness'
fits 'weighted'
type_line '$SAETOP eval run run/arms/twin --only fidelity'
fits 'explained_variance_saebench'
echo passed
