/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/db_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"

enum { MAX_CONNECTIONS = 16, MAX_WAITING = 1000 };

/* ---- entering from the loop ---- */

static void destroy(struct kith_db *db);

void db_enter(struct kith_db *db)
{
    db->depth++;
}

void db_leave(struct kith_db *db)
{
    assert(db->depth > 0);
    if (--db->depth == 0 && db->free_asked)
        destroy(db);
}

/* ---- the queue ---- */

void db_job_end(struct kith_job *job, kith_err err, const struct kith_why *why)
{
    kith_db_done_fn done = job->done;
    void *ctx = job->ctx;
    kith_job_free(job);
    if (done)
        done(ctx, err, why);
}

static struct kith_job *take_waiting(struct kith_db *db)
{
    struct kith_job *job = db->first;
    if (!job)
        return NULL;
    db->first = job->next;
    if (!db->first)
        db->last = NULL;
    db->waiting_n--;
    job->next = NULL;
    return job;
}

static struct db_conn *idle_conn(const struct kith_db *db)
{
    for (unsigned i = 0; i < db->conns_n; i++)
        if (db->conns[i].state == DB_IDLE)
            return &db->conns[i];
    return NULL;
}

static void dispatch(struct kith_db *db)
{
    for (struct db_conn *c; db->first && (c = idle_conn(db));)
        db_conn_start(c, take_waiting(db));
}

kith_err kith_db_run(struct kith_db *db, struct kith_job *job, kith_db_done_fn done, void *ctx)
{
    assert(db && job);
    db_job_check(job);
    job->done = done;
    job->ctx = ctx;
    if (job->err) {
        job->next = db->faulty;
        db->faulty = job;
        kith_timer_start(db->soon, 0, 0);
        return KITH_OK;
    }
    kith_err err = KITH_OK;
    if (db->closing || db->ready_n == 0)
        err = KITH_EDB;
    else if (db->waiting_n >= db->max_waiting)
        err = KITH_EBUSY;
    if (err) {
        kith_job_free(job);
        return err;
    }
    if (db->last)
        db->last->next = job;
    else
        db->first = job;
    db->last = job;
    db->waiting_n++;
    dispatch(db);
    return KITH_OK;
}

static void fail_waiting(struct kith_db *db, const struct kith_why *why)
{
    for (struct kith_job *job; (job = take_waiting(db));)
        db_job_end(job, KITH_EDB, why);
}

static void end_faulty(struct kith_db *db)
{
    for (struct kith_job *job; (job = db->faulty);) {
        db->faulty = job->next;
        kith_err err = job->err;
        struct kith_why why = job->why;
        db_job_end(job, err, &why);
    }
}

/* ---- what connections report ---- */

void db_on_ready(struct db_conn *c)
{
    struct kith_db *db = c->db;
    db->ready_n++;
    db->away_since_ms = 0;
    db->settled = true;
    db->last_err = KITH_OK;
    kith_metric_add(db->ready, 1);
    if (c->was_open)
        kith_metric_add(db->reconnects, 1);
    c->was_open = true;
    dispatch(db);
    if (c->state == DB_IDLE && db->on_idle)
        db->on_idle(db->on_idle_ctx);
}

void db_on_job_end(struct db_conn *c, struct kith_job *job, kith_err err,
                   const struct kith_why *why)
{
    struct kith_db *db = c->db;
    kith_metric_observe(db->job_seconds, (double)(kith_clock_mono_us() - job->sent_us) / 1e6);
    static const struct kith_why fine;
    db_job_end(job, err, err ? why : &fine);
    dispatch(db);
    if (c->state == DB_IDLE && db->on_idle && !db->free_asked)
        db->on_idle(db->on_idle_ctx);
}

void db_on_unusable(struct kith_db *db)
{
    assert(db->ready_n > 0);
    kith_metric_add(db->ready, -1);
    if (--db->ready_n > 0)
        return;
    db->settled = false;
    db->away_since_ms = kith_clock_mono_ms();
    /* nobody knows how long it will last: whoever asked decides whether to ask again */
    struct kith_why why = db->last_why;
    fail_waiting(db, &why);
}

static void on_soon(void *ctx)
{
    struct kith_db *db = ctx;
    db_enter(db);
    end_faulty(db);
    for (unsigned i = 0; i < db->conns_n; i++)
        if (db->conns[i].broken)
            db_conn_lost(&db->conns[i], KITH_EDB, "sending to the server failed");
    db_leave(db);
}

/* ---- the pool ---- */

static size_t longest_params(const struct kith_db *db)
{
    size_t longest = 1;
    for (size_t i = 0; i < db->stmts_n; i++) {
        size_t n = strlen(db->stmts[i]->params);
        longest = n > longest ? n : longest;
    }
    return longest;
}

