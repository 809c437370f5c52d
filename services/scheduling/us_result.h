/* SPDX-License-Identifier: Apache-2.0 */
/* A schedule's files: sections and where they meet are read, and written again with who sits in them. */
#ifndef SCHEDULING_US_RESULT_H
#define SCHEDULING_US_RESULT_H

#include "scheduling/us_data.h"

struct us_result_section {
    char *id;
    int course, slc, pattern, room; /* US_NONE = none */
    bool coteach;
    struct us_list teachers;
    int lunch; /* wave from 1; 0 = none */
};
struct us_result {
    const struct us_data *d;
    struct us_arena arena;
    struct us_ids ids;
    int n;
    struct us_result_section *sections;
    int *locked;             /* by section of the input: its index here, or US_NONE */
    struct us_csv *advisory; /* as it was; NULL = none */
};

/* section.csv and placement.csv of dir, and advisory.csv where it is there. Errors, said in `problems`: KITH_EDECODE, KITH_ENOTFOUND, KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err us_result_read(const struct us_data *d, const char *dir,
                                        struct us_result **ret, struct us_problems *problems);
void us_result_free(struct us_result *r); /* NULL is fine */
KITH_DEFINE_AUTO(us_result)

/* Gives the sections of the lunch slot their waves, the largest first, each to the wave with the most room. `sizes`: students by section. */
void us_result_lunch(struct us_result *r, const int *sizes);
/* All five files into dir, which is made. `seat`: by request, a section or US_NONE. Errors, said in `why`: KITH_EIO. */
KITH_MUST_CHECK kith_err us_result_write(const struct us_result *r, const int *seat,
                                         const char *dir, struct kith_why *why);

#endif
