/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/discovery.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "ingest/query.h"
#include "ingest/resource.h"

/* Every helper returns NULL, and 'o' in json_pack and json_*_set_new then fail, when memory is exhausted. */

static json_t *scalar_schema(enum ingest_type type, int64_t max)
{
    switch (type) {
    case INGEST_INT64:
        return max > 0 && max <= INT32_MAX
                   ? json_pack("{s:s, s:s}", "type", "integer", "format", "int32")
                   : json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
    case INGEST_NUMBER:
        return json_pack("{s:s, s:s}", "type", "number", "format", "double");
    case INGEST_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case INGEST_DATE:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date");
    case INGEST_DESCRIPTOR:
        return json_pack("{s:s, s:i}", "type", "string", "maxLength", 306);
    case INGEST_TEXT:
        return json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)max);
    default:
        return json_pack("{s:s}", "type", "string");
    }
}

static json_t *reference_schema(const struct ingest_reference *reference)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    int bad = properties && required ? 0 : -1;
    for (const struct ingest_part *p = reference->targets[0].parts; p->name && bad == 0; p++) {
        const struct ingest_key_part *k = ingest_reference_part(reference, p);
        bad = json_object_set_new(properties, p->name, scalar_schema(k->type, k->max));
        bad |= json_array_append_new(required, json_string(p->name));
    }
    if (bad != 0) {
        json_decref(properties);
        json_decref(required);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "required", required, "properties",
                     properties);
}

static json_t *object_schema(json_t *schemas, const struct ingest_field *fields);

/* A named schema in `schemas` and a $ref to it. One name always means the same fields. */
static json_t *named_schema(json_t *schemas, const struct ingest_field *f)
{
    json_t *name = json_sprintf("edFi_%s", f->name);
    if (!name)
        return NULL;
    int bad = 0;
    if (!json_object_get(schemas, json_string_value(name)))
        bad = json_object_set_new(schemas, json_string_value(name),
                                  f->reference ? reference_schema(f->reference)
                                               : object_schema(schemas, f->fields));
    json_t *ref = bad == 0
                      ? json_pack("{s:o}", "$ref",
                                  json_sprintf("#/components/schemas/%s", json_string_value(name)))
                      : NULL;
    json_decref(name);
    return ref;
}

static json_t *field_schema(json_t *schemas, const struct ingest_field *f)
{
    if (f->type == INGEST_REFERENCE || f->type == INGEST_OBJECT)
        return named_schema(schemas, f);
    if (f->type == INGEST_LIST)
        return json_pack("{s:s, s:o}", "type", "array", "items", object_schema(schemas, f->fields));
    json_t *schema = scalar_schema(f->type, f->max);
    if (schema && f->key && json_object_set_new(schema, "x-Ed-Fi-isIdentity", json_true()) != 0) {
        json_decref(schema);
        return NULL;
    }
    return schema;
}

static json_t *object_schema(json_t *schemas, const struct ingest_field *fields)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    int bad = properties && required ? 0 : -1;
    for (const struct ingest_field *f = fields; f->name && bad == 0; f++) {
        bad = json_object_set_new(properties, f->name, field_schema(schemas, f));
        if (f->required)
            bad |= json_array_append_new(required, json_string(f->name));
    }
    if (bad != 0) {
        json_decref(properties);
        json_decref(required);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "required", required, "properties",
                     properties);
}

static json_t *parameter(const char *name, const char *in, json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", in, "required",
                     strcmp(in, "path") == 0, "schema", schema);
}

static json_t *answer(const char *code, const char *text)
{
    return json_pack("{s:{s:s}}", code, "description", text);
}

static json_t *list_operation(const struct ingest_resource *r)
{
    json_t *parameters = json_pack(
        "[o, o, o]", parameter("limit", "query", scalar_schema(INGEST_INT64, INGEST_LIMIT_MAX)),
        parameter("offset", "query", scalar_schema(INGEST_INT64, INT32_MAX)),
        parameter("totalCount", "query", scalar_schema(INGEST_BOOL, 0)));
    int bad = parameters ? 0 : -1;
    for (size_t i = 0; i < r->key_n && bad == 0; i++)
        bad = json_array_append_new(
            parameters,
            parameter(r->key[i].name, "query", scalar_schema(r->key[i].type, r->key[i].max)));
    if (bad != 0) {
        json_decref(parameters);
        return NULL;
    }
    return json_pack("{s:o, s:o, s:o}", "operationId", json_sprintf("get_%s", r->name),
                     "parameters", parameters, "responses", answer("200", "A list of documents."));
}

