/* SPDX-License-Identifier: Apache-2.0 */
/* The Ed-Fi door: reading resources over HTTP, by id or by query. */
#include <stdio.h>
#include <string.h>

#include "ingest/alias.h"
#include "ingest/handlers_http.h"
#include "ingest/ingest.h"
#include "ingest/query.h"
#include "ingest/store.h"

struct reading {
    struct ingest *ingest;
    struct kith_req *req;
    struct ingest_district *district;
    struct ingest_query query;
    bool one; /* by id: the document itself, or 404 */
    bool old_name;
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

/* Behind the head: a document is an object with a key, "{...". */
static void put_body(struct reading *r, const char *body)
{
    kith_auto_mem char *renamed = NULL;
    if (r->old_name && r->err == KITH_OK)
        r->err = ingest_alias_body(body, strlen(body), true, &renamed);
    put(r, (renamed ? renamed : body) + 1);
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
        put_body(r, kith_rows_text(rows, i, 1));
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
    const struct ingest_known_row *row = ingest_district_present(r->district, id);
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
    if (r->query.by_key)
        r->query.id = ingest_names_id(r->district->names, &r->query.id);
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
    struct ingest_district *district = ingest_http_authenticate(ingest, req);
    bool old_name = false;
    const struct ingest_resource *resource = district ? ingest_http_resource(req, &old_name) : NULL;
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
    r->old_name = old_name;
    ingest_query_begin(&r->query, resource);
    return r;
}

static void on_arg(void *ctx, const char *name, const char *value)
{
    struct reading *r = ctx;
    ingest_query_arg(&r->query, r->old_name ? ingest_alias_field(name) : name, value);
}

void ingest_http_list(void *ctx, struct kith_req *req)
{
    kith_auto(reading) r = reading_begin(ctx, req);
    if (!r)
        return;
    kith_req_each_query(req, on_arg, r);
    kith_err err = ingest_query_end(&r->query);
    if (r->old_name)
        ingest_alias_problems(&r->query.problems);
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
    if (!r || !ingest_http_path_id(req, &r->query.id))
        return;
    r->query.has_id = true;
    r->query.limit = 1;
    r->one = true;
    read_run(KITH_TAKE(r));
}
