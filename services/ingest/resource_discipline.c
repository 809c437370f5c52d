/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents, who behaved how, and what followed. Kept so that somebody can look after the student; Kith punishes nobody. */
#include "ingest/resource_internal.h"

DESC_LIST(weapons, "weaponDescriptor");
static const struct ingest_field behaviors[] = {DESC_REQ("behaviorDescriptor"),
                                                TEXT("behaviorDetailedDescription", 1024), END};
static const struct ingest_field external_participants[] = {
    DESC_REQ("disciplineIncidentParticipationCodeDescriptor"), TEXT_REQ("firstName", 75),
    TEXT_REQ("lastSurname", 75), END};

DESC_LIST(participation_codes, "disciplineIncidentParticipationCodeDescriptor");
DESC_LIST(disciplines, "disciplineDescriptor");
static const struct ingest_field action_staffs[] = {REF_REQ("staffReference", staff), END};
static const struct ingest_field action_behaviors[] = {
    REF_REQ("studentDisciplineIncidentBehaviorAssociationReference", student_behavior), END};

const struct ingest_field ingest_fields_discipline_incident[] = {
    TEXT_KEY("incidentIdentifier", 36),
    REF_KEY("schoolReference", school),
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
const struct ingest_field ingest_fields_student_discipline_incident_behavior_association[] = {
    PLAIN_KEY("behaviorDescriptor", DESCRIPTOR),
    REF_KEY("disciplineIncidentReference", discipline_incident),
    REF_KEY("studentReference", student),
    TEXT("behaviorDetailedDescription", 1024),
    NEST("disciplineIncidentParticipationCodes", LIST, participation_codes),
    END};
const struct ingest_field ingest_fields_discipline_action[] = {
    TEXT_KEY("disciplineActionIdentifier", 36),
    PLAIN_KEY("disciplineDate", DATE),
    REF_KEY("studentReference", student),
    NEST_REQ("disciplines", LIST, disciplines),
    REF_REQ("responsibilitySchoolReference", school),
    REF("assignmentSchoolReference", school),
    PLAIN("actualDisciplineActionLength", NUMBER),
    PLAIN("disciplineActionLength", NUMBER),
    DESC("disciplineActionLengthDifferenceReasonDescriptor"),
    PLAIN("iepPlacementMeetingIndicator", BOOL),
    PLAIN("relatedToZeroTolerancePolicy", BOOL),
    NEST("staffs", LIST, action_staffs),
    NEST("studentDisciplineIncidentBehaviorAssociations", LIST, action_behaviors),
    END};
