/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/bus.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/bus_internal.h"
#include "kith/metrics.h"

#define LINGER_MS 1000
/* CURVE adds 33 bytes to a message (RFC 26), and a frame above the limit ends the connection for good. */
#define FRAME_MAX (KITH_BUS_MAX_MESSAGE + 64)

struct kith_bus {
    struct kith_loop *loop;
    void *context;
    struct kith_keypair keys;
    struct kith_zap *zap; /* NULL: client only */
};

struct kith_bus_server {
    struct kith_bus_watch watch; /* first */
    struct kith_bus *bus;
    kith_bus_request_fn fn;
    void *ctx;
    unsigned paused;
    bool freed;
    char endpoint[256];
};

struct kith_bus_client {
    struct kith_bus_watch watch; /* first */
    kith_bus_reply_fn fn;
    void *ctx;
    bool freed;
};

/* ---- options; why each differs from its default stands beside it ---- */

struct option {
    int name;
    int value;
};

static const struct option common_options[] = {
    {ZMQ_LINGER, LINGER_MS}, /* default: closing may wait forever */
    {ZMQ_MAXMSGSIZE, 0},     /* set apart: it is 64 bits wide */
    /* A pulled cable is otherwise noticed only by the next send, if ever. The kernel's probes, not libzmq's heartbeats: 4.3.4
     * aborts the process at the next heartbeat of a connection that broke while its input was held back (libzmq issue 4364). */
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 2},
    {ZMQ_TCP_KEEPALIVE_INTVL, 2},
    {ZMQ_TCP_KEEPALIVE_CNT, 3},
    {ZMQ_TCP_MAXRT, 10000},
    {ZMQ_HANDSHAKE_IVL, 5000}, /* who does not finish the handshake holds a descriptor */
    {0},
};
/* A commit answers thousands of single-event requests in one turn: the way back must hold more than the way in, or answers
 * are dropped and the sender waits for its resend. Answers are small; the large ones (LogBatch) have one question outstanding. */
static const struct option server_options[] = {
    {ZMQ_RCVHWM, 1000},
    {ZMQ_SNDHWM, 10000},
    {ZMQ_ROUTER_MANDATORY, 1}, /* a reply that cannot be delivered is an error, not silence */
    {ZMQ_BACKLOG, 1024},       /* everybody comes back at once after a restart */
    {ZMQ_CURVE_SERVER, 1},
    {ZMQ_ZAP_ENFORCE_DOMAIN, 1}, /* no ZAP handler: nobody comes in */
    {0},
};
static const struct option client_options[] = {
    {ZMQ_SNDHWM, 1000},
    {ZMQ_RCVHWM, 10000},
    {ZMQ_IMMEDIATE, 1}, /* nothing piles up for a peer that is not there */
    {ZMQ_RECONNECT_IVL, 100},
    {ZMQ_RECONNECT_IVL_MAX, 1000}, /* what was away for long is found again within a second */
    {0},
};

static bool set_options(void *socket, const struct option *options)
{
    for (; options->name; options++) {
        if (options->name == ZMQ_MAXMSGSIZE) {
            int64_t max = FRAME_MAX;
            if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) != 0)
                return false;
        } else if (zmq_setsockopt(socket, options->name, &options->value, sizeof(int)) != 0) {
            return false;
        }
    }
    return true;
}

/* Only where asked for: with it libzmq writes IPv4 endpoints in IPv6's form. */
static bool set_ipv6(void *socket, const char *endpoint)
{
    int on = strchr(endpoint, '[') != NULL;
    return zmq_setsockopt(socket, ZMQ_IPV6, &on, sizeof(on)) == 0;
}

static bool make_safe_server(const struct kith_bus *bus, void *socket)
{
    /* the domain first: libzmq enforces it only where there is one */
    return zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, KITH_ZAP_DOMAIN, strlen(KITH_ZAP_DOMAIN)) == 0 &&
           set_options(socket, common_options) && set_options(socket, server_options) &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, bus->keys.secret_key, KITH_KEY_TEXT) == 0;
}

