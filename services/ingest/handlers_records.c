/* SPDX-License-Identifier: Apache-2.0 */
/* Log records out of rows: what the other daemons learn, in Kith's numbers. No name and no SIS identifier of a person passes here but a
 * staff member's e-mail address. */
#include <jansson.h>
#include <string.h>

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

kith_err ingest_record_district(const struct ingest_district *district, struct kith_bytes *to)
{
    Kith__V1__DistrictChanged m = KITH__V1__DISTRICT_CHANGED__INIT;
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

static int32_t date(const struct source *s, const char *name)
{
    int32_t days = 0;
    const char *value = json_string_value(json_object_get(s->body, name));
    return value && kith_date_parse(value, &days) == KITH_OK ? days : 0;
}

static const json_t *reference(const struct source *s, const char *name)
{
    return json_object_get(s->body, name);
}

static int64_t school_id(const struct source *s)
{
    return json_integer_value(json_object_get(reference(s, "schoolReference"), "schoolId"));
}

/* Kith's number of what a reference points at; 0 when it is not known (cannot be while references are checked). */
static int64_t number(const struct source *s, const char *resource, const char *const *key,
                      size_t n)
{
    struct kith_id id;
    const struct ingest_resource *r = ingest_resource_find(resource);
    if (!r || ingest_key_id(r, key, n, &id) != KITH_OK)
        return 0;
    const struct ingest_known_row *row = ingest_known_find(s->district->known, &id);
    return row ? row->num : 0;
}

static int64_t person(const struct source *s, const char *resource, const char *reference_name,
                      const char *field)
{
    const char *key = json_string_value(json_object_get(reference(s, reference_name), field));
    return key ? number(s, resource, &key, 1) : 0;
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

static int64_t calendar_number(const struct source *s)
{
    const json_t *ref = reference(s, "calendarReference");
    char school_text[24];
    char year[24];
    const char *code = json_string_value(json_object_get(ref, "calendarCode"));
    if (!code)
        return 0;
    (void)snprintf(school_text, sizeof(school_text), "%lld",
                   (long long)json_integer_value(json_object_get(ref, "schoolId")));
    (void)snprintf(year, sizeof(year), "%lld",
                   (long long)json_integer_value(json_object_get(ref, "schoolYear")));
    const char *key[] = {code, school_text, year};
    return number(s, "calendars", key, 3);
}

static kith_err calendar_date(const struct source *s)
{
    Kith__V1__CalendarChanged m = KITH__V1__CALENDAR_CHANGED__INIT;
    m.school_id =
        json_integer_value(json_object_get(reference(s, "calendarReference"), "schoolId"));
    m.calendar_id = calendar_number(s);
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
    m.staff_id = person(s, "staffs", "staffReference", "staffUniqueId");
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
    m.student_id = person(s, "students", "studentReference", "studentUniqueId");
    m.school_id = school_id(s);
    m.entry_date = date(s, "entryDate");
    m.exit_date = date(s, "exitWithdrawDate");
    m.calendar_id = calendar_number(s);
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

static int64_t cohort_number(const struct source *s)
{
    const json_t *ref = reference(s, "cohortReference");
    char organization[24];
    (void)snprintf(organization, sizeof(organization), "%lld",
                   (long long)json_integer_value(json_object_get(ref, "educationOrganizationId")));
    const char *key[] = {json_string_value(json_object_get(ref, "cohortIdentifier")), organization};
    return key[0] ? number(s, "cohorts", key, 2) : 0;
}

static kith_err cohort_member(const struct source *s)
{
    Kith__V1__CohortMemberChanged m = KITH__V1__COHORT_MEMBER_CHANGED__INIT;
    m.cohort_id = cohort_number(s);
    m.student_id = person(s, "students", "studentReference", "studentUniqueId");
    m.staff_id = person(s, "staffs", "staffReference", "staffUniqueId");
    m.begin_date = date(s, "beginDate");
    m.end_date = date(s, "endDate");
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
