/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters as Ed-Fi documents: who belongs to which school and class, contacts, the gradebook. */
#include <stdio.h>
#include <string.h>

#include "ingest/identity.h"
#include "ingest/roster_emit.h"

/* ---- who belongs to which school ---- */

static const char *classification(const char *role)
{
    static const char *const all[][2] = {{"teacher", "Teacher"},
                                         {"professor", "Teacher"},
                                         {"faculty", "Teacher"},
                                         {"principal", "Principal"},
                                         {"counselor", "Counselor"},
                                         {"aide", "Instructional Aide"},
                                         {"administrator", "School Administrator"},
                                         {"siteAdministrator", "School Administrator"},
                                         {"districtAdministrator", "LEA Administrator"},
                                         {"systemAdministrator", "LEA System Administrator"}};
    for (size_t i = 0; i < KITH_LEN(all); i++)
        if (strcmp(all[i][0], role) == 0)
            return all[i][1];
    return "All Other Support Staff";
}

struct belonging {
    size_t user;
    const char *role;
    const char *org;
    const char *begin; /* "" = not said */
    const char *end;
    const char *grade;
    const char *file;
    uint64_t line;
};

static bool emit_enrolled(struct roster_emit *e, const struct belonging *b, const char *id,
                          int64_t school)
{
    roster_doc_begin(e);
    roster_doc_text(e, "entryDate", *b->begin ? b->begin : e->year_begin, 10);
    roster_ref_school(e, school);
    roster_ref_person(e, "studentReference", "studentUniqueId", id);
    roster_doc_descriptor(e, "entryGradeLevelDescriptor", "GradeLevel",
                          roster_grade_level(b->grade));
    if (e->year > 0)
        roster_ref_year(e, e->year);
    roster_doc_text(e, "exitWithdrawDate", b->end, 10);
    return roster_doc_end(e, "studentSchoolAssociations", b->file, b->line);
}

static bool emit_employed(struct roster_emit *e, const struct belonging *b, const char *id,
                          int64_t organization, bool is_school)
{
    roster_doc_begin(e);
    roster_doc_text(e, "beginDate", *b->begin ? b->begin : e->year_begin, 10);
    roster_ref_organization(e, organization);
    roster_doc_descriptor(e, "staffClassificationDescriptor", "StaffClassification",
                          classification(b->role));
    roster_ref_person(e, "staffReference", "staffUniqueId", id);
    roster_doc_text(e, "endDate", b->end, 10);
    if (!roster_doc_end(e, "staffEducationOrganizationAssignmentAssociations", b->file, b->line))
        return false;
    if (!is_school)
        return true;
    roster_doc_begin(e);
    roster_doc_descriptor(e, "programAssignmentDescriptor", "ProgramAssignment",
                          "Regular Education");
    roster_ref_school(e, organization);
    roster_ref_person(e, "staffReference", "staffUniqueId", id);
    return roster_doc_end(e, "staffSchoolAssociations", b->file, b->line);
}

static bool emit_belonging(struct roster_emit *e, const struct belonging *b)
{
    char id[33];
    size_t school = roster_org_school(e, b->org);
    size_t org = school != SIZE_MAX ? school : roster_find(e->r, e->orgs, b->org);
    enum roster_role role = roster_role_of(b->role);
    if (b->user == SIZE_MAX || org == SIZE_MAX || role == ROSTER_CONTACT)
        return true;
    roster_user_id(e->users, b->user, id);
    int64_t number = roster_org_number(e->orgs, org);
    if (role == ROSTER_STUDENT)
        return school == SIZE_MAX || emit_enrolled(e, b, id, number);
    if (school == SIZE_MAX && !roster_org_is_agency(e->orgs, org))
        return true;
    return emit_employed(e, b, id, number, school != SIZE_MAX);
}

