/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of feeds and policies: values into parameters. No SQL here: that is store.c. */
#include "ingest/store.h"
#include "ingest/store_internal.h"

void ingest_store_feeds(struct kith_job *job, int32_t district, int64_t now_us,
                        kith_db_rows_fn rows, void *ctx)
{
    step(job, INGEST_S_feeds, rows, ctx);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
}

void ingest_store_feed_put(struct kith_job *job, int32_t district,
                           const struct ingest_feed_change *changes, size_t n)
{
    step(job, INGEST_S_feed_put, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i8(job, changes[i].school);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_bool(job, changes[i].late);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_date(job, changes[i].since);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        kith_job_i4(job, changes[i].episode);
}

void ingest_store_feed_counts(struct kith_job *job, const struct ingest_district *d, int64_t now_us,
                              kith_db_rows_fn rows, void *ctx)
{
    size_t n = 0;
    step(job, INGEST_S_feed_counts, rows, ctx);
    kith_job_i4(job, d->id);
    kith_job_instant(job, now_us);
    for (size_t i = 0; i < d->categories_n; i++)
        n += d->categories[i].kind == INGEST_KIND_UNMAPPED;
    kith_job_array(job, n);
    for (size_t i = 0; i < d->categories_n; i++)
        if (d->categories[i].kind == INGEST_KIND_UNMAPPED)
            kith_job_i4(job, d->categories[i].id);
}

void ingest_store_policy_set(struct kith_job *job, int32_t district, int64_t school,
                             const char *name, const char *value)
{
    step(job, *value ? INGEST_S_policy_set : INGEST_S_policy_clear, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, school);
    kith_job_text(job, name);
    if (*value)
        kith_job_text(job, value);
}

void ingest_store_policy_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                              void *ctx)
{
    step(job, INGEST_S_policy_list, rows, ctx);
    kith_job_i4(job, district);
}
