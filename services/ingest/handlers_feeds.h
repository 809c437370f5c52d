/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of `kith ingest`; the table of commands (handlers_admin.c) names them. */
#ifndef INGEST_HANDLERS_FEEDS_H
#define INGEST_HANDLERS_FEEDS_H

#include "ingest/ingest.h"

void ingest_feeds_health(void *ctx, struct kith_call *call);
void ingest_feeds_counts(void *ctx, struct kith_call *call);
void ingest_feeds_policy_set(void *ctx, struct kith_call *call);
void ingest_feeds_policy_list(void *ctx, struct kith_call *call);

#endif
