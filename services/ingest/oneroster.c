/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as in the CSV bindings of OneRoster 1.1 and 1.2 and in the documentation of School Data Sync 2.1. */
#include "ingest/oneroster.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kith/cleanup.h"
#include "kith/clock.h"

/* clang-format off */
static const char *const org_types[] = {"department", "school", "district", "local", "state", "national", "college", "university", NULL};
static const char *const session_types[] = {"gradingPeriod", "semester", "schoolYear", "term", "other", NULL};
static const char *const class_types[] = {"homeroom", "scheduled", NULL};
static const char *const roles_11[] = {"administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher", NULL};
static const char *const roles_12[] = {"aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative",
                                       "siteAdministrator", "student", "systemAdministrator", "teacher", "administrator", NULL};
static const char *const role_types[] = {"primary", "secondary", NULL};
static const char *const enrollment_roles[] = {"administrator", "proctor", "student", "teacher", "aide", NULL};
static const char *const sexes_11[] = {"male", "female", NULL};
static const char *const sexes_12[] = {"male", "female", "unspecified", "other", NULL};
static const char *const score_statuses[] = {"exempt", "fully graded", "not submitted", "partially graded", "submitted", NULL};

#define TEXT(n)          {.name = (n), .cell = INGEST_CELL_TEXT}
#define TEXT_REQ(n)      {.name = (n), .cell = INGEST_CELL_TEXT, .required = true}
#define CELL(n, c)       {.name = (n), .cell = INGEST_CELL_##c}
#define CELL_REQ(n, c)   {.name = (n), .cell = INGEST_CELL_##c, .required = true}
#define REF(n, f)        {.name = (n), .cell = INGEST_CELL_REF, .refers = (f)}
#define REF_REQ(n, f)    {.name = (n), .cell = INGEST_CELL_REF, .refers = (f), .required = true}
#define REFS(n, f, o)    {.name = (n), .cell = INGEST_CELL_REFS, .refers = (f), .old = (o)}
#define REFS_REQ(n, f, o) {.name = (n), .cell = INGEST_CELL_REFS, .refers = (f), .old = (o), .required = true}
#define ENUM(n, v)       {.name = (n), .cell = INGEST_CELL_ENUM, .values = (v)}
#define ENUM_REQ(n, v)   {.name = (n), .cell = INGEST_CELL_ENUM, .values = (v), .required = true}
#define END              {.name = NULL}
#define COLUMNS(var) static const struct ingest_roster_column var[]

COLUMNS(sessions) = {TEXT_REQ("title"), ENUM_REQ("type", session_types), CELL_REQ("startDate", DATE), CELL_REQ("endDate", DATE),
                     REF("parentSourcedId", "academicSessions"), CELL_REQ("schoolYear", YEAR), END};
COLUMNS(orgs) = {TEXT_REQ("name"), ENUM_REQ("type", org_types), TEXT("identifier"), REF("parentSourcedId", "orgs"), END};
COLUMNS(courses) = {REF("schoolYearSourcedId", "academicSessions"), TEXT_REQ("title"), TEXT("courseCode"), TEXT("grades"),
                    REF_REQ("orgSourcedId", "orgs"), TEXT("subjects"), TEXT("subjectCodes"), END};
COLUMNS(classes) = {TEXT_REQ("title"), TEXT("grades"), REF_REQ("courseSourcedId", "courses"), TEXT("classCode"),
                    ENUM_REQ("classType", class_types), TEXT("location"), REF_REQ("schoolSourcedId", "orgs"),
                    REFS_REQ("termSourcedIds", "academicSessions", "termSourcedId"), TEXT("subjects"), TEXT("subjectCodes"),
                    TEXT("periods"), END};
COLUMNS(users_11) = {CELL_REQ("enabledUser", BOOL), REFS_REQ("orgSourcedIds", "orgs", "orgSourcedId"), ENUM_REQ("role", roles_11),
                     TEXT_REQ("username"), TEXT("userIds"), TEXT_REQ("givenName"), TEXT_REQ("familyName"), TEXT("middleName"),
                     TEXT("identifier"), TEXT("email"), TEXT("sms"), TEXT("phone"), REFS("agentSourcedIds", "users", "agents"),
                     TEXT("grades"), TEXT("password"), END};
