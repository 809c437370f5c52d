/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the writer's jobs and of start-up: values into parameters. No SQL here: that is store.c. */
#include <string.h>

#include "ingest/store.h"
#include "ingest/store_internal.h"

#define SHARD 0 /* one a district, as the writer has it */

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

static size_t references_count(struct ingest_op *const *ops, size_t n)
{
    size_t refs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < ops[i]->doc->refs_n; r++)
            refs += ops[i]->doc->refs[r].n;
    return refs;
}

/* All references, and where each document's begin and end among them. */
static void slices(struct kith_job *job, struct ingest_op *const *ops, size_t n)
{
    int32_t from[INGEST_RUN_MAX];
    int32_t to[INGEST_RUN_MAX];
    int32_t at = 0;
    kith_job_array(job, references_count(ops, n));
    for (size_t i = 0; i < n; i++) {
        from[i] = at;
        for (size_t r = 0; r < ops[i]->doc->refs_n; r++)
            for (size_t t = 0; t < ops[i]->doc->refs[r].n; t++, at++)
                kith_job_uuid(job, ops[i]->doc->refs[r].id[t].b);
        to[i] = at;
    }
    kith_job_i4s(job, from, n);
    kith_job_i4s(job, to, n);
}

static void documents_write(struct kith_job *job, enum ingest_statement statement, int32_t district,
                            struct ingest_op *const *ops, size_t n, int64_t at_us)
{
    step(job, statement, NULL, NULL);
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
    slices(job, ops, n);
    kith_job_instant(job, at_us);
}

static void references_insert(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                              size_t n, size_t total)
{
    step(job, INGEST_S_ref_insert, NULL, NULL);
    kith_job_i4(job, district);
    for (int column = 0; column < 3; column++) {
        kith_job_array(job, total);
        for (size_t i = 0; i < n; i++) {
            const struct ingest_doc *doc = ops[i]->doc;
            for (size_t r = 0; r < doc->refs_n; r++)
                for (size_t t = 0; t < doc->refs[r].n; t++) {
                    if (column == 0)
                        kith_job_uuid(job, doc->refs[r].id[t].b);
                    else if (column == 1)
                        kith_job_text(job, doc->resource->name);
                    else
                        kith_job_uuid(job, doc->id.b);
                }
        }
    }
}

static void numbers_insert(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                           size_t n)
{
    struct ingest_op *numbered[INGEST_RUN_MAX];
    size_t numbered_n = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i]->must_number)
            numbered[numbered_n++] = ops[i];
    if (numbered_n == 0)
        return;
    step(job, INGEST_S_number_insert, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, numbered_n);
    for (size_t i = 0; i < numbered_n; i++)
        kith_job_i8(job, numbered[i]->num);
    resources(job, numbered, numbered_n);
    ids(job, numbered, numbered_n);
}

static void references_delete(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                              size_t n)
{
    step(job, INGEST_S_ref_delete, NULL, NULL);
    kith_job_i4(job, district);
    resources(job, ops, n);
    ids(job, ops, n);
}

void ingest_store_documents(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                            size_t n, int64_t at_us)
{
    size_t refs = references_count(ops, n);
    references_delete(job, district, ops, n); /* by what the documents were */
    documents_write(job, INGEST_S_item_upsert, district, ops, n, at_us);
    numbers_insert(job, district, ops, n);
    if (refs > 0)
        references_insert(job, district, ops, n, refs);
}

void ingest_store_documents_new(struct kith_job *job, int32_t district,
                                struct ingest_op *const *ops, size_t n, int64_t at_us)
{
    documents_write(job, INGEST_S_items_insert, district, ops, n, at_us);
    numbers_insert(job, district, ops, n);
}

/* Attendance names students, schools, sections and sessions by their numbers only. */
static void unmarked(struct kith_job *job, int32_t district, const struct ingest_resource *r,
                     int64_t num)
{
    static const struct {
        const char *resource;
        enum ingest_statement statement;
    } named[] = {{"students", INGEST_S_student_unmarked},
                 {"schools", INGEST_S_place_unmarked},
                 {"sections", INGEST_S_place_unmarked},
                 {"sessions", INGEST_S_place_unmarked}};
    for (size_t i = 0; i < KITH_LEN(named); i++) {
        if (strcmp(r->name, named[i].resource) != 0)
            continue;
        step(job, named[i].statement, NULL, NULL);
        kith_job_i4(job, district);
        kith_job_i8(job, num);
        kith_job_guard(job, KITH_EEXIST);
    }
}

void ingest_store_document_delete(struct kith_job *job, int32_t district,
                                  const struct ingest_resource *r, const struct kith_id *id,
                                  int64_t num)
{
    step(job, INGEST_S_unreferred, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_uuid(job, id->b);
    kith_job_guard(job, KITH_EEXIST);
    unmarked(job, district, r, num);
    step(job, INGEST_S_ref_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, 1);
    kith_job_text(job, r->name);
    kith_job_array(job, 1);
    kith_job_uuid(job, id->b);
    step(job, INGEST_S_item_delete, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_text(job, r->name);
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

/* NOLINTNEXTLINE(readability-function-size): the columns of a row */
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

/* NOLINTNEXTLINE(readability-function-size): the columns of a row */
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
