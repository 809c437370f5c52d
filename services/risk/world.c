/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "risk/grow.h"
#include "risk/world_internal.h"

kith_err risk_world_new(const struct risk_params *params, const struct risk_precedence *precedence,
                        struct risk_world **ret)
{
    struct risk_world *w = calloc(1, sizeof(*w));
    if (!w)
        return KITH_ENOMEM;
    w->params = *params;
    w->precedence = *precedence;
    w->as_of = RISK_NO_DATE;
    *ret = w;
    return KITH_OK;
}

void risk_world_free(struct risk_world *w)
{
    if (!w)
        return;
    for (uint32_t i = 0; i < w->n_students; i++) {
        free(w->students[i].marks);
        free(w->students[i].enrollments);
        free(w->students[i].seats);
        free(w->students[i].contacts.date);
    }
    for (uint32_t i = 0; i < w->n_schools; i++) {
        for (uint32_t k = 0; k < w->schools[i].n_calendars; k++)
            free(w->schools[i].calendars[k].instructional.date);
        free(w->schools[i].calendars);
        free(w->schools[i].any.date);
        free(w->schools[i].taken);
        free(w->schools[i].students);
    }
    free(w->students);
    free(w->schools);
    free(w->waiting);
    free(w->order);
    free(w->days.day);
    free(w->spans);
    risk_map_done(&w->student_index);
    risk_map_done(&w->school_index);
    free(w);
}

/* ---- ascending dates ---- */

