#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every patch of tests/fault/mutations still applies, so that mutations.sh can show at any time that the fault tests see those faults.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
command -v patch >/dev/null || { warn "SKIPPED: patch is not installed"; exit 77; }
n=0
for mutation in "$repo"/tests/fault/mutations/*.patch; do
    patch -p1 -F0 -s --dry-run -d "$repo" <"$mutation" >&2 ||
        die "${mutation#"$repo"/} does not apply any more: make the same fault in today's code, and the patch anew with git diff -U2"
    n=$((n + 1))
done
[ "$n" -ge 3 ] || die "only $n mutations in tests/fault/mutations"
say "$n mutations apply"
