#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon skeleton, whole: a tiny daemon (daemon_dbtest.c) with a private PostgreSQL, its bus, its pages and its signals.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
probe=$build/bin/daemon_dbtest

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    [ ! -s "$home/log" ] || { printf -- '--- the end of the log\n' && tail -n 20 "$home/log"; } >&2
    exit 1
}
# expect WHAT WANTED GOT
expect() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }
# expect_in WHAT PATTERN TEXT
expect_in() { grep -qE -- "$2" <<<"$3" || fail "$1: no '$2' in: $3"; }
# run COMMAND...: sets out (both streams) and status.
run() {
    status=0
    out=$("$@" 2>&1) || status=$?
}

# config [LINE...]: writes kith.conf; further lines go to [risk]. Line 10 is the first of them.
config() {
    cat >"$home/kith.conf" <<END
[common]
database = $(pg_conninfo_as nobody)
keys = $home/keys
log_level = debug
bus_risk = ipc://$home/bus
[ingest]
this = is of another daemon
[risk]
http = 127.0.0.1:0
END
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$home/kith.conf"
}

daemon_start() {
    : >"$home/log"
    NOTIFY_SOCKET=$home/notify "$probe" 2>>"$home/log" &
    daemon=$!
}
log_has() { grep -q "\"event\":\"$1\"" "$home/log"; }
daemon_up() {
    daemon_start
    wait_until 20 log_has started || fail "the daemon did not start"
    address=$(sed -n 's/.*"event":"started".*"http":"\([^"]*\)".*/\1/p' "$home/log")
}
# Waits for the end; sets status.
daemon_wait() {
    status=0
    wait "$daemon" || status=$?
    daemon=
}
daemon_down() {
    kill -TERM "$daemon"
    daemon_wait
    expect "exit status after SIGTERM" 0 "$status"
}
get() { curl -sS -m 5 -o "$home/page" -w '%{http_code}' "http://$address$1"; }
answers() { [ "$(get "$1")" = "$2" ]; }
metric() { get /metrics >/dev/null && sed -n "s/^$1 //p" "$home/page"; }
ask() { KITH_HOME=$home "$probe" ask risk "$@"; }

end() {
    local result=$?
    [ -z "${daemon:-}" ] || kill -KILL "$daemon" 2>/dev/null || true
    [ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
    set +e
    (exit "$result") # pg_clean goes on with it
    pg_clean
}

pg_temp
trap end EXIT
pg_start "$pg_folder"
pg_migrate >/dev/null
home=$pg_folder/home
mkdir -m 700 "$home"
export KITH_HOME=$home
"$build/bin/kith" keys init --folder "$home/keys" risk operator ingest >/dev/null
# what systemd would listen on
python3 - "$home/notify" >"$home/notified" <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode(), flush=True)
END
listener=$!
wait_until 5 test -S "$home/notify"

# ---- command line and configuration
run "$probe" --help
expect "--help" 0 "$status"
for word in --check-config SIGTERM database limit; do expect_in "--help" "$word" "$out"; done
run "$probe" --version
expect "--version" "0 kith-risk" "$status ${out% *}"
run "$probe" --nonsense
expect "unknown option" 2 "$status"
run "$probe" surplus
expect "surplus argument" 2 "$status"
expect_in "surplus argument" "unexpected argument 'surplus'" "$out"
run "$probe" --sample-config
expect "--sample-config" 0 "$status"
expect_in "--sample-config" '^#limit = 3' "$out"
config
run "$probe" --check-config
expect "good configuration" "0 kith-risk: $home/kith.conf is good" "$status $out"
config "limit = 3" "limits = 4"
run "$probe" --check-config
expect "unknown key" 1 "$status"
expect_in "unknown key" 'kith.conf:11: \[risk\] limits: unknown key' "$out"
config "limit = 11"
run "$probe" --check-config
expect "value out of range" 1 "$status"
expect_in "value out of range" 'kith.conf:10: \[risk\] limit: ' "$out"
config
KITH_RISK_LIMIT=many run "$probe" --check-config
expect "bad variable" 1 "$status"
expect_in "bad variable" 'KITH_RISK_LIMIT: \[risk\] limit: ' "$out"
KITH_COMMON_BUS_RISK=localhost run "$probe" --check-config
expect_in "bad endpoint" '1 .*bus_risk.*neither tcp' "$status $out"
run "$probe" --config /nonexistent
expect_in "no file" '1 .*KITH_EIO.*/nonexistent' "$status $out"
KITH_HOME='' run "$probe" --check-config
expect_in "no configuration at all" '1 .*KITH_COMMON_DATABASE' "$status $out"

