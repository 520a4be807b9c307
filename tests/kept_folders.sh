#!/usr/bin/env bash
# Scripts that empty a folder leave it alone where the program is none, and where git tracks
# what is in it. usage: kept_folders.sh TESTS
set -u
tests=$1 work=$(mktemp -d) wrong=0
trap 'rm -rf "$work"' EXIT
mkdir "$work/mine" "$work/repository" "$work/above"
git -C "$work/repository" init -q 2>/dev/null || { echo "skipped: no git"; exit 77; }
mkdir "$work/repository/sub"
cp -r "$work/repository" "$work/above/"
for folder in mine repository/sub above/repository; do
    echo kept >"$work/$folder/file"
done
git -C "$work/repository" add sub/file

kept() { # SCRIPT PROGRAM FOLDER: wherever the script takes its folder
    bash "$1" "$2" "$3" "$3" "$3" "$3" >"$work/out" 2>&1
    local status=$?
    [ -n "$(find "$3" -name file)" ] && { [ $status = 2 ] || [ $status = 77 ]; } && return
    echo "$1 $2 $3: status $status, $(cat "$work/out")"
    wrong=1
}
# `rm -rf` of what a script was given stands in one place.
for script in "$tests"/*.sh "$tests"/models/*.sh; do
    case $script in */fresh_folder.sh | */kept_folders.sh) continue ;; esac
    if grep -qE '^(rm -rf|mkdir -p) "\$(out|folder)"' "$script" && ! grep -q '^fresh_folder ' "$script"; then
        echo "$script: empties a folder without fresh_folder"
        wrong=1
        continue
    fi
    grep -q '^fresh_folder ' "$script" || continue
    kept "$script" "$work/nothing" "$work/mine"
    kept "$script" "$work/mine" "$work/mine"
    for folder in repository repository/sub above; do
        kept "$script" /bin/true "$work/$folder"
    done
done
exit $wrong
