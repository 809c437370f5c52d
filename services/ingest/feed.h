/* SPDX-License-Identifier: Apache-2.0 */
/* Is a school's attendance here that should be here by now? Judged for a day from counts alone.
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_FEED_H
#define INGEST_FEED_H

#include <stdbool.h>
#include <stdint.h>

enum ingest_feed_state {
    INGEST_FEED_OK,
    INGEST_FEED_NO_SCHOOL,   /* the calendar has no school today */
    INGEST_FEED_NO_CALENDAR, /* the calendar does not speak of today: nothing is expected */
    INGEST_FEED_NOT_DUE,     /* nothing yet, and it is early */
    INGEST_FEED_QUIET, /* nothing, which this school may well have: too little is usual, or known */
    INGEST_FEED_THIN,  /* less than a quarter of what is usual */
    INGEST_FEED_LATE,  /* nothing, although the school usually sends: told, and alerts are held */
};

/* Below so many events on a usual day none at all may be chance: with a Poisson mean of 5 it happens once in 148 days. */
#define INGEST_FEED_USUAL_LEAST 5
#define INGEST_FEED_NEVER       (-1) /* due: nothing is ever expected */

struct ingest_feed_day {
    bool known;     /* the calendar speaks of today */
    bool school;    /* it is a school day */
    int32_t minute; /* of the local day, now */
    int32_t due;    /* the minute by which attendance is expected; INGEST_FEED_NEVER */
    int32_t today;  /* events of today */
    int32_t
        usual; /* median of the last three weeks' days that had any; -1 = fewer than three had */
    /* what was said last */
    bool late;
    int32_t late_since; /* date, days since 1970-01-01 */
    int32_t last;       /* date of the newest event that is not in the future; INT32_MIN = none */
};

/* A school that was late stays so until something of that day or a later one arrives, over nights and weekends too. */
enum ingest_feed_state ingest_feed_judge(const struct ingest_feed_day *day);
const char *ingest_feed_name(enum ingest_feed_state state); /* "late"; static */

/* A school that became late, or is no longer. */
struct ingest_feed_change {
    int64_t school;
    bool late;
    int32_t since;
    int32_t episode;
};

/* "10:00" -> 600, "never" -> INGEST_FEED_NEVER. False: neither. */
bool ingest_feed_due(const char *text, int32_t *ret);

#endif
