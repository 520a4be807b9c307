# Each signal that ends the program leaves a whole terminal; those that
# ask for it save first.
. "$(dirname "$0")/lib.sh"
start -- true
for signal in INT TERM HUP USR1 XCPU; do
    type_line "clear; $SAETOP $small; echo status=\$?"
    expect 'step [1-9][0-9,]*/' 60
    kill -$signal "$(pid)"
    expect 'status=' 60
    screen | grep -q 'saved' || fail "SIG$signal: not told where the run was saved"
    case $signal in INT) want=130 ;; TERM) want=143 ;; HUP) want=129 ;;
        USR1) want=138 ;; XCPU) want=152 ;; esac
    screen | grep -q "status=$want" || fail "SIG$signal: another status than $want"
    whole
done
[ "$(ls "$work/state/saetop/runs" | wc -l)" = 5 ] || fail "not five runs saved"
type_line "clear; XDG_STATE_HOME=/dev/null $SAETOP $small; echo status=\$?"
expect 'step [1-9][0-9,]*/' 60
kill -TERM "$(pid)"
expect 'status=1$' 60
screen | grep -q '^saetop: /dev/null' || fail "a save that fails on the way out is no error's line"
whole
for signal in ABRT SEGV QUIT ALRM SYS RTMIN; do
    type_line "clear; $SAETOP $small; echo status=\$?"
    expect 'step [1-9][0-9,]*/' 60
    # to a thread that is not the first: a crash in any thread restores the terminal
    thread=$(ls "/proc/$(pid)/task" | tail -1)
    kill -$signal "$thread"
    expect 'status=' 60
    whole
done
# A model's file that is cut short while it is mapped: a line, and a whole terminal.
. "$(dirname "$0")/../large_model.sh"
large_model "$(dirname "$0")/../../samples/model" "$work/large"
type_line "clear; $SAETOP $small --model $work/large --set context=64; echo status=\$?"
expect 'step [1-9][0-9,]*/' 60
grep -q positions.safetensors "/proc/$(pid)/maps" || fail "the positions are not mapped"
truncate -s 4096 "$work/large/positions.safetensors"
expect 'status=2$' 60
screen | tr -d '\n' | grep -q '^.*saetop: .*positions.safetensors: cut short by another program' ||
    fail "a mapped file cut short: no line"
whole
echo passed