COLUMNS(users_12) = {CELL_REQ("enabledUser", BOOL), TEXT_REQ("username"), TEXT("userIds"), TEXT_REQ("givenName"), TEXT_REQ("familyName"),
                     TEXT("middleName"), TEXT("identifier"), TEXT("email"), TEXT("sms"), TEXT("phone"),
                     REFS("agentSourcedIds", "users", NULL), TEXT("grades"), TEXT("password"), TEXT("userMasterIdentifier"),
                     TEXT("preferredGivenName"), TEXT("preferredMiddleName"), TEXT("preferredFamilyName"),
                     REF("primaryOrgSourcedId", "orgs"), TEXT("pronouns"), END};
COLUMNS(roles) = {REF_REQ("userSourcedId", "users"), ENUM_REQ("roleType", role_types), ENUM_REQ("role", roles_12),
                  CELL("beginDate", DATE), CELL("endDate", DATE), REF_REQ("orgSourcedId", "orgs"), TEXT("userProfileSourcedId"), END};
COLUMNS(demographics_11) = {{.name = "birthDate", .cell = INGEST_CELL_DATE, .old = "birthdate"}, ENUM("sex", sexes_11),
                            CELL("americanIndianOrAlaskaNative", BOOL), CELL("asian", BOOL), CELL("blackOrAfricanAmerican", BOOL),
                            CELL("nativeHawaiianOrOtherPacificIslander", BOOL), CELL("white", BOOL),
                            CELL("demographicRaceTwoOrMoreRaces", BOOL), CELL("hispanicOrLatinoEthnicity", BOOL),
                            TEXT("countryOfBirthCode"), TEXT("stateOfBirthAbbreviation"), TEXT("cityOfBirth"),
                            TEXT("publicSchoolResidenceStatus"), END};
COLUMNS(demographics_12) = {{.name = "birthDate", .cell = INGEST_CELL_DATE, .old = "birthdate"}, ENUM("sex", sexes_12),
                            CELL("americanIndianOrAlaskaNative", BOOL), CELL("asian", BOOL), CELL("blackOrAfricanAmerican", BOOL),
                            CELL("nativeHawaiianOrOtherPacificIslander", BOOL), CELL("white", BOOL),
                            CELL("demographicRaceTwoOrMoreRaces", BOOL), CELL("hispanicOrLatinoEthnicity", BOOL),
                            TEXT("countryOfBirthCode"), TEXT("stateOfBirthAbbreviation"), TEXT("cityOfBirth"),
                            TEXT("publicSchoolResidenceStatus"), END};
COLUMNS(enrollments) = {REF_REQ("classSourcedId", "classes"), REF_REQ("schoolSourcedId", "orgs"), REF_REQ("userSourcedId", "users"),
                        ENUM_REQ("role", enrollment_roles), CELL("primary", BOOL), CELL("beginDate", DATE), CELL("endDate", DATE), END};
COLUMNS(categories_11) = {TEXT_REQ("title"), END};
COLUMNS(categories_12) = {TEXT_REQ("title"), CELL("weight", NUMBER), END};
COLUMNS(line_items_11) = {TEXT_REQ("title"), TEXT("description"), CELL_REQ("assignDate", DATE), CELL_REQ("dueDate", DATE),
                          REF_REQ("classSourcedId", "classes"), REF_REQ("categorySourcedId", "categories"),
                          REF_REQ("gradingPeriodSourcedId", "academicSessions"), CELL("resultValueMin", NUMBER),
                          CELL("resultValueMax", NUMBER), END};
COLUMNS(line_items_12) = {TEXT_REQ("title"), TEXT("description"), CELL_REQ("assignDate", DATE), CELL_REQ("dueDate", DATE),
                          REF_REQ("classSourcedId", "classes"), REF_REQ("categorySourcedId", "categories"),
                          REF_REQ("academicSessionSourcedId", "academicSessions"), CELL("resultValueMin", NUMBER),
                          CELL("resultValueMax", NUMBER), REF("schoolSourcedId", "orgs"), END};
COLUMNS(results_11) = {REF_REQ("lineItemSourcedId", "lineItems"), REF_REQ("studentSourcedId", "users"),
                       ENUM_REQ("scoreStatus", score_statuses), CELL("score", NUMBER), CELL_REQ("scoreDate", DATE), TEXT("comment"), END};
COLUMNS(results_12) = {REF_REQ("lineItemSourcedId", "lineItems"), REF_REQ("studentSourcedId", "users"),
                       ENUM_REQ("scoreStatus", score_statuses), CELL("score", NUMBER), CELL_REQ("scoreDate", DATE), TEXT("comment"),
                       TEXT("textScore"), REF("classSourcedId", "classes"), CELL("inProgress", BOOL), CELL("incomplete", BOOL),
                       CELL("late", BOOL), CELL("missing", BOOL), END};

