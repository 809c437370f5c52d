#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: supervise.sh NAME FOLDER COMMAND...
#
# Runs COMMAND and starts it again when it ends, until SIGTERM. Pids go to FOLDER/NAME.supervisor and FOLDER/NAME.pid as "PID START",
# START being the process's start time in clock ticks (field 22 of /proc/PID/stat), so that a number used again by another process
# is not taken for ours. A command that lives 5 s is started again after 0.1 s; one that dies at once after up to 5 s.
set -u
name=$1 folder=$2
shift 2

record() { # PID FILE
    local stat
    read -r stat <"/proc/$1/stat" 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- "$1" "$2" ${stat##*) }
    printf '%s %s\n' "$1" "${22}" >"$2.new" && mv -f "$2.new" "$2"
}

stopping=no
child=
trap 'stopping=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
trap '[ -z "$child" ] || kill -HUP "$child" 2>/dev/null' HUP
record $$ "$folder/$name.supervisor"

pause=1
while [ "$stopping" = no ]; do
    started=$SECONDS
    "$@" &
    child=$!
    record "$child" "$folder/$name.pid"
    while :; do
        wait "$child"
        status=$?
        kill -0 "$child" 2>/dev/null || break # a signal only interrupted wait
    done
    child=
    [ "$stopping" = no ] || break
    [ $((SECONDS - started)) -lt 5 ] || pause=1
    printf '{"at":"%s","level":"warn","daemon":"%s","event":"restarted","status":%d,"after_ms":%d}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$name" "$status" $((pause * 100)) >&2
    sleep "$((pause / 10)).$((pause % 10))" &
    wait $!
    pause=$((pause * 2 > 50 ? 50 : pause * 2))
done
rm -f "$folder/$name.pid" "$folder/$name.supervisor"
