/* SPDX-License-Identifier: Apache-2.0 */
/* The Ed-Fi door: writing resources over HTTP. Statuses and problem types as Ed-Fi's own API gives them, so that its clients work unmodified:
 * an unresolved reference is 409 (they send again), overload 503 with Retry-After, 500 never for bad data. A 2xx is sent after the
 * COMMIT. `Kith-Outcome: created|updated|unchanged` tells our own client more than 200 does. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/alias.h"
#include "ingest/discovery.h"
#include "ingest/document.h"
#include "ingest/handlers_http.h"
#include "ingest/ingest.h"
#include "ingest/oauth.h"
#include "ingest/store.h"
#include "kith/clock.h"

/* One request that waits for the database. */
struct call {
    struct ingest *ingest;
    struct kith_req *req;
    const struct ingest_resource *resource;
    bool old_name;
    struct ingest_district *district;
    enum { CALL_POST, CALL_PUT, CALL_DELETE } method;
    struct ingest_op op;
};

static void call_free(struct call *c)
{
    if (!c)
        return;
    ingest_doc_free(c->op.doc);
    ingest_event_done(&c->op.event);
    free(c);
}
KITH_DEFINE_AUTO(call)

/* ---- who and what ---- */

struct ingest_district *ingest_http_authenticate(struct ingest *ingest, struct kith_req *req)
{
    const char *token = ingest_oauth_bearer(kith_req_header(req, "Authorization"));
    const struct ingest_client *client =
        token ? ingest_tokens_client(ingest->districts, token, kith_clock_now_us()) : NULL;
    if (client)
        return ingest_districts_find(ingest->districts, client->district);
    kith_req_add_header(req, "WWW-Authenticate", "Bearer");
    kith_req_problem(req, 401, "urn:ed-fi:api:security:authentication", "Authentication Failed",
                     token ? "The bearer token is unknown or has expired; ask for a new one at "
                             "/oauth/token."
                           : "The Authorization header with a bearer token is missing.");
    return NULL;
}

const struct ingest_resource *ingest_http_resource(struct kith_req *req, bool *old)
{
    const char *name = kith_req_param(req, 0);
    const struct ingest_resource *r = name ? ingest_resource_find(name) : NULL;
    *old = name && !r;
    if (*old)
        r = ingest_alias_find(name);
    if (!r)
        kith_req_problem(req, 404, "urn:ed-fi:api:not-found", "Not Found",
                         "There is no such resource here; the dependencies document lists those "
                         "there are.");
    return r;
}

bool ingest_http_path_id(struct kith_req *req, struct kith_id *id)
{
    const char *text = kith_req_param(req, 1);
    if (text && kith_id_parse(text, id) == KITH_OK)
        return true;
    kith_req_problem(req, 404, "urn:ed-fi:api:not-found", "Not Found",
                     "The id in the URL is not one of this API.");
    return false;
}

/* If-Match: "digest". An ETag that is not ours matches nothing. */
static void read_match(struct call *c)
{
    const char *match = kith_req_header(c->req, "If-Match");
    if (!match || strcmp(match, "*") == 0)
        return;
    char *end;
    unsigned long long value = strtoull(match + (*match == '"'), &end, 16);
    bool ours = end - match >= 16 && (*end == '\0' || strcmp(end, "\"") == 0);
    c->op.has_match = true;
    c->op.match = ours ? (int64_t)value : INGEST_ABSENT;
}

static struct call *call_begin(struct ingest *ingest, struct kith_req *req)
{
    struct ingest_district *district = ingest_http_authenticate(ingest, req);
    bool old_name = false;
    const struct ingest_resource *r = district ? ingest_http_resource(req, &old_name) : NULL;
    if (!r)
        return NULL;
    struct call *c = calloc(1, sizeof(*c));
    if (!c) {
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
        return NULL;
    }
    c->ingest = ingest;
    c->req = req;
    c->resource = r;
    c->old_name = old_name;
    c->district = district;
    c->op.district = district->id;
    c->op.ctx = c;
    c->op.event.arrival_us = INGEST_TIME_NONE;
    c->op.event.departure_us = INGEST_TIME_NONE;
    return c;
}

/* ---- writing ---- */

static void location(struct call *c)
{
    char base[256];
    char id[33];
    char text[512];
    ingest_http_base(c->ingest, c->req, base, sizeof(base));
    kith_id_format(&c->op.id, id);
    (void)snprintf(text, sizeof(text), "%s" INGEST_DATA_PATH "/%s/%s", base,
                   kith_req_param(c->req, 0), id);
    kith_req_add_header(c->req, "Location", text);
}

static void key_change(struct kith_req *req)
{
    kith_req_problem(req, 400,
                     "urn:ed-fi:api:bad-request:data-validation-failed:key-change-not-supported",
                     "Key Change Not Supported",
                     "The natural key in the body is not that of the resource in the URL. Delete "
                     "the old one and post the new one.");
}

/* A PUT whose body has another natural key than the resource in the URL, and may not. The writer compares: it alone knows which id a key
 * has, and an event's id is made of numbers. */
static bool is_key_fixed(const struct call *c)
{
    bool other_event =
        !c->op.doc && c->op.has_id && memcmp(c->op.id.b, c->op.expected.b, sizeof(c->op.id.b)) != 0;
    return c->op.key_fixed || other_event;
}

