/* SPDX-License-Identifier: Apache-2.0 */
/* The native door's messages, for the sender: the only file of the client that knows protobuf. */
#ifndef INGEST_CLIENT_WIRE_H
#define INGEST_CLIENT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

struct wire_row {
    const char *resource;
    const char *json;
    bool retract;
};
/* An EventBatch in its envelope, malloc'ed. Errors: KITH_ENOMEM, KITH_ETOOBIG. */
KITH_MUST_CHECK kith_err wire_pack(uint64_t seq, const struct wire_row *rows, size_t n,
                                   uint8_t **ret, size_t *ret_n);

struct wire_reply {
    bool ack; /* else an error */
    bool denied;
    char text[200];
    uint64_t seq;
    uint32_t accepted, updated, duplicate, retry_after_ms;
    size_t rejected_n;
    struct wire_rejected {
        uint32_t index;
        int code;
        char text[200];
    } * rejected; /* malloc'ed */
};
/* False: not for us. wire_reply_done frees. */
bool wire_unpack(const uint8_t *data, size_t n, struct wire_reply *ret);
void wire_reply_done(struct wire_reply *r);

#endif
