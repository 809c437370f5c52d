/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: unpack and validate in one place, so that handlers see only valid messages. protobuf-c's types come with
 * "kith/v1/envelope.pb-c.h", which only handlers (and msg.c, stream.c) include. */
#ifndef KITH_MSG_H
#define KITH_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

#define KITH_PROTO        1 /* wire major */
#define KITH_MSG_ID       16
#define KITH_BATCH_MAX    5000 /* events in an EventBatch */
#define KITH_TEXT_MAX     4096 /* bytes of any string but Item.json and CommandReply */
#define KITH_COMMAND_ARGS 64
#define KITH_CREDIT_MAX   50000

typedef struct Kith__V1__Envelope kith_envelope;

/* Decodes and checks one envelope: wire major, msg_id of 16 bytes, exactly one body, every size within the limits above, strings
 * valid UTF-8 without NUL, no singular field given twice, enum values known or (in records) kept. An Event may still have no body (a
 * newer sender's kind): that event alone is rejected by the handler. Goes to kith_msg_free().
 * Errors: KITH_EVERSION, KITH_EDECODE, KITH_ETOOBIG, KITH_ENOMEM; `why` names the field. When the frame decodes as far as msg_id,
 * `msg_id` (may be NULL) receives it also on failure (else zeroes), so that an Error can be addressed. */
KITH_MUST_CHECK kith_err kith_msg_unpack(const uint8_t *data, size_t n, kith_envelope **ret,
                                         uint8_t msg_id[KITH_MSG_ID], struct kith_why *why);
void kith_msg_free(kith_envelope *env);

/* Packs after setting proto and sent_at_us. `*ret` is malloc'ed, the caller's. Errors: KITH_ENOMEM, KITH_ETOOBIG. */
KITH_MUST_CHECK kith_err kith_msg_pack(kith_envelope *env, uint8_t **ret, size_t *ret_n);

/* 16 random bytes. */
void kith_msg_new_id(uint8_t id[KITH_MSG_ID]);

/* A packed Error answering msg_id, code chosen from `err`. The caller frees. */
KITH_MUST_CHECK kith_err kith_msg_pack_error(const uint8_t msg_id[KITH_MSG_ID], kith_err err,
                                             const char *text, uint32_t retry_after_ms,
                                             uint8_t **ret, size_t *ret_n);

/* A growing byte buffer for hand-packed repeated fields: `payload = concat(tag, length, element)`. */
struct kith_bytes {
    uint8_t *data;
    size_t n;
    size_t size;
};
KITH_MUST_CHECK kith_err kith_bytes_add(struct kith_bytes *b, const void *data, size_t n);
/* Room for n more bytes at b->data + b->n (then add to b->n yourself). */
KITH_MUST_CHECK kith_err kith_bytes_reserve(struct kith_bytes *b, size_t n);
void kith_bytes_done(struct kith_bytes *b); /* frees and zeroes */

/* Append `element` as one element of a record list's `repeated ... items = 1`. `element` is any packed-able protobuf-c message
 * (ProtobufCMessage *). */
struct ProtobufCMessage;
KITH_MUST_CHECK kith_err kith_bytes_add_item(struct kith_bytes *b,
                                             const struct ProtobufCMessage *element);

#endif
