/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon_internal.h"
#include "kith/metrics.h"
#include "kith/v1/envelope.pb-c.h"

#define ROWS_MAX KITH_CREDIT_MAX /* what kith_msg_unpack takes */

struct kith_call {
    struct kith_daemon *d;
    struct kith_call *next;
    struct kith_call **at; /* what points here */
    struct kith_peer peer;
    kith_envelope *env;
    kith_err err; /* of building the table */
    Kith__V1__Row columns;
    Kith__V1__Row *rows;
    size_t rows_n;
    size_t rows_room;
};

/* ---- counting and answering ---- */

static const char *const kinds[KITH_KINDS] = {"events", "fetch", "list", "command", "other"};
static const char *const outcomes[KITH_OUTCOMES] = {"taken", "done", "refused", "denied"};

static void count(struct kith_daemon *d, enum kith_kind kind, enum kith_outcome outcome)
{
    struct kith_metric **m = &d->requests[kind][outcome];
    if (!*m) {
        char labels[64];
        (void)snprintf(labels, sizeof(labels), "kind=\"%s\",outcome=\"%s\"", kinds[kind],
                       outcomes[outcome]);
        *m = kith_counter("kith_requests_total", "Requests over the bus.", labels);
    }
    kith_metric_add(*m, 1);
}

/* A reply that cannot be delivered is dropped and counted by the bus: the peer asks again. */
static void reply_error(struct kith_daemon *d, const struct kith_peer *peer,
                        const uint8_t msg_id[KITH_MSG_ID], kith_err err, const char *text)
{
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack_error(msg_id, err, text, 0, &data, &n) == KITH_OK)
        (void)kith_bus_reply(d->server, peer, data, n);
    free(data);
}

/* ---- rows ---- */

static void row_done(Kith__V1__Row *row)
{
    for (size_t i = 0; i < row->n_cells; i++)
        free(row->cells[i]);
    free(row->cells);
    row->cells = NULL;
    row->n_cells = 0;
}

static kith_err row_fill(Kith__V1__Row *row, const char *const *cells)
{
    size_t n = 0;
    while (cells[n])
        n++;
    assert(n <= KITH_COMMAND_ARGS);
    row->cells = calloc(n ? n : 1, sizeof(*row->cells));
    if (!row->cells)
        return KITH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        row->cells[i] = strdup(cells[i]);
        if (!row->cells[i])
            return KITH_ENOMEM;
        row->n_cells++;
    }
    return KITH_OK;
}

void kith_call_columns(struct kith_call *call, const char *const *names)
{
    row_done(&call->columns);
    kith_err err = row_fill(&call->columns, names);
    if (err != KITH_OK)
        call->err = err;
}

static kith_err add_row(struct kith_call *call, const char *const *cells)
{
    if (call->rows_n == ROWS_MAX)
        return KITH_ETOOBIG;
    if (call->rows_n == call->rows_room) {
        size_t room = call->rows_room ? call->rows_room * 2 : 16;
        Kith__V1__Row *rows = reallocarray(call->rows, room, sizeof(*rows));
        if (!rows)
            return KITH_ENOMEM;
        call->rows = rows;
        call->rows_room = room;
    }
    Kith__V1__Row *row = &call->rows[call->rows_n++];
    kith__v1__row__init(row);
    return row_fill(row, cells);
}

void kith_call_row(struct kith_call *call, const char *const *cells)
{
    if (call->err == KITH_OK)
        call->err = add_row(call, cells);
}

/* ---- a call ---- */

static kith_err call_new(struct kith_daemon *d, const struct kith_peer *peer, kith_envelope *env,
                         struct kith_call **ret)
{
    struct kith_call *call = calloc(1, sizeof(*call));
    if (!call)
        return KITH_ENOMEM;
    call->d = d;
    call->peer = *peer;
    call->env = env;
    kith__v1__row__init(&call->columns);
    call->next = d->calls;
    if (call->next)
        call->next->at = &call->next;
    call->at = &d->calls;
    d->calls = call;
    *ret = call;
    return KITH_OK;
}

