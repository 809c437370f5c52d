/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/curl.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* libcurl tells which descriptors and which timeout it waits for; the loop tells it when they are there. */
struct kith_curl {
    struct kith_loop *loop;
    CURLM *multi;
    struct kith_timer *timer;
    struct transfer *transfers;
    struct socket *sockets;
    unsigned running;
    bool busy;  /* inside a call of `done` or of libcurl */
    bool freed; /* meanwhile: freed as soon as that returns */
};

struct transfer {
    struct transfer *next;
    CURL *easy;
    kith_curl_done_fn done;
    void *ctx;
};

struct socket {
    struct socket *next;
    struct kith_curl *curl;
    curl_socket_t fd;
    struct kith_watch *watch;
};

/* ---- descriptors ---- */

static void forget_socket(struct kith_curl *c, curl_socket_t fd)
{
    for (struct socket **at = &c->sockets; *at; at = &(*at)->next) {
        if ((*at)->fd != fd)
            continue;
        struct socket *s = *at;
        *at = s->next;
        kith_watch_free(s->watch);
        free(s);
        return;
    }
}

static void act(struct kith_curl *c, curl_socket_t fd, int events);

static void on_ready(void *ctx, int events)
{
    struct socket *s = ctx; /* may be gone after act() */
    act(s->curl, s->fd,
        ((events & KITH_READABLE) ? CURL_CSELECT_IN : 0) |
            ((events & KITH_WRITABLE) ? CURL_CSELECT_OUT : 0));
}

static struct socket *watch_socket(struct kith_curl *c, curl_socket_t fd)
{
    /* a number used again after libcurl closed it unannounced */
    forget_socket(c, fd);
    struct socket *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    if (kith_watch_new(c->loop, fd, on_ready, s, &s->watch) != KITH_OK) {
        free(s);
        return NULL;
    }
    s->curl = c;
    s->fd = fd;
    s->next = c->sockets;
    c->sockets = s;
    (void)curl_multi_assign(c->multi, fd, s);
    return s;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    (void)easy;
    struct kith_curl *c = ctx;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(c, fd);
        (void)curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    struct socket *s = known ? known : watch_socket(c, fd);
    if (!s)
        return 0; /* this transfer ends by its timeout; -1 would end all, also later ones, for ever */
    kith_watch_set(s->watch, ((what & CURL_POLL_IN) ? KITH_READABLE : 0) |
                                 ((what & CURL_POLL_OUT) ? KITH_WRITABLE : 0));
    return 0;
}

/* ---- the timeout ---- */

static void on_timer(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long after_ms, void *ctx)
{
    (void)multi;
    struct kith_curl *c = ctx;
    if (after_ms < 0)
        kith_timer_stop(c->timer);
    else
        kith_timer_start(c->timer, after_ms, 0);
    return 0;
}

/* ---- transfers ---- */

static struct transfer take_transfer(struct kith_curl *c, const CURL *easy)
{
    struct transfer **at = &c->transfers;
    while (*at && (*at)->easy != easy)
        at = &(*at)->next;
    assert(*at);
    struct transfer *t = *at;
    struct transfer copy = *t;
    *at = t->next;
    free(t);
    c->running--;
    return copy;
}

static void finish(struct kith_curl *c)
{
    int left;
    const CURLMsg *message;
    while (!c->freed && (message = curl_multi_info_read(c->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        (void)curl_multi_remove_handle(c->multi, easy); /* the message is gone after this */
        struct transfer t = take_transfer(c, easy);
        t.done(t.ctx, easy, code);
    }
}

static void destroy(struct kith_curl *c)
{
    while (c->transfers) {
        CURL *easy = c->transfers->easy;
        (void)curl_multi_remove_handle(c->multi, easy);
        (void)take_transfer(c, easy);
        curl_easy_cleanup(easy);
    }
    if (c->multi)
        (void)curl_multi_cleanup(c->multi); /* still calls on_socket and on_timeout */
    while (c->sockets)
        forget_socket(c, c->sockets->fd);
    kith_timer_free(c->timer);
    free(c);
}

static void act(struct kith_curl *c, curl_socket_t fd, int events)
{
    assert(!c->busy);
    c->busy = true;
    int running;
    (void)curl_multi_socket_action(c->multi, fd, events, &running);
    finish(c);
    c->busy = false;
    if (c->freed)
        destroy(c);
}

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

kith_err kith_curl_new(struct kith_loop *loop, long max_connections, struct kith_curl **ret)
{
    assert(loop && max_connections >= 1);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    kith_auto(kith_curl) c = calloc(1, sizeof(*c));
    if (!c)
        return KITH_ENOMEM;
    c->loop = loop;
    kith_err err = kith_timer_new(loop, on_timer, c, &c->timer);
    if (err != KITH_OK)
        return err;
    c->multi = curl_multi_init();
    if (!c->multi)
        return KITH_ENOMEM;
    (void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    (void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, max_connections);
    *ret = KITH_TAKE(c);
    return KITH_OK;
}

kith_err kith_curl_start(struct kith_curl *c, CURL *easy, kith_curl_done_fn done, void *ctx)
{
    assert(c && easy && done);
    struct transfer *t = calloc(1, sizeof(*t));
    if (!t)
        return KITH_ENOMEM;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* signals are the loop's */
    if (curl_multi_add_handle(c->multi, easy) != CURLM_OK) {
        free(t);
        return KITH_ENOMEM;
    }
    *t = (struct transfer){.next = c->transfers, .easy = easy, .done = done, .ctx = ctx};
    c->transfers = t;
    c->running++;
    return KITH_OK;
}

unsigned kith_curl_running(const struct kith_curl *c)
{
    return c->running;
}

void kith_curl_free(struct kith_curl *c)
{
    if (!c)
        return;
    if (c->busy)
        c->freed = true;
    else
        destroy(c);
}
