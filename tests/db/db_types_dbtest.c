/* SPDX-License-Identifier: Apache-2.0 */
/* common/kith/db: every type to PostgreSQL and back; run by db_test.sh. */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

static const struct kith_stmt statements[] = {
    {"scalars",
     "SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float8, $6::text, $7::bytea, $8::date, "
     "$9::timestamptz, $10::uuid, $11::jsonb, $12::time",
     "bsilftydzujo", "bsilftydzujo"},
    {"as_text",
     "SELECT $1::date::text, $2::timestamptz::text, $3::time::text, $4::jsonb ->> 'k', "
     "$5::uuid::text",
     "dzoju", "ttttt"},
    {"arrays",
     "SELECT $1::int2[]::text, $2::int4[]::text, $3::int8[]::text, $4::date[]::text, "
     "$5::bool[]::text, $6::text[]::text, $7::uuid[]::text, $8::timestamptz[]::text, "
     "$9::jsonb[]::text, $10::float8[]::text, $11::bytea[]::text",
     "SILDBTUZJFY", "ttttttttttt"},
    {"ints_back", "SELECT $1::int4[], $2::int8[]", "IL", "IL"},
    {"sums",
     "SELECT count(*), sum(a)::int8, sum(b)::int8, sum(length(t))::int8 "
     "FROM unnest($1::int4[], $2::int8[], $3::text[]) AS u(a, b, t)",
     "ILT", "llll"},
    {0}};
static const struct kith_stmt *const tables[] = {statements, NULL};

static const struct kith_stmt *stmt(const char *name)
{
    for (const struct kith_stmt *s = statements; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    fail_msg("no statement %s", name);
    return NULL;
}

static const uint8_t uuid[16] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

static void see_scalars(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    size_t n;
    assert_true(kith_rows_bool(r, 0, 0));
    assert_int_equal(kith_rows_int(r, 0, 1), -12345);
    assert_int_equal(kith_rows_int(r, 0, 2), INT32_MIN);
    assert_int_equal(kith_rows_int(r, 0, 3), INT64_MIN);
    assert_true(kith_rows_f8(r, 0, 4) == -0.125);
    assert_string_equal(kith_rows_text(r, 0, 5), "gr\xc3\xbc\xc3\x9f");
    assert_memory_equal(kith_rows_bytes(r, 0, 6, &n), "\0\xff\1", 3);
    assert_int_equal(n, 3);
    assert_int_equal(kith_rows_int(r, 0, 7), 20710);
    assert_int_equal(kith_rows_int(r, 0, 8), INT64_C(1789397999123456));
    assert_memory_equal(kith_rows_bytes(r, 0, 9, &n), uuid, 16);
    assert_int_equal(n, 16);
    assert_string_equal(kith_rows_text(r, 0, 10), "{\"k\": \"v\"}");
    assert_int_equal(kith_rows_int(r, 0, 11), INT64_C(28800000000));
}

static void see_nulls(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    size_t n = 7;
    for (size_t col = 0; col < 12; col++)
        assert_true(kith_rows_null(r, 0, col));
    assert_false(kith_rows_bool(r, 0, 0));
    assert_int_equal(kith_rows_int(r, 0, 3), 0);
    assert_string_equal(kith_rows_text(r, 0, 5), "");
    assert_non_null(kith_rows_bytes(r, 0, 6, &n));
    assert_int_equal(n, 0);
    assert_string_equal(kith_rows_text(r, 0, 10), "");
}

static void scalars_come_back(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("scalars"), see_scalars, &seen);
    kith_job_bool(job, true);
    kith_job_i2(job, -12345);
    kith_job_i4(job, INT32_MIN);
    kith_job_i8(job, INT64_MIN);
    kith_job_f8(job, -0.125);
    kith_job_text(job, "gr\xc3\xbc\xc3\x9f");
    kith_job_bytes(job, "\0\xff\1", 3);
    kith_job_date(job, 20710);
    kith_job_instant(job, INT64_C(1789397999123456));
    kith_job_uuid(job, uuid);
    kith_job_json(job, "{\"k\":\"v\"}");
    kith_job_i8(job, INT64_C(28800000000));
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);

    job = new_job();
    kith_job_step(job, stmt("scalars"), see_nulls, &seen);
    for (int i = 0; i < 5; i++)
        kith_job_null(job);
    kith_job_text(job, NULL);
    kith_job_bytes(job, NULL, 0);
    for (int i = 0; i < 3; i++)
        kith_job_null(job);
    kith_job_json(job, NULL);
    kith_job_null(job);
    run_fine(db, job);
    assert_int_equal(seen.calls, 2);
    kith_db_free(db);
}

