/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/stream_internal.h"
#include "kith/v1/envelope.pb-c.h"

enum {
    PARKED_MAX = 1000,
    TICK_MS = 100,      /* how exactly deadlines are kept */
    RETRY_MS = 200,     /* what a consumer is told to wait when the database does not answer */
    DEFAULT_CREDIT = 1, /* of a Fetch that says 0 */
};

/* A Fetch that has not been answered yet. */
struct question {
    struct question *next;
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
struct shard {
    struct kith_owner *owner;
    int32_t district;
    int32_t number;
    int64_t epoch;
    int64_t head; /* last position given out, as far as we know */
    uint64_t version;
    int64_t end_pos;      /* nothing was behind it ... */
    uint64_t end_version; /* ... at this version; 0 = unknown */
    struct question *first;
    struct reading *reading; /* NULL = none in flight */
};

struct reading {
    struct shard *shard; /* NULL: the owner was freed meanwhile */
    int64_t after_pos;
    int32_t credit;
    uint64_t version;
};

struct kith_owner {
    struct kith_loop *loop;
    struct kith_db *db;
    char *stream;
    struct shard **shards; /* by district and number */
    size_t shards_n;
    size_t parked_n;
    uint64_t serial;
    struct kith_timer *tick;
    bool draining;
    bool taken; /* of kith_owner_take_all */
    kith_err take_err;
    struct kith_why take_why;
};

/* ---- shards ---- */

static size_t lower_bound(const struct kith_owner *o, int32_t district, int32_t number)
{
    size_t from = 0;
    size_t to = o->shards_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct shard *s = o->shards[mid];
        bool less = s->district < district || (s->district == district && s->number < number);
        from = less ? mid + 1 : from;
        to = less ? to : mid;
    }
    return from;
}

static struct shard *find(const struct kith_owner *o, int32_t district, int32_t number)
{
    size_t at = lower_bound(o, district, number);
    struct shard *s = at < o->shards_n ? o->shards[at] : NULL;
    return s && s->district == district && s->number == number ? s : NULL;
}

/* The shard is ours from now on. */
static kith_err own(struct kith_owner *o, int32_t district, int32_t number, int64_t epoch,
                    int64_t head)
{
    struct shard *s = find(o, district, number);
    if (!s) {
        struct shard **shards = reallocarray(o->shards, o->shards_n + 1, sizeof(*shards));
        if (!shards)
            return KITH_ENOMEM;
        o->shards = shards;
        s = calloc(1, sizeof(*s));
        if (!s)
            return KITH_ENOMEM;
        *s = (struct shard){.owner = o, .district = district, .number = number, .version = 1};
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
    return find(o, district, shard) != NULL;
}

int64_t kith_owner_epoch(const struct kith_owner *o, int32_t district, int32_t shard)
{
    const struct shard *s = find(o, district, shard);
    return s ? s->epoch : 0;
}

/* ---- answers ---- */

/* The peer may be gone or its queue full: it asks again. */
static void send_envelope(struct kith_bus_server *server, const struct kith_peer *peer,
                          const uint8_t msg_id[KITH_MSG_ID], kith_envelope *env)
{
    uint8_t id[KITH_MSG_ID];
    memcpy(id, msg_id, sizeof(id));
    env->msg_id = (ProtobufCBinaryData){sizeof(id), id};
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack(env, &data, &n) == KITH_OK)
        (void)kith_bus_reply(server, peer, data, n);
    free(data);
}

static void send_error(struct kith_bus_server *server, const struct kith_peer *peer,
                       const uint8_t msg_id[KITH_MSG_ID], kith_err err, const char *text)
{
    uint8_t *data = NULL;
    size_t n = 0;
    uint32_t retry_ms = kith_err_retryable(err) ? RETRY_MS : 0;
    if (kith_msg_pack_error(msg_id, err, text, retry_ms, &data, &n) == KITH_OK)
        (void)kith_bus_reply(server, peer, data, n);
    free(data);
}

