/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/metrics.h"

#define WAIT_MS 5000

static char folder[] = "/tmp/kith-bus-XXXXXX";
static struct kith_keypair server_keys;
static struct kith_keypair known_keys;
static struct kith_keypair other_keys;
static bool other_is_known;

static bool allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    (void)ctx;
    bool known = strcmp(public_key, known_keys.public_key) == 0;
    bool other = other_is_known && strcmp(public_key, other_keys.public_key) == 0;
    if (known || other)
        (void)snprintf(user, KITH_USER_MAX, "%s", known ? "service:known" : "service:other");
    return known || other;
}

/* A server that answers what it gets, and one client of it, on one loop. */
struct pair {
    struct kith_loop *loop;
    struct kith_bus *server_bus;
    struct kith_bus *client_bus;
    struct kith_bus_server *server;
    struct kith_bus_client *client;
    struct kith_peer peer; /* of the last request */
    char endpoint[300];
    bool mute;        /* does not answer */
    bool free_server; /* in the next request */
    uint64_t requests;
    uint64_t request_bytes;
    uint64_t replies;
    uint64_t want; /* done when replies, or requests of a mute server, reach it */
    bool done;
};

static void on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    struct pair *p = ctx;
    p->peer = *peer;
    p->requests++;
    p->request_bytes += n;
    if (p->free_server) {
        kith_bus_server_free(p->server);
        p->server = NULL;
        p->done = true;
        return;
    }
    if (!p->mute)
        assert_int_equal(kith_bus_reply(p->server, peer, data, n), KITH_OK);
    if (p->mute && p->requests >= p->want)
        p->done = true;
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct pair *p = ctx;
    (void)data;
    (void)n;
    if (++p->replies >= p->want)
        p->done = true;
}

static void connect_as(struct pair *p, const struct kith_keypair *keys)
{
    assert_int_equal(kith_bus_new(p->loop, keys, NULL, NULL, &p->client_bus), KITH_OK);
    assert_int_equal(kith_bus_connect(p->client_bus, p->endpoint, server_keys.public_key, on_reply,
                                      p, &p->client),
                     KITH_OK);
}

static void disconnect(struct pair *p)
{
    kith_bus_client_free(p->client);
    kith_bus_free(p->client_bus);
    p->client = NULL;
    p->client_bus = NULL;
}

static void open_server(struct pair *p, const char *endpoint)
{
    memset(p, 0, sizeof(*p));
    struct kith_why why = {""};
    assert_int_equal(kith_loop_new(&p->loop), KITH_OK);
    assert_int_equal(kith_bus_new(p->loop, &server_keys, allow, NULL, &p->server_bus), KITH_OK);
    assert_int_equal(kith_bus_serve(p->server_bus, endpoint, on_request, p, &p->server, &why),
                     KITH_OK);
    (void)snprintf(p->endpoint, sizeof(p->endpoint), "%s", kith_bus_server_endpoint(p->server));
}

static void open_pair(struct pair *p, const char *name)
{
    char endpoint[256];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/%s", folder, name);
    open_server(p, endpoint);
    connect_as(p, &known_keys);
}

static void close_pair(struct pair *p)
{
    disconnect(p);
    kith_bus_server_free(p->server);
    kith_bus_free(p->server_bus);
    kith_loop_free(p->loop);
}

static void turn(struct pair *p, int64_t ms)
{
    bool never = false;
    assert_int_equal(kith_loop_run_until(p->loop, &never, ms), KITH_ETIMEOUT);
}

/* Sends until the bus takes it (a client is busy until it is connected). */
static kith_err send_patiently(struct pair *p, const void *data, size_t n, int64_t wait_ms)
{
    int64_t end_ms = kith_clock_mono_ms() + wait_ms;
    kith_err err = kith_bus_send(p->client, data, n);
    while (err == KITH_EBUSY && kith_clock_mono_ms() < end_ms) {
        turn(p, 2);
        err = kith_bus_send(p->client, data, n);
    }
    return err;
}

static void wait_for(struct pair *p, uint64_t want)
{
    p->want = want;
    p->done = (p->mute ? p->requests : p->replies) >= want;
    assert_int_equal(kith_loop_run_until(p->loop, &p->done, WAIT_MS), KITH_OK);
}

