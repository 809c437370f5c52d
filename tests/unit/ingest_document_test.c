/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest_random.h"

#include "ingest/document.h"
#include "ingest/json.h"

static struct ingest_doc *parse(const struct ingest_resource *r, const char *json)
{
    struct ingest_doc *doc = NULL;
    struct ingest_problems why = {0};
    kith_err err = ingest_doc_parse(r, json, strlen(json), &doc, &why);
    for (size_t i = 0; i < why.n; i++)
        print_error("%s %s in %s\n", why.items[i].path, why.items[i].text, json);
    assert_ok(err);
    return doc;
}

static struct ingest_doc *parse_tree(const struct ingest_resource *r, json_t *tree, size_t flags)
{
    char *text = json_dumps(tree, flags | JSON_REAL_PRECISION(15));
    struct ingest_doc *doc = parse(r, text);
    free(text);
    return doc;
}

/* Refused with a problem at `path` whose sentence holds `words`. */
static void refused(const char *resource, const char *json, kith_err expected, const char *path,
                    const char *words)
{
    struct ingest_doc *doc = NULL;
    struct ingest_problems why = {0};
    assert_err(ingest_doc_parse(ingest_resource_find(resource), json, strlen(json), &doc, &why),
               expected);
    assert_null(doc);
    for (size_t i = 0; i < why.n; i++) {
        if (strcmp(why.items[i].path, path) == 0 && strstr(why.items[i].text, words))
            return;
    }
    for (size_t i = 0; i < why.n; i++)
        print_error("%s %s\n", why.items[i].path, why.items[i].text);
    fail_msg("no problem at %s that says \"%s\"", path, words);
}

/* ---- by example ---- */

#define SESSION                                                                                    \
    "\"sessionName\":\"Fall\",\"schoolReference\":{\"schoolId\":1},\"beginDate\":\"2026-08-24\","  \
    "\"endDate\":\"2026-12-18\",\"termDescriptor\":\"uri://x/"                                     \
    "T#Fall\",\"totalInstructionalDays\":81"

static void canonical(void **state)
{
    (void)state;
    const struct ingest_resource *r = ingest_resource_find("sessions");
    kith_auto(ingest_doc) doc =
        parse(r, " {\"schoolYearTypeReference\" : {\"schoolYear\" : \"2027\", \"link\":{}}, "
                 "\"nobody\":[1], \"gradingPeriods\":null, " SESSION "}\n");
    assert_string_equal(doc->body, "{\"beginDate\":\"2026-08-24\",\"endDate\":\"2026-12-18\","
                                   "\"schoolReference\":{\"schoolId\":1},"
                                   "\"schoolYearTypeReference\":{\"schoolYear\":2027},"
                                   "\"sessionName\":\"Fall\",\"termDescriptor\":\"uri://x/T#Fall\","
                                   "\"totalInstructionalDays\":81}");
    assert_int_equal(doc->body_n, strlen(doc->body));
    assert_true(doc->digest >= 0);
    assert_int_equal(doc->refs_n, 1);
    assert_string_equal(doc->refs[0].path, "$.schoolReference");
    assert_string_equal(doc->refs[0].name, "schoolReference");
    assert_int_equal(doc->refs[0].n, 1);
    assert_ptr_equal(doc->refs[0].target[0], ingest_resource_find("schools"));
    struct kith_id school;
    assert_ok(
        ingest_key_id(ingest_resource_find("schools"), (const char *const[]){"1"}, 1, &school));
    assert_memory_equal(&doc->refs[0].id[0], &school, sizeof(school));
    struct kith_id session;
    assert_ok(ingest_key_id(r, (const char *const[]){"1", "2027", "Fall"}, 3, &session));
    assert_memory_equal(&doc->id, &session, sizeof(session));
}

