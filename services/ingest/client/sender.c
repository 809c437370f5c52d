/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/client/sender.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/client/spool.h"
#include "ingest/client/wire.h"
#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/loop.h"

#define TICK_MS     20
#define LEAST_MS    1000 /* until a batch is sent again */
#define MOST_MS     30000
#define BATCH_BYTES (2u << 20)
#define JSON_MAX    (1u << 20)
#define NAME_MAX_N  100

/* A record of the spool: retract (1 byte), the resource's name and a NUL, the JSON and a NUL. */
struct batch {
    struct batch *next;
    size_t n;
    uint8_t **records;
    struct spool_pos end;
    uint64_t seq; /* of its last sending; 0 = not sent, or to be sent again */
    bool acked;
    struct wire_reply reply;
    unsigned tries;
    int64_t sent_ms, due_ms;
};

struct ingest_sender {
    struct ingest_sender_opts opts;
    struct kith_loop *loop, *own_loop;
    struct kith_bus *bus;
    struct kith_bus_client *client;
    struct kith_timer *tick;
    struct spool *spool;
    struct batch *first, *last; /* in order; those before `last` were sent before it */
    unsigned open;              /* how many */
    struct spool_pos at;        /* where the next batch begins */
    uint64_t seq;
    double trip_ms;   /* smoothed */
    int64_t heard_ms; /* of the last acknowledgement; or when it began to wait for one */
    kith_err err;     /* ends it */
    struct kith_why why;
    uint64_t left; /* of the run under way */
    bool enough;
};

static const char *resource_of(const uint8_t *record)
{
    return (const char *)record + 1;
}

static const char *json_of(const uint8_t *record)
{
    return resource_of(record) + strlen(resource_of(record)) + 1;
}

static bool well_formed(const uint8_t *record, size_t n)
{
    const uint8_t *end = n > 2 ? memchr(record + 1, '\0', n - 1) : NULL;
    return end && (size_t)(end - record) + 1 < n && record[n - 1] == '\0';
}

static void batch_free(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++)
        free(b->records[i]);
    free((void *)b->records);
    wire_reply_done(&b->reply);
    free(b);
}

static void stop(struct ingest_sender *s, kith_err err, const char *text)
{
    if (s->err == KITH_OK) {
        s->err = err;
        kith_why_set(&s->why, "%s", text);
    }
    s->enough = true;
}

/* ---- out of the spool ---- */

/* The next rows of one resource; NULL: none, or an error in s->err. */
static struct batch *read_batch(struct ingest_sender *s)
{
    struct batch *b = calloc(1, sizeof(*b));
    size_t bytes = 0;
    if (b)
        b->records = calloc(s->opts.batch, sizeof(*b->records));
    kith_err err = b && b->records ? KITH_OK : KITH_ENOMEM;
    while (err == KITH_OK && b->n < s->opts.batch && bytes < BATCH_BYTES) {
        struct spool_pos before = s->at;
        uint8_t *record = NULL;
        size_t n = 0;
        err = spool_next(s->spool, &s->at, &record, &n);
        if (err == KITH_OK && !well_formed(record, n))
            err = KITH_EDECODE;
        if (err == KITH_OK && b->n > 0 &&
            strcmp(resource_of(b->records[0]), resource_of(record)) != 0) {
            free(record);
            s->at = before;
            break;
        }
        if (err != KITH_OK) {
            free(record);
            break;
        }
        bytes += n;
        b->records[b->n++] = record;
    }
    if (err != KITH_OK && err != KITH_ENOTFOUND)
        stop(s, err, "the spool cannot be read");
    if (!b || b->n == 0) {
        batch_free(b);
        return NULL;
    }
    b->end = s->at;
    return b;
}

