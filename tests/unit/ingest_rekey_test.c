/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/rekey: what follows a changed natural key, against a naive model: documents are written from names; after a change they must be
 * what is written from the changed names. And the table of resources, which the order of the cascade rests on. */
#include "ingest/rekey.h"

#include "kith_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"

/* ---- the model: what things are called ---- */

struct world {
    long school;
    long year;
    char session[2][16];
    char course[16];
    char section[16];
    char period[2][16];
    char entry[16]; /* studentSchoolAssociation */
    char begin[16]; /* studentSectionAssociation */
    char book[16];  /* gradebookEntry */
    char grade[16]; /* gradingPeriod; its key cannot be changed */
};

enum { DOCS = 16, TEXT = 4096 };
struct written {
    const char *resource;
    char json[TEXT];
};

#define SESSION          "\"schoolId\":%ld,\"schoolYear\":%ld,\"sessionName\":\"%s\""
#define OFFERING         "\"localCourseCode\":\"%s\"," SESSION
#define SECTION          OFFERING ",\"sectionIdentifier\":\"%s\""
#define SESSION_OF(w, n) (w)->school, (w)->year, (w)->session[n]
#define SECTION_OF(w)    (w)->course, SESSION_OF(w, 0), (w)->section
#define D(kind)          "uri://ed-fi.org/" kind "Descriptor#X"

