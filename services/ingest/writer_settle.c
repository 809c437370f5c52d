/* SPDX-License-Identifier: Apache-2.0 */
/* After an unknown outcome: ask the database what is there before anything more is written. */
#include <stdlib.h>
#include <string.h>

#include "ingest/writer_internal.h"

/* A settle that failed is tried again after this. */
#define RETRY_MS 100

static void on_states(void *ctx, const struct kith_rows *rows)
{
    struct queue *q = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        size_t n;
        struct kith_id id;
        memcpy(id.b, kith_rows_bytes(rows, i, 0, &n), sizeof(id.b));
        /* the id was put before, so replacing it needs no memory */
        kith_err err = ingest_known_put(q->district->known, &id, kith_rows_int(rows, i, 1),
                                        kith_rows_int(rows, i, 2));
        (void)err;
    }
}

static void on_categories(void *ctx, const struct kith_rows *rows)
{
    struct queue *q = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        const char *uri = kith_rows_text(rows, i, 1);
        if (!ingest_district_category(q->district, uri) &&
            ingest_district_add_category(q->district, (int32_t)kith_rows_int(rows, i, 0), uri) !=
                KITH_OK)
            q->unsettled = true;
    }
}

/* The database could not be asked. Who came before that was known waits, but not for long. */
static void settle_later(struct queue *q)
{
    struct ingest_writer *w = q->writer;
    kith_timer_start(w->retry, RETRY_MS, 0);
    if (kith_db_away_ms(w->opts.db) > INGEST_AWAY_MS)
        ingest_queue_refuse(q, "the database does not answer; send it again");
}

static void settled(void *ctx, kith_err err, const struct kith_why *why)
{
    struct queue *q = ctx;
    (void)why;
    q->busy = false;
    if (err == KITH_EFENCED) {
        ingest_queue_refuse(q, kith_err_advice(err));
        q->writer->opts.on_fenced(q->writer->opts.ctx);
    } else if (err != KITH_OK || q->unsettled)
        settle_later(q);
    else {
        q->stale = false;
        if (q->rekey && ingest_rekey_committed(q->rekey))
            ingest_rekey_apply(q->rekey);
        ingest_rekey_free(KITH_TAKE(q->rekey));
        int64_t top = ingest_known_top(q->district->known);
        if (q->district->next_num <= top)
            q->district->next_num = top + 1;
        ingest_queue_next(q);
    }
}

void ingest_queue_settle(struct queue *q)
{
    struct kith_job *job = NULL;
    if (kith_job_new(&job) != KITH_OK) {
        settle_later(q);
        return;
    }
    q->unsettled = false;
    /* waits for a transaction that the server may still be at, and that nobody here will hear of any more */
    ingest_store_owned(job, q->district->id,
                       kith_owner_epoch(q->writer->opts.owner, q->district->id, INGEST_SHARD));
    ingest_store_categories(job, q->district->id, on_categories, q);
    if (q->stale_n > 0)
        ingest_store_states(job, q->district->id, q->stale_of, q->stale_ids, q->stale_n, on_states,
                            q);
    if (kith_db_run(q->writer->opts.db, job, settled, q) == KITH_OK)
        q->busy = true;
    else
        settle_later(q);
}

void ingest_queue_stale(struct queue *q)
{
    struct run *run = q->fly;
    q->stale = true;
    q->stale_n = 0;
    if (q->rekey) { /* all of it or nothing: its document tells */
        q->stale_of[0] = run->ops[0]->doc->resource;
        q->stale_ids[q->stale_n++] = *ingest_rekey_id(q->rekey);
        return;
    }
    if (run->kind != INGEST_OP_DOCUMENT && run->kind != INGEST_OP_DOCUMENT_DELETE)
        return;
    for (size_t i = 0; i < run->n; i++) {
        struct ingest_op *op = run->ops[i];
        q->stale_of[q->stale_n] = op->doc ? op->doc->resource : op->resource;
        q->stale_ids[q->stale_n++] = op->id;
    }
}
