/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a package, piece by piece: compared with what is known, checked against it, and when they differ written by the
 * transaction, their log records kept for its end. What is new is known at once, so that the next document may refer to it; import_undo takes it back. */
#include <stdlib.h>
#include <string.h>

#include "ingest/imports_internal.h"
#include "kith/clock.h"
#include "kith/msg.h"

#define RECORD_TYPES 24

void imports_piece_free(void *piece)
{
    struct import_chunk *c = piece;
    for (size_t k = 0; c && !c->said && k < c->n; k++)
        ingest_doc_free(c->docs[k].doc);
    free(c);
}

void imports_undo(struct import *i)
{
    for (size_t k = i->undo_n; k-- > 0;) {
        /* replaces a row: needs no memory */
        kith_err err =
            ingest_known_put(i->district->known, &i->undo[k].id, i->undo[k].num, i->undo[k].digest);
        (void)err;
    }
    i->undo_n = 0;
}

struct import_resource *imports_of(struct import *i, const struct ingest_resource *r)
{
    for (size_t k = 0; k < i->resources_n; k++)
        if (i->resources[k].resource == r)
            return &i->resources[k];
    if (i->resources_n == IMPORT_RESOURCES)
        return NULL;
    i->resources[i->resources_n] = (struct import_resource){.resource = r};
    return &i->resources[i->resources_n++];
}

static kith_err add_id(struct import_resource *r, const struct kith_id *id)
{
    if (r->ids_n == r->ids_size) {
        size_t size = r->ids_size ? r->ids_size * 2 : 256;
        struct kith_id *ids = reallocarray(r->ids, size, sizeof(*ids));
        if (!ids)
            return KITH_ENOMEM;
        r->ids = ids;
        r->ids_size = size;
    }
    r->ids[r->ids_n++] = *id;
    return KITH_OK;
}

static kith_err make_known(struct import *i, struct ingest_op *op,
                           const struct ingest_known_row *row)
{
    if (i->undo_n == i->undo_size) {
        size_t size = i->undo_size ? i->undo_size * 2 : 1024;
        struct import_undo *undo = reallocarray(i->undo, size, sizeof(*undo));
        if (!undo)
            return KITH_ENOMEM;
        i->undo = undo;
        i->undo_size = size;
    }
    struct import_undo undo = {
        .id = op->doc->id, .num = row ? row->num : 0, .digest = row ? row->digest : INGEST_ABSENT};
    op->num = undo.num;
    op->must_number = op->doc->resource->numbered && op->num == 0;
    if (op->must_number)
        op->num = i->district->next_num;
    kith_err err = ingest_known_put(i->staged, &op->doc->id, 0, 0);
    if (err == KITH_OK)
        err = ingest_known_put(i->district->known, &op->doc->id, op->num, op->doc->digest);
    if (err == KITH_OK) {
        i->district->next_num += op->must_number;
        i->undo[i->undo_n++] = undo;
    }
    return err;
}

static bool resolved(struct import *i, const struct ingest_emitted *e)
{
    for (size_t r = 0; r < e->doc->refs_n; r++)
        if (!ingest_writer_resolved(i->district, &e->doc->refs[r])) {
            struct ingest_place at = {.file = e->file, .line = e->line};
            ingest_receipt_add(i->found, INGEST_ERROR, &at, "reference_unknown",
                               "%s: what it refers to is neither in the package nor known here.",
                               e->doc->refs[r].name);
            return false;
        }
    return true;
}

/* What a chunk changes: new documents and others apart, because new ones are written faster. */
struct staging {
    size_t n[2];
    struct ingest_op *changed[2][IMPORT_CHUNK];
};

static kith_err keep_refs(struct import *i, const struct ingest_doc *doc)
{
    for (size_t r = 0; r < doc->refs_n; r++)
        for (size_t t = 0; t < doc->refs[r].n; t++) {
            struct import_heap *h = &i->heaps[doc->refs[r].id[t].b[0]];
            if (h->n == h->size) {
                size_t size = h->size ? h->size * 2 : 64;
                struct import_ref *refs = reallocarray(h->refs, size, sizeof(*refs));
                if (!refs)
                    return KITH_ENOMEM;
                h->refs = refs;
                h->size = size;
            }
            h->refs[h->n++] = (struct import_ref){
                .target = doc->refs[r].id[t], .id = doc->id, .resource = doc->resource};
        }
    return KITH_OK;
}

