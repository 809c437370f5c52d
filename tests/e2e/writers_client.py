#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""32 clients at once: writers_client.py URL SECTIONS.jsonl, with KITH_TOKEN.

Each client writes all of the shared sections (under identifiers of their own), their seats and their marks, in an order of its own; some clients delete what is
shared and post it again. Whoever meets 409 (what it refers to is gone, or what refers to it is there) goes on later. In the end every client
posts everything once more until nothing is refused. Prints how many sections, seats and marks there must be.
"""
import http.client
import json
import os
import random
import sys
import threading
import urllib.parse

CLIENTS = 32
STUDENTS = [f"S{i:06}" for i in range(20)]
url = urllib.parse.urlparse(sys.argv[1])
head = {"Authorization": "Bearer " + os.environ["KITH_TOKEN"], "Content-Type": "application/json"}
bad = []


def documents():
    sections, seats, marks = [], [], []
    for line in open(sys.argv[2]):
        s = json.loads(line)
        s["sectionIdentifier"] = "W-" + s["sectionIdentifier"]
        key = dict(s["courseOfferingReference"], sectionIdentifier=s["sectionIdentifier"])
        sections.append(("sections", s))
        for student in STUDENTS:
            who = {"studentReference": {"studentUniqueId": student}, "sectionReference": key}
            seats.append(("studentSectionAssociations", dict(who, beginDate="2026-08-17")))
            marks.append(("studentSectionAttendanceEvents", dict(
                who, eventDate="2026-09-14",
                attendanceEventCategoryDescriptor="uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy")))
    return sections, seats, marks


def call(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body) if body else None, head)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (200, 201, 204, 404, 409):
        bad.append((method, path, answer.status))
    return answer


def client(number, barrier):
    rng = random.Random(number)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    base = "/data/v3/ed-fi/"
    sections, seats, marks = documents()
    barrier.wait()
    mixed = sections + seats + marks
    rng.shuffle(mixed)
    for resource, body in mixed:
        answer = call(connection, "POST", base + resource, body)
        place = answer.getheader("Location")
        if place and rng.random() < 0.2:
            call(connection, "DELETE", urllib.parse.urlparse(place).path)
            call(connection, "POST", base + resource, body)
    barrier.wait()
    for group in (sections, seats, marks):
        rng.shuffle(group)
        for resource, body in group:
            answer = call(connection, "POST", base + resource, body)
            if answer.status not in (200, 201):
                bad.append(("last POST", resource, answer.status))
        barrier.wait()


def main():
    barrier = threading.Barrier(CLIENTS, timeout=240)
    threads = [threading.Thread(target=client, args=(i, barrier)) for i in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad or barrier.broken:
        sys.exit(f"writers_client: {len(bad)} answers that must not be, the first: {bad[:5]}; broken: {barrier.broken}")
    sections, seats, marks = documents()
    print(len(sections), len(seats), len(marks))


if __name__ == "__main__":
    main()
