#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL is away for 60 s while a sender floods ingest: its memory stays bounded (I8), HTTP says 503 with Retry-After, the native
# door says when to come again, and afterwards everything arrives, once.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/fault/storm_lib.sh"
fault_build
away_s=60
# 64 MiB may wait in the queue (setting "queue"); as much again for what is being read, sent and answered, and for the program.
limit_kb=$((192 * 1024))
! grep -qa __asan_init "$build/bin/kith-ingest" || limit_kb=$((limit_kb * 3)) # its shadow and quarantine

input=$(mktemp -d /tmp/kith-outage.XXXXXX)
trap 'rm -rf "$input"' EXIT
chmod 755 "$input"
out=$input
fault_input "$input" --events 100000 --http 100
fault_temp
fault_up "$input"
process_alive "$runtime/ingest.pid" || die "ingest does not run"
ingest=$pid
rss_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$ingest/status"; }
one=$input/one.json
head -n 1 "$input/events/http/000/studentSchoolAttendanceEvents.jsonl" >"$one"
edfi_token=$(kith_token)
post() {
    curl -sS -m 10 -o /dev/null -D "$input/head" -w '%{http_code}' -H "Authorization: Bearer $edfi_token" -H 'Content-Type: application/json' \
        --data-binary "@$one" "$edfi_url/data/v3/ed-fi/studentSchoolAttendanceEvents" || true
}

calm_kb=$(rss_kb)
fault_push flood "$input/events/native.tsv" --window 1000 --again 0
flows() { [ "$(acked flood)" -gt 2000 ]; }
wait_until 30 flows || die "nothing flows"
postgres_kill
begin=$(now_ms)
at_stop=$(acked flood)
[ "$at_stop" -lt 80000 ] || die "the flood was over before the outage: $at_stop acknowledged"
peak_kb=0 refused=0 told=0
while [ $(($(now_ms) - begin)) -lt $((away_s * 1000)) ]; do
    now_kb=$(rss_kb)
    [ "$now_kb" -le "$peak_kb" ] || peak_kb=$now_kb
    [ "$now_kb" -lt "$limit_kb" ] || die "ingest uses $now_kb kB after $(($(now_ms) - begin)) ms without PostgreSQL (limit $limit_kb)"
    status=$(post)
    case $status in
    503)
        refused=$((refused + 1))
        grep -qiE '^retry-after: [0-9]+' "$input/head" || die "a 503 without Retry-After: $(cat "$input/head")"
        ;;
    20?) die "HTTP says $status without a database" ;;
    *) die "HTTP says '$status' without a database, not 503" ;;
    esac
    sleep 0.4
done
expect "acknowledged during the outage" "$at_stop" "$(acked flood)"
[ "$refused" -gt 10 ] || die "only $refused requests were answered with 503"
code=$(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$edfi_url/readyz")
expect "/readyz without a database" 503 "$code"
postgres_start
back=$(now_ms)
resumes() { [ "$(acked flood)" -gt "$at_stop" ]; }
wait_until 10 resumes || die "no acknowledgement within 10 s of PostgreSQL's return"
resumed_ms=$(($(now_ms) - back))
[ "$resumed_ms" -le 5000 ] || die "the first acknowledgement came $resumed_ms ms after PostgreSQL's return"
wait "$push_pid" || die "the flood did not arrive: $(cat "$out/flood.json")"
told=$(json_field told_to_wait <"$out/flood.json")
blocked=$(json_field blocked <"$out/flood.json")
[ "$((told + blocked))" -gt 0 ] || die "nobody told the native sender to wait: $(cat "$out/flood.json")"
process_alive "$runtime/ingest.pid" && [ "$pid" = "$ingest" ] || die "ingest did not survive the outage"
kith push --kept "$state/unsent" --json "$input/events/http/000" >"$input/http.json" || die "HTTP does not work afterwards: $(cat "$input/http.json")"
expect "stored events" 100000 "$(sql 'SELECT count(*) FROM ingest.attendance')"
expect "records of them" 100000 "$(sql 'SELECT sum(count) FROM ingest.log WHERE type = 8')"
[ "$(rss_kb)" -lt "$limit_kb" ] || die "ingest uses $(rss_kb) kB after the outage"
printf '{"test":"outage","away_s":%d,"acked_before":%d,"http_503":%d,"told_to_wait":%d,"blocked":%d,"calm_rss_kb":%d,"peak_rss_kb":%d,"limit_kb":%d,"resumed_ms":%d}\n' \
    "$away_s" "$at_stop" "$refused" "$told" "$blocked" "$calm_kb" "$peak_kb" "$limit_kb" "$resumed_ms"
