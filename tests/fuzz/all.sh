#!/usr/bin/env bash
# Every libFuzzer target for a while, from its seeds; what one finds is left in FOUND and
# named, and the exit status is not 0. The same inputs are drawn each time, as far as the
# seconds reach; SAETOP_FUZZ_SEED, 1 unless set, draws others, 0 new ones every time.
# usage: all.sh BUILD SECONDS [JOBS [FOUND]]
set -euo pipefail
build=$(realpath "$1") seconds=$2 jobs=${3:-1}
here=$(cd "$(dirname "$0")" && pwd)
found=${4:-$build/found}
mkdir -p "$found"
export here seconds found
export SAETOP_SAMPLES=$here/../../samples SAETOP_FIXTURES=$here/../fixtures LC_ALL=C.UTF-8

one() { # PROGRAM
    local name=${1##*/} topic=${1##*/fuzz_}
    local new log=$found/$name.log
    new=$(mktemp -d) # what it learns; only what it finds is kept
    if (cd "$new" && "$1" -seed="${SAETOP_FUZZ_SEED:-1}" \
            -max_total_time="$seconds" -timeout=60 -rss_limit_mb=3000 \
            -artifact_prefix="$found/$topic-" "$new" "$here/corpus/$topic") > "$log" 2>&1
    then
        printf '%-22s %s\n' "$name" "$(grep -a '^Done' "$log" || true)"
        rm -rf "$new" "$log"
    else
        printf '%s failed:\n' "$name"
        grep -av '^#[0-9]*.*cov:' "$log" | tail -60
        rm -rf "$new"
        return 1
    fi
}
export -f one

shopt -s nullglob
programs=("$build"/tests/fuzz_*)
[ ${#programs[@]} -gt 0 ] || { echo "$build: no fuzz targets; configure with -DSAETOP_FUZZ=ON"; exit 1; }
printf '%s\0' "${programs[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'one "$1"' one {}
