/* SPDX-License-Identifier: Apache-2.0 */
/* A look at protobuf bytes before they are unpacked, led by the generated descriptors. It refuses what protobuf-c would take
 * silently or pay memory for: strings with a NUL (cut by C) or bad UTF-8, a singular field or oneof given twice, unknown enum
 * values, more elements or longer text than the limits say. Pure; used by msg.c only. */
#ifndef KITH_WIRE_INTERNAL_H
#define KITH_WIRE_INTERNAL_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

/* Elements of a repeated field, or bytes of a string field (of each element of a repeated string: `text`). */
struct kith_wire_limit {
    const ProtobufCMessageDescriptor *message;
    uint32_t field;
    size_t count; /* 0 = no limit of its own */
    size_t text;  /* 0 = text_max */
};

struct kith_wire_rules {
    size_t text_max;
    const struct kith_wire_limit *limits; /* ends with {0} */
};

/* One field on the wire. For length-delimited fields `data`, `n`; else `number`. */
struct kith_wire_field {
    uint32_t id;
    uint8_t wire_type;
    uint64_t number;
    const uint8_t *data;
    size_t n;
};
/* Takes the next field off [*at, end). Errors: KITH_EDECODE. */
KITH_MUST_CHECK kith_err kith_wire_next(const uint8_t **at, const uint8_t *end,
                                        struct kith_wire_field *ret);

/* Errors: KITH_EDECODE, KITH_ETOOBIG; `why` names message, field and, inside a list, the element. */
KITH_MUST_CHECK kith_err kith_wire_check(const ProtobufCMessageDescriptor *message,
                                         const uint8_t *data, size_t n,
                                         const struct kith_wire_rules *rules, struct kith_why *why);

#endif
