/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/roster: what a small package makes, document by document; every finding by file, line and column; deltas against a naive model. */
#include "ingest_roster_packages.h"

#define ONE(p) (const struct pkg *const[]){p}, 1

/* ---- documents ---- */

struct body {
    const char *resource;
    size_t i;
    uint64_t line;
    const char *text;
};

static void assert_bodies(const struct made *m, const struct body *b)
{
    for (; b->resource; b++) {
        const struct ingest_emitted *e = made_of(m, b->resource, b->i);
        assert_string_equal(e->doc->body, b->text);
        assert_int_equal(e->line, b->line);
    }
}

struct count {
    const char *resource;
    size_t n;
};

static void assert_counts(const struct made *m, const struct count *c)
{
    size_t all = 0;
    for (; c->resource; c++) {
        if (made_count(m, c->resource) != c->n)
            fail_msg("%zu %s", made_count(m, c->resource), c->resource);
        all += c->n;
    }
    assert_int_equal(m->n, all);
}

static const struct count counts_11[] = {{"localEducationAgencies", 1},
                                         {"schools", 1},
                                         {"students", 3},
                                         {"contacts", 1},
                                         {"staffs", 3},
                                         {"sessions", 2},
                                         {"courses", 2},
                                         {"cohorts", 1},
                                         {"courseOfferings", 3},
                                         {"sections", 3},
                                         {"studentSchoolAssociations", 3},
                                         {"staffEducationOrganizationAssignmentAssociations", 4},
                                         {"staffSchoolAssociations", 3},
                                         {"studentContactAssociations", 1},
                                         {"studentSectionAssociations", 5},
                                         {"staffSectionAssociations", 5},
                                         {"studentCohortAssociations", 1},
                                         {"staffCohortAssociations", 1},
                                         {"gradebookEntries", 1},
                                         {"studentGradebookEntries", 2},
                                         {0}};

