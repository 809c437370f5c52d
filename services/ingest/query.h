/* SPDX-License-Identifier: Apache-2.0 */
/* GET /{resource}?...: paging, the natural key, other single values of the document (also those in its references, by their own name:
 * courseOfferings?courseCode=...). Begin, give every argument, end; then read the result.
 * Pure domain code: no I/O, no clock, no log. */
#ifndef INGEST_QUERY_H
#define INGEST_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"
#include "ingest/problems.h"
#include "ingest/resource.h"
#include "kith/err.h"
#include "kith/id.h"

#define INGEST_LIMIT_DEFAULT 25
#define INGEST_LIMIT_MAX     500

struct ingest_query {
    const struct ingest_resource *resource;
    uint32_t limit; /* 0..INGEST_LIMIT_MAX */
    uint32_t offset;
    bool total_count;

    /* Documents: the id when the whole key (or `id`) was given, and all conditions as a JSON object for jsonb @>, which a found
     * document must still match; NULL = no condition. */
    bool has_id;
    bool by_key; /* id is the hash of the whole key; else it was given */
    struct kith_id id;
    char *filter;

    /* Attendance: id is the event's own (only when `id` was given, see ingest_event_unpack_id), filter is for its `extra`; the rest is
     * typed. */
    bool has_student;
    struct kith_id student;
    bool has_school; /* school_id and school are set */
    int64_t school_id;
    struct kith_id school;
    bool has_place; /* the whole key of the session (daily) or the section was given */
    struct kith_id place;
    char *
        place_filter; /* part of it: conditions on the sessions or sections document, for jsonb @>; NULL = none */
    bool has_date;
    int32_t date;
    bool has_category;
    char category[INGEST_CATEGORY_SIZE];
    bool has_reason;
    char reason[INGEST_REASON_SIZE];

    struct ingest_problems problems;          /* filled by arg and end */
    char *values[INGEST_KEY_MAX];             /* own: key parts as text */
    json_t *other;                            /* own: conditions outside the key */
    bool nomem;                               /* own */
    bool seen_limit, seen_offset, seen_total; /* own */
};

void ingest_query_begin(struct ingest_query *q, const struct ingest_resource *r);
/* One argument, decoded; shaped for kith_req_each_query: ctx is the query. */
void ingest_query_arg(void *ctx, const char *name, const char *value);
/* Errors: KITH_EINVAL q->problems says why (unknown argument, value of the wrong type, limit out of range), KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_query_end(struct ingest_query *q);
void ingest_query_done(struct ingest_query *q); /* also after a failure */

#endif
