/* SPDX-License-Identifier: Apache-2.0 */
/* The three rules. Each is a function of a student's counted days at one school (see day.h), in order, up to the horizon: the last
 * day for which that school has sent attendance. The same days give the same verdict whatever the order in which they became known.
 *
 * Pure domain code: no I/O, no clock, no log; any thread. */
#ifndef RISK_RULES_H
#define RISK_RULES_H

#include "risk/day.h"

/* As kith.v1.RiskRule. */
enum risk_rule {
    RISK_CONSECUTIVE_UNEXCUSED = 1,
    RISK_LOW_ATTENDANCE = 2,
    RISK_NO_CONTACT = 3,
};
#define RISK_RULES 3

/* Thresholds; defaults are in main.c. */
struct risk_params {
    uint32_t consecutive_days;       /* N unexcused days in a row raise the flag */
    uint32_t consecutive_clear_days; /* K counted days after them clear it */
    uint32_t
        low_permille; /* attendance below this raises; 900: a tenth missed is chronic absence */
    uint32_t
        low_clear_permille; /* at or above this clears; above the former, so that a day does not toggle it */
    uint32_t min_days;        /* counted days before a rate means something */
    uint32_t no_contact_days; /* school days without a conversation */
};

struct risk_verdict {
    bool on;
    int32_t since; /* first day of the evidence */
    int32_t value;
};

/* N consecutive counted days, all absent and unexcused, form a qualifying run. On while the latest one ended fewer than K counted days
 * before the last counted day. since = its first day, value = its length in days. */
struct risk_verdict risk_consecutive_unexcused(const struct risk_params *p,
                                               const struct risk_day *days, size_t n);

/* Followed from the first counted day: from day min_days on, on when attended / enrolled < low_permille, off when it is
 * >= low_clear_permille, else as it was. Absent = excused or not. since = the day it last switched on, value = permille at the last
 * counted day, rounded down. */
struct risk_verdict risk_low_attendance(const struct risk_params *p, const struct risk_day *days,
                                        size_t n);

/* `school_days`: the student's school days since `since` (the day after the last contact, or the entry day when that is later) up to today,
 * attendance sent or not. value = school_days. */
struct risk_verdict risk_no_contact(const struct risk_params *p, int32_t since,
                                    uint32_t school_days);

/* The threshold that a flag of this rule shows, in the unit of its value. */
int32_t risk_threshold(const struct risk_params *p, enum risk_rule rule);
/* 3 urgent, 2 soon, 1 routine. */
int32_t risk_urgency(enum risk_rule rule);
/* "consecutive_unexcused"; "unknown" for anything else. Static. */
const char *risk_rule_name(enum risk_rule rule);
/* A number that changes when a threshold does, or how days are made of marks. */
int64_t risk_params_digest(const struct risk_params *p, const struct risk_precedence *precedence);

#endif
