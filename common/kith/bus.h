/* SPDX-License-Identifier: Apache-2.0 */
/* ZeroMQ on the loop: servers (ROUTER) answer, clients (DEALER) ask; one frame is one message. Always CURVE; our own ZAP handler
 * lets in exactly the public keys that `allow` knows, and the enforced ZAP domain makes libzmq refuse everything if the handler
 * were missing. A bus that cannot enforce this is not made (KITH_EUNSAFE).
 * Memory is bounded: a server is paused by its owner (back-pressure: the socket is not read, high-water marks and TCP do the rest);
 * at most KITH_BUS_BUDGET messages are handled in one turn of the loop.
 * ZMQ_FD is edge-triggered: the watcher uses prepare/check/idle (source: flux-core's zwatcher; libzmq issue 3641), and looks at
 * ZMQ_EVENTS again after every send. zmq.h is seen only by bus*.c.
 * A client whose key is refused tries again every 5 s, so that it comes in when its key is registered. */
#ifndef KITH_BUS_H
#define KITH_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/loop.h"

#define KITH_BUS_BUDGET      256
#define KITH_BUS_MAX_MESSAGE 4194304 /* 4 MiB */
#define KITH_KEY_TEXT        41      /* Z85 of a 32-byte CURVE key, with NUL */
#define KITH_USER_MAX        64

struct kith_bus;
struct kith_bus_server;
struct kith_bus_client;

struct kith_keypair {
    char public_key[KITH_KEY_TEXT];
    char secret_key[KITH_KEY_TEXT];
};
/* A new random pair. */
KITH_MUST_CHECK kith_err kith_keypair_make(struct kith_keypair *ret);
/* Reads "public = Z85" / "secret = Z85" lines. Errors: KITH_EIO, KITH_EUNSAFE readable by group or others, KITH_EINVAL. */
KITH_MUST_CHECK kith_err kith_keypair_load(const char *path, struct kith_keypair *ret,
                                           struct kith_why *why);
/* Writes the file 0600, atomically (temporary file and rename). Errors: KITH_EIO. */
KITH_MUST_CHECK kith_err kith_keypair_save(const char *path, const struct kith_keypair *pair);

/* Who is on the other side. `user` is what `allow` wrote: the only identity to authorise on. */
struct kith_peer {
    uint8_t id[255];
    uint8_t id_n;
    char user[KITH_USER_MAX];
};

/* May this public key (Z85) come in? Write the principal into `user` ("service:risk", "client:3:district:1"). Called once per
 * connection, at the handshake; a key revoked later must also be refused by the request handler. */
typedef bool (*kith_bus_allow_fn)(void *ctx, const char *public_key, char user[KITH_USER_MAX]);
/* One message; `data` is borrowed until return. */
typedef void (*kith_bus_request_fn)(void *ctx, const struct kith_peer *peer, const uint8_t *data,
                                    size_t n);
typedef void (*kith_bus_reply_fn)(void *ctx, const uint8_t *data, size_t n);

/* `allow` NULL: no server on this bus (a client-only process). Keys are copied.
 * Errors: KITH_ENOMEM, KITH_EUNSAFE libzmq has no CURVE or does not enforce the ZAP domain. */
KITH_MUST_CHECK kith_err kith_bus_new(struct kith_loop *loop, const struct kith_keypair *keys,
                                      kith_bus_allow_fn allow, void *ctx, struct kith_bus **ret);
/* Its servers and clients must have been freed. Unsent messages are given `linger_ms` 1,000 at most. */
void kith_bus_free(struct kith_bus *bus);
KITH_DEFINE_AUTO(kith_bus)

/* `endpoint`: "tcp://127.0.0.1:7001", "tcp://127.0.0.1:*" or "ipc:///path". Errors: KITH_EIO (why: address in use ...), KITH_EUNSAFE. */
KITH_MUST_CHECK kith_err kith_bus_serve(struct kith_bus *bus, const char *endpoint,
                                        kith_bus_request_fn fn, void *ctx,
                                        struct kith_bus_server **ret, struct kith_why *why);
/* The endpoint really bound (port numbers filled in). Borrowed. */
const char *kith_bus_server_endpoint(const struct kith_bus_server *s);
/* Errors: KITH_ENOTFOUND the peer has gone, KITH_EBUSY its queue is full: the reply is dropped, the peer asks again;
 * KITH_ETOOBIG above KITH_BUS_MAX_MESSAGE. */
kith_err kith_bus_reply(struct kith_bus_server *s, const struct kith_peer *peer,
                        const uint8_t *data, size_t n);
/* Stop and resume reading; calls nest. */
void kith_bus_pause(struct kith_bus_server *s);
void kith_bus_resume(struct kith_bus_server *s);
/* Close connections whose key `allow` no longer knows: the endpoint is unbound and bound again, everybody reconnects.
 * Errors: KITH_EIO the endpoint could not be bound again: nobody can come in any more. */
KITH_MUST_CHECK kith_err kith_bus_rehandshake(struct kith_bus_server *s);
void kith_bus_server_free(struct kith_bus_server *s);

/* Connects in the background and reconnects by itself (100 ms to 1 s). When the connection ends, replies that came but were not handed
 * to fn yet are lost with it: ask again. Errors: KITH_EINVAL endpoint or key, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_bus_connect(struct kith_bus *bus, const char *endpoint,
                                          const char *server_public_key, kith_bus_reply_fn fn,
                                          void *ctx, struct kith_bus_client **ret);
/* Errors: KITH_EBUSY not connected yet or the queue is full: ask again later; KITH_ETOOBIG. */
KITH_MUST_CHECK kith_err kith_bus_send(struct kith_bus_client *c, const uint8_t *data, size_t n);
void kith_bus_client_free(struct kith_bus_client *c);

#endif
