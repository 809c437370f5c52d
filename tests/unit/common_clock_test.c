/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kith/clock.h"

static int back_to_system(void **state)
{
    (void)state;
    kith_clock_set(-1);
    return 0;
}

/* ---- dates against a walk that knows only the lengths of months ---- */

struct walk {
    int year;
    int month;
    int day;
};

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && leap(year));
}

static void next_day(struct walk *w)
{
    if (++w->day <= month_length(w->year, w->month))
        return;
    w->day = 1;
    if (++w->month <= 12)
        return;
    w->month = 1;
    w->year++;
}

static void dates_agree_with_a_walk_day_by_day(void **state)
{
    (void)state;
    struct walk w = {1900, 1, 1};
    int32_t days = -25567; /* 70 years and 17 leap days before 1970 */
    for (; w.year <= 2200; days++, next_day(&w)) {
        char text[11];
        char expected[32];
        int year, month, day;
        int32_t parsed;
        assert_int_equal(kith_date_from_civil(w.year, w.month, w.day), days);
        kith_date_to_civil(days, &year, &month, &day);
        assert_true(year == w.year && month == w.month && day == w.day);
        (void)snprintf(expected, sizeof(expected), "%04d-%02d-%02d", w.year, w.month, w.day);
        kith_date_format(days, text);
        assert_string_equal(text, expected);
        assert_ok(kith_date_parse(text, &parsed));
        assert_int_equal(parsed, days);
    }
    assert_int_equal(days, 84371); /* 2201-01-01 */
}

/* The C library's calendar as a second witness, also before 1900 and far ahead. */
static void dates_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        int32_t days =
            (int32_t)(test_random(&seed) % 3652425) - 719528; /* 0000-01-01 .. 9999-12-31 */
        time_t seconds = (time_t)days * 86400;
        struct tm tm;
        int year, month, day;
        assert_non_null(gmtime_r(&seconds, &tm));
        kith_date_to_civil(days, &year, &month, &day);
        assert_true(year == tm.tm_year + 1900 && month == tm.tm_mon + 1 && day == tm.tm_mday);
        assert_int_equal(kith_date_from_civil(year, month, day), days);
    }
}

static void every_day_number_survives_the_round_trip(void **state)
{
    (void)state;
    static const int32_t edges[] = {INT32_MIN, INT32_MIN + 1, -719469, -719468, -1, 0,
                                    1,         INT32_MAX};
    for (size_t i = 0; i < KITH_LEN(edges); i++) {
        int year, month, day;
        kith_date_to_civil(edges[i], &year, &month, &day);
        assert_int_equal(kith_date_from_civil(year, month, day), edges[i]);
    }
}

static void date_parse_is_strict(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",           "2026",       "2026-9-14",  "2026-09-14 ", " 2026-09-14", "2026-09-14T",
        "2026/09/14", "2026-00-10", "2026-13-10", "2026-01-00",  "2026-01-32",  "2026-04-31",
        "2026-02-29", "2100-02-29", "1900-02-29", "+026-01-01",  "-026-01-01",  "20 6-01-01",
        "2026-1a-01", "2026-01-0x", "0x26-01-01", "2026-01-1",   "2026-09-144", "2026-0९-14",
    };
    for (size_t i = 0; i < KITH_LEN(refused); i++) {
        int32_t days = 77;
        assert_err(kith_date_parse(refused[i], &days), KITH_EINVAL);
        assert_int_equal(days, 77);
    }
    int32_t days;
    assert_ok(kith_date_parse("2024-02-29", &days));
    assert_ok(kith_date_parse("2000-02-29", &days));
    assert_ok(kith_date_parse("0000-01-01", &days));
    assert_int_equal(days, -719528);
    assert_ok(kith_date_parse("9999-12-31", &days));
    assert_int_equal(days, 2932896);
}

static void date_format_never_overruns(void **state)
{
    (void)state;
    char text[11];
    kith_date_format(INT32_MAX, text);
    assert_string_equal(text, "9999-12-31");
    kith_date_format(INT32_MIN, text);
    assert_string_equal(text, "0000-01-01");
}

/* ---- instants ---- */

struct instant {
    const char *text;
    int64_t us;
};

