#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# the spine: native and Ed-Fi door against COPY and pgbench, and from a push to the mail
export KITH_FSYNC=on KITH_SHARED_BUFFERS=1GB
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
quick=${KITH_QUICK:-no}
if [ "$quick" = yes ]; then runs=1 events=50000 singles=20000 seconds=4; else runs=3 events=300000 singles=150000 seconds=10; fi
programs=$KITH_BUILD/bin

kith_temp
kith_clock 2026-12-18T20:00:00Z
kith_up "$KITH_BUILD"
kith_district
say "Generating and pushing rosters of 2,000 students" >&2
/usr/bin/python3 "$repo/tests/district/generate.py" --out "$state/sis" --students 2000 --schools 4 --until 2026-08-17 2>/dev/null
kith push --kept "$state/kept" "$state/sis/roster" >&2
/usr/bin/python3 - "$state/sis/roster" >"$state/students" <<'END'
import json, sys
for line in open(sys.argv[1] + "/studentSchoolAssociations.jsonl"):
    s = json.loads(line)
    print(s["studentReference"]["studentUniqueId"], s["schoolReference"]["schoolId"], 2027, "Fall Semester")
END
conninfo="$(cluster_conninfo) user=kith"
endpoint=tcp://127.0.0.1:$(port_of bus_ingest)
server_key=$(<"$state/keys/ingest.pub")

conditions() { # TEXT
    printf '%s; %s cores, load %s, PostgreSQL %s, fsync on, all on one machine' "$1" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" \
        "$(cluster_sql -At -c 'SHOW server_version' | cut -d' ' -f1)"
}
# report METRIC UNIT AGAINST RUNS CONDITIONS VALUES PEERS: medians of the runs; the ratio is the median of the ratios within each run.
report() {
    /usr/bin/python3 - "$@" <<'END'
import json, statistics, sys
metric, unit, against, runs, conditions, values, peers = sys.argv[1:]
v = [float(x) for x in values.split()]
p = [float(x) for x in peers.split()]
out = {"bench": "spine", "metric": metric, "value": round(statistics.median(v), 2), "unit": unit, "against": against or None,
       "against_value": round(statistics.median(p), 2) if p else None,
       "ratio": round(statistics.median(a / b for a, b in zip(v, p)), 3) if p else None, "runs": int(runs), "conditions": conditions}
print(json.dumps(out), flush=True)
END
}
cluster_pgbench() { (cd / && "$pg_bin/pgbench" -h "$runtime" -p "$cluster_port" -U kith "$@" "$cluster_database"); }
field() { /usr/bin/python3 -c 'import json, sys; print(json.loads(sys.stdin.read().splitlines()[-1])[sys.argv[1]])' "$1"; }
empty() { cluster_sql -q -c 'TRUNCATE ingest.attendance' -c 'DELETE FROM ingest.log WHERE type = 8' -c 'VACUUM ingest.log' -c CHECKPOINT >/dev/null; }
readers_hold() { for name in risk notification; do daemon_hold "$name"; done; }
readers_start() { daemons_up risk notification >&2; }

# The doors alone: the readers would take half of the machine away from what is measured.
readers_hold
native() { # METRIC EVENTS BATCH OUTSTANDING
    local values='' peers='' k
    for ((k = 1; k <= runs; k++)); do
        empty
        values+="$("$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$2" "$3" "$4" 2026-08-17 | field per_second) "
        peers+="$("$programs/copy_bench" "$conninfo" 5000 | field per_second) "
        say "$1: run $k of $runs: ${values##* } $values against $peers" >&2
    done
    report "$1" events/s "COPY BINARY of the same rows into the same tables and indexes, 5,000 a commit" "$runs" \
        "$(conditions "$2 events in batches of $3, $4 batches outstanding")" "$values" "$peers"
}
# what PostgreSQL does once (memory touched for the first time, files made) is neither side's
say "Warming up" >&2
"$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$events" 100 128 2026-08-17 >/dev/null
# 12,800 events under way: both sides commit 5,000 at a time
native native_batch_events "$events" 100 128
native native_single_events "$singles" 1 4096

