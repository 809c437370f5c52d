#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A paused owner: ingest is stopped (SIGSTOP) with batches under way, a second ingest takes over the same database, then the first goes on.
# It must write nothing more, acknowledge nothing, and end with KITH_EFENCED; along the log the epoch never falls.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/fault/storm_lib.sh"
fault_build
input=$(mktemp -d /tmp/kith-fencing.XXXXXX)
trap 'rm -rf "$input"' EXIT
chmod 755 "$input"
out=$input
fault_input "$input" --events 20000 --http 0
fault_temp
fault_up "$input"
wait_quiet 60 || die "it does not come to rest before the test"

# Both owners are ours to wait for, not a supervisor's: it would start the first again, and that would take over in turn.
# ingest_run LOG [NAME=VALUE...]
ingest_run() {
    local log=$1
    shift
    (cd "$state" && as_owner_exec env KITH_HOME="$state" "$@" "$state/bin/kith-ingest" --config "$state/kith.conf") >>"$state/log/$log" 2>&1 &
}
started() { grep -q '"event":"started"' "$state/log/$1"; }
daemon_hold ingest
ingest_run old.log
old=$!
fault_pids+=("$old")
wait_until 30 started old.log || die "the first ingest does not start"
fault_push old "$input/events/native.tsv" --window 64 --again 0
old_push=$push_pid
flows() { [ "$(acked old)" -gt 1000 ]; }
wait_until 30 flows || die "nothing flows through the first ingest"
kill -STOP "$old"
at_pause=$(acked old)
[ "$at_pause" -lt 10000 ] || die "the first ingest was too fast to be paused at work"

mapfile -t ports < <(ports_pick | cut -d= -f2) # the next free ones
http_new=${ports[0]} bus_new=${ports[1]}
ingest_run new.log KITH_INGEST_HTTP="127.0.0.1:$http_new" KITH_COMMON_BUS_INGEST="tcp://127.0.0.1:$bus_new"
new=$!
fault_pids+=("$new")
wait_until 30 started new.log || die "the second ingest does not start"
tail -n 9000 "$input/events/native.tsv" >"$input/last.tsv"
fault_push new "$input/last.tsv" --endpoint "tcp://127.0.0.1:$bus_new" --window 64 --again 0
wait "$push_pid" || die "the second ingest did not take everything: $(cat "$out/new.json")"
push_pid=$old_push
[ "$(sql 'SELECT count(DISTINCT epoch) FROM ingest.log')" -ge 3 ] || die "the second ingest wrote under no epoch of its own"

# What is there before the first wakes, and after it has tried.
stored="SELECT count(*), coalesce(max(pos), 0) FROM ingest.attendance"
before=$(sql "$stored")
records=$(sql 'SELECT count(*) FROM ingest.log')
kill -CONT "$old"
gone() { ! kill -0 "$old" 2>/dev/null; }
fenced=no
wait_until 15 gone && fenced=yes
expect "places of the log where the epoch falls" 0 "$(epochs_fall ingest)"
[ "$fenced" = yes ] || die "the first ingest goes on after another took over"
status=0
wait "$old" || status=$?
expect "exit status of the first ingest" 1 "$status"
grep -q KITH_EFENCED "$state/log/old.log" || die "the first ingest does not say KITH_EFENCED: $(tail -n 2 "$state/log/old.log")"
expect "rows and positions after the first went on" "$before" "$(sql "$stored")"
expect "log records after the first went on" "$records" "$(sql 'SELECT count(*) FROM ingest.log')"
# It may still acknowledge what was committed before it was paused, and nothing else.
sleep 0.5
kill -TERM "$push_pid"
wait "$push_pid" || die "the first ingest refused or lost something: $(cat "$out/old.json")"
awk -F '\t' 'NR == FNR { acked[$1 + 1]; next } FNR in acked { print $1, $5, $6 }' "$out/old.acked" "$input/events/native.tsv" | sort >"$input/acked"
sql "SELECT s.body->>'studentUniqueId', a.event_date - date '1970-01-01', c.uri FROM ingest.attendance a
    JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
    JOIN ingest.category c ON c.district_id = a.district_id AND c.category_id = a.category_id" | sort >"$input/stored"
expect "events that the first acknowledged" "$(acked old)" "$(wc -l <"$input/acked")"
expect "acknowledged by the first and not stored" "" "$(comm -23 "$input/acked" "$input/stored" | head -n 3)"

# What the first did not acknowledge is not lost: the sender sends it to the second.
fault_push rest "$input/events/native.tsv" --endpoint "tcp://127.0.0.1:$bus_new" --window 64 --again 0
wait "$push_pid" || die "the second ingest did not take the rest: $(cat "$out/rest.json")"
expect "stored events" 20000 "$(sql 'SELECT count(*) FROM ingest.attendance')"
expect "records of them" 20000 "$(sql 'SELECT sum(count) FROM ingest.log WHERE type = 8')"
expect "places of the log where the epoch falls, at the end" 0 "$(epochs_fall ingest)"
kill -TERM "$new"
wait "$new" || die "the second ingest ended with status $?"
printf '{"test":"fencing","acked_before_pause":%d,"epochs":%d,"records":%d}\n' "$at_pause" \
    "$(sql 'SELECT count(DISTINCT epoch) FROM ingest.log')" "$records"