static json_t *body_operation(const struct ingest_resource *r, const char *verb, const char *code,
                              const char *text)
{
    json_t *schema =
        json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/edFi_%s", r->singular));
    return json_pack("{s:o, s:{s:b, s:{s:{s:o}}}, s:o}", "operationId",
                     json_sprintf("%s_%s", verb, r->name), "requestBody", "required", true,
                     "content", "application/json", "schema", schema, "responses",
                     answer(code, text));
}

static json_t *plain_operation(const struct ingest_resource *r, const char *verb, const char *code,
                               const char *text)
{
    return json_pack("{s:o, s:o}", "operationId", json_sprintf("%s_%s_by_id", verb, r->name),
                     "responses", answer(code, text));
}

static int add_paths(json_t *paths, const struct ingest_resource *r)
{
    json_t *many = json_pack("{s:o, s:o}", "get", list_operation(r), "post",
                             body_operation(r, "post", "201", "Created; 200: it was there."));
    json_t *one = json_pack("{s:[o], s:o, s:o, s:o}", "parameters",
                            parameter("id", "path", scalar_schema(INGEST_TEXT, 36)), "get",
                            plain_operation(r, "get", "200", "The document."), "put",
                            body_operation(r, "put", "204", "Changed."), "delete",
                            plain_operation(r, "delete", "204", "Deleted."));
    json_t *name = json_sprintf("/ed-fi/%s", r->name);
    json_t *id_name = json_sprintf("/ed-fi/%s/{id}", r->name);
    int bad = name && id_name ? 0 : -1;
    if (bad == 0) {
        bad = json_object_set(paths, json_string_value(name), many);
        bad |= json_object_set(paths, json_string_value(id_name), one);
    }
    json_decref(many);
    json_decref(one);
    json_decref(name);
    json_decref(id_name);
    return bad;
}

static kith_err render(const char *base, const char *title, json_t *paths, json_t *schemas,
                       char **ret)
{
    json_t *flow =
        json_pack("{s:o, s:{}}", "tokenUrl", json_sprintf("%s" INGEST_OAUTH_PATH, base), "scopes");
    json_t *security = json_pack("{s:{s:s, s:{s:o}}}", "oauth2_client_credentials", "type",
                                 "oauth2", "flows", "clientCredentials", flow);
    json_t *root = json_pack("{s:s, s:{s:s, s:s}, s:[{s:o}], s:o, s:{s:o, s:o}}", "openapi",
                             "3.0.1", "info", "title", title, "version", "3", "servers", "url",
                             json_sprintf("%s/data/v3", base), "paths", paths, "components",
                             "schemas", schemas, "securitySchemes", security);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    if (!text)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}

/* Of the descriptor resources, or of all others. */
static kith_err document(const char *base, const char *title, bool descriptors, char **ret)
{
    json_t *paths = json_object();
    json_t *schemas = json_object();
    int bad = paths && schemas ? 0 : -1;
    for (size_t i = 0; i < ingest_resource_count() && bad == 0; i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        if (r->descriptor != descriptors)
            continue;
        json_t *name = json_sprintf("edFi_%s", r->singular);
        bad = name ? json_object_set_new(schemas, json_string_value(name),
                                         object_schema(schemas, r->fields))
                   : -1;
        json_decref(name);
        bad |= add_paths(paths, r);
    }
    if (bad != 0) {
        json_decref(paths);
        json_decref(schemas);
        return KITH_ENOMEM;
    }
    return render(base, title, paths, schemas, ret);
}

kith_err ingest_openapi_resources_json(const char *base, char **ret)
{
    assert(base && ret);
    return document(base, "Kith: Ed-Fi resources", false, ret);
}

kith_err ingest_openapi_descriptors_json(const char *base, char **ret)
{
    assert(base && ret);
    return document(base, "Kith: Ed-Fi descriptors", true, ret);
}
