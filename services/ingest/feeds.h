/* SPDX-License-Identifier: Apache-2.0 */
/* Watches what the schools of each district send: once a minute every school is judged (feed.h); when one becomes late, or is no longer, a
 * FEED_LATE record goes into the log, once a change, together with the row that remembers it. */
#ifndef INGEST_FEEDS_H
#define INGEST_FEEDS_H

#include "ingest/districts.h"
#include "ingest/feed.h"
#include "kith/db.h"
#include "kith/stream.h"

struct ingest_feeds;
struct ingest_feeds_opts {
    struct kith_loop *loop;
    struct kith_db *db;
    struct kith_owner *owner;
    struct ingest_districts *districts;
    int64_t every_ms;
    const char *due; /* where no policy says otherwise: "10:00" */
};
KITH_MUST_CHECK kith_err ingest_feeds_new(const struct ingest_feeds_opts *opts,
                                          struct ingest_feeds **ret);
void ingest_feeds_free(struct ingest_feeds *f); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_feeds)
void ingest_feeds_drain(struct ingest_feeds *f);
bool ingest_feeds_idle(const struct ingest_feeds *f);

/* A school as it is judged now. */
struct ingest_school_feed {
    int64_t school; /* schoolId */
    char name[128];
    enum ingest_feed_state state;
    int32_t date; /* today there */
    struct ingest_feed_day day;
    int32_t episode; /* how often it was late */
};
/* `done` gets every school of the district, in the order of their ids; borrowed. Errors: KITH_EDB, KITH_EBUSY, KITH_ENOMEM: done is not called. */
typedef void (*ingest_feeds_fn)(void *ctx, kith_err err, const struct ingest_school_feed *schools,
                                size_t n);
KITH_MUST_CHECK kith_err ingest_feeds_look(struct ingest_feeds *f, int32_t district,
                                           ingest_feeds_fn done, void *ctx);

#endif