COLUMNS(sds_sessions) = {CELL_REQ("sourcedId", GUID), TEXT_REQ("title"), ENUM_REQ("type", session_types), CELL_REQ("schoolYear", YEAR),
                         CELL_REQ("startDate", DATE), CELL_REQ("endDate", DATE), END};
COLUMNS(sds_orgs) = {CELL_REQ("sourcedId", GUID), TEXT_REQ("name"), TEXT_REQ("type"), REF("parentSourcedId", "orgs"), END};
COLUMNS(sds_courses) = {CELL_REQ("sourcedId", GUID), REF_REQ("orgSourcedId", "orgs"), TEXT_REQ("title"), TEXT("code"),
                        REF("schoolYearSourcedId", "academicSessions"), TEXT("subject"), TEXT("grade"), END};
COLUMNS(sds_classes) = {CELL_REQ("sourcedId", GUID), REF_REQ("orgSourcedId", "orgs"), TEXT_REQ("title"),
                        REFS("sessionSourcedIds", "academicSessions", "sessionSourcedId"), REF("courseSourcedId", "courses"), TEXT("code"), END};
COLUMNS(sds_users) = {CELL_REQ("sourcedId", GUID), TEXT_REQ("username"), TEXT("givenName"), TEXT("familyName"), TEXT("password"),
                      TEXT("activeDirectoryMatchId"), TEXT("email"), TEXT("phone"), TEXT("sms"), END};
COLUMNS(sds_roles) = {REF_REQ("userSourcedId", "users"), REF_REQ("orgSourcedId", "orgs"), TEXT_REQ("role"),
                      REF("sessionSourcedId", "academicSessions"), TEXT("grade"), CELL("isPrimary", BOOL), CELL("roleStartDate", DATE),
                      CELL("roleEndDate", DATE), END};
COLUMNS(sds_enrollments) = {REF_REQ("classSourcedId", "classes"), REF_REQ("userSourcedId", "users"), TEXT_REQ("role"), END};
COLUMNS(sds_relationships) = {REF_REQ("userSourcedId", "users"), REF_REQ("relationshipUserSourcedId", "users"),
                              TEXT_REQ("relationshipRole"), END};
COLUMNS(sds_demographics) = {REF_REQ("userSourcedId", "users"), TEXT("sex"), CELL("birthDate", DATE), TEXT("birthCity"), TEXT("birthState"),
                             TEXT("birthCountry"), TEXT("ethnicityCodes"), TEXT("raceCodes"), END};

static const struct ingest_roster_file files_11[] = {
    {"orgs", orgs, true, true}, {"academicSessions", sessions, true, true}, {"courses", courses, true, false},
    {"classes", classes, true, false}, {"users", users_11, true, true}, {"demographics", demographics_11, true, false},
    {"enrollments", enrollments, true, false}, {"categories", categories_11, true, false}, {"lineItems", line_items_11, true, false},
    {"results", results_11, true, false}, {0}};
static const struct ingest_roster_file files_12[] = {
    {"orgs", orgs, true, true}, {"academicSessions", sessions, true, true}, {"courses", courses, true, false},
    {"classes", classes, true, false}, {"users", users_12, true, true}, {"roles", roles, true, true},
    {"demographics", demographics_12, true, false}, {"enrollments", enrollments, true, false}, {"categories", categories_12, true, false},
    {"lineItems", line_items_12, true, false}, {"results", results_12, true, false}, {0}};
static const struct ingest_roster_file files_sds[] = {
    {"orgs", sds_orgs, true, true}, {"academicSessions", sds_sessions, true, true}, {"courses", sds_courses, true, false},
    {"classes", sds_classes, true, false}, {"users", sds_users, true, true}, {"roles", sds_roles, false, true},
    {"demographics", sds_demographics, false, false}, {"relationships", sds_relationships, false, false},
    {"enrollments", sds_enrollments, false, false}, {0}};
/* clang-format on */

static const char *const unread_11[] = {"classResources", "courseResources", "resources", NULL};
static const char *const unread_12[] = {"classResources",
                                        "courseResources",
                                        "resources",
                                        "userResources",
                                        "userProfiles",
                                        "scoreScales",
                                        "lineItemScoreScales",
                                        "resultScoreScales",
                                        "lineItemLearningObjectiveIds",
                                        "resultLearningObjectiveIds",
                                        NULL};
static const char *const unread_sds[] = {"userFlags", NULL};

const struct ingest_roster_file *ingest_roster_files(enum ingest_roster_format format)
{
    return format == INGEST_ONEROSTER_11   ? files_11
           : format == INGEST_ONEROSTER_12 ? files_12
                                           : files_sds;
}

