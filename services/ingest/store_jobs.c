/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of ingest's jobs: values into parameters, rows into structs. No SQL here: that is store.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ingest/store.h"
#include "ingest/store_internal.h"

/* one shard a district until a measurement asks for more */
#define SHARD 0

static void step(struct kith_job *job, enum ingest_statement s, kith_db_rows_fn rows, void *ctx)
{
    kith_job_step(job, &ingest_statements[s], rows, ctx);
}

void ingest_store_districts(struct kith_job *job, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_districts_all, rows, ctx);
}

void ingest_store_clients(struct kith_job *job, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_clients_all, rows, ctx);
}

void ingest_store_tokens(struct kith_job *job, int64_t now_us, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_tokens_all, rows, ctx);
    kith_job_instant(job, now_us);
}

void ingest_store_meanings(struct kith_job *job, int32_t district, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_meanings_all, rows, ctx);
    kith_job_i4(job, district);
}

void ingest_store_categories(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                             void *ctx)
{
    step(job, INGEST_S_categories_all, rows, ctx);
    kith_job_i4(job, district);
}

void ingest_store_numbers_page(struct kith_job *job, int32_t district, int64_t after,
                               kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_numbers_page, rows, ctx);
    kith_job_i4(job, district);
    kith_job_i8(job, after);
    kith_job_i4(job, INGEST_PAGE);
}

void ingest_store_items_page(struct kith_job *job, int32_t district, const char *after_resource,
                             const struct kith_id *after, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_items_page, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, after_resource);
    kith_job_uuid(job, after->b);
    kith_job_i4(job, INGEST_PAGE);
}

static const struct ingest_resource *resource_of(const struct ingest_op *op)
{
    return op->doc ? op->doc->resource : op->resource;
}

static void resources(struct kith_job *job, struct ingest_op *const *ops, size_t n)
{
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, resource_of(ops[i])->name);
}

static void ids(struct kith_job *job, struct ingest_op *const *ops, size_t n)
{
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, ops[i]->id.b);
}

void ingest_store_states(struct kith_job *job, int32_t district,
                         const struct ingest_resource *const *of, const struct kith_id *which,
                         size_t n, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_states, rows, ctx);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, of[i]->name);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, which[i].b);
}

void ingest_store_owned(struct kith_job *job, int32_t district, int64_t epoch)
{
    step(job, INGEST_S_owned, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i4(job, SHARD);
    kith_job_i8(job, epoch);
    kith_job_guard(job, KITH_EFENCED);
}

static void documents_upsert(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                             size_t n, int64_t at_us)
{
    step(job, INGEST_S_item_upsert, NULL, NULL);
    kith_job_i4(job, district);
    resources(job, ops, n);
    ids(job, ops, n);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, ops[i]->num);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, ops[i]->doc->digest);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text_n(job, ops[i]->doc->body, ops[i]->doc->body_n);
    kith_job_instant(job, at_us);
}

