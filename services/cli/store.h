/* SPDX-License-Identifier: Apache-2.0 */
/* What `kith status` reads: the views that the services publish, under the console's role and row-level security. */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include <stdint.h>

#include "kith/daemon.h"

struct cli_store;

/* How far a reader is behind a log; `consumer` NULL: a log that nobody reads. Strings are borrowed inside the callback. */
struct cli_lag {
    int32_t district;
    int32_t shard;
    const char *stream;
    const char *consumer;
    int64_t head;
    int64_t pos;
    int64_t records;   /* unread */
    int64_t oldest_us; /* when the oldest unread one was accepted; 0 = none */
};
typedef void (*cli_lag_fn)(void *ctx, const struct cli_lag *lag);

/* A number about a district. group: "items", "attendance", "quarantine", "risk", "flags", "alerts", "deliveries", "mails"; what: the resource, meaning,
 * rule number or state that was counted. */
struct cli_count {
    int32_t district;
    const char *group;
    const char *what;
    int64_t n;
};
typedef void (*cli_count_fn)(void *ctx, const struct cli_count *count);
typedef void (*cli_district_fn)(void *ctx, int32_t district, const char *name);

/* Errors: as kith_client_db. */
KITH_MUST_CHECK kith_err cli_store_open(struct kith_client *client, struct cli_store **ret,
                                        struct kith_why *why);
/* Each blocks on the client's loop, 10 s at most. Errors: KITH_EDB, KITH_ETIMEOUT. */
KITH_MUST_CHECK kith_err cli_store_districts(struct cli_store *s, cli_district_fn fn, void *ctx,
                                             struct kith_why *why);
KITH_MUST_CHECK kith_err cli_store_lags(struct cli_store *s, cli_lag_fn fn, void *ctx,
                                        struct kith_why *why);
/* Of the districts that cli_store_districts found last. */
KITH_MUST_CHECK kith_err cli_store_counts(struct cli_store *s, cli_count_fn fn, void *ctx,
                                          struct kith_why *why);
void cli_store_free(struct cli_store *s);
KITH_DEFINE_AUTO(cli_store)

#endif
