/* SPDX-License-Identifier: Apache-2.0 */
/* Which session a date falls in, and which section a name means then: attendance files name a school, a section and a date, Ed-Fi's keys the session too.
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_TERMS_H
#define INGEST_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"

struct ingest_terms;
KITH_MUST_CHECK kith_err ingest_terms_new(struct ingest_terms **ret);
void ingest_terms_free(struct ingest_terms *t); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_terms)

/* Texts are copied. Dates: days since 1970-01-01, both included. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_terms_add_session(struct ingest_terms *t, int64_t school,
                                                  int32_t year, const char *name, int32_t begin,
                                                  int32_t end);
KITH_MUST_CHECK kith_err ingest_terms_add_section(struct ingest_terms *t, int64_t school,
                                                  int32_t year, const char *session,
                                                  const char *course, const char *section);
/* Nothing more is added; before the questions. */
void ingest_terms_ready(struct ingest_terms *t);

struct ingest_term {
    int32_t year;
    const char *session; /* the terms' */
    const char *course;  /* of a section */
};
/* The shortest session of the school that holds the date (a term, not its year); of equally long ones the first by name. */
bool ingest_terms_day(const struct ingest_terms *t, int64_t school, int32_t date,
                      struct ingest_term *ret);
/* The section of this name whose session holds the date; of several (two courses in one room) the one of the shortest session, then of the
 * first course. */
bool ingest_terms_section(const struct ingest_terms *t, int64_t school, const char *section,
                          int32_t date, struct ingest_term *ret);

#endif
