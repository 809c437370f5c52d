/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/curl.h"

/* A tiny HTTP server in a thread of its own: GET /slow never gets an answer, /close ends the connection without one, any other path
 * gives itself back. Connections are kept. */
struct server {
    pthread_t thread;
    int listener;
    unsigned short port;
    int stop[2];
    atomic_int accepted;
    atomic_int open;
    atomic_int open_max;
};

#define CONNECTIONS_MAX 64

static void answer(int fd, const char *path)
{
    char head[256];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(path), path);
    (void)send(fd, head, (size_t)n, MSG_NOSIGNAL);
}

/* One request of a client that waits for each answer. Returns whether the connection stays. */
static bool serve(int fd)
{
    char request[4096];
    ssize_t n = recv(fd, request, sizeof(request) - 1, 0);
    if (n <= 0)
        return false;
    request[n] = '\0';
    char path[200];
    if (sscanf(request, "GET %199s ", path) != 1 || strcmp(path, "/close") == 0)
        return false;
    if (strcmp(path, "/slow") != 0)
        answer(fd, path);
    return true;
}

static void accept_one(struct server *s, struct pollfd *fds)
{
    int fd = accept(s->listener, NULL, NULL);
    for (int i = 2; i < CONNECTIONS_MAX && fd >= 0; i++) {
        if (fds[i].fd < 0) {
            fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
            s->accepted++;
            int open = ++s->open;
            if (open > s->open_max)
                s->open_max = open;
            return;
        }
    }
    (void)close(fd);
}

static void *run_server(void *ctx)
{
    struct server *s = ctx;
    struct pollfd fds[CONNECTIONS_MAX];
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        fds[i] = (struct pollfd){.fd = -1};
    fds[0] = (struct pollfd){.fd = s->stop[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    while (poll(fds, CONNECTIONS_MAX, -1) > 0 && !fds[0].revents) {
        for (int i = 2; i < CONNECTIONS_MAX; i++) {
            if (fds[i].fd >= 0 && fds[i].revents && !serve(fds[i].fd)) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
                s->open--;
            }
        }
        if (fds[1].revents)
            accept_one(s, fds);
    }
    for (int i = 2; i < CONNECTIONS_MAX; i++)
        if (fds[i].fd >= 0)
            (void)close(fds[i].fd);
    return NULL;
}

static int start_server(struct server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(s->stop) != 0 || bind(s->listener, (struct sockaddr *)&address, n) != 0 ||
        listen(s->listener, 64) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &n) != 0)
        return -1;
    s->port = ntohs(address.sin_port);
    return pthread_create(&s->thread, NULL, run_server, s);
}

static void stop_server(struct server *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->stop[0]);
    (void)close(s->stop[1]);
    (void)close(s->listener);
}

struct fixture {
    struct server server;
    struct kith_loop *loop;
    struct kith_curl *curl;
    int ended;
    int until;
    int good;
    CURLcode code;
    bool inside; /* kith_curl_start is running */
    bool done;
};

struct fetch {
    struct fixture *fixture;
    char url[128];
    char body[128];
    size_t n;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || start_server(&f->server) != 0 || kith_loop_new(&f->loop) != KITH_OK ||
        kith_curl_new(f->loop, 2, &f->curl) != KITH_OK)
        return -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_curl_free(f->curl);
    kith_loop_free(f->loop);
    stop_server(&f->server);
    free(f);
    return 0;
}

static size_t keep_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct fetch *fetch = ctx;
    assert_true(fetch->n + size * n < sizeof(fetch->body));
    memcpy(fetch->body + fetch->n, bytes, size * n);
    fetch->n += size * n;
    return size * n;
}

static CURL *prepare(struct fixture *f, struct fetch *fetch, const char *path)
{
    *fetch = (struct fetch){.fixture = f};
    (void)snprintf(fetch->url, sizeof(fetch->url), "http://127.0.0.1:%u%s", f->server.port, path);
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    (void)curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    return easy;
}

static void on_done(void *ctx, CURL *easy, CURLcode code)
{
    struct fetch *fetch = ctx;
    struct fixture *f = fetch->fixture;
    assert_false(f->inside);
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    const char *path = strchr(fetch->url + sizeof("http://"), '/');
    if (code == CURLE_OK && status == 200 && strcmp(fetch->body, path) == 0)
        f->good++;
    f->code = code;
    f->ended++;
    f->done = f->ended >= f->until;
    curl_easy_cleanup(easy);
}

static void start(struct fixture *f, CURL *easy, kith_curl_done_fn done, struct fetch *fetch)
{
    f->inside = true;
    assert_ok(kith_curl_start(f->curl, easy, done, fetch));
    f->inside = false;
}

