/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server over real sockets: the server runs on a loop in the test's thread, the clients block in threads of their own. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/http.h"
#include "kith/loop.h"
#include "kith/metrics.h"
#include "kith_test.h"

#define REPLY_MAX 262144

/* ---- the server ---- */

struct server {
    struct kith_loop *loop;
    struct kith_http *http;
    uint16_t port;
    struct kith_req *held; /* of /hold */
    unsigned held_n;
    unsigned handled;
    unsigned files;   /* opened for /file */
    unsigned delayed; /* answers of /later on their way */
};

struct delayed {
    struct server *server;
    struct kith_req *req;
    struct kith_timer *timer;
};

static inline void on_echo(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->handled++;
    size_t n;
    const char *body = kith_req_body(req, &n);
    kith_req_reply(req, 200, "text/plain", body, n);
}

static inline void on_item(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->handled++;
    char text[256];
    const char *q = kith_req_query(req, "q");
    int n = snprintf(text, sizeof(text), "%s|%s|%s", kith_req_method(req), kith_req_param(req, 0),
                     q ? q : "-");
    kith_req_add_header(req, "X-Kind", "item");
    kith_req_add_header(req, "X-Bad", "a\r\nSet-Cookie: b");
    kith_req_reply(req, 200, "text/plain", text, (size_t)n);
}

static inline void on_delay_over(void *ctx)
{
    struct delayed *d = ctx;
    size_t n;
    const char *body = kith_req_body(d->req, &n);
    kith_req_reply(d->req, 201, "text/plain", body, n);
    d->server->delayed--;
    kith_timer_free(d->timer);
    free(d);
}

static inline void on_later(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->handled++;
    struct delayed *d = calloc(1, sizeof(*d));
    assert_non_null(d);
    d->server = s;
    d->req = req;
    s->delayed++;
    assert_ok(kith_timer_new(s->loop, on_delay_over, d, &d->timer));
    kith_timer_start(d->timer, 5, 0);
}

static inline void on_hold(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->held = req;
    s->held_n++;
}

static inline void on_broken(void *ctx, struct kith_req *req)
{
    (void)ctx;
    kith_req_problem(req, 500, "urn:ed-fi:api:system", "System Error", "It broke.");
}

static inline void on_big(void *ctx, struct kith_req *req)
{
    (void)ctx;
    size_t n = 32 << 20; /* more than any socket buffer */
    char *text = calloc(1, n);
    if (!text)
        abort();
    kith_req_reply(req, 200, NULL, text, n);
    free(text);
}

/* The server goes away while it handles a request. */
static inline void on_free(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    kith_http_free(s->http);
    s->http = NULL;
    s->handled++;
    kith_req_reply(req, 200, "text/plain", "last", 4);
}

/* Who says X-Key: good may put a file of up to FILE_MAX bytes; the answer is its size and its last byte. */
#define FILE_MAX 100000

static inline bool on_put_head(void *ctx, const struct kith_req *req, struct kith_http_file *file)
{
    struct server *s = ctx;
    const char *key = kith_req_header(req, "X-Key");
    if (!key || strcmp(key, "good") != 0) {
        file->status = 401;
        file->detail = "Who are you?";
        return false;
    }
    FILE *temporary = tmpfile();
    file->fd = temporary ? dup(fileno(temporary)) : -1;
    if (temporary)
        (void)fclose(temporary);
    s->files++;
    return file->fd >= 0;
}

static inline void on_put(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    int64_t n = 0;
    char last = '-';
    char text[64];
    int fd = kith_req_take_file(req, &n);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), n);
    if (n > 0)
        assert_int_equal(pread(fd, &last, 1, n - 1), 1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(kith_req_take_file(req, &n), -1);
    s->handled++;
    int length = snprintf(text, sizeof(text), "%lld|%c", (long long)n, last);
    kith_req_reply(req, 200, "text/plain", text, (size_t)length);
}