static const struct body bodies_11[] = {
    {"schools", 0, 3,
     "{\"educationOrganizationCategories\":[{\"educationOrganizationCategoryDescriptor\":"
     "\"uri://ed-fi.org/"
     "EducationOrganizationCategoryDescriptor#School\"}],\"gradeLevels\":[{"
     "\"gradeLevelDescriptor\":"
     "\"uri://ed-fi.org/"
     "GradeLevelDescriptor#Ungraded\"}],\"localEducationAgencyReference\":{"
     "\"localEducationAgencyId\":100},"
     "\"nameOfInstitution\":\"Lincoln\",\"schoolId\":200}"},
    {"students", 0, 2,
     "{\"birthDate\":\"2012-03-04\",\"birthSexDescriptor\":\"uri://ed-fi.org/"
     "SexDescriptor#Female\",\"firstName\":\"Ann\","
     "\"lastSurname\":\"Onym\",\"studentUniqueId\":\"1001\"}"},
    {"students", 2, 4,
     "{\"firstName\":\"Cy\",\"lastSurname\":\"Pher\",\"studentUniqueId\":"
     "\"123e4567e89b12d3a456426614174000\"}"},
    {"contacts", 0, 5,
     "{\"contactUniqueId\":\"g1\",\"electronicMails\":[{\"electronicMailAddress\":\"gil@example."
     "org\","
     "\"electronicMailTypeDescriptor\":\"uri://ed-fi.org/"
     "ElectronicMailTypeDescriptor#Work\"}],\"firstName\":\"Gil\","
     "\"lastSurname\":\"Onym\"}"},
    {"sessions", 0, 3,
     "{\"beginDate\":\"2026-08-24\",\"endDate\":\"2026-12-18\",\"schoolReference\":{\"schoolId\":"
     "200},"
     "\"schoolYearTypeReference\":{\"schoolYear\":2027},\"sessionName\":\"Fall\","
     "\"termDescriptor\":"
     "\"uri://ed-fi.org/TermDescriptor#Semester\",\"totalInstructionalDays\":85}"},
    {"courseOfferings", 1, 2,
     "{\"courseReference\":{\"courseCode\":\"ALG\",\"educationOrganizationId\":200},"
     "\"localCourseCode\":\"ALG\","
     "\"schoolReference\":{\"schoolId\":200},\"sessionReference\":{\"schoolId\":200,\"schoolYear\":"
     "2027,"
     "\"sessionName\":\"Spring\"}}"},
    {"sections", 1, 2,
     "{\"courseOfferingReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":200,\"schoolYear\":"
     "2027,\"sessionName\":"
     "\"Spring\"},\"sectionIdentifier\":\"k1\",\"sectionName\":\"Algebra 1\"}"},
    {"studentSchoolAssociations", 1, 3,
     "{\"entryDate\":\"2026-08-24\",\"entryGradeLevelDescriptor\":\"uri://ed-fi.org/"
     "GradeLevelDescriptor#Tenth grade\","
     "\"schoolReference\":{\"schoolId\":200},\"schoolYearTypeReference\":{\"schoolYear\":2027},"
     "\"studentReference\":"
     "{\"studentUniqueId\":\"1002\"}}"},
    /* the district's administrator, at the district too */
    {"staffEducationOrganizationAssignmentAssociations", 3, 8,
     "{\"beginDate\":\"2026-08-24\",\"educationOrganizationReference\":{"
     "\"educationOrganizationId\":100},"
     "\"staffClassificationDescriptor\":\"uri://ed-fi.org/StaffClassificationDescriptor#School "
     "Administrator\","
     "\"staffReference\":{\"staffUniqueId\":\"2003\"}}"},
    /* an enrollment of the year's beginning in the spring term: from there */
    {"studentSectionAssociations", 0, 2,
     "{\"beginDate\":\"2026-08-25\",\"sectionReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":"
     "200,\"schoolYear\":2027,"
     "\"sectionIdentifier\":\"k1\",\"sessionName\":\"Fall\"},\"studentReference\":{"
     "\"studentUniqueId\":\"1001\"}}"},
    {"studentSectionAssociations", 1, 2,
     "{\"beginDate\":\"2027-01-04\",\"sectionReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":"
     "200,\"schoolYear\":2027,"
     "\"sectionIdentifier\":\"k1\",\"sessionName\":\"Spring\"},\"studentReference\":{"
     "\"studentUniqueId\":\"1001\"}}"},
    {"staffSectionAssociations", 0, 4,
     "{\"beginDate\":\"2026-08-24\",\"classroomPositionDescriptor\":\"uri://ed-fi.org/"
     "ClassroomPositionDescriptor#Teacher of "
     "Record\",\"sectionReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":200,\"schoolYear\":"
     "2027,\"sectionIdentifier\":"
     "\"k1\",\"sessionName\":\"Fall\"},\"staffReference\":{\"staffUniqueId\":\"2001\"}}"},
    {"staffSectionAssociations", 2, 5,
     "{\"beginDate\":\"2026-08-24\",\"classroomPositionDescriptor\":\"uri://ed-fi.org/"
     "ClassroomPositionDescriptor#Assistant "
     "Teacher\",\"sectionReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":200,\"schoolYear\":"
     "2027,"
     "\"sectionIdentifier\":\"k1\",\"sessionName\":\"Fall\"},\"staffReference\":{\"staffUniqueId\":"
     "\"2002\"}}"},
    {"cohorts", 0, 3,
     "{\"cohortDescription\":\"Homeroom 9\",\"cohortIdentifier\":\"h1\",\"cohortTypeDescriptor\":"
     "\"uri://ed-fi.org/"
     "CohortTypeDescriptor#Homeroom\",\"educationOrganizationReference\":{"
     "\"educationOrganizationId\":200}}"},
    {"studentCohortAssociations", 0, 6,
     "{\"beginDate\":\"2026-08-24\",\"cohortReference\":{\"cohortIdentifier\":\"h1\","
     "\"educationOrganizationId\":200},"
     "\"studentReference\":{\"studentUniqueId\":\"1001\"}}"},
    {"studentGradebookEntries", 1, 3,
     "{\"gradebookEntryReference\":{\"gradebookEntryIdentifier\":\"l1\",\"namespace\":\"uri://"
     "oneroster\"},"
     "\"studentReference\":{\"studentUniqueId\":\"1002\"},\"submissionStatusDescriptor\":"
     "\"uri://ed-fi.org/SubmissionStatusDescriptor#Missing\"}"},
    {0}};

static void bulk_11(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    assert_ok(pkg_run(ONE(p), true, r, &m));
    pkg_show(r);
    assert_int_equal(r->errors + r->warnings, 0);
    assert_string_equal(r->format, "oneroster-1.1");
    assert_counts(&m, counts_11);
    assert_bodies(&m, bodies_11);
    made_done(&m);
}

