# What is checked from outside: ids by lm tokenize are those of the fixtures, and what lm
# activations masks and reads is what corpus rows says.
# bash outside.sh SAETOP FIXTURES SAMPLES FOLDER
set -u
saetop=$1
fixtures=$2
samples=$3
folder=$4
faults=0
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
cd "$folder" || exit 1

fault() {
    echo "$@"
    faults=1
}

# ---- ids ----

# The cases of ids.json that stand under a name, as "HEX ID,ID,...".
cases() {
    sed -n "/\"$1\": \\[/,/^\\]/p" "$fixtures/tok/ids.json" |
        sed -n 's/^{"text": "\([0-9a-f]*\)", "ids": \[\([0-9, ]*\)\]},*$/\1:\2/p' | tr -d ' '
}

check_ids() {
    local name=$1 count=0 hex want
    shift
    while IFS=: read -r hex want; do
        printf "$(echo "$hex" | sed 's/../\\x&/g')" >text
        "$saetop" lm tokenize "$@" --text-file text --json >a || fault "$hex: refused"
        "$saetop" lm tokenize "$@" --text-file - --json <text >b
        grep -qF "{\"ids\":[$want]," a || fault "$hex: $(cat a), expected $want"
        cmp -s a b || fault "$hex: by standard input $(cat b)"
        count=$((count + 1))
    done < <(cases "$name")
    [ $count -gt 30 ] || fault "$name: $count cases"
}
check_ids sample
check_ids trained --tokenizer "$fixtures/tok/trained.json"

# ---- rows ----

# Tensor $1 of file $2, whose elements od calls $3, as "a,b,c".
tensor() {
    local len span
    len=$(od -An -N8 -tu8 "$2" | tr -d ' ')
    span=$(tail -c +9 "$2" | head -c "$len" |
        sed "s/.*\"$1\":{[^}]*\"data_offsets\":\\[\\([0-9]*\\),\\([0-9]*\\)\\].*/\\1 \\2/")
    tail -c +$((9 + len + ${span% *})) "$2" | head -c $((${span#* } - ${span% *})) |
        od -An -v -w1048576 "-t$3" | tr -s ' ' , | sed 's/^,//'
}

# Field $1 of rows of JSON, one after the other.
field() {
    sed "s/.*\"$1\":\\[\\([0-9,]*\\)\\].*/\\1/" rows | paste -sd,
}

"$saetop" corpus generate --n 300 >text.txt
for flags in "--rows 3" "--rows 4 --from 5 --seed 7" "--rows 900 --split heldout --context 50"; do
    for corpus in text.txt "$samples/storybook.grammar.json"; do
        "$saetop" corpus rows --corpus $corpus $flags --mask-rate 0.3 --json >rows 2>err ||
            fault "$(cat err)"
        "$saetop" lm activations --corpus $corpus $flags --mask-rate 0.3 --force \
            --hook blocks.0.hook_resid_pre --out a.st >out 2>err || fault "$(cat err)"
        [ "$(field ids)" = "$(tensor ids a.st d8)" ] || fault "$corpus $flags: ids differ"
        [ "$(field masked)" = "$(tensor masked a.st u1)" ] ||
            fault "$corpus $flags: masks differ"
        field masked | grep -q 1 || fault "$corpus $flags: nothing masked"
    done
done

# A text is its bytes, and row 0.
printf '\n\n a \xff\n\n\nb\n ' >raw
"$saetop" lm activations --text-file raw --hook blocks.0.hook_resid_pre --out raw.st >out
"$saetop" lm tokenize --text-file raw --json >rows
[ "$(field ids)" = "$(tensor input_ids raw.st d8)" ] || fault "raw: ids differ"
exit $faults
