/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/map: what a line of theirs becomes, and what is wrong with a map, by line and code. */
#include "kith_test.h"

#include "ingest/map.h"

static const char *at;

static ssize_t give(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    size_t left = strlen(at);
    n = n < left ? n : left;
    memcpy(buf, at, n);
    at += n;
    return (ssize_t)n;
}

/* The first file that `map` makes of `csv`. */
static void makes(const char *map, const char *csv, const char *wanted)
{
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    kith_auto(ingest_map) m = NULL;
    kith_auto(ingest_csv) reader = NULL;
    struct kith_bytes out = {0};
    struct ingest_row row;
    struct ingest_csv_fault fault;
    kith_err err = ingest_map_parse(map, strlen(map), receipt, &m);
    if (err != KITH_OK)
        fail_msg("line %d: %s", (int)receipt->findings[0].line, receipt->findings[0].text);
    at = csv;
    assert_err(ingest_csv_new(give, NULL, &reader), KITH_OK);
    assert_err(ingest_csv_next(reader, &row, &fault), KITH_OK);
    assert_true(ingest_map_bind(m, 0, &row, receipt));
    while (ingest_csv_next(reader, &row, &fault) == KITH_OK && row.n > 0)
        assert_err(ingest_map_row(m, 0, &row, &out), KITH_OK);
    assert_err(kith_bytes_add(&out, "", 1), KITH_OK);
    assert_string_equal((const char *)out.data, wanted);
    kith_bytes_done(&out);
}

#define ATTENDANCE "[attendance.csv]\nfile = a.csv\n"

static void values(void **state)
{
    (void)state;
    makes(ATTENDANCE "Student_id = id\nSchool_id = \"12\"\n", "id,x\n7,y\n8,z\n",
          "7,12,,,,,,\n8,12,,,,,,\n");
    makes(ATTENDANCE "Student_id = n | after \"-\" | prefix \"S\"\n", "n\nA-1\nB\nC-\n",
          "S1,,,,,,,\n,,,,,,,\n,,,,,,,\n");
    makes(ATTENDANCE "Student_id = n | before \", \"\n", "n\n\"Dahl, Ana\"\nDahl\n",
          "Dahl,,,,,,,\nDahl,,,,,,,\n");
    makes(ATTENDANCE "Attendance_date = d | date %d.%m.%Y\n", "d\n1.9.2026\n31.12.26x\n\"\"\n",
          ",,,2026-09-01,,,,\n,,,31.12.26x,,,,\n,,,,,,,\n");
    makes(ATTENDANCE "Attendance_status = c | codes s | else \"present\"\n[codes s]\nA = absent\n",
          "c,x\nA,\nQ,\n,\n", ",,,,,absent,,\n,,,,,Q,,\n,,,,,present,,\n");
    makes(ATTENDANCE "Attendance_status = flags absent:a tardy:t\n", "a,t\n1,0\nY,true\n0,no\n",
          ",,,,,absent,,\n,,,,,\"absent,tardy\",,\n,,,,,,,\n");
    makes("[package]\nnull = NULL\n" ATTENDANCE "Student_id = a\nExcuse_code = b | prefix \"x\"\n",
          "a,b\nNULL,NULL\n\"q\"\"q\",1\n", ",,,,,,,\n\"q\"\"q\",,,,,,x1,\n");
}

static void rows(void **state)
{
    (void)state;
    makes(ATTENDANCE "only = s : A, B b\nStudent_id = i\n", "i,s\n1,A\n2,C\n3,B b\n4,\n",
          "1,,,,,,,\n\n3,,,,,,,\n\n");
    makes(ATTENDANCE "needs = i, s\nStudent_id = i\n", "i,s\n1,A\n,C\n3,\n", "1,,,,,,,\n\n\n");
    makes(ATTENDANCE "distinct = yes\nStudent_id = i\n", "i,s\n1,A\n2,C\n1,D\n2,C\n3,\n",
          "1,,,,,,,\n2,,,,,,,\n\n\n3,,,,,,,\n");
}

static void refuses(const char *map, unsigned line, const char *code)
{
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    kith_auto(ingest_map) m = NULL;
    assert_err(ingest_map_parse(map, strlen(map), receipt, &m), KITH_EINVAL);
    assert_null(m);
    assert_int_equal(receipt->errors, 1);
    assert_int_equal(receipt->findings[0].line, line);
    assert_string_equal(receipt->findings[0].code, code);
}

static void mistakes(void **state)
{
    (void)state;
    refuses("", 0, "map_empty");
    refuses("[users.csv]\nsourcedId = id\nfile = s.csv\nnothing\n", 4, "map_line");
    refuses("[what]\na = b\n", 2, "map_section");
    refuses("[package]\nformat = sds\n", 2, "map_value");
    refuses("[package]\nname = x\n", 2, "map_key");
    refuses("[nobody.csv]\nfile = a.csv\nx = y\n", 2, "map_section");
    refuses("[users.csv]\nfile = a.csv\nhouse = y\n", 3, "map_column");
    refuses("[users.csv]\nfile = a.csv\nsourcedId = y\nsourcedId = z\n", 4, "map_column");
    refuses("[users.csv]\nsourcedId = y\n", 2, "map_value");
    refuses(ATTENDANCE "Student_id = x | upper y\n", 3, "map_value");
    refuses(ATTENDANCE "Student_id = x | codes y\n", 3, "map_value");
    refuses(ATTENDANCE "Student_id = \"x\n", 3, "map_value");
    refuses(ATTENDANCE "Student_id = \"x\" y\n", 3, "map_value");
    refuses(ATTENDANCE "Attendance_status = flags absent\n", 3, "map_value");
    refuses(ATTENDANCE "only = status\n", 3, "map_value");
}

static void a_header_without_a_column(void **state)
{
    (void)state;
    static const char map[] = ATTENDANCE "Student_id = id\nSchool_id = school\nneeds = grade\n";
    static const struct ingest_row header = {.line = 1, .n = 1, .field = {"id"}};
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    kith_auto(ingest_map) m = NULL;
    assert_err(ingest_map_parse(map, sizeof(map) - 1, receipt, &m), KITH_OK);
    assert_false(ingest_map_bind(m, 0, &header, receipt));
    assert_int_equal(receipt->errors, 2);
    assert_string_equal(receipt->findings[1].code, "map_header");
    assert_int_equal(receipt->findings[1].line, 4);
}

static void a_manifest(void **state)
{
    (void)state;
    static const char map[] = "[orgs.csv]\nsourcedId = \"D\"\nname = \"D\"\n";
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    kith_auto(ingest_map) m = NULL;
    assert_err(ingest_map_parse(map, sizeof(map) - 1, receipt, &m), KITH_OK);
    kith_auto_mem char *text = ingest_map_manifest(m);
    assert_string_equal(text, "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n"
                              "file.orgs,bulk\n");
    assert_null(ingest_map_source(m, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values), cmocka_unit_test(rows), cmocka_unit_test(mistakes),
        cmocka_unit_test(a_header_without_a_column), cmocka_unit_test(a_manifest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
