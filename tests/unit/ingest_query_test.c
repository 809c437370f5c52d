/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest_random.h"

#include "ingest/document.h"
#include "ingest/query.h"

/* "name=value" texts, NULL-terminated. */
static kith_err run(struct ingest_query *q, const char *resource, const char *const *args)
{
    ingest_query_begin(q, ingest_resource_find(resource));
    for (; *args; args++) {
        char name[128];
        const char *equals = strchr(*args, '=');
        (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - *args), *args);
        ingest_query_arg(q, name, equals + 1);
    }
    return ingest_query_end(q);
}
#define RUN(q, resource, ...) run(q, resource, (const char *const[]){__VA_ARGS__, NULL})

static void paging(void **state)
{
    (void)state;
    struct ingest_query q;
    assert_ok(run(&q, "students", (const char *const[]){NULL}));
    assert_int_equal(q.limit, 25);
    assert_int_equal(q.offset, 0);
    assert_false(q.total_count);
    assert_false(q.has_id);
    assert_null(q.filter);
    ingest_query_done(&q);
    assert_ok(RUN(&q, "students", "limit=500", "offset=1000", "totalCount=true"));
    assert_int_equal(q.limit, 500);
    assert_int_equal(q.offset, 1000);
    assert_true(q.total_count);
    ingest_query_done(&q);
    assert_ok(RUN(&q, "students", "limit=0"));
    assert_int_equal(q.limit, 0);
    ingest_query_done(&q);
}

static void bad(void **state)
{
    (void)state;
    static const struct {
        const char *resource;
        const char *args[3];
    } rows[] = {
        {"students", {"firstName=\xff"}},
        {"students", {"studentUniqueId=\xc0\x80"}},
        {"students", {"limit=501"}},
        {"students", {"limit=-1"}},
        {"students", {"limit="}},
        {"students", {"limit=x"}},
        {"students", {"limit=1", "limit=1"}},
        {"students", {"offset=100000001"}},
        {"students", {"totalCount=maybe"}},
        {"students", {"nobody=1"}},
        {"students", {"minChangeVersion=1"}},
        {"students", {"studentUniqueId="}},
        {"students", {"studentUniqueId=1", "studentUniqueId=2"}},
        {"students", {"firstName="}},
        {"students", {"firstName=a", "firstName=b"}},
        {"students", {"birthDate=yesterday"}},
        {"students", {"otherNames=x"}},
        {"students", {"id=12"}},
        {"students",
         {"id=00000000000000000000000000000001", "id=00000000000000000000000000000001"}},
        {"sessions", {"schoolId=x"}},
        {"sessions", {"schoolYear=99999"}},
        {"studentSchoolAttendanceEvents", {"eventDate=2026-02-30"}},
        {"studentSchoolAttendanceEvents", {"arrivalTime=08:00:00"}},
        {"studentSchoolAttendanceEvents", {"attendanceEventCategoryDescriptor= x"}},
        {"studentSchoolAttendanceEvents", {"attendanceEventReason="}},
        {"studentSchoolAttendanceEvents", {"sectionIdentifier=1"}},
    };
    for (size_t i = 0; i < KITH_LEN(rows); i++) {
        struct ingest_query q;
        if (run(&q, rows[i].resource, rows[i].args) != KITH_EINVAL)
            fail_msg("%s %s was taken", rows[i].resource, rows[i].args[0]);
        assert_true(q.problems.n > 0);
        const char *equals = strchr(rows[i].args[0], '=');
        assert_memory_equal(q.problems.items[0].path + 2, rows[i].args[0],
                            (size_t)(equals - rows[i].args[0]));
        ingest_query_done(&q);
    }
}

/* A problem can be rendered whatever the name was. */
static void odd_names(void **state)
{
    (void)state;
    static const char *const odd[] = {"\xff=1", "a\"b=1", "\n\x01=1", "=1",
                                      "éééééééééééééééééééééééééééééééééééééééééééééééé=1"};
    for (size_t i = 0; i < KITH_LEN(odd); i++) {
        struct ingest_query q;
        assert_err(RUN(&q, "students", odd[i]), KITH_EINVAL);
        json_t *rendered = ingest_problems_json(&q.problems);
        assert_non_null(rendered);
        json_decref(rendered);
        ingest_query_done(&q);
    }
}

static void whole_key(void **state)
{
    (void)state;
    struct ingest_query q;
    assert_ok(RUN(&q, "sections", "sessionName=Fall", "schoolId=0255901044", "schoolYear=2027",
                  "localCourseCode=A", "sectionIdentifier=A-1"));
    struct kith_id id;
    assert_ok(ingest_key_id(ingest_resource_find("sections"),
                            (const char *const[]){"A", "255901044", "2027", "A-1", "Fall"}, 5,
                            &id));
    assert_true(q.has_id);
    assert_memory_equal(&q.id, &id, sizeof(id));
    assert_string_equal(q.filter,
                        "{\"courseOfferingReference\":{\"localCourseCode\":\"A\",\"schoolId\":"
                        "255901044,\"schoolYear\":2027,\"sessionName\":\"Fall\"},"
                        "\"sectionIdentifier\":\"A-1\"}");
    ingest_query_done(&q);
}