static void transmit(struct ingest_sender *s, struct batch *b)
{
    int64_t now = kith_clock_mono_ms();
    kith_auto_mem struct wire_row *rows = calloc(b->n, sizeof(*rows));
    kith_auto_mem uint8_t *frame = NULL;
    size_t n = 0;
    for (size_t i = 0; rows && i < b->n; i++)
        rows[i] = (struct wire_row){resource_of(b->records[i]), json_of(b->records[i]),
                                    b->records[i][0] != 0};
    /* a new number each time, so that an answer to an earlier sending is not taken for one to this */
    kith_err err = rows ? wire_pack(s->seq + 1, rows, b->n, &frame, &n) : KITH_ENOMEM;
    if (err == KITH_OK)
        err = kith_bus_send(s->client, frame, n);
    b->due_ms = now + TICK_MS; /* not connected yet, or the pipe is full */
    if (err != KITH_OK)
        return;
    double wait = s->trip_ms * 4 < LEAST_MS ? LEAST_MS : s->trip_ms * 4;
    for (unsigned i = 0; i < b->tries && wait < MOST_MS; i++)
        wait *= 2;
    b->seq = ++s->seq;
    b->acked = false;
    b->sent_ms = now;
    b->due_ms = now + (int64_t)(wait < MOST_MS ? wait : MOST_MS);
    b->tries++;
}

/* From this one on everything is sent again: what it holds must not arrive behind what was sent after it. */
static void again_from(struct batch *b, int64_t due_ms)
{
    for (; b; b = b->next) {
        b->seq = 0;
        b->acked = false;
        wire_reply_done(&b->reply);
        b->due_ms = due_ms;
    }
}

/* ---- what was acknowledged ---- */

static void tell(struct ingest_sender *s, const struct batch *b)
{
    const struct wire_reply *r = &b->reply;
    kith_auto_mem struct ingest_rejected *rejected = calloc(r->rejected_n + 1, sizeof(*rejected));
    size_t n = 0;
    if (!s->opts.settled || !rejected)
        return;
    for (size_t i = 0; i < r->rejected_n; i++) {
        if (r->rejected[i].index >= b->n)
            continue;
        const uint8_t *record = b->records[r->rejected[i].index];
        rejected[n++] =
            (struct ingest_rejected){r->rejected[i].index, json_of(record), record[0] != 0,
                                     r->rejected[i].code, r->rejected[i].text};
    }
    struct ingest_settled settled = {.resource = resource_of(b->records[0]),
                                     .rows = (uint32_t)b->n,
                                     .accepted = r->accepted,
                                     .updated = r->updated,
                                     .duplicate = r->duplicate,
                                     .rejected_n = n,
                                     .rejected = rejected};
    s->opts.settled(s->opts.ctx, &settled);
}

/* In order: the oldest goes first. */
static void settle(struct ingest_sender *s)
{
    while (s->first && s->first->acked && s->err == KITH_OK) {
        struct batch *b = s->first;
        tell(s,
             b); /* first: what was rejected is told twice after a crash here, never not at all */
        if (spool_done(s->spool, b->end, b->n) != KITH_OK) {
            stop(s, KITH_EIO, "the spool's position cannot be written");
            return;
        }
        s->first = b->next;
        if (!s->first)
            s->last = NULL;
        s->open--;
        batch_free(b);
    }
    s->enough = s->enough || spool_waiting(s->spool) <= s->left;
}

static void turn(void *ctx)
{
    struct ingest_sender *s = ctx;
    int64_t now = kith_clock_mono_ms();
    if (s->err != KITH_OK)
        return;
    settle(s);
    for (struct batch *b = s->first; b; b = b->next) {
        if (b->acked || now < b->due_ms)
            continue;
        if (b->seq != 0)
            again_from(b, now); /* no answer */
        transmit(s, b);
        if (b->seq == 0)
            break; /* in order, or not at all */
    }
    while (s->open < s->opts.window && s->err == KITH_OK && (!s->last || s->last->seq != 0)) {
        struct batch *b = read_batch(s);
        if (!b)
            break;
        if (s->last)
            s->last->next = b;
        else {
            s->first = b;
            s->heard_ms = now;
        }
        s->last = b;
        s->open++;
        transmit(s, b);
    }
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct ingest_sender *s = ctx;
    struct wire_reply reply;
    if (!wire_unpack(data, n, &reply))
        return;
    if (reply.denied)
        stop(s, KITH_EDENIED, reply.text);
    struct batch *b = reply.ack ? s->first : NULL;
    while (b && b->seq != reply.seq)
        b = b->next;
    if (!b || b->acked) {
        wire_reply_done(&reply);
        return;
    }
    if (reply.retry_after_ms > 0) {
        again_from(b, kith_clock_mono_ms() + reply.retry_after_ms);
        wire_reply_done(&reply);
        return;
    }
    double trip = (double)(kith_clock_mono_ms() - b->sent_ms);
    s->trip_ms = s->trip_ms > 0 ? s->trip_ms * 0.875 + trip * 0.125 : trip;
    s->heard_ms = kith_clock_mono_ms();
    b->reply = reply;
    b->acked = true;
    b->tries = 0;
    turn(s);
}

