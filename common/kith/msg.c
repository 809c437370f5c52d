/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/msg.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/v1/envelope.pb-c.h"
#include "kith/wire_internal.h"

/* Unpacked messages are larger than their bytes (a pointer and an allocation for every string). 16 times the largest frame is
 * more than any honest message needs; what wants more was made to hurt. */
#define UNPACK_BUDGET ((size_t)KITH_BUS_MAX_MESSAGE * 16)
/* Elements of the lists that a reader of a log or of a command's table gets. */
#define LIST_MAX KITH_CREDIT_MAX

/* ---- unpacking ---- */

static const struct kith_wire_limit limits[] = {
    {&kith__v1__event_batch__descriptor, 2, KITH_BATCH_MAX, 0},
    {&kith__v1__item__descriptor, 2, 0, KITH_BUS_MAX_MESSAGE},
    {&kith__v1__ack__descriptor, 5, KITH_BATCH_MAX, 0},
    {&kith__v1__command__descriptor, 2, KITH_COMMAND_ARGS, 0},
    {&kith__v1__command_reply__descriptor, 2, 0, KITH_BUS_MAX_MESSAGE},
    {&kith__v1__command_reply__descriptor, 3, KITH_COMMAND_ARGS, KITH_BUS_MAX_MESSAGE},
    {&kith__v1__command_reply__descriptor, 4, LIST_MAX, 0},
    {&kith__v1__row__descriptor, 1, KITH_COMMAND_ARGS, KITH_BUS_MAX_MESSAGE},
    {&kith__v1__stream_list__descriptor, 1, LIST_MAX, 0},
    {&kith__v1__log_batch__descriptor, 5, LIST_MAX, 0},
    {0},
};
static const struct kith_wire_rules rules = {.text_max = KITH_TEXT_MAX, .limits = limits};

/* The first two fields, by which a frame that is otherwise wrong can still be answered. */
struct head {
    uint32_t proto;
    bool has_id;
    uint8_t msg_id[KITH_MSG_ID];
};

static struct head read_head(const uint8_t *data, size_t n)
{
    struct head head = {0};
    const uint8_t *end = data + n;
    struct kith_wire_field field;
    while (data < end && kith_wire_next(&data, end, &field) == KITH_OK) {
        if (field.id == 1 && !field.data)
            head.proto = field.number > UINT32_MAX ? UINT32_MAX : (uint32_t)field.number;
        if (field.id == 2 && field.data && field.n == KITH_MSG_ID && !head.has_id) {
            memcpy(head.msg_id, field.data, KITH_MSG_ID);
            head.has_id = true;
        }
    }
    return head;
}

struct budget {
    size_t left;
    bool exceeded;
    bool exhausted;
};

static void *budget_alloc(void *ctx, size_t n)
{
    struct budget *b = ctx;
    size_t cost = n < 16 ? 32 : n + 16; /* what glibc's malloc really takes, about */
    if (cost > b->left) {
        b->exceeded = true;
        return NULL;
    }
    b->left -= cost;
    void *p = malloc(n);
    b->exhausted = b->exhausted || !p;
    return p;
}

static void budget_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static kith_err unpack(const uint8_t *data, size_t n, kith_envelope **ret, struct kith_why *why)
{
    struct budget budget = {.left = UNPACK_BUDGET};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    kith_envelope *env = kith__v1__envelope__unpack(&allocator, n, data);
    if (env) {
        *ret = env;
        return KITH_OK;
    }
    if (budget.exceeded) {
        kith_why_set(why, "Envelope has too many small parts");
        return KITH_ETOOBIG;
    }
    kith_why_set(why, budget.exhausted ? "out of memory" : "Envelope is no protobuf");
    return budget.exhausted ? KITH_ENOMEM : KITH_EDECODE;
}

static kith_err refuse(struct kith_why *why, kith_err err, const char *text)
{
    kith_why_set(why, "%s", text);
    return err;
}

static kith_err check_log(const Kith__V1__LogBatch *log, struct kith_why *why)
{
    for (size_t i = 0; i < log->n_records; i++) {
        const Kith__V1__Record *record = log->records[i];
        if (record->pos < 1 || record->count < 1) {
            kith_why_set(why, "element %zu: Record needs pos >= 1 and count >= 1", i);
            return KITH_EDECODE;
        }
    }
    return KITH_OK;
}

/* What the wire form cannot say. */
static kith_err check_body(const kith_envelope *env, struct kith_why *why)
{
    switch (env->body_case) {
    case KITH__V1__ENVELOPE__BODY_FETCH:
        if (env->fetch->credit > KITH_CREDIT_MAX)
            return refuse(why, KITH_ETOOBIG, "Fetch.credit is above 50000");
        if (env->fetch->after_pos < 0)
            return refuse(why, KITH_EDECODE, "Fetch.after_pos is negative");
        return KITH_OK;
    case KITH__V1__ENVELOPE__BODY_LOG:
        return check_log(env->log, why);
    case KITH__V1__ENVELOPE__BODY_COMMAND:
        if (env->command->verb[0] == '\0')
            return refuse(why, KITH_EDECODE, "Command.verb is empty");
        return KITH_OK;
    case KITH__V1__ENVELOPE__BODY__NOT_SET:
        return refuse(why, KITH_EDECODE, "Envelope has no body that this version knows");
    default:
        return KITH_OK;
    }
}

