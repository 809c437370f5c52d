#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kith schedule: a timetable is solved, written, judged and solved again from its rounds, byte for byte; what is wrong is said; Ctrl-C keeps the best.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"

kith_temp
schedule() { "$KITH_BUILD/bin/kith" schedule "$@"; }
instance=$state/school.xml
# 6 classes of 20 lessons a week in 25 times, by 6 teachers; teachers want no idle times
/usr/bin/python3 - >"$instance" <<'END'
days = ["Mo", "Tu", "We", "Th", "Fr"]
print('<HighSchoolTimetableArchive><Instances><Instance Id="school"><Times><TimeGroups>')
print("".join(f'<Day Id="{d}"><Name>{d}</Name></Day>' for d in days) + "</TimeGroups>")
print("".join(f'<Time Id="{d}{t}"><Day Reference="{d}"/></Time>' for d in days for t in range(1, 6)) + "</Times>")
print('<Resources><ResourceTypes><ResourceType Id="T"/></ResourceTypes><ResourceGroups>'
      '<ResourceGroup Id="teachers"><ResourceType Reference="T"/></ResourceGroup><ResourceGroup Id="all"><ResourceType Reference="T"/></ResourceGroup></ResourceGroups>')
for i in range(6):
    print(f'<Resource Id="teacher{i}"><ResourceType Reference="T"/><ResourceGroups><ResourceGroup Reference="teachers"/><ResourceGroup Reference="all"/></ResourceGroups></Resource>')
    print(f'<Resource Id="class{i}"><ResourceType Reference="T"/><ResourceGroups><ResourceGroup Reference="all"/></ResourceGroups></Resource>')
print('</Resources><Events><EventGroups><EventGroup Id="lessons"/></EventGroups>')
for c in range(6):
    for t in range(5):
        print(f'<Event Id="c{c}t{t}"><Duration>4</Duration><Resources><Resource Reference="class{c}"/><Resource Reference="teacher{(c + t) % 6}"/></Resources>'
              '<EventGroups><EventGroup Reference="lessons"/></EventGroups></Event>')
print('</Events><Constraints>')
def constraint(kind, required, applies, body=""):
    print(f'<{kind} Id="{kind}"><Name>x</Name><Required>{required}</Required><Weight>1</Weight><CostFunction>Linear</CostFunction>'
          f'<AppliesTo>{applies}</AppliesTo>{body}</{kind}>')
lessons = '<EventGroups><EventGroup Reference="lessons"/></EventGroups>'
constraint("AssignTimeConstraint", "true", lessons)
constraint("SplitEventsConstraint", "true", lessons, "<MinimumDuration>1</MinimumDuration><MaximumDuration>2</MaximumDuration><MinimumAmount>2</MinimumAmount><MaximumAmount>4</MaximumAmount>")
constraint("AvoidClashesConstraint", "true", '<ResourceGroups><ResourceGroup Reference="all"/></ResourceGroups>')
constraint("LimitIdleTimesConstraint", "false", '<ResourceGroups><ResourceGroup Reference="teachers"/></ResourceGroups>',
           "<TimeGroups>" + "".join(f'<TimeGroup Reference="{d}"/>' for d in days) + "</TimeGroups><Minimum>0</Minimum><Maximum>0</Maximum>")
print('</Constraints></Instance></Instances></HighSchoolTimetableArchive>')
END

for threads in 1 2; do
    for n in a b; do
        schedule solve --xhstt "$instance" --iterations 20480,40960 --seed 3 --threads $threads --out "$state/$n.xml" --json >"$state/$n.json" || die "solve failed"
    done
    cmp "$state/a.xml" "$state/b.xml" || die "the same seed and rounds gave another timetable with $threads threads"
