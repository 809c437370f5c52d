/* SPDX-License-Identifier: Apache-2.0 */
/* Source of names, lengths and keys: Ed-Fi Data Standard 5.2 (the relational model of its ODS/API). Left out on purpose, so that Kith
 * never holds them: identity documents, visas, race and ethnicity, home addresses, wages. */
#include "ingest/resource_internal.h"

#include <stddef.h>

#define YEAR 32767
#define INT  2147483647

#define TEXT(n, m)                                                                                 \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m)                                               \
    }
#define TEXT_REQ(n, m)                                                                             \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m), .required = true                             \
    }
#define TEXT_KEY(n, m)                                                                             \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m), .required = true, .key = true                \
    }
#define ID_KEY(n)                                                                                  \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .required = true, .key = true                           \
    }
#define WHOLE(n, m)                                                                                \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .max = (m)                                              \
    }
#define WHOLE_REQ(n, m)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .max = (m), .required = true                            \
    }
#define PLAIN(n, t)                                                                                \
    {                                                                                              \
        .name = (n), .type = INGEST_##t                                                            \
    }
#define PLAIN_REQ(n, t)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .required = true                                          \
    }
#define PLAIN_KEY(n, t)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .required = true, .key = true                             \
    }
#define DESC(n)     PLAIN(n, DESCRIPTOR)
#define DESC_REQ(n) PLAIN_REQ(n, DESCRIPTOR)
#define NEST(n, t, f)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f)                                             \
    }
#define NEST_REQ(n, t, f)                                                                          \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f), .required = true                           \
    }
#define NEST_KEY(n, t, f)                                                                          \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f), .required = true, .key = true              \
    }
#define REF(n, r)                                                                                  \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &(r)                                   \
    }
#define REF_REQ(n, r)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &(r), .required = true                 \
    }
#define REF_KEY(n, r)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &(r), .required = true, .key = true    \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
/* One descriptor in an object of a list: gradeLevels, academicSubjects, ... */
#define DESC_LIST(var, n) static const struct ingest_field var[] = {DESC_REQ(n), END}

/* ---- references ---- */

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

static const struct ingest_reference ref_lea = {
    {{"localEducationAgencies", PARTS(SAME("localEducationAgencyId"))}}};
static const struct ingest_reference ref_school = {{{"schools", PARTS(SAME("schoolId"))}}};
static const struct ingest_reference ref_organization = {
    {{"schools", PARTS({"educationOrganizationId", "schoolId"})},
     {"localEducationAgencies", PARTS({"educationOrganizationId", "localEducationAgencyId"})}}};
static const struct ingest_reference ref_calendar = {
    {{"calendars", PARTS(SAME("calendarCode"), SAME("schoolId"), SAME("schoolYear"))}}};
static const struct ingest_reference ref_grading_period = {
    {{"gradingPeriods", PARTS(SAME("gradingPeriodDescriptor"), SAME("gradingPeriodName"),
                              SAME("schoolId"), SAME("schoolYear"))}}};
static const struct ingest_reference ref_session = {
    {{"sessions", PARTS(SAME("schoolId"), SAME("schoolYear"), SAME("sessionName"))}}};
static const struct ingest_reference ref_class_period = {
    {{"classPeriods", PARTS(SAME("classPeriodName"), SAME("schoolId"))}}};
static const struct ingest_reference ref_course = {
    {{"courses", PARTS(SAME("courseCode"), SAME("educationOrganizationId"))}}};
static const struct ingest_reference ref_course_offering = {
    {{"courseOfferings",
      PARTS(SAME("localCourseCode"), SAME("schoolId"), SAME("schoolYear"), SAME("sessionName"))}}};
static const struct ingest_reference ref_section = {
    {{"sections", PARTS(SAME("localCourseCode"), SAME("schoolId"), SAME("schoolYear"),
                        SAME("sectionIdentifier"), SAME("sessionName"))}}};
static const struct ingest_reference ref_student = {{{"students", PARTS(SAME("studentUniqueId"))}}};
static const struct ingest_reference ref_staff = {{{"staffs", PARTS(SAME("staffUniqueId"))}}};
static const struct ingest_reference ref_cohort = {
    {{"cohorts", PARTS(SAME("cohortIdentifier"), SAME("educationOrganizationId"))}}};

/* ---- nested fields ---- */

