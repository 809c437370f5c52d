# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# KITH_HOME: the folder that holds everything of one running Kith. After owner.sh.
#
#   data/       the PostgreSQL cluster            log/    NAME.log of each daemon, postgresql.log
#   keys/       CURVE pairs                       run/    socket, pid files
#   kith.conf   configuration                     bin/    the programs that run (a copy, so that a build does not disturb them)
#   mail/       what the private mail sink took   ports   the loopback ports, chosen once
#
# `home` is the folder as named, `state` where it really is, `runtime` where sockets and pid files are.

# home_path: the absolute path that KITH_HOME names.
home_path() {
    home=${KITH_HOME:-$repo/var}
    case $home in
    /*) ;;
    *) home=$PWD/$home ;;
    esac
    home=$(realpath -sm -- "$home")
}

# home_find: sets home, state, owner, runtime of an existing folder; status 1 when there is none.
home_find() {
    home_path
    [ -d "$home" ] || return 1
    state=$(realpath -- "$home")
    owner_choose_for "$state"
    if [ "$EUID" -ne 0 ] && [ "$(stat -c %u "$state")" -ne "$EUID" ]; then
        die "$state belongs to $(stat -c %U "$state"); run as that user or as root, or choose another KITH_HOME"
    fi
    home_runtime_path
}

# home_open: the same, making it first where needed.
home_open() {
    local parent folder
    home_path
    parent=$(dirname -- "$home")
    mkdir -p -- "$parent"
    if [ -r "$parent" ]; then # two at the same time: one makes it, the other finds it
        exec 8<"$parent"
        flock 8
    fi
    if [ ! -e "$home" ]; then
        mkdir -m 700 -- "$home" || die "cannot make $home"
        [ "$EUID" -ne 0 ] || home_give_away
    elif [ -d "$home" ] && [ "$EUID" -eq 0 ] && [ "$(stat -Lc %u "$home")" -eq 0 ]; then
        home_give_away
    fi
    home_find || die "$home is not a folder"
    chmod 700 -- "$state"
    for folder in run log keys mail bin; do
        [ -d "$state/$folder" ] || as_owner mkdir -m 700 -- "$state/$folder"
    done
    home_runtime_make
    exec 8<&-
}

# Root made it (or owns it): hand it to the ordinary user who will run everything, and make sure that this user can reach it.
home_give_away() {
    local entries elsewhere
    entries=$(find "$home/" -mindepth 1 -maxdepth 1 | head -n 3)
    [ -z "$entries" ] || die "$home belongs to root and is not empty (${entries//$'\n'/, }); choose an empty KITH_HOME"
    owner_choose_ordinary "$repo"
    chown "$owner:$owner_group" -- "$home/"
    as_owner test -w "$home/." 2>/dev/null && return 0
    # A checkout below root's own closed home: keep the state in the system's place for it, and leave a link here.
    elsewhere=/var/lib/kith/$(printf %s "$home" | cksum | cut -d' ' -f1)
    say "User '$owner' cannot reach $home (a folder above it is closed to others); the state is kept in $elsewhere, with a link."
    mkdir -p /var/lib/kith
    [ -d "$elsewhere" ] || mkdir -m 700 "$elsewhere"
    chown "$owner:$owner_group" "$elsewhere"
    [ -L "$home" ] || { rmdir -- "$home" && ln -s -- "$elsewhere" "$home"; }
}

# A socket's path may have 107 bytes; a deeper folder gets a short one for its sockets and pid files.
home_runtime_path() {
    runtime=$state/run
    local socket=$runtime/.s.PGSQL.$cluster_port
    if [ "${#socket}" -gt 107 ]; then
        runtime=/tmp/kith-$(id -u "$owner")-$(printf %s "$state" | cksum | cut -d' ' -f1)
    fi
}
home_runtime_make() {
    [ "$runtime" != "$state/run" ] || return 0
    if [ ! -e "$runtime" ]; then
        as_owner mkdir -m 700 "$runtime"
        say "The path of $state is too long for a socket (107 bytes); sockets and pid files are in $runtime."
    fi
    [ -d "$runtime" ] && [ ! -L "$runtime" ] && [ "$(stat -c %U "$runtime")" = "$owner" ] ||
        die "$runtime exists but is not a folder of user $owner; remove it"
}

# home_lock: one up or down at a time for a KITH_HOME. The descriptor is 9; long-lived children must close it (9>&-).
home_lock() {
    [ -e "$state/lock" ] || as_owner touch "$state/lock"
    exec 9<"$state/lock"
    if ! flock -n 9; then
        say "Another scripts/up or scripts/down works on $home; waiting for it (10 minutes at most)."
        flock -w 600 9 || die "$home is still locked by another scripts/up or scripts/down"
    fi
}

# home_write FILE: standard input into a file of the owner, 0600, at once or not at all.
home_write() {
    # shellcheck disable=SC2016
    as_owner sh -c 'umask 077 && cat >"$1.new" && mv -f "$1.new" "$1"' sh "$1"
}
