/* SPDX-License-Identifier: Apache-2.0 */
/* Hard violations of sections, teachers' certificates, rooms and locks. */
#include "scheduling/us_check_internal.h"

#include <string.h>

#define BIT(cell) (UINT64_C(1) << (cell))

static void section_over(struct us_check *c, const struct us_check_section *s)
{
    us_check_add(c, US_KIND_section_over, us_check_hard, s->seats.n - us_check_course(c, s)->max,
                 "section %s of %s: %d students", s->id, us_check_course(c, s)->id, s->seats.n);
}

/* The first teacher must be general and have the subject; the second of a co-taught section only its role, any other as the first. */
static void uncertified(struct us_check *c, const struct us_check_section *s)
{
    const struct us_course *course = us_check_course(c, s);
    for (int i = 0; i < s->teachers.n; i++) {
        const struct us_teacher *t = &c->d->teachers[s->teachers.at[i]];
        bool second = s->coteach && i == 1;
        bool good = second ? (t->roles & course->coteach) != 0
                           : (t->roles & US_GENERAL) != 0 && (t->certs & BIT(course->subject)) != 0;
        us_check_add(c, US_KIND_uncertified, us_check_hard, good ? 0 : 1,
                     "teacher %s in section %s of %s", t->id, s->id, course->id);
    }
}

/* A section without students needs nothing. */
static void incomplete(struct us_check *c, const struct us_check_section *s)
{
    if (s->seats.n == 0)
        return;
    us_check_add(c, US_KIND_unstaffed, us_check_hard, s->teachers.n == 0 ? 1 : 0, "section %s",
                 s->id);
    us_check_add(c, US_KIND_unplaced, us_check_hard, s->pattern < 0 ? 1 : 0, "section %s", s->id);
    us_check_add(c, US_KIND_roomless, us_check_hard, s->room < 0 ? 1 : 0, "section %s", s->id);
}

static void room_and_pattern(struct us_check *c, const struct us_check_section *s)
{
    const struct us_course *course = us_check_course(c, s);
    if (s->room >= 0) {
        const struct us_room *room = &c->d->rooms[s->room];
        bool type = course->room_type < 0 || room->type == course->room_type;
        us_check_add(c, US_KIND_room_type, us_check_hard, type ? 0 : 1, "section %s in room %s",
                     s->id, room->id);
        us_check_add(c, US_KIND_room_small, us_check_hard, s->seats.n > room->cap ? 1 : 0,
                     "section %s: %d students in room %s for %d", s->id, s->seats.n, room->id,
                     room->cap);
    }
    bool allowed = s->pattern < 0;
    for (int i = 0; i < course->patterns.n; i++)
        allowed = allowed || course->patterns.at[i] == s->pattern;
    us_check_add(c, US_KIND_pattern_not_allowed, us_check_hard, allowed ? 0 : 1,
                 "section %s of %s in pattern %s", s->id, course->id,
                 s->pattern < 0 ? "" : c->d->patterns[s->pattern].id);
}

static void coteach(struct us_check *c, const struct us_check_section *s)
{
    int need = 0;
    for (int i = 0; i < s->seats.n; i++) {
        int request = c->seats[s->seats.at[i]].request;
        need += request >= 0 && c->d->requests[request].coteach;
    }
    if (!s->coteach) {
        us_check_add(c, US_KIND_coteach_missing, us_check_hard, need,
                     "section %s is not co-taught, %d of its students need it", s->id, need);
        return;
    }
    us_check_add(c, US_KIND_coteach_missing, us_check_hard,
                 s->seats.n > 0 && s->teachers.n < 2 ? 1 : 0, "section %s has no second teacher",
                 s->id);
    /* a max that nobody gave has no share */
    int64_t max = us_check_course(c, s)->max;
    int64_t most = max == US_NO_LIMIT ? need : max * c->d->rules.coteach_percent / 100;
    us_check_add(c, US_KIND_coteach_share, c->d->rules.coteach_share, need - most,
                 "section %s: %d students need co-teaching", s->id, need);
}

static void clash_teacher(struct us_check *c, int teacher)
{
    const struct us_list *mine = &c->teacher_sections[teacher];
    for (int cell = 0; cell < c->d->n_cells; cell++) {
        int n = 0;
        for (int i = 0; i < mine->n; i++)
            n += (c->sections[mine->at[i]].cells & BIT(cell)) != 0;
        us_check_add(c, US_KIND_clash_teacher, us_check_hard, n - 1, "teacher %s in %s",
                     c->d->teachers[teacher].id, c->d->cells[cell].id);
        bool away = n > 0 && (c->d->teachers[teacher].avail & BIT(cell)) == 0;
        us_check_add(c, US_KIND_unavailable, us_check_hard, away ? 1 : 0, "teacher %s in %s",
                     c->d->teachers[teacher].id, c->d->cells[cell].id);
    }
}

