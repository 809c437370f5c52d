/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs where, and from when to when: to schools, sections and cohorts, as student or as staff. */
#include "ingest/resource_internal.h"

DESC_LIST(grade_levels, "gradeLevelDescriptor");
DESC_LIST(academic_subjects, "academicSubjectDescriptor");
DESC_LIST(education_plans, "educationPlanDescriptor");
/* kept, not checked: an enrollment must not be lost for a plan that was never sent */
static const struct ingest_field graduation_plan_reference[] = {
    WHOLE_REQ("educationOrganizationId", 0), DESC_REQ("graduationPlanTypeDescriptor"),
    WHOLE_REQ("graduationSchoolYear", YEAR), END};

const struct ingest_field ingest_fields_cohort[] = {
    TEXT_KEY("cohortIdentifier", 36),
    REF_KEY("educationOrganizationReference", organization),
    DESC_REQ("cohortTypeDescriptor"),
    DESC("cohortScopeDescriptor"),
    TEXT("cohortDescription", 1024),
    DESC("academicSubjectDescriptor"),
    NEST("programs", LIST, ingest_nested_programs),
    END};
const struct ingest_field ingest_fields_staff_school_association[] = {
    PLAIN_KEY("programAssignmentDescriptor", DESCRIPTOR),
    REF_KEY("schoolReference", school),
    REF_KEY("staffReference", staff),
    REF("calendarReference", calendar),
    NEST("schoolYearTypeReference", OBJECT, ingest_nested_year),
    NEST("academicSubjects", LIST, academic_subjects),
    NEST("gradeLevels", LIST, grade_levels),
    END};
const struct ingest_field ingest_fields_staff_section_association[] = {
    PLAIN_KEY("beginDate", DATE),
    REF_KEY("sectionReference", section),
    REF_KEY("staffReference", staff),
    DESC_REQ("classroomPositionDescriptor"),
    PLAIN("endDate", DATE),
    PLAIN("highlyQualifiedTeacher", BOOL),
    PLAIN("percentageContribution", NUMBER),
    PLAIN("teacherStudentDataLinkExclusion", BOOL),
    END};
const struct ingest_field ingest_fields_staff_cohort_association[] = {
    PLAIN_KEY("beginDate", DATE),       REF_KEY("cohortReference", cohort),
    REF_KEY("staffReference", staff),   PLAIN("endDate", DATE),
    PLAIN("studentRecordAccess", BOOL), END};
const struct ingest_field ingest_fields_staff_assignment_association[] = {
    PLAIN_KEY("beginDate", DATE),
    REF_KEY("educationOrganizationReference", organization),
    PLAIN_KEY("staffClassificationDescriptor", DESCRIPTOR),
    REF_KEY("staffReference", staff),
    PLAIN("endDate", DATE),
    PLAIN("fullTimeEquivalency", NUMBER),
    WHOLE("orderOfAssignment", INT),
    TEXT("positionTitle", 100),
    END};
const struct ingest_field ingest_fields_student_school_association[] = {
    PLAIN_KEY("entryDate", DATE),
    REF_KEY("schoolReference", school),
    REF_KEY("studentReference", student),
    DESC_REQ("entryGradeLevelDescriptor"),
    REF("calendarReference", calendar),
    NEST("schoolYearTypeReference", OBJECT, ingest_nested_year),
    NEST("classOfSchoolYearTypeReference", OBJECT, ingest_nested_year),
    NEST("graduationPlanReference", OBJECT, graduation_plan_reference),
    REF("nextYearSchoolReference", school),
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
const struct ingest_field ingest_fields_student_section_association[] = {
    PLAIN_KEY("beginDate", DATE),
    REF_KEY("sectionReference", section),
    REF_KEY("studentReference", student),
    DESC("attemptStatusDescriptor"),
    REF("dualCreditEducationOrganizationReference", organization),
    PLAIN("dualCreditIndicator", BOOL),
    DESC("dualCreditInstitutionDescriptor"),
    DESC("dualCreditTypeDescriptor"),
    PLAIN("dualHighSchoolCreditIndicator", BOOL),
    PLAIN("endDate", DATE),
    PLAIN("homeroomIndicator", BOOL),
    NEST("programs", LIST, ingest_nested_programs),
    DESC("repeatIdentifierDescriptor"),
    PLAIN("teacherStudentDataLinkExclusion", BOOL),
    END};
const struct ingest_field ingest_fields_student_cohort_association[] = {
    PLAIN_KEY("beginDate", DATE), REF_KEY("cohortReference", cohort),
    REF_KEY("studentReference", student), PLAIN("endDate", DATE), END};
