/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a district: district.c keeps the queue and the world, work.c does the pieces. */
#ifndef RISK_DISTRICT_INTERNAL_H
#define RISK_DISTRICT_INTERNAL_H

#include "risk/district.h"

#define RISK_SWEEP_STUDENTS 1000 /* judged in one transaction of a sweep */
#define RISK_TEXT_MAX       2001 /* of a contact's note, with NUL */

enum risk_work_kind {
    RISK_WORK_LOOK, /* only what comes before every piece: world and date */
    RISK_WORK_BATCH,
    RISK_WORK_CONTACT,
    RISK_WORK_SWEEP, /* a chunk */
};

struct risk_work {
    enum risk_work_kind kind;
    struct risk_work *next;
    /* batch */
    struct kith_consumer *consumer;
    const struct kith_batch *batch;
    /* contact */
    struct kith_call *call;
    struct risk_contact contact; /* its strings point below */
    char contact_kind[32];
    char by[256];
    char note[RISK_TEXT_MAX];
};

struct risk_district {
    struct risk *risk;
    int32_t number;
    struct risk_district *next;
    struct risk_work *first, *last;
    struct risk_work *now; /* being done */
    bool busy;             /* a transaction or the reading is under way */
    bool resting;          /* between two pieces */

    struct risk_world *world; /* NULL = to be read */
    struct risk_world *read;  /* being read */
    struct risk_reading reading;
    struct risk_district_query query;
    struct risk_tally tally; /* of the world, last seen */

    int64_t read_pos; /* committed position in ingest's log */
    bool zoned;       /* its time zone is known */
    int32_t as_of;
    struct risk_precedence
        precedence; /* as the district wants it; the world's follows with the next sweep */
    int64_t rules;
    bool sweeping;
    int64_t swept_to;
    int64_t from_us, until_us; /* the day that as_of was looked up for: from <= now < until */
    struct risk_today today;

    /* of the piece under way */
    struct risk_changes changes;
    struct risk_flag_turns turns;
    int64_t at_us;
    int64_t pos; /* last of the batch */
    int64_t sweep_last;
    bool sweep_more;
};

/* Do d->now (a piece popped from the queue; world and date are there). Ends in risk_district_ended(). */
void risk_district_work(struct risk_district *d);
/* Give back a piece that will not be done. */
void risk_work_fail(struct risk_district *d, struct risk_work *work, kith_err err,
                    const char *text);

/* Add a piece; takes `work`. */
void risk_district_queue(struct risk_district *d, struct risk_work *work);
/* A new piece. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_work_new(enum risk_work_kind kind, struct risk_work **ret);
/* A job that writes: it holds the fence. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_district_job(struct risk_district *d, struct kith_job **ret);
/* The piece under way ended: the next one. */
void risk_district_ended(struct risk_district *d);
/* A transaction failed: the world may be ahead of the database. Says so in the log, once. */
void risk_district_lost(struct risk_district *d, const char *event, kith_err err,
                        const struct kith_why *why);
/* After a commit: metrics, and our readers. */
void risk_district_count(struct risk_district *d);

#endif
