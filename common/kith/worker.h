/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for long reading (a package of rosters) beside the loop. It hands over pieces, one after the other; while the loop works on
 * one, the thread makes the next, and no more than that: memory stays bounded. Everything but kith_worker_give is the loop's. */
#ifndef KITH_WORKER_H
#define KITH_WORKER_H

#include <stdbool.h>

#include "kith/cleanup.h"
#include "kith/err.h"
#include "kith/loop.h"

struct kith_worker;

struct kith_worker_opts {
    struct kith_loop *loop;
    void (*run)(
        void *ctx,
        struct kith_worker *w); /* the thread; touches nothing that the loop touches meanwhile */
    void (*piece)(
        void *ctx,
        void *
            piece); /* a piece is there: kith_worker_next when it has been dealt with, here or later */
    void (*drop)(void *piece); /* a piece that nobody will see: free it */
    kith_loop_fn
        done; /* run has returned and every piece was dealt with; the worker may be freed, from here too */
    void *ctx;
};
/* Errors: KITH_ENOMEM, KITH_EIO no thread or descriptor. */
KITH_MUST_CHECK kith_err kith_worker_new(const struct kith_worker_opts *opts,
                                         struct kith_worker **ret);
/* From the thread. Waits until the piece before has been dealt with. False: the worker is being stopped, the piece is still the caller's. */
KITH_MUST_CHECK bool kith_worker_give(struct kith_worker *w, void *piece);
void kith_worker_next(struct kith_worker *w);
/* Makes kith_worker_give say false, waits for run to return, drops what is left. `done` is not called any more. NULL is fine. */
void kith_worker_free(struct kith_worker *w);
KITH_DEFINE_AUTO(kith_worker)

#endif