/* OneRoster 1.1: role and schools stand in users.csv. */
static bool emit_users_belong(struct roster_emit *e)
{
    char org[256];
    for (size_t i = 0; i < e->users->n; i++) {
        struct belonging b = {.user = i,
                              .role = roster_cell(e->users, i, "role"),
                              .org = org,
                              .begin = "",
                              .end = "",
                              .grade = roster_cell(e->users, i, "grades"),
                              .file = "users.csv",
                              .line = e->users->lines[i]};
        for (const char *list = roster_cell(e->users, i, "orgSourcedIds");
             roster_next_of(&list, org);)
            if (!emit_belonging(e, &b))
                return false;
    }
    return true;
}

static bool emit_roles_belong(struct roster_emit *e)
{
    bool sds = e->r->format == INGEST_SDS_21;
    for (size_t i = 0; i < e->roles->n; i++) {
        size_t user = roster_find(e->r, e->users, roster_cell(e->roles, i, "userSourcedId"));
        struct belonging b = {.user = user,
                              .role = roster_cell(e->roles, i, "role"),
                              .org = roster_cell(e->roles, i, "orgSourcedId"),
                              .begin =
                                  roster_cell(e->roles, i, sds ? "roleStartDate" : "beginDate"),
                              .end = roster_cell(e->roles, i, sds ? "roleEndDate" : "endDate"),
                              .grade = sds                ? roster_cell(e->roles, i, "grade")
                                       : user == SIZE_MAX ? ""
                                                          : roster_cell(e->users, user, "grades"),
                              .file = "roles.csv",
                              .line = e->roles->lines[i]};
        if (!emit_belonging(e, &b))
            return false;
    }
    return true;
}

/* ---- contacts ---- */

static bool emit_related(struct roster_emit *e, size_t student, size_t contact, const char *file,
                         uint64_t line)
{
    char student_id[33];
    char contact_id[33];
    if (student == SIZE_MAX || contact == SIZE_MAX || !(e->kinds[student] & ROSTER_STUDENT) ||
        !(e->kinds[contact] & ROSTER_CONTACT))
        return true;
    roster_user_id(e->users, student, student_id);
    roster_user_id(e->users, contact, contact_id);
    roster_doc_begin(e);
    roster_ref_person(e, "contactReference", "contactUniqueId", contact_id);
    roster_ref_person(e, "studentReference", "studentUniqueId", student_id);
    return roster_doc_end(e, "studentContactAssociations", file, line);
}

static bool emit_contacts(struct roster_emit *e)
{
    char id[256];
    bool on = true;
    const struct roster_table *related = roster_table(e->r, "relationships");
    for (size_t i = 0; i < e->users->n && on; i++)
        for (const char *list = roster_cell(e->users, i, "agentSourcedIds");
             on && roster_next_of(&list, id);)
            on = emit_related(e, i, roster_find(e->r, e->users, id), "users.csv",
                              e->users->lines[i]);
    for (size_t i = 0; related && i < related->n && on; i++)
        on = emit_related(
            e, roster_find(e->r, e->users, roster_cell(related, i, "userSourcedId")),
            roster_find(e->r, e->users, roster_cell(related, i, "relationshipUserSourcedId")),
            "relationships.csv", related->lines[i]);
    return on;
}

/* ---- who belongs to which class ---- */

struct seat {
    size_t user;
    const char *role;
    const char *begin;
    const char *end;
    bool primary;
    uint64_t line;
};

static bool student_in_section(struct roster_emit *e, const struct roster_meeting *m,
                               const struct seat *s, const char *id)
{
    char school[24];
    char year[24];
    (void)snprintf(school, sizeof(school), "%lld", (long long)m->school);
    (void)snprintf(year, sizeof(year), "%lld",
                   (long long)roster_term_year(e, e->pairs[m->pair].term));
    const char *const key[] = {
        s->begin, m->course, school, year, m->section, e->pairs[m->pair].name, id};
    const struct roster_doc_ref refs[] = {{"sections", "sectionReference", &m->id},
                                          {"students", "studentReference", &e->students[s->user]}};
    roster_doc_begin(e);
    roster_doc_text(e, "beginDate", s->begin, 10);
    roster_doc_text(e, "endDate", s->end, 10);
    roster_ref_offering(e, "sectionReference", m, true);
    roster_ref_person(e, "studentReference", "studentUniqueId", id);
    return roster_doc_ready(e, "studentSectionAssociations", key, refs, 2, "enrollments.csv",
                            s->line);
}