static kith_err gather_statements(struct kith_db *db, const struct kith_stmt *const *tables)
{
    for (size_t i = 0; tables && tables[i]; i++)
        for (const struct kith_stmt *stmt = tables[i]; stmt->name; stmt++)
            db->stmts_n++;
    db->stmts = calloc(db->stmts_n + 1, sizeof(const struct kith_stmt *));
    if (!db->stmts)
        return KITH_ENOMEM;
    size_t at = 0;
    for (size_t i = 0; tables && tables[i]; i++)
        for (const struct kith_stmt *stmt = tables[i]; stmt->name; stmt++)
            db->stmts[at++] = stmt;
    size_t longest = longest_params(db);
    db->values = calloc(longest, sizeof(const char *));
    db->lengths = calloc(longest, sizeof(int));
    db->formats = calloc(longest, sizeof(int));
    return db->values && db->lengths && db->formats ? KITH_OK : KITH_ENOMEM;
}

static kith_err make_connections(struct kith_db *db, unsigned n)
{
    db->conns = calloc(n, sizeof(*db->conns));
    if (!db->conns)
        return KITH_ENOMEM;
    kith_err err = kith_timer_new(db->loop, on_soon, db, &db->soon);
    for (; !err && db->conns_n < n; db->conns_n++) {
        struct db_conn *c = &db->conns[db->conns_n];
        c->db = db;
        err = kith_timer_new(db->loop, db_conn_on_timer, c, &c->timer);
    }
    return err;
}

static kith_err fill(struct kith_db *db, const struct kith_db_opts *opts)
{
    db->max_waiting = opts->max_waiting ? opts->max_waiting : MAX_WAITING;
    db->away_since_ms = kith_clock_mono_ms();
    db->job_seconds = kith_histogram("kith_db_job_seconds", "from sending a job to its end", "");
    db->reconnects =
        kith_counter("kith_db_reconnects_total", "connections opened again after a loss", "");
    db->ready = kith_gauge("kith_db_connections_ready", "connections that can be used", "");
    db->conninfo = strdup(opts->conninfo);
    db->search_path = strdup(opts->search_path);
    if (!db->conninfo || !db->search_path)
        return KITH_ENOMEM;
    kith_err err = gather_statements(db, opts->tables);
    return err ? err : make_connections(db, opts->connections);
}

kith_err kith_db_new(struct kith_loop *loop, const struct kith_db_opts *opts, struct kith_db **ret)
{
    if (opts->connections < 1 || opts->connections > MAX_CONNECTIONS)
        return KITH_EINVAL;
    struct kith_db *db = calloc(1, sizeof(*db));
    if (!db)
        return KITH_ENOMEM;
    db->loop = loop;
    kith_err err = fill(db, opts);
    if (err) {
        destroy(db);
        return err;
    }
    db_enter(db);
    for (unsigned i = 0; i < db->conns_n; i++)
        db_conn_open(&db->conns[i]);
    db_leave(db);
    *ret = db;
    return KITH_OK;
}

kith_err kith_db_wait_ready(struct kith_db *db, int64_t timeout_ms, struct kith_why *why)
{
    kith_err err = kith_loop_run_until(db->loop, &db->settled, timeout_ms);
    if (kith_db_ready(db))
        return KITH_OK;
    if (db->last_err)
        err = db->last_err;
    if (db->last_err)
        kith_why_set(why, "%s", db->last_why.text);
    else
        kith_why_set(why, "the database did not answer within %lld ms", (long long)timeout_ms);
    return err;
}

bool kith_db_ready(const struct kith_db *db)
{
    return db->ready_n > 0;
}

unsigned kith_db_idle(const struct kith_db *db)
{
    unsigned n = 0;
    for (unsigned i = 0; i < db->conns_n; i++)
        n += db->conns[i].state == DB_IDLE;
    return n;
}

int64_t kith_db_away_ms(const struct kith_db *db)
{
    if (db->ready_n)
        return 0;
    int64_t ms = kith_clock_mono_ms() - db->away_since_ms;
    return ms > 0 ? ms : 1;
}

void kith_db_on_idle(struct kith_db *db, kith_loop_fn fn, void *ctx)
{
    db->on_idle = fn;
    db->on_idle_ctx = ctx;
}

static void destroy(struct kith_db *db)
{
    static const struct kith_why why = {"the database pool was closed"};
    db->closing = true;
    fail_waiting(db, &why);
    kith_metric_add(db->ready, -(double)db->ready_n);
    for (unsigned i = 0; i < db->conns_n; i++)
        db_conn_done(&db->conns[i]);
    end_faulty(db);
    kith_timer_free(db->soon);
    free(db->conns);
    free(db->stmts);
    free(db->values);
    free(db->lengths);
    free(db->formats);
    free(db->conninfo);
    free(db->search_path);
    free(db);
}

void kith_db_free(struct kith_db *db)
{
    if (!db)
        return;
    if (db->depth > 0)
        db->free_asked = true; /* by db_leave() */
    else
        destroy(db);
}