static void known_key_comes_in_with_its_user(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "known");
    assert_int_equal(send_patiently(&p, "hello", 5, WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    assert_string_equal(p.peer.user, "service:known");
    assert_int_equal(p.request_bytes, 5);
    close_pair(&p);
}

static void unknown_key_is_refused_until_it_is_known(void **state)
{
    (void)state;
    struct pair p;
    char endpoint[256];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/unknown", folder);
    open_server(&p, endpoint);
    connect_as(&p, &other_keys);
    assert_int_equal(send_patiently(&p, "x", 1, 300), KITH_EBUSY);
    assert_int_equal(p.requests, 0);
    other_is_known = true;
    disconnect(&p); /* it would come in by itself too, but only after the 5 s of its handshake */
    connect_as(&p, &other_keys);
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    assert_string_equal(p.peer.user, "service:other");
    /* revoked: the connection is closed and the next handshake refused; others come back */
    other_is_known = false;
    assert_int_equal(kith_bus_rehandshake(p.server), KITH_OK);
    turn(&p, 100);
    assert_int_equal(kith_bus_send(p.client, (const uint8_t *)"x", 1), KITH_EBUSY);
    assert_int_equal(kith_bus_reply(p.server, &p.peer, (const uint8_t *)"x", 1), KITH_ENOTFOUND);
    disconnect(&p);
    connect_as(&p, &known_keys);
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    wait_for(&p, 2);
    assert_string_equal(p.peer.user, "service:known");
    close_pair(&p);
}

static void rehandshake_over_tcp_keeps_the_port(void **state)
{
    (void)state;
    struct pair p;
    open_server(&p, "tcp://127.0.0.1:*");
    assert_memory_equal(p.endpoint, "tcp://127.0.0.1:", 16);
    assert_string_not_equal(p.endpoint, "tcp://127.0.0.1:*");
    connect_as(&p, &known_keys);
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    for (unsigned i = 2; i < 5; i++) {
        assert_int_equal(kith_bus_rehandshake(p.server), KITH_OK);
        assert_string_equal(kith_bus_server_endpoint(p.server), p.endpoint);
        /* the client may still think it is connected, and then that message is lost: it asks again */
        int64_t end_ms = kith_clock_mono_ms() + WAIT_MS;
        while (p.replies < i && kith_clock_mono_ms() < end_ms) {
            kith_err err = kith_bus_send(p.client, (const uint8_t *)"x", 1);
            assert_true(err == KITH_OK || err == KITH_EBUSY);
            turn(&p, 10);
        }
        assert_true(p.replies >= i);
        p.replies = i;
    }
    /* somebody else cannot have the address */
    struct kith_bus_server *second = NULL;
    struct kith_why why = {""};
    assert_int_equal(kith_bus_serve(p.server_bus, p.endpoint, on_request, &p, &second, &why),
                     KITH_EIO);
    assert_non_null(strstr(why.text, "in use"));
    assert_null(second);
    close_pair(&p);
}

/* A client of another kind: raw libzmq. */
static void *raw_client(void *context, const char *endpoint, bool curve)
{
    void *s = zmq_socket(context, ZMQ_DEALER);
    assert_non_null(s);
    int zero = 0;
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    if (curve) {
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_keys.public_key, 41), 0);
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, known_keys.public_key, 41), 0);
        assert_int_equal(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, known_keys.secret_key, 41), 0);
    }
    assert_int_equal(zmq_connect(s, endpoint), 0);
    return s;
}

static void null_mechanism_is_refused(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "null");
    void *context = zmq_ctx_new();
    void *raw = raw_client(context, p.endpoint, false);
    assert_int_equal(zmq_send(raw, "x", 1, ZMQ_DONTWAIT), 1); /* queued by libzmq */
    turn(&p, 300);
    assert_int_equal(p.requests, 0);
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK); /* the server serves on */
    wait_for(&p, 1);
    assert_int_equal(p.requests, 1);
    (void)zmq_close(raw);
    (void)zmq_ctx_term(context);
    close_pair(&p);
}

static int dropped(const char *labels)
{
    return (int)kith_metric_value(kith_counter("kith_bus_dropped_total", "", labels));
}

