/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stream module share; nobody else includes it. stream.c holds the SQL, stream_owner.c owns
 * and appends, stream_fetch.c answers, stream_consumer.c asks,
 * stream_batch.c is the handler's side. */
#ifndef KITH_STREAM_INTERNAL_H
#define KITH_STREAM_INTERNAL_H

#include "kith/metrics.h"
#include "kith/stream.h"

/* Indexes of kith_stream_statements. */
enum {
    STREAM_TAKE_ALL,
    STREAM_TAKE,
    STREAM_APPEND,
    STREAM_FETCH,
    STREAM_OFFSET,
    STREAM_ADVANCE_FIRST,
    STREAM_ADVANCE,
};
#define STREAM_STMT(i) (&kith_stream_statements[i])

/* Columns of STREAM_FETCH; all but the first are null in the one row of an empty answer. */
enum { FETCH_HEAD, FETCH_POS, FETCH_COUNT, FETCH_TYPE, FETCH_AT, FETCH_PAYLOAD };

#define STREAM_WAIT_MAX_MS 30000 /* stream.proto */

/* ---- the owner's side: stream_owner.c and stream_fetch.c ---- */

/* A Fetch that has not been answered yet. */
struct owner_question {
    struct owner_question *next;
    struct kith_bus_server *server;
    struct kith_peer peer;
    uint8_t msg_id[KITH_MSG_ID];
    int64_t after_pos;
    int32_t credit;
    int64_t deadline_ms;
    uint64_t serial;  /* order of coming */
    uint64_t checked; /* the version of the shard at which the log held nothing for it */
};

/* What we know of a shard. The database is the truth; `version` counts the commits that we were told of, so that a log that was
 * found empty at a version is not read again at the same version. */
struct owner_shard {
    struct kith_owner *owner;
    int32_t district;
    int32_t number;
    int64_t epoch;
    int64_t head; /* last position given out, as far as we know */
    uint64_t version;
    int64_t end_pos;      /* nothing was behind it ... */
    uint64_t end_version; /* ... at this version; 0 = unknown */
    struct owner_question *first;
    struct owner_reading *reading; /* NULL = none in flight */
};

struct owner_reading {
    struct owner_shard *shard; /* NULL: the owner was freed meanwhile */
    int64_t after_pos;
    int32_t credit;
    uint64_t version;
};

struct kith_owner {
    struct kith_loop *loop;
    struct kith_db *db;
    char *stream;
    struct owner_shard **shards; /* by district and number */
    size_t shards_n;
    size_t parked_n;
    uint64_t serial;
    struct kith_timer *tick;
    bool draining;
    bool taken; /* of kith_owner_take_all */
    kith_err take_err;
    struct kith_why take_why;
};

/* NULL = not ours. */
struct owner_shard *stream_owner_shard(const struct kith_owner *o, int32_t district,
                                       int32_t number);
/* Answer, or start to read for, the questions of a shard that have something to hope for. */
void stream_owner_serve(struct owner_shard *s);
void stream_owner_on_tick(void *ctx);

/* ---- the reader's side: stream_consumer.c and stream_batch.c ---- */

/* Between attempts after a failure: doubled each time. */
enum { CONSUMER_PAUSE_MS = 100, CONSUMER_PAUSE_MAX_MS = 5000 };

/*  CONSUMER_UNKNOWN --(offset read)--> CONSUMER_READY --(Fetch sent)--> CONSUMER_ASKED --(records)--> CONSUMER_HANDLED --(done: ok)--> CONSUMER_READY
 *     ^                         ^-------(empty, error)---'                    |
 *     '----------------------------------(done: failed)-----------------------'   */
enum consumer_state {
    CONSUMER_UNKNOWN,
    CONSUMER_READING,
    CONSUMER_READY,
    CONSUMER_ASKED,
    CONSUMER_HANDLED
};

struct consumer_shard {
    struct kith_consumer *consumer;
    int32_t district;
    int32_t number;
    enum consumer_state state;
    int64_t pos; /* committed */
    int64_t
        due_ms; /* CONSUMER_UNKNOWN, CONSUMER_READY: not before; CONSUMER_ASKED: ask again then */
    int64_t asked_ms;
    int64_t pause_ms; /* of the last failure; 0 = none */
    int64_t hold_ms;
    uint8_t msg_id
        [KITH_MSG_ID]; /* of the question: kept when it is asked again, so that one answer counts, and once */
    kith_envelope *env; /* CONSUMER_HANDLED: what `records` point into */
    struct kith_record *records;
    struct kith_batch batch;
    struct consumer_reading *reading;
    int64_t lag;       /* records behind the owner when it last answered */
    int64_t oldest_us; /* when the oldest record that we have not handled was written; 0 = none */
    struct kith_metric *lag_records, *lag_seconds; /* of the district: of its first shard */
};

struct consumer_reading {
    struct consumer_shard *shard; /* NULL: the consumer was freed meanwhile */
    int64_t pos;
};

struct kith_consumer {
    struct kith_loop *loop;
    struct kith_db *db;
    char *stream;
    int32_t credit;
    kith_batch_fn on_batch;
    void *ctx;
    struct kith_bus_client *client;
    struct kith_timer *tick;
    struct consumer_shard **shards; /* by district and number */
    size_t shards_n;
    int64_t list_due_ms;
    int64_t age_due_ms;
    bool draining;
};

/* Where the shard is in c->shards, or would be. */
size_t stream_consumer_place(const struct kith_consumer *c, int32_t district, int32_t number);
/* NULL = not known. */
struct consumer_shard *stream_consumer_shard(const struct kith_consumer *c, int32_t district,
                                             int32_t number);
/* Do what is due. */
void stream_consumer_step(struct consumer_shard *s);
/* After a failure: the offset is read again after a pause. */
void stream_consumer_pause(struct consumer_shard *s);
/* A LogBatch with records answered the shard's question: give it to the handler. Takes env over. */
void stream_consumer_on_records(struct consumer_shard *s, kith_envelope *env);
/* Sets the metrics of the shard's district. */
void stream_consumer_show_lag(const struct kith_consumer *c, const struct consumer_shard *of);

#endif
