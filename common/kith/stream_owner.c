/* SPDX-License-Identifier: Apache-2.0 */
/* Owning a log: which shards are ours at which epoch, and appending to them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kith/stream_internal.h"

/* ---- shards ---- */

static size_t lower_bound(const struct kith_owner *o, int32_t district, int32_t number)
{
    size_t from = 0;
    size_t to = o->shards_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct owner_shard *s = o->shards[mid];
        bool less = s->district < district || (s->district == district && s->number < number);
        from = less ? mid + 1 : from;
        to = less ? to : mid;
    }
    return from;
}

struct owner_shard *stream_owner_shard(const struct kith_owner *o, int32_t district, int32_t number)
{
    size_t at = lower_bound(o, district, number);
    struct owner_shard *s = at < o->shards_n ? o->shards[at] : NULL;
    return s && s->district == district && s->number == number ? s : NULL;
}

/* The shard is ours from now on. */
static kith_err own(struct kith_owner *o, int32_t district, int32_t number, int64_t epoch,
                    int64_t head)
{
    struct owner_shard *s = stream_owner_shard(o, district, number);
    if (!s) {
        struct owner_shard **shards = reallocarray(o->shards, o->shards_n + 1, sizeof(*shards));
        if (!shards)
            return KITH_ENOMEM;
        o->shards = shards;
        s = calloc(1, sizeof(*s));
        if (!s)
            return KITH_ENOMEM;
        *s = (struct owner_shard){.owner = o, .district = district, .number = number, .version = 1};
        size_t at = lower_bound(o, district, number);
        memmove(shards + at + 1, shards + at, (o->shards_n - at) * sizeof(*shards));
        shards[at] = s;
        o->shards_n++;
    }
    s->epoch = epoch;
    s->head = head;
    return KITH_OK;
}

bool kith_owner_has(const struct kith_owner *o, int32_t district, int32_t shard)
{
    return stream_owner_shard(o, district, shard) != NULL;
}

int64_t kith_owner_epoch(const struct kith_owner *o, int32_t district, int32_t shard)
{
    const struct owner_shard *s = stream_owner_shard(o, district, shard);
    return s ? s->epoch : 0;
}

/* ---- taking over ---- */

static void on_taken_all_rows(void *ctx, const struct kith_rows *rows)
{
    struct kith_owner *o = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && !o->take_err; i++)
        o->take_err = own(o, (int32_t)kith_rows_int(rows, i, 0), (int32_t)kith_rows_int(rows, i, 1),
                          kith_rows_int(rows, i, 2), kith_rows_int(rows, i, 3));
}

static void on_taken_all(void *ctx, kith_err err, const struct kith_why *why)
{
    struct kith_owner *o = ctx;
    o->taken = true;
    if (!err)
        return;
    o->take_err = err;
    o->take_why = *why;
}

kith_err kith_owner_take_all(struct kith_owner *o, int64_t timeout_ms, struct kith_why *why)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err)
        return err;
    o->taken = false;
    o->take_err = KITH_OK;
    kith_why_set(&o->take_why, "no answer within %lld ms", (long long)timeout_ms);
    kith_job_step(job, STREAM_STMT(STREAM_TAKE_ALL), on_taken_all_rows, o);
    err = kith_db_run(o->db, job, on_taken_all, o);
    if (!err)
        err = kith_loop_run_until(o->loop, &o->taken, timeout_ms);
    if (!err)
        err = o->take_err;
    if (err)
        kith_why_set(why, "taking over the log of %s: %s", o->stream, o->take_why.text);
    return err;
}

struct take {
    struct kith_owner *owner;
    int32_t district;
    int32_t number;
    int64_t epoch;
    int64_t pos;
    kith_err err; /* why it was not run */
    kith_db_done_fn done;
    void *ctx;
};

static void on_take_rows(void *ctx, const struct kith_rows *rows)
{
    struct take *t = ctx;
    t->epoch = kith_rows_int(rows, 0, 0);
    t->pos = kith_rows_int(rows, 0, 1);
}

