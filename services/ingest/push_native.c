/* SPDX-License-Identifier: Apache-2.0 */
/* `kith push --zmq`: rows through the sender of client/sender.h. What an earlier push left in the spool goes first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/client/sender.h"
#include "ingest/push.h"

#define SLICE_MS  200
#define SYNC_ROWS 4096

struct push_native {
    const struct push_options *options;
    struct ingest_sender *sender;
    struct push *push; /* NULL: rows of an earlier push */
    uint64_t *lines; /* of the rows of this file that are not settled, the first is lines[first] */
    size_t first, n, size;
    uint64_t earlier; /* rows of an earlier push that arrived */
};

static void on_settled(void *ctx, const struct ingest_settled *s)
{
    struct push_native *z = ctx;
    if (!z->push) {
        z->earlier += s->rows;
        return;
    }
    z->push->fates[PUSH_ACCEPTED] += s->accepted;
    z->push->fates[PUSH_UPDATED] += s->updated;
    z->push->fates[PUSH_DUPLICATE] += s->duplicate;
    for (size_t i = 0; i < s->rejected_n; i++) {
        const struct ingest_rejected *r = &s->rejected[i];
        size_t at = z->first + r->index;
        push_settle(z->push, PUSH_REJECTED, r->json, at < z->n ? z->lines[at] : 0, r->reason);
    }
    z->first += s->rows;
    kith_progress_update(&z->push->progress, z->first < z->n ? z->lines[z->first] : z->push->line);
}

/* How long Kith may be away: as long as so many tries of a batch take, each twice as long as the one before, from 1 s to 30 s. */
static int64_t patience_ms(unsigned tries)
{
    int64_t sum = 0;
    for (int64_t wait = 1000; tries > 0; tries--) {
        sum += wait;
        wait = wait * 2 < 30000 ? wait * 2 : 30000;
    }
    return sum;
}

/* Until at most `left` rows wait; false: interrupted, Kith has been away too long, or refuses us. */
static bool run_until(struct push_native *z, uint64_t left, kith_err *err, struct kith_why *why)
{
    do {
        *err = ingest_sender_run(z->sender, left, SLICE_MS, why);
        if (*err == KITH_OK)
            return true;
    } while (*err == KITH_ETIMEOUT && !(z->push && push_stopped(z->push)) &&
             ingest_sender_stats(z->sender).away_ms < patience_ms(z->options->tries));
    return false;
}

static kith_err remember(struct push_native *z, uint64_t line)
{
    if (z->n == z->size) {
        size_t size = z->size ? z->size * 2 : 1024;
        uint64_t *lines = reallocarray(z->lines, size, sizeof(*lines));
        if (!lines)
            return KITH_ENOMEM;
        z->lines = lines;
        z->size = size;
    }
    z->lines[z->n++] = line;
    return KITH_OK;
}

/* One row into the spool; a full one is emptied first. */
static kith_err put(struct push_native *z, char *text, size_t n, uint64_t line,
                    struct kith_why *why)
{
    kith_err err = ingest_sender_put(z->sender, z->push->resource->name, text, n, false);
    kith_err ran = KITH_OK;
    if (err == KITH_EBUSY && run_until(z, ingest_sender_stats(z->sender).waiting / 2, &ran, why))
        err = ingest_sender_put(z->sender, z->push->resource->name, text, n, false);
    if (err == KITH_ETOOBIG || err == KITH_EINVAL) {
        push_settle(z->push, PUSH_REJECTED, text, line,
                    err == KITH_EINVAL ? "a NUL stands in the row"
                                       : "a row is too large for the native door (1 MiB)");
        return KITH_OK;
    }
    if (err != KITH_OK && !why->text[0])
        kith_why_set(why, "%s: %s", z->options->spool,
                     err == KITH_EBUSY ? "the spool is full" : "cannot be written");
    return err == KITH_OK ? remember(z, line) : err;
}

/* What an earlier push left. Kith may be away: then it goes on waiting, in front of what comes. */
static void send_earlier(struct push_native *z, struct kith_why *why)
{
    kith_err err = KITH_OK;
    struct ingest_sender_stats stats = ingest_sender_stats(z->sender);
    if (stats.cut > 0)
        (void)fprintf(stderr, "kith push: %s: a row that a crash left half-written was dropped\n",
                      z->options->spool);
    if (stats.waiting == 0)
        return;
    (void)run_until(z, 0, &err, why);
    (void)fprintf(stderr, "kith push: %llu of %llu rows that an earlier push left in %s arrived\n",
                  (unsigned long long)z->earlier, (unsigned long long)stats.waiting,
                  z->options->spool);
}

kith_err push_native_run(struct push_native *z, struct push *p, struct kith_why *why)
{
    uint64_t enough = (uint64_t)z->options->window * z->options->batch * 2;
    uint64_t line = 0;
    size_t n = 0;
    kith_err err = KITH_OK;
    kith_err ran = KITH_OK;
    z->push = p;
    z->first = z->n = 0;
    for (char *text; err == KITH_OK && (text = push_next(p, &n, &line)) != NULL; free(text)) {
        err = put(z, text, n, line, why);
        if (err != KITH_OK)
            push_settle(p, PUSH_UNSENT, text, line, why->text);
        if (err == KITH_OK && z->n % SYNC_ROWS == 0) {
            err = ingest_sender_sync(z->sender);
            if (err == KITH_OK)
                (void)run_until(z, enough, &ran, why);
        }
    }
    if (err == KITH_OK)
        err = ingest_sender_sync(z->sender);
    if (err == KITH_OK && !run_until(z, 0, &ran, why)) {
        uint64_t waiting = ingest_sender_stats(z->sender).waiting;
        p->fates[PUSH_UNSENT] += z->n - z->first;
        (void)fprintf(
            stderr,
            "kith push: %llu rows wait in %s; the next `kith push --zmq` sends them first\n",
            (unsigned long long)waiting, z->options->spool);
        err = ran == KITH_ETIMEOUT ? KITH_OK : ran;
    }
    z->push = NULL;
    return err;
}

kith_err push_native_new(struct kith_loop *loop, const struct push_options *options,
                         struct push_native **ret, struct kith_why *why)
{
    struct push_native *z = calloc(1, sizeof(*z));
    if (!z)
        return KITH_ENOMEM;
    z->options = options;
    struct ingest_sender_opts opts = {.endpoint = options->endpoint,
                                      .server_key = options->server_key,
                                      .key_file = options->key_file,
                                      .spool = options->spool,
                                      .window = options->window,
                                      .batch = options->batch,
                                      .settled = on_settled,
                                      .ctx = z,
                                      .loop = loop};
    kith_err err = ingest_sender_open(&opts, &z->sender, why);
    if (err != KITH_OK) {
        push_native_free(z);
        return err;
    }
    send_earlier(z, why);
    *ret = z;
    return KITH_OK;
}

void push_native_free(struct push_native *z)
{
    if (!z)
        return;
    ingest_sender_close(z->sender);
    free(z->lines);
    free(z);
}
