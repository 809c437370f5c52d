/* SPDX-License-Identifier: Apache-2.0 */
/* References and nested fields that the resources of several subjects have. */
#include "ingest/resource_internal.h"

#define SAME(n)                                                                                    \
    {                                                                                              \
        (n), (n)                                                                                   \
    }
#define PARTS(...)                                                                                 \
    (const struct ingest_part[])                                                                   \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

const struct ingest_reference ingest_ref_lea = {
    {{"localEducationAgencies", PARTS(SAME("localEducationAgencyId"))}}};
const struct ingest_reference ingest_ref_school = {{{"schools", PARTS(SAME("schoolId"))}}};
const struct ingest_reference ingest_ref_organization = {
    {{"schools", PARTS({"educationOrganizationId", "schoolId"})},
     {"localEducationAgencies", PARTS({"educationOrganizationId", "localEducationAgencyId"})}}};
const struct ingest_reference ingest_ref_calendar = {
    {{"calendars", PARTS(SAME("calendarCode"), SAME("schoolId"), SAME("schoolYear"))}}};
const struct ingest_reference ingest_ref_grading_period = {
    {{"gradingPeriods", PARTS(SAME("gradingPeriodDescriptor"), SAME("gradingPeriodName"),
                              SAME("schoolId"), SAME("schoolYear"))}}};
const struct ingest_reference ingest_ref_session = {
    {{"sessions", PARTS(SAME("schoolId"), SAME("schoolYear"), SAME("sessionName"))}}};
const struct ingest_reference ingest_ref_class_period = {
    {{"classPeriods", PARTS(SAME("classPeriodName"), SAME("schoolId"))}}};
const struct ingest_reference ingest_ref_course = {
    {{"courses", PARTS(SAME("courseCode"), SAME("educationOrganizationId"))}}};
const struct ingest_reference ingest_ref_course_offering = {
    {{"courseOfferings",
      PARTS(SAME("localCourseCode"), SAME("schoolId"), SAME("schoolYear"), SAME("sessionName"))}}};
const struct ingest_reference ingest_ref_section = {
    {{"sections", PARTS(SAME("localCourseCode"), SAME("schoolId"), SAME("schoolYear"),
                        SAME("sectionIdentifier"), SAME("sessionName"))}}};
const struct ingest_reference ingest_ref_student = {{{"students", PARTS(SAME("studentUniqueId"))}}};
const struct ingest_reference ingest_ref_staff = {{{"staffs", PARTS(SAME("staffUniqueId"))}}};
const struct ingest_reference ingest_ref_cohort = {
    {{"cohorts", PARTS(SAME("cohortIdentifier"), SAME("educationOrganizationId"))}}};
const struct ingest_reference ingest_ref_calendar_date = {
    {{"calendarDates",
      PARTS(SAME("calendarCode"), SAME("date"), SAME("schoolId"), SAME("schoolYear"))}}};
const struct ingest_reference ingest_ref_contact = {{{"contacts", PARTS(SAME("contactUniqueId"))}}};
const struct ingest_reference ingest_ref_discipline_incident = {
    {{"disciplineIncidents", PARTS(SAME("incidentIdentifier"), SAME("schoolId"))}}};
const struct ingest_reference ingest_ref_student_section = {
    {{"studentSectionAssociations",
      PARTS(SAME("beginDate"), SAME("localCourseCode"), SAME("schoolId"), SAME("schoolYear"),
            SAME("sectionIdentifier"), SAME("sessionName"), SAME("studentUniqueId"))}}};
const struct ingest_reference ingest_ref_gradebook_entry = {
    {{"gradebookEntries", PARTS(SAME("gradebookEntryIdentifier"), SAME("namespace"))}}};
const struct ingest_reference ingest_ref_academic_record = {
    {{"studentAcademicRecords", PARTS(SAME("educationOrganizationId"), SAME("schoolYear"),
                                      SAME("studentUniqueId"), SAME("termDescriptor"))}}};
const struct ingest_reference ingest_ref_student_behavior = {
    {{"studentDisciplineIncidentBehaviorAssociations",
      PARTS(SAME("behaviorDescriptor"), SAME("incidentIdentifier"), SAME("schoolId"),
            SAME("studentUniqueId"))}}};
const struct ingest_reference ingest_ref_survey = {
    {{"surveys", PARTS(SAME("namespace"), SAME("surveyIdentifier"))}}};

const struct ingest_field ingest_nested_year[] = {WHOLE_REQ("schoolYear", YEAR), END};
static const struct ingest_field program_reference[] = {WHOLE_REQ("educationOrganizationId", 0),
                                                        TEXT_REQ("programName", 60),
                                                        DESC_REQ("programTypeDescriptor"), END};
const struct ingest_field ingest_nested_programs[] = {
    NEST_REQ("programReference", OBJECT, program_reference), END};
const struct ingest_field ingest_nested_class_periods[] = {
    REF_REQ("classPeriodReference", class_period), END};
