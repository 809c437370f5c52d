/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters as Ed-Fi documents: terms of schools, courses, classes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/identity.h"
#include "ingest/roster_emit.h"
#include "kith/clock.h"

bool roster_next_of(const char **list, char one[static 256])
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

size_t roster_class_school(struct roster_emit *e, size_t row)
{
    return roster_org_school(
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

int64_t roster_term_year(const struct roster_emit *e, size_t term)
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
                roster_term_year(e, e->pairs[i].term) == roster_term_year(e, p->term) &&
                strcmp(roster_cell(e->sessions, e->pairs[i].term, "title"), title) == 0;
    if (twice || strlen(title) > 60)
        ingest_identity_fit(roster_id(e->sessions, p->term), 60, p->name);
    else
        (void)snprintf(p->name, sizeof(p->name), "%s", title);
}

/* The year of most classes, and its first day: when somebody belongs to a school from, if the package does not say. */
static void find_year(struct roster_emit *e)
{
    size_t best = 0;
    for (size_t i = 0; i < e->sessions->n; i++) {
        int64_t year = roster_term_year(e, i);
        size_t n = 0;
        for (size_t k = 0; k < e->pairs_n; k++)
            n += roster_term_year(e, e->pairs[k].term) == year;
        if (e->year == 0 || n > best || (n == best && year > e->year)) {
            best = n;
            e->year = year;
        }
    }
    for (size_t i = 0; i < e->sessions->n; i++) {
        const char *begin = roster_cell(e->sessions, i, "startDate");
        if (roster_term_year(e, i) == e->year &&
            (!e->year_begin[0] || strcmp(begin, e->year_begin) < 0))
            (void)snprintf(e->year_begin, sizeof(e->year_begin), "%s", begin);
    }
}

static void course_code(struct roster_emit *e, size_t course, char ret[static 61]);

static kith_err section_id(struct roster_emit *e, struct roster_meeting *m)
{
    char school[24];
    char year[24];
    (void)snprintf(school, sizeof(school), "%lld", (long long)m->school);
    (void)snprintf(year, sizeof(year), "%lld",
                   (long long)roster_term_year(e, e->pairs[m->pair].term));
    const char *const key[] = {m->course, school, year, m->section, e->pairs[m->pair].name};
    kith_err err = ingest_key_id(ingest_resource_find("sections"), key, 5, &m->id);
    return err == KITH_EINVAL ? KITH_OK : err; /* the section's own document says why it is none */
}

/* The meetings of one class. */
static kith_err add_meetings(struct roster_emit *e, size_t class)
{
    char id[256];
    char code[61];
    size_t school = roster_class_school(e, class);
    size_t course =
        roster_find(e->r, e->courses, roster_cell(e->classes, class, "courseSourcedId"));
    if (school == SIZE_MAX || course == SIZE_MAX) {
        roster_unused(e, "classes.csv", e->classes->lines[class], "class_unused",
                      school == SIZE_MAX
                          ? "The class belongs to no school of the package; it makes no section."
                          : "The course of the class is not in the package; it makes no section.");
        return KITH_OK;
    }
    size_t before = e->meetings_n;
    course_code(e, course, code);
    const char *kept = roster_keep_text(e->r, code);
    kith_err err = kept ? KITH_OK : KITH_ENOMEM;
    for (const char *list = class_terms(e, class); err == KITH_OK && roster_next_of(&list, id);) {
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
                                     .school = roster_org_number(e->orgs, school),
                                     .course = kept,
                                     .section = roster_id(e->classes, class)};
        err = section_id(e, m);
    }
    if (err == KITH_OK && e->meetings_n == before)
        roster_unused(e, "classes.csv", e->classes->lines[class], "class_unused",
                      "No term of the class is in academicSessions.csv; it makes no section.");
    return err;
}

