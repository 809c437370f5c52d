/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for a log: which districts there are, from where to read, Fetch after Fetch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/stream_internal.h"
#include "kith/v1/envelope.pb-c.h"

enum {
    DEFAULT_CREDIT = 2000,
    WAIT_MS = 1000,    /* how long the owner may hold a Fetch */
    SILENCE_MS = 2000, /* beyond that the question or its answer is taken for lost */
    LIST_MS = 1000,    /* how often new districts are looked for */
    TICK_MS = 50,
    EARLY_PAUSE_MS = 200,  /* the owner does not hold Fetches (it drains): do not ask in a circle */
    REFUSED_PAUSE_MS = 500 /* the owner answered with an error */
};

/* ---- shards ---- */

size_t stream_consumer_place(const struct kith_consumer *c, int32_t district, int32_t number)
{
    size_t from = 0;
    size_t to = c->shards_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct consumer_shard *s = c->shards[mid];
        bool less = s->district < district || (s->district == district && s->number < number);
        from = less ? mid + 1 : from;
        to = less ? to : mid;
    }
    return from;
}

struct consumer_shard *stream_consumer_shard(const struct kith_consumer *c, int32_t district,
                                             int32_t number)
{
    size_t at = stream_consumer_place(c, district, number);
    struct consumer_shard *s = at < c->shards_n ? c->shards[at] : NULL;
    return s && s->district == district && s->number == number ? s : NULL;
}

static struct consumer_shard *add_shard(struct kith_consumer *c, int32_t district, int32_t number)
{
    struct consumer_shard **shards = reallocarray(c->shards, c->shards_n + 1, sizeof(*shards));
    if (!shards)
        return NULL;
    c->shards = shards;
    struct consumer_shard *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    char labels[128];
    (void)snprintf(labels, sizeof(labels), "stream=\"%s\",district=\"%d\"", c->stream, district);
    *s = (struct consumer_shard){
        .consumer = c,
        .district = district,
        .number = number,
        .lag_records = kith_gauge("kith_stream_lag_records",
                                  "positions between what was read and what the owner has", labels),
        .lag_seconds = kith_gauge("kith_stream_lag_seconds",
                                  "age of the oldest record that was not handled yet", labels),
    };
    size_t at = stream_consumer_place(c, district, number);
    memmove(shards + at + 1, shards + at, (c->shards_n - at) * sizeof(*shards));
    shards[at] = s;
    c->shards_n++;
    return s;
}

/* ---- offsets ---- */

static void on_offset_rows(void *ctx, const struct kith_rows *rows)
{
    struct consumer_reading *r = ctx;
    r->pos = kith_rows_n(rows) ? kith_rows_int(rows, 0, 0) : 0;
}

static void on_offset_done(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)why;
    struct consumer_reading *r = ctx;
    struct consumer_shard *s = r->shard;
    if (s) {
        s->reading = NULL;
        if (err) {
            stream_consumer_pause(s);
        } else {
            s->pos = r->pos;
            s->state = CONSUMER_READY;
            s->due_ms = 0;
            stream_consumer_step(s);
        }
    }
    free(r);
}

static void read_offset(struct consumer_shard *s)
{
    struct kith_job *job = NULL;
    struct consumer_reading *r = calloc(1, sizeof(*r));
    kith_err err = r ? kith_job_new(&job) : KITH_ENOMEM;
    if (!err) {
        r->shard = s;
        kith_job_step(job, STREAM_STMT(STREAM_OFFSET), on_offset_rows, r);
        kith_job_i4(job, s->district);
        kith_job_text(job, s->consumer->stream);
        kith_job_i4(job, s->number);
        err = kith_db_run(s->consumer->db, job, on_offset_done, r);
    }
    if (err) {
        free(r);
        stream_consumer_pause(s);
        return;
    }
    s->reading = r;
    s->state = CONSUMER_READING;
}

/* ---- asking ---- */

static kith_err send_request(struct kith_consumer *c, const uint8_t msg_id[KITH_MSG_ID],
                             kith_envelope *env)
{
    uint8_t id[KITH_MSG_ID];
    memcpy(id, msg_id, sizeof(id));
    env->msg_id = (ProtobufCBinaryData){sizeof(id), id};
    uint8_t *data = NULL;
    size_t n = 0;
    kith_err err = kith_msg_pack(env, &data, &n);
    if (!err)
        err = kith_bus_send(c->client, data, n);
    free(data);
    return err;
}

static void ask(struct consumer_shard *s)
{
    struct kith_consumer *c = s->consumer;
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    fetch.stream = c->stream;
    fetch.district_id = s->district;
    fetch.shard = s->number;
    fetch.after_pos = s->pos;
    fetch.credit = (uint32_t)c->credit;
    fetch.wait_ms = WAIT_MS;
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    env.fetch = &fetch;
    int64_t now = kith_clock_mono_ms();
    if (s->state != CONSUMER_ASKED)
        kith_msg_new_id(s->msg_id);
    s->asked_ms = now;
    if (send_request(c, s->msg_id, &env) == KITH_OK) {
        s->state = CONSUMER_ASKED;
        s->due_ms = now + WAIT_MS + SILENCE_MS;
    } else {
        s->due_ms = now + CONSUMER_PAUSE_MS; /* not connected: in the same state, soon again */
    }
}

