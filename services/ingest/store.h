/* SPDX-License-Identifier: Apache-2.0 */
/* ingest's statements and the steps that use them. A function named ingest_store_* adds one step (or as many as it says) to a job. */
#ifndef INGEST_STORE_H
#define INGEST_STORE_H

#include "ingest/districts.h"
#include "ingest/feed.h"
#include "ingest/query.h"
#include "ingest/writer.h"
#include "kith/db.h"

extern const struct kith_stmt ingest_statements[];
/* For commands, with the console's role: published views only. */
extern const struct kith_stmt ingest_console_statements[];

/* ---- start-up: everything as committed ---- */
void ingest_store_districts(struct kith_job *job, kith_db_rows_fn rows, void *ctx);
void ingest_store_clients(struct kith_job *job, kith_db_rows_fn rows, void *ctx);
void ingest_store_tokens(struct kith_job *job, int64_t now_us, kith_db_rows_fn rows, void *ctx);
void ingest_store_meanings(struct kith_job *job, int32_t district, kith_db_rows_fn rows, void *ctx);
void ingest_store_categories(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                             void *ctx);
#define INGEST_PAGE 20000
void ingest_store_numbers_page(struct kith_job *job, int32_t district, int64_t after,
                               kith_db_rows_fn rows, void *ctx);
void ingest_store_items_page(struct kith_job *job, int32_t district, const char *after_resource,
                             const struct kith_id *after, kith_db_rows_fn rows, void *ctx);
/* Columns: key, id; in the order of the key */
void ingest_store_renamed_page(struct kith_job *job, int32_t district, const struct kith_id *after,
                               kith_db_rows_fn rows, void *ctx);
/* (id, num, digest) of each of these documents as committed: num 0 without a number, INGEST_ABSENT without a document. */
void ingest_store_states(struct kith_job *job, int32_t district,
                         const struct ingest_resource *const *of, const struct kith_id *which,
                         size_t n, kith_db_rows_fn rows, void *ctx);

/* ---- the writer ---- */
/* Guard: KITH_EFENCED unless this epoch owns the shard; locks the head, so that it stays so until COMMIT. */
void ingest_store_owned(struct kith_job *job, int32_t district, int64_t epoch);
/* Documents (2 to 4 steps): upsert, new numbers, references. All of `ops` have changed. */
void ingest_store_documents(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                            size_t n, int64_t at_us);
/* The same for documents none of which is there, but for the table of references (1 or 2 steps): faster. */
void ingest_store_documents_new(struct kith_job *job, int32_t district,
                                struct ingest_op *const *ops, size_t n, int64_t at_us);
/* Deletion (3 or 4 steps), guarded: KITH_EEXIST while anything refers to it. */
void ingest_store_document_delete(struct kith_job *job, int32_t district,
                                  const struct ingest_resource *r, const struct kith_id *id,
                                  int64_t num);
void ingest_store_category(struct kith_job *job, int32_t district, int32_t category,
                           const char *uri);

/* Attendance, one statement: head, rows and log record together. `items` are the elements of the log record, one an op, op i at
 * offsets[i] .. offsets[i+1]. Result (one row; none: fenced): pos, changed, fresh, ords: NULL when all are fresh, else the 1-based
 * numbers of changed ops, negative when updated. `fresh_only`: plain INSERT, the fastest; fails as a whole with SQLSTATE 23505 when a key exists. */
void ingest_store_marks(struct kith_job *job, int32_t district, int64_t epoch,
                        struct ingest_op *const *ops, size_t n, int64_t at_us,
                        const struct kith_bytes *items, const int32_t *offsets, bool fresh_only,
                        kith_db_rows_fn rows, void *ctx);
/* The same for deletion: ords are the ones that were there, positive. */
void ingest_store_marks_delete(struct kith_job *job, int32_t district, int64_t epoch,
                               struct ingest_op *const *ops, size_t n, int64_t at_us,
                               const struct kith_bytes *items, const int32_t *offsets,
                               kith_db_rows_fn rows, void *ctx);
