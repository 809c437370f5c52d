/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of packages: values into parameters. No SQL here: that is store.c. */
#include "ingest/imports_internal.h"
#include "ingest/store_internal.h"

void ingest_store_import_insert(struct kith_job *job, int32_t district,
                                const struct ingest_import_file *file, int64_t at_us,
                                kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_import_insert, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, file->name);
    kith_job_text(job, file->door);
    kith_job_text(job, file->file);
    kith_job_i8(job, file->bytes);
    kith_job_bool(job, file->strict);
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

void ingest_store_import_applied(struct kith_job *job, const struct import *i, bool kept,
                                 const char *receipt, int64_t at_us, kith_db_rows_fn rows,
                                 void *ctx)
{
    if (kept && !i->follows) {
        step(job, INGEST_S_import_unkeep, rows, ctx);
        kith_job_i4(job, i->district->id);
        kith_job_text(job, i->origin);
    }
    step(job, INGEST_S_import_applied, NULL, NULL);
    kith_job_i4(job, i->district->id);
    kith_job_i8(job, i->id);
    kith_job_text(job, i->origin);
    kith_job_bool(job, kept);
    kith_job_json(job, receipt);
    kith_job_instant(job, at_us);
}

void ingest_store_import_decide(struct kith_job *job, int32_t district, int64_t import_id,
                                bool confirm, int64_t at_us, kith_db_rows_fn rows, void *ctx)
{
    step(job, confirm ? INGEST_S_import_confirm : INGEST_S_import_discard, rows, ctx);
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

void ingest_store_import_delete(struct kith_job *job, int32_t district, const char *resource,
                                const struct kith_id *ids, size_t n)
{
    step(job, INGEST_S_ref_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, resource);
    id_array(job, ids, n);
    step(job, INGEST_S_items_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_text(job, resource);
    id_array(job, ids, n);
}

void ingest_store_import_refs(struct kith_job *job, int32_t district, const struct import_ref *refs,
                              size_t n)
{
    step(job, INGEST_S_refs_insert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, refs[i].target.b);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, refs[i].resource->name);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, refs[i].id.b);
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

/* ---- attendance files ---- */

void ingest_store_terms(struct kith_job *job, int32_t district, kith_db_rows_fn sessions,
                        kith_db_rows_fn sections, void *ctx)
{
    step(job, INGEST_S_terms_sessions, sessions, ctx);
    kith_job_i4(job, district);
    step(job, INGEST_S_terms_sections, sections, ctx);
    kith_job_i4(job, district);
}

void ingest_store_marks_of(struct kith_job *job, int32_t district, const struct ingest_day *days,
                           size_t n, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_marks_of, rows, ctx);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_date(job, days[k].date);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, days[k].student);
}

void ingest_store_parked_page(struct kith_job *job, int32_t district,
                              const struct import_said_row *after, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_parked_page, rows, ctx);
    kith_job_i4(job, district);
    kith_job_date(job, after ? after->date : -1000000);
    kith_job_i8(job, after ? after->school : 0);
    kith_job_text(job, after ? after->section : "");
    kith_job_text(job, after ? after->student : "");
}

static void said_keys(struct kith_job *job, const struct import_said_row *const *rows, size_t n)
{
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_date(job, rows[k]->date);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i8(job, rows[k]->school);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text(job, rows[k]->section);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text(job, rows[k]->student);
}

void ingest_store_park(struct kith_job *job, const struct import *i,
                       const struct import_said_row *const *rows, size_t n, int64_t at_us)
{
    step(job, INGEST_S_park, NULL, NULL);
    kith_job_i4(job, i->district->id);
    said_keys(job, rows, n);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_i4(job, (int32_t)rows[k]->said);
    kith_job_array(job, n);
    for (size_t k = 0; k < n; k++)
        kith_job_text(job, rows[k]->code);
    kith_job_instant(job, at_us);
    kith_job_i8(job, i->id);
}

void ingest_store_unpark(struct kith_job *job, int32_t district,
                         const struct import_said_row *const *rows, size_t n)
{
    step(job, INGEST_S_unpark, NULL, NULL);
    kith_job_i4(job, district);
    said_keys(job, rows, n);
}
