# Odd surroundings: no terminal, a dumb one, no locale, text piped in and out, bad input.
. "$(dirname "$0")/lib.sh"
out=$("$SAETOP" $small 2>&1 < /dev/null | cat); status=${PIPESTATUS[0]}
echo "$out" | grep -q 'terminal' || { echo "FAILED: no word about the terminal: $out"; exit 1; }
"$SAETOP" $small > /dev/null 2>&1 < /dev/null; [ $? = 2 ] || { echo "FAILED: pipe: not 2"; exit 1; }
# What is wrong with the line comes before where it was typed.
"$SAETOP" train $small --steps 20 --out "$work/run" > /dev/null 2>&1 || { echo "FAILED: train"; exit 1; }
for line in "--mask-rate 0.2 $work/run:--mask-rate" "--set mask.kind=random $work/run:--set mask.kind" \
        "--single $work/run:--single" "$work/nothing:no run directory" "--theme pink:--theme"; do
    out=$("$SAETOP" ${line%:*} 2>&1 < /dev/null | cat)
    case $out in *"${line##*:}"*) ;; *) echo "FAILED: ${line%:*}: $out"; exit 1 ;; esac
done
# A run that other kernels made goes on, and says so, in few columns too.
LC_ALL=C sed -i 's/"kernels":"..../"kernels":"none/' "$work/run/trainer_state.safetensors"
start -- true
tmux_ resize-window -t t -x 80 -y 24
type_line "clear; cd $work && $SAETOP --resume run --steps 1000000"
expect 'run goes on, but not to the same bytes: its kernels were none'
keys q; expect 'discard'; keys d; expect 'shell\$ *$'; whole
tmux_ resize-window -t t -x 120 -y 36
type_line "clear; TERM=dumb $SAETOP $small; echo status=\$?"
expect 'status=2'
type_line "clear; env -u LANG -u LC_ALL LC_ALL=C $SAETOP $small"
expect 'step [1-9][0-9,]*/' 60
screen | grep -qP '[^\x00-\x7F]' && fail "other than ASCII in the C locale"
keys q; expect 'discard'; keys d; expect 'shell\$ *$'; whole
type_line "clear; $SAETOP --model $work/nothing; echo status=\$?"
expect 'nothing: not found' 60; expect 'status=2' 60
whole
echo passed
