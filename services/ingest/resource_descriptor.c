/* SPDX-License-Identifier: Apache-2.0 */
/* Every descriptor that a field of ours may hold, as a resource of its own, so that clients which push descriptors first may do so. All
 * have the same fields and key. No reference is checked against them: a district's codes are taken as they come, described or not. */
#include <assert.h>
#include <string.h>

#include "ingest/resource_internal.h"
#include "kith/cleanup.h"

static const struct ingest_field fields[] = {TEXT_KEY("codeValue", 50),
                                             TEXT_KEY("namespace", 255),
                                             TEXT_REQ("shortDescription", 75),
                                             TEXT("description", 1024),
                                             PLAIN("effectiveBeginDate", DATE),
                                             PLAIN("effectiveEndDate", DATE),
                                             END};

static const struct ingest_key_part key[] = {
    {"codeValue", INGEST_TEXT, 50, {"codeValue"}},
    {"namespace", INGEST_TEXT, 255, {"namespace"}},
};

#define DESCRIPTOR(n)                                                                              \
    {                                                                                              \
        .name = n "Descriptors", .name_n = sizeof(n "Descriptors") - 1,                            \
        .singular = n "Descriptor", .order = 1, .descriptor = true, .fields = fields, .key = key,  \
        .key_n = KITH_LEN(key)                                                                     \
    }

const struct ingest_resource ingest_descriptors[] = {
    DESCRIPTOR("academicHonorCategory"),
    DESCRIPTOR("academicSubject"),
    DESCRIPTOR("achievementCategory"),
    DESCRIPTOR("additionalCreditType"),
    DESCRIPTOR("administrativeFundingControl"),
    DESCRIPTOR("assignmentLateStatus"),
    DESCRIPTOR("attemptStatus"),
    DESCRIPTOR("attendanceEventCategory"),
    DESCRIPTOR("behavior"),
    DESCRIPTOR("calendarEvent"),
    DESCRIPTOR("calendarType"),
    DESCRIPTOR("careerPathway"),
    DESCRIPTOR("charterApprovalAgencyType"),
    DESCRIPTOR("charterStatus"),
    DESCRIPTOR("classroomPosition"),
    DESCRIPTOR("cohortScope"),
    DESCRIPTOR("cohortType"),
    DESCRIPTOR("competencyLevel"),
    DESCRIPTOR("courseAttemptResult"),
    DESCRIPTOR("courseDefinedBy"),
    DESCRIPTOR("courseGPAApplicability"),
    DESCRIPTOR("courseIdentificationSystem"),
    DESCRIPTOR("courseLevelCharacteristic"),
    DESCRIPTOR("courseRepeatCode"),
    DESCRIPTOR("creditCategory"),
    DESCRIPTOR("creditType"),
    DESCRIPTOR("curriculumUsed"),
    DESCRIPTOR("diplomaLevel"),
    DESCRIPTOR("diplomaType"),
    DESCRIPTOR("disciplineActionLengthDifferenceReason"),
    DESCRIPTOR("discipline"),
    DESCRIPTOR("disciplineIncidentParticipationCode"),
    DESCRIPTOR("dualCreditInstitution"),
    DESCRIPTOR("dualCreditType"),
    DESCRIPTOR("educationOrganizationCategory"),
    DESCRIPTOR("educationOrganizationIdentificationSystem"),
    DESCRIPTOR("educationPlan"),
    DESCRIPTOR("educationalEnvironment"),
    DESCRIPTOR("electronicMailType"),
    DESCRIPTOR("enrollmentType"),
    DESCRIPTOR("entryGradeLevelReason"),
    DESCRIPTOR("entryType"),
    DESCRIPTOR("exitWithdrawType"),
    DESCRIPTOR("gradeLevel"),
    DESCRIPTOR("gradePointAverageType"),
    DESCRIPTOR("gradeType"),
    DESCRIPTOR("gradebookEntryType"),
    DESCRIPTOR("gradingPeriod"),
    DESCRIPTOR("graduationPlanType"),
    DESCRIPTOR("incidentLocation"),
    DESCRIPTOR("institutionTelephoneNumberType"),
    DESCRIPTOR("internetAccess"),
    DESCRIPTOR("language"),
    DESCRIPTOR("languageUse"),
    DESCRIPTOR("levelOfEducation"),
    DESCRIPTOR("localEducationAgencyCategory"),
    DESCRIPTOR("magnetSpecialProgramEmphasisSchool"),
    DESCRIPTOR("mediumOfInstruction"),
    DESCRIPTOR("methodCreditEarned"),
    DESCRIPTOR("operationalStatus"),
    DESCRIPTOR("otherNameType"),
    DESCRIPTOR("performanceBaseConversion"),
    DESCRIPTOR("populationServed"),
    DESCRIPTOR("programAssignment"),
    DESCRIPTOR("programType"),
    DESCRIPTOR("recognitionType"),
    DESCRIPTOR("relation"),
    DESCRIPTOR("repeatIdentifier"),
    DESCRIPTOR("reporterDescription"),
    DESCRIPTOR("residencyStatus"),
    DESCRIPTOR("schoolCategory"),
    DESCRIPTOR("schoolChoiceBasis"),
    DESCRIPTOR("schoolType"),
    DESCRIPTOR("sectionCharacteristic"),
    DESCRIPTOR("sectionType"),
    DESCRIPTOR("sex"),
    DESCRIPTOR("sourceSystem"),
    DESCRIPTOR("staffClassification"),
    DESCRIPTOR("staffIdentificationSystem"),
    DESCRIPTOR("submissionStatus"),
    DESCRIPTOR("surveyCategory"),
    DESCRIPTOR("surveyLevel"),
    DESCRIPTOR("telephoneNumberType"),
    DESCRIPTOR("term"),
    DESCRIPTOR("titleIPartASchoolDesignation"),
    DESCRIPTOR("weapon"),
};

size_t ingest_descriptors_count(void)
{
    return KITH_LEN(ingest_descriptors);
}

/* Does the field's name end with the descriptor's ("entryGradeLevelDescriptor" with "gradeLevelDescriptor")? */
static bool ends_with(const char *field, size_t n, const struct ingest_resource *d)
{
    size_t tail = d->name_n - 1; /* without the plural's s */
    if (tail > n)
        return false;
    const char *at = field + n - tail;
    char first = d->singular[0];
    bool whole = tail == n ? *at == first : *at == first - 'a' + 'A';
    return whole && memcmp(at + 1, d->singular + 1, tail - 1) == 0;
}

const struct ingest_resource *ingest_resource_descriptor(const char *field)
{
    assert(field);
    size_t n = strlen(field);
    const struct ingest_resource *best = NULL;
    for (size_t i = 0; i < KITH_LEN(ingest_descriptors); i++) {
        const struct ingest_resource *d = &ingest_descriptors[i];
        if (ends_with(field, n, d) && (!best || d->name_n > best->name_n))
            best = d;
    }
    return best;
}
