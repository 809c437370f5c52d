#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The synthetic district: the same arguments give the same bytes, and its figures are those it claims.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d /tmp/kith-district.XXXXXX)
trap 'rm -rf "$folder"' EXIT

sum() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum); }
/usr/bin/python3 "$here/generate.py" --out "$folder/a" --students 300 --seed 7 2>/dev/null
/usr/bin/python3 "$here/generate.py" --out "$folder/b" --students 300 --seed 7 2>/dev/null
/usr/bin/python3 "$here/generate.py" --out "$folder/c" --students 300 --seed 8 2>/dev/null
[ "$(sum "$folder/a")" = "$(sum "$folder/b")" ] || { echo "the same seed gave other files" >&2; exit 1; }
[ "$(sum "$folder/a")" != "$(sum "$folder/c")" ] || { echo "another seed gave the same files" >&2; exit 1; }

/usr/bin/python3 "$here/generate.py" --out "$folder/d" --students 6000 --schools 12 --seed 3 2>/dev/null
/usr/bin/python3 - "$folder/d" <<'END'
import glob, json, sys
lines = lambda path: (json.loads(line) for line in open(path))
root = sys.argv[1]
truth = list(lines(root + "/truth.jsonl"))
students, bands, wrong = len(truth), {}, []
def hold(what, value, low, high):
    print(f"{what}: {value:.3f} (expected {low}..{high})")
    if not low <= value <= high: wrong.append(what)
for t in truth:
    worse = max(t["absent_fall"], t["absent_spring"])
    bands.setdefault(0 if worse < 5 else 1 if worse < 10 else 2 if worse < 15 else 3, []).append(t["graduates"])
for band, share in enumerate((0.87, 0.63, 0.40)):  # Chicago, EdWeek 2007
    spread = 3 * (share * (1 - share) / len(bands[band])) ** 0.5
    hold(f"graduates, absence band {band}", sum(bands[band]) / len(bands[band]), round(share - spread, 3), round(share + spread, 3))
events = [e for path in glob.glob(root + "/days/*/*.jsonl") for e in lines(path)]
hold("exceptions in student-days", len(events) / students / 180, 0.06, 0.10)
hold("disengaging students", sum(t["disengaged_on"] is not None for t in truth) / students, 0.07, 0.095)
absent = {}
for e in events:
    if "Absence" in e["attendanceEventCategoryDescriptor"]:
        s = e["studentReference"]["studentUniqueId"]
        absent[s] = absent.get(s, 0) + 1
if any(absent.get(t["studentUniqueId"], 0) != t["absent_fall"] + t["absent_spring"] for t in truth): wrong.append("truth and events differ")
sizes = {}
for m in lines(root + "/roster/studentCohortAssociations.jsonl"):
    c = m["cohortReference"]
    sizes[c["educationOrganizationId"], c["cohortIdentifier"]] = sizes.get((c["educationOrganizationId"], c["cohortIdentifier"]), 0) + 1
hold("largest community", max(n for (_, c), n in sizes.items() if c.startswith("community")), 1, 600)
hold("largest advisory", max(n for (_, c), n in sizes.items() if c.startswith("advisory")), 12, 20)
sys.exit("wrong: " + ", ".join(wrong) if wrong else 0)
END