static void call_free(struct kith_call *call)
{
    *call->at = call->next;
    if (call->next)
        call->next->at = call->at;
    row_done(&call->columns);
    for (size_t i = 0; i < call->rows_n; i++)
        row_done(&call->rows[i]);
    free(call->rows);
    kith_msg_free(call->env);
    free(call);
}

void kith_daemon_drop_calls(struct kith_daemon *d)
{
    while (d->calls)
        call_free(d->calls);
}

const char *kith_call_arg(const struct kith_call *call, const char *name)
{
    const Kith__V1__Command *command = call->env->command;
    for (size_t i = 0; i < command->n_args; i++)
        if (strcmp(command->args[i]->name, name) == 0)
            return command->args[i]->value;
    return NULL;
}

const uint8_t *kith_call_id(const struct kith_call *call)
{
    return call->env->msg_id.data;
}

static kith_err send_reply(struct kith_call *call, Kith__V1__CommandReply *reply)
{
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = call->env->msg_id;
    env.body_case = KITH__V1__ENVELOPE__BODY_REPLY;
    env.reply = reply;
    uint8_t *data = NULL;
    size_t n = 0;
    kith_err err = kith_msg_pack(&env, &data, &n);
    if (err == KITH_OK)
        (void)kith_bus_reply(call->d->server, &call->peer, data, n);
    free(data);
    return err;
}

static kith_err send_table(struct kith_call *call, const char *text)
{
    kith_auto_mem void **rows = calloc(call->rows_n + 1, sizeof(void *));
    if (!rows)
        return KITH_ENOMEM;
    for (size_t i = 0; i < call->rows_n; i++)
        rows[i] = &call->rows[i];
    Kith__V1__CommandReply reply = KITH__V1__COMMAND_REPLY__INIT;
    reply.text = (char *)(text ? text : ""); /* packing only reads */
    reply.n_columns = call->columns.n_cells;
    reply.columns = call->columns.cells;
    reply.n_rows = call->rows_n;
    reply.rows = (Kith__V1__Row **)rows;
    return send_reply(call, &reply);
}

void kith_call_done(struct kith_call *call, const char *text)
{
    kith_err err = call->err == KITH_OK ? send_table(call, text) : call->err;
    if (err == KITH_ETOOBIG) {
        kith_call_refuse(call, err, "the answer is larger than a message may be; ask for less");
    } else if (err != KITH_OK) {
        kith_call_refuse(call, err, NULL);
    } else {
        count(call->d, KITH_KIND_COMMAND, KITH_OUTCOME_DONE);
        call_free(call);
    }
}

void kith_call_refuse(struct kith_call *call, kith_err err, const char *text)
{
    Kith__V1__CommandReply reply = KITH__V1__COMMAND_REPLY__INIT;
    reply.status = 1;
    reply.text = (char *)(text && *text ? text : kith_err_advice(err)); /* packing only reads */
    if (send_reply(call, &reply) != KITH_OK)
        reply_error(call->d, &call->peer, call->env->msg_id.data, err, NULL);
    count(call->d, KITH_KIND_COMMAND, KITH_OUTCOME_REFUSED);
    call_free(call);
}

static void refuse_verb(struct kith_call *call, const struct kith_command *commands)
{
    char text[KITH_TEXT_MAX];
    int n = snprintf(text, sizeof(text),
                     "kith-%s has no command of this name; it has:", call->d->spec->name);
    for (const struct kith_command *c = commands; c && c->verb && n < (int)sizeof(text); c++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %s", c == commands ? "" : ",",
                      c->verb);
    if (!commands || !commands->verb)
        (void)snprintf(text + n, sizeof(text) - (size_t)n, " none");
    kith_call_refuse(call, KITH_ENOTFOUND, text);
}

