/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters as Ed-Fi documents: schools, time, people, courses, classes. Enrollments and the gradebook are in roster_rows.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/roster_emit.h"
#include "kith/clock.h"

/* ---- identity ---- */

static void hash_hex(const char *text, char ret[static 33])
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, text);
    struct kith_id id = kith_hash_end(&h);
    kith_id_format(&id, ret);
}

void roster_fit(const char *id, size_t max, char *ret)
{
    size_t n = strlen(id);
    size_t kept = 0;
    if (n == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && max < 36 &&
        max >= 32) {
        for (size_t i = 0; i < n; i++)
            if (id[i] != '-')
                ret[kept++] = id[i];
        ret[kept] = '\0';
    } else if (n <= max) {
        (void)snprintf(ret, max + 1, "%s", id);
    } else {
        char hex[33];
        hash_hex(id, hex);
        (void)snprintf(ret, max + 1, "%s", hex);
    }
}

static int64_t number_or_hash(const char *identifier, const char *sourced_id)
{
    size_t n = strlen(identifier);
    if (n > 0 && n <= 15 && strspn(identifier, "0123456789") == n)
        return strtoll(identifier, NULL, 10);
    char hex[33];
    hash_hex(sourced_id, hex);
    hex[13] = '\0'; /* 52 bits: a number that JSON carries whole */
    return strtoll(hex, NULL, 16);
}

/* ---- text of a document ---- */

void doc_begin(struct roster_emit *e)
{
    e->text.n = 0;
    e->comma = false;
    e->bad = KITH_OK;
    doc_raw(e, "{", 1);
}

void doc_raw(struct roster_emit *e, const char *text, size_t n)
{
    if (e->bad == KITH_OK)
        e->bad = kith_bytes_add(&e->text, text, n);
}

static void quoted(struct roster_emit *e, const char *text, size_t n)
{
    doc_raw(e, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char escaped[8];
        int m = snprintf(escaped, sizeof(escaped), "\\u%04x", c);
        doc_raw(e, text + from, i - from);
        doc_raw(e, escaped, (size_t)m);
        from = i + 1;
    }
    doc_raw(e, text + from, n - from);
    doc_raw(e, "\"", 1);
}

void doc_key(struct roster_emit *e, const char *key)
{
    if (e->comma)
        doc_raw(e, ",", 1);
    quoted(e, key, strlen(key));
    doc_raw(e, ":", 1);
    e->comma = true;
}

/* The longest beginning of at most `max` characters. */
static size_t cut(const char *text, size_t max)
{
    size_t i = 0;
    for (size_t characters = 0; text[i]; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && characters++ == max)
            break;
    return i;
}

void doc_text(struct roster_emit *e, const char *key, const char *text, size_t max)
{
    text += strspn(text, " \t");
    size_t n = cut(text, max);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    if (n == 0)
        return;
    doc_key(e, key);
    quoted(e, text, n);
}

void doc_number(struct roster_emit *e, const char *key, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)v);
    doc_key(e, key);
    doc_raw(e, text, (size_t)n);
}

void doc_descriptor(struct roster_emit *e, const char *key, const char *kind, const char *code)
{
    char text[320];
    (void)snprintf(text, sizeof(text), "uri://ed-fi.org/%sDescriptor#%s", kind, code);
    doc_text(e, key, text, 306);
}

void doc_open(struct roster_emit *e, const char *key, const char *bracket)
{
    doc_key(e, key);
    doc_raw(e, bracket, strlen(bracket));
    e->comma = false;
}

void doc_close(struct roster_emit *e, const char *bracket)
{
    doc_raw(e, bracket, strlen(bracket));
    e->comma = true;
}

static bool give(struct roster_emit *e, struct ingest_doc *doc, const char *file, uint64_t line)
{
    struct ingest_emitted out = {.doc = doc, .file = file, .line = line};
    if (!e->sink(e->ctx, &out))
        e->err = KITH_EBUSY;
    return e->err == KITH_OK;
}