/* Guard for PUT: KITH_ENOTFOUND when the event is not there; with `match` KITH_EPRECONDITION when its digest differs (2 steps). */
void ingest_store_mark_exists(struct kith_job *job, int32_t district,
                              const struct ingest_event_key *key, const int64_t *match);
void ingest_store_quarantine(struct kith_job *job, int32_t district, struct ingest_op *const *ops,
                             size_t n, int64_t at_us);

/* ---- reading ---- */
/* Columns: id, body, digest */
void ingest_store_item(struct kith_job *job, int32_t district, const struct ingest_query *q,
                       kith_db_rows_fn rows, void *ctx);
/* Column: count */
void ingest_store_item_count(struct kith_job *job, int32_t district, const struct ingest_query *q,
                             kith_db_rows_fn rows, void *ctx);
/* What events are looked for by: numbers, 0 = any; -1 = none can be found. */
struct ingest_event_filter {
    bool section;
    int64_t student;
    int64_t place;
    int64_t session;
    int32_t category;
    int32_t from; /* days */
    int32_t to;
    int64_t school_id;
    const char *place_filter; /* jsonb condition on the session (daily) or section document; NULL */
    const char *reason;       /* NULL = any */
    uint32_t limit;
    uint32_t offset;
};
void ingest_store_events(struct kith_job *job, int32_t district,
                         const struct ingest_event_filter *f, kith_db_rows_fn rows, void *ctx);
void ingest_store_events_count(struct kith_job *job, int32_t district,
                               const struct ingest_event_filter *f, kith_db_rows_fn rows,
                               void *ctx);
/* Row i of ingest_store_events as what the document is rendered from; strings borrowed. `id` and `etag` are written too. */
void ingest_store_event_view(const struct kith_rows *rows, size_t i, struct ingest_event_view *ret,
                             char id[static 33], char etag[static 17]);

/* ---- administration ---- */
void ingest_store_district_insert(struct kith_job *job, const struct ingest_district *district,
                                  int64_t at_us);
void ingest_store_meaning(struct kith_job *job, int32_t district, const char *kind,
                          const char *code, const char *meaning);
/* Replaces the default meanings' loop: all of them at once. */
void ingest_store_default_meanings(struct kith_job *job, int32_t district);
void ingest_store_client_insert(struct kith_job *job, const struct ingest_client *client);
void ingest_store_client_revoke(struct kith_job *job, int32_t district, const char *client_id,
                                int64_t at_us);
void ingest_store_token_insert(struct kith_job *job, int32_t district, const uint8_t *hash,
                               const char *client_id, int64_t expires_us);
void ingest_store_tokens_purge(struct kith_job *job, int32_t district, int64_t now_us);
/* The zone must be one that PostgreSQL knows: guard KITH_EINVAL. */
void ingest_store_zone_exists(struct kith_job *job, const char *time_zone);

/* Columns: num, at, client_id, code, reason; the newest 1,000. Of ingest_console_statements. */
void ingest_store_quarantine_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                                  void *ctx);

/* ETag of a digest: 16 hex digits. */
void ingest_etag_format(int64_t digest, char text[static 17]);

/* ---- feeds and policies: store_feeds.c ---- */
/* Columns: school, name, today, minute, calendar codes (one a line), events today, usual (-1), last day, due (null), late, since, episode (null). */
void ingest_store_feeds(struct kith_job *job, int32_t district, int64_t now_us,
                        kith_db_rows_fn rows, void *ctx);
void ingest_store_feed_put(struct kith_job *job, int32_t district,
                           const struct ingest_feed_change *changes, size_t n);
/* Columns: what, how many; "code: URI" for codes without a meaning. */
void ingest_store_feed_counts(struct kith_job *job, const struct ingest_district *d, int64_t now_us,
                              kith_db_rows_fn rows, void *ctx);
/* value "": no longer. */
void ingest_store_policy_set(struct kith_job *job, int32_t district, int64_t school,
                             const char *name, const char *value);
/* Columns: school, name, value. */
void ingest_store_policy_list(struct kith_job *job, int32_t district, kith_db_rows_fn rows,
                              void *ctx);

#endif
