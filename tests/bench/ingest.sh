#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# the doors against COPY and pgbench; a OneRoster bulk zip of 50,000 students, first and again
export KITH_FSYNC=on KITH_SHARED_BUFFERS=1GB
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
source "$repo/tests/bench/lib/doors.sh"
bench=ingest
if [ "${KITH_QUICK:-no}" = yes ]; then runs=1 students=5000 events=50000 lones=1000 seconds=4; else runs=3 students=50000 events=300000 lones=5000 seconds=10; fi

doors() {
    kith_temp
    kith_clock 2026-12-18T20:00:00Z
    kith_up "$KITH_BUILD"
    kith_district
    doors_ready
    readers_hold
    warm_up
    native native_batch_events "$events" 100 128
    lone
    posts
}

# limit METRIC VALUE UNIT LIMIT: the limit is what is asked for 50,000 students
limit() {
    /usr/bin/python3 -c 'import json, sys
metric, value, unit, limit, conditions = sys.argv[1:]
print(json.dumps({"bench": "ingest", "metric": metric, "value": float(value), "unit": unit, "against": "the limit", "against_value": float(limit),
                  "ratio": round(float(value) / float(limit), 3), "runs": 1, "conditions": conditions}), flush=True)' "$1" "$2" "$3" "$4" \
        "$students students, $rows rows; $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), fsync on, all on one machine"
}
timed() {
    local from
    from=$(date +%s.%N)
    kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" --json "$state/full.zip" >"$state/receipt.json" || die "the package was refused"
    /usr/bin/python3 -c 'import sys; print(round(float(sys.argv[1]) - float(sys.argv[2]), 2))' "$(date +%s.%N)" "$from"
}
packages() {
    local rows ingest first
    kith_temp
    kith_clock 2026-09-18T20:00:00Z
    kith_up "$KITH_BUILD"
    kith_district
    (umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
    say "Generating a package of $students students" >&2
    /usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$state/full.zip" --students "$students" 2>"$state/rows"
    rows=$(awk '{n += $2} END {print n}' "$state/rows")
    process_alive "$runtime/ingest.pid"
    ingest=$pid
    first=$(timed)
    limit oneroster_bulk "$first" s 30
    limit oneroster_bulk_memory "$(awk '/VmHWM/ {print $2 / 1024}' "/proc/$ingest/status")" MiB 300
    wait_quiet 300 || die "the daemons did not come to rest"
    limit oneroster_again "$(timed)" s 10
}
# each in a system of its own, gone at its end
(doors)
(packages)
