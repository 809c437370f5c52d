/* SPDX-License-Identifier: Apache-2.0 */
/* What a changed key makes of one document after the other, and what the log says of it. */
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/writer_rekey.h"

#define RECORDS_BYTES (1024 * 1024) /* of one run of the log */

void ingest_rekey_page_done(struct ingest_rekey *r)
{
    for (size_t i = 0; i < r->page_n; i++)
        ingest_doc_free(r->page[i].doc);
    r->page_n = 0;
    for (size_t i = 0; i < r->events_n; i++)
        free(r->event[i].extra);
    r->events_n = 0;
}

void ingest_rekey_free(struct ingest_rekey *r)
{
    if (!r)
        return;
    ingest_rekey_page_done(r);
    kith_tx_free(r->tx);
    ingest_names_free(r->names);
    ingest_known_free(r->met);
    ingest_known_free(r->index);
    for (size_t i = 0; i < r->moved_n; i++)
        free(r->moved[i].values.text);
    free(r->moved);
    for (size_t i = 0; r->found && i < ingest_resource_count(); i++)
        free(r->found[i].ids);
    free(r->found);
    for (size_t i = 0; i < r->records_n; i++)
        kith_bytes_done(&r->records[i].bytes);
    free(r->records);
    free(r->away);
    free(r->events_like);
    free(r);
}

kith_err ingest_rekey_new(struct queue *q, struct ingest_op *op, struct ingest_rekey **ret)
{
    kith_auto(ingest_rekey) r = calloc(1, sizeof(*r));
    if (!r)
        return KITH_ENOMEM;
    r->q = q;
    r->op = op;
    r->id = op->expected;
    r->digest = op->doc->digest;
    r->after.date = INT32_MIN;
    r->found = calloc(ingest_resource_count(), sizeof(*r->found));
    if (!r->found || ingest_names_new(q->district->names, &r->names) != KITH_OK ||
        ingest_known_new(&r->met) != KITH_OK || ingest_known_new(&r->index) != KITH_OK)
        return KITH_ENOMEM;
    *ret = KITH_TAKE(r);
    return KITH_OK;
}

/* Room for one more element. */
static kith_err grow(void **list, size_t n, size_t *size, size_t element)
{
    if (n < *size)
        return KITH_OK;
    size_t more = *size ? *size * 2 : 64;
    void *bigger = reallocarray(*list, more, element);
    if (!bigger)
        return KITH_ENOMEM;
    *list = bigger;
    *size = more;
    return KITH_OK;
}

#define GROW(list, n, size) grow((void **)&(list), (n), &(size), sizeof(*(list)))

/* ---- log records ---- */

static kith_err append(struct ingest_rekey *r, int32_t type, const struct kith_bytes *item)
{
    size_t at = r->records_n;
    while (at > 0 && r->records[at - 1].type != type)
        at--;
    if (at == 0 || r->records[at - 1].bytes.n + item->n > RECORDS_BYTES) {
        kith_err err = GROW(r->records, r->records_n, r->records_size);
        if (err != KITH_OK)
            return err;
        r->records[r->records_n++] = (struct ingest_rekey_records){.type = type};
        at = r->records_n;
    }
    r->records[at - 1].count++;
    return kith_bytes_add(&r->records[at - 1].bytes, item->data, item->n);
}

struct versions {
    const struct ingest_resource *resource;
    int64_t num;
    const char *was;
    const char *is;
    bool root;
};

static kith_err make(struct ingest_rekey *r, const struct versions *v, bool is, bool removed,
                     struct kith_bytes *to, int32_t *type)
{
    struct ingest_district *d = r->q->district;
    struct ingest_names *names = d->names;
    if (is)
        d->names = r->names; /* what the new body's keys will name */
    kith_err err =
        ingest_record_document(d, v->resource, is ? v->is : v->was, v->num, removed, to, type);
    d->names = names;
    return err;
}

/* Readers know documents by number; a record is made when it says something else than before. One that is told apart by what stands in
 * it takes the place of the old one. The document that was PUT is told in any case. */
static kith_err record(struct ingest_rekey *r, const struct versions *v)
{
    struct kith_bytes was = {0};
    struct kith_bytes is = {0};
    int32_t type = 0;
    kith_err err = make(r, v, false, false, &was, &type);
    if (err == KITH_OK && type != 0)
        err = make(r, v, true, false, &is, &type);
    bool same = was.n == is.n && (is.n == 0 || memcmp(was.data, is.data, is.n) == 0);
    if (err == KITH_OK && type != 0 && !same && !v->resource->numbered) {
        was.n = 0;
        err = make(r, v, false, true, &was, &type);
        if (err == KITH_OK)
            err = append(r, type, &was);
    }
    if (err == KITH_OK && type != 0 && (!same || v->root))
        err = append(r, type, &is);
    kith_bytes_done(&was);
    kith_bytes_done(&is);
    return err;
}

/* ---- documents ---- */

