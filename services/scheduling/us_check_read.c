/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a result. Reads with the input's reader, over the input's ids. */
#include "scheduling/us_check_internal.h"

#include <string.h>

#include "scheduling/us_data_internal.h"

static kith_err read_sections(struct us_check *c, struct us_reader *r)
{
    static const char *const columns[] = {"id", "course", "slc", "coteach", NULL};
    const struct us_data *d = c->d;
    kith_err err = us_reader_open(r, "section.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    c->sections = us_reader_get(r, n, sizeof(*c->sections));
    if (!us_reader_init(r, &c->section_ids, n) || !c->sections)
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, 0, &c->section_ids, "section");
        if (at < 0)
            continue;
        struct us_check_section *s = &c->sections[at];
        s->id = c->section_ids.names[at];
        s->course = us_reader_needed(r, 1, &d->course_ids, "course");
        s->slc = us_reader_ref(r, 2, &d->slc_ids, "community");
        s->coteach = us_reader_bool(r, 3);
        s->pattern = US_NONE;
        s->room = US_NONE;
        if (s->course >= 0 && s->slc < 0 && d->courses[s->course].owner == US_OWNER_SLC)
            us_reader_problem(r, "its course belongs to the communities, but it names none");
        if (s->course >= 0 && s->slc >= 0 && d->courses[s->course].owner == US_OWNER_SHARED)
            us_reader_problem(r, "its course is open to all, but it names a community");
    }
    c->n_sections = c->section_ids.n;
    return KITH_OK;
}

static kith_err read_placement(struct us_check *c, struct us_reader *r)
{
    static const char *const columns[] = {"section", "pattern", "teachers", "room", "?lunch", NULL};
    const struct us_data *d = c->d;
    kith_err err = us_reader_open(r, "placement.csv", columns, false);
    if (err != KITH_OK)
        return err;
    bool *seen = us_reader_get(r, c->n_sections, sizeof(*seen));
    if (!seen)
        return KITH_ENOMEM;
    for (int i = 0; i < us_reader_rows(r); i++) {
        us_reader_at(r, i);
        int at = us_reader_needed(r, 0, &c->section_ids, "section");
        if (at < 0)
            continue;
        if (seen[at])
            us_reader_problem(r, "the section '%s' is placed twice", c->sections[at].id);
        seen[at] = true;
        struct us_check_section *s = &c->sections[at];
        s->pattern = us_reader_ref(r, 1, &d->pattern_ids, "pattern");
        s->cells = s->pattern >= 0 ? d->patterns[s->pattern].cells : 0;
        s->teachers = us_reader_refs(r, 2, &d->teacher_ids, "teacher");
        s->room = us_reader_ref(r, 3, &d->room_ids, "room");
        s->lunch = us_reader_int(r, 4, 1, 1000, 0);
    }
    return KITH_OK;
}

static kith_err read_roster(struct us_check *c, struct us_reader *r)
{
    static const char *const columns[] = {"student", "section", "request", NULL};
    const struct us_data *d = c->d;
    kith_err err = us_reader_open(r, "roster.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    c->seats = us_reader_get(r, n, sizeof(*c->seats));
    if (!c->seats)
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        struct us_check_seat seat;
        seat.student = us_reader_needed(r, 0, &d->student_ids, "student");
        seat.section = us_reader_needed(r, 1, &c->section_ids, "section");
        seat.request = us_reader_ref(r, 2, &d->request_ids, "request");
        if (seat.student >= 0 && seat.section >= 0)
            c->seats[c->n_seats++] = seat;
    }
    return KITH_OK;
}

static kith_err read_unmet(struct us_check *c, struct us_reader *r)
{
    static const char *const columns[] = {"request", "reason", "?detail", NULL};
    static const char *const reasons[] = {"not_offered", "full", "conflict", "rule", NULL};
    c->request_reason = us_reader_get(r, c->d->n_requests, sizeof(*c->request_reason));
    if (!c->request_reason)
        return KITH_ENOMEM;
    for (int i = 0; i < c->d->n_requests; i++)
        c->request_reason[i] = US_NONE;
    kith_err err = us_reader_open(r, "unmet.csv", columns, true);
    if (err != KITH_OK)
        return err;
    for (int i = 0; i < us_reader_rows(r); i++) {
        us_reader_at(r, i);
        int at = us_reader_needed(r, 0, &c->d->request_ids, "request");
        int reason = us_reader_word(r, 1, reasons, US_NONE);
        if (at >= 0)
            c->request_reason[at] = reason;
    }
    return KITH_OK;
}