/* ---- the bus ---- */

/* Learn now, not at the first kith_bus_serve, whether this libzmq can be made safe. */
static kith_err try_server(struct kith_bus *bus)
{
    void *socket = zmq_socket(bus->context, ZMQ_ROUTER);
    if (!socket)
        return KITH_ENOMEM;
    bool safe = make_safe_server(bus, socket);
    (void)zmq_close(socket);
    return safe ? KITH_OK : KITH_EUNSAFE;
}

static kith_err start_bus(struct kith_bus *bus, kith_bus_allow_fn allow, void *ctx)
{
    bus->context = zmq_ctx_new();
    if (!bus->context)
        return KITH_ENOMEM;
    if (!allow)
        return KITH_OK;
    kith_err err = kith_zap_new(bus->loop, bus->context, allow, ctx, &bus->zap);
    return err == KITH_OK ? try_server(bus) : err;
}

kith_err kith_bus_new(struct kith_loop *loop, const struct kith_keypair *keys,
                      kith_bus_allow_fn allow, void *ctx, struct kith_bus **ret)
{
    assert(loop && keys);
    if (!zmq_has("curve"))
        return KITH_EUNSAFE;
    struct kith_bus *bus = calloc(1, sizeof(*bus));
    if (!bus)
        return KITH_ENOMEM;
    bus->loop = loop;
    bus->keys = *keys;
    kith_err err = start_bus(bus, allow, ctx);
    if (err != KITH_OK) {
        kith_bus_free(bus);
        return err;
    }
    *ret = bus;
    return KITH_OK;
}

void kith_bus_free(struct kith_bus *bus)
{
    if (!bus)
        return;
    kith_zap_free(bus->zap);
    while (bus->context && zmq_ctx_term(bus->context) != 0 && errno == EINTR)
        ;
    explicit_bzero(&bus->keys, sizeof(bus->keys));
    free(bus);
}

/* ---- server ---- */

/* Rare, so the metric is looked up when it is needed. */
static void count_drop(const char *labels)
{
    kith_metric_add(kith_counter("kith_bus_dropped_total",
                                 "Messages that the bus did not deliver, by reason.", labels),
                    1);
}

enum incoming { NOTHING, DROPPED, MESSAGE };

/* The rest of a message of more frames than ours have. */
static void skip_frames(void *socket)
{
    int more = 1;
    size_t n = sizeof(more);
    while (more && zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &n) == 0 && more)
        if (zmq_recv(socket, NULL, 0, ZMQ_DONTWAIT) < 0)
            return;
}

static enum incoming receive(void *socket, struct kith_peer *peer, zmq_msg_t *msg)
{
    int id_n = zmq_recv(socket, peer->id, sizeof(peer->id), ZMQ_DONTWAIT);
    if (id_n < 0)
        return NOTHING;
    peer->id_n = (uint8_t)id_n; /* libzmq's ids have 255 bytes at most */
    if (zmq_msg_recv(msg, socket, ZMQ_DONTWAIT) < 0)
        return DROPPED;
    if (zmq_msg_more(msg)) {
        skip_frames(socket);
        return DROPPED;
    }
    const char *user = zmq_msg_gets(msg, "User-Id"); /* by our ZAP handler */
    if (!user || zmq_msg_size(msg) > KITH_BUS_MAX_MESSAGE)
        return DROPPED;
    (void)snprintf(peer->user, sizeof(peer->user), "%s", user);
    return MESSAGE;
}

static void on_request(void *owner)
{
    struct kith_bus_server *s = owner;
    zmq_msg_t msg;
    (void)zmq_msg_init(&msg);
    for (unsigned i = 0; i < KITH_BUS_BUDGET && !s->freed && !s->paused; i++) {
        struct kith_peer peer;
        enum incoming got = receive(s->watch.socket, &peer, &msg);
        if (got == NOTHING)
            break;
        if (got == DROPPED)
            count_drop("why=\"malformed\"");
        else
            s->fn(s->ctx, &peer, zmq_msg_data(&msg), zmq_msg_size(&msg));
    }
    (void)zmq_msg_close(&msg);
}

