/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/http_internal.h"

#define BACKLOG      1024
#define ACCEPTS_MAX  64 /* in one turn */
#define SWEEP_MAX_MS 250
#define PARSER_ROOM                                                                                \
    8192 /* of the parser for one connection, beside a head of the largest size; it is zeroed after each request */

/* ---- counting ---- */

void kith_http_count(struct kith_http *h, int status)
{
    if (status < STATUS_MIN || status > STATUS_MAX)
        return;
    struct kith_metric **m = &h->by_status[status - STATUS_MIN];
    if (!*m) {
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "code=\"%d\"", status);
        *m = kith_counter("kith_http_requests_total", "HTTP requests by status", labels);
    }
    kith_metric_add(*m, 1);
}

/* ---- the parser's crank ---- */

static void destroy(struct kith_http *h);

static void pump(struct kith_http *h)
{
    if (h->running || h->dead)
        return;
    h->running = true;
    (void)MHD_run(h->mhd);
    h->running = false;
    if (h->dead) {
        destroy(h);
        return;
    }
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(h->mhd, &wait_ms) == MHD_YES)
        kith_timer_start(h->again, (int64_t)wait_ms, 0);
}

static void on_again(void *ctx)
{
    pump(ctx);
}

static void on_event(void *ctx, int events)
{
    (void)events;
    pump(ctx);
}

static void on_wake(void *ctx)
{
    struct kith_http *h = ctx;
    h->wake_pending = false;
    if (h->dead)
        destroy(h);
    else
        pump(h);
}

void kith_http_wake(struct kith_http *h)
{
    if (h->wake_pending || h->dead)
        return;
    if (kith_loop_defer(h->loop, on_wake, h) == KITH_OK)
        h->wake_pending = true;
    else
        kith_timer_start(h->again, 0, 0);
}

/* The parser refuses some heads by itself, before it shows them. One of these answers it then writes twice (a Content-Length that
 * is no number); so we answer first and end the stream. It names the error but not the connection: that is the one whose head is
 * complete although we were not asked yet. */
static void on_parser_error(void *cls, const char *format, va_list args)
{
    struct kith_http *h = cls;
    if (!strstr(format, "HTTP response code is %u"))
        return;
    int status = (int)va_arg(args, unsigned);
    for (struct kith_http_conn *c = h->conns; c; c = c->next) {
        if (c->phase == PHASE_HEAD && c->target_seen &&
            MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE) &&
            !MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_HTTP_STATUS)) {
            kith_conn_refuse(c, status,
                             status == 413 ? KITH_BODY_TOO_LARGE
                                           : "Content-Length is not a number of bytes.");
            return;
        }
    }
    kith_http_count(h, status);
}

/* ---- connections ---- */

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static bool has_place(const struct kith_http *h, const struct sockaddr_storage *peer)
{
    if (h->conns_n >= h->opts.max_connections)
        return false;
    if (h->conns_n < h->opts.max_per_peer)
        return true;
    unsigned n = 0;
    for (const struct kith_http_conn *c = h->conns; c; c = c->next)
        n += same_host(&c->peer, peer);
    return n < h->opts.max_per_peer;
}

static void start_sweep(struct kith_http *h)
{
    if (h->conns_n + h->lingers_n > 1)
        return; /* it runs */
    int64_t shortest = h->opts.head_ms < h->opts.body_ms ? h->opts.head_ms : h->opts.body_ms;
    if (h->opts.idle_ms < shortest)
        shortest = h->opts.idle_ms;
    int64_t every_ms = shortest / 4 < SWEEP_MAX_MS ? shortest / 4 + 1 : SWEEP_MAX_MS;
    kith_timer_start(h->sweep, every_ms, every_ms);
}

