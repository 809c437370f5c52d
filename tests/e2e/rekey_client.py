#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Natural keys changed by PUT, as a SIS changes them, against a model: what every document is, written from names.

    rekey_client.py fill FOLDER     post everything; FOLDER keeps ids and the names
    rekey_client.py change FOLDER   change one key of each kind, look after each; refusals, conflicts, back again
    rekey_client.py same FOLDER     everything is as the names say, under the ids it has always had (after a restart, too)
    rekey_client.py storm FOLDER    sessions renamed all the time while somebody kills the daemon, until FOLDER/stop; each time all or nothing

Environment: as edfi_client.py.
"""
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.parse

import edfi_client as e

YEAR, DAY = e.YEAR, "2026-09-14"
DAYS = ["2026-09-14", "2026-09-15", "2026-09-16", "2026-09-17"]
STUDENTS = int(os.environ.get("REKEY_STUDENTS", "12"))


def d(kind, code="X"):
    return e.descriptor(kind, code)


# ---- the model ----

def names():
    return {"session": "Fall", "sections": ["A", "B"], "periods": ["First", "Second"], "entry": "2026-08-17", "begin": "2026-08-18", "book": "quiz"}


def session_key(n):
    return {"schoolId": e.SCHOOL, "schoolYear": YEAR, "sessionName": n["session"]}


def section_key(n, i):
    return {**session_key(n), "localCourseCode": "ALG", "sectionIdentifier": n["sections"][i]}


def membership_key(n, s):
    # the first student's first day in the class is what is changed
    return {**section_key(n, s % 2), "studentUniqueId": f"S{s}", "beginDate": n["begin"] if s == 0 else "2026-08-18"}


def places(n):
    """What can be named, by what it is called here: (resource, body)."""
    school = {"schoolId": e.SCHOOL}
    yield "school", "schools", e.school()
    yield "other", "schools", e.school(e.SCHOOL + 1)
    yield "calendar", "calendars", {"calendarCode": "K", "schoolReference": school, "schoolYearTypeReference": {"schoolYear": YEAR},
                                    "calendarTypeDescriptor": d("CalendarType")}
    for day in DAYS:
        yield "day" + day, "calendarDates", {
            "calendarReference": {"calendarCode": "K", "schoolId": e.SCHOOL, "schoolYear": YEAR}, "date": day,
            "calendarEvents": [{"calendarEventDescriptor": d("CalendarEvent", "Instructional day")}]}
    yield "quarter", "gradingPeriods", {
        "gradingPeriodDescriptor": d("GradingPeriod"), "gradingPeriodName": "Q1", "schoolReference": school, "schoolYearTypeReference": {"schoolYear": YEAR},
        "beginDate": "2026-08-17", "endDate": "2026-10-16", "totalInstructionalDays": 40}
    yield "session", "sessions", e.session(n["session"])
    for i, period in enumerate(n["periods"]):
        yield f"period{i}", "classPeriods", {"classPeriodName": period, "schoolReference": school}
    yield "bell", "bellSchedules", {"bellScheduleName": "Bell", "schoolReference": school, "classPeriods": [
        {"classPeriodReference": {"classPeriodName": p, "schoolId": e.SCHOOL}} for p in n["periods"]]}
    yield "course", "courses", {"courseCode": "ALG", "courseTitle": "Algebra", "numberOfParts": 1,
                                "educationOrganizationReference": {"educationOrganizationId": e.SCHOOL},
                                "identificationCodes": [{"courseIdentificationSystemDescriptor": d("CourseIdentificationSystem"), "identificationCode": "ALG"}]}
    yield "offering", "courseOfferings", {"localCourseCode": "ALG", "schoolReference": school, "sessionReference": session_key(n),
                                          "courseReference": {"courseCode": "ALG", "educationOrganizationId": e.SCHOOL}}
    for i, name in enumerate(n["sections"]):
        yield f"section{i}", "sections", {
            "sectionIdentifier": name, "courseOfferingReference": {**session_key(n), "localCourseCode": "ALG"}, "availableCredits": 0.5,
            "classPeriods": [{"classPeriodReference": {"classPeriodName": n["periods"][i], "schoolId": e.SCHOOL}}]}
    yield "survey", "surveys", {"namespace": "n", "surveyIdentifier": "s", "surveyTitle": "t", "schoolYearTypeReference": {"schoolYear": YEAR},
                                "sessionReference": session_key(n)}


def people(n):
    yield "staff", "staffs", {"staffUniqueId": "T1", "firstName": "Testing", "lastSurname": "Adult"}
    for i in (0, 1):
        yield f"teaches{i}", "staffSectionAssociations", {
            "beginDate": "2026-08-18", "sectionReference": section_key(n, i), "staffReference": {"staffUniqueId": "T1"},
            "classroomPositionDescriptor": d("ClassroomPosition", "Teacher of Record")}
        yield f"book{i}", "gradebookEntries", {
            "gradebookEntryIdentifier": n["book"] if i == 0 else "test", "namespace": "n", "dateAssigned": DAY, "sourceSectionIdentifier": "x", "title": "t",
            "sectionReference": section_key(n, i)}
        yield f"taken{i}", "sectionAttendanceTakenEvents", {
            "eventDate": DAY, "sectionReference": section_key(n, i),
            "calendarDateReference": {"calendarCode": "K", "date": DAY, "schoolId": e.SCHOOL, "schoolYear": YEAR}}
    for s in range(STUDENTS):
        who = {"studentUniqueId": f"S{s}"}
        yield f"student{s}", "students", e.student(s)
        yield f"enrolled{s}", "studentSchoolAssociations", {
            "entryDate": n["entry"] if s == 0 else "2026-08-17", "schoolReference": {"schoolId": e.SCHOOL}, "studentReference": who,
            "entryGradeLevelDescriptor": d("GradeLevel", "Ninth grade"), "calendarReference": {"calendarCode": "K", "schoolId": e.SCHOOL, "schoolYear": YEAR}}
        yield f"seat{s}", "studentSectionAssociations", {
            "beginDate": membership_key(n, s)["beginDate"], "sectionReference": section_key(n, s % 2), "studentReference": who}
        yield f"grade{s}", "grades", {
            "gradeTypeDescriptor": d("GradeType"), "numericGradeEarned": 88.25, "studentSectionAssociationReference": membership_key(n, s),
            "gradingPeriodReference": {"gradingPeriodDescriptor": d("GradingPeriod"), "gradingPeriodName": "Q1", "schoolId": e.SCHOOL, "schoolYear": YEAR}}
        yield f"quiz{s}", "studentGradebookEntries", {
            "gradebookEntryReference": {"gradebookEntryIdentifier": n["book"] if s % 2 == 0 else "test", "namespace": "n"}, "studentReference": who, "pointsEarned": 2}


def events(n):
    for s in range(STUDENTS):
        for i, day in enumerate(DAYS):
            category = "Unexcused Absence" if s % 3 == 0 else "Tardy"
            yield f"daily{s}.{i}", e.EVENTS, {**e.event(s, day, category), "sessionReference": session_key(n)}
            yield f"meeting{s}.{i}", "studentSectionAttendanceEvents", {
                "attendanceEventCategoryDescriptor": e.CATEGORY + category, "eventDate": day, "sectionReference": section_key(n, s % 2),
                "studentReference": {"studentUniqueId": f"S{s}"}, **({"attendanceEventReason": "bus", "arrivalTime": "09:15:00"} if s == 1 else {}),
                "classPeriods": [{"classPeriodReference": {"classPeriodName": n["periods"][s % 2], "schoolId": e.SCHOOL}}]}


ORDER = ["schools", "students", "staffs", "calendars", "calendarDates", "gradingPeriods", "sessions", "classPeriods", "bellSchedules", "courses",
         "courseOfferings", "sections", "surveys", "staffSectionAssociations", "gradebookEntries", "sectionAttendanceTakenEvents",
         "studentSchoolAssociations", "studentSectionAssociations", "grades", "studentGradebookEntries", e.EVENTS, "studentSectionAttendanceEvents"]


def everything(n):
    rows = [*places(n), *people(n), *events(n)]
    return sorted(rows, key=lambda row: ORDER.index(row[1]))


def one(n, what):
    return next(row for row in everything(n) if row[0] == what)


# ---- state between runs ----

class State:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.edfi = e.Session()
        self.names, self.ids = names(), {}
        if (self.folder / "names.json").exists():
            self.names = json.loads((self.folder / "names.json").read_text())
            self.ids = json.loads((self.folder / "ids.json").read_text())

    def keep(self):
        (self.folder / "names.json").write_text(json.dumps(self.names))
        (self.folder / "ids.json").write_text(json.dumps(self.ids))


def fill(state):
    for what, resource, body in everything(state.names):
        state.ids[what] = e.id_of(e.post(state.edfi, resource, body))
    state.keep()
    print(len(state.ids), "documents and events")


def bare(body):
    return {k: v for k, v in body.items() if k not in ("id", "_etag")}


def patient(edfi, method, path, body=None):
    """Until it is answered with anything but 503."""
    for _ in range(600):
        try:
            answer = edfi(method, path, body)
            if answer.status != 503:
                return answer
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise SystemExit("rekey_client.py: the daemon does not come back")


def dump(edfi, resource):
    rows, page = {}, True
    while page:
        page = patient(edfi, "GET", f"{resource}?limit=500&offset={len(rows)}").json()
        rows.update({row["id"]: bare(row) for row in page})
    return rows


def differences(edfi, ids, n):
    """What is not as the names say, by reading everything."""
    wanted = {}
    for what, resource, body in everything(n):
        wanted.setdefault(resource, {})[ids[what]] = body
    return [resource for resource in ORDER if dump(edfi, resource) != wanted[resource]]


def look(state):
    """Everything is as the names say, under the same ids; the same payloads again change nothing."""
    e.expect("resources that differ from the model", [], differences(state.edfi, state.ids, state.names))
    before = e.stored()
    for what, resource, body in everything(state.names):
        answer = state.edfi("POST", resource, body)
        e.expect(f"{what} again", (200, "unchanged", state.ids[what]), (answer.status, answer.headers["Kith-Outcome"], e.id_of(answer)))
        if resource != e.EVENTS:
            e.expect(f"{what} by id", body, bare(state.edfi("GET", f"{resource}/{state.ids[what]}").json()))
    e.expect("what the same again wrote", before, e.stored())


def put(state, what, n, status=204, **headers):
    _, resource, body = one(n, what)
    answer = state.edfi("PUT", f"{resource}/{state.ids[what]}", body, headers)
    if answer.status != status:
        e.fail(f"PUT {what}: expected {status}, got {answer.status} {answer.body[:500]}")
    if status == 204:
        e.expect(f"PUT {what}: Location", state.ids[what], e.id_of(answer))
    return answer


KEYS = {"sections": ["schoolId", "schoolYear", "sessionName", "localCourseCode", "sectionIdentifier"], "sessions": ["schoolId", "schoolYear", "sessionName"],
        "classPeriods": ["classPeriodName", "schoolId"], "studentSchoolAssociations": ["entryDate", "schoolId", "studentUniqueId"],
        "studentSectionAssociations": ["beginDate", "schoolId", "schoolYear", "sessionName", "localCourseCode", "sectionIdentifier", "studentUniqueId"],
        "gradebookEntries": ["gradebookEntryIdentifier", "namespace"]}


def key_query(what, n):
    _, resource, body = one(n, what)
    flat = {}
    for name, value in body.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return f"{resource}?" + urllib.parse.urlencode({k: flat[k] for k in KEYS[resource]})


# (what is PUT, how the names change, what the log says of it: type:records). Readers know documents by number, so most of a change is none of
# their business; what they tell apart by dates is taken out and put in again.
CHANGES = [("section0", {"sections": ["A-renamed", "B"]}, "SECTION_CHANGED:1"), ("session", {"session": "Autumn"}, ""),
           ("period0", {"periods": ["Primera", "Second"]}, ""), ("enrolled0", {"entry": "2026-08-18"}, "ENROLLMENT_CHANGED:2"),
           ("seat0", {"begin": "2026-08-20"}, "ROSTER_CHANGED:2 GRADE_POSTED:2"), ("book0", {"book": "pop quiz"}, "")]
TYPES = {6: "ENROLLMENT_CHANGED", 11: "SECTION_CHANGED", 12: "ROSTER_CHANGED", 13: "GRADE_POSTED"}
MARKS = "SELECT count(*) FROM ingest.log WHERE type IN (8, 9)"
NUMBERS = "SELECT string_agg(resource || id || num, ' ' ORDER BY num) FROM ingest.number"


def change(state):
    edfi = state.edfi
    move_away(edfi)
    marks, numbers = e.sql(MARKS), e.sql(NUMBERS)
    refuse(state)
    for what, changed, told in CHANGES:
        old, new = state.names, {**state.names, **changed}
        etag = edfi("GET", f"{one(old, what)[1]}/{state.ids[what]}").headers["ETag"]
        put(state, what, new, 412, **{"If-Match": '"0000000000000000"'})
        position = e.sql("SELECT max(pos) FROM ingest.log")
        put(state, what, new, **{"If-Match": etag})
        records = [r.split() for r in e.sql(f"SELECT type, count FROM ingest.log WHERE pos > {position} ORDER BY pos").splitlines()]
        e.expect(f"what the log says of {what}", told, " ".join(f"{TYPES[int(r[0])]}:{r[1]}" for r in records))
        state.names = new
        look(state)
        e.expect(f"{what} by its new key", [state.ids[what]], [row["id"] for row in edfi("GET", key_query(what, new)).json()])
        e.expect(f"{what} by its old key", [], edfi("GET", key_query(what, old)).json())
        put(state, what, new)  # again: nothing to change
    e.expect("records of attendance in the log", marks, e.sql(MARKS))
    e.expect("Kith's numbers", numbers, e.sql(NUMBERS))
    reuse(state)
    state.keep()
    print(len(CHANGES), "keys changed with all that refers to them")


def move_away(edfi):
    """Attendance is kept by school: only a session without any goes to another one."""
    spring, other = e.session("Spring"), {**e.session("Spring"), "schoolReference": {"schoolId": e.SCHOOL + 1}}
    where = "sessions/" + e.id_of(e.post(edfi, "sessions", spring))
    mark = e.id_of(e.post(edfi, e.EVENTS, {**e.event(1, "2026-09-18"), "sessionReference": session_key({"session": "Spring"})}))
    e.problem("PUT of a session with attendance to another school", edfi("PUT", where, other), 409, "data-conflict:dependent-item-exists")
    e.expect("DELETE of its attendance", 204, edfi("DELETE", f"{e.EVENTS}/{mark}").status)
    e.expect("PUT of a session to another school", 204, edfi("PUT", where, other).status)
    e.expect("where it is", e.SCHOOL + 1, edfi("GET", where).json()["schoolReference"]["schoolId"])
    e.expect("DELETE of the session", 204, edfi("DELETE", where).status)


def refuse(state):
    edfi, n, before = state.edfi, state.names, e.stored()
    for what, change in (("student1", {"studentUniqueId": "S999"}), ("course", {"courseCode": "GEO"}), ("offering", {"localCourseCode": "GEO"}),
                         ("teaches0", {"beginDate": "2026-08-19"}), ("daily1.0", {"eventDate": "2026-09-18"}), ("quarter", {"gradingPeriodName": "Q9"})):
        _, resource, body = one(n, what)
        e.problem(f"PUT {what} of another key", edfi("PUT", f"{resource}/{state.ids[what]}", {**body, **change}), 400,
                  "bad-request:data-validation-failed:key-change-not-supported")
    _, resource, body = one(n, "section0")
    taken = {**body, "sectionIdentifier": n["sections"][1]}
    e.problem("PUT of a key that is taken", edfi("PUT", f"{resource}/{state.ids['section0']}", taken), 409, "data-conflict:non-unique-identity")
    e.problem("PUT of a key by an id that is none", edfi("PUT", resource + "/" + "0" * 32, taken), 404, "not-found")
    nowhere = {**body, "courseOfferingReference": {**body["courseOfferingReference"], "sessionName": "Winter"}}
    e.problem("PUT of a key with an unknown session", edfi("PUT", f"{resource}/{state.ids['section0']}", nowhere), 409,
              "data-conflict:unresolved-reference")
    away = {**e.session(n["session"]), "schoolReference": {"schoolId": e.SCHOOL + 1}}
    e.problem("PUT of a session to another school", edfi("PUT", f"sessions/{state.ids['session']}", away), 409,
              "data-conflict:unresolved-reference")  # sections' class periods stay; what was taken names a calendar date of the school
    e.problem("DELETE of what is referred to", edfi("DELETE", f"{resource}/{state.ids['section0']}"), 409, "data-conflict:dependent-item-exists")
    e.expect("what the refusals wrote", before, e.stored())


def reuse(state):
    """The old key is free for somebody else, whose id is another; names may be exchanged and given back."""
    edfi, n = state.edfi, state.names
    _, resource, body = one(n, "section0")
    first = e.post(edfi, resource, {**body, "sectionIdentifier": "A"})
    if e.id_of(first) in state.ids.values():
        e.fail("a new section got the id of another")
    e.expect("the renamed one by its id", "A-renamed", edfi("GET", f"{resource}/{state.ids['section0']}").json()["sectionIdentifier"])
    e.expect("the new one by its id", "A", edfi("GET", f"{resource}/{e.id_of(first)}").json()["sectionIdentifier"])
    e.expect("a third name", 204, edfi("PUT", f"{resource}/{e.id_of(first)}", {**body, "sectionIdentifier": "C"}).status)
    back = {**n, "sections": ["A", "B"]}
    put(state, "section0", back)
    e.expect("the exchanged one by its id", "C", edfi("GET", f"{resource}/{e.id_of(first)}").json()["sectionIdentifier"])
    e.expect("DELETE of it", 204, edfi("DELETE", f"{resource}/{e.id_of(first)}").status)
    e.expect("GET of it", 404, edfi("GET", f"{resource}/{e.id_of(first)}").status)
    state.names = back
    look(state)


def storm(state):
    rounds = broken = 0
    (state.folder / "storming").touch()
    while not (state.folder / "stop").exists():
        rounds += 1
        new = {**state.names, "session": f"Session {rounds}"}
        _, resource, body = one(new, "session")
        try:
            answer = state.edfi("PUT", f"{resource}/{state.ids['session']}", body)
        except (OSError, http.client.HTTPException):
            answer = None
        if answer is None or answer.status == 503:
            broken += 1
            got = patient(state.edfi, "GET", f"{resource}/{state.ids['session']}").json()
            if got["sessionName"] == state.names["session"]:
                new = state.names  # then nothing may have happened
        else:
            e.expect("PUT of a session", 204, answer.status)
        if answer is None or answer.status == 503 or rounds == 1:
            e.expect(f"what is half done after round {rounds}", [], differences(state.edfi, state.ids, new))
        state.names = new
    state.keep()
    print(json.dumps({"rounds": rounds, "broken": broken}))


if __name__ == "__main__":
    {"fill": fill, "change": change, "same": look, "storm": storm}[sys.argv[1]](State(sys.argv[2]))
