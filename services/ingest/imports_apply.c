/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a package's transaction: what vanished since the last one, the log records, COMMIT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/imports_internal.h"
#include "kith/clock.h"

#define SHRINK_LEAST 20 /* a resource with fewer documents may lose what it will */

/* ---- what vanished ---- */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kith_id));
}

void imports_load_sets(struct import *i, const struct kith_rows *rows)
{
    for (size_t k = 0; k < kith_rows_n(rows); k++) {
        size_t n = 0;
        const struct ingest_resource *known = ingest_resource_find(kith_rows_text(rows, k, 0));
        const uint8_t *bytes = kith_rows_bytes(rows, k, 1, &n);
        struct import_resource *r = known ? imports_of(i, known) : NULL;
        if (!r)
            continue;
        r->before = malloc(n ? n : 1);
        if (!r->before) {
            i->step_err = KITH_ENOMEM;
            return;
        }
        memcpy(r->before, bytes, n);
        r->before_n = n / sizeof(struct kith_id);
    }
}

static kith_err find_gone(struct import_resource *r)
{
    if (r->ids_n > 0)
        qsort(r->ids, r->ids_n, sizeof(*r->ids), compare_ids);
    r->gone = calloc(r->before_n ? r->before_n : 1, sizeof(*r->gone));
    r->absent = calloc(r->before_n ? r->before_n : 1, sizeof(*r->absent));
    if (!r->gone || !r->absent)
        return KITH_ENOMEM;
    size_t at = 0;
    for (size_t k = 0; k < r->before_n; k++) {
        while (at < r->ids_n && compare_ids(&r->ids[at], &r->before[k]) < 0)
            at++;
        if (at == r->ids_n || compare_ids(&r->ids[at], &r->before[k]) != 0)
            r->gone[r->gone_n++] = r->before[k];
    }
    return KITH_OK;
}

/* Has the package lost more than a district loses in a day? */
static bool shrunken(struct import *i)
{
    bool yes = false;
    struct ingest_place at = {.file = ""};
    for (size_t k = 0; k < i->resources_n; k++) {
        struct import_resource *r = &i->resources[k];
        if (r->before_n < SHRINK_LEAST ||
            r->gone_n * 100 <= r->before_n * i->all->opts.shrink_percent)
            continue;
        yes = true;
        ingest_receipt_add(i->found, INGEST_WARNING, &at, "shrunken",
                           "%zu of %zu %s of the last package are not in this one.", r->gone_n,
                           r->before_n, r->resource->name);
    }
    return yes && !i->confirmed;
}

/* People and places are kept; who belonged where is not. */
static bool is_association(const struct ingest_resource *r)
{
    static const char end[] = "Associations";
    return r->name_n > sizeof(end) && strcmp(r->name + r->name_n - (sizeof(end) - 1), end) == 0 &&
           strcmp(r->name, "studentSchoolAssociations") != 0;
}

static void take_out(struct import *i);

static void on_bodies(void *ctx, const struct kith_rows *rows)
{
    struct import *i = ctx;
    struct import_resource *r = &i->resources[i->at_resource];
    for (size_t k = 0; k < kith_rows_n(rows) && i->step_err == KITH_OK; k++) {
        size_t size = 0;
        int32_t type = 0;
        struct kith_id id;
        memcpy(id.b, kith_rows_bytes(rows, k, 0, &size), sizeof(id.b));
        if (!is_association(r->resource) || kith_rows_bool(rows, k, 3)) {
            r->absent[r->absent_n++] = id;
            continue;
        }
        i->batch.ids[i->batch.n++] = id;
        i->step_err =
            ingest_record_document(i->district, r->resource, kith_rows_text(rows, k, 2),
                                   kith_rows_int(rows, k, 1), true, &i->batch.records.bytes, &type);
        i->batch.records.type = type ? type : i->batch.records.type;
        i->batch.records.count += type != 0;
    }
}

static void fail(struct import *i, kith_err err)
{
    i->step_err = err;
    imports_end(i, err == KITH_EINVAL || err == KITH_EINTERNAL ? IMPORT_REFUSED : IMPORT_AGAIN);
}

