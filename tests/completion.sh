#!/usr/bin/env bash
# Completion in a real bash, called as readline calls it: commands, options, settings, the
# words of each, and files. zsh reads its script, where there is a zsh.
# usage: completion.sh PROGRAM SOURCE_DIR
set -u
program=$(realpath "$1") source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
PATH=${program%/*}:$PATH
cd "$dir" && touch book.txt 'my book.txt' && mkdir run

. "$source/saetop.bash"
complete -p saetop | grep -q -- '-F _saetop' || { echo "no completion for saetop"; exit 1; }

wrong=0
# Tab at the end of a line: COMPREPLY. Readline cuts words at blanks, and = and : stand
# for themselves.
tab() {
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMPREPLY=()
    local rest=$1
    while [[ $rest =~ ^[[:blank:]]*(([=:]+|[^[:blank:]=:]+))(.*)$ ]]; do
        COMP_WORDS+=("${BASH_REMATCH[1]}")
        rest=${BASH_REMATCH[3]}
    done
    [[ $1 == *[[:blank:]] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _saetop
}
# gives LINE WORD...: these and no others, in any order.
gives() {
    local line=$1 have want
    shift
    tab "$line"
    have=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
    want=$(printf '%s\n' "$@" | sort)
    if [ "$have" != "$want" ]; then
        printf '"%s": found %s, expected %s\n' "$line" "${have//$'\n'/ }" "${want//$'\n'/ }"
        wrong=1
    fi
}
# has LINE WORD...: these among others.
has() {
    local line=$1 word
    shift
    tab "$line"
    for word in "$@"; do
        printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -- "$word" ||
            { printf '"%s": no %s\n' "$line" "$word"; wrong=1; }
    done
}

# Everything that -h lists.
commands() { "$program" "$@" help | sed -n "s/^  saetop ${1:+$1 }\([a-z]*\) .*/\1/p"; }
has "saetop " $(commands) help book.txt run
for group in lm corpus bench; do
    gives "saetop $group " $(commands $group) help
done
for command in explore train eval doctor sweep top ask find export import keys 'lm train' 'corpus rows' 'bench sae'; do
    has "saetop $command --" \
        $("$program" $command -h | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p')
done

gives "saetop tra" train
has "saetop --th" --theme
gives "saetop --theme " dark light contrast mono
gives "saetop explore --glyphs b" braille block
gives "saetop --once " train concepts latents detail prompt compare runs
gives "saetop train --arch ba" batchtopk
gives "saetop train --arch=to" topk
gives "saetop sweep --archs topk,gat" topk,gated
gives "saetop train --set mask.k" mask.kind=
gives "saetop train --set mask.kind=" token random unigram
gives "saetop train --set=mask.kind=u" unigram
gives "saetop train --arch topk --set decoder=fr" free
gives "saetop train --set checkpoint.best=los" loss
gives "saetop train --set nothing=" ""
gives "saetop eval R --only fid" fidelity
gives "saetop sweep --source synthetic --see" --seeds --seed
has "saetop sweep --plan sl" slurm
gives "saetop lm t" train tokenize
gives "saetop help lm ev" eval
gives "saetop train --seed " ""
gives "saetop train --no-such " ""
gives "saetop nothing " ""
gives "saetop train --corpus bo" book.txt
gives "saetop train --corpus=bo" book.txt
gives "saetop lm eval --corpus my" "my book.txt"
gives "saetop top r" run
gives "saetop top -- --r" ""

# Words that stand in no table: those that the program itself says it expects.
says() { # LINE COMMAND...: what a wrong word is refused with has each
    local line=$1 text word
    shift
    text=$("$@" 2>&1)
    tab "$line"
    for word in "${COMPREPLY[@]}"; do
        grep -qw -- "$word" <<< "$text" || { echo "$line$word: $text"; wrong=1; }
    done
    [ ${#COMPREPLY[@]} -gt 0 ] || { echo "$line: nothing"; wrong=1; }
}
says "saetop corpus rows --split " "$program" corpus rows --split x
says "saetop sweep --controls " "$program" sweep --out s --controls x --plan
says "saetop export --to " "$program" export run --out e --to x
says "saetop eval --to " "$program" eval run --to x y

if command -v zsh > /dev/null; then
    zsh -n "$source/saetop.zsh" || wrong=1
fi
exit $wrong
