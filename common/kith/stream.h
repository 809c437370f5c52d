/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a daemon and its readers: DESIGN's rules 2, 3 and 4.
 *
 * Every service's schema has the same three tables (deploy/sql/0001_common_schemas.sql):
 *   stream_head(district_id, shard, epoch, pos)   one row a shard; updating it hands out positions, its row lock is held to COMMIT,
 *                                                 so the order of positions is the order of commits; epoch fences an old owner
 *   log(district_id, shard, pos, count, type, epoch, at, payload)   one row a run of records of one type
 *   consumer_offset(district_id, stream, shard, pos)                what this service has read of another's log
 * This module holds the SQL for them (unqualified names: search_path is the service's schema); a store.c may build the head update into
 * a statement of its own where speed asks for it.
 *
 * Invariants: a reader never sees a row appear at or below a position it has passed; along pos, epoch never falls; effects and
 * offset commit together or not at all. */
#ifndef KITH_STREAM_H
#define KITH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/bus.h"
#include "kith/db.h"
#include "kith/err.h"
#include "kith/loop.h"
#include "kith/msg.h"

/* Bytes of the largest payload of one record, so that it fits a frame of the bus with what is around it. Also what a LogBatch holds. */
#define KITH_RECORD_MAX 3670016 /* 3.5 MiB */

/* Statements of this module, for kith_db_opts.tables. */
extern const struct kith_stmt kith_stream_statements[];

/* ---- the owner's side ---- */
struct kith_owner;

struct kith_owner_opts {
    struct kith_loop *loop;
    struct kith_db *db;
    const char *stream; /* "ingest": the name consumers ask for */
};
KITH_MUST_CHECK kith_err kith_owner_new(const struct kith_owner_opts *opts,
                                        struct kith_owner **ret);
/* Take over every shard there is: epoch + 1. Runs the loop until done; for start-up. Errors: KITH_EDB, KITH_ETIMEOUT. */
KITH_MUST_CHECK kith_err kith_owner_take_all(struct kith_owner *o, int64_t timeout_ms,
                                             struct kith_why *why);
/* Make the shard's head if there is none (epoch 1, pos 0) and take it over. done(ctx, err, why); may be NULL. */
void kith_owner_take(struct kith_owner *o, int32_t district, int32_t shard, kith_db_done_fn done,
                     void *ctx);
/* Is the shard ours, as far as we know? */
bool kith_owner_has(const struct kith_owner *o, int32_t district, int32_t shard);
/* Our epoch of the shard; 0 = not ours. */
int64_t kith_owner_epoch(const struct kith_owner *o, int32_t district, int32_t shard);

/* Add to a job the step that appends one run of `count` records (>= 1) in a payload of up to KITH_RECORD_MAX bytes. Guarded:
 * KITH_EFENCED when another owner took the shard, or it was never ours. */
void kith_owner_append(struct kith_owner *o, struct kith_job *job, int32_t district, int32_t shard,
                       int32_t type, int32_t count, int64_t at_us, const void *payload, size_t n);
/* After COMMIT (of a job with appends, or of a statement that moved the head itself): answers parked Fetches. `pos` may be 0 when
 * the job used kith_owner_append. */
void kith_owner_committed(struct kith_owner *o, int32_t district, int32_t shard, int64_t pos);
/* Answer Fetch and ListStreams; false when the envelope is something else. Only for peers whose user starts with "service:" or
 * "operator"; others get Error{DENIED}. Fetches that find nothing are parked (at most 1,000; oldest answered empty first). */
bool kith_owner_on_request(struct kith_owner *o, struct kith_bus_server *server,
                           const struct kith_peer *peer, const kith_envelope *env);
/* Answer all parked Fetches empty; for draining. */
void kith_owner_drain(struct kith_owner *o);
/* Before the bus and the pool; jobs with appends or takes must have ended, or the loop must not turn again. */
void kith_owner_free(struct kith_owner *o);

/* ---- the reader's side ---- */
struct kith_record {
    int64_t pos;
    int32_t count;
    int32_t type; /* RecordType */
    int64_t at_us;
    const uint8_t *payload;
    size_t n;
};

struct kith_batch {
    int32_t district;
    int32_t shard;
    int64_t after_pos; /* our committed position */
    int64_t head_pos;  /* the owner's, when it answered */
    size_t n;          /* >= 1 */
    const struct kith_record *records;
};

struct kith_consumer;
/* Handle a batch: build a job, add kith_consumer_advance(), run it, then call kith_consumer_done() exactly once (also later). The
 * batch is valid until then. There is at most one batch of a (district, shard) at a time; batches of different districts overlap. */
typedef void (*kith_batch_fn)(void *ctx, struct kith_consumer *c, const struct kith_batch *batch);

struct kith_consumer_opts {
    struct kith_loop *loop;
    struct kith_bus *bus;
    struct kith_db *db;     /* of the reading service: holds consumer_offset */
    const char *stream;     /* whose log */
    const char *endpoint;   /* the owner's bus */
    const char *server_key; /* the owner's public key, Z85 */
    uint32_t credit;        /* records a Fetch asks for; 0 = 2,000 */
    kith_batch_fn on_batch;
    void *ctx;
};
/* Finds the districts by ListStreams (every second), reads offsets from the database, then fetches by long poll. Asks again when no
 * answer comes within 2 s beyond the wait. */
KITH_MUST_CHECK kith_err kith_consumer_new(const struct kith_consumer_opts *opts,
                                           struct kith_consumer **ret);
/* Add to `job` the guarded step that moves the offset from batch->after_pos to `pos` (a record's pos of this batch: the effects
 * up to and including it are in the job). KITH_ECHANGED when somebody else moved it. */
void kith_consumer_advance(struct kith_consumer *c, struct kith_job *job,
                           const struct kith_batch *batch, int64_t pos);
/* The batch's job ended. KITH_OK: `pos` is committed, fetch goes on after it (records beyond `pos` come again). Error: offsets are read
 * again from the database, then the same comes again after a pause (100 ms, doubling to 5 s). */
void kith_consumer_done(struct kith_consumer *c, const struct kith_batch *batch, kith_err err,
                        int64_t pos);
/* Do not fetch this shard again for `ms` (the handler waits for something else); with kith_consumer_done(c, b, KITH_OK, b->after_pos). */
void kith_consumer_hold(struct kith_consumer *c, const struct kith_batch *batch, int64_t ms);
/* The committed position; 0 = nothing read yet. */
int64_t kith_consumer_pos(const struct kith_consumer *c, int32_t district, int32_t shard);
/* Stop asking; batches in the handler's hands must still be given back. */
void kith_consumer_drain(struct kith_consumer *c);
bool kith_consumer_idle(const struct kith_consumer *c); /* no batch in the handler's hands */
void kith_consumer_free(struct kith_consumer *c);

#endif
