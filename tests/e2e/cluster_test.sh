#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The private cluster and the supervised processes of scripts/lib, and each pitfall that they are to handle.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
cluster_installed() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
cluster_installed || skip "PostgreSQL is not installed"

kith_temp
[ "$owner" != root ] || die "root must hand over to an ordinary user"

# Settings of the caller's environment do not leak in (base.sh has cleared those that were there; these come later).
export PGPORT=9 PGHOST=/nowhere PGDATA=/nowhere PGDATABASE=nowhere
for variable in ${!PG@}; do unset "$variable"; done
cluster_up
expect "a query" 1 "$(sql 'SELECT 1')"
expect "no TCP" "" "$(sql 'SHOW listen_addresses')"
expect "the socket's folder" 700 "$(stat -c %a "$runtime")"
expect "checksums" on "$(sql 'SHOW data_checksums')"

# A second start changes nothing; after a kill -9 of the server the next start is not fooled by what is left.
before=$(cluster_pid)
cluster_up
expect "the same server after a second start" "$before" "$(cluster_pid)"
kill -KILL "$before"
cluster_up
[ "$(cluster_pid)" != "$before" ] || die "the killed server is said to run"
expect "a query after a kill" 1 "$(sql 'SELECT 1')"

# An immediate stop, then down twice.
postgres_kill
expect "pid after an immediate stop" "" "$(cluster_pid)"
postgres_start
cluster_down
cluster_down
expect "pid after down" "" "$(cluster_pid)"

# The lock of `up` is not inherited by the server: it is free once `up` has ended, though the server runs.
(home_lock && cluster_up)
flock -n "$state/lock" true || die "the running server keeps the lock"

# Supervised: comes back after a kill, with another pid; stops for good; a reused pid is not taken for ours.
install_file "$repo/scripts/lib/supervise.sh" 755
process_start sleeper sleep 600
process_alive "$runtime/sleeper.pid" && first=$pid
daemon_kill sleeper
came_back() { process_alive "$runtime/sleeper.pid" && [ "$pid" != "$first" ]; }
wait_until 5 came_back || die "the supervisor did not start the killed process again"
process_start sleeper sleep 600
came_back || die "starting what runs must not stop it"
cp "$runtime/sleeper.pid" "$state/second"
process_stop sleeper
process_gone "$state/second" || die "process $pid still runs after process_stop"
process_stop sleeper
printf '%s 1\n' $$ | home_write "$runtime/other.pid"
! process_alive "$runtime/other.pid" || die "a process with another start time was taken for ours"

# One that ignores SIGTERM is killed at the deadline; its supervisor's death alone does not hide it.
process_start stubborn bash -c 'trap "" TERM; while :; do sleep 1; done'
process_alive "$runtime/stubborn.pid" && cp "$runtime/stubborn.pid" "$state/child"
process_alive "$runtime/stubborn.supervisor" && kill -KILL "$pid"
process_stop stubborn 2>/dev/null
process_gone "$state/child" || die "process $pid ignored SIGTERM and was left behind"
cluster_down

# A folder too deep for a socket's path.
deep=$KITH_HOME/$(printf 'x%.0s' {1..60})/$(printf 'y%.0s' {1..60})
[ "$EUID" -ne 0 ] || chmod 755 "$KITH_HOME"
as_owner mkdir -p "$deep"
(
    KITH_HOME=$deep
    home_open >/dev/null
    [ "${#runtime}" -lt 60 ] || die "the runtime folder is too long: $runtime"
    cluster_up >/dev/null
    expect "a query in a deep folder" 1 "$(sql 'SELECT 1')"
    cluster_down
    rm -rf "$runtime"
)

# Root's state below a folder that is closed to others goes to the system's place, with a link.
if [ "$EUID" -eq 0 ]; then
    closed=$(mktemp -d /tmp/kith-closed.XXXXXX)
    (
        KITH_HOME=$closed/home
        home_open >/dev/null
        [ -L "$closed/home" ] || die "no link at $closed/home"
        expect "the state's place" /var/lib/kith "$(dirname "$state")"
        home_open >/dev/null # again
        cluster_up >/dev/null
        expect "a query below a closed folder" 1 "$(sql 'SELECT 1')"
        cluster_down
        rm -rf "$state"
    ) || { rm -rf "$closed"; exit 1; }
    rm -rf "$closed"
fi
say "the cluster's pitfalls are handled"