/* A class of several terms: of each the part that lies in it, which may be none. Of one term: as it is said. */
static bool in_term(const struct roster_emit *e, size_t row, const struct roster_meeting *m,
                    struct seat *s)
{
    size_t term = e->pairs[m->pair].term;
    const char *first = roster_cell(e->sessions, term, "startDate");
    const char *last = roster_cell(e->sessions, term, "endDate");
    bool several = e->first[row + 1] - e->first[row] > 1;
    if (!*s->begin || (several && strcmp(s->begin, first) < 0))
        s->begin = first;
    if (several && *s->end && strcmp(s->end, last) > 0)
        s->end = last;
    return !several || (strcmp(s->begin, last) <= 0 && (!*s->end || strcmp(s->begin, s->end) <= 0));
}

static bool seat_in_section(struct roster_emit *e, size_t row, const struct roster_meeting *m,
                            void *ctx)
{
    struct seat of_term = *(const struct seat *)ctx;
    const struct seat *s = &of_term;
    char id[33];
    if (!in_term(e, row, m, &of_term))
        return true;
    roster_user_id(e->users, s->user, id);
    if (strcmp(s->role, "student") == 0)
        return student_in_section(e, m, s, id);
    roster_doc_begin(e);
    roster_doc_text(e, "beginDate", s->begin, 10);
    roster_ref_offering(e, "sectionReference", m, true);
    roster_ref_person(e, "staffReference", "staffUniqueId", id);
    roster_doc_text(e, "endDate", s->end, 10);
    roster_doc_descriptor(e, "classroomPositionDescriptor", "ClassroomPosition",
                          s->primary                        ? "Teacher of Record"
                          : strcmp(s->role, "teacher") == 0 ? "Assistant Teacher"
                                                            : "Support Teacher");
    return roster_doc_end(e, "staffSectionAssociations", "enrollments.csv", s->line);
}

static bool seat_in_homeroom(struct roster_emit *e, size_t row, const struct seat *s)
{
    char id[33];
    size_t school = roster_class_school(e, row);
    if (school == SIZE_MAX || !roster_is_homeroom(e, row))
        return true;
    roster_user_id(e->users, s->user, id);
    bool student = strcmp(s->role, "student") == 0;
    roster_doc_begin(e);
    roster_doc_text(e, "beginDate", *s->begin ? s->begin : e->year_begin, 10);
    roster_ref_cohort(e, row, roster_org_number(e->orgs, school));
    if (student)
        roster_ref_person(e, "studentReference", "studentUniqueId", id);
    else
        roster_ref_person(e, "staffReference", "staffUniqueId", id);
    roster_doc_text(e, "endDate", s->end, 10);
    return roster_doc_end(e, student ? "studentCohortAssociations" : "staffCohortAssociations",
                          "enrollments.csv", s->line);
}

static const char *cell_of(const struct roster_table *t, const struct roster_row *row,
                           const char *column)
{
    for (size_t k = 0; k < t->columns_n; k++)
        if (strcmp(t->file->columns[k].name, column) == 0)
            return row->cells[k];
    return "";
}

