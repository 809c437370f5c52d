/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/records.h"
#include "kith/clock.h"
#include "kith/v1/records.pb-c.h"

static char *packed(const ProtobufCMessage *message, size_t *n)
{
    *n = protobuf_c_message_get_packed_size(message);
    char *data = malloc(*n + 1);
    assert_non_null(data);
    assert_int_equal(protobuf_c_message_pack(message, (uint8_t *)data), *n);
    return data;
}

static char *items_text(int32_t type, const ProtobufCMessage *list)
{
    size_t n;
    char *data = packed(list, &n);
    json_t *items = cli_record_items(type, (const uint8_t *)data, n);
    free(data);
    assert_non_null(items);
    char *text = json_dumps(items, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(items);
    assert_non_null(text);
    return text;
}

static void marks(void **state)
{
    (void)state;
    Kith__V1__AttendanceMark mark = KITH__V1__ATTENDANCE_MARK__INIT;
    mark.student_id = 5000000000;
    mark.kind = KITH__V1__ATTENDANCE_KIND__ATTENDANCE_TARDY;
    mark.date = kith_date_from_civil(2026, 9, 14);
    mark.section = 1;
    Kith__V1__AttendanceMark *marks[] = {&mark, &mark};
    Kith__V1__AttendanceRecordedList list = KITH__V1__ATTENDANCE_RECORDED_LIST__INIT;
    list.n_items = 2;
    list.items = marks;
    char *text = items_text(KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED, &list.base);
    const char *one = "{\"category_id\":0,\"date\":\"2026-09-14\",\"kind\":\"ATTENDANCE_TARDY\","
                      "\"place_id\":0,\"school_id\":0,\"section\":true,\"session_id\":0,"
                      "\"student_id\":5000000000}";
    char wanted[1024];
    (void)snprintf(wanted, sizeof(wanted), "[%s,%s]", one, one);
    assert_string_equal(text, wanted);
    free(text);
}

/* An open end is null, an id is hex, an unknown enum value stays a number. */
static void odd_values(void **state)
{
    (void)state;
    uint8_t id[] = {0xab, 0x01};
    Kith__V1__Flag flag = KITH__V1__FLAG__INIT;
    flag.flag_id = (ProtobufCBinaryData){.len = sizeof(id), .data = id};
    flag.rule = (Kith__V1__RiskRule)99;
    Kith__V1__Flag *flags[] = {&flag};
    Kith__V1__FlagList list = KITH__V1__FLAG_LIST__INIT;
    list.n_items = 1;
    list.items = flags;
    char *text = items_text(KITH__V1__RECORD_TYPE__FLAG_RAISED, &list.base);
    assert_non_null(strstr(text, "\"flag_id\":\"ab01\""));
    assert_non_null(strstr(text, "\"rule\":99"));
    assert_non_null(strstr(text, "\"since\":null"));
    free(text);
}

static void addresses_are_cut(void **state)
{
    (void)state;
    Kith__V1__StaffChanged staff = KITH__V1__STAFF_CHANGED__INIT;
    staff.email = (char *)"pat@district.example";
    Kith__V1__StaffChanged *all[] = {&staff};
    Kith__V1__StaffChangedList list = KITH__V1__STAFF_CHANGED_LIST__INIT;
    list.n_items = 1;
    list.items = all;
    char *text = items_text(KITH__V1__RECORD_TYPE__STAFF_CHANGED, &list.base);
    assert_null(strstr(text, "pat"));
    assert_non_null(strstr(text, "*@district.example"));
    free(text);
}

static void not_understood(void **state)
{
    (void)state;
    const uint8_t bad[] = {0x0a, 0x7f, 0x00};
    assert_null(cli_record_items(KITH__V1__RECORD_TYPE__FLAG_RAISED, bad, sizeof(bad)));
    assert_null(cli_record_items(12345, bad, 0));
    assert_null(cli_record_name(12345));
}

/* Every type that has a name, but "unspecified", can be printed: a new record type is not forgotten. */
static void every_type_is_known(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *types = &kith__v1__record_type__descriptor;
    for (unsigned i = 0; i < types->n_values; i++) {
        int32_t type = types->values[i].value;
        assert_string_equal(cli_record_name(type), types->values[i].name);
        json_t *items = cli_record_items(type, (const uint8_t *)"", 0);
        if (type != KITH__V1__RECORD_TYPE__RECORD_UNSPECIFIED && !items)
            fail_msg("%s is missing in handlers_records.c", types->values[i].name);
        json_decref(items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks),
        cmocka_unit_test(odd_values),
        cmocka_unit_test(addresses_are_cut),
        cmocka_unit_test(not_understood),
        cmocka_unit_test(every_type_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
