#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real sample of Ed-Fi: two schools, a year of attendance. Pushed over HTTP, again, and over the native door: stored once. Flags are
# those of expected_flags.py, student by student, also after corrections; what means nothing flags nobody; names stay home.
#
# The sample is not in this repository: KITH_SHARED, or ../shared beside the source folder, holds data/ingest/edfi-ds52-jsonl.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
sample=${KITH_SHARED:-$repo/../shared}/data/ingest/edfi-ds52-jsonl
[ -f "$sample/students.jsonl" ] || skip "no sample at $sample (set KITH_SHARED to the folder that holds data/ingest/edfi-ds52-jsonl)"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"
here=$repo/tests/e2e
as_of=2022-05-27

kith_temp
work=$state/work
made=$work/made
mkdir -p "$work"
/usr/bin/python3 "$here/real_complete.py" "$sample" "$made" >"$work/made.json"
of_made() { json_field "$1" <"$work/made.json"; }
kith_clock "${as_of}T20:00:00Z" # three in the afternoon at school
kith_up
kith_district

# ---- helpers ----

# push_counts NAME ARGUMENT...: pushes; $work/NAME.jsonl gets a line a resource.
push_counts() {
    local name=$1 status=0
    shift
    push --json "$@" >"$work/$name.jsonl" 2>"$work/$name.err" || status=$?
    [ "$status" -eq 0 ] || { cat "$work/$name.err" "$work/$name.jsonl" >&2; die "kith push $*: status $status"; }
}
# counts_of NAME RESOURCE: accepted updated duplicate rejected
counts_of() {
    /usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["resource"] == sys.argv[2]: print(r["accepted"], r["updated"], r["duplicate"], r["rejected"])' "$work/$1.jsonl" "$2"
}
# total_of NAME: the same of all resources
total_of() {
    /usr/bin/python3 -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
print(*[sum(r[k] for r in rows) for k in ("accepted", "updated", "duplicate", "rejected")])' "$work/$1.jsonl"
}
judged() { [ "$(sql 'SELECT count(*) FILTER (WHERE complete) FROM risk.pub_as_of')" = 1 ]; }
settle() { wait_quiet 60 && wait_until 30 judged && wait_quiet 60 || { kith status >&2 || true; die "the daemons do not come to rest"; }; }

