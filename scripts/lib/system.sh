# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A whole Kith in one KITH_HOME, from a build: what scripts/up does after building and what the e2e tests start. After config.sh.

# system_up BUILD: programs, ports, cluster, schema, keys, configuration, mail sink, daemons; all of it only where needed.
system_up() {
    ports_choose
    programs_install "$1"
    cluster_up
    "$repo/scripts/migrate" "$(cluster_conninfo) user=kith" 3>&- 9>&-
    keys_make
    config_make
    mail_sink_up
    daemons_up "${daemons[@]}"
}

# system_down: daemons first (they finish what they have begun), then PostgreSQL.
system_down() {
    local name
    for name in "${daemons[@]}" smtp; do process_stop "$name"; done
    cluster_down "$@"
}

# The private mail sink: takes every mail and keeps it in $state/mail.
mail_sink_up() {
    install_file "$repo/tests/lib/mailsink.py" 644
    mail_sink_ready || process_stop smtp
    process_start smtp /usr/bin/python3 "$state/bin/mailsink.py" --folder "$state/mail" --port "$(port_of smtp)" --log "$state/log/smtp.jsonl"
    wait_until 10 mail_sink_ready || die "the mail sink does not listen; see $state/log/smtp.log"
}

mail_sink_ready() { (exec 8<>"/dev/tcp/127.0.0.1/$(port_of smtp)") 2>/dev/null; }

# status_is_quiet: every reader has read every log to its end, and no mail waits to be sent.
status_is_quiet() {
    kith_run status --json 2>/dev/null | /usr/bin/python3 -c '
import json, sys
text = sys.stdin.read()
status = json.loads(text) if text else {}
if "streams" not in status: sys.exit(1)
behind = sum(s["lag_records"] for s in status["streams"])
waiting = sum(d.get("mails", {}).get("sending", 0) + d.get("deliveries", {}).get("queued", 0) for d in status["districts"])
ready = all(d["health"] == "ready" for d in status["daemons"])
sys.exit(0 if ready and not (behind or waiting) else 1)'
}

# wait_quiet SECONDS: twice in a row, so that what one reader wrote last is seen by the next.
wait_quiet() {
    wait_until "$1" status_is_quiet && wait_until "$1" status_is_quiet
}

# clock_set INSTANT: the daemons' time stands still at it ("2026-09-14T20:30:00Z") until it is set again.
clock_set() { printf '%s\n' "$1" | home_write "$state/clock"; }
