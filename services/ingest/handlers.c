/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's life: settings, routes, start, drain, stop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/discovery.h"
#include "ingest/drop.h"
#include "ingest/feeds.h"
#include "ingest/imports.h"
#include "ingest/ingest.h"
#include "ingest/store.h"
#include "kith/metrics.h"

#define START_MS    60000
#define PACKAGE_MAX (256LL << 20) /* bytes of a package as it is sent */

const struct kith_cfg_key ingest_cfg[] = {
    {"token_life", KITH_CFG_MS, offsetof(struct ingest, token_life_ms), "30min",
     "how long an OAuth2 access token is good", 1000, 24 * 3600 * 1000LL, true},
    {"queue", KITH_CFG_BYTES, offsetof(struct ingest, queue_bytes), "64MiB",
     "what may wait for the database before senders are told to wait", 1 << 20, 1LL << 34, false},
    {"public_url", KITH_CFG_STRING, offsetof(struct ingest, public_url), "",
     "base URL that SIS systems use, when it is not http:// and the Host they send", 0, 0, false},
    {"import_folder", KITH_CFG_STRING, offsetof(struct ingest, import_folder), "",
     "where packages of rosters lie until they are applied; empty: $KITH_HOME/imports", 0, 0,
     false},
    {"drop_folder", KITH_CFG_STRING, offsetof(struct ingest, drop_folder), "",
     "where files may be dropped, in a folder for each district's number; empty: $KITH_HOME/drop",
     0, 0, false},
    {"drop_quiet", KITH_CFG_MS, offsetof(struct ingest, drop_quiet_ms), "60s",
     "how long a dropped file must not have changed before it is taken", 100, 3600 * 1000LL, false},
    {"attendance_due", KITH_CFG_STRING, offsetof(struct ingest, attendance_due), "10:00",
     "by when a school's attendance is expected, local time, or never; `kith ingest policy` sets "
     "it "
     "for a district or school",
     0, 0, false},
    {"feed_watch", KITH_CFG_MS, offsetof(struct ingest, feed_watch_ms), "60s",
     "how often the schools' feeds are looked at", 100, 3600 * 1000LL, false},
    {"shrink_limit", KITH_CFG_PERMILLE, offsetof(struct ingest, shrink_permille), "10%",
     "a bulk package that lacks more than this of a resource waits until it is confirmed", 0, 1000,
     true},
    {"head_timeout", KITH_CFG_MS, offsetof(struct ingest, http.head_ms), "10s",
     "how long a client may take for the head of a request", 100, 600000, false},
    {"body_timeout", KITH_CFG_MS, offsetof(struct ingest, http.body_ms), "20s",
     "how long a client may take for its body", 100, 600000, false},
    {0},
};

#define DATA INGEST_DATA_PATH
#define BARE "/data/ed-fi" /* as Ed-Fi's Data Management Service has it */
const struct kith_http_route ingest_routes[] = {
    {"GET", "/", ingest_http_discovery},
    {"GET", INGEST_DEPENDENCIES_PATH, ingest_http_metadata},
    {"GET", INGEST_OPENAPI_PATH, ingest_http_metadata},
    {"GET", INGEST_RESOURCES_PATH, ingest_http_metadata},
    {"GET", INGEST_DESCRIPTORS_PATH, ingest_http_metadata},
    {"POST", INGEST_OAUTH_PATH, ingest_http_token},
    {"GET", DATA "/{resource}", ingest_http_list},
    {"POST", DATA "/{resource}", ingest_http_post},
    {"GET", DATA "/{resource}/{id}", ingest_http_get},
    {"PUT", DATA "/{resource}/{id}", ingest_http_put},
    {"DELETE", DATA "/{resource}/{id}", ingest_http_delete},
    {"GET", BARE "/{resource}", ingest_http_list},
    {"POST", BARE "/{resource}", ingest_http_post},
    {"GET", BARE "/{resource}/{id}", ingest_http_get},
    {"PUT", BARE "/{resource}/{id}", ingest_http_put},
    {"DELETE", BARE "/{resource}/{id}", ingest_http_delete},
    {"PUT", "/bulk/oneroster", ingest_bulk_put, ingest_bulk_file, PACKAGE_MAX},
    {"PUT", "/bulk/attendance", ingest_bulk_put, ingest_bulk_file, PACKAGE_MAX},
    {"GET", "/bulk/imports", ingest_bulk_list},
    {"GET", "/bulk/imports/{id}", ingest_bulk_get},
    {"DELETE", "/bulk/imports/{id}", ingest_bulk_discard},
    {"POST", "/bulk/imports/{id}/confirm", ingest_bulk_confirm},
    {0},
};

void ingest_count(const char *door, kith_err err, enum ingest_outcome outcome)
{
    static const char *const names[] = {"unchanged", "created", "updated", "deleted"};
    static struct kith_metric *done[2][5];
    size_t which = door[0] == 'h' ? 0 : 1;
    size_t what = err == KITH_OK ? (size_t)outcome : 4;
    if (!done[which][what]) {
        char labels[64];
        (void)snprintf(labels, sizeof(labels), "door=\"%s\",outcome=\"%s\"", door,
                       what < 4 ? names[what] : "refused");
        done[which][what] =
            kith_counter("kith_ingest_records_total", "records answered, by door", labels);
    }
    kith_metric_add(done[which][what], 1);
}