static void alternatives(void **state)
{
    (void)state;
    kith_auto(ingest_doc) doc =
        parse(ingest_resource_find("cohorts"),
              "{\"cohortIdentifier\":\"A1\",\"educationOrganizationReference\":"
              "{\"educationOrganizationId\":7},\"cohortTypeDescriptor\":\"uri://x/C#Advisory\"}");
    assert_int_equal(doc->refs_n, 1);
    assert_int_equal(doc->refs[0].n, 2);
    assert_string_equal(doc->refs[0].target[0]->name, "schools");
    assert_string_equal(doc->refs[0].target[1]->name, "localEducationAgencies");
    struct kith_id id;
    assert_ok(ingest_key_id(doc->refs[0].target[0], (const char *const[]){"7"}, 1, &id));
    assert_memory_equal(&doc->refs[0].id[0], &id, sizeof(id));
    assert_ok(ingest_key_id(doc->refs[0].target[1], (const char *const[]){"7"}, 1, &id));
    assert_memory_equal(&doc->refs[0].id[1], &id, sizeof(id));
}

static void not_json(void **state)
{
    (void)state;
    refused("students", "", KITH_EDECODE, "$", "ends too early");
    refused("students", "{", KITH_EDECODE, "$", "ends too early");
    refused("students", "[]", KITH_EDECODE, "$", "must be a JSON object");
    refused("students", "\"x\"", KITH_EDECODE, "$", "");
    refused("students", "{\"a\":1,}", KITH_EDECODE, "$", "not JSON");
    refused("students", "{\"a\":1}x", KITH_EDECODE, "$", "follows the end");
    refused("students", "{\"a\":1,\"a\":2}", KITH_EDECODE, "$", "twice");
    refused("students", "{\"a\":{\"b\":1,\"b\":1}}", KITH_EDECODE, "$", "twice");
    refused("students", "{\"a\":\"\\u0000\"}", KITH_EDECODE, "$", "NUL");
    refused("students", "{\"a\":\"\xff\"}", KITH_EDECODE, "$", "UTF-8");
    refused("students", "{\"a\":99999999999999999999}", KITH_EDECODE, "$", "too large");
}

static void deep(void **state)
{
    (void)state;
    char json[200] = "{\"firstName\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\",\"a\":";
    refused("students", json, KITH_EDECODE, "$",
            "ends too early"); /* brackets in a text are none */
    size_t n = strlen(json);
    memset(json + n, '[', 32);
    json[n + 32] = '\0';
    refused("students", json, KITH_EDECODE, "$", "deeper than 32");
}

/* The sentences never quote the input. */
static void no_echo(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"Dwight\":1,\"Dwight\":2}", "{\"a\":Dwight}",      "{\"studentUniqueId\":\" Dwight\"}",
        "{\"birthDate\":\"Dwight\"}",  "{\"id\":\"Dwight\"}", "Dwight"};
    for (size_t i = 0; i < KITH_LEN(bodies); i++) {
        struct ingest_doc *doc = NULL;
        struct ingest_problems why = {0};
        assert_int_not_equal(ingest_doc_parse(ingest_resource_find("students"), bodies[i],
                                              strlen(bodies[i]), &doc, &why),
                             KITH_OK);
        assert_true(why.n > 0);
        json_t *rendered = ingest_problems_json(&why);
        char *text = json_dumps(rendered, 0);
        assert_null(strstr(text, "Dwight"));
        free(text);
        json_decref(rendered);
    }
}

#define STUDENT(id, birth)                                                                         \
    "{\"studentUniqueId\":" id ",\"firstName\":\"A\",\"lastSurname\":\"B\",\"birthDate\":" birth "}"
#define STUDENT_GOOD STUDENT("\"1\"", "\"2010-02-28\"")

