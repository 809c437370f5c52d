/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/writer.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/writer_internal.h"
#include "kith/metrics.h"

/* Plain INSERT is tried again after at most so many runs in a row without a known key. */
#define FRESH_MAX 64

static void schedule(struct ingest_writer *w);
static kith_err send_run(struct queue *q);
static kith_err send_next(struct queue *q);
static void run_done(void *ctx, kith_err err, const struct kith_why *why);

/* ---- answers ---- */

static void answer(struct ingest_writer *w, struct ingest_op *op)
{
    w->waiting--;
    w->bytes -= op->size;
    op->next = NULL;
    op->done(op->ctx, op);
}

static void answer_all(struct ingest_writer *w, struct ingest_op *list)
{
    while (list) {
        struct ingest_op *op = list;
        list = op->next;
        answer(w, op);
    }
}

static void tell_room(struct ingest_writer *w)
{
    bool room =
        w->room ? w->bytes < w->opts.queue_bytes / 4 * 3 : w->bytes < w->opts.queue_bytes / 2;
    if (room != w->room) {
        w->room = room;
        w->opts.on_room(w->opts.ctx, room);
    }
}

void ingest_queue_refuse(struct queue *q, const char *why)
{
    struct ingest_op *list = q->head;
    q->head = NULL;
    q->tail = &q->head;
    for (struct ingest_op *op = list; op; op = op->next) {
        op->err = KITH_EBUSY;
        kith_why_set(&op->why, "%s", why);
    }
    q->solo = 0;
    answer_all(q->writer, list);
    tell_room(q->writer);
}

static void event_outcomes(struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        run->ops[i]->digest = run->ops[i]->event.digest;
        run->ops[i]->outcome = run->all_fresh ? INGEST_CREATED : INGEST_UNCHANGED;
    }
    for (size_t i = 0; i < run->ords_n; i++) {
        int64_t ord = run->ords[i];
        size_t at = (size_t)(ord > 0 ? ord : -ord) - 1;
        if (at < run->n)
            run->ops[at]->outcome = ord > 0 ? INGEST_CREATED : INGEST_UPDATED;
    }
}

static void delete_outcomes(struct run *run)
{
    bool document = run->kind == INGEST_OP_DOCUMENT_DELETE;
    for (size_t i = 0; i < run->n; i++) {
        run->ops[i]->outcome = INGEST_DELETED;
        run->ops[i]->err = document || run->all_fresh ? KITH_OK : KITH_ENOTFOUND;
    }
    for (size_t i = 0; i < run->ords_n; i++)
        if (run->ords[i] >= 1 && (size_t)run->ords[i] <= run->n)
            run->ops[run->ords[i] - 1]->err = KITH_OK;
    for (size_t i = 0; i < run->n; i++)
        if (run->ops[i]->err != KITH_OK)
            kith_why_set(&run->ops[i]->why, "no such event");
}

static void finish_run(struct queue *q, struct run *run, kith_err err, const struct kith_why *why)
{
    struct ingest_writer *w = q->writer;
    for (size_t i = 0; i < run->n; i++) {
        run->ops[i]->err = err;
        if (err != KITH_OK && why)
            run->ops[i]->why = *why;
    }
    if (err == KITH_OK && run->kind == INGEST_OP_EVENT)
        event_outcomes(run);
    if (err == KITH_OK &&
        (run->kind == INGEST_OP_EVENT_DELETE || run->kind == INGEST_OP_DOCUMENT_DELETE))
        delete_outcomes(run);
    struct ingest_op *sharers = run->sharers;
    for (struct ingest_op *op = sharers; op; op = op->next) {
        op->err = err;
        op->outcome = INGEST_UNCHANGED;
        op->digest = op->doc ? op->doc->digest : op->event.digest;
        if (err != KITH_OK && why)
            op->why = *why;
    }
    run->sharers = NULL;
    free(run->body);
    run->body = NULL;
    size_t n = run->n;
    run->n = 0;
    for (size_t i = 0; i < n; i++)
        answer(w, run->ops[i]);
    answer_all(w, sharers);
}