static void too_big_a_message_drops_the_peer_not_the_server(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "big");
    static uint8_t data[KITH_BUS_MAX_MESSAGE + 4096];
    assert_int_equal(send_patiently(&p, data, KITH_BUS_MAX_MESSAGE, WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    assert_int_equal(p.request_bytes, KITH_BUS_MAX_MESSAGE);
    assert_int_equal(kith_bus_send(p.client, data, KITH_BUS_MAX_MESSAGE + 1), KITH_ETOOBIG);
    assert_int_equal(kith_bus_reply(p.server, &p.peer, data, KITH_BUS_MAX_MESSAGE + 1),
                     KITH_ETOOBIG);

    p.mute = true;
    void *context = zmq_ctx_new();
    void *raw = raw_client(context, p.endpoint, true);
    assert_int_equal(zmq_send(raw, data, sizeof(data), 0), (int)sizeof(data));
    turn(&p, 300);
    assert_int_equal(p.requests, 1);
    (void)zmq_close(raw);
    /* a little above is dropped without closing, and so is a message of two frames */
    raw = raw_client(context, p.endpoint, true);
    assert_int_equal(zmq_send(raw, data, KITH_BUS_MAX_MESSAGE + 1, 0), KITH_BUS_MAX_MESSAGE + 1);
    assert_int_equal(zmq_send(raw, "two", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(raw, "frames", 6, 0), 6);
    assert_int_equal(zmq_send(raw, "one", 3, 0), 3);
    wait_for(&p, 2);
    assert_int_equal(p.requests, 2);
    assert_int_equal(p.request_bytes, KITH_BUS_MAX_MESSAGE + 3);
    assert_int_equal(dropped("why=\"malformed\""), 2);
    (void)zmq_close(raw);
    (void)zmq_ctx_term(context);
    close_pair(&p);
}

static void a_peer_gone_is_not_found(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "gone");
    p.mute = true;
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    disconnect(&p);
    int64_t end_ms = kith_clock_mono_ms() + WAIT_MS;
    kith_err err = KITH_OK;
    while (err != KITH_ENOTFOUND && kith_clock_mono_ms() < end_ms) {
        turn(&p, 5);
        err = kith_bus_reply(p.server, &p.peer, (const uint8_t *)"x", 1);
    }
    assert_int_equal(err, KITH_ENOTFOUND);
    assert_true(dropped("why=\"peer gone\"") > 0);
    close_pair(&p);
}

static void pause_gives_back_pressure_and_resume_delivers_all(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "pause");
    p.mute = true;
    static uint8_t data[1024];
    assert_int_equal(send_patiently(&p, data, sizeof(data), WAIT_MS), KITH_OK);
    wait_for(&p, 1);
    kith_bus_pause(p.server);
    kith_bus_pause(p.server);
    uint64_t sent = 1;
    while (send_patiently(&p, data, sizeof(data), 50) == KITH_OK && sent < 100000)
        sent++;
    assert_true(sent >= 1000);  /* the queues of both sides */
    assert_true(sent < 100000); /* but no more: the client was held up */
    assert_int_equal(p.requests, 1);
    kith_bus_resume(p.server);
    turn(&p, 50);
    assert_int_equal(p.requests, 1); /* pauses nest */
    kith_bus_resume(p.server);
    wait_for(&p, sent);
    assert_int_equal(p.requests, sent);
    close_pair(&p);
}

/* libzmq 4.3.4 aborts the process when its heartbeat's time comes (2 s, were it on) on a connection that broke while nobody read it. */
static void a_peer_may_go_while_its_requests_wait(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "gone-unread");
    p.mute = true;
    void *context = zmq_ctx_new();
    void *raw = raw_client(context, p.endpoint, true);
    static uint8_t data[1024];
    assert_int_equal(zmq_send(raw, data, sizeof(data), 0), sizeof(data));
    wait_for(&p, 1);
    kith_bus_pause(p.server);
    int wait_ms = 500;
    assert_int_equal(zmq_setsockopt(raw, ZMQ_SNDTIMEO, &wait_ms, sizeof(wait_ms)), 0);
    while (zmq_send(raw, data, sizeof(data), 0) == (int)sizeof(data)) {
    } /* until the server's side is full and reads no more */
    assert_int_equal(zmq_errno(), EAGAIN);
    (void)zmq_close(raw);
    (void)zmq_ctx_term(context);
    turn(&p, 2300);
    kith_bus_resume(p.server);
    wait_for(&p, 1000); /* what was taken, ZMQ_RCVHWM at least, is served */
    turn(&p, 100);
    uint64_t before = p.requests;
    assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    wait_for(&p, before + 1);
    close_pair(&p);
}

