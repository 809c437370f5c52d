/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters as Ed-Fi documents: terms, courses, classes, who belongs to which school and class, the gradebook. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/roster_emit.h"
#include "kith/clock.h"

/* ---- lists in a cell ---- */

/* The next element of a comma list, or false. */
static bool next_of(const char **list, char one[static 256])
{
    *list += strspn(*list, " ,");
    size_t n = strcspn(*list, ",");
    if (n == 0)
        return false;
    size_t kept = n < 255 ? n : 255;
    memcpy(one, *list, kept);
    while (kept > 0 && one[kept - 1] == ' ')
        kept--;
    one[kept] = '\0';
    *list += n;
    return true;
}

/* ---- terms of schools ---- */

static const char *class_terms(const struct roster_emit *e, size_t row)
{
    return roster_cell(e->classes, row,
                       e->r->format == INGEST_SDS_21 ? "sessionSourcedIds" : "termSourcedIds");
}

static size_t class_school(struct roster_emit *e, size_t row)
{
    return org_school(
        e, roster_cell(e->classes, row,
                       e->r->format == INGEST_SDS_21 ? "orgSourcedId" : "schoolSourcedId"));
}

static struct roster_pair *find_pair(const struct roster_emit *e, size_t school, size_t term)
{
    for (size_t i = 0; i < e->pairs_n; i++)
        if (e->pairs[i].school == school && e->pairs[i].term == term)
            return &e->pairs[i];
    return NULL;
}

static kith_err add_pair(struct roster_emit *e, size_t school, size_t term)
{
    if (find_pair(e, school, term))
        return KITH_OK;
    struct roster_pair *pairs = reallocarray(e->pairs, e->pairs_n + 1, sizeof(*pairs));
    if (!pairs)
        return KITH_ENOMEM;
    e->pairs = pairs;
    e->pairs[e->pairs_n++] = (struct roster_pair){.school = school, .term = term};
    return KITH_OK;
}

static int64_t term_year(const struct roster_emit *e, size_t term)
{
    return strtoll(roster_cell(e->sessions, term, "schoolYear"), NULL, 10);
}

/* A session is named by its title; where a school has two of one title in a year, by its sourcedId. */
static void name_pair(struct roster_emit *e, struct roster_pair *p)
{
    const char *title = roster_cell(e->sessions, p->term, "title");
    bool twice = false;
    for (size_t i = 0; i < e->pairs_n && !twice; i++)
        twice = &e->pairs[i] != p && e->pairs[i].school == p->school &&
                term_year(e, e->pairs[i].term) == term_year(e, p->term) &&
                strcmp(roster_cell(e->sessions, e->pairs[i].term, "title"), title) == 0;
    if (twice || strlen(title) > 60)
        roster_fit(roster_id(e->sessions, p->term), 60, p->name);
    else
        (void)snprintf(p->name, sizeof(p->name), "%s", title);
}

/* The year of most classes, and its first day: when somebody belongs to a school from, if the package does not say. */
static void find_year(struct roster_emit *e)
{
    size_t best = 0;
    for (size_t i = 0; i < e->sessions->n; i++) {
        int64_t year = term_year(e, i);
        size_t n = 0;
        for (size_t k = 0; k < e->pairs_n; k++)
            n += term_year(e, e->pairs[k].term) == year;
        if (e->year == 0 || n > best || (n == best && year > e->year)) {
            best = n;
            e->year = year;
        }
    }
    for (size_t i = 0; i < e->sessions->n; i++) {
        const char *begin = roster_cell(e->sessions, i, "startDate");
        if (term_year(e, i) == e->year && (!e->year_begin[0] || strcmp(begin, e->year_begin) < 0))
            (void)snprintf(e->year_begin, sizeof(e->year_begin), "%s", begin);
    }
}

static void course_code(struct roster_emit *e, size_t course, char ret[static 61]);