posts() {
    local values='' peers='' k out
    cluster_sql -q -c 'CREATE SEQUENCE IF NOT EXISTS public.bench_pos' -c 'ALTER ROLE kith SET search_path = public' >/dev/null
    for ((k = 1; k <= runs; k++)); do
        empty
        out=$(KITH_TOKEN=$(kith_token) KITH_STUDENTS=$state/students KITH_DAY=2026-10 \
            wrk -t 1 -c 64 -d "$seconds" -s "$repo/tests/bench/posts.lua" "$edfi_url" | tail -n 1)
        [ "$(field bad <<<"$out")" = 0 ] || die "edfi_posts: some were refused: $out"
        values+="$(field per_second <<<"$out") "
        empty
        peers+="$(cluster_pgbench -n -M prepared -c 64 -j 2 -T "$seconds" -f - <"$repo/tests/bench/upsert.pgbench" | sed -n 's/^tps = \([0-9.]*\).*/\1/p') "
        say "edfi_posts: run $k of $runs: $values against $peers" >&2
    done
    cluster_sql -q -c 'DELETE FROM ingest.attendance WHERE district_id = 9' -c 'DELETE FROM ingest.log WHERE district_id = 9' >/dev/null
    report edfi_posts posts/s "pgbench, 64 clients, prepared single-row upserts into the same tables (positions from a sequence)" "$runs" \
        "$(conditions "64 keep-alive clients, $seconds s")" "$values" "$peers"
}
posts

# From the POST to the mail in the relay's hands, all daemons running, 500 events a second of which about 20 raise an alert each.
latency() {
    local share=$((seconds * 20)) day
    empty
    readers_start
    head -n "$share" "$state/students" >"$state/alerting"
    mkdir -p "$state/before"
    for day in 2026-12-16 2026-12-17; do
        while read -r id school year session; do
            printf '{"eventDate":"%s","attendanceEventCategoryDescriptor":"uri://ed-fi.org/AttendanceEventCategoryDescriptor#Unexcused Absence","studentReference":{"studentUniqueId":"%s"},"schoolReference":{"schoolId":%s},"sessionReference":{"schoolId":%s,"schoolYear":%s,"sessionName":"%s"}}\n' \
                "$day" "$id" "$school" "$school" "$year" "$session"
        done <"$state/alerting"
    done >"$state/before/studentSchoolAttendanceEvents.jsonl"
    # the last school day is known of every school, so that nothing but the third absence changes a flag
    for school in 900001 900002 900003 900004; do
        grep -m 1 " $school " <(tail -n 100 "$state/students") | while read -r id s year session; do
            printf '{"eventDate":"2026-12-18","attendanceEventCategoryDescriptor":"uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy","studentReference":{"studentUniqueId":"%s"},"schoolReference":{"schoolId":%s},"sessionReference":{"schoolId":%s,"schoolYear":%s,"sessionName":"%s"}}\n' \
                "$id" "$s" "$s" "$year" "$session"
        done
    done >>"$state/before/studentSchoolAttendanceEvents.jsonl"
    kith push --kept "$state/kept" "$state/before" >&2
    wait_quiet 120 || die "the daemons did not come to rest"
    /usr/bin/python3 "$repo/tests/bench/latency.py" --url "$edfi_url" --token "$(kith_token)" --students "$state/students" --day 2026-12-18 \
        --rate 500 --seconds "$((seconds * 2))" --alerting "$share" --out "$state/sent" >&2
    wait_quiet 60 || die "the daemons did not come to rest"
    cluster_sql -At -F ' ' -c "SELECT s.body->>'studentUniqueId', encode(uuid_send(m.mail_id), 'hex') FROM notification.alert a
        JOIN ingest.item s ON s.district_id = a.district_id AND s.num = a.student_id
        JOIN notification.delivery d ON d.district_id = a.district_id AND d.alert_id = a.alert_id
        JOIN notification.mail m ON m.district_id = d.district_id AND m.mail_id = d.mail_id WHERE a.rule = 1" >"$state/mailed"
    /usr/bin/python3 - "$state" >"$state/latencies" <<'END'
import pathlib, re, sys
state = pathlib.Path(sys.argv[1])
sent = dict(line.split() for line in open(state / "sent"))
at = {}
for f in (state / "mail").glob("*.eml"):
    text = f.read_text()
    at[re.search(r"^Message-ID: <([0-9a-f]+)@", text, re.M | re.I).group(1)] = float(re.search(r"^X-Sink-Time: ([0-9.]+)", text, re.M).group(1))
late = sorted((at[mail] - float(sent[student])) * 1000 for student, mail in (line.split() for line in open(state / "mailed")) if student in sent and mail in at)
if len(late) < len(sent): sys.exit(f"only {len(late)} of {len(sent)} alerts reached the relay")
print(len(late), late[len(late) // 2], late[min(len(late) - 1, len(late) * 99 // 100)])
END
    read -r n p50 p99 <"$state/latencies"
    report push_to_smtp_p99_ms ms "" 1 "$(conditions "500 POST/s, $n alerts of as many students, each mailed to its advisor; median ${p50%.*} ms")" "$p99" ""
}
latency
