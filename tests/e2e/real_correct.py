#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans four corrections of attendance as a SIS makes them (DELETE of an event, POST of another), chosen from the flags that are expected.

    real_correct.py FLAGS OUT DIR...

FLAGS: output of expected_flags.py for DIR... Writes OUT/corrected/studentSchoolAttendanceEvents.jsonl (all events as they are after the
corrections) and OUT/N.json (what to post), N = 1..4; prints for each: N, what should become of the flag, its student, its rule, and the
query that finds the event to delete.
"""
import json
import pathlib
import sys
import urllib.parse


def main():
    flags = [line.split() for line in open(sys.argv[1], encoding="utf-8")]
    out = pathlib.Path(sys.argv[2])
    events = []
    for folder in sys.argv[3:]:
        with open(pathlib.Path(folder, "studentSchoolAttendanceEvents.jsonl"), encoding="utf-8") as f:
            events += [json.loads(line) for line in f]

    def of(rule):
        return sorted((int(value), student) for student, r, _, value in flags if r == rule)

    low, run = of("low_attendance"), of("consecutive_unexcused")
    # (what should happen, student, rule, which of the absences of the last months, new category); a run's second day breaks it
    plan = [("clears", low[-1][1], "low_attendance", -1, "Tardy"), ("changes", low[0][1], "low_attendance", -1, "Tardy"),
            ("clears", run[0][1], "consecutive_unexcused", -2, "Excused Absence"),
            ("changes", run[-1][1], "consecutive_unexcused", -run[-1][0], "Excused Absence")]
    for n, (what, student, rule, which, category) in enumerate(plan, 1):
        mine = sorted((e for e in events if e["studentReference"]["studentUniqueId"] == student
                       and e["attendanceEventCategoryDescriptor"].endswith(" Absence")), key=lambda e: e["eventDate"])
        old = mine[which]
        new = {**old, "attendanceEventCategoryDescriptor": "uri://ed-fi.org/AttendanceEventCategoryDescriptor#" + category}
        events[events.index(old)] = new
        (out / f"{n}.json").write_text(json.dumps(new), encoding="utf-8")
        query = {"attendanceEventCategoryDescriptor": old["attendanceEventCategoryDescriptor"], "eventDate": old["eventDate"],
                 "schoolId": old["schoolReference"]["schoolId"], "schoolYear": old["sessionReference"]["schoolYear"],
                 "sessionName": old["sessionReference"]["sessionName"], "studentUniqueId": student}
        print(n, what, student, rule, urllib.parse.urlencode(query))
    (out / "corrected").mkdir()
    with open(out / "corrected" / "studentSchoolAttendanceEvents.jsonl", "w", encoding="utf-8") as f:
        f.writelines(json.dumps(e) + "\n" for e in events)


if __name__ == "__main__":
    main()
