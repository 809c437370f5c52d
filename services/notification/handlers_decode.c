/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "kith/v1/records.pb-c.h"
#include "notification/decode.h"
#include "notification/route.h"

const int32_t notif_record_opened = KITH__V1__RECORD_TYPE__ALERT_OPENED;
const int32_t notif_record_resolved = KITH__V1__RECORD_TYPE__ALERT_RESOLVED;
const int32_t notif_record_failed = KITH__V1__RECORD_TYPE__DELIVERY_FAILED;

/* Dates that PostgreSQL can hold and people live in: years 1 to 9999. */
static bool date_ok(int32_t days)
{
    return days >= -719162 && days <= 2932896;
}

static void copy_address(char *to, const char *address)
{
    if (notif_address_ok(address))
        memcpy(to, address, strlen(address) + 1);
    else
        to[0] = '\0';
}

/* A short word that stands in a key or names a zone: printable ASCII, else refused. */
static bool copy_word(char *to, size_t size, const char *word)
{
    size_t n = strlen(word);
    if (n >= size)
        return false;
    for (size_t i = 0; i < n; i++)
        if (word[i] < ' ' || word[i] > '~')
            return false;
    memcpy(to, word, n + 1);
    return true;
}

/* As much of a name as fits, cut between characters; "" when it is not UTF-8. */
static void copy_name(char *to, size_t size, const char *name)
{
    size_t n = strnlen(name, size - 1);
    while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80)
        n--;
    json_t *checked = json_stringn(name, n); /* NULL: not UTF-8 */
    if (!checked)
        n = 0;
    json_decref(checked);
    memcpy(to, name, n);
    to[n] = '\0';
}

static kith_err district_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__DistrictChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__DistrictChanged *from = l->items[i];
        ret->has_district = true;
        copy_address(ret->district.default_email, from->default_email);
        if (!copy_word(ret->district.time_zone, NOTIF_ZONE_SIZE, from->time_zone))
            ret->district.time_zone[0] = '\0';
    }
    return KITH_OK;
}

static kith_err school_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__SchoolChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        struct notif_school *to = notif_list_add(&ret->schools);
        if (!to)
            return KITH_ENOMEM;
        to->head = (struct notif_head){(uint32_t)ret->schools.n, l->items[i]->removed};
        to->school_id = l->items[i]->school_id;
        copy_name(to->name, sizeof(to->name), l->items[i]->name);
    }
    return KITH_OK;
}

static kith_err staff_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__StaffChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        struct notif_staff *to = notif_list_add(&ret->staff);
        if (!to)
            return KITH_ENOMEM;
        to->head = (struct notif_head){(uint32_t)ret->staff.n, l->items[i]->removed};
        to->staff_id = l->items[i]->staff_id;
        copy_address(to->email, l->items[i]->email);
    }
    return KITH_OK;
}

static kith_err role_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__StaffRoleChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__StaffRoleChanged *from = l->items[i];
        char role[NOTIF_ROLE_SIZE];
        if (!copy_word(role, sizeof(role), from->role) || !date_ok(from->begin_date) ||
            !date_ok(from->end_date)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_role *to = notif_list_add(&ret->roles);
        if (!to)
            return KITH_ENOMEM;
        *to = (struct notif_role){.head = {(uint32_t)ret->roles.n, from->removed},
                                  .staff_id = from->staff_id,
                                  .school_id = from->school_id,
                                  .begin_date = from->begin_date,
                                  .end_date = from->end_date};
        memcpy(to->role, role, sizeof(role));
    }
    return KITH_OK;
}

static kith_err enrollment_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__EnrollmentChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__EnrollmentChanged *from = l->items[i];
        if (!date_ok(from->entry_date) || !date_ok(from->exit_date)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_enrollment *to = notif_list_add(&ret->enrollments);
        if (!to)
            return KITH_ENOMEM;
        *to = (struct notif_enrollment){.head = {(uint32_t)ret->enrollments.n, from->removed},
                                        .student_id = from->student_id,
                                        .school_id = from->school_id,
                                        .entry_date = from->entry_date,
                                        .exit_date = from->exit_date};
    }
    return KITH_OK;
}

static kith_err cohort_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__CohortChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        struct notif_cohort *to = notif_list_add(&ret->cohorts);
        if (!to)
            return KITH_ENOMEM;
        *to = (struct notif_cohort){
            .head = {(uint32_t)ret->cohorts.n, l->items[i]->removed},
            .cohort_id = l->items[i]->cohort_id,
            .advisory = l->items[i]->advisory,
        };
    }
    return KITH_OK;
}

