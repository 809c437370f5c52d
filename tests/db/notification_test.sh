#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The notification daemon, real, between a private PostgreSQL, crafted logs of ingest and risk (served by the real owner code) and a mail
# sink that can fail: who is told, once, and what a crash, a refusal, a deferral or a lost connection changes.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
work=$pg_folder/work
mkdir -p "$work/keys"
cd "$work"

# ---- the players ----
"$build/bin/kith" keys init --folder "$work/keys" ingest risk notification operator >/dev/null
declare -A port pid
read -r 'port[ingest]' 'port[risk]' 'port[bus]' 'port[http]' < <(/usr/bin/python3 -c '
import socket
s = [socket.socket() for _ in range(4)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')

stop() { # NAME [SIGNAL]
    [ -n "${pid[$1]:-}" ] || return 0
    kill "-${2:-TERM}" "${pid[$1]}" 2>/dev/null || true
    wait "${pid[$1]}" 2>/dev/null || true
    unset "pid[$1]"
}
clean() {
    local status=$? name
    trap - EXIT ERR
    set +e
    [ "$status" -eq 0 ] || for name in daemon logs; do echo "--- $name"; tail -n 25 "$work/$name.log"; done >&2
    for name in "${!pid[@]}"; do stop "$name" KILL; done
    (exit "$status")
    pg_clean
}
trap clean EXIT

sink() { # option...: a new sink on the same port; mails stay
    stop sink
    /usr/bin/python3 "$repo/tests/lib/mailsink.py" --folder "$work/mail" --port "${port[smtp]:-0}" --port-file "$work/smtp.port" \
        --log "$work/sink.log" "$@" 2>>"$work/sink.err" &
    pid[sink]=$!
    [ -n "${port[smtp]:-}" ] || { wait_until 5 test -s "$work/smtp.port" && port[smtp]=$(<"$work/smtp.port"); }
    wait_until 5 eval "(: >/dev/tcp/127.0.0.1/${port[smtp]}) 2>/dev/null"
}

configure() { # line...: more settings of [notification]
    cat >"$work/kith.conf" <<END
[common]
database = $(cluster_conninfo)
keys = $work/keys
log_level = debug
bus_ingest = tcp://127.0.0.1:${port[ingest]}
bus_risk = tcp://127.0.0.1:${port[risk]}
bus_notification = tcp://127.0.0.1:${port[bus]}
[notification]
http = 127.0.0.1:${port[http]}
relay = smtp://127.0.0.1:${port[smtp]}
mail_from = kith@district.example
mail_domain = kith.district.example
link_base = https://kith.district.example
smtp_timeout = 5s
END
    printf '%s\n' "$@" >>"$work/kith.conf"
}

ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:${port[http]}/readyz" 2>/dev/null; }
daemon() {
    "$build/bin/kith-notification" --config "$work/kith.conf" >>"$work/daemon.log" 2>&1 &
    pid[daemon]=$!
    wait_until 10 ready || die "the daemon does not become ready"
}
metric() { curl -fsS -m 2 "http://127.0.0.1:${port[http]}/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }

coproc LOGS { exec "$build/bin/notification_logs_dbtest" "$(cluster_conninfo)" "$work/keys" "tcp://127.0.0.1:${port[ingest]}" \
    "tcp://127.0.0.1:${port[risk]}" 2>>"$work/logs.log"; }
pid[logs]=$LOGS_PID
exec {logs_in}>&"${LOGS[1]}" {logs_out}<&"${LOGS[0]}"
read -r -t 20 answer <&"$logs_out" && [ "$answer" = ready ] || die "no logs: ${answer:-}"
tell() { # command...: sets pos
    echo "$*" >&"$logs_in"
    read -r -t 20 answer pos <&"$logs_out" && [ "$answer" = ok ] || die "\"$*\": ${answer:-no answer}"
}

# ---- looking ----
q() { pg_sql -At -F ' ' -c "$1"; }
expect() { # WHAT WANTED GOT
    [ "$2" = "$3" ] || die "$1: wanted \"$2\", got \"$3\""
    passed=$((${passed:-0} + 1))
}
settled() { # every flag read, nothing queued, nothing under way
    [ "$(q "SELECT (SELECT coalesce(sum(pos), 0) FROM risk.stream_head) = (SELECT coalesce(sum(pos), 0) FROM notification.consumer_offset WHERE stream = 'risk')
        AND NOT EXISTS (SELECT FROM notification.delivery d LEFT JOIN notification.district c USING (district_id)
                        WHERE state = 'queued' AND coalesce(address, default_email) <> '')
        AND NOT EXISTS (SELECT FROM notification.mail WHERE next_try IS NOT NULL)")" = t ]
}
settle() { wait_until 20 settled || die "does not settle"; }
files_to() { grep -lx "Delivered-To: $1"$'\r' "$work"/mail/*.eml 2>/dev/null || true; }
mails_to() { files_to "$1" | wc -l; }
ids_to() { files_to "$1" | xargs grep -hi '^Message-ID:' | sort -u | wc -l; }
message_ids() { grep -hi '^Message-ID:' "$work"/mail/*.eml | sort; }
alert_of() { q "SELECT staff_id, reason FROM notification.alert WHERE district_id = $1 AND student_id = $2"; }

sink
configure
daemon

# ---- 1. who is told: advisor, else principal, else the district's default adult ----
tell district 1 America/Chicago default@district.example
tell school 1 10 Community-A
tell staff 1 501 advisor.low@district.example
tell staff 1 502 advisor@district.example
tell staff 1 503 -
tell staff 1 601 former@district.example
tell staff 1 602 principal@district.example
tell role 1 601 10 principal 20000 20100 # ended long ago
tell role 1 602 10 principal 20000 0
tell role 1 501 10 teacher 20000 0
tell cohort 1 70 1
tell cohort 1 71 1
tell cohort 1 72 0 # no advisory
tell student 1 70 1001
tell advises 1 70 503 # the lowest cohort, but no address
tell student 1 71 1001
tell advises 1 71 502
tell student 1 72 1002
tell advises 1 72 501
tell enroll 1 1004 10 20500
cause=$pos
tell raised 1 1 1 1001 10 3 4 "$cause" # advisor 502
tell raised 1 2 1 1002 10 1 4 "$cause" # principal 602
tell raised 1 3 1 1003 11 1 4 "$cause" # nobody at school 11
tell raised 1 4 1 1004 0 1 4 "$cause"  # no school named: where the student is enrolled
settle
expect "advisor" "502 advisor" "$(alert_of 1 1001)"
expect "principal" "602 principal" "$(alert_of 1 1002)"
expect "default" "0 district default" "$(alert_of 1 1003)"
expect "school by enrollment" "602 principal" "$(alert_of 1 1004)"
expect "one inbox row an alert" "4 4" "$(q 'SELECT count(*), count(DISTINCT alert_id) FROM notification.inbox')"
expect "mail to the advisor" 1 "$(mails_to advisor@district.example)"
expect "mail to the default adult" 1 "$(mails_to default@district.example)"
expect "nobody else" 0 "$(mails_to former@district.example)"
expect "every delivery in an accepted mail" 4 "$(q "SELECT count(*) FROM notification.delivery JOIN notification.mail m USING (district_id, mail_id) WHERE m.state = 'accepted'")"
expect "log" "4 0" "$(q 'SELECT sum(count) FILTER (WHERE type = 64), count(*) FILTER (WHERE type = 65) FROM notification.log')"
expect "unrouted" 0 "$(metric kith_notification_unrouted_total)"
expect "open" 4 "$(metric kith_notification_alerts_open)"
grep -q '^Subject: Kith: 1 item needs you, 1 urgent' "$(files_to advisor@district.example)" || die "subject"
grep -hE '1001|1002|1003|1004' mail/*.eml | grep -vE '^(X-Sink-Time|Message-ID|Date):' && die "a student's number in a mail"

# ---- 2. an update is no news; a clearing resolves; what is resolved before it was mailed drops out ----
before=$(message_ids)
tell updated 1 1 1 1001 10 3 5 "$cause"
tell cleared 1 2 1 1002 10 1 0 "$cause"
settle
expect "updated" "5 open" "$(q 'SELECT value, state FROM notification.alert WHERE student_id = 1001')"
expect "resolved" "resolved t" "$(q 'SELECT state, resolved_at IS NOT NULL FROM notification.alert WHERE student_id = 1002')"
expect "no new mail" "$before" "$(message_ids)"
expect "resolved in the log" 1 "$(q 'SELECT sum(count) FROM notification.log WHERE type = 65')"

# ---- 3. a flag waits for its cause ----
tell school 1 10 Community-A # read up to here
tell raised 1 5 1 1005 12 1 4 $((pos + 2))
sleep 0.5
expect "not before its cause" "" "$(alert_of 1 1005)"
tell staff 1 603 principal12@district.example
expect "still not" "" "$(alert_of 1 1005)"
tell role 1 603 12 principal 20000 0
settle
expect "routed with what the cause brought" "603 principal" "$(alert_of 1 1005)"

# ---- 4. replay from the start: nothing new ----
before=$(message_ids)
rows=$(q 'SELECT (SELECT count(*) FROM notification.alert), (SELECT count(*) FROM notification.inbox), (SELECT count(*) FROM notification.delivery), (SELECT count(*) FROM notification.mail), (SELECT sum(pos) FROM notification.stream_head)')
stop daemon
q 'DELETE FROM notification.consumer_offset'
daemon
settle
expect "replay: rows and own log" "$rows" "$(q 'SELECT (SELECT count(*) FROM notification.alert), (SELECT count(*) FROM notification.inbox), (SELECT count(*) FROM notification.delivery), (SELECT count(*) FROM notification.mail), (SELECT sum(pos) FROM notification.stream_head)')"
expect "replay: mails" "$before" "$(message_ids)"
expect "replay: states" "5 open resolved" "$(q "SELECT a.value, a.state, b.state FROM notification.alert a, notification.alert b WHERE a.student_id = 1001 AND b.student_id = 1002")"
expect "open after a restart" 4 "$(metric kith_notification_alerts_open)"

# ---- 5. deferred: started now, looked at in the end, as the ladder's first wait is 30 s +-20 % ----
sink --defer-to slow@district.example --times 1
tell district 2 America/Chicago default2@district.example
tell staff 2 701 slow@district.example
tell role 2 701 20 principal 20000 0
tell raised 2 1 1 2001 20 2 4 "$pos"
deferred() { [ "$(q 'SELECT state, attempts, deferrals FROM notification.mail WHERE district_id = 2')" = "deferred 1 1" ]; }
wait_until 10 deferred || die "not deferred"
deferred_at=$SECONDS

# ---- 6. refused: the district's default adult is told ----
sink --refuse-to gone@district.example
tell staff 1 604 gone@district.example
tell role 1 604 13 principal 20000 0
tell raised 1 6 2 1006 13 3 4 "$pos"
fallen() { [ "$(q "SELECT count(*) FROM notification.inbox WHERE staff_id = 0 AND alert_id IN (SELECT alert_id FROM notification.alert WHERE student_id IN (1006, 1007))")" = 2 ]; }
wait_until 10 fallen || die "did not fall back"
fallen_mail() { [ "$(mails_to default@district.example)" = 2 ]; }
wait_until 10 fallen_mail || die "no mail to the default adult"
expect "the refused mail" "failed 1" "$(q "SELECT state, attempts FROM notification.mail WHERE address = 'gone@district.example'")"
expect "its reply is kept" "failed 550 5.1.1 no such mailbox" "$(q "SELECT outcome, reply FROM notification.attempt JOIN notification.mail USING (district_id, mail_id) WHERE address = 'gone@district.example'")"
expect "failure in the log" 2 "$(q 'SELECT sum(count) FROM notification.log WHERE type = 66')"
expect "both are in the inbox still" "0 0 604 604" "$(q "SELECT string_agg(staff_id::text, ' ' ORDER BY staff_id) FROM notification.inbox WHERE alert_id IN (SELECT alert_id FROM notification.alert WHERE student_id IN (1006, 1007))")"

# ---- 7. lost after the body: unknown, sent once more with the same Message-ID (30 s later: looked at in the end) ----
sink --drop-to drop@district.example --times 1
tell staff 1 605 drop@district.example
tell role 1 605 14 principal 20000 0
tell raised 1 8 1 1008 14 1 4 "$pos"
unknown() { [ "$(q "SELECT state, losses FROM notification.mail WHERE address = 'drop@district.example'")" = "unknown 1" ]; }
wait_until 10 unknown || die "not unknown"
lost_at=$SECONDS

# ---- 8. the relay is away: nothing is lost, nobody is blamed; what comes meanwhile goes out in one mail ----
stop sink
for i in 1 2 3 4 5; do tell raised 1 $((20 + i)) 1 $((1100 + i)) 13 1 4 "$cause"; done # to gone@, who can be reached again now
away() { [ "$(metric 'kith_notification_mails_total{outcome="relay_away"}')" -ge 1 ]; }
wait_until 10 away || die "the relay's absence was not noticed"
sink
back() { [ "$(q "SELECT count(*) FROM notification.delivery d JOIN notification.mail m USING (district_id, mail_id) WHERE m.state = 'accepted' AND m.address = 'gone@district.example'")" = 5 ]; }
wait_until 30 back || die "not sent after the relay came back"
[ "$(mails_to gone@district.example)" -le 2 ] || die "five mails where one or two would do"
expect "absence is no deferral" 0 "$(q "SELECT coalesce(sum(deferrals), 0) FROM notification.mail WHERE address = 'gone@district.example'")"

# ---- 9. kill -9 in the midst of sending: at most one more copy, with the same Message-ID ----
sink --delay 0.1
tell district 3 America/Chicago default3@district.example
for i in $(seq 1 60); do
    tell staff 3 "$i" "p$i@district.example"
    tell role 3 "$i" "$((300 + i))" principal 20000 0
done
cause=$pos
for round in 1 2 3; do
    for i in $(seq 1 20); do tell raised 3 $((round * 100 + i)) 1 $((30000 + round * 100 + i)) $((280 + round * 20 + i)) 1 4 "$cause"; done
    kill -9 "${pid[daemon]}"
    wait "${pid[daemon]}" 2>/dev/null || true
    daemon
done
district3() { [ "$(q "SELECT count(*) FROM notification.delivery d JOIN notification.mail m USING (district_id, mail_id) WHERE d.district_id = 3 AND m.state = 'accepted'")" = 60 ]; }
wait_until 30 district3 || die "not all delivered after the kills: $(q 'SELECT state, count(*) FROM notification.delivery WHERE district_id = 3 GROUP BY 1')"
expect "alerts and inbox rows once" "60 60" "$(q 'SELECT (SELECT count(*) FROM notification.alert WHERE district_id = 3), (SELECT count(*) FROM notification.inbox WHERE district_id = 3)')"
for i in $(seq 1 60); do
    n=$(mails_to "p$i@district.example")
    expect "one mail to p$i, whatever its copies" 1 "$(ids_to "p$i@district.example")"
    [ "$n" -le 4 ] || die "$n copies to p$i"
done
extra=$(($(cat mail/*.eml | grep -c '^Delivered-To: p[0-9]*@') - 60))
again=$(q "SELECT coalesce(sum(attempts - 1), 0) FROM notification.mail WHERE district_id = 3")
[ "$again" -ge 3 ] || die "the kills hit nothing: $again attempts were repeated"
[ "$extra" -ge 1 ] && [ "$extra" -le "$again" ] || die "$extra copies more than mails, $again attempts were repeated"
sink
# a crash exactly between the relay's 250 and our COMMIT, made by hand
q "UPDATE notification.mail SET state = 'sending', next_try = changed_at WHERE district_id = 3 AND address = 'p7@district.example'"
copies=$(mails_to p7@district.example)
stop daemon KILL
daemon
settle_p7() { [ "$(q "SELECT state FROM notification.mail WHERE district_id = 3 AND address = 'p7@district.example'")" = accepted ]; }
wait_until 10 settle_p7 || die "a mail found sending was not sent again"
expect "one more copy" $((copies + 1)) "$(mails_to p7@district.example)"
expect "the same Message-ID" 1 "$(ids_to p7@district.example)"

# ---- 10. odd input: what does not decode is counted and passed by; no default address is counted, kept, and mailed once there is one ----
tell broken 1
tell district 4 - -
tell raised 4 1 1 4001 40 1 4 "$pos"
counted() { [ "$(metric kith_notification_unrouted_total)" = 1 ]; }
wait_until 10 counted || die "an alert for nobody was not counted"
expect "kept for the default adult" "0 district default" "$(alert_of 4 4001)"
expect "and in the inbox" 1 "$(q 'SELECT count(*) FROM notification.inbox WHERE district_id = 4 AND staff_id = 0')"
tell district 4 Nowhere/Nothing late@district.example
late() { [ "$(mails_to late@district.example)" = 1 ]; }
wait_until 10 late || die "not mailed when the address came"
expect "skipped" 1 "$(metric 'kith_notification_records_skipped_total{reason="bad"}')"
tell staff 4 1 "a@x.example>"
tell gone-staff 4 1

# ---- 11. SIGTERM: drains within 5 s, status 0; mail_gap holds the second mail ----
kill -TERM "${pid[daemon]}"
started=$SECONDS
wait "${pid[daemon]}" || die "status $? after SIGTERM"
[ $((SECONDS - started)) -le 5 ] || die "slow to stop"
unset "pid[daemon]"
configure 'mail_gap = 4s'
daemon
tell raised 4 2 1 4002 40 1 4 "$pos"
second() { [ "$(mails_to late@district.example)" = 2 ]; }
wait_until 10 second || die "no mail"
gap_from=$(date +%s%N)
for i in 3 4 5; do tell raised 4 "$i" 1 $((4000 + i)) 40 1 4 1; done
third() { [ "$(mails_to late@district.example)" = 3 ]; }
wait_until 10 third || die "no mail after the gap"
[ $((($(date +%s%N) - gap_from) / 1000000)) -ge 3000 ] || die "the gap was not kept"
expect "three items in it" 3 "$(q "SELECT items FROM notification.mail WHERE district_id = 4 ORDER BY created_at DESC LIMIT 1")"

# ---- 12. kith alerts ----
kith_alerts() { KITH_HOME=$work "$build/bin/kith" alerts "$@"; }
field() { /usr/bin/python3 -c 'import json,sys
rows = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "$1"; }
expect "list --json" "$(q "SELECT count(*) FROM notification.alert WHERE state = 'open'")" "$(kith_alerts list --json | field 'len(rows)')"
expect "list --all" "$(q 'SELECT count(*) FROM notification.alert')" "$(kith_alerts list --all --json | field 'len(rows)')"
expect "one district" "[2]" "$(kith_alerts list --all --district 2 --json | field 'sorted({r["district"] for r in rows})')"
expect "a row" "1001 Community-A consecutive_unexcused urgent 5 open 502 advisor" \
    "$(kith_alerts list --json | field '" ".join(str(r[k]) for r in rows if r["student"] == 1001 for k in ("student", "school", "rule", "urgency", "value", "state", "adult", "reason"))')"
failed=$(q "SELECT replace(alert_id::text, '-', '') FROM notification.alert WHERE student_id = 1006")
expect "show --json" "[0, 604] [('604', 'failed'), ('0', 'accepted')] [('failed', '550 5.1.1 no such mailbox'), ('accepted', True)]" \
    "$(kith_alerts show "$failed" --json | field '"%s %s %s" % (sorted(i["adult"] for i in rows[0]["inbox"]), [(str(d["adult"]), d["state"]) for d in rows[0]["deliveries"]], [(a["outcome"], a["reply"] if a["outcome"] == "failed" else a["reply"].startswith("250")) for a in rows[0]["attempts"]])')"
kith_alerts show "$failed" >"$work/show"
grep -q 'gone@district.example' "$work/show" && grep -q '550 5.1.1' "$work/show" || die "show does not show"
kith_alerts list >"$work/list"
grep -q 'district default' "$work/list" || die "list does not show"
expect "an unknown alert" 1 "$(kith_alerts show 00000000000000000000000000000000 2>/dev/null && echo 0 || echo $?)"
expect "no such option" 2 "$(kith_alerts list --what 2>/dev/null && echo 0 || echo $?)"
expect "no id" 2 "$(kith_alerts show zz 2>/dev/null && echo 0 || echo $?)"

# ---- 13. encryption and login: required means required; a wrong password or authority is the relay's trouble, not the mail's ----
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=relay -addext 'subjectAltName=IP:127.0.0.1' -keyout relay.key -out relay.crt 2>/dev/null ||
    die "openssl cannot make a certificate"
cat relay.key relay.crt >relay.pem
stop daemon
sink --tls "$work/relay.pem" --auth 'kith:se cret'
umask 077
echo 'se cret' >password
echo 'wrong' >password.wrong
login=('starttls = required' 'smtp_user = kith')
sent_to_late() { [ "$(q "SELECT count(*) FROM notification.mail WHERE district_id = 4 AND state = 'accepted'")" = "$1" ]; }
trouble() { [ "$(metric 'kith_notification_mails_total{outcome="relay_away"}')" -ge 1 ]; }
before=$(q "SELECT count(*) FROM notification.mail WHERE district_id = 4 AND state = 'accepted'")
tell raised 4 10 1 4010 40 1 4 1
configure "${login[@]}" "smtp_password_file = $work/password" # signed by nobody the system knows
daemon
wait_until 10 trouble || die "an unknown authority was trusted"
stop daemon
configure "${login[@]}" "smtp_ca_file = $work/relay.crt" "smtp_password_file = $work/password.wrong"
daemon
wait_until 10 trouble || die "a wrong password was taken"
expect "no blame" 0 "$(q "SELECT count(*) FROM notification.mail WHERE district_id = 4 AND (state = 'failed' OR deferrals > 0)")"
stop daemon
configure "${login[@]}" "smtp_ca_file = $work/relay.crt" "smtp_password_file = $work/password"
daemon
wait_until 10 sent_to_late $((before + 1)) || die "not sent with encryption and login"
chmod 644 password
stop daemon
expect "a password that others can read" 1 "$("$build/bin/kith-notification" --config "$work/kith.conf" >>refused.log 2>&1 && echo 0 || echo $?)"
grep -q 'chmod 600' refused.log || die "refused without saying why: $(tail -n 1 refused.log)"
sink
configure
daemon

# ---- 14. PostgreSQL dies while mails are sent: nothing lost, nothing told twice ----
sink --delay 0.05
for i in $(seq 1 20); do tell raised 3 $((500 + i)) 1 $((30500 + i)) $((300 + i)) 1 4 1; done
pg_kill
sleep 0.5
pg_start "$pg_folder"
accepted20() { [ "$(q "SELECT count(*) FROM notification.delivery d JOIN notification.mail m USING (district_id, mail_id) JOIN notification.alert a USING (district_id, alert_id)
    WHERE d.district_id = 3 AND a.student_id > 30500 AND m.state = 'accepted'")" = 20 ]; }
wait_until 30 accepted20 || die "not all delivered after PostgreSQL came back"
expect "alerts and inbox rows once" "80 80" "$(q 'SELECT (SELECT count(*) FROM notification.alert WHERE district_id = 3), (SELECT count(*) FROM notification.inbox WHERE district_id = 3)')"
for i in $(seq 1 20); do expect "two mails to p$i in all, whatever their copies" 2 "$(ids_to "p$i@district.example")"; done
sink

# ---- 15. a second daemon takes over: the first notices at its next write and stops ----
sed -e "s/^http = .*/http = 127.0.0.1:0/" -e "s/^bus_notification = .*/bus_notification = tcp:\/\/127.0.0.1:*/" kith.conf >second.conf
"$build/bin/kith-notification" --config "$work/second.conf" >>"$work/second.log" 2>&1 &
pid[second]=$!
wait_until 10 grep -q '"event":"started"' "$work/second.log" || die "the second daemon does not start"
tell raised 3 601 1 30601 301 1 4 1
first_gone() { ! kill -0 "${pid[daemon]}" 2>/dev/null; }
wait_until 10 first_gone || die "two daemons go on writing"
grep -q KITH_EFENCED "$work/daemon.log" || die "the first did not say why it stopped"
unset "pid[daemon]"
told() { [ "$(ids_to p1@district.example)" = 3 ]; }
wait_until 10 told || die "nobody was told after the change of daemons"
expect "one alert" 1 "$(q 'SELECT count(*) FROM notification.alert WHERE student_id = 30601')"

# ---- what takes 30 s: the deferred mail and the lost one ----
# A try may have met one of the relay's absences or of the kills of above: those are told apart by what the attempt says.
tries() { # ADDRESS
    q "SELECT string_agg(outcome, ' ' ORDER BY attempt) FROM notification.attempt JOIN notification.mail USING (district_id, mail_id)
        WHERE address = '$1' AND outcome <> 'relay_away'"
}
killed() { q "SELECT count(*) FROM notification.attempt JOIN notification.mail USING (district_id, mail_id) WHERE address = '$1' AND outcome IS NULL"; }
copies() { # ADDRESS WANTED: one more for each try that was killed, if the relay had it by then
    local n
    n=$(mails_to "$1")
    [ "$n" -ge "$2" ] && [ "$n" -le $(($2 + $(killed "$1"))) ] || die "$n copies to $1, wanted $2"
    passed=$((passed + 1))
}
taken() { [ "$(q "SELECT state, deferrals, losses FROM notification.mail WHERE district_id = 2")" = "accepted 1 0" ]; }
wait_until $((60 - (SECONDS - deferred_at) > 5 ? 60 - (SECONDS - deferred_at) : 5)) taken || die "the deferred mail was not sent again: $(q 'SELECT state, attempts, deferrals, losses, next_try, now() FROM notification.mail WHERE district_id = 2')"
expect "its tries" "deferred accepted" "$(tries slow@district.example)"
copies slow@district.example 1
expect "one Message-ID of the deferred" 1 "$(ids_to slow@district.example)"
found() { [ "$(q "SELECT state, losses FROM notification.mail WHERE address = 'drop@district.example'")" = "accepted 1" ]; }
wait_until $((60 - (SECONDS - lost_at) > 5 ? 60 - (SECONDS - lost_at) : 5)) found || die "the lost mail was not sent again"
expect "its tries" "unknown accepted" "$(tries drop@district.example)"
copies drop@district.example 2
expect "one Message-ID" 1 "$(ids_to drop@district.example)"

# ---- no address, no name in the daemon's log ----
! grep -E '@district\.example' "$work/daemon.log" || die "an address in the log"
say "notification: $passed expectations held"
