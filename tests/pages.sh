#!/usr/bin/env bash
# The pages: every link to a file or a heading leads somewhere, every path of the tree that
# is named in backticks is there, what is said to be in such a file is in it, and none has
# grown past its size; nor has a source file past 800 lines.
# usage: pages.sh ROOT
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$1"

# Lines that a page may have. A longer one is two pages, or says a thing twice.
sizes="README.md 220
.github/CONTRIBUTING.md 120
core/README.md 300
core/acts/README.md 100
core/eval/README.md 212
samples/README.md 300
samples/model/README.md 100
src/README.md 450
src/activations.md 90
src/ask.md 90
src/verdicts.md 60
tests/README.md 260
tests/ref/README.md 100
ui/README.md 350
ui/config.md 100"

wrong=0
say() { printf '%s\n' "$*"; wrong=1; }

# The lines of a page that are not code; with their numbers.
prose() { awk '/^```/ { code = !code; next } !code { print FNR ":" $0 }' "$1"; }

# Headings as links name them: lower case, spaces as dashes, other marks left out.
anchors() {
    prose "$1" | sed -n 's/^[0-9]*:##* //p' | tr '[:upper:]' '[:lower:]' |
        sed -E 's/\[([^]]*)\]\([^)]*\)/\1/g; s/[^[:alnum:] _-]//g; s/ /-/g'
}

check_link() { # PAGE LINE TARGET
    local file=${3%%#*} heading=
    case $3 in *'#'*) heading=${3#*#} ;; esac
    local to=$1
    [ -n "$file" ] && to=$(dirname "$1")/$file
    if [ ! -e "$to" ]; then
        say "$1:$2: $3: there is no such file"
    elif [ -n "$heading" ] && ! anchors "$to" | grep -qxF -- "$heading"; then
        say "$1:$2: $3: $to has no such heading"
    fi
}

while read -r page most; do
    if [ ! -f "$page" ]; then
        say "$page: missing"
        continue
    fi
    lines=$(wc -l < "$page")
    [ "$lines" -le "$most" ] || say "$page: $lines lines, $most are allowed"

    while IFS=: read -r at target; do
        case $target in http:* | https:* | '') continue ;; esac
        check_link "$page" "$at" "$target"
    done < <(prose "$page" | awk -F: '{
        at = $1; text = substr($0, length($1) + 2); gsub(/`[^`]*`/, "", text)
        while (match(text, /\]\([^)]*\)/)) {
            print at ":" substr(text, RSTART + 2, RLENGTH - 3)
            text = substr(text, RSTART + RLENGTH)
        } }')

    # Paths from the root; in the pages of tests also those from tests/.
    while IFS=: read -r at path; do
        [ -e "$path" ] || say "$page:$at: $path: there is no such file"
    done < <(prose "$page" | awk -F: '{
        at = $1; text = substr($0, length($1) + 2)
        while (match(text, /`[^`]*`/)) {
            word = substr(text, RSTART + 1, RLENGTH - 2)
            if (word ~ /^(core|ui|src|samples|tests|\.ci|\.github)\/[A-Za-z0-9_.\/-]+$/ && word !~ /NAME/)
                print at ":" word
            text = substr(text, RSTART + RLENGTH)
        } }')

    # "`NAME` of `FILE`", "`NAME` in `FILE`", over the ends of lines too.
    while IFS=: read -r name path; do
        [ ! -f "$path" ] || grep -qF -- "$name" "$path" || say "$page: $path has no $name"
    done < <(prose "$page" | sed 's/^[0-9]*://; s/^ *//' | tr '\n' ' ' | awk '{
        while (match($0, /`[A-Za-z_][A-Za-z0-9_ ]*` (of|in) `(core|ui|src|tests)\/[A-Za-z0-9_.\/-]+`/)) {
            pair = substr($0, RSTART, RLENGTH)
            $0 = substr($0, RSTART + RLENGTH)
            split(pair, word, "`")
            print word[2] ":" word[4]
        } }')
done <<< "$sizes"

# Every page is in the list above.
while read -r page; do
    grep -q "^$page " <<< "$sizes" || say "$page: has no size in tests/pages.sh"
done < <(find . -name '*.md' -path '*/*' ! -path './build*' ! -path './.git/*' |
    sed 's|^\./||' | grep -E '(README|CONTRIBUTING)\.md$')

while read -r lines file; do
    [ "$lines" -le 800 ] || say "$file: $lines lines, 800 are allowed"
done < <(find core src ui tests -name '*.[ch]' -exec wc -l {} + | grep -v ' total$')

exit "$wrong"