# ---- what keeps it from starting: exit 1 and one line that says why
refused() {
    local what=$1 pattern=$2
    shift 2
    run "$@"
    expect "$what: exit status" 1 "$status"
    expect "$what: lines" 1 "$(grep -c '"event":"failed"' <<<"$out")"
    expect_in "$what" "$pattern" "$out"
}
chmod 644 "$home/keys/risk.key"
refused "key that others can read" 'KITH_EUNSAFE.*risk.key is open to group or others' "$probe"
chmod 600 "$home/keys/risk.key"
chmod 777 "$home/keys"
refused "keys folder that others can write" 'KITH_EUNSAFE.*group or others may write' "$probe"
chmod 700 "$home/keys"
config "word = refuse"
refused "a service that refuses" 'KITH_EINVAL.*does not want to start' "$probe"
expect_in "stop follows a start that failed" 'probe: stopped' "$out"
config
KITH_COMMON_CLOCK_FILE=/nonexistent refused "no clock file" 'KITH_EIO.*clock_file' "$probe"
pg_sql -c 'ALTER TABLE risk.log RENAME COLUMN pos TO position' >/dev/null
refused "wrong schema" 'KITH_ESCHEMA' "$probe"
pg_sql -c 'ALTER TABLE risk.log RENAME COLUMN position TO pos' >/dev/null

# ---- up
WATCHDOG_USEC=200000 daemon_up
wait_until 5 grep -qx READY=1 "$home/notified" || fail "no READY=1"
three_fed() { [ "$(grep -cx WATCHDOG=1 "$home/notified")" -ge 3 ]; }
wait_until 5 three_fed || fail "the watchdog was not fed"
expect /healthz 200 "$(get /healthz)"
expect_in /healthz '"ok":true' "$(cat "$home/page")"
expect /readyz "200 {\"ready\":true,\"reasons\":[]}" "$(get /readyz) $(cat "$home/page")"
expect "a page of the service" "200 none" "$(get /probe) $(cat "$home/page")"
type=$(curl -sS -o /dev/null -w '%{content_type}' "http://$address/metrics")
expect "type of /metrics" "text/plain; version=0.0.4" "$type"

# ---- commands
expect "echo" "status 0: hello" "$(ask echo text hello | head -n 1)"
expect "a refused command" "status 1: echo needs text" "$(ask echo | head -n 1)"
expect "a table" "status 0: |columns limit word|row 3 none|row second row|" "$(ask show | tr '\n' '|')"
expect_in "too large an answer" 'status 1: the answer is larger' "$(ask big)"
expect "unknown verb" "status 1: kith-risk has no command of this name; it has: echo, show, big, fail, slow, forget" "$(ask nonsense | head -n 1)"
expect "commands done" 2 "$(metric 'kith_requests_total{kind="command",outcome="done"}')"
expect "commands refused" 3 "$(metric 'kith_requests_total{kind="command",outcome="refused"}')"
run "$probe" ask ingest echo
expect_in "a daemon that is not there" '^1 KITH_ETIMEOUT: ingest does not let us in' "$status $out"

# ---- what a client sees
KITH_RISK_LIMIT=9 run "$probe" settings
expect "a client's settings" "0 common log_level debug|common bus_ingest tcp://127.0.0.1:7421|risk http 127.0.0.1:0|ingest http 127.0.0.1:7411|ingest this is of another daemon|risk limit 9|role kith_console|" "$status $(tr '\n' '|' <<<"$out")"
mv "$home/keys/operator.key" "$home/operator.key"
run "$probe" settings
expect_in "a client without a key" '^1 KITH_EIO: .*operator.key' "$status $out"
mv "$home/operator.key" "$home/keys/operator.key"

# ---- requests of others
send() { "$probe" send "$home/keys/$1.key"; }
expect_in "a command of a daemon's key" '^error 3: .*operator' "$("$probe" pack command | send ingest)"
expect "commands denied" 1 "$(metric 'kith_requests_total{kind="command",outcome="denied"}')"
expect "events" "ack 0" "$("$probe" pack events | send ingest)"
expect_in "no request at all" '^error 1: ' "$("$probe" pack error | send ingest)"
expect_in "bytes that are no message" '^error 2: ' "$(printf 'nonsense' | send ingest)"
expect_in "a message cut off" '^error 1: .*cut off' "$("$probe" pack events | head -c 28 | send ingest)"
expect "undecodable" 1 "$(metric 'kith_undecodable_total{err="KITH_EDECODE"}')"
expect "wrong version" 1 "$(metric 'kith_undecodable_total{err="KITH_EVERSION"}')"

