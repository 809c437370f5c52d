/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server refuses: the client reads one 4xx and then the end. */
#include "http_probes.h"
#include "http_server.h"

#define DEADLINE_MS 500

/* ---- framing: what http.h promises to refuse ---- */

static void test_probes(void **state)
{
    (void)state;
    struct server s;
    start_server(&s, (struct kith_http_opts){.body_max = PROBE_BODY_MAX});
    for (size_t i = 0; i < KITH_LEN(http_probes); i++) {
        const struct http_probe *p = &http_probes[i];
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
    size_t room = strlen(head) + n + strlen(tail) + 1;
    char *text = malloc(room);
    if (!text)
        abort();
    int head_n = snprintf(text, room, "%s", head);
    memset(text + head_n, 'x', n);
    (void)snprintf(text + head_n + n, room - (size_t)head_n - n, "%s", tail);
    *ret_n = room - 1;
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
    start_server(&s, (struct kith_http_opts){.body_max = PROBE_BODY_MAX});
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
    char text[4096];
    int n = snprintf(text, sizeof(text), "GET /items/1 HTTP/1.1\r\n" CLOSE);
    for (int i = 0; i < 99; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "X: y\r\n");
    n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
    struct reply *r = talk(&s, text, (size_t)n);
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
        cmocka_unit_test(test_probes),          cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many_fields),     cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_connection_caps), cmocka_unit_test(test_bad_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
