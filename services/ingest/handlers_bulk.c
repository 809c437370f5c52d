/* SPDX-License-Identifier: Apache-2.0 */
/* The door for packages of rosters:
 *   PUT    /bulk/oneroster?name=FILE&strict=true   takes the body as a file: 202, Location of the import
 *   GET    /bulk/imports                           the last 100
 *   GET    /bulk/imports/{id}                      state and receipt
 *   POST   /bulk/imports/{id}/confirm              a quarantined one is applied
 *   DELETE /bulk/imports/{id}                      a quarantined one is dropped */
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/handlers_http.h"
#include "ingest/imports_internal.h"
#include "ingest/oauth.h"
#include "kith/clock.h"

/* ---- PUT: the head ---- */

bool ingest_bulk_file(void *ctx, const struct kith_req *req, struct kith_http_file *file)
{
    struct ingest *ingest = ctx;
    const char *token = ingest_oauth_bearer(kith_req_header(req, "Authorization"));
    if (!token || !ingest_tokens_client(ingest->districts, token, kith_clock_now_us())) {
        file->status = 401;
        file->detail = "The bearer token is missing, unknown or has expired; ask for one at "
                       "/oauth/token.";
        return false;
    }
    if (ingest->draining) {
        file->detail = "This server is stopping; try again.";
        return false;
    }
    /* without a name until it is whole: nothing is left of an upload that breaks off */
    file->fd = open(ingest->import_path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file->fd < 0)
        file->detail = "There is no place to put the file; the operator must look at the import "
                       "folder.";
    return file->fd >= 0;
}

/* ---- PUT: the whole ---- */

struct bulk_call {
    struct ingest *ingest;
    struct kith_req *req;
    struct ingest_district *district;
    int64_t id;
    char file[40];
};

static void location(const struct bulk_call *c)
{
    char base[256];
    char text[320];
    ingest_http_base(c->ingest, c->req, base, sizeof(base));
    (void)snprintf(text, sizeof(text), "%s/bulk/imports/%lld", base, (long long)c->id);
    kith_req_add_header(c->req, "Location", text);
}

static void reply_state(const struct bulk_call *c, int status, const char *state)
{
    char text[128];
    int n = snprintf(text, sizeof(text), "{\"id\":%lld,\"state\":\"%s\"}", (long long)c->id, state);
    location(c);
    kith_req_reply(c->req, status, "application/json", text, (size_t)n);
}

static void path_of(const struct bulk_call *c, char path[static 4200])
{
    (void)snprintf(path, 4200, "%s/%s", c->ingest->import_path, c->file);
}

static void on_added(void *ctx, kith_err err, int64_t id)
{
    struct bulk_call *c = ctx;
    char path[4200];
    c->id = id;
    if (err == KITH_OK)
        reply_state(c, 202, "received");
    else {
        path_of(c, path);
        /* with an unknown outcome the row may be there, and then its file must be */
        if (err != KITH_EDB)
            (void)unlink(path);
        ingest_http_refuse(c->req, err, NULL);
    }
    free(c);
}

