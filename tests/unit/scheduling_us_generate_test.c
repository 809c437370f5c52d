/* SPDX-License-Identifier: Apache-2.0 */
/* The generator: no hard violation in the planted schedule whatever the size and calendar, nearly all requests met, the same bytes again;
 * and the reader's sentences about files that are wrong. */
#include "us_school.h"

static void planted_schedules_are_feasible(void **state)
{
    (void)state;
    static const int sizes[][2] = {{600, 1}, {600, 2}, {2400, 4}, {5000, 10}};
    for (size_t i = 0; i < KITH_LEN(sizes); i++) {
        for (int calendar = US_CALENDAR_4X4; calendar <= US_CALENDAR_PERIODS7; calendar++) {
            struct us_school s;
            us_school_new(&s, sizes[i][0], sizes[i][1], (enum us_calendar)calendar, 1);
            struct us_report *r = us_school_check(&s);
            for (int kind = 0; kind < US_KINDS; kind++)
                if (r->counts[kind].hard > 0)
                    print_error("%d students, calendar %d: %s %s\n", sizes[i][0], calendar,
                                us_kind_name((enum us_kind)kind), r->counts[kind].example);
            assert_int_equal(r->hard, 0);
            assert_true(r->met_share >= 0.98);
            assert_true(r->core_met_share >= 0.995);
            assert_int_equal(r->unmet_unsaid, 0);
            free(r);
            us_school_done(&s);
        }
    }
}

static void other_seeds_too(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct us_school s;
        int students = 100 + (int)seed * 97;
        us_school_new(&s, students, students >= 400 ? 3 : 1, (enum us_calendar)(seed % 3), seed);
        struct us_report *r = us_school_check(&s);
        assert_int_equal(r->hard, 0);
        assert_true(r->met_share >= 0.98);
        free(r);
        us_school_done(&s);
    }
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct us_school a;
    struct us_school b;
    us_school_new(&a, 600, 2, US_CALENDAR_PERIODS7, 42);
    us_school_new(&b, 600, 2, US_CALENDAR_PERIODS7, 42);
    for (size_t i = 0; i < KITH_LEN(us_tables); i++) {
        char path[160];
        (void)snprintf(path, sizeof(path), "%s/%s", a.dir, us_tables[i]);
        char *one = us_slurp(path);
        (void)snprintf(path, sizeof(path), "%s/%s", b.dir, us_tables[i]);
        char *two = us_slurp(path);
        assert_string_equal(one, two);
        free(one);
        free(two);
    }
    us_school_done(&a);
    us_school_done(&b);
}

static void options_out_of_range(void **state)
{
    (void)state;
    struct kith_why why;
    struct us_generate_opts opts = {50, 1, US_CALENDAR_AB, 1};
    assert_err(us_generate(&opts, "/tmp/kith-us-never", &why), KITH_EINVAL);
    assert_string_equal(why.text, "students must be 100 to 40000, not 50");
    opts = (struct us_generate_opts){600, 8, US_CALENDAR_AB, 1};
    assert_err(us_generate(&opts, "/tmp/kith-us-never", &why), KITH_EINVAL);
    opts.communities = 1;
    assert_err(us_generate(&opts, "/tmp/kith-us-no/such", &why), KITH_EIO);
    enum us_calendar calendar;
    assert_ok(us_calendar_parse("periods7", &calendar));
    assert_int_equal(calendar, US_CALENDAR_PERIODS7);
    assert_err(us_calendar_parse("5x5", &calendar), KITH_EINVAL);
}

/* A byte order mark, CRLF, columns in another order and of another name do not matter. */
static void windows_files(void **state)
{
    (void)state;
    struct us_school s;
    us_school_new(&s, 200, 1, US_CALENDAR_4X4, 1);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/room.csv", s.dir);
    us_spit(path, "\xEF\xBB\xBF"
                  "note,cap,id,building,zone,type\r\n\"a, \"\"big\"\" one\",60,G1,main,core,gym\r\n"
                  "\r\n,30,A1,main,z1,\"lab\"\r\n");
    struct us_problems *problems = calloc(1, sizeof(*problems));
    struct us_data *d = NULL;
    kith_err err = us_data_read_listed(s.dir, &d, problems);
    assert_err(err,
               KITH_EDECODE); /* courses want room types that are gone, but the rooms are read */
    assert_null(strstr(problems->text[0], "room.csv"));
    assert_non_null(strstr(problems->text[0], "course.csv line 2: no room has the type 'general'"));
    free(problems);
    us_school_done(&s);
}

static void wrong_cells_are_named(void **state)
{
    (void)state;
    struct us_school s;
    us_school_new(&s, 200, 1, US_CALENDAR_4X4, 1);
    struct us_table *t = us_table_read(&s, "request.csv");
    for (int row = 7; row < 32; row++)
        us_set(t, row, "course", "NONE");
    us_set(t, 6, "priority", "urgent");
    us_set(t, 5, "id", "a b");
    us_set(t, 4, "coteach", "2");
    us_table_write(t);
    struct us_problems *problems = calloc(1, sizeof(*problems));
    struct us_data *d = NULL;
    assert_err(us_data_read_listed(s.dir, &d, problems), KITH_EDECODE);
    assert_null(d);
    assert_int_equal(problems->n, 28);
    assert_string_equal(problems->text[0], "request.csv line 5: '2' is no whole number from 0 to 1 "
                                           "(request r000004 of student s00001)");
    assert_string_equal(problems->text[1],
                        "request.csv line 6: 'a b' is no id: 1 to 40 of A-Z a-z 0-9 . _ -");
    assert_string_equal(problems->text[2],
                        "request.csv line 7: 'urgent' is none of the words of this "
                        "column (core, ...) (request r000006 of student s00001)");
    assert_string_equal(problems->text[3], "request.csv line 8: there is no course 'NONE' (request "
                                           "r000007 of student s00001)");
    struct kith_why why;
    us_problems_why(problems, &why);
    assert_non_null(strstr(why.text, "(and 27 more)"));
    us_table_free(t);
    free(problems);
    us_school_done(&s);
}

static void missing_and_broken_files(void **state)
{
    (void)state;
    struct us_school s;
    us_school_new(&s, 200, 1, US_CALENDAR_4X4, 1);
    struct us_data *d = NULL;
    struct kith_why why = {{0}};
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/student.csv", s.dir);
    us_spit(path, "id,grade\ns1,9,extra\n\"s2,9\n");
    assert_err(us_data_read(s.dir, &d, &why), KITH_EDECODE);
    assert_non_null(strstr(why.text, "student.csv line 2: 3 cells, but the header has 2"));
    us_spit(path, "id,class\ns1,9\n");
    assert_err(us_data_read(s.dir, &d, &why), KITH_EDECODE);
    assert_string_equal(why.text, "student.csv line 1: there is no column 'grade'");
    us_spit(path, "");
    assert_err(us_data_read(s.dir, &d, &why), KITH_EDECODE);
    assert_int_equal(unlink(path), 0);
    assert_err(us_data_read(s.dir, &d, &why), KITH_ENOTFOUND);
    assert_non_null(strstr(why.text, "student.csv is missing in the folder"));
    assert_null(d);
    us_school_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_schedules_are_feasible),
        cmocka_unit_test(other_seeds_too),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(options_out_of_range),
        cmocka_unit_test(windows_files),
        cmocka_unit_test(wrong_cells_are_named),
        cmocka_unit_test(missing_and_broken_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