static const struct kith_http_route routes[] = {
    {"POST", "/echo", on_echo},
    {"GET", "/items/{id}", on_item},
    {"POST", "/later", on_later},
    {"POST", "/hold", on_hold},
    {"GET", "/broken", on_broken},
    {"GET", "/big", on_big},
    {"GET", "/free", on_free},
    {"PUT", "/file", on_put, on_put_head, FILE_MAX},
    {0},
};
static const struct kith_http_route *const tables[] = {routes, NULL};

static inline void start_server(struct server *s, struct kith_http_opts opts)
{
    void *const ctxs[] = {s};
    opts.listen = "127.0.0.1:0";
    opts.routes = tables;
    opts.ctxs = ctxs;
    *s = (struct server){0};
    struct kith_why why = {""};
    assert_ok(kith_loop_new(&s->loop));
    assert_ok(kith_http_new(s->loop, &opts, &s->http, &why));
    s->port = (uint16_t)atoi(strrchr(kith_http_address(s->http), ':') + 1);
    assert_true(s->port > 0);
}

static inline void stop_server(struct server *s)
{
    kith_http_free(s->http);
    kith_loop_free(s->loop);
}

/* ---- clients ---- */

struct reply {
    size_t n;
    int status;
    int heads; /* answers seen */
    bool closed;
    int64_t took_ms;
    char text[REPLY_MAX];
};

struct client {
    uint16_t port;
    const char *bytes;
    size_t n;
    struct reply *reply;
    int64_t pause_ms;   /* between single bytes; 0 = all at once */
    const char *before; /* a whole request that is sent, and answered, first */
    const char *begin;  /* a head that is sent at once, before the bytes */
};

static inline int connect_to(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval limit = {.tv_sec = 5};
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        perror("connect");
        abort();
    }
    return fd;
}

static inline bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static inline int count_heads(const char *text)
{
    int n = 0;
    for (const char *at = strstr(text, "HTTP/1.1 "); at; at = strstr(at + 1, "HTTP/1.1 "))
        n += at[9] >= '1' && at[9] <= '5';
    return n;
}

/* Read until the end of the stream, or until `heads` answers with their bodies have come (0: only the end counts). */
static inline void read_reply(int fd, struct reply *r, int heads)
{
    for (;;) {
        ssize_t n = recv(fd, r->text + r->n, sizeof(r->text) - 1 - r->n, 0);
        if (n <= 0) {
            r->closed = n == 0;
            break;
        }
        r->n += (size_t)n;
        r->text[r->n] = '\0';
        if (heads > 0 && count_heads(r->text) >= heads && strstr(r->text, "\r\n\r\n"))
            break;
    }
    r->heads = count_heads(r->text);
    r->status = r->heads > 0 ? atoi(r->text + sizeof("HTTP/1.1 ") - 1) : 0;
}

/* One byte at a time until the server is heard of; then what it says. */
static inline void drip(int fd, const struct client *c)
{
    struct timeval pause = {.tv_usec = (suseconds_t)(c->pause_ms * 1000)};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause));
    struct reply *r = c->reply;
    for (size_t i = 0; i < c->n; i++) {
        if (send(fd, c->bytes + i, 1, MSG_NOSIGNAL) != 1)
            break;
        ssize_t n = recv(fd, r->text + r->n, 1, 0); /* waits the pause */
        if (n == 0)
            break;
        if (n > 0) {
            r->n++;
            break;
        }
    }
    struct timeval limit = {.tv_sec = 5};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    read_reply(fd, r, 0);
}

