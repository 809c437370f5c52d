/* SPDX-License-Identifier: Apache-2.0 */
/* teacher, team, student and request.csv */
#include "scheduling/us_data_internal.h"

#include <string.h>

enum { T_ID, T_SLC, T_CERTS, T_ROLES, T_MAX_LOAD, T_AVAIL, T_BUILDING };

static uint64_t read_certs(struct us_reader *r)
{
    uint64_t certs = 0;
    const char *at = us_reader_text(r, T_CERTS);
    size_t n;
    for (const char *item; (item = us_reader_item(&at, &n));) {
        int subject =
            us_ids_find(&r->d->subjects, item, n); /* one that no course has is no fault */
        if (subject >= 0 && subject < 64)
            certs |= UINT64_C(1) << subject;
    }
    return certs;
}

static void read_teacher(struct us_reader *r, struct us_teacher *t)
{
    struct us_data *d = r->d;
    t->slc = us_reader_ref(r, T_SLC, &d->slc_ids, "community");
    t->certs = read_certs(r);
    t->roles = us_reader_words(r, T_ROLES, us_role_words);
    if (t->roles == 0)
        t->roles = US_GENERAL;
    t->max_load = us_reader_int(r, T_MAX_LOAD, 0, 1000, US_NO_LIMIT);
    struct us_list cells = us_reader_refs(r, T_AVAIL, &d->cell_ids, "cell");
    for (int i = 0; i < cells.n; i++)
        t->avail |= UINT64_C(1) << cells.at[i];
    if (!*us_reader_text(r, T_AVAIL))
        t->avail = d->all_cells;
    t->building = us_reader_name(r, T_BUILDING, &d->buildings);
}

kith_err us_data_read_teachers(struct us_reader *r)
{
    static const char *const columns[] = {"id",        "?slc",   "certs",     "?roles",
                                          "?max_load", "?avail", "?building", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "teacher.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->teachers = us_reader_get(r, n, sizeof(*d->teachers));
    if (!us_reader_init(r, &d->teacher_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, T_ID, &d->teacher_ids, "teacher");
        if (at < 0)
            continue;
        d->teachers[at].id = d->teacher_ids.names[at];
        read_teacher(r, &d->teachers[at]);
    }
    d->n_teachers = d->teacher_ids.n;
    return KITH_OK;
}

kith_err us_data_read_teams(struct us_reader *r)
{
    static const char *const columns[] = {"id", "?slc", "?grade", "teachers", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "team.csv", columns, true);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->teams = us_reader_get(r, n, sizeof(*d->teams));
    if (!us_reader_init(r, &d->team_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, 0, &d->team_ids, "team");
        if (at < 0)
            continue;
        struct us_team *t = &d->teams[at];
        t->id = d->team_ids.names[at];
        t->slc = us_reader_ref(r, 1, &d->slc_ids, "community");
        t->grade = us_reader_int(r, 2, 0, US_GRADES - 1, US_NONE);
        t->teachers = us_reader_refs(r, 3, &d->teacher_ids, "teacher");
    }
    d->n_teams = d->team_ids.n;
    return KITH_OK;
}

enum { P_ID, P_GRADE, P_SLC, P_TEAM, P_FLAGS, P_ADVISOR };

static void read_student(struct us_reader *r, struct us_student *s)
{
    struct us_data *d = r->d;
    s->grade = us_reader_int(r, P_GRADE, 0, US_GRADES - 1, US_NONE);
    if (s->grade < 0) {
        s->grade = 0; /* the problem below keeps it from being used */
        us_reader_problem(r, "the student needs a grade from 0 to %d", US_GRADES - 1);
    }
    s->slc = us_reader_ref(r, P_SLC, &d->slc_ids, "community");
    s->team = us_reader_ref(r, P_TEAM, &d->team_ids, "team");
    s->flags = us_reader_words(r, P_FLAGS, us_flag_words);
    s->advisor = us_reader_ref(r, P_ADVISOR, &d->teacher_ids, "teacher");
}

kith_err us_data_read_students(struct us_reader *r)
{
    static const char *const columns[] = {"id",     "grade",    "?slc", "?team",
                                          "?flags", "?advisor", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "student.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->students = us_reader_get(r, n, sizeof(*d->students));
    if (!us_reader_init(r, &d->student_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, P_ID, &d->student_ids, "student");
        if (at < 0)
            continue;
        d->students[at].id = d->student_ids.names[at];
        read_student(r, &d->students[at]);
    }
    d->n_students = d->student_ids.n;
    return KITH_OK;
}

enum { R_ID, R_STUDENT, R_COURSE, R_PRIORITY, R_ALTERNATES, R_COTEACH, R_LOCKED };

static void read_request(struct us_reader *r, struct us_request *q)
{
    struct us_data *d = r->d;
    (void)snprintf(r->about, sizeof(r->about), "request %.40s of student %.40s",
                   us_reader_text(r, R_ID), us_reader_text(r, R_STUDENT));
    q->student = us_reader_needed(r, R_STUDENT, &d->student_ids, "student");
    q->course = us_reader_needed(r, R_COURSE, &d->course_ids, "course");
    q->priority = (enum us_priority)us_reader_word(r, R_PRIORITY, us_priority_words, US_ELECTIVE);
    q->alternates = us_reader_refs(r, R_ALTERNATES, &d->course_ids, "course");
    q->coteach = us_reader_bool(r, R_COTEACH);
    q->locked = us_reader_ref(r, R_LOCKED, &d->section_ids, "section");
    if (q->student >= 0)
        d->students[q->student].requests.n++;
}

/* Each student's list of requests, in the order of the file. */
static void list_requests(struct us_reader *r)
{
    struct us_data *d = r->d;
    for (int i = 0; i < d->n_students; i++) {
        struct us_list *list = &d->students[i].requests;
        list->at = us_reader_get(r, list->n, sizeof(*list->at));
        list->n = 0;
        if (!list->at)
            return;
    }
    for (int i = 0; i < d->n_requests; i++) {
        if (d->requests[i].student < 0)
            continue;
        struct us_list *list = &d->students[d->requests[i].student].requests;
        list->at[list->n++] = i;
    }
}

kith_err us_data_read_requests(struct us_reader *r)
{
    static const char *const columns[] = {"id",          "student",  "course",  "priority",
                                          "?alternates", "?coteach", "?locked", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "request.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->requests = us_reader_get(r, n, sizeof(*d->requests));
    if (!us_reader_init(r, &d->request_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, R_ID, &d->request_ids, "request");
        if (at < 0)
            continue;
        d->requests[at].id = d->request_ids.names[at];
        read_request(r, &d->requests[at]);
    }
    d->n_requests = d->request_ids.n;
    list_requests(r);
    return KITH_OK;
}