static bool on_enrollment(void *ctx, const struct roster_row *row)
{
    struct roster_emit *e = ctx;
    const struct roster_table *t = roster_table(e->r, "enrollments");
    const char *role = cell_of(t, row, "role");
    struct seat s = {.user = roster_find(e->r, e->users, cell_of(t, row, "userSourcedId")),
                     .role = role,
                     .begin = cell_of(t, row, "beginDate"),
                     .end = cell_of(t, row, "endDate"),
                     .primary = strcmp(cell_of(t, row, "primary"), "true") == 0 ||
                                (strcmp(role, "teacher") == 0 && e->r->format == INGEST_SDS_21),
                     .line = row->line};
    size_t class = roster_find(e->r, e->classes, cell_of(t, row, "classSourcedId"));
    bool student = strcmp(role, "student") == 0;
    bool fits = s.user != SIZE_MAX && class != SIZE_MAX &&
                (e->kinds[s.user] & (student ? ROSTER_STUDENT : ROSTER_STAFF));
    if (!fits) {
        roster_unused(e, "enrollments.csv", row->line, "enrollment_unused",
                      s.user == SIZE_MAX || class == SIZE_MAX
                          ? "The user or the class is not in the package; the row makes nothing."
                      : student
                          ? "The user is enrolled as a student and is none by his role; the row "
                            "makes nothing."
                          : "The user is no staff by his role; the row makes nothing.");
        return true;
    }
    return roster_each_meeting(e, class, seat_in_section, &s) && seat_in_homeroom(e, class, &s);
}

/* ---- the gradebook ---- */

#define GRADEBOOK "uri://oneroster"

static void ref_entry(struct roster_emit *e, const char *id)
{
    char fit[61];
    ingest_identity_fit(id, 60, fit);
    roster_doc_open(e, "gradebookEntryReference", "{");
    roster_doc_text(e, "gradebookEntryIdentifier", fit, 60);
    roster_doc_text(e, "namespace", GRADEBOOK, 255);
    roster_doc_close(e, "}");
}

static bool ref_first(struct roster_emit *e, size_t row, const struct roster_meeting *m, void *ctx)
{
    (void)row;
    (void)ctx;
    roster_ref_offering(e, "sectionReference", m, true);
    return false;
}

static bool emit_line_item(struct roster_emit *e, const struct roster_table *t, size_t row)
{
    char id[61];
    size_t class = roster_find(e->r, e->classes, roster_cell(t, row, "classSourcedId"));
    if (class == SIZE_MAX)
        return true;
    ingest_identity_fit(roster_id(t, row), 60, id);
    roster_doc_begin(e);
    roster_doc_text(e, "gradebookEntryIdentifier", id, 60);
    roster_doc_text(e, "namespace", GRADEBOOK, 255);
    roster_doc_text(e, "title", roster_cell(t, row, "title"), 100);
    roster_doc_text(e, "dateAssigned", roster_cell(t, row, "assignDate"), 10);
    roster_doc_text(e, "dueDate", roster_cell(t, row, "dueDate"), 10);
    roster_doc_text(e, "sourceSectionIdentifier", roster_id(e->classes, class), 255);
    roster_doc_text(e, "description", roster_cell(t, row, "description"), 1024);
    roster_doc_text(e, "maxPoints", roster_cell(t, row, "resultValueMax"), 20);
    (void)roster_each_meeting(e, class, ref_first, NULL);
    return roster_doc_end(e, "gradebookEntries", "lineItems.csv", t->lines[row]);
}