static void ask_list(struct kith_consumer *c)
{
    Kith__V1__ListStreams list = KITH__V1__LIST_STREAMS__INIT;
    list.stream = c->stream;
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_LIST;
    env.list = &list;
    uint8_t msg_id[KITH_MSG_ID];
    kith_msg_new_id(msg_id);
    kith_err err = send_request(c, msg_id, &env);
    c->list_due_ms = kith_clock_mono_ms() + (err ? CONSUMER_PAUSE_MS : LIST_MS);
}

/* Do what is due. */
void stream_consumer_step(struct consumer_shard *s)
{
    if (s->consumer->draining || kith_clock_mono_ms() < s->due_ms)
        return;
    if (s->state == CONSUMER_UNKNOWN)
        read_offset(s);
    else if (s->state == CONSUMER_READY || s->state == CONSUMER_ASKED)
        ask(s);
}

static void on_tick(void *ctx)
{
    struct kith_consumer *c = ctx;
    int64_t now = kith_clock_mono_ms();
    if (!c->draining && now >= c->list_due_ms)
        ask_list(c);
    for (size_t i = 0; i < c->shards_n; i++)
        stream_consumer_step(c->shards[i]);
    if (now < c->age_due_ms)
        return;
    c->age_due_ms = now + LIST_MS;
    for (size_t i = 0; i < c->shards_n; i++)
        if (c->shards[i]->oldest_us)
            stream_consumer_show_lag(c, c->shards[i]);
}

/* ---- answers ---- */

static void on_streams(struct kith_consumer *c, const Kith__V1__StreamList *streams)
{
    for (size_t i = 0; i < streams->n_heads; i++) {
        const Kith__V1__StreamHead *head = streams->heads[i];
        struct consumer_shard *s = stream_consumer_shard(c, head->district_id, head->shard);
        if (!s && (s = add_shard(c, head->district_id, head->shard)))
            stream_consumer_step(s);
    }
}

static void on_empty(struct consumer_shard *s, int64_t head_pos)
{
    int64_t now = kith_clock_mono_ms();
    /* positions may have gaps, so an empty answer is the end whatever the head is; a head below our position means that the
     * owner's database is older than ours, and shows as a negative lag */
    s->lag = head_pos < s->pos ? head_pos - s->pos : 0;
    s->oldest_us = 0;
    stream_consumer_show_lag(s->consumer, s);
    s->state = CONSUMER_READY;
    s->due_ms = now - s->asked_ms < WAIT_MS / 2 ? now + EARLY_PAUSE_MS : 0;
    stream_consumer_step(s);
}

static void on_refused(struct kith_consumer *c, const kith_envelope *env)
{
    for (size_t i = 0; i < c->shards_n; i++) {
        struct consumer_shard *s = c->shards[i];
        if (s->state != CONSUMER_ASKED || memcmp(s->msg_id, env->msg_id.data, KITH_MSG_ID) != 0)
            continue;
        uint32_t told_ms = env->error->retry_after_ms;
        s->state = CONSUMER_READY;
        s->due_ms = kith_clock_mono_ms() +
                    (told_ms && told_ms < CONSUMER_PAUSE_MAX_MS ? told_ms : REFUSED_PAUSE_MS);
    }
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct kith_consumer *c = ctx;
    kith_envelope *env = NULL;
    uint8_t msg_id[KITH_MSG_ID];
    if (c->draining || kith_msg_unpack(data, n, &env, msg_id, NULL) != KITH_OK)
        return; /* nothing is lost: the question is asked again */
    if (env->body_case == KITH__V1__ENVELOPE__BODY_LOG) {
        struct consumer_shard *s = stream_consumer_shard(c, env->log->district_id, env->log->shard);
        bool wanted = s && s->state == CONSUMER_ASKED &&
                      memcmp(s->msg_id, msg_id, KITH_MSG_ID) == 0 &&
                      strcmp(env->log->stream, c->stream) == 0;
        if (wanted && env->log->n_records) {
            stream_consumer_on_records(s, env);
            return;
        }
        if (wanted)
            on_empty(s, env->log->head_pos);
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_STREAMS) {
        on_streams(c, env->streams);
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        on_refused(c, env);
    }
    kith_msg_free(env);
}

/* ---- life ---- */

kith_err kith_consumer_new(const struct kith_consumer_opts *opts, struct kith_consumer **ret)
{
    struct kith_consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return KITH_ENOMEM;
    c->loop = opts->loop;
    c->db = opts->db;
    c->credit = opts->credit ? (int32_t)opts->credit : DEFAULT_CREDIT;
    c->on_batch = opts->on_batch;
    c->ctx = opts->ctx;
    c->stream = strdup(opts->stream);
    kith_err err = opts->credit > KITH_CREDIT_MAX ? KITH_EINVAL : KITH_OK;
    if (!err && !c->stream)
        err = KITH_ENOMEM;
    if (!err)
        err = kith_timer_new(c->loop, on_tick, c, &c->tick);
    if (!err)
        err =
            kith_bus_connect(opts->bus, opts->endpoint, opts->server_key, on_reply, c, &c->client);
    if (err) {
        kith_consumer_free(c);
        return err;
    }
    kith_timer_start(c->tick, 0, TICK_MS);
    *ret = c;
    return KITH_OK;
}

static void free_shard(struct consumer_shard *s)
{
    if (s->reading)
        s->reading->shard = NULL; /* freed by on_offset_done */
    if (s->env)
        kith_msg_free(s->env);
    free(s->records);
    free(s);
}

void kith_consumer_free(struct kith_consumer *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->shards_n; i++)
        free_shard(c->shards[i]);
    free((void *)c->shards);
    kith_timer_free(c->tick);
    kith_bus_client_free(c->client);
    free(c->stream);
    free(c);
}