static kith_err member_changed(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__CohortMemberChangedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__CohortMemberChanged *from = l->items[i];
        if ((from->student_id == 0) == (from->staff_id == 0) || !date_ok(from->begin_date) ||
            !date_ok(from->end_date)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_member *to = notif_list_add(&ret->members);
        if (!to)
            return KITH_ENOMEM;
        *to = (struct notif_member){.head = {(uint32_t)ret->members.n, from->removed},
                                    .cohort_id = from->cohort_id,
                                    .student_id = from->student_id,
                                    .staff_id = from->staff_id,
                                    .begin_date = from->begin_date,
                                    .end_date = from->end_date};
    }
    return KITH_OK;
}

/* ---- notices for the data manager ---- */

static struct notif_flag *add_notice(struct notif_changes *ret, const ProtobufCBinaryData *id,
                                     int32_t rule, bool raised, int32_t date)
{
    struct notif_flag *to = notif_list_add(&ret->notices);
    if (!to)
        return NULL;
    memcpy(to->flag_id.b, id->data, sizeof(to->flag_id.b));
    to->kind = raised ? NOTIF_FLAG_RAISED : NOTIF_FLAG_CLEARED;
    to->rule = rule;
    to->since = date;
    to->episode = 1;
    to->urgency = 2;
    return to;
}

static kith_err feed_late(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__FeedLateList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__FeedLate *from = l->items[i];
        if (from->notice_id.len != sizeof(struct kith_id) || !date_ok(from->date)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_feed *feed = notif_list_add(&ret->feeds);
        struct notif_flag *to =
            add_notice(ret, &from->notice_id, NOTIF_RULE_FEED_LATE, from->late, from->date);
        if (!feed || !to)
            return KITH_ENOMEM;
        *feed = (struct notif_feed){.head = {(uint32_t)ret->feeds.n, false},
                                    .school_id = from->school_id,
                                    .late = from->late};
        to->school_id = from->school_id;
        to->value = from->usual;
        to->threshold = from->due_minute;
    }
    return KITH_OK;
}

static kith_err import_quarantined(const ProtobufCMessage *list, struct notif_changes *ret)
{
    const Kith__V1__ImportQuarantinedList *l = (const void *)list;
    for (size_t i = 0; i < l->n_items; i++) {
        const Kith__V1__ImportQuarantined *from = l->items[i];
        if (from->notice_id.len != sizeof(struct kith_id) || !date_ok(from->date)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_flag *to = add_notice(ret, &from->notice_id, NOTIF_RULE_IMPORT_QUARANTINED,
                                           from->waiting, from->date);
        if (!to)
            return KITH_ENOMEM;
        to->value = from->import_id > INT32_MAX ? INT32_MAX : (int32_t)from->import_id;
    }
    return KITH_OK;
}

/* What we read of ingest's log; `add` NULL: known, but not needed here. */
static const struct decoder {
    int32_t type;
    const ProtobufCMessageDescriptor *list;
    kith_err (*add)(const ProtobufCMessage *list, struct notif_changes *ret);
} decoders[] = {
    {KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &kith__v1__district_changed_list__descriptor,
     district_changed},
    {KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, &kith__v1__school_changed_list__descriptor,
     school_changed},
    {KITH__V1__RECORD_TYPE__STAFF_CHANGED, &kith__v1__staff_changed_list__descriptor,
     staff_changed},
    {KITH__V1__RECORD_TYPE__STAFF_ROLE_CHANGED, &kith__v1__staff_role_changed_list__descriptor,
     role_changed},
    {KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, &kith__v1__enrollment_changed_list__descriptor,
     enrollment_changed},
    {KITH__V1__RECORD_TYPE__COHORT_CHANGED, &kith__v1__cohort_changed_list__descriptor,
     cohort_changed},
    {KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED,
     &kith__v1__cohort_member_changed_list__descriptor, member_changed},
    {KITH__V1__RECORD_TYPE__FEED_LATE, &kith__v1__feed_late_list__descriptor, feed_late},
    {KITH__V1__RECORD_TYPE__IMPORT_QUARANTINED, &kith__v1__import_quarantined_list__descriptor,
     import_quarantined},
    {KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, NULL, NULL},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, NULL, NULL},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED, NULL, NULL},
};

