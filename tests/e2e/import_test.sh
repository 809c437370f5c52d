#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packages of rosters: applied whole or not at all, again without a change, quarantined when they shrank, marked when somebody vanished;
# with ingest killed and PostgreSQL away in the middle.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
generate() { /usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$@" 2>/dev/null; }
import() { kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" "$@"; }
(umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
# what a change of anything would change
stored() { sql 'SELECT (SELECT count(*) FROM ingest.item), (SELECT count(*) FROM ingest.item_ref), (SELECT sum(digest % 1000003) FROM ingest.item), (SELECT sum(count) FROM ingest.log WHERE type <> 19)'; }
count() { sql "SELECT count(*) FROM ingest.item WHERE resource = '$1'"; }
of() { /usr/bin/python3 -c 'import json, sys
for line in open(sys.argv[1]):
    o = json.loads(line)
    if o.get("resource") == sys.argv[2]: print(o[sys.argv[3]])' "$@"; }

generate "$state/full.zip" --students 1000
generate "$state/few.zip" --students 1000 --drop 30
generate "$state/broken.zip" --students 1000 --drop 300

# delta OUT USER...: these students come, and the first enrollment of S000000 goes
delta() {
    /usr/bin/python3 - "$@" <<'END_PYTHON'
import sys, zipfile
head = "sourcedId,status,dateLastModified,"
now = "2026-09-18T12:00:00.000Z"
users = "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
enrollments = "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
known = "academicSessions categories classResources classes courseResources courses demographics enrollments lineItems orgs resources results users".split()
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("manifest.csv", "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n" +
               "".join(f"file.{f},{'delta' if f in ('users', 'enrollments') else 'absent'}\n" for f in known))
    z.writestr("users.csv", head + users + "\n" + "".join(
        f"{u},active,{now},true,SCH000,student,{u.lower()},,Nia,Noll,,{u},,,,,09,\n" for u in sys.argv[2:]))
    z.writestr("enrollments.csv", head + enrollments + f"\nE000000-0,tobedeleted,{now},CL-SCH000-0-0,SCH000,S000000,student,,,\n" + "".join(
        f"E-{u},active,{now},CL-SCH000-0-0,SCH000,{u},student,,,\n" for u in sys.argv[2:]))
END_PYTHON
}
delta "$state/delta1.zip" N1
delta "$state/delta2.zip" N2 N3

say "A delta before any bulk package"
! import "$state/delta1.zip" >"$state/early.txt" || die "a delta with nothing before it was applied"
grep -q 'delta_alone' "$state/early.txt" || die "it is not said what is missing: $(cat "$state/early.txt")"
expect "files left in the import folder" "" "$(ls "$state/imports")"

say "The first package"
import --json "$state/full.zip" >"$state/first.json" || die "refused: $(cat "$state/first.json")"
expect students 1000 "$(count students)"
expect "section rosters" 8000 "$(count studentSectionAssociations)"
expect "references of a roster row" 2 "$(sql "SELECT count(*) FROM ingest.item_ref WHERE id = (SELECT id FROM ingest.item WHERE resource = 'studentSectionAssociations' LIMIT 1)")"
expect "references with the documents and in their table" "$(sql 'SELECT sum(cardinality(refs)) FROM ingest.item')" "$(sql 'SELECT count(*) FROM ingest.item_ref')"
expect "students with a number" 1000 "$(sql "SELECT count(DISTINCT num) FROM ingest.item WHERE resource = 'students'")"
expect "log positions without a hole" t "$(sql 'SELECT max(pos) = sum(count) FROM ingest.log')"
wait_quiet 60 || die "the daemons did not come to rest"
expect "enrollments that risk knows" 1000 "$(sql 'SELECT count(*) FROM risk.enrollment')"

say "The same again, by another client's eyes"
before=$(stored)
import --json "$state/full.zip" >"$state/again.json" || die "refused the second time"
expect "what is stored" "$before" "$(stored)"
expect "new students" 0 "$(of "$state/again.json" students created)"
expect "unchanged students" 1000 "$(of "$state/again.json" students unchanged)"
# the same documents through the other door are duplicates too: import and Ed-Fi agree on identity and form
mkdir "$state/jsonl"
for r in schools sessions sections studentSectionAssociations staffSectionAssociations studentCohortAssociations; do
    sql "SELECT body FROM ingest.item WHERE resource = '$r' ORDER BY id LIMIT 50" >"$state/jsonl/$r.jsonl"
done
KITH_CLIENT_SECRET=$client_secret kith push --url "$edfi_url" --client-id "$client_id" --json --kept "$state/kept" "$state/jsonl" >"$state/push.json"
! grep -qE '"(accepted|updated|rejected|unsent)":[1-9]' "$state/push.json" || die "the Ed-Fi door sees other documents: $(cat "$state/push.json")"

say "A package that broke off changes nothing until it is confirmed"
! import "$state/broken.zip" >"$state/broken.txt" || die "a broken package was applied"
grep -q 'quarantined' "$state/broken.txt" || die "no word of quarantine: $(cat "$state/broken.txt")"
grep -q '300 of 1000 students' "$state/broken.txt" || die "the difference is not shown: $(cat "$state/broken.txt")"
expect "what is stored" "$before" "$(stored)"
told() { [ "$(sql "SELECT state FROM notification.alert WHERE rule = 65")" = "$1" ]; }
wait_until 20 told open || die "the data manager was not told that a package waits"
id=$(sed -n 's/^Import \([0-9]*\): quarantined$/\1/p' "$state/broken.txt")
import --discard "$id" >/dev/null || die "cannot discard import $id"
wait_until 20 told resolved || die "the notice was not taken back"
! import --confirm "$id" >/dev/null 2>&1 || die "a discarded import was confirmed"

say "Who vanishes is marked, and comes back"
import "$state/few.zip" >/dev/null || die "a package with 30 students less was refused"
expect "students kept" 1000 "$(count students)"
expect "students missing" 30 "$(sql "SELECT n FROM ingest.pub_missing_count WHERE resource = 'students'")"
expect "their school enrollments kept" 1000 "$(count studentSchoolAssociations)"
expect "their seats in classes" 7760 "$(count studentSectionAssociations)"
expect "references" "$(sql 'SELECT sum(cardinality(refs)) FROM ingest.item')" "$(sql 'SELECT count(*) FROM ingest.item_ref')"
import "$state/full.zip" >/dev/null
expect "students missing after they came back" "" "$(sql "SELECT n FROM ingest.pub_missing_count WHERE resource = 'students'")"
expect "seats" 8000 "$(count studentSectionAssociations)"

say "Deltas follow it, one after the other, and again"
import "$state/delta1.zip" >"$state/delta.txt" || die "a delta was refused: $(cat "$state/delta.txt")"
expect "students" 1001 "$(count students)"
expect "seats" 8000 "$(count studentSectionAssociations)"
daemon_hold ingest
daemon_start ingest
import "$state/delta2.zip" >/dev/null || die "the second delta was refused"
expect "students" 1003 "$(count students)"
expect "seats" 8002 "$(count studentSectionAssociations)"
expect "packages kept to read deltas with" 3 "$(find "$state/imports" -type f | wc -l)"
before=$(stored)
import "$state/delta2.zip" >/dev/null || die "the same delta again was refused"
expect "what is stored" "$before" "$(stored)"
expect "students missing" "" "$(sql "SELECT n FROM ingest.pub_missing_count WHERE resource = 'students'")"
import "$state/full.zip" >/dev/null || die "a bulk package after deltas was refused"
expect "packages kept" 1 "$(find "$state/imports" -type f | wc -l)"
expect "students missing: those of the deltas" 3 "$(sql "SELECT n FROM ingest.pub_missing_count WHERE resource = 'students'")"

say "A confirmed one is applied"
! import "$state/broken.zip" >"$state/broken.txt"
id=$(sed -n 's/^Import \([0-9]*\): quarantined$/\1/p' "$state/broken.txt")
import --confirm "$id" >/dev/null || die "confirming import $id failed"
expect "students missing" 303 "$(sql "SELECT n FROM ingest.pub_missing_count WHERE resource = 'students'")"
expect "seats" 5600 "$(count studentSectionAssociations)"

say "A damaged package is refused, with the place, and nothing of it is taken"
before=$(stored)
/usr/bin/python3 - "$state/full.zip" "$state/damaged.zip" <<'END_PYTHON'
import sys, zipfile
old, new = zipfile.ZipFile(sys.argv[1]), zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED)
for name in old.namelist():
    text = old.read(name).decode()
    if name == "enrollments.csv":
        lines = text.split("\n")
        lines[4000] = lines[4000].replace(",student,", ',"student,')
        text = "\n".join(lines)
    new.writestr(name, text)
END_PYTHON
! import "$state/damaged.zip" >"$state/damaged.txt" || die "a damaged package was applied"
grep -q 'enrollments.csv:4001: .*\[quote_open\]' "$state/damaged.txt" || die "the place is not said: $(cat "$state/damaged.txt")"
expect "what is stored" "$before" "$(stored)"
head -c 20000 "$state/full.zip" >"$state/cut.zip"
! import "$state/cut.zip" >"$state/cut.txt" || die "half a zip was applied"
grep -q 'zip_damaged\|zip_not' "$state/cut.txt" || die "half a zip is not called damaged: $(cat "$state/cut.txt")"
expect "what is stored" "$before" "$(stored)"

say "ingest is killed, and PostgreSQL, while a package is on its way"
generate "$state/large.zip" --students 4000
import "$state/large.zip" >"$state/large.txt" 2>&1 &
sender=$!
begun() { [ "$(find "$state/imports" -type f | wc -l)" -gt 1 ]; } # beside the one that is kept
wait_until 30 begun || die "the package did not arrive"
sleep 0.5
daemon_kill ingest
sleep 0.5
postgres_kill
sleep 0.5
postgres_start
wait "$sender" || die "the import did not survive: $(cat "$state/large.txt")"
expect students 4003 "$(count students)"
expect "references" "$(sql 'SELECT sum(cardinality(refs)) FROM ingest.item')" "$(sql 'SELECT count(*) FROM ingest.item_ref')"
expect "log positions without a hole" t "$(sql 'SELECT max(pos) = sum(count) FROM ingest.log')"
expect "files in the import folder: the last bulk package" 1 "$(find "$state/imports" -type f | wc -l)"

say "Strangers, and what is no package"
code() { curl -s -o "$state/answer" -w '%{http_code}' "$@"; }
expect "without a token" 401 "$(code -X PUT --data-binary @"$state/few.zip" "$edfi_url/bulk/oneroster")"
expect "an empty body" 400 "$(code -X PUT -H "Authorization: Bearer $(kith_token)" -H 'Content-Length: 0' "$edfi_url/bulk/oneroster")"
expect "no such import" 404 "$(code -H "Authorization: Bearer $(kith_token)" "$edfi_url/bulk/imports/999")"
expect "files in the import folder" 1 "$(find "$state/imports" -type f | wc -l)"
import --list | grep -q 'large.zip.*applied' || die "the list lacks the last import"
for name in risk notification ingest; do daemon_hold "$name"; done
expect "restarts: our own kill" "ingest 137" "$(sed -n 's/.*"daemon":"\([a-z]*\)","event":"restarted","status":\([0-9]*\).*/\1 \2/p' "$state"/log/*.log)"
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log || die "a sanitizer found something (the lines above)"