static void on_fenced(void *ctx)
{
    struct ingest *ingest = ctx;
    kith_daemon_fail(ingest->daemon, KITH_EFENCED, kith_err_advice(KITH_EFENCED));
}

/* A folder of the daemon's: as configured, or beside its other state. */
static void folder_path(const char *configured, const char *name, char path[static 4096])
{
    const char *home = getenv("KITH_HOME");
    if (configured && configured[0])
        (void)snprintf(path, 4096, "%s", configured);
    else
        (void)snprintf(path, 4096, "%s/%s", home ? home : "/var/lib/kith", name);
}

static void on_import_end(void *ctx, const char *file, const char *state, const char *receipt)
{
    struct ingest *ingest = ctx;
    if (ingest->drop)
        ingest_drop_ended(ingest->drop, file, state, receipt);
}

static kith_err start_imports(struct ingest *ingest, struct kith_why *why)
{
    folder_path(ingest->import_folder, "imports", ingest->import_path);
    folder_path(ingest->drop_folder, "drop", ingest->drop_path);
    if (mkdir(ingest->import_path, 0700) != 0 && errno != EEXIST) {
        kith_why_set(why, "import_folder %s: %s", ingest->import_path, strerror(errno));
        return KITH_EIO;
    }
    struct ingest_imports_opts opts = {.loop = kith_daemon_loop(ingest->daemon),
                                       .db = kith_daemon_db(ingest->daemon),
                                       .owner = kith_daemon_owner(ingest->daemon),
                                       .districts = ingest->districts,
                                       .writer = ingest->writer,
                                       .folder = ingest->import_path,
                                       .shrink_percent = ingest->shrink_permille / 10,
                                       .on_end = on_import_end,
                                       .ctx = ingest};
    kith_err err = ingest_imports_new(&opts, &ingest->imports);
    struct ingest_drop_opts drop = {.loop = opts.loop,
                                    .db = opts.db,
                                    .districts = opts.districts,
                                    .imports = ingest->imports,
                                    .folder = ingest->drop_path,
                                    .imports_folder = ingest->import_path,
                                    .quiet_ms = ingest->drop_quiet_ms};
    return err == KITH_OK ? ingest_drop_new(&drop, &ingest->drop, why) : err;
}

static kith_err start_feeds(struct ingest *ingest, struct kith_why *why)
{
    int32_t due = 0;
    if (!ingest_feed_due(ingest->attendance_due, &due)) {
        kith_why_set(why, "[ingest] attendance_due must be a time like 10:00, or never");
        return KITH_ECONFIG;
    }
    struct ingest_feeds_opts opts = {.loop = kith_daemon_loop(ingest->daemon),
                                     .db = kith_daemon_db(ingest->daemon),
                                     .owner = kith_daemon_owner(ingest->daemon),
                                     .districts = ingest->districts,
                                     .every_ms = ingest->feed_watch_ms,
                                     .due = ingest->attendance_due};
    return ingest_feeds_new(&opts, &ingest->feeds);
}

kith_err ingest_start(struct kith_daemon *d, void *ctx, struct kith_why *why)
{
    struct ingest *ingest = ctx;
    ingest->daemon = d;
    kith_err err = ingest_districts_new(&ingest->districts);
    if (err == KITH_OK)
        err = ingest_load(kith_daemon_loop(d), kith_daemon_db(d), ingest->districts, why);
    if (err != KITH_OK)
        return err;
    struct ingest_writer_opts opts = {.loop = kith_daemon_loop(d),
                                      .db = kith_daemon_db(d),
                                      .owner = kith_daemon_owner(d),
                                      .districts = ingest->districts,
                                      .queue_bytes = (size_t)ingest->queue_bytes,
                                      .on_room = ingest_on_room,
                                      .on_fenced = on_fenced,
                                      .ctx = ingest};
    err = kith_timer_new(kith_daemon_loop(d), ingest_expel, ingest, &ingest->expel);
    if (err == KITH_OK)
        err = ingest_writer_new(&opts, &ingest->writer);
    if (err == KITH_OK)
        err = start_imports(ingest, why);
    return err == KITH_OK ? start_feeds(ingest, why) : err;
}

void ingest_drain(void *ctx)
{
    struct ingest *ingest = ctx;
    ingest->draining = true;
    if (ingest->imports)
        ingest_imports_drain(ingest->imports);
    if (ingest->drop)
        ingest_drop_drain(ingest->drop);
    if (ingest->feeds)
        ingest_feeds_drain(ingest->feeds);
}

bool ingest_idle(void *ctx)
{
    struct ingest *ingest = ctx;
    return !ingest->writer || ((!ingest->imports || ingest_imports_idle(ingest->imports)) &&
                               (!ingest->drop || ingest_drop_idle(ingest->drop)) &&
                               (!ingest->feeds || ingest_feeds_idle(ingest->feeds)) &&
                               ingest_writer_idle(ingest->writer) && ingest->open_batches == 0);
}

void ingest_stop(void *ctx)
{
    struct ingest *ingest = ctx;
    kith_timer_free(ingest->expel);
    ingest_feeds_free(ingest->feeds);
    ingest->feeds = NULL;
    ingest_drop_free(ingest->drop);
    ingest_imports_free(ingest->imports);
    ingest->drop = NULL;
    ingest->imports = NULL;
    ingest_writer_free(ingest->writer);
    ingest_districts_free(ingest->districts);
    ingest->expel = NULL;
    ingest->writer = NULL;
    ingest->districts = NULL;
}
