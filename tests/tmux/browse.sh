# Latents: the table comes, sorts, filters, finds; a latent opens with its contexts.
. "$(dirname "$0")/lib.sh"
start -- "$SAETOP" $small
expect 'step [1-9][0-9][0-9,]*/' 60
keys 2; expect 'top tokens' 60
expect ' shown|/ *128' 60
keys '>'; sleep 0.3
keys '&'; sleep 0.2; tmux_ send-keys -t t -l 'density>1e-4 & !dead'; keys Enter
expect 'density>1e-4'
keys Enter; expect 'contexts' 60
expect 'cos|neighbours' 60
keys J; sleep 0.5; keys i; sleep 0.5
keys Escape; sleep 0.3
keys q; sleep 0.3; keys q; expect 'discard'; keys d
expect 'shell\$ *$'
whole
echo passed