bool doc_end(struct roster_emit *e, const char *resource, const char *file, uint64_t line)
{
    doc_raw(e, "}", 1);
    struct ingest_problems problems = {0};
    struct ingest_doc *doc = NULL;
    const struct ingest_resource *r = ingest_resource_find(resource);
    kith_err err = e->bad;
    if (err == KITH_OK)
        err = ingest_doc_parse(r, (const char *)e->text.data, e->text.n, &doc, &problems);
    if (err == KITH_EINVAL || err == KITH_EDECODE) {
        struct kith_why why;
        struct ingest_place at = {.file = file, .line = line};
        ingest_problems_why(&problems, &why);
        ingest_receipt_add(e->receipt, INGEST_ERROR, &at, "document_invalid",
                           "The row makes no valid %s: %s", resource, why.text);
        return true;
    }
    e->err = err;
    return err == KITH_OK && give(e, doc, file, line);
}

bool doc_ready(struct roster_emit *e, const char *resource, const char *const *key,
               const struct doc_ref *refs, size_t refs_n, const char *file, uint64_t line)
{
    const struct ingest_resource *r = ingest_resource_find(resource);
    struct kith_id id;
    if (e->bad != KITH_OK || ingest_key_id(r, key, r->key_n, &id) != KITH_OK)
        return doc_end(e, resource, file, line);
    doc_raw(e, "}", 1);
    kith_auto(ingest_doc) doc = calloc(1, sizeof(*doc));
    char *body = malloc(e->text.n + 1);
    struct ingest_ref *list = calloc(refs_n, sizeof(*list));
    if (!doc || !body || !list || e->bad != KITH_OK) {
        free(body);
        free(list);
        e->err = KITH_ENOMEM;
        return false;
    }
    memcpy(body, e->text.data, e->text.n);
    body[e->text.n] = '\0';
    *doc = (struct ingest_doc){
        .resource = r, .id = id, .body = body, .body_n = e->text.n, .refs = list, .refs_n = refs_n};
    for (size_t i = 0; i < refs_n; i++) {
        list[i].name = refs[i].name;
        list[i].n = 1;
        list[i].target[0] = ingest_resource_find(refs[i].resource);
        list[i].id[0] = *refs[i].id;
        (void)snprintf(list[i].path, sizeof(list[i].path), "$.%s", refs[i].name);
    }
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_bytes(&h, body, doc->body_n);
    struct kith_id hash = kith_hash_end(&h);
    doc->digest = ingest_digest(&hash);
    return give(e, KITH_TAKE(doc), file, line);
}

/* ---- references ---- */

void ref_school(struct roster_emit *e, int64_t school)
{
    doc_open(e, "schoolReference", "{");
    doc_number(e, "schoolId", school);
    doc_close(e, "}");
}

void ref_organization(struct roster_emit *e, int64_t organization)
{
    doc_open(e, "educationOrganizationReference", "{");
    doc_number(e, "educationOrganizationId", organization);
    doc_close(e, "}");
}

void ref_person(struct roster_emit *e, const char *reference, const char *key, const char *id)
{
    doc_open(e, reference, "{");
    doc_text(e, key, id, 32);
    doc_close(e, "}");
}

void ref_year(struct roster_emit *e, int64_t year)
{
    doc_open(e, "schoolYearTypeReference", "{");
    doc_number(e, "schoolYear", year);
    doc_close(e, "}");
}

/* ---- organizations ---- */

bool org_is_school(const struct roster_table *orgs, size_t row)
{
    const char *type = roster_cell(orgs, row, "type");
    return strcmp(type, "school") == 0 || strcmp(type, "college") == 0 ||
           strcmp(type, "university") == 0;
}

static bool org_is_agency(const struct roster_table *orgs, size_t row)
{
    const char *type = roster_cell(orgs, row, "type");
    return strcmp(type, "district") == 0 || strcmp(type, "local") == 0 ||
           strcmp(type, "state") == 0 || strcmp(type, "national") == 0;
}

