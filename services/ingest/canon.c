/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/canon.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/json.h"
#include "ingest/scalar.h"

/* Whole numbers up to here are exact in a double. */
#define EXACT 9007199254740992.0

struct walk {
    struct ingest_problems *why; /* may be NULL */
    size_t bad;                  /* problems found */
    bool nomem;
    bool part;   /* nothing at the top is required */
    bool gather; /* references are */
    size_t refs_n;
    size_t refs_size;
    struct ingest_ref *refs;
    size_t path_n;
    char path[128]; /* where we are; beyond this it is cut, which only blurs a message */
};

static size_t path_push(struct walk *w, const char *name)
{
    size_t before = w->path_n;
    size_t room = sizeof(w->path) - 1 - before;
    size_t n = strlen(name);
    if (room > 0) {
        w->path[w->path_n++] = '.';
        n = n < room - 1 ? n : room - 1;
        memcpy(w->path + w->path_n, name, n);
        w->path_n += n;
        w->path[w->path_n] = '\0';
    }
    return before;
}

static size_t path_push_index(struct walk *w, size_t i)
{
    size_t before = w->path_n;
    int n = snprintf(w->path + before, sizeof(w->path) - before, "[%zu]", i);
    w->path_n = before + (size_t)n < sizeof(w->path) ? before + (size_t)n : sizeof(w->path) - 1;
    return before;
}

static void path_pop(struct walk *w, size_t before)
{
    w->path_n = before;
    w->path[before] = '\0';
}

static void problem(struct walk *w, const char *name, const char *sentence)
{
    w->bad++;
    ingest_problems_add(w->why, w->path, "%s %s.", name, sentence);
}

/* ---- scalars ---- */

json_t *ingest_canon_number(double v)
{
    if (fabs(v) < 1e15 && v == (double)(json_int_t)v)
        return json_integer((json_int_t)v);
    return json_real(v);
}

static json_t *make_scalar(const struct ingest_field *f, const struct ingest_scalar *s)
{
    switch (f->type) {
    case INGEST_INT64:
        return json_integer(s->integer);
    case INGEST_NUMBER:
        return ingest_canon_number(s->number);
    case INGEST_BOOL:
        return json_boolean(s->boolean);
    default:
        return json_stringn(s->text, s->n);
    }
}

/* A whole number as text; false when it is none. */
static bool number_text(const json_t *in, char buf[static 32])
{
    if (json_is_integer(in)) {
        (void)snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(in));
        return true;
    }
    double v = json_real_value(in);
    if (fabs(v) >= EXACT || v != (double)(json_int_t)v)
        return false;
    (void)snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, (json_int_t)v);
    return true;
}

/* What the type makes of JSON's own number or boolean; NULL with a problem when nothing. */
static json_t *coerce_bare(struct walk *w, const struct ingest_field *f, const json_t *in)
{
    char buf[32];
    struct ingest_scalar s;
    struct kith_why why = {.text = "must be a text"};
    if (json_is_boolean(in)) {
        if (f->type == INGEST_BOOL)
            return json_boolean(json_is_true(in));
        kith_why_set(&why, "%s", "must not be true or false");
    } else if (f->type == INGEST_NUMBER) {
        return ingest_canon_number(json_number_value(in));
    } else if ((f->type == INGEST_INT64 || f->type == INGEST_TEXT) && number_text(in, buf)) {
        if (ingest_scalar_parse(f->type, f->max, f->key, buf, strlen(buf), &s, &why) == KITH_OK)
            return make_scalar(f, &s);
    } else if (f->type == INGEST_INT64) {
        kith_why_set(&why, "%s", "must be a whole number, not negative");
    } else if (f->type == INGEST_BOOL) {
        kith_why_set(&why, "%s", "must be true or false");
    }
    problem(w, f->name, why.text);
    return NULL;
}

