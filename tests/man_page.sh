#!/usr/bin/env bash
# The manual page is what the program makes of its tables, and readers of such pages have
# nothing to say against it, those of them that are installed.
# usage: man_page.sh PROGRAM PAGE
set -u
wrong=0
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$1" man > "$made" || exit 1
diff -u "$2" "$made" | head -40
cmp -s "$2" "$made" || { echo "$2 is old: write the output of \`saetop man\` there"; wrong=1; }

clean() { # COMMAND...: says nothing on either output
    local text
    command -v "$1" > /dev/null || return 0
    text=$("$@" 2>&1 > /dev/null)
    [ -z "$text" ] || { echo "$*: $text"; wrong=1; }
}
if command -v mandoc > /dev/null; then
    text=$(mandoc -Tlint "$2")
    [ -z "$text" ] || { echo "mandoc: $text"; wrong=1; }
fi
clean groff -man -ww -z -Tutf8 "$2"
MANPAGER=cat clean man --warnings=w -l "$2"
exit $wrong
