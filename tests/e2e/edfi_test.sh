#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ed-Fi clients as they come: the REST contract, the attendance part of certification, and a bulk client that meets an expired token
# and a database that is away for a while.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
export EDFI_URL=$edfi_url EDFI_CLIENT=$client_id EDFI_SECRET=$client_secret EDFI_PAUSE=$state/pause
EDFI_DATABASE="$(cluster_conninfo) user=kith"
export EDFI_DATABASE
client() { timeout 200 /usr/bin/python3 "$repo/tests/e2e/edfi_client.py" "$@"; }

process_alive "$runtime/ingest.pid" && first=$pid
client contract
client certify

# A bulk client pauses after 100 rows. Meanwhile PostgreSQL stops; later the clock jumps an hour, and its token has expired.
rows=$(sql 'SELECT count(*) FROM ingest.attendance')
client send >"$state/send.json" &
sender=$!
wait_until 60 test -e "$EDFI_PAUSE" || die "the bulk client does not get on"
postgres_kill
rm "$EDFI_PAUSE"
wait_until 30 grep -q '"status":503' "$state/log/ingest.log" || die "no request was refused while PostgreSQL is away"
kith_clock 2026-09-18T21:00:00Z
postgres_start
wait "$sender" || die "the bulk client gave up"
cat "$state/send.json"
/usr/bin/python3 -c '
import json, sys
sent = json.load(open(sys.argv[1]))
assert sent["tokens_renewed"] >= 1, "the token was never renewed"
assert set(sent["statuses"]) <= {"200", "201", "401", "503"}, sent["statuses"]
assert {"401", "503"} <= set(sent["statuses"]), sent["statuses"]' "$state/send.json"
expect "events of the bulk client" $((rows + 600)) "$(sql 'SELECT count(*) FROM ingest.attendance')"
process_alive "$runtime/ingest.pid"
expect "the ingest daemon's process" "$first" "$pid"
EDFI_PAUSE="" client send >"$state/again.json"
expect "events after sending again" $((rows + 600)) "$(sql 'SELECT count(*) FROM ingest.attendance')"
/usr/bin/python3 -c '
import json, sys
assert json.load(open(sys.argv[1]))["statuses"] == {"200": 722}, "sending again must be 200 for every row"' "$state/again.json"
! grep '"level":"error"' "$state/log/ingest.log" | grep -v '"status":503' || die "ingest logged an error"
daemons_end