static void batch_gone(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    if (err != KITH_OK)
        fail(i, err);
    else
        take_out(i);
}

/* What of the batch goes is now known. */
static void bodies_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    struct import_resource *r = &i->resources[i->at_resource];
    struct kith_job *job = NULL;
    (void)why;
    if (err == KITH_OK)
        err = i->step_err;
    if (err == KITH_OK && i->batch.n == 0) {
        take_out(i);
        return;
    }
    if (err == KITH_OK && i->batch.records.count > 0)
        err = imports_keep_records(i, &i->batch.records);
    for (size_t k = 0; k < i->batch.n && err == KITH_OK; k++)
        err = ingest_known_put(i->staged, &i->batch.ids[k], 0, INGEST_ABSENT);
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err == KITH_OK) {
        r->removed += i->batch.n;
        ingest_store_import_delete(job, i->district->id, r->resource->name, i->batch.ids,
                                   i->batch.n);
        err = kith_tx_run(i->tx, job, false, batch_gone, i);
    }
    if (err != KITH_OK)
        fail(i, err);
}

/* ---- the transaction ---- */

static void count_json(json_t *list, const struct import_resource *r)
{
    (void)json_array_append_new(
        list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "resource", r->resource->name, "created",
                        (json_int_t)r->created, "updated", (json_int_t)r->updated, "unchanged",
                        (json_int_t)r->unchanged, "removed", (json_int_t)r->removed, "missing",
                        (json_int_t)r->absent_n));
}

