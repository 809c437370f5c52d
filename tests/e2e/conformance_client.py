#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the request sequences of the clients that a district has, with documents made from the server's own OpenAPI description, so that a
new resource is tested the day it is in the table. Standard library only.

    conformance_client.py every      each resource: taken, read by id and by key, listed, changed, refused where it must be, deleted
    conformance_client.py bulk       a bulk sender of JSON lines: discovery, token, dependencies, POSTs by 8 at a time; a new token on 401
                                     and the line again; back-off on 429 and 5xx; then delete: key from the OpenAPI description, GET, DELETE
    conformance_client.py vendor     a SIS: certification's attendance flow, corrections by DELETE and POST, a section under another key
    conformance_client.py publisher  a copier from another Ed-Fi server: version, dependencies as GraphML, descriptors first, POST again on
                                     409, DELETE by key
    conformance_client.py parents    a client of Data Standard 4

Environment: EDFI_URL, EDFI_CLIENT, EDFI_SECRET; for `bulk` EDFI_PAUSE: a file made when half of the lines are in; it goes on when it is gone.
"""
import base64
import concurrent.futures
import copy
import http.client
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree

BASE = os.environ["EDFI_URL"]
CLIENT, SECRET = os.environ["EDFI_CLIENT"], os.environ["EDFI_SECRET"]
SCHOOL, YEAR = 255901001, 2027
UNCHECKED = {  # references that are kept as they come (services/ingest/resource_*.c)
    "schoolYearTypeReference", "graduationSchoolYearTypeReference", "charterApprovalSchoolYearTypeReference", "classOfSchoolYearTypeReference",
    "programReference", "courseProgramReference", "learningStandardReference", "graduationPlanReference", "personReference", "locationReference",
    "academicWeekReference", "educationServiceCenterReference", "stateEducationAgencyReference"}
local = threading.local()


def fail(text):
    sys.exit(f"conformance_client.py: {text}")


def expect(what, wanted, got):
    if wanted != got:
        fail(f"{what}: expected {wanted!r}, got {got!r}")


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def request(method, url, body=None, headers=None):
    """One request on this thread's connection; a connection that has ended is made anew once."""
    to = urllib.parse.urlsplit(url)
    path = (to.path or "/") + ("?" + to.query if to.query else "")
    for _ in range(2):
        fresh = not getattr(local, "connection", None)
        if fresh:
            local.connection = http.client.HTTPConnection(to.hostname, to.port, timeout=30)
        try:
            local.connection.request(method, path, body, headers or {})
            return Answer(local.connection.getresponse())
        except (http.client.HTTPException, ConnectionError):
            local.connection.close()
            local.connection = None
            if fresh:
                raise
    raise ConnectionError(path)


class Api:
    """An authorized client; `renew` as the bulk sender does it: once for all threads that saw the same token fail."""

    def __init__(self, discovery):
        self.urls = discovery["urls"]
        self.data = BASE.rstrip("/") + "/data/v3/ed-fi/"
        self.lock = threading.Lock()
        self.token, self.renewed = None, -1
        self.renew(None)

    def renew(self, old):
        with self.lock:
            if self.token != old:
                return
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            answer = request("POST", self.urls["oauth"], "grant_type=client_credentials",
                             {"Authorization": "Basic " + basic, "Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"})
            if self.token and answer.status == 503:  # it goes on with the old one, is told 401, and asks again
                time.sleep(0.1)
                return
            expect("token", 200, answer.status)
            self.token = answer.json()["access_token"]
            self.renewed += 1

    def __call__(self, method, path, body=None, **headers):
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        sent = {"accept": "application/json", "Content-Type": "application/json", "authorization": "Bearer " + self.token}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return request(method, self.data + path, body, sent)


def query(resource, values):
    return resource + "?" + urllib.parse.urlencode(values)


def id_of(answer):
    return answer.headers["Location"].rsplit("/", 1)[1]


def problem(what, answer, status, kind):
    expect(f"{what}: {answer.body[:300]!r}", status, answer.status)
    told = answer.json()
    expect(f"{what}: type", "urn:ed-fi:api:" + kind, told["type"])
    return told


# ---- documents made from the description ----

NAMES = {"schoolId": SCHOOL, "educationOrganizationId": SCHOOL, "courseEducationOrganizationId": SCHOOL, "localEducationAgencyId": 255901,
         "schoolYear": YEAR, "gradingPeriodSchoolYear": YEAR, "graduationSchoolYear": YEAR}


