#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Broken requests to the Ed-Fi door. After each: the same process answers, and exactly what was acknowledged is stored.

    badinput_client.py      environment as edfi_client.py's, and INGEST_PID: the file with the daemon's pid; INGEST_DEADLINE: seconds that a
                            head or a body may take; INGEST_BUS: port of the native door

Raw sockets, since a client library would not send these. Standard library only.
"""
import concurrent.futures
import json
import os
import socket
import time

import edfi_client as e

HOST = e.URL.hostname
DEADLINE = float(os.environ["INGEST_DEADLINE"])
BODY_MAX = 1 << 20


def daemon():
    return open(os.environ["INGEST_PID"], encoding="ascii").read()


class Watch:
    """What must be so after every probe."""

    def __init__(self):
        self.pid, self.stored, self.n = daemon(), e.stored(), 0

    def check(self, what):
        self.n += 1
        e.expect(f"/readyz after {what}", 200, e.request("GET", "/readyz").status)
        e.expect(f"the process after {what}", self.pid, daemon())
        e.expect(f"rows and log after {what}", self.stored, e.stored())


def read_answer(s):
    """Until the answer is whole or the connection ends. Returns (status, body, has the connection ended)."""
    data = b""
    try:
        while True:
            head, blank, body = data.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            if blank and len(body) >= int(fields.get(b"content-length", b"0")):
                return int(data.split()[1]), body, fields.get(b"connection") == b"close"
            got = s.recv(65536)
            if not got:
                return 0, data, True
            data += got
    except ConnectionError:
        return 0, data, True


def raw(what, data, statuses, watch, ends=True):
    with socket.create_connection((HOST, e.URL.port), 20) as s:
        s.settimeout(20)
        try:
            s.sendall(data)
        except ConnectionError:
            pass  # refused before the end: its answer is there
        status, body, ended = read_answer(s)
        if status not in statuses:
            e.fail(f"{what}: expected {statuses}, got {status} {body[:200]}")
        if status and b"<html" not in body and not json.loads(body).get("detail"):  # three faults are answered by the parser itself (common/kith/http.h)
            e.fail(f"{what}: no problem document: {body[:200]}")
        if ends and not ended:
            e.fail(f"{what}: the connection goes on")
    watch.check(what)


def head(token, *fields, method="POST", path="/data/v3/ed-fi/students", host="Host: kith"):
    lines = [f"{method} {path} HTTP/1.1", host, f"Authorization: Bearer {token}", "Content-Type: application/json", *fields]
    return "".join(line + "\r\n" for line in lines if line is not None).encode("latin-1") + b"\r\n"


def framing(token, watch):
    """Each of these carries a sound document that must not be stored."""
    row = json.dumps(e.student(900)).encode()
    length, chunked = f"Content-Length: {len(row)}", "Transfer-Encoding: chunked"
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (len(row), row)
    hidden = head(token, length) + row  # what another parser would take for a second request
    for what, data in (
            ("two Content-Lengths", head(token, length, "Content-Length: 5") + row),
            ("two equal Content-Lengths", head(token, length, length) + row),
            ("a list as Content-Length", head(token, f"Content-Length: {len(row)}, {len(row)}") + row),
            ("Content-Length and chunked", head(token, length, chunked) + pieces),
            ("Content-Length and chunked, with another request behind", head(token, "Content-Length: 5", chunked) + b"0\r\n\r\n" + hidden),
            ("chunked twice", head(token, chunked, chunked) + pieces),
            ("no Host", head(token, length, host=None) + row),
            ("two Hosts", head(token, "Host: other", length) + row),
            ("an empty Host", head(token, length, host="Host:") + row),
            ("NUL in a field", head(token, "X-A: a\0b", length) + row),
            ("a control byte in a field", head(token, "X-A: a\x01b", length) + row),
            ("a bare CR in a field", head(token, "X-A: a\rb", length) + row),
            ("a control byte in the target", head(token, length, path="/data/v3/ed-fi/stu\x01dents") + row),
            ("NUL in the query", head(token, method="GET", path="/data/v3/ed-fi/students?studentUniqueId=%00")),
            ("bare LF as line end", head(token, length).replace(b"\r\n", b"\n") + row),
            ("a chunk size that is none", head(token, chunked) + b"zz\r\n" + row + b"\r\n0\r\n\r\n")):
        raw(what, data, (400,), watch)
    raw("100 KB of headers in one", head(token, "X-A: " + "a" * 102400, length) + row, (431,), watch)
    raw("100 KB of headers in many", head(token, *[f"X-{i}: " + "a" * 90 for i in range(1024)], length) + row, (431,), watch)
    raw("no length at all", head(token), (411,), watch)
    raw("a body of 1 MiB and a byte", head(token, f"Content-Length: {BODY_MAX + 1}") + row + b" " * (BODY_MAX + 1 - len(row)), (413,), watch)
    big = row + b" " * (BODY_MAX + 1 - len(row))
    parts = b"".join(b"%x\r\n%s\r\n" % (len(big[i:i + 65536]), big[i:i + 65536]) for i in range(0, len(big), 65536))
    raw("the same in chunks", head(token, chunked) + parts + b"0\r\n\r\n", (413,), watch)
    raw("a body that is said to be 10 TB", head(token, "Content-Length: 10995116277760") + row, (413,), watch)
    raw("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), (0, 400, 505), watch)  # may just end


def drip(data, every):
    """Seconds until the daemon ends it, and its answer."""
    began = time.monotonic()
    with socket.create_connection((HOST, e.URL.port), 20) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            try:
                s.send(data[i:i + 1])
            except ConnectionError:
                break
            s.settimeout(every)
            try:
                if s.recv(1, socket.MSG_PEEK) is not None:
                    break
            except TimeoutError:
                pass
            except ConnectionError:
                break
        s.settimeout(5)
        return time.monotonic() - began, read_answer(s)


def slow(token, watch):
    row = json.dumps(e.student(900)).encode()
    whole = head(token, f"Content-Length: {len(row)}")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        slow_head = pool.submit(drip, whole + row, 0.25)

        def in_body():
            with socket.create_connection((HOST, e.URL.port), 20) as s:
                s.sendall(whole)
                began = time.monotonic()
                for i in range(len(row)):
                    s.send(row[i:i + 1])
                    s.settimeout(0.25)
                    try:
                        s.recv(1, socket.MSG_PEEK)
                        break
                    except TimeoutError:
                        pass
                    except ConnectionError:
                        break
                s.settimeout(5)
                return time.monotonic() - began, read_answer(s)
        slow_body = pool.submit(in_body)
        mute = pool.submit(lambda: drip(b"P", 0.25))
        for what, future in (("a slow head", slow_head), ("a slow body", slow_body)):
            took, (status, body, _) = future.result()
            e.expect(f"{what}: status", 408, status)
            if not json.loads(body).get("detail"):
                e.fail(f"{what}: no problem document")
            if not DEADLINE * 0.9 <= took <= DEADLINE + 4:
                e.fail(f"{what}: ended after {took:.1f} s, the deadline is {DEADLINE} s")
        mute.result()
    watch.check("slow clients")


def documents(edfi, watch):
    """Bodies that are no documents. `where`: the place that validationErrors must name."""
    row = e.student(900)
    deep = '{"studentUniqueId":"S900","firstName":' + "[" * 5000 + "]" * 5000 + "}"
    for what, resource, body, where in (
            ("nothing", "students", b"", None), ("a brace", "students", b"{", None), ("cut JSON", "students", json.dumps(row)[:-5].encode(), None),
            ("text behind it", "students", json.dumps(row).encode() + b" x", None), ("a list", "students", b"[]", None), ("a number", "students", b"1", None),
            ("null", "students", b"null", None), ("deep nesting", "students", deep.encode(), None), ("not UTF-8", "students", b'{"studentUniqueId":"\xff"}', None),
            ("a name twice", "students", b'{"studentUniqueId":"S900","studentUniqueId":"S901"}', None),
            ("an object for a text", "students", {**row, "lastSurname": {}}, "$.lastSurname"),
            ("a list for a text", "students", {**row, "firstName": ["A"]}, "$.firstName"), ("NUL in a key", "students", {**row, "studentUniqueId": "S\0"}, None),
            ("a text for a number", "schools", {**e.school(7), "schoolId": "seven"}, "$.schoolId"), ("a fraction for a number", "schools", {**e.school(7), "schoolId": 7.5}, "$.schoolId"),
            ("beyond 64 bits", "schools", {**e.school(7), "schoolId": 1 << 64}, None), ("beyond a double", "schools", b'{"schoolId":1e999}', None),
            ("a text for a list", "schools", {**e.school(7), "gradeLevels": "nine"}, "$.gradeLevels"),
            ("a number for a reference", e.EVENTS, {**e.event(1), "schoolReference": e.SCHOOL}, "$.schoolReference"),
            ("no date", e.EVENTS, {**e.event(1), "eventDate": "soon"}, "$.eventDate"), ("a long reason", e.EVENTS, e.event(1, attendanceEventReason="x" * 256), "$.attendanceEventReason"),
            ("no key", e.EVENTS, {}, "$.eventDate")):
        p = e.problem(what, edfi("POST", resource, body), 400, "bad-request:data-validation-failed")
        if not p["validationErrors"] or where and where not in p["validationErrors"]:
            e.fail(f"{what}: {where} is not said: {p['validationErrors']}")
        watch.check(what)
    for method, path, status in (("POST", "unicorns", 404), ("GET", "unicorns", 404), ("POST", "/data/v3/tpdm/students", 404), ("PUT", "students", 405),
                                 ("POST", "students/" + "0" * 32, 405)):
        e.expect(f"{method} {path}", status, edfi(method, path, row).status)
        watch.check(f"{method} {path}")


def credentials(watch):
    for what, headers, status in (("no token", {}, 401), ("a made-up token", {"Authorization": "Bearer " + "A" * 43}, 401),
                                  ("a very long token", {"Authorization": "Bearer " + "A" * 8000}, 401), ("no scheme", {"Authorization": "A" * 43}, 401)):
        answer = e.request("POST", "/data/v3/ed-fi/students", json.dumps(e.student(900)), {"Content-Type": "application/json", **headers})
        e.problem(what, answer, status, "security:authentication")
        watch.check(what)
    for what, answer in (("wrong client", e.token_request(e.GRANT, e.basic("nobody", e.SECRET))), ("wrong secret", e.token_request(e.GRANT, e.basic(e.CLIENT, "x" * 43))),
                         ("a very long secret", e.token_request(e.GRANT, e.basic(e.CLIENT, "x" * 9000))), ("NUL in the client", e.token_request(e.GRANT, e.basic(e.CLIENT + "\0", e.SECRET)))):
        e.expect(what, (401, "invalid_client"), (answer.status, answer.json()["error"]))
        watch.check(what)


def rubbish_on_the_bus(watch):
    """The native door with bytes that are no ZeroMQ, and with a greeting without CURVE."""
    plain = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + b"\x00" + bytes(31)
    for what, data in (("HTTP on the bus", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ("a greeting without CURVE", plain), ("zeroes on the bus", bytes(10000))):
        with socket.create_connection((HOST, int(os.environ["INGEST_BUS"])), 5) as s:
            s.settimeout(0.5)
            try:
                s.sendall(data)
                while s.recv(4096):
                    pass
            except (TimeoutError, ConnectionError):
                pass
        watch.check(what)


def main():
    edfi = e.Session()
    e.post(edfi, "schools", e.school())
    e.post(edfi, "sessions", e.session())
    for number in range(1, 4):
        e.post(edfi, "students", e.student(number))
    e.post(edfi, e.EVENTS, e.event(1))
    watch = Watch()
    credentials(watch)
    documents(edfi, watch)
    framing(edfi.token, watch)
    slow(edfi.token, watch)
    rubbish_on_the_bus(watch)
    # exactly 1 MiB is not too much
    row = json.dumps(e.student(3)).encode()
    e.expect("a body of 1 MiB", 200, edfi("POST", "students", row + b" " * (BODY_MAX - len(row))).status)
    watch.check("a body of 1 MiB")
    print(f"{watch.n} broken requests: each refused, none stored, the same process answers")


if __name__ == "__main__":
    main()