static kith_err bind_server(struct kith_bus_server *s, void *socket, const char *endpoint,
                            struct kith_why *why)
{
    if (!set_ipv6(socket, endpoint) || zmq_bind(socket, endpoint) != 0) {
        kith_why_set(why, "cannot listen on %s: %s", endpoint, zmq_strerror(errno));
        return KITH_EIO;
    }
    size_t n = sizeof(s->endpoint);
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, s->endpoint, &n) != 0) {
        kith_why_set(why, "%s is too long", endpoint);
        return KITH_EIO;
    }
    return KITH_OK;
}

static kith_err start_server(struct kith_bus_server *s, void *socket, const char *endpoint,
                             struct kith_why *why)
{
    if (!make_safe_server(s->bus, socket)) {
        kith_why_set(why, "libzmq refuses CURVE or the enforced ZAP domain: %s",
                     zmq_strerror(errno));
        return KITH_EUNSAFE;
    }
    kith_err err = bind_server(s, socket, endpoint, why);
    if (err == KITH_OK)
        err = kith_bus_watch_open(&s->watch, s->bus->loop, socket, on_request);
    return err;
}

kith_err kith_bus_serve(struct kith_bus *bus, const char *endpoint, kith_bus_request_fn fn,
                        void *ctx, struct kith_bus_server **ret, struct kith_why *why)
{
    assert(bus && bus->zap && endpoint && fn);
    struct kith_bus_server *s = calloc(1, sizeof(*s));
    void *socket = s ? zmq_socket(bus->context, ZMQ_ROUTER) : NULL;
    if (!socket) {
        kith_why_set(why, "no memory or descriptors for a socket");
        free(s);
        return KITH_ENOMEM;
    }
    s->bus = bus;
    s->fn = fn;
    s->ctx = ctx;
    kith_err err = start_server(s, socket, endpoint, why);
    if (err != KITH_OK) {
        (void)zmq_close(socket);
        free(s);
        return err;
    }
    *ret = s;
    return KITH_OK;
}

const char *kith_bus_server_endpoint(const struct kith_bus_server *s)
{
    return s->endpoint;
}

