/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "kith/v1/records.pb-c.h"
#include "notification/decode.h"

static struct kith_bytes payload;

static struct kith_record record(int32_t type, int64_t pos)
{
    return (struct kith_record){
        .pos = pos, .count = 1, .type = type, .at_us = 77, .payload = payload.data, .n = payload.n};
}

static void add(const ProtobufCMessage *item)
{
    assert_ok(kith_bytes_add_item(&payload, item));
}

static int clear(void **state)
{
    (void)state;
    kith_bytes_done(&payload);
    return 0;
}

static void decode(int32_t type, struct notif_changes *c)
{
    struct kith_record r = record(type, 5);
    assert_ok(notif_decode_changes(&r, 1, c));
}

static void staff_and_addresses(void **state)
{
    (void)state;
    static const char *const emails[] = {"a@x.example", "", "a@x.example\r\nBcc: b@y.example",
                                         "\xff\xfe@x", "no at"};
    for (size_t i = 0; i < KITH_LEN(emails); i++) {
        Kith__V1__StaffChanged m = KITH__V1__STAFF_CHANGED__INIT;
        m.staff_id = (int64_t)i + 1;
        m.email = (char *)emails[i];
        m.removed = i == 4;
        add(&m.base);
    }
    struct notif_changes c;
    notif_changes_init(&c);
    decode(KITH__V1__RECORD_TYPE__STAFF_CHANGED, &c);
    const struct notif_staff *s = c.staff.items;
    assert_int_equal(c.staff.n, 5);
    assert_string_equal(s[0].email, "a@x.example");
    for (size_t i = 1; i < 5; i++)
        assert_string_equal(s[i].email, ""); /* nobody can be reached there */
    assert_true(s[4].head.removed);
    notif_changes_done(&c);
}

static void names_are_cut_between_characters(void **state)
{
    (void)state;
    char longer[300];
    for (size_t i = 0; i < 149; i++)
        memcpy(longer + 2 * i, "\xc3\xa9", 2); /* two bytes each */
    longer[298] = '\0';
    char *names[] = {longer, (char *)"\xff", (char *)"Lyc\xc3\xa9"};
    for (size_t i = 0; i < KITH_LEN(names); i++) {
        Kith__V1__SchoolChanged m = KITH__V1__SCHOOL_CHANGED__INIT;
        m.school_id = (int64_t)i;
        m.name = names[i];
        add(&m.base);
    }
    struct notif_changes c;
    notif_changes_init(&c);
    decode(KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, &c);
    const struct notif_school *s = c.schools.items;
    assert_int_equal(strlen(s[0].name), 126);
    assert_string_equal(s[1].name, "");
    assert_string_equal(s[2].name, "Lyc\xc3\xa9");
    notif_changes_done(&c);
}

static void dates_outside_the_calendar(void **state)
{
    (void)state;
    static const int32_t dates[] = {INT32_MIN, -719163, -719162, 0,
                                    20000,     2932896, 2932897, INT32_MAX};
    for (size_t i = 0; i < KITH_LEN(dates); i++) {
        Kith__V1__EnrollmentChanged m = KITH__V1__ENROLLMENT_CHANGED__INIT;
        m.student_id = 1;
        m.entry_date = dates[i];
        add(&m.base);
    }
    struct notif_changes c;
    notif_changes_init(&c);
    decode(KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, &c);
    assert_int_equal(c.enrollments.n, 4);
    assert_int_equal(c.skipped_bad, 4);
    notif_changes_done(&c);
}

static void members_are_students_or_staff(void **state)
{
    (void)state;
    static const int64_t both[][2] = {{1, 0}, {0, 2}, {0, 0}, {1, 2}};
    for (size_t i = 0; i < KITH_LEN(both); i++) {
        Kith__V1__CohortMemberChanged m = KITH__V1__COHORT_MEMBER_CHANGED__INIT;
        m.cohort_id = 9;
        m.student_id = both[i][0];
        m.staff_id = both[i][1];
        add(&m.base);
    }
    struct notif_changes c;
    notif_changes_init(&c);
    decode(KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED, &c);
    assert_int_equal(c.members.n, 2);
    assert_int_equal(c.skipped_bad, 2);
    notif_changes_done(&c);
}

static void districts_and_odd_records(void **state)
{
    (void)state;
    Kith__V1__DistrictChanged m = KITH__V1__DISTRICT_CHANGED__INIT;
    m.time_zone = (char *)"America/Chicago";
    m.default_email = (char *)"d@x.example";
    add(&m.base);
    m.time_zone = (char *)"bad\nzone";
    m.default_email = (char *)"d2@x.example";
    add(&m.base);
    struct notif_changes c;
    notif_changes_init(&c);
    decode(KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &c);
    assert_true(c.has_district);
    assert_string_equal(c.district.time_zone, "");
    assert_string_equal(c.district.default_email, "d2@x.example"); /* the newest */
    decode(999, &c);
    assert_int_equal(c.skipped_unknown, 1);
    decode(KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED,
           &c); /* known, not needed: not even decoded */
    assert_int_equal(c.skipped_unknown, 1);
    clear(NULL);
    assert_ok(kith_bytes_add(&payload, "\x0a\xff", 2));
    decode(KITH__V1__RECORD_TYPE__STAFF_CHANGED, &c);
    assert_int_equal(c.skipped_bad, 1);
    notif_changes_done(&c);
}

