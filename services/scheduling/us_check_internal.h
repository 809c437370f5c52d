/* SPDX-License-Identifier: Apache-2.0 */
/* A result as read, with lists that make plain loops possible. Not for the solver. */
#ifndef SCHEDULING_US_CHECK_INTERNAL_H
#define SCHEDULING_US_CHECK_INTERNAL_H

#include "scheduling/us_check.h"

struct us_check_section {
    const char *id;
    int course, slc;
    bool coteach;
    /* placement; US_NONE, 0: none */
    int pattern, room, lunch;
    uint64_t cells; /* of the pattern, 0 = unplaced */
    struct us_list teachers;
    struct us_list seats; /* indices of seats */
};
struct us_check_seat {
    int student, section;
    int request; /* US_NONE: fills none */
};
struct us_check {
    const struct us_data *d;
    struct us_report *report;
    struct us_arena arena;
    struct us_ids section_ids;
    int n_sections, n_seats;
    struct us_check_section *sections;
    struct us_check_seat *seats;
    struct us_list *student_seats;    /* by student */
    struct us_list *teacher_sections; /* by teacher; twice when named twice */
    int *request_seats;               /* by request: seats that fill it rightly */
    int *request_seat;                /* by request: the first of those, US_NONE */
    int *request_reason;              /* by request: as unmet.csv says, US_NONE */
    struct us_list *advisors;         /* by student: teachers */
};

/* check_read.c */
KITH_MUST_CHECK kith_err us_check_read(struct us_check *c, const char *dir,
                                       struct us_problems *problems);
void us_check_done(struct us_check *c);

/* check.c: adds units of a kind; the text says where, and is kept for the first. */
void us_check_add(struct us_check *c, enum us_kind kind, struct us_rule rule, int64_t units,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
extern const struct us_rule us_check_hard;
/* The soft rule that has the kind's weight. */
struct us_rule us_check_soft(enum us_kind kind);
const struct us_course *us_check_course(const struct us_check *c, const struct us_check_section *s);
/* Does the seat fill a request of its student, by its own course or an alternate? */
bool us_check_fills(const struct us_check *c, const struct us_check_seat *seat);
bool us_check_teaches(const struct us_check_section *s, int teacher);

/* check_hard.c, check_people.c, check_soft.c, check_figures.c: one kind or a few each */
void us_check_hard_sections(struct us_check *c);
void us_check_hard_people(struct us_check *c);
void us_check_soft_all(struct us_check *c);
void us_check_figures(struct us_check *c);

#endif
