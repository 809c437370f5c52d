# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the benches of the doors share; after kith_temp and kith_up. Needs: bench (the name), runs, events, singles, lones, seconds.
# doors_ready: a district with rosters of 2,000 students. Then warm_up, native, lone, posts; readers_hold and readers_start around them.
programs=$KITH_BUILD/bin
doors_ready() {
    say "Generating and pushing rosters of 2,000 students" >&2
    /usr/bin/python3 "$repo/tests/district/generate.py" --out "$state/sis" --students 2000 --schools 4 --until 2026-08-17 2>/dev/null
    kith push --kept "$state/kept" "$state/sis/roster" >&2
    /usr/bin/python3 - "$state/sis/roster" >"$state/students" <<'END'
import json, sys
for line in open(sys.argv[1] + "/studentSchoolAssociations.jsonl"):
    s = json.loads(line)
    print(s["studentReference"]["studentUniqueId"], s["schoolReference"]["schoolId"], 2027, "Fall Semester")
END
    conninfo="$(cluster_conninfo) user=kith"
    endpoint=tcp://127.0.0.1:$(port_of bus_ingest)
    server_key=$(<"$state/keys/ingest.pub")
}

conditions() { # TEXT
    printf '%s; %s cores, load %s, PostgreSQL %s, fsync on, all on one machine' "$1" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" \
        "$(cluster_sql -At -c 'SHOW server_version' | cut -d' ' -f1)"
}
# report METRIC UNIT AGAINST RUNS CONDITIONS VALUES PEERS: medians of the runs; the ratio is the median of the ratios within each run.
report() {
    /usr/bin/python3 - "$bench" "$@" <<'END'
import json, statistics, sys
bench, metric, unit, against, runs, conditions, values, peers = sys.argv[1:]
v = [float(x) for x in values.split()]
p = [float(x) for x in peers.split()]
out = {"bench": bench, "metric": metric, "value": round(statistics.median(v), 2), "unit": unit, "against": against or None,
       "against_value": round(statistics.median(p), 2) if p else None,
       "ratio": round(statistics.median(a / b for a, b in zip(v, p)), 3) if p else None, "runs": int(runs), "conditions": conditions}
print(json.dumps(out), flush=True)
END
}
cluster_pgbench() { (cd / && "$pg_bin/pgbench" -h "$runtime" -p "$cluster_port" -U kith "$@" "$cluster_database"); }
field() { /usr/bin/python3 -c 'import json, sys; print(json.loads(sys.stdin.read().splitlines()[-1])[sys.argv[1]])' "$1"; }
empty() { cluster_sql -q -c 'TRUNCATE ingest.attendance' -c 'DELETE FROM ingest.log WHERE type = 8' -c 'VACUUM ingest.log' -c CHECKPOINT >/dev/null; }
readers_hold() { for name in risk notification; do daemon_hold "$name"; done; }
readers_start() { daemons_up risk notification >&2; }

native() { # METRIC EVENTS BATCH OUTSTANDING
    local values='' peers='' k
    for ((k = 1; k <= runs; k++)); do
        empty
        values+="$("$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$2" "$3" "$4" 2026-08-17 | field per_second) "
        peers+="$("$programs/copy_bench" "$conninfo" 5000 | field per_second) "
        say "$1: run $k of $runs: ${values##* } $values against $peers" >&2
    done
    report "$1" events/s "COPY BINARY of the same rows into the same tables and indexes, 5,000 a commit" "$runs" \
        "$(conditions "$2 events in batches of $3, $4 batches outstanding")" "$values" "$peers"
}
# what PostgreSQL does once (memory touched for the first time, files made) is neither side's
warm_up() {
    say "Warming up" >&2
    "$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$events" 100 128 2026-08-17 >/dev/null
}
# One event at a time, answered before the next: the mean time of one against that of pgbench's single client.
lone() {
    local values='' peers='' k
    pgbench_ready
    for ((k = 1; k <= runs; k++)); do
        empty
        values+="$("$programs/native_bench" "$endpoint" "$server_key" "$state/client.key" "$state/students" "$lones" 1 1 2026-08-17 | field per_second) "
        empty
        peers+="$(cluster_pgbench -n -M prepared -c 1 -j 1 -T "$seconds" -f - <"$repo/tests/bench/upsert.pgbench" | sed -n 's/^tps = \([0-9.]*\).*/\1/p') "
        say "native_lone_event: run $k of $runs: $values against $peers" >&2
    done
    pgbench_clear
    report native_lone_event events/s "pgbench, one client, prepared single-row upserts into the same tables (positions from a sequence)" "$runs" \
        "$(conditions "$lones events, one at a time")" "$values" "$peers"
}

pgbench_ready() {
    cluster_sql -q -c 'CREATE SEQUENCE IF NOT EXISTS public.bench_pos' -c 'ALTER ROLE kith SET search_path = public' >/dev/null
}
pgbench_clear() {
    cluster_sql -q -c 'DELETE FROM ingest.attendance WHERE district_id = 9' -c 'DELETE FROM ingest.log WHERE district_id = 9' >/dev/null
}
posts() {
    local values='' peers='' k out
    pgbench_ready
    for ((k = 1; k <= runs; k++)); do
        empty
        out=$(KITH_TOKEN=$(kith_token) KITH_STUDENTS=$state/students KITH_DAY=2026-10 \
            wrk -t 1 -c 64 -d "$seconds" -s "$repo/tests/bench/posts.lua" "$edfi_url" | tail -n 1)
        [ "$(field bad <<<"$out")" = 0 ] || die "edfi_posts: some were refused: $out"
        values+="$(field per_second <<<"$out") "
        empty
        peers+="$(cluster_pgbench -n -M prepared -c 64 -j 2 -T "$seconds" -f - <"$repo/tests/bench/upsert.pgbench" | sed -n 's/^tps = \([0-9.]*\).*/\1/p') "
        say "edfi_posts: run $k of $runs: $values against $peers" >&2
    done
    pgbench_clear
    report edfi_posts posts/s "pgbench, 64 clients, prepared single-row upserts into the same tables (positions from a sequence)" "$runs" \
        "$(conditions "64 keep-alive clients, $seconds s")" "$values" "$peers"
}
