/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that changes a district's rows goes through its queue, in order of arrival, whatever the door. A queue has one batch in
 * flight; while that commits, the next one gathers by itself: no waiting window. A batch is a run of operations of one kind, checked
 * against what is known (references, numbers), written by one transaction together with its log records, and only then answered.
 *
 * Invariants: an operation's `done` says KITH_OK only after the COMMIT that holds it; what the writer knows is what is committed; an
 * unknown outcome is reported as KITH_EDB and everything of that district is read again from the database before the next batch. */
#ifndef INGEST_WRITER_H
#define INGEST_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/districts.h"
#include "ingest/document.h"
#include "ingest/event.h"
#include "kith/db.h"
#include "kith/err.h"
#include "kith/stream.h"

#define INGEST_RUN_MAX 5000 /* operations in one transaction */

/* An attendance row's key and what its log record says. */
struct ingest_mark {
    struct ingest_event_key key;
    int64_t school_id;
};

enum ingest_op_kind {
    INGEST_OP_DOCUMENT, /* upsert doc */
    INGEST_OP_REKEY,    /* the writer makes it of an upsert with another key than `expected` has */
    INGEST_OP_DOCUMENT_DELETE, /* resource, id */
    INGEST_OP_EVENT,           /* upsert event */
    INGEST_OP_EVENT_DELETE,    /* by event (retraction) or, has_key, by key */
    INGEST_OP_QUARANTINE,      /* reason, bytes */
};

enum ingest_outcome {
    INGEST_UNCHANGED,
    INGEST_CREATED,
    INGEST_UPDATED,
    INGEST_DELETED,
};

/* In the order of use, what a run of events looks at first: thousands of them go by at a time. */
struct ingest_op {
    struct ingest_op *next; /* the writer's while queued */
    enum ingest_op_kind kind;
    int32_t district;
    bool must_exist; /* PUT: KITH_ENOTFOUND instead of creating */
    bool has_match;  /* If-Match */
    bool has_key;
    bool
        has_id; /* PUT: `expected` is the id in the URL; of an event it must be its own (KITH_EINVAL: key change) */
    bool
        key_fixed; /* answer, KITH_EINVAL: the body has another key, and this resource's may not be changed */
    bool
        key_taken; /* answer, KITH_EEXIST: there is a document with the key that this or what depends on it would get */
    bool must_number; /* the writer's: num is new, keep it in the table of numbers */

    /* answer */
    kith_err err;
    enum ingest_outcome outcome;
    int64_t digest; /* of the row now */

    struct kith_id id;           /* delete: which; answer: of the row */
    struct ingest_event_key key; /* has_key; else set by the writer */
    int64_t school_id;           /* the writer's */
    struct ingest_op
        *same; /* the writer's: identical to this earlier one of the run, shares its answer */

    size_t size; /* what it counts against the queue's limit, bytes */
    void (*done)(void *ctx, struct ingest_op *op);
    void *ctx;

    struct ingest_event event; /* owned by the submitter */

    struct ingest_doc *doc;                 /* owned by the submitter */
    const struct ingest_resource *resource; /* delete */
    int64_t num;                            /* the writer's: of the document */
    int64_t match;                          /* digest */
    struct kith_id expected;
    const char *client_id; /* quarantine; borrowed */
    int32_t code;
    const uint8_t *bytes;
    size_t bytes_n;
    struct kith_why why; /* answer */
};

struct ingest_writer;
struct ingest_writer_opts {
    struct kith_loop *loop;
    struct kith_db *db;
    struct kith_owner *owner;
    struct ingest_districts *districts;
    size_t queue_bytes;                    /* over all districts; above it submit says KITH_EBUSY */
    void (*on_room)(void *ctx, bool room); /* false at 3/4 full, true again below 1/2 */
    void (*on_fenced)(void *ctx);
    void *ctx;
};
KITH_MUST_CHECK kith_err ingest_writer_new(const struct ingest_writer_opts *opts,
                                           struct ingest_writer **ret);
void ingest_writer_free(struct ingest_writer *w); /* only when idle or the loop has ended */

/* Queue it. `op` stays where it is until done, which is called from the loop, never from inside.
 * Errors: KITH_EBUSY the queue is full, KITH_ENOTFOUND no such district: done is not called. */
KITH_MUST_CHECK kith_err ingest_writer_submit(struct ingest_writer *w, struct ingest_op *op);
/* Submitting is over for this turn of the loop: send what has gathered. Cheap; also happens by itself at the end of the turn. */
void ingest_writer_kick(struct ingest_writer *w);
/* A district made just now: give it a queue (its log shard must have been taken). */
KITH_MUST_CHECK kith_err ingest_writer_add(struct ingest_writer *w,
                                           struct ingest_district *district);
/* Is what the reference names there, by any of its targets? */
bool ingest_writer_resolved(const struct ingest_district *d, const struct ingest_ref *ref);

/* For what writes many rows of a district by itself (a package of rosters): `held` is called from the loop when everything before has
 * committed and what is known is what is committed; from then on nothing of the district is sent, it waits in the queue, until the
 * release. Errors: KITH_ENOTFOUND no such district; KITH_EBUSY somebody else holds or wants it: `held` is not called. */
KITH_MUST_CHECK kith_err ingest_writer_hold(struct ingest_writer *w, int32_t district,
                                            void (*held)(void *ctx), void *ctx);
/* Also of one that is still wanted: then `held` is not called any more. */
void ingest_writer_release(struct ingest_writer *w, int32_t district);
bool ingest_writer_idle(const struct ingest_writer *w);
size_t ingest_writer_waiting(const struct ingest_writer *w); /* operations queued or in flight */

/* Read districts, clients, tokens and everything known from the database; runs the loop; for start-up. */
KITH_MUST_CHECK kith_err ingest_load(struct kith_loop *loop, struct kith_db *db,
                                     struct ingest_districts *districts, struct kith_why *why);

#endif
