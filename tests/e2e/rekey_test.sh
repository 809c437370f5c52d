#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Natural keys changed by PUT: what refers to them follows, ids and numbers stay, nobody is alerted; also when ingest is killed meanwhile.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
export EDFI_URL=$edfi_url EDFI_CLIENT=$client_id EDFI_SECRET=$client_secret
EDFI_DATABASE="$(cluster_conninfo) user=kith"
export EDFI_DATABASE
kept=$state/kept
mkdir "$kept"
client() { timeout 200 /usr/bin/python3 "$repo/tests/e2e/rekey_client.py" "$@" "$kept"; }
flags="SELECT * FROM risk.flag ORDER BY 1, 2, 3, 4"
alerts="SELECT count(*) FROM notification.alert"

client fill
wait_quiet 60
flagged=$(sql "$flags") alerted=$(sql "$alerts")
[ "$(wc -l <<<"$flagged")" -ge 4 ] || die "nobody was flagged: $flagged"
client change
wait_quiet 60
expect "flags" "$flagged" "$(sql "$flags")"
expect "alerts" "$alerted" "$(sql "$alerts")"

process_alive "$runtime/ingest.pid" && first=$pid
another() { process_alive "$runtime/ingest.pid" && [ "$pid" != "$first" ] && answers; }
answers() { curl -fsS -m 2 -o /dev/null "$edfi_url/"; }
daemon_kill ingest TERM
wait_until 30 another 2>"$state/curl.log" || die "ingest does not start again"
client same
expect "flags after a restart" "$flagged" "$(sql "$flags")"

# Killed at any moment: all of a change or nothing of it.
client storm >"$state/storm.json" &
storm=$!
storming() { [ -e "$kept/storming" ]; }
wait_until 30 storming || die "the storm does not begin"
for pause in 0.3 0.05 0.11 0.17 0.02 0.23 0.08 0.14; do
    wait_until 30 answers 2>"$state/curl.log" || die "ingest does not come back"
    sleep "$pause"
    daemon_kill ingest
    sleep 0.5
done
wait_until 30 answers 2>"$state/curl.log" || die "ingest does not come back"
touch "$kept/stop"
wait "$storm" || die "a change was half done"
cat "$state/storm.json"
[ "$(sed 's/.*"broken": \([0-9]*\).*/\1/' "$state/storm.json")" -ge 4 ] || die "the kills met no change"
client same
wait_quiet 60
expect "flags after all" "$flagged" "$(sql "$flags")"
expect "alerts after all" "$alerted" "$(sql "$alerts")"
expect "deadlocks" 0 "$(sql 'SELECT sum(deadlocks) FROM pg_stat_database')"
for name in "${daemons[@]}"; do daemon_hold "$name"; done
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log || die "a sanitizer found something"
