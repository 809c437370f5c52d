/* SPDX-License-Identifier: Apache-2.0 */
/* Random documents made from the resource table, already in canonical form; and the same documents as untidy clients write them. */
#ifndef INGEST_RANDOM_H
#define INGEST_RANDOM_H

#include "kith_test.h"

#include <jansson.h>

#include "ingest/canon.h"
#include "ingest/resource.h"
#include "ingest/scalar.h"
#include "kith/clock.h"

static inline int64_t random_below(uint64_t *s, int64_t n)
{
    return (int64_t)(test_random(s) % (uint64_t)n);
}

/* Text of 1..max characters that does not begin or end with a blank. */
static inline json_t *random_text(uint64_t *s, int64_t max)
{
    static const char *const letters[] = {"a", "Z", "7",  "0", "-", "\"", "\\", "/",
                                          "é", "ñ", "漢", "😀", "'", "{",  "#"};
    char text[4 * 64 + 1];
    size_t n = 0;
    int64_t length = 1 + random_below(s, max < 40 ? max : 40);
    for (int64_t i = 0; i < length; i++) {
        bool inside = i > 0 && i + 1 < length;
        const char *c = inside && random_below(s, 8) == 0
                            ? " "
                            : letters[random_below(s, (int64_t)KITH_LEN(letters))];
        memcpy(text + n, c, strlen(c));
        n += strlen(c);
    }
    return json_stringn(text, n);
}

static inline json_t *random_scalar(uint64_t *s, enum ingest_type type, int64_t max)
{
    char text[64];
    switch (type) {
    case INGEST_TEXT:
        return random_text(s, max);
    case INGEST_INT64:
        return json_integer(random_below(s, 3) == 0 && max == 0
                                ? INT64_MAX - random_below(s, 1000)
                                : random_below(s, max > 0 && max < 3000 ? max : 3000));
    case INGEST_NUMBER: {
        int64_t thousandths = random_below(s, 4000000) - 1000000;
        return thousandths % 1000 == 0 ? json_integer(thousandths / 1000)
                                       : json_real((double)thousandths / 1000);
    }
    case INGEST_BOOL:
        return json_boolean(random_below(s, 2));
    case INGEST_DATE:
        kith_date_format((int32_t)random_below(s, 40000) - 5000, text);
        return json_string(text);
    case INGEST_TIME:
        ingest_time_format(random_below(s, 86400) * 1000000 +
                               (random_below(s, 4) == 0 ? random_below(s, 1000000) : 0),
                           text);
        return json_string(text);
    case INGEST_DESCRIPTOR:
        (void)snprintf(text, sizeof(text), "uri://x%d.org/SomeDescriptor#Code %d",
                       (int)random_below(s, 3), (int)random_below(s, 20));
        return json_string(text);
    default:
        return NULL;
    }
}

static inline json_t *random_object(uint64_t *s, const struct ingest_field *fields, bool all);

static inline json_t *random_reference(uint64_t *s, const struct ingest_reference *reference)
{
    json_t *out = json_object();
    for (const struct ingest_part *p = reference->targets[0].parts; p->name; p++) {
        const struct ingest_key_part *k = ingest_reference_part(reference, p);
        json_object_set_new(out, p->name, random_scalar(s, k->type, k->max));
    }
    return out;
}

static inline json_t *random_value(uint64_t *s, const struct ingest_field *f, bool all)
{
    if (f->type == INGEST_REFERENCE)
        return random_reference(s, f->reference);
    if (f->type == INGEST_OBJECT)
        return random_object(s, f->fields, all);
    if (f->type != INGEST_LIST)
        return random_scalar(s, f->type, f->max);
    json_t *list = json_array();
    for (int64_t n = 1 + random_below(s, 3); n > 0; n--)
        json_array_append_new(list, random_object(s, f->fields, all));
    return list;
}

static inline json_t *random_object(uint64_t *s, const struct ingest_field *fields, bool all)
{
    json_t *out = json_object();
    for (const struct ingest_field *f = fields; f->name; f++) {
        if (f->required || all || random_below(s, 2))
            json_object_set_new(out, f->name, random_value(s, f, all));
    }
    return out;
}

