/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest_random.h"

#include "ingest/document.h"
#include "ingest/event.h"

static const struct ingest_resource *resource(bool section)
{
    return ingest_resource_find(section ? "studentSectionAttendanceEvents"
                                        : "studentSchoolAttendanceEvents");
}

#define SCHOOL_KEY(category)                                                                       \
    "\"eventDate\":\"2026-11-23\",\"attendanceEventCategoryDescriptor\":\"" category               \
    "\",\"studentReference\":{\"studentUniqueId\":\"604843\"},\"schoolReference\":{\"schoolId\":"  \
    "255901044},\"sessionReference\":{\"schoolId\":255901044,\"schoolYear\":2027,"                 \
    "\"sessionName\":\"Fall\"}"
#define TARDY "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy"

static void parse(bool section, const char *json, struct ingest_event *ret)
{
    struct ingest_problems why = {0};
    kith_err err = ingest_event_parse(resource(section), json, strlen(json), ret, &why);
    for (size_t i = 0; i < why.n; i++)
        print_error("%s %s\n", why.items[i].path, why.items[i].text);
    assert_ok(err);
}

static void by_example(void **state)
{
    (void)state;
    struct ingest_event e;
    parse(false,
          "{" SCHOOL_KEY(TARDY) ",\"attendanceEventReason\":\"Bus\",\"arrivalTime\":\"09:35\","
                                "\"eventDuration\":\"0.50\"}",
          &e);
    assert_false(e.section);
    assert_int_equal(e.school_id, 255901044);
    assert_int_equal(e.date, kith_date_from_civil(2026, 11, 23));
    assert_string_equal(e.category, TARDY);
    assert_non_null(e.reason);
    assert_string_equal(e.reason, "Bus");
    assert_int_equal(e.arrival_us, (9 * 3600 + 35 * 60) * INT64_C(1000000));
    assert_int_equal(e.departure_us, INGEST_TIME_NONE);
    assert_string_equal(e.extra, "{\"eventDuration\":0.5}");
    struct kith_id id;
    assert_ok(
        ingest_key_id(ingest_resource_find("students"), (const char *const[]){"604843"}, 1, &id));
    assert_memory_equal(&e.student, &id, sizeof(id));
    assert_ok(
        ingest_key_id(ingest_resource_find("schools"), (const char *const[]){"255901044"}, 1, &id));
    assert_memory_equal(&e.school, &id, sizeof(id));
    assert_ok(ingest_key_id(ingest_resource_find("sessions"),
                            (const char *const[]){"255901044", "2027", "Fall"}, 3, &id));
    assert_memory_equal(&e.session, &id, sizeof(id));
    ingest_event_done(&e);
}

static void bare_codes(void **state)
{
    (void)state;
    struct ingest_event e;
    parse(false, "{" SCHOOL_KEY("Tardy") "}", &e);
    assert_string_equal(e.category, TARDY);
    assert_null(e.extra);
    assert_null(e.reason);
    ingest_event_done(&e);
    parse(false, "{" SCHOOL_KEY("uri://state.example/Own#Late bus") "}", &e);
    assert_string_equal(e.category, "uri://state.example/Own#Late bus");
    ingest_event_done(&e);

    char category[INGEST_CATEGORY_SIZE];
    assert_err(ingest_event_category("", category), KITH_EINVAL);
    assert_err(ingest_event_category(" Tardy", category), KITH_EINVAL);
    assert_err(ingest_event_category("Tardy#", category), KITH_EINVAL);
    char longest[INGEST_CATEGORY_SIZE];
    memset(longest, 'n', 306);
    longest[255] = '#';
    longest[306] = '\0';
    assert_ok(ingest_event_category(longest, category));
    assert_string_equal(category, longest);
    char longer[INGEST_CATEGORY_SIZE + 1];
    memset(longer, 'n', 307);
    longer[255] = '#';
    longer[307] = '\0';
    assert_err(ingest_event_category(longer, category), KITH_EINVAL);
    longer[255] = 'n'; /* a bare code of 307 */
    assert_err(ingest_event_category(longer, category), KITH_EINVAL);
}

