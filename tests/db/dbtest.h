/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of tests/db share: a loop, pools on it, and jobs run one at a time. */
#ifndef DBTEST_H
#define DBTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kith/db.h"

static struct kith_loop *test_loop;
static const char *test_conninfo; /* argv[1] */

struct outcome {
    bool done;
    kith_err err;
    struct kith_why why;
};

static inline void on_outcome(void *ctx, kith_err err, const struct kith_why *why)
{
    struct outcome *o = ctx;
    assert_false(o->done);
    o->done = true;
    o->err = err;
    o->why = *why;
}

static inline void wait_for(const bool *done)
{
    assert_int_equal(kith_loop_run_until(test_loop, done, 20000), KITH_OK);
}

static inline struct kith_db *open_pool(const char *conninfo, const char *schema,
                                        unsigned connections, size_t max_waiting,
                                        const struct kith_stmt *const *tables)
{
    struct kith_db *db = NULL;
    struct kith_db_opts opts = {.conninfo = conninfo,
                                .search_path = schema,
                                .connections = connections,
                                .max_waiting = max_waiting,
                                .tables = tables};
    assert_int_equal(kith_db_new(test_loop, &opts, &db), KITH_OK);
    return db;
}

static inline struct kith_db *ready_pool(const char *schema, unsigned connections,
                                         const struct kith_stmt *const *tables)
{
    struct kith_db *db = open_pool(test_conninfo, schema, connections, 0, tables);
    struct kith_why why = {""};
    if (kith_db_wait_ready(db, 10000, &why) != KITH_OK)
        fail_msg("not ready: %s", why.text);
    while (kith_db_idle(db) < connections) /* ready is a pool with its first connection */
        (void)!kith_loop_run_until(test_loop, &(const bool){false}, 1);
    return db;
}

static inline struct kith_job *new_job(void)
{
    struct kith_job *job = NULL;
    assert_int_equal(kith_job_new(&job), KITH_OK);
    return job;
}

/* Runs it to its end. */
static inline struct outcome run_job(struct kith_db *db, struct kith_job *job)
{
    struct outcome o = {0};
    assert_int_equal(kith_db_run(db, job, on_outcome, &o), KITH_OK);
    assert_false(o.done); /* never from inside */
    wait_for(&o.done);
    return o;
}

static inline void run_fine(struct kith_db *db, struct kith_job *job)
{
    struct outcome o = run_job(db, job);
    if (o.err)
        fail_msg("%s: %s", kith_err_name(o.err), o.why.text);
}

/* ---- what a step returned ---- */

struct came_back {
    unsigned calls;
    size_t rows;
    size_t affected;
    int64_t number;
    char text[1024];
};

static inline void answer_int(void *ctx, const struct kith_rows *rows)
{
    struct came_back *seen = ctx;
    seen->calls++;
    seen->rows = kith_rows_n(rows);
    if (seen->rows)
        seen->number = kith_rows_int(rows, 0, 0);
}

static inline void answer_text(void *ctx, const struct kith_rows *rows)
{
    struct came_back *seen = ctx;
    seen->calls++;
    seen->rows = kith_rows_n(rows);
    if (seen->rows)
        (void)snprintf(seen->text, sizeof(seen->text), "%s", kith_rows_text(rows, 0, 0));
}

static inline void answer_affected(void *ctx, const struct kith_rows *rows)
{
    struct came_back *seen = ctx;
    seen->calls++;
    seen->affected = kith_rows_affected(rows);
}

static inline int make_loop(void **state)
{
    (void)state;
    return kith_loop_new(&test_loop) == KITH_OK ? 0 : -1;
}

static inline int free_loop(void **state)
{
    (void)state;
    kith_loop_free(test_loop);
    test_loop = NULL;
    return 0;
}

static inline void spin(int64_t ms)
{
    static const bool never;
    (void)!kith_loop_run_until(test_loop, &never, ms);
}

#endif
