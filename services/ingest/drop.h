/* SPDX-License-Identifier: Apache-2.0 */
/* The drop folder: FOLDER/<district>/ is where a SIS or an SFTP server puts files. One that has not changed for a while is taken: a zip or a CSV file
 * by itself; where a kith.map lies there, the files that it names, together, once all are there. What is taken disappears; what became of
 * it stands in FOLDER/<district>/receipts/NAME.json.
 *
 * Invariant: a file is moved into the import folder under a name that says whose it is ("drop-<district>-<random>-NAME"), and stays there until an
 * import holds it; so a crash at any point loses none. FOLDER must be on the import folder's file system. */
#ifndef INGEST_DROP_H
#define INGEST_DROP_H

#include "ingest/imports.h"

#define INGEST_DROP_PREFIX "drop-"

struct ingest_drop;
struct ingest_drop_opts {
    struct kith_loop *loop;
    struct kith_db *db;
    struct ingest_districts *districts;
    struct ingest_imports *imports;
    const char *folder; /* made when it is not there */
    const char *imports_folder;
    int64_t quiet_ms; /* how long a file must not have changed */
};
/* Errors: KITH_ENOMEM, KITH_EIO with `why`. */
KITH_MUST_CHECK kith_err ingest_drop_new(const struct ingest_drop_opts *opts,
                                         struct ingest_drop **ret, struct kith_why *why);
void ingest_drop_free(struct ingest_drop *d); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_drop)
/* No file is taken any more. */
void ingest_drop_drain(struct ingest_drop *d);
bool ingest_drop_idle(const struct ingest_drop *d);

/* An import of a file in the import folder ended; `receipt`: JSON. Ignores files of other doors. */
void ingest_drop_ended(struct ingest_drop *d, const char *file, const char *state,
                       const char *receipt);

#endif
