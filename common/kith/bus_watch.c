/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/bus_internal.h"

#include <assert.h>
#include <stdlib.h>

static bool can_read(const struct kith_bus_watch *w)
{
    int events = 0;
    size_t n = sizeof(events);
    return zmq_getsockopt(w->socket, ZMQ_EVENTS, &events, &n) == 0 && (events & ZMQ_POLLIN);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* while it runs, the poll does not wait */
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)handle; /* only wakes the loop up: the work is in on_check */
    (void)status;
    (void)events;
}

static void on_prepare(uv_prepare_t *handle)
{
    struct kith_bus_watch *w = handle->data;
    if (can_read(w))
        (void)uv_idle_start(&w->idle, on_idle);
}

static void on_check(uv_check_t *handle)
{
    struct kith_bus_watch *w = handle->data;
    (void)uv_idle_stop(&w->idle);
    if (can_read(w))
        w->readable(w);
}

void kith_bus_watch_read(struct kith_bus_watch *w, bool reading)
{
    if (w->reading == reading)
        return;
    w->reading = reading;
    /* none of these can fail on an open handle */
    if (reading) {
        (void)uv_prepare_start(&w->prepare, on_prepare);
        (void)uv_check_start(&w->check, on_check);
        (void)uv_poll_start(&w->poll, UV_READABLE, on_poll);
        kith_bus_watch_touch(w);
    } else {
        (void)uv_prepare_stop(&w->prepare);
        (void)uv_check_stop(&w->check);
        (void)uv_idle_stop(&w->idle);
        (void)uv_poll_stop(&w->poll);
    }
}

void kith_bus_watch_touch(struct kith_bus_watch *w)
{
    if (w->reading && can_read(w))
        (void)uv_idle_start(&w->idle, on_idle);
}

kith_err kith_bus_watch_open(struct kith_bus_watch *w, struct kith_loop *loop, void *socket,
                             void (*readable)(void *owner))
{
    uv_loop_t *uv = kith_loop_uv(loop);
    uv_os_sock_t fd;
    size_t n = sizeof(fd);
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &n) != 0 || uv_poll_init_socket(uv, &w->poll, fd) != 0)
        return KITH_ENOMEM;
    (void)uv_prepare_init(uv, &w->prepare); /* these three cannot fail */
    (void)uv_check_init(uv, &w->check);
    (void)uv_idle_init(uv, &w->idle);
    w->prepare.data = w->check.data = w->idle.data = w->poll.data = w;
    w->open = 4;
    w->socket = socket;
    w->readable = readable;
    kith_bus_watch_read(w, true);
    return KITH_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct kith_bus_watch *w = handle->data;
    if (--w->open == 0)
        free(w);
}

void kith_bus_watch_close(struct kith_bus_watch *w)
{
    kith_bus_watch_read(w, false);
    uv_close((uv_handle_t *)&w->prepare, on_closed);
    uv_close((uv_handle_t *)&w->check, on_closed);
    uv_close((uv_handle_t *)&w->idle, on_closed);
    uv_close((uv_handle_t *)&w->poll, on_closed);
    int rc = zmq_close(w->socket); /* after the poll has let go of its descriptor */
    assert(rc == 0);
    (void)rc;
    w->socket = NULL;
}