int64_t org_number(const struct roster_table *orgs, size_t row)
{
    return number_or_hash(roster_cell(orgs, row, "identifier"), roster_id(orgs, row));
}

size_t org_school(struct roster_emit *e, const char *id)
{
    const struct roster_table *orgs = e->orgs;
    size_t row = roster_find(e->r, orgs, id);
    for (int up = 0; row != SIZE_MAX && up < 8 && !org_is_school(orgs, row); up++)
        row = roster_find(e->r, orgs, roster_cell(orgs, row, "parentSourcedId"));
    return row != SIZE_MAX && org_is_school(orgs, row) ? row : SIZE_MAX;
}

static bool emit_agency(struct roster_emit *e, size_t row)
{
    doc_begin(e);
    doc_number(e, "localEducationAgencyId", org_number(e->orgs, row));
    doc_text(e, "nameOfInstitution", roster_cell(e->orgs, row, "name"), 75);
    doc_descriptor(e, "localEducationAgencyCategoryDescriptor", "LocalEducationAgencyCategory",
                   "Regular public school district");
    doc_open(e, "categories", "[{");
    doc_descriptor(e, "educationOrganizationCategoryDescriptor", "EducationOrganizationCategory",
                   "Local Education Agency");
    doc_close(e, "}]");
    return doc_end(e, "localEducationAgencies", "orgs.csv", e->orgs->lines[row]);
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

const char *grade_level(const char *list)
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
    doc_begin(e);
    doc_number(e, "schoolId", org_number(e->orgs, row));
    doc_text(e, "nameOfInstitution", roster_cell(e->orgs, row, "name"), 75);
    doc_open(e, "educationOrganizationCategories", "[{");
    doc_descriptor(e, "educationOrganizationCategoryDescriptor", "EducationOrganizationCategory",
                   "School");
    doc_close(e, "}]");
    /* a roster does not say which grades a school has */
    doc_open(e, "gradeLevels", "[{");
    doc_descriptor(e, "gradeLevelDescriptor", "GradeLevel", "Ungraded");
    doc_close(e, "}]");
    if (parent != SIZE_MAX && org_is_agency(e->orgs, parent)) {
        doc_open(e, "localEducationAgencyReference", "{");
        doc_number(e, "localEducationAgencyId", org_number(e->orgs, parent));
        doc_close(e, "}");
    }
    return doc_end(e, "schools", "orgs.csv", e->orgs->lines[row]);
}

static bool emit_orgs(struct roster_emit *e)
{
    bool on = true;
    for (size_t i = 0; i < e->orgs->n && on; i++)
        on = !org_is_agency(e->orgs, i) || emit_agency(e, i);
    for (size_t i = 0; i < e->orgs->n && on; i++)
        on = !org_is_school(e->orgs, i) || emit_school(e, i);
    return on;
}

/* ---- people ---- */

static enum roster_role role_of(const char *role)
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

void user_id(const struct roster_table *users, size_t row, char ret[static 33])
{
    const char *identifier = roster_cell(users, row, "identifier");
    roster_fit(*identifier ? identifier : roster_id(users, row), 32, ret);
}

/* What each user is, of any of his roles. */
static kith_err sort_users(struct roster_emit *e)
{
    e->kinds = calloc(e->users->n ? e->users->n : 1, 1);
    e->students = calloc(e->users->n ? e->users->n : 1, sizeof(*e->students));
    if (!e->kinds || !e->students)
        return KITH_ENOMEM;
    for (size_t i = 0; !e->roles && i < e->users->n; i++)
        e->kinds[i] = (uint8_t)role_of(roster_cell(e->users, i, "role"));
    for (size_t i = 0; e->roles && i < e->roles->n; i++) {
        size_t user = roster_find(e->r, e->users, roster_cell(e->roles, i, "userSourcedId"));
        if (user != SIZE_MAX)
            e->kinds[user] |= (uint8_t)role_of(roster_cell(e->roles, i, "role"));
    }
    const struct roster_table *related = roster_table(e->r, "relationships");
    for (size_t i = 0; related && i < related->n; i++) {
        size_t user =
            roster_find(e->r, e->users, roster_cell(related, i, "relationshipUserSourcedId"));
        if (user != SIZE_MAX)
            e->kinds[user] |= ROSTER_CONTACT;
    }
    return KITH_OK;
}