/* A code without a namespace gets the field's own, where it has one. NULL: not such a code, or out of memory. */
static json_t *complete_descriptor(struct walk *w, const struct ingest_field *f, const char *text,
                                   size_t n)
{
    if (!f->bare || memchr(text, '#', n))
        return NULL;
    json_t *full = json_sprintf("%s#%.*s", f->bare, (int)n, text);
    struct ingest_scalar s;
    struct kith_why why;
    if (!full) {
        w->nomem = true;
    } else if (ingest_scalar_parse(f->type, f->max, f->key, json_string_value(full),
                                   json_string_length(full), &s, &why) != KITH_OK) {
        problem(w, f->name, why.text);
        json_decref(full);
        full = NULL;
    }
    return full;
}

static json_t *canon_scalar(struct walk *w, const struct ingest_field *f, const json_t *in)
{
    if (json_is_object(in) || json_is_array(in)) {
        problem(w, f->name, "must be a single value");
        return NULL;
    }
    if (!json_is_string(in))
        return coerce_bare(w, f, in);
    const char *text = json_string_value(in);
    size_t n = json_string_length(in);
    if (f->type == INGEST_DESCRIPTOR && f->bare && !memchr(text, '#', n))
        return complete_descriptor(w, f, text, n);
    struct ingest_scalar s;
    struct kith_why why;
    if (ingest_scalar_parse(f->type, f->max, f->key, text, n, &s, &why) != KITH_OK) {
        problem(w, f->name, why.text);
        return NULL;
    }
    return make_scalar(f, &s);
}

/* ---- references ---- */

static struct ingest_ref *ref_slot(struct walk *w)
{
    if (w->refs_n == w->refs_size) {
        size_t size = w->refs_size ? w->refs_size * 2 : 4;
        struct ingest_ref *refs = reallocarray(w->refs, size, sizeof(*refs));
        if (!refs) {
            w->nomem = true;
            return NULL;
        }
        w->refs = refs;
        w->refs_size = size;
    }
    return &w->refs[w->refs_n];
}

kith_err ingest_canon_target(const struct ingest_target *t, const struct ingest_resource *r,
                             const json_t *values, struct kith_id *ret)
{
    char bufs[INGEST_KEY_MAX][24];
    const char *texts[INGEST_KEY_MAX] = {0};
    for (size_t i = 0; i < r->key_n; i++) {
        const struct ingest_part *p = t->parts;
        while (strcmp(p->key, r->key[i].name) != 0)
            p++;
        texts[i] = ingest_canon_text(values, p->name, bufs[i]);
    }
    return ingest_key_id(r, texts, r->key_n, ret);
}

static void gather(struct walk *w, const struct ingest_field *f, const json_t *values)
{
    struct ingest_ref *slot = ref_slot(w);
    if (!slot)
        return;
    *slot = (struct ingest_ref){.name = f->name};
    (void)snprintf(slot->path, sizeof(slot->path), "%s", w->path);
    for (size_t i = 0; i < INGEST_TARGETS_MAX && f->reference->targets[i].resource; i++) {
        const struct ingest_target *t = &f->reference->targets[i];
        slot->target[i] = ingest_resource_find(t->resource);
        assert(slot->target[i]);
        if (ingest_canon_target(t, slot->target[i], values, &slot->key[i]) != KITH_OK)
            assert(false && "a checked reference has an id");
        slot->id[i] = slot->key[i];
        slot->n = i + 1;
    }
    w->refs_n++;
}

/* ---- objects and lists ---- */

static json_t *canon_fields(struct walk *w, const struct ingest_field *fields, const json_t *in);