DESC_LIST(organization_categories, "educationOrganizationCategoryDescriptor");
DESC_LIST(grade_levels, "gradeLevelDescriptor");
DESC_LIST(school_categories, "schoolCategoryDescriptor");
DESC_LIST(academic_subjects, "academicSubjectDescriptor");
DESC_LIST(competency_levels, "competencyLevelDescriptor");
DESC_LIST(course_level_characteristics, "courseLevelCharacteristicDescriptor");
DESC_LIST(curriculum_useds, "curriculumUsedDescriptor");
DESC_LIST(section_characteristics, "sectionCharacteristicDescriptor");
DESC_LIST(calendar_events, "calendarEventDescriptor");
DESC_LIST(education_plans, "educationPlanDescriptor");
DESC_LIST(weapons, "weaponDescriptor");

static const struct ingest_field organization_codes[] = {
    TEXT_REQ("identificationCode", 60),
    DESC_REQ("educationOrganizationIdentificationSystemDescriptor"), END};
static const struct ingest_field organization_telephones[] = {
    TEXT_REQ("telephoneNumber", 24), DESC_REQ("institutionTelephoneNumberTypeDescriptor"), END};
static const struct ingest_field course_codes[] = {
    TEXT_REQ("identificationCode", 60), DESC_REQ("courseIdentificationSystemDescriptor"),
    TEXT("assigningOrganizationIdentificationCode", 60), TEXT("courseCatalogURL", 255), END};
static const struct ingest_field staff_codes[] = {
    TEXT_REQ("identificationCode", 60), DESC_REQ("staffIdentificationSystemDescriptor"),
    TEXT("assigningOrganizationIdentificationCode", 60), END};
static const struct ingest_field mails[] = {
    TEXT_REQ("electronicMailAddress", 128), DESC_REQ("electronicMailTypeDescriptor"),
    PLAIN("doNotPublishIndicator", BOOL), PLAIN("primaryEmailAddressIndicator", BOOL), END};
static const struct ingest_field telephones[] = {TEXT_REQ("telephoneNumber", 24),
                                                 DESC_REQ("telephoneNumberTypeDescriptor"),
                                                 PLAIN("doNotPublishIndicator", BOOL),
                                                 WHOLE("orderOfPriority", INT),
                                                 PLAIN("textMessageCapabilityIndicator", BOOL),
                                                 END};
static const struct ingest_field other_names[] = {DESC_REQ("otherNameTypeDescriptor"),
                                                  TEXT_REQ("firstName", 75),
                                                  TEXT_REQ("lastSurname", 75),
                                                  TEXT("middleName", 75),
                                                  TEXT("generationCodeSuffix", 10),
                                                  TEXT("personalTitlePrefix", 30),
                                                  END};
static const struct ingest_field meeting_times[] = {PLAIN_REQ("startTime", TIME),
                                                    PLAIN_REQ("endTime", TIME), END};
static const struct ingest_field behaviors[] = {DESC_REQ("behaviorDescriptor"),
                                                TEXT("behaviorDetailedDescription", 1024), END};
static const struct ingest_field external_participants[] = {
    DESC_REQ("disciplineIncidentParticipationCodeDescriptor"), TEXT_REQ("firstName", 75),
    TEXT_REQ("lastSurname", 75), END};
static const struct ingest_field session_grading_periods[] = {
    REF_REQ("gradingPeriodReference", ref_grading_period), END};
static const struct ingest_field section_class_periods[] = {
    REF_REQ("classPeriodReference", ref_class_period), END};

/* References to what is not served: kept, not checked. */
static const struct ingest_field year_reference[] = {WHOLE_REQ("schoolYear", YEAR), END};
static const struct ingest_field program_reference[] = {WHOLE_REQ("educationOrganizationId", 0),
                                                        TEXT_REQ("programName", 60),
                                                        DESC_REQ("programTypeDescriptor"), END};
static const struct ingest_field programs[] = {
    NEST_REQ("programReference", OBJECT, program_reference), END};
static const struct ingest_field location_reference[] = {
    TEXT_REQ("classroomIdentificationCode", 60), WHOLE_REQ("schoolId", 0), END};
static const struct ingest_field week_reference[] = {WHOLE_REQ("schoolId", 0),
                                                     TEXT_REQ("weekIdentifier", 80), END};
