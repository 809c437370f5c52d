/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL through libpq, asynchronous, on the loop. A pool of connections; every statement is in a table, is prepared on every
 * connection when it opens, and its parameter and result types are checked against the table then (KITH_ESCHEMA), so that a
 * statement that does not fit the migrated schema stops the start, not the first request. All parameters and results are binary.
 * libpq-fe.h is seen only by db*.c. Lost connections are opened again by themselves (100 ms to 2 s).
 *
 * A job is a list of steps run on one connection. A job of one step is one autocommit statement: one round trip. A job of more
 * steps is a transaction: BEGIN and all steps go out in one pipeline; when every step succeeded and every guard held, COMMIT goes
 * out (a job without guards sends it along: one round trip); then `done` is called. Whatever went wrong, nothing is half-applied; if the connection broke after COMMIT was sent the
 * outcome is unknown and reported as KITH_EDB: the caller must be idempotent. */
#ifndef KITH_DB_H
#define KITH_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/loop.h"

/* Type letters: b bool, s int2, i int4, l int8, f float8, t text, y bytea, d date (int32 days since 1970), z timestamptz (int64 us since
 * 1970), u uuid (16 bytes), j jsonb (as text without the version byte: the module adds and strips it), o time of day (int64 us);
 * upper case = array of it. So "ilT" is (int4, int8, text[]). */
struct kith_stmt {
    const char *name; /* unique in the process: "ingest_mark_upsert" */
    const char *sql;
    const char *params;  /* type letters of $1.. ; "" = none */
    const char *columns; /* type letters of the result; "" = no rows */
};

struct kith_db;
struct kith_job;
struct kith_rows;

struct kith_db_opts {
    const char *conninfo;    /* libpq string */
    const char *search_path; /* the service's schema: "ingest" */
    unsigned connections;    /* 1..16 */
    size_t
        max_waiting; /* jobs queued when all connections are busy; more = KITH_EBUSY. 0 = 1,000 */
    const struct kith_stmt *const *tables; /* NULL-terminated list of {0}-terminated tables */
};

/* Starts connecting. `tables` and their strings are borrowed for the life of the pool. */
KITH_MUST_CHECK kith_err kith_db_new(struct kith_loop *loop, const struct kith_db_opts *opts,
                                     struct kith_db **ret);
/* Blocks on the loop until one connection is ready or timeout_ms passed. For start-up, commands and tests.
 * Errors: KITH_EDB (why: libpq's sentence), KITH_ESCHEMA (why: statement and difference), KITH_ETIMEOUT. */
KITH_MUST_CHECK kith_err kith_db_wait_ready(struct kith_db *db, int64_t timeout_ms,
                                            struct kith_why *why);
bool kith_db_ready(const struct kith_db *db);    /* at least one connection usable */
unsigned kith_db_idle(const struct kith_db *db); /* connections that could take a job now */
int64_t
kith_db_away_ms(const struct kith_db *db); /* since when no connection is usable; 0 = ready */
/* fn(ctx) whenever a connection becomes idle (also first ready): the moment to flush what has gathered. One function a pool. */
void kith_db_on_idle(struct kith_db *db, kith_loop_fn fn, void *ctx);
/* Waiting and running jobs are called back with KITH_EDB. */
void kith_db_free(struct kith_db *db);
KITH_DEFINE_AUTO(kith_db)

/* ---- a job ---- */
typedef void (*kith_db_rows_fn)(void *ctx, const struct kith_rows *rows);
typedef void (*kith_db_done_fn)(void *ctx, kith_err err, const struct kith_why *why);

KITH_MUST_CHECK kith_err kith_job_new(struct kith_job **ret);
void kith_job_free(struct kith_job *job); /* only before it was run */
KITH_DEFINE_AUTO(kith_job)

/* Add a step; parameters follow with kith_job_i4(...) etc. in order of $1... . `rows` (may be NULL) is called when the step's result is there:
 * before COMMIT, so what it learns holds only once `done` says KITH_OK. */
void kith_job_step(struct kith_job *job, const struct kith_stmt *stmt, kith_db_rows_fn rows,
                   void *ctx);
/* The step just added must return (when it has columns) or affect at least one row, else the job is rolled back and done gets
 * `otherwise`. A job of one step has committed by then: its statement must change nothing when it yields no row. */
void kith_job_guard(struct kith_job *job, kith_err otherwise);

/* Adds the statement SET LOCAL kith.districts = '{1,2}' to the transaction: which tenants row-level security lets the console's role
 * see. First in the job; makes even one further step a transaction. */
