/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "risk/changes.h"
#include "risk/map.h"

static struct risk_mark_change mark(int64_t student, int32_t date, uint8_t kind, bool removed)
{
    return (struct risk_mark_change){
        .student_id = student,
        .mark = {.school_id = 1, .place_id = 1, .session_id = 1, .date = date, .kind = kind},
        .removed = removed,
    };
}

static void the_last_word_stays(void **state)
{
    (void)state;
    struct risk_changes c = {0};
    assert_ok(risk_changes_mark(&c, mark(2, 5, RISK_TARDY, false)));
    assert_ok(risk_changes_mark(&c, mark(1, 9, RISK_ABSENT_UNEXCUSED, false)));
    assert_ok(risk_changes_mark(&c, mark(1, 9, RISK_ABSENT_UNEXCUSED, true)));
    assert_ok(risk_changes_mark(&c, mark(1, 8, RISK_ABSENT_UNEXCUSED, true)));
    assert_ok(risk_changes_mark(&c, mark(1, 8, RISK_ABSENT_EXCUSED, false)));
    risk_changes_settle(&c);
    assert_int_equal(c.n_marks, 3);
    assert_int_equal(c.marks[0].mark.date, 8);
    assert_int_equal(c.marks[0].mark.kind, RISK_ABSENT_EXCUSED);
    assert_false(c.marks[0].removed);
    assert_int_equal(c.marks[1].mark.date, 9);
    assert_true(c.marks[1].removed);
    assert_int_equal(c.marks[2].student_id, 2);
    risk_changes_done(&c);
}

static void every_part_of_a_key_counts(void **state)
{
    (void)state;
    struct risk_changes c = {0};
    struct risk_mark_change m = mark(1, 1, RISK_TARDY, false);
    assert_ok(risk_changes_mark(&c, m));
    m.mark.category_id = 2;
    assert_ok(risk_changes_mark(&c, m));
    m.mark.session_id = 2;
    assert_ok(risk_changes_mark(&c, m));
    m.mark.place_id = 2;
    assert_ok(risk_changes_mark(&c, m));
    m.mark.kind = RISK_PRESENT; /* not part of the key */
    assert_ok(risk_changes_mark(&c, m));
    assert_ok(risk_changes_enrollment(&c, (struct risk_enrollment_change){.entry = 1, .exit = 5}));
    assert_ok(risk_changes_enrollment(&c, (struct risk_enrollment_change){.entry = 2, .exit = 5}));
    assert_ok(risk_changes_enrollment(&c, (struct risk_enrollment_change){.entry = 1, .exit = 9}));
    assert_ok(risk_changes_day(&c, (struct risk_day_change){.calendar_id = 2, .date = 3}));
    assert_ok(risk_changes_day(&c, (struct risk_day_change){.calendar_id = 1, .date = 3}));
    assert_ok(risk_changes_day(
        &c, (struct risk_day_change){.calendar_id = 2, .date = 3, .instructional = true}));
    risk_changes_settle(&c);
    assert_int_equal(c.n_marks, 4);
    assert_int_equal(c.marks[3].mark.kind, RISK_PRESENT);
    assert_int_equal(c.n_enrollments, 2);
    assert_int_equal(c.enrollments[0].exit, 9);
    assert_int_equal(c.n_days, 2);
    assert_true(c.days[1].instructional);
    risk_changes_done(&c);
    risk_changes_settle(&c);
    assert_int_equal(c.n_marks, 0);
}

static void a_map_finds_what_was_put(void **state)
{
    (void)state;
    struct risk_map m = {0};
    assert_int_equal(risk_map_get(&m, 5), RISK_NOWHERE);
    for (int64_t i = 0; i < 5000; i++)
        assert_ok(risk_map_put(&m, i * 1000003 - 2500, (uint32_t)i));
    for (int64_t i = 0; i < 5000; i++)
        assert_int_equal(risk_map_get(&m, i * 1000003 - 2500), i);
    assert_int_equal(risk_map_get(&m, 7), RISK_NOWHERE);
    assert_int_equal(m.n, 5000);
    risk_map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_word_stays),
        cmocka_unit_test(every_part_of_a_key_counts),
        cmocka_unit_test(a_map_finds_what_was_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
