#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/up as a newcomer runs it: a synthetic district, a week of school, adults told. No student's name or identifier leaves ingest:
# not into a log, not into a mail, not into another daemon's tables. A second run pushes nothing with effect.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
release=${KITH_RELEASE:-$repo/build/release}
[ -x "$release/bin/kith-notification" ] || skip "no release build (scripts/build)"
kith_temp

"$repo/scripts/up" >"$state/up.out" 2>&1 || { cat "$state/up.out" >&2; die "scripts/up failed"; }
for wanted in 'Fri 2026-09-25' '  taken ' '  flagged ' '  told ' 'Ed-Fi door' 'scripts/down'; do
    grep -qF -- "$wanted" "$state/up.out" || { cat "$state/up.out" >&2; die "the summary does not say: $wanted"; }
done
pg_bin= && cluster_bin

# every pushed event is stored, once
lines=$(cat "$state"/demo/district/days/*/studentSchoolAttendanceEvents.jsonl | sort -u | wc -l)
expect "attendance events" "$lines" "$(sql 'SELECT count(*) FROM ingest.attendance')"
[ "$(sql 'SELECT count(*) FROM risk.pub_flag WHERE cleared_at IS NULL')" -gt 0 ] || die "nobody was flagged in a district where one in twelve disengages"
expect "alerts of open flags" "$(sql 'SELECT count(*) FROM risk.pub_flag WHERE cleared_at IS NULL')" \
    "$(sql "SELECT count(*) FROM notification.pub_alert WHERE state = 'open'")"
[ -n "$(find "$state/mail" -type f | head -n 1)" ] || die "no mail was delivered"

# names stay home
names_absent_from "$state/demo/district/names.txt" "$state/log" "$state/mail" "$state/up.out"
(cd / && "$pg_bin/pg_dump" -h "$runtime" -p "$cluster_port" -U kith -d "$cluster_database" --data-only -n risk -n notification) >"$state/others.sql"
names_absent_from "$state/demo/district/names.txt" "$state/others.sql"

# the state of things, for people and programs
kith status >"$state/status.txt"
grep -qE 'ready' "$state/status.txt"
kith stream tail risk --from 0 --json | /usr/bin/python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
assert any(r["type"] == "FLAG_RAISED" and r["items"] for r in records), "no FLAG_RAISED"
assert [r["pos"] for r in records] == sorted(r["pos"] for r in records), "positions fall"'
expect "a district's log" 1 "$(kith stream heads ingest --json | wc -l)"

# again: quick, no effect
before=$(sql "SELECT (SELECT max(pos) FROM ingest.log), (SELECT max(pos) FROM risk.log), (SELECT count(*) FROM notification.pub_mail)")
began=$SECONDS
"$repo/scripts/up" >"$state/up2.out" 2>&1 || { cat "$state/up2.out" >&2; die "the second scripts/up failed"; }
[ $((SECONDS - began)) -le 20 ] || die "a second up took $((SECONDS - began)) s"
expect "positions and mails after a second up" "$before" \
    "$(sql "SELECT (SELECT max(pos) FROM ingest.log), (SELECT max(pos) FROM risk.log), (SELECT count(*) FROM notification.pub_mail)")"
say "a week of school: $(grep -F '  flagged' "$state/up.out")"
