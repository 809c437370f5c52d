/* SPDX-License-Identifier: Apache-2.0 */
/* One connection. The parser calls: on_connection (opened), then for each request on_target (request line complete), on_request (head
 * complete; then for each piece of body; then once more), on_completed; at the end on_connection (closed). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/http_internal.h"

/* TCP_CLOSE_WAIT of netinet/tcp.h, whose tcp_info is too old and which cannot meet linux/tcp.h */
#define STATE_CLOSE_WAIT 8

static const char no_memory[] = "There is no memory left; try again later.";

static void enter(struct kith_http_conn *c, enum kith_http_phase phase)
{
    c->phase = phase;
    c->phase_ms = kith_clock_mono_ms();
    c->leaving = false;
}

/* ---- from the parser: begin and end ---- */

static void link_conn(struct kith_http *h, struct kith_http_conn *c)
{
    c->next = h->conns;
    if (c->next)
        c->next->prev = c;
    h->conns = c;
    h->conns_n++;
    kith_metric_set(h->connections, h->conns_n);
}

void kith_conn_free(struct kith_http_conn *c)
{
    struct kith_http *h = c->http;
    if (c->mhd) { /* it was linked */
        if (c->prev)
            c->prev->next = c->next;
        else
            h->conns = c->next;
        if (c->next)
            c->next->prev = c->prev;
        h->conns_n--;
        kith_metric_set(h->connections, h->conns_n);
    }
    kith_req_free(c->req);
    free(c);
}

static void on_closed(struct kith_http_conn *c)
{
    struct kith_http *h = c->http;
    if (c->unread && !h->dead) {
        /* the parser closes its descriptor next; ours keeps the connection */
        int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
        if (fd >= 0)
            kith_linger_start(h, fd);
    }
    kith_conn_free(c);
}

void kith_conn_on_connection(void *cls, struct MHD_Connection *mhd, void **socket_state,
                             enum MHD_ConnectionNotificationCode what)
{
    struct kith_http *h = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct kith_http_conn *c = KITH_TAKE(h->adopting);
        c->mhd = mhd;
        *socket_state = c;
        enter(c, PHASE_HEAD);
        link_conn(h, c);
    } else if (*socket_state) {
        on_closed(*socket_state);
    }
}

void kith_conn_on_completed(void *cls, struct MHD_Connection *mhd, void **state,
                            enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)mhd;
    struct kith_http_conn *c = *state;
    if (!c)
        return;
    if (c->req && c->req->open)
        c->http->in_flight--;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        c->unread = true;
    else if (c->phase != PHASE_REFUSED)
        enter(c, PHASE_IDLE);
    c->target_seen = false;
    c->watched = false;
    if (c->req)
        kith_req_reset(c->req);
}

/* ---- from the parser: a request ---- */

/* The target must be copied now: the parser takes it apart next. */
void *kith_conn_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    (void)cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct kith_http_conn *c = info ? info->socket_context : NULL;
    if (!c)
        return NULL;
    if (c->phase == PHASE_IDLE)
        enter(c, PHASE_HEAD);
    c->target_seen = true;
    if (!c->req)
        c->req = kith_req_new(c);
    size_t n = strlen(target);
    if (c->req && kith_buffer_reserve(&c->req->target, n + 1)) {
        memcpy(c->req->target.data, target, n + 1);
        c->req->target.n = n;
    }
    return c;
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_n, const char *value, size_t value_n)
{
    (void)kind;
    struct kith_head *head = cls;
    if (head->fields_n < KITH_HEAD_FIELDS_MAX)
        head->fields[head->fields_n] =
            (struct kith_head_field){name, name_n, value ? value : name + name_n, value_n};
    head->fields_n++;
    return MHD_YES;
}

