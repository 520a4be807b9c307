#!/usr/bin/env bash
# A model of another family than GPT-2, from its files to a run that is explored: tokens,
# losses, text, activations, training with masks and its resume, evaluation, a latent, the
# explorer. Then what the same commands say of models that are not whole.
# usage: families.sh SAETOP FIXTURES SAMPLES OUT
set -euo pipefail
export LC_ALL=C.UTF-8
saetop=$1 models=$2/models text="$3/storybook.grammar.json#story" out=$4
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$out"

fail() { printf '%s\n' "$*" >&2; exit 1; }
small=(--corpus "$text" --width 64 --k 8 --batch 256 --threads 2 --set fill_rows=16
       --set context=36 --set eval.rows=4 --set eval.concept_rows=16)

# Every family: losses, text, some of its hooks.
for dir in "$models"/*; do
    name=${dir##*/}
    "$saetop" lm eval --model "$dir" --corpus "$text" --rows 4 > "$out/said" ||
        fail "lm eval $name"
    "$saetop" lm generate --model "$dir" --max-tokens 90 --seed 2 "a dog" > "$out/said" ||
        fail "lm generate $name" # past the end of its context of 64
    "$saetop" lm activations --model "$dir" --text "a dog says woof" --force --hook \
        blocks.0.attn.hook_z,blocks.1.mlp.hook_in,blocks.1.mlp.hook_post,blocks.1.hook_attn_out \
        --out "$out/acts.safetensors" > "$out/said" || fail "lm activations $name"
done

# A run: at the residual stream of a llama; where the heads' outputs are wider than that
# (qwen3: 4 heads of 12, width 32); where transcoders read. It goes on where it ended.
run() { # NAME MODEL HOOK WIDTH
    local o=$out/$1
    "$saetop" train --model "$models/$2" --hook "$3" --out "$o" "${small[@]}" \
        --mask-rate 0.3 --steps 6 > "$out/said" 2>&1 || fail "train $1"
    "$saetop" train --resume "$o" --steps 12 > "$out/said" 2>&1 || fail "train --resume $1"
    grep -q "\"d_in\":[[:space:]]*$4," "$o/cfg.json" || fail "$1: d_in is not $4"
    "$saetop" eval "$o" --json > "$out/eval.json" || fail "eval $1"
    grep -q ce_recovered "$out/eval.json" || fail "eval $1: no losses"
    "$saetop" top "$o" --latent 3 --json > "$out/said" || fail "top $1"
    grep -q '"promotes"\|"lens"\|top' "$out/said" || fail "top $1: no lens"
    grep -q '"next_without":{"token":"' "$out/said" || fail "top $1: no next tokens"
    printf '3\n:wait idle\nj\n:wait idle\nq\n' > "$out/script"
    "$saetop" "$o" --script "$out/script" --headless > "$out/said" 2>&1 ||
        fail "explore $1: $(cat "$out/said")"
}
run resid llama blocks.1.hook_resid_post 32
run heads qwen3 blocks.1.attn.hook_z 48
run normed gemma3 blocks.1.ln2.hook_normalized 32
"$saetop" top "$out/normed" --latent 3 --json | tr -d ' \n' | grep -q '"promotes":\[\]' ||
    fail "a logit lens where an MLP reads"

# The second one as SAELens would find it: heads are side by side.
mkdir "$out/theirs"
cp "$out/heads/cfg.json" "$out/heads/sae_weights.safetensors" "$out/theirs"
grep -q '"reshape_activations":[[:space:]]*"hook_z"' "$out/theirs/cfg.json" ||
    fail "heads: reshape_activations is not hook_z"
"$saetop" eval "$out/theirs" --model "$models/qwen3" --corpus "$text" --json \
    > "$out/eval.json" 2> "$out/complained" || fail "eval of hook_z: $(cat "$out/complained")"

# What is refused: one line, exit 2, that names the cause.
refuse() { # PART COMMAND...
    local part=$1 status=0
    shift
    "$@" > "$out/said" 2> "$out/complained" || status=$?
    [ $status = 2 ] || fail "$*: status $status, expected 2"
    [ "$(wc -l < "$out/complained")" = 1 ] || fail "$*: more than a line"
    grep -qF -- "$part" "$out/complained" ||
        fail "$*: found $(cat "$out/complained"), expected $part"
}
broken() {
    rm -rf "$out/m"
    cp -r "$models/$1" "$out/m"
    chmod -R u+w "$out/m"
    rm "$out/m/values.safetensors"
}
of() { refuse "$1" "$saetop" lm eval --model "$out/m" --corpus "$text" --rows 2; }

broken llama
sed -i 's/"num_hidden_layers": 3/"num_hidden_layers": 2/' "$out/m/config.json"
of "tensor model.layers.2.input_layernorm.weight has no place in a llama of 2 blocks"
sed -i 's/"num_hidden_layers": 2/"num_hidden_layers": 1/' "$out/m/config.json"
of "has no place in a llama of 1 block, "
broken llama
sed -i 's/"model_type": "llama"/"model_type": "mamba"/' "$out/m/config.json"
of "expected one of those supported: gpt2, gpt_neo, gpt_neox, llama"
broken llama
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n' \
    > "$out/m/model.safetensors"
of "model.safetensors: found a Git LFS pointer"
broken llama
rm "$out/m/model.safetensors"
of "m/model.safetensors: not found, expected it or its index, or pytorch_model.bin"
touch "$out/m/flax_model.msgpack"
of "not found, but flax_model.msgpack, which is JAX's"
# An adapter is no model: alone, in the place of the weights, and beside them.
lora='{"peft_type": "LORA", "base_model_name_or_path": "someone/llama", "r": 8}'
merge="found an adapter (LORA of someone/llama), expected a whole model: merge it in with merge_and_unload"
for gone in "config.json model.safetensors" model.safetensors ""; do
    broken llama
    cp "$out/m/model.safetensors" "$out/m/adapter_model.safetensors"
    echo "$lora" > "$out/m/adapter_config.json"
    for file in $gone; do rm "$out/m/$file"; done
    of "m/adapter_config.json: $merge"
    refuse "$merge" "$saetop" doctor "$out/m"
    refuse "$merge" "$saetop" train --model "$out/m" --out "$out/new"
done
echo '{"r": 8}' > "$out/m/adapter_config.json"
of "found an adapter, expected a whole model"
echo '{"base_model_name_or_path": "someone/llama"}' > "$out/m/adapter_config.json"
of "found an adapter (of someone/llama), expected a whole model"
echo '{"peft_type": 3}' > "$out/m/adapter_config.json"
of "adapter_config.json: peft_type: found 3"
rm "$out/m/adapter_config.json" "$out/m/model.safetensors" # one that does not say so
of "not found, but adapter_model.safetensors, which is an adapter: merge it into its model"
broken llama
rm "$out/m/tokenizer.json"
of "tokenizer.json"
broken mistral
rm "$out/m/model-00002-of-00002.safetensors"
of "model-00002-of-00002.safetensors"
broken qwen3
head -c 9000 "$models/qwen3/pytorch_model.bin" > "$out/m/pytorch_model.bin"
of "pytorch_model.bin"
refuse "there is nothing between them" "$saetop" lm activations --text a --force \
    --model "$models/gpt_neox" --hook blocks.0.hook_resid_mid --out "$out/x.safetensors"
rm -rf "$out"