void kith_job_scope(struct kith_job *job, const int32_t *districts, size_t n);

void kith_job_bool(struct kith_job *job, bool v);
void kith_job_i2(struct kith_job *job, int16_t v);
void kith_job_i4(struct kith_job *job, int32_t v);
void kith_job_i8(struct kith_job *job, int64_t v); /* also for a time of day */
void kith_job_f8(struct kith_job *job, double v);
void kith_job_text(struct kith_job *job, const char *v); /* NULL = SQL null; copied */
void kith_job_text_n(struct kith_job *job, const char *v, size_t n);
void kith_job_json(struct kith_job *job, const char *v);            /* jsonb text; NULL = null */
void kith_job_bytes(struct kith_job *job, const void *v, size_t n); /* v NULL = SQL null; copied */
void kith_job_date(struct kith_job *job, int32_t days);
void kith_job_instant(struct kith_job *job, int64_t us);
void kith_job_uuid(struct kith_job *job, const uint8_t v[16]);
void kith_job_null(struct kith_job *job);

/* Arrays: kith_job_array, then n elements with the functions above (dates, nulls and all), of one type. Fixed-size elements may be
 * given whole: kith_job_i4s etc. */
void kith_job_array(struct kith_job *job, size_t n);
void kith_job_i2s(struct kith_job *job, const int16_t *v, size_t n);
void kith_job_i4s(struct kith_job *job, const int32_t *v, size_t n);
void kith_job_i8s(struct kith_job *job, const int64_t *v, size_t n);
void kith_job_dates(struct kith_job *job, const int32_t *days, size_t n);
void kith_job_bools(struct kith_job *job, const bool *v, size_t n);

/* Run it: `job` is the pool's from now on (taken also on failure). `done` is always called once, from the loop, never from inside.
 * A mistake in building it (parameter count or type, memory) shows in done as KITH_EINTERNAL or KITH_ENOMEM with why.
 * `why` says SQLSTATE and message (of class 22 and 23 the constraint: the message may quote data) on a database error: KITH_EDB for connection loss, shutdown, serialization failure and deadlock
 * (retryable), KITH_EINVAL for data errors and constraint violations (class 22, 23), KITH_EINTERNAL else.
 * Errors: KITH_EBUSY the queue is full; KITH_EDB no connection: done is NOT called, job is freed. */
KITH_MUST_CHECK kith_err kith_db_run(struct kith_db *db, struct kith_job *job, kith_db_done_fn done,
                                     void *ctx);

/* ---- a transaction of several jobs, for what is too large for one. It keeps a connection from its first job to its end. ---- */
struct kith_tx;
/* `patience_ms`: how long a statement of it may take, and how long it may wait between jobs. */
KITH_MUST_CHECK kith_err kith_tx_new(struct kith_db *db, int64_t patience_ms, struct kith_tx **ret);
/* Run a job inside; one at a time. `commit`: COMMIT follows and the transaction has ended. After an error it has ended too, rolled back (or, when
 * COMMIT was under way, with unknown outcome: KITH_EDB), and every further job is refused with KITH_EDB. Else as kith_db_run. */
KITH_MUST_CHECK kith_err kith_tx_run(struct kith_tx *tx, struct kith_job *job, bool commit,
                                     kith_db_done_fn done, void *ctx);
/* Not while a job of it runs. What was not committed is rolled back. NULL is fine. */
void kith_tx_free(struct kith_tx *tx);
KITH_DEFINE_AUTO(kith_tx)

/* ---- rows; borrowed inside kith_db_rows_fn ---- */
size_t kith_rows_n(const struct kith_rows *r);
size_t kith_rows_affected(const struct kith_rows *r);
bool kith_rows_null(const struct kith_rows *r, size_t row, size_t col);
bool kith_rows_bool(const struct kith_rows *r, size_t row, size_t col);
int64_t kith_rows_int(const struct kith_rows *r, size_t row,
                      size_t col); /* int2, int4, int8, date, timestamptz, time */
double kith_rows_f8(const struct kith_rows *r, size_t row, size_t col);
/* text, jsonb: NUL-terminated, borrowed; "" for null */
const char *kith_rows_text(const struct kith_rows *r, size_t row, size_t col);
const uint8_t *kith_rows_bytes(const struct kith_rows *r, size_t row, size_t col,
                               size_t *n); /* bytea, uuid */
/* int4[] or int8[] without nulls; fills up to `max` values, returns the number there are. */
size_t kith_rows_ints(const struct kith_rows *r, size_t row, size_t col, int64_t *values,
                      size_t max);

#endif
