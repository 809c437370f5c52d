/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/records.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kith/cleanup.h"
#include "kith/clock.h"
#include "kith/v1/records.pb-c.h"

#define BYTES_SHOWN 64

static const struct {
    int32_t type;
    const ProtobufCMessageDescriptor *list;
} lists[] = {
    {KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &kith__v1__district_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, &kith__v1__school_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, &kith__v1__calendar_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__STAFF_CHANGED, &kith__v1__staff_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__STAFF_ROLE_CHANGED, &kith__v1__staff_role_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, &kith__v1__enrollment_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__COHORT_CHANGED, &kith__v1__cohort_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED,
     &kith__v1__cohort_member_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, &kith__v1__attendance_recorded_list__descriptor},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED, &kith__v1__attendance_retracted_list__descriptor},
    {KITH__V1__RECORD_TYPE__SECTION_CHANGED, &kith__v1__section_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__ROSTER_CHANGED, &kith__v1__roster_changed_list__descriptor},
    {KITH__V1__RECORD_TYPE__GRADE_POSTED, &kith__v1__grade_posted_list__descriptor},
    {KITH__V1__RECORD_TYPE__CREDIT_EARNED, &kith__v1__credit_earned_list__descriptor},
    {KITH__V1__RECORD_TYPE__INCIDENT_REPORTED, &kith__v1__incident_reported_list__descriptor},
    {KITH__V1__RECORD_TYPE__SURVEY_ANSWERED, &kith__v1__survey_answered_list__descriptor},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_TAKEN, &kith__v1__attendance_taken_list__descriptor},
    {KITH__V1__RECORD_TYPE__FEED_LATE, &kith__v1__feed_late_list__descriptor},
    {KITH__V1__RECORD_TYPE__IMPORT_QUARANTINED, &kith__v1__import_quarantined_list__descriptor},
    {KITH__V1__RECORD_TYPE__FLAG_RAISED, &kith__v1__flag_list__descriptor},
    {KITH__V1__RECORD_TYPE__FLAG_UPDATED, &kith__v1__flag_list__descriptor},
    {KITH__V1__RECORD_TYPE__FLAG_CLEARED, &kith__v1__flag_list__descriptor},
    {KITH__V1__RECORD_TYPE__CONTACT_LOGGED, &kith__v1__contact_logged_list__descriptor},
    {KITH__V1__RECORD_TYPE__ALERT_OPENED, &kith__v1__alert_list__descriptor},
    {KITH__V1__RECORD_TYPE__ALERT_RESOLVED, &kith__v1__alert_list__descriptor},
    {KITH__V1__RECORD_TYPE__DELIVERY_FAILED, &kith__v1__alert_list__descriptor},
};

const char *cli_record_name(int32_t type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&kith__v1__record_type__descriptor, type);
    return value ? value->name : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), end_n = strlen(end);
    return n >= end_n && strcmp(text + n - end_n, end) == 0;
}

static json_t *text_value(const char *field, const char *text)
{
    const char *at = strchr(text, '@');
    if (ends_with(field, "email") && at)
        return json_sprintf("*%s", at);
    return json_string(text);
}

static json_t *bytes_value(const ProtobufCBinaryData *bytes)
{
    char hex[2 * BYTES_SHOWN + 1] = "";
    for (size_t i = 0; i < bytes->len && i < BYTES_SHOWN; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes->data[i]);
    return json_string(hex);
}

/* Fields of sint32 type are dates, days since 1970; 0 means "none" there. */
static json_t *date_value(int32_t days)
{
    char text[11];
    if (days == 0)
        return json_null();
    kith_date_format(days, text);
    return json_string(text);
}

static json_t *enum_value(const ProtobufCFieldDescriptor *field, int number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);
    return value ? json_string(value->name) : json_integer(number);
}

/* One scalar of the types that records use. */
static json_t *scalar(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_SINT32:
        return date_value(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_INT32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
        return json_integer(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_value(field, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return text_value(field->name, *(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_value(at);
    default:
        return json_string("(a type that this version does not print)");
    }
}

static json_t *object(const ProtobufCMessage *message)
{
    json_t *ret = json_object();
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        (void)json_object_set_new(ret, field->name,
                                  scalar(field, (const char *)message + field->offset));
    }
    return ret;
}

/* `list` has one field, `repeated ... items = 1` (proto/kith/v1/records.proto). */
static json_t *items_of(const ProtobufCMessage *list)
{
    const ProtobufCFieldDescriptor *field = &list->descriptor->fields[0];
    const char *base = (const char *)list;
    size_t n = *(const size_t *)(base + field->quantifier_offset);
    ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)(base + field->offset);
    json_t *ret = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(ret, object(items[i]));
    return ret;
}

json_t *cli_record_items(int32_t type, const uint8_t *payload, size_t n)
{
    for (size_t i = 0; i < KITH_LEN(lists); i++) {
        if (lists[i].type != type)
            continue;
        ProtobufCMessage *list = protobuf_c_message_unpack(lists[i].list, NULL, n, payload);
        if (!list)
            return NULL;
        json_t *ret = items_of(list);
        protobuf_c_message_free_unpacked(list, NULL);
        return ret;
    }
    return NULL;
}
