/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction of a changed key, job after job. */
#include "ingest/writer_rekey.h"

#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"

#define PATIENCE_MS (10 * 60 * 1000) /* for a statement */

static void next(struct ingest_rekey *r);

/* The transaction is over; `r` may be gone afterwards. */
static void finish(struct ingest_rekey *r)
{
    struct queue *q = r->q;
    struct kith_why why = r->why;
    kith_tx_free(KITH_TAKE(r->tx));
    ingest_rekey_page_done(r);
    r->op = NULL;
    ingest_run_done(q, r->err, &why);
}

static void rolled_back(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)err;
    (void)why;
    finish(ctx);
}

/* Ends the operation. An open transaction is rolled back by a guard that fails, which leaves its connection as it was. */
static void end(struct ingest_rekey *r, kith_err err, const struct kith_why *why)
{
    struct kith_job *job = NULL;
    r->err = err;
    if (err == KITH_ETOOBIG)
        kith_why_set(&r->why,
                     "more than %d documents depend on this natural key: post the new one, move "
                     "what depends on the old one, and delete it",
                     INGEST_REKEY_MAX);
    else if (err != KITH_OK && !r->why.text[0] && why)
        r->why = *why;
    if (!r->open || kith_job_new(&job) != KITH_OK) {
        finish(r);
        return;
    }
    r->open = false;
    ingest_store_owned(job, r->q->district->id, 0); /* no owner has this epoch */
    if (kith_tx_run(r->tx, job, false, rolled_back, r) != KITH_OK)
        finish(r);
}

static void note(struct ingest_rekey *r, kith_err err)
{
    if (r->err == KITH_OK)
        r->err = err;
}

/* Sends a job of the transaction, or ends everything. */
static void send(struct ingest_rekey *r, struct kith_job *job, kith_err err, bool commit,
                 kith_db_done_fn done)
{
    kith_auto(kith_job) own = job;
    if (err == KITH_OK)
        err = kith_tx_run(r->tx, KITH_TAKE(own), commit, done, r);
    if (err != KITH_OK)
        end(r, err, NULL);
}

static void stepped(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_rekey *r = ctx;
    r->open = err == KITH_OK;
    ingest_rekey_page_done(r);
    if (err == KITH_OK)
        err = r->err;
    if (err != KITH_OK)
        end(r, err, why);
    else
        next(r);
}

/* ---- who refers to what moved ---- */

static void on_referrers(void *ctx, const struct kith_rows *rows)
{
    struct ingest_rekey *r = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && r->err == KITH_OK; i++) {
        size_t n;
        struct kith_id id;
        memcpy(id.b, kith_rows_bytes(rows, i, 1, &n), sizeof(id.b));
        note(r, ingest_rekey_find_one(r, kith_rows_text(rows, i, 0), &id));
    }
}

static void ask(struct ingest_rekey *r)
{
    struct kith_job *job = NULL;
    size_t left = r->moved_n - r->asked;
    size_t n = left < INGEST_REKEY_ASK ? left : INGEST_REKEY_ASK;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_rekey_referrers(job, r, n, on_referrers, r);
    r->asked += n;
    send(r, job, err, false, stepped);
}

/* ---- a page of them ---- */

static void on_page(void *ctx, const struct kith_rows *rows)
{
    struct ingest_rekey *r = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && r->err == KITH_OK; i++) {
        size_t n;
        struct kith_id id;
        memcpy(id.b, kith_rows_bytes(rows, i, 0, &n), sizeof(id.b));
        note(r, ingest_rekey_one(r, ingest_resource_at(r->at), &id, kith_rows_int(rows, i, 1),
                                 kith_rows_text(rows, i, 2)));
    }
}

static void page_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_rekey *r = ctx;
    struct kith_job *job = NULL;
    if (err != KITH_OK || r->err != KITH_OK || r->page_n == 0) {
        stepped(r, err, why);
        return;
    }
    err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_rekey_page(job, r, kith_clock_now_us());
    send(r, job, err, false, stepped);
}

static void read_page(struct ingest_rekey *r)
{
    struct kith_job *job = NULL;
    struct ingest_rekey_found *f = &r->found[r->at];
    size_t n = f->n - f->at < INGEST_REKEY_PAGE ? f->n - f->at : INGEST_REKEY_PAGE;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_rekey_items(job, r->q->district->id, ingest_resource_at(r->at)->name,
                                 f->ids + f->at, n, on_page, r);
    f->at += n;
    send(r, job, err, false, page_read);
}

/* ---- events that name a class period ---- */