class Description:
    """The OpenAPI documents of a server. A value is made from the name of its property alone, so that a reference always holds the
    key of the document that it means."""

    def __init__(self, api):
        self.schemas, self.keys = {}, {}
        for row in request("GET", api.urls["openApiMetadata"]).json():
            document = request("GET", row["endpointUri"]).json()
            self.schemas.update(document["components"]["schemas"])
            for path, operations in document["paths"].items():
                if "get" in operations and not path.endswith("/{id}"):
                    names = [p["name"] for p in operations["get"]["parameters"]]
                    self.keys[path.rsplit("/", 1)[1]] = [n for n in names if n not in ("limit", "offset", "totalCount")]
        self.schema_of = {}
        for row in request("GET", api.urls["dependencies"]).json():
            name = row["resource"].rsplit("/", 1)[1]
            single = name[:-3] + "y" if name.endswith("ies") else name[:-1]
            if name in self.keys:
                self.schema_of[name] = self.schemas["edFi_" + single]
        expect("resources described", set(self.keys), set(self.schema_of))

    def resolve(self, schema):
        return self.schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def value(self, name, schema, all_fields, salt=""):
        schema = self.resolve(schema)
        kind = schema["type"]
        if kind == "object":
            return self.object(schema, all_fields, salt)
        if kind == "array":
            return [self.object(self.resolve(schema["items"]), all_fields, salt)]
        if name in NAMES:
            return NAMES[name]
        if kind == "integer":
            return 7
        if kind == "number":
            return 1.5
        if kind == "boolean":
            return True
        if schema.get("format") == "date":
            return "2026-09-14"
        if "maxLength" not in schema:
            return "08:30:00"
        if name.endswith("Descriptor"):
            return f"uri://ed-fi.org/{name[0].upper()}{name[1:]}#One"
        return ("uri://" if name == "namespace" else "") + name[:schema["maxLength"] - 8] + salt

    def object(self, schema, all_fields, salt=""):
        names = schema["properties"] if all_fields else schema["required"]
        return {name: self.value(name, schema["properties"][name], all_fields, salt) for name in names}

    def document(self, resource, all_fields=False):
        return self.object(self.schema_of[resource], all_fields)

    def key(self, resource, document):
        """As a client finds it that knows the names of the key only."""
        found = {}

        def walk(value, prefix):
            for name, inner in value.items():
                if isinstance(inner, dict):
                    walk(inner, name)
                elif not isinstance(inner, list):
                    found.setdefault(name, inner)
        walk(document, "")
        return {name: found.get(name, NAMES.get(name)) for name in self.keys[resource]}

    def references(self, resource):
        schema = self.schema_of[resource]
        return [name for name in schema["required"] if name.endswith("Reference") and name not in UNCHECKED]