/* One document: unchanged, or among those to be written. */
static kith_err look_at(struct import *i, const struct ingest_emitted *e, struct ingest_op *op,
                        struct staging *s)
{
    ingest_doc_name(e->doc, i->district->names);
    struct import_resource *r = imports_of(i, e->doc->resource);
    const struct ingest_known_row *row = ingest_known_find(i->district->known, &e->doc->id);
    bool present = row && row->digest != INGEST_ABSENT;
    bool same = present && row->digest == e->doc->digest;
    bool before = ingest_known_present(i->staged, &e->doc->id) != NULL;
    if (!r)
        return KITH_EINTERNAL;
    if (before && same)
        return KITH_OK; /* said twice, the same */
    if (before) {
        struct ingest_place at = {.file = e->file, .line = e->line};
        ingest_receipt_add(i->found, INGEST_ERROR, &at, "document_twice",
                           "Another row of the package says something else of the same %s.",
                           e->doc->resource->singular);
        return KITH_OK;
    }
    kith_err err = add_id(r, &e->doc->id);
    if (err != KITH_OK || same) {
        r->unchanged += same;
        return err;
    }
    if (!resolved(i, e))
        return KITH_OK;
    op->doc = e->doc;
    op->id = e->doc->id;
    err = make_known(i, op, row);
    if (err != KITH_OK)
        return err;
    r->created += !present;
    r->updated += present;
    s->changed[present][s->n[present]++] = op;
    return present ? KITH_OK : keep_refs(i, e->doc);
}

kith_err imports_keep_records(struct import *i, struct import_records *from)
{
    if (i->records_n == i->records_size) {
        size_t size = i->records_size ? i->records_size * 2 : 64;
        struct import_records *records = reallocarray(i->records, size, sizeof(*records));
        if (!records)
            return KITH_ENOMEM;
        i->records = records;
        i->records_size = size;
    }
    i->records[i->records_n++] = *from;
    *from = (struct import_records){0};
    return KITH_OK;
}

/* Log records of the changed documents, a list for each type. */
static kith_err make_records(struct import *i, struct ingest_op *const *ops, size_t n)
{
    struct import_records lists[RECORD_TYPES] = {{0}};
    size_t lists_n = 0;
    struct kith_bytes one = {0};
    kith_err err = KITH_OK;
    for (size_t k = 0; k < n && err == KITH_OK; k++) {
        const struct ingest_doc *doc = ops[k]->doc;
        int32_t type = 0;
        size_t at = 0;
        one.n = 0;
        err = ingest_record_document(i->district, doc->resource, doc->body, ops[k]->num, false,
                                     &one, &type);
        while (at < lists_n && lists[at].type != type)
            at++;
        if (err == KITH_OK && at == RECORD_TYPES)
            err = KITH_EINTERNAL; /* more types than there are */
        if (err != KITH_OK || type == 0)
            continue;
        lists[at].type = type;
        lists_n += at == lists_n;
        err = kith_bytes_add(&lists[at].bytes, one.data, one.n);
        lists[at].count++;
    }
    for (size_t k = 0; k < lists_n; k++) {
        if (err == KITH_OK)
            err = imports_keep_records(i, &lists[k]);
        kith_bytes_done(&lists[k].bytes);
    }
    kith_bytes_done(&one);
    return err;
}

static void staged(void *ctx, kith_err err, const struct kith_why *why);

static void launch(struct import *i, struct kith_job *job)
{
    kith_err err = kith_tx_run(i->tx, job, false, staged, i);
    i->flying = err == KITH_OK;
    if (i->step_err == KITH_OK)
        i->step_err = err;
}

static void staged(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    i->flying = false;
    if (i->step_err == KITH_OK)
        i->step_err = err;
    if (i->ready) {
        struct kith_job *job = KITH_TAKE(i->ready);
        if (i->step_err == KITH_OK)
            launch(i, job);
        else
            kith_job_free(job);
        kith_worker_next(i->worker);
    }
    if (!i->flying && i->read)
        imports_read(i);
}

/* What a chunk changes, as a job; NULL: an error, in step_err. */
static struct kith_job *job_of(struct import *i, const struct staging *s)
{
    struct kith_job *job = NULL;
    int64_t now = kith_clock_now_us();
    i->step_err = kith_job_new(&job);
    for (size_t k = 0; k < 2 && i->step_err == KITH_OK; k++) {
        struct ingest_op *const *ops = s->changed[k];
        if (s->n[k] == 0)
            continue;
        if (k == 0)
            ingest_store_documents_new(job, i->district->id, ops, s->n[k], now);
        else
            ingest_store_documents(job, i->district->id, ops, s->n[k], now);
        i->step_err = make_records(i, ops, s->n[k]);
    }
    if (i->step_err != KITH_OK)
        kith_job_free(KITH_TAKE(job));
    return job;
}

/* While the database works on one chunk, the next is looked at. */
void imports_stage(struct import *i, struct import_chunk *chunk)
{
    struct kith_job *job = NULL;
    struct ingest_op *ops = calloc(IMPORT_CHUNK, sizeof(*ops));
    struct staging *s = calloc(1, sizeof(*s));
    if (i->step_err == KITH_OK && (!ops || !s))
        i->step_err = KITH_ENOMEM;
    /* after an error the rest is only read to its end */
    for (size_t k = 0; k < chunk->n && i->step_err == KITH_OK; k++)
        i->step_err = look_at(i, &chunk->docs[k], &ops[k], s);
    if (i->step_err == KITH_OK && s->n[0] + s->n[1] > 0 && i->found->errors == 0)
        job = job_of(i, s);
    free(ops);
    free(s);
    imports_piece_free(chunk);
    if (job && i->flying) {
        i->ready = job;
        return;
    }
    if (job)
        launch(i, job);
    kith_worker_next(i->worker);
}
