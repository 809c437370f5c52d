/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kith/msg.h"
#include "kith/v1/records.pb-c.h"
#include "risk/wire.h"

_Static_assert(
    (int)RISK_UNMAPPED == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_UNMAPPED &&
        (int)RISK_PRESENT == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_PRESENT &&
        (int)RISK_ABSENT_EXCUSED == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_ABSENT_EXCUSED &&
        (int)RISK_ABSENT_UNEXCUSED == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_ABSENT_UNEXCUSED &&
        (int)RISK_TARDY == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_TARDY &&
        (int)RISK_PARTIAL == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_PARTIAL &&
        (int)RISK_EARLY_DEPARTURE == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_EARLY_DEPARTURE &&
        (int)RISK_IGNORE == KITH__V1__ATTENDANCE_KIND__ATTENDANCE_IGNORE,
    "the domain's kinds are those of the log");
_Static_assert((int)RISK_CONSECUTIVE_UNEXCUSED == KITH__V1__RISK_RULE__CONSECUTIVE_UNEXCUSED &&
                   (int)RISK_LOW_ATTENDANCE == KITH__V1__RISK_RULE__LOW_ATTENDANCE &&
                   (int)RISK_NO_CONTACT == KITH__V1__RISK_RULE__NO_CONTACT,
               "the domain's rules are those of the log");

#define FLAGS_A_RECORD 5000 /* about 350 KB: a LogBatch must fit into one message */

/* A date that PostgreSQL and people can hold: years 1 to 9999. */
static bool date_ok(int32_t days)
{
    return days >= -719162 && days <= 2932896;
}

/* ---- reading ---- */

static kith_err decode_districts(const struct kith_record *r, struct risk_changes *ret)
{
    Kith__V1__DistrictChangedList *list =
        kith__v1__district_changed_list__unpack(NULL, r->n, r->payload);
    if (!list)
        return KITH_EDECODE;
    for (size_t i = 0; i < list->n_items; i++) {
        const char *zone = list->items[i]->time_zone;
        const char *day_status = list->items[i]->day_status;
        struct risk_precedence precedence;
        if (!zone[0] || strlen(zone) >= RISK_ZONE_MAX ||
            strlen(day_status) >= RISK_PRECEDENCE_MAX ||
            !risk_precedence_parse(day_status, &precedence)) {
            ret->invalid++;
            continue;
        }
        (void)strcpy(ret->zone, zone);
        (void)strcpy(ret->precedence, day_status);
    }
    kith__v1__district_changed_list__free_unpacked(list, NULL);
    return KITH_OK;
}

static kith_err decode_days(const struct kith_record *r, struct risk_changes *ret)
{
    Kith__V1__CalendarChangedList *list =
        kith__v1__calendar_changed_list__unpack(NULL, r->n, r->payload);
    if (!list)
        return KITH_EDECODE;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < list->n_items && err == KITH_OK; i++) {
        const Kith__V1__CalendarChanged *item = list->items[i];
        if (!date_ok(item->date)) {
            ret->invalid++;
            continue;
        }
        err = risk_changes_day(ret, (struct risk_day_change){
                                        .school_id = item->school_id,
                                        .calendar_id = item->calendar_id,
                                        .date = item->date,
                                        .instructional = item->instructional,
                                        .removed = item->removed,
                                    });
    }
    kith__v1__calendar_changed_list__free_unpacked(list, NULL);
    return err;
}

static kith_err decode_enrollments(const struct kith_record *r, struct risk_changes *ret)
{
    Kith__V1__EnrollmentChangedList *list =
        kith__v1__enrollment_changed_list__unpack(NULL, r->n, r->payload);
    if (!list)
        return KITH_EDECODE;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < list->n_items && err == KITH_OK; i++) {
        const Kith__V1__EnrollmentChanged *item = list->items[i];
        if (!date_ok(item->entry_date) || !date_ok(item->exit_date)) {
            ret->invalid++;
            continue;
        }
        err = risk_changes_enrollment(
            ret, (struct risk_enrollment_change){
                     .student_id = item->student_id,
                     .school_id = item->school_id,
                     .calendar_id = item->calendar_id,
                     .entry = item->entry_date,
                     .exit = item->exit_date == 0 ? RISK_OPEN : item->exit_date,
                     .removed = item->removed,
                 });
    }
    kith__v1__enrollment_changed_list__free_unpacked(list, NULL);
    return err;
}

/* AttendanceRecordedList and AttendanceRetractedList are the same on the wire. */
static kith_err decode_marks(const struct kith_record *r, bool removed, struct risk_changes *ret)
{
    Kith__V1__AttendanceRecordedList *list =
        kith__v1__attendance_recorded_list__unpack(NULL, r->n, r->payload);
    if (!list)
        return KITH_EDECODE;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < list->n_items && err == KITH_OK; i++) {
        const Kith__V1__AttendanceMark *item = list->items[i];
        if (!date_ok(item->date)) {
            ret->invalid++;
            continue;
        }
        int kind = (int)item->kind; /* also numbers that this version has no name for */
        bool known = kind > RISK_UNMAPPED && kind < RISK_KINDS;
        ret->unmapped += !known && !removed;
        err = risk_changes_mark(
            ret, (struct risk_mark_change){
                     .student_id = item->student_id,
                     .mark = {.school_id = item->school_id,
                              .place_id = item->place_id,
                              .session_id = item->session_id,
                              .category_id = item->category_id,
                              .date = item->date,
                              .kind = known ? (uint8_t)kind : (uint8_t)RISK_UNMAPPED},
                     .section = item->section,
                     .removed = removed,
                 });
    }
    kith__v1__attendance_recorded_list__free_unpacked(list, NULL);
    return err;
}

