#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A synthetic school district as a SIS would push it, with its ground truth.

Usage: generate.py --out FOLDER [--students N] [--schools N] [--seed N] [--year END_YEAR] [--until YYYY-MM-DD]

Writes, all of it determined by the arguments:
  FOLDER/roster/RESOURCE.jsonl              Ed-Fi JSON lines: schools, calendars, sessions, staff, communities and advisories, students
  FOLDER/days/YYYY-MM-DD/RESOURCE.jsonl     the attendance events of each school day (exceptions only: no event = present)
  FOLDER/contacts.jsonl                     which adult spoke with whom, when: {"studentUniqueId","date","kind","by"}
  FOLDER/truth.jsonl                        what no system is told: engagement, when it broke, absences, graduation
  FOLDER/names.txt                          every name and identifier of a student: nothing of it may ever leave ingest

The people are invented. Each student has a latent engagement; most keep it, about one in twelve loses it on some day, after which
absences climb over three weeks and are mostly unexcused. Calibration, from published figures: about 6-10 % of student-days are
exceptions; graduation by absent days in a semester 87 % (fewer than 5), 63 % (5-9), 40 % (10-14) (Chicago, EdWeek 2007); beyond 14 days
20 % is assumed, as the line goes on. tests/district/generator_test.sh holds the output against them.
"""
import argparse
import datetime
import json
import os
import random
import sys

ABSENT_RATE = 0.035  # an engaged student's chance to be absent on a day, before season and weekday
TARDY_RATE = 0.025
BREAK_SHARE = 1 / 12  # students who disengage within the year
GRADUATION = ((5, 0.87), (10, 0.63), (15, 0.40), (10**6, 0.20))  # absent days in the worse semester below -> share
KNOWN_SHARE = 0.93  # students with whom some adult speaks regularly
COMMUNITY_SIZE = 450
ADVISORY_SIZE = 18

FIRST = ["Ad", "Bel", "Cor", "Dar", "El", "Fen", "Gal", "Hol", "Ir", "Jun", "Kes", "Lor", "Mer", "Nal", "Or", "Pel", "Quin", "Ros", "Sel", "Tam"]
SECOND = ["a", "ian", "eth", "o", "yn", "ara", "is", "on", "ette", "im"]
FAMILY = ["Ash", "Brook", "Clay", "Dun", "Elm", "Fair", "Glen", "Hart", "Ing", "Kel", "Lang", "Marsh", "North", "Oak", "Pren", "Rook", "Stan", "Thorn", "Wex", "Yar"]
ENDING = ["berg", "combe", "den", "field", "gate", "holt", "ley", "mere", "stead", "wick"]
THEMES = ["Arts and Design", "Health Sciences", "Engineering", "Law and Society", "Business", "Environment"]

D = "uri://ed-fi.org/"


def day(text):
    return datetime.date.fromisoformat(text)


def descriptor(kind, code):
    return f"{D}{kind}Descriptor#{code}"


class District:
    def __init__(self, students, schools, seed, end_year):
        self.rng = random.Random(seed)
        self.end_year = end_year
        self.schools = [900001 + i for i in range(schools)]
        self.count = students
        self.roster = {}
        self.students = []
        self.calendar()
        self.staff_and_communities()
        self.people()

    def add(self, resource, **fields):
        self.roster.setdefault(resource, []).append({k: v for k, v in fields.items() if v is not None})

    # ---- the year ----
    def calendar(self):
        y = self.end_year
        first, last = datetime.date(y - 1, 8, 17), datetime.date(y, 6, 4)
        off = set()
        thanksgiving = datetime.date(y - 1, 11, 1)
        while thanksgiving.weekday() != 3 or thanksgiving.day < 22:
            thanksgiving += datetime.timedelta(1)

        def span(start, n):
            for k in range(n):
                off.add(start + datetime.timedelta(k))

        span(thanksgiving - datetime.timedelta(1), 3)
        span(datetime.date(y - 1, 12, 21), 14)
        labor = datetime.date(y - 1, 9, 1)
        while labor.weekday() != 0:
            labor += datetime.timedelta(1)
        span(labor, 1)
        spring = datetime.date(y, 3, 15)
        while spring.weekday() != 0:
            spring += datetime.timedelta(1)
        span(spring, 5)
        winter = datetime.date(y, 1, 15)
        while winter.weekday() != 0:
            winter += datetime.timedelta(1)
        span(winter, 1)
        self.days, self.holidays = [], []
        d = first
        while d <= last and len(self.days) < 180:
            if d.weekday() < 5:
                (self.holidays if d in off else self.days).append(d)
            d += datetime.timedelta(1)
        self.middle = datetime.date(y, 1, 4)
        for i, school in enumerate(self.schools):
            self.add("schools", schoolId=school, nameOfInstitution=f"{['Lincoln', 'Riverside', 'Westgate', 'Hillcrest', 'Lakeview', 'Prairie'][i % 6]} High School{'' if i < 6 else f' {i // 6 + 1}'}",
                     educationOrganizationCategories=[{"educationOrganizationCategoryDescriptor": descriptor("EducationOrganizationCategory", "School")}],
                     gradeLevels=[{"gradeLevelDescriptor": descriptor("GradeLevel", g)} for g in ("Ninth grade", "Tenth grade", "Eleventh grade", "Twelfth grade")])
            self.add("calendars", calendarCode="main", schoolReference={"schoolId": school}, schoolYearTypeReference={"schoolYear": y},
                     calendarTypeDescriptor=descriptor("CalendarType", "School"))
            for d in self.days + self.holidays:
                event = "Instructional day" if d not in off else "Holiday"
                self.add("calendarDates", calendarReference={"calendarCode": "main", "schoolId": school, "schoolYear": y}, date=d.isoformat(),
                         calendarEvents=[{"calendarEventDescriptor": descriptor("CalendarEvent", event)}])
            for name, begin, end, term in (("Fall Semester", first, self.middle - datetime.timedelta(1), "Fall Semester"), ("Spring Semester", self.middle, last, "Spring Semester")):
                self.add("sessions", sessionName=name, schoolReference={"schoolId": school}, schoolYearTypeReference={"schoolYear": y}, beginDate=begin.isoformat(),
                         endDate=end.isoformat(), termDescriptor=descriptor("Term", term), totalInstructionalDays=sum(begin <= d <= end for d in self.days))

    # ---- adults ----
    def person(self):
        r = self.rng
        return r.choice(FIRST) + r.choice(SECOND), r.choice(FAMILY) + r.choice(ENDING)

    def staff(self, number, role, school):
        first, last = self.person()
        self.add("staffs", staffUniqueId=f"T{number:05d}", firstName=first, lastSurname=last,
                 electronicMails=[{"electronicMailAddress": f"{role.lower().replace(' ', '-')}-{number}@district.example", "electronicMailTypeDescriptor": descriptor("ElectronicMailType", "Work")}])
        ref = {"staffUniqueId": f"T{number:05d}"}
        self.add("staffSchoolAssociations", staffReference=ref, schoolReference={"schoolId": school}, programAssignmentDescriptor=descriptor("ProgramAssignment", "Regular Education"))
        self.add("staffEducationOrganizationAssignmentAssociations", staffReference=ref, educationOrganizationReference={"educationOrganizationId": school},
                 staffClassificationDescriptor=descriptor("StaffClassification", role), beginDate=self.days[0].isoformat())
        return ref["staffUniqueId"]

    def staff_and_communities(self):
        per_school = -(-self.count // len(self.schools))
        number = 0
        self.advisories = {}
        for school in self.schools:
            number += 1
            self.staff(number, "Principal", school)
            communities = max(1, round(per_school / COMMUNITY_SIZE))
            for c in range(communities):
                number += 1
                leader = self.staff(number, "Assistant Principal", school)
                ref = {"cohortIdentifier": f"community-{c + 1}", "educationOrganizationId": school}
                self.add("cohorts", cohortIdentifier=ref["cohortIdentifier"], educationOrganizationReference={"educationOrganizationId": school},
                         cohortDescription=f"Community: {THEMES[c % len(THEMES)]}", cohortTypeDescriptor=descriptor("CohortType", "Other"))
                self.add("staffCohortAssociations", staffReference={"staffUniqueId": leader}, cohortReference=ref, beginDate=self.days[0].isoformat())
            self.advisories[school] = []
            for a in range(-(-per_school // ADVISORY_SIZE)):
                number += 1
                teacher = self.staff(number, "Teacher", school)
                ref = {"cohortIdentifier": f"advisory-{a + 1}", "educationOrganizationId": school}
                self.add("cohorts", cohortIdentifier=ref["cohortIdentifier"], educationOrganizationReference={"educationOrganizationId": school}, cohortTypeDescriptor=descriptor("CohortType", "Advisory"))
                self.add("staffCohortAssociations", staffReference={"staffUniqueId": teacher}, cohortReference=ref, beginDate=self.days[0].isoformat())
                self.advisories[school].append((ref, teacher, a % communities))

    # ---- students ----
    def people(self):
        r = self.rng
        for i in range(self.count):
            school = self.schools[i % len(self.schools)]
            first, last = self.person()
            unique = f"{70000000 + i}"
            breaks = r.random() < BREAK_SHARE
            at = r.randrange(10, 150) if breaks else None
            student = {"id": unique, "first": first, "last": last, "school": school, "grade": 9 + i % 4, "engagement": 0.55 + 0.45 * r.random(), "break": at,
                       "known": r.random() < KNOWN_SHARE and not (breaks and r.random() < 0.5), "advisory": (i // len(self.schools)) // ADVISORY_SIZE}
            self.students.append(student)
            ref = {"studentUniqueId": unique}
            self.add("students", studentUniqueId=unique, firstName=first, lastSurname=last, birthDate=f"{self.end_year - 6 - student['grade']}-{1 + r.randrange(12):02d}-{1 + r.randrange(28):02d}")
            self.add("studentSchoolAssociations", studentReference=ref, schoolReference={"schoolId": school}, entryDate=self.days[0].isoformat(),
                     entryGradeLevelDescriptor=descriptor("GradeLevel", ("Ninth", "Tenth", "Eleventh", "Twelfth")[student["grade"] - 9] + " grade"),
                     calendarReference={"calendarCode": "main", "schoolId": school, "schoolYear": self.end_year})
            cohort, teacher, community = self.advisories[school][student["advisory"]]
            student["advisor"] = teacher
            self.add("studentCohortAssociations", studentReference=ref, cohortReference=cohort, beginDate=self.days[0].isoformat())
            self.add("studentCohortAssociations", studentReference=ref, cohortReference={"cohortIdentifier": f"community-{community + 1}", "educationOrganizationId": school}, beginDate=self.days[0].isoformat())

    # ---- days ----
    def absence_chance(self, student, n, d):
        season = 1.5 if d.month in (12, 1, 2) else 0.8 if d.month in (8, 9) else 1.0
        weekday = 1.15 if d.weekday() in (0, 4) else 0.92
        chance = ABSENT_RATE * season * weekday * (2 - student["engagement"])
        if student["break"] is not None and n >= student["break"]:
            chance += 0.45 * min(1.0, (n - student["break"] + 1) / 15) * (1.2 - student["engagement"] * 0.5)
        return min(chance, 0.8)

    def events(self):
        """(date, event) for every exception, day by day."""
        r = self.rng
        for student in self.students:
            student["absent"] = [0, 0]
        for n, d in enumerate(self.days):
            half = 0 if d < self.middle else 1
            session = {"schoolYear": self.end_year, "sessionName": ("Fall", "Spring")[half] + " Semester"}
            for student in self.students:
                roll, kind = r.random(), r.random()
                absent = self.absence_chance(student, n, d)
                broken = student["break"] is not None and n >= student["break"]
                if roll < absent:
                    student["absent"][half] += 1
                    code = "Unexcused Absence" if kind < (0.85 if broken else 0.3) else "Excused Absence"
                elif roll < absent + TARDY_RATE * (2 if broken else 1):
                    code = "Tardy"
                else:
                    continue
                yield d, {"eventDate": d.isoformat(), "attendanceEventCategoryDescriptor": descriptor("AttendanceEventCategory", code),
                          "studentReference": {"studentUniqueId": student["id"]}, "schoolReference": {"schoolId": student["school"]},
                          "sessionReference": dict(session, schoolId=student["school"]),
                          **({"arrivalTime": f"08:{30 + int(kind * 29):02d}:00"} if code == "Tardy" else {})}

    def contacts(self):
        r = self.rng
        for student in self.students:
            n = r.randrange(12)
            while student["known"] and n < len(self.days):
                yield {"studentUniqueId": student["id"], "date": self.days[n].isoformat(), "kind": "conversation", "by": student["advisor"]}
                n += 6 + r.randrange(10)

    def truth(self):
        for student in self.students:
            worse = max(student["absent"])
            share = next(s for limit, s in GRADUATION if worse < limit)
            yield {"studentUniqueId": student["id"], "engagement": round(student["engagement"], 3),
                   "disengaged_on": self.days[student["break"]].isoformat() if student["break"] is not None else None,
                   "known_by_an_adult": student["known"], "absent_fall": student["absent"][0], "absent_spring": student["absent"][1],
                   "graduates": self.rng.random() < share}


def write_lines(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, separators=(",", ":")) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", required=True)
    p.add_argument("--students", type=int, default=900)
    p.add_argument("--schools", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--year", type=int, default=2027, help="end year of the school year")
    p.add_argument("--until", type=day, help="write no day after this one (the truth is of the whole year)")
    a = p.parse_args()
    if a.students < 1 or a.schools < 1:
        p.error("--students and --schools take a whole number from 1")
    district = District(a.students, a.schools, a.seed, a.year)
    for resource, rows in district.roster.items():
        write_lines(f"{a.out}/roster/{resource}.jsonl", rows)
    by_day = {d: [] for d in district.days}
    for d, event in district.events():
        by_day[d].append(event)
    for d, rows in by_day.items():
        if not a.until or d <= a.until:
            write_lines(f"{a.out}/days/{d.isoformat()}/studentSchoolAttendanceEvents.jsonl", rows)
    write_lines(f"{a.out}/contacts.jsonl", (c for c in district.contacts() if not a.until or day(c["date"]) <= a.until))
    write_lines(f"{a.out}/truth.jsonl", district.truth())
    with open(f"{a.out}/names.txt", "w", encoding="utf-8") as f:
        for s in district.students:
            f.write(f"{s['id']}\n{s['first']} {s['last']}\n")
    print(f"{len(district.students)} students, {len(district.schools)} schools, {len(district.days)} days in {a.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