static void refused(const char *json, const char *path)
{
    struct ingest_event e;
    struct ingest_problems why = {0};
    assert_err(ingest_event_parse(resource(false), json, strlen(json), &e, &why), KITH_EINVAL);
    for (size_t i = 0; i < why.n; i++) {
        if (strcmp(why.items[i].path, path) == 0)
            return;
    }
    fail_msg("nothing about %s", path);
}

static void bad_events(void **state)
{
    (void)state;
    refused("{}", "$.eventDate");
    refused("{}", "$.studentReference");
    refused("{" SCHOOL_KEY("Tardy") ",\"id\":\"x\"}", "$.id");
    refused("{" SCHOOL_KEY("Tardy") ",\"arrivalTime\":\"25:00:00\"}", "$.arrivalTime");
    refused("{" SCHOOL_KEY("12345678901234567890123456789012345678901234567890x") "}",
            "$.attendanceEventCategoryDescriptor");
    refused("{\"schoolReference\":{\"schoolId\":1},\"sessionReference\":{\"schoolId\":2}}",
            "$.sessionReference.schoolId");
    /* 306 characters, but more bytes than the table's column may hold */
    char json[2000];
    char category[700] = "";
    for (int i = 0; i < 250; i++)
        (void)strcat(category, "é");
    (void)snprintf(json, sizeof(json), "{" SCHOOL_KEY("%s#C") "}", category);
    refused(json, "$.attendanceEventCategoryDescriptor");
}

/* 255 characters of reason, whatever their bytes. */
static void long_reasons(void **state)
{
    (void)state;
    char reason[4 * 256 + 1] = "";
    for (int i = 0; i < 255; i++)
        (void)strcat(reason, "😀");
    char json[2400];
    (void)snprintf(json, sizeof(json), "{" SCHOOL_KEY("Tardy") ",\"attendanceEventReason\":\"%s\"}",
                   reason);
    struct ingest_event e;
    parse(false, json, &e);
    assert_string_equal(e.reason, reason);
    ingest_event_done(&e);
    struct ingest_native n = {.student_unique_id = "1",
                              .school_id = 1,
                              .school_year = 2027,
                              .session_name = "Fall",
                              .category = "Tardy",
                              .reason = reason};
    assert_ok(ingest_event_from_native(&n, &e, NULL));
    assert_string_equal(e.reason, reason);
    ingest_event_done(&e);
    (void)strcat(reason, "x");
    struct kith_why why;
    assert_err(ingest_event_from_native(&n, &e, &why), KITH_EINVAL);
    assert_non_null(strstr(why.text, "reason"));
    (void)snprintf(json, sizeof(json), "{" SCHOOL_KEY("Tardy") ",\"attendanceEventReason\":\"%s\"}",
                   reason);
    refused(json, "$.attendanceEventReason");
}

static void bad_native(void **state)
{
    (void)state;
    const struct ingest_native good = {.section = true,
                                       .student_unique_id = "1",
                                       .school_id = 1,
                                       .school_year = 2027,
                                       .session_name = "Fall",
                                       .local_course_code = "A",
                                       .section_identifier = "A-1",
                                       .date = 20000,
                                       .category = "Tardy"};
    struct ingest_event e;
    struct kith_why why;
    assert_ok(ingest_event_from_native(&good, &e, &why));
    ingest_event_done(&e);
    struct ingest_native bad[14];
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        bad[i] = good;
    bad[0].student_unique_id = NULL;
    bad[1].student_unique_id = "1 ";
    bad[2].school_id = 0;
    bad[3].school_id = -1;
    bad[4].school_year = 0;
    bad[5].session_name = "";
    bad[6].local_course_code = NULL;
    bad[7].section_identifier = "";
    bad[8].category = "";
    bad[9].arrival_time = "late";
    bad[10].departure_time = "24:00:00";
    bad[11].extra_json = "[]";
    bad[12].extra_json = "{\"eventDuration\":\"x\"}";
    bad[13].date = INT32_MAX;
    for (size_t i = 0; i < KITH_LEN(bad); i++) {
        why.text[0] = '\0';
        assert_err(ingest_event_from_native(&bad[i], &e, &why), KITH_EINVAL);
        assert_true(strlen(why.text) > 0);
    }
    struct ingest_native school = good;
    school.section = false;
    school.local_course_code = NULL;
    school.section_identifier = NULL;
    assert_ok(ingest_event_from_native(&school, &e, &why));
    ingest_event_done(&e);
}

