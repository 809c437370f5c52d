/* SPDX-License-Identifier: Apache-2.0 */
/* The Ed-Fi door: resources over HTTP. Statuses and problem types as Ed-Fi's own API gives them, so that its clients work unmodified:
 * an unresolved reference is 409 (they send again), overload 503 with Retry-After, 500 never for bad data. A 2xx is sent after the
 * COMMIT. `Kith-Outcome: created|updated|unchanged` tells our own client more than 200 does. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/discovery.h"
#include "ingest/document.h"
#include "ingest/handlers_http.h"
#include "ingest/ingest.h"
#include "ingest/oauth.h"
#include "ingest/query.h"
#include "ingest/store.h"
#include "kith/clock.h"
#include "kith/metrics.h"

/* One request that waits for the database. */
struct call {
    struct ingest *ingest;
    struct kith_req *req;
    const struct ingest_resource *resource;
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

static struct ingest_district *authenticate(struct ingest *ingest, struct kith_req *req)
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

static const struct ingest_resource *resource_of(struct kith_req *req)
{
    const char *name = kith_req_param(req, 0);
    const struct ingest_resource *r = name ? ingest_resource_find(name) : NULL;
    if (!r)
        kith_req_problem(req, 404, "urn:ed-fi:api:not-found", "Not Found",
                         "There is no such resource here; the dependencies document lists those "
                         "there are.");
    return r;
}

static bool path_id(struct kith_req *req, struct kith_id *id)
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
    struct ingest_district *district = authenticate(ingest, req);
    const struct ingest_resource *r = district ? resource_of(req) : NULL;
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
    (void)snprintf(text, sizeof(text), "%s" INGEST_DATA_PATH "/%s/%s", base, c->resource->name, id);
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

/* A PUT whose body has another natural key than the resource in the URL. */
static bool is_other_key(const struct call *c)
{
    const struct kith_id *id = c->op.doc ? &c->op.doc->id : &c->op.id;
    return c->op.has_id && memcmp(id->b, c->op.expected.b, sizeof(id->b)) != 0;
}

static void on_written(void *ctx, struct ingest_op *op)
{
    kith_auto(call) c = ctx;
    static const char *const outcomes[] = {"unchanged", "created", "updated", "deleted"};
    ingest_count("http", op->err, op->outcome);
    if (op->err == KITH_EINVAL && is_other_key(c)) {
        key_change(c->req);
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
    struct ingest_problems problems = {0};
    kith_err err;
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
    if (!c || !path_id(req, &id))
        return;
    c->method = CALL_PUT;
    read_match(c);
    c->op.must_exist = true;
    if (!parse(c, &id))
        return;
    c->op.has_id = true;
    c->op.expected = id;
    /* an event's id is made of numbers that only the writer looks up: it compares */
    if (c->op.doc && is_other_key(c)) {
        if (ingest_known_present(c->district->known, &id))
            key_change(req);
        else
            ingest_http_refuse(req, KITH_ENOTFOUND, "no such document");
        return;
    }
    submit(KITH_TAKE(c));
}

void ingest_http_delete(void *ctx, struct kith_req *req)
{
    kith_auto(call) c = call_begin(ctx, req);
    if (!c || !path_id(req, &c->op.id))
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

/* ---- reading ---- */

struct reading {
    struct ingest *ingest;
    struct kith_req *req;
    struct ingest_district *district;
    struct ingest_query query;
    bool one; /* by id: the document itself, or 404 */
    int64_t total;
    size_t found;
    char etag[20];
    struct kith_bytes out;
    kith_err err;
};

static void reading_free(struct reading *r)
{
    if (!r)
        return;
    ingest_query_done(&r->query);
    kith_bytes_done(&r->out);
    free(r);
}
KITH_DEFINE_AUTO(reading)

static void put(struct reading *r, const char *text)
{
    if (r->err == KITH_OK)
        r->err = kith_bytes_add(&r->out, text, strlen(text));
}

static void separate(struct reading *r)
{
    if (!r->one)
        put(r, r->found > 0 ? "," : "[");
    r->found++;
}

static void on_count(void *ctx, const struct kith_rows *rows)
{
    struct reading *r = ctx;
    r->total = kith_rows_int(rows, 0, 0);
}

static void on_items(void *ctx, const struct kith_rows *rows)
{
    struct reading *r = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        size_t n = 0;
        struct kith_id id;
        char hex[33];
        char etag[17];
        memcpy(id.b, kith_rows_bytes(rows, i, 0, &n), sizeof(id.b));
        kith_id_format(&id, hex);
        ingest_etag_format(kith_rows_int(rows, i, 2), etag);
        char head[96];
        (void)snprintf(head, sizeof(head), "{\"id\":\"%s\",\"_etag\":\"%s\",", hex, etag);
        (void)snprintf(r->etag, sizeof(r->etag), "\"%s\"", etag);
        separate(r);
        put(r, head);
        put(r, kith_rows_text(rows, i, 1) + 1); /* a document is an object with a key: "{..." */
    }
}

static void on_events(void *ctx, const struct kith_rows *rows)
{
    struct reading *r = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && r->err == KITH_OK; i++) {
        struct ingest_event_view view;
        char id[33];
        char etag[17];
        kith_auto_mem char *json = NULL;
        ingest_store_event_view(rows, i, &view, id, etag);
        r->err = ingest_event_json(&view, &json);
        (void)snprintf(r->etag, sizeof(r->etag), "\"%s\"", etag);
        separate(r);
        if (r->err == KITH_OK)
            put(r, json);
    }
}

static void on_read(void *ctx, kith_err err, const struct kith_why *why)
{
    kith_auto(reading) r = ctx;
    (void)why;
    if (err == KITH_OK)
        err = r->err;
    if (err == KITH_OK && r->one && r->found == 0)
        err = KITH_ENOTFOUND;
    if (err != KITH_OK) {
        ingest_http_refuse(r->req, err, NULL);
        return;
    }
    if (r->one)
        kith_req_add_header(r->req, "ETag", r->etag);
    else
        put(r, r->found > 0 ? "]" : "[]");
    if (r->query.total_count) {
        char total[24];
        (void)snprintf(total, sizeof(total), "%lld", (long long)r->total);
        kith_req_add_header(r->req, "Total-Count", total);
    }
    kith_req_reply(r->req, 200, "application/json; charset=utf-8", r->out.data, r->out.n);
}

/* Ids into numbers; what was never seen finds nothing (-1). */
static int64_t number_or_none(const struct reading *r, bool has, const struct kith_id *id)
{
    if (!has)
        return 0;
    const struct ingest_known_row *row = ingest_known_present(r->district->known, id);
    return row ? row->num : -1;
}

static void event_filter(struct reading *r, struct ingest_event_filter *f)
{
    const struct ingest_query *q = &r->query;
    bool section = q->resource->attendance == INGEST_ATTENDANCE_SECTION;
    *f = (struct ingest_event_filter){.section = section,
                                      .from = -719162, /* 0001-01-01 */
                                      .to = 2932896,   /* 9999-12-31 */
                                      .limit = q->limit,
                                      .offset = q->offset,
                                      .place_filter = q->place_filter,
                                      .reason = q->has_reason ? q->reason : NULL};
    if (q->has_id) {
        struct ingest_event_key key;
        bool ok = ingest_event_unpack_id(&q->id, &key) == KITH_OK && key.section == section;
        f->student = ok ? key.student : -1;
        f->place = ok ? key.place : 0;
        f->session = ok ? key.session : 0;
        f->category = ok ? key.category : 0;
        f->from = f->to = ok ? key.date : 0;
        f->limit = r->one ? 1 : f->limit;
        return;
    }
    f->student = number_or_none(r, q->has_student, &q->student);
    f->school_id = q->has_school ? q->school_id : 0;
    int64_t place = number_or_none(r, q->has_place, &q->place);
    if (section)
        f->place = place;
    else
        f->session = place;
    if (q->has_date)
        f->from = f->to = q->date;
    if (q->has_category) {
        const struct ingest_category *c = ingest_district_category(r->district, q->category);
        f->category = c ? c->id : -1;
    }
}

static void read_run(struct reading *taken)
{
    kith_auto(reading) r = taken;
    struct kith_job *job = NULL;
    if (kith_job_new(&job) != KITH_OK) {
        ingest_http_refuse(r->req, KITH_ENOMEM, NULL);
        return;
    }
    if (r->query.resource->attendance == INGEST_ATTENDANCE_NONE) {
        if (r->query.total_count)
            ingest_store_item_count(job, r->district->id, &r->query, on_count, r);
        ingest_store_item(job, r->district->id, &r->query, on_items, r);
    } else {
        struct ingest_event_filter filter;
        event_filter(r, &filter);
        if (r->query.total_count)
            ingest_store_events_count(job, r->district->id, &filter, on_count, r);
        ingest_store_events(job, r->district->id, &filter, on_events, r);
    }
    kith_err err = kith_db_run(kith_daemon_db(r->ingest->daemon), job, on_read, r);
    if (err == KITH_OK)
        (void)KITH_TAKE(r);
    else
        ingest_http_refuse(r->req, err, NULL);
}

static struct reading *reading_begin(struct ingest *ingest, struct kith_req *req)
{
    struct ingest_district *district = authenticate(ingest, req);
    const struct ingest_resource *resource = district ? resource_of(req) : NULL;
    if (!resource)
        return NULL;
    struct reading *r = calloc(1, sizeof(*r));
    if (!r) {
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
        return NULL;
    }
    r->ingest = ingest;
    r->req = req;
    r->district = district;
    ingest_query_begin(&r->query, resource);
    return r;
}

void ingest_http_list(void *ctx, struct kith_req *req)
{
    kith_auto(reading) r = reading_begin(ctx, req);
    if (!r)
        return;
    kith_req_each_query(req, ingest_query_arg, &r->query);
    kith_err err = ingest_query_end(&r->query);
    if (err == KITH_EINVAL)
        ingest_http_invalid(req, &r->query.problems);
    else if (err != KITH_OK)
        ingest_http_refuse(req, err, NULL);
    else
        read_run(KITH_TAKE(r));
}

void ingest_http_get(void *ctx, struct kith_req *req)
{
    kith_auto(reading) r = reading_begin(ctx, req);
    if (!r || !path_id(req, &r->query.id))
        return;
    r->query.has_id = true;
    r->query.limit = 1;
    r->one = true;
    read_run(KITH_TAKE(r));
}