static kith_err check_head(const struct head *head, size_t n, struct kith_why *why)
{
    if (n > KITH_BUS_MAX_MESSAGE)
        return refuse(why, KITH_ETOOBIG, "Envelope is above 4 MiB");
    if (head->proto != KITH_PROTO) {
        kith_why_set(why, "Envelope.proto is %u, this side speaks %d", head->proto, KITH_PROTO);
        return KITH_EVERSION;
    }
    if (!head->has_id)
        return refuse(why, KITH_EDECODE, "Envelope.msg_id is not 16 bytes");
    return KITH_OK;
}

kith_err kith_msg_unpack(const uint8_t *data, size_t n, kith_envelope **ret,
                         uint8_t msg_id[KITH_MSG_ID], struct kith_why *why)
{
    assert(data || n == 0);
    struct head head = read_head(data, n);
    if (msg_id)
        memcpy(msg_id, head.msg_id, KITH_MSG_ID);
    kith_err err = check_head(&head, n, why);
    if (err == KITH_OK)
        err = kith_wire_check(&kith__v1__envelope__descriptor, data, n, &rules, why);
    kith_envelope *env = NULL;
    if (err == KITH_OK)
        err = unpack(data, n, &env, why);
    if (err == KITH_OK)
        err = check_body(env, why);
    if (err != KITH_OK) {
        kith_msg_free(env);
        return err;
    }
    *ret = env;
    return KITH_OK;
}

void kith_msg_free(kith_envelope *env)
{
    kith__v1__envelope__free_unpacked(env, NULL); /* NULL is fine */
}

/* ---- packing ---- */

kith_err kith_msg_pack(kith_envelope *env, uint8_t **ret, size_t *ret_n)
{
    assert(env->msg_id.len == KITH_MSG_ID && env->body_case != KITH__V1__ENVELOPE__BODY__NOT_SET);
    env->proto = KITH_PROTO;
    env->sent_at_us = (uint64_t)kith_clock_now_us();
    size_t n = kith__v1__envelope__get_packed_size(env);
    if (n > KITH_BUS_MAX_MESSAGE)
        return KITH_ETOOBIG;
    uint8_t *data = malloc(n);
    if (!data)
        return KITH_ENOMEM;
    *ret_n = kith__v1__envelope__pack(env, data);
    *ret = data;
    return KITH_OK;
}

void kith_msg_new_id(uint8_t id[KITH_MSG_ID])
{
    randombytes_buf(id, KITH_MSG_ID);
}

static Kith__V1__Error__Code code_of(kith_err err)
{
    switch (err) {
    case KITH_EINVAL:
    case KITH_EDECODE:
    case KITH_ETOOBIG:
        return KITH__V1__ERROR__CODE__MALFORMED;
    case KITH_EVERSION:
        return KITH__V1__ERROR__CODE__UNSUPPORTED_VERSION;
    case KITH_EDENIED:
        return KITH__V1__ERROR__CODE__DENIED;
    case KITH_ENOTFOUND:
        return KITH__V1__ERROR__CODE__UNKNOWN_STREAM;
    default:
        return kith_err_retryable(err) ? KITH__V1__ERROR__CODE__BUSY
                                       : KITH__V1__ERROR__CODE__INTERNAL;
    }
}

kith_err kith_msg_pack_error(const uint8_t msg_id[KITH_MSG_ID], kith_err err, const char *text,
                             uint32_t retry_after_ms, uint8_t **ret, size_t *ret_n)
{
    uint8_t id[KITH_MSG_ID];
    memcpy(id, msg_id, sizeof(id));
    Kith__V1__Error error = KITH__V1__ERROR__INIT;
    error.code = code_of(err);
    error.text = (char *)(text ? text : kith_err_text(err)); /* packing only reads */
    error.retry_after_ms = retry_after_ms;
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(id), id};
    env.body_case = KITH__V1__ENVELOPE__BODY_ERROR;
    env.error = &error;
    return kith_msg_pack(&env, ret, ret_n);
}

/* ---- byte buffers ---- */

kith_err kith_bytes_reserve(struct kith_bytes *b, size_t n)
{
    if (n > SIZE_MAX / 2 - b->n)
        return KITH_ENOMEM;
    if (b->n + n <= b->size)
        return KITH_OK;
    size_t size = b->size ? b->size : 256;
    while (size < b->n + n)
        size *= 2;
    uint8_t *data = realloc(b->data, size);
    if (!data)
        return KITH_ENOMEM;
    b->data = data;
    b->size = size;
    return KITH_OK;
}

kith_err kith_bytes_add(struct kith_bytes *b, const void *data, size_t n)
{
    kith_err err = kith_bytes_reserve(b, n);
    if (err != KITH_OK)
        return err;
    if (n) {
        memcpy(b->data + b->n, data, n);
        b->n += n;
    }
    return KITH_OK;
}

void kith_bytes_done(struct kith_bytes *b)
{
    free(b->data);
    *b = (struct kith_bytes){0};
}

kith_err kith_bytes_add_item(struct kith_bytes *b, const struct ProtobufCMessage *element)
{
    size_t n = protobuf_c_message_get_packed_size(element);
    uint8_t head[11] = {0x0a}; /* field 1, length-delimited */
    size_t head_n = 1;
    uint64_t left = n;
    do {
        head[head_n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        left >>= 7;
    } while (left);
    kith_err err = kith_bytes_reserve(b, head_n + n);
    if (err != KITH_OK)
        return err;
    memcpy(b->data + b->n, head, head_n);
    b->n += head_n;
    b->n += protobuf_c_message_pack(element, b->data + b->n);
    return KITH_OK;
}