static void put(void **state)
{
    (void)state;
    struct kith_id id;
    assert_ok(kith_id_parse("00000000000000000000000000000001", &id));
    static const char json[] =
        "{\"id\":\"00000000-0000-0000-0000-000000000001\"," SCHOOL_KEY("Tardy") "}";
    struct ingest_event e;
    assert_ok(ingest_event_parse_put(resource(false), json, strlen(json), &id, &e, NULL));
    ingest_event_done(&e);
    id.b[0] = 9;
    assert_err(ingest_event_parse_put(resource(false), json, strlen(json), &id, &e, NULL),
               KITH_EINVAL);
}

static void digest_covers_content(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{" SCHOOL_KEY("Tardy") "}",
        "{" SCHOOL_KEY("Tardy") ",\"attendanceEventReason\":\"a\"}",
        "{" SCHOOL_KEY("Tardy") ",\"attendanceEventReason\":\"b\"}",
        "{" SCHOOL_KEY("Tardy") ",\"arrivalTime\":\"00:00:00\"}",
        "{" SCHOOL_KEY("Tardy") ",\"departureTime\":\"00:00:00\"}",
        "{" SCHOOL_KEY("Tardy") ",\"eventDuration\":1}",
        "{" SCHOOL_KEY("Tardy") ",\"eventDuration\":0.5}",
        "{" SCHOOL_KEY("Tardy") ",\"schoolAttendanceDuration\":1}",
    };
    int64_t digests[KITH_LEN(bodies)];
    for (size_t i = 0; i < KITH_LEN(bodies); i++) {
        struct ingest_event e;
        parse(false, bodies[i], &e);
        digests[i] = e.digest;
        assert_true(e.digest >= 0);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(digests[i], digests[k]);
        ingest_event_done(&e);
    }
    struct ingest_event e;
    parse(false, "{" SCHOOL_KEY("Present") ",\"attendanceEventReason\":\"a\"}", &e);
    assert_int_equal(e.digest, digests[1]); /* the key is no part of it */
    ingest_event_done(&e);
}

static void assert_same(const struct ingest_event *a, const struct ingest_event *b)
{
    assert_int_equal(a->section, b->section);
    assert_memory_equal(&a->student, &b->student, sizeof(a->student));
    assert_memory_equal(&a->school, &b->school, sizeof(a->school));
    assert_memory_equal(&a->session, &b->session, sizeof(a->session));
    assert_memory_equal(&a->place_section, &b->place_section, sizeof(a->place_section));
    assert_int_equal(a->school_id, b->school_id);
    assert_int_equal(a->date, b->date);
    assert_string_equal(a->category, b->category);
    assert_string_equal(a->reason ? a->reason : "", b->reason ? b->reason : "");
    assert_int_equal(a->reason != NULL, b->reason != NULL);
    assert_int_equal(a->arrival_us, b->arrival_us);
    assert_int_equal(a->departure_us, b->departure_us);
    assert_string_equal(a->extra ? a->extra : "-", b->extra ? b->extra : "-");
    assert_int_equal(a->digest, b->digest);
}

static const char *text_at(const json_t *tree, const char *path)
{
    return json_string_value(at_path(tree, path));
}

static struct ingest_event_view view_of(const json_t *tree, const struct ingest_event *e)
{
    const json_t *place =
        json_object_get(tree, e->section ? "sectionReference" : "sessionReference");
    return (struct ingest_event_view){
        .section = e->section,
        .student_unique_id = text_at(tree, "studentReference.studentUniqueId"),
        .school_id = json_integer_value(json_object_get(place, "schoolId")),
        .school_year = (int32_t)json_integer_value(json_object_get(place, "schoolYear")),
        .session_name = json_string_value(json_object_get(place, "sessionName")),
        .local_course_code = json_string_value(json_object_get(place, "localCourseCode")),
        .section_identifier = json_string_value(json_object_get(place, "sectionIdentifier")),
        .category = e->category,
        .date = e->date,
        .reason = e->reason,
        .arrival_us = e->arrival_us,
        .departure_us = e->departure_us,
        .extra = e->extra,
    };
}