static uint32_t date_place(const struct risk_dates *d, int32_t date)
{
    uint32_t low = 0;
    uint32_t high = d->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->date[middle] < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static kith_err date_add(struct risk_dates *d, int32_t date)
{
    uint32_t at = date_place(d, date);
    if (at < d->n && d->date[at] == date)
        return KITH_OK;
    kith_err err = RISK_GROW(d->date, d->size, d->n);
    if (err != KITH_OK)
        return err;
    memmove(&d->date[at + 1], &d->date[at], (d->n - at) * sizeof(*d->date));
    d->date[at] = date;
    d->n++;
    return KITH_OK;
}

static void date_remove(struct risk_dates *d, int32_t date)
{
    uint32_t at = date_place(d, date);
    if (at == d->n || d->date[at] != date)
        return;
    memmove(&d->date[at], &d->date[at + 1], (d->n - at - 1) * sizeof(*d->date));
    d->n--;
}

/* ---- students and schools ---- */

static kith_err student_of(struct risk_world *w, int64_t id, uint32_t *ret)
{
    uint32_t at = risk_map_get(&w->student_index, id);
    if (at == RISK_NOWHERE) {
        kith_err err = RISK_GROW(w->students, w->size_students, w->n_students);
        if (err == KITH_OK)
            err = risk_map_put(&w->student_index, id, w->n_students);
        if (err != KITH_OK)
            return err;
        at = w->n_students++;
        w->students[at] = (struct risk_student){.id = id};
        w->tally.students++;
    }
    *ret = at;
    return KITH_OK;
}

static kith_err school_of(struct risk_world *w, int64_t id, uint32_t *ret)
{
    uint32_t at = risk_map_get(&w->school_index, id);
    if (at == RISK_NOWHERE) {
        kith_err err = RISK_GROW(w->schools, w->size_schools, w->n_schools);
        if (err == KITH_OK)
            err = risk_map_put(&w->school_index, id, w->n_schools);
        if (err != KITH_OK)
            return err;
        at = w->n_schools++;
        w->schools[at] = (struct risk_school){.id = id, .horizon = RISK_NO_DATE};
    }
    *ret = at;
    return KITH_OK;
}

static kith_err seat_of(struct risk_world *w, uint32_t student, uint32_t school,
                        struct risk_seat **ret)
{
    struct risk_student *s = &w->students[student];
    struct risk_school *c = &w->schools[school];
    for (uint32_t i = 0; i < s->n_seats; i++) {
        if (s->seats[i].school == school) {
            *ret = &s->seats[i];
            return KITH_OK;
        }
    }
    kith_err err = RISK_GROW(s->seats, s->size_seats, s->n_seats);
    if (err == KITH_OK)
        err = RISK_GROW(c->students, c->size_students, c->n_students);
    if (err != KITH_OK)
        return err;
    c->students[c->n_students++] = student;
    s->seats[s->n_seats] = (struct risk_seat){.school = school};
    *ret = &s->seats[s->n_seats++];
    return KITH_OK;
}

static kith_err wait_for_judge(struct risk_world *w, uint32_t student)
{
    if (w->students[student].waiting)
        return KITH_OK;
    kith_err err = RISK_GROW(w->waiting, w->size_waiting, w->n_waiting);
    if (err != KITH_OK)
        return err;
    w->waiting[w->n_waiting++] = student;
    w->students[student].waiting = true;
    return KITH_OK;
}

bool risk_world_knows(const struct risk_world *w, int64_t student_id)
{
    return risk_map_get(&w->student_index, student_id) != RISK_NOWHERE;
}

/* ---- horizons ---- */

static uint32_t taken_place(const struct risk_school *c, int32_t date)
{
    uint32_t low = 0;
    uint32_t high = c->n_taken;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->taken[middle].date < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t horizon_of(const struct risk_school *c, int32_t as_of)
{
    uint32_t at = taken_place(c, as_of);
    if (at < c->n_taken && c->taken[at].date == as_of)
        return as_of;
    return at > 0 ? c->taken[at - 1].date : RISK_NO_DATE;
}

/* One daily mark more (or less) on that day at that school. */
static kith_err count_taken(struct risk_school *c, int32_t date, bool more)
{
    uint32_t at = taken_place(c, date);
    bool there = at < c->n_taken && c->taken[at].date == date;
    c->touched = true;
    if (there && more) {
        c->taken[at].marks++;
    } else if (more) {
        kith_err err = RISK_GROW(c->taken, c->size_taken, c->n_taken);
        if (err != KITH_OK)
            return err;
        memmove(&c->taken[at + 1], &c->taken[at], (c->n_taken - at) * sizeof(*c->taken));
        c->taken[at] = (struct risk_taken){.date = date, .marks = 1};
        c->n_taken++;
    } else {
        assert(there && c->taken[at].marks > 0);
        if (--c->taken[at].marks == 0) {
            memmove(&c->taken[at], &c->taken[at + 1], (c->n_taken - at - 1) * sizeof(*c->taken));
            c->n_taken--;
        }
    }
    return KITH_OK;
}

void risk_world_set_as_of(struct risk_world *w, int32_t as_of)
{
    w->as_of = as_of;
    for (uint32_t i = 0; i < w->n_schools; i++)
        w->schools[i].horizon = horizon_of(&w->schools[i], as_of);
}

void risk_world_set_precedence(struct risk_world *w, const struct risk_precedence *precedence)
{
    w->precedence = *precedence;
}

int32_t risk_world_as_of(const struct risk_world *w)
{
    return w->as_of;
}

/* ---- facts ---- */

static bool mark_before(const struct risk_mark *x, const struct risk_mark *y)
{
    if (x->date != y->date)
        return x->date < y->date;
    if (x->place_id != y->place_id)
        return x->place_id < y->place_id;
    if (x->session_id != y->session_id)
        return x->session_id < y->session_id;
    return x->category_id < y->category_id;
}

static kith_err apply_mark(struct risk_world *w, const struct risk_mark_change *change)
{
    uint32_t student = 0;
    uint32_t school = 0;
    kith_err err = student_of(w, change->student_id, &student);
    if (err == KITH_OK)
        err = school_of(w, change->mark.school_id, &school);
    if (err != KITH_OK || change->section)
        return err;
    struct risk_student *s = &w->students[student];
    uint32_t low = 0;
    uint32_t high = s->n_marks;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mark_before(&s->marks[middle], &change->mark))
            low = middle + 1;
        else
            high = middle;
    }
    bool there = low < s->n_marks && !mark_before(&change->mark, &s->marks[low]);
    if (!there && change->removed)
        return KITH_OK;
    if (there) { /* a mark is of the school that its place is: count it out, then in again */
        uint32_t before = risk_map_get(&w->school_index, s->marks[low].school_id);
        err = count_taken(&w->schools[before], s->marks[low].date, false);
    }
    if (err == KITH_OK && !change->removed)
        err = count_taken(&w->schools[school], change->mark.date, true);
    if (err == KITH_OK && !there)
        err = RISK_GROW(s->marks, s->size_marks, s->n_marks);
    if (err != KITH_OK)
        return err;
    if (change->removed) {
        memmove(&s->marks[low], &s->marks[low + 1], (s->n_marks - low - 1) * sizeof(*s->marks));
        s->n_marks--;
        w->tally.marks--;
    } else if (there) {
        s->marks[low] = change->mark;
    } else {
        memmove(&s->marks[low + 1], &s->marks[low], (s->n_marks - low) * sizeof(*s->marks));
        s->marks[low] = change->mark;
        s->n_marks++;
        w->tally.marks++;
    }
    return wait_for_judge(w, student);
}

static kith_err apply_enrollment(struct risk_world *w, const struct risk_enrollment_change *change)
{
    uint32_t student = 0;
    uint32_t school = 0;
    struct risk_seat *seat = NULL;
    kith_err err = student_of(w, change->student_id, &student);
    if (err == KITH_OK)
        err = school_of(w, change->school_id, &school);
    if (err == KITH_OK)
        err = seat_of(w, student, school, &seat);
    if (err != KITH_OK)
        return err;
    struct risk_student *s = &w->students[student];
    uint32_t at = 0;
    while (at < s->n_enrollments &&
           (s->enrollments[at].school != school || s->enrollments[at].entry != change->entry))
        at++;
    if (change->removed) {
        if (at < s->n_enrollments)
            s->enrollments[at] = s->enrollments[--s->n_enrollments];
    } else {
        if (at == s->n_enrollments) {
            err = RISK_GROW(s->enrollments, s->size_enrollments, s->n_enrollments);
            if (err != KITH_OK)
                return err;
            s->n_enrollments++;
        }
        s->enrollments[at] = (struct risk_enrollment){
            .calendar_id = change->calendar_id,
            .entry = change->entry,
            .exit = change->exit,
            .school = school,
        };
    }
    return wait_for_judge(w, student);
}

