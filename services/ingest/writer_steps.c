/* SPDX-License-Identifier: Apache-2.0 */
/* A run as the steps of its transaction. */
#include "ingest/writer_internal.h"
#include "kith/clock.h"

static void on_marks(void *ctx, const struct kith_rows *rows)
{
    struct queue *q = ctx;
    struct run *run = q->fly;
    if (kith_rows_n(rows) == 0)
        return; /* fenced: the guard says so */
    run->pos = kith_rows_int(rows, 0, 0);
    run->all_fresh = kith_rows_int(rows, 0, 2) == (int64_t)run->n;
    run->ords_n = 0;
    if (!kith_rows_null(rows, 0, 3))
        run->ords_n = kith_rows_ints(rows, 0, 3, run->ords, INGEST_RUN_MAX);
    if (run->ords_n > INGEST_RUN_MAX)
        run->ords_n = INGEST_RUN_MAX;
}

static void events_steps(struct queue *q, struct kith_job *job, int64_t epoch, int64_t now)
{
    struct run *run = q->fly;
    int32_t district = q->district->id;
    struct ingest_op *first = run->ops[0];
    bool alone = first->must_exist || first->has_match;
    /* before anything that could refuse the run for what another owner has written; the marks' own statement asks too */
    if (run->categories_n > 0 || alone)
        ingest_store_owned(job, district, epoch);
    for (size_t i = 0; i < run->categories_n; i++) {
        const struct ingest_category *c =
            &q->district->categories[q->district->categories_n - run->categories_n + i];
        ingest_store_category(job, district, c->id, c->uri);
    }
    if (alone)
        ingest_store_mark_exists(job, district, &first->key,
                                 first->has_match ? &first->match : NULL);
    run->all_fresh = false;
    run->fresh_only = q->fresh_needed == 0 && !first->must_exist;
    if (run->kind == INGEST_OP_EVENT)
        ingest_store_marks(job, district, epoch, run->ops, run->n, now, &run->items, run->offsets,
                           run->fresh_only, on_marks, q);
    else
        ingest_store_marks_delete(job, district, epoch, run->ops, run->n, now, &run->items,
                                  run->offsets, on_marks, q);
}

#define RECORD_TYPES 24 /* more than documents make (proto/kith/v1/records.proto) */

/* Log records of documents, a run for each type, in the order of their first appearance. */
struct records {
    int32_t type;
    int32_t count;
    struct kith_bytes bytes;
};

static kith_err documents_append(struct queue *q, struct kith_job *job, int64_t now)
{
    struct run *run = q->fly;
    struct records lists[RECORD_TYPES] = {{0}};
    size_t n = 0;
    struct kith_bytes one = {0};
    kith_err err = KITH_OK;
    for (size_t i = 0; i < run->changed_n && err == KITH_OK; i++) {
        const struct ingest_op *op = run->changed[i];
        one.n = 0;
        int32_t type = 0;
        err = ingest_record_document(q->district, op->doc->resource, op->doc->body, op->num, false,
                                     &one, &type);
        if (err != KITH_OK || type == 0)
            continue;
        size_t at = 0;
        while (at < n && lists[at].type != type)
            at++;
        if (at == RECORD_TYPES) {
            err = KITH_EINTERNAL; /* more types than there are */
            break;
        }
        if (at == n)
            lists[n++].type = type;
        err = kith_bytes_add(&lists[at].bytes, one.data, one.n);
        lists[at].count++;
    }
    for (size_t i = 0; i < n; i++) {
        if (err == KITH_OK)
            kith_owner_append(q->writer->opts.owner, job, q->district->id, INGEST_SHARD,
                              lists[i].type, lists[i].count, now, lists[i].bytes.data,
                              lists[i].bytes.n);
        kith_bytes_done(&lists[i].bytes);
    }
    kith_bytes_done(&one);
    return err;
}

static kith_err documents_steps(struct queue *q, struct kith_job *job, int64_t epoch, int64_t now)
{
    struct run *run = q->fly;
    ingest_store_owned(job, q->district->id, epoch);
    if (run->changed_n == 0)
        return KITH_OK;
    ingest_store_documents(job, q->district->id, run->changed, run->changed_n, now);
    return documents_append(q, job, now);
}

static kith_err delete_steps(struct queue *q, struct kith_job *job, int64_t epoch, int64_t now)
{
    struct ingest_op *op = q->fly->ops[0];
    ingest_store_owned(job, q->district->id, epoch);
    ingest_store_document_delete(job, q->district->id, op->resource, &op->id, op->num);
    struct kith_bytes record = {0};
    int32_t type = 0;
    kith_err err = ingest_record_document(q->district, op->resource, q->fly->body, op->num, true,
                                          &record, &type);
    if (err == KITH_OK && type != 0)
        kith_owner_append(q->writer->opts.owner, job, q->district->id, INGEST_SHARD, type, 1, now,
                          record.data, record.n);
    kith_bytes_done(&record);
    return err;
}

kith_err ingest_run_steps(struct queue *q, struct kith_job *job)
{
    int64_t epoch = kith_owner_epoch(q->writer->opts.owner, q->district->id, INGEST_SHARD);
    int64_t now = kith_clock_now_us();
    switch (q->fly->kind) {
    case INGEST_OP_DOCUMENT:
        return documents_steps(q, job, epoch, now);
    case INGEST_OP_REKEY:
        break; /* has its own transaction */
    case INGEST_OP_DOCUMENT_DELETE:
        return delete_steps(q, job, epoch, now);
    case INGEST_OP_EVENT:
    case INGEST_OP_EVENT_DELETE:
        events_steps(q, job, epoch, now);
        return KITH_OK;
    case INGEST_OP_QUARANTINE:
        ingest_store_owned(job, q->district->id, epoch);
        ingest_store_quarantine(job, q->district->id, q->fly->ops, q->fly->n, now);
        return KITH_OK;
    }
    return KITH_EINTERNAL;
}
