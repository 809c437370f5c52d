#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Attendance as a file: states of days and meetings, corrected by later files; rows that wait for a roster; a district's own columns and codes;
# with ingest killed in the middle.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
sed '/^\[ingest\]/a drop_quiet = 300ms' "$state/kith.conf" | home_write "$state/kith.conf"
daemon_hold ingest
daemon_start ingest
(umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
import() { kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" "$@"; }
head=Student_id,School_id,Section_id,Attendance_date,Attendance_type,Attendance_status,Excuse_code,Sis_id
file() { # file NAME ROW...
    local name=$1
    shift
    printf '%s\n' "$head" "$@" >"$state/$name"
}
marks() { # marks STUDENT: what is stored, "date category" in order
    sql "SELECT a.event_date || ' ' || regexp_replace(c.uri, '^.*#', '') FROM ingest.attendance a
        JOIN ingest.category c USING (district_id, category_id) JOIN ingest.item i ON i.district_id = a.district_id AND i.num = a.student_id
        WHERE i.body ->> 'studentUniqueId' = '$1' ORDER BY 1" | paste -sd ';'
}
all() { sql "SELECT count(*) FROM ingest.attendance"; }
/usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$state/roster.zip" --students 500 2>/dev/null

say "Rows that come before the roster wait"
file early.csv S000000,900001,,2026-09-14,daily,absent,, S000001,900001,,2026-09-14,daily,tardy,,
import "$state/early.csv" >"$state/early.txt" || die "a file whose students are not known yet was refused: $(cat "$state/early.txt")"
grep -q 'attendance.csv:2.*\[session_unknown\]' "$state/early.txt" || die "it is not said which rows wait: $(cat "$state/early.txt")"
expect "marks" 0 "$(all)"
expect "rows that wait" 2 "$(sql 'SELECT count(*) FROM ingest.parked')"
import "$state/roster.zip" >/dev/null || die "the roster was refused"
expect "rows that wait after the roster" 0 "$(sql 'SELECT count(*) FROM ingest.parked')"
expect "an absence" "2026-09-14 Unexcused Absence" "$(marks S000000)"
expect "a tardy" "2026-09-14 Tardy" "$(marks S000001)"

say "A later file says how it is now"
file more.csv S000000,900001,,2026-09-14,daily,absent,excused, S000001,900001,,2026-09-14,daily,present,, \
    S000002,900001,CL-SCH000-0-0,2026-09-15,section,absent,, 'S000003,900001,,2026-09-15,daily,"absent,tardy",,' \
    S000004,900001,,2026-09-15,daily,absent,FT, NOBODY,900001,,2026-09-15,daily,absent,, S000005,900001,,2026-07-01,daily,absent,,
import --json "$state/more.csv" >"$state/more.json" || die "refused: $(cat "$state/more.json")"
expect "now excused" "2026-09-14 Excused Absence" "$(marks S000000)"
expect "now present" "2026-09-14 In Attendance" "$(marks S000001)"
expect "a meeting" "2026-09-15 Unexcused Absence" "$(marks S000002)"
expect "both at once: two events" "2026-09-15 Tardy;2026-09-15 Unexcused Absence" "$(marks S000003)"
expect "a code that nobody gave a meaning" "2026-09-15 Absent FT" "$(marks S000004)"
expect "rows that wait: an unknown student, a day without a session" 2 "$(sql 'SELECT count(*) FROM ingest.parked')"
before=$(all)
position=$(sql 'SELECT max(pos) FROM ingest.log')
import --json "$state/more.csv" >"$state/again.json" || die "the same again was refused"
expect "marks" "$before" "$(all)"
expect "log records of the same again" "$position" "$(sql 'SELECT max(pos) FROM ingest.log')"
grep -q '"resource":"studentSchoolAttendanceEvents".*"unchanged":5' "$state/again.json" || die "not all unchanged: $(cat "$state/again.json")"

say "A vacation entered ahead, and trimmed"
file ahead.csv S000030,900001,,2026-10-05,daily,absent,excused, S000030,900001,,2026-10-06,daily,absent,excused,
import "$state/ahead.csv" >/dev/null || die "dates in the future were refused"
expect "two days ahead" "2026-10-05 Excused Absence;2026-10-06 Excused Absence" "$(marks S000030)"
file trimmed.csv S000030,900001,,2026-10-06,daily,present,,
import "$state/trimmed.csv" >/dev/null || die "the trimmed vacation was refused"
expect "one day, and back on the next" "2026-10-05 Excused Absence;2026-10-06 In Attendance" "$(marks S000030)"
before=$(all)

say "A schoolId beyond 32 bits, and one section id in two courses"
token=$(kith_token)
post() { curl -fsS -m 10 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary @- "$edfi_url/data/v3/ed-fi/$1"; }
expect "a large schoolId" 201 "$(sql "SELECT jsonb_set(body, '{schoolId}', '5000000001') FROM ingest.item WHERE resource = 'schools' LIMIT 1" | post schools)"
expect "and back" 5000000001 "$(curl -fsS -H "Authorization: Bearer $token" "$edfi_url/data/v3/ed-fi/schools?schoolId=5000000001" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["schoolId"])')"
expect "the same section id in another course" 201 "$(sql "SELECT jsonb_set(body, '{sectionIdentifier}', '\"CL-SCH000-0-0\"') FROM ingest.item WHERE resource = 'sections'
    AND body ->> 'sectionIdentifier' = 'CL-SCH000-1-0'" | post sections)"
for course in 0 1; do
    expect "a mark in each" 201 "$(sql "SELECT jsonb_build_object('eventDate', '2026-09-14', 'attendanceEventCategoryDescriptor', 'uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy',
        'studentReference', jsonb_build_object('studentUniqueId', 'S000031'), 'sectionReference', (body -> 'courseOfferingReference') || jsonb_build_object('sectionIdentifier', 'CL-SCH000-0-0'))
        FROM ingest.item WHERE resource = 'sections' AND body ->> 'sectionIdentifier' = 'CL-SCH000-0-0' ORDER BY id LIMIT 1 OFFSET $course" | post studentSectionAttendanceEvents)"
done
expect "two places" 2 "$(sql "SELECT count(DISTINCT place_id) FROM ingest.attendance WHERE section AND event_date = '2026-09-14'")"
before=$(all)

say "One bad row, and nothing of the file is taken"
file bad.csv S000006,900001,,2026-09-15,daily,absent,, S000007,900001,,2026-09-15,daily,late,,
! import "$state/bad.csv" >"$state/bad.txt" || die "a file with a wrong status was taken"
grep -q ':3:.*\[value_invalid\]' "$state/bad.txt" || die "the place is not said: $(cat "$state/bad.txt")"
expect "marks" "$before" "$(all)"

say "A district's own columns and codes"
cat >"$state/kith.map" <<'END_MAP'
[attendance.csv]
file = aspen.csv
needs = local_id
Student_id = local_id
School_id = school | codes schools
Attendance_date = event_date | date %m/%d/%Y
Attendance_type = "daily"
Attendance_status = flags absent:absence tardy:tardy | else "present"
Excuse_code = excused | codes why
[codes schools]
HS = 900001
[codes why]
1 = excused
0 = unexcused
END_MAP
printf '%s\n' local_id,school,event_date,absence,tardy,excused S000010,HS,09/16/2026,1,0,1 S000011,HS,09/16/2026,1,1,0 S000012,HS,09/16/2026,0,0,0 \
    ,HS,09/16/2026,1,0,0 >"$state/aspen.csv"
import --map "$state/kith.map" "$state/aspen.csv" >"$state/aspen.txt" || die "refused: $(cat "$state/aspen.txt")"
expect "excused" "2026-09-16 Excused Absence" "$(marks S000010)"
expect "two flags" "2026-09-16 Tardy;2026-09-16 Unexcused Absence" "$(marks S000011)"
expect "no flag" "2026-09-16 In Attendance" "$(marks S000012)"

say "Files that are dropped"
drop=$state/drop/$district_id
wait_until 10 test -d "$drop" || die "there is no drop folder for the district"
file dropped.csv S000020,900001,,2026-09-16,daily,absent,,
as_owner cp "$state/dropped.csv" "$drop/day.csv.part"
as_owner mv "$drop/day.csv.part" "$drop/day.csv"
wait_until 20 test -f "$drop/receipts/day.csv.json" || die "the dropped file was not taken"
expect "its state" applied "$(/usr/bin/python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["state"])' "$drop/receipts/day.csv.json")"
expect "what it said" "2026-09-16 Unexcused Absence" "$(marks S000020)"
as_owner cp "$state/kith.map" "$drop/kith.map"
sed -i 's/^S000010,/S000021,/' "$state/aspen.csv"
as_owner cp "$state/aspen.csv" "$drop/aspen.csv"
wait_until 20 test -f "$drop/receipts/mapped.json" || die "the dropped file with a map was not taken"
expect "what it said" "2026-09-16 Excused Absence" "$(marks S000021)"
as_owner cp "$state/bad.csv" "$drop/bad.csv"
wait_until 20 test -f "$drop/receipts/bad.csv.json" || die "the bad file was not taken"
grep -q '"refused".*value_invalid' "$drop/receipts/bad.csv.json" || die "what is wrong is not said: $(cat "$drop/receipts/bad.csv.json")"
expect "what is left in the drop folder" "kith.map receipts" "$(find "$drop" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' ')"
before=$(all)

say "ingest is killed while a file is on its way"
/usr/bin/python3 -c '
print("'"$head"'")
words = "absent tardy present".split()
for day in range(1, 19):
    for i in range(500):
        print(f"S{i:06},900001,,2026-09-{day:02},daily,{words[(i + day) % 3]},,")' >"$state/large.csv"
import "$state/large.csv" >"$state/large.txt" 2>&1 &
sender=$!
more() { [ "$(all)" != "$before" ]; }
wait_until 20 more || die "nothing of the file is stored"
daemon_kill ingest
wait "$sender" || die "the import did not survive: $(cat "$state/large.txt")"
expect "marks: a row for every student and day, three of meetings and two of a vacation" 9005 "$(all)"
wait_quiet 60 || die "the daemons did not come to rest"
for name in risk notification ingest; do daemon_hold "$name"; done
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log || die "a sanitizer found something (the lines above)"
! grep -lE 'S00000|NOBODY' "$state"/log/{ingest,risk,notification}.log || die "a student's id is in a log"
