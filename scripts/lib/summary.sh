# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What scripts/up says at its end. Only numbers and adults' addresses: no student. After demo.sh.

summary_demo() {
    say
    say "What happened"
    cluster_sql -At -c "
        SELECT format('  taken    %s attendance events, %s other records; %s quarantined',
            (SELECT count(*) FROM ingest.attendance), (SELECT coalesce(sum(n), 0) FROM ingest.pub_item_count), (SELECT count(*) FROM ingest.pub_quarantine));
        SELECT format('  counted  %s events with an unmapped category, %s without an enrollment (kept; they flag nobody)',
            (SELECT coalesce(sum(n), 0) FROM ingest.pub_attendance_count WHERE meaning IS NULL),
            (SELECT coalesce(sum(n), 0) FROM risk.pub_count WHERE what = 'marks without enrollment'));
        SELECT format('  flagged  %s students now: %s', count(DISTINCT student_id), (
            SELECT coalesce(string_agg(format('%s %s', n, why), ', '), 'nobody') FROM (
                SELECT count(*) AS n, CASE rule WHEN 1 THEN 'with unexcused absences in a row' WHEN 2 THEN 'below the attendance threshold'
                    WHEN 3 THEN 'with whom nobody has spoken' ELSE 'by rule ' || rule END AS why
                FROM risk.pub_flag WHERE cleared_at IS NULL GROUP BY rule ORDER BY rule) by_rule))
        FROM risk.pub_flag WHERE cleared_at IS NULL;
        SELECT format('  told     %s adults, %s alerts in %s mails', count(DISTINCT address), coalesce(sum(alerts), 0), count(*))
        FROM notification.pub_mail WHERE state = 'accepted';
        SELECT format('             %s  %s alerts in %s mails', rpad(address, 40), coalesce(sum(alerts), 0), count(*))
        FROM notification.pub_mail WHERE state = 'accepted' GROUP BY address ORDER BY sum(alerts) DESC, address LIMIT 12;
        SELECT format('             and %s more adults', count(DISTINCT address) - 12)
        FROM notification.pub_mail WHERE state = 'accepted' HAVING count(DISTINCT address) > 12"
}

summary_where() {
    local kith=kith
    [ ! -x "$repo/build/release/bin/kith" ] || kith=$repo/build/release/bin/kith
    [ "$home" = "$repo/var" ] || kith="KITH_HOME=$home $kith"
    cat <<END

Where things are
  everything   $home  (settings: kith.conf, logs: log/)
  look         $kith status        $kith alerts list
  Ed-Fi door   http://127.0.0.1:$(port_of http_ingest)  client $client_id, its secret in $home/client.conf
  native door  tcp://127.0.0.1:$(port_of bus_ingest)  CURVE; a sender's pair is in $home/client.key
  mails        $home/mail
  database     psql "$(cluster_conninfo) user=kith"
  stop         $([ "$home" = "$repo/var" ] || echo "KITH_HOME=$home ")$repo/scripts/down
END
}

summary_json() {
    KITH_SECRET=$client_secret /usr/bin/python3 - "$home" "$(cluster_conninfo) user=kith" "http://127.0.0.1:$(port_of http_ingest)" "$client_id" \
        "tcp://127.0.0.1:$(port_of bus_ingest)" <<'END'
import json, os, sys
home, database, url, client, endpoint = sys.argv[1:]
read = lambda path: open(os.path.join(home, path)).read().strip()
pair = dict(line.split(" = ", 1) for line in read("client.key").splitlines() if " = " in line)
print(json.dumps({
    "console": None,
    "edfi": {"url": url, "client_id": client, "client_secret": os.environ["KITH_SECRET"]},
    "zmq": {"endpoint": endpoint, "server_key": read("keys/ingest.pub"), "client_public": pair["public"],
            "client_secret_file": os.path.join(home, "client.key")},
    "smtp_sink": os.path.join(home, "mail"),
    "database": database,
}))
END
}
