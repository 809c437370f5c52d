/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/day.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "risk/grow.h"

/* A later correction is believed before the absence that it corrects, because senders do not always delete what they replace
 * (an Ed-Fi category is part of the natural key, so a correction is a second mark):
 * - tardy, early departure, partial: somebody saw the student on that day, so the absence of the first roll call was wrong;
 * - excused before unexcused: the note from home comes after the roll call;
 * - "present" is last: it is what bulk "mark all present" writes, and is no evidence against a mark set for one student. */
const struct risk_precedence risk_default_precedence = {.rank = {
                                                            [RISK_UNMAPPED] = 0,
                                                            [RISK_IGNORE] = 0,
                                                            [RISK_PRESENT] = 1,
                                                            [RISK_ABSENT_UNEXCUSED] = 2,
                                                            [RISK_ABSENT_EXCUSED] = 3,
                                                            [RISK_PARTIAL] = 4,
                                                            [RISK_EARLY_DEPARTURE] = 5,
                                                            [RISK_TARDY] = 6,
                                                        }};

bool risk_precedence_parse(const char *text, struct risk_precedence *ret)
{
    static const char *const names[RISK_KINDS] = {
        [RISK_PRESENT] = "present",
        [RISK_ABSENT_EXCUSED] = "absent_excused",
        [RISK_ABSENT_UNEXCUSED] = "absent_unexcused",
        [RISK_TARDY] = "tardy",
        [RISK_PARTIAL] = "partial",
        [RISK_EARLY_DEPARTURE] = "early_departure",
    };
    struct risk_precedence p = {.rank = {0}};
    uint8_t rank = 6;
    if (*text == '\0') {
        *ret = risk_default_precedence;
        return true;
    }
    while (rank > 0) {
        size_t n = strcspn(text, ",;");
        int kind = RISK_KINDS;
        while (--kind >= 0)
            if (names[kind] && strlen(names[kind]) == n && strncmp(names[kind], text, n) == 0)
                break;
        if (kind < 0 || p.rank[kind])
            return false;
        p.rank[kind] = rank--;
        text += n;
        if (rank > 0 && *text++ != ',')
            return false;
    }
    p.positive = strcmp(text, ";positive") == 0;
    if (!p.positive && *text)
        return false;
    *ret = p;
    return true;
}

static uint8_t rank_of(const struct risk_precedence *p, uint8_t kind)
{
    return kind < RISK_KINDS ? p->rank[kind] : 0;
}

uint8_t risk_stronger(const struct risk_precedence *p, uint8_t a, uint8_t b)
{
    uint8_t rank_a = rank_of(p, a);
    uint8_t rank_b = rank_of(p, b);
    if (rank_a == 0 && rank_b == 0)
        return RISK_UNMAPPED;
    return rank_a >= rank_b ? a : b;
}

/* Index of the first date >= from. */
static size_t lower_bound(const int32_t *dates, size_t n, int32_t from)
{
    size_t low = 0;
    while (n > 0) {
        size_t half = n / 2;
        if (dates[low + half] < from) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

static int by_date(const void *a, const void *b)
{
    const struct risk_day *x = a;
    const struct risk_day *y = b;
    return (x->date > y->date) - (x->date < y->date);
}

static kith_err add_span(struct risk_days *ret, const struct risk_span *span, int32_t from,
                         int32_t to)
{
    int32_t first = span->entry > from ? span->entry : from;
    int32_t last = span->exit < to ? span->exit : to;
    for (size_t i = lower_bound(span->dates, span->n, first); i < span->n && span->dates[i] <= last;
         i++) {
        kith_err err = RISK_GROW(ret->day, ret->size, ret->n);
        if (err != KITH_OK)
            return err;
        ret->day[ret->n++] = (struct risk_day){span->dates[i], RISK_PRESENT};
    }
    return KITH_OK;
}

kith_err risk_school_days(const struct risk_span *spans, size_t n, int32_t from, int32_t to,
                          struct risk_days *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < n; i++) {
        kith_err err = add_span(ret, &spans[i], from, to);
        if (err != KITH_OK)
            return err;
    }
    if (n < 2 || ret->n < 2)
        return KITH_OK;
    qsort(ret->day, ret->n, sizeof(*ret->day), by_date);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < ret->n; i++) {
        if (ret->day[i].date != ret->day[kept - 1].date)
            ret->day[kept++] = ret->day[i];
    }
    ret->n = kept;
    return KITH_OK;
}

void risk_mark_days(struct risk_days *days, const struct risk_mark *marks, size_t n,
                    int64_t school_id, const struct risk_precedence *p)
{
    size_t m = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < days->n; i++) {
        struct risk_day *day = &days->day[i];
        assert(kept == 0 || days->day[kept - 1].date < day->date);
        while (m < n && marks[m].date < day->date)
            m++;
        uint8_t status = RISK_UNMAPPED;
        for (; m < n && marks[m].date == day->date; m++) {
            if (marks[m].school_id == school_id)
                status = risk_stronger(p, status, marks[m].kind);
        }
        if (status == RISK_UNMAPPED && p->positive)
            continue;
        days->day[kept++] =
            (struct risk_day){day->date, status == RISK_UNMAPPED ? RISK_PRESENT : status};
    }
    days->n = kept;
}