static kith_err section_id(struct roster_emit *e, struct roster_meeting *m)
{
    char school[24];
    char year[24];
    (void)snprintf(school, sizeof(school), "%lld", (long long)m->school);
    (void)snprintf(year, sizeof(year), "%lld", (long long)term_year(e, e->pairs[m->pair].term));
    const char *const key[] = {m->course, school, year, m->section, e->pairs[m->pair].name};
    kith_err err = ingest_key_id(ingest_resource_find("sections"), key, 5, &m->id);
    return err == KITH_EINVAL ? KITH_OK : err; /* the section's own document says why it is none */
}

/* The meetings of one class. */
static kith_err add_meetings(struct roster_emit *e, size_t class)
{
    char id[256];
    char code[61];
    size_t school = class_school(e, class);
    size_t course =
        roster_find(e->r, e->courses, roster_cell(e->classes, class, "courseSourcedId"));
    if (school == SIZE_MAX || course == SIZE_MAX)
        return KITH_OK;
    course_code(e, course, code);
    const char *kept = roster_keep_text(e->r, code);
    kith_err err = kept ? KITH_OK : KITH_ENOMEM;
    for (const char *list = class_terms(e, class); err == KITH_OK && next_of(&list, id);) {
        size_t term = roster_find(e->r, e->sessions, id);
        struct roster_pair *pair = term == SIZE_MAX ? NULL : find_pair(e, school, term);
        if (!pair)
            continue;
        struct roster_meeting *m = reallocarray(e->meetings, e->meetings_n + 1, sizeof(*m));
        if (!m)
            return KITH_ENOMEM;
        e->meetings = m;
        m += e->meetings_n++;
        *m = (struct roster_meeting){.pair = (size_t)(pair - e->pairs),
                                     .school = org_number(e->orgs, school),
                                     .course = kept,
                                     .section = roster_id(e->classes, class)};
        err = section_id(e, m);
    }
    return err;
}

kith_err roster_pairs(struct roster_emit *e)
{
    size_t classes = e->classes ? e->classes->n : 0;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < classes && err == KITH_OK; i++) {
        char id[256];
        size_t school = class_school(e, i);
        for (const char *list = class_terms(e, i); school != SIZE_MAX && next_of(&list, id);) {
            size_t term = roster_find(e->r, e->sessions, id);
            if (term != SIZE_MAX && err == KITH_OK)
                err = add_pair(e, school, term);
        }
    }
    for (size_t i = 0; i < e->pairs_n; i++)
        name_pair(e, &e->pairs[i]);
    find_year(e);
    e->first = calloc(classes + 1, sizeof(*e->first));
    if (!e->first)
        return KITH_ENOMEM;
    for (size_t i = 0; i < classes && err == KITH_OK; i++) {
        err = add_meetings(e, i);
        e->first[i + 1] = (uint32_t)e->meetings_n;
    }
    return err;
}

/* Monday to Friday, both days included: a roster does not know holidays. */
static int64_t weekdays(const char *begin, const char *end)
{
    int32_t a;
    int32_t b;
    int64_t n = 0;
    if (kith_date_parse(begin, &a) != KITH_OK || kith_date_parse(end, &b) != KITH_OK ||
        b - a > 1000)
        return 0;
    for (int32_t d = a; d <= b; d++)
        n += ((d % 7) + 7 + 3) % 7 < 5; /* 1970-01-01 was a Thursday */
    return n;
}

static bool emit_session(struct roster_emit *e, const struct roster_pair *p)
{
    const char *type = roster_cell(e->sessions, p->term, "type");
    const char *begin = roster_cell(e->sessions, p->term, "startDate");
    const char *end = roster_cell(e->sessions, p->term, "endDate");
    doc_begin(e);
    doc_text(e, "sessionName", p->name, 60);
    ref_school(e, org_number(e->orgs, p->school));
    ref_year(e, term_year(e, p->term));
    doc_text(e, "beginDate", begin, 10);
    doc_text(e, "endDate", end, 10);
    doc_descriptor(e, "termDescriptor", "Term",
                   strcmp(type, "schoolYear") == 0 ? "Year Round"
                   : strcmp(type, "semester") == 0 ? "Semester"
                                                   : "Other");
    doc_number(e, "totalInstructionalDays", weekdays(begin, end));
    return doc_end(e, "sessions", "academicSessions.csv", e->sessions->lines[p->term]);
}

/* ---- courses and classes ---- */

