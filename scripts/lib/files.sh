# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The repository's own files: what git knows or would add, never what a build made. After base.sh.

# files_of PATTERN...: existing files by git pathspec, one a line. Outside a git work tree (a source archive): by find.
files_of() {
    local pattern
    if git -C "$repo" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git -C "$repo" ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
            [ ! -f "$repo/$file" ] || printf '%s\n' "$file"
        done
    else
        for pattern in "$@"; do
            (cd "$repo" && find . \( -path ./build -o -path ./var -o -path ./.git \) -prune -o -type f -path "*/${pattern##*/}" -print)
        done | sed 's|^\./||' | sort -u
    fi
}

# files_build: the newest build folder there is; status 1 when there is none.
files_build() {
    local newest
    newest=$(find "$repo"/build/*/compile_commands.json -printf '%T@ %h\n' 2>/dev/null | sort -rn | head -n 1 | cut -d' ' -f2-)
    [ -n "$newest" ] && echo "$newest"
}
