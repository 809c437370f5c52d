/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction of several jobs: which connection it has, and when it is over. */
#include "kith/db_internal.h"

#include <assert.h>
#include <stdlib.h>

kith_err kith_tx_new(struct kith_db *db, int64_t patience_ms, struct kith_tx **ret)
{
    assert(patience_ms > 0);
    struct kith_tx *tx = calloc(1, sizeof(*tx));
    if (!tx)
        return KITH_ENOMEM;
    tx->db = db;
    tx->patience_ms = patience_ms;
    *ret = tx;
    return KITH_OK;
}

void db_tx_take(struct kith_tx *tx, struct db_conn *c)
{
    tx->conn = c;
    c->tx = tx;
}

void db_tx_end(struct db_conn *c)
{
    if (!c->tx)
        return;
    c->tx->dead = true;
    c->tx->conn = NULL;
    c->tx = NULL;
}

kith_err kith_tx_run(struct kith_tx *tx, struct kith_job *job, bool commit, kith_db_done_fn done,
                     void *ctx)
{
    if (tx->dead) {
        kith_job_free(job);
        return KITH_EDB;
    }
    job->tx = tx;
    job->ends = commit;
    db_job_check(job);
    if (!tx->conn || job->err)
        return kith_db_run(tx->db, job, done, ctx);
    job->done = done;
    job->ctx = ctx;
    db_enter(tx->db);
    db_conn_start(tx->conn, job);
    db_leave(tx->db);
    return KITH_OK;
}

void kith_tx_free(struct kith_tx *tx)
{
    if (!tx)
        return;
    struct db_conn *c = tx->conn;
    assert(!c || c->state == DB_HELD);
    if (c) {
        struct kith_db *db = tx->db;
        /* the server rolls back what its client left; another connection is made at once */
        db_enter(db);
        db_conn_lost(c, KITH_EDB, "a transaction was given up");
        db_leave(db);
    }
    free(tx);
}
