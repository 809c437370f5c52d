/* SPDX-License-Identifier: Apache-2.0 */
/* Log records out of rows: what the other daemons learn, in Kith's numbers. No name and no SIS identifier of a person passes here but a
 * staff member's e-mail address; codes of descriptors do. */
#include <jansson.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/ingest.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/records.pb-c.h"

kith_err ingest_record_mark(struct kith_bytes *to, const struct ingest_mark *mark,
                            enum ingest_kind kind)
{
    Kith__V1__AttendanceMark m = KITH__V1__ATTENDANCE_MARK__INIT;
    m.student_id = mark->key.student;
    m.school_id = mark->school_id;
    m.place_id = mark->key.place;
    m.session_id = mark->key.session;
    m.category_id = mark->key.category;
    m.kind = (Kith__V1__AttendanceKind)kind;
    m.date = mark->key.date;
    m.section = mark->key.section;
    return kith_bytes_add_item(to, &m.base);
}

const int32_t ingest_record_district_type = KITH__V1__RECORD_TYPE__DISTRICT_CHANGED;

kith_err ingest_record_district(const struct ingest_district *district, struct kith_bytes *to)
{
    Kith__V1__DistrictChanged m = KITH__V1__DISTRICT_CHANGED__INIT;
    char day_status[INGEST_POLICY_TEXT + 16];
    ingest_policy_day_status(&district->policy, day_status);
    m.day_status = day_status;
    m.time_zone = district->time_zone;
    m.default_email = district->default_email;
    return kith_bytes_add_item(to, &m.base);
}

/* ---- documents ---- */

struct source {
    struct ingest_district *district;
    const json_t *body;
    int64_t num;
    bool removed;
    struct kith_bytes *to;
};

static const char *text(const struct source *s, const char *name)
{
    const char *value = json_string_value(json_object_get(s->body, name));
    return value ? value : "";
}

static int32_t date_of(const json_t *object, const char *name)
{
    int32_t days = 0;
    const char *value = json_string_value(json_object_get(object, name));
    return value && kith_date_parse(value, &days) == KITH_OK ? days : 0;
}

static int32_t date(const struct source *s, const char *name)
{
    return date_of(s->body, name);
}

static const json_t *reference(const struct source *s, const char *name)
{
    return json_object_get(s->body, name);
}

static int64_t school_id(const struct source *s)
{
    return json_integer_value(json_object_get(reference(s, "schoolReference"), "schoolId"));
}

/* Kith's number of what a reference points at: of the resource whose whole key is among the reference's fields, under the key's own names. 0 =
 * the body has no such reference. */
static int64_t number(const struct source *s, const char *resource, const char *reference_name)
{
    const json_t *ref = reference(s, reference_name);
    const struct ingest_resource *r = ingest_resource_find(resource);
    const char *key[INGEST_KEY_MAX];
    char texts[INGEST_KEY_MAX][24];
    struct kith_id id;
    for (size_t i = 0; i < r->key_n; i++)
        key[i] = ingest_canon_text(ref, r->key[i].name, texts[i]);
    if (ingest_key_id(r, key, r->key_n, &id) != KITH_OK)
        return 0;
    id = ingest_names_id(s->district->names, &id);
    const struct ingest_known_row *row = ingest_known_find(s->district->known, &id);
    return row ? row->num : 0;
}

static int64_t student(const struct source *s)
{
    return number(s, "students", "studentReference");
}

static int64_t staff_member(const struct source *s)
{
    return number(s, "staffs", "staffReference");
}

/* The code of a descriptor that is not a person's. */
static char *code(const json_t *object, const char *name)
{
    const char *uri = json_string_value(json_object_get(object, name));
    return (char *)(uri ? ingest_descriptor_code(uri) : "");
}

