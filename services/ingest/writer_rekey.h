/* SPDX-License-Identifier: Apache-2.0 */
/* A changed natural key with all that refers to it, as one transaction of many statements. Ids stay, so nothing that names a document by
 * id or number (references, attendance, logs) is touched; what changes is bodies, and which key names which id.
 *
 *   the document itself is written; those that refer to it are found by item_ref; resource by resource, in the order of dependency, they are
 *   read, rewritten (rekey.c) and written, a page at a time; whose own key changed by that, its referrers are found in turn. A
 *   resource refers to earlier ones only, so each document is rewritten once, when everything that it refers to is final.
 *
 * Nothing else of the district is written meanwhile; reading goes on and sees what is committed. Memory: some 300 bytes a document. */
#ifndef INGEST_WRITER_REKEY_H
#define INGEST_WRITER_REKEY_H

#include "ingest/rekey.h"
#include "ingest/writer_internal.h"

/* More than a large high school's section memberships and grades of a session, and a minute's work for the database, during which the
 * district's other pushes wait. */
#define INGEST_REKEY_MAX  200000
#define INGEST_REKEY_PAGE 100 /* documents read at a time: what the loop does in one go */
#define INGEST_REKEY_ASK  500 /* documents whose referrers are asked for at a time */

struct ingest_rekey_moved {
    struct kith_id id;
    const struct ingest_resource *resource;
    struct ingest_rekey_values values; /* its new key */
};

/* Documents of one resource that refer to something that moved. */
struct ingest_rekey_found {
    size_t n, size;
    size_t at; /* read so far */
    struct kith_id *ids;
};

struct ingest_rekey_records {
    int32_t type;
    int32_t count;
    struct kith_bytes bytes;
};

/* Where among the events with class periods the next page begins. */
struct ingest_rekey_event_key {
    int32_t date;
    int64_t student;
    int64_t place;
    int32_t category;
};
struct ingest_rekey_event {
    struct ingest_rekey_event_key key;
    int64_t digest;
    char *extra;
};

struct ingest_rekey {
    struct queue *q;
    struct ingest_op *op; /* until it is answered */
    struct kith_id id;    /* its document; what it will be */
    int64_t digest;
    struct kith_tx *tx;
    bool open;                  /* it has begun and not ended */
    struct ingest_names *names; /* as they will be; over the district's */
    struct ingest_known *met;   /* every document that is written, with its digest to be */
    struct ingest_known *index; /* of moved, as num */
    size_t moved_n, moved_size;
    struct ingest_rekey_moved *moved;
    size_t asked;                     /* of moved: who refers to them is found */
    struct ingest_rekey_found *found; /* by ingest_resource_at */
    size_t at;
    size_t total;
    /* sections and sessions that went to another school */
    size_t away_n, away_size;
    int64_t *away;
    size_t records_n, records_size;
    struct ingest_rekey_records *records;
    /* the page at hand */
    size_t page_n;
    struct ingest_op page[INGEST_REKEY_PAGE];
    bool others[INGEST_REKEY_PAGE];
    /* a class period: events name it in their extra */
    bool events;
    char *events_like;
    struct ingest_rekey_event_key after;
    size_t events_n;
    struct ingest_rekey_event event[INGEST_REKEY_PAGE];
    kith_err err;
    struct kith_why why;
};

/* ---- writer_rekey_plan.c: what is to be written; no I/O ---- */
KITH_MUST_CHECK kith_err ingest_rekey_new(struct queue *q, struct ingest_op *op,
                                          struct ingest_rekey **ret);
/* The document of the operation, as it was. Its body to be is op->doc. Errors: KITH_EEXIST (op->key_taken), KITH_EINVAL, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_rekey_root(struct ingest_rekey *r, const char *body);
/* A document that refers to something that moved. Errors: KITH_ETOOBIG. */
KITH_MUST_CHECK kith_err ingest_rekey_find_one(struct ingest_rekey *r, const char *resource,
                                               const struct kith_id *id);
/* Rewritten into the page. Errors: KITH_EEXIST, KITH_ECONFLICT what follows the new key is not there. */
KITH_MUST_CHECK kith_err ingest_rekey_one(struct ingest_rekey *r,
                                          const struct ingest_resource *resource,
                                          const struct kith_id *id, int64_t num, const char *body);
/* What an event says beside its key: rewritten into e->extra; *changed. */
KITH_MUST_CHECK kith_err ingest_rekey_extra(struct ingest_rekey *r, struct ingest_event *e,
                                            bool *changed);
void ingest_rekey_page_done(struct ingest_rekey *r);

/* ---- store_rekey.c ---- */
/* Column: resource, id */
void ingest_store_rekey_referrers(struct kith_job *job, const struct ingest_rekey *r, size_t n,
                                  kith_db_rows_fn rows, void *ctx);
/* Columns: id, num, body */
void ingest_store_rekey_items(struct kith_job *job, int32_t district, const char *resource,
                              const struct kith_id *ids, size_t n, kith_db_rows_fn rows, void *ctx);
/* The page's documents (up to 5 steps). */
void ingest_store_rekey_page(struct kith_job *job, struct ingest_rekey *r, int64_t at_us);
/* Columns: date, student, place, category, reason, arrival, departure, extra; a page. */
void ingest_store_rekey_events(struct kith_job *job, const struct ingest_rekey *r,
                               kith_db_rows_fn rows, void *ctx);
void ingest_store_rekey_events_put(struct kith_job *job, const struct ingest_rekey *r);
/* Guard: KITH_EEXIST when attendance names a section or session that went to another school (1 step or none). */
void ingest_store_rekey_unmarked(struct kith_job *job, const struct ingest_rekey *r);
/* Changed keys (2 steps). Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_store_rekey_names(struct kith_job *job,
                                                  const struct ingest_rekey *r);

#endif
