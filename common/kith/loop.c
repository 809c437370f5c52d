/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "kith/clock.h"

#define SIGNALS_MAX 8

struct deferred {
    kith_loop_fn fn;
    void *ctx;
};

struct on_signal {
    uv_signal_t uv;
    kith_loop_fn fn;
    void *ctx;
};

struct kith_loop {
    uv_loop_t uv;
    uv_async_t keep;     /* always alive, so that a turn waits even when nothing else is watched */
    uv_timer_t deadline; /* of kith_loop_run_until */
    uv_prepare_t before_poll;
    const bool *until;     /* what kith_loop_run_until waits for; else NULL */
    uv_check_t after_poll; /* runs what was deferred */
    uv_idle_t awake;       /* keeps the poll from waiting while something is deferred */
    bool stopping;
    bool in_timer;
    struct deferred *deferred;
    size_t deferred_n;
    size_t deferred_room;
    struct on_signal signals[SIGNALS_MAX];
    size_t signals_n;
};

struct kith_timer {
    uv_timer_t uv;
    struct kith_loop *loop;
    kith_loop_fn fn;
    void *ctx;
};

struct kith_watch {
    uv_poll_t uv;
    kith_watch_fn fn;
    void *ctx;
    int events;
};

static kith_err from_uv(int status)
{
    switch (status) {
    case 0:
        return KITH_OK;
    case UV_ENOMEM:
        return KITH_ENOMEM;
    case UV_EINVAL:
        return KITH_EINVAL;
    case UV_EEXIST:
        return KITH_EEXIST;
    default:
        return KITH_EIO;
    }
}

/* ---- deferred calls ---- */

static void on_awake(uv_idle_t *handle)
{
    (void)handle;
}

/* Calls deferred meanwhile wait for the next turn, so that a function that defers itself cannot starve the loop. */
static void run_deferred(struct kith_loop *loop)
{
    struct deferred *batch = KITH_TAKE(loop->deferred);
    size_t n = loop->deferred_n;
    loop->deferred_n = 0;
    loop->deferred_room = 0;
    for (size_t i = 0; i < n; i++)
        batch[i].fn(batch[i].ctx);
    free(batch);
}

static void on_after_poll(uv_check_t *handle)
{
    struct kith_loop *loop = handle->data;
    run_deferred(loop);
    if (loop->deferred_n == 0) {
        (void)uv_check_stop(&loop->after_poll);
        (void)uv_idle_stop(&loop->awake);
    }
}

kith_err kith_loop_defer(struct kith_loop *loop, kith_loop_fn fn, void *ctx)
{
    assert(loop && fn);
    if (loop->deferred_n == loop->deferred_room) {
        size_t room = loop->deferred_room ? loop->deferred_room * 2 : 16;
        struct deferred *grown = reallocarray(loop->deferred, room, sizeof(*grown));
        if (!grown)
            return KITH_ENOMEM;
        loop->deferred = grown;
        loop->deferred_room = room;
    }
    loop->deferred[loop->deferred_n++] = (struct deferred){fn, ctx};
    (void)uv_check_start(&loop->after_poll, on_after_poll);
    (void)uv_idle_start(&loop->awake, on_awake);
    return KITH_OK;
}

/* ---- the loop ---- */

static void on_keep(uv_async_t *handle)
{
    (void)handle;
}

/* A timer may have brought what is waited for, and the poll must not begin then. */
static void on_before_poll(uv_prepare_t *handle)
{
    struct kith_loop *loop = handle->data;
    if (*loop->until)
        uv_stop(&loop->uv);
}

static void on_deadline(uv_timer_t *handle)
{
    (void)handle;
}

kith_err kith_loop_new(struct kith_loop **ret)
{
    struct kith_loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return KITH_ENOMEM;
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        free(loop);
        return from_uv(status);
    }
    /* these four cannot fail */
    (void)uv_prepare_init(&loop->uv, &loop->before_poll);
    (void)uv_timer_init(&loop->uv, &loop->deadline);
    (void)uv_check_init(&loop->uv, &loop->after_poll);
    (void)uv_idle_init(&loop->uv, &loop->awake);
    loop->after_poll.data = loop;
    loop->before_poll.data = loop;
    status = uv_async_init(&loop->uv, &loop->keep, on_keep);
    if (status != 0) {
        kith_loop_free(loop);
        return from_uv(status);
    }
    *ret = loop;
    return KITH_OK;
}

void kith_loop_run(struct kith_loop *loop)
{
    assert(loop);
    while (!loop->stopping)
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
    loop->stopping = false;
}

void kith_loop_stop(struct kith_loop *loop)
{
    assert(loop);
    loop->stopping = true;
    uv_stop(&loop->uv); /* called by a timer, it keeps the poll of this turn from waiting */
}

