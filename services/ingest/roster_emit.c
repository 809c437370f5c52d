/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters as Ed-Fi documents: organizations, people; the order of it all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/identity.h"
#include "ingest/roster_emit.h"

void roster_unused(struct roster_emit *e, const char *file, uint64_t line, const char *code,
                   const char *text)
{
    struct ingest_place at = {.file = file, .line = line};
    if (!e->quiet)
        ingest_receipt_add(e->receipt, INGEST_WARNING, &at, code, "%s", text);
}

/* ---- organizations ---- */

bool roster_org_is_school(const struct roster_table *orgs, size_t row)
{
    const char *type = roster_cell(orgs, row, "type");
    return strcmp(type, "school") == 0 || strcmp(type, "college") == 0 ||
           strcmp(type, "university") == 0;
}

bool roster_org_is_agency(const struct roster_table *orgs, size_t row)
{
    const char *type = roster_cell(orgs, row, "type");
    return strcmp(type, "district") == 0 || strcmp(type, "local") == 0 ||
           strcmp(type, "state") == 0 || strcmp(type, "national") == 0;
}

int64_t roster_org_number(const struct roster_table *orgs, size_t row)
{
    return ingest_identity_number(roster_cell(orgs, row, "identifier"), roster_id(orgs, row));
}

size_t roster_org_school(struct roster_emit *e, const char *id)
{
    const struct roster_table *orgs = e->orgs;
    size_t row = roster_find(e->r, orgs, id);
    for (int up = 0; row != SIZE_MAX && up < 8 && !roster_org_is_school(orgs, row); up++)
        row = roster_find(e->r, orgs, roster_cell(orgs, row, "parentSourcedId"));
    return row != SIZE_MAX && roster_org_is_school(orgs, row) ? row : SIZE_MAX;
}

static bool emit_agency(struct roster_emit *e, size_t row)
{
    roster_doc_begin(e);
    roster_doc_number(e, "localEducationAgencyId", roster_org_number(e->orgs, row));
    roster_doc_text(e, "nameOfInstitution", roster_cell(e->orgs, row, "name"), 75);
    roster_doc_descriptor(e, "localEducationAgencyCategoryDescriptor",
                          "LocalEducationAgencyCategory", "Regular public school district");
    roster_doc_open(e, "categories", "[{");
    roster_doc_descriptor(e, "educationOrganizationCategoryDescriptor",
                          "EducationOrganizationCategory", "Local Education Agency");
    roster_doc_close(e, "}]");
    return roster_doc_end(e, "localEducationAgencies", "orgs.csv", e->orgs->lines[row]);
}

/* As CEDS codes a grade level, and Ed-Fi's default descriptor for it. */
static const char *const grades[][2] = {
    {"KG", "Kindergarten"},
    {"01", "First grade"},
    {"02", "Second grade"},
    {"03", "Third grade"},
    {"04", "Fourth grade"},
    {"05", "Fifth grade"},
    {"06", "Sixth grade"},
    {"07", "Seventh grade"},
    {"08", "Eighth grade"},
    {"09", "Ninth grade"},
    {"10", "Tenth grade"},
    {"11", "Eleventh grade"},
    {"12", "Twelfth grade"},
    {"13", "Grade 13"},
    {"IT", "Infant/toddler"},
    {"PR", "Preschool/Prekindergarten"},
    {"PK", "Preschool/Prekindergarten"},
    {"TK", "Transitional Kindergarten"},
    {"PS", "Postsecondary"},
};

const char *roster_grade_level(const char *list)
{
    list += strspn(list, " ");
    size_t n = strcspn(list, ", ");
    for (size_t i = 0; i < KITH_LEN(grades); i++) {
        const char *code = grades[i][0];
        bool same = strlen(code) == n && strncasecmp(code, list, n) == 0;
        /* "9" for "09": what a spreadsheet makes of it */
        bool shorter = n == 1 && code[0] == '0' && code[1] == list[0];
        if (same || shorter)
            return grades[i][1];
    }
    return "Ungraded";
}

static bool emit_school(struct roster_emit *e, size_t row)
{
    size_t parent = roster_find(e->r, e->orgs, roster_cell(e->orgs, row, "parentSourcedId"));
    roster_doc_begin(e);
    roster_doc_number(e, "schoolId", roster_org_number(e->orgs, row));
    roster_doc_text(e, "nameOfInstitution", roster_cell(e->orgs, row, "name"), 75);
    roster_doc_open(e, "educationOrganizationCategories", "[{");
    roster_doc_descriptor(e, "educationOrganizationCategoryDescriptor",
                          "EducationOrganizationCategory", "School");
    roster_doc_close(e, "}]");
    /* a roster does not say which grades a school has */
    roster_doc_open(e, "gradeLevels", "[{");
    roster_doc_descriptor(e, "gradeLevelDescriptor", "GradeLevel", "Ungraded");
    roster_doc_close(e, "}]");
    if (parent != SIZE_MAX && roster_org_is_agency(e->orgs, parent)) {
        roster_doc_open(e, "localEducationAgencyReference", "{");
        roster_doc_number(e, "localEducationAgencyId", roster_org_number(e->orgs, parent));
        roster_doc_close(e, "}");
    }
    return roster_doc_end(e, "schools", "orgs.csv", e->orgs->lines[row]);
}