/* ---- a run's transaction ---- */

/* A run's operations to the head of the queue again. Returns how many. */
static size_t put_back(struct queue *q, struct run *run)
{
    struct ingest_op *list = NULL;
    struct ingest_op **last = &list;
    size_t n = 0;
    if (run->n == 0)
        return 0;
    for (size_t i = 0; i < run->n; i++, n++) {
        *last = run->ops[i];
        last = &run->ops[i]->next;
    }
    *last = run->sharers;
    for (struct ingest_op *op = run->sharers; op; op = op->next, n++)
        last = &op->next;
    run->sharers = NULL;
    run->n = 0;
    if (!q->head)
        q->tail = last;
    *last = q->head;
    q->head = list;
    return n;
}

static bool unique_violation(const struct kith_why *why)
{
    return why && strstr(why->text, "23505") != NULL;
}

static void learn_fresh(struct queue *q, bool violated)
{
    if (violated) {
        q->fresh_seen = 0;
        q->fresh_needed = q->fresh_needed == 0          ? 1
                          : q->fresh_needed < FRESH_MAX ? q->fresh_needed * 2
                                                        : FRESH_MAX;
    } else if (q->fly->kind == INGEST_OP_EVENT && !q->fly->fresh_only) {
        q->fresh_seen = q->fly->all_fresh ? q->fresh_seen + 1 : 0;
        if (q->fresh_seen >= q->fresh_needed && q->fly->all_fresh)
            q->fresh_needed = 0;
    }
}

static void run_failed(struct queue *q, kith_err err, const struct kith_why *why)
{
    struct run *run = q->fly;
    struct ingest_writer *w = q->writer;
    if (run->kind == INGEST_OP_EVENT && run->fresh_only && unique_violation(why)) {
        learn_fresh(q, true);
        kith_err sent = send_run(q); /* the same rows, as an upsert */
        if (sent != KITH_OK)
            run_done(q, sent, NULL);
        return;
    }
    /* what gathered behind it was checked against what it made known, and must stay behind it */
    ingest_run_undo(q, q->next);
    (void)put_back(q, q->next);
    if (err == KITH_EDB || err == KITH_EFENCED)
        ingest_queue_stale(q);
    else
        ingest_rekey_free(KITH_TAKE(q->rekey));
    ingest_run_undo(q, run);
    if (err == KITH_EINVAL && run->n + (run->sharers != NULL) > 1)
        /* one operation spoiled the run (data that the database refuses): write them one by one */
        q->solo = put_back(q, run);
    else if (err == KITH_EFENCED) {
        finish_run(q, run, KITH_EBUSY, why);
        w->opts.on_fenced(w->opts.ctx);
    } else
        finish_run(q, run, err, why);
}

static void committed(struct queue *q)
{
    struct run *run = q->fly;
    learn_fresh(q, false);
    if (run->kind == INGEST_OP_DOCUMENT_DELETE) {
        kith_err put =
            ingest_known_put(q->district->known, &run->ops[0]->id, run->ops[0]->num, INGEST_ABSENT);
        (void)put; /* replaces a row: needs no memory */
    }
    if (q->rekey)
        ingest_rekey_apply(q->rekey);
    ingest_rekey_free(KITH_TAKE(q->rekey));
    run->changed_n = 0;
    run->categories_n = 0;
    kith_owner_committed(q->writer->opts.owner, q->district->id, INGEST_SHARD, run->pos);
    /* the database gets its next run before this one's answers are written */
    kith_err sent = q->next->n > 0 ? send_next(q) : KITH_OK;
    finish_run(q, run, KITH_OK, NULL);
    if (sent != KITH_OK)
        run_done(q, sent, NULL);
}

void ingest_run_done(struct queue *q, kith_err err, const struct kith_why *why)
{
    q->busy = false;
    if (err == KITH_OK)
        committed(q);
    else
        run_failed(q, err, why);
    tell_room(q->writer);
    if (err == KITH_OK)
        ingest_queue_next(q);
    else
        schedule(q->writer); /* not from here: a failure to send would recurse */
}