static void adopt(struct kith_http *h, int fd, const struct sockaddr_storage *peer, socklen_t n)
{
    if (!has_place(h, peer)) {
        kith_http_turn_away(h, fd, 503, "There are too many connections; try again later.");
        start_sweep(h);
        return;
    }
    struct kith_http_conn *c = calloc(1, sizeof(*c));
    if (!c) {
        (void)close(fd);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->http = h;
    c->fd = fd;
    c->peer = *peer;
    h->adopting = c;
    /* closes the descriptor when it fails */
    (void)MHD_add_connection(h->mhd, fd, (const struct sockaddr *)peer, n);
    if (h->adopting)
        kith_conn_free(KITH_TAKE(h->adopting));
    start_sweep(h);
}

static void on_connectable(void *ctx, int events)
{
    (void)events;
    struct kith_http *h = ctx;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof(peer);
        int fd = accept4(h->listen_fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(h, fd, &peer, n);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* it would be reported again at once, and for ever */
            h->accept_paused = true;
            kith_watch_set(h->listening, 0);
            kith_timer_start(h->sweep, SWEEP_MAX_MS, SWEEP_MAX_MS);
        }
        if (errno == EAGAIN || h->accept_paused)
            return;
    }
}

static void on_sweep(void *ctx)
{
    struct kith_http *h = ctx;
    int64_t now_ms = kith_clock_mono_ms();
    if (h->accept_paused && h->listening) {
        h->accept_paused = false;
        kith_watch_set(h->listening, KITH_READABLE);
    }
    for (struct kith_http_conn *c = h->conns, *next; c; c = next) {
        next = c->next;
        kith_conn_sweep(c, now_ms);
    }
    for (struct kith_http_leaver *l = h->lingers, *next; l; l = next) {
        next = l->next;
        if (now_ms >= l->end_ms)
            kith_linger_free(l);
    }
    if (!h->conns && !h->lingers && !h->accept_paused)
        kith_timer_stop(h->sweep);
}

/* ---- start ---- */

