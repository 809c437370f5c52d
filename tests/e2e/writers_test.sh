#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No deadlock under 32 concurrent writers of overlapping sections: POST, PUT, DELETE and changed keys of the same documents in different orders;
# no answer but successes, conflicts and "not found", and the end as a single client would have left it.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
export EDFI_URL=$edfi_url EDFI_CLIENT=$client_id EDFI_SECRET=$client_secret
EDFI_DATABASE="$(cluster_conninfo) user=kith"
export EDFI_DATABASE
timeout 240 /usr/bin/python3 "$repo/tests/e2e/writers_client.py"
wait_quiet 60
expect "deadlocks" 0 "$(sql 'SELECT sum(deadlocks) FROM pg_stat_database')"
! grep 'deadlock' "$state"/log/*.log || die "something was deadlocked"
! grep -E '"level":"error"|"status":5' "$state/log/ingest.log" || die "ingest logged an error"
expect "references that name nobody" 0 "$(sql "SELECT count(*) FROM ingest.item_ref r WHERE resource = 'studentSectionAssociations' AND (
    NOT EXISTS (SELECT FROM ingest.item i WHERE i.district_id = r.district_id AND i.id = r.target_id) OR
    NOT EXISTS (SELECT FROM ingest.item i WHERE i.district_id = r.district_id AND i.id = r.id))")"
daemons_end
