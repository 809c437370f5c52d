/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/http_internal.h"
#include "kith/log.h"

#define LOG_LINES_MAX 20 /* a second */

struct kith_http_block {
    struct kith_http_block *next;
    char text[];
};

/* ---- buffers ---- */

bool kith_buffer_reserve(struct kith_http_buffer *b, size_t room)
{
    if (room <= b->room)
        return true;
    size_t grown_room = b->room ? b->room : 512;
    while (grown_room < room)
        grown_room *= 2;
    char *grown = realloc(b->data, grown_room);
    if (!grown)
        return false;
    b->data = grown;
    b->room = grown_room;
    return true;
}

void kith_buffer_reset(struct kith_http_buffer *b)
{
    if (b->room > BUFFER_KEEP) {
        free(b->data);
        *b = (struct kith_http_buffer){0};
    }
    b->n = 0;
}

/* ---- life of a request ---- */

struct kith_req *kith_req_new(struct kith_http_conn *c)
{
    struct kith_req *r = calloc(1, sizeof(*r));
    if (r) {
        r->conn = c;
        r->file = -1;
    }
    return r;
}

static void free_blocks(struct kith_req *r)
{
    while (r->blocks) {
        struct kith_http_block *b = r->blocks;
        r->blocks = b->next;
        free(b);
    }
}

static void drop_content(struct kith_req *r)
{
    free_blocks(r);
    if (r->response)
        MHD_destroy_response(KITH_TAKE(r->response));
    if (r->file >= 0)
        (void)close(r->file);
    r->file = -1;
}

void kith_req_reset(struct kith_req *r)
{
    drop_content(r);
    kith_buffer_reset(&r->target);
    kith_buffer_reset(&r->body);
    kith_buffer_reset(&r->headers);
    *r = (struct kith_req){
        .conn = r->conn, .target = r->target, .body = r->body, .file = -1, .headers = r->headers};
}

void kith_req_free(struct kith_req *r)
{
    if (!r)
        return;
    drop_content(r);
    free(r->target.data);
    free(r->body.data);
    free(r->headers.data);
    free(r);
}

bool kith_req_open(struct kith_req *r, const char *method, const struct kith_verdict *verdict)
{
    r->begin_us = kith_clock_mono_us();
    r->method = method;
    r->verdict = *verdict;
    /* a decoded parameter is never longer than it was; each needs a NUL */
    if (!kith_buffer_reserve(&r->target, 2 * r->target.n + 2 + KITH_PARAMS_MAX))
        return false;
    char *path = r->target.data;
    char *mark = memchr(path, '?', r->target.n);
    size_t path_n = mark ? (size_t)(mark - path) : r->target.n;
    path[path_n] = '\0';
    path[r->target.n] = '\0';
    r->query = mark ? mark + 1 : path + r->target.n;
    kith_router_match(r->conn->http->router, method, path, path_n, &r->match);
    char *out = path + r->target.n + 1;
    for (; r->params_n < r->match.params_n; r->params_n++) {
        long n = kith_percent_decode(r->match.params[r->params_n].text,
                                     r->match.params[r->params_n].n, false, out);
        assert(n >= 0); /* the head was checked */
        r->params[r->params_n] = out;
        out += n + 1;
    }
    return true;
}

/* ---- what a handler asks ---- */

const char *kith_req_method(const struct kith_req *r)
{
    return r->method;
}

const char *kith_req_path(const struct kith_req *r)
{
    return r->target.data;
}

const char *kith_req_param(const struct kith_req *r, size_t i)
{
    return i < r->params_n ? r->params[i] : NULL;
}

/* Decode into memory that lives as long as the request; NULL when there is none left. */
static const char *decoded(struct kith_req *r, const char *text, size_t n)
{
    struct kith_http_block *b = malloc(sizeof(*b) + n + 1);
    if (!b)
        return NULL;
    long length = kith_percent_decode(text, n, true, b->text);
    assert(length >= 0); /* the head was checked */
    (void)length;
    b->next = r->blocks;
    r->blocks = b;
    return b->text;
}