/* Both doors and the way back make one event of the same facts. */
static void doors_agree(void **state)
{
    (void)state;
    uint64_t s = 21;
    for (int round = 0; round < 300; round++) {
        bool section = round % 2;
        json_t *tree = random_document(&s, resource(section), round < 4);
        json_t *untidy = untidy_object(&s, resource(section)->fields, tree);
        char *text = json_dumps(untidy, JSON_REAL_PRECISION(15));
        struct ingest_event e;
        parse(section, text, &e);

        struct ingest_event_view view = view_of(tree, &e);
        char *rendered = NULL;
        assert_ok(ingest_event_json(&view, &rendered));
        json_t *out = json_loads(rendered, 0, NULL);
        char *sorted = ingest_canon_dump(out);
        char *expected = ingest_canon_dump(tree);
        assert_string_equal(sorted, expected);
        struct ingest_event again;
        parse(section, rendered, &again);
        assert_same(&e, &again);

        struct ingest_native n = {
            .section = section,
            .student_unique_id = view.student_unique_id,
            .school_id = view.school_id,
            .school_year = view.school_year,
            .session_name = view.session_name,
            .local_course_code = view.local_course_code,
            .section_identifier = view.section_identifier,
            .date = e.date,
            .category = e.category,
            .reason = round % 3 ? view.reason : e.reason, /* "" or NULL */
            .arrival_time = text_at(tree, "arrivalTime"),
            .departure_time = text_at(tree, "departureTime"),
            .extra_json = e.extra     ? e.extra
                          : round % 3 ? ""
                                      : "{}",
        };
        struct ingest_event native;
        /* 0 stands for "not set" in the native messages */
        if (view.school_id > 0 && view.school_year > 0) {
            assert_ok(ingest_event_from_native(&n, &native, NULL));
            assert_same(&e, &native);
            ingest_event_done(&native);
        }
        view.id = "0123456789abcdef0123456789abcdef";
        view.etag = "77";
        char *full = NULL;
        assert_ok(ingest_event_json(&view, &full));
        struct kith_id id;
        assert_ok(kith_id_parse(view.id, &id));
        struct ingest_event third;
        assert_ok(ingest_event_parse_put(resource(section), full, strlen(full), &id, &third, NULL));
        assert_same(&e, &third);
        ingest_event_done(&third);
        ingest_event_done(&again);
        ingest_event_done(&e);
        free(full);
        free(expected);
        free(sorted);
        free(rendered);
        free(text);
        json_decref(out);
        json_decref(untidy);
        json_decref(tree);
    }
}

/* A memo changes nothing but the speed, whatever came before. */
static void memo(void **state)
{
    (void)state;
    static const char *const names[] = {"Fall",
                                        "Spring",
                                        "",
                                        NULL,
                                        " x",
                                        ("a name of sixty characters, longer in bytes: éééééééééé"
                                         "éééééééééééééééé")};
    uint64_t s = 24;
    struct ingest_memo m = {0};
    int good = 0;
    for (int i = 0; i < 20000; i++) {
        struct ingest_native n = {
            .section = random_below(&s, 2),
            .student_unique_id = i % 5 ? "1" : "2",
            .school_id = random_below(&s, 3),
            .school_year = 2026 + (int32_t)random_below(&s, 2),
            .session_name = names[random_below(&s, i % 3 ? 2 : (int64_t)KITH_LEN(names))],
            .local_course_code = names[random_below(&s, i % 7 ? 2 : (int64_t)KITH_LEN(names))],
            .section_identifier = names[random_below(&s, i % 7 ? 2 : (int64_t)KITH_LEN(names))],
            .category = "Tardy",
        };
        struct ingest_event plain;
        struct ingest_event fast;
        kith_err err = ingest_event_from_native(&n, &plain, NULL);
        n.memo = &m;
        assert_err(ingest_event_from_native(&n, &fast, NULL), err);
        if (err != KITH_OK)
            continue;
        assert_same(&plain, &fast);
        ingest_event_done(&plain);
        ingest_event_done(&fast);
        good++;
    }
    assert_true(good > 5000);
}

static void render_refuses_a_broken_extra(void **state)
{
    (void)state;
    struct ingest_event_view v = {
        .student_unique_id = "1", .session_name = "Fall", .category = TARDY, .extra = "[1]"};
    char *text = NULL;
    assert_err(ingest_event_json(&v, &text), KITH_EINVAL);
    assert_null(text);
}

