/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch of ingest's log says, as plain lists: filled in log order, then settled, so that every natural key stands once, with
 * the last thing said about it, and the lists ascend by key (as the database wants them). Pure domain code. */
#ifndef RISK_CHANGES_H
#define RISK_CHANGES_H

#include "risk/day.h"

struct risk_mark_change {
    int64_t student_id;
    struct risk_mark mark;
    bool section; /* of a section meeting: kept, says nothing of the day */
    bool removed;
    uint32_t seq;
};

/* Natural key: student, school, entry date. */
struct risk_enrollment_change {
    int64_t student_id;
    int64_t school_id;
    int64_t calendar_id; /* 0 = any of the school */
    int32_t entry;
    int32_t exit; /* RISK_OPEN */
    bool removed;
    uint32_t seq;
};

/* Natural key: school, calendar, date. */
struct risk_day_change {
    int64_t school_id;
    int64_t calendar_id;
    int32_t date;
    bool instructional;
    bool removed;
    uint32_t seq;
};

#define RISK_ZONE_MAX       64  /* bytes of a time zone's name, with NUL */
#define RISK_PRECEDENCE_MAX 128 /* of risk_precedence_parse */

struct risk_changes {
    struct risk_mark_change *marks;
    uint32_t n_marks, size_marks;
    struct risk_enrollment_change *enrollments;
    uint32_t n_enrollments, size_enrollments;
    struct risk_day_change *days;
    uint32_t n_days, size_days;
    char zone[RISK_ZONE_MAX]; /* "" = not said; with it: */
    char precedence[RISK_PRECEDENCE_MAX];
    uint32_t seq;
    uint32_t unmapped; /* marks whose descriptor the district has not explained */
    uint32_t skipped;  /* records of a type that is not ours to read */
    uint32_t invalid;  /* elements that cannot be true */
};

/* Append; `seq` is set here. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_changes_mark(struct risk_changes *c, struct risk_mark_change change);
KITH_MUST_CHECK kith_err risk_changes_enrollment(struct risk_changes *c,
                                                 struct risk_enrollment_change change);
KITH_MUST_CHECK kith_err risk_changes_day(struct risk_changes *c, struct risk_day_change change);
/* Each key once, last wins; ascending by key. Nothing may be appended after. */
void risk_changes_settle(struct risk_changes *c);
/* Frees the lists and zeroes. */
void risk_changes_done(struct risk_changes *c);

#endif
