#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Risk's statements on the migrated schema, under the daemon's role, and what the console's role may see.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
"$build/bin/risk_store_dbtest" "$(pg_conninfo_as kith_risk)" "$(pg_conninfo_as kith_console)"

# Row-level security: without a scope nothing; with one, that district alone. The note of a contact is for nobody there.
console() { pg_as kith_console -At -c "$1"; }
[ "$(console 'SELECT count(*) FROM risk.pub_flag')" = 0 ] || die "the console sees flags without a scope"
[ "$(console "SET kith.districts = '{2}'; SELECT count(*) FROM risk.pub_flag")" = 0 ] || die "district 2 has no flag"
[ "$(console "SET kith.districts = '{1,2}'; SELECT count(*) FROM risk.pub_flag")" -gt 0 ] || die "the console sees no flag in its scope"
! console "SET kith.districts = '{1}'; SELECT note FROM risk.contact" 2>/dev/null || die "the console reads notes"
! pg_as kith_ingest -c 'SELECT * FROM risk.mark' 2>/dev/null || die "ingest reads risk's tables"
! pg_as kith_risk -c 'DELETE FROM risk.flag' 2>/dev/null || die "risk may delete flags"