static void part_of_a_key(void **state)
{
    (void)state;
    struct ingest_query q;
    assert_ok(
        RUN(&q, "sections", "schoolId=7", "officialAttendancePeriod=TRUE", "availableCredits=1.0"));
    assert_false(q.has_id);
    assert_string_equal(q.filter, "{\"availableCredits\":1,\"courseOfferingReference\":"
                                  "{\"schoolId\":7},\"officialAttendancePeriod\":true}");
    ingest_query_done(&q);
    /* a value inside a reference that is no part of the key */
    assert_ok(RUN(&q, "courseOfferings", "courseCode=ART-06", "localCourseCode=ART-06"));
    assert_string_equal(q.filter, "{\"courseReference\":{\"courseCode\":\"ART-06\"},"
                                  "\"localCourseCode\":\"ART-06\"}");
    ingest_query_done(&q);
    assert_ok(RUN(&q, "students", "id=00000000000000000000000000000001", "firstName=A"));
    assert_true(q.has_id);
    assert_string_equal(q.filter, "{\"firstName\":\"A\"}");
    ingest_query_done(&q);
}

static void school_attendance(void **state)
{
    (void)state;
    struct ingest_query q;
    assert_ok(RUN(&q, "studentSchoolAttendanceEvents", "studentUniqueId=604843",
                  "schoolId=255901044", "schoolYear=2027", "sessionName=Fall",
                  "eventDate=2026-11-23", "attendanceEventCategoryDescriptor=Tardy"));
    struct ingest_event e;
    const struct ingest_native n = {.student_unique_id = "604843",
                                    .school_id = 255901044,
                                    .school_year = 2027,
                                    .session_name = "Fall",
                                    .category = "Tardy"};
    assert_ok(ingest_event_from_native(&n, &e, NULL));
    assert_true(q.has_student && q.has_school && q.has_place && q.has_date && q.has_category);
    assert_memory_equal(&q.student, &e.student, sizeof(e.student));
    assert_memory_equal(&q.school, &e.school, sizeof(e.school));
    assert_memory_equal(&q.place, &e.session, sizeof(e.session));
    assert_int_equal(q.school_id, 255901044);
    assert_int_equal(q.date, kith_date_from_civil(2026, 11, 23));
    assert_string_equal(q.category, e.category);
    assert_false(q.has_id);
    assert_null(q.place_filter);
    assert_null(q.filter);
    ingest_query_done(&q);
    ingest_event_done(&e);
}

static void partial_attendance(void **state)
{
    (void)state;
    struct ingest_query q;
    assert_ok(RUN(&q, "studentSchoolAttendanceEvents", "schoolId=7"));
    assert_true(q.has_school);
    assert_false(q.has_place || q.has_student || q.has_date || q.has_category);
    assert_null(q.place_filter);
    ingest_query_done(&q);
    assert_ok(RUN(&q, "studentSchoolAttendanceEvents", "schoolYear=2027", "eventDuration=0.5",
                  "attendanceEventReason=Bus"));
    assert_string_equal(q.place_filter, "{\"schoolYearTypeReference\":{\"schoolYear\":2027}}");
    assert_string_equal(q.filter, "{\"eventDuration\":0.5}");
    assert_true(q.has_reason);
    assert_string_equal(q.reason, "Bus");
    ingest_query_done(&q);
    assert_ok(RUN(&q, "studentSectionAttendanceEvents", "schoolId=7", "sectionIdentifier=A-1"));
    assert_true(q.has_school);
    assert_false(q.has_place);
    assert_string_equal(
        q.place_filter,
        "{\"courseOfferingReference\":{\"schoolId\":7},\"sectionIdentifier\":\"A-1\"}");
    ingest_query_done(&q);
}

/* jsonb's @>, for objects: every condition is met. */
static bool contains(const json_t *doc, const json_t *conditions)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)conditions, name, value)
    {
        const json_t *other = json_object_get(doc, name);
        bool good = json_is_object(value) ? json_is_object(other) && contains(other, value)
                                          : other && json_equal(other, value);
        if (!good)
            return false;
    }
    return true;
}

/* A document is found by its key, by any part of it, and by any of its single values. */
static void finds_its_document(void **state)
{
    (void)state;
    uint64_t s = 31;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        if (r->attendance != INGEST_ATTENDANCE_NONE)
            continue;
        for (int round = 0; round < 10; round++) {
            json_t *tree = random_document(&s, r, true);
            char *text = json_dumps(tree, JSON_REAL_PRECISION(15));
            kith_auto(ingest_doc) doc = NULL;
            assert_ok(ingest_doc_parse(r, text, strlen(text), &doc, NULL));
            json_t *body = json_loads(doc->body, 0, NULL);
            struct ingest_query q;
            ingest_query_begin(&q, r);
            size_t given = 0;
            char buf[24];
            for (size_t k = 0; k < r->key_n; k++) {
                if (round > 0 && random_below(&s, 2))
                    continue;
                ingest_query_arg(&q, r->key[k].name,
                                 ingest_canon_text(body, r->key[k].paths[0], buf));
                given++;
            }
            for (const struct ingest_field *f = r->fields; f->name; f++) {
                const char *value = ingest_canon_text(body, f->name, buf);
                if (!f->key && value && random_below(&s, 2))
                    ingest_query_arg(&q, f->name, value);
            }
            assert_ok(ingest_query_end(&q));
            assert_int_equal(q.has_id, given == r->key_n);
            if (q.has_id)
                assert_memory_equal(&q.id, &doc->id, sizeof(q.id));
            if (q.filter) {
                json_t *conditions = json_loads(q.filter, 0, NULL);
                assert_true(contains(body, conditions));
                json_decref(conditions);
            }
            ingest_query_done(&q);
            json_decref(body);
            json_decref(tree);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paging),
        cmocka_unit_test(bad),
        cmocka_unit_test(odd_names),
        cmocka_unit_test(whole_key),
        cmocka_unit_test(part_of_a_key),
        cmocka_unit_test(school_attendance),
        cmocka_unit_test(partial_attendance),
        cmocka_unit_test(finds_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
