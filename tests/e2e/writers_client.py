#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""32 clients write the same sections at once: sections, memberships and attendance in another order each, with corrections (PUT, DELETE) and
changed keys between them. Every answer must be a success, a conflict or "not found"; in the end everything is as a single client would have left it.

    writers_client.py

Environment: as edfi_client.py. WRITERS_CLIENTS (32), WRITERS_SECTIONS (12).

What is compared does not depend on the order in which the requests came: what everybody posts is posted by all alike and again until it is taken;
what somebody deletes, he alone posts; sections that two clients rename have the name of the one who was last, and what refers to them too.
"""
import collections
import concurrent.futures
import http.client
import json
import os
import random
import sys
import threading
import time

import edfi_client as e

CLIENTS, SECTIONS = int(os.environ.get("WRITERS_CLIENTS", "32")), int(os.environ.get("WRITERS_SECTIONS", "12"))
STUDENTS, DAYS = 16, ["2026-09-14", "2026-09-15"]
SEATS, MEETINGS = "studentSectionAssociations", "studentSectionAttendanceEvents"
FINE = {200, 201, 204, 404, 409}
SESSION_KEY = {"schoolId": e.SCHOOL, "schoolYear": e.YEAR, "sessionName": e.FALL}


def section(i, name=None):
    return {"sectionIdentifier": name or f"section {i}", "courseOfferingReference": {**SESSION_KEY, "localCourseCode": "ALG"}, "availableCredits": 0.5}


def section_key(body):
    return {**SESSION_KEY, "localCourseCode": "ALG", "sectionIdentifier": body["sectionIdentifier"]}


def seat(key, s):
    return {"beginDate": "2026-08-18", "sectionReference": key, "studentReference": {"studentUniqueId": f"S{s}"}}


def meeting(key, s, day, category="Tardy", **more):
    return {"attendanceEventCategoryDescriptor": e.CATEGORY + category, "eventDate": day, "sectionReference": key,
            "studentReference": {"studentUniqueId": f"S{s}"}, **more}


def final_meeting(key, s, day):
    return meeting(key, s, day, attendanceEventReason="bus")


class Client:
    """One of them; section i is found by its id, since others rename it."""

    def __init__(self, number, token, ids):
        self.number, self.ids, self.random = number, ids, random.Random(20261126 + number)
        self.edfi, self.statuses, self.local = token, collections.Counter(), threading.local()
        self.waits = 0

    def ask(self, method, path, body=None):
        answer = self.edfi(method, path, body)
        self.statuses[answer.status] += 1
        if answer.status not in FINE:
            raise SystemExit(f"writers_client.py: {method} {path}: {answer.status} {answer.body[:300]}")
        return answer

    def key(self, i):
        return section_key(self.ask("GET", "sections/" + self.ids[i]).json())

    def until_taken(self, resource, make, i):
        """A name may change between reading it and writing: then it is 409, and read again."""
        for _ in range(500):
            answer = self.ask("POST", resource, make(self.key(i)))
            if answer.status != 409:
                return answer
            self.waits += 1
        raise SystemExit(f"writers_client.py: {resource} is never taken")

    # ---- what it does ----

    def seats(self, i):
        for s in self.random.sample(range(STUDENTS), STUDENTS):
            self.until_taken(SEATS, lambda key, s=s: seat(key, s), i)

    def meetings(self, i):
        for s in self.random.sample(range(STUDENTS), STUDENTS // 2):
            self.mark(i, s)

    def mark(self, i, s):
        day = self.random.choice(DAYS)
        answer = self.until_taken(MEETINGS, lambda key: final_meeting(key, s, day), i)
        if self.random.random() < 0.3:
            body = final_meeting(self.key(i), s, day)
            self.ask("PUT", f"{MEETINGS}/{e.id_of(answer)}", body)

    def own(self, i):
        """Only this client's: an event that is taken back, and another that stays."""
        mine = f"Excused Absence {self.number}"
        for category, stays in ((mine, True), (mine + " by mistake", False)):
            answer = self.until_taken(MEETINGS, lambda key, c=category: meeting(key, self.number % STUDENTS, DAYS[0], c), i)
            if not stays:
                e.expect("DELETE of an own event", 204, self.ask("DELETE", f"{MEETINGS}/{e.id_of(answer)}").status)

    def rename(self, i):
        if i % 3 != 0:
            self.ask("POST", "sections", section(i))
            return
        # to a name of its own; now and then to one that is taken
        name = f"section {i + 1}" if self.random.random() < 0.2 else f"section {i} by {self.number}"
        self.ask("PUT", "sections/" + self.ids[i], section(i, name))

    def refused(self, i):
        e.expect("DELETE of a section in use", 409, self.ask("DELETE", "sections/" + self.ids[i]).status)

    def run(self):
        jobs = [(job, i) for i in range(SECTIONS) for job in (self.seats, self.meetings, self.own)]
        jobs += [(self.rename, i) for i in range(SECTIONS) for _ in range(2)] + [(self.refused, 0)]
        self.random.shuffle(jobs)
        for job, i in jobs:
            job(i)
        for i in range(SECTIONS):  # whatever was drawn: all of what everybody posts
            for s in range(STUDENTS):
                if (s + i) % CLIENTS == self.number:
                    for day in DAYS:
                        self.until_taken(MEETINGS, lambda key, s=s, day=day: final_meeting(key, s, day), i)


