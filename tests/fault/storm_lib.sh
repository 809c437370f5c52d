# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the fault tests share. Source after tests/lib/kith.sh.
#
#   fault_build                 sets build: what is killed in numbers and timed is the release build where there is one
#   fault_temp                  kith_temp, after which no process of fault_pids stays either, nor the folder $input
#   fault_input FOLDER [option] roster and events (see storm_input.py)
#   fault_up                    a system with the roster in it and the clock standing still on the last day of school
#   fault_push NAME [option]    push_storm in the background: sets push_pid; $out/NAME.json when it ends, $out/NAME.acked
#   epochs_fall                 in how many places of a log the epoch falls
here=$repo/tests/fault
fault_dusk=2027-06-04T23:00:00Z

# shellcheck disable=SC2034
fault_build() {
    build=${KITH_RELEASE:-${KITH_BUILD:?KITH_BUILD names the build folder}}
    [ -x "$build/bin/kith-ingest" ] && [ -x "$build/bin/push_storm" ] || die "$build is not built"
}

fault_pids=()
fault_temp() {
    kith_temp
    trap fault_end EXIT
}
fault_end() {
    local status=$? process children
    trap - ERR
    set +e
    for process in $(comm -12 <(printf '%s\n' "${fault_pids[@]}" | sort) <(jobs -pr | sort)); do # not a number used again
        children=$(cat "/proc/$process/task/$process/children" 2>/dev/null)
        # shellcheck disable=SC2086
        kill -KILL "$process" $children 2>/dev/null
    done
    [ "$BASHPID" != "$$" ] || rm -rf "${input:?}"
    (exit "$status") # kith_clean goes on with it
    kith_clean
}

fault_input() {
    local folder=$1
    shift
    /usr/bin/python3 "$repo/tests/district/generate.py" --students 600 --schools 2 --until 2026-08-16 --out "$folder/district" 2>/dev/null
    /usr/bin/python3 "$here/storm_input.py" "$folder/district/roster" "$folder/events" "$@"
}

# fault_up INPUT: after kith_temp.
fault_up() {
    kith_clock "$fault_dusk"
    kith_up "$build"
    kith_district
    kith push --kept "$state/unsent" --json "$1/district/roster" >"$state/log/roster.log"
    kith push --kept "$state/unsent" --json "$1/events/anchor" >>"$state/log/roster.log"
}

# fault_push NAME EVENTS.tsv [option...]
fault_push() {
    local name=$1 events=$2
    shift 2
    KITH_HOME=$state "$build/bin/push_storm" --key "$state/client.key" --events "$events" --acked "$out/$name.acked" "$@" >"$out/$name.json" &
    push_pid=$!
    fault_pids+=("$push_pid")
}

acked() { if [ -f "$out/$1.acked" ]; then wc -l <"$out/$1.acked"; else echo 0; fi; }

epochs_fall() {
    sql "SELECT count(*) FROM (SELECT epoch < lag(epoch) OVER (PARTITION BY district_id, shard ORDER BY pos) AS falls FROM $1.log) l WHERE falls"
}

now_ms() { echo $((${EPOCHREALTIME/[^0-9]/} / 1000)); }