char *imports_receipt(const struct import *i)
{
    json_t *root = ingest_receipt_json(i->receipt);
    json_t *more = ingest_receipt_json(i->found);
    json_t *resources = json_array();
    for (size_t k = 0; resources && k < i->resources_n; k++)
        count_json(resources, &i->resources[k]);
    if (root && more)
        (void)json_array_extend(json_object_get(root, "findings"),
                                json_object_get(more, "findings"));
    json_decref(more);
    if (root && resources)
        (void)json_object_set_new(root, "resources", resources);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

static void forget(void *ctx, const struct ingest_known_row *row)
{
    struct import *i = ctx;
    const struct ingest_known_row *known = ingest_known_find(i->district->known, &row->id);
    if (row->digest != INGEST_ABSENT || !known)
        return;
    /* replaces a row: needs no memory */
    kith_err err = ingest_known_put(i->district->known, &row->id, known->num, INGEST_ABSENT);
    (void)err;
}

void imports_committed(struct import *i)
{
    ingest_known_each(i->staged, forget, i);
    i->undo_n = 0;
    for (size_t k = 0; k < i->superseded_n; k++)
        imports_remove(i->superseded[k]);
    kith_owner_committed(i->all->opts.owner, i->district->id, 0, 0);
    imports_end(i, IMPORT_APPLIED);
}

static void applied(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    struct ingest_place at = {.file = ""};
    if (err == KITH_OK) {
        imports_committed(i);
        return;
    }
    if (err == KITH_EINVAL || err == KITH_EINTERNAL)
        ingest_receipt_add(i->found, INGEST_ERROR, &at, "database", "The database refused it: %s",
                           why ? why->text : "");
    if (err == KITH_EDB)
        imports_ask(i); /* was it committed? */
    else
        fail(i, err);
}

/* Packages that no delta needs any more; before the COMMIT their files would be missed. What is forgotten here is swept at the next start. */
static void on_superseded(void *ctx, const struct kith_rows *rows)
{
    struct import *i = ctx;
    for (size_t k = 0; k < kith_rows_n(rows); k++) {
        char *path = NULL;
        char **list = reallocarray((void *)i->superseded, i->superseded_n + 1, sizeof(*list));
        if (list)
            i->superseded = list;
        if (list && asprintf(&path, "%s/%s", i->all->opts.folder, kith_rows_text(rows, k, 0)) >= 0)
            list[i->superseded_n++] = path;
    }
}

static void changed_sets(struct kith_job *job, const struct import *i, int64_t now)
{
    for (size_t k = 0; k < i->resources_n; k++) {
        const struct import_resource *r = &i->resources[k];
        if (!i->bulk || (r->before && r->gone_n == 0 && r->ids_n == r->before_n))
            continue;
        ingest_store_import_set(job, i, r);
        ingest_store_missing(job, i, r, now);
    }
}

static void commit(struct import *i)
{
    struct kith_job *job = NULL;
    int32_t district = i->district->id;
    int64_t now = kith_clock_now_us();
    struct kith_owner *owner = i->all->opts.owner;
    kith_auto_mem char *receipt = imports_receipt(i);
    kith_err err = receipt ? kith_job_new(&job) : KITH_ENOMEM;
    if (err != KITH_OK) {
        fail(i, err);
        return;
    }
    ingest_store_owned(job, district, kith_owner_epoch(owner, district, 0));
    for (size_t k = 0; k < i->records_n; k++) {
        const struct import_records *r = &i->records[k];
        kith_owner_append(owner, job, district, 0, r->type, r->count, now, r->bytes.data,
                          r->bytes.n);
    }
    changed_sets(job, i, now);
    ingest_store_import_applied(job, i, imports_kept(i), receipt, now, on_superseded, i);
    err = kith_tx_run(i->tx, job, true, applied, i);
    if (err != KITH_OK)
        fail(i, err);
}

static int compare_refs(const void *left, const void *right)
{
    const struct import_ref *a = left;
    const struct import_ref *b = right;
    int order = compare_ids(&a->target, &b->target);
    return order ? order : compare_ids(&a->id, &b->id);
}

static void write_refs(struct import *i);

static void refs_written(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    if (err != KITH_OK)
        fail(i, err);
    else
        write_refs(i);
}

/* The next heap of references, or the end. */
static void write_refs(struct import *i)
{
    while (i->at_heap < IMPORT_HEAPS && i->heaps[i->at_heap].n == 0)
        i->at_heap++;
    if (i->at_heap == IMPORT_HEAPS) {
        commit(i);
        return;
    }
    struct import_heap *h = &i->heaps[i->at_heap++];
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    qsort(h->refs, h->n, sizeof(*h->refs), compare_refs);
    if (err == KITH_OK) {
        ingest_store_import_refs(job, i->district->id, h->refs, h->n);
        err = kith_tx_run(i->tx, job, false, refs_written, i);
    }
    free(h->refs);
    *h = (struct import_heap){0};
    if (err != KITH_OK)
        fail(i, err);
}

/* The next batch of what vanished, or what comes then. */
static void take_out(struct import *i)
{
    while (i->at_resource < i->resources_n && i->at_gone >= i->resources[i->at_resource].gone_n) {
        i->at_resource++;
        i->at_gone = 0;
    }
    if (i->at_resource == i->resources_n) {
        write_refs(i);
        return;
    }
    const struct import_resource *r = &i->resources[i->at_resource];
    size_t n = r->gone_n - i->at_gone < IMPORT_BATCH ? r->gone_n - i->at_gone : IMPORT_BATCH;
    struct kith_job *job = NULL;
    i->batch.n = 0;
    i->batch.records.type = 0;
    i->batch.records.count = 0;
    i->batch.records.bytes.n = 0;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_import_bodies(job, i->district->id, r->resource->name, r->gone + i->at_gone, n,
                                   on_bodies, i);
        i->at_gone += n;
        err = kith_tx_run(i->tx, job, false, bodies_read, i);
    }
    if (err != KITH_OK)
        fail(i, err);
}

void imports_apply(struct import *i)
{
    kith_err err = KITH_OK;
    for (size_t k = 0; k < i->resources_n && i->bulk && err == KITH_OK; k++)
        err = find_gone(&i->resources[k]);
    if (err != KITH_OK)
        fail(i, err);
    else if (i->bulk && shrunken(i))
        imports_end(i, IMPORT_QUARANTINED);
    else
        take_out(i);
}
