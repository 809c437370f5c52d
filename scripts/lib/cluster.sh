# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A private PostgreSQL cluster in $state/data: a Unix socket in a closed folder, no TCP, run by `owner`. After home.sh.
cluster_port=5432 # names the socket only
cluster_database=kith

# Server programs are not in PATH; an existing cluster decides the major version.
cluster_bin() {
    local major
    if [ -f "$state/data/PG_VERSION" ]; then
        major=$(<"$state/data/PG_VERSION")
    else
        major=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -name initdb 2>/dev/null | cut -d/ -f5 | sort -n | tail -n 1)
    fi
    [ -n "$major" ] && [ -x "/usr/lib/postgresql/$major/bin/postgres" ] ||
        die "PostgreSQL ${major:-(any version)} is not installed; scripts/setup installs it"
    pg_bin=/usr/lib/postgresql/$major/bin
}

# pg_ctl's own opinion is not asked: after a kill it may say "running" of a server that is not.
cluster_ready() { "$pg_bin/pg_isready" -q -h "$runtime" -p "$cluster_port" -U kith -d postgres -t 2; }

cluster_conninfo() { printf 'host=%s port=%s dbname=%s' "$runtime" "$cluster_port" "$cluster_database"; }

# cluster_sql [psql options]: as superuser `kith`. Root and the owner can reach the socket, nobody else.
cluster_sql() {
    (cd / && psql -X -q -v ON_ERROR_STOP=1 -h "$runtime" -p "$cluster_port" -U kith -d "$cluster_database" "$@")
}

cluster_init() {
    say "Making a PostgreSQL cluster in $state/data"
    as_owner rm -rf "$state/data.new"
    (cd / && as_owner "$pg_bin/initdb" -D "$state/data.new" -U kith -A trust -E UTF8 --locale=C.UTF-8 -k -N) \
        </dev/null >"$state/log/initdb.log" 2>&1 || {
        tail -n 20 "$state/log/initdb.log" >&2
        die "initdb failed (all of its output: $state/log/initdb.log)"
    }
    as_owner sh -c "echo \"include_if_exists = 'kith.conf'\" >> '$state/data.new/postgresql.conf'"
    as_owner mv "$state/data.new" "$state/data" # whole or not at all
}

# Sized for 2-8 GB of memory. Neither statements nor rows reach the log: they may hold names.
cluster_settings() {
    cat <<END
# Written by scripts/up at every start.
listen_addresses = ''
port = $cluster_port
unix_socket_directories = '$runtime'
unix_socket_permissions = 0700
max_connections = 80
shared_buffers = ${KITH_SHARED_BUFFERS:-512MB}
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_parallel_workers_per_gather = 0
jit = off
random_page_cost = 1.1
fsync = ${KITH_FSYNC:-on}
synchronous_commit = on
max_wal_size = 4GB
min_wal_size = 256MB
checkpoint_timeout = 15min
wal_compression = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u '
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
log_checkpoints = off
END
}

# cluster_up: makes and starts it where needed. fsync is on, but for throw-away clusters of tests (KITH_FSYNC=off).
cluster_up() {
    cluster_bin
    [ -f "$state/data/PG_VERSION" ] || cluster_init
    if ! cluster_ready; then
        cluster_settings | home_write "$state/data/kith.conf"
        cluster_start
    fi
    [ "$(cluster_sql -d postgres -Atc "SELECT count(*) FROM pg_database WHERE datname = '$cluster_database'")" = 1 ] ||
        cluster_sql -d postgres -c "CREATE DATABASE $cluster_database"
}

# Right after a kill the old server's processes may still hold its shared memory: try again for a while.
cluster_start() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        (cd / && as_owner "$pg_bin/pg_ctl" -s -w -t 60 -D "$state/data" -l "$state/log/postgresql.log" start) \
            </dev/null >/dev/null 2>&1 3>&- 9>&- || true
        cluster_ready && return
        sleep 0.5
    done
    tail -n 20 "$state/log/postgresql.log" >&2 || true
    die "PostgreSQL does not start after $try tries (its log: $state/log/postgresql.log)"
}

# The postmaster's pid when it lives and is this cluster's, else nothing.
cluster_pid() {
    local pid
    [ -f "$state/data/postmaster.pid" ] && read -r pid <"$state/data/postmaster.pid" || return 0
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$state/data" ] && echo "$pid" || return 0
}

# cluster_down [MODE]: fast by default; after a minute immediate.
cluster_down() {
    local mode=${1:-fast}
    [ -f "$state/data/PG_VERSION" ] || return 0
    cluster_bin
    [ -n "$(cluster_pid)" ] || return 0
    (cd / && as_owner "$pg_bin/pg_ctl" -s -w -t 60 -D "$state/data" -m "$mode" stop) </dev/null >/dev/null 2>&1 || true
    [ -n "$(cluster_pid)" ] || return 0
    (cd / && as_owner "$pg_bin/pg_ctl" -s -w -t 20 -D "$state/data" -m immediate stop) </dev/null >/dev/null 2>&1 || true
    [ -z "$(cluster_pid)" ] || die "PostgreSQL (process $(cluster_pid)) does not stop; its log: $state/log/postgresql.log"
}
