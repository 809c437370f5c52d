/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server answers, at once, later, and while it drains. */
#include <errno.h>
#include <sys/resource.h>

#include "http_server.h"

/* ---- sound requests ---- */

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
    assert_true(missing && strstr(missing, "\r\n\r\nthree"));
    assert_int_equal(r->heads, 4);
    assert_true(r->closed);
    assert_int_equal((int)(requests(200) - ok), 2);
    free(r);
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

/* ---- clients that behave oddly ---- */

/* Read on until `part` has come; the server's loop turns between. */
static void expect_part(struct server *s, int fd, const char *part)
{
    char text[4096] = "";
    size_t n = 0;
    bool never = false;
    for (int i = 0; i < 500 && !strstr(text, part); i++) {
        assert_err(kith_loop_run_until(s->loop, &never, 5), KITH_ETIMEOUT);
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
        text[n] = '\0';
    }
    if (!strstr(text, part))
        fail_msg("wanted \"%s\", got:\n%s", part, text);
}

static void test_expect_continue(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.body_max = 10});
    const char *head = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                       "Content-Length: 5\r\n\r\n";
    int fd = connect_to(s.port);
    assert_true(send_all(fd, head, strlen(head)));
    expect_part(&s, fd, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_true(send_all(fd, "hello", 5));
    expect_part(&s, fd, "\r\n\r\nhello");
    assert_int_equal(close(fd), 0);
    assert_reply(&s,
                 "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                 "Content-Length: 50\r\n\r\n",
                 413, "\"status\":413"); /* and no 100 before it: assert_reply looks at the first */
    stop_server(&s);
}

static void test_file_body(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.body_max = 10});
#define PUT(key) "PUT /file HTTP/1.1\r\nHost: a\r\nX-Key: " key "\r\n"
    assert_reply(&s, PUT("good") "Content-Length: 20\r\n\r\n0123456789012345678!", 200,
                 "\r\n\r\n20|!");
    assert_reply(&s,
                 PUT("good") "Transfer-Encoding: chunked\r\n\r\n"
                             "b\r\n0123456789a\r\n3\r\nxyz\r\n0\r\n\r\n",
                 200, "\r\n\r\n14|z");
    assert_reply(&s, PUT("good") "Content-Length: 0\r\n\r\n", 200, "\r\n\r\n0|-");
    assert_int_equal(s.files, 3);
    /* refused by the head alone: nothing is opened for strangers, nor for what is too large */
    assert_reply(&s, PUT("bad") "Content-Length: 20\r\n\r\n", 401, "Who are you?");
    assert_reply(&s, PUT("good") "Content-Length: 100001\r\n\r\n", 413, "\"status\":413");
    assert_int_equal(s.files, 3);
    char *large = calloc(1, 101000);
    assert_non_null(large);
    int n = snprintf(large, 200, PUT("good") "Transfer-Encoding: chunked\r\n\r\n186a1\r\n");
    memset(large + n, 'x', 100001);
    memcpy(large + n + 100001 - 1, "x\r\n", 4);
    assert_reply(&s, large, 413, "\"status\":413");
    free(large);
    assert_int_equal(s.handled, 3);
    stop_server(&s);
}

static void test_half_closed(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    int fd = send_hold(&s);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    kith_req_reply(s.held, 200, NULL, "still here", 10);
    expect_part(&s, fd, "\r\n\r\nstill here");
    wait_connections(&s, 0);
    assert_int_equal(close(fd), 0);
    stop_server(&s);
}

static void test_aborted_body(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    const char *part = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    int fd = connect_to(s.port);
    assert_true(send_all(fd, part, strlen(part)));
    bool never = false;
    for (int i = 0; i < 500 && kith_http_in_flight(s.http) == 0; i++)
        assert_err(kith_loop_run_until(s.loop, &never, 5), KITH_ETIMEOUT);
    assert_int_equal(kith_http_in_flight(s.http), 1);
    assert_int_equal(close(fd), 0);
    wait_connections(&s, 0);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    assert_int_equal(s.handled, 0);
    stop_server(&s);
}

/* The last bytes and the end in one: what is whole is answered, and nothing stays behind until a deadline. */
static void test_bytes_and_end_together(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.idle_ms = 400}); /* sweeps four times as often */
    const char *cases[] = {
        "GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /items/1 HTTP/1.1\r\nHos",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel",
        "",
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        int fd = connect_to(s.port);
        assert_true(send_all(fd, cases[i], strlen(cases[i])));
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        if (i == 0)
            expect_part(&s, fd, "GET|1|-");
        char byte;
        bool never = false;
        for (int turn = 0; turn < 500 && recv(fd, &byte, 1, MSG_DONTWAIT) != 0; turn++)
            assert_err(kith_loop_run_until(s.loop, &never, 10), KITH_ETIMEOUT);
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0); /* the server's end */
        wait_connections(&s, 0);
        assert_int_equal(close(fd), 0);
    }
    assert_int_equal(kith_http_in_flight(s.http), 0);
    stop_server(&s);
}

/* A client that asks and does not read is cut, as one that does not write is. */
static void test_slow_reader(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.idle_ms = 200});
    const char *get = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd = connect_to(s.port);
    assert_true(send_all(fd, get, strlen(get)));
    wait_connections(&s, 1);
    wait_connections(&s, 0);
    assert_int_equal(kith_http_in_flight(s.http), 0);
    assert_int_equal(close(fd), 0);
    stop_server(&s);
}

static void test_freed_by_handler(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    const char *get = "GET /free HTTP/1.1\r\nHost: a\r\n\r\n";
    int held = send_hold(&s);
    struct reply *r = talk(&s, get, strlen(get));
    assert_int_equal(s.handled, 1);
    assert_true(r->closed);
    free(r);
    kith_req_reply(s.held, 200, NULL, NULL, 0);
    assert_int_equal(close(held), 0);
    stop_server(&s);
}

/* Without descriptors the server neither spins nor forgets who waits. */
static void test_out_of_descriptors(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){0});
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = connect_to(s.port);
    int lowest = dup(fd);
    assert_true(lowest >= 0);
    assert_int_equal(close(lowest), 0);
    struct rlimit none = {.rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int64_t cpu = clock();
    bool never = false;
    assert_err(kith_loop_run_until(s.loop, &never, 300), KITH_ETIMEOUT);
    cpu = clock() - cpu;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(cpu < CLOCKS_PER_SEC / 10);
    wait_connections(&s, 1);
    assert_int_equal(close(fd), 0);
    stop_server(&s);
}

static void test_ipv6(void **state)
{
    (void)state;
    struct kith_loop *loop;
    struct kith_http *http = NULL;
    struct kith_why why = {""};
    assert_ok(kith_loop_new(&loop));
    struct kith_http_opts opts = {.listen = "[::1]:0", .routes = tables};
    kith_err err = kith_http_new(loop, &opts, &http, &why);
    if (err == KITH_EIO) {
        print_message("no IPv6 here: %s\n", why.text);
    } else {
        assert_ok(err);
        assert_int_equal(strncmp(kith_http_address(http), "[::1]:", 6), 0);
        struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        at.sin6_port = htons((uint16_t)atoi(kith_http_address(http) + 6));
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
        struct server s = {.loop = loop};
        wait_connections(&s, 1);
        assert_int_equal(close(fd), 0);
        wait_connections(&s, 0);
    }
    kith_http_free(http);
    kith_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_head_and_bad_header),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_client_vanishes),
        cmocka_unit_test(test_freed_while_held),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_file_body),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_aborted_body),
        cmocka_unit_test(test_bytes_and_end_together),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_freed_by_handler),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
