/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/resource.h"

#include <assert.h>
#include <string.h>

#include "ingest/resource_internal.h"
#include "kith/cleanup.h"

#define YEAR 32767

/* clang-format off */
/* Natural keys, parts in alphabetical order; where a part stands in several references of a body, every place is named. */
#define KEY(var) static const struct ingest_key_part var[]

KEY(key_local_education_agency) = {
    {"localEducationAgencyId", INGEST_INT64, 0, {"localEducationAgencyId"}}};
KEY(key_school) = {
    {"schoolId", INGEST_INT64, 0, {"schoolId"}}};
KEY(key_calendar) = {
    {"calendarCode", INGEST_TEXT, 60, {"calendarCode"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"schoolYearTypeReference.schoolYear"}}};
KEY(key_calendar_date) = {
    {"calendarCode", INGEST_TEXT, 60, {"calendarReference.calendarCode"}},
    {"date", INGEST_DATE, 0, {"date"}},
    {"schoolId", INGEST_INT64, 0, {"calendarReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"calendarReference.schoolYear"}}};
KEY(key_grading_period) = {
    {"gradingPeriodDescriptor", INGEST_DESCRIPTOR, 0, {"gradingPeriodDescriptor"}},
    {"gradingPeriodName", INGEST_TEXT, 60, {"gradingPeriodName"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"schoolYearTypeReference.schoolYear"}}};
KEY(key_session) = {
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"schoolYearTypeReference.schoolYear"}},
    {"sessionName", INGEST_TEXT, 60, {"sessionName"}}};
KEY(key_class_period) = {
    {"classPeriodName", INGEST_TEXT, 60, {"classPeriodName"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}}};
KEY(key_course) = {
    {"courseCode", INGEST_TEXT, 60, {"courseCode"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"educationOrganizationReference.educationOrganizationId"}}};
KEY(key_course_offering) = {
    {"localCourseCode", INGEST_TEXT, 60, {"localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId", "sessionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"sessionReference.schoolYear"}},
    {"sessionName", INGEST_TEXT, 60, {"sessionReference.sessionName"}}};
KEY(key_section) = {
    {"localCourseCode", INGEST_TEXT, 60, {"courseOfferingReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"courseOfferingReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"courseOfferingReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"courseOfferingReference.sessionName"}}};
KEY(key_student) = {
    {"studentUniqueId", INGEST_TEXT, 32, {"studentUniqueId"}}};
KEY(key_staff) = {
    {"staffUniqueId", INGEST_TEXT, 32, {"staffUniqueId"}}};
KEY(key_cohort) = {
    {"cohortIdentifier", INGEST_TEXT, 36, {"cohortIdentifier"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"educationOrganizationReference.educationOrganizationId"}}};
KEY(key_staff_school_association) = {
    {"programAssignmentDescriptor", INGEST_DESCRIPTOR, 0, {"programAssignmentDescriptor"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId", "calendarReference.schoolId"}},
    {"staffUniqueId", INGEST_TEXT, 32, {"staffReference.staffUniqueId"}}};
KEY(key_staff_section_association) = {
    {"beginDate", INGEST_DATE, 0, {"beginDate"}},
    {"localCourseCode", INGEST_TEXT, 60, {"sectionReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"sectionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"sectionReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"sectionReference.sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"sectionReference.sessionName"}},
    {"staffUniqueId", INGEST_TEXT, 32, {"staffReference.staffUniqueId"}}};
KEY(key_staff_cohort_association) = {
    {"beginDate", INGEST_DATE, 0, {"beginDate"}},
    {"cohortIdentifier", INGEST_TEXT, 36, {"cohortReference.cohortIdentifier"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"cohortReference.educationOrganizationId"}},
    {"staffUniqueId", INGEST_TEXT, 32, {"staffReference.staffUniqueId"}}};
KEY(key_staff_assignment_association) = {
    {"beginDate", INGEST_DATE, 0, {"beginDate"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"educationOrganizationReference.educationOrganizationId"}},
    {"staffClassificationDescriptor", INGEST_DESCRIPTOR, 0, {"staffClassificationDescriptor"}},
    {"staffUniqueId", INGEST_TEXT, 32, {"staffReference.staffUniqueId"}}};
KEY(key_student_school_association) = {
    {"entryDate", INGEST_DATE, 0, {"entryDate"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId", "calendarReference.schoolId"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_student_cohort_association) = {
    {"beginDate", INGEST_DATE, 0, {"beginDate"}},
    {"cohortIdentifier", INGEST_TEXT, 36, {"cohortReference.cohortIdentifier"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"cohortReference.educationOrganizationId"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_student_school_attendance) = {
    {"attendanceEventCategoryDescriptor", INGEST_DESCRIPTOR, 0, {"attendanceEventCategoryDescriptor"}},
    {"eventDate", INGEST_DATE, 0, {"eventDate"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId", "sessionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"sessionReference.schoolYear"}},
    {"sessionName", INGEST_TEXT, 60, {"sessionReference.sessionName"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_student_section_attendance) = {
    {"attendanceEventCategoryDescriptor", INGEST_DESCRIPTOR, 0, {"attendanceEventCategoryDescriptor"}},
    {"eventDate", INGEST_DATE, 0, {"eventDate"}},
    {"localCourseCode", INGEST_TEXT, 60, {"sectionReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"sectionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"sectionReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"sectionReference.sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"sectionReference.sessionName"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_discipline_incident) = {
    {"incidentIdentifier", INGEST_TEXT, 36, {"incidentIdentifier"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}}};

#define RESOURCE(plural, single, rank, num, kind, what)                                            \
    {plural, sizeof(plural) - 1, single, rank, num, INGEST_ATTENDANCE_##kind, ingest_fields_##what, key_##what, KITH_LEN(key_##what)}

static const struct ingest_resource resources[] = {
    RESOURCE("localEducationAgencies", "localEducationAgency", 1, false, NONE, local_education_agency),
    RESOURCE("staffs", "staff", 1, true, NONE, staff),
    RESOURCE("students", "student", 1, true, NONE, student),
    RESOURCE("schools", "school", 2, true, NONE, school),
    RESOURCE("calendars", "calendar", 3, true, NONE, calendar),
    RESOURCE("classPeriods", "classPeriod", 3, false, NONE, class_period),
    RESOURCE("cohorts", "cohort", 3, true, NONE, cohort),
    RESOURCE("courses", "course", 3, false, NONE, course),
    RESOURCE("disciplineIncidents", "disciplineIncident", 3, false, NONE, discipline_incident),
    RESOURCE("gradingPeriods", "gradingPeriod", 3, false, NONE, grading_period),
    RESOURCE("staffEducationOrganizationAssignmentAssociations",
             "staffEducationOrganizationAssignmentAssociation", 3, false, NONE, staff_assignment_association),
    RESOURCE("calendarDates", "calendarDate", 4, false, NONE, calendar_date),
    RESOURCE("sessions", "session", 4, true, NONE, session),
    RESOURCE("staffCohortAssociations", "staffCohortAssociation", 4, false, NONE, staff_cohort_association),
    RESOURCE("staffSchoolAssociations", "staffSchoolAssociation", 4, false, NONE, staff_school_association),
    RESOURCE("studentCohortAssociations", "studentCohortAssociation", 4, false, NONE, student_cohort_association),
    RESOURCE("studentSchoolAssociations", "studentSchoolAssociation", 4, false, NONE, student_school_association),
    RESOURCE("courseOfferings", "courseOffering", 5, false, NONE, course_offering),
    RESOURCE("studentSchoolAttendanceEvents", "studentSchoolAttendanceEvent", 5, false, SCHOOL,
             student_school_attendance),
    RESOURCE("sections", "section", 6, true, NONE, section),
    RESOURCE("staffSectionAssociations", "staffSectionAssociation", 7, false, NONE, staff_section_association),
    RESOURCE("studentSectionAttendanceEvents", "studentSectionAttendanceEvent", 7, false, SECTION,
             student_section_attendance),
};
/* clang-format on */

const struct ingest_resource *ingest_resource_find(const char *name)
{
    assert(name);
    size_t n = strlen(name);
    for (size_t i = 0; i < KITH_LEN(resources); i++) {
        if (resources[i].name_n == n && memcmp(resources[i].name, name, n) == 0)
            return &resources[i];
    }
    return NULL;
}

const struct ingest_resource *ingest_resource_at(size_t i)
{
    assert(i < KITH_LEN(resources));
    return &resources[i];
}

size_t ingest_resource_count(void)
{
    return KITH_LEN(resources);
}

const struct ingest_key_part *ingest_reference_part(const struct ingest_reference *reference,
                                                    const struct ingest_part *part)
{
    const struct ingest_resource *r = ingest_resource_find(reference->targets[0].resource);
    for (size_t i = 0; r && i < r->key_n; i++) {
        if (strcmp(r->key[i].name, part->key) == 0)
            return &r->key[i];
    }
    assert(false && "a reference names no part of its target's key");
    return NULL;
}