static void on_take_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct take *t = ctx;
    if (!err)
        err = own(t->owner, t->district, t->number, t->epoch, t->pos);
    if (t->done)
        t->done(t->ctx, err, why);
    free(t);
}

static void on_take_not_run(void *ctx)
{
    struct take *t = ctx;
    static const struct kith_why why = {"the database does not answer"};
    on_take_done(t, t->err, &why);
}

void kith_owner_take(struct kith_owner *o, int32_t district, int32_t shard, kith_db_done_fn done,
                     void *ctx)
{
    struct take *t = calloc(1, sizeof(*t));
    struct kith_job *job = NULL;
    kith_err err = t ? kith_job_new(&job) : KITH_ENOMEM;
    if (t)
        *t = (struct take){
            .owner = o, .district = district, .number = shard, .done = done, .ctx = ctx};
    if (!err) {
        kith_job_step(job, STREAM_STMT(STREAM_TAKE), on_take_rows, t);
        kith_job_guard(job, KITH_EINTERNAL);
        kith_job_i4(job, district);
        kith_job_i4(job, shard);
        err = kith_db_run(o->db, job, on_take_done, t);
    }
    if (!err)
        return;
    static const struct kith_why why = {"no memory to take a log over"};
    if (t)
        t->err = err;
    /* never from inside, as with jobs; out of memory there is no later */
    if (!t || kith_loop_defer(o->loop, on_take_not_run, t) != KITH_OK) {
        free(t);
        if (done)
            done(ctx, KITH_ENOMEM, &why);
    }
}

/* ---- appending ---- */

static void on_append_rows(void *ctx, const struct kith_rows *rows)
{
    struct owner_shard *s = ctx;
    int64_t pos = kith_rows_int(rows, 0, 0);
    /* only a hint, for ListStreams: the job may still be rolled back */
    s->head = pos > s->head ? pos : s->head;
}

/* NOLINTNEXTLINE(readability-function-size): the columns of a row */
void kith_owner_append(struct kith_owner *o, struct kith_job *job, int32_t district, int32_t shard,
                       int32_t type, int32_t count, int64_t at_us, const void *payload, size_t n)
{
    assert(count > 0 && n <= KITH_RECORD_MAX);
    struct owner_shard *s = stream_owner_shard(o, district, shard);
    kith_job_step(job, STREAM_STMT(STREAM_APPEND), s ? on_append_rows : NULL, s);
    kith_job_guard(job, KITH_EFENCED);
    kith_job_i4(job, district);
    kith_job_i4(job, shard);
    kith_job_i8(job, s ? s->epoch : 0); /* no head has epoch 0 */
    kith_job_i4(job, count);
    kith_job_i4(job, type);
    kith_job_instant(job, at_us);
    kith_job_bytes(job, n ? payload : "", n);
}

void kith_owner_committed(struct kith_owner *o, int32_t district, int32_t shard, int64_t pos)
{
    struct owner_shard *s = stream_owner_shard(o, district, shard);
    if (!s)
        return;
    s->version++;
    s->head = pos > s->head ? pos : s->head;
    stream_owner_serve(s);
}

/* ---- life ---- */

kith_err kith_owner_new(const struct kith_owner_opts *opts, struct kith_owner **ret)
{
    struct kith_owner *o = calloc(1, sizeof(*o));
    if (!o)
        return KITH_ENOMEM;
    o->loop = opts->loop;
    o->db = opts->db;
    o->stream = strdup(opts->stream);
    kith_err err =
        o->stream ? kith_timer_new(o->loop, stream_owner_on_tick, o, &o->tick) : KITH_ENOMEM;
    if (err) {
        kith_owner_free(o);
        return err;
    }
    *ret = o;
    return KITH_OK;
}

static void free_shard(struct owner_shard *s)
{
    for (struct owner_question *q; (q = s->first);) {
        s->first = q->next;
        free(q);
    }
    if (s->reading)
        s->reading->shard = NULL; /* freed by on_fetch_done */
    free(s);
}

void kith_owner_free(struct kith_owner *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->shards_n; i++)
        free_shard(o->shards[i]);
    free((void *)o->shards);
    kith_timer_free(o->tick);
    free(o->stream);
    free(o);
}
