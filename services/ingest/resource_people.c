/* SPDX-License-Identifier: Apache-2.0 */
/* Students, staff, and the adults of students at home. */
#include "ingest/resource_internal.h"

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
static const struct ingest_field person_reference[] = {TEXT_REQ("personId", 32),
                                                       DESC_REQ("sourceSystemDescriptor"), END};
DESC_LIST(language_uses, "languageUseDescriptor");
static const struct ingest_field languages[] = {DESC_REQ("languageDescriptor"),
                                                NEST("uses", LIST, language_uses), END};
static const struct ingest_field staff_codes[] = {
    TEXT_REQ("identificationCode", 60), DESC_REQ("staffIdentificationSystemDescriptor"),
    TEXT("assigningOrganizationIdentificationCode", 60), END};

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
const struct ingest_field ingest_fields_contact[] = {TEXT_KEY("contactUniqueId", 32),
                                                     PERSON,
                                                     DESC("sexDescriptor"),
                                                     TEXT("loginId", 60),
                                                     NEST("electronicMails", LIST, mails),
                                                     NEST("languages", LIST, languages),
                                                     NEST("telephones", LIST, telephones),
                                                     END};
const struct ingest_field ingest_fields_student_contact_association[] = {
    REF_KEY("contactReference", contact),
    REF_KEY("studentReference", student),
    WHOLE("contactPriority", INT),
    TEXT("contactRestrictions", 250),
    PLAIN("emergencyContactStatus", BOOL),
    PLAIN("legalGuardian", BOOL),
    PLAIN("livesWith", BOOL),
    PLAIN("primaryContactStatus", BOOL),
    DESC("relationDescriptor"),
    END};
