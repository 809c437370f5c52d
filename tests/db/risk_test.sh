#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The risk daemon on a random history with corrections, two districts in two time zones, a clock that moves on: killed with -9 every
# half second or so, PostgreSQL stopped as in a crash, contacts logged meanwhile. In the end its flags, and those that a reader of its
# log holds, must be those of a slow model that was told everything once.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
seed=${KITH_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
say "KITH_SEED=$seed"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
work=$pg_folder/work
mkdir -p "$work/keys"
chmod 700 "$work" "$work/keys"
"$build/bin/risk_daemon_dbtest" keys "$work/keys"
printf '2026-01-08T15:00:00Z\n' >"$work/clock"

ingest=ipc://$work/ingest
cat >"$work/kith.conf" <<END
[common]
database = $(cluster_conninfo)
keys = $work/keys
clock_file = $work/clock
bus_ingest = $ingest
bus_risk = ipc://$work/risk
bus_notification = ipc://$work/notification
[risk]
http = 127.0.0.1:0
consecutive_clear_days = 2
low_attendance = 80%
low_attendance_clear = 85%
min_days = 6
no_contact_days = 8
sweep_every = 100ms
END
"$build/bin/kith-risk" --config "$work/kith.conf" --check-config >/dev/null

# The daemon comes back whenever it dies.
keep_running() {
    trap - ERR EXIT
    set +e
    while [ ! -e "$work/stop" ]; do
        "$build/bin/kith-risk" --config "$work/kith.conf" >>"$work/risk.log" 2>&1 &
        echo $! >"$work/pid"
        wait $!
        echo $? >>"$work/statuses"
    done
}
stop_all() {
    local status=$?
    trap - EXIT ERR
    set +e
    touch "$work/stop"
    for pid in "$(<"$work/pid")" "$player" "$second"; do
        [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    [ "$status" -eq 0 ] || tail -n 20 "$work"/*.log >&2
    (exit "$status")
    pg_clean
}
player='' second=''
trap stop_all EXIT
keep_running 2>/dev/null &

"$build/bin/risk_daemon_dbtest" play "$(cluster_conninfo)" "$work" "$ingest" "$seed" "${KITH_ROUNDS:-250}" >"$work/play.log" 2>&1 &
player=$!

contact() { KITH_HOME=$work timeout 5 "$build/bin/kith-risk-cmd" contact add "$@" >>"$work/contacts.log" 2>&1; }
kills=0
RANDOM=$((seed % 32768))
while [ ! -e "$work/fed" ]; do
    kill -0 "$player" 2>/dev/null || die "the player ended early (KITH_SEED=$seed)"
    sleep "0.$((RANDOM % 6 + 2))"
    contact --district $((RANDOM % 2 + 1)) --student $((100 + RANDOM % 25)) --by somebody || true
    kill -KILL "$(<"$work/pid")" 2>/dev/null || true
    kills=$((kills + 1))
    if [ "$kills" -eq 4 ]; then
        pg_kill
        pg_start "$pg_folder"
    fi
done

# Calm: refusals, and a contact of which the answer can be checked.
wait_until 20 contact --district 1 --student 100 --by somebody --kind call --note 'a word'
refused() { ! contact "$@"; }
refused --district 1 --student 999999 --by somebody || die "a contact with an unknown student was logged"
refused --district 9 --student 100 --by somebody --date 2026-01-08 || die "a contact in an unknown district was logged"
refused --district 1 --student 100 --by somebody --date 2036-01-08 || die "a contact of the future was logged"
refused --district 1 --student 100 --by somebody --kind telepathy || die "a contact of an unknown kind was logged"
refused --student 100 --by somebody || die "a contact without a district was logged though there are two"
touch "$work/calm"
wait "$player" || die "risk does not hold what the model says (KITH_SEED=$seed)"
grep -h '^district ' "$work/play.log"
say "the daemon was killed $kills times, PostgreSQL once"
[ "$kills" -ge 5 ] || die "too few kills: $kills"

# What the command shows is what the table holds.
listed=$(KITH_HOME=$work "$build/bin/kith-risk-cmd" risk list --json | wc -l)
[ "$listed" = "$(pg_sql -Atc 'SELECT count(*) FROM risk.flag WHERE cleared_at IS NULL')" ] || die "kith risk list shows $listed flags"

# A second daemon takes the log over: the first ends at its next write, here that of a new day, and has written nothing of it.
touch "$work/stop" # it is not started again
! grep -E '"event":"(failed|time_zone_unknown)"' "$work/risk.log" || die "the daemon failed"
sed "s|^bus_risk = .*|bus_risk = ipc://$work/risk2|" "$work/kith.conf" >"$work/second.conf"
"$build/bin/kith-risk" --config "$work/second.conf" >"$work/second.log" 2>&1 &
second=$!
wait_until 20 grep -q '"event":"started"' "$work/second.log" || die "the second daemon does not start"
rm "$work/statuses"
printf '2026-03-20T15:00:00Z\n' >"$work/clock"
wait_until 20 test -s "$work/statuses" || die "the first daemon still runs beside the second"
[ "$(<"$work/statuses")" = 1 ] || die "the first daemon ended with status $(<"$work/statuses")"
grep -q 'KITH_EFENCED' "$work/risk.log" || die "the first daemon does not say why it ended"
swept() { [ "$(pg_sql -Atc "SELECT count(*) FROM risk.as_of WHERE as_of >= '2026-03-20' AND swept_to IS NULL")" = 2 ]; }
wait_until 20 swept || die "the second daemon does not judge the new day"

# SIGTERM: drains and ends with status 0.
kill -TERM "$second"
status=0
wait "$second" || status=$?
[ "$status" -eq 0 ] || die "the daemon ended with status $status on SIGTERM"
