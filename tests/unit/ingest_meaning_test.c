/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "ingest/meaning.h"
#include "kith/v1/records.pb-c.h"

static void codes(void **state)
{
    (void)state;
    assert_string_equal(ingest_descriptor_code("uri://ed-fi.org/XDescriptor#Early departure"),
                        "Early departure");
    assert_string_equal(ingest_descriptor_code("Tardy"), "Tardy");
    assert_string_equal(ingest_descriptor_code("a#b#c"),
                        "c"); /* as the views of the database cut it */
    assert_string_equal(ingest_descriptor_code("a#"), "");
    assert_string_equal(ingest_descriptor_code(""), "");
}

/* The numbers are those of the protocol. */
static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int proto;
    } expected[] = {
        {"present", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_PRESENT},
        {"absent_excused", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_ABSENT_EXCUSED},
        {"absent_unexcused", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_ABSENT_UNEXCUSED},
        {"tardy", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_TARDY},
        {"partial", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_PARTIAL},
        {"early_departure", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_EARLY_DEPARTURE},
        {"ignore", KITH__V1__ATTENDANCE_KIND__ATTENDANCE_IGNORE},
    };
    for (size_t i = 0; i < KITH_LEN(expected); i++) {
        assert_int_equal(ingest_kind_find(expected[i].name), expected[i].proto);
        assert_string_equal(ingest_kind_name((enum ingest_kind)expected[i].proto),
                            expected[i].name);
    }
    assert_int_equal(INGEST_KIND_COUNT, 1 + KITH_LEN(expected));
    assert_int_equal(ingest_kind_find("unmapped"), INGEST_KIND_UNMAPPED);
    assert_int_equal(ingest_kind_find("Present"), INGEST_KIND_UNMAPPED);
    assert_string_equal(ingest_kind_name(INGEST_KIND_UNMAPPED), "unmapped");
    assert_string_equal(ingest_kind_name((enum ingest_kind)99), "unmapped");
    assert_int_equal(INGEST_KIND_UNMAPPED, KITH__V1__ATTENDANCE_KIND__ATTENDANCE_UNMAPPED);
}

static const char *meaning(const char *kind, const char *code)
{
    for (const struct ingest_meaning *m = ingest_default_meanings; m->kind; m++) {
        if (strcmp(m->kind, kind) == 0 && strcmp(m->code, code) == 0)
            return m->meaning;
    }
    return "-";
}

static void defaults(void **state)
{
    (void)state;
    for (const struct ingest_meaning *m = ingest_default_meanings; m->kind; m++) {
        assert_true(ingest_meaning_valid(m->kind, m->meaning));
        assert_in_range(strlen(m->code), 1, 50);
        for (const struct ingest_meaning *o = ingest_default_meanings; o != m; o++)
            assert_true(strcmp(o->kind, m->kind) != 0 || strcmp(o->code, m->code) != 0);
    }
    assert_string_equal(meaning("attendance", "Unexcused Absence"), "absent_unexcused");
    assert_string_equal(meaning("attendance", "In Attendance"), "present");
    assert_string_equal(meaning("calendar", "Make-up day"), "instructional");
    assert_string_equal(meaning("calendar", "Teacher only day"), "no_school");
    assert_string_equal(meaning("calendar", "Other"), "-");
    assert_string_equal(meaning("staff", "Principal"), "principal");
    assert_string_equal(meaning("cohort", "Advisory"), "advisory");
    assert_string_equal(meaning("cohort", "Study Hall"), "other");
}

static void validity(void **state)
{
    (void)state;
    assert_true(ingest_meaning_valid("attendance", "ignore")); /* in no default, but a meaning */
    assert_false(ingest_meaning_valid("attendance", "unmapped"));
    assert_false(ingest_meaning_valid("attendance", "instructional"));
    assert_false(ingest_meaning_valid("calendar", "present"));
    assert_false(ingest_meaning_valid("nothing", "present"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),
        cmocka_unit_test(kinds),
        cmocka_unit_test(defaults),
        cmocka_unit_test(validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
