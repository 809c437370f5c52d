/* SPDX-License-Identifier: Apache-2.0 */
/* Student sectioning: who sits in which section of a given master schedule, and a proved bound of what any seating could reach. Pure, deterministic.
 *
 * Value of a seat: its request's priority (core 100, graduation 60, elective 10), 4 less by an alternate, 5 less in a section of another community. Locked
 * requests come before all of that. The bound is
 * Lagrangian: seats are priced instead of limited, each student takes the best timetable at these prices (exact search), and the sum with the seats'
 * worth is above every seating (Geoffrion 1974); a student's choice being a small set packing, it is at least as good as the LP's. */
#ifndef SCHEDULING_US_SEATS_H
#define SCHEDULING_US_SEATS_H

#include "scheduling/us_data.h"

#define US_SEATS_REQUESTS 24 /* of one student */

struct us_seats_section {
    int course, slc; /* slc US_NONE: open to all */
    bool coteach;
    uint64_t cells; /* 0: not placed, nobody can sit in it */
    int teachers[2];
};
struct us_seats_opts {
    uint64_t seed;
    int rounds; /* of prices; 0 = 80 */
    /* After each round; may be NULL. */
    void (*progress)(void *ctx, int round, double value, double bound);
    void *ctx;
};
struct us_seats {
    int *section; /* by request; US_NONE = none */
    double value, bound;
};

/* What `us_data` has as sections is not looked at, but for locked requests, whose index of an input section `locked` turns into one of these sections (may be
 * NULL when there are none). Errors: KITH_ETOOBIG a student has more than US_SEATS_REQUESTS requests, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err us_seats_find(const struct us_data *d,
                                       const struct us_seats_section *sections, int n,
                                       const int *locked, const struct us_seats_opts *opts,
                                       struct us_seats **ret);
void us_seats_free(struct us_seats *s); /* NULL is fine */
KITH_DEFINE_AUTO(us_seats)

#endif
