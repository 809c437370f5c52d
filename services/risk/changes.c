/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/changes.h"

#include <string.h>

#include "risk/grow.h"

#define COMPARE(x, y)                                                                              \
    if ((x) != (y))                                                                                \
    return (x) < (y) ? -1 : 1

/* Comparisons end with seq: of equal keys the last said comes last. */
static int mark_key(const struct risk_mark_change *x, const struct risk_mark_change *y)
{
    COMPARE(x->student_id, y->student_id);
    COMPARE(x->mark.date, y->mark.date);
    COMPARE(x->mark.place_id, y->mark.place_id);
    COMPARE(x->mark.session_id, y->mark.session_id);
    COMPARE(x->mark.category_id, y->mark.category_id);
    return 0;
}

static int mark_order(const void *a, const void *b)
{
    const struct risk_mark_change *x = a;
    const struct risk_mark_change *y = b;
    int key = mark_key(x, y);
    return key != 0 ? key : (x->seq > y->seq) - (x->seq < y->seq);
}

static int enrollment_key(const struct risk_enrollment_change *x,
                          const struct risk_enrollment_change *y)
{
    COMPARE(x->student_id, y->student_id);
    COMPARE(x->school_id, y->school_id);
    COMPARE(x->entry, y->entry);
    return 0;
}

static int enrollment_order(const void *a, const void *b)
{
    const struct risk_enrollment_change *x = a;
    const struct risk_enrollment_change *y = b;
    int key = enrollment_key(x, y);
    return key != 0 ? key : (x->seq > y->seq) - (x->seq < y->seq);
}

static int day_key(const struct risk_day_change *x, const struct risk_day_change *y)
{
    COMPARE(x->school_id, y->school_id);
    COMPARE(x->calendar_id, y->calendar_id);
    COMPARE(x->date, y->date);
    return 0;
}

static int day_order(const void *a, const void *b)
{
    const struct risk_day_change *x = a;
    const struct risk_day_change *y = b;
    int key = day_key(x, y);
    return key != 0 ? key : (x->seq > y->seq) - (x->seq < y->seq);
}

kith_err risk_changes_mark(struct risk_changes *c, struct risk_mark_change change)
{
    kith_err err = RISK_GROW(c->marks, c->size_marks, c->n_marks);
    if (err != KITH_OK)
        return err;
    change.seq = c->seq++;
    c->marks[c->n_marks++] = change;
    return KITH_OK;
}

kith_err risk_changes_enrollment(struct risk_changes *c, struct risk_enrollment_change change)
{
    kith_err err = RISK_GROW(c->enrollments, c->size_enrollments, c->n_enrollments);
    if (err != KITH_OK)
        return err;
    change.seq = c->seq++;
    c->enrollments[c->n_enrollments++] = change;
    return KITH_OK;
}

kith_err risk_changes_day(struct risk_changes *c, struct risk_day_change change)
{
    kith_err err = RISK_GROW(c->days, c->size_days, c->n_days);
    if (err != KITH_OK)
        return err;
    change.seq = c->seq++;
    c->days[c->n_days++] = change;
    return KITH_OK;
}

void risk_changes_settle(struct risk_changes *c)
{
    uint32_t n = 0;
    if (c->n_marks > 0)
        qsort(c->marks, c->n_marks, sizeof(*c->marks), mark_order);
    for (uint32_t i = 0; i < c->n_marks; i++) {
        if (n > 0 && mark_key(&c->marks[n - 1], &c->marks[i]) == 0)
            n--;
        c->marks[n++] = c->marks[i];
    }
    c->n_marks = n;

    n = 0;
    if (c->n_enrollments > 0)
        qsort(c->enrollments, c->n_enrollments, sizeof(*c->enrollments), enrollment_order);
    for (uint32_t i = 0; i < c->n_enrollments; i++) {
        if (n > 0 && enrollment_key(&c->enrollments[n - 1], &c->enrollments[i]) == 0)
            n--;
        c->enrollments[n++] = c->enrollments[i];
    }
    c->n_enrollments = n;

    n = 0;
    if (c->n_days > 0)
        qsort(c->days, c->n_days, sizeof(*c->days), day_order);
    for (uint32_t i = 0; i < c->n_days; i++) {
        if (n > 0 && day_key(&c->days[n - 1], &c->days[i]) == 0)
            n--;
        c->days[n++] = c->days[i];
    }
    c->n_days = n;
}

void risk_changes_done(struct risk_changes *c)
{
    free(c->marks);
    free(c->enrollments);
    free(c->days);
    memset(c, 0, sizeof(*c));
}
