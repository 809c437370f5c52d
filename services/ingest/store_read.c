/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the Ed-Fi door's reading and of the operator's commands: values into parameters, rows into structs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ingest/store.h"
#include "ingest/store_internal.h"

/* ---- reading ---- */

void ingest_store_item(struct kith_job *job, int32_t district, const struct ingest_query *q,
                       kith_db_rows_fn rows, void *ctx)
{
    step(job, q->has_id ? INGEST_S_item_get : INGEST_S_item_list, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, q->resource->name);
    if (q->has_id)
        kith_job_uuid(job, q->id.b);
    kith_job_json(job, q->filter);
    if (!q->has_id) {
        kith_job_i4(job, (int32_t)q->limit);
        kith_job_i4(job, (int32_t)q->offset);
    }
}

void ingest_store_item_count(struct kith_job *job, int32_t district, const struct ingest_query *q,
                             kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_item_count, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, q->resource->name);
    if (q->has_id)
        kith_job_uuid(job, q->id.b);
    else
        kith_job_null(job);
    kith_job_json(job, q->filter);
}

static void events_where(struct kith_job *job, int32_t district,
                         const struct ingest_event_filter *f)
{
    kith_job_i4(job, district);
    kith_job_bool(job, f->section);
    kith_job_date(job, f->from);
    kith_job_date(job, f->to);
    kith_job_i8(job, f->student);
    kith_job_i8(job, f->place);
    kith_job_i8(job, f->session);
    kith_job_i4(job, f->category);
    kith_job_i8(job, f->school_id);
    kith_job_json(job, f->place_filter);
    kith_job_text(job, f->reason);
}

void ingest_store_events(struct kith_job *job, int32_t district,
                         const struct ingest_event_filter *f, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_events_list, rows, ctx);
    events_where(job, district, f);
    kith_job_i4(job, (int32_t)f->limit);
    kith_job_i4(job, (int32_t)f->offset);
}

void ingest_store_events_count(struct kith_job *job, int32_t district,
                               const struct ingest_event_filter *f, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_events_count, rows, ctx);
    events_where(job, district, f);
}

static int64_t time_or_none(const struct kith_rows *rows, size_t i, size_t col)
{
    return kith_rows_null(rows, i, col) ? INGEST_TIME_NONE : kith_rows_int(rows, i, col);
}

static const char *text_or_null(const struct kith_rows *rows, size_t i, size_t col)
{
    return kith_rows_null(rows, i, col) ? NULL : kith_rows_text(rows, i, col);
}

void ingest_store_event_view(const struct kith_rows *rows, size_t i, struct ingest_event_view *ret,
                             char id[static 33], char etag[static 17])
{
    struct ingest_event_key key = {
        .date = (int32_t)kith_rows_int(rows, i, 0),
        .student = kith_rows_int(rows, i, 1),
        .place = kith_rows_int(rows, i, 2),
        .session = kith_rows_int(rows, i, 3),
        .category = (int32_t)kith_rows_int(rows, i, 4),
        .section = kith_rows_bool(rows, i, 5),
    };
    struct kith_id event_id = {{0}};
    /* what is in the table came through ingest_event_id, so it packs */
    if (ingest_event_id(&key, &event_id) == KITH_OK)
        kith_id_format(&event_id, id);
    else
        id[0] = '\0';
    ingest_etag_format(kith_rows_int(rows, i, 7), etag);
    *ret = (struct ingest_event_view){
        .section = key.section,
        .student_unique_id = kith_rows_text(rows, i, 13),
        .school_id = kith_rows_int(rows, i, 6),
        .school_year = (int32_t)kith_rows_int(rows, i, 14),
        .session_name = kith_rows_text(rows, i, 15),
        .local_course_code = text_or_null(rows, i, 16),
        .section_identifier = text_or_null(rows, i, 17),
        .category = kith_rows_text(rows, i, 12),
        .date = key.date,
        .reason = text_or_null(rows, i, 8),
        .arrival_us = time_or_none(rows, i, 9),
        .departure_us = time_or_none(rows, i, 10),
        .extra = text_or_null(rows, i, 11),
        .id = id,
        .etag = etag,
    };
}

/* ---- administration ---- */

void ingest_store_district_insert(struct kith_job *job, const struct ingest_district *district,
                                  int64_t at_us)
{
    step(job, INGEST_S_district_insert, NULL, NULL);
    kith_job_i4(job, district->id);
    kith_job_text(job, district->name);
    kith_job_text(job, district->time_zone);
    kith_job_text(job, district->default_email);
    kith_job_instant(job, at_us);
}

void ingest_store_zone_exists(struct kith_job *job, const char *time_zone)
{
    step(job, INGEST_S_zone_exists, NULL, NULL);
    kith_job_text(job, time_zone);
    kith_job_guard(job, KITH_EINVAL);
}

void ingest_store_meaning(struct kith_job *job, int32_t district, const char *kind,
                          const char *code, const char *meaning)
{
    step(job, INGEST_S_meaning_upsert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, 1);
    kith_job_text(job, kind);
    kith_job_array(job, 1);
    kith_job_text(job, code);
    kith_job_array(job, 1);
    kith_job_text(job, meaning);
}

void ingest_store_default_meanings(struct kith_job *job, int32_t district)
{
    size_t n = 0;
    while (ingest_default_meanings[n].kind)
        n++;
    step(job, INGEST_S_meaning_upsert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, ingest_default_meanings[i].kind);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, ingest_default_meanings[i].code);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, ingest_default_meanings[i].meaning);
}

void ingest_store_client_insert(struct kith_job *job, const struct ingest_client *client)
{
    step(job, INGEST_S_client_insert, NULL, NULL);
    kith_job_i4(job, client->district);
    kith_job_text(job, client->id);
    kith_job_text(job, client->label);
    kith_job_bytes(job, client->native ? NULL : client->secret, client->native ? 0 : INGEST_HASH);
    kith_job_text(job, client->native ? client->curve_key : NULL);
    kith_job_instant(job, client->created_us);
}

void ingest_store_client_revoke(struct kith_job *job, int32_t district, const char *client_id,
                                int64_t at_us)
{
    step(job, INGEST_S_client_revoke, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_text(job, client_id);
    kith_job_instant(job, at_us);
}

void ingest_store_token_insert(struct kith_job *job, int32_t district, const uint8_t *hash,
                               const char *client_id, int64_t expires_us)
{
    step(job, INGEST_S_token_insert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_bytes(job, hash, INGEST_HASH);
    kith_job_text(job, client_id);
    kith_job_instant(job, expires_us);
}

void ingest_store_tokens_purge(struct kith_job *job, int32_t district, int64_t now_us)
{
    step(job, INGEST_S_tokens_purge, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
}

void ingest_etag_format(int64_t digest, char text[static 17])
{
    (void)snprintf(text, 17, "%016" PRIx64, (uint64_t)digest);
}

void ingest_store_quarantine_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                                  void *ctx)
{
    kith_job_scope(job, &district, 1);
    kith_job_step(job, &ingest_console_statements[0], rows, ctx);
    kith_job_i4(job, district);
}