static void course_code(struct roster_emit *e, size_t course, char ret[static 61])
{
    const char *code =
        roster_cell(e->courses, course, e->r->format == INGEST_SDS_21 ? "code" : "courseCode");
    roster_fit(*code ? code : roster_id(e->courses, course), 60, ret);
}

/* The organization of a course: the school it is taught at, or the district's agency. */
static int64_t course_organization(struct roster_emit *e, size_t course)
{
    const char *id = roster_cell(e->courses, course, "orgSourcedId");
    size_t org = roster_find(e->r, e->orgs, id);
    size_t school = org_school(e, id);
    return school != SIZE_MAX ? org_number(e->orgs, school)
           : org != SIZE_MAX  ? org_number(e->orgs, org)
                              : 0;
}

static bool emit_course(struct roster_emit *e, size_t row)
{
    char code[61];
    course_code(e, row, code);
    doc_begin(e);
    doc_text(e, "courseCode", code, 60);
    ref_organization(e, course_organization(e, row));
    doc_text(e, "courseTitle", roster_cell(e->courses, row, "title"), 60);
    doc_number(e, "numberOfParts", 1);
    doc_open(e, "identificationCodes", "[{");
    doc_text(e, "identificationCode", code, 60);
    doc_descriptor(e, "courseIdentificationSystemDescriptor", "CourseIdentificationSystem",
                   "LEA course code");
    doc_close(e, "}]");
    return doc_end(e, "courses", "courses.csv", e->courses->lines[row]);
}

static void ref_offering(struct roster_emit *e, const char *reference,
                         const struct roster_meeting *m, bool section)
{
    doc_open(e, reference, "{");
    doc_text(e, "localCourseCode", m->course, 60);
    doc_number(e, "schoolId", m->school);
    doc_number(e, "schoolYear", term_year(e, e->pairs[m->pair].term));
    if (section)
        doc_text(e, "sectionIdentifier", m->section, 255);
    doc_text(e, "sessionName", e->pairs[m->pair].name, 60);
    doc_close(e, "}");
}

static bool emit_offering(struct roster_emit *e, size_t row, size_t course,
                          const struct roster_meeting *m)
{
    doc_begin(e);
    doc_text(e, "localCourseCode", m->course, 60);
    ref_school(e, m->school);
    doc_open(e, "sessionReference", "{");
    doc_number(e, "schoolId", m->school);
    doc_number(e, "schoolYear", term_year(e, e->pairs[m->pair].term));
    doc_text(e, "sessionName", e->pairs[m->pair].name, 60);
    doc_close(e, "}");
    doc_open(e, "courseReference", "{");
    doc_text(e, "courseCode", m->course, 60);
    doc_number(e, "educationOrganizationId", course_organization(e, course));
    doc_close(e, "}");
    return doc_end(e, "courseOfferings", "classes.csv", e->classes->lines[row]);
}

static bool emit_section(struct roster_emit *e, size_t row, const struct roster_meeting *m)
{
    doc_begin(e);
    doc_text(e, "sectionIdentifier", m->section, 255);
    ref_offering(e, "courseOfferingReference", m, false);
    doc_text(e, "sectionName", roster_cell(e->classes, row, "title"), 100);
    return doc_end(e, "sections", "classes.csv", e->classes->lines[row]);
}

/* Calls fn for each term of a class; false stops. */
static bool each_meeting(struct roster_emit *e, size_t row,
                         bool (*fn)(struct roster_emit *e, size_t row,
                                    const struct roster_meeting *m, void *ctx),
                         void *ctx)
{
    for (uint32_t i = e->first[row]; i < e->first[row + 1]; i++)
        if (!fn(e, row, &e->meetings[i], ctx))
            return false;
    return true;
}

static bool offering(struct roster_emit *e, size_t row, const struct roster_meeting *m, void *ctx)
{
    uint8_t *offered = ctx; /* of each course in each of the pairs: said already */
    size_t course = roster_find(e->r, e->courses, roster_cell(e->classes, row, "courseSourcedId"));
    uint8_t *said = &offered[course * e->pairs_n + m->pair];
    if (*said)
        return true;
    *said = 1;
    return emit_offering(e, row, course, m);
}

