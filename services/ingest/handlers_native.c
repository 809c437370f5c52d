/* SPDX-License-Identifier: Apache-2.0 */
/* The native door: EventBatch from registered CURVE keys. The key decides the district. One Ack a batch, after the COMMIT that holds all
 * of it; what cannot be understood is kept in quarantine and listed in the Ack, and never blocks the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ingest.h"
#include "kith/log.h"
#include "kith/metrics.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

#define RETRY_AFTER_MS 1000
/* Overhead of a queued event beside its own bytes, for the queue's limit. */
#define EVENT_BYTES 512

/* A batch being written; its operations lie behind it in one piece of memory. */
struct batch {
    struct ingest *ingest;
    struct kith_peer peer;
    uint8_t msg_id[KITH_MSG_ID];
    char client_id[INGEST_CLIENT];
    uint64_t seq;
    size_t n;
    size_t open; /* operations not answered yet, plus one while the batch is being submitted */
    bool retry;  /* something of it was not kept: the sender sends all of it again */
    struct ingest_op *ops;
    struct ingest_op *poison; /* quarantine operations, one a rejected event */
    size_t poison_n;
    struct ingest_memo memo;
};

static void batch_free(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++) {
        ingest_doc_free(b->ops[i].doc);
        ingest_event_done(&b->ops[i].event);
        free((void *)b->ops[i].bytes);
    }
    free(b->poison);
    free(b->ops);
    free(b);
}

static const struct ingest_client *client_of(struct ingest *ingest, const struct kith_peer *peer)
{
    if (strncmp(peer->user, "client:", 7) != 0)
        return NULL;
    const struct ingest_client *c = ingest_clients_find(ingest->districts, peer->user + 7);
    return c && !c->revoked ? c : NULL; /* ZAP is asked at the handshake only */
}

bool ingest_allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    struct ingest *ingest = ctx;
    const struct ingest_client *c =
        ingest->districts ? ingest_clients_by_key(ingest->districts, public_key) : NULL;
    if (!c || c->revoked)
        return false;
    (void)snprintf(user, KITH_USER_MAX, "client:%.*s", KITH_USER_MAX - 8, c->id);
    return true;
}

/* ---- answering ---- */

static void send_envelope(struct ingest *ingest, const struct kith_peer *peer, kith_envelope *env)
{
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack(env, &data, &n) == KITH_OK)
        (void)kith_bus_reply(kith_daemon_server(ingest->daemon), peer, data,
                             n); /* gone: it resends */
    free(data);
}

static void send_error(struct ingest *ingest, const struct kith_peer *peer,
                       const uint8_t msg_id[KITH_MSG_ID], kith_err err, const char *text)
{
    uint8_t *data = NULL;
    size_t n = 0;
    uint32_t after = kith_err_retryable(err) ? RETRY_AFTER_MS : 0;
    if (kith_msg_pack_error(msg_id, err, text, after, &data, &n) == KITH_OK)
        (void)kith_bus_reply(kith_daemon_server(ingest->daemon), peer, data, n);
    free(data);
}

static void fill_ack(struct batch *b, Kith__V1__Ack *ack, Kith__V1__Rejected *rejected,
                     Kith__V1__Rejected **list)
{
    for (size_t i = 0; i < b->n; i++) {
        struct ingest_op *op = &b->ops[i];
        if (op->err != KITH_OK) {
            Kith__V1__Rejected *r = &rejected[ack->n_rejected];
            kith__v1__rejected__init(r);
            r->index = (uint32_t)i;
            r->code = (uint32_t)-op->err;
            r->text = op->why.text;
            list[ack->n_rejected++] = r;
        } else if (op->outcome == INGEST_UNCHANGED)
            ack->duplicate++;
        else if (op->outcome == INGEST_UPDATED)
            ack->updated++;
        else
            ack->accepted++;
    }
    ack->rejected = list;
}

static void acknowledge(struct batch *b)
{
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    Kith__V1__Ack ack = KITH__V1__ACK__INIT;
    kith_auto_mem Kith__V1__Rejected *rejected = calloc(b->n + 1, sizeof(*rejected));
    kith_auto_mem Kith__V1__Rejected **list = calloc(b->n + 1, sizeof(struct Kith__V1__Rejected *));
    ack.seq = b->seq;
    if (b->retry || !rejected || !list)
        ack.retry_after_ms = RETRY_AFTER_MS;
    else
        fill_ack(b, &ack, rejected, list);
    env.msg_id.data = b->msg_id;
    env.msg_id.len = sizeof(b->msg_id);
    env.body_case = KITH__V1__ENVELOPE__BODY_ACK;
    env.ack = &ack;
    send_envelope(b->ingest, &b->peer, &env);
}

static void finish(struct batch *b)
{
    acknowledge(b);
    b->ingest->open_batches--;
    batch_free(b);
}

static void quarantine_done(void *ctx, struct ingest_op *op)
{
    struct batch *b = ctx;
    if (op->err != KITH_OK)
        b->retry = true; /* not kept: the sender must not think so */
    if (--b->open == 0)
        finish(b);
}

