/* SPDX-License-Identifier: Apache-2.0 */
/* One connection. It is in pipeline mode from its first moment: everything goes out in one go and ends with a sync, whose result says
 * that everything before has been answered. */
#include "kith/db_internal.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"

enum {
    PAUSE_MS = 100, /* between attempts: doubled each time, with jitter */
    PAUSE_MAX_MS = 2000,
    CONNECT_MS = 10000, /* to connect and prepare everything */
    STATEMENT_MS = 30000,
    JOB_MS = 40000, /* the server should have given up at STATEMENT_MS: it hangs */
};

/* Statements of the module itself, prepared before those of the tables. */
static const char *const own_statements[][2] = {
    {"kith_begin", "BEGIN"},
    {"kith_commit", "COMMIT"},
    {"kith_rollback", "ROLLBACK"},
};

static void on_watch(void *ctx, int events);

/* Keep the first error of a job or setup. */
static void note_error(struct db_conn *c, const PGresult *result, const char *what)
{
    if (!c->err)
        c->err = db_err_of(result, what, &c->why);
}

/* ---- connecting ---- */

/* Earlier keywords give way to the user's own in conninfo ("dbname"), later ones do not. */
static PGconn *connect_start(const char *conninfo)
{
    static const char *const keys[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",          "dbname",          "client_encoding",     NULL};
    const char *const values[] = {"kith", "5", "2", "3", "10000", conninfo, "UTF8", NULL};
    return PQconnectStartParams(keys, values, 1);
}

static void ignore_notice(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

void db_conn_open(struct db_conn *c)
{
    assert(c->state == DB_DOWN && !c->pg);
    c->state = DB_CONNECTING;
    kith_timer_start(c->timer, CONNECT_MS, 0);
    c->pg = connect_start(c->db->conninfo);
    if (!c->pg) {
        db_conn_lost(c, KITH_ENOMEM, "no memory for a connection");
        return;
    }
    (void)PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
    if (PQstatus(c->pg) == CONNECTION_BAD ||
        kith_watch_new(c->db->loop, PQsocket(c->pg), on_watch, c, &c->watch) != KITH_OK) {
        db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
        return;
    }
    kith_watch_set(c->watch, KITH_WRITABLE);
}

static void setup_start(struct db_conn *c);

static void connect_step(struct db_conn *c)
{
    /* libpq may close this socket and open another one: never watch while it does */
    kith_watch_free(KITH_TAKE(c->watch));
    PostgresPollingStatusType status = PQconnectPoll(c->pg);
    if (status == PGRES_POLLING_FAILED ||
        kith_watch_new(c->db->loop, PQsocket(c->pg), on_watch, c, &c->watch) != KITH_OK) {
        db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
        return;
    }
    if (status == PGRES_POLLING_OK)
        setup_start(c);
    else
        kith_watch_set(c->watch, status == PGRES_POLLING_READING ? KITH_READABLE : KITH_WRITABLE);
}

/* ---- sending ---- */

/* False: the connection is broken. */
static bool flush(struct db_conn *c)
{
    int left = PQflush(c->pg);
    if (left < 0)
        return false;
    /* reading meanwhile, or both sides could wait for each other with full buffers */
    kith_watch_set(c->watch, left ? KITH_READABLE | KITH_WRITABLE : KITH_READABLE);
    return true;
}

/* The sync that ends what was sent. */
static bool sync_and_flush(struct db_conn *c)
{
    c->at = 0;
    return PQpipelineSync(c->pg) && flush(c);
}

static bool send_plain(struct db_conn *c, const char *sql)
{
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1);
}

static bool send_prepared(struct db_conn *c, const char *name)
{
    return PQsendQueryPrepared(c->pg, name, 0, NULL, NULL, NULL, 1);
}

static bool send_step(struct db_conn *c, const struct kith_job *job, const struct db_step *step)
{
    struct kith_db *db = c->db;
    for (size_t i = 0; i < step->params_n; i++) {
        const struct db_param *p = &job->params[step->first_param + i];
        /* an empty value is not a null one */
        db->values[i] = p->n < 0 ? NULL : p->n == 0 ? "" : (const char *)job->data + p->at;
        db->lengths[i] = p->n;
        db->formats[i] = 1;
    }
    return PQsendQueryPrepared(c->pg, step->stmt->name, (int)step->params_n, db->values,
                               db->lengths, db->formats, 1);
}

enum { PATIENCE = 2 };

static bool send_patience(struct db_conn *c, int64_t ms)
{
    char statement[64];
    char idle[96];
    (void)snprintf(statement, sizeof(statement), "SET LOCAL statement_timeout TO %lld",
                   (long long)ms);
    (void)snprintf(idle, sizeof(idle), "SET LOCAL idle_in_transaction_session_timeout TO %lld",
                   (long long)ms);
    return send_plain(c, statement) && send_plain(c, idle);
}

static bool send_job(struct db_conn *c, const struct kith_job *job)
{
    bool transaction = db_job_transaction(job);
    if (transaction && !send_prepared(c, "kith_begin"))
        return false;
    if (job->scope && !send_plain(c, job->scope))
        return false;
    if (transaction && job->tx && !send_patience(c, job->tx->patience_ms))
        return false;
    for (size_t i = 0; i < job->steps_n; i++)
        if (!send_step(c, job, &job->steps[i]))
            return false;
    /* nothing to look at before: COMMIT goes along (after an error the server skips it) */
    bool commits = job->tx ? job->ends : transaction;
    if (commits && !job->guarded && !send_prepared(c, "kith_commit"))
        return false;
    return sync_and_flush(c);
}

void db_conn_start(struct db_conn *c, struct kith_job *job)
{
    assert((c->state == DB_IDLE || (c->state == DB_HELD && job->tx == c->tx)) && !c->job);
    if (job->tx && !c->tx)
        db_tx_take(job->tx, c);
    c->state = DB_BUSY;
    c->job = job;
    c->err = KITH_OK;
    c->phase = DB_STEPS;
    job->sent_us = kith_clock_mono_us();
    kith_timer_start(c->timer, job->tx ? job->tx->patience_ms + JOB_MS : JOB_MS, 0);
    if (!send_job(c, job)) {
        c->broken = true;
        kith_timer_start(c->db->soon, 0, 0);
    }
}

/* ---- setup: session settings, then every statement prepared and described ---- */

enum { SETTINGS = 5 };

static bool send_settings(struct db_conn *c)
{
    char *schema = PQescapeIdentifier(c->pg, c->db->search_path, strlen(c->db->search_path));
    if (!schema)
        return false;
    char path[256];
    char timeout[64];
    (void)snprintf(path, sizeof(path), "SET search_path TO %s", schema);
    PQfreemem(schema);
    (void)snprintf(timeout, sizeof(timeout), "SET statement_timeout TO %d", STATEMENT_MS);
    const char *const settings[SETTINGS] = {
        path,
        timeout,
        "SET idle_in_transaction_session_timeout TO 10000",
        "SET lock_timeout TO 20000",
        "SET TIME ZONE 'UTC'",
    };
    for (size_t i = 0; i < SETTINGS; i++)
        if (!send_plain(c, settings[i]))
            return false;
    return true;
}

static bool send_setup(struct db_conn *c)
{
    if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg) || !send_settings(c))
        return false;
    for (size_t i = 0; i < KITH_LEN(own_statements); i++)
        if (!PQsendPrepare(c->pg, own_statements[i][0], own_statements[i][1], 0, NULL))
            return false;
    for (size_t i = 0; i < c->db->stmts_n; i++) {
        const struct kith_stmt *stmt = c->db->stmts[i];
        if (!PQsendPrepare(c->pg, stmt->name, stmt->sql, 0, NULL) ||
            !PQsendDescribePrepared(c->pg, stmt->name))
            return false;
    }
    return sync_and_flush(c);
}