static void a_server_may_be_freed_in_its_request(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "freed");
    p.free_server = true;
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_patiently(&p, "x", 1, WAIT_MS), KITH_OK);
    assert_int_equal(kith_loop_run_until(p.loop, &p.done, WAIT_MS), KITH_OK);
    assert_int_equal(p.requests, 1);
    close_pair(&p);
}

/* ---- the stall: a watcher that believes the descriptor loses messages and waits forever ---- */

struct echo {
    char endpoint[300];
    struct kith_loop *loop;
    struct kith_bus_server *server;
    pthread_barrier_t ready;
    bool stop;
};

static void on_echo(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    struct echo *e = ctx;
    if (n == 4 && memcmp(data, "stop", 4) == 0)
        e->stop = true;
    else
        (void)kith_bus_reply(e->server, peer, data, n);
}

static void *run_echo(void *ctx)
{
    struct echo *e = ctx;
    struct kith_bus *bus = NULL;
    struct kith_why why;
    if (kith_loop_new(&e->loop) != KITH_OK ||
        kith_bus_new(e->loop, &server_keys, allow, NULL, &bus) != KITH_OK ||
        kith_bus_serve(bus, e->endpoint, on_echo, e, &e->server, &why) != KITH_OK)
        abort();
    (void)pthread_barrier_wait(&e->ready);
    if (kith_loop_run_until(e->loop, &e->stop, 60000) != KITH_OK)
        abort();
    kith_bus_server_free(e->server);
    kith_bus_free(bus);
    kith_loop_free(e->loop);
    return NULL;
}

struct round_trips {
    struct kith_bus_client *client;
    struct kith_timer *timer;
    bool from_timer;
    uint64_t owed; /* questions to ask when the timer fires */
    uint64_t left_to_send;
    uint64_t left_to_come;
    bool done;
};

static bool ask(struct round_trips *r)
{
    if (r->left_to_send == 0 || kith_bus_send(r->client, (const uint8_t *)"question", 8) != KITH_OK)
        return false;
    r->left_to_send--;
    return true;
}

/* Sending outside the watcher's callbacks uses up the descriptor's sign behind the watcher's back. */
static void on_ask_timer(void *ctx)
{
    struct round_trips *r = ctx;
    while (r->owed && ask(r))
        r->owed--;
}

static void on_round_trip(void *ctx, const uint8_t *data, size_t n)
{
    struct round_trips *r = ctx;
    (void)data;
    (void)n;
    r->done = --r->left_to_come == 0;
    if (r->from_timer)
        r->owed++;
    else
        (void)ask(r);
}

static void run_round_trips(struct kith_loop *loop, struct round_trips *r, uint64_t count,
                            unsigned outstanding, bool from_timer)
{
    r->left_to_send = count;
    r->left_to_come = count;
    r->done = false;
    r->owed = 0;
    r->from_timer = from_timer;
    bool never = false;
    for (unsigned i = 0; i < outstanding; i++)
        while (!ask(r))
            assert_int_equal(kith_loop_run_until(loop, &never, 1), KITH_ETIMEOUT);
    assert_int_equal(kith_loop_run_until(loop, &r->done, 20000), KITH_OK);
    assert_int_equal(r->left_to_come, 0);
}

static void no_stall(void **state)
{
    (void)state;
    struct echo echo = {0};
    (void)snprintf(echo.endpoint, sizeof(echo.endpoint), "ipc://%s/stall", folder);
    assert_int_equal(pthread_barrier_init(&echo.ready, NULL, 2), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_echo, &echo), 0);
    (void)pthread_barrier_wait(&echo.ready);

    struct kith_loop *loop;
    struct kith_bus *bus;
    struct round_trips r = {0};
    assert_int_equal(kith_loop_new(&loop), KITH_OK);
    assert_int_equal(kith_bus_new(loop, &known_keys, NULL, NULL, &bus), KITH_OK);
    assert_int_equal(
        kith_bus_connect(bus, echo.endpoint, server_keys.public_key, on_round_trip, &r, &r.client),
        KITH_OK);
    assert_int_equal(kith_timer_new(loop, on_ask_timer, &r, &r.timer), KITH_OK);
    run_round_trips(loop, &r, 20000, 64, false);
    run_round_trips(loop, &r, 200, 1, false);
    kith_timer_start(r.timer, 1, 1);
    run_round_trips(loop, &r, 20000, 64, true);
    run_round_trips(loop, &r, 200, 1, true);
    kith_timer_free(r.timer);

    assert_int_equal(kith_bus_send(r.client, (const uint8_t *)"stop", 4), KITH_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    kith_bus_client_free(r.client);
    kith_bus_free(bus);
    kith_loop_free(loop);
    assert_int_equal(pthread_barrier_destroy(&echo.ready), 0);
}

