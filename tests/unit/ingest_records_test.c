/* SPDX-License-Identifier: Apache-2.0 */
/* Log records of documents: the numbers of what they refer to, no person's identifier. */
#include "ingest_random.h"

#include "ingest/document.h"
#include "ingest/ingest.h"
#include "kith/clock.h"
#include "kith/v1/records.pb-c.h"

static struct ingest_districts *districts;
static struct ingest_district *district;

static int setup(void **state)
{
    (void)state;
    assert_ok(ingest_districts_new(&districts));
    assert_ok(ingest_districts_add(districts, 1, "Mill River", "America/Chicago", "x@example.org",
                                   &district));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ingest_districts_free(districts);
    return 0;
}

/* The document of that key is known under that number. */
static void know(const char *resource, int64_t num, const char *const *key, size_t n)
{
    struct kith_id id;
    assert_ok(ingest_key_id(ingest_resource_find(resource), key, n, &id));
    assert_ok(ingest_known_put(district->known, &id, num, 1));
}
#define KNOW(resource, num, ...)                                                                   \
    know(resource, num, (const char *const[]){__VA_ARGS__},                                        \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void know_all(void)
{
    KNOW("students", 11, "S1");
    KNOW("staffs", 12, "T1");
    KNOW("sessions", 13, "7", "2027", "Fall");
    KNOW("sections", 14, "ALG", "7", "2027", "A-1", "Fall");
    KNOW("gradingPeriods", 15, "uri://x/G#First", "Q1", "7", "2027");
    KNOW("courses", 16, "ALG", "7");
    KNOW("disciplineIncidents", 17, "I1", "7");
    KNOW("surveys", 18, "uri://x", "Belonging");
    KNOW("calendars", 19, "Main", "7", "2027");
}

/* The record of a document as its list message; the caller's. */
static void *record(const char *resource, const char *json, int64_t num, bool removed,
                    int32_t expected_type, const ProtobufCMessageDescriptor *list)
{
    const struct ingest_resource *r = ingest_resource_find(resource);
    kith_auto(ingest_doc) doc = NULL;
    struct ingest_problems why = {0};
    if (ingest_doc_parse(r, json, strlen(json), &doc, &why) != KITH_OK)
        fail_msg("%s %s", why.items[0].path, why.items[0].text);
    struct kith_bytes bytes = {0};
    int32_t type = 0;
    assert_ok(ingest_record_document(district, r, doc->body, num, removed, &bytes, &type));
    assert_int_equal(type, expected_type);
    void *message = protobuf_c_message_unpack(list, NULL, bytes.n, bytes.data);
    assert_non_null(message);
    kith_bytes_done(&bytes);
    return message;
}

#define RECORD(type, lower, upper, resource, json, num, removed)                                   \
    Kith__V1__##type##List *list =                                                                 \
        record(resource, json, num, removed, KITH__V1__RECORD_TYPE__##upper,                       \
               &kith__v1__##lower##_list__descriptor);                                             \
    assert_int_equal(list->n_items, 1);                                                            \
    const Kith__V1__##type *m = list->items[0]
#define RECORD_END() protobuf_c_message_free_unpacked(&list->base, NULL)

#define SECTION_REF                                                                                \
    "\"sectionReference\":{\"localCourseCode\":\"ALG\",\"schoolId\":7,\"schoolYear\":2027,"        \
    "\"sectionIdentifier\":\"A-1\",\"sessionName\":\"Fall\"}"
#define STUDENT_REF  "\"studentReference\":{\"studentUniqueId\":\"S1\"}"
#define STAFF_REF    "\"staffReference\":{\"staffUniqueId\":\"T1\"}"
#define DAY(y, m, d) kith_date_from_civil(y, m, d)

static void sections(void **state)
{
    (void)state;
    know_all();
    RECORD(
        SectionChanged, section_changed, SECTION_CHANGED, "sections",
        "{\"sectionIdentifier\":\"A-1\",\"courseOfferingReference\":{\"localCourseCode\":\"ALG\","
        "\"schoolId\":7,\"schoolYear\":2027,\"sessionName\":\"Fall\"},\"availableCredits\":0.5,"
        "\"officialAttendancePeriod\":true}",
        14, false);
    assert_int_equal(m->section_id, 14);
    assert_int_equal(m->school_id, 7);
    assert_int_equal(m->session_id, 13);
    assert_int_equal(m->credits_milli, 500);
    assert_true(m->official_attendance);
    assert_false(m->removed);
    RECORD_END();
}

static void rosters(void **state)
{
    (void)state;
    know_all();
    {
        RECORD(RosterChanged, roster_changed, ROSTER_CHANGED, "studentSectionAssociations",
               "{\"beginDate\":\"2026-08-17\",\"endDate\":\"2026-12-18\",\"homeroomIndicator\":"
               "true," SECTION_REF "," STUDENT_REF "}",
               0, false);
        assert_int_equal(m->section_id, 14);
        assert_int_equal(m->student_id, 11);
        assert_int_equal(m->staff_id, 0);
        assert_int_equal(m->begin_date, DAY(2026, 8, 17));
        assert_int_equal(m->end_date, DAY(2026, 12, 18));
        assert_true(m->homeroom);
        assert_string_equal(m->position, "");
        RECORD_END();
    }
    RECORD(RosterChanged, roster_changed, ROSTER_CHANGED, "staffSectionAssociations",
           "{\"beginDate\":\"2026-08-17\",\"classroomPositionDescriptor\":\"uri://x/C#Teacher of "
           "Record\"," SECTION_REF "," STAFF_REF "}",
           0, true);
    assert_int_equal(m->student_id, 0);
    assert_int_equal(m->staff_id, 12);
    assert_int_equal(m->end_date, 0);
    assert_string_equal(m->position, "Teacher of Record");
    assert_true(m->removed);
    RECORD_END();
}

static void grades(void **state)
{
    (void)state;
    know_all();
    RECORD(GradePosted, grade_posted, GRADE_POSTED, "grades",
           "{\"gradeTypeDescriptor\":\"uri://x/T#Final\",\"gradingPeriodReference\":{"
           "\"gradingPeriodDescriptor\":\"uri://x/G#First\",\"gradingPeriodName\":\"Q1\","
           "\"schoolId\":7,\"schoolYear\":2027},\"studentSectionAssociationReference\":{"
           "\"beginDate\":\"2026-08-17\",\"localCourseCode\":\"ALG\",\"schoolId\":7,"
           "\"schoolYear\":2027,\"sectionIdentifier\":\"A-1\",\"sessionName\":\"Fall\","
           "\"studentUniqueId\":\"S1\"},\"numericGradeEarned\":87.25,\"letterGradeEarned\":\"B+\"}",
           0, false);
    assert_int_equal(m->student_id, 11);
    assert_int_equal(m->section_id, 14);
    assert_int_equal(m->begin_date, DAY(2026, 8, 17));
    assert_int_equal(m->period_id, 15);
    assert_string_equal(m->type, "Final");
    assert_true(m->has_number);
    assert_int_equal(m->number_milli, 87250);
    assert_string_equal(m->letter, "B+");
    RECORD_END();
}

static void credits(void **state)
{
    (void)state;
    know_all();
    RECORD(CreditEarned, credit_earned, CREDIT_EARNED, "courseTranscripts",
           "{\"courseAttemptResultDescriptor\":\"uri://x/R#Pass\",\"courseReference\":{"
           "\"courseCode\":\"ALG\",\"educationOrganizationId\":7},"
           "\"studentAcademicRecordReference\":{\"educationOrganizationId\":7,\"schoolYear\":2027,"
           "\"studentUniqueId\":\"S1\",\"termDescriptor\":\"uri://x/T#Fall Semester\"},"
           "\"earnedCredits\":0.333,\"attemptedCredits\":1}",
           0, false);
    assert_int_equal(m->student_id, 11);
    assert_int_equal(m->organization_id, 7);
    assert_int_equal(m->school_year, 2027);
    assert_string_equal(m->term, "Fall Semester");
    assert_int_equal(m->course_id, 16);
    assert_string_equal(m->result, "Pass");
    assert_int_equal(m->earned_milli, 333);
    assert_int_equal(m->attempted_milli, 1000);
    RECORD_END();
}

static void incidents(void **state)
{
    (void)state;
    know_all();
    {
        RECORD(IncidentReported, incident_reported, INCIDENT_REPORTED, "disciplineIncidents",
               "{\"incidentIdentifier\":\"I1\",\"schoolReference\":{\"schoolId\":7},"
               "\"incidentDate\":\"2026-10-01\"}",
               17, false);
        assert_int_equal(m->incident_id, 17);
        assert_int_equal(m->school_id, 7);
        assert_int_equal(m->date, DAY(2026, 10, 1));
        assert_int_equal(m->student_id, 0);
        assert_string_equal(m->behavior, "");
        RECORD_END();
    }
    RECORD(IncidentReported, incident_reported, INCIDENT_REPORTED,
           "studentDisciplineIncidentBehaviorAssociations",
           "{\"behaviorDescriptor\":\"uri://x/B#Other\",\"disciplineIncidentReference\":{"
           "\"incidentIdentifier\":\"I1\",\"schoolId\":7}," STUDENT_REF "}",
           0, true);
    assert_int_equal(m->incident_id, 17);
    assert_int_equal(m->student_id, 11);
    assert_int_equal(m->date, 0);
    assert_string_equal(m->behavior, "Other");
    assert_true(m->removed);
    RECORD_END();
}

static void surveys(void **state)
{
    (void)state;
    know_all();
    RECORD(SurveyAnswered, survey_answered, SURVEY_ANSWERED, "surveyResponses",
           "{\"surveyReference\":{\"namespace\":\"uri://x\",\"surveyIdentifier\":\"Belonging\"},"
           "\"surveyResponseIdentifier\":\"R1\",\"responseDate\":\"2026-11-02\"," STUDENT_REF "}",
           21, false);
    assert_int_equal(m->response_id, 21);
    assert_int_equal(m->survey_id, 18);
    assert_int_equal(m->date, DAY(2026, 11, 2));
    assert_int_equal(m->student_id, 11);
    assert_int_equal(m->staff_id, 0);
    RECORD_END();
}

static void taken(void **state)
{
    (void)state;
    know_all();
    RECORD(AttendanceTaken, attendance_taken, ATTENDANCE_TAKEN, "sectionAttendanceTakenEvents",
           "{\"calendarDateReference\":{\"calendarCode\":\"Main\",\"date\":\"2026-09-14\","
           "\"schoolId\":7,\"schoolYear\":2027},\"eventDate\":\"2026-09-15\"," SECTION_REF
           "," STAFF_REF "}",
           0, false);
    assert_int_equal(m->section_id, 14);
    assert_int_equal(m->school_id, 7);
    assert_int_equal(m->calendar_id, 19);
    assert_int_equal(m->calendar_date, DAY(2026, 9, 14));
    assert_int_equal(m->date, DAY(2026, 9, 15));
    assert_int_equal(m->staff_id, 12);
    RECORD_END();
}

/* Every text of a document that is a person's, marked. */
static void mark_persons(json_t *value)
{
    static const char *const persons[] = {"studentUniqueId",
                                          "staffUniqueId",
                                          "contactUniqueId",
                                          "firstName",
                                          "middleName",
                                          "lastSurname",
                                          "maidenName",
                                          "preferredFirstName",
                                          "loginId",
                                          "reporterName",
                                          "caseNumber",
                                          "preferredLastSurname",
                                          "incidentDescription",
                                          "diagnosticStatement",
                                          "behaviorDetailedDescription",
                                          "telephoneNumber",
                                          "surveyResponseIdentifier",
                                          "incidentIdentifier",
                                          "attendanceEventReason"};
    const char *name;
    json_t *inner;
    size_t i;
    json_array_foreach(value, i, inner) mark_persons(inner);
    json_object_foreach(value, name, inner)
    {
        mark_persons(inner);
        for (i = 0; i < KITH_LEN(persons); i++) {
            if (strcmp(persons[i], name) == 0)
                json_string_set(inner, "Zq9Person");
        }
    }
}

/* Whatever a document holds, no person's name or identifier is in its record. */
static void no_person(void **state)
{
    (void)state;
    uint64_t s = 21;
    size_t made = 0;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        json_t *tree = random_document(&s, r, true);
        mark_persons(tree);
        char *body = ingest_canon_dump(tree);
        struct kith_bytes bytes = {0};
        int32_t type = 0;
        assert_ok(ingest_record_document(district, r, body, 5, false, &bytes, &type));
        assert_null(bytes.n ? memmem(bytes.data, bytes.n, "Zq9", 3) : NULL);
        made += type != 0;
        kith_bytes_done(&bytes);
        free(body);
        json_decref(tree);
    }
    assert_int_equal(made, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections), cmocka_unit_test(rosters),   cmocka_unit_test(grades),
        cmocka_unit_test(credits),  cmocka_unit_test(incidents), cmocka_unit_test(surveys),
        cmocka_unit_test(taken),    cmocka_unit_test(no_person),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
