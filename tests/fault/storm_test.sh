#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The promise under a storm: 100,000 attendance events are pushed through both doors while daemons are killed (-9) at random and
# PostgreSQL is stopped as in a crash; a second system gets the same input in peace. Then:
#   I1 every acknowledged event is stored       I2 nothing is there twice         I3 nothing is there that was not sent
#   I4 flags, alerts and inbox are those of the system in peace, and the flags those of a computation of its own
#   I5 a reader by position meets no hole        I6 along a log the epoch never falls
#   I7 no fault interrupts acknowledgements for more than 5 s; 5 s after the last one all is acknowledged and read
#   I9 a mail has one Message-ID and no more copies than crashes in its dialogue
# Prints one line of JSON. KITH_SEED repeats a sequence of faults; KITH_STORM_EVENTS, _KILLS, _STOPS, _RATE make it smaller or larger,
# KITH_STORM_LIMIT_MS is the 5 s of I7 (more on a machine that does other work, or with a slow build), KITH_STORM_AWAY_S keeps PostgreSQL
# away longer.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/fault/storm_lib.sh"
fault_build
seed=${KITH_SEED:-$((RANDOM * 32768 + RANDOM))}
events=${KITH_STORM_EVENTS:-100000} kills_wanted=${KITH_STORM_KILLS:-40} stops_wanted=${KITH_STORM_STOPS:-4} rate=${KITH_STORM_RATE:-1500}
say "storm: seed $seed ($build)"
RANDOM=$((seed % 32768))

input=$(mktemp -d /tmp/kith-storm.XXXXXX)
trap 'rm -rf "$input"' EXIT
chmod 755 "$input"
fault_input "$input" --events "$events" --http $((events * 3 / 100)) --seed "$seed"
/usr/bin/python3 "$repo/tests/e2e/expected_flags.py" --as-of 2027-06-04 "$input/district/roster" "$input/events/all" | sort >"$input/events/flags"
[ "$(awk '{print $2}' "$input/events/flags" | sort -u | wc -l)" -eq 3 ] || die "the input raises too few kinds of flags to say anything"

# ---- what a system ended with, by the SIS's identifiers ----

rule_name="CASE rule WHEN 1 THEN 'consecutive_unexcused' WHEN 2 THEN 'low_attendance' WHEN 3 THEN 'no_contact' END"
collect() { # FOLDER
    sql "SELECT s.body->>'studentUniqueId', a.school_id, a.event_date, c.uri FROM ingest.attendance a
        JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
        JOIN ingest.category c ON c.district_id = a.district_id AND c.category_id = a.category_id" | sort >"$1/stored"
    sql "SELECT s.body->>'studentUniqueId', a.school_id, a.event_date - date '1970-01-01', c.uri FROM ingest.attendance a
        JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
        JOIN ingest.category c ON c.district_id = a.district_id AND c.category_id = a.category_id" >"$1/stored.days"
    sql "SELECT student_id, place_id, session_id, category_id, event_date - date '1970-01-01', section::int FROM ingest.attendance" >"$1/stored.keys"
    sql "SELECT count, encode(payload, 'hex') FROM ingest.log WHERE type = 8 ORDER BY pos" >"$1/recorded"
    sql "SELECT 'ingest', pos, epoch FROM ingest.log UNION ALL SELECT 'risk', pos, epoch FROM risk.log
        UNION ALL SELECT 'notification', pos, epoch FROM notification.log ORDER BY 1, 2" >"$1/epochs"
    sql "SELECT s.body->>'studentUniqueId', $rule_name, since, value FROM risk.flag f
        JOIN ingest.item s ON s.district_id = f.district_id AND s.num = f.student_id WHERE cleared_at IS NULL" | sort >"$1/flags"
    # before the bar: what makes an episode
    sql "SELECT s.body->>'studentUniqueId', $rule_name, episode, '|', state, urgency, since, value, threshold, reason,
            coalesce(t.body->>'staffUniqueId', '-') FROM notification.alert a
        JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
        LEFT JOIN ingest.item t ON t.district_id = a.district_id AND t.num = a.staff_id" | sort >"$1/alerts"
    sql "SELECT coalesce(t.body->>'staffUniqueId', '-'), s.body->>'studentUniqueId', $rule_name, episode FROM notification.inbox i
        JOIN notification.alert a ON a.district_id = i.district_id AND a.alert_id = i.alert_id
        JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
        LEFT JOIN ingest.item t ON t.district_id = i.district_id AND t.num = i.staff_id" | sort >"$1/inbox"
    sql "SELECT replace(mail_id::text, '-', ''), state, (SELECT count(*) FROM notification.attempt t WHERE t.district_id = m.district_id
            AND t.mail_id = m.mail_id AND t.outcome IS NULL) FROM notification.mail m" >"$1/mails"
    sql "SELECT state, count(DISTINCT mail_id), alert_id FROM notification.delivery GROUP BY state, district_id, alert_id, staff_id, channel, step" >"$1/deliveries"
    cp -r "$state/mail" "$1/mail"
}