static void send_records(const struct shard *s, const struct question *q,
                         Kith__V1__Record *const *records, size_t n)
{
    Kith__V1__LogBatch log = KITH__V1__LOG_BATCH__INIT;
    log.stream = s->owner->stream;
    log.district_id = s->district;
    log.shard = s->number;
    log.head_pos = s->head;
    log.n_records = n;
    log.records = (Kith__V1__Record **)records;
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_LOG;
    env.log = &log;
    send_envelope(q->server, &q->peer, q->msg_id, &env);
}

/* ---- parked questions ---- */

static void unlink_question(struct shard *s, struct question **at)
{
    struct question *q = *at;
    *at = q->next;
    free(q);
    if (--s->owner->parked_n == 0)
        kith_timer_stop(s->owner->tick);
}

static void answer_empty(struct shard *s, struct question **at)
{
    send_records(s, *at, NULL, 0);
    unlink_question(s, at);
}

/* Too many wait: the oldest gets an empty answer and asks again. */
static void make_room(struct kith_owner *o)
{
    struct shard *oldest = NULL;
    for (size_t i = 0; i < o->shards_n; i++) {
        struct shard *s = o->shards[i];
        if (s->first && (!oldest || s->first->serial < oldest->first->serial))
            oldest = s;
    }
    if (oldest)
        answer_empty(oldest, &oldest->first);
}

static void on_fetch_rows(void *ctx, const struct kith_rows *rows);
static void on_fetch_done(void *ctx, kith_err err, const struct kith_why *why);

static kith_err start_reading(struct shard *s, const struct question *q)
{
    struct reading *r = calloc(1, sizeof(*r));
    if (!r)
        return KITH_ENOMEM;
    *r = (struct reading){
        .shard = s, .after_pos = q->after_pos, .credit = q->credit, .version = s->version};
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (!err) {
        kith_job_step(job, STREAM_STMT(STREAM_FETCH), on_fetch_rows, r);
        kith_job_i4(job, s->district);
        kith_job_i4(job, s->number);
        kith_job_i8(job, r->after_pos);
        kith_job_i4(job, r->credit);
        err = kith_db_run(s->owner->db, job, on_fetch_done, r);
    }
    if (err)
        free(r);
    else
        s->reading = r;
    return err;
}

/* The database does not answer: neither will we. */
static void refuse_questions(struct shard *s, int64_t after_pos, kith_err err)
{
    for (struct question **at = &s->first; *at;) {
        struct question *q = *at;
        if (q->after_pos != after_pos) {
            at = &q->next;
            continue;
        }
        send_error(q->server, &q->peer, q->msg_id, err, "the log cannot be read now");
        unlink_question(s, at);
    }
}

/* Read for the first question that has something to hope for: a commit came since it was looked at, or its time is up (then the
 * database is asked once more, because a commit whose outcome nobody learnt is not counted in `version`). */
static void serve(struct shard *s)
{
    int64_t now = kith_clock_mono_ms();
    while (!s->reading) {
        const struct question *q = s->first;
        while (q && q->checked == s->version && q->deadline_ms > now)
            q = q->next;
        if (!q)
            return;
        int64_t after_pos = q->after_pos;
        kith_err err = start_reading(s, q);
        if (err)
            refuse_questions(s, after_pos, err);
    }
}

/* Records for everybody who asked from the same position with at least that credit. */
static void answer_records(struct shard *s, const struct reading *r,
                           Kith__V1__Record *const *records, size_t n)
{
    for (struct question **at = &s->first; *at;) {
        struct question *q = *at;
        if (q->after_pos != r->after_pos || q->credit < r->credit) {
            at = &q->next;
            continue;
        }
        send_records(s, q, records, n);
        unlink_question(s, at);
    }
}

static void note_nothing(struct shard *s, const struct reading *r)
{
    int64_t now = kith_clock_mono_ms();
    for (struct question **at = &s->first; *at;) {
        struct question *q = *at;
        if (q->after_pos >= r->after_pos)
            q->checked = r->version;
        if (q->after_pos >= r->after_pos && q->deadline_ms <= now)
            answer_empty(s, at);
        else
            at = &q->next;
    }
}