def begin():
    """What every client does first."""
    discovery = request("GET", BASE + "/", headers={"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "Connection": "keep-alive"})
    expect("discovery", 200, discovery.status)
    return Api(discovery.json())


def in_order(api):
    rows = [row for row in request("GET", api.urls["dependencies"]).json() if "Create" in row["operations"]]
    return [row["resource"][len("/ed-fi/"):] for row in sorted(rows, key=lambda row: row["order"])]


# ---- every resource ----

def respelled(document, name, value):
    """The document with another value of that name in all its references."""
    changed = copy.deepcopy(document)

    def walk(node, inside):
        for key, inner in (node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(inner, (dict, list)):
                walk(inner, inside or str(key).endswith("Reference"))
            elif inside and key == name:
                node[key] = value
    walk(changed, False)
    return changed


def check_refusals(api, described, resource, document):
    schema = described.schema_of[resource]
    for name in schema["required"]:
        told = problem(f"{resource} without {name}", api("POST", resource, {k: v for k, v in document.items() if k != name}), 400,
                       "bad-request:data-validation-failed")
        if "$." + name not in told["validationErrors"]:
            fail(f"{resource} without {name}: {told['validationErrors']}")
    for name, inner in schema["properties"].items():
        wrong = "x" if described.resolve(inner)["type"] in ("object", "array", "integer", "number", "boolean") else {"a": 1}
        told = problem(f"{resource}: wrong {name}", api("POST", resource, {**document, name: wrong}), 400, "bad-request:data-validation-failed")
        if "$." + name not in told["validationErrors"]:
            fail(f"{resource}: wrong {name}: {told['validationErrors']}")
    for reference in described.references(resource):
        name = next(iter(document[reference]))
        other = 424242 if isinstance(document[reference][name], int) else "1999-01-01" if described.value(name, {"type": "string", "format": "date"}, False) \
            == document[reference][name] else "uri://nobody/X#Nobody" if name.endswith("Descriptor") else "nobody"
        problem(f"{resource}: {reference} to nothing", api("POST", resource, respelled(document, name, other)), 409,
                "data-conflict:unresolved-reference")


def plain(document):
    return {name: value for name, value in document.items() if name not in ("id", "_etag")}


def check_one(api, described, resource):
    """A document with what is required, then all of it; returns its id."""
    document = described.document(resource)
    check_refusals(api, described, resource, document)
    made = api("POST", resource, document)
    expect(f"POST {resource}: {made.body[:300]!r}", 201, made.status)
    again = api("POST", resource, document)
    expect(f"POST {resource} again", (200, made.headers["Location"], made.headers["ETag"]), (again.status, again.headers["Location"], again.headers["ETag"]))
    read = api("GET", f"{resource}/{id_of(made)}")
    expect(f"GET {resource} by id", (200, document), (read.status, plain(read.json())))
    found = api("GET", query(resource, described.key(resource, document)))
    expect(f"GET {resource} by key", [document], [plain(d) for d in found.json()])
    expect(f"GET {resource} by key: id", id_of(made), found.json()[0]["id"])
    listed = api("GET", query(resource, {"limit": 1, "offset": 0, "totalCount": "true"}))
    expect(f"list of {resource}", ("1", 1), (listed.headers["Total-Count"], len(listed.json())))
    expect(f"{resource} behind its end", [], api("GET", query(resource, {"limit": 5, "offset": 1})).json())
    whole = described.document(resource, True)
    put = api("PUT", f"{resource}/{id_of(made)}", whole, If_Match=made.headers["ETag"])
    expect(f"PUT {resource}: {put.body[:300]!r}", 204, put.status)
    read = api("GET", f"{resource}/{id_of(made)}")
    expect(f"GET {resource} after PUT", whole, plain(read.json()))
    if whole != document:
        problem(f"PUT {resource} with the old ETag", api("PUT", f"{resource}/{id_of(made)}", document, If_Match=made.headers["ETag"]), 412,
                "optimistic-lock-failed")
        problem(f"DELETE {resource} with the old ETag", api("DELETE", f"{resource}/{id_of(made)}", If_Match=made.headers["ETag"]), 412,
                "optimistic-lock-failed")
    return id_of(made)


def play_every(api):
    described = Description(api)
    order = [name for name in in_order(api) if name in described.keys]
    ids = [(name, check_one(api, described, name)) for name in order]
    for name, document in ids:  # under the path of Ed-Fi's newer server
        bare = request("GET", f"{BASE}/data/ed-fi/{name}/{document}", headers={"authorization": "Bearer " + api.token})
        expect(f"GET {name} under /data/ed-fi", (200, document), (bare.status, bare.json().get("id")))
    for name, document in ids[::-1]:
        gone = api("DELETE", f"{name}/{document}")
        expect(f"DELETE {name}: {gone.body[:300]!r}", 204, gone.status)
        problem(f"GET {name} when deleted", api("GET", f"{name}/{document}"), 404, "not-found")
    print(f"{len(ids)} resources")


# ---- a bulk sender ----

class Counts:
    def __init__(self):
        self.lock, self.of = threading.Lock(), {}

    def add(self, status):
        with self.lock:
            self.of[str(status)] = self.of.get(str(status), 0) + 1
            return sum(self.of.values())


def send_line(api, counts, resource, line):
    """10 tries on 429 and 5xx, each 1.5 times as long; on 401 a new token and the line again; any other answer is final."""
    delay, tries = 0.1, 10
    while tries:
        token = api.token
        try:
            answer = api("POST", resource, line)
        except (http.client.HTTPException, OSError):
            answer = None
        counts.add(answer.status if answer else "none")
        if answer and answer.status == 401:
            api.renew(token)
            continue
        if answer and answer.status not in (429, 500, 501, 502, 503, 504):
            json.loads(answer.body or b"{}")  # it parses what it is told
            return answer.status
        time.sleep(delay)
        delay *= 1.5
        tries -= 1
    return None


def bulk_lines(described):
    """resource -> lines: one document of each, and many students with their attendance."""
    lines = {name: [json.dumps(described.document(name))] for name in described.keys}
    student = described.document("students")
    event = described.document("studentSchoolAttendanceEvents")
    for i in range(300):
        student["studentUniqueId"] = event["studentReference"]["studentUniqueId"] = f"B{i}"
        lines["students"].append(json.dumps(student))
        lines["studentSchoolAttendanceEvents"].append(json.dumps(event))
    return lines


def required_parameters(described, schema, prefix=()):
    """What the bulk sender asks by when it looks for a document: every required single value, also in references."""
    found = {}
    for name in schema["required"]:
        inner = schema["properties"][name]
        if "$ref" in inner:
            found.update(required_parameters(described, described.resolve(inner), prefix + (name,)))
        elif inner["type"] != "array":
            found[name] = prefix + (name,)
    return found


def delete_line(api, described, resource, line):
    document = json.loads(line)
    values = {}
    for name, path in required_parameters(described, described.schema_of[resource]).items():
        at = document
        for step in path:
            at = at[step]
        values[name] = at if not isinstance(at, bool) else str(at).lower()
    found = api("GET", query(resource, values))
    expect(f"{resource}: looking for what to delete: {found.body[:300]!r}", 200, found.status)
    expect(f"{resource}: what to delete", 1, len(found.json()))
    return api("DELETE", f"{resource}/{found.json()[0]['id']}").status


def delete_descriptors(api, resource, lines):
    """It reads all of them, page by page, and compares."""
    total = int(api("GET", query(resource, {"limit": 0, "totalCount": "true"})).headers["Total-Count"])
    rows = []
    for offset in range(0, total, 100):
        rows += api("GET", query(resource, {"limit": 100, "offset": offset})).json()
    expect(f"{resource}: rows", total, len(rows))
    for line in lines:
        wanted = json.loads(line)
        same = [row for row in rows if (row["namespace"], row["codeValue"]) == (wanted["namespace"], wanted["codeValue"])]
        expect(f"{resource}: found", 1, len(same))
        expect(f"{resource}: deleted", 204, api("DELETE", f"{resource}/{same[0]['id']}").status)


def play_bulk(api):
    described = Description(api)
    lines = bulk_lines(described)
    counts, pause = Counts(), os.environ.get("EDFI_PAUSE")
    total, sent = sum(len(v) for v in lines.values()), 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for resource in [name for name in in_order(api) if name in lines]:
            statuses = list(pool.map(lambda line, r=resource: send_line(api, counts, r, line), lines[resource]))
            if not set(statuses) <= {200, 201}:
                fail(f"{resource}: {statuses}")
            sent += len(statuses)
            if pause and sent > total / 2:
                pathlib.Path(pause).touch()
                while pathlib.Path(pause).exists():
                    time.sleep(0.05)
                pause = None
        for resource in [name for name in in_order(api) if name in lines][::-1]:
            if resource.endswith("Descriptors"):
                delete_descriptors(api, resource, lines[resource])
                continue
            statuses = list(pool.map(lambda line, r=resource: delete_line(api, described, r, line), lines[resource]))
            expect(f"{resource}: deleted", {204}, set(statuses))
    print(json.dumps({"statuses": counts.of, "tokens_renewed": api.renewed, "lines": total}))


# ---- a copier from another server ----

def needs_of(api):
    """GraphML: resource -> what must be there first."""
    answer = request("GET", BASE + "/metadata/data/v3/dependencies", headers={"Accept": "application/graphml", "authorization": "Bearer " + api.token})
    expect("dependencies as GraphML", (200, "application/graphml"), (answer.status, answer.headers["Content-Type"]))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    graph = xml.etree.ElementTree.fromstring(answer.body).find(space + "graph")
    needs = {node.get("id"): set() for node in graph.findall(space + "node")}
    for edge in graph.findall(space + "edge"):
        needs[edge.get("target")].add(needs[edge.get("source")] is not None and edge.get("source"))
    return needs


def copy_item(api, counts, resource, item):
    """Strips what belongs to its source; again on 409 (not for descriptors), 500, 503, 504."""
    item = {name: value for name, value in item.items() if name not in ("id", "_etag", "_lastModifiedDate")}
    item.pop(resource[:-1] + "Id", None) if resource.endswith("Descriptors") else None
    delay = 0.05
    for _ in range(11):
        answer = api("POST", resource, item, Content_Type="application/json; charset=utf-8")
        counts.add(answer.status)
        again = answer.status in (500, 503, 504) or (answer.status == 409 and not resource.endswith("Descriptors"))
        if not again:
            return answer.status
        time.sleep(delay)
        delay *= 2
    return answer.status


def play_publisher(api):
    described = Description(api)
    version = request("GET", BASE + "/").json()
    int(version["version"].split(".")[0])
    expect("data model", ["Ed-Fi"], [model["name"] for model in version["dataModels"]])
    needs = needs_of(api)
    expect("resources in the graph", {"/ed-fi/" + name for name in described.keys}, set(needs))
    for resource, first in needs.items():
        if resource.endswith("Descriptors"):
            expect(f"{resource} needs", set(), first)
    if "/ed-fi/gradeLevelDescriptors" not in needs["/ed-fi/studentSchoolAssociations"]:
        fail("descriptors do not come first")
    counts, done = Counts(), set()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        # one whose session, school and student are still missing: it must be told 409 until they are there
        early = pool.submit(copy_item, api, counts, "studentSchoolAttendanceEvents",
                            {**described.document("studentSchoolAttendanceEvents"), "id": "0" * 32, "_etag": "1"})
        while counts.of.get("409", 0) == 0:
            if early.done():
                fail("an event without its student was not refused by 409")
            time.sleep(0.01)
        while len(done) < len(needs):
            ready = [name for name in needs if name not in done and needs[name] <= done]
            if not ready:
                fail(f"the graph has a circle: {sorted(set(needs) - done)}")
            items = [(name[len("/ed-fi/"):], {**described.document(name[len("/ed-fi/"):], True), "id": "1" * 32, "_etag": "2",
                                              "_lastModifiedDate": "2026-09-14T00:00:00Z"}) for name in ready]
            for item in items:
                item[1].pop("parentLocalEducationAgencyReference", None)
            statuses = list(pool.map(lambda item: copy_item(api, counts, *item), items))
            if not set(statuses) <= {200, 201}:
                fail(f"{ready}: {statuses}")
            done |= set(ready)
        expect("the early one", True, early.result() in (200, 201))
    while done:  # deletions, those first that nothing needs
        last = [name for name in done if not any(name in needs[other] for other in done)]
        for name in last:
            resource = name[len("/ed-fi/"):]
            found = api("GET", query(resource, described.key(resource, described.document(resource))))
            expect(f"{resource} by key", 1, len(found.json()))
            expect(f"{resource}: deleted", 204, api("DELETE", f"{resource}/{found.json()[0]['id']}").status)
        done -= set(last)
    print(json.dumps(counts.of))


# ---- a SIS ----

def post_all(api, described, names):
    return {name: id_of(api("POST", name, described.document(name))) for name in names}


def closure(described, wanted):
    """The resources that these need, in an order in which they may be pushed."""
    order = []

    def visit(name):
        for reference in described.references(name):
            target = {"organization": "school", "educationOrganization": "school", "responsibilitySchool": "school"}.get(reference[:-9], reference[:-9])
            plural = target[:-1] + "ies" if target.endswith("y") else target + "s"
            if plural != name:
                visit(plural)
        if name not in order:
            order.append(name)
    for name in wanted:
        visit(name)
    return order


def play_vendor(api):
    described = Description(api)
    names = closure(described, ["studentSectionAttendanceEvents", "studentSectionAssociations", "studentSchoolAttendanceEvents", "grades"])
    ids = post_all(api, described, [n for n in names if not n.endswith("AttendanceEvents")])
    category = "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"
    for events in ("studentSchoolAttendanceEvents", "studentSectionAttendanceEvents"):
        # certification: two events, both change their reason, the first goes
        tardy = {**described.document(events), "attendanceEventCategoryDescriptor": category + "Tardy"}
        absent = {**tardy, "attendanceEventCategoryDescriptor": category + "Unexcused Absence"}
        first, second = (id_of(api("POST", events, e)) for e in (tardy, absent))
        for event, event_id in ((tardy, first), (absent, second)):
            event["attendanceEventReason"] = "The student left early"
            expect("a reason changed by PUT", 204, api("PUT", f"{events}/{event_id}", {"id": event_id, **event}).status)
            found = api("GET", query(events, described.key(events, event))).json()
            expect("the reason", ["The student left early"], [f["attendanceEventReason"] for f in found])
        expect("the first event deleted", 204, api("DELETE", f"{events}/{first}").status)
        problem("the first event read", api("GET", f"{events}/{first}"), 404, "not-found")
        # a correction: the absence was excused. The category is in the key: DELETE and POST
        excused = {**absent, "attendanceEventCategoryDescriptor": category + "Excused Absence"}
        expect("the absence deleted", 204, api("DELETE", f"{events}/{second}").status)
        expect("the absence excused", 201, api("POST", events, excused).status)
        problem("an absence of nobody", api("POST", events, {**excused, "studentReference": {"studentUniqueId": "nobody"}}), 409,
                "data-conflict:unresolved-reference")
    # a section gets another local course code: its dependents go first, or the server says so
    problem("a section that has a roster", api("DELETE", "sections/" + ids["sections"]), 409, "data-conflict:dependent-item-exists")
    events = "studentSectionAttendanceEvents"
    for row in api("GET", query(events, {"sectionIdentifier": "sectionIdentifier"})).json():
        expect("its attendance deleted", 204, api("DELETE", f"{events}/{row['id']}").status)
    for name in ("grades", "studentSectionAssociations", "sections", "courseOfferings"):
        expect(f"{name} deleted", 204, api("DELETE", f"{name}/{ids[name]}").status)
    for name in ("courseOfferings", "sections", "studentSectionAssociations", "grades", events):
        document = respelled(described.document(name), "localCourseCode", "OTHER-1")
        if "localCourseCode" in document:
            document["localCourseCode"] = "OTHER-1"
        expect(f"{name} under another key", 201, api("POST", name, document).status)
    expect("a resync of the same", 200, api("POST", "grades", respelled(described.document("grades"), "localCourseCode", "OTHER-1")).status)
    print("vendor")


# ---- Data Standard 4 ----

def play_parents(api):
    described = Description(api)
    if "parents" not in in_order(api):
        fail("a client of Data Standard 4 does not find parents among the dependencies")
    parent = described.document("contacts")
    parent["parentUniqueId"] = parent.pop("contactUniqueId")
    made = api("POST", "parents", parent)
    expect(f"POST parents: {made.body!r}", 201, made.status)
    if "/ed-fi/parents/" not in made.headers["Location"]:
        fail(f"Location {made.headers['Location']}")
    expect("parents by id", parent, plain(api("GET", "parents/" + id_of(made)).json()))
    expect("parents by key", [parent], [plain(p) for p in api("GET", query("parents", {"parentUniqueId": parent["parentUniqueId"]})).json()])
    contact = plain(api("GET", "contacts/" + id_of(made)).json())
    expect("as contact", described.document("contacts"), contact)
    expect("the same as contact", 200, api("POST", "contacts", contact).status)
    told = problem("parents without a key", api("POST", "parents", {k: v for k, v in parent.items() if k != "parentUniqueId"}), 400,
                   "bad-request:data-validation-failed")
    expect("where", ["$.parentUniqueId"], list(told["validationErrors"]))
    api("POST", "students", described.document("students"))
    tie = {"parentReference": {"parentUniqueId": parent["parentUniqueId"]}, "studentReference": {"studentUniqueId": "studentUniqueId"}}
    tied = api("POST", "studentParentAssociations", tie)
    expect(f"POST studentParentAssociations: {tied.body!r}", 201, tied.status)
    expect("associations by key", [tie], [plain(t) for t in api("GET", query("studentParentAssociations", {"parentUniqueId": parent["parentUniqueId"],
           "studentUniqueId": "studentUniqueId"})).json()])
    put = api("PUT", "studentParentAssociations/" + id_of(tied), {**tie, "livesWith": True})
    expect("PUT studentParentAssociations", 204, put.status)
    problem("DELETE of a parent who is referred to", api("DELETE", "parents/" + id_of(made)), 409, "data-conflict:dependent-item-exists")
    for path in ("studentParentAssociations/" + id_of(tied), "parents/" + id_of(made)):
        expect(f"DELETE {path}", 204, api("DELETE", path).status)
    problem("an argument that is none", api("GET", "parents?contactPriority=1"), 400, "bad-request:data-validation-failed")
    print("parents")


if __name__ == "__main__":
    {"every": play_every, "bulk": play_bulk, "vendor": play_vendor, "publisher": play_publisher, "parents": play_parents}[sys.argv[1]](begin())