static void instants_parse(void **state)
{
    (void)state;
    static const struct instant cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00.5Z", 500000},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1970-01-01T00:00:00.0000019999Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-09-14T15:00:00Z", INT64_C(1789398000000000)},
        {"2016-12-31T23:59:60Z",
         INT64_C(1483228800000000)}, /* a leap second is the next day's first */
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        int64_t us;
        assert_ok(kith_instant_parse(cases[i].text, &us));
        assert_int_equal(us, cases[i].us);
    }
}

static void instants_are_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "2026-09-14",
        "2026-09-14T15:00:00",
        "2026-09-14 15:00:00Z",
        "2026-09-14T15:00Z",
        "2026-09-14T24:00:00Z",
        "2026-09-14T15:60:00Z",
        "2026-09-14T15:00:60Z",
        "2026-09-14T15:00:00.Z",
        "2026-09-14T15:00:00,5Z",
        "2026-09-14T15:00:00+01:00",
        "2026-09-14T15:00:00ZZ",
        "2026-02-30T15:00:00Z",
        "2026-09-14T1:00:00Z",
        "2026-09-14T15:00:00.5",
        "2026-09-14T15:00:0",
    };
    for (size_t i = 0; i < KITH_LEN(refused); i++) {
        int64_t us = 77;
        assert_err(kith_instant_parse(refused[i], &us), KITH_EINVAL);
        assert_int_equal(us, 77);
    }
}

/* Every cut of a good text is refused and read without a step past its end (the sanitizer looks). */
static void cut_instants_are_refused(void **state)
{
    (void)state;
    static const char whole[] = "2026-09-14T15:00:00.25Z";
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char *cut = strndup(whole, n);
        assert_non_null(cut);
        int64_t us;
        assert_err(kith_instant_parse(cut, &us), KITH_EINVAL);
        free(cut);
    }
}

static void instants_format_as_the_c_library_does_and_parse_back(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 20000; i++) {
        int64_t ms =
            (int64_t)(test_random(&seed) % UINT64_C(315569520000000)) - INT64_C(62167219200000);
        time_t seconds = (time_t)((ms - ((ms % 1000) + 1000) % 1000) / 1000);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                       tm.tm_sec, (int)(((ms % 1000) + 1000) % 1000));
        char text[25];
        kith_instant_format(ms * 1000 + 999,
                            text); /* below a millisecond is cut off, not rounded */
        assert_string_equal(text, expected);
        int64_t us;
        assert_ok(kith_instant_parse(text, &us));
        assert_int_equal(us, ms * 1000);
    }
}