static void flags(void **state)
{
    (void)state;
    uint8_t id[17] = {1};
    for (size_t n = 15; n <= 17; n++) {
        Kith__V1__Flag m = KITH__V1__FLAG__INIT;
        m.flag_id = (ProtobufCBinaryData){n, id};
        m.student_id = 5;
        m.urgency = (int32_t)n; /* of a newer version */
        m.cause_pos = 12;
        add(&m.base);
    }
    struct notif_flags f;
    notif_flags_init(&f);
    struct kith_record r = record(KITH__V1__RECORD_TYPE__FLAG_CLEARED, 9);
    assert_ok(notif_decode_flags(&r, &f));
    assert_int_equal(f.list.n, 1);
    assert_int_equal(f.skipped_bad, 2);
    const struct notif_flag *flag = f.list.items;
    assert_int_equal(flag->kind, NOTIF_FLAG_CLEARED);
    assert_int_equal(flag->pos, 9);
    assert_int_equal(flag->at_us, 77);
    assert_int_equal(flag->cause_pos, 12);
    assert_int_equal(flag->urgency, 3);
    r.type = KITH__V1__RECORD_TYPE__CONTACT_LOGGED;
    assert_ok(notif_decode_flags(&r, &f));
    assert_int_equal(f.skipped_unknown, 0);
    r.type = 1000;
    assert_ok(notif_decode_flags(&r, &f));
    assert_int_equal(f.skipped_unknown, 1);
    assert_int_equal(f.list.n, 1);
    notif_flags_done(&f);
}

/* The naive model: a dictionary, last write wins. */
static void compaction_keeps_the_newest_of_each_key(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (int round = 0; round < 1000; round++) {
        struct notif_changes c;
        notif_changes_init(&c);
        int32_t newest[3][3][3] = {
            {{0}}}; /* exit date by student, school, entry date; 0 = no such key */
        size_t n = test_random(&seed) % 60;
        size_t keys = 0;
        for (size_t i = 0; i < n; i++) {
            struct notif_enrollment *e = notif_list_add(&c.enrollments);
            assert_non_null(e);
            e->head.seq = (uint32_t)i;
            e->student_id = (int64_t)(test_random(&seed) % 3);
            e->school_id = (int64_t)(test_random(&seed) % 3);
            e->entry_date = (int32_t)(test_random(&seed) % 3);
            e->exit_date = (int32_t)i + 1;
            int32_t *at = &newest[e->student_id][e->school_id][e->entry_date];
            keys += *at == 0;
            *at = e->exit_date;
        }
        notif_changes_compact(&c);
        assert_int_equal(c.enrollments.n, keys);
        const struct notif_enrollment *e = c.enrollments.items;
        for (size_t i = 0; i < c.enrollments.n; i++)
            assert_int_equal(e[i].exit_date,
                             newest[e[i].student_id][e[i].school_id][e[i].entry_date]);
        notif_changes_done(&c);
    }
}

static void our_own_records(void **state)
{
    (void)state;
    struct kith_id id = {{4}};
    assert_ok(notif_encode_alert(&payload, &id, 5, 6, "advisor"));
    Kith__V1__AlertList *list = kith__v1__alert_list__unpack(NULL, payload.n, payload.data);
    assert_non_null(list);
    assert_int_equal(list->n_items, 1);
    assert_int_equal(list->items[0]->alert_id.len, 16);
    assert_int_equal(list->items[0]->student_id, 5);
    assert_int_equal(list->items[0]->staff_id, 6);
    assert_string_equal(list->items[0]->reason, "advisor");
    kith__v1__alert_list__free_unpacked(list, NULL);
    assert_int_equal(notif_record_opened, 64);
    assert_int_equal(notif_record_resolved, 65);
    assert_int_equal(notif_record_failed, 66);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(staff_and_addresses, clear),
        cmocka_unit_test_teardown(names_are_cut_between_characters, clear),
        cmocka_unit_test_teardown(dates_outside_the_calendar, clear),
        cmocka_unit_test_teardown(members_are_students_or_staff, clear),
        cmocka_unit_test_teardown(districts_and_odd_records, clear),
        cmocka_unit_test_teardown(flags, clear),
        cmocka_unit_test_teardown(compaction_keeps_the_newest_of_each_key, clear),
        cmocka_unit_test_teardown(our_own_records, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