static bool section(struct roster_emit *e, size_t row, const struct roster_meeting *m, void *ctx)
{
    (void)ctx;
    return emit_section(e, row, m);
}

static bool is_homeroom(const struct roster_emit *e, size_t row)
{
    return strcmp(roster_cell(e->classes, row, "classType"), "homeroom") == 0;
}

static void ref_cohort(struct roster_emit *e, size_t row, int64_t school)
{
    char id[37];
    roster_fit(roster_id(e->classes, row), 36, id);
    doc_open(e, "cohortReference", "{");
    doc_text(e, "cohortIdentifier", id, 36);
    doc_number(e, "educationOrganizationId", school);
    doc_close(e, "}");
}

/* A homeroom is an advisory: who is in it has an adult. */
static bool emit_cohort(struct roster_emit *e, size_t row)
{
    char id[37];
    size_t school = class_school(e, row);
    if (school == SIZE_MAX || !is_homeroom(e, row))
        return true;
    roster_fit(roster_id(e->classes, row), 36, id);
    doc_begin(e);
    doc_text(e, "cohortIdentifier", id, 36);
    ref_organization(e, org_number(e->orgs, school));
    doc_descriptor(e, "cohortTypeDescriptor", "CohortType", "Homeroom");
    doc_text(e, "cohortDescription", roster_cell(e->classes, row, "title"), 1024);
    return doc_end(e, "cohorts", "classes.csv", e->classes->lines[row]);
}

static bool emit_classes(struct roster_emit *e)
{
    bool on = true;
    for (size_t i = 0; i < e->pairs_n && on; i++)
        on = emit_session(e, &e->pairs[i]);
    for (size_t i = 0; e->courses && i < e->courses->n && on; i++)
        on = emit_course(e, i);
    for (size_t i = 0; e->classes && i < e->classes->n && on; i++)
        on = emit_cohort(e, i);
    kith_auto_mem uint8_t *offered =
        calloc(e->courses ? e->courses->n + 1 : 1, e->pairs_n ? e->pairs_n : 1);
    if (!offered)
        e->err = KITH_ENOMEM;
    on = on && offered;
    for (size_t i = 0; e->classes && i < e->classes->n && on; i++)
        on = each_meeting(e, i, offering, offered);
    for (size_t i = 0; e->classes && i < e->classes->n && on; i++)
        on = each_meeting(e, i, section, NULL);
    return on;
}

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
    doc_begin(e);
    doc_text(e, "entryDate", *b->begin ? b->begin : e->year_begin, 10);
    ref_school(e, school);
    ref_person(e, "studentReference", "studentUniqueId", id);
    doc_descriptor(e, "entryGradeLevelDescriptor", "GradeLevel", grade_level(b->grade));
    if (e->year > 0)
        ref_year(e, e->year);
    doc_text(e, "exitWithdrawDate", b->end, 10);
    return doc_end(e, "studentSchoolAssociations", b->file, b->line);
}

static bool emit_employed(struct roster_emit *e, const struct belonging *b, const char *id,
                          int64_t school)
{
    doc_begin(e);
    doc_text(e, "beginDate", *b->begin ? b->begin : e->year_begin, 10);
    ref_organization(e, school);
    doc_descriptor(e, "staffClassificationDescriptor", "StaffClassification",
                   classification(b->role));
    ref_person(e, "staffReference", "staffUniqueId", id);
    doc_text(e, "endDate", b->end, 10);
    if (!doc_end(e, "staffEducationOrganizationAssignmentAssociations", b->file, b->line))
        return false;
    doc_begin(e);
    doc_descriptor(e, "programAssignmentDescriptor", "ProgramAssignment", "Regular Education");
    ref_school(e, school);
    ref_person(e, "staffReference", "staffUniqueId", id);
    return doc_end(e, "staffSchoolAssociations", b->file, b->line);
}

