# Sourced by scripts that work in a folder of their own: fresh_folder SAETOP FOLDER makes
# it, empty. Arguments in another order must not cost anybody a folder: ends with 2 where the
# first is no program, or the second is part of a git repository's files or holds one.
fresh_folder() {
    local why=
    if [ ! -f "$1" ] || [ ! -x "$1" ]; then
        why="found '$1', expected the program saetop"
    elif [ -z "$2" ]; then
        why="found no folder to work in"
    elif [ -e "$2" ] && [ ! -d "$2" ]; then
        why="found '$2', expected a folder"
    elif [ -d "$2" ] && { [ -n "$(find "$2" -name .git -print -quit)" ] ||
        [ -n "$(git -C "$2" ls-files 2>/dev/null | head -n 1)" ]; }; then
        why="'$2' holds files that git tracks: it would be removed"
    fi
    if [ -n "$why" ]; then
        echo "$(basename "$0"): $why" >&2
        exit 2
    fi
    rm -rf "$2"
    mkdir -p "$2"
}
