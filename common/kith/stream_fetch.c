/* SPDX-License-Identifier: Apache-2.0 */
/* Answering for a log: Fetch with its long poll, ListStreams. */
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

static void send_records(const struct owner_shard *s, const struct owner_question *q,
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

static void unlink_question(struct owner_shard *s, struct owner_question **at)
{
    struct owner_question *q = *at;
    *at = q->next;
    free(q);
    if (--s->owner->parked_n == 0)
        kith_timer_stop(s->owner->tick);
}

static void answer_empty(struct owner_shard *s, struct owner_question **at)
{
    send_records(s, *at, NULL, 0);
    unlink_question(s, at);
}

/* Too many wait: the oldest gets an empty answer and asks again. */
static void make_room(struct kith_owner *o)
{
    struct owner_shard *oldest = NULL;
    for (size_t i = 0; i < o->shards_n; i++) {
        struct owner_shard *s = o->shards[i];
        if (s->first && (!oldest || s->first->serial < oldest->first->serial))
            oldest = s;
    }
    if (oldest)
        answer_empty(oldest, &oldest->first);
}

static void on_fetch_rows(void *ctx, const struct kith_rows *rows);
static void on_fetch_done(void *ctx, kith_err err, const struct kith_why *why);

static kith_err start_reading(struct owner_shard *s, const struct owner_question *q)
{
    struct owner_reading *r = calloc(1, sizeof(*r));
    if (!r)
        return KITH_ENOMEM;
    *r = (struct owner_reading){
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
static void refuse_questions(struct owner_shard *s, int64_t after_pos, kith_err err)
{
    for (struct owner_question **at = &s->first; *at;) {
        struct owner_question *q = *at;
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
void stream_owner_serve(struct owner_shard *s)
{
    int64_t now = kith_clock_mono_ms();
    while (!s->reading) {
        const struct owner_question *q = s->first;
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
static void answer_records(struct owner_shard *s, const struct owner_reading *r,
                           Kith__V1__Record *const *records, size_t n)
{
    for (struct owner_question **at = &s->first; *at;) {
        struct owner_question *q = *at;
        if (q->after_pos != r->after_pos || q->credit < r->credit) {
            at = &q->next;
            continue;
        }
        send_records(s, q, records, n);
        unlink_question(s, at);
    }
}

static void note_nothing(struct owner_shard *s, const struct owner_reading *r)
{
    int64_t now = kith_clock_mono_ms();
    for (struct owner_question **at = &s->first; *at;) {
        struct owner_question *q = *at;
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
    const struct owner_reading *r = ctx;
    struct owner_shard *s = r->shard;
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
    struct owner_reading *r = ctx;
    struct owner_shard *s = r->shard;
    if (s) {
        s->reading = NULL;
        if (err)
            refuse_questions(s, r->after_pos, err);
        stream_owner_serve(s);
    }
    free(r);
}

void stream_owner_on_tick(void *ctx)
{
    struct kith_owner *o = ctx;
    for (size_t i = 0; i < o->shards_n; i++)
        if (o->shards[i]->first)
            stream_owner_serve(o->shards[i]);
}

/* ---- requests ---- */

static void on_fetch(struct kith_owner *o, struct kith_bus_server *server,
                     const struct kith_peer *peer, const kith_envelope *env)
{
    const Kith__V1__Fetch *fetch = env->fetch;
    struct owner_shard *s = strcmp(fetch->stream, o->stream) == 0
                                ? stream_owner_shard(o, fetch->district_id, fetch->shard)
                                : NULL;
    if (!s) {
        char text[128];
        (void)snprintf(text, sizeof(text), "this daemon has no such log for district %d, shard %d",
                       fetch->district_id, fetch->shard);
        send_error(server, peer, env->msg_id.data, KITH_ENOTFOUND, text);
        return;
    }
    if (o->parked_n >= PARKED_MAX)
        make_room(o);
    struct owner_question *q = calloc(1, sizeof(*q));
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
    struct owner_question **at = &s->first;
    while (*at)
        at = &(*at)->next;
    *at = q;
    if (o->parked_n++ == 0)
        kith_timer_start(o->tick, TICK_MS, TICK_MS);
    stream_owner_serve(s);
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