static bool among(const char *const *values, const char *text)
{
    for (; *values; values++)
        if (strcmp(*values, text) == 0)
            return true;
    return false;
}

bool ingest_roster_knows(enum ingest_roster_format format, const char *name)
{
    return among(format == INGEST_ONEROSTER_11   ? unread_11
                 : format == INGEST_ONEROSTER_12 ? unread_12
                                                 : unread_sds,
                 name);
}

/* ---- cells ---- */

static kith_err wrong(struct kith_why *why, const char *text)
{
    kith_why_set(why, "%s", text);
    return KITH_EINVAL;
}

/* "8/17/2026", as a spreadsheet leaves it. Month first: both formats are from the United States. */
static bool spreadsheet_date(const char *text, char fixed[static 32])
{
    int month;
    int day;
    int year;
    int n = 0;
    if (sscanf(text, "%2d/%2d/%4d%n", &month, &day, &year, &n) != 3 || text[n] != '\0' ||
        year < 1900 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    (void)snprintf(fixed, 32, "%04d-%02d-%02d", year, month, day);
    int32_t days;
    return kith_date_parse(fixed, &days) == KITH_OK;
}

static kith_err date_cell(const char *text, char fixed[static 32], struct kith_why *why)
{
    int32_t days;
    if (kith_date_parse(text, &days) == KITH_OK || spreadsheet_date(text, fixed))
        return KITH_OK;
    return wrong(why, "must be a date as YYYY-MM-DD");
}

static kith_err bool_cell(const char *text, char fixed[static 32], struct kith_why *why)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return KITH_OK;
    if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
        (void)snprintf(fixed, 32, "true");
    else if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
        (void)snprintf(fixed, 32, "false");
    else
        return wrong(why, "must be true or false");
    return KITH_OK;
}

static kith_err enum_cell(const struct ingest_roster_column *column, const char *text,
                          char fixed[static 32], struct kith_why *why)
{
    if (among(column->values, text))
        return KITH_OK;
    for (const char *const *v = column->values; *v; v++)
        if (strcasecmp(*v, text) == 0) {
            (void)snprintf(fixed, 32, "%s", *v);
            return KITH_OK;
        }
    char list[200] = "";
    for (const char *const *v = column->values; *v; v++) {
        size_t n = strlen(list);
        (void)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", *v);
    }
    kith_why_set(why, "must be one of: %s", list);
    return KITH_EINVAL;
}

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return *end == '\0' && strspn(text, "0123456789+-.") == strlen(text);
}

static bool is_datetime(const char *text)
{
    char day[11];
    int32_t days;
    int n = 0;
    int h;
    int m;
    double s;
    (void)snprintf(day, sizeof(day), "%s", text);
    return strlen(text) >= 19 && kith_date_parse(day, &days) == KITH_OK && text[10] == 'T' &&
           sscanf(text + 11, "%2d:%2d:%lf%n", &h, &m, &s, &n) == 3 &&
           (strcmp(text + 11 + n, "Z") == 0 || text[11 + n] == '\0' || text[11 + n] == '+' ||
            text[11 + n] == '-');
}

kith_err ingest_roster_cell(const struct ingest_roster_column *column, const char *text,
                            char fixed[static 32], struct kith_why *why)
{
    size_t n = strlen(text);
    fixed[0] = '\0';
    if (n == 0)
        return column->required ? wrong(why, "is required") : KITH_OK;
    switch (column->cell) {
    case INGEST_CELL_TEXT:
        return KITH_OK;
    case INGEST_CELL_GUID:
    case INGEST_CELL_REF:
    case INGEST_CELL_REFS:
        return n > 255 ? wrong(why, "must have at most 255 characters") : KITH_OK;
    case INGEST_CELL_DATE:
        return date_cell(text, fixed, why);
    case INGEST_CELL_DATETIME:
        return is_datetime(text) ? KITH_OK
                                 : wrong(why, "must be a time as YYYY-MM-DDTHH:MM:SS.sssZ");
    case INGEST_CELL_BOOL:
        return bool_cell(text, fixed, why);
    case INGEST_CELL_YEAR:
        return n == 4 && strspn(text, "0123456789") == 4 ? KITH_OK
                                                         : wrong(why, "must be a year as YYYY");
    case INGEST_CELL_NUMBER:
        return is_number(text) ? KITH_OK : wrong(why, "must be a number");
    case INGEST_CELL_ENUM:
        return enum_cell(column, text, fixed, why);
    }
    return KITH_EINTERNAL;
}
