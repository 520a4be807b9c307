# Prompt: a sentence is typed, a token masked, a latent silenced and one steered, and what
# happened is read; the model writes on, and says which latents made a token likely; a
# prompt is pinned, both conditions write, and Detail silences. By keys alone, at 80x24,
# of a run that is opened and in one that trains.
. "$(dirname "$0")/lib.sh"
run=$work/run
"$SAETOP" train --out "$run" $small --steps 60 --mask-rate 0.3 --set twin=unmasked > /dev/null || fail "no run"
start 80 24 -- "$SAETOP" "$run"
expect 'BROWSE' 60
keys 5; expect '\[5 Prompt\]'
# A text of the run stands there.
expect '[0-9]+ tokens' 60; expect 'next after' 60; expect 'logp -'
keys Enter; expect 'prompt: typing'
keys C-x; keys -l 'The dog saw a cat and'
expect 'next after and' 60
keys Escape; expect 'The·dog·saw·a·cat·and'
keys h; expect 'next after cat'
# Masked: what the model makes of it, before and after.
keys m; expect 'masked|base edited' 60; expect 'KL [0-9.]+' 60
keys u; gone 'KL [0-9.]+' 60
# Another word of its category, and what changed by it.
keys i; expect 'insert:'; keys C-u; type_line ' big'; expect 'a·big·cat' 60
keys u; expect 'saw·a·cat' 60
# A latent silenced, then steered beyond what text shows.
keys Tab; keys a; expect '#[0-9]+ silenced' 60; expect 'KL' 60
keys a; gone 'silenced' 60
keys t; expect 'add \+' 60
for i in 1 2 3 4 5 6 7 8 9 10; do keys +; done
expect 'beyond text' 60
# Kept with the run under a name, and put back.
type_line ':preset save loud'; expect 'preset loud of A is kept' 60
keys A; gone 'add \+' 60
type_line ':presets'; expect 'loud \(#[0-9]+ add'
type_line ':preset loud'; expect 'beyond text' 60
"$SAETOP" ask "$run" --preset loud --text 'The dog' | grep -q '=add:' || fail "no preset"
keys f; expect 'latents of the whole prompt'; keys f; expect 'what changed (at this token|in the whole prompt)'
keys f; expect 'latents here'
# The model writes on, with it and without.
keys w; expect '▶ edited' 60; expect '  base'; gone '\.\.\. ━' 60
keys Escape; expect 'next after'; keys A; gone 'add \+' 60
# What a silenced latent does to held-out text, from Prompt and from Detail.
keys a; expect '#[0-9]+ silenced' 60; expect 'E effect'
keys E; expect 'loss (rises|falls)|not established|no activation is changed' 120
expect '32 rows'; keys Escape; gone '32 rows'; keys A; gone 'silenced' 60
type_line ':latent 3'; expect '#3 of A' 60
type_line ':effect 8'; expect '━ 8 rows ━' 120; keys 5; expect '\[5 Prompt\]'
keys W; expect 'why .*, not' 120; expect 'latents [+-]'; expect 'silencing|too few were silenced'
keys Escape; expect 'next after'
type_line ':ask the end'; expect 'the·end' 60
# The same text in the other condition, and back.
expect 'A as of step'; keys v; expect 'B as of step' 60; expect 'next after end' 60
expect 'the·end'; keys v; expect 'A as of step' 60; expect 'next after end' 60
# Pinned: what changes stands beside it, until it is let go.
keys '|'; expect 'the pinned one above'; expect 'pinned +now'
keys i; expect 'insert:'; keys C-u; type_line ' happy'; expect 'happy·end' 60
expect 'fell silent|came up'; expect 'the·?      ·end'
keys '|'; gone 'the pinned one above'; expect 'latents here'
keys u; expect 'what changed (at this token|in the whole prompt)'; keys u; gone 'happy' # the list, then the text
# Both conditions write, each under its letter.
type_line ':write both 8'; expect '[│┃] ▶ A ' 60; expect '[│┃]   B ' 60; gone '\.\.\. ━'
keys Escape; expect 'next after end'
# What Detail silences is silenced here.
type_line ':latent 3'; expect '\[4 Detail\]'; keys a; expect '#3 is silenced in Prompt'
keys 5; expect '#3 silenced' 60; expect 'KL [0-9.]+' 60
keys A; gone '#3 silenced'
keys Q; expect 'shell\$ *$'
type_line "$SAETOP $small"
expect 'step [1-9][0-9][0-9,]*/' 60
keys 5; expect 'next after' 60; expect 'as of step [0-9]'
was=$(screen | grep -oE 'as of step [0-9,]+')
keys R; expect 'as of step [0-9]'; gone "$was"'([^0-9,]|$)'
keys Q; expect 'discard'; keys d; expect 'shell\$ *$'
whole
echo passed
