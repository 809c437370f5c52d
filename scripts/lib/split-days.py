#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Splits a folder of Ed-Fi JSON lines into what a SIS sends before a week of school, and each day of it.

Usage: split-days.py FROM TO DAYS

TO/before gets every resource and all attendance but that of the last DAYS dates on which there is any; TO/YYYY-MM-DD gets that of each
of these dates. Prints the dates, one a line.
"""
import json
import pathlib
import shutil
import sys

source, to, days = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
attendance = ("studentSchoolAttendanceEvents", "studentSectionAttendanceEvents")
before = to / "before"
before.mkdir(parents=True)
by_date = {}
for path in sorted(source.glob("*.jsonl")):
    if path.stem not in attendance:
        shutil.copyfile(path, before / path.name)
        continue
    with path.open() as lines:
        for line in lines:
            by_date.setdefault(json.loads(line)["eventDate"], {}).setdefault(path.name, []).append(line)
if len(by_date) < days:
    sys.exit(f"{source} has attendance of {len(by_date)} dates only, {days} are needed")
week = sorted(by_date)[-days:]
for date, files in by_date.items():
    folder = to / date if date in week else before
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        with (folder / name).open("a") as out:
            out.writelines(lines)
print("\n".join(week))