static json_t *canon_reference(struct walk *w, const struct ingest_field *f, const json_t *in)
{
    const struct ingest_target *t = &f->reference->targets[0];
    struct ingest_field parts[INGEST_PARTS_MAX + 1] = {0};
    for (size_t i = 0; t->parts[i].name; i++) {
        assert(i < INGEST_PARTS_MAX);
        const struct ingest_key_part *k = ingest_reference_part(f->reference, &t->parts[i]);
        parts[i] = (struct ingest_field){.name = t->parts[i].name,
                                         .type = k->type,
                                         .max = k->max,
                                         .required = true,
                                         .key = true};
    }
    size_t bad = w->bad;
    json_t *out = canon_fields(w, parts, in);
    if (out && w->bad == bad && w->gather)
        gather(w, f, out);
    return out;
}

static json_t *canon_list(struct walk *w, const struct ingest_field *f, const json_t *in)
{
    json_t *out = json_array();
    for (size_t i = 0; out && i < json_array_size(in); i++) {
        size_t before = path_push_index(w, i);
        const json_t *element = json_array_get(in, i);
        if (json_is_object(element)) {
            json_t *made = canon_fields(w, f->fields, element);
            if (made && json_array_append_new(out, made) != 0)
                w->nomem = true;
        } else {
            problem(w, f->name, "must hold objects");
        }
        path_pop(w, before);
    }
    if (!out)
        w->nomem = true;
    return out;
}

static json_t *canon_value(struct walk *w, const struct ingest_field *f, const json_t *in)
{
    if (f->type == INGEST_LIST) {
        if (json_is_array(in))
            return canon_list(w, f, in);
        problem(w, f->name, "must be a list");
        return NULL;
    }
    if (f->type == INGEST_OBJECT || f->type == INGEST_REFERENCE) {
        if (!json_is_object(in)) {
            problem(w, f->name, "must be an object");
            return NULL;
        }
        return f->type == INGEST_OBJECT ? canon_fields(w, f->fields, in)
                                        : canon_reference(w, f, in);
    }
    return canon_scalar(w, f, in);
}

/* null, "" and [] are absence */
static bool absent(const json_t *in)
{
    return !in || json_is_null(in) || (json_is_string(in) && json_string_length(in) == 0) ||
           (json_is_array(in) && json_array_size(in) == 0);
}

/* Text that is required must say something. */
static bool says_nothing(const struct ingest_field *f, const json_t *in)
{
    return f->type == INGEST_TEXT && !f->key && json_is_string(in) &&
           json_string_value(in)[strspn(json_string_value(in), " \t\r\n")] == '\0';
}

static void canon_field(struct walk *w, const struct ingest_field *f, const json_t *in, json_t *out)
{
    size_t before = path_push(w, f->name);
    bool top = before == 1;
    bool required = f->required && !(w->part && top);
    if (absent(in) || (required && says_nothing(f, in))) {
        if (required)
            problem(w, f->name, "is required");
    } else {
        size_t bad = w->bad;
        json_t *made = canon_value(w, f, in);
        if (!made) {
            w->nomem = w->nomem || w->bad == bad;
        } else if (json_is_object(made) && json_object_size(made) == 0) {
            json_decref(
                made); /* {} is absence too, unless something in it was required, which was said */
            if (required && w->bad == bad)
                problem(w, f->name, "is required");
        } else if (json_object_set_new_nocheck(out, f->name, made) != 0) {
            w->nomem = true;
        }
    }
    path_pop(w, before);
}

static json_t *canon_fields(struct walk *w, const struct ingest_field *fields, const json_t *in)
{
    json_t *out = json_object();
    if (!out) {
        w->nomem = true;
        return NULL;
    }
    for (const struct ingest_field *f = fields; f->name && !w->nomem; f++)
        canon_field(w, f, json_object_get(in, f->name), out);
    return out;
}

/* ---- the whole body ---- */

static void check_id(struct walk *w, const json_t *root, const struct kith_id *put_id)
{
    const json_t *given = json_object_get(root, "id");
    if (!given || (put_id && json_is_null(given)))
        return;
    struct kith_id id;
    bool same = put_id && json_is_string(given) &&
                kith_id_parse(json_string_value(given), &id) == KITH_OK &&
                memcmp(&id, put_id, sizeof(id)) == 0;
    if (same)
        return;
    w->bad++;
    ingest_problems_add(w->why, "$.id", "%s",
                        put_id ? "The id differs from that of the address."
                               : "The id is given by the server; leave it out of the document.");
}

