/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/wire_internal.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define FIELDS_MAX 32 /* of one message; a schema beyond it trips the assert in its own unit test */
#define DEPTH_MAX  8

enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

struct walk {
    const struct kith_wire_rules *rules;
    struct kith_why *why;
    unsigned depth;
    int64_t element; /* of the outermost list, for the message; -1 = in none */
};

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*at == end)
            return false;
        uint8_t b = *(*at)++;
        if (shift == 63 && b > 1)
            return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static bool read_span(const uint8_t **at, const uint8_t *end, uint64_t n,
                      struct kith_wire_field *field)
{
    if (n > (uint64_t)(end - *at))
        return false;
    field->data = *at;
    field->n = (size_t)n;
    *at += n;
    return true;
}

kith_err kith_wire_next(const uint8_t **at, const uint8_t *end, struct kith_wire_field *ret)
{
    uint64_t tag;
    if (!read_varint(at, end, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return KITH_EDECODE;
    struct kith_wire_field field = {.id = (uint32_t)(tag >> 3), .wire_type = (uint8_t)(tag & 7)};
    uint64_t n = 0;
    bool ok = false;
    switch (field.wire_type) {
    case VARINT:
        ok = read_varint(at, end, &field.number);
        break;
    case FIXED64:
        ok = read_span(at, end, 8, &field);
        break;
    case DELIMITED:
        ok = read_varint(at, end, &n) && read_span(at, end, n, &field);
        break;
    case FIXED32:
        ok = read_span(at, end, 4, &field);
        break;
    default: /* groups: not in proto3 */
        break;
    }
    if (!ok)
        return KITH_EDECODE;
    *ret = field;
    return KITH_OK;
}

static uint8_t wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return DELIMITED;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return FIXED32;
    default:
        return VARINT;
    }
}

/* Length of the UTF-8 sequence at p (Unicode 15, table 3-7: no overlong form, no surrogate), 0 = none. NUL is refused too. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || size > n)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return size;
}

static bool is_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t size = utf8_sequence(p + i, n - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

static kith_err refuse(const struct walk *w, const ProtobufCMessageDescriptor *message,
                       const char *field, kith_err err, const char *what)
{
    if (w->element >= 0)
        kith_why_set(w->why, "element %lld: %s%s%s %s", (long long)w->element, message->short_name,
                     field[0] ? "." : "", field, what);
    else
        kith_why_set(w->why, "%s%s%s %s", message->short_name, field[0] ? "." : "", field, what);
    return err;
}

static struct kith_wire_limit limit_of(const struct walk *w,
                                       const ProtobufCMessageDescriptor *message, uint32_t field)
{
    struct kith_wire_limit found = {.text = w->rules->text_max};
    for (const struct kith_wire_limit *l = w->rules->limits; l->message; l++) {
        if (l->message == message && l->field == field) {
            found.count = l->count;
            found.text = l->text ? l->text : found.text;
        }
    }
    return found;
}

/* The index of the field in the descriptor; -1 = a field of a newer sender. */
static int index_of(const ProtobufCMessageDescriptor *message, uint32_t id)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(message, id);
    return field ? (int)(field - message->fields) : -1;
}

static bool oneof_taken(const ProtobufCMessageDescriptor *message, const uint32_t *seen, int index)
{
    const ProtobufCFieldDescriptor *field = &message->fields[index];
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return false;
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &message->fields[i];
        if (seen[i] && (int)i != index && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            other->quantifier_offset == field->quantifier_offset)
            return true;
    }
    return false;
}

static kith_err check_message(struct walk *w, const ProtobufCMessageDescriptor *message,
                              const uint8_t *data, size_t n);

static kith_err check_value(struct walk *w, const ProtobufCMessageDescriptor *message,
                            const ProtobufCFieldDescriptor *field,
                            const struct kith_wire_field *value, size_t text_max)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        if (value->n > text_max)
            return refuse(w, message, field->name, KITH_ETOOBIG, "is too long");
        if (!is_text(value->data, value->n))
            return refuse(w, message, field->name, KITH_EDECODE, "is not UTF-8 or holds a NUL");
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM &&
        (value->number > INT32_MAX ||
         !protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value->number)))
        return refuse(w, message, field->name, KITH_EDECODE, "has an unknown value");
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (w->depth == DEPTH_MAX)
            return refuse(w, message, field->name, KITH_EDECODE, "is nested too deep");
        return check_message(w, field->descriptor, value->data, value->n);
    }
    return KITH_OK;
}

static kith_err check_field(struct walk *w, const ProtobufCMessageDescriptor *message,
                            uint32_t *seen, const struct kith_wire_field *value)
{
    int index = index_of(message, value->id);
    if (index < 0)
        return KITH_OK;
    const ProtobufCFieldDescriptor *field = &message->fields[index];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (value->wire_type != wire_type_of(field->type))
        return refuse(w, message, field->name, KITH_EDECODE, "has another wire type");
    struct kith_wire_limit limit = limit_of(w, message, value->id);
    if (repeated && limit.count && seen[index] >= limit.count)
        return refuse(w, message, field->name, KITH_ETOOBIG, "has too many elements");
    if (!repeated && (seen[index] || oneof_taken(message, seen, index)))
        return refuse(w, message, field->name, KITH_EDECODE, "is given twice");
    bool outermost = repeated && w->element < 0;
    if (outermost)
        w->element = seen[index];
    seen[index]++;
    kith_err err = check_value(w, message, field, value, limit.text);
    if (outermost)
        w->element = -1;
    return err;
}

static kith_err check_message(struct walk *w, const ProtobufCMessageDescriptor *message,
                              const uint8_t *data, size_t n)
{
    assert(message->n_fields <= FIELDS_MAX);
    uint32_t seen[FIELDS_MAX] = {0};
    const uint8_t *end = data + n;
    kith_err err = KITH_OK;
    w->depth++;
    while (data < end && err == KITH_OK) {
        struct kith_wire_field value;
        if (kith_wire_next(&data, end, &value) != KITH_OK)
            err = refuse(w, message, "", KITH_EDECODE, "is cut off or no protobuf");
        else
            err = check_field(w, message, seen, &value);
    }
    w->depth--;
    return err;
}

kith_err kith_wire_check(const ProtobufCMessageDescriptor *message, const uint8_t *data, size_t n,
                         const struct kith_wire_rules *rules, struct kith_why *why)
{
    struct walk w = {.rules = rules, .why = why, .element = -1};
    return check_message(&w, message, data, n);
}