/* The file gets a name, and the disk has it. */
static bool keep_file(struct bulk_call *c, int fd)
{
    uint8_t random[16];
    char path[4200];
    char from[64];
    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2hex(c->file, sizeof(c->file), random, sizeof(random));
    path_of(c, path);
    (void)snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    int folder = open(c->ingest->import_path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    bool good = fsync(fd) == 0 && folder >= 0 &&
                linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 &&
                fsync(folder) == 0;
    if (folder >= 0)
        (void)close(folder);
    return good;
}

static struct bulk_call *call_new(struct ingest *ingest, struct kith_req *req)
{
    struct ingest_district *district = ingest_http_authenticate(ingest, req);
    struct bulk_call *c = district ? calloc(1, sizeof(*c)) : NULL;
    if (district && !c)
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
    if (c)
        *c = (struct bulk_call){.ingest = ingest, .req = req, .district = district};
    return c;
}

void ingest_bulk_put(void *ctx, struct kith_req *req)
{
    struct ingest *ingest = ctx;
    int64_t n = 0;
    int fd = kith_req_take_file(req, &n);
    struct bulk_call *c = call_new(ingest, req);
    kith_err err = KITH_EIO;
    if (c && n == 0) {
        ingest_http_refuse(req, KITH_EINVAL, "The body is empty; send the package as the body.");
        free(c);
        c = NULL;
    }
    if (c && keep_file(c, fd)) {
        const char *name = kith_req_query(req, "name");
        const char *strict = kith_req_query(req, "strict");
        struct ingest_import_file package = {.name = name && *name ? name : "package",
                                             .door = "http",
                                             .file = c->file,
                                             .bytes = n,
                                             .strict = strict && strcmp(strict, "true") == 0};
        err = ingest_imports_add(ingest->imports, c->district->id, &package, on_added, c);
    }
    if (c && err != KITH_OK) {
        ingest_http_refuse(req, err, NULL);
        free(c);
    }
    if (fd >= 0)
        (void)close(fd);
}

/* ---- deciding ---- */

static void on_decided(void *ctx, kith_err err, int64_t id)
{
    struct bulk_call *c = ctx;
    (void)id;
    if (err == KITH_OK)
        reply_state(c, 200,
                    strcmp(kith_req_method(c->req), "DELETE") == 0 ? "discarded" : "received");
    else
        ingest_http_refuse(c->req, err,
                           err == KITH_ENOTFOUND ? "No import of this number is in quarantine."
                                                 : NULL);
    free(c);
}

static bool path_number(struct kith_req *req, int64_t *ret)
{
    const char *text = kith_req_param(req, 0);
    char *end = NULL;
    *ret = text ? strtoll(text, &end, 10) : 0;
    if (text && *text && *end == '\0' && *ret > 0)
        return true;
    ingest_http_refuse(req, KITH_ENOTFOUND, "There is no such import.");
    return false;
}

static void decide(struct ingest *ingest, struct kith_req *req, bool confirm)
{
    struct bulk_call *c = call_new(ingest, req);
    if (!c)
        return;
    kith_err err = KITH_OK;
    if (!path_number(req, &c->id)) {
        free(c);
        return;
    }
    err = ingest_imports_decide(ingest->imports, c->district->id, c->id, confirm, on_decided, c);
    if (err != KITH_OK) {
        ingest_http_refuse(req, err, NULL);
        free(c);
    }
}

void ingest_bulk_confirm(void *ctx, struct kith_req *req)
{
    decide(ctx, req, true);
}

void ingest_bulk_discard(void *ctx, struct kith_req *req)
{
    decide(ctx, req, false);
}

/* ---- reading ---- */

struct bulk_reading {
    struct kith_req *req;
    bool one;
    json_t *found; /* a list, or the import */
};

static json_t *import_json(const struct kith_rows *rows, size_t i)
{
    char created[32];
    char done[32] = "";
    kith_instant_format(kith_rows_int(rows, i, 3), created);
    if (!kith_rows_null(rows, i, 4))
        kith_instant_format(kith_rows_int(rows, i, 4), done);
    return json_pack("{s:I, s:s, s:s, s:s, s:s*}", "id", (json_int_t)kith_rows_int(rows, i, 0),
                     "name", kith_rows_text(rows, i, 1), "state", kith_rows_text(rows, i, 2),
                     "created", created, "done", done[0] ? done : NULL);
}

static void on_list(void *ctx, const struct kith_rows *rows)
{
    struct bulk_reading *r = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++)
        (void)json_array_append_new(r->found, import_json(rows, i));
}

static void on_one(void *ctx, const struct kith_rows *rows)
{
    struct bulk_reading *r = ctx;
    if (kith_rows_n(rows) == 0)
        return;
    r->found = import_json(rows, 0);
    json_t *receipt =
        kith_rows_null(rows, 0, 5) ? NULL : json_loads(kith_rows_text(rows, 0, 5), 0, NULL);
    if (receipt)
        (void)json_object_set_new(r->found, "receipt", receipt);
}

static void on_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct bulk_reading *r = ctx;
    (void)why;
    kith_auto_mem char *text =
        err == KITH_OK && r->found ? json_dumps(r->found, JSON_COMPACT) : NULL;
    if (text)
        kith_req_reply(r->req, 200, "application/json; charset=utf-8", text, strlen(text));
    else
        ingest_http_refuse(r->req, err != KITH_OK ? err : KITH_ENOTFOUND,
                           "There is no such import.");
    json_decref(r->found);
    free(r);
}

static void read_imports(struct ingest *ingest, struct kith_req *req, bool one)
{
    struct ingest_district *district = ingest_http_authenticate(ingest, req);
    int64_t id = 0;
    if (!district || (one && !path_number(req, &id)))
        return;
    struct bulk_reading *r = calloc(1, sizeof(*r));
    struct kith_job *job = NULL;
    kith_err err = r ? kith_job_new(&job) : KITH_ENOMEM;
    if (err == KITH_OK) {
        *r = (struct bulk_reading){.req = req, .one = one, .found = one ? NULL : json_array()};
        if (one)
            ingest_store_import_get(job, district->id, id, on_one, r);
        else
            ingest_store_import_list(job, district->id, on_list, r);
        err = kith_db_run(kith_daemon_db(ingest->daemon), job, on_read, r);
    }
    if (err != KITH_OK) {
        if (r)
            json_decref(r->found);
        free(r);
        ingest_http_refuse(req, err, NULL);
    }
}

void ingest_bulk_list(void *ctx, struct kith_req *req)
{
    read_imports(ctx, req, false);
}

void ingest_bulk_get(void *ctx, struct kith_req *req)
{
    read_imports(ctx, req, true);
}
