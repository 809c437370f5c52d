#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The `kith` command without a running system: help, exit statuses, suggestions, keys, errors that say what to do.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
bin=${KITH_BUILD:?KITH_BUILD names the build folder}/bin
folder=$(mktemp -d /tmp/kith-cli.XXXXXX)
trap 'rm -rf "$folder"' EXIT
unset KITH_HOME
cp "$bin/kith" "$folder/kith" # away from the repository, so that no home is found

# run WANTED-STATUS ARGUMENT...: leaves out and err
run() {
    local wanted=$1 status=0
    shift
    "$folder/kith" "$@" >"$folder/out" 2>"$folder/err" </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || { cat "$folder/err" >&2; die "kith $*: status $status, expected $wanted"; }
}
says() { grep -qF -- "$2" "$folder/$1" || { cat "$folder/$1" >&2; die "expected in $1: $2"; }; }

run 2
says err "Usage: kith SUBCOMMAND"
run 0 --help
for word in status push import key district meaning quarantine contact risk alerts stream explain check-config keys; do
    [ "$word" = import ] || says out "  $word "
done
run 0 --version
says out "kith 0."
run 2 statsu
says err "Did you mean 'status'?"
run 2 zebra
! grep -q "Did you mean" "$folder/err" || die "a suggestion for zebra"
run 1 push x
says err "kith-ingest-cmd is not installed"

for word in status stream explain check-config keys; do
    run 0 "$word" --help
    says out "Usage: kith $word"
    run 2 "$word" --no-such-option
done

run 0 explain edb
says out "KITH_EDB (6)"
run 0 explain 6
says out "KITH_EDB (6)"
run 1 explain nonsense
says err "kith explain --list"
run 0 explain --list --json
/usr/bin/python3 -c 'import json, sys; rows = [json.loads(l) for l in sys.stdin]; assert len(rows) > 15 and all(r["text"] for r in rows)' <"$folder/out"

# keys: made once, secret ones closed to others, kept by a second run; the public half comes back when it is lost
run 2 keys init
run 0 keys init --folder "$folder/keys"
[ "$(stat -c %a "$folder/keys")" = 700 ] && [ "$(stat -c %a "$folder/keys/risk.key")" = 600 ] || die "keys are readable by others"
before=$(cat "$folder"/keys/*)
rm "$folder/keys/operator.pub"
run 0 keys init --folder "$folder/keys"
[ "$before" = "$(cat "$folder"/keys/*)" ] || die "a second run changed the keys"
run 2 keys init --folder "$folder/keys" '../escape'
chmod 644 "$folder/keys/risk.key"
rm "$folder/keys/risk.pub"
run 1 keys init --folder "$folder/keys"
says err "risk.key"

# without a home, or with a broken one, the message says so
run 1 status
says err KITH_HOME
mkdir "$folder/home"
printf '[common]\ndatabase = x\nno_such_key = 1\n' >"$folder/home/kith.conf"
KITH_HOME=$folder/home run 1 status
says err "no_such_key"
run 2 stream tail nowhere
says err "there is no log 'nowhere'"
run 2 stream tail
say "the command behaves without a system"
