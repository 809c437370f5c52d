# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The processes of one KITH_HOME: programs, pids, supervised start and stop by pid, readiness. After home.sh.
daemons=(ingest risk notification)

# ---- processes ----

# process_alive PIDFILE: sets `pid`; true when the process that the file names runs (and is no zombie).
process_alive() {
    local start stat
    pid=
    [ -f "$1" ] && read -r pid start <"$1" 2>/dev/null && [ -n "$pid" ] || return 1
    read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "${20}" = "$start" ]
}

process_gone() { ! process_alive "$1"; }

# process_start NAME COMMAND...: under a supervisor, in a session of its own; its output goes to log/NAME.log.
process_start() {
    local name=$1
    shift
    ! process_alive "$runtime/$name.supervisor" || return 0
    process_stop "$name" # a child whose supervisor was killed
    (
        cd "$state"
        umask 077
        exec 3>&- 9>&- </dev/null >>"$state/log/$name.log" 2>&1
        as_owner_exec setsid "$state/bin/supervise.sh" "$name" "$runtime" "$@"
    ) &
    wait_until 5 process_alive "$runtime/$name.pid" || die "$name did not start; see $state/log/$name.log"
}

# process_stop NAME: SIGTERM (a daemon drains in 5 s at most), after 10 s SIGKILL.
process_stop() {
    local file
    for file in "$runtime/$1.supervisor" "$runtime/$1.pid"; do
        ! process_alive "$file" || kill -TERM "$pid" 2>/dev/null || true
    done
    for file in "$runtime/$1.supervisor" "$runtime/$1.pid"; do
        if ! wait_until 10 process_gone "$file"; then
            warn "$1 (process $pid) did not end within 10 s of SIGTERM; killing it"
            kill -KILL "$pid" 2>/dev/null || true
            wait_until 5 process_gone "$file" || die "process $pid of $1 cannot be killed"
        fi
        rm -f "$file"
    done
}

# process_outdated NAME: its program file was replaced since it started.
process_outdated() {
    process_alive "$runtime/$1.pid" || return 1
    case $(readlink "/proc/$pid/exe") in *" (deleted)") ;; *) return 1 ;; esac
}

# ---- Kith's own ----

# programs_install BUILD: copies what changed into $state/bin.
programs_install() {
    local file
    [ -x "$1/bin/kith" ] || die "$1/bin/kith is missing: build first (scripts/build)"
    for file in "$1"/bin/kith "$1"/bin/kith-*; do
        case $file in *_test | *_fuzz | *"*") continue ;; esac
        install_file "$file" 755
    done
    install_file "$repo/scripts/lib/supervise.sh" 755
}
install_file() {
    local to=$state/bin/${1##*/}
    cmp -s "$1" "$to" || { cp -f --remove-destination -- "$1" "$to.new" && chmod "$2" "$to.new" &&
        chown "$owner:$owner_group" "$to.new" && mv -f "$to.new" "$to"; }
}

# kith_run ARGUMENT...: the `kith` command of this home.
kith_run() { KITH_HOME=$state "$state/bin/kith" "$@"; }

daemon_http() { sed -n "s/^http_$1=//p" "$state/ports"; }

daemon_ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$(daemon_http "$1")/readyz" 2>/dev/null; }

daemon_start() {
    [ -x "$state/bin/kith-$1" ] || die "$state/bin/kith-$1 is missing: this build has no $1 daemon"
    process_start "$1" env KITH_HOME="$state" "$state/bin/kith-$1" --config "$state/kith.conf"
}

# daemons_up NAME...: starts those that do not run, starts again those whose program changed, waits until all are ready.
daemons_up() {
    local name
    for name in "$@"; do
        ! process_outdated "$name" || { say "$name: new program, starting it again" && process_stop "$name"; }
        daemon_start "$name"
    done
    for name in "$@"; do
        wait_until "${KITH_READY_SECONDS:-30}" daemon_ready "$name" && continue
        tail -n 8 "$state/log/$name.log" >&2 || true
        die "$name is not ready after ${KITH_READY_SECONDS:-30} s (the last lines of $state/log/$name.log are above)"
    done
}