static void setup_start(struct db_conn *c)
{
    c->state = DB_SETUP;
    c->err = KITH_OK;
    if (!send_setup(c))
        db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
}

/* A difference between the table and the database. `what` is "parameter" or "column". */
static void note_difference(struct db_conn *c, const struct kith_stmt *stmt, const char *what,
                            int i, const char *name, unsigned oid)
{
    char wanted[32];
    char found[32];
    char letter = (*what == 'p' ? stmt->params : stmt->columns)[i];
    db_type_name(db_type_oid(letter), wanted, sizeof(wanted));
    db_type_name(oid, found, sizeof(found));
    c->err = KITH_ESCHEMA;
    kith_why_set(&c->why, "%s: %s %d%s%s is %s in the database, %s ('%c') in the program",
                 stmt->name, what, i + 1, *name ? " " : "", name, found, wanted, letter);
}

static void check_described(struct db_conn *c, const struct kith_stmt *stmt, const PGresult *r)
{
    size_t params_n = strlen(stmt->params);
    size_t columns_n = strlen(stmt->columns);
    if ((size_t)PQnparams(r) != params_n || (size_t)PQnfields(r) != columns_n) {
        c->err = KITH_ESCHEMA;
        kith_why_set(&c->why,
                     "%s: %d parameters and %d columns in the database, %zu and %zu in the "
                     "program",
                     stmt->name, PQnparams(r), PQnfields(r), params_n, columns_n);
        return;
    }
    for (int i = 0; !c->err && i < PQnparams(r); i++)
        if (PQparamtype(r, i) != db_type_oid(stmt->params[i]))
            note_difference(c, stmt, "parameter", i, "", PQparamtype(r, i));
    for (int i = 0; !c->err && i < PQnfields(r); i++)
        if (PQftype(r, i) != db_type_oid(stmt->columns[i]))
            note_difference(c, stmt, "column", i, PQfname(r, i), PQftype(r, i));
}

