/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a world: world.c keeps the facts, judge.c turns them into flags. */
#ifndef RISK_WORLD_INTERNAL_H
#define RISK_WORLD_INTERNAL_H

#include "risk/map.h"
#include "risk/world.h"

struct risk_dates {
    int32_t *date; /* ascending, each once */
    uint32_t n, size;
};

struct risk_calendar {
    int64_t id;
    struct risk_dates instructional;
};

struct risk_taken {
    int32_t date;
    uint32_t marks; /* daily marks of that day, > 0 */
};

struct risk_school {
    int64_t id;
    struct risk_calendar *calendars;
    uint32_t n_calendars, size_calendars;
    struct risk_dates any; /* instructional in any calendar; valid unless any_stale */
    bool any_stale;
    struct risk_taken *taken; /* ascending */
    uint32_t n_taken, size_taken;
    int32_t horizon;    /* latest taken day that is not after as_of; RISK_NO_DATE */
    uint32_t *students; /* indexes of all who have a seat */
    uint32_t n_students, size_students;
    bool touched; /* calendar or taken days changed since the last apply */
    bool recalendared;
};

struct risk_enrollment {
    int64_t calendar_id;
    int32_t entry;
    int32_t exit;
    uint32_t school;
};

struct risk_seat_flag {
    int32_t episode; /* 0 = never raised */
    int32_t since, value, threshold;
    bool open;
};

/* A student at a school, once enrolled there or flagged there. */
struct risk_seat {
    uint32_t school;
    struct risk_seat_flag flags[RISK_RULES]; /* by rule - 1 */
};

struct risk_student {
    int64_t id;
    struct risk_mark *marks; /* ascending by date, place, session, category */
    uint32_t n_marks, size_marks;
    struct risk_enrollment *enrollments; /* ascending by school index, entry */
    uint32_t n_enrollments, size_enrollments;
    struct risk_seat *seats;
    uint32_t n_seats, size_seats;
    struct risk_dates contacts;
    uint32_t orphans;
    bool waiting;
};

struct risk_world {
    struct risk_params params;
    struct risk_precedence precedence;
    int32_t as_of;
    struct risk_student *students;
    uint32_t n_students, size_students;
    struct risk_map student_index;
    struct risk_school *schools;
    uint32_t n_schools, size_schools;
    struct risk_map school_index;
    uint32_t *waiting; /* indexes of students to judge */
    uint32_t n_waiting, size_waiting;
    uint32_t *order; /* indexes of students by number; stale when n_order != n_students */
    uint32_t n_order;
    struct risk_days days; /* scratch of the judge */
    struct risk_span *spans;
    uint32_t n_spans, size_spans;
    struct risk_tally tally;
};

/* Dates of the calendar of an enrollment. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_enrollment_dates(struct risk_school *school, int64_t calendar_id,
                                               struct risk_dates *ret);
/* Count again the marks of a student that no enrollment covers. */
void risk_student_orphans(struct risk_world *w, struct risk_student *s);

#endif