/* The race of a student is in the package; it is nowhere in what is made. */
static void race_is_dropped(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    assert_ok(pkg_run(ONE(p), true, r, &m));
    for (size_t i = 0; i < m.n; i++)
        assert_null(strcasestr(m.of[i].doc->body, "indian"));
    made_done(&m);
}

/* OneRoster 1.2 of the same district: roles in a file of their own. */
static void to_12(struct pkg *p)
{
    pkg_put(p, "users.csv",
            PKG_HEAD "enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
                     "email,sms,phone,agentSourcedIds,"
                     "grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
                     "preferredFamilyName,"
                     "primaryOrgSourcedId,pronouns\n"
                     "u1,,,true,ann,,Ann,Onym,,1001,,,,g1,09,,,Annie,,,s1,\n"
                     "u2,,,true,ben,,Ben,Onym,,1002,,,,,10,,,,,,s1,\n"
                     "g1,,,true,gil,,Gil,Onym,,,,,,,,,,,,,s1,\n"
                     "t1,,,true,tea,,Tea,Cher,,2001,,,,,,,,,,,s1,\n"
                     "t2,,,true,co,,Co,Teach,,2002,,,,,,,,,,,s1,\n"
                     "n1,,,true,no,,No,Body,,,,,,,,,,,,,s1,\n");
    pkg_put(p, "roles.csv",
            PKG_HEAD
            "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n"
            "r1,,,u1,primary,student,2026-09-07,,s1,\n"
            "r2,,,u2,primary,student,,2026-10-01,s1,\n"
            "r3,,,g1,primary,guardian,,,s1,\n"
            "r4,,,t1,primary,teacher,,,s1,\n"
            "r5,,,t2,primary,principal,,,s1,\n"
            "r6,,,t2,secondary,counselor,,,d1,\n");
    pkg_edit(p, "lineItems.csv", "gradingPeriodSourcedId,resultValueMin,resultValueMax",
             "academicSessionSourcedId,resultValueMin,resultValueMax,schoolSourcedId");
    pkg_edit(p, "lineItems.csv", "f27,0,10", "f27,0,10,s1");
    pkg_edit(p, "categories.csv", "title\nq1,,,Quizzes", "title,weight\nq1,,,Quizzes,0.5");
    pkg_put(p, "results.csv",
            PKG_HEAD "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,"
                     "textScore,classSourcedId,inProgress,"
                     "incomplete,late,missing\n"
                     "r1,,,l1,u1,fully graded,9.5,2026-09-03,,A,k1,false,false,true,false\n");
    pkg_manifest(p, "1.2", "bulk");
}

static void bulk_12(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    to_12(p);
    assert_ok(pkg_run(ONE(p), true, r, &m));
    pkg_show(r);
    assert_int_equal(r->errors, 0);
    assert_int_equal(r->warnings, 1); /* n1, who has no role */
    assert_string_equal(r->findings[0].code, "user_unused");
    assert_int_equal(r->findings[0].line, 7);
    assert_string_equal(r->format, "oneroster-1.2");
    assert_bodies(
        &m,
        (const struct body[]){
            {"students", 0, 2,
             "{\"birthDate\":\"2012-03-04\",\"birthSexDescriptor\":\"uri://ed-fi.org/"
             "SexDescriptor#Female\","
             "\"firstName\":\"Ann\",\"lastSurname\":\"Onym\",\"preferredFirstName\":\"Annie\","
             "\"studentUniqueId\":\"1001\"}"},
            {"studentSchoolAssociations", 0, 2,
             "{\"entryDate\":\"2026-09-07\",\"entryGradeLevelDescriptor\":\"uri://ed-fi.org/"
             "GradeLevelDescriptor#Ninth "
             "grade\",\"schoolReference\":{\"schoolId\":200},\"schoolYearTypeReference\":{"
             "\"schoolYear\":2027},"
             "\"studentReference\":{\"studentUniqueId\":\"1001\"}}"},
            {"studentSchoolAssociations", 1, 3,
             "{\"entryDate\":\"2026-08-24\",\"entryGradeLevelDescriptor\":\"uri://ed-fi.org/"
             "GradeLevelDescriptor#Tenth "
             "grade\",\"exitWithdrawDate\":\"2026-10-01\",\"schoolReference\":{\"schoolId\":200},"
             "\"schoolYearTypeReference\":{\"schoolYear\":2027},\"studentReference\":{"
             "\"studentUniqueId\":\"1002\"}}"},
            {"staffEducationOrganizationAssignmentAssociations", 1, 6,
             "{\"beginDate\":\"2026-08-24\",\"educationOrganizationReference\":{"
             "\"educationOrganizationId\":200},"
             "\"staffClassificationDescriptor\":\"uri://ed-fi.org/"
             "StaffClassificationDescriptor#Principal\","
             "\"staffReference\":{\"staffUniqueId\":\"2002\"}}"},
            {"staffEducationOrganizationAssignmentAssociations", 2, 7,
             "{\"beginDate\":\"2026-08-24\",\"educationOrganizationReference\":{"
             "\"educationOrganizationId\":100},"
             "\"staffClassificationDescriptor\":\"uri://ed-fi.org/"
             "StaffClassificationDescriptor#Counselor\","
             "\"staffReference\":{\"staffUniqueId\":\"2002\"}}"},
            {"studentGradebookEntries", 0, 2,
             "{\"assignmentLateStatusDescriptor\":\"uri://ed-fi.org/"
             "AssignmentLateStatusDescriptor#Late\","
             "\"dateFulfilled\":\"2026-09-03\",\"gradebookEntryReference\":{"
             "\"gradebookEntryIdentifier\":\"l1\","
             "\"namespace\":\"uri://"
             "oneroster\"},\"letterGradeEarned\":\"A\",\"pointsEarned\":9.5,\"studentReference\":"
             "{\"studentUniqueId\":\"1001\"},\"submissionStatusDescriptor\":"
             "\"uri://ed-fi.org/SubmissionStatusDescriptor#Submitted\"}"},
            {0}});
    made_done(&m);
}

