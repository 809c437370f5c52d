#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The clients that a district has, as they come: each resource of the table by documents made from the OpenAPI description, a bulk sender
# that meets an expired token and a database that is away, a SIS, a copier from another Ed-Fi server, a client of Data Standard 4.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
export EDFI_URL=$edfi_url EDFI_CLIENT=$client_id EDFI_SECRET=$client_secret EDFI_PAUSE=$state/pause
client() { timeout 200 /usr/bin/python3 "$repo/tests/e2e/conformance_client.py" "$@"; }
nothing_left() { expect "documents and events left by $1" "0 0" "$(sql 'SELECT (SELECT count(*) FROM ingest.item), (SELECT count(*) FROM ingest.attendance)')"; }

client every
nothing_left every
client publisher
nothing_left publisher
client parents

client bulk >"$state/bulk.json" &
sender=$!
wait_until 60 test -e "$EDFI_PAUSE" || die "the bulk sender does not get on"
postgres_kill
rm "$EDFI_PAUSE"
wait_until 30 grep -q '"status":503' "$state/log/ingest.log" || die "no request was refused while PostgreSQL is away"
kith_clock 2026-09-18T21:00:00Z
postgres_start
wait "$sender" || die "the bulk sender gave up"
cat "$state/bulk.json"
/usr/bin/python3 -c '
import json, sys
sent = json.load(open(sys.argv[1]))
assert sent["tokens_renewed"] >= 1, "the token was never renewed"
assert {"401", "503"} <= set(sent["statuses"]), sent["statuses"]' "$state/bulk.json"
nothing_left bulk
client vendor
! grep '"level":"error"' "$state/log/ingest.log" | grep -v '"status":503' || die "ingest logged an error"
daemons_end
