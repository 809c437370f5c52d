/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server over real sockets: the server runs on a loop in this thread, the clients block in threads of their own. */
#include <arpa/inet.h>
#include <errno.h>
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

#define BODY_MAX    (64 * 1024)
#define DEADLINE_MS 500
#define REPLY_MAX   (256 * 1024)

/* ---- the server ---- */

struct server {
    struct kith_loop *loop;
    struct kith_http *http;
    uint16_t port;
    struct kith_req *held; /* of /hold */
    unsigned held_n;
    unsigned handled;
    unsigned delayed; /* answers of /later on their way */
};

struct delayed {
    struct server *server;
    struct kith_req *req;
    struct kith_timer *timer;
};

static void on_echo(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->handled++;
    size_t n;
    const char *body = kith_req_body(req, &n);
    kith_req_reply(req, 200, "text/plain", body, n);
}

static void on_item(void *ctx, struct kith_req *req)
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

static void on_delay_over(void *ctx)
{
    struct delayed *d = ctx;
    size_t n;
    const char *body = kith_req_body(d->req, &n);
    kith_req_reply(d->req, 201, "text/plain", body, n);
    d->server->delayed--;
    kith_timer_free(d->timer);
    free(d);
}

static void on_later(void *ctx, struct kith_req *req)
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

static void on_hold(void *ctx, struct kith_req *req)
{
    struct server *s = ctx;
    s->held = req;
    s->held_n++;
}

static void on_broken(void *ctx, struct kith_req *req)
{
    (void)ctx;
    kith_req_problem(req, 500, "urn:ed-fi:api:system", "System Error", "It broke.");
}

static const struct kith_http_route routes[] = {
    {"POST", "/echo", on_echo}, {"GET", "/items/{id}", on_item}, {"POST", "/later", on_later},
    {"POST", "/hold", on_hold}, {"GET", "/broken", on_broken},   {0},
};
static const struct kith_http_route *const tables[] = {routes, NULL};

static void start_server(struct server *s, struct kith_http_opts opts)
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

static void stop_server(struct server *s)
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

static int connect_to(uint16_t port)
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

static bool send_all(int fd, const char *bytes, size_t n)
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

static int count_heads(const char *text)
{
    int n = 0;
    for (const char *at = strstr(text, "HTTP/1.1 "); at; at = strstr(at + 1, "HTTP/1.1 "))
        n += at[9] >= '1' && at[9] <= '5';
    return n;
}

/* Read until the end of the stream, or until `heads` answers with their bodies have come (0: only the end counts). */
static void read_reply(int fd, struct reply *r, int heads)
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
static void drip(int fd, const struct client *c)
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

static void *run_client(void *arg)
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

static void *run_crowd(void *arg)
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

static void on_done(void *ctx, int events)
{
    (void)events;
    *(bool *)ctx = true;
}

