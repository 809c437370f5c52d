/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/feed: the table of cases, and that lateness ends only by what arrives. */
#include "kith_test.h"

#include "ingest/feed.h"

static const struct ingest_feed_day monday = {.known = true,
                                              .school = true,
                                              .minute = 601,
                                              .due = 600,
                                              .today = 0,
                                              .usual = 40,
                                              .last = 99,
                                              .late_since = 0};

static void a_day(void **state)
{
    (void)state;
    struct ingest_feed_day d = monday;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_LATE);
    d.minute = 599;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_NOT_DUE);
    d.minute = 600;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_LATE);
    d.today = 1;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_THIN);
    d.today = 10;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_OK);
    d.today = 0;
    d.usual = 4;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_QUIET);
    d.usual = -1;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_QUIET);
    d = monday;
    d.due = INGEST_FEED_NEVER;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_NOT_DUE);
    d = monday;
    d.school = false;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_NO_SCHOOL);
    d.known = false;
    assert_int_equal(ingest_feed_judge(&d), INGEST_FEED_NO_CALENDAR);
}

/* Late on a day, it is late until something of that day or later is there, whatever else is asked. */
static void lateness_lasts(void **state)
{
    (void)state;
    uint64_t s = 3;
    for (int i = 0; i < 20000; i++) {
        struct ingest_feed_day d = {.known = test_random(&s) % 2,
                                    .school = test_random(&s) % 2,
                                    .minute = (int32_t)(test_random(&s) % 1440),
                                    .due = (int32_t)(test_random(&s) % 1441) - 1,
                                    .today = (int32_t)(test_random(&s) % 3),
                                    .usual = (int32_t)(test_random(&s) % 12) - 1,
                                    .late = test_random(&s) % 2,
                                    .late_since = 100,
                                    .last = 98 + (int32_t)(test_random(&s) % 4)};
        bool late = ingest_feed_judge(&d) == INGEST_FEED_LATE;
        bool arrived = d.today > 0 || d.last >= d.late_since;
        if (d.late && !arrived)
            assert_true(late);
        if (d.today > 0)
            assert_false(late);
        if (late && !d.late)
            assert_true(d.known && d.school && d.minute >= d.due && d.due >= 0 && d.usual >= 5);
    }
}

static void times(void **state)
{
    (void)state;
    int32_t due = 0;
    assert_true(ingest_feed_due("10:00", &due) && due == 600);
    assert_true(ingest_feed_due("8:05", &due) && due == 485);
    assert_true(ingest_feed_due("23:59", &due) && due == 1439);
    assert_true(ingest_feed_due("never", &due) && due == INGEST_FEED_NEVER);
    static const char *const wrong[] = {"",       "10", "24:00", "10:60",
                                        "10:00 ", "x",  "-1:00", "10:5a"};
    for (size_t i = 0; i < KITH_LEN(wrong); i++)
        assert_false(ingest_feed_due(wrong[i], &due));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_day), cmocka_unit_test(lateness_lasts),
                                       cmocka_unit_test(times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
