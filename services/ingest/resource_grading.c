/* SPDX-License-Identifier: Apache-2.0 */
/* Grades and gradebooks, credits earned, and the plans that say how many are needed. */
#include "ingest/resource_internal.h"

DESC_LIST(academic_subjects, "academicSubjectDescriptor");
DESC_LIST(credit_categories, "creditCategoryDescriptor");

static const struct ingest_field learning_standard_reference[] = {
    TEXT_REQ("learningStandardId", 60), END};
static const struct ingest_field learning_standards[] = {
    NEST_REQ("learningStandardReference", OBJECT, learning_standard_reference), END};
static const struct ingest_field learning_standard_grades[] = {
    NEST_REQ("learningStandardReference", OBJECT, learning_standard_reference),
    TEXT("diagnosticStatement", 1024),
    TEXT("letterGradeEarned", 20),
    PLAIN("numericGradeEarned", NUMBER),
    DESC("performanceBaseConversionDescriptor"),
    END};

const struct ingest_field ingest_fields_grade[] = {
    PLAIN_KEY("gradeTypeDescriptor", DESCRIPTOR),
    REF_KEY("gradingPeriodReference", grading_period),
    REF_KEY("studentSectionAssociationReference", student_section),
    PLAIN("currentGradeAsOfDate", DATE),
    PLAIN("currentGradeIndicator", BOOL),
    TEXT("diagnosticStatement", 1024),
    TEXT("gradeEarnedDescription", 64),
    NEST("learningStandardGrades", LIST, learning_standard_grades),
    TEXT("letterGradeEarned", 20),
    PLAIN("numericGradeEarned", NUMBER),
    DESC("performanceBaseConversionDescriptor"),
    END};
const struct ingest_field ingest_fields_gradebook_entry[] = {
    TEXT_KEY("gradebookEntryIdentifier", 60),
    TEXT_KEY("namespace", 255),
    PLAIN_REQ("dateAssigned", DATE),
    TEXT_REQ("sourceSectionIdentifier", 255),
    TEXT_REQ("title", 100),
    REF("gradingPeriodReference", grading_period),
    REF("sectionReference", section),
    TEXT("description", 1024),
    PLAIN("dueDate", DATE),
    PLAIN("dueTime", TIME),
    DESC("gradebookEntryTypeDescriptor"),
    NEST("learningStandards", LIST, learning_standards),
    PLAIN("maxPoints", NUMBER),
    END};
const struct ingest_field ingest_fields_student_gradebook_entry[] = {
    REF_KEY("gradebookEntryReference", gradebook_entry),
    REF_KEY("studentReference", student),
    DESC("assignmentLateStatusDescriptor"),
    DESC("competencyLevelDescriptor"),
    PLAIN("dateFulfilled", DATE),
    TEXT("diagnosticStatement", 1024),
    TEXT("letterGradeEarned", 20),
    PLAIN("numericGradeEarned", NUMBER),
    PLAIN("pointsEarned", NUMBER),
    DESC("submissionStatusDescriptor"),
    PLAIN("timeFulfilled", TIME),
    END};

/* ---- credits ---- */

#define ACHIEVEMENT                                                                                \
    DESC("achievementCategoryDescriptor"), TEXT("achievementCategorySystem", 60),                  \
        TEXT("achievementTitle", 60), TEXT("criteria", 150), TEXT("criteriaURL", 255),             \
        TEXT("evidenceStatement", 150), TEXT("imageURL", 255), TEXT("issuerName", 150),            \
        TEXT("issuerOriginURL", 255)
#define CREDITS(n)                                                                                 \
    PLAIN(n "CreditConversion", NUMBER), PLAIN(n "Credits", NUMBER), DESC(n "CreditTypeDescriptor")

static const struct ingest_field academic_honors[] = {DESC_REQ("academicHonorCategoryDescriptor"),
                                                      TEXT_REQ("honorDescription", 80),
                                                      ACHIEVEMENT,
                                                      PLAIN("honorAwardDate", DATE),
                                                      PLAIN("honorAwardExpiresDate", DATE),
                                                      END};
static const struct ingest_field class_ranking[] = {
    WHOLE_REQ("classRank", INT), WHOLE_REQ("totalNumberInClass", INT),
    PLAIN("classRankingDate", DATE), WHOLE("percentageRanking", INT), END};
static const struct ingest_field diplomas[] = {PLAIN_REQ("diplomaAwardDate", DATE),
                                               DESC_REQ("diplomaTypeDescriptor"),
                                               ACHIEVEMENT,
                                               PLAIN("cteCompleter", BOOL),
                                               PLAIN("diplomaAwardExpiresDate", DATE),
                                               TEXT("diplomaDescription", 80),
                                               DESC("diplomaLevelDescriptor"),
                                               END};
static const struct ingest_field grade_point_averages[] = {
    DESC_REQ("gradePointAverageTypeDescriptor"), PLAIN_REQ("gradePointAverageValue", NUMBER),
    PLAIN("isCumulative", BOOL), PLAIN("maxGradePointAverageValue", NUMBER), END};
static const struct ingest_field recognitions[] = {
    DESC_REQ("recognitionTypeDescriptor"), ACHIEVEMENT,
    PLAIN("recognitionAwardDate", DATE),   PLAIN("recognitionAwardExpiresDate", DATE),
    TEXT("recognitionDescription", 80),    END};