static void run_done(void *ctx, kith_err err, const struct kith_why *why)
{
    ingest_run_done(ctx, err, why);
}

static void on_body(void *ctx, const struct kith_rows *rows)
{
    struct queue *q = ctx;
    free(q->fly->body);
    q->fly->body = kith_rows_n(rows) ? strdup(kith_rows_text(rows, 0, 1)) : NULL;
}

/* The body of a document about to be deleted is read first: the log record needs it. */
static void body_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct queue *q = ctx;
    q->busy = false;
    if (err == KITH_OK && q->fly->body) {
        kith_err sent = send_run(q);
        if (sent != KITH_OK)
            run_done(q, sent, NULL);
        return;
    }
    finish_run(q, q->fly, err == KITH_OK ? KITH_ENOTFOUND : err, why);
    ingest_queue_next(q);
}

static bool read_body(struct queue *q)
{
    struct kith_job *job = NULL;
    if (kith_job_new(&job) != KITH_OK)
        return false;
    struct ingest_query query = {
        .resource = q->fly->ops[0]->resource, .has_id = true, .id = q->fly->ops[0]->id};
    ingest_store_item(job, q->district->id, &query, on_body, q);
    q->busy = true;
    if (kith_db_run(q->writer->opts.db, job, body_read, q) == KITH_OK)
        return true;
    q->busy = false;
    return false;
}

/* Errors: it was not sent; nothing else has happened. */
static kith_err send_run(struct queue *q)
{
    if (q->fly->kind == INGEST_OP_DOCUMENT_DELETE && !q->fly->body)
        return read_body(q) ? KITH_OK : KITH_EDB;
    if (q->fly->kind == INGEST_OP_REKEY) {
        kith_err begun = ingest_rekey_begin(q);
        q->busy = begun == KITH_OK;
        return begun;
    }
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK)
        err = ingest_run_steps(q, job);
    if (err != KITH_OK) {
        kith_job_free(job);
        return err;
    }
    q->busy = true;
    err = kith_db_run(q->writer->opts.db, job, run_done, q);
    if (err != KITH_OK)
        q->busy = false;
    return err;
}

static kith_err send_next(struct queue *q)
{
    struct run *run = q->next;
    q->next = q->fly;
    q->fly = run;
    return send_run(q);
}

/* ---- queues ---- */

/* While events commit, more events may gather: they depend on nothing that the ones in flight make known. */
static bool gathers_ahead(const struct queue *q)
{
    return q->fly->n > 0 && q->fly->kind == INGEST_OP_EVENT && q->fly->categories_n == 0 &&
           q->solo == 0 && q->head->kind == INGEST_OP_EVENT;
}

void ingest_queue_next(struct queue *q)
{
    if (!q->busy && q->stale) {
        ingest_queue_settle(q);
        return;
    }
    if (q->held_fn && !q->held && !q->busy) {
        q->held = true;
        q->held_fn(q->held_ctx);
    }
    if (q->held_fn)
        return;
    if (q->head ? q->busy && !gathers_ahead(q) : q->busy || q->next->n == 0)
        return;
    struct ingest_op *refused = NULL;
    struct ingest_op **last = &refused;
    ingest_run_gather(q, &last);
    *last = NULL;
    bool none = q->next->n == 0;
    kith_err sent = q->busy || none ? KITH_OK : send_next(q);
    answer_all(q->writer, refused);
    if (sent != KITH_OK)
        run_done(q, sent, NULL);
    if (none && q->head)
        schedule(q->writer); /* all were refused: what comes next, next turn */
}

static void kick(void *ctx)
{
    struct ingest_writer *w = ctx;
    w->kick_scheduled = false;
    if (w->freed) {
        free(w);
        return;
    }
    for (size_t i = 0; i < w->n; i++)
        ingest_queue_next(w->queues[i]);
    tell_room(w);
}

