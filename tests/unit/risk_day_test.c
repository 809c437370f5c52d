/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "risk/day.h"

static void the_later_correction_wins(void **state)
{
    (void)state;
    static const uint8_t strongest_first[] = {
        RISK_TARDY,          RISK_EARLY_DEPARTURE,  RISK_PARTIAL,
        RISK_ABSENT_EXCUSED, RISK_ABSENT_UNEXCUSED, RISK_PRESENT};
    for (size_t i = 0; i < KITH_LEN(strongest_first); i++) {
        for (size_t k = i; k < KITH_LEN(strongest_first); k++) {
            uint8_t a = strongest_first[i];
            uint8_t b = strongest_first[k];
            assert_int_equal(risk_stronger(&risk_default_precedence, a, b), a);
            assert_int_equal(risk_stronger(&risk_default_precedence, b, a), a);
        }
    }
}

static void unexplained_marks_say_nothing(void **state)
{
    (void)state;
    static const uint8_t silent[] = {RISK_UNMAPPED, RISK_IGNORE, 8, 255};
    for (size_t i = 0; i < KITH_LEN(silent); i++) {
        assert_int_equal(risk_stronger(&risk_default_precedence, silent[i], RISK_PRESENT),
                         RISK_PRESENT);
        assert_int_equal(risk_stronger(&risk_default_precedence, RISK_ABSENT_UNEXCUSED, silent[i]),
                         RISK_ABSENT_UNEXCUSED);
        assert_int_equal(risk_stronger(&risk_default_precedence, silent[i], silent[i]),
                         RISK_UNMAPPED);
    }
}

static void both_ends_of_an_enrollment_count(void **state)
{
    (void)state;
    static const int32_t dates[] = {1, 2, 3, 5, 6, 9};
    struct risk_span span = {.entry = 2, .exit = 6, .dates = dates, .n = KITH_LEN(dates)};
    struct risk_days days = {0};
    assert_ok(risk_school_days(&span, 1, RISK_NO_DATE, RISK_OPEN, &days));
    assert_int_equal(days.n, 4);
    assert_int_equal(days.day[0].date, 2);
    assert_int_equal(days.day[3].date, 6);
    assert_ok(risk_school_days(&span, 1, 3, 5, &days));
    assert_int_equal(days.n, 2);
    assert_ok(risk_school_days(&span, 1, 7, 8, &days));
    assert_int_equal(days.n, 0);
    free(days.day);
}

static void a_day_counts_once(void **state)
{
    (void)state;
    static const int32_t one[] = {1, 2, 3, 4};
    static const int32_t other[] = {3, 4, 5};
    struct risk_span spans[] = {
        {.entry = 3, .exit = RISK_OPEN, .dates = other, .n = 3},
        {.entry = 2, .exit = 4, .dates = one, .n = 4},
        {.entry = 1, .exit = 3, .dates = NULL, .n = 0}, /* a calendar that nobody described */
    };
    struct risk_days days = {0};
    assert_ok(risk_school_days(spans, 3, RISK_NO_DATE, 100, &days));
    assert_int_equal(days.n, 4);
    for (int32_t i = 0; i < 4; i++)
        assert_int_equal(days.day[i].date, i + 2);
    free(days.day);
}

static void marks_of_other_days_and_schools_are_passed_over(void **state)
{
    (void)state;
    static const int32_t dates[] = {1, 2, 4};
    struct risk_span span = {.entry = 1, .exit = RISK_OPEN, .dates = dates, .n = 3};
    static const struct risk_mark marks[] = {
        {.school_id = 7, .date = 0, .kind = RISK_ABSENT_UNEXCUSED},
        {.school_id = 8, .date = 1, .kind = RISK_ABSENT_UNEXCUSED},
        {.school_id = 7, .date = 2, .category_id = 1, .kind = RISK_ABSENT_UNEXCUSED},
        {.school_id = 7, .date = 2, .category_id = 2, .kind = RISK_ABSENT_EXCUSED},
        {.school_id = 7, .date = 3, .kind = RISK_ABSENT_UNEXCUSED},
        {.school_id = 7, .date = 4, .kind = RISK_UNMAPPED},
        {.school_id = 7, .date = 5, .kind = RISK_ABSENT_UNEXCUSED},
    };
    struct risk_days days = {0};
    assert_ok(risk_school_days(&span, 1, RISK_NO_DATE, 100, &days));
    risk_mark_days(&days, marks, KITH_LEN(marks), 7, &risk_default_precedence);
    assert_int_equal(days.day[0].status, RISK_PRESENT);
    assert_int_equal(days.day[1].status, RISK_ABSENT_EXCUSED);
    assert_int_equal(days.day[2].status, RISK_PRESENT);
    free(days.day);
}

static void precedence_as_text(void **state)
{
    (void)state;
    struct risk_precedence p = {.positive = true};
    assert_true(risk_precedence_parse("", &p));
    assert_memory_equal(&p, &risk_default_precedence, sizeof(p));
    assert_true(risk_precedence_parse(
        "tardy,early_departure,partial,absent_excused,absent_unexcused,present", &p));
    assert_memory_equal(&p, &risk_default_precedence, sizeof(p));
    assert_true(risk_precedence_parse(
        "absent_unexcused,present,absent_excused,partial,tardy,early_departure;positive", &p));
    assert_int_equal(risk_stronger(&p, RISK_TARDY, RISK_ABSENT_UNEXCUSED), RISK_ABSENT_UNEXCUSED);
    assert_int_equal(risk_stronger(&p, RISK_TARDY, RISK_PRESENT), RISK_PRESENT);
    assert_true(p.positive);
    static const char *const wrong[] = {
        ",",
        "tardy",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,tardy",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,present,",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,present;",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,present;negative",
        "tardy,early_departure,partial,absent_excused,absent_unexcused,ignore",
        ";positive"};
    struct risk_precedence before = p;
    for (size_t i = 0; i < KITH_LEN(wrong); i++)
        assert_false(risk_precedence_parse(wrong[i], &p));
    assert_memory_equal(&p, &before, sizeof(p));
}

static void days_without_a_mark(void **state)
{
    (void)state;
    struct risk_day made[] = {{10, RISK_PRESENT}, {11, RISK_PRESENT}, {12, RISK_PRESENT}};
    struct risk_days days = {.day = made, .n = 3, .size = 3};
    const struct risk_mark marks[] = {{.school_id = 7, .date = 10, .kind = RISK_PRESENT},
                                      {.school_id = 7, .date = 11, .kind = RISK_UNMAPPED},
                                      {.school_id = 7, .date = 12, .kind = RISK_ABSENT_EXCUSED}};
    struct risk_precedence positive = risk_default_precedence;
    positive.positive = true;
    risk_mark_days(&days, marks, KITH_LEN(marks), 7, &positive);
    assert_int_equal(days.n, 2);
    assert_int_equal(days.day[0].date, 10);
    assert_int_equal(days.day[1].date, 12);
    assert_int_equal(days.day[1].status, RISK_ABSENT_EXCUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence_as_text),
        cmocka_unit_test(days_without_a_mark),
        cmocka_unit_test(the_later_correction_wins),
        cmocka_unit_test(unexplained_marks_say_nothing),
        cmocka_unit_test(both_ends_of_an_enrollment_count),
        cmocka_unit_test(a_day_counts_once),
        cmocka_unit_test(marks_of_other_days_and_schools_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