static void on_written(void *ctx, struct ingest_op *op)
{
    kith_auto(call) c = ctx;
    static const char *const outcomes[] = {"unchanged", "created", "updated", "deleted"};
    ingest_count("http", op->err, op->outcome);
    if (op->err == KITH_EINVAL && is_key_fixed(c)) {
        key_change(c->req);
        return;
    }
    if (op->err == KITH_EEXIST && op->key_taken) {
        kith_req_problem(c->req, 409, "urn:ed-fi:api:data-conflict:non-unique-identity",
                         "Identifying Values Are Not Unique", op->why.text);
        return;
    }
    if (op->err == KITH_ETOOBIG) { /* not the body, but what depends on its key */
        kith_req_problem(c->req, 409, "urn:ed-fi:api:data-conflict", "Too Many Dependents",
                         op->why.text);
        return;
    }
    if (op->err != KITH_OK) {
        ingest_http_refuse(c->req, op->err, op->why.text);
        return;
    }
    kith_req_add_header(c->req, "Kith-Outcome", outcomes[op->outcome]);
    if (c->method == CALL_DELETE) {
        kith_req_reply(c->req, 204, NULL, NULL, 0);
        return;
    }
    char digest[17];
    char etag[20];
    ingest_etag_format(op->digest, digest);
    (void)snprintf(etag, sizeof(etag), "\"%s\"", digest);
    kith_req_add_header(c->req, "ETag", etag);
    location(c);
    int status = c->method == CALL_PUT ? 204 : op->outcome == INGEST_CREATED ? 201 : 200;
    kith_req_reply(c->req, status, NULL, NULL, 0);
}

static void submit(struct call *c)
{
    c->op.done = on_written;
    kith_err err =
        c->ingest->draining ? KITH_EBUSY : ingest_writer_submit(c->ingest->writer, &c->op);
    if (err != KITH_OK) {
        ingest_http_refuse(c->req, err, NULL);
        call_free(c);
    }
}

static bool is_json(struct kith_req *req)
{
    const char *type = kith_req_header(req, "Content-Type");
    const char *end = type ? strchrnul(type, ';') : NULL;
    while (end && end > type && end[-1] == ' ')
        end--;
    size_t n = end ? (size_t)(end - type) : 0;
    bool json =
        n >= 5 && (strncasecmp(end - 5, "/json", 5) == 0 || strncasecmp(end - 5, "+json", 5) == 0);
    if (!json)
        kith_req_problem(req, 415, "urn:ed-fi:api:unsupported-media-type", "Unsupported Media Type",
                         "Send Content-Type: application/json.");
    return json;
}

/* The body as document or event. `id` NULL: POST. */
static bool parse(struct call *c, const struct kith_id *id)
{
    if (!is_json(c->req))
        return false;
    size_t n = 0;
    const char *body = kith_req_body(c->req, &n);
    kith_auto_mem char *renamed = NULL;
    struct ingest_problems problems = {0};
    kith_err err = c->old_name ? ingest_alias_body(body, n, false, &renamed) : KITH_OK;
    if (err != KITH_OK) {
        ingest_http_refuse(c->req, err, NULL);
        return false;
    }
    if (renamed) {
        body = renamed;
        n = strlen(renamed);
    }
    if (c->resource->attendance != INGEST_ATTENDANCE_NONE) {
        c->op.kind = INGEST_OP_EVENT;
        err = id ? ingest_event_parse_put(c->resource, body, n, id, &c->op.event, &problems)
                 : ingest_event_parse(c->resource, body, n, &c->op.event, &problems);
    } else {
        c->op.kind = INGEST_OP_DOCUMENT;
        err = id ? ingest_doc_parse_put(c->resource, body, n, id, &c->op.doc, &problems)
                 : ingest_doc_parse(c->resource, body, n, &c->op.doc, &problems);
    }
    c->op.size = sizeof(*c) + n * 2;
    if (c->old_name)
        ingest_alias_problems(&problems);
    if (err == KITH_EINVAL || err == KITH_EDECODE)
        ingest_http_invalid(c->req, &problems);
    else if (err != KITH_OK)
        ingest_http_refuse(c->req, err, NULL);
    return err == KITH_OK;
}

void ingest_http_post(void *ctx, struct kith_req *req)
{
    kith_auto(call) c = call_begin(ctx, req);
    if (!c)
        return;
    c->method = CALL_POST;
    if (parse(c, NULL))
        submit(KITH_TAKE(c));
}

void ingest_http_put(void *ctx, struct kith_req *req)
{
    kith_auto(call) c = call_begin(ctx, req);
    struct kith_id id;
    if (!c || !ingest_http_path_id(req, &id))
        return;
    c->method = CALL_PUT;
    read_match(c);
    c->op.must_exist = true;
    if (!parse(c, &id))
        return;
    c->op.has_id = true;
    c->op.expected = id;
    submit(KITH_TAKE(c));
}

void ingest_http_delete(void *ctx, struct kith_req *req)
{
    kith_auto(call) c = call_begin(ctx, req);
    if (!c || !ingest_http_path_id(req, &c->op.id))
        return;
    c->method = CALL_DELETE;
    c->op.size = sizeof(*c);
    read_match(c);
    c->op.resource = c->resource;
    c->op.kind = INGEST_OP_DOCUMENT_DELETE;
    if (c->resource->attendance != INGEST_ATTENDANCE_NONE) {
        c->op.kind = INGEST_OP_EVENT_DELETE;
        c->op.has_key = true;
        bool section = c->resource->attendance == INGEST_ATTENDANCE_SECTION;
        if (ingest_event_unpack_id(&c->op.id, &c->op.key) != KITH_OK ||
            c->op.key.section != section) {
            ingest_http_refuse(req, KITH_ENOTFOUND, "no such event");
            return;
        }
    }
    submit(KITH_TAKE(c));
}
