#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timetables of the XHSTT archive after 60 CPU seconds (10 and 2 seeds with --quick) against ITC-2011's winner and the best known
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/base.sh"
data=${KITH_SHARED:-$repo/../shared}/data/scheduling/xhstt
[ -d "$data" ] || die "the instances are not here: set KITH_SHARED to a folder with data/scheduling/xhstt"
if [ "${KITH_QUICK:-no}" = yes ]; then seconds=10 seeds='1 2'; else seconds=60 seeds='1 2 3'; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# instance, the winner's open code after 60 CPU seconds (the better of two seeds), the best cost in the archive: infeasibility objective
while read -r id peer_hard peer_soft best_hard best_soft; do
    for seed in $seeds; do
        say "$id, seed $seed" >&2
        "$KITH_BUILD/bin/kith" schedule solve --xhstt "$data/$id.xml.gz" --cpu-seconds "$seconds" --seed "$seed" --out "$work/out.xml" --json >>"$work/$id"
    done
    /usr/bin/python3 -c 'import json, os, statistics, sys
path, seconds, peer, best = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
rows = [json.loads(line) for line in open(path)]
cost = lambda hard, soft: hard * 100000 + soft
values = [cost(r["infeasibility"], r["objective"]) for r in rows]
conditions = "%s CPU s, 1 thread, seeds %s, costs %s, load %.1f" % (
    seconds, " ".join(str(r["seed"]) for r in rows), " ".join("(%d, %d)" % (r["infeasibility"], r["objective"]) for r in rows), os.getloadavg()[0])
def line(metric, value, unit, against, other):
    print(json.dumps({"bench": "scheduling", "metric": metric, "value": value, "unit": unit, "against": against, "against_value": other,
                      "ratio": round(value / other, 3) if other else None, "runs": len(rows), "conditions": conditions}))
name = rows[0]["instance"]
median = statistics.median(values)
if peer != "- -":
    line("xhstt_" + name, median, "infeasibility x 100000 + objective, median", "ITC-2011 winner, 60 CPU s", cost(*map(int, peer.split())))
line("xhstt_" + name + "_best", median, "infeasibility x 100000 + objective, median", "best known", cost(*map(int, best.split())))
line("xhstt_" + name + "_seconds", statistics.median(r["cpu_seconds"] for r in rows), "CPU seconds used", "limit", float(seconds))
' "$work/$id" "$seconds" "$peer_hard $peer_soft" "$best_hard $best_soft"
done <<'LIST'
BR-SA-00 1 78 0 5
FI-WP-06 0 74 0 0
ZA-LW-09 0 32 0 0
GR-H1-97 0 0 0 0
AU-TE-99 - - 0 20
DK-VG-09 - - 2 2323
LIST
