/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct kith_worker {
    struct kith_worker_opts opts;
    struct kith_watch *watch;
    int bell; /* eventfd: something for the loop */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t room;
    /* under the lock */
    void *piece; /* given, not yet seen by the loop */
    bool stopping;
    bool returned;
    /* the loop's */
    bool working; /* on a piece */
};

static void ring(struct kith_worker *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->bell, &one, sizeof(one));
    (void)n; /* a full counter rings already */
}

static void *run(void *arg)
{
    struct kith_worker *w = arg;
    w->opts.run(w->opts.ctx, w);
    (void)pthread_mutex_lock(&w->lock);
    w->returned = true;
    (void)pthread_mutex_unlock(&w->lock);
    ring(w);
    return NULL;
}

/* The next piece to the loop, or the end. */
static void look(struct kith_worker *w)
{
    if (w->working)
        return;
    (void)pthread_mutex_lock(&w->lock);
    void *piece = KITH_TAKE(w->piece);
    bool over = !piece && w->returned;
    if (piece)
        (void)pthread_cond_signal(&w->room);
    (void)pthread_mutex_unlock(&w->lock);
    if (piece) {
        w->working = true;
        w->opts.piece(w->opts.ctx, piece);
    } else if (over) {
        kith_watch_set(w->watch, 0);
        w->opts.done(w->opts.ctx);
    }
}

static void on_bell(void *ctx, int events)
{
    struct kith_worker *w = ctx;
    (void)events;
    uint64_t n;
    ssize_t got = read(w->bell, &n, sizeof(n));
    (void)got;
    look(w);
}

kith_err kith_worker_new(const struct kith_worker_opts *opts, struct kith_worker **ret)
{
    struct kith_worker *w = calloc(1, sizeof(*w));
    if (!w)
        return KITH_ENOMEM;
    w->opts = *opts;
    w->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    kith_err err =
        w->bell < 0 ? KITH_EIO : kith_watch_new(opts->loop, w->bell, on_bell, w, &w->watch);
    if (err == KITH_OK) {
        kith_watch_set(w->watch, KITH_READABLE);
        (void)pthread_mutex_init(&w->lock, NULL);
        (void)pthread_cond_init(&w->room, NULL);
        err = pthread_create(&w->thread, NULL, run, w) == 0 ? KITH_OK : KITH_EIO;
    }
    if (err != KITH_OK) {
        kith_watch_free(w->watch);
        if (w->bell >= 0)
            (void)close(w->bell);
        free(w);
        return err;
    }
    *ret = w;
    return KITH_OK;
}

bool kith_worker_give(struct kith_worker *w, void *piece)
{
    (void)pthread_mutex_lock(&w->lock);
    while (w->piece && !w->stopping)
        (void)pthread_cond_wait(&w->room, &w->lock);
    bool taken = !w->stopping;
    if (taken)
        w->piece = piece;
    (void)pthread_mutex_unlock(&w->lock);
    if (taken)
        ring(w);
    return taken;
}

void kith_worker_next(struct kith_worker *w)
{
    w->working = false;
    ring(w); /* not from here: a piece that is dealt with at once would recurse */
}

void kith_worker_free(struct kith_worker *w)
{
    if (!w)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_cond_signal(&w->room);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    if (w->piece)
        w->opts.drop(w->piece);
    kith_watch_free(w->watch);
    (void)close(w->bell);
    (void)pthread_cond_destroy(&w->room);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}