kith_err kith_loop_run_until(struct kith_loop *loop, const bool *done, int64_t timeout_ms)
{
    assert(loop && done && !loop->until); /* turns do not nest */
    if (timeout_ms < 0)
        timeout_ms = 0;
    int64_t end_us = kith_clock_mono_us() + timeout_ms * 1000;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->deadline, on_deadline, (uint64_t)timeout_ms, 1);
    loop->until = done;
    (void)uv_prepare_start(&loop->before_poll, on_before_poll);
    bool in_time = true;
    while (!*done && in_time) { /* one turn at least, also without time */
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
        in_time = kith_clock_mono_us() < end_us;
    }
    (void)uv_prepare_stop(&loop->before_poll);
    loop->until = NULL;
    (void)uv_timer_stop(&loop->deadline);
    return *done ? KITH_OK : KITH_ETIMEOUT;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void kith_loop_free(struct kith_loop *loop)
{
    if (!loop)
        return;
    do {
        run_deferred(loop); /* most of them free memory or close handles */
        uv_walk(&loop->uv, close_handle, NULL);
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    } while (loop->deferred_n > 0 || uv_loop_alive(&loop->uv));
    int status = uv_loop_close(&loop->uv);
    assert(status == 0);
    (void)status;
    free(loop->deferred);
    free(loop);
}

void *kith_loop_uv(struct kith_loop *loop)
{
    return &loop->uv;
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *handle)
{
    struct kith_timer *t = handle->data;
    struct kith_loop *loop =
        t->loop; /* t may be freed by its callback, though not before the turn ends */
    loop->in_timer = true;
    t->fn(t->ctx);
    loop->in_timer = false;
}

kith_err kith_timer_new(struct kith_loop *loop, kith_loop_fn fn, void *ctx, struct kith_timer **ret)
{
    assert(loop && fn);
    struct kith_timer *t = calloc(1, sizeof(*t));
    if (!t)
        return KITH_ENOMEM;
    (void)uv_timer_init(&loop->uv, &t->uv); /* cannot fail */
    t->uv.data = t;
    t->loop = loop;
    t->fn = fn;
    t->ctx = ctx;
    *ret = t;
    return KITH_OK;
}

void kith_timer_start(struct kith_timer *t, int64_t after_ms, int64_t repeat_ms)
{
    assert(t && after_ms >= 0 && repeat_ms >= 0);
    /* libuv runs timers until none is due: one that starts itself with 0 would never let the turn end */
    if (t->loop->in_timer && after_ms == 0)
        after_ms = 1;
    /* libuv counts from the start of the turn; a long callback, or none before, would make the timer early */
    uv_update_time(&t->loop->uv);
    (void)uv_timer_start(&t->uv, on_timer, (uint64_t)after_ms, (uint64_t)repeat_ms);
}

void kith_timer_stop(struct kith_timer *t)
{
    assert(t);
    (void)uv_timer_stop(&t->uv);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void kith_timer_free(struct kith_timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}

/* ---- watches ---- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct kith_watch *w = handle->data;
    int ready =
        ((events & UV_READABLE) ? KITH_READABLE : 0) | ((events & UV_WRITABLE) ? KITH_WRITABLE : 0);
    if (status < 0) {
        /* libuv stops the watch when the descriptor has an error; to us an error is readiness, and the owner
         * finds it by reading or writing, now or in a later turn */
        ready = w->events;
        (void)uv_poll_start(&w->uv, w->events, on_poll);
    }
    ready &= w->events;
    if (ready != 0)
        w->fn(w->ctx, ready);
}

kith_err kith_watch_new(struct kith_loop *loop, int fd, kith_watch_fn fn, void *ctx,
                        struct kith_watch **ret)
{
    assert(loop && fn);
    struct kith_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return KITH_ENOMEM;
    int status = uv_poll_init(&loop->uv, &w->uv, fd);
    if (status != 0) {
        free(w);
        return from_uv(status);
    }
    w->uv.data = w;
    w->fn = fn;
    w->ctx = ctx;
    *ret = w;
    return KITH_OK;
}

_Static_assert((int)KITH_READABLE == (int)UV_READABLE && (int)KITH_WRITABLE == (int)UV_WRITABLE,
               "kith_watch_set passes the events on as they are");

void kith_watch_set(struct kith_watch *w, int events)
{
    assert(w && (events & ~(KITH_READABLE | KITH_WRITABLE)) == 0);
    if (events == w->events)
        return;
    w->events = events;
    int status = events ? uv_poll_start(&w->uv, events, on_poll) : uv_poll_stop(&w->uv);
    assert(status == 0); /* fails only on a handle that is being closed */
    (void)status;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void kith_watch_free(struct kith_watch *w)
{
    if (!w)
        return;
    w->events = 0;
    uv_close((uv_handle_t *)&w->uv, on_watch_closed);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *handle, int signum)
{
    (void)signum;
    struct on_signal *s = handle->data;
    s->fn(s->ctx);
}

kith_err kith_loop_on_signal(struct kith_loop *loop, int signum, kith_loop_fn fn, void *ctx)
{
    assert(loop && fn && loop->signals_n < SIGNALS_MAX);
    struct on_signal *s = &loop->signals[loop->signals_n];
    int status = uv_signal_init(&loop->uv, &s->uv);
    if (status != 0)
        return from_uv(status);
    loop->signals_n++; /* the handle is the loop's now, whatever comes */
    s->uv.data = s;
    s->fn = fn;
    s->ctx = ctx;
    return from_uv(uv_signal_start(&s->uv, on_signal, signum));
}