# Records that a reader has not read. Positions have gaps, so the heads cannot be compared.
behind="SELECT (SELECT count(*) FROM ingest.log l WHERE pos > coalesce((SELECT o.pos FROM risk.consumer_offset o
        WHERE (o.district_id, o.stream, o.shard) = (l.district_id, 'ingest', l.shard)), 0))
    + (SELECT count(*) FROM ingest.log l WHERE pos > coalesce((SELECT o.pos FROM notification.consumer_offset o
        WHERE (o.district_id, o.stream, o.shard) = (l.district_id, 'ingest', l.shard)), 0))
    + (SELECT count(*) FROM risk.log l WHERE pos > coalesce((SELECT o.pos FROM notification.consumer_offset o
        WHERE (o.district_id, o.stream, o.shard) = (l.district_id, 'risk', l.shard)), 0))"
all_read() { [ "$(sql "$behind" 2>/dev/null)" = 0 ]; }
# Twice, as a reader may just be about to write what the next one reads.
settled() { all_read && sleep 0.1 && all_read; }

# ---- in peace ----

in_peace() {
    fault_temp
    out=$input/alone
    mkdir "$out"
    fault_up "$input"
    fault_push client "$input/events/native.tsv" --window 64
    kith push --kept "$state/unsent" --json "$input"/events/http/* >"$out/http.json"
    wait "$push_pid"
    wait_until 120 settled || die "without faults: not all was read after two minutes"
    wait_quiet 60 || die "without faults: it does not come to rest"
    collect "$out"
}
begin=$(now_ms)
(in_peace)
say "storm: the system in peace took $((($(now_ms) - begin) / 1000)) s"

# ---- the storm ----

# aged NAME: runs for 5 s, so that its supervisor starts it again at once. One in eight is killed again while it starts.
aged() {
    local _ start up
    process_alive "$runtime/$1.pid" || return 1
    read -r _ start <"$runtime/$1.pid"
    read -r up _ </proc/uptime
    up=${up/./}
    [ $((up - start)) -gt 510 ]
}
restarted() { process_alive "$runtime/$1.pid" && [ "$pid" != "$2" ]; }

kill_one() {
    local order name first
    order=$((RANDOM % 3))
    for name in "${daemons[@]:$order}" "${daemons[@]:0:$order}"; do
        aged "$name" || continue
        process_alive "$runtime/$name.pid" || continue
        first=$pid
        daemon_kill "$name"
        kills=$((kills + 1)) killed[$name]=$((killed[$name] + 1))
        if [ $((RANDOM % 8)) -eq 0 ] && wait_until 3 restarted "$name" "$first"; then
            sleep "0.0$((RANDOM % 10))"
            daemon_kill "$name"
            kills=$((kills + 1)) killed[$name]=$((killed[$name] + 1))
        fi
        return 0
    done
    return 1
}
stop_postgres() {
    postgres_kill
    sleep "${KITH_STORM_AWAY_S:-0}.$((RANDOM % 10))"
    postgres_start
    stops=$((stops + 1))
}

# Spread over the time that the native door takes.
push_chunks() {
    local chunk pause
    pause=$(awk "BEGIN { print $events / $rate * 0.02 }")
    for chunk in "$input"/events/http/*; do
        kith push --kept "$state/unsent" --tries 1000 --connections 4 --json "$chunk" || return 1
        [ -f "$out/hurry" ] || sleep "$pause"
    done
}

fault_temp
fault_up "$input"
out=$input/stormed
mkdir "$out"
KITH_HOME=$state "$build/bin/log_observer" ingest "$district" "$out/seen" >"$out/observer.json" &
observer_pid=$!
fault_pids+=("$observer_pid")
fault_push client "$input/events/native.tsv" --rate "$rate" --seed "$seed"
push_chunks >"$out/http.json" &
http_pid=$!
fault_pids+=("$http_pid")

declare -A killed=([ingest]=0 [risk]=0 [notification]=0)
kills=0 stops=0 faults=0
begin=$(now_ms)
sleep 1
last_events=$((events * 95 / 100)) # of the 97 % that go through the native door
while [ "$kills" -lt "$kills_wanted" ] || [ "$stops" -lt "$stops_wanted" ] || [ "$(acked client)" -lt "$last_events" ]; do
    [ $(($(now_ms) - begin)) -lt 240000 ] || die "the storm does not end: $kills kills, $stops stops, $(acked client) acknowledged"
    kill -0 "$push_pid" 2>/dev/null || [ "$(acked client)" -ge "$last_events" ] || die "the sender has ended early"
    if [ $((faults % 10)) -eq 9 ] && [ $((stops * kills_wanted)) -le $((kills * stops_wanted)) ]; then
        stop_postgres
        faults=$((faults + 1))
    elif kill_one; then
        faults=$((faults + 1))
    fi
    last_fault=$(now_ms)
    sleep "0.$((RANDOM % 10))"
done
took=$((($(now_ms) - begin) / 1000))
touch "$out/hurry"
left=$(($(wc -l <"$input/events/native.tsv") - $(acked client)))
kill -USR1 "$push_pid" 2>/dev/null || true
sender=0 http=0
wait "$push_pid" || sender=$?
sender_ms=$(($(now_ms) - last_fault))
wait "$http_pid" || http=$?
http_ms=$(($(now_ms) - last_fault))
wait_until 60 settled || die "after the storm: $(sql "$behind") records are not read within a minute"
settled_ms=$(($(now_ms) - last_fault))
wait_quiet 60 || die "after the storm: it does not come to rest within a minute"
[ "$sender" -eq 0 ] || [ -s "$out/client.json" ] || die "the sender failed"
[ "$http" -eq 0 ] || die "over HTTP not all arrived: $(tail -n 3 "$out/http.json")"
kill -TERM "$observer_pid"
wait "$observer_pid" || die "the observer says: $(cat "$out/observer.json")"

collect "$out"
mv "$out/client.acked" "$out/acked"
printf '{"test":"storm","seed":%d,"kills":%d,"killed":{"ingest":%d,"risk":%d,"notification":%d},"postgres_stops":%d,"storm_s":%d,"left_at_last_fault":%d,"native_ms":%d,"http_ms":%d,"settled_ms":%d}\n' \
    "$seed" "$kills" "${killed[ingest]}" "${killed[risk]}" "${killed[notification]}" "$stops" "$took" "$left" "$sender_ms" "$http_ms" "$settled_ms" >"$out/report.json"
/usr/bin/python3 "$here/storm_check.py" "$input/events" "$input/stormed" "$input/alone"
