/* SPDX-License-Identifier: Apache-2.0 */
/* What a school day was to a student: which days count, and what the marks of a day together say.
 *
 * Dates are local school dates, days since 1970-01-01. Pure domain code: no I/O, no clock, no log; any thread. */
#ifndef RISK_DAY_H
#define RISK_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

#define RISK_NO_DATE INT32_MIN /* "there is none": before every date */
#define RISK_OPEN    INT32_MAX /* exit date of an enrollment that has not ended */

/* As kith.v1.AttendanceKind; anything else is treated as unmapped. */
enum risk_kind {
    RISK_UNMAPPED = 0,
    RISK_PRESENT,
    RISK_ABSENT_EXCUSED,
    RISK_ABSENT_UNEXCUSED,
    RISK_TARDY,
    RISK_PARTIAL,
    RISK_EARLY_DEPARTURE,
    RISK_IGNORE,
    RISK_KINDS,
};

/* A daily mark of one student. Natural key: place, session, date, category. */
struct risk_mark {
    int64_t school_id;
    int64_t place_id;
    int64_t session_id;
    int32_t category_id;
    int32_t date;
    uint8_t kind;
};

/* How a day's marks make its status, by district. Which of two marks is believed: the higher rank; 0 = says nothing. */
struct risk_precedence {
    uint8_t rank[RISK_KINDS];
    bool
        positive; /* presence is sent, too: a day without a mark is unknown, and does not count; else it is a day of presence */
};
/* tardy, early departure, partial, excused, unexcused, present; why: day.c */
extern const struct risk_precedence risk_default_precedence;

/* "tardy,early_departure,partial,absent_excused,absent_unexcused,present", each once, the most believed first, with ";positive" behind it or
 * not; "" = the default. False: not of this form, *ret is untouched. */
bool risk_precedence_parse(const char *text, struct risk_precedence *ret);

/* The one of a and b that is believed; RISK_UNMAPPED when neither says anything. */
uint8_t risk_stronger(const struct risk_precedence *p, uint8_t a, uint8_t b);

/* An enrollment at a school with the instructional dates that its calendar has, ascending. Both ends are enrolled days. */
struct risk_span {
    int32_t entry;
    int32_t exit; /* RISK_OPEN */
    const int32_t *dates;
    size_t n;
};

struct risk_day {
    int32_t date;
    uint8_t status; /* enum risk_kind, never UNMAPPED or IGNORE */
};

struct risk_days {
    struct risk_day *day;
    uint32_t n;
    uint32_t size;
};

/* The student's school days from..to (inclusive): instructional days inside a span, each once however many spans hold it,
 * ascending, all RISK_PRESENT. Replaces what `ret` held; ret->day is freed by the caller. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_school_days(const struct risk_span *spans, size_t n, int32_t from,
                                          int32_t to, struct risk_days *ret);

/* Give every day the strongest of its marks at `school_id`. `marks` ascend by date. Marks of other days and other schools are
 * passed over; a day without a mark that says something stays present (attendance is taken by exception), or goes (positive). */
void risk_mark_days(struct risk_days *days, const struct risk_mark *marks, size_t n,
                    int64_t school_id, const struct risk_precedence *p);

#endif
