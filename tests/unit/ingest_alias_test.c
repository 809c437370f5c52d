/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "ingest/alias.h"
#include "kith/cleanup.h"

static void names(void **state)
{
    (void)state;
    assert_ptr_equal(ingest_alias_find("parents"), ingest_resource_find("contacts"));
    assert_ptr_equal(ingest_alias_find("studentParentAssociations"),
                     ingest_resource_find("studentContactAssociations"));
    assert_null(ingest_alias_find("contacts"));
    for (size_t i = 0; i < ingest_alias_count(); i++) {
        assert_non_null(ingest_alias_find(ingest_alias_at(i)));
        assert_null(ingest_resource_find(ingest_alias_at(i))); /* no name means two things */
    }
    assert_string_equal(ingest_alias_field("parentUniqueId"), "contactUniqueId");
    assert_string_equal(ingest_alias_field("firstName"), "firstName");
}

static void renamed(const char *json, bool back, const char *expected)
{
    kith_auto_mem char *text = NULL;
    assert_ok(ingest_alias_body(json, strlen(json), back, &text));
    assert_string_equal(text, expected);
}

static void bodies(void **state)
{
    (void)state;
    const char *old = "{\"a\":[{\"parentUniqueId\":\"1\"}],\"parentReference\":{\"parentUniqueId\":"
                      "\"2\"}}";
    const char *new = "{\"a\":[{\"contactUniqueId\":\"1\"}],\"contactReference\":{"
                      "\"contactUniqueId\":\"2\"}}";
    renamed(old, false, new);
    renamed(new, true, old);
    renamed(new, false, new);
    /* a value is not a name; what is not an object is the parser's to refuse */
    renamed("{\"x\":\"parentUniqueId\"}", false, "{\"x\":\"parentUniqueId\"}");
    renamed("{\"parentUniqueId\":", false, "{\"parentUniqueId\":");
    renamed("[1]", false, "[1]");
    renamed("", false, "");
}

static void problems(void **state)
{
    (void)state;
    struct ingest_problems p = {0};
    ingest_problems_add(&p, "$.contactReference.contactUniqueId", "contactUniqueId is required.");
    ingest_alias_problems(&p);
    assert_string_equal(p.items[0].path, "$.parentReference.parentUniqueId");
    assert_string_equal(p.items[0].text, "parentUniqueId is required.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(bodies),
        cmocka_unit_test(problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