static const struct ingest_field session_weeks[] = {
    NEST_REQ("academicWeekReference", OBJECT, week_reference), END};
static const struct ingest_field person_reference[] = {TEXT_REQ("personId", 32),
                                                       DESC_REQ("sourceSystemDescriptor"), END};
static const struct ingest_field service_center_reference[] = {
    WHOLE_REQ("educationServiceCenterId", 0), END};
static const struct ingest_field state_agency_reference[] = {WHOLE_REQ("stateEducationAgencyId", 0),
                                                             END};
static const struct ingest_field graduation_plan_reference[] = {
    WHOLE_REQ("educationOrganizationId", 0), DESC_REQ("graduationPlanTypeDescriptor"),
    WHOLE_REQ("graduationSchoolYear", YEAR), END};

/* ---- resources ---- */

#define ORGANIZATION                                                                               \
    TEXT_REQ("nameOfInstitution", 75), TEXT("shortNameOfInstitution", 75), TEXT("webSite", 255),   \
        DESC("operationalStatusDescriptor"),                                                       \
        NEST("identificationCodes", LIST, organization_codes),                                     \
        NEST("institutionTelephones", LIST, organization_telephones),                              \
        DESC("charterStatusDescriptor")

const struct ingest_field ingest_fields_local_education_agency[] = {
    ID_KEY("localEducationAgencyId"),
    ORGANIZATION,
    DESC_REQ("localEducationAgencyCategoryDescriptor"),
    NEST_REQ("categories", LIST, organization_categories),
    REF("parentLocalEducationAgencyReference", ref_lea),
    NEST("educationServiceCenterReference", OBJECT, service_center_reference),
    NEST("stateEducationAgencyReference", OBJECT, state_agency_reference),
    END};
const struct ingest_field ingest_fields_school[] = {
    ID_KEY("schoolId"),
    ORGANIZATION,
    NEST_REQ("educationOrganizationCategories", LIST, organization_categories),
    NEST_REQ("gradeLevels", LIST, grade_levels),
    NEST("schoolCategories", LIST, school_categories),
    REF("localEducationAgencyReference", ref_lea),
    DESC("administrativeFundingControlDescriptor"),
    DESC("charterApprovalAgencyTypeDescriptor"),
    NEST("charterApprovalSchoolYearTypeReference", OBJECT, year_reference),
    DESC("internetAccessDescriptor"),
    DESC("magnetSpecialProgramEmphasisSchoolDescriptor"),
    DESC("schoolTypeDescriptor"),
    DESC("titleIPartASchoolDesignationDescriptor"),
    END};