struct pair {
    const char *name;
    size_t name_n;
    const char *value;
    size_t value_n;
};

/* The next "name=value" of a query at *at, which moves on. Returns false at the end. */
static bool next_pair(const char **at, struct pair *ret)
{
    while (**at == '&')
        (*at)++;
    if (**at == '\0')
        return false;
    size_t n = strcspn(*at, "&");
    const char *sign = memchr(*at, '=', n);
    ret->name = *at;
    ret->name_n = sign ? (size_t)(sign - *at) : n;
    ret->value = sign ? sign + 1 : *at + n;
    ret->value_n = (size_t)(*at + n - ret->value);
    *at += n;
    return true;
}

const char *kith_req_query(const struct kith_req *r, const char *name)
{
    /* the memory of the decoded text belongs to the request; nothing of it that can be seen changes */
    struct kith_req *owner = (struct kith_req *)r;
    struct pair pair;
    for (const char *at = r->query; next_pair(&at, &pair);) {
        const char *found = decoded(owner, pair.name, pair.name_n);
        if (found && strcmp(found, name) == 0)
            return decoded(owner, pair.value, pair.value_n);
    }
    return NULL;
}

void kith_req_each_query(const struct kith_req *r,
                         void (*fn)(void *ctx, const char *name, const char *value), void *ctx)
{
    struct kith_req *owner = (struct kith_req *)r;
    struct pair pair;
    for (const char *at = r->query; next_pair(&at, &pair);) {
        const char *name = decoded(owner, pair.name, pair.name_n);
        const char *value = decoded(owner, pair.value, pair.value_n);
        if (name && value)
            fn(ctx, name, value);
    }
}

const char *kith_req_header(const struct kith_req *r, const char *name)
{
    return r->conn ? MHD_lookup_connection_value(r->conn->mhd, MHD_HEADER_KIND, name) : NULL;
}

const char *kith_req_body(const struct kith_req *r, size_t *n)
{
    if (n)
        *n = r->body.n;
    return r->body.n > 0 ? r->body.data : "";
}

int kith_req_take_file(struct kith_req *r, int64_t *n)
{
    int fd = r->file;
    *n = r->received;
    r->file = -1;
    return fd;
}

void *kith_req_user(const struct kith_req *r)
{
    return r->user;
}

void kith_req_set_user(struct kith_req *r, void *user)
{
    r->user = user;
}

/* ---- answers ---- */

static bool is_clean(const char *text)
{
    for (const char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
            return false;
    return true;
}

void kith_req_add_header(struct kith_req *r, const char *name, const char *value)
{
    assert(r && name && value);
    size_t name_n = strlen(name) + 1;
    size_t value_n = strlen(value) + 1;
    if (!is_clean(name) || !is_clean(value) ||
        !kith_buffer_reserve(&r->headers, r->headers.n + name_n + value_n))
        return;
    memcpy(r->headers.data + r->headers.n, name, name_n);
    memcpy(r->headers.data + r->headers.n + name_n, value, value_n);
    r->headers.n += name_n + value_n;
}

static struct MHD_Response *make_response(const struct kith_req *r, const char *type,
                                          const void *body, size_t n)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, (void *)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return NULL;
    if (type)
        (void)MHD_add_response_header(response, "Content-Type", type);
    for (const char *at = r->headers.data; at && at < r->headers.data + r->headers.n;) {
        const char *value = at + strlen(at) + 1;
        (void)MHD_add_response_header(response, at, value);
        at = value + strlen(value) + 1;
    }
    if (r->conn->http->draining)
        (void)MHD_add_response_header(response, "Connection", "close");
    return response;
}

