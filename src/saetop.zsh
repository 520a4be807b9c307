#compdef saetop
# Completion for zsh, which asks the program what may stand next (saetop complete -h).

local -a lines names shown keys_ keys_shown
local line word text files
lines=("${(@f)$(command ${(Q)words[1]} complete -- \
    "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
for line in $lines; do
    word=${line%%$'\t'*}
    text=$word${${line#*$'\t'}:+  -- ${line#*$'\t'}}
    case $word in
    /files) files=1 ;;
    *=) keys_+=("$word") keys_shown+=("$text") ;;
    *) names+=("$word") shown+=("$text") ;;
    esac
done
(($#names)) && compadd -l -d shown -- $names
(($#keys_)) && compadd -l -S '' -d keys_shown -- $keys_
if [[ -n $files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
fi