kith_err roster_pairs(struct roster_emit *e)
{
    size_t classes = e->classes ? e->classes->n : 0;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < classes && err == KITH_OK; i++) {
        char id[256];
        size_t school = roster_class_school(e, i);
        for (const char *list = class_terms(e, i);
             school != SIZE_MAX && roster_next_of(&list, id);) {
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
    roster_doc_begin(e);
    roster_doc_text(e, "sessionName", p->name, 60);
    roster_ref_school(e, roster_org_number(e->orgs, p->school));
    roster_ref_year(e, roster_term_year(e, p->term));
    roster_doc_text(e, "beginDate", begin, 10);
    roster_doc_text(e, "endDate", end, 10);
    roster_doc_descriptor(e, "termDescriptor", "Term",
                          strcmp(type, "schoolYear") == 0 ? "Year Round"
                          : strcmp(type, "semester") == 0 ? "Semester"
                                                          : "Other");
    roster_doc_number(e, "totalInstructionalDays", weekdays(begin, end));
    return roster_doc_end(e, "sessions", "academicSessions.csv", e->sessions->lines[p->term]);
}

/* ---- courses and classes ---- */

static void course_code(struct roster_emit *e, size_t course, char ret[static 61])
{
    const char *code =
        roster_cell(e->courses, course, e->r->format == INGEST_SDS_21 ? "code" : "courseCode");
    ingest_identity_fit(*code ? code : roster_id(e->courses, course), 60, ret);
}

/* The organization of a course: the school it is taught at, or the district's agency. */
static int64_t course_organization(struct roster_emit *e, size_t course)
{
    const char *id = roster_cell(e->courses, course, "orgSourcedId");
    size_t org = roster_find(e->r, e->orgs, id);
    size_t school = roster_org_school(e, id);
    return school != SIZE_MAX ? roster_org_number(e->orgs, school)
           : org != SIZE_MAX  ? roster_org_number(e->orgs, org)
                              : 0;
}

static bool emit_course(struct roster_emit *e, size_t row)
{
    char code[61];
    course_code(e, row, code);
    roster_doc_begin(e);
    roster_doc_text(e, "courseCode", code, 60);
    roster_ref_organization(e, course_organization(e, row));
    roster_doc_text(e, "courseTitle", roster_cell(e->courses, row, "title"), 60);
    roster_doc_number(e, "numberOfParts", 1);
    roster_doc_open(e, "identificationCodes", "[{");
    roster_doc_text(e, "identificationCode", code, 60);
    roster_doc_descriptor(e, "courseIdentificationSystemDescriptor", "CourseIdentificationSystem",
                          "LEA course code");
    roster_doc_close(e, "}]");
    return roster_doc_end(e, "courses", "courses.csv", e->courses->lines[row]);
}

void roster_ref_offering(struct roster_emit *e, const char *reference,
                         const struct roster_meeting *m, bool section)
{
    roster_doc_open(e, reference, "{");
    roster_doc_text(e, "localCourseCode", m->course, 60);
    roster_doc_number(e, "schoolId", m->school);
    roster_doc_number(e, "schoolYear", roster_term_year(e, e->pairs[m->pair].term));
    if (section)
        roster_doc_text(e, "sectionIdentifier", m->section, 255);
    roster_doc_text(e, "sessionName", e->pairs[m->pair].name, 60);
    roster_doc_close(e, "}");
}

static bool emit_offering(struct roster_emit *e, size_t row, size_t course,
                          const struct roster_meeting *m)
{
    roster_doc_begin(e);
    roster_doc_text(e, "localCourseCode", m->course, 60);
    roster_ref_school(e, m->school);
    roster_doc_open(e, "sessionReference", "{");
    roster_doc_number(e, "schoolId", m->school);
    roster_doc_number(e, "schoolYear", roster_term_year(e, e->pairs[m->pair].term));
    roster_doc_text(e, "sessionName", e->pairs[m->pair].name, 60);
    roster_doc_close(e, "}");
    roster_doc_open(e, "courseReference", "{");
    roster_doc_text(e, "courseCode", m->course, 60);
    roster_doc_number(e, "educationOrganizationId", course_organization(e, course));
    roster_doc_close(e, "}");
    return roster_doc_end(e, "courseOfferings", "classes.csv", e->classes->lines[row]);
}

static bool emit_section(struct roster_emit *e, size_t row, const struct roster_meeting *m)
{
    roster_doc_begin(e);
    roster_doc_text(e, "sectionIdentifier", m->section, 255);
    roster_ref_offering(e, "courseOfferingReference", m, false);
    roster_doc_text(e, "sectionName", roster_cell(e->classes, row, "title"), 100);
    return roster_doc_end(e, "sections", "classes.csv", e->classes->lines[row]);
}

/* Calls fn for each term of a class; false stops. */
bool roster_each_meeting(struct roster_emit *e, size_t row,
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

bool roster_is_homeroom(const struct roster_emit *e, size_t row)
{
    return strcmp(roster_cell(e->classes, row, "classType"), "homeroom") == 0;
}

void roster_ref_cohort(struct roster_emit *e, size_t row, int64_t school)
{
    char id[37];
    ingest_identity_fit(roster_id(e->classes, row), 36, id);
    roster_doc_open(e, "cohortReference", "{");
    roster_doc_text(e, "cohortIdentifier", id, 36);
    roster_doc_number(e, "educationOrganizationId", school);
    roster_doc_close(e, "}");
}

/* A homeroom is an advisory: who is in it has an adult. */
static bool emit_cohort(struct roster_emit *e, size_t row)
{
    char id[37];
    size_t school = roster_class_school(e, row);
    if (school == SIZE_MAX || !roster_is_homeroom(e, row))
        return true;
    ingest_identity_fit(roster_id(e->classes, row), 36, id);
    roster_doc_begin(e);
    roster_doc_text(e, "cohortIdentifier", id, 36);
    roster_ref_organization(e, roster_org_number(e->orgs, school));
    roster_doc_descriptor(e, "cohortTypeDescriptor", "CohortType", "Homeroom");
    roster_doc_text(e, "cohortDescription", roster_cell(e->classes, row, "title"), 1024);
    return roster_doc_end(e, "cohorts", "classes.csv", e->classes->lines[row]);
}

bool roster_emit_classes(struct roster_emit *e)
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
        on = roster_each_meeting(e, i, offering, offered);
    for (size_t i = 0; e->classes && i < e->classes->n && on; i++)
        on = roster_each_meeting(e, i, section, NULL);
    return on;
}