/* Takes `env`. */
static void on_command(struct kith_daemon *d, const struct kith_peer *peer, kith_envelope *env)
{
    struct kith_call *call = NULL;
    if (call_new(d, peer, env, &call) != KITH_OK) {
        reply_error(d, peer, env->msg_id.data, KITH_ENOMEM, NULL);
        kith_msg_free(env);
        return;
    }
    for (const struct kith_command *c = d->spec->commands; c && c->verb; c++) {
        if (strcmp(c->verb, env->command->verb) == 0) {
            count(d, KITH_KIND_COMMAND, KITH_OUTCOME_TAKEN);
            c->fn(d->spec->ctx, call);
            return;
        }
    }
    refuse_verb(call, d->spec->commands);
}

/* ---- dispatch ---- */

static enum kith_kind kind_of(const kith_envelope *env)
{
    switch (env->body_case) {
    case KITH__V1__ENVELOPE__BODY_EVENTS:
        return KITH_KIND_EVENTS;
    case KITH__V1__ENVELOPE__BODY_FETCH:
        return KITH_KIND_FETCH;
    case KITH__V1__ENVELOPE__BODY_LIST:
        return KITH_KIND_LIST;
    case KITH__V1__ENVELOPE__BODY_COMMAND:
        return KITH_KIND_COMMAND;
    default:
        return KITH_KIND_OTHER;
    }
}

static void deny(struct kith_daemon *d, const struct kith_peer *peer, const kith_envelope *env)
{
    count(d, kind_of(env), KITH_OUTCOME_DENIED);
    reply_error(d, peer, env->msg_id.data, KITH_EDENIED,
                "this key may not do that; only operator.key may send commands");
}

static void refuse(struct kith_daemon *d, const struct kith_peer *peer, const kith_envelope *env)
{
    count(d, kind_of(env), KITH_OUTCOME_REFUSED);
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR)
        return; /* two sides that answer each other's errors would never end */
    reply_error(d, peer, env->msg_id.data, KITH_EINVAL, "this daemon takes no such request");
}

/* May push data, and only that: neither a daemon nor the operator. */
static bool is_sender(const struct kith_peer *peer)
{
    return strncmp(peer->user, "service:", 8) != 0 && strcmp(peer->user, "operator") != 0;
}

static void on_undecodable(struct kith_daemon *d, const struct kith_peer *peer, const uint8_t *data,
                           size_t n, const uint8_t msg_id[KITH_MSG_ID], kith_err err,
                           const struct kith_why *why)
{
    char labels[48];
    (void)snprintf(labels, sizeof(labels), "err=\"%s\"", kith_err_name(err));
    kith_metric_add(kith_counter("kith_undecodable_total",
                                 "Frames that are no message of this version.", labels),
                    1);
    if (d->spec->on_undecodable && is_sender(peer))
        d->spec->on_undecodable(d->spec->ctx, peer, data, n, err, why->text);
    reply_error(d, peer, msg_id, err, why->text);
}

void kith_daemon_on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    struct kith_daemon *d = ctx;
    uint8_t msg_id[KITH_MSG_ID];
    struct kith_why why = {""};
    kith_envelope *env = NULL;
    kith_err err = kith_msg_unpack(data, n, &env, msg_id, &why);
    if (err != KITH_OK) {
        on_undecodable(d, peer, data, n, msg_id, err, &why);
        return;
    }
    enum kith_kind kind = kind_of(env);
    if (kind == KITH_KIND_COMMAND)
        kith_clock_poll(); /* who has driven the clock and then asks is answered in the new time */
    if (kind == KITH_KIND_COMMAND && strcmp(peer->user, "operator") == 0) {
        on_command(d, peer, env);
        return;
    }
    if (kind == KITH_KIND_COMMAND) {
        deny(d, peer, env);
    } else if (kith_owner_on_request(d->owner, d->server, peer, env)) {
        count(d, kind, KITH_OUTCOME_TAKEN);
    } else if (kind == KITH_KIND_EVENTS && d->spec->on_request) {
        count(d, kind, KITH_OUTCOME_TAKEN);
        d->spec->on_request(d->spec->ctx, peer, env);
    } else {
        refuse(d, peer, env);
    }
    kith_msg_free(env);
}