static int send_frame(void *socket, const void *data, size_t n, int flags)
{
    int rc;
    do {
        rc = zmq_send(socket, data, n, flags | ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc < 0 ? errno : 0;
}

kith_err kith_bus_reply(struct kith_bus_server *s, const struct kith_peer *peer,
                        const uint8_t *data, size_t n)
{
    assert(s && !s->freed && peer);
    if (n > KITH_BUS_MAX_MESSAGE)
        return KITH_ETOOBIG;
    int code = send_frame(s->watch.socket, peer->id, peer->id_n, ZMQ_SNDMORE);
    if (code == 0)
        code = send_frame(s->watch.socket, data, n, 0);
    kith_bus_watch_touch(&s->watch);
    if (code == 0)
        return KITH_OK;
    bool gone = code == EHOSTUNREACH;
    count_drop(gone ? "why=\"peer gone\"" : "why=\"peer slow\"");
    return gone ? KITH_ENOTFOUND : KITH_EBUSY;
}

void kith_bus_pause(struct kith_bus_server *s)
{
    s->paused++;
    kith_bus_watch_read(&s->watch, false);
}

void kith_bus_resume(struct kith_bus_server *s)
{
    assert(s->paused > 0);
    if (--s->paused == 0)
        kith_bus_watch_read(&s->watch, true);
}

/* Unbind, and wait until the listening descriptor is really closed, which happens in libzmq's own thread: before, the address
 * is still in use. */
static bool unbind_and_wait(struct kith_bus_server *s)
{
    enum { CLOSED_WITHIN_MS = 2000 };
    const char *name = "inproc://kith.rehandshake";
    if (zmq_socket_monitor(s->watch.socket, name, ZMQ_EVENT_CLOSED | ZMQ_EVENT_CLOSE_FAILED) != 0)
        return false;
    void *monitor = zmq_socket(s->bus->context, ZMQ_PAIR);
    bool closed = false;
    if (monitor && zmq_connect(monitor, name) == 0 &&
        zmq_unbind(s->watch.socket, s->endpoint) == 0) {
        zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
        closed = zmq_poll(&item, 1, CLOSED_WITHIN_MS) == 1;
    }
    (void)zmq_socket_monitor(s->watch.socket, NULL, 0);
    if (monitor)
        (void)zmq_close(monitor);
    return closed;
}

kith_err kith_bus_rehandshake(struct kith_bus_server *s)
{
    bool ok = unbind_and_wait(s) && zmq_bind(s->watch.socket, s->endpoint) == 0;
    kith_bus_watch_touch(&s->watch);
    return ok ? KITH_OK : KITH_EIO;
}

void kith_bus_server_free(struct kith_bus_server *s)
{
    if (!s)
        return;
    s->freed = true;
    kith_bus_watch_close(&s->watch);
}

/* ---- client ---- */

static void on_reply(void *owner)
{
    struct kith_bus_client *c = owner;
    zmq_msg_t msg;
    (void)zmq_msg_init(&msg);
    for (unsigned i = 0; i < KITH_BUS_BUDGET && !c->freed; i++) {
        if (zmq_msg_recv(&msg, c->watch.socket, ZMQ_DONTWAIT) < 0)
            break;
        if (zmq_msg_more(&msg))
            skip_frames(c->watch.socket);
        else
            c->fn(c->ctx, zmq_msg_data(&msg), zmq_msg_size(&msg));
    }
    (void)zmq_msg_close(&msg);
}

static kith_err start_client(struct kith_bus *bus, struct kith_bus_client *c, void *socket,
                             const char *endpoint, const char *server_public_key)
{
    const struct kith_keypair *keys = &bus->keys;
    if (strlen(server_public_key) != KITH_KEY_TEXT - 1 || !set_options(socket, common_options) ||
        !set_options(socket, client_options) ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public_key, KITH_KEY_TEXT) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KITH_KEY_TEXT) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KITH_KEY_TEXT) != 0 ||
        !set_ipv6(socket, endpoint) || zmq_connect(socket, endpoint) != 0)
        return KITH_EINVAL;
    return kith_bus_watch_open(&c->watch, bus->loop, socket, on_reply);
}

kith_err kith_bus_connect(struct kith_bus *bus, const char *endpoint, const char *server_public_key,
                          kith_bus_reply_fn fn, void *ctx, struct kith_bus_client **ret)
{
    assert(bus && endpoint && server_public_key && fn);
    struct kith_bus_client *c = calloc(1, sizeof(*c));
    void *socket = c ? zmq_socket(bus->context, ZMQ_DEALER) : NULL;
    if (!socket) {
        free(c);
        return KITH_ENOMEM;
    }
    c->fn = fn;
    c->ctx = ctx;
    kith_err err = start_client(bus, c, socket, endpoint, server_public_key);
    if (err != KITH_OK) {
        (void)zmq_close(socket);
        free(c);
        return err;
    }
    *ret = c;
    return KITH_OK;
}

kith_err kith_bus_send(struct kith_bus_client *c, const uint8_t *data, size_t n)
{
    assert(c && !c->freed);
    if (n > KITH_BUS_MAX_MESSAGE)
        return KITH_ETOOBIG;
    int code = send_frame(c->watch.socket, data, n, 0);
    kith_bus_watch_touch(&c->watch);
    return code == 0 ? KITH_OK : KITH_EBUSY;
}

void kith_bus_client_free(struct kith_bus_client *c)
{
    if (!c)
        return;
    c->freed = true;
    kith_bus_watch_close(&c->watch);
}
