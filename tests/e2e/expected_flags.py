#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The flags that Kith must hold open after a district's Ed-Fi JSON lines were pushed, worked out a second time.

    expected_flags.py --as-of 2022-05-27 DIR [DIR...]

Written from the definitions in services/risk/README.md alone: no code of the daemon, no database. Standard library only.
Reads studentSchoolAssociations, calendars, calendarDates and studentSchoolAttendanceEvents (*.jsonl) of every DIR; of
two lines with one natural key the later counts. Prints, sorted, a line for every open flag:

    studentUniqueId rule since value
"""

import argparse
import collections
import datetime
import json
import os
import sys

EXCUSED, UNEXCUSED, PRESENT = "excused", "unexcused", "present"

# The day a category makes, strongest first. A district's other codes are unmapped and say nothing.
CATEGORIES = [
    ("Tardy", PRESENT),
    ("Early departure", PRESENT),
    ("Partial", PRESENT),
    ("Excused Absence", EXCUSED),
    ("Unexcused Absence", UNEXCUSED),
    ("In Attendance", PRESENT),
    ("Present", PRESENT),
]
STRENGTH = {code: (len(CATEGORIES) - i, meaning) for i, (code, meaning) in enumerate(CATEGORIES)}


def lines(folders, resource):
    for folder in folders:
        path = os.path.join(folder, resource + ".jsonl")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f:
                    if line.strip():
                        yield json.loads(line)


def day(text):
    return datetime.date.fromisoformat(text)


def code(descriptor):
    return descriptor.rpartition("#")[2]


class District:
    def __init__(self, folders, contacts, instructional):
        # (school, calendar) -> instructional dates; a calendar's key without its school is its code and year
        self.calendars = collections.defaultdict(dict)
        for row in lines(folders, "calendarDates"):
            ref = row["calendarReference"]
            events = {code(e["calendarEventDescriptor"]) for e in row.get("calendarEvents", [])}
            key = (ref["calendarCode"], ref["schoolYear"])
            self.calendars[ref["schoolId"], key][day(row["date"])] = bool(events & instructional)
        # student -> school -> entry date -> (exit date or None, calendar or None)
        self.stays = collections.defaultdict(lambda: collections.defaultdict(dict))
        for row in lines(folders, "studentSchoolAssociations"):
            ref = row.get("calendarReference")
            self.stays[row["studentReference"]["studentUniqueId"]][row["schoolReference"]["schoolId"]][
                day(row["entryDate"])
            ] = (
                day(row["exitWithdrawDate"]) if row.get("exitWithdrawDate") else None,
                (ref["calendarCode"], ref["schoolYear"]) if ref else None,
            )
        # (student, school) -> date -> codes
        self.marks = collections.defaultdict(lambda: collections.defaultdict(set))
        self.sent = collections.defaultdict(set)  # school -> days with any mark
        for row in lines(folders, "studentSchoolAttendanceEvents"):
            student = row["studentReference"]["studentUniqueId"]
            school = row["schoolReference"]["schoolId"]
            date = day(row["eventDate"])
            self.marks[student, school][date].add(code(row["attendanceEventCategoryDescriptor"]))
            self.sent[school].add(date)
        self.contacts = collections.defaultdict(set)
        for student, date in contacts:
            self.contacts[student].add(date)

    def school_days(self, student, school):
        """Every instructional date inside one of the student's stays at the school."""
        result = set()
        for entry, (leave, calendar) in self.stays[student][school].items():
            for (where, key), dates in self.calendars.items():
                if where == school and calendar in (None, key):
                    result.update(
                        d for d, school_day in dates.items() if school_day and entry <= d and (leave is None or d <= leave)
                    )
        return sorted(result)

    def stays_on(self, student, school, date):
        return [
            entry for entry, (leave, _) in self.stays[student][school].items() if entry <= date and (leave is None or date <= leave)
        ]

    def status(self, student, school, date):
        known = [STRENGTH[c] for c in self.marks[student, school].get(date, ()) if c in STRENGTH]
        return max(known)[1] if known else PRESENT


def consecutive(days, need, clear):
    """days: [(date, status)]. The latest run of unexcused days that is long enough, while it is recent."""
    runs = []
    for i, (_, status) in enumerate(days):
        if status == UNEXCUSED:
            if runs and runs[-1][1] == i - 1:
                runs[-1][1] = i
            else:
                runs.append([i, i])
    runs = [(a, b) for a, b in runs if b - a + 1 >= need]
    if not runs:
        return None
    first, last = runs[-1]
    passed = len(days) - 1 - last
    return (days[first][0], last - first + 1) if passed < clear else None


def low(days, below, clear, need):
    since = None
    absent = 0
    for i, (date, status) in enumerate(days, 1):
        absent += status != PRESENT
        here = i - absent
        if i < need:
            continue
        if here * 1000 < below * i:
            since = since or date
        elif here * 1000 >= clear * i:
            since = None
    return (since, (len(days) - absent) * 1000 // len(days)) if since else None


def expected(district, as_of, option):
    for student, schools in district.stays.items():
        for school in schools:
            days = district.school_days(student, school)
            sent = [d for d in district.sent[school] if d <= as_of]
            now = district.stays_on(student, school, as_of)
            if sent and (now or district.stays_on(student, school, max(sent))):
                counted = [(d, district.status(student, school, d)) for d in days if d <= max(sent)]
                run = consecutive(counted, option.consecutive_days, option.consecutive_clear_days)
                if run:
                    yield student, "consecutive_unexcused", *run
                rate = low(counted, option.low, option.low_clear, option.min_days)
                if rate:
                    yield student, "low_attendance", *rate
            if now:
                spoken = [d + datetime.timedelta(days=1) for d in district.contacts[student] if d <= as_of]
                since = max([min(now)] + spoken)
                quiet = sum(since <= d <= as_of for d in days)
                if quiet >= option.no_contact_days:
                    yield student, "no_contact", since, quiet


def contact_lines(path):
    for row in lines([os.path.dirname(path) or "."], os.path.basename(path).removesuffix(".jsonl")):
        yield row["studentUniqueId"], day(row["date"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--as-of", type=day, required=True, help="the district's local date when it was judged")
    p.add_argument("--contacts", help='contacts logged, as .jsonl lines {"studentUniqueId": "1", "date": "2022-05-02"}')
    p.add_argument("--rule", action="append", help="only this rule; may be given again")
    p.add_argument("--consecutive-days", type=int, default=3)
    p.add_argument("--consecutive-clear-days", type=int, default=3)
    p.add_argument("--low", type=int, default=900, help="permille")
    p.add_argument("--low-clear", type=int, default=920, help="permille")
    p.add_argument("--min-days", type=int, default=20)
    p.add_argument("--no-contact-days", type=int, default=20)
    p.add_argument("--instructional", default="Instructional day,Make-up day,Student late arrival/early dismissal",
                   help="calendar event codes that make a school day, comma separated")
    p.add_argument("folder", nargs="+")
    option = p.parse_args()
    for folder in option.folder:
        if not os.path.isdir(folder):
            sys.exit(f"expected_flags.py: {folder}: not a folder")
    contacts = contact_lines(option.contacts) if option.contacts else []
    district = District(option.folder, contacts, set(option.instructional.split(",")))
    flags = [f for f in expected(district, option.as_of, option) if not option.rule or f[1] in option.rule]
    for student, rule, since, value in sorted(flags):
        print(student, rule, since, value)


if __name__ == "__main__":
    main()