static void schedule(struct ingest_writer *w)
{
    if (!w->kick_scheduled && kith_loop_defer(w->opts.loop, kick, w) == KITH_OK)
        w->kick_scheduled = true;
}

void ingest_writer_kick(struct ingest_writer *w)
{
    schedule(w);
}

static struct queue *find_queue(struct ingest_writer *w, int32_t district)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->queues[i]->district->id == district)
            return w->queues[i];
    return NULL;
}

kith_err ingest_writer_submit(struct ingest_writer *w, struct ingest_op *op)
{
    struct queue *q = find_queue(w, op->district);
    if (!q)
        return KITH_ENOTFOUND;
    if (w->bytes + op->size > w->opts.queue_bytes || kith_db_away_ms(w->opts.db) > INGEST_AWAY_MS)
        return KITH_EBUSY;
    op->next = NULL;
    op->err = KITH_OK;
    *q->tail = op;
    q->tail = &op->next;
    w->waiting++;
    w->bytes += op->size;
    schedule(w);
    return KITH_OK;
}

kith_err ingest_writer_add(struct ingest_writer *w, struct ingest_district *district)
{
    if (find_queue(w, district->id))
        return KITH_OK;
    struct queue *q = calloc(1, sizeof(*q));
    struct queue **bigger = realloc(w->queues, (w->n + 1) * sizeof(struct queue *));
    if (bigger)
        w->queues = bigger;
    if (!q || !bigger) {
        free(q);
        return KITH_ENOMEM;
    }
    q->writer = w;
    q->district = district;
    q->tail = &q->head;
    q->fly = &q->runs[0];
    q->next = &q->runs[1];
    q->fresh_needed = 1;
    w->queues[w->n++] = q;
    return KITH_OK;
}

static void on_retry(void *ctx)
{
    schedule(ctx);
}

kith_err ingest_writer_new(const struct ingest_writer_opts *opts, struct ingest_writer **ret)
{
    struct ingest_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return KITH_ENOMEM;
    w->opts = *opts;
    w->room = true;
    kith_err err = kith_timer_new(opts->loop, on_retry, w, &w->retry);
    for (size_t i = 0; i < ingest_districts_n(opts->districts) && err == KITH_OK; i++)
        err = ingest_writer_add(w, ingest_districts_at(opts->districts, i));
    if (err != KITH_OK) {
        ingest_writer_free(w);
        return err;
    }
    *ret = w;
    return KITH_OK;
}

void ingest_writer_free(struct ingest_writer *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++) {
        (void)put_back(w->queues[i], w->queues[i]->next);
        ingest_queue_refuse(w->queues[i], "shutting down; send it again");
        for (size_t k = 0; k < 2; k++) {
            kith_bytes_done(&w->queues[i]->runs[k].items);
            free(w->queues[i]->runs[k].body);
        }
        ingest_rekey_free(w->queues[i]->rekey);
        free(w->queues[i]);
    }
    free(w->queues);
    kith_timer_free(w->retry);
    w->freed = true;
    if (!w->kick_scheduled) /* else by the kick, which the loop still holds */
        free(w);
}

kith_err ingest_writer_hold(struct ingest_writer *w, int32_t district, void (*held)(void *ctx),
                            void *ctx)
{
    struct queue *q = find_queue(w, district);
    if (!q)
        return KITH_ENOTFOUND;
    if (q->held_fn)
        return KITH_EBUSY;
    q->held_fn = held;
    q->held_ctx = ctx;
    schedule(w);
    return KITH_OK;
}

void ingest_writer_release(struct ingest_writer *w, int32_t district)
{
    struct queue *q = find_queue(w, district);
    if (!q)
        return;
    q->held_fn = NULL;
    q->held = false;
    schedule(w);
}

bool ingest_writer_idle(const struct ingest_writer *w)
{
    return w->waiting == 0;
}

size_t ingest_writer_waiting(const struct ingest_writer *w)
{
    return w->waiting;
}
