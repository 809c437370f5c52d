#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: tests/fault/mutations.sh [NAME...]
#
# Do the fault tests see faults? Each patch of tests/fault/mutations breaks one rule of the design. In a scratch copy of the source, every
# test named here must be green as it is, and red with the patch, for the reason that the patch names. About ten minutes on two cores.
#   NAME   only these mutations: ack_before_commit plain_sequence no_epoch
#
# Not part of `scripts/test`: ctest -C Mutation -L mutation, or scripts/test --mutations.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
case ${1:-} in -h | --help) print_help "$0"; exit 0 ;; esac
command -v patch >/dev/null || { warn "SKIPPED: patch is not installed"; exit 77; }

# The test that must see it, and what it must say.
declare -A test_of=([ack_before_commit]=fault/storm [plain_sequence]=db/stream [no_epoch]=fault/fencing)
declare -A seconds_of=([fault/storm]=400 [db/stream]=90 [fault/fencing]=150)
declare -A reason_of=([ack_before_commit]='I1: [0-9]+ (acknowledged events are not stored|events were acknowledged and new)'
    [plain_sequence]='FAILED *\] *a_reader_sees_no_hole'
    [no_epoch]='places of the log where the epoch falls|goes on after another took over')
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for mutation in "$repo"/tests/fault/mutations/*.patch; do names+=("$(basename "$mutation" .patch)"); done
fi

scratch=$(mktemp -d /tmp/kith-mutation.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$scratch"
tree=$scratch/tree
mkdir "$tree"
(cd "$repo" && tar -cf - --exclude=./build --exclude=./var --exclude=./.git .) | tar -xf - -C "$tree"

build() {
    (cd "$tree" && cmake --preset dev && cmake --build --preset dev -j "$(nproc)" --target kith kith-ingest kith-ingest-cmd kith-risk \
        kith-risk-cmd kith-notification push_storm log_observer stream_dbtest) >"$scratch/build.log" 2>&1 || {
        grep -E 'error|FAILED' "$scratch/build.log" | head -n 10 >&2
        die "the scratch copy does not build ($1)"
    }
}
# run TEST: its status, output in $scratch/log. A storm of this size is enough to see a lost acknowledgement when
# PostgreSQL is away for longer than ingest lets anything wait (2 s); how fast a debug build
# recovers is of no interest here. A program that a mutation made fail may also hang.
run() {
    env -u KITH_RELEASE KITH_BUILD="$tree/build/dev" KITH_SOURCE="$tree" KITH_STORM_KILLS=12 KITH_STORM_STOPS=3 KITH_STORM_RATE=5000 \
        KITH_STORM_AWAY_S=3 KITH_STORM_LIMIT_MS=20000 timeout "${seconds_of[$1]}" bash "$tree/tests/$1_test.sh" >"$scratch/log" 2>&1
}

build "as it is"
for name in "${names[@]}"; do
    [ -n "${test_of[$name]:-}" ] || die "no test is named here for mutation '$name'"
    run "${test_of[$name]}" || { head -n 10 "$scratch/log" >&2; die "${test_of[$name]} is not green to begin with"; }
done
for name in "${names[@]}"; do
    patch -p1 -F0 -s -d "$tree" <"$repo/tests/fault/mutations/$name.patch" || die "mutation $name does not apply any more"
    build "with $name"
    ! run "${test_of[$name]}" || die "mutation $name is not seen: ${test_of[$name]} stays green"
    grep -qE "${reason_of[$name]}" "$scratch/log" || {
        tail -n 40 "$scratch/log" >&2
        die "${test_of[$name]} turns red with $name, but does not say '${reason_of[$name]}'"
    }
    say "$name: ${test_of[$name]} turns red: $(grep -oE "${reason_of[$name]}.*" "$scratch/log" | head -n 1 | cut -c1-150)"
    patch -p1 -F0 -s -R -d "$tree" <"$repo/tests/fault/mutations/$name.patch"
done
