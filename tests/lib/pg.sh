# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A throw-away PostgreSQL for a test: a private cluster, Unix socket only, without fsync. Source it, then:
#
#   pg_temp                 a fresh folder in $pg_folder; cluster and folder go when the script ends
#   pg_start FOLDER         starts a cluster in FOLDER (made when missing); sets pg_conninfo (superuser "kith", database "kith")
#   pg_migrate              applies deploy/sql
#   pg_sql [psql options]   psql as the superuser; errors end the script
#   pg_as ROLE [options]    psql as a service's role
#   pg_conninfo_as ROLE     libpq string for a role
#   pg_kill                 the server dies at once (immediate stop), as in a crash; pg_start FOLDER brings it back
#   pg_stop
#
# How the cluster is made, and the pitfalls of doing so, are in scripts/lib/cluster.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
source "$repo/scripts/lib/owner.sh"
source "$repo/scripts/lib/cluster.sh"
build=${KITH_BUILD:-$repo/build/dev}
export KITH_FSYNC=off KITH_SHARED_BUFFERS=${KITH_SHARED_BUFFERS:-64MB}

pg_temp() {
    pg_folder=$(mktemp -d /tmp/kith-pg.XXXXXX)
    trap pg_clean EXIT
}

pg_clean() {
    local status=$?
    trap - EXIT
    pg_stop || true
    rm -rf "$pg_folder"
    exit "$status"
}

pg_start() {
    mkdir -p "$1"
    state=$(cd "$1" && pwd -P)
    runtime=$state/run
    [ "${#runtime}" -lt 90 ] || die "$runtime is too long for a socket's path; choose a shorter folder"
    owner_choose_ordinary "$state"
    mkdir -p "$state/run" "$state/log"
    [ "$EUID" -ne 0 ] || chown "$owner:$owner_group" "$state" "$state/run" "$state/log"
    chmod 700 "$state"
    cluster_up >"$state/log/up.log" 2>&1 || { cat "$state/log/up.log" >&2; die "no PostgreSQL for this test"; }
    pg_conninfo="$(cluster_conninfo) user=kith"
}

# As cluster.sh, which tests may source without an installation (scripts/lib/home.sh) around it.
home_write() {
    # shellcheck disable=SC2016
    as_owner sh -c 'umask 077 && cat >"$1.new" && mv -f "$1.new" "$1"' sh "$1"
}

pg_stop() {
    [ -z "${state:-}" ] || cluster_down immediate
}

pg_kill() { cluster_down immediate; }

pg_conninfo_as() { printf '%s user=%s' "$(cluster_conninfo)" "$1"; }

pg_sql() { cluster_sql "$@"; }

pg_as() {
    local role=$1
    shift
    (cd / && psql -X -q -v ON_ERROR_STOP=1 -d "$(pg_conninfo_as "$role")" "$@")
}

pg_migrate() { "$repo/scripts/migrate" "$pg_conninfo" "$@"; }