void kith_req_reply(struct kith_req *r, int status, const char *type, const void *body, size_t n)
{
    assert(r && !r->answered && status >= 200 && status <= STATUS_MAX && (body || n == 0));
    r->answered = true;
    struct kith_http_conn *c = r->conn;
    if (!c) { /* the server went away meanwhile */
        kith_req_free(r);
        return;
    }
    r->status = status;
    r->response = make_response(r, type, body ? body : "", n);
    kith_http_count(c->http, status);
    kith_metric_observe(c->http->seconds, (double)(kith_clock_mono_us() - r->begin_us) / 1e6);
    if (!r->suspended)
        return; /* we are inside of the handler: the connection takes it from here */
    r->suspended = false;
    MHD_resume_connection(c->mhd);
    kith_http_wake(c->http);
}

enum MHD_Result kith_req_queue(struct kith_req *r)
{
    struct MHD_Response *response = KITH_TAKE(r->response);
    if (!response)
        return MHD_NO; /* memory was exhausted; closing is all that is left */
    enum MHD_Result result = MHD_queue_response(r->conn->mhd, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- problem documents (RFC 9457, with the members that Ed-Fi clients know) ---- */

static const struct {
    int status;
    const char *type;
    const char *title;
} problems[] = {
    {400, "urn:ed-fi:api:bad-request", "Bad Request"},
    {404, "urn:ed-fi:api:not-found", "Not Found"},
    {405, "urn:ed-fi:api:method-not-allowed", "Method Not Allowed"},
    {408, "urn:ed-fi:api:request-timeout", "Request Timeout"},
    {411, "urn:ed-fi:api:length-required", "Length Required"},
    {413, "urn:ed-fi:api:content-too-large", "Content Too Large"},
    {431, "urn:ed-fi:api:header-fields-too-large", "Request Header Fields Too Large"},
    {501, "urn:ed-fi:api:not-implemented", "Not Implemented"},
    {503, "urn:ed-fi:api:service-unavailable", "Service Unavailable"},
    {505, "urn:ed-fi:api:http-version-not-supported", "HTTP Version Not Supported"},
};

const char *kith_problem_type(int status)
{
    for (size_t i = 0; i < KITH_LEN(problems); i++)
        if (problems[i].status == status)
            return problems[i].type;
    return "urn:ed-fi:api:system";
}

const char *kith_problem_title(int status)
{
    for (size_t i = 0; i < KITH_LEN(problems); i++)
        if (problems[i].status == status)
            return problems[i].title;
    return "System Error";
}

char *kith_problem_text(int status, const char *type, const char *title, const char *detail,
                        char correlation[static 33])
{
    unsigned char id[16];
    randombytes_buf(id, sizeof(id));
    (void)sodium_bin2hex(correlation, 33, id, sizeof(id));
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:[]}", "detail", detail, "type", type, "title", title,
                  "status", status, "correlationId", correlation, "errors");
    if (!json) /* the detail is not UTF-8 */
        json = json_pack("{s:s, s:s, s:i, s:s, s:[]}", "type", type, "title", title, "status",
                         status, "correlationId", correlation, "errors");
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* When the database is away every request may end here: the first lines of a second say what there is to say. */
static bool may_log(void)
{
    static int64_t second;
    static int lines;
    int64_t now = kith_clock_mono_ms() / 1000;
    if (now != second)
        lines = 0;
    second = now;
    return lines++ < LOG_LINES_MAX;
}

void kith_req_problem(struct kith_req *r, int status, const char *type, const char *title,
                      const char *detail)
{
    assert(r && type && title && detail);
    char correlation[33];
    kith_auto_mem char *text = kith_problem_text(status, type, title, detail, correlation);
    if (status >= 500 && may_log())
        kith_log(KITH_LOG_ERROR, "http_failed", KITH_INT("status", status),
                 KITH_STR("correlation_id", correlation),
                 KITH_STR("method", r->match.route ? r->match.route->method : NULL),
                 KITH_STR("route", r->match.route ? r->match.route->path : NULL));
    kith_req_reply(r, status, "application/problem+json", text, text ? strlen(text) : 0);
}