static bool emit_belonging(struct roster_emit *e, const struct belonging *b)
{
    char id[33];
    size_t school = org_school(e, b->org);
    if (b->user == SIZE_MAX || school == SIZE_MAX)
        return true;
    user_id(e->users, b->user, id);
    int64_t number = org_number(e->orgs, school);
    if (strcmp(b->role, "student") == 0)
        return emit_enrolled(e, b, id, number);
    static const char *const contacts[] = {"guardian", "parent", "relative"};
    for (size_t i = 0; i < KITH_LEN(contacts); i++)
        if (strcmp(contacts[i], b->role) == 0)
            return true;
    return emit_employed(e, b, id, number);
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
        for (const char *list = roster_cell(e->users, i, "orgSourcedIds"); next_of(&list, org);)
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
    user_id(e->users, student, student_id);
    user_id(e->users, contact, contact_id);
    doc_begin(e);
    ref_person(e, "contactReference", "contactUniqueId", contact_id);
    ref_person(e, "studentReference", "studentUniqueId", student_id);
    return doc_end(e, "studentContactAssociations", file, line);
}

static bool emit_contacts(struct roster_emit *e)
{
    char id[256];
    bool on = true;
    const struct roster_table *related = roster_table(e->r, "relationships");
    for (size_t i = 0; i < e->users->n && on; i++)
        for (const char *list = roster_cell(e->users, i, "agentSourcedIds");
             on && next_of(&list, id);)
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
                               const struct seat *s, const char *id, const char *begin)
{
    char school[24];
    char year[24];
    (void)snprintf(school, sizeof(school), "%lld", (long long)m->school);
    (void)snprintf(year, sizeof(year), "%lld", (long long)term_year(e, e->pairs[m->pair].term));
    const char *const key[] = {begin, m->course, school, year, m->section, e->pairs[m->pair].name,
                               id};
    const struct doc_ref refs[] = {{"sections", "sectionReference", &m->id},
                                   {"students", "studentReference", &e->students[s->user]}};
    doc_begin(e);
    doc_text(e, "beginDate", begin, 10);
    doc_text(e, "endDate", s->end, 10);
    ref_offering(e, "sectionReference", m, true);
    ref_person(e, "studentReference", "studentUniqueId", id);
    return doc_ready(e, "studentSectionAssociations", key, refs, 2, "enrollments.csv", s->line);
}

static bool seat_in_section(struct roster_emit *e, size_t row, const struct roster_meeting *m,
                            void *ctx)
{
    const struct seat *s = ctx;
    char id[33];
    (void)row;
    user_id(e->users, s->user, id);
    const char *begin =
        *s->begin ? s->begin : roster_cell(e->sessions, e->pairs[m->pair].term, "startDate");
    if (strcmp(s->role, "student") == 0)
        return student_in_section(e, m, s, id, begin);
    doc_begin(e);
    doc_text(e, "beginDate", begin, 10);
    ref_offering(e, "sectionReference", m, true);
    ref_person(e, "staffReference", "staffUniqueId", id);
    doc_text(e, "endDate", s->end, 10);
    doc_descriptor(e, "classroomPositionDescriptor", "ClassroomPosition",
                   s->primary                        ? "Teacher of Record"
                   : strcmp(s->role, "teacher") == 0 ? "Assistant Teacher"
                                                     : "Support Teacher");
    return doc_end(e, "staffSectionAssociations", "enrollments.csv", s->line);
}

