/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/rekey.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "kith/cleanup.h"

struct rewriting {
    ingest_rekey_find find;
    void *ctx;
    struct ingest_rekeyed done;
    bool nomem;
};

kith_err ingest_rekey_values(const struct ingest_resource *r, const json_t *body,
                             struct ingest_rekey_values *ret)
{
    char bufs[INGEST_KEY_MAX][24];
    const char *texts[INGEST_KEY_MAX];
    size_t n = 0;
    for (size_t i = 0; i < r->key_n; i++) {
        texts[i] = ingest_canon_text(body, r->key[i].paths[0], bufs[i]);
        if (!texts[i])
            return KITH_EINVAL;
        n += strlen(texts[i]) + 1;
    }
    char *text = malloc(n + 1); /* a key has parts, which the compiler does not know */
    if (!text)
        return KITH_ENOMEM;
    *ret = (struct ingest_rekey_values){.text = text, .n = n};
    for (size_t i = 0; i < r->key_n; i++) {
        size_t size = strlen(texts[i]) + 1;
        memcpy(text, texts[i], size);
        text += size;
    }
    return KITH_OK;
}

const char *ingest_rekey_value(const struct ingest_resource *r,
                               const struct ingest_rekey_values *values, const char *name)
{
    const char *at = values->text;
    for (size_t i = 0; i < r->key_n; i++, at += strlen(at) + 1)
        if (strcmp(r->key[i].name, name) == 0)
            return at;
    return NULL;
}

/* ---- setting values ---- */

static json_t *typed(enum ingest_type type, const char *text)
{
    return type == INGEST_INT64 ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

/* Returns whether it was another one. The value was a checked part of some key, so it is valid here. */
static bool set_value(struct rewriting *w, json_t *object, const char *name, enum ingest_type type,
                      const char *text)
{
    json_t *value = typed(type, text);
    if (!value) {
        w->nomem = true;
        return false;
    }
    if (json_equal(json_object_get(object, name), value)) {
        json_decref(value);
        return false;
    }
    if (json_object_set_new(object, name, value) != 0)
        w->nomem = true;
    w->done.changed = true;
    return true;
}

/* ---- references ---- */

static void rewrite_reference(struct rewriting *w, const struct ingest_field *f, json_t *values)
{
    for (size_t i = 0; i < INGEST_TARGETS_MAX && f->reference->targets[i].resource; i++) {
        const struct ingest_target *t = &f->reference->targets[i];
        const struct ingest_resource *r = ingest_resource_find(t->resource);
        struct kith_id key;
        if (ingest_canon_target(t, r, values, &key) != KITH_OK)
            continue;
        const struct ingest_rekey_values *now = w->find(w->ctx, r, &key);
        if (!now)
            continue;
        for (const struct ingest_part *p = t->parts; p->name; p++)
            (void)set_value(w, values, p->name, ingest_reference_part(f->reference, p)->type,
                            ingest_rekey_value(r, now, p->key));
        return;
    }
}

static void rewrite_fields(struct rewriting *w, const struct ingest_field *fields, json_t *object)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        json_t *value = json_object_get(object, f->name);
        if (!value)
            continue;
        if (f->type == INGEST_REFERENCE)
            rewrite_reference(w, f, value);
        else if (f->type == INGEST_OBJECT)
            rewrite_fields(w, f->fields, value);
        for (size_t i = 0; f->type == INGEST_LIST && i < json_array_size(value); i++)
            rewrite_fields(w, f->fields, json_array_get(value, i));
    }
}

/* ---- one part, several places ---- */

static void set_path(struct rewriting *w, json_t *body, const char *path, enum ingest_type type,
                     const char *text)
{
    const char *dot = strchr(path, '.');
    json_t *object = dot ? json_object_getn(body, path, (size_t)(dot - path)) : body;
    const char *name = dot ? dot + 1 : path;
    if (json_object_get(object, name) && set_value(w, object, name, type, text))
        w->done.others = w->done.others || dot;
}

/* The place that has another value than before says what it is now. */
static void unite(struct rewriting *w, const struct ingest_key_part *k, json_t *body,
                  const char *before)
{
    char buf[24];
    const char *now = NULL;
    for (size_t p = 0; p < INGEST_KEY_PATHS && k->paths[p] && !now; p++) {
        const char *text = ingest_canon_text(body, k->paths[p], buf);
        if (text && strcmp(text, before) != 0)
            now = text;
    }
    kith_auto_mem char *copy = now ? strdup(now) : NULL; /* what it points at is replaced */
    if (now && !copy)
        w->nomem = true;
    for (size_t p = 0; p < INGEST_KEY_PATHS && k->paths[p] && copy; p++)
        set_path(w, body, k->paths[p], k->type, copy);
}

kith_err ingest_rekey_body(const struct ingest_resource *r, json_t *body, ingest_rekey_find find,
                           void *ctx, struct ingest_rekeyed *ret)
{
    assert(r && body && find && ret);
    struct rewriting w = {.find = find, .ctx = ctx};
    struct ingest_rekey_values before = {0};
    kith_err err = ingest_rekey_values(r, body, &before);
    if (err == KITH_ENOMEM)
        return err;
    rewrite_fields(&w, r->fields, body);
    for (size_t i = 0; err == KITH_OK && w.done.changed && i < r->key_n; i++)
        if (r->key[i].paths[1])
            unite(&w, &r->key[i], body, ingest_rekey_value(r, &before, r->key[i].name));
    free(before.text);
    *ret = w.done;
    return w.nomem ? KITH_ENOMEM : KITH_OK;
}