static kith_err apply_day(struct risk_world *w, const struct risk_day_change *change)
{
    uint32_t school = 0;
    kith_err err = school_of(w, change->school_id, &school);
    if (err != KITH_OK)
        return err;
    struct risk_school *c = &w->schools[school];
    uint32_t at = 0;
    while (at < c->n_calendars && c->calendars[at].id != change->calendar_id)
        at++;
    if (at == c->n_calendars) {
        err = RISK_GROW(c->calendars, c->size_calendars, c->n_calendars);
        if (err != KITH_OK)
            return err;
        c->calendars[c->n_calendars++] = (struct risk_calendar){.id = change->calendar_id};
    }
    c->touched = c->recalendared = c->any_stale = true;
    if (change->instructional && !change->removed)
        return date_add(&c->calendars[at].instructional, change->date);
    date_remove(&c->calendars[at].instructional, change->date);
    return KITH_OK;
}

/* A school whose horizon or calendar moved: everybody there may be judged differently. */
static kith_err settle_school(struct risk_world *w, struct risk_school *c)
{
    int32_t horizon = horizon_of(c, w->as_of);
    bool moved = c->recalendared || horizon != c->horizon;
    c->horizon = horizon;
    c->touched = c->recalendared = false;
    if (!moved)
        return KITH_OK;
    for (uint32_t i = 0; i < c->n_students; i++) {
        kith_err err = wait_for_judge(w, c->students[i]);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

kith_err risk_world_apply(struct risk_world *w, const struct risk_changes *c)
{
    kith_err err = KITH_OK;
    for (uint32_t i = 0; i < c->n_days && err == KITH_OK; i++)
        err = apply_day(w, &c->days[i]);
    for (uint32_t i = 0; i < c->n_enrollments && err == KITH_OK; i++)
        err = apply_enrollment(w, &c->enrollments[i]);
    for (uint32_t i = 0; i < c->n_marks && err == KITH_OK; i++)
        err = apply_mark(w, &c->marks[i]);
    for (uint32_t i = 0; i < w->n_schools && err == KITH_OK; i++) {
        if (w->schools[i].touched)
            err = settle_school(w, &w->schools[i]);
    }
    return err;
}

kith_err risk_world_contact(struct risk_world *w, int64_t student_id, int32_t date)
{
    uint32_t student = 0;
    kith_err err = student_of(w, student_id, &student);
    if (err == KITH_OK)
        err = date_add(&w->students[student].contacts, date);
    if (err == KITH_OK)
        err = wait_for_judge(w, student);
    return err;
}

/* ---- reading ---- */

kith_err risk_world_load_flag(struct risk_world *w, const struct risk_flag *flag)
{
    uint32_t student = 0;
    uint32_t school = 0;
    struct risk_seat *seat = NULL;
    assert(flag->rule >= 1 && flag->rule <= RISK_RULES);
    kith_err err = student_of(w, flag->student_id, &student);
    if (err == KITH_OK)
        err = school_of(w, flag->school_id, &school);
    if (err == KITH_OK)
        err = seat_of(w, student, school, &seat);
    if (err != KITH_OK)
        return err;
    struct risk_seat_flag *held = &seat->flags[flag->rule - 1];
    w->tally.open[flag->rule] += flag->open;
    w->tally.open[flag->rule] -= held->open;
    *held = (struct risk_seat_flag){
        .episode = flag->episode,
        .since = flag->since,
        .value = flag->value,
        .threshold = flag->threshold,
        .open = flag->open,
    };
    return KITH_OK;
}

void risk_world_loaded(struct risk_world *w)
{
    for (uint32_t i = 0; i < w->n_waiting; i++)
        w->students[w->waiting[i]].waiting = false;
    w->n_waiting = 0;
    for (uint32_t i = 0; i < w->n_students; i++)
        risk_student_orphans(w, &w->students[i]);
}

struct risk_tally risk_world_tally(const struct risk_world *w)
{
    return w->tally;
}

/* All calendars of the school as one. */
static kith_err gather_any(struct risk_school *c)
{
    c->any.n = 0;
    for (uint32_t i = 0; i < c->n_calendars; i++) {
        for (uint32_t k = 0; k < c->calendars[i].instructional.n; k++) {
            kith_err err = date_add(&c->any, c->calendars[i].instructional.date[k]);
            if (err != KITH_OK)
                return err;
        }
    }
    c->any_stale = false;
    return KITH_OK;
}

kith_err risk_enrollment_dates(struct risk_school *school, int64_t calendar_id,
                               struct risk_dates *ret)
{
    *ret = (struct risk_dates){0};
    if (calendar_id == 0) {
        kith_err err = school->any_stale ? gather_any(school) : KITH_OK;
        if (err == KITH_OK)
            *ret = school->any;
        return err;
    }
    for (uint32_t i = 0; i < school->n_calendars; i++) {
        if (school->calendars[i].id == calendar_id)
            *ret = school->calendars[i].instructional;
    }
    return KITH_OK;
}
