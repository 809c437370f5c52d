#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# common/kith/stream: an owner and its readers over the real bus, with the migrated schemas and the services' roles.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
pg_sql -c 'CREATE SEQUENCE public.wrong_pos; GRANT USAGE ON SCHEMA public TO kith_ingest; GRANT ALL ON SEQUENCE public.wrong_pos TO kith_ingest; GRANT pg_signal_backend TO kith_ingest'
"$build/bin/stream_dbtest" "$(cluster_conninfo)"
