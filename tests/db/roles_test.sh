#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: tests/db/roles_test.sh [--update]
#
# Every privilege of every role on every table is as tests/db/roles.expected says; --update writes that file anew (read its diff).
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
expected=$repo/tests/db/roles.expected
case ${1:-} in
-h | --help) print_help "$0"; exit 0 ;;
--update) update=yes ;;
'') update=no ;;
*) usage_error "unknown argument '$1'" ;;
esac
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null

matrix() {
    echo '# SPDX-License-Identifier: Apache-2.0'
    echo '# Who may do what; written by bash tests/db/roles_test.sh --update, compared by tests/db/roles_test.sh.'
    pg_sql -At -f "$repo/tests/db/roles.sql"
}
# what comes and goes: privileges that differ, as a diff
difference() {
    matrix >"$pg_folder/matrix"
    diff -U 0 "$expected" "$pg_folder/matrix" | sed -n '/^[-+][^-+]/p' || true
}

if [ "$update" = yes ]; then
    matrix >"$expected"
    say "wrote $(wc -l <"$expected") lines to tests/db/roles.expected"
    exit 0
fi
found=$(difference)
[ -z "$found" ] || die "privileges differ from tests/db/roles.expected (- expected, + found); if that is meant: bash tests/db/roles_test.sh --update
$found"

# one privilege more, one column more, one fewer, a role that may bypass policies: each is seen
seen() {
    pg_sql -c "$1"
    found=$(difference)
    grep -qF -- "$2" <<<"$found" || die "not seen: $1 ($found)"
    pg_sql -c "$3"
}
seen 'GRANT DELETE ON risk.log TO kith_risk' '+table risk.log: kith_risk SELECT INSERT DELETE' 'REVOKE DELETE ON risk.log FROM kith_risk'
seen 'GRANT SELECT (body) ON ingest.item TO kith_console' '+table ingest.item: kith_console SELECT(district_id,resource,num,body)' \
    'REVOKE SELECT (body) ON ingest.item FROM kith_console'
seen 'REVOKE INSERT ON ingest.log FROM kith_ingest' '-table ingest.log: kith_ingest SELECT INSERT' 'GRANT INSERT ON ingest.log TO kith_ingest'
seen 'ALTER ROLE kith_console BYPASSRLS' '+role kith_console: login, BYPASSRLS' 'ALTER ROLE kith_console NOBYPASSRLS'
seen 'GRANT SELECT ON risk.flag TO kith_notification' '+table risk.flag: kith_notification SELECT RLS' 'REVOKE SELECT ON risk.flag FROM kith_notification'
found=$(difference)
[ -z "$found" ] || die "the planted changes did not go away: $found"
say "$(grep -vc '^#' "$expected") lines of privileges as expected; 5 planted changes were seen"