# ---- SIGHUP: keys and reloadable settings
config "limit = 7" "word = other"
"$build/bin/kith" keys init --folder "$home/more" sender >/dev/null
"$probe" pack events >"$home/frame"
PROBE_PATIENCE_MS=12000 "$probe" send "$home/more/sender.key" <"$home/frame" >"$home/sent" &
sender=$!
sleep 0.5
cp "$home/more/sender.pub" "$home/keys/"
kill -HUP "$daemon"
wait_until 5 log_has keys_read || fail "SIGHUP was not noticed"
expect_in "a setting that needs a restart" '"setting":"word"' "$(grep setting_needs_restart "$home/log")"
expect "the table after SIGHUP" "row 7 none" "$(ask show | sed -n 3p)"
wait "$sender" || fail "a key registered later was not let in: $(cat "$home/sent")"
expect "a key registered later" "ack 0" "$(cat "$home/sent")"
rm "$home/keys/sender.pub"
kill -HUP "$daemon"
revoked() { grep -q '"revoked":true' "$home/log"; }
wait_until 5 revoked || fail "the revoked key was not noticed"
PROBE_PATIENCE_MS=500 run "$probe" send "$home/more/sender.key" <"$home/frame"
expect_in "a revoked key" '^1 KITH_EBUSY' "$status $out"
expect "others after a revocation" "status 0: still" "$(ask echo text still | head -n 1)"
config "limit = nonsense"
kill -HUP "$daemon"
wait_until 5 log_has settings_kept || fail "a broken configuration was not reported"
expect "the table after a broken SIGHUP" "row 7 none" "$(ask show | sed -n 3p)"
config

# ---- the database goes and comes
pg_kill
wait_until 5 answers /readyz 503 || fail "/readyz without a database"
expect_in "/readyz without a database" 'database: no connection' "$(cat "$home/page")"
expect "/healthz without a database" 200 "$(get /healthz)"
pg_start "$pg_folder"
wait_until 10 answers /readyz 200 || fail "/readyz after the database came back"

# ---- drain: what is under way is finished, and then the process ends
ask slow >"$home/slow" &
asked=$!
busy() { [ "$(metric 'kith_requests_total{kind="command",outcome="taken"}')" = "$1" ]; }
taken=$(metric 'kith_requests_total{kind="command",outcome="taken"}')
wait_until 5 busy $((taken + 1)) || fail "the slow command did not arrive"
daemon_down
wait "$asked"
expect "a command under way" "status 0: late but here" "$(head -n 1 "$home/slow")"
grep -qx STOPPING=1 "$home/notified" || fail "no STOPPING=1"
grep -q 'probe: stopped' "$home/log" || fail "the service was not stopped"
log_has stopped || fail "no log line of the end"

# ---- a drain that does not end is cut after 5 s; asked twice it ends at once
PROBE_BUSY_MS=60000 daemon_up
began=$SECONDS
daemon_down
log_has drain_cut_short || fail "the drain was not cut short"
[ $((SECONDS - began)) -le 7 ] || fail "the drain took $((SECONDS - began)) s"
PROBE_BUSY_MS=60000 daemon_up
kill -TERM "$daemon"
wait_until 5 log_has draining
began=$SECONDS
daemon_down
[ $((SECONDS - began)) -le 2 ] || fail "a second SIGTERM did not end it"

# ---- failing: exit 1 and one clear line
daemon_up
ask fail >/dev/null || true # its answer may be lost with the connection
daemon_wait
expect "exit status after a failure" 1 "$status"
expect "failure lines" 1 "$(grep -c '"event":"failed"' "$home/log")"
expect_in "failure line" 'KITH_EFENCED.*the probe was told to fail' "$(grep '"event":"failed"' "$home/log")"

# ---- started before its database
pg_stop
daemon_start
wait_until 12 log_has waiting_for_database || fail "nothing was said about the database that is away"
pg_start "$pg_folder"
wait_until 10 log_has started || fail "it did not start when the database came"
daemon_down
pg_stop
daemon_start
sleep 1
daemon_down
log_has stopped_while_starting || fail "SIGTERM while waiting for the database"
printf 'the daemon skeleton holds\n'
