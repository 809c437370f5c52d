/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/metrics.h"
#include "kith/stream_internal.h"
#include "kith/v1/envelope.pb-c.h"

enum {
    DEFAULT_CREDIT = 2000,
    WAIT_MS = 1000,    /* how long the owner may hold a Fetch */
    SILENCE_MS = 2000, /* beyond that the question or its answer is taken for lost */
    LIST_MS = 1000,    /* how often new districts are looked for */
    TICK_MS = 50,
    PAUSE_MS = 100, /* after a failure, doubling */
    PAUSE_MAX_MS = 5000,
    EARLY_PAUSE_MS = 200,  /* the owner does not hold Fetches (it drains): do not ask in a circle */
    REFUSED_PAUSE_MS = 500 /* the owner answered with an error */
};

/*  UNKNOWN --(offset read)--> READY --(Fetch sent)--> ASKED --(records)--> HANDLED --(done: ok)--> READY
 *     ^                         ^-------(empty, error)---'                    |
 *     '----------------------------------(done: failed)-----------------------'   */
enum state { UNKNOWN, READING, READY, ASKED, HANDLED };

struct shard {
    struct kith_consumer *consumer;
    int32_t district;
    int32_t number;
    enum state state;
    int64_t pos;    /* committed */
    int64_t due_ms; /* UNKNOWN, READY: not before; ASKED: ask again then */
    int64_t asked_ms;
    int64_t pause_ms; /* of the last failure; 0 = none */
    int64_t hold_ms;
    uint8_t msg_id
        [KITH_MSG_ID]; /* of the question: kept when it is asked again, so that one answer counts, and once */
    kith_envelope *env; /* HANDLED: what `records` point into */
    struct kith_record *records;
    struct kith_batch batch;
    struct offset_reading *reading;
    int64_t lag;       /* records behind the owner when it last answered */
    int64_t oldest_us; /* when the oldest record that we have not handled was written; 0 = none */
    struct kith_metric *lag_records, *lag_seconds; /* of the district: of its first shard */
};

struct offset_reading {
    struct shard *shard; /* NULL: the consumer was freed meanwhile */
    int64_t pos;
};

struct kith_consumer {
    struct kith_loop *loop;
    struct kith_db *db;
    char *stream;
    int32_t credit;
    kith_batch_fn on_batch;
    void *ctx;
    struct kith_bus_client *client;
    struct kith_timer *tick;
    struct shard **shards; /* by district and number */
    size_t shards_n;
    int64_t list_due_ms;
    int64_t age_due_ms;
    bool draining;
};

/* ---- shards ---- */

static size_t lower_bound(const struct kith_consumer *c, int32_t district, int32_t number)
{
    size_t from = 0;
    size_t to = c->shards_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct shard *s = c->shards[mid];
        bool less = s->district < district || (s->district == district && s->number < number);
        from = less ? mid + 1 : from;
        to = less ? to : mid;
    }
    return from;
}

static struct shard *find(const struct kith_consumer *c, int32_t district, int32_t number)
{
    size_t at = lower_bound(c, district, number);
    struct shard *s = at < c->shards_n ? c->shards[at] : NULL;
    return s && s->district == district && s->number == number ? s : NULL;
}

static struct shard *add_shard(struct kith_consumer *c, int32_t district, int32_t number)
{
    struct shard **shards = reallocarray(c->shards, c->shards_n + 1, sizeof(*shards));
    if (!shards)
        return NULL;
    c->shards = shards;
    struct shard *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    char labels[128];
    (void)snprintf(labels, sizeof(labels), "stream=\"%s\",district=\"%d\"", c->stream, district);
    *s = (struct shard){
        .consumer = c,
        .district = district,
        .number = number,
        .lag_records = kith_gauge("kith_stream_lag_records",
                                  "positions between what was read and what the owner has", labels),
        .lag_seconds = kith_gauge("kith_stream_lag_seconds",
                                  "age of the oldest record that was not handled yet", labels),
    };
    size_t at = lower_bound(c, district, number);
    memmove(shards + at + 1, shards + at, (c->shards_n - at) * sizeof(*shards));
    shards[at] = s;
    c->shards_n++;
    return s;
}

/* A district's lag is the sum over its shards, its age the greatest. */
static void show_lag(const struct kith_consumer *c, const struct shard *of)
{
    int64_t lag = 0;
    int64_t oldest_us = 0;
    for (size_t i = lower_bound(c, of->district, INT32_MIN);
         i < c->shards_n && c->shards[i]->district == of->district; i++) {
        const struct shard *s = c->shards[i];
        lag += s->lag;
        if (s->oldest_us && (!oldest_us || s->oldest_us < oldest_us))
            oldest_us = s->oldest_us;
    }
    int64_t age_us = oldest_us ? kith_clock_now_us() - oldest_us : 0;
    kith_metric_set(of->lag_records, (double)lag);
    kith_metric_set(of->lag_seconds, age_us > 0 ? (double)age_us / 1e6 : 0);
}

