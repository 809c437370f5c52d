/* SPDX-License-Identifier: Apache-2.0 */
/* Organizations, their calendars and what they offer: school years, districts, schools, calendars, sessions, bells, courses, sections. */
#include "ingest/resource_internal.h"

DESC_LIST(organization_categories, "educationOrganizationCategoryDescriptor");
DESC_LIST(grade_levels, "gradeLevelDescriptor");
DESC_LIST(school_categories, "schoolCategoryDescriptor");
DESC_LIST(academic_subjects, "academicSubjectDescriptor");
DESC_LIST(competency_levels, "competencyLevelDescriptor");
DESC_LIST(course_level_characteristics, "courseLevelCharacteristicDescriptor");
DESC_LIST(curriculum_useds, "curriculumUsedDescriptor");
DESC_LIST(section_characteristics, "sectionCharacteristicDescriptor");
DESC_LIST(calendar_events, "calendarEventDescriptor");
static const struct ingest_field organization_codes[] = {
    TEXT_REQ("identificationCode", 60),
    DESC_REQ("educationOrganizationIdentificationSystemDescriptor"), END};
static const struct ingest_field organization_telephones[] = {
    TEXT_REQ("telephoneNumber", 24), DESC_REQ("institutionTelephoneNumberTypeDescriptor"), END};
static const struct ingest_field course_codes[] = {
    TEXT_REQ("identificationCode", 60), DESC_REQ("courseIdentificationSystemDescriptor"),
    TEXT("assigningOrganizationIdentificationCode", 60), TEXT("courseCatalogURL", 255), END};
static const struct ingest_field meeting_times[] = {PLAIN_REQ("startTime", TIME),
                                                    PLAIN_REQ("endTime", TIME), END};
static const struct ingest_field session_grading_periods[] = {
    REF_REQ("gradingPeriodReference", grading_period), END};
static const struct ingest_field bell_dates[] = {PLAIN_REQ("date", DATE), END};
static const struct ingest_field location_reference[] = {
    TEXT_REQ("classroomIdentificationCode", 60), WHOLE_REQ("schoolId", 0), END};
static const struct ingest_field week_reference[] = {WHOLE_REQ("schoolId", 0),
                                                     TEXT_REQ("weekIdentifier", 80), END};
static const struct ingest_field session_weeks[] = {
    NEST_REQ("academicWeekReference", OBJECT, week_reference), END};
static const struct ingest_field service_center_reference[] = {
    WHOLE_REQ("educationServiceCenterId", 0), END};
static const struct ingest_field state_agency_reference[] = {WHOLE_REQ("stateEducationAgencyId", 0),
                                                             END};

#define ORGANIZATION                                                                               \
    TEXT_REQ("nameOfInstitution", 75), TEXT("shortNameOfInstitution", 75), TEXT("webSite", 255),   \
        DESC("operationalStatusDescriptor"),                                                       \
        NEST("identificationCodes", LIST, organization_codes),                                     \
        NEST("institutionTelephones", LIST, organization_telephones),                              \
        DESC("charterStatusDescriptor")

const struct ingest_field ingest_fields_school_year_type[] = {
    {.name = "schoolYear", .type = INGEST_INT64, .max = YEAR, .required = true, .key = true},
    PLAIN_REQ("currentSchoolYear", BOOL),
    TEXT_REQ("schoolYearDescription", 50),
    END};
const struct ingest_field ingest_fields_local_education_agency[] = {
    ID_KEY("localEducationAgencyId"),
    ORGANIZATION,
    DESC_REQ("localEducationAgencyCategoryDescriptor"),
    NEST_REQ("categories", LIST, organization_categories),
    REF("parentLocalEducationAgencyReference", lea),
    NEST("educationServiceCenterReference", OBJECT, service_center_reference),
    NEST("stateEducationAgencyReference", OBJECT, state_agency_reference),
    END};
const struct ingest_field ingest_fields_school[] = {
    ID_KEY("schoolId"),
    ORGANIZATION,
    NEST_REQ("educationOrganizationCategories", LIST, organization_categories),
    NEST_REQ("gradeLevels", LIST, grade_levels),
    NEST("schoolCategories", LIST, school_categories),
    REF("localEducationAgencyReference", lea),
    DESC("administrativeFundingControlDescriptor"),
    DESC("charterApprovalAgencyTypeDescriptor"),
    NEST("charterApprovalSchoolYearTypeReference", OBJECT, ingest_nested_year),
    DESC("internetAccessDescriptor"),
    DESC("magnetSpecialProgramEmphasisSchoolDescriptor"),
    DESC("schoolTypeDescriptor"),
    DESC("titleIPartASchoolDesignationDescriptor"),
    END};
