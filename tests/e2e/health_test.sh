#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A school whose attendance does not come: `kith ingest health` says so, the data manager is told once, alerts about attendance there wait and go
# out when it has come.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-21T13:00:00Z # a Monday, 08:00 in Chicago
kith_up
kith_district
sed '/^\[ingest\]/a feed_watch = 200ms' "$state/kith.conf" | home_write "$state/kith.conf"
daemon_hold ingest
daemon_start ingest
(umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
import() { kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" "$@" >"$state/import.txt" 2>&1 || die "refused: $(cat "$state/import.txt")"; }
head=Student_id,School_id,Section_id,Attendance_date,Attendance_type,Attendance_status,Excuse_code,Sis_id
/usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$state/roster.zip" --students 1000 2>/dev/null # schools 900001 and 900002
import "$state/roster.zip"
mkdir "$state/calendar"
/usr/bin/python3 - "$state/calendar" <<'END'
import datetime, json, sys
event = "uri://ed-fi.org/CalendarEventDescriptor#"
with open(sys.argv[1] + "/calendars.jsonl", "w") as c, open(sys.argv[1] + "/calendarDates.jsonl", "w") as d:
    for school in (900001, 900002):
        key = {"calendarCode": "C", "schoolId": school, "schoolYear": 2027}
        c.write(json.dumps({"calendarCode": "C", "schoolReference": {"schoolId": school}, "schoolYearTypeReference": {"schoolYear": 2027},
                            "calendarTypeDescriptor": "uri://ed-fi.org/CalendarTypeDescriptor#School"}) + "\n")
        day = datetime.date(2026, 8, 17)
        while day <= datetime.date(2026, 10, 30):
            what = "Instructional day" if day.weekday() < 5 else "Weekend"
            d.write(json.dumps({"calendarReference": key, "date": str(day), "calendarEvents": [{"calendarEventDescriptor": event + what}]}) + "\n")
            day += datetime.timedelta(1)
END
KITH_CLIENT_SECRET=$client_secret kith push --url "$edfi_url" --client-id "$client_id" --kept "$state/kept" "$state/calendar" >"$state/push.txt" || die "the calendar was refused: $(cat "$state/push.txt")"
# attendance FILE SCHOOL(1|2) DATE STATUS FIRST LAST
attendance() { for ((i = $5; i <= $6; i++)); do printf 'S%06d,90000%s,,%s,daily,%s,,\n' $((i + ($2 - 1) * 500)) "$2" "$3" "$4"; done >>"$1"; }
echo "$head" >"$state/weeks.csv"
for day in 09-14 09-15 09-16 09-17 09-18; do
    for school in 1 2; do attendance "$state/weeks.csv" $school 2026-$day tardy 0 19; done
done
import "$state/weeks.csv"
health() { kith ingest health --json; }
state_of() { health | /usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    o = json.loads(line)
    if o.get("school") == sys.argv[1]: print(o["state"])' "$1"; }
is() { [ "$(state_of "$1")" = "$2" ]; }

say "Early in the morning nothing is due"
expect "school 1" not_due "$(state_of 900001)"
say "At ten one school has sent, the other has not"
echo "$head" >"$state/monday.csv"
attendance "$state/monday.csv" 1 2026-09-21 absent 0 19
import "$state/monday.csv"
kith_clock 2026-09-21T15:01:00Z
expect "school 1" ok "$(state_of 900001)"
expect "school 2" late "$(state_of 900002)"
late_records() { sql "SELECT coalesce(sum(count), 0) FROM ingest.log WHERE type = 18"; }
said() { [ "$(late_records)" = "$1" ]; }
wait_until 20 said 1 || die "no record says that the feed is late"
alerts_of() { sql "SELECT count(*) FROM notification.alert WHERE rule = $1 AND state = '$2'"; }
told() { [ "$(alerts_of 64 open)" = 1 ]; }
wait_until 20 told || die "nobody was told"
wait_quiet 60 || die "the daemons did not come to rest"
# deliveries RULE SCHOOL: their states; mails under way count as mailed
deliveries() {
    sql "SELECT string_agg(d.state, ' ' ORDER BY d.state) FROM notification.delivery d JOIN notification.alert a USING (district_id, alert_id)
        WHERE a.rule = $1 AND a.school_id = $2"
}
expect "the notice" mailed "$(deliveries 64 900002)"
expect "to the district's default adult" 0 "$(sql 'SELECT staff_id FROM notification.alert WHERE rule = 64')"
! grep -qE 'S00|900002' "$state"/mail/*.eml || die "a mail names a school's or student's id"

say "Alerts about attendance at that school wait"
# three days in a row for a student of each school, the days before; they come late
echo "$head" >"$state/absences.csv"
for day in 09-16 09-17 09-18; do
    attendance "$state/absences.csv" 1 2026-$day absent 100 100
    attendance "$state/absences.csv" 2 2026-$day absent 100 100
done
import "$state/absences.csv"
flags() { [ "$(alerts_of 1 open)" = 2 ]; }
wait_until 30 flags || die "the flags were not raised: $(sql 'SELECT rule, school_id, state FROM notification.alert')"
out() { [ "$(deliveries 1 "$1")" = mailed ]; }
wait_until 20 out 900001 || die "the alert of the school whose feed is here was held too: $(deliveries 1 900001)"
wait_quiet 60 || die "what is held is not at rest"
expect "the other's" queued "$(deliveries 1 900002)"
kith alerts list --all --json >"$state/alerts.json" || kith alerts list --json >"$state/alerts.json"
grep -q '"rule": *"feed_late"' "$state/alerts.json" || die "kith alerts list does not show the notice"
kith_clock 2026-09-21T23:00:00Z
wait_quiet 60
expect "the other's in the evening" queued "$(deliveries 1 900002)"

say "Killed in between, nothing is said twice"
daemon_kill ingest
daemon_kill notification
wait_until 20 daemon_ready ingest
wait_until 20 daemon_ready notification
sleep 1
expect "records of late feeds" 1 "$(late_records)"
expect "the held one" queued "$(deliveries 1 900002)"

say "It comes after all"
echo "$head" >"$state/late.csv"
attendance "$state/late.csv" 2 2026-09-21 absent 0 19
import "$state/late.csv"
wait_until 20 said 2 || die "no record says that the feed is back"
wait_until 30 out 900002 || die "the held alert did not go out: $(deliveries 1 900002)"
expect "the notice" resolved "$(sql 'SELECT state FROM notification.alert WHERE rule = 64')"
expect "school 2" ok "$(state_of 900002)"

say "What is taken back and said again tells nobody twice"
echo "$head" >"$state/back.csv"
attendance "$state/back.csv" 1 2026-09-17 present 100 100
import "$state/back.csv"
rule1() { [ "$(sql "SELECT state FROM notification.alert WHERE rule = 1 AND school_id = 900001")" = "$1" ]; }
wait_until 20 rule1 resolved || die "the flag was not cleared"
import "$state/absences.csv"
wait_until 20 rule1 open || die "the flag did not come back"
wait_quiet 60
expect "deliveries" mailed "$(deliveries 1 900001)"
expect "its episode" 1 "$(sql 'SELECT max(episode) FROM risk.flag WHERE rule = 1')"

say "How a day is made of its marks is the district's to say"
low() { sql 'SELECT count(*) FROM risk.flag WHERE rule = 2 AND cleared_at IS NULL'; }
before=$(low)
swept() { [ "$(low)" = "$1" ]; }
# of 500 students at a school 21 have marks at all: with presence sent, too, a day without a mark does not count, and nobody has ten counted days
kith ingest policy set attendance positive >/dev/null || die "the policy was refused"
wait_until 20 swept 0 || die "flags about attendance where no day counts: $(low)"
daemon_kill risk
daemon_kill ingest
wait_until 20 daemon_ready risk
wait_until 20 daemon_ready ingest
kith ingest policy list --json | grep -q '"positive"' || die "the policy is not listed"
kith ingest policy set attendance default >/dev/null
wait_until 20 swept "$before" || die "flags after the policy was taken back: $(low), before $before"
! kith ingest policy set day_status tardy >/dev/null 2>&1 || die "half an order was taken"

say "A policy for one school"
kith ingest policy set attendance_due never --school 900002 >/dev/null || die "the policy was refused"
kith_clock 2026-09-22T16:00:00Z
expect "school 1 on the next day" late "$(state_of 900001)"
expect "school 2, of which nothing is expected" not_due "$(state_of 900002)"
! kith ingest policy set attendance_due 25:00 >/dev/null 2>&1 || die "25:00 was taken"
kith ingest health >"$state/health.txt"
grep -q 'rows_waiting' "$state/health.txt" || die "the counts are not shown: $(cat "$state/health.txt")"
say "Flags may have to settle first"
sed '/^\[notification\]/a settle = 10min' "$state/kith.conf" | home_write "$state/kith.conf"
daemon_hold notification
daemon_start notification
echo "$head" >"$state/settle.csv"
for day in 09-16 09-17 09-18; do attendance "$state/settle.csv" 1 2026-$day absent 200 200; done
attendance "$state/settle.csv" 1 2026-09-22 tardy 0 19
import "$state/settle.csv"
raised() { [ "$(alerts_of 1 open)" = 3 ]; }
wait_until 20 raised || die "the third flag was not raised"
sleep 2
expect "deliveries" "mailed queued" "$(deliveries 1 900001)"
kith_clock 2026-09-22T16:11:00Z
settled() { [ "$(deliveries 1 900001)" = "mailed mailed" ]; }
wait_until 20 settled || die "a settled flag was not mailed: $(deliveries 1 900001)"

for name in risk notification ingest; do daemon_hold "$name"; done
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log || die "a sanitizer found something (the lines above)"