static void fill_record(Kith__V1__Record *record, const struct kith_rows *rows, size_t row)
{
    kith__v1__record__init(record);
    record->pos = kith_rows_int(rows, row, FETCH_POS);
    record->count = (int32_t)kith_rows_int(rows, row, FETCH_COUNT);
    record->type = (int32_t)kith_rows_int(rows, row, FETCH_TYPE);
    record->at_us = kith_rows_int(rows, row, FETCH_AT);
    /* packing only reads; the bytes are the row's own */
    record->payload.data =
        (uint8_t *)kith_rows_bytes(rows, row, FETCH_PAYLOAD, &record->payload.len);
}

static void on_fetch_rows(void *ctx, const struct kith_rows *rows)
{
    const struct reading *r = ctx;
    struct shard *s = r->shard;
    size_t n = kith_rows_n(rows);
    if (!s)
        return;
    int64_t head = n ? kith_rows_int(rows, 0, FETCH_HEAD) : s->head;
    if (n && kith_rows_null(rows, 0, FETCH_POS))
        n = 0;
    s->head = head; /* hints from appends that were rolled back end here */
    int64_t last = n ? kith_rows_int(rows, n - 1, FETCH_POS) : r->after_pos;
    if (n == 0 || last == head) {
        s->end_pos = last;
        s->end_version = r->version;
    }
    if (n == 0) {
        note_nothing(s, r);
        return;
    }
    Kith__V1__Record *records = calloc(n, sizeof(*records));
    Kith__V1__Record **list = calloc(n, sizeof(Kith__V1__Record *));
    for (size_t i = 0; records && list && i < n; i++) {
        fill_record(&records[i], rows, i);
        list[i] = &records[i];
    }
    if (records && list)
        answer_records(s, r, list, n);
    else
        refuse_questions(s, r->after_pos, KITH_ENOMEM);
    free((void *)list);
    free(records);
}

static void on_fetch_done(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)why;
    struct reading *r = ctx;
    struct shard *s = r->shard;
    if (s) {
        s->reading = NULL;
        if (err)
            refuse_questions(s, r->after_pos, err);
        serve(s);
    }
    free(r);
}

static void on_tick(void *ctx)
{
    struct kith_owner *o = ctx;
    for (size_t i = 0; i < o->shards_n; i++)
        if (o->shards[i]->first)
            serve(o->shards[i]);
}

/* ---- requests ---- */

static void on_fetch(struct kith_owner *o, struct kith_bus_server *server,
                     const struct kith_peer *peer, const kith_envelope *env)
{
    const Kith__V1__Fetch *fetch = env->fetch;
    struct shard *s =
        strcmp(fetch->stream, o->stream) == 0 ? find(o, fetch->district_id, fetch->shard) : NULL;
    if (!s) {
        char text[128];
        (void)snprintf(text, sizeof(text), "this daemon has no such log for district %d, shard %d",
                       fetch->district_id, fetch->shard);
        send_error(server, peer, env->msg_id.data, KITH_ENOTFOUND, text);
        return;
    }
    if (o->parked_n >= PARKED_MAX)
        make_room(o);
    struct question *q = calloc(1, sizeof(*q));
    if (!q) {
        send_error(server, peer, env->msg_id.data, KITH_ENOMEM, NULL);
        return;
    }
    int64_t wait_ms = fetch->wait_ms < STREAM_WAIT_MAX_MS ? fetch->wait_ms : STREAM_WAIT_MAX_MS;
    q->server = server;
    q->peer = *peer;
    memcpy(q->msg_id, env->msg_id.data, sizeof(q->msg_id));
    q->after_pos = fetch->after_pos;
    q->credit = fetch->credit ? (int32_t)fetch->credit : DEFAULT_CREDIT;
    q->deadline_ms = kith_clock_mono_ms() + (o->draining ? 0 : wait_ms);
    q->serial = ++o->serial;
    if (s->end_version == s->version && q->after_pos >= s->end_pos)
        q->checked = s->version;
    struct question **at = &s->first;
    while (*at)
        at = &(*at)->next;
    *at = q;
    if (o->parked_n++ == 0)
        kith_timer_start(o->tick, TICK_MS, TICK_MS);
    serve(s);
}