/* The value at "a.b"; NULL when there is none. */
static inline json_t *at_path(const json_t *body, const char *path)
{
    char first[64];
    const char *dot = strchr(path, '.');
    if (!dot)
        return json_object_get(body, path);
    (void)snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
    return json_object_get(json_object_get(body, first), dot + 1);
}

static inline void set_path(json_t *body, const char *path, json_t *value)
{
    char first[64];
    const char *dot = strchr(path, '.');
    if (dot) {
        (void)snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
        body = json_object_get(body, first);
        path = dot + 1;
    }
    json_object_set_new(body, path, value);
}

/* A canonical document; `all`: with every optional field. */
static inline json_t *random_document(uint64_t *s, const struct ingest_resource *r, bool all)
{
    json_t *out = random_object(s, r->fields, all);
    for (size_t i = 0; i < r->key_n; i++) {
        for (size_t p = 1; p < INGEST_KEY_PATHS && r->key[i].paths[p]; p++) {
            if (at_path(out, r->key[i].paths[p]))
                set_path(out, r->key[i].paths[p], json_copy(at_path(out, r->key[i].paths[0])));
        }
    }
    return out;
}

/* ---- as untidy clients write it ---- */

static inline json_t *untidy_scalar(uint64_t *s, enum ingest_type type, json_t *value)
{
    char text[128];
    if (random_below(s, 2))
        return json_incref(value);
    switch (type) {
    case INGEST_INT64:
        (void)snprintf(text, sizeof(text), "%s%lld", random_below(s, 2) ? "00" : "",
                       (long long)json_integer_value(value));
        if (json_integer_value(value) < 1000000 && random_below(s, 3) == 0)
            return json_real((double)json_integer_value(value));
        return json_string(text);
    case INGEST_NUMBER:
        (void)snprintf(text, sizeof(text), "%.3f", json_number_value(value));
        return random_below(s, 2) ? json_string(text) : json_real(json_number_value(value));
    case INGEST_BOOL:
        return json_string(json_is_true(value) ? "True" : "FALSE");
    case INGEST_DATE:
        return json_sprintf("%s%s", json_string_value(value),
                            random_below(s, 2) ? "T00:00:00" : "T00:00:00.000Z");
    case INGEST_TIME:
        return strchr(json_string_value(value), '.')
                   ? json_incref(value)
                   : json_sprintf("%s%s", json_string_value(value),
                                  random_below(s, 2) ? ".000" : ".0000000");
    default:
        return json_incref(value);
    }
}

static inline json_t *untidy_object(uint64_t *s, const struct ingest_field *fields, json_t *in);

static inline json_t *untidy_value(uint64_t *s, const struct ingest_field *f, json_t *value)
{
    if (f->type == INGEST_REFERENCE) {
        json_t *out = json_object();
        for (const struct ingest_part *p = f->reference->targets[0].parts; p->name; p++)
            json_object_set_new(out, p->name,
                                untidy_scalar(s, ingest_reference_part(f->reference, p)->type,
                                              json_object_get(value, p->name)));
        json_object_set_new(out, "link", json_pack("{s:s}", "rel", "Something"));
        return out;
    }
    if (f->type == INGEST_OBJECT)
        return untidy_object(s, f->fields, value);
    if (f->type != INGEST_LIST)
        return untidy_scalar(s, f->type, value);
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(list, untidy_object(s, f->fields, json_array_get(value, i)));
    return list;
}

/* The same facts: other order, other types where Ed-Fi coerces, absence as null, "" or [], properties that nobody knows. */
static inline json_t *untidy_object(uint64_t *s, const struct ingest_field *fields, json_t *in)
{
    json_t *out = json_object();
    size_t n = 0;
    while (fields[n].name)
        n++;
    for (size_t i = n; i > 0; i--) { /* backwards: another order than the table's */
        const struct ingest_field *f = &fields[i - 1];
        json_t *value = json_object_get(in, f->name);
        if (value)
            json_object_set_new(out, f->name, untidy_value(s, f, value));
        else if (random_below(s, 3) == 0)
            json_object_set_new(out, f->name,
                                f->type == INGEST_LIST    ? json_array()
                                : random_below(s, 2) == 0 ? json_string("")
                                                          : json_null());
    }
    if (random_below(s, 2))
        json_object_set_new(out, "nobodyKnowsThis", json_pack("[{s:i}, n]", "a", 1));
    return out;
}

#endif