static kith_err add_moved(struct ingest_rekey *r, const struct ingest_resource *resource,
                          const struct kith_id *id, const json_t *body)
{
    kith_err err = GROW(r->moved, r->moved_n, r->moved_size);
    struct ingest_rekey_moved moved = {.id = *id, .resource = resource};
    if (err == KITH_OK)
        err = ingest_known_put(r->index, id, (int64_t)r->moved_n, 0);
    if (err == KITH_OK)
        err = ingest_rekey_values(resource, body, &moved.values);
    if (err == KITH_OK)
        r->moved[r->moved_n++] = moved;
    return err;
}

/* Attendance holds the school of its section or session, in its key when it is for the day. */
static kith_err note_school(struct ingest_rekey *r, const struct versions *v, const json_t *was,
                            const json_t *is)
{
    bool place = strcmp(v->resource->name, "sections") == 0;
    const char *path = place ? "courseOfferingReference.schoolId" : "schoolReference.schoolId";
    char bufs[2][24];
    if (!place && strcmp(v->resource->name, "sessions") != 0)
        return KITH_OK;
    const char *before = ingest_canon_text(was, path, bufs[0]);
    const char *now = ingest_canon_text(is, path, bufs[1]);
    if (before && now && strcmp(before, now) == 0)
        return KITH_OK;
    kith_err err = GROW(r->away, r->away_n, r->away_size);
    if (err == KITH_OK)
        r->away[r->away_n++] = v->num;
    return err;
}

/* `id` has another key now. */
static kith_err move(struct ingest_rekey *r, const struct versions *v, const struct kith_id *id,
                     const struct kith_id *from, const struct kith_id *to, const json_t *was,
                     const json_t *is)
{
    struct kith_id taken = ingest_names_id(r->names, to);
    if (ingest_known_present(r->q->district->known, &taken)) {
        r->op->key_taken = true;
        kith_why_set(&r->why, "another %s has that natural key already", v->resource->singular);
        return KITH_EEXIST;
    }
    kith_err err = ingest_names_swap(r->names, from, to);
    if (err == KITH_OK)
        err = add_moved(r, v->resource, id, is);
    return err == KITH_OK ? note_school(r, v, was, is) : err;
}

/* Events of a section name class periods in what they have beside their key. */
static kith_err look_for_events(struct ingest_rekey *r, const json_t *was)
{
    if (strcmp(r->op->doc->resource->name, "classPeriods") != 0)
        return KITH_OK;
    json_t *like = json_pack("{s:[{s:{s:O, s:O}}]}", "classPeriods", "classPeriodReference",
                             "classPeriodName", json_object_get(was, "classPeriodName"), "schoolId",
                             json_object_get(json_object_get(was, "schoolReference"), "schoolId"));
    r->events_like = like ? ingest_canon_dump(like) : NULL;
    json_decref(like);
    r->events = true;
    return r->events_like ? KITH_OK : KITH_ENOMEM;
}

kith_err ingest_rekey_root(struct ingest_rekey *r, const char *body)
{
    struct ingest_doc *doc = r->op->doc;
    struct versions v = {
        .resource = doc->resource, .num = r->op->num, .was = body, .is = doc->body, .root = true};
    struct kith_id from;
    json_t *was = json_loads(body, 0, NULL);
    json_t *is = json_loads(doc->body, 0, NULL);
    kith_err err = was && is ? ingest_doc_key(v.resource, was, &from) : KITH_ENOMEM;
    if (err == KITH_OK)
        err = move(r, &v, &r->id, &from, &doc->key, was, is);
    if (err == KITH_OK) {
        ingest_doc_name(doc, r->names);
        r->op->id = doc->id;
        err = ingest_known_put(r->met, &r->id, v.num, doc->digest);
    }
    if (err == KITH_OK)
        err = look_for_events(r, was);
    if (err == KITH_OK)
        err = record(r, &v);
    json_decref(was);
    json_decref(is);
    return err;
}

static size_t position(const struct ingest_resource *resource)
{
    size_t i = 0;
    while (ingest_resource_at(i) != resource)
        i++;
    return i;
}

kith_err ingest_rekey_find_one(struct ingest_rekey *r, const char *resource,
                               const struct kith_id *id)
{
    const struct ingest_known_row *row = ingest_known_find(r->q->district->known, id);
    if (ingest_known_find(r->met, id))
        return KITH_OK;
    const struct ingest_resource *of = ingest_resource_find(resource);
    if (!row || !of || position(of) < r->at)
        return KITH_EINTERNAL; /* the table of resources is not in the order of dependency */
    if (r->total++ == INGEST_REKEY_MAX)
        return KITH_ETOOBIG;
    struct ingest_rekey_found *f = &r->found[position(of)];
    kith_err err = GROW(f->ids, f->n, f->size);
    if (err == KITH_OK)
        err = ingest_known_put(r->met, id, row->num, row->digest);
    if (err == KITH_OK)
        f->ids[f->n++] = *id;
    return err;
}