static bool seat_in_homeroom(struct roster_emit *e, size_t row, const struct seat *s)
{
    char id[33];
    size_t school = class_school(e, row);
    if (school == SIZE_MAX || !is_homeroom(e, row))
        return true;
    user_id(e->users, s->user, id);
    bool student = strcmp(s->role, "student") == 0;
    doc_begin(e);
    doc_text(e, "beginDate", *s->begin ? s->begin : e->year_begin, 10);
    ref_cohort(e, row, org_number(e->orgs, school));
    if (student)
        ref_person(e, "studentReference", "studentUniqueId", id);
    else
        ref_person(e, "staffReference", "staffUniqueId", id);
    doc_text(e, "endDate", s->end, 10);
    return doc_end(e, student ? "studentCohortAssociations" : "staffCohortAssociations",
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
    if (s.user == SIZE_MAX || class == SIZE_MAX)
        return true;
    /* a guardian in a class list is nobody's pupil or teacher */
    bool fits = strcmp(role, "student") == 0 ? e->kinds[s.user] & ROSTER_STUDENT
                                             : e->kinds[s.user] & ROSTER_STAFF;
    return !fits || (each_meeting(e, class, seat_in_section, &s) && seat_in_homeroom(e, class, &s));
}

/* ---- the gradebook ---- */

#define GRADEBOOK "uri://oneroster"

static void ref_entry(struct roster_emit *e, const char *id)
{
    char fit[61];
    roster_fit(id, 60, fit);
    doc_open(e, "gradebookEntryReference", "{");
    doc_text(e, "gradebookEntryIdentifier", fit, 60);
    doc_text(e, "namespace", GRADEBOOK, 255);
    doc_close(e, "}");
}

static bool ref_first(struct roster_emit *e, size_t row, const struct roster_meeting *m, void *ctx)
{
    (void)row;
    (void)ctx;
    ref_offering(e, "sectionReference", m, true);
    return false;
}

static bool emit_line_item(struct roster_emit *e, const struct roster_table *t, size_t row)
{
    char id[61];
    size_t class = roster_find(e->r, e->classes, roster_cell(t, row, "classSourcedId"));
    if (class == SIZE_MAX)
        return true;
    roster_fit(roster_id(t, row), 60, id);
    doc_begin(e);
    doc_text(e, "gradebookEntryIdentifier", id, 60);
    doc_text(e, "namespace", GRADEBOOK, 255);
    doc_text(e, "title", roster_cell(t, row, "title"), 100);
    doc_text(e, "dateAssigned", roster_cell(t, row, "assignDate"), 10);
    doc_text(e, "dueDate", roster_cell(t, row, "dueDate"), 10);
    doc_text(e, "sourceSectionIdentifier", roster_id(e->classes, class), 255);
    doc_text(e, "description", roster_cell(t, row, "description"), 1024);
    doc_text(e, "maxPoints", roster_cell(t, row, "resultValueMax"), 20);
    (void)each_meeting(e, class, ref_first, NULL);
    return doc_end(e, "gradebookEntries", "lineItems.csv", t->lines[row]);
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
    user_id(e->users, user, id);
    const char *status = cell_of(t, row, "scoreStatus");
    bool missing =
        strcmp(status, "not submitted") == 0 || strcmp(cell_of(t, row, "missing"), "true") == 0;
    doc_begin(e);
    ref_entry(e, item);
    ref_person(e, "studentReference", "studentUniqueId", id);
    doc_text(e, "pointsEarned", cell_of(t, row, "score"), 20);
    doc_text(e, "letterGradeEarned", cell_of(t, row, "textScore"), 20);
    if (!missing)
        doc_text(e, "dateFulfilled", cell_of(t, row, "scoreDate"), 10);
    doc_descriptor(e, "submissionStatusDescriptor", "SubmissionStatus",
                   missing                         ? "Missing"
                   : strcmp(status, "exempt") == 0 ? "Excused"
                                                   : "Submitted");
    if (strcmp(cell_of(t, row, "late"), "true") == 0)
        doc_descriptor(e, "assignmentLateStatusDescriptor", "AssignmentLateStatus", "Late");
    return doc_end(e, "studentGradebookEntries", "results.csv", row->line);
}

static bool read_again(struct roster_emit *e, const char *name,
                       bool (*fn)(void *ctx, const struct roster_row *row))
{
    struct roster_table *t = roster_table(e->r, name);
    if (!t || !t->present || !e->classes)
        return true;
    kith_err err = roster_read(e->r, t, NULL, fn, e);
    if (err != KITH_OK && e->err == KITH_OK)
        e->err = err;
    return e->err == KITH_OK;
}

bool roster_emit_rows(struct roster_emit *e)
{
    const struct roster_table *items = roster_table(e->r, "lineItems");
    bool on = emit_classes(e);
    on = on && (e->roles ? emit_roles_belong(e) : emit_users_belong(e)) && emit_contacts(e);
    on = on && read_again(e, "enrollments", on_enrollment);
    for (size_t i = 0; items && items->present && i < items->n && on; i++)
        on = emit_line_item(e, items, i);
    return on && read_again(e, "results", on_result);
}