/* Every document equals what the REST door would make of its body, and refers to nothing that comes after it. */
static void as_at_the_rest_door(void **state)
{
    (void)state;
    for (int version = 0; version < 2; version++) {
        kith_auto_mem struct pkg *p = pkg_bulk_11();
        kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
        struct made m = {0};
        if (version)
            to_12(p);
        /* that door asks for a birth date, which a roster may not have */
        pkg_add_line(p, "demographics.csv", "u2,,,2011-01-02,male,,,,,,,,,,,");
        if (!version)
            pkg_add_line(p, "demographics.csv",
                         "123e4567-e89b-12d3-a456-426614174000,,,2010-01-02,,,,,,,,,,,,");
        pkg_edit(p, "users.csv", "Ann", "\"Ann \"\"A\"\" Ñ\\/\t\x01\x7F\"");
        assert_ok(pkg_run(ONE(p), false, r, &m));
        for (size_t i = 0; i < m.n; i++) {
            const struct ingest_doc *d = m.of[i].doc;
            kith_auto(ingest_doc) rest = NULL;
            if (ingest_doc_parse(d->resource, d->body, d->body_n, &rest, NULL) != KITH_OK)
                fail_msg("%s %s", d->resource->name, d->body);
            assert_string_equal(d->body, rest->body);
            assert_memory_equal(&d->id, &rest->id, sizeof(d->id));
            assert_int_equal(d->digest, rest->digest);
            assert_int_equal(d->refs_n, rest->refs_n);
            for (size_t k = 0; k < d->refs_n; k++) {
                assert_int_equal(d->refs[k].n, rest->refs[k].n);
                assert_string_equal(d->refs[k].path, rest->refs[k].path);
                assert_string_equal(d->refs[k].name, rest->refs[k].name);
                assert_ptr_equal(d->refs[k].target[0], rest->refs[k].target[0]);
                assert_memory_equal(&d->refs[k].id[0], &rest->refs[k].id[0], sizeof(d->id));
                for (size_t later = i; later < m.n; later++)
                    assert_true(memcmp(&m.of[later].doc->id, &d->refs[k].id[0], sizeof(d->id)) !=
                                0);
            }
        }
        made_done(&m);
    }
}

/* ---- the same set of documents ---- */

static int compare_made(const void *a, const void *b)
{
    const struct ingest_emitted *x = a;
    const struct ingest_emitted *y = b;
    int order = strcmp(x->doc->resource->name, y->doc->resource->name);
    return order ? order : strcmp(x->doc->body, y->doc->body);
}

static void assert_same_set(struct made *a, struct made *b)
{
    qsort(a->of, a->n, sizeof(*a->of), compare_made);
    qsort(b->of, b->n, sizeof(*b->of), compare_made);
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (compare_made(&a->of[i], &b->of[i]) != 0)
            fail_msg("%s against %s", a->of[i].doc->body, b->of[i].doc->body);
    assert_int_equal(a->n, b->n);
}