static bool emit_orgs(struct roster_emit *e)
{
    bool on = true;
    for (size_t i = 0; i < e->orgs->n && on; i++)
        on = !roster_org_is_agency(e->orgs, i) || emit_agency(e, i);
    for (size_t i = 0; i < e->orgs->n && on; i++)
        on = !roster_org_is_school(e->orgs, i) || emit_school(e, i);
    return on;
}

/* ---- people ---- */

enum roster_role roster_role_of(const char *role)
{
    static const char *const contacts[] = {"guardian",   "parent", "relative", "emergencyContact",
                                           "caseworker", "doctor", "other"};
    if (strcmp(role, "student") == 0)
        return ROSTER_STUDENT;
    for (size_t i = 0; i < KITH_LEN(contacts); i++)
        if (strcmp(role, contacts[i]) == 0)
            return ROSTER_CONTACT;
    return ROSTER_STAFF;
}

void roster_user_id(const struct roster_table *users, size_t row, char ret[static 33])
{
    const char *identifier = roster_cell(users, row, "identifier");
    ingest_identity_fit(*identifier ? identifier : roster_id(users, row), 32, ret);
}

struct named {
    uint64_t hash; /* of the unique id */
    size_t row;
};

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left;
    const struct named *b = right;
    return a->hash != b->hash ? (a->hash < b->hash ? -1 : 1)
                              : (a->row > b->row) - (a->row < b->row);
}

/* Two students, two of the staff or two contacts of one unique id would be one. */
static kith_err check_identifiers(struct roster_emit *e)
{
    kith_auto_mem struct named *all = calloc(e->users->n ? e->users->n : 1, sizeof(*all));
    if (!all)
        return KITH_ENOMEM;
    for (size_t i = 0; i < e->users->n; i++) {
        char id[33];
        roster_user_id(e->users, i, id);
        all[i] = (struct named){roster_hash(e->r, id), i};
    }
    qsort(all, e->users->n, sizeof(*all), compare_named);
    for (size_t i = 1; i < e->users->n; i++) {
        struct ingest_place at = {
            .file = "users.csv", .line = e->users->lines[all[i].row], .column_name = "identifier"};
        if (all[i].hash == all[i - 1].hash &&
            (e->kinds[all[i].row] & e->kinds[all[i - 1].row]) != 0)
            ingest_receipt_add(e->receipt, INGEST_ERROR, &at, "identifier_twice",
                               "The identifier is that of line %llu too, and people are told apart "
                               "by it.",
                               (unsigned long long)e->users->lines[all[i - 1].row]);
    }
    return KITH_OK;
}

/* What each user is, of any of his roles. */
static kith_err sort_users(struct roster_emit *e)
{
    e->kinds = calloc(e->users->n ? e->users->n : 1, 1);
    e->students = calloc(e->users->n ? e->users->n : 1, sizeof(*e->students));
    if (!e->kinds || !e->students)
        return KITH_ENOMEM;
    for (size_t i = 0; !e->roles && i < e->users->n; i++)
        e->kinds[i] = (uint8_t)roster_role_of(roster_cell(e->users, i, "role"));
    for (size_t i = 0; e->roles && i < e->roles->n; i++) {
        size_t user = roster_find(e->r, e->users, roster_cell(e->roles, i, "userSourcedId"));
        if (user != SIZE_MAX)
            e->kinds[user] |= (uint8_t)roster_role_of(roster_cell(e->roles, i, "role"));
    }
    const struct roster_table *related = roster_table(e->r, "relationships");
    for (size_t i = 0; related && i < related->n; i++) {
        size_t user =
            roster_find(e->r, e->users, roster_cell(related, i, "relationshipUserSourcedId"));
        if (user != SIZE_MAX)
            e->kinds[user] |= ROSTER_CONTACT;
    }
    for (size_t i = 0; i < e->users->n; i++)
        if (e->kinds[i] == 0)
            roster_unused(e, "users.csv", e->users->lines[i], "user_unused",
                          "The user has no role in roles.csv, so nobody is made of the row.");
    return KITH_OK;
}

/* In the order of their keys. */
static void names(struct roster_emit *e, size_t row)
{
    const char *given = roster_cell(e->users, row, "givenName");
    const char *family = roster_cell(e->users, row, "familyName");
    /* School Data Sync does not ask for names */
    roster_doc_text(e, "firstName", *given ? given : "-", 75);
    roster_doc_text(e, "lastSurname", *family ? family : "-", 75);
    roster_doc_text(e, "middleName", roster_cell(e->users, row, "middleName"), 75);
    roster_doc_text(e, "preferredFirstName", roster_cell(e->users, row, "preferredGivenName"), 75);
    roster_doc_text(e, "preferredLastSurname", roster_cell(e->users, row, "preferredFamilyName"),
                    75);
}

