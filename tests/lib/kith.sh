# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A whole private Kith for a test, made by the same functions as scripts/up. Source it, then:
#
#   kith_temp                     a fresh KITH_HOME; everything is stopped and deleted when the script ends, with the logs shown if it failed
#   kith_up [BUILD]               cluster, schema, keys, configuration, mail sink, daemons; from KITH_BUILD by default, or "$KITH_RELEASE"
#   kith_clock INSTANT            drive the daemons' time; before kith_up, then at any time
#   kith_district                 a district (America/Chicago) and an Ed-Fi client: sets district, edfi_url, client_id, client_secret
#   kith ...                      the command of this system
#   kith_token                    a fresh OAuth2 token
#   edfi METHOD PATH [FILE]       a request with a token: sets edfi_status and edfi_body
#   sql TEXT                      one statement as superuser, unaligned
#   daemon_kill NAME [SIGNAL]     SIGKILL by default; its supervisor starts it again
#   daemon_hold NAME              stop it and keep it stopped; daemon_start NAME starts it
#   daemons_end                   stop all; fails when one had ended by itself before, or a sanitizer has spoken
#   postgres_kill, postgres_start an immediate stop as in a crash, and the start after it
#   wait_until SECONDS COMMAND    (scripts/lib/base.sh)     wait_quiet SECONDS (scripts/lib/system.sh)
#   names_of FOLDER               every name and identifier of the students pushed from FOLDER/students.jsonl, one a line
#   names_absent_from LIST FILE   fails when one of them is in a file
#   expect WHAT WANTED GOT        fails with a sentence when they differ
#
# fsync is off (a killed process loses nothing by it, only a power cut would); KITH_FSYNC=on turns it on, for whatever is measured.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
for part in owner cluster home daemons config system district; do source "$repo/scripts/lib/$part.sh"; done
export KITH_FSYNC=${KITH_FSYNC:-off} KITH_SHARED_BUFFERS=${KITH_SHARED_BUFFERS:-128MB} KITH_READY_SECONDS=${KITH_READY_SECONDS:-60}

skip() {
    printf 'SKIPPED: %s\n' "$*" >&2
    exit 77
}

kith_temp() {
    export KITH_HOME
    KITH_HOME=$(mktemp -d /tmp/kith-test.XXXXXX)
    trap kith_clean EXIT
    trap 'exit 130' INT TERM
    home_open
}

# Whatever happened: no process and no file stays behind.
kith_clean() {
    local status=$?
    trap - EXIT ERR
    trap '' PIPE # nobody may be reading any more
    set +e
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        for log in "$state"/log/*.log; do
            case $log in */initdb.log | */smtp.log) continue ;; esac
            printf -- '--- the end of %s\n' "$log"
            tail -n 15 "$log"
        done >&2
    fi
    (system_down immediate) || status=1
    [ "$runtime" = "$state/run" ] || rm -rf "$runtime"
    if [ -n "${KITH_KEEP:-}" ]; then
        printf 'Kept (KITH_KEEP): %s\n' "$KITH_HOME" >&2
    else
        rm -rf "$KITH_HOME"
    fi
    exit "$status"
}

kith_up() { system_up "${1:-${KITH_BUILD:?KITH_BUILD names the build folder}}" >"$state/log/up.log" 2>&1 || { cat "$state/log/up.log" >&2; exit 1; }; }
kith_clock() { clock_set "$1"; }
kith() { kith_run "$@"; }
sql() { cluster_sql -At -F ' ' -c "$1"; }

kith_district() {
    district_make >/dev/null
    district=$district_id
    edfi_url=http://127.0.0.1:$(port_of http_ingest)
}

kith_token() {
    curl -fsS -m 10 -u "$client_id:$client_secret" -d grant_type=client_credentials "$edfi_url/oauth/token" |
        sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p'
}

edfi() {
    local method=$1 path=$2 body=()
    [ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data-binary "@$3")
    [ -n "${edfi_token:-}" ] || edfi_token=$(kith_token)
    edfi_status=$(curl -sS -m 30 -o "$state/edfi.body" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $edfi_token" \
        "${body[@]}" "$edfi_url/data/v3/ed-fi/$path")
    edfi_body=$(cat "$state/edfi.body")
}

daemon_kill() {
    process_alive "$runtime/$1.pid" || return 0
    kill "-${2:-KILL}" "$pid" 2>/dev/null || true
}
daemon_hold() { process_stop "$1"; }
daemons_end() {
    local name
    for name in "${daemons[@]}"; do process_stop "$name"; done
    ! grep -hE '"event":"restarted"|AddressSanitizer|LeakSanitizer|runtime error:' "$state"/log/*.log ||
        die "a daemon ended by itself, or a sanitizer found something (the lines above)"
}
postgres_kill() { cluster_down immediate; }
postgres_start() { cluster_up; }

# Words that Kith's own sources use (a family named Day or Small) would only give false alarms and are left out.
names_of() {
    /usr/bin/python3 - "$1" "$repo" <<'END'
import json, pathlib, re, sys
words = set()
for room in ("services", "common", "scripts", "proto", "deploy"):
    for f in pathlib.Path(sys.argv[2], room).rglob("*"):
        if f.is_file():
            words.update(w.lower() for w in re.findall(r"[A-Za-z]+", f.read_text(errors="replace")))
found = set()
with open(pathlib.Path(sys.argv[1], "students.jsonl")) as lines:
    for line in lines:
        s = json.loads(line)
        first, last = s.get("firstName", ""), s.get("lastSurname", "")
        found.update(n for n in (first, last, s.get("middleName", "")) if len(n) >= 4 and n.lower() not in words)
        if first and last: found.update((f"{first} {last}", f"{last}, {first}"))
        if len(s["studentUniqueId"]) >= 5: found.add(s["studentUniqueId"])
if not found: sys.exit("no student in " + sys.argv[1])
print("\n".join(sorted(found)))
END
}
names_absent_from() {
    local list=$1 hits
    shift
    [ -s "$list" ] || die "names_absent_from: $list is empty"
    hits=$(grep -rnowFf "$list" -- "$@" | head -n 5) || return 0
    die "a student's name or identifier got out: $hits"
}

expect() { [ "$2" = "$3" ] || die "$1: expected '$2', got '$3'"; }