done
cost=$(/usr/bin/python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(r["infeasibility"], r["objective"])' "$state/a.json")
judged=$(schedule evaluate --xhstt "$instance" --solution "$state/a.xml" --json | /usr/bin/python3 -c 'import json, sys; r = json.loads(sys.stdin.readline()); print(r["infeasibility"], r["objective"])')
[ "$cost" = "$judged" ] || die "solve says ($cost), evaluate ($judged)"
[ "${cost% *}" = 0 ] || die "an easy school was not solved: ($cost)"

# everything at one time: evaluate sees the clashes, and names the constraint
sed 's/<Time Reference="[^"]*"/<Time Reference="Mo1"/' "$state/a.xml" >"$state/moved.xml"
schedule evaluate --xhstt "$instance" --solution "$state/moved.xml" --detail >"$state/detail" || die "evaluate failed"
grep -q 'AvoidClashesConstraint *yes' "$state/detail" || die "clashes were not seen: $(cat "$state/detail")"

# warm start: not worse than what it begins with
schedule solve --xhstt "$instance" --iterations 1024 --start "$state/a.xml" --out "$state/c.xml" --json >"$state/c.json" || die "a warm start failed"
/usr/bin/python3 -c 'import json, sys
a, c = [json.load(open(f)) for f in sys.argv[1:]]
assert (c["infeasibility"], c["objective"]) <= (a["infeasibility"], a["objective"]), (a, c)' "$state/a.json" "$state/c.json" || die "a warm start lost what it had"

# the limit is kept, and an interrupt writes the best so far
schedule solve --xhstt "$instance" --iterations 9000000000 --out "$state/i.xml" >"$state/i.txt" 2>&1 &
pid=$!
sleep 1
kill -INT "$pid" 2>/dev/null || true # it may have found (0, 0) and ended
wait "$pid" || die "an interrupt lost the timetable: $(cat "$state/i.txt")"
schedule evaluate --xhstt "$instance" --solution "$state/i.xml" >/dev/null || die "what an interrupt left does not read"

# refusals: exit status and a sentence
refused() { # STATUS WORDS ARGUMENT...
    local status=0 want=$1 words=$2
    shift 2
    schedule "$@" >"$state/out" 2>&1 || status=$?
    [ "$status" -eq "$want" ] || die "kith schedule $*: status $status, not $want: $(cat "$state/out")"
    grep -qF -- "$words" "$state/out" || die "kith schedule $*: no word of '$words': $(cat "$state/out")"
}
refused 1 "No such file" evaluate --xhstt "$state/nothing.xml"
refused 1 "there is no solution of the instance 'school'" evaluate --xhstt "$instance"
refused 1 "has no instance 'x'" evaluate --xhstt "$instance" --instance x
refused 2 "--xhstt and --out are needed" solve --xhstt "$instance"
refused 2 "exclude each other" solve --xhstt "$instance" --out "$state/x" --cpu-seconds 1 --iterations 5
refused 2 "--seed takes" solve --xhstt "$instance" --out "$state/x" --seed -1
refused 2 "--threads takes 1 or 2" solve --xhstt "$instance" --out "$state/x" --threads 3
refused 2 "no subcommand 'slove'" slove
refused 1 "cannot be written" solve --xhstt "$instance" --iterations 1024 --out "$state/none/x.xml"
head -c 700 "$instance" >"$state/cut.xml"
refused 1 "cut.xml line" solve --xhstt "$state/cut.xml" --out "$state/x"

# a school: generated twice alike, its planted schedule holds, and what is broken is counted
for n in a b; do schedule generate --students 300 --communities 1 --calendar ab --seed 5 --out "$state/school-$n" >/dev/null || die "generate failed"; done
diff -r "$state/school-a" "$state/school-b" || die "the same options gave another school"
schedule check --data "$state/school-a" --schedule "$state/school-a/planted" --json >"$state/check.json" || die "the planted schedule has violations: $(cat "$state/check.json")"
/usr/bin/python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["hard_violations"] == 0 and r["core_requests_met"] == 1 and r["requests_met"] > 0.97 and r["purity"]["9"] >= 0.9, r' "$state/check.json" || die "the planted schedule is poor"
# its students seated anew: no violation, nothing less met than planted, and the bound proves it nearly best
for n in a b; do schedule seat --data "$state/school-a" --schedule "$state/school-a/planted" --seed 2 --out "$state/seated-$n" --json >"$state/seat.json" || die "seat failed"; done
diff -r "$state/seated-a" "$state/seated-b" || die "the same options gave other seats"
schedule check --data "$state/school-a" --schedule "$state/seated-a" --json >"$state/seated.json" || die "the seats break something: $(cat "$state/seated.json")"
/usr/bin/python3 -c 'import json, sys
seat, check, planted = [json.load(open(f)) for f in sys.argv[1:]]
assert seat["schedule_bound"] >= seat["value"] and seat["gap"] <= 0.005, seat
assert abs(seat["requests_met"] - check["requests_met"]) < 1e-5, (seat, check)
assert check["requests_met"] >= planted["requests_met"] and check["unmet"]["unsaid"] == 0, (check, planted)' "$state/seat.json" "$state/seated.json" "$state/check.json" || die "the seats are poor"
cp -r "$state/school-a/planted" "$state/broken"
/usr/bin/python3 - "$state/broken/placement.csv" <<'END'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
for row in rows:
    row["pattern"] = rows[0]["pattern"]
with open(sys.argv[1], "w", newline="") as out:
    w = csv.DictWriter(out, rows[0].keys())
    w.writeheader()
    w.writerows(rows)
END
refused 1 clash_student check --data "$state/school-a" --schedule "$state/broken"
refused 1 "calendar.csv is missing" check --data "$state/nowhere" --schedule "$state/broken"
sed -i '5s/^\([^,]*,[^,]*,\)[^,]*/\1NOSUCH/' "$state/school-b/request.csv"
refused 1 "NOSUCH" check --data "$state/school-b" --schedule "$state/broken"
refused 1 "calendar.csv is missing" seat --data "$state/nowhere" --schedule "$state/broken" --out "$state/x"
refused 1 "placement.csv is missing" seat --data "$state/school-a" --schedule "$state/school-a/planted/.." --out "$state/x"
refused 2 "--students and --out are needed" generate --students 300
say "schedule: solved ($cost), the same again, judged alike, warm started, interrupted, refused"
