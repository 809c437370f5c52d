#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests as Ed-Fi clients make them, checked answer by answer. Standard library only.

    edfi_client.py contract   the REST contract: discovery, tokens, upsert, ETag, paging, problem documents
    edfi_client.py certify    the attendance part of Ed-Fi's certification
    edfi_client.py send       a bulk client: discovery, token, dependencies, then POSTs by 8 threads; tries again on 429 and 5xx, asks for
                              a new token on 401, gives up on other 4xx

Environment: EDFI_URL, EDFI_CLIENT, EDFI_SECRET, EDFI_DATABASE (conninfo; the tests look at row counts and log positions), for `send`
EDFI_PAUSE: a file made when 100 rows are in (empty: none); it goes on when the file is gone.
"""
import base64
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

URL = urllib.parse.urlsplit(os.environ["EDFI_URL"])
CATEGORY = "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"
PROBLEM = "urn:ed-fi:api:"
SCHOOL, YEAR, FALL = 255901001, 2027, "Fall"


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


local = threading.local()


def request(method, path, body=None, headers=None):
    """One request on this thread's connection; a connection that has ended is made anew once."""
    for _ in range(2):
        fresh = not getattr(local, "connection", None)
        if fresh:
            local.connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=30)
        try:
            local.connection.request(method, path, body, headers or {})
            return Answer(local.connection.getresponse())
        except (http.client.HTTPException, ConnectionError):
            local.connection.close()
            local.connection = None
            if fresh:
                raise
    raise ConnectionError(path)


def fail(text):
    sys.exit(f"edfi_client.py: {text}")


def expect(what, wanted, got):
    if wanted != got:
        fail(f"{what}: expected {wanted!r}, got {got!r}")


def sql(text):
    done = subprocess.run(["psql", "-X", "-At", "-F", " ", "-d", os.environ["EDFI_DATABASE"], "-c", text], cwd="/", capture_output=True, text=True)
    if done.returncode:
        fail(done.stderr)
    return done.stdout.strip()


def stored():
    """What changes when anything at all is written: rows, and how far the log is."""
    return sql("SELECT (SELECT count(*) FROM ingest.item), (SELECT count(*) FROM ingest.attendance), (SELECT max(pos) FROM ingest.log)")


# ---- tokens ----

def token_request(form=None, headers=None, body=None):
    kind = "application/json" if body is not None else "application/x-www-form-urlencoded"
    data = json.dumps(body) if body is not None else urllib.parse.urlencode(form)
    return request("POST", "/oauth/token", data, {"Content-Type": kind, **(headers or {})})


