/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <jansson.h>

#include "ingest/alias.h"
#include "ingest/discovery.h"
#include "ingest/document.h"
#include "kith/cleanup.h"

#define BASE "https://kith.example/edfi"

static json_t *load(const char *text)
{
    json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(tree);
    return tree;
}

static void discovery(void **state)
{
    (void)state;
    kith_auto_mem char *text = NULL;
    assert_ok(ingest_discovery_json(BASE, &text));
    json_t *tree = load(text);
    const char *oauth = NULL;
    const char *dependencies = NULL;
    const char *metadata = NULL;
    const char *data = NULL;
    const char *model = NULL;
    assert_int_equal(json_unpack(tree, "{s:{s:s, s:s, s:s, s:s}, s:[{s:s}]}", "urls", "oauth",
                                 &oauth, "dependencies", &dependencies, "openApiMetadata",
                                 &metadata, "dataManagementApi", &data, "dataModels", "version",
                                 &model),
                     0);
    assert_string_equal(oauth, BASE "/oauth/token");
    assert_string_equal(dependencies, BASE INGEST_DEPENDENCIES_PATH);
    assert_string_equal(metadata, BASE INGEST_OPENAPI_PATH);
    assert_string_equal(data, BASE "/data/v3/");
    assert_string_equal(model, "5.2.0");
    assert_true(json_is_string(json_object_get(tree, "version")));
    json_decref(tree);
}

/* In the order that the answer gives, nothing is pushed before what it refers to. */
static void dependencies(void **state)
{
    (void)state;
    kith_auto_mem char *text = NULL;
    assert_ok(ingest_dependencies_json(&text));
    json_t *tree = load(text);
    assert_int_equal(json_array_size(tree), ingest_resource_count() + ingest_alias_count());
    for (size_t i = 0; i < json_array_size(tree); i++) {
        const char *resource = NULL;
        int order = 0;
        const char *first = NULL;
        const char *second = NULL;
        assert_int_equal(json_unpack(json_array_get(tree, i), "{s:s, s:i, s:[s, s]}", "resource",
                                     &resource, "order", &order, "operations", &first, &second),
                         0);
        assert_memory_equal(resource, "/ed-fi/", 7);
        const struct ingest_resource *r = ingest_resource_find(resource + 7);
        r = r ? r : ingest_alias_find(resource + 7);
        assert_non_null(r);
        assert_int_equal(order, r->order);
        assert_string_equal(first, "Create");
        assert_string_equal(second, "Update");
    }
    json_decref(tree);
}

static void graphml(void **state)
{
    (void)state;
    kith_auto_mem char *text = NULL;
    assert_ok(ingest_dependencies_graphml(&text));
    assert_memory_equal(text, "<?xml ", 6);
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        char node[128];
        (void)snprintf(node, sizeof(node), "<node id=\"/ed-fi/%s\"/>", ingest_resource_at(i)->name);
        assert_non_null(strstr(text, node));
    }
    assert_non_null(strstr(text, "<edge source=\"/ed-fi/schools\" target=\"/ed-fi/sessions\"/>"));
    assert_non_null(
        strstr(text, "<edge source=\"/ed-fi/localEducationAgencies\" target=\"/ed-fi/cohorts\"/>"));
    assert_non_null(
        strstr(text, "<edge source=\"/ed-fi/classPeriods\" target=\"/ed-fi/sections\"/>"));
    assert_non_null(strstr(text, "<edge source=\"/ed-fi/gradeLevelDescriptors\" "
                                 "target=\"/ed-fi/studentSchoolAssociations\"/>"));
    assert_null(strstr(text, "source=\"/ed-fi/localEducationAgencies\" "
                             "target=\"/ed-fi/localEducationAgencies\""));
    assert_non_null(strstr(text, "</graphml>"));
}

static void metadata_list(void **state)
{
    (void)state;
    kith_auto_mem char *text = NULL;
    assert_ok(ingest_openapi_list_json(BASE, &text));
    json_t *tree = load(text);
    const char *names[2];
    const char *uris[2];
    assert_int_equal(json_unpack(tree, "[{s:s, s:s}, {s:s, s:s}]", "name", &names[0], "endpointUri",
                                 &uris[0], "name", &names[1], "endpointUri", &uris[1]),
                     0);
    assert_string_equal(names[0], "Resources");
    assert_string_equal(uris[0], BASE INGEST_RESOURCES_PATH);
    assert_string_equal(names[1], "Descriptors");
    assert_string_equal(uris[1], BASE INGEST_DESCRIPTORS_PATH);
    json_decref(tree);
}

static void check_refs(const json_t *root, const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, name, inner)
        {
            if (strcmp(name, "$ref") == 0) {
                const char *target = json_string_value(inner);
                assert_memory_equal(target, "#/components/schemas/", 21);
                const json_t *schemas =
                    json_object_get(json_object_get(root, "components"), "schemas");
                assert_non_null(json_object_get(schemas, target + 21));
            }
            check_refs(root, inner);
        }
    }
    json_array_foreach(value, i, inner) check_refs(root, inner);
}

/* One of the two descriptions against the table; the caller's is the tree. */
static json_t *check_description(const char *text, bool descriptors)
{
    json_t *tree = load(text);
    check_refs(tree, tree);
    const json_t *schemas = json_object_get(json_object_get(tree, "components"), "schemas");
    const json_t *paths = json_object_get(tree, "paths");
    size_t described = 0;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        if (r->descriptor != descriptors)
            continue;
        described++;
        char name[128];
        (void)snprintf(name, sizeof(name), "edFi_%s", r->singular);
        const json_t *schema = json_object_get(schemas, name);
        const json_t *properties = json_object_get(schema, "properties");
        size_t required = 0;
        size_t n = 0;
        for (const struct ingest_field *f = r->fields; f->name; f++, n++) {
            assert_non_null(json_object_get(properties, f->name));
            required += f->required;
        }
        assert_int_equal(json_object_size(properties), n);
        assert_int_equal(json_array_size(json_object_get(schema, "required")), required);
    }
    assert_int_equal(json_object_size(paths), 2 * described);
    return tree;
}

static bool is_identity(const json_t *tree, const char *schema, const char *property)
{
    json_t *schemas = json_object_get(json_object_get(tree, "components"), "schemas");
    json_t *properties = json_object_get(json_object_get(schemas, schema), "properties");
    return json_is_true(
        json_object_get(json_object_get(properties, property), "x-Ed-Fi-isIdentity"));
}

static void openapi(void **state)
{
    (void)state;
    kith_auto_mem char *resources = NULL;
    assert_ok(ingest_openapi_resources_json(BASE, &resources));
    json_t *tree = check_description(resources, false);
    assert_true(is_identity(tree, "edFi_student", "studentUniqueId"));
    assert_false(is_identity(tree, "edFi_student", "firstName"));
    json_decref(tree);

    kith_auto_mem char *descriptors = NULL;
    assert_ok(ingest_openapi_descriptors_json(BASE, &descriptors));
    tree = check_description(descriptors, true);
    assert_true(is_identity(tree, "edFi_gradeLevelDescriptor", "codeValue"));
    json_decref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discovery),     cmocka_unit_test(dependencies), cmocka_unit_test(graphml),
        cmocka_unit_test(metadata_list), cmocka_unit_test(openapi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