static void add(struct written *out, size_t *n, const char *resource, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void add(struct written *out, size_t *n, const char *resource, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    assert_true(*n < DOCS);
    out[*n].resource = resource;
    int size = vsnprintf(out[*n].json, TEXT, format, args);
    va_end(args);
    assert_true(size > 0 && size < TEXT);
    (*n)++;
}

static void write_places(const struct world *w, struct written *out, size_t *n)
{
    add(out, n, "classPeriods",
        "{\"classPeriodName\":\"%s\",\"schoolReference\":{\"schoolId\":%ld}}", w->period[0],
        w->school);
    add(out, n, "sessions",
        "{\"sessionName\":\"%s\",\"schoolReference\":{\"schoolId\":%ld},"
        "\"schoolYearTypeReference\":"
        "{\"schoolYear\":%ld},\"beginDate\":\"2026-08-17\",\"endDate\":\"2026-12-18\","
        "\"termDescriptor\":\"" D("Term") "\",\"totalInstructionalDays\":80}",
        w->session[0], w->school, w->year);
    add(out, n, "courseOfferings",
        "{\"localCourseCode\":\"%s\",\"schoolReference\":{\"schoolId\":%ld},\"sessionReference\":"
        "{" SESSION "},\"courseReference\":{\"courseCode\":\"C\",\"educationOrganizationId\":%ld}}",
        w->course, w->school, SESSION_OF(w, 0), w->school);
    add(out, n, "sections",
        "{\"sectionIdentifier\":\"%s\",\"courseOfferingReference\":{" OFFERING
        "},\"classPeriods\":[{\"classPeriodReference\":{\"classPeriodName\":\"%s\",\"schoolId\":%"
        "ld}},"
        "{\"classPeriodReference\":{\"classPeriodName\":\"%s\",\"schoolId\":%ld}}]}",
        w->section, w->course, SESSION_OF(w, 0), w->period[0], w->school, w->period[1], w->school);
    add(out, n, "bellSchedules",
        "{\"bellScheduleName\":\"B\",\"schoolReference\":{\"schoolId\":%ld},\"classPeriods\":[{"
        "\"classPeriodReference\":{\"classPeriodName\":\"%s\",\"schoolId\":%ld}}]}",
        w->school, w->period[0], w->school);
    add(out, n, "surveys",
        "{\"namespace\":\"n\",\"surveyIdentifier\":\"s\",\"surveyTitle\":\"t\","
        "\"schoolYearTypeReference\":{"
        "\"schoolYear\":2027},\"sessionReference\":{" SESSION "}}",
        SESSION_OF(w, 0));
}

static void write_people(const struct world *w, struct written *out, size_t *n)
{
    add(out, n, "studentSchoolAssociations",
        "{\"entryDate\":\"%s\",\"schoolReference\":{\"schoolId\":7},\"studentReference\":{"
        "\"studentUniqueId\":\"S\"},\"entryGradeLevelDescriptor\":\"" D("GradeLevel") "\"}",
        w->entry);
    add(out, n, "studentSectionAssociations",
        "{\"beginDate\":\"%s\",\"sectionReference\":{" SECTION "},\"studentReference\":{"
        "\"studentUniqueId\":\"S\"}}",
        w->begin, SECTION_OF(w));
    add(out, n, "staffSectionAssociations",
        "{\"beginDate\":\"2026-08-17\",\"sectionReference\":{" SECTION "},\"staffReference\":{"
        "\"staffUniqueId\":\"T\"},\"classroomPositionDescriptor\":\"" D("ClassroomPosition") "\"}",
        SECTION_OF(w));
    add(out, n, "sectionAttendanceTakenEvents",
        "{\"eventDate\":\"2026-09-01\",\"sectionReference\":{" SECTION
        "},\"calendarDateReference\":{"
        "\"calendarCode\":\"K\",\"date\":\"2026-09-01\",\"schoolId\":%ld,\"schoolYear\":%ld}}",
        SECTION_OF(w), w->school, w->year);
    add(out, n, "courseTranscripts",
        "{\"courseAttemptResultDescriptor\":\"" D(
            "CourseAttemptResult") "\",\"courseReference\":{"
                                   "\"courseCode\":\"C\",\"educationOrganizationId\":7},"
                                   "\"studentAcademicRecordReference\":{"
                                   "\"educationOrganizationId\":7,\"schoolYear\":2027,"
                                   "\"studentUniqueId\":\"S\",\"termDescriptor\":\"" D(
                                       "Term") "\"},\"sections\":[{\"sectionReference\":{" SECTION
                                               "}}]}",
        SECTION_OF(w));
}

static void write_grades(const struct world *w, struct written *out, size_t *n)
{
    add(out, n, "gradebookEntries",
        "{\"gradebookEntryIdentifier\":\"%s\",\"namespace\":\"n\",\"dateAssigned\":\"2026-09-01\","
        "\"sourceSectionIdentifier\":\"x\",\"title\":\"t\",\"maxPoints\":2.5,\"sectionReference\":"
        "{" SECTION "}}",
        w->book, SECTION_OF(w));
    add(out, n, "grades",
        "{\"gradeTypeDescriptor\":\"" D(
            "GradeType") "\",\"gradingPeriodReference\":{"
                         "\"gradingPeriodDescriptor\":\"" D(
                             "GradingPeriod") "\",\"gradingPeriodName\":\"%s\",\"schoolId\":%ld,"
                                              "\"schoolYear\":2027},"
                                              "\"studentSectionAssociationReference\":{"
                                              "\"beginDate\":\"%s\"," SECTION
                                              ",\"studentUniqueId\":\"S\"},\"numericGradeEarned\":"
                                              "88.25}",
        w->grade, w->school, w->begin, SECTION_OF(w));
    add(out, n, "studentGradebookEntries",
        "{\"gradebookEntryReference\":{\"gradebookEntryIdentifier\":\"%s\",\"namespace\":\"n\"},"
        "\"studentReference\":{\"studentUniqueId\":\"S\"},\"pointsEarned\":2}",
        w->book);
    /* refers to nothing of this */
    add(out, n, "sessions",
        "{\"sessionName\":\"%s\",\"schoolReference\":{\"schoolId\":%ld},"
        "\"schoolYearTypeReference\":"
        "{\"schoolYear\":%ld},\"beginDate\":\"2026-08-17\",\"endDate\":\"2026-12-18\","
        "\"termDescriptor\":\"" D("Term") "\",\"totalInstructionalDays\":80}",
        w->session[1], 9L, 2027L);
}

static size_t write_all(const struct world *w, struct written *out)
{
    size_t n = 0;
    write_places(w, out, &n);
    write_people(w, out, &n);
    write_grades(w, out, &n);
    return n;
}

/* ---- the cascade, in memory ---- */

struct moved {
    const struct ingest_resource *resource;
    struct kith_id key;
    struct ingest_rekey_values values;
};
struct cascade {
    size_t n;
    struct moved moved[DOCS];
};

static const struct ingest_rekey_values *find(void *ctx, const struct ingest_resource *r,
                                              const struct kith_id *key)
{
    struct cascade *c = ctx;
    for (size_t i = 0; i < c->n; i++)
        if (c->moved[i].resource == r && memcmp(&c->moved[i].key, key, sizeof(*key)) == 0)
            return &c->moved[i].values;
    return NULL;
}

static struct ingest_doc *parse(const struct written *w)
{
    struct ingest_doc *doc = NULL;
    struct ingest_problems problems = {0};
    struct kith_why why = {""};
    if (ingest_doc_parse(ingest_resource_find(w->resource), w->json, strlen(w->json), &doc,
                         &problems) != KITH_OK) {
        ingest_problems_why(&problems, &why);
        fail_msg("%s: %s", w->resource, why.text);
    }
    return doc;
}

static void note_moved(struct cascade *c, const struct ingest_doc *was, const json_t *is)
{
    struct kith_id now;
    assert_ok(ingest_doc_key(was->resource, is, &now));
    if (memcmp(&now, &was->key, sizeof(now)) == 0)
        return;
    struct moved *m = &c->moved[c->n];
    *m = (struct moved){.resource = was->resource, .key = was->key};
    assert_ok(ingest_rekey_values(was->resource, is, &m->values));
    c->n++;
}

/* Document `root` becomes what it is in `after`; the others must follow. */
static void check(const struct world *before, const struct world *after, size_t root)
{
    static struct written was[DOCS];
    static struct written is[DOCS];
    struct cascade c = {0};
    size_t n = write_all(before, was);
    assert_int_equal(write_all(after, is), n);
    for (size_t i = 0; i < n; i++) {
        kith_auto(ingest_doc) old = parse(&was[i]);
        kith_auto(ingest_doc) wanted = parse(&is[i]);
        json_t *body = json_loads(i == root ? wanted->body : old->body, 0, NULL);
        struct ingest_rekeyed done = {0};
        if (i != root)
            assert_ok(ingest_rekey_body(old->resource, body, find, &c, &done));
        char *text = ingest_canon_dump(body);
        assert_string_equal(text, wanted->body);
        assert_int_equal(i != root && done.changed,
                         i != root && strcmp(old->body, wanted->body) != 0);
        note_moved(&c, old, body);
        free(text);
        json_decref(body);
    }
    for (size_t i = 0; i < c.n; i++)
        free(c.moved[i].values.text);
}

static struct world plain(void)
{
    return (struct world){.school = 7,
                          .year = 2027,
                          .session = {"Fall", "Other"},
                          .course = "ALG",
                          .section = "1",
                          .period = {"P1", "P2"},
                          .entry = "2026-08-17",
                          .begin = "2026-08-18",
                          .book = "e",
                          .grade = "Q1"};
}

/* Positions in write_all. */
enum { PERIOD, SESSION_DOC, OFFERING_DOC, SECTION_DOC, ENROLLMENT = 6, MEMBERSHIP = 7, BOOK = 11 };

static void random_text(uint64_t *seed, char ret[16])
{
    (void)snprintf(ret, 16, "%c\\u00e9%u", (char)('a' + test_random(seed) % 26),
                   (unsigned)(test_random(seed) % 1000));
}

static void everything_follows(void **state)
{
    (void)state;
    uint64_t seed = 20261126;
    struct world now = plain();
    for (int step = 0; step < 600; step++) {
        struct world next = now;
        size_t root = 0;
        switch (test_random(&seed) % 6) {
        case 0:
            random_text(&seed, next.period[0]);
            root = PERIOD;
            break;
        case 1:
            random_text(&seed, next.session[0]);
            root = SESSION_DOC;
            break;
        case 2:
            random_text(&seed, next.section);
            root = SECTION_DOC;
            break;
        case 3:
            (void)snprintf(next.entry, sizeof(next.entry), "2026-08-%02u",
                           (unsigned)(test_random(&seed) % 28 + 1));
            root = ENROLLMENT;
            break;
        case 4:
            (void)snprintf(next.begin, sizeof(next.begin), "2026-09-%02u",
                           (unsigned)(test_random(&seed) % 28 + 1));
            root = MEMBERSHIP;
            break;
        default:
            random_text(&seed, next.book);
            root = BOOK;
            break;
        }
        check(&now, &next, root);
        now = next;
    }
}

/* A part of the key that stands in a second reference follows there too, and that is said. */
static void other_places_of_a_part_follow(void **state)
{
    (void)state;
    struct world w = plain();
    static struct written docs[DOCS];
    struct cascade c = {0};
    size_t n = write_all(&w, docs);
    kith_auto(ingest_doc) session = parse(&docs[SESSION_DOC]);
    json_t *moved = json_loads(session->body, 0, NULL);
    json_object_set_new(json_object_get(moved, "schoolReference"), "schoolId", json_integer(8));
    note_moved(&c, session, moved);
    assert_true(n > OFFERING_DOC);
    kith_auto(ingest_doc) offering = parse(&docs[OFFERING_DOC]);
    json_t *body = json_loads(offering->body, 0, NULL);
    struct ingest_rekeyed done = {0};
    assert_ok(ingest_rekey_body(offering->resource, body, find, &c, &done));
    assert_true(done.changed && done.others);
    char buf[24];
    assert_string_equal(ingest_canon_text(body, "schoolReference.schoolId", buf), "8");
    assert_string_equal(ingest_canon_text(body, "sessionReference.schoolId", buf), "8");
    assert_string_equal(ingest_canon_text(body, "courseReference.educationOrganizationId", buf),
                        "7");
    free(c.moved[0].values.text);
    json_decref(moved);
    json_decref(body);
}

/* ---- the table ---- */

static size_t position(const char *name)
{
    size_t i = 0;
    while (strcmp(ingest_resource_at(i)->name, name) != 0)
        i++;
    return i;
}

static void check_order(const struct ingest_resource *r, const struct ingest_field *fields,
                        const bool *reached, bool *refers)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        if (f->type == INGEST_LIST || f->type == INGEST_OBJECT)
            check_order(r, f->fields, reached, refers);
        for (size_t t = 0; f->type == INGEST_REFERENCE && t < INGEST_TARGETS_MAX; t++) {
            const char *target = f->reference->targets[t].resource;
            if (!target || !reached[position(target)])
                continue;
            assert_true(position(target) < position(r->name));
            *refers = *refers || f->key;
        }
    }
}

/* What refers to a key that may change comes later in the table, so each document is rewritten once. */
static void referrers_come_later(void **state)
{
    (void)state;
    static bool reached[512];
    size_t n = ingest_resource_count();
    size_t rekeyable = 0;
    assert_true(n <= KITH_LEN(reached));
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < n; i++) {
            const struct ingest_resource *r = ingest_resource_at(i);
            bool refers = false;
            check_order(r, r->fields, reached, &refers);
            reached[i] = reached[i] || r->rekeyable || refers;
            rekeyable += round == 0 && r->rekeyable;
            if (r->attendance != INGEST_ATTENDANCE_NONE)
                assert_false(r->rekeyable);
        }
    assert_int_equal(rekeyable, 7);
    assert_true(reached[position("courseOfferings")] && reached[position("grades")]);
    assert_false(reached[position("students")] || reached[position("surveys")]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_follows),
        cmocka_unit_test(other_places_of_a_part_follow),
        cmocka_unit_test(referrers_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
