/* SPDX-License-Identifier: Apache-2.0 */
/* The ingest daemon: its state, its districts and who handles what. Files:
 *   resource document event meaning oauth query discovery problems alias   pure: Ed-Fi as data
 *   resource_SUBJECT            the fields of each resource: people, school, enrollment, attendance, grading, discipline, survey, descriptor
 *   known names                 pure: what documents there are, and which of them a changed natural key names
 *   rekey                       pure: what follows a changed key in what refers to it
 *   districts                   districts, clients and tokens, in memory as committed
 *   store                       the only file with SQL
 *   writer                      one queue a district: everything that changes a row goes through it, in order
 *   package map csv             files as they come: a zip, a folder, one; read through a district's map
 *   roster* oneroster           packages of rosters into documents;  attendance_csv terms  attendance files into events
 *   imports* drop               packages on their way in: received, judged, applied; the drop folder
 *   feed feeds                  is a school's attendance here that should be here by now
 *   handlers_*                  the doors (Ed-Fi over HTTP, protobuf over ZeroMQ), commands, log records
 * One loop, one thread. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "ingest/districts.h"
#include "ingest/feed.h"
#include "ingest/writer.h"
#include "kith/cfg.h"
#include "kith/daemon.h"

struct ingest_imports;
struct ingest_drop;
struct ingest_feeds;

struct ingest {
    /* configuration */
    int64_t token_life_ms;
    int64_t queue_bytes;
    char *public_url;
    char *import_folder;
    char *drop_folder;
    int64_t drop_quiet_ms;
    char *attendance_due;
    int64_t feed_watch_ms;
    uint32_t shrink_permille;
    struct kith_http_opts http; /* its deadlines */

    struct kith_daemon *daemon;
    struct ingest_districts *districts;
    struct ingest_writer *writer;
    struct ingest_imports *imports;
    struct ingest_drop *drop;
    struct ingest_feeds *feeds;
    char import_path[4096]; /* import_folder, or its default */
    char drop_path[4096];
    struct kith_timer *expel; /* ends the connections of revoked keys */
    bool paused;              /* the bus is not read: the queue is full */
    bool draining;
    size_t open_batches; /* native batches not yet acknowledged */
};

extern const struct kith_cfg_key ingest_cfg[];
extern const struct kith_command ingest_commands[];
extern const struct kith_http_route ingest_routes[];

kith_err ingest_start(struct kith_daemon *d, void *ctx, struct kith_why *why);
void ingest_drain(void *ctx);
bool ingest_idle(void *ctx);
void ingest_stop(void *ctx);

/* handlers_edfi.c writes, handlers_edfi_get.c reads, handlers_http.c the first three, which need no token */
void ingest_http_discovery(void *ctx, struct kith_req *req);
void ingest_http_metadata(void *ctx, struct kith_req *req);
void ingest_http_token(void *ctx, struct kith_req *req);
void ingest_http_list(void *ctx, struct kith_req *req);
void ingest_http_get(void *ctx, struct kith_req *req);
void ingest_http_post(void *ctx, struct kith_req *req);
void ingest_http_put(void *ctx, struct kith_req *req);
void ingest_http_delete(void *ctx, struct kith_req *req);

/* handlers_bulk.c */
bool ingest_bulk_file(void *ctx, const struct kith_req *req, struct kith_http_file *file);
void ingest_bulk_put(void *ctx, struct kith_req *req);
void ingest_bulk_list(void *ctx, struct kith_req *req);
void ingest_bulk_get(void *ctx, struct kith_req *req);
void ingest_bulk_confirm(void *ctx, struct kith_req *req);
void ingest_bulk_discard(void *ctx, struct kith_req *req);

/* handlers_admin.c: everybody's connection to the bus ends; who is still known comes back at once. */
void ingest_expel(void *ctx);

/* handlers_native.c */
void ingest_on_request(void *ctx, const struct kith_peer *peer, const kith_envelope *env);
void ingest_on_undecodable(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n,
                           kith_err err, const char *why);
bool ingest_allow(void *ctx, const char *public_key, char user[KITH_USER_MAX]);
/* The writer has room again, or none: read the bus or leave it to TCP. */
void ingest_on_room(void *ctx, bool room);

/* handlers.c: counts an answered operation; door "http" or "native". */
void ingest_count(const char *door, kith_err err, enum ingest_outcome outcome);

/* handlers_records.c: log records out of rows. Appends one element of the type's list to `to`. */
KITH_MUST_CHECK kith_err ingest_record_mark(struct kith_bytes *to, const struct ingest_mark *mark,
                                            enum ingest_kind kind);
/* The record that a document makes: *type 0 = none (the document is kept, no daemon asks for it yet). `removed`: it was deleted.
 * Errors: KITH_ENOMEM; then nothing may be committed, since the log would miss it. */
KITH_MUST_CHECK kith_err ingest_record_document(struct ingest_district *district,
                                                const struct ingest_resource *r, const char *body,
                                                int64_t num, bool removed, struct kith_bytes *to,
                                                int32_t *type);
extern const int32_t ingest_record_district_type;
KITH_MUST_CHECK kith_err ingest_record_district(const struct ingest_district *district,
                                                struct kith_bytes *to);

extern const int32_t ingest_record_feed_type;
KITH_MUST_CHECK kith_err ingest_record_feed(struct kith_bytes *to, const struct kith_id *notice,
                                            const struct ingest_feed_change *change,
                                            const struct ingest_feed_day *day);
extern const int32_t ingest_record_quarantined_type;
KITH_MUST_CHECK kith_err ingest_record_quarantined(struct kith_bytes *to, int32_t district,
                                                   int64_t import_id, bool waiting, int32_t date);

#endif
