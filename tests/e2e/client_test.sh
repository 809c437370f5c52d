#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The native door's client: rows wait in its spool while Kith is away, and every row that was put arrives once, whoever is killed in the middle.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-12-18T20:00:00Z
kith_up
kith_district
/usr/bin/python3 "$repo/tests/district/generate.py" --out "$state/sis" --students 300 --schools 1 --until 2026-08-17 2>/dev/null
kith push --kept "$state/kept" "$state/sis/roster" >"$state/roster.txt" || die "the roster was refused: $(cat "$state/roster.txt")"
mkdir "$state/events"
/usr/bin/python3 - "$state/sis/roster" >"$state/events/studentSchoolAttendanceEvents.jsonl" <<'END'
import datetime, json, sys
for line in open(sys.argv[1] + "/studentSchoolAssociations.jsonl"):
    s = json.loads(line)
    for day in range(100):
        print(json.dumps({"eventDate": str(datetime.date(2026, 8, 17) + datetime.timedelta(day)), "studentReference": s["studentReference"],
                          "schoolReference": s["schoolReference"],
                          "sessionReference": {"schoolId": s["schoolReference"]["schoolId"], "schoolYear": 2027, "sessionName": "Fall Semester"},
                          "attendanceEventCategoryDescriptor": "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy"}))
END
rows=$(wc -l <"$state/events/studentSchoolAttendanceEvents.jsonl")
spool=$state/spool
push() { kith push --zmq --spool "$spool" --kept "$state/kept" "$@"; }
stored() { sql 'SELECT count(*) FROM ingest.attendance'; }

say "Kith is away: rows wait in the spool"
daemon_hold ingest
head -n 1000 "$state/events/studentSchoolAttendanceEvents.jsonl" >"$state/first.jsonl"
mkdir "$state/first"
mv "$state/first.jsonl" "$state/first/studentSchoolAttendanceEvents.jsonl"
! push --tries 1 --json "$state/first" >"$state/away.json" 2>"$state/away.txt" || die "a push without Kith says that all arrived"
grep -q '"unsent":1000' "$state/away.json" || die "what is unsent is not counted: $(cat "$state/away.json")"
grep -q '1000 rows wait' "$state/away.txt" || die "it is not said where the rows are: $(cat "$state/away.txt")"
expect "the spool is ours alone" "700 600" "$(stat -c %a "$spool") $(stat -c %a "$spool"/*.seg)"
daemon_start ingest
mkdir "$state/none"
: >"$state/none/studentSchoolAttendanceEvents.jsonl"
push "$state/none" >/dev/null 2>"$state/later.txt" || die "the rows in the spool were refused: $(cat "$state/later.txt")"
grep -q '1000 of 1000 rows' "$state/later.txt" || die "it is not said that they arrived: $(cat "$state/later.txt")"
expect "stored" 1000 "$(stored)"

say "Sender and Kith are killed again and again"
kills=0
for ((k = 0; k < 6; k++)); do
    push --batch 4 "$state/events" >"$state/push.txt" 2>&1 &
    sender=$!
    sleep "0.$((RANDOM % 5 + 2))"
    [ $((k % 2)) -eq 0 ] || daemon_kill ingest
    # the command is a child of the wrapper that runs it as the owner
    victim=$(pgrep -f "push --zmq --spool $spool" | head -n 1 || true)
    [ -z "$victim" ] || { kill -9 "$victim" && kills=$((kills + 1)); }
    wait "$sender" 2>/dev/null || true
done
[ "$kills" -gt 0 ] || die "no sender was caught alive"
wait_until 20 daemon_ready ingest
push "$state/events" >"$state/push.txt" 2>&1 || die "the last push failed: $(cat "$state/push.txt")"
expect "stored: every row once" "$rows" "$(stored)"
expect "records of them in the log" "$rows" "$(sql 'SELECT sum(count) FROM ingest.log WHERE type = 8')"
expect "left in the spool" 0 "$(($(find "$spool" -name '*.seg' -size +0 | wc -l) - 1))"

say "Two senders, and a wrong key"
daemon_hold ingest
push --tries 3 "$state/events" >"$state/one.txt" 2>&1 &
sender=$!
busy() { ! flock -n "$spool/lock" true; }
wait_until 10 busy || die "the first sender does not hold its spool"
! push "$state/none" >"$state/two.txt" 2>&1 || die "a second sender on the same spool was let in"
grep -q 'another process' "$state/two.txt" || die "it is not said why: $(cat "$state/two.txt")"
wait "$sender" || true
! push --server-key xx "$state/none" >"$state/key.txt" 2>&1 || die "a key that is none was taken"
grep -q 'not valid' "$state/key.txt" || die "it is not said what is wrong: $(cat "$state/key.txt")"
daemon_start ingest
for name in risk notification ingest; do daemon_hold "$name"; done
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log "$state"/*.txt || die "a sanitizer found something (the lines above)"
