#!/bin/bash
# Fails when files of ui and ui/screens need each other in a circle: which function is
# called from where is read from the objects, so includes cannot hide it. The files of
# one part (plot.c, plot_axis.c) count as one, by the word they begin with.
# ui_circles.sh NM LIBRARY...
set -euo pipefail
nm=$1
shift
"$nm" -A -g "$@" | awk '
    NF >= 3 {
        n = split($1, at, ":")
        file = at[2]
        sub(/[_.].*/, "", file)
        sub(/^(signal|stderr)$/, "term", file) # a crash puts the terminal back
        name = $NF
        kind = $(NF - 1)
        if (kind == "U") {
            needs[file, name] = 1
        } else {
            gives[name] = file
        }
    }
    END {
        for (pair in needs) {
            split(pair, p, SUBSEP)
            if (p[2] in gives && gives[p[2]] != p[1]) {
                print p[1], gives[p[2]]
            }
        }
    }' | sort -u | tsort > /dev/null