/* ---- ids ---- */

static struct ingest_event_key random_key(uint64_t *s)
{
    bool section = random_below(s, 2);
    return (struct ingest_event_key){
        .student = 1 + random_below(s, UINT32_MAX),
        .place = 1 + random_below(s, UINT32_MAX),
        .session = section ? 0 : 1 + random_below(s, (1 << 24) - 1),
        .category = (int32_t)(1 + random_below(s, (1 << 15) - 1)),
        .date = (int32_t)random_below(s, 3600000) - 719000,
        .section = section,
    };
}

static void assert_same_key(const struct ingest_event_key *a, const struct ingest_event_key *b)
{
    assert_int_equal(a->student, b->student);
    assert_int_equal(a->place, b->place);
    assert_int_equal(a->session, b->session);
    assert_int_equal(a->category, b->category);
    assert_int_equal(a->date, b->date);
    assert_int_equal(a->section, b->section);
}

static void ids_unpack(void **state)
{
    (void)state;
    uint64_t s = 22;
    for (int i = 0; i < 20000; i++) {
        struct ingest_event_key key = random_key(&s);
        if (i % 7 == 0)
            key.student = i % 2 ? UINT32_MAX : 1;
        if (i % 5 == 0)
            key.date = i % 2 ? kith_date_from_civil(9999, 12, 31) : kith_date_from_civil(1, 1, 1);
        struct kith_id id;
        struct ingest_event_key back;
        assert_ok(ingest_event_id(&key, &id));
        assert_ok(ingest_event_unpack_id(&id, &back));
        assert_same_key(&key, &back);
    }
}

/* Whatever unpacks packs to the same bytes. */
static void ids_pack_back(void **state)
{
    (void)state;
    uint64_t s = 23;
    int good = 0;
    for (int i = 0; i < 20000; i++) {
        struct kith_id id;
        for (size_t b = 0; b < sizeof(id.b); b++)
            id.b[b] = (uint8_t)test_random(&s);
        struct ingest_event_key key;
        if (i % 2) { /* a section's has no session */
            id.b[8] = id.b[9] = id.b[10] = 0;
            id.b[11] |= 0x80;
        }
        if (ingest_event_unpack_id(&id, &key) != KITH_OK)
            continue;
        struct kith_id back;
        assert_ok(ingest_event_id(&key, &back));
        assert_memory_equal(&id, &back, sizeof(id));
        good++;
    }
    assert_true(good > 1000);
}

static void ids_out_of_range(void **state)
{
    (void)state;
    const struct ingest_event_key good = {.student = 1, .place = 2, .session = 3, .category = 4};
    struct kith_id id;
    assert_ok(ingest_event_id(&good, &id));
    struct ingest_event_key bad[12];
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        bad[i] = good;
    bad[0].student = 0;
    bad[1].student = INT64_C(1) << 32;
    bad[2].place = -1;
    bad[3].place = INT64_C(1) << 32;
    bad[4].session = 0;
    bad[5].session = 1 << 24;
    bad[6].category = 0;
    bad[7].category = 1 << 15;
    bad[8].section = true; /* with a session */
    bad[9].date = kith_date_from_civil(1, 1, 1) - 1;
    bad[10].date = kith_date_from_civil(9999, 12, 31) + 1;
    bad[11].date = INT32_MIN;
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        assert_err(ingest_event_id(&bad[i], &id), KITH_EINVAL);
    struct ingest_event_key key;
    memset(&id, 0, sizeof(id));
    assert_err(ingest_event_unpack_id(&id, &key), KITH_EINVAL);
    memset(&id, 0xff, sizeof(id));
    assert_err(ingest_event_unpack_id(&id, &key), KITH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_example),
        cmocka_unit_test(bare_codes),
        cmocka_unit_test(bad_events),
        cmocka_unit_test(long_reasons),
        cmocka_unit_test(bad_native),
        cmocka_unit_test(put),
        cmocka_unit_test(digest_covers_content),
        cmocka_unit_test(doors_agree),
        cmocka_unit_test(memo),
        cmocka_unit_test(render_refuses_a_broken_extra),
        cmocka_unit_test(ids_unpack),
        cmocka_unit_test(ids_pack_back),
        cmocka_unit_test(ids_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
