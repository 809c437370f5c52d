#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# the spine: native and Ed-Fi door against COPY and pgbench, and from a push to the mail
export KITH_FSYNC=on KITH_SHARED_BUFFERS=1GB
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/bench/lib/doors.sh"
bench=spine
quick=${KITH_QUICK:-no}
if [ "$quick" = yes ]; then runs=1 events=50000 singles=20000 seconds=4; else runs=3 events=300000 singles=150000 seconds=10; fi

kith_temp
kith_clock 2026-12-18T20:00:00Z
kith_up "$KITH_BUILD"
kith_district
doors_ready
# The doors alone: the readers would take half of the machine away from what is measured.
readers_hold
warm_up
# 12,800 events under way: both sides commit 5,000 at a time
native native_batch_events "$events" 100 128
native native_single_events "$singles" 1 4096
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
