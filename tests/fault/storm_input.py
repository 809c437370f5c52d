#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the storm pushes: attendance of a whole year, one event a student and day, no natural key twice, for the roster of tests/district.

Usage: storm_input.py ROSTER FOLDER [--events N] [--http N] [--seed N]

Writes FOLDER/anchor/ (one event on the last day of each school: flags look back from there, so that they do not depend on the order in
which the rest arrives), FOLDER/native.tsv (for push_storm), FOLDER/http/NN/ (for `kith push`) and FOLDER/all/ (all of it, for the
computation of the flags that must be there), FOLDER/sent (student, school, day, category of each).

Most students attend; one in eight is chronically absent, and one in ten ends the year with three or more unexcused days.
"""
import argparse
import datetime
import json
import os
import random

D = "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"
CHUNK = 100


def rows(folder, resource):
    with open(f"{folder}/{resource}.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def document(event):
    student, school, year, session, day, code = event
    return {"studentReference": {"studentUniqueId": student}, "schoolReference": {"schoolId": school}, "eventDate": day,
            "sessionReference": {"schoolId": school, "schoolYear": year, "sessionName": session}, "attendanceEventCategoryDescriptor": D + code}


def write_documents(folder, events):
    os.makedirs(folder)
    with open(f"{folder}/studentSchoolAttendanceEvents.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(document(e), separators=(",", ":")) + "\n" for e in events)


def category(rng, chance):
    roll = rng.random()
    if roll < chance * 0.7:
        return "Unexcused Absence"
    if roll < chance:
        return "Excused Absence"
    return "Tardy" if roll < chance + 0.03 else "In Attendance"


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("roster")
    p.add_argument("folder")
    p.add_argument("--events", type=int, default=100000)
    p.add_argument("--http", type=int, default=3000)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    rng = random.Random(a.seed)
    sessions = rows(a.roster, "sessions")
    year = sessions[0]["schoolYearTypeReference"]["schoolYear"]
    days = {}
    for row in rows(a.roster, "calendarDates"):
        if row["calendarEvents"][0]["calendarEventDescriptor"].endswith("#Instructional day"):
            days.setdefault(row["calendarReference"]["schoolId"], []).append(row["date"])
    spans = {}
    for row in sessions:
        spans.setdefault(row["schoolReference"]["schoolId"], []).append((row["beginDate"], row["endDate"], row["sessionName"]))
    events, last, anchors = [], {}, {}
    for row in rows(a.roster, "studentSchoolAssociations"):
        student, school = row["studentReference"]["studentUniqueId"], row["schoolReference"]["schoolId"]
        chance = 0.25 if rng.random() < 1 / 8 else 0.04
        ends_away = 3 + rng.randrange(4) if rng.random() < 0.1 else 0
        last[school] = max(days[school])
        for n, day in enumerate(sorted(days[school])):
            session = next(name for begin, end, name in spans[school] if begin <= day <= end)
            code = category(rng, chance)
            if n >= len(days[school]) - ends_away:
                code = "Unexcused Absence"
            event = (student, school, year, session, day, code)
            if day == last[school] and school not in anchors:
                anchors[school] = event
            else:
                events.append(event)
    rng.shuffle(events)
    if len(events) + len(anchors) < a.events:
        raise SystemExit(f"storm_input.py: the roster makes {len(events) + len(anchors)} events only")
    events = events[:a.events - len(anchors)]
    events.sort(key=lambda e: e[4])
    # what comes over HTTP is a share of every part of the year
    http = set(rng.sample(range(len(events)), a.http))
    native = [e for n, e in enumerate(events) if n not in http]
    posted = [events[n] for n in sorted(http)]
    write_documents(f"{a.folder}/anchor", anchors.values())
    write_documents(f"{a.folder}/all", list(anchors.values()) + events)
    for n in range(0, len(posted), CHUNK):
        write_documents(f"{a.folder}/http/{n // CHUNK:03d}", posted[n:n + CHUNK])
    epoch = datetime.date(1970, 1, 1)
    with open(f"{a.folder}/native.tsv", "w", encoding="utf-8") as out:
        for student, school, year, session, day, code in native:
            out.write(f"{student}\t{school}\t{year}\t{session}\t{(datetime.date.fromisoformat(day) - epoch).days}\t{D}{code}\n")
    with open(f"{a.folder}/sent", "w", encoding="utf-8") as out:
        out.writelines(f"{e[0]} {e[1]} {e[4]} {D}{e[5]}\n" for e in sorted(list(anchors.values()) + events))


main()