static void on_setup_result(struct db_conn *c, const PGresult *result)
{
    size_t at = c->at++;
    const size_t first = SETTINGS + KITH_LEN(own_statements);
    const struct kith_stmt *stmt = at < first ? NULL : c->db->stmts[(at - first) / 2];
    if (c->err)
        return; /* the rest was skipped by the server */
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        note_error(c, result, stmt ? stmt->name : "session settings");
        /* what does not prepare does not fit the schema, unless the server itself is in trouble */
        if (stmt && c->err != KITH_EDB)
            c->err = KITH_ESCHEMA;
    } else if (stmt && (at - first) % 2 == 1) {
        check_described(c, stmt, result);
    }
}

static void on_setup_end(struct db_conn *c)
{
    if (c->err) {
        struct kith_why why = c->why;
        db_conn_lost(c, c->err, why.text);
        return;
    }
    kith_timer_stop(c->timer);
    c->pause_ms = 0;
    c->state = DB_IDLE;
    db_on_ready(c);
}

/* ---- results of a job ---- */

static void on_step_result(struct db_conn *c, const struct db_step *step, PGresult *result)
{
    struct kith_rows rows = db_rows_of(result, step->stmt);
    size_t hits = *step->stmt->columns ? rows.rows_n : rows.affected;
    if (step->otherwise && hits == 0) {
        c->err = step->otherwise;
        kith_why_set(&c->why, "%s: the guard did not hold", step->stmt->name);
    } else if (step->rows) {
        step->rows(step->ctx, &rows);
    }
}

/* Which of the job's statements the result number `at` belongs to; NULL = BEGIN, a setting, COMMIT or ROLLBACK. */
static const struct db_step *step_at(const struct db_conn *c, size_t at)
{
    const struct kith_job *job = c->job;
    size_t before =
        db_job_transaction(job) ? 1 + (job->scope != NULL) + (job->tx ? PATIENCE : 0) : 0;
    if (c->phase != DB_STEPS || at < before || at - before >= job->steps_n)
        return NULL;
    return &job->steps[at - before];
}

static void on_job_result(struct db_conn *c, PGresult *result)
{
    const struct db_step *step = step_at(c, c->at++);
    ExecStatusType status = PQresultStatus(result);
    if (c->err)
        return; /* the first error counts; the rest was skipped by the server, or is ROLLBACK */
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        note_error(c, result, step ? step->stmt->name : "transaction");
    else if (step)
        on_step_result(c, step, result);
}

static void job_end(struct db_conn *c, bool stays_open)
{
    if (!stays_open && PQtransactionStatus(c->pg) != PQTRANS_IDLE) {
        db_conn_lost(c, KITH_EDB, "the server kept a transaction open");
        return;
    }
    kith_timer_stop(c->timer);
    struct kith_why why = c->why;
    c->state = stays_open ? DB_HELD : DB_IDLE;
    if (stays_open)
        c->tx->begun = true;
    else
        db_tx_end(c);
    db_on_job_end(c, KITH_TAKE(c->job), c->err, &why);
}

