#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/up --empty: one JSON object last, everything in it works; again it changes nothing; two homes side by side; down and purge.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
[ -x "${KITH_RELEASE:-$repo/build/release}/bin/kith-notification" ] || { echo "SKIPPED: no release build (scripts/build)" >&2; exit 77; }
homes=$(mktemp -d /tmp/kith-up.XXXXXX)
chmod 755 "$homes" # the user `kith` passes through
export KITH_FSYNC=off KITH_SHARED_BUFFERS=64MB
stop() {
    local status=$? home
    trap - EXIT ERR
    for home in "$homes"/*/; do
        [ "$status" -eq 0 ] || tail -n 5 "$home"/log/{ingest,risk,notification}.log >&2
        KITH_HOME=${home%/} "$repo/scripts/down" --purge >/dev/null || status=1
    done
    rm -rf "$homes"
    exit "$status"
}
trap stop EXIT

up() { KITH_HOME=$homes/$1 "$repo/scripts/up" --empty --json 2>"$homes/$1.err" || { cat "$homes/$1.err" >&2; exit 1; }; }
field() { /usr/bin/python3 -c '
import json, sys
v = json.loads(sys.stdin.read().splitlines()[-1])
for part in sys.argv[1].split("."): v = v[part]
print("null" if v is None else v)' "$1"; }
status_of() { KITH_HOME=$homes/$1 "$homes/$1/bin/kith" status --json; }

one=$(up one)
[ "$(wc -l <<<"$one")" -eq 1 ] || die "standard output of --json must be one line"
[ "$(field console <<<"$one")" = null ] || die "console must be null"

# the Ed-Fi door takes the client and gives a token; the database answers; the sink's folder is there
curl -fsS -u "$(field edfi.client_id <<<"$one"):$(field edfi.client_secret <<<"$one")" -d grant_type=client_credentials \
    "$(field edfi.url <<<"$one")/oauth/token" | field access_token >/dev/null
[ "$(cd / && psql -X -At -d "$(field database <<<"$one")" -c 'SELECT count(*) FROM ingest.district')" = 1 ] || die "one district was expected"
[ -d "$(field smtp_sink <<<"$one")" ] || die "no folder of mails"
[ "$(stat -c %a "$(field zmq.client_secret_file <<<"$one")")" = 600 ] || die "the sender's secret is readable by others"
[ "$(field zmq.server_key <<<"$one" | tr -d '\n' | wc -c)" = 40 ] && [ "$(field zmq.client_public <<<"$one" | tr -d '\n' | wc -c)" = 40 ] || die "CURVE keys have 40 characters"
status_of one >/dev/null || die "kith status says that something is not ready"

# again: the same answer, the same processes, in seconds
pids=$(cat "$homes"/one/run/*.pid)
began=$SECONDS
[ "$(up one)" = "$one" ] || die "a second up answers otherwise"
[ $((SECONDS - began)) -le 20 ] || die "a second up took $((SECONDS - began)) s"
[ "$(cat "$homes"/one/run/*.pid)" = "$pids" ] || die "a second up restarted something"

# another beside it, started twice at the same time: one waits for the other
up two >"$homes/two.a" & first=$!
up two >"$homes/two.b"
wait "$first" || die "one of two ups at the same time failed"
cmp "$homes/two.a" "$homes/two.b" || die "two ups at the same time answer differently"
[ "$(field edfi.url <"$homes/two.a")" != "$(field edfi.url <<<"$one")" ] || die "two homes share a port"
rm -f "$homes"/two.[ab] "$homes"/*.err

# down leaves no process, twice is fine; up goes on with the same data and addresses
KITH_HOME=$homes/one "$repo/scripts/down" >/dev/null
KITH_HOME=$homes/one "$repo/scripts/down" >/dev/null
while read -r pid _; do
    [ ! -d "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status" || die "process $pid survived scripts/down"
done <<<"$pids"
status_of two >/dev/null || die "stopping one home stopped the other"
[ "$(up one)" = "$one" ] || die "after down and up the answer is another"
rm -f "$homes"/*.err
say "up and down keep their word"
