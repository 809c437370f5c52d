/* SPDX-License-Identifier: Apache-2.0 */
/* Surveys and that somebody answered. What a person wrote of themselves (name, e-mail, place) is left out: the reference says who, where it may. */
#include "ingest/resource_internal.h"

DESC_LIST(survey_levels, "surveyLevelDescriptor");

const struct ingest_field ingest_fields_survey[] = {
    TEXT_KEY("namespace", 255),
    TEXT_KEY("surveyIdentifier", 60),
    NEST_REQ("schoolYearTypeReference", OBJECT, ingest_nested_year),
    TEXT_REQ("surveyTitle", 255),
    REF("educationOrganizationReference", organization),
    REF("sessionReference", session),
    WHOLE("numberAdministered", INT),
    DESC("surveyCategoryDescriptor"),
    END};
const struct ingest_field ingest_fields_survey_response[] = {
    REF_KEY("surveyReference", survey),
    TEXT_KEY("surveyResponseIdentifier", 60),
    PLAIN_REQ("responseDate", DATE),
    REF("contactReference", contact),
    REF("staffReference", staff),
    REF("studentReference", student),
    WHOLE("responseTime", INT),
    NEST("surveyLevels", LIST, survey_levels),
    END};
