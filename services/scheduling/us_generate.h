/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a synthetic school: the files of README.md and, in planted/, a schedule for it with no hard violation. The timetable is made
 * first (teams with common planning, zones, rooms, certificates, sections that meet), students walk through it by their interests,
 * and what they got is what they ask for: so the planted schedule is a known lower bound of what a solver can reach.
 * The same options give the same bytes (on one kind of processor: interests are floating point). */
#ifndef SCHEDULING_US_GENERATE_H
#define SCHEDULING_US_GENERATE_H

#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"

/* 4x4: two terms of four blocks a day; A/B: two day types of four blocks, all year; seven periods, with courses of one or both terms. */
enum us_calendar { US_CALENDAR_4X4, US_CALENDAR_AB, US_CALENDAR_PERIODS7 };

struct us_generate_opts {
    int students;    /* US_STUDENTS_MIN to US_STUDENTS_MAX, at least 80 a community */
    int communities; /* from 1 */
    enum us_calendar calendar;
    uint64_t seed;
};

#define US_STUDENTS_MIN 100
#define US_STUDENTS_MAX 40000

/* "4x4", "ab", "periods7". Errors: KITH_EINVAL another word; *ret is untouched. */
KITH_MUST_CHECK kith_err us_calendar_parse(const char *word, enum us_calendar *ret);

/* Makes the folder `dir` and its planted/ when they are not there and writes over what is.
 * Errors, said in `why`: KITH_EINVAL, KITH_EIO, KITH_ENOMEM, KITH_EINTERNAL. */
KITH_MUST_CHECK kith_err us_generate(const struct us_generate_opts *opts, const char *dir,
                                     struct kith_why *why);

#endif