static kith_err decode_recorded(const struct kith_record *r, struct risk_changes *ret)
{
    return decode_marks(r, false, ret);
}

static kith_err decode_retracted(const struct kith_record *r, struct risk_changes *ret)
{
    return decode_marks(r, true, ret);
}

static const struct {
    int32_t type;
    kith_err (*decode)(const struct kith_record *r, struct risk_changes *ret);
    const char *name;
} readers[] = {
    {KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, decode_districts, "DISTRICT_CHANGED"},
    {KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, decode_days, "CALENDAR_CHANGED"},
    {KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, decode_enrollments, "ENROLLMENT_CHANGED"},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, decode_recorded, "ATTENDANCE_RECORDED"},
    {KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED, decode_retracted, "ATTENDANCE_RETRACTED"},
};

kith_err risk_decode(const struct kith_record *records, size_t n, struct risk_changes *ret,
                     struct kith_why *why)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < KITH_LEN(readers) && readers[k].type != records[i].type)
            k++;
        if (k == KITH_LEN(readers)) {
            ret->skipped++;
            continue;
        }
        kith_err err = readers[k].decode(&records[i], ret);
        if (err != KITH_OK) {
            kith_why_set(why, "%s at position %lld of ingest's log does not decode",
                         readers[k].name, (long long)records[i].pos);
            return err;
        }
    }
    return KITH_OK;
}

/* ---- writing ---- */

static kith_err add_flag(struct kith_bytes *payload, int32_t district, const struct risk_flag *flag,
                         int64_t cause_pos)
{
    struct kith_id id = risk_flag_id(district, flag);
    Kith__V1__Flag item = KITH__V1__FLAG__INIT;
    item.flag_id.data = id.b;
    item.flag_id.len = sizeof(id.b);
    item.student_id = flag->student_id;
    item.school_id = flag->school_id;
    item.rule = (Kith__V1__RiskRule)flag->rule;
    item.episode = flag->episode;
    item.since = flag->since;
    item.value = flag->value;
    item.threshold = flag->threshold;
    item.cause_pos = cause_pos;
    item.urgency = risk_urgency(flag->rule);
    return kith_bytes_add_item(payload, &item.base);
}

/* The flags that turned this way, a record for every FLAGS_A_RECORD of them. */
static kith_err append_turn(struct kith_owner *owner, struct kith_job *job, int32_t district,
                            int64_t at_us, const struct risk_flag_turns *turns, enum risk_turn turn,
                            int64_t cause_pos)
{
    static const int32_t types[RISK_TURNS] = {
        [RISK_RAISED] = KITH__V1__RECORD_TYPE__FLAG_RAISED,
        [RISK_UPDATED] = KITH__V1__RECORD_TYPE__FLAG_UPDATED,
        [RISK_CLEARED] = KITH__V1__RECORD_TYPE__FLAG_CLEARED,
    };
    struct kith_bytes payload = {0};
    int32_t count = 0;
    kith_err err = KITH_OK;
    for (uint32_t i = 0; i < turns->n && err == KITH_OK; i++) {
        if (turns->turn[i].turn != turn)
            continue;
        err = add_flag(&payload, district, &turns->turn[i].flag, cause_pos);
        if (err == KITH_OK && ++count == FLAGS_A_RECORD) {
            kith_owner_append(owner, job, district, 0, types[turn], count, at_us, payload.data,
                              payload.n);
            kith_bytes_done(&payload);
            count = 0;
        }
    }
    if (err == KITH_OK && count > 0)
        kith_owner_append(owner, job, district, 0, types[turn], count, at_us, payload.data,
                          payload.n);
    kith_bytes_done(&payload);
    return err;
}

kith_err risk_append_turns(struct kith_owner *owner, struct kith_job *job, int32_t district,
                           int64_t at_us, const struct risk_flag_turns *turns, int64_t cause_pos)
{
    /* what cleared goes first: a reader who stops in between has not too many */
    static const enum risk_turn order[] = {RISK_CLEARED, RISK_UPDATED, RISK_RAISED};
    for (size_t i = 0; i < KITH_LEN(order); i++) {
        kith_err err = append_turn(owner, job, district, at_us, turns, order[i], cause_pos);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

kith_err risk_append_contact(struct kith_owner *owner, struct kith_job *job, int32_t district,
                             int64_t at_us, const struct risk_contact *contact)
{
    Kith__V1__ContactLogged item = KITH__V1__CONTACT_LOGGED__INIT;
    item.student_id = contact->student_id;
    item.date = contact->date;
    item.kind = (char *)contact->kind;
    struct kith_bytes payload = {0};
    kith_err err = kith_bytes_add_item(&payload, &item.base);
    if (err == KITH_OK)
        kith_owner_append(owner, job, district, 0, KITH__V1__RECORD_TYPE__CONTACT_LOGGED, 1, at_us,
                          payload.data, payload.n);
    kith_bytes_done(&payload);
    return err;
}
