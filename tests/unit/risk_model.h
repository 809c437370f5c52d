/* SPDX-License-Identifier: Apache-2.0 */
/* A second, slow way to the flags, straight from the words of services/risk/README.md: unsorted lists of facts, scanned once a
 * day. Nothing of services/risk is called. Shared by the tests of the world and of the daemon with its database. */
#ifndef RISK_MODEL_H
#define RISK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "risk/changes.h"
#include "risk/world.h"

#define MODEL_MAX  4096
#define MODEL_DAYS 200 /* dates are 0..MODEL_DAYS - 1 */

struct model {
    struct risk_mark_change marks[MODEL_MAX];
    size_t n_marks;
    struct risk_enrollment_change enrollments[MODEL_MAX];
    size_t n_enrollments;
    struct risk_day_change days[MODEL_MAX];
    size_t n_days;
    struct {
        int64_t student_id;
        int32_t date;
    } contacts[MODEL_MAX];
    size_t n_contacts;
    int32_t as_of;
    int32_t base; /* dates are base + 0..MODEL_DAYS - 1 */
};

static inline void model_mark(struct model *m, struct risk_mark_change c)
{
    for (size_t i = 0; i < m->n_marks; i++) {
        const struct risk_mark_change *x = &m->marks[i];
        if (x->student_id == c.student_id && x->mark.date == c.mark.date &&
            x->mark.place_id == c.mark.place_id && x->mark.session_id == c.mark.session_id &&
            x->mark.category_id == c.mark.category_id)
            m->marks[i--] = m->marks[--m->n_marks];
    }
    if (!c.removed)
        m->marks[m->n_marks++] = c;
}

static inline void model_enrollment(struct model *m, struct risk_enrollment_change c)
{
    for (size_t i = 0; i < m->n_enrollments; i++) {
        const struct risk_enrollment_change *x = &m->enrollments[i];
        if (x->student_id == c.student_id && x->school_id == c.school_id && x->entry == c.entry)
            m->enrollments[i--] = m->enrollments[--m->n_enrollments];
    }
    if (!c.removed)
        m->enrollments[m->n_enrollments++] = c;
}

static inline void model_day(struct model *m, struct risk_day_change c)
{
    for (size_t i = 0; i < m->n_days; i++) {
        const struct risk_day_change *x = &m->days[i];
        if (x->school_id == c.school_id && x->calendar_id == c.calendar_id && x->date == c.date)
            m->days[i--] = m->days[--m->n_days];
    }
    if (!c.removed)
        m->days[m->n_days++] = c;
}

static inline void model_contact(struct model *m, int64_t student, int32_t date)
{
    m->contacts[m->n_contacts].student_id = student;
    m->contacts[m->n_contacts++].date = date;
}

static inline bool model_enrolled(const struct model *m, int64_t student, int64_t school,
                                  int32_t date)
{
    for (size_t i = 0; i < m->n_enrollments; i++) {
        const struct risk_enrollment_change *e = &m->enrollments[i];
        if (e->student_id == student && e->school_id == school && e->entry <= date &&
            date <= e->exit)
            return true;
    }
    return false;
}

static inline bool model_school_day(const struct model *m, int64_t student, int64_t school,
                                    int32_t date)
{
    for (size_t i = 0; i < m->n_enrollments; i++) {
        const struct risk_enrollment_change *e = &m->enrollments[i];
        if (e->student_id != student || e->school_id != school || e->entry > date || date > e->exit)
            continue;
        for (size_t k = 0; k < m->n_days; k++) {
            const struct risk_day_change *d = &m->days[k];
            if (d->school_id == school && d->date == date && d->instructional &&
                (e->calendar_id == 0 || e->calendar_id == d->calendar_id))
                return true;
        }
    }
    return false;
}

static inline bool model_horizon(const struct model *m, int64_t school, int32_t *ret)
{
    bool any = false;
    for (size_t i = 0; i < m->n_marks; i++) {
        const struct risk_mark_change *x = &m->marks[i];
        if (x->section || x->mark.school_id != school || x->mark.date > m->as_of)
            continue;
        if (!any || x->mark.date > *ret)
            *ret = x->mark.date;
        any = true;
    }
    return any;
}

