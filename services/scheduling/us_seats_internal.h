/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of student sectioning share. */
#ifndef SCHEDULING_US_SEATS_INTERNAL_H
#define SCHEDULING_US_SEATS_INTERNAL_H

#include "scheduling/random.h"
#include "scheduling/us_seats.h"

#define SEATS_REQUESTS US_SEATS_REQUESTS
#define SEATS_LOCKED                                                                               \
    100000 /* on top of a locked request's worth: kept whatever else is lost. Not in what is reported */
#define SEATS_FREE 0x3fffffff

struct seats_option {
    int section, value;
};
struct seats {
    const struct us_data *d;
    const struct us_seats_section *sections;
    int n;
    int *option0; /* by request; one more at the end */
    struct seats_option *options;
    int *cap, *cap_coteach; /* by section: seats, and those for requests that ask for co-teaching */
    int *load, *load_coteach; /* taken */
    double *price, *price_coteach;
    int *seat;   /* by request: section or US_NONE */
    bool *apart; /* by student: has somebody to be kept from */
    struct random random;
};

/* How a student's timetable is chosen. */
struct seats_choice {
    double price; /* what prices count: 1 for the bound, less or 0 for a seating */
    bool limited; /* only sections with a seat left */
    int spare;    /* a section that counts as having one; US_NONE */
};

KITH_MUST_CHECK kith_err us_seats_options(struct seats *s, const int *locked);
/* The best timetable of a student: pick[i] is the section of its i-th request. Returns its worth at these prices. */
double us_seats_best(struct seats *s, int student, struct seats_choice how, int *pick);
double us_seats_value(const struct seats *s, int student, const int *pick);
void us_seats_take(struct seats *s, int student, const int *pick); /* after us_seats_leave */
void us_seats_leave(struct seats *s, int student, int *pick);      /* what it had is in pick */

#endif
