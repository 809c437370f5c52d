/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <inttypes.h>

#include "ingest/scalar.h"
#include "kith/clock.h"

struct row {
    enum ingest_type type;
    int64_t max;
    bool identity;
    const char *in;
    const char *out; /* NULL: refused */
};

static const struct row table[] = {
    {INGEST_TEXT, 3, false, "abc", "abc"},
    {INGEST_TEXT, 3, false, "abcd", NULL},
    {INGEST_TEXT, 3, false, "éñ漢", "éñ漢"}, /* characters, not bytes */
    {INGEST_TEXT, 3, false, " a ", " a "},
    {INGEST_TEXT, 3, true, " a", NULL},
    {INGEST_TEXT, 3, true, "a\n", NULL},
    {INGEST_TEXT, 3, true, "", NULL},
    {INGEST_INT64, 0, true, "0", "0"},
    {INGEST_INT64, 0, true, "000", "0"},
    {INGEST_INT64, 0, true, "00120", "120"},
    {INGEST_INT64, 0, true, "9223372036854775807", "9223372036854775807"},
    {INGEST_INT64, 0, true, "9223372036854775808", NULL},
    {INGEST_INT64, 0, true, "99999999999999999999999", NULL},
    {INGEST_INT64, 100, true, "100", "100"},
    {INGEST_INT64, 100, true, "101", NULL},
    {INGEST_INT64, 0, true, "+1", NULL},
    {INGEST_INT64, 0, true, "-1", NULL},
    {INGEST_INT64, 0, true, "1.0", NULL},
    {INGEST_INT64, 0, true, "1e3", NULL},
    {INGEST_INT64, 0, true, "0x10", NULL},
    {INGEST_DATE, 0, true, "2026-11-23", "2026-11-23"},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00", "2026-11-23"},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00Z", "2026-11-23"},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00.0000000", "2026-11-23"},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00.", NULL},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00.001", NULL},
    {INGEST_DATE, 0, true, "2026-11-23T05:00:00", NULL},
    {INGEST_DATE, 0, true, "2026-11-23T00:00:00-05:00", NULL},
    {INGEST_DATE, 0, true, "2026-11-23Z", NULL},
    {INGEST_DATE, 0, true, "2026-02-30", NULL},
    {INGEST_DATE, 0, true, "2026-2-3", NULL},
    {INGEST_DATE, 0, true, "11/23/2026", NULL},
    {INGEST_DATE, 0, true, "0000-01-01", NULL},
    {INGEST_DATE, 0, true, "0001-01-01", "0001-01-01"},
    {INGEST_TIME, 0, false, "08:15:00", "08:15:00"},
    {INGEST_TIME, 0, false, "08:15", "08:15:00"},
    {INGEST_TIME, 0, false, "23:59:59.999999", "23:59:59.999999"},
    {INGEST_TIME, 0, false, "23:59:59.9999999", "23:59:59.999999"},
    {INGEST_TIME, 0, false, "08:15:00.5", "08:15:00.5"},
    {INGEST_TIME, 0, false, "08:15:00.500", "08:15:00.5"},
    {INGEST_TIME, 0, false, "08:15:00.", NULL},
    {INGEST_TIME, 0, false, "08:15:00.12345678", NULL},
    {INGEST_TIME, 0, false, "24:00:00", NULL},
    {INGEST_TIME, 0, false, "08:60:00", NULL},
    {INGEST_TIME, 0, false, "08:15:60", NULL},
    {INGEST_TIME, 0, false, "8:15:00", NULL},
    {INGEST_TIME, 0, false, "08:15:00Z", NULL},
    {INGEST_TIME, 0, false, "08-15-00", NULL},
    {INGEST_TIME, 0, false, "08:15-00", NULL},
    {INGEST_TIME, 0, false, "", NULL},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B#C d", "uri://a/B#C d"},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B# C", NULL},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B #C", NULL},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B#", NULL},
    {INGEST_DESCRIPTOR, 0, false, "#C", NULL},
    {INGEST_DESCRIPTOR, 0, false, "C", NULL},
    {INGEST_DESCRIPTOR, 0, false, " uri://a/B#C", NULL},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B#12345678901234567890123456789012345678901234567890",
     "uri://a/B#12345678901234567890123456789012345678901234567890"},
    {INGEST_DESCRIPTOR, 0, false, "uri://a/B#123456789012345678901234567890123456789012345678901",
     NULL},
};

