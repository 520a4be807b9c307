#!/usr/bin/env bash
# A key that the user may have moved is named in a text as KEY_OF (ui/keymap.h), never as
# a literal; and each KEY_OF is a command that has a key as the program comes.
# usage: key_names.sh ROOT SAETOP
set -euo pipefail
export LC_ALL=C
cd "$1"

# String literals of C files but those of #include, a line each: FILE:LINE:K:TEXT, where K
# is 1 for what stands in KEY_OF, 2 in KEY_ON.
literals() {
    awk '
    FNR == 1 { comment = 0 }
    /^ *#include/ { next }
    {
        s = $0
        for (i = 1; i <= length(s); i++) {
            two = substr(s, i, 2); c = substr(s, i, 1)
            if (comment) {
                if (two == "*/") { comment = 0; i++ }
            } else if (two == "/*") { comment = 1; i++
            } else if (two == "//") { break
            } else if (c == "\47") { # a character
                i += substr(s, i + 1, 1) == "\\" ? 3 : 2
            } else if (c == "\"") {
                text = ""
                for (i++; i <= length(s) && substr(s, i, 1) != "\""; i++) {
                    if (substr(s, i, 1) == "\\") { text = text substr(s, i, 1); i++ }
                    text = text substr(s, i, 1)
                }
                before = substr(s, 1, i - length(text) - 2)
                k = before ~ /KEY_OF\($/ ? 1 : before ~ /KEY_ON\($/ ? 2 : 0
                if (before ~ /KEY_ON\("[a-z]+", $/) { k = 3 }
                print FILENAME ":" FNR ":" k ":" text
            }
        }
    }' "$@"
}

files=$(find ui core/session -name '*.[ch]' | sort)
# shellcheck disable=SC2086
all=$(literals $files core/latents/latent_column_list.c)

# Keys of a line that is typed into, of the finder, of help, of the question on leaving
# and of the second of two keys are fixed.
fixed='^ui/keymap\.c:[0-9]+:0:(Enter|Esc|Space|Tab|Backspace|Home|End|PgUp|PgDn|Del|Up|Down|Left|Right|F1|Shift-[A-Z][a-z]+|(F1 to F12, )?Ctrl-.*)$
^ui/(leave|whichkey|frame)\.c:[0-9]+:0:(Esc|Esc leaves|%s   \(Esc\))$
^ui/finder\.c:[0-9]+:0:type to look   Up Down choose   Enter goes   Esc closes$
^ui/help\.c:[0-9]+:0:(no line has that; Esc shows all|  Tab section  | run it  Esc close| cursor there  Esc close|  Esc close)$
^ui/topics\.c:[0-9]+:0:(In a line, as behind : |Ctrl-E\), Backspace and Del|and end, Tab and Shift-Tab|history; Esc, Ctrl-C or|A text box, as in Prompt,|line break, newline\), Ctrl-X clears|keeps its line breaks; in a line they become spaces\. Up in)
:0:.*(Tab completes|Tab lists |Tab after :|Up recalls|Enter stays there|Enter on nothing takes|Enter in the text does)
^ui/cmdline\.c:[0-9]+:0:Enter takes this; typing replaces it, Right edits it
^ui/screens/prompt\.c:[0-9]+:0:(Enter or Esc: tokens  Ctrl-O new line  Ctrl-X clears  |Up the texts before)$
^ui/screens/prompt\.c:[0-9]+:0:(typing replaces the example  Left or End edits it  |Enter or Esc: tokens)$
^ui/(own_keys|config|script)\.c:
:0:(.*[ :])?[xy] axis( |$)
^ui/screens/(concepts_words\.c:[0-9]+:0:; latents of seed|runs\.c:[0-9]+:0:a text with = < > stands)
^core/latents/latent_column_list\.c:[0-9]+:0:.*; after X: the token
^ui/topics\.c:[0-9]+:0:(a line each, .* p is the|after X: the token|.*; --seeds N asks|.*; \+ means that)'
named='(^|[^A-Za-z%-])(Enter|Esc|Space|Tab|Backspace|Home|End|PgUp|PgDn|Del|Up|Down|Left|Right|Ctrl-[A-Z]|Shift-(Tab|Left|Right))([^A-Za-z]|$)'
one='([]B-Zb-z?/&|=<>.,;#@+[{}-]|\\\\)'
does="(^|[ (;:,])$one( or $one)? ([a-z]+s|on [A-Z][a-z]+|on/off|go|puts|help)( |$)"
list="(^|[ (])$one: (the|contexts)"
pair='(^|[ (;])([jhn] [klN] [a-z]|hjkl|h j k l|\[ \] )'
by='(by|press) [A-Z?/]$|\((x|#|\\\\)\)'
found=$(grep -E "^[^:]+:[0-9]+:0.*($named|$does|$list|$pair|$by)" <<<"$all" |
    grep -Ev "$fixed" || true)
wrong=0
if [ "$found" ]; then
    printf 'a key named as a literal, expected KEY_OF:\n%s\n' "$found"
    wrong=1
fi

# KEY_OF and KEY_ON: the command, maybe with what follows it, has a key in the table.
table=$("$2" keys --built-in | sed -n 's/^| `.*` | `:\([^`]*\)` | .*$/\1/p' | sed 's/\\|/|/g')
commands=$(sed -n 's/^[^:]*:[0-9]*:[13]:\(.*\)$/\1/p' <<<"$all" | sort -u)
n=0
while IFS= read -r command; do
    n=$((n + 1))
    has=0
    while IFS= read -r row; do # the command, or the command and what it takes
        case $row in "$command" | "$command "[[A-Z]*) has=1 ;; esac
    done <<<"$table"
    if [ "$has" = 0 ]; then
        echo "KEY_OF(\"$command\"): no key does that"
        wrong=1
    fi
done <<<"$commands"
if [ "$n" -lt 30 ]; then
    echo "found $n commands in KEY_OF, expected 30 or more: has it moved?"
    wrong=1
fi
exit "$wrong"