static inline void *run_client(void *arg)
{
    struct client *c = arg;
    int fd = connect_to(c->port);
    if (c->before) {
        struct reply *first = calloc(1, sizeof(*first));
        (void)send_all(fd, c->before, strlen(c->before));
        read_reply(fd, first, 1);
        free(first);
    }
    int64_t begin_ms = kith_clock_mono_ms();
    if (c->begin)
        (void)send_all(fd, c->begin, strlen(c->begin));
    if (c->pause_ms > 0) {
        drip(fd, c);
    } else {
        (void)send_all(fd, c->bytes, c->n); /* a refusal may come before the end */
        read_reply(fd, c->reply, 0);
    }
    c->reply->took_ms = kith_clock_mono_ms() - begin_ms;
    (void)close(fd);
    return NULL;
}

/* ---- running clients beside the loop ---- */

struct crowd {
    void *(*fn)(void *);
    void **args;
    size_t n;
    int done_fd;
};

static inline void *run_crowd(void *arg)
{
    struct crowd *crowd = arg;
    pthread_t *threads = calloc(crowd->n, sizeof(*threads));
    for (size_t i = 0; i < crowd->n; i++)
        if (pthread_create(&threads[i], NULL, crowd->fn, crowd->args[i]) != 0)
            abort();
    for (size_t i = 0; i < crowd->n; i++)
        (void)pthread_join(threads[i], NULL);
    free(threads);
    (void)!write(crowd->done_fd, "", 1);
    return NULL;
}

static inline void on_done(void *ctx, int events)
{
    (void)events;
    *(bool *)ctx = true;
}

/* Turn the loop until all threads have ended. */
static inline void run_all(struct server *s, void *(*fn)(void *), void **args, size_t n)
{
    int pipes[2];
    bool done = false;
    struct kith_watch *watch;
    pthread_t thread;
    assert_int_equal(pipe(pipes), 0);
    assert_ok(kith_watch_new(s->loop, pipes[0], on_done, &done, &watch));
    kith_watch_set(watch, KITH_READABLE);
    struct crowd crowd = {fn, args, n, pipes[1]};
    assert_int_equal(pthread_create(&thread, NULL, run_crowd, &crowd), 0);
    assert_ok(kith_loop_run_until(s->loop, &done, 20000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    kith_watch_free(watch);
    assert_int_equal(close(pipes[0]), 0);
    assert_int_equal(close(pipes[1]), 0);
}

static inline void run_one(struct server *s, struct client *c)
{
    c->port = s->port;
    void *args[] = {c};
    run_all(s, run_client, args, 1);
}

/* Send `bytes`, read to the end of the stream. The caller frees. */
static inline struct reply *talk(struct server *s, const char *bytes, size_t n)
{
    struct reply *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    struct client c = {.bytes = bytes, .n = n, .reply = r};
    run_one(s, &c);
    return r;
}

static inline void assert_refused(const char *name, const struct reply *r, int status)
{
    if (r->status != status || r->heads != 1 || !r->closed)
        fail_msg("%s: wanted one %d and the end, got %d answers, %d%s:\n%s", name, status, r->heads,
                 r->status, r->closed ? ", closed" : "", r->text);
}

static inline double requests(int status)
{
    char labels[32];
    (void)snprintf(labels, sizeof(labels), "code=\"%d\"", status);
    return kith_metric_value(
        kith_counter("kith_http_requests_total", "HTTP requests by status", labels));
}

static inline void assert_reply(struct server *s, const char *request, int status, const char *part)
{
    struct reply *r = talk(s, request, strlen(request));
    if (r->status != status || !strstr(r->text, part))
        fail_msg("%s\nwanted %d with \"%s\", got:\n%s", request, status, part, r->text);
    free(r);
}

#define CLOSE "Host: a\r\nConnection: close\r\n"

/* Turn the loop until this many connections are open. */
static inline void wait_connections(struct server *s, double wanted)
{
    struct kith_metric *gauge = kith_gauge("kith_http_connections", "Open HTTP connections", "");
    bool never = false;
    for (int i = 0; i < 500 && kith_metric_value(gauge) != wanted; i++)
        assert_err(kith_loop_run_until(s->loop, &never, 10), KITH_ETIMEOUT);
    assert_true(kith_metric_value(gauge) == wanted);
}

#endif