/* Keep a rejected event; the Ack waits for that. */
static bool keep(struct batch *b, const struct ingest_op *op)
{
    struct ingest_op *q = &b->poison[b->poison_n++];
    *q = (struct ingest_op){.kind = INGEST_OP_QUARANTINE,
                            .district = op->district,
                            .client_id = b->client_id,
                            .code = -op->err,
                            .why = op->why,
                            .bytes = op->bytes ? op->bytes : (const uint8_t *)"",
                            .bytes_n = op->bytes_n,
                            .size = op->bytes_n + EVENT_BYTES,
                            .done = quarantine_done,
                            .ctx = b};
    if (ingest_writer_submit(b->ingest->writer, q) != KITH_OK)
        return false;
    b->open++;
    return true;
}

/* An unresolved reference is a matter of the order of sending, not poison: it is only listed in the Ack. */
static bool is_poison(kith_err err)
{
    return err == KITH_EINVAL || err == KITH_EDECODE;
}

static void operations_done(struct batch *b)
{
    size_t poison = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct ingest_op *op = &b->ops[i];
        ingest_count("native", op->err, op->outcome);
        poison += is_poison(op->err);
        if (op->err == KITH_EDB || op->err == KITH_EBUSY || op->err == KITH_ENOMEM)
            b->retry = true;
    }
    b->open = 1;
    if (poison > 0 && !b->retry) {
        b->poison = calloc(poison, sizeof(*b->poison));
        if (!b->poison)
            b->retry = true;
        for (size_t i = 0; i < b->n && !b->retry; i++)
            if (is_poison(b->ops[i].err) && !keep(b, &b->ops[i]))
                b->retry = true;
    }
    if (--b->open == 0)
        finish(b);
}

static void on_written(void *ctx, struct ingest_op *op)
{
    struct batch *b = ctx;
    (void)op;
    if (--b->open == 0)
        operations_done(b);
}

/* ---- reading a batch ---- */

static kith_err event_of(struct batch *b, const Kith__V1__Event *e, struct ingest_op *op,
                         struct kith_why *why)
{
    struct ingest_native in = {0};
    const Kith__V1__AttendanceDetail *detail = NULL;
    if (e->body_case == KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE) {
        const Kith__V1__SchoolAttendance *a = e->school_attendance;
        in = (struct ingest_native){.student_unique_id = a->student_unique_id,
                                    .school_id = a->school_id,
                                    .school_year = a->school_year,
                                    .session_name = a->session_name,
                                    .date = a->event_date,
                                    .category = a->category};
        detail = a->detail;
    } else {
        const Kith__V1__SectionAttendance *a = e->section_attendance;
        in = (struct ingest_native){.section = true,
                                    .student_unique_id = a->student_unique_id,
                                    .school_id = a->school_id,
                                    .school_year = a->school_year,
                                    .session_name = a->session_name,
                                    .local_course_code = a->local_course_code,
                                    .section_identifier = a->section_identifier,
                                    .date = a->event_date,
                                    .category = a->category};
        detail = a->detail;
    }
    in.memo = &b->memo;
    if (detail) {
        in.reason = detail->reason;
        in.arrival_time = detail->arrival_time;
        in.departure_time = detail->departure_time;
        in.extra_json = detail->extra_json;
    }
    op->kind = e->retract ? INGEST_OP_EVENT_DELETE : INGEST_OP_EVENT;
    return ingest_event_from_native(&in, &op->event, why);
}

static kith_err item_of(const Kith__V1__Event *e, struct ingest_op *op, struct kith_why *why)
{
    const struct ingest_resource *r = ingest_resource_find(e->item->resource);
    size_t n = strlen(e->item->json);
    if (!r) {
        kith_why_set(why, "there is no such resource");
        return KITH_EINVAL;
    }
    struct ingest_problems problems = {0};
    kith_err err;
    if (r->attendance != INGEST_ATTENDANCE_NONE) {
        op->kind = e->retract ? INGEST_OP_EVENT_DELETE : INGEST_OP_EVENT;
        err = ingest_event_parse(r, e->item->json, n, &op->event, &problems);
    } else {
        op->kind = e->retract ? INGEST_OP_DOCUMENT_DELETE : INGEST_OP_DOCUMENT;
        err = ingest_doc_parse(r, e->item->json, n, &op->doc, &problems);
    }
    if (err == KITH_OK && op->kind == INGEST_OP_DOCUMENT_DELETE) {
        op->resource = r;
        op->id = op->doc->id;
        ingest_doc_free(KITH_TAKE(op->doc));
    }
    if (err == KITH_EINVAL || err == KITH_EDECODE)
        ingest_problems_why(&problems, why);
    op->size += n * 2;
    return err;
}