# flags_of_kith FILE: open flags in the words of expected_flags.py. Only this test joins ingest's names to risk's numbers.
flags_of_kith() {
    sql "SELECT i.body->>'studentUniqueId', (ARRAY['consecutive_unexcused', 'low_attendance', 'no_contact'])[f.rule], f.since, f.value
         FROM risk.flag f JOIN ingest.item i ON i.district_id = f.district_id AND i.resource = 'students' AND i.num = f.student_id
         WHERE f.cleared_at IS NULL" | sort >"$1"
    expect "flags that have a student" "$(sql 'SELECT count(*) FROM risk.flag WHERE cleared_at IS NULL')" "$(wc -l <"$1")"
}
# flags_agree WHAT FOLDER...: Kith's flags and expected_flags.py's; the latter stay in $work/flags.
flags_agree() {
    local what=$1
    shift
    settle
    /usr/bin/python3 "$here/expected_flags.py" --as-of "$as_of" --contacts "$work/contacts.jsonl" "$@" | sort >"$work/flags"
    flags_of_kith "$work/flags.kith"
    diff "$work/flags" "$work/flags.kith" >"$work/flags.diff" ||
        { head -n 20 "$work/flags.diff" >&2; die "flags differ from expected_flags.py, $what (< expected, > Kith)"; }
}
# Everything that must not move when nothing new came.
positions() {
    sql "SELECT (SELECT max(pos) FROM ingest.log), (SELECT max(pos) FROM risk.log), (SELECT max(pos) FROM notification.log),
         (SELECT count(*) FROM notification.alert), (SELECT count(*) FROM notification.inbox), (SELECT count(*) FROM notification.mail)"
}
number_of() { sql "SELECT num FROM ingest.item WHERE resource = 'students' AND body->>'studentUniqueId' = '$1'"; }
status_field() { kith status --json | /usr/bin/python3 -c '
import json, sys
v = json.load(sys.stdin)["districts"][0]
for part in sys.argv[1:]: v = v.get(part, 0)
print(v)' "$@"; }

# ---- once ----
: >"$work/contacts.jsonl"
push_counts first "$sample" "$made/roster"
expect "school attendance at first" "1297 0 0 0" "$(counts_of first studentSchoolAttendanceEvents)"
expect "section attendance at first" "66 0 0 0" "$(counts_of first studentSectionAttendanceEvents)"
rows=$(cat "$sample"/*.jsonl "$made"/roster/*.jsonl | grep -c .)
expect "all rows at first" "$rows 0 0 0" "$(total_of first)"
expect "school attendance stored" 1297 "$(sql 'SELECT count(*) FROM ingest.attendance WHERE NOT section')"
expect "section attendance stored" 66 "$(sql 'SELECT count(*) FROM ingest.attendance WHERE section')"
expect "documents stored" $((rows - 1297 - 66)) "$(sql 'SELECT count(*) FROM ingest.item')"
flags_agree "after the first push" "$sample" "$made/roster"
[ "$(grep -c low_attendance "$work/flags")" -ge 20 ] || die "too few expected flags: the sample or real_complete.py changed"
say "flags of the sample: $(cut -d' ' -f2 "$work/flags" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')"

# Events of students without enrolment: kept, counted, and they flag nobody.
orphans=$(of_made orphans)
[ "$orphans" -gt 0 ] || die "no event without enrolment was made"
expect "events without enrolment" "$orphans" "$(status_field risk 'marks without enrollment')"
strangers="SELECT s.num FROM ingest.item s WHERE s.resource = 'students' AND NOT EXISTS (SELECT 1 FROM ingest.item e
    WHERE e.resource = 'studentSchoolAssociations' AND e.body->'studentReference'->>'studentUniqueId' = s.body->>'studentUniqueId')"
[ "$(sql "SELECT count(DISTINCT student_id) FROM ingest.attendance WHERE student_id IN ($strangers)")" -ge 10 ] || die "too few students without enrolment"
expect "flags of students without enrolment" 0 "$(sql "SELECT count(*) FROM risk.flag WHERE student_id IN ($strangers)")"

# Every flag has its alert, every alert its inbox row; the adult of last resort got mail.
expect "alerts" "$(wc -l <"$work/flags")" "$(sql "SELECT count(*) FROM notification.alert WHERE state = 'open'")"
expect "inbox rows" "$(wc -l <"$work/flags")" "$(sql 'SELECT count(*) FROM notification.inbox')"
mail_arrived() { [ -n "$(find "$state/mail" -name '*.eml' | head -n 1)" ]; }
wait_until 30 mail_arrived || die "no mail was sent"

# ---- again, and over the other door ----
before=$(positions)
push_counts second "$sample" "$made/roster"
expect "all rows again" "0 0 $rows 0" "$(total_of second)"
push_counts native --zmq "$sample" "$made/roster"
expect "all rows over the native door" "0 0 $rows 0" "$(total_of native)"
settle
expect "log positions, alerts, inbox rows and mails after pushing again" "$before" "$(positions)"

# ---- what comes later ----
push_counts late "$made/late"
expect "late absences" "16 0 0 0" "$(total_of late)"
flags_agree "after the late absences" "$sample" "$made/roster" "$made/late"
expect "runs of unexcused absence" 4 "$(grep -c consecutive_unexcused "$work/flags")"

# An adult speaks with five students: no more flag for them.
grep -m 5 no_contact "$work/flags" | while read -r student _; do
    kith contact add --district "$district" --student "$(number_of "$student")" --by counselor --date 2022-05-20 >/dev/null
    printf '{"studentUniqueId": "%s", "date": "2022-05-20"}\n' "$student" >>"$work/contacts.jsonl"
done
cp "$work/flags" "$work/flags.before"
flags_agree "after five contacts" "$sample" "$made/roster" "$made/late"
expect "flags less after five contacts" 5 "$(($(wc -l <"$work/flags.before") - $(wc -l <"$work/flags")))"

# A category without a meaning: stored, counted, flags nobody.
expect "events without a meaning at first" 0 "$(status_field attendance unmapped)"
push_counts unmapped "$made/unmapped"
expect "events of an unknown category" "3 0 0 0" "$(total_of unmapped)"
flags_agree "with events of no meaning" "$sample" "$made/roster" "$made/late" "$made/unmapped"
expect "events without a meaning" 3 "$(status_field attendance unmapped)"

# ---- corrections: the SIS finds an event by its key, deletes it, posts another ----
cp "$work/flags" "$work/flags.before"
/usr/bin/python3 "$here/real_correct.py" "$work/flags" "$work" "$sample" "$made/late" "$made/unmapped" >"$work/corrections"
while read -r n _ _ _ query; do
    edfi GET "studentSchoolAttendanceEvents?$query"
    expect "GET of event $n" 200 "$edfi_status"
    id=$(/usr/bin/python3 -c 'import json, sys; (e,) = json.load(sys.stdin); print(e["id"])' <<<"$edfi_body")
    edfi DELETE "studentSchoolAttendanceEvents/$id"
    expect "DELETE of event $n" 204 "$edfi_status"
    edfi GET "studentSchoolAttendanceEvents/$id"
    expect "GET of the deleted event $n" 404 "$edfi_status"
    edfi POST studentSchoolAttendanceEvents "$work/$n.json"
    expect "POST of event $n" 201 "$edfi_status"
done <"$work/corrections"
mkdir "$work/rest"
cp "$made"/roster/*.jsonl "$work/rest"
flags_agree "after the corrections" "$work/corrected" "$work/rest"
while read -r n what student rule _; do
    was=$(grep "^$student $rule " "$work/flags.before")
    is=$(grep "^$student $rule " "$work/flags" || true)
    case $what in
    clears) [ -z "$is" ] || die "correction $n does not clear '$was'" ;;
    changes) [ -n "$is" ] && [ "$is" != "$was" ] || die "correction $n does not change '$was': '$is'" ;;
    esac
    [ "$what" = changes ] || expect "alert of correction $n" resolved "$(sql "SELECT a.state FROM notification.alert a
        WHERE a.student_id = $(number_of "$student") AND a.rule = $([ "$rule" = low_attendance ] && echo 2 || echo 1)")"
done <"$work/corrections"
expect "alerts after the corrections" "$(wc -l <"$work/flags")" "$(sql "SELECT count(*) FROM notification.alert WHERE state = 'open'")"
expect "stored events after the corrections" $((1297 + 16 + 3)) "$(sql 'SELECT count(*) FROM ingest.attendance WHERE NOT section')"

# ---- names stay home ----
# Fractions of seconds and process ids have as many digits as the sample's identifiers: they are cut off.
mkdir "$work/out"
plain() { sed -E 's/\.[0-9]+//g; s/\[[0-9]+\]//g' >"$work/out/$1"; }
names_of "$sample" >"$work/names"
for name in "${daemons[@]}"; do
    curl -fsS -m 5 "http://127.0.0.1:$(daemon_http "$name")/metrics" | plain "$name.metrics"
    plain "$name.log" <"$state/log/$name.log"
    sql "SELECT encode(payload, 'escape') FROM $name.log" | plain "$name.payloads"
done
plain postgresql.log <"$state/log/postgresql.log"
find "$state/mail" -name '*.eml' -exec cat {} + | plain mails
(cd / && "$pg_bin/pg_dump" -h "$runtime" -p "$cluster_port" -U kith -d "$cluster_database" --data-only -n risk -n notification) | plain tables
grep -q 'https://kith.example' "$work/out/mails" || die "the mails cannot be read: the check of names would say nothing"
grep -q 'Grand Bend' "$work/out/ingest.payloads" || die "the payloads cannot be read: the check of names would say nothing"
names_absent_from "$work/names" "$work/out"
daemons_end
say "$(wc -l <"$work/names") names and identifiers are in no log, metric, record, table of another daemon or mail"