static void shuffle_lines(uint64_t *s, char *text)
{
    char *lines[256];
    size_t n = 0;
    kith_auto_mem char *copy = strdup(text);
    char *save = NULL;
    assert_non_null(copy);
    for (char *at = strtok_r(copy, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
        lines[n++] = at;
    for (size_t i = n - 1; i > 1; i--) { /* the header stays */
        size_t k = 1 + test_random(s) % i;
        char *line = lines[i];
        lines[i] = lines[k];
        lines[k] = line;
    }
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        text = stpcpy(stpcpy(text, lines[i]), "\n");
}

/* Replay: the same package again, its rows in any order, makes the same documents, so nothing changes. */
static void rows_in_any_order(void **state)
{
    (void)state;
    uint64_t s = 41;
    for (int round = 0; round < 20; round++) {
        kith_auto_mem struct pkg *p = pkg_bulk_11();
        kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
        struct made a = {0};
        struct made b = {0};
        assert_ok(pkg_run(ONE(p), true, r, &a));
        for (size_t i = 0; i < p->n; i++)
            if (strcmp(p->files[i].name, "manifest.csv") != 0)
                shuffle_lines(&s, p->files[i].text);
        assert_ok(pkg_run(ONE(p), true, r, &b));
        assert_int_equal(r->errors, 0);
        assert_same_set(&a, &b);
        made_done(&a);
        made_done(&b);
    }
}

/* ---- findings ---- */

/* One change to the good package, and what must be said of it. Severity: 'E' always an error; 'S' an error when strict, else a warning; 'W'
 * always a warning. */
struct fault {
    const char *file;
    const char *from;
    const char *to;
    char severity;
    const char *code;
    const char *at; /* file that the finding names */
    uint64_t line;
    const char *column;
};

static const struct fault faults[] = {
    /* the manifest */
    {"manifest.csv", "manifest.version,1.0", "manifest.version,1", 'S', "manifest_version",
     "manifest.csv", 0, ""},
    {"manifest.csv", "manifest.version,1.0\n", "", 'S', "manifest_version", "manifest.csv", 0, ""},
    {"manifest.csv", "oneroster.version,1.1", "oneroster.version,2.0", 'E', "oneroster_version",
     "manifest.csv", 0, ""},
    {"manifest.csv", "propertyName,value", "propertyname,value", 'E', "manifest_header",
     "manifest.csv", 1, ""},
    {"manifest.csv", "file.users,bulk", "file.users,full", 'E', "manifest_mode", "manifest.csv", 9,
     ""},
    {"manifest.csv", "file.users,bulk", "file.users,absent", 'E', "file_required", "users.csv", 0,
     ""},
    {"manifest.csv", "file.results,bulk", "file.results,absent", 'S', "file_undeclared",
     "results.csv", 0, ""},
    {"manifest.csv", "file.results,bulk\n", "", 'S', "file_undeclared", "results.csv", 0, ""},
    {"manifest.csv", "file.results,bulk", "file.results,bulk\nfile.resources,bulk", 'E',
     "file_missing", "resources.csv", 0, ""},
    {"manifest.csv", "file.results,bulk", "file.results", 'E', "fields_few", "manifest.csv", 13,
     ""},
    /* headers */
    {"courses.csv", "subjects,subjectCodes", "subjectCodes,subjects", 'S', "column_order",
     "courses.csv", 1, ""},
    {"classes.csv", "termSourcedIds", "termSourcedId", 'S', "column_spelling", "classes.csv", 1,
     "termSourcedIds"},
    {"demographics.csv", "birthDate", "birthdate", 'S', "column_spelling", "demographics.csv", 1,
     "birthDate"},
    {"demographics.csv", "sourcedId", "userSourcedId", 'S', "column_spelling", "demographics.csv",
     1, "sourcedId"},
    {"users.csv", "givenName", "GivenName", 'S', "column_spelling", "users.csv", 1, "givenName"},
    {"users.csv", ",password\n", ",passcode\n", 'S', "column_missing", "users.csv", 1, "password"},
    {"users.csv", ",password\n", ",passcode\n", 'S', "column_unknown", "users.csv", 1, ""},
    {"users.csv", "familyName", "surname", 'E', "column_missing", "users.csv", 1, "familyName"},
    {"users.csv", "middleName", "givenName", 'E', "column_twice", "users.csv", 1, "givenName"},
    {"orgs.csv", PKG_HEAD "name,type,identifier,parentSourcedId\n", "", 'E', "column_missing",
     "orgs.csv", 1, "sourcedId"},
    {"orgs.csv", PKG_HEAD "name,type,identifier,parentSourcedId",
     "sourcedId;status;dateLastModified;name;type", 'E', "semicolon", "orgs.csv", 1, ""},
    {"orgs.csv", PKG_HEAD "name", "'sourcedId','status',dateLastModified,name", 'E',
     "column_missing", "orgs.csv", 1, "sourcedId"},
    /* rows */
    {"users.csv", "09,\n", "09\n", 'E', "fields_few", "users.csv", 2, ""},
    {"users.csv", "09,\n", "09,,\n", 'E', "fields_many", "users.csv", 2, ""},
    {"users.csv", "\nu2,", "\nu1,", 'E', "id_twice", "users.csv", 3, "sourcedId"},
    {"users.csv", "\nu2,", "\n,", 'E', "value_missing", "users.csv", 3, "sourcedId"},
    {"users.csv", "Ben", "", 'E', "value_missing", "users.csv", 3, "givenName"},
    {"users.csv", ",1002,", ",1001,", 'E', "identifier_twice", "users.csv", 3, "identifier"},
    {"enrollments.csv", "e2,", "e1,", 'E', "id_twice", "enrollments.csv", 3, "sourcedId"},
    {"users.csv", "u2,,,", "u2,active,2026-08-01T00:00:00.000Z,", 'S', "status_in_bulk",
     "users.csv", 3, "status"},
    {"users.csv", "u2,,,true,s1,student", "u2,,,true,s1,pupil", 'E', "value_invalid", "users.csv",
     3, "role"},
    {"users.csv", "u2,,,true,s1,student", "u2,,,true,s1,Student", 'S', "value_form", "users.csv", 3,
     "role"},
    {"users.csv", "u2,,,true", "u2,,,TRUE", 'S', "value_form", "users.csv", 3, "enabledUser"},
    {"users.csv", "u2,,,true", "u2,,,maybe", 'E', "value_invalid", "users.csv", 3, "enabledUser"},
    {"academicSessions.csv", "2026-08-24", "8/24/2026", 'S', "value_form", "academicSessions.csv",
     2, "startDate"},
    {"academicSessions.csv", "2026-08-24", "24.8.2026", 'E', "value_invalid",
     "academicSessions.csv", 2, "startDate"},
    {"academicSessions.csv", "2026-08-24", "2026-02-30", 'E', "value_invalid",
     "academicSessions.csv", 2, "startDate"},
    {"academicSessions.csv", ",2027\n", ",27\n", 'E', "value_invalid", "academicSessions.csv", 2,
     "schoolYear"},
    {"lineItems.csv", ",0,10", ",0,ten", 'E', "value_invalid", "lineItems.csv", 2,
     "resultValueMax"},
    {"results.csv", "fully graded", "fullyGraded", 'E', "value_invalid", "results.csv", 2,
     "scoreStatus"},
    /* references */
    {"enrollments.csv", "e1,,,k1,s1,u1", "e1,,,k1,s1,u9", 'S', "reference_unknown",
     "enrollments.csv", 2, "userSourcedId"},
    {"enrollments.csv", "e1,,,k1", "e1,,,k9", 'S', "reference_unknown", "enrollments.csv", 2,
     "classSourcedId"},
    {"classes.csv", "\"f27,p27\"", "\"f27,p99\"", 'S', "reference_unknown", "classes.csv", 2,
     "termSourcedIds"},
    {"orgs.csv", ",200,d1", ",200,d9", 'S', "reference_unknown", "orgs.csv", 3, "parentSourcedId"},
    /* nothing comes of it */
    {"enrollments.csv", "e1,,,k1,s1,u1,student", "e1,,,k1,s1,g1,student", 'W', "enrollment_unused",
     "enrollments.csv", 2, ""},
    {"enrollments.csv", "e1,,,k1,s1,u1,student", "e1,,,k1,s1,u1,teacher", 'W', "enrollment_unused",
     "enrollments.csv", 2, ""},
    {"classes.csv", "scheduled,,s1", "scheduled,,d1", 'W', "class_unused", "classes.csv", 2, ""},
    /* damage */
    {"users.csv", "Ben", "B\xE9n", 'E', "not_utf8", "users.csv", 3, ""},
    {"users.csv", "Ben", "Be\"n", 'E', "quote_stray", "users.csv", 3, ""},
    {"users.csv", "u2,,,true", "u2,,,\"true", 'E', "quote_open", "users.csv", 3, ""},
    {"users.csv", "Ben", "\"Be\\\"n\"", 'E', "quote_backslash", "users.csv", 3, ""},
    {0}};

static void assert_fault(const struct fault *f, bool strict)
{
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    pkg_edit(p, f->file, f->from, f->to);
    kith_err err = pkg_run(ONE(p), strict, r, &m);
    const struct ingest_finding *found = pkg_find(r, f->code);
    if (!found) {
        pkg_show(r);
        fail_msg("%s in %s: no %s", f->to, f->file, f->code);
        return;
    }
    enum ingest_severity expected =
        f->severity == 'E' || (f->severity == 'S' && strict) ? INGEST_ERROR : INGEST_WARNING;
    if (found->severity != expected || strcmp(found->file, f->at) != 0 || found->line != f->line ||
        strcmp(found->column_name, f->column) != 0) {
        pkg_show(r);
        fail_msg("%s in %s, strict %d: not said rightly", f->to, f->file, strict);
    }
    assert_true((r->errors > 0) == (err == KITH_EINVAL || (err == KITH_OK && m.n == 0)));
    if (expected == INGEST_WARNING)
        assert_int_equal(r->errors, 0);
    made_done(&m);
}

static void each_fault_is_said(void **state)
{
    (void)state;
    for (const struct fault *f = faults; f->file; f++) {
        assert_fault(f, false);
        assert_fault(f, true);
    }
}

static void without_a_manifest(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    pkg_drop(p, "manifest.csv");
    assert_err(pkg_run(ONE(p), false, r, NULL), KITH_EINVAL);
    assert_non_null(pkg_find(r, "manifest_missing"));
}

static void files_of_others(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        kith_auto_mem struct pkg *p = pkg_bulk_11();
        kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
        pkg_put(p, "lunch.csv", "a,b\n");
        assert_ok(pkg_run(ONE(p), strict, r, NULL));
        const struct ingest_finding *f = pkg_find(r, "file_unknown");
        assert_non_null(f);
        assert_int_equal(f->severity, strict ? INGEST_ERROR : INGEST_WARNING);
        assert_string_equal(f->file, "lunch.csv");
    }
}

/* Columns of one's own are allowed behind the standard ones. */
static void metadata_columns(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    pkg_edit(p, "orgs.csv", "parentSourcedId\n", "parentSourcedId,metadata.color\n");
    pkg_edit(p, "orgs.csv", "100,\n", "100,,red\n");
    pkg_edit(p, "orgs.csv", "200,d1\n", "200,d1,blue\n");
    assert_ok(pkg_run(ONE(p), true, r, NULL));
    pkg_show(r);
    assert_int_equal(r->errors + r->warnings, 0);
}

/* A reordered header is read by its names; bulk rows to be deleted are not there. */
static void lenient_reading(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    pkg_put(p, "orgs.csv",
            "type,name,parentSourcedId,identifier,dateLastModified,status,sourcedId\n"
            "district,District,,100,,,d1\nschool,Lincoln,d1,200,,,s1\nschool,Closed,d1,300,,"
            "tobedeleted,s2\n");
    assert_ok(pkg_run(ONE(p), false, r, &m));
    assert_non_null(pkg_find(r, "column_order"));
    assert_non_null(pkg_find(r, "status_in_bulk"));
    assert_counts(&m, counts_11);
    made_done(&m);
}

/* No finding repeats a cell: it may identify a student. */
static void findings_keep_secrets(void **state)
{
    (void)state;
    static const char secret[] = "Zzyzx";
    size_t said = 0;
    kith_auto_mem struct pkg *good = pkg_bulk_11();
    for (size_t file = 0; file < good->n; file++) {
        const char *name = good->files[file].name;
        if (strcmp(name, "manifest.csv") == 0)
            continue;
        size_t columns = 1;
        for (const char *c = good->files[file].text; *c != '\n'; c++)
            columns += *c == ',';
        for (size_t k = 0; k < columns; k++) {
            char line[256] = "";
            kith_auto_mem struct pkg *p = pkg_bulk_11();
            kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
            struct made m = {0};
            for (size_t c = 0; c < columns; c++)
                (void)strcat(strcat(line, c ? "," : ""), c == k ? secret : "x");
            pkg_add_line(p, name, line);
            pkg_add_line(p, name, line);
            (void)pkg_run(ONE(p), true, r, &m);
            for (size_t i = 0; i < r->findings_n; i++)
                assert_null(strstr(r->findings[i].text, secret));
            said += r->findings_n;
            made_done(&m);
        }
    }
    assert_true(said > 100);
}

/* A thousand and more findings are counted, the first thousand kept. */
static void findings_are_bounded(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = pkg_bulk_11();
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    pkg_put(p, "categories.csv", PKG_HEAD "title\n");
    char *at = pkg_text(p, "categories.csv");
    at += strlen(at);
    for (int i = 0; i < 1500; i++)
        at += sprintf(at, "i%d,,,\n", i);
    assert_ok(pkg_run(ONE(p), false, r, NULL));
    assert_true(r->errors >= 1500);
    assert_int_equal(r->findings_n, INGEST_FINDINGS_MAX);
    json_t *json = ingest_receipt_json(r);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), INGEST_FINDINGS_MAX);
    json_decref(json);
}