/* ---- offsets ---- */

static void pause_shard(struct shard *s)
{
    int64_t pause_ms = s->pause_ms ? s->pause_ms * 2 : PAUSE_MS;
    s->pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
    s->state = UNKNOWN;
    s->due_ms = kith_clock_mono_ms() + s->pause_ms;
}

static void step(struct shard *s);

static void on_offset_rows(void *ctx, const struct kith_rows *rows)
{
    struct offset_reading *r = ctx;
    r->pos = kith_rows_n(rows) ? kith_rows_int(rows, 0, 0) : 0;
}

static void on_offset_done(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)why;
    struct offset_reading *r = ctx;
    struct shard *s = r->shard;
    if (s) {
        s->reading = NULL;
        if (err) {
            pause_shard(s);
        } else {
            s->pos = r->pos;
            s->state = READY;
            s->due_ms = 0;
            step(s);
        }
    }
    free(r);
}

static void read_offset(struct shard *s)
{
    struct kith_job *job = NULL;
    struct offset_reading *r = calloc(1, sizeof(*r));
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
        pause_shard(s);
        return;
    }
    s->reading = r;
    s->state = READING;
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

static void ask(struct shard *s)
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
    if (s->state != ASKED)
        kith_msg_new_id(s->msg_id);
    s->asked_ms = now;
    if (send_request(c, s->msg_id, &env) == KITH_OK) {
        s->state = ASKED;
        s->due_ms = now + WAIT_MS + SILENCE_MS;
    } else {
        s->due_ms = now + PAUSE_MS; /* not connected: in the same state, soon again */
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
    c->list_due_ms = kith_clock_mono_ms() + (err ? PAUSE_MS : LIST_MS);
}

/* Do what is due. */
static void step(struct shard *s)
{
    if (s->consumer->draining || kith_clock_mono_ms() < s->due_ms)
        return;
    if (s->state == UNKNOWN)
        read_offset(s);
    else if (s->state == READY || s->state == ASKED)
        ask(s);
}

static void on_tick(void *ctx)
{
    struct kith_consumer *c = ctx;
    int64_t now = kith_clock_mono_ms();
    if (!c->draining && now >= c->list_due_ms)
        ask_list(c);
    for (size_t i = 0; i < c->shards_n; i++)
        step(c->shards[i]);
    if (now < c->age_due_ms)
        return;
    c->age_due_ms = now + LIST_MS;
    for (size_t i = 0; i < c->shards_n; i++)
        if (c->shards[i]->oldest_us)
            show_lag(c, c->shards[i]);
}

/* ---- answers ---- */

static void on_streams(struct kith_consumer *c, const Kith__V1__StreamList *streams)
{
    for (size_t i = 0; i < streams->n_heads; i++) {
        const Kith__V1__StreamHead *head = streams->heads[i];
        struct shard *s = find(c, head->district_id, head->shard);
        if (!s && (s = add_shard(c, head->district_id, head->shard)))
            step(s);
    }
}

static void on_empty(struct shard *s, int64_t head_pos)
{
    int64_t now = kith_clock_mono_ms();
    /* positions may have gaps, so an empty answer is the end whatever the head is; a head below our position means that the
     * owner's database is older than ours, and shows as a negative lag */
    s->lag = head_pos < s->pos ? head_pos - s->pos : 0;
    s->oldest_us = 0;
    show_lag(s->consumer, s);
    s->state = READY;
    s->due_ms = now - s->asked_ms < WAIT_MS / 2 ? now + EARLY_PAUSE_MS : 0;
    step(s);
}

/* Positions must rise from ours on, or the answer is not one to our question. */
static bool in_order(const struct shard *s, const Kith__V1__LogBatch *log)
{
    int64_t before = s->pos;
    for (size_t i = 0; i < log->n_records; i++) {
        if (log->records[i]->pos <= before)
            return false;
        before = log->records[i]->pos;
    }
    return true;
}