static void on_list(struct kith_owner *o, struct kith_bus_server *server,
                    const struct kith_peer *peer, const kith_envelope *env)
{
    if (strcmp(env->list->stream, o->stream) != 0) {
        send_error(server, peer, env->msg_id.data, KITH_ENOTFOUND, "this daemon has no such log");
        return;
    }
    Kith__V1__StreamHead *heads = calloc(o->shards_n + 1, sizeof(*heads));
    Kith__V1__StreamHead **list = calloc(o->shards_n + 1, sizeof(Kith__V1__StreamHead *));
    for (size_t i = 0; heads && list && i < o->shards_n; i++) {
        kith__v1__stream_head__init(&heads[i]);
        heads[i].district_id = o->shards[i]->district;
        heads[i].shard = o->shards[i]->number;
        heads[i].head_pos = o->shards[i]->head;
        list[i] = &heads[i];
    }
    if (heads && list) {
        Kith__V1__StreamList streams = KITH__V1__STREAM_LIST__INIT;
        streams.n_heads = o->shards_n;
        streams.heads = list;
        kith_envelope answer = KITH__V1__ENVELOPE__INIT;
        answer.body_case = KITH__V1__ENVELOPE__BODY_STREAMS;
        answer.streams = &streams;
        send_envelope(server, peer, env->msg_id.data, &answer);
    } else {
        send_error(server, peer, env->msg_id.data, KITH_ENOMEM, NULL);
    }
    free((void *)list);
    free(heads);
}

static bool may_read(const struct kith_peer *peer)
{
    return strncmp(peer->user, "service:", 8) == 0 || strncmp(peer->user, "operator", 8) == 0;
}

bool kith_owner_on_request(struct kith_owner *o, struct kith_bus_server *server,
                           const struct kith_peer *peer, const kith_envelope *env)
{
    bool fetch = env->body_case == KITH__V1__ENVELOPE__BODY_FETCH;
    if (!fetch && env->body_case != KITH__V1__ENVELOPE__BODY_LIST)
        return false;
    if (!may_read(peer))
        send_error(server, peer, env->msg_id.data, KITH_EDENIED, "only daemons read logs");
    else if (fetch)
        on_fetch(o, server, peer, env);
    else
        on_list(o, server, peer, env);
    return true;
}

void kith_owner_drain(struct kith_owner *o)
{
    o->draining = true;
    for (size_t i = 0; i < o->shards_n; i++)
        while (o->shards[i]->first)
            answer_empty(o->shards[i], &o->shards[i]->first);
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
    struct shard *s = ctx;
    int64_t pos = kith_rows_int(rows, 0, 0);
    /* only a hint, for ListStreams: the job may still be rolled back */
    s->head = pos > s->head ? pos : s->head;
}

void kith_owner_append(struct kith_owner *o, struct kith_job *job, int32_t district, int32_t shard,
                       int32_t type, int32_t count, int64_t at_us, const void *payload, size_t n)
{
    assert(count > 0 && n <= KITH_RECORD_MAX);
    struct shard *s = find(o, district, shard);
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
    struct shard *s = find(o, district, shard);
    if (!s)
        return;
    s->version++;
    s->head = pos > s->head ? pos : s->head;
    serve(s);
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
    kith_err err = o->stream ? kith_timer_new(o->loop, on_tick, o, &o->tick) : KITH_ENOMEM;
    if (err) {
        kith_owner_free(o);
        return err;
    }
    *ret = o;
    return KITH_OK;
}

static void free_shard(struct shard *s)
{
    for (struct question *q; (q = s->first);) {
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
