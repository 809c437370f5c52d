/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "risk/grow.h"
#include "risk/world.h"
#include "risk/world_internal.h"

static bool covers(const struct risk_enrollment *e, int32_t date)
{
    return e->entry <= date && date <= e->exit;
}

void risk_student_orphans(struct risk_world *w, struct risk_student *s)
{
    uint32_t orphans = 0;
    for (uint32_t i = 0; i < s->n_marks; i++) {
        bool enrolled = false;
        for (uint32_t k = 0; k < s->n_enrollments && !enrolled; k++)
            enrolled = w->schools[s->enrollments[k].school].id == s->marks[i].school_id &&
                       covers(&s->enrollments[k], s->marks[i].date);
        orphans += !enrolled;
    }
    w->tally.orphans += orphans;
    w->tally.orphans -= s->orphans;
    s->orphans = orphans;
}

/* The student's enrollments at a school, as spans; and what they say of today and of the horizon. */
struct stay {
    bool now;      /* enrolled on as_of */
    bool counted;  /* enrolled on as_of or on the horizon day: attendance flags may be open */
    int32_t entry; /* of the enrollment that holds as_of, the earliest; valid when now */
};

static kith_err gather_spans(struct risk_world *w, const struct risk_student *s, uint32_t school,
                             struct stay *stay)
{
    struct risk_school *c = &w->schools[school];
    *stay = (struct stay){.entry = RISK_OPEN};
    w->n_spans = 0;
    for (uint32_t i = 0; i < s->n_enrollments; i++) {
        const struct risk_enrollment *e = &s->enrollments[i];
        if (e->school != school)
            continue;
        struct risk_dates dates = {0};
        kith_err err = risk_enrollment_dates(c, e->calendar_id, &dates);
        if (err == KITH_OK)
            err = RISK_GROW(w->spans, w->size_spans, w->n_spans);
        if (err != KITH_OK)
            return err;
        w->spans[w->n_spans++] = (struct risk_span){e->entry, e->exit, dates.date, dates.n};
        if (covers(e, w->as_of)) {
            stay->now = true;
            stay->entry = e->entry < stay->entry ? e->entry : stay->entry;
        }
        stay->counted = stay->counted || covers(e, w->as_of) || covers(e, c->horizon);
    }
    return KITH_OK;
}

static int32_t last_contact(const struct risk_world *w, const struct risk_student *s)
{
    for (uint32_t i = s->contacts.n; i-- > 0;) {
        if (s->contacts.date[i] <= w->as_of)
            return s->contacts.date[i];
    }
    return RISK_NO_DATE;
}

static kith_err judge_contact(struct risk_world *w, const struct risk_student *s,
                              const struct stay *stay, struct risk_verdict *ret)
{
    int32_t since = stay->entry;
    int32_t last = last_contact(w, s);
    if (last != RISK_NO_DATE && last >= since)
        since = last + 1;
    kith_err err = risk_school_days(w->spans, w->n_spans, since, w->as_of, &w->days);
    if (err == KITH_OK)
        *ret = risk_no_contact(&w->params, since, w->days.n);
    return err;
}

static kith_err judge_seat(struct risk_world *w, const struct risk_student *s,
                           const struct risk_seat *seat, struct risk_verdict verdicts[RISK_RULES])
{
    const struct risk_school *c = &w->schools[seat->school];
    struct stay stay;
    kith_err err = gather_spans(w, s, seat->school, &stay);
    if (err != KITH_OK)
        return err;
    if (stay.counted && c->horizon != RISK_NO_DATE) {
        err = risk_school_days(w->spans, w->n_spans, RISK_NO_DATE, c->horizon, &w->days);
        if (err != KITH_OK)
            return err;
        risk_mark_days(&w->days, s->marks, s->n_marks, c->id, &w->precedence);
        verdicts[RISK_CONSECUTIVE_UNEXCUSED - 1] =
            risk_consecutive_unexcused(&w->params, w->days.day, w->days.n);
        verdicts[RISK_LOW_ATTENDANCE - 1] = risk_low_attendance(&w->params, w->days.day, w->days.n);
    }
    return stay.now ? judge_contact(w, s, &stay, &verdicts[RISK_NO_CONTACT - 1]) : KITH_OK;
}

