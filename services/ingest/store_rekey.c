/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of changed keys: values into parameters. No SQL here: that is store.c. */
#include <stdlib.h>

#include "ingest/store_internal.h"
#include "ingest/writer_rekey.h"

static int32_t district_of(const struct ingest_rekey *r)
{
    return r->q->district->id;
}

void ingest_store_renamed_page(struct kith_job *job, int32_t district, const struct kith_id *after,
                               kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_renamed_page, rows, ctx);
    kith_job_i4(job, district);
    kith_job_uuid(job, after->b);
    kith_job_i4(job, INGEST_PAGE);
}

void ingest_store_rekey_referrers(struct kith_job *job, const struct ingest_rekey *r, size_t n,
                                  kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_referrers, rows, ctx);
    kith_job_i4(job, district_of(r));
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, r->moved[r->asked + i].id.b);
    kith_job_i4(job, INGEST_REKEY_MAX + 1);
}

void ingest_store_rekey_items(struct kith_job *job, int32_t district, const char *resource,
                              const struct kith_id *ids, size_t n, kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_items_load, rows, ctx);
    kith_job_i4(job, district);
    kith_job_text(job, resource);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, ids[i].b);
}

/* What these refer to has not changed. */
static void rewrite(struct kith_job *job, const struct ingest_rekey *r,
                    struct ingest_op *const *ops, size_t n, int64_t at_us)
{
    step(job, INGEST_S_items_rewrite, NULL, NULL);
    kith_job_i4(job, district_of(r));
    kith_job_text(job, ops[0]->doc->resource->name);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, ops[i]->id.b);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, ops[i]->doc->digest);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text_n(job, ops[i]->doc->body, ops[i]->doc->body_n);
    kith_job_instant(job, at_us);
}

void ingest_store_rekey_page(struct kith_job *job, struct ingest_rekey *r, int64_t at_us)
{
    struct ingest_op *same[INGEST_REKEY_PAGE];
    struct ingest_op *others[INGEST_REKEY_PAGE];
    size_t same_n = 0;
    size_t others_n = 0;
    for (size_t i = 0; i < r->page_n; i++)
        if (r->others[i])
            others[others_n++] = &r->page[i];
        else
            same[same_n++] = &r->page[i];
    if (same_n > 0)
        rewrite(job, r, same, same_n, at_us);
    if (others_n > 0)
        ingest_store_documents(job, district_of(r), others, others_n, at_us);
}

void ingest_store_rekey_events(struct kith_job *job, const struct ingest_rekey *r,
                               kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_extra_page, rows, ctx);
    kith_job_i4(job, district_of(r));
    kith_job_json(job, r->events_like);
    kith_job_date(job, r->after.date == INT32_MIN ? -719163 : r->after.date);
    kith_job_i8(job, r->after.student);
    kith_job_i8(job, r->after.place);
    kith_job_i4(job, r->after.category);
    kith_job_i4(job, INGEST_REKEY_PAGE);
}

void ingest_store_rekey_events_put(struct kith_job *job, const struct ingest_rekey *r)
{
    size_t n = r->events_n;
    step(job, INGEST_S_extra_rewrite, NULL, NULL);
    kith_job_i4(job, district_of(r));
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_date(job, r->event[i].key.date);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, r->event[i].key.student);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, r->event[i].key.place);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i4(job, r->event[i].key.category);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, r->event[i].digest);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_text(job, r->event[i].extra);
}

void ingest_store_rekey_unmarked(struct kith_job *job, const struct ingest_rekey *r)
{
    if (r->away_n == 0)
        return;
    step(job, INGEST_S_places_unmarked, NULL, NULL);
    kith_job_i4(job, district_of(r));
    kith_job_i8s(job, r->away, r->away_n);
    kith_job_guard(job, KITH_EEXIST);
}

struct pairs {
    size_t n;
    struct kith_id *keys;
    struct kith_id *ids;
};

static void add_pair(void *ctx, const struct kith_id *key, const struct kith_id *id)
{
    struct pairs *p = ctx;
    p->keys[p->n] = *key;
    p->ids[p->n++] = *id;
}

static void put_ids(struct kith_job *job, const struct kith_id *ids, size_t n)
{
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_uuid(job, ids[i].b);
}

kith_err ingest_store_rekey_names(struct kith_job *job, const struct ingest_rekey *r)
{
    size_t n = ingest_names_count(r->names);
    struct pairs p = {.keys = calloc(n, sizeof(struct kith_id)),
                      .ids = calloc(n, sizeof(struct kith_id))};
    if (p.keys && p.ids) {
        ingest_names_each(r->names, add_pair, &p);
        step(job, INGEST_S_renamed_delete, NULL, NULL);
        kith_job_i4(job, district_of(r));
        put_ids(job, p.keys, p.n);
        step(job, INGEST_S_renamed_insert, NULL, NULL);
        kith_job_i4(job, district_of(r));
        put_ids(job, p.keys, p.n);
        put_ids(job, p.ids, p.n);
    }
    kith_err err = p.keys && p.ids ? KITH_OK : KITH_ENOMEM;
    free(p.keys);
    free(p.ids);
    return err;
}
