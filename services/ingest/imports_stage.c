/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a package, piece by piece: compared with what is known, checked against it, and when they differ put into the staging
 * tables with their log records. What is new is known at once, so that the next document may refer to it; import_undo takes it back. */
#include <stdlib.h>
#include <string.h>

#include "ingest/imports_internal.h"
#include "kith/msg.h"

#define RECORD_TYPES 24

void import_chunk_free(void *piece)
{
    struct import_chunk *c = piece;
    for (size_t k = 0; c && k < c->n; k++)
        ingest_doc_free(c->docs[k].doc);
    free(c);
}

void import_undo(struct import *i)
{
    for (size_t k = i->undo_n; k-- > 0;) {
        /* replaces a row: needs no memory */
        kith_err err =
            ingest_known_put(i->district->known, &i->undo[k].id, i->undo[k].num, i->undo[k].digest);
        (void)err;
    }
    i->undo_n = 0;
}

struct import_resource *import_of(struct import *i, const struct ingest_resource *r)
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

struct staging {
    size_t n, refs_n;
    struct ingest_op *changed[IMPORT_CHUNK];
    bool is_new[IMPORT_CHUNK];
};

/* One document: unchanged, or among those to be staged. */
static kith_err look_at(struct import *i, const struct ingest_emitted *e, struct ingest_op *op,
                        struct staging *s)
{
    struct import_resource *r = import_of(i, e->doc->resource);
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
    bool is_new = !present;
    op->doc = e->doc;
    err = make_known(i, op, row);
    if (err != KITH_OK)
        return err;
    r->created += is_new;
    r->updated += !is_new;
    for (size_t k = 0; k < e->doc->refs_n; k++)
        s->refs_n += e->doc->refs[k].n;
    s->is_new[s->n] = is_new;
    s->changed[s->n++] = op;
    return KITH_OK;
}

/* Log records of the changed documents, a list for each type. */
static kith_err stage_records(struct import *i, struct kith_job *job, const struct staging *s)
{
    struct {
        int32_t type;
        int32_t count;
        struct kith_bytes bytes;
    } lists[RECORD_TYPES] = {{0}};
    size_t n = 0;
    struct kith_bytes one = {0};
    kith_err err = KITH_OK;
    for (size_t k = 0; k < s->n && err == KITH_OK; k++) {
        const struct ingest_doc *doc = s->changed[k]->doc;
        int32_t type = 0;
        one.n = 0;
        err = ingest_record_document(i->district, doc->resource, doc->body, s->changed[k]->num,
                                     false, &one, &type);
        size_t at = 0;
        while (at < n && lists[at].type != type)
            at++;
        if (err != KITH_OK || type == 0 || at == RECORD_TYPES)
            continue;
        lists[at].type = type;
        n += at == n;
        err = kith_bytes_add(&lists[at].bytes, one.data, one.n);
        lists[at].count++;
    }
    for (size_t k = 0; k < n; k++) {
        if (err == KITH_OK)
            ingest_store_stage_record(job, i, i->record_seq++, lists[k].type, lists[k].count,
                                      &lists[k].bytes);
        kith_bytes_done(&lists[k].bytes);
    }
    kith_bytes_done(&one);
    return err;
}

static void staged(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    import_chunk_free(KITH_TAKE(i->chunk));
    if (i->step_err == KITH_OK)
        i->step_err = err;
    kith_worker_next(i->worker);
}

/* Returns true when `staged` will be called. */
static bool send(struct import *i, const struct staging *s)
{
    struct kith_job *job = NULL;
    i->step_err = kith_job_new(&job);
    if (i->step_err != KITH_OK)
        return false;
    ingest_store_stage(job, i, (struct ingest_op *const *)s->changed, s->is_new, s->n, s->refs_n);
    i->item_seq += (int32_t)s->n;
    i->ref_seq += (int32_t)s->refs_n;
    i->step_err = stage_records(i, job, s);
    if (i->step_err != KITH_OK) {
        kith_job_free(job);
        return false;
    }
    i->step_err = kith_db_run(i->all->opts.db, job, staged, i);
    return i->step_err == KITH_OK;
}

void import_stage(struct import *i, struct import_chunk *chunk)
{
    struct ingest_op *ops = calloc(IMPORT_CHUNK, sizeof(*ops));
    struct staging *s = calloc(1, sizeof(*s));
    if (i->step_err == KITH_OK && (!ops || !s))
        i->step_err = KITH_ENOMEM;
    i->chunk = chunk;
    /* after an error the rest is only read to its end */
    for (size_t k = 0; k < chunk->n && i->step_err == KITH_OK; k++)
        i->step_err = look_at(i, &chunk->docs[k], &ops[k], s);
    bool sent = i->step_err == KITH_OK && s->n > 0 && i->found->errors == 0 && send(i, s);
    free(ops);
    free(s);
    if (sent)
        return;
    import_chunk_free(KITH_TAKE(i->chunk));
    kith_worker_next(i->worker);
}
