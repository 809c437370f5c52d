/* SPDX-License-Identifier: Apache-2.0 */
/* `kith push` as an Ed-Fi client does it: files of JSON lines named by resource, in dependency order, over HTTP with OAuth2 or over the
 * native door. A row is a line; what becomes of it is counted, and what could not be sent or was refused is kept in files of the same
 * form, so that `kith push FOLDER` sends it later. */
#ifndef INGEST_PUSH_H
#define INGEST_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ingest/resource.h"
#include "kith/daemon.h"
#include "kith/table.h"

struct push_options {
    const char *url;
    const char *client_id;
    const char *client_secret;
    const char *endpoint;   /* native */
    const char *server_key; /* native, Z85 */
    const char *key_file;   /* native: our pair */
    unsigned connections;   /* HTTP: at a time */
    unsigned batch;         /* native: rows in a batch */
    unsigned window;        /* native: batches not acknowledged */
    const char *spool;      /* native: folder of rows until they are acknowledged */
    unsigned tries;         /* of one row or batch */
    const char *kept;       /* folder for unsent and rejected rows */
    bool json;
    bool native;
};

enum push_fate {
    PUSH_ACCEPTED,
    PUSH_UPDATED,
    PUSH_DUPLICATE,
    PUSH_REJECTED,
    PUSH_UNSENT,
    PUSH_FATES
};

/* One resource being pushed. */
struct push {
    const struct push_options *options;
    struct kith_loop *loop;
    const struct ingest_resource *resource;
    FILE *in;
    uint64_t line;
    uint64_t fates[PUSH_FATES];
    char first_reason[256]; /* of the first rejected row */
    uint64_t first_line;
    FILE *rejected; /* opened at the first such row */
    FILE *unsent;
    bool stop; /* interrupted: nothing more is read, the rest is unsent */
    struct kith_progress progress;
};

/* The next row, without its newline; *n its length; NULL at the end. Empty lines are skipped. malloc'ed, the caller's. */
char *push_next(struct push *p, size_t *n, uint64_t *line);
/* Has somebody interrupted it? */
bool push_stopped(struct push *p);
/* What became of a row. `row` is kept in a file when it was rejected or not sent; `reason` for people. */
void push_settle(struct push *p, enum push_fate fate, const char *row, uint64_t line,
                 const char *reason);

/* A transport sends all rows of p and returns when every one is settled. Errors: only those that end the whole push (no token, no
 * connection at all at first), said in `why`; rows read until then are settled. */
struct push_http;
KITH_MUST_CHECK kith_err push_http_new(struct kith_loop *loop, const struct push_options *options,
                                       struct push_http **ret, struct kith_why *why);
KITH_MUST_CHECK kith_err push_http_run(struct push_http *h, struct push *p, struct kith_why *why);
void push_http_free(struct push_http *h);

struct push_native;
KITH_MUST_CHECK kith_err push_native_new(struct kith_loop *loop, const struct push_options *options,
                                         struct push_native **ret, struct kith_why *why);
KITH_MUST_CHECK kith_err push_native_run(struct push_native *z, struct push *p,
                                         struct kith_why *why);
void push_native_free(struct push_native *z);

#endif