/* "127.0.0.1:7410" or "[::1]:7410" */
static bool parse_listen(const char *text, struct sockaddr_storage *ret, socklen_t *ret_n)
{
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = text ? strrchr(text, ':') : NULL;
    size_t n = colon ? (size_t)(colon - text) : 0;
    char *end;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : -1;
    if (n == 0 || n >= sizeof(host) || port < 0 || port > 65535 || *end != '\0')
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    *ret = (struct sockaddr_storage){0};
    if (host[0] == '[' && host[n - 1] == ']') {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
        host[n - 1] = '\0';
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        *ret_n = sizeof(*in6);
        return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)ret;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    *ret_n = sizeof(*in);
    return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static void format_address(const struct sockaddr_storage *a, char *text, size_t room)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        (void)snprintf(text, room, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(text, room, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    }
}

static kith_err start_listening(struct kith_http *h, const char *address, struct kith_why *why)
{
    struct sockaddr_storage at;
    socklen_t n;
    if (!parse_listen(address, &at, &n)) {
        kith_why_set(why, "http = %s: not an address such as 127.0.0.1:7410 or [::1]:7410",
                     address ? address : "");
        return KITH_ECONFIG;
    }
    int on = 1;
    h->listen_fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (h->listen_fd < 0 ||
        setsockopt(h->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(h->listen_fd, (const struct sockaddr *)&at, n) != 0 ||
        listen(h->listen_fd, BACKLOG) != 0 ||
        getsockname(h->listen_fd, (struct sockaddr *)&at, &n) != 0) {
        kith_why_set(why, "http = %s: %s", address, strerror(errno));
        return KITH_EIO;
    }
    format_address(&at, h->address, sizeof(h->address));
    return KITH_OK;
}

/* The parser would decode the target in place, and an encoded NUL would cut it: we decode our own copy. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static kith_err start_parser(struct kith_http *h, struct kith_why *why)
{
    size_t memory = (size_t)h->opts.head_max + PARSER_ROOM;
    h->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, kith_conn_on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_parser_error, h,
        MHD_OPTION_NOTIFY_CONNECTION, kith_conn_on_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
        kith_conn_on_completed, h, MHD_OPTION_URI_LOG_CALLBACK, kith_conn_on_target, h,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
        h->opts.max_connections + 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        h->mhd ? MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        kith_why_set(why, "http: libmicrohttpd did not start: %s", strerror(errno));
        return KITH_EIO;
    }
    kith_err err = kith_watch_new(h->loop, info->epoll_fd, on_event, h, &h->watch);
    if (err == KITH_OK)
        kith_watch_set(h->watch, KITH_READABLE);
    return err;
}

static void fill_defaults(struct kith_http_opts *opts)
{
    if (opts->head_max == 0)
        opts->head_max = 16384;
    if (opts->body_max == 0)
        opts->body_max = 1048576;
    if (opts->head_ms == 0)
        opts->head_ms = 10000;
    if (opts->body_ms == 0)
        opts->body_ms = 20000;
    if (opts->idle_ms == 0)
        opts->idle_ms = 75000;
    if (opts->max_connections == 0)
        opts->max_connections = 2000;
    if (opts->max_per_peer == 0)
        opts->max_per_peer = 1000;
}

kith_err kith_http_new(struct kith_loop *loop, const struct kith_http_opts *opts,
                       struct kith_http **ret, struct kith_why *why)
{
    assert(loop && opts && ret);
    kith_auto(kith_http) h = calloc(1, sizeof(*h));
    if (!h)
        return KITH_ENOMEM;
    h->loop = loop;
    h->listen_fd = -1;
    h->opts = *opts;
    fill_defaults(&h->opts);
    h->body_most = h->opts.body_max;
    for (size_t t = 0; opts->routes[t]; t++)
        for (const struct kith_http_route *r = opts->routes[t]; r->method; r++)
            if (r->file && r->file_max > h->body_most)
                h->body_most = r->file_max;
    h->seconds = kith_histogram("kith_http_request_seconds",
                                "Time from the end of a request's head to its answer", "");
    h->connections = kith_gauge("kith_http_connections", "Open HTTP connections", "");
    kith_err err = kith_router_new(opts->routes, opts->ctxs, &h->router, why);
    if (err == KITH_OK)
        err = kith_timer_new(loop, on_again, h, &h->again);
    if (err == KITH_OK)
        err = kith_timer_new(loop, on_sweep, h, &h->sweep);
    if (err == KITH_OK)
        err = start_parser(h, why);
    if (err == KITH_OK)
        err = start_listening(h, opts->listen, why);
    if (err == KITH_OK)
        err = kith_watch_new(loop, h->listen_fd, on_connectable, h, &h->listening);
    if (err != KITH_OK)
        return err;
    kith_watch_set(h->listening, KITH_READABLE);
    *ret = KITH_TAKE(h);
    return KITH_OK;
}

const char *kith_http_address(const struct kith_http *h)
{
    return h->address;
}

unsigned kith_http_in_flight(const struct kith_http *h)
{
    return h->in_flight;
}

/* ---- end ---- */

static void stop_listening(struct kith_http *h)
{
    kith_watch_free(KITH_TAKE(h->listening));
    if (h->listen_fd >= 0)
        (void)close(h->listen_fd);
    h->listen_fd = -1;
}

void kith_http_drain(struct kith_http *h)
{
    assert(h);
    h->draining = true;
    stop_listening(h);
}

/* A handler that still has a request may answer it after the server is gone. */
static void detach_requests(struct kith_http *h)
{
    for (struct kith_http_conn *c = h->conns; c; c = c->next) {
        struct kith_req *r = c->req;
        if (!r || !r->suspended)
            continue;
        r->suspended = false;
        r->conn = NULL;
        r->method = r->match.route->method; /* the parser's copy goes */
        c->req = NULL;
        MHD_resume_connection(c->mhd); /* the parser aborts when it is stopped with one suspended */
    }
}

/* May be called again: what is gone is skipped. */
static void destroy(struct kith_http *h)
{
    stop_listening(h);
    detach_requests(h);
    kith_watch_free(KITH_TAKE(h->watch)); /* before the parser closes the descriptor */
    if (h->mhd)
        MHD_stop_daemon(KITH_TAKE(h->mhd));
    while (h->lingers)
        kith_linger_free(h->lingers);
    kith_timer_free(KITH_TAKE(h->again));
    kith_timer_free(KITH_TAKE(h->sweep));
    kith_router_free(KITH_TAKE(h->router));
    if (!h->wake_pending)
        free(h);
}

void kith_http_free(struct kith_http *h)
{
    if (!h || h->dead)
        return;
    h->dead = true;
    if (!h->running)
        destroy(h);
}