const struct ingest_field ingest_fields_calendar[] = {
    TEXT_KEY("calendarCode", 60),
    REF_KEY("schoolReference", school),
    NEST_KEY("schoolYearTypeReference", OBJECT, ingest_nested_year),
    DESC_REQ("calendarTypeDescriptor"),
    NEST("gradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_calendar_date[] = {
    REF_KEY("calendarReference", calendar), PLAIN_KEY("date", DATE),
    NEST_REQ("calendarEvents", LIST, calendar_events), END};
const struct ingest_field ingest_fields_grading_period[] = {
    PLAIN_KEY("gradingPeriodDescriptor", DESCRIPTOR),
    TEXT_KEY("gradingPeriodName", 60),
    REF_KEY("schoolReference", school),
    NEST_KEY("schoolYearTypeReference", OBJECT, ingest_nested_year),
    PLAIN_REQ("beginDate", DATE),
    PLAIN_REQ("endDate", DATE),
    WHOLE("periodSequence", INT),
    WHOLE_REQ("totalInstructionalDays", INT),
    END};
const struct ingest_field ingest_fields_session[] = {
    TEXT_KEY("sessionName", 60),
    REF_KEY("schoolReference", school),
    NEST_KEY("schoolYearTypeReference", OBJECT, ingest_nested_year),
    PLAIN_REQ("beginDate", DATE),
    PLAIN_REQ("endDate", DATE),
    DESC_REQ("termDescriptor"),
    WHOLE_REQ("totalInstructionalDays", INT),
    NEST("gradingPeriods", LIST, session_grading_periods),
    NEST("academicWeeks", LIST, session_weeks),
    END};
const struct ingest_field ingest_fields_class_period[] = {
    TEXT_KEY("classPeriodName", 60), REF_KEY("schoolReference", school),
    NEST("meetingTimes", LIST, meeting_times), PLAIN("officialAttendancePeriod", BOOL), END};
const struct ingest_field ingest_fields_bell_schedule[] = {
    TEXT_KEY("bellScheduleName", 60),
    REF_KEY("schoolReference", school),
    NEST_REQ("classPeriods", LIST, ingest_nested_class_periods),
    TEXT("alternateDayName", 20),
    NEST("dates", LIST, bell_dates),
    PLAIN("endTime", TIME),
    NEST("gradeLevels", LIST, grade_levels),
    PLAIN("startTime", TIME),
    WHOLE("totalInstructionalTime", INT),
    END};
const struct ingest_field ingest_fields_course[] = {
    TEXT_KEY("courseCode", 60),
    REF_KEY("educationOrganizationReference", organization),
    TEXT_REQ("courseTitle", 60),
    WHOLE_REQ("numberOfParts", INT),
    NEST_REQ("identificationCodes", LIST, course_codes),
    NEST("academicSubjects", LIST, academic_subjects),
    NEST("competencyLevels", LIST, competency_levels),
    NEST("levelCharacteristics", LIST, course_level_characteristics),
    NEST("offeredGradeLevels", LIST, grade_levels),
    DESC("careerPathwayDescriptor"),
    DESC("courseDefinedByDescriptor"),
    TEXT("courseDescription", 1024),
    DESC("courseGPAApplicabilityDescriptor"),
    PLAIN("dateCourseAdopted", DATE),
    PLAIN("highSchoolCourseRequirement", BOOL),
    WHOLE("maxCompletionsForCredit", INT),
    PLAIN("maximumAvailableCreditConversion", NUMBER),
    PLAIN("maximumAvailableCredits", NUMBER),
    DESC("maximumAvailableCreditTypeDescriptor"),
    PLAIN("minimumAvailableCreditConversion", NUMBER),
    PLAIN("minimumAvailableCredits", NUMBER),
    DESC("minimumAvailableCreditTypeDescriptor"),
    WHOLE("timeRequiredForCompletion", INT),
    END};
const struct ingest_field ingest_fields_course_offering[] = {
    TEXT_KEY("localCourseCode", 60),
    REF_KEY("schoolReference", school),
    REF_KEY("sessionReference", session),
    REF_REQ("courseReference", course),
    TEXT("localCourseTitle", 60),
    WHOLE("instructionalTimePlanned", INT),
    NEST("courseLevelCharacteristics", LIST, course_level_characteristics),
    NEST("curriculumUseds", LIST, curriculum_useds),
    NEST("offeredGradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_section[] = {
    TEXT_KEY("sectionIdentifier", 255),
    REF_KEY("courseOfferingReference", course_offering),
    TEXT("sectionName", 100),
    PLAIN("availableCreditConversion", NUMBER),
    PLAIN("availableCredits", NUMBER),
    DESC("availableCreditTypeDescriptor"),
    DESC("educationalEnvironmentDescriptor"),
    DESC("instructionLanguageDescriptor"),
    DESC("mediumOfInstructionDescriptor"),
    PLAIN("officialAttendancePeriod", BOOL),
    DESC("populationServedDescriptor"),
    DESC("sectionTypeDescriptor"),
    WHOLE("sequenceOfCourse", INT),
    NEST("locationReference", OBJECT, location_reference),
    REF("locationSchoolReference", school),
    NEST("classPeriods", LIST, ingest_nested_class_periods),
    NEST("characteristics", LIST, section_characteristics),
    NEST("courseLevelCharacteristics", LIST, course_level_characteristics),
    NEST("offeredGradeLevels", LIST, grade_levels),
    NEST("programs", LIST, ingest_nested_programs),
    END};
