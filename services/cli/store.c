/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store.h"

#include <stdlib.h>

#define ANSWER_MS 10000

enum { DISTRICTS, LAGS, COUNTS };

/* Who reads which log is in proto/README.md. A reader without an offset has read nothing. */
static const struct kith_stmt statements[] = {
    [DISTRICTS] = {"cli_districts", "SELECT district_id, name FROM ingest.pub_district ORDER BY 1",
                   "", "it"},
    [LAGS] =
        {"cli_lags",
         "WITH link (stream, consumer) AS (VALUES ('ingest', 'risk'), ('ingest', 'notification'),"
         "  ('risk', 'notification')),"
         " head AS (SELECT 'ingest' AS stream, * FROM ingest.pub_stream_head"
         "  UNION ALL SELECT 'risk', * FROM risk.pub_stream_head"
         "  UNION ALL SELECT 'notification', * FROM notification.pub_stream_head),"
         " done AS (SELECT 'risk' AS consumer, * FROM risk.pub_consumer_offset"
         "  UNION ALL SELECT 'notification', * FROM notification.pub_consumer_offset),"
         " log AS (SELECT 'ingest' AS stream, * FROM ingest.pub_log"
         "  UNION ALL SELECT 'risk', * FROM risk.pub_log)"
         " SELECT h.district_id, h.shard, h.stream, l.consumer, h.pos, coalesce(d.pos, 0),"
         "  coalesce(w.n, 0), w.oldest"
         " FROM head h LEFT JOIN link l ON l.stream = h.stream"
         " LEFT JOIN done d ON d.district_id = h.district_id AND d.shard = h.shard"
         "  AND d.stream = h.stream AND d.consumer = l.consumer"
         " LEFT JOIN LATERAL (SELECT sum(g.count)::bigint AS n, min(g.at) AS oldest FROM log g"
         "  WHERE l.consumer IS NOT NULL AND g.stream = h.stream AND g.shard = h.shard"
         "   AND g.district_id = h.district_id AND g.pos > coalesce(d.pos, 0)) w ON true"
         " ORDER BY h.district_id, h.stream, l.consumer, h.shard",
         "", "iittlllz"},
    [COUNTS] = {"cli_counts",
                "SELECT district_id, 'items', resource, n FROM ingest.pub_item_count"
                " UNION ALL SELECT district_id, 'attendance', coalesce(meaning, 'unmapped'),"
                "  sum(n)::bigint FROM ingest.pub_attendance_count GROUP BY 1, 3"
                " UNION ALL SELECT district_id, 'quarantine', 'kept', count(*)"
                "  FROM ingest.pub_quarantine GROUP BY 1"
                " UNION ALL SELECT district_id, 'risk', what, n FROM risk.pub_count"
                " UNION ALL SELECT district_id, 'flags', rule::text, count(*) FROM risk.pub_flag"
                "  WHERE cleared_at IS NULL GROUP BY 1, 3"
                " UNION ALL SELECT district_id, 'alerts', state, count(*)"
                "  FROM notification.pub_alert GROUP BY 1, 3"
                " UNION ALL SELECT district_id, 'deliveries', state, count(*)"
                "  FROM notification.pub_delivery GROUP BY 1, 3"
                " UNION ALL SELECT district_id, 'mails', state, count(*)"
                "  FROM notification.pub_mail GROUP BY 1, 3"
                " ORDER BY 1, 2, 3",
                "", "ittl"},
    {0}};

struct cli_store {
    struct kith_client *client;
    struct kith_db *db;
    int32_t *districts;
    size_t districts_n;
};

/* One question under way. */
struct query {
    bool done;
    kith_err err;
    struct kith_why *why;
    struct cli_store *store;
    union {
        cli_district_fn district;
        cli_lag_fn lag;
        cli_count_fn count;
    } fn;
    void *ctx;
};

kith_err cli_store_open(struct kith_client *client, struct cli_store **ret, struct kith_why *why)
{
    kith_auto(cli_store) s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    s->client = client;
    kith_err err = kith_client_db(client, statements, &s->db, why);
    if (err != KITH_OK)
        return err;
    *ret = KITH_TAKE(s);
    return KITH_OK;
}

static void on_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct query *query = ctx;
    query->done = true;
    query->err = err;
    if (err != KITH_OK && query->why && why)
        *query->why = *why;
}

static kith_err run(struct cli_store *s, struct query *query, int statement, kith_db_rows_fn rows,
                    bool scoped)
{
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    if (scoped)
        kith_job_scope(job, s->districts, s->districts_n);
    kith_job_step(job, &statements[statement], rows, query);
    err = kith_db_run(s->db, KITH_TAKE(job), on_done, query);
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(s->client), &query->done, ANSWER_MS);
    if (err == KITH_ETIMEOUT) { /* `query` is the caller's: let the pool forget it */
        kith_db_free(s->db);
        s->db = NULL;
    }
    return err == KITH_OK ? query->err : err;
}

static void district_rows(void *ctx, const struct kith_rows *rows)
{
    struct query *query = ctx;
    struct cli_store *s = query->store;
    size_t n = kith_rows_n(rows);
    free(s->districts);
    s->districts_n = 0;
    s->districts = calloc(n + 1, sizeof(*s->districts));
    for (size_t i = 0; i < n && s->districts; i++) {
        int32_t district = (int32_t)kith_rows_int(rows, i, 0);
        s->districts[s->districts_n++] = district;
        query->fn.district(query->ctx, district, kith_rows_text(rows, i, 1));
    }
}

kith_err cli_store_districts(struct cli_store *s, cli_district_fn fn, void *ctx,
                             struct kith_why *why)
{
    struct query query = {.store = s, .why = why, .fn.district = fn, .ctx = ctx};
    return run(s, &query, DISTRICTS, district_rows, false);
}

static void lag_rows(void *ctx, const struct kith_rows *rows)
{
    struct query *query = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct cli_lag lag = {
            .district = (int32_t)kith_rows_int(rows, i, 0),
            .shard = (int32_t)kith_rows_int(rows, i, 1),
            .stream = kith_rows_text(rows, i, 2),
            .consumer = kith_rows_null(rows, i, 3) ? NULL : kith_rows_text(rows, i, 3),
            .head = kith_rows_int(rows, i, 4),
            .pos = kith_rows_int(rows, i, 5),
            .records = kith_rows_int(rows, i, 6),
            .oldest_us = kith_rows_null(rows, i, 7) ? 0 : kith_rows_int(rows, i, 7),
        };
        query->fn.lag(query->ctx, &lag);
    }
}

kith_err cli_store_lags(struct cli_store *s, cli_lag_fn fn, void *ctx, struct kith_why *why)
{
    struct query query = {.store = s, .why = why, .fn.lag = fn, .ctx = ctx};
    return run(s, &query, LAGS, lag_rows, false);
}

static void count_rows(void *ctx, const struct kith_rows *rows)
{
    struct query *query = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct cli_count count = {
            .district = (int32_t)kith_rows_int(rows, i, 0),
            .group = kith_rows_text(rows, i, 1),
            .what = kith_rows_text(rows, i, 2),
            .n = kith_rows_int(rows, i, 3),
        };
        query->fn.count(query->ctx, &count);
    }
}

kith_err cli_store_counts(struct cli_store *s, cli_count_fn fn, void *ctx, struct kith_why *why)
{
    struct query query = {.store = s, .why = why, .fn.count = fn, .ctx = ctx};
    return run(s, &query, COUNTS, count_rows, true);
}

void cli_store_free(struct cli_store *s)
{
    if (!s)
        return;
    kith_db_free(s->db);
    free(s->districts);
    free(s);
}
