# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script begins with: strict mode, the repository's root, messages, and an environment in which nobody's PostgreSQL or
# locale settings leak (PGPORT, PGHOST and LC_ALL have each broken a private cluster).
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
for variable in ${!PG@}; do unset "$variable"; done
unset variable CDPATH
export LC_ALL=C.UTF-8
program=${0##*/}

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "$program" "$*" >&2; }
die() {
    warn "$@"
    exit 1
}
usage_error() {
    printf '%s: %s\nTry: scripts/%s --help\n' "$program" "$1" "$program" >&2
    exit 2
}

# A command failed that nobody looked at: say which one and where, instead of ending without a word.
unexpected() {
    local status=$1 line=$2 command=$3 file=$4
    printf '%s: stopped by status %s of "%s" (%s:%s)\n' "$program" "$status" "${command:0:200}" "${file#"$repo"/}" "$line" >&2
}
set -E
trap 'unexpected "$?" "$LINENO" "$BASH_COMMAND" "${BASH_SOURCE[0]}"' ERR

# print_help FILE: the comment block after the first two lines of a script is its help.
print_help() { awk 'NR > 2 && !/^#/ { exit } NR > 2 { sub(/^# ?/, ""); print }' "$1"; }

# wait_until SECONDS COMMAND...: asks every 50 ms (100 ms after the first second); status 1 when the time is over.
wait_until() {
    local end=$((SECONDS + $1 + 1)) pause=0.05 n=0
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep "$pause"
        n=$((n + 1))
        [ "$n" -lt 20 ] || pause=0.1
    done
}
