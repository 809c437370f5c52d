/* SPDX-License-Identifier: Apache-2.0 */
/* The independent checker: reads a finished schedule and counts every hard violation and soft unit of README.md from scratch, with
 * structs of its own and the plainest code there is. It shares nothing with the solver but the reader of the input.
 *
 * Where README.md leaves a choice:
 *   uncertified       the first teacher needs the subject and the role general; the second of a co-taught section only its role, not the
 *                     subject; any other teacher as the first
 *   clash_*           a section without students occupies its teachers and room too; two seats in one section are a clash as well
 *   unstaffed ...     unplaced, roomless, coteach_missing for want of a second teacher and a missing wave count sections with students
 *   room_small        the section's students, not its course's max, against the room
 *   lock              one for each filled field of an input section (course, slc, coteach, pattern, room, all of the teachers, in their
 *                     places); a section that the result lacks breaks each; one for each locked request that has no seat there
 *   coteach_missing   a seat that needs it in a section that is not co-taught; and a co-taught section with one teacher
 *   advisory          an advisor of another community is none; a second advisor is one too many; an advisor with nobody is not asked
 *   hole              all empty cells of a student who lacks a request, also those that the request would not fill
 *   purity            foreign seats above floor(seats x (100 - floor) / 100) of each grade
 *   travel            neighbours in the order of a day's slots, whatever their numbers; only rooms whose building is known
 *   balance           sections with students of one course and one community (or of none)
 *   team_seats        seats in courses that are core; any teacher of the section may be the one of the team
 * A shared course's section that names a community, or an owned one's that names none, is an error of the file. `linked` has no kind. */
#ifndef SCHEDULING_US_CHECK_H
#define SCHEDULING_US_CHECK_H

#include "scheduling/us_data.h"

/* XX(name, weight of a soft unit where no rule has one). Up to US_KIND_HARD_LAST hard, but for the rules that
 * rule.csv makes soft; then soft, but for those that it makes hard. */
#define US_KIND_MAP(XX)                                                                            \
    XX(clash_student, 1)                                                                           \
    XX(clash_teacher, 1)                                                                           \
    XX(clash_room, 1)                                                                              \
    XX(section_over, 1)                                                                            \
    XX(uncertified, 1)                                                                             \
    XX(unstaffed, 1)                                                                               \
    XX(unplaced, 1)                                                                                \
    XX(roomless, 1)                                                                                \
    XX(load, 1)                                                                                    \
    XX(unavailable, 1)                                                                             \
    XX(room_type, 1)                                                                               \
    XX(room_small, 1)                                                                              \
    XX(pattern_not_allowed, 1)                                                                     \
    XX(planning, 1)                                                                                \
    XX(coteach_missing, 1)                                                                         \
    XX(coteach_share, 1)                                                                           \
    XX(lock, 1)                                                                                    \
    XX(autonomous, 1)                                                                              \
    XX(foreign_request, 1)                                                                         \
    XX(grade, 1)                                                                                   \
    XX(lunch, 1)                                                                                   \
    XX(advisory, 1)                                                                                \
    XX(apart, 1)                                                                                   \
    XX(not_with, 1)                                                                                \
    XX(load_day, 1)                                                                                \
    XX(unmet_core, 100)                                                                            \
    XX(unmet_graduation, 60)                                                                       \
    XX(unmet_elective, 10)                                                                         \
    XX(alternate, 4)                                                                               \
    XX(hole, 20)                                                                                   \
    XX(purity, 5)                                                                                  \
    XX(section_under, 2)                                                                           \
    XX(zone, 1)                                                                                    \
    XX(preps, 1)                                                                                   \
    XX(travel, 5)                                                                                  \
    XX(advisor_changed, 1)                                                                         \
    XX(balance, 1)                                                                                 \
    XX(team_seats, 1)

enum us_kind {
#define XX(name, weight) US_KIND_##name,
    US_KIND_MAP(XX)
#undef XX
        US_KINDS,
    US_KIND_HARD_LAST = US_KIND_load_day
};

struct us_count {
    int64_t hard, soft; /* units, as the rule has it */
    int64_t cost;       /* of the soft ones */
    char example[112];  /* where the first one is; "" = none */
};

#define US_SIZES_MAX 128

struct us_report {
    struct us_count counts[US_KINDS];
    int64_t hard, soft_cost; /* sums */
    /* requests */
    int requests, met, first_choice; /* first_choice: by the course itself */
    int core, core_met;              /* of priority core */
    int graduation, graduation_met;
    int students_full;                            /* students with every request met */
    int students;                                 /* that have requests */
    double met_share, core_met_share, full_share; /* of 1; 1 when there are none */
    /* sum over courses of min(requests, seats of its sections' max), over requests: the first choices that seats allow */
    double seat_bound;
    /* requests with no seat, by what unmet.csv says */
    int unmet_not_offered, unmet_full, unmet_conflict, unmet_rule, unmet_unsaid;
    /* seats in sections of communities, by the student's grade */
    int owned_seats[US_GRADES], own_seats[US_GRADES];
    /* sections that have students */
    int sections, sections_empty, singletons; /* singletons: courses with one */
    int size_under, size_good, size_over;     /* below 18, 18 to 30, above 30 */
    int sizes[US_SIZES_MAX];                  /* by students; the last is "or more" */
};

/* Reads the folder `dir` (section, placement, roster, unmet, advisory.csv; the last two may be missing) and counts. A file that names what
 * does not exist is an error, a schedule that is bad is not.
 * Errors, said in `why`: KITH_EDECODE, KITH_ENOTFOUND a file is missing, KITH_EIO, KITH_ETOOBIG, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err us_check(const struct us_data *d, const char *dir, struct us_report *ret,
                                  struct kith_why *why);
/* The same with up to US_PROBLEMS_LISTED sentences. */
KITH_MUST_CHECK kith_err us_check_listed(const struct us_data *d, const char *dir,
                                         struct us_report *ret, struct us_problems *problems);

/* "clash_student" */
const char *us_kind_name(enum us_kind kind);
/* Own seats of owned seats, in percent; 100 when there are none. */
double us_report_purity(const struct us_report *r, int grade);

#endif