/* In the order of their keys. */
static void names(struct roster_emit *e, size_t row)
{
    const char *given = roster_cell(e->users, row, "givenName");
    const char *family = roster_cell(e->users, row, "familyName");
    /* School Data Sync does not ask for names */
    doc_text(e, "firstName", *given ? given : "-", 75);
    doc_text(e, "lastSurname", *family ? family : "-", 75);
    doc_text(e, "middleName", roster_cell(e->users, row, "middleName"), 75);
    doc_text(e, "preferredFirstName", roster_cell(e->users, row, "preferredGivenName"), 75);
    doc_text(e, "preferredLastSurname", roster_cell(e->users, row, "preferredFamilyName"), 75);
}

static void person(struct roster_emit *e, const char *key, size_t row)
{
    char id[33];
    user_id(e->users, row, id);
    doc_begin(e);
    doc_text(e, key, id, 32);
    names(e, row);
}

static void mail(struct roster_emit *e, size_t row)
{
    const char *address = roster_cell(e->users, row, "email");
    if (!strchr(address, '@') || strlen(address) > 128)
        return;
    doc_open(e, "electronicMails", "[{");
    doc_text(e, "electronicMailAddress", address, 128);
    doc_descriptor(e, "electronicMailTypeDescriptor", "ElectronicMailType", "Work");
    doc_close(e, "}]");
}

/* Ed-Fi asks for a birth date; a roster may have none, nothing here needs it, and a made-up one would be a lie. */
static bool emit_student(struct roster_emit *e, size_t row)
{
    char id[33];
    size_t known = e->births ? e->births[row] : 0;
    const char *const key[] = {id};
    user_id(e->users, row, id);
    doc_begin(e);
    if (known > 0) {
        const char *sex = roster_cell(e->demographics, known - 1, "sex");
        doc_text(e, "birthDate", roster_cell(e->demographics, known - 1, "birthDate"), 10);
        if (strcasecmp(sex, "male") == 0 || strcasecmp(sex, "female") == 0)
            doc_descriptor(e, "birthSexDescriptor", "Sex",
                           strcasecmp(sex, "male") == 0 ? "Male" : "Female");
    }
    names(e, row);
    doc_text(e, "studentUniqueId", id, 32);
    if (ingest_key_id(ingest_resource_find("students"), key, 1, &e->students[row]) != KITH_OK)
        return doc_end(e, "students", "users.csv", e->users->lines[row]);
    return doc_ready(e, "students", key, NULL, 0, "users.csv", e->users->lines[row]);
}

/* The row of demographics of each user, plus one. */
static kith_err join_demographics(struct roster_emit *e)
{
    e->demographics = roster_table(e->r, "demographics");
    if (!e->demographics || !e->demographics->present)
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
            on = doc_end(e, "staffs", "users.csv", e->users->lines[i]);
        }
        if (on && (e->kinds[i] & ROSTER_CONTACT)) {
            person(e, "contactUniqueId", i);
            mail(e, i);
            on = doc_end(e, "contacts", "users.csv", e->users->lines[i]);
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
    uint64_t before = receipt->errors;
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
        e.err = join_demographics(&e);
    if (e.err == KITH_OK)
        e.err = roster_pairs(&e);
    if (e.err == KITH_OK && emit_orgs(&e) && emit_people(&e))
        (void)roster_emit_rows(&e);
    done(&e);
    return e.err == KITH_OK && receipt->errors > before ? KITH_EINVAL : e.err;
}
