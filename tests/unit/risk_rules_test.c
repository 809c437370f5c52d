/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "risk/rules.h"

static const struct risk_params usual = {
    .consecutive_days = 3,
    .consecutive_clear_days = 3,
    .low_permille = 900,
    .low_clear_permille = 920,
    .min_days = 20,
    .no_contact_days = 20,
};

/* U unexcused, E excused, T tardy, . present; dates are 10, 20, ... so that they are not positions. */
static size_t days_from(const char *text, struct risk_day *days)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        days[i] = (struct risk_day){
            .date = (int32_t)(i + 1) * 10,
            .status = text[i] == 'U'   ? RISK_ABSENT_UNEXCUSED
                      : text[i] == 'E' ? RISK_ABSENT_EXCUSED
                      : text[i] == 'T' ? RISK_TARDY
                                       : RISK_PRESENT,
        };
    return n;
}

static void a_run_is_flagged_until_three_days_passed(void **state)
{
    (void)state;
    static const struct {
        const char *days;
        bool on;
        int32_t since;
        int32_t value;
    } cases[] = {
        {"", false, 0, 0},        {"UU", false, 0, 0},         {"UUU", true, 10, 3},
        {".UUUU", true, 20, 4},   {"UUU.", true, 10, 3},       {"UUU..", true, 10, 3},
        {"UUU...", false, 0, 0},  {"UUU.U", true, 10, 3}, /* the run still stands: one day after it is no return */
        {"UUU.UU", false, 0, 0},  /* two more days: three counted days passed */
        {"UUU.UUU", true, 50, 3}, /* the latest run is shown */
        {"UUEUU", false, 0, 0},   /* an excused day breaks a run */
        {"UUTUU", false, 0, 0},   {"UUUU.UUU..", true, 60, 3}, {"EEEEE", false, 0, 0},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        struct risk_day days[64];
        size_t n = days_from(cases[i].days, days);
        struct risk_verdict v = risk_consecutive_unexcused(&usual, days, n);
        if (v.on != cases[i].on ||
            (v.on && (v.since != cases[i].since || v.value != cases[i].value)))
            fail_msg("\"%s\": on %d since %d value %d", cases[i].days, v.on, v.since, v.value);
    }
}

/* `days` counted days of which every `nth` is missed. */
static size_t misses(struct risk_day *days, size_t n, const size_t *missed, size_t n_missed)
{
    for (size_t i = 0; i < n; i++)
        days[i] = (struct risk_day){(int32_t)i, RISK_PRESENT};
    for (size_t i = 0; i < n_missed; i++)
        days[missed[i]].status = i % 2 ? RISK_ABSENT_EXCUSED : RISK_ABSENT_UNEXCUSED;
    return n;
}

static void low_attendance_waits_for_twenty_days(void **state)
{
    (void)state;
    struct risk_day days[100];
    static const size_t three[] = {0, 1, 2};
    assert_false(risk_low_attendance(&usual, days, misses(days, 19, three, 3)).on);
    struct risk_verdict v = risk_low_attendance(&usual, days, misses(days, 20, three, 3));
    assert_true(v.on);
    assert_int_equal(v.since, 19);
    assert_int_equal(v.value, 850);
}

static void low_attendance_has_an_edge_and_hysteresis(void **state)
{
    (void)state;
    struct risk_day days[100];
    static const size_t three[] = {0, 1, 2};
    /* exactly 900 permille is not below */
    assert_false(risk_low_attendance(&usual, days, misses(days, 20, three, 2)).on);
    /* on at 20 (850), stays on at 30 (900) and at 37 (918), off at 38 (921) */
    assert_true(risk_low_attendance(&usual, days, misses(days, 30, three, 3)).on);
    struct risk_verdict v = risk_low_attendance(&usual, days, misses(days, 37, three, 3));
    assert_true(v.on);
    assert_int_equal(v.value, 918);
    assert_int_equal(v.since, 19);
    assert_false(risk_low_attendance(&usual, days, misses(days, 38, three, 3)).on);
    /* the same 918 permille reached from above never switches on */
    static const size_t late[] = {34, 35, 36};
    assert_false(risk_low_attendance(&usual, days, misses(days, 37, late, 3)).on);
    /* back on: since is the day it switched on last */
    static const size_t twice[] = {0, 1, 2, 38, 39};
    v = risk_low_attendance(&usual, days, misses(days, 40, twice, 5));
    assert_true(v.on);
    assert_int_equal(v.since, 38);
    assert_int_equal(v.value, 875);
}