static void clash_room(struct us_check *c, int room)
{
    for (int cell = 0; cell < c->d->n_cells; cell++) {
        int n = 0;
        for (int i = 0; i < c->n_sections; i++)
            n += c->sections[i].room == room && (c->sections[i].cells & BIT(cell)) != 0;
        us_check_add(c, US_KIND_clash_room, us_check_hard, n - 1, "room %s in %s",
                     c->d->rooms[room].id, c->d->cells[cell].id);
    }
}

/* Every filled field of an input section, the teachers place by place. */
static void locked_section(struct us_check *c, const struct us_section *in)
{
    static const struct us_check_section nothing = {
        .course = US_NONE, .slc = US_NONE, .pattern = US_NONE, .room = US_NONE};
    int at = us_ids_find(&c->section_ids, in->id, strlen(in->id));
    const struct us_check_section *s = at >= 0 ? &c->sections[at] : &nothing;
    int broken = (s->course != in->course) + (in->slc >= 0 && s->slc != in->slc) +
                 (in->coteach >= 0 && (at < 0 || s->coteach != (in->coteach == 1))) +
                 (in->pattern >= 0 && s->pattern != in->pattern) +
                 (in->room >= 0 && s->room != in->room);
    bool teachers = true;
    for (int i = 0; i < in->teachers.n; i++)
        teachers = teachers && i < s->teachers.n && s->teachers.at[i] == in->teachers.at[i];
    us_check_add(c, US_KIND_lock, us_check_hard, broken + (teachers ? 0 : 1), "section %s", in->id);
}

static void locked_request(struct us_check *c, int request)
{
    const struct us_request *q = &c->d->requests[request];
    if (q->locked < 0)
        return;
    bool kept = false;
    const struct us_list *seats = &c->student_seats[q->student];
    for (int i = 0; i < seats->n; i++) {
        const struct us_check_seat *seat = &c->seats[seats->at[i]];
        bool there = strcmp(c->sections[seat->section].id, c->d->sections[q->locked].id) == 0;
        kept = kept || (seat->request == request && there);
    }
    us_check_add(c, US_KIND_lock, us_check_hard, kept ? 0 : 1, "request %s", q->id);
}

static void lunch(struct us_check *c)
{
    const struct us_rules *u = &c->d->rules;
    if (!u->lunch.on)
        return;
    uint64_t cells = 0;
    for (int i = 0; i < c->d->n_cells; i++)
        if (c->d->cells[i].slot == u->lunch_slot)
            cells |= BIT(i);
    for (int i = 0; i < c->n_sections; i++) {
        const struct us_check_section *s = &c->sections[i];
        bool lacks =
            s->seats.n > 0 && (s->cells & cells) && (s->lunch < 1 || s->lunch > u->lunch_waves);
        us_check_add(c, US_KIND_lunch, u->lunch, lacks ? 1 : 0, "section %s has no wave", s->id);
    }
    for (int cell = 0; cell < c->d->n_cells; cell++) {
        for (int wave = 1; (cells & BIT(cell)) && wave <= u->lunch_waves; wave++) {
            int n = 0;
            for (int i = 0; i < c->n_sections; i++)
                if ((c->sections[i].cells & BIT(cell)) && c->sections[i].lunch == wave)
                    n += c->sections[i].seats.n;
            us_check_add(c, US_KIND_lunch, u->lunch, n - u->lunch_seats,
                         "%d students in wave %d of %s", n, wave, c->d->cells[cell].id);
        }
    }
}

void us_check_hard_sections(struct us_check *c)
{
    for (int i = 0; i < c->n_sections; i++) {
        section_over(c, &c->sections[i]);
        uncertified(c, &c->sections[i]);
        incomplete(c, &c->sections[i]);
        room_and_pattern(c, &c->sections[i]);
        coteach(c, &c->sections[i]);
    }
    for (int i = 0; i < c->d->n_teachers; i++)
        clash_teacher(c, i);
    for (int i = 0; i < c->d->n_rooms; i++)
        clash_room(c, i);
    for (int i = 0; i < c->d->n_sections; i++)
        locked_section(c, &c->d->sections[i]);
    for (int i = 0; i < c->d->n_requests; i++)
        locked_request(c, i);
    lunch(c);
}
