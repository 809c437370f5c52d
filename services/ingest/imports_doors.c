/* SPDX-License-Identifier: Apache-2.0 */
/* What the doors ask of imports: a file came, an operator has decided. Written with a fence, answered after COMMIT. */
#include <stdio.h>
#include <stdlib.h>

#include "ingest/imports_internal.h"
#include "kith/clock.h"

kith_err imports_add_notice(struct ingest_imports *im, struct kith_job *job, int32_t district,
                            int64_t import_id, bool waiting)
{
    struct kith_bytes record = {0};
    int64_t now = kith_clock_now_us();
    kith_err err = ingest_record_quarantined(&record, district, import_id, waiting,
                                             (int32_t)(now / INT64_C(86400000000)));
    if (err == KITH_OK)
        kith_owner_append(im->opts.owner, job, district, 0, ingest_record_quarantined_type, 1, now,
                          record.data, record.n);
    kith_bytes_done(&record);
    return err;
}

struct request {
    struct ingest_imports *im;
    int32_t district; /* whose log grows; 0 = none */
    int64_t import_id;
    char path[4200]; /* of a file that goes */
    ingest_import_fn done;
    void *ctx;
};

static void on_id(void *ctx, const struct kith_rows *rows)
{
    struct request *r = ctx;
    r->import_id = kith_rows_n(rows) > 0 ? kith_rows_int(rows, 0, 0) : 0;
}

static void on_dropped(void *ctx, const struct kith_rows *rows)
{
    struct request *r = ctx;
    if (kith_rows_n(rows) > 0 && *kith_rows_text(rows, 0, 0))
        (void)snprintf(r->path, sizeof(r->path), "%s/%s", r->im->opts.folder,
                       kith_rows_text(rows, 0, 0));
}

static void written(void *ctx, kith_err err, const struct kith_why *why)
{
    struct request *r = ctx;
    struct ingest_imports *im = r->im;
    (void)why;
    im->open--;
    if (err == KITH_OK && r->district)
        kith_owner_committed(im->opts.owner, r->district, 0, 0);
    if (err == KITH_OK && r->path[0])
        imports_remove(r->path);
    r->done(r->ctx, err, r->import_id);
    free(r);
    imports_look(im);
}

static kith_err request_new(struct ingest_imports *im, int64_t import_id, ingest_import_fn done,
                            void *ctx, struct request **ret, struct kith_job **job)
{
    struct request *r = calloc(1, sizeof(*r));
    if (!r || kith_job_new(job) != KITH_OK) {
        free(r);
        return KITH_ENOMEM;
    }
    *r = (struct request){.im = im, .import_id = import_id, .done = done, .ctx = ctx};
    *ret = r;
    return KITH_OK;
}

static kith_err request_run(struct request *r, struct kith_job *job)
{
    kith_err err = kith_db_run(r->im->opts.db, job, written, r);
    if (err == KITH_OK)
        r->im->open++;
    else
        free(r);
    return err;
}

kith_err ingest_imports_add(struct ingest_imports *im, int32_t district,
                            const struct ingest_import_file *file, ingest_import_fn done, void *ctx)
{
    struct request *r = NULL;
    struct kith_job *job = NULL;
    kith_err err = request_new(im, 0, done, ctx, &r, &job);
    if (err != KITH_OK)
        return err;
    ingest_store_owned(job, district, kith_owner_epoch(im->opts.owner, district, 0));
    ingest_store_import_insert(job, district, file, kith_clock_now_us(), on_id, r);
    return request_run(r, job);
}

kith_err ingest_imports_decide(struct ingest_imports *im, int32_t district, int64_t import_id,
                               bool confirm, ingest_import_fn done, void *ctx)
{
    struct request *r = NULL;
    struct kith_job *job = NULL;
    kith_err err = request_new(im, import_id, done, ctx, &r, &job);
    if (err != KITH_OK)
        return err;
    ingest_store_owned(job, district, kith_owner_epoch(im->opts.owner, district, 0));
    ingest_store_import_decide(job, district, import_id, confirm, kith_clock_now_us(),
                               confirm ? NULL : on_dropped, r);
    err = imports_add_notice(im, job, district, import_id, false);
    if (err != KITH_OK) {
        kith_job_free(job);
        free(r);
        return err;
    }
    r->district = district;
    return request_run(r, job);
}
