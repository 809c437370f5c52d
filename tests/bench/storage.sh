#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# the disk that a school year of 50,000 students takes: rosters, exceptions of days and of sections, what risk keeps of them
export KITH_SHARED_BUFFERS=1GB
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/bench/lib/doors.sh"
# 180 days; 8 % of the student-days have an exception; 20,000 exceptions a day in four blocks of sections
if [ "${KITH_QUICK:-no}" = yes ]; then students=2500; else students=50000; fi
days=$((students * 144 / 10))
sections=$((students * 72))

kith_temp
kith_clock 2027-06-04T20:00:00Z
kith_up "$KITH_BUILD"
kith_district
(umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
say "Generating a package of $students students" >&2
/usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$state/full.zip" --students "$students" 2>/dev/null
kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" --json "$state/full.zip" >"$state/receipt.json" || die "the package was refused"
sql "SELECT s.body ->> 'studentUniqueId', a.body #>> '{schoolReference,schoolId}', 2027, 'SY27' FROM ingest.item a JOIN ingest.item s
    ON s.district_id = a.district_id AND s.resource = 'students' AND s.id = ANY (a.refs) WHERE a.resource = 'studentSchoolAssociations'" >"$state/rows"
session=$(sql "SELECT body ->> 'sessionName' FROM ingest.item WHERE resource = 'sessions' ORDER BY (body ->> 'endDate')::date - (body ->> 'beginDate')::date DESC LIMIT 1")
sed "s/ SY27\$/ $session/" "$state/rows" >"$state/students"
endpoint=tcp://127.0.0.1:$(port_of bus_ingest)
server_key=$(<"$state/keys/ingest.pub")
push() { "$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$1" 500 64 "$2" >"$state/pushed.json"; }
say "Pushing $days exceptions of days" >&2
push "$days" 2026-08-17
[ "$(field rejected <"$state/pushed.json")" = 0 ] || die "some were rejected: $(cat "$state/pushed.json")"
wait_quiet 600 || die "the daemons did not come to rest"
# section marks are rows of the same table and records of the same size; risk reads over them
for name in risk notification; do daemon_hold "$name"; done
say "Pushing $sections exceptions of sections" >&2
push "$sections" 2026-10-01
cluster_sql -q -c VACUUM >/dev/null
total=$(sql 'SELECT pg_database_size(current_database())')
size() { sql "SELECT round(coalesce(sum(pg_total_relation_size(c.oid)), 0) / 1048576) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '$1' AND c.relkind IN ('r', 'm') AND c.relname ~ '$2'"; }
/usr/bin/python3 -c 'import json, sys
total, students, events, conditions = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
value = total / 1e9 * 50000 / students
print(json.dumps({"bench": "storage", "metric": "year_gb", "value": round(value, 3), "unit": "GB", "against": "the limit", "against_value": 2.0,
                  "ratio": round(value / 2, 3), "runs": 1, "conditions": conditions}))' "$total" "$students" "$((days + sections))" \
    "$students students$([ "$students" = 50000 ] || echo ', scaled to 50,000'), $((days + sections)) events; MiB: attendance $(size ingest '^attendance'), log of ingest $(size ingest '^log'), documents $(size ingest '^(item|number)'), references $(size ingest '^item_ref'), risk $(size risk .), notification $(size notification .)"
