/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop (libuv inside; uv.h is seen only by common/{loop,bus,http,daemon}). Everything of a process runs on one loop,
 * in one thread. Callbacks may free the object that called them: freeing is deferred to the end of the turn. */
#ifndef KITH_LOOP_H
#define KITH_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "kith/err.h"

struct kith_loop;
struct kith_timer;
struct kith_watch;

typedef void (*kith_loop_fn)(void *ctx);

KITH_MUST_CHECK kith_err kith_loop_new(struct kith_loop **ret);
/* Runs until kith_loop_stop; other sources need not be closed before. */
void kith_loop_run(struct kith_loop *loop);
void kith_loop_stop(struct kith_loop *loop);
/* Run turns until `*done` is true or `timeout_ms` passed; for commands and tests. Returns KITH_ETIMEOUT. */
KITH_MUST_CHECK kith_err kith_loop_run_until(struct kith_loop *loop, const bool *done,
                                             int64_t timeout_ms);
/* All timers, watches, bus and http objects of the loop must have been freed before. */
void kith_loop_free(struct kith_loop *loop);
KITH_DEFINE_AUTO(kith_loop)

/* Call fn once, at the end of this turn (or of the next, when called outside a callback). Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_loop_defer(struct kith_loop *loop, kith_loop_fn fn, void *ctx);

/* Timers: monotonic. repeat_ms 0 = once. Starting a started timer restarts it. */
KITH_MUST_CHECK kith_err kith_timer_new(struct kith_loop *loop, kith_loop_fn fn, void *ctx,
                                        struct kith_timer **ret);
void kith_timer_start(struct kith_timer *t, int64_t after_ms, int64_t repeat_ms);
void kith_timer_stop(struct kith_timer *t);
void kith_timer_free(struct kith_timer *t); /* NULL is fine; also from its own callback */
KITH_DEFINE_AUTO(kith_timer)

/* Watches: level-triggered readiness of a descriptor that somebody else owns. Free the watch before the descriptor is closed. */
enum { KITH_READABLE = 1, KITH_WRITABLE = 2 };
typedef void (*kith_watch_fn)(void *ctx, int events);
KITH_MUST_CHECK kith_err kith_watch_new(struct kith_loop *loop, int fd, kith_watch_fn fn, void *ctx,
                                        struct kith_watch **ret);
void kith_watch_set(struct kith_watch *w, int events); /* 0 = none */
void kith_watch_free(struct kith_watch *w);
KITH_DEFINE_AUTO(kith_watch)

/* Call fn(ctx) on the loop when the process gets `signum`. At most 8 signals. Lives until the loop is freed. */
KITH_MUST_CHECK kith_err kith_loop_on_signal(struct kith_loop *loop, int signum, kith_loop_fn fn,
                                             void *ctx);

/* For common/{bus,http,daemon} only: the uv_loop_t, as void so that this header needs no uv.h. */
void *kith_loop_uv(struct kith_loop *loop);

#endif
