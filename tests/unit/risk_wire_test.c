/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "kith/msg.h"
#include "kith/v1/records.pb-c.h"
#include "risk/wire.h"

static struct kith_record record(int32_t type, struct kith_bytes *payload)
{
    return (struct kith_record){
        .pos = 7, .count = 1, .type = type, .payload = payload->data, .n = payload->n};
}

static void add(struct kith_bytes *payload, const ProtobufCMessage *item)
{
    assert_ok(kith_bytes_add_item(payload, item));
}

static void marks_come_in_their_order(void **state)
{
    (void)state;
    struct kith_bytes payload = {0};
    Kith__V1__AttendanceMark item = KITH__V1__ATTENDANCE_MARK__INIT;
    item.student_id = 5;
    item.school_id = 6;
    item.place_id = 7;
    item.session_id = 8;
    item.category_id = 9;
    item.date = 20000;
    item.kind = KITH__V1__ATTENDANCE_KIND__ATTENDANCE_TARDY;
    item.section = true;
    add(&payload, &item.base);
    struct kith_record records[] = {
        record(KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, &payload),
        record(KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, &payload), /* not ours to read */
        record(KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED, &payload),
    };
    struct risk_changes c = {0};
    struct kith_why why = {""};
    assert_ok(risk_decode(records, 3, &c, &why));
    assert_int_equal(c.n_marks, 2);
    assert_int_equal(c.skipped, 1);
    assert_int_equal(c.unmapped, 0);
    const struct risk_mark_change *m = &c.marks[0];
    assert_int_equal(m->student_id, 5);
    assert_int_equal(m->mark.school_id, 6);
    assert_int_equal(m->mark.place_id, 7);
    assert_int_equal(m->mark.session_id, 8);
    assert_int_equal(m->mark.category_id, 9);
    assert_int_equal(m->mark.date, 20000);
    assert_int_equal(m->mark.kind, RISK_TARDY);
    assert_true(m->section);
    assert_false(m->removed);
    assert_true(c.marks[1].removed);
    risk_changes_settle(&c);
    assert_int_equal(c.n_marks, 1);
    assert_true(c.marks[0].removed);
    risk_changes_done(&c);
    kith_bytes_done(&payload);
}

static void what_cannot_be_true_is_left_out(void **state)
{
    (void)state;
    struct kith_bytes payload = {0};
    Kith__V1__AttendanceMark item = KITH__V1__ATTENDANCE_MARK__INIT;
    item.kind = (Kith__V1__AttendanceKind)42; /* of a later version: unmapped */
    item.date = 20000;
    add(&payload, &item.base);
    item.date = 2932897; /* 10000-01-01 */
    add(&payload, &item.base);
    item.date = -719163; /* 0000-12-31 */
    add(&payload, &item.base);
    struct kith_record r = record(KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, &payload);
    struct risk_changes c = {0};
    assert_ok(risk_decode(&r, 1, &c, NULL));
    assert_int_equal(c.n_marks, 1);
    assert_int_equal(c.marks[0].mark.kind, RISK_UNMAPPED);
    assert_int_equal(c.unmapped, 1);
    assert_int_equal(c.invalid, 2);
    kith_bytes_done(&payload);

    Kith__V1__DistrictChanged district = KITH__V1__DISTRICT_CHANGED__INIT;
    char zone[RISK_ZONE_MAX + 1];
    memset(zone, 'x', RISK_ZONE_MAX);
    zone[RISK_ZONE_MAX] = '\0';
    district.time_zone = zone;
    add(&payload, &district.base);
    r = record(KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &payload);
    assert_ok(risk_decode(&r, 1, &c, NULL));
    assert_string_equal(c.zone, "");
    assert_int_equal(c.invalid, 3);
    risk_changes_done(&c);
    kith_bytes_done(&payload);
}

static void enrollments_and_days(void **state)
{
    (void)state;
    struct kith_bytes payload = {0};
    Kith__V1__EnrollmentChanged e = KITH__V1__ENROLLMENT_CHANGED__INIT;
    e.student_id = 5;
    e.school_id = 6;
    e.entry_date = 100;
    e.calendar_id = 3;
    add(&payload, &e.base);
    e.exit_date = 200;
    e.removed = true;
    add(&payload, &e.base);
    struct risk_changes c = {0};
    struct kith_record r = record(KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, &payload);
    assert_ok(risk_decode(&r, 1, &c, NULL));
    assert_int_equal(c.n_enrollments, 2);
    assert_int_equal(c.enrollments[0].exit, RISK_OPEN);
    assert_int_equal(c.enrollments[0].calendar_id, 3);
    assert_int_equal(c.enrollments[1].exit, 200);
    assert_true(c.enrollments[1].removed);
    kith_bytes_done(&payload);

    Kith__V1__CalendarChanged d = KITH__V1__CALENDAR_CHANGED__INIT;
    d.school_id = 6;
    d.calendar_id = 3;
    d.date = 101;
    d.instructional = true;
    add(&payload, &d.base);
    r = record(KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, &payload);
    assert_ok(risk_decode(&r, 1, &c, NULL));
    assert_int_equal(c.n_days, 1);
    assert_true(c.days[0].instructional);
    kith_bytes_done(&payload);

    Kith__V1__DistrictChanged district = KITH__V1__DISTRICT_CHANGED__INIT;
    district.time_zone = (char *)"America/Chicago";
    add(&payload, &district.base);
    r = record(KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &payload);
    assert_ok(risk_decode(&r, 1, &c, NULL));
    assert_string_equal(c.zone, "America/Chicago");
    risk_changes_done(&c);
    kith_bytes_done(&payload);
}

static void a_broken_payload_stops_with_its_position(void **state)
{
    (void)state;
    uint8_t broken[] = {0x0a, 0x7f, 0x01};
    static const int32_t types[] = {
        KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, KITH__V1__RECORD_TYPE__CALENDAR_CHANGED,
        KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED,
        KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED};
    for (size_t i = 0; i < KITH_LEN(types); i++) {
        struct kith_record r = {
            .pos = 4242, .count = 1, .type = types[i], .payload = broken, .n = sizeof(broken)};
        struct risk_changes c = {0};
        struct kith_why why = {""};
        assert_err(risk_decode(&r, 1, &c, &why), KITH_EDECODE);
        assert_non_null(strstr(why.text, "4242"));
        risk_changes_done(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_come_in_their_order),
        cmocka_unit_test(what_cannot_be_true_is_left_out),
        cmocka_unit_test(enrollments_and_days),
        cmocka_unit_test(a_broken_payload_stops_with_its_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
