/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/policy: what may be set, what it comes to. */
#include "kith_test.h"

#include "ingest/policy.h"

static void what_may_be_set(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool good, school;
    } cases[] = {
        {"attendance_due", "10:00", true, true},
        {"attendance_due", "never", true, true},
        {"attendance_due", "", true, true},
        {"attendance_due", "noon", false, false},
        {"attendance", "positive", true, false},
        {"attendance", "negative", true, false},
        {"attendance", "", true, false},
        {"attendance", "maybe", false, false},
        {"partial_absent", "50%", true, false},
        {"partial_absent", "100%", true, false},
        {"partial_absent", "off", true, false},
        {"partial_absent", "0%", false, false},
        {"partial_absent", "101%", false, false},
        {"partial_absent", "50", false, false},
        {"partial_absent", "50%%", false, false},
        {"day_status", "present,tardy,partial,early_departure,absent_unexcused,absent_excused",
         true, false},
        {"day_status", "present,tardy,partial,early_departure,absent_unexcused", false, false},
        {"day_status", "present,tardy,partial,early_departure,absent_unexcused,present", false,
         false},
        {"day_status", "present,tardy,partial,early_departure,absent_unexcused,ignore", false,
         false},
        {"day_status", "present,tardy,partial,early_departure,absent_unexcused,absent_excused,",
         false, false},
        {"something", "1", false, false},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        bool good = ingest_policy_valid(cases[i].name, cases[i].value, false);
        if (good != cases[i].good)
            fail_msg("%s = %s", cases[i].name, cases[i].value);
        assert_int_equal(ingest_policy_valid(cases[i].name, cases[i].value, true), cases[i].school);
    }
}

static void what_risk_is_told(void **state)
{
    (void)state;
    struct ingest_policy p = {0};
    char text[INGEST_POLICY_TEXT + 16];
    ingest_policy_day_status(&p, text);
    assert_string_equal(text, "");
    assert_true(ingest_policy_take(&p, "attendance", "positive"));
    ingest_policy_day_status(&p, text);
    assert_string_equal(
        text, "tardy,early_departure,partial,absent_excused,absent_unexcused,present;positive");
    assert_true(ingest_policy_take(
        &p, "day_status", "present,tardy,partial,early_departure,absent_unexcused,absent_excused"));
    assert_true(ingest_policy_take(&p, "attendance", ""));
    ingest_policy_day_status(&p, text);
    assert_string_equal(text,
                        "present,tardy,partial,early_departure,absent_unexcused,absent_excused");
}

static void parts_of_days(void **state)
{
    (void)state;
    struct ingest_policy p = {0};
    assert_int_equal(ingest_policy_kind(&p, INGEST_KIND_PARTIAL, "{\"eventDuration\":1}"),
                     INGEST_KIND_PARTIAL);
    assert_true(ingest_policy_take(&p, "partial_absent", "50%"));
    static const struct {
        enum ingest_kind kind;
        const char *extra;
        enum ingest_kind is;
    } cases[] = {
        {INGEST_KIND_PARTIAL, NULL, INGEST_KIND_PARTIAL},
        {INGEST_KIND_PARTIAL, "{}", INGEST_KIND_PARTIAL},
        {INGEST_KIND_PARTIAL, "{\"eventDuration\":0.49}", INGEST_KIND_PARTIAL},
        {INGEST_KIND_PARTIAL, "{\"eventDuration\":0.5}", INGEST_KIND_ABSENT_EXCUSED},
        {INGEST_KIND_EARLY_DEPARTURE, "{\"eventDuration\":1}", INGEST_KIND_ABSENT_EXCUSED},
        {INGEST_KIND_TARDY, "{\"eventDuration\":1}", INGEST_KIND_TARDY},
        {INGEST_KIND_PARTIAL, "{\"eventDuration\":\"1\"}", INGEST_KIND_PARTIAL},
        {INGEST_KIND_PARTIAL, "no json", INGEST_KIND_PARTIAL},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++)
        assert_int_equal(ingest_policy_kind(&p, cases[i].kind, cases[i].extra), cases[i].is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_may_be_set),
                                       cmocka_unit_test(what_risk_is_told),
                                       cmocka_unit_test(parts_of_days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
