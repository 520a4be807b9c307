# large_model FROM TO: a model in TO that is the one in FROM (a gpt2 of width 128), but
# for its positions: there are so many that their file is mapped, not read. They are
# zeros and take no room on a disk. To be sourced.
large_model() {
    local from=$1 to=$2 n=140000 size header names
    mkdir -p "$to"
    cp "$from/tokenizer.json" "$to"
    cp "$from/model.safetensors" "$to/others.safetensors"
    sed "s/\"\(n_ctx\|n_positions\)\": [0-9]*/\"\1\": $n/" "$from/config.json" >"$to/config.json"
    header="{\"transformer.wpe.weight\":{\"dtype\":\"F32\",\"shape\":[$n,128],\"data_offsets\":[0,$((n * 512))]}}"
    while [ $((${#header} % 8)) != 0 ]; do header="$header "; done
    # its length, below 256, as a number of 8 bytes
    printf "\\x$(printf %x ${#header})\0\0\0\0\0\0\0%s" "$header" >"$to/positions.safetensors"
    truncate -s $((8 + ${#header} + n * 512)) "$to/positions.safetensors"
    size=$(od -An -tu8 -N8 "$from/model.safetensors")
    names=$(head -c $((size + 8)) "$from/model.safetensors" | grep -ao '"transformer[^"]*"')
    {
        printf '{"weight_map":{'
        printf '%s\n' "$names" | grep -v wpe | sed 's/$/:"others.safetensors",/'
        printf '"transformer.wpe.weight":"positions.safetensors"}}'
    } >"$to/model.safetensors.index.json"
}