static struct kith_verdict check_head(struct kith_http_conn *c, const char *url, const char *method,
                                      const char *version)
{
    struct kith_http *h = c->http;
    struct kith_head *head = &h->head;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    head->method = method;
    head->url = url;
    head->target = c->req->target.data;
    head->target_n = c->req->target.n;
    head->version = version;
    head->fields_n = 0;
    head->size = info ? info->header_size : 0;
    (void)MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, add_field, head);
    return kith_head_check(head, h->opts.head_max, h->body_most);
}

static enum MHD_Result refuse(struct kith_http_conn *c, int status, const char *detail)
{
    kith_conn_refuse(c, status, detail);
    return MHD_NO; /* the parser closes */
}

static int64_t body_limit(const struct kith_req *r)
{
    const struct kith_http_route *route = r->match.route;
    return route && route->file ? route->file_max : r->conn->http->opts.body_max;
}

/* Where the body goes: a buffer, or the file that the route names. */
static enum MHD_Result open_body(struct kith_http_conn *c, int64_t length)
{
    struct kith_req *r = c->req;
    if (length > body_limit(r))
        return refuse(c, 413, KITH_BODY_TOO_LARGE);
    if (r->match.route && r->match.route->file) {
        struct kith_http_file file = {.fd = -1, .status = 503, .detail = no_memory};
        if (!r->match.route->file(r->match.ctx, r, &file))
            return refuse(c, file.status, file.detail);
        r->file = file.fd;
    } else if (r->match.route && length > 0 && !kith_buffer_reserve(&r->body, (size_t)length + 1))
        return refuse(c, 503, no_memory);
    return MHD_YES;
}

static enum MHD_Result on_head(struct kith_http_conn *c, const char *url, const char *method,
                               const char *version)
{
    if (!c->req || !c->req->target.data)
        return refuse(c, 503, no_memory);
    struct kith_verdict verdict = check_head(c, url, method, version);
    if (verdict.status != 0)
        return refuse(c, verdict.status, verdict.detail);
    if (c->http->draining)
        return refuse(c, 503, "This server is stopping; try again.");
    struct kith_req *r = c->req;
    if (!kith_req_open(r, method, &verdict))
        return refuse(c, 503, no_memory);
    if (open_body(c, verdict.length) != MHD_YES)
        return MHD_NO;
    r->open = true;
    c->http->in_flight++;
    enter(c, PHASE_BODY);
    return MHD_YES;
}

static bool write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done < 0 && errno != EINTR)
            return false;
        data += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static enum MHD_Result on_body(struct kith_http_conn *c, const char *data, size_t n)
{
    struct kith_req *r = c->req;
    r->received += (int64_t)n;
    if (r->received > body_limit(r))
        return refuse(c, 413, KITH_BODY_TOO_LARGE);
    if (!r->match.route)
        return MHD_YES; /* nobody will look at it */
    if (r->file >= 0)
        return write_all(r->file, data, n) ? MHD_YES
                                           : refuse(c, 507, "There is no room for the body.");
    if (!kith_buffer_reserve(&r->body, r->body.n + n + 1))
        return refuse(c, 503, no_memory);
    memcpy(r->body.data + r->body.n, data, n);
    r->body.n += n;
    r->body.data[r->body.n] = '\0';
    return MHD_YES;
}

/* Problem documents for what no handler serves; the connection stays, as the framing was sound. */
static void answer_unrouted(struct kith_req *r)
{
    if (!r->match.known) {
        kith_req_problem(r, 404, kith_problem_type(404), kith_problem_title(404),
                         "There is nothing at this path.");
        return;
    }
    char allow[256];
    const char *path = r->target.data;
    kith_router_allow(r->conn->http->router, path, strlen(path), allow, sizeof(allow));
    kith_req_add_header(r, "Allow", allow);
    kith_req_problem(r, 405, kith_problem_type(405), kith_problem_title(405),
                     "This path does not have this method; the Allow field names those it has.");
}

static enum MHD_Result on_answered(struct kith_http_conn *c)
{
    if (!c->req || !c->req->answered)
        return MHD_NO;
    enter(c, PHASE_SEND);
    return kith_req_queue(c->req);
}