static void person(struct roster_emit *e, const char *key, size_t row)
{
    char id[33];
    roster_user_id(e->users, row, id);
    roster_doc_begin(e);
    roster_doc_text(e, key, id, 32);
    names(e, row);
}

static void mail(struct roster_emit *e, size_t row)
{
    const char *address = roster_cell(e->users, row, "email");
    if (!strchr(address, '@') || strlen(address) > 128)
        return;
    roster_doc_open(e, "electronicMails", "[{");
    roster_doc_text(e, "electronicMailAddress", address, 128);
    roster_doc_descriptor(e, "electronicMailTypeDescriptor", "ElectronicMailType", "Work");
    roster_doc_close(e, "}]");
}

/* Ed-Fi asks for a birth date; a roster may have none, nothing here needs it, and a made-up one would be a lie. */
static bool emit_student(struct roster_emit *e, size_t row)
{
    char id[33];
    size_t known = e->births ? e->births[row] : 0;
    const char *const key[] = {id};
    roster_user_id(e->users, row, id);
    roster_doc_begin(e);
    if (known > 0) {
        const char *sex = roster_cell(e->demographics, known - 1, "sex");
        roster_doc_text(e, "birthDate", roster_cell(e->demographics, known - 1, "birthDate"), 10);
        if (strcasecmp(sex, "male") == 0 || strcasecmp(sex, "female") == 0)
            roster_doc_descriptor(e, "birthSexDescriptor", "Sex",
                                  strcasecmp(sex, "male") == 0 ? "Male" : "Female");
    }
    names(e, row);
    roster_doc_text(e, "studentUniqueId", id, 32);
    if (ingest_key_id(ingest_resource_find("students"), key, 1, &e->students[row]) != KITH_OK)
        return roster_doc_end(e, "students", "users.csv", e->users->lines[row]);
    return roster_doc_ready(e, "students", key, NULL, 0, "users.csv", e->users->lines[row]);
}

/* The row of demographics of each user, plus one. */
static kith_err join_demographics(struct roster_emit *e)
{
    e->demographics = roster_table(e->r, "demographics");
    if (!e->demographics || e->demographics->n == 0)
        return KITH_OK;
    e->births = calloc(e->users->n ? e->users->n : 1, sizeof(*e->births));
    if (!e->births)
        return KITH_ENOMEM;
    for (size_t i = 0; i < e->demographics->n; i++) {
        const char *id = e->demographics->file->keyed
                             ? roster_id(e->demographics, i)
                             : roster_cell(e->demographics, i, "userSourcedId");
        size_t user = roster_find(e->r, e->users, id);
        if (user != SIZE_MAX)
            e->births[user] = (uint32_t)i + 1;
    }
    return KITH_OK;
}

static bool emit_people(struct roster_emit *e)
{
    bool on = true;
    for (size_t i = 0; i < e->users->n && on; i++) {
        if (e->kinds[i] & ROSTER_STUDENT)
            on = emit_student(e, i);
        if (on && (e->kinds[i] & ROSTER_STAFF)) {
            person(e, "staffUniqueId", i);
            mail(e, i);
            on = roster_doc_end(e, "staffs", "users.csv", e->users->lines[i]);
        }
        if (on && (e->kinds[i] & ROSTER_CONTACT)) {
            person(e, "contactUniqueId", i);
            mail(e, i);
            on = roster_doc_end(e, "contacts", "users.csv", e->users->lines[i]);
        }
    }
    return on;
}

/* ---- the whole ---- */

static void done(struct roster_emit *e)
{
    kith_bytes_done(&e->text);
    free(e->kinds);
    free(e->births);
    free(e->pairs);
    free(e->meetings);
    free(e->first);
    free(e->students);
}

kith_err ingest_roster_emit(struct ingest_roster *r, struct ingest_receipt *receipt,
                            ingest_emit_fn sink, void *ctx)
{
    static const struct ingest_place package = {.file = ""};
    uint64_t before = receipt->errors;
    if (!r->whole) {
        ingest_receipt_add(receipt, INGEST_ERROR, &package, "delta_alone",
                           "A delta changes what a bulk package said, and none was taken before "
                           "it: send a bulk package first.");
        return KITH_EINVAL;
    }
    struct roster_emit e = {.r = r,
                            .receipt = receipt,
                            .sink = sink,
                            .ctx = ctx,
                            .orgs = roster_table(r, "orgs"),
                            .users = roster_table(r, "users"),
                            .roles = roster_table(r, "roles"),
                            .sessions = roster_table(r, "academicSessions"),
                            .courses = roster_table(r, "courses"),
                            .classes = roster_table(r, "classes")};
    e.err = sort_users(&e);
    if (e.err == KITH_OK)
        e.err = check_identifiers(&e);
    if (e.err == KITH_OK)
        e.err = join_demographics(&e);
    if (e.err == KITH_OK)
        e.err = roster_pairs(&e);
    if (e.err == KITH_OK && emit_orgs(&e) && emit_people(&e) && roster_emit_classes(&e))
        (void)roster_emit_members(&e);
    done(&e);
    return e.err == KITH_OK && receipt->errors > before ? KITH_EINVAL : e.err;
}
