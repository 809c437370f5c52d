/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum ingest_feed_state ingest_feed_judge(const struct ingest_feed_day *day)
{
    if (day->late && day->today == 0 && day->last < day->late_since)
        return INGEST_FEED_LATE;
    if (!day->known)
        return INGEST_FEED_NO_CALENDAR;
    if (!day->school)
        return INGEST_FEED_NO_SCHOOL;
    bool due = day->due != INGEST_FEED_NEVER && day->minute >= day->due;
    if (day->today > 0)
        return due && day->usual >= INGEST_FEED_USUAL_LEAST && day->today < day->usual / 4
                   ? INGEST_FEED_THIN
                   : INGEST_FEED_OK;
    if (!due)
        return INGEST_FEED_NOT_DUE;
    return day->usual >= INGEST_FEED_USUAL_LEAST ? INGEST_FEED_LATE : INGEST_FEED_QUIET;
}

const char *ingest_feed_name(enum ingest_feed_state state)
{
    static const char *const names[] = {"ok",    "no_school", "no_calendar", "not_due",
                                        "quiet", "thin",      "late"};
    return names[state];
}

bool ingest_feed_due(const char *text, int32_t *ret)
{
    unsigned hour;
    unsigned minute;
    int n = 0;
    if (strcmp(text, "never") == 0) {
        *ret = INGEST_FEED_NEVER;
        return true;
    }
    if (sscanf(text, "%2u:%2u%n", &hour, &minute, &n) != 2 || text[n] != '\0' || hour > 23 ||
        minute > 59)
        return false;
    *ret = (int32_t)(hour * 60 + minute);
    return true;
}