/* A part of the natural key that stands in several places must be the same everywhere. */
static void check_unity(struct walk *w, const struct ingest_resource *r, const json_t *body)
{
    for (size_t i = 0; i < r->key_n; i++) {
        const struct ingest_key_part *k = &r->key[i];
        char first_buf[24];
        const char *first = ingest_canon_text(body, k->paths[0], first_buf);
        for (size_t p = 1; first && p < INGEST_KEY_PATHS && k->paths[p]; p++) {
            char buf[24];
            const char *other = ingest_canon_text(body, k->paths[p], buf);
            if (!other || strcmp(first, other) == 0)
                continue;
            char path[128];
            (void)snprintf(path, sizeof(path), "$.%s", k->paths[p]);
            w->bad++;
            ingest_problems_add(w->why, path, "%s must equal %s.", k->name, k->paths[0]);
        }
    }
}

static kith_err verdict(const struct walk *w)
{
    if (w->nomem)
        return KITH_ENOMEM;
    return w->bad > 0 ? KITH_EINVAL : KITH_OK;
}

kith_err ingest_canon_parse(const struct ingest_resource *r, const char *json, size_t n,
                            const struct kith_id *put_id, struct ingest_canon *ret,
                            struct ingest_problems *why)
{
    assert(r && json && ret);
    json_t *root = NULL;
    kith_err err = ingest_json_load(json, n, &root, why);
    if (err != KITH_OK)
        return err;
    struct walk w = {
        .why = why, .path = "$", .path_n = 1, .gather = r->attendance == INGEST_ATTENDANCE_NONE};
    check_id(&w, root, put_id);
    json_t *body = canon_fields(&w, r->fields, root);
    json_decref(root);
    if (body)
        check_unity(&w, r, body);
    struct ingest_canon made = {.body = body, .refs_n = w.refs_n, .refs = w.refs};
    err = verdict(&w);
    if (err != KITH_OK) {
        ingest_canon_done(&made);
        return err;
    }
    *ret = made;
    return KITH_OK;
}

kith_err ingest_canon_part(const struct ingest_resource *r, const char *json, size_t n,
                           json_t **ret, struct ingest_problems *why)
{
    assert(r && json && ret);
    json_t *root = NULL;
    kith_err err = ingest_json_load(json, n, &root, why);
    if (err != KITH_OK)
        return err;
    struct walk w = {.why = why, .path = "$", .path_n = 1, .part = true};
    json_t *body = canon_fields(&w, r->fields, root);
    json_decref(root);
    err = verdict(&w);
    if (err != KITH_OK) {
        json_decref(body);
        return err;
    }
    *ret = body;
    return KITH_OK;
}

void ingest_canon_done(struct ingest_canon *c)
{
    json_decref(c->body);
    free(c->refs);
    *c = (struct ingest_canon){0};
}

static const json_t *value_at(const json_t *body, const char *path)
{
    const char *dot = strchr(path, '.');
    if (dot) {
        body = json_object_getn(body, path, (size_t)(dot - path));
        path = dot + 1;
    }
    return json_object_get(body, path);
}

bool ingest_canon_has(const json_t *body, const char *path)
{
    return value_at(body, path) != NULL;
}

const char *ingest_canon_text(const json_t *body, const char *path, char buf[static 24])
{
    const json_t *value = value_at(body, path);
    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return NULL;
    (void)snprintf(buf, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return buf;
}

char *ingest_canon_dump(const json_t *body)
{
    return json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
}

int64_t ingest_digest(const struct kith_id *id)
{
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | id->b[i];
    return (int64_t)(v & INT64_MAX);
}