const struct ingest_field ingest_fields_calendar[] = {
    TEXT_KEY("calendarCode", 60),
    REF_KEY("schoolReference", ref_school),
    NEST_KEY("schoolYearTypeReference", OBJECT, year_reference),
    DESC_REQ("calendarTypeDescriptor"),
    NEST("gradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_calendar_date[] = {
    REF_KEY("calendarReference", ref_calendar), PLAIN_KEY("date", DATE),
    NEST_REQ("calendarEvents", LIST, calendar_events), END};
const struct ingest_field ingest_fields_grading_period[] = {
    PLAIN_KEY("gradingPeriodDescriptor", DESCRIPTOR),
    TEXT_KEY("gradingPeriodName", 60),
    REF_KEY("schoolReference", ref_school),
    NEST_KEY("schoolYearTypeReference", OBJECT, year_reference),
    PLAIN_REQ("beginDate", DATE),
    PLAIN_REQ("endDate", DATE),
    WHOLE("periodSequence", INT),
    WHOLE_REQ("totalInstructionalDays", INT),
    END};
const struct ingest_field ingest_fields_session[] = {
    TEXT_KEY("sessionName", 60),
    REF_KEY("schoolReference", ref_school),
    NEST_KEY("schoolYearTypeReference", OBJECT, year_reference),
    PLAIN_REQ("beginDate", DATE),
    PLAIN_REQ("endDate", DATE),
    DESC_REQ("termDescriptor"),
    WHOLE_REQ("totalInstructionalDays", INT),
    NEST("gradingPeriods", LIST, session_grading_periods),
    NEST("academicWeeks", LIST, session_weeks),
    END};
const struct ingest_field ingest_fields_class_period[] = {
    TEXT_KEY("classPeriodName", 60), REF_KEY("schoolReference", ref_school),
    NEST("meetingTimes", LIST, meeting_times), PLAIN("officialAttendancePeriod", BOOL), END};
const struct ingest_field ingest_fields_course[] = {
    TEXT_KEY("courseCode", 60),
    REF_KEY("educationOrganizationReference", ref_organization),
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
    REF_KEY("schoolReference", ref_school),
    REF_KEY("sessionReference", ref_session),
    REF_REQ("courseReference", ref_course),
    TEXT("localCourseTitle", 60),
    WHOLE("instructionalTimePlanned", INT),
    NEST("courseLevelCharacteristics", LIST, course_level_characteristics),
    NEST("curriculumUseds", LIST, curriculum_useds),
    NEST("offeredGradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_section[] = {
    TEXT_KEY("sectionIdentifier", 255),
    REF_KEY("courseOfferingReference", ref_course_offering),
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
    REF("locationSchoolReference", ref_school),
    NEST("classPeriods", LIST, section_class_periods),
    NEST("characteristics", LIST, section_characteristics),
    NEST("courseLevelCharacteristics", LIST, course_level_characteristics),
    NEST("offeredGradeLevels", LIST, grade_levels),
    NEST("programs", LIST, programs),
    END};

#define PERSON                                                                                     \
    TEXT_REQ("firstName", 75), TEXT("middleName", 75), TEXT_REQ("lastSurname", 75),                \
        TEXT("preferredFirstName", 75), TEXT("preferredLastSurname", 75), TEXT("maidenName", 75),  \
        TEXT("generationCodeSuffix", 10), TEXT("personalTitlePrefix", 30),                         \
        NEST("otherNames", LIST, other_names), NEST("personReference", OBJECT, person_reference)

const struct ingest_field ingest_fields_student[] = {TEXT_KEY("studentUniqueId", 32),
                                                     PERSON,
                                                     PLAIN_REQ("birthDate", DATE),
                                                     DESC("birthSexDescriptor"),
                                                     PLAIN("dateEnteredUS", DATE),
                                                     PLAIN("multipleBirthStatus", BOOL),
                                                     END};
const struct ingest_field ingest_fields_staff[] = {
    TEXT_KEY("staffUniqueId", 32),
    PERSON,
    PLAIN("birthDate", DATE),
    DESC("sexDescriptor"),
    TEXT("loginId", 60),
    DESC("highestCompletedLevelOfEducationDescriptor"),
    PLAIN("highlyQualifiedTeacher", BOOL),
    PLAIN("yearsOfPriorProfessionalExperience", NUMBER),
    PLAIN("yearsOfPriorTeachingExperience", NUMBER),
    NEST("electronicMails", LIST, mails),
    NEST("telephones", LIST, telephones),
    NEST("identificationCodes", LIST, staff_codes),
    END};
const struct ingest_field ingest_fields_cohort[] = {
    TEXT_KEY("cohortIdentifier", 36), REF_KEY("educationOrganizationReference", ref_organization),
    DESC_REQ("cohortTypeDescriptor"), DESC("cohortScopeDescriptor"),
    TEXT("cohortDescription", 1024),  DESC("academicSubjectDescriptor"),
    NEST("programs", LIST, programs), END};
const struct ingest_field ingest_fields_staff_school_association[] = {
    PLAIN_KEY("programAssignmentDescriptor", DESCRIPTOR),
    REF_KEY("schoolReference", ref_school),
    REF_KEY("staffReference", ref_staff),
    REF("calendarReference", ref_calendar),
    NEST("schoolYearTypeReference", OBJECT, year_reference),
    NEST("academicSubjects", LIST, academic_subjects),
    NEST("gradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_staff_section_association[] = {
    PLAIN_KEY("beginDate", DATE),
    REF_KEY("sectionReference", ref_section),
    REF_KEY("staffReference", ref_staff),
    DESC_REQ("classroomPositionDescriptor"),
    PLAIN("endDate", DATE),
    PLAIN("highlyQualifiedTeacher", BOOL),
    PLAIN("percentageContribution", NUMBER),
    PLAIN("teacherStudentDataLinkExclusion", BOOL),
    END};
const struct ingest_field ingest_fields_staff_cohort_association[] = {
    PLAIN_KEY("beginDate", DATE),         REF_KEY("cohortReference", ref_cohort),
    REF_KEY("staffReference", ref_staff), PLAIN("endDate", DATE),
    PLAIN("studentRecordAccess", BOOL),   END};
const struct ingest_field ingest_fields_staff_assignment_association[] = {
    PLAIN_KEY("beginDate", DATE),
    REF_KEY("educationOrganizationReference", ref_organization),
    PLAIN_KEY("staffClassificationDescriptor", DESCRIPTOR),
    REF_KEY("staffReference", ref_staff),
    PLAIN("endDate", DATE),
    PLAIN("fullTimeEquivalency", NUMBER),
    WHOLE("orderOfAssignment", INT),
    TEXT("positionTitle", 100),
    END};
const struct ingest_field ingest_fields_student_school_association[] = {
    PLAIN_KEY("entryDate", DATE),
    REF_KEY("schoolReference", ref_school),
    REF_KEY("studentReference", ref_student),
    DESC_REQ("entryGradeLevelDescriptor"),
    REF("calendarReference", ref_calendar),
    NEST("schoolYearTypeReference", OBJECT, year_reference),
    NEST("classOfSchoolYearTypeReference", OBJECT, year_reference),
    NEST("graduationPlanReference", OBJECT, graduation_plan_reference),
    REF("nextYearSchoolReference", ref_school),
    DESC("enrollmentTypeDescriptor"),
    DESC("entryGradeLevelReasonDescriptor"),
    DESC("entryTypeDescriptor"),
    PLAIN("exitWithdrawDate", DATE),
    DESC("exitWithdrawTypeDescriptor"),
    PLAIN("fullTimeEquivalency", NUMBER),
    DESC("nextYearGradeLevelDescriptor"),
    PLAIN("primarySchool", BOOL),
    PLAIN("repeatGradeIndicator", BOOL),
    DESC("residencyStatusDescriptor"),
    PLAIN("schoolChoice", BOOL),
    DESC("schoolChoiceBasisDescriptor"),
    PLAIN("schoolChoiceTransfer", BOOL),
    PLAIN("termCompletionIndicator", BOOL),
    PLAIN("employedWhileEnrolled", BOOL),
    NEST("educationPlans", LIST, education_plans),
    END};
const struct ingest_field ingest_fields_student_cohort_association[] = {
    PLAIN_KEY("beginDate", DATE), REF_KEY("cohortReference", ref_cohort),
    REF_KEY("studentReference", ref_student), PLAIN("endDate", DATE), END};

#define ATTENDANCE                                                                                 \
    {.name = "attendanceEventCategoryDescriptor",                                                  \
     .type = INGEST_DESCRIPTOR,                                                                    \
     .required = true,                                                                             \
     .key = true,                                                                                  \
     .bare = "uri://ed-fi.org/AttendanceEventCategoryDescriptor"},                                 \
        PLAIN_KEY("eventDate", DATE), REF_KEY("studentReference", ref_student),                    \
        TEXT("attendanceEventReason", 255), PLAIN("arrivalTime", TIME),                            \
        PLAIN("departureTime", TIME), PLAIN("eventDuration", NUMBER),                              \
        DESC("educationalEnvironmentDescriptor")

const struct ingest_field ingest_fields_student_school_attendance[] = {
    ATTENDANCE, REF_KEY("schoolReference", ref_school), REF_KEY("sessionReference", ref_session),
    WHOLE("schoolAttendanceDuration", INT), END};
const struct ingest_field ingest_fields_student_section_attendance[] = {
    ATTENDANCE, REF_KEY("sectionReference", ref_section), WHOLE("sectionAttendanceDuration", INT),
    NEST("classPeriods", LIST, section_class_periods), END};
const struct ingest_field ingest_fields_discipline_incident[] = {
    TEXT_KEY("incidentIdentifier", 36),
    REF_KEY("schoolReference", ref_school),
    PLAIN_REQ("incidentDate", DATE),
    PLAIN("incidentTime", TIME),
    TEXT("caseNumber", 20),
    PLAIN("incidentCost", NUMBER),
    TEXT("incidentDescription", 1024),
    DESC("incidentLocationDescriptor"),
    PLAIN("reportedToLawEnforcement", BOOL),
    DESC("reporterDescriptionDescriptor"),
    TEXT("reporterName", 75),
    NEST("behaviors", LIST, behaviors),
    NEST("externalParticipants", LIST, external_participants),
    NEST("weapons", LIST, weapons),
    END};