/* A decimal of the body in thousandths; what does not fit is cut to what does. */
static int64_t milli(const struct source *s, const char *name)
{
    double v = json_number_value(json_object_get(s->body, name)) * 1000;
    v = v > 9e15 ? 9e15 : v < -9e15 ? -9e15 : v;
    return (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
}

static const char *meaning(const struct source *s, const char *kind, const char *uri)
{
    const char *m = ingest_district_meaning(s->district, kind, ingest_descriptor_code(uri));
    return m ? m : "";
}

static kith_err school(const struct source *s)
{
    Kith__V1__SchoolChanged m = KITH__V1__SCHOOL_CHANGED__INIT;
    m.school_id = json_integer_value(json_object_get(s->body, "schoolId"));
    m.name = (char *)text(s, "nameOfInstitution");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err calendar_date(const struct source *s)
{
    Kith__V1__CalendarChanged m = KITH__V1__CALENDAR_CHANGED__INIT;
    m.school_id =
        json_integer_value(json_object_get(reference(s, "calendarReference"), "schoolId"));
    m.calendar_id = number(s, "calendars", "calendarReference");
    m.date = date(s, "date");
    m.removed = s->removed;
    const json_t *events = json_object_get(s->body, "calendarEvents");
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *uri = json_string_value(
            json_object_get(json_array_get(events, i), "calendarEventDescriptor"));
        if (uri && strcmp(meaning(s, "calendar", uri), "instructional") == 0)
            m.instructional = true;
    }
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err staff(const struct source *s)
{
    Kith__V1__StaffChanged m = KITH__V1__STAFF_CHANGED__INIT;
    m.staff_id = s->num;
    m.removed = s->removed;
    const json_t *mails = json_object_get(s->body, "electronicMails");
    const char *best = NULL;
    for (size_t i = 0; i < json_array_size(mails); i++) {
        const json_t *mail = json_array_get(mails, i);
        const char *address = json_string_value(json_object_get(mail, "electronicMailAddress"));
        const char *type = json_string_value(json_object_get(mail, "electronicMailTypeDescriptor"));
        bool work = type && strcmp(ingest_descriptor_code(type), "Work") == 0;
        if (address && (!best || work))
            best = address;
        if (address && work)
            break;
    }
    m.email = (char *)(best ? best : "");
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err staff_role(const struct source *s)
{
    Kith__V1__StaffRoleChanged m = KITH__V1__STAFF_ROLE_CHANGED__INIT;
    m.staff_id = staff_member(s);
    m.school_id = json_integer_value(
        json_object_get(reference(s, "educationOrganizationReference"), "educationOrganizationId"));
    m.role = (char *)meaning(s, "staff", text(s, "staffClassificationDescriptor"));
    m.begin_date = date(s, "beginDate");
    m.end_date = date(s, "endDate");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err enrollment(const struct source *s)
{
    Kith__V1__EnrollmentChanged m = KITH__V1__ENROLLMENT_CHANGED__INIT;
    m.student_id = student(s);
    m.school_id = school_id(s);
    m.entry_date = date(s, "entryDate");
    m.exit_date = date(s, "exitWithdrawDate");
    m.calendar_id = number(s, "calendars", "calendarReference");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err cohort(const struct source *s)
{
    Kith__V1__CohortChanged m = KITH__V1__COHORT_CHANGED__INIT;
    m.cohort_id = s->num;
    m.advisory = strcmp(meaning(s, "cohort", text(s, "cohortTypeDescriptor")), "advisory") == 0;
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err cohort_member(const struct source *s)
{
    Kith__V1__CohortMemberChanged m = KITH__V1__COHORT_MEMBER_CHANGED__INIT;
    m.cohort_id = number(s, "cohorts", "cohortReference");
    m.student_id = student(s);
    m.staff_id = staff_member(s);
    m.begin_date = date(s, "beginDate");
    m.end_date = date(s, "endDate");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err section(const struct source *s)
{
    Kith__V1__SectionChanged m = KITH__V1__SECTION_CHANGED__INIT;
    m.section_id = s->num;
    m.school_id =
        json_integer_value(json_object_get(reference(s, "courseOfferingReference"), "schoolId"));
    m.session_id = number(s, "sessions", "courseOfferingReference");
    m.credits_milli = milli(s, "availableCredits");
    m.official_attendance = json_is_true(json_object_get(s->body, "officialAttendancePeriod"));
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err roster(const struct source *s)
{
    Kith__V1__RosterChanged m = KITH__V1__ROSTER_CHANGED__INIT;
    m.section_id = number(s, "sections", "sectionReference");
    m.student_id = student(s);
    m.staff_id = staff_member(s);
    m.begin_date = date(s, "beginDate");
    m.end_date = date(s, "endDate");
    m.homeroom = json_is_true(json_object_get(s->body, "homeroomIndicator"));
    m.position = code(s->body, "classroomPositionDescriptor");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err grade(const struct source *s)
{
    Kith__V1__GradePosted m = KITH__V1__GRADE_POSTED__INIT;
    const char *membership = "studentSectionAssociationReference";
    m.student_id = number(s, "students", membership);
    m.section_id = number(s, "sections", membership);
    m.begin_date = date_of(reference(s, membership), "beginDate");
    m.period_id = number(s, "gradingPeriods", "gradingPeriodReference");
    m.type = code(s->body, "gradeTypeDescriptor");
    m.has_number = json_object_get(s->body, "numericGradeEarned") != NULL;
    m.number_milli = milli(s, "numericGradeEarned");
    m.letter = (char *)text(s, "letterGradeEarned");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err credit(const struct source *s)
{
    Kith__V1__CreditEarned m = KITH__V1__CREDIT_EARNED__INIT;
    const json_t *record = reference(s, "studentAcademicRecordReference");
    m.student_id = number(s, "students", "studentAcademicRecordReference");
    m.organization_id = json_integer_value(json_object_get(record, "educationOrganizationId"));
    m.school_year = (int32_t)json_integer_value(json_object_get(record, "schoolYear"));
    m.term = code(record, "termDescriptor");
    m.course_id = number(s, "courses", "courseReference");
    m.result = code(s->body, "courseAttemptResultDescriptor");
    m.earned_milli = milli(s, "earnedCredits");
    m.attempted_milli = milli(s, "attemptedCredits");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err incident(const struct source *s)
{
    Kith__V1__IncidentReported m = KITH__V1__INCIDENT_REPORTED__INIT;
    m.incident_id = s->num;
    m.school_id = school_id(s);
    m.date = date(s, "incidentDate");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err incident_student(const struct source *s)
{
    Kith__V1__IncidentReported m = KITH__V1__INCIDENT_REPORTED__INIT;
    const char *name = "disciplineIncidentReference";
    m.incident_id = number(s, "disciplineIncidents", name);
    m.school_id = json_integer_value(json_object_get(reference(s, name), "schoolId"));
    m.student_id = student(s);
    m.behavior = code(s->body, "behaviorDescriptor");
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err survey_response(const struct source *s)
{
    Kith__V1__SurveyAnswered m = KITH__V1__SURVEY_ANSWERED__INIT;
    m.response_id = s->num;
    m.survey_id = number(s, "surveys", "surveyReference");
    m.date = date(s, "responseDate");
    m.student_id = student(s);
    m.staff_id = staff_member(s);
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

static kith_err attendance_taken(const struct source *s)
{
    Kith__V1__AttendanceTaken m = KITH__V1__ATTENDANCE_TAKEN__INIT;
    const char *day = "calendarDateReference";
    m.section_id = number(s, "sections", "sectionReference");
    m.school_id = json_integer_value(json_object_get(reference(s, day), "schoolId"));
    m.calendar_id = number(s, "calendars", day);
    m.calendar_date = date_of(reference(s, day), "date");
    m.date = date(s, "eventDate");
    m.staff_id = staff_member(s);
    m.removed = s->removed;
    return kith_bytes_add_item(s->to, &m.base);
}

/* Resources that no daemon asks for yet make no record; they are in the table of documents all the same. */
static const struct {
    const char *resource;
    int32_t type;
    kith_err (*make)(const struct source *s);
} makers[] = {
    {"schools", KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, school},
    {"calendarDates", KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, calendar_date},
    {"staffs", KITH__V1__RECORD_TYPE__STAFF_CHANGED, staff},
    {"staffEducationOrganizationAssignmentAssociations", KITH__V1__RECORD_TYPE__STAFF_ROLE_CHANGED,
     staff_role},
    {"studentSchoolAssociations", KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, enrollment},
    {"cohorts", KITH__V1__RECORD_TYPE__COHORT_CHANGED, cohort},
    {"studentCohortAssociations", KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED, cohort_member},
    {"staffCohortAssociations", KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED, cohort_member},
    {"sections", KITH__V1__RECORD_TYPE__SECTION_CHANGED, section},
    {"studentSectionAssociations", KITH__V1__RECORD_TYPE__ROSTER_CHANGED, roster},
    {"staffSectionAssociations", KITH__V1__RECORD_TYPE__ROSTER_CHANGED, roster},
    {"grades", KITH__V1__RECORD_TYPE__GRADE_POSTED, grade},
    {"courseTranscripts", KITH__V1__RECORD_TYPE__CREDIT_EARNED, credit},
    {"disciplineIncidents", KITH__V1__RECORD_TYPE__INCIDENT_REPORTED, incident},
    {"studentDisciplineIncidentBehaviorAssociations", KITH__V1__RECORD_TYPE__INCIDENT_REPORTED,
     incident_student},
    {"surveyResponses", KITH__V1__RECORD_TYPE__SURVEY_ANSWERED, survey_response},
    {"sectionAttendanceTakenEvents", KITH__V1__RECORD_TYPE__ATTENDANCE_TAKEN, attendance_taken},
};

kith_err ingest_record_document(struct ingest_district *district, const struct ingest_resource *r,
                                const char *body, int64_t num, bool removed, struct kith_bytes *to,
                                int32_t *type)
{
    *type = 0;
    for (size_t i = 0; i < KITH_LEN(makers); i++) {
        if (strcmp(makers[i].resource, r->name) != 0)
            continue;
        json_t *parsed = json_loads(body, 0, NULL);
        struct source s = {
            .district = district, .body = parsed, .num = num, .removed = removed, .to = to};
        kith_err err = parsed ? makers[i].make(&s) : KITH_ENOMEM;
        json_decref(parsed);
        if (err == KITH_OK)
            *type = makers[i].type;
        return err;
    }
    return KITH_OK;
}

/* ---- notices ---- */

const int32_t ingest_record_feed_type = KITH__V1__RECORD_TYPE__FEED_LATE;

kith_err ingest_record_feed(struct kith_bytes *to, const struct kith_id *notice,
                            const struct ingest_feed_change *change,
                            const struct ingest_feed_day *day)
{
    Kith__V1__FeedLate m = KITH__V1__FEED_LATE__INIT;
    m.notice_id = (ProtobufCBinaryData){sizeof(notice->b), (uint8_t *)notice->b};
    m.school_id = change->school;
    m.late = change->late;
    m.date = change->since;
    m.due_minute = day->due;
    m.usual = day->usual;
    return kith_bytes_add_item(to, &m.base);
}

const int32_t ingest_record_quarantined_type = KITH__V1__RECORD_TYPE__IMPORT_QUARANTINED;

kith_err ingest_record_quarantined(struct kith_bytes *to, int32_t district, int64_t import_id,
                                   bool waiting, int32_t date)
{
    struct kith_hasher h;
    Kith__V1__ImportQuarantined m = KITH__V1__IMPORT_QUARANTINED__INIT;
    kith_hash_begin(&h);
    kith_hash_text(&h, "import");
    kith_hash_int(&h, district);
    kith_hash_int(&h, import_id);
    struct kith_id notice = kith_hash_end(&h);
    m.notice_id = (ProtobufCBinaryData){sizeof(notice.b), notice.b};
    m.import_id = import_id;
    m.waiting = waiting;
    m.date = date;
    return kith_bytes_add_item(to, &m.base);
}
