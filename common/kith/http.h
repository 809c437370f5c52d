/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 server: libmicrohttpd on our loop, with what it lacks on top: one Content-Length xor exactly "chunked", exactly one Host,
 * CR LF line ends, no control bytes, whole-head, whole-body and idle deadlines, size caps, problem+json for refusals, lingering close so
 * that a client sees the 4xx, connection caps. What breaks the framing closes the connection; 404 and 405 keep it. Plain HTTP on
 * loopback; nginx in front for TLS, HTTP/2 and the rest of RFC 9112's traps. Three faults the parser below answers by itself, with its
 * own short 4xx page instead of a problem document: a request line or header field it cannot take apart, a head larger than its buffer
 * (8 KiB more than head_max), a broken chunk.
 * A handler may answer at once or later (the connection is suspended meanwhile and costs nothing). */
#ifndef KITH_HTTP_H
#define KITH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/loop.h"

struct kith_http;
struct kith_req;

typedef void (*kith_http_fn)(void *ctx, struct kith_req *req);

struct kith_http_file {
    int fd;
    int status;
    const char *detail; /* static */
};

/* `path` may hold one-segment parameters: "/data/v3/ed-fi/{resource}/{id}". A literal segment wins over a parameter. A known path
 * with another method gives 405 with Allow, an unknown path 404. `urn` prefixes problem types (see kith_req_problem). */
struct kith_http_route {
    const char *method; /* "GET" also serves HEAD */
    const char *path;
    kith_http_fn fn;
    /* For a body too large for memory: called when the head has come; it names an open file for the body, which is the request's from then
     * on, or refuses with 4xx or 5xx and one sentence: the connection ends. NULL: bodies are kept in memory. */
    bool (*file)(void *ctx, const struct kith_req *req, struct kith_http_file *file);
    int64_t file_max; /* bytes; with `file` */
};

struct kith_http_opts {
    const char *listen;                          /* "127.0.0.1:7410", "[::1]:7410", port 0 = any */
    const struct kith_http_route *const *routes; /* NULL-terminated list of {0}-terminated tables */
    void *const *ctxs;                           /* one for each table */
    int64_t head_max;                            /* bytes; 0 = 16 KiB */
    int64_t body_max;                            /* bytes; 0 = 1 MiB */
    int64_t head_ms;                             /* whole head; 0 = 10 s */
    int64_t
        body_ms; /* whole body; 0 = 20 s; of a file: as long as 64 KiB a second come beyond that */
    int64_t idle_ms;          /* keep-alive without a request; 0 = 75 s */
    unsigned max_connections; /* 0 = 2,000 */
    unsigned max_per_peer;    /* 0 = 1,000 */
};

KITH_MUST_CHECK kith_err kith_http_new(struct kith_loop *loop, const struct kith_http_opts *opts,
                                       struct kith_http **ret, struct kith_why *why);
/* "127.0.0.1:7410", the port really bound. Borrowed. */
const char *kith_http_address(const struct kith_http *h);
/* Stop accepting; answer what is in flight; new requests on kept connections get 503 with Connection: close. */
void kith_http_drain(struct kith_http *h);
unsigned kith_http_in_flight(const struct kith_http *h);
/* NULL is fine. Requests that handlers still have may be answered afterwards; nobody hears it. */
void kith_http_free(struct kith_http *h);
KITH_DEFINE_AUTO(kith_http)

/* ---- a request; strings are borrowed until it is answered ---- */
const char *kith_req_method(const struct kith_req *r);
const char *kith_req_path(const struct kith_req *r); /* as it came, without the query */
const char *kith_req_param(const struct kith_req *r,
                           size_t i); /* i-th {parameter}, percent-decoded; NULL */
const char *kith_req_query(const struct kith_req *r,
                           const char *name); /* decoded; NULL when absent */
/* Calls fn for every query argument, decoded, in order. */
void kith_req_each_query(const struct kith_req *r,
                         void (*fn)(void *ctx, const char *name, const char *value), void *ctx);
const char *kith_req_header(const struct kith_req *r, const char *name); /* NULL when absent */
const char *kith_req_body(const struct kith_req *r, size_t *n); /* NUL-terminated beyond n */
/* The file that holds the body (at its end), *n bytes; the caller's from now on. -1: the route has no `file`, or it was taken before. */
int kith_req_take_file(struct kith_req *r, int64_t *n);
/* One pointer for the handler, NULL at first. */
void *kith_req_user(const struct kith_req *r);
void kith_req_set_user(struct kith_req *r, void *user);

/* Add a response header before answering. Values with CR, LF or control bytes are dropped. */
void kith_req_add_header(struct kith_req *r, const char *name, const char *value);
/* Answer; once; the request is gone after it. body is copied; type NULL = no Content-Type. Safe when the client has gone. */
void kith_req_reply(struct kith_req *r, int status, const char *type, const void *body, size_t n);
/* application/problem+json {detail,type,title,status,correlationId,errors}: `type` as "urn:ed-fi:api:...", `detail` one
 * sentence, errors an empty list. For members beyond these use kith_req_reply.
 * The correlation id is random and is in the log line that the module writes for 5xx (at most 20 a second; requests are counted). */
void kith_req_problem(struct kith_req *r, int status, const char *type, const char *title,
                      const char *detail);

#endif