static void rules(void **state)
{
    (void)state;
    kith_auto(ingest_doc) number =
        parse(ingest_resource_find("students"), STUDENT("604843", "\"2010-02-28\""));
    kith_auto(ingest_doc) text =
        parse(ingest_resource_find("students"), STUDENT("\"604843\"", "\"2010-02-28T00:00:00\""));
    assert_string_equal(number->body, text->body);
    assert_memory_equal(&number->id, &text->id, sizeof(text->id));

    refused("students", STUDENT("\" 1\"", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "blank");
    refused("students", STUDENT("\"1\\t\"", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "blank");
    refused("students", STUDENT("\"\"", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "required");
    refused("students", STUDENT("null", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "required");
    refused("students", STUDENT("true", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "true or false");
    refused("students", STUDENT("1.5", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId", "text");
    refused("students", STUDENT("{\"a\":1}", "\"2010-02-28\""), KITH_EINVAL, "$.studentUniqueId",
            "single value");
    refused("students", STUDENT("\"123456789012345678901234567890123\"", "\"2010-02-28\""),
            KITH_EINVAL, "$.studentUniqueId", "at most 32 characters");
    refused("students", STUDENT("\"1\"", "\"2010-02-29\""), KITH_EINVAL, "$.birthDate", "date");
    refused("students", STUDENT("\"1\"", "\"2010-02-28T10:00:00\""), KITH_EINVAL, "$.birthDate",
            "date");
    refused("students", STUDENT("\"1\"", "20100228"), KITH_EINVAL, "$.birthDate", "text");
    refused("students",
            "{\"studentUniqueId\":\"1\",\"firstName\":\"  \",\"lastSurname\":\"B\",\"birthDate\":"
            "\"2010-01-01\"}",
            KITH_EINVAL, "$.firstName", "required");
    refused("students", "{\"id\":\"0\",\"studentUniqueId\":\"1\"}", KITH_EINVAL, "$.id",
            "given by the server");
    refused("sessions", "{\"schoolYearTypeReference\":{\"schoolYear\":32768}," SESSION "}",
            KITH_EINVAL, "$.schoolYearTypeReference.schoolYear", "at most 32767");
    refused("sessions", "{\"schoolYearTypeReference\":{\"schoolYear\":-1}," SESSION "}",
            KITH_EINVAL, "$.schoolYearTypeReference.schoolYear", "not negative");
    refused("sessions", "{\"schoolYearTypeReference\":{\"schoolYear\":2027.5}," SESSION "}",
            KITH_EINVAL, "$.schoolYearTypeReference.schoolYear", "whole number");
    refused("sessions", "{\"schoolYearTypeReference\":2027," SESSION "}", KITH_EINVAL,
            "$.schoolYearTypeReference", "must be an object");
    refused("sessions", "{\"gradingPeriods\":{}," SESSION "}", KITH_EINVAL, "$.gradingPeriods",
            "must be a list");
    refused("sessions", "{\"gradingPeriods\":[1]," SESSION "}", KITH_EINVAL, "$.gradingPeriods[0]",
            "must hold objects");
    refused("sessions", "{\"gradingPeriods\":[{}]," SESSION "}", KITH_EINVAL,
            "$.gradingPeriods[0].gradingPeriodReference", "required");
    refused("schools", "{\"schoolId\":1,\"gradeLevels\":[]}", KITH_EINVAL, "$.gradeLevels",
            "required");
    refused("calendarDates", "{\"calendarEvents\":[{\"calendarEventDescriptor\":\"Holiday\"}]}",
            KITH_EINVAL, "$.calendarEvents[0].calendarEventDescriptor", "namespace#code");
}

static void disagreement(void **state)
{
    (void)state;
    refused("courseOfferings",
            "{\"localCourseCode\":\"A\",\"schoolReference\":{\"schoolId\":1},\"sessionReference\":"
            "{\"schoolId\":2,\"schoolYear\":2027,\"sessionName\":\"Fall\"},\"courseReference\":"
            "{\"courseCode\":\"A\",\"educationOrganizationId\":1}}",
            KITH_EINVAL, "$.sessionReference.schoolId", "must equal schoolReference.schoolId");
}

static void put_id(void **state)
{
    (void)state;
    const struct ingest_resource *r = ingest_resource_find("students");
    kith_auto(ingest_doc) doc = parse(r, STUDENT_GOOD);
    char hex[33];
    kith_id_format(&doc->id, hex);
    char json[400];
    (void)snprintf(json, sizeof(json), "{\"id\":\"%s\",%s", hex, &STUDENT_GOOD[1]);
    kith_auto(ingest_doc) again = NULL;
    assert_ok(ingest_doc_parse_put(r, json, strlen(json), &doc->id, &again, NULL));
    assert_string_equal(again->body, doc->body); /* the id is no part of the document */
    struct kith_id other = doc->id;
    other.b[0] ^= 1;
    struct ingest_doc *none = NULL;
    struct ingest_problems why = {0};
    assert_err(ingest_doc_parse_put(r, json, strlen(json), &other, &none, &why), KITH_EINVAL);
    assert_string_equal(why.items[0].path, "$.id");
    assert_ok(ingest_doc_parse_put(r, STUDENT_GOOD, strlen(STUDENT_GOOD), &other, &none, NULL));
    ingest_doc_free(none);
    ingest_doc_free(NULL);
}

static void problems_are_counted(void **state)
{
    (void)state;
    char json[4000] = "{\"otherNames\":[";
    for (int i = 0; i < 30; i++)
        (void)strcat(json, i ? ",{\"firstName\":1.5}" : "{\"firstName\":1.5}");
    (void)strcat(json, "]}");
    struct ingest_doc *doc = NULL;
    struct ingest_problems why = {0};
    assert_err(ingest_doc_parse(ingest_resource_find("students"), json, strlen(json), &doc, &why),
               KITH_EINVAL);
    assert_int_equal(why.n, INGEST_PROBLEMS_MAX);
    assert_int_equal(why.n + why.more, 30 * 3 + 4); /* three fields each; four of the student */
    json_t *rendered = ingest_problems_json(&why);
    const json_t *rest = json_object_get(rendered, "$");
    assert_string_equal(json_string_value(json_array_get(rest, 0)), "And 74 more problems.");
    json_decref(rendered);
    struct kith_why text;
    ingest_problems_why(&why, &text);
    assert_string_equal(text.text, "$.studentUniqueId: studentUniqueId is required. (and 93 more)");
}

static void key_texts(void **state)
{
    (void)state;
    const struct ingest_resource *r = ingest_resource_find("sessions");
    struct kith_id a;
    struct kith_id b;
    assert_ok(ingest_key_id(r, (const char *const[]){"255901044", "2022", "Fall"}, 3, &a));
    assert_ok(ingest_key_id(r, (const char *const[]){"0255901044", "2022", "Fall"}, 3, &b));
    assert_memory_equal(&a, &b, sizeof(a));
    assert_ok(ingest_key_id(r, (const char *const[]){"255901044", "2022", "fall"}, 3, &b));
    assert_memory_not_equal(&a, &b, sizeof(a));
    static const char *const bad[][3] = {
        {NULL, "2022", "Fall"},
        {"", "2022", "Fall"},
        {"x", "2022", "Fall"},
        {"1", "32768", "Fall"},
        {"1", "2022", " Fall"},
        {"1", "2022", "Fall "},
        {"1", "2022", ""},
        {"-1", "2022", "Fall"},
        {"99999999999999999999", "2022", "Fall"},
        {"1", "2022", "1234567890123456789012345678901234567890123456789012345678901"},
    };
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        assert_err(ingest_key_id(r, bad[i], 3, &b), KITH_EINVAL);
}

/* ---- by property ---- */

#define ROUNDS 12

static void assert_same(const struct ingest_doc *a, const struct ingest_doc *b)
{
    assert_string_equal(a->body, b->body);
    assert_memory_equal(&a->id, &b->id, sizeof(a->id));
    assert_int_equal(a->digest, b->digest);
    assert_int_equal(a->refs_n, b->refs_n);
    for (size_t i = 0; i < a->refs_n; i++)
        assert_memory_equal(a->refs[i].id, b->refs[i].id, sizeof(a->refs[i].id));
}

/* The key by the plain definition: a hash over the resource's name and its parts as text. */
static void check_key(const struct ingest_resource *r, const json_t *tree,
                      const struct ingest_doc *doc)
{
    char texts[INGEST_KEY_MAX][1100];
    const char *values[INGEST_KEY_MAX];
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, r->name);
    for (size_t i = 0; i < r->key_n; i++) {
        const json_t *value = at_path(tree, r->key[i].paths[0]);
        if (json_is_integer(value))
            (void)snprintf(texts[i], sizeof(texts[i]), "%lld",
                           (long long)json_integer_value(value));
        else
            (void)snprintf(texts[i], sizeof(texts[i]), "%s", json_string_value(value));
        values[i] = texts[i];
        kith_hash_text(&h, texts[i]);
    }
    struct kith_id plain = kith_hash_end(&h);
    struct kith_id fast;
    assert_ok(ingest_key_id(r, values, r->key_n, &fast));
    assert_memory_equal(&plain, &fast, sizeof(fast));
    assert_memory_equal(&plain, &doc->id, sizeof(plain));
}

static void canonical_is_a_fixed_point(void **state)
{
    (void)state;
    uint64_t s = 11;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        for (int round = 0; round < ROUNDS; round++) {
            json_t *tree = random_document(&s, r, round == 0);
            kith_auto(ingest_doc) doc = parse_tree(r, tree, JSON_INDENT(2));
            char *expected = ingest_canon_dump(tree);
            assert_string_equal(doc->body, expected);
            free(expected);
            check_key(r, tree, doc);
            kith_auto(ingest_doc) again = parse(r, doc->body);
            assert_same(doc, again);
            json_decref(tree);
        }
    }
}

static void untidy_is_the_same(void **state)
{
    (void)state;
    uint64_t s = 12;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        for (int round = 0; round < ROUNDS; round++) {
            json_t *tree = random_document(&s, r, false);
            json_t *untidy = untidy_object(&s, r->fields, tree);
            kith_auto(ingest_doc) doc = parse_tree(r, tree, JSON_COMPACT);
            kith_auto(ingest_doc) other =
                parse_tree(r, untidy, round % 2 ? JSON_INDENT(3) : JSON_ENSURE_ASCII);
            assert_same(doc, other);
            json_decref(tree);
            json_decref(untidy);
        }
    }
}

/* Adds the ids of all references below; returns how many there are. */
static size_t naive_refs(const struct ingest_field *fields, const json_t *tree, struct kith_id *ids,
                         size_t n)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        const json_t *value = json_object_get(tree, f->name);
        if (!value)
            continue;
        if (f->type == INGEST_OBJECT)
            n = naive_refs(f->fields, value, ids, n);
        for (size_t i = 0; f->type == INGEST_LIST && i < json_array_size(value); i++)
            n = naive_refs(f->fields, json_array_get(value, i), ids, n);
        for (size_t t = 0; f->reference && t < INGEST_TARGETS_MAX; t++) {
            if (!f->reference->targets[t].resource)
                break;
            const struct ingest_resource *r =
                ingest_resource_find(f->reference->targets[t].resource);
            char bufs[INGEST_KEY_MAX][24];
            const char *values[INGEST_KEY_MAX];
            for (size_t k = 0; k < r->key_n; k++) {
                const struct ingest_part *p = f->reference->targets[t].parts;
                while (strcmp(p->key, r->key[k].name) != 0)
                    p++;
                values[k] = ingest_canon_text(value, p->name, bufs[k]);
            }
            assert_ok(ingest_key_id(r, values, r->key_n, &ids[n++]));
        }
    }
    return n;
}

static void references_are_complete(void **state)
{
    (void)state;
    uint64_t s = 13;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        for (int round = 0; round < ROUNDS && !r->attendance; round++) {
            json_t *tree = random_document(&s, r, round == 0);
            kith_auto(ingest_doc) doc = parse_tree(r, tree, 0);
            struct kith_id ids[64];
            size_t n = naive_refs(r->fields, tree, ids, 0);
            size_t told = 0;
            for (size_t d = 0; d < doc->refs_n; d++) {
                for (size_t t = 0; t < doc->refs[d].n; t++, told++) {
                    bool found = false;
                    for (size_t k = 0; k < n; k++)
                        found = found || memcmp(&ids[k], &doc->refs[d].id[t], 16) == 0;
                    assert_true(found); /* none is invented */
                }
                for (size_t e = 0; e < d; e++)
                    assert_memory_not_equal(&doc->refs[d].id[0], &doc->refs[e].id[0], 16);
            }
            for (size_t k = 0; k < n; k++) {
                bool found = false;
                for (size_t d = 0; d < doc->refs_n; d++)
                    for (size_t t = 0; t < doc->refs[d].n; t++)
                        found = found || memcmp(&ids[k], &doc->refs[d].id[t], 16) == 0;
                assert_true(found); /* none is lost */
            }
            assert_true(told <= n);
            json_decref(tree);
        }
    }
}

/* Take away, spoil or disagree in one place of a good document: refused, and the problem names the place. */
static void damage_is_found(void **state)
{
    (void)state;
    uint64_t s = 14;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        for (const struct ingest_field *f = r->fields; f->name; f++) {
            json_t *tree = random_document(&s, r, true);
            if (random_below(&s, 2) && f->required)
                json_object_del(tree, f->name);
            else
                json_object_set_new(tree, f->name,
                                    f->type == INGEST_LIST ? json_string("x")
                                                           : json_pack("[s]", "x"));
            char *text = json_dumps(tree, JSON_REAL_PRECISION(15));
            char path[160];
            (void)snprintf(path, sizeof(path), "$.%s", f->name);
            refused(r->name, text, KITH_EINVAL, path, "");
            free(text);
            json_decref(tree);
        }
    }
}