/* What turned since the flag was last written; the seat then holds the new state. */
static kith_err turn_flag(struct risk_world *w, const struct risk_student *s,
                          struct risk_seat *seat, enum risk_rule rule,
                          const struct risk_verdict *verdict, struct risk_flag_turns *ret)
{
    struct risk_seat_flag *flag = &seat->flags[rule - 1];
    int32_t threshold = risk_threshold(&w->params, rule);
    bool differs = flag->since != verdict->since || flag->value != verdict->value ||
                   flag->threshold != threshold;
    if (flag->open == verdict->on && (!verdict->on || !differs))
        return KITH_OK;
    kith_err err = RISK_GROW(ret->turn, ret->size, ret->n);
    if (err != KITH_OK)
        return err;
    enum risk_turn turn = RISK_CLEARED;
    if (verdict->on) {
        turn = flag->open ? RISK_UPDATED : RISK_RAISED;
        /* one that comes back with the same first day was a correction on its way (DELETE and POST, a section under another key):
         * the same episode, so nobody is told again */
        flag->episode += !flag->open && (flag->episode == 0 || flag->since != verdict->since);
        flag->since = verdict->since;
        flag->value = verdict->value;
        flag->threshold = threshold;
    }
    w->tally.open[rule] += verdict->on;
    w->tally.open[rule] -= flag->open;
    flag->open = verdict->on;
    ret->turn[ret->n++] = (struct risk_flag_turn){
        .turn = turn,
        .flag = {.student_id = s->id,
                 .school_id = w->schools[seat->school].id,
                 .rule = rule,
                 .episode = flag->episode,
                 .since = flag->since,
                 .value = flag->value,
                 .threshold = flag->threshold,
                 .open = flag->open},
    };
    return KITH_OK;
}

static kith_err judge_student(struct risk_world *w, struct risk_student *s,
                              struct risk_flag_turns *ret)
{
    w->tally.judged++;
    risk_student_orphans(w, s);
    for (uint32_t i = 0; i < s->n_seats; i++) {
        struct risk_verdict verdicts[RISK_RULES] = {0};
        kith_err err = judge_seat(w, s, &s->seats[i], verdicts);
        for (int rule = 1; rule <= RISK_RULES && err == KITH_OK; rule++)
            err = turn_flag(w, s, &s->seats[i], (enum risk_rule)rule, &verdicts[rule - 1], ret);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

static int by_student(const void *a, const void *b, void *ctx)
{
    const struct risk_world *w = ctx;
    int64_t x = w->students[*(const uint32_t *)a].id;
    int64_t y = w->students[*(const uint32_t *)b].id;
    return (x > y) - (x < y);
}

kith_err risk_world_judge(struct risk_world *w, struct risk_flag_turns *ret)
{
    if (w->n_waiting > 0)
        qsort_r(w->waiting, w->n_waiting, sizeof(*w->waiting), by_student, w);
    for (uint32_t i = 0; i < w->n_waiting; i++) {
        struct risk_student *s = &w->students[w->waiting[i]];
        s->waiting = false;
        kith_err err = judge_student(w, s, ret);
        if (err != KITH_OK)
            return err;
    }
    w->n_waiting = 0;
    return KITH_OK;
}

static kith_err sort_students(struct risk_world *w)
{
    if (w->n_order == w->n_students)
        return KITH_OK;
    uint32_t *order = reallocarray(w->order, w->n_students, sizeof(*order));
    if (!order)
        return KITH_ENOMEM;
    w->order = order;
    for (uint32_t i = 0; i < w->n_students; i++)
        order[i] = i;
    qsort_r(order, w->n_students, sizeof(*order), by_student, w);
    w->n_order = w->n_students;
    return KITH_OK;
}

kith_err risk_world_sweep(struct risk_world *w, int64_t after, uint32_t max,
                          struct risk_flag_turns *ret, int64_t *last, bool *more)
{
    kith_err err = sort_students(w);
    if (err != KITH_OK)
        return err;
    uint32_t low = 0;
    uint32_t high = w->n_order;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->students[w->order[middle]].id <= after)
            low = middle + 1;
        else
            high = middle;
    }
    *last = after;
    for (; low < w->n_order && max > 0; low++, max--) {
        struct risk_student *s = &w->students[w->order[low]];
        err = judge_student(w, s, ret);
        if (err != KITH_OK)
            return err;
        *last = s->id;
    }
    *more = low < w->n_order;
    return KITH_OK;
}
