# The finder: opens anywhere, finds a latent by a token, a screen, a command, and opens
# with what was chosen last.
. "$(dirname "$0")/lib.sh"
start 80 24 -- "$SAETOP" $small
expect 'step [1-9][0-9][0-9,]*/' 60
keys C-p; expect 'go to: recent, screens'; expect 'screen  Latents'
tmux_ send-keys -t t -l 'the'; expect 'latent  #[0-9]+' 90; expect "on 'the' [0-9]+x"
keys Enter; expect 'contexts: top' 60
keys C-p; expect 'latent  #[0-9]+'          # what was chosen stands first
tmux_ send-keys -t t -l 'conc'; expect 'screen  Concepts'; keys Enter
expect '\[2 Concepts\]'
keys C-p; tmux_ send-keys -t t -l 'tune'; expect 'command :tune'; keys Enter
expect '^:tune'; keys Escape; gone '^:tune'
keys C-p; tmux_ send-keys -t t -l 'zzzqqq'; expect 'nothing found'; keys Escape
gone 'go to'
keys Q; expect 'Last saved|not saved yet'; keys d; expect 'shell\$ *$'
whole
echo passed
