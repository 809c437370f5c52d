#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a POST to the mail: events at a fixed rate over kept connections; those that complete a run of unexcused absences raise an alert.

latency.py --url U --token T --students FILE --days D1,D2,D3 --rate N --seconds S --alerting SHARE --out FILE
Two unexcused days of the alerting students must have been pushed before; this sends their third and, for the other students, tardies.
Writes one line an alerting student: studentUniqueId and the unix time just before its POST.
"""
import argparse
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

p = argparse.ArgumentParser()
for name in ("url", "token", "students", "day", "out"):
    p.add_argument("--" + name, required=True)
p.add_argument("--rate", type=float, default=500)
p.add_argument("--seconds", type=float, default=20)
p.add_argument("--alerting", type=int, default=400, help="the first so many students raise an alert")
p.add_argument("--code", default="Unexcused Absence")
a = p.parse_args()
students = [line.rstrip("\n").split(" ", 3) for line in open(a.students)]
total = int(a.rate * a.seconds)
every = max(1, total // a.alerting)
lock, sent, bad = threading.Lock(), {}, []
start = time.monotonic() + 0.2
counter = iter(range(total))


def body(i):
    alerting = i % every == 0 and i // every < a.alerting
    if alerting:
        s, day, code = students[i // every], a.day, a.code
    else:
        rest = students[a.alerting:]
        s, k = rest[i % len(rest)], i // len(rest)
        day, code = f"{a.day[:8]}{1 + k % 20:02d}", ("Tardy", "Early departure", "Partial")[k // 20 % 3]
    return alerting, s[0], json.dumps({
        "eventDate": day, "attendanceEventCategoryDescriptor": "uri://ed-fi.org/AttendanceEventCategoryDescriptor#" + code, "studentReference": {"studentUniqueId": s[0]},
        "schoolReference": {"schoolId": int(s[1])}, "sessionReference": {"schoolId": int(s[1]), "schoolYear": int(s[2]), "sessionName": s[3]}})


def work():
    c = http.client.HTTPConnection(urlsplit(a.url).netloc)
    head = {"Authorization": "Bearer " + a.token, "Content-Type": "application/json"}
    while True:
        with lock:
            i = next(counter, None)
        if i is None:
            return
        alerting, student, text = body(i)
        pause = start + i / a.rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        before = time.time()
        c.request("POST", "/data/v3/ed-fi/studentSchoolAttendanceEvents", text, head)
        answer = c.getresponse()
        answer.read()
        with lock:
            if answer.status not in (200, 201):
                bad.append(answer.status)
            if alerting:
                sent[student] = before


threads = [threading.Thread(target=work) for _ in range(16)]
for t in threads:
    t.start()
for t in threads:
    t.join()
with open(a.out, "w") as f:
    for student, at in sent.items():
        f.write(f"{student} {at:.6f}\n")
print(json.dumps({"posts": total, "bad": len(bad), "alerting": len(sent), "per_second": round(total / (time.monotonic() - start), 1)}))