/* Takes env over. */
static void on_records(struct shard *s, kith_envelope *env)
{
    const Kith__V1__LogBatch *log = env->log;
    struct kith_record *records = calloc(log->n_records, sizeof(*records));
    if (!records || !in_order(s, log)) {
        free(records);
        kith_msg_free(env);
        pause_shard(s);
        return;
    }
    for (size_t i = 0; i < log->n_records; i++) {
        const Kith__V1__Record *r = log->records[i];
        records[i] = (struct kith_record){.pos = r->pos,
                                          .count = r->count,
                                          .type = r->type,
                                          .at_us = r->at_us,
                                          .payload = r->payload.data,
                                          .n = r->payload.len};
    }
    s->state = HANDLED;
    s->env = env;
    s->records = records;
    s->batch = (struct kith_batch){.district = s->district,
                                   .shard = s->number,
                                   .after_pos = s->pos,
                                   .head_pos = log->head_pos,
                                   .n = log->n_records,
                                   .records = records};
    s->lag = log->head_pos - s->pos;
    s->oldest_us = records[0].at_us;
    show_lag(s->consumer, s);
    s->consumer->on_batch(s->consumer->ctx, s->consumer, &s->batch);
}

static void on_refused(struct kith_consumer *c, const kith_envelope *env)
{
    for (size_t i = 0; i < c->shards_n; i++) {
        struct shard *s = c->shards[i];
        if (s->state != ASKED || memcmp(s->msg_id, env->msg_id.data, KITH_MSG_ID) != 0)
            continue;
        uint32_t told_ms = env->error->retry_after_ms;
        s->state = READY;
        s->due_ms =
            kith_clock_mono_ms() + (told_ms && told_ms < PAUSE_MAX_MS ? told_ms : REFUSED_PAUSE_MS);
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
        struct shard *s = find(c, env->log->district_id, env->log->shard);
        bool wanted = s && s->state == ASKED && memcmp(s->msg_id, msg_id, KITH_MSG_ID) == 0 &&
                      strcmp(env->log->stream, c->stream) == 0;
        if (wanted && env->log->n_records) {
            on_records(s, env);
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

/* ---- the handler's side ---- */

void kith_consumer_advance(struct kith_consumer *c, struct kith_job *job,
                           const struct kith_batch *batch, int64_t pos)
{
    assert(pos > batch->after_pos && pos <= batch->records[batch->n - 1].pos);
    bool first = batch->after_pos == 0;
    kith_job_step(job, STREAM_STMT(first ? STREAM_ADVANCE_FIRST : STREAM_ADVANCE), NULL, NULL);
    kith_job_guard(job, KITH_ECHANGED);
    kith_job_i4(job, batch->district);
    kith_job_text(job, c->stream);
    kith_job_i4(job, batch->shard);
    kith_job_i8(job, pos);
    if (!first)
        kith_job_i8(job, batch->after_pos);
}

/* What is left of the batch after `pos`, for the metrics. */
static void note_progress(struct shard *s, int64_t pos)
{
    const struct kith_batch *b = &s->batch;
    size_t i = 0;
    while (i < b->n && b->records[i].pos <= pos)
        i++;
    s->lag = b->head_pos > pos ? b->head_pos - pos : 0;
    if (s->lag == 0)
        s->oldest_us = 0;
    else
        s->oldest_us = b->records[i < b->n ? i : b->n - 1].at_us;
    show_lag(s->consumer, s);
}

void kith_consumer_done(struct kith_consumer *c, const struct kith_batch *batch, kith_err err,
                        int64_t pos)
{
    struct shard *s = find(c, batch->district, batch->shard);
    assert(s && s->state == HANDLED && batch == &s->batch);
    if (!err)
        note_progress(s, pos);
    kith_msg_free(KITH_TAKE(s->env));
    free(KITH_TAKE(s->records));
    if (err) {
        pause_shard(s);
        return;
    }
    s->pause_ms = 0;
    int64_t hold_ms = s->hold_ms;
    if (!hold_ms && pos == s->pos)
        hold_ms = PAUSE_MS; /* the same would come again at once */
    s->hold_ms = 0;
    s->pos = pos;
    s->state = READY;
    s->due_ms = hold_ms ? kith_clock_mono_ms() + hold_ms : 0;
    step(s);
}

void kith_consumer_hold(struct kith_consumer *c, const struct kith_batch *batch, int64_t ms)
{
    struct shard *s = find(c, batch->district, batch->shard);
    assert(s && s->state == HANDLED);
    s->hold_ms = ms;
}

int64_t kith_consumer_pos(const struct kith_consumer *c, int32_t district, int32_t shard)
{
    const struct shard *s = find(c, district, shard);
    return s ? s->pos : 0;
}

void kith_consumer_drain(struct kith_consumer *c)
{
    c->draining = true;
}

bool kith_consumer_idle(const struct kith_consumer *c)
{
    for (size_t i = 0; i < c->shards_n; i++)
        if (c->shards[i]->state == HANDLED)
            return false;
    return true;
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

static void free_shard(struct shard *s)
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
