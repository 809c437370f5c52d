/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stream module share; nobody else includes it. stream.c holds the SQL, stream_owner.c owns
 * and appends, stream_fetch.c answers, stream_consumer.c asks. */
#ifndef KITH_STREAM_INTERNAL_H
#define KITH_STREAM_INTERNAL_H

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

#endif
