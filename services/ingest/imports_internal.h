/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by imports.c (which package, its state), imports_read.c (the thread), imports_stage.c (documents into the transaction) and imports_apply.c (what vanished, the
 * end of the transaction). */
#ifndef INGEST_IMPORTS_INTERNAL_H
#define INGEST_IMPORTS_INTERNAL_H

#include <jansson.h>

#include "ingest/attendance_csv.h"
#include "ingest/imports.h"
#include "ingest/ingest.h"
#include "ingest/roster.h"
#include "ingest/store.h"
#include "kith/worker.h"

#define IMPORT_CHUNK     1000
#define IMPORT_BATCH     500 /* that are taken out at a time */
#define IMPORT_RESOURCES 48
#define IMPORT_PATIENCE  (10 * 60 * 1000) /* ms for a statement */

/* What the thread hands over: documents of a roster, or rows of an attendance file. */
struct import_chunk {
    bool said; /* false */
    size_t n;
    struct ingest_emitted docs[IMPORT_CHUNK];
};

#define IMPORT_SAID 1000
struct import_said {
    bool said; /* true */
    size_t n;
    struct import_said_row {
        uint64_t line; /* 0: it waited here */
        char student[33];
        char section[129];
        char code[41];
        int64_t school;
        int32_t date;
        unsigned said;
    } rows[IMPORT_SAID];
};

/* What a package does to one resource. */
struct import_resource {
    const struct ingest_resource *resource;
    uint64_t created, updated, unchanged, removed, missing;
    size_t ids_n, ids_size;
    struct kith_id *ids; /* of this package; sorted before they are compared */
    size_t before_n;
    struct kith_id *before; /* of the last one, sorted; NULL: there was none */
    size_t gone_n;
    struct kith_id *gone; /* of the last one, not of this */
    size_t absent_n;
    struct kith_id *absent; /* of those: kept and marked as missing */
};

/* One log record's worth. */
struct import_records {
    int32_t type;
    int32_t count;
    struct kith_bytes bytes;
};

/* References of new documents, kept for the end in heaps by the first byte of what is referred to: written heap by heap and in order,
 * they fill the index from one end to the other, which is several times as fast as at random. */
#define IMPORT_HEAPS 256
struct import_ref {
    struct kith_id target;
    struct kith_id id;
    const struct ingest_resource *resource;
};
struct import_heap {
    size_t n, size;
    struct import_ref *refs;
};

/* How to take back what became known before its COMMIT. */
struct import_undo {
    struct kith_id id;
    int64_t num;
    int64_t digest;
};

enum import_end { IMPORT_APPLIED, IMPORT_REFUSED, IMPORT_QUARANTINED, IMPORT_AGAIN };

struct import {
    struct ingest_imports *all;
    struct ingest_district *district;
    int64_t id;
    char name[256];
    char path[4096];
    bool strict;
    bool confirmed;
    /* the thread's, until it has returned */
    struct ingest_receipt *receipt;
    kith_err read_err;
    bool bulk;
    bool follows; /* a delta */
    bool attendance;
    bool goes; /* its file, once its state is written */
    char origin[16];
    size_t earlier_n;
    char **
        earlier; /* paths of the packages that a delta is read with; set before the thread begins */
    struct kith_worker *worker;
    struct kith_worker *thread; /* the same, for the thread */
    struct import_chunk *filling;
    struct import_said *saying;
    /* the loop's */
    struct ingest_receipt *found; /* while staging */
    bool holding;                 /* asked the writer for the district */
    struct import_chunk *waiting; /* for the hold */
    bool flying;                  /* the database works on a chunk */
    struct kith_job *ready;       /* the next one, for when it is done */
    bool read;                    /* the thread has returned meanwhile */
    size_t resources_n;
    struct import_resource resources[IMPORT_RESOURCES];
    struct kith_tx *tx;
    struct ingest_known *staged; /* documents that the transaction has written or taken out */
    size_t undo_n, undo_size;
    struct import_undo *undo;
    struct import_heap heaps[IMPORT_HEAPS];
    size_t at_heap;
    /* log records, for the end: appending locks the head of the log */
    size_t records_n, records_size;
    struct import_records *records;
    size_t superseded_n;
    char **superseded;          /* paths of files that go when this is committed */
    struct import_marks *marks; /* of an attendance file; NULL: none yet */
    /* taking out */
    size_t at_resource, at_gone;
    struct {
        size_t n;
        struct kith_id ids[IMPORT_BATCH];
        struct import_records records;
    } batch;
    kith_err step_err;
};

struct ingest_imports {
    struct ingest_imports_opts opts;
    struct kith_timer *again;
    struct import *running;
    bool looking; /* for the next one */
    bool swept;   /* files that belong to no import are gone */
    time_t started;
    bool draining;
    unsigned open; /* jobs of add and decide */
};

/* imports.c */
struct import_resource *imports_of(struct import *i, const struct ingest_resource *r);
void imports_end(struct import *i, enum import_end end);
/* Begin the next package, if there is one and none is under way. */
void imports_look(struct ingest_imports *im);
/* Its state is written, with the receipt; it is over. */
void imports_written(struct import *i);
/* The thread has returned and everything it gave is written. */
void imports_read(struct import *i);

/* imports_doors.c: with its log record, a notice to the data manager: it waits for an operator, or does no longer. */
KITH_MUST_CHECK kith_err imports_add_notice(struct ingest_imports *im, struct kith_job *job,
                                            int32_t district, int64_t import_id, bool waiting);

