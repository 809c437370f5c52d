/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the db module share; nobody else includes it. db.c is the pool, db_conn.c one connection, db_error.c why it failed, db_job.c builds
 * jobs and encodes parameters, db_rows.c decodes results and knows PostgreSQL's types. */
#ifndef KITH_DB_INTERNAL_H
#define KITH_DB_INTERNAL_H

#include "kith/db.h"
#include "kith/metrics.h"

struct pg_conn;
struct pg_result;

/* PostgreSQL counts from 2000-01-01. */
#define DB_EPOCH_DAYS 10957
#define DB_EPOCH_US   INT64_C(946684800000000)

struct db_type {
    char letter;
    unsigned oid;
    unsigned array_oid;
    const char *name;
};
/* The type of a letter, of either case; NULL when there is none. */
const struct db_type *db_type_of(char letter);
/* The OID that a letter stands for: of the array when it is upper case. 0 for an unknown letter. */
unsigned db_type_oid(char letter);
/* "int4", "text[]", "OID 1043": written into `text`. */
void db_type_name(unsigned oid, char *text, size_t size);

/* ---- jobs (db_job.c) ---- */
struct db_param {
    size_t at; /* into job->data */
    int n;     /* bytes; -1 = null */
};

struct db_step {
    const struct kith_stmt *stmt;
    kith_db_rows_fn rows;
    void *ctx;
    size_t first_param;
    size_t params_n;
    kith_err otherwise; /* KITH_OK = no guard */
};

struct kith_job {
    struct db_step *steps;
    size_t steps_n, steps_size;
    struct db_param *params;
    size_t params_n, params_size;
    uint8_t *data; /* all parameters, one behind the other */
    size_t data_n, data_size;
    size_t array_left;  /* elements of the open array that are still to come */
    char array_element; /* its letter, lower case */
    char *scope;        /* a SET LOCAL statement; NULL = none */
    struct kith_tx *tx; /* runs inside of it */
    bool ends;          /* and ends it */
    bool guarded;
    kith_err err; /* the first mistake in building it */
    struct kith_why why;
    kith_db_done_fn done; /* from here: the pool's */
    void *ctx;
    struct kith_job *next;
    int64_t sent_us;
};

struct kith_tx {
    struct kith_db *db;
    struct db_conn *conn; /* from the first job on */
    int64_t patience_ms;
    bool begun;
    bool dead;
};

/* All parameters of all steps there? Sets job->err and job->why. */
void db_job_check(struct kith_job *job);
/* More than one statement goes out. */
bool db_job_transaction(const struct kith_job *job);

/* ---- rows (db_rows.c) ---- */
struct kith_rows {
    struct pg_result *result;
    const char *columns;
    size_t rows_n;
    size_t affected;
};
struct kith_rows db_rows_of(struct pg_result *result, const struct kith_stmt *stmt);

/* ---- failures (db_error.c) ---- */
/* `text` of libpq behind `before`, on one line. */
void db_why_set(struct kith_why *why, const char *before, const char *text);
/* The error of a failed result; `why` says `what` failed, SQLSTATE and message, never a value of a row. */
kith_err db_err_of(const struct pg_result *result, const char *what, struct kith_why *why);

/* ---- one connection (db_conn.c) ---- */
/* HELD: inside a transaction, between two of its jobs */
enum db_state { DB_DOWN, DB_CONNECTING, DB_SETUP, DB_IDLE, DB_BUSY, DB_HELD };
enum db_phase { DB_STEPS, DB_COMMIT, DB_ROLLBACK };

struct db_conn {
    struct kith_db *db;
    struct pg_conn *pg;
    struct kith_watch *watch;
    struct kith_timer *timer; /* DOWN: next attempt; else: the deadline of what is going on */
    enum db_state state;
    int64_t pause_ms;
    bool broken;   /* sending failed; seen to at the end of the turn */
    bool was_open; /* has been ready before: the next time counts as a reconnect */
    size_t at;     /* results that came in this phase */
    enum db_phase phase;
    struct kith_job *job;
    struct kith_tx *tx; /* that it is kept for */
    kith_err err;       /* of the job or of the setup */
    struct kith_why why;
};

struct kith_db {
    struct kith_loop *loop;
    char *conninfo;
    char *search_path;
    size_t max_waiting;
    const struct kith_stmt **stmts; /* all tables, flat */
    size_t stmts_n;
    struct db_conn *conns;
    unsigned conns_n;
    unsigned ready_n;
    int64_t away_since_ms; /* 0 = ready */
    struct kith_job *first, *last;
    size_t waiting_n;
    struct kith_job *faulty; /* jobs with a mistake in them, to be called back */
    struct kith_timer *soon; /* end of turn: faulty jobs, broken connections */
    const char **values;     /* scratch for sending: as long as the longest parameter list */
    int *lengths, *formats;
    kith_loop_fn on_idle;
    void *on_idle_ctx;
    unsigned depth;  /* in how many of our handlers are we? */
    bool free_asked; /* kith_db_free was called from a callback */
    bool closing;
    bool settled;      /* ready, or never going to be (KITH_ESCHEMA) */
    kith_err last_err; /* of the last attempt to connect */
    struct kith_why last_why;
    struct kith_metric *job_seconds, *reconnects, *ready;
};

/* Every entry from the loop is bracketed by these, so that callbacks may free the pool. */
void db_enter(struct kith_db *db);
void db_leave(struct kith_db *db);

void db_conn_open(struct db_conn *c);
/* Send a job; c is DB_IDLE, or DB_HELD by the job's transaction. A failure shows later, from the loop. */
void db_conn_start(struct db_conn *c, struct kith_job *job);
/* The connection is of no use: close it, call its job back, try again after a pause. */
void db_conn_lost(struct db_conn *c, kith_err err, const char *text);
/* Free what it holds; its job is called back. */
void db_conn_done(struct db_conn *c);
void db_conn_on_timer(void *ctx);

/* ---- transactions of several jobs (db_tx.c) ---- */
/* The job is the first of its transaction, and on c now. */
void db_tx_take(struct kith_tx *tx, struct db_conn *c);
/* The transaction that c is kept for has ended. */
void db_tx_end(struct db_conn *c);

/* ---- the pool, for db_conn.c ---- */
void db_on_ready(struct db_conn *c);
/* c is idle and `job` has ended. */
void db_on_job_end(struct db_conn *c, struct kith_job *job, kith_err err,
                   const struct kith_why *why);
/* c was usable and is no more. */
void db_on_unusable(struct kith_db *db);
/* Call back and free. */
void db_job_end(struct kith_job *job, kith_err err, const struct kith_why *why);

#endif