/* Turn the loop until all threads have ended. */
static void run_all(struct server *s, void *(*fn)(void *), void **args, size_t n)
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
    assert_ok(kith_loop_run_until(s->loop, &done, 20 * 1000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    kith_watch_free(watch);
    assert_int_equal(close(pipes[0]), 0);
    assert_int_equal(close(pipes[1]), 0);
}

static void run_one(struct server *s, struct client *c)
{
    c->port = s->port;
    void *args[] = {c};
    run_all(s, run_client, args, 1);
}

/* Send `bytes`, read to the end of the stream. The caller frees. */
static struct reply *talk(struct server *s, const char *bytes, size_t n)
{
    struct reply *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    struct client c = {.bytes = bytes, .n = n, .reply = r};
    run_one(s, &c);
    return r;
}

static void assert_refused(const char *name, const struct reply *r, int status)
{
    if (r->status != status || r->heads != 1 || !r->closed)
        fail_msg("%s: wanted one %d and the end, got %d answers, %d%s:\n%s", name, status, r->heads,
                 r->status, r->closed ? ", closed" : "", r->text);
}

static double requests(int status)
{
    char labels[32];
    (void)snprintf(labels, sizeof(labels), "code=\"%d\"", status);
    return kith_metric_value(
        kith_counter("kith_http_requests_total", "HTTP requests by status", labels));
}

/* ---- sound requests ---- */

static void assert_reply(struct server *s, const char *request, int status, const char *part)
{
    struct reply *r = talk(s, request, strlen(request));
    if (r->status != status || !strstr(r->text, part))
        fail_msg("%s\nwanted %d with \"%s\", got:\n%s", request, status, part, r->text);
    free(r);
}

#define CLOSE "Host: a\r\nConnection: close\r\n"

static void test_answers(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    assert_reply(&s, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello", 200,
                 "\r\n\r\nhello");
    assert_reply(&s, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 0\r\n\r\n", 200, "\r\n\r\n");
    assert_reply(&s,
                 "POST /echo HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                 200, "\r\n\r\nabcde");
    assert_reply(&s, "GET /items/a%2Fb%20c?p=1&q=x+y%26z HTTP/1.1\r\n" CLOSE "\r\n", 200,
                 "GET|a/b c|x y&z");
    assert_reply(&s, "GET /items/7 HTTP/1.1\r\n" CLOSE "\r\n", 200, "GET|7|-");
    assert_reply(&s, "GET /items/7 HTTP/1.0\r\n\r\n", 200, "GET|7|-");
    assert_reply(&s, "GET /items/7 HTTP/1.1\r\n" CLOSE "\r\n", 200, "X-Kind: item\r\n");
    assert_reply(&s, "GET /nothing HTTP/1.1\r\n" CLOSE "\r\n", 404, "urn:ed-fi:api:not-found");
    assert_reply(&s, "DELETE /items/7 HTTP/1.1\r\n" CLOSE "\r\n", 405, "Allow: GET, HEAD\r\n");
    assert_reply(&s, "GET /broken HTTP/1.1\r\n" CLOSE "\r\n", 500,
                 "\"detail\":\"It broke.\",\"type\":\"urn:ed-fi:api:system\",\"title\":"
                 "\"System Error\",\"status\":500,\"correlationId\":\"");
    assert_int_equal(kith_http_in_flight(s.http), 0);
    stop_server(&s);
}

static void test_head_and_bad_header(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    const char *request = "HEAD /items/7 HTTP/1.1\r\n" CLOSE "\r\n";
    struct reply *r = talk(&s, request, strlen(request));
    assert_int_equal(r->status, 200);
    assert_non_null(strstr(r->text, "Content-Length: 8\r\n"));
    assert_string_equal(r->text + r->n - 4, "\r\n\r\n"); /* no body */
    assert_null(strstr(r->text, "Set-Cookie"));
    free(r);
    stop_server(&s);
}

static void test_pipelined(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    double ok = requests(200);
    const char *request = "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                          "GET /items/two HTTP/1.1\r\nHost: a\r\n\r\n"
                          "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n"
                          "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nthree";
    struct reply *r = talk(&s, request, strlen(request));
    const char *one = strstr(r->text, "\r\n\r\none");
    const char *two = one ? strstr(one, "|two|") : NULL;
    const char *missing = two ? strstr(two, "HTTP/1.1 404") : NULL;
    assert_non_null(missing);
    assert_non_null(strstr(missing, "\r\n\r\nthree"));
    assert_int_equal(r->heads, 4);
    assert_true(r->closed);
    assert_int_equal((int)(requests(200) - ok), 2);
    free(r);
    stop_server(&s);
}

/* ---- framing: what http.h promises to refuse ---- */

struct probe {
    const char *name;
    const char *bytes;
    size_t n;
    int status;
};
#define PROBE(name, status, text)                                                                  \
    {                                                                                              \
        name, text, sizeof(text) - 1, status                                                       \
    }
#define POST "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define GET  "GET /items/1 HTTP/1.1\r\n"

static const struct probe probes[] = {
    PROBE("Content-Length and chunked", 400,
          POST "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
    PROBE("chunked and Content-Length", 400,
          POST "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
    PROBE("two differing Content-Lengths", 400,
          POST "Content-Length: 7\r\nContent-Length: 2\r\n\r\nabcdefg"),
    PROBE("two equal Content-Lengths", 400,
          POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
    PROBE("Content-Length list", 400, POST "Content-Length: 2, 2\r\n\r\nab"),
    PROBE("Content-Length +2", 400, POST "Content-Length: +2\r\n\r\nab"),
    PROBE("Content-Length -2", 400, POST "Content-Length: -2\r\n\r\nab"),
    PROBE("Content-Length 0x2", 400, POST "Content-Length: 0x2\r\n\r\nab"),
    PROBE("Content-Length 2abc", 400, POST "Content-Length: 2abc\r\n\r\nab"),
    PROBE("Content-Length empty", 400, POST "Content-Length:\r\n\r\nab"),
    PROBE("Content-Length beyond 64 bits", 413,
          POST "Content-Length: 99999999999999999999999\r\n\r\nab"),
    PROBE("blank before the colon", 400, POST "Content-Length : 2\r\n\r\nab"),
    PROBE("xchunked", 501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    PROBE("gzip, chunked", 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunked twice", 400,
          POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunked in HTTP/1.0", 400,
          "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunk size 0x2", 400, POST "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n"),
    PROBE("chunk size zz", 400, POST "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n"),
    PROBE("chunk longer than it says", 400,
          POST "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n"),
    PROBE("trailer field", 400,
          POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n"),
    PROBE("NUL in a value", 400, POST "Content-Length: 2\r\nX: a\0b\r\n\r\nab"),
    PROBE("NUL in a name", 400, POST "Content-Length: 2\r\nX\0Y: b\r\n\r\nab"),
    PROBE("NUL in the target", 400, "GET /items/1\0/2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("bare CR in a value", 400, POST "Content-Length: 2\r\nX: a\rb\r\n\r\nab"),
    PROBE("bare CR in the target", 400, "GET /items/1\r2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("control byte in a value", 400, POST "Content-Length: 2\r\nX: a\001b\r\n\r\nab"),
    PROBE("DEL in a value", 400, POST "Content-Length: 2\r\nX: a\177b\r\n\r\nab"),
    PROBE("bare LF line ends", 400, "POST /echo HTTP/1.1\nHost: a\nContent-Length: 2\n\nab"),
    PROBE("one bare LF", 400, POST "X: y\nContent-Length: 2\r\n\r\nab"),
    PROBE("folded line", 400, POST "X: y\r\n z\r\nContent-Length: 2\r\n\r\nab"),
    PROBE("folded first line", 400, "GET /items/1 HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"),
    PROBE("header without colon", 400, GET "Host: a\r\nnonsense\r\n\r\n"),
    PROBE("header without name", 400, GET "Host: a\r\n: x\r\n\r\n"),
    PROBE("no Host", 400, GET "\r\n"),
    PROBE("two Hosts", 400, GET "Host: a\r\nHost: a\r\n\r\n"),
    PROBE("empty Host", 400, GET "Host:\r\n\r\n"),
    PROBE("Host with a path", 400, GET "Host: a/b\r\n\r\n"),
    PROBE("two blanks in the request line", 400, "GET  /items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("blank in the target", 400, "GET /items/1 2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("target without slash", 400, "GET items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("absolute target", 400, "GET http://a/items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("raw UTF-8 in the target", 400, "GET /items/\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("encoded NUL", 400, "GET /items/a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("encoded NUL in the query", 400, "GET /items/a?q=%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escape %zz", 400, "GET /items/%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escape cut short", 400, "GET /items/1?q=%2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escapes not UTF-8", 400, "GET /items/%ff HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("bad method", 400, "G(T /items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("HTTP/1.2", 505, "GET /items/1 HTTP/1.2\r\nHost: a\r\n\r\n"),
    PROBE("HTTP/2.0", 505, "GET /items/1 HTTP/2.0\r\nHost: a\r\n\r\n"),
    PROBE("no version", 400, "GET /items/1\r\nHost: a\r\n\r\n"),
    PROBE("no length", 411, POST "\r\n"),
    PROBE("too long by Content-Length", 413, POST "Content-Length: 65537\r\n\r\nab"),
};

static void test_probes(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.body_max = BODY_MAX});
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        const struct probe *p = &probes[i];
        double before = requests(p->status);
        struct reply *r = talk(&s, p->bytes, p->n);
        assert_refused(p->name, r, p->status);
        if (requests(p->status) - before != 1)
            fail_msg("%s: counted %g times", p->name, requests(p->status) - before);
        free(r);
    }
    assert_int_equal(s.handled, 0);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    assert_reply(&s, "GET /items/7 HTTP/1.1\r\n" CLOSE "\r\n", 200, "GET|7|-"); /* it lives */
    stop_server(&s);
}

/* ---- sizes ---- */

/* `head`, then `n` bytes of filling, then `tail`. The caller frees. */
static char *filled(const char *head, size_t n, const char *tail, size_t *ret_n)
{
    size_t head_n = strlen(head);
    size_t tail_n = strlen(tail);
    char *text = malloc(head_n + n + tail_n);
    assert_non_null(text);
    memcpy(text, head, head_n);
    memset(text + head_n, 'x', n);
    memcpy(text + head_n + n, tail, tail_n);
    *ret_n = head_n + n + tail_n;
    return text;
}

static void check_size(struct server *s, const char *name, int status, const char *head, size_t n,
                       const char *tail)
{
    size_t total;
    char *text = filled(head, n, tail, &total);
    struct reply *r = talk(s, text, total);
    if (status < 300)
        assert_int_equal(r->status, status);
    else
        assert_refused(name, r, status);
    free(r);
    free(text);
}

static void test_sizes(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.body_max = BODY_MAX});
    check_size(&s, "15 KB field", 200, "GET /items/1 HTTP/1.1\r\n" CLOSE "X: ", 15000, "\r\n\r\n");
    check_size(&s, "17 KB field", 431, "GET /items/1 HTTP/1.1\r\n" CLOSE "X: ", 17000, "\r\n\r\n");
    check_size(&s, "100 KB field", 431, "GET /items/1 HTTP/1.1\r\n" CLOSE "X: ", 102400,
               "\r\n\r\n");
    check_size(&s, "100 KB target", 414, "GET /items/", 102400, " HTTP/1.1\r\n" CLOSE "\r\n");
    check_size(&s, "body of the limit", 200,
               "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 65536\r\n\r\n", 65536, "");
    /* the client sends all 4 MB before it reads */
    check_size(&s, "4 MB by Content-Length", 413,
               "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 4194304\r\n\r\n", 4194304, "");
    check_size(&s, "4 MB in one chunk", 413,
               "POST /echo HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n400000\r\n",
               4194304, "\r\n0\r\n\r\n");
    check_size(&s, "body of nowhere too long", 413,
               "POST /nowhere HTTP/1.1\r\n" CLOSE "Content-Length: 65537\r\n\r\n", 65537, "");
    assert_int_equal(s.handled, 2);
    stop_server(&s);
}

static void test_many_fields(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    char text[4096] = "GET /items/1 HTTP/1.1\r\n" CLOSE;
    for (int i = 0; i < 99; i++)
        strcat(text, "X: y\r\n");
    strcat(text, "\r\n");
    struct reply *r = talk(&s, text, strlen(text));
    assert_refused("101 fields", r, 431);
    free(r);
    stop_server(&s);
}

/* ---- deadlines ---- */

static void test_deadlines(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){
                         .head_ms = DEADLINE_MS, .body_ms = DEADLINE_MS, .idle_ms = DEADLINE_MS});
    const char *get = "GET /items/1 HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
    const char *post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
    const char *chunk = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const char *sound = "GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct {
        struct client client;
        int status; /* 0 = closed without a word */
    } cases[] = {
        {{.bytes = get, .n = strlen(get), .pause_ms = 100}, 408},
        {{.before = sound, .bytes = get, .n = strlen(get), .pause_ms = 100}, 408},
        {{.begin = post, .bytes = get, .n = strlen(get), .pause_ms = 100}, 408},
        {{.begin = chunk, .bytes = "1\r\na\r\n1\r\na\r\n", .n = 12, .pause_ms = 100}, 408},
        {{.bytes = "", .n = 0}, 0},
        {{.before = sound, .bytes = "", .n = 0}, 0},
    };
    void *args[sizeof(cases) / sizeof(cases[0])];
    size_t n = sizeof(cases) / sizeof(cases[0]);
    for (size_t i = 0; i < n; i++) {
        cases[i].client.port = s.port;
        cases[i].client.reply = calloc(1, sizeof(struct reply));
        assert_non_null(cases[i].client.reply);
        args[i] = &cases[i].client;
    }
    run_all(&s, run_client, args, n);
    for (size_t i = 0; i < n; i++) {
        struct reply *r = cases[i].client.reply;
        if (!r->closed || r->status != cases[i].status || r->took_ms < DEADLINE_MS - 200 ||
            r->took_ms > DEADLINE_MS + 1000)
            fail_msg("case %zu: status %d, closed %d, after %lld ms:\n%s", i, r->status, r->closed,
                     (long long)r->took_ms, r->text);
        free(r);
    }
    assert_int_equal(kith_http_in_flight(s.http), 0);
    stop_server(&s);
}

/* ---- deferred answers ---- */

#define MANY     64
#define REQUESTS 10

static void *run_many(void *arg)
{
    struct client *c = arg;
    int fd = connect_to(c->port);
    for (int i = 0; i < REQUESTS; i++) {
        char request[256];
        char body[32];
        int body_n = snprintf(body, sizeof(body), "%p-%d", arg, i);
        int n = snprintf(request, sizeof(request),
                         "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", body_n,
                         body);
        struct reply *r = calloc(1, sizeof(*r));
        if (!send_all(fd, request, (size_t)n))
            abort();
        while (!strstr(r->text, body)) {
            ssize_t got = recv(fd, r->text + r->n, sizeof(r->text) - 1 - r->n, 0);
            if (got <= 0)
                break;
            r->n += (size_t)got;
        }
        c->reply->heads += strstr(r->text, "HTTP/1.1 201") && strstr(r->text, body);
        free(r);
    }
    (void)close(fd);
    return NULL;
}

static void test_deferred(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    struct client clients[MANY];
    void *args[MANY];
    struct reply *replies = calloc(MANY, sizeof(*replies));
    assert_non_null(replies);
    for (size_t i = 0; i < MANY; i++) {
        clients[i] = (struct client){.port = s.port, .reply = &replies[i]};
        args[i] = &clients[i];
    }
    run_all(&s, run_many, args, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(replies[i].heads, REQUESTS);
    assert_int_equal(s.handled, MANY * REQUESTS);
    assert_int_equal(s.delayed, 0);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    free(replies);
    stop_server(&s);
}

/* Turn the loop until `*n` is at least `wanted`. */
static void wait_for(struct server *s, const unsigned *n, unsigned wanted)
{
    bool never = false;
    for (int i = 0; i < 500 && *n < wanted; i++)
        assert_err(kith_loop_run_until(s->loop, &never, 10), KITH_ETIMEOUT);
    assert_true(*n >= wanted);
}

static void wait_connections(struct server *s, double wanted)
{
    struct kith_metric *gauge = kith_gauge("kith_http_connections", "Open HTTP connections", "");
    bool never = false;
    for (int i = 0; i < 500 && kith_metric_value(gauge) != wanted; i++)
        assert_err(kith_loop_run_until(s->loop, &never, 10), KITH_ETIMEOUT);
    assert_true(kith_metric_value(gauge) == wanted);
}

static int send_hold(struct server *s)
{
    const char *request = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
    unsigned before = s->held_n;
    int fd = connect_to(s->port);
    assert_true(send_all(fd, request, strlen(request)));
    wait_for(s, &s->held_n, before + 1);
    return fd;
}

static void test_client_vanishes(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    int fd = send_hold(&s);
    assert_int_equal(kith_http_in_flight(s.http), 1);
    struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    assert_int_equal(close(fd), 0);
    size_t n;
    assert_string_equal(kith_req_body(s.held, &n), "ab");
    assert_string_equal(kith_req_header(s.held, "host"), "a");
    kith_req_reply(s.held, 200, NULL, "ok", 2);
    wait_connections(&s, 0);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    stop_server(&s);
}

static void test_freed_while_held(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    int fd = send_hold(&s);
    kith_http_free(s.http);
    s.http = NULL;
    assert_string_equal(kith_req_method(s.held), "POST");
    assert_null(kith_req_header(s.held, "host"));
    kith_req_reply(s.held, 200, NULL, NULL, 0); /* nobody hears it, nothing leaks */
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    assert_int_equal(close(fd), 0);
    stop_server(&s);
}

static void test_drain(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    const char *get = "GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct reply *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    int held = send_hold(&s);
    int kept = connect_to(s.port);
    assert_true(send_all(kept, get, strlen(get)));
    wait_for(&s, &s.handled, 1);
    read_reply(kept, r, 1);
    assert_int_equal(r->status, 200);

    kith_http_drain(s.http);
    assert_int_equal(kith_http_in_flight(s.http), 1);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(s.port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(late, (struct sockaddr *)&at, sizeof(at)), -1);
    assert_int_equal(errno, ECONNREFUSED);

    assert_true(send_all(kept, get, strlen(get)));
    kith_req_reply(s.held, 200, "text/plain", "held", 4);
    bool never = false;
    assert_err(kith_loop_run_until(s.loop, &never, 50), KITH_ETIMEOUT);
    *r = (struct reply){0};
    read_reply(kept, r, 0);
    assert_refused("while draining", r, 503);
    assert_non_null(strstr(r->text, "Retry-After: "));
    assert_int_equal(s.handled, 1);
    *r = (struct reply){0};
    read_reply(held, r, 0);
    assert_int_equal(r->status, 200);
    assert_non_null(strstr(r->text, "Connection: close\r\n"));
    assert_true(r->closed);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    assert_int_equal(close(late) | close(kept) | close(held), 0);
    free(r);
    stop_server(&s);
}

/* ---- caps ---- */

static void test_connection_caps(void **state)
{
    (void)state;
    const struct kith_http_opts caps[] = {{.max_connections = 3}, {.max_per_peer = 3}};
    for (size_t i = 0; i < 2; i++) {
        struct server s;
        start_server(&s, caps[i]);
        int fds[3];
        for (size_t k = 0; k < 3; k++)
            fds[k] = connect_to(s.port);
        wait_connections(&s, 3);
        struct reply *r = talk(&s, "", 0);
        assert_refused("one too many", r, 503);
        assert_non_null(strstr(r->text, "Retry-After: "));
        free(r);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(close(fds[k]), 0);
        wait_connections(&s, 0);
        assert_reply(&s, "GET /items/7 HTTP/1.1\r\n" CLOSE "\r\n", 200, "GET|7|-");
        stop_server(&s);
    }
}

static void test_bad_address(void **state)
{
    (void)state;
    const char *bad[] = {"",      "127.0.0.1", "127.0.0.1:",   "127.0.0.1:x", "127.0.0.1:70000",
                         "[::1]", "[::1:80",   "localhost:80", ":80",         "1.2.3:80"};
    struct kith_loop *loop;
    assert_ok(kith_loop_new(&loop));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kith_http *http = NULL;
        struct kith_why why = {""};
        struct kith_http_opts opts = {.listen = bad[i], .routes = tables};
        assert_err(kith_http_new(loop, &opts, &http, &why), KITH_ECONFIG);
        assert_null(http);
        assert_non_null(strstr(why.text, "not an address"));
    }
    kith_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),         cmocka_unit_test(test_head_and_bad_header),
        cmocka_unit_test(test_pipelined),       cmocka_unit_test(test_probes),
        cmocka_unit_test(test_sizes),           cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_deadlines),       cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_client_vanishes), cmocka_unit_test(test_freed_while_held),
        cmocka_unit_test(test_drain),           cmocka_unit_test(test_connection_caps),
        cmocka_unit_test(test_bad_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
