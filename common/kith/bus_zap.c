/* SPDX-License-Identifier: Apache-2.0 */
/* The ZAP handler (ZeroMQ RFC 27): libzmq asks it at every CURVE handshake. */
#include "kith/bus_internal.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION, REQUEST_ID, DOMAIN_NAME, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, FRAMES };
#define FRAME_MAX 255
#define CURVE_KEY 32

struct kith_zap {
    struct kith_bus_watch watch; /* first */
    kith_bus_allow_fn allow;
    void *ctx;
};

struct frames {
    uint8_t data[FRAMES][FRAME_MAX];
    size_t n[FRAMES];
    size_t count;
};

/* Reads one request whole; false when there is none. Frames beyond what ZAP knows are read and counted. */
static bool read_request(void *socket, struct frames *f)
{
    f->count = 0;
    int more = 1;
    while (more) {
        uint8_t spare[FRAME_MAX];
        bool known = f->count < FRAMES;
        int n = zmq_recv(socket, known ? f->data[f->count] : spare, FRAME_MAX, ZMQ_DONTWAIT);
        if (n < 0)
            return false;
        if (known)
            f->n[f->count] = n > FRAME_MAX ? 0 : (size_t)n; /* cut off: matches nothing */
        f->count++;
        size_t size = sizeof(more);
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0)
            return false;
    }
    return true;
}

static bool is(const struct frames *f, size_t i, const char *text)
{
    return f->n[i] == strlen(text) && memcmp(f->data[i], text, f->n[i]) == 0;
}

static bool may_come_in(const struct kith_zap *z, const struct frames *f, char user[KITH_USER_MAX])
{
    if (f->count != FRAMES || !is(f, VERSION, "1.0") || !is(f, DOMAIN_NAME, KITH_ZAP_DOMAIN) ||
        !is(f, MECHANISM, "CURVE") || f->n[CREDENTIALS] != CURVE_KEY)
        return false;
    char key[KITH_KEY_TEXT];
    if (!zmq_z85_encode(key, f->data[CREDENTIALS], CURVE_KEY))
        return false;
    return z->allow(z->ctx, key, user) && user[0] != '\0';
}

static void answer(void *socket, const struct frames *f, bool allowed, const char *user)
{
    /* after 300 the handshake is never finished and the client tries again when its time is up (ZMQ_HANDSHAKE_IVL); after 400
     * libzmq's client would never try again, also when its key was registered meanwhile */
    const char *status = allowed ? "200" : "300";
    (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, f->data[REQUEST_ID], f->n[REQUEST_ID], ZMQ_SNDMORE);
    (void)zmq_send(socket, status, 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, ZMQ_SNDMORE);
    (void)zmq_send(socket, user, strlen(user), ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, 0);
}

static void on_readable(void *owner)
{
    struct kith_zap *z = owner;
    struct frames f;
    for (unsigned i = 0; i < KITH_BUS_BUDGET && read_request(z->watch.socket, &f); i++) {
        char user[KITH_USER_MAX] = "";
        bool allowed = may_come_in(z, &f, user);
        answer(z->watch.socket, &f, allowed, allowed ? user : "");
    }
}

kith_err kith_zap_new(struct kith_loop *loop, void *context, kith_bus_allow_fn allow, void *ctx,
                      struct kith_zap **ret)
{
    struct kith_zap *z = calloc(1, sizeof(*z));
    void *socket = z ? zmq_socket(context, ZMQ_REP) : NULL;
    if (!socket) {
        free(z);
        return KITH_ENOMEM;
    }
    z->allow = allow;
    z->ctx = ctx;
    kith_err err = KITH_OK;
    if (zmq_bind(socket, "inproc://zeromq.zap.01") != 0)
        err = KITH_EUNSAFE;
    else
        err = kith_bus_watch_open(&z->watch, loop, socket, on_readable);
    if (err != KITH_OK) {
        (void)zmq_close(socket);
        free(z);
        return err;
    }
    *ret = z;
    return KITH_OK;
}

void kith_zap_free(struct kith_zap *z)
{
    if (z)
        kith_bus_watch_close(&z->watch);
}
