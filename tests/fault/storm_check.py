#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what two systems ended with, one stormed and one left alone, against what was sent and acknowledged. See storm_test.sh.

Usage: storm_check.py INPUT STORMED ALONE

Prints one line of JSON with what was counted; says on standard error which invariant does not hold, and then ends with status 1.
"""
import collections
import glob
import json
import os
import sys

given, stormed, alone = sys.argv[1:4]
limit_ms = int(os.environ.get("KITH_STORM_LIMIT_MS", 5000))
faults = []


def lines(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as f:
        return f.read().splitlines()


def hold(invariant, ok, sentence):
    if not ok:
        faults.append(f"{invariant}: {sentence}")


def repeated(rows):
    return [row for row, n in collections.Counter(rows).items() if n > 1]


def some(rows):
    return ", ".join(map(str, sorted(rows)[:3]))


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def marks(payload):
    """Natural keys of an AttendanceRecordedList: student, place, session, category, day, section; all its fields are varints."""
    at = 0
    while at < len(payload):
        hold("I2", payload[at] == 0x0A, "a log record is no AttendanceRecordedList")
        n, at = varint(payload, at + 1)
        end, field = at + n, {}
        while at < end:
            tag, at = varint(payload, at)
            field[tag >> 3], at = varint(payload, at)
        day = field.get(7, 0)
        yield field.get(1, 0), field.get(3, 0), field.get(4, 0), field.get(5, 0), (day >> 1) ^ -(day & 1), field.get(8, 0)


# I1, I3: acknowledged is in stored, stored is in sent
sent = set(lines(given, "sent"))
stored = lines(stormed, "stored")
native = lines(given, "native.tsv")
acked = []
for number in lines(stormed, "acked"):
    student, school, _, _, day, category = native[int(number)].split("\t")
    acked.append((student, school, day, category))
keys = {tuple(line.split(" ", 3)) for line in lines(stormed, "stored.days")}
hold("I1", not (missing := set(acked) - keys), f"{len(missing)} acknowledged events are not stored: {some(missing)}")
hold("I1", len(acked) == len(native), f"{len(native) - len(acked)} events of the native door were never acknowledged")
hold("I1", not (missing := sent - set(stored)), f"{len(missing)} events are not stored at the end: {some(missing)}")
hold("I3", not (extra := set(stored) - sent), f"{len(extra)} stored events were never sent: {some(extra)}")

# I2: one row and one log record for each natural key; one alert for an episode; one inbox row for an alert
hold("I2", not (twice := repeated(stored)), f"{len(twice)} events are stored twice: {some(twice)}")
logged = []
for line in lines(stormed, "recorded"):
    count, payload = line.split(" ")
    records = list(marks(bytes.fromhex(payload)))
    hold("I2", len(records) == int(count), f"a log record says {count} and holds {len(records)}")
    logged += records
hold("I2", not (twice := repeated(logged)), f"{len(twice)} natural keys are in ingest's log twice: {some(twice)}")
rows = {tuple(map(int, line.split())) for line in lines(stormed, "stored.keys")}
hold("I2", set(logged) == rows, f"log and table differ in {len(set(logged) ^ rows)} natural keys")
alerts, inbox = lines(stormed, "alerts"), lines(stormed, "inbox")
hold("I2", not (twice := repeated(line.split("|")[0] for line in alerts)), f"two alerts of one episode: {some(twice)}")
hold("I2", not (twice := repeated(inbox)), f"two inbox rows of one alert: {some(twice)}")

# I4: as without faults, and as computed from the input alone
for name in ("flags", "alerts", "inbox"):
    one, other = set(lines(stormed, name)), set(lines(alone, name))
    hold("I4", one == other, f"{name} differ from those without faults: only here {some(one - other)}; only there {some(other - one)}")
expected = set(lines(given, "flags"))
for folder in (stormed, alone):
    open_flags = set(lines(folder, "flags"))
    hold("I4", open_flags == expected, f"flags differ from the computed ones: too many {some(open_flags - expected)}; missing {some(expected - open_flags)}")

# I5: the observer saw every record of the log up to where it read, in order
seen = list(map(int, lines(stormed, "seen")))
log = [int(line.split()[1]) for line in lines(stormed, "epochs") if line.startswith("ingest ")]
passed = [pos for pos in log if seen and pos <= seen[-1]]
hold("I5", seen == sorted(set(seen)), "positions did not rise for the observer")
hold("I5", not (holes := set(passed) - set(seen)), f"{len(holes)} records appeared at positions that the observer had passed: {some(holes)}")
hold("I5", set(seen) <= set(log), "the observer saw records that are not in the log")
hold("I5", len(seen) > len(log) // 2, f"the observer saw {len(seen)} of {len(log)} records only: too few to say anything")

# I6: along pos, epoch never falls
highest = {}
owners = collections.defaultdict(set)
for line in lines(stormed, "epochs"):
    schema, pos, epoch = line.split()
    hold("I6", int(epoch) >= highest.get(schema, 0), f"in {schema}.log the epoch falls at position {pos}")
    highest[schema] = int(epoch)
    owners[schema].add(epoch)

# I9: one Message-ID for a mail and its copies; no more copies than crashes in its dialogue explain
mails = {}
for line in lines(stormed, "mails"):
    mail_id, state, cut_off = line.split()
    mails[mail_id] = int(cut_off)
    hold("I9", state == "accepted", f"mail {mail_id} ended as {state}")
copies = collections.Counter()
for path in glob.glob(f"{stormed}/mail/*.eml"):
    with open(path, encoding="utf-8") as f:
        ids = [line.split("<")[1].split("@")[0] for line in f if line.lower().startswith("message-id:")]
    hold("I9", len(ids) == 1, f"{path} has {len(ids)} Message-IDs")
    copies.update(ids)
hold("I9", set(copies) == set(mails), f"mails that were recorded and mails that arrived differ: {some(set(copies) ^ set(mails))}")
for mail_id, n in copies.items():
    hold("I9", n <= 1 + mails.get(mail_id, 0), f"mail {mail_id} came {n} times with {mails.get(mail_id, 0)} crashes in its dialogue")
for line in lines(stormed, "deliveries"):
    hold("I9", line.startswith("mailed 1 "), f"a delivery ended as {line}")

client = json.loads(lines(stormed, "client.json")[0])
report = json.loads(lines(stormed, "report.json")[0])
hold("I1", client["lost"] == 0, f"{client['lost']} events were acknowledged and new when they came again")
hold("I7", client["longest_gap_ms"] <= limit_ms, f"no acknowledgement for {client['longest_gap_ms']} ms")
hold("I7", report["settled_ms"] <= limit_ms, f"after the last fault it took {report['settled_ms']} ms until all was acknowledged and read")
report.update(events=len(sent), acked_native=len(acked), acked_http=len(sent) - len(acked), stored=len(stored), lost=client["lost"],
              batches=client["batches"], resends=client["resends"], repeated=client["repeated"], told_to_wait=client["told_to_wait"],
              longest_ack_gap_ms=client["longest_gap_ms"], log_records=len(log), observed=len(seen),
              epochs={schema: len(set_) for schema, set_ in sorted(owners.items())}, flags=len(expected), alerts=len(alerts), inbox=len(inbox),
              mails=len(mails), mail_copies=sum(copies.values()), violations=len(faults))
print(json.dumps(report))
for fault in faults[:20]:
    print(f"storm_check.py: {fault}", file=sys.stderr)
sys.exit(1 if faults else 0)
