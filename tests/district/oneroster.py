#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A OneRoster package of a synthetic district, deterministic, for tests and benches.

    oneroster.py --out FILE.zip [--students N] [--schools N] [--version 1.1|1.2] [--drop N]

Each student sits in 8 classes of 25 (two of them half-year); one teacher a class, a second one in every fifth. --drop leaves the last N
students out, as an export that broke off does.
"""
import argparse
import csv
import io
import sys
import zipfile

GIVEN = "Ana Ben Cleo Dwight Eve Finn Gia Hugo Ida Jon Kai Lea Mia Noah Ola Pia Quin Rosa Sam Tia".split()
FAMILY = "Abel Brook Cruz Dahl Ekman Frost Gray Holt Ibsen Jansen Kern Lund Moor Nash Orr Pratt Quist Rhee Stone Thorn".split()
HEAD = ["sourcedId", "status", "dateLastModified"]
KNOWN = "academicSessions categories classResources classes courseResources courses demographics enrollments lineItems orgs resources results users".split()
KNOWN_12 = KNOWN + "roles userProfiles userResources scoreScales lineItemScoreScales resultScoreScales lineItemLearningObjectiveIds resultLearningObjectiveIds".split()


def tables(args):
    """Yields (file, header, rows)."""
    schools = [f"SCH{i:03}" for i in range(args.schools)]
    yield "orgs", ["name", "type", "identifier", "parentSourcedId"], (
        [["DIST", "", "", "Synthetic District", "district", "900000", ""]] +
        [[s, "", "", f"School {i}", "school", str(900001 + i), "DIST"] for i, s in enumerate(schools)])
    yield "academicSessions", ["title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"], [
        ["SY27", "", "", "2026-2027", "schoolYear", "2026-08-17", "2027-06-04", "", "2027"],
        ["FALL", "", "", "Fall Semester", "semester", "2026-08-17", "2026-12-18", "SY27", "2027"],
        ["SPRING", "", "", "Spring Semester", "semester", "2027-01-04", "2027-06-04", "SY27", "2027"]]
    subjects = ["Mathematics", "English", "Science", "History", "Arts", "Sports", "Languages", "Advisory"]
    yield "courses", ["schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"], [
        [f"C-{s}-{k}", "", "", "SY27", subjects[k], f"{subjects[k][:3].upper()}{k}", "", s, "", ""] for s in schools for k in range(8)]

    count = args.students - args.drop
    size = -(-args.students // args.schools)
    classes, enrollments, students, teachers = [], [], [], []
    for si, s in enumerate(schools):
        members = range(si * size, min((si + 1) * size, args.students))
        rooms = max(1, -(-len(members) // 25))
        for k in range(8):
            for room in range(rooms):
                cid = f"CL-{s}-{k}-{room}"
                kind = "homeroom" if k == 7 else "scheduled"
                term = "FALL" if k == 5 else "SPRING" if k == 6 else "SY27"
                classes.append([cid, "", "", f"{subjects[k]} {room + 1}", "", f"C-{s}-{k}", f"{k}-{room}", kind, "", s, term, "", "", ""])
                teacher = f"T-{s}-{k}-{room % max(1, rooms // 5 + 1)}"
                if not teachers or teacher not in seen:
                    seen = {teacher} if not teachers else seen | {teacher}
                    teachers.append((teacher, s))
                enrollments.append([f"E-{cid}-t", "", "", cid, s, teacher, "teacher", "true", "", ""])
                if room % 5 == 4:
                    enrollments.append([f"E-{cid}-u", "", "", cid, s, f"T-{s}-{(k + 1) % 8}-0", "teacher", "false", "", ""])
        for n, i in enumerate(members):
            if i >= count:
                continue
            students.append((f"S{i:06}", s, i))
            for k in range(8):
                cid = f"CL-{s}-{k}-{(n + k * 7) % rooms}"
                enrollments.append([f"E{i:06}-{k}", "", "", cid, s, f"S{i:06}", "student", "", "", ""])

    def name(i):
        return [GIVEN[i % 20], FAMILY[i // 20 % 20]]
    people = [(u, s, "teacher", i) for i, (u, s) in enumerate(teachers)] + [(u, s, "student", i) for u, s, i in students]
    if args.version == "1.1":
        yield "users", ["enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
                        "sms", "phone", "agentSourcedIds", "grades", "password"], [
            [u, "", "", "true", s, role, u.lower(), ""] + name(i) + ["", u, f"{u.lower()}@example.org" if role == "teacher" else "", "", "", "",
             f"{9 + i % 4:02}" if role == "student" else "", ""] for u, s, role, i in people]
    else:
        yield "users", ["enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone",
                        "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
                        "preferredFamilyName", "primaryOrgSourcedId", "pronouns"], [
            [u, "", "", "true", u.lower(), ""] + name(i) + ["", u, f"{u.lower()}@example.org" if role == "teacher" else "", "", "", "",
             f"{9 + i % 4:02}" if role == "student" else "", "", "", "", "", "", s, ""] for u, s, role, i in people]
        yield "roles", ["userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"], [
            [f"R-{u}", "", "", u, "primary", role, "", "", s, ""] for u, s, role, i in people]
    yield "classes", ["title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId", "termSourcedIds", "subjects",
                      "subjectCodes", "periods"], classes
    yield "enrollments", ["classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"], enrollments


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--students", type=int, default=1000)
    p.add_argument("--schools", type=int, default=0, help="0 = one for each 500 students")
    p.add_argument("--version", choices=["1.1", "1.2"], default="1.1")
    p.add_argument("--drop", type=int, default=0)
    args = p.parse_args()
    args.schools = args.schools or max(1, args.students // 500)
    with zipfile.ZipFile(args.out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
        made = set()
        for name, header, rows in tables(args):
            made.add(name)
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(HEAD + header)
            writer.writerows(rows)
            z.writestr(f"{name}.csv", out.getvalue())
            print(f"{name}: {len(rows)}", file=sys.stderr)
        manifest = [["propertyName", "value"], ["manifest.version", "1.0"], ["oneroster.version", args.version]]
        manifest += [[f"file.{f}", "bulk" if f in made else "absent"] for f in (KNOWN if args.version == "1.1" else KNOWN_12)]
        manifest += [["source.systemName", "Synthetic"]]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(manifest)
        z.writestr("manifest.csv", out.getvalue())


if __name__ == "__main__":
    main()
