#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input on both doors: each gets a clear refusal, nothing is lost or invented, no daemon ends.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"
native=${KITH_BUILD:?KITH_BUILD names the build folder}/bin/native_e2e
[ -x "$native" ] || die "$native is not built"

kith_temp
kith_clock 2026-09-18T20:00:00Z
export KITH_INGEST_HEAD_TIMEOUT=1500ms KITH_INGEST_BODY_TIMEOUT=1500ms
kith_up
kith_district
export EDFI_URL=$edfi_url EDFI_CLIENT=$client_id EDFI_SECRET=$client_secret
EDFI_DATABASE="$(cluster_conninfo) user=kith"
INGEST_PID=$runtime/ingest.pid INGEST_DEADLINE=1.5 INGEST_BUS=$(port_of bus_ingest)
export EDFI_DATABASE INGEST_PID INGEST_DEADLINE INGEST_BUS
ready() { daemon_ready ingest; }

# ---- the Ed-Fi door ----
timeout 200 /usr/bin/python3 "$repo/tests/e2e/badinput_client.py"
expect "students" 3 "$(sql "SELECT count(*) FROM ingest.item WHERE resource = 'students'")"
expect "attendance" 1 "$(sql 'SELECT count(*) FROM ingest.attendance')"

# A token that has expired; a client that is revoked.
printf '{"studentUniqueId": "S4", "firstName": "Testing", "lastSurname": "Person4", "birthDate": "2012-01-31"}' >"$state/student.json"
edfi POST students "$state/student.json"
expect "POST with a token" 201 "$edfi_status"
kith_clock 2026-09-18T21:00:00Z
expired() {
    edfi DELETE students/0123456789abcdef0123456789abcdef
    [ "$edfi_status" = 401 ]
}
wait_until 10 expired || die "a token of an hour ago is still good: $edfi_status"
grep -q expired <<<"$edfi_body" || die "the refusal does not say that the token has expired: $edfi_body"
kith key new --district "$district" --label second --json >"$state/second.json"
second_id=$(json_field client_id <"$state/second.json")
second_secret=$(json_field client_secret <"$state/second.json")
second_token() { curl -sS -m 10 -o "$state/token.json" -w '%{http_code}' -u "$second_id:$second_secret" -d grant_type=client_credentials "$edfi_url/oauth/token"; }
second_get() { curl -sS -m 10 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$edfi_url/data/v3/ed-fi/students"; }
expect "token of a second client" 200 "$(second_token)"
token=$(json_field access_token <"$state/token.json")
expect "GET of the second client" 200 "$(second_get)"
kith key revoke "$second_id" >/dev/null
expect "GET of a revoked client" 401 "$(second_get)"
expect "token of a revoked client" 401 "$(second_token)"

# ---- the native door ----
endpoint=tcp://127.0.0.1:$INGEST_BUS
server_key=$(<"$state/keys/ingest.pub")
# probe KEY SECONDS PROBE...: "NAME ANSWER" lines
probe() {
    local key=$1 seconds=$2
    shift 2
    timeout 60 "$native" "$endpoint" "$server_key" "$key" "$seconds" "$@"
}
process_alive "$runtime/ingest.pid" && first=$pid
attendance() { sql 'SELECT count(*) FROM ingest.attendance'; }
quarantined() { kith quarantine list --json | grep -c . || true; }
expect "quarantine at first" 0 "$(quarantined)"

# Malformed: answered, kept, shown. 1 = MALFORMED, 2 = UNSUPPORTED_VERSION (also of a frame that names none), 3 = DENIED (envelope.proto)
cat >"$state/wanted" <<END
good:1 ack 1 0 0
good:1 ack 0 0 1
rubbish error 1
empty error 2
cut error 1
version error 2
many error 1
command error 3
none ack 0 0 0
good:2 ack 1 0 0
END
probe "$state/client.key" 10 good:1 good:1 rubbish empty cut version many command none good:2 >"$state/got"
diff "$state/wanted" "$state/got" || die "malformed frames are not answered as they should be (< expected, > got)"
expect "attendance after malformed frames" 3 "$(attendance)"
expect "frames in quarantine" 5 "$(quarantined)"
kith quarantine list | grep -q protobuf || { kith quarantine list >&2; die "quarantine list does not say why"; }

# One bad event among good ones: the good ones are stored, the bad ones listed and kept; what merely came too early is only listed.
code() { kith explain "$1" | sed -n 's/.*(\([0-9]*\)).*/\1/p' | head -n 1; }
invalid=$(code einval) early=$(code econflict)
got=$(probe "$state/client.key" 10 nobody)
expect "an event without a body" "nobody ack 2 0 0 1:$invalid" "$got"
got=$(probe "$state/client.key" 10 mixed)
expect "bad events among good ones" "mixed ack 2 0 0 1:$invalid 2:$early 3:$invalid 4:$invalid 5:$invalid 6:$invalid" "${got//:$(code edecode)/:$invalid}"
expect "attendance after bad events" 7 "$(attendance)"
expect "quarantine after bad events" 11 "$(quarantined)"
expect "students after bad events" 4 "$(sql "SELECT count(*) FROM ingest.item WHERE resource = 'students'")"

# Keys: unknown to ZAP; a daemon's and the operator's, which may not push; one for a district that there is not; one that is revoked.
kith keys init --folder "$state/stranger" stranger >/dev/null
expect "an unknown key" "good:3 closed" "$(probe "$state/stranger/stranger.key" 2 good:3)"
expect "a daemon's key" "good:3 error 3" "$(probe "$state/keys/risk.key" 10 good:3)"
expect "the operator's key" "good:3 error 3" "$(probe "$state/keys/operator.key" 10 good:3)"
! kith key new --zmq --district 99 --label x --key "$state/99.key" >/dev/null 2>"$state/99.err" || die "a key was made for a district that there is not"
grep -q 'no such district' "$state/99.err" || die "the refusal does not say why: $(<"$state/99.err")"
kith key new --zmq --district "$district" --label third --key "$state/third.key" --json >"$state/third.json"
mkfifo "$state/go"
probe "$state/third.key" 3 good:4 wait good:5 <"$state/go" >"$state/third.out" &
third=$!
exec 8>"$state/go"
wait_until 20 grep -q '^wait' "$state/third.out" || die "a registered key was not let in: $(<"$state/third.out")"
kith key revoke "$(json_field client_id <"$state/third.json")" >/dev/null
echo >&8
wait "$third"
exec 8>&-
expect "before the key is revoked" "good:4 ack 1 0 0" "$(head -n 1 "$state/third.out")"
grep -qE '^good:5 (closed|silence|error 3)$' "$state/third.out" || die "a revoked key still pushes: $(<"$state/third.out")"
expect "a revoked key that comes again" "good:6 closed" "$(probe "$state/third.key" 2 good:6)"
expect "attendance in the end" 8 "$(attendance)"

# The others were let in again, the daemon is the same, and none has failed or said a name.
expect "another sender after that" "good:7 ack 1 0 0" "$(probe "$state/client.key" 10 good:7)"
process_alive "$runtime/ingest.pid"
expect "the ingest daemon's process" "$first" "$pid"
wait_quiet 30 || die "the daemons do not come to rest"
! grep -h '"level":"error"' "$state"/log/{ingest,risk,notification}.log || die "a daemon logged an error"
! grep -hE 'Person[0-9]|Testing' "$state"/log/{ingest,risk,notification}.log || die "a name got into a log"
daemons_end
say "11 frames and events in quarantine, everything good is stored"