const struct ingest_field ingest_fields_student_academic_record[] = {
    REF_KEY("educationOrganizationReference", organization),
    NEST_KEY("schoolYearTypeReference", OBJECT, ingest_nested_year),
    REF_KEY("studentReference", student),
    PLAIN_KEY("termDescriptor", DESCRIPTOR),
    NEST("academicHonors", LIST, academic_honors),
    NEST("classRanking", OBJECT, class_ranking),
    CREDITS("cumulativeAttempted"),
    CREDITS("cumulativeEarned"),
    NEST("diplomas", LIST, diplomas),
    NEST("gradePointAverages", LIST, grade_point_averages),
    PLAIN("projectedGraduationDate", DATE),
    NEST("recognitions", LIST, recognitions),
    CREDITS("sessionAttempted"),
    CREDITS("sessionEarned"),
    END};

static const struct ingest_field alternative_codes[] = {
    DESC_REQ("courseIdentificationSystemDescriptor"), TEXT_REQ("identificationCode", 60),
    TEXT("assigningOrganizationIdentificationCode", 60), TEXT("courseCatalogURL", 255), END};
static const struct ingest_field course_program_reference[] = {
    WHOLE_REQ("educationOrganizationId", 0), TEXT_REQ("programName", 60),
    DESC_REQ("programTypeDescriptor"), END};
static const struct ingest_field course_programs[] = {
    NEST_REQ("courseProgramReference", OBJECT, course_program_reference), END};
static const struct ingest_field additional_credits[] = {DESC_REQ("additionalCreditTypeDescriptor"),
                                                         PLAIN_REQ("credits", NUMBER), END};
static const struct ingest_field partial_awards[] = {
    PLAIN_REQ("awardDate", DATE),   PLAIN_REQ("earnedCredits", NUMBER),
    TEXT("letterGradeEarned", 20),  DESC("methodCreditEarnedDescriptor"),
    TEXT("numericGradeEarned", 20), END};
static const struct ingest_field transcript_sections[] = {REF_REQ("sectionReference", section),
                                                          END};

const struct ingest_field ingest_fields_course_transcript[] = {
    PLAIN_KEY("courseAttemptResultDescriptor", DESCRIPTOR),
    REF_KEY("courseReference", course),
    REF_KEY("studentAcademicRecordReference", academic_record),
    REF("externalEducationOrganizationReference", organization),
    REF("responsibleTeacherStaffReference", staff),
    NEST("academicSubjects", LIST, academic_subjects),
    NEST("alternativeCourseIdentificationCodes", LIST, alternative_codes),
    TEXT("alternativeCourseTitle", 60),
    TEXT("assigningOrganizationIdentificationCode", 60),
    CREDITS("attempted"),
    TEXT("courseCatalogURL", 255),
    NEST("coursePrograms", LIST, course_programs),
    DESC("courseRepeatCodeDescriptor"),
    TEXT("courseTitle", 60),
    NEST("creditCategories", LIST, credit_categories),
    NEST("earnedAdditionalCredits", LIST, additional_credits),
    CREDITS("earned"),
    TEXT("externalEducationOrganizationNameOfInstitution", 75),
    TEXT("finalLetterGradeEarned", 20),
    PLAIN("finalNumericGradeEarned", NUMBER),
    DESC("methodCreditEarnedDescriptor"),
    NEST("partialCourseTranscriptAwards", LIST, partial_awards),
    NEST("sections", LIST, transcript_sections),
    DESC("whenTakenGradeLevelDescriptor"),
    END};

/* ---- what is needed to graduate ---- */

#define NEEDED                                                                                     \
    PLAIN_REQ("credits", NUMBER), PLAIN("creditConversion", NUMBER), DESC("creditTypeDescriptor")

static const struct ingest_field plan_courses[] = {REF_REQ("courseReference", course), END};
static const struct ingest_field credits_by_course[] = {TEXT_REQ("courseSetName", 120), NEEDED,
                                                        NEST_REQ("courses", LIST, plan_courses),
                                                        DESC("whenTakenGradeLevelDescriptor"), END};
static const struct ingest_field credits_by_category[] = {DESC_REQ("creditCategoryDescriptor"),
                                                          NEEDED, END};
static const struct ingest_field credits_by_subject[] = {DESC_REQ("academicSubjectDescriptor"),
                                                         NEEDED, END};

const struct ingest_field ingest_fields_graduation_plan[] = {
    REF_KEY("educationOrganizationReference", organization),
    PLAIN_KEY("graduationPlanTypeDescriptor", DESCRIPTOR),
    NEST_KEY("graduationSchoolYearTypeReference", OBJECT, ingest_nested_year),
    PLAIN_REQ("totalRequiredCredits", NUMBER),
    NEST("creditsByCourses", LIST, credits_by_course),
    NEST("creditsByCreditCategories", LIST, credits_by_category),
    NEST("creditsBySubjects", LIST, credits_by_subject),
    PLAIN("individualPlan", BOOL),
    PLAIN("totalRequiredCreditConversion", NUMBER),
    DESC("totalRequiredCreditTypeDescriptor"),
    END};