static void instant_format_never_overruns(void **state)
{
    (void)state;
    char text[25];
    kith_instant_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    kith_instant_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* ---- now ---- */

static void system_time_is_the_system_s(void **state)
{
    (void)state;
    int64_t before_us = (int64_t)time(NULL) * 1000000;
    int64_t us = kith_clock_now_us();
    assert_true(us >= before_us - 1000000 && us < before_us + 60000000);
    int64_t mono_us = kith_clock_mono_us();
    (void)usleep(2000);
    assert_true(kith_clock_mono_us() - mono_us >= 2000);
    assert_true(kith_clock_mono_ms() >= mono_us / 1000);
}

static void set_time_stands_still_and_monotonic_time_does_not(void **state)
{
    (void)state;
    kith_clock_set(1789398000000000);
    int64_t mono_us = kith_clock_mono_us();
    (void)usleep(2000);
    assert_int_equal(kith_clock_now_us(), 1789398000000000);
    assert_true(kith_clock_mono_us() > mono_us);
    kith_clock_set(0);
    assert_int_equal(kith_clock_now_us(), 0);
    kith_clock_set(-1);
    assert_true(kith_clock_now_us() > INT64_C(1500000000000000));
}

/* ---- a file ---- */

struct clock_file {
    char folder[64];
    char path[96];
};

static int make_folder(void **state)
{
    struct clock_file *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    (void)strcpy(f->folder, "/tmp/kith-clock-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->path, sizeof(f->path), "%s/now", f->folder);
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    struct clock_file *f = *state;
    kith_clock_set(-1);
    (void)unlink(f->path);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static void put(const struct clock_file *f, const char *text)
{
    FILE *file = fopen(f->path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    assert_ok(kith_instant_parse(text, &us));
    return us;
}

static void file_drives_the_clock(void **state)
{
    struct clock_file *f = *state;
    put(f, "2026-09-14T15:00:00Z\n");
    assert_ok(kith_clock_use_file(f->path));
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
    put(f, "2026-09-14T15:00:01Z\n"); /* same size, most likely the same tick of the file system */
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
    kith_clock_poll();
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:01Z"));
    assert_ok(kith_clock_use_file(NULL));
    assert_true(kith_clock_now_us() != instant("2026-09-14T15:00:01Z"));
    kith_clock_poll();
    assert_true(kith_clock_now_us() != instant("2026-09-14T15:00:01Z"));
}

/* Hundreds of changes within ticks of the file system's clock: none may be missed. */
static void no_change_of_the_file_is_missed(void **state)
{
    struct clock_file *f = *state;
    put(f, "2026-09-14T15:00:00Z\n");
    assert_ok(kith_clock_use_file(f->path));
    for (int i = 0; i < 300; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "2026-09-14T15:%02d:%02dZ\n", i / 60, i % 60);
        put(f, text);
        kith_clock_poll();
        text[strlen(text) - 1] = '\0';
        assert_int_equal(kith_clock_now_us(), instant(text));
    }
}

static void replaced_file_is_seen(void **state)
{
    struct clock_file *f = *state;
    put(f, "2026-09-14T15:00:00Z\n");
    assert_ok(kith_clock_use_file(f->path));
    assert_int_equal(unlink(f->path), 0);
    kith_clock_poll(); /* gone: the last instant stays */
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
    put(f, "2026-09-14");
    kith_clock_poll(); /* half written: likewise */
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
    put(f, "  2026-09-15T08:30:00.250Z");
    kith_clock_poll(); /* a blank in front is no instant */
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
    put(f, "2026-09-15T08:30:00.250Z second word");
    kith_clock_poll();
    assert_int_equal(kith_clock_now_us(), instant("2026-09-15T08:30:00.250Z"));
}

static void old_file_is_not_read_again(void **state)
{
    struct clock_file *f = *state;
    put(f, "2026-09-14T15:00:00Z\n");
    struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, f->path, long_ago, 0), 0);
    assert_ok(kith_clock_use_file(f->path));
    put(f, "2026-09-14T15:00:01Z\n");
    assert_int_equal(utimensat(AT_FDCWD, f->path, long_ago, 0), 0); /* looks unchanged */
    kith_clock_poll();
    assert_int_equal(kith_clock_now_us(), instant("2026-09-14T15:00:00Z"));
}

static void bad_file_is_refused_and_changes_nothing(void **state)
{
    struct clock_file *f = *state;
    kith_clock_set(5);
    assert_err(kith_clock_use_file("/nonexistent/kith/now"), KITH_EIO);
    assert_err(kith_clock_use_file(f->folder), KITH_EIO);
    put(f, "tomorrow");
    assert_err(kith_clock_use_file(f->path), KITH_EINVAL);
    put(f, "");
    assert_err(kith_clock_use_file(f->path), KITH_EINVAL);
    assert_int_equal(kith_clock_now_us(), 5);
}

#define NOW_TEST(name)  cmocka_unit_test_teardown(name, back_to_system)
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_agree_with_a_walk_day_by_day),
        cmocka_unit_test(dates_agree_with_the_c_library),
        cmocka_unit_test(every_day_number_survives_the_round_trip),
        cmocka_unit_test(date_parse_is_strict),
        cmocka_unit_test(date_format_never_overruns),
        cmocka_unit_test(instants_parse),
        cmocka_unit_test(instants_are_refused),
        cmocka_unit_test(cut_instants_are_refused),
        cmocka_unit_test(instants_format_as_the_c_library_does_and_parse_back),
        cmocka_unit_test(instant_format_never_overruns),
        NOW_TEST(system_time_is_the_system_s),
        NOW_TEST(set_time_stands_still_and_monotonic_time_does_not),
        FILE_TEST(file_drives_the_clock),
        FILE_TEST(no_change_of_the_file_is_missed),
        FILE_TEST(replaced_file_is_seen),
        FILE_TEST(old_file_is_not_read_again),
        FILE_TEST(bad_file_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