static kith_err read_advisory(struct us_check *c, struct us_reader *r)
{
    static const char *const columns[] = {"student", "teacher", NULL};
    const struct us_data *d = c->d;
    c->advisors = us_reader_get(r, d->n_students, sizeof(*c->advisors));
    if (!c->advisors)
        return KITH_ENOMEM;
    kith_err err = us_reader_open(r, "advisory.csv", columns, true);
    if (err != KITH_OK)
        return err;
    for (int i = 0; i < us_reader_rows(r); i++) {
        us_reader_at(r, i);
        int student = us_reader_needed(r, 0, &d->student_ids, "student");
        int teacher = us_reader_needed(r, 1, &d->teacher_ids, "teacher");
        if (student < 0 || teacher < 0)
            continue;
        struct us_list *list = &c->advisors[student];
        int *at = us_reader_get(r, list->n + 1, sizeof(*at));
        if (!at)
            return KITH_ENOMEM;
        if (list->n > 0)
            memcpy(at, list->at, (size_t)list->n * sizeof(*at));
        at[list->n++] = teacher;
        list->at = at;
    }
    return KITH_OK;
}

/* Lists by an index: counted in a first pass, filled in a second. */
static bool make_room(struct us_reader *r, struct us_list *lists, int n)
{
    for (int i = 0; i < n; i++) {
        lists[i].at = us_reader_get(r, lists[i].n, sizeof(int));
        lists[i].n = 0;
    }
    return !r->no_memory;
}

static void put(struct us_list *list, int i, bool fill)
{
    if (fill)
        list->at[list->n] = i;
    list->n++;
}

static void list_all(struct us_check *c, bool fill)
{
    for (int i = 0; i < c->n_seats; i++) {
        put(&c->student_seats[c->seats[i].student], i, fill);
        put(&c->sections[c->seats[i].section].seats, i, fill);
    }
    for (int i = 0; i < c->n_sections; i++)
        for (int k = 0; k < c->sections[i].teachers.n; k++)
            put(&c->teacher_sections[c->sections[i].teachers.at[k]], i, fill);
}

static kith_err make_lists(struct us_check *c, struct us_reader *r)
{
    const struct us_data *d = c->d;
    c->student_seats = us_reader_get(r, d->n_students, sizeof(*c->student_seats));
    c->teacher_sections = us_reader_get(r, d->n_teachers, sizeof(*c->teacher_sections));
    c->request_seats = us_reader_get(r, d->n_requests, sizeof(*c->request_seats));
    c->request_seat = us_reader_get(r, d->n_requests, sizeof(*c->request_seat));
    if (r->no_memory)
        return KITH_ENOMEM;
    list_all(c, false);
    if (!make_room(r, c->student_seats, d->n_students) ||
        !make_room(r, c->teacher_sections, d->n_teachers))
        return KITH_ENOMEM;
    for (int i = 0; i < c->n_sections; i++)
        if (!make_room(r, &c->sections[i].seats, 1))
            return KITH_ENOMEM;
    list_all(c, true);
    for (int i = 0; i < d->n_requests; i++)
        c->request_seat[i] = US_NONE;
    for (int i = 0; i < c->n_seats; i++) {
        if (!us_check_fills(c, &c->seats[i]))
            continue;
        int request = c->seats[i].request;
        if (c->request_seats[request]++ == 0)
            c->request_seat[request] = i;
    }
    return KITH_OK;
}

kith_err us_check_read(struct us_check *c, const char *dir, struct us_problems *problems)
{
    kith_err (*const tables[])(struct us_check *, struct us_reader *) = {
        read_sections, read_placement, read_roster, read_unmet, read_advisory};
    struct us_reader r = {.dir = dir, .arena = &c->arena, .problems = problems};
    for (size_t i = 0; i < KITH_LEN(tables); i++) {
        kith_err err = tables[i](c, &r);
        us_reader_close(&r);
        if (err != KITH_OK)
            return err;
        if (r.no_memory)
            return KITH_ENOMEM;
    }
    if (problems->n > 0)
        return KITH_EDECODE;
    return make_lists(c, &r);
}

void us_check_done(struct us_check *c)
{
    us_arena_done(&c->arena);
}