/* 'U' unexcused, 'E' excused, 'p' anything else */
static inline char model_status(const struct model *m, int64_t student, int64_t school,
                                int32_t date)
{
    bool seen[8] = {false};
    for (size_t i = 0; i < m->n_marks; i++) {
        const struct risk_mark_change *x = &m->marks[i];
        if (!x->section && x->student_id == student && x->mark.school_id == school &&
            x->mark.date == date && x->mark.kind < 8)
            seen[x->mark.kind] = true;
    }
    if (seen[RISK_TARDY] || seen[RISK_EARLY_DEPARTURE] || seen[RISK_PARTIAL])
        return 'p';
    if (seen[RISK_ABSENT_EXCUSED])
        return 'E';
    return seen[RISK_ABSENT_UNEXCUSED] ? 'U' : 'p';
}

static inline struct risk_verdict model_run(const struct risk_params *p, const char *days,
                                            const int32_t *dates, int n)
{
    struct risk_verdict v = {.on = false};
    for (int first = 0; first < n; first++) {
        if (days[first] != 'U' || (first > 0 && days[first - 1] == 'U'))
            continue;
        int length = (int)strspn(days + first, "U");
        int gap = n - (first + length);
        if (length >= (int)p->consecutive_days && gap < (int)p->consecutive_clear_days)
            v = (struct risk_verdict){true, dates[first], length};
    }
    return v;
}

static inline struct risk_verdict model_rate(const struct risk_params *p, const char *days,
                                             const int32_t *dates, int n)
{
    struct risk_verdict v = {.on = false};
    for (int i = 0; i < n; i++) {
        long absent = 0;
        long enrolled = i + 1;
        for (int k = 0; k <= i; k++)
            absent += days[k] != 'p';
        v.value = (int32_t)(1000 - (absent * 1000 + enrolled - 1) / enrolled);
        if (enrolled < (long)p->min_days)
            continue;
        if (!v.on && absent * 1000 > (1000 - (long)p->low_permille) * enrolled) {
            v.on = true;
            v.since = dates[i];
        } else if (v.on && absent * 1000 <= (1000 - (long)p->low_clear_permille) * enrolled) {
            v.on = false;
        }
    }
    return v;
}

/* The verdict of one rule for a student at a school. */
static inline struct risk_verdict model_judge(const struct model *m, const struct risk_params *p,
                                              int64_t student, int64_t school, int rule)
{
    struct risk_verdict none = {.on = false};
    bool now = model_enrolled(m, student, school, m->as_of);
    char days[MODEL_DAYS + 1];
    int32_t dates[MODEL_DAYS];
    int n = 0;
    if (rule == RISK_NO_CONTACT) {
        if (!now)
            return none;
        int32_t since = INT32_MAX;
        for (size_t i = 0; i < m->n_enrollments; i++) {
            const struct risk_enrollment_change *e = &m->enrollments[i];
            if (e->student_id == student && e->school_id == school && e->entry <= m->as_of &&
                m->as_of <= e->exit && e->entry < since)
                since = e->entry;
        }
        for (size_t i = 0; i < m->n_contacts; i++) {
            if (m->contacts[i].student_id == student && m->contacts[i].date <= m->as_of &&
                m->contacts[i].date + 1 > since)
                since = m->contacts[i].date + 1;
        }
        for (int32_t date = since; date <= m->as_of; date++)
            n += model_school_day(m, student, school, date);
        return (struct risk_verdict){n >= (int)p->no_contact_days, since, n};
    }
    int32_t horizon = 0;
    if (!model_horizon(m, school, &horizon))
        return none;
    if (!now && !model_enrolled(m, student, school, horizon))
        return none;
    for (int32_t date = m->base; date <= horizon; date++) {
        if (!model_school_day(m, student, school, date))
            continue;
        days[n] = model_status(m, student, school, date);
        dates[n++] = date;
    }
    days[n] = 0;
    return rule == RISK_LOW_ATTENDANCE ? model_rate(p, days, dates, n)
                                       : model_run(p, days, dates, n);
}

static inline size_t model_orphans(const struct model *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_marks; i++)
        n += !m->marks[i].section &&
             !model_enrolled(m, m->marks[i].student_id, m->marks[i].mark.school_id,
                             m->marks[i].mark.date);
    return n;
}

#endif