static enum MHD_Result on_complete(struct kith_http_conn *c)
{
    struct kith_req *r = c->req;
    if (MHD_get_connection_values_n(c->mhd, MHD_FOOTER_KIND, NULL, NULL) > 0)
        return refuse(c, 400, "Trailer fields are not taken.");
    enter(c, PHASE_ANSWER);
    if (r->match.route)
        r->match.route->fn(r->match.ctx, r);
    else
        answer_unrouted(r);
    if (r->answered)
        return on_answered(c);
    r->suspended = true;
    MHD_suspend_connection(c->mhd);
    return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the parser's signature */
enum MHD_Result kith_conn_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_n, void **state)
{
    (void)cls;
    (void)mhd;
    struct kith_http_conn *c = *state;
    if (!c || c->http->dead)
        return MHD_NO;
    if (c->phase == PHASE_HEAD)
        return on_head(c, url, method, version);
    if (c->phase == PHASE_ANSWER)
        return on_answered(c);
    if (c->phase != PHASE_BODY)
        return MHD_NO;
    size_t n = *data_n;
    *data_n = 0;
    return n > 0 ? on_body(c, data, n) : on_complete(c);
}

/* ---- deadlines ---- */

#define FILE_RATE (64 * 1024 / 1000) /* bytes a millisecond that the body of a file must bring */

static struct tcp_info look(const struct kith_http_conn *c)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    (void)getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &n);
    return info;
}

/* The parser takes a short read for the end of what is there. When the client's last bytes and its end came together, it never learns
 * of the end; so we do, and give it the time of one sweep for the bytes. */
static bool has_left(struct kith_http_conn *c, const struct tcp_info *info)
{
    bool before = c->leaving;
    c->leaving = info->tcpi_state == STATE_CLOSE_WAIT;
    return before && c->leaving;
}

/* Both directions: the parser wakes up, finds the end and closes. */
static void cut(struct kith_http_conn *c)
{
    (void)shutdown(c->fd, SHUT_RDWR);
    enter(c, PHASE_REFUSED);
}

/* The parser tells nobody that a head has begun to come on a kept connection; the kernel's byte count does. */
static void watch_idle(struct kith_http_conn *c, uint64_t bytes)
{
    if (c->watched && bytes != c->seen_bytes)
        enter(c, PHASE_HEAD);
    c->seen_bytes = bytes;
    c->watched = true;
}

static void sweep_reading(struct kith_http_conn *c, int64_t age_ms)
{
    const struct kith_http_opts *opts = &c->http->opts;
    struct tcp_info info = look(c);
    if (has_left(c, &info))
        cut(c);
    else if (c->phase == PHASE_IDLE && age_ms >= opts->idle_ms)
        cut(c);
    else if (c->phase == PHASE_IDLE)
        watch_idle(c, info.tcpi_bytes_received);
    else if (c->phase == PHASE_HEAD && age_ms >= opts->head_ms && info.tcpi_bytes_received == 0)
        cut(c); /* nobody to tell */
    else if (c->phase == PHASE_HEAD && age_ms >= opts->head_ms)
        kith_conn_refuse(c, 408, "The head of the request did not arrive in time.");
    else if (c->phase == PHASE_BODY &&
             age_ms >= opts->body_ms + (c->req->file >= 0 ? c->req->received / FILE_RATE : 0))
        kith_conn_refuse(c, 408, "The body of the request did not arrive in time.");
}

void kith_conn_sweep(struct kith_http_conn *c, int64_t now_ms)
{
    int64_t age_ms = now_ms - c->phase_ms;
    switch (c->phase) {
    case PHASE_IDLE:
    case PHASE_HEAD:
    case PHASE_BODY:
        sweep_reading(c, age_ms);
        break;
    case PHASE_SEND:
        if (age_ms >= c->http->opts.idle_ms)
            cut(c);
        break;
    case PHASE_REFUSED:
        if (age_ms >= LINGER_MS)
            cut(c);
        break;
    case PHASE_ANSWER: /* the handler's time */
        break;
    }
}