def prepare(edfi):
    e.post(edfi, "schools", e.school())
    e.post(edfi, "sessions", e.session())
    e.post(edfi, "courses", {"courseCode": "ALG", "courseTitle": "Algebra", "numberOfParts": 1,
                             "educationOrganizationReference": {"educationOrganizationId": e.SCHOOL},
                             "identificationCodes": [{"courseIdentificationSystemDescriptor": e.descriptor("CourseIdentificationSystem", "X"),
                                                      "identificationCode": "ALG"}]})
    e.post(edfi, "courseOfferings", {"localCourseCode": "ALG", "schoolReference": {"schoolId": e.SCHOOL}, "sessionReference": SESSION_KEY,
                                     "courseReference": {"courseCode": "ALG", "educationOrganizationId": e.SCHOOL}})
    for s in range(STUDENTS):
        e.post(edfi, "students", e.student(s))
    ids = [e.id_of(e.post(edfi, "sections", section(i))) for i in range(SECTIONS)]
    for i in range(SECTIONS):
        e.post(edfi, SEATS, seat(section_key(section(i)), 0))
    return ids


def dump(edfi, resource):
    rows, page = [], True
    while page:
        page = edfi("GET", f"{resource}?limit=500&offset={len(rows)}").json()
        rows += page
    return sorted(json.dumps({k: v for k, v in row.items() if k not in ("id", "_etag")}, sort_keys=True) for row in rows)


def model(names):
    """What one client would have left that did all of it, one after the other, the renaming first."""
    sections = [section(i, name) for i, name in enumerate(names)]
    seats, meetings = [], []
    for body in sections:
        key = section_key(body)
        seats += [seat(key, s) for s in range(STUDENTS)]
        meetings += [final_meeting(key, s, day) for s in range(STUDENTS) for day in DAYS]
        meetings += [meeting(key, n % STUDENTS, DAYS[0], f"Excused Absence {n}") for n in range(CLIENTS)]
    return {"sections": sections, SEATS: seats, MEETINGS: meetings}


def main():
    edfi = e.Session()
    ids = prepare(edfi)
    clients = [Client(n, edfi, ids) for n in range(CLIENTS)]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client.run) for client in clients]:
            done.result()
    took = time.monotonic() - began
    names = [edfi("GET", "sections/" + i).json()["sectionIdentifier"] for i in ids]
    for i, name in enumerate(names):
        allowed = {f"section {i}"} | ({f"section {i} by {n}" for n in range(CLIENTS)} if i % 3 == 0 else set())
        if name not in allowed:
            e.fail(f"section {i} is called {name!r}")
    for resource, rows in model(names).items():
        wanted, got = sorted(json.dumps(row, sort_keys=True) for row in rows), dump(edfi, resource)
        if wanted != got:
            missing, extra = set(wanted) - set(got), set(got) - set(wanted)
            e.fail(f"{resource}: {len(wanted)} expected, {len(got)} there; missing {sorted(missing)[:2]}, too many {sorted(extra)[:2]}")
    statuses = sum((c.statuses for c in clients), collections.Counter())
    if not {200, 201, 204, 409} <= set(statuses):
        e.fail(f"not everything was tried: {dict(statuses)}")
    print(json.dumps({"clients": CLIENTS, "requests": sum(statuses.values()), "statuses": {str(k): v for k, v in sorted(statuses.items())},
                      "renamed": sum("by" in n for n in names), "read_again": sum(c.waits for c in clients), "seconds": round(took, 1)}))


if __name__ == "__main__":
    main()
