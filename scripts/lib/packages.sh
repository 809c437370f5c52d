# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian packages that Kith needs, by purpose, and their installation. After base.sh.

packages_build=(gcc libc6-dev cmake ninja-build pkgconf git ca-certificates
    protobuf-c-compiler libprotobuf-c-dev libuv1-dev libzmq3-dev libpq-dev libmicrohttpd-dev libcurl4-openssl-dev
    libjansson-dev libcsv-dev libzip-dev zlib1g-dev libexpat1-dev libsodium-dev libinih-dev libsmartcols-dev libcmocka-dev)
packages_run=(postgresql python3-minimal libpython3-stdlib curl util-linux passwd tzdata)
packages_test=(clang clang-format clang-tidy libclang-rt-dev nginx-light openssl patch systemd shellcheck)
packages_bench=(wrk)

# packages_missing NAME...: those that are not installed, one a line.
packages_missing() {
    local have
    have=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p' || true)
    printf '%s\n' "$@" | grep -vxF "${have:-.}" || true
}

# as_root COMMAND...
as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "installing packages needs root: run 'scripts/setup' as root once, or install sudo"
    fi
}

# What apt must find while it works, undone afterwards: no database cluster of its own on port 5432 (ours is private), and where
# no init runs (a container, a chroot) no attempt to start services.
packages_guard_files() {
    guard_cluster=/etc/postgresql-common/createcluster.d/kith.conf
    guard_start=/usr/sbin/policy-rc.d
    guards=()
    if [ ! -e "$guard_cluster" ]; then
        guards+=("$guard_cluster")
        as_root sh -c "mkdir -p '${guard_cluster%/*}' && echo 'create_main_cluster = false' > '$guard_cluster'"
    fi
    if [ ! -d /run/systemd/system ] && [ ! -e "$guard_start" ]; then
        guards+=("$guard_start")
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' > '$guard_start' && chmod 755 '$guard_start'"
    fi
    trap packages_unguard EXIT
}
packages_unguard() {
    [ ${#guards[@]} -eq 0 ] || as_root rm -f "${guards[@]}"
    guards=()
    trap - EXIT
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q "$@" </dev/null; }

# packages_need QUIET NAME...: installs what is missing. A second call costs one dpkg-query.
packages_need() {
    local quiet=$1 missing
    shift
    command -v dpkg-query >/dev/null ||
        die "this is not Debian (no dpkg). Kith's scripts install Debian 12's packages; elsewhere install by hand: $*"
    mapfile -t missing < <(packages_missing "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        [ "$quiet" = yes ] || say "All packages are installed ($# checked)."
        return
    fi
    apt_log=$(mktemp "${TMPDIR:-/tmp}/kith-apt.XXXXXX")
    say "Installing ${#missing[@]} packages with apt, without recommendations: ${missing[*]}"
    packages_guard_files
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        say "Fetching apt's package lists first: there are none."
        packages_run_apt update
    fi
    if ! apt install -y --no-install-recommends "${missing[@]}" >"$apt_log" 2>&1; then
        say "That failed; fetching fresh package lists and trying once more."
        packages_run_apt update
        packages_run_apt install -y --no-install-recommends "${missing[@]}"
    fi
    packages_unguard
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -eq 0 ] || die "apt reported success, but these are still not installed: ${missing[*]}"
    rm -f "$apt_log"
    say "Installed."
}

# apt with its output kept back unless it fails.
packages_run_apt() {
    apt "$@" >"$apt_log" 2>&1 || {
        tail -n 25 "$apt_log" >&2
        packages_unguard
        die "apt-get $1 failed (its last lines are above; all of it: $apt_log)"
    }
}
