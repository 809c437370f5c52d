/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the bus: bus.c (sockets), bus_watch.c (a ZeroMQ socket in the loop), bus_zap.c (who may come in), bus_keys.c (key files). */
#ifndef KITH_BUS_INTERNAL_H
#define KITH_BUS_INTERNAL_H

#include <stdbool.h>
#include <uv.h>
#include <zmq.h>

#include "kith/bus.h"

/* libzmq 4.3 takes this option but hides its name behind the draft API. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
#define KITH_ZAP_DOMAIN "kith"

/* ---- a socket in the loop ---- */

/* The descriptor of a ZeroMQ socket only says "look again", once, and every call on the socket may use that up. So: prepare asks
 * the socket whether something can be read and if so keeps the poll from waiting, check reads, poll only wakes the loop up.
 * Embedded as the first member of its owner. */
struct kith_bus_watch {
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_poll_t poll;
    void *socket;
    void (*readable)(void *owner); /* reads KITH_BUS_BUDGET messages at most */
    bool reading;
    unsigned open; /* handles that are not closed yet */
};
/* Starts watching. After success the owner must end through kith_bus_watch_close. */
KITH_MUST_CHECK kith_err kith_bus_watch_open(struct kith_bus_watch *w, struct kith_loop *loop,
                                             void *socket, void (*readable)(void *owner));
void kith_bus_watch_read(struct kith_bus_watch *w, bool reading);
/* After every send: it may have used up the descriptor's sign that something can be read. */
void kith_bus_watch_touch(struct kith_bus_watch *w);
/* Stops, closes the socket, and frees the owner (free()) at the end of the turn. */
void kith_bus_watch_close(struct kith_bus_watch *w);

/* ---- who may come in ---- */
struct kith_zap;
/* Binds the handler that libzmq asks at every handshake. Errors: KITH_ENOMEM, KITH_EUNSAFE somebody else answers already. */
KITH_MUST_CHECK kith_err kith_zap_new(struct kith_loop *loop, void *context,
                                      kith_bus_allow_fn allow, void *ctx, struct kith_zap **ret);
void kith_zap_free(struct kith_zap *z);

#endif
