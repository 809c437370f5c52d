/* SPDX-License-Identifier: Apache-2.0 */
/* Rows over the native door: EventBatch after EventBatch, a window of them unacknowledged, each sent again (the same bytes) until its Ack
 * comes: after 4 times the round trip, at least a second, doubling to 30 s; or when the Ack says so. */
#include <stdlib.h>
#include <string.h>

#include "ingest/push.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

#define LEAST_MS 1000
#define MOST_MS  30000
/* A batch is closed at this size, well below the largest message. */
#define BATCH_BYTES (2 * 1024 * 1024)
#define TICK_MS     20

struct row {
    char *text;
    size_t n;
    uint64_t line;
};

struct slot {
    struct row *rows;
    size_t n;
    uint64_t seq;
    uint8_t *frame; /* NULL: the slot is free */
    size_t frame_n;
    unsigned tries;
    int64_t sent_ms;
    int64_t due_ms;
};

struct push_native {
    struct kith_loop *loop;
    const struct push_options *options;
    struct kith_bus *bus;
    struct kith_bus_client *client;
    struct kith_timer *tick;
    struct push *push;
    struct slot *slots;
    uint64_t seq;
    double trip_ms; /* smoothed round trip */
    bool ended;     /* no more rows */
    bool done;
    kith_err refused; /* the daemon refuses us altogether */
    struct kith_why *why;
};

static void slot_clear(struct slot *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->rows[i].text);
    s->n = 0;
    free(s->frame);
    s->frame = NULL;
}

static void settle_all(struct push_native *z, struct slot *s, enum push_fate fate, const char *why)
{
    for (size_t i = 0; i < s->n; i++)
        push_settle(z->push, fate, s->rows[i].text, s->rows[i].line, why);
    slot_clear(s);
}

static kith_err pack(struct push_native *z, struct slot *s)
{
    size_t n = s->n;
    kith_auto_mem Kith__V1__Event *events = calloc(n, sizeof(*events));
    kith_auto_mem Kith__V1__Item *items = calloc(n, sizeof(*items));
    kith_auto_mem Kith__V1__Event **list = calloc(n, sizeof(struct Kith__V1__Event *));
    if (!events || !items || !list)
        return KITH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        kith__v1__item__init(&items[i]);
        items[i].resource = (char *)z->push->resource->name;
        items[i].json = s->rows[i].text;
        kith__v1__event__init(&events[i]);
        events[i].body_case = KITH__V1__EVENT__BODY_ITEM;
        events[i].item = &items[i];
        list[i] = &events[i];
    }
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    s->seq = ++z->seq;
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    batch.seq = s->seq;
    batch.n_events = n;
    batch.events = list;
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id.data = id;
    env.msg_id.len = sizeof(id);
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    return kith_msg_pack(&env, &s->frame, &s->frame_n);
}

static void transmit(struct push_native *z, struct slot *s)
{
    int64_t now = kith_clock_mono_ms();
    double wait = z->trip_ms * 4 < LEAST_MS ? LEAST_MS : z->trip_ms * 4;
    for (unsigned i = 0; i < s->tries && wait < MOST_MS; i++)
        wait *= 2;
    s->due_ms = now + (int64_t)(wait < MOST_MS ? wait : MOST_MS);
    s->sent_ms = now;
    if (kith_bus_send(z->client, s->frame, s->frame_n) == KITH_OK)
        s->tries++;
    else
        s->due_ms = now + TICK_MS; /* not connected yet, or the pipe is full */
}

static bool fill(struct push_native *z, struct slot *s)
{
    size_t bytes = 0;
    s->n = 0;
    s->tries = 0;
    while (s->n < z->options->batch && bytes < BATCH_BYTES) {
        struct row *row = &s->rows[s->n];
        row->text = push_next(z->push, &row->n, &row->line);
        if (!row->text)
            break;
        bytes += row->n;
        s->n++;
    }
    if (s->n == 0)
        return false;
    if (pack(z, s) != KITH_OK) {
        settle_all(z, s, PUSH_REJECTED, "a row is too large for the native door (4 MiB)");
        return true;
    }
    transmit(z, s);
    return true;
}

/* Fill free slots, send late ones again, see whether all is done. */
static void turn(void *ctx)
{
    struct push_native *z = ctx;
    if (!z->push)
        return;
    bool open = false;
    for (unsigned i = 0; i < z->options->window; i++) {
        struct slot *s = &z->slots[i];
        if (s->frame && (z->push->stop || z->refused != KITH_OK || s->tries > z->options->tries))
            settle_all(z, s, PUSH_UNSENT, "no acknowledgement");
        if (s->frame && kith_clock_mono_ms() >= s->due_ms)
            transmit(z, s);
        while (!s->frame && !z->ended && z->refused == KITH_OK)
            z->ended = !fill(z, s);
        open = open || s->frame;
    }
    if (!open && z->refused != KITH_OK) {
        struct row row;
        while ((row.text = push_next(z->push, &row.n, &row.line)) != NULL) {
            push_settle(z->push, PUSH_UNSENT, row.text, row.line, z->why->text);
            free(row.text);
        }
        z->ended = true;
    }
    z->done = z->ended && !open;
}

