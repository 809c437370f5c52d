/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/query.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/document.h"
#include "ingest/scalar.h"
#include "kith/clock.h"

#define OFFSET_MAX 100000000

void ingest_query_begin(struct ingest_query *q, const struct ingest_resource *r)
{
    assert(q && r);
    *q = (struct ingest_query){.resource = r, .limit = INGEST_LIMIT_DEFAULT};
}

/* An argument's name comes from outside: only what names are made of is repeated in a problem. */
static void safe_name(const char *name, char safe[static 49])
{
    size_t n = 0;
    for (; name[n] != '\0' && n < 48; n++) {
        bool letter = (name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z');
        bool digit = name[n] >= '0' && name[n] <= '9';
        safe[n] = name[n];
        if (!letter && !digit && name[n] != '_' && name[n] != '.' && name[n] != '-')
            safe[n] = '?';
    }
    safe[n] = '\0';
}

static void refuse(struct ingest_query *q, const char *name, const char *sentence)
{
    char safe[49];
    char path[64];
    safe_name(name, safe);
    (void)snprintf(path, sizeof(path), "$.%s", safe);
    ingest_problems_add(&q->problems, path, "%s %s.", safe, sentence);
}

/* ---- paging ---- */

static void set_whole(struct ingest_query *q, const char *name, const char *value, int64_t max,
                      uint32_t *ret)
{
    struct ingest_scalar s;
    struct kith_why why;
    if (ingest_scalar_parse(INGEST_INT64, max, true, value, strlen(value), &s, &why) == KITH_OK)
        *ret = (uint32_t)s.integer;
    else
        refuse(q, name, why.text);
}

/* Returns false when the argument is none of paging. */
static bool set_paging(struct ingest_query *q, const char *name, const char *value)
{
    bool *seen = NULL;
    if (strcmp(name, "limit") == 0)
        seen = &q->seen_limit;
    else if (strcmp(name, "offset") == 0)
        seen = &q->seen_offset;
    else if (strcmp(name, "totalCount") == 0)
        seen = &q->seen_total;
    if (!seen)
        return false;
    if (*seen) {
        refuse(q, name, "must be given once");
    } else if (seen == &q->seen_total) {
        struct ingest_scalar s;
        struct kith_why why;
        if (ingest_scalar_parse(INGEST_BOOL, 0, true, value, strlen(value), &s, &why) == KITH_OK)
            q->total_count = s.boolean;
        else
            refuse(q, name, why.text);
    } else if (seen == &q->seen_limit) {
        set_whole(q, name, value, INGEST_LIMIT_MAX, &q->limit);
    } else {
        set_whole(q, name, value, OFFSET_MAX, &q->offset);
    }
    *seen = true;
    return true;
}

/* ---- conditions ---- */

static void set_id(struct ingest_query *q, const char *value)
{
    if (q->has_id)
        refuse(q, "id", "must be given once");
    else if (kith_id_parse(value, &q->id) != KITH_OK)
        refuse(q, "id", "must have 32 hexadecimal digits");
    else
        q->has_id = true;
}

/* A whole key part; returns false when `name` is none. */
static bool set_key(struct ingest_query *q, const char *name, const char *value)
{
    const struct ingest_resource *r = q->resource;
    size_t i = 0;
    while (i < r->key_n && strcmp(r->key[i].name, name) != 0)
        i++;
    if (i == r->key_n)
        return false;
    struct ingest_scalar s;
    struct kith_why why;
    char category[INGEST_CATEGORY_SIZE];
    if (r->attendance != INGEST_ATTENDANCE_NONE && r->key[i].type == INGEST_DESCRIPTOR &&
        ingest_event_category(value, category) == KITH_OK)
        value = category; /* a bare code got its namespace */
    if (q->values[i]) {
        refuse(q, name, "must be given once");
    } else if (ingest_scalar_parse(r->key[i].type, r->key[i].max, true, value, strlen(value), &s,
                                   &why) != KITH_OK) {
        refuse(q, name, why.text);
    } else {
        q->values[i] = strndup(s.text, s.n);
        q->nomem = q->nomem || !q->values[i];
    }
    return true;
}

/* Sets the value at "a.b" of the object. */
static void put(struct ingest_query *q, json_t **object, const char *path, json_t *value)
{
    if (!*object)
        *object = json_object();
    json_t *at = *object;
    const char *dot = strchr(path, '.');
    if (at && dot) {
        char first[64];
        assert((size_t)(dot - path) < sizeof(first));
        (void)snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
        if (!json_object_get(at, first) && json_object_set_new(at, first, json_object()) != 0)
            q->nomem = true;
        at = json_object_get(at, first);
        path = dot + 1;
    }
    if (!at)
        json_decref(value);
    if (!at || json_object_set_new(at, path, value) != 0)
        q->nomem = true;
}

static json_t *typed(enum ingest_type type, const struct ingest_scalar *s)
{
    if (type == INGEST_INT64)
        return json_integer(s->integer);
    if (type == INGEST_NUMBER)
        return ingest_canon_number(s->number);
    if (type == INGEST_BOOL)
        return json_boolean(s->boolean);
    return json_stringn(s->text, s->n);
}

static void set_other(struct ingest_query *q, const char *path, const char *name,
                      enum ingest_type type, int64_t max, const char *value)
{
    struct ingest_scalar s;
    struct kith_why why;
    if (value[0] == '\0')
        refuse(q, name, "must not be empty");
    else if (ingest_scalar_parse(type, max, false, value, strlen(value), &s, &why) != KITH_OK)
        refuse(q, name, why.text);
    else if (q->other && ingest_canon_has(q->other, path))
        refuse(q, name, "must be given once");
    else
        put(q, &q->other, path, typed(type, &s));
}

static void set_reason(struct ingest_query *q, const char *value)
{
    size_t n = strlen(value);
    if (q->has_reason)
        refuse(q, "attendanceEventReason", "must be given once");
    else if (n == 0 || n >= sizeof(q->reason))
        refuse(q, "attendanceEventReason", "must have 1 to 255 characters");
    else
        memcpy(q->reason, value, n + 1);
    q->has_reason = true;
}

static bool scalar(enum ingest_type type)
{
    return type != INGEST_LIST && type != INGEST_OBJECT && type != INGEST_REFERENCE;
}

/* A single value at the top of the document. */
static bool set_top(struct ingest_query *q, const char *name, const char *value)
{
    bool event = q->resource->attendance != INGEST_ATTENDANCE_NONE;
    for (const struct ingest_field *f = q->resource->fields; f->name; f++) {
        if (!scalar(f->type) || strcmp(f->name, name) != 0)
            continue;
        if (event && f->type == INGEST_TIME)
            return false; /* has a column, and nobody searches by it */
        if (event && strcmp(name, "attendanceEventReason") == 0)
            set_reason(q, value);
        else
            set_other(q, name, name, f->type, f->max, value);
        return true;
    }
    return false;
}

/* A value inside a reference or object, by its own name: the first that has it. */
static bool set_inner(struct ingest_query *q, const char *name, const char *value)
{
    char path[160];
    for (const struct ingest_field *f = q->resource->fields; f->name; f++) {
        const struct ingest_field *inner = f->type == INGEST_OBJECT ? f->fields : NULL;
        for (; inner && inner->name; inner++) {
            if (!scalar(inner->type) || strcmp(inner->name, name) != 0)
                continue;
            (void)snprintf(path, sizeof(path), "%s.%s", f->name, name);
            set_other(q, path, name, inner->type, inner->max, value);
            return true;
        }
        const struct ingest_part *part =
            f->type == INGEST_REFERENCE ? f->reference->targets[0].parts : NULL;
        for (; part && part->name; part++) {
            if (strcmp(part->name, name) != 0)
                continue;
            const struct ingest_key_part *k = ingest_reference_part(f->reference, part);
            (void)snprintf(path, sizeof(path), "%s.%s", f->name, name);
            set_other(q, path, name, k->type, k->max, value);
            return true;
        }
    }
    return false;
}

static bool utf8(const char *value)
{
    json_t *text = json_string(value); /* refuses anything else */
    json_decref(text);
    return text != NULL;
}

void ingest_query_arg(void *ctx, const char *name, const char *value)
{
    struct ingest_query *q = ctx;
    assert(q && name && value);
    if (!utf8(value))
        refuse(q, name, "must be UTF-8");
    else if (set_paging(q, name, value))
        return;
    else if (strcmp(name, "id") == 0)
        set_id(q, value);
    else if (!set_key(q, name, value) && !set_top(q, name, value) && !set_inner(q, name, value))
        refuse(q, name, "is not an argument of this resource");
}

/* ---- the result ---- */

static const char *given(const struct ingest_query *q, const char *name)
{
    for (size_t i = 0; i < q->resource->key_n; i++) {
        if (strcmp(q->resource->key[i].name, name) == 0)
            return q->values[i];
    }
    return NULL;
}

/* The parts of r's key that were given, as conditions on r's documents; returns how many. */
static size_t put_key(struct ingest_query *q, const struct ingest_resource *r, json_t **object)
{
    size_t n = 0;
    for (size_t i = 0; i < r->key_n; i++) {
        const char *value = given(q, r->key[i].name);
        struct ingest_scalar s;
        if (!value)
            continue;
        if (ingest_scalar_parse(r->key[i].type, r->key[i].max, true, value, strlen(value), &s,
                                NULL) != KITH_OK)
            assert(false && "checked when it was given");
        put(q, object, r->key[i].paths[0], typed(r->key[i].type, &s));
        n++;
    }
    return n;
}

/* The id of r when all parts of its key were given. */
static bool key_id(const struct ingest_query *q, const struct ingest_resource *r,
                   struct kith_id *ret)
{
    const char *values[INGEST_KEY_MAX];
    for (size_t i = 0; i < r->key_n; i++) {
        values[i] = given(q, r->key[i].name);
        if (!values[i])
            return false;
    }
    return ingest_key_id(r, values, r->key_n, ret) == KITH_OK;
}

static void end_document(struct ingest_query *q)
{
    (void)put_key(q, q->resource, &q->other);
    if (!q->has_id)
        q->has_id = q->by_key = key_id(q, q->resource, &q->id);
}

static void end_attendance(struct ingest_query *q)
{
    bool section = q->resource->attendance == INGEST_ATTENDANCE_SECTION;
    const struct ingest_resource *place = ingest_resource_find(section ? "sections" : "sessions");
    q->has_student = key_id(q, ingest_resource_find("students"), &q->student);
    q->has_school = key_id(q, ingest_resource_find("schools"), &q->school);
    if (q->has_school)
        q->school_id = strtoll(given(q, "schoolId"), NULL, 10);
    q->has_place = key_id(q, place, &q->place);
    json_t *conditions = NULL;
    size_t parts = q->has_place ? 0 : put_key(q, place, &conditions);
    if (parts >
        (q->has_school ? 1 : 0)) { /* the school alone needs no look at sessions or sections */
        q->place_filter = ingest_canon_dump(conditions);
        q->nomem = q->nomem || !q->place_filter;
    }
    json_decref(conditions);
    const char *date = given(q, "eventDate");
    q->has_date = date && kith_date_parse(date, &q->date) == KITH_OK;
    const char *category = given(q, "attendanceEventCategoryDescriptor");
    q->has_category = category && ingest_event_category(category, q->category) == KITH_OK;
}

kith_err ingest_query_end(struct ingest_query *q)
{
    assert(q);
    if (q->problems.n > 0)
        return KITH_EINVAL;
    if (q->resource->attendance == INGEST_ATTENDANCE_NONE)
        end_document(q);
    else
        end_attendance(q);
    if (q->other && !q->nomem) {
        q->filter = ingest_canon_dump(q->other);
        q->nomem = !q->filter;
    }
    return q->nomem ? KITH_ENOMEM : KITH_OK;
}

void ingest_query_done(struct ingest_query *q)
{
    assert(q);
    for (size_t i = 0; i < INGEST_KEY_MAX; i++)
        free(q->values[i]);
    json_decref(q->other);
    free(q->filter);
    free(q->place_filter);
    *q = (struct ingest_query){0};
}
