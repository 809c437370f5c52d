/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by writer.c (queues, transactions, answers), writer_run.c (what goes into a run and is it allowed), writer_steps.c (its
 * transaction), writer_rekey.c (that of a changed key) and writer_settle.c (after an unknown outcome). */
#ifndef INGEST_WRITER_INTERNAL_H
#define INGEST_WRITER_INTERNAL_H

#include "ingest/ingest.h"
#include "ingest/store.h"
#include "ingest/writer.h"

#define INGEST_SHARD 0 /* one a district until a measurement asks for more */

/* How long the database may be away before new work is refused at the door rather than queued, and what waits is refused too. */
#define INGEST_AWAY_MS 2000

/* Ids in a run, to find a second operation on the same row: open addressing, emptied by raising the stamp. */
#define SEEN_SIZE 16384
struct seen {
    uint32_t stamp;
    struct {
        uint32_t stamp;
        uint16_t tag;   /* of the id's hash: another one needs no look at the operation */
        uint16_t index; /* in run.ops */
    } slots[SEEN_SIZE];
};

/* How to take back what a document made known before its COMMIT. */
struct undo {
    struct kith_id id;
    int64_t num;
    int64_t digest;
};

/* One transaction's worth of operations of one kind. */
struct run {
    enum ingest_op_kind kind;
    size_t n;
    struct ingest_op *ops[INGEST_RUN_MAX];
    size_t changed_n; /* documents that differ from what is known */
    struct ingest_op *changed[INGEST_RUN_MAX];
    struct undo undo[INGEST_RUN_MAX];
    struct ingest_op *sharers; /* identical to one of ops: answered with the run; linked by next */
    struct ingest_op **sharers_tail;
    bool closed;         /* takes no more */
    size_t categories_n; /* new ones, the last of the district's list */
    size_t bytes;        /* quarantined */
    struct kith_bytes items;
    int32_t offsets[INGEST_RUN_MAX + 1];
    struct seen seen;
    bool fresh_only;
    /* result */
    int64_t pos;
    bool all_fresh;
    int64_t ords[INGEST_RUN_MAX];
    size_t ords_n;
    char *body; /* document about to be deleted */
};

struct ingest_rekey;

struct queue {
    struct ingest_writer *writer;
    struct ingest_district *district;
    struct ingest_op *head;
    struct ingest_op **tail;
    struct run runs[2];
    struct run *fly;            /* its transaction is under way; n == 0: none */
    struct run *next;           /* gathers meanwhile, and is sent before what flew is answered */
    bool busy;                  /* a job of this queue is under way */
    void (*held_fn)(void *ctx); /* somebody wants the district for himself; NULL: nobody */
    void *held_ctx;
    bool held;   /* he has it */
    size_t solo; /* so many operations go one by one: one of them spoiled a run */
    /* how many runs in a row must have been all fresh before the plain INSERT is tried */
    unsigned fresh_needed;
    unsigned fresh_seen;
    struct ingest_rekey *rekey; /* a changed key under way, or of unknown outcome */
    /* after an unknown outcome: what to ask the database */
    bool stale;
    bool unsettled; /* no memory for what it said */
    size_t stale_n;
    const struct ingest_resource *stale_of[INGEST_RUN_MAX];
    struct kith_id stale_ids[INGEST_RUN_MAX];
};

struct ingest_writer {
    struct ingest_writer_opts opts;
    struct queue **queues;
    size_t n;
    size_t waiting;
    size_t bytes;
    bool room;
    bool kick_scheduled;
    bool freed;
    struct kith_timer *retry;
};

/* Take operations from the queue's head into its next run as long as they can share a transaction. Operations that cannot be written
 * are given their err and appended to `refused`. Returns with next->n == 0 when none is left to write. */
void ingest_run_gather(struct queue *q, struct ingest_op ***refused);
/* The run did not commit: forget what it made known. With two runs, the later one first. */
void ingest_run_undo(struct queue *q, struct run *run);
/* Add the steps of the flying run's transaction to `job`; what they return is put into it. */
KITH_MUST_CHECK kith_err ingest_run_steps(struct queue *q, struct kith_job *job);

/* The flying run's transaction has ended. */
void ingest_run_done(struct queue *q, kith_err err, const struct kith_why *why);

/* writer_rekey.c: begin the flying run, a changed key; it is q->rekey until ingest_run_done. Errors: nothing has begun. */
KITH_MUST_CHECK kith_err ingest_rekey_begin(struct queue *q);
/* writer_rekey_plan.c: it is committed: what it changed is known. */
void ingest_rekey_apply(const struct ingest_rekey *r);
/* Is it, by what is known of its document? */
bool ingest_rekey_committed(const struct ingest_rekey *r);
const struct kith_id *ingest_rekey_id(const struct ingest_rekey *r); /* of its document */
void ingest_rekey_free(struct ingest_rekey *r);
KITH_DEFINE_AUTO(ingest_rekey)

/* Send the next run, or settle first; does nothing while a job is under way. */
void ingest_queue_next(struct queue *q);
/* What waits in the queue is answered with KITH_EBUSY. */
void ingest_queue_refuse(struct queue *q, const char *why);
/* The outcome of the queue's run is unknown: what is known of its rows must be read again. */
void ingest_queue_stale(struct queue *q);
/* Read it, then go on with the queue. Tried again until it is done; who waits longer than INGEST_AWAY_MS for the database is refused. */
void ingest_queue_settle(struct queue *q);

#endif
