/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends for the test of a proxy in front of the HTTP server:
 *   http_e2e serve [ADDRESS]   a server with a few routes; prints its address; SIGTERM ends it
 *   http_e2e probe PORT        sends every broken request to 127.0.0.1:PORT; prints "STATUS TAB WHO TAB NAME": STATUS 0 is an end
 *                              without an answer; WHO is "kith" when the server's own problem document came, "front" when something
 *                              else, "passed" when it was served
 *   http_e2e drip PORT head|body SECONDS
 *                              sends a byte every 100 ms; prints "refused" or, after SECONDS, "alive" */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_probes.h"
#include "kith/clock.h"
#include "kith/http.h"
#include "kith/loop.h"
#include "kith/metrics.h"

/* ---- serve ---- */

static void on_echo(void *ctx, struct kith_req *req)
{
    (void)ctx;
    size_t n;
    const char *body = kith_req_body(req, &n);
    kith_req_reply(req, 200, "text/plain", body, n);
}

static void on_item(void *ctx, struct kith_req *req)
{
    (void)ctx;
    const char *id = kith_req_param(req, 0);
    kith_req_reply(req, 200, "text/plain", id, strlen(id));
}

static void on_metrics(void *ctx, struct kith_req *req)
{
    (void)ctx;
    char *text;
    size_t n;
    if (kith_metrics_text(&text, &n) != KITH_OK)
        abort();
    kith_req_reply(req, 200, "text/plain", text, n);
    free(text);
}

/* Answers of one turn are given together at its end, as after a database's commit. */
static struct kith_req *waiting[4096];
static size_t waiting_n;

static void answer_waiting(void *ctx)
{
    (void)ctx;
    size_t n = waiting_n;
    waiting_n = 0;
    for (size_t i = 0; i < n; i++)
        kith_req_reply(waiting[i], 201, NULL, NULL, 0);
}

static void on_commit(void *ctx, struct kith_req *req)
{
    struct kith_loop *loop = ctx;
    if (waiting_n == sizeof(waiting) / sizeof(waiting[0]) ||
        (waiting_n == 0 && kith_loop_defer(loop, answer_waiting, NULL) != KITH_OK))
        abort();
    kith_req_add_header(req, "Location", "/items/1");
    waiting[waiting_n++] = req;
}

static void on_stop(void *ctx)
{
    kith_loop_stop(ctx);
}

static int serve(const char *address)
{
    static const struct kith_http_route routes[] = {
        {"POST", "/echo", on_echo},
        {"GET", "/items/{id}", on_item},
        {"POST", "/commit", on_commit},
        {"GET", "/metrics", on_metrics},
        {"GET", "/healthz", on_metrics},
        {"GET", "/readyz", on_metrics},
        {0},
    };
    static const struct kith_http_route *const tables[] = {routes, NULL};
    struct kith_loop *loop;
    struct kith_http *http;
    struct kith_why why = {""};
    if (kith_loop_new(&loop) != KITH_OK)
        return 1;
    void *const ctxs[] = {loop};
    struct kith_http_opts opts = {
        .listen = address, .routes = tables, .ctxs = ctxs, .body_max = PROBE_BODY_MAX};
    if (kith_http_new(loop, &opts, &http, &why) != KITH_OK ||
        kith_loop_on_signal(loop, SIGTERM, on_stop, loop) != KITH_OK) {
        (void)fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    (void)printf("%s\n", kith_http_address(http));
    (void)fflush(stdout);
    kith_loop_run(loop);
    kith_http_free(http);
    kith_loop_free(loop);
    return 0;
}

/* ---- probe ---- */

static int connect_to(const char *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval limit = {.tv_sec = 3};
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

/* Are head and body of an answer all there? */
static bool is_whole(const char *text, size_t n)
{
    const char *body = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    return body && length && length < body &&
           n >= (size_t)(body + 4 - text) + strtoul(length + 17, NULL, 10);
}

/* Send, then read an answer, or to the end. */
static void probe_one(const char *port, const char *name, const char *bytes, size_t n)
{
    static char text[65536];
    int fd = connect_to(port);
    size_t length = 0;
    for (ssize_t sent; n > 0; bytes += sent, n -= (size_t)sent) {
        sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            break; /* it may refuse before the end */
    }
    for (;;) {
        ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
        text[length] = '\0';
        if (is_whole(text, length))
            break;
    }
    text[length] = '\0';
    (void)close(fd);
    long status = length > 12 ? strtol(text + 9, NULL, 10) : 0;
    const char *who = status >= 200 && status < 300       ? "passed"
                      : strstr(text, "\"correlationId\"") ? "kith"
                                                          : "front";
    (void)printf("%ld\t%s\t%s\n", status, who, name);
}

static int probe(const char *port)
{
    for (size_t i = 0; i < sizeof(http_probes) / sizeof(http_probes[0]); i++)
        probe_one(port, http_probes[i].name, http_probes[i].bytes, http_probes[i].n);
    static char large[102400 + 128];
    int n = snprintf(large, sizeof(large), "GET /items/1 HTTP/1.1\r\nHost: a\r\nX: %0102400d", 0);
    probe_one(port, "100 KB field", large, (size_t)n);
    n = snprintf(large, sizeof(large),
                 "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "18f9c\r\n%0102300d\r\n0\r\n\r\n",
                 0);
    probe_one(port, "100 KB in chunks", large, (size_t)n);
    return 0;
}

/* ---- drip ---- */

static int drip(const char *port, const char *where, int64_t seconds)
{
    int fd = connect_to(port);
    const char *head = strcmp(where, "body") == 0
                           ? "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"
                           : "GET /items/1 HTTP/1.1\r\nHost: a\r\nX: ";
    if (send(fd, head, strlen(head), MSG_NOSIGNAL) < 0)
        return 1;
    int64_t end_ms = kith_clock_mono_ms() + seconds * 1000;
    const char *state = "alive";
    while (kith_clock_mono_ms() < end_ms) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (send(fd, "x", 1, MSG_NOSIGNAL) != 1 || poll(&ready, 1, 100) != 0) {
            state = "refused";
            break;
        }
    }
    (void)printf("%s\n", state);
    (void)close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "serve") == 0)
        return serve(argc > 2 ? argv[2] : "127.0.0.1:0");
    if (argc == 3 && strcmp(argv[1], "probe") == 0)
        return probe(argv[2]);
    if (argc == 5 && strcmp(argv[1], "drip") == 0)
        return drip(argv[2], argv[3], strtol(argv[4], NULL, 10));
    (void)fprintf(stderr, "usage: http_e2e serve [ADDRESS] | probe PORT | drip PORT head|body S\n");
    return 2;
}
