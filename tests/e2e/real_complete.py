#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what a sample of Ed-Fi JSON lines lacks, so that it is a whole school year, and what a SIS might push next.

    real_complete.py SAMPLE OUT

OUT/roster gets calendars, calendarDates and studentSchoolAssociations; OUT/late the absences of the year's last days: three students
with three unexcused days in a row, one with four, one with three who is not enrolled (all of them without other attendance then); and
OUT/unmapped three days in a row of a category that no district has given a meaning.

The calendar of a school: the weekdays of its sessions, without the holidays below; one snow day is taken back later by a make-up day.
The school of a student: where attendance was taken, else by turns. Deterministic, by the order of students.jsonl:

    every  9th student with attendance   no enrolment at all: all of the student's events are orphans
    every  7th                            entered late: events before are orphans
    every  5th                            left before the end
    every 11th                            left and came back: two stays
    every 13th                            the calendar is named (others: any calendar of the school)
    of those without attendance every 4th is enrolled

Prints one JSON object: how many rows of each, and how many daily events of the sample fall into no enrolment.
"""
import collections
import datetime
import json
import pathlib
import sys

DESCRIPTOR = "uri://ed-fi.org/{}Descriptor#{}"
HOLIDAYS = [("2021-09-06", "2021-09-06"), ("2021-10-11", "2021-10-11"), ("2021-11-22", "2021-11-26"), ("2022-01-17", "2022-01-17"),
            ("2022-03-14", "2022-03-18"), ("2022-04-15", "2022-04-15")]
SNOW, MAKE_UP = "2022-02-04", "2022-04-15"


def day(text):
    return datetime.date.fromisoformat(text)


def weekdays(first, last):
    d = day(first)
    while d <= day(last):
        if d.weekday() < 5:
            yield d.isoformat()
        d += datetime.timedelta(days=1)


class Sample:
    def __init__(self, folder):
        self.folder = folder
        self.students = [s["studentUniqueId"] for s in self.lines("students")]
        self.sessions = collections.defaultdict(list)
        for s in self.lines("sessions"):
            self.sessions[s["schoolReference"]["schoolId"]].append((s["beginDate"], s["endDate"], s["schoolYearTypeReference"]["schoolYear"]))
        self.dates = collections.defaultdict(list)  # (student, school) -> dates of daily attendance
        self.schools = {}
        for e in self.lines("studentSectionAttendanceEvents"):
            self.schools[e["studentReference"]["studentUniqueId"]] = e["sectionReference"]["schoolId"]
        for e in self.lines("studentSchoolAttendanceEvents"):
            key = e["studentReference"]["studentUniqueId"], e["schoolReference"]["schoolId"]
            self.schools[key[0]] = key[1]
            self.dates[key].append(e["eventDate"])

    def lines(self, name):
        with open(self.folder / f"{name}.jsonl", encoding="utf-8") as f:
            return [json.loads(line) for line in f]


def calendars(sample):
    for school, sessions in sorted(sample.sessions.items()):
        year = max(s[2] for s in sessions)
        reference = {"calendarCode": f"IEP-{school}", "schoolId": school, "schoolYear": year}
        row = {"calendarCode": reference["calendarCode"], "calendarTypeDescriptor": DESCRIPTOR.format("CalendarType", "School"),
               "schoolReference": {"schoolId": school}, "schoolYearTypeReference": {"schoolYear": year}}
        dates = {d: "Instructional day" for first, last, _ in sessions for d in weekdays(first, last)}
        for first, last in HOLIDAYS:
            dates.update((d, "Holiday") for d in weekdays(first, last) if d in dates)
        dates[SNOW] = "Weather day"
        dates[MAKE_UP] = "Make-up day"
        yield row, [{"date": d, "calendarReference": reference, "calendarEvents": [{"calendarEventDescriptor": DESCRIPTOR.format("CalendarEvent", e)}]}
                    for d, e in sorted(dates.items())]


def stays(sample):
    """(student, school, entry, exit or None, calendar is named)"""
    with_attendance = without = 0
    for student in sample.students:
        school = sample.schools.get(student)
        if school is None:
            without += 1
            if without % 4 == 0:
                yield student, sorted(sample.sessions)[without // 4 % 2], "2021-08-23", None, False
            continue
        n = with_attendance = with_attendance + 1
        if n % 9 == 0:
            continue
        entry = "2021-10-04" if n % 7 == 0 else "2021-08-23"
        leave = "2022-05-13" if n % 5 == 0 else None
        if n % 11 == 0:
            yield student, school, entry, "2021-12-17", False
            entry = "2022-01-18"
        yield student, school, entry, leave, n % 13 == 0


def event(student, school, date, category, reason=None):
    row = {"eventDate": date, "attendanceEventCategoryDescriptor": DESCRIPTOR.format("AttendanceEventCategory", category),
           "studentReference": {"studentUniqueId": student}, "schoolReference": {"schoolId": school},
           "sessionReference": {"schoolId": school, "schoolYear": 2022, "sessionName": "2021-2022 Spring Semester"}}
    return {**row, "attendanceEventReason": reason} if reason else row


def late(sample, enrolled):
    """The last school days of students without attendance of their own in the spring."""
    last = ["2022-05-24", "2022-05-25", "2022-05-26", "2022-05-27"]
    quiet = [(s, school) for (s, school), dates in enrolled.items() if (s, school) not in sample.dates and dates == [("2021-08-23", "9999")]]
    stranger = next(s for s in sample.students if s not in sample.schools and s not in {e[0] for e in enrolled})
    for (student, school), days in zip([*quiet[:4], (stranger, sorted(sample.sessions)[0])], [3, 3, 3, 4, 3]):
        for date in last[-days:]:
            yield event(student, school, date, "Unexcused Absence")


def unmapped(sample, enrolled):
    student, school = [key for key, dates in enrolled.items() if key not in sample.dates and dates == [("2021-08-23", "9999")]][5]
    return [event(student, school, date, "Field Trip", "museum") for date in ("2022-05-25", "2022-05-26", "2022-05-27")]


def write(folder, made):
    folder.mkdir(parents=True)
    for name, rows in made.items():
        with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as f:
            f.writelines(json.dumps(row) + "\n" for row in rows)


def main():
    sample, out = Sample(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    made = collections.defaultdict(list)
    named = {}
    for row, dates in calendars(sample):
        made["calendars"].append(row)
        made["calendarDates"] += dates
        named[row["schoolReference"]["schoolId"]] = dates[0]["calendarReference"]
    inside = collections.defaultdict(list)
    for student, school, entry, leave, calendar in stays(sample):
        inside[student, school].append((entry, leave or "9999"))
        row = {"studentReference": {"studentUniqueId": student}, "schoolReference": {"schoolId": school}, "entryDate": entry,
               "entryGradeLevelDescriptor": DESCRIPTOR.format("GradeLevel", "Third grade")}
        if leave:
            row["exitWithdrawDate"] = leave
        if calendar:
            row["calendarReference"] = named[school]
        made["studentSchoolAssociations"].append(row)
    write(out / "roster", made)
    write(out / "late", {"studentSchoolAttendanceEvents": list(late(sample, inside))})
    write(out / "unmapped", {"studentSchoolAttendanceEvents": unmapped(sample, inside)})
    orphans = sum(not any(a <= d <= b for a, b in inside.get(key, [])) for key, dates in sample.dates.items() for d in dates)
    print(json.dumps({**{name: len(rows) for name, rows in made.items()}, "orphans": orphans}))


if __name__ == "__main__":
    main()