static void see_as_text(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    assert_string_equal(kith_rows_text(r, 0, 0), "2026-09-14");
    assert_string_equal(kith_rows_text(r, 0, 1), "1969-12-31 23:59:59.999999+00");
    assert_string_equal(kith_rows_text(r, 0, 2), "08:00:00");
    assert_string_equal(kith_rows_text(r, 0, 3), "v");
    assert_string_equal(kith_rows_text(r, 0, 4), "12345678-9abc-def0-0102-030405060708");
}

/* The server reads the same from our bytes as we meant. */
static void the_server_understands(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("as_text"), see_as_text, &seen);
    kith_job_date(job, 20710);
    kith_job_instant(job, -1);
    kith_job_i8(job, INT64_C(28800000000));
    kith_job_json(job, "{\"k\":\"v\"}");
    kith_job_uuid(job, uuid);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    kith_db_free(db);
}

static const char *const arrays_wanted[] = {"{1,-2}",
                                            "{}",
                                            "{9000000000,-1}",
                                            "{1970-01-02,2026-09-14}",
                                            "{t,f}",
                                            "{a,NULL,\"\",b}",
                                            "{12345678-9abc-def0-0102-030405060708}",
                                            "{\"1970-01-01 00:00:00+00\"}",
                                            "{\"{\\\"k\\\": 1}\",NULL}",
                                            NULL,
                                            "{\"\\\\x00ff\",NULL}"};

static void see_arrays(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    for (size_t col = 0; col < KITH_LEN(arrays_wanted); col++) {
        assert_int_equal(kith_rows_null(r, 0, col), arrays_wanted[col] == NULL);
        if (arrays_wanted[col])
            assert_string_equal(kith_rows_text(r, 0, col), arrays_wanted[col]);
    }
}

static void arrays_of_all_types(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("arrays"), see_arrays, &seen);
    kith_job_i2s(job, (const int16_t[]){1, -2}, 2);
    kith_job_i4s(job, NULL, 0);
    kith_job_i8s(job, (const int64_t[]){INT64_C(9000000000), -1}, 2);
    kith_job_dates(job, (const int32_t[]){1, 20710}, 2);
    kith_job_bools(job, (const bool[]){true, false}, 2);
    kith_job_array(job, 4);
    kith_job_text(job, "a");
    kith_job_text(job, NULL);
    kith_job_text(job, "");
    kith_job_text_n(job, "bcd", 1);
    kith_job_array(job, 1);
    kith_job_uuid(job, uuid);
    kith_job_array(job, 1);
    kith_job_instant(job, 0);
    kith_job_array(job, 2);
    kith_job_json(job, "{\"k\":1}");
    kith_job_null(job);
    kith_job_null(job); /* the whole array */
    kith_job_array(job, 2);
    kith_job_bytes(job, "\0\xff", 2);
    kith_job_bytes(job, NULL, 0);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    kith_db_free(db);
}

static void see_ints(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    int64_t v[3] = {0};
    assert_int_equal(kith_rows_ints(r, 0, 0, v, 3), 4); /* more than fit */
    assert_true(v[0] == 1 && v[1] == -1 && v[2] == INT32_MAX);
    assert_int_equal(kith_rows_ints(r, 0, 1, v, 3), 0);
}

static void int_arrays_come_back(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("ints_back"), see_ints, &seen);
    kith_job_i4s(job, (const int32_t[]){1, -1, INT32_MAX, 4}, 4);
    kith_job_array(job, 0);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    kith_db_free(db);
}

#define MANY INT64_C(20000)

static void see_sums(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    assert_int_equal(kith_rows_int(r, 0, 0), MANY);
    assert_int_equal(kith_rows_int(r, 0, 1), MANY * (MANY - 1) / 2);
    assert_int_equal(kith_rows_int(r, 0, 2), MANY * (MANY - 1) / 2 * 1000);
    assert_int_equal(kith_rows_int(r, 0, 3), MANY * 100);
}

/* Larger than the socket's buffers: sending must wait for the server and go on. */
static void large_arrays(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    int32_t *a = calloc(MANY, sizeof(*a));
    int64_t *b = calloc(MANY, sizeof(*b));
    assert_true(a && b);
    for (int i = 0; i < MANY; i++) {
        a[i] = i;
        b[i] = (int64_t)i * 1000;
    }
    char text[101];
    memset(text, 'x', 100);
    text[100] = '\0';
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("sums"), see_sums, &seen);
    kith_job_i4s(job, a, MANY);
    kith_job_i8s(job, b, MANY);
    kith_job_array(job, MANY);
    for (int i = 0; i < MANY; i++)
        kith_job_text(job, text);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    free(a);
    free(b);
    kith_db_free(db);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: db_types_dbtest CONNINFO\n");
        return 2;
    }
    test_conninfo = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_come_back),   cmocka_unit_test(the_server_understands),
        cmocka_unit_test(arrays_of_all_types), cmocka_unit_test(int_arrays_come_back),
        cmocka_unit_test(large_arrays),
    };
    return cmocka_run_group_tests_name("db_types", tests, make_loop, free_loop);
}
