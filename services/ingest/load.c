/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up: what is committed becomes what is known. */
#include <string.h>

#include "ingest/store.h"
#include "ingest/writer.h"
#include "kith/clock.h"
#include "kith/loop.h"

#define STEP_MS 60000

struct load {
    struct kith_loop *loop;
    struct kith_db *db;
    struct ingest_districts *districts;
    struct ingest_district *district;
    struct kith_why *why;
    kith_err err;
    bool done;
    /* the page just read */
    size_t rows;
    int64_t last_num;
    char last_resource[128];
    struct kith_id last_id;
};

static void note(struct load *l, kith_err err)
{
    if (l->err == KITH_OK)
        l->err = err;
}

static void on_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct load *l = ctx;
    if (err != KITH_OK && why && l->why)
        *l->why = *why;
    note(l, err);
    l->done = true;
}

/* Runs one job to its end. */
static kith_err run(struct load *l, struct kith_job *job)
{
    l->done = false;
    l->rows = 0;
    kith_err err = kith_db_run(l->db, job, on_done, l);
    if (err == KITH_OK)
        err = kith_loop_run_until(l->loop, &l->done, STEP_MS);
    if (err != KITH_OK)
        kith_why_set(l->why, "reading the committed state: %s", kith_err_text(err));
    return err != KITH_OK ? err : l->err;
}

static void on_districts(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++)
        note(l, ingest_districts_add(l->districts, (int32_t)kith_rows_int(r, i, 0),
                                     kith_rows_text(r, i, 1), kith_rows_text(r, i, 2),
                                     kith_rows_text(r, i, 3), NULL));
}

static void on_clients(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++) {
        struct ingest_client c = {.district = (int32_t)kith_rows_int(r, i, 0),
                                  .native = kith_rows_null(r, i, 3),
                                  .created_us = kith_rows_int(r, i, 5),
                                  .revoked = kith_rows_bool(r, i, 6)};
        strncpy(c.id, kith_rows_text(r, i, 1), sizeof(c.id) - 1);
        strncpy(c.label, kith_rows_text(r, i, 2), sizeof(c.label) - 1);
        strncpy(c.curve_key, kith_rows_text(r, i, 4), sizeof(c.curve_key) - 1);
        size_t n = 0;
        const uint8_t *secret = kith_rows_bytes(r, i, 3, &n);
        if (n == sizeof(c.secret))
            memcpy(c.secret, secret, n);
        note(l, ingest_clients_put(l->districts, &c));
    }
}

static void on_tokens(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++) {
        size_t n = 0;
        const uint8_t *hash = kith_rows_bytes(r, i, 0, &n);
        if (n == INGEST_HASH)
            note(l, ingest_tokens_put(l->districts, hash, kith_rows_text(r, i, 1),
                                      kith_rows_int(r, i, 2)));
    }
}

static void on_meanings(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++)
        note(l, ingest_district_set_meaning(l->district, kith_rows_text(r, i, 0),
                                            kith_rows_text(r, i, 1), kith_rows_text(r, i, 2)));
}

static void on_policies(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++)
        if (kith_rows_int(r, i, 0) == 0 &&
            !ingest_policy_take(&l->district->policy, kith_rows_text(r, i, 1),
                                kith_rows_text(r, i, 2)))
            note(l, KITH_EINTERNAL);
}

static void on_categories(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    for (size_t i = 0; i < kith_rows_n(r); i++)
        note(l, ingest_district_add_category(l->district, (int32_t)kith_rows_int(r, i, 0),
                                             kith_rows_text(r, i, 1)));
}

static struct kith_id id_at(const struct kith_rows *r, size_t row, size_t col)
{
    struct kith_id id = {{0}};
    size_t n = 0;
    const uint8_t *bytes = kith_rows_bytes(r, row, col, &n);
    if (n == sizeof(id.b))
        memcpy(id.b, bytes, n);
    return id;
}

static void on_numbers(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    l->rows = kith_rows_n(r);
    for (size_t i = 0; i < l->rows; i++) {
        struct kith_id id = id_at(r, i, 1);
        l->last_num = kith_rows_int(r, i, 0);
        note(l, ingest_known_put(l->district->known, &id, l->last_num, INGEST_ABSENT));
    }
}

static void on_renamed(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    l->rows = kith_rows_n(r);
    for (size_t i = 0; i < l->rows; i++) {
        struct kith_id id = id_at(r, i, 1);
        l->last_id = id_at(r, i, 0);
        note(l, ingest_names_put(l->district->names, &l->last_id, &id));
    }
}

static void on_items(void *ctx, const struct kith_rows *r)
{
    struct load *l = ctx;
    l->rows = kith_rows_n(r);
    for (size_t i = 0; i < l->rows; i++) {
        l->last_id = id_at(r, i, 1);
        note(l, ingest_known_put(l->district->known, &l->last_id, kith_rows_int(r, i, 2),
                                 kith_rows_int(r, i, 3)));
    }
    if (l->rows > 0)
        strncpy(l->last_resource, kith_rows_text(r, l->rows - 1, 0), sizeof(l->last_resource) - 1);
}

static kith_err load_all(struct load *l)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    ingest_store_districts(job, on_districts, l);
    ingest_store_clients(job, on_clients, l);
    ingest_store_tokens(job, kith_clock_now_us(), on_tokens, l);
    return run(l, job);
}

static kith_err load_names(struct load *l)
{
    kith_err err = KITH_OK;
    memset(&l->last_id, 0, sizeof(l->last_id));
    do {
        struct kith_job *job = NULL;
        err = kith_job_new(&job);
        if (err != KITH_OK)
            return err;
        ingest_store_renamed_page(job, l->district->id, &l->last_id, on_renamed, l);
        err = run(l, job);
    } while (err == KITH_OK && l->rows == INGEST_PAGE);
    return err;
}

static kith_err load_district(struct load *l)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    ingest_store_meanings(job, l->district->id, on_meanings, l);
    ingest_store_policy_list(job, l->district->id, on_policies, l);
    ingest_store_categories(job, l->district->id, on_categories, l);
    err = run(l, job);
    l->last_num = 0;
    do {
        job = NULL;
        if (err == KITH_OK)
            err = kith_job_new(&job);
        if (err != KITH_OK)
            return err;
        ingest_store_numbers_page(job, l->district->id, l->last_num, on_numbers, l);
        err = run(l, job);
    } while (err == KITH_OK && l->rows == INGEST_PAGE);
    memset(&l->last_id, 0, sizeof(l->last_id));
    l->last_resource[0] = '\0';
    do {
        job = NULL;
        if (err == KITH_OK)
            err = kith_job_new(&job);
        if (err != KITH_OK)
            return err;
        ingest_store_items_page(job, l->district->id, l->last_resource, &l->last_id, on_items, l);
        err = run(l, job);
    } while (err == KITH_OK && l->rows == INGEST_PAGE);
    if (err == KITH_OK)
        err = load_names(l);
    l->district->next_num = ingest_known_top(l->district->known) + 1;
    return err;
}

kith_err ingest_load(struct kith_loop *loop, struct kith_db *db, struct ingest_districts *districts,
                     struct kith_why *why)
{
    struct load l = {.loop = loop, .db = db, .districts = districts, .why = why};
    kith_err err = load_all(&l);
    for (size_t i = 0; i < ingest_districts_n(districts) && err == KITH_OK; i++) {
        l.district = ingest_districts_at(districts, i);
        err = load_district(&l);
    }
    return err;
}