/* ---- the caller's ---- */

kith_err ingest_sender_put(struct ingest_sender *s, const char *resource, const char *json,
                           size_t n, bool retract)
{
    size_t name = strlen(resource);
    if (name == 0 || name > NAME_MAX_N || memchr(json, '\0', n))
        return KITH_EINVAL;
    if (n > JSON_MAX)
        return KITH_ETOOBIG;
    kith_auto_mem uint8_t *record = malloc(name + n + 3);
    if (!record)
        return KITH_ENOMEM;
    record[0] = retract;
    memcpy(record + 1, resource, name + 1);
    memcpy(record + name + 2, json, n);
    record[name + n + 2] = '\0';
    return spool_append(s->spool, record, name + n + 3);
}

kith_err ingest_sender_sync(struct ingest_sender *s)
{
    return spool_sync(s->spool);
}

kith_err ingest_sender_run(struct ingest_sender *s, uint64_t left, int64_t timeout_ms,
                           struct kith_why *why)
{
    s->left = left;
    s->enough = false;
    turn(s);
    kith_err err = s->enough ? KITH_OK : kith_loop_run_until(s->loop, &s->enough, timeout_ms);
    if (s->err == KITH_OK)
        return err;
    *why = s->why;
    return s->err;
}

struct ingest_sender_stats ingest_sender_stats(const struct ingest_sender *s)
{
    return (struct ingest_sender_stats){.waiting = spool_waiting(s->spool),
                                        .cut = spool_cut(s->spool),
                                        .away_ms =
                                            s->first ? kith_clock_mono_ms() - s->heard_ms : 0};
}

/* ---- life ---- */

static kith_err connect_to(struct ingest_sender *s, struct kith_why *why)
{
    struct kith_keypair pair;
    kith_err err = kith_keypair_load(s->opts.key_file, &pair, why);
    if (err == KITH_OK && !s->loop) {
        err = kith_loop_new(&s->own_loop);
        s->loop = s->own_loop;
    }
    if (err == KITH_OK)
        err = kith_bus_new(s->loop, &pair, NULL, NULL, &s->bus);
    if (err == KITH_OK) {
        err =
            kith_bus_connect(s->bus, s->opts.endpoint, s->opts.server_key, on_reply, s, &s->client);
        if (err != KITH_OK)
            kith_why_set(why, "endpoint %s or its key is not valid", s->opts.endpoint);
    }
    if (err == KITH_OK)
        err = kith_timer_new(s->loop, turn, s, &s->tick);
    return err;
}

kith_err ingest_sender_open(const struct ingest_sender_opts *opts, struct ingest_sender **ret,
                            struct kith_why *why)
{
    struct ingest_sender *s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    s->opts = *opts;
    s->loop = opts->loop;
    s->opts.window = opts->window ? opts->window : 4;
    s->opts.batch = opts->batch ? opts->batch : 500;
    kith_err err =
        spool_open(opts->spool, opts->spool_bytes ? opts->spool_bytes : 1u << 30, &s->spool, why);
    if (err == KITH_OK)
        err = connect_to(s, why);
    if (err != KITH_OK) {
        ingest_sender_close(s);
        return err;
    }
    s->at = spool_begin(s->spool);
    kith_timer_start(s->tick, TICK_MS, TICK_MS);
    *ret = s;
    return KITH_OK;
}

void ingest_sender_close(struct ingest_sender *s)
{
    if (!s)
        return;
    kith_timer_free(s->tick);
    if (s->client)
        kith_bus_client_free(s->client);
    kith_bus_free(s->bus);
    kith_loop_free(s->own_loop);
    while (s->first) {
        struct batch *b = s->first;
        s->first = b->next;
        batch_free(b);
    }
    spool_free(s->spool);
    free(s);
}