static void references_insert(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                              size_t n, size_t total)
{
    step(job, INGEST_S_ref_insert, NULL, NULL);
    kith_job_i4(job, district);
    for (int column = 0; column < 4; column++) {
        kith_job_array(job, total);
        for (size_t i = 0; i < n; i++) {
            const struct ingest_doc *doc = ops[i]->doc;
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

void ingest_store_documents(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                            size_t n, int64_t at_us)
{
    documents_upsert(job, district, ops, n, at_us);
    struct ingest_op *numbered[INGEST_RUN_MAX];
    size_t numbered_n = 0;
    size_t refs = 0;
    for (size_t i = 0; i < n; i++) {
        if (ops[i]->must_number)
            numbered[numbered_n++] = ops[i];
        for (size_t r = 0; r < ops[i]->doc->refs_n; r++)
            refs += ops[i]->doc->refs[r].n;
    }
    if (numbered_n > 0) {
        step(job, INGEST_S_number_insert, NULL, NULL);
        kith_job_i4(job, district);
        kith_job_array(job, numbered_n);
        for (size_t i = 0; i < numbered_n; i++)
            kith_job_i8(job, numbered[i]->num);
        resources(job, numbered, numbered_n);
        ids(job, numbered, numbered_n);
    }
    step(job, INGEST_S_ref_delete, NULL, NULL);
    kith_job_i4(job, district);
    resources(job, ops, n);
    ids(job, ops, n);
    if (refs > 0)
        references_insert(job, district, ops, n, refs);
}

void ingest_store_document_delete(struct kith_job *job, int32_t district,
                                  const struct ingest_resource *r, const struct kith_id *id,
                                  int64_t num)
{
    step(job, INGEST_S_unreferred, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_text(job, r->name);
    kith_job_uuid(job, id->b);
    kith_job_i8(job, num);
    kith_job_guard(job, KITH_EEXIST);
    step(job, INGEST_S_item_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_text(job, r->name);
    kith_job_uuid(job, id->b);
    step(job, INGEST_S_ref_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, 1);
    kith_job_text(job, r->name);
    kith_job_array(job, 1);
    kith_job_uuid(job, id->b);
}

void ingest_store_category(struct kith_job *job, int32_t district, int32_t category,
                           const char *uri)
{
    step(job, INGEST_S_category_insert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i4(job, category);
    kith_job_text(job, uri);
}

/* $1..$10 of the mark statements */
static void mark_keys(struct kith_job *job, int32_t district, int64_t epoch,
                      struct ingest_op *const *ops, size_t n, int64_t at_us)
{
    kith_job_i4(job, district);
    kith_job_i4(job, SHARD);
    kith_job_i8(job, epoch);
    kith_job_instant(job, at_us);
    kith_job_i4(job, (int32_t)n);
    int32_t narrow[INGEST_RUN_MAX];
    int64_t wide[INGEST_RUN_MAX];
    for (size_t i = 0; i < n; i++)
        narrow[i] = ops[i]->key.date;
    kith_job_dates(job, narrow, n);
    for (size_t i = 0; i < n; i++)
        wide[i] = ops[i]->key.student;
    kith_job_i8s(job, wide, n);
    for (size_t i = 0; i < n; i++)
        wide[i] = ops[i]->key.place;
    kith_job_i8s(job, wide, n);
    for (size_t i = 0; i < n; i++)
        wide[i] = ops[i]->key.session;
    kith_job_i8s(job, wide, n);
    for (size_t i = 0; i < n; i++)
        narrow[i] = ops[i]->key.category;
    kith_job_i4s(job, narrow, n);
}

static bool any(struct ingest_op *const *ops, size_t n, bool (*has)(const struct ingest_event *e))
{
    for (size_t i = 0; i < n; i++)
        if (has(&ops[i]->event))
            return true;
    return false;
}

static bool has_reason(const struct ingest_event *e)
{
    return e->reason != NULL;
}

static bool has_arrival(const struct ingest_event *e)
{
    return e->arrival_us != INGEST_TIME_NONE;
}

static bool has_departure(const struct ingest_event *e)
{
    return e->departure_us != INGEST_TIME_NONE;
}

static bool has_extra(const struct ingest_event *e)
{
    return e->extra != NULL;
}

/* A column that no row has is passed empty: the statement reads it as nulls. */
static void mark_details(struct kith_job *job, struct ingest_op *const *ops, size_t n)
{
    size_t m = any(ops, n, has_reason) ? n : 0;
    kith_job_array(job, m);
    for (size_t i = 0; i < m; i++)
        kith_job_text(job, ops[i]->event.reason);
    m = any(ops, n, has_arrival) ? n : 0;
    kith_job_array(job, m);
    for (size_t i = 0; i < m; i++) {
        if (has_arrival(&ops[i]->event))
            kith_job_i8(job, ops[i]->event.arrival_us);
        else
            kith_job_null(job);
    }
    m = any(ops, n, has_departure) ? n : 0;
    kith_job_array(job, m);
    for (size_t i = 0; i < m; i++) {
        if (has_departure(&ops[i]->event))
            kith_job_i8(job, ops[i]->event.departure_us);
        else
            kith_job_null(job);
    }
    m = any(ops, n, has_extra) ? n : 0;
    kith_job_array(job, m);
    for (size_t i = 0; i < m; i++)
        kith_job_text(job, ops[i]->event.extra);
}

void ingest_store_marks(struct kith_job *job, int32_t district, int64_t epoch,
                        struct ingest_op *const *ops, size_t n, int64_t at_us,
                        const struct kith_bytes *items, const int32_t *offsets, bool fresh_only,
                        kith_db_rows_fn rows, void *ctx)
{
    step(job, fresh_only ? INGEST_S_mark_insert : INGEST_S_mark_upsert, rows, ctx);
    mark_keys(job, district, epoch, ops, n, at_us);
    bool sections[INGEST_RUN_MAX];
    int64_t wide[INGEST_RUN_MAX];
    for (size_t i = 0; i < n; i++)
        sections[i] = ops[i]->key.section;
    kith_job_bools(job, sections, n);
    for (size_t i = 0; i < n; i++)
        wide[i] = ops[i]->school_id;
    kith_job_i8s(job, wide, n);
    for (size_t i = 0; i < n; i++)
        wide[i] = ops[i]->event.digest;
    kith_job_i8s(job, wide, n);
    mark_details(job, ops, n);
    kith_job_bytes(job, items->data, items->n);
    kith_job_i4s(job, offsets, n + 1);
    kith_job_guard(job, KITH_EFENCED);
}

void ingest_store_marks_delete(struct kith_job *job, int32_t district, int64_t epoch,
                               struct ingest_op *const *ops, size_t n, int64_t at_us,
                               const struct kith_bytes *items, const int32_t *offsets,
                               kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_mark_delete, rows, ctx);
    mark_keys(job, district, epoch, ops, n, at_us);
    kith_job_bytes(job, items->data, items->n);
    kith_job_i4s(job, offsets, n + 1);
    kith_job_guard(job, KITH_EFENCED);
}

static void mark_key(struct kith_job *job, int32_t district, const struct ingest_event_key *key)
{
    kith_job_i4(job, district);
    kith_job_date(job, key->date);
    kith_job_i8(job, key->student);
    kith_job_i8(job, key->place);
    kith_job_i8(job, key->session);
    kith_job_i4(job, key->category);
}

void ingest_store_mark_exists(struct kith_job *job, int32_t district,
                              const struct ingest_event_key *key, const int64_t *match)
{
    step(job, INGEST_S_mark_exists, NULL, NULL);
    mark_key(job, district, key);
    kith_job_guard(job, KITH_ENOTFOUND);
    if (match) {
        step(job, INGEST_S_mark_match, NULL, NULL);
        mark_key(job, district, key);
        kith_job_i8(job, *match);
        kith_job_guard(job, KITH_EPRECONDITION);
    }
}

void ingest_store_quarantine(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                             size_t n, int64_t at_us)
{
    step(job, INGEST_S_quarantine_insert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, at_us);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, ops[i]->client_id);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i4(job, ops[i]->code);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, ops[i]->why.text);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_bytes(job, ops[i]->bytes, ops[i]->bytes_n);
}

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