def basic(client, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


CLIENT, SECRET = os.environ["EDFI_CLIENT"], os.environ["EDFI_SECRET"]
GRANT = {"grant_type": "client_credentials"}


class Session:
    def __init__(self):
        self.renewed = -1
        self.lock = threading.Lock()
        self.token = None
        self.renew(None)

    def renew(self, old):
        with self.lock:
            if self.token == old:  # not yet renewed by another thread
                self.token = token_request(GRANT, basic(CLIENT, SECRET)).json()["access_token"]
                self.renewed += 1

    def __call__(self, method, path, body=None, headers=None):
        if not path.startswith("/"):
            path = "/data/v3/ed-fi/" + path
        token = {"Authorization": "Bearer " + self.token}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            token["Content-Type"] = "application/json"
        return request(method, path, body, {**token, **(headers or {})})


def problem(what, answer, status, kind):
    """A refusal: status, media type and every member of a problem document."""
    expect(f"{what}: status", status, answer.status)
    expect(f"{what}: media type", "application/problem+json", answer.headers["Content-Type"].split(";")[0])
    p = answer.json()
    expect(f"{what}: type", PROBLEM + kind, p.get("type"))
    expect(f"{what}: status in the body", status, p.get("status"))
    for member in ("detail", "title", "correlationId"):
        if not p.get(member):
            fail(f"{what}: no {member} in {p}")
    expect(f"{what}: errors", [], p.get("errors"))
    return p


def post(edfi, resource, body, status=201):
    answer = edfi("POST", resource, body)
    if answer.status != status:
        fail(f"POST {resource}: expected {status}, got {answer.status} {answer.body[:500]}")
    return answer


def id_of(answer):
    return answer.headers["Location"].rsplit("/", 1)[1]


# ---- rows ----

def descriptor(kind, code):
    return f"uri://ed-fi.org/{kind}Descriptor#{code}"


def school(number=SCHOOL):
    return {"schoolId": number, "nameOfInstitution": f"School {number}",
            "educationOrganizationCategories": [{"educationOrganizationCategoryDescriptor": descriptor("EducationOrganizationCategory", "School")}],
            "gradeLevels": [{"gradeLevelDescriptor": descriptor("GradeLevel", "Ninth grade")}]}


def session(name=FALL):
    return {"sessionName": name, "schoolReference": {"schoolId": SCHOOL}, "schoolYearTypeReference": {"schoolYear": YEAR},
            "beginDate": "2026-08-17", "endDate": "2026-12-18", "termDescriptor": descriptor("Term", "Fall Semester"), "totalInstructionalDays": 80}


def student(number):
    return {"studentUniqueId": f"S{number}", "firstName": "Testing", "lastSurname": f"Person{number}", "birthDate": "2012-01-31"}


def event(number, date="2026-09-14", category="Tardy", **more):
    return {"attendanceEventCategoryDescriptor": CATEGORY + category, "eventDate": date, "schoolReference": {"schoolId": SCHOOL},
            "sessionReference": {"schoolId": SCHOOL, "schoolYear": YEAR, "sessionName": FALL},
            "studentReference": {"studentUniqueId": f"S{number}"}, **more}


def key_query(e):
    return urllib.parse.urlencode({
        "attendanceEventCategoryDescriptor": e["attendanceEventCategoryDescriptor"], "eventDate": e["eventDate"],
        "schoolId": e["schoolReference"]["schoolId"], "schoolYear": e["sessionReference"]["schoolYear"],
        "sessionName": e["sessionReference"]["sessionName"], "studentUniqueId": e["studentReference"]["studentUniqueId"]})


EVENTS = "studentSchoolAttendanceEvents"

# ---- the contract ----


def check_discovery():
    d = request("GET", "/")
    expect("discovery", 200, d.status)
    document = d.json()
    for name in ("dependencies", "openApiMetadata", "oauth", "dataManagementApi"):
        if not document["urls"][name].startswith(os.environ["EDFI_URL"] + "/"):
            fail(f"urls.{name}: {document['urls'][name]}")
    expect("data model", "Ed-Fi", document["dataModels"][0]["name"])
    order = {row["resource"]: row["order"] for row in request("GET", urllib.parse.urlsplit(document["urls"]["dependencies"]).path).json()}
    for first, later in (("schools", "sessions"), ("sessions", EVENTS), ("students", "studentSchoolAssociations"), ("students", EVENTS)):
        if not order["/ed-fi/" + first] < order["/ed-fi/" + later]:
            fail(f"{first} must come before {later}")
    graph = request("GET", urllib.parse.urlsplit(document["urls"]["dependencies"]).path, headers={"Accept": "application/graphml"})
    expect("graphml", "application/graphml", graph.headers["Content-Type"])
    listed = request("GET", urllib.parse.urlsplit(document["urls"]["openApiMetadata"]).path).json()
    expect("openApiMetadata", ["Resources", "Descriptors"], [row["name"] for row in listed])
    for row in listed:
        if "paths" not in request("GET", urllib.parse.urlsplit(row["endpointUri"]).path).json():
            fail(f"{row['name']}: no paths")


def check_tokens():
    both = {**GRANT, "client_id": CLIENT, "client_secret": SECRET}
    for what, answer in (("Basic", token_request(GRANT, basic(CLIENT, SECRET))), ("form", token_request(both)), ("JSON", token_request(body=both))):
        expect(f"token by {what}", 200, answer.status)
        t = answer.json()
        expect(f"token_type by {what}", "bearer", t["token_type"].lower())
        if not (t["access_token"] and t["expires_in"] > 0):
            fail(f"token by {what}: {t}")
        expect(f"Cache-Control by {what}", "no-store", answer.headers["Cache-Control"])
    for what, status, error, answer in (
            ("in both places", 400, "invalid_client", token_request(both, basic(CLIENT, SECRET))),
            ("wrong secret", 401, "invalid_client", token_request(GRANT, basic(CLIENT, SECRET[:-1] + "?"))),
            ("wrong client", 401, "invalid_client", token_request({**both, "client_id": "nobody"})),
            ("no credentials", 401, "invalid_client", token_request(GRANT)),
            ("no grant_type", 400, "invalid_request", token_request({"client_id": CLIENT, "client_secret": SECRET})),
            ("another grant", 400, "unsupported_grant_type", token_request({**both, "grant_type": "password"}))):
        expect(f"token, {what}: status", status, answer.status)
        expect(f"token, {what}: error", error, answer.json()["error"])
    for what, headers in (("no token", {}), ("a made-up token", {"Authorization": "Bearer abc"}), ("Basic", basic(CLIENT, SECRET))):
        answer = request("GET", "/data/v3/ed-fi/students", headers=headers)
        problem(what, answer, 401, "security:authentication")
        expect(f"{what}: WWW-Authenticate", "Bearer", answer.headers["WWW-Authenticate"])


def check_documents(edfi):
    made = post(edfi, "schools", school())
    expect("Location", f"{os.environ['EDFI_URL']}/data/v3/ed-fi/schools/{id_of(made)}", made.headers["Location"])
    expect("body of 201", b"", made.body)
    etag = made.headers["ETag"]
    before = stored()
    again = post(edfi, "schools", school(), 200)
    expect("ETag of the same POST", etag, again.headers["ETag"])
    expect("what the same POST wrote", before, stored())
    # numbers as strings, nulls and unknown properties say the same
    told = {**school(str(SCHOOL)), "nameOfInstitution": f"School {SCHOOL}", "webSite": None, "favouriteColour": "blue", "operationalStatusDescriptor": None}
    post(edfi, "schools", told, 200)
    expect("what the same in other words wrote", before, stored())
    read = edfi("GET", "schools/" + id_of(made))
    expect("GET by id", (200, etag), (read.status, read.headers["ETag"]))
    expect("schoolId read", SCHOOL, read.json()["schoolId"])
    if "favouriteColour" in read.json() or "webSite" in read.json():
        fail("a null or an unknown property was kept")
    changed = post(edfi, "schools", {**school(), "nameOfInstitution": "Another"}, 200)
    if changed.headers["ETag"] == etag or stored() == before:
        fail("a change did not change the ETag or wrote nothing")
    expect("Location after a change", made.headers["Location"], changed.headers["Location"])
    problem("PUT with an old ETag", edfi("PUT", "schools/" + id_of(made), school(), {"If-Match": etag}), 412, "optimistic-lock-failed")
    put = edfi("PUT", "schools/" + id_of(made), school(), {"If-Match": changed.headers["ETag"]})
    expect("PUT with the right ETag", (204, etag, b""), (put.status, put.headers["ETag"], put.body))
    problem("DELETE with an old ETag", edfi("DELETE", "schools/" + id_of(made), headers={"If-Match": changed.headers["ETag"]}), 412,
            "optimistic-lock-failed")
    problem("PUT of another key", edfi("PUT", "schools/" + id_of(made), school(SCHOOL + 1)), 400,
            "bad-request:data-validation-failed:key-change-not-supported")
    problem("PUT of what is not there", edfi("PUT", "schools/" + "0" * 32, school()), 404, "not-found")
    errors = problem("id in a POST body", edfi("POST", "schools", {**school(), "id": id_of(made)}), 400,
                     "bad-request:data-validation-failed")["validationErrors"]
    expect("where", ["$.id"], list(errors))
    post(edfi, "sessions", session())
    for number in range(1, 41):
        post(edfi, "students", student(number))


def check_refusals(edfi):
    before = stored()
    for what, change in (("blank at an end", {"studentUniqueId": " S1"}), ("too long", {"studentUniqueId": "9" * 33}), ("no birthDate", {"birthDate": None}),
                         ("a bad date", {"birthDate": "2012-02-30"}), ("an object for a text", {"firstName": {"a": 1}})):
        p = problem(what, edfi("POST", "students", {**student(1), **change}), 400, "bad-request:data-validation-failed")
        expect(f"{what}: where", ["$." + next(iter(change))], list(p["validationErrors"]))
    p = problem("nothing but a brace", edfi("POST", "students", "{"), 400, "bad-request:data-validation-failed")
    if not p["validationErrors"]:
        fail("broken JSON: not said where")
    problem("unknown student", edfi("POST", EVENTS, event(999)), 409, "data-conflict:unresolved-reference")
    nobody = {**event(1), "sessionReference": {"schoolId": SCHOOL, "schoolYear": YEAR, "sessionName": "Winter"}}
    problem("unknown session", edfi("POST", EVENTS, nobody), 409, "data-conflict:unresolved-reference")
    the_school = edfi("GET", f"schools?schoolId={SCHOOL}").json()[0]["id"]
    problem("DELETE of what is referred to", edfi("DELETE", "schools/" + the_school), 409, "data-conflict:dependent-item-exists")
    problem("DELETE of what is not there", edfi("DELETE", "schools/" + "0" * 32), 404, "not-found")
    problem("unknown resource", edfi("POST", "unicorns", {}), 404, "not-found")
    problem("GET of an unknown resource", edfi("GET", "unicorns"), 404, "not-found")
    problem("unknown path", edfi("GET", "/data/v9/nothing/at/all"), 404, "not-found")
    problem("an id that is none", edfi("GET", "schools/1"), 404, "not-found")
    for kind in ("text/plain", "abcd", "application/xml", "application/x-www-form-urlencoded"):
        problem(kind, edfi("POST", "students", student(1), {"Content-Type": kind}), 415, "unsupported-media-type")
    patched = edfi("PATCH", "schools/" + the_school, "{}")
    problem("PATCH", patched, 405, "method-not-allowed")
    expect("Allow", {"GET", "HEAD", "PUT", "DELETE"} - {"HEAD"}, {m.strip() for m in patched.headers["Allow"].split(",")} - {"HEAD"})
    problem("DELETE of a collection", edfi("DELETE", "students"), 405, "method-not-allowed")
    expect("what all that wrote", before, stored())
    expect("content type with a charset", 200, edfi("POST", "students", student(1), {"Content-Type": "application/json; charset=utf-8"}).status)


def check_lists(edfi):
    found, pages = [], 0
    while True:
        page = edfi("GET", f"students?limit=15&offset={len(found)}&totalCount=true")
        expect("Total-Count", "40", page.headers["Total-Count"])
        if not page.json():
            break
        found += [s["studentUniqueId"] for s in page.json()]
        pages += 1
    expect("pages", 3, pages)
    expect("students in the pages", sorted(f"S{n}" for n in range(1, 41)), sorted(found))
    expect("default limit", 25, len(edfi("GET", "students").json()))
    expect("no Total-Count unasked", None, edfi("GET", "students").headers["Total-Count"])
    expect("by key", ["S7"], [s["studentUniqueId"] for s in edfi("GET", "students?studentUniqueId=S7").json()])
    expect("by an unknown key", [], edfi("GET", "students?studentUniqueId=S777").json())
    for bad in ("limit=x", "limit=501", "offset=-1", "totalCount=perhaps", "limit=5&limit=6"):
        problem(bad, edfi("GET", "students?" + bad), 400, "bad-request:data-validation-failed")
    expect("the bare path", 200, edfi("GET", "/data/ed-fi/students?limit=1").status)


def contract():
    check_discovery()
    check_tokens()
    edfi = Session()
    check_documents(edfi)
    check_refusals(edfi)
    check_lists(edfi)
    print("discovery, tokens, documents, refusals and lists are as Ed-Fi clients expect them")


# ---- certification ----

def certify():
    edfi = Session()
    post(edfi, "schools", school(), 200)
    tardy, absent = event(1, attendanceEventReason="Overslept"), event(2, category="Unexcused Absence", attendanceEventReason="Unknown")
    first, second = post(edfi, EVENTS, tardy), post(edfi, EVENTS, absent)
    found = edfi("GET", f"{EVENTS}?{key_query(tardy)}").json()
    expect("GET by key", [(id_of(first), "Overslept")], [(e["id"], e["attendanceEventReason"]) for e in found])
    # the reason changes: by POST of the whole, and by PUT
    changed = post(edfi, EVENTS, {**tardy, "attendanceEventReason": "Bus"}, 200)
    expect("id after a changed reason", id_of(first), id_of(changed))
    put = edfi("PUT", f"{EVENTS}/{id_of(second)}", {**absent, "id": id_of(second), "attendanceEventReason": "Ill, no note"})
    expect("PUT of a reason", 204, put.status)
    expect("reason after PUT", "Ill, no note", edfi("GET", f"{EVENTS}/{id_of(second)}").json()["attendanceEventReason"])
    problem("PUT with an old ETag", edfi("PUT", f"{EVENTS}/{id_of(second)}", absent, {"If-Match": second.headers["ETag"]}), 412, "optimistic-lock-failed")
    for what, body in (("category", {**absent, "attendanceEventCategoryDescriptor": CATEGORY + "Tardy"}), ("date", {**absent, "eventDate": "2026-09-15"})):
        problem(f"PUT of another {what}", edfi("PUT", f"{EVENTS}/{id_of(second)}", body), 400,
                "bad-request:data-validation-failed:key-change-not-supported")
    problem("PUT with another id", edfi("PUT", f"{EVENTS}/{id_of(second)}", {**absent, "id": id_of(first)}), 400, "bad-request:data-validation-failed")
    # unchanged: nothing is written
    before = stored()
    post(edfi, EVENTS, {**tardy, "attendanceEventReason": "Bus"}, 200)
    told = {**event(1, attendanceEventReason="Bus"), "arrivalTime": None, "somethingElse": [1, {"a": None}],
            "schoolReference": {"schoolId": str(SCHOOL), "link": {"rel": "School", "href": "/x"}},
            "sessionReference": {"schoolId": str(SCHOOL), "schoolYear": str(YEAR), "sessionName": FALL}}
    post(edfi, EVENTS, told, 200)
    expect("what the same wrote", before, stored())
    # the student is referred to
    the_student = edfi("GET", "students?studentUniqueId=S2").json()[0]["id"]
    problem("DELETE of a student with attendance", edfi("DELETE", f"students/{the_student}"), 409, "data-conflict:dependent-item-exists")
    # two contradictory events of a day coexist, found by student and day; the SIS corrects by deleting one
    both = post(edfi, EVENTS, {**tardy, "attendanceEventCategoryDescriptor": CATEGORY + "Unexcused Absence"})
    day = edfi("GET", f"{EVENTS}?studentUniqueId=S1&eventDate=2026-09-14&totalCount=true")
    expect("events of the day", ({id_of(first), id_of(both)}, "2"), ({e["id"] for e in day.json()}, day.headers["Total-Count"]))
    expect("DELETE", 204, edfi("DELETE", f"{EVENTS}/{id_of(first)}").status)
    problem("GET of the deleted", edfi("GET", f"{EVENTS}/{id_of(first)}"), 404, "not-found")
    problem("DELETE of the deleted", edfi("DELETE", f"{EVENTS}/{id_of(first)}"), 404, "not-found")
    problem("PUT of the deleted", edfi("PUT", f"{EVENTS}/{id_of(first)}", tardy), 404, "not-found")
    expect("GET by the key of the deleted", [], edfi("GET", f"{EVENTS}?{key_query(tardy)}").json())
    # the same natural key again is the same id
    expect("id after posting again", id_of(first), id_of(post(edfi, EVENTS, tardy)))
    check_sections(edfi)
    print("the attendance part of certification passes")


def check_sections(edfi):
    post(edfi, "courses", {"courseCode": "MATH", "courseTitle": "Mathematics", "numberOfParts": 1, "educationOrganizationReference": {"educationOrganizationId": SCHOOL},
                           "identificationCodes": [{"identificationCode": "MATH", "courseIdentificationSystemDescriptor": descriptor("CourseIdentificationSystem", "LEA course code")}]})
    offering = {"localCourseCode": "MATH", "schoolId": SCHOOL, "schoolYear": YEAR, "sessionName": FALL}
    post(edfi, "courseOfferings", {"localCourseCode": "MATH", "courseReference": {"courseCode": "MATH", "educationOrganizationId": SCHOOL}, "schoolReference": {"schoolId": SCHOOL},
                                   "sessionReference": {"schoolId": SCHOOL, "schoolYear": YEAR, "sessionName": FALL}})
    section = post(edfi, "sections", {"sectionIdentifier": "M/1 ä", "courseOfferingReference": offering})
    tardy = {"attendanceEventCategoryDescriptor": CATEGORY + "Tardy", "eventDate": "2026-09-14", "arrivalTime": "09:35:00",
             "sectionReference": {**offering, "sectionIdentifier": "M/1 ä"}, "studentReference": {"studentUniqueId": "S1"}}
    made = post(edfi, "studentSectionAttendanceEvents", tardy)
    read = edfi("GET", "studentSectionAttendanceEvents?" + urllib.parse.urlencode(
        {"sectionIdentifier": "M/1 ä", "localCourseCode": "MATH", "schoolId": SCHOOL, "schoolYear": YEAR, "sessionName": FALL, "studentUniqueId": "S1",
         "eventDate": "2026-09-14", "attendanceEventCategoryDescriptor": CATEGORY + "Tardy"})).json()
    expect("section event by key", [(id_of(made), "09:35:00", "M/1 ä")], [(e["id"], e["arrivalTime"], e["sectionReference"]["sectionIdentifier"]) for e in read])
    problem("DELETE of a section with attendance", edfi("DELETE", "sections/" + id_of(section)), 409, "data-conflict:dependent-item-exists")
    problem("a daily event's id as a section event's", edfi("DELETE", "studentSectionAttendanceEvents/" + id_of(post(edfi, EVENTS, event(3)))), 404, "not-found")
    expect("DELETE of the section event", 204, edfi("DELETE", "studentSectionAttendanceEvents/" + id_of(made)).status)
    expect("DELETE of the section", 204, edfi("DELETE", "sections/" + id_of(section)).status)


# ---- a bulk client ----

class Bulk:
    def __init__(self):
        self.edfi = Session()
        self.statuses, self.done, self.lock = {}, 0, threading.Lock()
        self.hold = threading.Event()
        self.hold.set()

    def count(self, status):
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.done += status in (200, 201)
            if self.done == 100 and status in (200, 201) and os.environ.get("EDFI_PAUSE"):
                self.pause()

    def pause(self):
        file = pathlib.Path(os.environ["EDFI_PAUSE"])
        self.hold.clear()
        file.touch()

        def watch():
            while file.exists():
                time.sleep(0.02)
            self.hold.set()
        threading.Thread(target=watch, daemon=True).start()

    def send(self, resource, row):
        wait = 0.2
        for _ in range(20):
            self.hold.wait(60)
            token = self.edfi.token
            try:
                answer = self.edfi("POST", resource, row)
                self.count(answer.status)
            except OSError:
                self.count(0)
                answer = None
            if answer and answer.status in (200, 201):
                return True
            if answer and answer.status == 401:
                self.renew(token)
                continue
            if answer and answer.status != 429 and answer.status < 500:
                fail(f"{resource}: {answer.status} {answer.body[:300]}")
            time.sleep(max(wait, float(answer.headers.get("Retry-After", 0)) if answer else 0))
            wait *= 1.5
        return False

    def renew(self, token):
        try:
            self.edfi.renew(token)
        except (KeyError, ValueError, OSError):
            time.sleep(0.5)  # no token now: the next answer is 401 again


def send():
    urls = request("GET", "/").json()["urls"]
    order = {row["resource"].rsplit("/", 1)[1]: row["order"] for row in request("GET", urllib.parse.urlsplit(urls["dependencies"]).path).json()}
    days = [datetime.date(2026, 9, 14) + datetime.timedelta(days=d) for d in (0, 1, 2, 3, 4)]
    numbers = range(1001, 1121)
    rows = {"schools": [school()], "sessions": [session()], "students": [student(n) for n in numbers],
            EVENTS: [event(n, d.isoformat(), "Unexcused Absence") for d in days for n in numbers]}
    bulk = Bulk()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for resource in sorted(rows, key=order.get):
            if not all(pool.map(lambda row: bulk.send(resource, row), rows[resource])):
                fail(f"{resource}: a row was given up")
    print(json.dumps({"statuses": bulk.statuses, "tokens_renewed": bulk.edfi.renewed, "rows": sum(map(len, rows.values()))}))


if __name__ == "__main__":
    {"contract": contract, "certify": certify, "send": send}[sys.argv[1]]()
