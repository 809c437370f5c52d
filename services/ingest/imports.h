/* SPDX-License-Identifier: Apache-2.0 */
/* Packages of rosters on their way in, one at a time: received -> judged (roster.h, on a thread) -> staged in pieces -> applied by one
 * transaction, or refused, or quarantined until an operator confirms.
 *
 * Invariants: a package is applied whole or not at all, its log records with it; a file that was acknowledged is read again after a
 * crash; what vanished from a bulk package is taken out only when it is an association that nothing refers to, and marked as missing
 * otherwise; a bulk package that lacks too much of what the last one held changes nothing until it is confirmed. While a package is
 * staged, what else comes for its district waits in the writer's queue. */
#ifndef INGEST_IMPORTS_H
#define INGEST_IMPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/districts.h"
#include "ingest/writer.h"
#include "kith/db.h"
#include "kith/err.h"
#include "kith/stream.h"

struct ingest_imports;

struct ingest_imports_opts {
    struct kith_loop *loop;
    struct kith_db *db;
    struct kith_owner *owner;
    struct ingest_districts *districts;
    struct ingest_writer *writer;
    const char *folder; /* of the files; there already */
    unsigned
        shrink_percent; /* of a resource's documents may vanish without a question; 100 = all */
    /* One ended: its file in the folder, its state, its receipt as JSON. May be NULL. */
    void (*on_end)(void *ctx, const char *file, const char *state, const char *receipt);
    void *ctx;
};
KITH_MUST_CHECK kith_err ingest_imports_new(const struct ingest_imports_opts *opts,
                                            struct ingest_imports **ret);
void ingest_imports_free(struct ingest_imports *im); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_imports)
/* No new package is begun. */
void ingest_imports_drain(struct ingest_imports *im);
bool ingest_imports_idle(const struct ingest_imports *im);

typedef void (*ingest_import_fn)(void *ctx, kith_err err, int64_t import_id);
struct ingest_import_file {
    const char *name; /* as the sender calls it */
    const char *door; /* "http", "folder" */
    const char *file; /* in the folder */
    int64_t bytes;
    bool strict;
};
/* A file lies in the folder, durably: it becomes the district's next import. `done` after COMMIT, from the loop. Errors: KITH_EDB,
 * KITH_EBUSY, KITH_ENOMEM: done is not called, the file is the caller's. */
KITH_MUST_CHECK kith_err ingest_imports_add(struct ingest_imports *im, int32_t district,
                                            const struct ingest_import_file *file,
                                            ingest_import_fn done, void *ctx);
/* A quarantined package: apply it all the same, or drop it. done: KITH_ENOTFOUND there is no such one in quarantine. */
KITH_MUST_CHECK kith_err ingest_imports_decide(struct ingest_imports *im, int32_t district,
                                               int64_t import_id, bool confirm,
                                               ingest_import_fn done, void *ctx);

#endif
