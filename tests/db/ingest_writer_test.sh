#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What ingest's writer knows and what is committed stay the same: unknown outcomes, another owner, refused descriptors.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
"$build/bin/ingest_writer_dbtest" "$(pg_conninfo_as kith_ingest)" "$pg_conninfo"
