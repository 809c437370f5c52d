/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/discovery.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/alias.h"
#include "ingest/resource.h"
#include "kith/cleanup.h"

static kith_err dump(json_t *value, char **ret)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    json_decref(value);
    if (!text)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}

static json_t *url(const char *base, const char *path)
{
    return json_sprintf("%s%s", base, path);
}

kith_err ingest_discovery_json(const char *base, char **ret)
{
    assert(base && ret);
    json_t *model = json_pack("{s:s, s:s, s:s}", "name", "Ed-Fi", "version", "5.2.0",
                              "informationalVersion", "The Ed-Fi Data Standard v5.2, in part");
    json_t *urls =
        json_pack("{s:o, s:o, s:o, s:o}", "dependencies", url(base, INGEST_DEPENDENCIES_PATH),
                  "openApiMetadata", url(base, INGEST_OPENAPI_PATH), "oauth",
                  url(base, INGEST_OAUTH_PATH), "dataManagementApi", url(base, "/data/v3/"));
    return dump(json_pack("{s:s, s:s, s:s, s:[o], s:o}", "version", KITH_VERSION,
                          "informationalVersion", "Kith " KITH_VERSION, "build", KITH_VERSION,
                          "dataModels", model, "urls", urls),
                ret);
}

static int add_dependency(json_t *list, const char *name, int order)
{
    return json_array_append_new(list, json_pack("{s:o, s:i, s:[s, s]}", "resource",
                                                 json_sprintf("/ed-fi/%s", name), "order", order,
                                                 "operations", "Create", "Update"));
}

kith_err ingest_dependencies_json(char **ret)
{
    assert(ret);
    json_t *list = json_array();
    int bad = list ? 0 : -1;
    for (size_t i = 0; i < ingest_resource_count() && bad == 0; i++)
        bad = add_dependency(list, ingest_resource_at(i)->name, ingest_resource_at(i)->order);
    for (size_t i = 0; i < ingest_alias_count() && bad == 0; i++)
        bad =
            add_dependency(list, ingest_alias_at(i), ingest_alias_find(ingest_alias_at(i))->order);
    if (bad != 0) {
        json_decref(list);
        list = NULL;
    }
    return dump(list, ret);
}

/* What a resource needs, each once; a reference to oneself is no need. */
struct needs {
    const struct ingest_resource *of;
    const struct ingest_resource *list[64];
    size_t n;
};

static void need(struct needs *needs, const struct ingest_resource *r)
{
    size_t i = 0;
    while (i < needs->n && needs->list[i] != r)
        i++;
    if (r && r != needs->of && i == needs->n) {
        assert(i < KITH_LEN(needs->list));
        needs->list[needs->n++] = r;
    }
}

static void gather_needs(struct needs *needs, const struct ingest_field *fields)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        if (f->fields)
            gather_needs(needs, f->fields);
        if (f->type == INGEST_DESCRIPTOR)
            need(needs, ingest_resource_descriptor(f->name));
        for (size_t i = 0; f->reference && i < INGEST_TARGETS_MAX; i++) {
            const char *target = f->reference->targets[i].resource;
            if (target)
                need(needs, ingest_resource_find(target));
        }
    }
}

static void print_edges(FILE *out, const struct ingest_resource *r)
{
    struct needs needs = {.of = r};
    gather_needs(&needs, r->fields);
    for (size_t i = 0; i < needs.n; i++)
        (void)fprintf(out, "<edge source=\"/ed-fi/%s\" target=\"/ed-fi/%s\"/>\n",
                      needs.list[i]->name, r->name);
}

kith_err ingest_dependencies_graphml(char **ret)
{
    assert(ret);
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return KITH_ENOMEM;
    (void)fprintf(out, "%s",
                  "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
                  "<graph id=\"Resources\" edgedefault=\"directed\">\n");
    for (size_t i = 0; i < ingest_resource_count(); i++)
        (void)fprintf(out, "<node id=\"/ed-fi/%s\"/>\n", ingest_resource_at(i)->name);
    for (size_t i = 0; i < ingest_resource_count(); i++)
        print_edges(out, ingest_resource_at(i));
    (void)fprintf(out, "</graph>\n</graphml>\n");
    if (fclose(out) != 0) {
        free(text);
        return KITH_ENOMEM;
    }
    *ret = text;
    return KITH_OK;
}

kith_err ingest_openapi_list_json(const char *base, char **ret)
{
    assert(base && ret);
    return dump(json_pack("[{s:s, s:o, s:s}, {s:s, s:o, s:s}]", "name", "Resources", "endpointUri",
                          url(base, INGEST_RESOURCES_PATH), "prefix", "", "name", "Descriptors",
                          "endpointUri", url(base, INGEST_DESCRIPTORS_PATH), "prefix", ""),
                ret);
}