/* Everything that was sent has been answered. */
static void on_job_phase_end(struct db_conn *c)
{
    /* the server tells whether the transaction is still open: it is not when COMMIT went along and worked */
    bool open = PQtransactionStatus(c->pg) == PQTRANS_INTRANS ||
                PQtransactionStatus(c->pg) == PQTRANS_INERROR;
    bool stays_open = open && !c->err && c->job->tx && !c->job->ends;
    if (c->phase != DB_STEPS || !open || stays_open) {
        job_end(c, stays_open);
        return;
    }
    c->phase = c->err ? DB_ROLLBACK : DB_COMMIT;
    if (!send_prepared(c, c->err ? "kith_rollback" : "kith_commit") || !sync_and_flush(c))
        db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
}

static void on_result(struct db_conn *c, PGresult *result)
{
    bool end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    if (c->state == DB_SETUP && end)
        on_setup_end(c);
    else if (c->state == DB_SETUP)
        on_setup_result(c, result);
    else if (end)
        on_job_phase_end(c);
    else
        on_job_result(c, result);
}

/* ---- events ---- */

/* Take what has arrived. */
static void pump(struct db_conn *c)
{
    unsigned nothing =
        0; /* one NULL ends each statement; more than that means that libpq gave up */
    while (!c->broken && !c->db->free_asked && (c->state == DB_SETUP || c->state == DB_BUSY) &&
           !PQisBusy(c->pg) && nothing < 3) {
        PGresult *result = PQgetResult(c->pg);
        nothing = result ? 0 : nothing + 1;
        if (!result)
            continue;
        on_result(c, result);
        PQclear(result);
    }
    if (c->pg && PQstatus(c->pg) == CONNECTION_BAD)
        db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
    else if (nothing >= 3)
        db_conn_lost(c, KITH_EDB, "the connection fell out of step");
}

static void on_watch(void *ctx, int events)
{
    struct db_conn *c = ctx;
    struct kith_db *db = c->db;
    db_enter(db);
    if (c->state == DB_CONNECTING) {
        connect_step(c);
    } else {
        bool arrived = !(events & KITH_READABLE) || PQconsumeInput(c->pg);
        /* what came before the end of the connection still counts: a COMMIT may be among it */
        pump(c);
        if (c->pg && !c->broken && (!arrived || !flush(c)))
            db_conn_lost(c, KITH_EDB, PQerrorMessage(c->pg));
    }
    db_leave(db);
}

void db_conn_on_timer(void *ctx)
{
    struct db_conn *c = ctx;
    struct kith_db *db = c->db;
    db_enter(db);
    if (c->state == DB_DOWN)
        db_conn_open(c);
    else if (c->state == DB_BUSY)
        db_conn_lost(c, KITH_EDB, "the server did not answer in time");
    else if (c->state != DB_IDLE && c->state != DB_HELD)
        db_conn_lost(c, KITH_EDB, "connecting took too long");
    db_leave(db);
}

static void close_pg(struct db_conn *c)
{
    kith_watch_free(KITH_TAKE(c->watch)); /* before libpq closes the descriptor */
    if (c->pg)
        PQfinish(KITH_TAKE(c->pg));
}

void db_conn_lost(struct db_conn *c, kith_err err, const char *text)
{
    struct kith_db *db = c->db;
    bool usable = c->state == DB_IDLE || c->state == DB_BUSY || c->state == DB_HELD;
    struct kith_why why;
    db_why_set(&why, c->job ? "outcome unknown: " : "", text);
    close_pg(c);
    struct kith_job *job = KITH_TAKE(c->job);
    db_tx_end(c);
    c->state = DB_DOWN;
    c->broken = false;
    db->last_err = err;
    db->last_why = why;
    int64_t pause_ms = c->pause_ms ? c->pause_ms : PAUSE_MS;
    c->pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
    /* jitter: a quarter less at most, so that many daemons do not come at the same moment */
    kith_timer_start(c->timer, pause_ms - kith_clock_mono_us() % (pause_ms / 4), 0);
    if (usable)
        db_on_unusable(db);
    if (err == KITH_ESCHEMA)
        db->settled = true;
    /* an error that came before the loss stands: the server has rolled back, or will */
    struct kith_why before = c->why;
    if (job && c->err)
        db_job_end(job, c->err, &before);
    else if (job)
        db_job_end(job, KITH_EDB, &why);
}

void db_conn_done(struct db_conn *c)
{
    close_pg(c);
    db_tx_end(c);
    kith_timer_free(KITH_TAKE(c->timer));
    static const struct kith_why why = {"the database pool was closed"};
    if (c->job)
        db_job_end(KITH_TAKE(c->job), KITH_EDB, &why);
}