static void tardy_and_partial_days_are_attended(void **state)
{
    (void)state;
    struct risk_day days[40];
    for (size_t i = 0; i < 40; i++)
        days[i] = (struct risk_day){(int32_t)i, i % 2 ? RISK_PARTIAL : RISK_TARDY};
    struct risk_verdict v = risk_low_attendance(&usual, days, 40);
    assert_false(v.on);
    assert_int_equal(v.value, 1000);
}

static void no_contact_switches_at_twenty_days(void **state)
{
    (void)state;
    assert_false(risk_no_contact(&usual, 5, 19).on);
    struct risk_verdict v = risk_no_contact(&usual, 5, 20);
    assert_true(v.on);
    assert_int_equal(v.since, 5);
    assert_int_equal(v.value, 20);
}

/* With the horizon fixed, turning any day into an unexcused absence never takes a flag of the first two rules away... */
static void more_absence_never_helps(void **state)
{
    (void)state;
    uint64_t seed = 20261123;
    for (int round = 0; round < 4000; round++) {
        struct risk_day days[60];
        size_t n = 1 + test_random(&seed) % 60;
        unsigned miss = (unsigned)(test_random(&seed) % 10);
        for (size_t i = 0; i < n; i++)
            days[i] = (struct risk_day){
                (int32_t)i, test_random(&seed) % 10 < miss ? RISK_ABSENT_UNEXCUSED : RISK_PRESENT};
        struct risk_verdict run = risk_consecutive_unexcused(&usual, days, n);
        struct risk_verdict rate = risk_low_attendance(&usual, days, n);
        days[test_random(&seed) % n].status = RISK_ABSENT_UNEXCUSED;
        struct risk_verdict worse_run = risk_consecutive_unexcused(&usual, days, n);
        struct risk_verdict worse_rate = risk_low_attendance(&usual, days, n);
        assert_true(worse_run.on || !run.on);
        assert_true(worse_rate.on || !rate.on);
        assert_true(worse_rate.value <= rate.value);
    }
}

static void thresholds_names_and_digest(void **state)
{
    (void)state;
    assert_int_equal(risk_threshold(&usual, RISK_LOW_ATTENDANCE), 900);
    assert_int_equal(risk_threshold(&usual, RISK_CONSECUTIVE_UNEXCUSED), 3);
    assert_int_equal(risk_threshold(&usual, RISK_NO_CONTACT), 20);
    assert_int_equal(risk_urgency(RISK_CONSECUTIVE_UNEXCUSED), 3);
    assert_int_equal(risk_urgency(RISK_NO_CONTACT), 1);
    assert_string_equal(risk_rule_name(RISK_LOW_ATTENDANCE), "low_attendance");
    struct risk_params other = usual;
    assert_true(risk_params_digest(&other, &risk_default_precedence) ==
                risk_params_digest(&usual, &risk_default_precedence));
    other.no_contact_days = 21;
    assert_true(risk_params_digest(&other, &risk_default_precedence) !=
                risk_params_digest(&usual, &risk_default_precedence));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_flagged_until_three_days_passed),
        cmocka_unit_test(low_attendance_waits_for_twenty_days),
        cmocka_unit_test(low_attendance_has_an_edge_and_hysteresis),
        cmocka_unit_test(tardy_and_partial_days_are_attended),
        cmocka_unit_test(no_contact_switches_at_twenty_days),
        cmocka_unit_test(more_absence_never_helps),
        cmocka_unit_test(thresholds_names_and_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
