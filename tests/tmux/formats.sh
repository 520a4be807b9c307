# A run exported, imported and opened again shows the same latents; so does a run of
# which another tool's name for the hook is all that is known. No terminal needed.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
bad() { echo "FAILED: $*"; exit 1; }
tiny="--steps 20 --width 64 --batch 256 --threads 2 --set eval.every=20 --set eval.rows=2 --set eval.concept_rows=64 --set browse.rows=32"
for arch in topk jumprelu gated; do
    "$SAETOP" train --out "$arch" --arch "$arch" $tiny > /dev/null 2>&1 || bad "train $arch"
    "$SAETOP" export "$arch" --out "$arch-out" --sparsity || bad "export $arch"
    for f in cfg.json sae_weights.safetensors; do
        cmp "$arch/$f" "$arch-out/$f" || bad "$arch: $f differs"
    done
    [ -s "$arch-out/sparsity.safetensors" ] || bad "$arch: no densities"
    "$SAETOP" import "$arch-out" --out "$arch-in" | grep -q "saelens, $arch, 64 latents" || bad "import $arch"
    "$SAETOP" top "$arch" > a.txt || bad "top $arch"
    "$SAETOP" top "$arch-in" --set browse.rows=32 > b.txt || bad "top $arch-in"
    cmp a.txt b.txt || bad "$arch: other latents after import"
done
# Without what saetop notes for itself, as another tool's SAE.
mkdir bare && cp topk-out/sae_weights.safetensors bare/
sed 's/"saetop":/"other":/; s/blocks.1.hook_resid_post//' topk-out/cfg.json > bare/cfg.json
"$SAETOP" top bare 2>&1 | grep -q 'name it with --hook' || bad "no word about the hook"
"$SAETOP" top bare --hook blocks.1.hook_resid_post --set browse.rows=32 > c.txt || bad "top bare"
"$SAETOP" top topk --json | head -3 > d.txt
[ "$(wc -l < c.txt)" = "$(wc -l < <("$SAETOP" top topk))" ] || bad "bare: other latents"
"$SAETOP" bare --hook blocks.1.hook_resid_post --set browse.rows=32 --once latents --size 100x30 | grep -q 'Latents' || bad "explore bare"
# With a model and a text it becomes a run, which opens as it stands.
"$SAETOP" import bare --out bare-run --model samples/model --hook blocks.1.hook_resid_post --set browse.rows=32 | grep -q 'topk, 64 latents' || bad "import bare as a run"
"$SAETOP" top bare-run > e.txt || bad "top bare-run"
cmp c.txt e.txt || bad "bare-run: other latents than bare"
"$SAETOP" bare-run --once latents --size 100x30 | grep -q 'Latents' || bad "explore bare-run"
"$SAETOP" train --resume bare-run 2> err.txt; [ $? = 2 ] || bad "resume of an import: not 2"
grep -q 'an imported SAE has none' err.txt || bad "$(cat err.txt)"
"$SAETOP" import bare --out none --model samples/model --hook blocks.4.hook_resid_pre 2> err.txt; [ $? = 2 ] || bad "a hook beyond the model: not 2"
grep -q 'blocks are 0 to 3' err.txt || bad "$(cat err.txt)"
"$SAETOP" import bare --out none --set k=3 2> err.txt; [ $? = 2 ] || bad "a setting without a model: not 2"
grep -q 'counts only with --model' err.txt || bad "$(cat err.txt)"
[ ! -e none ] || bad "a refused import left a directory"
"$SAETOP" import topk-out --out topk-in 2> err.txt; [ $? = 2 ] || bad "an existing directory: not 2"
grep -q 'exists already' err.txt || bad "$(cat err.txt)"
"$SAETOP" import "$0" --out x 2> err.txt; [ $? = 2 ] || bad "no SAE: not 2"
grep -q 'an SAE of one of' err.txt || bad "$(cat err.txt)"
# What a file says is no command to the terminal.
mkdir evil && cp bare/sae_weights.safetensors evil/
sed 's/"hook_name":[^,]*/"hook_name": "blocks\\u001b[2J"/' bare/cfg.json > evil/cfg.json
"$SAETOP" import evil --out evil-in > out.txt || bad "import evil"
grep -q 'hook blocks' out.txt || bad "$(cat out.txt)"
grep -q $'\033' out.txt && bad "an escape sequence from a file was printed"
"$SAETOP" export topk --to gguf --out x 2> /dev/null; [ $? = 2 ] || bad "--to gguf: not 2"
echo passed