static void a_transfer_ends_with_its_body(void **state)
{
    struct fixture *f = *state;
    struct fetch fetch;
    start(f, prepare(f, &fetch, "/hello"), on_done, &fetch);
    assert_int_equal(kith_curl_running(f->curl), 1);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->good, 1);
    assert_int_equal(kith_curl_running(f->curl), 0);
}

static void many_transfers_share_few_connections(void **state)
{
    struct fixture *f = *state;
    enum { N = 200 };
    struct fetch *fetches = calloc(N, sizeof(*fetches));
    assert_non_null(fetches);
    f->until = N;
    for (int i = 0; i < N; i++) {
        char path[16];
        (void)snprintf(path, sizeof(path), "/%d", i);
        start(f, prepare(f, &fetches[i], path), on_done, &fetches[i]);
    }
    assert_int_equal(kith_curl_running(f->curl), N);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 20000));
    assert_int_equal(f->good, N);
    assert_int_equal(f->server.accepted, 2); /* kept and used again */
    assert_int_equal(f->server.open_max, 2);
    free(fetches);
}

static void on_done_start_next(void *ctx, CURL *easy, CURLcode code)
{
    struct fetch *fetch = ctx;
    struct fixture *f = fetch->fixture;
    on_done(ctx, easy, code);
    if (!f->done)
        start(f, prepare(f, fetch, "/next"), on_done_start_next, fetch);
}

static void done_may_start_the_next_on_the_same_connection(void **state)
{
    struct fixture *f = *state;
    struct fetch fetch;
    f->until = 20;
    start(f, prepare(f, &fetch, "/first"), on_done_start_next, &fetch);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 10000));
    assert_int_equal(f->good, 20);
    assert_int_equal(f->server.accepted, 1);
}

static void failures_are_told(void **state)
{
    struct fixture *f = *state;
    struct fetch fetch;
    start(f, prepare(f, &fetch, "/close"), on_done, &fetch);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->code, CURLE_GOT_NOTHING);

    f->done = false;
    CURL *easy = prepare(f, &fetch, "/slow");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 100L);
    int64_t before_ms = kith_clock_mono_ms();
    start(f, easy, on_done, &fetch);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->code, CURLE_OPERATION_TIMEDOUT);
    assert_true(kith_clock_mono_ms() - before_ms >= 99);

    f->done = false;
    easy = prepare(f, &fetch, "/");
    (void)curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/"); /* nobody listens there */
    start(f, easy, on_done, &fetch);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->code, CURLE_COULDNT_CONNECT);

    f->done = false;
    easy = prepare(f, &fetch, "/");
    (void)curl_easy_setopt(easy, CURLOPT_URL, "gibberish://x/");
    start(f, easy, on_done, &fetch);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->code, CURLE_UNSUPPORTED_PROTOCOL);
    assert_int_equal(f->good, 0);
}

static void the_loop_stays_free_while_a_server_is_slow(void **state)
{
    struct fixture *f = *state;
    struct fetch slow;
    struct fetch quick;
    start(f, prepare(f, &slow, "/slow"), on_done, &slow);
    start(f, prepare(f, &quick, "/quick"), on_done, &quick);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->good, 1);
    assert_int_equal(kith_curl_running(f->curl), 1); /* teardown drops it without done */
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
}

static void free_all(void *ctx, CURL *easy, CURLcode code)
{
    struct fetch *fetch = ctx;
    struct fixture *f = fetch->fixture;
    on_done(ctx, easy, code);
    kith_curl_free(KITH_TAKE(f->curl));
}

static void done_may_free_everything(void **state)
{
    struct fixture *f = *state;
    struct fetch slow;
    struct fetch quick;
    start(f, prepare(f, &slow, "/slow"), on_done, &slow);
    start(f, prepare(f, &quick, "/quick"), free_all, &quick);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_int_equal(f->ended, 1);
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
    assert_int_equal(f->ended, 1);
}

static void freed_before_it_ran(void **state)
{
    struct fixture *f = *state;
    struct fetch fetch;
    start(f, prepare(f, &fetch, "/hello"), on_done, &fetch);
    kith_curl_free(KITH_TAKE(f->curl));
    kith_curl_free(NULL);
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
    assert_int_equal(f->ended, 0);
}

#define CURL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURL_TEST(a_transfer_ends_with_its_body),
        CURL_TEST(many_transfers_share_few_connections),
        CURL_TEST(done_may_start_the_next_on_the_same_connection),
        CURL_TEST(failures_are_told),
        CURL_TEST(the_loop_stays_free_while_a_server_is_slow),
        CURL_TEST(done_may_free_everything),
        CURL_TEST(freed_before_it_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
