# Completion for bash, which asks the program what may stand next (saetop complete -h).

_saetop()
{
    local -a words=() lines=()
    local i word line rest=${COMP_LINE:0:COMP_POINT} next cut='' piece

    # Readline cuts words at = and : as well, the program does not: what follows without
    # a blank belongs to the word before.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        next=${rest#"${rest%%[![:blank:]]*}"}
        if ((i > 0)) && [[ $next == "$rest" ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        rest=${next#"$word"}
    done

    mapfile -t lines < <(command "${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    word=${words[-1]}
    piece=${word##*=}
    # What readline has cut off stays where it is.
    [[ $COMP_WORDBREAKS == *=* ]] && cut=${word%"$piece"}
    for line in "${lines[@]}"; do
        word=${line%%$'\t'*}
        if [[ $word == /files ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$piece")
        else
            [[ $word == *= ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("${word#"$cut"}")
        fi
    done
}
complete -F _saetop saetop