static const struct decoder *find_decoder(int32_t type)
{
    for (size_t i = 0; i < KITH_LEN(decoders); i++)
        if (decoders[i].type == type)
            return &decoders[i];
    return NULL;
}

kith_err notif_decode_changes(const struct kith_record *records, size_t n,
                              struct notif_changes *ret)
{
    for (size_t i = 0; i < n; i++) {
        const struct decoder *d = find_decoder(records[i].type);
        if (!d)
            ret->skipped_unknown += (uint64_t)records[i].count;
        if (!d || !d->add)
            continue;
        ProtobufCMessage *list =
            protobuf_c_message_unpack(d->list, NULL, records[i].n, records[i].payload);
        if (!list) {
            ret->skipped_bad += (uint64_t)records[i].count;
            continue;
        }
        size_t before = ret->notices.n;
        kith_err err = d->add(list, ret);
        protobuf_c_message_free_unpacked(list, NULL);
        if (err != KITH_OK)
            return err;
        struct notif_flag *notice = ret->notices.items;
        for (size_t k = before; k < ret->notices.n; k++) {
            notice[k].pos = records[i].pos;
            notice[k].at_us = records[i].at_us;
        }
    }
    return KITH_OK;
}

static bool flag_kind(int32_t type, enum notif_flag_kind *ret)
{
    switch (type) {
    case KITH__V1__RECORD_TYPE__FLAG_RAISED:
        *ret = NOTIF_FLAG_RAISED;
        return true;
    case KITH__V1__RECORD_TYPE__FLAG_UPDATED:
        *ret = NOTIF_FLAG_UPDATED;
        return true;
    case KITH__V1__RECORD_TYPE__FLAG_CLEARED:
        *ret = NOTIF_FLAG_CLEARED;
        return true;
    default:
        return false;
    }
}

static void copy_flag(struct notif_flag *to, const Kith__V1__Flag *from)
{
    memcpy(to->flag_id.b, from->flag_id.data, sizeof(to->flag_id.b));
    to->student_id = from->student_id;
    to->school_id = from->school_id;
    to->rule = (int32_t)from->rule;
    to->episode = from->episode;
    to->since = from->since;
    to->value = from->value;
    to->threshold = from->threshold;
    to->cause_pos = from->cause_pos;
    /* an urgency of a newer version: at most urgent, at least routine */
    to->urgency = from->urgency < 1 ? 1 : from->urgency > 3 ? 3 : from->urgency;
}

static kith_err add_flags(const Kith__V1__FlagList *list, enum notif_flag_kind kind,
                          const struct kith_record *record, struct notif_flags *ret)
{
    for (size_t i = 0; i < list->n_items; i++) {
        const Kith__V1__Flag *from = list->items[i];
        if (from->flag_id.len != sizeof(struct kith_id) || !date_ok(from->since)) {
            ret->skipped_bad++;
            continue;
        }
        struct notif_flag *to = notif_list_add(&ret->list);
        if (!to)
            return KITH_ENOMEM;
        copy_flag(to, from);
        to->kind = kind;
        to->pos = record->pos;
        to->at_us = record->at_us;
    }
    return KITH_OK;
}

kith_err notif_decode_flags(const struct kith_record *record, struct notif_flags *ret)
{
    enum notif_flag_kind kind;
    if (!flag_kind(record->type, &kind)) {
        if (record->type != KITH__V1__RECORD_TYPE__CONTACT_LOGGED)
            ret->skipped_unknown += (uint64_t)record->count;
        return KITH_OK;
    }
    Kith__V1__FlagList *list = kith__v1__flag_list__unpack(NULL, record->n, record->payload);
    if (!list) {
        ret->skipped_bad += (uint64_t)record->count;
        return KITH_OK;
    }
    kith_err err = add_flags(list, kind, record, ret);
    kith__v1__flag_list__free_unpacked(list, NULL);
    return err;
}

kith_err notif_encode_alert(struct kith_bytes *payload, const struct kith_id *alert_id,
                            int64_t student_id, int64_t staff_id, const char *reason)
{
    Kith__V1__Alert alert = KITH__V1__ALERT__INIT;
    struct kith_id id = *alert_id;
    alert.alert_id = (ProtobufCBinaryData){sizeof(id.b), id.b};
    alert.student_id = student_id;
    alert.staff_id = staff_id;
    alert.reason = (char *)reason;
    return kith_bytes_add_item(payload, &alert.base);
}