static void operation_of(struct batch *b, const Kith__V1__Event *e, int32_t district,
                         struct ingest_op *op)
{
    op->district = district;
    op->size = sizeof(*op) + EVENT_BYTES;
    op->done = on_written;
    op->ctx = b;
    op->event.arrival_us = INGEST_TIME_NONE;
    op->event.departure_us = INGEST_TIME_NONE;
    if (e->body_case == KITH__V1__EVENT__BODY__NOT_SET) {
        op->err = KITH_EINVAL;
        kith_why_set(&op->why, "the event has no body, or one of a newer version than this daemon");
    } else if (e->body_case == KITH__V1__EVENT__BODY_ITEM)
        op->err = item_of(e, op, &op->why);
    else
        op->err = event_of(b, e, op, &op->why);
    if (!is_poison(op->err))
        return;
    /* the message is borrowed: what goes to quarantine is packed now */
    size_t n = kith__v1__event__get_packed_size(e);
    uint8_t *bytes = malloc(n ? n : 1);
    if (bytes) {
        op->bytes_n = kith__v1__event__pack(e, bytes);
        op->bytes = bytes;
    } else
        op->err = KITH_ENOMEM;
}

static void submit_all(struct batch *b, const kith_envelope *env, int32_t district)
{
    b->open = 1;
    for (size_t i = 0; i < b->n; i++)
        operation_of(b, env->events->events[i], district, &b->ops[i]);
    for (size_t i = 0; i < b->n && !b->retry; i++) {
        struct ingest_op *op = &b->ops[i];
        if (op->err != KITH_OK)
            continue;
        kith_err err = ingest_writer_submit(b->ingest->writer, op);
        if (err == KITH_OK)
            b->open++;
        else
            b->retry = true; /* the rest is not sent; what was, is absorbed when it comes again */
    }
    if (--b->open == 0)
        operations_done(b);
}

static void on_events(struct ingest *ingest, const struct kith_peer *peer, const kith_envelope *env,
                      const struct ingest_client *client)
{
    struct batch *b = calloc(1, sizeof(*b));
    size_t n = env->events->n_events;
    if (b)
        b->ops = calloc(n ? n : 1, sizeof(*b->ops));
    if (!b || !b->ops) {
        batch_free(b);
        send_error(ingest, peer, env->msg_id.data, KITH_ENOMEM, "out of memory");
        return;
    }
    b->ingest = ingest;
    b->peer = *peer;
    memcpy(b->msg_id, env->msg_id.data, sizeof(b->msg_id));
    memcpy(b->client_id, client->id, sizeof(b->client_id));
    b->seq = env->events->seq;
    b->n = n;
    ingest->open_batches++;
    submit_all(b, env, client->district);
}

void ingest_on_request(void *ctx, const struct kith_peer *peer, const kith_envelope *env)
{
    struct ingest *ingest = ctx;
    const struct ingest_client *client = client_of(ingest, peer);
    if (env->body_case != KITH__V1__ENVELOPE__BODY_EVENTS)
        send_error(ingest, peer, env->msg_id.data, KITH_EDECODE,
                   "this daemon takes EventBatch, Fetch, ListStreams and Command");
    else if (!client)
        send_error(ingest, peer, env->msg_id.data, KITH_EDENIED,
                   "this key is not registered for pushing; see `kith key new --zmq`");
    else if (ingest->draining)
        send_error(ingest, peer, env->msg_id.data, KITH_EBUSY, "shutting down; send it again");
    else
        on_events(ingest, peer, env, client);
}

/* ---- what does not decode at all ---- */

struct undecodable {
    struct ingest_op op;
    char client_id[INGEST_CLIENT];
    uint8_t bytes[];
};

static void undecodable_kept(void *ctx, struct ingest_op *op)
{
    (void)op; /* the sender was told that it does not decode; keeping it is for the operator */
    free(ctx);
}

void ingest_on_undecodable(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n,
                           kith_err err, const char *why)
{
    struct ingest *ingest = ctx;
    const struct ingest_client *client = client_of(ingest, peer);
    if (!client || !ingest->writer)
        return;
    struct undecodable *u = calloc(1, sizeof(*u) + n);
    if (!u)
        return;
    memcpy(u->client_id, client->id, sizeof(u->client_id));
    memcpy(u->bytes, data, n);
    u->op = (struct ingest_op){.kind = INGEST_OP_QUARANTINE,
                               .district = client->district,
                               .client_id = u->client_id,
                               .code = -err,
                               .bytes = u->bytes,
                               .bytes_n = n,
                               .size = n + EVENT_BYTES,
                               .done = undecodable_kept,
                               .ctx = u};
    kith_why_set(&u->op.why, "%s", why);
    if (ingest_writer_submit(ingest->writer, &u->op) != KITH_OK)
        free(u);
}

void ingest_on_room(void *ctx, bool room)
{
    struct ingest *ingest = ctx;
    if (room == !ingest->paused)
        return;
    ingest->paused = !room;
    if (room)
        kith_bus_resume(kith_daemon_server(ingest->daemon));
    else
        kith_bus_pause(kith_daemon_server(ingest->daemon));
}