static void table_of_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_LEN(table); i++) {
        const struct row *t = &table[i];
        /* an exact copy on the heap without a NUL, so that the sanitizer sees a read past the end */
        size_t n = strlen(t->in);
        char *in = malloc(n ? n : 1);
        memcpy(in, t->in, n);
        struct ingest_scalar s;
        struct kith_why why = {.text = ""};
        kith_err err = ingest_scalar_parse(t->type, t->max, t->identity, in, n, &s, &why);
        if (t->out ? err != KITH_OK : err != KITH_EINVAL)
            fail_msg("\"%s\": %s %s", t->in, kith_err_name(err), why.text);
        if (t->out) {
            assert_int_equal(s.n, strlen(t->out));
            assert_memory_equal(s.text, t->out, s.n);
        } else {
            assert_true(strlen(why.text) > 0);
        }
        assert_err(ingest_scalar_parse(t->type, t->max, t->identity, in, n, &s, NULL), err);
        free(in);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        double out;
    } good[] = {{"1", 1}, {"-1.5", -1.5}, {"+2", 2}, {"1e3", 1000}, {".5", .5}, {"0.10", .1}};
    static const char *const bad[] = {"",   "nan",   "inf", "0x10", "1,5",   " 1",
                                      "1 ", "1e999", "e5",  "--1",  "1.2.3", "."};
    struct ingest_scalar s;
    for (size_t i = 0; i < KITH_LEN(good); i++) {
        assert_ok(
            ingest_scalar_parse(INGEST_NUMBER, 0, false, good[i].in, strlen(good[i].in), &s, NULL));
        assert_true(s.number == good[i].out);
    }
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        assert_err(ingest_scalar_parse(INGEST_NUMBER, 0, false, bad[i], strlen(bad[i]), &s, NULL),
                   KITH_EINVAL);
}

static void booleans(void **state)
{
    (void)state;
    struct ingest_scalar s;
    assert_ok(ingest_scalar_parse(INGEST_BOOL, 0, false, "True", 4, &s, NULL));
    assert_true(s.boolean);
    assert_ok(ingest_scalar_parse(INGEST_BOOL, 0, false, "false", 5, &s, NULL));
    assert_false(s.boolean);
    assert_err(ingest_scalar_parse(INGEST_BOOL, 0, false, "yes", 3, &s, NULL), KITH_EINVAL);
    assert_err(ingest_scalar_parse(INGEST_BOOL, 0, false, "1", 1, &s, NULL), KITH_EINVAL);
}

/* Times and dates: format and parse are inverse. */
static void inverse(void **state)
{
    (void)state;
    uint64_t r = 5;
    struct ingest_scalar s;
    for (int i = 0; i < 5000; i++) {
        int64_t us = (int64_t)(test_random(&r) % (86400 * UINT64_C(1000000)));
        if (i % 3 == 0)
            us -= us % 1000000;
        char text[16];
        ingest_time_format(us, text);
        assert_ok(ingest_scalar_parse(INGEST_TIME, 0, false, text, strlen(text), &s, NULL));
        assert_int_equal(s.integer, us);
        assert_string_equal(s.text, text);
        int32_t days = (int32_t)(test_random(&r) % 3000000) - 700000;
        char date[11];
        kith_date_format(days, date);
        assert_ok(ingest_scalar_parse(INGEST_DATE, 0, false, date, 10, &s, NULL));
        assert_int_equal(s.integer, days);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_values),
        cmocka_unit_test(numbers),
        cmocka_unit_test(booleans),
        cmocka_unit_test(inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
