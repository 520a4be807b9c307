
# The third minute, at 80x24, by keys that the hint line names: a concept that one
# condition tells better or by fewer latents, one the other way, a word that another
# latent took and by which, what fires where it stands, the other seed's latents.
. "$(dirname "$0")/lib.sh"
few="--seeds 2 --width 256 --batch 512 --steps 240 --set eval.rows=2 --set eval.concept_rows=512 --set browse.rows=128"

# press KEY WORD [TMUX-NAME]: the hint line has it.
press() {
    screen | tail -1 | grep -qF -- "$1 $2" || fail "the hint line does not name '$1 $2'"
    keys "${3:-$1}"
}

start 80 24 -- "$SAETOP" $few
expect 'DONE' 300
expect '2 concepts'
press 2 concepts
expect 'super-categories: A mask p=0.30, B no mask'
expect 'latent, seed 1 +F1cv, 2 seeds +spread, 2 seeds +absorb, 2 seeds'
# Sorted by the difference of F1: A's best first; turned round B's.
press '< >' sort '>'; expect 'sort F1cv of A'
press '< >' sort '>'; press '< >' sort '>'
expect 'sort F1cv, A-B'; expect 'found by sorting'
screen | sed -n 4p | grep -qF 'A-B▾' || fail 'no arrow at the difference of F1'
screen | sed -n 5p | grep -qE '\+0\.[0-9]+' || fail 'nothing is told better in A'
press r reverse; expect 'A-B▴'
screen | sed -n 5p | grep -qE ' -0\.[0-9]+' || fail 'nothing is told better in B'
# By spread; then what is absorbed most: letters, in so short a run.
press '< >' sort '>'; press '< >' sort '>'; press '< >' sort '>'; expect 'sort spread, A-B'
press '< >' sort '>'; expect 'sort absorb of A'
press f family; press f family; expect 'first letters: A mask'
expect 'absorbed [12]/2 +#[0-9]+ ' 10
press Tab words
press Enter open; expect 'contexts of "'; expect 'in context'
expect '(alone|fires) on [0-9]+ of [0-9]+' 30
press '#' seed; expect 'seed 2 of 2'; expect 'latent, seed 2'
press v A/B; expect "Enter opens B's"
keys Escape; expect 'words of .*; latents of seed 2'
# To the latent and back, however it was reached.
press Enter open; expect 'contexts of "'
press Enter open; expect '\[4 Detail\]'
keys o; expect '(corresponds to|has nothing like it|is several latents|is like one|too seldom)' 60
keys q; expect '\[2 Concepts\]'
keys q; expect '\[1 Train\]'
keys q; expect 'discard'; keys d; expect 'shell\$ *$'
whole
echo passed
