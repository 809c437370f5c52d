/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of packages: values into parameters. No SQL here: that is store.c. */
#include "ingest/imports_internal.h"
#include "ingest/store_internal.h"

#define SHARD 0

void ingest_store_import_insert(struct kith_job *job, int32_t district, const char *name,
                                const char *door, const char *file, int64_t bytes, bool strict,
                                int64_t at_us, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_import_insert, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, name);
    kith_job_text(job, door);
    kith_job_text(job, file);
    kith_job_i8(job, bytes);
    kith_job_bool(job, strict);
    kith_job_instant(job, at_us);
}

void ingest_store_imports_waiting(struct kith_job *job, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_import_waiting, rows, ctx);
}

void ingest_store_import_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                              void *ctx)
{
    step(job, INGEST_S_import_list, rows, ctx);
    kith_job_i4(job, district);
}

void ingest_store_import_get(struct kith_job *job, int32_t district, int64_t import_id,
                             kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_import_get, rows, ctx);
    kith_job_i4(job, district);
    kith_job_i8(job, import_id);
}

void ingest_store_import_state(struct kith_job *job, int32_t district, int64_t import_id,
                               const char *state, const char *receipt, int64_t at_us)
{
    step(job, INGEST_S_import_state, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, import_id);
    kith_job_text(job, state);
    kith_job_json(job, receipt);
    kith_job_instant(job, at_us);
}

void ingest_store_import_decide(struct kith_job *job, int32_t district, int64_t import_id,
                                bool confirm, int64_t at_us)
{
    step(job, confirm ? INGEST_S_import_confirm : INGEST_S_import_discard, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, import_id);
    if (!confirm)
        kith_job_instant(job, at_us);
    kith_job_guard(job, KITH_ENOTFOUND);
}

void ingest_store_import_sets(struct kith_job *job, int32_t district, const char *origin,
                              kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_import_sets, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, origin);
}

static void id_array(struct kith_job *job, const struct kith_id *ids, size_t n)
{
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, ids[i].b);
}

void ingest_store_import_bodies(struct kith_job *job, int32_t district, const char *resource,
                                const struct kith_id *ids, size_t n, kith_db_rows_fn rows,
                                void *ctx)
{
    step(job, INGEST_S_import_bodies, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, resource);
    id_array(job, ids, n);
}

static void stage_items(struct kith_job *job, const struct import *i, struct ingest_op *const *ops,
                        const bool *is_new, size_t n)
{
    step(job, INGEST_S_stage_items, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
    kith_job_i4(job, i->item_seq);
    kith_job_i4(job, (int32_t)n);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text(job, ops[k]->doc->resource->name);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_uuid(job, ops[k]->doc->id.b);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, ops[k]->num);
    kith_job_bools(job, is_new, n);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_bool(job, ops[k]->must_number);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, ops[k]->doc->digest);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text_n(job, ops[k]->doc->body, ops[k]->doc->body_n);
}

void ingest_store_stage(struct kith_job *job, const struct import *i, struct ingest_op *const *ops,
                        const bool *is_new, size_t n, size_t refs_n)
{
    stage_items(job, i, ops, is_new, n);
    if (refs_n == 0)
        return;
    step(job, INGEST_S_stage_refs, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
    kith_job_i4(job, i->ref_seq);
    kith_job_i4(job, (int32_t)refs_n);
    for (int column = 0; column < 4; column++) {
        kith_job_array(job, refs_n);
        for (size_t k = 0; k < n; k++) {
            const struct ingest_doc *doc = ops[k]->doc;
            for (size_t r = 0; r < doc->refs_n; r++)
                for (size_t t = 0; t < doc->refs[r].n; t++) {
                    if (column == 0)
                        kith_job_text(job, doc->refs[r].target[t]->name);
                    else if (column == 1)
                        kith_job_uuid(job, doc->refs[r].id[t].b);
                    else if (column == 2)
                        kith_job_text(job, doc->resource->name);
                    else
                        kith_job_uuid(job, doc->id.b);
                }
        }
    }
}

void ingest_store_stage_removals(struct kith_job *job, const struct import *i, const char *resource,
                                 const struct kith_id *ids, size_t n)
{
    step(job, INGEST_S_stage_items, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
    kith_job_i4(job, i->item_seq);
    kith_job_i4(job, (int32_t)n);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text(job, resource);
    id_array(job, ids, n);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, 0);
    for (int flag = 0; flag < 2; flag++) {
        kith_job_array(job, n);
        for (size_t k = 0; k < n; k++)
            kith_job_bool(job, false);
    }
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, INGEST_ABSENT);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_null(job);
}

void ingest_store_stage_record(struct kith_job *job, const struct import *i, int32_t seq,
                               int32_t type, int32_t count, const struct kith_bytes *payload)
{
    step(job, INGEST_S_stage_record, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
    kith_job_i4(job, seq);
    kith_job_i4(job, type);
    kith_job_i4(job, count);
    kith_job_bytes(job, payload->data, payload->n);
}

void ingest_store_stage_clear(struct kith_job *job, int32_t district)
{
    static const enum ingest_statement all[] = {
        INGEST_S_stage_clear_items, INGEST_S_stage_clear_refs, INGEST_S_stage_clear_records};
    for (size_t k = 0; k < KITH_LEN(all); k++) {
        step(job, all[k], NULL, NULL);
        kith_job_i4(job, district);
    }
}

static void of_import(struct kith_job *job, enum ingest_statement s, const struct import *i)
{
    step(job, s, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
}

void ingest_store_import_apply(struct kith_job *job, const struct import *i, int64_t epoch,
                               int64_t at_us, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_apply_log, rows, ctx);
    kith_job_i4(job, i->district->id);
    kith_job_i4(job, SHARD);
    kith_job_i8(job, i->id);
    kith_job_i8(job, epoch);
    kith_job_instant(job, at_us);
    kith_job_guard(job, KITH_EFENCED);
    of_import(job, INGEST_S_apply_numbers, i);
    of_import(job, INGEST_S_apply_refs_gone, i);
    of_import(job, INGEST_S_apply_items, i);
    kith_job_instant(job, at_us);
    of_import(job, INGEST_S_apply_refs, i);
    of_import(job, INGEST_S_apply_gone, i);
}

void ingest_store_import_set(struct kith_job *job, const struct import *i,
                             const struct import_resource *r)
{
    step(job, INGEST_S_import_set_put, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_text(job, i->origin);
    kith_job_text(job, r->resource->name);
    kith_job_bytes(job, r->ids ? (const void *)r->ids : "", r->ids_n * sizeof(*r->ids));
}

/* Who is in this package is missing no more; who was in the last one and is kept is. */
void ingest_store_missing(struct kith_job *job, const struct import *i,
                          const struct import_resource *r, int64_t at_us)
{
    step(job, INGEST_S_missing_back, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_text(job, r->resource->name);
    id_array(job, r->ids, r->ids_n);
    if (r->absent_n == 0)
        return;
    step(job, INGEST_S_missing_put, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_text(job, r->resource->name);
    id_array(job, r->absent, r->absent_n);
    kith_job_instant(job, at_us);
    kith_job_i8(job, i->id);
}