/* ---- keys ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void key_files(void **state)
{
    (void)state;
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/own.key", folder);
    struct kith_keypair got = {{0}};
    struct kith_why why = {""};
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_EIO);
    assert_non_null(strstr(why.text, "own.key"));
    assert_int_equal(kith_keypair_save(path, &known_keys), KITH_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_OK);
    assert_memory_equal(&got, &known_keys, sizeof(got));

    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_EUNSAFE);
    assert_non_null(strstr(why.text, "mode 640"));
    assert_int_equal(kith_keypair_save(path, &other_keys), KITH_OK); /* replaces it, closed */
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_OK);

    char text[200];
    (void)snprintf(text, sizeof(text), "public=%s\r\n# note\nsecret = %s", known_keys.public_key,
                   known_keys.secret_key);
    write_file(path, text, 0600);
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_OK);
    (void)snprintf(text, sizeof(text), "public = %s\nsecret = %s\n", known_keys.public_key,
                   other_keys.secret_key);
    write_file(path, text, 0600); /* no pair */
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_EINVAL);
    (void)snprintf(text, sizeof(text), "public = %s\n", known_keys.public_key);
    write_file(path, text, 0600);
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_EINVAL);
    write_file(path, "public = short\nsecret = short\n", 0600);
    assert_int_equal(kith_keypair_load(path, &got, &why), KITH_EINVAL);
    assert_int_equal(kith_keypair_save("/nonexistent/kith.key", &known_keys), KITH_EIO);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    struct kith_loop *loop;
    struct kith_bus *bus;
    assert_int_equal(kith_loop_new(&loop), KITH_OK);
    assert_int_equal(kith_bus_new(loop, &server_keys, allow, NULL, &bus), KITH_OK);
    struct kith_bus_server *server = NULL;
    struct kith_bus_client *client = NULL;
    struct kith_why why = {""};
    struct pair p = {0};
    const char *endpoint = "ipc:///nonexistent/folder/bus";
    assert_int_equal(kith_bus_serve(bus, endpoint, on_request, &p, &server, &why), KITH_EIO);
    assert_non_null(strstr(why.text, endpoint));
    assert_int_equal(kith_bus_serve(bus, "nonsense", on_request, &p, &server, &why), KITH_EIO);
    assert_null(server);
    const char *key = server_keys.public_key;
    assert_int_equal(kith_bus_connect(bus, "nonsense", key, on_reply, &p, &client), KITH_EINVAL);
    assert_int_equal(kith_bus_connect(bus, "tcp://127.0.0.1:1", "short", on_reply, &p, &client),
                     KITH_EINVAL);
    assert_null(client);
    kith_bus_free(bus);
    struct kith_keypair broken = {"not a key", "neither"};
    assert_int_equal(kith_bus_new(loop, &broken, allow, NULL, &bus), KITH_EUNSAFE);
    kith_loop_free(loop);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) && kith_keypair_make(&server_keys) == KITH_OK &&
                   kith_keypair_make(&known_keys) == KITH_OK &&
                   kith_keypair_make(&other_keys) == KITH_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"own.key", "known", "unknown", "null", "big",
                                        "gone",    "pause", "freed",   "stall"};
    for (size_t i = 0; i < KITH_LEN(names); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path); /* libzmq leaves its sockets behind */
    }
    (void)rmdir(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_key_comes_in_with_its_user),
        cmocka_unit_test(unknown_key_is_refused_until_it_is_known),
        cmocka_unit_test(rehandshake_over_tcp_keeps_the_port),
        cmocka_unit_test(null_mechanism_is_refused),
        cmocka_unit_test(too_big_a_message_drops_the_peer_not_the_server),
        cmocka_unit_test(a_peer_gone_is_not_found),
        cmocka_unit_test(pause_gives_back_pressure_and_resume_delivers_all),
        cmocka_unit_test(a_peer_may_go_while_its_requests_wait),
        cmocka_unit_test(a_server_may_be_freed_in_its_request),
        cmocka_unit_test(no_stall),
        cmocka_unit_test(key_files),
        cmocka_unit_test(what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
