/* SPDX-License-Identifier: Apache-2.0 */
/* What a district says of its own ways, by name and value (`kith ingest policy set`):
 *   attendance_due   10:00 | never            by when a school's attendance is expected; also of one school (feed.h)
 *   attendance       negative | positive      only what is not presence is sent; or presence too, so that no mark means not taken
 *   day_status       KIND,KIND,...            which of a day's marks is believed, the most believed first: tardy, early_departure, partial,
 *                                             absent_excused, absent_unexcused, present, each once
 *   partial_absent   off | N%                 a partial day or early departure whose eventDuration says that at least so much of the day was missed counts
 *                                             as an excused absence
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_POLICY_H
#define INGEST_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/meaning.h"

#define INGEST_POLICY_TEXT 128

struct ingest_policy {
    char day_status[INGEST_POLICY_TEXT]; /* "" = risk's own order */
    bool positive;
    int32_t partial_permille; /* 0 = off */
};

/* May this stand, and of one school? value "" = the default. */
bool ingest_policy_valid(const char *name, const char *value, bool school);
/* Take it in; attendance_due is nobody's here. False: not valid. */
bool ingest_policy_take(struct ingest_policy *p, const char *name, const char *value);
/* DistrictChanged.day_status. */
void ingest_policy_day_status(const struct ingest_policy *p,
                              char ret[static INGEST_POLICY_TEXT + 16]);

/* What an event counts as: its category's kind, but for parts of days. `extra`: the event's other fields, JSON; NULL = none. */
enum ingest_kind ingest_policy_kind(const struct ingest_policy *p, enum ingest_kind kind,
                                    const char *extra);

#endif