static void on_ack(struct push_native *z, const Kith__V1__Ack *ack)
{
    struct slot *s = NULL;
    for (unsigned i = 0; i < z->options->window; i++)
        if (z->slots[i].frame && z->slots[i].seq == ack->seq)
            s = &z->slots[i];
    if (!s)
        return; /* a second Ack of a batch that was sent twice */
    if (ack->retry_after_ms > 0) {
        s->due_ms = kith_clock_mono_ms() + ack->retry_after_ms;
        return;
    }
    double trip = (double)(kith_clock_mono_ms() - s->sent_ms);
    z->trip_ms = z->trip_ms > 0 ? z->trip_ms * 0.875 + trip * 0.125 : trip;
    for (size_t i = 0; i < ack->n_rejected; i++) {
        const Kith__V1__Rejected *r = ack->rejected[i];
        if (r->index >= s->n || !s->rows[r->index].text)
            continue;
        struct row *row = &s->rows[r->index];
        push_settle(z->push, PUSH_REJECTED, row->text, row->line, r->text);
        free(row->text);
        row->text = NULL;
    }
    z->push->fates[PUSH_ACCEPTED] += ack->accepted;
    z->push->fates[PUSH_UPDATED] += ack->updated;
    z->push->fates[PUSH_DUPLICATE] += ack->duplicate;
    kith_progress_update(&z->push->progress, z->push->line);
    slot_clear(s);
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct push_native *z = ctx;
    kith_envelope *env = NULL;
    struct kith_why why;
    if (!z->push || kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        return;
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK)
        on_ack(z, env->ack);
    else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR &&
             env->error->code == KITH__V1__ERROR__CODE__DENIED) {
        z->refused = KITH_EDENIED;
        kith_why_set(z->why, "%s", env->error->text);
    }
    kith_msg_free(env);
    turn(z);
}

kith_err push_native_run(struct push_native *z, struct push *p, struct kith_why *why)
{
    z->push = p;
    z->why = why;
    z->ended = false;
    z->done = false;
    turn(z);
    kith_err err = KITH_OK;
    while (!z->done) {
        err = kith_loop_run_until(z->loop, &z->done, 3600 * 1000LL);
        if (err != KITH_OK && err != KITH_ETIMEOUT)
            break;
    }
    z->push = NULL;
    return z->done ? z->refused : err;
}

kith_err push_native_new(struct kith_loop *loop, const struct push_options *options,
                         struct push_native **ret, struct kith_why *why)
{
    struct kith_keypair pair;
    kith_err err = kith_keypair_load(options->key_file, &pair, why);
    if (err != KITH_OK)
        return err;
    struct push_native *z = calloc(1, sizeof(*z));
    if (!z)
        return KITH_ENOMEM;
    z->loop = loop;
    z->options = options;
    z->slots = calloc(options->window, sizeof(*z->slots));
    err = z->slots ? kith_bus_new(loop, &pair, NULL, NULL, &z->bus) : KITH_ENOMEM;
    for (unsigned i = 0; i < options->window && err == KITH_OK; i++) {
        z->slots[i].rows = calloc(options->batch, sizeof(struct row));
        err = z->slots[i].rows ? KITH_OK : KITH_ENOMEM;
    }
    if (err == KITH_OK) {
        err = kith_bus_connect(z->bus, options->endpoint, options->server_key, on_reply, z,
                               &z->client);
        if (err != KITH_OK)
            kith_why_set(why, "endpoint %s or its key is not valid", options->endpoint);
    }
    if (err == KITH_OK)
        err = kith_timer_new(loop, turn, z, &z->tick);
    if (err != KITH_OK) {
        push_native_free(z);
        return err;
    }
    kith_timer_start(z->tick, TICK_MS, TICK_MS);
    *ret = z;
    return KITH_OK;
}

void push_native_free(struct push_native *z)
{
    if (!z)
        return;
    kith_timer_free(z->tick);
    if (z->client)
        kith_bus_client_free(z->client);
    kith_bus_free(z->bus);
    for (unsigned i = 0; z->slots && i < z->options->window; i++) {
        if (z->slots[i].rows)
            slot_clear(&z->slots[i]);
        free(z->slots[i].rows);
    }
    free(z->slots);
    free(z);
}