static const struct ingest_rekey_values *
find_moved(void *ctx, const struct ingest_resource *resource, const struct kith_id *key)
{
    struct ingest_rekey *r = ctx;
    struct kith_id id = ingest_names_id(r->q->district->names, key);
    const struct ingest_known_row *row = ingest_known_find(r->index, &id);
    return row && r->moved[row->num].resource == resource ? &r->moved[row->num].values : NULL;
}

static kith_err check(struct ingest_rekey *r, const struct ingest_doc *doc)
{
    for (size_t i = 0; i < doc->refs_n; i++)
        if (!ingest_writer_resolved(r->q->district, &doc->refs[i])) {
            kith_why_set(&r->why, "%s of a dependent %s: what it would refer to was not sent yet",
                         doc->refs[i].path, doc->resource->singular);
            return KITH_ECONFLICT;
        }
    return KITH_OK;
}

/* `is` is rewritten: into a document of the page. */
static kith_err put_page(struct ingest_rekey *r, struct versions *v, const struct kith_id *id,
                         bool others, const json_t *was, const json_t *is)
{
    struct kith_id from;
    kith_auto(ingest_doc) doc = NULL;
    struct ingest_problems problems = {0};
    kith_auto_mem char *text = ingest_canon_dump(is);
    kith_err err = text ? ingest_doc_key(v->resource, was, &from) : KITH_ENOMEM;
    if (err == KITH_OK)
        err = ingest_doc_parse(v->resource, text, strlen(text), &doc, &problems);
    if (err == KITH_EINVAL || err == KITH_EDECODE) {
        kith_why_set(&r->why, "a dependent %s does not allow the new key", v->resource->singular);
        return KITH_ECONFLICT;
    }
    if (err == KITH_OK && memcmp(from.b, doc->key.b, sizeof(from.b)) != 0)
        err = move(r, v, id, &from, &doc->key, was, is);
    if (err != KITH_OK)
        return err;
    ingest_doc_name(doc, r->names);
    v->is = doc->body;
    if (others)
        err = check(r, doc);
    if (err == KITH_OK)
        err = ingest_known_put(r->met, id, v->num, doc->digest);
    if (err == KITH_OK)
        err = record(r, v);
    if (err != KITH_OK)
        return err;
    r->others[r->page_n] = others;
    r->page[r->page_n++] = (struct ingest_op){.id = doc->id, .num = v->num, .doc = KITH_TAKE(doc)};
    return KITH_OK;
}

kith_err ingest_rekey_one(struct ingest_rekey *r, const struct ingest_resource *resource,
                          const struct kith_id *id, int64_t num, const char *body)
{
    struct versions v = {.resource = resource, .num = num, .was = body};
    struct ingest_rekeyed done = {0};
    json_t *was = json_loads(body, 0, NULL);
    json_t *is = was ? json_deep_copy(was) : NULL;
    kith_err err = is ? ingest_rekey_body(resource, is, find_moved, r, &done) : KITH_ENOMEM;
    if (err == KITH_OK && done.changed)
        err = put_page(r, &v, id, done.others, was, is);
    json_decref(was);
    json_decref(is);
    return err;
}

kith_err ingest_rekey_extra(struct ingest_rekey *r, struct ingest_event *e, bool *changed)
{
    static const char events[] = "studentSectionAttendanceEvents";
    struct ingest_rekeyed done = {0};
    json_t *extra = json_loads(e->extra, 0, NULL);
    kith_err err =
        extra ? ingest_rekey_body(ingest_resource_find(events), extra, find_moved, r, &done)
              : KITH_ENOMEM;
    char *text = err == KITH_OK ? ingest_canon_dump(extra) : NULL;
    json_decref(extra);
    if (err == KITH_OK && !text)
        err = KITH_ENOMEM;
    if (err != KITH_OK)
        return err;
    free(e->extra);
    e->extra = text;
    *changed = done.changed;
    ingest_event_set_digest(e);
    return KITH_OK;
}

/* ---- the end ---- */

static void put_known(void *ctx, const struct ingest_known_row *row)
{
    struct ingest_district *d = ctx;
    /* replaces a row: needs no memory */
    kith_err err = ingest_known_put(d->known, &row->id, row->num, row->digest);
    (void)err;
}

static void put_name(void *ctx, const struct kith_id *key, const struct kith_id *id)
{
    struct ingest_district *d = ctx;
    /* there is room: reserved before the COMMIT */
    kith_err err = ingest_names_put(d->names, key, id);
    (void)err;
}

void ingest_rekey_apply(const struct ingest_rekey *r)
{
    ingest_known_each(r->met, put_known, r->q->district);
    ingest_names_each(r->names, put_name, r->q->district);
}

bool ingest_rekey_committed(const struct ingest_rekey *r)
{
    const struct ingest_known_row *row = ingest_known_find(r->q->district->known, &r->id);
    return row && row->digest == r->digest;
}

const struct kith_id *ingest_rekey_id(const struct ingest_rekey *r)
{
    return &r->id;
}