static kith_err event(struct ingest_rekey *r, const struct kith_rows *rows, size_t i)
{
    struct ingest_event e = {.arrival_us = INGEST_TIME_NONE, .departure_us = INGEST_TIME_NONE};
    bool changed = false;
    r->after = (struct ingest_rekey_event_key){
        .date = (int32_t)kith_rows_int(rows, i, 0),
        .student = kith_rows_int(rows, i, 1),
        .place = kith_rows_int(rows, i, 2),
        .category = (int32_t)kith_rows_int(rows, i, 3),
    };
    bool reason = !kith_rows_null(rows, i, 4);
    e.reason = reason ? strdup(kith_rows_text(rows, i, 4)) : NULL;
    e.extra = strdup(kith_rows_text(rows, i, 7));
    if (!kith_rows_null(rows, i, 5))
        e.arrival_us = kith_rows_int(rows, i, 5);
    if (!kith_rows_null(rows, i, 6))
        e.departure_us = kith_rows_int(rows, i, 6);
    kith_err err =
        (reason && !e.reason) || !e.extra ? KITH_ENOMEM : ingest_rekey_extra(r, &e, &changed);
    if (err == KITH_OK && changed)
        r->event[r->events_n++] = (struct ingest_rekey_event){
            .key = r->after, .digest = e.digest, .extra = KITH_TAKE(e.extra)};
    ingest_event_done(&e);
    if (err == KITH_OK && r->total++ == INGEST_REKEY_MAX)
        err = KITH_ETOOBIG;
    return err;
}

static void on_events(void *ctx, const struct kith_rows *rows)
{
    struct ingest_rekey *r = ctx;
    r->events = kith_rows_n(rows) == INGEST_REKEY_PAGE; /* else that was the last page */
    for (size_t i = 0; i < kith_rows_n(rows) && r->err == KITH_OK; i++)
        note(r, event(r, rows, i));
}

static void events_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_rekey *r = ctx;
    struct kith_job *job = NULL;
    if (err != KITH_OK || r->err != KITH_OK || r->events_n == 0) {
        stepped(r, err, why);
        return;
    }
    err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_rekey_events_put(job, r);
    send(r, job, err, false, stepped);
}

static void read_events(struct ingest_rekey *r)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_rekey_events(job, r, on_events, r);
    send(r, job, err, false, events_read);
}

/* ---- the end ---- */

static void committed(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_rekey *r = ctx;
    r->open = false;
    if (err == KITH_EEXIST)
        kith_why_set(&r->why, "attendance is kept by school: there is some of a section or session "
                              "that would go to another school");
    end(r, err, why);
}

static void commit(struct ingest_rekey *r)
{
    struct kith_job *job = NULL;
    struct kith_owner *owner = r->q->writer->opts.owner;
    int64_t now = kith_clock_now_us();
    kith_err err = ingest_names_reserve(r->q->district->names, ingest_names_count(r->names));
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_rekey_unmarked(job, r);
        err = ingest_store_rekey_names(job, r);
    }
    for (size_t i = 0; err == KITH_OK && i < r->records_n; i++) {
        const struct ingest_rekey_records *list = &r->records[i];
        kith_owner_append(owner, job, r->q->district->id, INGEST_SHARD, list->type, list->count,
                          now, list->bytes.data, list->bytes.n);
    }
    send(r, job, err, true, committed);
}

/* What is known of a resource's documents is complete when those of the resources before it are written. */
static void next(struct ingest_rekey *r)
{
    if (r->asked < r->moved_n) {
        ask(r);
        return;
    }
    while (r->at < ingest_resource_count() && r->found[r->at].at == r->found[r->at].n)
        r->at++;
    if (r->at < ingest_resource_count())
        read_page(r);
    else if (r->events)
        read_events(r);
    else
        commit(r);
}

/* ---- the document itself ---- */

static void on_root(void *ctx, const struct kith_rows *rows)
{
    struct ingest_rekey *r = ctx;
    note(r, kith_rows_n(rows) == 1 ? ingest_rekey_root(r, kith_rows_text(rows, 0, 2))
                                   : KITH_ENOTFOUND);
}

static void root_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_rekey *r = ctx;
    struct kith_job *job = NULL;
    if (err != KITH_OK || r->err != KITH_OK) {
        stepped(r, err, why);
        return;
    }
    r->open = true;
    err = kith_job_new(&job);
    if (err == KITH_OK)
        ingest_store_documents(job, r->q->district->id, &r->op, 1, kith_clock_now_us());
    send(r, job, err, false, stepped);
}

kith_err ingest_rekey_begin(struct queue *q)
{
    kith_auto(ingest_rekey) r = NULL;
    struct kith_job *job = NULL;
    struct ingest_op *op = q->fly->ops[0];
    kith_err err = ingest_rekey_new(q, op, &r);
    if (err == KITH_OK)
        err = kith_tx_new(q->writer->opts.db, PATIENCE_MS, &r->tx);
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    ingest_store_owned(job, q->district->id,
                       kith_owner_epoch(q->writer->opts.owner, q->district->id, INGEST_SHARD));
    ingest_store_rekey_items(job, q->district->id, op->doc->resource->name, &r->id, 1, on_root, r);
    err = kith_tx_run(r->tx, job, false, root_read, r);
    if (err == KITH_OK)
        q->rekey = KITH_TAKE(r);
    return err;
}