static bool on_result(void *ctx, const struct roster_row *row)
{
    struct roster_emit *e = ctx;
    const struct roster_table *t = roster_table(e->r, "results");
    size_t user = roster_find(e->r, e->users, cell_of(t, row, "studentSourcedId"));
    const char *item = cell_of(t, row, "lineItemSourcedId");
    char id[33];
    if (user == SIZE_MAX || !(e->kinds[user] & ROSTER_STUDENT) ||
        roster_find(e->r, roster_table(e->r, "lineItems"), item) == SIZE_MAX)
        return true;
    roster_user_id(e->users, user, id);
    const char *status = cell_of(t, row, "scoreStatus");
    bool missing =
        strcmp(status, "not submitted") == 0 || strcmp(cell_of(t, row, "missing"), "true") == 0;
    roster_doc_begin(e);
    ref_entry(e, item);
    roster_ref_person(e, "studentReference", "studentUniqueId", id);
    roster_doc_text(e, "pointsEarned", cell_of(t, row, "score"), 20);
    roster_doc_text(e, "letterGradeEarned", cell_of(t, row, "textScore"), 20);
    if (!missing)
        roster_doc_text(e, "dateFulfilled", cell_of(t, row, "scoreDate"), 10);
    roster_doc_descriptor(e, "submissionStatusDescriptor", "SubmissionStatus",
                          missing                         ? "Missing"
                          : strcmp(status, "exempt") == 0 ? "Excused"
                                                          : "Submitted");
    if (strcmp(cell_of(t, row, "late"), "true") == 0)
        roster_doc_descriptor(e, "assignmentLateStatusDescriptor", "AssignmentLateStatus", "Late");
    return roster_doc_end(e, "studentGradebookEntries", "results.csv", row->line);
}

/* A lean file of one of the packages, its rows but for those that a later package has again. */
struct again {
    struct roster_emit *e;
    const struct ingest_roster_file *file;
    size_t layer; /* layers_n: the package itself */
    bool (*fn)(void *ctx, const struct roster_row *row);
};

static struct roster_table *lean_table(struct ingest_roster *r, size_t layer,
                                       const struct ingest_roster_file *file)
{
    for (size_t k = 0; layer < r->layers_n && k < ROSTER_LEAN; k++)
        if (r->layers[layer].lean[k].file == file)
            return &r->layers[layer].lean[k];
    return layer == r->layers_n ? roster_table(r, file->name) : NULL;
}

static bool again_row(void *ctx, const struct roster_row *row)
{
    struct again *a = ctx;
    struct ingest_roster *r = a->e->r;
    for (size_t later = a->layer + 1; later <= r->layers_n; later++)
        if (roster_find(r, lean_table(r, later, a->file), row->sourced_id) != SIZE_MAX)
            return true;
    return row->deleted || a->fn(a->e, row);
}

static kith_err read_layer(struct again *a)
{
    struct ingest_roster *r = a->e->r;
    struct roster_table *t = lean_table(r, a->layer, a->file);
    /* nothing is left of a file that a later bulk package has replaced */
    bool superseded = t && t->n > 0 && t->lines[0] == 0;
    if (!t || !t->present || superseded)
        return KITH_OK;
    struct ingest_package *package = r->package;
    if (a->layer < r->layers_n)
        r->package = r->layers[a->layer].package;
    a->e->quiet = a->layer < r->layers_n;
    kith_err err = roster_read(r, t, NULL, again_row, a);
    a->e->quiet = false;
    r->package = package;
    return err;
}

static bool read_again(struct roster_emit *e, const char *name,
                       bool (*fn)(void *ctx, const struct roster_row *row))
{
    const struct roster_table *t = roster_table(e->r, name);
    kith_err err = KITH_OK;
    for (size_t i = 0; t && i <= e->r->layers_n && err == KITH_OK; i++) {
        struct again a = {.e = e, .file = t->file, .layer = i, .fn = fn};
        err = read_layer(&a);
    }
    if (err != KITH_OK && e->err == KITH_OK)
        e->err = err;
    return e->err == KITH_OK;
}

bool roster_emit_members(struct roster_emit *e)
{
    const struct roster_table *items = roster_table(e->r, "lineItems");
    bool on = (e->roles ? emit_roles_belong(e) : emit_users_belong(e)) && emit_contacts(e);
    on = on && read_again(e, "enrollments", on_enrollment);
    for (size_t i = 0; items && i < items->n && on; i++)
        on = emit_line_item(e, items, i);
    return on && read_again(e, "results", on_result);
}