/* ---- School Data Sync ---- */

static void sds_21(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p = calloc(1, sizeof(*p));
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made m = {0};
    pkg_put(p, "orgs.csv", "sourcedId,name,type,parentSourcedId\ns1,Lincoln,school,\n");
    pkg_put(p, "academicSessions.csv",
            "sourcedId,title,type,schoolYear,startDate,endDate\ny27,Year,schoolYear,2027,2026-08-"
            "24,2027-06-11\n");
    pkg_put(p, "courses.csv",
            "sourcedId,orgSourcedId,title,code,schoolYearSourcedId,subject,grade\nc1,s1,Algebra,"
            "ALG,y27,,\n");
    pkg_put(
        p, "classes.csv",
        "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId\nk1,s1,Algebra 1,y27,c1\n");
    pkg_put(
        p, "users.csv",
        "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms\n"
        "u1,ann@example.org,Ann,Onym,,,,,\nt1,tea@example.org,,,,,,,\ng1,gil@example.org,Gil,Onym,,"
        ",,,\n");
    pkg_put(p, "roles.csv",
            "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,"
            "roleEndDate\n"
            "u1,s1,student,y27,09,TRUE,2026-08-24,2027-06-11\nt1,s1,teacher,y27,,TRUE,,\n"
            "g1,s1,emergencyContact,y27,,,,\n");
    pkg_put(p, "relationships.csv",
            "userSourcedId,relationshipUserSourcedId,relationshipRole\nu1,g1,guardian\n");
    pkg_put(p, "enrollments.csv",
            "classSourcedId,userSourcedId,role\nk1,u1,student\nk1,t1,teacher\n");
    assert_ok(pkg_run(ONE(p), true, r, &m));
    pkg_show(r);
    assert_int_equal(r->errors + r->warnings, 0);
    assert_string_equal(r->format, "sds-2.1");
    assert_counts(&m,
                  (const struct count[]){{"schools", 1},
                                         {"students", 1},
                                         {"staffs", 1},
                                         {"contacts", 1},
                                         {"sessions", 1},
                                         {"courses", 1},
                                         {"courseOfferings", 1},
                                         {"sections", 1},
                                         {"studentSchoolAssociations", 1},
                                         {"staffEducationOrganizationAssignmentAssociations", 1},
                                         {"staffSchoolAssociations", 1},
                                         {"studentContactAssociations", 1},
                                         {"studentSectionAssociations", 1},
                                         {"staffSectionAssociations", 1},
                                         {0}});
    made_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_11),
        cmocka_unit_test(race_is_dropped),
        cmocka_unit_test(bulk_12),
        cmocka_unit_test(as_at_the_rest_door),
        cmocka_unit_test(rows_in_any_order),
        cmocka_unit_test(each_fault_is_said),
        cmocka_unit_test(without_a_manifest),
        cmocka_unit_test(files_of_others),
        cmocka_unit_test(metadata_columns),
        cmocka_unit_test(lenient_reading),
        cmocka_unit_test(findings_keep_secrets),
        cmocka_unit_test(findings_are_bounded),
        cmocka_unit_test(sds_21),
    };
    return cmocka_run_group_tests(tests, pkg_setup, pkg_teardown);
}