/* imports_read.c: runs in the thread. */
void imports_thread(void *ctx, struct kith_worker *w);
/* A package's file, or folder. */
void imports_remove(const char *path);
/* Does its file stay in the folder once it is applied, to read deltas with? */
bool imports_kept(const struct import *i);

/* imports_marks.c: rows of an attendance file, compared with what is known and submitted to the writer; calls kith_worker_next. Who or what a
 * row names may not be known yet: then it waits in the table of parked rows and is tried again after every import. */
void imports_said(struct import *i, struct import_said *said);
/* All rows were dealt with: the rows that wait are tried again, then the import ends. */
void imports_said_end(struct import *i);
/* After a roster: the rows that wait, then `then`. */
void imports_parked(struct import *i, void (*then)(struct import *i));
void imports_marks_free(struct import_marks *m); /* NULL is fine */

/* imports_stage.c: a chunk that the thread gave; the district is held. Calls kith_worker_next when it is written. */
void imports_stage(struct import *i, struct import_chunk *chunk);
void imports_piece_free(void *piece); /* of either kind */
/* Keep log records for the end; taken from `from`. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err imports_keep_records(struct import *i, struct import_records *from);

/* imports_apply.c: everything is staged. Ends with import_end. */
void imports_apply(struct import *i);
/* The sets of the last package, into resources[].before. */
void imports_load_sets(struct import *i, const struct kith_rows *rows);
/* The receipt as JSON; malloc'ed; NULL when memory is exhausted. */
char *imports_receipt(const struct import *i);
/* Its transaction is committed. */
void imports_committed(struct import *i);
/* The outcome of its transaction is unknown: ask, then go on. */
void imports_ask(struct import *i);
/* Forget what became known. */
void imports_undo(struct import *i);

/* ---- store_imports.c ---- */
void ingest_store_import_insert(struct kith_job *job, int32_t district,
                                const struct ingest_import_file *file, int64_t at_us,
                                kith_db_rows_fn rows, void *ctx);
/* Columns: import, name, state, created, done (null), and of one: receipt. */
void ingest_store_import_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                              void *ctx);
void ingest_store_import_get(struct kith_job *job, int32_t district, int64_t import_id,
                             kith_db_rows_fn rows, void *ctx);
/* Sessions: school, year, name, begin, end. Sections: school, year, session, course, section. */
void ingest_store_terms(struct kith_job *job, int32_t district, kith_db_rows_fn sessions,
                        kith_db_rows_fn sections, void *ctx);
/* What is stored of these students on these days. Columns: date, student, place, session, category, section. */
struct ingest_day {
    int64_t student;
    int32_t date;
};
void ingest_store_marks_of(struct kith_job *job, int32_t district, const struct ingest_day *days,
                           size_t n, kith_db_rows_fn rows, void *ctx);
/* Rows that wait, in the order of their key, after `after` (NULL: from the first). Columns: student, school, section, date, said, code. */
void ingest_store_parked_page(struct kith_job *job, int32_t district,
                              const struct import_said_row *after, kith_db_rows_fn rows, void *ctx);
void ingest_store_park(struct kith_job *job, const struct import *i,
                       const struct import_said_row *const *rows, size_t n, int64_t at_us);
void ingest_store_unpark(struct kith_job *job, int32_t district,
                         const struct import_said_row *const *rows, size_t n);
/* Columns: district, import, name, file, strict, confirmed, state, kept; received, quarantined and kept ones in order. */
void ingest_store_imports_waiting(struct kith_job *job, kith_db_rows_fn rows, void *ctx);
/* `receipt` NULL: as it is; at_us 0: not done. */
void ingest_store_import_state(struct kith_job *job, int32_t district, int64_t import_id,
                               const char *state, const char *receipt, int64_t at_us);
/* Guard: KITH_ENOTFOUND unless it is in quarantine. Column, of a dropped one: file. */
void ingest_store_import_decide(struct kith_job *job, int32_t district, int64_t import_id,
                                bool confirm, int64_t at_us, kith_db_rows_fn rows, void *ctx);
/* Applied: with receipt and origin. `kept`: its file stays; when it is no delta, those before it go (rows: file). 1 or 2 steps. */
void ingest_store_import_applied(struct kith_job *job, const struct import *i, bool kept,
                                 const char *receipt, int64_t at_us, kith_db_rows_fn rows,
                                 void *ctx);
void ingest_store_import_sets(struct kith_job *job, int32_t district, const char *origin,
                              kith_db_rows_fn rows, void *ctx);
void ingest_store_import_bodies(struct kith_job *job, int32_t district, const char *resource,
                                const struct kith_id *ids, size_t n, kith_db_rows_fn rows,
                                void *ctx);
/* References of new documents. */
void ingest_store_import_refs(struct kith_job *job, int32_t district, const struct import_ref *refs,
                              size_t n);
/* Documents, and what they refer to (2 steps). */
void ingest_store_import_delete(struct kith_job *job, int32_t district, const char *resource,
                                const struct kith_id *ids, size_t n);
void ingest_store_import_set(struct kith_job *job, const struct import *i,
                             const struct import_resource *r);
void ingest_store_missing(struct kith_job *job, const struct import *i,
                          const struct import_resource *r, int64_t at_us);

#endif