/* Each required field, at any depth, missing in turn: the problem names its place. `at` is the object with `fields` in the document. */
static void without_each(const struct ingest_resource *r, json_t *root, json_t *at,
                         const struct ingest_field *fields, const char *path)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        char place[256];
        (void)snprintf(place, sizeof(place), "%s.%s", path, f->name);
        json_t *value = json_object_get(at, f->name);
        if (f->type == INGEST_OBJECT) {
            without_each(r, root, value, f->fields, place);
        } else if (f->type == INGEST_LIST) {
            (void)snprintf(place, sizeof(place), "%s.%s[0]", path, f->name);
            without_each(r, root, json_array_get(value, 0), f->fields, place);
            (void)snprintf(place, sizeof(place), "%s.%s", path, f->name);
        }
        if (!f->required)
            continue;
        json_incref(value);
        json_object_del(at, f->name);
        char *text = json_dumps(root, JSON_REAL_PRECISION(15));
        refused(r->name, text, KITH_EINVAL, place, "required");
        free(text);
        json_object_set_new(at, f->name, value);
    }
}

static void each_missing_field_is_named(void **state)
{
    (void)state;
    uint64_t s = 15;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        json_t *tree = random_document(&s, r, true);
        without_each(r, tree, tree, r->fields, "$");
        json_decref(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical),
        cmocka_unit_test(alternatives),
        cmocka_unit_test(not_json),
        cmocka_unit_test(deep),
        cmocka_unit_test(no_echo),
        cmocka_unit_test(rules),
        cmocka_unit_test(disagreement),
        cmocka_unit_test(put_id),
        cmocka_unit_test(problems_are_counted),
        cmocka_unit_test(key_texts),
        cmocka_unit_test(canonical_is_a_fixed_point),
        cmocka_unit_test(untidy_is_the_same),
        cmocka_unit_test(references_are_complete),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(each_missing_field_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
