/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/resource.h"

#include <assert.h>
#include <string.h>

#include "ingest/resource_internal.h"
#include "kith/cleanup.h"

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

KEY(key_school_year_type) = {
    {"schoolYear", INGEST_INT64, YEAR, {"schoolYear"}}};
KEY(key_bell_schedule) = {
    {"bellScheduleName", INGEST_TEXT, 60, {"bellScheduleName"}},
    {"schoolId", INGEST_INT64, 0, {"schoolReference.schoolId"}}};
KEY(key_contact) = {
    {"contactUniqueId", INGEST_TEXT, 32, {"contactUniqueId"}}};
KEY(key_student_contact_association) = {
    {"contactUniqueId", INGEST_TEXT, 32, {"contactReference.contactUniqueId"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_student_section_association) = {
    {"beginDate", INGEST_DATE, 0, {"beginDate"}},
    {"localCourseCode", INGEST_TEXT, 60, {"sectionReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"sectionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"sectionReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"sectionReference.sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"sectionReference.sessionName"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_section_attendance_taken) = {
    {"calendarCode", INGEST_TEXT, 60, {"calendarDateReference.calendarCode"}},
    {"date", INGEST_DATE, 0, {"calendarDateReference.date"}},
    {"localCourseCode", INGEST_TEXT, 60, {"sectionReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0, {"calendarDateReference.schoolId", "sectionReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"calendarDateReference.schoolYear", "sectionReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"sectionReference.sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"sectionReference.sessionName"}}};
KEY(key_grade) = {
    {"beginDate", INGEST_DATE, 0, {"studentSectionAssociationReference.beginDate"}},
    {"gradeTypeDescriptor", INGEST_DESCRIPTOR, 0, {"gradeTypeDescriptor"}},
    {"gradingPeriodDescriptor", INGEST_DESCRIPTOR, 0, {"gradingPeriodReference.gradingPeriodDescriptor"}},
    {"gradingPeriodName", INGEST_TEXT, 60, {"gradingPeriodReference.gradingPeriodName"}},
    {"gradingPeriodSchoolYear", INGEST_INT64, YEAR, {"gradingPeriodReference.schoolYear"}},
    {"localCourseCode", INGEST_TEXT, 60, {"studentSectionAssociationReference.localCourseCode"}},
    {"schoolId", INGEST_INT64, 0,
     {"studentSectionAssociationReference.schoolId", "gradingPeriodReference.schoolId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"studentSectionAssociationReference.schoolYear"}},
    {"sectionIdentifier", INGEST_TEXT, 255, {"studentSectionAssociationReference.sectionIdentifier"}},
    {"sessionName", INGEST_TEXT, 60, {"studentSectionAssociationReference.sessionName"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentSectionAssociationReference.studentUniqueId"}}};
KEY(key_gradebook_entry) = {
    {"gradebookEntryIdentifier", INGEST_TEXT, 60, {"gradebookEntryIdentifier"}},
    {"namespace", INGEST_TEXT, 255, {"namespace"}}};
KEY(key_student_gradebook_entry) = {
    {"gradebookEntryIdentifier", INGEST_TEXT, 60, {"gradebookEntryReference.gradebookEntryIdentifier"}},
    {"namespace", INGEST_TEXT, 255, {"gradebookEntryReference.namespace"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_student_academic_record) = {
    {"educationOrganizationId", INGEST_INT64, 0, {"educationOrganizationReference.educationOrganizationId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"schoolYearTypeReference.schoolYear"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}},
    {"termDescriptor", INGEST_DESCRIPTOR, 0, {"termDescriptor"}}};
KEY(key_course_transcript) = {
    {"courseAttemptResultDescriptor", INGEST_DESCRIPTOR, 0, {"courseAttemptResultDescriptor"}},
    {"courseCode", INGEST_TEXT, 60, {"courseReference.courseCode"}},
    {"courseEducationOrganizationId", INGEST_INT64, 0, {"courseReference.educationOrganizationId"}},
    {"educationOrganizationId", INGEST_INT64, 0, {"studentAcademicRecordReference.educationOrganizationId"}},
    {"schoolYear", INGEST_INT64, YEAR, {"studentAcademicRecordReference.schoolYear"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentAcademicRecordReference.studentUniqueId"}},
    {"termDescriptor", INGEST_DESCRIPTOR, 0, {"studentAcademicRecordReference.termDescriptor"}}};
KEY(key_graduation_plan) = {
    {"educationOrganizationId", INGEST_INT64, 0, {"educationOrganizationReference.educationOrganizationId"}},
    {"graduationPlanTypeDescriptor", INGEST_DESCRIPTOR, 0, {"graduationPlanTypeDescriptor"}},
    {"graduationSchoolYear", INGEST_INT64, YEAR, {"graduationSchoolYearTypeReference.schoolYear"}}};
KEY(key_student_discipline_incident_behavior_association) = {
    {"behaviorDescriptor", INGEST_DESCRIPTOR, 0, {"behaviorDescriptor"}},
    {"incidentIdentifier", INGEST_TEXT, 36, {"disciplineIncidentReference.incidentIdentifier"}},
    {"schoolId", INGEST_INT64, 0, {"disciplineIncidentReference.schoolId"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_discipline_action) = {
    {"disciplineActionIdentifier", INGEST_TEXT, 36, {"disciplineActionIdentifier"}},
    {"disciplineDate", INGEST_DATE, 0, {"disciplineDate"}},
    {"studentUniqueId", INGEST_TEXT, 32, {"studentReference.studentUniqueId"}}};
KEY(key_survey) = {
    {"namespace", INGEST_TEXT, 255, {"namespace"}},
    {"surveyIdentifier", INGEST_TEXT, 60, {"surveyIdentifier"}}};
KEY(key_survey_response) = {
    {"namespace", INGEST_TEXT, 255, {"surveyReference.namespace"}},
    {"surveyIdentifier", INGEST_TEXT, 60, {"surveyReference.surveyIdentifier"}},
    {"surveyResponseIdentifier", INGEST_TEXT, 60, {"surveyResponseIdentifier"}}};

/* Whose natural keys a PUT may change: those that the Ed-Fi ODS/API ships so, but locations, which are not served here. Source:
 * docs.ed-fi.org, "Cascading Key Updates on ODS / API Resources" (reference/ods-api/technical-articles). */
#define REKEYABLE(plural, single, rank, num, what)                                                 \
    {.name = (plural), .name_n = sizeof(plural) - 1, .singular = (single), .order = (rank), .numbered = (num), \
     .rekeyable = true, .fields = ingest_fields_##what, .key = key_##what, .key_n = KITH_LEN(key_##what)}
#define RESOURCE(plural, single, rank, num, kind, what)                                            \
    {.name = (plural), .name_n = sizeof(plural) - 1, .singular = (single), .order = (rank), .numbered = (num), \
     .attendance = INGEST_ATTENDANCE_##kind, .fields = ingest_fields_##what, .key = key_##what,     \
     .key_n = KITH_LEN(key_##what)}

/* Behind the descriptors, which have order 1. */
static const struct ingest_resource resources[] = {
    RESOURCE("schoolYearTypes", "schoolYearType", 2, false, NONE, school_year_type),
    RESOURCE("contacts", "contact", 2, false, NONE, contact),
    RESOURCE("localEducationAgencies", "localEducationAgency", 2, false, NONE, local_education_agency),
    RESOURCE("staffs", "staff", 2, true, NONE, staff),
    RESOURCE("students", "student", 2, true, NONE, student),
    RESOURCE("schools", "school", 3, true, NONE, school),
    RESOURCE("studentContactAssociations", "studentContactAssociation", 3, false, NONE, student_contact_association),
    RESOURCE("calendars", "calendar", 4, true, NONE, calendar),
    REKEYABLE("classPeriods", "classPeriod", 4, false, class_period),
    RESOURCE("cohorts", "cohort", 4, true, NONE, cohort),
    RESOURCE("courses", "course", 4, true, NONE, course),
    RESOURCE("disciplineIncidents", "disciplineIncident", 4, true, NONE, discipline_incident),
    RESOURCE("gradingPeriods", "gradingPeriod", 4, true, NONE, grading_period),
    RESOURCE("staffEducationOrganizationAssignmentAssociations",
             "staffEducationOrganizationAssignmentAssociation", 4, false, NONE, staff_assignment_association),
    RESOURCE("studentAcademicRecords", "studentAcademicRecord", 4, false, NONE, student_academic_record),
    RESOURCE("bellSchedules", "bellSchedule", 5, false, NONE, bell_schedule),
    RESOURCE("calendarDates", "calendarDate", 5, false, NONE, calendar_date),
    RESOURCE("graduationPlans", "graduationPlan", 5, false, NONE, graduation_plan),
    REKEYABLE("sessions", "session", 5, true, session),
    RESOURCE("staffCohortAssociations", "staffCohortAssociation", 5, false, NONE, staff_cohort_association),
    RESOURCE("staffSchoolAssociations", "staffSchoolAssociation", 5, false, NONE, staff_school_association),
    RESOURCE("studentCohortAssociations", "studentCohortAssociation", 5, false, NONE, student_cohort_association),
    RESOURCE("studentDisciplineIncidentBehaviorAssociations",
             "studentDisciplineIncidentBehaviorAssociation", 5, false, NONE, student_discipline_incident_behavior_association),
    REKEYABLE("studentSchoolAssociations", "studentSchoolAssociation", 5, false, student_school_association),
    RESOURCE("courseOfferings", "courseOffering", 6, false, NONE, course_offering),
    RESOURCE("disciplineActions", "disciplineAction", 6, false, NONE, discipline_action),
    RESOURCE("studentSchoolAttendanceEvents",
             "studentSchoolAttendanceEvent", 6, false, SCHOOL, student_school_attendance),
    RESOURCE("surveys", "survey", 6, true, NONE, survey),
    REKEYABLE("sections", "section", 7, true, section),
    RESOURCE("surveyResponses", "surveyResponse", 7, true, NONE, survey_response),
    RESOURCE("courseTranscripts", "courseTranscript", 8, false, NONE, course_transcript),
    REKEYABLE("gradebookEntries", "gradebookEntry", 8, false, gradebook_entry),
    RESOURCE("sectionAttendanceTakenEvents", "sectionAttendanceTakenEvent", 8, false, NONE, section_attendance_taken),
    RESOURCE("staffSectionAssociations", "staffSectionAssociation", 8, false, NONE, staff_section_association),
    REKEYABLE("studentSectionAssociations", "studentSectionAssociation", 8, false, student_section_association),
    RESOURCE("studentSectionAttendanceEvents",
             "studentSectionAttendanceEvent", 8, false, SECTION, student_section_attendance),
    REKEYABLE("grades", "grade", 9, false, grade),
    RESOURCE("studentGradebookEntries", "studentGradebookEntry", 9, false, NONE, student_gradebook_entry),
};
/* clang-format on */

static const struct ingest_resource *find(const struct ingest_resource *in, size_t in_n,
                                          const char *name, size_t n)
{
    for (size_t i = 0; i < in_n; i++) {
        if (in[i].name_n == n && memcmp(in[i].name, name, n) == 0)
            return &in[i];
    }
    return NULL;
}

const struct ingest_resource *ingest_resource_find(const char *name)
{
    assert(name);
    size_t n = strlen(name);
    const struct ingest_resource *r = find(resources, KITH_LEN(resources), name, n);
    return r ? r : find(ingest_descriptors, ingest_descriptors_count(), name, n);
}

const struct ingest_resource *ingest_resource_at(size_t i)
{
    size_t first = ingest_descriptors_count();
    assert(i < ingest_resource_count());
    return i < first ? &ingest_descriptors[i] : &resources[i - first];
}

size_t ingest_resource_count(void)
{
    return ingest_descriptors_count() + KITH_LEN(resources);
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
